/* SPDX-License-Identifier: ISC */
/* Tests of policy/logline: the manual's own lines, and that every line reads back. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/logline.h"

#define BARE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789<>@._:/+=-[]"

static const struct span no_queue_id = { NULL, 0 };

/* One session and its line. */
struct stage {
    struct rules *rules;
    struct connector *connector;
    struct scene scene;
    struct decision decision;
    char line[LOGLINE_SIZE];
};

static void stage_init(struct stage *stage, const char *name, enum level level,
                       const char *patterns, const char *sender)
{
    stage->rules = build_rules();
    free(stage->rules->settings.contact);
    stage->rules->settings.contact = strdup("postmaster@example.org");
    stage->connector = build_connector(name, level);
    stage->connector->action = ACTION_REJECT;
    (void)build_add(stage->rules, stage->connector, patterns);
    build_finish(stage->rules);
    scene_init(&stage->scene, sender, "<b@example.org>");
}

static void stage_release(struct stage *stage)
{
    scene_release(&stage->scene);
    rules_free(stage->rules);
}

static void check_line(const char line[LOGLINE_SIZE])
{
    assert_non_null(memchr(line, '\0', LOGLINE_SIZE));
    assert_true(printable(line));
    assert_true(strlen(line) <= 1000);
}

static const char *refused(struct stage *stage, struct span queue_id)
{
    struct refusal refusal;

    decide_inbound(stage->rules, &stage->scene.facts, &stage->decision);
    assert_int_not_equal(stage->decision.would, VERDICT_PASS);
    refusal_of(stage->rules, &stage->scene.facts, &stage->decision, &refusal);
    memset(stage->line, 'x', sizeof(stage->line));
    logline_refused(&stage->scene.facts, &stage->decision, &refusal, queue_id, stage->line);
    check_line(stage->line);
    return stage->line;
}

static const char *passed(struct stage *stage, unsigned recipients, struct span queue_id)
{
    decide_inbound(stage->rules, &stage->scene.facts, &stage->decision);
    assert_int_equal(stage->decision.would, VERDICT_PASS);
    memset(stage->line, 'x', sizeof(stage->line));
    logline_passed(&stage->scene.facts, &stage->decision, recipients, queue_id, stage->line);
    check_line(stage->line);
    return stage->line;
}

/* ------------------------------------------------------------ the manual's lines */

static void logline_refused__plaintext__the_line_of_the_manual(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, "tax-office", LEVEL_ENCRYPT, "tax.example", "<a@tax.example>");
    scene_set_client(&stage.scene, "192.0.2.25", "mail.tax.example", true);
    scene_plain(&stage.scene);
    assert_string_equal(
        refused(&stage, no_queue_id),
        "NOQUEUE: inbound verdict=reject reason=no-tls connector=tax-office level=encrypt "
        "from=<a@tax.example> to=<b@example.org> client=mail.tax.example[192.0.2.25] tls=none "
        "mode=enforce text=\"550 5.7.10 Encryption needed: mail from tax.example must arrive over "
        "TLS "
        "(connector tax-office): this session is not encrypted; postmaster@example.org\"");
    stage_release(&stage);
}

static void logline_passed__secure__the_line_of_the_manual(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, "contoso-in", LEVEL_SECURE, "*.contoso.com", "<a@contoso.com>");
    build_entry_name(build_entry(stage.connector), "mail.contoso.com");
    assert_string_equal(
        passed(&stage, 2, SPAN("4XqZ8l2bYz")),
        "4XqZ8l2bYz: inbound verdict=pass connector=contoso-in level=secure from=<a@contoso.com> "
        "nrcpt=2 client=mail.contoso.com[192.0.2.25] tls=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384/256 "
        "certificate=trusted subject=\"mail.contoso.com\" issuer=\"Example Issuing CA\" "
        "mode=enforce");
    stage_release(&stage);
}

