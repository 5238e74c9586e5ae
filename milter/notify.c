/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify(const char *format, ...)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char state[512];
    va_list arguments;
    int fd;

    if (name == NULL || (name[0] != '/' && name[0] != '@') ||
        strlen(name) >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';

    va_start(arguments, format);
    (void)vsnprintf(state, sizeof(state), format, arguments);
    va_end(arguments);

    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
                 (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name)));
    (void)close(fd);
}
