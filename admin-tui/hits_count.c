/* SPDX-License-Identifier: Apache-2.0 */
/* Counting sessions and requests that a change is about. */
#include <stdlib.h>
#include <string.h>

#include "admin-tui/hits.h"
#include "admin-tui/output.h"
#include "admin-tui/progress.h"
#include "admin-tui/sessions.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/repeats.h"

struct counting {
    const struct ctl_sought *sought;
    struct ctl_hits_walk *walk;
    struct ctl_hits *hits;
    size_t n; /* of this part */
};

enum {
    PART = 2000, /* sessions, or events, in a part of a count: some milliseconds */
    TAGGED = 32, /* bytes of a name that its tag is made of */
};

/* Sessions of these kinds are refused by their login, together with others of the same names. */
static bool is_login(enum zta_session_kind kind)
{
    return kind != ZTA_SESSION_SID && kind != ZTA_SESSION_APIKEY;
}

/* ---- many sessions ---- */

static unsigned tag_of_id(const uint8_t id[ZTA_SESSION_ID_SIZE])
{
    return (unsigned)id[0] << 8 | id[1]; /* of a digest: as good as random */
}

/* What a session's record or an event cuts is longer than what counts here. */
static unsigned tag_of_names(struct zta_text issuer, struct zta_text subject,
                             struct zta_text client)
{
    const struct zta_text names[] = {issuer, subject, client};
    uint32_t sum = 2166136261; /* FNV-1a */
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        for (size_t i = 0; i < names[n].len && i < TAGGED; i++) {
            sum = (sum ^ (uint8_t)names[n].data[i]) * 16777619;
        }
        sum = (sum ^ 0xff) * 16777619;
    }
    return (sum ^ sum >> 16) & (CTL_HITS_TAGS - 1);
}

static void add_tag(struct ctl_hits_walk *walk, unsigned tag)
{
    walk->tags[tag / 8] = (uint8_t)(walk->tags[tag / 8] | 1u << tag % 8);
}

static bool has_tag(const struct ctl_hits_walk *walk, unsigned tag)
{
    return (walk->tags[tag / 8] & 1u << tag % 8) != 0;
}

/* So that a thousand sessions are not each compared with a million events. */
static void tag_targets(const struct ctl_sought *sought, struct ctl_hits_walk *walk)
{
    walk->has_tags = sought->n_blocks == 0;
    for (size_t i = 0; i < sought->n_targets; i++) {
        const struct zta_revocation *record = &sought->targets[i].record;
        walk->has_tags = walk->has_tags && record->kind == ZTA_REVOKE_SESSION;
        add_tag(walk, tag_of_id(record->session));
        add_tag(walk, tag_of_names(record->issuer, record->subject, record->client));
    }
}

static bool may_be_session(const struct ctl_hits_walk *walk, const struct zta_session *session)
{
    return !walk->has_tags || has_tag(walk, tag_of_id(session->id)) ||
           has_tag(walk, tag_of_names(zta_text_of(session->issuer), zta_text_of(session->subject),
                                      zta_text_of(session->client)));
}

static bool may_be_event(const struct ctl_hits_walk *walk, const struct zta_event *event)
{
    const uint32_t names =
        1u << ZTA_EVENT_ISSUER | 1u << ZTA_EVENT_SUBJECT | 1u << ZTA_EVENT_CLIENT;
    return !walk->has_tags || (event->inexact & names) != 0 ||
           has_tag(walk, tag_of_id(event->session)) ||
           has_tag(walk, tag_of_names(zta_event_text(event, ZTA_EVENT_ISSUER),
                                      zta_event_text(event, ZTA_EVENT_SUBJECT),
                                      zta_event_text(event, ZTA_EVENT_CLIENT)));
}

/* ---- sessions ---- */

static bool is_subject(const struct zta_session *session, struct zta_text issuer,
                       struct zta_text subject)
{
    return ctl_session_is_named(session->issuer, sizeof session->issuer, issuer) &&
           ctl_session_is_named(session->subject, sizeof session->subject, subject);
}

