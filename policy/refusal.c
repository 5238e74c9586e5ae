/* SPDX-License-Identifier: ISC */
/*
 * A refusal has three parts: whom it is about and what is demanded, what was seen instead, and
 * whom to ask. What was seen matters most: where all does not fit, the names in the first part
 * are cut before it.
 */
#include "policy/refusal.h"

#include <assert.h>
#include <stdio.h>

#include "policy/refusal_sentences.h"

#define TEXT_MOST 230 /* characters of the whole text */
#define NAME_MOST 48  /* of the partner's domain and of the connector's name, */
#define NAME_LEAST 12 /* and what is left of them where the reason needs the room */

/* The head's own words are shorter than this; what remains is the reason's. */
#define HEAD_WORDS 80
_Static_assert(HEAD_WORDS + 2 * NAME_LEAST + CONTACT_MAX + 2 + 32 <= TEXT_MOST,
               "no room for a reason");

/* The first words, by direction, and for the reason that is about the way and not about TLS. */
static const struct head_row {
    const char *before, *nobody, *behind;
} heads[DIRECTIONS][2] = {
    [DIRECTION_INBOUND] = { { "Encryption needed: mail from ", "this client",
                              " must arrive over TLS" },
                            { "Wrong client: mail from ", "this client",
                              " must come from its own servers" } },
    [DIRECTION_OUTBOUND] = { { "Encryption needed: mail to ", "this recipient",
                               " may only be sent over TLS" },
                             { "Wrong next hop: mail to ", "this recipient",
                               " may only go to its own servers" } },
};

/* Whose mail it is (the partner's domain, or for a null sender the client), and what it needs. */
static void add_head(struct line *line, const struct decision *decision, size_t most)
{
    bool of_way =
        decision->reason == REASON_CLIENT_NOT_ALLOWED || decision->reason == REASON_WRONG_NEXT_HOP;
    bool by_address =
        decision->match.by == MATCHED_BY_SENDER || decision->match.by == MATCHED_BY_RECIPIENT;
    const struct head_row *head = &heads[decision->direction][of_way];

    line_add(line, "%s", head->before);
    if (by_address && !span_empty(decision->match.domain))
        line_add_quoted(line, decision->match.domain, most);
    else
        line_add(line, "%s", head->nobody);
    line_add(line, "%s (connector ", head->behind);
    line_add_quoted(line, span_of(decision->match.connector->name), most);
    line_add(line, "): ");
}

static void add_contact(struct line *line, const char *contact)
{
    if (contact == NULL)
        return;
    line_add(line, "; ");
    line_add_quoted(line, span_of(contact), CONTACT_MAX);
}

/* What is wrong, cut where there is no room for all of it. It has been through the escaper. */
static void add_middle(struct line *line, const struct line *middle, size_t most)
{
    static const char dots[] = "...";
    size_t room = most - (sizeof(dots) - 1);

    assert(most >= sizeof(dots) - 1);
    if (middle->length <= most)
        line_add(line, "%s", middle->text);
    else
        line_add(line, "%.*s%s", (int)room, middle->text, dots);
}

static void set_codes(struct refusal *refusal, enum verdict verdict, enum reason reason)
{
    bool reject = verdict == VERDICT_REJECT;

    (void)snprintf(refusal->code, sizeof(refusal->code), "%s", reject ? "550" : "451");
    (void)snprintf(refusal->status, sizeof(refusal->status), "%c.%s", reject ? '5' : '4',
                   reason_row(reason)->detail);
}

static void add_reason(struct line *line, const struct facts *facts,
                       const struct decision *decision)
{
    struct facts session = *facts;
    struct refusal_writer writer = { .facts = &session,
                                     .decision = decision,
                                     .connector = decision->match.connector,
                                     .result = trail_decisive(&decision->trail),
                                     .line = line };

    if (decision->direction == DIRECTION_INBOUND) {
        refusal_say_client(&writer);
        return;
    }
    hop_seen_session(&decision->seen, &session);
    refusal_say_host(&writer);
}

void refusal_of(const struct rules *rules, const struct facts *facts,
                const struct decision *decision, struct refusal *refusal)
{
    const struct connector *connector = decision->match.connector;
    char tail[CONTACT_MAX + 3], middle[TEXT_MOST + 1];
    struct line line, end, why;

    set_codes(refusal, decision->would, decision->reason);
    line_init(&why, middle, sizeof(middle));
    add_reason(&why, facts, decision);
    line_init(&end, tail, sizeof(tail));
    add_contact(&end, connector->contact != NULL ? connector->contact : rules->settings.contact);
    for (size_t most = NAME_MOST; most >= NAME_LEAST; most /= 2) {
        line_init(&line, refusal->text, sizeof(refusal->text));
        add_head(&line, decision, most);
        if (line.length + why.length + end.length <= TEXT_MOST)
            break;
    }
    add_middle(&line, &why, TEXT_MOST - line.length - end.length);
    line_add(&line, "%s", tail);
}

void refusal_internal_error(const char *contact, struct refusal *refusal)
{
    struct line line;

    set_codes(refusal, VERDICT_DEFER, REASON_INTERNAL_ERROR);
    line_init(&line, refusal->text, sizeof(refusal->text));
    line_add(&line, "Internal error of the TLS policy filter, try again later");
    add_contact(&line, contact);
}

void refusal_other_session(const char *contact, struct refusal *refusal)
{
    struct line line;

    set_codes(refusal, VERDICT_DEFER, REASON_INTERNAL_ERROR);
    line_init(&line, refusal->text, sizeof(refusal->text));
    line_add(&line, "The TLS policy has changed since this session began, try again in a new one");
    add_contact(&line, contact);
}

void refusal_too_many_domains(const char *contact, unsigned most, struct refusal *refusal)
{
    struct line line;

    (void)snprintf(refusal->code, sizeof(refusal->code), "550");
    (void)snprintf(refusal->status, sizeof(refusal->status), "5.1.3"); /* RFC 3463, 3.2: syntax */
    line_init(&line, refusal->text, sizeof(refusal->text));
    line_add(&line, "An address that could mean more than %u domains is not accepted", most);
    add_contact(&line, contact);
}
