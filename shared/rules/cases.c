/* SPDX-License-Identifier: Apache-2.0 */
/* From the facts that a case gives to those that a request would have. */
#include "shared/rules/cases.h"

#include "shared/base/clock.h"
#include "shared/rules/attributes.h"
#include "shared/rules/decide.h"

#include <string.h>

/* A request under construction; facts point into it and into the case. */
struct request {
    struct zta_facts facts;
    struct zta_identity identity;
    struct zta_context context;
    struct zta_risk_facts risk;
    char country[2];
    char host[ZTA_HOST_MAX + 1];
    int64_t now_s;
    bool has_credential; /* said which */
};

static void give_host(struct request *request, struct zta_text text)
{
    for (size_t i = 0; i < text.len && i < ZTA_HOST_MAX; i++) {
        const char c = text.data[i];
        request->host[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    request->facts.host = (struct zta_text){.data = request->host, .len = text.len};
}

static void give_credential(struct request *request, struct zta_text word)
{
    for (unsigned i = ZTA_CREDENTIAL_TOKEN; i <= ZTA_CREDENTIAL_BROWSER; i++) {
        if (zta_text_equal(word, zta_text_of(zta_credential_name((enum zta_credential)i)))) {
            request->identity.credential = (enum zta_credential)i;
            request->has_credential = true;
        }
    }
}

static void give_binding(struct request *request, struct zta_text word)
{
    for (unsigned i = ZTA_BINDING_NONE; i <= ZTA_BINDING_MTLS; i++) {
        if (zta_text_equal(word, zta_text_of(zta_binding_name((enum zta_binding)i)))) {
            request->identity.binding = (enum zta_binding)i;
        }
    }
}

static enum zta_status give_values(struct request *request, const struct zta_ast_given *given,
                                   struct zta_values *list)
{
    list->is_known = true;
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; status == ZTA_OK && i < given->n_values; i++) {
        status = zta_identity_add_value(&request->identity, list, given->values[i].text);
    }
    return status;
}

/* As a token says it: bare numbers and booleans are those of JSON, all else is text. */
static enum zta_status give_claim(struct request *request, const struct zta_ast_given *given)
{
    struct zta_identity *identity = &request->identity;
    for (size_t i = 0; i < given->n_values; i++) {
        const struct zta_ast_value *value = &given->values[i];
        struct zta_claim claim = {
            .name = given->claim, .kind = ZTA_CLAIM_STRING, .text = value->text};
        const bool is_true = zta_text_equal(value->text, ZTA_TEXT("true"));
        if (!value->is_quoted && (is_true || zta_text_equal(value->text, ZTA_TEXT("false")))) {
            claim.kind = ZTA_CLAIM_BOOL;
            claim.number = is_true ? 1 : 0;
        }
        else if (!value->is_quoted && zta_value_number(value->text, &claim.number) == ZTA_OK) {
            claim.kind = ZTA_CLAIM_NUMBER;
        }
        if (identity->n_claims == ZTA_IDENTITY_CLAIMS_MAX) {
            return ZTA_FULL;
        }
        identity->claims[identity->n_claims++] = claim;
    }
    return ZTA_OK;
}

static enum zta_status give_length(struct request *request, struct zta_text text)
{
    uint64_t length;
    const enum zta_status status = zta_text_to_u64(text, INT64_MAX, &length);
    request->facts.content_length = status == ZTA_OK ? (int64_t)length : -1;
    return status;
}

static enum zta_status give_age(struct request *request, struct zta_text text)
{
    int64_t age_s;
    const enum zta_status status = zta_duration_parse(text, &age_s);
    request->identity.auth_time_s = status == ZTA_OK ? request->now_s - age_s : 0;
    return status;
}

/* A device is known, and has the traits that are given and no others. */
static void give_device(struct request *request, const struct zta_ast_given *given)
{
    struct zta_answers *traits = &request->context.traits;
    traits->known = (1u << ZTA_N_DEVICE_TRAITS) - 1;
    traits->yes = 1u << ZTA_DEVICE_KNOWN;
    for (size_t i = 0; i < given->n_values; i++) {
        enum zta_device_trait trait;
        if (zta_device_trait_parse(given->values[i].text, &trait) == ZTA_OK) {
            traits->yes = (uint8_t)(traits->yes | 1u << trait);
        }
    }
}

/* Each word is known of one habit; the others are unknown. */
static void give_behaviour(struct request *request, const struct zta_ast_given *given)
{
    struct zta_answers *usual = &request->context.usual;
    for (size_t i = 0; i < given->n_values; i++) {
        struct zta_text text = given->values[i].text;
        const bool is_unusual = zta_text_starts_with(text, ZTA_TEXT("un"));
        const size_t skipped = is_unusual ? strlen("unusual-") : strlen("usual-");
        const struct zta_text name = {.data = text.data + skipped, .len = text.len - skipped};
        enum zta_habit habit;
        if (zta_habit_parse(name, &habit) == ZTA_OK) {
            usual->known = (uint8_t)(usual->known | 1u << habit);
            usual->yes = (uint8_t)(usual->yes | (is_unusual ? 0u : 1u << habit));
        }
    }
}

static void give_network(struct request *request, const struct zta_ast_given *given)
{
    for (size_t i = 0; i < given->n_values; i++) {
        if (zta_value_asn(given->values[i].text, &request->context.asn) != ZTA_OK &&
            zta_addr_parse(given->values[i].text, &request->facts.addr) != ZTA_OK) {
            request->facts.addr.family = 0;
        }
    }
}

static void give_country(struct request *request, struct zta_text text)
{
    for (size_t i = 0; i < text.len && i < sizeof request->country; i++) {
        const char c = text.data[i];
        request->country[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    request->context.country =
        (struct zta_text){.data = request->country, .len = sizeof request->country};
}

/* What is at risk is so from now on; of the three facts those that are not given are at rest. */
static void give_risk(struct request *request, const struct zta_ast_given *given)
{
    struct zta_risk_facts *risk = &request->risk;
    uint64_t score;
    enum zta_risk_signal signal;
    enum zta_threat_level level;
    request->facts.risk = risk;
    for (size_t i = 0; i < given->n_values; i++) {
        const struct zta_text text = given->values[i].text;
        if (given->attribute == ZTA_ATTRIBUTE_RISK &&
            zta_text_to_u64(text, UINT8_MAX, &score) == ZTA_OK) {
            risk->score = (uint8_t)score;
        }
        if (given->attribute == ZTA_ATTRIBUTE_SIGNAL &&
            zta_risk_signal_find(text, &signal) == ZTA_OK) {
            risk->signals |= 1u << signal;
        }
        if (given->attribute == ZTA_ATTRIBUTE_THREAT_LEVEL &&
            zta_threat_level_parse(text, &level) == ZTA_OK) {
            risk->threat = level;
        }
    }
    risk->newest_s = risk->score > 0 ? request->now_s : 0;
}

static void give_os(struct request *request, const struct zta_ast_given *given)
{
    request->context.os = given->values[0].text;
    request->context.os_version =
        given->n_values > 1 ? given->values[1].text : (struct zta_text){.data = NULL};
}

/* What is of the request, whoever sends it. */
static void give_circumstance(struct request *request, const struct zta_ast_given *given)
{
    const struct zta_text text = given->values[0].text;
    switch (given->attribute) {
    case ZTA_ATTRIBUTE_HOST:
        give_host(request, text);
        break;
    case ZTA_ATTRIBUTE_PATH:
        request->facts.path = text;
        break;
    case ZTA_ATTRIBUTE_METHOD:
        request->facts.method = text;
        break;
    case ZTA_ATTRIBUTE_CONTENT_TYPE:
        request->facts.content_type = text;
        break;
    case ZTA_ATTRIBUTE_USER_AGENT:
        request->facts.agent = text;
        break;
    case ZTA_ATTRIBUTE_DEVICE:
        give_device(request, given);
        break;
    case ZTA_ATTRIBUTE_OS:
        give_os(request, given);
        break;
    case ZTA_ATTRIBUTE_NETWORK:
        give_network(request, given);
        break;
    case ZTA_ATTRIBUTE_COUNTRY:
        give_country(request, text);
        break;
    case ZTA_ATTRIBUTE_BEHAVIOUR:
        give_behaviour(request, given);
        break;
    case ZTA_ATTRIBUTE_RISK:
    case ZTA_ATTRIBUTE_THREAT_LEVEL:
    case ZTA_ATTRIBUTE_SIGNAL:
        give_risk(request, given);
        break;
    default:
        break;
    }
}

static enum zta_status give_identity(struct request *request, const struct zta_ast_given *given)
{
    struct zta_identity *identity = &request->identity;
    const struct zta_text text = given->values[0].text;
    switch ((enum zta_attribute)given->attribute) {
    case ZTA_ATTRIBUTE_CREDENTIAL:
        give_credential(request, text);
        break;
    case ZTA_ATTRIBUTE_BINDING:
        give_binding(request, text);
        break;
    case ZTA_ATTRIBUTE_CERTIFICATE:
        identity->certificate = text;
        break;
    case ZTA_ATTRIBUTE_SUBJECT:
        identity->subject = text;
        break;
    case ZTA_ATTRIBUTE_CLIENT:
        identity->client = text;
        break;
    case ZTA_ATTRIBUTE_ISSUER:
        identity->issuer = text;
        break;
    case ZTA_ATTRIBUTE_APIKEY:
        identity->apikey = text;
        break;
    case ZTA_ATTRIBUTE_ROLE:
        return give_values(request, given, &identity->roles);
    case ZTA_ATTRIBUTE_GROUP:
        return give_values(request, given, &identity->groups);
    case ZTA_ATTRIBUTE_SCOPE:
        return give_values(request, given, &identity->scopes);
    case ZTA_ATTRIBUTE_CLAIM:
        return give_claim(request, given);
    case ZTA_ATTRIBUTE_ACR:
        identity->acr = text;
        break;
    case ZTA_ATTRIBUTE_AMR:
        return give_values(request, given, &identity->amr);
    case ZTA_ATTRIBUTE_AUTH_AGE:
        return give_age(request, text);
    case ZTA_ATTRIBUTE_HOST:
    case ZTA_ATTRIBUTE_PATH:
    case ZTA_ATTRIBUTE_METHOD:
    case ZTA_ATTRIBUTE_CONTENT_LENGTH:
    case ZTA_ATTRIBUTE_CONTENT_TYPE:
    case ZTA_ATTRIBUTE_DEVICE:
    case ZTA_ATTRIBUTE_OS:
    case ZTA_ATTRIBUTE_USER_AGENT:
    case ZTA_ATTRIBUTE_NETWORK:
    case ZTA_ATTRIBUTE_COUNTRY:
    case ZTA_ATTRIBUTE_BEHAVIOUR:
    case ZTA_ATTRIBUTE_HOURS: /* the parser admits `at` alone */
    case ZTA_ATTRIBUTE_RISK:
    case ZTA_ATTRIBUTE_THREAT_LEVEL:
    case ZTA_ATTRIBUTE_SIGNAL:
    case ZTA_N_ATTRIBUTES:
        break;
    }
    return ZTA_OK;
}

static bool is_of_request(unsigned attribute)
{
    return zta_attribute_info(attribute)->feature != ZTA_FEATURE_CREDENTIAL;
}

static enum zta_status give(struct request *request, const struct zta_ast_given *given)
{
    if (!is_of_request(given->attribute)) {
        return give_identity(request, given);
    }
    if (given->attribute == ZTA_ATTRIBUTE_CONTENT_LENGTH) {
        return give_length(request, given->values[0].text);
    }
    give_circumstance(request, given);
    return ZTA_OK;
}

/* The credential that what was given is said by, once all was given. */
static void complete(struct request *request)
{
    struct zta_identity *identity = &request->identity;
    if (!request->has_credential) {
        identity->credential =
            zta_text_is_absent(identity->apikey) ? ZTA_CREDENTIAL_TOKEN : ZTA_CREDENTIAL_APIKEY;
    }
    if (!zta_text_is_absent(identity->issuer)) {
        return;
    }
    if (identity->credential == ZTA_CREDENTIAL_APIKEY) {
        identity->issuer = ZTA_TEXT(ZTA_ISSUER_LOCAL);
    }
    else if (identity->credential == ZTA_CREDENTIAL_CERTIFICATE) {
        identity->issuer = ZTA_TEXT(ZTA_ISSUER_MTLS);
    }
}

enum zta_status zta_rules_case_decide(const struct zta_ruleset *set,
                                      const struct zta_ast_case *item,
                                      const struct zta_stance *stance, int64_t now_s,
                                      struct zta_decision *decision)
{
    struct request request = {
        .facts = {.host = ZTA_TEXT("localhost"),
                  .path = ZTA_TEXT("/"),
                  .method = ZTA_TEXT("GET"),
                  .content_length = -1},
        .now_s = zta_text_is_absent(item->at) ? now_s : item->at_s,
    };
    bool has_identity = false;
    request.facts.context = &request.context;
    zta_identity_init(&request.identity);
    for (size_t i = 0; i < item->n_givens; i++) {
        const enum zta_status status = give(&request, &item->givens[i]);
        if (status != ZTA_OK) {
            return status;
        }
        has_identity = has_identity || !is_of_request(item->givens[i].attribute);
    }
    if (has_identity) {
        complete(&request);
        request.facts.identity = &request.identity;
    }
    zta_rules_decide(set, &request.facts, stance, request.now_s, decision);
    if (decision->verdict.outcome == ZTA_OUTCOME_ALLOW &&
        decision->slowed.outcome == ZTA_OUTCOME_THROTTLE) {
        /* Nobody counts here: what is slowed down is what can be said. */
        decision->verdict = decision->slowed;
    }
    if (!has_identity && stance->modes[ZTA_FEATURE_CREDENTIAL] == ZTA_MODE_ENFORCE) {
        /* Rules are not asked at stage 1: what comes before them refuses there. */
        decision->verdict = (struct zta_verdict){.outcome = ZTA_OUTCOME_CHALLENGE,
                                                 .reason = ZTA_REASON_NO_CREDENTIAL};
    }
    return ZTA_OK;
}

enum zta_status zta_rules_case_judge(const struct zta_ruleset *set, const struct zta_ast_case *item,
                                     int64_t now_s, struct zta_decision *decision)
{
    int8_t overrides[ZTA_N_FEATURES];
    struct zta_stance stance;
    memset(overrides, -1, sizeof overrides);
    const unsigned stage = item->has_stage ? item->stage : ZTA_CASE_STAGE;
    const enum zta_status status = zta_stance_make(stage, stage, overrides, &stance);
    return status == ZTA_OK ? zta_rules_case_decide(set, item, &stance, now_s, decision) : status;
}

bool zta_rules_case_is_met(const struct zta_ast_case *item, const struct zta_verdict *verdict)
{
    return verdict->outcome == item->outcome &&
           (!item->has_reason || verdict->reason == item->reason) &&
           (zta_text_is_absent(item->by) || zta_text_equal(item->by, zta_text_of(verdict->rule)));
}
