/* SPDX-License-Identifier: Apache-2.0 */
/* Touched sessions: a hash over a fixed array, and lists of those that wait to be written. */
#include "mod_zta/helper/session_table.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/sessions.h"

#define NONE UINT32_MAX

enum list {
    CLEAN = 0, /* as in the store, or unused; the first is given away first */
    WAITING,   /* in the order in which they were first touched: the old ones are in front */
    URGENT,    /* all written by the next change */
    N_LISTS
};

struct entry {
    struct zta_session session;
    uint64_t waiting_sequence; /* the first event that the store's record lacks */
    int64_t waiting_ns;
    uint32_t chain; /* next in its bucket */
    uint32_t previous;
    uint32_t next;
    uint8_t list;
    bool is_used;
    bool is_written; /* by the change under way */
};

struct mod_zta_session_table {
    struct zta_siphash_key key;
    uint32_t n_entries;
    uint32_t n_buckets; /* a power of two */
    uint32_t n_clean;
    uint32_t first[N_LISTS];
    uint32_t last[N_LISTS];
    uint32_t *buckets;
    struct entry *entries;
};

static void append(struct mod_zta_session_table *table, uint32_t index, enum list list)
{
    struct entry *entry = &table->entries[index];
    entry->list = (uint8_t)list;
    entry->previous = table->last[list];
    entry->next = NONE;
    if (table->last[list] == NONE) {
        table->first[list] = index;
    }
    else {
        table->entries[table->last[list]].next = index;
    }
    table->last[list] = index;
    table->n_clean += list == CLEAN ? 1 : 0;
}

static void detach(struct mod_zta_session_table *table, uint32_t index)
{
    struct entry *entry = &table->entries[index];
    enum list list = (enum list)entry->list;
    if (entry->previous == NONE) {
        table->first[list] = entry->next;
    }
    else {
        table->entries[entry->previous].next = entry->next;
    }
    if (entry->next == NONE) {
        table->last[list] = entry->previous;
    }
    else {
        table->entries[entry->next].previous = entry->previous;
    }
    table->n_clean -= list == CLEAN ? 1 : 0;
}

enum zta_status mod_zta_session_table_open(size_t n_entries, const struct zta_siphash_key *key,
                                           struct mod_zta_session_table **table)
{
    struct mod_zta_session_table *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->key = *key;
    opened->n_entries = (uint32_t)n_entries;
    opened->n_buckets = 1;
    while (opened->n_buckets < n_entries) {
        opened->n_buckets *= 2;
    }
    opened->entries = calloc(n_entries, sizeof *opened->entries);
    opened->buckets = malloc(opened->n_buckets * sizeof *opened->buckets);
    if (opened->entries == NULL || opened->buckets == NULL) {
        mod_zta_session_table_close(&opened);
        return ZTA_NO_MEMORY;
    }
    memset(opened->buckets, 0xff, opened->n_buckets * sizeof *opened->buckets);
    for (size_t i = 0; i < N_LISTS; i++) {
        opened->first[i] = opened->last[i] = NONE;
    }
    for (uint32_t i = 0; i < opened->n_entries; i++) {
        append(opened, i, CLEAN);
    }
    *table = opened;
    return ZTA_OK;
}

void mod_zta_session_table_close(struct mod_zta_session_table **table)
{
    if (*table != NULL) {
        free((*table)->entries);
        free((*table)->buckets);
        free(*table);
        *table = NULL;
    }
}

size_t mod_zta_session_table_room(const struct mod_zta_session_table *table)
{
    return table->n_clean;
}

static uint32_t *bucket_of(const struct mod_zta_session_table *table, const uint8_t *id)
{
    uint64_t hash = zta_siphash(&table->key, id, ZTA_SESSION_ID_SIZE);
    return &table->buckets[hash & (table->n_buckets - 1)];
}

static uint32_t find(const struct mod_zta_session_table *table, const uint8_t *id)
{
    uint32_t index = *bucket_of(table, id);
    while (index != NONE &&
           memcmp(table->entries[index].session.id, id, ZTA_SESSION_ID_SIZE) != 0) {
        index = table->entries[index].chain;
    }
    return index;
}

static void forget(struct mod_zta_session_table *table, uint32_t index)
{
    uint32_t *link = bucket_of(table, table->entries[index].session.id);
    while (*link != index) {
        link = &table->entries[*link].chain;
    }
    *link = table->entries[index].chain;
    table->entries[index].is_used = false;
}

/* A session of the store, or a new one of that id, in the place of one that does not wait. */
static enum zta_status take_in(struct mod_zta_session_table *table, struct zta_change *change,
                               const uint8_t *id, uint32_t *taken)
{
    uint32_t index = table->first[CLEAN];
    if (index == NONE) {
        return ZTA_FULL;
    }
    struct zta_session session;
    enum zta_status status = zta_session_load(change, id, &session);
    if (status == ZTA_NOT_FOUND || status == ZTA_CORRUPT) {
        /* A record that nobody can read is replaced by what is seen from now on. */
        memset(&session, 0, sizeof session);
        memcpy(session.id, id, sizeof session.id);
    }
    else if (status != ZTA_OK) {
        return status;
    }
    struct entry *entry = &table->entries[index];
    if (entry->is_used) {
        forget(table, index);
    }
    entry->session = session;
    entry->is_used = true;
    entry->is_written = false;
    uint32_t *bucket = bucket_of(table, id);
    entry->chain = *bucket;
    *bucket = index;
    *taken = index;
    return ZTA_OK;
}

