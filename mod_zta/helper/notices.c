/* SPDX-License-Identifier: Apache-2.0 */
/* Effects by whom a notice names; whoever is about more than one waits for an operator. */
#include "mod_zta/helper/notices.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/base/clock.h"
#include "shared/live/mailbox.h"
#include "shared/store/attestations.h"
#include "shared/store/measures.h"
#include "shared/store/notices.h"

#define RISK_S    INT64_C(86400)        /* what is thought of somebody holds so long by itself */
#define LOOK_S    5                     /* the journal is read to tell what waits */
#define STEP_UP_S (INT64_C(30) * 86400) /* a login younger than the notice ends it earlier */

struct delivering {
    struct mod_zta_automation *automation;
    struct zta_view *view;
    struct zta_change *change;
    const struct zta_notice *notice;
    struct zta_signal_delivery *delivery;
};

static bool has(struct zta_text text)
{
    return !zta_text_is_absent(text);
}

/* ---- logins and tokens ---- */

static enum zta_status end(const struct delivering *delivering, enum zta_signal_kind kind,
                           struct zta_text name)
{
    const struct zta_notice *notice = delivering->notice;
    const bool is_of_session = kind == ZTA_SIGNAL_SESSION || kind == ZTA_SIGNAL_SUBJECT_SESSION;
    const bool is_of_subject =
        kind != ZTA_SIGNAL_SESSION && kind != ZTA_SIGNAL_TOKEN && kind != ZTA_SIGNAL_DEVICE;
    const int64_t now_s = delivering->delivery->now_ns / ZTA_NS_PER_S;
    struct zta_signal signal = {
        .kind = kind,
        .is_from_transmitter = true,
        .issuer = notice->issuer,
        .name = name,
        /* By the transmitter's clock, as auth_time is: who logged in behind it stays in. */
        .watermark_s = notice->event_s < now_s ? notice->event_s : now_s,
    };
    if (is_of_session) {
        signal.sid = notice->sid;
    }
    if (is_of_subject) {
        signal.subject = notice->subject;
    }
    enum zta_status status =
        zta_signal_released(delivering->view, &signal, &delivering->delivery->released_ns);
    return status == ZTA_OK ? zta_signal_renew(delivering->change, &signal, delivering->delivery)
                            : status;
}

/* Whoever does not say on which device, or by which client, may be the one that is meant. */
static enum zta_status end_named(const struct delivering *delivering, enum zta_signal_kind kind,
                                 struct zta_text name)
{
    enum zta_status status = end(delivering, kind, name);
    return status == ZTA_OK ? end(delivering, kind, ZTA_TEXT("")) : status;
}

static enum zta_status end_logins(const struct delivering *delivering)
{
    static const struct zta_text none = {.data = NULL};
    const struct zta_notice *notice = delivering->notice;
    if (has(notice->token)) {
        return end(delivering, ZTA_SIGNAL_TOKEN, notice->token);
    }
    if (has(notice->sid)) {
        return end(delivering,
                   has(notice->subject) ? ZTA_SIGNAL_SUBJECT_SESSION : ZTA_SIGNAL_SESSION, none);
    }
    if (has(notice->subject) && notice->effect == ZTA_NOTICE_END_TOKENS) {
        return end(delivering, ZTA_SIGNAL_SUBJECT_TOKENS, none);
    }
    if (has(notice->subject) && has(notice->device)) {
        return end_named(delivering, ZTA_SIGNAL_SUBJECT_DEVICE, notice->device);
    }
    if (has(notice->subject) && has(notice->client)) {
        return end_named(delivering, ZTA_SIGNAL_SUBJECT_CLIENT, notice->client);
    }
    return has(notice->subject) ? end(delivering, ZTA_SIGNAL_SUBJECT, none)
                                : end(delivering, ZTA_SIGNAL_DEVICE, notice->device);
}

/* ---- states ---- */

