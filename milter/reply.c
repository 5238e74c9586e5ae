/* SPDX-License-Identifier: ISC */
#include "milter/reply.h"

#include <syslog.h>

#include "milter/log.h"

/* Sendmail uses the text as a format and Postfix undoubles "%%": smfi_setreply(3). */
static void double_percent(const char *text, char *doubled, size_t size)
{
    size_t length = 0;

    for (; *text != '\0' && length + 2 < size; text++) {
        if (*text == '%')
            doubled[length++] = '%';
        doubled[length++] = *text;
    }
    doubled[length] = '\0';
}

sfsistat reply_refuse(SMFICTX *ctx, const struct refusal *refusal)
{
    char code[sizeof(refusal->code)], status[sizeof(refusal->status)];
    char text[2 * REFUSAL_SIZE];

    /* libmilter's arguments are not const. */
    memcpy(code, refusal->code, sizeof(code));
    memcpy(status, refusal->status, sizeof(status));
    double_percent(refusal->text, text, sizeof(text));
    if (smfi_setreply(ctx, code, status, text) != MI_SUCCESS) {
        log_printf(LOG_ERR, "libmilter did not take the reply %s %s", code, status);
        return SMFIS_TEMPFAIL; /* nobody is refused for good without the reason */
    }
    return code[0] == '5' ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}
