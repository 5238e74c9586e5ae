/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/postfix_*: whether forcetls is asked about mail that comes in, and what to
 * type. */
#include "tests/unit/postfix_case.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/postfix_check.h"

#define TYPE_MILTER "postconf -e 'smtpd_milters = unix:forcetls/milter.sock'\n"
#define OTHER "inet:127.0.0.1:8891"

static void debian_default__with_readme_lines__nothing(void **state)
{
    static const struct postfix_row rows[] = {
        POSTFIX_MAIN(ENCRYPT, NULL, ""),
        POSTFIX_MAIN(SECURE, NULL, ""),
        POSTFIX_MAIN(VERIFY, NULL, ""),
        POSTFIX_MAIN(PINS, NULL, ""),
        { CONF_INBOUND("level = \"may\";\n"), { "smtpd_milters =\n", NULL, NULL, NULL, NULL }, "" },
    };

    (void)state;
    assert_int_equal(postfix_case_check(rows, ROWS(rows), POSTFIX_3_7), 0);
    assert_int_equal(postfix_case_check(rows, ROWS(rows), POSTFIX_3_10), 0);
}

static void milter__not_there__named_with_what_was_there_kept(void **state)
{
    static const struct postfix_row rows[] = {
        POSTFIX_MAIN(ENCRYPT, "smtpd_milters =\n", "milter-not-attached | main.cf | " TYPE_MILTER),
        POSTFIX_MAIN(ENCRYPT, "smtpd_milters = " OTHER "\n",
                     "milter-not-attached | main.cf | postconf -e 'smtpd_milters = "
                     "unix:forcetls/milter.sock, " OTHER "'\n"),
        { POSTFIX_CONF_ENCRYPT,
          { "smtpd_milters = " OTHER "\n", "smtpd_milters = $filters\n", NULL, NULL, NULL },
          "milter-not-attached | main.cf | postconf -e 'smtpd_milters = "
          "unix:forcetls/milter.sock, $filters'\n" },
        /* A second smtpd without it, and one that is hidden from other hosts. */
        POSTFIX_MASTER(ENCRYPT, POSTFIX_SUBMISSION, "submission/inet/smtpd_milters =\n",
                       "milter-not-attached | master.cf submission/inet | postconf -P "
                       "'submission/inet/smtpd_milters=unix:forcetls/milter.sock'\n"),
        { "inbound_exempt_authenticated = true;\n" POSTFIX_CONF_ENCRYPT,
          { NULL, NULL, POSTFIX_SUBMISSION, "submission/inet/smtpd_milters =\n", NULL },
          "(milter-not-attached) | master.cf submission/inet | postconf -P "
          "'submission/inet/smtpd_milters=unix:forcetls/milter.sock'\n" },
        POSTFIX_MAIN(ENCRYPT, "smtpd_milters = disable\n",
                     "milter-not-attached | main.cf | " TYPE_MILTER),
        POSTFIX_MASTER(
            ENCRYPT, POSTFIX_SUBMISSION, "submission/inet/smtpd_milters = " OTHER " inet:h:1\n",
            "milter-not-attached | master.cf submission/inet | postconf -P "
            "'submission/inet/smtpd_milters=unix:forcetls/milter.sock," OTHER ",inet:h:1'\n"),
        POSTFIX_MASTER(ENCRYPT, POSTFIX_SUBMISSION,
                       "submission/inet/smtpd_milters = { " OTHER ", protocol=6 }\n",
                       "milter-not-attached | master.cf submission/inet | postconf -e "
                       "'submission_inet_smtpd_milters = unix:forcetls/milter.sock, { " OTHER
                       ", protocol=6 }' // postconf -P "
                       "'submission/inet/smtpd_milters=$submission_inet_smtpd_milters'\n"),
        POSTFIX_MASTER(ENCRYPT, POSTFIX_REINJECT, "127.0.0.1:10025/inet/smtpd_milters =\n", ""),
        POSTFIX_MASTER(ENCRYPT,
                       POSTFIX_SERVICE("[::1]:10025", "inet", "n", "/usr/lib/postfix/sbin/smtpd"),
                       "[::1]:10025/inet/smtpd_milters =\n", ""),
        /* All of its own: main.cf does not matter. */
        { POSTFIX_CONF_ENCRYPT,
          { "smtpd_milters =\n", NULL, NULL,
            "smtp/inet/smtpd_milters = unix:forcetls/milter.sock\n", NULL },
          "" },
        /* The loopback alone. */
        POSTFIX_MAIN(ENCRYPT, "smtpd_milters =\ninet_interfaces = loopback-only\n", ""),
        POSTFIX_MAIN(ENCRYPT, "smtpd_milters =\ninet_interfaces = 127.0.0.1, [::1]\n", ""),
        POSTFIX_MAIN(ENCRYPT, "smtpd_milters =\ninet_interfaces = 127.0.0.1, 192.0.2.1\n",
                     "milter-not-attached | main.cf | " TYPE_MILTER),
        /* A proxy on the loopback lets others in. */
        POSTFIX_MASTER(
            ENCRYPT, POSTFIX_REINJECT,
            "127.0.0.1:10025/inet/smtpd_milters =\n"
            "127.0.0.1:10025/inet/smtpd_upstream_proxy_protocol = haproxy\n",
            "milter-not-attached | master.cf 127.0.0.1:10025/inet | postconf -P "
            "'127.0.0.1:10025/inet/smtpd_milters=unix:forcetls/milter.sock'\n"
            "(proxy-protocol) | master.cf 127.0.0.1:10025/inet | # haproxy.cfg: mode tcp, and "
            "no ssl in its bind line\n"),
    };

    (void)state;
    POSTFIX_CHECK(rows);
}

