/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings about rules as written: their lines against each other, and rules against rules. */
#include "shared/rules/warn.h"

#include "shared/base/clock.h"
#include "shared/rules/arena.h"
#include "shared/rules/attributes.h"
#include "shared/rules/match.h"
#include "shared/rules/warn_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* Lines of one rule that are compared with each other; nobody writes as many. */
    GROUPS_MAX = 64,
    TEXT_SIZE = 400, /* a path of a file is cut */
};

struct warner {
    const struct zta_rules_ast *ast;
    int64_t now_s;
    zta_rules_warning_fn fn;
    void *context;
};

/* A `when` line that can only hold, or only fail, by its values. */
struct choice {
    const struct zta_ast_group *group;
    bool is_negated;
};

static void tell(const struct warner *warner, const char *code, const struct zta_ast_rule *rule,
                 const struct zta_rules_place *place, const char *text)
{
    const struct zta_rules_warning warning = {
        .code = code, .rule = rule->name, .place = *place, .text = text};
    warner->fn(warner->context, &warning);
}

static bool is_keyword(const struct zta_ast_value *value)
{
    return !value->is_quoted && !value->is_list &&
           (zta_text_equal(value->text, ZTA_TEXT("known")) ||
            zta_text_equal(value->text, ZTA_TEXT("unknown")));
}

static const struct zta_ast_list *find_list(const struct zta_rules_ast *ast, struct zta_text name)
{
    for (size_t i = 0; i < ast->n_lists; i++) {
        if (zta_text_equal(ast->lists[i].name, name)) {
            return &ast->lists[i];
        }
    }
    return NULL;
}

/* Every value of the line and of the lists it names; fn says false to stop. */
typedef bool (*value_fn)(void *context, const struct zta_ast_value *value);

