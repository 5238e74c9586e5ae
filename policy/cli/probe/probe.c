/* SPDX-License-Identifier: ISC */
/*
 * forcetls probe: looks at a partner's mail servers now, and says what the connectors make of it.
 *
 * Runs forcetls-prober, as the daemon does; nothing of the daemon is asked or changed.
 *
 * Exit status:
 *   0  all that was looked at meets the demands
 *   1  some demand was seen not to be met (in monitor mode, too)
 *   2  wrong usage; the configuration has errors or cannot be read; memory ran out before anything
 *      was looked at
 *   3  no demand was seen not to be met, and of some it cannot be told: a host cannot be reached,
 *      the DNS does not answer, forcetls-prober cannot be run; or not all could be printed
 */
#include "config.h"

#include "policy/cli/probe/probe.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/cli/configuration.h"
#include "policy/conf/scalars.h"

#define TIMEOUT_MOST 3600

struct probe_options {
    const char *config;
    bool all;
    const char *timeout;
    bool private;
    bool json;
};

#define AT(member) offsetof(struct probe_options, member)

static const struct option_row rows[] = {
    { 'c', "config", OPTION_TEXT, AT(config), "FILE", "instead of " FORCETLS_CONF },
    { 'a', "all", OPTION_FLAG, AT(all), NULL, "every outbound connector, a line each" },
    { 't', "timeout", OPTION_TEXT, AT(timeout), "TIME",
      "for one address, instead of the file's (30s)" },
    { 0, "private", OPTION_FLAG, AT(private), NULL, "private and loopback addresses too" },
    { 0, "json", OPTION_FLAG, AT(json), NULL, "print a JSON document" },
};

static const char *const details[] = {
    "NAME is an outbound connector (its next_hops, else its single domains) or a next",
    "hop as in Postfix: contoso.com, [mail.example]:587, smtps://mail.example:465.",
    "",
    "Exit status: 0 all demands are met, 1 some are not, 2 wrong usage or unreadable,",
    "3 it cannot be told (unreachable, DNS failure).",
    NULL,
};

/* Without a file that was asked for, and without one in its place, there are no connectors. */
static struct rules *read_rules(struct probe *probe, const char *config, struct why *why)
{
    probe->file = config != NULL ? config : FORCETLS_CONF;
    if (config == NULL && access(FORCETLS_CONF, F_OK) != 0) {
        struct rules *rules = rules_new();

        probe->file = NULL;
        if (rules == NULL)
            (void)why_fail(why, "out of memory");
        return rules;
    }
    return configuration_read(probe->file, probe->now, why);
}

static bool read_timeout(struct settings *settings, const char *text, struct why *why)
{
    struct why reason;
    long seconds;

    if (text == NULL)
        return true;
    if (!duration_parse(span_of(text), &seconds, &reason))
        return why_fail(why, "--timeout: %s ('%.100s')", reason.text, text);
    if (seconds < 1 || seconds > TIMEOUT_MOST)
        return why_fail(why, "--timeout must be from 1s to 1h ('%.100s')", text);
    settings->probe.timeout = (int)seconds;
    return true;
}

static bool add_targets(struct probe *probe, const struct probe_options *options,
                        char *const words[], struct why *why)
{
    if (options->all && words[0] != NULL)
        return why_fail(why, "--all goes without names ('%.200s')", words[0]);
    if (options->all)
        return probe_add_all(probe, options->private, why);
    if (words[0] == NULL)
        return why_fail(why, "what is to be looked at? A connector, a next hop, or --all");
    for (size_t i = 0; words[i] != NULL; i++) {
        if (!probe_add(probe, words[i], options->private, why))
            return false;
    }
    return true;
}

static bool prepare(struct probe *probe, struct rules **rules, const struct probe_options *options,
                    char *const words[], struct why *why)
{
    *rules = read_rules(probe, options->config, why);
    probe->rules = *rules;
    return *rules != NULL && read_timeout(&(*rules)->settings, options->timeout, why) &&
           add_targets(probe, options, words, why);
}

/* What was not answered is unknown. */
static enum status look(struct probe *probe, bool json)
{
    enum status status;
    struct why why;
    bool printed;

    if (probe->hop_count > 0 &&
        !probe_ask(probe, &probe->rules->settings, isatty(STDERR_FILENO), &why))
        cli_error("%s", why.text);
    probe->now = (int64_t)time(NULL);
    status = probe_status(probe);
    printed = json ? probe_print_json(probe, status) : probe_print_text(probe, status);
    return printed ? status : STATUS_UNKNOWN;
}

static enum status run(const void *data, char *const words[])
{
    const struct probe_options *options = data;
    struct probe probe = { .now = (int64_t)time(NULL),
                           .keeps_result = !options->all || options->json };
    struct rules *rules = NULL;
    enum status status = STATUS_USAGE;
    struct why why;

    if (prepare(&probe, &rules, options, words, &why))
        status = look(&probe, options->json);
    else
        cli_error("%s", why.text);
    probe_release(&probe);
    rules_free(rules);
    return status;
}

const struct subcommand probe_subcommand = {
    .word = "probe",
    .summary = "look at a partner's mail servers now, and judge them",
    .arguments = "NAME ...",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
    .size = sizeof(struct probe_options),
    .details = details,
    .run = run,
};