static void logline_refused__monitor__would(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, "tax-office", LEVEL_ENCRYPT, "tax.example", "<a@tax.example>");
    stage.connector->mode = MODE_MONITOR;
    scene_set_client(&stage.scene, "2001:db8::25", "mail.tax.example", true);
    scene_plain(&stage.scene);
    assert_string_equal(
        refused(&stage, SPAN("4XqZ8l2bYz")),
        "4XqZ8l2bYz: inbound verdict=monitor would=reject reason=no-tls connector=tax-office "
        "level=encrypt from=<a@tax.example> to=<b@example.org> "
        "client=mail.tax.example[2001:db8::25] "
        "tls=none mode=monitor text=\"550 5.7.10 Encryption needed: mail from tax.example must "
        "arrive "
        "over TLS (connector tax-office): this session is not encrypted; postmaster@example.org\"");
    stage.connector->action = ACTION_DEFER;
    assert_non_null(
        strstr(refused(&stage, no_queue_id), " verdict=monitor would=defer reason=no-tls "));
    stage.connector->mode = MODE_ENFORCE;
    assert_non_null(strstr(refused(&stage, no_queue_id), " verdict=defer reason=no-tls "));
    stage_release(&stage);
}

static void logline_passed__exempt__says_why(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, "contoso-in", LEVEL_ENCRYPT, "*.contoso.com", "<a@contoso.com>");
    scene_plain(&stage.scene);
    scene_set_client(&stage.scene, "127.0.0.1", "localhost", true);
    assert_string_equal(passed(&stage, 1, SPAN("4XqZ8l2bYz")),
                        "4XqZ8l2bYz: inbound verdict=exempt reason=network connector=contoso-in "
                        "level=encrypt from=<a@contoso.com> nrcpt=1 client=localhost[127.0.0.1] "
                        "tls=none mode=enforce");
    scene_set_client(&stage.scene, "192.0.2.25", "mail.contoso.com", true);
    stage.scene.facts.authenticated = true;
    stage.rules->settings.inbound_exempt_authenticated = true;
    assert_non_null(
        strstr(passed(&stage, 1, no_queue_id), " verdict=exempt reason=authenticated "));
    stage_release(&stage);
}

static void logline_passed__monitor_and_all_demands_met__pass(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, "contoso-in", LEVEL_ENCRYPT, "*.contoso.com", "<a@contoso.com>");
    stage.connector->mode = MODE_MONITOR;
    assert_non_null(
        strstr(passed(&stage, 1, no_queue_id), "NOQUEUE: inbound verdict=pass connector="));
    assert_non_null(strstr(stage.line, " mode=monitor"));
    stage_release(&stage);
}

static void logline__identity_shared__said(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, "contoso-in", LEVEL_SECURE, "*.contoso.com", "<a@contoso.com>");
    assert_null(strstr(passed(&stage, 1, no_queue_id), "identity="));
    stage.connector->identity_shared = true;
    assert_non_null(strstr(passed(&stage, 1, no_queue_id), " identity=shared"));
    stage_release(&stage);
}

static void logline__certificate__what_is_known_of_it(void **state)
{
    static const struct {
        enum trust trust;
        const char *wanted;
    } rows[] = {
        { TRUST_NOT_REPORTED, NULL },
        { TRUST_NO_CERTIFICATE, " certificate=none subject=" },
        { TRUST_UNTRUSTED, " certificate=untrusted subject=" },
        { TRUST_NONE_OR_UNTRUSTED, " certificate=none-or-untrusted subject=" },
        { TRUST_TRUSTED, " certificate=trusted subject=" },
    };
    struct stage stage;
    unsigned bad = 0;

    (void)state;
    stage_init(&stage, "contoso-in", LEVEL_ENCRYPT, "*.contoso.com", "<a@contoso.com>");
    for (size_t i = 0; i < ROWS(rows); i++) {
        stage.scene.facts.certificate.trust = rows[i].trust;
        (void)passed(&stage, 1, no_queue_id);
        bad += row(strstr(stage.line, rows[i].wanted != NULL ? rows[i].wanted : "/256 subject=") !=
                       NULL,
                   "row %zu: %s", i, stage.line);
    }
    /* Whatever was reported: without encryption there is no certificate. */
    stage.scene.facts.tls.state = TLS_PLAIN;
    bad += row(strstr(refused(&stage, no_queue_id), "certificate=") == NULL, "%s", stage.line);
    stage.scene.facts.tls.state = TLS_NOT_REPORTED;
    bad += row(strstr(refused(&stage, no_queue_id), "certificate=") == NULL, "%s", stage.line);
    stage_release(&stage);
    assert_int_equal(bad, 0);
}

