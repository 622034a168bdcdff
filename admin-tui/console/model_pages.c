/* SPDX-License-Identifier: Apache-2.0 */
/* Everything about one thing, as a page. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/model_priv.h"
#include "admin-tui/explain.h"
#include "admin-tui/revoked.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/audit.h"

enum {
    LATEST = 12,        /* requests on a page */
    LATEST_BACK = 4000, /* of the newest that are looked through for them */
    LINE_SIZE = 2048,   /* a target, its author and reason */
};

static bool begin(struct tui_model *model, struct zta_view **view)
{
    enum zta_status status = tui_model_view(model, view);
    if (status != ZTA_OK) {
        tui_model_fail(model, status, "reading the store");
    }
    return status == ZTA_OK;
}

static bool end(struct tui_model *model, struct zta_view **view, enum zta_status status,
                const char *what)
{
    zta_view_end(view);
    if (status != ZTA_OK) {
        tui_model_fail(model, status, what);
    }
    return status == ZTA_OK;
}

/* "2027-01-01T00:00:00Z, 4d ago"; 0 is no line. */
static void put_time(struct tui_page *page, const char *label, int64_t time_s, int64_t now_s)
{
    char text[ZTA_TIME_TEXT_MAX];
    char span[TUI_SHORT_MAX];
    if (time_s != 0) {
        zta_time_print(time_s, text);
        tui_format_until(time_s, now_s, span);
        tui_page_printf(page, label, "%s, %s", text, span);
    }
}

/* Parts of an explanation, what matters most first. */
enum part {
    PART_DECISION = 0,
    PART_MONITOR,
    PART_ASKED,
    PART_WHO,
    PART_CHECKS,
    PART_RECORDED,
    N_PARTS
};

static const char *const part_titles[N_PARTS] = {
    [PART_DECISION] = "Decision",
    [PART_MONITOR] = "With all that is monitored",
    [PART_ASKED] = "What was asked",
    [PART_WHO] = "Who asked",
    [PART_CHECKS] = "Checks in their order",
    [PART_RECORDED] = "Recorded",
};

/* Lines of an explanation that begin a part (the lines behind them belong to it too). */
static const struct {
    const char *label;
    enum part part;
} beginnings[] = {
    {.label = "request", .part = PART_ASKED},    {.label = "who", .part = PART_WHO},
    {.label = "decided", .part = PART_DECISION}, {.label = "monitor", .part = PART_MONITOR},
    {.label = "checks", .part = PART_CHECKS},    {.label = "repeated", .part = PART_RECORDED},
    {.label = "note", .part = PART_RECORDED},
};

/* And those that are to be seen first. */
static const struct {
    const char *label;
    enum tui_role role;
} seen_lines[] = {
    {.label = "why", .role = TUI_ROLE_STRONG},   {.label = "missing", .role = TUI_ROLE_WARN},
    {.label = "counted", .role = TUI_ROLE_WARN}, {.label = "hit", .role = TUI_ROLE_WARN},
    {.label = "monitor", .role = TUI_ROLE_INFO},
};

static bool has_label(const char *line, const char *label)
{
    size_t len = strlen(label);
    return strncmp(line, label, len) == 0 && line[len] == ' ';
}

static enum tui_role role_of_line(const char *line, uint8_t outcome)
{
    for (size_t i = 0; i < sizeof seen_lines / sizeof seen_lines[0]; i++) {
        if (has_label(line, seen_lines[i].label)) {
            return seen_lines[i].role;
        }
    }
    return has_label(line, "decided") ? tui_role_of_outcome(outcome) : TUI_ROLE_TEXT;
}

/* The lines of one part, in their order. */
static void put_part(struct tui_page *page, const char *text, enum part part, uint8_t outcome)
{
    enum part at = PART_ASKED;
    bool is_headed = false;
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
            at = has_label(text, beginnings[i].label) ? beginnings[i].part : at;
        }
        if (at == part) {
            if (!is_headed) {
                tui_page_section(page, part_titles[part]);
                is_headed = true;
            }
            tui_page_role(page, role_of_line(text, outcome));
            zta_buffer_printf(&page->out, "%.*s\n", (int)len, text);
        }
        text += len + (text[len] == '\n');
    }
}

/* ---- the latest requests of somebody ---- */

struct latest {
    struct tui_page *page;
    const uint8_t *session; /* NULL: by the text below */
    enum zta_event_text which;
    struct zta_text text;
    size_t n_seen;
    size_t n_put;
};

