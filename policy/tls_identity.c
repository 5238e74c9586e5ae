/* SPDX-License-Identifier: ISC */
/*
 * Of level secure, an entry is its name; the name of the MX host where it has neither a name nor a
 * pin (so does certificate.c). Where every entry has a pin, the pins say more than names, and the
 * level that Postfix is told is fingerprint. A pin beside entries without one cannot be said: such
 * a certificate passes by its name, or not at all.
 */
#include "policy/tls_identity.h"

#include <string.h>

static void add_name(struct tls_identity *identity, const char *text, bool itself, bool below)
{
    if (identity->name_count == IDENTITY_MOST)
        identity->left_out = true;
    else
        identity->names[identity->name_count++] = (struct identity_name){ text, itself, below };
}

static void add_pin(struct tls_identity *identity, const struct digest *pin)
{
    if (identity->pin_count == IDENTITY_MOST)
        identity->left_out = true;
    else
        identity->pins[identity->pin_count++] = pin;
}

/* The domains of a connector that has no certificates; canonical patterns. */
static void add_domains(struct tls_identity *identity, const struct connector *connector,
                        const struct match *by)
{
    if (connector->domain_count > CONNECTOR_NAMES_MOST) {
        identity->left_out = by == NULL;
        if (by != NULL)
            add_name(identity, by->entry, by->kind != PATTERN_BELOW, true);
        return;
    }
    for (size_t i = 0; i < connector->domain_names.count; i++) {
        const char *text = connector->domain_names.strings[i];

        if (text[0] == '.')
            add_name(identity, text + 1, false, true);
        else
            add_name(identity, text[0] == '*' ? text + 2 : text, true, true);
    }
}

static void add_entry_name(struct tls_identity *identity, const struct certificate_entry *entry)
{
    if (entry->has_name)
        add_name(identity, entry->name.domain.name, !entry->name.wildcard, entry->name.wildcard);
    else if (!certificate_entry_has_pins(entry))
        identity->hostname = true;
}

/* Everything in an entry has to fit, and a fingerprint leaves nothing open. */
static void add_entry_pins(struct tls_identity *identity, const struct certificate_entry *entry)
{
    if (entry->has_fingerprint) {
        add_pin(identity, &entry->fingerprint);
    } else if (entry->has_public_key) {
        add_pin(identity, &entry->public_key);
    } else {
        for (size_t i = 0; i < entry->pin_count; i++)
            add_pin(identity, &entry->pins[i].digest);
    }
}

/* Whether the entries that count all have pins. */
static bool all_pinned(const struct connector *connector, int64_t now)
{
    bool pinned = connector->certificate_count > 0;

    for (size_t i = 0; i < connector->certificate_count; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];

        if (certificate_entry_state(entry, now) == ENTRY_ACTIVE)
            pinned = pinned && certificate_entry_has_pins(entry);
    }
    return pinned;
}

bool tls_identity_of(struct tls_identity *identity, const struct connector *connector,
                     const struct match *by, int64_t now)
{
    identity->level = connector->level;
    identity->hostname = connector->level == LEVEL_VERIFY;
    identity->left_out = false;
    identity->name_count = identity->pin_count = 0;
    if (connector->level < LEVEL_SECURE)
        return true;
    if (connector->level == LEVEL_SECURE && all_pinned(connector, now))
        identity->level = LEVEL_FINGERPRINT;
    if (connector->level == LEVEL_SECURE && connector->certificate_count == 0)
        add_domains(identity, connector, by);
    for (size_t i = 0; i < connector->certificate_count; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];

        if (certificate_entry_state(entry, now) != ENTRY_ACTIVE)
            continue;
        if (identity->level == LEVEL_FINGERPRINT)
            add_entry_pins(identity, entry);
        else
            add_entry_name(identity, entry);
    }
    return identity->hostname || identity->name_count > 0 || identity->pin_count > 0;
}

/* ---- narrow ---------------------------------------------------------------------------------- */

static bool lies_below(const char *name, const char *parent)
{
    size_t length = strlen(name), end = strlen(parent);

    return length > end && name[length - end - 1] == '.' &&
           strcmp(name + length - end, parent) == 0;
}

static void add_new(struct tls_identity *identity, const char *text, bool itself, bool below)
{
    for (size_t i = 0; i < identity->name_count; i++) {
        struct identity_name *name = &identity->names[i];

        if (strcmp(name->text, text) == 0) {
            name->itself = name->itself || itself;
            name->below = name->below || below;
            return;
        }
    }
    add_name(identity, text, itself, below);
}

/* What is in both. */
static void meet(struct tls_identity *identity, const struct identity_name *a,
                 const struct identity_name *b)
{
    if (strcmp(a->text, b->text) == 0) {
        if ((a->itself && b->itself) || (a->below && b->below))
            add_new(identity, a->text, a->itself && b->itself, a->below && b->below);
    } else if (b->below && lies_below(a->text, b->text)) {
        add_new(identity, a->text, a->itself, a->below);
    } else if (a->below && lies_below(b->text, a->text)) {
        add_new(identity, b->text, b->itself, b->below);
    }
}

static void narrow_names(struct tls_identity *identity, const struct tls_identity *other)
{
    struct identity_name names[IDENTITY_MOST];
    size_t count = identity->name_count;

    memcpy(names, identity->names, count * sizeof(names[0]));
    identity->name_count = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < other->name_count; n++)
            meet(identity, &names[i], &other->names[n]);
    }
    identity->hostname = identity->hostname && other->hostname;
}

static void narrow_pins(struct tls_identity *identity, const struct tls_identity *other)
{
    size_t count = identity->pin_count;

    identity->pin_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool has = false;

        for (size_t n = 0; n < other->pin_count && !has; n++)
            has = digest_equal(identity->pins[i], other->pins[n]);
        if (has)
            identity->pins[identity->pin_count++] = identity->pins[i];
    }
}

bool tls_identity_narrow(struct tls_identity *identity, const struct tls_identity *other)
{
    if (identity->level < LEVEL_VERIFY)
        return true;
    if (identity->level == LEVEL_FINGERPRINT) {
        narrow_pins(identity, other);
        return identity->pin_count > 0;
    }
    narrow_names(identity, other);
    return identity->hostname || identity->name_count > 0;
}

/* ---- write ----------------------------------------------------------------------------------- */

static void add_match(struct line *line, size_t *count, const char *separator)
{
    line_add(line, "%s", (*count)++ == 0 ? " match=" : separator);
}

void tls_identity_add(struct line *line, const struct tls_identity *identity)
{
    size_t count = 0;

    for (size_t i = 0; i < identity->pin_count; i++) {
        char text[DIGEST_TEXT_SIZE];

        add_match(line, &count, "|");
        digest_format(identity->pins[i], text);
        line_add(line, "%s", text);
    }
    for (size_t i = 0; i < identity->name_count; i++) {
        const struct identity_name *name = &identity->names[i];

        if (name->itself) {
            add_match(line, &count, ":");
            line_add(line, "%s", name->text);
        }
        if (name->below) {
            add_match(line, &count, ":");
            line_add(line, ".%s", name->text);
        }
    }
    if (identity->hostname) {
        add_match(line, &count, ":");
        line_add(line, "hostname");
    }
}
