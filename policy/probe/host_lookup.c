/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/host_lookup.h"

static void on_answer(void *context, struct dns_answer *answer)
{
    struct host_question *question = context;
    struct host_lookup *lookup = question->lookup;

    question->query = NULL;
    question->answer = *answer;
    *answer = (struct dns_answer){ .state = answer->state };
    if (!host_lookup_runs(lookup))
        lookup->done(lookup->context);
}

static void ask(struct host_lookup *lookup, struct host_question *question, struct dns *dns,
                const struct domain *name, enum dns_type type)
{
    question->lookup = lookup;
    if (dns != NULL)
        question->query = dns_lookup(dns, name, type, on_answer, question);
    else
        question->answer.state = LOOKUP_SERVFAIL;
}

bool host_lookup_start(struct host_lookup *lookup, struct dns *dns, const struct domain *name,
                       void (*done)(void *context), void *context)
{
    *lookup = (struct host_lookup){ .done = done, .context = context };
    ask(lookup, &lookup->a, dns, name, DNS_A);
    ask(lookup, &lookup->aaaa, dns, name, DNS_AAAA);
    return dns != NULL;
}

bool host_lookup_runs(const struct host_lookup *lookup)
{
    return lookup->a.query != NULL || lookup->aaaa.query != NULL;
}

static void cancel(struct host_question *question)
{
    if (question->query == NULL)
        return;
    dns_cancel(question->query);
    question->query = NULL;
    question->answer.state = LOOKUP_TIMEOUT;
}

void host_lookup_cancel(struct host_lookup *lookup)
{
    cancel(&lookup->a);
    cancel(&lookup->aaaa);
}

void host_lookup_release(struct host_lookup *lookup)
{
    host_lookup_cancel(lookup);
    dns_answer_release(&lookup->a.answer);
    dns_answer_release(&lookup->aaaa.answer);
}