static void logline_near_miss__exact_entry__names_both(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, "contoso-in", LEVEL_ENCRYPT, "contoso.com", "<a@mail.contoso.com>");
    decide_inbound(stage.rules, &stage.scene.facts, &stage.decision);
    assert_non_null(stage.decision.near_miss);
    memset(stage.line, 'x', sizeof(stage.line));
    logline_near_miss(&stage.scene.facts, &stage.decision, SPAN("4XqZ8l2bYz"), stage.line);
    check_line(stage.line);
    assert_non_null(strstr(stage.line, "4XqZ8l2bYz: inbound "));
    assert_non_null(strstr(stage.line, "near-miss"));
    assert_non_null(strstr(stage.line, " connector=contoso-in"));
    assert_non_null(strstr(stage.line, "mail.contoso.com"));
    stage_release(&stage);
}

/* ------------------------------------------------------------ reading back */

enum { FIELDS_MOST = 32 };

struct parsed {
    size_t count;
    char keys[FIELDS_MOST][24];
    char values[FIELDS_MOST][1001]; /* decoded; NUL bytes as they are, so compare by prefix only */
    size_t lengths[FIELDS_MOST];
};

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads one value and returns what is behind it, or NULL. */
static const char *read_value(const char *text, char *raw, size_t *length)
{
    *length = 0;
    if (*text != '"') {
        *length = strspn(text, BARE);
        memcpy(raw, text, *length);
        return *length > 0 ? text + *length : NULL;
    }
    for (text++; *text != '"'; text++) {
        if (*text == '\0')
            return NULL;
        if (*text != '\\') {
            raw[(*length)++] = *text;
        } else if (text[1] == '\\' || text[1] == '"') {
            raw[(*length)++] = *++text;
        } else if (text[1] == 'x' && hex(text[2]) >= 0 && hex(text[3]) >= 0) {
            raw[(*length)++] = (char)(hex(text[2]) * 16 + hex(text[3]));
            text += 3;
        } else {
            return NULL;
        }
    }
    return text + 1;
}

/* "ID: inbound key=value key=value ..." */
static bool read_line(const char *line, struct parsed *parsed)
{
    static char id[1001];
    size_t length;

    parsed->count = 0;
    line = *line == '"' ? read_value(line, id, &length) : line + strcspn(line, ": ");
    if (line == NULL || strncmp(line, ": inbound", 9) != 0)
        return false;
    for (line += 9; *line == ' ';) {
        size_t key = strcspn(++line, "= ");

        if (line[key] != '=' || key == 0 || key >= sizeof(parsed->keys[0]) ||
            strspn(line, "abcdefghijklmnopqrstuvwxyz-_") != key || parsed->count == FIELDS_MOST)
            return false;
        memcpy(parsed->keys[parsed->count], line, key);
        parsed->keys[parsed->count][key] = '\0';
        line = read_value(line + key + 1, parsed->values[parsed->count],
                          &parsed->lengths[parsed->count]);
        parsed->count++;
        if (line == NULL)
            return false;
    }
    return *line == '\0';
}

/* The keys in the manual's order; each at most once. */
static bool in_order(const struct parsed *parsed)
{
    static const char *const order[] = { "verdict", "would",  "reason", "connector",
                                         "level",   "from",   "to",     "nrcpt",
                                         "client",  "tls",    "cipher", "certificate",
                                         "subject", "issuer", "mode",   "text" };
    size_t next = 0;

    for (size_t i = 0; i < parsed->count; i++) {
        if (strcmp(parsed->keys[i], "identity") == 0) /* the manual gives it no place */
            continue;
        while (next < ROWS(order) && strcmp(order[next], parsed->keys[i]) != 0)
            next++;
        if (next++ == ROWS(order))
            return false;
    }
    return true;
}

static int find(const struct parsed *parsed, const char *key)
{
    for (size_t i = 0; i < parsed->count; i++) {
        if (strcmp(parsed->keys[i], key) == 0)
            return (int)i;
    }
    return -1;
}

static bool holds(const struct parsed *parsed, const char *key, struct span value)
{
    int i = find(parsed, key);

    return i >= 0 && parsed->lengths[i] == value.length &&
           memcmp(parsed->values[i], value.data, value.length) == 0;
}

