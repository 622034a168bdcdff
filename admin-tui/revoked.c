/* SPDX-License-Identifier: Apache-2.0 */
/* Revocations are asked for by the names of a session's record, signals by its tag. */
#include "admin-tui/revoked.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/sessions.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/keys.h"
#include "shared/store/measures.h"

/* ---- API keys: a session's record has the name, revocations are by the id ---- */

struct ctl_session_key {
    uint8_t session[ZTA_SESSION_ID_SIZE];
    char id[ZTA_KEY_ID_LEN + 1];
    int64_t revoked_s; /* for good; 0: not */
};

static int by_session(const void *a, const void *b)
{
    const struct ctl_session_key *one = a;
    const struct ctl_session_key *other = b;
    return memcmp(one->session, other->session, sizeof one->session);
}

struct loading {
    struct ctl_revoking *revoking;
    enum zta_status status;
};

static bool load_key(void *context, const struct zta_key *key)
{
    struct loading *loading = context;
    struct ctl_revoking *revoking = loading->revoking;
    struct zta_identity identity;
    loading->status = zta_key_identify(key, &identity);
    if (loading->status == ZTA_OK && revoking->n_keys == revoking->keys_size) {
        const size_t size = revoking->keys_size * 2 + 64;
        struct ctl_session_key *grown = realloc(revoking->keys, size * sizeof *grown);
        loading->status = grown == NULL ? ZTA_NO_MEMORY : ZTA_OK;
        revoking->keys = grown == NULL ? revoking->keys : grown;
        revoking->keys_size = grown == NULL ? revoking->keys_size : size;
    }
    if (loading->status != ZTA_OK) {
        return false;
    }
    struct ctl_session_key *added = &revoking->keys[revoking->n_keys++];
    *added = (struct ctl_session_key){.revoked_s = key->revoked_s};
    memcpy(added->session, identity.session, sizeof added->session);
    memcpy(added->id, key->id, sizeof added->id);
    return true;
}

enum zta_status ctl_revoking_load_keys(struct zta_view *view, struct ctl_revoking *revoking)
{
    struct loading loading = {.revoking = revoking, .status = ZTA_OK};
    revoking->n_keys = 0;
    const enum zta_status status = zta_key_each(view, load_key, &loading);
    if (revoking->n_keys > 1) {
        qsort(revoking->keys, revoking->n_keys, sizeof *revoking->keys, by_session);
    }
    return status == ZTA_OK ? loading.status : status;
}

enum zta_status ctl_revoking_load(struct zta_view *view, struct ctl_revoking *revoking)
{
    const enum zta_status status = ctl_revoking_load_keys(view, revoking);
    return status == ZTA_OK ? ctl_signals_load(view, &revoking->signals) : status;
}

void ctl_revoking_clear(struct ctl_revoking *revoking)
{
    ctl_signals_clear(&revoking->signals);
    free(revoking->keys);
    *revoking = (struct ctl_revoking){.n_keys = 0};
}

static const struct ctl_session_key *key_of(const struct ctl_revoking *revoking,
                                            const struct zta_session *session)
{
    struct ctl_session_key wanted;
    if (session->kind != ZTA_SESSION_APIKEY || revoking->n_keys == 0) {
        return NULL;
    }
    memcpy(wanted.session, session->id, sizeof wanted.session);
    return bsearch(&wanted, revoking->keys, revoking->n_keys, sizeof wanted, by_session);
}

/* ---- what operators revoked ---- */

/* "" is a name that the credential did not have; one that may be cut is nobody's. */
static struct zta_text name_of(const char *field, size_t size)
{
    const size_t len = strlen(field);
    return zta_text_of(len == 0 || len + 1 == size ? NULL : field);
}

/* As far as the session's record has it; times of logins are judged apart. */
static void identify(const struct zta_session *session, const struct ctl_session_key *key,
                     struct zta_identity *identity)
{
    zta_identity_init(identity);
    identity->credential = session->credential;
    /* A login is looked for by both names, where both are known. */
    identity->session_kind = ctl_session_has_whole_names(session) ? session->kind : ZTA_SESSION_SID;
    identity->issuer = zta_text_of(session->issuer);
    identity->subject = name_of(session->subject, sizeof session->subject);
    identity->client = name_of(session->client, sizeof session->client);
    identity->apikey_id = zta_text_of(key == NULL ? NULL : key->id);
    memcpy(identity->session, session->id, sizeof identity->session);
    memcpy(identity->token_id.bytes, session->token_id, sizeof session->token_id);
}