static bool is_hit(const struct zta_session *session, const struct ctl_target *target)
{
    const struct zta_revocation *record = &target->record;
    switch (record->kind) {
    case ZTA_REVOKE_SESSION:
        return memcmp(session->id, record->session, sizeof session->id) == 0 ||
               (is_login(session->kind) && is_login(record->session_kind) &&
                is_subject(session, record->issuer, record->subject) &&
                ctl_session_is_named(session->client, sizeof session->client, record->client));
    case ZTA_REVOKE_SUBJECT:
        return is_subject(session, record->issuer, record->subject);
    case ZTA_REVOKE_CLIENT:
        return ctl_session_is_named(session->issuer, sizeof session->issuer, record->issuer) &&
               ctl_session_is_named(session->client, sizeof session->client, record->client);
    case ZTA_REVOKE_ISSUER:
        return ctl_session_is_named(session->issuer, sizeof session->issuer, record->issuer);
    case ZTA_REVOKE_APIKEY:
        return session->credential == ZTA_CREDENTIAL_APIKEY &&
               ctl_session_is_named(session->apikey, sizeof session->apikey,
                                    zta_text_of(target->key_name));
    case ZTA_REVOKE_DEVICE:
        return false; /* no session's record says from which device it comes */
    case ZTA_REVOKE_TOKEN:
        return memcmp(session->token_id, record->token_id.bytes, sizeof session->token_id) == 0;
    }
    return false;
}

static bool is_blocked(const struct zta_session *session, const struct zta_block *block)
{
    switch (block->kind) {
    case ZTA_BLOCK_NETWORK:
        return zta_cidr_contains(&block->network, &session->addr);
    case ZTA_BLOCK_SUBJECT:
        return is_subject(session, block->issuer, block->subject);
    }
    return false;
}

static bool is_any_blocked(const struct zta_session *session, const struct ctl_sought *sought)
{
    size_t i = 0;
    while (i < sought->n_blocks && !is_blocked(session, &sought->blocks[i])) {
        i++;
    }
    return i < sought->n_blocks;
}

static bool count(void *context, const struct zta_session *session)
{
    struct counting *counting = context;
    const struct ctl_sought *sought = counting->sought;
    bool is_counted = is_any_blocked(session, sought);
    const size_t n = may_be_session(counting->walk, session) ? sought->n_targets : 0;
    for (size_t i = 0; i < n && !is_counted; i++) {
        is_counted = is_hit(session, &sought->targets[i]);
    }
    if (is_counted) {
        struct ctl_hits *hits = counting->hits;
        const int64_t now_s = counting->walk->now_ns / ZTA_NS_PER_S;
        const bool is_living = session->expires_s == 0 || session->expires_s > now_s;
        hits->n += is_living;
        hits->n_expired += !is_living;
        hits->last_s = session->last_s > hits->last_s ? session->last_s : hits->last_s;
    }
    return true;
}

/* Is the target that very session, whatever others are like? */
static bool is_one_session(const struct ctl_target *target)
{
    return target->record.kind == ZTA_REVOKE_SESSION && !is_login(target->record.session_kind);
}

static bool is_devices(const struct ctl_sought *sought)
{
    size_t n = 0;
    while (n < sought->n_targets && sought->targets[n].record.kind == ZTA_REVOKE_DEVICE) {
        n++;
    }
    return sought->n_targets > 0 && n == sought->n_targets && sought->n_blocks == 0;
}

static enum zta_status count_each(struct zta_view *view, struct counting *counting)
{
    for (size_t i = 0; i < counting->sought->n_targets; i++) {
        struct zta_session session;
        enum zta_status status =
            zta_session_get(view, counting->sought->targets[i].record.session, &session);
        if (status == ZTA_OK) {
            (void)count(counting, &session);
        }
        else if (status != ZTA_NOT_FOUND) {
            return status;
        }
    }
    return ZTA_OK;
}

static bool count_walked(void *context, const struct zta_session *session)
{
    struct counting *counting = context;
    counting->walk->n_walked++;
    return count(context, session);
}

static enum zta_status count_sessions(struct zta_view *view, struct counting *counting)
{
    static const uint8_t end[ZTA_SESSION_ID_SIZE];
    const struct ctl_sought *sought = counting->sought;
    struct ctl_hits_walk *walk = counting->walk;
    enum zta_status status;
    size_t n_single = 0;
    while (n_single < sought->n_targets && is_one_session(&sought->targets[n_single])) {
        n_single++;
    }
    if (n_single == sought->n_targets && sought->n_blocks == 0) {
        status = count_each(view, counting);
    }
    else {
        status = zta_session_each_from(view, walk->place, PART, count_walked, counting);
    }
    walk->has_sessions = memcmp(walk->place, end, sizeof end) == 0;
    return status;
}

/* ---- requests ---- */

