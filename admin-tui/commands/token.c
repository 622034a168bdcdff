/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl token: how the proxy would judge one, without sending or keeping it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/explain.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/token.h"
#include "admin-tui/token_judge.h"
#include "shared/base/clock.h"
#include "shared/base/json.h"

enum {
    INPUT_MAX = 2 << 20, /* beyond it nobody means a token */
    LINE_SIZE = 4096,
    /* JSON of what is no place: a token and an identity, every byte escaped, with room to spare. */
    JSON_SIZE = 16 * (ZTA_TOKEN_MAX + ZTA_IDENTITY_SIZE_MAX),
    JSON_PLACE_SIZE = 1024 + 6 * CTL_TOKEN_DETAIL_MAX,
};

static const char *const signature_words[] = {
    [CTL_SIGNATURE_UNCHECKED] = "not_checked",
    [CTL_SIGNATURE_BAD] = "bad",
    [CTL_SIGNATURE_GOOD] = "good",
};

static const char *verdict_word(enum ctl_token_outcome outcome)
{
    switch (outcome) {
    case CTL_TOKEN_REFUSED:
        return "refused";
    case CTL_TOKEN_UNDECIDED:
        return "undecided";
    case CTL_TOKEN_ACCEPTED:
        return "accepted";
    }
    return "refused";
}

/* "with a DPoP proof and its client certificate"; "" when nothing is needed. */
static const char *needs_words(const struct ctl_token_place *place)
{
    if (place->needs_proof && place->needs_certificate) {
        return "with a DPoP proof and its client certificate";
    }
    if (place->needs_proof) {
        return "with a DPoP proof";
    }
    return place->needs_certificate ? "with its client certificate" : "";
}

/* ---- reading it ---- */

static enum ctl_exit read_token(const struct ctl *ctl, char *input, struct zta_text *token)
{
    struct zta_error error = {.status = ZTA_OK};
    if (ctl->n_arguments > 0 && strcmp(ctl->arguments[0], "-") != 0) {
        *token = zta_text_of(ctl->arguments[0]);
        return token->len > 0 ? CTL_DONE : ctl_fail(CTL_USAGE, "the token is empty");
    }
    if (ctl_token_read(input, INPUT_MAX, token, &error) != ZTA_OK) {
        return ctl_fail(CTL_FAILED, "%s", error.text);
    }
    if (token->len == 0) {
        return ctl_fail(CTL_FAILED, "standard input holds no token");
    }
    return memchr(token->data, '\n', token->len) == NULL
               ? CTL_DONE
               : ctl_fail(CTL_FAILED, "standard input holds several lines, expected one token");
}

/* ---- for people ---- */

static void say_verdict(const struct ctl_token_judgement *judgement)
{
    const struct ctl_token_place *best = judgement->best;
    const char *needs = needs_words(best);
    char where[64] = "";
    if (judgement->n_accepting > 0 && judgement->n_accepting < judgement->n_places) {
        (void)snprintf(where, sizeof where, ", at %zu of %zu places", judgement->n_accepting,
                       judgement->n_places);
    }
    switch (best->outcome) {
    case CTL_TOKEN_ACCEPTED:
        ctl_say("accepted: %.*s at issuer %.*s%s%s%s", (int)judgement->identity->subject.len,
                judgement->identity->subject.data, (int)best->issuer.len, best->issuer.data,
                needs[0] == '\0' ? "" : ", ", needs, where);
        break;
    case CTL_TOKEN_UNDECIDED:
        ctl_say("undecided: %s; ztactl does not send it", best->detail);
        break;
    case CTL_TOKEN_REFUSED:
        ctl_say("refused: %s: %s", zta_reason_name(best->reason), best->detail);
        break;
    }
}

static void add_answer(struct ctl_list *list, const struct ctl_token_place *best)
{
    if (best->outcome != CTL_TOKEN_ACCEPTED && best->place->mode == ZTA_MODE_MONITOR) {
        ctl_row_string(list, "answer", "as without it: credentials are only monitored there");
        return;
    }
    switch (best->outcome) {
    case CTL_TOKEN_ACCEPTED:
        ctl_row_string(list, "answer", "that of limits, rules and the API");
        break;
    case CTL_TOKEN_UNDECIDED:
        ctl_row_string(list, "answer", "as the issuer's answer says");
        break;
    case CTL_TOKEN_REFUSED:
        ctl_row_cell(list, "answer", "%d %s%s", zta_reason_http_status(best->reason),
                     zta_reason_name(best->reason),
                     best->asks_for_keys ? "; 503 while newer keys are fetched, once in 30 s" : "");
        ctl_row_string(list, "why", ctl_explain_reason((uint8_t)best->reason));
        break;
    }
}