static enum zta_status attest(const struct delivering *delivering, enum zta_attested what,
                              struct zta_text name)
{
    const struct zta_notice *notice = delivering->notice;
    const bool is_risk = what != ZTA_ATTESTED_COMPLIANCE;
    const bool is_device = what == ZTA_ATTESTED_COMPLIANCE || what == ZTA_ATTESTED_DEVICE_RISK;
    const struct zta_attestation attestation = {
        .what = what,
        .level = notice->level,
        .event_s = notice->event_s,
        .ends_s = is_risk ? delivering->delivery->now_ns / ZTA_NS_PER_S + RISK_S : 0,
        .received_ns = delivering->delivery->now_ns,
        .transmitter = notice->transmitter,
        .issuer = is_device ? (struct zta_text){.data = NULL} : notice->issuer,
        .name = name,
    };
    int64_t released_ns;
    enum zta_status status = zta_attestation_released(delivering->view, &attestation, &released_ns);
    return status == ZTA_OK ? zta_attestation_put(delivering->change, &attestation, released_ns)
                            : status;
}

/* Of the least that is named: a session before its subject, a subject before its device. */
static enum zta_status rate(const struct delivering *delivering)
{
    const struct zta_notice *notice = delivering->notice;
    if (has(notice->sid)) {
        return attest(delivering, ZTA_ATTESTED_SESSION_RISK, notice->sid);
    }
    if (has(notice->subject)) {
        return attest(delivering, ZTA_ATTESTED_SUBJECT_RISK, notice->subject);
    }
    return has(notice->device) ? attest(delivering, ZTA_ATTESTED_DEVICE_RISK, notice->device)
                               : ZTA_NOT_FOUND;
}

/* Sessions are known here by more than their issuer's id, so one is simply over. */
static enum zta_status step_up(const struct delivering *delivering)
{
    const struct zta_notice *notice = delivering->notice;
    struct zta_measure_placed placed;
    char reason[ZTA_NOTICE_SHORT_MAX + ZTA_NOTICE_DETAIL_MAX + 3];
    if (has(notice->sid) || !has(notice->subject)) {
        return end_logins(delivering);
    }
    (void)snprintf(reason, sizeof(reason), "%.*s: %.*s", (int)notice->type.len, notice->type.data,
                   has(notice->detail) ? (int)notice->detail.len : 0,
                   has(notice->detail) ? notice->detail.data : "");
    const struct zta_measure measure = {
        .kind = ZTA_MEASURE_STEP_UP,
        .source = ZTA_MEASURE_OF_TRANSMITTER,
        .target = {.kind = ZTA_TARGET_SUBJECT, .issuer = notice->issuer, .name = notice->subject},
        .rule = notice->transmitter,
        .reason = zta_text_of(reason),
        .created_ns = delivering->delivery->now_ns,
        .for_s = STEP_UP_S,
        .max_age_s = -1,
    };
    const enum zta_status status = zta_measure_put(delivering->change, &measure, &placed);
    /* One more than a subject can have: a login behind the event is asked for all the same. */
    return status == ZTA_FULL ? end_logins(delivering) : status;
}

static enum zta_status carry_out(const struct delivering *delivering)
{
    switch (delivering->notice->effect) {
    case ZTA_NOTICE_END_LOGINS:
    case ZTA_NOTICE_END_TOKENS:
        return end_logins(delivering);
    case ZTA_NOTICE_STEP_UP:
        return step_up(delivering);
    case ZTA_NOTICE_RISK:
        return rate(delivering);
    case ZTA_NOTICE_DEVICE:
        return has(delivering->notice->device)
                   ? attest(delivering, ZTA_ATTESTED_COMPLIANCE, delivering->notice->device)
                   : ZTA_NOT_FOUND;
    case ZTA_NOTICE_NOTE:
    case ZTA_NOTICE_STREAM:
        break;
    }
    return ZTA_OK;
}

/* What becomes of it. A status that the store gave is passed on. */
static enum zta_status carry_out_told(const struct delivering *delivering,
                                      enum zta_notice_outcome *outcome)
{
    const enum zta_status status = carry_out(delivering);
    *outcome = status == ZTA_OK          ? ZTA_NOTICE_APPLIED
               : status == ZTA_EXISTS    ? ZTA_NOTICE_OVERRULED
               : status == ZTA_NOT_FOUND ? ZTA_NOTICE_UNKNOWN_SUBJECT
                                         : ZTA_NOTICE_DISCARDED;
    return status == ZTA_EXISTS || status == ZTA_NOT_FOUND || status == ZTA_INVALID ? ZTA_OK
                                                                                    : status;
}

