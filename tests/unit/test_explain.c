/* SPDX-License-Identifier: ISC */
/*
 * What `forcetls explain` says, word by word, and its JSON document, from rules and facts in
 * memory.
 */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/explain/advice.h"
#include "policy/cli/explain/explain_json.h"
#include "policy/cli/explain/explain_words.h"

#define TEXT_SIZE 1200

/* An explanation with what it is made from. */
struct explained {
    struct explanation explanation;
    struct scene scene;
};

static struct rules *make_rules(void)
{
    struct rules *rules = build_rules();
    struct connector *connector = build_connector("contoso-in", LEVEL_SECURE);
    struct certificate_entry *entry;

    connector->action = ACTION_REJECT;
    connector->file = strdup("/etc/forcetls/forcetls.conf");
    connector->line = 7;
    connector->comment = strdup("B\xc3\xbcro \xff");
    entry = build_entry(connector);
    build_entry_name(entry, "mail.contoso.com");
    entry->issuer = strdup("Old CA");
    entry->until = NOW - 86400;
    entry = build_entry(connector);
    build_entry_name(entry, "mail.contoso.com");
    entry->issuer = strdup("Example Issuing CA");
    entry = build_entry(connector);
    build_entry_name(entry, "mail.contoso.com");
    entry->issuer = strdup("New CA");
    entry->from = NOW + 86400;
    (void)build_add(rules, connector, "*.contoso.com");
    connector = build_connector("fax", LEVEL_MAY);
    (void)build_add(rules, connector, "fax.contoso.com");
    connector = build_connector("tax", LEVEL_ENCRYPT);
    build_networks(&connector->client_networks, "198.51.100.0/24 192.0.2.0/28");
    build_networks(&connector->exempt_networks, "203.0.113.0/24");
    (void)build_add(rules, connector, "tax.example");
    connector = build_connector("both", LEVEL_VERIFY);
    connector->directions[DIRECTION_INBOUND] = false;
    connector->directions[DIRECTION_OUTBOUND] = true;
    connector->file = strdup("/etc/forcetls/forcetls.conf");
    (void)build_add(rules, connector, "*.partner.example");
    (void)build_add(rules, build_connector("shop", LEVEL_MAY), "*.shop.example");
    connector = build_connector("shop-books", LEVEL_ENCRYPT);
    build_local_domains(connector, "books.example.org");
    (void)build_add(rules, connector, "*.shop.example");
    build_finish(rules);
    return rules;
}

/* The judgement of the scene as it is by now. */
static void judge(struct explained *explained, const struct rules *rules)
{
    struct explanation *explanation = &explained->explanation;

    memset(explanation, 0, sizeof(*explanation));
    explanation->rules = rules;
    explanation->facts = &explained->scene.facts;
    judgement_make(&explanation->inbound, rules, explanation->facts, 1, span_of(NULL));
    outbound_find(&explanation->outbound, rules, explanation->facts);
    explanation->status = judgement_status(&explanation->inbound);
}

static void explain(struct explained *explained, const struct rules *rules, const char *sender,
                    const char *recipient)
{
    scene_init(&explained->scene, sender, recipient);
    judge(explained, rules);
}

/* Asserts what some words are. */
#define assert_words(wanted, call)           \
    do {                                     \
        char text[TEXT_SIZE];                \
        struct line line;                    \
                                             \
        line_init(&line, text, TEXT_SIZE);   \
        call;                                \
        assert_string_equal(text, (wanted)); \
    } while (0)

