/* SPDX-License-Identifier: ISC */
/*
 * Checks: does Sendmail offer STARTTLS, ask for a certificate, and say of it what the connectors
 * compare.
 *
 * Facts: Installation and Operation Guide, "STARTTLS" and TLSSrvOptions. Measured with Sendmail
 * 8.17.1.9: STARTTLS is offered only with ServerCertFile, ServerKeyFile, CACertFile and CACertPath,
 * all of them absolute paths; the first three have to be there, the third with a certificate in
 * it; the last one need not be. TLSSrvOptions C lifts that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "policy/cli/check/sendmail_check.h"
#include "policy/conf/file.h"
#include "policy/x509/trust_store.h"

#define PATH_SIZE 300
#define NO_CAS "/etc/mail/tls/no-cas"
#define PARTNER_CAS "/etc/mail/tls/partner-cas.pem"
#define PUBLIC_CAS "/etc/ssl/certs"
#define PUBLIC_MANY 100 /* nobody has that many partners with a CA of their own */

#define PLACE "# sendmail.mc, in front of MAILER(...), behind include(`...starttls.m4'):"

/* ---- what the options say -------------------------------------------------------------------- */

/* TLSSrvOptions: single letters between commas and blanks. */
static bool has_server_option(const struct sendmail_settings *settings, char letter)
{
    const char *text = sendmail_option_value(settings, "TLSSrvOptions");

    while (text != NULL && *text != '\0') {
        if (*text == letter)
            return true;
        text += strcspn(text, ", \t");
        text += strspn(text, ", \t");
    }
    return false;
}

static unsigned line_of(const struct sendmail_settings *settings, const char *name)
{
    const struct sendmail_option *option = sendmail_option(settings, name);

    return option != NULL ? option->line : 0;
}

/* Only where it can be told; a value with a macro in it cannot. */
static bool is_absent(const char *path)
{
    struct stat status;

    return strchr(path, '$') == NULL && stat(path, &status) != 0 &&
           (errno == ENOENT || errno == ENOTDIR);
}

/* Certificates in a file or folder; none in a file that is no good; -1: it cannot be told. */
static long count_cas(const char *path)
{
    struct trust_store *store;
    long count;

    if (path == NULL || is_absent(path))
        return 0;
    store = trust_store_read(path, NULL);
    if (store == NULL)
        return file_is_readable(path, false, NULL) ? 0 : -1;
    count = (long)trust_store_count(store);
    trust_store_free(store);
    return count;
}

/* ---- STARTTLS -------------------------------------------------------------------------------- */

enum { SERVER_CERT, SERVER_KEY, CA_FILE, CA_PATH, TLS_FILES };

static const struct tls_file {
    const char *option;
    const char *define;
    const char *usual; /* where Debian has it */
} tls_files[TLS_FILES] = {
    [SERVER_CERT] = { "ServerCertFile", "confSERVER_CERT", "/etc/mail/tls/sendmail-server.crt" },
    [SERVER_KEY] = { "ServerKeyFile", "confSERVER_KEY", "/etc/mail/tls/sendmail-common.key" },
    [CA_FILE] = { "CACertFile", "confCACERT", "/etc/mail/tls/sendmail-server.crt" },
    [CA_PATH] = { "CACertPath", "confCACERT_PATH", NO_CAS },
};

/* The path of an option, of two files ("a,b") the first; "" where there is none. */
static const char *tls_path(const struct sendmail_settings *settings, size_t which,
                            char path[PATH_SIZE])
{
    const char *value = sendmail_option_value(settings, tls_files[which].option);

    (void)snprintf(path, PATH_SIZE, "%.*s", value != NULL ? (int)strcspn(value, ",") : 0,
                   value != NULL ? value : "");
    return path;
}

enum obstacle {
    OBSTACLE_NONE,
    OBSTACLE_UNSET,
    OBSTACLE_RELATIVE,
    OBSTACLE_ABSENT,
    OBSTACLE_OPEN,
    OBSTACLE_EMPTY
};

