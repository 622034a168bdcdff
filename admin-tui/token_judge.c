/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a request with this token, in its order (mod_zta/authenticate.c), at each place. The
 * token cache is left out: it changes how fast an answer comes, not which.
 */
#include "admin-tui/token_judge.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mod_zta/identity/credential.h"
#include "mod_zta/identity/introspection.h"
#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/keyring.h"
#include "mod_zta/identity/keyset.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token.h"
#include "shared/base/limits.h"
#include "shared/store/blocks.h"
#include "shared/store/keysets.h"
#include "shared/store/revocations.h"
#include "shared/store/signals.h"

#define BEARER      "Bearer "
#define FIELD_START "Authorization: " BEARER
#define DATE_MAX    253402300799.0 /* the last second of the year 9999 */

/* One issuer as the module has it. */
struct known_issuer {
    struct mod_zta_issuer issuer;
    struct mod_zta_introspection introspection;
    struct zta_keyset_record record; /* of its keys; name absent: there is none */
    void *record_storage;
    struct zta_text keys_file;
};

/* A judgement and all that it points to. */
struct judging {
    struct ctl_token_judgement out; /* first: its address is that of the whole */
    struct zta_view *view;
    struct zta_text token;
    int64_t now_s;
    struct zta_acceptance *acceptance;
    struct known_issuer *issuers;
    const struct mod_zta_issuer **accepted; /* of the place at hand; as many as there are issuers */
    char *field;                            /* "Bearer ..."; NULL: no header could hold the token */
    json_t *header;
    json_t *claims;
    struct zta_text *audiences;
    struct zta_identity identity; /* of out, and in turn of each place */
    struct zta_identity tried;
    char identity_storage[ZTA_IDENTITY_SIZE_MAX];
    char tried_storage[ZTA_IDENTITY_SIZE_MAX];
    char revoked_by[96];
};

/* ---- issuers and their keys ---- */

static void describe_issuer(const struct zta_accepted_issuer *accepted, struct known_issuer *known)
{
    unsigned algs = 0;
    for (size_t i = 0; i < accepted->algs.n; i++) {
        algs |= mod_zta_alg_parse(accepted->algs.items[i]);
    }
    known->introspection =
        (struct mod_zta_introspection){.asks_about_jwts = accepted->asks_about_jwts};
    known->keys_file = accepted->keys_file;
    known->issuer = (struct mod_zta_issuer){
        .name = accepted->name,
        .url = accepted->url,
        .audiences = accepted->audiences.items,
        .n_audiences = accepted->audiences.n,
        .algs = algs,
        .token_type = accepted->token_type,
        .leeway_s = accepted->leeway_s,
        .claims =
            {
                .subject = accepted->claims[ZTA_ACCEPTED_SUBJECT],
                .client = accepted->claims[ZTA_ACCEPTED_CLIENT],
                .roles = accepted->claims[ZTA_ACCEPTED_ROLES],
                .groups = accepted->claims[ZTA_ACCEPTED_GROUPS],
                .scope = accepted->claims[ZTA_ACCEPTED_SCOPE],
                .session = accepted->claims[ZTA_ACCEPTED_SESSION],
                .device = accepted->claims[ZTA_ACCEPTED_DEVICE],
                .acr = accepted->claims[ZTA_ACCEPTED_ACR],
            },
        .introspection = accepted->is_introspected ? &known->introspection : NULL,
    };
}

