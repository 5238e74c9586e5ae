/* SPDX-License-Identifier: ISC */
/*
 * Reading a sendmail.cf into struct sendmail_settings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/cli/check/sendmail_lines.h"
#include "policy/cli/check/sendmail_settings.h"
#include "policy/conf/file.h"
#include "policy/escape.h"

#define FILE_MOST ((size_t)8 << 20) /* bytes; what m4 makes has some 70,000 */

/* ---- memory ---------------------------------------------------------------------------------- */

/* The array with room for one more element at its end, all zero; NULL: no memory. */
static void *grow(void *items, size_t count, size_t size)
{
    char *grown = realloc(items, (count + 1) * size);

    if (grown != NULL)
        memset(grown + count * size, 0, size);
    return grown;
}

static bool keep(char **to, const char *text, size_t length)
{
    free(*to);
    *to = strndup(text, length);
    return *to != NULL;
}

static struct sendmail_option *new_option(struct sendmail_settings *settings)
{
    struct sendmail_option *grown = grow(settings->options, settings->option_count, sizeof(*grown));

    if (grown == NULL)
        return NULL;
    settings->options = grown;
    return &grown[settings->option_count++];
}

static struct sendmail_filter *new_filter(struct sendmail_settings *settings)
{
    struct sendmail_filter *grown = grow(settings->filters, settings->filter_count, sizeof(*grown));

    if (grown == NULL)
        return NULL;
    settings->filters = grown;
    return &grown[settings->filter_count++];
}

static struct sendmail_daemon *new_daemon(struct sendmail_settings *settings)
{
    struct sendmail_daemon *grown = grow(settings->daemons, settings->daemon_count, sizeof(*grown));

    if (grown == NULL)
        return NULL;
    settings->daemons = grown;
    return &grown[settings->daemon_count++];
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

/* The length without the blanks at its end. */
static size_t trimmed(const char *text, size_t length)
{
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    return length;
}

/* ---- the lines that count -------------------------------------------------------------------- */

/* The long names of the options that also have a letter and are asked for. */
static const struct {
    char letter;
    const char *name;
} letters[] = {
    { 'O', "DaemonPortOptions" },
    { 'V', "FallbackMXhost" },
};

/* Keys of DaemonPortOptions count by their first letter, in both cases. */
static char **daemon_key(struct sendmail_daemon *daemon, char letter)
{
    const struct {
        char letter;
        char **value;
    } keys[] = {
        { 'a', &daemon->address },   { 'f', &daemon->family }, { 'i', &daemon->filters },
        { 'm', &daemon->modifiers }, { 'n', &daemon->name },   { 'p', &daemon->port },
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if ((letter | 0x20) == keys[i].letter)
            return keys[i].value;
    }
    return NULL;
}

static bool read_daemon(struct sendmail_settings *settings, const char *options, unsigned line)
{
    struct sendmail_daemon *daemon = new_daemon(settings);
    const char *part;
    size_t length;

    if (daemon == NULL || !keep(&daemon->options, options, strlen(options)))
        return false;
    daemon->line = line;
    while ((part = sendmail_next_part(&options, &length)) != NULL) {
        const char *equals = memchr(part, '=', length);
        char **value = daemon_key(daemon, *part);
        const char *start;

        if (equals == NULL || value == NULL)
            continue;
        start = skip_blanks(equals + 1);
        if (start > part + length)
            start = part + length;
        if (!keep(value, start, (size_t)(part + length - start)))
            return false;
    }
    return true;
}

static bool read_option(struct sendmail_settings *settings, const char *text, unsigned line)
{
    struct sendmail_option *option;
    const char *name = text, *value = text;
    size_t length = 0;

    if (*text == ' ') {
        name = skip_blanks(text);
        length = strcspn(name, "=");
        value = name + length + (name[length] != '\0' ? 1 : 0);
        length = trimmed(name, length);
    } else if (*text != '\0') {
        value = text + 1;
        for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
            if (*text == letters[i].letter) {
                name = letters[i].name;
                length = strlen(name);
            }
        }
    }
    value = skip_blanks(value);
    if (length == 0)
        return true;
    if (length == strlen(letters[0].name) && strncasecmp(name, letters[0].name, length) == 0)
        return read_daemon(settings, value, line);
    option = new_option(settings);
    if (option == NULL)
        return false;
    option->line = line;
    return keep(&option->name, name, length) && keep(&option->value, value, strlen(value));
}

/* The value of a field of an X line, without quotes and backslashes, into `value`, which has room
 * for all of the text; gives what stands behind it. */
static const char *unquote(const char *text, char *value)
{
    bool quoted = false;

    for (; *text != '\0' && (quoted || *text != ','); text++) {
        if (*text == '\\' && text[1] != '\0')
            *value++ = *++text;
        else if (*text == '"')
            quoted = !quoted;
        else if (*text != '\\')
            *value++ = *text;
    }
    *value = '\0';
    return text;
}

