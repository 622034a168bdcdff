/* SPDX-License-Identifier: Apache-2.0 */
/* Counts flips: each worker in a result of its own, then all are added up. */
#include "shared/evidence/whatif.h"

#include <stdlib.h>
#include <string.h>

#include "shared/identity.h"

struct measurement {
    const struct zta_whatif_options *options;
    struct zta_whatif *results; /* one a worker */
};

static void print_subject(const struct zta_event *event, struct zta_buffer *out)
{
    const struct zta_text subject = zta_event_text(event, ZTA_EVENT_SUBJECT);
    const struct zta_text client = zta_event_text(event, ZTA_EVENT_CLIENT);
    const struct zta_text issuer = zta_event_text(event, ZTA_EVENT_ISSUER);
    if (issuer.len == 0) {
        zta_buffer_string(out, "-");
        return;
    }
    zta_buffer_text(out, subject.len > 0 ? subject : client);
    zta_buffer_string(out, "@");
    zta_buffer_text(out, issuer);
}

static void print_request(const struct zta_event *event, struct zta_buffer *out)
{
    zta_buffer_text(out, zta_event_text(event, ZTA_EVENT_METHOD));
    zta_buffer_string(out, " ");
    zta_buffer_text(out, zta_event_text(event, ZTA_EVENT_HOST));
    zta_buffer_text(out, zta_event_text(event, ZTA_EVENT_PATH));
}

/* The oldest example gives way to a newer one. */
static struct zta_whatif_example *example_place(struct zta_whatif_flips *flips, int64_t time_ns)
{
    if (flips->n_examples < ZTA_WHATIF_EXAMPLES) {
        return &flips->examples[flips->n_examples++];
    }
    struct zta_whatif_example *oldest = &flips->examples[0];
    for (size_t i = 1; i < ZTA_WHATIF_EXAMPLES; i++) {
        oldest = flips->examples[i].time_ns < oldest->time_ns ? &flips->examples[i] : oldest;
    }
    return oldest->time_ns < time_ns ? oldest : NULL;
}

static void note_example(struct zta_whatif_flips *flips, const struct zta_replayed *request,
                         const struct zta_verdict *before, const struct zta_decision *after)
{
    const struct zta_event *event = request->event;
    struct zta_whatif_example *example = example_place(flips, event->time_ns);
    struct zta_buffer buffer;
    if (example == NULL) {
        return;
    }
    *example = (struct zta_whatif_example){
        .id = event->id,
        .time_ns = event->time_ns,
        .is_number = request->is_number,
        .before = *before,
        .after = after->verdict,
    };
    zta_buffer_init(&buffer, example->subject, sizeof example->subject);
    print_subject(event, &buffer);
    zta_buffer_init(&buffer, example->request, sizeof example->request);
    print_request(event, &buffer);
    zta_buffer_init(&buffer, example->missing, sizeof example->missing);
    zta_buffer_string(&buffer, after->missing);
}

static void count_distinct(struct zta_whatif_flips *flips, const struct zta_event *event,
                           struct zta_text subject)
{
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    const struct zta_text route = zta_event_text(event, ZTA_EVENT_ROUTE);
    if (memcmp(event->session, none, sizeof none) != 0) {
        zta_distinct_add(&flips->sessions, event->session, sizeof event->session);
    }
    if (zta_event_text(event, ZTA_EVENT_ISSUER).len > 0) {
        zta_distinct_add(&flips->subjects, subject.data, subject.len);
    }
    zta_distinct_add(&flips->routes, route.data, route.len);
}

static void note_flip(struct zta_whatif *result, const struct zta_replayed *request,
                      enum zta_flip flip, const struct zta_verdict *before,
                      const struct zta_decision *after)
{
    const struct zta_event *event = request->event;
    struct zta_whatif_flips *flips = &result->flips[flip];
    char storage[ZTA_TALLY_NAME_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, storage, sizeof storage);
    print_subject(event, &buffer);
    const struct zta_text subject = {.data = storage, .len = buffer.len};
    const struct zta_verdict *refusal = flip == ZTA_FLIP_TO_DENY ? &after->verdict : before;
    const char *rule = after->verdict.rule;
    if (rule[0] == '\0' && after->nearest[0] != '\0') {
        rule = after->nearest;
    }
    flips->n += request->weight;
    zta_tally_add(&result->by_subject, subject, flip, request->weight);
    zta_tally_add(&result->by_route, zta_event_text(event, ZTA_EVENT_ROUTE), flip, request->weight);
    zta_tally_add(&result->by_rule, zta_text_of(rule), flip, request->weight);
    zta_tally_add(&result->by_reason, zta_text_of(zta_reason_name(refusal->reason)), flip,
                  request->weight);
    count_distinct(flips, event, subject);
    note_example(flips, request, before, after);
}

