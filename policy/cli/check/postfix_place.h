/* SPDX-License-Identifier: ISC */
/*
 * postfix_place: where the services of a kind have a parameter from: main.cf, or a -o of their own.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_POSTFIX_PLACE_H
#define FORCETLS_POLICY_CLI_CHECK_POSTFIX_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/cli/check/postfix_settings.h"

/* smtpd(8) that only this host reaches: on the loopback or a unix socket, and no proxy in front. */
bool service_is_local(const struct postfix_settings *settings,
                      const struct postfix_service *service);

/* By its port: where our own users hand in their mail. */
bool service_is_submission(const struct postfix_service *service);

/* Whether a service is of a kind. */
typedef bool service_kind(const struct postfix_settings *settings,
                          const struct postfix_service *service);

service_kind kind_remote;   /* smtpd(8) that other hosts reach */
service_kind kind_partners; /* the same without those for our own users (submission) */
service_kind kind_starttls; /* of kind_remote, those whose TLS level counts: no wrapper mode */
service_kind kind_smtp;     /* smtp(8), the client */
service_kind kind_lmtp;
service_kind kind_postscreen;
service_kind kind_qmqpd;

struct place {
    const struct postfix_service *service; /* NULL: main.cf */
    const char *value;                     /* expanded */
    const char *raw;                       /* as it is written */
    bool chrooted, open;                   /* of the services that have it from here, some are */
    const struct postfix_service *example; /* the first of them */
};

struct place_walk {
    const struct postfix_settings *settings;
    const char *name;
    const char *const *others; /* NULL: none; NULL ends them */
    service_kind *kind;
    size_t next;
    bool main_done;
};

void place_walk_start(struct place_walk *walk, const struct postfix_settings *settings,
                      service_kind *kind, const char *name);

/* The same where the judgement hangs on more parameters: a service that has one of `others` for
 * itself is a place of its own too. */
void place_walk_start_all(struct place_walk *walk, const struct postfix_settings *settings,
                          service_kind *kind, const char *name, const char *const *others);

/* main.cf first, if some service of the kind has the parameter from there, then each service that
 * has its own. False: no more; at once where Postfix does not know the parameter. */
bool place_walk_next(struct place_walk *walk, struct place *place);

/* Where one service has a parameter from: itself, or NULL for main.cf. */
const struct postfix_service *place_of(const struct postfix_service *service, const char *name);

/* The same with all that there is to say of it, for this service alone. */
void place_of_service(struct place *place, const struct postfix_settings *settings,
                      const struct postfix_service *service, const char *name);

#endif
