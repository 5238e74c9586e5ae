/* SPDX-License-Identifier: ISC */
#include "policy/conf/conf.h"

#include <stdlib.h>
#include <time.h>

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

struct rules *conf_read(const char *file, struct diagnostics *diagnostics)
{
    struct reader reader = { .now = (int64_t)time(NULL) };

    config_init(&reader.config);
    if (source_read(&reader.source, file, &reader.report) &&
        syntax_check(&reader.source, &reader.report) && parse(&reader))
        fill(&reader);
    config_destroy(&reader.config);
    report_finish(&reader.report, file, diagnostics);
    source_release(&reader.source);
    free(reader.known);
    if (diagnostics->errors == 0)
        return reader.rules;
    rules_free(reader.rules);
    return NULL;
}
