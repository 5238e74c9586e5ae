/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/sendmail_filters and sendmail_check: forcetls is called for all mail, and
 * what is found can be read and typed. */
#include "tests/unit/sendmail_case.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void sound__nothing(void **state)
{
    static const struct sendmail_row rows[] = {
        { CF_SOUND, ALL, CF_SOCKET, "" },
        { CF_SOUND, ALL | OUT, CF_SOCKET, "" },
        { CF_SOUND, 0, CF_SOCKET, "" },
        { CF_SOUND, ALL, NULL, "" },
        { "V10\n", 0, CF_SOCKET, "" },
        { "V10\n", OUT, CF_SOCKET, "" },
        { CF_SOUND "O DaemonPortOptions=Name=MTA\nO DaemonPortOptions=Name=MSA, Port=587, M=Ea\n",
          ALL, CF_SOCKET, "" },
    };

    (void)state;
    CHECK(rows);
}

static void filter__not_there_or_elsewhere__warned(void **state)
{
    static const struct sendmail_row rows[] = {
        { "V10\n" CF_TLS, ENCRYPT, CF_SOCKET, "milter-not-attached" },
        { "V10\n" CF_TLS "O InputMailFilters=clamav\nXclamav, S=unix:/none/c.sock, F=T\n", ENCRYPT,
          CF_SOCKET, "milter-not-attached" },
        { "V10\n" CF_TLS, ENCRYPT, NULL, "milter-not-attached" },
        { CF_SOUND, ENCRYPT, "unix:@/none/other.sock", "milter-elsewhere:6" },
        { CF_SOUND, ENCRYPT, "inet:8891@127.0.0.1", "milter-elsewhere:6" },
        { "V10\n" CF_TLS CF_CALLED "Xforcetls, F=T, T=C:1s\n", ENCRYPT, CF_SOCKET,
          "milter-elsewhere:7" },
        /* its name is no matter, where the socket is ours */
        { "V10\n" CF_TLS "O InputMailFilters=x\nXforcetls2, S=/y, F=T\nXx, S=" CF_SOCKET
          ", F=T, T=C:9s\n",
          ENCRYPT, CF_SOCKET, "" },
    };

    (void)state;
    CHECK(rows);
    assert_typed("V10\n" CF_TLS, ENCRYPT, "unix:/run/a b.sock", "milter-not-attached",
                 "# sendmail.mc, in front of MAILER(...):\n"
                 "INPUT_MAIL_FILTER(`forcetls', `S=unix:/run/a b.sock, F=T, "
                 "T=C:30s;S:10s;R:30s;E:5m')dnl\n");
    assert_typed("V10\n" CF_TLS, ENCRYPT, NULL, "milter-not-attached",
                 "# sendmail.mc, in front of MAILER(...):\n"
                 "INPUT_MAIL_FILTER(`forcetls', `S=unix:/run/forcetls/milter.sock, F=T, "
                 "T=C:30s;S:10s;R:30s;E:5m')dnl\n");
    assert_typed("V10\n" CF_TLS CF_CALLED "Xforcetls, S=/old, F=R, T=C:5s\n", ENCRYPT, CF_SOCKET,
                 "milter-elsewhere",
                 "# sendmail.mc, in place of the line of this filter:\n"
                 "INPUT_MAIL_FILTER(`forcetls', `S=" CF_SOCKET ", F=T, T=C:5s')dnl\n");
}

#define AT(socket) "V10\n" CF_TLS CF_CALLED "Xforcetls, S=" socket ", F=T, T=C:30s\n"

