/* SPDX-License-Identifier: ISC */
/*
 * What an address shows over TLS, row by row.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "policy/cli/elapsed.h"
#include "policy/cli/json_in.h"
#include "policy/cli/probe/probe_words.h"
#include "policy/date.h"

#define NAMES_MOST 8

/* The same between apostrophes. */
static void add_cited(struct line *line, const char *text)
{
    line_add(line, "'");
    probe_words_text(line, text);
    line_add(line, "'");
}

/* What a row is written from. */
struct seen {
    const json_t *address, *tls, *leaf, *trusts;
    const json_t *answers; /* of the addresses that certificates name; NULL: not asked */
    int64_t now;
};

static bool say_starttls(const struct seen *seen, struct line *line)
{
    const json_t *offered = json_object_get(seen->address, "offered");

    for (size_t i = 0; i < json_array_size(offered); i++) {
        const char *keyword = json_string_value(json_array_get(offered, i));

        if (keyword != NULL && strncasecmp(keyword, "STARTTLS", strlen("STARTTLS")) == 0) {
            line_add(line, "offered");
            return true;
        }
    }
    line_add(line, "none: TLS from the first byte");
    return true;
}

static bool say_protocol(const struct seen *seen, struct line *line)
{
    probe_words_text(line, probe_word(seen->tls, "protocol"));
    return true;
}

static bool say_cipher(const struct seen *seen, struct line *line)
{
    probe_words_text(line, probe_word(seen->tls, "cipher"));
    line_add(line, ", %" PRId64 " bits", json_in_number(seen->tls, "bits"));
    return true;
}

static bool say_forward_secrecy(const struct seen *seen, struct line *line)
{
    line_add(line, "%s", json_in_true(seen->tls, "forward_secrecy") ? "yes" : "no");
    if (json_in_text(seen->tls, "group") == NULL)
        return true;
    line_add(line, " (");
    probe_words_text(line, probe_word(seen->tls, "group"));
    line_add(line, ")");
    return true;
}

static void add_names(struct line *line, const json_t *names)
{
    size_t count = json_array_size(names);

    for (size_t i = 0; i < count && i < NAMES_MOST; i++) {
        line_add(line, i == 0 ? "" : ", ");
        probe_words_text(line, json_string_value(json_array_get(names, i)) != NULL
                                   ? json_string_value(json_array_get(names, i))
                                   : "");
    }
    if (count > NAMES_MOST)
        line_add(line, " and %zu more", count - NAMES_MOST);
    if (count == 0)
        line_add(line, "none");
}

static bool say_certificate(const struct seen *seen, struct line *line)
{
    const json_t *names = json_object_get(seen->leaf, "names");
    const char *subject = json_in_text(seen->leaf, "subject");

    if (seen->leaf == NULL) {
        line_add(line, "none");
        return true;
    }
    if (subject != NULL)
        add_cited(line, subject);
    else
        line_add(line, "no common name");
    if (json_is_array(names)) {
        line_add(line, "; DNS names ");
        add_names(line, names);
    } else {
        line_add(line, "; no subjectAltName");
    }
    return true;
}

static bool say_host_name(const struct seen *seen, struct line *line)
{
    const json_t *trust = json_array_get(seen->trusts, 0);

    if (seen->leaf == NULL || trust == NULL || probe_word_is(trust, "state", "error"))
        return false;
    line_add(line, "%s", json_in_true(trust, "names_ok") ? "yes" : "no");
    return true;
}

static bool say_member(const struct seen *seen, struct line *line, const char *key)
{
    if (json_in_text(seen->leaf, key) == NULL)
        return false;
    add_cited(line, probe_word(seen->leaf, key));
    return true;
}

static bool say_organization(const struct seen *seen, struct line *line)
{
    return say_member(seen, line, "organization");
}

static bool say_unit(const struct seen *seen, struct line *line)
{
    return say_member(seen, line, "organizational_unit");
}