/* What is longer than an event keeps is the same as far as it is kept. */
static bool is_text(const struct zta_event *event, enum zta_event_text which, struct zta_text text)
{
    const struct zta_text kept = zta_event_text(event, which);
    const bool is_cut = (event->inexact & 1u << which) != 0 && kept.len > 0;
    return is_cut && text.len > kept.len
               ? zta_text_starts_with(text, kept)
               : zta_text_equal(kept, zta_text_is_absent(text) ? ZTA_TEXT("") : text);
}

static bool is_of_subject(const struct zta_event *event, struct zta_text issuer,
                          struct zta_text subject)
{
    return is_text(event, ZTA_EVENT_ISSUER, issuer) && is_text(event, ZTA_EVENT_SUBJECT, subject);
}

static bool has_asked(const struct zta_event *event, const struct ctl_target *target)
{
    const struct zta_revocation *record = &target->record;
    switch (record->kind) {
    case ZTA_REVOKE_SESSION:
        return memcmp(event->session, record->session, sizeof event->session) == 0 ||
               (is_login((enum zta_session_kind)event->session_kind) &&
                is_login(record->session_kind) &&
                is_of_subject(event, record->issuer, record->subject) &&
                is_text(event, ZTA_EVENT_CLIENT, record->client));
    case ZTA_REVOKE_SUBJECT:
        return is_of_subject(event, record->issuer, record->subject);
    case ZTA_REVOKE_CLIENT:
        return is_text(event, ZTA_EVENT_ISSUER, record->issuer) &&
               is_text(event, ZTA_EVENT_CLIENT, record->client);
    case ZTA_REVOKE_ISSUER:
        return is_text(event, ZTA_EVENT_ISSUER, record->issuer);
    case ZTA_REVOKE_APIKEY:
        return event->credential == ZTA_CREDENTIAL_APIKEY &&
               is_text(event, ZTA_EVENT_APIKEY, zta_text_of(target->key_name));
    case ZTA_REVOKE_DEVICE:
        return is_text(event, ZTA_EVENT_DEVICE, record->device);
    case ZTA_REVOKE_TOKEN:
        return memcmp(event->token_id, record->token_id.bytes, sizeof event->token_id) == 0;
    }
    return false;
}

static bool was_from(const struct zta_event *event, const struct zta_block *block)
{
    switch (block->kind) {
    case ZTA_BLOCK_NETWORK:
        return zta_cidr_contains(&block->network, &event->addr);
    case ZTA_BLOCK_SUBJECT:
        return is_of_subject(event, block->issuer, block->subject);
    }
    return false;
}

static bool was_from_any(const struct zta_event *event, const struct ctl_sought *sought)
{
    size_t i = 0;
    while (i < sought->n_blocks && !was_from(event, &sought->blocks[i])) {
        i++;
    }
    return i < sought->n_blocks;
}

static void count_request(struct counting *counting, const struct zta_event *event, uint64_t weight)
{
    const struct ctl_sought *sought = counting->sought;
    bool is_counted = was_from_any(event, sought);
    const size_t n = may_be_event(counting->walk, event) ? sought->n_targets : 0;
    for (size_t i = 0; i < n && !is_counted; i++) {
        is_counted = has_asked(event, &sought->targets[i]);
    }
    if (is_counted) {
        counting->hits->n_requests += weight;
        counting->hits->n_allowed += event->outcome == ZTA_OUTCOME_ALLOW ? weight : 0;
    }
}

static int64_t period_from_ns(const struct ctl_hits_walk *walk)
{
    return walk->now_ns - CTL_HITS_PERIOD_S * ZTA_NS_PER_S;
}

static bool see_event(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    struct counting *counting = context;
    struct ctl_hits_walk *walk = counting->walk;
    walk->event = *key;
    walk->time_ns = event->time_ns;
    if (event->time_ns >= period_from_ns(walk)) {
        count_request(counting, event, key->weight);
    }
    return ++counting->n < PART;
}

static bool see_repeat(void *context, const struct zta_repeat *repeat)
{
    struct counting *counting = context;
    if (repeat->is_various) {
        counting->hits->n_apart += repeat->n;
    }
    else {
        count_request(counting, &repeat->event, repeat->n);
    }
    return true;
}

static bool take_first(void *context, const struct zta_event_key *key,
                       const struct zta_event *event)
{
    *(struct zta_event *)context = *event;
    return false;
}

