/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes are keyed, so that nobody chooses whose counts his own fall together with. */
#include "mod_zta/helper/occurrence.h"

#include <string.h>

#include "shared/decision.h"

#define US_PER_MS 1000

static struct zta_text text_of(const struct zta_event *event, enum zta_event_text which)
{
    const struct zta_text text = zta_event_text(event, which);
    const bool is_cut = (event->inexact & 1u << which) != 0;
    return text.len > 0 && !is_cut ? text : (struct zta_text){.data = NULL};
}

/* ---- hashes ---- */

static uint64_t hash_parts(const struct zta_siphash_key *key, enum zta_group group, const void *a,
                           size_t a_size, struct zta_text b)
{
    uint8_t bytes[2 + ZTA_NAME_MAX + 2 + ZTA_PATH_MAX];
    struct zta_writer writer;
    zta_writer_init(&writer, bytes, sizeof bytes);
    zta_write_u8(&writer, (uint8_t)group);
    zta_write_u16(&writer, (uint16_t)a_size);
    zta_write_bytes(&writer, a, a_size);
    zta_write_text(&writer, b);
    const uint64_t hash = zta_siphash(key, bytes, writer.len);
    return hash == 0 ? 1 : hash;
}

uint64_t mod_zta_occurrence_hash(const struct zta_siphash_key *key, enum zta_group group,
                                 struct zta_text issuer, struct zta_text name)
{
    if (zta_text_is_absent(name) || name.len == 0) {
        return 0;
    }
    return hash_parts(key, group, issuer.data,
                      issuer.len < ZTA_NAME_MAX ? issuer.len : ZTA_NAME_MAX, name);
}

static struct zta_cidr network_of(enum zta_group group, const struct zta_addr *addr)
{
    return group == ZTA_GROUP_IP ? zta_addr_network(addr, 32, 64) : zta_addr_network(addr, 24, 48);
}

uint64_t mod_zta_occurrence_hash_network(const struct zta_siphash_key *key, enum zta_group group,
                                         const struct zta_addr *addr)
{
    static const struct zta_text none = {.data = NULL};
    const struct zta_cidr network = network_of(group, addr);
    uint8_t bytes[1 + sizeof network.addr.bytes] = {network.addr.family};
    if (network.addr.family == 0) {
        return 0;
    }
    memcpy(bytes + 1, network.addr.bytes, sizeof network.addr.bytes);
    return hash_parts(key, group, bytes, sizeof bytes, none);
}

static bool has_session(const struct zta_event *event)
{
    uint8_t all = 0;
    for (size_t i = 0; i < sizeof event->session; i++) {
        all |= event->session[i];
    }
    return all != 0;
}

/* Who was not verified is counted by where he comes from alone. */
static void take_groups(const struct zta_siphash_key *key, struct mod_zta_occurrence *occurrence)
{
    static const struct zta_text none = {.data = NULL};
    const struct zta_event *event = occurrence->event;
    const struct zta_identity *identity = &occurrence->identity;
    uint64_t *groups = occurrence->groups;
    memset(groups, 0, sizeof occurrence->groups);
    groups[ZTA_GROUP_ALL] = 1;
    groups[ZTA_GROUP_IP] = mod_zta_occurrence_hash_network(key, ZTA_GROUP_IP, &event->addr);
    groups[ZTA_GROUP_NET] = mod_zta_occurrence_hash_network(key, ZTA_GROUP_NET, &event->addr);
    groups[ZTA_GROUP_ROUTE] =
        mod_zta_occurrence_hash(key, ZTA_GROUP_ROUTE, none, text_of(event, ZTA_EVENT_ROUTE));
    if (!occurrence->is_verified) {
        return;
    }
    if (has_session(event)) {
        groups[ZTA_GROUP_SESSION] =
            hash_parts(key, ZTA_GROUP_SESSION, event->session, sizeof event->session, none);
    }
    groups[ZTA_GROUP_SUBJECT] =
        mod_zta_occurrence_hash(key, ZTA_GROUP_SUBJECT, identity->issuer, identity->subject);
    groups[ZTA_GROUP_CLIENT] =
        mod_zta_occurrence_hash(key, ZTA_GROUP_CLIENT, identity->issuer, identity->client);
    groups[ZTA_GROUP_APIKEY] =
        mod_zta_occurrence_hash(key, ZTA_GROUP_APIKEY, none, identity->apikey);
}

static void take_party(struct mod_zta_occurrence *occurrence)
{
    const uint64_t *groups = occurrence->groups;
    const uint64_t subject = groups[ZTA_GROUP_SUBJECT];
    occurrence->party = (struct zta_governor_party){
        .subject = subject != 0 ? subject : groups[ZTA_GROUP_SESSION],
        .ip = groups[ZTA_GROUP_IP],
        .net = groups[ZTA_GROUP_NET],
        .client = groups[ZTA_GROUP_CLIENT],
        .apikey = groups[ZTA_GROUP_APIKEY],
    };
}

