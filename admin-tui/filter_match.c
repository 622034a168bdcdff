/* SPDX-License-Identifier: Apache-2.0 */
/* Does a record match a parsed filter? Pure. */
#include <string.h>

#include "admin-tui/filter.h"
#include "admin-tui/filter_kind.h"
#include "shared/rules/match.h"
#include "shared/rules/os.h"

void ctl_seen_text(struct ctl_seen *seen, struct zta_text text)
{
    if (text.len > 0) {
        seen->texts[seen->n_texts++] = text;
        seen->is_known = true;
    }
}

static bool is_ordered_as(int64_t number, enum ctl_filter_op op, int64_t bound)
{
    switch (op) {
    case CTL_FILTER_IS:
        return number == bound;
    case CTL_FILTER_LESS:
        return number < bound;
    case CTL_FILTER_AT_MOST:
        return number <= bound;
    case CTL_FILTER_MORE:
        return number > bound;
    case CTL_FILTER_AT_LEAST:
        return number >= bound;
    }
    return false;
}

/* "alice" of any issuer, or "alice@corp". */
static bool is_subject(struct zta_text pattern, struct zta_text name, struct zta_text issuer)
{
    char whole[sizeof((struct zta_event *)NULL)->texts + 1];
    struct zta_buffer buffer;
    if (zta_glob_matches(pattern, name)) {
        return true;
    }
    zta_buffer_init(&buffer, whole, sizeof whole);
    zta_buffer_text(&buffer, name);
    zta_buffer_string(&buffer, "@");
    zta_buffer_text(&buffer, issuer);
    return zta_glob_matches(pattern, (struct zta_text){.data = whole, .len = buffer.len});
}

static bool is_path(struct zta_text source, struct zta_text path)
{
    char storage[CTL_FILTER_TEXT_MAX];
    struct zta_path_pattern pattern;
    zta_path_pattern_make(source, storage, &pattern);
    return zta_path_pattern_matches(&pattern, path);
}

static bool is_text(const struct ctl_filter_term *term, const struct ctl_filter_value *value,
                    enum ctl_field_type type, const struct ctl_seen *seen)
{
    for (size_t i = 0; i < seen->n_texts; i++) {
        const struct zta_text text = seen->texts[i];
        const bool is_hit =
            type == CTL_TYPE_SUBJECT ? is_subject(value->text, text, seen->issuer)
            : type == CTL_TYPE_PATH  ? is_path(value->text, text)
            : type == CTL_TYPE_VERSION
                ? is_ordered_as(zta_os_compare_versions(text, value->text), term->op, 0)
                : zta_glob_matches(value->text, text);
        if (is_hit) {
            return true;
        }
    }
    return false;
}

static bool is_value(const struct ctl_filter_term *term, const struct ctl_filter_value *value,
                     enum ctl_field_type type, const struct ctl_seen *seen)
{
    if (value->is_unknown || !seen->is_known) {
        return value->is_unknown && !seen->is_known;
    }
    switch (type) {
    case CTL_TYPE_TEXT:
    case CTL_TYPE_SUBJECT:
    case CTL_TYPE_PATH:
    case CTL_TYPE_VERSION:
        return is_text(term, value, type, seen);
    case CTL_TYPE_NETWORK:
        return zta_cidr_contains(&value->as.network, &seen->addr);
    case CTL_TYPE_ID:
    case CTL_TYPE_HEX:
        return seen->id != NULL && memcmp(seen->id, value->as.id, sizeof value->as.id) == 0;
    case CTL_TYPE_REASON:
        return (value->as.reasons >> seen->number & 1) != 0;
    case CTL_TYPE_OUTCOME:
    case CTL_TYPE_CREDENTIAL:
    case CTL_TYPE_ANSWER:
    case CTL_TYPE_NUMBER:
    case CTL_TYPE_TIME:
    case CTL_TYPE_AGE:
        return is_ordered_as(seen->number, term->op, value->as.number);
    }
    return false;
}

bool ctl_filter_contains(struct zta_text text, struct zta_text word)
{
    for (size_t at = 0; at + word.len <= text.len; at++) {
        struct zta_text part = {.data = text.data + at, .len = word.len};
        /* Nearly everywhere the first letter differs, by more than the bit of its case. */
        if (word.len > 0 && ((text.data[at] ^ word.data[0]) & ~('a' ^ 'A')) != 0) {
            continue;
        }
        if (zta_text_equal_nocase(part, word)) {
            return true;
        }
    }
    return false;
}

bool ctl_filter_addr_contains(const struct zta_addr *addr, struct zta_text word)
{
    char text[ZTA_CIDR_TEXT_MAX];
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] == '\0' || strchr("0123456789abcdefABCDEF:.", word.data[i]) == NULL) {
            return false; /* printing it is what takes time */
        }
    }
    zta_addr_print(addr, text);
    return ctl_filter_contains(zta_text_of(text), word);
}

static bool is_term(const struct ctl_filter *filter, const struct ctl_filter_term *term,
                    const struct ctl_filter_kind *kind, const void *record, int64_t now_s)
{
    const struct ctl_filter_value *values = filter->values + term->first_value;
    if (term->field == CTL_FIELD_WORD) {
        return kind->has_word(record, values[0].text);
    }
    struct ctl_seen seen;
    seen.n_texts = 0;
    seen.is_known = false;
    kind->see(record, term->field, now_s, &seen);
    for (size_t i = 0; i < term->n_values; i++) {
        if (is_value(term, &values[i], kind->fields[term->field].type, &seen)) {
            return true;
        }
    }
    return false;
}

bool ctl_filter_matches_record(const struct ctl_filter *filter, const struct ctl_filter_kind *kind,
                               const void *record, int64_t now_s)
{
    for (size_t i = 0; i < filter->n_terms; i++) {
        if (is_term(filter, &filter->terms[i], kind, record, now_s) ==
            filter->terms[i].is_negated) {
            return false;
        }
    }
    return true;
}
