/* SPDX-License-Identifier: ISC */
/* Tests of milter/anchors: which files of trust anchors are written for which rules, who finds
 * which, what is removed, and how smtp(8) calls them. */
#include "tests/unit/certificate_maker.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "milter/anchors.h"
#include "milter/log.h"
#include "policy/x509/trust_store.h"

static char place[] = "/tmp/test_anchors.XXXXXX";
static char folder[64], store_one[64], store_both[64];

/* ---- files ---------------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void write_store(const char *path, const char *const *names)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    for (; *names != NULL; names++) {
        struct maker_recipe recipe = { .common_name = *names };
        X509 *certificate = maker_make(PLACE_ROOT, &recipe, NULL);

        assert_int_equal(PEM_write_X509(file, certificate), 1);
        X509_free(certificate);
    }
    assert_int_equal(fclose(file), 0);
}

static void in_folder(char path[256], const char *name)
{
    (void)snprintf(path, 256, "%s/%s", folder, name);
}

static bool is_there(const char *name)
{
    char path[256];

    in_folder(path, name);
    return access(path, F_OK) == 0;
}

static unsigned count_files(void)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    unsigned count = 0;

    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL)
        count += entry->d_name[0] != '.';
    (void)closedir(stream);
    return count;
}

/* How many certificates there are in the file, and whether one of that name is. */
static size_t certificates_in(const char *name, const char *root)
{
    char path[256];
    struct why why;
    struct trust_store *store;
    size_t count;

    assert_non_null(name);
    in_folder(path, name);
    store = trust_store_read(path, &why);
    assert_non_null(store);
    assert_int_equal(trust_store_find(store, root, NOW), ANCHOR_PRESENT);
    count = trust_store_count(store);
    trust_store_free(store);
    return count;
}

static void remove_all(const char *path)
{
    DIR *stream = opendir(path);
    const struct dirent *entry;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(stream), entry->d_name, 0);
    }
    if (stream != NULL)
        (void)closedir(stream);
}

static int setup(void **state)
{
    static const char *const one[] = { "One", NULL }, *const both[] = { "One", "Two", NULL };

    (void)state;
    log_open(false, false);
    if (mkdtemp(place) == NULL)
        return -1;
    (void)snprintf(folder, sizeof(folder), "%s/sockets", place);
    (void)snprintf(store_one, sizeof(store_one), "%s/one.pem", place);
    (void)snprintf(store_both, sizeof(store_both), "%s/both.pem", place);
    write_store(store_one, one);
    write_store(store_both, both);
    return mkdir(folder, 0700);
}

static int teardown(void **state)
{
    (void)state;
    remove_all(folder);
    (void)rmdir(folder);
    remove_all(place);
    maker_free_keys();
    return rmdir(place);
}

static int empty_folder(void **state)
{
    (void)state;
    remove_all(folder);
    return 0;
}

/* ---- rules ---------------------------------------------------------------------------------- */

static struct rules *rules_with_store(const char *path)
{
    struct rules *rules = build_rules();

    rules->settings.trust_store = strdup(path);
    assert_non_null(rules->settings.trust_store);
    return rules;
}

static struct connector *new_connector(const char *name, const char *store)
{
    struct connector *connector = build_outbound(name, LEVEL_SECURE);

    if (store != NULL) {
        connector->trust_store = strdup(store);
        assert_non_null(connector->trust_store);
    }
    return connector;
}