static void match__of_each_kind__is_explained(void **state)
{
    struct rules *rules = make_rules();
    struct explained explained;
    const struct explanation *explanation = &explained.explanation;
    const struct decision *decision = &explanation->inbound.decision;

    (void)state;
    explain(&explained, rules, "<a@Mail.Contoso.Com>", "<b@example.org>");
    assert_words("the sender's domain mail.contoso.com is covered by *.contoso.com",
                 words_match(&line, explanation->facts, &decision->match));
    scene_release(&explained.scene);

    explain(&explained, rules, "<>", "<b@example.org>");
    scene_set_client(&explained.scene, "192.0.2.3", NULL, false);
    judge(&explained, rules);
    assert_words(
        "the sender is <>, and the client 192.0.2.3 lies in client_networks (192.0.2.0/28)",
        words_match(&line, explanation->facts, &decision->match));
    scene_set_client(&explained.scene, "203.0.114.1", NULL, false);
    scene_set_helo(&explained.scene, "x.contoso.com");
    judge(&explained, rules);
    assert_words("the sender is <>, and the client's HELO name x.contoso.com is covered by "
                 "*.contoso.com",
                 words_match(&line, explanation->facts, &decision->match));
    scene_set_helo(&explained.scene, NULL);
    scene_set_client(&explained.scene, "203.0.114.1", "fax.contoso.com", true);
    judge(&explained, rules);
    assert_words("the sender is <>, and the client's confirmed name fax.contoso.com is covered by "
                 "fax.contoso.com",
                 words_match(&line, explanation->facts, &decision->match));
    scene_release(&explained.scene);
    rules_free(rules);
}

static void verdict__of_each_outcome__is_said_in_words(void **state)
{
    struct rules *rules = make_rules();
    struct explained explained;
    const struct explanation *explanation = &explained.explanation;
    const struct judgement *inbound = &explanation->inbound;

    (void)state;
    explain(&explained, rules, "<a@contoso.com>", "<b@example.org>");
    assert_words("passes: every demand is met", words_verdict(&line, explanation->facts, inbound));
    assert_int_equal(explanation->status, STATUS_GOOD);
    scene_plain(&explained.scene);
    judge(&explained, rules);
    assert_words("would be refused with 550: no-tls",
                 words_verdict(&line, explanation->facts, inbound));
    assert_int_equal(explanation->status, STATUS_NO);
    explained.scene.facts.tls.state = TLS_NOT_REPORTED;
    judge(&explained, rules);
    assert_words("would be deferred with 451, because it cannot be told: not-reported",
                 words_verdict(&line, explanation->facts, inbound));
    assert_int_equal(explanation->status, STATUS_UNKNOWN);
    rules->settings.mode = MODE_MONITOR;
    judge(&explained, rules);
    assert_words(
        "passes, in monitor mode; else it would be deferred with 451, because it cannot be "
        "told: not-reported",
        words_verdict(&line, explanation->facts, inbound));
    assert_int_equal(explanation->status, STATUS_GOOD);
    rules->settings.mode = MODE_ENFORCE;
    scene_release(&explained.scene);

    explain(&explained, rules, "<a@fax.contoso.com>", "<b@example.org>");
    assert_words("passes: level may demands nothing",
                 words_verdict(&line, explanation->facts, inbound));
    scene_release(&explained.scene);
    explain(&explained, rules, "<a@elsewhere.example>", "<b@example.org>");
    assert_words("passes: no connector is for it",
                 words_verdict(&line, explanation->facts, inbound));
    scene_release(&explained.scene);
    explain(&explained, rules, "<a@tax.example>", "<b@example.org>");
    scene_set_client(&explained.scene, "203.0.113.9", NULL, false);
    judge(&explained, rules);
    assert_words("passes: exempt (network)", words_verdict(&line, explanation->facts, inbound));
    scene_release(&explained.scene);
    rules_free(rules);
}

static void exemption__of_a_network__names_it_and_its_list(void **state)
{
    struct rules *rules = make_rules();
    struct explained explained;
    const struct network *network;
    char text[NETWORK_TEXT_SIZE];
    const char *list;

    (void)state;
    explain(&explained, rules, "<a@tax.example>", "<b@example.org>");
    scene_set_client(&explained.scene, "203.0.113.9", NULL, false);
    network = exempting_network(rules, &explained.scene.facts,
                                explained.explanation.inbound.decision.match.connector, &list);
    assert_non_null(network);
    network_format(network, text);
    assert_string_equal(text, "203.0.113.0/24");
    assert_string_equal(list, "exempt_networks");
    scene_set_client(&explained.scene, "127.0.0.1", NULL, false);
    network = exempting_network(rules, &explained.scene.facts,
                                explained.explanation.inbound.decision.match.connector, &list);
    assert_non_null(network);
    assert_string_equal(list, "inbound_exempt_networks");
    scene_set_client(&explained.scene, "203.0.114.9", NULL, false);
    assert_null(exempting_network(rules, &explained.scene.facts,
                                  explained.explanation.inbound.decision.match.connector, &list));
    scene_release(&explained.scene);
    rules_free(rules);
}

