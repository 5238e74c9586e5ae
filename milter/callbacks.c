/* SPDX-License-Identifier: ISC */
/*
 * One message, as libmilter calls us:
 *
 *   negotiate   only the steps below, only our macros, no replies to CONNECT and HELO (where the
 *               MTA wants them all the same, libmilter turns our silence into "continue")
 *   connect     who is the client
 *   helo        its name (again after STARTTLS)
 *   envfrom     the rules of this message, its TLS facts; mail that no connector can concern
 *               ends here
 *   envrcpt     the decision, the reply, the log line of a refusal
 *   eom         the log lines of what passed
 *   abort       the message is over without an end
 *   close       the session is over
 *
 * Every error of our own ends in tempfail_internal(): a message is never accepted because
 * something went wrong.
 */
#include "milter/callbacks.h"

#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <syslog.h>
#include <time.h>

#include "milter/clock.h"
#include "milter/log.h"
#include "milter/reply.h"
#include "milter/session.h"
#include "policy/logline.h"
#include "policy/refusal.h"

/* Written by callbacks_register() before smfi_main(), read-only afterwards: libmilter gives its
 * callbacks no pointer of ours. */
static struct feed *the_feed;

/* Callbacks that are running, and whether new ones are still let in; atomic. */
static atomic_int running;
static atomic_bool stopped;

static const char *get_macro(void *data, const char *name)
{
    char writable[32]; /* libmilter's argument is not const */

    (void)strncpy(writable, name, sizeof(writable) - 1);
    writable[sizeof(writable) - 1] = '\0';
    return smfi_getsymval(data, writable);
}

static struct macro_source source_of(SMFICTX *ctx, const struct session *session)
{
    return (struct macro_source){ get_macro, ctx, session->macros_complete };
}

static struct span queue_id(SMFICTX *ctx)
{
    return span_of(get_macro(ctx, "i"));
}

/* The one exit for errors of our own. */
static sfsistat tempfail_internal(SMFICTX *ctx, const char *what)
{
    struct session *session = smfi_getpriv(ctx);
    const char *contact = NULL;
    struct refusal refusal;

    if (session != NULL && session->message.snapshot != NULL)
        contact = snapshot_rules(session->message.snapshot)->settings.contact;
    refusal_internal_error(contact, &refusal);
    log_printf(LOG_ERR, "internal error: %s", what);
    return reply_refuse(ctx, &refusal);
}

/* A new session for this context, in place of one that there may be; NULL: no memory. */
static struct session *session_begin(SMFICTX *ctx)
{
    struct session *session = session_new();

    session_free(smfi_getpriv(ctx));
    if (session == NULL || smfi_setpriv(ctx, session) != MI_SUCCESS) {
        session_free(session);
        (void)smfi_setpriv(ctx, NULL);
        log_line(LOG_ERR, "internal error: no memory for a session");
        return NULL;
    }
    return session;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long f2, unsigned long f3, unsigned long *our_actions,
                             unsigned long *our_steps, unsigned long *our_f2, unsigned long *our_f3)
{
    static const struct {
        enum macro_stage stage;
        int where;
    } stages[] = {
        { MACROS_CONNECT, SMFIM_CONNECT }, { MACROS_HELO, SMFIM_HELO },
        { MACROS_MAIL, SMFIM_ENVFROM },    { MACROS_RCPT, SMFIM_ENVRCPT },
        { MACROS_EOM, SMFIM_EOM },
    };
    struct session *session = session_begin(ctx);
    char list[512];

    (void)f2;
    (void)f3;
    if (session == NULL)
        return SMFIS_REJECT;
    session->macros_complete = (actions & SMFIF_SETSYMLIST) != 0;
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]) && session->macros_complete; i++) {
        if (!macros_list(stages[i].stage, list, sizeof(list)) ||
            smfi_setsymlist(ctx, stages[i].where, list) != MI_SUCCESS)
            session->macros_complete = false;
    }
    *our_actions = actions & SMFIF_SETSYMLIST;
    *our_steps =
        (steps & (SMFIP_NODATA | SMFIP_NOUNKNOWN | SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY)) |
        SMFIP_NR_CONN | SMFIP_NR_HELO;
    *our_f2 = *our_f3 = 0;
    return SMFIS_CONTINUE;
}

