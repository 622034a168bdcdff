/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch found is a list of tasks; the store is touched for these alone. */
#include "mod_zta/helper/risk_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/helper/occurrence.h"
#include "mod_zta/helper/recent_table.h"
#include "shared/base/clock.h"
#include "shared/identity.h"
#include "shared/risk/detect.h"
#include "shared/risk/place.h"
#include "shared/risk/recorded.h"
#include "shared/risk/sighting.h"
#include "shared/rules/tuning.h"
#include "shared/store/fleet_risks.h"
#include "shared/store/risks.h"

/* As many as have something to do within a window; 40 MB when all of it was used. */
#define N_SESSIONS  65536
#define N_ADDRESSES 65536
#define N_SUBJECTS  65536

/* Records of addresses, of some hundred bytes each: strangers make them. */
#define ADDRESS_RECORDS_MAX 65536

/* More than that of one batch finds nothing any more, which is counted. */
#define TASKS_MAX (4 * MOD_ZTA_BATCH_MAX)

/* A place that stays is written so seldom: a journey is not shorter. */
#define PLACE_REFRESH_NS (30 * ZTA_NS_PER_S)

/* An anomaly score from which on the signal has its whole weight: four critical rules of CRS. */
#define WAF_FULL 20

#define MIB_SHIFT 20

/* Of a second, what a fleet is told of: strangers raise risk of addresses, not of sessions. */
#define TOLD_SESSIONS_MAX  16
#define TOLD_ADDRESSES_MAX 4
#define TOLD_LATE_S        600

struct session_entry {
    struct zta_session_watch watch;
    uint64_t agent;      /* hash of the last that was let in */
    uint32_t generation; /* of the table, when agent was noted; another: it may not be stored */
    int64_t rate_ns;     /* last anomaly of either */
    int64_t volume_ns;
    bool has_subject;
    uint8_t subject[MOD_ZTA_RECENT_ID_SIZE];
};

struct subject_entry {
    struct zta_risk_place places[ZTA_N_RISK_FAMILIES]; /* as written */
    uint32_t generation;
};

enum task_kind {
    TASK_FOUND = 0, /* by a detector */
    TASK_RAISED,    /* by the request: the number of its entry is in `entry` */
    TASK_AGENT,
    TASK_PLACE,
};

struct task {
    enum task_kind kind;
    uint16_t index; /* of the batch */
    uint8_t entry;
    uint8_t share;
    enum zta_risk_kept_for owner; /* FOUND: of one of them */
    enum zta_risk_signal signal;
    char evidence[ZTA_RISK_EVIDENCE_MAX];
};

struct mod_zta_risk_table {
    struct zta_siphash_key key;
    struct mod_zta_recent_table *sessions;
    struct mod_zta_recent_table *addresses;
    struct mod_zta_recent_table *subjects;
    const struct zta_ruleset *set;
    struct mod_zta_occurrence occurrence; /* of the event at hand */
    uint32_t generation;                  /* rises when noted things were not stored; never 0 */
    size_t n_tasks;
    size_t n_applied; /* of them, in the change that is open */
    int64_t told_s;   /* the second that is counted: noted for a fleet, by kind */
    unsigned n_told_sessions;
    unsigned n_told_addresses;
    uint64_t n_lost;
    uint64_t n_displaced;  /* addresses that gave way to others, or did not come in */
    uint64_t n_displacing; /* the same in the change that is open */
    struct task tasks[TASKS_MAX];
};

void mod_zta_risk_table_close(struct mod_zta_risk_table **table)
{
    if (*table != NULL) {
        mod_zta_recent_table_close(&(*table)->sessions);
        mod_zta_recent_table_close(&(*table)->addresses);
        mod_zta_recent_table_close(&(*table)->subjects);
        free(*table);
        *table = NULL;
    }
}

