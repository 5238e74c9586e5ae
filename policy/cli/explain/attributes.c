/* SPDX-License-Identifier: ISC */
#include "policy/cli/explain/attributes.h"

#include <stdio.h>
#include <string.h>

#include "milter/policy_request.h"

#define FEED_TTL_MS 10000
#define CONNECTIONS 2 /* of the policy protocol: Postfix's, and one to look back with */

#define FINGERPRINT "ccert_fingerprint"
#define PUBLIC_KEY "ccert_pubkey_fingerprint"
#define NO_SHA256 "00" /* some digest, but none that could equal a pin */

/* The attributes of a request beside the certificate's, and the macros that say the same. */
static const struct fill {
    const char *attribute;
    const char *macro;     /* NULL: none */
    const char *otherwise; /* where neither is given; NULL: one has to be */
    bool both;             /* what is filled in becomes the macro's too */
} fills[] = {
    { "request", NULL, "smtpd_access_policy", false },
    { "protocol_state", NULL, "RCPT", false },
    { "instance", NULL, "explain", false },
    { "client_address", "{client_addr}", NULL, true },
    { "client_port", "{client_port}", "50000", true },
    { "server_address", "{daemon_addr}", "192.0.2.1", true },
    { "server_port", "{daemon_port}", "25", true },
    { "encryption_protocol", "{tls_version}", "", false },
    { "encryption_cipher", "{cipher}", "", false },
};

#define FILLS (sizeof(fills) / sizeof(fills[0]))

static bool read_given(struct inquiry *inquiry, struct notes *notes, struct why *why)
{
    const struct option_texts *texts = &inquiry->question->attributes;
    struct policy_request request;

    policy_request_reset(&request);
    for (size_t i = 0; i < texts->count; i++) {
        unsigned seen = request.seen;

        if (!pairs_read(&inquiry->attributes, "-p", texts->texts[i], why))
            return false;
        (void)policy_request_line(&request, span_of(texts->texts[i]));
        if (request.bad != 0)
            return why_fail(why, "-p: no such value ('%.100s')", texts->texts[i]);
        if (request.seen == seen)
            line_add(notes_next(notes), "forcetls does not read the attribute %s",
                     inquiry->attributes.items[inquiry->attributes.count - 1].name);
    }
    return true;
}

/* Where one of an attribute and its macro is given, the other one says the same. */
static bool fill_in(struct inquiry *inquiry, const struct fill *fill, struct why *why)
{
    const char *attribute = pairs_value(&inquiry->attributes, fill->attribute);
    const char *macro = fill->macro != NULL ? pairs_value(&inquiry->macros, fill->macro) : NULL;
    const char *value = macro;

    if (value == NULL)
        value = fill->both && attribute != NULL ? attribute : fill->otherwise;
    if (value == NULL)
        return why_fail(why, "-p needs --client-addr: Postfix tells a policy server the client's "
                             "address too");
    if (attribute == NULL && !pairs_fill(&inquiry->attributes, fill->attribute, value, why))
        return false;
    return macro != NULL || !fill->both || pairs_fill(&inquiry->macros, fill->macro, value, why);
}

/* Postfix tells of the certificate and of its key, or of neither. */
static bool fill_in_digests(struct inquiry *inquiry, struct why *why)
{
    const char *fingerprint = pairs_value(&inquiry->attributes, FINGERPRINT);
    const char *public_key = pairs_value(&inquiry->attributes, PUBLIC_KEY);
    const char *told = fingerprint != NULL ? fingerprint : public_key;

    if (told == NULL)
        return why_fail(why, "-p without -p " FINGERPRINT "=... or -p " PUBLIC_KEY
                             "=... (empty: no certificate)");
    inquiry->fingerprint_filled_in = fingerprint == NULL && told[0] != '\0';
    inquiry->public_key_filled_in = public_key == NULL && told[0] != '\0';
    told = told[0] != '\0' ? NO_SHA256 : "";
    if (fingerprint == NULL && !pairs_fill(&inquiry->attributes, FINGERPRINT, told, why))
        return false;
    return public_key != NULL || pairs_fill(&inquiry->attributes, PUBLIC_KEY, told, why);
}

