/* SPDX-License-Identifier: ISC */
/* Tests of policy/describe: what each check wants and what it got, in words. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/describe.h"

#define AA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

struct described {
    char text[DESCRIBE_SIZE];
};

static const char *wanted(struct described *buffer, const struct connector *connector,
                          enum check check, int entry)
{
    const struct check_result result = { .check = check, .entry = entry };
    struct line line;

    line_init(&line, buffer->text, sizeof(buffer->text));
    describe_wanted(&line, connector, &result);
    return buffer->text;
}
#define WANTED(connector, check, entry) \
    wanted(&(struct described){ { 0 } }, (connector), (check), (entry))

static const char *got(struct described *buffer, const struct connector *connector,
                       const struct facts *facts, enum check check, int entry)
{
    const struct check_result result = { .check = check, .entry = entry };
    struct line line;

    line_init(&line, buffer->text, sizeof(buffer->text));
    describe_got(&line, connector, facts, &result);
    return buffer->text;
}
#define GOT(connector, facts, check, entry) \
    got(&(struct described){ { 0 } }, (connector), (facts), (check), (entry))

static void begin(struct scene *scene)
{
    scene_init(scene, "<a@contoso.com>", "<b@example.org>");
}

/* ---- the session --------------------------------------------------------------------------- */

static void describe__client__networks_and_address(void **state)
{
    static const struct {
        const char *networks, *wanted;
    } rows[] = {
        { "192.0.2.25", "192.0.2.25" },
        { "192.0.2.0/24 2001:db8::/32", "192.0.2.0/24 or 2001:db8::/32" },
        { "192.0.2.1 192.0.2.2 192.0.2.3", "192.0.2.1, 192.0.2.2 or 192.0.2.3" },
        { "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6",
          "10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5 or 10.0.0.6" },
        { "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8",
          "10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5, 10.0.0.6 and 2 more" },
    };
    struct scene scene;
    unsigned bad = 0;

    (void)state;
    begin(&scene);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *connector = build_connector("c", LEVEL_ENCRYPT);
        const char *text;

        build_networks(&connector->client_networks, rows[i].networks);
        text = WANTED(connector, CHECK_CLIENT, -1);
        bad += row(strcmp(text, rows[i].wanted) == 0, "%s", text);
        connector_free(connector);
    }
    assert_string_equal(GOT(NULL, &scene.facts, CHECK_CLIENT, -1), "192.0.2.25");
    scene_set_client(&scene, "2001:db8::25", NULL, false);
    assert_string_equal(GOT(NULL, &scene.facts, CHECK_CLIENT, -1), "2001:db8::25");
    scene_set_client(&scene, NULL, NULL, false);
    assert_string_equal(GOT(NULL, &scene.facts, CHECK_CLIENT, -1), "not reported");
    scene_release(&scene);
    assert_int_equal(bad, 0);
}

static void describe__encrypted__three_states(void **state)
{
    struct connector *connector = build_connector("c", LEVEL_ENCRYPT);
    struct scene scene;

    (void)state;
    begin(&scene);
    assert_string_equal(WANTED(connector, CHECK_ENCRYPTED, -1), "an encrypted session");
    assert_string_equal(GOT(connector, &scene.facts, CHECK_ENCRYPTED, -1), "encrypted");
    scene.facts.tls.state = TLS_PLAIN;
    assert_string_equal(GOT(connector, &scene.facts, CHECK_ENCRYPTED, -1), "not encrypted");
    scene.facts.tls.state = TLS_NOT_REPORTED;
    assert_string_equal(GOT(connector, &scene.facts, CHECK_ENCRYPTED, -1), "not reported");
    scene_release(&scene);
    connector_free(connector);
}

