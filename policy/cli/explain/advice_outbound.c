/* SPDX-License-Identifier: ISC */
/* Mail to partners. */
#include "policy/cli/explain/advice_table.h"

static const char *const meanings[REASONS + 1] = {
    [REASON_STARTTLS_NOT_OFFERED] =
        "A mail server of the partner's (the text names it) does not offer STARTTLS: what is sent "
        "to it crosses the network in plaintext. Either it has no TLS, or somebody on the way "
        "takes the offer away.",
    [REASON_STARTTLS_FAILED] =
        "A mail server of the partner's (the text names it) offers STARTTLS, and no TLS session "
        "comes about: it refuses, it sends something else than TLS, or the two sides have no "
        "protocol and cipher in common.",
    [REASON_PROTOCOL_TOO_OLD] = "The partner's server speaks TLS, with an older protocol than the "
                                "connector's min_protocol. It is the best that it has.",
    [REASON_CIPHER_TOO_WEAK] =
        "The partner's server speaks TLS, with a cipher of fewer bits than the connector's "
        "min_cipher_bits. It was offered every cipher, and chose this one.",
    [REASON_NO_FORWARD_SECRECY] =
        "The partner's server speaks TLS, with a cipher without (EC)DHE: who gets its key one day "
        "can read what was recorded today. The connector has forward_secrecy = true.",
    [REASON_CIPHER_NOT_ALLOWED] =
        "The partner's server speaks TLS, with a cipher that is not in the connector's ciphers, or "
        "that is in its exclude_ciphers. It was offered every cipher, and chose this one.",
    [REASON_NO_CERTIFICATE] = "The partner's server speaks TLS and shows no certificate.",
    [REASON_CERTIFICATE_NOT_TRUSTED] =
        "The partner's server shows a certificate that does not lead to a root of the connector's "
        "trust_store: it is self-signed, its CA is not known here, an intermediate is missing, or "
        "something in the chain is not as it should be (purpose, key, signature).",
    [REASON_CERTIFICATE_MISMATCH] =
        "The partner's server shows a certificate that does not name the server, or that fits no "
        "entry of the connector's certificates. The text names what was seen and what is wanted.",
    [REASON_CERTIFICATE_EXPIRED] = "The partner's server shows a certificate that is over by its "
                                   "own dates, or one of those above it is.",
    [REASON_CERTIFICATE_RETIRED] = "The certificate fits an entry whose until has come: the "
                                   "partner still shows what it should have changed by then. "
                                   "Nothing is wrong with the certificate itself.",
    [REASON_CERTIFICATE_REVOKED] =
        "The partner's server shows a certificate together with an OCSP answer of its CA which "
        "says that it is revoked: its key may be in the wrong hands.",
    [REASON_KEY_TOO_SMALL] = "The key of the partner's certificate has fewer bits than the "
                             "connector's certificates demand (key_bits).",
    [REASON_TLS_NOT_REQUIRED] =
        "The message has the header \"TLS-Required: No\" (RFC 8689): whoever wrote it asks that "
        "it be delivered even without TLS, and Postfix from 3.10 on would then not ask the TLS "
        "policy map. For a partner that is no one person's choice.",
    [REASON_WRONG_NEXT_HOP] =
        "This MTA would send the mail to a host that is neither one of the partner's MX hosts nor "
        "in the connector's next_hops: a relay or a route that nobody agreed on. What the "
        "partner's "
        "own servers offer says nothing about it.",
    [REASON_NOT_PROBED_YET] =
        "Nobody has looked at the next hop yet, or what was seen is older than probe.max_age. "
        "forcetls-prober looks at it now; as a rule the next try finds an answer.",
    [REASON_DNS_FAILURE] = "The DNS gives no MX record and no address of the partner's servers: it "
                           "does not answer, or what it answers is bogus (DNSSEC).",
    [REASON_MX_UNREACHABLE] =
        "No server of the partner's could be asked: no connection came about, or the servers are "
        "busy (421, 454) or silent. Mail could not be delivered now either.",
    [REASON_PROBER_FAILURE] = "forcetls-prober, which looks at next hops, did not answer: it could "
                              "not be started, it ended, or it hangs.",
    [REASON_NOT_REPORTED] = "This MTA told forcetls too little to decide, and what is not known is "
                            "never a pass. As a rule it is for this side to mend.",
    [REASON_INTERNAL_ERROR] = "Something went wrong in forcetls itself (memory, mostly). The mail "
                              "is deferred and comes again.",
};