enum zta_status mod_zta_risk_table_open(const struct zta_siphash_key *key,
                                        struct mod_zta_risk_table **table)
{
    struct mod_zta_risk_table *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->key = *key;
    opened->generation = 1;
    enum zta_status status =
        mod_zta_recent_table_open(N_SESSIONS, sizeof(struct session_entry), key, &opened->sessions);
    if (status == ZTA_OK) {
        status = mod_zta_recent_table_open(N_ADDRESSES, sizeof(struct zta_address_watch), key,
                                           &opened->addresses);
    }
    if (status == ZTA_OK) {
        status = mod_zta_recent_table_open(N_SUBJECTS, sizeof(struct subject_entry), key,
                                           &opened->subjects);
    }
    if (status != ZTA_OK) {
        mod_zta_risk_table_close(&opened);
        return status;
    }
    *table = opened;
    return ZTA_OK;
}

void mod_zta_risk_table_use(struct mod_zta_risk_table *table, const struct zta_ruleset *set)
{
    table->set = set;
}

/* What the signals of this event are worth, by the rules and what it says of its request. */
static void tune(struct mod_zta_risk_table *table, const struct zta_event *event,
                 struct zta_risk_tuning *tuning)
{
    struct mod_zta_occurrence *occurrence = &table->occurrence;
    if (table->set == NULL) {
        zta_risk_tuning_init(tuning);
        return;
    }
    mod_zta_occurrence_make(event, &table->key, occurrence);
    zta_rules_signals(table->set, &occurrence->facts, &occurrence->stance,
                      event->time_ns / ZTA_NS_PER_S, tuning);
}

/* ---- watching ---- */

static struct task *add_task(struct mod_zta_risk_table *table, enum task_kind kind, size_t index)
{
    if (table->n_tasks == TASKS_MAX) {
        table->n_lost++;
        return NULL;
    }
    struct task *task = &table->tasks[table->n_tasks++];
    *task = (struct task){.kind = kind, .index = (uint16_t)index, .share = 100};
    return task;
}

static void add_found(struct mod_zta_risk_table *table, size_t index, enum zta_risk_kept_for owner,
                      const struct zta_finding *finding, unsigned share)
{
    struct task *task = add_task(table, TASK_FOUND, index);
    if (task != NULL) {
        task->owner = owner;
        task->signal = finding->signal;
        task->share = (uint8_t)share;
        memcpy(task->evidence, finding->evidence, sizeof task->evidence);
    }
}

/* Two keyed hashes of the names, so that nobody finds two subjects of one id. */
static void make_subject(const struct mod_zta_risk_table *table, const struct zta_event *event,
                         uint8_t id[MOD_ZTA_RECENT_ID_SIZE])
{
    const struct zta_siphash_key other = {.k0 = ~table->key.k0, .k1 = table->key.k1};
    uint8_t names[ZTA_EVENT_SIZE];
    struct zta_writer writer;
    zta_writer_init(&writer, names, sizeof names);
    zta_write_text(&writer, zta_event_text(event, ZTA_EVENT_ISSUER));
    zta_write_text(&writer, zta_event_text(event, ZTA_EVENT_SUBJECT));
    zta_put_u64(id, zta_siphash(&table->key, names, writer.len));
    zta_put_u64(id + sizeof(uint64_t), zta_siphash(&other, names, writer.len));
}

static struct zta_risk_place place_of(const struct zta_event *event)
{
    struct zta_risk_place place = {
        .at = {.latitude = event->risk.latitude,
               .longitude = event->risk.longitude,
               .radius_km = event->risk.radius_km},
        .asn = event->context.asn,
        .when_s = event->time_ns / ZTA_NS_PER_S,
    };
    memcpy(place.country, event->context.country, sizeof place.country);
    return place;
}

static bool is_same_place(const struct zta_risk_place *a, const struct zta_risk_place *b)
{
    return a->at.latitude == b->at.latitude && a->at.longitude == b->at.longitude &&
           a->at.radius_km == b->at.radius_km && a->asn == b->asn &&
           memcmp(a->country, b->country, sizeof a->country) == 0;
}