/* To what stands in front of it, which may have been removed or never been. */
static void step_before(struct zta_event_key *key)
{
    if (key->sequence > 0) {
        key->sequence--;
    }
    else if (key->segment_created_ns > 0) {
        *key = (struct zta_event_key){.segment_created_ns = key->segment_created_ns - 1,
                                      .segment_id = UINT64_MAX,
                                      .sequence = UINT64_MAX};
    }
}

/* In front of the first event of the period, or of as many as are looked through. */
static enum zta_status seek_events(struct zta_view *view, struct counting *counting)
{
    struct ctl_hits_walk *walk = counting->walk;
    struct zta_event_key *blocks = NULL;
    size_t n = 0;
    enum zta_status status = zta_events_blocks(view, period_from_ns(walk), &blocks, &n);
    if (status != ZTA_OK) {
        return status;
    }
    if (n > CTL_HITS_BLOCKS_MAX) {
        struct zta_event first;
        walk->event = blocks[n - CTL_HITS_BLOCKS_MAX];
        status = zta_events_each_of_block(view, &walk->event, take_first, &first);
        counting->hits->since_s = status == ZTA_OK ? first.time_ns / ZTA_NS_PER_S : 0;
    }
    else if (n > 0) {
        walk->event = blocks[0];
    }
    walk->is_done = n == 0;
    step_before(&walk->event);
    free(blocks);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

static enum zta_status count_requests(struct zta_view *view, struct counting *counting)
{
    struct ctl_hits_walk *walk = counting->walk;
    enum zta_status status = ZTA_OK;
    if (walk->time_ns == 0) {
        const int64_t from_s = period_from_ns(walk) / ZTA_NS_PER_S;
        walk->time_ns = period_from_ns(walk);
        status = seek_events(view, counting);
        if (status == ZTA_OK) {
            status = zta_repeat_each(view, from_s, see_repeat, counting);
        }
    }
    if (status == ZTA_OK && !walk->is_done) {
        status = zta_event_each_after(view, &walk->event, see_event, counting);
        walk->is_done = counting->n < PART;
    }
    return status;
}

/* ---- both ---- */

enum zta_status ctl_hits_count_part(struct zta_store *store, const struct ctl_sought *sought,
                                    struct ctl_hits_walk *walk, struct ctl_hits *hits)
{
    struct zta_view *view = NULL;
    struct counting counting = {.sought = sought, .walk = walk, .hits = hits};
    if (!walk->has_begun) {
        *hits = (struct ctl_hits){.has_sessions = !is_devices(sought)};
        walk->has_begun = true;
        walk->has_sessions = !hits->has_sessions;
        walk->now_ns = zta_clock_real_ns();
        tag_targets(sought, walk);
    }
    enum zta_status status = zta_view_begin(store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    if (!walk->has_sessions) {
        status = count_sessions(view, &counting);
    }
    else {
        status = count_requests(view, &counting);
    }
    zta_view_end(&view);
    return status;
}

int ctl_hits_percent(const struct ctl_hits_walk *walk, uint64_t n_sessions)
{
    /* Each of the two is half of it: neither's length is known before. */
    if (!walk->has_sessions) {
        return n_sessions == 0 ? 0 : (int)(50 * walk->n_walked / n_sessions);
    }
    const int64_t behind_ns = walk->time_ns == 0 ? 0 : walk->time_ns - period_from_ns(walk);
    const int64_t part = 50 * (behind_ns / ZTA_NS_PER_S) / CTL_HITS_PERIOD_S;
    return 50 + (int)(part < 0 ? 0 : part > 50 ? 50 : part);
}

static enum zta_status count_of_all(struct zta_store *store, uint64_t *n)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(store, &view);
    if (status == ZTA_OK) {
        status = zta_session_count(view, n);
        zta_view_end(&view);
    }
    return status;
}

enum ctl_exit ctl_hits_count(const struct ctl *ctl, const struct ctl_sought *sought,
                             struct ctl_hits *hits)
{
    struct ctl_hits_walk walk = {.is_done = false};
    struct ctl_progress progress;
    uint64_t n_sessions = 0;
    enum zta_status status = count_of_all(ctl->store, &n_sessions);
    ctl_progress_begin(&progress, ctl, "counting whom this hits");
    while (status == ZTA_OK && !walk.is_done) {
        status = ctl_hits_count_part(ctl->store, sought, &walk, hits);
        ctl_progress_tell(&progress, ctl_hits_percent(&walk, n_sessions));
    }
    ctl_progress_end(&progress);
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "counting whom this hits");
}
