/* SPDX-License-Identifier: ISC */
#include "policy/not_reported.h"

#define VALUE_MOST 40 /* of a value that the peer chose */

static void say_pin_not_reported(struct line *line, const struct facts *facts, bool public_key)
{
    const struct certificate_facts *certificate = &facts->certificate;
    enum pin_state state =
        public_key ? certificate->public_key_state : certificate->fingerprint_state;
    bool sendmail = facts->mta == MTA_SENDMAIL;

    if (sendmail && public_key)
        line_add(line, "Sendmail does not report public keys (use fingerprint)");
    else if (sendmail)
        line_add(line, "no SHA-256 fingerprint was reported (sendmail.cf: "
                       "CertFingerprintAlgorithm=sha256)");
    else if (state == PIN_OTHER_DIGEST)
        line_add(line, "the fingerprint was not reported as SHA-256 (main.cf: "
                       "smtpd_tls_fingerprint_digest = sha256)");
    else
        line_add(line, "the fingerprint was not reported (main.cf: "
                       "smtpd_sender_restrictions = check_policy_service ...)");
}

static void say_certificate_not_reported(struct line *line, const struct facts *facts,
                                         enum certificate_field field)
{
    const char *mta = facts->mta == MTA_SENDMAIL ? "Sendmail" : "Postfix";

    switch (field) {
    case FIELD_FINGERPRINT:
    case FIELD_PIN_FILE:
        say_pin_not_reported(line, facts, false);
        break;
    case FIELD_PUBLIC_KEY:
        say_pin_not_reported(line, facts, true);
        break;
    case FIELD_NAME:
        line_add(line,
                 "%s reported no common name of the certificate (use fingerprint "
                 "or public_key)",
                 mta);
        break;
    default:
        line_add(line, "%s did not report the certificate's %s", mta,
                 certificate_field_word(field));
        break;
    }
}

static void say_protocol_not_reported(struct line *line, const struct tls_facts *tls)
{
    if (span_empty(tls->protocol_name)) {
        line_add(line, "the MTA did not report the TLS protocol (milter macro "
                       "{tls_version})");
        return;
    }
    line_add(line, "TLS protocol ");
    line_add_cited(line, tls->protocol_name, VALUE_MOST);
    line_add(line, " with cipher ");
    line_add_cited(line, tls->cipher, VALUE_MOST);
    line_add(line, " is not known");
}

void not_reported_say(struct line *line, const struct facts *facts,
                      const struct check_result *result)
{
    enum check check = result != NULL ? result->check : CHECK_ENCRYPTED;

    switch (check) {
    case CHECK_CLIENT:
        line_add(line, "the MTA did not report the client's address");
        break;
    case CHECK_PROTOCOL:
    case CHECK_FORWARD_SECRECY:
        say_protocol_not_reported(line, &facts->tls);
        break;
    case CHECK_CIPHER_BITS:
    case CHECK_CIPHER:
        line_add(line, "the MTA did not report the cipher (milter macros {cipher} "
                       "{cipher_bits})");
        break;
    case CHECK_TRUSTED:
        line_add(line, "the MTA did not report whether the certificate is trusted "
                       "(milter macro {verify} or {cert_issuer})");
        break;
    case CHECK_CERTIFICATE:
        say_certificate_not_reported(line, facts, result->field);
        break;
    default:
        line_add(line, "the MTA reported nothing about TLS (milter macro "
                       "{tls_version})");
        break;
    }
}
