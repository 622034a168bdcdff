/* SPDX-License-Identifier: Apache-2.0 */
/* What holds against whom, and what operators lifted. */
#include <string.h>

#include "shared/base/clock.h"
#include "shared/store/measures_priv.h"
#include "shared/store/schema_state.h"

/* ---- lifts ---- */

struct lift_key {
    char bytes[sizeof(ZTA_LIFT_KEY) - 1 + ZTA_SHA256_SIZE];
};

struct lift {
    int64_t lifted_ns; /* what began at or before it */
    uint64_t action_id;
    int64_t spared_s; /* until when the rule leaves the target alone */
};

/* Of what names a measure over its lifetimes: its id would begin anew with another state/. */
void zta_measure_name(const struct zta_measure *measure, uint8_t name[ZTA_SHA256_SIZE])
{
    struct zta_measure_key target;
    struct zta_sha256 hash;
    const uint8_t kinds[2] = {(uint8_t)measure->kind, (uint8_t)measure->source};
    zta_measure_key_make(ZTA_ENV_STATE, &measure->target, &target);
    const struct zta_text parts[] = {
        {.data = (const char *)kinds, .len = sizeof(kinds)},
        {.data = (const char *)target.bytes, .len = target.size},
        measure->rule,
        measure->limit,
    };
    zta_sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), &hash);
    memcpy(name, hash.bytes, sizeof(hash.bytes));
}

static struct lift_key lift_key_of(const struct zta_measure *measure)
{
    struct lift_key key;
    memcpy(key.bytes, ZTA_LIFT_KEY, sizeof(ZTA_LIFT_KEY) - 1);
    zta_measure_name(measure, (uint8_t *)key.bytes + sizeof(ZTA_LIFT_KEY) - 1);
    return key;
}

static enum zta_status read_lift(struct zta_view *view, const struct zta_measure *measure,
                                 struct lift *lift)
{
    const struct lift_key key = lift_key_of(measure);
    struct zta_blob value;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_POLICY_META, ZTA_BLOB(key.bytes, sizeof(key.bytes)), &value);
    if (status == ZTA_NOT_FOUND) {
        *lift = (struct lift){.lifted_ns = -1};
        return ZTA_OK;
    }
    if (status == ZTA_OK && value.size != ZTA_LIFT_SIZE) {
        return ZTA_CORRUPT;
    }
    if (status == ZTA_OK) {
        const uint8_t *bytes = value.data;
        lift->lifted_ns = (int64_t)zta_get_u64(bytes);
        lift->action_id = zta_get_u64(bytes + 16);
        lift->spared_s = (int64_t)zta_get_u64(bytes + 24);
    }
    return status;
}

static enum zta_status is_lifted(struct zta_view *view, const struct zta_measure *measure,
                                 bool *is_so)
{
    struct lift lift = {.lifted_ns = -1};
    enum zta_status status = ZTA_OK;
    if (measure->source != ZTA_MEASURE_OF_OPERATOR) {
        status = read_lift(view, measure, &lift);
    }
    if (status == ZTA_OK) {
        *is_so = measure->created_ns <= lift.lifted_ns;
    }
    return status;
}

enum zta_status zta_measure_lifted_by(struct zta_view *view, const struct zta_measure *measure,
                                      uint64_t *action_id)
{
    struct lift lift = {.lifted_ns = -1};
    enum zta_status status = ZTA_OK;
    if (measure->source != ZTA_MEASURE_OF_OPERATOR) {
        status = read_lift(view, measure, &lift);
    }
    if (status == ZTA_OK) {
        *action_id = measure->created_ns <= lift.lifted_ns ? lift.action_id : 0;
    }
    return status;
}

enum zta_status zta_measure_spared_until(struct zta_view *view, const struct zta_measure *measure,
                                         int64_t *until_s, int64_t *lifted_ns)
{
    struct lift lift;
    enum zta_status status = read_lift(view, measure, &lift);
    if (status == ZTA_OK) {
        *until_s = lift.spared_s;
        *lifted_ns = lift.lifted_ns;
    }
    return status;
}

enum zta_status zta_measure_lift(struct zta_change *change, const struct zta_measure *measure,
                                 uint64_t action_id)
{
    const struct lift_key key = lift_key_of(measure);
    const int64_t now_ns = zta_change_clock_ns(change);
    const int64_t now_s = now_ns / ZTA_NS_PER_S;
    const int64_t created_s = measure->created_ns / ZTA_NS_PER_S;
    const int64_t spared_s = now_s + (measure->until_s - created_s);
    const int64_t longest_s = created_s + ZTA_MEASURE_EXTENDED_MAX * measure->for_s;
    uint8_t value[ZTA_LIFT_SIZE];
    if (measure->source == ZTA_MEASURE_OF_OPERATOR) {
        return ZTA_INVALID;
    }
    /* On other nodes of a fleet the same may have begun since. */
    zta_put_u64(value, (uint64_t)(measure->created_ns > now_ns ? measure->created_ns : now_ns));
    zta_put_u64(value + ZTA_LIFT_AT_CHANGED, (uint64_t)now_ns);
    zta_put_u64(value + ZTA_LIFT_AT_ACTION, action_id);
    zta_put_u64(value + 24, (uint64_t)spared_s);
    zta_put_u64(value + 32, (uint64_t)(spared_s > longest_s ? spared_s : longest_s));
    const enum zta_status status =
        zta_change_put(change, ZTA_TABLE_POLICY_META, ZTA_BLOB(key.bytes, sizeof(key.bytes)),
                       ZTA_BLOB(value, sizeof(value)));
    if (status == ZTA_OK) {
        zta_measure_touch_lift(change, measure, false);
    }
    return status;
}