static void add_time(struct ctl_list *list, const char *name, int64_t time_s, int64_t now_s)
{
    char text[ZTA_TIME_TEXT_MAX];
    char distance[TUI_SHORT_MAX];
    if (time_s == 0) {
        ctl_row_string(list, name, NULL);
        return;
    }
    zta_time_print(time_s, text);
    tui_format_until(time_s, now_s, distance);
    ctl_row_cell(list, name, "%s, %s", text, distance);
}

static void add_texts(struct ctl_list *list, const char *name, const struct zta_text *texts,
                      size_t n)
{
    char line[LINE_SIZE];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, line, sizeof line);
    for (size_t i = 0; i < n; i++) {
        zta_buffer_string(&buffer, i == 0 ? "" : ", ");
        zta_buffer_text(&buffer, texts[i]);
    }
    ctl_row_text(list, name, (struct zta_text){.data = line, .len = buffer.len});
}

static void add_values(struct ctl_list *list, const char *name, const struct zta_identity *identity,
                       const struct zta_values *values)
{
    add_texts(list, name, identity->values + values->first, values->n);
}

static void add_keys(struct ctl_list *list, const struct ctl_token_keys *keys, int64_t now_s)
{
    char age[TUI_SHORT_MAX];
    char bound[ZTA_DURATION_TEXT_MAX];
    if (zta_text_is_absent(keys->from)) {
        ctl_row_string(list, "keys", NULL);
        return;
    }
    tui_format_span(now_s - keys->fetched_s, age);
    zta_duration_print(keys->stale_s, bound);
    if (keys->fetched_s == 0) {
        ctl_row_cell(list, "keys", "none yet, from %.*s", (int)keys->from.len, keys->from.data);
    }
    else if (keys->is_fetched) {
        ctl_row_cell(list, "keys", "%s old, they serve for %s, from %.*s", age, bound,
                     (int)keys->from.len, keys->from.data);
    }
    else {
        ctl_row_cell(list, "keys", "%.*s%s", (int)keys->from.len, keys->from.data,
                     keys->differs ? ", as httpd read it: it was changed since then" : "");
    }
}

static void add_binding(struct ctl_list *list, const struct zta_identity *identity)
{
    const bool has_key = !zta_text_is_absent(identity->jkt);
    const bool has_certificate = !zta_text_is_absent(identity->x5t_s256);
    if (!has_key && !has_certificate) {
        ctl_row_string(list, "binding", zta_binding_name(identity->binding));
        return;
    }
    ctl_row_cell(list, "binding", "%s%.*s%s%s%.*s", has_key ? "key " : "",
                 has_key ? (int)identity->jkt.len : 0, has_key ? identity->jkt.data : "",
                 has_key && has_certificate ? ", " : "", has_certificate ? "certificate " : "",
                 has_certificate ? (int)identity->x5t_s256.len : 0,
                 has_certificate ? identity->x5t_s256.data : "");
}

static void add_identity(struct ctl_list *list, const struct ctl_token_judgement *judgement)
{
    const struct zta_identity *identity = judgement->identity;
    char session[2 * ZTA_SESSION_ID_SIZE + 1];
    char token_id[2 * ZTA_SESSION_ID_SIZE + 1];
    zta_hex_encode(identity->session, sizeof identity->session, session);
    zta_hex_encode(identity->token_id.bytes, ZTA_SESSION_ID_SIZE, token_id);
    ctl_row_text(list, "subject", identity->subject);
    ctl_row_text(list, "client", identity->client);
    ctl_row_cell(list, "session", "%s, by %s", session,
                 zta_session_kind_name(identity->session_kind));
    ctl_row_string(list, "token_id", token_id);
    add_values(list, "scopes", identity, &identity->scopes);
    add_values(list, "roles", identity, &identity->roles);
    add_values(list, "groups", identity, &identity->groups);
    add_values(list, "amr", identity, &identity->amr);
    ctl_row_text(list, "acr", identity->acr);
    ctl_row_text(list, "device", identity->device);
    add_binding(list, identity);
    ctl_row_string(list, "revoked", judgement->revoked_by != NULL ? judgement->revoked_by : "no");
    ctl_row_string(list, "blocked", judgement->is_blocked ? "its subject" : "no");
}

