/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the console knows of the store, and the only part of it that asks. Each call takes a view,
 * copies what it needs and ends the view: none is held while a key is waited for. A refresh does
 * bounded work whatever the store holds: the newest events, a part of the sessions, short lists.
 */
#ifndef TUI_MODEL_H
#define TUI_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "admin-tui/console/page.h"
#include "admin-tui/console/pulse.h"
#include "admin-tui/console/rows.h"
#include "admin-tui/console/tail.h"
#include "admin-tui/console/window.h"
#include "admin-tui/hits.h"
#include "admin-tui/revoked.h"

#define TUI_EVENTS_BACK 20000 /* events that are looked through for a filter */

/* What a view needs to be kept fresh; pulse, health and the audit trail always are. */
enum tui_part {
    TUI_PART_TAIL = 1,
    TUI_PART_SESSIONS = 2,
    TUI_PART_KEYS = 4,
    TUI_PART_AUDIT = 8, /* its chain verified */
};

struct tui_model {
    struct ctl *ctl;
    struct zta_error error; /* of the last refresh; status ZTA_OK: none */
    char read_only[512];    /* why nothing can be changed; "": it can */
    int64_t now_ns;         /* of the last refresh */
    struct tui_health health;
    struct tui_pulse pulse;
    struct tui_day day; /* filled by the Overview */
    struct tui_tail tail;
    struct ctl_filter filter; /* of the tail */
    bool is_held;             /* the tail stands still */
    uint64_t n_held;          /* events that came meanwhile */
    uint64_t n_missed;        /* that came between two looks, and were more than one looks at */
    int64_t missed_ns;        /* when that happened last */
    bool is_tail_cut;         /* older ones were not looked through */
    struct tui_window window;
    struct ctl_revoking revoking;
    char revoked[TUI_WINDOW_ROWS][CTL_REVOKED_MAX]; /* by what, of each row of the window */
    struct tui_keys keys;
    struct tui_audit audit;
    struct tui_model_walk *walk; /* where reading goes on; model*.c only */
};

/* Opens the store of ctl for writing policy/, else for reading. ctl stays the caller's. */
enum zta_status tui_model_open(struct ctl *ctl, struct tui_model **model,
                               struct zta_error *error) ZTA_MUST_CHECK;
void tui_model_close(struct tui_model **model);

/* Brings pulse, health and the parts (a set) up to date. True when something may look different. */
bool tui_model_refresh(struct tui_model *model, unsigned parts, int64_t now_ns);

/* Somebody waits for all sessions to be read once: refreshing again at once goes on with it. */
bool tui_model_is_busy(const struct tui_model *model);
/* Ends that; what was found stays. False: nothing was under way. */
bool tui_model_stop(struct tui_model *model);

/* ---- what views ask for ---- */

/* The tail anew with this filter ("": all). ZTA_INVALID: the filter that was stays. */
enum zta_status tui_model_filter(struct tui_model *model, struct zta_text text,
                                 struct zta_error *error) ZTA_MUST_CHECK;
void tui_model_hold(struct tui_model *model, bool is_held);
void tui_model_sort(struct tui_model *model, enum tui_order order);
/* Only sessions that the filter matches. ZTA_INVALID: the filter that was stays. */
enum zta_status tui_model_filter_sessions(struct tui_model *model, const char *text,
                                          struct zta_error *error) ZTA_MUST_CHECK;
/* Pages about one thing; false: it is gone, or cannot be read (model->error). */
bool tui_model_explain(struct tui_model *model, const struct zta_event *event,
                       struct tui_page *page);
bool tui_model_show_session(struct tui_model *model, const struct zta_session *session,
                            struct tui_page *page);
/* What requests tell of the device, behind what stands on the page. */
bool tui_model_add_device(struct tui_model *model, struct zta_text id, struct tui_page *page);
bool tui_model_show_key(struct tui_model *model, const char *id, struct tui_page *page);
bool tui_model_show_audit(struct tui_model *model, uint64_t id, struct tui_page *page);
/* Recomputes the audit trail's chain into model->audit. */
void tui_model_verify(struct tui_model *model);

/* ---- what views change ---- */

#define TUI_PLAN_MAX 64 /* sessions in one change */

/* Something to revoke: resolved and counted before anybody is asked. */
struct tui_plan {
    struct ctl_target targets[TUI_PLAN_MAX]; /* kind and text are the caller's, to begin with */
    size_t n;
    char texts[TUI_PLAN_MAX][2 * ZTA_SESSION_ID_SIZE + 1];
    char names[TUI_PLAN_MAX][160]; /* subjects of the sessions, once prepared */
    bool is_key;                   /* targets[0] is an API key, to be ended for good */
    struct ctl_hits_walk walk;     /* how far they are counted */
    struct ctl_hits hits;
};
void tui_plan_clear(struct tui_plan *plan);
/* Adds a session, or makes the plan one of a key. */
void tui_plan_session(struct tui_plan *plan, const struct zta_session *session);
void tui_plan_key(struct tui_plan *plan, const char *id);
/*
 * Resolves the targets, then counts whom they hit, for a moment: to be called until
 * plan->walk.is_done. ZTA_FORBIDDEN: read-only, the error says why.
 */
enum zta_status tui_plan_prepare(struct tui_model *model, struct tui_plan *plan,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/* *action is the audit entry. */
enum zta_status tui_plan_revoke(struct tui_model *model, struct tui_plan *plan, const char *reason,
                                uint64_t *action, struct zta_error *error) ZTA_MUST_CHECK;
/* Takes the plan's revocations back. */
enum zta_status tui_plan_undo(struct tui_model *model, struct tui_plan *plan, const char *reason,
                              uint64_t *action, struct zta_error *error) ZTA_MUST_CHECK;

#endif
