/* SPDX-License-Identifier: Apache-2.0 */
/* What transmitters hold is found by the names of the event, whichever event brought it. */
#include "admin-tui/notices.h"

#include <string.h>

#include "admin-tui/actions_priv.h"
#include "shared/store/attestations.h"
#include "shared/store/measures.h"
#include "shared/store/signals.h"

void ctl_notice_id(const struct zta_notice *notice, char id[ZTA_NOTICE_ID_TEXT_LEN + 1])
{
    zta_hex_encode(notice->id.bytes, ZTA_NOTICE_ID_SIZE, id);
}

struct finding {
    uint8_t id[ZTA_NOTICE_ID_SIZE];
    struct ctl_notice *found;
    enum zta_status status;
};

static bool look(void *context, const struct zta_notice_record *record)
{
    struct finding *finding = context;
    struct ctl_notice *found = finding->found;
    size_t size;
    if (memcmp(record->notice.id.bytes, finding->id, sizeof finding->id) != 0) {
        return true;
    }
    found->record = *record;
    ctl_notice_id(&record->notice, found->id);
    /* Its texts end with the view: a copy of all of it has them, too. */
    finding->status = zta_notice_encode(&record->notice, found->data, sizeof found->data, &size);
    if (finding->status == ZTA_OK) {
        finding->status = zta_notice_decode(found->data, size, &found->record.notice);
    }
    return false;
}

enum zta_status ctl_notice_find(struct zta_store *store, struct zta_text id,
                                struct ctl_notice *found)
{
    struct finding finding = {.found = found, .status = ZTA_NOT_FOUND};
    struct zta_view *view = NULL;
    if (zta_hex_decode(id, finding.id, sizeof finding.id) != ZTA_OK) {
        return ZTA_NOT_FOUND;
    }
    enum zta_status status = zta_view_begin(store, &view);
    if (status == ZTA_OK) {
        status = zta_notice_each(view, look, &finding);
        zta_view_end(&view);
    }
    return status == ZTA_OK ? finding.status : status;
}

static void add(struct zta_buffer *out, size_t start, const char *what, struct zta_text text)
{
    if (!zta_text_is_absent(text)) {
        zta_buffer_string(out, out->len > start ? ", " : "");
        zta_buffer_string(out, what);
        zta_buffer_text(out, text);
    }
}

void ctl_notice_print_target(const struct zta_notice *notice, struct zta_buffer *out)
{
    const size_t start = out->len;
    add(out, start, "", notice->subject);
    if (out->len > start) {
        zta_buffer_string(out, "@");
        zta_buffer_text(out, notice->issuer);
    }
    add(out, start, "session ", notice->sid);
    add(out, start, "token ", notice->token);
    add(out, start, "device ", notice->device);
    add(out, start, "client ", notice->client);
    if (out->len == start) {
        zta_buffer_string(out, notice->reach == ZTA_NOTICE_MANY ? "many" : "-");
    }
}

const char *ctl_notice_ruling_name(enum zta_notice_ruling ruling)
{
    switch (ruling) {
    case ZTA_NOTICE_RULED_APPLIED:
        return "applied";
    case ZTA_NOTICE_RULED_DROPPED:
        return "dropped";
    case ZTA_NOTICE_RULED_LIFTED:
        return "lifted";
    case ZTA_NOTICE_NOT_RULED:
        break;
    }
    return NULL;
}

/* The audit entry: which event, about whom. */
static enum zta_status note(struct ctl_work *work, const struct ctl_notice *notice, uint64_t *id)
{
    struct zta_buffer target = ctl_work_write(work->target, sizeof work->target);
    zta_buffer_printf(&target, "signal %s, %.*s, ", notice->id, (int)notice->record.notice.type.len,
                      notice->record.notice.type.data);
    ctl_notice_print_target(&notice->record.notice, &target);
    return ctl_work_note(work, id);
}

enum zta_status ctl_action_notice_rule(struct ctl_action *action, const char *name,
                                       const struct ctl_notice *notice,
                                       enum zta_notice_ruling ruling)
{
    struct ctl_work work;
    uint64_t id;
    enum zta_status status = ctl_work_begin(&work, action, name);
    if (status != ZTA_OK) {
        return status;
    }
    status = note(&work, notice, &id);
    if (status == ZTA_OK) {
        status = zta_notice_rule(work.change, &notice->record.notice, ruling, id);
    }
    return ctl_work_end(&work, status);
}

/* ---- lifting ---- */

struct lifting {
    struct zta_change *change;
    const struct zta_notice *notice;
    uint64_t action_id;
    enum zta_status status; /* ZTA_NOT_FOUND: nothing was there */
};

