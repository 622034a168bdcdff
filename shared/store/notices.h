/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of what transmitters of signals told and what it did, bounded, and how their streams
 * go; in state/, written by the helper. What waits for an operator is decided in policy/.
 */
#ifndef ZTA_STORE_NOTICES_H
#define ZTA_STORE_NOTICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/notice.h"
#include "shared/store/env.h"

#define ZTA_NOTICES_MAX        10000
#define ZTA_STREAM_ANSWER_S    300 /* an asked verification comes within that, or not at all */
#define ZTA_NOTICE_ID_SIZE     8   /* bytes of its hash that name a notice for operators */
#define ZTA_NOTICE_ID_TEXT_LEN (2 * ZTA_NOTICE_ID_SIZE)

/* What became of it. */
enum zta_notice_outcome {
    ZTA_NOTICE_APPLIED = 1,
    ZTA_NOTICE_NOTED,     /* its kind does nothing here */
    ZTA_NOTICE_HELD,      /* it is about more than one, or the governor's budget is spent; an
                             operator decides */
    ZTA_NOTICE_OVERRULED, /* what is known is newer, or another transmitter's and stricter */
    ZTA_NOTICE_UNKNOWN_SUBJECT,
    ZTA_NOTICE_DISCARDED, /* part of it cannot be looked at, so that nothing may be done */
    ZTA_NOTICE_N_OUTCOMES
};
/* "overruled". */
const char *zta_notice_outcome_name(enum zta_notice_outcome outcome);

/* What an operator did about it. */
enum zta_notice_ruling {
    ZTA_NOTICE_NOT_RULED = 0,
    ZTA_NOTICE_RULED_APPLIED,
    ZTA_NOTICE_RULED_DROPPED,
    ZTA_NOTICE_RULED_LIFTED,
};

struct zta_notice_record {
    struct zta_notice notice;
    enum zta_notice_outcome outcome;
    int64_t received_ns; /* unique */
    enum zta_notice_ruling ruling;
    uint64_t action_id; /* of the ruling */
};

/* state/. */
enum zta_status zta_notice_log(struct zta_change *change, const struct zta_notice *notice,
                               enum zta_notice_outcome outcome, int64_t now_ns) ZTA_MUST_CHECK;
/* Of one that is there: its outcome is another now. */
enum zta_status zta_notice_settle(struct zta_change *change,
                                  const struct zta_notice_record *record) ZTA_MUST_CHECK;
/* Removes those before before_ns, and the oldest above ZTA_NOTICES_MAX, a few at a time. */
enum zta_status zta_notices_prune(struct zta_change *change, uint64_t n_there, int64_t before_ns,
                                  uint64_t *n) ZTA_MUST_CHECK;
enum zta_status zta_notice_count(struct zta_view *view, uint64_t *n) ZTA_MUST_CHECK;

/* The newest first; valid for the call, returning false ends the walk. */
typedef bool (*zta_notice_fn)(void *context, const struct zta_notice_record *record);
enum zta_status zta_notice_each(struct zta_view *view, zta_notice_fn fn,
                                void *context) ZTA_MUST_CHECK;
/* policy/. */
enum zta_status zta_notice_rule(struct zta_change *change, const struct zta_notice *notice,
                                enum zta_notice_ruling ruling, uint64_t action_id) ZTA_MUST_CHECK;

/* How the stream of a transmitter goes. */
struct zta_stream {
    struct zta_text name;
    bool is_polled;
    enum zta_notice_stream status; /* as it said last */
    int64_t first_s;               /* since when it is configured */
    int64_t last_s;                /* anything of it; 0: nothing yet */
    int64_t verified_s;            /* 0: never */
    int64_t polled_s;              /* last answer to a poll */
    uint64_t n_received;
    struct zta_text error; /* of the last poll; absent: none */
    /* Its verification: asked for with a state that only one event may bring back, in time. */
    bool is_verifiable;        /* the configuration says where to ask */
    bool is_told;              /* the transmitter was asked, with or without success */
    int64_t asked_s;           /* 0: never */
    struct zta_text state;     /* outstanding; absent: none is */
    struct zta_text ask_error; /* of asking; absent: none */
};

/* Where its state is outstanding: has it been for longer than ZTA_STREAM_ANSWER_S? */
bool zta_stream_is_overdue(const struct zta_stream *stream, int64_t now_s);

/* ZTA_NOT_FOUND. Texts are valid until the change or view ends. */
enum zta_status zta_stream_load(struct zta_change *change, struct zta_text name,
                                struct zta_stream *stream) ZTA_MUST_CHECK;
enum zta_status zta_stream_put(struct zta_change *change,
                               const struct zta_stream *stream) ZTA_MUST_CHECK;
/* Removes those of other names. */
enum zta_status zta_streams_keep(struct zta_change *change, const struct zta_text *names,
                                 size_t n) ZTA_MUST_CHECK;
typedef bool (*zta_stream_fn)(void *context, const struct zta_stream *stream);
enum zta_status zta_stream_each(struct zta_view *view, zta_stream_fn fn,
                                void *context) ZTA_MUST_CHECK;

#endif
