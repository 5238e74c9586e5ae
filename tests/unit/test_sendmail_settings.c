/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/sendmail_settings: a sendmail.cf is read as Sendmail reads it. */
#include "tests/unit/conf_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/cli/check/sendmail_settings.h"

#define FILE_NAME "t.cf"

static struct sendmail_settings *parse(struct span text)
{
    struct why why = { "" };
    struct sendmail_settings *settings =
        sendmail_settings_parse(FILE_NAME, text.data, text.length, &why);

    if (settings == NULL)
        fail_msg("%s", why.text);
    return settings;
}

/* The last X line of a text, as it was understood: "name line|socket|flags|timeouts". */
static const char *last_filter(struct span text, char seen[400])
{
    struct sendmail_settings *settings = parse(text);

    seen[0] = '\0';
    if (settings->filter_count > 0) {
        const struct sendmail_filter *filter = &settings->filters[settings->filter_count - 1];

        (void)snprintf(seen, 400, "%s %u|%s|%s|%s", filter->name, filter->line,
                       filter->socket != NULL ? filter->socket : "-",
                       filter->flags != NULL ? filter->flags : "-",
                       filter->timeouts != NULL ? filter->timeouts : "-");
    }
    sendmail_settings_free(settings);
    return seen;
}

/* The last daemon: "line|name|address|port|family|modifiers|filters". */
static const char *last_daemon(struct span text, char seen[400])
{
    struct sendmail_settings *settings = parse(text);

    seen[0] = '\0';
    if (settings->daemon_count > 0) {
        const struct sendmail_daemon *daemon = &settings->daemons[settings->daemon_count - 1];
        const char *values[] = { daemon->name,   daemon->address,   daemon->port,
                                 daemon->family, daemon->modifiers, daemon->filters };

        (void)snprintf(seen, 400, "%u", daemon->line);
        for (size_t i = 0; i < ROWS(values); i++) {
            size_t used = strlen(seen);

            (void)snprintf(seen + used, 400 - used, "|%s", values[i] != NULL ? values[i] : "-");
        }
    }
    sendmail_settings_free(settings);
    return seen;
}

/* ---- options --------------------------------------------------------------------------------- */

