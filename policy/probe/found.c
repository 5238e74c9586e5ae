/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/found.h"

#include <stdlib.h>

#include "policy/probe/memory.h"

const char *client_certificate_word(enum client_certificate certificate)
{
    static const char *const words[] = {
        [CERTIFICATE_NOT_ASKED] = "not-asked",
        [CERTIFICATE_ASKED] = "asked",
        [CERTIFICATE_REQUIRED] = "required",
    };

    return words[certificate];
}

const char *staple_word(enum staple staple)
{
    static const char *const words[] = {
        [STAPLE_NONE] = "none",       [STAPLE_GOOD] = "good",       [STAPLE_REVOKED] = "revoked",
        [STAPLE_UNKNOWN] = "unknown", [STAPLE_INVALID] = "invalid",
    };

    return words[staple];
}

const char *revocation_kind_word(enum revocation_kind kind)
{
    return kind == REVOCATION_OCSP ? "ocsp" : "crl";
}

void text_set(struct text_found *text, const char *data, size_t length)
{
    free(text->data);
    text->data = memory_copy(data, length);
    text->length = length;
}

void texts_add(struct texts_found *texts, const char *data, size_t length)
{
    texts->texts = memory_grow(texts->texts, texts->count + 1, sizeof(*texts->texts));
    texts->texts[texts->count] = (struct text_found){ .data = NULL };
    text_set(&texts->texts[texts->count++], data, length);
}

void texts_release(struct texts_found *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->texts[i].data);
    free(texts->texts);
    *texts = (struct texts_found){ .texts = NULL };
}

void address_found_release(struct address_found *address)
{
    free(address->reply.data);
    texts_release(&address->offered);
    texts_release(&address->offered_tls);
    chain_free(address->chain);
    for (size_t i = 0; i < address->trust_count; i++) {
        free(address->trust[i].store);
        free(address->trust[i].error);
    }
    free(address->trust);
    *address = (struct address_found){ .port = 0 };
}

void hop_found_release(struct hop_found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        for (size_t k = 0; k < found->hosts[i].count; k++)
            address_found_release(&found->hosts[i].addresses[k]);
        free(found->hosts[i].addresses);
    }
    free(found->hosts);
    for (size_t i = 0; i < found->revocation_count; i++) {
        free(found->revocations[i].address.data);
        free(found->revocations[i].text.data);
    }
    free(found->revocations);
    *found = (struct hop_found){ .count = 0 };
}
