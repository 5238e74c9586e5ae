/* SPDX-License-Identifier: ISC */
#include "policy/x509/pins.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "policy/conf/file.h"

#define FILE_MOST ((size_t)1 << 20)

/* One block of a PEM file. */
struct block {
    char *name, *header;
    unsigned char *data;
    long length;
};

static void block_release(struct block *block)
{
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    OPENSSL_clear_free(block->data, block->length > 0 ? (size_t)block->length : 0);
    *block = (struct block){ .name = NULL };
}

/* The whole block must be one certificate, or one key, and nothing behind it. */
static bool is_certificate(const struct block *block)
{
    const unsigned char *end = block->data;
    X509 *certificate = d2i_X509(NULL, &end, block->length);
    bool whole = certificate != NULL && end == block->data + block->length;

    X509_free(certificate);
    return whole;
}

static bool is_public_key(const struct block *block)
{
    const unsigned char *end = block->data;
    X509_PUBKEY *key = d2i_X509_PUBKEY(NULL, &end, block->length);
    bool whole = key != NULL && end == block->data + block->length;

    X509_PUBKEY_free(key);
    return whole;
}

static bool pin_of(const struct block *block, bool public_key, struct pin *pin)
{
    unsigned length = 0;

    pin->public_key = public_key;
    return EVP_Digest(block->data, (size_t)block->length, pin->digest.bytes, &length, EVP_sha256(),
                      NULL) == 1 &&
           length == DIGEST_SIZE;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Appends what the block pins; a block that pins nothing adds none. */
static bool take_block(const struct block *block, struct pin **pins, size_t *count, struct why *why)
{
    bool certificate =
        strcmp(block->name, PEM_STRING_X509) == 0 || strcmp(block->name, PEM_STRING_X509_OLD) == 0;
    bool public_key = strcmp(block->name, PEM_STRING_PUBLIC) == 0;
    struct pin *grown;

    if (ends_with(block->name, "PRIVATE KEY"))
        return why_fail(why, "a private key has no business in a file of pins");
    if (!certificate && !public_key)
        return true;
    if (certificate ? !is_certificate(block) : !is_public_key(block))
        return why_fail(why, "block %zu is no %s", *count + 1,
                        certificate ? "certificate" : "public key");
    grown = realloc(*pins, (*count + 1) * sizeof(*grown));
    if (grown == NULL)
        return why_fail(why, "out of memory");
    *pins = grown;
    if (!pin_of(block, public_key, &grown[*count]))
        return why_fail(why, "cannot compute a SHA-256");
    (*count)++;
    return true;
}

static bool take_blocks(BIO *file, struct pin **pins, size_t *count, struct why *why)
{
    struct block block = { .name = NULL };
    bool taken = true;
    unsigned long error;

    while (taken &&
           PEM_read_bio(file, &block.name, &block.header, &block.data, &block.length) == 1) {
        taken = take_block(&block, pins, count, why);
        block_release(&block);
    }
    if (!taken)
        return false;
    error = ERR_peek_last_error();
    if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
        return why_fail(why, "a PEM block is damaged");
    if (*count == 0)
        return why_fail(why, "no CERTIFICATE or PUBLIC KEY block in PEM form");
    return true;
}

bool pins_read(const char *file, struct pin **pins, size_t *count, struct why *why)
{
    size_t length;
    char *text;
    BIO *bio;
    bool done;

    *pins = NULL;
    *count = 0;
    if (!file_read(file, FILE_MOST, &text, &length, why))
        return false;
    ERR_clear_error();
    bio = BIO_new_mem_buf(text, (int)length);
    done = bio != NULL ? take_blocks(bio, pins, count, why) : why_fail(why, "out of memory");
    BIO_free(bio);
    OPENSSL_cleanse(text, length);
    free(text);
    ERR_clear_error();
    if (!done) {
        free(*pins);
        *pins = NULL;
        *count = 0;
    }
    return done;
}
