/* SPDX-License-Identifier: ISC */
/*
 * A static table for smtp_tls_policy_maps. Its lines are the answers of the TLS policy map
 * (policy/tls_policy), which Postfix would get of the daemon's socket for the same keys:
 *
 *   contoso.com          the domain itself
 *   .contoso.com         the names below it: Postfix looks for the name, then for its parents
 *   [mail.example]:587   a next hop, as transport_maps or relayhost has it
 *
 * The map's "nothing is demanded" needs a line only where a parent's line would demand it. A key
 * that the map would put off gets a policy that nobody can meet.
 */
#include "config.h"

#include <idn2.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "milter/anchors.h"
#include "policy/cli/check/check_words.h"
#include "policy/cli/export/export.h"
#include "policy/cli/subcommand.h"
#include "policy/describe.h"
#include "policy/tls_policy.h"

#define NOBODY "secure match=nobody.invalid" /* RFC 6761, 6.4: no host has that name */
#define VALUE_MOST 256
#define ROOTS_MOST 64

static void print_head(const struct exported *exported)
{
    export_comment(exported, "TLS policies for Postfix 3.7 and later (smtp_tls_policy_maps).");
    export_made_from(exported, "postfix");
    export_comment(exported, "%s", "");
    export_comment_line(exported, "forcetls export postfix > /etc/postfix/forcetls_tls_policy");
    export_comment_line(exported, "postconf -e 'smtp_tls_policy_maps = "
                                  "texthash:/etc/postfix/forcetls_tls_policy'");
    export_comment_line(exported, "postfix reload");
    export_comment(exported, "%s", "");
    export_comment(exported, "texthash: reads this file as it is. An indexed one (hash:, lmdb:) "
                             "needs postmap /etc/postfix/forcetls_tls_policy after each export. "
                             "Levels verify and secure trust what smtp_tls_CAfile holds, which is "
                             "nothing by default. A next hop counts only if transport_maps and "
                             "relayhost spell it as this table does.");
    export_dates(exported);
    export_comment(exported, "With tls_policy_socket in forcetls.conf Postfix asks the daemon, "
                             "which needs no copy.");
}

/* ---- trust anchors --------------------------------------------------------------------------- */

/* Attributes of a policy end at blanks and commas. */
static bool is_attribute(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= 0x20 || *c > 0x7e || *c == ',')
            return false;
    }
    return true;
}

static bool is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The trust store that counts for a connector, as tafile= takes it: a file, by its absolute name.
 * False: it is not such a one. */
static bool anchors_file(const struct rules *rules, const struct connector *connector,
                         char path[PATH_MAX])
{
    const char *store = rules_trust_store(rules, connector);
    char folder[PATH_MAX] = "";
    int length;

    if (store[0] == '\0' || !is_file(store) ||
        (store[0] != '/' && getcwd(folder, sizeof(folder) - 1) == NULL))
        return false;
    length = snprintf(path, PATH_MAX, "%s%s%s", folder, folder[0] != '\0' ? "/" : "", store);
    return length < PATH_MAX && is_attribute(path);
}

/* For tls_policy_answer(). */
struct source {
    const struct exported *exported;
    struct anchors *anchors; /* with --anchors; else the trust stores themselves are named */
    char prefix[PATH_MAX];   /* before a file's name, as smtp(8) opens it */
    char path[2 * PATH_MAX];
};

static const char *tafile(void *data, const struct connector *connector, bool *failed)
{
    struct source *source = data;
    const char *file = NULL;

    if (source->anchors == NULL) {
        *failed = !anchors_file(source->exported->rules, connector, source->path);
    } else {
        file = anchors_find(source->anchors, connector, source->exported->now);
        *failed = file == NULL;
        if (file != NULL)
            (void)snprintf(source->path, sizeof(source->path), "%s%s", source->prefix, file);
    }
    return *failed ? NULL : source->path;
}

/* Writes the files of --anchors. False: memory ran out, or smtp(8) has no name for the folder. */
static bool source_make(struct source *source, const struct exported *exported)
{
    source->exported = exported;
    source->anchors = NULL;
    if (exported->anchors == NULL)
        return true;
    if (!anchors_prefix(exported->anchors, source->prefix, sizeof(source->prefix))) {
        cli_error("too long a name of a folder ('%s')", exported->anchors);
        return false;
    }
    source->anchors = anchors_write(exported->rules, exported->anchors, exported->now);
    if (source->anchors == NULL)
        cli_error("out of memory");
    return source->anchors != NULL;
}

/* ---- what the table does not say ------------------------------------------------------------- */

static void say_roots(const struct exported *exported, const struct connector *connector,
                      const char *instead)
{
    const char *roots[ROOTS_MOST];
    size_t count = tls_policy_roots(connector, exported->now, roots, ROOTS_MOST);
    char text[DESCRIBE_SIZE];
    struct line line;

    if (count == 0)
        return;
    line_init(&line, text, sizeof(text));
    for (size_t i = 0; i < count; i++) {
        line_add(&line, i > 0 ? " or " : "");
        line_add_cited(&line, span_of(roots[i]), VALUE_MOST);
    }
    export_comment(exported, "not in the table without --anchors: root %s; every root of %s counts",
                   text, instead);
}

static void say_anchors(const struct exported *exported, const struct connector *connector)
{
    char path[PATH_MAX];

    if (exported->anchors != NULL || !tls_policy_needs_anchors(connector, exported->now))
        return;
    if (anchors_file(exported->rules, connector, path)) {
        say_roots(exported, connector, "the file");
        export_comment(exported, "tafile: a chrooted smtp(8) opens it below the queue directory, "
                                 "where a copy must be");
        return;
    }
    if (connector->trust_store != NULL)
        export_comment(exported, "not in the table without --anchors: trust_store, since tafile= "
                                 "takes no folder; smtp_tls_CAfile counts");
    say_roots(exported, connector, "smtp_tls_CAfile");
}

