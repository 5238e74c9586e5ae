/* SPDX-License-Identifier: ISC */
/* Mail from partners. */
#include "policy/cli/explain/advice_table.h"

static const char *const meanings[REASONS + 1] = {
    [REASON_NO_TLS] = "The client gave MAIL FROM without STARTTLS: the message would have crossed "
                      "the network in plaintext. Either the partner's server does not try, or the "
                      "offer of STARTTLS does not reach it, or TLS ends in front of this MTA, or "
                      "it is not the partner at all.",
    [REASON_PROTOCOL_TOO_OLD] = "The session is encrypted, with an older protocol than the "
                                "connector's min_protocol.",
    [REASON_CIPHER_TOO_WEAK] = "The session is encrypted, with a cipher of fewer bits than the "
                               "connector's min_cipher_bits, or one that encrypts nothing.",
    [REASON_NO_FORWARD_SECRECY] = "The session is encrypted, with a cipher without (EC)DHE: who "
                                  "gets this server's key one day can read what was recorded "
                                  "today. The connector has forward_secrecy = true.",
    [REASON_CIPHER_NOT_ALLOWED] = "The session is encrypted, with a cipher that is not in the "
                                  "connector's ciphers, or that is in its exclude_ciphers.",
    [REASON_NO_TRUSTED_CERTIFICATE] =
        "Postfix told of no certificate that it trusts, and does not tell a milter which it was: "
        "the client sent none; it was not asked for one; its CA is not known here; the "
        "intermediate is missing; it has expired; or it is for servers only (no clientAuth in "
        "its extended key usage), as public CAs now issue them.",
    [REASON_NO_CERTIFICATE] = "The session is encrypted, and the client showed no certificate (on "
                              "Postfix also: it was not asked for one).",
    [REASON_CERTIFICATE_NOT_TRUSTED] =
        "The client sent a certificate, and this MTA does not trust it: its CA is not known here, "
        "the intermediate is missing, it has expired, it is self-signed, or it is for servers "
        "only (no clientAuth in its extended key usage), as public CAs now issue them.",
    [REASON_CERTIFICATE_MISMATCH] = "The client showed a certificate that fits no entry of the "
                                    "connector's certificates. The text names the entry that came "
                                    "closest and where it stopped: what was seen, what is wanted.",
    [REASON_CERTIFICATE_RETIRED] = "The certificate fits an entry whose until has come: the "
                                   "partner still shows what it should have changed by then. "
                                   "Nothing is wrong with the certificate itself.",
    [REASON_CLIENT_NOT_ALLOWED] = "The mail has the partner's sender, and comes from an address "
                                  "outside the connector's client_networks: a server that the "
                                  "partner did not name, a forwarder, or somebody else.",
    [REASON_NOT_REPORTED] = "This MTA told forcetls too little to decide, and what is not known is "
                            "never a pass: the mail is deferred, whatever action says. As a rule "
                            "it is for this side to mend, not for the partner.",
    [REASON_INTERNAL_ERROR] = "Something went wrong in forcetls itself (memory, mostly). The mail "
                              "is deferred and comes again.",
    [REASON_NETWORK] = "The client is exempt: its address is in inbound_exempt_networks or in the "
                       "connector's exempt_networks. Nothing is checked.",
    [REASON_AUTHENTICATED] = "The client logged in with SMTP AUTH, and "
                             "inbound_exempt_authenticated = true. Nothing is checked.",
    [ADVICE_NEAR_MISS] = "The sender lies below a domain that is in the file, and the entry is for "
                         "that domain alone: no demand is made of this sender by that entry.",
};

/* What several reasons share. */
#define HOW_TO_LOOK                                                                              \
    "look at what the partner has: openssl x509 -in partner.pem -noout -subject -issuer -dates " \
    "-ext extendedKeyUsage -fingerprint -sha256"
#define NO_CLIENT_AUTH                                                                            \
    "a certificate of a public CA stays untrusted for good: agree on client_networks, a private " \
    "CA, or a pin (level = \"fingerprint\"), which needs no CA"
