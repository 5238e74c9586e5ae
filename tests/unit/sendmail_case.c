/* SPDX-License-Identifier: ISC */
/* sendmail_case: see sendmail_case.h. */
#include "config.h"

#include "tests/unit/sendmail_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ----------------------------------------------------------------------------------- */

static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBgjCCASegAwIBAgIURdSlDNFuKQHhMNgVxXygEonZcIYwCgYIKoZIzj0EAwIw\n"
    "FTETMBEGA1UEAwwKRXhhbXBsZSBDQTAgFw0yNjExMjUwMTU4MzhaGA8yMTI2MTEw\n"
    "MTAxNTgzOFowFTETMBEGA1UEAwwKRXhhbXBsZSBDQTBZMBMGByqGSM49AgEGCCqG\n"
    "SM49AwEHA0IABBwUYaQKXCqpJQ3S6JO/Yj5Msp6xNHgc71g/+Aia4u9pm4KxoQQz\n"
    "kRbMnENGAZGXNesieuyVFsrhu21jgdzT8VKjUzBRMB0GA1UdDgQWBBQ8NH7uC8Em\n"
    "l83KWouNMO3Jxp6D2DAfBgNVHSMEGDAWgBQ8NH7uC8Eml83KWouNMO3Jxp6D2DAP\n"
    "BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDo0lm6ujh8IAAhomy0\n"
    "MaCvsVH1JiXl8YY9oNIGMB0WrQIhAImhUUYYI6UDlfBxGavKBiXgCdqo0+vI4ToY\n"
    "Mq8tr2Ev\n"
    "-----END CERTIFICATE-----\n";

static char *folder; /* where the tests work */

const char *sendmail_folder(void)
{
    return folder;
}

int sendmail_files_make(void **state)
{
    if (conf_folder_make(state) != 0)
        return -1;
    folder = getcwd(NULL, 0);
    if (folder == NULL)
        return -1;
    conf_write("ca.pem", span_of(certificate));
    conf_write("server.pem", span_of(certificate));
    conf_write("server.key", SPAN("key\n"));
    conf_write("open.key", SPAN("key\n"));
    conf_write("open.pem", span_of(certificate));
    conf_write("empty.pem", SPAN(""));
    return chmod("ca.pem", 0644) == 0 && chmod("server.pem", 0644) == 0 &&
                   chmod("server.key", 0600) == 0 && chmod("empty.pem", 0644) == 0 &&
                   chmod("open.key", 0640) == 0 && chmod("open.pem", 0664) == 0
               ? 0
               : -1;
}

int sendmail_files_remove(void **state)
{
    free(folder);
    return conf_folder_remove(state);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void add(struct rules *rules, const char *name, enum level level)
{
    struct connector *connector = build_connector(name, level);
    char pattern[40];

    if (level == LEVEL_FINGERPRINT) {
        struct certificate_entry *entry = build_entry(connector);

        entry->has_fingerprint = true;
        entry->fingerprint = build_digest(1);
    }
    if (strcmp(name, "out") == 0) {
        connector->directions[DIRECTION_INBOUND] = false;
        connector->directions[DIRECTION_OUTBOUND] = true;
        build_strings(&connector->next_hops, "[hop.example]:587 [192.0.2.1] mx.example");
    }
    (void)snprintf(pattern, sizeof(pattern), "%s.example", name);
    build_add(rules, connector, pattern);
}

static char *expand(const char *text)
{
    char *expanded = calloc(1, strlen(text) + 40 * strlen(folder) + 1);

    assert_non_null(expanded);
    for (char *to = expanded; *text != '\0'; text++) {
        if (*text == '@' && (text[1] == '/' || text[1] == '\''))
            to = stpcpy(to, folder);
        else
            *to++ = *text;
    }
    return expanded;
}

struct rules *sendmail_rules(unsigned connectors, const char *socket)
{
    struct rules *rules = build_rules();

    rules->settings.milter_socket = socket != NULL ? expand(socket) : NULL;
    if ((connectors & ENCRYPT) != 0)
        add(rules, "encrypt", LEVEL_ENCRYPT);
    if ((connectors & VERIFY) != 0)
        add(rules, "verify", LEVEL_VERIFY);
    if ((connectors & SECURE) != 0)
        add(rules, "secure", LEVEL_SECURE);
    if ((connectors & PINS) != 0)
        add(rules, "pins", LEVEL_FINGERPRINT);
    if ((connectors & OUT) != 0)
        add(rules, "out", LEVEL_ENCRYPT);
    build_finish(rules);
    return rules;
}

void sendmail_find(const char *cf, unsigned connectors, const char *socket,
                   struct findings *findings)
{
    struct rules *rules = sendmail_rules(connectors, socket);
    char *text = expand(cf);
    struct why why = { "" };

    *findings = (struct findings){ .items = NULL };
    conf_write("t.cf", span_of(text));
    if (!sendmail_check(rules, "t.cf", findings, &why))
        fail_msg("%s", why.text);
    free(text);
    rules_free(rules);
}

const char *sendmail_words(const struct findings *findings, char words[600])
{
    words[0] = '\0';
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        const char *line = strchr(finding->where, ':');
        size_t used = strlen(words);

        if (strcmp(finding->word, "socket-missing") != 0)
            (void)snprintf(words + used, 600 - used, "%s%s%s%s", used != 0 ? " " : "",
                           finding->severity == SEVERITY_NOTE ? "?" : "", finding->word,
                           line != NULL ? line : "");
    }
    return words;
}

unsigned sendmail_rows_check(const struct sendmail_row *rows, size_t count)
{
    unsigned bad = 0;

    for (size_t i = 0; i < count; i++) {
        struct findings findings;
        char words[600];

        sendmail_find(rows[i].cf, rows[i].connectors, rows[i].socket, &findings);
        bad += row(strcmp(sendmail_words(&findings, words), rows[i].words) == 0,
                   "%s\nwants: %s\ngives: %s", rows[i].cf, rows[i].words, words);
        findings_release(&findings);
    }
    return bad;
}

const struct finding *sendmail_finding(const struct findings *findings, const char *word)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->items[i].word, word) == 0)
            return &findings->items[i];
    }
    fail_msg("no finding %s", word);
    return NULL;
}

void assert_typed(const char *cf, unsigned connectors, const char *socket, const char *word,
                  const char *typed)
{
    struct findings findings;
    char *wanted = expand(typed);

    sendmail_find(cf, connectors, socket, &findings);
    assert_string_equal(sendmail_finding(&findings, word)->type, wanted);
    findings_release(&findings);
    free(wanted);
}