/* As children read them (mod_zta/keys.c): keys of another configuration are none. */
static enum zta_status load_keys(struct judging *judging, struct known_issuer *known)
{
    struct zta_keyset_record record;
    struct mod_zta_keyset *keyset = NULL;
    enum zta_status status =
        zta_keyset_get(judging->view, known->issuer.name, &record, &known->record_storage);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    bool is_ours =
        status == ZTA_OK &&
        record.source == mod_zta_issuer_source(known->issuer.name, known->issuer.url, record.keys);
    if (is_ours) {
        known->record = record;
    }
    if (mod_zta_keyring_open(known->record.stale_s, &known->issuer.keyring) != ZTA_OK) {
        return ZTA_NO_MEMORY;
    }
    if (!is_ours || record.jwks.len == 0) {
        return ZTA_OK;
    }
    status = mod_zta_keyset_load(record.jwks, known->issuer.algs, NULL, NULL, &keyset, NULL);
    if (status == ZTA_OK && mod_zta_keyring_begin(known->issuer.keyring)) {
        int64_t fetched_s = record.fetched_s < judging->now_s ? record.fetched_s : judging->now_s;
        status = mod_zta_keyring_replace(known->issuer.keyring, &keyset, fetched_s);
        mod_zta_keyring_end(known->issuer.keyring);
    }
    mod_zta_keyset_close(&keyset);
    /* None that can be used is no failure: the proxy has none either. */
    return status == ZTA_NO_MEMORY ? status : ZTA_OK;
}

static enum zta_status load_issuers(struct judging *judging)
{
    size_t n = judging->acceptance->n_issuers;
    enum zta_status status = ZTA_OK;
    judging->issuers = calloc(n + 1, sizeof *judging->issuers);
    judging->accepted = calloc(n + 1, sizeof(void *));
    if (judging->issuers == NULL || judging->accepted == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        describe_issuer(&judging->acceptance->issuers[i], &judging->issuers[i]);
        status = load_keys(judging, &judging->issuers[i]);
    }
    return status;
}

static const struct known_issuer *find_issuer(const struct judging *judging, struct zta_text name)
{
    for (size_t i = 0; i < judging->acceptance->n_issuers; i++) {
        if (zta_text_equal(judging->issuers[i].issuer.name, name)) {
            return &judging->issuers[i];
        }
    }
    return NULL;
}

/* ---- what the token says ---- */

static int64_t said_date(const struct judging *judging, const char *name)
{
    const json_t *value = json_object_get(judging->claims, name);
    double date_s = json_number_value(value);
    return json_is_number(value) && date_s > 0 && date_s <= DATE_MAX ? (int64_t)date_s : 0;
}

static enum zta_status read_audiences(struct judging *judging)
{
    const json_t *aud = json_object_get(judging->claims, "aud");
    size_t n = json_is_array(aud) ? json_array_size(aud) : 1;
    judging->audiences = calloc(n + 1, sizeof *judging->audiences);
    if (judging->audiences == NULL) {
        return ZTA_NO_MEMORY;
    }
    struct zta_texts *said = &judging->out.said.audiences;
    said->items = judging->audiences;
    for (size_t i = 0; i < n; i++) {
        struct zta_text text =
            mod_zta_json_text_of(json_is_array(aud) ? json_array_get(aud, i) : aud);
        if (!zta_text_is_absent(text)) {
            judging->audiences[said->n++] = text;
        }
    }
    return ZTA_OK;
}

static enum zta_status read_said(struct judging *judging)
{
    struct ctl_token_said *said = &judging->out.said;
    struct mod_zta_jws jws;
    const char *fault;
    if (mod_zta_jws_split(judging->token, &jws, &fault) != ZTA_OK ||
        mod_zta_jws_object(jws.header, &judging->header, &fault) != ZTA_OK) {
        return ZTA_OK;
    }
    said->alg = mod_zta_json_text(judging->header, "alg");
    said->kid = mod_zta_json_text(judging->header, "kid");
    said->typ = mod_zta_json_text(judging->header, "typ");
    if (mod_zta_jws_object(jws.payload, &judging->claims, &fault) != ZTA_OK) {
        return ZTA_OK;
    }
    said->issuer = mod_zta_json_text(judging->claims, "iss");
    said->subject = mod_zta_json_text(judging->claims, "sub");
    said->expires_s = said_date(judging, "exp");
    said->issued_s = said_date(judging, "iat");
    said->not_before_s = said_date(judging, "nbf");
    said->auth_time_s = said_date(judging, "auth_time");
    return read_audiences(judging);
}

/* ---- whose it is, wherever and whenever ---- */

