/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/postfix_*: what is doubtful about TLS, certificates, pins and what stands in
 * front of smtpd(8), and what to type. */
#include "tests/unit/postfix_case.h"

#define TYPE_FEED                                                      \
    "postconf -e 'smtpd_sender_restrictions = check_policy_service { " \
    "unix:forcetls/policy.sock, timeout=5s, default_action=DUNNO }"

static void tls__not_offered_or_without_certificate__named(void **state)
{
    static const struct postfix_row rows[] = {
        POSTFIX_MAIN(ENCRYPT, "smtpd_tls_security_level = none\n",
                     "tls-not-offered | main.cf | postconf -e 'smtpd_tls_security_level = may'\n"),
        POSTFIX_MAIN(ENCRYPT, "smtpd_tls_security_level =\n",
                     "tls-not-offered | main.cf | postconf -e 'smtpd_tls_security_level = may'\n"),
        POSTFIX_MAIN(ENCRYPT, "smtpd_tls_security_level =\nsmtpd_use_tls = yes\n", ""),
        POSTFIX_MASTER(ENCRYPT, NULL, "smtp/inet/smtpd_tls_security_level = none\n",
                       "tls-not-offered | master.cf smtp/inet | postconf -P "
                       "'smtp/inet/smtpd_tls_security_level=may'\n"),
        POSTFIX_MASTER(ENCRYPT, POSTFIX_SERVICE("465", "inet", "y", "smtpd"),
                       "465/inet/smtpd_tls_wrappermode = yes\n"
                       "465/inet/smtpd_tls_security_level = none\n",
                       ""),
        POSTFIX_MAIN(
            ENCRYPT, "smtpd_tls_cert_file =\n",
            "no-server-certificate | main.cf | # a file with this server's private key, then its "
            "certificate, then the chain: // postconf -e 'smtpd_tls_chain_files = "
            "/etc/postfix/key-and-chain.pem'\n"),
        POSTFIX_MAIN(ENCRYPT, "smtpd_tls_cert_file =\nsmtpd_tls_eccert_file = /dev/null\n", ""),
    };

    (void)state;
    POSTFIX_CHECK(rows);
}

#define TYPE_CAS                                                                             \
    "# the CAs of your partners, and no others, in PEM: // postconf -e 'smtpd_tls_CAfile = " \
    "/etc/postfix/partner-cas.pem'\n"

