/* SPDX-License-Identifier: ISC */
#include "policy/cli/utf8.h"

/* Which first bytes announce how many bytes, and the least code point that needs so many. */
static const struct row {
    unsigned char mask, first;
    size_t length;
    uint32_t least;
} rows[] = {
    { 0x80, 0x00, 1, 0 },
    { 0xe0, 0xc0, 2, 0x80 },
    { 0xf0, 0xe0, 3, 0x800 },
    { 0xf8, 0xf0, 4, 0x10000 },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row *row_of(unsigned char first)
{
    for (size_t i = 0; i < ROWS; i++) {
        if ((first & rows[i].mask) == rows[i].first)
            return &rows[i];
    }
    return NULL;
}

size_t utf8_read(struct span text, size_t at, uint32_t *code)
{
    const unsigned char *bytes = (const unsigned char *)text.data + at;
    const struct row *row = row_of(bytes[0]);

    if (row == NULL || row->length > text.length - at)
        return 0;
    *code = bytes[0] & (unsigned char)~row->mask;
    for (size_t i = 1; i < row->length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (bytes[i] & 0x3f);
    }
    if (*code < row->least || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
        return 0;
    return row->length;
}
