/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live layer: what operators put over the rules of the configuration (the baseline) while the
 * server runs (docs/rules.md, meaning 15). Each change makes a version that holds all of it, so
 * that any version can come back.
 */
#ifndef ZTA_RULES_LAYER_H
#define ZTA_RULES_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/rules/ast.h"
#include "shared/rules/parse.h"

#define ZTA_LAYER_ENTRIES_MAX 10000
#define ZTA_LAYER_TEXT_MAX    65534 /* bytes of one rule or list */

enum zta_layer_kind {
    ZTA_LAYER_RULE = 0,
    ZTA_LAYER_LIST,
    ZTA_LAYER_MODE,      /* the mode of a rule, of whichever layer, as long as it lives */
    ZTA_LAYER_STEP_BACK, /* of a place: what stages above 1 enforce is monitored */
    ZTA_N_LAYER_KINDS
};

struct zta_layer_entry {
    enum zta_layer_kind kind;
    struct zta_text name; /* of the rule or list; STEP_BACK: "server/path", empty for everywhere */
    struct zta_text text; /* RULE and LIST: as zta_rules_print_* writes it */
    enum zta_mode mode;   /* MODE */
    int64_t created_ns;   /* hybrid timestamp of the change that brought it */
    int64_t until_s;      /* 0: permanent */
    uint64_t action_id;   /* of that change in the audit trail */
    struct zta_text author;
    struct zta_text reason;
    uint8_t origin[ZTA_ORIGIN_SIZE]; /* of the store where the change was made */
};

/* Of a version in this store, which another node may have made. */
enum zta_layer_standing {
    ZTA_LAYER_IN_ORDER = 0, /* in force when it is the latest */
    ZTA_LAYER_WAITS,        /* it came, and was not tried on this node's configuration yet */
    ZTA_LAYER_UNFIT,        /* it does not fit that: kept, and not put in force */
    ZTA_N_LAYER_STANDINGS
};

/* made_on_ns of what was made on all there was. */
#define ZTA_LAYER_ON_ALL INT64_MAX

struct zta_layer {
    uint64_t version;     /* its number in this store; 0: nothing was ever changed */
    uint64_t fallback;    /* version that comes back at confirm_by_s */
    int64_t confirm_by_s; /* 0: it stays */
    int64_t changed_ns;   /* hybrid: the later one counts, wherever it was made */
    int64_t made_on_ns;   /* changed_ns of what was in force where it was made; 0: the empty one */
    uint64_t action_id;
    struct zta_text what; /* "rules add x": as the audit trail names it */
    struct zta_text author;
    struct zta_text reason;          /* absent: none given */
    struct zta_layer_entry *entries; /* each kind and name once */
    size_t n;
    uint8_t origin[ZTA_ORIGIN_SIZE]; /* of the store where it was made */
    uint8_t slot;                    /* of that store's latest ones, which a fleet keeps */
    enum zta_layer_standing standing;
    bool is_here;       /* made in this store */
    bool is_unreadable; /* only its number is known: one of a walk over versions */
};

/* "rule", "list", "mode", "step-back". */
const char *zta_layer_kind_name(enum zta_layer_kind kind);
bool zta_layer_entry_lives(const struct zta_layer_entry *entry, int64_t now_s);
/* NULL when there is none; whether it lives still is not looked at. */
const struct zta_layer_entry *zta_layer_find(const struct zta_layer *layer,
                                             enum zta_layer_kind kind, struct zta_text name);
/* Of two versions, by time, then by origin. */
bool zta_layer_is_later(const struct zta_layer *a, const struct zta_layer *b);
/*
 * Was the later version made without the other, which held at that time? Both were made at once at
 * nodes that did not hear each other: what only the other says is not in force.
 */
bool zta_layer_lacks(const struct zta_layer *later, const struct zta_layer *other);
/* When what is in force next changes by itself: an entry ends, or the layer; 0: never. */
int64_t zta_layer_valid_until(const struct zta_layer *layer, int64_t now_s);

/*
 * Parses the baseline with what of the layer lives at now_s: rules and lists of a baseline name
 * replace those, modes are set, a rule ends when its entry does. In the tree each rule or list of
 * the layer is a source of its own, behind those of the baseline, named "live". Modes of rules that
 * are nowhere do nothing. As zta_rules_parse; ast->n_sources - n is what the layer added.
 */
enum zta_status zta_layer_parse(const struct zta_rules_source *baseline, size_t n,
                                const struct zta_layer *layer, int64_t now_s,
                                struct zta_rules_ast **ast,
                                struct zta_rules_error *error) ZTA_MUST_CHECK;

/*
 * Does a place, server "api.example.com:443" and path "/orders" as they are published, stand in
 * the one that a STEP_BACK names?
 */
bool zta_layer_is_within(struct zta_text name, struct zta_text server, struct zta_text path);

#endif
