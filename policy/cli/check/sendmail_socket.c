/* SPDX-License-Identifier: ISC */
/*
 * Checks: the milter socket itself: is it the same one on both sides, would Sendmail dare to open
 * it, and can it.
 *
 * Facts: README of Sendmail's sources (libmilter), "unsafe": a folder of the path that is writable
 * for its group or for others is refused, unless DontBlameSendmail has GroupWritableDirPathSafe
 * (groups), or TrustStickyBit and the folder its sticky bit. Whoever RunAsUser names has to be
 * allowed to write to the socket.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "policy/cli/check/access.h"
#include "policy/cli/check/sendmail_check.h"
#include "policy/conf/file.h"
#include "policy/network.h"

/* ---- names ----------------------------------------------------------------------------------- */

enum socket_kind { SOCKET_UNIX, SOCKET_INET, SOCKET_INET6, SOCKET_UNKNOWN };

struct socket_name {
    enum socket_kind kind;
    const char *path; /* unix */
    struct span port, host;
};

/* Sendmail: the kind in any case; none, or no colon: a path. */
static struct socket_name read_name(const char *text)
{
    static const struct {
        const char *word;
        enum socket_kind kind;
    } kinds[] = {
        { "unix", SOCKET_UNIX }, { "local", SOCKET_UNIX },  { "", SOCKET_UNIX },
        { "inet", SOCKET_INET }, { "inet6", SOCKET_INET6 },
    };
    const char *colon = strchr(text, ':'), *at;
    struct socket_name name = { .kind = SOCKET_UNKNOWN };

    if (colon == NULL)
        return (struct socket_name){ .kind = SOCKET_UNIX, .path = text };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (span_equal_nocase((struct span){ text, (size_t)(colon - text) },
                              span_of(kinds[i].word)))
            name.kind = kinds[i].kind;
    }
    name.path = colon + 1;
    at = strchr(colon, '@');
    if (name.kind != SOCKET_UNIX && at == NULL)
        name.kind = SOCKET_UNKNOWN;
    if (name.kind == SOCKET_UNKNOWN || name.kind == SOCKET_UNIX)
        return name;
    name.port = (struct span){ colon + 1, (size_t)(at - colon - 1) };
    name.host = span_of(at + 1);
    if (name.host.length >= 2 && *name.host.data == '[' &&
        name.host.data[name.host.length - 1] == ']')
        name.host = (struct span){ name.host.data + 1, name.host.length - 2 };
    return name;
}

/* The path with what links are in the part of it that exists resolved (/var/run is /run); NULL: no
 * memory. The caller's. */
static char *resolve(const char *path)
{
    char *start = strdup(path), *real = NULL, *resolved = NULL, *slash;
    size_t size;

    while (start != NULL && real == NULL && (slash = strrchr(start, '/')) != NULL &&
           slash > start) {
        *slash = '\0';
        real = realpath(start, NULL);
    }
    if (real == NULL) {
        free(start);
        return strdup(path);
    }
    path += strlen(start);
    size = strlen(real) + strlen(path) + 1;
    resolved = malloc(size);
    if (resolved != NULL)
        (void)snprintf(resolved, size, "%s%s", real, path);
    free(start);
    free(real);
    return resolved;
}

static bool is_same_path(const char *theirs, const char *ours)
{
    char *their_path = resolve(theirs), *our_path = resolve(ours);
    bool same = their_path != NULL && our_path != NULL && strcmp(their_path, our_path) == 0;

    free(their_path);
    free(our_path);
    return same;
}

static bool read_host(struct ip *ip, struct span host, enum socket_kind kind)
{
    if (span_equal_nocase(host, span_of("localhost")))
        host = span_of(kind == SOCKET_INET ? "127.0.0.1" : "::1");
    return ip_parse(ip, host);
}

/* No DNS is asked: names that are not equal may still be the same host. */
static bool may_be_same_host(const struct socket_name *theirs, const struct socket_name *ours)
{
    struct ip their_ip, our_ip;

    if (!read_host(&their_ip, theirs->host, theirs->kind) ||
        !read_host(&our_ip, ours->host, ours->kind))
        return true;
    return ip_is_any(&our_ip) || ip_equal(&their_ip, &our_ip);
}

bool sendmail_socket_is(const char *theirs, const char *ours)
{
    struct socket_name their_name = read_name(theirs), our_name = read_name(ours);

    if (their_name.kind != our_name.kind || our_name.kind == SOCKET_UNKNOWN)
        return false;
    if (our_name.kind == SOCKET_UNIX)
        return is_same_path(their_name.path, our_name.path);
    return span_equal(their_name.port, our_name.port) && may_be_same_host(&their_name, &our_name);
}

const char *sendmail_socket_write(char text[SENDMAIL_SOCKET_SIZE], const char *ours)
{
    struct socket_name name = read_name(ours);
    struct ip ip;

    if ((name.kind == SOCKET_INET || name.kind == SOCKET_INET6) && ip_parse(&ip, name.host) &&
        ip_is_any(&ip))
        (void)snprintf(text, SENDMAIL_SOCKET_SIZE, "%s:%.*s@%s",
                       name.kind == SOCKET_INET ? "inet" : "inet6", (int)name.port.length,
                       name.port.data, name.kind == SOCKET_INET ? "127.0.0.1" : "::1");
    else
        (void)snprintf(text, SENDMAIL_SOCKET_SIZE, "%s", ours);
    return text;
}

