/* SPDX-License-Identifier: ISC */
/*
 * forcetls check: is the file right, what does it demand of whom, and does this host do its part?
 *
 * Reads the file as the daemon does, the trust stores that outbound connectors need, and (where
 * asked) the MTA's settings; then prints it all. Changes nothing, and does not ask the daemon.
 *
 * Exit status:
 *   0  the file has no errors, and nothing about the host is doubtful. Warnings of the file alone
 *      do not change that: the daemon starts with them
 *   1  errors in the file; or a root that an active entry names is not in its trust store, or that
 *      store is of no use; or no certificate fits a connector as long as the MTA of --mta reports;
 *      or a warning about the MTA's settings
 *   2  wrong usage; FILE cannot be opened; the MTA's settings cannot be read, which includes a
 *      host without postconf(1): whoever says --postfix says that there is a Postfix
 *   3  memory ran out
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/cli/check/check.h"
#include "policy/cli/check/check_words.h"
#include "policy/cli/check/gaps.h"
#include "policy/cli/check/host.h"
#include "policy/conf/file.h"
#include "policy/date.h"

struct check_options {
    const char *config;
    const char *mta;
    struct option_maybe postfix, sendmail;
    const char *at;
    bool json;
};

#define AT(member) offsetof(struct check_options, member)

static const struct option_row rows[] = {
    { 'c', "config", OPTION_TEXT, AT(config), "FILE", "instead of " FORCETLS_CONF },
    { 0, "mta", OPTION_TEXT, AT(mta), "MTA", "say what postfix or sendmail does not report" },
    { 0, "postfix", OPTION_MAYBE, AT(postfix), "DIR",
      "the host's Postfix too (DIR: as for postconf -c)" },
    { 0, "sendmail", OPTION_MAYBE, AT(sendmail), "CF",
      "the host's Sendmail too (/etc/mail/sendmail.cf)" },
    { 0, "at", OPTION_TEXT, AT(at), "DATE", "as it will be on that day, YYYY-MM-DD (UTC)" },
    { 0, "json", OPTION_FLAG, AT(json), NULL, "print a JSON document" },
};

static const char *const details[] = {
    "Prints what is wrong with the file, as the daemon would, then its connectors:",
    "what they demand, which entries of certificates count, and what changes next.",
    "",
    "Exit status: 0 good (with warnings of the file, too), 1 errors in the file or a",
    "warning about the host, 2 wrong usage or something that cannot be read.",
    NULL,
};

/* ---- what is asked -------------------------------------------------------------------------- */

static bool read_mta(struct survey *survey, const char *word)
{
    for (int i = MTA_UNKNOWN + 1; word != NULL && i < MTAS; i++) {
        if (strcmp(word, words_mta_option((enum mta)i)) == 0) {
            survey->mtas[i].asked = true;
            return true;
        }
    }
    if (word != NULL)
        cli_error("--mta must be postfix or sendmail ('%s')", word);
    return word == NULL;
}

static bool read_date(struct survey *survey, const char *text)
{
    survey->now = (int64_t)time(NULL);
    survey->dated = text != NULL;
    if (text == NULL || date_parse(&survey->now, span_of(text)))
        return true;
    cli_error("--at must be a day of the calendar, YYYY-MM-DD ('%s')", text);
    return false;
}

static void ask_settings(struct survey_mta *mta, const struct option_maybe *option)
{
    mta->settings = option->given;
    mta->place = option->text;
    mta->asked = mta->asked || option->given;
}

static bool read_options(struct survey *survey, const struct check_options *options)
{
    struct why why;

    survey->file = options->config != NULL ? options->config : FORCETLS_CONF;
    if (!read_mta(survey, options->mta) || !read_date(survey, options->at))
        return false;
    ask_settings(&survey->mtas[MTA_POSTFIX], &options->postfix);
    ask_settings(&survey->mtas[MTA_SENDMAIL], &options->sendmail);
    if (file_is_readable(survey->file, false, &why))
        return true;
    cli_error("%s ('%s')", why.text, survey->file);
    return false;
}