/* A wanted "*.contoso.com" is one label deep, Postfix's ".contoso.com" any number of them. */
static void say_wildcards(const struct exported *exported, const struct connector *connector)
{
    for (size_t i = 0; connector->level == LEVEL_SECURE && i < connector->certificate_count; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];

        if (entry->has_name && entry->name.wildcard &&
            certificate_entry_state(entry, exported->now) == ENTRY_ACTIVE)
            export_comment(exported,
                           "name *.%s: Postfix takes a certificate's name any number of labels "
                           "below it",
                           entry->name.domain.name);
    }
}

static void say_unsaid(const struct exported *exported, const struct connector *connector)
{
    char text[DESCRIBE_SIZE];
    struct line line;

    if (!words_enforces(exported->rules, connector, exported->now))
        return;
    line_init(&line, text, sizeof(text));
    if (tls_policy_unsaid(connector, &line))
        export_comment(exported, "not in the table, judged at RCPT alone: %s", text + strlen(", "));
    if (connector->local_domains != NULL)
        export_comment(exported, "not in the table: local_domains; mail of all senders is held to "
                                 "it");
    say_wildcards(exported, connector);
    say_anchors(exported, connector);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void print_line(const struct exported *exported, const struct export_key *key,
                       const char *name, const char *policy)
{
    page_line(exported->page, PAINT_NONE, "%s%s  %s", key->kind == KEY_BELOW ? "." : "", name,
              policy);
}

/* And once more as somebody types it, where that differs: Postfix asks for what the sender wrote.
 */
static void print_lines(const struct exported *exported, const struct export_key *key,
                        const char *policy)
{
    char *unicode = NULL;

    print_line(exported, key, key->name, policy);
    if (key->kind == KEY_HOP || strstr(key->name, "xn--") == NULL ||
        idn2_to_unicode_8z8z(key->name, &unicode, 0) != IDN2_OK)
        return;
    if (strcmp(unicode, key->name) != 0)
        print_line(exported, key, unicode, policy);
    idn2_free(unicode);
}

/* Whether the anchors of all connectors of the key are in files that tafile= can name. */
static bool has_files(const struct exported *exported, const struct export_key *key)
{
    const struct connector *connectors[EXPORT_CONNECTORS_MOST];
    size_t count = export_key_connectors(exported->rules, key, exported->now, connectors,
                                         EXPORT_CONNECTORS_MOST);
    char path[PATH_MAX];

    if (exported->anchors != NULL)
        return true;
    for (size_t i = 0; i < count && i < EXPORT_CONNECTORS_MOST; i++) {
        if (tls_policy_needs_anchors(connectors[i], exported->now) &&
            !anchors_file(exported->rules, connectors[i], path))
            return false;
    }
    return true;
}

static void print_key(struct exported *exported, struct source *source,
                      const struct export_key *key)
{
    const struct tls_policy_files files = { tafile, source };
    char asked[EXPORT_ASKED_SIZE], text[TLS_POLICY_SIZE + 1];
    struct line line;

    if (key->state == KEY_FREE)
        return;
    if (key->state == KEY_EXCEPTED) {
        print_lines(exported, key, "may");
        return;
    }
    export_key_asked(exported->rules, key, asked);
    line_init(&line, text, sizeof(text));
    switch (tls_policy_answer(exported->rules, span_of(asked), exported->now,
                              has_files(exported, key) ? &files : NULL, &line)) {
    case TLS_POLICY_OK:
        print_lines(exported, key, text);
        break;
    case TLS_POLICY_TEMP:
        export_comment(exported, "%s: nobody can meet this policy: the mail waits", text);
        export_held_back(exported, key->name, text);
        print_lines(exported, key, NOBODY);
        break;
    case TLS_POLICY_NOTFOUND:
        break;
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void say_everybody(const struct exported *exported, const struct connector *connector)
{
    if (!words_enforces(exported->rules, connector, exported->now))
        return;
    export_comment(
        exported,
        "not in the table: *, since no key is for everybody; as the level of all that "
        "has no line: postconf -e 'smtp_tls_security_level = %s'",
        level_word(connector->level < LEVEL_FINGERPRINT ? connector->level : LEVEL_ENCRYPT));
}

static void say_exceptions(const struct exported *exported, size_t first, uint32_t index)
{
    const struct export_keys *keys = &exported->keys;

    for (size_t i = first; i < keys->count && keys->places[i]->index == index; i++) {
        if (keys->places[i]->state != KEY_EXCEPTED)
            continue;
        export_comment(exported, "may: so that the line of a parent domain does not count here; "
                                 "smtp_tls_security_level does not either");
        return;
    }
}

bool export_postfix(struct exported *exported)
{
    const struct connectors *connectors = exported->rules->connectors;
    struct source source;
    size_t position = 0;

    if (!source_make(&source, exported))
        return false;
    print_head(exported);
    for (uint32_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, i);

        if (!connector->directions[DIRECTION_OUTBOUND])
            continue;
        export_connector(exported, connector);
        say_unsaid(exported, connector);
        if (connector == exported->keys.everybody)
            say_everybody(exported, connector);
        say_exceptions(exported, position, i);
        while (position < exported->keys.count && exported->keys.places[position]->index == i)
            print_key(exported, &source, exported->keys.places[position++]);
    }
    anchors_free(source.anchors);
    return true;
}