static const char *const obstacle_texts[] = {
    [OBSTACLE_UNSET] = "is not set",
    [OBSTACLE_RELATIVE] = "is not an absolute path",
    [OBSTACLE_ABSENT] = "is not there",
    [OBSTACLE_OPEN] = "is open to others",
    [OBSTACLE_EMPTY] = "has no certificate in it",
};

/* What nobody but the owner may do with a file. */
static mode_t forbidden(const struct sendmail_settings *settings, size_t which)
{
    if (which != SERVER_KEY)
        return S_IWGRP | S_IWOTH;
    if (sendmail_does_not_blame(settings, "GroupReadableKeyFile"))
        return S_IWGRP | S_IWOTH | S_IROTH;
    return S_IWGRP | S_IWOTH | S_IRGRP | S_IROTH;
}

/* Why this file keeps Sendmail from offering STARTTLS. */
static enum obstacle find_obstacle(const struct sendmail_settings *settings, size_t which)
{
    char path[PATH_SIZE];
    struct stat status;

    (void)tls_path(settings, which, path);
    if (*path == '\0')
        return OBSTACLE_UNSET;
    if (*path == '$')
        return OBSTACLE_NONE;
    if (*path != '/')
        return OBSTACLE_RELATIVE;
    if (which == CA_PATH)
        return OBSTACLE_NONE;
    if (is_absent(path))
        return OBSTACLE_ABSENT;
    if (stat(path, &status) == 0 && (status.st_mode & forbidden(settings, which)) != 0)
        return OBSTACLE_OPEN;
    return which == CA_FILE && count_cas(path) == 0 ? OBSTACLE_EMPTY : OBSTACLE_NONE;
}

static void type_modes(struct remark *remark, const struct sendmail_case *scene,
                       const enum obstacle obstacles[TLS_FILES])
{
    for (size_t i = 0; i < TLS_FILES; i++) {
        bool group = (forbidden(scene->settings, i) & S_IRGRP) != 0;
        char path[PATH_SIZE];

        if (obstacles[i] == OBSTACLE_OPEN)
            remark_type_line(remark, "chmod %s '%s'",
                             i != SERVER_KEY ? "go-w"
                             : group         ? "go-rwx"
                                             : "g-w,o-rwx",
                             tls_path(scene->settings, i, path));
    }
}

/* How to make files that are named and not there. */
static void type_files(struct remark *remark, const struct sendmail_case *scene,
                       const enum obstacle obstacles[TLS_FILES])
{
    const struct sendmail_settings *settings = scene->settings;
    char cert[PATH_SIZE], key[PATH_SIZE], cas[PATH_SIZE];

    (void)tls_path(settings, SERVER_CERT, cert);
    (void)tls_path(settings, SERVER_KEY, key);
    (void)tls_path(settings, CA_FILE, cas);
    if (obstacles[SERVER_CERT] == OBSTACLE_ABSENT && obstacles[SERVER_KEY] == OBSTACLE_ABSENT)
        remark_type_line(remark,
                         "(umask 077 && openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "
                         "\"/CN=$(hostname -f)\" -keyout '%s' -out '%s')",
                         key, cert);
    else if (obstacles[SERVER_CERT] == OBSTACLE_ABSENT)
        remark_type_line(remark,
                         "openssl req -x509 -key '%s' -days 3650 -subj \"/CN=$(hostname -f)\" -out "
                         "'%s'",
                         key, cert);
    else if (obstacles[SERVER_KEY] == OBSTACLE_ABSENT)
        remark_type_line(remark, "ls -l '%s'   # the key of '%s'", key, cert);
    if ((obstacles[CA_FILE] != OBSTACLE_ABSENT && obstacles[CA_FILE] != OBSTACLE_EMPTY) ||
        strcmp(cert, cas) == 0)
        return;
    if (scene->needs.chain != NULL)
        remark_type_line(remark, "cat CA-OF-THE-PARTNER.pem >> '%s'", cas);
    else
        remark_type_line(remark, "cp '%s' '%s'", cert, cas);
}