/* Protocol, bits, forward secrecy: what each makes of the same report. */
static void describe__protocol_and_cipher__got(void **state)
{
    static const struct {
        struct span protocol, cipher;
        int bits;
        const char *of_protocol, *of_bits, *of_secrecy, *of_cipher;
    } rows[] = {
        { S("TLSv1.3"), S("TLS_AES_256_GCM_SHA384"), 256, "TLSv1.3", "256 bits",
          "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384" },
        { S("TLSv1.1"), S("AES128-SHA"), 128, "TLSv1.1", "128 bits",
          "TLSv1.1 with cipher AES128-SHA", "AES128-SHA" },
        { { NULL, 0 },
          S("AES128-SHA"),
          -1,
          "not reported",
          "not reported",
          "protocol not reported",
          "AES128-SHA" },
        { S("TLSv1.2"),
          { NULL, 0 },
          128,
          "TLSv1.2",
          "128 bits, cipher not reported",
          "cipher not reported",
          "not reported" },
        { { NULL, 0 },
          { NULL, 0 },
          -1,
          "not reported",
          "not reported",
          "cipher not reported",
          "not reported" },
        { S("TLSv9"), S("NEW"), 512, "'TLSv9', which is not known", "512 bits",
          "'TLSv9', which is not known", "NEW" },
        { S("TLSv1.3"), S("AES128-SHA"), 128,
          "TLSv1.3 with cipher 'AES128-SHA', which does not belong to it", "128 bits",
          "TLSv1.3 with cipher 'AES128-SHA', which does not belong to it", "AES128-SHA" },
        { S("TLSv1.2"), S("NULL-SHA256"), 0, "TLSv1.2",
          "0 bits, cipher 'NULL-SHA256' encrypts nothing", "TLSv1.2 with cipher NULL-SHA256",
          "NULL-SHA256" },
        { S("TLSv1.2"), S("a b\n"), 256, "TLSv1.2", "256 bits, 'a b\\x0a' is no cipher's name",
          "TLSv1.2 with cipher 'a b\\x0a'", "'a b\\x0a'" },
    };
    struct connector *connector = build_connector("c", LEVEL_ENCRYPT);
    struct scene scene;
    unsigned bad = 0;

    (void)state;
    begin(&scene);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct tls_facts *tls = &scene.facts.tls;

        tls->protocol_name = rows[i].protocol;
        tls->protocol = protocol_parse(rows[i].protocol);
        tls->cipher = rows[i].cipher;
        tls->cipher_bits = rows[i].bits;
#define SAYS(check, text)                                                                 \
    row(strcmp(GOT(connector, &scene.facts, (check), -1), (text)) == 0, "row %zu: %s", i, \
        GOT(connector, &scene.facts, (check), -1))
        bad += SAYS(CHECK_PROTOCOL, rows[i].of_protocol);
        bad += SAYS(CHECK_CIPHER_BITS, rows[i].of_bits);
        bad += SAYS(CHECK_FORWARD_SECRECY, rows[i].of_secrecy);
        bad += SAYS(CHECK_CIPHER, rows[i].of_cipher);
    }
    scene_release(&scene);
    connector_free(connector);
    assert_int_equal(bad, 0);
}

static void describe__protocol_and_cipher__wanted(void **state)
{
    struct connector *connector = build_connector("c", LEVEL_ENCRYPT);

    (void)state;
    connector->min_protocol = PROTOCOL_TLSV1_2;
    connector->min_cipher_bits = 128;
    assert_string_equal(WANTED(connector, CHECK_PROTOCOL, -1), "TLSv1.2 or later");
    assert_string_equal(WANTED(connector, CHECK_CIPHER_BITS, -1), "at least 128 bits");
    assert_string_equal(WANTED(connector, CHECK_FORWARD_SECRECY, -1), "DHE, ECDHE or TLSv1.3");
    build_strings(&connector->exclude_ciphers, "AES128-SHA AES256-SHA");
    assert_string_equal(WANTED(connector, CHECK_CIPHER, -1), "none of AES128-SHA or AES256-SHA");
    build_strings(&connector->ciphers, "C1 C2 C3 C4 C5 C6 C7 C8 C9");
    assert_string_equal(WANTED(connector, CHECK_CIPHER, -1),
                        "C1, C2, C3, C4, C5, C6 and 3 more, none of AES128-SHA or AES256-SHA");
    string_list_release(&connector->exclude_ciphers);
    assert_string_equal(WANTED(connector, CHECK_CIPHER, -1), "C1, C2, C3, C4, C5, C6 and 3 more");
    connector_free(connector);
}

/* ---- the certificate ------------------------------------------------------------------------ */

static void describe__trusted__what_is_known(void **state)
{
    static const struct {
        enum trust trust;
        const char *text;
    } rows[] = {
        { TRUST_NOT_REPORTED, "not reported" },
        { TRUST_NO_CERTIFICATE, "no certificate" },
        { TRUST_UNTRUSTED, "not trusted" },
        { TRUST_NONE_OR_UNTRUSTED, "none, or not trusted (the MTA does not tell which)" },
        { TRUST_TRUSTED, "trusted" },
    };
    struct connector *connector = build_connector("c", LEVEL_VERIFY);
    struct scene scene;

    (void)state;
    begin(&scene);
    assert_string_equal(WANTED(connector, CHECK_TRUSTED, -1), "a trusted certificate");
    for (size_t i = 0; i < ROWS(rows); i++) {
        scene.facts.certificate.trust = rows[i].trust;
        assert_string_equal(GOT(connector, &scene.facts, CHECK_TRUSTED, -1), rows[i].text);
    }
    scene.facts.tls.cipher = SPAN("ADH-AES128-SHA");
    assert_string_equal(GOT(connector, &scene.facts, CHECK_TRUSTED, -1),
                        "trusted, and cipher 'ADH-AES128-SHA' has no certificates");
    assert_string_equal(GOT(connector, &scene.facts, CHECK_CERTIFICATE, -1),
                        "cipher 'ADH-AES128-SHA' has no certificates");
    scene_release(&scene);
    connector_free(connector);
}