static bool each_value(const struct zta_rules_ast *ast, const struct zta_ast_group *group,
                       value_fn fn, void *context)
{
    for (size_t c = 0; c < group->n_conds; c++) {
        for (size_t v = 0; v < group->conds[c].n_values; v++) {
            const struct zta_ast_value *value = &group->conds[c].values[v];
            const struct zta_ast_list *list = value->is_list ? find_list(ast, value->text) : NULL;
            const struct zta_ast_value *values = list ? list->items : value;
            const size_t n = list ? list->n_items : 1;
            for (size_t i = 0; i < n; i++) {
                if (!fn(context, &values[i])) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* ---- a method list that leaves some out ---- */

static const char *const writing[] = {"PUT", "PATCH", "DELETE"};
enum {
    N_WRITING = sizeof writing / sizeof writing[0],
    HAS_POST = 1 << N_WRITING,
};

static bool note_method(void *context, const struct zta_ast_value *value)
{
    unsigned *found = context;
    *found |= zta_text_equal(value->text, ZTA_TEXT("POST")) ? (unsigned)HAS_POST : 0;
    for (unsigned i = 0; i < N_WRITING; i++) {
        *found |= zta_text_equal(value->text, zta_text_of(writing[i])) ? 1u << i : 0;
    }
    return true;
}

static bool is_plain(const struct zta_ast_group *group)
{
    const struct zta_ast_cond *first = &group->conds[0];
    for (size_t c = 0; c < group->n_conds; c++) {
        const struct zta_ast_cond *cond = &group->conds[c];
        if (cond->attribute != first->attribute || cond->is_negated || cond->op != ZTA_OP_ANY_OF ||
            (cond->attribute == ZTA_ATTRIBUTE_CLAIM &&
             !zta_text_equal(cond->claim, first->claim))) {
            return false;
        }
        for (size_t v = 0; v < cond->n_values; v++) {
            if (is_keyword(&cond->values[v])) {
                return false;
            }
        }
    }
    return true;
}

/* An allow for POST alone gives less, which is safe; others that forget PUT leave a way around. */
static void warn_of_methods(const struct warner *warner, const struct zta_ast_rule *rule)
{
    for (size_t g = 0; rule->kind != ZTA_RULE_ALLOW && g < rule->n_groups; g++) {
        const struct zta_ast_group *group = &rule->groups[g];
        unsigned found = 0;
        if (group->is_need || group->conds[0].attribute != ZTA_ATTRIBUTE_METHOD ||
            !is_plain(group)) {
            continue;
        }
        (void)each_value(warner->ast, group, note_method, &found);
        if (!(found & HAS_POST) || (found & (HAS_POST - 1)) == HAS_POST - 1) {
            continue;
        }
        char text[TEXT_SIZE];
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        zta_buffer_string(&out, "method POST but not");
        for (unsigned i = 0, n = 0; i < N_WRITING; i++) {
            if (!(found & 1u << i)) {
                zta_buffer_printf(&out, "%s %s", n++ > 0 ? "," : "", writing[i]);
            }
        }
        zta_buffer_string(&out, ": the rule does not apply to these");
        tell(warner, "methods_left_out", rule, &group->conds[0].place, text);
    }
}

/* ---- lines that cannot hold together ---- */

static bool stop_at_value(void *context, const struct zta_ast_value *value)
{
    return false;
}

static bool choice_of(const struct zta_ast_group *group, struct choice *choice)
{
    const struct zta_ast_cond *cond = &group->conds[0];
    const bool is_single_not = group->n_conds == 1 && cond->is_negated && cond->op == ZTA_OP_ANY_OF;
    *choice = (struct choice){.group = group, .is_negated = is_single_not};
    /* The words of hours are no alternatives. */
    return !group->is_need && cond->attribute != ZTA_ATTRIBUTE_HOURS &&
           (is_single_not || is_plain(group));
}

/* Facts of which a request has at most one, compared as they are written. */
static bool is_single(unsigned attribute)
{
    switch ((enum zta_attribute)attribute) {
    case ZTA_ATTRIBUTE_PATH:
    case ZTA_ATTRIBUTE_METHOD:
    case ZTA_ATTRIBUTE_CONTENT_LENGTH:
    case ZTA_ATTRIBUTE_CREDENTIAL:
    case ZTA_ATTRIBUTE_BINDING:
    case ZTA_ATTRIBUTE_CERTIFICATE:
    case ZTA_ATTRIBUTE_SUBJECT:
    case ZTA_ATTRIBUTE_CLIENT:
    case ZTA_ATTRIBUTE_ISSUER:
    case ZTA_ATTRIBUTE_APIKEY:
    case ZTA_ATTRIBUTE_ACR:
    case ZTA_ATTRIBUTE_COUNTRY:
    case ZTA_ATTRIBUTE_OS:
    case ZTA_ATTRIBUTE_THREAT_LEVEL:
        return true;
    case ZTA_ATTRIBUTE_HOST:
    case ZTA_ATTRIBUTE_CONTENT_TYPE:
    case ZTA_ATTRIBUTE_ROLE:
    case ZTA_ATTRIBUTE_GROUP:
    case ZTA_ATTRIBUTE_SCOPE:
    case ZTA_ATTRIBUTE_CLAIM:
    case ZTA_ATTRIBUTE_AMR:
    case ZTA_ATTRIBUTE_AUTH_AGE:
    case ZTA_ATTRIBUTE_DEVICE:
    case ZTA_ATTRIBUTE_USER_AGENT:
    case ZTA_ATTRIBUTE_NETWORK:
    case ZTA_ATTRIBUTE_BEHAVIOUR:
    case ZTA_ATTRIBUTE_HOURS:
    case ZTA_ATTRIBUTE_RISK:
    case ZTA_ATTRIBUTE_SIGNAL:
    case ZTA_N_ATTRIBUTES:
        break;
    }
    return false;
}

/* The values of one line, sorted. */
struct values {
    struct zta_vector items; /* struct zta_ast_value */
    unsigned attribute;
    bool is_literal; /* none is a pattern or range, may name an issuer, or is of any case */
    bool is_failed;
};

static bool has_lower_case(struct zta_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] >= 'a' && text.data[i] <= 'z') {
            return true;
        }
    }
    return false;
}

static bool add_value(void *context, const struct zta_ast_value *value)
{
    struct values *values = context;
    struct zta_ast_value *added = zta_vector_push(&values->items);
    if (!added) {
        values->is_failed = true;
        return false;
    }
    *added = *value;
    const bool is_path = values->attribute == ZTA_ATTRIBUTE_PATH;
    const bool has_version = values->attribute == ZTA_ATTRIBUTE_OS &&
                             (memchr(value->text.data, '<', value->text.len) != NULL ||
                              memchr(value->text.data, '>', value->text.len) != NULL);
    const bool is_named =
        (zta_attribute_info(values->attribute)->traits & ZTA_TRAIT_PER_ISSUER) != 0;
    if ((is_path && (memchr(value->text.data, '*', value->text.len) != NULL ||
                     memchr(value->text.data, '\\', value->text.len) != NULL)) ||
        (is_named && memchr(value->text.data, '@', value->text.len) != NULL) || has_version ||
        (values->attribute == ZTA_ATTRIBUTE_COUNTRY && has_lower_case(value->text))) {
        values->is_literal = false;
    }
    if (is_path) {
        added->text = zta_path_trim(value->text);
    }
    return true;
}

static int compare_values(const void *left, const void *right)
{
    const struct zta_ast_value *a = left;
    const struct zta_ast_value *b = right;
    const int order = zta_text_compare(a->text, b->text);
    return order != 0 ? order : a->is_quoted - b->is_quoted;
}

static enum zta_status take_values(const struct warner *warner, const struct choice *choice,
                                   struct values *values)
{
    static const struct zta_ast_value head = {.text = {.data = "HEAD", .len = 4}};
    const struct zta_ast_value get = {.text = ZTA_TEXT("GET")};
    *values = (struct values){
        .items = {.item_size = sizeof(struct zta_ast_value)},
        .attribute = choice->group->conds[0].attribute,
        .is_literal = true,
    };
    (void)each_value(warner->ast, choice->group, add_value, values);
    if (values->is_failed || values->items.n == 0) {
        return values->is_failed ? ZTA_NO_MEMORY : ZTA_OK;
    }
    qsort(values->items.items, values->items.n, sizeof get, compare_values);
    /* GET covers HEAD (docs/rules.md, meaning 11). */
    if (values->attribute == ZTA_ATTRIBUTE_METHOD &&
        bsearch(&get, values->items.items, values->items.n, sizeof get, compare_values)) {
        (void)add_value(values, &head);
        qsort(values->items.items, values->items.n, sizeof get, compare_values);
    }
    return values->is_failed ? ZTA_NO_MEMORY : ZTA_OK;
}

/* Both sorted. is_subset: every one of a is in b, else: none is. */
static bool are_related(const struct values *a, const struct values *b, bool is_subset)
{
    const struct zta_ast_value *left = (const void *)a->items.items;
    const struct zta_ast_value *right = (const void *)b->items.items;
    size_t j = 0;
    for (size_t i = 0; i < a->items.n; i++) {
        int order = 1;
        while (j < b->items.n) {
            /* Quotes matter to what a claim is; between texts they are none of the value. */
            order = is_subset ? compare_values(&left[i], &right[j])
                              : zta_text_compare(left[i].text, right[j].text);
            if (order <= 0) {
                break;
            }
            j++;
        }
        if ((order == 0 && j < b->items.n) != is_subset) {
            return false;
        }
    }
    return true;
}

static enum zta_status exclude(const struct warner *warner, const struct choice *a,
                               const struct choice *b, bool *is_excluded)
{
    struct values of_a;
    struct values of_b = {.items = {.n = 0}};
    enum zta_status status = take_values(warner, a, &of_a);
    if (status == ZTA_OK) {
        status = take_values(warner, b, &of_b);
    }
    if (status == ZTA_OK && b->is_negated) {
        *is_excluded = are_related(&of_a, &of_b, true);
    }
    else if (status == ZTA_OK) {
        *is_excluded = is_single(of_a.attribute) && of_a.is_literal && of_b.is_literal &&
                       are_related(&of_a, &of_b, false);
    }
    zta_vector_clear(&of_a.items);
    zta_vector_clear(&of_b.items);
    return status;
}

static bool are_about_one_fact(const struct choice *a, const struct choice *b)
{
    const struct zta_ast_cond *left = &a->group->conds[0];
    const struct zta_ast_cond *right = &b->group->conds[0];
    return left->attribute == right->attribute &&
           (left->attribute != ZTA_ATTRIBUTE_CLAIM || zta_text_equal(left->claim, right->claim));
}

/* An allow covers, for a request of which nothing is known, even what it never grants. */
static const char *verb_of(const struct zta_ast_rule *rule)
{
    return rule->kind == ZTA_RULE_ALLOW ? "grants" : "applies";
}

static void warn_of_pair(const struct warner *warner, const struct zta_ast_rule *rule,
                         const struct choice *a, const struct choice *b)
{
    const struct zta_rules_place *first = &a->group->conds[0].place;
    const struct zta_rules_place *second = &b->group->conds[0].place;
    char text[TEXT_SIZE];
    if (first->line > second->line) {
        const struct zta_rules_place *other = first;
        first = second;
        second = other;
    }
    (void)snprintf(text, sizeof text, "never %s: this line and line %" PRIu32 " cannot both hold",
                   verb_of(rule), first->line);
    tell(warner, "never_applies", rule, second, text);
}

/* Of two plain lines of one fact, or a plain and a negated one, the first plain one is asked. */
static enum zta_status warn_of_choices(const struct warner *warner, const struct zta_ast_rule *rule,
                                       const struct choice *choices, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            bool is_excluded = false;
            if (i == j || choices[i].is_negated || (!choices[j].is_negated && j < i) ||
                !are_about_one_fact(&choices[i], &choices[j])) {
                continue;
            }
            const enum zta_status status = exclude(warner, &choices[i], &choices[j], &is_excluded);
            if (status != ZTA_OK) {
                return status;
            }
            if (is_excluded) {
                warn_of_pair(warner, rule, &choices[i], &choices[j]);
                return ZTA_OK; /* once for a rule */
            }
        }
    }
    return ZTA_OK;
}

