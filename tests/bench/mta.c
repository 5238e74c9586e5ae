/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/bench/mta.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmilter/mfdef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/figures.h"

void mta_open(struct mta *mta, const char *path, bool tls)
{
    /* Asked for nothing, an MTA sends what its own settings list: Postfix's defaults. */
    static const char *const defaults[MTA_STAGES] = {
        [MTA_CONNECT] = "j {daemon_name} {daemon_addr} v _",
        [MTA_HELO] = "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}",
        [MTA_MAIL] = "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} "
                     "{mail_mailer}",
        [MTA_RCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
        [MTA_DATA] = "i",
        [MTA_EOM] = "i",
        [MTA_EOH] = "i",
    };
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    mta->tls = tls;
    mta->steps = 0;
    mta->out_length = mta->in_length = 0;
    for (size_t i = 0; i < MTA_STAGES; i++)
        (void)snprintf(mta->lists[i], sizeof(mta->lists[i]), "%s", defaults[i]);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    mta->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(mta->fd >= 0 && connect(mta->fd, (struct sockaddr *)&address, sizeof(address)) == 0, path);
}

void mta_close(struct mta *mta)
{
    (void)close(mta->fd);
    mta->fd = -1;
}

/* ---- packets -------------------------------------------------------------------------------- */

static void put(struct mta *mta, const void *data, size_t length)
{
    errno = EMSGSIZE;
    must(length <= sizeof(mta->out) - mta->out_length, "a packet");
    memcpy(mta->out + mta->out_length, data, length);
    mta->out_length += length;
}

static void put_text(struct mta *mta, const char *text)
{
    put(mta, text, strlen(text) + 1);
}

static void put_number(struct mta *mta, uint32_t number)
{
    uint32_t wire = htonl(number);

    put(mta, &wire, sizeof(wire));
}

/* Where a packet begins; packet_end() fills in its length. */
static size_t packet_begin(struct mta *mta, char command)
{
    size_t at = mta->out_length;

    put_number(mta, 0);
    put(mta, &command, 1);
    return at;
}

static void packet_end(struct mta *mta, size_t at)
{
    uint32_t wire = htonl((uint32_t)(mta->out_length - at - sizeof(wire)));

    memcpy(mta->out + at, &wire, sizeof(wire));
}

/* ---- macros --------------------------------------------------------------------------------- */

static const struct {
    const char *name, *value;
    bool tls; /* there in a TLS session only */
} fixed[] = {
    { "j", "mx.example.org", false },
    { "v", "Postfix 3.7.11", false },
    { "_", "mail.partner.example [192.0.2.25]", false },
    { "{daemon_name}", "mx.example.org", false },
    { "{daemon_addr}", "192.0.2.1", false },
    { "{daemon_port}", "25", false },
    { "{client_addr}", "192.0.2.25", false },
    { "{client_port}", "40001", false },
    { "{client_name}", "mail.partner.example", false },
    { "{client_resolve}", "OK", false },
    { "{tls_version}", "TLSv1.3", true },
    { "{cipher}", "TLS_AES_256_GCM_SHA384", true },
    { "{cipher_bits}", "256", true },
    { "{cert_subject}", "mail.partner.example", true },
    { "{cert_issuer}", "Example Issuing CA", true },
    { "{mail_host}", "example.org", false },
    { "{mail_mailer}", "smtp", false },
};

static const char *fixed_value(const struct mta *mta, const char *name)
{
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (strcmp(name, fixed[i].name) == 0)
            return fixed[i].tls && !mta->tls ? NULL : fixed[i].value;
    }
    return NULL;
}

/* "<a@b>" as a@b, or behind the "@" only. */
static void bare(char to[128], const char *address, bool domain)
{
    const char *at = domain ? strchr(address, '@') : NULL;
    const char *from = at != NULL ? at + 1 : address + 1;

    (void)snprintf(to, 128, "%.*s", (int)strcspn(from, ">"), from);
}