static void verdict_of_event(const struct zta_event *event, struct zta_verdict *verdict)
{
    struct zta_buffer rule;
    *verdict = (struct zta_verdict){
        .outcome = (enum zta_outcome)event->outcome,
        .reason = (enum zta_reason)event->reason,
        .line = event->rule_line,
        .source = event->rule_source,
    };
    zta_buffer_init(&rule, verdict->rule, sizeof verdict->rule);
    zta_buffer_text(&rule, zta_event_text(event, ZTA_EVENT_RULE));
}

static bool would_be_let_in(const struct zta_event *event)
{
    return (event->flags & ZTA_EVENT_MONITORED) == 0 ? event->outcome == ZTA_OUTCOME_ALLOW
                                                     : event->monitor_outcome == ZTA_OUTCOME_ALLOW;
}

/* What a request got before: by the rules that were given, else as it was recorded. */
static bool judge_before(const struct zta_whatif_options *options, struct zta_replayed *request,
                         struct zta_verdict *verdict, bool *is_let_in_monitored)
{
    if (options->before == NULL) {
        verdict_of_event(request->event, verdict);
        *is_let_in_monitored = would_be_let_in(request->event);
        return true;
    }
    struct zta_decision decision;
    if (!zta_replay_judge(request, options->before, NULL, &decision)) {
        return false;
    }
    *verdict = decision.verdict;
    *is_let_in_monitored = decision.monitor.outcome == ZTA_OUTCOME_ALLOW;
    return true;
}

static void count_unknown(struct zta_whatif *result, const struct zta_replayed *request)
{
    const struct zta_event_context *context = &request->event->context;
    const uint64_t n = request->weight;
    result->n_unknown[ZTA_FEATURE_GEO] += context->country[0] == '\0' ? n : 0;
    result->n_unknown[ZTA_FEATURE_DEVICE] += context->traits_known == 0 ? n : 0;
    result->n_unknown[ZTA_FEATURE_BEHAVIOUR] += context->usual_known == 0 ? n : 0;
}

static void judge(const struct zta_whatif_options *options, struct zta_whatif *result,
                  struct zta_replayed *request, const struct zta_stance *stance)
{
    struct zta_verdict before;
    struct zta_decision after;
    bool was_let_in_monitored;
    if (!judge_before(options, request, &before, &was_let_in_monitored) ||
        !zta_replay_judge(request, options->after, stance, &after)) {
        result
            ->n_undecidable[request->has_inputs ? ZTA_UNDECIDABLE_FACT : ZTA_UNDECIDABLE_INPUTS] +=
            request->weight;
        return;
    }
    result->n_judged += request->weight;
    count_unknown(result, request);
    const bool was_let_in = before.outcome == ZTA_OUTCOME_ALLOW;
    const bool is_let_in = after.verdict.outcome == ZTA_OUTCOME_ALLOW;
    const bool is_let_in_monitored = after.monitor.outcome == ZTA_OUTCOME_ALLOW;
    if (was_let_in != is_let_in) {
        note_flip(result, request, was_let_in ? ZTA_FLIP_TO_DENY : ZTA_FLIP_TO_ALLOW, &before,
                  &after);
    }
    else if (was_let_in_monitored != is_let_in_monitored) {
        result->n_monitored[was_let_in_monitored ? ZTA_FLIP_TO_DENY : ZTA_FLIP_TO_ALLOW] +=
            request->weight;
    }
}

/* Public then, and not under this stance. */
static bool is_unseen(const struct zta_replayed *request, const struct zta_stance *stance)
{
    return stance != NULL && stance->monitor > 0 && request->stance.monitor == 0 &&
           request->event->outcome == ZTA_OUTCOME_ALLOW;
}

static void measure(void *context, unsigned worker, struct zta_replayed *request)
{
    const struct measurement *measurement = context;
    const struct zta_whatif_options *options = measurement->options;
    struct zta_whatif *result = &measurement->results[worker];
    struct zta_stance changed;
    const struct zta_stance *stance = NULL;
    if (options->match != NULL && !options->match(options->context, request->event)) {
        return;
    }
    if (options->stance != NULL) {
        if (!options->stance(options->context, request->event, &request->stance, &changed)) {
            return;
        }
        stance = &changed;
    }
    result->n_requests += request->weight;
    result->n_allowed += request->event->outcome == ZTA_OUTCOME_ALLOW ? request->weight : 0;
    switch (request->state) {
    case ZTA_REPLAY_IS_UNRECORDED:
        result->n_undecidable[ZTA_UNDECIDABLE_UNRECORDED] += request->weight;
        return;
    case ZTA_REPLAY_IS_SETTLED:
        if (is_unseen(request, stance)) {
            result->n_undecidable[ZTA_UNDECIDABLE_UNSEEN] += request->weight;
            return;
        }
        result->n_settled += request->weight;
        return;
    case ZTA_REPLAY_IS_READY:
        judge(options, result, request, stance);
        return;
    }
}

