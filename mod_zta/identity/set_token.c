/* SPDX-License-Identifier: Apache-2.0 */
/* Shape, transmitter, type, signature, claims, event, subject: each its own code and reason. */
#include "mod_zta/identity/set_token.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mod_zta/identity/set_priv.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token_priv.h"
#include "shared/base/limits.h"

bool mod_zta_set_refuse(struct mod_zta_set_judging *judging, const char *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(judging->result->detail, sizeof(judging->result->detail), fmt, args);
    va_end(args);
    judging->result->err = err;
    return false;
}

/* A refusal of what tokens have in common, by the code for it. */
static bool as(struct mod_zta_set_judging *judging, const char *err, bool is_good)
{
    judging->result->err = is_good ? judging->result->err : err;
    return is_good;
}

static bool find_transmitter(struct mod_zta_set_judging *judging,
                             const struct mod_zta_transmitter *const *all, size_t n)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const struct zta_text iss = mod_zta_json_text(judging->jwt.claims, "iss");
    for (size_t i = 0; i < n; i++) {
        if (zta_text_equal(all[i]->issuer->url, iss)) {
            judging->from = judging->result->transmitter = all[i];
            judging->jwt.issuer = all[i]->issuer;
            return true;
        }
    }
    return mod_zta_set_refuse(judging, "invalid_issuer", "iss '%s' is no ZTATransmitter's",
                              mod_zta_excerpt(iss, excerpt));
}

static bool check_type(struct mod_zta_set_judging *judging)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    return mod_zta_signed_is_type(&judging->jwt, ZTA_TEXT("secevent+jwt")) ||
           mod_zta_set_refuse(
               judging, MOD_ZTA_SET_BAD, "typ is '%s', expected secevent+jwt",
               mod_zta_excerpt(mod_zta_json_text(judging->jwt.header, "typ"), excerpt));
}

/* SSF 1.0 section 4.1: neither sub nor exp, so that nothing takes it for another token. */
static bool check_kind(struct mod_zta_set_judging *judging)
{
    static const char *const foreign[] = {"sub", "exp", "nonce"};
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        if (json_object_get(judging->jwt.claims, foreign[i]) != NULL) {
            return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD,
                                      "it has %s, which no security event has", foreign[i]);
        }
    }
    return true;
}

static bool check_claims(struct mod_zta_set_judging *judging)
{
    const json_t *txn = json_object_get(judging->jwt.claims, "txn");
    const json_t *issued = json_object_get(judging->jwt.claims, "iat");
    const struct zta_text jti = mod_zta_json_text(judging->jwt.claims, "jti");
    const int64_t leeway_s = judging->from->issuer->leeway_s;
    struct zta_notice *notice = &judging->result->notice;
    if (mod_zta_date_read(issued, false, &notice->issued_s) != ZTA_OK || notice->issued_s <= 0) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "iat is no number of seconds");
    }
    if (notice->issued_s > judging->now_s + leeway_s) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "iat lies ahead");
    }
    if (notice->issued_s < judging->now_s - MOD_ZTA_SET_AGE_MAX_S) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "iat is more than 7 days ago");
    }
    if (jti.len == 0) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "jti is missing, empty or no text");
    }
    if (txn != NULL && mod_zta_json_text_of(txn).len == 0) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "txn is empty or no text");
    }
    const struct zta_text id[] = {judging->from->issuer->name, jti};
    zta_sha256_parts(id, sizeof(id) / sizeof(id[0]), &notice->id);
    notice->transmitter = judging->from->issuer->name;
    notice->expires_s = notice->issued_s + MOD_ZTA_SET_AGE_MAX_S + leeway_s;
    return true;
}

/* The one event; where drafts are taken its subject may stand in it. */
static bool find_event(struct mod_zta_set_judging *judging, struct zta_text *uri)
{
    json_t *events = json_object_get(judging->jwt.claims, "events");
    json_t *value;
    const char *name;
    if (json_object_size(events) != 1) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "events is no object of one event");
    }
    json_object_foreach(events, name, value)
    {
        *uri = zta_text_of(name);
        judging->event = value;
    }
    if (uri->len == 0 || !json_is_object(judging->event)) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "the event is no object with a name");
    }
    judging->result->notice.kind = zta_notice_kind_find(*uri);
    judging->subject = json_object_get(judging->jwt.claims, "sub_id");
    if (judging->subject == NULL && judging->from->is_legacy) {
        judging->subject = json_object_get(judging->event, "subject");
    }
    return true;
}

/* ---- into memory of its own ---- */

struct keeping {
    struct zta_buffer out;
    bool is_whole;
};

