/* SPDX-License-Identifier: Apache-2.0 */
/* Where the model's reading goes on, and its parts; for model*.c alone. */
#ifndef TUI_MODEL_PRIV_H
#define TUI_MODEL_PRIV_H

#include "admin-tui/console/model.h"
#include "shared/store/events.h"
#include "shared/store/repeats.h"

#define TUI_EVENTS_A_LOOK 4000 /* newest events read in one refresh; older ones are estimated */
#define TUI_REPEATS_KNOWN 512  /* rows of repeated denials whose counts are followed */
#define TUI_TOUCHED_MAX   64   /* sessions of new events that are read again in one refresh */

struct tui_repeat_known {
    struct zta_repeat_key key;
    uint64_t n;
};

struct tui_model_walk {
    uint64_t state_txn;
    uint64_t policy_txn;
    int64_t health_ns; /* when it was read last */
    int64_t held_ns;
    uint64_t held_policy_txn;
    int64_t repeats_ns;
    int64_t repeats_seen_s; /* repeats of before are counted */
    int64_t usage_ns;
    struct zta_event_key newest; /* event that was seen last */
    bool has_newest;
    struct tui_repeat_known repeats[TUI_REPEATS_KNOWN];
    size_t n_repeats;
    uint8_t touched[TUI_TOUCHED_MAX][ZTA_SESSION_ID_SIZE];
    size_t n_touched;
    uint8_t session_place[ZTA_SESSION_ID_SIZE];
    bool is_walking;        /* the sessions, from that place on */
    int64_t session_end_ns; /* when a walk ended */
    uint64_t session_txn;   /* of state/ when it began */
    int64_t taken_ns;       /* by it, pauses apart */
    int64_t signals_ns;     /* when they were loaded */
    uint64_t revoked_txn;   /* of policy/: rows were judged by it */
    bool has_moved;         /* rows or signals, since they were judged */
    int64_t keys_ns;
    uint64_t keys_policy_txn;
    uint64_t audit_policy_txn;
    struct ctl_event batch[TUI_EVENTS_A_LOOK];
};

/* Parts of a refresh, within its view. */
enum zta_status tui_model_read_events(struct tui_model *model,
                                      struct zta_view *view) ZTA_MUST_CHECK;
enum zta_status tui_model_fill_tail(struct tui_model *model, struct zta_view *view) ZTA_MUST_CHECK;
enum zta_status tui_model_read_repeats(struct tui_model *model,
                                       struct zta_view *view) ZTA_MUST_CHECK;
enum zta_status tui_model_read_sessions(struct tui_model *model,
                                        struct zta_view *view) ZTA_MUST_CHECK;
enum zta_status tui_model_read_keys(struct tui_model *model, struct zta_view *view) ZTA_MUST_CHECK;
enum zta_status tui_model_read_audit(struct tui_model *model, struct zta_view *view) ZTA_MUST_CHECK;
/* Verifies within a view; _short only what was not, and no more than takes a moment. */
void tui_model_verify_short(struct tui_model *model, struct zta_view *view);
void tui_model_verify_chain(struct tui_model *model, struct zta_view *view);

/*
 * A look at the store, which is still the one that was opened: a file that was cut under us would
 * end the process. ZTA_IO, with a text in model->error.
 */
enum zta_status tui_model_view(struct tui_model *model, struct zta_view **view) ZTA_MUST_CHECK;
/* What was read of the store, however much, is not kept in memory. */
void tui_model_keep_small(const struct tui_model *model);
/* Of a device: sources of its facts, who comes with it; as lines of its page. */
enum zta_status tui_model_put_device(struct zta_view *view, struct zta_text id, int64_t now_s,
                                     struct tui_page *page) ZTA_MUST_CHECK;
/* What ends, what waits and how issuers do, into model->health.held. */
enum zta_status tui_model_read_held(struct tui_model *model, struct zta_view *view) ZTA_MUST_CHECK;
/* The score of a session, its factors and its course so far, as lines of its page. */
enum zta_status tui_model_put_risk(struct zta_view *view, const uint8_t id[ZTA_SESSION_ID_SIZE],
                                   int64_t now_s, struct tui_page *page) ZTA_MUST_CHECK;

/* Bytes of text into a field, with NUL. */
void tui_keep(char *field, size_t size, struct zta_text text);
/* A call outside refresh failed: what it was about goes to model->error. */
void tui_model_fail(struct tui_model *model, enum zta_status status, const char *what);

#endif