static void milter__socket_of_another_name__named(void **state)
{
    static const struct postfix_row rows[] = {
        POSTFIX_MAIN(ENCRYPT, "smtpd_milters = unix:/var/spool/postfix/forcetls/milter.sock\n",
                     "milter-unreachable | main.cf | " TYPE_MILTER),
        POSTFIX_MAIN(ENCRYPT, "smtpd_milters = unix:/forcetls/milter.sock\n",
                     ""), /* inside the chroot */
        POSTFIX_MAIN(ENCRYPT,
                     "smtpd_milters = " OTHER ", unix:/run/forcetls/milter.sock inet:h:1\n",
                     "milter-elsewhere | main.cf | postconf -e 'smtpd_milters = " OTHER
                     ", unix:forcetls/milter.sock inet:h:1'\n"),
        POSTFIX_MAIN(
            ENCRYPT,
            "smtpd_milters = { unix:/run/forcetls/milter.sock, default_action=shutdown }\n",
            "milter-elsewhere | main.cf | postconf -e 'smtpd_milters = { "
            "unix:forcetls/milter.sock, default_action=shutdown }'\n"),
        POSTFIX_MAIN(ENCRYPT, "smtpd_milters = local:forcetls/milter.sock\n", ""),
        /* A service that is not chrooted, and both kinds together. */
        POSTFIX_MASTER(ENCRYPT, POSTFIX_SERVICE("26", "inet", "n", "smtpd"),
                       "26/inet/smtpd_milters = unix:/var/spool/postfix/forcetls/milter.sock\n",
                       ""),
        { POSTFIX_CONF_ENCRYPT,
          { "smtpd_milters = unix:/forcetls/milter.sock\n", NULL,
            POSTFIX_SERVICE("26", "inet", "n", "smtpd"), NULL, NULL },
          "milter-unreachable | main.cf | " TYPE_MILTER },
        /* A socket that no chrooted smtpd can reach by any name. */
        { "milter_socket = \"unix:/run/forcetls/milter.sock\";\n" CONF_INBOUND(
              "level = \"encrypt\";\n"),
          { "smtpd_milters = unix:/run/forcetls/milter.sock\n", NULL, NULL, NULL, NULL },
          "milter-unreachable | main.cf | install -d -o root -g postfix -m 2750 "
          "'/var/spool/postfix/forcetls' // # forcetls.conf: milter_socket = "
          "\"unix:/var/spool/postfix/forcetls/milter.sock\"; then restart forcetls-milter "
          "// " TYPE_MILTER },
        { "milter_socket = \"inet:8899@127.0.0.1\";\n" CONF_INBOUND("level = \"encrypt\";\n"),
          { "smtpd_milters =\n", NULL, NULL, NULL, NULL },
          "milter-not-attached | main.cf | postconf -e 'smtpd_milters = inet:127.0.0.1:8899'\n" },
        { "milter_socket = \"inet6:8899@::1\";\n" CONF_INBOUND("level = \"encrypt\";\n"),
          { "smtpd_milters = inet:[2001:db8::1]:8899\n", NULL, NULL, NULL, NULL },
          "milter-elsewhere | main.cf | postconf -e 'smtpd_milters = inet:[::1]:8899'\n" },
        { "milter_socket = \"inet:8899@0.0.0.0\";\n" CONF_INBOUND("level = \"encrypt\";\n"),
          { "smtpd_milters = inet:192.0.2.1:8899\n", NULL, NULL, NULL, NULL },
          "" },
    };

    (void)state;
    POSTFIX_CHECK(rows);
}