static bool read_fields(struct sendmail_filter *filter, const char *text, char *value)
{
    for (;;) {
        char **field = NULL;
        char letter;

        while (*text == ',' || is_blank(*text))
            text++;
        letter = *text;
        text += strcspn(text, "=,");
        if (*text != '=')
            return true;
        text = unquote(skip_blanks(text + 1), value);
        if (letter == 'S')
            field = &filter->socket;
        else if (letter == 'F')
            field = &filter->flags;
        else if (letter == 'T')
            field = &filter->timeouts;
        if (field != NULL && !keep(field, value, strlen(value)))
            return false;
    }
}

static bool read_filter(struct sendmail_settings *settings, const char *text, unsigned line)
{
    size_t length = strcspn(text, ", \t\n");
    struct sendmail_filter *filter = new_filter(settings);
    char *value;
    bool kept;

    if (filter == NULL || !keep(&filter->name, text, length))
        return false;
    filter->line = line;
    value = malloc(strlen(text) + 1);
    kept = value != NULL && read_fields(filter, text + length, value);
    free(value);
    return kept;
}

/* DSrelay:[mail.example.org] and D{S}... */
static bool read_macro(struct sendmail_settings *settings, const char *text, unsigned line)
{
    struct sendmail_option *host = &settings->smart_host;

    if (strncmp(text, "{S}", 3) == 0)
        text += 3;
    else if (*text == 'S')
        text++;
    else
        return true;
    text = skip_blanks(text);
    free(host->value);
    host->value = NULL;
    host->line = line;
    return *text == '\0' || keep(&host->value, text, strlen(text));
}

/* ---- the file -------------------------------------------------------------------------------- */

static bool is_none(const char *file, const char *what, struct why *why)
{
    char text[200];
    struct line line;

    line_init(&line, text, sizeof(text));
    line_add_cited(&line, span_of(file), 160);
    return why_fail(why, "%s (%s)", what, text);
}

static bool read_line(struct sendmail_settings *settings, const char *text, unsigned line)
{
    switch (*text) {
    case 'O':
        return read_option(settings, text + 1, line);
    case 'X':
        return read_filter(settings, text + 1, line);
    case 'D':
        return read_macro(settings, text + 1, line);
    default:
        return true;
    }
}

static bool read_lines(struct sendmail_settings *settings, const char *text, size_t length,
                       char *folded, struct why *why)
{
    struct sendmail_lines lines = { text, text + length, 0 };
    bool has_version = false;
    unsigned line;

    while ((line = sendmail_lines_next(&lines, folded)) != 0) {
        if (*folded != '\0' && !is_blank(*folded) && strchr("CDEFGHKLMOPQRSTVX", *folded) == NULL) {
            char what[80];

            (void)snprintf(what, sizeof(what),
                           "not a sendmail.cf: line %u begins with no letter that is known", line);
            return is_none(settings->file, what, why);
        }
        has_version |= *folded == 'V';
        if (!read_line(settings, folded, line))
            return why_fail(why, "out of memory");
    }
    return has_version || is_none(settings->file, "not a sendmail.cf: no line begins with V", why);
}

static bool read_text(struct sendmail_settings *settings, const char *text, size_t length,
                      struct why *why)
{
    char *folded;
    bool done;

    if (length > 0 && memchr(text, '\0', length) != NULL)
        return is_none(settings->file, "not a sendmail.cf: not a text file", why);
    if (sendmail_lines_are_m4(text, length))
        return is_none(
            settings->file,
            "not a sendmail.cf, but the .mc file that make -C /etc/mail makes it of: name "
            "the .cf",
            why);
    folded = malloc(length + 1);
    done = folded != NULL ? read_lines(settings, text, length, folded, why)
                          : why_fail(why, "out of memory");
    free(folded);
    return done;
}

struct sendmail_settings *sendmail_settings_parse(const char *file, const char *text, size_t length,
                                                  struct why *why)
{
    struct sendmail_settings *settings = calloc(1, sizeof(*settings));

    if (settings == NULL || !keep(&settings->file, file, strlen(file))) {
        (void)why_fail(why, "out of memory");
    } else if (read_text(settings, text, length, why)) {
        return settings;
    }
    sendmail_settings_free(settings);
    return NULL;
}

struct sendmail_settings *sendmail_settings_read(const char *file, struct why *why)
{
    struct sendmail_settings *settings;
    struct why reason;
    char *text;
    size_t length;

    if (!file_read(file, FILE_MOST, &text, &length, &reason)) {
        (void)is_none(file, reason.text, why);
        return NULL;
    }
    settings = sendmail_settings_parse(file, text, length, why);
    free(text);
    return settings;
}
