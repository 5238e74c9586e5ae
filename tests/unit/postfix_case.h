/* SPDX-License-Identifier: ISC */
/*
 * postfix_case: Postfix's settings without a Postfix, for the unit tests of policy/cli/postfix_*:
 * what postconf printed of Debian's default configuration ("Internet Site") with README's lines
 * added, and what a test puts in its place.
 */
#ifndef FORCETLS_TESTS_UNIT_POSTFIX_CASE_H
#define FORCETLS_TESTS_UNIT_POSTFIX_CASE_H

#include "policy/cli/check/findings.h"
#include "policy/cli/check/postfix_settings.h"
#include "tests/unit/conf_case.h"

enum postfix_version { POSTFIX_3_7, POSTFIX_3_10 }; /* Debian 12, Debian 13 */

/* The settings; what is added is as postconf prints it, and wins over what was there:
 * "name = value" lines, service lines (see POSTFIX_SERVICE), "smtp/inet/name = value" lines. */
struct postfix_change {
    const char *main;     /* NULL: nothing, likewise below */
    const char *main_raw; /* where it is written in another way than it reads */
    const char *services;
    const char *overrides;
    const char *overrides_raw;
};

void postfix_case_settings(struct postfix_settings *settings, enum postfix_version version,
                           const struct postfix_change *change);

#define POSTFIX_SERVICE(name, type, chroot, command)                                       \
    name "/" type "/service = " name "\n" name "/" type "/type = " type "\n" name "/" type \
         "/chroot = " chroot "\n" name "/" type "/command = " command "\n"

/* Findings as text, a line each: "word | where | what to type", with " // " between its lines; a
 * note's word in round brackets. `skip`: how the words begin that are left out, or NULL. The
 * caller's (free). */
char *postfix_case_text(const struct findings *findings, const char *skip);

struct postfix_row {
    const char *conf; /* of forcetls.conf */
    struct postfix_change change;
    const char *expected; /* of postfix_case_text(), without what this host's sockets draw */
};

/* Makes all checks; returns the number of rows with other findings. */
unsigned postfix_case_check(const struct postfix_row *rows, size_t count,
                            enum postfix_version version);

#define POSTFIX_SUBMISSION POSTFIX_SERVICE("submission", "inet", "y", "smtpd -o x=y")
#define POSTFIX_REINJECT POSTFIX_SERVICE("127.0.0.1:10025", "inet", "n", "smtpd")

/* Rows with a change in main.cf, and with more lines in master.cf. */
#define POSTFIX_MAIN(conf, main, expected)                              \
    {                                                                   \
        POSTFIX_CONF_##conf, { main, NULL, NULL, NULL, NULL }, expected \
    }
#define POSTFIX_MASTER(conf, services, overrides, expected)                      \
    {                                                                            \
        POSTFIX_CONF_##conf, { NULL, NULL, services, overrides, NULL }, expected \
    }
#define POSTFIX_CHECK(rows) assert_int_equal(postfix_case_check(rows, ROWS(rows), POSTFIX_3_7), 0)

/* A forcetls.conf: the sockets as contrib/postfix has them, and connectors. */
#define POSTFIX_CONF_SOCKETS                                              \
    "milter_socket = \"unix:/var/spool/postfix/forcetls/milter.sock\";\n" \
    "smtpd_policy_socket = \"unix:/var/spool/postfix/forcetls/policy.sock\";\n"
#define POSTFIX_CONF(level) POSTFIX_CONF_SOCKETS CONF_INBOUND("level = \"" level "\";\n")
#define POSTFIX_CONF_ENCRYPT POSTFIX_CONF("encrypt")
#define POSTFIX_CONF_SECURE POSTFIX_CONF("secure")
#define POSTFIX_CONF_VERIFY POSTFIX_CONF("verify")
#define POSTFIX_CONF_PINS                                                                      \
    POSTFIX_CONF_SOCKETS                                                                       \
    CONF_INBOUND("level = \"fingerprint\"; certificates = ( { fingerprint = \"" POSTFIX_DIGEST \
                 "\"; } );\n")
#define POSTFIX_DIGEST "f025ffb3d1d634338a8b492af6186399f5aeab69383eac4cfe68186f39003d73"

#endif
