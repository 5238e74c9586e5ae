/* SPDX-License-Identifier: ISC */
/* Tests of policy/conf: what must be true of a connector as a whole. */
#include "tests/unit/conf_case.h"

#include <stdlib.h>
#include <string.h>

#define ERROR(text) "t.conf:2: error: " text "\n"
#define WARNING(text) "t.conf:2: warning: " text "\n"
#define NOTE_VERIFY                                                                                \
    "t.conf:2: note: outbound verify trusts the DNS for the names of the MX hosts: it resists an " \
    "attacker in the network only where the MX answer is secured with DNSSEC ('x')\n"

static void connector__without_what_it_needs__error(void **state)
{
    static const struct conf_case rows[] = {
        { "\nconnectors = ( { comment = \"x\"; } );\n",
          ERROR("a connector without direction") ERROR("a connector without domains and "
                                                       "domains_file")
              ERROR("a connector without level") ERROR("a connector without name") },
        { "\nconnectors = ( { name = \"x\"; direction = \"inbound\"; level = \"encrypt\"; } );\n",
          ERROR("a connector without domains and domains_file ('x')") },
        { "\nconnectors = ( { name = \"x\"; direction = \"inbound\"; domains = []; level = "
          "\"encrypt\"; } );\n",
          ERROR("an empty list, leave the key out ('domains')") },
        { "\nconnectors = ( { name = \"a b\"; direction = \"in\"; level = \"no\"; domains = [ "
          "\"a.b\" ]; } );\n",
          ERROR("direction must be inbound, outbound or both ('in')")
              ERROR("level must be may, encrypt, verify, secure or fingerprint ('no')")
                  ERROR("name may have letters, digits, '.', '_' and '-' in it, nothing else "
                        "('a b')") },
        { CONF_INBOUND("level = \"fingerprint\";"),
          ERROR("level fingerprint needs certificates with pins ('x')") },
        { "connectors = ();\n",
          "t.conf:1: warning: no connector, nothing is demanded of anybody\n" },
        { "", "t.conf:1: warning: no connector, nothing is demanded of anybody\n" },
        { "defaults: { level = \"encrypt\"; };\n"
          "connectors = ( { name = \"x\"; direction = \"inbound\"; domains = [ \"a.b\" ]; } );\n",
          "" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void connector__name_twice__error_with_both_lines(void **state)
{
    static const struct conf_case rows[] = {
        { "connectors = (\n"
          "{ name = \"a\"; direction = \"inbound\"; level = \"encrypt\"; domains = [ \"a.b\" ]; "
          "},\n"
          "{ name = \"b\"; direction = \"inbound\"; level = \"encrypt\"; domains = [ \"b.b\" ]; "
          "},\n"
          "{ name = \"a\"; direction = \"outbound\"; level = \"encrypt\"; domains = [ \"c.b\" ]; "
          "}\n"
          ");\n",
          "t.conf:4: error: the connector of line 2 has the same name ('a')\n" },
        /* One that is not enabled is as if it were not there. */
        { "connectors = (\n"
          "{ name = \"a\"; direction = \"inbound\"; level = \"encrypt\"; domains = [ \"a.b\" ]; "
          "},\n"
          "{ name = \"a\"; direction = \"inbound\"; level = \"encrypt\"; domains = [ \"a.b\" ];\n"
          "  enabled = false; } );\n",
          "" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void connector__not_enabled__only_its_values_are_checked(void **state)
{
    static const struct conf_case rows[] = {
        { CONF_NONE "x = 1;\n", "t.conf:2: error: unknown key ('x')\n" },
        { "connectors = ( { enabled = false; name = \"x\"; domains_file = \"nothing\";\n"
          "trust_store = \"nothing\"; certificates = ( { pin_file = \"nothing\"; } ); } );\n",
          "t.conf:1: warning: no connector, nothing is demanded of anybody\n" },
        { "connectors = ( { enabled = false; name = \"x\"; domains_file = \"nothing\"; },\n"
          "{ enabled = false; levle = \"may\"; domains = [ \"a_b\" ]; min_cipher_bits = \"1\"; } "
          ");\n",
          "t.conf:1: warning: no connector, nothing is demanded of anybody\n"
          "t.conf:2: error: domains: not a domain name (letters, digits and hyphens in labels of "
          "1 to 63; \".x\", \"*.x\" and \"*\" are patterns) ('a_b')\n"
          "t.conf:2: error: min_cipher_bits must be a number without quotes ('1')\n"
          "t.conf:2: error: unknown key in a connector, did you mean 'level'? ('levle')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void connector__key_without_effect__warning(void **state)
{
    static const struct conf_case rows[] = {
        { CONF_OUTBOUND("level = \"encrypt\"; client_networks = [ \"192.0.2.1\" ];"),
          WARNING("this key has no effect outbound ('client_networks')") },
        { CONF_OUTBOUND("level = \"encrypt\"; exempt_networks = [ \"192.0.2.1\" ];"),
          WARNING("this key has no effect outbound ('exempt_networks')") },
        { CONF_INBOUND("level = \"encrypt\"; mx = \"any\";"),
          WARNING("this key has no effect inbound ('mx')") },
        { CONF_INBOUND("level = \"encrypt\"; unknown = \"accept\";"),
          WARNING("this key has no effect inbound ('unknown')") },
        { CONF_INBOUND("level = \"encrypt\"; next_hops = [ \"[a.b]\" ];"),
          WARNING("this key has no effect inbound ('next_hops')") },
        { CONF_INBOUND("level = \"secure\"; trust_store = \"t.conf\";"),
          WARNING("this key has no effect inbound ('trust_store')") },
        { CONF_OUTBOUND("level = \"encrypt\"; trust_store = \"t.conf\";"),
          WARNING("this key has no effect at level encrypt ('trust_store')") },
        { CONF_INBOUND("level = \"encrypt\"; certificates = ( { name = \"a.b\"; } );"),
          WARNING("this key has no effect at level encrypt ('certificates')") },
        { CONF_INBOUND("level = \"verify\"; certificates = ( { name = \"a.b\"; } );"),
          WARNING("this key has no effect at level verify ('certificates')") },
        { CONF_INBOUND("level = \"may\"; min_protocol = \"TLSv1.3\"; min_cipher_bits = 256;\n"
                       "forward_secrecy = true; action = \"reject\"; mode = \"enforce\";"),
          WARNING("this key has no effect at level may ('min_cipher_bits')") WARNING(
              "this key has no effect at level may ('min_protocol')") "t.conf:3: warning: this key "
                                                                      "has no effect at level may "
                                                                      "('action')\n"
                                                                      "t.conf:3: warning: this key "
                                                                      "has no effect at level may "
                                                                      "('forward_secrecy')\n"
                                                                      "t.conf:3: warning: this key "
                                                                      "has no effect at level may "
                                                                      "('mode')\n" },
        { CONF_INBOUND("level = \"may\"; client_networks = [ \"192.0.2.1\" ];"),
          WARNING("at level may no address is refused, these networks only tell whose a bounce "
                  "is ('client_networks')") },
        { CONF_INBOUND("level = \"encrypt\"; mode = \"monitor\"; enforce_from = \"2027-01-01\";"),
          WARNING("this key has no effect with mode monitor, which never ends "
                  "('enforce_from')") },
        /* In defaults a key is for those connectors where it has an effect. */
        { "defaults: { mx = \"any\"; min_protocol = \"TLSv1.3\"; "
          "client_networks = [ \"192.0.2.1\" ]; };\n"
          "connectors = ( { name = \"a\"; direction = \"inbound\"; level = \"may\"; domains = [ "
          "\"a.b\" ]; }, { name = \"b\"; direction = \"outbound\"; level = \"encrypt\"; domains = "
          "[ "
          "\"a.b\" ]; } );\n",
          "" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void connector__every_domain__warned_of_or_refused(void **state)
{
#define ANY(keys) \
    "\nconnectors = ( { name = \"x\"; domains = [ \"contoso.com\", \"*\" ]; " keys " } );\n"
#define RFC3207                                                                                 \
    WARNING("RFC 3207, section 4: \"A publicly-referenced SMTP server MUST NOT require use of " \
            "the STARTTLS extension in order to deliver mail locally\", and this connector "    \
            "demands it of everybody ('*')")
    static const struct conf_case rows[] = {
        { ANY("direction = \"inbound\"; level = \"encrypt\";"), RFC3207 },
        { ANY("direction = \"both\"; level = \"encrypt\"; action = \"reject\";"), RFC3207 },
        { ANY("direction = \"inbound\"; level = \"may\";"), "" },
        { ANY("direction = \"inbound\"; level = \"encrypt\"; mode = \"monitor\";"), "" },
        { "mode = \"monitor\";" ANY("direction = \"inbound\"; level = \"encrypt\";"), "" },
        { ANY("direction = \"outbound\"; level = \"encrypt\";"), "" },
        { ANY("direction = \"outbound\"; level = \"secure\";"),
          ERROR("level secure with every domain needs certificates, there is no name to expect "
                "('*')") },
        { ANY("direction = \"inbound\"; level = \"secure\"; mode = \"monitor\";"),
          ERROR("level secure with every domain needs certificates, there is no name to expect "
                "('*')") },
        { ANY("direction = \"outbound\"; level = \"secure\"; certificates = ( { name = "
              "\"a.b\"; } );"),
          "" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void outbound__unknown_accept_without_the_map__error(void **state)
{
    static const struct conf_case rows[] = {
        { CONF_OUTBOUND("level = \"encrypt\"; unknown = \"accept\";"),
          ERROR("unknown = \"accept\" needs tls_policy_socket, nothing would hold the delivery "
                "('accept')") },
        { "tls_policy_socket = \"\";\n" CONF_OUTBOUND("level = \"encrypt\"; unknown = \"accept\";"),
          "t.conf:3: error: unknown = \"accept\" needs tls_policy_socket, nothing would hold the "
          "delivery ('accept')\n" },
        { "tls_policy_socket = \"unix:/run/t\";\n" CONF_OUTBOUND(
              "level = \"encrypt\"; unknown = \"accept\";"),
          "" },
        { CONF_OUTBOUND("level = \"encrypt\"; unknown = \"defer\";"), "" },
        { "defaults: { unknown = \"accept\"; };\n" CONF_OUTBOUND("level = \"encrypt\";"),
          "t.conf:1: error: unknown = \"accept\" needs tls_policy_socket, nothing would hold the "
          "delivery ('accept')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void outbound__verify__note_about_dnssec(void **state)
{
    static const struct conf_case rows[] = {
        { CONF_OUTBOUND("level = \"verify\";"), NOTE_VERIFY },
        { CONF_OUTBOUND("level = \"verify\"; next_hops = [ \"[a.b]\", \"hub.b\" ];"), NOTE_VERIFY },
        { CONF_OUTBOUND("level = \"verify\"; next_hops = [ \"[a.b]:25\", \"smtps://a.b\" ];"), "" },
        { CONF_OUTBOUND("level = \"secure\";"), "" },
        { CONF_INBOUND("level = \"verify\";"), "" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void outbound__what_postfix_has_no_word_for__warning(void **state)
{
#define MAP(keys) "tls_policy_socket = \"unix:/run/t\";" CONF_OUTBOUND(keys)
#define CANNOT(words)                                                                            \
    "t.conf:1: warning: Postfix's TLS policy cannot express " words ": outbound this is judged " \
    "at RCPT only ('x')\n"
#define NO_SENDER(line)                                                                           \
    "t.conf:" line ": warning: Postfix's TLS policy is not told who sends: it holds the mail of " \
    "all our domains to this connector ('x')\n"
    static const struct conf_case rows[] = {
        { MAP("level = \"secure\"; certificates = ( { name = \"a.b\"; root = \"R\"; } );"), "" },
        { MAP("level = \"secure\"; certificates = ( { name = \"a.b\"; key_bits = 2048; },\n"
              "{ organization = \"O\"; issuer = \"I\"; organizational_unit = \"U\"; } );\n"
              "ciphers = [ \"TLS_AES_256_GCM_SHA384\" ]; local_domains = [ \"example.org\" ];"),
          CANNOT("issuer, organization, organizational_unit, key_bits, ciphers") NO_SENDER("4") },
        { MAP("level = \"encrypt\"; local_domains = [ \"example.org\" ];"), NO_SENDER("2") },
        { MAP("level = \"encrypt\"; min_cipher_bits = 256;\n"
              "exclude_ciphers = [ \"TLS_AES_128_GCM_SHA256\", \"AES128-SHA\" ];"),
          CANNOT("exclude_ciphers of TLSv1.3, min_cipher_bits above 128 for TLSv1.3") },
        { MAP("level = \"secure\"; certificates = ( { name = \"*.a.b\"; } );"),
          "t.conf:2: warning: Postfix's TLS policy takes this for names of any depth, at RCPT it "
          "is "
          "one label ('*.a.b')\n" },
        { CONF_OUTBOUND("level = \"encrypt\"; local_domains = [ \"example.org\" ];"), "" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

/* Postfix asks its map by the next hop alone. */
static void outbound__one_next_hop_and_two_demands__error(void **state)
{
#define SHARED(store, a, b)                                                                   \
    store "connectors = (\n"                                                                  \
          "{ name = \"a\"; direction = \"outbound\"; domains = [ \"a.example\" ]; " a " },\n" \
          "{ name = \"b\"; direction = \"outbound\"; domains = [ \"b.example\" ]; " b " } );\n"
#define SOCKET "tls_policy_socket = \"unix:/run/t\";\n"
#define AT_HUB(level) "next_hops = [ \"[hub.example]:587\" ]; level = \"" level "\";"
#define CLASH(sentence)                                                                       \
    "t.conf:4: error: two connectors ask different things of one next hop: a (line 3) and b " \
    "(line 4): " sentence " ('[hub.example]:587')\n"
    static const struct conf_case rows[] = {
        { SHARED(SOCKET, AT_HUB("secure"), AT_HUB("secure")),
          CLASH("they expect different certificates") },
        { SHARED("", AT_HUB("secure"), AT_HUB("secure")), "" },
        { SHARED(SOCKET, AT_HUB("secure"), AT_HUB("encrypt")), "" },
        { SHARED(SOCKET, AT_HUB("secure"), AT_HUB("secure") "mode = \"monitor\";"), "" },
        { SHARED(SOCKET, AT_HUB("secure") "certificates = ( { name = \"hub.example\"; } );",
                 AT_HUB("secure") "certificates = ( { name = \"hub.example\"; } );"),
          "" },
        { SHARED(SOCKET, AT_HUB("secure") "certificates = ( { name = \"hub.example\"; } );",
                 AT_HUB("secure") "certificates = ( { name = \"hub.example\"; root = \"R\"; } );"),
          CLASH("they trust different certificate authorities") },
        /* one domain, by local_domains */
        { SOCKET "connectors = (\n"
                 "{ name = \"a\"; direction = \"outbound\"; domains = [ \"c.example\" ];\n"
                 "level = \"secure\"; local_domains = [ \"x.example\" ];\n"
                 "certificates = ( { name = \"one.example\"; } ); },\n"
                 "{ name = \"b\"; direction = \"outbound\"; domains = [ \"*.c.example\" ];\n"
                 "level = \"secure\"; } );\n",
          "t.conf:4: warning: Postfix's TLS policy is not told who sends: it holds the mail of "
          "all our domains to this connector ('a')\n"
          "t.conf:6: error: two connectors ask different things of one next hop: a (line 3) and b "
          "(line 6): they expect different certificates ('c.example')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void ciphers__allowed_and_excluded__warning_or_error(void **state)
{
    static const struct conf_case rows[] = {
        { CONF_INBOUND("level = \"encrypt\";\n"
                       "ciphers = [ \"AES128-SHA\", \"AES256-SHA\" ];\n"
                       "exclude_ciphers = [ \"TLS_RSA_WITH_AES_128_CBC_SHA\" ];"),
          "t.conf:4: warning: a cipher suite that ciphers allows is excluded ('AES128-SHA')\n" },
        { CONF_INBOUND("level = \"encrypt\";\n"
                       "ciphers = [ \"AES128-SHA\" ];\n"
                       "exclude_ciphers = [ \"AES128-SHA\" ];"),
          "t.conf:4: error: exclude_ciphers leaves nothing of ciphers, no session can satisfy "
          "this connector ('x')\n"
          "t.conf:4: warning: a cipher suite that ciphers allows is excluded ('AES128-SHA')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void connector__all_of_its_keys__stored(void **state)
{
    struct rules *rules;
    const struct connector *connector;
    struct domain local, other;
    struct ip client = build_ip("2001:db8::1"), forwarder = build_ip("198.51.100.7");

    (void)state;
    rules =
        conf_rules("\ntls_policy_socket = \"unix:/run/t\";\n"
                   "defaults: { action = \"reject\"; contact = \"all@example.org\";\n"
                   "  min_protocol = \"TLSv1\"; certificates = ( { issuer = \"CA\"; } ); };\n"
                   "connectors = (\n"
                   "{ name = \"a.B_1-c\"; comment = \"gr\xc3\xbc\xc3\x9f\"; direction = \"both\";\n"
                   "  mode = \"monitor\"; domains = [ \"contoso.com\" ]; level = \"secure\";\n"
                   "  local_domains = [ \".example.org\" ];\n"
                   "  client_networks = [ \"2001:db8::/32\" ];\n"
                   "  exempt_networks = [ \"198.51.100.7\" ]; min_protocol = \"TLSv1.3\";\n"
                   "  min_cipher_bits = 256; forward_secrecy = true;\n"
                   "  ciphers = [ \"TLS_AES_256_GCM_SHA384\" ]; exclude_ciphers = [];\n"
                   "  trust_store = \"/etc\"; next_hops = [ \"[Hub.Example]\" ]; mx = \"any\";\n"
                   "  contact = \"one@example.org\"; },\n"
                   "{ name = \"two\"; direction = \"outbound\"; domains = [ \"b.b\" ];\n"
                   "  level = \"encrypt\"; enforce_from = \"2027-01-01\"; } );\n");
    connector = connectors_get(rules->connectors, 0);
    assert_string_equal(connector->name, "a.B_1-c");
    assert_string_equal(connector->comment, "gr\xc3\xbc\xc3\x9f");
    assert_int_equal(connector->line, 6);
    assert_true(connector->directions[DIRECTION_INBOUND]);
    assert_true(connector->directions[DIRECTION_OUTBOUND]);
    assert_int_equal(connector->mode, MODE_MONITOR);
    assert_int_equal(connector->level, LEVEL_SECURE);
    assert_int_equal(connector->action, ACTION_REJECT);
    domain_set(&local, span_of("a.example.org"));
    domain_set(&other, span_of("example.org"));
    assert_true(domain_table_covers(connector->local_domains, &local));
    assert_false(domain_table_covers(connector->local_domains, &other));
    assert_true(network_list_contains(&connector->client_networks, &client));
    assert_true(network_list_contains(&connector->exempt_networks, &forwarder));
    assert_int_equal(connector->min_protocol, PROTOCOL_TLSV1_3);
    assert_int_equal(connector->min_cipher_bits, 256);
    assert_true(connector->forward_secrecy);
    assert_int_equal(connector->ciphers.count, 1);
    assert_int_equal(connector->exclude_ciphers.count, 0);
    assert_int_equal(connector->certificate_count, 1);
    assert_string_equal(connector->certificates[0].issuer, "CA");
    assert_string_equal(connector->trust_store, "/etc");
    assert_string_equal(connector->next_hops.strings[0], "[hub.example]");
    assert_int_equal(connector->mx, MX_ANY);
    assert_int_equal(connector->unknown, UNKNOWN_ACCEPT);
    assert_string_equal(connector->contact, "one@example.org");
    connector = connectors_get(rules->connectors, 1);
    assert_true(connector->enforce_from == INT64_C(1798761600));
    assert_string_equal(connector->contact, "all@example.org");
    assert_int_equal(connector->min_protocol, PROTOCOL_TLSV1);
    assert_true(connectors_has_direction(rules->connectors, DIRECTION_INBOUND));
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connector__without_what_it_needs__error),
        cmocka_unit_test(connector__name_twice__error_with_both_lines),
        cmocka_unit_test(connector__not_enabled__only_its_values_are_checked),
        cmocka_unit_test(connector__key_without_effect__warning),
        cmocka_unit_test(connector__every_domain__warned_of_or_refused),
        cmocka_unit_test(outbound__unknown_accept_without_the_map__error),
        cmocka_unit_test(outbound__verify__note_about_dnssec),
        cmocka_unit_test(outbound__what_postfix_has_no_word_for__warning),
        cmocka_unit_test(outbound__one_next_hop_and_two_demands__error),
        cmocka_unit_test(ciphers__allowed_and_excluded__warning_or_error),
        cmocka_unit_test(connector__all_of_its_keys__stored),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
