/* SPDX-License-Identifier: ISC */
/*
 * Every piece of a path that any reading takes for a domain starts behind an "@", a "%" or a
 * bang path's start, and ends at the next delimiter. So the delimiters outside quotes are
 * walked once; what stands between them is listed by what stands around it:
 *
 *   @X, %X    X is a domain (RFC 5321, 4.1.2; the percent hack of RFC 1123, 5.2.16)
 *   X!        X is a host of a bang path (RFC 976)
 *
 * A path with an unbalanced quote is read as if quotes were ordinary characters; one with
 * parentheses is read twice, with its comments (RFC 5322, 3.2.2) and without them.
 */
#include "policy/address.h"

#include <stdlib.h>
#include <string.h>

#define COMPARED_MOST 32

void address_init(struct address *address)
{
    address->null = false;
    address->domains = address->first;
    address->count = 0;
    address->room = 1;
}

void address_release(struct address *address)
{
    if (address->domains != address->first)
        free(address->domains);
    address_init(address);
}

static bool domain_same(const struct domain *a, const struct domain *b)
{
    return a->cut == b->cut && a->length == b->length && memcmp(a->name, b->name, a->length) == 0;
}

/* Room for one more. */
static bool reserve(struct address *address)
{
    bool inside = address->domains == address->first;
    size_t room = 2 * address->room;
    struct domain *grown;

    if (address->count < address->room)
        return true;
    grown = realloc(inside ? NULL : address->domains, room * sizeof(*grown));
    if (grown == NULL)
        return false;
    if (inside)
        grown[0] = address->first[0];
    address->domains = grown;
    address->room = room;
    return true;
}

static bool add_domain(struct address *address, struct span text)
{
    struct domain domain;

    domain_set(&domain, text);
    if (domain.length == 0)
        return true;
    /* Listing one twice costs a look-up; comparing all of a monster's would cost more. */
    for (size_t i = 0; i < address->count && i < COMPARED_MOST; i++) {
        if (domain_same(&address->domains[i], &domain))
            return true;
    }
    if (!reserve(address))
        return false;
    address->domains[address->count++] = domain;
    return true;
}

/* A domain as it stands; and without quotes, backslashes and the brackets around it where it has
 * any, as an MTA might read it that does not mind them. */
static bool add_piece(struct address *address, struct span text)
{
    char plain[DOMAIN_MAX + 2]; /* its right end; one more byte, so that a longer one is cut */
    size_t start = sizeof(plain);
    struct span inner = text;

    if (!add_domain(address, text))
        return false;
    if (text.length >= 2 && text.data[0] == '[' && text.data[text.length - 1] == ']')
        inner = (struct span){ text.data + 1, text.length - 2 };
    for (size_t i = inner.length; i > 0 && start > 0; i--) {
        if (inner.data[i - 1] != '"' && inner.data[i - 1] != '\\')
            plain[--start] = inner.data[i - 1];
    }
    if (sizeof(plain) - start == text.length)
        return true;
    return add_domain(address, (struct span){ plain + start, sizeof(plain) - start });
}

static bool is_delimiter(char c)
{
    return c != '\0' && strchr("@%!,:;<> \t", c) != NULL;
}

/* The end of a quoted string that starts at `start` (behind its closing quote), or 0 where it
 * is never closed. */
static size_t quoted_end(struct span path, size_t start)
{
    for (size_t i = start + 1; i < path.length; i++) {
        if (path.data[i] == '\\')
            i++;
        else if (path.data[i] == '"')
            return i + 1;
    }
    return 0;
}

/* The end of a domain literal that starts at `start`, or 0: its colons delimit nothing. */
static size_t literal_end(struct span path, size_t start)
{
    for (size_t i = start + 1; i < path.length; i++) {
        if (path.data[i] == ']')
            return i + 1;
        if (path.data[i] == '@')
            break;
    }
    return 0;
}

/* Lists the domains of one path that has neither brackets around it nor comments in it. */
static bool add_readings(struct address *address, struct span path)
{
    char before = '\0'; /* the delimiter in front of the piece */
    size_t start = 0;

    for (size_t i = 0; i <= path.length;) {
        bool end = i == path.length;
        size_t skip = 0;

        if (!end && path.data[i] == '"')
            skip = quoted_end(path, i);
        else if (!end && path.data[i] == '[')
            skip = literal_end(path, i);
        if (skip != 0) {
            i = skip;
            continue;
        }
        if (!end && !is_delimiter(path.data[i])) {
            i++;
            continue;
        }
        if (before == '@' || before == '%' || (!end && path.data[i] == '!')) {
            if (!add_piece(address, (struct span){ path.data + start, i - start }))
                return false;
        }
        if (!end)
            before = path.data[i];
        start = ++i;
    }
    return true;
}

/* The path without comments and white space outside quotes; `copy` has room for all of it. */
static struct span without_comments(struct span path, char *copy)
{
    size_t length = 0, depth = 0;

    for (size_t i = 0; i < path.length; i++) {
        char c = path.data[i];

        if (depth == 0 && c == '"') {
            size_t end = quoted_end(path, i);

            if (end != 0) {
                memcpy(copy + length, path.data + i, end - i);
                length += end - i;
                i = end - 1;
                continue;
            }
        }
        if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
        else if (depth > 0 && c == '\\')
            i++;
        else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n')
            copy[length++] = c;
    }
    return (struct span){ copy, length };
}

static bool has_comments(struct span path)
{
    for (size_t i = 0; i < path.length; i++) {
        if (path.data[i] != '\0' && strchr("() \t\r\n", path.data[i]) != NULL)
            return true;
    }
    return false;
}

/* Drops the outer angle brackets; the MTA may have dropped them already. */
static struct span without_brackets(struct span text)
{
    while (text.length > 0 && (text.data[0] == ' ' || text.data[0] == '<')) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 &&
           (text.data[text.length - 1] == ' ' || text.data[text.length - 1] == '>'))
        text.length--;
    return text;
}

bool address_add(struct address *address, struct span text)
{
    struct span path = without_brackets(text);
    char *copy;
    bool added;

    if (span_empty(path))
        return true;
    if (!add_readings(address, path))
        return false;
    if (!has_comments(path))
        return true;
    copy = malloc(path.length);
    if (copy == NULL)
        return false;
    added = add_readings(address, without_comments(path, copy));
    free(copy);
    return added;
}

bool address_parse(struct address *address, struct span text)
{
    address_init(address);
    address->null = span_known(text) && without_brackets(text).length == 0;
    return address_add(address, text);
}
