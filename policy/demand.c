/* SPDX-License-Identifier: ISC */
/*
 * Each check is a function of the connector and the facts. The table says in which order they
 * run, from which level on, and which of them end the trail when they are not met: what comes
 * behind those speaks of a session or a certificate that is not there.
 */
#include "policy/demand.h"

#include <stddef.h>

#include "policy/certificate.h"

static void check_client(const struct check_input *input, struct check_result *result)
{
    if (network_list_contains(&input->connector->client_networks, &input->facts->client))
        check_met(result);
    else if (input->facts->client.family == 0)
        check_unknown(result);
    else
        check_unmet(result, REASON_CLIENT_NOT_ALLOWED);
}

static void check_encrypted(const struct check_input *input, struct check_result *result)
{
    switch (input->facts->tls.state) {
    case TLS_ENCRYPTED:
        check_met(result);
        break;
    case TLS_PLAIN:
        check_unmet(result, REASON_NO_TLS);
        break;
    case TLS_NOT_REPORTED:
        check_unknown(result);
        break;
    }
}

static void check_protocol(const struct check_input *input, struct check_result *result)
{
    const struct tls_facts *tls = &input->facts->tls;

    if (tls->protocol == PROTOCOL_UNKNOWN || !cipher_agrees(tls->cipher, tls->protocol))
        check_unknown(result);
    else if (tls->protocol < input->connector->min_protocol)
        check_unmet(result, REASON_PROTOCOL_TOO_OLD);
    else
        check_met(result);
}

static void check_cipher_bits(const struct check_input *input, struct check_result *result)
{
    const struct tls_facts *tls = &input->facts->tls;

    if (cipher_is_null(tls->cipher) || tls->cipher_bits == 0)
        check_unmet(result, REASON_CIPHER_TOO_WEAK);
    else if (!cipher_is_name(tls->cipher) || tls->cipher_bits < 0)
        check_unknown(result);
    else if (tls->cipher_bits < input->connector->min_cipher_bits)
        check_unmet(result, REASON_CIPHER_TOO_WEAK);
    else
        check_met(result);
}

static void check_forward_secrecy(const struct check_input *input, struct check_result *result)
{
    const struct tls_facts *tls = &input->facts->tls;

    switch (cipher_forward_secrecy(tls->cipher, tls->protocol)) {
    case FORWARD_SECRECY_YES:
        check_met(result);
        break;
    case FORWARD_SECRECY_NO:
        check_unmet(result, REASON_NO_FORWARD_SECRECY);
        break;
    case FORWARD_SECRECY_UNKNOWN:
        check_unknown(result);
        break;
    }
}

static bool cipher_in(const struct string_list *list, struct span cipher)
{
    for (size_t i = 0; i < list->count; i++) {
        if (cipher_equal(span_of(list->strings[i]), cipher))
            return true;
    }
    return false;
}

static void check_cipher(const struct check_input *input, struct check_result *result)
{
    const struct connector *connector = input->connector;
    struct span cipher = input->facts->tls.cipher;

    if (span_empty(cipher))
        check_unknown(result);
    else if (cipher_in(&connector->exclude_ciphers, cipher) ||
             (connector->ciphers.count > 0 && !cipher_in(&connector->ciphers, cipher)))
        check_unmet(result, REASON_CIPHER_NOT_ALLOWED);
    else
        check_met(result);
}

static void check_trusted(const struct check_input *input, struct check_result *result)
{
    switch (input->facts->certificate.trust) {
    case TRUST_TRUSTED:
        /* Anonymous suites have no certificates: then one of the two reports is wrong. */
        if (cipher_is_anonymous(input->facts->tls.cipher))
            check_unknown(result);
        else
            check_met(result);
        break;
    case TRUST_NO_CERTIFICATE:
        check_unmet(result, REASON_NO_CERTIFICATE);
        break;
    case TRUST_UNTRUSTED:
        check_unmet(result, REASON_CERTIFICATE_NOT_TRUSTED);
        break;
    case TRUST_NONE_OR_UNTRUSTED:
        check_unmet(result, REASON_NO_TRUSTED_CERTIFICATE);
        break;
    case TRUST_NOT_REPORTED:
        check_unknown(result);
        break;
    }
}

/* Which demands a connector makes at all. */

static bool always(const struct connector *connector)
{
    (void)connector;
    return true;
}

static bool wants_client(const struct connector *connector)
{
    return connector->client_networks.count > 0;
}

static bool wants_forward_secrecy(const struct connector *connector)
{
    return connector->forward_secrecy;
}

static bool wants_cipher(const struct connector *connector)
{
    return connector->ciphers.count > 0 || connector->exclude_ciphers.count > 0;
}

static bool wants_trusted(const struct connector *connector)
{
    return connector->level == LEVEL_VERIFY || connector->level == LEVEL_SECURE;
}

static bool wants_certificate(const struct connector *connector)
{
    return connector->level == LEVEL_SECURE || connector->level == LEVEL_FINGERPRINT;
}

static const struct check_row {
    enum check check;
    const char *word;
    bool inbound_only;
    bool ends_trail; /* not met: what comes behind is not looked at */
    bool (*wanted)(const struct connector *connector);
    void (*run)(const struct check_input *input, struct check_result *result);
} checks[CHECKS] = {
    { CHECK_CLIENT, "client", true, false, wants_client, check_client },
    { CHECK_ENCRYPTED, "encrypted", false, true, always, check_encrypted },
    { CHECK_PROTOCOL, "protocol", false, false, always, check_protocol },
    { CHECK_CIPHER_BITS, "cipher-bits", false, false, always, check_cipher_bits },
    { CHECK_FORWARD_SECRECY, "forward-secrecy", false, false, wants_forward_secrecy,
      check_forward_secrecy },
    { CHECK_CIPHER, "cipher", false, false, wants_cipher, check_cipher },
    { CHECK_TRUSTED, "trusted", false, true, wants_trusted, check_trusted },
    { CHECK_CERTIFICATE, "certificate", false, false, wants_certificate, certificate_check },
};

const char *check_word(enum check check)
{
    return checks[check].word;
}

void demand_check(const struct connectors *connectors, const struct connector *connector,
                  const struct facts *facts, enum direction direction, struct trail *trail)
{
    struct check_input input = { connectors, connector, facts, direction };

    trail->count = 0;
    if (connector->level == LEVEL_MAY)
        return;
    for (size_t i = 0; i < CHECKS; i++) {
        struct check_result *result = &trail->results[trail->count];

        if (!checks[i].wanted(connector) ||
            (checks[i].inbound_only && direction != DIRECTION_INBOUND))
            continue;
        *result = (struct check_result){ .check = checks[i].check, .entry = -1 };
        checks[i].run(&input, result);
        trail->count++;
        if (checks[i].ends_trail && result->outcome != CHECK_MET)
            return;
    }
}
