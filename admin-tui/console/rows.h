/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of what the store holds, cut to what is shown. Texts are as recorded: not yet safe. */
#ifndef TUI_ROWS_H
#define TUI_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/limits.h"
#include "shared/live/segment.h"
#include "shared/store/env.h"
#include "shared/store/keys.h"
#include "shared/store/published.h"

#define TUI_LOCATIONS_MAX 64
#define TUI_ALERTS_MAX    8
#define TUI_KEYS_MAX      1000
#define TUI_AUDIT_MAX     500

struct tui_location {
    char server[96];
    char path[96];
    struct zta_stance stance;
    bool is_lower;
};

struct tui_alert {
    char name[64];
    char text[256];
    int64_t since_s;
};

/* Something that ends by itself. */
struct tui_end {
    char what[64];
    char target[160]; /* as it was printed: not yet safe */
    int64_t until_s;
};

#define TUI_ENDS_MAX 8

struct tui_held {
    struct tui_end ends[TUI_ENDS_MAX]; /* the soonest of all, in that order */
    size_t n;                          /* all that end */
    size_t n_waiting;                  /* signals that wait for an operator */
    size_t n_issuers;
    size_t n_ill; /* of them: their keys are not as they should be */
    char ill[ZTA_NAME_MAX + 1];
    char ill_state[16];
};

#define TUI_DAY_MINUTES 1440

/* Requests of the last day by the minute, the newest last. */
struct tui_day {
    bool is_known;
    int64_t end_s; /* behind the newest minute */
    uint32_t all[TUI_DAY_MINUTES];
    uint32_t refused[TUI_DAY_MINUTES];
};

struct tui_health {
    bool has_heartbeat;
    bool is_running;
    bool is_helper_there; /* its process is, whether it writes or not */
    struct zta_heartbeat heartbeat;
    uint64_t counters[ZTA_N_COUNTERS];
    uint64_t policy_txn; /* of the last look: what operators said is as it was while it is */
    uint64_t n_sessions;
    uint64_t n_events;
    uint64_t event_bytes;
    uint64_t n_blocks;
    struct zta_store_usage policy;
    struct zta_store_usage state;
    struct tui_location locations[TUI_LOCATIONS_MAX];
    size_t n_locations; /* all there are; the first TUI_LOCATIONS_MAX are kept */
    struct tui_alert alerts[TUI_ALERTS_MAX];
    size_t n_alerts; /* all that stand */
    struct tui_held held;
};

struct tui_apikey {
    char id[ZTA_KEY_ID_LEN + 1];
    char name[ZTA_NAME_MAX + 1];
    char owner[160];
    int64_t created_s;
    int64_t expires_s;
    int64_t revoked_s; /* by itself; 0: not */
    bool is_revoked;   /* by itself or by a revocation that covers it */
    int64_t used_s;    /* 0: never */
    uint64_t n_uses;
};

struct tui_keys {
    struct tui_apikey rows[TUI_KEYS_MAX];
    size_t n;
    bool is_cut; /* there are more */
};

struct tui_audit_row {
    uint64_t id;
    int64_t time_s;
    char who[64];
    char action[32];
    char target[192];
    char after[128];
    char reason[192];
};

enum tui_chain {
    TUI_CHAIN_UNKNOWN = 0, /* not verified as it is now */
    TUI_CHAIN_CONSISTENT,
    TUI_CHAIN_BROKEN,
};

struct tui_audit {
    struct tui_audit_row rows[TUI_AUDIT_MAX]; /* newest first */
    size_t n;
    enum tui_chain chain;
    uint64_t n_verified; /* entries; BROKEN: the first that does not fit */
    char head[2 * ZTA_SHA256_SIZE + 1];
    char fault[256];
};

#endif
