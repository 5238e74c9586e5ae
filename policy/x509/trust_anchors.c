/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include <openssl/err.h>

#include "policy/x509/certificates.h"
#include "policy/x509/chain_inside.h"

/* One that is there several times counts once. */
static bool add(void *taker, X509 *certificate, struct why *why)
{
    struct trust_anchors *anchors = taker;

    return X509_STORE_add_cert(anchors->store, certificate) == 1 || why_fail(why, "out of memory");
}

struct trust_anchors *trust_anchors_load(const char *path, struct why *why)
{
    struct trust_anchors *anchors = calloc(1, sizeof(*anchors));
    bool loaded;

    if (anchors == NULL) {
        (void)why_fail(why, "out of memory");
        return NULL;
    }
    anchors->store = X509_STORE_new();
    loaded = anchors->store != NULL
                 ? certificates_read(path[0] != '\0' ? path : NULL, add, anchors, why)
                 : why_fail(why, "out of memory");
    ERR_clear_error();
    if (loaded)
        return anchors;
    trust_anchors_free(anchors);
    return NULL;
}

void trust_anchors_free(struct trust_anchors *anchors)
{
    if (anchors == NULL)
        return;
    X509_STORE_free(anchors->store);
    free(anchors);
}