static void logline_refused__odd_values__read_back_equal(void **state)
{
    static const struct span odd[] = {
        S("<a b@contoso.com>"),      S("<\"a@b\"@contoso.com>"),
        S("<a\\\"@contoso.com>"),    S("<a\nb@contoso.com>"),
        S("<\xc3\xbc@contoso.com>"), S("<a\0b@contoso.com>"),
        S("<a to=x@contoso.com>"),   S("<a\" verdict=pass x=\"@contoso.com>"),
        S("<@x:a@contoso.com>"),
    };
    static struct parsed parsed;
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(odd); i++) {
        struct stage stage;
        const char *line;

        stage_init(&stage, "contoso-in", LEVEL_SECURE, "*.contoso.com", "<>");
        scene_release(&stage.scene);
        scene_init_span(&stage.scene, odd[i], "<b@example.org>");
        stage.scene.facts.recipient = odd[i];
        stage.scene.facts.certificate.subject = odd[i];
        stage.scene.facts.certificate.issuer = odd[i];
        line = refused(&stage, no_queue_id);
        if (!read_line(line, &parsed)) {
            bad += row(false, "does not read back: %s", line);
        } else {
            bad += row(in_order(&parsed), "order: %s", line);
            bad += row(holds(&parsed, "from", odd[i]) && holds(&parsed, "to", odd[i]) &&
                           holds(&parsed, "subject", odd[i]) && holds(&parsed, "issuer", odd[i]) &&
                           holds(&parsed, "verdict", SPAN("reject")),
                       "values: %s", line);
        }
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* sendmail(1) on Postfix gives addresses without brackets; the log always shows from=<...>. */
static void logline_passed__address_without_brackets__shown_with_them(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, "contoso-in", LEVEL_ENCRYPT, "*.contoso.com", "a@contoso.com");
    assert_non_null(strstr(passed(&stage, 1, no_queue_id), " from=<a@contoso.com> "));
    stage_release(&stage);
}

