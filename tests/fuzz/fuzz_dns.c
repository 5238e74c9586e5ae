/* SPDX-License-Identifier: ISC */
/* A packet of the DNS: the answers to each kind of question. */
#include "tests/fuzz/fuzz.h"

#include "policy/probe/dns_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = { DNS_A, DNS_MX, DNS_AAAA };
    char *copy = fuzz_copy(data, size);

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct dns_answer answer = { .count = 0 };

        dns_packet_read(&answer, types[i], copy, size);
        MUST(answer.count <= DNS_RECORDS_MOST);
        MUST((answer.state == LOOKUP_FOUND) == (answer.count > 0));
        for (size_t k = 0; k < answer.count; k++)
            MUST(answer.records[k].name.name[answer.records[k].name.length] == '\0');
        dns_answer_release(&answer);
    }
    free(copy);
    return 0;
}