static enum ctl_exit print_facts(const struct ctl_token_judgement *judgement, int64_t now_s)
{
    const struct ctl_token_said *said = &judgement->said;
    struct ctl_list list;
    ctl_list_open(&list, false, CTL_RECORD, NULL, 0);
    add_answer(&list, judgement->best);
    ctl_row_string(&list, "signature",
                   judgement->signature == CTL_SIGNATURE_GOOD  ? "good"
                   : judgement->signature == CTL_SIGNATURE_BAD ? "bad"
                                                               : "not checked");
    ctl_row_text(&list, "algorithm", said->alg);
    ctl_row_text(&list, "kid", said->kid);
    ctl_row_text(&list, "type", said->typ);
    add_keys(&list, &judgement->keys, now_s);
    ctl_row_text(&list, "issuer", judgement->best->issuer);
    ctl_row_text(&list, "iss", said->issuer);
    add_texts(&list, "audience", said->audiences.items, said->audiences.n);
    add_time(&list, "expires", said->expires_s, now_s);
    add_time(&list, "not_before", said->not_before_s, now_s);
    add_time(&list, "issued", said->issued_s, now_s);
    add_time(&list, "login", said->auth_time_s, now_s);
    if (judgement->identity != NULL) {
        add_identity(&list, judgement);
    }
    else {
        ctl_row_text(&list, "sub", said->subject);
    }
    return ctl_list_print(&list);
}

static enum ctl_exit print_places(const struct ctl_token_judgement *judgement)
{
    static const char *const titles[] = {"SERVER", "PATH", "CREDENTIAL", "VERDICT", "WHY"};
    struct ctl_list list;
    ctl_list_open(&list, false, CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < judgement->n_places; i++) {
        const struct ctl_token_place *place = &judgement->places[i];
        ctl_row_begin(&list);
        ctl_row_text(&list, "server", place->place->server);
        ctl_row_text(&list, "path", place->place->path);
        ctl_row_string(&list, "mode", zta_mode_name(place->place->mode));
        ctl_row_string(&list, "verdict",
                       place->outcome == CTL_TOKEN_REFUSED ? zta_reason_name(place->reason)
                                                           : verdict_word(place->outcome));
        ctl_row_string(&list, "why",
                       place->outcome == CTL_TOKEN_ACCEPTED ? needs_words(place) : place->detail);
        ctl_row_end(&list);
    }
    return ctl_list_print(&list);
}

/* ---- for scripts ---- */

static void write_texts(struct zta_json *json, const char *name, const struct zta_text *texts,
                        size_t n)
{
    zta_json_begin_array(json, name);
    for (size_t i = 0; i < n; i++) {
        zta_json_text(json, NULL, texts[i]);
    }
    zta_json_end_array(json);
}

static void write_values(struct zta_json *json, const char *name,
                         const struct zta_identity *identity, const struct zta_values *values)
{
    write_texts(json, name, identity->values + values->first, values->n);
}

/* What every place has; the whole token has that of the best one. */
static void write_outcome(struct zta_json *json, const struct ctl_token_place *place)
{
    zta_json_string(json, "mode", zta_mode_name(place->place->mode));
    zta_json_string(json, "verdict", verdict_word(place->outcome));
    if (place->outcome == CTL_TOKEN_REFUSED) {
        zta_json_string(json, "reason", zta_reason_name(place->reason));
        zta_json_int(json, "status", zta_reason_http_status(place->reason));
    }
    else {
        zta_json_string(json, "reason", NULL);
        zta_json_string(json, "status", NULL);
    }
    zta_json_string(json, "detail", place->detail[0] == '\0' ? NULL : place->detail);
    zta_json_bool(json, "needs_dpop_proof", place->needs_proof);
    zta_json_bool(json, "needs_client_certificate", place->needs_certificate);
    zta_json_bool(json, "asks_for_keys", place->asks_for_keys);
    zta_json_text(json, "issuer", place->issuer);
}

static void write_said(struct zta_json *json, const struct ctl_token_said *said)
{
    zta_json_begin_object(json, "says");
    zta_json_text(json, "alg", said->alg);
    zta_json_text(json, "kid", said->kid);
    zta_json_text(json, "typ", said->typ);
    zta_json_text(json, "iss", said->issuer);
    zta_json_text(json, "sub", said->subject);
    write_texts(json, "aud", said->audiences.items, said->audiences.n);
    zta_json_time(json, "expires", said->expires_s);
    zta_json_time(json, "not_before", said->not_before_s);
    zta_json_time(json, "issued", said->issued_s);
    zta_json_time(json, "login", said->auth_time_s);
    zta_json_end_object(json);
}

