/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a decision costs with 10, 100 and 1,000 rules of which the same 10 apply; the others differ
 * in path, host or method. At stage 3 all of 100 rules apply, 90 of them to the circumstances: two
 * lists of 10,000 networks, countries, devices, systems, behaviour, hours. Prints lines of title,
 * nanoseconds a decision and milliseconds a compilation, the best of several alternating rounds,
 * with tabs between.
 */
#include "shared/base/clock.h"
#include "shared/rules/compile.h"
#include "shared/rules/decide.h"
#include "shared/rules/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_APPLY     10
#define N_ROUNDS    15
#define N_DECISIONS 20000
#define N_NETWORKS  10000
#define TEXT_SIZE   (1u << 20)
#define NOW_S       INT64_C(1800000000)

/* How the rules that do not apply differ from the request. */
enum difference {
    BY_PATH = 0,
    BY_HOST,
    BY_METHOD,
    BY_WILDCARD,
    N_DIFFERENCES,
    MIXED = N_DIFFERENCES,
    BY_NOTHING, /* they ask for circumstances, and apply */
};

struct workload {
    const char *name;
    unsigned n_rules;
    enum difference difference;
    struct zta_ruleset *set;
    double compile_ms;
    double decide_ns;
};

static void write_applying(struct zta_buffer *text, unsigned i)
{
    static const struct {
        const char *head;
        const char *lines;
    } rules[] = {
        {.head = "allow read",
         .lines = "  when path /api/orders/**\n  when method GET\n  need scope orders:read\n"},
        {.head = "deny banned", .lines = "  when path /api/**\n  when subject mallory trudy eve\n"},
        {.head = "require bound",
         .lines = "  when path /api/orders/**\n  when not client batch\n"
                  "  need role clerk manager\n  need acr silver gold\n"},
        {.head = "allow own",
         .lines = "  when host api.example.com\n  when path /api/*/42\n  need role owner\n"},
        {.head = "require fresh",
         .lines = "  when path /**\n  when method GET PUT\n  need auth-age < 8h\n"},
    };
    const unsigned kind = i % (sizeof rules / sizeof rules[0]);
    zta_buffer_printf(text, "%s-%u\n%s", rules[kind].head, i, rules[kind].lines);
}

static void write_other(struct zta_buffer *text, unsigned i, enum difference difference)
{
    zta_buffer_printf(text, "%s other-%u\n", i % 3 == 0 ? "allow" : "deny", i);
    switch (difference == MIXED ? (enum difference)(i % N_DIFFERENCES) : difference) {
    case BY_PATH:
        zta_buffer_printf(text, "  when path /api/service%u/**\n  when method GET\n", i);
        break;
    case BY_HOST:
        zta_buffer_printf(text, "  when host h%u.example.com\n  when path /api/orders/**\n", i);
        break;
    case BY_METHOD:
        zta_buffer_string(text,
                          "  when path /api/orders/**\n  when method POST PUT PATCH DELETE\n");
        break;
    case BY_WILDCARD:
        zta_buffer_printf(text, "  when path /api/*/part%u/**\n", i);
        break;
    case MIXED:
    case BY_NOTHING:
        break;
    }
    zta_buffer_string(text, "  when role guest visitor\n");
}

/* The client is in none of the networks of tor and in the last of offices. */
static void write_networks(struct zta_buffer *text)
{
    zta_buffer_string(text, "list tor asn:64501\n");
    for (unsigned i = 0; i < N_NETWORKS; i++) {
        zta_buffer_printf(text, "  %u.%u.%u.0/25\n", 100 + i / 65536, i / 256 % 256, i % 256);
    }
    zta_buffer_string(text, "list offices\n");
    for (unsigned i = 0; i < N_NETWORKS; i++) {
        zta_buffer_printf(text, "  2001:db8:%x::/48\n", i);
    }
    zta_buffer_string(text, "  192.0.2.0/24\n");
}

static void write_circumstances(struct zta_buffer *text, unsigned i)
{
    static const struct {
        const char *kind;
        const char *lines;
    } rules[] = {
        {.kind = "deny", .lines = "  when network list:tor\n"},
        {.kind = "require", .lines = "  need country CH DE FR\n  need network list:offices\n"},
        {.kind = "require",
         .lines = "  need device compliant\n  or network list:offices\n"
                  "  need os macos>=14.2 windows>=10.0.22631\n"},
        {.kind = "deny", .lines = "  when country KP RU unknown\n"},
        {.kind = "deny",
         .lines = "  when behaviour unusual-country\n  when behaviour unusual-device unknown\n"},
        {.kind = "require",
         .lines = "  when not network list:offices\n  need device managed attested\n"},
        {.kind = "require", .lines = "  need hours Mon-Fri 07:00-19:00 Europe/Zurich\n"},
        {.kind = "deny", .lines = "  when user-agent curl/* python-requests/* unknown\n"},
    };
    const unsigned kind = i % (sizeof rules / sizeof rules[0]);
    zta_buffer_printf(text, "%s circumstance-%u\n  when path /api/**\n%s", rules[kind].kind, i,
                      rules[kind].lines);
}

