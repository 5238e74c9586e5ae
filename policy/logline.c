/* SPDX-License-Identifier: ISC */
/*
 * The keys come in the order that the manual page gives. A line that is too long is written
 * again with shorter values, until it fits; `text` is given what is left in any case.
 */
#include "policy/logline.h"

#include <stdio.h>
#include <string.h>

#include "policy/escape.h"

#define VALUE_MOST 256
#define TEXT_LEAST 100 /* what text is left at least, before other values are cut */

enum line_kind { LINE_REFUSED, LINE_PASSED, LINE_NEAR_MISS };

/* Everything that a line is written from. */
struct material {
    enum line_kind kind;
    const struct facts *facts;
    const struct decision *decision;
    const struct refusal *refusal;
    unsigned recipients;
    struct span queue_id;
};

static const struct connector *connector_of(const struct material *material)
{
    return material->kind == LINE_NEAR_MISS ? material->decision->near_miss
                                            : material->decision->match.connector;
}

static void add_key_value(struct line *line, const char *key, struct span value, size_t most)
{
    line_add(line, " %s=", key);
    line_add_value(line, value, most);
}

static void add_key_string(struct line *line, const char *key, struct span value, size_t most)
{
    line_add(line, " %s=", key);
    line_add_string(line, value, most);
}

/* An address as the log shows it: always in angle brackets. */
static void add_address(struct line *line, const char *key, struct span address, size_t most)
{
    char text[2 * VALUE_MOST + 3];
    size_t length = address.length;
    bool bare = length < 2 || address.data[0] != '<' || address.data[length - 1] != '>';

    if (!bare) {
        add_key_value(line, key, address, most);
        return;
    }
    if (length > sizeof(text) - 2)
        length = sizeof(text) - 2;
    text[0] = '<';
    if (length > 0)
        memcpy(text + 1, address.data, length);
    text[length + 1] = '>';
    add_key_value(line, key, (struct span){ text, length + 2 }, most);
}

#define PORT_SIZE 8 /* ":65535" */

/* NAME[ADDRESS] or NAME[ADDRESS]:PORT, as Postfix writes it; port 0: none. */
static void add_host(struct line *line, const char *key, struct span name, const struct ip *ip,
                     unsigned port, size_t most)
{
    char address[IP_TEXT_SIZE], text[VALUE_MOST + IP_TEXT_SIZE + PORT_SIZE + 3];
    size_t length, end;

    /* Where it is too long, the name is cut, never the address. */
    length = most > IP_TEXT_SIZE + PORT_SIZE + 2 ? most - IP_TEXT_SIZE - PORT_SIZE - 2 : 0;
    if (length > name.length)
        length = name.length;
    ip_format(ip, address);
    memcpy(text, name.data, length);
    (void)snprintf(text + length, sizeof(text) - length, "[%s]", address);
    end = length + strlen(address) + 2;
    if (port != 0)
        end += (size_t)snprintf(text + end, sizeof(text) - end, ":%u", port);
    add_key_value(line, key, (struct span){ text, end }, most);
}

static void add_client(struct line *line, const struct facts *facts, size_t most)
{
    struct span name = facts->client_name;

    if (span_empty(name) || name.data[0] == '[')
        name = span_of("unknown");
    add_host(line, "client", name, &facts->client, 0, most);
}

/* Where it goes: the host that the decision stands on; where there is none, the next hop as the MTA
 * says it, or else the partner's domain. */
static void add_hop(struct line *line, const struct material *material, size_t most)
{
    const struct hop_seen *seen = &material->decision->seen;
    struct span hop = material->facts->next_hop;

    /* What passed is logged when the recipient's own facts are gone. */
    if (span_empty(hop) && material->kind == LINE_REFUSED)
        hop = material->decision->match.domain;
    if (seen->address != NULL)
        add_host(line, "hop", seen->host->name, &seen->address->ip, seen->address->port, most);
    else if (seen->host != NULL)
        add_key_value(line, "hop", seen->host->name, most);
    else if (!span_empty(hop))
        add_key_value(line, "hop", hop, most);
    if (seen->age >= 0 && seen->lookup != LOOKUP_NOT_ASKED)
        line_add(line, " mx=%s", dnssec_word(seen->dnssec));
}

