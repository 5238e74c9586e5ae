/* SPDX-License-Identifier: ISC */
#include "policy/x509/trust_store.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "policy/conf/file.h"
#include "policy/digest.h"
#include "policy/x509/folder.h"

#define FILE_MOST ((size_t)16 << 20)  /* bytes of one file, */
#define BYTES_MOST ((size_t)64 << 20) /* of all files together, */
#define NAMES_MOST ((size_t)20000)    /* and names in a folder */

/* One certificate. */
struct anchor_row {
    char *name; /* its common name; "" where it has none */
    struct digest digest;
    int64_t not_before, not_after;
};

struct trust_store {
    struct anchor_row *rows; /* by name, then by digest */
    size_t count, room;
    size_t bytes; /* read so far */
};

/* ---- one certificate ------------------------------------------------------------------------ */

/* The first common name (that is the one that MTAs report) in UTF-8. A name with a NUL in it, or
 * none at all, becomes "". NULL: no memory. */
static char *name_of(const X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *text = NULL;
    char *name;
    int length;

    if (index < 0)
        return strdup("");
    length =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    if (length <= 0 || memchr(text, '\0', (size_t)length) != NULL)
        name = strdup("");
    else
        name = strndup((const char *)text, (size_t)length);
    OPENSSL_free(text);
    return name;
}

/* Seconds since 1970; `otherwise` for a date that is none. */
static int64_t seconds_of(const ASN1_TIME *date, int64_t otherwise)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds;
    bool known = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, date) == 1;

    ASN1_TIME_free(epoch);
    return known ? (int64_t)days * 86400 + seconds : otherwise;
}

/* A certificate without readable dates is never within them. */
static bool describe(const X509 *certificate, struct anchor_row *row)
{
    unsigned length = 0;

    if (X509_digest(certificate, EVP_sha256(), row->digest.bytes, &length) != 1 ||
        length != DIGEST_SIZE)
        return false;
    row->not_before = seconds_of(X509_get0_notBefore(certificate), INT64_MAX);
    row->not_after = seconds_of(X509_get0_notAfter(certificate), INT64_MIN);
    row->name = name_of(certificate);
    return row->name != NULL;
}

static bool add_certificate(struct trust_store *store, const X509 *certificate, struct why *why)
{
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

/* ---- one file ------------------------------------------------------------------------------- */

enum block_kind { BLOCK_OTHER, BLOCK_CERTIFICATE, BLOCK_TRUSTED };

static enum block_kind kind_of(const char *name)
{
    if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
        return BLOCK_CERTIFICATE;
    return strcmp(name, PEM_STRING_X509_TRUSTED) == 0 ? BLOCK_TRUSTED : BLOCK_OTHER;
}

/* One block; what is no certificate is passed over. */
static bool take_block(struct trust_store *store, const char *name, const unsigned char *data,
                       long length, struct why *why)
{
    enum block_kind kind = kind_of(name);
    X509 *certificate;
    bool taken;

    if (kind == BLOCK_OTHER)
        return true;
    certificate =
        kind == BLOCK_TRUSTED ? d2i_X509_AUX(NULL, &data, length) : d2i_X509(NULL, &data, length);
    if (certificate == NULL)
        return why_fail(why, "a CERTIFICATE block holds no certificate");
    taken = add_certificate(store, certificate, why);
    X509_free(certificate);
    return taken;
}

static bool take_blocks(struct trust_store *store, BIO *text, struct why *why)
{
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    bool taken = true;
    unsigned long error;
    long length = 0;

    while (taken && PEM_read_bio(text, &name, &header, &data, &length) == 1) {
        taken = take_block(store, name, data, length, why);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)length);
    }
    error = ERR_peek_last_error();
    if (taken &&
        (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE))
        return why_fail(why, "a PEM block is damaged");
    return taken;
}

/* As OpenSSL does it: of a file with a damaged block nothing counts. */
static bool take_text(struct trust_store *store, const char *text, size_t length, struct why *why)
{
    size_t before = store->count;
    BIO *bio = BIO_new_mem_buf(text, (int)length);
    bool taken;

    ERR_clear_error();
    taken = bio != NULL ? take_blocks(store, bio, why) : why_fail(why, "out of memory");
    BIO_free(bio);
    ERR_clear_error();
    while (!taken && store->count > before)
        free(store->rows[--store->count].name);
    return taken;
}

static bool read_file(struct trust_store *store, const char *path, struct why *why)
{
    size_t length;
    char *text;
    bool taken;

    if (!file_read(path, FILE_MOST, &text, &length, why))
        return false;
    store->bytes += length;
    taken = take_text(store, text, length, why);
    OPENSSL_cleanse(text, length);
    free(text);
    return taken;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* A file that cannot be read, or is damaged, is of no use to OpenSSL, and of no harm. */
static bool read_files(struct trust_store *store, const struct folder_files *files, struct why *why)
{
    for (size_t i = 0; i < files->count; i++) {
        (void)read_file(store, files->items[i].path, NULL);
        if (store->bytes > BYTES_MOST)
            return why_fail(why, "more than %zu bytes in the folder", BYTES_MOST);
    }
    return true;
}

static bool read_folder(struct trust_store *store, const char *folder, struct why *why)
{
    struct folder_files files;
    bool done = folder_files_find(&files, folder, NAMES_MOST, FILE_MOST, why) &&
                read_files(store, &files, why);

    folder_files_release(&files);
    return done;
}

static bool read_path(struct trust_store *store, const char *path, struct why *why)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return why_fail(why, "cannot open the file: %m");
    if (S_ISDIR(status.st_mode))
        return read_folder(store, path, why);
    return read_file(store, path, why) &&
           (store->count > 0 || why_fail(why, "no certificate in PEM form"));
}

/* A list of folders with colons between them. One that is not there has nothing in it. */
static bool read_default_folders(struct trust_store *store, const char *folders, struct why *why)
{
    struct stat status;
    char folder[PATH_MAX];

    while (*folders != '\0') {
        size_t length = strcspn(folders, ":");

        if (length > 0 && length < sizeof(folder)) {
            memcpy(folder, folders, length);
            folder[length] = '\0';
            if (stat(folder, &status) == 0 && !read_folder(store, folder, why))
                return false;
        }
        folders += length + (folders[length] == ':');
    }
    return true;
}

const char *trust_store_default_folder(void)
{
    const char *folders = getenv(X509_get_default_cert_dir_env());

    return folders != NULL ? folders : X509_get_default_cert_dir();
}

/* X509_STORE_set_default_paths(3): both places, and neither has to be there. */
static bool read_default(struct trust_store *store, struct why *why)
{
    const char *file = getenv(X509_get_default_cert_file_env());

    (void)read_file(store, file != NULL ? file : X509_get_default_cert_file(), NULL);
    return read_default_folders(store, trust_store_default_folder(), why);
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
            free(store->rows[i].name);
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
    if (!(path != NULL ? read_path(store, path, why) : read_default(store, why))) {
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
        free(store->rows[i].name);
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
