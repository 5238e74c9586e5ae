/* SPDX-License-Identifier: ISC */
#include "policy/facts.h"

#include <string.h>

void facts_init(struct facts *facts)
{
    memset(facts, 0, sizeof(*facts));
    facts->tls.cipher_bits = -1;
}
