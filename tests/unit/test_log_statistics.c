/* SPDX-License-Identifier: ISC */
/*
 * Tests of policy/cli/log_statistics and of what it is made of (log_facts, log_partners,
 * log_history, log_report): what is counted, what is a change, and that memory is bounded while
 * nothing is lost from the sums.
 */
#include "config.h"

#include "tests/unit/build.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/log/log_report.h"
#include "policy/cli/log/log_statistics.h"

#define DAY 86400
#define START INT64_C(1795564800) /* 2026-11-25 00:00:00 */

static uint32_t seed = 1;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

static struct log_statistics *new_statistics(void)
{
    struct log_selection selection = { .since = INT64_MIN, .until = INT64_MAX };
    struct log_statistics *statistics = log_statistics_new(&selection);

    assert_non_null(statistics);
    return statistics;
}

/* One message, in memory of just its size. */
static void say(struct log_statistics *statistics, int64_t time, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct log_statistics *statistics, int64_t time, const char *format, ...)
{
    struct log_message message = { .time = time, .count = 1 };
    va_list arguments;
    char text[2000], *copy;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < sizeof(text));
    copy = malloc((size_t)length + 1);
    assert_non_null(copy);
    memcpy(copy, text, (size_t)length);
    message.text = (struct span){ copy, (size_t)length };
    log_statistics_add(statistics, &message);
    free(copy);
}

#define PASS                                                                         \
    "Q: inbound verdict=pass connector=c level=secure from=<a@contoso.com> nrcpt=1 " \
    "client=a[1.2.3.4] "
#define DEFER                                                                                     \
    "NOQUEUE: inbound verdict=defer reason=no-tls connector=c level=secure from=<a@contoso.com> " \
    "to=<b@x> client=a[1.2.3.4] "
#define MONITOR                                                                            \
    "NOQUEUE: inbound verdict=monitor would=defer reason=no-tls connector=c level=secure " \
    "from=<a@contoso.com> to=<b@x> client=a[1.2.3.4] "
#define END " mode=enforce text=\"451 4.7.10 x\""
#define TLS13 "tls=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384/256"

static const struct log_connector *find_connector(const struct log_statistics *statistics,
                                                  const char *name, enum direction direction)
{
    const struct log_connector *connector = statistics->connectors;

    while (connector != NULL &&
           !(connector->direction == direction &&
             span_equal((struct span){ connector->name, connector->length }, span_of(name))))
        connector = connector->following;
    return connector;
}

static const struct log_partner *find_partner(const struct log_statistics *statistics,
                                              const char *name)
{
    const struct log_partner **list =
        malloc((statistics->partners.count + 1) * sizeof(struct log_partner *));
    const struct log_partner *found = NULL;

    assert_non_null(list);
    log_partners_list(&statistics->partners, list);
    for (size_t i = 0; i < statistics->partners.count; i++) {
        if (span_equal((struct span){ list[i]->name, list[i]->length }, span_of(name)))
            found = list[i];
    }
    free(list);
    return found;
}

/* ------------------------------------------------------------ counting */

static void log_statistics__each_verdict__counted_where_it_belongs(void **state)
{
    struct log_statistics *statistics = new_statistics();
    const struct log_connector *c, *other;
    struct log_report report;

    (void)state;
    say(statistics, START,
        "Q: inbound verdict=pass connector=c level=secure from=<a@contoso.com> "
        "nrcpt=3 client=a[1.2.3.4] " TLS13 " mode=enforce");
    say(statistics, START + 1, PASS TLS13 " mode=enforce");
    say(statistics, START + 2,
        "Q: inbound verdict=exempt reason=network connector=c level=secure "
        "from=<a@contoso.com> nrcpt=2 client=a[1.2.3.4] tls=none mode=enforce");
    say(statistics, START + 3, DEFER "tls=none" END);
    say(statistics, START + 4, MONITOR "tls=none" END);
    say(statistics, START + 5,
        "Q: inbound verdict=reject reason=certificate-mismatch connector=c level=secure "
        "from=<a@contoso.com> to=<b@x> client=a[1.2.3.4] " TLS13 END);
    say(statistics, START + 6,
        "Q: inbound verdict=defer reason=too-late connector=c level=secure "
        "from=<a@contoso.com> to=<b@x> client=a[1.2.3.4] " TLS13 END);
    say(statistics, START + 7,
        "Q: inbound verdict=none reason=near-miss connector=c level=secure "
        "from=<a@x.contoso.com> client=a[1.2.3.4] tls=none text=\"x\"");
    say(statistics, START + 8,
        "Q: outbound verdict=defer reason=dns-failure connector=c level=may "
        "from=<b@x> to=<a@fabrikam.com> client=a[1.2.3.4] hop=h tls=none" END);
    c = find_connector(statistics, "c", DIRECTION_INBOUND);
    other = find_connector(statistics, "c", DIRECTION_OUTBOUND);
    assert_non_null(c);
    assert_non_null(other);
    assert_int_equal(statistics->counts.verdicts, 9);
    assert_int_equal(c->tally.messages, 2);
    assert_int_equal(c->tally.recipients, 4);
    assert_int_equal(c->tally.exempt, 1);
    assert_int_equal(c->tally.exempt_recipients, 2);
    assert_int_equal(c->tally.refused, 3);
    assert_int_equal(c->tally.would_be_refused, 1);
    assert_int_equal(c->near_misses, 1);
    assert_int_equal(c->reasons[REASON_NO_TLS].refused, 1);
    assert_int_equal(c->reasons[REASON_NO_TLS].would_be_refused, 1);
    assert_int_equal(c->reasons[REASON_CERTIFICATE_MISMATCH].refused, 1);
    assert_int_equal(c->reasons[REASONS].refused, 1); /* a word that is not known here */
    assert_true(c->last_refusal == START + 6);
    assert_true(c->tally.first == START && c->tally.last == START + 7);
    assert_int_equal(other->tally.refused, 1);
    assert_true(log_report_init(&report, statistics));
    assert_int_equal(report.total.refused, 4);
    assert_int_equal(report.total.messages, 2);
    assert_int_equal(report.near_misses, 1);
    log_report_release(&report);
    log_statistics_free(statistics);
}

