/* SPDX-License-Identifier: Apache-2.0 */
/* From recorded events to facts, and from facts to decisions; blocks are shared among threads. */
#include "shared/evidence/replay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/base64.h"
#include "shared/base/clock.h"
#include "shared/facts.h"
#include "shared/inputs.h"
#include "shared/rules/attributes.h"
#include "shared/rules/decide.h"
#include "shared/store/events.h"
#include "shared/store/inputs.h"
#include "shared/store/repeats.h"

#define CHUNK_BLOCKS   16 /* that a worker takes at a time, under one look at the store */
#define PROGRESS_US    100000
#define REPEATS_CHUNKS 1 /* rows of repeats are one piece of work */

#define BIT(attribute) (UINT64_C(1) << ZTA_ATTRIBUTE_##attribute)
/* What an event has of a credential by itself; the rest stands in its inputs. */
#define INPUTS_ONLY                                                                                \
    (BIT(ROLE) | BIT(GROUP) | BIT(SCOPE) | BIT(CLAIM) | BIT(ACR) | BIT(AMR) | BIT(AUTH_AGE))

struct zta_replay_facts {
    struct zta_facts facts;
    struct zta_context context;
    struct zta_risk_facts risk;
    struct zta_facts_gaps gaps;
    uint64_t gaps_recorded; /* of the event; a stance may add to them */
    uint8_t name[ZTA_INPUTS_NAME_SIZE];
    bool is_loaded; /* inputs are those of name */
    struct zta_inputs inputs;
    char data[ZTA_INPUTS_SIZE_MAX];
    char certificate[ZTA_BASE64URL_LEN(ZTA_SHA256_SIZE) + 1];
};

/* ---- facts of an event ---- */

static bool is_cut(const struct zta_event *event, enum zta_event_text which)
{
    return (event->inexact & 1u << which) != 0 && zta_event_text(event, which).len > 0;
}

/* A text that was cut is not to be read. */
static struct zta_text text_of(const struct zta_event *event, enum zta_event_text which)
{
    const struct zta_text text = zta_event_text(event, which);
    const bool was_there = text.len > 0 || (event->inexact & 1u << which) != 0;
    return was_there && !is_cut(event, which) ? text : (struct zta_text){.data = NULL};
}

/* Texts that stand for one attribute each. */
static const struct {
    enum zta_event_text text;
    uint64_t attribute;
} attributes_of[] = {
    {.text = ZTA_EVENT_CONTENT_TYPE, .attribute = BIT(CONTENT_TYPE)},
    {.text = ZTA_EVENT_AGENT, .attribute = BIT(USER_AGENT)},
    {.text = ZTA_EVENT_OS, .attribute = BIT(OS)},
    {.text = ZTA_EVENT_ISSUER, .attribute = BIT(ISSUER)},
    {.text = ZTA_EVENT_SUBJECT, .attribute = BIT(SUBJECT)},
    {.text = ZTA_EVENT_CLIENT, .attribute = BIT(CLIENT)},
    {.text = ZTA_EVENT_APIKEY, .attribute = BIT(APIKEY)},
};

