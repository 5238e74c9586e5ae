/* SPDX-License-Identifier: ISC */
#include "policy/x509/trust_store.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "policy/digest.h"
#include "policy/x509/certificates.h"
#include "policy/x509/details.h"

/* One certificate. */
struct anchor_row {
    char *name; /* its common name; "" where it has none */
    struct digest digest;
    int64_t not_before, not_after;
    X509 *certificate;
};

struct trust_store {
    struct anchor_row *rows; /* by name, then by digest */
    size_t count, room;
};

/* The first common name (that is the one that MTAs report) in UTF-8. A name that is no text, one
 * with a NUL in it, or none at all, becomes "". NULL: no memory. */
static char *name_of(const X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    size_t length;
    bool sound;
    char *name;

    if (index < 0)
        return strdup("");
    name = details_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)), &length,
                        &sound);
    if (name != NULL && (!sound || strlen(name) != length))
        name[0] = '\0';
    return name;
}

static void row_release(struct anchor_row *row)
{
    free(row->name);
    X509_free(row->certificate);
}

/* A certificate without readable dates is never within them. */
static bool describe(X509 *certificate, struct anchor_row *row)
{
    row->not_before = details_seconds(X509_get0_notBefore(certificate), INT64_MAX);
    row->not_after = details_seconds(X509_get0_notAfter(certificate), INT64_MIN);
    if (!details_fingerprint(certificate, &row->digest))
        return false;
    row->name = name_of(certificate);
    if (row->name == NULL)
        return false;
    (void)X509_up_ref(certificate);
    row->certificate = certificate;
    return true;
}

static bool add_certificate(void *taker, X509 *certificate, struct why *why)
{
    struct trust_store *store = taker;

    if (store->count == store->room) {
        size_t room = store->room != 0 ? 2 * store->room : 64;
        struct anchor_row *rows = realloc(store->rows, room * sizeof(*rows));

        if (rows == NULL)
            return why_fail(why, "out of memory");
        store->rows = rows;
        store->room = room;
    }
    if (!describe(certificate, &store->rows[store->count]))
        return why_fail(why, "out of memory");
    store->count++;
    return true;
}

const char *trust_store_default_folder(void)
{
    return certificates_default_folder();
}

static int compare_rows(const void *left, const void *right)
{
    const struct anchor_row *a = left, *b = right;
    int result = strcmp(a->name, b->name);

    return result != 0 ? result : memcmp(a->digest.bytes, b->digest.bytes, DIGEST_SIZE);
}

/* Sorts, and keeps one of those that are there several times. */
static void finish(struct trust_store *store)
{
    size_t kept = 0;

    if (store->count > 1)
        qsort(store->rows, store->count, sizeof(*store->rows), compare_rows);
    for (size_t i = 0; i < store->count; i++) {
        if (kept > 0 && compare_rows(&store->rows[kept - 1], &store->rows[i]) == 0)
            row_release(&store->rows[i]);
        else
            store->rows[kept++] = store->rows[i];
    }
    store->count = kept;
}

struct trust_store *trust_store_read(const char *path, struct why *why)
{
    struct trust_store *store = calloc(1, sizeof(*store));

    if (store == NULL) {
        (void)why_fail(why, "out of memory");
        return NULL;
    }
    if (!certificates_read(path, add_certificate, store, why)) {
        trust_store_free(store);
        return NULL;
    }
    finish(store);
    return store;
}

void trust_store_free(struct trust_store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < store->count; i++)
        row_release(&store->rows[i]);
    free(store->rows);
    free(store);
}

size_t trust_store_count(const struct trust_store *store)
{
    return store->count;
}

/* The first row that is not below the name. */
static size_t first_of(const struct trust_store *store, const char *name)
{
    size_t low = 0, high = store->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(store->rows[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum anchor trust_store_find(const struct trust_store *store, const char *common_name, int64_t now)
{
    enum anchor found = ANCHOR_MISSING;

    if (common_name[0] == '\0')
        return found;
    for (size_t i = first_of(store, common_name);
         i < store->count && strcmp(store->rows[i].name, common_name) == 0; i++) {
        if (now >= store->rows[i].not_before && now <= store->rows[i].not_after)
            return ANCHOR_PRESENT;
        found = ANCHOR_EXPIRED;
    }
    return found;
}

/* ---- PEM ------------------------------------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return count == 0;
}

/* A TRUSTED CERTIFICATE block can say what for it is not trusted. */
static bool is_rejected(const struct anchor_row *row)
{
    return X509_check_trust(row->certificate, X509_TRUST_SSL_SERVER, 0) == X509_TRUST_REJECTED;
}

/* False: no memory. */
static bool write_rows(BIO *bio, const struct trust_store *store, const char *const *names,
                       size_t name_count, size_t *written)
{
    *written = 0;
    for (size_t i = 0; i < store->count; i++) {
        if (!is_one_of(store->rows[i].name, names, name_count) || is_rejected(&store->rows[i]))
            continue;
        if (PEM_write_bio_X509(bio, store->rows[i].certificate) != 1)
            return false;
        (*written)++;
    }
    return true;
}

static bool take_text(BIO *bio, struct trust_pem *pem)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);

    pem->text = size > 0 ? malloc((size_t)size) : NULL;
    if (pem->text == NULL)
        return false;
    memcpy(pem->text, data, (size_t)size);
    pem->length = (size_t)size;
    if (EVP_Digest(pem->text, pem->length, pem->digest.bytes, NULL, EVP_sha256(), NULL) == 1)
        return true;
    free(pem->text);
    pem->text = NULL;
    return false;
}

bool trust_store_pem(const struct trust_store *store, const char *const *names, size_t name_count,
                     struct trust_pem *pem, struct why *why)
{
    BIO *bio = BIO_new(BIO_s_mem());
    size_t written = 0;
    bool made = bio != NULL && write_rows(bio, store, names, name_count, &written);

    pem->text = NULL;
    if (made && written == 0)
        (void)why_fail(why,
                       name_count > 0 ? "the trust store has no certificate of that name ('%s')"
                                      : "the trust store is empty",
                       name_count > 0 ? names[0] : "");
    else if (!made || !take_text(bio, pem))
        (void)why_fail(why, "out of memory");
    BIO_free(bio);
    return pem->text != NULL;
}
