/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/check/sendmail_check.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/cli/check/host.h"
#include "policy/network.h"

/* ---- the checks ------------------------------------------------------------------------------ */

#define NEED(member) offsetof(struct needs, member)

static const struct {
    const char *word;
    size_t need; /* asked only where a connector needs it */
    sendmail_check_function *check;
} checks[] = {
    { "milter-not-attached", NEED(inbound), sendmail_check_attached },
    { "milter-elsewhere", NEED(inbound), sendmail_check_socket },
    { "milter-address-in-brackets", NEED(inbound), sendmail_check_brackets },
    { "milter-not-called", NEED(inbound), sendmail_check_called },
    { "milter-unknown", NEED(inbound), sendmail_check_unknown },
    { "daemon-without-milter", NEED(inbound), sendmail_check_daemons },
    { "milter-fails-open", NEED(inbound), sendmail_check_open },
    { "milter-fails-hard", NEED(inbound), sendmail_check_hard },
    { "milter-timeouts", NEED(inbound), sendmail_check_timeouts },
    { "socket-unsafe", NEED(inbound), sendmail_check_folder },
    { "socket-denied", NEED(inbound), sendmail_check_access },
    { "socket-missing", NEED(inbound), sendmail_check_running },
    { "tls-not-offered", NEED(inbound), sendmail_check_starttls },
    { "daemon-without-tls", NEED(inbound), sendmail_check_daemon_tls },
    { "certificate-not-asked", NEED(certificate), sendmail_check_asks },
    { "no-client-ca", NEED(chain), sendmail_check_cas },
    { "public-client-ca", NEED(verify), sendmail_check_public },
    { "fingerprint-digest", NEED(pins), sendmail_check_fingerprint },
    { "fallback-mx", NEED(outbound), sendmail_check_fallback_mx },
    { "fallback-smart-host", NEED(outbound), sendmail_check_fallback_smart_host },
    { "smart-host", NEED(outbound), sendmail_check_smart_host },
};

/* ---- remarks --------------------------------------------------------------------------------- */

void remark_init(struct remark *remark)
{
    remark->text[0] = '\0';
    remark->type[0] = '\0';
}

__attribute__((format(printf, 3, 0))) static void append(char *text, size_t size,
                                                         const char *format, va_list arguments)
{
    size_t used = strlen(text);

    (void)vsnprintf(text + used, size - used, format, arguments);
}

void remark_say(struct remark *remark, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    append(remark->text, sizeof(remark->text), format, arguments);
    va_end(arguments);
}

void remark_type(struct remark *remark, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    append(remark->type, sizeof(remark->type), format, arguments);
    va_end(arguments);
}

void remark_type_line(struct remark *remark, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    append(remark->type, sizeof(remark->type), format, arguments);
    va_end(arguments);
    remark_type(remark, "\n");
}

static void type_filter(struct remark *remark, const char *name, const char *socket,
                        const char *timeouts)
{
    remark_type_line(remark, "INPUT_MAIL_FILTER(`%.64s', `S=%.300s, F=T, T=%.64s')dnl", name,
                     socket != NULL ? socket : "unix:/run/forcetls/milter.sock",
                     timeouts != NULL ? timeouts : "C:30s;S:10s;R:30s;E:5m");
}

#define IN_PLACE "# sendmail.mc, in place of the line of this filter:"

void remark_type_new_filter(struct remark *remark, const char *name, const char *socket)
{
    remark_type_line(remark, IN_PLACE);
    type_filter(remark, name, socket, NULL);
}

void remark_type_filter(struct remark *remark, const struct sendmail_case *scene,
                        const struct sendmail_filter *filter)
{
    const char *ours = scene->rules->settings.milter_socket;
    char text[SENDMAIL_SOCKET_SIZE];

    if (ours != NULL)
        ours = sendmail_socket_write(text, ours);
    if (filter != NULL) {
        remark_type_line(remark, IN_PLACE);
        type_filter(remark, filter->name, ours != NULL ? ours : filter->socket, filter->timeouts);
    } else {
        remark_type_line(remark, "# sendmail.mc, in front of MAILER(...):");
        type_filter(remark, "forcetls", ours, NULL);
    }
}

void remark_add(const struct sendmail_case *scene, const struct remark *remark,
                enum severity severity, const char *word, unsigned line)
{
    char where[600];

