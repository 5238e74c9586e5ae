/* SPDX-License-Identifier: ISC */
/*
 * Checks: is forcetls called for all mail, and what happens while it does not answer.
 *
 * Facts: Installation and Operation Guide, "X - Mail Filter (Milter) Definitions", InputMailFilters
 * and DaemonPortOptions. Measured with Sendmail 8.17.1.9: names of filters count in any case; a
 * list of DaemonPortOptions has ";" between its names, and what stands behind a "," is passed over;
 * an empty list calls nobody; an address in brackets is never connected to; F=T counts before F=R,
 * and F=4 closes the connection (421).
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/cli/check/sendmail_check.h"
#include "policy/span.h"

#define LIST_SIZE 1000

/* ---- lists of filters ------------------------------------------------------------------------ */

static bool lists(const char *list, const struct sendmail_filter *filter)
{
    const char *name;
    size_t length;

    while (list != NULL && (name = sendmail_next_filter(&list, &length)) != NULL) {
        if (strlen(filter->name) == length && strncasecmp(filter->name, name, length) == 0)
            return true;
    }
    return false;
}

static void add_name(char list[LIST_SIZE], const char *name, size_t length, const char *between)
{
    size_t used = strlen(list);

    (void)snprintf(list + used, LIST_SIZE - used, "%s%.*s", used != 0 ? between : "", (int)length,
                   name);
}

/* The names of a daemon's list, those that stand behind a comma and were meant for it, and ours. */
static void write_list(char list[LIST_SIZE], const struct sendmail_case *scene,
                       const struct sendmail_daemon *daemon)
{
    const char *options = daemon->options, *names = daemon->filters, *name;
    size_t length;

    list[0] = '\0';
    while ((name = sendmail_next_filter(&names, &length)) != NULL)
        add_name(list, name, length, ";");
    while ((name = sendmail_next_part(&options, &length)) != NULL) {
        const struct sendmail_filter *filter = sendmail_filter(scene->settings, name, length);

        if (filter != NULL && filter != scene->ours)
            add_name(list, name, length, ";");
    }
    add_name(list, scene->ours->name, strlen(scene->ours->name), ";");
}

/* ---- attached -------------------------------------------------------------------------------- */

void sendmail_check_attached(const struct sendmail_case *scene, const char *word)
{
    struct remark remark;

    if (scene->ours != NULL)
        return;
    remark_init(&remark);
    remark_say(&remark, "no mail filter (X line) is forcetls: all mail passes unchecked");
    remark_type_filter(&remark, scene, NULL);
    remark_add(scene, &remark, SEVERITY_WARNING, word, 0);
}

void sendmail_check_socket(const struct sendmail_case *scene, const char *word)
{
    const struct sendmail_filter *ours = scene->ours;
    struct remark remark;

    if (ours == NULL || scene->meets)
        return;
    remark_init(&remark);
    remark_say(&remark,
               "filter '%.60s' is looked for at '%.160s', while forcetls-milter listens on "
               "'%.160s' (milter_socket)",
               ours->name, ours->socket != NULL ? ours->socket : "",
               scene->rules->settings.milter_socket);
    remark_type_filter(&remark, scene, ours);
    remark_add(scene, &remark, SEVERITY_WARNING, word, ours->line);
}

void sendmail_check_brackets(const struct sendmail_case *scene, const char *word)
{
    const struct sendmail_filter *ours = scene->ours;
    struct remark remark;

    if (ours == NULL || !scene->meets || ours->socket == NULL ||
        strncasecmp(ours->socket, "inet", 4) != 0 || strstr(ours->socket, "@[") == NULL)
        return;
    remark_init(&remark);
    remark_say(&remark, "Sendmail never reaches a filter whose address is in brackets ('%.160s')",
               ours->socket);
    remark_type_filter(&remark, scene, ours);
    remark_add(scene, &remark, SEVERITY_WARNING, word, ours->line);
}

/* Whether a daemon that should call it does not, since the list for all of them does not name it;
 * one with a list of its own is check_daemon()'s. */
