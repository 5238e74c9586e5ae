/* SPDX-License-Identifier: ISC */
/*
 * Macros as Postfix and Sendmail were seen to send them, and as nobody should: what becomes of
 * them as facts. The rows are measured values.
 */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "milter/macros.h"

#define MACROS_MAX 16

struct macro {
    const char *name, *value;
};

static const char *get(void *data, const char *name)
{
    const struct macro *macro = data;

    for (; macro->name != NULL; macro++) {
        if (strcmp(macro->name, name) == 0)
            return macro->value;
    }
    return NULL;
}

static void read_mail(const struct macro *macros, bool complete, enum mta mta, enum mta *found,
                      struct mail_macros *read)
{
    struct macro_source source = { get, (void *)(uintptr_t)macros, complete };

    *found = mta;
    macros_read_mail(&source, found, read);
}

#define POSTFIX_TLS                                                           \
    { "{tls_version}", "TLSv1.3" }, { "{cipher}", "TLS_AES_256_GCM_SHA384" }, \
    {                                                                         \
        "{cipher_bits}", "256"                                                \
    }

/*
 * The state of TLS and of trust.
 */
static const struct state_case {
    const char *name;
    bool complete;
    enum mta mta;
    enum tls_state state;
    enum trust trust;
    struct macro macros[MACROS_MAX];
} states[] = {
    { "postfix: plaintext", true, MTA_POSTFIX, TLS_PLAIN, TRUST_NOT_REPORTED, { { "i", "A" } } },
    { "postfix: TLS without certificate",
      true,
      MTA_POSTFIX,
      TLS_ENCRYPTED,
      TRUST_NONE_OR_UNTRUSTED,
      { POSTFIX_TLS } },
    { "postfix: trusted certificate",
      true,
      MTA_POSTFIX,
      TLS_ENCRYPTED,
      TRUST_TRUSTED,
      { POSTFIX_TLS,
        { "{cert_subject}", "mail.partner.test" },
        { "{cert_issuer}", "Test Root CA - R1" } } },
    { "postfix: trusted certificate without a common name",
      true,
      MTA_POSTFIX,
      TLS_ENCRYPTED,
      TRUST_TRUSTED,
      { POSTFIX_TLS, { "{cert_subject}", "" }, { "{cert_issuer}", "Test Root CA - R1" } } },
    { "postfix: an empty issuer is not trust",
      true,
      MTA_POSTFIX,
      TLS_ENCRYPTED,
      TRUST_NONE_OR_UNTRUSTED,
      { POSTFIX_TLS, { "{cert_subject}", "x" }, { "{cert_issuer}", "" } } },
    { "old macro lists: nothing said is not plaintext",
      false,
      MTA_POSTFIX,
      TLS_NOT_REPORTED,
      TRUST_NOT_REPORTED,
      { { "i", "A" } } },
    { "old macro lists: postfix still says who is trusted",
      false,
      MTA_POSTFIX,
      TLS_ENCRYPTED,
      TRUST_TRUSTED,
      { POSTFIX_TLS, { "{cert_issuer}", "CA" } } },
    { "old macro lists: an unknown MTA without {verify} proves nothing",
      false,
      MTA_UNKNOWN,
      TLS_ENCRYPTED,
      TRUST_NOT_REPORTED,
      { POSTFIX_TLS, { "{cert_issuer}", "CA" } } },
    { "a full name as issuer without {verify} is no trust",
      true,
      MTA_UNKNOWN,
      TLS_ENCRYPTED,
      TRUST_NOT_REPORTED,
      { POSTFIX_TLS, { "{cert_issuer}", "/C=BE/CN=CA" } } },
    { "sendmail without {verify} is no trust",
      true,
      MTA_SENDMAIL,
      TLS_ENCRYPTED,
      TRUST_NOT_REPORTED,
      { POSTFIX_TLS, { "{cn_issuer}", "CA" }, { "{cert_issuer}", "CA" } } },
    { "sendmail: no certificate",
      true,
      MTA_SENDMAIL,
      TLS_ENCRYPTED,
      TRUST_NO_CERTIFICATE,
      { POSTFIX_TLS, { "{verify}", "NO" }, { "{cert_issuer}", "" } } },
    { "sendmail: verified",
      true,
      MTA_SENDMAIL,
      TLS_ENCRYPTED,
      TRUST_TRUSTED,
      { POSTFIX_TLS, { "{verify}", "OK" } } },
    { "sendmail: verified through DANE's word",
      true,
      MTA_SENDMAIL,
      TLS_ENCRYPTED,
      TRUST_TRUSTED,
      { POSTFIX_TLS, { "{verify}", "TRUSTED" } } },
    { "sendmail: names of an untrusted certificate are no trust",
      true,
      MTA_SENDMAIL,
      TLS_ENCRYPTED,
      TRUST_UNTRUSTED,
      { POSTFIX_TLS,
        { "{verify}", "FAIL" },
        { "{cert_issuer}", "/CN=mail.partner.test" },
        { "{cn_issuer}", "mail.partner.test" } } },
    { "sendmail: TEMP is no answer",
      true,
      MTA_SENDMAIL,
      TLS_ENCRYPTED,
      TRUST_NOT_REPORTED,
      { POSTFIX_TLS, { "{verify}", "TEMP" } } },
    { "sendmail: an unknown word is no answer",
      true,
      MTA_SENDMAIL,
      TLS_ENCRYPTED,
      TRUST_NOT_REPORTED,
      { POSTFIX_TLS, { "{verify}", "ok" } } },
    { "{verify} tells an unknown MTA to be sendmail",
      true,
      MTA_UNKNOWN,
      TLS_ENCRYPTED,
      TRUST_UNTRUSTED,
      { POSTFIX_TLS, { "{verify}", "FAIL" }, { "{cert_issuer}", "CA" } } },
    { "a certificate without TLS is a contradiction",
      true,
      MTA_POSTFIX,
      TLS_NOT_REPORTED,
      TRUST_NOT_REPORTED,
      { { "{cert_issuer}", "CA" }, { "{cert_subject}", "x" } } },
    { "empty TLS macros are plaintext",
      true,
      MTA_POSTFIX,
      TLS_PLAIN,
      TRUST_NOT_REPORTED,
      { { "{tls_version}", "" }, { "{cipher}", "" } } },
    { "a cipher alone is TLS of an unknown protocol",
      true,
      MTA_POSTFIX,
      TLS_ENCRYPTED,
      TRUST_NONE_OR_UNTRUSTED,
      { { "{cipher}", "AES128-SHA" } } },
};

