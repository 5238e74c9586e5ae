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
 *   envrcpt     the decisions, inbound and outbound, the reply, the log lines of refusals
 *   data        mail that turns out to be nobody's ends here
 *   header      whether the message says that it needs no TLS
 *   eom         the refusals that cannot come earlier, or the log lines of what passed
 *   abort       the message is over without an end
 *   close       the session is over
 *
 * DATA, headers and their end are asked for only where there are outbound connectors.
 *
 * Every error of our own ends in tempfail_internal(): a message is never accepted because
 * something went wrong.
 */
#include "milter/callbacks.h"

#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <strings.h>
#include <syslog.h>
#include <time.h>

#include "milter/answer.h"
#include "milter/clock.h"
#include "milter/log.h"
#include "milter/recipient.h"
#include "milter/session.h"
#include "policy/decide_outbound.h"

/* Written by callbacks_register() before smfi_main(), read-only afterwards: libmilter gives its
 * callbacks no pointer of ours. */
static struct feed *the_feed;
static struct hops *the_hops;
static struct counters *the_counters;
static struct map_watch *the_map_watch;

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

/* With what an answer is given. */
static struct answerer answerer_of(SMFICTX *ctx)
{
    return (struct answerer){ ctx, the_counters, the_map_watch, span_of(get_macro(ctx, "i")) };
}

/* The one exit for errors of our own. */
static sfsistat tempfail_internal(SMFICTX *ctx, const char *what)
{
    const struct answerer answerer = answerer_of(ctx);
    const struct session *session = smfi_getpriv(ctx);

    return answer_internal_error(&answerer, session != NULL ? &session->message : NULL, what);
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

static bool outbound_in_force(void)
{
    struct snapshot *snapshot = snapshot_get();
    bool possible = snapshot != NULL && decide_outbound_possible(snapshot_rules(snapshot));

    snapshot_put(snapshot);
    return possible;
}

/* Asks for our macros; false: not all of it is understood. */
static bool set_macros(SMFICTX *ctx, bool outbound)
{
    const struct {
        enum macro_stage stage;
        int where;
    } stages[] = {
        { MACROS_CONNECT, SMFIM_CONNECT },
        { MACROS_HELO, SMFIM_HELO },
        { MACROS_MAIL, SMFIM_ENVFROM },
        { outbound ? MACROS_RCPT_OUTBOUND : MACROS_RCPT, SMFIM_ENVRCPT },
        { MACROS_EOM, SMFIM_EOM },
    };
    char list[512];

    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        if (!macros_list(stages[i].stage, list, sizeof(list)) ||
            smfi_setsymlist(ctx, stages[i].where, list) != MI_SUCCESS)
            return false;
    }
    return true;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long f2, unsigned long f3, unsigned long *our_actions,
                             unsigned long *our_steps, unsigned long *our_f2, unsigned long *our_f3)
{
    struct session *session = session_begin(ctx);

    (void)f2;
    (void)f3;
    if (session == NULL)
        return SMFIS_REJECT;
    session->sees_outbound = outbound_in_force();
    session->macros_complete =
        (actions & SMFIF_SETSYMLIST) != 0 && set_macros(ctx, session->sees_outbound);
    *our_actions = actions & SMFIF_SETSYMLIST;
    *our_steps = (steps & (SMFIP_NOUNKNOWN | SMFIP_NOBODY)) | SMFIP_NR_CONN | SMFIP_NR_HELO;
    /* Behind DATA libmilter takes the end of a message without headers only after EOH. */
    if (session->sees_outbound)
        *our_steps |= SMFIP_NR_HDR | SMFIP_NR_EOH;
    else
        *our_steps |= steps & (SMFIP_NODATA | SMFIP_NOHDRS | SMFIP_NOEOH);
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

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
    struct session *session = smfi_getpriv(ctx);
    struct message *message;
    struct macro_source source;
    struct decision decision;
    const struct answerer answerer = answerer_of(ctx);
    const struct rules *rules;
    bool concerned;

    if (session == NULL)
        return tempfail_internal(ctx, "MAIL without a session");
    if (arguments == NULL || arguments[0] == NULL)
        return tempfail_internal(ctx, "MAIL without an address");
    source = source_of(ctx, session);
    if (!message_start(session, &source, arguments[0], (int64_t)time(NULL)))
        return tempfail_internal(ctx, "no memory for a message");
    message = &session->message;
    rules = snapshot_rules(message->snapshot);
    concerned = decide_inbound_possible(rules, &message->facts, &decision);
    answer_near_miss(&answerer, message, &message->facts, &decision);
    if (concerned || decide_outbound_possible(rules))
        return SMFIS_CONTINUE;
    log_printf(LOG_DEBUG, "inbound verdict=none: no connector for this sender");
    message_reset(message);
    return SMFIS_ACCEPT;
}

