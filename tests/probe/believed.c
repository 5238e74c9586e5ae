/* SPDX-License-Identifier: ISC */
/*
 * believed: reads what forcetls-prober has written, and prints each line that the daemon would take
 * for garbage, with the reason before it. Exit status 1: there were some.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/probe/hop_json.h"

int main(void)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t length;
    int status = 0;

    while ((length = getline(&text, &room, stdin)) > 0) {
        struct hop_line line;
        struct why why;

        if (text[length - 1] == '\n')
            length--;
        if (!hop_json_read(&line, (struct span){ text, (size_t)length }, &why)) {
            (void)printf("%s: %.*s\n", why.text, (int)length, text);
            status = 1;
        }
        free(line.facts);
    }
    free(text);
    return fflush(stdout) == 0 ? status : 2;
}