bool attributes_read(struct inquiry *inquiry, struct notes *notes, struct why *why)
{
    const char *mta = inquiry->question->mta;

    if (inquiry->question->attributes.count == 0)
        return true;
    if (mta != NULL && strcmp(mta, "postfix") != 0)
        return why_fail(why, "-p is for Postfix, which alone tells a policy server ('%s')", mta);
    if (inquiry->recipient == NULL)
        return why_fail(why, "-p needs --to: Postfix tells a policy server of one recipient");
    if (!read_given(inquiry, notes, why))
        return false;
    for (size_t i = 0; i < FILLS; i++) {
        if (!fill_in(inquiry, &fills[i], why))
            return false;
    }
    return fill_in_digests(inquiry, why);
}

/* The recipient as the policy service is told it: without brackets, quotes and backslashes. */
static void plain_recipient(const char *path, char *plain, size_t size)
{
    size_t length = strlen(path), end = 0;

    if (length >= 2 && path[0] == '<' && path[length - 1] == '>') {
        path++;
        length -= 2;
    }
    for (size_t i = 0; i < length && end + 1 < size; i++) {
        if (path[i] == '"' || (path[i] == '\\' && ++i == length))
            continue;
        plain[end++] = path[i];
    }
    plain[end] = '\0';
}

static void tell_line(struct policy_request *request, const char *name, const char *value)
{
    char line[1200];

    (void)snprintf(line, sizeof(line), "%s=%s", name, value);
    (void)policy_request_line(request, span_of(line));
}

/* The whole request; false: Postfix sends none like it. */
static bool make_request(const struct inquiry *inquiry, struct policy_request *request)
{
    const struct pairs *attributes = &inquiry->attributes;
    char recipient[1000];

    policy_request_reset(request);
    for (size_t i = 0; i < attributes->count; i++)
        tell_line(request, attributes->items[i].name, attributes->items[i].value);
    if (pairs_find(attributes, "recipient") == NULL) {
        plain_recipient(inquiry->recipient, recipient, sizeof(recipient));
        tell_line(request, "recipient", recipient);
    }
    return policy_request_finish(request);
}

bool attributes_tell(struct inquiry *inquiry, const struct rules *rules, struct notes *notes)
{
    struct policy_request request;

    if (inquiry->attributes.count == 0)
        return true;
    if (rules->settings.smtpd_policy_socket == NULL) {
        line_add(notes_next(notes), "smtpd_policy_socket is not set: the daemon does not hear what "
                                    "-p says");
        return true;
    }
    inquiry->feed = feed_new(CONNECTIONS, FEED_TTL_MS);
    if (inquiry->feed == NULL)
        return false;
    (void)feed_put(inquiry->feed, feed_open(inquiry->feed),
                   make_request(inquiry, &request) ? &request.entry : NULL, 0);
    return true;
}

/* Whether the milter has taken what was told: the feed says so to another connection that asks
 * about the same session. */
static bool was_taken(struct inquiry *inquiry)
{
    struct policy_request request;

    if (!make_request(inquiry, &request) || request.entry.key.client_port == 0)
        return false;
    request.entry.instance[0] = '\0'; /* another message */
    return feed_put(inquiry->feed, feed_open(inquiry->feed), &request.entry, 0);
}

static void note_disbelief(const struct inquiry *inquiry, struct notes *notes)
{
    struct line *line = notes_next(notes);

    line_add(line, "what -p says is not believed, and counts as not reported: it does not agree "
                   "with the session");
    if (pairs_find(&inquiry->attributes, "recipient") != NULL)
        line_add(line, "; recipient is given, and --to");
    for (size_t i = 0; i < FILLS; i++) {
        const struct pair *pair = pairs_find(&inquiry->attributes, fills[i].attribute);
        const char *value = fills[i].otherwise;

        if (fills[i].macro != NULL)
            value = pairs_value(&inquiry->macros, fills[i].macro);
        if (!pair->given || (value != NULL && strcmp(pair->value, value) == 0))
            continue;
        line_add(line, "; %s is ", pair->name);
        line_add_cited(line, span_of(pair->value), 60);
        if (fills[i].macro != NULL && value == NULL)
            line_add(line, ", and macro %s is not given", fills[i].macro);
        else if (fills[i].macro != NULL)
            line_add(line, ", and macro %s is not", fills[i].macro);
    }
}

void attributes_look_back(struct inquiry *inquiry, struct notes *notes)
{
    struct certificate_facts *certificate = &inquiry->facts.certificate;

    if (inquiry->feed == NULL)
        return;
    if (!was_taken(inquiry)) {
        note_disbelief(inquiry, notes);
        return;
    }
    if (inquiry->fingerprint_filled_in)
        certificate->fingerprint_state = PIN_NOT_REPORTED;
    if (inquiry->public_key_filled_in)
        certificate->public_key_state = PIN_NOT_REPORTED;
}
