/* SPDX-License-Identifier: ISC */
#include "policy/conf/keys.h"

#include <limits.h>
#include <string.h>

#include "policy/rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOWHERE 0 /* the offset of what is read elsewhere */

#define DAY (24L * 3600)
#define NAME_MOST 64 /* bytes of a name in a log line */
#define TEXT_MOST 1024

#define TOP(member) offsetof(struct settings, member)
#define PROBE(member) offsetof(struct probe_settings, member)
#define DNS(member) offsetof(struct dns_settings, member)
#define CONNECTOR(member) offsetof(struct connector, member)
#define ENTRY(member) offsetof(struct certificate_entry, member)

#define AT_SECURE (1u << LEVEL_SECURE)
#define AT_FINGERPRINT (1u << LEVEL_FINGERPRINT)
#define AT_VERIFY (1u << LEVEL_VERIFY)
#define FROM_ENCRYPT ((1u << LEVEL_ENCRYPT) | AT_VERIFY | AT_SECURE | AT_FINGERPRINT)
#define FROM_MAY (FROM_ENCRYPT | (1u << LEVEL_MAY))

/* KEY_WORD: in the order of the enum. */
static const char *const action_words[] = { "defer", "reject", NULL };
static const char *const mx_words[] = { "all", "any", NULL };
static const char *const unknown_words[] = { "accept", "defer", NULL };
static const char *const direction_words[] = { "inbound", "outbound", "both", NULL };
static const char *const protocol_words[] = { "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL };

/* clang-format off */
static const struct key top_keys[] = {
    { "mode", KEY_WORD, 0, TOP(mode), .words = mode_words, .example = "\"enforce\"" },
    { "contact", KEY_ASCII, KEY_MAY_BE_EMPTY, TOP(contact), .least = 1, .most = CONTACT_MAX,
      .example = "\"postmaster@example.org\"" },
    { "milter_socket", KEY_SOCKET, 0, TOP(milter_socket),
      .example = "\"unix:/var/spool/postfix/forcetls/milter.sock\"" },
    { "smtpd_policy_socket", KEY_UNIX_SOCKET, KEY_MAY_BE_EMPTY, TOP(smtpd_policy_socket),
      .example = "\"unix:/var/spool/postfix/forcetls/policy.sock\"" },
    { "tls_policy_socket", KEY_UNIX_SOCKET, KEY_MAY_BE_EMPTY, TOP(tls_policy_socket),
      .example = "\"unix:/var/spool/postfix/forcetls/tls-policy.sock\"" },
    { "control_socket", KEY_UNIX_SOCKET, KEY_MAY_BE_EMPTY, TOP(control_socket),
      .example = "\"unix:/run/forcetls/control.sock\"" },
    { "socket_mode", KEY_OCTAL, 0, TOP(socket_mode), .example = "\"0660\"" },
    { "socket_group", KEY_ID, KEY_MAY_BE_EMPTY, TOP(socket_group), .least = 1, .most = NAME_MOST,
      .example = "\"postfix\"" },
    { "trust_store", KEY_FILE_OR_FOLDER, KEY_MAY_BE_EMPTY, TOP(trust_store),
      .example = "\"/etc/ssl/certs/ca-certificates.crt\"" },
    { "inbound_exempt_networks", KEY_NETWORKS, KEY_MAY_BE_EMPTY | KEY_EXEMPTS,
      TOP(inbound_exempt_networks), .example = "[ \"127.0.0.0/8\", \"::1\" ]" },
    { "inbound_exempt_authenticated", KEY_FLAG, 0, TOP(inbound_exempt_authenticated),
      .example = "false" },
    { "local_transports", KEY_TEXTS, KEY_MAY_BE_EMPTY, TOP(local_transports), .least = 1,
      .most = NAME_MOST, .example = "[ \"local\", \"virtual\" ]" },
    { "user", KEY_ID, KEY_MAY_BE_EMPTY, TOP(user), .least = 1, .most = NAME_MOST,
      .example = "\"forcetls\"" },
    { "defaults", KEY_GROUP, 0, NOWHERE, .example = "{ level = \"encrypt\"; }" },
    { "probe", KEY_GROUP, 0, NOWHERE, .example = "{ interval = \"6h\"; }" },
    { "dns", KEY_GROUP, 0, NOWHERE, .example = "{ servers = [ \"127.0.0.1\" ]; }" },
    { "connectors", KEY_GROUPS, 0, NOWHERE, .example = "( { ... }, { ... } )" },
};

static const struct key probe_keys[] = {
    { "interval", KEY_DURATION, 0, PROBE(interval), .least = 1, .most = 30 * DAY,
      .example = "\"6h\"" },
    { "retry", KEY_DURATION, 0, PROBE(retry), .least = 1, .most = 30 * DAY,
      .example = "\"10m\"" },
    { "max_age", KEY_DURATION, 0, PROBE(max_age), .least = 1, .most = 90 * DAY,
      .example = "\"24h\"" },
    { "timeout", KEY_DURATION, 0, PROBE(timeout), .least = 1, .most = 3600, .example = "\"60s\"" },
    { "max_parallel", KEY_NUMBER, 0, PROBE(max_parallel), .least = 1, .most = 4096,
      .example = "64" },
    { "rate", KEY_RATE, 0, PROBE(rate), .most = 10000, .example = "2.0" },
    { "port", KEY_NUMBER, 0, PROBE(port), .least = 1, .most = 65535, .example = "25" },
    { "helo_name", KEY_HOST, KEY_MAY_BE_EMPTY, PROBE(helo_name), .example = "\"mx.example.org\"" },
    { "source_address", KEY_ADDRESS4, KEY_MAY_BE_EMPTY, PROBE(source_address),
      .example = "\"192.0.2.1\"" },
    { "source_address6", KEY_ADDRESS6, KEY_MAY_BE_EMPTY, PROBE(source_address6),
      .example = "\"2001:db8::1\"" },
    { "private_addresses", KEY_FLAG, 0, PROBE(private_addresses), .example = "false" },
    { "certificate", KEY_FILE, KEY_MAY_BE_EMPTY, PROBE(certificate),
      .example = "\"/etc/forcetls/client.pem\"" },
    { "key", KEY_FILE, KEY_MAY_BE_EMPTY, PROBE(key), .example = "\"/etc/forcetls/client.key\"" },
};

static const struct key dns_keys[] = {
    { "servers", KEY_SERVERS, KEY_MAY_BE_EMPTY, DNS(servers), .example = "[ \"127.0.0.1\" ]" },
    { "trust_anchor", KEY_FILE, KEY_MAY_BE_EMPTY, DNS(trust_anchor),
      .example = "\"/usr/share/dns/root.key\"" },
};

static const struct key connector_keys[] = {
    { "name", KEY_ID, KEY_IDENTITY, CONNECTOR(name), .levels = FROM_MAY, .least = 1,
      .most = NAME_MOST, .example = "\"contoso-in\"" },
    { "comment", KEY_TEXT, KEY_IDENTITY | KEY_MAY_BE_EMPTY, CONNECTOR(comment), .levels = FROM_MAY,
      .most = TEXT_MOST, .example = "\"contract 4711\"" },
    { "enabled", KEY_ENABLED, KEY_IDENTITY, NOWHERE, .levels = FROM_MAY, .example = "true" },
    { "mode", KEY_WORD, 0, CONNECTOR(mode), .levels = FROM_ENCRYPT, .words = mode_words,
      .example = "\"enforce\"" },
    { "enforce_from", KEY_DATE, 0, CONNECTOR(enforce_from), .levels = FROM_ENCRYPT,
      .example = "\"2027-01-31\"" },
    { "direction", KEY_DIRECTION, KEY_IDENTITY, CONNECTOR(directions), .levels = FROM_MAY,
      .words = direction_words, .example = "\"inbound\"" },
    { "domains", KEY_DOMAINS, KEY_IDENTITY, NOWHERE, .levels = FROM_MAY,
      .example = "[ \"contoso.com\" ]" },
    { "domains_file", KEY_DOMAINS_FILE, KEY_IDENTITY, NOWHERE, .levels = FROM_MAY,
      .example = "\"contoso.domains\"" },
    { "local_domains", KEY_DOMAIN_TABLE, 0, CONNECTOR(local_domains), .levels = FROM_MAY,
      .example = "[ \"example.org\" ]" },
    /* At may it still tells whose a bounce is: check_connector.c has words of its own for it. */
    { "client_networks", KEY_NETWORKS, KEY_INBOUND, CONNECTOR(client_networks), .levels = FROM_MAY,
      .example = "[ \"192.0.2.0/24\" ]" },
    { "exempt_networks", KEY_NETWORKS, KEY_INBOUND | KEY_MAY_BE_EMPTY | KEY_EXEMPTS,
      CONNECTOR(exempt_networks), .levels = FROM_ENCRYPT, .example = "[ \"198.51.100.7\" ]" },
    { "level", KEY_WORD, 0, CONNECTOR(level), .levels = FROM_MAY, .words = level_words,
      .example = "\"secure\"" },
    { "min_protocol", KEY_PROTOCOL, 0, CONNECTOR(min_protocol), .levels = FROM_ENCRYPT,
      .words = protocol_words, .example = "\"TLSv1.2\"" },
    { "min_cipher_bits", KEY_NUMBER, 0, CONNECTOR(min_cipher_bits), .levels = FROM_ENCRYPT,
      .most = 256, .example = "128" },
    { "forward_secrecy", KEY_FLAG, 0, CONNECTOR(forward_secrecy), .levels = FROM_ENCRYPT,
      .example = "true" },
    { "ciphers", KEY_CIPHERS, KEY_MAY_BE_EMPTY, CONNECTOR(ciphers), .levels = FROM_ENCRYPT,
      .example = "[ \"TLS_AES_256_GCM_SHA384\" ]" },
    { "exclude_ciphers", KEY_CIPHERS, KEY_MAY_BE_EMPTY, CONNECTOR(exclude_ciphers),
      .levels = FROM_ENCRYPT, .example = "[ \"AES128-SHA\" ]" },
    { "certificates", KEY_CERTIFICATES, 0, NOWHERE, .levels = AT_SECURE | AT_FINGERPRINT,
      .example = "( { name = \"mail.contoso.com\"; } )" },
    { "trust_store", KEY_FILE_OR_FOLDER, KEY_OUTBOUND | KEY_MAY_BE_EMPTY, CONNECTOR(trust_store),
      .levels = AT_VERIFY | AT_SECURE, .example = "\"contoso-ca.pem\"" },
    { "next_hops", KEY_NEXT_HOPS, KEY_OUTBOUND, CONNECTOR(next_hops), .levels = FROM_ENCRYPT,
      .example = "[ \"[mail.contoso.com]:587\" ]" },
    { "mx", KEY_WORD, KEY_OUTBOUND, CONNECTOR(mx), .levels = FROM_ENCRYPT, .words = mx_words,
      .example = "\"all\"" },
    { "unknown", KEY_WORD, KEY_OUTBOUND, CONNECTOR(unknown), .levels = FROM_ENCRYPT,
      .words = unknown_words, .example = "\"defer\"" },
    { "action", KEY_WORD, 0, CONNECTOR(action), .levels = FROM_ENCRYPT, .words = action_words,
      .example = "\"defer\"" },
    { "contact", KEY_ASCII, KEY_MAY_BE_EMPTY, CONNECTOR(contact), .levels = FROM_ENCRYPT,
      .least = 1, .most = CONTACT_MAX, .example = "\"postmaster@example.org\"" },
};

static const struct key certificate_keys[] = {
    { "name", KEY_CERT_NAME, KEY_DEMANDS, NOWHERE, .example = "\"mail.contoso.com\"" },
    { "issuer", KEY_TEXT, KEY_DEMANDS, ENTRY(issuer), .least = 1, .most = TEXT_MOST,
      .example = "\"Example Issuing CA\"" },
    { "root", KEY_TEXT, KEY_DEMANDS, ENTRY(root), .least = 1, .most = TEXT_MOST,
      .example = "\"GlobalSign Root CA\"" },
    { "organization", KEY_TEXT, KEY_DEMANDS, ENTRY(organization), .least = 1, .most = TEXT_MOST,
      .example = "\"Contoso Ltd\"" },
    { "organizational_unit", KEY_TEXT, KEY_DEMANDS, ENTRY(organizational_unit), .least = 1,
      .most = TEXT_MOST, .example = "\"Mail\"" },
    { "key_bits", KEY_NUMBER, KEY_DEMANDS, ENTRY(key_bits), .least = 1, .most = 65536,
      .example = "2048" },
    { "fingerprint", KEY_FINGERPRINT, KEY_DEMANDS, NOWHERE, .example = "\"AB:CD:...\"" },
    { "public_key", KEY_PUBLIC_KEY, KEY_DEMANDS, NOWHERE, .example = "\"abcd...\"" },
    { "pin_file", KEY_PIN_FILE, KEY_DEMANDS, ENTRY(pin_file), .example = "\"contoso.pem\"" },
    { "from", KEY_DATE, 0, ENTRY(from), .example = "\"2027-01-31\"" },
    { "until", KEY_DATE, 0, ENTRY(until), .example = "\"2027-03-01\"" },
};
/* clang-format on */

static const struct scope_row {
    const char *word;
    const struct key *keys;
    size_t count;
} scopes[SCOPES] = {
    [SCOPE_TOP] = { "at the top level", top_keys, COUNT(top_keys) },
    [SCOPE_DEFAULTS] = { "in defaults", connector_keys, COUNT(connector_keys) },
    [SCOPE_PROBE] = { "in probe", probe_keys, COUNT(probe_keys) },
    [SCOPE_DNS] = { "in dns", dns_keys, COUNT(dns_keys) },
    [SCOPE_CONNECTOR] = { "in a connector", connector_keys, COUNT(connector_keys) },
    [SCOPE_CERTIFICATE] = { "in an entry of certificates", certificate_keys,
                            COUNT(certificate_keys) },
};

const struct key *keys_of(enum scope scope, size_t *count)
{
    *count = scopes[scope].count;
    return scopes[scope].keys;
}

bool key_in_scope(const struct key *key, enum scope scope)
{
    return scope != SCOPE_DEFAULTS || !(key->flags & KEY_IDENTITY);
}

const struct key *key_find(enum scope scope, const char *name)
{
    for (size_t i = 0; i < scopes[scope].count; i++) {
        const struct key *key = &scopes[scope].keys[i];

        if (key_in_scope(key, scope) && strcmp(key->name, name) == 0)
            return key;
    }
    return NULL;
}

const char *scope_word(enum scope scope)
{
    return scopes[scope].word;
}

const char *key_type_word(enum key_type type)
{
    static const char *const words[KEY_TYPES] = {
        [KEY_GROUP] = "group",
        [KEY_GROUPS] = "list of groups",
        [KEY_ENABLED] = "true or false",
        [KEY_DOMAINS] = "list of domains",
        [KEY_DOMAINS_FILE] = "file",
        [KEY_FLAG] = "true or false",
        [KEY_NUMBER] = "number",
        [KEY_RATE] = "number",
        [KEY_DURATION] = "duration",
        [KEY_DATE] = "date",
        [KEY_WORD] = "word",
        [KEY_PROTOCOL] = "word",
        [KEY_DIRECTION] = "word",
        [KEY_TEXT] = "text",
        [KEY_ASCII] = "text",
        [KEY_ID] = "text",
        [KEY_OCTAL] = "octal digits",
        [KEY_SOCKET] = "socket",
        [KEY_UNIX_SOCKET] = "socket",
        [KEY_FILE] = "file",
        [KEY_FILE_OR_FOLDER] = "file or folder",
        [KEY_HOST] = "host name",
        [KEY_ADDRESS4] = "IPv4 address",
        [KEY_ADDRESS6] = "IPv6 address",
        [KEY_SERVERS] = "list of addresses",
        [KEY_NETWORKS] = "list of networks",
        [KEY_TEXTS] = "list of texts",
        [KEY_CIPHERS] = "list of ciphers",
        [KEY_NEXT_HOPS] = "list of next hops",
        [KEY_DOMAIN_TABLE] = "list of domains",
        [KEY_CERTIFICATES] = "list of groups",
        [KEY_CERT_NAME] = "host name",
        [KEY_FINGERPRINT] = "SHA-256",
        [KEY_PUBLIC_KEY] = "SHA-256",
        [KEY_PIN_FILE] = "file",
    };

    return words[type];
}
