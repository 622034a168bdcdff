/* SPDX-License-Identifier: Apache-2.0 */
/* Rules from text and the request of alice. */
#include "tests/unit/rules_fixture.h"

#include "shared/rules/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ISSUERS_MAX 4

static void add(struct zta_identity *identity, struct zta_values *list, const char *value)
{
    assert_int_equal(zta_identity_add_value(identity, list, zta_text_of(value)), ZTA_OK);
}

static void add_claim(struct zta_identity *identity, struct zta_claim claim)
{
    identity->claims[identity->n_claims++] = claim;
}

void fixture_init(struct fixture *fixture)
{
    struct zta_identity *identity = &fixture->identity;
    int8_t overrides[ZTA_N_FEATURES];
    zta_identity_init(identity);
    identity->credential = ZTA_CREDENTIAL_TOKEN;
    identity->issuer = ZTA_TEXT("corp");
    identity->subject = ZTA_TEXT("alice");
    identity->client = ZTA_TEXT("web");
    identity->acr = ZTA_TEXT("silver");
    identity->auth_time_s = FIXTURE_NOW_S - 600;
    identity->session_kind = ZTA_SESSION_SID;
    memset(identity->session, 7, sizeof identity->session);
    add(identity, &identity->roles, "clerk");
    add(identity, &identity->groups, "sales");
    add(identity, &identity->scopes, "orders:read");
    add(identity, &identity->scopes, "profile");
    const struct zta_claim claims[] = {
        {.name = ZTA_TEXT("dept"), .kind = ZTA_CLAIM_STRING, .text = ZTA_TEXT("eng")},
        {.name = ZTA_TEXT("level"), .kind = ZTA_CLAIM_NUMBER, .text = ZTA_TEXT("3"), .number = 3},
        {.name = ZTA_TEXT("admin"), .kind = ZTA_CLAIM_BOOL, .text = ZTA_TEXT("true"), .number = 1},
        {.name = ZTA_TEXT("none"), .kind = ZTA_CLAIM_EMPTY, .text = {.data = "", .len = 0}},
        {.name = ZTA_TEXT("tags"), .kind = ZTA_CLAIM_STRING, .text = ZTA_TEXT("x")},
        {.name = ZTA_TEXT("tags"), .kind = ZTA_CLAIM_STRING, .text = ZTA_TEXT("y")},
    };
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        add_claim(identity, claims[i]);
    }
    fixture->facts = (struct zta_facts){
        .host = ZTA_TEXT("api.example.com"),
        .path = ZTA_TEXT("/orders/42"),
        .method = ZTA_TEXT("GET"),
        .content_type = ZTA_TEXT("application/json"),
        .content_length = 100,
        .route = ZTA_TEXT("/orders"),
        .addr = {.bytes = {192, 0, 2, 7}, .family = 4},
        .identity = identity,
    };
    memset(overrides, -1, sizeof overrides);
    assert_int_equal(zta_stance_make(2, 2, overrides, &fixture->stance), ZTA_OK);
}

static enum zta_status compile(const char *text, const char *issuers, struct zta_ruleset **set,
                               struct zta_rules_error *error)
{
    const struct zta_rules_source source = {
        .name = ZTA_TEXT("test.zta"),
        .text = zta_text_of(text),
    };
    struct zta_text names[ISSUERS_MAX];
    static const struct zta_text acrs[] = {ZTA_TEXT("bronze"), ZTA_TEXT("silver"),
                                           ZTA_TEXT("gold")};
    static const struct zta_acr_order orders[ISSUERS_MAX] = {
        {.values = acrs, .n = sizeof acrs / sizeof acrs[0]}}; /* of the first */
    struct zta_rules_env env = {.issuers = names, .n_issuers = 0, .acrs = orders, .generation = 7};
    for (const char *at = issuers; *at != '\0'; at += strspn(at, " ")) {
        assert_true(env.n_issuers < ISSUERS_MAX);
        names[env.n_issuers++] = (struct zta_text){.data = at, .len = strcspn(at, " ")};
        at += strcspn(at, " ");
    }
    struct zta_rules_ast *ast = NULL;
    if (zta_rules_parse(&source, 1, &ast, error) != ZTA_OK) {
        fail_msg("%u:%u: found '%s', expected %s in\n%s", error->line, error->column, error->found,
                 error->expected, text);
    }
    const enum zta_status status = zta_ruleset_compile(ast, &env, set, error);
    /* A set borrows nothing from the tree: what still did would be found by a sanitizer. */
    zta_rules_ast_close(&ast);
    return status;
}

struct zta_ruleset *fixture_rules(const char *text, const char *issuers)
{
    struct zta_ruleset *set = NULL;
    struct zta_rules_error error;
    if (compile(text, issuers, &set, &error) != ZTA_OK) {
        fail_msg("%u:%u: found '%s', expected %s in\n%s", error.line, error.column, error.found,
                 error.expected, text);
    }
    return set;
}

void fixture_refused(const char *text, const char *issuers, struct zta_rules_error *error)
{
    struct zta_ruleset *set = NULL;
    if (compile(text, issuers, &set, error) != ZTA_INVALID) {
        fail_msg("should not compile:\n%s", text);
    }
    assert_null(set);
}

void fixture_decide(const struct fixture *fixture, const char *text, struct zta_decision *decision)
{
    struct zta_ruleset *set = fixture_rules(text, "corp");
    memset(decision, 0xa5, sizeof *decision);
    zta_rules_decide(set, &fixture->facts, &fixture->stance, FIXTURE_NOW_S, decision);
    zta_ruleset_close(&set);
}
