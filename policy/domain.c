/* SPDX-License-Identifier: ISC */
#include "policy/domain.h"

#include <idn2.h>
#include <stdio.h>
#include <string.h>

/* One label on its way into its canonical form. */
#define LABEL_MAX 63
#define LABEL_INPUT_MAX 1023 /* bytes; a longer label is no host name in any alphabet */

/* A name is written from its right end, so that what is cut off is the left. */
struct writer {
    char bytes[DOMAIN_MAX];
    size_t used; /* of the right end of bytes */
    bool cut;
};

static void writer_prepend(struct writer *writer, const char *data, size_t length)
{
    size_t room = sizeof(writer->bytes) - writer->used;

    if (length > room) {
        writer->cut = true;
        data += length - room;
        length = room;
    }
    writer->used += length;
    memcpy(writer->bytes + sizeof(writer->bytes) - writer->used, data, length);
}

/* The length of the dot that ends right before `end`, or 0. Dots: U+002E, what IDNA takes for
 * one (U+3002, U+FF0E, U+FF61; RFC 3490, 3.1), and what UTS #46 makes one of where it is not
 * told to use the rules of STD 3 (U+2024, U+FE52): ICU is not told, libidn2 refuses them. */
static size_t dot_before(struct span text, size_t end)
{
    static const char *const wide[] = { "\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1",
                                        "\xe2\x80\xa4", "\xef\xb9\x92" };

    if (end >= 1 && text.data[end - 1] == '.')
        return 1;
    for (size_t i = 0; end >= 3 && i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (memcmp(text.data + end - 3, wide[i], 3) == 0)
            return 3;
    }
    return 0;
}

static bool is_ascii(const char *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)data[i] >= 0x80)
            return false;
    }
    return true;
}

/* Code points that UTS #46 ignores (IdnaMappingTable, status "ignored"). libidn2 drops them too,
 * but counts them against the length of a label before it does. */
static const struct {
    uint32_t first, last;
} ignored[] = {
    { 0xad, 0xad },     { 0x34f, 0x34f },     { 0x180b, 0x180d },   { 0x180f, 0x180f },
    { 0x200b, 0x200b }, { 0x2060, 0x2060 },   { 0x2064, 0x2064 },   { 0xfe00, 0xfe0f },
    { 0xfeff, 0xfeff }, { 0x1bca0, 0x1bca3 }, { 0xe0100, 0xe01ef },
};

/* The length of the ignored code point that begins here, or 0. */
static size_t ignored_at(const char *data, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)data;
    size_t size = length == 0 || bytes[0] < 0xc2 ? 1
                  : bytes[0] < 0xe0              ? 2
                  : bytes[0] < 0xf0              ? 3
                                                 : 4;
    uint32_t point = size > 1 ? bytes[0] & (0xffu >> (size + 1)) : 0;

    if (size == 1 || size > length)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (bytes[i] & 0x3fu);
    }
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        if (point >= ignored[i].first && point <= ignored[i].last)
            return size;
    }
    return 0;
}

/* The length of the ignored code point that ends with the text, or 0. */
static size_t ignored_before_end(struct span text)
{
    for (size_t size = 2; size <= 4 && size <= text.length; size++) {
        if (ignored_at(text.data + text.length - size, size) == size)
            return size;
    }
    return 0;
}

static struct span without_ignored_end(struct span text)
{
    size_t size;

    while ((size = ignored_before_end(text)) != 0)
        text.length -= size;
    return text;
}

