/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/check/postfix_settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/span.h"

/* "name = value"; of a service "name/type/parameter = value". */
struct row {
    struct span name, value;
};

static struct span part(struct span text, size_t start, size_t end)
{
    return (struct span){ text.data + start, end - start };
}

/* The position of the last such byte, or the length. */
static size_t last_position(struct span text, char c)
{
    for (size_t i = text.length; i > 0; i--) {
        if (text.data[i - 1] == c)
            return i - 1;
    }
    return text.length;
}

/* Takes the next line that is a row from `rest`. */
static bool row_next(const char **rest, struct row *row)
{
    while (**rest != '\0') {
        struct span line = { *rest, strcspn(*rest, "\n") };
        const char *sign = memmem(line.data, line.length, " =", 2);

        *rest += line.length + (line.data[line.length] == '\n');
        if (sign == NULL)
            continue;
        row->name = part(line, 0, (size_t)(sign - line.data));
        row->value = part(line, row->name.length + 2, line.length);
        while (row->value.length > 0 && row->value.data[0] == ' ')
            row->value = part(row->value, 1, row->value.length);
        return true;
    }
    return false;
}

static char *copy(struct span text)
{
    return strndup(text.data, text.length);
}

static struct postfix_parameter *parameter_find(const struct postfix_parameters *parameters,
                                                struct span name)
{
    for (size_t i = parameters->count; i > 0; i--) {
        if (span_equal(span_of(parameters->items[i - 1].name), name))
            return &parameters->items[i - 1];
    }
    return NULL;
}

static void parameters_release(struct postfix_parameters *parameters)
{
    for (size_t i = 0; i < parameters->count; i++) {
        free(parameters->items[i].name);
        free(parameters->items[i].value);
        free(parameters->items[i].raw);
    }
    free(parameters->items);
}

/* Until its own spelling is known, what is written is the value. */
static bool parameter_add(struct postfix_parameters *parameters, struct span name,
                          struct span value)
{
    struct postfix_parameter *item;

    if (parameters->count == parameters->room) {
        size_t room = parameters->room > 0 ? 2 * parameters->room : 8;
        struct postfix_parameter *items = realloc(parameters->items, room * sizeof(*items));

        if (items == NULL)
            return false;
        parameters->items = items;
        parameters->room = room;
    }
    item = &parameters->items[parameters->count++];
    *item = (struct postfix_parameter){ copy(name), copy(value), copy(value) };
    return item->name != NULL && item->value != NULL && item->raw != NULL;
}

static bool parameter_set_raw(struct postfix_parameter *parameter, struct span raw)
{
    char *text = copy(raw);

    if (text == NULL)
        return false;
    free(parameter->raw);
    parameter->raw = text;
    return true;
}

/* The service that a row of -F or -P is about; what is left of the name is the last part. */
static struct postfix_service *service_of(struct postfix_settings *settings, struct span *name)
{
    size_t slash = last_position(*name, '/'), middle;
    struct span service = part(*name, 0, slash), type;

    if (slash == name->length)
        return NULL;
    middle = last_position(service, '/');
    if (middle == service.length)
        return NULL;
    type = part(service, middle + 1, slash);
    service.length = middle;
    *name = part(*name, slash + 1, name->length);
    for (size_t i = 0; i < settings->service_count; i++) {
        struct postfix_service *candidate = &settings->services[i];

        if (span_equal(span_of(candidate->name), service) &&
            span_equal(span_of(candidate->type), type))
            return candidate;
    }
    return NULL;
}

/* The first row of each service is NAME/TYPE/service = NAME. */
static bool service_add(struct postfix_settings *settings, struct row row)
{
    size_t slash = last_position(row.name, '/');
    struct span type = part(row.name, 0, slash);
    struct postfix_service *services, *service;
    size_t middle = last_position(type, '/');

    if (slash == row.name.length || middle == type.length)
        return true; /* not a row of -F: nothing to add */
    type = part(type, middle + 1, type.length);
    services = realloc(settings->services, (settings->service_count + 1) * sizeof(*services));
    if (services == NULL)
        return false;
    settings->services = services;
    service = &services[settings->service_count++];
    *service = (struct postfix_service){ .name = copy(row.value), .type = copy(type) };
    return service->name != NULL && service->type != NULL;
}

/* "/usr/lib/postfix/sbin/smtpd -o ..." is smtpd. */
static bool service_set_command(struct postfix_service *service, struct span command)
{
    size_t slash;

    for (size_t i = 0; i < command.length; i++) {
        if (command.data[i] == ' ' || command.data[i] == '\t')
            command.length = i;
    }
    slash = last_position(command, '/');
    if (slash < command.length)
        command = part(command, slash + 1, command.length);
    free(service->command);
    service->command = copy(command);
    return service->command != NULL;
}

