/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/postfix_settings, list, endpoint, place, command, table and access: how
 * Postfix's settings are read and written. */
#include "tests/unit/postfix_case.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/cli/check/access.h"
#include "policy/cli/check/host.h"
#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_endpoint.h"
#include "policy/cli/check/postfix_list.h"
#include "policy/cli/check/postfix_place.h"
#include "policy/cli/check/postfix_table.h"

/* Compares a text that is the caller's and frees it. */
static unsigned same(char *text, const char *expected)
{
    unsigned bad = row(text != NULL && strcmp(text, expected) == 0, "'%s' and not '%s'",
                       text != NULL ? text : "(null)", expected);

    free(text);
    return bad;
}

static void settings__as_postconf_prints_them__read(void **state)
{
    static const struct postfix_texts texts = {
        .main = "compatibility_level = 3.6\nempty =\nlist = a = b, c\nlist2 = x\nlist = later\n",
        .main_raw = "list = $a\nempty =\n",
        .services = POSTFIX_SERVICE("smtp", "inet", "-", "smtpd")
            POSTFIX_SERVICE("smtp", "unix", "y", "/usr/lib/postfix/sbin/smtp -o a=b"),
        .overrides = "smtp/unix/list = own\nsmtp/unix/list = own, later\nnobody/unix/list = x\n",
        .overrides_raw = "smtp/unix/list = $own\n",
    };
    struct postfix_settings settings;
    const struct postfix_service *server, *client;

    (void)state;
    assert_true(postfix_settings_parse(&settings, &texts, NULL));
    assert_int_equal(settings.service_count, 2);
    server = &settings.services[0];
    client = &settings.services[1];
    assert_string_equal(server->name, "smtp");
    assert_string_equal(server->type, "inet");
    assert_string_equal(server->command, "smtpd");
    assert_false(server->chrooted);
    assert_string_equal(client->command, "smtp");
    assert_true(client->chrooted);
    assert_string_equal(postfix_value(&settings, NULL, "list"), "later");
    assert_string_equal(postfix_raw(&settings, NULL, "list"), "$a");
    assert_string_equal(postfix_raw(&settings, NULL, "list2"), "x");
    assert_string_equal(postfix_value(&settings, server, "empty"), "");
    assert_null(postfix_value(&settings, server, "unknown"));
    assert_string_equal(postfix_value(&settings, client, "list"), "own, later");
    assert_string_equal(postfix_raw(&settings, client, "list"), "$own");
    assert_true(postfix_overrides(client, "list"));
    assert_false(postfix_overrides(server, "list"));
    assert_false(postfix_is_set(&settings, client, "empty"));
    assert_true(postfix_is(&settings, NULL, "list", "LATER"));
    postfix_settings_release(&settings);
}

static void chroot__not_said__as_the_compatibility_level_has_it(void **state)
{
    static const struct {
        const char *main;
        bool chrooted;
    } rows[] = {
        { "compatibility_level = 3.6\n", false },
        { "compatibility_level = 1\n", false },
        { "compatibility_level = 0\n", true },
        { "compatibility_level =\n", true },
        { "", true },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct postfix_settings settings;

        assert_true(postfix_settings_parse(
            &settings,
            &(struct postfix_texts){ rows[i].main, rows[i].main,
                                     POSTFIX_SERVICE("smtp", "inet", "-", "smtpd"), "", "" },
            NULL));
        bad += row(settings.services[0].chrooted == rows[i].chrooted, "%s", rows[i].main);
        postfix_settings_release(&settings);
    }
    assert_int_equal(bad, 0);
}

static void settings__no_postconf__why(void **state)
{
    struct postfix_settings settings;
    struct why why = { "" };
    char *path = strdup(getenv("PATH") != NULL ? getenv("PATH") : ""), here[4096], own[8192];

    (void)state;
    conf_write("postconf", SPAN("#!/bin/sh\nexit 1\n"));
    assert_int_equal(chmod("postconf", 0755), 0);
    assert_non_null(getcwd(here, sizeof(here)));
    (void)snprintf(own, sizeof(own), "%s:%s", here, path);
    assert_int_equal(setenv("PATH", own, 1), 0);
    assert_false(postfix_settings_read(&settings, "/nowhere", &why));
    assert_string_equal(why.text,
                        "postconf cannot read the settings in '/nowhere' (exit status 1); it "
                        "says why: postconf -c '/nowhere' -x >/dev/null");
    postfix_settings_release(&settings);
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
}