static void no_milters__beside_the_loopback__named(void **state)
{
    static const struct postfix_row rows[] = {
        POSTFIX_MAIN(ENCRYPT, "receive_override_options = no_milters\n",
                     "no-milters | main.cf | postconf -e 'receive_override_options ='\n"),
        POSTFIX_MASTER(ENCRYPT, NULL,
                       "smtp/inet/receive_override_options = no_address_mappings, no_milters\n",
                       "no-milters | master.cf smtp/inet | postconf -P "
                       "'smtp/inet/receive_override_options=no_address_mappings'\n"),
        POSTFIX_MASTER(
            ENCRYPT, POSTFIX_REINJECT,
            "127.0.0.1:10025/inet/receive_override_options = no_milters,no_header_body_checks\n",
            ""),
    };

    (void)state;
    POSTFIX_CHECK(rows);
}

static void milter_default_action__lets_mail_through__named(void **state)
{
    static const struct postfix_row rows[] = {
        POSTFIX_MAIN(
            ENCRYPT, "milter_default_action = accept\n",
            "milter-default-action | main.cf | postconf -e 'milter_default_action = tempfail'\n"),
        POSTFIX_MAIN(
            ENCRYPT, "milter_default_action = quarantine\n",
            "milter-default-action | main.cf | postconf -e 'milter_default_action = tempfail'\n"),
        POSTFIX_MAIN(ENCRYPT, "milter_default_action = shutdown\n", ""),
        POSTFIX_MAIN(
            ENCRYPT, "milter_default_action = reject\n",
            "milter-fails-hard | main.cf | postconf -e 'milter_default_action = tempfail'\n"),
        POSTFIX_MAIN(ENCRYPT, "milter_macro_defaults = i=x, {cipher}=y, { auth_authen = z }\n",
                     "macro-defaults | main.cf | postconf -e 'milter_macro_defaults ='\n"),
        POSTFIX_MAIN(ENCRYPT, "milter_macro_defaults = daemon_name=x,j=y\n", ""),
        POSTFIX_MAIN(ENCRYPT, "smtpd_discard_ehlo_keywords = dsn, StartTLS\n",
                     "starttls-discarded | main.cf | postconf -e 'smtpd_discard_ehlo_keywords = "
                     "dsn'\n"),
        /* The other milters keep theirs. */
        POSTFIX_MAIN(
            ENCRYPT,
            "milter_default_action = accept\nsmtpd_milters = unix:forcetls/milter.sock " OTHER "\n",
            "milter-default-action | main.cf | postconf -e 'smtpd_milters = { "
            "unix:forcetls/milter.sock, default_action=tempfail } " OTHER "'\n"),
        POSTFIX_MAIN(
            ENCRYPT,
            "milter_default_action = accept\n"
            "smtpd_milters = { unix:forcetls/milter.sock, default_action=tempfail }, " OTHER "\n",
            ""),
        POSTFIX_MAIN(ENCRYPT,
                     "smtpd_milters = { unix:forcetls/milter.sock, { default_action = Accept } }\n",
                     "milter-default-action | main.cf | postconf -e 'smtpd_milters = { "
                     "unix:forcetls/milter.sock, { default_action = tempfail } }'\n"),
        POSTFIX_MASTER(ENCRYPT, POSTFIX_SUBMISSION,
                       "submission/inet/milter_default_action = accept\n",
                       "milter-default-action | master.cf submission/inet | postconf -P "
                       "'submission/inet/milter_default_action=tempfail'\n"),
        POSTFIX_MAIN(ENCRYPT, "milter_protocol = 2\n",
                     "milter-protocol | main.cf | postconf -e 'milter_protocol = 6'\n"),
        POSTFIX_MAIN(ENCRYPT, "smtpd_milters = { unix:forcetls/milter.sock, protocol=4 }\n",
                     "milter-protocol | main.cf | postconf -e 'smtpd_milters = { "
                     "unix:forcetls/milter.sock, protocol=6 }'\n"),
    };

    (void)state;
    POSTFIX_CHECK(rows);
}

#define MAPS(maps) "smtpd_milter_maps = " maps "\n"
#define TYPE_NO_MAPS "milter-maps | main.cf | postconf -e 'smtpd_milter_maps ='\n"

