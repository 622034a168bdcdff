/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded requests charged once more, by the arithmetic of shared/live/limits.h. */
#include "admin-tui/limit_use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/evidence/replay.h"
#include "shared/rules/attributes.h"

enum {
    REACH_MAX_S = 600,     /* so far back at most */
    BUCKETS_MAX = 1 << 16, /* that are followed */
    SLOTS = 1 << 17,       /* twice as many */
    CHARGES_MAX = 1 << 21,
    V4_NET = 24, /* what the key `net` counts as one, as docs/rules.md says */
    V6_NET = 48,
};

struct bucket {
    uint64_t tag;
    uint64_t interval_ns;
    uint64_t depth_ns;
    uint64_t arrival_ns; /* GCRA's theoretical one */
    uint32_t rule;
    char caller[CTL_LIMIT_CALLER_SIZE];
};

struct charge {
    int64_t time_ns;
    uint32_t bucket;
    uint32_t n;
    bool is_refused; /* recorded as refused by this very limit: it was full then */
};

struct following {
    const struct ctl_live_set *made;
    struct zta_siphash_key key;
    struct bucket *buckets;
    uint32_t *slots; /* index of a bucket + 1, by tag */
    size_t n_buckets;
    struct charge *charges;
    size_t n_charges;
    size_t n_room;
    bool slows; /* some rule throttles for what it lacks */
    bool is_cut;
};

/* ---- who is counted ---- */

static void print_key(const struct zta_event *event, enum zta_limit_key key, struct zta_text claim,
                      struct zta_buffer *out)
{
    char text[ZTA_CIDR_TEXT_MAX];
    const struct zta_text issuer = zta_event_text(event, ZTA_EVENT_ISSUER);
    struct zta_cidr network;
    switch (key) {
    case ZTA_KEY_IP:
        zta_addr_print(&event->addr, text);
        zta_buffer_string(out, text);
        return;
    case ZTA_KEY_NET:
        network = zta_addr_network(&event->addr, V4_NET, V6_NET);
        zta_cidr_print(&network, text);
        zta_buffer_string(out, text);
        return;
    case ZTA_KEY_ROUTE:
        zta_buffer_text(out, zta_event_text(event, ZTA_EVENT_ROUTE));
        return;
    case ZTA_KEY_ALL:
        zta_buffer_string(out, "everyone");
        return;
    case ZTA_KEY_APIKEY:
        zta_buffer_text(out, zta_event_text(event, ZTA_EVENT_APIKEY));
        return;
    case ZTA_KEY_ISSUER:
        zta_buffer_text(out, issuer);
        return;
    case ZTA_KEY_CLAIM:
        zta_buffer_text(out, claim);
        zta_buffer_string(out, " of ");
        break;
    case ZTA_KEY_SESSION:
        zta_buffer_string(out, "a session of ");
        break;
    case ZTA_KEY_SUBJECT:
    case ZTA_KEY_CLIENT:
    case ZTA_N_KEYS:
        break;
    }
    zta_buffer_text(
        out, zta_event_text(event, key == ZTA_KEY_CLIENT ? ZTA_EVENT_CLIENT : ZTA_EVENT_SUBJECT));
    zta_buffer_string(out, "@");
    zta_buffer_text(out, issuer);
}

static void name_caller(const struct zta_event *event, const struct zta_ast_rule *rule,
                        char caller[CTL_LIMIT_CALLER_SIZE])
{
    struct zta_buffer out;
    zta_buffer_init(&out, caller, CTL_LIMIT_CALLER_SIZE);
    for (size_t i = 0; i < rule->n_keys; i++) {
        zta_buffer_string(&out, i > 0 ? " " : "");
        print_key(event, (enum zta_limit_key)rule->keys[i], rule->key_claims[i], &out);
    }
    if (rule->n_keys == 0) {
        const bool has_subject = zta_event_text(event, ZTA_EVENT_SUBJECT).len > 0;
        print_key(event, has_subject ? ZTA_KEY_SUBJECT : ZTA_KEY_IP, (struct zta_text){0}, &out);
    }
}

/* ---- what was charged ---- */

