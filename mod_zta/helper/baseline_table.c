/* SPDX-License-Identifier: Apache-2.0 */
/* From an event to a lesson for its subject's baseline. */
#include "mod_zta/helper/baseline_table.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/baselines.h"

static enum zta_status put(struct zta_change *change, const void *record)
{
    return zta_baseline_put(change, record);
}

enum zta_status mod_zta_baseline_table_open(size_t n_subjects, const struct zta_siphash_key *key,
                                            struct mod_zta_hot_table **table)
{
    const struct mod_zta_hot_options options = {
        .n_records = n_subjects,
        .record_size = sizeof(struct zta_baseline),
        .key = *key,
        .put = put,
    };
    return mod_zta_hot_table_open(&options, table);
}

/* Cut: it may have been anything that begins so. */
static bool is_cut(const struct zta_event *event, enum zta_event_text which)
{
    return (event->inexact & 1u << which) != 0 && event->text_len[which] > 0;
}

static bool is_lesson(const struct zta_event *event)
{
    struct zta_stance stance;
    zta_event_stance(event, &stance);
    return stance.modes[ZTA_FEATURE_BEHAVIOUR] != ZTA_MODE_OFF &&
           (event->replay & ZTA_REPLAY_IDENTITY) != 0 && event->text_len[ZTA_EVENT_SUBJECT] > 0 &&
           event->text_len[ZTA_EVENT_ISSUER] > 0 && !is_cut(event, ZTA_EVENT_SUBJECT) &&
           !is_cut(event, ZTA_EVENT_ISSUER);
}

static struct zta_text known_text(const struct zta_event *event, enum zta_event_text which)
{
    const struct zta_text text = zta_event_text(event, which);
    return text.len == 0 || is_cut(event, which) ? (struct zta_text){.data = NULL} : text;
}

static void make_lesson(const struct zta_event *event, const struct zta_event_key *place,
                        struct zta_lesson *lesson)
{
    const struct zta_event_context *context = &event->context;
    const struct zta_text agent = zta_event_text(event, ZTA_EVENT_AGENT);
    const bool is_agent_hidden = is_cut(event, ZTA_EVENT_AGENT) && agent.len < ZTA_AGENT_LOOKED_AT;
    *lesson = (struct zta_lesson){
        .facts =
            {
                .time_s = event->time_ns / ZTA_NS_PER_S,
                .addr = event->addr,
                .asn = context->asn,
                .device = known_text(event, ZTA_EVENT_DEVICE),
                .route = known_text(event, ZTA_EVENT_ROUTE),
                .agent = agent,
                .hidden = is_agent_hidden ? 1u << ZTA_HABIT_AGENT : 0,
            },
        .n_requests = place->weight,
        .bytes_out = event->bytes_out,
        .is_allowed = event->outcome == ZTA_OUTCOME_ALLOW,
    };
    if (context->country[0] != '\0') {
        lesson->facts.country =
            (struct zta_text){.data = context->country, .len = sizeof context->country};
    }
}

/* Two keyed hashes of the names, so that nobody finds two subjects of one id. */
static void make_id(const struct zta_siphash_key *key, struct zta_text issuer,
                    struct zta_text subject, uint8_t id[MOD_ZTA_HOT_ID_SIZE])
{
    const struct zta_siphash_key other = {.k0 = ~key->k0, .k1 = key->k1};
    uint8_t names[ZTA_PRUNE_KEY_MAX + ZTA_EVENT_SIZE];
    struct zta_writer writer;
    zta_writer_init(&writer, names, sizeof names);
    zta_write_text(&writer, issuer);
    zta_write_text(&writer, subject);
    zta_put_u64(id, zta_siphash(key, names, writer.len));
    zta_put_u64(id + sizeof(uint64_t), zta_siphash(&other, names, writer.len));
}

/* ZTA_NOT_FOUND: none, and this event begins none. */
static enum zta_status take_in(struct mod_zta_hot_table *table, struct zta_change *change,
                               const struct zta_event *event, const uint8_t *id,
                               struct zta_baseline **taken)
{
    const struct zta_text issuer = zta_event_text(event, ZTA_EVENT_ISSUER);
    const struct zta_text subject = zta_event_text(event, ZTA_EVENT_SUBJECT);
    struct zta_baseline baseline;
    enum zta_status status = zta_baseline_load(change, issuer, subject, &baseline);
    if (status == ZTA_CORRUPT || (status == ZTA_NOT_FOUND && event->outcome == ZTA_OUTCOME_ALLOW)) {
        /* A record that nobody can read is replaced by what is seen from now on. */
        memset(&baseline, 0, sizeof baseline);
        if (issuer.len >= sizeof baseline.issuer || subject.len >= sizeof baseline.subject) {
            return ZTA_NOT_FOUND;
        }
        memcpy(baseline.issuer, issuer.data, issuer.len);
        memcpy(baseline.subject, subject.data, subject.len);
    }
    else if (status != ZTA_OK) {
        return status;
    }
    void *record;
    status = mod_zta_hot_table_take_in(table, id, &baseline, &record);
    if (status == ZTA_OK) {
        *taken = record;
    }
    return status;
}

enum zta_status mod_zta_baseline_table_note(struct mod_zta_hot_table *table,
                                            struct zta_change *change,
                                            const struct zta_event *event,
                                            const struct zta_event_key *place, int64_t now_ns,
                                            const struct zta_baseline **taught)
{
    uint8_t id[MOD_ZTA_HOT_ID_SIZE];
    *taught = NULL;
    if (!is_lesson(event)) {
        return ZTA_OK;
    }
    make_id(mod_zta_hot_table_key(table), zta_event_text(event, ZTA_EVENT_ISSUER),
            zta_event_text(event, ZTA_EVENT_SUBJECT), id);
    struct zta_baseline *baseline = mod_zta_hot_table_find(table, id);
    if (baseline == NULL) {
        enum zta_status status = take_in(table, change, event, id, &baseline);
        if (status != ZTA_OK) {
            return status == ZTA_NOT_FOUND ? ZTA_OK : status;
        }
    }
    if (baseline->segment_created_ns == place->segment_created_ns &&
        baseline->sequence >= place->sequence) {
        return ZTA_OK;
    }
    struct zta_lesson lesson;
    make_lesson(event, place, &lesson);
    bool is_changed = zta_baseline_learn(baseline, &lesson);
    baseline->segment_created_ns = place->segment_created_ns;
    baseline->sequence = place->sequence;
    mod_zta_hot_table_touch(table, baseline, place->sequence, is_changed, now_ns);
    *taught = baseline;
    return ZTA_OK;
}
