/* SPDX-License-Identifier: ISC */
/*
 * forcetls status: what the running daemon says of itself.
 *
 * Asks it over its control socket, whose name is in the configuration unless it is given.
 *
 * Exit status:
 *   0  it answered
 *   2  wrong usage; the configuration cannot be read, has errors, or names no control_socket
 *   3  it did not answer, or not all of the answer could be printed
 */
#include "config.h"

#include "policy/cli/status/status.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy/cli/configuration.h"
#include "policy/cli/json_out.h"
#include "policy/cli/subcommand.h"
#include "policy/span.h"

#define PATH_SIZE 256

struct status_options {
    const char *config;
    const char *socket;
    bool json;
};

#define AT(member) offsetof(struct status_options, member)

static const struct option_row rows[] = {
    { 'c', "config", OPTION_TEXT, AT(config), "FILE", "instead of " FORCETLS_CONF },
    { 0, "socket", OPTION_TEXT, AT(socket), "PATH", "the control socket, without asking FILE" },
    { 0, "json", OPTION_FLAG, AT(json), NULL, "print a JSON document" },
};

static const char *const details[] = {
    "Needs control_socket in the configuration; answers root and the daemon's user.",
    "Exit status: 0 it answers, 2 wrong usage or unreadable, 3 it does not answer.",
    NULL,
};

/* "unix:PATH" or PATH. */
static bool copy_path(const char *name, char path[PATH_SIZE], struct why *why)
{
    if (span_starts_with(span_of(name), "unix:"))
        name += strlen("unix:");
    if (snprintf(path, PATH_SIZE, "%s", name) < PATH_SIZE)
        return true;
    return why_fail(why, "too long a name of a socket ('%.200s')", name);
}

static bool find_socket(const struct status_options *options, char path[PATH_SIZE], struct why *why)
{
    const char *file = options->config != NULL ? options->config : FORCETLS_CONF;
    struct rules *rules;
    bool found;

    if (options->socket != NULL)
        return copy_path(options->socket, path, why);
    rules = configuration_read(file, (int64_t)time(NULL), why);
    if (rules == NULL)
        return false;
    if (rules->settings.control_socket != NULL)
        found = copy_path(rules->settings.control_socket, path, why);
    else
        found = why_fail(why,
                         "no control_socket in the file ('%.200s'): add control_socket = "
                         "\"unix:/run/forcetls/control.sock\"; and restart the daemon",
                         file);
    rules_free(rules);
    return found;
}

/* Takes it over. */
static bool print(json_t *status, bool json)
{
    struct page page;

    if (json)
        return json_print(status);
    page_init(&page, stdout);
    status_print(&page, status);
    json_decref(status);
    return page_finish(&page);
}

static enum status run(const void *data, char *const files[])
{
    const struct status_options *options = data;
    char path[PATH_SIZE];
    json_t *status;
    struct why why;

    (void)files;
    if (!find_socket(options, path, &why)) {
        cli_error("%s", why.text);
        return STATUS_USAGE;
    }
    status = status_ask(path, &why);
    if (status == NULL) {
        cli_error("%s", why.text);
        return STATUS_UNKNOWN;
    }
    return print(status, options->json) ? STATUS_GOOD : STATUS_UNKNOWN;
}

const struct subcommand status_subcommand = {
    .word = "status",
    .summary = "say what the running daemon does",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
    .size = sizeof(struct status_options),
    .details = details,
    .run = run,
};
