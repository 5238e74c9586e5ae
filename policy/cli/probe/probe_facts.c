/* SPDX-License-Identifier: ISC */
/*
 * For explain: what was found at next hops, from a file of the prober's lines, as somebody who asks
 * for it.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/probe/probe.h"
#include "policy/probe/hop_json.h"

/* False: it is not a line of facts, or memory ran out. */
static bool take_line(struct probe *probe, struct span text, struct why *why)
{
    struct hop_line line = { .facts = NULL };
    struct probe_hop *hop;
    struct why reason;

    if (!hop_json_read(&line, text, &reason))
        return why_fail(why, "not an answer of forcetls-prober: %s", reason.text);
    if (line.type != HOP_LINE_RESULT)
        return why_fail(why, "forcetls-prober has found nothing: '%s'", line.text);
    hop = probe_find(probe, line.hop);
    if (hop == NULL) {
        free(line.facts);
        return why_fail(why, "out of memory");
    }
    free(hop->facts); /* the last one counts */
    hop->facts = line.facts;
    hop->started = line.started;
    return true;
}

static bool read_lines(struct probe *probe, FILE *file, struct why *why)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool good = true;

    while (good && (length = getline(&line, &room, file)) > 0) {
        if (line[length - 1] == '\n')
            length--;
        good = length == 0 || take_line(probe, (struct span){ line, (size_t)length }, why);
    }
    free(line);
    if (good && ferror(file))
        return why_fail(why, "cannot read it: %s", strerror(errno));
    return good && (probe->hop_count > 0 || why_fail(why, "there is nothing in it"));
}

bool probe_read_facts(struct probe *probe, const char *name, struct why *why)
{
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    struct why reason;
    bool good;

    if (file == NULL)
        return why_fail(why, "--hop: %s ('%.200s')", strerror(errno), name);
    good = read_lines(probe, file, &reason);
    if (file != stdin)
        (void)fclose(file);
    return good || why_fail(why, "--hop: %s ('%.200s')", reason.text, name);
}
