/* SPDX-License-Identifier: ISC */
/*
 * Tests of policy/conf/keys: the table of all keys. For conf-manual.t: with --list it prints the
 * table, a scope, a key and a type in each line; with --read FILE what the file draws.
 */
#include "tests/unit/conf_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/conf/keys.h"

static void keys__each__found_in_its_scope_only_once(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (int scope = 0; scope < SCOPES; scope++) {
        size_t count;
        const struct key *keys = keys_of((enum scope)scope, &count);

        bad += row(count > 0 && count < 64, "scope %d: %zu keys", scope, count);
        for (size_t i = 0; i < count; i++) {
            const struct key *found = key_find((enum scope)scope, keys[i].name);

            bad +=
                row(key_in_scope(&keys[i], (enum scope)scope) ? found == &keys[i] : found == NULL,
                    "%s %s", keys[i].name, scope_word((enum scope)scope));
            bad += row(key_type_word(keys[i].type) != NULL && keys[i].example != NULL, "%s",
                       keys[i].name);
        }
    }
    assert_int_equal(bad, 0);
}

/* What stands for something longer, or for a file that is elsewhere, is no example to be read. */
static bool is_complete(const struct key *key)
{
    return strstr(key->example, "...") == NULL && strstr(key->example, "/etc/") == NULL &&
           strstr(key->example, "/usr/") == NULL && key->type != KEY_PIN_FILE;
}

/* 1 where the example, put where the key belongs, draws something about itself. */
static unsigned check_example(const struct key *key, const char *before, const char *behind)
{
    char text[400], wrong[2][100], *drawn;
    unsigned bad;
    bool good;

    (void)snprintf(text, sizeof(text), "%s%s = %s;%s\n", before, key->name, key->example, behind);
    (void)snprintf(wrong[0], sizeof(wrong[0]), "%s must be ", key->name);
    (void)snprintf(wrong[1], sizeof(wrong[1]), ": %s: ", key->name);
    conf_write("t.conf", span_of(text));
    drawn = conf_diagnostics("t.conf", &good);
    bad = row(strstr(drawn, wrong[0]) == NULL && strstr(drawn, wrong[1]) == NULL &&
                  strstr(drawn, "unknown key") == NULL && strstr(drawn, "syntax error") == NULL,
              "%s draws %s", text, drawn);
    free(drawn);
    return bad;
}

static void keys__example_of_each__is_accepted(void **state)
{
    static const char *const files[] = { "contoso.domains", "contoso-ca.pem" };
    static const struct {
        enum scope scope;
        const char *before, *behind;
    } frames[] = {
        { SCOPE_TOP, "", "" },
        { SCOPE_DEFAULTS, "defaults: { ", " };" },
        { SCOPE_PROBE, "probe: { ", " };" },
        { SCOPE_DNS, "dns: { ", " };" },
        { SCOPE_CONNECTOR, "connectors = ( { ", " } );" },
        { SCOPE_CERTIFICATE, "defaults: { certificates = ( { ", " } ); };" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(files); i++)
        conf_write(files[i], span_of("contoso.com\n"));
    for (size_t s = 0; s < ROWS(frames); s++) {
        size_t count;
        const struct key *keys = keys_of(frames[s].scope, &count);

        for (size_t i = 0; i < count; i++) {
            if (is_complete(&keys[i]) && key_in_scope(&keys[i], frames[s].scope))
                bad += check_example(&keys[i], frames[s].before, frames[s].behind);
        }
    }
    assert_int_equal(bad, 0);
}

static int list(void)
{
    static const char *const words[SCOPES] = {
        [SCOPE_TOP] = "top", [SCOPE_DEFAULTS] = "defaults",   [SCOPE_PROBE] = "probe",
        [SCOPE_DNS] = "dns", [SCOPE_CONNECTOR] = "connector", [SCOPE_CERTIFICATE] = "certificate",
    };

    for (int scope = 0; scope < SCOPES; scope++) {
        size_t count;
        const struct key *keys = keys_of((enum scope)scope, &count);

        for (size_t i = 0; i < count; i++) {
            if (key_in_scope(&keys[i], (enum scope)scope))
                (void)printf("%s\t%s\t%s\n", words[scope], keys[i].name,
                             key_type_word(keys[i].type));
        }
    }
    return 0;
}

static int read_one(const char *file)
{
    bool good;
    char *drawn = conf_diagnostics(file, &good);

    (void)printf("%s%s\n", drawn, good ? "rules" : "no rules");
    free(drawn);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys__each__found_in_its_scope_only_once),
        cmocka_unit_test(keys__example_of_each__is_accepted),
    };

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    if (argc == 3 && strcmp(argv[1], "--read") == 0)
        return read_one(argv[2]);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
