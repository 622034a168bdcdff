/* SPDX-License-Identifier: Apache-2.0 */
/* Faults that show only in the whole set: names used twice, references to lists. */
#include "shared/rules/parse_priv.h"

#include <stdlib.h>

enum {
    SHOWN_SIZE = 72, /* of a name or item inside an expectation */
};

/* Lists by name, and for which value types each was found to fit. */
struct lists {
    const struct zta_ast_list **sorted;
    uint32_t *fits; /* per sorted list a set of 1u << enum zta_value_type */
    size_t n;
};
_Static_assert(ZTA_N_VALUE_TYPES <= 32, "value types fit a set of 32");

/* Names first, then places, so that of two equal names the later one is the fault. */
static int compare_places(const struct zta_rules_place *a, const struct zta_rules_place *b)
{
    if (a->source != b->source) {
        return a->source < b->source ? -1 : 1;
    }
    return a->line < b->line ? -1 : a->line > b->line;
}

static int compare_lists(const void *a, const void *b)
{
    const struct zta_ast_list *left = *(const struct zta_ast_list *const *)a;
    const struct zta_ast_list *right = *(const struct zta_ast_list *const *)b;
    int order = zta_text_compare(left->name, right->name);
    return order ? order : compare_places(&left->place, &right->place);
}

static int compare_rules(const void *a, const void *b)
{
    const struct zta_ast_rule *left = *(const struct zta_ast_rule *const *)a;
    const struct zta_ast_rule *right = *(const struct zta_ast_rule *const *)b;
    int order = zta_text_compare(left->name, right->name);
    return order ? order : compare_places(&left->place, &right->place);
}

static int compare_name(const void *name, const void *list)
{
    const struct zta_ast_list *candidate = *(const struct zta_ast_list *const *)list;
    return zta_text_compare(*(const struct zta_text *)name, candidate->name);
}

static enum zta_status fail_name(struct zta_parser *parser, struct zta_text name,
                                 const struct zta_rules_place *first,
                                 const struct zta_rules_place *second)
{
    char source[SHOWN_SIZE];
    zta_parse_safe(parser->sources[first->source].name, source, sizeof source);
    return zta_parse_fail_at(parser, second, name, NULL, "another name: this one is used at %s:%lu",
                             source, (unsigned long)first->line);
}

static enum zta_status check_rule_names(struct zta_parser *parser, const struct zta_rules_ast *ast)
{
    const struct zta_ast_rule **sorted =
        zta_arena_alloc(parser->arena, ast->n_rules * sizeof *sorted);
    if (!sorted) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < ast->n_rules; i++) {
        sorted[i] = &ast->rules[i];
    }
    qsort(sorted, ast->n_rules, sizeof *sorted, compare_rules);
    for (size_t i = 1; i < ast->n_rules; i++) {
        if (zta_text_equal(sorted[i - 1]->name, sorted[i]->name)) {
            return fail_name(parser, sorted[i]->name, &sorted[i - 1]->place, &sorted[i]->place);
        }
    }
    return ZTA_OK;
}

static enum zta_status sort_lists(struct zta_parser *parser, const struct zta_rules_ast *ast,
                                  struct lists *lists)
{
    *lists = (struct lists){
        .sorted = zta_arena_alloc(parser->arena, ast->n_lists * sizeof *lists->sorted),
        .fits = zta_arena_alloc(parser->arena, ast->n_lists * sizeof *lists->fits),
        .n = ast->n_lists,
    };
    if (!lists->sorted || !lists->fits) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < lists->n; i++) {
        lists->sorted[i] = &ast->lists[i];
    }
    qsort(lists->sorted, lists->n, sizeof *lists->sorted, compare_lists);
    for (size_t i = 1; i < lists->n; i++) {
        const struct zta_ast_list *first = lists->sorted[i - 1];
        const struct zta_ast_list *second = lists->sorted[i];
        if (zta_text_equal(first->name, second->name)) {
            return fail_name(parser, second->name, &first->place, &second->place);
        }
    }
    return ZTA_OK;
}

static enum zta_status fail_unknown(struct zta_parser *parser, const struct lists *lists,
                                    const struct zta_ast_value *value)
{
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, value->text);
    for (size_t i = 0; i < lists->n; i++) {
        zta_nearest_offer(&nearest, lists->sorted[i]->name);
    }
    return zta_parse_fail_at(parser, &value->place, value->text, &nearest, "the name of a list");
}

static enum zta_status fail_item(struct zta_parser *parser, const struct zta_ast_value *value,
                                 enum zta_value_type type, const struct zta_ast_value *item)
{
    char text[SHOWN_SIZE];
    char source[SHOWN_SIZE];
    zta_parse_safe(item->text, text, sizeof text);
    zta_parse_safe(parser->sources[item->place.source].name, source, sizeof source);
    return zta_parse_fail_at(parser, &value->place, value->text, NULL,
                             "a list that fits; '%s' (%s:%lu) is not %s", text, source,
                             (unsigned long)item->place.line, zta_value_expected(type));
}

static enum zta_status check_reference(struct zta_parser *parser, struct lists *lists,
                                       const struct zta_ast_value *value, enum zta_value_type type)
{
    const struct zta_ast_list **found =
        bsearch(&value->text, lists->sorted, lists->n, sizeof *lists->sorted, compare_name);
    if (!found) {
        return fail_unknown(parser, lists, value);
    }
    uint32_t *fits = &lists->fits[found - lists->sorted];
    if (*fits & 1u << type) {
        return ZTA_OK;
    }
    for (size_t i = 0; i < (*found)->n_items; i++) {
        if (!zta_parse_value_fits(type, &(*found)->items[i])) {
            return fail_item(parser, value, type, &(*found)->items[i]);
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

enum zta_status zta_parse_check(struct zta_parser *parser, const struct zta_rules_ast *ast)
{
    struct lists lists;
    enum zta_status status = check_rule_names(parser, ast);
    if (status == ZTA_OK) {
        status = sort_lists(parser, ast, &lists);
    }
    for (size_t i = 0; status == ZTA_OK && i < ast->n_rules; i++) {
        status = check_rule(parser, &lists, &ast->rules[i]);
    }
    return status;
}