/* The value of a macro; NULL: the MTA has none. `buffer` may be used. */
static const char *value_of(const struct mta *mta, enum mta_stage stage, const char *name,
                            const struct envelope *envelope, char buffer[128])
{
    const char *value = fixed_value(mta, name);

    if (value != NULL || envelope == NULL)
        return value;
    if (strcmp(name, "i") == 0) /* Postfix has it from the first accepted recipient on */
        return stage == MTA_MAIL || stage == MTA_RCPT ? NULL : "4XqZ8l2bYz";
    if (strcmp(name, "{mail_addr}") == 0)
        bare(buffer, envelope->sender, false);
    else if (stage != MTA_RCPT)
        return NULL;
    else if (strcmp(name, "{rcpt_addr}") == 0)
        bare(buffer, envelope->recipient, false);
    else if (strcmp(name, "{rcpt_host}") == 0 && envelope->hop[0] != '\0')
        return envelope->hop;
    else if (strcmp(name, "{rcpt_host}") == 0)
        bare(buffer, envelope->recipient, true);
    else if (strcmp(name, "{rcpt_mailer}") == 0)
        return envelope->mailer;
    else
        return NULL;
    return buffer;
}

static void put_macros(struct mta *mta, enum mta_stage stage, char command,
                       const struct envelope *envelope)
{
    const char *rest = mta->lists[stage];
    size_t at = packet_begin(mta, SMFIC_MACRO);

    put(mta, &command, 1);
    for (;;) {
        char name[64], buffer[128];
        const char *value;
        size_t length;

        rest += strspn(rest, " ,");
        length = strcspn(rest, " ,");
        if (length == 0)
            break;
        (void)snprintf(name, sizeof(name), "%.*s", (int)length, rest);
        rest += length;
        value = value_of(mta, stage, name, envelope, buffer);
        if (value != NULL) {
            put_text(mta, name);
            put_text(mta, value);
        }
    }
    packet_end(mta, at);
}

/* ---- commands ------------------------------------------------------------------------------- */

/* Whether a command with that "no such step" and that "no reply" is to be sent, and what the
 * function that sends it answers. */
static bool wanted(const struct mta *mta, uint32_t no_step)
{
    return (mta->steps & no_step) == 0;
}

static bool replies(const struct mta *mta, uint32_t no_reply)
{
    return (mta->steps & no_reply) == 0;
}

static bool put_empty(struct mta *mta, char command, uint32_t no_reply)
{
    packet_end(mta, packet_begin(mta, command));
    return replies(mta, no_reply);
}

bool mta_offer(struct mta *mta)
{
    size_t at = packet_begin(mta, SMFIC_OPTNEG);

    put_number(mta, 6);
    put_number(mta, 0x1ff);    /* every action, SMFIF_SETSYMLIST too */
    put_number(mta, 0x1fffff); /* every step can be left out, every reply too */
    packet_end(mta, at);
    return true;
}

bool mta_connect(struct mta *mta)
{
    size_t at;
    uint16_t port = htons(40001);

    if (!wanted(mta, SMFIP_NOCONNECT))
        return false;
    put_macros(mta, MTA_CONNECT, SMFIC_CONNECT, NULL);
    at = packet_begin(mta, SMFIC_CONNECT);
    put_text(mta, "mail.partner.example");
    put(mta, "4", 1);
    put(mta, &port, sizeof(port));
    put_text(mta, "192.0.2.25");
    packet_end(mta, at);
    return replies(mta, SMFIP_NR_CONN);
}

bool mta_helo(struct mta *mta)
{
    size_t at;

    if (!wanted(mta, SMFIP_NOHELO))
        return false;
    put_macros(mta, MTA_HELO, SMFIC_HELO, NULL);
    at = packet_begin(mta, SMFIC_HELO);
    put_text(mta, "mail.partner.example");
    packet_end(mta, at);
    return replies(mta, SMFIP_NR_HELO);
}

bool mta_mail(struct mta *mta, const struct envelope *envelope)
{
    size_t at;

    if (!wanted(mta, SMFIP_NOMAIL))
        return false;
    put_macros(mta, MTA_MAIL, SMFIC_MAIL, envelope);
    at = packet_begin(mta, SMFIC_MAIL);
    put_text(mta, envelope->sender);
    put_text(mta, "SIZE=8800");
    packet_end(mta, at);
    return replies(mta, SMFIP_NR_MAIL);
}

