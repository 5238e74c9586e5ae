/* SPDX-License-Identifier: ISC */
/* The address of MAIL FROM or RCPT TO: all the domains that it could mean. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "policy/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_copy(data, size);
    struct address address;

    address_init(&address);
    if (address_parse(&address, (struct span){ copy, size })) {
        MUST(!address.null || address.count == 0);
        for (size_t i = 0; i < address.count; i++) {
            const struct domain *domain = &address.domains[i];

            MUST(domain->name[domain->length] == '\0');
            if (domain_is_hostname(domain)) {
                MUST(strlen(domain->name) == domain->length);
                MUST(domain->name[domain->length - 1] != '.');
            }
        }
    }
    address_release(&address);
    free(copy);
    return 0;
}