static uint64_t gaps_of_texts(const struct zta_event *event)
{
    uint64_t gaps = 0;
    for (size_t i = 0; i < sizeof attributes_of / sizeof attributes_of[0]; i++) {
        gaps |= is_cut(event, attributes_of[i].text) ? attributes_of[i].attribute : 0;
    }
    return gaps;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

/* True when the inputs are those of the event; they stay for the next with the same ones. */
static bool load_inputs(struct zta_view *view, const struct zta_event *event,
                        struct zta_replay_facts *facts)
{
    size_t size;
    if (facts->is_loaded && memcmp(facts->name, event->inputs, sizeof facts->name) == 0) {
        return true;
    }
    facts->is_loaded =
        !is_zero(event->inputs, sizeof event->inputs) &&
        zta_inputs_get(view, event->inputs, facts->data, sizeof facts->data, &size) == ZTA_OK &&
        zta_inputs_decode(facts->data, size, &facts->inputs) == ZTA_OK;
    memcpy(facts->name, event->inputs, sizeof facts->name);
    return facts->is_loaded;
}

/* Without its inputs a credential is what the event itself says of it. */
static void take_identity_of_event(const struct zta_event *event, struct zta_replay_facts *facts)
{
    struct zta_identity *identity = &facts->inputs.identity;
    zta_identity_init(identity);
    facts->is_loaded = false;
    facts->inputs.n_claims = 0;
    identity->issuer = text_of(event, ZTA_EVENT_ISSUER);
    identity->subject = text_of(event, ZTA_EVENT_SUBJECT);
    identity->client = text_of(event, ZTA_EVENT_CLIENT);
    identity->apikey = text_of(event, ZTA_EVENT_APIKEY);
    facts->gaps_recorded |= INPUTS_ONLY;
}

static void take_identity(struct zta_view *view, struct zta_replayed *request)
{
    const struct zta_event *event = request->event;
    struct zta_replay_facts *facts = request->facts;
    struct zta_identity *identity = &facts->inputs.identity;
    request->has_inputs = true;
    if ((event->replay & ZTA_REPLAY_IDENTITY) == 0) {
        facts->facts.identity = NULL;
        facts->gaps.misses_claims = false;
        return;
    }
    if (!load_inputs(view, event, facts)) {
        request->has_inputs = false;
        take_identity_of_event(event, facts);
    }
    identity->credential = (enum zta_credential)event->credential;
    identity->binding = (enum zta_binding)event->binding;
    identity->session_kind = (enum zta_session_kind)event->session_kind;
    memcpy(identity->session, event->session, sizeof identity->session);
    identity->certificate = (struct zta_text){.data = NULL};
    if (!is_zero(event->certificate, sizeof event->certificate)) {
        zta_base64url_encode(event->certificate, sizeof event->certificate, facts->certificate);
        identity->certificate = zta_text_of(facts->certificate);
    }
    facts->facts.identity = identity;
    facts->gaps.misses_claims = identity->credential == ZTA_CREDENTIAL_TOKEN ||
                                identity->credential == ZTA_CREDENTIAL_BROWSER;
    facts->gaps.claims = facts->inputs.claims;
    facts->gaps.n_claims = facts->inputs.n_claims;
}

static void take_context(const struct zta_event *event, struct zta_replay_facts *facts)
{
    const struct zta_event_context *kept = &event->context;
    struct zta_context *context = &facts->context;
    struct zta_provenance *from[] = {&context->country_from, &context->asn_from,
                                     &context->device_from, &context->usual_from};
    *context = (struct zta_context){.asn = kept->asn};
    facts->facts.context = NULL;
    if ((event->replay & ZTA_REPLAY_CONTEXT) == 0) {
        return;
    }
    if (kept->country[0] != '\0') {
        context->country = (struct zta_text){.data = kept->country, .len = sizeof kept->country};
    }
    context->device = text_of(event, ZTA_EVENT_DEVICE);
    context->traits = (struct zta_answers){.known = kept->traits_known, .yes = kept->traits_yes};
    context->usual = (struct zta_answers){.known = kept->usual_known, .yes = kept->usual_yes};
    zta_context_take_os(context, text_of(event, ZTA_EVENT_OS));
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        *from[i] = (struct zta_provenance){.source = (enum zta_fact_source)kept->sources[i],
                                           .age_s = kept->ages_s[i]};
    }
    facts->facts.context = context;
}

static void take_risk(const struct zta_event *event, struct zta_replay_facts *facts)
{
    facts->risk = (struct zta_risk_facts){
        .score = event->risk.score,
        .signals = event->risk.signals,
        .newest_s = event->risk.newest_s,
        .threat = (enum zta_threat_level)event->risk.threat,
    };
    facts->facts.risk = (event->replay & ZTA_REPLAY_RISK) != 0 ? &facts->risk : NULL;
}

