/* SPDX-License-Identifier: ISC */
/*
 * A recipient of the connector's, whose mail goes to the hop, as Postfix would tell of it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/probe/probe.h"

static void get_knowledge(void *data, const struct next_hop *hop, struct hop_knowledge *knowledge)
{
    probe_know(data, hop, knowledge);
    knowledge->fresh = true;
}

/* A name below an entry; there may be a closer entry for some. */
static void name_below(const struct probe *probe, const char *name, char text[DOMAIN_MAX + 1])
{
    for (char label = 'a'; label <= 'z'; label++) {
        struct domain_walk walk;
        struct domain domain;

        (void)snprintf(text, DOMAIN_MAX + 1, "%c.%s", label, name);
        domain_set(&domain, span_of(text));
        domain_walk_start(&walk, connectors_table(probe->rules->connectors, DIRECTION_OUTBOUND),
                          &domain);
        if (!domain_walk_next(&walk) || strcmp(walk.name, domain.name) != 0)
            return;
    }
}

/* A domain that leads to the connector: the hop itself where it is one. */
static void choose_domain(const struct probe *probe, const struct probe_case *one,
                          char text[DOMAIN_MAX + 1])
{
    const struct probe_entry *entry = &probe->entries[one->index];
    struct next_hop hop;

    text[0] = '\0';
    if (one->connector->next_hops.count == 0 && next_hop_read(&hop, span_of(one->hop->text)) &&
        hop.kind == NEXT_HOP_DOMAIN)
        (void)snprintf(text, DOMAIN_MAX + 1, "%s", hop.name.name);
    else if (entry->name != NULL && entry->kind == PATTERN_BELOW)
        name_below(probe, entry->name, text);
    else if (entry->name != NULL && entry->kind != PATTERN_ANY)
        (void)snprintf(text, DOMAIN_MAX + 1, "%s", entry->name);
    else
        (void)snprintf(text, DOMAIN_MAX + 1, "somebody.invalid");
}

/* Mail that the connector is for comes from one of its local_domains. */
static void take_local_domain(void *data, enum pattern_kind kind, const char *name, uint32_t value)
{
    char text[DOMAIN_MAX + 16];
    struct address *sender = data;

    (void)value;
    if (sender->count > 0 || kind == PATTERN_ANY)
        return;
    (void)snprintf(text, sizeof(text), "<a@%s%s>", kind == PATTERN_BELOW ? "a." : "", name);
    (void)address_parse(sender, span_of(text));
}

/* False: memory ran out. */
static bool make_facts(struct probe_verdict *verdict, const struct probe *probe,
                       const struct probe_case *one)
{
    struct facts *facts = &verdict->facts;
    char domain[DOMAIN_MAX + 1];

    facts_init(facts);
    facts->mta = MTA_POSTFIX;
    facts->now = probe->now;
    facts->mailer = span_of("smtp");
    facts->next_hop = span_of(one->hop->text);
    if (one->connector->local_domains != NULL)
        domain_table_each(one->connector->local_domains, take_local_domain, &verdict->sender);
    facts->sender_address = &verdict->sender;
    choose_domain(probe, one, domain);
    (void)snprintf(verdict->recipient_text, sizeof(verdict->recipient_text), "<postmaster@%s>",
                   domain);
    facts->recipient = span_of(verdict->recipient_text);
    facts->recipient_address = &verdict->recipient;
    return address_parse(&verdict->recipient, facts->recipient);
}

struct probe_verdict *probe_judge(const struct probe *probe, const struct probe_case *one)
{
    struct probe_verdict *verdict = calloc(1, sizeof(*verdict));
    const struct hop_source source = { get_knowledge, (void *)(uintptr_t)probe };

    if (verdict == NULL)
        return NULL;
    address_init(&verdict->sender);
    address_init(&verdict->recipient);
    if (!make_facts(verdict, probe, one)) {
        probe_verdict_free(verdict);
        return NULL;
    }
    outbound_judge(&verdict->outbound, probe->rules, &verdict->facts, &source, span_of(""));
    outbound_sentence(&verdict->outbound, probe->rules, &verdict->facts, verdict->sentence);
    return verdict;
}

void probe_verdict_free(struct probe_verdict *verdict)
{
    if (verdict == NULL)
        return;
    address_release(&verdict->sender);
    address_release(&verdict->recipient);
    free(verdict);
}

/* ---- exit statuses --------------------------------------------------------------------------- */

/* A hop that no connector is for: whether it could be looked at. */
static bool was_seen(const struct hop_facts *facts)
{
    for (size_t i = 0; facts != NULL && i < facts->host_count; i++) {
        const struct hop_host *host = &facts->hosts[i];

        for (size_t n = 0; n < host->address_count; n++) {
            if (host->addresses[n].state >= HOP_NO_STARTTLS)
                return true;
        }
    }
    return false;
}

enum status probe_case_status(const struct probe *probe, const struct probe_case *one)
{
    struct probe_verdict *verdict;
    enum status status;

    if (one->hop == NULL)
        return STATUS_GOOD;
    verdict = probe_judge(probe, one);
    status = verdict != NULL ? outbound_status(&verdict->outbound) : STATUS_UNKNOWN;
    probe_verdict_free(verdict);
    return status;
}

enum status probe_status(const struct probe *probe)
{
    enum status status = STATUS_GOOD;

    for (size_t i = 0; i < probe->case_count; i++) {
        enum status one = probe_case_status(probe, &probe->cases[i]);

        if (one == STATUS_NO || status == STATUS_GOOD)
            status = one;
        if (status == STATUS_NO)
            return status;
    }
    for (size_t i = 0; i < probe->hop_count; i++) {
        if (!probe->hops[i]->has_case && !was_seen(probe->hops[i]->facts))
            status = STATUS_UNKNOWN;
    }
    return status;
}
