/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/outbound_hops.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MOST 300

static void get_knowledge(void *data, const struct next_hop *hop, struct hop_knowledge *knowledge)
{
    probe_know(data, hop, knowledge);
}

/* Adds one to the list, as Postfix writes it. */
static void add_to_way(struct outbound_hops *hops, const char *hop)
{
    size_t length = strlen(hops->next_hop);

    (void)snprintf(hops->next_hop + length, sizeof(hops->next_hop) - length, "%s%s",
                   length > 0 ? ", " : "", hop);
}

/* The hops that the connector lets the mail go to. */
static void assume_allowed(struct outbound_hops *hops, const struct connector *connector)
{
    const struct address *recipient = hops->facts.recipient_address;
    char text[NEXT_HOP_TEXT_SIZE];
    struct next_hop hop;

    for (size_t i = 0; connector != NULL && i < connector->next_hops.count && i < NEXT_HOPS_MOST;
         i++)
        add_to_way(hops, connector->next_hops.strings[i]);
    if ((connector != NULL && connector->next_hops.count > 0) || recipient->count == 0)
        return;
    if (!next_hop_read(&hop,
                       (struct span){ recipient->domains[0].name, recipient->domains[0].length }))
        return;
    next_hop_format(&hop, text);
    add_to_way(hops, text);
}

static void assume_way(struct outbound_hops *hops, const struct connector *connector,
                       struct notes *notes)
{
    struct line *line;

    if (span_known(hops->facts.mailer) || span_known(hops->facts.next_hop))
        return;
    for (size_t i = 0; i < hops->probe.hop_count && i < NEXT_HOPS_MOST; i++)
        add_to_way(hops, hops->probe.hops[i]->text);
    if (hops->probe.hop_count == 0)
        assume_allowed(hops, connector);
    hops->facts.mailer = span_of("smtp");
    hops->facts.next_hop = span_of(hops->next_hop);
    line = notes_next(notes);
    line_add(line, "the next hop was not told (macros {rcpt_mailer}, {rcpt_host}): it is taken to "
                   "be ");
    line_add_quoted(line, hops->facts.next_hop, TEXT_MOST);
}

/* Looks at each hop of the way. What cannot be looked at is not known. */
static bool look(struct outbound_hops *hops, struct why *why)
{
    struct next_hops way;
    struct why reason;

    next_hops_read(&way, hops->facts.mta, hops->facts.mailer, hops->facts.next_hop,
                   &hops->probe.rules->settings.local_transports);
    for (size_t i = 0; way.way == WAY_HOPS && i < way.count; i++) {
        char text[NEXT_HOP_TEXT_SIZE];

        next_hop_format(&way.hops[i], text);
        if (!probe_add(&hops->probe, text, false, why))
            return false;
    }
    if (hops->probe.hop_count > 0 &&
        !probe_ask(&hops->probe, &hops->probe.rules->settings, isatty(STDERR_FILENO), &reason))
        cli_error("%s", reason.text);
    return true;
}

bool outbound_hops_know(struct outbound_hops *hops, const struct rules *rules,
                        const struct facts *facts, const struct connector *connector,
                        const char *file, struct notes *notes, struct why *why)
{
    memset(hops, 0, sizeof(*hops));
    hops->probe.rules = rules;
    hops->probe.now = facts->now;
    hops->facts = *facts;
    hops->source = (struct hop_source){ get_knowledge, &hops->probe };
    if (file != NULL && !probe_read_facts(&hops->probe, file, why))
        return false;
    assume_way(hops, connector, notes);
    return file != NULL || look(hops, why);
}

void outbound_hops_release(struct outbound_hops *hops)
{
    probe_release(&hops->probe);
}