static void type_defines(struct remark *remark, const struct sendmail_case *scene,
                         const enum obstacle obstacles[TLS_FILES])
{
    bool placed = false;

    for (size_t i = 0; i < TLS_FILES; i++) {
        bool cas = i == CA_FILE && scene->needs.chain != NULL;

        if (obstacles[i] != OBSTACLE_UNSET && obstacles[i] != OBSTACLE_RELATIVE)
            continue;
        if (!placed)
            remark_type_line(remark, PLACE);
        placed = true;
        remark_type_line(remark, "define(`%s', `%s')dnl", tls_files[i].define,
                         cas ? PARTNER_CAS : tls_files[i].usual);
    }
}

void sendmail_check_starttls(const struct sendmail_case *scene, const char *word)
{
    enum obstacle obstacles[TLS_FILES];
    const char *between = "";
    struct remark remark;

    if (has_server_option(scene->settings, 'C'))
        return;
    remark_init(&remark);
    remark_say(&remark, "Sendmail offers no STARTTLS, and connector '%.60s' demands it: ",
               scene->needs.inbound->name);
    for (size_t i = 0; i < TLS_FILES; i++) {
        char path[PATH_SIZE];

        obstacles[i] = find_obstacle(scene->settings, i);
        if (obstacles[i] == OBSTACLE_NONE)
            continue;
        remark_say(&remark, "%s%s ", between, tls_files[i].option);
        if (obstacles[i] != OBSTACLE_UNSET)
            remark_say(&remark, "'%.120s' ", tls_path(scene->settings, i, path));
        remark_say(&remark, "%s", obstacle_texts[obstacles[i]]);
        between = ", ";
    }
    if (*between == '\0')
        return;
    type_files(&remark, scene, obstacles);
    type_modes(&remark, scene, obstacles);
    type_defines(&remark, scene, obstacles);
    remark_add(scene, &remark, SEVERITY_WARNING, word, 0);
}

static void check_daemon_tls(const struct sendmail_case *scene, const char *word,
                             const struct sendmail_daemon *daemon)
{
    const char *modifiers = daemon->modifiers != NULL ? daemon->modifiers : "";
    char others[64] = "";
    size_t used = 0;
    struct remark remark;

    /* 's': TLS from the first octet on. Partners do not come to a submission port. */
    if (strchr(modifiers, 'S') == NULL || strchr(modifiers, 's') != NULL ||
        !sendmail_daemon_is_public(daemon) || sendmail_daemon_is_submission(daemon))
        return;
    for (; *modifiers != '\0' && used + 1 < sizeof(others); modifiers++) {
        if (*modifiers != 'S')
            others[used++] = *modifiers;
    }
    remark_init(&remark);
    remark_say(&remark,
               "daemon '%.60s' offers no STARTTLS (Modifier S), and connector '%.60s' demands it",
               sendmail_daemon_name(daemon), scene->needs.inbound->name);
    remark_type_daemon(&remark, daemon, "Modifier", used != 0 ? others : NULL);
    remark_add(scene, &remark, SEVERITY_WARNING, word, daemon->line);
}

void sendmail_check_daemon_tls(const struct sendmail_case *scene, const char *word)
{
    for (size_t i = 0; i < scene->settings->daemon_count; i++)
        check_daemon_tls(scene, word, &scene->settings->daemons[i]);
}

/* ---- certificates of clients ----------------------------------------------------------------- */

void sendmail_check_asks(const struct sendmail_case *scene, const char *word)
{
    struct remark remark;

    if (!has_server_option(scene->settings, 'V'))
        return;
    remark_init(&remark);
    remark_say(&remark,
               "Sendmail asks no client for a certificate (TLSSrvOptions V), and connector '%.60s' "
               "demands one",
               scene->needs.certificate->name);
    remark_type_line(&remark, PLACE);
    remark_type_line(&remark, "define(`confTLS_SRV_OPTIONS', `%s')dnl",
                     has_server_option(scene->settings, 'C') ? "C" : "");
    remark_add(scene, &remark, SEVERITY_WARNING, word, line_of(scene->settings, "TLSSrvOptions"));
}