enum zta_status zta_measure_unlift(struct zta_change *change, const struct zta_measure *measure)
{
    const struct lift_key key = lift_key_of(measure);
    const enum zta_status status =
        zta_change_remove(change, ZTA_TABLE_POLICY_META, ZTA_BLOB(key.bytes, sizeof(key.bytes)));
    if (status == ZTA_OK) {
        zta_measure_touch_lift(change, measure, true);
    }
    return status;
}

/* ---- the request path ---- */

struct search {
    struct zta_view *view;
    enum zta_env_id env;
    bool of_operators;
    int64_t now_s;
    zta_measure_hold_fn fn;
    void *context;
    struct zta_measure_summary summary;
};

/* Those of operators alone: what automation of other nodes made is as what it makes here. */
static bool is_asked(const struct search *search, const struct zta_measure *measure)
{
    return !search->of_operators || measure->source == ZTA_MEASURE_OF_OPERATOR;
}

static enum zta_status tell_holding(struct search *search, const struct zta_measure_record *record)
{
    for (size_t i = 0; i < record->n; i++) {
        const struct zta_measure *measure = &record->entries[i];
        bool is_over = search->now_s >= measure->until_s || !is_asked(search, measure);
        enum zta_status status = is_over ? ZTA_OK : is_lifted(search->view, measure, &is_over);
        if (status != ZTA_OK) {
            return status;
        }
        if (!is_over) {
            search->fn(search->context, measure);
        }
    }
    return ZTA_OK;
}

static enum zta_status ask(struct search *search, const struct zta_target *target)
{
    struct zta_measure_key key;
    struct zta_blob value;
    struct zta_measure_record record;
    if (search->summary.n[target->kind] == 0) {
        return ZTA_OK;
    }
    zta_measure_key_make(search->env, target, &key);
    const struct zta_blob wanted = ZTA_BLOB(key.bytes, key.size);
    enum zta_status status =
        zta_view_get(search->view, zta_measure_table(search->env), wanted, &value);
    if (status == ZTA_NOT_FOUND) {
        return ZTA_OK;
    }
    if (status == ZTA_OK) {
        status = zta_measure_decode(search->env, wanted, value, &record);
    }
    return status == ZTA_OK ? tell_holding(search, &record) : status;
}

static enum zta_status ask_addr(struct search *search, const struct zta_addr *addr)
{
    static const uint8_t prefixes[][2] = {{32, 64}, {24, 48}};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        const struct zta_target target = {
            .kind = ZTA_TARGET_NETWORK,
            .network = zta_addr_network(addr, prefixes[i][0], prefixes[i][1]),
        };
        enum zta_status status = target.network.addr.family == 0 ? ZTA_OK : ask(search, &target);
        if (status != ZTA_OK) {
            return status;
        }
    }
    return ZTA_OK;
}

static bool has_session(const struct zta_identity *identity)
{
    return identity->session_kind != ZTA_SESSION_NONE;
}

static enum zta_status ask_identity(struct search *search, const struct zta_identity *identity)
{
    struct zta_target targets[4];
    size_t n = 0;
    if (has_session(identity)) {
        targets[n] = (struct zta_target){.kind = ZTA_TARGET_SESSION};
        memcpy(targets[n++].session, identity->session, sizeof(identity->session));
    }
    if (!zta_text_is_absent(identity->subject)) {
        targets[n++] = (struct zta_target){
            .kind = ZTA_TARGET_SUBJECT, .issuer = identity->issuer, .name = identity->subject};
    }
    if (!zta_text_is_absent(identity->client)) {
        targets[n++] = (struct zta_target){
            .kind = ZTA_TARGET_CLIENT, .issuer = identity->issuer, .name = identity->client};
    }
    if (!zta_text_is_absent(identity->apikey)) {
        targets[n++] = (struct zta_target){.kind = ZTA_TARGET_APIKEY, .name = identity->apikey};
    }
    for (size_t i = 0; i < n; i++) {
        enum zta_status status = ask(search, &targets[i]);
        if (status != ZTA_OK) {
            return status;
        }
    }
    return ZTA_OK;
}

