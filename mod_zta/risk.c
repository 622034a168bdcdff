/* SPDX-License-Identifier: Apache-2.0 */
/* Two short look-ups, a third where the request shows anything, two more in a fleet. */
#include "mod_zta/risk.h"

#include <apr_lib.h>

#include <string.h>

#include "mod_zta/rules.h"
#include "shared/base/clock.h"
#include "shared/notice.h"
#include "shared/risk/judge.h"
#include "shared/rules/tuning.h"
#include "shared/store/attestations.h"
#include "shared/store/fleet_risks.h"
#include "shared/store/risks.h"

struct kept {
    struct zta_risk_record session;
    struct zta_risk_record address;
    struct zta_risk_record subject;
    struct zta_risk_others others;
    struct zta_risk_others others_of_address;
};

/* False: it cannot be read. *found stays NULL where nothing is kept. */
static bool read_record(struct zta_view *view, const struct zta_risk_owner *owner,
                        struct zta_risk_record *storage, const struct zta_risk_record **found)
{
    const enum zta_status status = zta_risks_get(view, owner, storage);
    if (status == ZTA_OK) {
        *found = storage;
    }
    return status == ZTA_OK || status == ZTA_NOT_FOUND;
}

/* The same of what other nodes of the fleet raised. */
static bool read_others(struct zta_view *view, const struct zta_risk_owner *owner, int64_t now_s,
                        struct zta_risk_others *storage, const struct zta_risk_others **found)
{
    const enum zta_status status = zta_fleet_risks_find(view, owner, now_s, storage);
    if (status == ZTA_OK) {
        *found = storage;
    }
    return status == ZTA_OK || status == ZTA_NOT_FOUND;
}

static bool read_kept(struct zta_view *view, const struct zta_identity *identity,
                      const struct zta_risk_request *asked, struct kept *storage,
                      struct zta_risk_kept *kept)
{
    const struct zta_risk_owner session = zta_risk_owner_session(identity->session);
    const struct zta_risk_owner address = zta_risk_owner_address(asked->addr);
    const struct zta_risk_record *of_session = NULL;
    const struct zta_risk_record *of_address = NULL;
    const struct zta_risk_record *of_subject = NULL;
    if (!read_record(view, &session, &storage->session, &of_session) ||
        !read_record(view, &address, &storage->address, &of_address) ||
        !read_others(view, &session, asked->now_s, &storage->others, &kept->others) ||
        !read_others(view, &address, asked->now_s, &storage->others_of_address,
                     &kept->others_of_address)) {
        return false;
    }
    if (zta_risk_asks_subject(asked)) {
        const struct zta_risk_owner subject =
            zta_risk_owner_subject(identity->issuer, identity->subject);
        if (!read_record(view, &subject, &storage->subject, &of_subject)) {
            return false;
        }
    }
    if (of_session != NULL) {
        kept->session = &of_session->risk;
        kept->agent = &of_session->agent;
    }
    if (of_address != NULL) {
        kept->address = &of_address->risk;
    }
    if (of_subject != NULL) {
        kept->subject = &of_subject->risk;
        kept->place = &of_subject->places[zta_risk_family_of(asked->addr)];
    }
    return true;
}

/* `signal` rules may ask for anything but the risk, which is what they make. */
static void tune(const struct mod_zta_request *request, const struct zta_stance *stance,
                 int64_t now_s, struct zta_risk_tuning *tuning)
{
    if (request->rules == NULL || request->rules->set == NULL) {
        zta_risk_tuning_init(tuning);
        return;
    }
    zta_rules_signals(request->rules->set, &request->facts, stance, now_s, tuning);
}

