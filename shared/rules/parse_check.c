/* SPDX-License-Identifier: Apache-2.0 */
/* Faults that show only in the whole set: names used twice, references to lists. */
#include "shared/rules/parse_priv.h"
#include "shared/rules/print.h"
#include "shared/rules/respond.h"

#include <stdlib.h>

enum {
    SHOWN_SIZE = 72, /* of a name or item inside an expectation */
};

/* A name where it was given, and which list or rule has it. */
struct entry {
    struct zta_text name;
    struct zta_rules_place place;
    size_t index;
};

/* Lists by name, and for which value types each was found to fit. */
struct lists {
    const struct zta_ast_list *all;
    struct entry *sorted;
    size_t n;
    uint32_t *fits; /* per list a set of 1u << enum zta_value_type */
};
_Static_assert(ZTA_N_VALUE_TYPES <= 32, "value types fit a set of 32");

/* Names first, then places, so that of two equal names the later one is the fault. */
static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    int order = zta_text_compare(left->name, right->name);
    if (order) {
        return order;
    }
    return left->index < right->index ? -1 : left->index > right->index;
}

static int compare_name(const void *name, const void *entry)
{
    return zta_text_compare(*(const struct zta_text *)name, ((const struct entry *)entry)->name);
}

static enum zta_status sort_names(struct zta_parser *parser, struct entry *entries, size_t n)
{
    qsort(entries, n, sizeof *entries, compare_entries);
    for (size_t i = 1; i < n; i++) {
        const struct entry *first = &entries[i - 1];
        if (zta_text_equal(first->name, entries[i].name)) {
            char source[SHOWN_SIZE];
            zta_parse_safe(parser->sources[first->place.source].name, source, sizeof source);
            return zta_parse_fail_at(parser, &entries[i].place, entries[i].name, NULL,
                                     "another name: this one is used at %s:%lu", source,
                                     (unsigned long)first->place.line);
        }
    }
    return ZTA_OK;
}

static enum zta_status sort_rules(struct zta_parser *parser, const struct zta_rules_ast *ast,
                                  struct entry **sorted)
{
    struct entry *entries = zta_arena_alloc(parser->arena, ast->n_rules * sizeof *entries);
    if (!entries) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &ast->rules[i];
        entries[i] = (struct entry){.name = rule->name, .place = rule->place, .index = i};
    }
    *sorted = entries;
    return sort_names(parser, entries, ast->n_rules);
}

static enum zta_status check_case_names(struct zta_parser *parser, const struct zta_rules_ast *ast)
{
    struct entry *entries = zta_arena_alloc(parser->arena, ast->n_cases * sizeof *entries);
    if (!entries) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < ast->n_cases; i++) {
        const struct zta_ast_case *item = &ast->cases[i];
        entries[i] = (struct entry){.name = item->name, .place = item->place, .index = i};
    }
    return sort_names(parser, entries, ast->n_cases);
}

static enum zta_status sort_lists(struct zta_parser *parser, const struct zta_rules_ast *ast,
                                  struct lists *lists)
{
    *lists = (struct lists){
        .all = ast->lists,
        .sorted = zta_arena_alloc(parser->arena, ast->n_lists * sizeof(struct entry)),
        .n = ast->n_lists,
        .fits = zta_arena_alloc(parser->arena, ast->n_lists * sizeof(uint32_t)),
    };
    if (!lists->sorted || !lists->fits) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < lists->n; i++) {
        const struct zta_ast_list *list = &lists->all[i];
        lists->sorted[i] = (struct entry){.name = list->name, .place = list->place, .index = i};
    }
    return sort_names(parser, lists->sorted, lists->n);
}

static enum zta_status fail_unknown(struct zta_parser *parser, const struct lists *lists,
                                    const struct zta_ast_value *value)
{
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, value->text);
    for (size_t i = 0; i < lists->n; i++) {
        zta_nearest_offer(&nearest, lists->sorted[i].name);
    }
    return zta_parse_fail_at(parser, &value->place, value->text, &nearest, "the name of a list");
}

static enum zta_status fail_item(struct zta_parser *parser, const struct zta_ast_value *value,
                                 enum zta_value_type type, const struct zta_ast_value *item)
{
    char text[SHOWN_SIZE];
    char source[SHOWN_SIZE];
    zta_parse_safe(item->text, text, sizeof text);
    zta_parse_safe(zta_rules_source_shown(&parser->sources[item->place.source]), source,
                   sizeof source);
    return zta_parse_fail_at(parser, &value->place, value->text, NULL,
                             "a list that fits; '%s' (%s:%lu) is not %s", text, source,
                             (unsigned long)item->place.line, zta_value_expected(type));
}