static void log_statistics__repeated_message__counted_as_often(void **state)
{
    static const char text[] = "Q: inbound verdict=pass connector=c level=may from=<a@contoso.com> "
                               "nrcpt=2 client=a[1.2.3.4] tls=TLSv1.3 mode=enforce";
    struct log_message message = { { text, sizeof(text) - 1 }, START, 5 };
    struct log_statistics *statistics = new_statistics();
    const struct log_partner *partner;

    (void)state;
    log_statistics_add(statistics, &message);
    partner = find_partner(statistics, "contoso.com");
    assert_non_null(partner);
    assert_int_equal(statistics->counts.verdicts, 5);
    assert_int_equal(partner->tally.messages, 5);
    assert_int_equal(partner->tally.recipients, 10);
    assert_int_equal(partner->history.kinds[LOG_PROTOCOL].first->count, 5);
    log_statistics_free(statistics);
}

static void log_statistics__partner__domain_of_the_address(void **state)
{
    static const struct {
        const char *address, *partner; /* NULL: nobody's */
    } rows[] = {
        { "<a@contoso.com>", "contoso.com" },
        { "<a@CONTOSO.com.>", "contoso.com" },
        { "<>", "<>" },
        { "<root>", "(no domain)" },
        { "\"<a b@contoso.com>\"", "contoso.com" },
        { "\"<\\\"a@b\\\"@contoso.com>\"", "contoso.com" },
        { "\"<a@m\\xc3\\xbcller.example>\"", "xn--mller-kva.example" },
        { "<a@[192.0.2.1]>", "[192.0.2.1]" },
        { "<a@contoso.co", NULL }, /* cut by the writer */
        { "\"<a b@contoso.co\"", NULL },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct log_statistics *statistics = new_statistics();

        say(statistics, START,
            "Q: inbound verdict=pass connector=c level=may from=%s nrcpt=1 client=a[1.2.3.4] "
            "tls=none mode=enforce",
            rows[i].address);
        bad += row(
            statistics->partners.count == (rows[i].partner != NULL) &&
                (rows[i].partner == NULL || find_partner(statistics, rows[i].partner) != NULL) &&
                statistics->connectors->circle.others.messages == (rows[i].partner == NULL),
            "%s", rows[i].address);
        log_statistics_free(statistics);
    }
    assert_int_equal(bad, 0);
}

/* As everywhere else: what domain_set() makes of it. */
static void log_statistics__partner__in_canonical_form(void **state)
{
    static const char letters[] = "abz.-AZ_09.";

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct log_statistics *statistics = new_statistics();
        char name[12];
        size_t length = 1 + random_below(sizeof(name) - 1);
        struct domain domain;

        for (size_t n = 0; n < length; n++)
            name[n] = letters[random_below(sizeof(letters) - 1)];
        domain_set(&domain, (struct span){ name, length });
        say(statistics, START,
            "Q: inbound verdict=pass connector=c level=may from=<a@%.*s> nrcpt=1 client=a[1.2.3.4] "
            "tls=none mode=enforce",
            (int)length, name);
        if (find_partner(statistics, domain.name) == NULL)
            fail_msg("%.*s", (int)length, name);
        log_statistics_free(statistics);
    }
}

static void log_statistics__lines_that_are_cut__told_and_not_counted(void **state)
{
    static const char *const lines[] = {
        "Q: inbound verdict=pass connector=c level=secure from=<a@contoso.com> nrcpt=1 tls=TLSv1",
        "Q: inbound verdict=defer reason=no-tls connector=c level=secure mode=enforce",
        "Q: inbound verdict=defer reason=no-tls connector=c level=secure mode=enforce text=\"451",
        "Q: inbound verdict=pass level=secure mode=enforce",
        "Q: inbound verdict=perhaps connector=c mode=enforce text=\"x\"",
        "Q: inbound verdict=",
    };
    struct log_statistics *statistics = new_statistics();

    (void)state;
    for (size_t i = 0; i < ROWS(lines); i++)
        say(statistics, START, "%s", lines[i]);
    say(statistics, START, "%s%01000d", PASS, 0); /* longer than any of the daemon's */
    assert_int_equal(statistics->counts.unreadable, ROWS(lines) + 1);
    assert_int_equal(statistics->counts.verdicts, 0);
    assert_null(statistics->connectors);
    log_statistics_free(statistics);
}

