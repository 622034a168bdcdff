/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Index of rules by host, path and method: a tree over the leading path segments, one tree a host,
 * the rules of a node sorted into runs of equal method sets. It leaves out only rules with a plain
 * `when` line that is not true, and shows each other rule once.
 */
#ifndef ZTA_RULES_INDEX_PRIV_H
#define ZTA_RULES_INDEX_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

/* Deeper patterns are found at this depth. Bounds the cursor's stack. */
#define ZTA_INDEX_DEPTH_MAX 16
/* A rule with more paths or hosts than this is found at what they have in common. */
#define ZTA_INDEX_ANCHORS_MAX 64
/* Every bit of zta_index_method_bit. */
#define ZTA_INDEX_METHODS_ALL 0xff

#define ZTA_INDEX_NO_GROUP UINT32_MAX

struct zta_rules_index;
struct zta_ruleset;

/* Where one pattern of a rule is found. */
struct zta_index_path {
    struct zta_text labels[ZTA_INDEX_DEPTH_MAX]; /* absent: any one segment */
    uint8_t depth;
    bool is_exact; /* ends here: nothing below can match */
};

/* What a request needs for the rule to apply. */
struct zta_index_entry {
    uint32_t rule;
    uint8_t methods; /* set of zta_index_method_bit */
    size_t n_paths;  /* no two of them are found by one request; 0: any path */
    size_t n_hosts;  /* likewise */
    uint32_t found;  /* group whose line is true wherever the rule is found; ZTA_INDEX_NO_GROUP */
    struct zta_index_path paths[ZTA_INDEX_ANCHORS_MAX];
    struct zta_text hosts[ZTA_INDEX_ANCHORS_MAX]; /* lower case: a name, or ".x" for "*.x" */
};

/* A request's way through the tree. Caller's storage. */
struct zta_index_cursor {
    const struct zta_rules_index *index;
    struct zta_text path;
    struct zta_text host; /* what is left to look up: ever shorter suffixes */
    bool has_path;
    uint8_t method;
    uint8_t n_frames;
    uint32_t run;
    uint32_t run_end;
    struct {
        struct zta_text rest;
        uint32_t node;
    } frames[ZTA_INDEX_DEPTH_MAX + 2]; /* of each node on the way at most one sibling waits */
};

/* Bit of a request's method; all but the common ones share the last. */
uint8_t zta_index_method_bit(struct zta_text method);

/* Works out where a compiled rule is found. The entry's text is borrowed from the set. */
void zta_index_entry_make(const struct zta_ruleset *set, uint32_t rule,
                          struct zta_index_entry *entry);

/* Labels are borrowed and outlive the index. */
enum zta_status zta_rules_index_open(struct zta_rules_index **index) ZTA_MUST_CHECK;
enum zta_status zta_rules_index_add(struct zta_rules_index *index,
                                    const struct zta_index_entry *entry) ZTA_MUST_CHECK;
/* After the last add and before the first cursor. */
enum zta_status zta_rules_index_finish(struct zta_rules_index *index) ZTA_MUST_CHECK;
/* Of one that is finished: there is nothing to find. */
bool zta_rules_index_is_empty(const struct zta_rules_index *index);
void zta_rules_index_close(struct zta_rules_index **index);

/* An absent host, path or method finds the rules that do not ask for it. */
void zta_index_cursor_init(const struct zta_rules_index *index, struct zta_text host,
                           struct zta_text path, struct zta_text method,
                           struct zta_index_cursor *cursor);
/* The next run of rule numbers; NULL after the last. */
const uint32_t *zta_index_cursor_next(struct zta_index_cursor *cursor, size_t *n);

#endif
