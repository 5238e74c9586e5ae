/* SPDX-License-Identifier: ISC */
/* What a line lacks, and whether today's rules decide as was logged. Declared in logged.h. */
#include "policy/cli/explain/logged.h"

struct verdict_words verdict_words(const struct decision *decision)
{
    struct verdict_words words = { outcome_word(decision->outcome), NULL, NULL };

    if (decision->reason != REASON_NONE)
        words.reason = reason_word(decision->reason);
    if (decision->would == VERDICT_PASS)
        return words;
    words.verdict = decision->monitored ? "monitor" : verdict_word(decision->verdict);
    words.would = decision->monitored ? verdict_word(decision->would) : NULL;
    return words;
}

static bool same_word(const struct logged *logged, enum logfield field, const char *word)
{
    struct span logged_word = logged->values[field];

    return word != NULL ? span_equal(logged_word, span_of(word)) : !span_known(logged_word);
}

static bool is_same(const struct logged *logged, const struct judgement *judgement)
{
    const struct connector *connector =
        logged->near_miss ? judgement->near_miss : judgement->decision.match.connector;
    struct verdict_words words = verdict_words(&judgement->decision);

    if (!same_word(logged, LOGFIELD_CONNECTOR, connector != NULL ? connector->name : NULL))
        return false;
    return logged->near_miss || (same_word(logged, LOGFIELD_VERDICT, words.verdict) &&
                                 same_word(logged, LOGFIELD_WOULD, words.would) &&
                                 same_word(logged, LOGFIELD_REASON, words.reason));
}

bool logged_is_monitored(const struct logged *logged)
{
    return same_word(logged, LOGFIELD_VERDICT, "monitor");
}

enum sameness logged_compare(const struct logged *logged, const struct judgement *judgement,
                             const struct notes *missing)
{
    if (is_same(logged, judgement))
        return SAME;
    return missing->count > 0 ? SAMENESS_UNKNOWN : DIFFERENT;
}

/* ---- what is missing ----------------------------------------------------------------------- */

/* A bounce belongs to a connector by names that a line does not carry. */
static void missing_names(const struct logged *logged, const struct judgement *judgement,
                          struct notes *notes)
{
    const struct match *match = &judgement->decision.match;

    if (!logged->sender.null || (match->connector != NULL && match->by == MATCHED_BY_NETWORK))
        return;
    if (logged->facts.helo_domain == NULL)
        line_add(notes_next(notes), "the line does not carry the HELO name, by which a bounce may "
                                    "belong to a connector (--helo)");
    if (logged->facts.client_domain == NULL &&
        !span_equal(logged->facts.client_name, span_of("unknown")))
        line_add(notes_next(notes), "the line does not say whether the client's name is a "
                                    "confirmed one, by which a bounce may belong to a connector "
                                    "(--client-name)");
}

/* Whether the recipient decides if this entry is for the sender. */
static bool depends_on_recipient(const struct candidate *candidate)
{
    return candidate->match.connector->local_domains != NULL &&
           candidate->fate != FATE_NO_SUBDOMAINS && candidate->fate != FATE_ONLY_SUBDOMAINS;
}

static void missing_recipient(const struct logged *logged, const struct judgement *judgement,
                              struct notes *notes)
{
    const struct trace *trace = &judgement->trace;

    for (size_t i = 0; i < trace->count && logged->facts.recipient_address == NULL; i++) {
        if (!depends_on_recipient(&trace->candidates[i]))
            continue;
        line_add(notes_next(notes), "the line does not carry the recipient, and local_domains "
                                    "depend on it (--to)");
        return;
    }
}

static void missing_field(const struct logged *logged, enum certificate_field field,
                          struct notes *notes)
{
    bool passed = span_known(logged->values[LOGFIELD_NRCPT]);

    switch (field) {
    case FIELD_ORGANIZATION:
    case FIELD_ORGANIZATIONAL_UNIT:
        line_add(notes_next(notes), "the line does not carry the certificate's %s",
                 certificate_field_word(field));
        break;
    case FIELD_PUBLIC_KEY:
    case FIELD_PIN_FILE:
        if (passed && logged->facts.certificate.public_key_state == PIN_NOT_REPORTED)
            line_add(notes_next(notes), "the line does not carry the public key: only lines of "
                                        "refused recipients do");
        break;
    default:
        break;
    }
}

static void missing_certificate(const struct logged *logged, const struct judgement *judgement,
                                struct notes *notes)
{
    const struct trail *trail = &judgement->decision.trail;

    for (size_t i = 0; i < trail->count; i++) {
        const struct check_result *result = &trail->results[i];

        if (result->outcome != CHECK_UNKNOWN)
            continue;
        if (result->check == CHECK_TRUSTED && !span_known(logged->values[LOGFIELD_CERTIFICATE]))
            line_add(notes_next(notes), "the line does not say whether the certificate was "
                                        "trusted: the MTA did not tell, or the line is of an older "
                                        "version of forcetls-milter");
        if (result->check == CHECK_CERTIFICATE)
            missing_field(logged, result->field, notes);
    }
}

/* An address that was too long for the line has lost its closing bracket. */
static void missing_end(const struct logged *logged, enum logfield field, struct notes *notes)
{
    struct span value = logged->values[field];

    if (span_known(value) && (value.length == 0 || value.data[value.length - 1] != '>'))
        line_add(notes_next(notes), "the address in %s= is cut, or missing", logfield_word(field));
}

void logged_missing(const struct logged *logged, const struct judgement *judgement,
                    struct notes *notes)
{
    if (!span_known(logged->values[LOGFIELD_FROM]))
        line_add(notes_next(notes), "the line has no from=");
    missing_end(logged, LOGFIELD_FROM, notes);
    missing_end(logged, LOGFIELD_TO, notes);
    missing_names(logged, judgement, notes);
    missing_recipient(logged, judgement, notes);
    missing_certificate(logged, judgement, notes);
}