/* A moment at which its times are no reason to refuse it, if there is one. */
static int64_t good_moment(const struct judging *judging, int64_t leeway_s)
{
    const struct ctl_token_said *said = &judging->out.said;
    const int64_t begins[] = {said->not_before_s, said->issued_s, said->auth_time_s};
    int64_t now_s = judging->now_s;
    if (said->expires_s != 0 && now_s - leeway_s >= said->expires_s) {
        now_s = said->expires_s - 1;
    }
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        now_s = begins[i] - leeway_s > now_s ? begins[i] - leeway_s : now_s;
    }
    return now_s;
}

static void identify(struct judging *judging)
{
    const struct mod_zta_issuer *issuer = NULL;
    for (size_t i = 0; i < judging->acceptance->n_issuers; i++) {
        if (zta_text_equal(judging->issuers[i].issuer.url, judging->out.said.issuer)) {
            issuer = &judging->issuers[i].issuer;
        }
    }
    if (issuer == NULL || mod_zta_keyring_hash(issuer->keyring, judging->now_s) == 0) {
        return;
    }
    const struct mod_zta_token_request request = {
        .token = judging->token,
        .issuers = &issuer,
        .n_issuers = 1,
        .audiences = judging->out.said.audiences.items,
        .n_audiences = judging->out.said.audiences.n,
        .claims = judging->acceptance->claims.items,
        .n_claims = judging->acceptance->claims.n,
        .now_s = good_moment(judging, issuer->leeway_s),
    };
    struct mod_zta_token_result result;
    mod_zta_token_judge(&request, judging->identity_storage, sizeof judging->identity_storage,
                        &judging->identity, &result);
    if (result.is_verified) {
        judging->out.signature = CTL_SIGNATURE_GOOD;
    }
    else if (result.issuer != NULL && result.is_bad_for_good) {
        judging->out.signature = CTL_SIGNATURE_BAD;
    }
    judging->out.identity = result.reason == ZTA_REASON_OK ? &judging->identity : NULL;
}

static enum zta_status find_revocation(struct judging *judging)
{
    const struct zta_identity *identity = judging->out.identity;
    enum zta_revocation_kind kind;
    enum zta_signal_kind signal;
    bool is_revoked = false;
    if (identity == NULL) {
        return ZTA_OK;
    }
    int64_t leeway_s = find_issuer(judging, identity->issuer)->issuer.leeway_s;
    enum zta_status status =
        zta_revocation_find(judging->view, identity, leeway_s, &is_revoked, &kind);
    if (status == ZTA_OK && is_revoked) {
        (void)snprintf(judging->revoked_by, sizeof judging->revoked_by, "%s",
                       zta_revocation_kind_name(kind));
    }
    else if (status == ZTA_OK) {
        status = zta_signal_find(judging->view, identity, leeway_s, &is_revoked, &signal);
        if (status == ZTA_OK && is_revoked) {
            (void)snprintf(judging->revoked_by, sizeof judging->revoked_by,
                           "signal, a logout of its %s", zta_signal_kind_name(signal));
        }
    }
    judging->out.revoked_by = judging->revoked_by[0] != '\0' ? judging->revoked_by : NULL;
    return status != ZTA_OK
               ? status
               : zta_block_find_subject(judging->view, identity->issuer, identity->subject,
                                        judging->now_s, &judging->out.is_blocked);
}

/* ---- one place ---- */

ZTA_PRINTF(3, 4)
static enum zta_reason refuse(struct ctl_token_place *place, enum zta_reason reason,
                              const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(place->detail, sizeof place->detail, fmt, arguments);
    va_end(arguments);
    return reason;
}

static enum mod_zta_presented present(const struct judging *judging,
                                      const struct zta_accepting_place *where, const char **detail)
{
    const bool is_in_header = (where->sources & ZTA_TOKEN_IN_AUTHORIZATION) != 0;
    const struct mod_zta_credential_sources sources = {.has_authorization = is_in_header,
                                                       .has_query = !is_in_header};
    const struct mod_zta_credential_fields fields = {
        .authorization = judging->field,
        .query_token = judging->field == NULL ? NULL : judging->field + strlen(BEARER),
        .query_status = ZTA_OK,
    };
    struct mod_zta_credential credential;
    *detail = "the credential is not one well-formed token";
    if (judging->field == NULL) {
        return MOD_ZTA_PRESENTED_BAD;
    }
    mod_zta_credential_read(&sources, &fields, &credential);
    if (credential.presented == MOD_ZTA_PRESENTED_BAD) {
        *detail = credential.detail;
    }
    return credential.presented;
}

