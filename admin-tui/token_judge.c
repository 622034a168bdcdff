/* SPDX-License-Identifier: Apache-2.0 */
/* What the server published, what the token says, and whose it is wherever it is shown. */
#include "admin-tui/token_judge.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin-tui/token_judge_priv.h"
#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/keyring.h"
#include "mod_zta/identity/keyset.h"
#include "mod_zta/identity/token.h"
#include "shared/store/blocks.h"
#include "shared/store/revocations.h"
#include "shared/store/signals.h"

#define DATE_MAX 253402300799.0 /* the last second of the year 9999 */

/* ---- issuers and their keys ---- */

static void describe_issuer(const struct zta_accepted_issuer *accepted,
                            struct ctl_known_issuer *known)
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
static enum zta_status load_keys(struct ctl_token_judging *judging, struct ctl_known_issuer *known)
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

static enum zta_status load_issuers(struct ctl_token_judging *judging)
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

/* ---- what the token says ---- */

static int64_t said_date(const struct ctl_token_judging *judging, const char *name)
{
    const json_t *value = json_object_get(judging->claims, name);
    double date_s = json_number_value(value);
    return json_is_number(value) && date_s > 0 && date_s <= DATE_MAX ? (int64_t)date_s : 0;
}

static enum zta_status read_audiences(struct ctl_token_judging *judging)
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

static enum zta_status read_said(struct ctl_token_judging *judging)
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
static int64_t good_moment(const struct ctl_token_judging *judging, int64_t leeway_s)
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

static void identify(struct ctl_token_judging *judging)
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

static enum zta_status find_revocation(struct ctl_token_judging *judging)
{
    const struct zta_identity *identity = judging->out.identity;
    enum zta_revocation_kind kind;
    struct zta_signal_hit signal;
    bool is_revoked = false;
    if (identity == NULL) {
        return ZTA_OK;
    }
    int64_t leeway_s = ctl_known_issuer_find(judging, identity->issuer)->issuer.leeway_s;
    enum zta_status status =
        zta_revocation_find(judging->view, identity, leeway_s, &is_revoked, &kind);
    if (status == ZTA_OK && is_revoked) {
        (void)snprintf(judging->revoked_by, sizeof judging->revoked_by, "%s",
                       zta_revocation_kind_name(kind));
    }
    else if (status == ZTA_OK) {
        status = zta_signal_find(judging->view, identity, leeway_s, &signal);
        if (status == ZTA_OK && signal.by != 0) {
            (void)snprintf(judging->revoked_by, sizeof judging->revoked_by, "signal, %s its %s",
                           signal.by == ZTA_SIGNAL_BY_LOGOUT ? "a logout of"
                                                             : "a transmitter ended",
                           zta_signal_kind_name(signal.kind));
        }
    }
    judging->out.revoked_by = judging->revoked_by[0] != '\0' ? judging->revoked_by : NULL;
    return status != ZTA_OK
               ? status
               : zta_block_find_subject(judging->view, identity->issuer, identity->subject,
                                        judging->now_s, &judging->out.is_blocked);
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

static void describe_keys(struct ctl_token_judging *judging)
{
    const struct ctl_token_place *best = judging->out.best;
    struct ctl_token_keys *keys = &judging->out.keys;
    const struct ctl_known_issuer *known = ctl_known_issuer_find(judging, best->issuer);
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
static enum zta_status write_field(struct ctl_token_judging *judging)
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

static enum zta_status open_acceptance(struct ctl_token_judging *judging, struct zta_error *error)
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

static enum zta_status judge(struct ctl_token_judging *judging, struct zta_error *error)
{
    static const struct zta_accepting_place anywhere = {.sources = ZTA_TOKEN_IN_AUTHORIZATION};
    const char *detail;
    enum zta_status status = write_field(judging);
    if (status == ZTA_OK &&
        ctl_token_present(judging, &anywhere, &detail) == MOD_ZTA_PRESENTED_APIKEY) {
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
        status = ctl_token_judge_places(judging);
    }
    if (status == ZTA_OK) {
        describe_keys(judging);
    }
    return status;
}

enum zta_status ctl_token_judge(struct zta_view *view, struct zta_text token, int64_t now_s,
                                struct ctl_token_judgement **judgement, struct zta_error *error)
{
    struct ctl_token_judging *judging = calloc(1, sizeof *judging);
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
    struct ctl_token_judging *judging = (struct ctl_token_judging *)(void *)*judgement;
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
