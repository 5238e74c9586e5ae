/* SPDX-License-Identifier: ISC */
/*
 * sendmail_case: texts of a sendmail.cf and what has to be found in them, for the unit tests of
 * policy/cli/sendmail_*. Works in the folder of conf_case.h; the files that a sound sendmail.cf
 * names are made there. "@/" in any text is that folder.
 */
#ifndef FORCETLS_TESTS_UNIT_SENDMAIL_CASE_H
#define FORCETLS_TESTS_UNIT_SENDMAIL_CASE_H

#include "policy/cli/check/findings.h"
#include "policy/cli/check/host.h"
#include "tests/unit/conf_case.h"

/* A sound sendmail.cf; what comes behind counts before it. */
#define CF_TLS                                                                    \
    "O CACertPath=@/none\nO CACertFile=@/ca.pem\nO ServerCertFile=@/server.pem\n" \
    "O ServerKeyFile=@/server.key\n"
#define CF_FILTER "Xforcetls, S=" CF_SOCKET ", F=T, T=C:30s;S:10s;R:30s;E:5m\n"
#define CF_CALLED "O InputMailFilters=forcetls\n"
#define CF_SHA256 "O CertFingerprintAlgorithm=sha256\n"
#define CF_SOUND "V10\n" CF_TLS CF_FILTER CF_CALLED CF_SHA256

#define CF_SOCKET "unix:@/none/m.sock" /* which is not there */

/* The connectors of a case; each is called as its level, but for "out". */
enum {
    ENCRYPT = 1,
    VERIFY = 2,
    SECURE = 4,
    PINS = 8, /* level fingerprint */
    OUT = 16, /* outbound; next_hops: [hop.example]:587 [192.0.2.1] mx.example */
    ALL = ENCRYPT | VERIFY | SECURE | PINS
};

struct sendmail_row {
    const char *cf;
    unsigned connectors;
    const char *socket; /* milter_socket; NULL: not set */
    const char *words;  /* of all findings, "word:LINE" or "word", notes with a "?" in front; but
                           for socket-missing, which nearly all have */
};

/* Group setup and teardown. */
int sendmail_files_make(void **state);
int sendmail_files_remove(void **state);

const char *sendmail_folder(void);

struct rules *sendmail_rules(unsigned connectors, const char *socket);
void sendmail_find(const char *cf, unsigned connectors, const char *socket,
                   struct findings *findings);
const char *sendmail_words(const struct findings *findings, char words[600]);

/* The number of rows that give other words. */
unsigned sendmail_rows_check(const struct sendmail_row *rows, size_t count);
#define CHECK(rows) assert_int_equal(sendmail_rows_check(rows, ROWS(rows)), 0)

/* The first finding of that word; the test fails where there is none. */
const struct finding *sendmail_finding(const struct findings *findings, const char *word);

/* What is to be typed for it. */
void assert_typed(const char *cf, unsigned connectors, const char *socket, const char *word,
                  const char *typed);

#endif
