/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles conditions: values made ready for their type, lists once for all their users. */
#include "shared/rules/compile_priv.h"

#include "shared/base/clock.h"
#include "shared/risk_signals.h"

#include <stdlib.h>
#include <string.h>

/* From here on a search is quicker than looking at each value. */
#define SORTED_FROM 8

static int compare_lists(const void *left, const void *right)
{
    const struct zta_compiled_list *a = left;
    const struct zta_compiled_list *b = right;
    return zta_text_compare(a->list->name, b->list->name);
}

enum zta_status zta_compile_lists(struct zta_compiler *compiler)
{
    const size_t n = compiler->ast->n_lists;
    compiler->lists = calloc(n + 1, sizeof *compiler->lists);
    if (compiler->lists == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        compiler->lists[i].list = &compiler->ast->lists[i];
    }
    qsort(compiler->lists, n, sizeof *compiler->lists, compare_lists);
    return ZTA_OK;
}

/* NULL when there is no list of this name. */
static struct zta_compiled_list *find_list(const struct zta_compiler *compiler,
                                           struct zta_text name)
{
    const struct zta_ast_list wanted = {.name = name};
    const struct zta_compiled_list key = {.list = &wanted};
    return bsearch(&key, compiler->lists, compiler->ast->n_lists, sizeof *compiler->lists,
                   compare_lists);
}

static bool is_word(const struct zta_ast_value *value, struct zta_text word)
{
    return !value->is_quoted && !value->is_list && zta_text_equal(value->text, word);
}

/* The last @ that is followed by a configured issuer parts "alice@corp"; subjects hold others. */
static void split_issuer(const struct zta_compiler *compiler, struct zta_rule_value *value)
{
    const char *at = memrchr(value->text.data, '@', value->text.len);
    if (at == NULL) {
        return;
    }
    const size_t len = (size_t)(at - value->text.data);
    const struct zta_text issuer = {.data = at + 1, .len = value->text.len - len - 1};
    for (size_t i = 0; i < compiler->env->n_issuers; i++) {
        if (zta_text_equal(compiler->env->issuers[i], issuer)) {
            value->issuer = issuer;
            value->text.len = len;
            return;
        }
    }
}

static bool wants_issuer(const struct zta_compiler *compiler, unsigned attribute)
{
    const size_t n_own = compiler->env->has_local ? 1 : 0;
    return compiler->env->n_issuers > 1 + n_own &&
           (zta_attribute_info(attribute)->traits & ZTA_TRAIT_PER_ISSUER) != 0;
}

static void lower(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] >= 'A' && text[i] <= 'Z') {
            text[i] = (char)(text[i] - 'A' + 'a');
        }
    }
}

static void upper(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] >= 'a' && text[i] <= 'z') {
            text[i] = (char)(text[i] - 'a' + 'A');
        }
    }
}

static enum zta_status check_issuer(struct zta_compiler *compiler,
                                    const struct zta_ast_value *value)
{
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, value->text);
    for (size_t i = 0; i < compiler->env->n_issuers; i++) {
        if (zta_text_equal(compiler->env->issuers[i], value->text)) {
            return ZTA_OK;
        }
        zta_nearest_offer(&nearest, compiler->env->issuers[i]);
    }
    return compiler->env->n_issuers == 0
               ? ZTA_OK
               : zta_compile_fail(compiler, value, &nearest, "a configured issuer");
}

static void type_claim(const struct zta_ast_value *source, struct zta_rule_value *value)
{
    value->as.claim.kind = ZTA_CLAIM_STRING;
    if (source->is_quoted) {
        return;
    }
    if (zta_text_equal(value->text, ZTA_TEXT("true")) ||
        zta_text_equal(value->text, ZTA_TEXT("false"))) {
        value->as.claim.kind = ZTA_CLAIM_BOOL;
        value->as.claim.number = value->text.len == 4 ? 1 : 0;
    }
    else if (zta_value_number(value->text, &value->as.claim.number) == ZTA_OK) {
        value->as.claim.kind = ZTA_CLAIM_NUMBER;
    }
}

