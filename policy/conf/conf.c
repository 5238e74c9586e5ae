/* SPDX-License-Identifier: ISC */
#include "policy/conf/conf.h"

#include <stdlib.h>

#include "policy/conf/reader.h"
#include "policy/conf/syntax.h"

/* Text -> libconfig's tree. */
static bool parse(struct reader *reader)
{
    if (config_read_string(&reader->config, reader->source.text) == CONFIG_TRUE)
        return true;
    syntax_report(&reader->source, (unsigned)config_error_line(&reader->config),
                  config_error_text(&reader->config), &reader->report);
    return false;
}

/* libconfig's tree -> rules. */
static void fill(struct reader *reader)
{
    config_setting_t *root = config_root_setting(&reader->config);

    reader->rules = rules_new();
    if (reader->rules == NULL) {
        (void)reader_no_memory(reader);
        return;
    }
    read_settings(reader, root);
    read_connectors(reader, root);
}

/* The whole way, but for the report. */
static void read_all(struct reader *reader, const char *file)
{
    config_init(&reader->config);
    if (source_read(&reader->source, file, &reader->report) &&
        syntax_check(&reader->source, &reader->report) && parse(reader))
        fill(reader);
    config_destroy(&reader->config);
}

/* All but the rules. The report names files that the source owns. */
static void reader_release(struct reader *reader)
{
    report_release(&reader->report);
    source_release(&reader->source);
    free(reader->known);
}

struct rules *conf_read(const char *file, int64_t now, struct diagnostics *diagnostics)
{
    struct reader reader = { .now = now };

    read_all(&reader, file);
    report_finish(&reader.report, file, diagnostics);
    reader_release(&reader);
    if (diagnostics->errors == 0)
        return reader.rules;
    rules_free(reader.rules);
    return NULL;
}

void conf_visit_domains(const char *file, int64_t now,
                        void (*visit)(void *data, const struct domain_place *place), void *data)
{
    struct reader reader = { .now = now, .visit = visit, .visit_data = data };

    read_all(&reader, file);
    reader_release(&reader);
    rules_free(reader.rules);
}
