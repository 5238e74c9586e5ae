/* SPDX-License-Identifier: ISC */
/* Tests of policy/x509/trust_store: which CAs are in a file, in a folder, in OpenSSL's own places.
 */
#include "tests/unit/conf_case.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "policy/x509/folder.h"
#include "policy/x509/trust_store.h"

#define YEAR (INT64_C(365) * 86400)
#define TEXT_SIZE 4096

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"

/* ---- certificates --------------------------------------------------------------------------- */

/* What a certificate is made of; the dates are relative to NOW. */
struct recipe {
    struct span name, second_name; /* common names; without data: none */
    int type;                      /* of the string (MBSTRING_UTF8, V_ASN1_...); 0: UTF-8 */
    int64_t from, until;
};

static EVP_PKEY *signing_key; /* of all certificates; made once, by the group's setup */

static void add_name(X509_NAME *subject, struct span name, int type)
{
    if (!span_known(name))
        return;
    assert_int_equal(
        X509_NAME_add_entry_by_NID(subject, NID_commonName, type != 0 ? type : V_ASN1_UTF8STRING,
                                   (const unsigned char *)name.data, (int)name.length, -1, 0),
        1);
}

static X509 *make_certificate(const struct recipe *recipe)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);

    add_name(subject, recipe->name, recipe->type);
    add_name(subject, recipe->second_name, recipe->type);
    assert_int_equal(X509_set_version(certificate, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(certificate), NOW + recipe->from));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(certificate), NOW + recipe->until));
    assert_int_equal(X509_set_issuer_name(certificate, subject), 1);
    assert_int_equal(X509_set_pubkey(certificate, signing_key), 1);
    assert_true(X509_sign(certificate, signing_key, EVP_sha256()) > 0);
    return certificate;
}

/* A certificate in PEM form, in the caller's buffer. */
static const char *pem(const struct recipe *recipe, bool trusted, char text[TEXT_SIZE])
{
    X509 *certificate = make_certificate(recipe);
    BIO *bio = BIO_new(BIO_s_mem());
    int length;

    assert_int_equal(trusted ? PEM_write_bio_X509_AUX(bio, certificate)
                             : PEM_write_bio_X509(bio, certificate),
                     1);
    length = BIO_read(bio, text, TEXT_SIZE - 1);
    assert_true(length > 0);
    text[length] = '\0';
    BIO_free(bio);
    X509_free(certificate);
    return text;
}

/* One with this name that is valid for a year around NOW. */
static const char *pem_of(const char *name, char text[TEXT_SIZE])
{
    struct recipe recipe = { .name = span_of(name), .from = -YEAR / 2, .until = YEAR / 2 };

    return pem(&recipe, false, text);
}

#define PEM(name) pem_of(name, (char[TEXT_SIZE]){ 0 })

/* ---- files ---------------------------------------------------------------------------------- */

static void write_texts(const char *file, const char *first, const char *second)
{
    char text[3 * TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%s%s", first, second);
    conf_write(file, span_of(text));
}

static void make_folder(const char *name)
{
    assert_true(mkdir(name, 0700) == 0 || errno == EEXIST);
}

/* Files and links in it; of folders only empty ones. */
static void remove_folder(const char *name)
{
    DIR *entries = opendir(name);
    struct dirent *entry;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
    }
    if (entries != NULL)
        (void)closedir(entries);
    (void)rmdir(name);
}

static void make_link(const char *target, const char *name)
{
    (void)unlink(name);
    assert_int_equal(symlink(target, name), 0);
}

static struct trust_store *must_read(const char *path)
{
    struct why why = { "" };
    struct trust_store *store = trust_store_read(path, &why);

    if (store == NULL)
        fail_msg("%s: %s", path != NULL ? path : "(default)", why.text);
    return store;
}

static int setup(void **state)
{
    signing_key = EVP_EC_gen("P-256");
    return signing_key != NULL ? conf_folder_make(state) : -1;
}

static int teardown(void **state)
{
    EVP_PKEY_free(signing_key);
    return conf_folder_remove(state);
}

/* ---- a file --------------------------------------------------------------------------------- */

