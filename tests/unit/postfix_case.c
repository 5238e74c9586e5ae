/* SPDX-License-Identifier: ISC */
#include "tests/unit/postfix_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/postfix_check.h"

/* Of "postconf -x" the parameters that are looked at; smtpd_tls_CAfile and smtpd_tls_cert_file are
 * a file that every host has. */
static const char main_3_7[] =
    "compatibility_level = 3.6\n"
    "inet_interfaces = all\n"
    "lmtp_tls_policy_maps =\n"
    "mail_owner = postfix\n"
    "milter_default_action = tempfail\n"
    "milter_protocol = 6\n"
    "postscreen_upstream_proxy_protocol =\n"
    "qmqpd_authorized_clients =\n"
    "queue_directory = /var/spool/postfix\n"
    "receive_override_options =\n"
    "relay_clientcerts =\n"
    "smtp_fallback_relay =\n"
    "smtp_tls_policy_maps =\n"
    "smtp_tls_security_level = may\n"
    "smtpd_authorized_xclient_hosts =\n"
    "smtpd_client_restrictions =\n"
    "smtpd_delay_reject = yes\n"
    "smtpd_enforce_tls = no\n"
    "smtpd_helo_restrictions =\n"
    "smtpd_milter_maps =\n"
    "smtpd_milters = unix:forcetls/milter.sock\n"
    "smtpd_policy_service_default_action = 451 4.3.5 Server configuration problem\n"
    "smtpd_recipient_restrictions =\n"
    "smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated "
    "defer_unauth_destination\n"
    "smtpd_sender_restrictions = check_policy_service { unix:forcetls/policy.sock, timeout=5s, "
    "default_action=DUNNO }\n"
    "smtpd_tls_CAfile = /dev/null\n"
    "smtpd_tls_CApath =\n"
    "smtpd_tls_ask_ccert = yes\n"
    "smtpd_tls_cert_file = /dev/null\n"
    "smtpd_tls_chain_files =\n"
    "smtpd_tls_dcert_file =\n"
    "smtpd_tls_eccert_file =\n"
    "smtpd_tls_fingerprint_digest = sha256\n"
    "smtpd_tls_req_ccert = no\n"
    "smtpd_tls_security_level = may\n"
    "smtpd_tls_wrappermode = no\n"
    "smtpd_upstream_proxy_protocol =\n"
    "smtpd_use_tls = no\n"
    "tls_append_default_CA = no\n";

/* 3.10 prints the same, and: */
static const char main_3_10[] = "tls_required_enable = yes\n";

/* Of "postconf -F" some services, the same in both. */
static const char services[] =
    POSTFIX_SERVICE("smtp", "inet", "y", "smtpd") POSTFIX_SERVICE("cleanup", "unix", "y", "cleanup")
        POSTFIX_SERVICE("proxymap", "unix", "n", "proxymap")
            POSTFIX_SERVICE("smtp", "unix", "y", "smtp")
                POSTFIX_SERVICE("relay", "unix", "y", "smtp -o syslog_name=postfix/$service_name")
                    POSTFIX_SERVICE("local", "unix", "n", "local")
                        POSTFIX_SERVICE("lmtp", "unix", "y", "lmtp");

static const char overrides[] = "relay/unix/syslog_name = postfix/relay\n";
static const char overrides_raw[] = "relay/unix/syslog_name = postfix/$service_name\n";

/* Three texts, one behind the other; each may be NULL. */
static char *append(const char *first, const char *second, const char *third)
{
    const char *parts[] = { first, second, third };
    size_t size = 1;
    char *text;

    for (size_t i = 0; i < ROWS(parts); i++)
        size += parts[i] != NULL ? strlen(parts[i]) : 0;
    text = calloc(1, size);
    assert_non_null(text);
    for (size_t i = 0; i < ROWS(parts); i++)
        strcat(text, parts[i] != NULL ? parts[i] : "");
    return text;
}

void postfix_case_settings(struct postfix_settings *settings, enum postfix_version version,
                           const struct postfix_change *change)
{
    const char *more = version == POSTFIX_3_10 ? main_3_10 : NULL;
    char *main_text = append(main_3_7, more, change->main);
    char *raw_text =
        append(main_3_7, more, change->main_raw != NULL ? change->main_raw : change->main);
    char *service_text = append(services, change->services, NULL);
    char *override_text = append(overrides, change->overrides, NULL);
    char *override_raw =
        append(overrides_raw,
               change->overrides_raw != NULL ? change->overrides_raw : change->overrides, NULL);

    assert_true(postfix_settings_parse(
        settings,
        &(struct postfix_texts){ main_text, raw_text, service_text, override_text, override_raw },
        NULL));
    free(main_text);
    free(raw_text);
    free(service_text);
    free(override_text);
    free(override_raw);
}

static void print_type(FILE *stream, const char *type)
{
    for (; *type != '\0'; type++) {
        if (*type == '\n')
            (void)fputs(" // ", stream);
        else
            (void)fputc(*type, stream);
    }
}

char *postfix_case_text(const struct findings *findings, const char *skip)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        bool note = finding->severity == SEVERITY_NOTE;

        if (skip != NULL && strncmp(finding->word, skip, strlen(skip)) == 0)
            continue;
        (void)fprintf(stream, "%s%s%s | %s | ", note ? "(" : "", finding->word, note ? ")" : "",
                      finding->where);
        print_type(stream, finding->type != NULL ? finding->type : "");
        (void)fputc('\n', stream);
    }
    assert_int_equal(fclose(stream), 0);
    return text;
}

static char *findings_of(const struct postfix_row *given, enum postfix_version version)
{
    struct findings findings = { .items = NULL };
    struct postfix_settings settings;
    struct rules *rules = conf_rules(given->conf);
    char *text;

    postfix_case_settings(&settings, version, &given->change);
    conf_write("t.conf", span_of(given->conf));
    postfix_check_settings(&settings, rules, "t.conf", NOW, &findings);
    assert_false(findings.out_of_memory);
    text = postfix_case_text(&findings, "socket-");
    findings_release(&findings);
    postfix_settings_release(&settings);
    rules_free(rules);
    return text;
}

unsigned postfix_case_check(const struct postfix_row *rows, size_t count,
                            enum postfix_version version)
{
    unsigned bad = 0;

    for (size_t i = 0; i < count; i++) {
        char *text = findings_of(&rows[i], version);

        bad += row(strcmp(text, rows[i].expected) == 0, "row %zu:\n%sand not\n%s", i, text,
                   rows[i].expected);
        free(text);
    }
    return bad;
}