static bool put_request(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    struct latest *latest = context;
    bool is_wanted = latest->session != NULL
                         ? memcmp(event->session, latest->session, sizeof event->session) == 0
                         : zta_text_equal(zta_event_text(event, latest->which), latest->text);
    if (is_wanted) {
        char clock[TUI_SHORT_MAX];
        struct zta_buffer *out = &latest->page->out;
        tui_format_clock(event->time_ns / ZTA_NS_PER_S, clock);
        tui_page_role(latest->page, event->outcome == ZTA_OUTCOME_ALLOW
                                        ? TUI_ROLE_TEXT
                                        : tui_role_of_outcome(event->outcome));
        zta_buffer_printf(out, "%-9s %-9s %3u  ", clock,
                          zta_outcome_name((enum zta_outcome)event->outcome),
                          (unsigned)event->http_status);
        zta_buffer_safe(out, zta_event_text(event, ZTA_EVENT_METHOD));
        zta_buffer_string(out, " ");
        zta_buffer_safe(out, zta_event_text(event, ZTA_EVENT_PATH));
        if (event->outcome != ZTA_OUTCOME_ALLOW) {
            zta_buffer_printf(out, "  %s", zta_reason_name((enum zta_reason)event->reason));
        }
        zta_buffer_string(out, "\n");
        latest->n_put++;
    }
    return ++latest->n_seen < LATEST_BACK && latest->n_put < LATEST;
}

/* In a view of its own; a page without it is better than none. */
static void put_latest(struct tui_model *model, struct latest *latest, const char *title)
{
    struct zta_view *view = NULL;
    if (!begin(model, &view)) {
        return;
    }
    tui_page_section(latest->page, title);
    enum zta_status status = zta_event_each_back(view, put_request, latest);
    if (end(model, &view, status, "its requests") && latest->n_put == 0) {
        zta_buffer_printf(&latest->page->out, "none among the newest %zu of all\n", latest->n_seen);
    }
}

bool tui_model_explain(struct tui_model *model, const struct zta_event *event,
                       struct tui_page *page)
{
    char text[TUI_PAGE_SIZE];
    struct zta_buffer out;
    struct ctl_explained_store kept;
    struct ctl_explained explained;
    struct zta_view *view = NULL;
    if (!begin(model, &view)) {
        return false;
    }
    enum zta_status status = ctl_explained_find(view, event, &kept, &explained);
    if (!end(model, &view, status, "explaining")) {
        return false;
    }
    tui_page_open(page, "Why");
    zta_buffer_init(&out, text, sizeof text);
    ctl_explain(&explained, &out);
    for (int part = 0; part < N_PARTS; part++) {
        put_part(page, text, (enum part)part, event->outcome);
    }
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    if (memcmp(event->session, none, sizeof none) != 0) {
        struct latest latest = {.page = page, .session = event->session};
        put_latest(model, &latest, "Latest requests of the session");
    }
    return true;
}

/* ---- sessions and keys ---- */

static void put_who(struct tui_page *page, const struct zta_session *session)
{
    char addr[ZTA_CIDR_TEXT_MAX];
    tui_page_section(page, "Who");
    if (session->subject[0] != '\0') {
        tui_page_role(page, TUI_ROLE_STRONG);
    }
    tui_page_line(page, "subject", zta_text_of(session->subject));
    tui_page_line(page, "issuer", zta_text_of(session->issuer));
    tui_page_line(page, "client", zta_text_of(session->client));
    tui_page_line(page, "API key", zta_text_of(session->apikey));
    zta_addr_print(&session->addr, addr);
    tui_page_printf(page, "address", "%s", addr);
    tui_page_line(page, "agent", zta_text_of(session->agent));
}

static void put_session(struct tui_page *page, const struct zta_session *session, int64_t now_s)
{
    char hex[2 * ZTA_SESSION_ID_SIZE + 1];
    char share[TUI_SHORT_MAX];
    tui_page_section(page, "Session");
    zta_hex_encode(session->id, sizeof session->id, hex);
    tui_page_printf(page, "session", "%s, by %s", hex, zta_session_kind_name(session->kind));
    zta_hex_encode(session->token_id, sizeof session->token_id, hex);
    tui_page_printf(page, "with", "%s, binding %s, token id %s",
                    zta_credential_name(session->credential), zta_binding_name(session->binding),
                    hex);
    put_time(page, "since", session->first_s, now_s);
    put_time(page, "seen", session->last_s, now_s);
    put_time(page, "expires", session->expires_s, now_s);
    tui_format_share((double)session->n_denied, (double)session->n_requests, share);
    tui_page_printf(page, "requests", "%" PRIu64 ", %" PRIu64 " of them refused, %s",
                    session->n_requests, session->n_denied, share);
    tui_page_role(page, session->last_reason == ZTA_REASON_OK ? TUI_ROLE_GOOD : TUI_ROLE_WARN);
    tui_page_printf(page, "last", "%s", zta_reason_name((enum zta_reason)session->last_reason));
}