static void filter__spellings_of_a_socket__the_same_or_not(void **state)
{
    static const struct sendmail_row rows[] = {
        { AT("local:@/none/m.sock"), ENCRYPT, CF_SOCKET, "" },
        { AT("UNIX:@/none/m.sock"), ENCRYPT, CF_SOCKET, "" },
        { AT(":@/none/m.sock"), ENCRYPT, CF_SOCKET, "" },
        { AT("@/none/m.sock"), ENCRYPT, CF_SOCKET, "" },
        { AT("@/link/none/m.sock"), ENCRYPT, CF_SOCKET, "" },
        { AT("@/link/m.sock"), ENCRYPT, CF_SOCKET, "milter-elsewhere:7" },
        { AT("@/none/m.sock2"), ENCRYPT, CF_SOCKET, "milter-elsewhere:7" },
        { AT("pipe:@/none/m.sock"), ENCRYPT, CF_SOCKET, "milter-elsewhere:7" },
        { AT("inet:8891@127.0.0.1"), ENCRYPT, "inet:8891@127.0.0.1", "" },
        { AT("INET:8891@localhost"), ENCRYPT, "inet:8891@127.0.0.1", "" },
        { AT("inet:8891@127.0.0.1"), ENCRYPT, "inet:8891@0.0.0.0", "" },
        { AT("inet:8891@192.0.2.1"), ENCRYPT, "inet:8891@0.0.0.0", "" },
        { AT("inet:8891@filter.example"), ENCRYPT, "inet:8891@192.0.2.1", "" },
        { AT("inet:8891@127.0.0.1"), ENCRYPT, "inet:8891@192.0.2.1", "milter-elsewhere:7" },
        { AT("inet:8892@127.0.0.1"), ENCRYPT, "inet:8891@127.0.0.1", "milter-elsewhere:7" },
        { AT("inet6:8891@127.0.0.1"), ENCRYPT, "inet:8891@127.0.0.1", "milter-elsewhere:7" },
        { AT("inet6:8891@localhost"), ENCRYPT, "inet6:8891@::1", "" },
        { AT("inet6:8891@::1"), ENCRYPT, "inet6:8891@::", "" },
        { AT("inet:8891"), ENCRYPT, "inet:8891@127.0.0.1", "milter-elsewhere:7" },
        /* Sendmail does not connect to these */
        { AT("inet:8891@[127.0.0.1]"), ENCRYPT, "inet:8891@127.0.0.1",
          "milter-address-in-brackets:7" },
        { AT("inet6:8891@[::1]"), ENCRYPT, "inet6:8891@::1", "milter-address-in-brackets:7" },
        { AT("inet:8891@[127.0.0.1]"), ENCRYPT, "inet:8892@127.0.0.1", "milter-elsewhere:7" },
        { AT("inet:8891@[127.0.0.1]"), ENCRYPT, "inet:8891@192.0.2.1", "milter-elsewhere:7" },
        { AT("unix:/none/x@[y]"), ENCRYPT, "unix:/none/x@[y]", "" },
        { "V10\n" CF_TLS CF_CALLED "Xforcetls, F=T, T=C:9s\n", ENCRYPT, NULL, "" },
    };

    (void)state;
    assert_int_equal(symlink(sendmail_folder(), "link"), 0);
    CHECK(rows);
    assert_typed("V10\n" CF_TLS, ENCRYPT, "inet:8891@0.0.0.0", "milter-not-attached",
                 "# sendmail.mc, in front of MAILER(...):\n"
                 "INPUT_MAIL_FILTER(`forcetls', `S=inet:8891@127.0.0.1, F=T, "
                 "T=C:30s;S:10s;R:30s;E:5m')dnl\n");
}

#define UNCALLED "V10\n" CF_TLS CF_FILTER "Xclamav, S=unix:@/none/c.sock, F=T\n"

