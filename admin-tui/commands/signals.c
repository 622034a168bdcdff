/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl signals list, show, streams, verify. */
#include "admin-tui/actions.h"
#include "admin-tui/notices.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/target.h"
#include "admin-tui/walk.h"
#include "shared/base/clock.h"
#include "shared/store/requests.h"

enum {
    ROWS_DEFAULT = 100,
    TARGET_MAX = 1024,
};

struct listing {
    struct ctl_list list;
    int64_t since_ns; /* 0: no matter when */
    struct ctl_name subject;
    uint64_t n_left; /* rows that are still shown */
};

static const char *level_of(const struct zta_notice *notice)
{
    return zta_notice_level_name(notice->effect, notice->level);
}

static void add_target(struct ctl_list *list, const struct zta_notice *notice)
{
    char text[TARGET_MAX];
    struct zta_buffer out;
    struct zta_json *json = ctl_row_json(list);
    zta_buffer_init(&out, text, sizeof text);
    ctl_notice_print_target(notice, &out);
    ctl_row_string(list, "target", text);
    if (json == NULL) {
        return;
    }
    zta_json_text(json, "issuer", notice->issuer);
    zta_json_text(json, "subject", notice->subject);
    zta_json_text(json, "session", notice->sid);
    zta_json_text(json, "token", notice->token);
    zta_json_text(json, "device", notice->device);
    zta_json_text(json, "client", notice->client);
    zta_json_bool(json, "is_about_many", notice->reach == ZTA_NOTICE_MANY);
}

static void add_row(struct ctl_list *list, const struct zta_notice_record *record)
{
    const struct zta_notice *notice = &record->notice;
    char id[ZTA_NOTICE_ID_TEXT_LEN + 1];
    ctl_notice_id(notice, id);
    ctl_row_begin(list);
    ctl_row_string(list, "id", id);
    ctl_row_time(list, "received", record->received_ns / ZTA_NS_PER_S);
    ctl_row_text(list, "from", notice->transmitter);
    ctl_row_text(list, "event", notice->type);
    add_target(list, notice);
    ctl_row_string(list, "level", level_of(notice));
    ctl_row_string(list, "outcome", zta_notice_outcome_name(record->outcome));
    ctl_row_string(list, "ruling", ctl_notice_ruling_name(record->ruling));
    ctl_row_text(list, "detail", notice->detail);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        zta_json_time(json, "happened", notice->event_s);
        zta_json_time(json, "issued", notice->issued_s);
        zta_json_text(json, "jti", notice->jti);
        zta_json_int(json, "action", (int64_t)record->action_id);
    }
    ctl_row_end(list);
}

static bool list_one(void *context, const struct zta_notice_record *record)
{
    struct listing *listing = context;
    const struct zta_notice *notice = &record->notice;
    if (record->received_ns < listing->since_ns || listing->n_left == 0) {
        return false;
    }
    if (!zta_text_is_absent(listing->subject.name) &&
        (!zta_text_equal(listing->subject.name, notice->subject) ||
         !zta_text_equal(listing->subject.issuer, notice->issuer))) {
        return true;
    }
    add_row(&listing->list, record);
    listing->n_left--;
    return true;
}

/* --last, --limit, --subject. */
static enum ctl_exit choose(const struct ctl *ctl, struct zta_view *view, struct listing *listing)
{
    static struct ctl_issuers issuers; /* too large for a stack */
    const struct zta_text last = ctl_option_text(&ctl->options, CTL_OPTION_LAST);
    const struct zta_text subject = ctl_option_text(&ctl->options, CTL_OPTION_SUBJECT);
    struct zta_error error = {.status = ZTA_OK};
    int64_t last_s = INT64_C(86400);
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_LAST)) {
        if (last.len > 0 &&
            ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &last_s, &error) != ZTA_OK) {
            return ctl_fail(CTL_USAGE, "%s", error.text);
        }
        listing->since_ns = zta_clock_real_ns() - last_s * ZTA_NS_PER_S;
        listing->n_left = UINT64_MAX;
    }
    if (ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, &listing->n_left, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (listing->n_left == 0) {
        listing->n_left = UINT64_MAX;
    }
    if (zta_text_is_absent(subject)) {
        return CTL_DONE;
    }
    enum zta_status status = ctl_issuers_load(view, &issuers, &error);
    if (status == ZTA_OK) {
        status = ctl_name_resolve(&issuers, subject, "subject", &listing->subject, &error);
    }
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, &error, "");
}

enum ctl_exit ctl_run_signals_list(struct ctl *ctl)
{
    static const char *const titles[] = {"ID",    "RECEIVED", "FROM",   "EVENT", "ABOUT",
                                         "LEVEL", "OUTCOME",  "RULING", "DETAIL"};
    struct listing listing = {.n_left = ROWS_DEFAULT};
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    enum ctl_exit code = choose(ctl, view, &listing);
    if (code != CTL_DONE) {
        zta_view_end(&view);
        return code;
    }
    ctl_list_open(&listing.list, ctl_is_json(ctl), CTL_TABLE, titles,
                  sizeof titles / sizeof titles[0]);
    status = zta_notice_each(view, list_one, &listing);
    zta_view_end(&view);
    if (status != ZTA_OK) {
        ctl_list_close(&listing.list);
        return ctl_fail_status(status, NULL, "reading signals");
    }
    return ctl_list_print(&listing.list);
}

