/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the naive judgement share: conditions, and rules made of them. */
#ifndef ZTA_TESTS_NAIVE_PRIV_H
#define ZTA_TESTS_NAIVE_PRIV_H

#include <stdbool.h>
#include <string.h>

#include "tests/unit/naive.h"

enum tri {
    NO,
    MAYBE,
    YES
};

static inline bool naive_same(struct zta_text a, struct zta_text b)
{
    return a.data != NULL && b.data != NULL && a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static inline bool naive_is(struct zta_text a, const char *b)
{
    return naive_same(a, (struct zta_text){.data = b, .len = strlen(b)});
}

static inline enum tri naive_best(enum tri a, enum tri b)
{
    return a > b ? a : b;
}

/* Meanings 2, 3, 11, 12 and 17: one condition with its values. */
enum tri naive_truth(const struct naive *naive, const struct zta_ast_cond *cond);
/* Meaning 11: '*' is any run, "\*" the asterisk. */
bool naive_wild(struct zta_text pattern, struct zta_text text, bool folds);
/* Attributes whose values may be unknown one by one. */
bool naive_is_context(unsigned attribute);
/* What `known` alone asks of it. */
bool naive_context_is_known(const struct zta_facts *facts, unsigned attribute);
enum tri naive_context_value(const struct naive *naive, unsigned attribute, struct zta_text value);
bool naive_has_device(const struct zta_facts *facts);
bool naive_holds(enum zta_op op, double a, double b);
/* Meaning 16: place of an acr in the order of the request's issuer, from 1; 0: none. */
size_t naive_acr_place(const struct naive *naive, struct zta_text acr);

/* The lines that a rule does not find met. */
struct unmet {
    size_t n;
    size_t n_of[ZTA_N_REASONS]; /* by what is told of them; UNJUDGED: nothing */
    size_t n_login;             /* that a login can meet */
    bool is_covered;
};

/* Meaning 16. */
bool naive_login_helps(const struct naive *naive, const struct unmet *unmet);
bool naive_login_suffices(const struct naive *naive, const struct zta_ast_rule *rule,
                          const struct unmet *unmet);
bool naive_is_login_line(const struct zta_ast_group *line);
/* Context: the windows of a condition on hours, at a minute of the week from Monday on. */
bool naive_windows_hold(const struct zta_ast_cond *cond, int minute);
bool naive_hours_hold(const struct zta_ast_cond *cond, int64_t now_s);
/* A scope of the condition that the issuer of the request can give. */
bool naive_can_be_asked(const struct naive *naive, const struct zta_ast_cond *cond);

#endif
