/* SPDX-License-Identifier: Apache-2.0 */
/* Where rows lead. */
#include "admin-tui/console/row.h"

#include <stdio.h>
#include <string.h>

#include "admin-tui/console/view.h"

enum {
    SHORT_ID = 12, /* of hex ids in names: what people compare at a glance */
};

void tui_put_quoted(struct zta_buffer *out, struct zta_text text)
{
    zta_buffer_string(out, "'");
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'') {
            zta_buffer_string(out, "'\\''");
        }
        else {
            zta_buffer_append(out, text.data + i, 1);
        }
    }
    zta_buffer_string(out, "'");
}

static bool is_plain(struct zta_text text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._:/@-+";
    for (size_t i = 0; i < text.len; i++) {
        if (strchr(plain, text.data[i]) == NULL || text.data[i] == '\0') {
            return false;
        }
    }
    return text.len > 0;
}

void tui_put_command(struct zta_buffer *out, const char *command, struct zta_text text)
{
    const char *at = strchr(command, '%');
    const size_t len = at == NULL ? strlen(command) : (size_t)(at - command);
    zta_buffer_append(out, command, len);
    if (at != NULL) {
        if (is_plain(text) && text.data[0] != '-') {
            zta_buffer_text(out, text);
        }
        else {
            tui_put_quoted(out, text);
        }
        zta_buffer_string(out, at + 1);
    }
}

void tui_filter_put(struct zta_buffer *out, const char *field, struct zta_text value)
{
    zta_buffer_printf(out, "%s%s=", out->len > 0 ? " " : "", field);
    if (is_plain(value) && !zta_text_equal(value, ZTA_TEXT("unknown"))) {
        zta_buffer_text(out, value);
        return;
    }
    zta_buffer_string(out, "\"");
    for (size_t i = 0; i < value.len; i++) {
        const char c = value.data[i];
        zta_buffer_string(out, c == '"' || c == '\\' ? "\\" : "");
        zta_buffer_append(out, &c, 1);
    }
    zta_buffer_string(out, "\"");
}

static bool is_hex_id(struct zta_text id)
{
    uint8_t bytes[ZTA_SESSION_ID_SIZE];
    return id.len == sizeof bytes * 2 && zta_hex_decode(id, bytes, sizeof bytes) == ZTA_OK;
}

/* "session 9e3779b97f4a": noun and id, a long one by its begin. */
static void put_name(char name[TUI_NAME_SIZE], const char *noun, struct zta_text id)
{
    struct zta_buffer out;
    const bool is_long = is_hex_id(id);
    zta_buffer_init(&out, name, TUI_NAME_SIZE);
    zta_buffer_printf(&out, "%s ", noun);
    zta_buffer_safe(&out, (struct zta_text){.data = id.data, .len = is_long ? SHORT_ID : id.len});
}

static bool keep(char *field, size_t size, struct zta_text text)
{
    (void)snprintf(field, size, "%.*s", (int)text.len, text.data);
    return text.len < size;
}

void tui_row_init(struct tui_row *row, const char *noun, struct zta_text id, const char *command)
{
    struct zta_buffer out;
    row->n_jumps = 0;
    row->json = NULL;
    row->undo[0] = '\0';
    row->alike[0] = '\0';
    (void)keep(row->id, sizeof row->id, id);
    put_name(row->name, noun, id);
    zta_buffer_init(&out, row->command, sizeof row->command);
    tui_put_command(&out, command, id);
    if (out.is_overflowed) {
        row->command[0] = '\0';
    }
}

static void add(struct tui_row *row, const struct tui_view_ops *to, const char *field,
                struct zta_text value, struct zta_text id)
{
    struct zta_buffer out;
    struct tui_jump *jump = &row->jumps[row->n_jumps];
    jump->to = to;
    zta_buffer_init(&out, jump->filter, sizeof jump->filter);
    if (field != NULL) {
        tui_filter_put(&out, field, value);
    }
    row->n_jumps += keep(jump->id, sizeof jump->id, id) && !out.is_overflowed;
}

void tui_row_leads_to(struct tui_row *row, const struct tui_view_ops *to, const char *noun,
                      const char *field, struct zta_text id)
{
    if (id.len > 0 && row->n_jumps < TUI_JUMPS_MAX) {
        put_name(row->jumps[row->n_jumps].name, noun, id);
        add(row, to, field, id, id);
    }
}

