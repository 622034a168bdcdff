/* SPDX-License-Identifier: Apache-2.0 */
/* Commit, sync, generation, answer: in this order, so that no answer comes before its effect. */
#include "mod_zta/helper/signals.h"

#include "mod_zta/helper/notices.h"
#include "shared/base/clock.h"
#include "shared/live/mailbox.h"
#include "shared/store/fleet_attestations.h"
#include "shared/store/notices.h"
#include "shared/store/signals.h"

/* A session that was logged out is refused at least so long (design: as long as it is kept). */
#define KEEP_S     (INT64_C(90) * 86400)
#define PRUNE_MOST 2000
#define RETRY_NS   INT64_C(100000000)

/* One letter of a round. */
struct taken {
    uint32_t slot;
    enum zta_letter_state state;
};

struct round {
    struct mod_zta_observer *observer;
    struct zta_view *view; /* of policy/: what operators released */
    struct zta_change *change;
    struct taken taken[ZTA_LETTERS_MAX];
    size_t n;
    bool has_changed;
    int64_t now_ns;
};

static enum zta_status deliver_notice(const struct round *round, const struct zta_mail *mail,
                                      struct zta_signal_delivery *delivery)
{
    struct zta_notice notice;
    return zta_notice_decode(mail->data, mail->size, &notice) == ZTA_OK
               ? mod_zta_notice_deliver(round->observer->automation, round->view, round->change,
                                        &notice, delivery)
               : ZTA_INVALID;
}

static enum zta_status deliver_one(struct round *round, const struct zta_mail *mail,
                                   struct taken *taken)
{
    struct zta_signal_message message;
    struct zta_signal_delivery delivery = {
        .segment_id = zta_segment_id(round->observer->options.segment),
        .letter = mail->letter,
        .now_ns = round->now_ns,
    };
    enum zta_status status = ZTA_INVALID;
    if (zta_notice_is_one(mail->data, mail->size)) {
        status = deliver_notice(round, mail, &delivery);
    }
    else if (zta_signal_message_decode(mail->data, mail->size, &message) == ZTA_OK) {
        status = zta_signal_released(round->view, &message.signal, &delivery.released_ns);
        if (status == ZTA_OK) {
            status = zta_signal_put(round->change, &message, &delivery);
        }
    }
    if (status == ZTA_EXISTS || status == ZTA_INVALID) {
        taken->state = status == ZTA_EXISTS ? ZTA_LETTER_KNOWN : ZTA_LETTER_REFUSED;
        return ZTA_OK;
    }
    if (status == ZTA_OK) {
        taken->state = ZTA_LETTER_COMMITTED;
        round->has_changed = true;
    }
    return status;
}

/* All that stands there into an open change. */
static enum zta_status deliver_all(struct round *round)
{
    struct zta_segment *segment = round->observer->options.segment;
    struct zta_mail mail;
    uint32_t slot = 0;
    enum zta_status status = ZTA_OK;
    while (status == ZTA_OK && zta_mailbox_take(segment, slot, &mail) == ZTA_OK) {
        struct taken *taken = &round->taken[round->n];
        *taken = (struct taken){.slot = mail.slot, .state = ZTA_LETTER_WAITING};
        status = deliver_one(round, &mail, taken);
        round->n++;
        slot = mail.slot + 1;
    }
    return status;
}

/* Nothing new may mean that a former helper died between commit and sync. */
static enum zta_status commit(struct round *round, struct zta_error *error)
{
    enum zta_status status = ZTA_OK;
    if (round->has_changed) {
        status = zta_change_commit(&round->change, error);
    }
    return status == ZTA_OK ? zta_store_sync(round->observer->store, error) : status;
}

static enum zta_status run(struct round *round, struct zta_error *error)
{
    struct zta_store *store = round->observer->store;
    enum zta_status status = zta_change_begin(store, "signals", &round->change, error);
    if (status == ZTA_OK) {
        status = zta_view_begin(store, &round->view);
    }
    if (status == ZTA_OK) {
        status = deliver_all(round);
    }
    zta_view_end(&round->view);
    if (status == ZTA_OK) {
        status = commit(round, error);
    }
    else if (error->text[0] == '\0') {
        (void)zta_error_set(error, status, "state/: %s", zta_status_text(status));
    }
    zta_change_abort(&round->change);
    return status;
}