static void add_tls(struct line *line, const struct facts *facts, size_t most)
{
    const struct tls_facts *tls = &facts->tls;

    if (tls->state != TLS_ENCRYPTED) {
        line_add(line, " tls=%s", tls->state == TLS_PLAIN ? "none" : "unknown");
        return;
    }
    add_key_value(line, "tls",
                  span_empty(tls->protocol_name) ? span_of("unknown") : tls->protocol_name, most);
    if (span_empty(tls->cipher))
        return;
    add_key_value(line, "cipher", tls->cipher, most);
    if (tls->cipher_bits >= 0)
        line_add(line, "/%d", tls->cipher_bits);
}

static void add_digest(struct line *line, const char *key, enum pin_state state,
                       const struct digest *digest)
{
    char text[DIGEST_TEXT_SIZE];

    if (state != PIN_KNOWN)
        return;
    digest_format(digest, text);
    line_add(line, " %s=%s", key, text);
}

/* Sendmail shows subject and issuer of untrusted certificates too: this word tells. */
static void add_trust(struct line *line, enum trust trust)
{
    static const char *const words[] = {
        [TRUST_NOT_REPORTED] = NULL,     [TRUST_NO_CERTIFICATE] = "none",
        [TRUST_UNTRUSTED] = "untrusted", [TRUST_NONE_OR_UNTRUSTED] = "none-or-untrusted",
        [TRUST_TRUSTED] = "trusted",
    };

    if (words[trust] != NULL)
        line_add(line, " certificate=%s", words[trust]);
}

/* Outbound there may be no host that was seen. */
static bool has_session(const struct material *material)
{
    return material->decision->direction == DIRECTION_INBOUND ||
           material->decision->seen.address != NULL;
}

/* The public key, which few pin, only where somebody has to find out what was wrong. */
static void add_certificate(struct line *line, const struct material *material,
                            const struct facts *facts, size_t most)
{
    const struct certificate_facts *certificate = &facts->certificate;

    if (facts->tls.state != TLS_ENCRYPTED)
        return;
    add_trust(line, certificate->trust);
    if (!span_empty(certificate->subject))
        add_key_string(line, "subject", certificate->subject, most);
    if (!span_empty(certificate->issuer))
        add_key_string(line, "issuer", certificate->issuer, most);
    if (!span_empty(certificate->root))
        add_key_string(line, "root", certificate->root, most);
    add_digest(line, "fingerprint", certificate->fingerprint_state, &certificate->fingerprint);
    if (material->kind == LINE_REFUSED)
        add_digest(line, "public_key", certificate->public_key_state, &certificate->public_key);
    if (material->decision->direction == DIRECTION_INBOUND &&
        connector_of(material)->identity_shared)
        line_add(line, " identity=shared");
}

/* The session with the client; outbound the one with the host. */
static void add_session(struct line *line, const struct material *material, size_t most)
{
    const struct decision *decision = material->decision;
    struct facts facts = *material->facts;

    if (decision->direction == DIRECTION_OUTBOUND) {
        add_hop(line, material, most);
        hop_seen_session(&decision->seen, &facts);
    }
    if (has_session(material))
        add_tls(line, &facts, most);
    add_certificate(line, material, &facts, most);
    if (decision->direction == DIRECTION_OUTBOUND && decision->seen.age >= 0)
        line_add(line, " age=%lld", (long long)decision->seen.age);
}

static void add_verdict(struct line *line, const struct material *material)
{
    const struct decision *decision = material->decision;

    if (material->kind == LINE_NEAR_MISS)
        line_add(line, " verdict=none reason=near-miss");
    else if (decision->outcome == OUTCOME_EXEMPT)
        line_add(line, " verdict=exempt reason=%s", reason_word(decision->reason));
    else if (decision->would == VERDICT_PASS)
        line_add(line,
                 decision->reason == REASON_NONE ? " verdict=pass" : " verdict=pass reason=%s",
                 reason_word(decision->reason));
    else if (decision->monitored)
        line_add(line, " verdict=monitor would=%s reason=%s", verdict_word(decision->would),
                 reason_word(decision->reason));
    else
        line_add(line, " verdict=%s reason=%s", verdict_word(decision->verdict),
                 reason_word(decision->reason));
}

