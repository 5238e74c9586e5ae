/* SPDX-License-Identifier: ISC */
/*
 * postfix_settings: main.cf and master.cf as Postfix itself understands them, read through
 * postconf(1): every parameter with its default, and the services with what their -o overrides.
 *
 * Only reads. Judges nothing.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_POSTFIX_SETTINGS_H
#define FORCETLS_POLICY_CLI_CHECK_POSTFIX_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/why.h"

struct postfix_parameter {
    char *name;
    char *value; /* with every $name in it expanded */
    char *raw;   /* as it is written, on one line */
};

/* Of two with one name the later one counts. */
struct postfix_parameters {
    struct postfix_parameter *items;
    size_t count, room;
};

/* A line of master.cf. */
struct postfix_service {
    char *name;    /* "smtp", "127.0.0.1:10025" */
    char *type;    /* "inet", "unix", "pass" ... */
    char *command; /* "smtpd": without its folder and its arguments */
    bool chrooted; /* "-" resolved, see postfix_settings_parse() */
    struct postfix_parameters overrides;
};

struct postfix_settings {
    char *directory; /* for -c of Postfix's commands; NULL: its own */
    struct postfix_parameters main;
    struct postfix_service *services;
    size_t service_count;
};

/* What postconf printed. */
struct postfix_texts {
    const char *main;          /* postconf -x */
    const char *main_raw;      /* postconf */
    const char *services;      /* postconf -F */
    const char *overrides;     /* postconf -P -x */
    const char *overrides_raw; /* postconf -P */
};

/* Runs postconf. False: it cannot be run, or it cannot read the files. Release the settings in any
 * case. */
bool postfix_settings_read(struct postfix_settings *settings, const char *directory,
                           struct why *why);

/* The same from what it printed. "-" in the chroot column is "n" from compatibility_level 1 on, and
 * "y" below (master(5)). False: memory ran out. */
bool postfix_settings_parse(struct postfix_settings *settings, const struct postfix_texts *texts,
                            struct why *why);

void postfix_settings_release(struct postfix_settings *settings);

/* What a parameter is for a service; `service` NULL: in main.cf. "" where it is empty, NULL where
 * this Postfix does not know it. */
const char *postfix_value(const struct postfix_settings *settings,
                          const struct postfix_service *service, const char *name);

/* The same as it is written. */
const char *postfix_raw(const struct postfix_settings *settings,
                        const struct postfix_service *service, const char *name);

/* queue_directory and mail_owner; their usual values where there are none. */
const char *postfix_queue_directory(const struct postfix_settings *settings);
const char *postfix_mail_owner(const struct postfix_settings *settings);

/* Whether the service has a value of its own. */
bool postfix_overrides(const struct postfix_service *service, const char *name);

/* Whether a value is that word, in any case; false where Postfix does not know the parameter. */
bool postfix_is(const struct postfix_settings *settings, const struct postfix_service *service,
                const char *name, const char *word);

/* Whether it is known and not empty. */
bool postfix_is_set(const struct postfix_settings *settings, const struct postfix_service *service,
                    const char *name);

#endif