static bool is_same(struct zta_text a, struct zta_text b)
{
    return zta_text_is_absent(a) ? zta_text_is_absent(b) : zta_text_equal(a, b);
}

static bool is_about(const struct zta_notice *notice, const struct zta_signal *signal)
{
    if (!signal->is_from_transmitter || !zta_text_equal(signal->issuer, notice->issuer)) {
        return false;
    }
    switch (signal->kind) {
    case ZTA_SIGNAL_SESSION:
    case ZTA_SIGNAL_SUBJECT_SESSION:
        return zta_text_equal(signal->sid, notice->sid) &&
               is_same(signal->subject, notice->subject);
    case ZTA_SIGNAL_SUBJECT:
    case ZTA_SIGNAL_SUBJECT_TOKENS:
    case ZTA_SIGNAL_SUBJECT_DEVICE:
    case ZTA_SIGNAL_SUBJECT_CLIENT:
        return zta_text_is_absent(notice->sid) && zta_text_equal(signal->subject, notice->subject);
    case ZTA_SIGNAL_TOKEN:
        return zta_text_equal(signal->name, notice->token);
    case ZTA_SIGNAL_DEVICE:
        return zta_text_is_absent(notice->subject) && zta_text_equal(signal->name, notice->device);
    case ZTA_SIGNAL_END:
        break;
    }
    return false;
}

static bool lift_signal(void *context, const struct zta_signal *signal, bool is_released)
{
    struct lifting *lifting = context;
    if (is_released || !is_about(lifting->notice, signal)) {
        return true;
    }
    lifting->status = zta_signal_release(lifting->change, signal, lifting->action_id);
    return lifting->status == ZTA_OK;
}

static bool lift_attestation(void *context, const struct zta_attestation *attestation,
                             bool is_released)
{
    struct lifting *lifting = context;
    const struct zta_notice *notice = lifting->notice;
    const bool is_owned = zta_text_equal(attestation->issuer, notice->issuer);
    const bool is_theirs = attestation->what == ZTA_ATTESTED_SUBJECT_RISK
                               ? is_owned && zta_text_equal(attestation->name, notice->subject)
                           : attestation->what == ZTA_ATTESTED_SESSION_RISK
                               ? is_owned && zta_text_equal(attestation->name, notice->sid)
                               : zta_text_equal(attestation->name, notice->device);
    if (is_released || !is_theirs) {
        return true;
    }
    lifting->status = zta_attestation_release(lifting->change, attestation, lifting->action_id);
    return lifting->status == ZTA_OK;
}

static bool lift_measure(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct lifting *lifting = context;
    const struct zta_notice *notice = lifting->notice;
    if (is_lifted || measure->source != ZTA_MEASURE_OF_TRANSMITTER ||
        measure->target.kind != ZTA_TARGET_SUBJECT ||
        !zta_text_equal(measure->target.issuer, notice->issuer) ||
        !zta_text_equal(measure->target.name, notice->subject)) {
        return true;
    }
    lifting->status = zta_measure_lift(lifting->change, measure, lifting->action_id);
    return lifting->status == ZTA_OK;
}

static bool goes_on(const struct lifting *lifting, enum zta_status status)
{
    return status == ZTA_OK && (lifting->status == ZTA_OK || lifting->status == ZTA_NOT_FOUND);
}

static enum zta_status lift_all(struct lifting *lifting, struct zta_view *view)
{
    enum zta_status status = zta_signal_each(view, lift_signal, lifting);
    if (goes_on(lifting, status)) {
        status = zta_attestation_each(view, lift_attestation, lifting);
    }
    if (goes_on(lifting, status)) {
        status = zta_measure_each(view, lift_measure, lifting);
    }
    return status == ZTA_OK ? lifting->status : status;
}

enum zta_status ctl_action_notice_lift(struct ctl_action *action, const struct ctl_notice *notice)
{
    struct ctl_work work;
    struct lifting lifting = {.notice = &notice->record.notice, .status = ZTA_NOT_FOUND};
    struct zta_view *view = NULL;
    enum zta_status status = ctl_work_begin(&work, action, "signals lift");
    if (status != ZTA_OK) {
        return status;
    }
    status = note(&work, notice, &lifting.action_id);
    if (status == ZTA_OK) {
        status = zta_view_begin(action->store, &view);
    }
    if (status == ZTA_OK) {
        lifting.change = work.change;
        status = lift_all(&lifting, view);
        zta_view_end(&view);
    }
    if (status == ZTA_OK) {
        status = zta_notice_rule(work.change, lifting.notice, ZTA_NOTICE_RULED_LIFTED,
                                 lifting.action_id);
    }
    return ctl_work_end(&work, status);
}