/* The worst that transmitters think of session, subject and device. False: it cannot be read. */
static bool read_outside(struct zta_view *view, const struct zta_identity *identity,
                         struct zta_risk_request *asked)
{
    static const unsigned shares[] = {[ZTA_NOTICE_RISK_MEDIUM] = 50, [ZTA_NOTICE_RISK_HIGH] = 100};
    static const struct zta_text none = {.data = NULL};
    const struct zta_text device =
        zta_text_is_absent(asked->context->device) ? identity->device : asked->context->device;
    const struct {
        enum zta_attested what;
        struct zta_text issuer;
        struct zta_text name;
    } questions[] = {
        {.what = ZTA_ATTESTED_SESSION_RISK, .issuer = identity->issuer, .name = identity->sid},
        {.what = ZTA_ATTESTED_SUBJECT_RISK, .issuer = identity->issuer, .name = identity->subject},
        {.what = ZTA_ATTESTED_DEVICE_RISK, .issuer = none, .name = device},
    };
    if (!zta_attestations_exist(view)) {
        return true;
    }
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        struct zta_attestation found;
        if (questions[i].name.len == 0) {
            continue;
        }
        const enum zta_status status = zta_attestation_get(
            view, questions[i].what, questions[i].issuer, questions[i].name, asked->now_s, &found);
        if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
            return false;
        }
        if (status == ZTA_OK && found.level > ZTA_NOTICE_RISK_LOW &&
            shares[found.level] > asked->outside_share) {
            asked->outside_share = shares[found.level];
            asked->outside_s = found.event_s;
            asked->outsider = found.transmitter;
        }
    }
    return true;
}

/* Several sides of a request raise a signal once. */
static void keep_raised(request_rec *r, struct mod_zta_request *request,
                        const struct zta_risk *raised)
{
    if (raised->n > 0 && request->raised == NULL) {
        request->raised = apr_pcalloc(r->pool, sizeof(*request->raised));
    }
    for (size_t i = 0; i < raised->n; i++) {
        if (zta_risk_find(request->raised, raised->factors[i].signal) == NULL) {
            (void)zta_risk_put(request->raised, &raised->factors[i]);
        }
    }
}

/* An address has few others beside it, and one that is busy stays in the processor's cache. */
void mod_zta_risk_expect(const struct mod_zta_request *request, const struct zta_stance *stance,
                         const struct mod_zta_look *look)
{
    if (stance->modes[ZTA_FEATURE_RISK] != ZTA_MODE_OFF) {
        const struct zta_risk_owner session = zta_risk_owner_session(request->identity->session);
        zta_risks_expect(look->view, &session);
    }
}

void mod_zta_risk_gather(request_rec *r, struct mod_zta_request *request,
                         const struct zta_stance *stance, const struct mod_zta_look *look)
{
    const struct zta_identity *identity = request->identity;
    request->facts.risk = NULL;
    if (stance->modes[ZTA_FEATURE_RISK] == ZTA_MODE_OFF || look->view == NULL || identity == NULL) {
        return;
    }
    struct zta_risk_request asked = {
        .now_s = request->arrived_ns / ZTA_NS_PER_S,
        .addr = &request->facts.addr,
        .context = &request->context,
        .path = request->facts.path,
        .agent = request->facts.agent,
        .is_shared = identity->credential == ZTA_CREDENTIAL_APIKEY,
    };
    struct kept storage;
    struct zta_risk_kept kept = {.session = NULL};
    struct zta_risk raised;
    struct zta_risk_tuning tuning;
    if (!read_kept(look->view, identity, &asked, &storage, &kept) ||
        (stance->modes[ZTA_FEATURE_SIGNALS] == ZTA_MODE_ENFORCE &&
         !read_outside(look->view, identity, &asked))) {
        return;
    }
    tune(request, stance, asked.now_s, &tuning);
    raised.n = 0;
    zta_risk_judge(&asked, &kept, &tuning, &request->risk, &raised);
    request->risk.threat = zta_segment_threat(mod_zta_segment());
    keep_raised(r, request, &raised);
    request->facts.risk = &request->risk;
}

uint16_t mod_zta_risk_waf_score(const request_rec *r)
{
    static const char note[] = "note:";
    const char *source = mod_zta_global()->waf_score;
    if (source == NULL) {
        return 0;
    }
    const bool is_note = strncmp(source, note, sizeof(note) - 1) == 0;
    const char *text =
        apr_table_get(is_note ? r->notes : r->subprocess_env, strchr(source, ':') + 1);
    unsigned score = 0;
    while (text != NULL && apr_isdigit(*text) && score <= UINT16_MAX) {
        score = score * 10 + (unsigned)(*text++ - '0');
    }
    return (uint16_t)(score < UINT16_MAX ? score : UINT16_MAX);
}