static bool say_issuer(const struct seen *seen, struct line *line)
{
    return say_member(seen, line, "issuer");
}

static void add_errors(struct line *line, const json_t *errors)
{
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *error = json_array_get(errors, i);

        line_add(line, "%s", i == 0 ? ": " : ", ");
        probe_words_text(line, probe_word(error, "code"));
        if (json_in_number(error, "depth") > 0)
            line_add(line, " (above the certificate, at depth %" PRId64 ")",
                     json_in_number(error, "depth"));
    }
}

static void add_store(struct line *line, const json_t *trust)
{
    const char *store = probe_word(trust, "store");

    line_add(line, " (");
    probe_words_text(line, store[0] != '\0' ? store : "OpenSSL's trust store");
    line_add(line, ")");
}

static bool say_root(const struct seen *seen, struct line *line)
{
    for (size_t i = 0; seen->leaf != NULL && i < json_array_size(seen->trusts); i++) {
        const json_t *trust = json_array_get(seen->trusts, i);

        line_add(line, "%s", i == 0 ? "" : "; ");
        if (probe_word_is(trust, "state", "trusted")) {
            add_cited(line, probe_word(trust, "anchor"));
            add_store(line, trust);
            continue;
        }
        line_add(line, probe_word_is(trust, "state", "error") ? "the trust store cannot be read"
                                                              : "none: not trusted");
        add_store(line, trust);
        add_errors(line, json_object_get(trust, "errors"));
    }
    return seen->leaf != NULL && json_array_size(seen->trusts) > 0;
}

static bool say_key(const struct seen *seen, struct line *line)
{
    if (seen->leaf == NULL)
        return false;
    probe_words_text(line, probe_word(seen->leaf, "key_type"));
    line_add(line, ", %" PRId64 " bits, signed with ", json_in_number(seen->leaf, "key_bits"));
    probe_words_text(line, probe_word(seen->leaf, "signature"));
    return true;
}

static bool say_valid(const struct seen *seen, struct line *line)
{
    int64_t from = json_in_number(seen->leaf, "from"), until = json_in_number(seen->leaf, "until");
    char first[DATE_TEXT_SIZE], last[DATE_TEXT_SIZE], left[ELAPSED_TEXT_SIZE];

    if (seen->leaf == NULL)
        return false;
    date_format(from, first);
    date_format(until, last);
    line_add(line, "from %s until %s", first, last);
    elapsed_format(until > seen->now ? until - seen->now : seen->now - until, left);
    if (seen->now < from)
        line_add(line, ": not yet");
    else
        line_add(line, until > seen->now ? " (%s left)" : ": expired %s ago", left);
    return true;
}

static bool say_fingerprint(const struct seen *seen, struct line *line)
{
    if (seen->leaf == NULL)
        return false;
    probe_words_text(line, probe_word(seen->leaf, "fingerprint"));
    return true;
}

static bool say_public_key(const struct seen *seen, struct line *line)
{
    if (seen->leaf == NULL)
        return false;
    probe_words_text(line, probe_word(seen->leaf, "public_key"));
    return true;
}

/* What this address has answered; NULL: it was not asked. */
static const json_t *find_answer(const struct seen *seen, const char *kind, const char *address)
{
    const char *certificate = probe_word(seen->leaf, "fingerprint");

    for (size_t i = 0; i < json_array_size(seen->answers); i++) {
        const json_t *answer = json_array_get(seen->answers, i);

        if (probe_word_is(answer, "kind", kind) && probe_word_is(answer, "address", address) &&
            probe_word_is(answer, "certificate", certificate))
            return answer;
    }
    return NULL;
}