/* What several reasons share. */
#define LOOK "look at it now: forcetls probe CONNECTOR"
#define BY_HAND \
    "by hand: openssl s_client -starttls smtp -connect HOST:25 -servername HOST -showcerts"
#define CALL                                                                                    \
    "ask the partner by telephone, not by mail, whether the certificate is its own. If it is: " \
    "one "                                                                                      \
    "more entry in certificates (they are alternatives), and reload"
#define SHOW_AGREED                                                                               \
    "show the agreed certificate on every MX host, with its intermediates, and tell of a change " \
    "before it is made. Postfix: smtpd_tls_chain_files; Sendmail: confSERVER_CERT, "              \
    "confSERVER_KEY; Exchange: the certificate with the service SMTP"
#define NEWER "allow TLSv1.2 and TLSv1.3 on every MX host, and bring its TLS library up to date"
#define MONITOR "to let the mail out meanwhile: mode = \"monitor\" in this connector, and reload"

static const struct advice_step steps[] = {
    HERE(REASON_STARTTLS_NOT_OFFERED, ANYWHERE, LOOK),
    HERE(REASON_STARTTLS_NOT_OFFERED, ANYWHERE,
         "look from another network too: a firewall here that inspects SMTP hides STARTTLS of "
         "every server (Cisco's shows 250-XXXXXXXA instead)"),
    HERE(REASON_STARTTLS_NOT_OFFERED, ANYWHERE,
         "where only a spare MX host has no TLS: mx = \"any\" in this connector accepts the mail, "
         "and the TLS policy map keeps it off that host"),
    MEANWHILE(REASON_STARTTLS_NOT_OFFERED, MONITOR),
    PARTNER(REASON_STARTTLS_NOT_OFFERED, ANYWHERE,
            "switch on TLS for mail that arrives, on every MX host. Postfix: "
            "smtpd_tls_security_level = may and a certificate; Sendmail: confSERVER_CERT, "
            "confSERVER_KEY; Exchange: a certificate with the service SMTP"),

    HERE(REASON_STARTTLS_FAILED, ANYWHERE, LOOK),
    HERE(REASON_STARTTLS_FAILED, ANYWHERE, BY_HAND),
    MEANWHILE(REASON_STARTTLS_FAILED, MONITOR),
    PARTNER(REASON_STARTTLS_FAILED, ANYWHERE,
            "see that key and certificate of every MX host can be read and belong together; a "
            "proxy in front must hand STARTTLS on as it is"),
    PARTNER(REASON_STARTTLS_FAILED, ANYWHERE, NEWER),

    HERE(REASON_PROTOCOL_TOO_OLD, ANYWHERE, LOOK),
    HERE(REASON_PROTOCOL_TOO_OLD, ANYWHERE,
         "if the partner cannot do better yet: min_protocol = \"TLSv1\" (or \"TLSv1.1\") in this "
         "connector, with a date for its end (RFC 8996 has retired both)"),
    POSTFIX(REASON_PROTOCOL_TOO_OLD, ANYWHERE,
            "then smtp(8) has to allow it, too: postconf smtp_tls_mandatory_protocols"),
    PARTNER(REASON_PROTOCOL_TOO_OLD, ANYWHERE, NEWER),

    HERE(REASON_CIPHER_TOO_WEAK, ANYWHERE, LOOK),
    HERE(REASON_CIPHER_TOO_WEAK, ANYWHERE,
         "if the partner cannot do better yet: min_cipher_bits in this connector"),
    PARTNER(REASON_CIPHER_TOO_WEAK, ANYWHERE,
            "prefer a cipher of as many bits as are wanted: AES-256 always has enough"),

    HERE(REASON_NO_FORWARD_SECRECY, ANYWHERE, LOOK),
    HERE(REASON_NO_FORWARD_SECRECY, ANYWHERE,
         "if the partner cannot do better yet: forward_secrecy = false in this connector"),
    PARTNER(REASON_NO_FORWARD_SECRECY, ANYWHERE, "allow and prefer ECDHE suites, or TLSv1.3"),

    HERE(REASON_CIPHER_NOT_ALLOWED, ANYWHERE, LOOK),
    HERE(REASON_CIPHER_NOT_ALLOWED, ANYWHERE,
         "suites of TLSv1.3 have names of their own (TLS_AES_256_GCM_SHA384 and the like): a list "
         "without them refuses every TLSv1.3 session"),
    PARTNER(REASON_CIPHER_NOT_ALLOWED, ANYWHERE, "prefer one of the agreed suites"),

    HERE(REASON_NO_CERTIFICATE, ANYWHERE, BY_HAND),
    PARTNER(REASON_NO_CERTIFICATE, ANYWHERE, SHOW_AGREED),

    HERE(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE,
         "see which certificate of the chain it is, and what is wrong with it: forcetls probe "
         "CONNECTOR (root)"),
    HERE(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE,
         "a private CA: its root in PEM as trust_store = \"FILE\" of this connector"),
    HERE(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE,
         "a self-signed one: its fingerprint or public_key, and level = \"fingerprint\", after "
         "asking the partner by telephone"),
    HERE(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE,
         "a public CA that should be known: the package ca-certificates, and "
         "update-ca-certificates"),
    PARTNER(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE,
            "send the whole chain with every certificate, intermediates included"),
    PARTNER(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE, SHOW_AGREED),

    HERE(REASON_CERTIFICATE_MISMATCH, ANYWHERE, LOOK),
    HERE(REASON_CERTIFICATE_MISMATCH, CHECK(CHECK_HOST_NAME),
         "the name of the MX host has to be in the certificate's subjectAltName (RFC 9525); the "
         "common name does not count. Where it never will be: level = \"secure\" with a name that "
         "it has, or a pin"),
    HERE(REASON_CERTIFICATE_MISMATCH, CHECK(CHECK_CERTIFICATE), CALL),
    HERE(REASON_CERTIFICATE_MISMATCH, FIELD(FIELD_NAME),
         "without certificates in the connector the name has to be one of its domains or below "
         "one: a partner whose mail a provider takes has the provider's names"),
    HERE(REASON_CERTIFICATE_MISMATCH, FIELD(FIELD_ISSUER) | FIELD(FIELD_ROOT),
         "issuer is the common name of the CA that signed the certificate itself, root that of the "
         "root of trust_store that it leads to; a CA often has new names with each generation"),
    HERE(REASON_CERTIFICATE_MISMATCH, SUBJECT,
         "organization and organizational_unit have to be written exactly as in the certificate"),
    HERE(REASON_CERTIFICATE_MISMATCH, PINS,
         "forcetls probe CONNECTOR shows fingerprint and public key as they are now. A public key "
         "outlives a certificate that is renewed with the same key"),
    HERE(REASON_CERTIFICATE_MISMATCH, FIELD(FIELD_FROM),
         "it fits an entry whose from is still to come: the partner has changed over early. An "
         "earlier from in the entry lets it through"),
    PARTNER(REASON_CERTIFICATE_MISMATCH, ANYWHERE, SHOW_AGREED),

    HERE(REASON_CERTIFICATE_EXPIRED, ANYWHERE, LOOK),
    HERE(REASON_CERTIFICATE_EXPIRED, ANYWHERE,
         "if it is not over there, see whether this host's clock is right: timedatectl"),
    MEANWHILE(REASON_CERTIFICATE_EXPIRED, MONITOR),
    PARTNER(REASON_CERTIFICATE_EXPIRED, ANYWHERE,
            "renew the certificate on every MX host, and let the servers read it again"),

    HERE(REASON_CERTIFICATE_RETIRED, ANYWHERE,
         "if the partner needs more time: a later until in that entry, and reload"),
    PARTNER(REASON_CERTIFICATE_RETIRED, ANYWHERE,
            "change over to the new certificate on every MX host"),

    HERE(REASON_CERTIFICATE_REVOKED, ANYWHERE,
         "forcetls probe CONNECTOR shows what the CA says now (revocation); ask the partner by "
         "telephone, and send nothing before it has answered"),
    PARTNER(REASON_CERTIFICATE_REVOKED, ANYWHERE,
            "take a new certificate with a new key into use on every MX host"),

    HERE(REASON_KEY_TOO_SMALL, ANYWHERE, LOOK),
    HERE(REASON_KEY_TOO_SMALL, ANYWHERE,
         "an EC key of 256 bits is as strong as RSA's of 3072: key_bits is compared as it is, so "
         "that an entry for either kind needs to be two"),
    PARTNER(REASON_KEY_TOO_SMALL, ANYWHERE,
            "take a certificate with a larger key into use on every MX host"),

    HERE(REASON_TLS_NOT_REQUIRED, ANYWHERE,
         "the sender writes the message again without that header; no setting here lets it pass"),
    POSTFIX(REASON_TLS_NOT_REQUIRED, ANYWHERE,
            "Postfix 3.10 and later: tls_required_enable = no, so that the header of other mail "
            "has no effect either"),

    HERE(REASON_WRONG_NEXT_HOP, ANYWHERE,
         "if the route is wanted: next_hops = [ \"[relay.example.net]\" ] in this connector; what "
         "the connector demands is then demanded of that host"),
    POSTFIX(REASON_WRONG_NEXT_HOP, ANYWHERE,
            "where it comes from: postconf relayhost transport_maps "
            "sender_dependent_relayhost_maps smtp_fallback_relay; postmap -q PARTNER.EXAMPLE "
            "TABLE"),
    SENDMAIL(REASON_WRONG_NEXT_HOP, ANYWHERE,
             "where it comes from: mailertable, SMART_HOST, FallbackMXhost; echo '/parse "
             "USER@PARTNER.EXAMPLE' | sendmail -bt"),
    HERE(REASON_WRONG_NEXT_HOP, ANYWHERE,
         "if the partner has new MX hosts, and this host an old answer of the DNS: forcetls status "
         "shows what was seen, and when it is looked at next"),

    HERE(REASON_NOT_PROBED_YET, ANYWHERE,
         "forcetls status shows whether the hop is being looked at, and what the last probe said"),
    HERE(REASON_NOT_PROBED_YET, ANYWHERE, LOOK),
    HERE(REASON_NOT_PROBED_YET, ANYWHERE,
         "a pattern (\".contoso.com\", \"*\") does not say which hops it will lead to: each is "
         "looked at when its first mail comes. With tls_policy_socket and unknown = \"accept\" "
         "that mail is accepted, and the map holds its delivery"),

    HERE(REASON_DNS_FAILURE, ANYWHERE,
         "ask the resolver of this host: dig MX PARTNER.EXAMPLE; dig A HOST; with +cd as well: if "
         "only that answers, it is DNSSEC"),
    HERE(REASON_DNS_FAILURE, ANYWHERE,
         "forcetls-prober asks dns.servers of forcetls.conf, else those of /etc/resolv.conf"),
    PARTNER(REASON_DNS_FAILURE, ANYWHERE,
            "see that every name server of the domain answers, and that its DNSSEC signatures are "
            "in force"),

    HERE(REASON_MX_UNREACHABLE, ANYWHERE, LOOK),
    HERE(REASON_MX_UNREACHABLE, ANYWHERE,
         "if no server of any partner's can be reached, this host must not connect to port 25: a "
         "firewall, or a provider that blocks it. Then name the relay: next_hops"),
    HERE(REASON_MX_UNREACHABLE, ANYWHERE,
         "if the partner refuses this host's other address: probe.source_address in "
         "forcetls.conf, as smtp_bind_address in main.cf"),
    PARTNER(REASON_MX_UNREACHABLE, ANYWHERE,
            "see that the MX hosts answer, and do not refuse this host for asking now and then"),

    HERE(REASON_PROBER_FAILURE, ANYWHERE,
         "the daemon's log says why: journalctl -t forcetls-milter | grep forcetls-prober"),
    HERE(REASON_PROBER_FAILURE, ANYWHERE,
         "see whether it runs by hand, and as the daemon's user: forcetls probe CONNECTOR"),

    HERE(REASON_NOT_REPORTED, ANYWHERE,
         "forcetls asks for its macros by itself; a milter_rcpt_macros or "
         "confMILTER_MACROS_ENVRCPT of your own has to keep {rcpt_mailer} and {rcpt_host}"),
    POSTFIX(REASON_NOT_REPORTED, ANYWHERE,
            "postconf milter_rcpt_macros; and no smtp-like program may stand between Postfix and "
            "milter_socket"),
    SENDMAIL(REASON_NOT_REPORTED, ANYWHERE, "grep Milter.macros.envrcpt /etc/mail/sendmail.cf"),

    HERE(REASON_INTERNAL_ERROR, ANYWHERE,
         "the daemon's log says what it was: journalctl -t forcetls-milter | grep 'internal "
         "error'"),
};

const struct advice_table advice_outbound = { meanings, steps, sizeof(steps) / sizeof(steps[0]) };
