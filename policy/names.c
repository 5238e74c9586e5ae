/* SPDX-License-Identifier: ISC */
#include "policy/names.h"

#include <stdio.h>
#include <string.h>

/* Names in certificates that a mail platform shares among all its customers. */
static const char *const shared_names[] = { "outlook.com",        "mail.protection.office365.us",
                                            "google.com",         "gmail.com",
                                            "pphosted.com",       "ppe-hosted.com",
                                            "mimecast.com",       "mimecast-offshore.com",
                                            "messagelabs.com",    "iphmx.com",
                                            "mailcontrol.com",    "barracudanetworks.com",
                                            "hornetsecurity.com", "antispameurope.com",
                                            "amazonses.com",      "sendgrid.net",
                                            "mailgun.org" };

bool wanted_name_parse(struct wanted_name *wanted, struct span text, struct why *why)
{
    struct span name = text;

    wanted->wildcard = text.length >= 2 && memcmp(text.data, "*.", 2) == 0;
    if (wanted->wildcard)
        name = (struct span){ text.data + 2, text.length - 2 };
    domain_set(&wanted->domain, name);
    if (!domain_is_hostname(&wanted->domain))
        return why_fail(why, "not a host name, nor \"*.\" and one");
    return true;
}

void wanted_name_format(const struct wanted_name *wanted, char *text, size_t size)
{
    (void)snprintf(text, size, "%s%s", wanted->wildcard ? "*." : "", wanted->domain.name);
}

bool presented_name_read(struct span presented, bool *wildcard, struct domain *domain)
{
    struct span name = presented;

    *wildcard = false;
    if (span_empty(presented))
        return false;
    if (presented.length >= 2 && memcmp(presented.data, "*.", 2) == 0) {
        *wildcard = true;
        name = (struct span){ presented.data + 2, presented.length - 2 };
    }
    for (size_t i = 0; i < name.length; i++) {
        if (!ascii_alnum(name.data[i]) && strchr("-._", name.data[i]) == NULL)
            return false;
        if (name.data[i] == '\0')
            return false;
    }
    domain_set(domain, name);
    return domain->length > 0 && !domain->cut;
}

/* The name of the domain without its first label equals `rest`. */
static bool one_label_below(const struct domain *name, const struct domain *rest)
{
    const char *parent = domain_parent(name->name);

    return parent != NULL && parent != name->name + 1 && strcmp(parent, rest->name) == 0;
}

bool wanted_name_fits(const struct wanted_name *wanted, struct span presented, bool wildcards_count)
{
    struct domain domain;
    bool wildcard;

    if (!presented_name_read(presented, &wildcard, &domain))
        return false;
    if (wanted->wildcard == wildcard)
        return strcmp(wanted->domain.name, domain.name) == 0;
    if (wanted->wildcard)
        return one_label_below(&domain, &wanted->domain);
    return wildcards_count && one_label_below(&wanted->domain, &domain);
}

bool name_is_shared(const struct wanted_name *wanted)
{
    for (size_t i = 0; i < sizeof(shared_names) / sizeof(shared_names[0]); i++) {
        struct span shared = span_of(shared_names[i]);

        if (domain_is(&wanted->domain, shared) || domain_is_below(&wanted->domain, shared))
            return true;
    }
    return false;
}