static void filter__not_called__warned(void **state)
{
    static const struct sendmail_row rows[] = {
        { UNCALLED, ENCRYPT, CF_SOCKET, "milter-not-called" },
        { UNCALLED "O InputMailFilters=\n", ENCRYPT, CF_SOCKET, "milter-not-called:8" },
        { UNCALLED "O InputMailFilters=clamav\n", ENCRYPT, CF_SOCKET, "milter-not-called:8" },
        { UNCALLED "#O InputMailFilters=forcetls\n", ENCRYPT, CF_SOCKET, "milter-not-called" },
        { UNCALLED "Xeightlet, S=/e, F=T\nO InputMailFilters=eightlet\n", ENCRYPT, CF_SOCKET,
          "milter-not-called:9" },
        { UNCALLED "O InputMailFilters=clamav, FORCETLS\n", ENCRYPT, CF_SOCKET, "" },
        { UNCALLED "O InputMailFilters=clamav;forcetls\n", ENCRYPT, CF_SOCKET, "" },
        /* nobody goes by that list, and the one whom others reach calls it */
        { UNCALLED "O DaemonPortOptions=Name=MTA, InputMailFilters=forcetls\n"
                   "O DaemonPortOptions=Name=MSA, Port=587, Addr=127.0.0.1\n",
          ENCRYPT, CF_SOCKET, "" },
        { UNCALLED "O DaemonPortOptions=Name=MTA, InputMailFilters=forcetls\n"
                   "O DaemonPortOptions=Name=MSA, Port=587\n",
          ENCRYPT, CF_SOCKET, "milter-not-called" },
        { UNCALLED "O DaemonPortOptions=Name=MTA, Addr=127.0.0.1\n", ENCRYPT, CF_SOCKET,
          "milter-not-called" },
    };

    (void)state;
    CHECK(rows);
    assert_typed(UNCALLED "O InputMailFilters=clamav\n", ENCRYPT, CF_SOCKET, "milter-not-called",
                 "# sendmail.mc, behind every INPUT_MAIL_FILTER and MAIL_FILTER:\n"
                 "define(`confINPUT_MAIL_FILTERS', `forcetls, clamav')dnl\n");
}

static void filter__unknown_name__warned(void **state)
{
    static const struct sendmail_row rows[] = {
        { CF_SOUND "O InputMailFilters=forcetls, clamav\n", ENCRYPT, CF_SOCKET,
          "milter-unknown:9" },
        { CF_SOUND "Xclamav, S=/c\nO InputMailFilters=forcetls ,clamav\n", ENCRYPT, CF_SOCKET,
          "milter-not-called:10 milter-unknown:10" },
        { CF_SOUND "O DaemonPortOptions=Name=MTA, InputMailFilters=clamav;forcetls\n", ENCRYPT,
          CF_SOCKET, "milter-unknown:9" },
    };

    (void)state;
    CHECK(rows);
}

#define TWO CF_SOUND "Xclamav, S=unix:@/none/c.sock, F=T\nO DaemonPortOptions=Name=MTA, "

