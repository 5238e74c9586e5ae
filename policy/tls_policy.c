/* SPDX-License-Identifier: ISC */
/*
 * The connectors of a key are taken in one after the other: protocols, ciphers and exclusions add
 * up; of whom is expected the highest level counts, and where several have that, what satisfies
 * them all.
 */
#include "policy/tls_policy.h"

#include <string.h>

#include "policy/find.h"
#include "policy/next_hop.h"
#include "policy/tls_identity.h"

#define EXCLUDING_MOST 16 /* connectors of one key that have exclude_ciphers */

enum trouble {
    TROUBLE_NONE,
    TROUBLE_KEY,        /* the key cannot be read */
    TROUBLE_DATES,      /* no entry of certificates counts now */
    TROUBLE_NAMES,      /* more names than a policy has room for */
    TROUBLE_IDENTITIES, /* two connectors expect different certificates */
    TROUBLE_ANCHORS,    /* or trust different anchors */
    TROUBLE_EXCLUSIONS, /* too many connectors with exclusions */
    TROUBLES
};

/* What is asked of a key. */
struct asked {
    const struct rules *rules;
    int64_t now;
    struct domain domain;          /* of the key; `identity` may point into it */
    const struct connector *first; /* at the level of `identity`; NULL: nobody asks for anything */
    struct tls_identity identity;
    enum tls_protocol min_protocol;
    int min_cipher_bits;
    bool forward_secrecy;
    const struct connector *excluding[EXCLUDING_MOST];
    size_t excluding_count;
    const struct connector
        *last;            /* that was taken in: the same may come by the domain and the hop */
    enum trouble trouble; /* the first */
    const struct connector *who, *other; /* whose it is */
};

static void trouble(struct asked *asked, enum trouble trouble, const struct connector *who)
{
    if (asked->trouble != TROUBLE_NONE)
        return;
    asked->trouble = trouble;
    asked->who = who;
    asked->other = asked->first;
}

/* ---- anchors --------------------------------------------------------------------------------- */

static bool has_root(const char *const *roots, size_t count, const char *root)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(roots[i], root) == 0)
            return true;
    }
    return false;
}

size_t tls_policy_roots(const struct connector *connector, int64_t now, const char **roots,
                        size_t most)
{
    size_t count = 0;

    if (connector->level != LEVEL_SECURE)
        return 0;
    for (size_t i = 0; i < connector->certificate_count; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];

        if (certificate_entry_state(entry, now) != ENTRY_ACTIVE)
            continue;
        if (entry->root == NULL || (count == most && !has_root(roots, count, entry->root)))
            return 0;
        if (!has_root(roots, count, entry->root))
            roots[count++] = entry->root;
    }
    return count;
}

bool tls_policy_needs_anchors(const struct connector *connector, int64_t now)
{
    const char *roots[TLS_POLICY_ROOTS_MOST];

    return (connector->level == LEVEL_VERIFY || connector->level == LEVEL_SECURE) &&
           (connector->trust_store != NULL ||
            tls_policy_roots(connector, now, roots, TLS_POLICY_ROOTS_MOST) > 0);
}

/* A policy has one set of anchors: so connectors of different levels must at least have one store;
 * the stricter one may narrow it to its roots. */
static bool same_store(const struct asked *asked, const struct connector *a,
                       const struct connector *b)
{
    return strcmp(rules_trust_store(asked->rules, a), rules_trust_store(asked->rules, b)) == 0;
}

static bool same_roots(const struct asked *asked, const struct connector *a,
                       const struct connector *b)
{
    const char *mine[TLS_POLICY_ROOTS_MOST], *theirs[TLS_POLICY_ROOTS_MOST];
    size_t count = tls_policy_roots(a, asked->now, mine, TLS_POLICY_ROOTS_MOST);

    if (tls_policy_roots(b, asked->now, theirs, TLS_POLICY_ROOTS_MOST) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!has_root(theirs, count, mine[i]))
            return false;
    }
    return true;
}

/* ---- take in --------------------------------------------------------------------------------- */

static bool expects_chain(enum level level)
{
    return level == LEVEL_VERIFY || level == LEVEL_SECURE;
}

