/* SPDX-License-Identifier: ISC */
#include "milter/policy_request.h"

#include <stddef.h>
#include <string.h>

/* ---- values -------------------------------------------------------------------------------- */

/* Each reads one value into the request; false: it is no such value. */

static bool read_address(struct policy_request *request, size_t offset, struct span value)
{
    return ip_parse((struct ip *)(void *)((char *)request + offset), value);
}

/* A number, or Postfix's word for a port that it does not know. */
static bool read_port(struct policy_request *request, size_t offset, struct span value)
{
    unsigned port = 0;

    if (value.length < 1 || value.length > 7)
        return false;
    if (!span_equal(value, span_of("unknown"))) {
        for (size_t i = 0; i < value.length; i++) {
            if (!ascii_digit(value.data[i]))
                return false;
            port = 10 * port + (unsigned)(value.data[i] - '0');
        }
    }
    if (port > UINT16_MAX)
        return false;
    *(uint16_t *)(void *)((char *)request + offset) = (uint16_t)port;
    return true;
}

static bool copy(struct span value, char *to, size_t size)
{
    if (value.length >= size || (value.length > 0 && memchr(value.data, '\0', value.length)))
        return false;
    if (value.length > 0)
        memcpy(to, value.data, value.length);
    to[value.length] = '\0';
    return true;
}

#define READ_TEXT(member)                                                                       \
    static bool read_##member(struct policy_request *request, size_t offset, struct span value) \
    {                                                                                           \
        return copy(value, (char *)request + offset, sizeof(request->entry.member));            \
    }

READ_TEXT(recipient)
READ_TEXT(protocol)
READ_TEXT(cipher)
READ_TEXT(instance)

/* Empty: the client sent no certificate, if there is TLS at all; which is known at the end. */
static enum pin_state read_digest(struct digest *digest, struct span value)
{
    if (value.length == 0)
        return PIN_NOT_REPORTED;
    return digest_parse(digest, value) ? PIN_KNOWN : PIN_OTHER_DIGEST;
}

static bool read_fingerprint(struct policy_request *request, size_t offset, struct span value)
{
    (void)offset;
    request->entry.fingerprint_state = read_digest(&request->entry.fingerprint, value);
    return true;
}

static bool read_public_key(struct policy_request *request, size_t offset, struct span value)
{
    (void)offset;
    request->entry.public_key_state = read_digest(&request->entry.public_key, value);
    return true;
}

/* Other requests and other moments of a session are legitimate, and none of our business. */
static bool read_request(struct policy_request *request, size_t offset, struct span value)
{
    (void)offset;
    request->is_access = span_equal(value, span_of("smtpd_access_policy"));
    return true;
}

static bool read_state(struct policy_request *request, size_t offset, struct span value)
{
    (void)offset;
    request->is_recipient = span_equal(value, span_of("RCPT"));
    return true;
}

/* ---- attributes ---------------------------------------------------------------------------- */

#define MEMBER(member) offsetof(struct policy_request, entry.member)

static const struct row {
    const char *name;
    bool (*read)(struct policy_request *request, size_t offset, struct span value);
    size_t offset;
    bool is_key; /* without it there is no session to remember */
} rows[] = {
    { "request", read_request, 0, false },
    { "protocol_state", read_state, 0, false },
    { "client_address", read_address, MEMBER(key.client), true },
    { "client_port", read_port, MEMBER(key.client_port), true },
    { "server_address", read_address, MEMBER(key.server), true },
    { "server_port", read_port, MEMBER(key.server_port), true },
    { "recipient", read_recipient, MEMBER(recipient), false },
    { "instance", read_instance, MEMBER(instance), false },
    { "encryption_protocol", read_protocol, MEMBER(protocol), false },
    { "encryption_cipher", read_cipher, MEMBER(cipher), false },
    { "ccert_fingerprint", read_fingerprint, 0, false },
    { "ccert_pubkey_fingerprint", read_public_key, 0, false },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

void policy_request_reset(struct policy_request *request)
{
    memset(request, 0, sizeof(*request));
}

bool policy_request_line(struct policy_request *request, struct span line)
{
    const char *equal = line.length > 0 ? memchr(line.data, '=', line.length) : NULL;
    struct span name = { line.data, 0 };
    struct span value;

    if (equal == NULL || equal == line.data)
        return false;
    name.length = (size_t)(equal - line.data);
    value = (struct span){ equal + 1, line.length - name.length - 1 };
    if (memchr(line.data, '\0', line.length) != NULL)
        return false;
    for (size_t i = 0; i < ROWS; i++) {
        if (!span_equal(name, span_of(rows[i].name)))
            continue;
        if ((request->seen & 1U << i) != 0 || !rows[i].read(request, rows[i].offset, value))
            request->bad |= 1U << i;
        request->seen |= 1U << i;
        break;
    }
    return true;
}

bool policy_request_finish(struct policy_request *request)
{
    struct feed_entry *entry = &request->entry;
    const unsigned all = (1U << ROWS) - 1;
    const unsigned good = request->seen & ~request->bad;

    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].is_key && (good & 1U << i) == 0)
            return false;
    }
    if (good != all)
        entry->recipient[0] = '\0';
    if (entry->protocol[0] != '\0' && entry->fingerprint_state == PIN_NOT_REPORTED)
        entry->fingerprint_state = PIN_NO_CERTIFICATE;
    if (entry->protocol[0] != '\0' && entry->public_key_state == PIN_NOT_REPORTED)
        entry->public_key_state = PIN_NO_CERTIFICATE;
    return request->is_access && request->is_recipient;
}