static void daemon__own_list_without_us__warned(void **state)
{
    static const struct sendmail_row rows[] = {
        { TWO "InputMailFilters=clamav\n", ENCRYPT, CF_SOCKET, "daemon-without-milter:10" },
        { TWO "I=\n", ENCRYPT, CF_SOCKET, "daemon-without-milter:10" },
        { TWO "I=clamav;forcetls\n", ENCRYPT, CF_SOCKET, "" },
        { TWO "I=clamav, forcetls\n", ENCRYPT, CF_SOCKET, "daemon-without-milter:10" },
        { TWO "I=clamav, Addr=192.0.2.1\n", ENCRYPT, CF_SOCKET, "daemon-without-milter:10" },
        { TWO "I=clamav, Addr=127.0.0.1\n", ENCRYPT, CF_SOCKET, "" },
        { TWO "I=clamav, Addr=127.1.2.3\n", ENCRYPT, CF_SOCKET, "" },
        { TWO "I=clamav, Family=inet6, Addr=::1\n", ENCRYPT, CF_SOCKET, "" },
        { TWO "I=clamav, Family=inet6, Addr=IPv6:::1\n", ENCRYPT, CF_SOCKET, "" },
        { TWO "I=clamav, Addr=localhost\n", ENCRYPT, CF_SOCKET, "" },
        { TWO "I=clamav, Family=local, Addr=/run/smtp\n", ENCRYPT, CF_SOCKET, "" },
        { TWO "I=clamav, Family=UNIX, Addr=/run/smtp\n", ENCRYPT, CF_SOCKET, "" },
        /* who may send there without a password? */
        { TWO "I=clamav, Port=587, M=Ea\n", ENCRYPT, CF_SOCKET, "?daemon-without-milter:10" },
        { TWO "I=clamav, Port=submission, M=a\n", ENCRYPT, CF_SOCKET, "?daemon-without-milter:10" },
        { TWO "I=clamav, Port=587, M=E\n", ENCRYPT, CF_SOCKET, "daemon-without-milter:10" },
        { TWO "I=clamav, Port=587, M=EA\n", ENCRYPT, CF_SOCKET, "daemon-without-milter:10" },
        { TWO "I=clamav, M=a\n", ENCRYPT, CF_SOCKET, "daemon-without-milter:10" },
    };

    (void)state;
    CHECK(rows);
    assert_typed(TWO "Port=25, I=clamav, forcetls, M=E\n", ENCRYPT, CF_SOCKET,
                 "daemon-without-milter",
                 "# sendmail.mc, in place of the line of this daemon:\n"
                 "DAEMON_OPTIONS(`Name=MTA, Port=25, M=E, InputMailFilters=clamav;forcetls')dnl\n");
    assert_typed("V10\n" CF_TLS "Xx, S=" CF_SOCKET ", F=T, T=C:9s\nO InputMailFilters=x\nXclamav, "
                 "S=/c\nXspam, S=/s\nO DaemonPortOptions=I=clamav, spam, x, Port=25\n",
                 ENCRYPT, CF_SOCKET, "daemon-without-milter",
                 "# sendmail.mc, in place of the line of this daemon:\n"
                 "DAEMON_OPTIONS(`Port=25, InputMailFilters=clamav;spam;x')dnl\n");
    assert_typed(TWO "I=\n", ENCRYPT, CF_SOCKET, "daemon-without-milter",
                 "# sendmail.mc, in place of the line of this daemon:\n"
                 "DAEMON_OPTIONS(`Name=MTA, InputMailFilters=forcetls')dnl\n");
}

#define FLAGS(fields) "V10\n" CF_TLS CF_CALLED "Xforcetls, S=" CF_SOCKET fields "\n"