static bool is_missed(const struct sendmail_case *scene)
{
    bool missed = false, called = false;

    for (size_t i = 0; i < scene->settings->daemon_count; i++) {
        const struct sendmail_daemon *daemon = &scene->settings->daemons[i];

        missed |= daemon->filters == NULL && sendmail_daemon_is_public(daemon);
        called |= lists(daemon->filters, scene->ours);
    }
    return missed || !called;
}

void sendmail_check_called(const struct sendmail_case *scene, const char *word)
{
    const struct sendmail_option *option = sendmail_option(scene->settings, "InputMailFilters");
    const char *list = sendmail_option_value(scene->settings, "InputMailFilters");
    struct remark remark;

    if (scene->ours == NULL || lists(list, scene->ours) || !is_missed(scene))
        return;
    remark_init(&remark);
    remark_say(&remark, "filter '%.60s' is defined and never called: InputMailFilters ",
               scene->ours->name);
    remark_say(&remark, list != NULL ? "is '%.160s'" : "is not set", list);
    remark_type_line(&remark, "# sendmail.mc, behind every INPUT_MAIL_FILTER and MAIL_FILTER:");
    remark_type_line(&remark, "define(`confINPUT_MAIL_FILTERS', `%.64s%s%.500s')dnl",
                     scene->ours->name, list != NULL ? ", " : "", list != NULL ? list : "");
    remark_add(scene, &remark, SEVERITY_WARNING, word, option != NULL ? option->line : 0);
}

/* A name without an X line: "InputFilter NAME not defined", and Sendmail does not start. */
static void check_names(const struct sendmail_case *scene, const char *word, const char *list,
                        unsigned where)
{
    const char *name;
    size_t length;

    while (list != NULL && (name = sendmail_next_filter(&list, &length)) != NULL) {
        struct remark remark;

        if (sendmail_filter(scene->settings, name, length) != NULL)
            continue;
        remark_init(&remark);
        remark_say(&remark,
                   "Sendmail does not start: InputMailFilters names '%.*s', and no filter (X "
                   "line) is called so; nor may a blank stand behind a name",
                   length < 60 ? (int)length : 60, name);
        remark_type_line(&remark, "# sendmail.mc: take it off the list, or define it:");
        remark_type_line(&remark, "# MAIL_FILTER(`%.*s', `S=..., F=T')dnl",
                         length < 60 ? (int)length : 60, name);
        remark_add(scene, &remark, SEVERITY_WARNING, word, where);
    }
}

void sendmail_check_unknown(const struct sendmail_case *scene, const char *word)
{
    const struct sendmail_settings *settings = scene->settings;
    const struct sendmail_option *option = sendmail_option(settings, "InputMailFilters");

    if (option != NULL)
        check_names(scene, word, option->value, option->line);
    for (size_t i = 0; i < settings->daemon_count; i++)
        check_names(scene, word, settings->daemons[i].filters, settings->daemons[i].line);
}

/* ---- every daemon ---------------------------------------------------------------------------- */

static void check_daemon(const struct sendmail_case *scene, const char *word,
                         const struct sendmail_daemon *daemon)
{
    /* Only users who log in (M=a): no partner's server. Without it a submission daemon takes mail
     * for our users from everybody. */
    bool users_only = sendmail_daemon_is_submission(daemon) && daemon->modifiers != NULL &&
                      strchr(daemon->modifiers, 'a') != NULL;
    char list[LIST_SIZE];
    struct remark remark;

    if (daemon->filters == NULL || !sendmail_daemon_is_public(daemon) ||
        lists(daemon->filters, scene->ours))
        return;
    remark_init(&remark);
    remark_say(&remark, "daemon '%.60s' ", sendmail_daemon_name(daemon));
    if (*daemon->filters != '\0')
        remark_say(&remark, "calls only the filters of its own list ('%.160s'): ", daemon->filters);
    else
        remark_say(&remark, "calls no filter, since its own InputMailFilters is empty: ");
    remark_say(&remark, users_only ? "what our users send there is not checked"
                                   : "mail that comes in there is not checked");
    write_list(list, scene, daemon);
    remark_type_daemon(&remark, daemon, "InputMailFilters", list);
    remark_add(scene, &remark, users_only ? SEVERITY_NOTE : SEVERITY_WARNING, word, daemon->line);
}

