/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/probe/probe_words.h"

#include <inttypes.h>
#include <string.h>

#include "policy/cli/json_in.h"

#define VALUE_MOST 200

const char *probe_word(const json_t *object, const char *key)
{
    const char *text = json_in_text(object, key);

    return text != NULL ? text : "";
}

bool probe_word_is(const json_t *object, const char *key, const char *word)
{
    return strcmp(probe_word(object, key), word) == 0;
}

/* What the prober has not escaped (a backslash begins \xHH) and is not ASCII, is escaped here. */
void probe_words_text(struct line *line, const char *text)
{
    size_t left = VALUE_MOST;

    while (*text != '\0' && left > 0) {
        size_t run = strcspn(text, "\\");

        run = run < left ? run : left;
        line_add_quoted(line, (struct span){ text, run }, 4 * run + 3);
        if (text[run] == '\\' && run < left) {
            line_add(line, "\\");
            run++;
        }
        text += run;
        left -= run;
    }
    if (*text != '\0')
        line_add(line, "...");
}

/* ---- hosts ----------------------------------------------------------------------------------- */

void probe_words_lookup(struct line *line, const json_t *result)
{
    static const struct {
        const char *state, *words;
    } rows[] = {
        { "none", "no MX records: the domain's own addresses count (RFC 5321, 5.1)" },
        { "null-mx", "it takes no mail (null MX)" },
        { "nxdomain", "there is no such domain in the DNS" },
        { "servfail", "the DNS does not give its MX records now (servfail)" },
        { "timeout", "the DNS does not give its MX records now (timeout)" },
        { "bogus", "its MX records fail DNSSEC validation" },
        { "not-asked", "no MX lookup" },
    };
    const json_t *mx = json_object_get(result, "mx");
    size_t hosts = json_array_size(json_object_get(result, "hosts"));

    if (probe_word_is(mx, "state", "found"))
        line_add(line, "%zu MX host%s", hosts, hosts == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (probe_word_is(mx, "state", rows[i].state))
            line_add(line, "%s", rows[i].words);
    }
    if (json_in_number(mx, "left_out") > 0)
        line_add(line, " (and %" PRId64 " more, which are not looked at)",
                 json_in_number(mx, "left_out"));
    if (!probe_word_is(mx, "state", "not-asked") && !probe_word_is(mx, "dnssec", "unknown"))
        line_add(line, ", DNSSEC %s", probe_word(mx, "dnssec"));
}

bool probe_words_host(struct line *line, const json_t *host)
{
    if (json_in_true(host, "self")) {
        line_add(line, "this host itself, or no better than it: not used for delivery");
        return true;
    }
    if (json_array_size(json_object_get(host, "addresses")) > 0)
        return false;
    line_add(line, "no address in the DNS (%s)", probe_word(host, "addresses_state"));
    return true;
}

void probe_words_address(struct line *line, const json_t *address)
{
    line_add(line, "[%s]:%" PRId64, probe_word(address, "address"),
             json_in_number(address, "port"));
}

/* What the trust stores say, if they say the same. */
static void add_trust(struct line *line, const json_t *address)
{
    const json_t *trusts = json_object_get(address, "trust");
    const char *state = probe_word(json_array_get(trusts, 0), "state");

    if (json_array_size(json_object_get(address, "chain")) == 0) {
        line_add(line, ", no certificate");
        return;
    }
    for (size_t i = 1; i < json_array_size(trusts); i++) {
        if (!probe_word_is(json_array_get(trusts, i), "state", state))
            state = "";
    }
    if (strcmp(state, "trusted") == 0 || strcmp(state, "untrusted") == 0)
        line_add(line, ", certificate %s", state);
    if (strcmp(state, "untrusted") == 0)
        line_add(line, " (%s)",
                 probe_word(json_array_get(json_object_get(json_array_get(trusts, 0), "errors"), 0),
                            "code"));
}

void probe_words_state(struct line *line, const json_t *address)
{
    static const struct {
        const char *state, *words;
        bool replies; /* the server's words are worth reading */
    } rows[] = {
        { "not-allowed", "special-purpose address, or our own: not looked at (--private)", false },
        { "unreachable", "unreachable", true },
        { "busy", "no service now", true },
        { "rejected", "does not talk to this host", true },
        { "not-smtp", "does not speak SMTP", true },
        { "no-starttls", "does not offer STARTTLS", false },
        { "starttls-refused", "offers STARTTLS and refuses it", true },
        { "injected", "sends more than its reply to STARTTLS in front of TLS", true },
        { "tls-failed", "TLS handshake fails", true },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!probe_word_is(address, "state", rows[i].state))
            continue;
        line_add(line, "%s", rows[i].words);
        if (rows[i].replies && probe_word(address, "reply")[0] != '\0') {
            line_add(line, ": ");
            probe_words_text(line, probe_word(address, "reply"));
        }
        return;
    }
    probe_words_text(line, probe_word(json_object_get(address, "tls"), "protocol"));
    add_trust(line, address);
}