static void filter__flags_and_times__warned(void **state)
{
    static const struct sendmail_row rows[] = {
        { FLAGS(", T=C:9s"), ENCRYPT, CF_SOCKET, "milter-fails-open:7" },
        { FLAGS(", F=, T=C:9s"), ENCRYPT, CF_SOCKET, "milter-fails-open:7" },
        { FLAGS(", F=t, T=C:9s"), ENCRYPT, CF_SOCKET, "milter-fails-open:7" },
        { FLAGS(", F=R, T=C:9s"), ENCRYPT, CF_SOCKET, "milter-fails-hard:7" },
        { FLAGS(", F=T, T=C:9s"), ENCRYPT, CF_SOCKET, "" },
        { FLAGS(", F=4, T=C:9s"), ENCRYPT, CF_SOCKET, "" },
        { FLAGS(", F=RT, T=C:9s"), ENCRYPT, CF_SOCKET, "" },
        { FLAGS(", F=T"), ENCRYPT, CF_SOCKET, "?milter-timeouts:7" },
        { FLAGS(", F=T, T=S:10s;R:10s"), ENCRYPT, CF_SOCKET, "?milter-timeouts:7" },
        { FLAGS(", F=T, T=C:60;S:60s;R:1m;E:2h"), ENCRYPT, CF_SOCKET, "" },
        { FLAGS(", F=T, T=C:61"), ENCRYPT, CF_SOCKET, "?milter-timeouts:7" },
        { FLAGS(", F=T, T=C:1s;R:1m1s"), ENCRYPT, CF_SOCKET, "?milter-timeouts:7" },
        { FLAGS(", F=T, T=C:1s;S:1h"), ENCRYPT, CF_SOCKET, "?milter-timeouts:7" },
        { FLAGS(", F=T, T=C:99999999999999999999d"), ENCRYPT, CF_SOCKET, "?milter-timeouts:7" },
    };

    (void)state;
    CHECK(rows);
    assert_typed(FLAGS(", F=T, T=C:1h"), ENCRYPT, CF_SOCKET, "milter-timeouts",
                 "# sendmail.mc, in place of the line of this filter:\n"
                 "INPUT_MAIL_FILTER(`forcetls', `S=" CF_SOCKET
                 ", F=T, T=C:30s;S:10s;R:30s;E:5m')dnl\n");
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void file__of_the_submission_program__refused(void **state)
{
    struct rules *rules = sendmail_rules(ENCRYPT, CF_SOCKET);
    struct findings findings = { .items = NULL };
    struct why why = { "" };

    (void)state;
    conf_write("t.cf", SPAN("V10\nO UseMSP=True\n"));
    assert_false(sendmail_check(rules, "t.cf", &findings, &why));
    assert_string_equal(why.text, "this is the submission program's file (UseMSP): name the "
                                  "daemon's, sendmail.cf");
    assert_int_equal(findings.count, 0);
    rules_free(rules);
}

static void file__not_there__said(void **state)
{
    struct rules *rules = sendmail_rules(ENCRYPT, CF_SOCKET);
    struct findings findings = { .items = NULL };
    struct why why = { "" };

    (void)state;
    assert_false(sendmail_check(rules, "absent.cf", &findings, &why));
    assert_string_equal(why.text, "cannot open the file: No such file or directory ('absent.cf')");
    assert_int_equal(findings.count, 0);
    rules_free(rules);
}

/* Every finding of a file in which all is wrong: what it says, and something to type. */
static void findings__all__texts(void **state)
{
    static const char cf[] =
        "V10\nXforcetls, S=unix:/none/x.sock\nO InputMailFilters=nobody\n"
        "O DaemonPortOptions=Name=MTA\x1b[31m, M=S, I=\nO TLSSrvOptions=V\n"
        "O CACertPath=/etc/ssl/certs\nO FallbackMXhost=f.example\nDSs.example\n"
        "O FallbackSmartHost=g.example\nO DaemonPortOptions=Port=587, M=a, I=other\n"
        "Xother, S=/o\n";
    static const struct {
        const char *word, *text;
    } rows[] = {
        { "milter-elsewhere:2", "filter 'forcetls' is looked for at 'unix:/none/x.sock', while "
                                "forcetls-milter listens on "
                                "'unix:/none/m.sock' (milter_socket)" },
        { "milter-not-called:3",
          "filter 'forcetls' is defined and never called: InputMailFilters is 'nobody'" },
        { "milter-unknown:3",
          "Sendmail does not start: InputMailFilters names 'nobody', and no filter (X line) is "
          "called so; nor may a blank stand behind a name" },
        { "daemon-without-milter:4",
          "daemon 'MTA\\x1b[31m' calls no filter, since its own InputMailFilters is empty: mail "
          "that comes in there is not checked" },
        { "?daemon-without-milter:10",
          "daemon 'Port=587, M=a, I=other' calls only the filters of its own list ('other'): what "
          "our users send there is not checked" },
        { "milter-fails-open:2",
          "filter 'forcetls' has no F=T: while forcetls-milter does not answer, all mail passes "
          "unchecked" },
        { "?milter-timeouts:2",
          "filter 'forcetls' has no T=, but its long defaults: a forcetls-milter that hangs holds "
          "every connection for that long (T=C:5m;S:10s;R:10s;E:5m)" },
        { "tls-not-offered",
          "Sendmail offers no STARTTLS, and connector 'encrypt' demands it: ServerCertFile is not "
          "set, ServerKeyFile is not set, CACertFile is not set" },
        { "daemon-without-tls:4",
          "daemon 'MTA\\x1b[31m' offers no STARTTLS (Modifier S), and connector 'encrypt' demands "
          "it" },
        { "certificate-not-asked:5",
          "Sendmail asks no client for a certificate (TLSSrvOptions V), and connector 'verify' "
          "demands one" },
        { "public-client-ca:6",
          "every public CA may vouch for a client (CACertPath '/etc/ssl/certs'), and connector "
          "'verify' (level verify) asks for no more" },
        { "fingerprint-digest",
          "Sendmail tells fingerprints as 'md5' (CertFingerprintAlgorithm), and connector 'pins' "
          "compares SHA-256" },
        { "fallback-mx:7",
          "mail to the partner of connector 'out' goes to 'f.example' when the partner's MX hosts "
          "do not answer (FallbackMXhost), which is not in the connector's next_hops" },
        { "fallback-smart-host:9",
          "mail to the partner of connector 'out' goes to 'g.example' when the partner's domain is "
          "not found in the DNS (FallbackSmartHost), which is not in the connector's next_hops" },
        { "smart-host:8",
          "mail to the partner of connector 'out' goes to 's.example' unless mailertable says "
          "otherwise (SMART_HOST), which is not in the connector's next_hops" },
    };
    struct findings findings;
    char words[600], wanted[600] = "";

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        size_t used = strlen(wanted);

        (void)snprintf(wanted + used, sizeof(wanted) - used, "%s%s", i > 0 ? " " : "",
                       rows[i].word);
    }
    sendmail_find(cf, ALL | OUT, "unix:/none/m.sock", &findings);
    assert_string_equal(sendmail_words(&findings, words), wanted);
    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_string_equal(findings.items[i].text, rows[i].text);
        assert_non_null(findings.items[i].type);
    }
    findings_release(&findings);
}