static bool has_subject(const struct zta_event *event)
{
    return event->text_len[ZTA_EVENT_SUBJECT] > 0 &&
           (event->inexact & (1u << ZTA_EVENT_SUBJECT | 1u << ZTA_EVENT_ISSUER)) == 0;
}

/* Where its subject is now. A request that took long says where it was. */
static void watch_place(struct mod_zta_risk_table *table, size_t index,
                        const struct zta_event *event, struct session_entry *session)
{
    const struct zta_risk_place place = place_of(event);
    /* Programs with a key are wherever they run, which says nothing of where the owner is. */
    if (event->addr.family == 0 || !has_subject(event) ||
        event->session_kind == ZTA_SESSION_APIKEY) {
        return;
    }
    if (!session->has_subject) {
        make_subject(table, event, session->subject);
        session->has_subject = true;
    }
    struct subject_entry *subject = mod_zta_recent_table_see(table->subjects, session->subject);
    if (subject->generation != table->generation) {
        *subject = (struct subject_entry){.generation = table->generation};
    }
    struct zta_risk_place *known = &subject->places[zta_risk_family_of(&event->addr)];
    if (place.when_s < known->when_s ||
        (is_same_place(&place, known) &&
         place.when_s - known->when_s < PLACE_REFRESH_NS / ZTA_NS_PER_S)) {
        return;
    }
    *known = place;
    (void)add_task(table, TASK_PLACE, index);
}

static void watch_agent(struct mod_zta_risk_table *table, size_t index,
                        const struct zta_event *event, struct session_entry *session)
{
    const struct zta_text agent = zta_event_text(event, ZTA_EVENT_AGENT);
    const uint64_t mark = zta_siphash(&table->key, agent.data, agent.len);
    if ((session->agent == mark && session->generation == table->generation) ||
        (event->inexact & 1u << ZTA_EVENT_AGENT) != 0) {
        return;
    }
    session->agent = mark;
    session->generation = table->generation;
    (void)add_task(table, TASK_AGENT, index);
}

static void watch_session(struct mod_zta_risk_table *table, size_t index,
                          const struct zta_event *event, const struct zta_sighting *sighting)
{
    const unsigned entered = ZTA_SIGHTING_ENTERED | ZTA_SIGHTING_ALLOWED;
    struct zta_findings findings = {.n = 0};
    struct session_entry *session = mod_zta_recent_table_see(table->sessions, event->session);
    zta_detect_session(&session->watch, sighting, &findings);
    for (size_t i = 0; i < findings.n; i++) {
        /* The address has its own count of what is missing, of all who come from there. */
        add_found(table, index,
                  findings.items[i].signal == ZTA_RISK_ENUMERATION ? ZTA_RISK_KEPT_FOR_SESSION
                                                                   : ZTA_RISK_KEPT_FOR_BOTH,
                  &findings.items[i], 100);
    }
    if ((sighting->traits & entered) == entered) {
        watch_agent(table, index, event, session);
        watch_place(table, index, event, session);
    }
}

static void watch_address(struct mod_zta_risk_table *table, size_t index,
                          const struct zta_event *event, const struct zta_sighting *sighting)
{
    const struct zta_cidr network = zta_addr_network(&event->addr, 32, 64);
    uint8_t id[MOD_ZTA_RECENT_ID_SIZE];
    struct zta_findings findings = {.n = 0};
    memcpy(id, network.addr.bytes, sizeof id);
    id[sizeof id - 1] = event->addr.family; /* the last bytes of both are zero */
    zta_detect_address(mod_zta_recent_table_see(table->addresses, id), sighting, &findings);
    for (size_t i = 0; i < findings.n; i++) {
        add_found(table, index, ZTA_RISK_KEPT_FOR_ADDRESS, &findings.items[i], 100);
    }
}