static void build_pins(struct certificate_entry *entry, size_t count)
{
    entry->pin_file = strdup("/etc/forcetls/contoso.pem");
    entry->pins = calloc(count, sizeof(*entry->pins));
    assert_true(entry->pin_file != NULL && entry->pins != NULL);
    entry->pin_count = count;
    for (size_t i = 0; i < count; i++)
        entry->pins[i] = (struct pin){ i == 1, build_digest(i == 1 ? 0xbb : 0xaa) };
}

/* Each field alone: wanted, got as the scene has it, and got where nothing is known. */
static void describe_certificate__each_field__wanted_and_got(void **state)
{
    struct connector *connector = build_connector("c", LEVEL_SECURE);
    struct scene scene, unknown;
    static const struct {
        const char *wanted, *got, *unknown;
    } rows[] = {
        { "name *.contoso.com", "name 'mail.contoso.com'", "name not reported" },
        { "issuer 'Example CA'", "issuer 'Example Issuing CA'", "issuer not reported" },
        { "root 'R'", "root not reported", "root not reported" },
        { "organization 'Contoso, Ltd'", "no organization", "organization not reported" },
        { "organizational unit 'Mail'", "organizational unit 'M\\xc3\\xbcll'",
          "organizational unit not reported" },
        { "at least 2048 bits", "1024 bits", "key size not reported" },
        { "fingerprint " AA, "fingerprint " BB, "fingerprint not reported" },
        { "public key " AA, "public key not reported as SHA-256", "public key not reported" },
        { "one of '/etc/forcetls/contoso.pem' (fingerprint " AA ")", "fingerprint " BB,
          "fingerprint not reported" },
        { "one of '/etc/forcetls/contoso.pem' (fingerprint " AA " or public key " BB ")",
          "fingerprint " BB ", public key not reported as SHA-256",
          "fingerprint not reported, public key not reported" },
        { "one of '/etc/forcetls/contoso.pem' (fingerprint " AA ", public key " BB
          ", fingerprint " AA " and 2 more)",
          "fingerprint " BB ", public key not reported as SHA-256",
          "fingerprint not reported, public key not reported" },
        { "any certificate, from 2026-01-01, until 2026-02-01", "on 2026-01-01", "on 2026-01-01" },
        { "any certificate", "", "" },
    };
    struct certificate_facts *certificate = &scene.facts.certificate;
    unsigned bad = 0;

    (void)state;
    begin(&scene);
    begin(&unknown);
    build_entry_name(build_entry(connector), "*.contoso.com");
    build_entry(connector)->issuer = strdup("Example CA");
    build_entry(connector)->root = strdup("R");
    build_entry(connector)->organization = strdup("Contoso, Ltd");
    build_entry(connector)->organizational_unit = strdup("Mail");
    build_entry(connector)->key_bits = 2048;
    build_entry(connector)->has_fingerprint = true;
    connector->certificates[6].fingerprint = build_digest(0xaa);
    build_entry(connector)->has_public_key = true;
    connector->certificates[7].public_key = build_digest(0xaa);
    build_pins(build_entry(connector), 1);
    build_pins(build_entry(connector), 2);
    build_pins(build_entry(connector), 5);
    build_entry(connector)->from = NOW;
    connector->certificates[11].until = NOW + 31 * 86400;
    (void)build_entry(connector);
    certificate->organization = SPAN("");
    certificate->organizational_unit = SPAN("M\xc3\xbcll");
    certificate->key_bits = 1024;
    certificate->fingerprint_state = PIN_KNOWN;
    certificate->fingerprint = build_digest(0xbb);
    certificate->public_key_state = PIN_OTHER_DIGEST;
    unknown.facts.certificate = (struct certificate_facts){ .trust = TRUST_TRUSTED };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *wants = WANTED(connector, CHECK_CERTIFICATE, (int)i);
        const char *gets = GOT(connector, &scene.facts, CHECK_CERTIFICATE, (int)i);
        const char *knows = GOT(connector, &unknown.facts, CHECK_CERTIFICATE, (int)i);

        bad += row(strcmp(wants, rows[i].wanted) == 0, "row %zu wants: %s", i, wants);
        bad += row(strcmp(gets, rows[i].got) == 0, "row %zu got: %s", i, gets);
        bad += row(strcmp(knows, rows[i].unknown) == 0, "row %zu, nothing known: %s", i, knows);
    }
    scene_release(&scene);
    scene_release(&unknown);
    connector_free(connector);
    assert_int_equal(bad, 0);
}

