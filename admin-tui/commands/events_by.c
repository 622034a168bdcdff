/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl events --by: recorded requests counted by what they have in common. */
#include "admin-tui/commands/events_by.h"

#include <stdlib.h>
#include <string.h>

#include "admin-tui/events.h"
#include "admin-tui/filter_kind.h"
#include "admin-tui/output.h"
#include "admin-tui/walk.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/identity.h"
#include "shared/store/events.h"
#include "shared/store/repeats.h"

enum {
    FIELDS_MAX = 4,
    VALUE_SIZE = 256,
    GROUPS_MAX = 65536, /* that are told apart */
    SHOWN_BY_DEFAULT = 100,
};

#define PERIOD_S INT64_C(86400)

struct group {
    char *values; /* one behind the other, each ended by NUL; NULL: a free place */
    size_t len;
    uint64_t n;
};

struct counting {
    const struct ctl_filter *filter;
    const struct ctl_filter_kind *kind;
    unsigned fields[FIELDS_MAX];
    size_t n_fields;
    uint64_t most;
    int64_t from_ns;
    int64_t now_s;
    struct group *groups; /* a hash table, twice as large as what it may hold */
    size_t n_groups;
    uint64_t n_others; /* requests of groups that are not shown */
};

/* ---- what to count by ---- */

static bool is_countable(enum ctl_field_type type)
{
    return type != CTL_TYPE_TIME && type != CTL_TYPE_AGE && type != CTL_TYPE_ID;
}

static enum zta_status add_field(struct counting *counting, struct zta_text name,
                                 struct zta_error *error)
{
    for (unsigned i = 0; i < counting->kind->n_fields; i++) {
        const struct ctl_field_info *field = &counting->kind->fields[i];
        if (!zta_text_equal(name, zta_text_of(field->name)) || !is_countable(field->type)) {
            continue;
        }
        if (counting->n_fields == FIELDS_MAX) {
            return zta_error_set(error, ZTA_INVALID, "--by: more than %d fields", FIELDS_MAX);
        }
        counting->fields[counting->n_fields++] = i;
        return ZTA_OK;
    }
    return zta_error_set(error, ZTA_INVALID,
                         "--by: requests are not counted by '%.*s'; expected names of fields, as "
                         "reason,rule",
                         (int)name.len, name.len == 0 ? "" : name.data);
}

static enum zta_status parse_fields(struct counting *counting, struct zta_text text,
                                    struct zta_error *error)
{
    for (;;) {
        const char *comma = text.len == 0 ? NULL : memchr(text.data, ',', text.len);
        const size_t len = comma == NULL ? text.len : (size_t)(comma - text.data);
        const enum zta_status status =
            add_field(counting, (struct zta_text){.data = text.data, .len = len}, error);
        if (status != ZTA_OK || comma == NULL) {
            return status;
        }
        text = (struct zta_text){.data = comma + 1, .len = text.len - len - 1};
    }
}

/* ---- counting ---- */

static void print_text(const struct ctl_seen *seen, struct zta_buffer *out)
{
    zta_buffer_text(out, seen->texts[0]);
    if (!zta_text_is_absent(seen->issuer) && seen->issuer.len > 0) {
        zta_buffer_string(out, "@");
        zta_buffer_text(out, seen->issuer);
    }
}

/* As filters write it, "unknown" too. */
static void print_value(enum ctl_field_type type, const struct ctl_seen *seen,
                        struct zta_buffer *out)
{
    char text[2 * ZTA_SESSION_ID_SIZE + ZTA_CIDR_TEXT_MAX];
    if (seen->n_texts > 0) {
        print_text(seen, out);
    }
    else if (!seen->is_known) {
        zta_buffer_string(out, "unknown");
    }
    else if (type == CTL_TYPE_NETWORK) {
        zta_addr_print(&seen->addr, text);
        zta_buffer_string(out, text);
    }
    else if (type == CTL_TYPE_HEX) {
        zta_hex_encode(seen->id, ZTA_SESSION_ID_SIZE, text);
        zta_buffer_string(out, text);
    }
    else if (type == CTL_TYPE_OUTCOME) {
        zta_buffer_string(out, zta_outcome_name((enum zta_outcome)seen->number));
    }
    else if (type == CTL_TYPE_REASON) {
        zta_buffer_string(out, zta_reason_name((enum zta_reason)seen->number));
    }
    else if (type == CTL_TYPE_CREDENTIAL) {
        zta_buffer_string(out, zta_credential_name((enum zta_credential)seen->number));
    }
    else {
        zta_buffer_printf(out, "%lld", (long long)seen->number);
    }
}

/* FNV-1a. */
static size_t hash_of(const char *data, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (uint8_t)data[i]) * UINT64_C(1099511628211);
    }
    return (size_t)(hash ^ hash >> 32);
}

static void add(struct counting *counting, const char *values, size_t len, uint64_t n)
{
    size_t i = hash_of(values, len) % ((size_t)2 * GROUPS_MAX);
    for (; counting->groups[i].values != NULL; i = (i + 1) % ((size_t)2 * GROUPS_MAX)) {
        struct group *group = &counting->groups[i];
        if (group->len == len && memcmp(group->values, values, len) == 0) {
            group->n += n;
            return;
        }
    }
    char *kept = counting->n_groups < GROUPS_MAX ? malloc(len) : NULL;
    if (kept == NULL) {
        counting->n_others += n;
        return;
    }
    memcpy(kept, values, len);
    counting->groups[i] = (struct group){.values = kept, .len = len, .n = n};
    counting->n_groups++;
}

