/* SPDX-License-Identifier: ISC */
/* Tests of policy/probe/dns_packet: answers in wire format, and all that is none. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/probe/dns_packet.h"

/* A header: flags, one question, so many answers. */
#define HEADER(flags, answers) "\x12\x34" flags "\0\x01\0" answers "\0\0\0\0"
#define GOOD "\x81\x80"
#define QUESTION \
    "\x01"       \
    "a\x07"      \
    "example\0"  \
    "\0\x0f\0\x01" /* the name is at 12, .example at 14 */
#define RECORD(name, type, length) \
    name "\0" type "\0\x01"        \
         "\0\0\0\x3c"              \
         "\0" length
#define MX "\x0f"
#define A "\x01"
#define AAAA "\x1c"
#define CNAME "\x05"
#define OWN "\xc0\x0c"

/* What an answer says, in one line. */
static const char *said(const struct dns_answer *answer, enum dns_type type, struct shown *buffer)
{
    size_t used =
        (size_t)snprintf(buffer->text, sizeof(buffer->text), "%s", lookup_word(answer->state));

    for (size_t i = 0; i < answer->count && used < sizeof(buffer->text); i++) {
        char ip[IP_TEXT_SIZE];

        ip_format(&answer->records[i].ip, ip);
        if (type == DNS_MX)
            used += (size_t)snprintf(buffer->text + used, sizeof(buffer->text) - used, " %u/%s",
                                     answer->records[i].preference, answer->records[i].name.name);
        else
            used += (size_t)snprintf(buffer->text + used, sizeof(buffer->text) - used, " %s", ip);
    }
    return buffer->text;
}

static const struct {
    const char *name;
    struct span packet;
    enum dns_type type;
    const char *said;
} packets[] = {
    { "one",
      S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\x09") "\0\x0a\x04"
                                                              "mail\xc0\x0c"),
      DNS_MX, "found 10/mail.a.example" },
    { "two, compressed in other ways",
      S(HEADER(GOOD, "\x02")
            QUESTION RECORD(OWN, MX, "\x06") "\0\x0a\x01"
                                             "b\xc0\x0e" RECORD("\x01"
                                                                "A\x07"
                                                                "EXAMPLE\0",
                                                                MX, "\x05") "\x01\x02\x01"
                                                                            "c\0"),
      DNS_MX, "found 10/b.example 258/c" },
    { "null MX", S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\x03") "\0\0\0"), DNS_MX,
      "null-mx" },
    { "none", S(HEADER(GOOD, "\0") QUESTION), DNS_MX, "none" },
    { "no such name", S(HEADER("\x81\x83", "\0") QUESTION), DNS_MX, "nxdomain" },
    { "an error", S(HEADER("\x81\x82", "\0") QUESTION), DNS_MX, "servfail" },
    { "refused", S(HEADER("\x81\x85", "\0") QUESTION), DNS_MX, "servfail" },
    { "an address", S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, A, "\x04") "\xc0\0\x02\x01"), DNS_A,
      "found 192.0.2.1" },
    { "an address, IPv6",
      S(HEADER(GOOD, "\x01")
            QUESTION RECORD(OWN, AAAA, "\x10") "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"),
      DNS_AAAA, "found 2001:db8::1" },
    { "an alias",
      S(HEADER(GOOD, "\x02")
            QUESTION RECORD(OWN, CNAME, "\x04") "\x01"
                                                "b\xc0\x0e" RECORD("\x01"
                                                                   "b\xc0\x0e",
                                                                   A, "\x04") "\xc0\0\x02\x01"),
      DNS_A, "found 192.0.2.1" },
    { "records of another name do not count",
      S(HEADER(GOOD, "\x01") QUESTION RECORD("\x01"
                                             "b\xc0\x0e",
                                             A, "\x04") "\xc0\0\x02\x01"),
      DNS_A, "none" },
    { "records of another type do not count",
      S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, AAAA, "\x10") "0123456789abcdef"), DNS_A,
      "none" },
    { "records of another class do not count",
      S(HEADER(GOOD, "\x01") QUESTION OWN "\0" A "\0\x03\0\0\0\x3c\0\x04\xc0\0\x02\x01"), DNS_A,
      "none" },
    { "a dot in a label",
      S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\x09") "\0\x0a\x03"
                                                              "x.y\xc0\x0c\0"),
      DNS_MX, "servfail" },
    { "a dot in a label, well-formed",
      S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\x08") "\0\x0a\x03"
                                                              "x.y\xc0\x0e"),
      DNS_MX, "found 10/x\\046y.example" },
    { "a NUL in a label",
      S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\x08") "\0\x0a\x03"
                                                              "x\0y\xc0\x0e"),
      DNS_MX, "found 10/x\\000y.example" },
    { "nothing", S(""), DNS_MX, "servfail" },
    { "half a header", S("\x12\x34\x81\x80\0"), DNS_MX, "servfail" },
    { "no question", S("\x12\x34\x81\x80\0\0\0\0\0\0\0\0"), DNS_MX, "servfail" },
    { "fewer records than said", S(HEADER(GOOD, "\x02") QUESTION RECORD(OWN, MX, "\x03") "\0\0\0"),
      DNS_MX, "servfail" },
    { "an MX of two octets", S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\x02") "\0\x0a"),
      DNS_MX, "servfail" },
    { "an MX of no octets", S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\0")), DNS_MX,
      "servfail" },
    { "an address of three octets",
      S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, A, "\x03") "\xc0\0\x02"), DNS_A, "servfail" },
    { "a name that points to itself",
      S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\x04") "\0\x0a\xc0\x29"), DNS_MX,
      "servfail" },
    { "a name that points ahead",
      S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\x05") "\0\x0a\xc0\x2b\0"), DNS_MX,
      "servfail" },
    { "a pointer without its second octet",
      S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\x03") "\0\x0a\xc0"), DNS_MX, "servfail" },
    { "a label type that there is not",
      S(HEADER(GOOD, "\x01") QUESTION RECORD(OWN, MX, "\x04") "\0\x0a\x80\0"), DNS_MX, "servfail" },
};

