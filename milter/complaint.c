/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/complaint.h"

#include <stdarg.h>
#include <stdio.h>

#include "milter/clock.h"
#include "milter/log.h"

#define COMPLAINT_MS 10000
#define TEXT_SIZE 512

void complain(struct complaint *complaint, int priority, const char *socket, const char *format,
              ...)
{
    int64_t now_ms = monotonic_ms();
    char text[TEXT_SIZE];
    va_list arguments;

    if (complaint->said_ms != 0 && now_ms - complaint->said_ms < COMPLAINT_MS) {
        complaint->unsaid++;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (complaint->unsaid > 0)
        log_printf(priority, "%s: %s (%lu times since the last such line)", socket, text,
                   complaint->unsaid + 1);
    else
        log_printf(priority, "%s: %s", socket, text);
    complaint->said_ms = now_ms;
    complaint->unsaid = 0;
}
