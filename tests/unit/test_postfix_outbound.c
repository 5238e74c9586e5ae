/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/postfix_*: what is doubtful about mail that goes out, and what to type. */
#include "tests/unit/postfix_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/cli/check/postfix_check.h"

#define SOCKET "tls_policy_socket = \"unix:/var/spool/postfix/forcetls/tls-policy.sock\";\n"
#define MAP "socketmap:unix:forcetls/tls-policy.sock:forcetls"
#define OUT(keys) SOCKET CONF_OUTBOUND(keys)
#define SECURE OUT("level = \"secure\";\n")
#define ENCRYPT OUT("level = \"encrypt\";\n")

#define MISSING(more) \
    "tls-map-missing | main.cf | postconf -e 'smtp_tls_policy_maps = " MAP more "'\n"
#define MAPS(list) "smtp_tls_policy_maps = " list "\n"

/* The map is missing in most rows: what else is there comes behind it. */
#define MAIN(conf, main, expected)                                   \
    {                                                                \
        conf, { main, NULL, NULL, NULL, NULL }, MISSING("") expected \
    }
#define CHECK(rows) assert_int_equal(postfix_case_check(rows, ROWS(rows), POSTFIX_3_7), 0)

static void tls_map__not_attached__named(void **state)
{
    static const struct postfix_row rows[] = {
        MAIN(SECURE, NULL, ""),
        { SECURE, { MAPS("hash:x"), NULL, NULL, NULL, NULL }, MISSING(", hash:x") },
        { SECURE,
          { NULL, NULL, NULL, "relay/unix/smtp_tls_policy_maps =\n", NULL },
          MISSING("") "tls-map-missing | master.cf relay/unix | postconf -P "
                      "'relay/unix/smtp_tls_policy_maps=" MAP "'\n" },
        /* Without the key of forcetls.conf. */
        { CONF_OUTBOUND("level = \"secure\";\n"),
          { NULL, NULL, NULL, NULL, NULL },
          "(tls-map-missing) | main.cf | # forcetls.conf: tls_policy_socket = "
          "\"unix:/var/spool/postfix/forcetls/tls-policy.sock\" // postconf -e "
          "'smtp_tls_policy_maps = " MAP "'\n" },
        { CONF_OUTBOUND("level = \"may\";\n"), { NULL, NULL, NULL, NULL, NULL }, "" },
        { CONF_INBOUND("level = \"encrypt\";\n") SOCKET
          "milter_socket = "
          "\"unix:/var/spool/postfix/forcetls/milter.sock\";\n",
          { NULL, NULL, NULL, NULL, NULL },
          "" },
    };

    (void)state;
    CHECK(rows);
}

static void tls_map__attached_elsewhere_or_behind__named(void **state)
{
    static const struct postfix_row rows[] = {
        {
            SECURE,
            { MAPS(MAP), NULL, NULL, NULL, NULL },
            "",
        },
        {
            SECURE,
            { MAPS("proxy:" MAP ", hash:x"), NULL, NULL, NULL, NULL },
            "",
        },
        { SECURE,
          { MAPS("hash:x, " MAP), NULL, NULL, NULL, NULL },
          "tls-map-not-first | main.cf | postconf -e "
          "'smtp_tls_policy_maps = " MAP ", hash:x'\n" },
        { SECURE,
          { MAPS("socketmap:unix:/var/spool/postfix/forcetls/tls-policy.sock:forcetls"), NULL, NULL,
            NULL, NULL },
          "tls-map-unreachable | main.cf | postconf -e "
          "'smtp_tls_policy_maps = " MAP "'\n" },
        /* proxymap(8) is not chrooted. */
        {
            SECURE,
            { MAPS("proxy:socketmap:unix:/var/spool/postfix/forcetls/tls-policy.sock:forcetls"),
              NULL, NULL, NULL, NULL },
            "",
        },
        { SECURE,
          { MAPS("socketmap:unix:/run/forcetls/tls-policy.sock:forcetls"), NULL, NULL, NULL, NULL },
          "tls-map-elsewhere | main.cf | postconf -e "
          "'smtp_tls_policy_maps = " MAP "'\n" },
        { SECURE,
          { MAPS(MAP), NULL, NULL, "relay/unix/smtp_tls_policy_maps = hash:x\n", NULL },
          "tls-map-missing | master.cf relay/unix | postconf -P "
          "'relay/unix/smtp_tls_policy_maps=" MAP ",hash:x'\n" },
        { SECURE, { "lmtp_tls_policy_maps = " MAP "\n", NULL, NULL, NULL, NULL }, MISSING("") },
    };

    (void)state;
    CHECK(rows);
}