static void reply__on_sendmail__has_the_recipient_in_a_5xx_one(void **state)
{
    struct rules *rules = make_rules();
    struct explained explained;
    const struct explanation *explanation = &explained.explanation;
    static const char start[] = "550 5.7.10 Encryption needed: mail from contoso.com";
    char text[TEXT_SIZE];
    struct line line;

    (void)state;
    explain(&explained, rules, "<a@contoso.com>", "<b@example.org>");
    scene_plain(&explained.scene);
    judge(&explained, rules);
    line_init(&line, text, sizeof(text));
    words_reply(&line, explanation->facts, &explanation->inbound);
    assert_memory_equal(text, start, sizeof(start) - 1);
    explained.scene.facts.mta = MTA_SENDMAIL;
    line_init(&line, text, sizeof(text));
    words_reply(&line, explanation->facts, &explanation->inbound);
    assert_memory_equal(text, "550 5.7.10 <b@example.org>... Encryption needed", 47);
    explained.scene.facts.tls.state = TLS_NOT_REPORTED;
    judge(&explained, rules);
    line_init(&line, text, sizeof(text));
    words_reply(&line, explanation->facts, &explanation->inbound);
    assert_memory_equal(text, "451 4.3.5 Encryption needed", 27);
    scene_release(&explained.scene);
    rules_free(rules);
}

/* Entries: past with the issuer "Old CA", active "Example Issuing CA", to come "New CA". */
static const struct entries_case {
    const char *issuer;
    const char *results[3];
} entries[] = {
    { "Example Issuing CA", { "does not fit, issuer", "fits", "does not fit, issuer" } },
    { "Old CA", { "closest: not at this date", "does not fit, issuer", "does not fit, issuer" } },
    { "New CA", { "does not fit, issuer", "does not fit, issuer", "closest: not at this date" } },
    { "Other CA",
      { "does not fit, issuer", "closest: does not fit, issuer", "does not fit, issuer" } },
    { NULL, { "not at this date", "closest: cannot be told, issuer", "not at this date" } },
};

static void entry_of_certificates__each_alone__says_where_it_stopped(void **state)
{
    struct rules *rules = make_rules();
    struct explained explained;
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(entries); i++) {
        explain(&explained, rules, "<a@contoso.com>", "<b@example.org>");
        explained.scene.facts.certificate.issuer = span_of(entries[i].issuer);
        judge(&explained, rules);
        for (size_t n = 0; n < 3; n++) {
            char text[TEXT_SIZE];
            struct line line;

            line_init(&line, text, sizeof(text));
            words_entry_result(&line, &explained.explanation, n);
            failed += row(strcmp(text, entries[i].results[n]) == 0, "%s, entry %zu: '%s'",
                          entries[i].issuer, n + 1, text);
        }
        scene_release(&explained.scene);
    }
    /* Not looked at: there is no certificate. */
    explain(&explained, rules, "<a@contoso.com>", "<b@example.org>");
    scene_plain(&explained.scene);
    judge(&explained, rules);
    assert_words("-", words_entry_result(&line, &explained.explanation, 1));
    scene_release(&explained.scene);
    rules_free(rules);
    assert_int_equal(failed, 0);
}