static void log_statistics__other_messages__counted_and_lost_lines_told(void **state)
{
    struct log_statistics *statistics = new_statistics();

    (void)state;
    say(statistics, START, "forcetls-milter 0.1.0 starts");
    say(statistics, START, "12 log lines were dropped: syslog does not read");
    say(statistics, START, "30 log lines were dropped: syslog or stderr does not read");
    assert_int_equal(statistics->counts.other_messages, 3);
    assert_int_equal(statistics->counts.dropped, 42);
    assert_int_equal(statistics->counts.unreadable, 0);
    log_statistics_free(statistics);
}

static void log_statistics__selection__by_time_and_connector(void **state)
{
    static const char *const names[] = { "c", "d" };
    struct log_selection selection = {
        .since = START, .until = START + DAY, .connectors = names, .connector_count = 2
    };
    struct log_statistics *statistics = log_statistics_new(&selection);
    static const int64_t times[] = { START - 1, START, START + DAY, START + DAY + 1,
                                     TIMESTAMP_UNKNOWN };

    (void)state;
    assert_non_null(statistics);
    for (size_t i = 0; i < ROWS(times); i++) {
        say(statistics, times[i], "Q: inbound verdict=pass connector=c from=<> mode=enforce");
        say(statistics, times[i], "Q: inbound verdict=pass connector=d from=<> mode=enforce");
        say(statistics, times[i], "Q: inbound verdict=pass connector=cd from=<> mode=enforce");
    }
    assert_int_equal(statistics->counts.verdicts, 4);
    assert_int_equal(statistics->counts.other_connectors, 2);
    assert_int_equal(statistics->counts.outside, 6);
    assert_int_equal(statistics->counts.without_time, 3);
    assert_true(statistics->counts.first == START && statistics->counts.last == START + DAY);
    log_statistics_free(statistics);
}

static void log_statistics__time_runs_backwards__told(void **state)
{
    struct log_statistics *statistics = new_statistics();

    (void)state;
    say(statistics, START + 3 * DAY, PASS TLS13 " mode=enforce");
    say(statistics, START + 3 * DAY - 3600, PASS TLS13 " mode=enforce"); /* clocks are put back */
    assert_int_equal(statistics->counts.backwards, 0);
    say(statistics, START, PASS TLS13 " mode=enforce");
    assert_int_equal(statistics->counts.backwards, 1);
    assert_true(statistics->counts.first == START && statistics->counts.last == START + 3 * DAY);
    log_statistics_free(statistics);
}

/* ------------------------------------------------------------ what is seen */

/* The values of a kind as "VALUE/RANK*COUNT(STATE) ...". */
static const char *seen(const struct log_statistics *statistics, enum log_kind kind)
{
    static char text[1000];
    const struct log_partner *partner = find_partner(statistics, "contoso.com");
    size_t length = 0;

    assert_non_null(partner);
    text[0] = '\0';
    for (const struct log_value *value = partner->history.kinds[kind].first; value != NULL;
         value = value->next)
        length +=
            (size_t)snprintf(text + length, sizeof(text) - length, "%s%.*s/%d*%" PRIu64 "(%s)",
                             length > 0 ? " " : "", (int)value->length, value->text, value->rank,
                             value->count, value->state != NULL ? value->state : "");
    return text;
}

static void log_statistics__values_of_a_partner__each_with_its_count(void **state)
{
    struct log_statistics *statistics = new_statistics();
    const struct log_value *value;

    (void)state;
    say(statistics, START,
        PASS TLS13 " certificate=trusted subject=\"m\" issuer=\"I\" fingerprint=ab mode=enforce");
    say(statistics, START + 9,
        PASS TLS13 " certificate=trusted subject=\"m\" issuer=\"J \\\"\\x00\" mode=enforce");
    say(statistics, START + 5,
        PASS "tls=TLSv1.2 cipher=A/128 certificate=untrusted subject=\"m\" mode=enforce");
    assert_string_equal(seen(statistics, LOG_PROTOCOL), "TLSv1.3/6*2() TLSv1.2/5*1()");
    assert_string_equal(seen(statistics, LOG_CIPHER), "TLS_AES_256_GCM_SHA384/256*2() A/128*1()");
    assert_string_equal(seen(statistics, LOG_CERTIFICATE), "trusted/1*2() untrusted/0*1()");
    assert_string_equal(seen(statistics, LOG_SUBJECT), "m/-1*2(trusted) m/-1*1(untrusted)");
    assert_string_equal(seen(statistics, LOG_FINGERPRINT), "ab/-1*1(trusted)");
    value = find_partner(statistics, "contoso.com")->history.kinds[LOG_ISSUER].first->next;
    assert_true(span_equal(log_value_text(value), SPAN("J \"\0")));
    value = find_partner(statistics, "contoso.com")->history.kinds[LOG_PROTOCOL].first;
    assert_true(value->first == START && value->last == START + 9);
    log_statistics_free(statistics);
}