static void take_facts(struct zta_view *view, struct zta_replayed *request)
{
    const struct zta_event *event = request->event;
    struct zta_replay_facts *facts = request->facts;
    facts->gaps_recorded = gaps_of_texts(event);
    facts->facts = (struct zta_facts){
        .host = text_of(event, ZTA_EVENT_HOST),
        .path = text_of(event, ZTA_EVENT_PATH),
        .method = text_of(event, ZTA_EVENT_METHOD),
        .content_type = text_of(event, ZTA_EVENT_CONTENT_TYPE),
        .content_length = event->content_length,
        .route = text_of(event, ZTA_EVENT_ROUTE),
        .addr = event->addr,
        .agent = text_of(event, ZTA_EVENT_AGENT),
        .gaps = &facts->gaps,
    };
    take_identity(view, request);
    take_context(event, facts);
    take_risk(event, facts);
    if (facts->facts.context != NULL && event->context.usual_known == 0 &&
        facts->context.usual_from.source == ZTA_SOURCE_NONE) {
        facts->gaps_recorded |= UINT64_C(1) << ZTA_ATTRIBUTE_BEHAVIOUR; /* no rule asked then */
    }
}

/* Rules are found by host, path and method: with one of them cut, which apply is not known. */
static enum zta_replay_state state_of(const struct zta_replayed *request)
{
    const struct zta_event *event = request->event;
    const bool is_found = !is_cut(event, ZTA_EVENT_HOST) && !is_cut(event, ZTA_EVENT_PATH) &&
                          !is_cut(event, ZTA_EVENT_METHOD);
    if ((event->replay & ZTA_REPLAY_RECORDED) == 0 || (event->replay & ZTA_REPLAY_SEVERAL) != 0) {
        return ZTA_REPLAY_IS_UNRECORDED;
    }
    if ((event->replay & ZTA_REPLAY_REACHED_RULES) == 0) {
        return ZTA_REPLAY_IS_SETTLED;
    }
    return is_found ? ZTA_REPLAY_IS_READY : ZTA_REPLAY_IS_UNRECORDED;
}

static void open_request(struct zta_view *view, struct zta_replayed *request)
{
    zta_event_stance(request->event, &request->stance);
    request->state = state_of(request);
    if (request->state != ZTA_REPLAY_IS_UNRECORDED) {
        take_facts(view, request);
    }
}

/* ---- judging ---- */

/* Circumstances that nobody gathered then, and that this stance would have had gathered. */
static uint64_t gaps_of_stance(const struct zta_replayed *request, const struct zta_stance *stance)
{
    uint64_t gaps = 0;
    for (unsigned i = 0; i < ZTA_N_ATTRIBUTES; i++) {
        const unsigned feature = (unsigned)zta_attribute_info(i)->feature;
        const bool is_gathered = feature == ZTA_FEATURE_DEVICE || feature == ZTA_FEATURE_NETWORK ||
                                 feature == ZTA_FEATURE_GEO || feature == ZTA_FEATURE_BEHAVIOUR ||
                                 feature == ZTA_FEATURE_RISK;
        if (is_gathered && i != ZTA_ATTRIBUTE_USER_AGENT &&
            request->stance.modes[feature] == ZTA_MODE_OFF &&
            stance->modes[feature] != ZTA_MODE_OFF) {
            gaps |= UINT64_C(1) << i;
        }
    }
    return gaps;
}

static void take_verdict(const struct zta_event *event, bool monitored, struct zta_verdict *verdict)
{
    struct zta_buffer rule;
    *verdict = (struct zta_verdict){
        .outcome = (enum zta_outcome)(monitored ? event->monitor_outcome : event->outcome),
        .reason = (enum zta_reason)(monitored ? event->monitor_reason : event->reason),
        .line = monitored ? 0 : event->rule_line,
        .source = monitored ? 0 : event->rule_source,
    };
    zta_buffer_init(&rule, verdict->rule, sizeof verdict->rule);
    zta_buffer_text(&rule,
                    zta_event_text(event, monitored ? ZTA_EVENT_MONITOR_RULE : ZTA_EVENT_RULE));
}

/*
 * How full a bucket was is not judged again: where a require still slows the request down, what
 * was found of its rate then holds.
 */
