/* SPDX-License-Identifier: ISC */
/*
 * The control socket's other end (milter/control.h). Waits for ten seconds at most at a time.
 */
#include "config.h"

#include "policy/cli/status/status.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/cli/json_in.h"

#define PATIENCE_MS 10000
#define ANSWER_MOST ((size_t)256 << 20)

static const char request[] = "{\"v\":1,\"command\":\"status\"}\n";

struct answer {
    char *text;
    size_t length, room;
};

/* What to look at, by what connect(2) says. */
static bool not_connected(int error, const char *path, struct why *why)
{
    if (error == EACCES || error == EPERM)
        return why_fail(why, "no access to '%s': only root and the daemon's own user may ask it",
                        path);
    return why_fail(why,
                    "the daemon does not answer on '%s': %s; is forcetls-milter running (its log "
                    "says why not), and was control_socket in its file when it started?",
                    path, strerror(error));
}

static bool silent(const char *path, struct why *why)
{
    return why_fail(why,
                    "the daemon does not answer on '%s' within %d s: it hangs, or is stopped; its "
                    "log may say more",
                    path, PATIENCE_MS / 1000);
}

static bool wait_for(int fd, short events, const char *path, struct why *why)
{
    struct pollfd ready = { .fd = fd, .events = events };
    int result;

    do {
        result = poll(&ready, 1, PATIENCE_MS);
    } while (result < 0 && errno == EINTR);
    return result > 0 || silent(path, why);
}

static int connect_to(const char *path, struct why *why)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        (void)why_fail(why, "the path of a socket is longer than %zu bytes ('%.200s')",
                       sizeof(address.sun_path) - 1, path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (errno == EAGAIN)
        (void)silent(path, why); /* its queue is full */
    else
        (void)not_connected(errno, path, why);
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static bool send_request(int fd, const char *path, struct why *why)
{
    size_t sent = 0;

    while (sent < strlen(request)) {
        ssize_t more;

        if (!wait_for(fd, POLLOUT, path, why))
            return false;
        more = send(fd, request + sent, strlen(request) - sent, MSG_NOSIGNAL);
        if (more < 0 && errno != EINTR && errno != EAGAIN)
            return errno == EPIPE || not_connected(errno, path, why); /* it may have answered */
        sent += more > 0 ? (size_t)more : 0;
    }
    return true;
}

static bool make_room(struct answer *answer)
{
    size_t room = answer->room != 0 ? 2 * answer->room : 65536;
    char *grown;

    if (answer->length < answer->room)
        return true;
    grown = room <= ANSWER_MOST ? realloc(answer->text, room) : NULL;
    if (grown == NULL)
        return false;
    answer->text = grown;
    answer->room = room;
    return true;
}

static bool read_answer(int fd, struct answer *answer, const char *path, struct why *why)
{
    ssize_t more = 1;

    while (more != 0) {
        if (!make_room(answer))
            return why_fail(why, "no memory for what the daemon says on '%s'", path);
        if (!wait_for(fd, POLLIN, path, why))
            return false;
        more = read(fd, answer->text + answer->length, answer->room - answer->length);
        if (more < 0 && errno != EINTR && errno != EAGAIN && errno != ECONNRESET)
            return not_connected(errno, path, why);
        if (more < 0 && errno == ECONNRESET)
            more = 0;
        answer->length += more > 0 ? (size_t)more : 0;
    }
    return true;
}

static json_t *understand(const struct answer *answer, const char *path, struct why *why)
{
    json_t *document = json_loadb(answer->text, answer->length, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_in_text(document, "type");

    if (type != NULL && strcmp(type, "status") == 0 && json_in_number(document, "v") == 1)
        return document;
    if (type != NULL && strcmp(type, "error") == 0 && json_in_text(document, "text") != NULL)
        (void)why_fail(why, "the daemon says on '%s': %.200s", path,
                       json_in_text(document, "text"));
    else if (answer->length == 0)
        (void)why_fail(why, "the daemon closes the connection on '%s' without a word", path);
    else
        (void)why_fail(why, "what answers on '%s' is no forcetls-milter of this version", path);
    json_decref(document);
    return NULL;
}

json_t *status_ask(const char *path, struct why *why)
{
    struct answer answer = { .text = NULL };
    int fd = connect_to(path, why);
    json_t *document = NULL;

    if (fd < 0)
        return NULL;
    if (send_request(fd, path, why) && read_answer(fd, &answer, path, why))
        document = understand(&answer, path, why);
    free(answer.text);
    (void)close(fd);
    return document;
}
