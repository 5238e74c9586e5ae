/* SPDX-License-Identifier: ISC */
/*
 * One rule of Sendmail's access map (cf/README, "STARTTLS"; cf/m4/proto.m4, TLS_connection and
 * TLS_req):
 *
 *   TEMP+ENCR:128               encrypted with so many bits, whoever the server is
 *   TEMP+VERIFY:128             and its certificate is trusted: {verify} is OK
 *   TEMP+VERIFY:128+CN          and its common name is the host's
 *   TEMP+VERIFY:128+CN:a.b.c    and its common name is this one
 *
 * TEMP: the mail waits (403). With PERM it would bounce the first time that a network attacker
 * spoils a handshake, whatever action says.
 *
 * Sendmail compares one common name, never a subjectAltName, and has no "or": where the entries of
 * certificates that count want different names, it cannot compare any.
 */
#include "config.h"

#include <string.h>

#include "policy/cli/export/export.h"

#define NOBODY "nobody.invalid" /* RFC 6761, 6.4: no host has that name */

/* What the entries that count now want of a name. */
enum wanted {
    WANTED_NOBODY, /* none counts now */
    WANTED_ONE,    /* the same literal name in each */
    WANTED_HOST,   /* an entry without name and pin: the host's */
    WANTED_OTHER   /* what cannot be compared */
};

static enum wanted wanted_of(const struct connector *connector, int64_t now, const char **name)
{
    enum wanted wanted = WANTED_NOBODY;

    *name = NULL;
    if (connector->certificate_count == 0)
        return WANTED_OTHER;
    for (size_t i = 0; i < connector->certificate_count; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];
        enum wanted this = WANTED_OTHER;

        if (certificate_entry_state(entry, now) != ENTRY_ACTIVE)
            continue;
        if (entry->has_name && !entry->name.wildcard)
            this = WANTED_ONE;
        else if (!entry->has_name && !certificate_entry_has_pins(entry))
            this = WANTED_HOST;
        if (wanted != WANTED_NOBODY &&
            (this != wanted || (*name != NULL && strcmp(*name, entry->name.domain.name) != 0)))
            return WANTED_OTHER;
        wanted = this;
        *name = this == WANTED_ONE ? entry->name.domain.name : NULL;
    }
    return wanted;
}

bool export_sendmail_waits(const struct connector *connector, int64_t now)
{
    const char *name;

    return connector->level >= LEVEL_SECURE && connector->certificate_count > 0 &&
           wanted_of(connector, now, &name) == WANTED_NOBODY;
}

static bool verifies(const struct connector *connector, int64_t now)
{
    return connector->level == LEVEL_VERIFY || connector->level == LEVEL_SECURE ||
           export_sendmail_waits(connector, now);
}

/* "+CN", "+CN:mail.contoso.com", or nothing. */
static void name_text(const struct connector *connector, int64_t now, char *text, size_t size)
{
    const char *name;
    struct line line;

    line_init(&line, text, size);
    if (export_sendmail_waits(connector, now)) {
        line_add(&line, "+CN:" NOBODY);
    } else if (connector->level == LEVEL_VERIFY) {
        line_add(&line, "+CN");
    } else if (connector->level == LEVEL_SECURE) {
        enum wanted wanted = wanted_of(connector, now, &name);

        if (wanted == WANTED_ONE)
            line_add(&line, "+CN:%s", name);
        else if (wanted == WANTED_HOST)
            line_add(&line, "+CN");
    }
}

/* The strictest of each: bits, trust; a name only if all that want one want the same. */
void export_sendmail_rule(struct line *line, const struct connector *const *connectors,
                          size_t count, int64_t now)
{
    char name[DOMAIN_MAX + 8] = "", other[DOMAIN_MAX + 8];
    bool verify = false, differ = false;
    int bits = 1;

    for (size_t i = 0; i < count; i++) {
        verify = verify || verifies(connectors[i], now);
        if (connectors[i]->min_cipher_bits > bits)
            bits = connectors[i]->min_cipher_bits;
        name_text(connectors[i], now, other, sizeof(other));
        differ = differ || (name[0] != '\0' && other[0] != '\0' && strcmp(name, other) != 0);
        if (name[0] == '\0')
            memcpy(name, other, sizeof(name));
    }
    line_add(line, "TEMP+%s:%d%s", verify ? "VERIFY" : "ENCR", bits, differ ? "" : name);
}

