/* SPDX-License-Identifier: Apache-2.0 */
/* Security events in the journal, found and taken back, for commands and console alike. */
#ifndef CTL_NOTICES_H
#define CTL_NOTICES_H

#include "admin-tui/actions.h"
#include "shared/store/notices.h"

/* One event with memory of its own. */
struct ctl_notice {
    struct zta_notice_record record; /* its texts are in data */
    uint8_t data[ZTA_NOTICE_SIZE_MAX];
    char id[ZTA_NOTICE_ID_TEXT_LEN + 1];
};

/* "1f0c..."; of the record. */
void ctl_notice_id(const struct zta_notice *notice, char id[ZTA_NOTICE_ID_TEXT_LEN + 1]);
/* By its id; ZTA_NOT_FOUND. */
enum zta_status ctl_notice_find(struct zta_store *store, struct zta_text id,
                                struct ctl_notice *found) ZTA_MUST_CHECK;
/* "alice@corp, session s-1": whom it names; "-": nobody. Not yet made safe. */
void ctl_notice_print_target(const struct zta_notice *notice, struct zta_buffer *out);
/* "applied", "dropped", "lifted"; NULL: none. */
const char *ctl_notice_ruling_name(enum zta_notice_ruling ruling);

/* Notes what the operator decided, and nothing else. name: of the action. */
enum zta_status ctl_action_notice_rule(struct ctl_action *action, const char *name,
                                       const struct ctl_notice *notice,
                                       enum zta_notice_ruling ruling) ZTA_MUST_CHECK;
/* Releases all that transmitters hold against whom it names. ZTA_NOT_FOUND: there is nothing. */
enum zta_status ctl_action_notice_lift(struct ctl_action *action,
                                       const struct ctl_notice *notice) ZTA_MUST_CHECK;

#endif
