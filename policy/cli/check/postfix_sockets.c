/* SPDX-License-Identifier: ISC */
/*
 * Whether the sockets that smtpd(8) and smtp(8) open are there, and open to their user.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/access.h"
#include "policy/cli/check/postfix_command.h"

/* A socket of forcetls.conf that is a file. */
struct socket_key {
    const char *key;
    const char *path;
};

static size_t keys_of(const struct postfix_case *given, struct socket_key keys[3])
{
    const struct settings *settings = &given->rules->settings;
    size_t count = 0;

    keys[count] = (struct socket_key){ "milter_socket", endpoint_path(settings->milter_socket) };
    count += keys[count].path != NULL;
    if (settings->smtpd_policy_socket != NULL && given->needs.pins != NULL) {
        keys[count] = (struct socket_key){ "smtpd_policy_socket",
                                           endpoint_path(settings->smtpd_policy_socket) };
        count += keys[count].path != NULL;
    }
    if (settings->tls_policy_socket != NULL && given->needs.outbound != NULL) {
        keys[count] =
            (struct socket_key){ "tls_policy_socket", endpoint_path(settings->tls_policy_socket) };
        count += keys[count].path != NULL;
    }
    return count;
}

/* smtpd(8) starts in the queue directory. */
static void look(const struct postfix_case *given, const char *path, struct access_result *result)
{
    const char *queue = postfix_queue_directory(given->settings);
    bool below = endpoint_below_queue(given->settings, path) != NULL;

    access_look(path, below && strncmp(path, queue, strlen(queue)) == 0 ? queue : NULL,
                postfix_mail_owner(given->settings), result);
}

void check_socket_missing(const struct postfix_case *given, const char *word)
{
    struct socket_key keys[3];
    size_t count = keys_of(given, keys);

    for (size_t i = 0; i < count; i++) {
        struct access_result result;

        look(given, keys[i].path, &result);
        if (result.access == ACCESS_ABSENT)
            postfix_say_of(given, SEVERITY_NOTE, word, keys[i].path,
                           command_format("systemctl start forcetls-milter"),
                           "%s is not there: forcetls-milter does not run", keys[i].key);
    }
}

/* The next start of the daemon makes the socket anew: the file has to say the same. */
static char *type_access(const struct access_result *result)
{
    char *quoted = command_quoted(result->denied), *text = NULL;

    if (quoted != NULL)
        text = command_format("chgrp %s %s && chmod g+%s %s", result->group, quoted,
                              result->folder ? "rx" : "rw", quoted);
    if (!result->folder)
        text = command_lines(command_format("# forcetls.conf: socket_group = \"%s\"; socket_mode = "
                                            "\"0660\"",
                                            result->group),
                             text);
    free(quoted);
    return text;
}

void check_socket_denied(const struct postfix_case *given, const char *word)
{
    struct socket_key keys[3];
    size_t count = keys_of(given, keys);

    for (size_t i = 0; i < count; i++) {
        struct access_result result;

        look(given, keys[i].path, &result);
        if (result.access == ACCESS_DENIED)
            postfix_say_of(given, SEVERITY_WARNING, word, result.denied, type_access(&result),
                           "Postfix's user '%s' may not %s, and cannot reach %s",
                           postfix_mail_owner(given->settings),
                           result.folder ? "enter this folder" : "write to this socket",
                           keys[i].key);
    }
}