static void tls_and_trust__measured_macros__facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        const struct state_case *row = &states[i];
        struct mail_macros read;
        enum mta mta;

        read_mail(row->macros, row->complete, row->mta, &mta, &read);
        if (read.tls.state != row->state || read.certificate.trust != row->trust)
            fail_msg("%s: state %d (wanted %d), trust %d (wanted %d)", row->name, read.tls.state,
                     row->state, read.certificate.trust, row->trust);
    }
}

/*
 * Values.
 */
static void assert_span(struct span got, const char *wanted)
{
    if (wanted == NULL) {
        assert_null(got.data);
        return;
    }
    assert_non_null(got.data);
    assert_int_equal(got.length, strlen(wanted));
    assert_memory_equal(got.data, wanted, got.length);
}

static void sendmail_names__encoded__decoded(void **state)
{
    static const struct macro macros[] = {
        POSTFIX_TLS,
        { "{verify}", "OK" },
        { "{cert_subject}",
          "/C=US/ST=Washington/O=Partner+20Corp/OU=gr+5CxC3+5CxB6/CN=mail.partner.test" },
        { "{cert_issuer}", "/C=BE/O=Test+20Root+20Org/CN=Test+20Root+20CA+20-+20R1" },
        { "{cn_subject}", "mail.partner.test" },
        { "{cn_issuer}", "Test+20Root+20CA+20-+20gr+C3+B6" },
        { NULL, NULL },
    };
    struct mail_macros read;
    enum mta mta;

    (void)state;
    read_mail(macros, true, MTA_SENDMAIL, &mta, &read);
    assert_span(read.certificate.subject, "mail.partner.test");
    assert_span(read.certificate.issuer, "Test Root CA - gr\xc3\xb6");
    assert_span(read.certificate.organization, "Partner Corp");
    assert_span(read.certificate.organizational_unit, "gr\xc3\xb6");
}