static void describe_certificate__several_fields__in_the_order_of_the_entry(void **state)
{
    struct connector *connector = build_connector("c", LEVEL_SECURE);
    struct certificate_entry *entry = build_entry(connector);
    struct scene scene;
    struct described described;
    struct line line;

    (void)state;
    begin(&scene);
    build_entry_name(entry, "mail.contoso.com");
    entry->issuer = strdup("Example CA");
    entry->key_bits = 2048;
    entry->until = INT64_C(1538352000);
    line_init(&line, described.text, sizeof(described.text));
    line_add(&line, "entry 1: ");
    describe_entry(&line, entry);
    assert_string_equal(described.text,
                        "entry 1: name mail.contoso.com, issuer 'Example CA', at least 2048 bits, "
                        "until 2018-10-01");
    assert_string_equal(GOT(connector, &scene.facts, CHECK_CERTIFICATE, 0),
                        "name 'mail.contoso.com', issuer 'Example Issuing CA', key size not "
                        "reported, on 2026-01-01");
    scene.facts.certificate.trust = TRUST_NO_CERTIFICATE;
    assert_string_equal(GOT(connector, &scene.facts, CHECK_CERTIFICATE, 0), "no certificate");
    scene_release(&scene);
    connector_free(connector);
}

static void describe_certificate__without_entry__domains_or_what_the_level_wants(void **state)
{
    struct connector *connector = build_connector("c", LEVEL_SECURE);
    struct scene scene;

    (void)state;
    begin(&scene);
    assert_string_equal(WANTED(connector, CHECK_CERTIFICATE, -1),
                        "a name that is one of this connector's domains or below one");
    assert_string_equal(GOT(connector, &scene.facts, CHECK_CERTIFICATE, -1),
                        "name 'mail.contoso.com'");
    scene.facts.certificate.subject = SPAN("");
    assert_string_equal(GOT(connector, &scene.facts, CHECK_CERTIFICATE, -1), "no name");
    connector->level = LEVEL_FINGERPRINT;
    assert_string_equal(WANTED(connector, CHECK_CERTIFICATE, -1), "a pinned certificate or key");
    build_entry_name(build_entry(connector), "mail.contoso.com");
    assert_string_equal(WANTED(connector, CHECK_CERTIFICATE, -1),
                        "what one entry of certificates demands");
    scene_release(&scene);
    connector_free(connector);
}

static void describe_certificate__alternative_names__instead_of_the_common_name(void **state)
{
    static const struct span names[] = { S("a.example"), S("b.example"), S("c\nd"), S("e"),
                                         S("f"),         S("g"),         S("h"),    S("i") };
    struct connector *connector = build_connector("c", LEVEL_SECURE);
    struct scene scene;

    (void)state;
    begin(&scene);
    build_entry_name(build_entry(connector), "mail.contoso.com");
    scene.facts.certificate.alt_names = names;
    scene.facts.certificate.alt_name_count = 1;
    assert_string_equal(GOT(connector, &scene.facts, CHECK_CERTIFICATE, 0), "name 'a.example'");
    scene.facts.certificate.alt_name_count = 2;
    assert_string_equal(GOT(connector, &scene.facts, CHECK_CERTIFICATE, 0),
                        "names 'a.example' and 'b.example'");
    scene.facts.certificate.alt_name_count = 8;
    assert_string_equal(GOT(connector, &scene.facts, CHECK_CERTIFICATE, 0),
                        "names 'a.example', 'b.example', 'c\\x0ad', 'e', 'f', 'g' and 2 more");
    scene_release(&scene);
    connector_free(connector);
}

static void describe_certificate__no_certificate_to_pin__said(void **state)
{
    struct connector *connector = build_connector("c", LEVEL_FINGERPRINT);
    struct scene scene;

    (void)state;
    begin(&scene);
    build_entry(connector)->has_fingerprint = true;
    scene.facts.certificate.fingerprint_state = PIN_NO_CERTIFICATE;
    assert_string_equal(WANTED(connector, CHECK_CERTIFICATE, 0), "fingerprint " ZEROS);
    assert_string_equal(GOT(connector, &scene.facts, CHECK_CERTIFICATE, 0),
                        "no fingerprint: no certificate");
    scene_release(&scene);
    connector_free(connector);
}

