/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of paths, hosts and other text (docs/rules.md, meanings 11 and 12). Pure; a match takes
 * time in proportion to pattern times text, whatever the pattern.
 */
#ifndef ZTA_RULES_MATCH_H
#define ZTA_RULES_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/bytes.h"

enum zta_path_pattern_kind {
    ZTA_PATH_PATTERN_GENERAL = 0,
    ZTA_PATH_PATTERN_EXACT,   /* no wildcard: text is the path without a trailing slash */
    ZTA_PATH_PATTERN_SUBTREE, /* literal text, then the segment **: text is without it */
};

/* A path pattern made ready; text is borrowed from the storage that was given. */
struct zta_path_pattern {
    enum zta_path_pattern_kind kind;
    struct zta_text text;
};

/* storage has source.len bytes and lives as long as the pattern. */
void zta_path_pattern_make(struct zta_text source, char *storage, struct zta_path_pattern *pattern);
/* path: normal form. One trailing slash of it is ignored. Absent matches nothing. */
bool zta_path_pattern_matches(const struct zta_path_pattern *pattern, struct zta_text path);
/* Whether it can match a path that begins with all segments of the prefix. */
bool zta_path_pattern_meets(const struct zta_path_pattern *pattern, struct zta_text prefix);

/* The path without its one ignored trailing slash; "/" becomes "". */
struct zta_text zta_path_trim(struct zta_text path);
/*
 * Cuts the first segment off *rest ("/a/b" gives "a" and leaves "/b"); false at the end. Patterns
 * and paths are both cut by this, so that index and matcher see the same segments.
 */
bool zta_path_next_segment(struct zta_text *rest, struct zta_text *segment);

/* '*' is any run of bytes, "\*" the byte itself. Whole text. Absent matches nothing. */
bool zta_glob_matches(struct zta_text pattern, struct zta_text text);
bool zta_glob_matches_nocase(struct zta_text pattern, struct zta_text text);
/* True when the pattern holds a '*' or an escaped one, so that comparing bytes is not enough. */
bool zta_glob_is_pattern(struct zta_text pattern);
/* "*.x" is any depth below x but not x itself; ASCII case is ignored. */
bool zta_host_matches(struct zta_text pattern, struct zta_text host);

#endif
