/* SPDX-License-Identifier: Apache-2.0 */
/* What an event says of its session, counted in the session's record. */
#include "mod_zta/helper/session_table.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/sessions.h"

_Static_assert(ZTA_SESSION_ID_SIZE == MOD_ZTA_HOT_ID_SIZE, "a session is found by its own id");

static enum zta_status put(struct zta_change *change, const void *record)
{
    return zta_session_put(change, record);
}

enum zta_status mod_zta_session_table_open(size_t n_sessions, const struct zta_siphash_key *key,
                                           struct mod_zta_hot_table **table)
{
    const struct mod_zta_hot_options options = {
        .n_records = n_sessions,
        .record_size = sizeof(struct zta_session),
        .key = *key,
        .put = put,
    };
    return mod_zta_hot_table_open(&options, table);
}

/* A session of the store, or a new one of that id. */
static enum zta_status take_in(struct mod_zta_hot_table *table, struct zta_change *change,
                               const uint8_t *id, struct zta_session **taken)
{
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
    void *record;
    status = mod_zta_hot_table_take_in(table, id, &session, &record);
    if (status == ZTA_OK) {
        *taken = record;
    }
    return status;
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

enum zta_status mod_zta_session_table_note(struct mod_zta_hot_table *table,
                                           struct zta_change *change, const struct zta_event *event,
                                           const struct zta_event_key *place, bool is_urgent,
                                           int64_t now_ns)
{
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    if (memcmp(event->session, none, sizeof none) == 0) {
        return ZTA_OK;
    }
    struct zta_session *session = mod_zta_hot_table_find(table, event->session);
    if (session == NULL) {
        enum zta_status status = take_in(table, change, event->session, &session);
        if (status != ZTA_OK) {
            return status;
        }
    }
    bool is_counted = session->n_requests > 0 &&
                      session->segment_created_ns == place->segment_created_ns &&
                      session->sequence >= place->sequence;
    bool is_changed = !is_counted && apply(session, event, place);
    if (!is_counted || is_urgent) {
        mod_zta_hot_table_touch(table, session, place->sequence, is_urgent || is_changed, now_ns);
    }
    return ZTA_OK;
}
