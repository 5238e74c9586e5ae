/* SPDX-License-Identifier: ISC */
/*
 * Whether smtpd(8) offers TLS, asks for a client's certificate, and whom it trusts for one.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"
#include "policy/conf/file.h"
#include "policy/x509/trust_store.h"

/* More CAs than a host's partners have. */
#define PUBLIC_COUNT 100

#define PARTNER_CAS "/etc/postfix/partner-cas.pem"

/* Where distributions have the CAs of all the world. */
static const char *const public_stores[] = {
    "/etc/ssl/certs",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
    "/usr/lib/ssl/certs",
    "/usr/lib/ssl/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/postfix/cacert.pem",
};

#define PUBLIC_STORES (sizeof(public_stores) / sizeof(public_stores[0]))

static bool is_set(const struct postfix_case *given, const struct postfix_service *service,
                   const char *name)
{
    return postfix_is_set(given->settings, service, name);
}

static bool is_yes(const struct postfix_case *given, const struct postfix_service *service,
                   const char *name)
{
    return postfix_is(given->settings, service, name, "yes");
}

/* smtpd.c, post_jail_init(): the level, or where it is empty its forerunners. */
static bool offers_tls(const struct postfix_case *given, const struct postfix_service *service)
{
    if (is_yes(given, service, "smtpd_tls_wrappermode"))
        return true;
    if (is_set(given, service, "smtpd_tls_security_level"))
        return !postfix_is(given->settings, service, "smtpd_tls_security_level", "none");
    return is_yes(given, service, "smtpd_use_tls") || is_yes(given, service, "smtpd_enforce_tls");
}

static bool enforces_tls(const struct postfix_case *given, const struct postfix_service *service)
{
    if (is_yes(given, service, "smtpd_tls_wrappermode"))
        return true;
    if (is_set(given, service, "smtpd_tls_security_level"))
        return !postfix_is(given->settings, service, "smtpd_tls_security_level", "none") &&
               !postfix_is(given->settings, service, "smtpd_tls_security_level", "may");
    return is_yes(given, service, "smtpd_enforce_tls");
}

void check_tls_offered(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "smtpd_tls_security_level";
    static const char *const others[] = { "smtpd_use_tls", "smtpd_enforce_tls", NULL };
    struct place_walk walk;
    struct place place;

    place_walk_start_all(&walk, given->settings, kind_starttls, parameter, others);
    while (place_walk_next(&walk, &place)) {
        if (!offers_tls(given, place.service))
            postfix_say(given, SEVERITY_WARNING, word, place.service,
                        command_set(given->settings, place.service, parameter, "may"),
                        "TLS is not offered (%s is '%s'): no partner's mail can pass", parameter,
                        place.value);
    }
}

/* smtpd_discard_ehlo_keywords: TLS is there, and nobody is told. */
void check_starttls_discarded(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "smtpd_discard_ehlo_keywords";
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_starttls, parameter);
    while (place_walk_next(&walk, &place)) {
        if (list_has(place.value, "starttls"))
            postfix_say(given, SEVERITY_WARNING, word, place.service,
                        command_set_free(given->settings, place.service, parameter,
                                         list_without_word(place.value, "starttls")),
                        "%s has starttls: TLS is not offered, and no partner's mail can pass",
                        parameter);
    }
}

static bool has_certificate(const struct postfix_case *given, const struct postfix_service *service)
{
    return is_set(given, service, "smtpd_tls_chain_files") ||
           is_set(given, service, "smtpd_tls_eccert_file") ||
           is_set(given, service, "smtpd_tls_dcert_file") ||
           (is_set(given, service, "smtpd_tls_cert_file") &&
            !postfix_is(given->settings, service, "smtpd_tls_cert_file", "none"));
}

/* Where they are set, smtpd_tls_chain_files are all that counts. */
static const char chain_files[] = "smtpd_tls_chain_files";
static const char *const certificate_files[] = {
    "smtpd_tls_cert_file",
    "smtpd_tls_key_file",
    "smtpd_tls_eccert_file",
    "smtpd_tls_eckey_file",
    "smtpd_tls_dcert_file",
    "smtpd_tls_dkey_file",
    NULL,
};

