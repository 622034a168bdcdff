/* SPDX-License-Identifier: Apache-2.0 */
/* Counting sessions, and asking before more than one is hit. */
#include "admin-tui/hits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin-tui/output.h"
#include "admin-tui/sessions.h"
#include "shared/base/clock.h"

struct counting {
    const struct ctl_target *targets;
    size_t n_targets;
    const struct zta_block *block;
    int64_t now_s;
    struct ctl_hits *hits;
    uint64_t n_walked;
};

enum {
    PART = 2000, /* sessions in a part of a count: some milliseconds */
};

/* Sessions of these kinds are refused by their login, together with others of the same names. */
static bool is_login(enum zta_session_kind kind)
{
    return kind != ZTA_SESSION_SID && kind != ZTA_SESSION_APIKEY;
}

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

static bool count(void *context, const struct zta_session *session)
{
    struct counting *counting = context;
    bool is_counted = counting->block != NULL && is_blocked(session, counting->block);
    for (size_t i = 0; i < counting->n_targets && !is_counted; i++) {
        is_counted = is_hit(session, &counting->targets[i]);
    }
    if (is_counted) {
        struct ctl_hits *hits = counting->hits;
        bool is_living = session->expires_s == 0 || session->expires_s > counting->now_s;
        hits->n += is_living;
        hits->n_expired += !is_living;
        hits->last_s = session->last_s > hits->last_s ? session->last_s : hits->last_s;
    }
    return true;
}

enum zta_status ctl_hits_count(struct zta_store *store, const struct ctl_target *targets,
                               size_t n_targets, const struct zta_block *block,
                               struct ctl_hits *hits)
{
    struct zta_view *view = NULL;
    struct counting counting = {
        .targets = targets,
        .n_targets = n_targets,
        .block = block,
        .now_s = zta_clock_real_ns() / ZTA_NS_PER_S,
        .hits = hits,
    };
    *hits = (struct ctl_hits){.n = 0};
    enum zta_status status = zta_view_begin(store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_session_each(view, count, &counting);
    zta_view_end(&view);
    return status;
}

/* Is the target that very session, whatever others are like? */
static bool is_one_session(const struct ctl_target *target)
{
    return target->record.kind == ZTA_REVOKE_SESSION && !is_login(target->record.session_kind);
}

static enum zta_status count_each(struct zta_view *view, struct counting *counting)
{
    for (size_t i = 0; i < counting->n_targets; i++) {
        struct zta_session session;
        enum zta_status status =
            zta_session_get(view, counting->targets[i].record.session, &session);
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
    counting->n_walked++;
    return count(context, session);
}

enum zta_status ctl_hits_count_part(struct zta_store *store, const struct ctl_target *targets,
                                    size_t n_targets, struct ctl_hits_walk *walk,
                                    struct ctl_hits *hits)
{
    struct zta_view *view = NULL;
    struct counting counting = {
        .targets = targets,
        .n_targets = n_targets,
        .now_s = zta_clock_real_ns() / ZTA_NS_PER_S,
        .hits = hits,
    };
    if (!walk->has_begun) {
        *hits = (struct ctl_hits){.n = 0};
        walk->has_begun = true;
    }
    enum zta_status status = zta_view_begin(store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    size_t n_single = 0;
    while (n_single < n_targets && is_one_session(&targets[n_single])) {
        n_single++;
    }
    if (n_single == n_targets) {
        status = count_each(view, &counting);
    }
    else {
        status = zta_session_each_from(view, walk->place, PART, count_walked, &counting);
        walk->n_walked += counting.n_walked;
    }
    static const uint8_t end[ZTA_SESSION_ID_SIZE];
    walk->is_done = memcmp(walk->place, end, sizeof end) == 0;
    zta_view_end(&view);
    return status;
}

void ctl_hits_print(const struct ctl_hits *hits, struct zta_buffer *out)
{
    char last[ZTA_TIME_TEXT_MAX];
    if (hits->n == 0 && hits->n_expired == 0) {
        zta_buffer_string(out, "hits no session that was seen so far");
        return;
    }
    zta_time_print(hits->last_s, last);
    zta_buffer_printf(out, "hits %" PRIu64 " session%s", hits->n, hits->n == 1 ? "" : "s");
    if (hits->n_expired > 0) {
        zta_buffer_printf(out, " and %" PRIu64 " whose credential has expired", hits->n_expired);
    }
    zta_buffer_printf(out, ", last seen %s", last);
}

static bool is_answered(const char *answers, const char *answer)
{
    const size_t len = strlen(answer);
    for (const char *line = answers; *line != '\0'; line += strcspn(line, "\n")) {
        line += *line == '\n';
        if (strncmp(line, answer, len) == 0 && (line[len] == '\n' || line[len] == '\0')) {
            return true;
        }
    }
    return false;
}

enum ctl_exit ctl_ask(const struct ctl *ctl, const char *question, const char *answer)
{
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_YES)) {
        return CTL_DONE;
    }
    if (ctl->answers != NULL) {
        return is_answered(ctl->answers, answer)
                   ? CTL_DONE
                   : ctl_fail(CTL_CONFLICT, "%s Type %s" CTL_ASK_END, question, answer);
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        return ctl_fail(CTL_CONFLICT,
                        "%s Without a terminal that needs --yes. Nothing was changed.", question);
    }
    char line[64];
    ctl_note("%s Type %s" CTL_ASK_END, question, answer);
    if (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strcmp(line, answer) == 0) {
            return CTL_DONE;
        }
    }
    return ctl_fail(CTL_CONFLICT, "nothing was changed");
}

enum ctl_exit ctl_hits_guard(const struct ctl *ctl, const struct ctl_hits *hits)
{
    uint64_t most = UINT64_MAX;
    struct zta_error error;
    if (ctl_option_count(&ctl->options, CTL_OPTION_MAX, &most, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (hits->n > most) {
        return ctl_fail(CTL_CONFLICT,
                        "this hits %" PRIu64 " sessions, --max allows %" PRIu64
                        ". Nothing was changed.",
                        hits->n, most);
    }
    if (hits->n <= 1) {
        return CTL_DONE;
    }
    char question[64];
    char number[24];
    (void)snprintf(question, sizeof question, "This hits %" PRIu64 " sessions.", hits->n);
    (void)snprintf(number, sizeof number, "%" PRIu64, hits->n);
    return ctl_ask(ctl, question, number);
}
