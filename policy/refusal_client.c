/* SPDX-License-Identifier: ISC */
#include "policy/refusal_sentences.h"

#include "policy/not_reported.h"

static void say_no_tls(const struct refusal_writer *writer)
{
    line_add(writer->line, "this session is not encrypted");
}

static void say_protocol(const struct refusal_writer *writer)
{
    line_add(writer->line, "this session uses ");
    line_add_quoted(writer->line, writer->facts->tls.protocol_name, REFUSAL_VALUE_MOST);
    line_add(writer->line, ", %s or later is needed",
             protocol_name(writer->connector->min_protocol));
}

static void say_cipher_weak(const struct refusal_writer *writer)
{
    line_add(writer->line, "cipher ");
    line_add_quoted(writer->line, writer->facts->tls.cipher, REFUSAL_VALUE_MOST);
    if (cipher_is_null(writer->facts->tls.cipher))
        line_add(writer->line, " encrypts nothing");
    else
        line_add(writer->line, " has %d bits, %d are needed", writer->facts->tls.cipher_bits,
                 writer->connector->min_cipher_bits);
}

static void say_forward_secrecy(const struct refusal_writer *writer)
{
    line_add(writer->line, "cipher ");
    line_add_quoted(writer->line, writer->facts->tls.cipher, REFUSAL_VALUE_MOST);
    line_add(writer->line, " has no forward secrecy");
}

static void say_cipher_not_allowed(const struct refusal_writer *writer)
{
    line_add(writer->line, "cipher ");
    line_add_quoted(writer->line, writer->facts->tls.cipher, REFUSAL_VALUE_MOST);
    line_add(writer->line, " is not allowed");
}

static void say_no_trusted_certificate(const struct refusal_writer *writer)
{
    line_add(writer->line, "no trusted client certificate was seen (none sent, not asked for, "
                           "unknown CA, or issued for servers only)");
}

static void say_no_certificate(const struct refusal_writer *writer)
{
    line_add(writer->line, "no client certificate was sent");
    /* Its policy protocol has empty fields in both cases. */
    if (writer->facts->mta == MTA_POSTFIX)
        line_add(writer->line, ", or none was asked for");
}

static void say_not_trusted(const struct refusal_writer *writer)
{
    line_add(writer->line, "the client certificate is not trusted (CA not known here, no "
                           "intermediate sent, expired, or issued "
                           "for servers only)");
}

static void say_client(const struct refusal_writer *writer)
{
    char address[IP_TEXT_SIZE];

    ip_format(&writer->facts->client, address);
    line_add(writer->line, "%s is not one of its addresses", address);
}

static void say_not_reported(const struct refusal_writer *writer)
{
    not_reported_say(writer->line, writer->facts, writer->result);
}

static void say_nothing(const struct refusal_writer *writer)
{
    line_add(writer->line, "it cannot be told now whether it does");
}

static void (*const sentences[REASONS])(const struct refusal_writer *writer) = {
    [REASON_NO_TLS] = say_no_tls,
    [REASON_PROTOCOL_TOO_OLD] = say_protocol,
    [REASON_CIPHER_TOO_WEAK] = say_cipher_weak,
    [REASON_NO_FORWARD_SECRECY] = say_forward_secrecy,
    [REASON_CIPHER_NOT_ALLOWED] = say_cipher_not_allowed,
    [REASON_NO_TRUSTED_CERTIFICATE] = say_no_trusted_certificate,
    [REASON_NO_CERTIFICATE] = say_no_certificate,
    [REASON_CERTIFICATE_NOT_TRUSTED] = say_not_trusted,
    [REASON_CERTIFICATE_MISMATCH] = refusal_say_mismatch,
    [REASON_CERTIFICATE_RETIRED] = refusal_say_retired,
    [REASON_KEY_TOO_SMALL] = refusal_say_key_small,
    [REASON_CLIENT_NOT_ALLOWED] = say_client,
    [REASON_NOT_REPORTED] = say_not_reported,
};

void refusal_say_client(const struct refusal_writer *writer)
{
    enum reason reason = writer->decision->reason;

    (sentences[reason] != NULL ? sentences[reason] : say_nothing)(writer);
}
