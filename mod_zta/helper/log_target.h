/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One target of the decision log: a bounded queue and a thread that writes it, so that a disk, a
 * program or a syslog that takes nothing holds up nobody but itself. Lines come from one thread,
 * the observer's, each with its number in a stream; numbers of a stream rise.
 *
 * A target that is not mandatory loses its oldest lines when the queue is full or holds the numbers
 * of too many events, and counts them. Of a mandatory one nothing is lost: whoever puts asks for
 * room first.
 */
#ifndef MOD_ZTA_HELPER_LOG_TARGET_H
#define MOD_ZTA_HELPER_LOG_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/log_sink.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/live/segment.h"

#define MOD_ZTA_LOG_QUEUE_SIZE (UINT32_C(4) << 20) /* bytes of lines that wait */

struct mod_zta_log_target_options {
    const char *name; /* as configured, for alerts */
    enum mod_zta_log_sink sink;
    /* FILE: its path, opened anew when another file stands there. SYSLOG: path of the socket. */
    const char *path;
    int fd;       /* FILE, PIPE: opened by the parent, stays the caller's; -1: could not be */
    int facility; /* SYSLOG: of syslog(3), such as LOG_LOCAL0 */
    bool is_mandatory;
    uint64_t most_behind; /* events between the oldest that waits and the newest; 0: any number */
    /* Called by the thread behind each write; NULL: not. */
    void (*on_written)(void *context);
    void *context;
};

struct mod_zta_log_stats {
    uint64_t n_written;
    uint64_t n_dropped;
    uint64_t n_waiting;
    int64_t troubled_ns; /* monotonic: since when nothing could be written; 0: all is well */
    char error[MOD_ZTA_LOG_ERROR_MAX]; /* "No space left on device"; "": all is well */
};

struct mod_zta_log_target;

/* ZTA_NO_MEMORY. options are copied, their texts borrowed. */
enum zta_status mod_zta_log_target_open(const struct mod_zta_log_target_options *options,
                                        struct mod_zta_log_target **target) ZTA_MUST_CHECK;
/*
 * Tries until deadline_ns (monotonic) to get rid of what waits, then ends the thread; *left: lines
 * that did not go. ZTA_BUSY: the thread hangs in a write and is left to the process's end; the
 * target, and what on_written is called with, must stay then.
 */
enum zta_status mod_zta_log_target_stop(struct mod_zta_log_target *target, int64_t deadline_ns,
                                        uint64_t *left) ZTA_MUST_CHECK;
/* Of a target that was stopped. */
void mod_zta_log_target_close(struct mod_zta_log_target **target);

/* Is there room for a line of any length? Of a target that is not mandatory: always. */
bool mod_zta_log_target_has_room(struct mod_zta_log_target *target);
/*
 * Queues one line, its line feed included. severity: of syslog(3), for SYSLOG alone. stream
 * ZTA_N_LOGGED: it has no number.
 */
void mod_zta_log_target_put(struct mod_zta_log_target *target, enum zta_logged stream,
                            uint64_t number, int severity, struct zta_text line);
/* This number of the stream has no line in this target. */
void mod_zta_log_target_pass(struct mod_zta_log_target *target, enum zta_logged stream,
                             uint64_t number);
/* All numbers of the stream below were written, dropped or passed. From any thread. */
uint64_t mod_zta_log_target_done(struct mod_zta_log_target *target, enum zta_logged stream);
/* From any thread. */
void mod_zta_log_target_stats(struct mod_zta_log_target *target, struct mod_zta_log_stats *stats);

#endif