/* Who holds the token of another without its key says nothing of the session of that one. */
static void watch_waf(struct mod_zta_risk_table *table, size_t index, unsigned score,
                      const struct zta_sighting *sighting)
{
    const enum zta_risk_kept_for owner = (sighting->traits & ZTA_SIGHTING_ENTERED) != 0
                                             ? ZTA_RISK_KEPT_FOR_BOTH
                                             : ZTA_RISK_KEPT_FOR_ADDRESS;
    struct zta_finding finding = {.signal = ZTA_RISK_WAF};
    const unsigned share = score < WAF_FULL ? score * 100 / WAF_FULL : 100;
    (void)snprintf(finding.evidence, sizeof finding.evidence, "anomaly score %u", score);
    add_found(table, index, owner, &finding, share);
}

/* Each request of an unusual minute or hour shows the same. */
static bool is_due(int64_t *last_ns, int64_t now_ns)
{
    if (*last_ns != 0 && now_ns - *last_ns < ZTA_DETECT_AGAIN_S * ZTA_NS_PER_S &&
        *last_ns - now_ns < ZTA_DETECT_AGAIN_S * ZTA_NS_PER_S) {
        return false;
    }
    *last_ns = now_ns;
    return true;
}

static void watch_pace(struct mod_zta_risk_table *table, size_t index,
                       const struct zta_event *event, const struct zta_baseline *baseline)
{
    const int64_t now_s = event->time_ns / ZTA_NS_PER_S;
    const bool is_fast = zta_rate_exceeds(&baseline->rate, now_s) &&
                         zta_baseline_is_known(baseline, ZTA_HABIT_RATE, now_s);
    const bool is_much = zta_volume_exceeds(&baseline->volume, now_s) &&
                         zta_baseline_is_volume_known(baseline, now_s);
    if (!is_fast && !is_much) {
        return;
    }
    struct session_entry *session = mod_zta_recent_table_see(table->sessions, event->session);
    if (is_fast && is_due(&session->rate_ns, event->time_ns)) {
        struct zta_finding finding = {.signal = ZTA_RISK_RATE_ANOMALY};
        (void)snprintf(finding.evidence, sizeof finding.evidence, "%u in a minute, usual up to %u",
                       baseline->rate.n_requests, (unsigned)zta_rate_limit(&baseline->rate));
        add_found(table, index, ZTA_RISK_KEPT_FOR_SESSION, &finding, 100);
    }
    if (is_much && is_due(&session->volume_ns, event->time_ns)) {
        struct zta_finding finding = {.signal = ZTA_RISK_VOLUME_ANOMALY};
        const uint64_t usual = zta_volume_limit(&baseline->volume) * ZTA_VOLUME_UNIT;
        (void)snprintf(finding.evidence, sizeof finding.evidence, "%u MiB in an hour, usual to %u",
                       (unsigned)(baseline->volume.n_bytes >> MIB_SHIFT),
                       (unsigned)(usual >> MIB_SHIFT));
        add_found(table, index, ZTA_RISK_KEPT_FOR_SESSION, &finding, 100);
    }
}

void mod_zta_risk_table_watch(struct mod_zta_risk_table *table, const struct mod_zta_batch *batch,
                              size_t index, const struct zta_baseline *baseline)
{
    const struct zta_event *event = &batch->events[index];
    struct zta_sighting sighting;
    if (!zta_sighting_make(event, 1, baseline, &sighting)) {
        return;
    }
    for (size_t i = 0; i < event->risk.n_raised && i < ZTA_EVENT_RAISED_MAX; i++) {
        struct task *task = add_task(table, TASK_RAISED, index);
        if (task != NULL) {
            task->entry = (uint8_t)i;
        }
    }
    if (event->risk.waf > 0) {
        watch_waf(table, index, event->risk.waf, &sighting);
    }
    if ((sighting.traits & ZTA_SIGHTING_SESSION) != 0) {
        watch_session(table, index, event, &sighting);
    }
    if (baseline != NULL) {
        watch_pace(table, index, event, baseline);
    }
    if (event->addr.family != 0) {
        watch_address(table, index, event, &sighting);
    }
}

