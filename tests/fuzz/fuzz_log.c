/* SPDX-License-Identifier: ISC */
/* A line of the maillog, as "forcetls log" and "forcetls explain --log" read it. */
#include "tests/fuzz/fuzz.h"

#include "policy/cli/explain/logged.h"
#include "policy/logfields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_copy(data, size), *buffer = malloc(size + 1);
    struct span all = { copy, size }, line = fuzz_line(&all);
    struct logfields fields;
    struct logged logged;
    struct why why;

    MUST(buffer != NULL);
    if (logfields_read(&fields, line)) {
        for (int i = 0; i < LOGFIELDS; i++) {
            struct span value = logfields_decode(&fields, (enum logfield)i, buffer);

            MUST(value.length <= fields.values[i].length);
        }
    }
    if (!logged_read(&logged, line, &why))
        fuzz_must_be_printable(why.text);
    logged_release(&logged);
    free(buffer);
    free(copy);
    return 0;
}