static void note_failure(struct mod_zta_observer *observer, const struct zta_error *error,
                         int64_t now_mono_ns, int64_t now_real_ns)
{
    observer->signals_retry_ns = now_mono_ns + RETRY_NS;
    if (error->status == ZTA_FULL) {
        mod_zta_upkeep_squeeze(observer, now_real_ns);
    }
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_SIGNALS, now_real_ns / ZTA_NS_PER_S,
                           error->text);
}

void mod_zta_signals_deliver(struct mod_zta_observer *observer, int64_t now_mono_ns,
                             int64_t now_real_ns)
{
    struct zta_segment *segment = observer->options.segment;
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct round round = {.observer = observer, .now_ns = now_real_ns};
    struct zta_mail mail;
    /* Where the files are not ours any more, what is written would be gone. */
    if (now_mono_ns < observer->signals_retry_ns || !observer->upkeep.is_healthy ||
        zta_mailbox_take(segment, 0, &mail) != ZTA_OK) {
        return;
    }
    const enum zta_status status = run(&round, &error);
    if (status != ZTA_OK) {
        error.status = status;
        note_failure(observer, &error, now_mono_ns, now_real_ns);
        return;
    }
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_SIGNALS, now_real_ns / ZTA_NS_PER_S, NULL);
    zta_signals_moved(segment);
    for (size_t i = 0; i < round.n; i++) {
        zta_mailbox_answer(segment, round.taken[i].slot, round.taken[i].state);
    }
}

static enum zta_status count_notices(const struct mod_zta_observer *observer, uint64_t *n)
{
    struct zta_view *view;
    enum zta_status status = zta_view_begin(observer->store, &view);
    if (status == ZTA_OK) {
        status = zta_notice_count(view, n);
        zta_view_end(&view);
    }
    return status;
}

void mod_zta_signals_prune(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    const int64_t kept_s = observer->options.retain_sessions_s;
    const int64_t before_ns = now_real_ns - (kept_s > KEEP_S ? kept_s : KEEP_S) * ZTA_NS_PER_S;
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    uint64_t n_seen = 0;
    uint64_t n_signals = 0;
    uint64_t n_attested = 0;
    uint64_t n_notices = 0;
    uint64_t n_there = 0;
    if (zta_change_begin(observer->store, "pruning", &change, &error) != ZTA_OK) {
        return;
    }
    enum zta_status status = zta_signals_forget(change, now_s, PRUNE_MOST, &n_seen);
    if (status == ZTA_OK) {
        status = zta_signals_prune(change, observer->signals_place, before_ns, &n_signals);
    }
    if (status == ZTA_OK) {
        status =
            zta_attestations_prune(change, observer->attestations_place, before_ns, &n_attested);
    }
    if (status == ZTA_OK) {
        status = count_notices(observer, &n_there);
    }
    if (status == ZTA_OK) {
        status = zta_notices_prune(change, n_there, before_ns, &n_notices);
    }
    if (status == ZTA_OK && n_seen + n_signals + n_attested + n_notices > 0) {
        status = zta_change_commit(&change, &error);
    }
    zta_change_abort(&change);
}

void mod_zta_signals_tell_fleet(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_view *view;
    struct zta_change *change;
    uint64_t n = 0;
    const int64_t left_s = observer->next_attested_s - now_s; /* too much: a clock was set back */
    if ((left_s > 0 && left_s <= ZTA_FLEET_ATTESTATION_AGAIN_S) ||
        zta_view_begin(observer->store, &view) != ZTA_OK) {
        return;
    }
    observer->next_attested_s = now_s + ZTA_FLEET_ATTESTATION_AGAIN_S;
    if (zta_attestations_exist(view) &&
        zta_change_begin(observer->store, "telling the fleet", &change, &error) == ZTA_OK) {
        if (zta_fleet_attestations_note(view, change, now_s, &n) != ZTA_OK || n == 0 ||
            zta_change_commit(&change, &error) != ZTA_OK) {
            zta_change_abort(&change);
        }
    }
    zta_view_end(&view);
}
