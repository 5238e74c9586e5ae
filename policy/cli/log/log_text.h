/* SPDX-License-Identifier: ISC */
/* log_text: what the two files of the text report share. */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_TEXT_H
#define FORCETLS_POLICY_CLI_LOG_LOG_TEXT_H

#include <stdbool.h>

#include "policy/cli/log/log_report.h"
#include "policy/cli/page.h"

/* An empty line and a heading. */
void log_text_heading(const struct page *page, const char *heading);

/* A table for each connector: its partners, those with the most mail that passed first. */
void log_text_partners(const struct log_report *report, bool all, const struct page *page);

#endif
