/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/check/postfix_not_served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/postfix_check.h"
#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"
#include "policy/cli/check/postfix_tls_map.h"

char *map_type_later(char *command)
{
    char *later = NULL;
    size_t size;
    FILE *stream;

    if (command == NULL)
        return NULL;
    stream = open_memstream(&later, &size);
    if (stream != NULL) {
        for (const char *line = command; *line != '\0';) {
            int length = (int)strcspn(line, "\n"), skip = strncmp(line, "# ", 2) == 0 ? 2 : 0;

            (void)fprintf(stream, "%s# later: %.*s", line > command ? "\n" : "", length - skip,
                          line + skip);
            line += length + (line[length] == '\n');
        }
        if (fclose(stream) != 0) {
            free(later);
            later = NULL;
        }
    }
    free(command);
    return later;
}

/* The map is attached although nobody answers there. */
void check_map_not_served(const struct postfix_case *given, const char *word)
{
    struct map_walk walk;
    struct map_place map;

    map_walk_start(given, &walk);
    while (map_walk_next(given, &walk, &map)) {
        if (map.meeting == MEETING_NONE)
            continue;
        postfix_say(given, SEVERITY_WARNING, word, map.place.service,
                    command_set_free(given->settings, map.place.service, map.parameter,
                                     list_without(map.place.value, map.element)),
                    "%s asks forcetls ('%.*s'), which does not answer there in this version: all "
                    "mail out waits",
                    map.parameter, (int)map.element.length, map.element.data);
    }
}
