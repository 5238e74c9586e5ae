/* SPDX-License-Identifier: ISC */
/* The lines between the daemon and forcetls-prober, both ways. */
#include "tests/fuzz/fuzz.h"

#include "policy/probe/hop_json.h"
#include "policy/probe/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_copy(data, size);
    struct span line = { copy, size };
    struct hop_line answer = { .facts = NULL };
    struct request request;
    struct why why;

    if (!hop_json_read(&answer, line, &why))
        fuzz_must_be_printable(why.text);
    else if (answer.type == HOP_LINE_ERROR)
        fuzz_must_be_printable(answer.text);
    else if (answer.type == HOP_LINE_RESULT)
        MUST(answer.facts != NULL && answer.size > 0);
    free(answer.facts);
    if (!request_read(&request, line, &why))
        fuzz_must_be_printable(why.text);
    request_release(&request);
    free(copy);
    return 0;
}