/* ---- bounds --------------------------------------------------------------------------------- */

/* Values of any bytes and any length in all that is described. */
static void describe__foreign_values__printable_and_bounded(void **state)
{
    static const char *const units[] = { "a", " ", "\xff", "'", "\\", "\n", "%s", "\x1b[31m" };
    static const size_t sizes[] = { 1, 70, 80, 90, 300, 4000 };
    static char value[4100];
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(units) * ROWS(sizes); i++) {
        struct connector *connector = build_connector("c", LEVEL_SECURE);
        struct certificate_entry *entry = build_entry(connector);
        struct scene scene;
        struct span span;

        begin(&scene);
        value[0] = '\0';
        while (strlen(value) < sizes[i / ROWS(units)])
            strcat(value, units[i % ROWS(units)]);
        span = span_of(value);
        build_entry_name(entry, "mail.contoso.com");
        entry->issuer = strdup(value);
        entry->root = strdup(value);
        entry->organization = strdup(value);
        entry->organizational_unit = strdup(value);
        build_pins(entry, 9);
        free(entry->pin_file);
        entry->pin_file = strdup(value);
        assert_true(string_list_add(&connector->ciphers, value));
        assert_true(string_list_add(&connector->exclude_ciphers, value));
        scene.facts.tls.protocol_name = scene.facts.tls.cipher = span;
        scene.facts.certificate.subject = scene.facts.certificate.issuer = span;
        scene.facts.certificate.root = scene.facts.certificate.organization = span;
        for (int check = 0; check < CHECKS; check++) {
            const char *wants = WANTED(connector, (enum check)check, 0);
            const char *gets = GOT(connector, &scene.facts, (enum check)check, 0);

            bad += row(printable(wants) && printable(gets) && strlen(wants) < DESCRIBE_SIZE &&
                           strlen(gets) < DESCRIBE_SIZE,
                       "%s: %s, %s", check_word((enum check)check), wants, gets);
        }
        scene_release(&scene);
        connector_free(connector);
    }
    assert_int_equal(bad, 0);
}

/* Every check that can run has both halves, whatever came of it. */
static void describe__every_check_of_a_trail__two_sentences(void **state)
{
    struct connector *connector = build_connector("c", LEVEL_SECURE);
    struct scene scene;
    struct rules *rules = build_rules();
    struct trail trail;

    (void)state;
    begin(&scene);
    build_networks(&connector->client_networks, "192.0.2.0/24");
    build_strings(&connector->exclude_ciphers, "AES128-SHA");
    connector->forward_secrecy = true;
    build_entry_name(build_entry(connector), "mail.contoso.com");
    (void)build_add(rules, connector, "contoso.com");
    build_finish(rules);
    demand_check(rules->connectors, connector, &scene.facts, DIRECTION_INBOUND, &trail);
    assert_int_equal(trail.count, CHECKS - 1); /* the host's name is outbound's */
    for (size_t i = 0; i < trail.count; i++) {
        struct described described;
        struct line line;

        line_init(&line, described.text, sizeof(described.text));
        describe_wanted(&line, connector, &trail.results[i]);
        assert_true(line.length > 0 && !line.full);
        line_init(&line, described.text, sizeof(described.text));
        describe_got(&line, connector, &scene.facts, &trail.results[i]);
        assert_true(line.length > 0 && !line.full);
    }
    scene_release(&scene);
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describe__client__networks_and_address),
        cmocka_unit_test(describe__encrypted__three_states),
        cmocka_unit_test(describe__protocol_and_cipher__got),
        cmocka_unit_test(describe__protocol_and_cipher__wanted),
        cmocka_unit_test(describe__trusted__what_is_known),
        cmocka_unit_test(describe_certificate__each_field__wanted_and_got),
        cmocka_unit_test(describe_certificate__several_fields__in_the_order_of_the_entry),
        cmocka_unit_test(describe_certificate__without_entry__domains_or_what_the_level_wants),
        cmocka_unit_test(describe_certificate__alternative_names__instead_of_the_common_name),
        cmocka_unit_test(describe_certificate__no_certificate_to_pin__said),
        cmocka_unit_test(describe__foreign_values__printable_and_bounded),
        cmocka_unit_test(describe__every_check_of_a_trail__two_sentences),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