static void logline__queue_ids__never_another_line(void **state)
{
    static const struct span ids[] = {
        S(""),
        S("a b"),
        S("x: inbound verdict=pass connector=y"),
        S("a\nNOQUEUE: inbound"),
        S("\xff"),
        S("a:b"),
        S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    };
    static struct parsed parsed;
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(ids); i++) {
        struct stage stage;

        stage_init(&stage, "contoso-in", LEVEL_ENCRYPT, "*.contoso.com", "<a@contoso.com>");
        scene_plain(&stage.scene);
        (void)refused(&stage, ids[i]);
        /* "a:b" stays bare and is cut by this reader, which is all right: no space is in it. */
        if (memchr(ids[i].data, ':', ids[i].length) == NULL || stage.line[0] == '"')
            bad += row(read_line(stage.line, &parsed) && holds(&parsed, "verdict", SPAN("reject")),
                       "%s: %s", SHOWN(ids[i]), stage.line);
        bad += row(strncmp(stage.line, "x: ", 3) != 0, "%s", stage.line);
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* Names as long as can be: the line stays whole, `text` gives way first, nothing leaks into the
 * next key. */
static const char *const units[] = { "a", " ", "\xff", "\"", "\\", "\n", "a=b ", "%s" };

static void fill(char *text, size_t size, const char *unit, const char *before, const char *behind)
{
    strcpy(text, before);
    while (strlen(text) + strlen(unit) + strlen(behind) < size)
        strcat(text, unit);
    strcat(text, behind);
}

static void logline__values_of_any_length__at_most_1000_bytes_and_reads_back(void **state)
{
    static const size_t sizes[] = { 20, 100, 180, 250, 256, 257, 300, 1000, 3000 };
    static struct parsed parsed;
    static char name[3100], sender[3100];
    unsigned bad = 0;

    (void)state;
    for (size_t u = 0; u < ROWS(units); u++) {
        for (size_t s = 0; s < ROWS(sizes); s++) {
            for (int pass = 0; pass < 2; pass++) {
                struct stage stage;
                int text;

                fill(name, sizes[s], units[u], "", "");
                fill(sender, sizes[s], units[u], "<", "@contoso.com>");
                stage_init(&stage, "contoso-in", LEVEL_ENCRYPT, "*.contoso.com", sender);
                stage.scene.facts.recipient = span_of(sender);
                stage.scene.facts.client_name = span_of(name);
                stage.scene.facts.certificate.subject = span_of(name);
                stage.scene.facts.certificate.issuer = span_of(name);
                stage.scene.facts.tls.protocol_name = span_of(name);
                if (pass == 0) {
                    stage.scene.facts.tls.protocol = PROTOCOL_TLSV1;
                    stage.scene.facts.tls.cipher = SPAN("ECDHE-RSA-AES256-SHA");
                    (void)refused(&stage, span_of(name));
                } else {
                    (void)passed(&stage, 3, span_of(name));
                }
                bad += row(read_line(stage.line, &parsed) && in_order(&parsed),
                           "unit %zu size %zu: %s", u, sizes[s], stage.line);
                bad += row(find(&parsed, "mode") >= 0 && find(&parsed, "from") >= 0 &&
                               find(&parsed, "client") >= 0,
                           "unit %zu size %zu lost a key: %s", u, sizes[s], stage.line);
                text = find(&parsed, "text");
                for (size_t i = 0; i < parsed.count; i++) {
                    if ((int)i != text && parsed.lengths[i] > 256)
                        bad += row(false, "%s has %zu bytes", parsed.keys[i], parsed.lengths[i]);
                }
                stage_release(&stage);
            }
        }
    }
    assert_int_equal(bad, 0);
}

static void logline_refused__too_long_in_all__text_is_cut_first(void **state)
{
    static struct parsed parsed;
    char sender[251], name[131];
    struct stage stage;
    int text;

    (void)state;
    fill(sender, sizeof(sender), "a", "<", "@contoso.com>");
    fill(name, sizeof(name), "b", "", "");
    stage_init(&stage, "contoso-in", LEVEL_SECURE, "*.contoso.com", sender);
    stage.scene.facts.recipient = span_of(sender);
    stage.scene.facts.client_name = span_of(name);
    stage.scene.facts.certificate.subject = SPAN("mx.fabrikam.com");
    assert_true(read_line(refused(&stage, no_queue_id), &parsed));
    assert_true(strlen(stage.line) > 950);
    assert_true(holds(&parsed, "from", span_of(sender)));
    assert_true(holds(&parsed, "to", span_of(sender)));
    assert_true(holds(&parsed, "subject", SPAN("mx.fabrikam.com")));
    assert_true(holds(&parsed, "mode", SPAN("enforce")));
    text = find(&parsed, "text");
    assert_true(text >= 0);
    assert_memory_equal(parsed.values[text], "550 5.7.5 ", 10);
    stage_release(&stage);
}

static void logline__nothing_reported__a_line_all_the_same(void **state)
{
    static struct parsed parsed;
    struct stage stage;
    struct facts nothing;

    (void)state;
    stage_init(&stage, "contoso-in", LEVEL_ENCRYPT, "*.contoso.com", "<a@contoso.com>");
    facts_init(&nothing);
    nothing.sender = stage.scene.facts.sender;
    nothing.recipient = stage.scene.facts.recipient;
    nothing.sender_address = stage.scene.facts.sender_address;
    nothing.recipient_address = stage.scene.facts.recipient_address;
    stage.scene.facts = nothing;
    assert_true(read_line(refused(&stage, no_queue_id), &parsed));
    assert_true(in_order(&parsed));
    assert_true(holds(&parsed, "reason", SPAN("not-reported")));
    assert_false(holds(&parsed, "tls", SPAN("none"))); /* not known is not "not encrypted" */
    assert_true(find(&parsed, "client") >= 0);
    assert_null(strstr(stage.line, "(null)"));
    stage_release(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logline_refused__plaintext__the_line_of_the_manual),
        cmocka_unit_test(logline_passed__secure__the_line_of_the_manual),
        cmocka_unit_test(logline_refused__monitor__would),
        cmocka_unit_test(logline_passed__exempt__says_why),
        cmocka_unit_test(logline_passed__monitor_and_all_demands_met__pass),
        cmocka_unit_test(logline__identity_shared__said),
        cmocka_unit_test(logline__certificate__what_is_known_of_it),
        cmocka_unit_test(logline_near_miss__exact_entry__names_both),
        cmocka_unit_test(logline_refused__odd_values__read_back_equal),
        cmocka_unit_test(logline_passed__address_without_brackets__shown_with_them),
        cmocka_unit_test(logline__queue_ids__never_another_line),
        cmocka_unit_test(logline__values_of_any_length__at_most_1000_bytes_and_reads_back),
        cmocka_unit_test(logline_refused__too_long_in_all__text_is_cut_first),
        cmocka_unit_test(logline__nothing_reported__a_line_all_the_same),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