/* The first of some files that is not there. */
static bool find_absent(const char *list, char path[PATH_MAX])
{
    struct span element;

    while (list != NULL && list_next(&list, &element)) {
        if (*element.data != '/' || element.length >= PATH_MAX)
            continue;
        (void)snprintf(path, PATH_MAX, "%.*s", (int)element.length, element.data);
        if (access(path, F_OK) != 0 && errno == ENOENT)
            return true;
    }
    return false;
}

/* Of the server's own. */
static bool is_file_absent(const struct postfix_case *given, const struct postfix_service *service,
                           char path[PATH_MAX])
{
    if (is_set(given, service, chain_files))
        return find_absent(postfix_value(given->settings, service, chain_files), path);
    for (size_t i = 0; certificate_files[i] != NULL; i++) {
        if (find_absent(postfix_value(given->settings, service, certificate_files[i]), path))
            return true;
    }
    return false;
}

static char *type_certificate(const struct postfix_case *given,
                              const struct postfix_service *service)
{
    return command_lines(
        command_format("# a file with this server's private key, then its "
                       "certificate, then the chain:"),
        command_set(given->settings, service, chain_files, "/etc/postfix/key-and-chain.pem"));
}

/* tls_certkey.c: what cannot be loaded ends TLS, or every handshake. */
void check_server_certificate(const struct postfix_case *given, const char *word)
{
    char path[PATH_MAX];
    struct place_walk walk;
    struct place place;

    place_walk_start_all(&walk, given->settings, kind_remote, chain_files, certificate_files);
    while (place_walk_next(&walk, &place)) {
        if (!offers_tls(given, place.service))
            continue;
        if (!has_certificate(given, place.service))
            postfix_say(given, SEVERITY_WARNING, word, place.service,
                        type_certificate(given, place.service),
                        "smtpd has no certificate (%s, smtpd_tls_cert_file): TLS is not offered, "
                        "or only without one",
                        chain_files);
        else if (is_file_absent(given, place.service, path))
            postfix_say(given, SEVERITY_WARNING, word, place.service,
                        type_certificate(given, place.service),
                        "smtpd's own certificate or key, '%s', is not there: no session has TLS",
                        path);
    }
}

void check_certificate_asked(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "smtpd_tls_ask_ccert";
    static const char *const others[] = { "smtpd_tls_req_ccert", NULL };
    struct place_walk walk;
    struct place place;

    place_walk_start_all(&walk, given->settings, kind_partners, parameter, others);
    while (place_walk_next(&walk, &place)) {
        const struct postfix_service *service = place.service;

        if (is_yes(given, service, parameter) ||
            (is_yes(given, service, "smtpd_tls_req_ccert") && enforces_tls(given, service)))
            continue;
        postfix_say(given, SEVERITY_WARNING, word, service,
                    command_set(given->settings, service, parameter, "yes"),
                    "%s is '%s': no client is asked for a certificate, and connector '%s' needs "
                    "one",
                    parameter, place.value, given->needs.certificate->name);
    }
}

static char *type_partner_cas(const struct postfix_case *given,
                              const struct postfix_service *service)
{
    return command_lines(command_format("# the CAs of your partners, and no others, in PEM:"),
                         command_set(given->settings, service, "smtpd_tls_CAfile", PARTNER_CAS));
}

void check_client_ca(const struct postfix_case *given, const char *word)
{
    static const char *const others[] = { "smtpd_tls_CApath", NULL };
    struct place_walk walk;
    struct place place;

    place_walk_start_all(&walk, given->settings, kind_partners, "smtpd_tls_CAfile", others);
    while (place_walk_next(&walk, &place)) {
        if (*place.value != '\0' || is_set(given, place.service, "smtpd_tls_CApath"))
            continue;
        postfix_say(given, SEVERITY_WARNING, word, place.service,
                    type_partner_cas(given, place.service),
                    "smtpd_tls_CAfile and smtpd_tls_CApath are empty: no client's certificate is "
                    "trusted, and connector '%s' needs one",
                    given->needs.chain->name);
    }
}