/* ---- what it does not say -------------------------------------------------------------------- */

static bool any_entry(const struct connector *connector, int64_t now,
                      bool (*wants)(const struct certificate_entry *entry))
{
    for (size_t i = 0; i < connector->certificate_count; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];

        if (certificate_entry_state(entry, now) == ENTRY_ACTIVE && wants(entry))
            return true;
    }
    return false;
}

static bool wants_issuer(const struct certificate_entry *entry)
{
    return entry->issuer != NULL;
}

static bool wants_root(const struct certificate_entry *entry)
{
    return entry->root != NULL;
}

static bool wants_organization(const struct certificate_entry *entry)
{
    return entry->organization != NULL;
}

static bool wants_unit(const struct certificate_entry *entry)
{
    return entry->organizational_unit != NULL;
}

static bool wants_key_bits(const struct certificate_entry *entry)
{
    return entry->key_bits > 0;
}

/* Words behind one beginning. */
static void add_word(struct line *line, size_t *count, const char *word)
{
    line_add(line, "%s%s", (*count)++ == 0 ? "not in the rule: " : ", ", word);
}

static void add_fields(struct line *line, size_t *count, const struct connector *connector,
                       int64_t now)
{
    static const struct {
        const char *word;
        bool (*wants)(const struct certificate_entry *entry);
    } fields[] = {
        { "issuer", wants_issuer },
        { "root", wants_root },
        { "organization", wants_organization },
        { "organizational_unit", wants_unit },
        { "key_bits", wants_key_bits },
        { "pins", certificate_entry_has_pins },
    };

    for (size_t i = 0; connector->level >= LEVEL_SECURE && i < sizeof(fields) / sizeof(fields[0]);
         i++) {
        if (any_entry(connector, now, fields[i].wants))
            add_word(line, count, fields[i].word);
    }
}

static bool say_words(const struct connector *connector, int64_t now, struct line *line)
{
    size_t count = 0;

    add_fields(line, &count, connector, now);
    add_word(line, &count, "min_protocol ");
    line_add(line, "%s", protocol_name(connector->min_protocol));
    if (connector->forward_secrecy)
        add_word(line, &count, "forward_secrecy");
    if (connector->ciphers.count > 0)
        add_word(line, &count, "ciphers");
    if (connector->exclude_ciphers.count > 0)
        add_word(line, &count, "exclude_ciphers");
    if (connector->trust_store != NULL && verifies(connector, now))
        add_word(line, &count, "trust_store");
    if (connector->local_domains != NULL)
        add_word(line, &count, "local_domains (mail of all senders is held to it)");
    return true;
}

static bool say_waits(const struct connector *connector, int64_t now, struct line *line)
{
    if (!export_sendmail_waits(connector, now))
        return false;
    line_add(line, "no entry of certificates counts now: nobody can meet this rule, and the mail "
                   "waits");
    return true;
}

static bool say_pinned(const struct connector *connector, int64_t now, struct line *line)
{
    if (connector->level != LEVEL_FINGERPRINT || export_sendmail_waits(connector, now))
        return false;
    line_add(line, "level fingerprint: no rule compares one; the mail is held to encryption, and "
                   "anybody may be at the other end");
    return true;
}

static bool say_name(const struct connector *connector, int64_t now, struct line *line)
{
    const char *name;

    if (!verifies(connector, now) || export_sendmail_waits(connector, now))
        return false;
    if (connector->level == LEVEL_SECURE && wanted_of(connector, now, &name) == WANTED_OTHER)
        line_add(line, "not in the rule: the names of the certificate, of which Sendmail compares "
                       "one common name at most; any certificate that it trusts will do");
    else
        line_add(line,
                 "CN: Sendmail compares the common name alone, and no subjectAltName: where the "
                 "partner's certificate has another one, the mail waits (forcetls probe %s "
                 "shows it)",
                 connector->name);
    return true;
}

bool export_sendmail_unsaid(const struct connector *connector, int64_t now, size_t *position,
                            char text[EXPORT_TEXT_SIZE])
{
    static bool (*const sentences[])(const struct connector *connector, int64_t now,
                                     struct line *line) = { say_waits, say_pinned, say_name,
                                                            say_words };

    while (*position < sizeof(sentences) / sizeof(sentences[0])) {
        struct line line;

        line_init(&line, text, EXPORT_TEXT_SIZE);
        if (sentences[(*position)++](connector, now, &line))
            return true;
    }
    return false;
}
