/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/needs: which connector is the first to need something of the MTA. */
#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/needs.h"
#include "tests/unit/build.h"

enum pins { PINS_NONE, PINS_FINGERPRINT, PINS_PUBLIC_KEY, PINS_FILE };

static struct connector *make(const char *name, enum level level, bool inbound, bool outbound,
                              enum pins pins)
{
    struct connector *connector = build_connector(name, level);
    struct certificate_entry *entry = build_entry(connector);

    connector->directions[DIRECTION_INBOUND] = inbound;
    connector->directions[DIRECTION_OUTBOUND] = outbound;
    build_entry_name(entry, "mail.contoso.com");
    if (pins == PINS_NONE)
        return connector;
    entry = build_entry(connector);
    entry->has_fingerprint = pins == PINS_FINGERPRINT;
    entry->has_public_key = pins == PINS_PUBLIC_KEY;
    entry->fingerprint = entry->public_key = build_digest(1);
    if (pins == PINS_FILE) {
        entry->pin_file = strdup("partner.pem");
        entry->pins = calloc(1, sizeof(*entry->pins));
        assert_non_null(entry->pins);
        entry->pin_count = 1;
    }
    return connector;
}

/* A letter for each need that is there. */
static const char *letters(const struct needs *needs, char text[8])
{
    const struct connector *members[] = { needs->inbound, needs->certificate, needs->chain,
                                          needs->verify,  needs->pins,        needs->outbound };
    size_t length = 0;

    for (size_t i = 0; i < ROWS(members); i++) {
        if (members[i] != NULL)
            text[length++] = "icnvpo"[i];
    }
    text[length] = '\0';
    return text;
}

static void needs_of__one_connector__what_its_level_needs(void **state)
{
    static const struct {
        enum level level;
        bool inbound, outbound;
        enum pins pins;
        const char *needs; /* inbound, certificate, chain (n), verify, pins, outbound */
    } rows[] = {
        { LEVEL_MAY, true, true, PINS_FINGERPRINT, "" },
        { LEVEL_ENCRYPT, true, false, PINS_NONE, "i" },
        { LEVEL_ENCRYPT, true, false, PINS_FINGERPRINT, "i" },
        { LEVEL_VERIFY, true, false, PINS_NONE, "icnv" },
        { LEVEL_VERIFY, true, false, PINS_PUBLIC_KEY, "icnv" },
        { LEVEL_SECURE, true, false, PINS_NONE, "icn" },
        { LEVEL_SECURE, true, false, PINS_FINGERPRINT, "icnp" },
        { LEVEL_SECURE, true, false, PINS_PUBLIC_KEY, "icnp" },
        { LEVEL_SECURE, true, false, PINS_FILE, "icnp" },
        { LEVEL_FINGERPRINT, true, false, PINS_FINGERPRINT, "icp" },
        { LEVEL_FINGERPRINT, true, false, PINS_FILE, "icp" },
        { LEVEL_ENCRYPT, false, true, PINS_NONE, "o" },
        { LEVEL_SECURE, false, true, PINS_FINGERPRINT, "o" },
        { LEVEL_FINGERPRINT, false, true, PINS_FINGERPRINT, "o" },
        { LEVEL_SECURE, true, true, PINS_FINGERPRINT, "icnpo" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (int mode = 0; mode < MODES; mode++) {
            struct rules *rules = build_rules();
            struct connector *connector =
                make("x", rows[i].level, rows[i].inbound, rows[i].outbound, rows[i].pins);
            struct needs needs;
            char text[8];

            connector->mode = (enum mode)mode;
            (void)build_add(rules, connector, "contoso.com");
            build_finish(rules);
            needs_of(rules, &needs);
            bad += row(strcmp(letters(&needs, text), rows[i].needs) == 0, "row %zu: '%s'", i, text);
            rules_free(rules);
        }
    }
    assert_int_equal(bad, 0);
}

static void needs_of__several__the_first_that_needs_it(void **state)
{
    struct rules *rules = build_rules();
    const struct connector *encrypt, *secure, *verify, *pinned, *out;
    struct needs needs;

    (void)state;
    (void)build_add(rules, make("exception", LEVEL_MAY, true, true, PINS_NONE), "a.example");
    encrypt = build_add(rules, make("encrypt", LEVEL_ENCRYPT, true, false, PINS_NONE), "b.example");
    secure = build_add(rules, make("secure", LEVEL_SECURE, true, false, PINS_NONE), "c.example");
    verify = build_add(rules, make("verify", LEVEL_VERIFY, true, false, PINS_NONE), "d.example");
    (void)build_add(rules, make("verify2", LEVEL_VERIFY, true, false, PINS_NONE), "e.example");
    pinned = build_add(rules, make("pin", LEVEL_FINGERPRINT, true, false, PINS_FILE), "f.example");
    out = build_add(rules, make("out", LEVEL_ENCRYPT, false, true, PINS_NONE), "g.example");
    (void)build_add(rules, make("out2", LEVEL_SECURE, true, true, PINS_FILE), "h.example");
    build_finish(rules);
    needs_of(rules, &needs);
    assert_ptr_equal(needs.inbound, encrypt);
    assert_ptr_equal(needs.certificate, secure);
    assert_ptr_equal(needs.chain, secure);
    assert_ptr_equal(needs.verify, verify);
    assert_ptr_equal(needs.pins, pinned);
    assert_ptr_equal(needs.outbound, out);
    rules_free(rules);
}

static void needs_of__no_connectors__nothing(void **state)
{
    struct rules *rules = build_rules();
    struct needs needs;
    char text[8];

    (void)state;
    build_finish(rules);
    memset(&needs, 0xff, sizeof(needs));
    needs_of(rules, &needs);
    assert_string_equal(letters(&needs, text), "");
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_of__one_connector__what_its_level_needs),
        cmocka_unit_test(needs_of__several__the_first_that_needs_it),
        cmocka_unit_test(needs_of__no_connectors__nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