static void postfix_names__raw__kept(void **state)
{
    static const struct macro macros[] = {
        POSTFIX_TLS,
        { "{cert_subject}", "a+20b" },
        { "{cert_issuer}", "CA+20x" },
        { NULL, NULL },
    };
    struct mail_macros read;
    enum mta mta;

    (void)state;
    read_mail(macros, true, MTA_POSTFIX, &mta, &read);
    assert_span(read.certificate.subject, "a+20b");
    assert_span(read.certificate.issuer, "CA+20x");
    assert_span(read.certificate.organization, NULL);
}

static const struct organization_case {
    const char *subject, *organization;
} organizations[] = {
    { "/O=Partner+20Corp", "Partner Corp" },
    /* Perhaps there was no room for it. */
    { "/C=US/CN=x", NULL },
    { "", NULL },
    { "CN=x", NULL },
    /* Which of the two is the organisation cannot be told. */
    { "/O=Evil/CN=x/O=Partner+20Corp", NULL },
    { "/O=A/O=B", NULL },
    { "/OU=x/O=y", "y" },
    /* It may be a part of the common name. */
    { "/C=DE/CN=x/O=Contoso+20Ltd", NULL },
    { "/emailAddress=x/O=Contoso", NULL },
    /* OpenSSL writes \\xHH for unprintable bytes only: this is what the name really says. */
    { "/O=Contoso+5Cx20Ltd", "Contoso\\x20Ltd" },
    { "/O=gr+5CxC3+5CxB6", "gr\xc3\xb6" },
};

static void sendmail_organization__full_names__only_the_unambiguous(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(organizations) / sizeof(organizations[0]); i++) {
        struct macro macros[] = { POSTFIX_TLS,
                                  { "{verify}", "OK" },
                                  { "{cert_subject}", organizations[i].subject },
                                  { NULL, NULL } };
        struct mail_macros read;
        enum mta mta;

        read_mail(macros, true, MTA_SENDMAIL, &mta, &read);
        assert_span(read.certificate.organization, organizations[i].organization);
    }
}

static void sendmail_bad_names__stand_for_no_name(void **state)
{
    static const struct {
        const char *got, *wanted;
    } rows[] = {
        { "BadCertificateUnknown", "" },
        { "BadCertificateContainsNUL", "(bad name)" },
        { "BadCertificateTooLong", "(bad name)" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct macro macros[] = {
            POSTFIX_TLS, { "{verify}", "OK" }, { "{cn_subject}", rows[i].got }, { NULL, NULL }
        };
        struct mail_macros read;
        enum mta mta;

        read_mail(macros, true, MTA_SENDMAIL, &mta, &read);
        assert_span(read.certificate.subject, rows[i].wanted);
    }
}

static void values__absurd__unknown(void **state)
{
    char *huge = malloc(65537);
    struct macro macros[] = { { "{tls_version}", huge },
                              { "{cipher}", huge },
                              { "{cipher_bits}", "99999999999999999999" },
                              { "{cert_subject}", huge },
                              { "{cert_issuer}", huge },
                              { NULL, NULL } };
    struct mail_macros read;
    enum mta mta;

    (void)state;
    assert_non_null(huge);
    memset(huge, 'a', 65536);
    huge[65536] = '\0';
    read_mail(macros, true, MTA_POSTFIX, &mta, &read);
    assert_int_equal(read.tls.state, TLS_ENCRYPTED);
    assert_int_equal(read.tls.protocol, PROTOCOL_UNKNOWN);
    assert_int_equal(read.tls.cipher_bits, -1);
    assert_span(read.certificate.subject, "(too long)");
    free(huge);
}

static void cipher_bits__only_digits_count(void **state)
{
    static const struct {
        const char *text;
        int bits;
    } rows[] = { { "256", 256 }, { "0", 0 },    { "", -1 },     { NULL, -1 },
                 { "-1", -1 },   { "12x", -1 }, { " 128", -1 }, { "20000", -1 } };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct macro macros[] = { { "{tls_version}", "TLSv1.2" },
                                  { "{cipher_bits}", rows[i].text },
                                  { NULL, NULL } };
        struct mail_macros read;
        enum mta mta;

        read_mail(macros, true, MTA_POSTFIX, &mta, &read);
        assert_int_equal(read.tls.cipher_bits, rows[i].bits);
    }
}