static void count(struct counting *counting, const struct zta_event *event, uint64_t n)
{
    char values[FIELDS_MAX * VALUE_SIZE];
    size_t len = 0;
    if (event->time_ns < counting->from_ns ||
        !ctl_filter_matches(counting->filter, event, counting->now_s)) {
        return;
    }
    for (size_t i = 0; i < counting->n_fields; i++) {
        const unsigned field = counting->fields[i];
        struct ctl_seen seen = {.n_texts = 0};
        struct zta_buffer out;
        zta_buffer_init(&out, values + len, VALUE_SIZE);
        counting->kind->see(event, field, counting->now_s, &seen);
        print_value(counting->kind->fields[field].type, &seen, &out);
        len += out.len + 1;
    }
    add(counting, values, len, n);
}

static bool count_event(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    count(context, event, key->weight);
    return true;
}

static bool count_repeat(void *context, const struct zta_repeat *repeat)
{
    count(context, &repeat->event, repeat->n);
    return true;
}

static enum zta_status count_all(struct counting *counting, struct zta_view *view)
{
    struct zta_event_key *blocks = NULL;
    size_t n = 0;
    enum zta_status status = zta_events_blocks(view, counting->from_ns, &blocks, &n);
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        status = zta_events_each_of_block(view, &blocks[i], count_event, counting);
        status = status == ZTA_NOT_FOUND ? ZTA_OK : status; /* pruned meanwhile */
    }
    free(blocks);
    return status == ZTA_OK
               ? zta_repeat_each(view, counting->from_ns / ZTA_NS_PER_S, count_repeat, counting)
               : status;
}

/* ---- showing ---- */

static int by_number(const void *a, const void *b)
{
    const struct group *one = a;
    const struct group *other = b;
    if (one->n != other->n) {
        return one->n > other->n ? -1 : 1;
    }
    if (one->values == NULL || other->values == NULL) {
        return (one->values == NULL) - (other->values == NULL);
    }
    return strcmp(one->values, other->values);
}

static void add_group(struct ctl_list *list, const struct counting *counting,
                      const struct group *group)
{
    const char *value = group->values;
    ctl_row_begin(list);
    ctl_row_int(list, "requests", (int64_t)group->n);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        zta_json_begin_object(json, "by");
    }
    for (size_t i = 0; i < counting->n_fields; i++, value += strlen(value) + 1) {
        const char *name = counting->kind->fields[counting->fields[i]].name;
        if (json != NULL) {
            zta_json_string(json, name, value);
        }
        ctl_row_cell(list, name, "%s", value);
    }
    if (json != NULL) {
        zta_json_end_object(json);
    }
    ctl_row_end(list);
}

static enum zta_status collect(void *context, struct zta_view *view, struct ctl_list *list)
{
    struct counting *counting = context;
    const enum zta_status status = count_all(counting, view);
    if (status != ZTA_OK) {
        return status;
    }
    qsort(counting->groups, (size_t)2 * GROUPS_MAX, sizeof *counting->groups, by_number);
    for (size_t i = 0; i < counting->n_groups; i++) {
        if (counting->most == 0 || i < counting->most) {
            add_group(list, counting, &counting->groups[i]);
        }
        else {
            counting->n_others += counting->groups[i].n;
        }
    }
    return ZTA_OK;
}

static void clear(struct counting *counting)
{
    for (size_t i = 0; counting->groups != NULL && i < (size_t)2 * GROUPS_MAX; i++) {
        free(counting->groups[i].values);
    }
    free(counting->groups);
}

static enum ctl_exit print(struct ctl *ctl, struct counting *counting)
{
    const char *titles[FIELDS_MAX + 1] = {">REQUESTS"};
    char names[FIELDS_MAX][32];
    for (size_t i = 0; i < counting->n_fields; i++) {
        const char *name = counting->kind->fields[counting->fields[i]].name;
        size_t len = 0;
        for (; name[len] != '\0' && len + 1 < sizeof names[0]; len++) {
            names[i][len] =
                (char)(name[len] >= 'a' && name[len] <= 'z' ? name[len] - 'a' + 'A' : name[len]);
        }
        names[i][len] = '\0';
        titles[i + 1] = names[i];
    }
    const struct ctl_walk walk = {
        .titles = titles, .n_columns = counting->n_fields + 1, .what = "reading events"};
    const enum ctl_exit code = ctl_walk_print(ctl, &walk, collect, counting);
    if (code == CTL_DONE && counting->n_others > 0) {
        ctl_note("and %llu requests of other groups", (unsigned long long)counting->n_others);
    }
    return code;
}

enum ctl_exit ctl_events_by(struct ctl *ctl, const struct ctl_filter *filter)
{
    struct zta_error error = {.status = ZTA_OK};
    struct counting counting = {.filter = filter,
                                .kind = ctl_filter_kind_events(),
                                .most = SHOWN_BY_DEFAULT,
                                .now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
    int64_t period_s = PERIOD_S;
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_FOLLOW)) {
        return ctl_fail(CTL_USAGE, "--by and --follow do not go together");
    }
    if (parse_fields(&counting, ctl_option_text(&ctl->options, CTL_OPTION_BY), &error) != ZTA_OK ||
        ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &period_s, &error) != ZTA_OK ||
        ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, &counting.most, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    counting.from_ns = period_s < counting.now_s ? (counting.now_s - period_s) * ZTA_NS_PER_S : 0;
    counting.groups = calloc((size_t)2 * GROUPS_MAX, sizeof *counting.groups);
    if (counting.groups == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    const enum ctl_exit code = print(ctl, &counting);
    clear(&counting);
    return code;
}