static void fallback_relay__covered_by_no_connector__named(void **state)
{
    static const struct postfix_row rows[] = {
        MAIN(SECURE, "smtp_fallback_relay = [relay.example.org]\n",
             "fallback-relay | main.cf | postconf -e 'smtp_fallback_relay ='\n"),
        MAIN(OUT("level = \"secure\"; next_hops = [ \"[relay.example.org]:587\" ];\n"),
             "smtp_fallback_relay = [Relay.example.org]:587\n", ""),
        MAIN(OUT("level = \"secure\"; next_hops = [ \"[relay.example.org]:587\" ];\n"),
             "smtp_fallback_relay = [relay.example.org]:587 other.example\n",
             "fallback-relay | main.cf | postconf -e 'smtp_fallback_relay ='\n"),
        MAIN(SECURE, "smtp_fallback_relay = contoso.com\n", ""),
        { SECURE,
          { NULL, NULL, NULL, "relay/unix/smtp_fallback_relay = [relay.example.org]\n", NULL },
          MISSING("") "fallback-relay | master.cf relay/unix | postconf -P "
                      "'relay/unix/smtp_fallback_relay='\n" },
    };

    (void)state;
    CHECK(rows);
}

static void tls_required__where_postfix_has_it__named(void **state)
{
    static const struct postfix_row rows[] = {
        MAIN(SECURE, NULL, "tls-required | main.cf | postconf -e 'tls_required_enable = no'\n"),
        MAIN(SECURE, "tls_required_enable = no\n", ""),
    };

    (void)state;
    assert_int_equal(postfix_case_check(rows, ROWS(rows), POSTFIX_3_10), 0);
}

static void level__postfix_demands_more__named(void **state)
{
    static const struct postfix_row rows[] = {
        MAIN(ENCRYPT, "smtp_tls_security_level = dane\n",
             "stronger-level | main.cf | # forcetls.conf, connector x: level = \"secure\"\n"),
        MAIN(ENCRYPT, "smtp_tls_security_level = verify\n",
             "stronger-level | main.cf | # forcetls.conf, connector x: level = \"verify\"\n"),
        MAIN(ENCRYPT, "smtp_tls_security_level = encrypt\n", ""),
        MAIN(SECURE, "smtp_tls_security_level = dane-only\n", ""),
        { ENCRYPT,
          { NULL, NULL, NULL, "relay/unix/smtp_tls_security_level = secure\n", NULL },
          MISSING(
              "") "stronger-level | master.cf relay/unix | # forcetls.conf, connector x: level = "
                  "\"secure\"\n" },
    };

    (void)state;
    CHECK(rows);
}

/* A postmap(1) that knows two answers, and one that nobody asks. */
static void map_behind_ours__demands_more__named(void **state)
{
    static const struct postfix_row rows[] = {
        { ENCRYPT,
          { MAPS("hash:strong"), NULL, NULL, NULL, NULL },
          MISSING(", hash:strong") "stronger-map | main.cf | # forcetls.conf, connector x: level "
                                   "= \"secure\"\n" },
        { SECURE, { MAPS("hash:strong"), NULL, NULL, NULL, NULL }, MISSING(", hash:strong") },
        { ENCRYPT, { MAPS("hash:weak"), NULL, NULL, NULL, NULL }, MISSING(", hash:weak") },
        { ENCRYPT, { MAPS("ldap:strong"), NULL, NULL, NULL, NULL }, MISSING(", ldap:strong") },
    };
    char path[8192], here[4096], *before = strdup(getenv("PATH") != NULL ? getenv("PATH") : "");

    (void)state;
    conf_write("postmap", SPAN("#!/bin/sh\nread name\n[ \"$1 $2\" = '-q -' ] || exit 2\n"
                               "case $3 in\n*:strong) printf '%s\\tsecure match=x\\n' \"$name\";;\n"
                               "*) printf '%s\\tencrypt\\n' \"$name\";;\nesac\n"));
    assert_int_equal(chmod("postmap", 0755), 0);
    assert_non_null(getcwd(here, sizeof(here)));
    (void)snprintf(path, sizeof(path), "%s:%s", here, before);
    assert_int_equal(setenv("PATH", path, 1), 0);
    CHECK(rows);
    assert_int_equal(setenv("PATH", before, 1), 0);
    free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_map__not_attached__named),
        cmocka_unit_test(tls_map__attached_elsewhere_or_behind__named),
        cmocka_unit_test(fallback_relay__covered_by_no_connector__named),
        cmocka_unit_test(tls_required__where_postfix_has_it__named),
        cmocka_unit_test(level__postfix_demands_more__named),
        cmocka_unit_test(map_behind_ours__demands_more__named),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
