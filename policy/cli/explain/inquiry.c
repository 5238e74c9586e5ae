/* SPDX-License-Identifier: ISC */
#include "policy/cli/explain/inquiry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/check_words.h"
#include "policy/cli/explain/attributes.h"

bool mta_parse(enum mta *mta, const char *word)
{
    static const enum mta mtas[] = { MTA_POSTFIX, MTA_SENDMAIL };

    for (size_t i = 0; i < sizeof(mtas) / sizeof(mtas[0]); i++) {
        if (strcmp(words_mta_option(mtas[i]), word) != 0)
            continue;
        *mta = mtas[i];
        return true;
    }
    return false;
}

/* ---- the command line becomes macros ------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return span_equal_nocase(span_of(a), span_of(b));
}

static bool same_address(const char *a, const char *b)
{
    struct ip first, second;

    return ip_parse(&first, span_of(a)) && ip_parse(&second, span_of(b)) &&
           ip_equal(&first, &second);
}

/* An option that says what a macro says: both may be given if they agree. */
static bool merge(struct pairs *macros, const char *option, const char *value, const char *macro,
                  bool (*same)(const char *a, const char *b), struct why *why)
{
    const struct pair *pair = pairs_find(macros, macro);

    if (value == NULL)
        return true;
    if (pair == NULL)
        return pairs_fill(macros, macro, value, why);
    return same(pair->value, value) ||
           why_fail(why, "%s '%.100s' and macro %s do not agree ('%.100s')", option, value, macro,
                    pair->value);
}

static bool read_macros(struct inquiry *inquiry, struct notes *notes, struct why *why)
{
    const struct option_texts *texts = &inquiry->question->macros;

    for (size_t i = 0; i < texts->count; i++) {
        const char *name;

        if (!pairs_read_macro(&inquiry->macros, "-m", texts->texts[i], why))
            return false;
        name = inquiry->macros.items[inquiry->macros.count - 1].name;
        if (!macros_reads(span_of(name)))
            line_add(notes_next(notes), "forcetls does not read the macro %s", name);
    }
    return true;
}

static bool read_client(struct inquiry *inquiry, struct why *why)
{
    const struct question *question = inquiry->question;
    struct pairs *macros = &inquiry->macros;
    const char *address = question->client_addr, *name = question->client_name;
    const char *resolve = pairs_value(macros, "{client_resolve}");
    struct ip ip;

    if (address != NULL && !ip_parse(&ip, span_of(address)))
        return why_fail(why, "--client-addr: not an IP address ('%.100s')", address);
    if (name != NULL && resolve != NULL && strcmp(resolve, "OK") != 0)
        return why_fail(why,
                        "--client-name is a confirmed name, and macro {client_resolve} says "
                        "otherwise ('%.100s')",
                        resolve);
    return merge(macros, "--client-addr", address, "{client_addr}", same_address, why) &&
           merge(macros, "--client-name", name, "{client_name}", same_text, why) &&
           (name == NULL || resolve != NULL || pairs_fill(macros, "{client_resolve}", "OK", why));
}

static bool read_mta(struct inquiry *inquiry, struct why *why)
{
    const char *word = inquiry->question->mta;
    enum mta mta;

    if (word == NULL)
        return true;
    if (!mta_parse(&mta, word))
        return why_fail(why, "--mta must be postfix or sendmail ('%.100s')", word);
    return pairs_find(&inquiry->macros, "v") != NULL ||
           pairs_fill(&inquiry->macros, "v", mta == MTA_POSTFIX ? "Postfix" : "8.18.1", why);
}

/* An address as it stands in the SMTP command. */
static char *with_brackets(const char *address)
{
    size_t size = strlen(address) + 3;
    char *path;

    if (address[0] == '<')
        return strdup(address);
    path = malloc(size);
    if (path != NULL)
        (void)snprintf(path, size, "<%s>", address);
    return path;
}