static sfsistat on_rcpt(SMFICTX *ctx, char **arguments)
{
    struct session *session = smfi_getpriv(ctx);
    struct macro_source source;
    const struct answerer answerer = answerer_of(ctx);
    struct recipient recipient;
    int64_t now_ms = monotonic_ms();
    sfsistat result;
    size_t domains;

    if (session == NULL || session->message.snapshot == NULL)
        return tempfail_internal(ctx, "RCPT without a message");
    if (arguments == NULL || arguments[0] == NULL)
        return tempfail_internal(ctx, "RCPT without an address");
    source = source_of(ctx, session);
    if (!recipient_read(&recipient, session, &source, the_feed, arguments[0], now_ms)) {
        result =
            answer_undecided(&answerer, &session->message, &recipient, "no memory for a recipient");
    } else if ((domains = recipient_too_many_domains(&recipient, session)) != 0) {
        result = answer_too_many_domains(&answerer, &session->message, &recipient, domains);
    } else {
        recipient_judge(&recipient, session, the_hops, now_ms);
        result = answer_recipient(&answerer, &session->message, &recipient);
    }
    recipient_release(&recipient);
    return result;
}

static sfsistat on_data(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);

    if (session == NULL || session->message.snapshot == NULL ||
        !message_is_nobodys(&session->message))
        return SMFIS_CONTINUE;
    log_printf(LOG_DEBUG, "verdict=none: no connector for this sender and these recipients");
    message_reset(&session->message);
    return SMFIS_ACCEPT;
}

/* The header TLS-Required: No (RFC 8689, 5), as Postfix reads it: nothing but the word, in any
 * case, behind any white space of isspace(3). */
static bool says_without_tls(const char *name, const char *value)
{
    static const char header[] = "TLS-Required", blanks[] = " \t\r\n\f\v";
    size_t length = sizeof(header) - 1;

    if (strncasecmp(name, header, length) != 0 ||
        name[length + strspn(name + length, blanks)] != '\0')
        return false;
    value += strspn(value, blanks);
    length = strcspn(value, blanks);
    return length == 2 && strncasecmp(value, "no", 2) == 0 &&
           value[length + strspn(value + length, blanks)] == '\0';
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    struct session *session = smfi_getpriv(ctx);

    if (session != NULL && session->message.snapshot != NULL && name != NULL && value != NULL &&
        says_without_tls(name, value))
        session->message.says_without_tls = true;
    return SMFIS_NOREPLY;
}

static sfsistat on_eom(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);
    const struct answerer answerer = answerer_of(ctx);
    sfsistat result;

    if (session == NULL || session->message.snapshot == NULL)
        return tempfail_internal(ctx, "end of a message that did not start");
    result = answer_end(&answerer, &session->message);
    message_reset(&session->message);
    return result;
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

static sfsistat data_callback(SMFICTX *ctx)
{
    return leave(enter() ? on_data(ctx) : SMFIS_TEMPFAIL);
}

static sfsistat header_callback(SMFICTX *ctx, char *name, char *value)
{
    return leave(enter() ? on_header(ctx, name, value) : SMFIS_NOREPLY);
}

static sfsistat eoh_callback(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_NOREPLY;
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

bool callbacks_register(struct feed *feed, struct hops *hops, struct counters *counters,
                        struct map_watch *map_watch)
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
        .xxfi_data = data_callback,
        .xxfi_header = header_callback,
        .xxfi_eoh = eoh_callback,
        .xxfi_eom = eom_callback,
        .xxfi_abort = abort_callback,
        .xxfi_close = close_callback,
        .xxfi_negotiate = negotiate_callback,
    };

    the_feed = feed;
    the_hops = hops;
    the_counters = counters;
    the_map_watch = map_watch;
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