static char *type_ca_there(const struct postfix_case *given, const struct place *place)
{
    if (given->needs.chain == NULL)
        return command_set(given->settings, place->service, "smtpd_tls_CAfile", "");
    return command_format("# write the CAs of your partners, in PEM, into %s", place->value);
}

/* Why OpenSSL takes nothing from it; NULL: it does, or we may not look. */
static const char *ca_problem(const char *path, struct why *why)
{
    struct trust_store *store;
    struct stat status;

    if (stat(path, &status) != 0)
        return errno == ENOENT ? "is not there" : NULL;
    if (S_ISDIR(status.st_mode))
        return "is a folder (smtpd_tls_CApath is for folders)";
    if (!file_is_readable(path, false, NULL))
        return NULL;
    store = trust_store_read(path, why);
    trust_store_free(store);
    return store == NULL ? why->text : NULL;
}

/* tls_set_ca_certificate_info(): smtpd then goes on without TLS. */
void check_client_ca_there(const struct postfix_case *given, const char *word)
{
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_remote, "smtpd_tls_CAfile");
    while (place_walk_next(&walk, &place)) {
        struct why why;
        const char *problem = *place.value != '\0' ? ca_problem(place.value, &why) : NULL;

        if (problem != NULL)
            postfix_say(given, SEVERITY_WARNING, word, place.service, type_ca_there(given, &place),
                        "smtpd_tls_CAfile '%s': %s: smtpd turns TLS off", place.value, problem);
    }
}

static bool is_public(const char *path)
{
    struct trust_store *store;
    bool large;

    for (size_t i = 0; i < PUBLIC_STORES; i++) {
        if (strcmp(path, public_stores[i]) == 0)
            return true;
    }
    store = trust_store_read(path, NULL);
    if (store == NULL)
        return false;
    large = trust_store_count(store) >= PUBLIC_COUNT;
    trust_store_free(store);
    return large;
}

static void say_public(const struct postfix_case *given, const char *word, const char *parameter,
                       bool file)
{
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_partners, parameter);
    while (place_walk_next(&walk, &place)) {
        if (*place.value == '\0' || !is_public(place.value))
            continue;
        postfix_say(given, SEVERITY_WARNING, word, place.service,
                    file ? type_partner_cas(given, place.service)
                         : command_lines(command_set(given->settings, place.service, parameter, ""),
                                         type_partner_cas(given, place.service)),
                    "%s '%s' has public CAs: anybody's certificate is trusted, and connector '%s' "
                    "(level verify) takes it for the partner's",
                    parameter, place.value, given->needs.verify->name);
    }
}

void check_client_ca_public(const struct postfix_case *given, const char *word)
{
    say_public(given, word, "smtpd_tls_CAfile", true);
    say_public(given, word, "smtpd_tls_CApath", false);
}

/* Nothing is appended to nothing. */
void check_default_ca(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "tls_append_default_CA";
    static const char *const others[] = { "smtpd_tls_CAfile", "smtpd_tls_CApath", NULL };
    struct place_walk walk;
    struct place place;

    place_walk_start_all(&walk, given->settings, kind_partners, parameter, others);
    while (place_walk_next(&walk, &place)) {
        if (!is_yes(given, place.service, parameter) ||
            (!is_set(given, place.service, "smtpd_tls_CAfile") &&
             !is_set(given, place.service, "smtpd_tls_CApath")))
            continue;
        postfix_say(given, given->needs.verify != NULL ? SEVERITY_WARNING : SEVERITY_NOTE, word,
                    place.service, command_set(given->settings, place.service, parameter, "no"),
                    "%s is 'yes': every public CA can vouch for a client beside those of your "
                    "partners",
                    parameter);
    }
}