/* ---- writing ---- */

static enum zta_status load(struct zta_change *change, const struct zta_risk_owner *owner,
                            struct zta_risk_record *record)
{
    enum zta_status status = zta_risks_load(change, owner, record);
    if (status == ZTA_NOT_FOUND || status == ZTA_CORRUPT) {
        /* A record that nobody can read is replaced by what is seen from now on. */
        memset(record, 0, sizeof *record);
        status = ZTA_OK;
    }
    return status;
}

static enum zta_status store(struct zta_change *change, const struct zta_risk_owner *owner,
                             struct zta_risk_record *record, int64_t now_s)
{
    record->last_s = now_s > record->last_s ? now_s : record->last_s;
    (void)zta_risk_forget(&record->risk, now_s);
    enum zta_status status = zta_risks_put(change, owner, record);
    return status == ZTA_INVALID ? ZTA_OK : status; /* names that no record can have */
}

/* An event whose findings are written. */
struct writing {
    struct mod_zta_risk_table *table;
    struct zta_change *change;
    struct zta_event *event;
};

/* *room of a record that is not there yet: of an address there are so many and no more. */
static enum zta_status find_room(const struct writing *writing, const struct zta_risk_owner *owner,
                                 const struct zta_risk_record *record, enum zta_risks_room *room)
{
    *room = ZTA_RISKS_ROOM_LEFT;
    if (owner->kind != ZTA_RISK_OF_ADDRESS) {
        return ZTA_OK;
    }
    enum zta_status status =
        zta_risks_make_room(writing->change, owner, record, ADDRESS_RECORDS_MAX, room);
    writing->table->n_displacing += *room != ZTA_RISKS_ROOM_LEFT;
    return status;
}

/* More of one second is told when it is raised again. */
static void tell_fleet(const struct writing *writing, const struct zta_risk_owner *owner,
                       const struct zta_risk_factor *factor)
{
    struct mod_zta_risk_table *table = writing->table;
    const int64_t second_s = writing->event->time_ns / ZTA_NS_PER_S;
    const bool is_address = owner->kind == ZTA_RISK_OF_ADDRESS;
    unsigned *n = is_address ? &table->n_told_addresses : &table->n_told_sessions;
    if (owner->kind == ZTA_RISK_OF_SUBJECT || !zta_fleet_risk_is_told(factor)) {
        return;
    }
    /* Of an earlier second are requests that took long; of a much earlier one the clock is. */
    if (second_s > table->told_s || second_s < table->told_s - TOLD_LATE_S) {
        table->told_s = second_s;
        table->n_told_sessions = 0;
        table->n_told_addresses = 0;
    }
    if (*n < (is_address ? TOLD_ADDRESSES_MAX : TOLD_SESSIONS_MAX)) {
        (*n)++;
        zta_fleet_risk_note(writing->change, owner);
    }
}

/* Into one record; *is_kept is left alone when that had it already. */
static enum zta_status keep_for(const struct writing *writing, const struct zta_risk_owner *owner,
                                const struct zta_risk_factor *factor, bool *is_kept)
{
    struct zta_risk_record record;
    enum zta_risks_room room = ZTA_RISKS_ROOM_LEFT;
    enum zta_status status = load(writing->change, owner, &record);
    if (status != ZTA_OK || factor->half_life_s == 0 || !zta_risk_is_news(&record.risk, factor)) {
        return status;
    }
    const bool is_first = record.last_s == 0;
    const bool is_put = zta_risk_put(&record.risk, factor);
    if (is_first) {
        record.last_s = factor->raised_s;
        status = find_room(writing, owner, &record, &room);
    }
    if (status != ZTA_OK || room == ZTA_RISKS_ROOM_NONE) {
        return status;
    }
    *is_kept = is_put;
    status = store(writing->change, owner, &record, factor->raised_s);
    if (status == ZTA_OK) {
        tell_fleet(writing, owner, factor);
    }
    return status;
}