static void findings__other_texts__said(void **state)
{
    static const struct {
        const char *cf;
        const char *word, *text;
    } rows[] = {
        { "V10\n" CF_TLS, "milter-not-attached",
          "no mail filter (X line) is forcetls: all mail passes unchecked" },
        { "V10\n" CF_TLS CF_FILTER, "milter-not-called",
          "filter 'forcetls' is defined and never called: InputMailFilters is not set" },
        { FLAGS(", F=R, T=R:1h"), "milter-fails-hard",
          "filter 'forcetls' has F=R: while forcetls-milter does not answer, everybody's mail is "
          "refused for good (554, 550) and bounces" },
        { FLAGS(", F=R, T=R:1h"), "milter-timeouts",
          "filter 'forcetls' has long times: a forcetls-milter that hangs holds every connection "
          "for that long (T=R:1h)" },
        { "V10\n" CF_TLS CF_CALLED "Xforcetls, F=T\n", "milter-elsewhere",
          "filter 'forcetls' is looked for at '', while forcetls-milter listens on "
          "'inet:1@127.0.0.1' (milter_socket)" },
        { AT("inet:1@[127.0.0.1]"), "milter-address-in-brackets",
          "Sendmail never reaches a filter whose address is in brackets ('inet:1@[127.0.0.1]')" },
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct findings findings;

        sendmail_find(rows[i].cf, ENCRYPT, "inet:1@127.0.0.1", &findings);
        assert_string_equal(sendmail_finding(&findings, rows[i].word)->text, rows[i].text);
        findings_release(&findings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound__nothing),
        cmocka_unit_test(filter__not_there_or_elsewhere__warned),
        cmocka_unit_test(filter__spellings_of_a_socket__the_same_or_not),
        cmocka_unit_test(filter__not_called__warned),
        cmocka_unit_test(filter__unknown_name__warned),
        cmocka_unit_test(daemon__own_list_without_us__warned),
        cmocka_unit_test(filter__flags_and_times__warned),
        cmocka_unit_test(file__of_the_submission_program__refused),
        cmocka_unit_test(file__not_there__said),
        cmocka_unit_test(findings__all__texts),
        cmocka_unit_test(findings__other_texts__said),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, sendmail_files_make, sendmail_files_remove);
}