enum ctl_exit ctl_run_signals_show(struct ctl *ctl)
{
    static struct ctl_notice found;
    struct ctl_list list;
    enum zta_status status = ctl_notice_find(ctl->store, zta_text_of(ctl->arguments[0]), &found);
    if (status == ZTA_NOT_FOUND) {
        return ctl_fail(CTL_FAILED, "there is no signal '%s'", ctl->arguments[0]);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading signals");
    }
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    if (ctl_is_json(ctl)) {
        add_row(&list, &found.record);
        return ctl_list_print(&list);
    }
    const struct zta_notice *notice = &found.record.notice;
    ctl_row_begin(&list);
    ctl_row_string(&list, "id", found.id);
    ctl_row_text(&list, "from", notice->transmitter);
    ctl_row_text(&list, "event", notice->type);
    ctl_row_string(&list, "means", zta_notice_kind_text(notice->kind));
    add_target(&list, notice);
    ctl_row_string(&list, "level", level_of(notice));
    ctl_row_time(&list, "happened", notice->event_s);
    ctl_row_time(&list, "issued", notice->issued_s);
    ctl_row_time(&list, "received", found.record.received_ns / ZTA_NS_PER_S);
    ctl_row_string(&list, "outcome", zta_notice_outcome_name(found.record.outcome));
    ctl_row_string(&list, "ruling", ctl_notice_ruling_name(found.record.ruling));
    ctl_row_text(&list, "detail", notice->detail);
    ctl_row_text(&list, "jti", notice->jti);
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

/* How the verification goes that was asked for last. */
static void add_question(struct ctl_list *list, const struct zta_stream *stream)
{
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    const char *word = zta_stream_is_overdue(stream, now_s)     ? "unanswered"
                       : !zta_text_is_absent(stream->ask_error) ? "failed"
                       : !zta_text_is_absent(stream->state)     ? "outstanding"
                       : stream->asked_s > 0                    ? "answered"
                                                                : NULL;
    struct zta_json *json = ctl_row_json(list);
    ctl_row_time(list, "asked", stream->asked_s);
    ctl_row_string(list, "verification", word);
    if (json != NULL) {
        zta_json_bool(json, "can_verify", stream->is_verifiable);
        zta_json_text(json, "ask_error", stream->ask_error);
    }
}

static bool add_stream(void *context, const struct zta_stream *stream)
{
    struct ctl_list *list = context;
    const bool is_stopped =
        stream->status == ZTA_NOTICE_PAUSED || stream->status == ZTA_NOTICE_DISABLED;
    ctl_row_begin(list);
    ctl_row_text(list, "name", stream->name);
    ctl_row_string(list, "by", stream->is_polled ? "poll" : "push");
    ctl_row_string(list, "state",
                   is_stopped ? zta_notice_level_name(ZTA_NOTICE_STREAM, (uint8_t)stream->status)
                              : "enabled");
    ctl_row_time(list, "last", stream->last_s);
    ctl_row_time(list, "verified", stream->verified_s);
    ctl_row_time(list, "polled", stream->polled_s);
    ctl_row_int(list, "received", (int64_t)stream->n_received);
    ctl_row_text(list, "error", stream->error);
    add_question(list, stream);
    ctl_row_end(list);
    return true;
}

static enum zta_status list_streams(void *context, struct zta_view *view, struct ctl_list *list)
{
    return zta_stream_each(view, add_stream, list);
}

enum ctl_exit ctl_run_signals_streams(struct ctl *ctl)
{
    static const char *const titles[] = {"TRANSMITTER", "BY",        "STATE", "LAST",  "VERIFIED",
                                         "POLLED",      ">RECEIVED", "ERROR", "ASKED", "ANSWER"};
    const struct ctl_walk walk = {
        .titles = titles, .n_columns = sizeof titles / sizeof titles[0], .what = "reading streams"};
    return ctl_walk_print(ctl, &walk, list_streams, NULL);
}

struct asking {
    struct zta_text name; /* absent: all */
    bool is_there;
    uint64_t n;
};

static bool count_verifiable(void *context, const struct zta_stream *stream)
{
    struct asking *asking = context;
    if (zta_text_is_absent(asking->name) || zta_text_equal(asking->name, stream->name)) {
        asking->is_there = true;
        asking->n += stream->is_verifiable;
    }
    return true;
}

static enum ctl_exit check_verifiable(struct ctl *ctl, struct asking *asking)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_stream_each(view, count_verifiable, asking);
        zta_view_end(&view);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading streams");
    }
    if (!asking->is_there && ctl->n_arguments > 0) {
        return ctl_fail(CTL_FAILED, "there is no transmitter '%s'", ctl->arguments[0]);
    }
    return asking->n > 0
               ? CTL_DONE
               : ctl_fail(CTL_FAILED, "no transmitter can be asked: ZTAVerify is not set");
}

enum ctl_exit ctl_run_signals_verify(struct ctl *ctl)
{
    struct zta_request request = {.kind = ZTA_REQUEST_VERIFY};
    struct asking asking = {.is_there = false};
    struct ctl_action action;
    struct ctl_report report = {
        .done = "asked to verify",
        .effect = "The server asks within about two seconds; 'ztactl signals streams' shows what "
                  "came of it.",
    };
    struct zta_buffer target;
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    zta_buffer_init(&target, report.target, sizeof report.target);
    zta_buffer_string(&target, ctl->n_arguments > 0 ? "transmitter " : "all transmitters");
    if (ctl->n_arguments > 0) {
        asking.name = request.name = zta_text_of(ctl->arguments[0]);
        zta_buffer_text(&target, request.name);
    }
    code = check_verifiable(ctl, &asking);
    if (code != CTL_DONE) {
        return code;
    }
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    enum zta_status status =
        ctl_action_request(&action, ctl->command->words, report.target, &request);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}