static void milter_maps__past_forcetls__named(void **state)
{
    static const struct postfix_row rows[] = {
        POSTFIX_MAIN(ENCRYPT, MAPS("inline:{ 192.0.2.1=DISABLE }"), TYPE_NO_MAPS),
        POSTFIX_MAIN(ENCRYPT, MAPS("inline:{ 127.0.0.1=DISABLE, ::1=DISABLE }"), ""),
        POSTFIX_MAIN(ENCRYPT, MAPS("inline:{ { 192.0.2.1 = " OTHER ", inet:h:1 } }"), TYPE_NO_MAPS),
        POSTFIX_MAIN(ENCRYPT,
                     MAPS("inline:{ { 192.0.2.1 = " OTHER ", unix:forcetls/milter.sock } }"), ""),
        POSTFIX_MAIN(ENCRYPT, MAPS("static:disable"), TYPE_NO_MAPS),
        POSTFIX_MAIN(ENCRYPT, MAPS("cidr:{ { 127.0.0.0/8 DISABLE }, { 192.0.2.0/24 DISABLE } }"),
                     TYPE_NO_MAPS),
        POSTFIX_MAIN(ENCRYPT, MAPS("cidr:t.cidr, texthash:t.text"),
                     "milter-maps | main.cf | sed -i -e '2s/^/#/' -e '6,8s/^/#/' 't.cidr'\n"
                     "milter-maps | main.cf | sed -i -e '1s/^/#/' 't.text'\n"),
        POSTFIX_MAIN(
            ENCRYPT, MAPS("hash:t.text, proxy:pcre:t.pcre"),
            "milter-maps | main.cf | sed -i -e '1s/^/#/' 't.text' && postmap 'hash:t.text'\n"
            "milter-maps | main.cf | sed -i -e '2s/^/#/' 't.pcre'\n"),
        POSTFIX_MAIN(
            ENCRYPT, MAPS("ldap:/etc/x.cf, cidr:/nowhere"),
            "(milter-maps) | main.cf | # with the address of a partner: // postmap -q 192.0.2.25 "
            "'ldap:/etc/x.cf'\n"
            "(milter-maps) | main.cf | # with the address of a partner: // postmap -q 192.0.2.25 "
            "'cidr:/nowhere'\n"),
        { "inbound_exempt_networks = [ \"127.0.0.0/8\", \"192.0.2.0/24\" ];\n" POSTFIX_CONF_ENCRYPT,
          { MAPS("inline:{ 192.0.2.7=DISABLE }"), NULL, NULL, NULL, NULL },
          "" },
        { "inbound_exempt_networks = [ \"127.0.0.0/8\", \"192.0.2.0/24\" ];\n" POSTFIX_CONF_ENCRYPT,
          { MAPS("cidr:{ { 192.0.2.0/23 DISABLE } }"), NULL, NULL, NULL, NULL },
          TYPE_NO_MAPS },
    };

    (void)state;
    conf_write("t.cidr", SPAN("# a comment\n192.0.2.1 DISABLE\n127.0.0.0/8\tDISABLE\n"
                              "if 10.0.0.0/8\nendif\n2001:db8::/32\n# in between\n DISABLE\n"));
    conf_write("t.text", SPAN("192.0.2.1 DISABLE\n127.0.0.1 DISABLE\n"));
    conf_write("t.pcre", SPAN("if /x y/\n/^192\\/ 0/i DISABLE\nendif\n"));
    POSTFIX_CHECK(rows);
}

static void findings__other_directory__commands_name_it(void **state)
{
    struct findings findings = { .items = NULL };
    struct postfix_settings settings;
    struct rules *rules = conf_rules(POSTFIX_CONF_ENCRYPT);
    char *text;

    (void)state;
    postfix_case_settings(&settings, POSTFIX_3_7,
                          &(struct postfix_change){ .main = "milter_protocol = 3\n" });
    settings.directory = strdup("/etc/it's here");
    postfix_check_settings(&settings, rules, NULL, NOW, &findings);
    text = postfix_case_text(&findings, "socket-");
    assert_string_equal(text, "milter-protocol | main.cf | postconf -c '/etc/it'\\''s here' -e "
                              "'milter_protocol = 6'\n");
    free(text);
    findings_release(&findings);
    postfix_settings_release(&settings);
    rules_free(rules);
}

static void checks__every_word__once(void **state)
{
    (void)state;
    for (size_t i = 0; i < postfix_check_count; i++) {
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(postfix_checks[i].word, postfix_checks[k].word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(debian_default__with_readme_lines__nothing),
        cmocka_unit_test(milter__not_there__named_with_what_was_there_kept),
        cmocka_unit_test(milter__socket_of_another_name__named),
        cmocka_unit_test(no_milters__beside_the_loopback__named),
        cmocka_unit_test(milter_default_action__lets_mail_through__named),
        cmocka_unit_test(milter_maps__past_forcetls__named),
        cmocka_unit_test(findings__other_directory__commands_name_it),
        cmocka_unit_test(checks__every_word__once),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