static bool pass_progress(void *context, uint64_t n_done, uint64_t n_all)
{
    const struct measurement *measurement = context;
    return measurement->options->progress(measurement->options->progress_context, n_done, n_all);
}

static void merge_flips(struct zta_whatif_flips *sum, const struct zta_whatif_flips *one)
{
    sum->n += one->n;
    zta_distinct_merge(&sum->sessions, &one->sessions);
    zta_distinct_merge(&sum->subjects, &one->subjects);
    zta_distinct_merge(&sum->routes, &one->routes);
    for (size_t i = 0; i < one->n_examples; i++) {
        struct zta_whatif_example *example = example_place(sum, one->examples[i].time_ns);
        if (example != NULL) {
            *example = one->examples[i];
        }
    }
}

static void merge(struct zta_whatif *sum, const struct zta_whatif *one)
{
    sum->n_requests += one->n_requests;
    sum->n_allowed += one->n_allowed;
    sum->n_settled += one->n_settled;
    sum->n_judged += one->n_judged;
    for (size_t i = 0; i < ZTA_N_UNDECIDABLE; i++) {
        sum->n_undecidable[i] += one->n_undecidable[i];
    }
    for (size_t i = 0; i < ZTA_N_FEATURES; i++) {
        sum->n_unknown[i] += one->n_unknown[i];
    }
    for (size_t i = 0; i < ZTA_N_FLIPS; i++) {
        merge_flips(&sum->flips[i], &one->flips[i]);
        sum->n_monitored[i] += one->n_monitored[i];
    }
    zta_tally_merge(&sum->by_subject, &one->by_subject);
    zta_tally_merge(&sum->by_route, &one->by_route);
    zta_tally_merge(&sum->by_rule, &one->by_rule);
    zta_tally_merge(&sum->by_reason, &one->by_reason);
}

static void clear(struct zta_whatif *result)
{
    for (size_t i = 0; i < ZTA_N_FLIPS; i++) {
        zta_distinct_clear(&result->flips[i].sessions);
        zta_distinct_clear(&result->flips[i].subjects);
        zta_distinct_clear(&result->flips[i].routes);
    }
    zta_tally_clear(&result->by_subject);
    zta_tally_clear(&result->by_route);
    zta_tally_clear(&result->by_rule);
    zta_tally_clear(&result->by_reason);
}

static int compare_examples(const void *left, const void *right)
{
    const struct zta_whatif_example *a = left;
    const struct zta_whatif_example *b = right;
    return (a->time_ns < b->time_ns) - (a->time_ns > b->time_ns);
}

static void finish(struct zta_whatif *result)
{
    zta_tally_sort(&result->by_subject);
    zta_tally_sort(&result->by_route);
    zta_tally_sort(&result->by_rule);
    zta_tally_sort(&result->by_reason);
    for (size_t i = 0; i < ZTA_N_FLIPS; i++) {
        qsort(result->flips[i].examples, result->flips[i].n_examples,
              sizeof result->flips[i].examples[0], compare_examples);
    }
}

enum zta_status zta_whatif_run(struct zta_store *store, const struct zta_whatif_options *options,
                               struct zta_whatif **result)
{
    const unsigned n = zta_replay_workers(options->n_workers);
    struct measurement measurement = {.options = options};
    struct zta_replay_options replay = {
        .from_ns = options->from_ns,
        .until_ns = options->until_ns,
        .n_workers = n,
        .fn = measure,
        .progress = options->progress != NULL ? pass_progress : NULL,
        .context = &measurement,
    };
    struct zta_whatif *sum = calloc(1, sizeof *sum);
    measurement.results = calloc(n, sizeof *measurement.results);
    enum zta_status status = ZTA_NO_MEMORY;
    if (sum != NULL && measurement.results != NULL) {
        status = zta_replay_run(store, &replay, &sum->covered);
    }
    for (unsigned i = 0; i < n && measurement.results != NULL; i++) {
        if (status == ZTA_OK) {
            merge(sum, &measurement.results[i]);
        }
        clear(&measurement.results[i]);
    }
    free(measurement.results);
    if (status != ZTA_OK) {
        zta_whatif_close(&sum);
        return status;
    }
    finish(sum);
    *result = sum;
    return ZTA_OK;
}

void zta_whatif_close(struct zta_whatif **result)
{
    if (*result != NULL) {
        clear(*result);
    }
    free(*result);
    *result = NULL;
}

uint64_t zta_whatif_undecidable(const struct zta_whatif *result)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ZTA_N_UNDECIDABLE; i++) {
        n += result->n_undecidable[i];
    }
    return n;
}
