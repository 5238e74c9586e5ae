/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/sendmail_socket: would Sendmail dare to open the socket, and could it. */
#include "tests/unit/sendmail_case.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Whether everybody may enter the folders above the tests' one, and nobody else's files be moved
 * there; TMPDIR may say otherwise, and then nothing can be told of the socket's folder. */
static bool is_usual_place(void)
{
    char *above = strdup(sendmail_folder()), *slash;
    bool usual = true;
    struct stat status;

    assert_non_null(above);
    while ((slash = strrchr(above, '/')) != NULL && slash > above) {
        *slash = '\0';
        usual &= stat(above, &status) == 0 && (status.st_mode & S_IXOTH) != 0 &&
                 ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (status.st_mode & S_ISVTX) != 0);
    }
    free(above);
    if (!usual)
        print_message("# not tested in %s: its parents are not open to everybody\n",
                      sendmail_folder());
    return usual;
}

/* DIR/m.sock in the tests' folder, with these modes. */
static void make_socket(mode_t folder_mode, mode_t socket_mode)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "dir/m.sock" };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)unlink(address.sun_path);
    (void)rmdir("dir");
    assert_int_equal(mkdir("dir", 0700), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(chmod(address.sun_path, socket_mode), 0);
    assert_int_equal(chmod("dir", folder_mode), 0);
    assert_int_equal(close(fd), 0);
}

#define THERE "unix:@/dir/m.sock"
#define TRUSTING "O DontBlameSendmail=TrustStickyBit\n" /* the tests' folder may lie in /tmp */
#define MADE "V10\n" CF_TLS CF_CALLED "Xforcetls, S=" THERE ", F=T, T=C:9s\n"

static void socket__folder_writable_for_others__warned(void **state)
{
    static const struct {
        mode_t mode;
        struct sendmail_row row;
    } rows[] = {
        { 0755, { MADE TRUSTING, ENCRYPT, THERE, "" } },
        { 0777, { MADE, ENCRYPT, THERE, "socket-unsafe:7" } },
        { 0777, { MADE TRUSTING, ENCRYPT, THERE, "socket-unsafe:7" } },
        { 01777, { MADE TRUSTING, ENCRYPT, THERE, "" } },
        { 01777, { MADE "O DontBlameSendmail=safe\n", ENCRYPT, THERE, "socket-unsafe:7" } },
        { 0775, { MADE TRUSTING, ENCRYPT, THERE, "socket-unsafe:7" } },
        { 0775,
          { MADE "O DontBlameSendmail=truststickybit, GroupWritableDirPathSafe\n", ENCRYPT, THERE,
            "" } },
        { 0775,
          { MADE "O DontBlameSendmail=GroupWritableDirPathSafe,Safe,TrustStickyBit\n", ENCRYPT,
            THERE, "socket-unsafe:7" } },
        { 0775,
          { MADE "O DontBlameSendmail=GroupWritableDirPathSafeX,TrustStickyBit\n", ENCRYPT, THERE,
            "socket-unsafe:7" } },
        { 0777,
          { MADE TRUSTING "O DontBlameSendmail=GroupWritableDirPathSafe\n", ENCRYPT, THERE,
            "socket-unsafe:7" } },
    };
    unsigned bad = 0;

    (void)state;
    if (!is_usual_place())
        return;
    for (size_t i = 0; i < ROWS(rows); i++) {
        make_socket(rows[i].mode, 0600);
        bad += sendmail_rows_check(&rows[i].row, 1);
    }
    assert_int_equal(bad, 0);
    make_socket(0775, 0600);
    assert_typed(MADE TRUSTING, ENCRYPT, THERE, "socket-unsafe", "chmod g-w '@/dir'\n");
    make_socket(0777, 0600);
    assert_typed(
        MADE TRUSTING, ENCRYPT, THERE, "socket-unsafe",
        "install -d -o forcetls -g forcetls -m 0755 /run/forcetls\n"
        "milter_socket = \"unix:/run/forcetls/milter.sock\";   # forcetls.conf, and restart "
        "forcetls-milter\n"
        "# sendmail.mc, in place of the line of this filter:\n"
        "INPUT_MAIL_FILTER(`forcetls', `S=unix:/run/forcetls/milter.sock, F=T, "
        "T=C:30s;S:10s;R:30s;E:5m')dnl\n");
}

static void socket__run_as_user_kept_out__warned(void **state)
{
    static const char nobody[] = MADE TRUSTING "O RunAsUser=nobody\n";
    static const struct {
        mode_t folder, socket;
        struct sendmail_row row;
    } rows[] = {
        { 0755, 0666, { nobody, ENCRYPT, THERE, "" } },
        { 0755, 0600, { nobody, ENCRYPT, THERE, "socket-denied:9" } },
        { 0700, 0666, { nobody, ENCRYPT, THERE, "socket-denied:9" } },
        { 0700, 0600, { MADE TRUSTING, ENCRYPT, THERE, "" } },
        { 0700, 0600, { MADE TRUSTING "O RunAsUser=root\n", ENCRYPT, THERE, "" } },
        { 0700, 0600, { MADE TRUSTING "O RunAsUser=\n", ENCRYPT, THERE, "" } },
        { 0700, 0600, { MADE TRUSTING "O RunAsUser=no-such-user\n", ENCRYPT, THERE, "" } },
        { 0700, 0600, { MADE TRUSTING "O RunAsUser=nobody:mail\n", ENCRYPT, THERE, "" } },
    };
    unsigned bad = 0;

    (void)state;
    if (!is_usual_place())
        return;
    assert_int_equal(chmod(sendmail_folder(), 0755), 0);
    for (size_t i = 0; i < ROWS(rows); i++) {
        make_socket(rows[i].folder, rows[i].socket);
        bad += sendmail_rows_check(&rows[i].row, 1);
    }
    assert_int_equal(bad, 0);
    assert_int_equal(chmod(sendmail_folder(), 0700), 0);
}

static void socket__not_there__noted(void **state)
{
    struct findings findings;

    (void)state;
    make_socket(0700, 0600);
    sendmail_find(MADE TRUSTING, ENCRYPT, THERE, &findings);
    assert_int_equal(findings.count, 0);
    findings_release(&findings);
    assert_int_equal(unlink("dir/m.sock"), 0);
    sendmail_find(MADE TRUSTING, ENCRYPT, THERE, &findings);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.warnings, 0);
    assert_string_equal(findings.items[0].word, "socket-missing");
    assert_string_equal(findings.items[0].type, "systemctl start forcetls-milter\n");
    findings_release(&findings);
    assert_int_equal(rmdir("dir"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socket__folder_writable_for_others__warned),
        cmocka_unit_test(socket__run_as_user_kept_out__warned),
        cmocka_unit_test(socket__not_there__noted),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, sendmail_files_make, sendmail_files_remove);
}
