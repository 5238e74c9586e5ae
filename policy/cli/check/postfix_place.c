/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/check/postfix_place.h"

#include <string.h>

#include "policy/cli/check/postfix_list.h"
#include "policy/network.h"

/* Names and numbers under which our own users hand in their mail (RFC 8314, and habits). */
static const char *const submission_ports[] = {
    "submission", "submissions", "smtps", "ssmtp", "urd", "587", "465", NULL,
};

/* HOST and PORT of the name of an inet service; without a host that is empty. */
static void split_name(const char *name, struct span *host, struct span *port)
{
    const char *colon = strrchr(name, ':');

    *port = span_of(colon != NULL ? colon + 1 : name);
    *host = (struct span){ name, colon != NULL ? (size_t)(colon - name) : 0 };
    if (host->length > 2 && host->data[0] == '[') {
        host->data++;
        host->length -= 2;
    }
}

static bool is_command(const struct postfix_service *service, const char *command)
{
    return strcmp(service->command, command) == 0;
}

static bool host_is_loopback(struct span host)
{
    static const char *const names[] = { "loopback-only", "localhost", "ip6-localhost",
                                         "ip6-loopback" };
    struct ip ip;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (span_equal_nocase(host, span_of(names[i])))
            return true;
    }
    if (host.length > 2 && host.data[0] == '[') {
        host.data++;
        host.length -= 2;
    }
    return ip_parse(&ip, host) && ip_is_loopback(&ip);
}

/* inet_interfaces */
static bool listens_on_loopback(const struct postfix_settings *settings,
                                const struct postfix_service *service)
{
    const char *rest = postfix_value(settings, service, "inet_interfaces");
    struct span host;
    bool any = false;

    while (rest != NULL && list_next(&rest, &host)) {
        if (!host_is_loopback(host))
            return false;
        any = true;
    }
    return any;
}

/* A proxy on this host brings mail from other ones. */
static bool behind_proxy(const struct postfix_settings *settings,
                         const struct postfix_service *service)
{
    return postfix_is_set(settings, service, "smtpd_upstream_proxy_protocol") ||
           (postfix_overrides(service, "smtpd_authorized_xclient_hosts") &&
            postfix_is_set(settings, service, "smtpd_authorized_xclient_hosts"));
}

bool service_is_local(const struct postfix_settings *settings,
                      const struct postfix_service *service)
{
    struct span host, port;

    if (behind_proxy(settings, service))
        return false;
    if (strcmp(service->type, "inet") != 0)
        return strcmp(service->type, "unix") == 0;
    split_name(service->name, &host, &port);
    return host.length > 0 ? host_is_loopback(host) : listens_on_loopback(settings, service);
}

bool service_is_submission(const struct postfix_service *service)
{
    struct span host, port;

    split_name(service->name, &host, &port);
    for (size_t i = 0; submission_ports[i] != NULL; i++) {
        if (span_equal_nocase(port, span_of(submission_ports[i])))
            return true;
    }
    return false;
}

bool kind_remote(const struct postfix_settings *settings, const struct postfix_service *service)
{
    return is_command(service, "smtpd") && !service_is_local(settings, service);
}

bool kind_partners(const struct postfix_settings *settings, const struct postfix_service *service)
{
    return kind_remote(settings, service) && !service_is_submission(service);
}

bool kind_starttls(const struct postfix_settings *settings, const struct postfix_service *service)
{
    return kind_remote(settings, service) &&
           !postfix_is(settings, service, "smtpd_tls_wrappermode", "yes");
}

bool kind_smtp(const struct postfix_settings *settings, const struct postfix_service *service)
{
    (void)settings;
    return is_command(service, "smtp");
}

bool kind_lmtp(const struct postfix_settings *settings, const struct postfix_service *service)
{
    (void)settings;
    return is_command(service, "lmtp");
}

bool kind_postscreen(const struct postfix_settings *settings, const struct postfix_service *service)
{
    (void)settings;
    return is_command(service, "postscreen");
}

bool kind_qmqpd(const struct postfix_settings *settings, const struct postfix_service *service)
{
    return is_command(service, "qmqpd") && !service_is_local(settings, service);
}

const struct postfix_service *place_of(const struct postfix_service *service, const char *name)
{
    return service != NULL && postfix_overrides(service, name) ? service : NULL;
}

void place_walk_start(struct place_walk *walk, const struct postfix_settings *settings,
                      service_kind *kind, const char *name)
{
    place_walk_start_all(walk, settings, kind, name, NULL);
}

void place_walk_start_all(struct place_walk *walk, const struct postfix_settings *settings,
                          service_kind *kind, const char *name, const char *const *others)
{
    *walk =
        (struct place_walk){ .settings = settings, .kind = kind, .name = name, .others = others };
}

static bool is_own_place(const struct place_walk *walk, const struct postfix_service *service)
{
    bool own = postfix_overrides(service, walk->name);

    for (size_t i = 0; !own && walk->others != NULL && walk->others[i] != NULL; i++)
        own = postfix_overrides(service, walk->others[i]);
    return own;
}

static void place_note(struct place *place, const struct postfix_service *service)
{
    if (place->example == NULL)
        place->example = service;
    place->chrooted |= service->chrooted;
    place->open |= !service->chrooted;
}

static void place_fill(struct place *place, const struct postfix_settings *settings,
                       const char *name)
{
    place->value = postfix_value(settings, place->service, name);
    place->raw = postfix_raw(settings, place->service, name);
}

void place_of_service(struct place *place, const struct postfix_settings *settings,
                      const struct postfix_service *service, const char *name)
{
    *place = (struct place){ .service = place_of(service, name) };
    place_note(place, service);
    place_fill(place, settings, name);
}

static void place_main(struct place *place, const struct place_walk *walk)
{
    const struct postfix_settings *settings = walk->settings;

    for (size_t i = 0; i < settings->service_count; i++) {
        const struct postfix_service *service = &settings->services[i];

        if (walk->kind(settings, service) && !is_own_place(walk, service))
            place_note(place, service);
    }
}

bool place_walk_next(struct place_walk *walk, struct place *place)
{
    const struct postfix_settings *settings = walk->settings;

    *place = (struct place){ .service = NULL };
    if (postfix_value(settings, NULL, walk->name) == NULL)
        return false;
    if (!walk->main_done) {
        walk->main_done = true;
        place_main(place, walk);
        if (place->example != NULL) {
            place_fill(place, settings, walk->name);
            return true;
        }
    }
    while (walk->next < settings->service_count) {
        const struct postfix_service *service = &settings->services[walk->next++];

        if (!walk->kind(settings, service) || !is_own_place(walk, service))
            continue;
        place->service = service;
        place_note(place, service);
        place_fill(place, settings, walk->name);
        return true;
    }
    return false;
}