#define ASK_CCERT                                                                                  \
    "smtpd_tls_ask_ccert = yes, for each smtpd: postconf smtpd_tls_ask_ccert; postconf -P | grep " \
    "ask_ccert"
#define POSTFIX_CA                                                                              \
    "smtpd_tls_CAfile needs the partner's private CA: postconf smtpd_tls_CAfile, then openssl " \
    "crl2pkcs7 -nocrl -certfile FILE | openssl pkcs7 -print_certs -noout"
#define ASKS_FOR_NONE                                                                              \
    "Sendmail asks every client, unless confTLS_SRV_OPTIONS is `V' or srv_features in the access " \
    "map has V for this one: grep TLSSrvOptions /etc/mail/sendmail.cf"
#define SHOW_ONE                                                                     \
    "show the agreed certificate as a client, with its intermediates. Postfix: "     \
    "smtp_tls_chain_files (or smtp_tls_cert_file and smtp_tls_key_file); Sendmail: " \
    "confCLIENT_CERT, confCLIENT_KEY"
#define CLIENT_AUTH                                                                               \
    "use a certificate with clientAuth in its extended key usage, or without any, of the agreed " \
    "CA"

static const struct advice_step steps[] = {
    HERE(REASON_NO_TLS, ANYWHERE,
         "try it from another host (the loopback is exempt): openssl s_client -starttls smtp "
         "-connect mx.example.org:25"),
    POSTFIX(REASON_NO_TLS, ANYWHERE,
            "STARTTLS is offered with smtpd_tls_security_level = may and a certificate "
            "(smtpd_tls_chain_files or smtpd_tls_cert_file): postconf smtpd_tls_security_level; "
            "postconf -P | grep smtpd_tls"),
    SENDMAIL(REASON_NO_TLS, ANYWHERE,
             "STARTTLS is offered with confSERVER_CERT, confSERVER_KEY, confCACERT and "
             "confCACERT_PATH (an empty folder will do), and not with M=S in DAEMON_OPTIONS or S "
             "in srv_features"),
    HERE(REASON_NO_TLS, ANYWHERE,
         "where a proxy, a load balancer or a firewall in front ends TLS or hides STARTTLS, let "
         "the MTA end it"),
    HERE(REASON_NO_TLS, ANYWHERE,
         "where the client is a host of your own (backup MX, content filter), it belongs into "
         "inbound_exempt_networks; a forwarder or a mailing list into the connector's "
         "exempt_networks"),
    MEANWHILE(
        REASON_NO_TLS,
        "to let the mail through meanwhile: mode = \"monitor\" in this connector, and reload"),
    PARTNER(REASON_NO_TLS, ANYWHERE,
            "switch on TLS for mail to this domain. Postfix: smtp_tls_security_level = may, or "
            "encrypt for it in smtp_tls_policy_maps; Sendmail: no Try_TLS:...NO in the access "
            "map; Exchange: RequireTLS on the send connector"),
    PARTNER(REASON_NO_TLS, ANYWHERE,
            "send from the mail server that can do TLS, not from applications of its own"),

    POSTFIX(REASON_PROTOCOL_TOO_OLD, ANYWHERE,
            "newer protocols are offered unless smtpd_tls_protocols says otherwise: postconf "
            "smtpd_tls_protocols"),
    SENDMAIL(REASON_PROTOCOL_TOO_OLD, ANYWHERE,
             "newer protocols are offered unless confSERVER_SSL_OPTIONS says otherwise: grep "
             "ServerSSLOptions /etc/mail/sendmail.cf"),
    HERE(REASON_PROTOCOL_TOO_OLD, ANYWHERE,
         "if the partner cannot do better yet: min_protocol = \"TLSv1\" (or \"TLSv1.1\") in this "
         "connector, with a date for its end (RFC 8996 has retired both)"),
    PARTNER(REASON_PROTOCOL_TOO_OLD, ANYWHERE,
            "bring the TLS library of the sending server up to date, and allow TLSv1.2 and "
            "TLSv1.3"),

    POSTFIX(REASON_CIPHER_TOO_WEAK, ANYWHERE,
            "let this side refuse it in the handshake, so that a better one is taken: "
            "smtpd_tls_ciphers = medium, smtpd_tls_exclude_ciphers, tls_preempt_cipherlist = yes"),
    SENDMAIL(REASON_CIPHER_TOO_WEAK, ANYWHERE,
             "let this side refuse it in the handshake, so that a better one is taken: "
             "confCIPHER_LIST"),
    HERE(REASON_CIPHER_TOO_WEAK, ANYWHERE,
         "if the partner cannot do better yet: min_cipher_bits in this connector"),
    PARTNER(REASON_CIPHER_TOO_WEAK, ANYWHERE,
            "allow a cipher of as many bits as are wanted: AES-256 always has enough"),

    POSTFIX(REASON_NO_FORWARD_SECRECY, ANYWHERE,
            "let this side choose better: smtpd_tls_exclude_ciphers = kRSA, "
            "tls_preempt_cipherlist = yes"),
    SENDMAIL(
        REASON_NO_FORWARD_SECRECY, ANYWHERE,
        "let this side choose better: !kRSA in confCIPHER_LIST, and confDH_PARAMETERS for DHE"),
    HERE(REASON_NO_FORWARD_SECRECY, ANYWHERE,
         "if the partner cannot do better yet: forward_secrecy = false in this connector"),
    PARTNER(REASON_NO_FORWARD_SECRECY, ANYWHERE, "allow ECDHE suites, or TLSv1.3"),

    HERE(REASON_CIPHER_NOT_ALLOWED, ANYWHERE,
         "suites of TLSv1.3 have names of their own (TLS_AES_256_GCM_SHA384 and the like): a list "
         "without them refuses every TLSv1.3 session"),
    POSTFIX(REASON_CIPHER_NOT_ALLOWED, ANYWHERE,
            "what the file does not allow need not be offered: smtpd_tls_exclude_ciphers, "
            "tls_preempt_cipherlist = yes"),
    SENDMAIL(REASON_CIPHER_NOT_ALLOWED, ANYWHERE,
             "what the file does not allow need not be offered: confCIPHER_LIST"),
    PARTNER(REASON_CIPHER_NOT_ALLOWED, ANYWHERE, "allow one of the agreed suites"),

    HERE(REASON_NO_TRUSTED_CERTIFICATE, ANYWHERE, ASK_CCERT),
    HERE(REASON_NO_TRUSTED_CERTIFICATE, ANYWHERE,
         "Postfix's own log tells the cases apart (smtpd_tls_loglevel = 1): \"Untrusted TLS "
         "connection established from ...\" showed one, \"Anonymous\" showed none; so does "
         "smtpd_policy_socket with check_policy_service"),
    HERE(REASON_NO_TRUSTED_CERTIFICATE, ANYWHERE, POSTFIX_CA),
    HERE(REASON_NO_TRUSTED_CERTIFICATE, ANYWHERE, HOW_TO_LOOK),
    HERE(REASON_NO_TRUSTED_CERTIFICATE, ANYWHERE, NO_CLIENT_AUTH),
    PARTNER(REASON_NO_TRUSTED_CERTIFICATE, ANYWHERE, SHOW_ONE),
    PARTNER(REASON_NO_TRUSTED_CERTIFICATE, ANYWHERE, CLIENT_AUTH),

    POSTFIX(REASON_NO_CERTIFICATE, ANYWHERE, ASK_CCERT),
    SENDMAIL(REASON_NO_CERTIFICATE, ANYWHERE, ASKS_FOR_NONE),
    HERE(REASON_NO_CERTIFICATE, ANYWHERE,
         "if the partner has none for its servers as clients: level = \"encrypt\" with "
         "client_networks"),
    PARTNER(REASON_NO_CERTIFICATE, ANYWHERE, SHOW_ONE),

    POSTFIX(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE, POSTFIX_CA),
    SENDMAIL(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE,
             "confCACERT needs the partner's private CA: grep CACertFile /etc/mail/sendmail.cf, "
             "then openssl crl2pkcs7 -nocrl -certfile FILE | openssl pkcs7 -print_certs -noout. "
             "An expired CRL (confCRL) makes every client fail"),
    HERE(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE, HOW_TO_LOOK),
    HERE(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE, NO_CLIENT_AUTH),
    PARTNER(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE, SHOW_ONE),
    PARTNER(REASON_CERTIFICATE_NOT_TRUSTED, ANYWHERE, CLIENT_AUTH),

    HERE(REASON_CERTIFICATE_MISMATCH, ANYWHERE,
         "ask the partner by telephone, not by mail, whether the certificate is its own. If it "
         "is: one more entry in certificates (they are alternatives), and reload"),
    HERE(REASON_CERTIFICATE_MISMATCH, FIELD(FIELD_NAME),
         "the name is the certificate's common name alone: no MTA tells subjectAltName. Without "
         "certificates in the connector it has to be one of domains or below one"),
    HERE(REASON_CERTIFICATE_MISMATCH, FIELD(FIELD_ISSUER),
         "issuer is the common name of the CA that signed the certificate itself: with an "
         "intermediate, the intermediate's. A CA often has a new name with each generation"),
    HERE(REASON_CERTIFICATE_MISMATCH, SUBJECT,
         "organization and organizational_unit have to be written exactly as in the certificate"),
    HERE(REASON_CERTIFICATE_MISMATCH, PINS,
         "the log line has what was seen as fingerprint= (and public_key=). A public key outlives "
         "a certificate that is renewed with the same key: public_key (Postfix only)"),
    HERE(REASON_CERTIFICATE_MISMATCH, FIELD(FIELD_FROM),
         "it fits an entry whose from is still to come: the partner has changed over early. An "
         "earlier from in the entry lets it through"),
    PARTNER(REASON_CERTIFICATE_MISMATCH, ANYWHERE,
            "show the agreed certificate on every server that sends, and tell of a change before "
            "it is made"),

    HERE(REASON_CERTIFICATE_RETIRED, ANYWHERE,
         "if the partner needs more time: a later until in that entry, and reload"),
    PARTNER(REASON_CERTIFICATE_RETIRED, ANYWHERE,
            "change over to the new certificate on every server that sends"),

    HERE(REASON_CLIENT_NOT_ALLOWED, ANYWHERE,
         "ask the partner whether the address is its own: then it belongs into client_networks"),
    HERE(REASON_CLIENT_NOT_ALLOWED, ANYWHERE,
         "a forwarder or a mailing list that keeps the sender belongs into the connector's "
         "exempt_networks, a host of your own into inbound_exempt_networks; each lets through all "
         "that it hands on"),
    HERE(REASON_CLIENT_NOT_ALLOWED, ANYWHERE,
         "if nobody knows the address, the sender is forged, and the refusal is right"),
    PARTNER(REASON_CLIENT_NOT_ALLOWED, ANYWHERE,
            "send from the agreed servers only, and tell of new addresses before they send"),

    HERE(REASON_NOT_REPORTED, CHECK(CHECK_CLIENT),
         "a proxy that hides the client's address (XCLIENT ADDR=[UNAVAILABLE]) hides it from "
         "client_networks too: let it pass the address on"),
    HERE(REASON_NOT_REPORTED, CHECK(CHECK_ENCRYPTED),
         "forcetls asks for its macros by itself, and neither Postfix nor Sendmail needs a "
         "setting for that: see which program speaks to milter_socket in between, or whether "
         "XCLIENT changed the client within the session"),
    HERE(REASON_NOT_REPORTED, CHECK(CHECK_PROTOCOL) | CHECK(CHECK_FORWARD_SECRECY),
         "a protocol or a cipher that this version does not know, or the two do not belong "
         "together: see whether there is a newer forcetls"),
    HERE(REASON_NOT_REPORTED, CHECK(CHECK_CIPHER_BITS) | CHECK(CHECK_CIPHER),
         "the macros {cipher} and {cipher_bits} came without a value that makes sense: see what "
         "the MTA's own log says of the session"),
    HERE(REASON_NOT_REPORTED, CHECK(CHECK_TRUSTED) | FIELD(FIELD_NONE),
         "if the cipher is one that authenticates nobody (ADH, AECDH), there is no certificate. "
         "Postfix: smtpd_tls_exclude_ciphers = aNULL; Sendmail: !aNULL in confCIPHER_LIST"),
    SENDMAIL(REASON_NOT_REPORTED, CHECK(CHECK_TRUSTED),
             "{verify} is neither OK nor NO nor FAIL: TEMP, PROTOCOL, SOFTWARE are failures of the "
             "moment, and the next try may succeed (STARTTLS=server in Sendmail's log)"),
    POSTFIX(REASON_NOT_REPORTED, PINS,
            "smtpd_policy_socket in forcetls.conf, and in main.cf, in front of what the list has "
            "already: smtpd_sender_restrictions = check_policy_service { "
            "unix:forcetls/policy.sock, timeout=5s, default_action=DUNNO }"),
    POSTFIX(REASON_NOT_REPORTED, PINS,
            "smtpd_tls_fingerprint_digest = sha256 (md5 below compatibility_level 3.6), "
            "smtpd_delay_reject = yes, and an smtpd of its own settings has the same lines: "
            "postconf -P | grep smtpd_"),
    POSTFIX(REASON_NOT_REPORTED, PINS,
            "Postfix asks no policy server about RCPT TO:<postmaster>: that address needs its "
            "domain"),
    SENDMAIL(REASON_NOT_REPORTED, FIELD(FIELD_FINGERPRINT) | FIELD(FIELD_PIN_FILE),
             "define(`confCERT_FINGERPRINT_ALGORITHM', `sha256') in sendmail.mc, make -C "
             "/etc/mail, restart Sendmail"),
    SENDMAIL(REASON_NOT_REPORTED, FIELD(FIELD_PUBLIC_KEY) | FIELD(FIELD_PIN_FILE),
             "Sendmail never tells the public key: pin the certificate with fingerprint"),
    HERE(REASON_NOT_REPORTED, FIELD(FIELD_NAME),
         "the certificate has no common name, and no MTA tells subjectAltName: pin it with "
         "fingerprint or public_key"),
    POSTFIX(REASON_NOT_REPORTED, SUBJECT,
            "Postfix never tells organization and organizational_unit: use name and issuer, or "
            "pins"),
    SENDMAIL(REASON_NOT_REPORTED, SUBJECT,
             "the full name is too long for Sendmail, or has no such part, or it stands behind "
             "the common name: use name and issuer, or fingerprint"),
    HERE(REASON_NOT_REPORTED, FIELD(FIELD_ROOT) | FIELD(FIELD_KEY_BITS),
         "no MTA tells the root and the key's size of a client: restrict smtpd_tls_CAfile "
         "(confCACERT) instead, and use issuer"),

    HERE(REASON_INTERNAL_ERROR, ANYWHERE,
         "the daemon's log says what it was: journalctl -t forcetls-milter | grep 'internal "
         "error'"),

    HERE(REASON_NETWORK, ANYWHERE,
         "if that is not wanted, take the network out of the list; only hosts that hand on mail "
         "which was judged before belong there"),
    HERE(REASON_AUTHENTICATED, ANYWHERE,
         "if that is not wanted: inbound_exempt_authenticated = false"),
    HERE(ADVICE_NEAR_MISS, ANYWHERE,
         "if the partner's subdomains are meant too: \"*.\" in front of that entry (Postfix and "
         "Sendmail take a bare domain for its subdomains as well, forcetls does not)"),
};

const struct advice_table advice_inbound = { meanings, steps, sizeof(steps) / sizeof(steps[0]) };