/* ---- what it was ---- */

static bool is_refused_credential(enum zta_reason reason)
{
    return reason == ZTA_REASON_BAD_CREDENTIAL || reason == ZTA_REASON_UNKNOWN_ISSUER ||
           reason == ZTA_REASON_WRONG_AUDIENCE || reason == ZTA_REASON_BINDING_FAILED;
}

/* What measures and failures of our own refuse would keep measures up by themselves. */
static bool is_own_doing(enum zta_reason reason)
{
    return reason == ZTA_REASON_BLOCKED || reason == ZTA_REASON_QUARANTINED ||
           reason == ZTA_REASON_STORE_UNAVAILABLE || reason == ZTA_REASON_ISSUER_UNAVAILABLE ||
           reason == ZTA_REASON_FLEET_STALE;
}

static void take_traits(struct mod_zta_occurrence *occurrence)
{
    const struct zta_event *event = occurrence->event;
    const enum zta_reason reason = (enum zta_reason)event->reason;
    const bool is_allowed = event->outcome == ZTA_OUTCOME_ALLOW;
    occurrence->is_verified = (event->replay & ZTA_REPLAY_IDENTITY) != 0;
    occurrence->is_let_in = occurrence->is_verified && is_allowed;
    /* The API's own sign-in says 401, too. */
    occurrence->is_failed =
        is_refused_credential(reason) || (is_allowed && event->http_status == 401);
    occurrence->is_denied = event->outcome == ZTA_OUTCOME_DENY && !is_own_doing(reason) &&
                            !is_refused_credential(reason);
    occurrence->is_server_error = is_allowed && event->http_status >= 500;
}

/* ---- facts ---- */

static bool has_certificate(const struct zta_event *event)
{
    static const uint8_t none[sizeof event->certificate];
    return memcmp(event->certificate, none, sizeof none) != 0;
}

static void take_identity(struct mod_zta_occurrence *occurrence)
{
    const struct zta_event *event = occurrence->event;
    struct zta_identity *identity = &occurrence->identity;
    zta_identity_init(identity);
    identity->credential = (enum zta_credential)event->credential;
    identity->binding = (enum zta_binding)event->binding;
    identity->issuer = text_of(event, ZTA_EVENT_ISSUER);
    identity->subject = text_of(event, ZTA_EVENT_SUBJECT);
    identity->client = text_of(event, ZTA_EVENT_CLIENT);
    identity->apikey = text_of(event, ZTA_EVENT_APIKEY);
    if (has_certificate(event)) {
        zta_base64url_encode(event->certificate, sizeof event->certificate,
                             occurrence->certificate);
        identity->certificate = zta_text_of(occurrence->certificate);
    }
}

static void take_context(struct mod_zta_occurrence *occurrence)
{
    const struct zta_event *event = occurrence->event;
    const struct zta_event_context *kept = &event->context;
    struct zta_context *context = &occurrence->context;
    *context = (struct zta_context){
        .asn = kept->asn,
        .device = text_of(event, ZTA_EVENT_DEVICE),
        .traits = {.known = kept->traits_known, .yes = kept->traits_yes},
        .usual = {.known = kept->usual_known, .yes = kept->usual_yes},
    };
    zta_context_take_os(context, text_of(event, ZTA_EVENT_OS));
    if (kept->country[0] != '\0') {
        context->country = (struct zta_text){.data = kept->country, .len = sizeof kept->country};
    }
}

static void take_facts(struct mod_zta_occurrence *occurrence)
{
    const struct zta_event *event = occurrence->event;
    occurrence->risk = (struct zta_risk_facts){
        .score = event->risk.score,
        .signals = event->risk.signals,
        .newest_s = event->risk.newest_s,
        .threat = (enum zta_threat_level)event->risk.threat,
    };
    occurrence->facts = (struct zta_facts){
        .host = text_of(event, ZTA_EVENT_HOST),
        .path = text_of(event, ZTA_EVENT_PATH),
        .method = text_of(event, ZTA_EVENT_METHOD),
        .content_type = text_of(event, ZTA_EVENT_CONTENT_TYPE),
        .content_length = event->content_length,
        .route = text_of(event, ZTA_EVENT_ROUTE),
        .addr = event->addr,
        .agent = text_of(event, ZTA_EVENT_AGENT),
        .identity = occurrence->is_verified ? &occurrence->identity : NULL,
        .context = (event->replay & ZTA_REPLAY_CONTEXT) != 0 ? &occurrence->context : NULL,
        .risk = &occurrence->risk,
    };
}

