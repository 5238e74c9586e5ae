/* SPDX-License-Identifier: ISC */
/*
 * describe_certificate: the part of describe that is about CHECK_CERTIFICATE; for describe.c alone.
 */
#ifndef FORCETLS_POLICY_DESCRIBE_CERTIFICATE_H
#define FORCETLS_POLICY_DESCRIBE_CERTIFICATE_H

#include "policy/describe.h"

#define DESCRIBE_VALUE_MOST 80 /* bytes of a value that the file or a peer chose */
#define DESCRIBE_ITEMS_MOST 6  /* of a list */

/* What stands before item `i`: "a, b or c" where `last` is "or", and of more than `most` items
 * "a, b and 7 more". False: no more are to be written. */
bool describe_list(struct line *line, size_t i, size_t count, size_t most, const char *last);

/* "cipher 'ADH-AES128-SHA' has no certificates", where it is anonymous; else false. */
bool describe_anonymous(struct line *line, struct span cipher);

/* "names 'a.b', 'c.b' and 3 more": those that the certificate presents. */
void describe_names(struct line *line, const struct certificate_facts *certificate);

void describe_certificate_wanted(struct line *line, const struct connector *connector,
                                 const struct check_result *result);
void describe_certificate_got(struct line *line, const struct connector *connector,
                              const struct facts *facts, const struct check_result *result);

#endif