/* What lowers a risk or says that a device complies harms nobody, however often. */
static bool is_restriction(const struct zta_notice *notice)
{
    return notice->effect == ZTA_NOTICE_RISK     ? notice->level > ZTA_NOTICE_RISK_LOW
           : notice->effect == ZTA_NOTICE_DEVICE ? notice->level == ZTA_NOTICE_NOT_COMPLIANT
                                                 : true;
}

/* A flood about one after the other is one about many. */
static bool may_hit(const struct delivering *delivering)
{
    return !is_restriction(delivering->notice) ||
           mod_zta_automation_may_hit(delivering->automation, delivering->notice,
                                      delivering->delivery->now_ns);
}

static enum zta_status apply(const struct delivering *delivering, enum zta_notice_outcome *outcome)
{
    const struct zta_notice *notice = delivering->notice;
    const bool is_quiet = notice->effect == ZTA_NOTICE_NOTE || notice->effect == ZTA_NOTICE_STREAM;
    *outcome = ZTA_NOTICE_NOTED;
    if (is_quiet) {
        return ZTA_OK;
    }
    switch (notice->reach) {
    case ZTA_NOTICE_ONE:
        if (may_hit(delivering)) {
            return carry_out_told(delivering, outcome);
        }
        *outcome = ZTA_NOTICE_HELD;
        break;
    case ZTA_NOTICE_MANY:
        *outcome = ZTA_NOTICE_HELD;
        break;
    case ZTA_NOTICE_NOBODY:
        *outcome = ZTA_NOTICE_UNKNOWN_SUBJECT;
        break;
    case ZTA_NOTICE_UNPROCESSED:
        *outcome = ZTA_NOTICE_DISCARDED;
        break;
    }
    return ZTA_OK;
}

/* ---- streams ---- */

/*
 * A state is good once, for the stream that it was asked of and in time; without one the
 * transmitter verifies of its own accord. ZTA_INVALID for any other.
 */
static enum zta_status check_state(struct zta_change *change, const struct zta_notice *notice,
                                   const struct zta_signal_delivery *delivery)
{
    struct zta_stream stream;
    if (notice->kind != ZTA_NOTICE_VERIFICATION || !has(notice->state)) {
        return ZTA_OK;
    }
    /* One that was good has used its state up, and may come again. */
    enum zta_status status = zta_signal_seen(change, &notice->id, delivery);
    if (status != ZTA_NOT_FOUND) {
        return status;
    }
    status = zta_stream_load(change, notice->transmitter, &stream);
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND || status == ZTA_CORRUPT ? ZTA_INVALID : status;
    }
    return has(stream.state) && zta_text_equal(stream.state, notice->state) &&
                   !zta_stream_is_overdue(&stream, delivery->now_ns / ZTA_NS_PER_S)
               ? ZTA_OK
               : ZTA_INVALID;
}

/* The record of its stream, or a new one; its texts are the change's. */
static enum zta_status note_stream(const struct delivering *delivering)
{
    const struct zta_notice *notice = delivering->notice;
    const int64_t now_s = delivering->delivery->now_ns / ZTA_NS_PER_S;
    struct zta_stream stream;
    enum zta_status status = zta_stream_load(delivering->change, notice->transmitter, &stream);
    if (status != ZTA_OK) {
        stream = (struct zta_stream){.first_s = now_s};
    }
    stream.name = notice->transmitter;
    stream.last_s = now_s;
    stream.n_received++;
    if (notice->kind == ZTA_NOTICE_VERIFICATION) {
        stream.verified_s = now_s;
        if (has(notice->state)) {
            stream.state = stream.ask_error = (struct zta_text){.data = NULL};
        }
    }
    if (notice->kind == ZTA_NOTICE_STREAM_UPDATED) {
        stream.status = (enum zta_notice_stream)notice->level;
    }
    return status == ZTA_OK || status == ZTA_NOT_FOUND || status == ZTA_CORRUPT
               ? zta_stream_put(delivering->change, &stream)
               : status;
}

