/* SPDX-License-Identifier: Apache-2.0 */
/* Rules from text and one request to judge by them: alice, a clerk, reads an order. */
#ifndef ZTA_TESTS_RULES_FIXTURE_H
#define ZTA_TESTS_RULES_FIXTURE_H

#include "shared/facts.h"
#include "shared/rules/compile.h"
#include "shared/rules/decide.h"
#include "shared/stance.h"

#define FIXTURE_NOW_S INT64_C(1800000000)

/*
 * GET https://api.example.com/orders/42 from 192.0.2.7, 600 s after login, by alice of corp:
 * role clerk, group sales, scopes orders:read and profile, claim dept "eng", level 3, tags [x, y].
 * Her acr is silver, which corp puts between bronze and gold.
 */
struct fixture {
    struct zta_facts facts;
    struct zta_identity identity;
    struct zta_stance stance; /* stage 2, default deny */
};

void fixture_init(struct fixture *fixture);
/* Fails the test unless the rules parse and compile. issuers: "corp" or "corp partner local". */
struct zta_ruleset *fixture_rules(const char *text, const char *issuers);
/* Expects that the rules parse but do not compile. */
void fixture_refused(const char *text, const char *issuers, struct zta_rules_error *error);
/* Compiles with one issuer, decides, closes. */
void fixture_decide(const struct fixture *fixture, const char *text, struct zta_decision *decision);

#endif