static void dns_packet_read__packets__state_and_records(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(packets); i++) {
        struct dns_answer answer;
        struct shown buffer;

        dns_packet_read(&answer, packets[i].type, packets[i].packet.data, packets[i].packet.length);
        bad += row(strcmp(said(&answer, packets[i].type, &buffer), packets[i].said) == 0, "%s: %s",
                   packets[i].name, buffer.text);
        dns_answer_release(&answer);
    }
    assert_int_equal(bad, 0);
}

/* Every beginning and every single changed byte of every packet, each in memory of its own so that
 * a byte read behind its end is found by the sanitizers. */
static void dns_packet_read__damaged__ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(packets); i++) {
        size_t length = packets[i].packet.length;

        for (size_t k = 0; k < length; k++) {
            struct dns_answer answer;
            char *copy = malloc(length);

            assert_non_null(copy);
            memcpy(copy, packets[i].packet.data, length);
            for (unsigned bit = 0; bit < 8; bit++) {
                copy[k] = (char)(packets[i].packet.data[k] ^ (1 << bit));
                dns_packet_read(&answer, packets[i].type, copy, length);
                dns_answer_release(&answer);
            }
            free(copy);
            copy = malloc(k + 1);
            assert_non_null(copy);
            memcpy(copy, packets[i].packet.data, k);
            dns_packet_read(&answer, packets[i].type, copy, k);
            assert_true(answer.count == 0 || answer.state == LOOKUP_FOUND);
            dns_answer_release(&answer);
            free(copy);
        }
    }
}

/* The owner of the second record is a chain of pointers through all of the first one's data. */
static void dns_packet_read__long_names__bounded(void **state)
{
    static const char before[] = HEADER(GOOD, "\x02") "\0\0\x0f\0\x01"
                                                      "\0\0\x10\0\x01\0\0\0\0\x3c\x80";
    static const char after[] = "\0\x0f\0\x01\0\0\0\x3c\0\x03\0\0\0";
    static char packet[16384];
    struct dns_answer answer;
    size_t begin = sizeof(before) - 1, at = begin, last = 12;

    (void)state;
    memcpy(packet, before, begin);
    while (at < 16000) { /* a label of one octet, then a pointer to the name before */
        packet[at] = 1;
        packet[at + 1] = 'x';
        packet[at + 2] = (char)(0xc0 | last >> 8);
        packet[at + 3] = (char)last;
        last = at;
        at += 4;
    }
    packet[begin - 2] = (char)((at - begin) >> 8);
    packet[begin - 1] = (char)(at - begin);
    packet[at++] = (char)(0xc0 | last >> 8);
    packet[at++] = (char)last;
    memcpy(packet + at, after, sizeof(after) - 1);
    dns_packet_read(&answer, DNS_MX, packet, at + sizeof(after) - 1);
    assert_int_equal(answer.state, LOOKUP_SERVFAIL);
    dns_answer_release(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dns_packet_read__packets__state_and_records),
        cmocka_unit_test(dns_packet_read__damaged__ends),
        cmocka_unit_test(dns_packet_read__long_names__bounded),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