/* What the type of the attribute needs beside the text. */
static enum zta_status type_value(struct zta_compiler *compiler, unsigned attribute,
                                  const struct zta_ast_value *source, struct zta_rule_value *value)
{
    const enum zta_value_type type = zta_attribute_info(attribute)->type;
    if (type == ZTA_VALUE_PATH) {
        char *storage = zta_arena_alloc(compiler->set->arena, value->text.len);
        if (storage == NULL) {
            return ZTA_NO_MEMORY;
        }
        zta_path_pattern_make(value->text, storage, &value->as.path);
    }
    if (type == ZTA_VALUE_NUMBER) {
        uint64_t number;
        if (zta_text_to_u64(value->text, INT64_MAX, &number) != ZTA_OK) {
            return zta_compile_fail(compiler, source, NULL, zta_value_expected(type));
        }
        value->as.number = (int64_t)number;
    }
    if (type == ZTA_VALUE_OS && zta_os_parse(value->text, &value->as.os) != ZTA_OK) {
        return zta_compile_fail(compiler, source, NULL, zta_value_expected(type));
    }
    if (type == ZTA_VALUE_CLAIM) {
        type_claim(source, value);
    }
    return attribute == ZTA_ATTRIBUTE_ISSUER ? check_issuer(compiler, source) : ZTA_OK;
}

static enum zta_status add_value(struct zta_compiler *compiler, unsigned attribute,
                                 const struct zta_ast_value *source, struct zta_rule_values *run)
{
    struct zta_rule_value value = {.issuer = {.data = NULL}};
    const enum zta_value_type type = zta_attribute_info(attribute)->type;
    if (type == ZTA_VALUE_NETWORK) {
        run->n++;
        return zta_compile_net(compiler, source);
    }
    char *copy = zta_arena_alloc(compiler->set->arena, source->text.len);
    if (copy == NULL) {
        return ZTA_NO_MEMORY;
    }
    if (source->text.len > 0) {
        memcpy(copy, source->text.data, source->text.len);
    }
    value.text = (struct zta_text){.data = copy, .len = source->text.len};
    if (type == ZTA_VALUE_HOST) {
        lower(copy, source->text.len);
    }
    if (type == ZTA_VALUE_COUNTRY) {
        upper(copy, source->text.len);
    }
    if (wants_issuer(compiler, attribute)) {
        split_issuer(compiler, &value);
    }
    const enum zta_status status = type_value(compiler, attribute, source, &value);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_rule_value *added = zta_vector_push(&compiler->values);
    if (added == NULL) {
        return ZTA_NO_MEMORY;
    }
    *added = value;
    run->has_issuer = run->has_issuer || !zta_text_is_absent(value.issuer);
    run->has_bare = run->has_bare || zta_text_is_absent(value.issuer);
    run->n++;
    return ZTA_OK;
}

static struct zta_rule_value *value_at(const struct zta_compiler *compiler, uint32_t value)
{
    return &((struct zta_rule_value *)(void *)compiler->values.items)[value];
}

static int compare_values(const void *left, const void *right)
{
    const struct zta_rule_value *a = left;
    const struct zta_rule_value *b = right;
    return zta_text_compare(a->text, b->text);
}

static bool is_compared_by_bytes(unsigned attribute)
{
    switch (zta_attribute_info(attribute)->type) {
    case ZTA_VALUE_TEXT:
    case ZTA_VALUE_NAME:
    case ZTA_VALUE_SCOPE:
    case ZTA_VALUE_METHOD:
    case ZTA_VALUE_THUMBPRINT:
    case ZTA_VALUE_CLAIM:
    case ZTA_VALUE_COUNTRY:
    case ZTA_VALUE_ACR:
        return true;
    case ZTA_VALUE_HOST:
    case ZTA_VALUE_PATH:
    case ZTA_VALUE_MEDIA_TYPE:
    case ZTA_VALUE_NUMBER:
    case ZTA_VALUE_DURATION:
    case ZTA_VALUE_CREDENTIAL:
    case ZTA_VALUE_BINDING:
    case ZTA_VALUE_DEVICE:
    case ZTA_VALUE_OS:
    case ZTA_VALUE_PATTERN:
    case ZTA_VALUE_NETWORK:
    case ZTA_VALUE_BEHAVIOUR:
    case ZTA_VALUE_HOURS:
    case ZTA_VALUE_RISK:
    case ZTA_VALUE_THREAT_LEVEL:
    case ZTA_VALUE_SIGNAL:
    case ZTA_N_VALUE_TYPES:
        break;
    }
    return false;
}

