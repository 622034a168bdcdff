/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long it takes to judge the requests of a day again: N_EVENTS of 10,000 credentials by 103
 * rules, with two threads. Prints a title, seconds (the best of some runs) and the bytes that one
 * request takes in the store, with tabs between.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/evidence/whatif.h"
#include "shared/inputs.h"
#include "shared/record.h"
#include "shared/rules/decide.h"
#include "shared/store/events.h"
#include "shared/store/inputs.h"
#include "tests/unit/scratch_store.h"

#define CREDENTIALS     10000
#define EVENTS_A_CHANGE 20000
#define DAY_NS          (INT64_C(86000) * ZTA_NS_PER_S)
#define N_EVENTS        1000000
#define N_FILLERS       100 /* rules of other paths */
#define N_WORKERS       2
#define N_ROUNDS        3
#define RULES_MAX       (1 << 20)
#define MAP_SIZE        (UINT64_C(8) << 30)

static struct zta_identity identities[CREDENTIALS];
static char subjects[CREDENTIALS][32];
static struct zta_ruleset *set;

static void need(enum zta_status status, const char *what)
{
    if (status != ZTA_OK) {
        (void)fprintf(stderr, "fill_events: %s: %s\n", what, zta_status_text(status));
        exit(1);
    }
}

static struct zta_ruleset *compile(const char *more)
{
    static char text[RULES_MAX];
    const struct zta_text issuers[] = {ZTA_TEXT("corp"), ZTA_TEXT("local")};
    const struct zta_rules_env env = {.issuers = issuers, .n_issuers = 2, .has_local = true};
    struct zta_rules_ast *ast = NULL;
    struct zta_ruleset *made = NULL;
    struct zta_rules_error error;
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    zta_buffer_string(&buffer,
                      "allow read-orders\n  when path /orders/**\n  when method GET\n"
                      "  need scope orders:read\n"
                      "allow write-orders\n  when path /orders/**\n  when method POST PUT\n"
                      "  need scope orders:write\n  need role clerk admin\n"
                      "deny archived\n  when path /orders/7/**\n  when not role admin\n");
    for (int i = 0; i < N_FILLERS; i++) {
        zta_buffer_printf(&buffer, "allow filler-%d\n  when path /svc%d/**\n  need role r%d\n", i,
                          i, i);
    }
    zta_buffer_string(&buffer, more);
    const struct zta_rules_source source = {.name = ZTA_TEXT("bench"),
                                            .text = {.data = text, .len = buffer.len}};
    need(zta_rules_parse(&source, 1, &ast, &error), "rules");
    need(zta_ruleset_compile(ast, &env, &made, &error), "rules");
    zta_rules_ast_close(&ast);
    return made;
}

static void make_identity(struct zta_change *change, uint32_t i, int64_t now_s)
{
    struct zta_identity *identity = &identities[i];
    char data[ZTA_INPUTS_SIZE_MAX];
    size_t n_claims;
    size_t size;
    const struct zta_text *claims = zta_ruleset_claims(set, &n_claims);
    zta_identity_init(identity);
    (void)snprintf(subjects[i], sizeof subjects[i], "user-%07u", (unsigned)i);
    identity->credential = ZTA_CREDENTIAL_TOKEN;
    identity->issuer = ZTA_TEXT("corp");
    identity->subject = zta_text_of(subjects[i]);
    identity->client = ZTA_TEXT("web");
    identity->auth_time_s = now_s - (int64_t)i;
    need(zta_identity_add_value(identity, &identity->roles,
                                i % 7 == 0 ? ZTA_TEXT("admin") : ZTA_TEXT("clerk")),
         "role");
    need(zta_identity_add_value(identity, &identity->scopes, ZTA_TEXT("orders:read")), "scope");
    if (i % 3 == 0) {
        need(zta_identity_add_value(identity, &identity->scopes, ZTA_TEXT("orders:write")),
             "scope");
    }
    need(zta_inputs_encode(identity, claims, n_claims, data, sizeof data, &size), "inputs");
    zta_inputs_name(data, size, identity->inputs);
    need(zta_inputs_put(change, identity->inputs, data, size, now_s), "inputs");
}