static void log_statistics__certificate_without_its_key__from_verdict_and_level(void **state)
{
    static const struct {
        const char *verdict, *level, *tls, *wanted;
    } rows[] = {
        { "pass", "secure", "tls=TLSv1.3", "trusted/1*1()" },
        { "pass", "verify", "tls=TLSv1.3", "trusted/1*1()" },
        { "pass", "encrypt", "tls=TLSv1.3", "" },
        { "pass", "fingerprint", "tls=TLSv1.3", "" },
        { "pass", "may", "tls=none", "" },
        { "pass", "verify", "tls=unknown", "" },
        { "pass", "secure", "tls=TLSv1.3 certificate=none", "none/0*1()" },
        { "pass", "secure", "tls=TLSv1.3 certificate=odd", "" },
        { "defer reason=no-certificate", "secure", "tls=TLSv1.3", "none/0*1()" },
        { "defer reason=certificate-not-trusted", "secure", "tls=TLSv1.3", "untrusted/0*1()" },
        { "defer reason=no-trusted-certificate", "secure", "tls=TLSv1.3",
          "none-or-untrusted/0*1()" },
        { "defer reason=certificate-mismatch", "secure", "tls=TLSv1.3", "" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct log_statistics *statistics = new_statistics();

        say(statistics, START,
            "Q: inbound verdict=%s connector=c level=%s from=<a@contoso.com> nrcpt=1 "
            "client=a[1.2.3.4] %s mode=enforce text=\"x\"",
            rows[i].verdict, rows[i].level, rows[i].tls);
        bad += row(strcmp(seen(statistics, LOG_CERTIFICATE), rows[i].wanted) == 0, "%s, %s: %s",
                   rows[i].verdict, rows[i].level, seen(statistics, LOG_CERTIFICATE));
        log_statistics_free(statistics);
    }
    assert_int_equal(bad, 0);
}

/* Clients that are let off or come from elsewhere say nothing about the partner. */
static void log_statistics__clients_that_are_not_the_partner__show_nothing(void **state)
{
    struct log_statistics *statistics = new_statistics();

    (void)state;
    say(statistics, START,
        "Q: inbound verdict=exempt reason=network connector=c level=secure from=<a@contoso.com> "
        "nrcpt=1 client=a[1.2.3.4] tls=none mode=enforce");
    say(statistics, START,
        "Q: inbound verdict=reject reason=client-not-allowed connector=c level=secure "
        "from=<a@contoso.com> to=<b@x> client=a[1.2.3.4] tls=none" END);
    assert_string_equal(seen(statistics, LOG_PROTOCOL), "");
    log_statistics_free(statistics);
}

/* ------------------------------------------------------------ changes */

/* "CHANGE VALUE<BEFORE COUNT-REFUSED; ...", the worst first. */
static const char *changes_of(const struct log_statistics *statistics)
{
    static char text[4000];
    struct log_report report;
    size_t length = 0;

    assert_true(log_report_init(&report, statistics));
    text[0] = '\0';
    for (size_t i = 0; i < report.change_count && length < sizeof(text); i++) {
        const struct log_value *value = report.changes[i].value;

        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "%s%s %.*s<%.*s %" PRIu64 "-%" PRIu64, i > 0 ? "; " : "",
                                   log_change_word(report.changes[i].change), (int)value->length,
                                   value->text, (int)value->before->length, value->before->text,
                                   value->change_count, value->change_refused);
    }
    log_report_release(&report);
    return text;
}

#define LINES_MOST 10