static void fate__of_what_does_not_decide__is_said(void **state)
{
    struct rules *rules = make_rules();
    struct explained explained;
    const struct trace *trace = &explained.explanation.inbound.trace;
    const struct match *decided = &explained.explanation.inbound.decision.match;

    (void)state;
    explain(&explained, rules, "<@contoso.com:a@fax.contoso.com>", "<b@example.org>");
    scene_plain(&explained.scene);
    judge(&explained, rules);
    assert_int_equal(trace->count, 3);
    assert_string_equal(decided->connector->name, "contoso-in");
    assert_words("decides",
                 words_fate(&line, explained.explanation.facts, decided, &trace->candidates[0]));
    assert_words("judged as well (pass), and another one is stricter",
                 words_fate(&line, explained.explanation.facts, decided, &trace->candidates[1]));
    assert_words("a closer entry decides",
                 words_fate(&line, explained.explanation.facts, decided, &trace->candidates[2]));
    assert_words("fax.contoso.com",
                 words_led_by(&line, explained.explanation.facts, &trace->candidates[2].match));
    scene_release(&explained.scene);

    explain(&explained, rules, "<>", "<b@example.org>");
    scene_set_client(&explained.scene, "192.0.2.3", NULL, false);
    scene_set_helo(&explained.scene, "x.contoso.com");
    judge(&explained, rules);
    assert_string_equal(decided->connector->name, "tax");
    assert_words("the client's network decides",
                 words_fate(&line, explained.explanation.facts, decided, &trace->candidates[1]));
    scene_release(&explained.scene);
    rules_free(rules);
}

static void match__with_local_domains__names_them(void **state)
{
    struct rules *rules = make_rules();
    struct explained explained;
    const struct explanation *explanation = &explained.explanation;
    const struct match *decided = &explanation->inbound.decision.match;
    const struct trace *trace = &explanation->inbound.trace;

    (void)state;
    explain(&explained, rules, "<a@shop.example>", "<b@books.example.org>");
    assert_words("the sender's domain shop.example is covered by *.shop.example, and the recipient "
                 "is in its local_domains",
                 words_match(&line, explanation->facts, decided));
    assert_int_equal(trace->count, 2);
    assert_words("the entry with local_domains decides",
                 words_fate(&line, explanation->facts, decided, &trace->candidates[1]));
    explained.scene.facts.recipient_address = NULL;
    scene_plain(&explained.scene);
    judge(&explained, rules);
    assert_words("the sender's domain shop.example is covered by *.shop.example, for recipients in "
                 "its local_domains",
                 words_match(&line, explanation->facts, decided));
    scene_release(&explained.scene);

    explain(&explained, rules, "<a@shop.example>", "<b@example.org>");
    assert_words("the sender's domain shop.example is covered by *.shop.example",
                 words_match(&line, explanation->facts, decided));
    scene_release(&explained.scene);
    rules_free(rules);
}

static void outbound__of_a_recipient__is_found_and_not_judged(void **state)
{
    struct rules *rules = make_rules();
    struct explained explained;

    (void)state;
    explain(&explained, rules, "<a@example.org>", "<b@mx.Partner.Example>");
    assert_non_null(explained.explanation.outbound.connector);
    assert_string_equal(explained.explanation.outbound.connector->name, "both");
    assert_string_equal(explained.explanation.outbound.match.entry, "partner.example");
    assert_int_equal(explained.explanation.inbound.decision.outcome, OUTCOME_NONE);
    scene_release(&explained.scene);
    explain(&explained, rules, "<a@mx.partner.example>", "<b@contoso.com>");
    assert_null(explained.explanation.outbound.connector);
    scene_release(&explained.scene);
    explain(&explained, rules, "<a@example.org>", NULL);
    assert_null(explained.explanation.outbound.connector);
    scene_release(&explained.scene);
    rules_free(rules);
}

/* The member at a path like "connector.name"; NULL: there is none. */
static const json_t *member(const json_t *object, const char *path)
{
    char key[64];

    while (object != NULL && path[0] != '\0') {
        size_t length = strcspn(path, ".");

        memcpy(key, path, length);
        key[length] = '\0';
        object = ascii_digit(key[0]) ? json_array_get(object, (size_t)atoi(key))
                                     : json_object_get(object, key);
        path += length + (path[length] == '.' ? 1 : 0);
    }
    return object;
}

static const char *text_at(const json_t *object, const char *path)
{
    const char *text = json_string_value(member(object, path));

    return text != NULL ? text : "(no text)";
}