static const struct fingerprint_case {
    const char *verify, *fingerprint;
    enum pin_state state;
} fingerprints[] = {
    { "FAIL",
      "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
      "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
      PIN_KNOWN },
    { "FAIL", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF", PIN_OTHER_DIGEST },
    { "FAIL", NULL, PIN_NOT_REPORTED },
    { "FAIL", "", PIN_NOT_REPORTED },
    { "NO", NULL, PIN_NO_CERTIFICATE },
};

static void sendmail_fingerprint__digests__told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(fingerprints) / sizeof(fingerprints[0]); i++) {
        struct macro macros[] = { POSTFIX_TLS,
                                  { "{verify}", fingerprints[i].verify },
                                  { "{cert_fp}", fingerprints[i].fingerprint },
                                  { NULL, NULL } };
        struct mail_macros read;
        enum mta mta;

        read_mail(macros, true, MTA_SENDMAIL, &mta, &read);
        assert_int_equal(read.certificate.fingerprint_state, fingerprints[i].state);
    }
}

/*
 * The connection.
 */
#define LOCAL_SUBMISSION                                                        \
    { "v", "Postfix 3.7.11" }, { "i", "4XqZ8l2bYz" }, { "{client_port}", "0" }, \
        { "{daemon_port}", "0" },                                               \
    {                                                                           \
        "{client_addr}", "127.0.0.1"                                            \
    }

static const struct connection_case {
    const char *name;
    bool local;
    struct macro macros[MACROS_MAX];
} connections[] = {
    { "sendmail(1) on postfix", true, { LOCAL_SUBMISSION } },
    { "an SMTP session whose port is not known",
      false,
      { LOCAL_SUBMISSION, { "{client_resolve}", "OK" } } },
    { "an SMTP session",
      false,
      { { "v", "Postfix 3.7.11" },
        { "{client_port}", "40000" },
        { "{daemon_port}", "25" },
        { "{client_addr}", "127.0.0.1" },
        { "{client_resolve}", "OK" } } },
    { "without a queue id it came by SMTP",
      false,
      { { "v", "Postfix 3.7.11" },
        { "{client_port}", "0" },
        { "{daemon_port}", "0" },
        { "{client_addr}", "127.0.0.1" } } },
    { "another client address is no local submission",
      false,
      { { "v", "Postfix 3.7.11" },
        { "i", "A" },
        { "{client_port}", "0" },
        { "{daemon_port}", "0" },
        { "{client_addr}", "192.0.2.1" } } },
    { "sendmail has no simulated sessions",
      false,
      { { "v", "8.18.1" },
        { "i", "A" },
        { "{client_port}", "0" },
        { "{daemon_port}", "0" },
        { "{client_addr}", "127.0.0.1" } } },
    { "nothing reported is not local", false, { { NULL, NULL } } },
};

static void local_submission__only_postfix_and_only_all_of_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(connections) / sizeof(connections[0]); i++) {
        struct macro_source source = { get, (void *)(uintptr_t)connections[i].macros, true };
        struct connection_macros read;

        macros_read_connection(&source, &read);
        if (read.local != connections[i].local)
            fail_msg("%s: local is %d", connections[i].name, read.local);
    }
}

