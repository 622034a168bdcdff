/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl subject export, subject forget. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/output.h"
#include "admin-tui/person.h"
#include "admin-tui/report.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/store/erasures.h"
#include "shared/store/requests.h"

enum {
    LINE_MAX_SIZE = 4096
};

/* The view is the caller's to end when this is ZTA_OK. */
static enum zta_status find(const struct ctl *ctl, struct ctl_name *person, struct zta_view **view,
                            struct zta_error *error)
{
    static struct ctl_issuers issuers; /* too large for a stack; the name points into it */
    enum zta_status status = zta_view_begin(ctl->store, view);
    if (status != ZTA_OK) {
        return status;
    }
    status = ctl_issuers_load(*view, &issuers, error);
    if (status == ZTA_OK) {
        status =
            ctl_name_resolve(&issuers, zta_text_of(ctl->arguments[0]), "subject", person, error);
    }
    if (status != ZTA_OK) {
        zta_view_end(view);
    }
    return status;
}

/* ---- export ---- */

struct exporting {
    struct ctl_list *list;
    uint64_t n;
};

static bool add_known(void *context, const struct ctl_known *known)
{
    struct exporting *exporting = context;
    struct ctl_list *list = exporting->list;
    char text[LINE_MAX_SIZE];
    struct zta_buffer line;
    zta_buffer_init(&line, text, sizeof text);
    for (size_t i = 0; i < known->n; i++) {
        zta_buffer_printf(&line, "%s%s ", i > 0 ? ", " : "", known->names[i]);
        zta_buffer_string(&line, known->texts[i]);
    }
    ctl_row_begin(list);
    ctl_row_string(list, "kind", ctl_known_name(known->kind));
    ctl_row_time(list, "time", known->time_s);
    ctl_row_bool(list, "stays", ctl_known_stays(known->kind));
    struct zta_json *json = ctl_row_json(list);
    if (json == NULL) {
        ctl_row_string(list, "values", text);
    }
    else {
        zta_json_begin_object(json, "values");
        for (size_t i = 0; i < known->n; i++) {
            zta_json_string(json, known->names[i], known->texts[i]);
        }
        zta_json_end_object(json);
    }
    if (json != NULL && known->event != NULL) {
        zta_json_begin_object(json, "event");
        ctl_event_members(json, known->event);
        zta_json_end_object(json);
    }
    ctl_row_end(list);
    exporting->n++;
    return true;
}

enum ctl_exit ctl_run_subject_export(struct ctl *ctl)
{
    static const char *const titles[] = {"KIND", "TIME", "STAYS", "WHAT IS KNOWN"};
    struct zta_error error = {.status = ZTA_OK};
    struct zta_view *view = NULL;
    struct ctl_name person;
    struct ctl_list list;
    struct exporting exporting = {.list = &list};
    enum zta_status status = find(ctl, &person, &view, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    status = ctl_person_each(view, &person, add_known, &exporting);
    zta_view_end(&view);
    if (status != ZTA_OK || exporting.n == 0) {
        ctl_list_close(&list);
        return status != ZTA_OK
                   ? ctl_fail_status(status, NULL, "reading what is known")
                   : ctl_fail(CTL_FAILED, "nothing is known of subject '%s'", ctl->arguments[0]);
    }
    return ctl_list_print(&list);
}

/* ---- forget ---- */

struct counting {
    uint64_t n[CTL_N_KNOWN];
};

static bool count(void *context, const struct ctl_known *known)
{
    struct counting *counting = context;
    counting->n[known->kind]++;
    return true;
}

/* "3 session, 120 request"; the sum of them. */
static uint64_t say_counts(const struct counting *counting, bool stays, struct zta_buffer *out)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < CTL_N_KNOWN; i++) {
        const enum ctl_known_kind kind = (enum ctl_known_kind)i;
        if (ctl_known_stays(kind) == stays && counting->n[i] > 0) {
            zta_buffer_printf(out, "%s%s %" PRIu64, sum > 0 ? ", " : "", ctl_known_name(kind),
                              counting->n[i]);
            sum += counting->n[i];
        }
    }
    zta_buffer_string(out, sum == 0 ? "nothing" : "");
    return sum;
}

static enum ctl_exit order(struct ctl *ctl, struct ctl_report *report,
                           const struct ctl_name *person, uint64_t n)
{
    static const char question[] = "This takes records of requests away for good.";
    char number[24];
    char digest[2 * ZTA_SHA256_SIZE + 1];
    char named[sizeof digest + 16];
    struct zta_sha256 who;
    struct ctl_action action;
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    ctl_report_plan(ctl, report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, report, NULL);
    }
    (void)snprintf(number, sizeof number, "%" PRIu64, n);
    code = ctl_ask(ctl, question, number);
    if (code != CTL_DONE) {
        return code;
    }
    /* The trail, which nobody can take anything out of, does not name the person once more. */
    zta_erasure_name(person->issuer, person->name, &who);
    zta_hex_encode(who.bytes, sizeof who.bytes, digest);
    (void)snprintf(named, sizeof named, "person %s", digest);
    struct zta_request request = {.kind = ZTA_REQUEST_ERASE, .name = zta_text_of(digest)};
    const enum zta_status status =
        ctl_action_request(&action, ctl->command->words, named, &request);
    return status == ZTA_OK ? ctl_report_done(ctl, report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

enum ctl_exit ctl_run_subject_forget(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    struct zta_view *view = NULL;
    struct ctl_name person;
    struct counting counting = {.n = {0}};
    char effect[CTL_REPORT_TEXT_MAX];
    struct zta_buffer out;
    enum zta_status status = find(ctl, &person, &view, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    status = ctl_person_each(view, &person, count, &counting);
    zta_view_end(&view);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading what is known");
    }
    struct ctl_report report = {.done = "asked to forget", .effect = effect};
    zta_buffer_init(&out, report.target, sizeof report.target);
    zta_buffer_text(&out, person.name);
    zta_buffer_string(&out, "@");
    zta_buffer_text(&out, person.issuer);
    zta_buffer_string(&out, ": ");
    const uint64_t n = say_counts(&counting, false, &out);
    zta_buffer_init(&out, effect, sizeof effect);
    zta_buffer_string(&out, "The server forgets within seconds, or when it starts. What restricts "
                            "this subject or was put there by operators stays: ");
    (void)say_counts(&counting, true, &out);
    zta_buffer_string(&out, ".");
    return order(ctl, &report, &person, n);
}