static void add_answer(struct line *line, const json_t *answer)
{
    static const struct {
        const char *word, *words;
    } rows[] = {
        { "good", "good" },
        { "revoked", "REVOKED" },
        { "unknown", "it does not know the certificate" },
        { "stale", "out of date" },
        { "invalid", "invalid" },
        { "unverified", "cannot be verified" },
        { "malformed", "no answer that can be read" },
        { "refused", "refused" },
        { "unreachable", "unreachable" },
        { "not-allowed", "not asked" },
        { "not-tried", "not asked" },
    };
    const char *text = probe_word(answer, "text");

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (probe_word_is(answer, "state", rows[i].word))
            line_add(line, ": %s", rows[i].words);
    }
    if (text[0] == '\0')
        return;
    line_add(line, " (");
    probe_words_text(line, text);
    line_add(line, ")");
}

static void add_addresses(const struct seen *seen, struct line *line, const char *kind,
                          const char *word, const json_t *addresses)
{
    for (size_t i = 0; i < json_array_size(addresses); i++) {
        const char *address = json_string_value(json_array_get(addresses, i));
        const json_t *answer = find_answer(seen, kind, address != NULL ? address : "");

        line_add(line, "; %s ", word);
        probe_words_text(line, address != NULL ? address : "");
        if (answer != NULL)
            add_answer(line, answer);
        else
            line_add(line, ": not asked");
    }
}

static bool say_revocation(const struct seen *seen, struct line *line)
{
    const json_t *crls = json_object_get(seen->leaf, "crls");
    const json_t *ocsp = json_object_get(seen->leaf, "ocsp");

    if (seen->leaf == NULL)
        return false;
    line_add(line, "stapled OCSP answer: %s", probe_word(seen->tls, "ocsp_staple"));
    add_addresses(seen, line, "ocsp", "OCSP", ocsp);
    add_addresses(seen, line, "crl", "CRL", crls);
    if (json_array_size(crls) + json_array_size(ocsp) == 0)
        line_add(line, "; the certificate names no address");
    return true;
}

static bool say_client_certificate(const struct seen *seen, struct line *line)
{
    static const struct {
        const char *word, *words;
    } rows[] = {
        { "not-asked", "not asked for" },
        { "asked", "asked for" },
        { "required", "required: it refused us without one" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (probe_word_is(seen->tls, "client_certificate", rows[i].word))
            line_add(line, "%s", rows[i].words);
    }
    return line->length > 0;
}

static bool say_afterwards(const struct seen *seen, struct line *line)
{
    if (probe_word(seen->address, "reply")[0] == '\0')
        return false;
    probe_words_text(line, probe_word(seen->address, "reply"));
    return true;
}

static const struct row {
    const char *label;
    bool (*say)(const struct seen *seen, struct line *line);
} rows[] = {
    { "STARTTLS", say_starttls },
    { "protocol", say_protocol },
    { "cipher", say_cipher },
    { "forward secrecy", say_forward_secrecy },
    { "certificate", say_certificate },
    { "names the host", say_host_name },
    { "organisation", say_organization },
    { "unit", say_unit },
    { "issuer", say_issuer },
    { "root", say_root },
    { "key", say_key },
    { "valid", say_valid },
    { "fingerprint", say_fingerprint },
    { "public key", say_public_key },
    { "revocation", say_revocation },
    { "client certificate", say_client_certificate },
    { "after TLS", say_afterwards },
};

bool probe_words_row(const json_t *result, const json_t *address, int64_t now, size_t *position,
                     const char **label, char text[PROBE_TEXT_SIZE])
{
    const struct seen seen = {
        .address = address,
        .tls = json_object_get(address, "tls"),
        .leaf = json_array_get(json_object_get(address, "chain"), 0),
        .trusts = json_object_get(address, "trust"),
        .answers = json_object_get(result, "revocation"),
        .now = now,
    };

    if (!probe_word_is(address, "state", "tls"))
        return false;
    while (*position < sizeof(rows) / sizeof(rows[0])) {
        const struct row *row = &rows[(*position)++];
        struct line line;

        line_init(&line, text, PROBE_TEXT_SIZE);
        *label = row->label;
        if (row->say(&seen, &line))
            return true;
    }
    return false;
}