enum zta_status mod_zta_notice_deliver(struct mod_zta_automation *automation, struct zta_view *view,
                                       struct zta_change *change, const struct zta_notice *notice,
                                       struct zta_signal_delivery *delivery)
{
    const struct delivering delivering = {.automation = automation,
                                          .view = view,
                                          .change = change,
                                          .notice = notice,
                                          .delivery = delivery};
    enum zta_notice_outcome outcome;
    bool is_again = false;
    enum zta_status status = check_state(change, notice, delivery);
    if (status == ZTA_OK) {
        status = zta_signal_note(change, &notice->id, notice->expires_s, delivery, &is_again);
    }
    if (status != ZTA_OK || is_again) {
        return status;
    }
    status = apply(&delivering, &outcome);
    if (status == ZTA_OK) {
        status = note_stream(&delivering);
    }
    return status == ZTA_OK ? zta_notice_log(change, notice, outcome, delivery->now_ns) : status;
}

/* ---- what operators apply ---- */

struct applying {
    struct zta_view *view;
    struct zta_change *change;
    int64_t now_ns;
    uint64_t n;
    enum zta_status status;
};

/* What is about many is a revocation of the operator's, who said which. */
static bool is_to_be_applied(const struct zta_notice_record *record)
{
    return record->outcome == ZTA_NOTICE_HELD && record->ruling == ZTA_NOTICE_RULED_APPLIED &&
           record->notice.reach == ZTA_NOTICE_ONE;
}

static bool apply_ruled(void *context, const struct zta_notice_record *record)
{
    struct applying *applying = context;
    struct zta_signal_delivery delivery = {.now_ns = applying->now_ns};
    const struct delivering delivering = {.view = applying->view,
                                          .change = applying->change,
                                          .notice = &record->notice,
                                          .delivery = &delivery};
    struct zta_notice_record after = *record;
    if (!is_to_be_applied(record)) {
        return true;
    }
    applying->n++;
    applying->status = carry_out_told(&delivering, &after.outcome);
    if (applying->status == ZTA_OK) {
        applying->status = zta_notice_settle(applying->change, &after);
    }
    return applying->status == ZTA_OK;
}

enum zta_status mod_zta_notices_apply(struct zta_view *view, struct zta_change *change,
                                      int64_t now_real_ns)
{
    struct applying applying = {
        .view = view, .change = change, .now_ns = now_real_ns, .status = ZTA_OK};
    enum zta_status status = zta_notice_each(view, apply_ruled, &applying);
    status = status == ZTA_OK ? applying.status : status;
    return status == ZTA_OK && applying.n == 0 ? ZTA_NOT_FOUND : status;
}

/* Failures are tried again with the next look. */
static void apply_all(struct mod_zta_observer *observer, struct zta_view *view, int64_t now_real_ns)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    if (zta_change_begin(observer->store, "signals", &change, &error) != ZTA_OK) {
        return;
    }
    if (mod_zta_notices_apply(view, change, now_real_ns) == ZTA_OK &&
        zta_change_commit(&change, &error) == ZTA_OK) {
        zta_signals_moved(observer->options.segment);
    }
    zta_change_abort(&change);
}

/* ---- each second ---- */

static enum zta_status put_streams(struct zta_change *change,
                                   const struct mod_zta_observer_options *options, int64_t now_s)
{
    struct zta_text *names = calloc(options->n_streams + 1, sizeof(*names));
    if (names == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < options->n_streams; i++) {
        names[i] = options->streams[i].name;
    }
    enum zta_status status = zta_streams_keep(change, names, options->n_streams);
    free(names);
    for (size_t i = 0; i < options->n_streams && status == ZTA_OK; i++) {
        struct zta_stream stream;
        status = zta_stream_load(change, options->streams[i].name, &stream);
        if (status == ZTA_NOT_FOUND) {
            stream = (struct zta_stream){.first_s = now_s};
            status = ZTA_OK;
        }
        if (status == ZTA_OK) {
            stream.name = options->streams[i].name;
            stream.is_polled = options->streams[i].is_polled;
            stream.is_verifiable = options->streams[i].is_verifiable;
            if (!stream.is_verifiable) {
                /* Nobody could ask again to end the alert. */
                stream.state = stream.ask_error = (struct zta_text){.data = NULL};
            }
            status = zta_stream_put(change, &stream);
        }
    }
    return status;
}

/* Once a configuration: those that are gone leave with it. */
static void begin_streams(struct mod_zta_observer *observer, int64_t now_s)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    if (zta_store_complete(observer->store, &error) != ZTA_OK ||
        zta_change_begin(observer->store, "streams", &change, &error) != ZTA_OK) {
        return;
    }
    if (put_streams(change, &observer->options, now_s) == ZTA_OK) {
        observer->has_streams = zta_change_commit(&change, &error) == ZTA_OK;
    }
    zta_change_abort(&change);
}