/* For whom of `wanted` a factor is kept: *owners. */
static enum zta_status keep(const struct writing *writing, unsigned wanted,
                            const struct zta_risk_factor *factor, unsigned *owners)
{
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    const struct zta_event *event = writing->event;
    const unsigned kept_for = zta_risk_signal_info(factor->signal)->kept_for & wanted;
    enum zta_status status = ZTA_OK;
    bool is_kept = false;
    if ((kept_for & ZTA_RISK_KEPT_FOR_SESSION) != 0 &&
        memcmp(event->session, none, sizeof none) != 0) {
        const struct zta_risk_owner session = zta_risk_owner_session(event->session);
        status = keep_for(writing, &session, factor, &is_kept);
        *owners |= is_kept ? ZTA_RISK_KEPT_FOR_SESSION : 0;
    }
    is_kept = false;
    if (status == ZTA_OK && (kept_for & ZTA_RISK_KEPT_FOR_ADDRESS) != 0 &&
        event->addr.family != 0) {
        const struct zta_risk_owner address = zta_risk_owner_address(&event->addr);
        status = keep_for(writing, &address, factor, &is_kept);
        *owners |= is_kept ? ZTA_RISK_KEPT_FOR_ADDRESS : 0;
    }
    return status;
}

/* The factor may have stood there already: raised by the request, or for another owner. */
static void record(struct zta_event *event, const struct zta_risk_factor *factor, unsigned owners)
{
    struct zta_event_risk *risk = &event->risk;
    (void)zta_risk_record_add(event, factor);
    for (size_t i = 0; i < risk->n_raised; i++) {
        if (risk->raised[i].signal == factor->signal) {
            risk->raised[i].owners = (uint8_t)(risk->raised[i].owners | owners);
        }
    }
}

static enum zta_status apply_found(const struct writing *writing, const struct task *task)
{
    struct zta_event *event = writing->event;
    struct zta_risk_factor factor;
    struct zta_risk_tuning tuning;
    unsigned owners = 0;
    tune(writing->table, event, &tuning);
    if (!zta_risk_factor_make(&tuning, task->signal, task->share, zta_text_of(task->evidence),
                              event->time_ns / ZTA_NS_PER_S, &factor)) {
        return ZTA_OK;
    }
    enum zta_status status = keep(writing, task->owner, &factor, &owners);
    if (status == ZTA_OK && owners != 0) {
        record(event, &factor, owners);
    }
    return status;
}

/* What its sessions show is known of the subject, so that another session of it is no surprise. */
static enum zta_status keep_for_subject(const struct writing *writing,
                                        const struct zta_risk_factor *factor)
{
    const struct zta_event *event = writing->event;
    const struct zta_risk_owner subject = zta_risk_owner_subject(
        zta_event_text(event, ZTA_EVENT_ISSUER), zta_event_text(event, ZTA_EVENT_SUBJECT));
    bool is_kept = false;
    return has_subject(event) ? keep_for(writing, &subject, factor, &is_kept) : ZTA_OK;
}

static enum zta_status apply_raised(const struct writing *writing, const struct task *task)
{
    struct zta_event *event = writing->event;
    struct zta_risk_factor factor;
    unsigned owners = 0;
    if (!zta_risk_recorded(event, task->entry, &factor)) {
        return ZTA_OK;
    }
    enum zta_status status = keep(writing, ZTA_RISK_KEPT_FOR_BOTH, &factor, &owners);
    event->risk.raised[task->entry].owners = (uint8_t)owners;
    return status == ZTA_OK && (owners & ZTA_RISK_KEPT_FOR_SESSION) != 0
               ? keep_for_subject(writing, &factor)
               : status;
}

