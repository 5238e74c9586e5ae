/* SPDX-License-Identifier: ISC */
/* forcetls.conf: rules, or errors that say where. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "policy/conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diagnostics diagnostics;
    struct rules *rules;
    char line[1024];

    /* What it includes would be of this machine; and libconfig's own parser is slow with much. */
    if (size > 20000 || memmem(data, size, "include", 7) != NULL || memchr(data, '/', size) != NULL)
        return 0;
    rules = conf_read(fuzz_file(data, size), 1767225600, &diagnostics);
    MUST((rules == NULL) == (diagnostics.errors > 0));
    for (size_t i = 0; i < diagnostics.count; i++) {
        diagnostic_format(&diagnostics.items[i], line, sizeof(line));
        fuzz_must_be_printable(line);
    }
    diagnostics_release(&diagnostics);
    rules_free(rules);
    return 0;
}
