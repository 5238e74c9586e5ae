/* SPDX-License-Identifier: ISC */
/* Tests of policy/conf: each type of value, right and wrong, and the settings of a whole file. */
#include "tests/unit/conf_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERROR(text) "t.conf:1: error: " text "\n"

static void keys__unknown__error_with_a_near_miss_or_its_place(void **state)
{
    static const struct conf_case rows[] = {
        { "milter_sokcet = \"x\";\n" CONF_NONE,
          ERROR("unknown key, did you mean 'milter_socket'? ('milter_sokcet')") },
        { "Mode = \"enforce\";\n" CONF_NONE, ERROR("unknown key, did you mean 'mode'? ('Mode')") },
        { "xyzzy = 1;\n" CONF_NONE, ERROR("unknown key ('xyzzy')") },
        { "level = \"may\";\n" CONF_NONE,
          ERROR("unknown key, it belongs in a connector ('level')") },
        { "probe: { levl = 1; };\n" CONF_NONE, ERROR("unknown key in probe ('levl')") },
        { "dns: { server = [ \"::1\" ]; };\n" CONF_NONE,
          ERROR("unknown key in dns, did you mean 'servers'? ('server')") },
        { "defaults: { user = \"x\"; };\n" CONF_NONE,
          ERROR("unknown key in defaults, it belongs at the top level ('user')") },
        { CONF_INBOUND("level = \"encrypt\"; issuer = \"x\";"),
          "t.conf:2: error: unknown key in a connector, it belongs in an entry of certificates "
          "('issuer')\n" },
        { CONF_INBOUND("level = \"secure\"; certificates = ( { organisation = \"x\"; } );"),
          "t.conf:2: error: unknown key in an entry of certificates, did you mean "
          "'organization'? ('organisation')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void values__wrong_type__error_that_says_which_is_wanted(void **state)
{
    static const struct conf_case rows[] = {
        { "mode = true;\n" CONF_NONE,
          ERROR("mode must be a string in double quotes, such as \"enforce\" ('true')") },
        { "mode = [ \"enforce\" ];\n" CONF_NONE,
          ERROR("mode must be a string in double quotes, such as \"enforce\" ('mode')") },
        { "socket_mode = 660;\n" CONF_NONE,
          ERROR("socket_mode must be a string in double quotes, such as \"0660\" ('660')") },
        { "socket_mode = 0660;\n" CONF_NONE,
          ERROR("a number must not begin with 0, octal digits go in double quotes ('0660')") },
        { "inbound_exempt_authenticated = \"yes\";\n" CONF_NONE,
          ERROR("inbound_exempt_authenticated must be true or false without quotes ('yes')") },
        { "inbound_exempt_authenticated = 1;\n" CONF_NONE,
          ERROR("inbound_exempt_authenticated must be true or false ('1')") },
        { "inbound_exempt_networks = \"::1\";\n" CONF_NONE,
          ERROR("inbound_exempt_networks must be a list, such as [ \"127.0.0.0/8\", \"::1\" ] "
                "('::1')") },
        { "inbound_exempt_networks = [ 1, 2 ];\n" CONF_NONE,
          ERROR("inbound_exempt_networks must hold texts in double quotes, such as "
                "[ \"127.0.0.0/8\", \"::1\" ] ('1')")
              ERROR("inbound_exempt_networks must hold texts in double quotes, such as "
                    "[ \"127.0.0.0/8\", \"::1\" ] ('2')") },
        { "probe = 1;\n" CONF_NONE,
          ERROR("probe must be a group, such as { interval = \"6h\"; } ('1')") },
        { "probe: { interval = 60; };\n" CONF_NONE,
          ERROR("interval must be a string in double quotes, such as \"6h\" ('60')") },
        { "probe: { port = \"25\"; };\n" CONF_NONE,
          ERROR("port must be a number without quotes ('25')") },
        { "probe: { port = 2.5; };\n" CONF_NONE,
          ERROR("port must be a whole number, such as 25 ('2.5')") },
        { "defaults: { min_cipher_bits = \"128\"; };\n" CONF_NONE,
          ERROR("min_cipher_bits must be a number without quotes ('128')") },
        { "connectors = { name = \"x\"; };\n",
          ERROR("connectors must be a list of groups, such as ( { ... }, { ... } ) "
                "('connectors')") },
        { "connectors = ( \"x\" );\n",
          ERROR("connectors must hold groups, such as { name = "
                "\"contoso-in\"; ... } ('x')") "t.conf:1: warning: no "
                                               "connector, nothing is "
                                               "demanded of anybody\n" },
        { CONF_INBOUND("level = \"secure\"; certificates = ( \"mail.contoso.com\" );"),
          "t.conf:2: error: certificates must hold groups, such as { name = "
          "\"mail.contoso.com\"; } ('mail.contoso.com')\n" },
        { CONF_INBOUND("level = \"secure\"; certificates = { name = \"mail.contoso.com\"; };"),
          "t.conf:2: error: certificates must be a list of groups, such as ( { name = "
          "\"mail.contoso.com\"; } ) ('certificates')\n" },
        { CONF_INBOUND("level = \"encrypt\"; enabled = \"false\";"),
          "t.conf:2: error: enabled must be true or false without quotes ('false')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void values__out_of_their_range__error_with_the_range(void **state)
{
    static const struct conf_case rows[] = {
        { "mode = \"enforced\";\n" CONF_NONE,
          ERROR("mode must be enforce or monitor, did you mean 'enforce'? ('enforced')") },
        { "mode = \"\";\n" CONF_NONE, ERROR("an empty string ('mode')") },
        { "contact = \"b\xc3\xbc\";\n" CONF_NONE,
          ERROR("contact must be ASCII, it stands in SMTP replies ('b\\xc3\\xbc')") },
        { "contact = \"a\\r\\nb\";\n" CONF_NONE,
          ERROR("contact has a control character in it ('a\\x0d\\x0ab')") },
        { "contact = \"1234567890123456789012345678901234567890123456789012345678901234567890"
          "1234567890123456789012345678901\";\n" CONF_NONE,
          ERROR("contact is longer than 64 bytes ('123456789012345678901234567890123456789012345"
                "67890123456789012345678901234567890123456789012345678901')") },
        { "milter_socket = \"unix:milter.sock\";\n" CONF_NONE,
          ERROR("milter_socket: the path of a socket must be absolute ('unix:milter.sock')") },
        { "control_socket = \"inet:1@127.0.0.1\";\n" CONF_NONE,
          ERROR("control_socket: must be unix:PATH ('inet:1@127.0.0.1')") },
        { "smtpd_policy_socket = \"inet:1@127.0.0.1\";\n" CONF_NONE,
          ERROR("smtpd_policy_socket: must be unix:PATH ('inet:1@127.0.0.1')") },
        { "tls_policy_socket = \"inet:1@127.0.0.1\";\n" CONF_NONE,
          ERROR("tls_policy_socket: must be unix:PATH ('inet:1@127.0.0.1')") },
        { "socket_mode = \"rw\";\n" CONF_NONE,
          ERROR("socket_mode must be three octal digits with a zero before them, such as "
                "\"0660\" ('rw')") },
        { "socket_mode = \"0666\";\n" CONF_NONE,
          "t.conf:1: warning: socket_mode lets every user of this host connect ('0666')\n" },
        { "user = \"for ce\";\n" CONF_NONE,
          ERROR("user may have letters, digits, '.', '_' and '-' in it, nothing else "
                "('for ce')") },
        { "trust_store = \"nothing.pem\";\n" CONF_NONE,
          ERROR("trust_store: cannot open the file: No such file or directory "
                "('nothing.pem')") },
        { "trust_store = \"/dev/null\";\n" CONF_NONE,
          ERROR("trust_store: neither a regular file nor a folder ('/dev/null')") },
        { "local_transports = [ \"local\", \"a b\" ];\n" CONF_NONE,
          ERROR("local_transports: not the name of a transport ('a b')") },
        { "inbound_exempt_networks = [ \"10.1.0.0/8\", \"x\", \"::/129\" ];\n" CONF_NONE,
          ERROR("inbound_exempt_networks: a network with host bits set, did you mean "
                "'10.0.0.0/8'? ('10.1.0.0/8')")
              ERROR("inbound_exempt_networks: a network's prefix must be 0 to 128 ('::/129')")
                  ERROR("inbound_exempt_networks: not an IP address or network ('x')") },
        { "probe: { interval = \"6\"; };\n" CONF_NONE,
          ERROR("interval must be a whole number and a unit: s, m, h or d, such as \"6h\" "
                "('6')") },
        { "probe: { timeout = \"2h\"; };\n" CONF_NONE,
          ERROR("timeout must be from 1s to 1h ('2h')") },
        { "probe: { port = 70000; };\n" CONF_NONE,
          ERROR("port must be a number from 1 to 65535 ('70000')") },
        { "probe: { rate = 0; };\n" CONF_NONE,
          ERROR("rate must be above 0, and at most 10000 ('0')") },
        { "probe: { rate = -0.5; };\n" CONF_NONE,
          ERROR("rate must be above 0, and at most 10000 ('-0.5')") },
        { "probe: { rate = 1e999; };\n" CONF_NONE,
          ERROR("rate must be above 0, and at most 10000 ('inf')") },
        { "probe: { helo_name = \"mx_1\"; };\n" CONF_NONE,
          ERROR("helo_name must be a host name ('mx_1')") },
        { "probe: { source_address = \"::1\"; source_address6 = \"192.0.2.1\"; };\n" CONF_NONE,
          ERROR("source_address must be an IPv4 address ('::1')")
              ERROR("source_address6 must be an IPv6 address ('192.0.2.1')") },
        { "dns: { servers = [ \"localhost\" ]; };\n" CONF_NONE,
          ERROR("servers: must be an IP address, or ADDRESS@PORT ('localhost')") },
        { "defaults: { min_protocol = \"TLS1.2\"; min_cipher_bits = 512; };\n" CONF_NONE,
          ERROR("min_cipher_bits must be a number from 0 to 256 ('512')")
              ERROR("min_protocol must be TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3, did you mean "
                    "'TLSv1.2'? ('TLS1.2')") },
        { "defaults: { enforce_from = \"2027-02-29\"; };\n" CONF_NONE,
          ERROR("enforce_from must be a day of the calendar, YYYY-MM-DD ('2027-02-29')") },
        { "defaults: { ciphers = [ \"HIGH:!aNULL\", \"AES256-SHAX\" ]; };\n" CONF_NONE,
          ERROR("ciphers holds cipher suites by name, not OpenSSL's cipher strings "
                "('HIGH:!aNULL')") "t.conf:1: warning: ciphers: no cipher suite of that name is "
                                   "known here "
                                   "('AES256-SHAX')\n" },
        { "defaults: { local_domains = []; };\n" CONF_NONE,
          ERROR("an empty list, leave the key out ('local_domains')") },
        { CONF_INBOUND("level = \"secur\"; comment = \"a\\tb\";"),
          "t.conf:2: error: comment has a control character in it ('a\\x09b')\n"
          "t.conf:2: error: level must be may, encrypt, verify, secure or fingerprint, did you "
          "mean 'secure'? ('secur')\n" },
        { CONF_OUTBOUND(
              "level = \"encrypt\"; next_hops = [ \"[mail.contoso.com\" ]; mx = \"one\";"),
          "t.conf:2: error: mx must be all or any ('one')\n"
          "t.conf:2: error: next_hops: must be [HOST] or [HOST]:PORT ('[mail.contoso.com')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void settings__that_do_not_go_together__error(void **state)
{
    static const struct conf_case rows[] = {
        { "probe: { interval = \"10m\"; };\n" CONF_NONE,
          ERROR("interval must be longer than retry ('10m')") },
        { "probe: { retry = \"7h\"; };\n" CONF_NONE,
          ERROR("interval must be longer than retry ('6h')") },
        { "probe: { max_age = \"5h\"; };\n" CONF_NONE,
          ERROR("max_age must not be shorter than interval, facts would grow too old before they "
                "are fetched again ('5h')") },
        { "probe: { certificate = \"t.conf\"; };\n" CONF_NONE,
          ERROR("certificate and key belong together, one of them is missing ('t.conf')") },
        { "probe: { key = \"t.conf\"; };\n" CONF_NONE,
          ERROR("certificate and key belong together, one of them is missing ('t.conf')") },
        { "milter_socket = \"unix:/run/a\"; control_socket = \"unix:/run/a\";\n" CONF_NONE,
          ERROR("control_socket and milter_socket are the same socket ('unix:/run/a')") },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void networks__everybody__warning(void **state)
{
#define WARNING(line, text) "t.conf:" #line ": warning: " text "\n"
#define EVERYBODY ": exempts everybody, nothing is demanded "
#define ADDRESSES ": every address, this tells no partner "
    static const struct conf_case rows[] = {
        { "inbound_exempt_networks = [ \"0.0.0.0/0\",\n\"::/0\" ];\n" CONF_NONE,
          WARNING(1, "inbound_exempt_networks" EVERYBODY "('0.0.0.0/0')")
              WARNING(2, "inbound_exempt_networks" EVERYBODY "('::/0')") },
        { CONF_INBOUND("level = \"encrypt\"; exempt_networks = [ \"0.0.0.0/0\", \"192.0.2.1\" ];\n"
                       "client_networks = [ \"0.0.0.0/0\", \"::/0\", \"::/1\" ];"),
          WARNING(2, "exempt_networks" EVERYBODY "('0.0.0.0/0')")
              WARNING(3, "client_networks" ADDRESSES "('0.0.0.0/0')")
                  WARNING(3, "client_networks" ADDRESSES "('::/0')") },
        /* All of IPv4, mapped into IPv6. */
        { CONF_INBOUND("level = \"encrypt\"; client_networks = [ \"::ffff:0.0.0.0/96\" ];"),
          WARNING(2, "client_networks" ADDRESSES "('::ffff:0.0.0.0/96')") },
        /* In defaults it is said once. */
        { "defaults: { exempt_networks = [ \"::/0\" ]; };\n" CONF_NONE,
          WARNING(1, "exempt_networks" EVERYBODY "('::/0')") },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void exempt_networks__without_the_loopback__note(void **state)
{
#define NOTE                                                                                      \
    "t.conf:1: note: the loopback is not in this list, mail that a content filter hands back is " \
    "judged ('inbound_exempt_networks')\n"
    static const struct conf_case rows[] = {
        { "inbound_exempt_networks = [ \"192.0.2.2\" ];\n" CONF_NONE, NOTE },
        { "inbound_exempt_networks = [ \"::1\", \"127.0.0.2\" ];\n" CONF_NONE, NOTE },
        { "inbound_exempt_networks = [ \"192.0.2.2\", \"127.0.0.1\" ];\n" CONF_NONE, "" },
        { "inbound_exempt_networks = [ \"127.0.0.0/8\" ];\n" CONF_NONE, "" },
        { "inbound_exempt_networks = [ ];\n" CONF_NONE, "" },
        { CONF_NONE, "" },
        /* What is in error may have been the loopback. */
        { "inbound_exempt_networks = [ \"192.0.2.2\", \"127.0.0.1/8\" ];\n" CONF_NONE,
          ERROR("inbound_exempt_networks: a network with host bits set, did you mean "
                "'127.0.0.0/8'? ('127.0.0.1/8')") },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void defaults__errors_in_them__once_each(void **state)
{
    static const struct conf_case rows[] = {
        { "defaults: { min_cipher_bits = -1; name = \"x\"; level = \"encrypt\"; };\n"
          "connectors = ( { name = \"a\"; direction = \"inbound\"; domains = [ \"a.b\" ]; },\n"
          "{ name = \"b\"; direction = \"inbound\"; domains = [ \"b.b\" ]; } );\n",
          ERROR("min_cipher_bits must be a number from 0 to 256 ('-1')")
              ERROR("this key identifies a connector, it cannot be set in defaults "
                    "('name')") },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void defaults__error_under_many_connectors__still_once(void **state)
{
    enum { CONNECTORS = 12000 };
    char *text = malloc(CONNECTORS * 100), *drawn;
    size_t length = 0;
    bool good;

    (void)state;
    assert_non_null(text);
    length += (size_t)sprintf(text, "defaults: { level = \"encrypt\"; action = \"x\"; };\n"
                                    "connectors = (\n");
    for (int i = 0; i < CONNECTORS; i++)
        length += (size_t)sprintf(text + length,
                                  "%s{ name = \"c%d\"; direction = \"inbound\"; domains = [ "
                                  "\"d%d.example\" ]; }\n",
                                  i > 0 ? "," : "", i, i);
    (void)sprintf(text + length, ");\n");
    conf_write("t.conf", span_of(text));
    drawn = conf_diagnostics("t.conf", &good);
    assert_string_equal(drawn, ERROR("action must be defer or reject ('x')"));
    free(drawn);
    free(text);
}

static void settings__nothing_set__defaults(void **state)
{
    struct rules *rules = conf_rules(CONF_NONE);
    const struct settings *settings = &rules->settings;
    const struct connector *connector = connectors_get(rules->connectors, 0);
    struct ip loopback = build_ip("127.1.2.3"), loopback6 = build_ip("::1");

    (void)state;
    assert_int_equal(settings->mode, MODE_ENFORCE);
    assert_null(settings->contact);
    assert_null(settings->milter_socket);
    assert_null(settings->control_socket);
    assert_null(settings->user);
    assert_int_equal(settings->socket_mode, 0660);
    assert_true(network_list_contains(&settings->inbound_exempt_networks, &loopback));
    assert_true(network_list_contains(&settings->inbound_exempt_networks, &loopback6));
    assert_false(settings->inbound_exempt_authenticated);
    assert_int_equal(settings->local_transports.count, 4);
    assert_string_equal(settings->local_transports.strings[3], "discard");
    assert_int_equal(settings->probe.interval, 21600);
    assert_int_equal(settings->probe.retry, 600);
    assert_int_equal(settings->probe.max_age, 86400);
    assert_int_equal(settings->probe.timeout, 60);
    assert_int_equal(settings->probe.max_parallel, 64);
    assert_true(settings->probe.rate > 1.99 && settings->probe.rate < 2.01);
    assert_int_equal(settings->probe.port, 25);
    assert_int_equal(connector->action, ACTION_DEFER);
    assert_int_equal(connector->mode, MODE_ENFORCE);
    assert_int_equal(connector->mx, MX_ALL);
    assert_int_equal(connector->unknown, UNKNOWN_DEFER);
    assert_int_equal(connector->min_protocol, PROTOCOL_TLSV1_2);
    assert_int_equal(connector->min_cipher_bits, 128);
    assert_false(connector->forward_secrecy);
    assert_true(connector->enforce_from == DATE_ALWAYS);
    rules_free(rules);
}

static void settings__all_of_them_set__stored(void **state)
{
    struct rules *rules;
    const struct settings *settings;
    struct ip inside = build_ip("10.1.2.3"), loopback = build_ip("127.0.0.1");

    (void)state;
    conf_write("ca.pem", span_of("x"));
    rules = conf_rules(
        "mode = \"monitor\"; contact = \"postmaster@example.org\";\n"
        "milter_socket = \"local:/run/m\"; smtpd_policy_socket = \"local:/run/p\";\n"
        "tls_policy_socket = \"unix:/run/t\"; control_socket = \"unix:/run/c\";\n"
        "socket_mode = \"0600\"; socket_group = \"postfix\"; user = \"forcetls\";\n"
        "trust_store = \"ca.pem\"; inbound_exempt_networks = [ \"10.0.0.0/8\" ];\n"
        "inbound_exempt_authenticated = true; local_transports = [ \"lmtp\" ];\n"
        "probe: { interval = \"1d\"; retry = \"90s\"; max_age = \"2d\"; timeout = \"5s\";\n"
        "  max_parallel = 8; rate = 1; port = 2525; helo_name = \"MX.example.org\";\n"
        "  source_address = \"192.0.2.1\"; source_address6 = \"2001:DB8::1\";\n"
        "  private_addresses = true; certificate = \"ca.pem\"; key = \"ca.pem\"; };\n"
        "dns: { servers = [ \"127.0.0.1@53\", \"::1\" ]; trust_anchor = \"ca.pem\"; "
        "};\n" CONF_NONE);
    settings = &rules->settings;
    assert_int_equal(settings->mode, MODE_MONITOR);
    assert_string_equal(settings->contact, "postmaster@example.org");
    assert_string_equal(settings->milter_socket, "unix:/run/m");
    assert_string_equal(settings->smtpd_policy_socket, "unix:/run/p");
    assert_string_equal(settings->tls_policy_socket, "unix:/run/t");
    assert_string_equal(settings->control_socket, "unix:/run/c");
    assert_int_equal(settings->socket_mode, 0600);
    assert_string_equal(settings->socket_group, "postfix");
    assert_string_equal(settings->user, "forcetls");
    assert_string_equal(settings->trust_store, "ca.pem");
    assert_true(network_list_contains(&settings->inbound_exempt_networks, &inside));
    assert_false(network_list_contains(&settings->inbound_exempt_networks, &loopback));
    assert_true(settings->inbound_exempt_authenticated);
    assert_int_equal(settings->local_transports.count, 1);
    assert_int_equal(settings->probe.interval, 86400);
    assert_int_equal(settings->probe.retry, 90);
    assert_true(settings->probe.rate > 0.99 && settings->probe.rate < 1.01);
    assert_int_equal(settings->probe.port, 2525);
    assert_string_equal(settings->probe.helo_name, "mx.example.org");
    assert_string_equal(settings->probe.source_address, "192.0.2.1");
    assert_string_equal(settings->probe.source_address6, "2001:db8::1");
    assert_true(settings->probe.private_addresses);
    assert_string_equal(settings->probe.key, "ca.pem");
    assert_int_equal(settings->dns.servers.count, 2);
    assert_string_equal(settings->dns.trust_anchor, "ca.pem");
    rules_free(rules);
}

static void settings__empty_texts_of_optional_keys__not_set(void **state)
{
    struct rules *rules = conf_rules(
        "contact = \"\"; smtpd_policy_socket = \"\"; tls_policy_socket = \"\"; user = \"\";\n"
        "control_socket = \"\"; socket_group = \"\"; trust_store = \"\";\n"
        "inbound_exempt_networks = []; local_transports = [];\n"
        "probe: { helo_name = \"\"; source_address = \"\"; source_address6 = \"\";\n"
        "  certificate = \"\"; key = \"\"; };\n"
        "dns: { servers = []; trust_anchor = \"\"; };\n" CONF_NONE);

    (void)state;
    assert_null(rules->settings.contact);
    assert_null(rules->settings.smtpd_policy_socket);
    assert_null(rules->settings.probe.certificate);
    assert_int_equal(rules->settings.inbound_exempt_networks.count, 0);
    assert_int_equal(rules->settings.local_transports.count, 0);
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys__unknown__error_with_a_near_miss_or_its_place),
        cmocka_unit_test(values__wrong_type__error_that_says_which_is_wanted),
        cmocka_unit_test(values__out_of_their_range__error_with_the_range),
        cmocka_unit_test(settings__that_do_not_go_together__error),
        cmocka_unit_test(networks__everybody__warning),
        cmocka_unit_test(exempt_networks__without_the_loopback__note),
        cmocka_unit_test(defaults__errors_in_them__once_each),
        cmocka_unit_test(defaults__error_under_many_connectors__still_once),
        cmocka_unit_test(settings__nothing_set__defaults),
        cmocka_unit_test(settings__all_of_them_set__stored),
        cmocka_unit_test(settings__empty_texts_of_optional_keys__not_set),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
