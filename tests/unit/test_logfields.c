/* SPDX-License-Identifier: ISC */
/*
 * Tests of policy/logfields: what policy/logline writes is read back exactly, whatever a peer has
 * put into it; and no line, however damaged, is read beyond its end (the sanitizers' builds say).
 */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/logfields.h"
#include "policy/logline.h"

static uint32_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

static bool read_text(struct logfields *fields, const char *text)
{
    return logfields_read(fields, span_of(text));
}

/* A field's value without its escapes. */
static struct span value_of(const struct logfields *fields, enum logfield field)
{
    static char buffers[LOGFIELDS][LOGLINE_SIZE];

    return logfields_decode(fields, field, buffers[field]);
}

/* ------------------------------------------------------------ by hand */

static void logfields_read__line_of_the_manual__each_value(void **state)
{
    struct logfields fields;

    (void)state;
    assert_true(read_text(
        &fields,
        "4XqZ8l2bYz: inbound verdict=pass connector=contoso-in level=secure "
        "from=<a@contoso.com> nrcpt=2 client=mail.contoso.com[192.0.2.25] tls=TLSv1.3 "
        "cipher=TLS_AES_256_GCM_SHA384/256 certificate=trusted "
        "subject=\"mail.contoso.com\" issuer=\"Example \\\"Issuing\\\" CA\" mode=enforce"));
    assert_true(span_equal(fields.queue_id, SPAN("4XqZ8l2bYz")));
    assert_int_equal(fields.direction, DIRECTION_INBOUND);
    assert_true(span_equal(value_of(&fields, LOGFIELD_VERDICT), SPAN("pass")));
    assert_true(span_equal(value_of(&fields, LOGFIELD_FROM), SPAN("<a@contoso.com>")));
    assert_true(span_equal(value_of(&fields, LOGFIELD_CIPHER), SPAN("TLS_AES_256_GCM_SHA384")));
    assert_int_equal(fields.cipher_bits, 256);
    assert_true(span_equal(value_of(&fields, LOGFIELD_CERTIFICATE), SPAN("trusted")));
    assert_true(span_equal(value_of(&fields, LOGFIELD_ISSUER), SPAN("Example \"Issuing\" CA")));
    assert_true(span_equal(value_of(&fields, LOGFIELD_MODE), SPAN("enforce")));
    assert_false(span_known(fields.values[LOGFIELD_TO]));
    assert_false(span_known(fields.values[LOGFIELD_TEXT]));
}

static void logfields_read__outbound__its_own_keys(void **state)
{
    struct logfields fields;

    (void)state;
    assert_true(read_text(
        &fields, "NOQUEUE: outbound verdict=defer reason=starttls-not-offered "
                 "connector=contoso-out level=secure from=<> to=<b@contoso.com> "
                 "client=a[192.0.2.1] hop=mx1.contoso.com[192.0.2.9]:25 mx=insecure "
                 "tls=none root=\"Example Root\" age=312 mode=enforce text=\"451 4.7.4\""));
    assert_int_equal(fields.direction, DIRECTION_OUTBOUND);
    assert_true(span_equal(value_of(&fields, LOGFIELD_HOP), SPAN("mx1.contoso.com[192.0.2.9]:25")));
    assert_true(span_equal(value_of(&fields, LOGFIELD_MX), SPAN("insecure")));
    assert_true(span_equal(value_of(&fields, LOGFIELD_ROOT), SPAN("Example Root")));
    assert_true(span_equal(value_of(&fields, LOGFIELD_AGE), SPAN("312")));
    assert_int_equal(fields.cipher_bits, -1);
}

static void logfields_read__unknown_and_repeated_keys__passed_over(void **state)
{
    struct logfields fields;

    (void)state;
    assert_true(read_text(&fields, "Q: inbound verdict=pass colour=\"a b\" connector=x shape=round "
                                   "connector=y verdict=reject mode=enforce"));
    assert_true(span_equal(value_of(&fields, LOGFIELD_CONNECTOR), SPAN("x")));
    assert_true(span_equal(value_of(&fields, LOGFIELD_VERDICT), SPAN("pass")));
    assert_true(span_equal(value_of(&fields, LOGFIELD_MODE), SPAN("enforce")));
}