static void add_recipients(struct line *line, const struct material *material, size_t most)
{
    bool near_miss =
        material->kind == LINE_NEAR_MISS && material->decision->direction == DIRECTION_OUTBOUND;

    if (material->kind == LINE_REFUSED || near_miss)
        add_address(line, "to", material->facts->recipient, most);
    else if (material->kind == LINE_PASSED)
        line_add(line, " nrcpt=%u", material->recipients);
}

/* Everything but `text`. */
static void write_keys(struct line *line, const struct material *material, size_t most)
{
    const struct connector *connector = connector_of(material);
    struct span id = span_empty(material->queue_id) ? span_of("NOQUEUE") : material->queue_id;

    line_add_value(line, id, 64);
    line_add(line, ": %s", direction_word(material->decision->direction));
    add_verdict(line, material);
    add_key_value(line, "connector", span_of(connector->name), most);
    line_add(line, " level=%s", level_word(connector->level));
    add_address(line, "from", material->facts->sender, most);
    add_recipients(line, material, most);
    add_client(line, material->facts, most);
    if (material->kind != LINE_NEAR_MISS || material->decision->direction == DIRECTION_INBOUND)
        add_session(line, material, most);
    if (material->kind != LINE_NEAR_MISS)
        line_add(line, " mode=%s", material->decision->monitored ? "monitor" : "enforce");
}

static void write_text(const struct material *material, char *text, size_t size)
{
    const struct decision *decision = material->decision;
    struct line line;

    line_init(&line, text, size);
    if (material->kind == LINE_REFUSED) {
        line_add(&line, "%s %s %s", material->refusal->code, material->refusal->status,
                 material->refusal->text);
    } else if (material->kind == LINE_NEAR_MISS) {
        line_add_quoted(&line, decision->near_miss_domain, 100);
        line_add(&line, " lies below an entry that covers no subdomains (*.NAME would)");
    }
}

static void write_line(const struct material *material, char buffer[LOGLINE_SIZE])
{
    char text[REFUSAL_SIZE + 16];
    struct line line;
    size_t needed;

    write_text(material, text, sizeof(text));
    needed = text[0] != '\0' ? TEXT_LEAST : 0;
    for (size_t most = VALUE_MOST;; most /= 2) {
        line_init(&line, buffer, LOGLINE_SIZE);
        write_keys(&line, material, most);
        if ((!line.full && line.length + needed < LOGLINE_SIZE) || most <= VALUE_MOST / 8)
            break;
    }
    if (text[0] != '\0')
        add_key_string(&line, "text", span_of(text), VALUE_MOST);
}

void logline_refused(const struct facts *facts, const struct decision *decision,
                     const struct refusal *refusal, struct span queue_id, char line[LOGLINE_SIZE])
{
    write_line(&(struct material){ .kind = LINE_REFUSED,
                                   .facts = facts,
                                   .decision = decision,
                                   .refusal = refusal,
                                   .queue_id = queue_id },
               line);
}

void logline_passed(const struct facts *facts, const struct decision *decision, unsigned recipients,
                    struct span queue_id, char line[LOGLINE_SIZE])
{
    write_line(&(struct material){ .kind = LINE_PASSED,
                                   .facts = facts,
                                   .decision = decision,
                                   .recipients = recipients,
                                   .queue_id = queue_id },
               line);
}

void logline_near_miss(const struct facts *facts, const struct decision *decision,
                       struct span queue_id, char line[LOGLINE_SIZE])
{
    write_line(
        &(struct material){
            .kind = LINE_NEAR_MISS, .facts = facts, .decision = decision, .queue_id = queue_id },
        line);
}