static void slow_down(const struct zta_event *event, struct zta_decision *decision)
{
    if (!decision->is_slowed || decision->verdict.outcome != ZTA_OUTCOME_ALLOW) {
        return;
    }
    if (event->outcome == ZTA_OUTCOME_THROTTLE) {
        take_verdict(event, false, &decision->verdict);
        if (decision->monitor.outcome == ZTA_OUTCOME_ALLOW) {
            decision->monitor = decision->verdict;
        }
    }
    else if (event->monitor_outcome == ZTA_OUTCOME_THROTTLE &&
             decision->monitor.outcome == ZTA_OUTCOME_ALLOW) {
        take_verdict(event, true, &decision->monitor);
    }
}

/* A demand of a measure: its rule is none of those that judge requests, so it has no line here. */
static bool is_of_measure(const struct zta_event *event)
{
    return event->rule_line == 0 && zta_event_text(event, ZTA_EVENT_RULE).len > 0 &&
           (event->reason == ZTA_REASON_STEP_UP_REQUIRED ||
            event->reason == ZTA_REASON_STEP_UP_UNSATISFIED);
}

/*
 * Nor is what was held against somebody then, and whether a challenge was answered in vain: where
 * the rules still leave room for it, it stands.
 */
static void demand_login(const struct zta_event *event, struct zta_decision *decision)
{
    const bool was_in_vain = event->reason == ZTA_REASON_STEP_UP_UNSATISFIED;
    const bool asks = decision->verdict.outcome == ZTA_OUTCOME_STEP_UP;
    const bool allows = decision->verdict.outcome == ZTA_OUTCOME_ALLOW;
    if ((asks && was_in_vain) || (allows && is_of_measure(event))) {
        const bool is_same = decision->monitor.outcome == decision->verdict.outcome;
        take_verdict(event, false, &decision->verdict);
        if (is_same) {
            decision->monitor = decision->verdict;
        }
    }
}

/* Of a check before the rules: what switches it on. */
static enum zta_feature feature_of(enum zta_reason reason)
{
    return reason == ZTA_REASON_RATE_LIMITED ? ZTA_FEATURE_RATELIMIT : ZTA_FEATURE_CREDENTIAL;
}

size_t zta_replay_limits(struct zta_replayed *request, const struct zta_ruleset *set,
                         enum zta_limit_phase phase, const struct zta_siphash_key *key,
                         struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX])
{
    size_t n_left_out;
    if (request->state == ZTA_REPLAY_IS_UNRECORDED) {
        return 0;
    }
    request->facts->gaps.is_asked = false;
    request->facts->gaps.attributes = request->facts->gaps_recorded;
    return zta_rules_limits(set, &request->facts->facts, &request->stance,
                            request->event->time_ns / ZTA_NS_PER_S, phase, key, charges,
                            &n_left_out);
}

bool zta_replay_judge(struct zta_replayed *request, const struct zta_ruleset *set,
                      const struct zta_stance *stance, struct zta_decision *decision)
{
    const struct zta_event *event = request->event;
    struct zta_replay_facts *facts = request->facts;
    const struct zta_stance *in_force = stance != NULL ? stance : &request->stance;
    facts->gaps.is_asked = false;
    facts->gaps.attributes =
        facts->gaps_recorded | (stance != NULL ? gaps_of_stance(request, stance) : 0);
    zta_rules_decide(set, &facts->facts, in_force, event->time_ns / ZTA_NS_PER_S, decision);
    if ((event->replay & ZTA_REPLAY_NOTED) != 0) {
        take_verdict(event, true, &decision->monitor);
        if (in_force->modes[feature_of(decision->monitor.reason)] == ZTA_MODE_ENFORCE &&
            request->stance.modes[feature_of(decision->monitor.reason)] != ZTA_MODE_ENFORCE) {
            decision->verdict = decision->monitor; /* it comes before the rules */
        }
    }
    else if (!decision->has_monitor) {
        decision->monitor = decision->verdict;
    }
    demand_login(event, decision);
    slow_down(event, decision);
    decision->has_monitor = decision->monitor.outcome != decision->verdict.outcome ||
                            decision->monitor.reason != decision->verdict.reason;
    return !facts->gaps.is_asked;
}

