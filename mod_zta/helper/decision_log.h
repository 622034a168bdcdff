/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision log: reads the ring behind the observer, and the trails of operators and automation
 * in the store, and gives each target its lines. Of the observer's thread alone; what is slow are
 * the threads of the targets.
 *
 * An event's slot of the ring is freed only when its line is written, dropped or was never wanted
 * (mod_zta_decision_log_hold), and the segment says up to where that is so: a helper that follows
 * one that died goes on there. Events come once each, twice those of one write in whose moment the
 * helper was killed; their ids tell.
 */
#ifndef MOD_ZTA_HELPER_DECISION_LOG_H
#define MOD_ZTA_HELPER_DECISION_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/log_target.h"
#include "shared/base/status.h"
#include "shared/live/segment.h"
#include "shared/log/line.h"
#include "shared/store/env.h"

/* One ZTALog. */
struct mod_zta_log_end {
    const char *name; /* as configured */
    enum mod_zta_log_sink sink;
    const char *path; /* of the file, or of syslog's socket */
    int fd;           /* opened by the parent, for file and pipe; -1: not */
    int facility;     /* of syslog */
    enum zta_log_format format;
    uint32_t every; /* one in so many allowed requests; 1: all */
    bool is_mandatory;
};

struct mod_zta_decision_log_options {
    struct zta_segment *segment;
    struct zta_store *store;
    const char *version;
    const struct mod_zta_log_end *ends;
    size_t n_ends;
};

struct mod_zta_decision_log;

/* NULL and ZTA_OK without any end. The options' texts and ends are borrowed. */
enum zta_status mod_zta_decision_log_open(const struct mod_zta_decision_log_options *options,
                                          struct mod_zta_decision_log **log) ZTA_MUST_CHECK;
/* Lines that still waited; what became of them the caller knows. */
uint64_t mod_zta_decision_log_close(struct mod_zta_decision_log **log);

/* These accept NULL: no log. */
/* Takes events below `limit` (which the observer has read) as far as there is room. */
void mod_zta_decision_log_read(struct mod_zta_decision_log *log, uint64_t limit,
                               int64_t now_real_ns);
/* No slot from here on may be freed yet; UINT64_MAX without a log. */
uint64_t mod_zta_decision_log_hold(struct mod_zta_decision_log *log);
/* What is due now and then: new actions of operators and automation, losses, counters. */
void mod_zta_decision_log_step(struct mod_zta_decision_log *log, int64_t now_mono_ns,
                               int64_t now_real_ns);
/* Notes in state/, which may be written now, how far operators' and automation's actions are. */
void mod_zta_decision_log_note(struct mod_zta_decision_log *log);
/* Reads and waits until all below `limit` is written, at most until deadline_ns (monotonic). */
void mod_zta_decision_log_drain(struct mod_zta_decision_log *log, uint64_t limit,
                                int64_t deadline_ns);
/* What an alert is to say; NULL: nothing. Valid until the next call. */
const char *mod_zta_decision_log_trouble(struct mod_zta_decision_log *log, int64_t now_mono_ns);

#endif