static enum zta_status end_run(struct zta_compiler *compiler, unsigned attribute,
                               struct zta_rule_values *run)
{
    if (zta_attribute_info(attribute)->type == ZTA_VALUE_NETWORK) {
        return zta_compile_nets_end(compiler, run);
    }
    if (run->n >= SORTED_FROM && is_compared_by_bytes(attribute)) {
        qsort(value_at(compiler, run->first), run->n, sizeof(struct zta_rule_value),
              compare_values);
        run->is_sorted = true;
    }
    return ZTA_OK;
}

static enum zta_status push_run(struct zta_compiler *compiler, const struct zta_rule_values *run,
                                struct zta_rule_cond *cond)
{
    struct zta_rule_values *added = zta_vector_push(&compiler->runs);
    if (added == NULL) {
        return ZTA_NO_MEMORY;
    }
    *added = *run;
    cond->n_runs++;
    cond->has_issuer = cond->has_issuer || run->has_issuer;
    return ZTA_OK;
}

static enum zta_status need_issuer(struct zta_compiler *compiler, unsigned attribute,
                                   const struct zta_rule_values *run,
                                   const struct zta_ast_value *value)
{
    if (!run->has_bare || compiler->has_issuer_line || !wants_issuer(compiler, attribute)) {
        return ZTA_OK;
    }
    return zta_compile_fail(compiler, value, NULL,
                            "its issuer, as several are configured: value@issuer, or a line "
                            "`when issuer NAME`");
}

static enum zta_status add_written(struct zta_compiler *compiler, const struct zta_ast_cond *source,
                                   struct zta_rule_cond *cond)
{
    struct zta_rule_values run = {.first = (uint32_t)compiler->values.n};
    for (size_t i = 0; i < source->n_values; i++) {
        const struct zta_ast_value *value = &source->values[i];
        if (value->is_list) {
            continue;
        }
        if (is_word(value, ZTA_TEXT("unknown"))) {
            cond->matches_unknown = true;
            continue;
        }
        if (is_word(value, ZTA_TEXT("known"))) {
            cond->matches_known = true;
            continue;
        }
        enum zta_status status = add_value(compiler, source->attribute, value, &run);
        if (status == ZTA_OK) {
            status = need_issuer(compiler, source->attribute, &run, value);
        }
        if (status != ZTA_OK) {
            return status;
        }
    }
    if (run.n == 0) {
        return ZTA_OK;
    }
    const enum zta_status status = end_run(compiler, source->attribute, &run);
    return status != ZTA_OK ? status : push_run(compiler, &run, cond);
}

static enum zta_status add_list(struct zta_compiler *compiler, const struct zta_ast_value *value,
                                unsigned attribute, struct zta_rule_cond *cond)
{
    struct zta_compiled_list *found = find_list(compiler, value->text);
    if (found == NULL) {
        return zta_compile_fail(compiler, value, NULL, "the name of a list");
    }
    if (!found->is_compiled[attribute]) {
        struct zta_rule_values run = {.first = (uint32_t)compiler->values.n};
        for (size_t i = 0; i < found->list->n_items; i++) {
            const enum zta_status status =
                add_value(compiler, attribute, &found->list->items[i], &run);
            if (status != ZTA_OK) {
                return status;
            }
        }
        const enum zta_status status = end_run(compiler, attribute, &run);
        if (status != ZTA_OK) {
            return status;
        }
        found->is_compiled[attribute] = true;
        found->values[attribute] = run;
    }
    const struct zta_rule_values *values = &found->values[attribute];
    const enum zta_status status = need_issuer(compiler, attribute, values, value);
    return status != ZTA_OK ? status : push_run(compiler, values, cond);
}