static enum zta_status warn_of_lines(const struct warner *warner, const struct zta_ast_rule *rule)
{
    struct choice choices[GROUPS_MAX];
    size_t n = 0;
    for (size_t g = 0; g < rule->n_groups && n < GROUPS_MAX; g++) {
        const struct zta_ast_group *group = &rule->groups[g];
        if (!choice_of(group, &choices[n])) {
            continue;
        }
        if (!choices[n].is_negated && each_value(warner->ast, group, stop_at_value, NULL)) {
            tell(warner, "never_applies", rule, &group->conds[0].place,
                 rule->kind == ZTA_RULE_ALLOW ? "never grants: the lists of this line are empty"
                                              : "never applies: the lists of this line are empty");
            return ZTA_OK;
        }
        n++;
    }
    return warn_of_choices(warner, rule, choices, n);
}

/* ---- a deny that spares what is not known ---- */

static bool stop_at_system(void *context, const struct zta_ast_value *value)
{
    return !zta_text_starts_with(value->text, ZTA_TEXT("asn:"));
}

/*
 * Facts that a request may lack although their source is there. Of behaviour that is meant so: who
 * is new has no habits. The client's address is always known, its system is not.
 */
static bool may_be_unknown(const struct warner *warner, const struct zta_ast_group *group)
{
    switch (group->conds[0].attribute) {
    case ZTA_ATTRIBUTE_DEVICE:
    case ZTA_ATTRIBUTE_OS:
    case ZTA_ATTRIBUTE_USER_AGENT:
    case ZTA_ATTRIBUTE_COUNTRY:
        return true;
    case ZTA_ATTRIBUTE_NETWORK:
        return !each_value(warner->ast, group, stop_at_system, NULL);
    default:
        return false;
    }
}

