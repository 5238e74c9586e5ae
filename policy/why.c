/* SPDX-License-Identifier: ISC */
#include "policy/why.h"

#include <stdarg.h>
#include <stdio.h>

bool why_fail(struct why *why, const char *format, ...)
{
    va_list arguments;

    if (why == NULL)
        return false;
    va_start(arguments, format);
    (void)vsnprintf(why->text, sizeof(why->text), format, arguments);
    va_end(arguments);
    return false;
}