void mod_zta_occurrence_make(const struct zta_event *event, const struct zta_siphash_key *key,
                             struct mod_zta_occurrence *occurrence)
{
    occurrence->event = event;
    zta_event_stance(event, &occurrence->stance);
    take_traits(occurrence);
    take_identity(occurrence);
    take_context(occurrence);
    take_facts(occurrence);
    take_groups(key, occurrence);
    take_party(occurrence);
}

/* ---- whom and how much ---- */

bool mod_zta_occurrence_target(const struct mod_zta_occurrence *occurrence, enum zta_group group,
                               struct zta_target *target)
{
    const struct zta_identity *identity = &occurrence->identity;
    const struct zta_event *event = occurrence->event;
    if (group >= ZTA_GROUP_ROUTE || occurrence->groups[group] == 0) {
        return false;
    }
    switch (group) {
    case ZTA_GROUP_IP:
    case ZTA_GROUP_NET:
        *target = (struct zta_target){.kind = ZTA_TARGET_NETWORK,
                                      .network = network_of(group, &event->addr)};
        return true;
    case ZTA_GROUP_SESSION:
        *target = (struct zta_target){.kind = ZTA_TARGET_SESSION};
        memcpy(target->session, event->session, sizeof target->session);
        return true;
    case ZTA_GROUP_SUBJECT:
        *target = (struct zta_target){
            .kind = ZTA_TARGET_SUBJECT, .issuer = identity->issuer, .name = identity->subject};
        return true;
    case ZTA_GROUP_CLIENT:
        *target = (struct zta_target){
            .kind = ZTA_TARGET_CLIENT, .issuer = identity->issuer, .name = identity->client};
        return true;
    case ZTA_GROUP_APIKEY:
        *target = (struct zta_target){.kind = ZTA_TARGET_APIKEY, .name = identity->apikey};
        return true;
    case ZTA_GROUP_ROUTE:
    case ZTA_GROUP_ALL:
    case ZTA_N_GROUPS:
        break;
    }
    return false;
}

static bool has_raised(const struct zta_event *event, enum zta_risk_signal signal)
{
    const size_t n =
        event->risk.n_raised < ZTA_EVENT_RAISED_MAX ? event->risk.n_raised : ZTA_EVENT_RAISED_MAX;
    for (size_t i = 0; i < n; i++) {
        if (event->risk.raised[i].signal == (uint8_t)signal) {
            return true;
        }
    }
    return false;
}

/* Whoever was let in, and whoever a refused credential claims to be. */
static uint64_t account_of(const struct mod_zta_occurrence *occurrence)
{
    const uint64_t subject = occurrence->party.subject;
    return subject != 0 ? subject : occurrence->event->account;
}

uint64_t mod_zta_occurrence_adds(const struct mod_zta_occurrence *occurrence,
                                 const struct zta_respond_on *on, uint64_t *base)
{
    const struct zta_event *event = occurrence->event;
    *base = 1;
    switch (on->metric) {
    case ZTA_METRIC_OF_REQUESTS:
        return 1;
    case ZTA_METRIC_OF_DENIALS:
    case ZTA_METRIC_OF_DENIAL_RATIO:
        return occurrence->is_denied;
    case ZTA_METRIC_OF_AUTH_FAILURES:
        return occurrence->is_failed;
    case ZTA_METRIC_OF_NOT_FOUND:
        return event->http_status == 404 || event->http_status == 410;
    case ZTA_METRIC_OF_SERVER_ERRORS:
    case ZTA_METRIC_OF_ERROR_RATIO:
        return occurrence->is_server_error;
    case ZTA_METRIC_OF_LIMITED:
        return event->outcome == ZTA_OUTCOME_THROTTLE;
    case ZTA_METRIC_OF_BYTES_OUT:
        return event->bytes_out;
    case ZTA_METRIC_OF_DISTINCT_SUBJECTS:
        return account_of(occurrence);
    case ZTA_METRIC_OF_DISTINCT_IPS:
        return occurrence->groups[ZTA_GROUP_IP];
    case ZTA_METRIC_OF_DISTINCT_ROUTES:
        return occurrence->groups[ZTA_GROUP_ROUTE];
    case ZTA_METRIC_OF_LATENCY_P95:
        return event->latency_us / US_PER_MS;
    case ZTA_METRIC_OF_RISK:
        return event->risk.score;
    case ZTA_METRIC_OF_SIGNAL:
        return has_raised(event, on->signal);
    case ZTA_METRIC_OF_RESPONSES:
    case ZTA_N_METRICS:
        break;
    }
    return 0;
}