/* NULL: no more are followed. */
static struct bucket *bucket_of(struct following *following, const struct zta_limit_charge *charge,
                                size_t rule, const struct zta_event *event)
{
    size_t slot = (size_t)charge->tag % SLOTS;
    while (following->slots[slot] != 0) {
        struct bucket *bucket = &following->buckets[following->slots[slot] - 1];
        if (bucket->tag == charge->tag) {
            return bucket;
        }
        slot = (slot + 1) % SLOTS;
    }
    if (following->n_buckets == BUCKETS_MAX) {
        return NULL;
    }
    struct bucket *bucket = &following->buckets[following->n_buckets++];
    following->slots[slot] = (uint32_t)following->n_buckets;
    const uint64_t interval_ns =
        charge->window_s * (uint64_t)ZTA_NS_PER_S / (charge->count > 0 ? charge->count : 1);
    *bucket = (struct bucket){.tag = charge->tag,
                              .interval_ns = interval_ns > 0 ? interval_ns : 1,
                              .rule = (uint32_t)rule};
    bucket->depth_ns = bucket->interval_ns * charge->burst;
    name_caller(event, &following->made->ast->rules[rule], bucket->caller);
    return bucket;
}

static struct charge *new_charge(struct following *following)
{
    if (following->n_charges == following->n_room) {
        const size_t room = following->n_room == 0 ? 4096 : 2 * following->n_room;
        struct charge *grown =
            room > CHARGES_MAX ? NULL : realloc(following->charges, room * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        following->charges = grown;
        following->n_room = room;
    }
    return &following->charges[following->n_charges++];
}

static bool is_refused_by(const struct zta_event *event, struct zta_text name)
{
    return (event->reason == ZTA_REASON_RATE_LIMITED &&
            zta_text_equal(zta_event_text(event, ZTA_EVENT_RULE), name)) ||
           ((event->flags & ZTA_EVENT_MONITORED) != 0 &&
            event->monitor_reason == ZTA_REASON_RATE_LIMITED &&
            zta_text_equal(zta_event_text(event, ZTA_EVENT_MONITOR_RULE), name));
}

static void follow(struct following *following, struct zta_replayed *request,
                   enum zta_limit_phase phase, bool refused_only)
{
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
    const size_t n =
        zta_replay_limits(request, following->made->set, phase, &following->key, charges);
    for (size_t i = 0; i < n; i++) {
        const struct zta_text name = zta_text_of(charges[i].name);
        const bool is_refused = is_refused_by(request->event, name);
        const size_t rule = ctl_live_find_rule(following->made->ast, name);
        if (rule == SIZE_MAX || charges[i].burst == 0 || (refused_only && !is_refused)) {
            continue;
        }
        const struct bucket *bucket = bucket_of(following, &charges[i], rule, request->event);
        struct charge *charge = bucket == NULL ? NULL : new_charge(following);
        if (charge == NULL) {
            following->is_cut = true;
            return;
        }
        *charge = (struct charge){.time_ns = request->event->time_ns,
                                  .bucket = (uint32_t)(bucket - following->buckets),
                                  .n = request->weight > UINT32_MAX ? UINT32_MAX
                                                                    : (uint32_t)request->weight,
                                  .is_refused = is_refused};
    }
}

static void see(void *context, unsigned worker, struct zta_replayed *request)
{
    struct following *following = context;
    const bool came_to_rules = request->state == ZTA_REPLAY_IS_READY;
    struct zta_decision decision;
    if (request->state == ZTA_REPLAY_IS_UNRECORDED) {
        return;
    }
    follow(following, request, ZTA_LIMIT_BEFORE, false);
    /* Who was refused before limits on identity were asked was charged to none of them. */
    follow(following, request, ZTA_LIMIT_AFTER, !came_to_rules);
    if (came_to_rules && following->slows &&
        zta_replay_judge(request, following->made->set, NULL, &decision) && decision.is_slowed) {
        follow(following, request, ZTA_LIMIT_ELSE, false);
    }
}

/* ---- how full that makes them ---- */

static int by_time(const void *a, const void *b)
{
    const struct charge *one = a;
    const struct charge *other = b;
    return one->time_ns < other->time_ns ? -1 : one->time_ns > other->time_ns;
}

static uint64_t used_at(const struct bucket *bucket, int64_t now_ns)
{
    const uint64_t now = (uint64_t)now_ns;
    return bucket->arrival_ns > now ? bucket->arrival_ns - now : 0;
}

/* A refused request changes nothing, but tells that there was no room for one. */
static void charge_bucket(struct bucket *bucket, const struct charge *charge)
{
    const uint64_t used = used_at(bucket, charge->time_ns);
    const uint64_t room =
        used < bucket->depth_ns ? (bucket->depth_ns - used) / bucket->interval_ns : 0;
    uint64_t after = used + (charge->n < room ? charge->n : room) * bucket->interval_ns;
    if (charge->is_refused) {
        after = used > bucket->depth_ns - bucket->interval_ns ? used : bucket->depth_ns;
    }
    bucket->arrival_ns = (uint64_t)charge->time_ns + after;
}

static unsigned percent_of(const struct bucket *bucket, int64_t now_ns)
{
    const uint64_t used = used_at(bucket, now_ns);
    const uint64_t percent = (uint64_t)((unsigned __int128)used * 100 / bucket->depth_ns);
    return percent > 100 ? 100 : (unsigned)percent;
}

static void keep_fullest(struct ctl_limit_use *use, const struct bucket *bucket, unsigned percent)
{
    size_t at = use->n_fullest;
    while (at > 0 && use->fullest[at - 1].percent < percent) {
        at--;
    }
    if (at == CTL_LIMIT_CALLERS) {
        return;
    }
    use->n_fullest += use->n_fullest < CTL_LIMIT_CALLERS;
    memmove(&use->fullest[at + 1], &use->fullest[at],
            (use->n_fullest - 1 - at) * sizeof use->fullest[0]);
    memcpy(use->fullest[at].caller, bucket->caller, sizeof bucket->caller);
    use->fullest[at].percent = percent;
}

static void sum_up(struct following *following, int64_t now_ns, struct ctl_limit_use *uses,
                   struct ctl_limit_question *question)
{
    if (following->n_charges > 1) {
        qsort(following->charges, following->n_charges, sizeof *following->charges, by_time);
    }
    for (size_t i = 0; i < following->n_charges; i++) {
        charge_bucket(&following->buckets[following->charges[i].bucket], &following->charges[i]);
    }
    for (size_t i = 0; i < following->n_buckets; i++) {
        const struct bucket *bucket = &following->buckets[i];
        struct ctl_limit_use *use = &uses[bucket->rule];
        const unsigned percent = percent_of(bucket, now_ns);
        if (question != NULL && question->number == bucket->rule &&
            zta_text_equal(question->wanted, zta_text_of(bucket->caller))) {
            question->is_found = true;
            question->percent = percent > question->percent ? percent : question->percent;
        }
        if (used_at(bucket, now_ns) == 0) {
            continue;
        }
        use->n_used++;
        use->n_near += percent >= CTL_LIMIT_NEAR_PERCENT;
        use->percent = percent > use->percent ? percent : use->percent;
        keep_fullest(use, bucket, percent);
    }
}

/* Until when what a request charged is gone again; 0: its rate is none that counts. */
static uint64_t reach_s(const struct zta_ast_rule *rule)
{
    const struct zta_ast_rate *rate = &rule->rate;
    const bool is_limit = rule->kind == ZTA_RULE_LIMIT || rule->otherwise == ZTA_ELSE_THROTTLE;
    if (!is_limit || rate->count == 0) {
        return 0;
    }
    const unsigned __int128 reach =
        ((unsigned __int128)rate->window_s * rate->burst + rate->count - 1) / rate->count;
    return reach > UINT32_MAX ? UINT32_MAX : (uint64_t)reach;
}

static uint64_t prepare(struct following *following, struct ctl_limit_use *uses)
{
    const struct zta_rules_ast *ast = following->made->ast;
    uint64_t longest_s = 0;
    for (size_t i = 0; i < ast->n_rules; i++) {
        const uint64_t each_s = reach_s(&ast->rules[i]);
        uses[i] = (struct ctl_limit_use){.is_known = each_s > 0, .is_whole = each_s <= REACH_MAX_S};
        longest_s = each_s > longest_s ? each_s : longest_s;
        following->slows |= ast->rules[i].otherwise == ZTA_ELSE_THROTTLE;
    }
    return longest_s < REACH_MAX_S ? longest_s : REACH_MAX_S;
}

enum zta_status ctl_limit_uses(struct zta_store *store, const struct ctl_live_set *made,
                               struct ctl_limit_use *uses, struct ctl_limit_question *question,
                               bool *is_cut)
{
    const int64_t now_ns = zta_clock_real_ns();
    struct following following = {.made = made};
    const int64_t from_ns = now_ns - (int64_t)prepare(&following, uses) * ZTA_NS_PER_S;
    const struct zta_replay_options options = {.from_ns = from_ns,
                                               .until_ns = now_ns + ZTA_NS_PER_S,
                                               .n_workers = 1,
                                               .fn = see,
                                               .context = &following};
    struct zta_replay_covered covered;
    following.buckets = malloc(BUCKETS_MAX * sizeof *following.buckets);
    following.slots = calloc(SLOTS, sizeof *following.slots);
    enum zta_status status = ZTA_NO_MEMORY;
    if (following.buckets != NULL && following.slots != NULL) {
        status = from_ns == now_ns ? ZTA_OK : zta_replay_run(store, &options, &covered);
    }
    if (status == ZTA_OK) {
        sum_up(&following, now_ns, uses, question);
        *is_cut = following.is_cut;
    }
    free(following.buckets);
    free(following.slots);
    free(following.charges);
    return status;
}