enum zta_status zta_replay_begin(struct zta_store *store, const struct zta_event *event,
                                 struct zta_replayed *request)
{
    struct zta_view *view = NULL;
    *request = (struct zta_replayed){.event = event, .weight = 1};
    request->facts = calloc(1, sizeof *request->facts);
    enum zta_status status = request->facts != NULL ? zta_view_begin(store, &view) : ZTA_NO_MEMORY;
    if (status == ZTA_OK) {
        open_request(view, request);
        zta_view_end(&view);
        return ZTA_OK;
    }
    zta_replay_end(request);
    return status;
}

void zta_replay_end(struct zta_replayed *request)
{
    free(request->facts);
    request->facts = NULL;
}

/* ---- the run ---- */

/* The work and who does it: blocks by their keys, and the rows of repeats. */
struct run {
    struct zta_store *store;
    const struct zta_replay_options *options;
    struct zta_event_key *blocks;
    size_t n_blocks;
    _Atomic size_t next; /* chunk */
    _Atomic size_t n_done;
    _Atomic bool is_over; /* a worker failed, or nobody wants to know any more */
};

struct worker {
    struct run *run;
    unsigned number;
    pthread_t thread;
    enum zta_status status;
    struct zta_replay_covered covered;
    struct zta_view *view;
    struct zta_replay_facts *facts;
};

static void hand_over(struct worker *worker, const struct zta_event *event, uint64_t weight,
                      bool is_number)
{
    const struct zta_replay_options *options = worker->run->options;
    struct zta_replay_covered *covered = &worker->covered;
    struct zta_replayed request = {
        .event = event, .weight = weight, .is_number = is_number, .facts = worker->facts};
    if (event->time_ns < options->from_ns || event->time_ns >= options->until_ns) {
        return;
    }
    if (covered->first_ns == 0 || event->time_ns < covered->first_ns) {
        covered->first_ns = event->time_ns;
    }
    covered->last_ns = event->time_ns > covered->last_ns ? event->time_ns : covered->last_ns;
    covered->n_rows += is_number ? 0 : 1;
    covered->n_requests += weight;
    covered->n_numbers += is_number ? weight : 0;
    open_request(worker->view, &request);
    options->fn(options->context, worker->number, &request);
}

static bool take_event(void *context, const struct zta_event_key *key,
                       const struct zta_event *event)
{
    hand_over(context, event, key->weight, false);
    return true;
}

static bool take_repeat(void *context, const struct zta_repeat *repeat)
{
    struct worker *worker = context;
    /* Of various sources is known how many there were and why, not what each would get. */
    struct zta_event event = repeat->event;
    if (repeat->is_various) {
        event.replay = 0;
    }
    if (repeat->n > 0) {
        hand_over(worker, &event, repeat->n, true);
    }
    return !atomic_load_explicit(&worker->run->is_over, memory_order_relaxed);
}

static enum zta_status do_repeats(struct worker *worker)
{
    /* A row's window begins before its events. */
    const int64_t from_ns = worker->run->options->from_ns;
    const int64_t from_s = from_ns > 0 ? from_ns / ZTA_NS_PER_S - ZTA_REPEAT_WINDOW_S : 0;
    return zta_repeat_each(worker->view, from_s, take_repeat, worker);
}

static enum zta_status do_blocks(struct worker *worker, size_t chunk)
{
    const struct run *run = worker->run;
    const size_t first = chunk * CHUNK_BLOCKS;
    enum zta_status status = ZTA_OK;
    for (size_t i = first; i < first + CHUNK_BLOCKS && i < run->n_blocks && status == ZTA_OK; i++) {
        status = zta_events_each_of_block(worker->view, &run->blocks[i], take_event, worker);
        if (status == ZTA_NOT_FOUND) {
            worker->covered.n_lost++;
            status = ZTA_OK;
        }
    }
    return status;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct run *run = worker->run;
    const size_t n_chunks = (run->n_blocks + CHUNK_BLOCKS - 1) / CHUNK_BLOCKS + REPEATS_CHUNKS;
    size_t chunk;
    while (worker->status == ZTA_OK && !atomic_load(&run->is_over) &&
           (chunk = atomic_fetch_add(&run->next, 1)) < n_chunks) {
        worker->status = zta_view_begin(run->store, &worker->view);
        if (worker->status == ZTA_OK) {
            worker->status =
                chunk == 0 ? do_repeats(worker) : do_blocks(worker, chunk - REPEATS_CHUNKS);
            zta_view_end(&worker->view);
        }
        (void)atomic_fetch_add(&run->n_done, 1);
    }
    if (worker->status != ZTA_OK) {
        atomic_store(&run->is_over, true);
    }
    return NULL;
}

