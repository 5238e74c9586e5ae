/* SPDX-License-Identifier: ISC */
/* Tests of policy/conf: the entries of `certificates`. */
#include "tests/unit/conf_case.h"

#include <stdlib.h>
#include <string.h>

#define PIN "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""
#define FEED "smtpd_policy_socket = \"unix:/run/p\";"
#define AT(level, entries) "level = \"" level "\"; certificates = (\n" entries " );"
#define LINE(number, kind, text) "t.conf:" #number ": " kind ": " text "\n"
#define ERROR(number, text) LINE(number, "error", text)
#define WARNING(number, text) LINE(number, "warning", text)

static void entry__bad_value__error(void **state)
{
    static const struct conf_case rows[] = {
        { CONF_INBOUND(AT("secure", "{ name = \"m*.contoso.com\"; }")),
          ERROR(3, "name: not a host name, nor \"*.\" and one ('m*.contoso.com')") },
        { CONF_OUTBOUND(AT("secure", "{ key_bits = \"2048\"; }")),
          ERROR(3, "key_bits must be a number without quotes ('2048')") },
        { CONF_INBOUND(AT("secure", "{ issuer = \"\"; }")),
          ERROR(3, "an empty string ('issuer')") },
        { CONF_INBOUND(AT("secure", "{ name = \"a.b\"; until = \"2018-13-01\"; }")),
          ERROR(3, "until must be a day of the calendar, YYYY-MM-DD ('2018-13-01')") },
        { CONF_INBOUND(AT("secure", "{ name = \"a.b\"; from = \"1.8.2018\"; }")),
          ERROR(3, "from must be a day of the calendar, YYYY-MM-DD ('1.8.2018')") },
        { FEED CONF_INBOUND(AT("fingerprint", "{ fingerprint = "
                                              "\"d41d8cd98f00b204e9800998ecf8427e\"; }")),
          ERROR(3, "fingerprint must be a SHA-256, 64 hexadecimal digits with or without colons, "
                   "this looks like MD5 ('d41d8cd98f00b204e9800998ecf8427e')") },
        { FEED CONF_INBOUND(AT("fingerprint", "{ public_key = \"DA:39:A3:EE:5E:6B:4B:0D:32:55:"
                                              "BF:EF:95:60:18:90:AF:D8:07:09\"; }")),
          ERROR(3, "public_key must be a SHA-256, 64 hexadecimal digits with or without colons, "
                   "this looks like SHA-1 ('DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:"
                   "07:09')") },
        { FEED CONF_INBOUND(AT("fingerprint", "{ fingerprint = \"xyz\"; }")),
          ERROR(3, "fingerprint must be a SHA-256, 64 hexadecimal digits with or without colons "
                   "('xyz')") },
        { FEED CONF_INBOUND(AT("fingerprint", "{ pin_file = \"nothing.pem\"; }")),
          ERROR(3, "pin_file: cannot open the file: No such file or directory "
                   "('nothing.pem')") },
        { FEED CONF_INBOUND(AT("fingerprint", "{ pin_file = \"t.conf\"; }")),
          ERROR(3, "pin_file: no CERTIFICATE or PUBLIC KEY block in PEM form ('t.conf')") },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void entry__that_says_nothing__error(void **state)
{
    static const struct conf_case rows[] = {
        { CONF_INBOUND(AT("secure", "{ }")),
          ERROR(3, "an entry of certificates that demands nothing fits every certificate") },
        { CONF_INBOUND(AT("secure", "{ name = \"a.b\"; },\n{ from = \"2018-01-01\"; until = "
                                    "\"2019-01-01\"; }")),
          ERROR(4, "an entry of certificates that demands nothing fits every certificate") },
        { CONF_INBOUND("level = \"secure\"; certificates = ();"),
          ERROR(2, "an empty list, leave the key out ('certificates')") },
        { CONF_INBOUND(AT("secure", "{ name = \"a.b\"; from = \"2019-01-01\"; until = "
                                    "\"2019-01-01\"; }")),
          ERROR(3, "until must be later than from, the entry never counts ('2019-01-01')") },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void changeover__without_overlap__warning(void **state)
{
    static const struct conf_case rows[] = {
        /* The new one first, with two months of overlap: as it should be. */
        { CONF_OUTBOUND(AT("secure", "{ root = \"A\"; from = \"2018-08-01\"; },\n"
                                     "{ root = \"B\"; until = \"2018-10-01\"; }")),
          "" },
        { CONF_OUTBOUND(AT("secure", "{ root = \"A\"; from = \"2018-10-01\"; },\n"
                                     "{ root = \"B\"; until = \"2018-10-01\"; }")),
          WARNING(3, "a changeover without overlap, the partner must change certificates at that "
                     "very midnight ('2018-10-01')") },
        { CONF_OUTBOUND(AT("secure", "{ root = \"B\"; until = \"2018-10-01\"; },\n"
                                     "{ root = \"A\"; from = \"2018-10-03\"; }")),
          WARNING(4, "no entry of certificates counts from 2018-10-01 on until this one does "
                     "('2018-10-03')") },
        /* Another one bridges it. */
        { CONF_OUTBOUND(AT("secure", "{ root = \"B\"; until = \"2018-10-01\"; },\n"
                                     "{ root = \"A\"; from = \"2018-10-03\"; },\n"
                                     "{ root = \"C\"; from = \"2018-09-01\"; until = "
                                     "\"2018-11-01\"; }")),
          "" },
        { CONF_OUTBOUND(AT("secure", "{ root = \"A\"; }, { root = \"B\"; from = \"2018-10-03\"; "
                                     "until = \"2019-01-01\"; }")),
          "" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void entries__none_counts_today__warning_with_the_day(void **state)
{
#define GONE(day) "no entry of certificates counts any more, the last one ended ('" day "')"
#define YET(day) "no entry of certificates counts yet, the first one begins ('" day "')"
    static const struct conf_case rows[] = {
        { CONF_OUTBOUND(AT("secure", "{ root = \"A\"; until = \"1972-03-01\"; },\n"
                                     "{ root = \"B\"; until = \"1971-11-01\"; }")),
          WARNING(3, GONE("1972-03-01")) },
        { CONF_OUTBOUND(AT("secure", "{ root = \"A\"; from = \"9998-02-01\"; },\n"
                                     "{ root = \"B\"; from = \"9998-01-01\"; }")),
          WARNING(4, YET("9998-01-01")) },
        { FEED CONF_INBOUND(AT("fingerprint", "{ fingerprint = " PIN "; until = \"1971-11-01\"; "
                                              "}")),
          WARNING(3, GONE("1971-11-01")) },
        { "defaults: { level = \"secure\"; certificates = ( { root = \"R\"; until = "
          "\"1971-11-01\"; } ); };\n"
          "connectors = ( { name = \"x\"; direction = \"outbound\"; domains = [ \"a.b\" ]; },\n"
          "{ name = \"y\"; direction = \"outbound\"; domains = [ \"b.b\" ]; } );\n",
          WARNING(1, GONE("1971-11-01")) },
        /* One that counts is enough. */
        { CONF_OUTBOUND(AT("secure", "{ root = \"A\"; until = \"1971-11-01\"; },\n"
                                     "{ root = \"B\"; from = \"1971-10-01\"; until = "
                                     "\"9998-01-01\"; },\n"
                                     "{ root = \"C\"; from = \"9997-01-01\"; }")),
          "" },
        /* Between two: the changeover says it. */
        { CONF_OUTBOUND(AT("secure", "{ root = \"A\"; until = \"1971-11-01\"; },\n"
                                     "{ root = \"B\"; from = \"9998-01-01\"; }")),
          WARNING(4, "no entry of certificates counts from 1971-11-01 on until this one does "
                     "('9998-01-01')") },
        { CONF_INBOUND(AT("verify", "{ name = \"a.b\"; until = \"1971-11-01\"; }")),
          WARNING(2, "this key has no effect at level verify ('certificates')") },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

/* The day is the caller's, not the clock's. */
static void conf_read__another_day__warnings_of_that_day(void **state)
{
    static const struct {
        int64_t now;
        const char *wanted;
    } rows[] = {
        { NOW - 1, WARNING(3, YET("2026-01-01")) },
        { NOW, "" },
        { NOW + 86399, "" },
        { NOW + 86400, WARNING(3, GONE("2026-01-02")) },
    };
    unsigned bad = 0;

    (void)state;
    conf_write("t.conf", span_of(CONF_OUTBOUND(AT("secure", "{ root = \"A\"; from = "
                                                            "\"2026-01-01\"; until = "
                                                            "\"2026-01-02\"; }"))));
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct diagnostics diagnostics;
        char line[1024] = "";

        rules_free(conf_read("t.conf", rows[i].now, &diagnostics));
        if (diagnostics.count > 0)
            diagnostic_format(&diagnostics.items[0], line, sizeof(line) - 1);
        if (diagnostics.count > 0)
            strcat(line, "\n");
        bad += row(diagnostics.count <= 1 && strcmp(line, rows[i].wanted) == 0, "row %zu: %s", i,
                   line);
        diagnostics_release(&diagnostics);
    }
    assert_int_equal(bad, 0);
}

static void entry__full_name_where_a_part_is_wanted__warning(void **state)
{
#define ALONE(what, value) "this is the " what " alone, not a full name ('" value "')"
    static const struct conf_case rows[] = {
        { CONF_INBOUND(AT("secure", "{ issuer = \"CN=Contoso Mail CA, O=Contoso\"; },\n"
                                    "{ issuer = \"C = US, O = Contoso\"; },\n"
                                    "{ issuer = \"/C=US/CN=Contoso Mail CA\"; }")),
          WARNING(3, ALONE("common name", "CN=Contoso Mail CA, O=Contoso"))
              WARNING(4, ALONE("common name", "C = US, O = Contoso"))
                  WARNING(5, ALONE("common name", "/C=US/CN=Contoso Mail CA")) },
        { CONF_OUTBOUND("level = \"secure\"; mode = \"monitor\"; certificates = (\n"
                        "{ root = \"C=US,CN=R\"; } );"),
          WARNING(3, ALONE("common name", "C=US,CN=R")) },
        { CONF_OUTBOUND(AT("secure", "{ organization = \"O=Contoso\";\n"
                                     "organizational_unit = \"OU = Mail\"; }")),
          WARNING(3, ALONE("organization", "O=Contoso"))
              WARNING(4, ALONE("organizational unit", "OU = Mail")) },
        /* The letters alone do not make one. */
        { CONF_INBOUND(AT("secure", "{ issuer = \"CN O and OU\"; }, { issuer = \"ECO=Green CA\"; "
                                    "}, { issuer = \"A/B CA\"; }, { name = \"o.cn\"; }")),
          "" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void inbound__what_no_mta_tells__error_or_warning(void **state)
{
#define ROOT                                                                                 \
    "no MTA reports the root of a client's certificate, restrict the MTA's CA file instead " \
    "('root')"
#define BITS                                                                         \
    "no MTA reports the size of a client's key, restrict the MTA's CA file instead " \
    "('key_bits')"
    static const struct conf_case rows[] = {
        { CONF_INBOUND(AT("secure", "{ name = \"a.b\"; root = \"R\"; }")), ERROR(3, ROOT) },
        { CONF_INBOUND(AT("secure", "{ name = \"a.b\"; root = \"R\"; },\n{ key_bits = 2048; }")),
          ERROR(3, ROOT) ERROR(4, BITS) },
        { CONF_INBOUND(AT("secure", "{ name = \"a.b\"; root = \"R\"; },\n{ name = \"a.b\"; }")),
          WARNING(3, ROOT) },
        { CONF_OUTBOUND(AT("secure", "{ name = \"a.b\"; root = \"R\"; key_bits = 2048; }")), "" },
        /* Where the table has no effect, that is all there is to say. */
        { CONF_INBOUND(AT("verify", "{ name = \"a.b\"; root = \"R\"; }")),
          WARNING(2, "this key has no effect at level verify ('certificates')") },
        { "\nconnectors = ( { name = \"x\"; direction = \"both\"; domains = [ \"a.b\" ]; level = "
          "\"secure\"; certificates = ( { root = \"R\"; } ); } );\n",
          ERROR(2, ROOT) },
        { "defaults: { level = \"secure\"; certificates = ( { root = \"R\"; } ); };\n"
          "connectors = ( { name = \"x\"; direction = \"inbound\"; domains = [ \"a.b\" ]; },\n"
          "{ name = \"y\"; direction = \"inbound\"; domains = [ \"b.b\" ]; } );\n",
          ERROR(1, ROOT) },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void inbound__what_one_mta_tells__warning(void **state)
{
    static const struct conf_case rows[] = {
        { CONF_INBOUND(
              AT("secure", "{ organization = \"O\"; },\n{ organizational_unit = \"U\"; }")),
          WARNING(3, "inbound only Sendmail reports a certificate's organization, Postfix does not "
                     "('organization')")
              WARNING(4,
                      "inbound only Sendmail reports a certificate's organizational_unit, Postfix "
                      "does not ('organizational_unit')") },
        { CONF_INBOUND(AT("fingerprint", "{ fingerprint = " PIN "; },\n{ public_key = " PIN "; }")),
          WARNING(3,
                  "Postfix reports a client's fingerprint only with smtpd_policy_socket, which is "
                  "not set ('fingerprint')")
              WARNING(4, "only Postfix reports a client's public_key, and only with "
                         "smtpd_policy_socket, which is not set ('public_key')") },
        { FEED CONF_INBOUND(
              AT("fingerprint", "{ fingerprint = " PIN "; },\n{ public_key = " PIN "; }")),
          "" },
        { CONF_OUTBOUND(AT("fingerprint", "{ fingerprint = " PIN "; }")), "" },
        { FEED CONF_INBOUND(
              AT("fingerprint", "{ name = \"a.b\"; issuer = \"I\";\nfingerprint = " PIN "; }")),
          WARNING(3,
                  "Postfix reports the issuer only of a trusted certificate, at level fingerprint "
                  "the pin is enough ('issuer')")
              WARNING(3, "Postfix reports the name only of a trusted certificate, at level "
                         "fingerprint the pin is enough ('name')") },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void fingerprint__entry_without_pin__error(void **state)
{
    static const struct conf_case rows[] = {
        { FEED CONF_OUTBOUND(AT("fingerprint", "{ fingerprint = " PIN "; },\n{ name = \"a.b\"; }")),
          ERROR(4,
                "level fingerprint, and this entry has no fingerprint, public_key or pin_file") },
        { FEED CONF_OUTBOUND(AT("secure", "{ fingerprint = " PIN "; },\n{ name = \"a.b\"; }")),
          "" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void shared_name__inbound__warning_and_identity_shared(void **state)
{
#define SHARED(name, advice)                                                                       \
    "a mail platform shares this name among all its customers, it shows the platform and not the " \
    "partner" advice " ('" name "')"
#define ADVICE ": add client_networks or a pin"
    static const struct {
        struct conf_case row;
        bool shared;
    } rows[] = {
        { { CONF_INBOUND(AT("secure", "{ name = \"Mail.Protection.Outlook.com\"; }")),
            WARNING(3, SHARED("Mail.Protection.Outlook.com", ADVICE)) },
          true },
        { { CONF_INBOUND(AT("secure", "{ name = \"*.pphosted.com\"; },\n{ name = "
                                      "\"*.mimecast.com\"; }")),
            WARNING(3, SHARED("*.pphosted.com", ADVICE))
                WARNING(4, SHARED("*.mimecast.com", ADVICE)) },
          true },
        { { CONF_INBOUND(AT("secure", "{ name = \"*.pphosted.com\"; },\n{ name = \"a.b\"; }")),
            WARNING(3, SHARED("*.pphosted.com", ADVICE)) },
          false },
        { { CONF_INBOUND(AT("secure", "{ name = \"*.pphosted.com\"; }") "client_networks = [ "
                                                                        "\"192.0.2.1\" ];"),
            WARNING(3, SHARED("*.pphosted.com", "")) },
          true },
        { { FEED CONF_INBOUND(
                AT("secure", "{ name = \"*.pphosted.com\"; fingerprint = " PIN "; }")),
            "" },
          false },
        { { CONF_OUTBOUND(AT("secure", "{ name = \"mail.protection.outlook.com\"; }")), "" },
          false },
        { { CONF_INBOUND(AT("secure", "{ name = \"notmimecast.com\"; }")), "" }, false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct rules *rules;

        bad += conf_case_check(&rows[i].row, 1);
        rules = conf_rules(rows[i].row.text);
        bad += row(connectors_get(rules->connectors, 0)->identity_shared == rows[i].shared,
                   "row %zu", i);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

static void entry__all_of_its_keys__stored(void **state)
{
    struct rules *rules = conf_rules(CONF_OUTBOUND(
        AT("secure", "{ name = \"*.Contoso.com\"; issuer = \"I\"; root = \"R\"; organization = "
                     "\"O\"; organizational_unit = \"U\"; key_bits = 3072; fingerprint = " PIN "; "
                     "public_key = " PIN "; from = \"2026-01-01\"; until = \"2026-01-02\"; },\n"
                     "{ issuer = \"J\"; }")));
    const struct connector *connector = connectors_get(rules->connectors, 0);
    const struct certificate_entry *entry = connector->certificates;
    char name[DOMAIN_MAX + 3];

    (void)state;
    assert_int_equal(connector->certificate_count, 2);
    assert_true(entry->has_name);
    wanted_name_format(&entry->name, name, sizeof(name));
    assert_string_equal(name, "*.contoso.com");
    assert_string_equal(entry->issuer, "I");
    assert_string_equal(entry->root, "R");
    assert_string_equal(entry->organization, "O");
    assert_string_equal(entry->organizational_unit, "U");
    assert_int_equal(entry->key_bits, 3072);
    assert_true(entry->has_fingerprint && entry->has_public_key);
    assert_int_equal(entry->fingerprint.bytes[1], 0x23);
    assert_int_equal(entry->public_key.bytes[31], 0xef);
    assert_true(entry->from == NOW);
    assert_true(entry->until == NOW + 86400);
    assert_int_equal(entry->line, 3);
    assert_false(entry[1].has_name);
    assert_true(entry[1].from == DATE_ALWAYS && entry[1].until == DATE_NEVER);
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry__bad_value__error),
        cmocka_unit_test(entry__that_says_nothing__error),
        cmocka_unit_test(changeover__without_overlap__warning),
        cmocka_unit_test(entries__none_counts_today__warning_with_the_day),
        cmocka_unit_test(conf_read__another_day__warnings_of_that_day),
        cmocka_unit_test(entry__full_name_where_a_part_is_wanted__warning),
        cmocka_unit_test(inbound__what_no_mta_tells__error_or_warning),
        cmocka_unit_test(inbound__what_one_mta_tells__warning),
        cmocka_unit_test(fingerprint__entry_without_pin__error),
        cmocka_unit_test(shared_name__inbound__warning_and_identity_shared),
        cmocka_unit_test(entry__all_of_its_keys__stored),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