static void list__braces_and_separators__elements(void **state)
{
    static const char list[] = " a,b\tc , { d, e = { f } } inline:{ g=h } ,";
    static const char *const expected[] = { "a", "b", "c", "{ d, e = { f } }", "inline:{ g=h }" };
    const char *rest = list;
    struct span element;
    size_t count = 0;

    (void)state;
    while (list_next(&rest, &element)) {
        assert_true(count < ROWS(expected));
        assert_true(span_equal(element, span_of(expected[count++])));
    }
    assert_int_equal(count, ROWS(expected));
    assert_true(list_is_empty(" , \t"));
    assert_false(list_is_empty("x"));
    assert_true(list_has("a B, c", "b"));
    assert_false(list_has("a { b }", "b"));
}

static void list__element_in_braces__name_and_attributes(void **state)
{
    struct span element = span_of("{ unix:x, timeout=5s, { default_action = a b }, timeout=6s }");
    struct span bare = span_of("unix:x");

    (void)state;
    assert_true(span_equal(list_name(element), span_of("unix:x")));
    assert_true(span_equal(list_name(bare), bare));
    assert_true(span_equal(list_attribute(element, "timeout"), span_of("6s")));
    assert_true(span_equal(list_attribute(element, "default_action"), span_of("a b")));
    assert_false(span_known(list_attribute(element, "protocol")));
    assert_false(span_known(list_attribute(bare, "timeout")));
    assert_false(span_known(list_attribute(span_of("{"), "timeout")));
    assert_true(span_equal(list_name(span_of("{}")), span_of("")));
}

static void list__changed__the_rest_stays(void **state)
{
    static const char list[] = "a, b c,{ d, e=f }";
    struct span b = { list + 3, 1 }, last = { list + 7, 10 };
    unsigned bad = 0;

    (void)state;
    bad += same(list_with_first("x", list), "x, a, b c,{ d, e=f }");
    bad += same(list_with_first("x", ", "), "x");
    bad += same(list_without(list, b), "a, c,{ d, e=f }");
    bad += same(list_without(list, last), "a, b c");
    bad += same(list_without(list, span_of(list)), "");
    bad += same(list_with(list, b, "xyz"), "a, xyz c,{ d, e=f }");
    bad += same(list_without_word("X a, x ,b x", "x"), "a, b");
    bad += same(list_with_attribute(span_of("a"), "e", "f"), "{ a, e=f }");
    bad += same(list_with_attribute(span_of("{a}"), "e", "f"), "{ a, e=f }");
    bad +=
        same(list_with_attribute(span_of("{ a, e = { g } }"), "h", "i"), "{ a, e = { g }, h=i }");
    bad += same(list_with_attribute(last, "e", "longer"), "{ d, e=longer }");
    assert_int_equal(bad, 0);
}

static void command__value_with_blanks_for_a_service__by_a_name_of_its_own(void **state)
{
    struct postfix_settings settings = { .directory = NULL };
    struct postfix_service service = { .name = (char *)"[::1]:25", .type = (char *)"inet" };
    unsigned bad = 0;

    (void)state;
    bad += same(command_set(&settings, NULL, "a", "it's\tb"), "postconf -e 'a = it'\\''s b'");
    bad += same(command_set(&settings, NULL, "a", ""), "postconf -e 'a ='");
    bad += same(command_set(&settings, &service, "a", "b, c d"),
                "postconf -P '[::1]:25/inet/a=b,c,d'");
    bad +=
        same(command_set(&settings, &service, "a", "{b,c}"), "postconf -P '[::1]:25/inet/a={b,c}'");
    bad += same(command_set(&settings, &service, "a", "{ b c }"),
                "postconf -e '___1__25_inet_a = { b c }'\n"
                "postconf -P '[::1]:25/inet/a=$___1__25_inet_a'");
    bad += same(postfix_reload_command(NULL), "postfix reload");
    bad += same(postfix_reload_command("/no where"), "postfix -c '/no where' reload");
    assert_null(command_set(&settings, NULL, "a", NULL));
    assert_int_equal(bad, 0);
}