/* The A-label of a label that is not ASCII; false: IDNA knows none. */
static bool label_to_ascii(const char *data, size_t length, struct writer *writer)
{
    char input[LABEL_INPUT_MAX + 1], *output = NULL;
    size_t used = 0;

    for (size_t i = 0, skip; i < length; i += skip) {
        skip = ignored_at(data + i, length - i);
        if (skip != 0)
            continue;
        if (used == LABEL_INPUT_MAX || data[i] == '\0')
            return false;
        input[used++] = data[i];
        skip = 1;
    }
    input[used] = '\0';
    if (idn2_to_ascii_8z(input, &output, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return false;
    writer_prepend(writer, output, strlen(output));
    idn2_free(output);
    return true;
}

static void write_label(const char *data, size_t length, struct writer *writer)
{
    if (!is_ascii(data, length) && label_to_ascii(data, length, writer))
        return;
    writer_prepend(writer, data, length);
}

/* The ordinary name: ASCII, not too long. */
static void set_ascii(struct domain *domain, struct span text)
{
    domain->length = (uint8_t)text.length;
    domain->cut = false;
    for (size_t i = 0; i < text.length; i++)
        domain->name[i] = ascii_lower(text.data[i]);
    domain->name[text.length] = '\0';
}

void domain_set(struct domain *domain, struct span text)
{
    struct writer writer = { .used = 0, .cut = false };
    size_t end;

    if (text.data == NULL)
        text.length = 0;
    text = without_ignored_end(text);
    if (text.length > 0)
        text.length -= dot_before(text, text.length);
    if (text.length <= DOMAIN_MAX && is_ascii(text.data, text.length)) {
        set_ascii(domain, text);
        return;
    }
    end = text.length;
    while (end > 0 && !writer.cut) {
        size_t start = end;

        while (start > 0 && dot_before(text, start) == 0)
            start--;
        write_label(text.data + start, end - start, &writer);
        end = start;
        if (end > 0) {
            end -= dot_before(text, end);
            writer_prepend(&writer, ".", 1);
        }
    }
    domain->length = (uint8_t)writer.used;
    domain->cut = writer.cut;
    for (size_t i = 0; i < writer.used; i++)
        domain->name[i] = ascii_lower(writer.bytes[sizeof(writer.bytes) - writer.used + i]);
    domain->name[writer.used] = '\0';
}

static bool label_is_ldh(const char *label, size_t length)
{
    if (length < 1 || length > LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!ascii_alnum(label[i]) && label[i] != '-')
            return false;
    }
    return true;
}

static bool all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!ascii_digit(text[i]))
            return false;
    }
    return true;
}

bool domain_is_hostname(const struct domain *domain)
{
    const char *label = domain->name, *end = domain->name + domain->length;

    if (domain->length == 0 || domain->cut)
        return false;
    for (;;) {
        const char *dot = memchr(label, '.', (size_t)(end - label));
        size_t length = (size_t)((dot != NULL ? dot : end) - label);

        if (!label_is_ldh(label, length))
            return false;
        if (dot == NULL)
            return !all_digits(label, length);
        label = dot + 1;
    }
}

const char *domain_parent(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot != NULL ? dot + 1 : NULL;
}

bool domain_is(const struct domain *domain, struct span name)
{
    return !domain->cut && domain->length == name.length &&
           memcmp(domain->name, name.data, name.length) == 0;
}

bool domain_is_below(const struct domain *domain, struct span name)
{
    size_t start;

    if (name.length == 0 || domain->length <= name.length)
        return false;
    start = domain->length - name.length;
    return domain->name[start - 1] == '.' &&
           memcmp(domain->name + start, name.data, name.length) == 0;
}

bool pattern_parse(struct pattern *pattern, struct span text, struct why *why)
{
    struct span name = text;

    if (text.length == 1 && text.data[0] == '*') {
        pattern->kind = PATTERN_ANY;
        domain_set(&pattern->domain, span_of(""));
        return true;
    }
    pattern->kind = PATTERN_EXACT;
    if (text.length >= 2 && text.data[0] == '*' && text.data[1] == '.') {
        pattern->kind = PATTERN_TREE;
        name = (struct span){ text.data + 2, text.length - 2 };
    } else if (text.length >= 1 && text.data[0] == '.') {
        pattern->kind = PATTERN_BELOW;
        name = (struct span){ text.data + 1, text.length - 1 };
    }
    if (name.length == 0)
        return why_fail(why, "a domain is missing");
    if (memchr(name.data, '@', name.length) != NULL)
        return why_fail(why, "an address where a domain is wanted");
    domain_set(&pattern->domain, name);
    if (!domain_is_hostname(&pattern->domain))
        return why_fail(why, "not a domain name (letters, digits and hyphens in labels of 1 to 63; "
                             "\".x\", \"*.x\" and \"*\" are patterns)");
    return true;
}

void pattern_format(enum pattern_kind kind, const char *name, char *text, size_t size)
{
    static const char *const prefixes[] = {
        [PATTERN_EXACT] = "", [PATTERN_BELOW] = ".", [PATTERN_TREE] = "*.", [PATTERN_ANY] = "*"
    };

    (void)snprintf(text, size, "%s%s", prefixes[kind], kind == PATTERN_ANY ? "" : name);
}
