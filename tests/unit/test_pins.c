/* SPDX-License-Identifier: ISC */
/* Tests of policy/x509/pins: what a PEM file pins. */
#include "tests/unit/conf_case.h"

#include <stdlib.h>
#include <string.h>

#include "policy/x509/pins.h"

/* A self-signed certificate of mail.partner.test, the public key in it, and what
 * `openssl x509 -noout -fingerprint -sha256` and the sha256sum of
 * `openssl pkey -pubin -outform DER` say of them. */
#define CERTIFICATE                                                      \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBjzCCATWgAwIBAgIUPLX27PMytPHWvCkaZWtAznI9SewwCgYIKoZIzj0EAwIw\n" \
    "HDEaMBgGA1UEAwwRbWFpbC5wYXJ0bmVyLnRlc3QwIBcNMjYxMTI0MjMzNDIyWhgP\n" \
    "MjEyNjEwMzEyMzM0MjJaMBwxGjAYBgNVBAMMEW1haWwucGFydG5lci50ZXN0MFkw\n" \
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESsc500gQi4HCUcYLvLVbQliCRsPABDoI\n" \
    "Ofjq4MH5nlTHQSshIRaDxDk7Wcg4SJSBN5CoXb5vuv7PNqk2ERQIN6NTMFEwHQYD\n" \
    "VR0OBBYEFHfE3OkWexJ9Iq7E5Mz1soiculGkMB8GA1UdIwQYMBaAFHfE3OkWexJ9\n" \
    "Iq7E5Mz1soiculGkMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh\n" \
    "AImx5tREOvd8rmFIuHNNZ47H/YlB+voIUMVNzQAhUd49AiBSqlf7vXez8jZOnvlv\n" \
    "hNVId1Jfl5OdL8tRpxOGlhKpCQ==\n"                                     \
    "-----END CERTIFICATE-----\n"
#define PUBLIC_KEY                                                       \
    "-----BEGIN PUBLIC KEY-----\n"                                       \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESsc500gQi4HCUcYLvLVbQliCRsPA\n" \
    "BDoIOfjq4MH5nlTHQSshIRaDxDk7Wcg4SJSBN5CoXb5vuv7PNqk2ERQINw==\n"     \
    "-----END PUBLIC KEY-----\n"
#define BLOCK(name) "-----BEGIN " name "-----\nAAAA\n-----END " name "-----\n"

static const char certificate_pin[] =
    "f025ffb3d1d634338a8b492af6186399f5aeab69383eac4cfe68186f39003d73";
static const char public_key_pin[] =
    "1c3d98ca41a119317f76429cb2bd06289dabc4d83b53ad82d2e8305d50fab59b";

static unsigned check_pin(const struct pin *pin, bool public_key)
{
    char text[DIGEST_TEXT_SIZE];

    digest_format(&pin->digest, text);
    return row(pin->public_key == public_key &&
                   strcmp(text, public_key ? public_key_pin : certificate_pin) == 0,
               "%s", text);
}

static void pins_read__certificates_and_keys__all_of_them(void **state)
{
    struct pin *pins;
    struct why why = { "" };
    unsigned bad = 0;
    size_t count;

    (void)state;
    conf_write("pins.pem", span_of("subject=CN = mail.partner.test\n" CERTIFICATE
                                   "\nthe next one\r\n" PUBLIC_KEY BLOCK("X509 CRL") CERTIFICATE));
    assert_true(pins_read("pins.pem", &pins, &count, &why));
    assert_int_equal(count, 3);
    bad += check_pin(&pins[0], false);
    bad += check_pin(&pins[1], true);
    bad += check_pin(&pins[2], false);
    assert_int_equal(bad, 0);
    free(pins);
}

static void pins_read__lines_end_with_crlf__read(void **state)
{
    static const char unix_text[] = PUBLIC_KEY;
    char text[2 * sizeof(unix_text)];
    struct pin *pins;
    size_t length = 0, count;

    (void)state;
    for (const char *c = unix_text; *c != '\0'; c++) {
        if (*c == '\n')
            text[length++] = '\r';
        text[length++] = *c;
    }
    conf_write("pins.pem", (struct span){ text, length });
    assert_true(pins_read("pins.pem", &pins, &count, NULL));
    assert_int_equal(count, 1);
    assert_int_equal(check_pin(&pins[0], true), 0);
    free(pins);
}

