/* SPDX-License-Identifier: ISC */
/*
 * `domains` and `domains_file`: patterns that lead to a connector.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "policy/conf/draft.h"
#include "policy/conf/file.h"
#include "policy/conf/suggest.h"
#include "policy/conf/values.h"

#define LINE_MOST 1024 /* bytes of a line of a domains_file */

static struct place known_place(const struct reader *reader, const struct connector *connector)
{
    size_t i = 0;

    while (reader->known[i].connector != connector)
        i++;
    return reader->known[i].place;
}

static void report_conflict(struct draft *draft, const struct connector *other, struct place place,
                            struct span text)
{
    struct place self = reader_place(draft->reader, draft->group);
    struct place theirs = known_place(draft->reader, other);
    char here[PLACE_SIZE], there[PLACE_SIZE];

    place_format(&self, &place, here);
    place_format(&theirs, &place, there);
    report_add(&draft->reader->report, SEVERITY_ERROR, place, text,
               "two connectors have this domain in the same direction: %s (%s) and %s (%s)",
               draft_name(draft), here, other->name != NULL ? other->name : "?", there);
}

struct twice {
    uint32_t index;
    bool found;
};

static void visit_twice(void *data, uint32_t value)
{
    struct twice *twice = data;

    twice->found = twice->found || value == twice->index;
}

/* Whether the pattern leads to this connector already. */
static bool is_there(const struct draft *draft, const struct pattern *pattern)
{
    enum direction direction =
        draft->connector->directions[DIRECTION_INBOUND] ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
    struct twice twice = { .index = draft->index };

    domain_table_same(connectors_table(draft->reader->rules->connectors, direction), pattern,
                      visit_twice, &twice);
    return twice.found;
}

/* Of a line of a domains_file; value_patterns() has been through the list in the file itself. */
static void report_no_domain(struct draft *draft, struct place place, struct span text,
                             const char *what)
{
    struct report *report = &draft->reader->report;
    char hint[DOMAIN_HINT_SIZE];

    domain_hint(text, hint);
    if (is_domain_row(text))
        report_add(report, SEVERITY_ERROR, place, text, "one domain a line");
    else
        report_add(report, SEVERITY_ERROR, place, text, "%s%s", what, hint);
}

/* Tells conf_visit_domains()'s visitor of an entry that was taken. */
static void visit_domain(const struct draft *draft, const struct place *place,
                         const struct pattern *pattern)
{
    const struct reader *reader = draft->reader;
    struct domain_place found = { .connector = draft->connector,
                                  .pattern = pattern,
                                  .key = place->suborder > 0 ? "domains_file" : "domains",
                                  .file = place->file,
                                  .line = place->line };

    if (reader->visit != NULL && draft->connector->name != NULL)
        reader->visit(reader->visit_data, &found);
}

/* One entry; false: memory, and reported. */
static bool take_domain(struct draft *draft, struct place place, struct span text)
{
    struct connectors *connectors = draft->reader->rules->connectors;
    const struct connector *other;
    struct pattern pattern;
    struct why why;

    if (!pattern_parse(&pattern, text, &why)) {
        report_no_domain(draft, place, text, why.text);
        return true;
    }
    if (is_there(draft, &pattern)) {
        report_add(&draft->reader->report, SEVERITY_WARNING, place, text,
                   "the connector has this domain twice");
        return true;
    }
    other = connectors_conflict(connectors, draft->index, &pattern);
    if (other != NULL)
        report_conflict(draft, other, place, text);
    if (pattern.kind == PATTERN_ANY)
        draft->any = place;
    draft->connector->domain_count++;
    if (!connectors_add_domain(connectors, draft->index, &pattern))
        return reader_no_memory(draft->reader);
    visit_domain(draft, &place, &pattern);
    return true;
}

