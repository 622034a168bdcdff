/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of gathering a summary. */
#ifndef CTL_SUMMARY_PRIV_H
#define CTL_SUMMARY_PRIV_H

#include "admin-tui/summary.h"

/* The next place of a list, emptied; NULL: it is full, and counted alone. */
struct ctl_fact *ctl_facts_add(struct ctl_facts *facts);
/* Text cut to its field. */
void ctl_fact_set(char *field, size_t size, struct zta_text text);

enum zta_status ctl_summary_series(struct zta_view *view, int64_t period_s,
                                   struct ctl_summary *summary) ZTA_MUST_CHECK;
enum zta_status ctl_summary_events(struct zta_view *view,
                                   struct ctl_summary *summary) ZTA_MUST_CHECK;
/* What stands in the store now, and what was done in the period. */
enum zta_status ctl_summary_state(struct zta_view *view,
                                  struct ctl_summary *summary) ZTA_MUST_CHECK;

#endif