static void json__of_a_refusal__has_what_the_text_says(void **state)
{
    struct rules *rules = make_rules();
    struct explained explained;
    json_t *json;

    (void)state;
    explain(&explained, rules, "<a@contoso.com>", "<b@example.org>");
    explained.scene.facts.certificate.issuer = SPAN("Old\033CA");
    judge(&explained, rules);
    json = inbound_json(&explained.explanation);
    assert_non_null(json);
    assert_string_equal(text_at(json, "connector.name"), "contoso-in");
    assert_string_equal(text_at(json, "connector.comment"), "B\xc3\xbcro \\xff");
    assert_string_equal(text_at(json, "connector.action"), "reject");
    assert_string_equal(text_at(json, "connector.next_change"), "2026-01-02");
    assert_string_equal(text_at(json, "matched.by"), "sender");
    assert_string_equal(text_at(json, "matched.entry"), "*.contoso.com");
    assert_true(json_is_null(member(json, "matched.file")));
    assert_string_equal(text_at(json, "candidates.0.fate"), "counts");
    assert_string_equal(text_at(json, "demands.4.demand"), "certificate");
    assert_string_equal(text_at(json, "demands.4.outcome"), "unmet");
    assert_string_equal(text_at(json, "demands.4.field"), "issuer");
    assert_string_equal(text_at(json, "certificates.0.state"), "past");
    assert_string_equal(text_at(json, "certificates.2.state"), "not-yet");
    assert_true(json_is_true(member(json, "certificates.1.closest")));
    assert_string_equal(text_at(json, "outcome"), "fail");
    assert_string_equal(text_at(json, "reason"), "certificate-mismatch");
    assert_string_equal(text_at(json, "verdict"), "reject");
    assert_string_equal(text_at(json, "reply.code"), "550");
    assert_string_equal(text_at(json, "reply.status"), "5.7.5");
    assert_string_equal(text_at(json, "log"), explained.explanation.inbound.log);
    assert_string_equal(text_at(json, "advice.meaning"),
                        advice_meaning(DIRECTION_INBOUND, REASON_CERTIFICATE_MISMATCH));
    assert_true(json_array_size(member(json, "advice.partner")) > 0);
    json_decref(json);
    scene_release(&explained.scene);
    rules_free(rules);
}

static void json__of_no_connector__has_the_same_members(void **state)
{
    struct rules *rules = make_rules();
    struct explained full, empty;
    json_t *full_json, *empty_json, *value;
    const char *key;

    (void)state;
    explain(&full, rules, "<a@contoso.com>", "<b@example.org>");
    explain(&empty, rules, "<a@elsewhere.example>", "<b@example.org>");
    full_json = inbound_json(&full.explanation);
    empty_json = inbound_json(&empty.explanation);
    assert_int_equal(json_object_size(full_json), json_object_size(empty_json));
    json_object_foreach(full_json, key, value)
    {
        assert_non_null(json_object_get(empty_json, key));
    }
    assert_true(json_is_null(member(empty_json, "connector")));
    assert_true(json_is_null(member(empty_json, "reply")));
    assert_true(json_is_null(member(empty_json, "log")));
    assert_string_equal(text_at(empty_json, "outcome"), "none");
    json_decref(full_json);
    json_decref(empty_json);
    scene_release(&full.scene);
    scene_release(&empty.scene);
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(match__of_each_kind__is_explained),
        cmocka_unit_test(verdict__of_each_outcome__is_said_in_words),
        cmocka_unit_test(exemption__of_a_network__names_it_and_its_list),
        cmocka_unit_test(reply__on_sendmail__has_the_recipient_in_a_5xx_one),
        cmocka_unit_test(entry_of_certificates__each_alone__says_where_it_stopped),
        cmocka_unit_test(fate__of_what_does_not_decide__is_said),
        cmocka_unit_test(match__with_local_domains__names_them),
        cmocka_unit_test(outbound__of_a_recipient__is_found_and_not_judged),
        cmocka_unit_test(json__of_a_refusal__has_what_the_text_says),
        cmocka_unit_test(json__of_no_connector__has_the_same_members),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