static enum zta_status add_bound(struct zta_compiler *compiler, const struct zta_ast_cond *source,
                                 struct zta_rule_cond *cond)
{
    const struct zta_ast_value *value = &source->values[0];
    const enum zta_value_type type = zta_attribute_info(source->attribute)->type;
    enum zta_status status = ZTA_INVALID;
    uint64_t number;
    if (type == ZTA_VALUE_ACR) {
        struct zta_rule_values run = {.first = (uint32_t)compiler->values.n};
        status = zta_compile_check_acr(compiler, value);
        status = status == ZTA_OK ? add_value(compiler, source->attribute, value, &run) : status;
        return status == ZTA_OK ? push_run(compiler, &run, cond) : status;
    }
    if (type == ZTA_VALUE_CLAIM) {
        status = zta_value_number(value->text, &cond->claim_bound);
    }
    else if (type == ZTA_VALUE_DURATION) {
        status = zta_duration_parse(value->text, &cond->bound);
    }
    else if (type == ZTA_VALUE_THREAT_LEVEL) {
        enum zta_threat_level level;
        status = zta_threat_level_parse(value->text, &level);
        cond->bound = status == ZTA_OK ? (int64_t)level : 0;
    }
    else if (zta_text_to_u64(value->text, INT64_MAX, &number) == ZTA_OK) {
        cond->bound = (int64_t)number;
        status = ZTA_OK;
    }
    if (status != ZTA_OK) {
        return zta_compile_fail(compiler, value, NULL, zta_value_expected(type));
    }
    return need_issuer(compiler, source->attribute, &(struct zta_rule_values){.has_bare = true},
                       value);
}

/* Attributes with fixed words are compared as a set of their numbers. */
static uint32_t words_of(const struct zta_compiler *compiler, const struct zta_rule_cond *cond)
{
    const enum zta_value_type type = zta_attribute_info(cond->attribute)->type;
    const struct zta_rule_values *runs = (const void *)compiler->runs.items;
    uint32_t words = 0;
    for (uint32_t r = 0; r < cond->n_runs; r++) {
        const struct zta_rule_values *run = &runs[cond->first_run + r];
        for (uint32_t i = run->first; i < run->first + run->n; i++) {
            const struct zta_text text = value_at(compiler, i)->text;
            for (unsigned w = 0; zta_value_word(type, w) != NULL; w++) {
                words |= zta_text_equal(text, zta_text_of(zta_value_word(type, w))) ? 1u << w : 0;
            }
        }
    }
    return words;
}

static bool has_words(enum zta_value_type type)
{
    return type == ZTA_VALUE_CREDENTIAL || type == ZTA_VALUE_BINDING || type == ZTA_VALUE_DEVICE ||
           type == ZTA_VALUE_BEHAVIOUR || type == ZTA_VALUE_THREAT_LEVEL ||
           type == ZTA_VALUE_SIGNAL;
}

static enum zta_status add_values(struct zta_compiler *compiler, const struct zta_ast_cond *source,
                                  struct zta_rule_cond *cond)
{
    if (source->op != ZTA_OP_ANY_OF) {
        return add_bound(compiler, source, cond);
    }
    if (source->attribute == ZTA_ATTRIBUTE_HOURS) {
        return zta_compile_hours(compiler, source, cond);
    }
    enum zta_status status = add_written(compiler, source, cond);
    for (size_t i = 0; status == ZTA_OK && i < source->n_values; i++) {
        if (source->values[i].is_list) {
            status = add_list(compiler, &source->values[i], source->attribute, cond);
        }
    }
    return status;
}

enum zta_status zta_compile_cond(struct zta_compiler *compiler, const struct zta_ast_cond *source)
{
    enum zta_status status = ZTA_OK;
    struct zta_rule_cond cond = {
        .attribute = (uint8_t)source->attribute,
        .op = (uint8_t)source->op,
        .is_negated = source->is_negated,
        .first_run = (uint32_t)compiler->runs.n,
    };
    if (source->attribute == ZTA_ATTRIBUTE_CLAIM) {
        status = zta_compile_claim(compiler, source->claim, &cond.claim);
    }
    if (status == ZTA_OK) {
        status = add_values(compiler, source, &cond);
    }
    if (status != ZTA_OK) {
        return status;
    }
    if (has_words(zta_attribute_info(cond.attribute)->type)) {
        cond.words = words_of(compiler, &cond);
    }
    struct zta_rule_cond *added = zta_vector_push(&compiler->conds);
    if (added == NULL) {
        return ZTA_NO_MEMORY;
    }
    *added = cond;
    return ZTA_OK;
}