static void logfields_read__cipher__name_and_bits(void **state)
{
    static const struct {
        const char *cipher;
        struct span name;
        int bits;
    } rows[] = {
        { "cipher=A/256", S("A"), 256 },
        { "cipher=A", S("A"), -1 },
        { "cipher=A/12/256", S("A/12"), 256 },
        { "cipher=\"a b\"/128", S("a b"), 128 },
        { "cipher=\"a/1 b\"", S("a/1 b"), -1 },
        { "cipher=A/", S("A/"), -1 },
        { "cipher=A/1234567", S("A/1234567"), -1 },
        { "cipher=256", S("256"), -1 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct logfields fields;
        char line[200];
        bool read;

        (void)snprintf(line, sizeof(line), "Q: inbound verdict=pass %s mode=enforce",
                       rows[i].cipher);
        read = read_text(&fields, line);
        bad += row(read && span_equal(value_of(&fields, LOGFIELD_CIPHER), rows[i].name) &&
                       fields.cipher_bits == rows[i].bits,
                   "%s: %s, %d", rows[i].cipher, SHOWN(value_of(&fields, LOGFIELD_CIPHER)),
                   fields.cipher_bits);
    }
    assert_int_equal(bad, 0);
}

static void logfields_read__no_such_line__false(void **state)
{
    static const char *const lines[] = {
        "",
        ":",
        ": inbound verdict=pass",
        "Q: inbound",
        "Q: inbound ",
        "Q: inbound verdict",
        "Q: inbound connector=x",
        "Q: inboundverdict=pass",
        "Q: sideways verdict=pass",
        "Q:inbound verdict=pass",
        "Q inbound verdict=pass",
        "\"Q: inbound verdict=pass",
        "\"Q\" inbound verdict=pass",
        "Q: inbound verdict=pass text=\"no end",
        "Q: inbound verdict=pass text=\"no end\\\"",
        "Q: inbound verdict=pass text=\"end\"x",
        "Q: inbound verdict=pass cipher=\"A\"/x",
        "Q: inbound verdict=pass  mode=enforce",
        "Q: inbound verdict=pass =x",
        "Q: inbound verdict=pass a b",
        "internal error: no memory for a session",
        "12 log lines were dropped: syslog does not read",
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(lines); i++) {
        struct logfields fields;

        bad += row(!read_text(&fields, lines[i]), "row %zu", i);
    }
    assert_int_equal(bad, 0);
}

static void logfields_unescape__any_text__what_the_writer_meant(void **state)
{
    static const struct {
        struct span escaped, meant;
    } rows[] = {
        { S("plain"), S("plain") },     { S("a\\\\b"), S("a\\b") },
        { S("\\\"a\\\""), S("\"a\"") }, { S("\\x00\\xff"), S("\0\xff") },
        { S("\\\\x41"), S("\\x41") },   { S("\\"), S("\\") },
        { S("\\x4"), S("\\x4") },       { S("\\xg0"), S("\\xg0") },
        { S("\\q"), S("\\q") },
    };
    char buffer[64];
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        bad += row(span_equal(logfields_unescape(rows[i].escaped, buffer), rows[i].meant), "%s: %s",
                   SHOWN(rows[i].escaped), SHOWN(logfields_unescape(rows[i].escaped, buffer)));
    assert_int_equal(bad, 0);
    assert_false(span_known(logfields_unescape((struct span){ NULL, 0 }, buffer)));
}

static void logfield_word__all__once_each(void **state)
{
    (void)state;
    for (int i = 0; i < LOGFIELDS; i++) {
        assert_non_null(logfield_word((enum logfield)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(logfield_word((enum logfield)i),
                                    logfield_word((enum logfield)j));
    }
}

/* ------------------------------------------------------------ the writer's lines */

#define VALUE_MOST 300

struct value {
    char bytes[VALUE_MOST];
    struct span span;
};

/* What a peer would send to be taken for more than one value. */
static const struct span pieces[] = {
    S("\""),
    S("\\"),
    S(" "),
    S("="),
    S(" verdict=pass"),
    S("\" to=<x> text=\""),
    S("\\x41"),
    S("\0"),
    S("\n"),
    S("\xff"),
    S("<"),
    S(">"),
    S("@"),
    S("/256"),
    S("[::1]"),
    S("a"),
    S("example.com"),
    S("#012"),
    S(": inbound "),
    S("'"),
    S("%n"),
};

static void random_value(struct value *value, size_t most)
{
    size_t pieces_left = random_below(6);

    value->span = (struct span){ value->bytes, 0 };
    for (; pieces_left > 0; pieces_left--) {
        struct span piece = pieces[random_below(ROWS(pieces))];
        char byte = (char)random_below(256);

        if (random_below(3) == 0)
            piece = (struct span){ &byte, 1 };
        if (value->span.length + piece.length > most)
            break;
        memcpy(value->bytes + value->span.length, piece.data, piece.length);
        value->span.length += piece.length;
    }
    while (most > 200 && random_below(4) != 0 && value->span.length < most)
        value->bytes[value->span.length++] = (char)random_below(256);
}

/* Everything that a line is written from, and the line. */
struct sample {
    struct connector *connector;
    struct facts facts;
    struct decision decision;
    struct refusal refusal;
    struct value queue_id, sender, recipient, client_name, protocol, cipher, subject, issuer;
    bool refused;
    char line[LOGLINE_SIZE];
};

static void random_session(struct sample *sample, size_t most)
{
    struct facts *facts = &sample->facts;

    random_value(&sample->client_name, most);
    random_value(&sample->protocol, most);
    random_value(&sample->cipher, most);
    random_value(&sample->subject, most);
    random_value(&sample->issuer, most);
    facts->client = build_ip("192.0.2.25");
    facts->client_name = sample->client_name.span;
    facts->tls.state = (enum tls_state)random_below(3);
    facts->tls.protocol_name = sample->protocol.span;
    facts->tls.cipher = sample->cipher.span;
    facts->tls.cipher_bits = (int)random_below(257);
    facts->certificate.trust = (enum trust)random_below(5);
    facts->certificate.subject = sample->subject.span;
    facts->certificate.issuer = sample->issuer.span;
    facts->certificate.fingerprint_state = random_below(2) ? PIN_KNOWN : PIN_NOT_REPORTED;
    facts->certificate.fingerprint = build_digest((unsigned char)random_below(256));
    facts->certificate.public_key_state = random_below(2) ? PIN_KNOWN : PIN_NOT_REPORTED;
    facts->certificate.public_key = build_digest((unsigned char)random_below(256));
}

static void random_sample(struct sample *sample, size_t most)
{
    facts_init(&sample->facts);
    random_session(sample, most);
    random_value(&sample->queue_id, most < 12 ? most : 12);
    random_value(&sample->sender, most);
    random_value(&sample->recipient, most);
    sample->facts.sender = sample->sender.span;
    sample->facts.recipient = sample->recipient.span;
    sample->refused = random_below(2) != 0;
    memset(&sample->decision, 0, sizeof(sample->decision));
    sample->decision.match.connector = sample->connector;
    sample->decision.outcome = sample->refused ? OUTCOME_FAIL : OUTCOME_PASS;
    sample->decision.reason = sample->refused ? REASON_NO_TLS : REASON_NONE;
    sample->decision.would = sample->refused ? VERDICT_REJECT : VERDICT_PASS;
    sample->decision.verdict = sample->decision.would;
    (void)snprintf(sample->refusal.code, sizeof(sample->refusal.code), "550");
    (void)snprintf(sample->refusal.status, sizeof(sample->refusal.status), "5.7.10");
    (void)snprintf(sample->refusal.text, sizeof(sample->refusal.text), "no \"TLS\" \\ here");
    if (sample->refused)
        logline_refused(&sample->facts, &sample->decision, &sample->refusal, sample->queue_id.span,
                        sample->line);
    else
        logline_passed(&sample->facts, &sample->decision, 3, sample->queue_id.span, sample->line);
}

/* An address is always shown in angle brackets. */
static struct span shown_address(struct span address, char buffer[VALUE_MOST + 2])
{
    if (address.length >= 2 && address.data[0] == '<' && address.data[address.length - 1] == '>')
        return address;
    buffer[0] = '<';
    memcpy(buffer + 1, address.data, address.length);
    buffer[address.length + 1] = '>';
    return (struct span){ buffer, address.length + 2 };
}

static struct span shown_client(struct span name, char buffer[VALUE_MOST + 40])
{
    static const char address[] = "[192.0.2.25]";

    if (name.length == 0 || name.data[0] == '[')
        name = SPAN("unknown");
    memcpy(buffer, name.data, name.length);
    memcpy(buffer + name.length, address, sizeof(address) - 1);
    return (struct span){ buffer, name.length + sizeof(address) - 1 };
}

/* Whether a field holds the value, or, where it may have been cut, the beginning of it. */
static bool holds(const struct logfields *fields, enum logfield field, struct span wanted, bool cut)
{
    struct span got = value_of(fields, field);

    if (span_empty(wanted))
        return span_empty(got);
    return span_known(got) && (cut ? got.length <= wanted.length : got.length == wanted.length) &&
           memcmp(got.data, wanted.data, got.length) == 0;
}

static unsigned check_session(const struct sample *sample, const struct logfields *fields, bool cut)
{
    const struct facts *facts = &sample->facts;
    bool encrypted = facts->tls.state == TLS_ENCRYPTED;
    struct span nothing = { NULL, 0 };
    struct span protocol =
        span_empty(facts->tls.protocol_name) ? SPAN("unknown") : facts->tls.protocol_name;
    unsigned bad = 0;

    if (!encrypted)
        protocol = facts->tls.state == TLS_PLAIN ? SPAN("none") : SPAN("unknown");
    bad += row(holds(fields, LOGFIELD_TLS, protocol, cut), "tls: %s", sample->line);
    bad += row(holds(fields, LOGFIELD_CIPHER, encrypted ? facts->tls.cipher : nothing, cut),
               "cipher: %s", sample->line);
    bad +=
        row(holds(fields, LOGFIELD_SUBJECT, encrypted ? facts->certificate.subject : nothing, cut),
            "subject: %s", sample->line);
    bad += row(holds(fields, LOGFIELD_ISSUER, encrypted ? facts->certificate.issuer : nothing, cut),
               "issuer: %s", sample->line);
    if (encrypted && !span_empty(facts->tls.cipher))
        bad += row(fields->cipher_bits == facts->tls.cipher_bits, "bits: %s", sample->line);
    return bad;
}

static unsigned check_sample(const struct sample *sample, bool cut)
{
    char address[VALUE_MOST + 2], client[VALUE_MOST + 40], id_buffer[100];
    struct span id = sample->queue_id.span, nothing = { NULL, 0 };
    struct logfields fields;
    unsigned bad = 0;

    if (!logfields_read(&fields, span_of(sample->line)))
        return row(false, "not read: %s", sample->line);
    if (!cut)
        bad += row(span_equal(logfields_unescape(fields.queue_id, id_buffer),
                              span_empty(id) ? SPAN("NOQUEUE") : id),
                   "queue id: %s", sample->line);
    bad += row(
        holds(&fields, LOGFIELD_VERDICT, sample->refused ? SPAN("reject") : SPAN("pass"), false),
        "verdict: %s", sample->line);
    bad += row(holds(&fields, LOGFIELD_CONNECTOR, SPAN("contoso-in"), false), "connector: %s",
               sample->line);
    bad += row(holds(&fields, LOGFIELD_FROM, shown_address(sample->sender.span, address), cut),
               "from: %s", sample->line);
    bad +=
        row(holds(&fields, LOGFIELD_TO,
                  sample->refused ? shown_address(sample->recipient.span, address) : nothing, cut),
            "to: %s", sample->line);
    if (!cut)
        bad += row(
            holds(&fields, LOGFIELD_CLIENT, shown_client(sample->client_name.span, client), false),
            "client: %s", sample->line);
    bad += row(holds(&fields, LOGFIELD_MODE, SPAN("enforce"), false), "mode: %s", sample->line);
    bad += row(holds(&fields, LOGFIELD_TEXT,
                     sample->refused ? SPAN("550 5.7.10 no \"TLS\" \\ here") : nothing, cut),
               "text: %s", sample->line);
    return bad + check_session(sample, &fields, cut);
}

static void round_trip(size_t most, bool cut)
{
    struct sample sample;
    unsigned bad = 0;

    sample.connector = build_connector("contoso-in", LEVEL_ENCRYPT);
    seed = 1;
    for (int i = 0; i < 20000 && bad < 10; i++) {
        random_sample(&sample, most);
        bad += check_sample(&sample, cut);
    }
    connector_free(sample.connector);
    assert_int_equal(bad, 0);
}

static void logfields__lines_of_logline_with_hostile_values__read_back_exactly(void **state)
{
    (void)state;
    round_trip(20, false);
}

static void logfields__lines_of_logline_that_were_cut__values_are_beginnings(void **state)
{
    (void)state;
    round_trip(VALUE_MOST, true);
}

/* ------------------------------------------------------------ damage */

static size_t damage(char *line, size_t length, size_t room)
{
    size_t at = random_below((uint32_t)length + 1), count;
    struct span piece = pieces[random_below(ROWS(pieces))];

    switch (random_below(4)) {
    case 0:
        if (at < length)
            line[at] = (char)random_below(256);
        return length;
    case 1:
        count = random_below((uint32_t)(length - at) + 1);
        memmove(line + at, line + at + count, length - at - count);
        return length - count;
    case 2:
        if (length + piece.length > room)
            return length;
        memmove(line + at + piece.length, line + at, length - at);
        memcpy(line + at, piece.data, piece.length);
        return length + piece.length;
    default:
        return at;
    }
}

/* In memory of just its size, so that a sanitizer sees any byte too many. */
static bool read_exactly(const char *line, size_t length)
{
    char *copy = malloc(length + 1), *buffer = malloc(length + 1);
    struct logfields fields;
    bool read;

    assert_non_null(copy);
    assert_non_null(buffer);
    copy = realloc(copy, length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, line, length);
    read = logfields_read(&fields, (struct span){ copy, length });
    for (int i = 0; read && i < LOGFIELDS; i++) {
        struct span value = logfields_decode(&fields, (enum logfield)i, buffer);

        assert_true(value.length <= length);
    }
    free(buffer);
    free(copy);
    return read;
}

static void logfields__damaged_lines__never_beyond_their_end(void **state)
{
    struct sample sample;
    unsigned read = 0, refused = 0;

    (void)state;
    sample.connector = build_connector("contoso-in", LEVEL_ENCRYPT);
    seed = 2;
    for (int i = 0; i < 50000; i++) {
        char line[2 * LOGLINE_SIZE];
        size_t length;

        random_sample(&sample, 40);
        length = strlen(sample.line);
        memcpy(line, sample.line, length);
        for (uint32_t n = random_below(4); n > 0; n--)
            length = damage(line, length, sizeof(line));
        if (read_exactly(line, length))
            read++;
        else
            refused++;
    }
    connector_free(sample.connector);
    assert_true(read > 1000 && refused > 1000); /* it damages neither all nor nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logfields_read__line_of_the_manual__each_value),
        cmocka_unit_test(logfields_read__outbound__its_own_keys),
        cmocka_unit_test(logfields_read__unknown_and_repeated_keys__passed_over),
        cmocka_unit_test(logfields_read__cipher__name_and_bits),
        cmocka_unit_test(logfields_read__no_such_line__false),
        cmocka_unit_test(logfields_unescape__any_text__what_the_writer_meant),
        cmocka_unit_test(logfield_word__all__once_each),
        cmocka_unit_test(logfields__lines_of_logline_with_hostile_values__read_back_exactly),
        cmocka_unit_test(logfields__lines_of_logline_that_were_cut__values_are_beginnings),
        cmocka_unit_test(logfields__damaged_lines__never_beyond_their_end),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