    if (line != 0)
        (void)snprintf(where, sizeof(where), "%.500s:%u", scene->settings->file, line);
    else
        (void)snprintf(where, sizeof(where), "%.500s", scene->settings->file);
    findings_add(scene->findings, severity, word, where,
                 remark->type[0] != '\0' ? remark->type : NULL, "%s", remark->text);
}

/* ---- daemons --------------------------------------------------------------------------------- */

bool sendmail_daemon_is_public(const struct sendmail_daemon *daemon)
{
    struct ip ip;

    if (daemon->family != NULL &&
        (strcasecmp(daemon->family, "unix") == 0 || strcasecmp(daemon->family, "local") == 0))
        return false;
    if (daemon->address == NULL)
        return true;
    if (ip_parse(&ip, span_of(daemon->address)))
        return !ip_is_loopback(&ip);
    return strcasecmp(daemon->address, "localhost") != 0;
}

bool sendmail_daemon_is_submission(const struct sendmail_daemon *daemon)
{
    static const char *const ports[] = { "587", "submission", "465", "smtps", "submissions" };

    for (size_t i = 0; daemon->port != NULL && i < sizeof(ports) / sizeof(ports[0]); i++) {
        if (strcasecmp(daemon->port, ports[i]) == 0)
            return true;
    }
    return false;
}

const char *sendmail_daemon_name(const struct sendmail_daemon *daemon)
{
    return daemon->name != NULL ? daemon->name : daemon->options;
}

void remark_type_daemon(struct remark *remark, const struct sendmail_daemon *daemon,
                        const char *key, const char *value)
{
    const char *options = daemon->options, *part, *between = "";
    size_t length;

    remark_type_line(remark, "# sendmail.mc, in place of the line of this daemon:");
    remark_type(remark, "DAEMON_OPTIONS(`");
    while ((part = sendmail_next_part(&options, &length)) != NULL) {
        if (memchr(part, '=', length) == NULL || (*part | 0x20) == (*key | 0x20))
            continue;
        remark_type(remark, "%s%.*s", between, (int)length, part);
        between = ", ";
    }
    if (value != NULL)
        remark_type(remark, "%s%s=%s", between, key, value);
    remark_type_line(remark, "')dnl");
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool mentions_us(const char *text)
{
    return text != NULL && strcasestr(text, "forcetls") != NULL;
}

/* The filter with our socket, else one that looks as if it was meant. */
static void find_ours(struct sendmail_case *scene)
{
    const char *socket = scene->rules->settings.milter_socket;
    const struct sendmail_settings *settings = scene->settings;

    for (size_t i = 0; i < settings->filter_count; i++) {
        const struct sendmail_filter *filter = &settings->filters[i];
        bool meets =
            socket != NULL && filter->socket != NULL && sendmail_socket_is(filter->socket, socket);

        if (meets ||
            (scene->ours == NULL && (mentions_us(filter->name) || mentions_us(filter->socket)))) {
            scene->ours = filter;
            scene->meets = meets || socket == NULL;
        }
        if (meets)
            return;
    }
}

/* submit.cf is the MSP's, who takes no mail from anybody else. */
static bool is_submit_cf(const struct sendmail_settings *settings)
{
    const char *msp = sendmail_option_value(settings, "UseMSP");

    return msp != NULL && strchr("tTyY", *msp) != NULL;
}

static void run_checks(const struct sendmail_case *scene)
{
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        const struct connector *needed;

        memcpy(&needed, (const char *)&scene->needs + checks[i].need, sizeof(needed));
        if (needed != NULL)
            checks[i].check(scene, checks[i].word);
    }
}

bool sendmail_check(const struct rules *rules, const char *file, struct findings *findings,
                    struct why *why)
{
    const char *name = file != NULL ? file : "/etc/mail/sendmail.cf";
    struct sendmail_settings *settings = sendmail_settings_read(name, why);
    struct sendmail_case scene = { .rules = rules, .settings = settings, .findings = findings };
    bool daemon;

    if (settings == NULL)
        return false;
    daemon = !is_submit_cf(settings);
    if (daemon) {
        needs_of(rules, &scene.needs);
        find_ours(&scene);
        run_checks(&scene);
    } else {
        (void)why_fail(why, "this is the submission program's file (UseMSP): name the daemon's, "
                            "sendmail.cf");
    }
    sendmail_settings_free(settings);
    return daemon;
}