static void file__several_certificates__each_is_found_by_its_common_name(void **state)
{
    struct trust_store *store;

    (void)state;
    write_texts("two.pem", PEM("Example Root R1"), PEM("Example Root R2"));
    store = must_read("two.pem");
    assert_int_equal(trust_store_count(store), 2);
    assert_int_equal(trust_store_find(store, "Example Root R1", NOW), ANCHOR_PRESENT);
    assert_int_equal(trust_store_find(store, "Example Root R2", NOW), ANCHOR_PRESENT);
    assert_int_equal(trust_store_find(store, "Example Root R", NOW), ANCHOR_MISSING);
    assert_int_equal(trust_store_find(store, "Example Root R11", NOW), ANCHOR_MISSING);
    assert_int_equal(trust_store_find(store, "example root r1", NOW), ANCHOR_MISSING);
    assert_int_equal(trust_store_find(store, "", NOW), ANCHOR_MISSING);
    trust_store_free(store);
}

static void file__same_certificate_twice__counted_once(void **state)
{
    char text[TEXT_SIZE];
    struct trust_store *store;

    (void)state;
    (void)pem_of("Example Root R1", text);
    write_texts("twice.pem", text, text);
    store = must_read("twice.pem");
    assert_int_equal(trust_store_count(store), 1);
    trust_store_free(store);
}

static void file__two_certificates_of_one_name__both_counted(void **state)
{
    struct trust_store *store;

    (void)state;
    write_texts("names.pem", PEM("Example Root R1"), PEM("Example Root R1"));
    store = must_read("names.pem");
    assert_int_equal(trust_store_count(store), 2);
    trust_store_free(store);
}

