/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/options.h"

#include <getopt.h>
#include <stddef.h>

static const struct option words[] = {
    { "user", required_argument, NULL, 'u' },
    { "version", no_argument, NULL, 'V' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

bool probe_options_parse(struct probe_options *options, int argc, char **argv, struct why *why)
{
    int letter;

    *options = (struct probe_options){ .user = NULL };
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":u:Vh", words, NULL)) != -1) {
        switch (letter) {
        case 'u':
            options->user = optarg;
            break;
        case 'V':
            options->version = true;
            break;
        case 'h':
            options->help = true;
            break;
        case ':':
            return why_fail(why, "option '%s' needs an argument", argv[optind - 1]);
        default:
            if (optopt != 0)
                return why_fail(why, "unknown option '-%c'", optopt);
            return why_fail(why, "unknown option '%s'", argv[optind - 1]);
        }
    }
    if (optind < argc)
        return why_fail(why, "unknown argument '%s'", argv[optind]);
    return true;
}

void probe_options_usage(FILE *file)
{
    (void)fprintf(
        file,
        "usage: forcetls-prober [-u USER] [-V] [-h]\n"
        "\n"
        "Looks at next hops for mail and says what it finds. Reads requests and writes answers, a\n"
        "JSON object a line, on standard input and output; ends when there is nothing left to do.\n"
        "\n"
        "  -u, --user USER  whom to become when started as root (default: forcetls-prober where\n"
        "                   there is such a user, else nobody)\n"
        "  -V, --version    print the version\n"
        "  -h, --help       print this\n"
        "\n"
        "  echo '{\"v\":1,\"type\":\"probe\",\"id\":1,\"hop\":\"example.org\",\"stores\":[\"\"]}' "
        "|\n"
        "      forcetls-prober\n");
}