static void client_certificate__cannot_be_trusted__named(void **state)
{
    static const struct postfix_row rows[] = {
        POSTFIX_MAIN(SECURE, "smtpd_tls_ask_ccert = no\n",
                     "certificate-not-asked | main.cf | postconf -e 'smtpd_tls_ask_ccert = yes'\n"),
        POSTFIX_MAIN(ENCRYPT, "smtpd_tls_ask_ccert = no\nsmtpd_tls_CAfile =\n", ""),
        POSTFIX_MASTER(SECURE, POSTFIX_SUBMISSION, "submission/inet/smtpd_tls_ask_ccert = no\n",
                       ""),
        POSTFIX_MASTER(SECURE, POSTFIX_SERVICE("192.0.2.1:465", "inet", "y", "smtpd"),
                       "192.0.2.1:465/inet/smtpd_tls_ask_ccert = no\n", ""),
        POSTFIX_MASTER(SECURE, POSTFIX_SERVICE("smtpd", "pass", "y", "smtpd"),
                       "smtpd/pass/smtpd_tls_ask_ccert = no\n",
                       "certificate-not-asked | master.cf smtpd/pass | postconf -P "
                       "'smtpd/pass/smtpd_tls_ask_ccert=yes'\n"),
        /* Only where TLS is enforced does it ask. */
        POSTFIX_MAIN(SECURE, "smtpd_tls_ask_ccert = no\nsmtpd_tls_req_ccert = yes\n",
                     "certificate-not-asked | main.cf | postconf -e 'smtpd_tls_ask_ccert = yes'\n"),
        POSTFIX_MAIN(SECURE,
                     "smtpd_tls_ask_ccert = no\nsmtpd_tls_req_ccert = yes\n"
                     "smtpd_tls_security_level = encrypt\n",
                     ""),
        POSTFIX_MAIN(SECURE, "smtpd_tls_CAfile =\n", "no-client-ca | main.cf | " TYPE_CAS),
        POSTFIX_MAIN(SECURE, "smtpd_tls_CAfile =\nsmtpd_tls_CApath = /etc/postfix/cas\n", ""),
        POSTFIX_MAIN(PINS, "smtpd_tls_CAfile =\n", ""),
        POSTFIX_MAIN(SECURE, "smtpd_tls_CAfile = /nowhere/cas.pem\n",
                     "client-ca-missing | main.cf | # write the CAs of your partners, in PEM, into "
                     "/nowhere/cas.pem\n"),
        POSTFIX_MAIN(ENCRYPT, "smtpd_tls_CAfile = /nowhere/cas.pem\n",
                     "client-ca-missing | main.cf | postconf -e 'smtpd_tls_CAfile ='\n"),
        POSTFIX_MAIN(VERIFY, "smtpd_tls_CAfile =\nsmtpd_tls_CApath = /etc/ssl/certs\n",
                     "public-client-ca | main.cf | postconf -e 'smtpd_tls_CApath =' // " TYPE_CAS),
        POSTFIX_MAIN(SECURE, "smtpd_tls_CAfile =\nsmtpd_tls_CApath = /etc/ssl/certs\n", ""),
        POSTFIX_MAIN(VERIFY, "tls_append_default_CA = yes\n",
                     "default-ca-appended | main.cf | postconf -e 'tls_append_default_CA = no'\n"),
        POSTFIX_MAIN(
            SECURE, "tls_append_default_CA = yes\n",
            "(default-ca-appended) | main.cf | postconf -e 'tls_append_default_CA = no'\n"),
    };

    (void)state;
    POSTFIX_CHECK(rows);
}

#define SENDERS(list) "smtpd_sender_restrictions = " list "\n"
#define FEED "check_policy_service { unix:forcetls/policy.sock, timeout=5s, default_action=DUNNO }"