/* What is no pattern has been reported by value_patterns(). */
static void read_list(struct draft *draft, const config_setting_t *list)
{
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *element = config_setting_get_elem(list, (unsigned)i);
        const char *text = config_setting_get_string(element);
        struct pattern pattern;

        if (text != NULL && pattern_parse(&pattern, span_of(text), NULL) &&
            !take_domain(draft, reader_place(draft->reader, element), span_of(text)))
            return;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

/* The domain in a line: without a comment, and without blanks around it. */
static struct span domain_in(struct span line)
{
    for (size_t i = 0; i < line.length; i++) {
        if (line.data[i] == '#')
            line.length = i;
    }
    while (line.length > 0 && is_blank(line.data[line.length - 1]))
        line.length--;
    while (line.length > 0 && is_blank(line.data[0])) {
        line.data++;
        line.length--;
    }
    return line;
}

static bool take_line(struct draft *draft, struct place *place, struct span line)
{
    struct span none = { NULL, 0 };

    place->line++;
    place->suborder++;
    if (place->line == 1 && line.length >= 3 && memcmp(line.data, "\xef\xbb\xbf", 3) == 0) {
        line.data += 3;
        line.length -= 3;
    }
    if (line.length > LINE_MOST) {
        report_add(&draft->reader->report, SEVERITY_ERROR, *place, none,
                   "a line longer than %d bytes", LINE_MOST);
        return true;
    }
    line = domain_in(line);
    return line.length == 0 || take_domain(draft, *place, line);
}

/* Reads the stream in pieces. Of a line that does not fit into a piece only its end is lost,
 * which take_line() refuses for its length. */
static bool read_lines(struct draft *draft, int descriptor, struct place place)
{
    char buffer[65536];
    size_t used = 0;
    bool skipping = false;

    for (;;) {
        ssize_t got = read(descriptor, buffer + used, sizeof(buffer) - used);
        size_t start = 0;
        char *newline;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        used += (size_t)got;
        while ((newline = memchr(buffer + start, '\n', used - start)) != NULL) {
            struct span line = { buffer + start, (size_t)(newline - (buffer + start)) };

            start += line.length + 1;
            if (!skipping && !take_line(draft, &place, line))
                return true;
            skipping = false;
        }
        if (start == 0 && used == sizeof(buffer)) {
            if (!skipping)
                (void)take_line(draft, &place, (struct span){ buffer, used });
            skipping = true;
            start = used;
        }
        memmove(buffer, buffer + start, used - start);
        used -= start;
    }
    if (used > 0 && !skipping)
        (void)take_line(draft, &place, (struct span){ buffer, used });
    return true;
}

/* Keeps the file's name for as long as the diagnostics live. */
static const char *keep_name(struct reader *reader, char *path)
{
    const char *kept = source_keep(&reader->source, path);

    if (kept == NULL)
        (void)reader_no_memory(reader);
    return kept;
}

static void read_domains_file(struct draft *draft, const config_setting_t *setting)
{
    struct reader *reader = draft->reader;
    const char *path = keep_name(reader, value_path(reader, setting));
    struct place place = reader_place(reader, setting);
    size_t before = draft->connector->domain_count, errors = reader->report.errors;
    struct why why;
    int descriptor;

    if (path == NULL)
        return;
    descriptor = file_open(path, &why);
    if (descriptor < 0) {
        reader_say(reader, SEVERITY_ERROR, setting, span_of(path), "domains_file: %s", why.text);
        return;
    }
    place.file = path;
    place.line = 0;
    if (!read_lines(draft, descriptor, place))
        reader_say(reader, SEVERITY_ERROR, setting, span_of(path),
                   "domains_file: cannot read the file: %m");
    else if (draft->connector->domain_count == before && reader->report.errors == errors)
        reader_say(reader, SEVERITY_ERROR, setting, span_of(path),
                   "domains_file: there is no domain in the file");
    (void)close(descriptor);
}

void read_domains(struct draft *draft)
{
    config_setting_t *list = draft_own(draft, "domains"), *file = draft_own(draft, "domains_file");

    if (list != NULL && config_setting_is_aggregate(list))
        read_list(draft, list);
    if (file != NULL && draft_sound(draft, "domains_file"))
        read_domains_file(draft, file);
}