unsigned zta_replay_workers(unsigned wanted)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    const unsigned there = n > 0 ? (unsigned)n : 1;
    const unsigned chosen = wanted > 0 ? wanted : there;
    return chosen < ZTA_REPLAY_WORKERS_MAX ? chosen : ZTA_REPLAY_WORKERS_MAX;
}

/* Until the work is done; false when the caller does not want the rest. */
static bool watch(struct run *run)
{
    const struct zta_replay_options *options = run->options;
    const size_t n_chunks = (run->n_blocks + CHUNK_BLOCKS - 1) / CHUNK_BLOCKS + REPEATS_CHUNKS;
    while (options->progress != NULL && !atomic_load(&run->is_over)) {
        const size_t n_done = atomic_load(&run->n_done);
        if (!options->progress(options->context, n_done, n_chunks)) {
            atomic_store(&run->is_over, true);
            return false;
        }
        if (n_done >= n_chunks) {
            return true;
        }
        (void)usleep(PROGRESS_US);
    }
    return true;
}

static void add_covered(struct zta_replay_covered *sum, const struct zta_replay_covered *one)
{
    if (one->first_ns != 0 && (sum->first_ns == 0 || one->first_ns < sum->first_ns)) {
        sum->first_ns = one->first_ns;
    }
    sum->last_ns = one->last_ns > sum->last_ns ? one->last_ns : sum->last_ns;
    sum->n_rows += one->n_rows;
    sum->n_requests += one->n_requests;
    sum->n_numbers += one->n_numbers;
    sum->n_lost += one->n_lost;
}

static enum zta_status run_workers(struct run *run, struct worker *workers, unsigned n)
{
    enum zta_status status = ZTA_OK;
    unsigned n_started = 0;
    for (; n_started < n && status == ZTA_OK; n_started++) {
        struct worker *worker = &workers[n_started];
        *worker = (struct worker){.run = run, .number = n_started};
        worker->facts = calloc(1, sizeof *worker->facts);
        if (worker->facts == NULL || pthread_create(&worker->thread, NULL, work, worker) != 0) {
            free(worker->facts);
            status = ZTA_NO_MEMORY;
            break;
        }
    }
    if (status != ZTA_OK) {
        atomic_store(&run->is_over, true);
    }
    const bool is_wanted = watch(run);
    for (unsigned i = 0; i < n_started; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        status = status == ZTA_OK ? workers[i].status : status;
        free(workers[i].facts);
    }
    return status == ZTA_OK && !is_wanted ? ZTA_BUSY : status;
}

enum zta_status zta_replay_run(struct zta_store *store, const struct zta_replay_options *options,
                               struct zta_replay_covered *covered)
{
    struct run run = {.store = store, .options = options};
    struct worker workers[ZTA_REPLAY_WORKERS_MAX];
    struct zta_view *view;
    enum zta_status status = zta_view_begin(store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_events_blocks(view, options->from_ns, &run.blocks, &run.n_blocks);
    zta_view_end(&view);
    const unsigned n = zta_replay_workers(options->n_workers);
    if (status == ZTA_OK) {
        status = run_workers(&run, workers, n);
    }
    free(run.blocks);
    if (status != ZTA_OK) {
        return status;
    }
    *covered = (struct zta_replay_covered){.first_ns = 0};
    for (unsigned i = 0; i < n; i++) {
        add_covered(covered, &workers[i].covered);
    }
    return ZTA_OK;
}
