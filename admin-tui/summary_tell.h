/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of a summary that are told in summary_more.c. */
#ifndef CTL_SUMMARY_TELL_H
#define CTL_SUMMARY_TELL_H

#include "admin-tui/summary.h"

/* The two arguments of ctl_document_table. */
#define TITLES(titles) titles, sizeof(titles) / sizeof(titles)[0]

/* Rules, subjects and addresses, from recorded requests. */
void ctl_summary_tell_callers(struct ctl_document *document, const struct ctl_summary *summary);
/* Stages, readiness, rules that are only tried, risk. */
void ctl_summary_tell_maturity(struct ctl_document *document, const struct ctl_summary *summary);
/* What operators and automation did, what holds, issuers. */
void ctl_summary_tell_actions(struct ctl_document *document, const struct ctl_summary *summary);
/* What all of this rests on. */
void ctl_summary_tell_coverage(struct ctl_document *document, const struct ctl_summary *summary);

#endif