static bool chroot_is_default(const struct postfix_settings *settings)
{
    const char *level = postfix_value(settings, NULL, "compatibility_level");

    return level == NULL || strtol(level, NULL, 10) < 1;
}

static bool parse_service_row(struct postfix_settings *settings, struct row row)
{
    struct span field = row.name;
    struct postfix_service *service = service_of(settings, &field);

    if (service == NULL)
        return service_add(settings, row);
    if (span_equal(field, span_of("command")))
        return service_set_command(service, row.value);
    if (span_equal(field, span_of("chroot")))
        service->chrooted = span_equal(row.value, span_of("-"))
                                ? chroot_is_default(settings)
                                : span_equal(row.value, span_of("y"));
    return true;
}

static bool parse_services(struct postfix_settings *settings, const char *text)
{
    struct row row;

    while (row_next(&text, &row)) {
        if (!parse_service_row(settings, row))
            return false;
    }
    for (size_t i = 0; i < settings->service_count; i++) {
        struct postfix_service *service = &settings->services[i];

        if (service->command == NULL && !service_set_command(service, span_of("")))
            return false;
    }
    return true;
}

static bool parse_main(struct postfix_settings *settings, const char *text, bool raw)
{
    struct row row;

    while (row_next(&text, &row)) {
        struct postfix_parameter *known = raw ? parameter_find(&settings->main, row.name) : NULL;

        if (known != NULL ? !parameter_set_raw(known, row.value)
                          : !parameter_add(&settings->main, row.name, row.value))
            return false;
    }
    return true;
}

static bool parse_overrides(struct postfix_settings *settings, const char *text, bool raw)
{
    struct row row;

    while (row_next(&text, &row)) {
        struct postfix_service *service = service_of(settings, &row.name);
        struct postfix_parameter *known;

        if (service == NULL)
            continue;
        known = raw ? parameter_find(&service->overrides, row.name) : NULL;
        if (known != NULL ? !parameter_set_raw(known, row.value)
                          : !parameter_add(&service->overrides, row.name, row.value))
            return false;
    }
    return true;
}

bool postfix_settings_parse(struct postfix_settings *settings, const struct postfix_texts *texts,
                            struct why *why)
{
    *settings = (struct postfix_settings){ .directory = NULL };
    if (!parse_main(settings, texts->main, false) || !parse_main(settings, texts->main_raw, true) ||
        !parse_services(settings, texts->services) ||
        !parse_overrides(settings, texts->overrides, false) ||
        !parse_overrides(settings, texts->overrides_raw, true))
        return why_fail(why, "out of memory");
    return true;
}

void postfix_settings_release(struct postfix_settings *settings)
{
    for (size_t i = 0; i < settings->service_count; i++) {
        struct postfix_service *service = &settings->services[i];

        free(service->name);
        free(service->type);
        free(service->command);
        parameters_release(&service->overrides);
    }
    free(settings->services);
    free(settings->directory);
    parameters_release(&settings->main);
    *settings = (struct postfix_settings){ .directory = NULL };
}

static const struct postfix_parameter *effective(const struct postfix_settings *settings,
                                                 const struct postfix_service *service,
                                                 const char *name)
{
    const struct postfix_parameter *own = NULL;

    if (service != NULL)
        own = parameter_find(&service->overrides, span_of(name));
    return own != NULL ? own : parameter_find(&settings->main, span_of(name));
}

const char *postfix_value(const struct postfix_settings *settings,
                          const struct postfix_service *service, const char *name)
{
    const struct postfix_parameter *parameter = effective(settings, service, name);

    return parameter != NULL ? parameter->value : NULL;
}

const char *postfix_raw(const struct postfix_settings *settings,
                        const struct postfix_service *service, const char *name)
{
    const struct postfix_parameter *parameter = effective(settings, service, name);

    return parameter != NULL ? parameter->raw : NULL;
}

static const char *value_or(const struct postfix_settings *settings, const char *name,
                            const char *otherwise)
{
    const char *value = postfix_value(settings, NULL, name);

    return value != NULL && *value != '\0' ? value : otherwise;
}

const char *postfix_queue_directory(const struct postfix_settings *settings)
{
    return value_or(settings, "queue_directory", "/var/spool/postfix");
}

const char *postfix_mail_owner(const struct postfix_settings *settings)
{
    return value_or(settings, "mail_owner", "postfix");
}

bool postfix_overrides(const struct postfix_service *service, const char *name)
{
    return parameter_find(&service->overrides, span_of(name)) != NULL;
}

bool postfix_is(const struct postfix_settings *settings, const struct postfix_service *service,
                const char *name, const char *word)
{
    const char *value = postfix_value(settings, service, name);

    return value != NULL && strcasecmp(value, word) == 0;
}

bool postfix_is_set(const struct postfix_settings *settings, const struct postfix_service *service,
                    const char *name)
{
    const char *value = postfix_value(settings, service, name);

    return value != NULL && *value != '\0';
}