static enum zta_status check_reference(struct zta_parser *parser, struct lists *lists,
                                       const struct zta_ast_value *value, enum zta_value_type type)
{
    const struct entry *found =
        bsearch(&value->text, lists->sorted, lists->n, sizeof *lists->sorted, compare_name);
    if (!found) {
        return fail_unknown(parser, lists, value);
    }
    uint32_t *fits = &lists->fits[found->index];
    if (*fits & 1u << type) {
        return ZTA_OK;
    }
    const struct zta_ast_list *list = &lists->all[found->index];
    for (size_t i = 0; i < list->n_items; i++) {
        if (!zta_parse_value_fits(type, &list->items[i])) {
            return fail_item(parser, value, type, &list->items[i]);
        }
    }
    *fits |= 1u << type;
    return ZTA_OK;
}

static enum zta_status check_cond(struct zta_parser *parser, struct lists *lists,
                                  const struct zta_ast_cond *cond)
{
    for (size_t i = 0; i < cond->n_values; i++) {
        if (cond->values[i].is_list) {
            enum zta_value_type type = zta_attribute_info(cond->attribute)->type;
            enum zta_status status = check_reference(parser, lists, &cond->values[i], type);
            if (status != ZTA_OK) {
                return status;
            }
        }
    }
    return ZTA_OK;
}

static enum zta_status check_rule(struct zta_parser *parser, struct lists *lists,
                                  const struct zta_ast_rule *rule)
{
    for (size_t g = 0; g < rule->n_groups; g++) {
        for (size_t c = 0; c < rule->groups[g].n_conds; c++) {
            enum zta_status status = check_cond(parser, lists, &rule->groups[g].conds[c]);
            if (status != ZTA_OK) {
                return status;
            }
        }
    }
    return ZTA_OK;
}

static enum zta_status fail_limit(struct zta_parser *parser, const struct zta_rules_ast *ast,
                                  const struct zta_respond_do *act)
{
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, act->name);
    for (size_t i = 0; i < ast->n_rules; i++) {
        if (ast->rules[i].kind == ZTA_RULE_LIMIT) {
            zta_nearest_offer(&nearest, ast->rules[i].name);
        }
    }
    return zta_parse_fail_at(parser, &act->place, act->name, &nearest, "the name of a limit");
}

/* Numbers stay below 2^62: counts and windows are bounded by the parser of rates. */
static bool is_tighter(const struct zta_ast_rate *a, const struct zta_ast_rate *b)
{
    return a->count * b->window_s < b->count * a->window_s;
}

static enum zta_status check_tightened(struct zta_parser *parser, const struct zta_rules_ast *ast,
                                       const struct entry *sorted, const struct zta_respond_do *act)
{
    const struct entry *found =
        bsearch(&act->name, sorted, ast->n_rules, sizeof *sorted, compare_name);
    const struct zta_ast_rule *limit = found ? &ast->rules[found->index] : NULL;
    if (!limit || limit->kind != ZTA_RULE_LIMIT) {
        return fail_limit(parser, ast, act);
    }
    if (is_tighter(&act->rate, &limit->rate)) {
        return ZTA_OK;
    }
    char text[SHOWN_SIZE];
    struct zta_buffer rate;
    zta_buffer_init(&rate, text, sizeof text);
    zta_rules_print_rate(&limit->rate, &rate);
    return zta_parse_fail_at(parser, &act->place, act->name, NULL,
                             "a rate below that of the limit, which is %s: rules only tighten",
                             text);
}

static enum zta_status check_limits(struct zta_parser *parser, const struct zta_rules_ast *ast,
                                    const struct entry *sorted)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; status == ZTA_OK && i < ast->n_rules; i++) {
        const struct zta_respond *respond = ast->rules[i].respond;
        for (size_t d = 0; status == ZTA_OK && respond && d < respond->n_dos; d++) {
            if (respond->dos[d].act == ZTA_ACT_LIMIT) {
                status = check_tightened(parser, ast, sorted, &respond->dos[d]);
            }
        }
    }
    return status;
}

static enum zta_status check_number(struct zta_parser *parser, const struct zta_rules_ast *ast)
{
    size_t n = 0;
    for (size_t i = 0; i < ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &ast->rules[i];
        n += rule->kind == ZTA_RULE_RESPOND;
        if (n > ZTA_RESPONDS_MAX) {
            return zta_parse_fail_at(parser, &rule->place, rule->name, NULL,
                                     "at most %d respond rules", ZTA_RESPONDS_MAX);
        }
    }
    return ZTA_OK;
}

enum zta_status zta_parse_check(struct zta_parser *parser, const struct zta_rules_ast *ast)
{
    struct lists lists;
    struct entry *sorted;
    enum zta_status status = sort_rules(parser, ast, &sorted);
    if (status == ZTA_OK) {
        status = check_number(parser, ast);
    }
    if (status == ZTA_OK) {
        status = check_case_names(parser, ast);
    }
    if (status == ZTA_OK) {
        status = sort_lists(parser, ast, &lists);
    }
    for (size_t i = 0; status == ZTA_OK && !parser->is_part && i < ast->n_rules; i++) {
        status = check_rule(parser, &lists, &ast->rules[i]);
    }
    return status == ZTA_OK && !parser->is_part ? check_limits(parser, ast, sorted) : status;
}