static struct ip ip_of_sockaddr(const struct sockaddr *address)
{
    if (address != NULL && address->sa_family == AF_INET)
        return ip_from_bytes(4, &((const struct sockaddr_in *)(const void *)address)->sin_addr);
    if (address != NULL && address->sa_family == AF_INET6)
        return ip_from_bytes(6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return (struct ip){ .family = 0 };
}

static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
    struct session *session = smfi_getpriv(ctx);
    struct ip peer = ip_of_sockaddr(address);
    struct macro_source source;

    (void)name;
    /* Another client on a connection that was closed and not negotiated again (SMFIC_QUIT_NC):
     * what was agreed about macros is forgotten, so that what is absent proves nothing. */
    if (session == NULL)
        session = session_begin(ctx);
    if (session == NULL)
        return SMFIS_NOREPLY; /* MAIL will say it */
    source = source_of(ctx, session);
    session_connect(session, &source, &peer);
    return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
    struct session *session = smfi_getpriv(ctx);

    if (session != NULL)
        session_helo(session, name);
    return SMFIS_NOREPLY;
}

/* A sender that just misses an entry is told once, whatever becomes of the message. */
static void log_near_miss(SMFICTX *ctx, struct message *message, const struct decision *decision)
{
    char line[LOGLINE_SIZE];

    if (decision->near_miss == NULL ||
        !snapshot_near_miss_is_new(message->snapshot, decision->near_miss,
                                   decision->near_miss_domain.data))
        return;
    logline_near_miss(&message->facts, decision, queue_id(ctx), line);
    log_line(LOG_INFO, line);
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
    struct session *session = smfi_getpriv(ctx);
    struct message *message;
    struct macro_source source;
    struct decision decision;
    bool concerned;

    if (session == NULL)
        return tempfail_internal(ctx, "MAIL without a session");
    if (arguments == NULL || arguments[0] == NULL)
        return tempfail_internal(ctx, "MAIL without an address");
    source = source_of(ctx, session);
    if (!message_start(session, &source, arguments[0], (int64_t)time(NULL)))
        return tempfail_internal(ctx, "no memory for a message");
    message = &session->message;
    concerned =
        decide_inbound_possible(snapshot_rules(message->snapshot), &message->facts, &decision);
    log_near_miss(ctx, message, &decision);
    if (concerned)
        return SMFIS_CONTINUE;
    log_printf(LOG_DEBUG, "inbound verdict=none: no connector for this sender");
    message_reset(message);
    return SMFIS_ACCEPT;
}

static sfsistat refuse_recipient(SMFICTX *ctx, const struct rules *rules, const struct facts *facts,
                                 const struct decision *decision)
{
    struct refusal refusal;
    char line[LOGLINE_SIZE];

    refusal_of(rules, facts, decision, &refusal);
    logline_refused(facts, decision, &refusal, queue_id(ctx), line);
    log_line(decision->monitored ? LOG_INFO : LOG_NOTICE, line);
    return decision->verdict == VERDICT_PASS ? SMFIS_CONTINUE : reply_refuse(ctx, &refusal);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **arguments)
{
    struct session *session = smfi_getpriv(ctx);
    struct message *message;
    const struct rules *rules;
    struct macro_source source;
    struct address address;
    struct facts facts;
    struct decision decision;
    sfsistat result = SMFIS_CONTINUE;

    if (session == NULL || session->message.snapshot == NULL)
        return tempfail_internal(ctx, "RCPT without a message");
    if (arguments == NULL || arguments[0] == NULL)
        return tempfail_internal(ctx, "RCPT without an address");
    message = &session->message;
    rules = snapshot_rules(message->snapshot);
    source = source_of(ctx, session);
    address_init(&address);
    if (!message_recipient(session, &source, the_feed, arguments[0], monotonic_ms(), &address,
                           &facts)) {
        address_release(&address);
        return tempfail_internal(ctx, "no memory for a recipient");
    }
    decide_inbound(rules, &facts, &decision);
    if (decision.would != VERDICT_PASS)
        result = refuse_recipient(ctx, rules, &facts, &decision);
    else if (decision.outcome != OUTCOME_NONE && !message_tally(message, &decision, &facts))
        result = tempfail_internal(ctx, "no memory to count a recipient");
    address_release(&address);
    return result;
}

