/* SPDX-License-Identifier: Apache-2.0 */
/* From checked claims to the identity that rules, headers and records see. */
#include "mod_zta/identity/claim_name.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token_priv.h"
#include "shared/base/limits.h"

#include <stdio.h>
#include <string.h>

enum {
    /* Digits that a double needs: the fewest that bring it back are its text. */
    PRECISION_MIN = 15,
    PRECISION_MAX = 17,
    NUMBER_TEXT_MAX = 40,
};

/* What is being built. A failure is kept here, so that the steps read as a list. */
struct filling {
    struct mod_zta_judging *judging;
    struct zta_identity *identity;
    char *storage;
    size_t size;
    size_t used;
    enum zta_reason reason;
};

static void refuse(struct filling *filling, const char *why)
{
    if (filling->reason == ZTA_REASON_OK) {
        filling->reason =
            mod_zta_judging_refuse(filling->judging, ZTA_REASON_BAD_CREDENTIAL, "%s", why);
    }
}

static void refuse_claim(struct filling *filling, struct zta_text name, const char *why)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    if (filling->reason == ZTA_REASON_OK) {
        filling->reason =
            mod_zta_judging_refuse(filling->judging, ZTA_REASON_BAD_CREDENTIAL, "claim %s %s",
                                   mod_zta_excerpt(name, excerpt), why);
    }
}

static struct zta_text keep(struct filling *filling, struct zta_text text)
{
    if (zta_text_is_absent(text)) {
        return text;
    }
    if (text.len > filling->size - filling->used) {
        refuse(filling, "its claims do not fit");
        return (struct zta_text){.data = NULL};
    }
    char *to = filling->storage + filling->used;
    memcpy(to, text.data, text.len);
    filling->used += text.len;
    return (struct zta_text){.data = to, .len = text.len};
}

/* A claim that is a text or absent; any other kind would be read differently elsewhere. */
static struct zta_text read_text(struct filling *filling, struct zta_text name, size_t max)
{
    const json_t *value = mod_zta_claim_find(filling->judging->claims, name);
    struct zta_text text = mod_zta_json_text_of(value);
    if (value == NULL) {
        return (struct zta_text){.data = NULL};
    }
    if (zta_text_is_absent(text) || text.len == 0 || text.len > max) {
        refuse_claim(filling, name, "is empty, too long or no text");
        return (struct zta_text){.data = NULL};
    }
    return keep(filling, text);
}

/* The JSON text of a number or boolean, the same in every locale. */
static struct zta_text print_scalar(const json_t *value, char out[NUMBER_TEXT_MAX])
{
    size_t len = 0;
    for (size_t precision = PRECISION_MIN; precision <= PRECISION_MAX; precision++) {
        len = json_dumpb(value, out, NUMBER_TEXT_MAX,
                         JSON_ENCODE_ANY | JSON_REAL_PRECISION(precision));
        if (len > NUMBER_TEXT_MAX || !json_is_real(value)) {
            break;
        }
        json_t *again = json_loadb(out, len, JSON_DECODE_ANY, NULL);
        bool is_same = again != NULL && json_real_value(again) == json_real_value(value);
        json_decref(again);
        if (is_same) {
            break;
        }
    }
    return (struct zta_text){.data = out, .len = len <= NUMBER_TEXT_MAX ? len : 0};
}

/* ---- lists: roles, groups, scopes, amr ---- */

static void add_value(struct filling *filling, struct zta_values *list, struct zta_text value)
{
    struct zta_text kept = keep(filling, value);
    if (filling->reason == ZTA_REASON_OK &&
        zta_identity_add_value(filling->identity, list, kept) != ZTA_OK) {
        refuse(filling, "too many roles, groups, scopes and amr values");
    }
}

/*
 * One element: a text, the "value" of a SCIM object (RFC 9068 section 2.2.3.1, RFC 7643 section
 * 2.4), or a number. Nothing is passed over, since a rule may deny what it names.
 */
static void add_element(struct filling *filling, struct zta_values *list, struct zta_text name,
                        const json_t *element)
{
    char number[NUMBER_TEXT_MAX];
    struct zta_text text =
        mod_zta_json_text_of(json_is_object(element) ? json_object_get(element, "value") : element);
    if (json_is_number(element)) {
        text = print_scalar(element, number);
    }
    if (zta_text_is_absent(text)) {
        refuse_claim(filling, name, "holds something that is no text");
        return;
    }
    add_value(filling, list, text);
}

