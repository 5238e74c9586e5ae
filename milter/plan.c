/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "milter/log.h"
#include "policy/conf/scalars.h"

#define LINE_SIZE 1001

/* Relative names start where we were started. NULL: no memory, or no such folder any more. */
static char *absolute(const char *name)
{
    char *folder, *path = NULL;

    if (name[0] == '/')
        return strdup(name);
    folder = getcwd(NULL, 0);
    if (folder != NULL && asprintf(&path, "%s/%s", folder, name) < 0)
        path = NULL;
    free(folder);
    return path;
}

/* A copy, since the rules go with a reload. NULL stays NULL. False: no memory. */
static bool copy(char **to, const char *text)
{
    *to = text != NULL ? strdup(text) : NULL;
    return text == NULL || *to != NULL;
}

/* What -p says, held to what milter_socket is held to. */
static bool read_socket_option(char **socket, const char *text, struct why *why)
{
    struct why reason;

    return socket_parse(span_of(text), false, socket, &reason) ||
           why_fail(why, "-p: %s ('%s')", reason.text, text);
}

/* -p may name one of the others; what the file names was compared when it was read. */
static bool is_another_socket(const struct plan *plan, const char *key, const char *socket,
                              struct why *why)
{
    return socket == NULL || strcmp(socket, plan->milter_socket) != 0 ||
           why_fail(why, "milter_socket and %s are the same ('%s')", key, plan->milter_socket);
}

static bool choose_sockets(struct plan *plan, const struct options *options, struct why *why)
{
    const struct settings *settings = &plan->rules->settings;

    if (options->socket != NULL && !read_socket_option(&plan->milter_socket, options->socket, why))
        return false;
    if ((options->socket == NULL && !copy(&plan->milter_socket, settings->milter_socket)) ||
        !copy(&plan->smtpd_policy_socket, settings->smtpd_policy_socket) ||
        !copy(&plan->tls_policy_socket, settings->tls_policy_socket) ||
        !copy(&plan->control_socket, settings->control_socket) ||
        !copy(&plan->socket_group, settings->socket_group))
        return why_fail(why, "no memory");
    if (plan->milter_socket == NULL)
        return why_fail(why, "%s names no milter_socket, and there is no -p SOCKET", plan->config);
    if (!is_another_socket(plan, "smtpd_policy_socket", plan->smtpd_policy_socket, why) ||
        !is_another_socket(plan, "tls_policy_socket", plan->tls_policy_socket, why))
        return false;
    if (plan->tls_policy_socket != NULL &&
        (plan->anchors_folder = sockets_folder(plan->tls_policy_socket)) == NULL)
        return why_fail(why, "no memory");
    plan->access = (struct socket_access){ .mode = settings->socket_mode,
                                           .owner = (uid_t)-1,
                                           .group = (gid_t)-1,
                                           .group_name = plan->socket_group };
    plan->control_access =
        (struct socket_access){ .mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1 };
    return plan->socket_group == NULL || group_find(&plan->access.group, plan->socket_group, why);
}

static bool choose_user(struct plan *plan, const struct options *options, struct why *why)
{
    const char *user = options->user != NULL ? options->user : plan->rules->settings.user;

    if (user == NULL)
        return true;
    if (!account_find(&plan->account, user, why))
        return false;
    plan->access.owner_name = plan->control_access.owner_name = plan->account.name;
    plan->drops = geteuid() == 0;
    if (plan->drops)
        plan->access.owner = plan->control_access.owner = plan->account.uid;
    return true;
}

bool plan_make(struct plan *plan, const struct options *options, struct why *why)
{
    memset(plan, 0, sizeof(*plan));
    why->text[0] = '\0';
    plan->config = absolute(options->config);
    plan->pidfile = options->pidfile != NULL ? absolute(options->pidfile) : NULL;
    if (plan->config == NULL || (plan->pidfile == NULL && options->pidfile != NULL))
        return why_fail(why, "cannot tell the folder that this was started in");
    plan->rules = conf_read(plan->config, (int64_t)time(NULL), &plan->diagnostics);
    return plan->rules != NULL && choose_sockets(plan, options, why) &&
           choose_user(plan, options, why);
}

void plan_print_diagnostics(const struct plan *plan)
{
    char line[LINE_SIZE];

    for (size_t i = 0; i < plan->diagnostics.count; i++) {
        diagnostic_format(&plan->diagnostics.items[i], line, sizeof(line));
        (void)fprintf(stderr, "%s\n", line);
    }
}

void plan_check_reload(const struct plan *plan)
{
    struct diagnostics diagnostics;
    struct rules *rules = conf_read(plan->config, (int64_t)time(NULL), &diagnostics);
    char line[LINE_SIZE];

    if (rules == NULL)
        log_printf(LOG_WARNING,
                   "a reload will fail, since the user '%s' cannot read all that root could:",
                   plan->account.name);
    for (size_t i = 0; rules == NULL && i < diagnostics.count; i++) {
        diagnostic_format(&diagnostics.items[i], line, sizeof(line));
        if (diagnostics.items[i].severity == SEVERITY_ERROR)
            log_line(LOG_WARNING, line);
    }
    diagnostics_release(&diagnostics);
    rules_free(rules);
}

void plan_log_diagnostics(const struct plan *plan)
{
    static const int priorities[] = {
        [SEVERITY_ERROR] = LOG_ERR, [SEVERITY_WARNING] = LOG_WARNING, [SEVERITY_NOTE] = LOG_NOTICE
    };
    char line[LINE_SIZE];

    for (size_t i = 0; i < plan->diagnostics.count; i++) {
        diagnostic_format(&plan->diagnostics.items[i], line, sizeof(line));
        log_line(priorities[plan->diagnostics.items[i].severity], line);
    }
}

void plan_log_warnings(struct plan *plan)
{
    plan_log_diagnostics(plan);
    diagnostics_release(&plan->diagnostics);
    if (plan->account.name[0] != '\0' && !plan->drops && geteuid() != plan->account.uid)
        log_printf(LOG_WARNING,
                   "not started as root: stays the user %ld, and does not become "
                   "'%s'",
                   (long)geteuid(), plan->account.name);
    if (geteuid() == 0 && !plan->drops)
        log_line(LOG_WARNING, "runs as root, and stays root: set user in the configuration");
}
