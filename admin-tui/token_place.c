/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a request with this token, in its order (mod_zta/authenticate.c), at each place. The
 * token cache is left out: it changes how fast an answer comes, not which.
 */
#include "admin-tui/token_judge_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/identity/token.h"

const struct ctl_known_issuer *ctl_known_issuer_find(const struct ctl_token_judging *judging,
                                                     struct zta_text name)
{
    for (size_t i = 0; i < judging->acceptance->n_issuers; i++) {
        if (zta_text_equal(judging->issuers[i].issuer.name, name)) {
            return &judging->issuers[i];
        }
    }
    return NULL;
}

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

enum mod_zta_presented ctl_token_present(const struct ctl_token_judging *judging,
                                         const struct zta_accepting_place *where,
                                         const char **detail)
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
static enum zta_reason check_form(const struct ctl_token_judging *judging,
                                  struct ctl_token_place *place)
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
    if (ctl_token_present(judging, where, &detail) == MOD_ZTA_PRESENTED_BAD) {
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

static enum zta_reason check_store(const struct ctl_token_judging *judging,
                                   struct ctl_token_place *place)
{
    if (judging->out.revoked_by != NULL) {
        return refuse(place, ZTA_REASON_REVOKED, "revoked by %s", judging->out.revoked_by);
    }
    return judging->out.is_blocked
               ? refuse(place, ZTA_REASON_BLOCKED, "its subject is blocked for a time")
               : ZTA_REASON_OK;
}

static size_t list_accepted(struct ctl_token_judging *judging,
                            const struct zta_accepting_place *where)
{
    size_t n = 0;
    for (size_t i = 0; i < where->issuers.n; i++) {
        const struct ctl_known_issuer *known =
            ctl_known_issuer_find(judging, where->issuers.items[i]);
        if (known != NULL && n < judging->acceptance->n_issuers) {
            judging->accepted[n++] = &known->issuer;
        }
    }
    return n;
}

/* The issuer that would be asked about it (RFC 7662); NULL: it is judged here. */
static const struct mod_zta_issuer *asked_issuer(const struct ctl_token_judging *judging, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (mod_zta_introspection_asks(judging->accepted[i], judging->token)) {
            return judging->accepted[i];
        }
    }
    return NULL;
}

static enum zta_reason judge_token(struct ctl_token_judging *judging, struct ctl_token_place *place,
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
        const struct ctl_known_issuer *known = ctl_known_issuer_find(judging, place->issuer);
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

static enum progress judge_at(struct ctl_token_judging *judging, struct ctl_token_place *place)
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

enum zta_status ctl_token_judge_places(struct ctl_token_judging *judging)
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
