/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/check/postfix_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/cli/check/postfix_list.h"

#define FILE_MOST ((size_t)16 << 20)

static const char blanks[] = " \t\r";

static const struct type_row {
    const char *prefix;
    enum table_kind kind;
} types[] = {
    { "cidr:", TABLE_LINES },    { "texthash:", TABLE_LINES }, { "hash:", TABLE_INDEXED },
    { "btree:", TABLE_INDEXED }, { "lmdb:", TABLE_INDEXED },   { "cdb:", TABLE_INDEXED },
    { "dbm:", TABLE_INDEXED },   { "pcre:", TABLE_PATTERNS },  { "regexp:", TABLE_PATTERNS },
    { "inline:", TABLE_INLINE }, { "static:", TABLE_STATIC },
};

#define TYPES (sizeof(types) / sizeof(types[0]))

/* What is behind the type; NULL: none of these types. */
static const char *type_of(const char *map, const struct type_row **type)
{
    if (strncmp(map, "proxy:", 6) == 0)
        map += 6;
    for (size_t i = 0; i < TYPES; i++) {
        size_t length = strlen(types[i].prefix);

        if (strncmp(map, types[i].prefix, length) == 0) {
            *type = &types[i];
            return map + length;
        }
    }
    return NULL;
}

bool table_is_text(const char *map)
{
    const struct type_row *type;

    return type_of(map, &type) != NULL;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    struct stat status;
    char *text = NULL;

    if (file == NULL)
        return NULL;
    if (fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) &&
        (size_t)status.st_size <= FILE_MOST) {
        text = malloc((size_t)status.st_size + 1);
        if (text != NULL)
            text[fread(text, 1, (size_t)status.st_size, file)] = '\0';
    }
    (void)fclose(file);
    return text;
}

bool table_open(const char *map, struct table_text *table)
{
    const struct type_row *type;
    const char *rest = type_of(map, &type);

    *table = (struct table_text){ .text = NULL };
    if (rest == NULL)
        return false;
    table->kind = type->kind;
    if (type->kind == TABLE_STATIC || type->kind == TABLE_INLINE || *rest == '{') {
        table->text = strdup(rest);
    } else {
        table->path = rest;
        table->text = read_file(rest);
    }
    table->next = table->text;
    return table->text != NULL;
}

void table_release(struct table_text *table)
{
    free(table->text);
}

static struct span trimmed(const char *start, const char *end)
{
    while (start < end && (strchr(blanks, *start) != NULL || *start == '\n'))
        start++;
    while (start < end && (strchr(blanks, end[-1]) != NULL || end[-1] == '\n'))
        end--;
    return (struct span){ start, (size_t)(end - start) };
}

/* "/expression/flags": the end of it. */
static size_t pattern_length(struct span text)
{
    size_t at = text.length > 0 && text.data[0] == '!' ? 1 : 0;
    char delimiter = at < text.length ? text.data[at] : ' ';

    for (at++; at < text.length && text.data[at] != delimiter; at++)
        at += text.data[at] == '\\';
    while (at < text.length && strchr(blanks, text.data[at]) == NULL)
        at++;
    return at < text.length ? at : text.length;
}

static size_t word_length(struct span text)
{
    size_t at = 0;

    while (at < text.length && strchr(blanks, text.data[at]) == NULL && text.data[at] != '\n')
        at++;
    return at;
}

/* "if /pattern/", "endif": no entries. */
static bool is_condition(struct span text)
{
    return (span_starts_with(text, "if") && text.length > 2 &&
            strchr(" \t!/", text.data[2]) != NULL) ||
           span_equal(text, span_of("endif"));
}

/* KEY blanks VALUE; a condition is a key without a value. */
static void split(const struct table_text *table, struct span text, struct table_entry *entry)
{
    size_t length = table->kind == TABLE_PATTERNS ? pattern_length(text) : word_length(text);

    if (is_condition(text))
        length = text.length;
    entry->key = (struct span){ text.data, length };
    entry->value = trimmed(text.data + length, text.data + text.length);
}

static bool is_skipped(const char *line)
{
    line += strspn(line, blanks);
    return *line == '#' || *line == '\n' || *line == '\0';
}

/* A logical line: lines that begin with a blank go on; comments and empty lines in between do not
 * end it. */
static bool next_line(struct table_text *table, struct table_entry *entry)
{
    const char *start = NULL, *end = NULL;

    while (*table->next != '\0') {
        const char *line = table->next;
        size_t length = strcspn(line, "\n");

        if (!is_skipped(line)) {
            if (start != NULL && strchr(blanks, *line) == NULL)
                break;
            entry->last = table->line + 1;
            entry->first = start == NULL ? entry->last : entry->first;
            start = start == NULL ? line : start;
            end = line + length;
        }
        table->line++;
        table->next = line + length + (line[length] == '\n');
    }
    if (start == NULL)
        return false;
    split(table, trimmed(start, end), entry);
    return true;
}

static bool is_braced(struct span element)
{
    return element.length >= 2 && element.data[0] == '{';
}

/* Goes inside the outer braces. */
static void enter_braces(struct table_text *table)
{
    char *close = strrchr(table->text, '}');

    table->next += strcspn(table->next, "{");
    table->next += *table->next == '{';
    if (close != NULL)
        *close = '\0';
}

/* inline:{ key=value, { key = value with blanks } }; cidr:{ { network value }, ... } */
static bool next_inline(struct table_text *table, struct table_entry *entry)
{
    struct span element, inside;
    const char *sign;

    entry->first = entry->last = 0;
    if (table->line++ == 0)
        enter_braces(table);
    if (!list_next(&table->next, &element))
        return false;
    inside =
        is_braced(element) ? trimmed(element.data + 1, element.data + element.length - 1) : element;
    sign = memchr(inside.data, '=', inside.length);
    split(table, inside, entry);
    if (table->kind == TABLE_INLINE && sign != NULL) {
        entry->key = trimmed(inside.data, sign);
        entry->value = trimmed(sign + 1, inside.data + inside.length);
    }
    return true;
}

static bool next_static(struct table_text *table, struct table_entry *entry)
{
    struct span all = span_of(table->text);

    *entry = (struct table_entry){ .key = { table->text, 0 } };
    if (table->line != 0)
        return false;
    table->line = 1;
    entry->value = is_braced(all) ? trimmed(all.data + 1, all.data + all.length - 1) : all;
    return true;
}

bool table_next(struct table_text *table, struct table_entry *entry)
{
    if (table->kind == TABLE_STATIC)
        return next_static(table, entry);
    return table->path != NULL ? next_line(table, entry) : next_inline(table, entry);
}
