/* SPDX-License-Identifier: ISC */
/*
 * floor_milter: the cheapest program that libmilter allows: it sees MAIL and RCPT, and accepts
 * everything. What libmilter itself costs, and so the floor that forcetls-milter is measured
 * against.
 *
 *   floor_milter SOCKET      the path of a unix socket; runs until SIGTERM
 */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <sysexits.h>

static sfsistat on_address(SMFICTX *ctx, char **arguments)
{
    (void)ctx;
    (void)arguments;
    return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
    static char name[] = "floor", connection[128];
    struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_NONE,
        .xxfi_envfrom = on_address,
        .xxfi_envrcpt = on_address,
    };

    if (argc != 2) {
        (void)fprintf(stderr, "usage: floor_milter SOCKET\n");
        return EX_USAGE;
    }
    (void)snprintf(connection, sizeof(connection), "unix:%s", argv[1]);
    if (smfi_register(description) != MI_SUCCESS || smfi_setconn(connection) != MI_SUCCESS ||
        smfi_opensocket(1) != MI_SUCCESS) {
        (void)fprintf(stderr, "floor_milter: cannot listen on %s\n", argv[1]);
        return EX_UNAVAILABLE;
    }
    return smfi_main() == MI_SUCCESS ? EX_OK : EX_SOFTWARE;
}