static void log_statistics__changes__new_or_worse_once_each(void **state)
{
    static const struct {
        const char *lines[LINES_MOST], *wanted;
    } rows[] = {
        /* The first values are none, better ones neither. */
        { { PASS "tls=TLSv1.2 cipher=A/128 subject=\"m\" issuer=\"I\" fingerprint=ab" }, "" },
        { { MONITOR "tls=none", MONITOR "tls=TLSv1.2 cipher=A/128",
            MONITOR "tls=TLSv1.3 cipher=B/256 certificate=trusted" },
          "" },
        /* One of each kind. */
        { { PASS "tls=TLSv1.3", DEFER "tls=none", DEFER "tls=none" },
          "plaintext none<TLSv1.3 2-2" },
        { { PASS "tls=TLSv1.3", PASS "tls=TLSv1.1" }, "older-protocol TLSv1.1<TLSv1.3 1-0" },
        { { PASS "tls=TLSv1.2 cipher=A/256", PASS "tls=TLSv1.2 cipher=B/128" },
          "weaker-cipher B<A 1-0" },
        { { PASS "tls=TLSv1.3 issuer=\"I\"", PASS "tls=TLSv1.3 issuer=\"J\"" },
          "other-issuer J<I 1-0" },
        { { PASS "tls=TLSv1.3 subject=\"m\"", PASS "tls=TLSv1.3 subject=\"n\"" },
          "other-subject n<m 1-0" },
        { { PASS "tls=TLSv1.3 root=\"R\"", PASS "tls=TLSv1.3 root=\"S\"" }, "other-root S<R 1-0" },
        { { PASS "tls=TLSv1.3 fingerprint=ab", PASS "tls=TLSv1.3 fingerprint=cd",
            PASS "tls=TLSv1.3 fingerprint=ab" },
          "other-fingerprint cd<ab 1-0" },
        { { PASS "tls=TLSv1.3 certificate=trusted", PASS "tls=TLSv1.3 certificate=untrusted" },
          "unverified untrusted<trusted 1-0" },
        { { PASS "tls=TLSv1.3",
            "Q: inbound verdict=defer reason=no-trusted-certificate connector=c level=secure "
            "from=<a@contoso.com> to=<b@x> client=a[1.2.3.4] tls=TLSv1.3" },
          "unverified none-or-untrusted<trusted 1-1" },
        /* The worst first; what came before a value of no order is the last one. */
        { { PASS "tls=TLSv1.3 cipher=A/256 issuer=\"I\"",
            PASS "tls=TLSv1.2 cipher=B/128 issuer=\"J\"",
            PASS "tls=TLSv1.2 cipher=B/128 issuer=\"K\"", DEFER "tls=none" },
          "plaintext none<TLSv1.3 1-1; older-protocol TLSv1.2<TLSv1.3 2-0; "
          "weaker-cipher B<A 2-0; other-issuer J<I 1-0; other-issuer K<J 1-0" },
        /* To and fro makes no noise: one change, or none where the worse one was first. */
        { { PASS "tls=TLSv1.3", PASS "tls=TLSv1.2", PASS "tls=TLSv1.3", PASS "tls=TLSv1.2",
            PASS "tls=TLSv1.3", PASS "tls=TLSv1.2" },
          "older-protocol TLSv1.2<TLSv1.3 3-0" },
        { { PASS "tls=TLSv1.2", PASS "tls=TLSv1.3", PASS "tls=TLSv1.2", PASS "tls=TLSv1.3" }, "" },
        /* Between two that are known: not worse. */
        { { PASS "tls=TLSv1.2 cipher=A/128", PASS "tls=TLSv1.2 cipher=B/256",
            PASS "tls=TLSv1.2 cipher=C/192", PASS "tls=TLSv1.2 cipher=D/128" },
          "" },
        /* The same name, trusted or not, is the same name. */
        { { PASS "tls=TLSv1.3 certificate=trusted subject=\"m\"",
            PASS "tls=TLSv1.3 certificate=untrusted subject=\"m\"" },
          "unverified untrusted<trusted 1-0" },
        /* Strangers in the partner's name do not make its history. */
        { { DEFER "tls=TLSv1.3 issuer=\"Evil\"", PASS "tls=TLSv1.2 issuer=\"I\"",
            PASS "tls=TLSv1.2 issuer=\"I\"" },
          "" },
        { { PASS "tls=TLSv1.2 issuer=\"I\"", DEFER "tls=TLSv1.3 issuer=\"Evil\"",
            PASS "tls=TLSv1.2 issuer=\"I\"" },
          "other-issuer Evil<I 1-1" },
        { { PASS "tls=TLSv1.3", DEFER "tls=none", PASS "tls=TLSv1.2" },
          "plaintext none<TLSv1.3 1-1; older-protocol TLSv1.2<TLSv1.3 1-0" },
        /* Where nothing ever met the demands, all lines are its history. */
        { { MONITOR "tls=TLSv1.3", MONITOR "tls=none", DEFER "tls=none" },
          "plaintext none<TLSv1.3 2-1" },
        /* What is not known is neither better nor worse. */
        { { PASS "tls=TLSv1.3 cipher=A/256", PASS "tls=unknown", PASS "tls=TLSv9 cipher=B" }, "" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct log_statistics *statistics = new_statistics();

        for (size_t n = 0; n < LINES_MOST && rows[i].lines[n] != NULL; n++)
            say(statistics, START + (int64_t)n, "%s" END, rows[i].lines[n]);
        assert_int_equal(statistics->counts.unreadable, 0);
        bad += row(strcmp(changes_of(statistics), rows[i].wanted) == 0, "row %zu: %s", i,
                   changes_of(statistics));
        log_statistics_free(statistics);
    }
    assert_int_equal(bad, 0);
}

/* Another partner's or another connector's history is another one. */
static void log_statistics__changes__of_each_partner_in_each_connector_alone(void **state)
{
    static const char line[] = "Q: %s verdict=pass connector=%s level=may from=<a@%s> to=<a@%s> "
                               "nrcpt=1 client=a[1.2.3.4] tls=%s mode=enforce";
    struct log_statistics *statistics = new_statistics();

    (void)state;
    say(statistics, START, line, "inbound", "c", "contoso.com", "x", "TLSv1.3");
    say(statistics, START, line, "inbound", "c", "fabrikam.com", "x", "TLSv1.2");
    say(statistics, START, line, "inbound", "d", "contoso.com", "x", "TLSv1.1");
    say(statistics, START, line, "outbound", "c", "x", "contoso.com", "TLSv1");
    assert_int_equal(statistics->partners.count, 4);
    assert_string_equal(changes_of(statistics), "");
    say(statistics, START, line, "outbound", "c", "x", "contoso.com", "none");
    assert_string_equal(changes_of(statistics), "plaintext none<TLSv1 1-0");
    log_statistics_free(statistics);
}

static void log_statistics__change__first_last_and_count(void **state)
{
    struct log_statistics *statistics = new_statistics();
    struct log_report report;

    (void)state;
    say(statistics, START, PASS TLS13 END);
    say(statistics, START + 60, DEFER "tls=none" END);
    say(statistics, START + 70, PASS TLS13 END);
    say(statistics, START + 80, MONITOR "tls=none" END);
    assert_true(log_report_init(&report, statistics));
    assert_int_equal(report.change_count, 1);
    assert_int_equal(report.changes[0].change, LOG_CHANGE_PLAINTEXT);
    assert_true(report.changes[0].value->change_first == START + 60);
    assert_true(report.changes[0].value->last == START + 80);
    assert_int_equal(report.changes[0].value->change_count, 2);
    assert_int_equal(report.changes[0].value->change_refused, 1);
    log_report_release(&report);
    log_statistics_free(statistics);
}

/* Plaintext in the first week, encrypted for long, and plaintext again: that is news. */
static void log_statistics__worse_value_comes_back_after_long__a_change(void **state)
{
    static const struct {
        int lines, days;
        const char *wanted;
    } rows[] = {
        { LOG_GIVEN_UP_LINES, 7, "plaintext none<TLSv1.3 1-0" },
        { LOG_GIVEN_UP_LINES - 1, 7, "" },
        { LOG_GIVEN_UP_LINES, 6, "" },
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct log_statistics *statistics = new_statistics();

        say(statistics, START, PASS "tls=none" END);
        for (int n = 0; n < rows[i].lines; n++)
            say(statistics, START, PASS TLS13 END);
        say(statistics, START + rows[i].days * DAY, PASS "tls=none" END);
        assert_string_equal(changes_of(statistics), rows[i].wanted);
        log_statistics_free(statistics);
    }
}

/* ------------------------------------------------------------ bounds */

/* What was counted is somewhere: with partners, or with the others. */
static void check_sums(const struct log_statistics *statistics)
{
    struct log_tally sum, total;
    struct log_report report;

    log_tally_init(&sum);
    log_tally_init(&total);
    assert_true(log_report_init(&report, statistics));
    for (size_t i = 0; i < report.partner_count; i++)
        log_tally_add(&sum, &report.partners[i]->tally);
    for (size_t i = 0; i < report.connector_count; i++)
        log_tally_add(&sum, &report.connectors[i]->circle.others);
    log_tally_add(&sum, &statistics->others);
    log_tally_add(&total, &report.total);
    assert_int_equal(sum.messages, total.messages);
    assert_int_equal(sum.recipients, total.recipients);
    assert_int_equal(sum.exempt, total.exempt);
    assert_int_equal(sum.refused, total.refused);
    assert_int_equal(sum.would_be_refused, total.would_be_refused);
    assert_true(statistics->partners.budget.used <= statistics->partners.budget.most);
    assert_true(statistics->partners.count <= LOG_PARTNERS_MOST);
    log_report_release(&report);
}

#define ANY "Q: inbound verdict=pass connector=%s level=may from=<a@%s> nrcpt=1 client=a[1.2.3.4] "

static void log_statistics__a_million_invented_names__the_known_stay_the_new_get_in(void **state)
{
    struct log_statistics *statistics = new_statistics();
    char name[64];

    (void)state;
    for (int i = 0; i < LOG_KNOWN_LINES; i++)
        say(statistics, START, ANY TLS13 " mode=enforce", "c", "contoso.com");
    for (int i = 0; i < 1000000; i++) {
        (void)snprintf(name, sizeof(name), "x%d.contoso.com", i);
        say(statistics, START, ANY "tls=TLSv1.2 cipher=A/128 issuer=\"%d\" mode=enforce", "c", name,
            i);
        /* Somebody who begins in the middle of it, and is seen every 1000 lines. */
        if (i >= 500000 && i % 1000 == 0)
            say(statistics, START, ANY TLS13 " mode=enforce", "c", "fabrikam.com");
    }
    check_sums(statistics);
    assert_int_equal(statistics->partners.count, LOG_CONNECTOR_PARTNERS_MOST);
    assert_non_null(find_partner(statistics, "contoso.com"));
    assert_int_equal(find_partner(statistics, "contoso.com")->tally.messages, LOG_KNOWN_LINES);
    assert_non_null(find_partner(statistics, "fabrikam.com"));
    assert_int_equal(find_partner(statistics, "fabrikam.com")->tally.messages, 500);
    assert_true(statistics->connectors->circle.others_forgotten > 990000);
    log_statistics_free(statistics);
}

/* Names that are sent often enough to settle take their part of the room, and not all of it. */
static void log_statistics__invented_names_that_settle__room_is_left(void **state)
{
    struct log_statistics *statistics = new_statistics();
    char name[64];

    (void)state;
    for (int i = 0; i < 3 * LOG_CONNECTOR_PARTNERS_MOST; i++) {
        (void)snprintf(name, sizeof(name), "x%d.contoso.com", i);
        for (int n = 0; n < LOG_KNOWN_LINES; n++)
            say(statistics, START, ANY TLS13 " mode=enforce", "c", name);
    }
    say(statistics, START, ANY TLS13 " mode=enforce", "c", "fabrikam.com");
    check_sums(statistics);
    assert_non_null(find_partner(statistics, "fabrikam.com"));
    assert_non_null(find_partner(statistics, "x0.contoso.com"));
    assert_int_equal(statistics->connectors->circle.settled, LOG_CONNECTOR_PARTNERS_MOST / 4 * 3);
    log_statistics_free(statistics);
}

static void log_statistics__partners_of_many_connectors__bounded_in_total(void **state)
{
    struct log_statistics *statistics = new_statistics();
    char connector[64], name[64];

    (void)state;
    for (int c = 0; c < 15; c++) {
        for (int i = 0; i < LOG_CONNECTOR_PARTNERS_MOST; i++) {
            (void)snprintf(connector, sizeof(connector), "c%d", c);
            (void)snprintf(name, sizeof(name), "x%d.example", i);
            say(statistics, START, ANY TLS13 " mode=enforce", connector, name);
        }
    }
    check_sums(statistics);
    assert_int_equal(statistics->partners.count, LOG_PARTNERS_MOST);
    log_statistics_free(statistics);
}

static void log_statistics__too_many_connectors__others(void **state)
{
    struct log_statistics *statistics = new_statistics();
    char connector[64];

    (void)state;
    for (int c = 0; c < LOG_CONNECTORS_MOST + 10; c++) {
        (void)snprintf(connector, sizeof(connector), "c%d", c);
        say(statistics, START, ANY TLS13 " mode=enforce", connector, "contoso.com");
    }
    check_sums(statistics);
    assert_int_equal(statistics->connector_count, LOG_CONNECTORS_MOST);
    assert_int_equal(statistics->others.messages, 10);
    assert_int_equal(statistics->counts.verdicts, LOG_CONNECTORS_MOST + 10);
    log_statistics_free(statistics);
}

/* Anybody can make certificates. */
static void log_statistics__many_names_that_nobody_trusts__a_trusted_one_is_told(void **state)
{
    struct log_statistics *statistics = new_statistics();

    (void)state;
    say(statistics, START, PASS TLS13 " certificate=trusted issuer=\"I\" mode=enforce");
    for (int i = 0; i < 100; i++)
        say(statistics, START + 1, DEFER TLS13 " certificate=untrusted issuer=\"X %d\"" END, i);
    say(statistics, START + 2, DEFER TLS13 " certificate=trusted issuer=\"J\"" END);
    assert_non_null(strstr(seen(statistics, LOG_ISSUER), "J"));
    assert_non_null(strstr(changes_of(statistics), "J"));
    log_statistics_free(statistics);
}

/* The newer file was given first. */
static void log_statistics__what_was_there_before__no_change(void **state)
{
    struct log_statistics *statistics = new_statistics();

    (void)state;
    say(statistics, START + DAY, PASS TLS13 " certificate=trusted issuer=\"J\" mode=enforce");
    for (int i = 0; i < 3; i++)
        say(statistics, START + i,
            PASS "tls=TLSv1.2 cipher=A/128 certificate=trusted issuer=\"I\" mode=enforce");
    assert_string_equal(changes_of(statistics), "");
    log_statistics_free(statistics);
}

static void log_statistics__too_many_values__others(void **state)
{
    struct log_statistics *statistics = new_statistics();
    const struct log_values *values;

    (void)state;
    /* Strangers cannot take all the room that the partner's own values need. */
    for (int i = 0; i < 100; i++)
        say(statistics, START, DEFER "tls=TLSv1.3 issuer=\"evil %d\"" END, i);
    values = &find_partner(statistics, "contoso.com")->history.kinds[LOG_ISSUER];
    assert_int_equal(values->count, LOG_VALUES_UNMET_MOST);
    assert_int_equal(values->others, 100 - LOG_VALUES_UNMET_MOST);
    for (int i = 0; i < 100; i++)
        say(statistics, START, PASS "tls=TLSv1.3 issuer=\"I%d\"" END, i);
    assert_int_equal(values->count, LOG_VALUES_MOST);
    assert_int_equal(values->others, 200 - LOG_VALUES_MOST);
    log_statistics_free(statistics);
}

static void log_statistics__long_values__bounded_in_all(void **state)
{
    struct log_statistics *statistics = new_statistics();

    (void)state;
    for (int i = 0; i < 40000; i++)
        say(statistics, START,
            "Q: inbound verdict=pass connector=c level=may from=<a@x%d.example> nrcpt=1 "
            "client=a[1.2.3.4] tls=TLSv1.3 subject=\"%0200d\" issuer=\"%0200d\" root=\"%0200d\" "
            "mode=enforce",
            i % 2000, i, i, i);
    check_sums(statistics);
    assert_true(statistics->connectors->circle.budget.used <= LOG_CONNECTOR_BYTES_MOST);
    assert_true(statistics->connectors->circle.budget.used > LOG_CONNECTOR_BYTES_MOST / 2);
    log_statistics_free(statistics);
}

static void log_budget__taken_and_given__within_both_bounds(void **state)
{
    struct log_budget all = { .most = 1000 }, part = { .most = 600, .of = &all };

    (void)state;
    assert_true(log_budget_take(&part, 600));
    assert_false(log_budget_take(&part, 1));
    assert_true(log_budget_take(&all, 400));
    log_budget_give(&part, 100);
    assert_false(log_budget_take(&all, 101));
    assert_true(log_budget_take(&part, 100));
    log_budget_give(&part, 600);
    assert_int_equal(all.used, 400);
    assert_int_equal(part.used, 0);
}

/* ------------------------------------------------------------ any line */

static const char *pick(const char *const *words, uint32_t count)
{
    return words[random_below(count)];
}

static void log_statistics__random_lines__sums_hold(void **state)
{
    static const char *const verdicts[] = { "pass",
                                            "exempt",
                                            "reject reason=no-tls",
                                            "none",
                                            "defer reason=no-certificate",
                                            "monitor reason=no-tls" };
    static const char *const directions[] = { "inbound", "outbound" };
    static const char *const sessions[] = { "tls=none",
                                            "tls=unknown",
                                            TLS13,
                                            "tls=TLSv1.2 cipher=A/1",
                                            "tls=\"\\x00\" cipher=\"\"/7 subject=\"\" issuer=\"\"",
                                            "" };
    static const char *const addresses[] = { "<>",   "<a@b>", "<a@", "\"<\\x00@\\xff>\"",
                                             "\"\"", "<@>" };
    static const char *const damage[] = { "", "", "", "\"", " ", "=", "\\" };
    struct log_statistics *statistics = new_statistics();

    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct log_message message = { .time = START + (int64_t)random_below(100) * DAY,
                                       .count = 1 + random_below(3) };
        char text[600];
        int length = snprintf(
            text, sizeof(text),
            "%x: %s verdict=%s connector=c%u level=verify from=%s to=%s nrcpt=%u %s%s "
            "subject=\"%u\" mode=x text=\"\"",
            i, pick(directions, ROWS(directions)), pick(verdicts, ROWS(verdicts)), random_below(5),
            pick(addresses, ROWS(addresses)), pick(addresses, ROWS(addresses)), random_below(9),
            pick(sessions, ROWS(sessions)), pick(damage, ROWS(damage)), random_below(30));

        message.text = (struct span){ text, (size_t)length };
        if (random_below(10) == 0)
            message.text.length = random_below((uint32_t)length + 1);
        log_statistics_add(statistics, &message);
    }
    assert_true(statistics->counts.verdicts > 100000 && statistics->counts.unreadable > 10000);
    check_sums(statistics);
    log_statistics_free(statistics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_statistics__each_verdict__counted_where_it_belongs),
        cmocka_unit_test(log_statistics__repeated_message__counted_as_often),
        cmocka_unit_test(log_statistics__partner__domain_of_the_address),
        cmocka_unit_test(log_statistics__partner__in_canonical_form),
        cmocka_unit_test(log_statistics__lines_that_are_cut__told_and_not_counted),
        cmocka_unit_test(log_statistics__other_messages__counted_and_lost_lines_told),
        cmocka_unit_test(log_statistics__selection__by_time_and_connector),
        cmocka_unit_test(log_statistics__time_runs_backwards__told),
        cmocka_unit_test(log_statistics__values_of_a_partner__each_with_its_count),
        cmocka_unit_test(log_statistics__certificate_without_its_key__from_verdict_and_level),
        cmocka_unit_test(log_statistics__clients_that_are_not_the_partner__show_nothing),
        cmocka_unit_test(log_statistics__changes__new_or_worse_once_each),
        cmocka_unit_test(log_statistics__changes__of_each_partner_in_each_connector_alone),
        cmocka_unit_test(log_statistics__change__first_last_and_count),
        cmocka_unit_test(log_statistics__worse_value_comes_back_after_long__a_change),
        cmocka_unit_test(log_statistics__a_million_invented_names__the_known_stay_the_new_get_in),
        cmocka_unit_test(log_statistics__invented_names_that_settle__room_is_left),
        cmocka_unit_test(log_statistics__partners_of_many_connectors__bounded_in_total),
        cmocka_unit_test(log_statistics__too_many_connectors__others),
        cmocka_unit_test(log_statistics__many_names_that_nobody_trusts__a_trusted_one_is_told),
        cmocka_unit_test(log_statistics__what_was_there_before__no_change),
        cmocka_unit_test(log_statistics__too_many_values__others),
        cmocka_unit_test(log_statistics__long_values__bounded_in_all),
        cmocka_unit_test(log_budget__taken_and_given__within_both_bounds),
        cmocka_unit_test(log_statistics__random_lines__sums_hold),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
