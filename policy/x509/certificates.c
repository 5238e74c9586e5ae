/* SPDX-License-Identifier: ISC */
#include "policy/x509/certificates.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "policy/conf/file.h"
#include "policy/x509/folder.h"

#define FILE_MOST ((size_t)16 << 20)  /* bytes of one file, */
#define BYTES_MOST ((size_t)64 << 20) /* of all files together, */
#define NAMES_MOST ((size_t)20000)    /* and names in a folder */

/* Who reads what. */
struct reader {
    bool (*take)(void *taker, X509 *certificate, struct why *why);
    void *taker;
    size_t bytes, count; /* read so far; certificates given away */
};

/* ---- PEM ------------------------------------------------------------------------------------ */

enum block_kind { BLOCK_OTHER, BLOCK_CERTIFICATE, BLOCK_TRUSTED };

static enum block_kind kind_of(const char *name)
{
    if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
        return BLOCK_CERTIFICATE;
    return strcmp(name, PEM_STRING_X509_TRUSTED) == 0 ? BLOCK_TRUSTED : BLOCK_OTHER;
}

static bool parse_block(STACK_OF(X509) * into, const char *name, const unsigned char *data,
                        long length, struct why *why)
{
    enum block_kind kind = kind_of(name);
    X509 *certificate;

    if (kind == BLOCK_OTHER)
        return true;
    certificate =
        kind == BLOCK_TRUSTED ? d2i_X509_AUX(NULL, &data, length) : d2i_X509(NULL, &data, length);
    if (certificate == NULL)
        return why_fail(why, "a CERTIFICATE block holds no certificate");
    if (sk_X509_push(into, certificate) > 0)
        return true;
    X509_free(certificate);
    return why_fail(why, "out of memory");
}

static bool parse_blocks(STACK_OF(X509) * into, BIO *text, struct why *why)
{
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    bool parsed = true;
    unsigned long error;
    long length = 0;

    while (parsed && PEM_read_bio(text, &name, &header, &data, &length) == 1) {
        parsed = parse_block(into, name, data, length, why);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)length);
    }
    error = ERR_peek_last_error();
    if (parsed &&
        (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE))
        return why_fail(why, "a PEM block is damaged");
    return parsed;
}

bool certificates_parse(struct span pem, STACK_OF(X509) * into, struct why *why)
{
    int before = sk_X509_num(into);
    BIO *bio = pem.length <= INT_MAX
                   ? BIO_new_mem_buf(pem.data != NULL ? pem.data : "", (int)pem.length)
                   : NULL;
    bool parsed;

    ERR_clear_error();
    parsed = bio != NULL ? parse_blocks(into, bio, why) : why_fail(why, "out of memory");
    BIO_free(bio);
    ERR_clear_error();
    while (!parsed && sk_X509_num(into) > before)
        X509_free(sk_X509_pop(into));
    return parsed;
}

/* ---- one file ------------------------------------------------------------------------------- */

/* False only where `take` wants no more; a text without certificates has none. */
static bool give_away(struct reader *reader, const STACK_OF(X509) * certificates, struct why *why)
{
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        if (!reader->take(reader->taker, sk_X509_value(certificates, i), why))
            return false;
        reader->count++;
    }
    return true;
}

/* `*readable`: whether the file could be read. */
static bool read_file(struct reader *reader, const char *path, bool *readable, struct why *why)
{
    STACK_OF(X509) *certificates = sk_X509_new_null();
    bool taken = true;
    size_t length;
    char *text;

    *readable = false;
    if (certificates == NULL)
        return why_fail(why, "out of memory");
    if (file_read(path, FILE_MOST, &text, &length, why)) {
        reader->bytes += length;
        *readable = certificates_parse((struct span){ text, length }, certificates, why);
        OPENSSL_cleanse(text, length);
        free(text);
        taken = give_away(reader, certificates, why);
    }
    sk_X509_pop_free(certificates, X509_free);
    return taken;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* A file that cannot be read, or is damaged, is of no use to OpenSSL, and of no harm. */
static bool read_files(struct reader *reader, const struct folder_files *files, struct why *why)
{
    bool readable;

    for (size_t i = 0; i < files->count; i++) {
        if (!read_file(reader, files->items[i].path, &readable, why))
            return false;
        if (reader->bytes > BYTES_MOST)
            return why_fail(why, "more than %zu bytes in the folder", BYTES_MOST);
    }
    return true;
}

static bool read_folder(struct reader *reader, const char *folder, struct why *why)
{
    struct folder_files files;
    bool done = folder_files_find(&files, folder, NAMES_MOST, FILE_MOST, why) &&
                read_files(reader, &files, why);

    folder_files_release(&files);
    return done;
}

static bool read_path(struct reader *reader, const char *path, struct why *why)
{
    struct stat status;
    bool readable;

    if (stat(path, &status) != 0)
        return why_fail(why, "cannot open the file: %m");
    if (S_ISDIR(status.st_mode))
        return read_folder(reader, path, why);
    return read_file(reader, path, &readable, why) && readable &&
           (reader->count > 0 || why_fail(why, "no certificate in PEM form"));
}

/* A list of folders with colons between them. One that is not there has nothing in it. */
static bool read_default_folders(struct reader *reader, const char *folders, struct why *why)
{
    struct stat status;
    char folder[PATH_MAX];

    while (*folders != '\0') {
        size_t length = strcspn(folders, ":");

        if (length > 0 && length < sizeof(folder)) {
            memcpy(folder, folders, length);
            folder[length] = '\0';
            if (stat(folder, &status) == 0 && !read_folder(reader, folder, why))
                return false;
        }
        folders += length + (folders[length] == ':');
    }
    return true;
}

const char *certificates_default_folder(void)
{
    const char *folders = getenv(X509_get_default_cert_dir_env());

    return folders != NULL ? folders : X509_get_default_cert_dir();
}

/* X509_STORE_set_default_paths(3): both places, and neither has to be there. */
static bool read_default(struct reader *reader, struct why *why)
{
    const char *file = getenv(X509_get_default_cert_file_env());
    bool readable;

    return read_file(reader, file != NULL ? file : X509_get_default_cert_file(), &readable, why) &&
           read_default_folders(reader, certificates_default_folder(), why);
}

bool certificates_read(const char *path,
                       bool (*take)(void *taker, X509 *certificate, struct why *why), void *taker,
                       struct why *why)
{
    struct reader reader = { .take = take, .taker = taker };

    return path != NULL ? read_path(&reader, path, why) : read_default(&reader, why);
}
