/* SPDX-License-Identifier: ISC */
/*
 * postfix_list: Postfix's lists: elements separated by commas and blanks, some of them in braces
 * ("{ unix:path, default_action=accept }"), and what such a list becomes when one is changed.
 *
 * Lists that are made are the caller's (free); NULL where memory ran out.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_POSTFIX_LIST_H
#define FORCETLS_POLICY_CLI_CHECK_POSTFIX_LIST_H

#include <stdbool.h>

#include "policy/span.h"

/* Takes the next element, braces included, from `rest`, which begins as the whole list; false: no
 * more. The element points into the list. */
bool list_next(const char **rest, struct span *element);

/* Whether an element is that word, in any case. */
bool list_has(const char *list, const char *word);

bool list_is_empty(const char *list);

/* Of an element in braces its first word, else the element. */
struct span list_name(struct span element);

/* The value of "attribute=value" or "{ attribute = value }" inside an element in braces; not known
 * where it is not there. */
struct span list_attribute(struct span element, const char *attribute);

/* "element, list" */
char *list_with_first(const char *element, const char *list);

/* The list without that part of it, which is one or more whole elements. */
char *list_without(const char *list, struct span part);

/* The list without every element that is that word, in any case. */
char *list_without_word(const char *list, const char *word);

/* The list with some bytes of it replaced. */
char *list_with(const char *list, struct span part, const char *text);

/* The element in braces with that attribute set; an element without braces gets some. */
char *list_with_attribute(struct span element, const char *attribute, const char *value);

#endif