static void option__spellings__found_with_its_line(void **state)
{
    static const struct {
        struct span text;
        const char *name;
        const char *value; /* NULL: not there */
        unsigned line;
    } rows[] = {
        { S("V10\nO RunAsUser=smmsp\n"), "RunAsUser", "smmsp", 2 },
        { S("V10\nO runasuser = smmsp\n"), "RunAsUser", "smmsp", 2 },
        { S("V10\nO   RUNASUSER  =  a b  \n"), "RunAsUser", "a b", 2 },
        { S("V10\nO TLSSrvOptions\n"), "TLSSrvOptions", "", 2 },
        { S("V10\nO TLSSrvOptions="), "TLSSrvOptions", "", 2 },
        { S("V10\n#O RunAsUser=smmsp\n"), "RunAsUser", NULL, 0 },
        { S("V10\nO RunAs=smmsp\n"), "RunAsUser", NULL, 0 },
        { S("V10\nO RunAsUserX=smmsp\n"), "RunAsUser", NULL, 0 },
        { S("V10\nORunAsUser=smmsp\n"), "RunAsUser", NULL, 0 },
        { S("V10\nO\n"), "RunAsUser", NULL, 0 },
        { S("V10\nO =x\n"), "", NULL, 0 },
        { S("V10\r\nO RunAsUser=smmsp\r\n"), "RunAsUser", "smmsp", 2 },
        /* the last one counts */
        { S("V10\nO RunAsUser=a\nO RunAsUser=b\n"), "RunAsUser", "b", 3 },
        /* comments */
        { S("V10\nO RunAsUser=a # b\n"), "RunAsUser", "a", 2 },
        { S("V10\nO RunAsUser=a\\#b\n"), "RunAsUser", "a#b", 2 },
        { S("V10\nO RunAsUser=$#b\n"), "RunAsUser", "$#b", 2 },
        /* folded lines; the number is that of the first */
        { S("V10\nO InputMailFilters=a,\n\tb,\n c\n"), "InputMailFilters", "a,\tb, c", 2 },
        { S("V10\nO InputMailFilters=a # x\n  ,b # y\n"), "InputMailFilters", "a  ,b", 2 },
        { S("V10\n# x\n  O RunAsUser=a\n"), "RunAsUser", NULL, 0 },
        { S("V10\n# x\n\nO RunAsUser=a\n"), "RunAsUser", "a", 4 },
        /* letters */
        { S("V10\nOVfall.example\n"), "FallbackMXhost", "fall.example", 2 },
        { S("V10\nOV fall.example\n"), "FallbackMXhost", "fall.example", 2 },
        { S("V10\nOA/etc/aliases\n"), "AliasFile", NULL, 0 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct sendmail_settings *settings = parse(rows[i].text);
        const struct sendmail_option *option = sendmail_option(settings, rows[i].name);

        if (rows[i].value == NULL || option == NULL)
            bad += row(rows[i].value == NULL && option == NULL, "%s: %s", SHOWN(rows[i].text),
                       option != NULL ? option->value : "not there");
        else
            bad += row(strcmp(option->value, rows[i].value) == 0 && option->line == rows[i].line,
                       "%s: '%s', line %u", SHOWN(rows[i].text), option->value, option->line);
        sendmail_settings_free(settings);
    }
    assert_int_equal(bad, 0);
}

static void option_value__empty__as_if_not_set(void **state)
{
    struct sendmail_settings *settings = parse(SPAN("V10\nO TLSSrvOptions\nO RunAsUser=a\n"));

    (void)state;
    assert_null(sendmail_option_value(settings, "TLSSrvOptions"));
    assert_null(sendmail_option_value(settings, "CACertFile"));
    assert_string_equal(sendmail_option_value(settings, "runasuser"), "a");
    sendmail_settings_free(settings);
}

/* ---- filters --------------------------------------------------------------------------------- */

static void filter__spellings__understood(void **state)
{
    static const struct {
        struct span text;
        const char *seen;
    } rows[] = {
        { S("V10\nXforcetls, S=unix:/run/f.sock, F=T, T=C:30s;S:10s;R:30s;E:5m\n"),
          "forcetls 2|unix:/run/f.sock|T|C:30s;S:10s;R:30s;E:5m" },
        { S("V10\nXf,S=unix:/f,F=T\n"), "f 2|unix:/f|T|-" },
        { S("V10\nXf , F = T , S = inet:1@h\n"), "f 2|inet:1@h|T |-" },
        { S("V10\nXf, Socket=/f, Flags=R, Timeouts=C:1m\n"), "f 2|/f|R|C:1m" },
        { S("V10\nXf, s=/f, f=T\n"), "f 2|-|-|-" },
        { S("V10\nXf\n"), "f 2|-|-|-" },
        { S("V10\nXf,\n"), "f 2|-|-|-" },
        { S("V10\nXf, S\n"), "f 2|-|-|-" },
        { S("V10\nXf, S=\n"), "f 2||-|-" },
        { S("V10\nXf, F=, S=/f\n"), "f 2|/f||-" },
        { S("V10\nXf, S=/f, nonsense, F=T\n"), "f 2|/f|-|-" }, /* what Sendmail complains of */
        { S("V10\nXf, S=\"/a,b\", F=T\n"), "f 2|/a,b|T|-" },
        { S("V10\nXf, S=/a\\,b, F=T\n"), "f 2|/a,b|T|-" },
        { S("V10\nXf, S=\"/a, F=T\n"), "f 2|/a, F=T|-|-" },
        { S("V10\nXf, S=/a\\"), "f 2|/a|-|-" },
        { S("V10\nXf,\n\tS=/f,\n\tF=T # T=C:1s\n"), "f 2|/f|T|-" },
        { S("V10\nXa, S=/a\n\nXb, S=/b\n"), "b 4|/b|-|-" },
        { S("V10\n#Xf, S=/f\n"), "" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char seen[400];

        bad += row(strcmp(last_filter(rows[i].text, seen), rows[i].seen) == 0, "%s: '%s'",
                   SHOWN(rows[i].text), seen);
    }
    assert_int_equal(bad, 0);
}

static void filter__asked_by_name__any_case_whole_name(void **state)
{
    struct sendmail_settings *settings = parse(SPAN("V10\nXforcetls, S=/a\nXforce, S=/b\n"));

    (void)state;
    assert_string_equal(sendmail_filter(settings, "FORCETLS", 8)->socket, "/a");
    assert_string_equal(sendmail_filter(settings, "forcetls", 5)->socket, "/b");
    assert_null(sendmail_filter(settings, "forcetl", 7));
    assert_null(sendmail_filter(settings, "", 0));
    sendmail_settings_free(settings);
}

static void next_filter__lists__commas_and_semicolons(void **state)
{
    static const struct {
        const char *list;
        const char *seen; /* each in brackets: a blank behind a name is the name's */
    } rows[] = {
        { "", "" },           { "  ", "" },          { "a", "[a]" },         { "a,b", "[a][b]" },
        { "a; b", "[a][b]" }, { "a ,b", "[a ][b]" }, { "a,,b", "[a][][b]" }, { ",", "[]" },
        { "a;", "[a]" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *list = rows[i].list, *name;
        char seen[100] = "";
        size_t length;

        while ((name = sendmail_next_filter(&list, &length)) != NULL) {
            size_t used = strlen(seen);

            (void)snprintf(seen + used, sizeof(seen) - used, "[%.*s]", (int)length, name);
        }
        bad += row(strcmp(seen, rows[i].seen) == 0, "'%s': %s", rows[i].list, seen);
    }
    assert_int_equal(bad, 0);
}

/* ---- daemons --------------------------------------------------------------------------------- */

static void daemon__keys__by_their_first_letter(void **state)
{
    static const struct {
        struct span text;
        const char *seen;
    } rows[] = {
        { S("V10\nO DaemonPortOptions=Name=MTA, Port=smtp, Addr=127.0.0.1\n"),
          "2|MTA|127.0.0.1|smtp|-|-|-" },
        { S("V10\nO DaemonPortOptions=Family=inet6,  Name=MTA6,M=Ea, InputMailFilters=a;b\n"),
          "2|MTA6|-|-|inet6|Ea|a;b" },
        { S("V10\nO daemonportoptions=n=x,a=::1,p=25,f=inet6,m=S,i=f\n"), "2|x|::1|25|inet6|S|f" },
        { S("V10\nOOName=MSA, Port=587\n"), "2|MSA|-|587|-|-|-" },
        { S("V10\nO DaemonPortOptions=Name=MTA, InputMailFilters=\n"), "2|MTA|-|-|-|-|" },
        { S("V10\nO DaemonPortOptions=Name=MTA, I= , P=25\n"), "2|MTA|-|25|-|-|" },
        /* a list does not go on behind a comma */
        { S("V10\nO DaemonPortOptions=Name=MTA, InputMailFilters=a, forcetls\n"),
          "2|MTA|-|-|-|-|a" },
        { S("V10\nO DaemonPortOptions=\n"), "2|-|-|-|-|-|-" },
        { S("V10\nO DaemonPortOptions=,,\n"), "2|-|-|-|-|-|-" },
        { S("V10\nO DaemonPortOptions=Name=MTA,\n\tPort=25 # , Addr=::1\n"), "2|MTA|-|25|-|-|-" },
        { S("V10\nO DaemonPortOptions=Name=A\nO DaemonPortOptions=Name=B\n"), "3|B|-|-|-|-|-" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char seen[400];

        bad += row(strcmp(last_daemon(rows[i].text, seen), rows[i].seen) == 0, "%s: '%s'",
                   SHOWN(rows[i].text), seen);
    }
    assert_int_equal(bad, 0);
}

static void daemon__several__each_line_is_one(void **state)
{
    struct sendmail_settings *settings =
        parse(SPAN("V10\nO DaemonPortOptions=Name=A, Q=1\nO DaemonPortOptions=Name=B\n"));

    (void)state;
    assert_int_equal(settings->daemon_count, 2);
    assert_string_equal(settings->daemons[0].options, "Name=A, Q=1");
    assert_int_equal(settings->option_count, 0);
    sendmail_settings_free(settings);
}

/* ---- the smart host -------------------------------------------------------------------------- */

static void smart_host__macro_s__read(void **state)
{
    static const struct {
        struct span text;
        const char *host; /* NULL: none */
        unsigned line;
    } rows[] = {
        { S("V10\nDSrelay:[mail.example.org]\n"), "relay:[mail.example.org]", 2 },
        { S("V10\nD{S}mail.example.org\n"), "mail.example.org", 2 },
        { S("V10\nDSa\n\nDSb\n"), "b", 4 },
        { S("V10\nDSa\nDS\n"), NULL, 3 },
        { S("V10\nDS\n"), NULL, 2 },
        { S("V10\nDsa\n"), NULL, 0 },
        { S("V10\nD{Smart}a\n"), NULL, 0 },
        { S("V10\nD\n"), NULL, 0 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct sendmail_settings *settings = parse(rows[i].text);
        const char *host = settings->smart_host.value;

        bad += row((host == NULL) == (rows[i].host == NULL) &&
                       (host == NULL || strcmp(host, rows[i].host) == 0) &&
                       settings->smart_host.line == rows[i].line,
                   "%s: '%s'", SHOWN(rows[i].text), host != NULL ? host : "none");
        sendmail_settings_free(settings);
    }
    assert_int_equal(bad, 0);
}

/* ---- other files ----------------------------------------------------------------------------- */

static void parse__no_cf__said_with_the_file(void **state)
{
    static const struct {
        struct span text;
        const char *why;
    } rows[] = {
        { S(""), "not a sendmail.cf: no line begins with V ('t.cf')" },
        { S("# nothing\n\n"), "not a sendmail.cf: no line begins with V ('t.cf')" },
        { S("V10\nO A=b\0\n"), "not a sendmail.cf: not a text file ('t.cf')" },
        { S("divert(-1)dnl\nOSTYPE(`debian')dnl\n"),
          "not a sendmail.cf, but the .mc file that make -C /etc/mail makes it of: name the .cf "
          "('t.cf')" },
        { S("V10\nMAILER(`smtp')\nINPUT_MAIL_FILTER(`a', `b')dnl\ndnl x\n"),
          "not a sendmail.cf, but the .mc file that make -C /etc/mail makes it of: name the .cf "
          "('t.cf')" },
        { S("# main.cf\n\nsmtpd_banner = x\n"),
          "not a sendmail.cf: line 3 begins with no letter that is known ('t.cf')" },
        { S("V10\nO A=b\n\x7f\x45\x4c\x46\n"),
          "not a sendmail.cf: line 3 begins with no letter that is known ('t.cf')" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct why why = { "" };
        struct sendmail_settings *settings =
            sendmail_settings_parse(FILE_NAME, rows[i].text.data, rows[i].text.length, &why);

        bad += row(settings == NULL && strcmp(why.text, rows[i].why) == 0, "%s: '%s'",
                   SHOWN(rows[i].text), why.text);
        sendmail_settings_free(settings);
    }
    assert_int_equal(bad, 0);
}

static void parse__rules_maps_mailers__passed_over(void **state)
{
    struct sendmail_settings *settings = parse(
        SPAN("V10/Berkeley\nCwlocalhost\nFw-o /etc/mail/local-host-names %[^\\#]\nKarith arith\n"
             "C{E}root\nEx=y\nH?P?Return-Path: <$g>\nPfirst-class=0\nTroot\nQq, P=/x\nLx\nGx\n"
             "SCanonify=3\nR$@\t\t\t$@ <@>\nR$*\t\t$: $1 <@>\t\tmark\n"
             "Msmtp,\t\tP=[IPC], F=mDFMuX, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP,\n"
             "\t\tT=DNS/RFC822/SMTP,\n\t\tA=TCP $h\n"
             "O InputMailFilters=forcetls\n"));

    (void)state;
    assert_int_equal(settings->option_count, 1);
    assert_int_equal(settings->options[0].line, 19);
    assert_int_equal(settings->filter_count, 0);
    sendmail_settings_free(settings);
}

/* Every beginning of a file, and every octet in its middle: no harm, whatever comes of it. */
static void parse__cut_and_bent__no_harm(void **state)
{
    static const char text[] =
        "V10\nO RunAsUser=a\\#b # c\n\tmore\nXf, S=\"x\\\",\", F=T\n, T=C:1\nDS[a]:b\n"
        "O DaemonPortOptions=Name=a,  I=b;c , x, M=\n#\n";
    size_t length = sizeof(text) - 1;

    (void)state;
    for (size_t end = 0; end <= length; end++) {
        char *copy = malloc(end + 1);

        assert_non_null(copy);
        memcpy(copy, text, end);
        sendmail_settings_free(sendmail_settings_parse(FILE_NAME, copy, end, NULL));
        free(copy);
    }
    for (size_t i = 0; i < length; i++) {
        for (int octet = 0; octet < 256; octet++) {
            char *copy = malloc(length);

            assert_non_null(copy);
            memcpy(copy, text, length);
            copy[i] = (char)octet;
            sendmail_settings_free(sendmail_settings_parse(FILE_NAME, copy, length, NULL));
            free(copy);
        }
    }
}

static void read__files__said_what_is_wrong(void **state)
{
    struct why why = { "" };
    struct sendmail_settings *settings;

    (void)state;
    assert_null(sendmail_settings_read("absent.cf", &why));
    assert_string_equal(why.text, "cannot open the file: No such file or directory ('absent.cf')");
    assert_null(sendmail_settings_read(".", &why));
    assert_string_equal(why.text, "not a regular file ('.')");
    conf_write("t.cf", SPAN("V10\nO RunAsUser=a\n"));
    settings = sendmail_settings_read("t.cf", &why);
    assert_non_null(settings);
    assert_string_equal(settings->file, "t.cf");
    assert_string_equal(sendmail_option_value(settings, "RunAsUser"), "a");
    sendmail_settings_free(settings);
}

static void read__too_large__refused(void **state)
{
    const size_t size = (size_t)9 << 20;
    char *text = malloc(size);
    struct why why = { "" };

    (void)state;
    assert_non_null(text);
    memset(text, '#', size);
    conf_write("large.cf", (struct span){ text, size });
    free(text);
    assert_null(sendmail_settings_read("large.cf", &why));
    assert_string_equal(why.text, "the file is larger than 8388608 bytes ('large.cf')");
    assert_int_equal(unlink("large.cf"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(option__spellings__found_with_its_line),
        cmocka_unit_test(option_value__empty__as_if_not_set),
        cmocka_unit_test(filter__spellings__understood),
        cmocka_unit_test(filter__asked_by_name__any_case_whole_name),
        cmocka_unit_test(next_filter__lists__commas_and_semicolons),
        cmocka_unit_test(daemon__keys__by_their_first_letter),
        cmocka_unit_test(daemon__several__each_line_is_one),
        cmocka_unit_test(smart_host__macro_s__read),
        cmocka_unit_test(parse__no_cf__said_with_the_file),
        cmocka_unit_test(parse__rules_maps_mailers__passed_over),
        cmocka_unit_test(parse__cut_and_bent__no_harm),
        cmocka_unit_test(read__files__said_what_is_wrong),
        cmocka_unit_test(read__too_large__refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