static void keep(struct keeping *keeping, struct zta_text *text)
{
    const size_t at = keeping->out.len;
    if (zta_text_is_absent(*text)) {
        return;
    }
    zta_buffer_text(&keeping->out, *text);
    keeping->is_whole = keeping->is_whole && !keeping->out.is_overflowed;
    *text = (struct zta_text){.data = keeping->out.data + at, .len = keeping->out.len - at};
}

/* Safe to show, and cut. */
static void keep_short(struct keeping *keeping, struct zta_text from, size_t max,
                       struct zta_text *text)
{
    char cut[ZTA_NOTICE_DETAIL_MAX + 1];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, cut, max + 1);
    zta_buffer_safe(&buffer, from);
    *text = (struct zta_text){.data = buffer.len > 0 ? cut : NULL, .len = buffer.len};
    keep(keeping, text);
}

/* "session-revoked" of its URI. */
static struct zta_text last_part(struct zta_text uri)
{
    size_t at = uri.len;
    while (at > 0 && uri.data[at - 1] != '/') {
        at--;
    }
    return at == uri.len ? uri : (struct zta_text){.data = uri.data + at, .len = uri.len - at};
}

static bool keep_all(struct mod_zta_set_judging *judging, struct zta_text uri,
                     const struct zta_buffer *detail)
{
    struct zta_notice *notice = &judging->result->notice;
    struct keeping keeping = {.is_whole = true};
    uint8_t letter[ZTA_NOTICE_SIZE_MAX];
    size_t size;
    zta_buffer_init(&keeping.out, judging->result->text, sizeof(judging->result->text));
    keep_short(&keeping, mod_zta_json_text(judging->jwt.claims, "jti"), ZTA_NOTICE_SHORT_MAX,
               &notice->jti);
    keep_short(&keeping, last_part(uri), ZTA_NOTICE_SHORT_MAX, &notice->type);
    keep_short(&keeping, (struct zta_text){.data = detail->data, .len = detail->len},
               ZTA_NOTICE_DETAIL_MAX, &notice->detail);
    keep_short(&keeping, notice->state, ZTA_NOTICE_SHORT_MAX, &notice->state);
    keep(&keeping, &notice->sid);
    keep(&keeping, &notice->subject);
    keep(&keeping, &notice->client);
    keep(&keeping, &notice->device);
    keep(&keeping, &notice->token);
    if (notice->jti.len == 0 || notice->type.len == 0) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "jti or the event's name is no text");
    }
    return (keeping.is_whole &&
            zta_notice_encode(notice, letter, sizeof(letter), &size) == ZTA_OK) ||
           mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "its names are too long together");
}

static bool read_event(struct mod_zta_set_judging *judging)
{
    char text[256];
    struct zta_text uri = {.data = NULL};
    struct zta_buffer detail;
    zta_buffer_init(&detail, text, sizeof(text));
    if (!find_event(judging, &uri) || !mod_zta_set_read_event(judging, &detail)) {
        return false;
    }
    const enum zta_notice_effect effect = judging->result->notice.effect;
    const bool needs_subject = effect != ZTA_NOTICE_NOTE && effect != ZTA_NOTICE_STREAM;
    if ((needs_subject || judging->subject != NULL) &&
        judging->result->notice.kind != ZTA_NOTICE_UNKNOWN && effect != ZTA_NOTICE_STREAM &&
        !mod_zta_set_read_subject(judging, &detail)) {
        return false;
    }
    return keep_all(judging, uri, &detail);
}

void mod_zta_set_judge(struct zta_text token, const struct mod_zta_transmitter *const *transmitters,
                       size_t n_transmitters, int64_t now_s, struct mod_zta_set_result *result)
{
    struct mod_zta_set_judging judging = {
        .jwt = {.token = token, .detail = result->detail}, .now_s = now_s, .result = result};
    *result = (struct mod_zta_set_result){.verdict = MOD_ZTA_SET_REFUSED};
    if (as(&judging, MOD_ZTA_SET_BAD, mod_zta_signed_parse(&judging.jwt)) &&
        find_transmitter(&judging, transmitters, n_transmitters) && check_type(&judging) &&
        as(&judging, "invalid_key", mod_zta_signed_check(&judging.jwt, now_s)) &&
        as(&judging, "invalid_audience",
           mod_zta_signed_is_for(&judging.jwt, judging.from->issuer->audiences,
                                 judging.from->issuer->n_audiences, "ZTAAudience")) &&
        check_kind(&judging) && check_claims(&judging) && read_event(&judging)) {
        result->verdict = MOD_ZTA_SET_ACCEPTED;
    }
    else if (judging.jwt.is_unavailable) {
        result->verdict = MOD_ZTA_SET_UNAVAILABLE;
    }
    result->is_key_unknown = judging.jwt.is_key_unknown;
    mod_zta_signed_clear(&judging.jwt);
}