static enum zta_status apply_agent(struct zta_change *change, const struct zta_event *event)
{
    const struct zta_risk_owner owner = zta_risk_owner_session(event->session);
    const struct zta_risk_agent agent = zta_risk_agent_of(zta_event_text(event, ZTA_EVENT_AGENT));
    struct zta_risk_record record;
    enum zta_status status = load(change, &owner, &record);
    if (status != ZTA_OK ||
        (record.agent.form == agent.form && record.agent.whole == agent.whole)) {
        return status;
    }
    record.agent = agent;
    return store(change, &owner, &record, event->time_ns / ZTA_NS_PER_S);
}

static enum zta_status apply_place(struct zta_change *change, const struct zta_event *event)
{
    const struct zta_risk_owner owner = zta_risk_owner_subject(
        zta_event_text(event, ZTA_EVENT_ISSUER), zta_event_text(event, ZTA_EVENT_SUBJECT));
    const struct zta_risk_place place = place_of(event);
    struct zta_risk_record record;
    enum zta_status status = load(change, &owner, &record);
    struct zta_risk_place *known = &record.places[zta_risk_family_of(&event->addr)];
    if (status != ZTA_OK || place.when_s < known->when_s) {
        return status;
    }
    *known = place;
    return store(change, &owner, &record, place.when_s);
}

enum zta_status mod_zta_risk_table_apply(struct mod_zta_risk_table *table,
                                         struct zta_change *change, struct mod_zta_batch *batch)
{
    table->n_applied = 0;
    table->n_displacing = 0;
    return mod_zta_risk_table_apply_more(table, change, batch);
}

void mod_zta_risk_table_raise(struct mod_zta_risk_table *table, size_t index,
                              enum zta_risk_kept_for owner, enum zta_risk_signal signal,
                              const char *evidence)
{
    struct zta_finding finding = {.signal = signal};
    (void)snprintf(finding.evidence, sizeof finding.evidence, "%s", evidence);
    add_found(table, index, owner, &finding, 100);
}

enum zta_status mod_zta_risk_table_apply_more(struct mod_zta_risk_table *table,
                                              struct zta_change *change,
                                              struct mod_zta_batch *batch)
{
    enum zta_status status = ZTA_OK;
    for (; table->n_applied < table->n_tasks && status == ZTA_OK; table->n_applied++) {
        const struct task *task = &table->tasks[table->n_applied];
        struct zta_event *event = &batch->events[task->index];
        const struct writing writing = {.table = table, .change = change, .event = event};
        switch (task->kind) {
        case TASK_FOUND:
            status = apply_found(&writing, task);
            break;
        case TASK_RAISED:
            status = apply_raised(&writing, task);
            break;
        case TASK_AGENT:
            status = apply_agent(change, event);
            break;
        case TASK_PLACE:
            status = apply_place(change, event);
            break;
        }
    }
    return status;
}

void mod_zta_risk_table_end(struct mod_zta_risk_table *table, bool is_committed)
{
    table->n_tasks = 0;
    table->n_displaced += is_committed ? table->n_displacing : 0;
    table->n_displacing = 0;
    if (!is_committed) {
        table->generation = table->generation == UINT32_MAX ? 1 : table->generation + 1;
    }
}

struct mod_zta_risk_losses mod_zta_risk_table_losses(const struct mod_zta_risk_table *table)
{
    return (struct mod_zta_risk_losses){
        .n_findings = table->n_lost,
        .n_watches = mod_zta_recent_table_forgotten(table->sessions) +
                     mod_zta_recent_table_forgotten(table->addresses) +
                     mod_zta_recent_table_forgotten(table->subjects),
        .n_addresses = table->n_displaced,
    };
}