/* Does it come in at all, as a token? */
static enum zta_reason check_form(const struct judging *judging, struct ctl_token_place *place)
{
    const struct zta_accepting_place *where = place->place;
    const char *detail;
    if (where->sources == 0) {
        return refuse(place, ZTA_REASON_NO_CREDENTIAL,
                      "no token is looked for here (ZTACredentials)");
    }
    if (where->sources != ZTA_TOKEN_IN_QUERY &&
        judging->token.len + strlen(FIELD_START) > where->header_max) {
        return refuse(place, ZTA_REASON_BAD_REQUEST,
                      "httpd refuses so long a header (LimitRequestFieldSize %lu)",
                      (unsigned long)where->header_max);
    }
    if (present(judging, where, &detail) == MOD_ZTA_PRESENTED_BAD) {
        return refuse(place, ZTA_REASON_BAD_REQUEST, "%s", detail);
    }
    return ZTA_REASON_OK;
}

/* What the sender would have to show beside the token (mod_zta/binding.c). */
static enum zta_reason check_binding(struct ctl_token_place *place,
                                     const struct zta_identity *identity)
{
    const struct zta_accepting_place *where = place->place;
    const bool has_key = !zta_text_is_absent(identity->jkt);
    if (has_key && !where->takes_dpop) {
        return refuse(place, ZTA_REASON_BINDING_FAILED,
                      "it is bound to a key, and DPoP is not switched on here");
    }
    if (has_key && (where->sources & ZTA_TOKEN_IN_AUTHORIZATION) == 0) {
        return refuse(place, ZTA_REASON_BINDING_FAILED,
                      "it is bound to a key, and no DPoP scheme is looked at here");
    }
    if (!has_key && where->requires_dpop) {
        return refuse(place, ZTA_REASON_BINDING_FAILED,
                      "it is bound to no key, and ZTADPoP is required here");
    }
    place->needs_proof = has_key;
    place->needs_certificate = !zta_text_is_absent(identity->x5t_s256);
    return ZTA_REASON_OK;
}

static enum zta_reason check_store(const struct judging *judging, struct ctl_token_place *place)
{
    if (judging->out.revoked_by != NULL) {
        return refuse(place, ZTA_REASON_REVOKED, "revoked by %s", judging->out.revoked_by);
    }
    return judging->out.is_blocked
               ? refuse(place, ZTA_REASON_BLOCKED, "its subject is blocked for a time")
               : ZTA_REASON_OK;
}

static size_t list_accepted(struct judging *judging, const struct zta_accepting_place *where)
{
    size_t n = 0;
    for (size_t i = 0; i < where->issuers.n; i++) {
        const struct known_issuer *known = find_issuer(judging, where->issuers.items[i]);
        if (known != NULL && n < judging->acceptance->n_issuers) {
            judging->accepted[n++] = &known->issuer;
        }
    }
    return n;
}

/* The issuer that would be asked about it (RFC 7662); NULL: it is judged here. */
static const struct mod_zta_issuer *asked_issuer(const struct judging *judging, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (mod_zta_introspection_asks(judging->accepted[i], judging->token)) {
            return judging->accepted[i];
        }
    }
    return NULL;
}