void tui_row_leads_to_all(struct tui_row *row, const struct tui_view_ops *to, const char *what,
                          const char *field, struct zta_text value)
{
    if (value.len > 0 && row->n_jumps < TUI_JUMPS_MAX) {
        put_name(row->jumps[row->n_jumps].name, what, value);
        add(row, to, field, value, ZTA_TEXT(""));
    }
}

void tui_row_leads_to_session(struct tui_row *row, const uint8_t *session)
{
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    char hex[2 * ZTA_SESSION_ID_SIZE + 1];
    if (memcmp(session, none, sizeof none) != 0) {
        zta_hex_encode(session, ZTA_SESSION_ID_SIZE, hex);
        tui_row_leads_to(row, &tui_view_sessions, "session", "session", zta_text_of(hex));
    }
}

/* ---- targets ---- */

/* What the first word of a target means. */
static const struct {
    const char *word;
    const struct tui_view_ops *to;
    const char *what;
    const char *field; /* NULL with is_one: among all */
    bool is_one;
} leads[] = {
    {.word = "session",
     .to = &tui_view_sessions,
     .what = "session",
     .field = "session",
     .is_one = true},
    {.word = "session", .to = &tui_view_traffic, .what = "requests of session", .field = "session"},
    {.word = "subject", .to = &tui_view_sessions, .what = "sessions of", .field = "subject"},
    {.word = "subject", .to = &tui_view_traffic, .what = "requests of", .field = "subject"},
    {.word = "client", .to = &tui_view_sessions, .what = "sessions of client", .field = "client"},
    {.word = "client", .to = &tui_view_traffic, .what = "requests of client", .field = "client"},
    {.word = "issuer", .to = &tui_view_issuers, .what = "issuer", .is_one = true},
    {.word = "issuer", .to = &tui_view_sessions, .what = "sessions of issuer", .field = "issuer"},
    {.word = "key", .to = &tui_view_keys, .what = "key", .is_one = true},
    {.word = "device", .to = &tui_view_devices, .what = "device", .is_one = true},
    {.word = "device", .to = &tui_view_traffic, .what = "requests of device", .field = "device"},
    {.word = "rule", .to = &tui_view_rules, .what = "rule", .is_one = true},
    {.word = "rule", .to = &tui_view_traffic, .what = "requests decided by", .field = "rule"},
    {.word = "limit", .to = &tui_view_traffic, .what = "requests decided by", .field = "rule"},
    {.word = "token", .to = &tui_view_traffic, .what = "requests with token", .field = "token"},
    {.word = "network", .to = &tui_view_traffic, .what = "requests from", .field = "address"},
    {.word = "address", .to = &tui_view_traffic, .what = "requests from", .field = "address"},
    {.word = "address", .to = &tui_view_sessions, .what = "sessions from", .field = "address"},
};

void tui_row_leads_to_target(struct tui_row *row, struct zta_text target)
{
    struct zta_cidr network;
    struct zta_text word = {.data = target.data, .len = 0};
    while (word.len < target.len && target.data[word.len] != ' ') {
        word.len++;
    }
    if (zta_cidr_parse(target, &network, NULL) == ZTA_OK) {
        tui_row_leads_to_all(row, &tui_view_traffic, "requests from", "address", target);
        tui_row_leads_to_all(row, &tui_view_sessions, "sessions from", "address", target);
        return;
    }
    if (word.len == target.len) {
        return;
    }
    /* "key billing00001 (billing)": the name behind it is for people. */
    struct zta_text rest = {.data = target.data + word.len + 1, .len = target.len - word.len - 1};
    struct zta_text id = rest;
    for (id.len = 0; id.len < rest.len && rest.data[id.len] != ' '; id.len++) {
    }
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        if (!zta_text_equal(word, zta_text_of(leads[i].word))) {
            continue;
        }
        if (leads[i].is_one) {
            tui_row_leads_to(row, leads[i].to, leads[i].what, leads[i].field, id);
        }
        else {
            tui_row_leads_to_all(row, leads[i].to, leads[i].what, leads[i].field, id);
        }
    }
}