/* An entry that wants a root, from one moment until another. */
static void want_root(struct connector *connector, const char *root, int64_t from, int64_t until)
{
    struct certificate_entry *entry = build_entry(connector);

    build_entry_name(entry, "mail.contoso.com");
    entry->root = strdup(root);
    assert_non_null(entry->root);
    entry->from = from;
    entry->until = until;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void anchors_write__stores_and_roots__a_file_for_each_content(void **state)
{
    struct rules *rules = rules_with_store(store_both);
    struct connector *own = new_connector("own", store_one),
                     *rooted = new_connector("rooted", NULL);
    struct connector *plain = new_connector("plain", NULL),
                     *same = new_connector("same", store_both);
    struct anchors *anchors;
    struct stat status;
    char path[256];

    (void)state;
    want_root(rooted, "Two", DATE_ALWAYS, DATE_NEVER);
    (void)build_add(rules, own, "own.example");
    (void)build_add(rules, rooted, "rooted.example");
    (void)build_add(rules, plain, "plain.example");
    (void)build_add(rules, same, "same.example");
    build_finish(rules);
    anchors = anchors_write(rules, folder, NOW);
    assert_non_null(anchors);
    assert_int_equal(count_files(), 3);
    assert_int_equal(certificates_in(anchors_find(anchors, own, NOW), "One"), 1);
    assert_int_equal(certificates_in(anchors_find(anchors, rooted, NOW), "Two"), 1);
    assert_int_equal(certificates_in(anchors_find(anchors, same, NOW), "Two"), 2);
    assert_null(anchors_find(anchors, plain, NOW));
    in_folder(path, anchors_find(anchors, own, NOW));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    assert_int_equal(strlen(anchors_find(anchors, own, NOW)), strlen("ta-.pem") + 64);
    anchors_free(anchors);
    rules_free(rules);
}

static void anchors_write__whom_the_map_does_not_hold__nothing(void **state)
{
    struct rules *rules = rules_with_store(store_both);
    struct connector *monitor = new_connector("monitor", store_one);
    struct connector *may = build_outbound("may", LEVEL_MAY);
    struct connector *inbound = build_connector("inbound", LEVEL_SECURE);
    struct anchors *anchors;

    (void)state;
    monitor->mode = MODE_MONITOR;
    may->trust_store = strdup(store_one);
    inbound->trust_store = strdup(store_one);
    (void)build_add(rules, monitor, "monitor.example");
    (void)build_add(rules, may, "may.example");
    (void)build_add(rules, inbound, "inbound.example");
    build_finish(rules);
    anchors = anchors_write(rules, folder, NOW);
    assert_non_null(anchors);
    assert_int_equal(count_files(), 0);
    anchors_free(anchors);
    rules_free(rules);
}

static void anchors_find__roots_that_change_with_the_date__each_in_its_time(void **state)
{
    struct rules *rules = rules_with_store(store_both);
    struct connector *changing = new_connector("changing", NULL);
    struct connector *later = new_connector("later", store_one);
    struct anchors *anchors;

    (void)state;
    want_root(changing, "One", DATE_ALWAYS, NOW + 20);
    want_root(changing, "Two", NOW + 10, DATE_NEVER);
    later->enforce_from = NOW + 30;
    (void)build_add(rules, changing, "changing.example");
    (void)build_add(rules, later, "later.example");
    build_finish(rules);
    anchors = anchors_write(rules, folder, NOW);
    assert_non_null(anchors);
    assert_int_equal(certificates_in(anchors_find(anchors, changing, NOW), "One"), 1);
    assert_int_equal(certificates_in(anchors_find(anchors, changing, NOW - 1000), "One"), 1);
    assert_int_equal(certificates_in(anchors_find(anchors, changing, NOW + 9), "One"), 1);
    assert_int_equal(certificates_in(anchors_find(anchors, changing, NOW + 10), "Two"), 2);
    assert_int_equal(certificates_in(anchors_find(anchors, changing, NOW + 19), "One"), 2);
    assert_int_equal(certificates_in(anchors_find(anchors, changing, NOW + 20), "Two"), 1);
    assert_int_equal(certificates_in(anchors_find(anchors, changing, INT64_MAX - 1), "Two"), 1);
    assert_null(anchors_find(anchors, later, NOW));
    assert_int_equal(certificates_in(anchors_find(anchors, later, NOW + 30), "One"), 1);
    anchors_free(anchors);
    rules_free(rules);
}

static void anchors_write__store_or_folder_missing__not_found_and_the_others_are(void **state)
{
    struct rules *rules = rules_with_store(store_both);
    struct connector *gone = new_connector("gone", "/nonexistent/ca.pem");
    struct connector *no_root = new_connector("no-root", NULL);
    struct connector *own = new_connector("own", store_one);
    struct anchors *anchors;

    (void)state;
    want_root(no_root, "Nobody", DATE_ALWAYS, DATE_NEVER);
    (void)build_add(rules, gone, "gone.example");
    (void)build_add(rules, no_root, "no-root.example");
    (void)build_add(rules, own, "own.example");
    build_finish(rules);
    anchors = anchors_write(rules, folder, NOW);
    assert_non_null(anchors);
    assert_null(anchors_find(anchors, gone, NOW));
    assert_null(anchors_find(anchors, no_root, NOW));
    assert_non_null(anchors_find(anchors, own, NOW));
    anchors_free(anchors);
    anchors = anchors_write(rules, "/nonexistent", NOW);
    assert_non_null(anchors);
    assert_null(anchors_find(anchors, own, NOW));
    anchors_free(anchors);
    rules_free(rules);
}

/* What may lie there under the name: half a file, a link to somewhere, one that others can write.
 */
static void anchors_write__something_else_of_that_name__replaced(void **state)
{
    struct rules *rules = build_rules();
    struct connector *own = new_connector("own", store_one);
    struct anchors *anchors;
    char path[256], name[128], victim[256];
    struct stat status;

    (void)state;
    (void)build_add(rules, own, "own.example");
    build_finish(rules);
    anchors = anchors_write(rules, folder, NOW);
    (void)snprintf(name, sizeof(name), "%s", anchors_find(anchors, own, NOW));
    anchors_free(anchors);
    in_folder(path, name);
    (void)snprintf(victim, sizeof(victim), "%s/victim", place);
    for (int i = 0; i < 3; i++) {
        write_text(victim, "untouched");
        if (i == 0)
            write_text(path, "half");
        else if (i == 1)
            assert_true(unlink(path) == 0 && symlink(victim, path) == 0);
        else
            assert_int_equal(chmod(path, 0666), 0);
        anchors = anchors_write(rules, folder, NOW);
        assert_string_equal(anchors_find(anchors, own, NOW), name);
        assert_int_equal(certificates_in(name, "One"), 1);
        assert_true(lstat(path, &status) == 0 && S_ISREG(status.st_mode));
        assert_int_equal(status.st_mode & 0777, 0644);
        assert_true(stat(victim, &status) == 0 && status.st_size == 9);
        assert_int_equal(count_files(), 1);
        anchors_free(anchors);
    }
    rules_free(rules);
}

static void anchors_sweep__after_new_rules__only_what_is_ours_and_unnamed(void **state)
{
    static const char hex[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct rules *rules = build_rules();
    struct connector *own = new_connector("own", store_one);
    struct anchors *anchors;
    char path[256], old[100], half[100];

    (void)state;
    (void)snprintf(old, sizeof(old), "ta-%s.pem", hex);
    (void)snprintf(half, sizeof(half), "ta-%s.new", hex);
    in_folder(path, old);
    write_text(path, "");
    in_folder(path, half);
    write_text(path, "");
    for (size_t i = 0; i < 4; i++) {
        static const char *const others[] = { "tls-policy.sock", "ta-.pem", "ta-0123.pem",
                                              "x.pem" };

        in_folder(path, others[i]);
        write_text(path, "");
    }
    (void)build_add(rules, own, "own.example");
    build_finish(rules);
    anchors = anchors_write(rules, folder, NOW);
    anchors_sweep(anchors, folder);
    assert_false(is_there(old));
    assert_false(is_there(half));
    assert_true(is_there(anchors_find(anchors, own, NOW)));
    assert_int_equal(count_files(), 5);
    anchors_free(anchors);
    rules_free(rules);
}

static void anchors_find__many_connectors__each_its_own(void **state)
{
    struct rules *rules = rules_with_store(store_both);
    struct connector *connectors[100];
    struct anchors *anchors;

    (void)state;
    for (int i = 0; i < 100; i++) {
        char name[32], domain[48];

        (void)snprintf(name, sizeof(name), "c%d", i);
        (void)snprintf(domain, sizeof(domain), "c%d.example", i);
        connectors[i] = new_connector(name, i % 3 == 0 ? store_one : NULL);
        if (i % 3 == 1)
            want_root(connectors[i], "Two", NOW - 5, DATE_NEVER);
        (void)build_add(rules, connectors[i], domain);
    }
    build_finish(rules);
    anchors = anchors_write(rules, folder, NOW);
    for (int i = 0; i < 100; i++) {
        const char *file = anchors_find(anchors, connectors[i], NOW);

        if (i % 3 == 2)
            assert_null(file);
        else
            assert_int_equal(certificates_in(file, i % 3 == 0 ? "One" : "Two"), 1);
    }
    anchors_free(anchors);
    rules_free(rules);
}

static void anchors_prefix__below_a_queue_directory_or_not__as_smtp_finds_it(void **state)
{
    static const char *const queue[] = { "active", "incoming", "maildrop" };
    char deep[128], path[256], prefix[256], wanted[160];

    (void)state;
    (void)snprintf(deep, sizeof(deep), "%s/private", folder);
    (void)snprintf(wanted, sizeof(wanted), "%s/", deep);
    assert_true(anchors_prefix(deep, prefix, sizeof(prefix)));
    assert_string_equal(prefix, wanted);
    for (size_t i = 0; i < ROWS(queue); i++) {
        assert_true(anchors_prefix(deep, prefix, sizeof(prefix)));
        assert_string_equal(prefix, wanted);
        (void)snprintf(path, sizeof(path), "%s/%s", place, queue[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    assert_true(anchors_prefix(deep, prefix, sizeof(prefix)));
    assert_string_equal(prefix, "sockets/private/");
    assert_true(anchors_prefix(folder, prefix, sizeof(prefix)));
    assert_string_equal(prefix, "sockets/");
    assert_true(anchors_prefix(place, prefix, sizeof(prefix)));
    assert_string_equal(prefix, "");
    assert_false(anchors_prefix(folder, prefix, 8));
    for (size_t i = 0; i < ROWS(queue); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", place, queue[i]);
        assert_int_equal(rmdir(path), 0);
    }
}

static void trust_store_pem__same_certificates_in_another_order__same_text(void **state)
{
    static const char *const names[] = { "Two" }, *const nobody[] = { "Nobody" };
    struct trust_pem first, second;
    struct trust_store *store, *other;
    char path[256];
    struct why why;
    FILE *file;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/ordered.pem", place);
    store = trust_store_read(store_both, &why);
    assert_non_null(store);
    assert_true(trust_store_pem(store, names, 1, &first, &why));
    assert_true(trust_store_pem(store, NULL, 0, &second, &why));
    assert_true(first.length > 0 && second.length > first.length);
    /* the other one first, then all of it again */
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(first.text, 1, first.length, file), first.length);
    assert_int_equal(fwrite(second.text, 1, second.length, file), second.length);
    assert_int_equal(fclose(file), 0);
    other = trust_store_read(path, &why);
    assert_non_null(other);
    free(first.text);
    assert_true(trust_store_pem(other, NULL, 0, &first, &why));
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.text, second.text, first.length);
    assert_true(digest_equal(&first.digest, &second.digest));
    free(first.text);
    free(second.text);
    assert_false(trust_store_pem(other, nobody, 1, &first, &why));
    assert_string_equal(why.text, "the trust store has no certificate of that name ('Nobody')");
    trust_store_free(store);
    trust_store_free(other);
}

#define ANCHORS_TEST(name) cmocka_unit_test_setup(name, empty_folder)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ANCHORS_TEST(anchors_write__stores_and_roots__a_file_for_each_content),
        ANCHORS_TEST(anchors_write__whom_the_map_does_not_hold__nothing),
        ANCHORS_TEST(anchors_find__roots_that_change_with_the_date__each_in_its_time),
        ANCHORS_TEST(anchors_write__store_or_folder_missing__not_found_and_the_others_are),
        ANCHORS_TEST(anchors_write__something_else_of_that_name__replaced),
        ANCHORS_TEST(anchors_sweep__after_new_rules__only_what_is_ours_and_unnamed),
        ANCHORS_TEST(anchors_find__many_connectors__each_its_own),
        ANCHORS_TEST(anchors_prefix__below_a_queue_directory_or_not__as_smtp_finds_it),
        ANCHORS_TEST(trust_store_pem__same_certificates_in_another_order__same_text),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
