/* SPDX-License-Identifier: ISC */
#include "tests/unit/chain_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

void chain_write_pem(const char *file, X509 *const *certificates)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    long length;

    for (; *certificates != NULL; certificates++)
        assert_int_equal(PEM_write_bio_X509(bio, *certificates), 1);
    length = BIO_get_mem_data(bio, &data);
    conf_write(file, (struct span){ length > 0 ? data : "", (size_t)length });
    BIO_free(bio);
}

struct chain *chain_of(X509 *const *certificates)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    struct chain *chain;

    for (; *certificates != NULL; certificates++)
        assert_true(sk_X509_push(stack, *certificates) > 0);
    chain = chain_new(stack);
    assert_non_null(chain);
    sk_X509_free(stack);
    return chain;
}

/* An empty store is an empty folder; a file without a certificate is an error. */
static struct trust_anchors *load(X509 *const *certificates)
{
    struct why why = { "" };
    struct trust_anchors *anchors;

    chain_write_pem("anchors.pem", certificates);
    if (*certificates == NULL)
        assert_int_equal(mkdir("anchors.d", 0700), 0);
    anchors = trust_anchors_load(*certificates != NULL ? "anchors.pem" : "anchors.d", &why);
    if (*certificates == NULL)
        assert_int_equal(rmdir("anchors.d"), 0);
    assert_string_equal(why.text, "");
    assert_non_null(anchors);
    return anchors;
}

void chain_verdict_of(X509 *const *sent, X509 *const *anchors, const char *host, int64_t now,
                      struct chain_verdict *verdict)
{
    struct chain *chain = chain_of(sent);
    struct trust_anchors *loaded = load(anchors);

    chain_verify(chain, loaded, host, now, verdict);
    trust_anchors_free(loaded);
    chain_free(chain);
}

/* ---- what was found ------------------------------------------------------------------------- */

static void describe(const struct chain_verdict *verdict, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < verdict->error_count; i++) {
        char word[64];

        (void)snprintf(word, sizeof(word), "%d:%s", verdict->errors[i].depth,
                       chain_error_word(verdict->errors[i].error));
        if (strstr(text, word) != NULL || strlen(text) + sizeof(word) + 2 > size)
            continue;
        (void)snprintf(text + strlen(text), size - strlen(text), "%s%s", *text != '\0' ? " " : "",
                       word);
    }
}

/* Trusted exactly where the name alone is wrong, or nothing. */
static bool is_consistent(const struct chain_verdict *verdict)
{
    bool trusted = true, named = true;

    for (size_t i = 0; i < verdict->error_count; i++) {
        if (verdict->errors[i].error == CHAIN_NAME_MISMATCH)
            named = false;
        else
            trusted = false;
        if (verdict->errors[i].text[0] == '\0')
            return false;
    }
    return verdict->trusted == trusted && verdict->names_ok == named &&
           verdict->has_anchor_name == trusted;
}

static bool has_text(const struct chain_verdict *verdict, const char *text)
{
    for (size_t i = 0; i < verdict->error_count; i++) {
        if (strcmp(verdict->errors[i].text, text) == 0)
            return true;
    }
    return false;
}

static bool is_as_expected(X509 *const *sent, X509 *const *anchors, const struct chain_row *wanted,
                           char *found, size_t size)
{
    struct chain_verdict verdict;

    chain_verdict_of(sent, anchors, wanted->host != NULL ? wanted->host : "mx1.contoso.com", NOW,
                     &verdict);
    describe(&verdict, found, size);
    return strcmp(found, wanted->expected) == 0 && is_consistent(&verdict) &&
           (wanted->text == NULL || has_text(&verdict, wanted->text));
}

void chain_check(X509 *const *sent, X509 *const *anchors, const char *expected)
{
    const struct chain_row wanted = { .expected = expected };
    char found[400];

    if (!is_as_expected(sent, anchors, &wanted, found, sizeof(found)))
        fail_msg("found '%s' instead of '%s'", found, expected);
}

unsigned chain_row_check(const struct chain_row *wanted)
{
    X509 *root = maker_make(PLACE_ROOT, &wanted->root, NULL);
    X509 *ca = maker_make(PLACE_CA, &wanted->ca, root);
    X509 *leaf = maker_make(PLACE_LEAF, &wanted->leaf, ca);
    char found[400];
    bool good = is_as_expected((X509 *[]){ leaf, ca, NULL }, (X509 *[]){ root, NULL }, wanted,
                               found, sizeof(found));

    X509_free(root);
    X509_free(ca);
    X509_free(leaf);
    return row(good, "%s: found '%s' instead of '%s'", wanted->what, found, wanted->expected);
}
