/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/check/postfix_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char separators[] = ", \t\r\n"; /* CHARS_COMMA_SP */

static bool is_separator(char c)
{
    return c != '\0' && strchr(separators, c) != NULL;
}

/* mystrtokq(): separators inside braces do not separate. */
bool list_next(const char **rest, struct span *element)
{
    const char *at = *rest + strspn(*rest, separators);
    int depth = 0;

    element->data = at;
    for (; *at != '\0' && (depth > 0 || !is_separator(*at)); at++)
        depth += *at == '{' ? 1 : *at == '}' && depth > 0 ? -1 : 0;
    element->length = (size_t)(at - element->data);
    *rest = at;
    return element->length > 0;
}

bool list_has(const char *list, const char *word)
{
    struct span element;

    while (list_next(&list, &element)) {
        if (span_equal_nocase(element, span_of(word)))
            return true;
    }
    return false;
}

bool list_is_empty(const char *list)
{
    struct span element;

    return !list_next(&list, &element);
}

static bool is_braced(struct span element)
{
    return element.length >= 2 && element.data[0] == '{' && element.data[element.length - 1] == '}';
}

/* What is inside the braces, without the blanks around it. */
static struct span inside(struct span element)
{
    struct span text = { element.data + 1, element.length - 2 };

    while (text.length > 0 && is_separator(text.data[text.length - 1]))
        text.length--;
    while (text.length > 0 && is_separator(text.data[0])) {
        text.data++;
        text.length--;
    }
    return text;
}

/* list_next() within a span. */
static bool next_within(struct span *rest, struct span *element)
{
    const char *at = rest->data, *end = rest->data + rest->length;
    int depth = 0;

    while (at < end && is_separator(*at))
        at++;
    element->data = at;
    for (; at < end && (depth > 0 || !is_separator(*at)); at++)
        depth += *at == '{' ? 1 : *at == '}' && depth > 0 ? -1 : 0;
    element->length = (size_t)(at - element->data);
    *rest = (struct span){ at, (size_t)(end - at) };
    return element->length > 0;
}

struct span list_name(struct span element)
{
    struct span rest, name = element;

    if (!is_braced(element))
        return element;
    rest = inside(element);
    (void)next_within(&rest, &name);
    return name;
}

/* "name=value", "name = value" (in braces) */
static bool split(struct span word, struct span *name, struct span *value)
{
    const char *sign = memchr(word.data, '=', word.length);

    if (sign == NULL)
        return false;
    *name = (struct span){ word.data, (size_t)(sign - word.data) };
    *value = (struct span){ sign + 1, word.length - name->length - 1 };
    while (name->length > 0 && is_separator(name->data[name->length - 1]))
        name->length--;
    while (value->length > 0 && is_separator(value->data[0])) {
        value->data++;
        value->length--;
    }
    return true;
}

/* The last one counts, as in Postfix. */
struct span list_attribute(struct span element, const char *attribute)
{
    struct span rest, word, name, value, found = { NULL, 0 };

    if (!is_braced(element))
        return found;
    rest = inside(element);
    (void)next_within(&rest, &word);
    while (next_within(&rest, &word)) {
        if (split(is_braced(word) ? inside(word) : word, &name, &value) &&
            span_equal(name, span_of(attribute)))
            found = value;
    }
    return found;
}

static char *join(struct span before, const char *text, struct span after)
{
    char *list;

    if (asprintf(&list, "%.*s%s%.*s", (int)before.length, before.data, text, (int)after.length,
                 after.data) < 0)
        return NULL;
    return list;
}

char *list_with_first(const char *element, const char *list)
{
    struct span all = span_of(list + strspn(list, separators));

    return join(span_of(element), all.length > 0 ? ", " : "", all);
}

char *list_with(const char *list, struct span part, const char *text)
{
    return join((struct span){ list, (size_t)(part.data - list) }, text,
                span_of(part.data + part.length));
}

char *list_without(const char *list, struct span part)
{
    struct span before = { list, (size_t)(part.data - list) };
    struct span after = span_of(part.data + part.length);

    while (before.length > 0 && is_separator(before.data[before.length - 1]))
        before.length--;
    while (after.length > 0 && is_separator(after.data[0])) {
        after.data++;
        after.length--;
    }
    return join(before, before.length > 0 && after.length > 0 ? ", " : "", after);
}

char *list_without_word(const char *list, const char *word)
{
    char *shorter = strdup(list);
    struct span element;

    for (const char *rest = shorter; rest != NULL && list_next(&rest, &element);) {
        char *next;

        if (!span_equal_nocase(element, span_of(word)))
            continue;
        next = list_without(shorter, element);
        free(shorter);
        rest = shorter = next;
    }
    return shorter;
}

char *list_with_attribute(struct span element, const char *attribute, const char *value)
{
    struct span old = list_attribute(element, attribute), within = element;
    char *text;
    int length;

    if (old.data != NULL)
        return join(
            (struct span){ element.data, (size_t)(old.data - element.data) }, value,
            (struct span){ old.data + old.length,
                           (size_t)(element.data + element.length - old.data) - old.length });
    if (is_braced(element))
        within = inside(element);
    length = asprintf(&text, "{ %.*s, %s=%s }", (int)within.length, within.data, attribute, value);
    return length < 0 ? NULL : text;
}