/* What is said of a revoked session first; while the view of its causes is open. */
static bool put_cause(void *context, const struct ctl_revoked_cause *cause)
{
    struct tui_page *page = context;
    char text[LINE_SIZE];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    ctl_revoked_print(cause, &out);
    tui_page_role(page, TUI_ROLE_BAD);
    tui_page_line(page, "revoked", zta_text_of(text));
    if (cause->can_undo) {
        zta_buffer_init(&out, text, sizeof text);
        zta_buffer_string(&out, "ztactl unrevoke ");
        ctl_target_print_selector(&cause->target, &out);
        tui_page_line(page, "undo", zta_text_of(text));
    }
    return true;
}

struct holding {
    struct tui_page *page;
    int64_t now_s;
};

/* A measure: what, until when, who holds it and why. */
static void put_held(void *context, const struct zta_measure *measure)
{
    const struct holding *holding = context;
    struct tui_page *page = holding->page;
    char text[LINE_SIZE];
    char id[24];
    char until[ZTA_TIME_TEXT_MAX];
    char span[TUI_SHORT_MAX];
    struct zta_buffer out;
    zta_measure_id_print(measure, id);
    zta_time_print(measure->until_s, until);
    tui_format_until(measure->until_s, holding->now_s, span);
    zta_buffer_init(&out, text, sizeof text);
    zta_buffer_printf(&out, "%s %s until %s, %s, by ", zta_measure_kind_name(measure->kind), id,
                      until, span);
    zta_buffer_text(&out, measure->rule);
    zta_buffer_string(&out, ": ");
    zta_buffer_text(&out, measure->reason);
    tui_page_role(page, measure->kind == ZTA_MEASURE_STEP_UP ? TUI_ROLE_WARN : TUI_ROLE_BAD);
    tui_page_line(page, "held", (struct zta_text){.data = text, .len = out.len});
}

static void put_revoked(struct tui_page *page, struct zta_view *view, const struct tui_model *model,
                        const struct zta_session *session)
{
    const struct ctl_revoking *revoking = &model->revoking;
    struct holding holding = {.page = page, .now_s = model->now_ns / ZTA_NS_PER_S};
    char revoked[CTL_REVOKED_MAX] = "";
    enum zta_status status = ctl_revoked_by(view, revoking, session, revoked);
    const size_t begin = page->out.len;
    if (status == ZTA_OK) {
        status = ctl_held_each(view, session, put_held, &holding);
    }
    if (status == ZTA_OK) {
        status = ctl_revoked_each(view, revoking, session, put_cause, page);
    }
    if (status != ZTA_OK || (page->out.len == begin && revoked[0] != '\0')) {
        tui_page_role(page, TUI_ROLE_BAD);
        tui_page_printf(page, "revoked", "%s",
                        status == ZTA_OK ? revoked : zta_status_text(status));
    }
}

bool tui_model_show_session(struct tui_model *model, const struct zta_session *known,
                            struct tui_page *page)
{
    struct zta_session session = *known;
    struct zta_view *view = NULL;
    struct latest latest = {.page = page, .session = known->id};
    if (!begin(model, &view)) {
        return false;
    }
    enum zta_status status = zta_session_get(view, known->id, &session);
    if (status == ZTA_OK) {
        tui_page_open(page, "Session");
        put_revoked(page, view, model, &session);
        put_who(page, &session);
        status = tui_model_put_risk(view, session.id, model->now_ns / ZTA_NS_PER_S, page);
        put_session(page, &session, model->now_ns / ZTA_NS_PER_S);
    }
    if (!end(model, &view, status, "this session")) {
        return false;
    }
    put_latest(model, &latest, "Latest requests");
    return true;
}

static void put_values(struct tui_page *page, const char *label, const struct zta_text *values,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tui_page_line(page, i == 0 ? label : "", values[i]);
    }
}