static bool read_addresses(struct inquiry *inquiry, struct why *why)
{
    const struct question *question = inquiry->question;

    if (question->from == NULL)
        return why_fail(why, "--from ADDRESS is missing (a bounce: --from '<>')");
    inquiry->sender = with_brackets(question->from);
    if (question->to != NULL)
        inquiry->recipient = with_brackets(question->to);
    if (inquiry->sender == NULL || (question->to != NULL && inquiry->recipient == NULL))
        return why_fail(why, "out of memory");
    return true;
}

bool inquiry_read(struct inquiry *inquiry, const struct question *question, struct notes *notes,
                  struct why *why)
{
    memset(inquiry, 0, sizeof(*inquiry));
    inquiry->question = question;
    address_init(&inquiry->recipient_address);
    return read_addresses(inquiry, why) && read_macros(inquiry, notes, why) &&
           read_client(inquiry, why) && read_mta(inquiry, why) &&
           attributes_read(inquiry, notes, why);
}

/* ---- the session --------------------------------------------------------------------------- */

static const char *get_macro(void *data, const char *name)
{
    return pairs_value(data, name);
}

/* RCPT: the facts of the message and those of the recipient; without one, as the milter asks at
 * MAIL whether any recipient could concern it. */
static bool play_recipient(struct inquiry *inquiry, const struct macro_source *source,
                           struct notes *notes)
{
    if (inquiry->recipient == NULL) {
        inquiry->facts = inquiry->session->message.facts;
        inquiry->facts.recipient = span_of("<...>");
        return true;
    }
    if (!message_recipient(inquiry->session, source, inquiry->feed, inquiry->recipient, 0,
                           &inquiry->recipient_address, &inquiry->facts))
        return false;
    attributes_look_back(inquiry, notes);
    return true;
}

static void note_what_is_missing(const struct inquiry *inquiry, struct notes *notes)
{
    const struct facts *facts = &inquiry->facts;

    if (facts->local) {
        line_add(notes_next(notes), "the macros are those of mail that did not come by SMTP "
                                    "(sendmail(1) on Postfix): no inbound connector applies");
        return;
    }
    if (pairs_find(&inquiry->macros, "{tls_version}") == NULL &&
        pairs_find(&inquiry->macros, "{cipher}") == NULL)
        line_add(notes_next(notes), "no TLS macro was given (-m tls_version=... -m cipher=... "
                                    "-m cipher_bits=...): that is a session without TLS, since "
                                    "both MTAs were asked for the macros");
    if (facts->client.family == 0)
        line_add(notes_next(notes), "the client's address was not given (--client-addr): it lies "
                                    "in no network");
    if (facts->mta == MTA_UNKNOWN)
        line_add(notes_next(notes), "the MTA was not given (--mta postfix, --mta sendmail): what "
                                    "it can report is not known");
}

bool inquiry_play(struct inquiry *inquiry, const struct rules *rules, int64_t now,
                  struct notes *notes, struct why *why)
{
    const char *word = inquiry->question->mta;
    struct macro_source source = { get_macro, &inquiry->macros, true };
    struct ip peer;
    enum mta mta;

    inquiry->session = session_new();
    if (inquiry->session == NULL)
        return why_fail(why, "out of memory");
    inquiry->session->macros_complete = source.complete;
    if (!ip_parse(&peer, span_of(get_macro(&inquiry->macros, "{client_addr}"))))
        peer.family = 0;
    session_connect(inquiry->session, &source, &peer);
    session_helo(inquiry->session, inquiry->question->helo);
    if (!message_start(inquiry->session, &source, inquiry->sender, now) ||
        !attributes_tell(inquiry, rules, notes) || !play_recipient(inquiry, &source, notes))
        return why_fail(why, "out of memory");
    if (word != NULL && mta_parse(&mta, word) && inquiry->facts.mta != mta)
        return why_fail(why, "--mta '%s' and macro v do not agree ('%.100s')", word,
                        get_macro(&inquiry->macros, "v"));
    inquiry->queue_id = span_of(get_macro(&inquiry->macros, "i"));
    note_what_is_missing(inquiry, notes);
    return true;
}

void inquiry_release(struct inquiry *inquiry)
{
    address_release(&inquiry->recipient_address);
    session_free(inquiry->session);
    feed_free(inquiry->feed);
    free(inquiry->sender);
    free(inquiry->recipient);
}