static sfsistat on_eom(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);
    struct message *message;
    char line[LOGLINE_SIZE];

    if (session == NULL || session->message.snapshot == NULL)
        return tempfail_internal(ctx, "end of a message that did not start");
    message = &session->message;
    for (size_t i = 0; i < message->tally_count; i++) {
        const struct tally *tally = &message->tallies[i];

        message->facts.certificate = tally->certificate;
        logline_passed(&message->facts, &tally->decision, tally->recipients, queue_id(ctx), line);
        log_line(LOG_INFO, line);
    }
    message_reset(message);
    return SMFIS_CONTINUE;
}

static sfsistat on_abort(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);

    if (session != NULL)
        message_reset(&session->message);
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);

    (void)smfi_setpriv(ctx, NULL);
    session_free(session);
    return SMFIS_CONTINUE;
}

/*
 * The callbacks that libmilter sees: each counts itself in and out. Once stopped, what a
 * callback would use may be gone, so it answers without looking at anything.
 */

static bool enter(void)
{
    atomic_fetch_add(&running, 1);
    return !atomic_load(&stopped);
}

static sfsistat leave(sfsistat result)
{
    atomic_fetch_sub(&running, 1);
    return result;
}

static sfsistat negotiate_callback(SMFICTX *ctx, unsigned long f0, unsigned long f1,
                                   unsigned long f2, unsigned long f3, unsigned long *pf0,
                                   unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
    return leave(enter() ? on_negotiate(ctx, f0, f1, f2, f3, pf0, pf1, pf2, pf3) : SMFIS_REJECT);
}

static sfsistat connect_callback(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
    return leave(enter() ? on_connect(ctx, name, address) : SMFIS_NOREPLY);
}

static sfsistat helo_callback(SMFICTX *ctx, char *name)
{
    return leave(enter() ? on_helo(ctx, name) : SMFIS_NOREPLY);
}

static sfsistat mail_callback(SMFICTX *ctx, char **arguments)
{
    return leave(enter() ? on_mail(ctx, arguments) : SMFIS_TEMPFAIL);
}

static sfsistat rcpt_callback(SMFICTX *ctx, char **arguments)
{
    return leave(enter() ? on_rcpt(ctx, arguments) : SMFIS_TEMPFAIL);
}

static sfsistat eom_callback(SMFICTX *ctx)
{
    return leave(enter() ? on_eom(ctx) : SMFIS_TEMPFAIL);
}

static sfsistat abort_callback(SMFICTX *ctx)
{
    return leave(enter() ? on_abort(ctx) : SMFIS_CONTINUE);
}

static sfsistat close_callback(SMFICTX *ctx)
{
    return leave(enter() ? on_close(ctx) : SMFIS_CONTINUE);
}

bool callbacks_register(struct feed *feed)
{
    static char name[] = "forcetls";
    struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_NONE,
        .xxfi_connect = connect_callback,
        .xxfi_helo = helo_callback,
        .xxfi_envfrom = mail_callback,
        .xxfi_envrcpt = rcpt_callback,
        .xxfi_eom = eom_callback,
        .xxfi_abort = abort_callback,
        .xxfi_close = close_callback,
        .xxfi_negotiate = negotiate_callback,
    };

    the_feed = feed;
    return smfi_register(description) == MI_SUCCESS;
}

bool callbacks_drain(int milliseconds)
{
    static const struct timespec tick = { 0, 10 * 1000 * 1000 };

    atomic_store(&stopped, true);
    for (int waited = 0; atomic_load(&running) > 0; waited += 10) {
        if (waited >= milliseconds)
            return false;
        (void)nanosleep(&tick, NULL);
    }
    return true;
}