/* ZTA_NOT_FOUND: there are no measures. */
static enum zta_status read_summary(struct zta_view *view, enum zta_env_id env,
                                    struct zta_measure_summary *summary)
{
    struct zta_measure_key key;
    struct zta_blob value;
    zta_measure_summary_key(env, &key);
    enum zta_status status =
        zta_view_get(view, zta_measure_table(env), ZTA_BLOB(key.bytes, key.size), &value);
    return status == ZTA_OK ? zta_measure_summary_decode(value, summary) : status;
}

enum zta_status zta_measures_exist(struct zta_view *view, bool are_operators, bool *do_exist)
{
    struct zta_measure_summary summary;
    enum zta_status status =
        read_summary(view, are_operators ? ZTA_ENV_POLICY : ZTA_ENV_STATE, &summary);
    *do_exist = false;
    for (size_t kind = 0; status == ZTA_OK && kind < ZTA_N_TARGET_KINDS; kind++) {
        *do_exist = *do_exist || (kind != ZTA_TARGET_EVERYONE && summary.n[kind] > 0);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_measures_stand(struct zta_view *view, bool are_operators, bool *do_stand)
{
    struct zta_measure_summary summary;
    const enum zta_status status =
        read_summary(view, are_operators ? ZTA_ENV_POLICY : ZTA_ENV_STATE, &summary);
    *do_stand = false;
    for (size_t kind = 0; status == ZTA_OK && kind < ZTA_N_TARGET_KINDS; kind++) {
        *do_stand = *do_stand || summary.n[kind] > 0;
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

static enum zta_status ask_all(struct search *search, const struct zta_measure_question *question)
{
    static const struct zta_target everyone = {.kind = ZTA_TARGET_EVERYONE};
    enum zta_status status = read_summary(search->view, search->env, &search->summary);
    if (status == ZTA_NOT_FOUND) {
        return ZTA_OK;
    }
    if (status == ZTA_OK && question->asks_everyone) {
        status = ask(search, &everyone);
    }
    if (status == ZTA_OK && question->addr != NULL) {
        status = ask_addr(search, question->addr);
    }
    if (status == ZTA_OK && question->identity != NULL) {
        status = ask_identity(search, question->identity);
    }
    return status;
}

enum zta_status zta_measures_find_operators(struct zta_view *view,
                                            const struct zta_measure_question *question,
                                            int64_t now_s, zta_measure_hold_fn fn, void *context)
{
    struct search search = {.view = view,
                            .env = ZTA_ENV_POLICY,
                            .of_operators = true,
                            .now_s = now_s,
                            .fn = fn,
                            .context = context};
    return ask_all(&search, question);
}

enum zta_status zta_measures_find(struct zta_view *view,
                                  const struct zta_measure_question *question, int64_t now_s,
                                  zta_measure_hold_fn fn, void *context)
{
    struct search search = {
        .view = view, .env = ZTA_ENV_POLICY, .now_s = now_s, .fn = fn, .context = context};
    const enum zta_status status = ask_all(&search, question);
    search.env = ZTA_ENV_STATE;
    return status == ZTA_OK ? ask_all(&search, question) : status;
}

/* ---- all of them ---- */

struct listener {
    struct zta_view *view;
    enum zta_env_id env;
    zta_measure_fn fn;
    void *context;
    bool goes_on;
};

static enum zta_status tell_record(struct listener *listener, struct zta_blob key,
                                   struct zta_blob value)
{
    struct zta_measure_record record;
    enum zta_status status = zta_measure_decode(listener->env, key, value, &record);
    for (size_t i = 0; status == ZTA_OK && listener->goes_on && i < record.n; i++) {
        bool is_so = false;
        status = is_lifted(listener->view, &record.entries[i], &is_so);
        if (status == ZTA_OK) {
            listener->goes_on = listener->fn(listener->context, &record.entries[i], is_so);
        }
    }
    return status;
}

static enum zta_status tell_all(struct listener *listener)
{
    struct zta_measure_key from;
    struct zta_walk walk;
    struct zta_blob value;
    zta_measure_summary_key(listener->env, &from);
    const size_t prefix = from.size - 1; /* of the environment, before the kind of target */
    struct zta_blob key = ZTA_BLOB(from.bytes, from.size);
    enum zta_status status =
        zta_walk_begin(listener->view, zta_measure_table(listener->env), &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_seek(&walk, &key, &value);
    while (status == ZTA_OK && listener->goes_on && key.size > prefix &&
           memcmp(key.data, from.bytes, prefix) == 0) {
        /* The summary is no target. */
        if (key.size != from.size) {
            status = tell_record(listener, key, value);
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_measure_each(struct zta_view *view, zta_measure_fn fn, void *context)
{
    struct listener listener = {
        .view = view, .env = ZTA_ENV_POLICY, .fn = fn, .context = context, .goes_on = true};
    enum zta_status status = tell_all(&listener);
    listener.env = ZTA_ENV_STATE;
    return status == ZTA_OK ? tell_all(&listener) : status;
}
