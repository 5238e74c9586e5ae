/* SPDX-License-Identifier: ISC */
/* A chain in PEM, and behind an empty line what a list of revoked certificates or an OCSP responder
 * says; and the same bytes as a file of pins and as a trust store. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "policy/x509/chain.h"
#include "policy/x509/chain_revocation.h"
#include "policy/x509/pins.h"

static void try_chain(const struct chain *chain, struct span answer)
{
    struct revocation_judgement judgement;
    size_t length;
    char *request = chain_ocsp_request(chain, &length);

    MUST((request != NULL) == chain_has_issuer(chain));
    free(request);
    MUST(chain_count(chain) <= CHAIN_MOST);
    for (size_t i = 0; i < chain_count(chain); i++) {
        const struct chain_certificate *facts = chain_get(chain, i);

        MUST(facts->alt_name_count == 0 || facts->has_alt_names);
        fuzz_must_be_printable(facts->key_type);
    }
    chain_judge_crl(chain, answer, &judgement);
    fuzz_must_be_printable(judgement.text);
    chain_judge_ocsp(chain, answer, &judgement);
    fuzz_must_be_printable(judgement.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_copy(data, size);
    const char *gap = size > 0 ? memmem(copy, size, "\n\n", 2) : NULL;
    size_t first = gap != NULL ? (size_t)(gap - copy) + 1 : size;
    struct span answer = { gap != NULL ? gap + 2 : copy, gap != NULL ? size - first - 1 : size };
    const char *file = fuzz_file(data, first);
    struct trust_anchors *anchors;
    struct chain *chain;
    struct chain_verdict verdict;
    struct pin *pins = NULL;
    struct why why;
    size_t count;

    if (!pins_read(file, &pins, &count, &why))
        fuzz_must_be_printable(why.text);
    free(pins);
    anchors = trust_anchors_load(file, &why);
    chain = chain_read((struct span){ copy, first }, &why);
    if (chain != NULL) {
        try_chain(chain, answer);
        if (anchors != NULL)
            chain_verify(chain, anchors, "mail.contoso.com", 1767225600, &verdict);
    }
    chain_free(chain);
    trust_anchors_free(anchors);
    free(copy);
    return 0;
}