/* ---- finding out ---------------------------------------------------------------------------- */

/* The worse one: what could not be read or found out outweighs a no. */
static void set_status(struct survey *survey, enum status status)
{
    if (status > survey->status)
        survey->status = status;
}

static void judge_findings(struct survey *survey, const struct findings *findings)
{
    if (findings->out_of_memory)
        set_status(survey, STATUS_UNKNOWN);
    if (findings->warnings > 0)
        set_status(survey, STATUS_NO);
}

static void check_trust_stores(struct survey *survey)
{
    if (!roots_check(&survey->roots, survey->rules, survey->now, &survey->trust_stores))
        set_status(survey, STATUS_UNKNOWN);
    judge_findings(survey, &survey->trust_stores);
}

static void check_reports(struct survey *survey, enum mta mta)
{
    const struct connectors *connectors = survey->rules->connectors;

    for (uint32_t i = 0; i < connectors_count(connectors); i++) {
        if (!gaps_visit(survey->rules, connectors_get(connectors, i), mta, survey->now, NULL, NULL))
            set_status(survey, STATUS_NO);
    }
}

/* After the call `read` or `why` says how it went. */
static void check_settings(struct survey *survey, enum mta mta)
{
    struct survey_mta *host = &survey->mtas[mta];

    if (mta == MTA_SENDMAIL)
        host->read = sendmail_check(survey->rules, host->place, &host->findings, &host->why);
    else
        host->read = postfix_check(survey->rules, survey->file, survey->now, host->place,
                                   &host->findings, &host->why);
    if (!host->read)
        set_status(survey, STATUS_USAGE);
    judge_findings(survey, &host->findings);
}

static void find_out(struct survey *survey)
{
    survey->rules = conf_read(survey->file, survey->now, &survey->diagnostics);
    if (survey->rules == NULL) {
        set_status(survey, STATUS_NO);
        return;
    }
    check_trust_stores(survey);
    for (int i = MTA_UNKNOWN + 1; i < MTAS; i++) {
        if (survey->mtas[i].asked)
            check_reports(survey, (enum mta)i);
        if (survey->mtas[i].settings)
            check_settings(survey, (enum mta)i);
    }
}

/* ---- the subcommand ------------------------------------------------------------------------- */

/* What the report itself cannot say: it is on stdout, and complete as far as it goes. */
static void print_failures(const struct survey *survey)
{
    for (int i = MTA_UNKNOWN + 1; survey->rules != NULL && i < MTAS; i++) {
        if (survey->mtas[i].settings && !survey->mtas[i].read)
            cli_error("cannot read %s's settings: %s", words_mta((enum mta)i),
                      survey->mtas[i].why.text);
    }
    if (survey->status == STATUS_UNKNOWN)
        cli_error("out of memory");
}

static void survey_release(struct survey *survey)
{
    diagnostics_release(&survey->diagnostics);
    roots_release(&survey->roots);
    findings_release(&survey->trust_stores);
    for (int i = MTA_UNKNOWN + 1; i < MTAS; i++)
        findings_release(&survey->mtas[i].findings);
    rules_free(survey->rules);
    free(survey);
}

static enum status run(const void *data, char *const files[])
{
    const struct check_options *options = data;
    struct survey *survey = calloc(1, sizeof(*survey));
    enum status status;
    bool printed;

    (void)files;
    if (survey == NULL) {
        cli_error("out of memory");
        return STATUS_UNKNOWN;
    }
    if (!read_options(survey, options)) {
        survey_release(survey);
        return STATUS_USAGE;
    }
    find_out(survey);
    printed = options->json ? check_print_json(survey) : check_print_text(survey);
    print_failures(survey);
    status = printed ? survey->status : STATUS_UNKNOWN;
    survey_release(survey);
    return status;
}

const struct subcommand check_subcommand = {
    .word = "check",
    .summary = "say what is wrong with a configuration, and what it demands",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
    .size = sizeof(struct check_options),
    .details = details,
    .run = run,
};