void sendmail_check_daemons(const struct sendmail_case *scene, const char *word)
{
    for (size_t i = 0; scene->ours != NULL && i < scene->settings->daemon_count; i++)
        check_daemon(scene, word, &scene->settings->daemons[i]);
}

/* ---- when it does not answer ----------------------------------------------------------------- */

static bool has_flag(const struct sendmail_filter *filter, const char *flags)
{
    return filter->flags != NULL && strpbrk(filter->flags, flags) != NULL;
}

void sendmail_check_open(const struct sendmail_case *scene, const char *word)
{
    struct remark remark;

    if (scene->ours == NULL || has_flag(scene->ours, "T4R"))
        return;
    remark_init(&remark);
    remark_say(&remark,
               "filter '%.60s' has no F=T: while forcetls-milter does not answer, all mail passes "
               "unchecked",
               scene->ours->name);
    remark_type_filter(&remark, scene, scene->ours);
    remark_add(scene, &remark, SEVERITY_WARNING, word, scene->ours->line);
}

void sendmail_check_hard(const struct sendmail_case *scene, const char *word)
{
    struct remark remark;

    if (scene->ours == NULL || !has_flag(scene->ours, "R") || has_flag(scene->ours, "T4"))
        return;
    remark_init(&remark);
    remark_say(&remark,
               "filter '%.60s' has F=R: while forcetls-milter does not answer, everybody's mail is "
               "refused for good (554, 550) and bounces",
               scene->ours->name);
    remark_type_filter(&remark, scene, scene->ours);
    remark_add(scene, &remark, SEVERITY_WARNING, word, scene->ours->line);
}

/* ---- how long it is waited for --------------------------------------------------------------- */

/* Seconds of "30s", "5m", "1h30m", "10"; what is no time counts as 0. */
static long seconds_of(const char *text)
{
    static const struct {
        char unit;
        long seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
    long sum = 0;

    while (ascii_digit(*text)) {
        long number = 0, factor = 1;

        for (; ascii_digit(*text); text++)
            number = number < 100000 ? number * 10 + (*text - '0') : number;
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            if (ascii_lower(*text) == units[i].unit)
                factor = units[i].seconds;
        }
        text += *text != '\0' ? 1 : 0;
        sum = sum < 10000000 ? sum + number * factor : sum;
    }
    return sum;
}

/* A time of T=, or its default. */
static long timeout_of(const char *timeouts, char letter, long otherwise)
{
    while (timeouts != NULL && *timeouts != '\0') {
        timeouts += strspn(timeouts, "; \t");
        if (*timeouts == letter) {
            timeouts += strcspn(timeouts, ":;");
            timeouts += *timeouts == ':' ? 1 : 0;
            otherwise = seconds_of(timeouts + strspn(timeouts, " \t"));
        }
        timeouts += strcspn(timeouts, ";");
    }
    return otherwise;
}

void sendmail_check_timeouts(const struct sendmail_case *scene, const char *word)
{
    const char *timeouts = scene->ours != NULL ? scene->ours->timeouts : NULL;
    struct sendmail_filter patient;
    struct remark remark;

    if (scene->ours == NULL ||
        (timeout_of(timeouts, 'C', 300) <= 60 && timeout_of(timeouts, 'S', 10) <= 60 &&
         timeout_of(timeouts, 'R', 10) <= 60))
        return;
    patient = *scene->ours;
    patient.timeouts = NULL;
    remark_init(&remark);
    remark_say(&remark,
               "filter '%.60s' has %s: a forcetls-milter that hangs holds every connection for "
               "that long (T=%.80s)",
               scene->ours->name, timeouts != NULL ? "long times" : "no T=, but its long defaults",
               timeouts != NULL ? timeouts : "C:5m;S:10s;R:10s;E:5m");
    remark_type_filter(&remark, scene, &patient);
    remark_add(scene, &remark, SEVERITY_NOTE, word, scene->ours->line);
}