static enum zta_reason judge_token(struct judging *judging, struct ctl_token_place *place,
                                   size_t n_accepted, struct mod_zta_token_result *result)
{
    const struct zta_accepting_place *where = place->place;
    const struct mod_zta_token_request request = {
        .token = judging->token,
        .issuers = judging->accepted,
        .n_issuers = n_accepted,
        .audiences = where->audiences.items,
        .n_audiences = where->audiences.n,
        .claims = judging->acceptance->claims.items,
        .n_claims = judging->acceptance->claims.n,
        .now_s = judging->now_s,
    };
    mod_zta_token_judge(&request, judging->tried_storage, sizeof judging->tried_storage,
                        &judging->tried, result);
    place->issuer = result->issuer != NULL ? result->issuer->name : place->issuer;
    if (result->reason != ZTA_REASON_OK) {
        const struct known_issuer *known = find_issuer(judging, place->issuer);
        place->asks_for_keys =
            result->is_key_unknown && known != NULL && zta_text_is_absent(known->keys_file);
        return refuse(place, result->reason, "%s", result->detail);
    }
    enum zta_reason reason = check_binding(place, &judging->tried);
    return reason == ZTA_REASON_OK ? check_store(judging, place) : reason;
}

/* How far it gets: of several refusals the last one on the way says most. */
enum progress {
    PROGRESS_NONE = 0,
    PROGRESS_ISSUER,
    PROGRESS_VERIFIED,
    PROGRESS_UNDECIDED,
    PROGRESS_ACCEPTED,
};

static enum progress judge_at(struct judging *judging, struct ctl_token_place *place)
{
    struct mod_zta_token_result result = {.reason = ZTA_REASON_UNJUDGED};
    place->reason = check_form(judging, place);
    if (place->reason != ZTA_REASON_OK) {
        return PROGRESS_NONE;
    }
    size_t n = list_accepted(judging, place->place);
    if (n == 0) {
        place->reason =
            refuse(place, ZTA_REASON_UNKNOWN_ISSUER, "no token issuer is accepted here");
        return PROGRESS_NONE;
    }
    const struct mod_zta_issuer *asked = asked_issuer(judging, n);
    if (asked != NULL) {
        place->issuer = asked->name;
        place->outcome = CTL_TOKEN_UNDECIDED;
        place->reason =
            place->place->mode == ZTA_MODE_ENFORCE
                ? refuse(place, ZTA_REASON_UNJUDGED, "issuer %.*s would be asked about it",
                         (int)asked->name.len, asked->name.data)
                : refuse(place, ZTA_REASON_UNJUDGED,
                         "issuer %.*s is not asked where credentials are only monitored",
                         (int)asked->name.len, asked->name.data);
        return PROGRESS_UNDECIDED;
    }
    place->reason = judge_token(judging, place, n, &result);
    if (place->reason == ZTA_REASON_OK) {
        place->outcome = CTL_TOKEN_ACCEPTED;
        judging->out.n_accepting++;
        return PROGRESS_ACCEPTED;
    }
    return result.is_verified                   ? PROGRESS_VERIFIED
           : !zta_text_is_absent(place->issuer) ? PROGRESS_ISSUER
                                                : PROGRESS_NONE;
}

static enum zta_status judge_places(struct judging *judging)
{
    struct ctl_token_judgement *out = &judging->out;
    enum progress furthest = PROGRESS_NONE;
    out->n_places = judging->acceptance->n_places;
    out->places = calloc(out->n_places, sizeof *out->places);
    if (out->places == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < out->n_places; i++) {
        out->places[i].place = &judging->acceptance->places[i];
        enum progress progress = judge_at(judging, &out->places[i]);
        if (out->best == NULL || progress > furthest) {
            out->best = &out->places[i];
            furthest = progress;
        }
    }
    return ZTA_OK;
}

/* ---- its issuer's keys ---- */

/* A file that cannot be read tells nothing: it is httpd that has to. */
static bool file_differs(const char *path, struct zta_text known)
{
    struct stat found;
    bool differs = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) {
        char *text = malloc(known.len + 1);
        ssize_t len = text == NULL ? -1 : read(fd, text, known.len + 1);
        differs =
            len >= 0 && ((size_t)len != known.len || memcmp(text, known.data, known.len) != 0);
        free(text);
    }
    (void)close(fd);
    return differs;
}