/* The path that Sendmail opens, or NULL. */
static const char *path_of(const struct sendmail_case *scene)
{
    struct socket_name name;

    if (scene->ours == NULL || scene->ours->socket == NULL || !scene->meets)
        return NULL;
    name = read_name(scene->ours->socket);
    return name.kind == SOCKET_UNIX && *name.path == '/' ? name.path : NULL;
}

/* ---- its folders ----------------------------------------------------------------------------- */

static bool is_unsafe(const struct sendmail_settings *settings, const struct stat *status)
{
    mode_t writable = S_IWOTH;

    if (!sendmail_does_not_blame(settings, "GroupWritableDirPathSafe"))
        writable |= S_IWGRP;
    if ((status->st_mode & S_ISVTX) != 0 && sendmail_does_not_blame(settings, "TrustStickyBit"))
        return false;
    return (status->st_mode & writable) != 0;
}

/* The topmost folder of the path that Sendmail refuses, into `folder`; false: there is none, or it
 * cannot be told. */
static bool find_unsafe(const struct sendmail_settings *settings, const char *path,
                        char folder[PATH_MAX], struct stat *status)
{
    char *wanted = file_folder(path);
    char *real = wanted != NULL ? realpath(wanted, NULL) : NULL;
    size_t length = real != NULL ? strlen(real) : 0;
    bool found = false;

    for (size_t end = 1; real != NULL && !found && end <= length && end < PATH_MAX; end++) {
        if (end > 1 && end < length && real[end] != '/')
            continue;
        memcpy(folder, real, end);
        folder[end] = '\0';
        found = stat(folder, status) == 0 && is_unsafe(settings, status);
    }
    free(wanted);
    free(real);
    return found;
}

/* To a place that Sendmail likes. */
static void type_move(struct remark *remark, const struct sendmail_case *scene)
{
    const char *user = scene->rules->settings.user;

    if (user == NULL)
        user = "forcetls";
    remark_type_line(remark, "install -d -o %.64s -g %.64s -m 0755 /run/forcetls", user, user);
    remark_type_line(remark,
                     "milter_socket = \"unix:/run/forcetls/milter.sock\";   # forcetls.conf, "
                     "and restart forcetls-milter");
    remark_type_new_filter(remark, scene->ours->name, "unix:/run/forcetls/milter.sock");
}

void sendmail_check_folder(const struct sendmail_case *scene, const char *word)
{
    const char *path = path_of(scene);
    char folder[PATH_MAX];
    struct stat status;
    struct remark remark;
    bool everybody;

    if (path == NULL || !find_unsafe(scene->settings, path, folder, &status))
        return;
    everybody = (status.st_mode & S_IWOTH) != 0;
    remark_init(&remark);
    remark_say(&remark,
               "Sendmail refuses the socket as unsafe: its folder '%.160s' is writable for %s",
               folder, everybody ? "everybody" : "a group");
    if (everybody)
        type_move(&remark, scene);
    else
        remark_type_line(&remark, "chmod g-w '%.500s'", folder);
    remark_add(scene, &remark, SEVERITY_WARNING, word, scene->ours->line);
}

/* ---- who may open it ------------------------------------------------------------------------- */

static bool is_folder_of(const char *folder, const char *path)
{
    size_t length = strlen(folder);

    return strncmp(folder, path, length) == 0 && strrchr(path, '/') == path + length;
}

/* RunAsUser=NAME. Not told: NAME:GROUP, and numbers. */
void sendmail_check_access(const struct sendmail_case *scene, const char *word)
{
    const struct sendmail_option *option = sendmail_option(scene->settings, "RunAsUser");
    const char *path = path_of(scene);
    struct access_result result;
    struct remark remark;

    if (path == NULL || option == NULL || strpbrk(option->value, ":/.") != NULL)
        return;
    access_look(path, NULL, option->value, &result);
    if (result.access != ACCESS_DENIED)
        return;
    remark_init(&remark);
    remark_say(&remark, "Sendmail runs as '%.60s' (RunAsUser), who may not %s '%.160s'",
               option->value, result.folder ? "enter the folder" : "write to the socket",
               result.denied);
    if (result.folder && is_folder_of(result.denied, path))
        remark_type_line(&remark, "chgrp %s '%.500s' && chmod g+x '%.500s'", result.group,
                         result.denied, result.denied);
    else if (result.folder)
        type_move(&remark, scene);
    else
        remark_type_line(&remark,
                         "socket_group = \"%s\"; socket_mode = \"0660\";   # forcetls.conf, and "
                         "restart forcetls-milter",
                         result.group);
    remark_add(scene, &remark, SEVERITY_WARNING, word, option->line);
}

/* ---- is it there ----------------------------------------------------------------------------- */

void sendmail_check_running(const struct sendmail_case *scene, const char *word)
{
    const char *path = path_of(scene);
    struct stat status;
    struct remark remark;

    if (path == NULL || stat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR))
        return;
    remark_init(&remark);
    remark_say(&remark, "there is no socket '%.160s': forcetls-milter does not run", path);
    remark_type_line(&remark, "systemctl start forcetls-milter");
    remark_add(scene, &remark, SEVERITY_NOTE, word, scene->ours->line);
}
