/* SPDX-License-Identifier: ISC */
#include "policy/cli/explain/pairs.h"

#include <string.h>

#include "policy/span.h"

const struct pair *pairs_find(const struct pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->items[i].name, name) == 0)
            return &pairs->items[i];
    }
    return NULL;
}

const char *pairs_value(const struct pairs *pairs, const char *name)
{
    const struct pair *pair = pairs_find(pairs, name);

    return pair != NULL ? pair->value : NULL;
}

/* Room for one more. */
static struct pair *next(struct pairs *pairs, struct why *why)
{
    if (pairs->count < PAIRS_MOST)
        return &pairs->items[pairs->count];
    (void)why_fail(why, "too many macros or attributes, at most %d are read", PAIRS_MOST);
    return NULL;
}

/* The name without a macro's braces. */
static struct span bare_name(const char *text, bool macro)
{
    struct span name = { text, strcspn(text, "=") };

    if (!macro || name.length < 2 || name.data[0] != '{' || name.data[name.length - 1] != '}')
        return name;
    return (struct span){ name.data + 1, name.length - 2 };
}

static bool is_name(struct span name)
{
    for (size_t i = 0; i < name.length; i++) {
        if (!ascii_alnum(name.data[i]) && name.data[i] != '_')
            return false;
    }
    return name.length > 0 && name.length + 3 <= PAIR_NAME_SIZE;
}

static bool read_pair(struct pairs *pairs, const char *option, const char *text, bool macro,
                      struct why *why)
{
    struct pair *pair = next(pairs, why);
    struct span name = bare_name(text, macro);
    bool braces = macro && name.length > 1;

    if (pair == NULL)
        return false;
    if (strchr(text, '=') == NULL)
        return why_fail(why, "%s wants NAME=VALUE ('%.100s')", option, text);
    if (!is_name(name))
        return why_fail(why, "%s: not a name ('%.100s')", option, text);
    memset(pair->name, 0, sizeof(pair->name));
    if (braces)
        pair->name[0] = '{';
    memcpy(pair->name + braces, name.data, name.length);
    if (braces)
        pair->name[name.length + 1] = '}';
    if (pairs_find(pairs, pair->name) != NULL)
        return why_fail(why, "%s: a name that was given twice ('%s')", option, pair->name);
    pair->value = strchr(text, '=') + 1;
    pair->given = true;
    pairs->count++;
    return true;
}

bool pairs_read(struct pairs *pairs, const char *option, const char *text, struct why *why)
{
    return read_pair(pairs, option, text, false, why);
}

bool pairs_read_macro(struct pairs *pairs, const char *option, const char *text, struct why *why)
{
    return read_pair(pairs, option, text, true, why);
}

bool pairs_fill(struct pairs *pairs, const char *name, const char *value, struct why *why)
{
    struct pair *pair = next(pairs, why);

    if (pair == NULL)
        return false;
    memset(pair->name, 0, sizeof(pair->name));
    memcpy(pair->name, name, strnlen(name, sizeof(pair->name) - 1));
    pair->value = value;
    pair->given = false;
    pairs->count++;
    return true;
}