static void read_list(struct filling *filling, struct zta_text name, struct zta_values *list)
{
    const json_t *value = mod_zta_claim_find(filling->judging->claims, name);
    if (value == NULL) {
        return;
    }
    list->is_known = true;
    if (!json_is_array(value)) {
        add_element(filling, list, name, value);
        return;
    }
    for (size_t i = 0; i < json_array_size(value) && filling->reason == ZTA_REASON_OK; i++) {
        add_element(filling, list, name, json_array_get(value, i));
    }
}

/*
 * One text with spaces between (RFC 9068 section 2.2.3), or an array of texts that are taken
 * whole.
 */
static void read_scopes(struct filling *filling, struct zta_text name)
{
    struct zta_values *list = &filling->identity->scopes;
    const json_t *value = mod_zta_claim_find(filling->judging->claims, name);
    struct zta_text rest = mod_zta_json_text_of(value);
    if (zta_text_is_absent(rest)) {
        if (value != NULL && !json_is_array(value)) {
            refuse_claim(filling, name, "is neither a text nor a list");
        }
        read_list(filling, name, list);
        return;
    }
    list->is_known = true;
    while (rest.len > 0 && filling->reason == ZTA_REASON_OK) {
        const char *space = memchr(rest.data, ' ', rest.len);
        size_t len = space != NULL ? (size_t)(space - rest.data) : rest.len;
        if (len > 0) {
            add_value(filling, list, (struct zta_text){.data = rest.data, .len = len});
        }
        size_t used = space != NULL ? len + 1 : len;
        rest = (struct zta_text){.data = rest.data + used, .len = rest.len - used};
    }
}

/* ---- claims that rules, headers or logs name ---- */

static void add_claim(struct filling *filling, struct zta_claim claim)
{
    struct zta_identity *identity = filling->identity;
    if (identity->n_claims == ZTA_IDENTITY_CLAIMS_MAX) {
        refuse(filling, "too many values of claims that are kept");
        return;
    }
    identity->claims[identity->n_claims++] = claim;
}

/* False for null, objects and arrays, which no condition can match. */
static bool add_scalar(struct filling *filling, struct zta_text name, const json_t *value)
{
    char number[NUMBER_TEXT_MAX];
    struct zta_claim claim = {.name = name};
    if (json_is_string(value)) {
        claim.kind = ZTA_CLAIM_STRING;
        claim.text = keep(filling, mod_zta_json_text_of(value));
    }
    else if (json_is_number(value)) {
        claim.kind = ZTA_CLAIM_NUMBER;
        claim.number = json_number_value(value);
        claim.text = keep(filling, print_scalar(value, number));
    }
    else if (json_is_boolean(value)) {
        claim.kind = ZTA_CLAIM_BOOL;
        claim.number = json_is_true(value) ? 1 : 0;
        claim.text = keep(filling, json_is_true(value) ? ZTA_TEXT("true") : ZTA_TEXT("false"));
    }
    else {
        return false;
    }
    add_claim(filling, claim);
    return true;
}

static void read_claim(struct filling *filling, struct zta_text name)
{
    const json_t *value = mod_zta_claim_find(filling->judging->claims, name);
    if (value == NULL) {
        return;
    }
    struct zta_text kept = keep(filling, name);
    bool is_list = json_is_array(value);
    size_t n = is_list ? json_array_size(value) : 1;
    bool has_any = false;
    for (size_t i = 0; i < n && filling->reason == ZTA_REASON_OK; i++) {
        has_any |= add_scalar(filling, kept, is_list ? json_array_get(value, i) : value);
    }
    if (!has_any && filling->reason == ZTA_REASON_OK) {
        add_claim(filling, (struct zta_claim){.name = kept, .kind = ZTA_CLAIM_EMPTY});
    }
}

static void read_claims(struct filling *filling)
{
    const struct mod_zta_token_request *request = filling->judging->request;
    read_claim(filling, ZTA_TEXT("aud"));
    for (size_t i = 0; i < request->n_claims && filling->reason == ZTA_REASON_OK; i++) {
        if (!zta_text_equal(request->claims[i], ZTA_TEXT("aud"))) {
            read_claim(filling, request->claims[i]);
        }
    }
}

/* ---- who, and which session ---- */

