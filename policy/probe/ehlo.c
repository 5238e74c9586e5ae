/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/ehlo.h"

#include <stdio.h>
#include <string.h>

#define KEYWORD_MOST 512 /* bytes of a line that are kept */

void ehlo_write(char line[EHLO_LINE_SIZE], const char *helo, const char *host,
                const struct ip *ours)
{
    const char *name = *helo == '\0' && strchr(host, '.') != NULL ? host : helo;
    char address[IP_TEXT_SIZE];

    if (*name != '\0') {
        (void)snprintf(line, EHLO_LINE_SIZE, "EHLO %s\r\n", name);
        return;
    }
    ip_format(ours, address);
    (void)snprintf(line, EHLO_LINE_SIZE, "EHLO [%s%s]\r\n", ours->family == 6 ? "IPv6:" : "",
                   address);
}

/* What a keyword ends with, for Postfix too. */
static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == '=';
}

bool ehlo_read(const struct reply *reply, struct texts_found *offered)
{
    static const char starttls[] = "STARTTLS";
    bool offers = false;

    texts_release(offered);
    for (size_t i = 1; i < reply->lines; i++) {
        struct span line = reply_line(reply, i);
        size_t word = 0;

        texts_add(offered, line.data, line.length < KEYWORD_MOST ? line.length : KEYWORD_MOST);
        while (word < line.length && !is_separator(line.data[word]))
            word++;
        if (span_equal_nocase((struct span){ line.data, word }, span_of(starttls)))
            offers = true;
    }
    return offers;
}