static void policy_service__not_as_it_has_to_be__named(void **state)
{
    static const struct postfix_row rows[] = {
        POSTFIX_MAIN(PINS, SENDERS(""), "policy-service-missing | main.cf | " TYPE_FEED "'\n"),
        POSTFIX_MAIN(SECURE, SENDERS(""), ""),
        POSTFIX_MAIN(PINS, SENDERS("permit_mynetworks, reject"),
                     "policy-service-missing | main.cf | " TYPE_FEED
                     ", permit_mynetworks, reject'\n"),
        POSTFIX_MAIN(PINS, SENDERS("permit_mynetworks " FEED ", reject"),
                     "policy-service-not-first | main.cf | " TYPE_FEED
                     ", permit_mynetworks, reject'\n"),
        POSTFIX_MAIN(
            PINS,
            SENDERS("check_policy_service { unix:/run/forcetls/policy.sock, default_action=DUNNO "
                    "}, reject"),
            "policy-service-elsewhere | main.cf | postconf -e 'smtpd_sender_restrictions = "
            "check_policy_service { unix:forcetls/policy.sock, default_action=DUNNO }, reject'\n"),
        POSTFIX_MAIN(
            PINS,
            SENDERS("check_policy_service { unix:/var/spool/postfix/forcetls/policy.sock, "
                    "default_action=DUNNO }"),
            "policy-service-unreachable | main.cf | postconf -e 'smtpd_sender_restrictions = "
            "check_policy_service { unix:forcetls/policy.sock, default_action=DUNNO }'\n"),
        POSTFIX_MAIN(
            PINS, SENDERS("check_policy_service unix:forcetls/policy.sock, reject"),
            "policy-service-default-action | main.cf | postconf -e 'smtpd_sender_restrictions = "
            "check_policy_service { unix:forcetls/policy.sock, default_action=DUNNO }, reject'\n"),
        POSTFIX_MAIN(
            PINS,
            SENDERS("check_policy_service unix:forcetls/policy.sock") "smtpd_policy_service_"
                                                                      "default_action = DUNNO\n",
            ""),
        /* Another service, and another list. */
        POSTFIX_MAIN(PINS, SENDERS("check_policy_service inet:127.0.0.1:10023"),
                     "policy-service-missing | main.cf | " TYPE_FEED
                     ", check_policy_service inet:127.0.0.1:10023'\n"),
        POSTFIX_MAIN(PINS, SENDERS("") "smtpd_recipient_restrictions = " FEED ", reject\n", ""),
        POSTFIX_MAIN(
            PINS, SENDERS("") "smtpd_recipient_restrictions = permit_mynetworks " FEED "\n",
            "policy-service-not-first | main.cf | postconf -e 'smtpd_recipient_restrictions = " FEED
            ", permit_mynetworks'\n"),
        POSTFIX_MASTER(PINS, POSTFIX_SUBMISSION, "submission/inet/smtpd_sender_restrictions =\n",
                       ""),
        { POSTFIX_CONF_PINS,
          { NULL, NULL, POSTFIX_SERVICE("smtpd", "pass", "y", "smtpd"),
            "smtpd/pass/smtpd_sender_restrictions = reject\n",
            "smtpd/pass/smtpd_sender_restrictions = $own\n" },
          "policy-service-missing | master.cf smtpd/pass | postconf -e "
          "'smtpd_pass_smtpd_sender_restrictions = " FEED
          ", $own' // postconf -P 'smtpd/pass/smtpd_sender_restrictions="
          "$smtpd_pass_smtpd_sender_restrictions'\n" },
        POSTFIX_MAIN(PINS, "smtpd_delay_reject = no\n",
                     "delay-reject | main.cf | postconf -e 'smtpd_delay_reject = yes'\n"),
        POSTFIX_MAIN(PINS,
                     "smtpd_delay_reject = no\n" SENDERS("") "smtpd_recipient_restrictions = " FEED
                                                             "\n",
                     ""),
        POSTFIX_MAIN(PINS, "smtpd_tls_fingerprint_digest = md5\n",
                     "fingerprint-digest | main.cf | postconf -e 'smtpd_tls_fingerprint_digest = "
                     "sha256'\n"),
    };

    (void)state;
    POSTFIX_CHECK(rows);
}

static void front__somebody_else_speaks_for_the_client__named(void **state)
{
    static const struct postfix_row rows[] = {
        POSTFIX_MAIN(ENCRYPT, "smtpd_authorized_xclient_hosts = 192.0.2.1\n",
                     "xclient | main.cf | postconf -e 'smtpd_authorized_xclient_hosts ='\n"),
        POSTFIX_MAIN(
            ENCRYPT, "smtpd_upstream_proxy_protocol = haproxy\n",
            "(proxy-protocol) | main.cf | # haproxy.cfg: mode tcp, and no ssl in its bind line\n"),
        { POSTFIX_CONF_ENCRYPT,
          { "postscreen_upstream_proxy_protocol = haproxy\n", NULL,
            POSTFIX_SERVICE("25", "inet", "y", "postscreen"), NULL, NULL },
          "(proxy-protocol) | main.cf | # haproxy.cfg: mode tcp, and no ssl in its bind line\n" },
        POSTFIX_MASTER(ENCRYPT, POSTFIX_SERVICE("628", "inet", "n", "qmqpd"), NULL, ""),
        { POSTFIX_CONF_ENCRYPT,
          { "qmqpd_authorized_clients = 192.0.2.1\n", NULL,
            POSTFIX_SERVICE("628", "inet", "n", "qmqpd"), NULL, NULL },
          "qmqpd | master.cf 628/inet | postconf -M# '628/inet'\n" },
    };

    (void)state;
    POSTFIX_CHECK(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls__not_offered_or_without_certificate__named),
        cmocka_unit_test(client_certificate__cannot_be_trusted__named),
        cmocka_unit_test(policy_service__not_as_it_has_to_be__named),
        cmocka_unit_test(front__somebody_else_speaks_for_the_client__named),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
