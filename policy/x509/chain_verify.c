/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "policy/x509/chain_checks.h"
#include "policy/x509/chain_errors.h"
#include "policy/x509/chain_inside.h"
#include "policy/x509/details.h"

/* RSA and DH of 2048 bits, SHA-224 (SSL_CTX_set_security_level(3)). */
#define SECURITY_LEVEL 2

/* STRICT: RFC 5280's profile. POLICY_CHECK: without it critical policy extensions would count as
 * understood and would not be acted on. */
#define FLAGS (X509_V_FLAG_X509_STRICT | X509_V_FLAG_POLICY_CHECK)

struct run {
    const struct chain *chain;
    const struct trust_anchors *anchors;
    int64_t now;
    unsigned long flags; /* beside FLAGS */
    struct chain_verdict *verdict;
};

/* By name and by signature. */
static bool is_self_signed(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    return key != NULL &&
           X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) ==
               0 &&
           X509_verify(certificate, key) == 1;
}

/* ---- what OpenSSL finds --------------------------------------------------------------------- */

/* Profile rules that roots in public use break. An anchor is trusted because it is in the store:
 * RFC 5280, 6.1.1 (d), takes no more than its name and its key. */
static bool is_old_root(const X509_STORE_CTX *context, int code)
{
    bool of_roots = code == X509_V_ERR_CA_BCONS_NOT_CRITICAL ||
                    code == X509_V_ERR_CA_CERT_MISSING_KEY_USAGE ||
                    code == X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER;

    return of_roots && is_self_signed(X509_STORE_CTX_get_current_cert(context));
}

/* RFC 5280, 4.1.2.5: a certificate is valid through notAfter; for OpenSSL it is over then. */
static bool is_last_second(const X509_STORE_CTX *context, int code, int64_t now)
{
    return code == X509_V_ERR_CERT_HAS_EXPIRED &&
           details_seconds(X509_get0_notAfter(X509_STORE_CTX_get_current_cert(context)),
                           INT64_MIN) >= now;
}

/* Takes down what is wrong and goes on, so that all of it is known. */
static int record(int good, X509_STORE_CTX *context)
{
    const struct run *run = X509_STORE_CTX_get_app_data(context);
    int code = X509_STORE_CTX_get_error(context), depth = X509_STORE_CTX_get_error_depth(context);

    if (good == 0 && !is_old_root(context, code) && !is_last_second(context, code, run->now))
        chain_errors_add_code(run->verdict, depth, code);
    return 1;
}

static bool prepare(X509_STORE_CTX *context, struct run *run)
{
    STACK_OF(X509) *sent = run->chain->certificates;
    X509_VERIFY_PARAM *parameters;

    if (X509_STORE_CTX_init(context, run->anchors->store, sk_X509_value(sent, 0), sent) != 1 ||
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER) != 1 ||
        X509_STORE_CTX_set_app_data(context, run) != 1)
        return false;
    X509_STORE_CTX_set_verify_cb(context, record);
    parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_auth_level(parameters, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_depth(parameters, CHAIN_MOST);
    X509_VERIFY_PARAM_set_time(parameters, (time_t)run->now);
    return X509_VERIFY_PARAM_add0_policy(parameters, OBJ_nid2obj(NID_any_policy)) == 1 &&
           X509_VERIFY_PARAM_set_flags(parameters, FLAGS | run->flags) == 1;
}

/* ---- what it does not look at --------------------------------------------------------------- */

static void check_link(const struct chain_link *link, X509 *leaf, struct chain_verdict *verdict)
{
    chain_check_strength(link, verdict);
    chain_check_profile(link, verdict);
    chain_check_extensions(link, verdict);
    if (link->depth == 0)
        chain_check_leaf(link, verdict);
    else
        chain_check_constraints(link, leaf, verdict);
}

/* Of the certificates that are no CA's, a self-signed one in the trust store is its own anchor, as
 * it is for MTAs. With PARTIAL_CHAIN OpenSSL would take any other, too; a pin is for those. */
static bool is_trusted_by_itself(const X509_STORE_CTX *context, int count)
{
    X509 *leaf = X509_STORE_CTX_get0_cert(context);

    return X509_STORE_CTX_get_num_untrusted(context) == 0 && !(count == 1 && is_self_signed(leaf));
}