static void connection__addresses_and_ports__normalised(void **state)
{
    static const struct macro macros[] = { { "v", "8.17.1.9" },
                                           { "{client_addr}", "IPv6:2001:db8::1" },
                                           { "{client_port}", "40000" },
                                           { "{daemon_addr}", "::ffff:192.0.2.25" },
                                           { "{daemon_port}", "unknown" },
                                           { "{client_name}", "mail.example" },
                                           { "{client_resolve}", "FORGED" },
                                           { NULL, NULL } };
    struct macro_source source = { get, (void *)(uintptr_t)macros, true };
    struct connection_macros read;
    char text[IP_TEXT_SIZE];

    (void)state;
    macros_read_connection(&source, &read);
    assert_int_equal(read.mta, MTA_SENDMAIL);
    ip_format(&read.client, text);
    assert_string_equal(text, "2001:db8::1");
    ip_format(&read.server, text);
    assert_string_equal(text, "192.0.2.25");
    assert_int_equal(read.client_port, 40000);
    assert_int_equal(read.server_port, 0);
    assert_string_equal(read.client_name, "mail.example");
    assert_false(read.client_name_confirmed);
}

static void lists__every_stage__fits_and_asks_for_no_tls_before_mail(void **state)
{
    char list[512];

    (void)state;
    for (int stage = 0; stage < MACRO_STAGES; stage++)
        assert_true(macros_list((enum macro_stage)stage, list, sizeof(list)));
    assert_true(macros_list(MACROS_HELO, list, sizeof(list)));
    assert_null(strstr(list, "tls"));
    assert_true(macros_list(MACROS_MAIL, list, sizeof(list)));
    assert_non_null(strstr(list, "{verify}"));
    assert_false(macros_list(MACROS_MAIL, list, 8));
}

static void lists__next_hop__asked_for_where_there_are_outbound_connectors(void **state)
{
    char list[512];

    (void)state;
    assert_true(macros_list(MACROS_RCPT, list, sizeof(list)));
    assert_string_equal(list, "i {rcpt_addr}");
    assert_true(macros_list(MACROS_RCPT_OUTBOUND, list, sizeof(list)));
    assert_string_equal(list, "i {rcpt_addr} {rcpt_mailer} {rcpt_host}");
}

static void macro__whether_it_is_read__is_told_by_the_table(void **state)
{
    static const char *const read[] = { "v",        "i",           "{cipher}",
                                        "{verify}", "{rcpt_addr}", "{rcpt_host}" };
    static const char *const not_read[] = { "", "cipher", "{i}", "{CIPHER}", "{mail_host}", "_" };

    (void)state;
    for (size_t i = 0; i < ROWS(read); i++)
        assert_true(macros_reads(span_of(read[i])));
    for (size_t i = 0; i < ROWS(not_read); i++)
        assert_false(macros_reads(span_of(not_read[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_and_trust__measured_macros__facts),
        cmocka_unit_test(sendmail_names__encoded__decoded),
        cmocka_unit_test(postfix_names__raw__kept),
        cmocka_unit_test(sendmail_organization__full_names__only_the_unambiguous),
        cmocka_unit_test(sendmail_bad_names__stand_for_no_name),
        cmocka_unit_test(values__absurd__unknown),
        cmocka_unit_test(cipher_bits__only_digits_count),
        cmocka_unit_test(sendmail_fingerprint__digests__told_apart),
        cmocka_unit_test(local_submission__only_postfix_and_only_all_of_it),
        cmocka_unit_test(connection__addresses_and_ports__normalised),
        cmocka_unit_test(lists__every_stage__fits_and_asks_for_no_tls_before_mail),
        cmocka_unit_test(lists__next_hop__asked_for_where_there_are_outbound_connectors),
        cmocka_unit_test(macro__whether_it_is_read__is_told_by_the_table),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
