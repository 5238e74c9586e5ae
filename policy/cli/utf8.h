/* SPDX-License-Identifier: ISC */
/* utf8: code points of UTF-8 (RFC 3629), one after the other. */
#ifndef FORCETLS_POLICY_CLI_UTF8_H
#define FORCETLS_POLICY_CLI_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "policy/span.h"

/* The bytes of the code point that begins at `at`, which is before the end; 0: they are not valid
 * there (overlong, a surrogate, above U+10FFFF, cut off, or no beginning). */
size_t utf8_read(struct span text, size_t at, uint32_t *code);

#endif
