/* SPDX-License-Identifier: ISC */
#include "policy/hop.h"

#define EXPIRED "certificate-expired" /* policy/probe/FORMAT, likewise below */
#define REVOKED "revoked"

const char *lookup_word(enum lookup lookup)
{
    static const char *const words[LOOKUPS] = {
        [LOOKUP_NOT_ASKED] = "not-asked", [LOOKUP_FOUND] = "found",
        [LOOKUP_NONE] = "none",           [LOOKUP_NULL_MX] = "null-mx",
        [LOOKUP_NXDOMAIN] = "nxdomain",   [LOOKUP_SERVFAIL] = "servfail",
        [LOOKUP_TIMEOUT] = "timeout",     [LOOKUP_BOGUS] = "bogus",
    };

    return words[lookup];
}

const char *dnssec_word(enum dnssec dnssec)
{
    static const char *const words[] = {
        [DNSSEC_UNKNOWN] = "unknown", [DNSSEC_INSECURE] = "insecure", [DNSSEC_SECURE] = "secure"
    };

    return words[dnssec];
}

const char *hop_state_word(enum hop_state state)
{
    static const char *const words[HOP_STATES] = {
        [HOP_NOT_ALLOWED] = "not-allowed",
        [HOP_UNREACHABLE] = "unreachable",
        [HOP_BUSY] = "busy",
        [HOP_REJECTED] = "rejected",
        [HOP_NOT_SMTP] = "not-smtp",
        [HOP_NO_STARTTLS] = "no-starttls",
        [HOP_STARTTLS_REFUSED] = "starttls-refused",
        [HOP_INJECTED] = "injected",
        [HOP_TLS_FAILED] = "tls-failed",
        [HOP_TLS] = "tls",
    };

    return words[state];
}

void hop_seen_init(struct hop_seen *seen)
{
    *seen = (struct hop_seen){ .age = -1 };
}

static bool has_session(const struct hop_seen *seen)
{
    return seen->address != NULL && seen->address->state == HOP_TLS;
}

bool hop_seen_expired_since(const struct hop_seen *seen, int64_t now)
{
    return has_session(seen) && seen->address->has_certificate && seen->trust != NULL &&
           seen->trust->state == STORE_TRUSTED && seen->address->certificate_until <= now;
}

/* Without TLS nothing can be encrypted; where no answer was had, nothing is known. */
static enum tls_state session_state(const struct hop_address *address)
{
    switch (address->state) {
    case HOP_NO_STARTTLS:
    case HOP_STARTTLS_REFUSED:
    case HOP_INJECTED:
    case HOP_TLS_FAILED:
        return TLS_PLAIN;
    case HOP_TLS:
        return TLS_ENCRYPTED;
    default:
        return TLS_NOT_REPORTED;
    }
}

static void set_untrusted(struct certificate_facts *certificate, struct span error)
{
    certificate->trust = TRUST_UNTRUSTED;
    certificate->trust_error = error;
    certificate->root = (struct span){ NULL, 0 };
}

static void set_trust(const struct hop_seen *seen, int64_t now,
                      struct certificate_facts *certificate)
{
    const struct hop_trust *trust = seen->trust;

    if (trust == NULL || trust->state == STORE_ERROR)
        return;
    certificate->host_name = trust->names_ok ? HOST_NAME_FITS : HOST_NAME_OTHER;
    if (trust->state == STORE_UNTRUSTED) {
        set_untrusted(certificate, trust->error);
    } else {
        certificate->trust = TRUST_TRUSTED;
        certificate->root = span_known(trust->anchor) ? trust->anchor : span_of("");
    }
    if (hop_seen_expired_since(seen, now))
        set_untrusted(certificate, span_of(EXPIRED));
    if (seen->address->revoked)
        set_untrusted(certificate, span_of(REVOKED));
}

static void set_no_certificate(struct certificate_facts *certificate)
{
    certificate->trust = TRUST_NO_CERTIFICATE;
    certificate->fingerprint_state = certificate->public_key_state = PIN_NO_CERTIFICATE;
}

void hop_seen_session(const struct hop_seen *seen, struct facts *facts)
{
    struct facts unknown;

    facts_init(&unknown);
    facts->tls = unknown.tls;
    facts->certificate = unknown.certificate;
    if (seen->address == NULL)
        return;
    if (has_session(seen))
        facts->tls = seen->address->tls;
    facts->tls.state = session_state(seen->address);
    if (!has_session(seen))
        return;
    if (!seen->address->has_certificate) {
        set_no_certificate(&facts->certificate);
        return;
    }
    facts->certificate = seen->address->certificate;
    facts->certificate.trust = TRUST_NOT_REPORTED;
    facts->certificate.host_name = HOST_NAME_NOT_REPORTED;
    set_trust(seen, facts->now, &facts->certificate);
}