static void write_identity(struct zta_json *json, const struct zta_identity *identity)
{
    char session[2 * ZTA_SESSION_ID_SIZE + 1];
    char token_id[2 * ZTA_SESSION_ID_SIZE + 1];
    zta_hex_encode(identity->session, sizeof identity->session, session);
    zta_hex_encode(identity->token_id.bytes, ZTA_SESSION_ID_SIZE, token_id);
    zta_json_begin_object(json, "identity");
    zta_json_text(json, "issuer", identity->issuer);
    zta_json_text(json, "subject", identity->subject);
    zta_json_text(json, "client", identity->client);
    zta_json_string(json, "session", session);
    zta_json_string(json, "session_kind", zta_session_kind_name(identity->session_kind));
    zta_json_string(json, "token_id", token_id);
    write_values(json, "scopes", identity, &identity->scopes);
    write_values(json, "roles", identity, &identity->roles);
    write_values(json, "groups", identity, &identity->groups);
    write_values(json, "amr", identity, &identity->amr);
    zta_json_text(json, "acr", identity->acr);
    zta_json_text(json, "device", identity->device);
    zta_json_string(json, "binding", zta_binding_name(identity->binding));
    zta_json_text(json, "jkt", identity->jkt);
    zta_json_text(json, "x5t_s256", identity->x5t_s256);
    zta_json_end_object(json);
}

static void write_keys(struct zta_json *json, const struct ctl_token_keys *keys, int64_t now_s)
{
    zta_json_begin_object(json, "keys");
    zta_json_text(json, "from", keys->from);
    zta_json_time(json, "fetched", keys->fetched_s);
    if (keys->fetched_s != 0) {
        zta_json_int(json, "age_s", now_s - keys->fetched_s);
    }
    else {
        zta_json_string(json, "age_s", NULL);
    }
    zta_json_int(json, "stale_after_s", keys->stale_s);
    zta_json_bool(json, "file_differs", keys->differs);
    zta_json_end_object(json);
}

static void write_all(struct zta_json *json, const struct ctl_token_judgement *judgement,
                      int64_t now_s)
{
    zta_json_begin_object(json, NULL);
    write_outcome(json, judgement->best);
    zta_json_string(json, "signature", signature_words[judgement->signature]);
    write_said(json, &judgement->said);
    if (judgement->identity != NULL) {
        write_identity(json, judgement->identity);
    }
    else {
        zta_json_string(json, "identity", NULL);
    }
    zta_json_string(json, "revoked_by", judgement->revoked_by);
    zta_json_bool(json, "blocked", judgement->is_blocked);
    write_keys(json, &judgement->keys, now_s);
    zta_json_begin_array(json, "places");
    for (size_t i = 0; i < judgement->n_places; i++) {
        const struct ctl_token_place *place = &judgement->places[i];
        zta_json_begin_object(json, NULL);
        zta_json_text(json, "server", place->place->server);
        zta_json_text(json, "path", place->place->path);
        write_outcome(json, place);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
    zta_json_end_object(json);
}

static enum ctl_exit print_json(const struct ctl_token_judgement *judgement, int64_t now_s)
{
    size_t size = JSON_SIZE;
    for (size_t i = 0; i < judgement->n_places; i++) {
        const struct zta_accepting_place *place = judgement->places[i].place;
        size += JSON_PLACE_SIZE + 6 * (place->server.len + place->path.len);
    }
    char *text = malloc(size);
    if (text == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    struct zta_buffer buffer;
    struct zta_json json;
    zta_buffer_init(&buffer, text, size);
    zta_json_init(&json, &buffer);
    write_all(&json, judgement, now_s);
    enum ctl_exit code = CTL_DONE;
    if (buffer.is_overflowed) {
        code = ctl_fail(CTL_FAILED, "what is to be said of the token does not fit");
    }
    else {
        (void)fwrite(text, 1, buffer.len, stdout);
        (void)fputs("\n", stdout);
    }
    free(text);
    return code;
}

/* ---- the command ---- */

static enum ctl_exit print(const struct ctl *ctl, const struct ctl_token_judgement *judgement,
                           int64_t now_s)
{
    enum ctl_exit code = CTL_DONE;
    if (ctl_is_json(ctl)) {
        code = print_json(judgement, now_s);
    }
    else {
        say_verdict(judgement);
        code = print_facts(judgement, now_s);
        (void)fputs("\n", stdout);
        enum ctl_exit places = print_places(judgement);
        code = code == CTL_DONE ? places : code;
    }
    return code == CTL_DONE && judgement->best->outcome != CTL_TOKEN_ACCEPTED ? CTL_FAILED : code;
}

enum ctl_exit ctl_run_token(struct ctl *ctl)
{
    static char input[INPUT_MAX];
    struct zta_text token;
    struct zta_error error = {.status = ZTA_OK};
    struct zta_view *view = NULL;
    struct ctl_token_judgement *judgement = NULL;
    int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    enum ctl_exit code = read_token(ctl, input, &token);
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = ctl_token_judge(view, token, now_s, &judgement, &error);
        zta_view_end(&view);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    code = print(ctl, judgement, now_s);
    ctl_token_judgement_close(&judgement);
    return code;
}