static void pins_read__what_pins_nothing__error(void **state)
{
    static const struct {
        struct span text;
        const char *why;
    } rows[] = {
        { S(""), "no CERTIFICATE or PUBLIC KEY block in PEM form" },
        { S("hello\n"), "no CERTIFICATE or PUBLIC KEY block in PEM form" },
        { S(BLOCK("X509 CRL")), "no CERTIFICATE or PUBLIC KEY block in PEM form" },
        { S("\x30\x82\x01\x8f\x30\x82\0\0"), "no CERTIFICATE or PUBLIC KEY block in PEM form" },
        { S(CERTIFICATE BLOCK("PRIVATE KEY")), "a private key has no business in a file of pins" },
        { S(BLOCK("RSA PRIVATE KEY")), "a private key has no business in a file of pins" },
        { S(BLOCK("ENCRYPTED PRIVATE KEY")), "a private key has no business in a file of pins" },
        { S(BLOCK("CERTIFICATE")), "block 1 is no certificate" },
        { S(CERTIFICATE BLOCK("PUBLIC KEY")), "block 2 is no public key" },
        { S("-----BEGIN CERTIFICATE-----\nMIIB!\n-----END CERTIFICATE-----\n"),
          "a PEM block is damaged" },
        { S("-----BEGIN CERTIFICATE-----\nMIIB\n"), "a PEM block is damaged" },
        { S(CERTIFICATE "-----BEGIN CERTIFICATE-----\nMIIB\n-----END PUBLIC KEY-----\n"),
          "a PEM block is damaged" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct why why = { "" };
        struct pin *pins = NULL;
        size_t count = 7;

        conf_write("pins.pem", rows[i].text);
        bad += row(!pins_read("pins.pem", &pins, &count, &why) && pins == NULL && count == 0 &&
                       strcmp(why.text, rows[i].why) == 0,
                   "row %zu: %s", i, why.text);
        free(pins);
    }
    assert_int_equal(bad, 0);
}

static void pins_read__file_that_is_too_large_or_none__error(void **state)
{
    static const size_t large = ((size_t)1 << 20) + 1;
    char *text = malloc(large);
    struct why why = { "" };
    struct pin *pins;
    size_t count;

    (void)state;
    assert_non_null(text);
    memset(text, '\n', large);
    memcpy(text, CERTIFICATE, sizeof(CERTIFICATE) - 1);
    conf_write("pins.pem", (struct span){ text, large });
    assert_false(pins_read("pins.pem", &pins, &count, &why));
    assert_string_equal(why.text, "the file is larger than 1048576 bytes");
    conf_write("pins.pem", (struct span){ text, large - 1 });
    assert_true(pins_read("pins.pem", &pins, &count, &why));
    free(pins);
    free(text);
    assert_false(pins_read("/", &pins, &count, &why));
    assert_string_equal(why.text, "not a regular file");
    assert_false(pins_read("nothing.pem", &pins, &count, &why));
    assert_string_equal(why.text, "cannot open the file: No such file or directory");
}

static void pins_read__any_damage__no_crash(void **state)
{
    char text[] = CERTIFICATE PUBLIC_KEY;
    unsigned seed = 4711;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        size_t at, length = sizeof(text) - 1;
        struct pin *pins;
        size_t count;
        char kept;

        seed = seed * 1103515245 + 12345;
        at = (seed >> 8) % length;
        kept = text[at];
        text[at] = (char)(seed >> 24);
        conf_write("pins.pem", (struct span){ text, round % 3 == 0 ? at : length });
        if (pins_read("pins.pem", &pins, &count, NULL))
            assert_true(count >= 1 && count <= 2);
        free(pins);
        text[at] = kept;
    }
}

static void pin_file__in_a_configuration__its_pins_are_the_entrys(void **state)
{
    struct rules *rules;
    const struct certificate_entry *entry;

    (void)state;
    conf_write("partner.pem", span_of(CERTIFICATE PUBLIC_KEY));
    rules = conf_rules(CONF_OUTBOUND(
        "level = \"fingerprint\"; certificates = ( { pin_file = \"partner.pem\"; } );"));
    entry = connectors_get(rules->connectors, 0)->certificates;
    assert_string_equal(entry->pin_file, "partner.pem");
    assert_int_equal(entry->pin_count, 2);
    assert_true(certificate_entry_has_pins(entry));
    assert_int_equal(check_pin(&entry->pins[0], false) + check_pin(&entry->pins[1], true), 0);
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pins_read__certificates_and_keys__all_of_them),
        cmocka_unit_test(pins_read__lines_end_with_crlf__read),
        cmocka_unit_test(pins_read__what_pins_nothing__error),
        cmocka_unit_test(pins_read__file_that_is_too_large_or_none__error),
        cmocka_unit_test(pins_read__any_damage__no_crash),
        cmocka_unit_test(pin_file__in_a_configuration__its_pins_are_the_entrys),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