static void take_identity(struct asked *asked, const struct connector *connector,
                          const struct match *by)
{
    /* Large, and mostly there is one connector: it is not copied then. */
    struct tls_identity another, *identity = asked->first == NULL ? &asked->identity : &another;

    if (!tls_identity_of(identity, connector, by, asked->now))
        trouble(asked, identity->left_out ? TROUBLE_NAMES : TROUBLE_DATES, connector);
    else if (identity->left_out)
        trouble(asked, TROUBLE_NAMES, connector);
    if (asked->first == NULL) {
        asked->first = connector;
        return;
    }
    if (expects_chain(another.level) && expects_chain(asked->identity.level) &&
        !same_store(asked, asked->first, connector))
        trouble(asked, TROUBLE_ANCHORS, connector);
    if (another.level > asked->identity.level) {
        asked->identity = another;
        asked->first = connector;
    } else if (another.level == asked->identity.level) {
        if (!tls_identity_narrow(&asked->identity, &another))
            trouble(asked, TROUBLE_IDENTITIES, connector);
        if (expects_chain(another.level) && !same_roots(asked, asked->first, connector))
            trouble(asked, TROUBLE_ANCHORS, connector);
    }
}

/* `by` is the entry that led to it, NULL where it was a next hop. */
static void take(struct asked *asked, const struct connector *connector, const struct match *by)
{
    if (connector->level == LEVEL_MAY || connector == asked->last ||
        rules_monitor(asked->rules, connector, asked->now))
        return;
    asked->last = connector;
    take_identity(asked, connector, by);
    if (connector->min_protocol > asked->min_protocol)
        asked->min_protocol = connector->min_protocol;
    if (connector->min_cipher_bits > asked->min_cipher_bits)
        asked->min_cipher_bits = connector->min_cipher_bits;
    asked->forward_secrecy = asked->forward_secrecy || connector->forward_secrecy;
    if (connector->exclude_ciphers.count == 0)
        return;
    if (asked->excluding_count == EXCLUDING_MOST)
        trouble(asked, TROUBLE_EXCLUSIONS, connector);
    else
        asked->excluding[asked->excluding_count++] = connector;
}

/* Those that the domain's entries lead to; which of them it is hangs on who sends. */
static void take_domain(struct asked *asked)
{
    struct finder finder = { asked->rules->connectors, DIRECTION_OUTBOUND, NULL };
    struct match match = { .by = MATCHED_BY_RECIPIENT };
    struct find_walk walk;

    find_walk_start(&walk, &finder, &asked->domain);
    while (find_walk_next(&walk, &match))
        take(asked, match.connector, &match);
}

static void take_hop(void *data, const struct connector *connector)
{
    take(data, connector, NULL);
}

/* A domain is asked for without brackets and port, but for an address literal. */
static bool is_domain(const struct next_hop *hop)
{
    return hop->port == 0 && !hop->tls_first && hop->kind != NEXT_HOP_HOST;
}

/* Gathers what is asked of the key; nobody asks: `first` stays NULL. */
static void gather(struct asked *asked, const struct rules *rules, struct span key, int64_t now,
                   struct next_hop *hop)
{
    bool readable = next_hop_read(hop, key);

    asked->rules = rules;
    asked->now = now;
    asked->first = asked->last = asked->who = asked->other = NULL;
    asked->min_protocol = PROTOCOL_UNKNOWN;
    asked->min_cipher_bits = 0;
    asked->forward_secrecy = false;
    asked->excluding_count = 0;
    asked->trouble = TROUBLE_NONE;
    if (readable && hop->kind == NEXT_HOP_DOMAIN)
        asked->domain = hop->name;
    else
        domain_set(&asked->domain, key);
    if (!readable || is_domain(hop))
        take_domain(asked);
    if (readable)
        connectors_by_next_hop(rules->connectors, hop, take_hop, asked);
    if (!readable && asked->first != NULL)
        trouble(asked, TROUBLE_KEY, asked->first);
}

/* ---- write ----------------------------------------------------------------------------------- */

struct exclusions {
    struct line *line;
    size_t count;
};

static void exclude(struct exclusions *exclusions, const char *word)
{
    line_add(exclusions->line, "%s%s", exclusions->count++ == 0 ? " exclude=" : ":", word);
}

/* OpenSSL takes IANA's names in a list from 3.2 on only, and no list has the suites of TLSv1.3. */
static void add_exclusions(struct line *line, const struct asked *asked)
{
    static const char *const without_forward_secrecy[] = { "kRSA", "kRSAPSK", "kPSK", "kSRP" };
    static const char *const with_128_bits[] = { "AES128", "CAMELLIA128", "ARIA128",
                                                 "SEED",   "IDEA",        "RC4" };
    struct exclusions exclusions = { line, 0 };

    for (size_t i = 0; asked->forward_secrecy &&
                       i < sizeof(without_forward_secrecy) / sizeof(without_forward_secrecy[0]);
         i++)
        exclude(&exclusions, without_forward_secrecy[i]);
    for (size_t i = 0;
         asked->min_cipher_bits > 128 && i < sizeof(with_128_bits) / sizeof(with_128_bits[0]); i++)
        exclude(&exclusions, with_128_bits[i]);
    for (size_t i = 0; i < asked->excluding_count; i++) {
        const struct string_list *list = &asked->excluding[i]->exclude_ciphers;

        for (size_t n = 0; n < list->count; n++) {
            const char *name = cipher_openssl_name(list->strings[n]);

            if (!cipher_is_tls13(span_of(name)))
                exclude(&exclusions, name);
        }
    }
}