static void make_event(uint32_t i, uint32_t n, int64_t now_ns, struct zta_event *event)
{
    static const char *const methods[] = {"GET", "GET", "GET", "POST", "PUT"};
    const struct zta_identity *identity = &identities[i * UINT32_C(2654435761) % CREDENTIALS];
    char path[64];
    char os[ZTA_RECORD_OS_MAX];
    int8_t overrides[ZTA_N_FEATURES];
    struct zta_stance stance;
    struct zta_decision decision;
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {{.data = NULL}};
    (void)snprintf(path, sizeof path, "/orders/%u/lines", (unsigned)(i % 5000));
    const struct zta_facts facts = {
        .host = ZTA_TEXT("api.example.com"),
        .path = zta_text_of(path),
        .method = zta_text_of(methods[i % 5]),
        .content_length = -1,
        .route = ZTA_TEXT("/orders"),
        .addr = {.bytes = {192, 0, 2, (uint8_t)i}, .family = 4},
        .identity = identity,
        .agent = ZTA_TEXT("example-client/1.4 (linux; x86_64)"),
    };
    const struct zta_recorded recorded = {
        .facts = &facts, .stance = &stance, .decision = &decision, .has_reached_rules = true};
    memset(overrides, -1, sizeof overrides);
    need(zta_stance_make(2, 2, overrides, &stance), "stance");
    memset(event, 0, sizeof *event);
    event->time_ns = now_ns - DAY_NS + DAY_NS / n * i;
    zta_rules_decide(set, &facts, &stance, event->time_ns / ZTA_NS_PER_S, &decision);
    zta_put_u64(event->id.bytes, (uint64_t)event->time_ns / 1000000 << 16);
    zta_put_u64(event->id.bytes + 8, i);
    zta_put_u64(event->session, (uint64_t)(identity - identities) + 1);
    event->credential = ZTA_CREDENTIAL_TOKEN;
    event->http_status = 200;
    zta_record_fill(event, &recorded, texts, os);
    texts[ZTA_EVENT_ISSUER] = identity->issuer;
    texts[ZTA_EVENT_SUBJECT] = identity->subject;
    texts[ZTA_EVENT_CLIENT] = identity->client;
    zta_event_set_texts(event, texts);
}

static void fill(struct zta_store *store, int64_t now_ns)
{
    static struct zta_event events[EVENTS_A_CHANGE];
    static struct zta_event_row rows[EVENTS_A_CHANGE];
    const struct zta_event_key segment = {.segment_created_ns = (uint64_t)now_ns, .segment_id = 1};
    struct zta_change *change = NULL;
    struct zta_error error;
    need(zta_change_begin(store, "benchmark", &change, &error), "change");
    for (uint32_t i = 0; i < CREDENTIALS; i++) {
        make_identity(change, i, now_ns / ZTA_NS_PER_S);
    }
    need(zta_change_commit(&change, &error), "change");
    for (uint32_t i = 0; i < N_EVENTS;) {
        uint32_t k = 0;
        need(zta_change_begin(store, "benchmark", &change, &error), "change");
        for (; k < EVENTS_A_CHANGE && i < N_EVENTS; k++, i++) {
            make_event(i, N_EVENTS, now_ns, &events[k]);
            rows[k] = (struct zta_event_row){.event = &events[k], .sequence = i, .weight = 1};
        }
        const struct zta_events_progress progress = {.cursor = i, .n_stored = i, .settled = i};
        need(zta_events_append_rows(change, &segment, rows, k, &progress), "events");
        need(zta_change_commit(&change, &error), "change");
    }
}

/* Seconds of one what-if over everything. */
static double measure(struct zta_store *store, const struct zta_ruleset *after)
{
    const struct zta_whatif_options options = {
        .until_ns = INT64_MAX, .n_workers = N_WORKERS, .after = after};
    struct zta_whatif *result = NULL;
    const int64_t before_ns = zta_clock_monotonic_ns();
    need(zta_whatif_run(store, &options, &result), "what-if");
    const double took_s = (double)(zta_clock_monotonic_ns() - before_ns) / (double)ZTA_NS_PER_S;
    if (result->n_judged != N_EVENTS || result->flips[ZTA_FLIP_TO_DENY].n == 0) {
        (void)fprintf(stderr, "bench_replay: not all was judged\n");
        exit(1);
    }
    zta_whatif_close(&result);
    return took_s;
}

int main(void)
{
    static struct scratch_store scratch;
    struct zta_store_usage usage;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    set = compile("");
    struct zta_ruleset *after =
        compile("require recent\n  when path /orders/**\n  when method POST PUT\n"
                "  need auth-age < 26h\n"
                "deny nines\n  when path /orders/9*/**\n");
    fill(scratch.store, zta_clock_real_ns());
    need(zta_store_usage(scratch.store, false, &usage), "usage");
    double best_s = measure(scratch.store, after);
    for (int i = 1; i < N_ROUNDS; i++) {
        const double took_s = measure(scratch.store, after);
        best_s = took_s < best_s ? took_s : best_s;
    }
    printf("what-if of %d requests by %d rules\t%.2f\t%.0f\n", N_EVENTS, N_FILLERS + 3, best_s,
           (double)usage.used / N_EVENTS);
    zta_ruleset_close(&after);
    zta_ruleset_close(&set);
    scratch_store_close(&scratch);
    return 0;
}
