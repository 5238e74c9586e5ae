/* SPDX-License-Identifier: ISC */
#include "policy/x509/chain.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "policy/x509/certificates.h"
#include "policy/x509/chain_inside.h"

#define PEM_MOST ((size_t)1 << 20) /* bytes of a text */

static bool take(struct chain *chain, X509 *certificate)
{
    if (chain->count == CHAIN_MOST) {
        chain->cut = true;
        return true;
    }
    if (X509_up_ref(certificate) != 1)
        return false;
    if (sk_X509_push(chain->certificates, certificate) <= 0) {
        X509_free(certificate);
        return false;
    }
    return chain_facts_init(&chain->facts[chain->count++], certificate);
}

static bool take_all(struct chain *chain, const STACK_OF(X509) * certificates)
{
    chain->certificates = sk_X509_new_null();
    if (chain->certificates == NULL)
        return false;
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        if (!take(chain, sk_X509_value(certificates, i)))
            return false;
    }
    return true;
}

struct chain *chain_new(STACK_OF(X509) * certificates)
{
    struct chain *chain = calloc(1, sizeof(*chain));

    if (chain == NULL || take_all(chain, certificates))
        return chain;
    chain_free(chain);
    return NULL;
}

static struct chain *read_into(STACK_OF(X509) * certificates, struct span pem, struct why *why)
{
    struct chain *chain;

    if (!certificates_parse(pem, certificates, why))
        return NULL;
    if (sk_X509_num(certificates) == 0) {
        (void)why_fail(why, "no certificate in PEM form");
        return NULL;
    }
    chain = chain_new(certificates);
    if (chain == NULL)
        (void)why_fail(why, "out of memory");
    return chain;
}

struct chain *chain_read(struct span pem, struct why *why)
{
    STACK_OF(X509) * certificates;
    struct chain *chain = NULL;

    if (pem.length > PEM_MOST) {
        (void)why_fail(why, "more than %zu bytes", PEM_MOST);
        return NULL;
    }
    certificates = sk_X509_new_null();
    if (certificates == NULL)
        (void)why_fail(why, "out of memory");
    else
        chain = read_into(certificates, pem, why);
    sk_X509_pop_free(certificates, X509_free);
    return chain;
}

void chain_free(struct chain *chain)
{
    if (chain == NULL)
        return;
    for (size_t i = 0; i < chain->count; i++)
        chain_facts_release(&chain->facts[i]);
    sk_X509_pop_free(chain->certificates, X509_free);
    free(chain);
}

size_t chain_count(const struct chain *chain)
{
    return chain->count;
}

const struct chain_certificate *chain_get(const struct chain *chain, size_t index)
{
    return &chain->facts[index].told;
}

char *chain_pem(const struct chain *chain, size_t index)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data, *text = NULL;
    long length;

    /* With a NUL behind it, which PEM itself has not. */
    if (bio != NULL &&
        PEM_write_bio_X509(bio, sk_X509_value(chain->certificates, (int)index)) == 1 &&
        BIO_write(bio, "", 1) == 1) {
        length = BIO_get_mem_data(bio, &data);
        text = strndup(data, (size_t)length);
    }
    BIO_free(bio);
    return text;
}
