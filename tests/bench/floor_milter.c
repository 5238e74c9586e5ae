/* SPDX-License-Identifier: ISC */
/*
 * floor_milter: the cheapest program that libmilter allows: it sees MAIL and RCPT, and accepts
 * everything. What libmilter itself costs, and so the floor that forcetls-milter is measured
 * against.
 *
 *   floor_milter [-h] SOCKET      the path of a unix socket; runs until SIGTERM
 *     -h  sees DATA and the headers as well, as who must read one of them: answers DATA, and gives
 *         no replies to the headers
 */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static sfsistat on_address(SMFICTX *ctx, char **arguments)
{
    (void)ctx;
    (void)arguments;
    return SMFIS_CONTINUE;
}

static sfsistat on_data(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    (void)ctx;
    (void)name;
    (void)value;
    return SMFIS_NOREPLY;
}

static sfsistat on_end_of_headers(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_NOREPLY;
}

static sfsistat on_offer(SMFICTX *ctx, unsigned long actions, unsigned long steps, unsigned long f2,
                         unsigned long f3, unsigned long *our_actions, unsigned long *our_steps,
                         unsigned long *our_f2, unsigned long *our_f3)
{
    (void)ctx;
    (void)actions;
    (void)f2;
    (void)f3;
    *our_actions = *our_f2 = *our_f3 = 0;
    *our_steps = (steps & (SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOBODY | SMFIP_NOUNKNOWN)) |
                 SMFIP_NR_HDR | SMFIP_NR_EOH;
    return SMFIS_CONTINUE;
}

static void see_headers(struct smfiDesc *description)
{
    description->xxfi_data = on_data;
    description->xxfi_header = on_header;
    description->xxfi_eoh = on_end_of_headers;
    description->xxfi_negotiate = on_offer;
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

    if (argc == 3 && strcmp(argv[1], "-h") == 0) {
        see_headers(&description);
    } else if (argc != 2) {
        (void)fprintf(stderr, "usage: floor_milter [-h] SOCKET\n");
        return EX_USAGE;
    }
    (void)snprintf(connection, sizeof(connection), "unix:%s", argv[argc - 1]);
    if (smfi_register(description) != MI_SUCCESS || smfi_setconn(connection) != MI_SUCCESS ||
        smfi_opensocket(1) != MI_SUCCESS) {
        (void)fprintf(stderr, "floor_milter: cannot listen on %s\n", argv[argc - 1]);
        return EX_UNAVAILABLE;
    }
    return smfi_main() == MI_SUCCESS ? EX_OK : EX_SOFTWARE;
}