static void copy_text(char *to, size_t size, const struct zta_event *event,
                      enum zta_event_text which)
{
    struct zta_text text = zta_event_text(event, which);
    size_t len = text.len < size ? text.len : size - 1;
    memcpy(to, text.data, len);
    memset(to + len, 0, size - len);
}

/* True when something changed that a decision or an operator's target depends on. */
static bool apply(struct zta_session *session, const struct zta_event *event,
                  const struct zta_event_key *place)
{
    int64_t time_s = event->time_ns / ZTA_NS_PER_S;
    bool is_new = session->n_requests == 0;
    if (is_new) {
        session->first_s = time_s;
        session->kind = (enum zta_session_kind)event->session_kind;
        copy_text(session->issuer, sizeof session->issuer, event, ZTA_EVENT_ISSUER);
        copy_text(session->subject, sizeof session->subject, event, ZTA_EVENT_SUBJECT);
        copy_text(session->client, sizeof session->client, event, ZTA_EVENT_CLIENT);
        copy_text(session->apikey, sizeof session->apikey, event, ZTA_EVENT_APIKEY);
    }
    bool is_changed = is_new || session->credential != (enum zta_credential)event->credential ||
                      session->binding != (enum zta_binding)event->binding ||
                      session->expires_s != (int64_t)event->expires_s ||
                      memcmp(session->token_id, event->token_id, sizeof session->token_id) != 0;
    session->credential = (enum zta_credential)event->credential;
    session->binding = (enum zta_binding)event->binding;
    session->expires_s = (int64_t)event->expires_s;
    memcpy(session->token_id, event->token_id, sizeof session->token_id);
    session->first_s = time_s < session->first_s ? time_s : session->first_s;
    session->last_s = time_s > session->last_s ? time_s : session->last_s;
    session->n_requests += place->weight;
    session->n_denied += event->outcome == ZTA_OUTCOME_ALLOW ? 0 : place->weight;
    session->login = event->login;
    session->addr = event->addr;
    session->last_reason = event->reason;
    copy_text(session->agent, sizeof session->agent, event, ZTA_EVENT_AGENT);
    session->segment_created_ns = place->segment_created_ns;
    session->sequence = place->sequence;
    return is_changed;
}

enum zta_status mod_zta_session_table_note(struct mod_zta_session_table *table,
                                           struct zta_change *change, const struct zta_event *event,
                                           const struct zta_event_key *place, bool is_urgent,
                                           int64_t now_ns)
{
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    if (memcmp(event->session, none, sizeof none) == 0) {
        return ZTA_OK;
    }
    uint32_t index = find(table, event->session);
    if (index == NONE) {
        enum zta_status status = take_in(table, change, event->session, &index);
        if (status != ZTA_OK) {
            return status;
        }
    }
    struct entry *entry = &table->entries[index];
    const struct zta_session *session = &entry->session;
    bool is_counted = session->n_requests > 0 &&
                      session->segment_created_ns == place->segment_created_ns &&
                      session->sequence >= place->sequence;
    bool is_changed = !is_counted && apply(&entry->session, event, place);
    if (!is_counted && entry->list == CLEAN) {
        detach(table, index);
        append(table, index, WAITING);
        entry->waiting_ns = now_ns;
        entry->waiting_sequence = place->sequence;
    }
    if ((is_urgent || is_changed) && entry->list == WAITING) {
        detach(table, index);
        append(table, index, URGENT);
    }
    return ZTA_OK;
}

enum zta_status mod_zta_session_table_write(struct mod_zta_session_table *table,
                                            struct zta_change *change, bool is_all, int64_t now_ns)
{
    static const enum list lists[] = {URGENT, WAITING};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (uint32_t index = table->first[lists[i]]; index != NONE;
             index = table->entries[index].next) {
            struct entry *entry = &table->entries[index];
            if (lists[i] == WAITING && !is_all &&
                now_ns - entry->waiting_ns < MOD_ZTA_WRITE_BACK_NS) {
                break; /* those behind it were touched later */
            }
            enum zta_status status = zta_session_put(change, &entry->session);
            if (status != ZTA_OK) {
                return status;
            }
            entry->is_written = true;
        }
    }
    return ZTA_OK;
}

uint64_t mod_zta_session_table_settled(const struct mod_zta_session_table *table, uint64_t cursor)
{
    for (uint32_t index = table->first[WAITING]; index != NONE;
         index = table->entries[index].next) {
        if (!table->entries[index].is_written) {
            return table->entries[index].waiting_sequence;
        }
    }
    return cursor;
}

void mod_zta_session_table_written(struct mod_zta_session_table *table, bool is_committed)
{
    static const enum list lists[] = {URGENT, WAITING};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        uint32_t next;
        for (uint32_t index = table->first[lists[i]];
             index != NONE && table->entries[index].is_written; index = next) {
            struct entry *entry = &table->entries[index];
            next = entry->next;
            entry->is_written = false;
            if (is_committed) {
                detach(table, index);
                append(table, index, CLEAN);
            }
        }
    }
}
