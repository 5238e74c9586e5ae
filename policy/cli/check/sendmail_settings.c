/* SPDX-License-Identifier: ISC */
#include "policy/cli/check/sendmail_settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/span.h"

#define BLANKS " \t\n\r\f\v"

static void option_release(struct sendmail_option *option)
{
    free(option->name);
    free(option->value);
}

static void filter_release(struct sendmail_filter *filter)
{
    free(filter->name);
    free(filter->socket);
    free(filter->flags);
    free(filter->timeouts);
}

static void daemon_release(struct sendmail_daemon *daemon)
{
    free(daemon->options);
    free(daemon->name);
    free(daemon->address);
    free(daemon->port);
    free(daemon->family);
    free(daemon->modifiers);
    free(daemon->filters);
}

void sendmail_settings_free(struct sendmail_settings *settings)
{
    if (settings == NULL)
        return;
    for (size_t i = 0; i < settings->option_count; i++)
        option_release(&settings->options[i]);
    for (size_t i = 0; i < settings->filter_count; i++)
        filter_release(&settings->filters[i]);
    for (size_t i = 0; i < settings->daemon_count; i++)
        daemon_release(&settings->daemons[i]);
    option_release(&settings->smart_host);
    free(settings->options);
    free(settings->filters);
    free(settings->daemons);
    free(settings->file);
    free(settings);
}

const struct sendmail_option *sendmail_option(const struct sendmail_settings *settings,
                                              const char *name)
{
    for (size_t i = settings->option_count; i > 0; i--) {
        if (strcasecmp(settings->options[i - 1].name, name) == 0)
            return &settings->options[i - 1];
    }
    return NULL;
}

const char *sendmail_option_value(const struct sendmail_settings *settings, const char *name)
{
    const struct sendmail_option *option = sendmail_option(settings, name);

    return option != NULL && *option->value != '\0' ? option->value : NULL;
}

bool sendmail_does_not_blame(const struct sendmail_settings *settings, const char *word)
{
    bool has = false;

    for (size_t i = 0; i < settings->option_count; i++) {
        const char *text = settings->options[i].value;

        if (strcasecmp(settings->options[i].name, "DontBlameSendmail") != 0)
            continue;
        while (*text != '\0') {
            size_t length = 0;

            while (ascii_alnum(text[length]))
                length++;
            if (span_equal_nocase((struct span){ text, length }, span_of("safe")))
                has = false;
            else if (span_equal_nocase((struct span){ text, length }, span_of(word)))
                has = true;
            text += length != 0 ? length : 1;
        }
    }
    return has;
}

const struct sendmail_filter *sendmail_filter(const struct sendmail_settings *settings,
                                              const char *name, size_t length)
{
    for (size_t i = 0; i < settings->filter_count; i++) {
        const char *other = settings->filters[i].name;

        if (strlen(other) == length && strncasecmp(other, name, length) == 0)
            return &settings->filters[i];
    }
    return NULL;
}

const char *sendmail_next_filter(const char **list, size_t *length)
{
    const char *start = *list + strspn(*list, BLANKS);

    if (*start == '\0')
        return NULL;
    *length = strcspn(start, ";,");
    *list = start + *length + (start[*length] != '\0' ? 1 : 0);
    return start;
}

const char *sendmail_next_part(const char **options, size_t *length)
{
    for (;;) {
        const char *start = *options + strspn(*options, BLANKS);
        size_t whole = strcspn(start, ",");

        if (*start == '\0')
            return NULL;
        *options = start + whole + (start[whole] != '\0' ? 1 : 0);
        for (*length = whole; *length > 0 && strchr(BLANKS, start[*length - 1]) != NULL;)
            (*length)--;
        if (*length > 0)
            return start;
    }
}
