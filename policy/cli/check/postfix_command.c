/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/check/postfix_command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/host.h"
#include "policy/cli/check/postfix_list.h"

char *command_format(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return text;
}

char *command_quoted(const char *text)
{
    size_t quotes = 0;
    char *quoted, *end;

    if (text == NULL)
        return NULL;
    for (const char *c = text; *c != '\0'; c++)
        quotes += *c == '\'';
    quoted = malloc(strlen(text) + 3 * quotes + 3);
    if (quoted == NULL)
        return NULL;
    end = quoted;
    *end++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            end = stpcpy(end, "'\\''");
        else
            *end++ = *text == '\t' ? ' ' : *text;
    }
    (void)stpcpy(end, "'");
    return quoted;
}

static char *start(const char *directory, const char *program)
{
    char *quoted, *text;

    if (directory == NULL)
        return strdup(program);
    quoted = command_quoted(directory);
    text = quoted != NULL ? command_format("%s -c %s", program, quoted) : NULL;
    free(quoted);
    return text;
}

char *command_start(const struct postfix_settings *settings, const char *program)
{
    return start(settings->directory, program);
}

char *postfix_reload_command(const char *directory)
{
    char *absolute = directory != NULL ? realpath(directory, NULL) : NULL, *command, *text = NULL;

    command = start(absolute != NULL ? absolute : directory, "postfix");
    if (command != NULL)
        text = command_format("%s reload", command);
    free(command);
    free(absolute);
    return text;
}

char *command_lines(char *first, char *second)
{
    char *text = NULL;

    if (first != NULL && second != NULL)
        text = command_format("%s\n%s", first, second);
    free(first);
    free(second);
    return text;
}

/* postconf OPTION 'ARGUMENT'; frees the argument. */
static char *postconf(const struct postfix_settings *settings, const char *option, char *argument)
{
    char *command = command_start(settings, "postconf"), *quoted = command_quoted(argument);
    char *text = NULL;

    if (command != NULL && quoted != NULL)
        text = command_format("%s %s %s", command, option, quoted);
    free(command);
    free(quoted);
    free(argument);
    return text;
}

static char *set_main(const struct postfix_settings *settings, const char *name, const char *value)
{
    return postconf(settings, "-e",
                    command_format("%s =%s%s", name, *value != '\0' ? " " : "", value));
}

static char *set_service(const struct postfix_settings *settings,
                         const struct postfix_service *service, const char *name, const char *value)
{
    return postconf(settings, "-P",
                    command_format("%s/%s/%s=%s", service->name, service->type, name, value));
}

/* A list without braces can do without blanks. NULL: this one cannot, or memory ran out. */
static char *without_blanks(const char *value)
{
    char *text, *end;
    struct span element;

    if (strchr(value, '{') != NULL)
        return strpbrk(value, " \t") != NULL ? NULL : strdup(value);
    text = end = malloc(strlen(value) + 1);
    if (text == NULL)
        return NULL;
    *end = '\0';
    for (const char *rest = value; list_next(&rest, &element);) {
        if (end > text)
            *end++ = ',';
        end = mempcpy(end, element.data, element.length);
        *end = '\0';
    }
    return text;
}

/* A parameter for what this service has for itself: "smtp_inet_smtpd_milters". */
static char *own_name(const struct postfix_service *service, const char *name)
{
    char *text = command_format("%s_%s_%s", service->name, service->type, name);

    for (char *c = text; c != NULL && *c != '\0'; c++) {
        if (!ascii_alnum(*c))
            *c = '_';
    }
    return text;
}

static char *set_by_name(const struct postfix_settings *settings,
                         const struct postfix_service *service, const char *name, const char *value)
{
    char *own = own_name(service, name), *reference, *text;

    if (own == NULL)
        return NULL;
    reference = command_format("$%s", own);
    text = reference == NULL ? NULL
                             : command_lines(set_main(settings, own, value),
                                             set_service(settings, service, name, reference));
    free(reference);
    free(own);
    return text;
}

char *command_set(const struct postfix_settings *settings, const struct postfix_service *service,
                  const char *name, const char *value)
{
    char *tight, *text;

    if (value == NULL)
        return NULL;
    if (service == NULL)
        return set_main(settings, name, value);
    tight = without_blanks(value);
    text = tight != NULL ? set_service(settings, service, name, tight)
                         : set_by_name(settings, service, name, value);
    free(tight);
    return text;
}

char *command_set_free(const struct postfix_settings *settings,
                       const struct postfix_service *service, const char *name, char *value)
{
    char *text = command_set(settings, service, name, value);

    free(value);
    return text;
}