struct looking {
    const struct mod_zta_observer_options *options;
    int64_t now_s;
    struct zta_buffer text;
    uint64_t n_held;
    uint64_t n_ruled; /* that wait for us, not for an operator */
};

static void tell_stream(struct looking *looking, const struct zta_stream *stream,
                        const struct mod_zta_stream_options *options)
{
    const int64_t since_s = stream->last_s > stream->first_s ? stream->last_s : stream->first_s;
    char quiet[ZTA_DURATION_TEXT_MAX];
    if (stream->status == ZTA_NOTICE_PAUSED || stream->status == ZTA_NOTICE_DISABLED) {
        zta_buffer_printf(&looking->text, "%stransmitter %.*s: its stream is %s",
                          looking->text.len > 0 ? "; " : "", (int)stream->name.len,
                          stream->name.data,
                          zta_notice_level_name(ZTA_NOTICE_STREAM, (uint8_t)stream->status));
    }
    else if (options->quiet_s > 0 && looking->now_s - since_s > options->quiet_s) {
        zta_duration_print(options->quiet_s, quiet);
        zta_buffer_printf(&looking->text, "%stransmitter %.*s: nothing came for more than %s",
                          looking->text.len > 0 ? "; " : "", (int)stream->name.len,
                          stream->name.data, quiet);
    }
    if (has(stream->error)) {
        zta_buffer_printf(&looking->text, "%stransmitter %.*s: %.*s",
                          looking->text.len > 0 ? "; " : "", (int)stream->name.len,
                          stream->name.data, (int)stream->error.len, stream->error.data);
    }
}

static void tell_verification(struct looking *looking, const struct zta_stream *stream)
{
    const struct zta_text what =
        has(stream->ask_error) ? stream->ask_error : ZTA_TEXT("its verification was not answered");
    if (has(stream->ask_error) || zta_stream_is_overdue(stream, looking->now_s)) {
        zta_buffer_printf(&looking->text, "%stransmitter %.*s: %.*s",
                          looking->text.len > 0 ? "; " : "", (int)stream->name.len,
                          stream->name.data, (int)what.len, what.data);
    }
}

static bool look_at_stream(void *context, const struct zta_stream *stream)
{
    struct looking *looking = context;
    for (size_t i = 0; i < looking->options->n_streams; i++) {
        if (zta_text_equal(looking->options->streams[i].name, stream->name)) {
            tell_stream(looking, stream, &looking->options->streams[i]);
            tell_verification(looking, stream);
        }
    }
    return true;
}

static bool count_held(void *context, const struct zta_notice_record *record)
{
    struct looking *looking = context;
    looking->n_held += record->outcome == ZTA_NOTICE_HELD && record->ruling == ZTA_NOTICE_NOT_RULED;
    looking->n_ruled += is_to_be_applied(record);
    return true;
}

void mod_zta_notices_step(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    char streams[480];
    char held[120];
    struct looking looking = {.options = &observer->options, .now_s = now_s};
    struct zta_view *view;
    if (!observer->has_streams) {
        begin_streams(observer, now_s);
    }
    if (observer->options.n_streams == 0 || now_s < observer->next_look_s) {
        return;
    }
    observer->next_look_s = now_s + LOOK_S;
    zta_buffer_init(&looking.text, streams, sizeof(streams));
    if (zta_view_begin(observer->store, &view) != ZTA_OK) {
        return;
    }
    if (zta_stream_each(view, look_at_stream, &looking) == ZTA_OK &&
        zta_notice_each(view, count_held, &looking) == ZTA_OK) {
        (void)snprintf(held, sizeof(held),
                       "%llu signals wait for an operator: 'ztactl signals list'",
                       (unsigned long long)looking.n_held);
        mod_zta_observer_alert(observer, MOD_ZTA_ALERT_STREAMS, now_s,
                               looking.text.len > 0 ? streams : NULL);
        mod_zta_observer_alert(observer, MOD_ZTA_ALERT_HELD, now_s,
                               looking.n_held > 0 ? held : NULL);
    }
    if (looking.n_ruled > 0) {
        apply_all(observer, view, now_real_ns);
    }
    zta_view_end(&view);
}