static void read_names(struct filling *filling)
{
    const struct mod_zta_claim_names *names = &filling->judging->issuer->claims;
    struct zta_identity *identity = filling->identity;
    identity->issuer = keep(filling, filling->judging->issuer->name);
    identity->subject = read_text(filling, names->subject, ZTA_SUBJECT_MAX);
    identity->client = read_text(filling, names->client, ZTA_SUBJECT_MAX);
    if (zta_text_is_absent(identity->client) &&
        zta_text_equal(names->client, ZTA_TEXT("client_id"))) {
        identity->client = read_text(filling, ZTA_TEXT("azp"), ZTA_SUBJECT_MAX);
    }
    if (zta_text_is_absent(identity->subject) && filling->judging->is_introspected) {
        /* sub is optional there; a token that stands for no user stands for its client. */
        identity->subject = identity->client;
    }
    if (zta_text_is_absent(identity->subject)) {
        refuse_claim(filling, names->subject, "is missing");
    }
    identity->sid = read_text(filling, names->session, ZTA_SUBJECT_MAX);
    identity->device = read_text(filling, names->device, ZTA_SUBJECT_MAX);
    identity->acr = read_text(filling, names->acr, ZTA_SUBJECT_MAX);
    read_list(filling, names->roles, &identity->roles);
    read_list(filling, names->groups, &identity->groups);
    read_scopes(filling, names->scope);
    read_list(filling, ZTA_TEXT("amr"), &identity->amr);
}

/* Thumbprints were checked before. The key counts for more than the connection's certificate. */
static void read_binding(struct filling *filling)
{
    const json_t *cnf = json_object_get(filling->judging->claims, "cnf");
    struct zta_identity *identity = filling->identity;
    identity->jkt = keep(filling, mod_zta_json_text(cnf, "jkt"));
    identity->x5t_s256 = keep(filling, mod_zta_json_text(cnf, "x5t#S256"));
    if (!zta_text_is_absent(identity->jkt)) {
        identity->binding = ZTA_BINDING_DPOP;
    }
    else if (!zta_text_is_absent(identity->x5t_s256)) {
        identity->binding = ZTA_BINDING_MTLS;
    }
}

/* They were checked before; what is absent stays 0, unknown. */
static void read_times(struct filling *filling)
{
    const json_t *claims = filling->judging->claims;
    struct zta_identity *identity = filling->identity;
    const struct {
        const char *name;
        int64_t *time_s;
    } times[] = {
        {.name = "exp", .time_s = &identity->expires_s},
        {.name = "iat", .time_s = &identity->issued_s},
        {.name = "auth_time", .time_s = &identity->auth_time_s},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (mod_zta_date_read(json_object_get(claims, times[i].name), false, times[i].time_s) !=
            ZTA_OK) {
            *times[i].time_s = 0;
        }
    }
}

/* Of the signing input, never of the signature: one text can have many good ECDSA signatures. */
static void make_token_id(struct filling *filling)
{
    const struct mod_zta_judging *judging = filling->judging;
    struct zta_text jti = mod_zta_json_text(judging->claims, "jti");
    struct zta_text bytes = judging->jws.signing_input;
    if (judging->is_introspected) {
        /* Whoever has the token can compute it, without an answer of the issuer. */
        jti = judging->own_jti;
        bytes = zta_text_is_absent(bytes) ? judging->request->token : bytes;
    }
    zta_token_id_make(judging->issuer->name, jti, bytes, &filling->identity->token_id);
}

static void make_session(struct filling *filling)
{
    struct zta_identity *identity = filling->identity;
    char auth_time[24];
    struct zta_text discriminator;
    if (!zta_text_is_absent(identity->sid)) {
        identity->session_kind = ZTA_SESSION_SID;
        discriminator = identity->sid;
    }
    else if (identity->binding != ZTA_BINDING_NONE) {
        identity->session_kind = ZTA_SESSION_CNF;
        discriminator = identity->binding == ZTA_BINDING_DPOP ? identity->jkt : identity->x5t_s256;
    }
    else if (identity->auth_time_s != 0) {
        identity->session_kind = ZTA_SESSION_AUTH_TIME;
        (void)snprintf(auth_time, sizeof auth_time, "%lld", (long long)identity->auth_time_s);
        discriminator = zta_text_of(auth_time);
    }
    else {
        identity->session_kind = ZTA_SESSION_TOKEN;
        discriminator = (struct zta_text){.data = (const char *)identity->token_id.bytes,
                                          .len = sizeof identity->token_id.bytes};
    }
    zta_session_id_make(identity, identity->session_kind, discriminator, identity->session);
    zta_login_tag_make(identity->issuer, identity->sid, identity->subject, &identity->login);
}

enum zta_reason mod_zta_token_fill_identity(struct mod_zta_judging *judging, char *storage,
                                            size_t size, struct zta_identity *identity)
{
    struct filling filling = {
        .judging = judging,
        .identity = identity,
        .storage = storage,
        .size = size,
        .reason = ZTA_REASON_OK,
    };
    identity->credential = ZTA_CREDENTIAL_TOKEN;
    read_names(&filling);
    read_claims(&filling);
    read_binding(&filling);
    read_times(&filling);
    make_token_id(&filling);
    make_session(&filling);
    return filling.reason;
}
