/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of paths, hosts and other text: iterative, with one point to fall back to. */
#include "shared/rules/match.h"

#include <string.h>

static const struct zta_text any_segments = {.data = "**", .len = 2};

static struct zta_text text_from(struct zta_text text, size_t offset)
{
    return (struct zta_text){.data = text.data + offset, .len = text.len - offset};
}

static char fold(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool is_escaped_star(struct zta_text pattern, size_t at)
{
    return pattern.data[at] == '\\' && at + 1 < pattern.len && pattern.data[at + 1] == '*';
}

/*
 * Only the last star needs to be fallen back to: what an earlier one could take more of, the later
 * one can take as well.
 */
static bool glob(struct zta_text pattern, struct zta_text text, bool ignores_case)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = SIZE_MAX;
    size_t star_text = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            star = ++p;
            star_text = t;
            continue;
        }
        if (p < pattern.len) {
            const size_t width = is_escaped_star(pattern, p) ? 2 : 1;
            const char want = pattern.data[p + width - 1];
            const char have = text.data[t];
            if (want == have || (ignores_case && fold(want) == fold(have))) {
                p += width;
                t++;
                continue;
            }
        }
        if (star == SIZE_MAX) {
            return false;
        }
        p = star;
        t = ++star_text;
    }
    while (p < pattern.len && pattern.data[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

bool zta_glob_matches(struct zta_text pattern, struct zta_text text)
{
    return pattern.data != NULL && text.data != NULL && glob(pattern, text, false);
}

bool zta_glob_matches_nocase(struct zta_text pattern, struct zta_text text)
{
    return pattern.data != NULL && text.data != NULL && glob(pattern, text, true);
}

bool zta_glob_is_pattern(struct zta_text pattern)
{
    return pattern.len > 0 && memchr(pattern.data, '*', pattern.len) != NULL;
}

bool zta_host_matches(struct zta_text pattern, struct zta_text host)
{
    /* The run before the dot is at least one label: ".x" is no host below x. */
    if (zta_text_starts_with(pattern, ZTA_TEXT("*.")) &&
        zta_text_starts_with(host, ZTA_TEXT("."))) {
        return false;
    }
    return zta_glob_matches_nocase(pattern, host);
}

struct zta_text zta_path_trim(struct zta_text path)
{
    if (path.len > 0 && path.data[path.len - 1] == '/') {
        path.len--;
    }
    return path;
}

bool zta_path_next_segment(struct zta_text *rest, struct zta_text *segment)
{
    if (rest->len == 0) {
        return false;
    }
    const struct zta_text from = rest->data[0] == '/' ? text_from(*rest, 1) : *rest;
    const char *slash = from.len > 0 ? memchr(from.data, '/', from.len) : NULL;
    const size_t len = slash != NULL ? (size_t)(slash - from.data) : from.len;
    *segment = (struct zta_text){.data = from.data, .len = len};
    *rest = text_from(from, len);
    return true;
}

/* Copies a wildcard-free text without its escapes; returns its length. */
static size_t unescape(struct zta_text text, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (is_escaped_star(text, i)) {
            i++;
        }
        out[len++] = text.data[i];
    }
    return len;
}

static bool has_wildcard(struct zta_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_escaped_star(text, i)) {
            i++;
        }
        else if (text.data[i] == '*') {
            return true;
        }
    }
    return false;
}

static bool ends_with_any_segments(struct zta_text text)
{
    return text.len >= 3 && memcmp(text.data + text.len - 3, "/**", 3) == 0;
}

void zta_path_pattern_make(struct zta_text source, char *storage, struct zta_path_pattern *pattern)
{
    struct zta_text text = zta_path_trim(source);
    pattern->kind = ZTA_PATH_PATTERN_EXACT;
    if (ends_with_any_segments(text)) {
        pattern->kind = ZTA_PATH_PATTERN_SUBTREE;
        text.len -= 3;
    }
    if (has_wildcard(text)) {
        pattern->kind = ZTA_PATH_PATTERN_GENERAL;
        text = zta_path_trim(source);
        if (text.len > 0) {
            memcpy(storage, text.data, text.len);
        }
        pattern->text = (struct zta_text){.data = storage, .len = text.len};
        return;
    }
    pattern->text = (struct zta_text){.data = storage, .len = unescape(text, storage)};
}

/* As glob, with segments for bytes and "**" for the star. */
static bool match_segments(struct zta_text pattern, struct zta_text path)
{
    struct zta_text star = {.data = NULL};
    struct zta_text star_path = {.data = NULL};
    struct zta_text want;
    struct zta_text have;
    while (path.len > 0) {
        struct zta_text pattern_rest = pattern;
        const bool has_want = zta_path_next_segment(&pattern_rest, &want);
        if (has_want && zta_text_equal(want, any_segments)) {
            star = pattern_rest;
            star_path = path;
            pattern = pattern_rest;
            continue;
        }
        struct zta_text path_rest = path;
        (void)zta_path_next_segment(&path_rest, &have);
        if (has_want && glob(want, have, false)) {
            pattern = pattern_rest;
            path = path_rest;
            continue;
        }
        if (star.data == NULL) {
            return false;
        }
        (void)zta_path_next_segment(&star_path, &have);
        pattern = star;
        path = star_path;
    }
    while (zta_path_next_segment(&pattern, &want)) {
        if (!zta_text_equal(want, any_segments)) {
            return false;
        }
    }
    return true;
}

bool zta_path_pattern_matches(const struct zta_path_pattern *pattern, struct zta_text path)
{
    if (path.data == NULL) {
        return false;
    }
    const struct zta_text text = pattern->text;
    const struct zta_text trimmed = zta_path_trim(path);
    switch (pattern->kind) {
    case ZTA_PATH_PATTERN_EXACT:
        return zta_text_equal(text, trimmed);
    case ZTA_PATH_PATTERN_SUBTREE:
        return zta_text_starts_with(trimmed, text) &&
               (trimmed.len == text.len || trimmed.data[text.len] == '/');
    case ZTA_PATH_PATTERN_GENERAL:
        return match_segments(text, trimmed);
    }
    return false;
}

bool zta_path_pattern_meets(const struct zta_path_pattern *pattern, struct zta_text prefix)
{
    const bool is_general = pattern->kind == ZTA_PATH_PATTERN_GENERAL;
    struct zta_text pattern_rest = pattern->text;
    struct zta_text rest = zta_path_trim(prefix);
    struct zta_text want;
    struct zta_text have;
    while (zta_path_next_segment(&rest, &have)) {
        if (!zta_path_next_segment(&pattern_rest, &want)) {
            return pattern->kind == ZTA_PATH_PATTERN_SUBTREE;
        }
        if (is_general && zta_text_equal(want, any_segments)) {
            return true;
        }
        if (is_general ? !glob(want, have, false) : !zta_text_equal(want, have)) {
            return false;
        }
    }
    return true;
}
