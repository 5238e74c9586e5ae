/* SPDX-License-Identifier: ISC */
#include "policy/conf/scanner.h"

#include <limits.h>

void scanner_start(struct scanner *scanner, struct span text)
{
    *scanner = (struct scanner){ .text = text, .line = 1, .line_begins = true };
}

/* The byte `ahead` of the position, or -1 behind the end. */
static int peek(const struct scanner *scanner, size_t ahead)
{
    size_t at = scanner->position + ahead;

    return at < scanner->text.length ? (unsigned char)scanner->text.data[at] : -1;
}

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_name_start(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(int c)
{
    return is_name_start(c) || is_digit(c) || c == '-' || c == '_';
}

/* Each of these gives the length of the word at the position. */

static size_t space_length(const struct scanner *scanner)
{
    size_t length = 1;

    while (is_space(peek(scanner, length)))
        length++;
    return length;
}

static size_t line_comment_length(const struct scanner *scanner, struct word *word)
{
    size_t length = 1;

    while (peek(scanner, length) != -1 && peek(scanner, length) != '\n') {
        if (peek(scanner, length) == '\0')
            word->fault = FAULT_NUL;
        length++;
    }
    return length;
}

static size_t block_comment_length(const struct scanner *scanner, struct word *word)
{
    size_t length = 2;

    for (; peek(scanner, length) != -1; length++) {
        if (peek(scanner, length) == '\0')
            word->fault = FAULT_NUL;
        if (peek(scanner, length) == '*' && peek(scanner, length + 1) == '/')
            return length + 2;
    }
    word->fault = FAULT_UNCLOSED;
    return length;
}

static size_t text_length(const struct scanner *scanner, struct word *word)
{
    size_t length = 1;

    for (;;) {
        int c = peek(scanner, length);

        if (c == -1 || c == '\n') {
            word->fault = FAULT_UNCLOSED;
            return length;
        }
        if (c == '"')
            return length + 1;
        if (c == '\0')
            word->fault = FAULT_NUL;
        if (c == '\\' && (peek(scanner, length + 1) == 'x' || peek(scanner, length + 1) == 'X') &&
            peek(scanner, length + 2) == '0' && peek(scanner, length + 3) == '0')
            word->fault = FAULT_NUL;
        /* A backslash takes the byte behind it along, unless that ends the line. */
        length += c == '\\' && peek(scanner, length + 1) > '\n' ? 2 : 1;
    }
}

/* Behind the integer of a number: its fraction and its exponent, or 0. */
static size_t fraction_length(const struct scanner *scanner, size_t start)
{
    size_t end = start;

    if (peek(scanner, end) != '.' && (peek(scanner, end) | 0x20) != 'e')
        return 0;
    if (peek(scanner, end) == '.')
        end++;
    while (is_digit(peek(scanner, end)))
        end++;
    if ((peek(scanner, end) | 0x20) == 'e') {
        end++;
        if (peek(scanner, end) == '+' || peek(scanner, end) == '-')
            end++;
        while (is_digit(peek(scanner, end)))
            end++;
    }
    return end - start;
}

/* Right behind another number: an unquoted date, not a number of its own. */
static bool number_goes_on(const struct scanner *scanner)
{
    return scanner->position > 0 && is_digit(scanner->text.data[scanner->position - 1]);
}

static size_t number_length(const struct scanner *scanner, struct word *word)
{
    size_t fraction, length = peek(scanner, 0) == '+' || peek(scanner, 0) == '-' ? 1 : 0;
    size_t digits = length;
    int base = 10;
    long value = 0;

    if (peek(scanner, length) == '0' &&
        (peek(scanner, length + 1) == 'x' || peek(scanner, length + 1) == 'X')) {
        base = 16;
        length += 2;
    }
    for (;; length++) {
        int byte = peek(scanner, length), digit = byte > 0 ? ascii_hex((char)byte) : -1;

        if (digit < 0 || digit >= base)
            break;
        if (value <= INT_MAX)
            value = value * base + digit;
    }
    fraction = base == 10 ? fraction_length(scanner, length) : 0;
    if (value > INT_MAX && fraction == 0)
        word->fault = FAULT_NUMBER_LARGE;
    else if (base == 10 && fraction == 0 && !number_goes_on(scanner) && length > digits + 1 &&
             peek(scanner, digits) == '0')
        word->fault = FAULT_NUMBER_ZERO;
    return length + fraction;
}

/* 0: no @include here. */
static size_t include_length(const struct scanner *scanner, struct word *word)
{
    static const char start[] = "@include";
    size_t length = 0, name;

    while (start[length] != '\0') {
        if (peek(scanner, length) != start[length])
            return 0;
        length++;
    }
    word->fault = FAULT_INCLUDE;
    if (peek(scanner, length) != ' ' && peek(scanner, length) != '\t')
        return length;
    while (peek(scanner, length) == ' ' || peek(scanner, length) == '\t')
        length++;
    if (peek(scanner, length) != '"')
        return length;
    name = ++length;
    for (; peek(scanner, length) != '"'; length++) {
        if (peek(scanner, length) < ' ' || peek(scanner, length) == '\\')
            return length;
    }
    if (length > name)
        word->fault = FAULT_NONE;
    return length + 1;
}

static size_t name_length(const struct scanner *scanner)
{
    size_t length = 1;

    while (is_name(peek(scanner, length)))
        length++;
    return length;
}

static enum word_kind kind_at(const struct scanner *scanner)
{
    int c = peek(scanner, 0);

    if (is_space(c))
        return WORD_SPACE;
    if (c == '#' || (c == '/' && (peek(scanner, 1) == '/' || peek(scanner, 1) == '*')))
        return WORD_COMMENT;
    if (c == '"')
        return WORD_TEXT;
    if (is_name_start(c))
        return WORD_NAME;
    if (is_digit(c) || ((c == '-' || c == '+' || c == '.') && is_digit(peek(scanner, 1))))
        return WORD_NUMBER;
    if (c == '@' && scanner->line_begins)
        return WORD_INCLUDE;
    return c > 0 && c < 0x80 && strchr("=:;,()[]{}", c) != NULL ? WORD_MARK : WORD_FOREIGN;
}

static size_t word_length(const struct scanner *scanner, struct word *word)
{
    size_t length = 1;

    switch (word->kind) {
    case WORD_SPACE:
        return space_length(scanner);
    case WORD_COMMENT:
        return peek(scanner, 1) == '*' && peek(scanner, 0) == '/'
                   ? block_comment_length(scanner, word)
                   : line_comment_length(scanner, word);
    case WORD_TEXT:
        return text_length(scanner, word);
    case WORD_NAME:
        return name_length(scanner);
    case WORD_NUMBER:
        return number_length(scanner, word);
    case WORD_INCLUDE:
        length = include_length(scanner, word);
        if (length > 0)
            return length;
        word->kind = WORD_FOREIGN;
        return 1;
    default:
        if (peek(scanner, 0) == '\0')
            word->fault = FAULT_NUL;
        return length;
    }
}

bool scanner_next(struct scanner *scanner, struct word *word)
{
    size_t length;

    *word = (struct word){ .line = scanner->line };
    if (scanner->position >= scanner->text.length)
        return false;
    word->kind = kind_at(scanner);
    length = word_length(scanner, word);
    word->bytes = (struct span){ scanner->text.data + scanner->position, length };
    scanner->position += length;
    scanner->line_begins = scanner->line_begins && word->kind == WORD_SPACE;
    for (size_t i = 0; i < length; i++) {
        if (word->bytes.data[i] == '\n') {
            scanner->line++;
            scanner->line_begins = word->kind == WORD_SPACE;
        }
    }
    return true;
}

bool scanner_next_visible(struct scanner *scanner, struct word *word)
{
    while (scanner_next(scanner, word)) {
        if (word->kind != WORD_SPACE && word->kind != WORD_COMMENT)
            return true;
    }
    return false;
}

struct span word_include_name(const struct word *word)
{
    const char *quote = memchr(word->bytes.data, '"', word->bytes.length);
    size_t start = (size_t)(quote - word->bytes.data) + 1;

    return (struct span){ quote + 1, word->bytes.length - start - 1 };
}