bool mta_rcpt(struct mta *mta, const struct envelope *envelope)
{
    size_t at;

    if (!wanted(mta, SMFIP_NORCPT))
        return false;
    put_macros(mta, MTA_RCPT, SMFIC_RCPT, envelope);
    at = packet_begin(mta, SMFIC_RCPT);
    put_text(mta, envelope->recipient);
    packet_end(mta, at);
    return replies(mta, SMFIP_NR_RCPT);
}

bool mta_data(struct mta *mta, const struct envelope *envelope)
{
    if (!wanted(mta, SMFIP_NODATA))
        return false;
    put_macros(mta, MTA_DATA, SMFIC_DATA, envelope);
    return put_empty(mta, SMFIC_DATA, SMFIP_NR_DATA);
}

bool mta_header(struct mta *mta, const char *name, const char *value)
{
    size_t at;

    if (!wanted(mta, SMFIP_NOHDRS))
        return false;
    at = packet_begin(mta, SMFIC_HEADER);
    put_text(mta, name);
    put_text(mta, value);
    packet_end(mta, at);
    return replies(mta, SMFIP_NR_HDR);
}

bool mta_eoh(struct mta *mta, const struct envelope *envelope)
{
    if (!wanted(mta, SMFIP_NOEOH))
        return false;
    put_macros(mta, MTA_EOH, SMFIC_EOH, envelope);
    return put_empty(mta, SMFIC_EOH, SMFIP_NR_EOH);
}

bool mta_body(struct mta *mta, const char *data, size_t length)
{
    size_t at;

    if (!wanted(mta, SMFIP_NOBODY))
        return false;
    at = packet_begin(mta, SMFIC_BODY);
    put(mta, data, length);
    packet_end(mta, at);
    return replies(mta, SMFIP_NR_BODY);
}

bool mta_eom(struct mta *mta, const struct envelope *envelope)
{
    put_macros(mta, MTA_EOM, SMFIC_BODYEOB, envelope);
    return put_empty(mta, SMFIC_BODYEOB, 0);
}

void mta_abort(struct mta *mta)
{
    (void)put_empty(mta, SMFIC_ABORT, 0);
}

void mta_quit(struct mta *mta)
{
    (void)put_empty(mta, SMFIC_QUIT, 0);
}

void mta_flush(struct mta *mta)
{
    size_t sent = 0;

    while (sent < mta->out_length) {
        ssize_t more = send(mta->fd, mta->out + sent, mta->out_length - sent, MSG_NOSIGNAL);

        must(more > 0, "send to the filter");
        sent += (size_t)more;
    }
    mta->out_length = 0;
}

/* ---- replies -------------------------------------------------------------------------------- */

static uint32_t number_at(const char *data)
{
    uint32_t wire;

    memcpy(&wire, data, sizeof(wire));
    return ntohl(wire);
}

/* Version, actions, steps, then lists of macros, each behind the number of its stage. */
static void understand(struct mta *mta, const char *data, size_t length)
{
    size_t at = 12;

    errno = EPROTO;
    must(length >= at && number_at(data) == 6, "the filter's version");
    mta->steps = number_at(data + 8);
    while (length - at > 4) {
        uint32_t stage = number_at(data + at);
        size_t text = strnlen(data + at + 4, length - at - 4);

        must(stage < MTA_STAGES && text < length - at - 4 && text < sizeof(mta->lists[0]),
             "the filter's macros");
        memcpy(mta->lists[stage], data + at + 4, text + 1);
        at += 4 + text + 1;
    }
}

char mta_reply(struct mta *mta)
{
    ssize_t more;
    size_t length;
    char letter;

    more = read(mta->fd, mta->in + mta->in_length, sizeof(mta->in) - mta->in_length);
    if (more == 0)
        errno = ECONNRESET;
    must(more > 0, "the filter's reply");
    mta->in_length += (size_t)more;
    if (mta->in_length < 5)
        return 0;
    length = number_at(mta->in);
    errno = EPROTO;
    must(length >= 1 && length <= sizeof(mta->in) - 4, "the filter's reply");
    if (mta->in_length < 4 + length)
        return 0;
    must(mta->in_length == 4 + length, "more than one reply");
    letter = mta->in[4];
    if (letter == SMFIC_OPTNEG)
        understand(mta, mta->in + 5, length - 1);
    mta->in_length = 0;
    return letter;
}