static void describe_keys(struct judging *judging)
{
    const struct ctl_token_place *best = judging->out.best;
    struct ctl_token_keys *keys = &judging->out.keys;
    const struct known_issuer *known = find_issuer(judging, best->issuer);
    if (known == NULL || zta_text_is_absent(known->record.name)) {
        return;
    }
    keys->from = known->record.keys;
    keys->fetched_s = known->record.jwks.len > 0 ? known->record.fetched_s : 0;
    keys->stale_s = known->record.stale_s;
    keys->is_fetched = zta_text_is_absent(known->keys_file);
    if (!keys->is_fetched && known->record.jwks.len > 0) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%.*s", (int)known->keys_file.len, known->keys_file.data);
        keys->differs = file_differs(path, known->record.jwks);
    }
}

/* ---- all of it ---- */

/* As a client sends it; NULL where no header could hold it. */
static enum zta_status write_field(struct judging *judging)
{
    struct zta_text token = judging->token;
    if (token.len == 0 || memchr(token.data, '\0', token.len) != NULL) {
        return ZTA_OK;
    }
    judging->field = malloc(sizeof BEARER + token.len);
    if (judging->field == NULL) {
        return ZTA_NO_MEMORY;
    }
    memcpy(judging->field, BEARER, strlen(BEARER));
    memcpy(judging->field + strlen(BEARER), token.data, token.len);
    judging->field[strlen(BEARER) + token.len] = '\0';
    return ZTA_OK;
}

static enum zta_status open_acceptance(struct judging *judging, struct zta_error *error)
{
    enum zta_status status = zta_acceptance_open(judging->view, &judging->acceptance);
    if (status == ZTA_NOT_FOUND) {
        return zta_error_set(error, status,
                             "no server has said in this store whose tokens it accepts");
    }
    if (status == ZTA_OK && judging->acceptance->n_places == 0) {
        return zta_error_set(error, ZTA_NOT_FOUND,
                             "the server asks for credentials nowhere: every ZTAStage is 0");
    }
    return status;
}

static enum zta_status judge(struct judging *judging, struct zta_error *error)
{
    static const struct zta_accepting_place anywhere = {.sources = ZTA_TOKEN_IN_AUTHORIZATION};
    const char *detail;
    enum zta_status status = write_field(judging);
    if (status == ZTA_OK && present(judging, &anywhere, &detail) == MOD_ZTA_PRESENTED_APIKEY) {
        return zta_error_set(error, ZTA_INVALID,
                             "this is an API key and no token: `ztactl keys show` tells of it");
    }
    if (status == ZTA_OK) {
        status = open_acceptance(judging, error);
    }
    if (status == ZTA_OK) {
        status = load_issuers(judging);
    }
    if (status == ZTA_OK) {
        status = read_said(judging);
    }
    if (status == ZTA_OK) {
        identify(judging);
        status = find_revocation(judging);
    }
    if (status == ZTA_OK) {
        status = judge_places(judging);
    }
    if (status == ZTA_OK) {
        describe_keys(judging);
    }
    return status;
}

enum zta_status ctl_token_judge(struct zta_view *view, struct zta_text token, int64_t now_s,
                                struct ctl_token_judgement **judgement, struct zta_error *error)
{
    struct judging *judging = calloc(1, sizeof *judging);
    if (judging == NULL) {
        return ZTA_NO_MEMORY;
    }
    struct ctl_token_judgement *out = &judging->out;
    judging->view = view;
    judging->token = token;
    judging->now_s = now_s;
    enum zta_status status = judge(judging, error);
    if (status != ZTA_OK) {
        ctl_token_judgement_close(&out);
        return status;
    }
    *judgement = out;
    return ZTA_OK;
}

void ctl_token_judgement_close(struct ctl_token_judgement **judgement)
{
    struct judging *judging = (struct judging *)(void *)*judgement;
    if (judging == NULL) {
        return;
    }
    *judgement = NULL;
    for (size_t i = 0; judging->issuers != NULL && i < judging->acceptance->n_issuers; i++) {
        mod_zta_keyring_close(&judging->issuers[i].issuer.keyring);
        free(judging->issuers[i].record_storage);
    }
    json_decref(judging->claims);
    json_decref(judging->header);
    free(judging->audiences);
    free(judging->field);
    free(judging->accepted);
    free(judging->issuers);
    free(judging->out.places);
    zta_acceptance_close(&judging->acceptance);
    free(judging);
}
