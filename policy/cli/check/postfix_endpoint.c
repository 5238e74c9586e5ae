/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/check/postfix_endpoint.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "policy/network.h"

/* HOST and PORT of a TCP socket. */
struct place_on_net {
    struct span host, port;
};

const char *endpoint_path(const char *ours)
{
    return strncmp(ours, "unix:", 5) == 0 ? ours + 5 : NULL;
}

static const char *below(const char *folder, const char *path)
{
    size_t length = strlen(folder);

    while (length > 0 && folder[length - 1] == '/')
        length--;
    if (strncmp(path, folder, length) != 0 || path[length] != '/')
        return NULL;
    path += length;
    return path + strspn(path, "/");
}

/* The queue directory may be a symbolic link. */
const char *endpoint_below_queue(const struct postfix_settings *settings, const char *path)
{
    const char *rest = below(postfix_queue_directory(settings), path);
    char real[PATH_MAX];

    if (rest == NULL && realpath(postfix_queue_directory(settings), real) != NULL)
        rest = below(real, path);
    return rest;
}

/* The last `count` components of a path. */
static const char *tail(const char *path, int count)
{
    const char *at = path + strlen(path);

    while (at > path) {
        if (at[-1] == '/' && --count == 0)
            break;
        at--;
    }
    return at;
}

static bool same_folder(const char *a, size_t a_length, const char *b, size_t b_length)
{
    char folder_a[PATH_MAX], folder_b[PATH_MAX];
    struct stat stat_a, stat_b;

    (void)snprintf(folder_a, sizeof(folder_a), "%.*s/", (int)a_length, a);
    (void)snprintf(folder_b, sizeof(folder_b), "%.*s/", (int)b_length, b);
    return stat(folder_a, &stat_a) == 0 && stat(folder_b, &stat_b) == 0 &&
           stat_a.st_dev == stat_b.st_dev && stat_a.st_ino == stat_b.st_ino;
}

/* By name; or, where there are symbolic links, by what is there. */
static bool same_file(const char *a, const char *b)
{
    const char *name_a = tail(a, 1), *name_b = tail(b, 1);

    if (strcmp(a, b) == 0)
        return true;
    return strcmp(name_a, name_b) == 0 &&
           same_folder(a, (size_t)(name_a - a), b, (size_t)(name_b - b));
}

/* forcetls/milter.sock in another folder. */
static bool looks_like(const char *path, const char *ours)
{
    return strcmp(tail(path, 2), tail(ours, 2)) == 0;
}

static enum meeting unix_meeting(const struct postfix_settings *settings, const char *ours,
                                 struct span theirs, bool chrooted)
{
    const char *queue = postfix_queue_directory(settings);
    char path[PATH_MAX], seen[2 * PATH_MAX];
    bool absolute = theirs.length > 0 && theirs.data[0] == '/';

    if (theirs.length + strlen(queue) + 2 > sizeof(path))
        return MEETING_NONE;
    (void)snprintf(path, sizeof(path), "%s%s%.*s", absolute ? "" : queue, absolute ? "" : "/",
                   (int)theirs.length, theirs.data);
    (void)snprintf(seen, sizeof(seen), "%s%s", chrooted && absolute ? queue : "", path);
    if (same_file(seen, ours))
        return chrooted && strstr(path, "/../") != NULL ? MEETING_CLOSED : MEETING_MET;
    if (same_file(path, ours))
        return MEETING_CLOSED;
    return looks_like(path, ours) ? MEETING_NEAR : MEETING_NONE;
}

/* Which of the two halves is the host. */
static bool split_ours(const char *ours, struct place_on_net *place)
{
    const char *colon = strchr(ours, ':'), *at = strchr(ours, '@');

    if (strncmp(ours, "inet", 4) != 0 || colon == NULL || at == NULL)
        return false;
    place->port = (struct span){ colon + 1, (size_t)(at - colon) - 1 };
    place->host = span_of(at + 1);
    return true;
}

/* HOST:PORT, [HOST]:PORT, PORT */
static void split_theirs(struct span text, struct place_on_net *place)
{
    size_t colon = text.length;

    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    place->port = (struct span){ text.data + colon, text.length - colon };
    place->host = colon > 1 ? (struct span){ text.data, colon - 1 } : span_of("localhost");
    if (place->host.length > 2 && place->host.data[0] == '[') {
        place->host.data++;
        place->host.length -= 2;
    }
}

static bool same_host(struct span ours, struct span theirs)
{
    struct ip our_ip, their_ip;

    if (span_equal_nocase(ours, theirs))
        return true;
    if (!ip_parse(&our_ip, ours) || !ip_parse(&their_ip, theirs))
        return true; /* it cannot be told */
    return ip_equal(&our_ip, &their_ip) || ip_is_any(&our_ip);
}

static enum meeting inet_meeting(const char *ours, struct span theirs)
{
    struct place_on_net our_place, their_place;

    if (!split_ours(ours, &our_place))
        return MEETING_NONE;
    split_theirs(theirs, &their_place);
    if (!span_equal(our_place.port, their_place.port))
        return MEETING_NONE;
    return same_host(our_place.host, their_place.host) ? MEETING_MET : MEETING_NEAR;
}

enum meeting endpoint_meeting(const struct postfix_settings *settings, const char *ours,
                              struct span theirs, bool chrooted)
{
    const char *colon = theirs.length > 0 ? memchr(theirs.data, ':', theirs.length) : NULL;
    const char *path = endpoint_path(ours);
    struct span rest;

    if (colon == NULL)
        return MEETING_NONE;
    rest.data = colon + 1;
    rest.length = theirs.length - (size_t)(rest.data - theirs.data);
    if (span_starts_with(theirs, "inet:"))
        return inet_meeting(ours, rest);
    if (path == NULL || (!span_starts_with(theirs, "unix:") && !span_starts_with(theirs, "local:")))
        return MEETING_NONE;
    return unix_meeting(settings, path, rest, chrooted);
}

/* Who listens on every address is found on the loopback. */
static void connect_host(struct span *host)
{
    struct ip ip;

    if (ip_parse(&ip, *host) && ip_is_any(&ip))
        *host = span_of(ip.family == 4 ? "127.0.0.1" : "::1");
}

char *endpoint_reference(const struct postfix_settings *settings, const char *ours, bool chrooted)
{
    const char *path = endpoint_path(ours), *relative;
    struct place_on_net place;
    char *text;
    bool colons;

    if (path != NULL) {
        relative = endpoint_below_queue(settings, path);
        if (relative == NULL && chrooted)
            return strdup("");
        return asprintf(&text, "unix:%s", relative != NULL ? relative : path) < 0 ? NULL : text;
    }
    if (!split_ours(ours, &place))
        return strdup("");
    connect_host(&place.host);
    colons = memchr(place.host.data, ':', place.host.length) != NULL;
    if (asprintf(&text, "inet:%s%.*s%s:%.*s", colons ? "[" : "", (int)place.host.length,
                 place.host.data, colons ? "]" : "", (int)place.port.length, place.port.data) < 0)
        return NULL;
    return text;
}
