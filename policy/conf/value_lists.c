/* SPDX-License-Identifier: ISC */
/*
 * Values that are lists of texts.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/conf/scalars.h"
#include "policy/conf/suggest.h"
#include "policy/conf/values.h"
#include "policy/domain_table.h"
#include "policy/next_hop.h"

/* Takes one element of a list; false: reported. */
typedef bool element_reader(struct reader *reader, const struct key *key,
                            const config_setting_t *element, void *field);

/* Goes through all elements, also behind one that is in error. */
static bool read_elements(struct reader *reader, const struct key *key,
                          const config_setting_t *list, element_reader *read, void *field)
{
    bool good = true;

    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *element = config_setting_get_elem(list, (unsigned)i);

        if (config_setting_type(element) != CONFIG_TYPE_STRING) {
            good = reader_error(reader, element, "%s must hold texts in double quotes, such as %s",
                                key->name, key->example);
        } else if (!read(reader, key, element, field)) {
            good = false;
        }
    }
    return good;
}

static bool add_text(struct reader *reader, struct string_list *list, const char *text)
{
    return string_list_add(list, text) || reader_no_memory(reader);
}

static bool read_strings(struct reader *reader, const struct key *key,
                         const config_setting_t *setting, void *target, element_reader *read)
{
    struct string_list *list = (struct string_list *)(void *)((char *)target + key->offset);

    string_list_release(list);
    return read_elements(reader, key, setting, read, list);
}

static bool read_server(struct reader *reader, const struct key *key,
                        const config_setting_t *element, void *field)
{
    const char *text = config_setting_get_string(element);
    struct why why;

    if (!dns_server_parse(span_of(text), &why))
        return reader_error(reader, element, "%s: %s", key->name, why.text);
    return add_text(reader, field, text);
}

bool value_servers(struct reader *reader, const struct key *key, config_setting_t *setting,
                   void *target)
{
    return read_strings(reader, key, setting, target, read_server);
}

static bool read_transport(struct reader *reader, const struct key *key,
                           const config_setting_t *element, void *field)
{
    const char *text = config_setting_get_string(element);

    if (!text_is_id(text))
        return reader_error(reader, element, "%s: not the name of a transport", key->name);
    return add_text(reader, field, text);
}

bool value_texts(struct reader *reader, const struct key *key, config_setting_t *setting,
                 void *target)
{
    return read_strings(reader, key, setting, target, read_transport);
}

static bool is_suite_name(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!ascii_alnum(*c) && *c != '-' && *c != '_')
            return false;
    }
    return text[0] != '\0';
}

static bool read_cipher(struct reader *reader, const struct key *key,
                        const config_setting_t *element, void *field)
{
    const char *text = config_setting_get_string(element);

    if (!is_suite_name(text))
        return reader_error(reader, element,
                            "%s holds cipher suites by name, not OpenSSL's cipher strings",
                            key->name);
    if (!cipher_known(span_of(text)))
        reader_say(reader, SEVERITY_WARNING, element, span_of(text),
                   "%s: no cipher suite of that name is known here", key->name);
    return add_text(reader, field, text);
}

bool value_ciphers(struct reader *reader, const struct key *key, config_setting_t *setting,
                   void *target)
{
    return read_strings(reader, key, setting, target, read_cipher);
}

static bool read_next_hop(struct reader *reader, const struct key *key,
                          const config_setting_t *element, void *field)
{
    char canonical[NEXT_HOP_TEXT_SIZE];
    struct next_hop hop;
    struct why why;

    if (!next_hop_parse(&hop, span_of(config_setting_get_string(element)), &why))
        return reader_error(reader, element, "%s: %s", key->name, why.text);
    next_hop_format(&hop, canonical);
    return add_text(reader, field, canonical);
}

bool value_next_hops(struct reader *reader, const struct key *key, config_setting_t *setting,
                     void *target)
{
    return read_strings(reader, key, setting, target, read_next_hop);
}

static bool read_network(struct reader *reader, const struct key *key,
                         const config_setting_t *element, void *field)
{
    const char *text = config_setting_get_string(element);
    struct network network;
    struct why why;

    if (!network_parse(&network, span_of(text), &why))
        return reader_error(reader, element, "%s: %s", key->name, why.text);
    if (network.prefix == 0)
        reader_say(reader, SEVERITY_WARNING, element, span_of(text), "%s: %s", key->name,
                   key->flags & KEY_EXEMPTS ? "exempts everybody, nothing is demanded"
                                            : "every address, this tells no partner");
    return network_list_add(field, &network) || reader_no_memory(reader);
}

bool value_networks(struct reader *reader, const struct key *key, config_setting_t *setting,
                    void *target)
{
    struct network_list *list = (struct network_list *)(void *)((char *)target + key->offset);

    network_list_release(list);
    return read_elements(reader, key, setting, read_network, list);
}

static bool read_pattern(struct reader *reader, const struct key *key,
                         const config_setting_t *element, struct pattern *pattern)
{
    struct span text = span_of(config_setting_get_string(element));
    char hint[DOMAIN_HINT_SIZE];
    struct why why;

    if (pattern_parse(pattern, text, &why))
        return true;
    if (is_domain_row(text))
        return reader_error(reader, element, "%s: one domain in each pair of quotes", key->name);
    domain_hint(text, hint);
    return reader_error(reader, element, "%s: %s%s", key->name, why.text, hint);
}

static bool check_pattern(struct reader *reader, const struct key *key,
                          const config_setting_t *element, void *field)
{
    struct pattern pattern;

    (void)field;
    return read_pattern(reader, key, element, &pattern);
}

/* Only checked: read_domains.c puts them where they belong once the connector is known. */
bool value_patterns(struct reader *reader, const struct key *key, config_setting_t *setting,
                    void *target)
{
    (void)target;
    return read_elements(reader, key, setting, check_pattern, NULL);
}

static bool add_pattern(struct reader *reader, const struct key *key,
                        const config_setting_t *element, void *field)
{
    struct pattern pattern;

    return read_pattern(reader, key, element, &pattern) &&
           (domain_table_add(field, &pattern, 0) || reader_no_memory(reader));
}

bool value_domain_table(struct reader *reader, const struct key *key, config_setting_t *setting,
                        void *target)
{
    struct domain_table **field = (struct domain_table **)(void *)((char *)target + key->offset);
    bool good;

    domain_table_free(*field);
    *field = domain_table_new();
    if (*field == NULL)
        return reader_no_memory(reader);
    good = read_elements(reader, key, setting, add_pattern, *field);
    domain_table_finish(*field);
    return good;
}