static void compile(struct workload *load)
{
    static char storage[TEXT_SIZE];
    const struct zta_text issuers[] = {ZTA_TEXT("corp")};
    const struct zta_rules_env env = {.issuers = issuers, .n_issuers = 1};
    struct zta_buffer text;
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    zta_buffer_init(&text, storage, sizeof storage);
    for (unsigned i = 0; i < load->n_rules; i++) {
        if (i < N_APPLY) {
            write_applying(&text, i);
        }
        else if (load->difference == BY_NOTHING) {
            write_circumstances(&text, i);
        }
        else {
            write_other(&text, i, load->difference);
        }
    }
    if (load->difference == BY_NOTHING) {
        write_networks(&text);
    }
    const struct zta_rules_source source = {
        .name = ZTA_TEXT("bench.zta"),
        .text = {.data = text.data, .len = text.len},
    };
    if (text.is_overflowed || zta_rules_parse(&source, 1, &ast, &error) != ZTA_OK) {
        (void)fprintf(stderr, "bench_decide: rules do not parse\n");
        exit(1);
    }
    const int64_t start_ns = zta_clock_monotonic_ns();
    zta_ruleset_close(&load->set);
    if (zta_ruleset_compile(ast, &env, &load->set, &error) != ZTA_OK) {
        (void)fprintf(stderr, "bench_decide: rules do not compile\n");
        exit(1);
    }
    const double took_ms = (double)(zta_clock_monotonic_ns() - start_ns) / 1e6;
    load->compile_ms =
        load->compile_ms == 0 || took_ms < load->compile_ms ? took_ms : load->compile_ms;
    zta_rules_ast_close(&ast);
}

static void add(struct zta_identity *identity, struct zta_values *list, const char *value)
{
    if (zta_identity_add_value(identity, list, zta_text_of(value)) != ZTA_OK) {
        exit(1);
    }
}

static void make_identity(struct zta_identity *identity)
{
    zta_identity_init(identity);
    identity->credential = ZTA_CREDENTIAL_TOKEN;
    identity->issuer = ZTA_TEXT("corp");
    identity->subject = ZTA_TEXT("alice");
    identity->client = ZTA_TEXT("web");
    identity->acr = ZTA_TEXT("gold");
    identity->auth_time_s = NOW_S - 600;
    add(identity, &identity->roles, "employee");
    add(identity, &identity->roles, "clerk");
    add(identity, &identity->scopes, "profile");
    add(identity, &identity->scopes, "orders:read");
}

static void measure(struct workload *load, const struct zta_facts *facts)
{
    struct zta_decision decision;
    struct zta_stance stance;
    int8_t no_overrides[ZTA_N_FEATURES];
    const unsigned stage = load->difference == BY_NOTHING ? 3 : 2;
    memset(no_overrides, -1, sizeof no_overrides);
    if (zta_stance_make(stage, stage, no_overrides, &stance) != ZTA_OK) {
        exit(1);
    }
    const int64_t start_ns = zta_clock_monotonic_ns();
    for (unsigned i = 0; i < N_DECISIONS; i++) {
        zta_rules_decide(load->set, facts, &stance, NOW_S, &decision);
    }
    const double took_ns = (double)(zta_clock_monotonic_ns() - start_ns) / N_DECISIONS;
    if (decision.verdict.outcome != ZTA_OUTCOME_ALLOW || decision.n_granted_by != 2) {
        (void)fprintf(stderr, "bench_decide: %s: unexpected %s by %u\n", load->name,
                      zta_reason_name(decision.verdict.reason), decision.n_granted_by);
        exit(1);
    }
    load->decide_ns = load->decide_ns == 0 || took_ns < load->decide_ns ? took_ns : load->decide_ns;
}

int main(void)
{
    struct workload loads[] = {
        {.name = "10 rules", .n_rules = 10},
        {.name = "100 rules, mixed", .n_rules = 100, .difference = MIXED},
        {.name = "1,000 rules, mixed", .n_rules = 1000, .difference = MIXED},
        {.name = "1,000 rules, other path", .n_rules = 1000, .difference = BY_PATH},
        {.name = "1,000 rules, other host", .n_rules = 1000, .difference = BY_HOST},
        {.name = "1,000 rules, other method", .n_rules = 1000, .difference = BY_METHOD},
        {.name = "1,000 rules, wildcards", .n_rules = 1000, .difference = BY_WILDCARD},
        {.name = "100 rules, 90 of stage 3 apply", .n_rules = 100, .difference = BY_NOTHING},
    };
    const size_t n_loads = sizeof loads / sizeof loads[0];
    static struct zta_identity identity;
    static const struct zta_context context = {
        .country = {.data = "CH", .len = 2},
        .asn = 64500,
        .traits = {.known = 0x3f, .yes = 0x3f},
        .os = {.data = "macos", .len = 5},
        .os_version = {.data = "14.6.1", .len = 6},
        .usual = {.known = 0x7f, .yes = 0x7f},
    };
    make_identity(&identity);
    const struct zta_facts facts = {
        .host = ZTA_TEXT("api.example.com"),
        .path = ZTA_TEXT("/api/orders/42"),
        .method = ZTA_TEXT("GET"),
        .content_length = 0,
        .addr = {.bytes = {192, 0, 2, 7}, .family = 4},
        .identity = &identity,
        .agent = ZTA_TEXT("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) Safari/605.1.15"),
        .context = &context,
    };
    for (unsigned round = 0; round < N_ROUNDS; round++) {
        for (size_t i = 0; i < n_loads; i++) {
            compile(&loads[i]);
            measure(&loads[i], &facts);
        }
    }
    for (size_t i = 0; i < n_loads; i++) {
        printf("%s\t%.0f\t%.2f\n", loads[i].name, loads[i].decide_ns, loads[i].compile_ms);
        zta_ruleset_close(&loads[i].set);
    }
    return 0;
}