/* Whoever wrote `known` or `unknown` of this fact somewhere in the rule thought of it. */
static bool has_keyword_of(const struct zta_ast_rule *rule, unsigned attribute)
{
    for (size_t g = 0; g < rule->n_groups; g++) {
        for (size_t c = 0; c < rule->groups[g].n_conds; c++) {
            const struct zta_ast_cond *cond = &rule->groups[g].conds[c];
            for (size_t v = 0; cond->attribute == attribute && v < cond->n_values; v++) {
                if (is_keyword(&cond->values[v])) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void warn_of_spared(const struct warner *warner, const struct zta_ast_rule *rule)
{
    for (size_t g = 0; rule->kind == ZTA_RULE_DENY && g < rule->n_groups; g++) {
        const struct zta_ast_group *group = &rule->groups[g];
        const unsigned attribute = group->conds[0].attribute;
        if (!is_plain(group) || !may_be_unknown(warner, group) || has_keyword_of(rule, attribute)) {
            continue;
        }
        const char *name = zta_attribute_info(attribute)->name;
        char text[TEXT_SIZE];
        (void)snprintf(
            text, sizeof text,
            "does not refuse where %s is not known: add unknown to this line or, if that "
            "is meant, a line `when %s known`",
            attribute == ZTA_ATTRIBUTE_NETWORK ? "the autonomous system" : name, name);
        tell(warner, "unknown_is_spared", rule, &group->conds[0].place, text);
        return; /* once for a rule */
    }
}

/* ---- rules of the same conditions ---- */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_conds(const struct zta_ast_cond *a, const struct zta_ast_cond *b)
{
    int order = compare_numbers(a->attribute, b->attribute);
    order = order != 0 ? order : compare_numbers(a->is_negated, b->is_negated);
    order = order != 0 ? order : compare_numbers(a->op, b->op);
    order = order != 0 ? order : compare_numbers(a->n_values, b->n_values);
    if (order == 0 && a->attribute == ZTA_ATTRIBUTE_CLAIM) {
        order = zta_text_compare(a->claim, b->claim);
    }
    for (size_t v = 0; order == 0 && v < a->n_values; v++) {
        order = compare_numbers(a->values[v].is_list, b->values[v].is_list);
        order = order != 0 ? order : compare_values(&a->values[v], &b->values[v]);
    }
    return order;
}

static int compare_conditions(const struct zta_ast_rule *a, const struct zta_ast_rule *b)
{
    int order = compare_numbers(a->kind, b->kind);
    order = order != 0 ? order : compare_numbers(a->n_groups, b->n_groups);
    for (size_t g = 0; order == 0 && g < a->n_groups; g++) {
        const struct zta_ast_group *left = &a->groups[g];
        const struct zta_ast_group *right = &b->groups[g];
        order = compare_numbers(left->is_need, right->is_need);
        order = order != 0 ? order : compare_numbers(left->n_conds, right->n_conds);
        for (size_t c = 0; order == 0 && c < left->n_conds; c++) {
            order = compare_conds(&left->conds[c], &right->conds[c]);
        }
    }
    return order;
}

/* Of equal ones the strongest comes first, then the one that was written first. */
static int compare_rules(const void *left, const void *right)
{
    const struct zta_ast_rule *a = *(const struct zta_ast_rule *const *)left;
    const struct zta_ast_rule *b = *(const struct zta_ast_rule *const *)right;
    int order = compare_conditions(a, b);
    order = order != 0 ? order : compare_numbers(b->mode, a->mode);
    return order != 0 ? order : (a > b) - (a < b);
}

static void warn_of_twin(const struct warner *warner, const struct zta_ast_rule *rule,
                         const struct zta_ast_rule *first)
{
    const struct zta_text *file = &warner->ast->source_names[first->place.source];
    char text[TEXT_SIZE];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    zta_buffer_string(&out, "changes nothing: ");
    zta_buffer_text(&out, first->name);
    zta_buffer_string(&out, " (");
    zta_buffer_safe(&out, *file);
    zta_buffer_printf(&out, ":%" PRIu32 ") has the same conditions", first->place.line);
    tell(warner, "same_as_another", rule, &rule->place, text);
}

/* Limits count apart whatever they ask; what begins, ends or is off is there for a reason. */
static enum zta_status warn_of_twins(const struct warner *warner)
{
    const struct zta_rules_ast *ast = warner->ast;
    const struct zta_ast_rule **sorted = calloc(ast->n_rules + 1, sizeof *sorted);
    if (!sorted) {
        return ZTA_NO_MEMORY;
    }
    size_t n = 0;
    for (size_t i = 0; i < ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &ast->rules[i];
        if (rule->kind <= ZTA_RULE_REQUIRE && rule->otherwise != ZTA_ELSE_THROTTLE &&
            rule->otherwise != ZTA_ELSE_STEP_UP && rule->mode != ZTA_MODE_OFF &&
            rule->from_s == 0 && rule->until_s == 0) {
            sorted[n++] = rule;
        }
    }
    qsort(sorted, n, sizeof *sorted, compare_rules);
    size_t first = 0;
    for (size_t i = 1; i < n; i++) {
        if (compare_conditions(sorted[first], sorted[i]) == 0) {
            warn_of_twin(warner, sorted[i], sorted[first]);
        }
        else {
            first = i;
        }
    }
    free((void *)(uintptr_t)sorted);
    return ZTA_OK;
}

/* ---- what can have no effect ---- */

static void warn_of_effect(const struct warner *warner, const struct zta_ast_rule *rule)
{
    const struct zta_rules_place *place;
    const char *text = zta_warn_of_effect(rule, &place);
    if (text != NULL) {
        tell(warner, "never_applies", rule, place, text);
    }
}

/* Of risk it is when the login was that counts, and only where there is some. */
static bool needs_more_than_risk(const struct zta_ast_rule *rule)
{
    for (size_t g = 0; g < rule->n_groups; g++) {
        for (size_t c = 0; rule->groups[g].is_need && c < rule->groups[g].n_conds; c++) {
            const unsigned attribute = rule->groups[g].conds[c].attribute;
            if (attribute != ZTA_ATTRIBUTE_RISK && attribute != ZTA_ATTRIBUTE_SIGNAL) {
                return true;
            }
        }
    }
    return false;
}

static bool needs_age(const struct zta_ast_rule *rule)
{
    for (size_t g = 0; g < rule->n_groups; g++) {
        for (size_t c = 0; rule->groups[g].is_need && c < rule->groups[g].n_conds; c++) {
            if (rule->groups[g].conds[c].attribute == ZTA_ATTRIBUTE_AUTH_AGE) {
                return true;
            }
        }
    }
    return false;
}

static void warn_of_age(const struct warner *warner, const struct zta_ast_rule *rule)
{
    if (rule->otherwise == ZTA_ELSE_STEP_UP && rule->step_up.max_age_s >= 0 &&
        needs_more_than_risk(rule) && !needs_age(rule)) {
        tell(warner, "age_is_not_needed", rule, &rule->place,
             "max-age is asked for only where a need is lacked: who lacks none passes with a login "
             "of any age; a line `need auth-age` asks for it");
    }
}

/* ---- all of them ---- */

static void warn_of_end(const struct warner *warner, const struct zta_ast_rule *rule)
{
    char time[ZTA_TIME_TEXT_MAX];
    char text[TEXT_SIZE];
    if (rule->until_s != 0 && rule->until_s <= warner->now_s) {
        zta_time_print(rule->until_s, time);
        (void)snprintf(text, sizeof text, "ended at %s and never applies again", time);
        tell(warner, "ended", rule, &rule->place, text);
    }
}

enum zta_status zta_rules_warn(const struct zta_rules_ast *ast, int64_t now_s,
                               zta_rules_warning_fn fn, void *context)
{
    const struct warner warner = {.ast = ast, .now_s = now_s, .fn = fn, .context = context};
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; status == ZTA_OK && i < ast->n_rules; i++) {
        warn_of_methods(&warner, &ast->rules[i]);
        warn_of_end(&warner, &ast->rules[i]);
        warn_of_spared(&warner, &ast->rules[i]);
        warn_of_effect(&warner, &ast->rules[i]);
        warn_of_age(&warner, &ast->rules[i]);
        status = warn_of_lines(&warner, &ast->rules[i]);
    }
    return status == ZTA_OK ? warn_of_twins(&warner) : status;
}