static void check_links(const X509_STORE_CTX *context, struct chain_verdict *verdict)
{
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(context);
    int count = sk_X509_num(path);

    if (is_trusted_by_itself(context, count))
        chain_errors_add(verdict, 0, CHAIN_UNKNOWN_ISSUER,
                         "the trust store has the server's own certificate and not its issuer's");
    for (int i = 0; i < count; i++) {
        struct chain_link link = { .certificate = sk_X509_value(path, i), .depth = i };

        link.self_signed = is_self_signed(link.certificate);
        link.anchor = i == count - 1 && i >= X509_STORE_CTX_get_num_untrusted(context);
        check_link(&link, sk_X509_value(path, 0), verdict);
    }
}

/* ---- the anchor ----------------------------------------------------------------------------- */

/* A name that is no text, that has a NUL in it or that is too long to be given whole is not given.
 */
static void tell_anchor_name(const X509 *anchor, struct chain_verdict *verdict)
{
    const X509_NAME *subject = X509_get_subject_name(anchor);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    size_t length;
    char *text;
    bool sound;

    if (index < 0)
        return;
    text = details_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)), &length,
                        &sound);
    if (text != NULL && sound && length < sizeof(verdict->anchor) && strlen(text) == length) {
        memcpy(verdict->anchor, text, length + 1);
        verdict->has_anchor_name = true;
    }
    free(text);
}

static void tell_anchor(const X509_STORE_CTX *context, struct chain_verdict *verdict)
{
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(context);
    const X509 *anchor = sk_X509_value(path, sk_X509_num(path) - 1);

    if (!details_fingerprint(anchor, &verdict->anchor_fingerprint))
        chain_errors_add(verdict, 0, CHAIN_OTHER, "out of memory");
    else
        tell_anchor_name(anchor, verdict);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void verify_in(X509_STORE_CTX *context, struct run *run)
{
    struct chain_verdict *verdict = run->verdict;

    if (!prepare(context, run)) {
        chain_errors_add(verdict, 0, CHAIN_OTHER, "out of memory");
        return;
    }
    /* the cause first: for one whose extensions it cannot read, OpenSSL finds no issuer */
    chain_check_extensions(
        &(struct chain_link){ X509_STORE_CTX_get0_cert(context), 0, false, false }, verdict);
    if (X509_verify_cert(context) != 1 && verdict->trusted)
        chain_errors_add_code(verdict, 0, X509_STORE_CTX_get_error(context));
    check_links(context, verdict);
    if (verdict->trusted)
        tell_anchor(context, verdict);
}

static void verify(const struct run *settings, unsigned long flags, struct chain_verdict *verdict)
{
    struct run run = *settings;
    X509_STORE_CTX *context = X509_STORE_CTX_new();

    run.flags = flags;
    run.verdict = verdict;
    *verdict = (struct chain_verdict){ .trusted = true };
    if (context == NULL)
        chain_errors_add(verdict, 0, CHAIN_OTHER, "out of memory");
    else
        verify_in(context, &run);
    X509_STORE_CTX_free(context);
}

static bool has_error(const struct chain_verdict *verdict, enum chain_error error)
{
    for (size_t i = 0; i < verdict->error_count; i++) {
        if (verdict->errors[i].error == error)
            return true;
    }
    return false;
}

/* The way to a root first. Where the trust store has none, a CA in it is an anchor, whoever issued
 * it (as it is for Postfix's tafile). OpenSSL would stop at such a CA, too, where the store has its
 * root, and that root's name is the one that is asked for. */
static void find_anchor(const struct run *settings, struct chain_verdict *verdict)
{
    verify(settings, 0, verdict);
    if (has_error(verdict, CHAIN_UNKNOWN_ISSUER) || has_error(verdict, CHAIN_UNTRUSTED_ROOT))
        verify(settings, X509_V_FLAG_PARTIAL_CHAIN, verdict);
}

void chain_verify(const struct chain *chain, const struct trust_anchors *anchors, const char *host,
                  int64_t now, struct chain_verdict *verdict)
{
    struct run settings = { .chain = chain, .anchors = anchors, .now = now };

    if (chain->count == 0) {
        *verdict = (struct chain_verdict){ .trusted = false };
        chain_errors_add(verdict, 0, CHAIN_NO_CERTIFICATE, "no certificate was sent");
        return;
    }
    ERR_clear_error();
    find_anchor(&settings, verdict);
    if (chain->cut && has_error(verdict, CHAIN_UNKNOWN_ISSUER))
        chain_errors_add(verdict, CHAIN_MOST, CHAIN_TOO_LONG,
                         "certificates beyond the tenth were not looked at");
    if (host != NULL)
        verdict->names_ok = chain_check_name(sk_X509_value(chain->certificates, 0), host, verdict);
    ERR_clear_error();
}