static void service__hosts_and_interfaces__local_or_not(void **state)
{
    static const struct {
        const char *name, *type, *more;
        bool local;
    } rows[] = {
        { "smtp", "inet", "", false },
        { "127.0.0.1:10025", "inet", "", true },
        { "127.1.2.3:smtp", "inet", "", true },
        { "[::1]:10025", "inet", "", true },
        { "localhost:10025", "inet", "", true },
        { "192.0.2.1:smtp", "inet", "", false },
        { "[2001:db8::1]:smtp", "inet", "", false },
        { "smtpd", "pass", "", false },
        { "smtpd", "unix", "", true },
        { "26", "inet", "26/inet/inet_interfaces = localhost\n", true },
        { "127.0.0.1:25", "inet", "127.0.0.1:25/inet/smtpd_authorized_xclient_hosts = 127.0.0.1\n",
          false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct postfix_settings settings;
        char services[512];

        (void)snprintf(services, sizeof(services),
                       "%1$s/%2$s/service = %1$s\n%1$s/%2$s/command = smtpd\n", rows[i].name,
                       rows[i].type);
        assert_true(postfix_settings_parse(
            &settings,
            &(struct postfix_texts){ "inet_interfaces = all\n", "", services, rows[i].more, "" },
            NULL));
        assert_int_equal(settings.service_count, 1);
        bad += row(service_is_local(&settings, &settings.services[0]) == rows[i].local, "%s/%s",
                   rows[i].name, rows[i].type);
        postfix_settings_release(&settings);
    }
    assert_int_equal(bad, 0);
}

static void access__modes_of_folder_and_socket__told(void **state)
{
    static const struct {
        mode_t folder, socket;
        enum access access;
    } rows[] = {
        { 0755, 0666, ACCESS_GRANTED },
        { 0755, 0660, ACCESS_DENIED },
        { 0750, 0666, ACCESS_DENIED },
        { 0711, 0662, ACCESS_GRANTED },
    };
    const char *user = getuid() == 1 ? "bin" : "daemon";
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "folder/socket" };
    char here[4096], path[4200];
    struct access_result result;
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    unsigned bad = 0;

    (void)state;
    assert_non_null(getcwd(here, sizeof(here)));
    (void)snprintf(path, sizeof(path), "%s/folder/socket", here);
    assert_int_equal(mkdir("folder", 0755), 0);
    access_look(path, here, user, &result);
    assert_int_equal(result.access, ACCESS_ABSENT);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    for (size_t i = 0; i < ROWS(rows) && getpwnam(user) != NULL; i++) {
        assert_int_equal(chmod("folder/socket", rows[i].socket), 0);
        assert_int_equal(chmod("folder", rows[i].folder), 0);
        access_look(path, here, user, &result);
        bad += row(result.access == rows[i].access && (result.access != ACCESS_DENIED ||
                                                       result.folder == (rows[i].socket == 0666)),
                   "row %zu: %d at %s", i, (int)result.access, result.denied);
    }
    access_look(path, here, "no such user", &result);
    assert_int_equal(result.access, ACCESS_UNKNOWN);
    (void)close(listener);
    assert_int_equal(chmod("folder", 0755), 0);
    assert_int_equal(unlink("folder/socket"), 0);
    assert_int_equal(bad, 0);
}

static void table__what_no_file_is__not_opened(void **state)
{
    struct table_text table;

    (void)state;
    assert_false(table_open("ldap:x", &table));
    table_release(&table);
    assert_false(table_open("hash:", &table));
    table_release(&table);
    assert_false(table_open("cidr:.", &table));
    table_release(&table);
    assert_true(table_is_text("proxy:hash:x"));
    assert_false(table_is_text("proxy:socketmap:unix:x:y"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings__as_postconf_prints_them__read),
        cmocka_unit_test(chroot__not_said__as_the_compatibility_level_has_it),
        cmocka_unit_test(settings__no_postconf__why),
        cmocka_unit_test(list__braces_and_separators__elements),
        cmocka_unit_test(list__element_in_braces__name_and_attributes),
        cmocka_unit_test(list__changed__the_rest_stays),
        cmocka_unit_test(command__value_with_blanks_for_a_service__by_a_name_of_its_own),
        cmocka_unit_test(service__hosts_and_interfaces__local_or_not),
        cmocka_unit_test(access__modes_of_folder_and_socket__told),
        cmocka_unit_test(table__what_no_file_is__not_opened),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