static void put_key(struct tui_page *page, const struct zta_key *key, int64_t now_s)
{
    tui_page_section(page, "Key");
    tui_page_printf(page, "key", "%s", key->id);
    tui_page_role(page, TUI_ROLE_STRONG);
    tui_page_line(page, "name", key->name);
    tui_page_line(page, "owner", zta_text_is_absent(key->owner) ? key->name : key->owner);
    tui_page_section(page, "May");
    put_values(page, "roles", key->roles, key->n_roles);
    put_values(page, "scopes", key->scopes, key->n_scopes);
    for (size_t i = 0; i < key->n_cidrs; i++) {
        char network[ZTA_CIDR_TEXT_MAX];
        zta_cidr_print(&key->cidrs[i], network);
        tui_page_printf(page, i == 0 ? "networks" : "", "%s", network);
    }
    if (key->n_cidrs == 0) {
        tui_page_printf(page, "networks", "any");
    }
    tui_page_section(page, "Life");
    put_time(page, "created", key->created_s, now_s);
    tui_page_line(page, "by", key->author);
    put_time(page, "expires", key->expires_s, now_s);
    put_time(page, "former", key->old_until_s, now_s);
    if (key->revoked_s != 0) {
        tui_page_role(page, TUI_ROLE_BAD);
    }
    put_time(page, "revoked", key->revoked_s, now_s);
    tui_page_line(page, "reason", key->reason);
}

bool tui_model_add_device(struct tui_model *model, struct zta_text id, struct tui_page *page)
{
    struct latest latest = {.page = page, .which = ZTA_EVENT_DEVICE, .text = id};
    struct zta_view *view = NULL;
    if (!begin(model, &view)) {
        return false;
    }
    const enum zta_status status =
        tui_model_put_device(view, id, model->now_ns / ZTA_NS_PER_S, page);
    if (!end(model, &view, status, "this device")) {
        return false;
    }
    put_latest(model, &latest, "Latest requests");
    return true;
}

bool tui_model_show_key(struct tui_model *model, const char *id, struct tui_page *page)
{
    char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key;
    struct zta_view *view = NULL;
    int64_t used_s = 0;
    uint64_t n_uses = 0;
    int64_t now_s = model->now_ns / ZTA_NS_PER_S;
    if (!begin(model, &view)) {
        return false;
    }
    enum zta_status status = zta_key_get(view, id, storage, sizeof storage, &key);
    if (status == ZTA_OK) {
        status = zta_key_use_get(view, id, &used_s, &n_uses);
        status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    if (!end(model, &view, status, "this API key")) {
        return false;
    }
    tui_page_open(page, "API key");
    put_key(page, &key, now_s);
    tui_page_printf(page, "used", "%" PRIu64 " times", n_uses);
    put_time(page, "last used", used_s, now_s);
    struct latest latest = {.page = page, .which = ZTA_EVENT_APIKEY, .text = key.name};
    put_latest(model, &latest, "Latest requests");
    return true;
}

struct showing {
    struct tui_page *page;
    uint64_t id;
    bool is_found;
};

static bool put_entry(void *context, const struct zta_audit_entry *entry)
{
    struct showing *showing = context;
    struct tui_page *page = showing->page;
    char time[ZTA_TIME_TEXT_MAX];
    char hex[2 * ZTA_SHA256_SIZE + 1];
    if (entry->id != showing->id) {
        return entry->id > showing->id;
    }
    tui_page_open(page, "Action");
    zta_time_print_ms(entry->time_ns, time);
    tui_page_section(page, "What");
    tui_page_printf(page, "action", "%" PRIu64 " at %s", entry->id, time);
    tui_page_role(page, TUI_ROLE_STRONG);
    tui_page_line(page, "what", entry->action);
    tui_page_line(page, "target", entry->target);
    tui_page_lines_of(page, "before", entry->before);
    tui_page_lines_of(page, "after", entry->after);
    tui_page_line(page, "why", entry->reason);
    tui_page_section(page, "By whom");
    tui_page_line(page, "login", entry->login);
    tui_page_line(page, "sudo user", entry->sudo_user);
    tui_page_printf(page, "uid", "%u", (unsigned)entry->uid);
    tui_page_line(page, "terminal", entry->tty);
    tui_page_section(page, "Chain");
    zta_hex_encode(entry->previous.bytes, sizeof entry->previous.bytes, hex);
    tui_page_printf(page, "previous", "%s", hex);
    zta_hex_encode(entry->hash.bytes, sizeof entry->hash.bytes, hex);
    tui_page_printf(page, "hash", "%s", hex);
    showing->is_found = true;
    return false;
}

bool tui_model_show_audit(struct tui_model *model, uint64_t id, struct tui_page *page)
{
    struct showing showing = {.page = page, .id = id};
    struct zta_view *view = NULL;
    if (!begin(model, &view)) {
        return false;
    }
    enum zta_status status = zta_audit_each(view, 0, put_entry, &showing);
    if (status == ZTA_OK && !showing.is_found) {
        status = ZTA_NOT_FOUND;
    }
    return end(model, &view, status, "this action");
}
