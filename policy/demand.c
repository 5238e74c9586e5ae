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

static enum reason untrusted_reason(struct span error)
{
    if (span_equal(error, span_of("certificate-expired")))
        return REASON_CERTIFICATE_EXPIRED;
    return span_equal(error, span_of("revoked")) ? REASON_CERTIFICATE_REVOKED
                                                 : REASON_CERTIFICATE_NOT_TRUSTED;
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
        check_unmet(result, untrusted_reason(input->facts->certificate.trust_error));
        break;
    case TRUST_NONE_OR_UNTRUSTED:
        check_unmet(result, REASON_NO_TRUSTED_CERTIFICATE);
        break;
    case TRUST_NOT_REPORTED:
        check_unknown(result);
        break;
    }
}

static void check_host_name(const struct check_input *input, struct check_result *result)
{
    switch (input->facts->certificate.host_name) {
    case HOST_NAME_FITS:
        check_met(result);
        break;
    case HOST_NAME_OTHER:
        check_unmet(result, REASON_CERTIFICATE_MISMATCH);
        break;
    case HOST_NAME_NOT_REPORTED:
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

static bool wants_host_name(const struct connector *connector)
{
    return connector->level == LEVEL_VERIFY;
}

static bool wants_certificate(const struct connector *connector)
{
    return connector->level == LEVEL_SECURE || connector->level == LEVEL_FINGERPRINT;
}

/* The direction in which a check is made. */
enum made { MADE_INBOUND, MADE_OUTBOUND, MADE_ALWAYS };

static const struct check_row {
    enum check check;
    const char *word;
    enum made made;
    bool ends_trail; /* not met: what comes behind is not looked at */
    bool (*wanted)(const struct connector *connector);
    void (*run)(const struct check_input *input, struct check_result *result);
} checks[CHECKS] = {
    { CHECK_CLIENT, "client", MADE_INBOUND, false, wants_client, check_client },
    { CHECK_ENCRYPTED, "encrypted", MADE_ALWAYS, true, always, check_encrypted },
    { CHECK_PROTOCOL, "protocol", MADE_ALWAYS, false, always, check_protocol },
    { CHECK_CIPHER_BITS, "cipher-bits", MADE_ALWAYS, false, always, check_cipher_bits },
    { CHECK_FORWARD_SECRECY, "forward-secrecy", MADE_ALWAYS, false, wants_forward_secrecy,
      check_forward_secrecy },
    { CHECK_CIPHER, "cipher", MADE_ALWAYS, false, wants_cipher, check_cipher },
    { CHECK_TRUSTED, "trusted", MADE_ALWAYS, true, wants_trusted, check_trusted },
    { CHECK_HOST_NAME, "host-name", MADE_OUTBOUND, false, wants_host_name, check_host_name },
    { CHECK_CERTIFICATE, "certificate", MADE_ALWAYS, false, wants_certificate, certificate_check },
};

static bool is_made(const struct check_row *row, enum direction direction)
{
    return row->made == MADE_ALWAYS ||
           (row->made == MADE_INBOUND) == (direction == DIRECTION_INBOUND);
}

const struct check_result *trail_decisive(const struct trail *trail)
{
    const struct check_result *unknown = NULL;

    for (size_t i = 0; i < trail->count; i++) {
        const struct check_result *result = &trail->results[i];

        if (result->outcome == CHECK_UNMET)
            return result;
        if (result->outcome == CHECK_UNKNOWN && unknown == NULL)
            unknown = result;
    }
    return unknown;
}

enum outcome trail_outcome(const struct trail *trail, enum reason *reason)
{
    const struct check_result *decisive = trail_decisive(trail);

    *reason = decisive != NULL ? decisive->reason : REASON_NONE;
    if (decisive == NULL)
        return OUTCOME_PASS;
    return decisive->outcome == CHECK_UNMET ? OUTCOME_FAIL : OUTCOME_UNKNOWN;
}

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

        if (!checks[i].wanted(connector) || !is_made(&checks[i], direction))
            continue;
        *result = (struct check_result){ .check = checks[i].check, .entry = -1 };
        checks[i].run(&input, result);
        trail->count++;
        if (checks[i].ends_trail && result->outcome != CHECK_MET)
            return;
    }
}