static void file__other_blocks_and_text_between__passed_over(void **state)
{
    struct recipe recipe = { .name = S("Trusted Root"), .from = -YEAR, .until = YEAR };
    char trusted[TEXT_SIZE];
    struct trust_store *store;

    (void)state;
    (void)pem(&recipe, true, trusted);
    assert_non_null(strstr(trusted, "BEGIN TRUSTED CERTIFICATE"));
    write_texts("mixed.pem",
                "# a comment\r\n-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                trusted);
    store = must_read("mixed.pem");
    assert_int_equal(trust_store_count(store), 1);
    assert_int_equal(trust_store_find(store, "Trusted Root", NOW), ANCHOR_PRESENT);
    trust_store_free(store);
}

static void file__what_openssl_would_not_take__error(void **state)
{
    static const struct {
        struct span text;
        const char *why;
    } rows[] = {
        { S(""), "no certificate in PEM form" },
        { S("hello\n"), "no certificate in PEM form" },
        { S("\x30\x82\x01\x8f\x30\x82\0\0"), "no certificate in PEM form" },
        { S("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
          "no certificate in PEM form" },
        { S(BEGIN "AAAA\n" END), "a CERTIFICATE block holds no certificate" },
        { S(BEGIN "MIIB!\n" END), "a PEM block is damaged" },
        { S(BEGIN "MIIB\n"), "a PEM block is damaged" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct why why = { "" };
        struct trust_store *store;

        conf_write("bad.pem", rows[i].text);
        store = trust_store_read("bad.pem", &why);
        bad += row(store == NULL && strcmp(why.text, rows[i].why) == 0, "row %zu: %s", i, why.text);
        trust_store_free(store);
    }
    assert_int_equal(bad, 0);
}

static void file__good_certificate_before_a_damaged_one__error(void **state)
{
    struct why why = { "" };

    (void)state;
    write_texts("half.pem", PEM("Example Root R1"), BEGIN "MIIB!\n" END);
    assert_null(trust_store_read("half.pem", &why));
    assert_string_equal(why.text, "a PEM block is damaged");
}

static void file__missing_or_no_file__error(void **state)
{
    struct why why = { "" };

    (void)state;
    assert_null(trust_store_read("nothing.pem", &why));
    assert_string_equal(why.text, "cannot open the file: No such file or directory");
    assert_null(trust_store_read("/dev/null", &why));
    assert_string_equal(why.text, "not a regular file");
}

static void file__larger_than_the_bound__error(void **state)
{
    size_t large = ((size_t)16 << 20) + 1;
    char *text = malloc(large);
    struct why why = { "" };

    (void)state;
    assert_non_null(text);
    memset(text, '\n', large);
    conf_write("large.pem", (struct span){ text, large });
    free(text);
    assert_null(trust_store_read("large.pem", &why));
    assert_string_equal(why.text, "the file is larger than 16777216 bytes");
    (void)unlink("large.pem");
}

/* ---- names and dates ------------------------------------------------------------------------ */

static void name__what_a_certificate_may_have__first_common_name_in_utf8(void **state)
{
    static const struct {
        struct recipe recipe;
        const char *name;
        enum anchor found;
    } rows[] = {
        { { .name = S("One"), .second_name = S("Two") }, "One", ANCHOR_PRESENT },
        { { .name = S("One"), .second_name = S("Two") }, "Two", ANCHOR_MISSING },
        { { .name = S("N\xc3\xb6 Root") }, "N\xc3\xb6 Root", ANCHOR_PRESENT },
        { { .name = S("\0N\0\xf6"), .type = V_ASN1_BMPSTRING }, "N\xc3\xb6", ANCHOR_PRESENT },
        { { .name = S("N\xf6"), .type = V_ASN1_T61STRING }, "N\xc3\xb6", ANCHOR_PRESENT },
        { { .name = S("Root\0.evil") }, "Root", ANCHOR_MISSING },
        { { .name = { NULL, 0 } }, "", ANCHOR_MISSING },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct recipe recipe = rows[i].recipe;
        char text[TEXT_SIZE];
        struct trust_store *store;

        recipe.from = -YEAR;
        recipe.until = YEAR;
        write_texts("name.pem", pem(&recipe, false, text), "");
        store = must_read("name.pem");
        bad += row(trust_store_count(store) == 1 &&
                       trust_store_find(store, rows[i].name, NOW) == rows[i].found,
                   "row %zu", i);
        trust_store_free(store);
    }
    assert_int_equal(bad, 0);
}

static void dates__one_certificate__both_ends_count(void **state)
{
    struct recipe recipe = { .name = S("Root"), .from = -YEAR, .until = YEAR };
    static const struct {
        int64_t now;
        enum anchor found;
    } rows[] = {
        { NOW, ANCHOR_PRESENT },
        { NOW - YEAR, ANCHOR_PRESENT },
        { NOW + YEAR, ANCHOR_PRESENT },
        { NOW - YEAR - 1, ANCHOR_EXPIRED },
        { NOW + YEAR + 1, ANCHOR_EXPIRED },
    };
    char text[TEXT_SIZE];
    struct trust_store *store;
    unsigned bad = 0;

    (void)state;
    write_texts("dates.pem", pem(&recipe, false, text), "");
    store = must_read("dates.pem");
    for (size_t i = 0; i < ROWS(rows); i++)
        bad += row(trust_store_find(store, "Root", rows[i].now) == rows[i].found, "row %zu", i);
    trust_store_free(store);
    assert_int_equal(bad, 0);
}

static void dates__one_of_the_name_expired_and_one_not__present(void **state)
{
    struct recipe old = { .name = S("Root"), .from = -3 * YEAR, .until = -YEAR };
    struct recipe new = { .name = S("Root"), .from = -YEAR, .until = YEAR };
    char first[TEXT_SIZE], second[TEXT_SIZE];
    struct trust_store *store;

    (void)state;
    write_texts("renewed.pem", pem(&old, false, first), pem(&new, false, second));
    store = must_read("renewed.pem");
    assert_int_equal(trust_store_find(store, "Root", NOW), ANCHOR_PRESENT);
    assert_int_equal(trust_store_find(store, "Root", NOW + 2 * YEAR), ANCHOR_EXPIRED);
    trust_store_free(store);
}

static void dates__far_from_1970__told(void **state)
{
    struct recipe recipe = { .name = S("Root"), .from = -60 * YEAR, .until = 700 * YEAR };
    char text[TEXT_SIZE];
    struct trust_store *store;

    (void)state;
    write_texts("far.pem", pem(&recipe, false, text), "");
    store = must_read("far.pem");
    assert_int_equal(trust_store_find(store, "Root", NOW + 699 * YEAR), ANCHOR_PRESENT);
    assert_int_equal(trust_store_find(store, "Root", NOW + 701 * YEAR), ANCHOR_EXPIRED);
    assert_int_equal(trust_store_find(store, "Root", NOW - 59 * YEAR), ANCHOR_PRESENT);
    assert_int_equal(trust_store_find(store, "Root", NOW - 61 * YEAR), ANCHOR_EXPIRED);
    trust_store_free(store);
}

/* ---- folders -------------------------------------------------------------------------------- */

static void folder__links_bundles_and_rubbish__each_certificate_once(void **state)
{
    char first[TEXT_SIZE], second[TEXT_SIZE];
    struct trust_store *store;

    (void)state;
    (void)pem_of("Root 1", first);
    (void)pem_of("Root 2", second);
    make_folder("ca.d");
    make_folder("ca.d/inner");
    write_texts("elsewhere.pem", second, "");
    write_texts("ca.d/one.pem", first, "");
    write_texts("ca.d/bundle.crt", first, second);
    write_texts("ca.d/README", "no certificate\n", "");
    write_texts("ca.d/damaged.pem", PEM("Root 3"), BEGIN "MIIB!\n" END);
    write_texts("ca.d/inner/four.pem", PEM("Root 4"), "");
    make_link("one.pem", "ca.d/0a1b2c3d.0");
    make_link("../elsewhere.pem", "ca.d/0a1b2c3d.1");
    make_link("gone.pem", "ca.d/dangling");
    make_link("loop", "ca.d/loop");
    store = must_read("ca.d");
    assert_int_equal(trust_store_count(store), 2);
    assert_int_equal(trust_store_find(store, "Root 1", NOW), ANCHOR_PRESENT);
    assert_int_equal(trust_store_find(store, "Root 2", NOW), ANCHOR_PRESENT);
    assert_int_equal(trust_store_find(store, "Root 3", NOW), ANCHOR_MISSING);
    assert_int_equal(trust_store_find(store, "Root 4", NOW), ANCHOR_MISSING);
    trust_store_free(store);
    remove_folder("ca.d/inner");
    remove_folder("ca.d");
}

static void folder__without_certificates__empty_and_no_error(void **state)
{
    struct trust_store *store;

    (void)state;
    make_folder("none.d");
    store = must_read("none.d");
    assert_int_equal(trust_store_count(store), 0);
    assert_int_equal(trust_store_find(store, "Root 1", NOW), ANCHOR_MISSING);
    trust_store_free(store);
}

static void folder__more_bytes_than_the_bound__error(void **state)
{
    struct why why = { "" };
    char name[32];

    (void)state;
    make_folder("bytes.d");
    for (int i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof(name), "bytes.d/%d.pem", i);
        conf_write(name, SPAN(""));
        assert_int_equal(truncate(name, 16 << 20), 0);
    }
    assert_null(trust_store_read("bytes.d", &why));
    assert_string_equal(why.text, "more than 67108864 bytes in the folder");
    remove_folder("bytes.d");
}

static void folder__fifo_in_it__does_not_hold_up(void **state)
{
    struct trust_store *store;

    (void)state;
    make_folder("fifo.d");
    (void)unlink("fifo.d/pipe");
    assert_int_equal(mkfifo("fifo.d/pipe", 0600), 0);
    write_texts("fifo.d/root.pem", PEM("Root 1"), "");
    store = must_read("fifo.d");
    assert_int_equal(trust_store_count(store), 1);
    trust_store_free(store);
    remove_folder("fifo.d");
}

static void folder_files__names_of_all_kinds__regular_files_once(void **state)
{
    struct folder_files files;
    struct why why = { "" };

    (void)state;
    make_folder("files.d");
    conf_write("files.d/a", SPAN("1234"));
    conf_write("files.d/large", SPAN("12345"));
    assert_int_equal(mkfifo("files.d/pipe", 0600), 0);
    make_link("a", "files.d/b");
    assert_int_equal(link("files.d/a", "files.d/c"), 0);
    assert_true(folder_files_find(&files, "files.d", 100, 4, &why));
    assert_int_equal(files.count, 1);
    folder_files_release(&files);
    assert_true(folder_files_find(&files, "files.d", 100, 5, &why));
    assert_int_equal(files.count, 2);
    folder_files_release(&files);
    /* Seven names: ".", ".." and five of ours. */
    assert_true(folder_files_find(&files, "files.d", 7, 5, &why));
    folder_files_release(&files);
    assert_false(folder_files_find(&files, "files.d", 6, 5, &why));
    assert_string_equal(why.text, "more than 6 files in the folder");
    folder_files_release(&files);
    remove_folder("files.d");
    assert_false(folder_files_find(&files, "files.d", 6, 5, &why));
    assert_string_equal(why.text, "cannot open the folder: No such file or directory");
    folder_files_release(&files);
}

/* ---- OpenSSL's own -------------------------------------------------------------------------- */

static void default__environment__its_file_and_its_folders(void **state)
{
    struct trust_store *store;

    (void)state;
    make_folder("first.d");
    make_folder("second.d");
    write_texts("first.d/a.pem", PEM("Root 1"), "");
    write_texts("second.d/b.pem", PEM("Root 2"), "");
    write_texts("own.pem", PEM("Root 3"), "");
    assert_int_equal(setenv("SSL_CERT_FILE", "own.pem", 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", "first.d:missing.d::second.d", 1), 0);
    store = must_read(NULL);
    assert_int_equal(trust_store_count(store), 3);
    assert_string_equal(trust_store_default_folder(), "first.d:missing.d::second.d");
    trust_store_free(store);

    assert_int_equal(setenv("SSL_CERT_FILE", "missing.pem", 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", "missing.d", 1), 0);
    store = must_read(NULL);
    assert_int_equal(trust_store_count(store), 0);
    trust_store_free(store);
    assert_int_equal(unsetenv("SSL_CERT_FILE") + unsetenv("SSL_CERT_DIR"), 0);
    assert_string_not_equal(trust_store_default_folder(), "missing.d");
    remove_folder("first.d");
    remove_folder("second.d");
}

/* ---- damage --------------------------------------------------------------------------------- */

static void read__any_damage__no_crash(void **state)
{
    char text[TEXT_SIZE];
    unsigned seed = 4711;
    size_t length;

    (void)state;
    (void)pem_of("Example Root R1", text);
    length = strlen(text);
    for (int round = 0; round < 2000; round++) {
        struct trust_store *store;
        size_t at;
        char kept;

        seed = seed * 1103515245 + 12345;
        at = (seed >> 8) % length;
        kept = text[at];
        text[at] = (char)(seed >> 24);
        conf_write("damaged.pem", (struct span){ text, round % 3 == 0 ? at : length });
        store = trust_store_read("damaged.pem", NULL);
        assert_true(store == NULL || trust_store_count(store) == 1);
        trust_store_free(store);
        text[at] = kept;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file__several_certificates__each_is_found_by_its_common_name),
        cmocka_unit_test(file__same_certificate_twice__counted_once),
        cmocka_unit_test(file__two_certificates_of_one_name__both_counted),
        cmocka_unit_test(file__other_blocks_and_text_between__passed_over),
        cmocka_unit_test(file__what_openssl_would_not_take__error),
        cmocka_unit_test(file__good_certificate_before_a_damaged_one__error),
        cmocka_unit_test(file__missing_or_no_file__error),
        cmocka_unit_test(file__larger_than_the_bound__error),
        cmocka_unit_test(name__what_a_certificate_may_have__first_common_name_in_utf8),
        cmocka_unit_test(dates__one_certificate__both_ends_count),
        cmocka_unit_test(dates__one_of_the_name_expired_and_one_not__present),
        cmocka_unit_test(dates__far_from_1970__told),
        cmocka_unit_test(folder__links_bundles_and_rubbish__each_certificate_once),
        cmocka_unit_test(folder__without_certificates__empty_and_no_error),
        cmocka_unit_test(folder__more_bytes_than_the_bound__error),
        cmocka_unit_test(folder__fifo_in_it__does_not_hold_up),
        cmocka_unit_test(folder_files__names_of_all_kinds__regular_files_once),
        cmocka_unit_test(default__environment__its_file_and_its_folders),
        cmocka_unit_test(read__any_damage__no_crash),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