/* Attributes end at blanks and commas, and 3.7 knows no quotes. */
static bool is_attribute(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= 0x20 || *c > 0x7e || *c == ',')
            return false;
    }
    return text[0] != '\0';
}

/* False: the anchors cannot be had. */
static bool add_anchors(struct line *line, const struct asked *asked,
                        const struct tls_policy_files *files)
{
    const char *path;
    bool failed = false;

    if (files == NULL || !expects_chain(asked->identity.level) ||
        !tls_policy_needs_anchors(asked->first, asked->now))
        return true;
    path = files->tafile(files->data, asked->first, &failed);
    if (failed || path == NULL || !is_attribute(path))
        return false;
    line_add(line, " tafile=%s", path);
    return true;
}

static bool write_policy(struct line *line, const struct asked *asked, const struct next_hop *hop,
                         const struct tls_policy_files *files)
{
    line_add(line, "%s", level_word(asked->identity.level));
    tls_identity_add(line, &asked->identity);
    if (hop->kind != NEXT_HOP_ADDRESS)
        line_add(line, " servername=hostname");
    if (asked->min_protocol != PROTOCOL_UNKNOWN) {
        line_add(line, " protocols=>=");
        line_add(line, "%s", protocol_name(asked->min_protocol));
    }
    if (asked->min_cipher_bits > 112)
        line_add(line, " ciphers=high");
    add_exclusions(line, asked);
    return add_anchors(line, asked, files);
}

static const char *const sentences[TROUBLES] = {
    [TROUBLE_NONE] = "the policy is too long",
    [TROUBLE_KEY] = "not a next hop that can be read",
    [TROUBLE_DATES] = "no entry of certificates counts now",
    [TROUBLE_NAMES] = "more names than a policy has room for",
    [TROUBLE_IDENTITIES] = "they expect different certificates",
    [TROUBLE_ANCHORS] = "they trust different certificate authorities",
    [TROUBLE_EXCLUSIONS] = "too many connectors with exclude_ciphers",
};

static bool is_of_two(enum trouble trouble)
{
    return trouble == TROUBLE_IDENTITIES || trouble == TROUBLE_ANCHORS;
}

/* Takes back what was written behind `start`, and writes the reason. */
static enum tls_policy temp(struct line *text, size_t start, const struct connector *who,
                            const struct connector *other, const char *sentence)
{
    text->length = start;
    text->text[start] = '\0';
    text->full = false;
    line_add(text, "connector%s %s", other != NULL ? "s" : "", who->name);
    if (other != NULL)
        line_add(text, " and %s", other->name);
    line_add(text, ": %s", sentence);
    return TLS_POLICY_TEMP;
}

enum tls_policy tls_policy_answer(const struct rules *rules, struct span key, int64_t now,
                                  const struct tls_policy_files *files, struct line *text)
{
    size_t start = text->length;
    struct next_hop hop;
    struct asked asked;

    if (span_empty(key) || key.data[0] == '.')
        return TLS_POLICY_NOTFOUND; /* the full key has decided */
    gather(&asked, rules, key, now, &hop);
    if (asked.first == NULL)
        return TLS_POLICY_NOTFOUND;
    if (asked.trouble != TROUBLE_NONE)
        return temp(text, start, asked.who, is_of_two(asked.trouble) ? asked.other : NULL,
                    sentences[asked.trouble]);
    if (!write_policy(text, &asked, &hop, files))
        return temp(text, start, asked.first, NULL, "its trust anchors cannot be had");
    if (text->full)
        return temp(text, start, asked.first, NULL, sentences[TROUBLE_NONE]);
    return TLS_POLICY_OK;
}

bool tls_policy_fits(const struct rules *rules, struct span key, int64_t now,
                     struct tls_policy_clash *clash)
{
    struct next_hop hop;
    struct asked asked;

    gather(&asked, rules, key, now, &hop);
    if (!is_of_two(asked.trouble))
        return true;
    *clash = (struct tls_policy_clash){ asked.other, asked.who, sentences[asked.trouble] };
    return false;
}