/* An id is refused whenever it comes, a login up to a moment. */
static bool is_in_force(const struct zta_revocation *record, const struct zta_session *session)
{
    const bool is_exact =
        record->kind == ZTA_REVOKE_APIKEY || record->kind == ZTA_REVOKE_TOKEN ||
        (record->kind == ZTA_REVOKE_SESSION &&
         (record->session_kind == ZTA_SESSION_SID || record->session_kind == ZTA_SESSION_APIKEY));
    return is_exact || ctl_session_is_before(session, record->watermark_s);
}

struct telling {
    const struct zta_session *session;
    ctl_revoked_fn fn;
    void *context;
    bool goes_on; /* false once fn has ended it */
};

static void tell(struct telling *telling, const struct ctl_revoked_cause *cause)
{
    telling->goes_on = telling->fn(telling->context, cause);
}

static void tell_record(struct telling *telling, const struct zta_revocation *record)
{
    struct ctl_revoked_cause cause = {.can_undo = true, .target = *record};
    if (record->kind == ZTA_REVOKE_SESSION) {
        /* A login that was revoked by another session of it is taken back by this one too. */
        memcpy(cause.target.session, telling->session->id, sizeof cause.target.session);
    }
    tell(telling, &cause);
}

static enum zta_status tell_kind(struct zta_view *view, const struct zta_identity *identity,
                                 enum zta_revocation_kind kind, struct telling *telling)
{
    struct zta_revocation record;
    const enum zta_status status = zta_revocation_get(view, identity, kind, &record);
    if (status == ZTA_OK && is_in_force(&record, telling->session)) {
        tell_record(telling, &record);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* `keys revoke` is noted in the key itself. */
static enum zta_status tell_key(struct zta_view *view, const struct ctl_session_key *known,
                                struct telling *telling)
{
    char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key;
    const enum zta_status status = zta_key_get(view, known->id, storage, sizeof storage, &key);
    if (status == ZTA_OK) {
        const struct ctl_revoked_cause cause = {
            .target = {.kind = ZTA_REVOKE_APIKEY,
                       .apikey_id = zta_text_of(key.id),
                       .created_ns = key.revoked_s * ZTA_NS_PER_S,
                       .reason = key.reason},
        };
        tell(telling, &cause);
    }
    return status;
}

static enum zta_status tell_records(struct zta_view *view, const struct ctl_revoking *revoking,
                                    struct telling *telling)
{
    static const enum zta_revocation_kind kinds[] = {ZTA_REVOKE_SESSION, ZTA_REVOKE_APIKEY,
                                                     ZTA_REVOKE_TOKEN,   ZTA_REVOKE_SUBJECT,
                                                     ZTA_REVOKE_CLIENT,  ZTA_REVOKE_ISSUER};
    const struct ctl_session_key *key = key_of(revoking, telling->session);
    struct zta_identity identity;
    enum zta_status status = ZTA_OK;
    identify(telling->session, key, &identity);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && status == ZTA_OK && telling->goes_on;
         i++) {
        status = tell_kind(view, &identity, kinds[i], telling);
        if (status == ZTA_OK && telling->goes_on && kinds[i] == ZTA_REVOKE_APIKEY && key != NULL &&
            key->revoked_s != 0) {
            status = tell_key(view, key, telling);
        }
    }
    return status;
}

/* ---- measures ---- */

struct holding {
    const struct zta_session *session;
    char *by;
    bool is_refused;
};

/* What refuses it is said rather than what a login would satisfy. */
static void keep_measure(void *context, const struct zta_measure *measure)
{
    struct holding *holding = context;
    const bool is_step_up =
        measure->kind == ZTA_MEASURE_STEP_UP &&
        ctl_session_is_before(holding->session, measure->created_ns / ZTA_NS_PER_S);
    const bool is_quarantine = measure->kind == ZTA_MEASURE_QUARANTINE;
    char id[24];
    if (!is_quarantine && !is_step_up) {
        return;
    }
    if (holding->by[0] == '\0' || (is_quarantine && !holding->is_refused)) {
        zta_measure_id_print(measure, id);
        (void)snprintf(holding->by, CTL_REVOKED_MAX, "%s%s %s", is_quarantine ? "by " : "",
                       zta_measure_kind_name(measure->kind), id);
    }
    holding->is_refused = holding->is_refused || is_quarantine;
}

enum zta_status ctl_held_each(struct zta_view *view, const struct zta_session *session,
                              zta_measure_hold_fn fn, void *context)
{
    struct zta_identity identity;
    const struct zta_measure_question question = {.identity = &identity};
    identify(session, NULL, &identity);
    identity.apikey = zta_text_of(session->apikey[0] == '\0' ? NULL : session->apikey);
    return zta_measures_find(view, &question, zta_clock_real_ns() / ZTA_NS_PER_S, fn, context);
}

static enum zta_status find_measure(struct zta_view *view, const struct zta_session *session,
                                    char by[CTL_REVOKED_MAX])
{
    struct holding holding = {.session = session, .by = by};
    return ctl_held_each(view, session, keep_measure, &holding);
}

/* ---- one word ---- */

static bool keep_kind(void *context, const struct ctl_revoked_cause *cause)
{
    char *by = context;
    (void)snprintf(by, CTL_REVOKED_MAX, "by %s", zta_revocation_kind_name(cause->target.kind));
    return false;
}

enum zta_status ctl_revoked_by(struct zta_view *view, const struct ctl_revoking *revoking,
                               const struct zta_session *session, char by[CTL_REVOKED_MAX])
{
    char found[CTL_REVOKED_MAX] = "";
    struct telling telling = {
        .session = session, .fn = keep_kind, .context = found, .goes_on = true};
    enum zta_status status = tell_records(view, revoking, &telling);
    if (status != ZTA_OK) {
        return status;
    }
    if (found[0] == '\0' && ctl_signals_have_ended(&revoking->signals, session)) {
        (void)snprintf(found, sizeof found, "by signal");
    }
    if (found[0] == '\0' && !ctl_session_has_whole_names(session) &&
        session->last_reason == ZTA_REASON_REVOKED) {
        (void)snprintf(found, sizeof found, "refused as revoked");
    }
    if (found[0] == '\0') {
        status = find_measure(view, session, found);
    }
    memcpy(by, found, sizeof found);
    return status;
}

/* ---- everything ---- */

static bool tell_signal(void *context, const struct zta_signal *signal, bool is_released)
{
    struct telling *telling = context;
    const struct zta_session *session = telling->session;
    const bool is_subject = signal->kind == ZTA_SIGNAL_SUBJECT;
    struct ctl_revoked_cause cause = {
        .is_signal = true,
        .is_from_transmitter = signal->is_from_transmitter,
        .can_undo = true,
        .target = {.kind = is_subject ? ZTA_REVOKE_SUBJECT : ZTA_REVOKE_SESSION,
                   .issuer = signal->issuer,
                   .subject = signal->subject,
                   .created_ns = signal->received_ns},
        .logins_until_s = is_subject ? signal->watermark_s : 0,
    };
    if (is_released || !zta_signal_hits_session(signal, session) ||
        (is_subject && !ctl_session_is_before(session, signal->watermark_s))) {
        return true;
    }
    memcpy(cause.target.session, session->id, sizeof cause.target.session);
    tell(telling, &cause);
    return telling->goes_on;
}

enum zta_status ctl_revoked_each(struct zta_view *view, const struct ctl_revoking *revoking,
                                 const struct zta_session *session, ctl_revoked_fn fn,
                                 void *context)
{
    struct telling telling = {.session = session, .fn = fn, .context = context, .goes_on = true};
    const enum zta_status status = tell_records(view, revoking, &telling);
    return status == ZTA_OK && telling.goes_on ? zta_signal_each(view, tell_signal, &telling)
                                               : status;
}

static void print_signal(const struct ctl_revoked_cause *cause, struct zta_buffer *out)
{
    char time[ZTA_TIME_TEXT_MAX];
    const char *what = cause->is_from_transmitter ? "a transmitter ended its" : "a logout of its";
    if (cause->logins_until_s == 0) {
        zta_time_print(cause->target.created_ns / ZTA_NS_PER_S, time);
        zta_buffer_printf(out, "by signal, %s session, %s", what, time);
        return;
    }
    zta_time_print(cause->logins_until_s, time);
    zta_buffer_printf(out, "by signal, %s subject's logins up to %s", what, time);
}

void ctl_revoked_print(const struct ctl_revoked_cause *cause, struct zta_buffer *out)
{
    const struct zta_revocation *target = &cause->target;
    char time[ZTA_TIME_TEXT_MAX];
    if (cause->is_signal) {
        print_signal(cause, out);
        return;
    }
    zta_time_print(target->created_ns / ZTA_NS_PER_S, time);
    zta_buffer_string(out, "by ");
    ctl_target_print(target, out);
    zta_buffer_printf(out, "%s, %s", cause->can_undo ? "" : " for good", time);
    if (!zta_text_is_absent(target->author)) {
        zta_buffer_string(out, ", by ");
        zta_buffer_text(out, target->author);
    }
    if (target->action_id != 0) {
        zta_buffer_printf(out, ", action %" PRIu64, target->action_id);
    }
    if (!zta_text_is_absent(target->reason)) {
        zta_buffer_string(out, ": ");
        zta_buffer_text(out, target->reason);
    }
}