/* CAs that may vouch for clients. Debian's starttls.m4 names the server's own certificate as
 * CACertFile, which is there to have one at all. */
static long count_client_cas(const struct sendmail_settings *settings)
{
    char file[PATH_SIZE], folder[PATH_SIZE], server[PATH_SIZE];
    long in_file = count_cas(tls_path(settings, CA_FILE, file));
    long in_folder = count_cas(tls_path(settings, CA_PATH, folder));

    if (in_file < 0 || in_folder < 0)
        return -1;
    if (in_file == 1 && strcmp(file, tls_path(settings, SERVER_CERT, server)) == 0)
        in_file = 0;
    return in_file + in_folder;
}

void sendmail_check_cas(const struct sendmail_case *scene, const char *word)
{
    struct remark remark;

    if (count_client_cas(scene->settings) != 0)
        return;
    if (!has_server_option(scene->settings, 'C') &&
        find_obstacle(scene->settings, CA_FILE) != OBSTACLE_NONE)
        return; /* there is no STARTTLS at all */
    remark_init(&remark);
    remark_say(&remark,
               "no CA may vouch for a client (CACertFile and CACertPath have none but the server's "
               "own certificate), and connector '%.60s' demands a trusted certificate",
               scene->needs.chain->name);
    remark_type_line(&remark, PLACE);
    remark_type_line(&remark, "define(`confCACERT', `" PARTNER_CAS "')dnl");
    remark_add(scene, &remark, SEVERITY_WARNING, word, line_of(scene->settings, "CACertFile"));
}

static bool is_public(const char *path, long count)
{
    size_t length = strlen(PUBLIC_CAS);

    return count >= PUBLIC_MANY || (strncmp(path, PUBLIC_CAS, length) == 0 &&
                                    (path[length] == '\0' || strcmp(path + length, "/") == 0));
}

static void check_public(const struct sendmail_case *scene, const char *word, size_t which,
                         const char *instead)
{
    char path[PATH_SIZE];
    long count = count_cas(tls_path(scene->settings, which, path));
    struct remark remark;

    if (!is_public(path, count))
        return;
    remark_init(&remark);
    remark_say(&remark,
               "every public CA may vouch for a client (%s '%.160s'), and connector '%.60s' (level "
               "verify) asks for no more",
               tls_files[which].option, path, scene->needs.verify->name);
    if (which == CA_PATH)
        remark_type_line(&remark, "install -d -m 0755 %s", instead);
    remark_type_line(&remark, PLACE);
    remark_type_line(&remark, "define(`%s', `%s')dnl", tls_files[which].define, instead);
    remark_add(scene, &remark, SEVERITY_WARNING, word,
               line_of(scene->settings, tls_files[which].option));
}

void sendmail_check_public(const struct sendmail_case *scene, const char *word)
{
    check_public(scene, word, CA_FILE, PARTNER_CAS);
    check_public(scene, word, CA_PATH, NO_CAS);
}

void sendmail_check_fingerprint(const struct sendmail_case *scene, const char *word)
{
    static const char *const names[] = { "sha256", "sha-256", "sha2-256" };
    const char *value = sendmail_option_value(scene->settings, "CertFingerprintAlgorithm");
    struct remark remark;

    for (size_t i = 0; value != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcasecmp(value, names[i]) == 0)
            return;
    }
    remark_init(&remark);
    remark_say(&remark,
               "Sendmail tells fingerprints as '%.60s' (CertFingerprintAlgorithm), and connector "
               "'%.60s' compares SHA-256",
               value != NULL ? value : "md5", scene->needs.pins->name);
    remark_type_line(&remark, PLACE);
    remark_type_line(&remark, "define(`confCERT_FINGERPRINT_ALGORITHM', `sha256')dnl");
    remark_add(scene, &remark, SEVERITY_WARNING, word,
               line_of(scene->settings, "CertFingerprintAlgorithm"));
}
