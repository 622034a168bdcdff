/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles parsed rules: in order of name, flat, indexed. */
#include "shared/rules/compile.h"

#include "shared/decision.h"
#include "shared/rules/compile_priv.h"
#include "shared/rules/parse_priv.h"
#include "shared/rules/print.h"

#include <stdlib.h>
#include <string.h>

/* What a value may take before it is cut: the buffer takes none of what does not fit. */
#define PRINTED_MAX 4096

/* A rule and where it was written. */
struct ordered {
    const struct zta_ast_rule *rule;
    uint32_t place;
};

enum zta_status zta_compile_fail(struct zta_compiler *compiler, const struct zta_ast_value *found,
                                 const struct zta_nearest *nearest, const char *expected)
{
    struct zta_rules_error *error = compiler->error;
    const struct zta_rules_place place = found->place;
    *error = (struct zta_rules_error){.line = place.line, .column = place.column};
    if (place.source < compiler->ast->n_sources) {
        zta_parse_safe(compiler->ast->source_names[place.source], error->source,
                       sizeof error->source);
    }
    zta_parse_safe(found->text, error->found, sizeof error->found);
    zta_parse_safe(zta_text_of(expected), error->expected, sizeof error->expected);
    if (nearest != NULL) {
        zta_parse_safe(nearest->best, error->nearest, sizeof error->nearest);
    }
    return ZTA_INVALID;
}

enum zta_status zta_compile_copy(struct zta_compiler *compiler, struct zta_text text,
                                 struct zta_text *copy)
{
    char *data = zta_arena_alloc(compiler->set->arena, text.len + 1);
    if (data == NULL) {
        return ZTA_NO_MEMORY;
    }
    if (text.len > 0) {
        memcpy(data, text.data, text.len);
    }
    data[text.len] = '\0';
    *copy = (struct zta_text){.data = data, .len = text.len};
    return ZTA_OK;
}

enum zta_status zta_compile_claim(struct zta_compiler *compiler, struct zta_text name,
                                  struct zta_text *copy)
{
    const enum zta_status status = zta_compile_copy(compiler, name, copy);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_text *claim = zta_vector_push(&compiler->claims);
    if (claim == NULL) {
        return ZTA_NO_MEMORY;
    }
    *claim = *copy;
    return ZTA_OK;
}

static int compare_names(const void *left, const void *right)
{
    const struct ordered *a = left;
    const struct ordered *b = right;
    const int order = zta_text_compare(a->rule->name, b->rule->name);
    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

/* Condition by condition as it was written; what does not fit is cut between characters. */
static enum zta_status print_group(struct zta_compiler *compiler,
                                   const struct zta_ast_group *source, struct zta_rule_group *group)
{
    char storage[PRINTED_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, storage, sizeof storage);
    for (size_t i = 0; i < source->n_conds; i++) {
        if (i > 0) {
            zta_buffer_string(&buffer, " or ");
        }
        zta_rules_print_cond(&source->conds[i], &buffer);
    }
    struct zta_text text = {.data = storage, .len = buffer.len};
    text.len = text.len < ZTA_MISSING_MAX ? text.len : ZTA_MISSING_MAX - 1;
    while (text.len > 0 && !zta_text_is_utf8(text)) {
        text.len--;
    }
    struct zta_text copy;
    const enum zta_status status = zta_compile_copy(compiler, text, &copy);
    if (status == ZTA_OK) {
        group->text = copy.data;
    }
    return status;
}

static bool is_keyword(const struct zta_ast_value *value)
{
    return !value->is_quoted && !value->is_list &&
           (zta_text_equal(value->text, ZTA_TEXT("known")) ||
            zta_text_equal(value->text, ZTA_TEXT("unknown")));
}

/* True for a condition that names values and can only be met by one of them. */
static bool is_plain(const struct zta_ast_cond *cond)
{
    for (size_t i = 0; i < cond->n_values; i++) {
        if (is_keyword(&cond->values[i])) {
            return false;
        }
    }
    return !cond->is_negated && cond->op == ZTA_OP_ANY_OF;
}

static bool is_plain_group(const struct zta_ast_group *group, bool (*fits)(unsigned attribute))
{
    for (size_t i = 0; i < group->n_conds; i++) {
        if (!fits(group->conds[i].attribute) || !is_plain(&group->conds[i])) {
            return false;
        }
    }
    return true;
}

static bool is_issuer(unsigned attribute)
{
    return attribute == ZTA_ATTRIBUTE_ISSUER;
}

static bool is_scope(unsigned attribute)
{
    return attribute == ZTA_ATTRIBUTE_SCOPE;
}

/* What all alternatives agree on; a client can be told of a scope only where one can be named. */
static enum zta_reason refusal_of(const struct zta_ast_group *group)
{
    const enum zta_reason refusal = zta_attribute_info(group->conds[0].attribute)->refusal;
    for (size_t i = 1; i < group->n_conds; i++) {
        if (zta_attribute_info(group->conds[i].attribute)->refusal != refusal) {
            return ZTA_REASON_UNJUDGED;
        }
    }
    return refusal == ZTA_REASON_INSUFFICIENT_SCOPE && !is_plain_group(group, is_scope)
               ? ZTA_REASON_UNJUDGED
               : refusal;
}

static bool has_issuer_line(const struct zta_ast_rule *rule)
{
    for (size_t i = 0; i < rule->n_groups; i++) {
        if (!rule->groups[i].is_need && is_plain_group(&rule->groups[i], is_issuer)) {
            return true;
        }
    }
    return false;
}

/* *features becomes what the group needs. */
static enum zta_status add_group(struct zta_compiler *compiler, const struct zta_ast_group *source,
                                 uint16_t *features)
{
    enum zta_status status;
    struct zta_rule_group group = {
        .is_need = source->is_need,
        .is_login = zta_compile_is_login(source),
        .refusal = (uint8_t)refusal_of(source),
        .first_cond = (uint32_t)compiler->conds.n,
        .n_conds = (uint32_t)source->n_conds,
    };
    for (size_t i = 0; i < source->n_conds; i++) {
        const enum zta_feature feature = zta_attribute_info(source->conds[i].attribute)->feature;
        if (feature < ZTA_N_FEATURES) {
            group.features = (uint16_t)(group.features | 1u << feature);
        }
        status = zta_compile_cond(compiler, &source->conds[i]);
        if (status != ZTA_OK) {
            return status;
        }
    }
    status = print_group(compiler, source, &group);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_rule_group *added = zta_vector_push(&compiler->groups);
    if (added == NULL) {
        return ZTA_NO_MEMORY;
    }
    *added = group;
    *features = group.features;
    compiler->set->asked = (uint16_t)(compiler->set->asked | group.features);
    return ZTA_OK;
}

static enum zta_status add_keys(struct zta_compiler *compiler, const struct zta_ast_rule *source,
                                struct zta_rule *rule)
{
    rule->first_key = (uint32_t)compiler->keys.n;
    rule->n_keys = (uint32_t)source->n_keys;
    for (size_t i = 0; i < source->n_keys; i++) {
        struct zta_rule_key *key = zta_vector_push(&compiler->keys);
        if (key == NULL) {
            return ZTA_NO_MEMORY;
        }
        key->key = source->keys[i];
        if (key->key == ZTA_KEY_CLAIM) {
            const enum zta_status status =
                zta_compile_claim(compiler, source->key_claims[i], &key->claim);
            if (status != ZTA_OK) {
                return status;
            }
        }
        const struct zta_limit_key_info *info = zta_limit_key_info(key->key);
        rule->is_early = rule->is_early && info->is_early;
        rule->is_keyed_by_identity = rule->is_keyed_by_identity || info->is_identity;
    }
    return ZTA_OK;
}

static bool asks_early_only(const struct zta_ast_rule *rule)
{
    for (size_t i = 0; i < rule->n_groups; i++) {
        for (size_t j = 0; j < rule->groups[i].n_conds; j++) {
            const unsigned attribute = rule->groups[i].conds[j].attribute;
            if ((zta_attribute_info(attribute)->traits & ZTA_TRAIT_EARLY) == 0) {
                return false;
            }
        }
    }
    return true;
}

/* A limit of another name or rate counts anew. */
static void name_bucket(struct zta_rule *rule)
{
    uint8_t rate[3 * sizeof(uint64_t)];
    zta_put_u64(rate, rule->count);
    zta_put_u64(rate + sizeof(uint64_t), rule->window_s);
    zta_put_u64(rate + 2 * sizeof(uint64_t), rule->burst);
    const struct zta_text parts[] = {zta_text_of(rule->name),
                                     {.data = (const char *)rate, .len = sizeof rate}};
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &rule->bucket);
}

static enum zta_status compile_rule(struct zta_compiler *compiler,
                                    const struct zta_ast_rule *source, struct zta_rule *rule)
{
    const bool is_limit = source->kind == ZTA_RULE_LIMIT;
    const uint64_t burst = source->rate.has_burst ? source->rate.burst : source->rate.count;
    struct zta_text name;
    enum zta_status status = zta_compile_copy(compiler, source->name, &name);
    if (status != ZTA_OK) {
        return status;
    }
    *rule = (struct zta_rule){
        .name = name.data,
        .kind = (uint8_t)source->kind,
        .mode = (uint8_t)source->mode,
        .is_early = is_limit && asks_early_only(source),
        .is_fleets = source->rate.is_fleets,
        .throttles = source->otherwise == ZTA_ELSE_THROTTLE,
        .steps_up = source->otherwise == ZTA_ELSE_STEP_UP,
        .source = source->place.source,
        .features = (uint16_t)(1u << zta_compile_feature(source->kind)),
        .line = source->place.line,
        .first_group = (uint32_t)compiler->groups.n,
        .n_groups = (uint32_t)source->n_groups,
        .from_s = source->from_s != 0 ? source->from_s : INT64_MIN,
        .until_s = source->until_s != 0 ? source->until_s : INT64_MAX,
        .count = source->rate.count,
        .window_s = source->rate.window_s,
        .burst = burst > 0 ? burst : 1,
    };
    if (is_limit || rule->throttles) {
        name_bucket(rule);
    }
    status = zta_compile_step_up(compiler, &source->step_up, rule);
    if (status != ZTA_OK) {
        return status;
    }
    compiler->has_issuer_line = has_issuer_line(source);
    for (size_t i = 0; i < source->n_groups; i++) {
        uint16_t features;
        status = add_group(compiler, &source->groups[i], &features);
        if (status != ZTA_OK) {
            return status;
        }
        if (!source->groups[i].is_need) {
            rule->features = (uint16_t)(rule->features | features);
        }
    }
    return add_keys(compiler, source, rule);
}

static enum zta_status compile_rules(struct zta_compiler *compiler)
{
    struct zta_ruleset *set = compiler->set;
    const size_t n = compiler->ast->n_rules;
    struct ordered *order = calloc(n + 1, sizeof *order);
    enum zta_status status = ZTA_OK;
    set->rules = zta_arena_alloc(set->arena, n * sizeof *set->rules);
    set->by_place = zta_arena_alloc(set->arena, n * sizeof *set->by_place);
    if (order == NULL || set->rules == NULL || set->by_place == NULL) {
        free(order);
        return ZTA_NO_MEMORY;
    }
    for (uint32_t i = 0; i < n; i++) {
        order[i] = (struct ordered){.rule = &compiler->ast->rules[i], .place = i};
    }
    qsort(order, n, sizeof *order, compare_names);
    for (uint32_t i = 0; status == ZTA_OK && i < n; i++) {
        set->by_place[order[i].place] = i;
        status = compile_rule(compiler, order[i].rule, &set->rules[i]);
        if (status == ZTA_OK) {
            status = zta_compile_adapt(compiler, order[i].rule, i);
        }
    }
    set->n_rules = n;
    free(order);
    return status;
}

static int compare_texts(const void *left, const void *right)
{
    const struct zta_text *a = left;
    const struct zta_text *b = right;
    return zta_text_compare(*a, *b);
}

static void sort_claims(struct zta_vector *claims)
{
    struct zta_text *texts = (struct zta_text *)(void *)claims->items;
    size_t kept = 0;
    if (claims->n == 0) {
        return;
    }
    qsort(texts, claims->n, sizeof *texts, compare_texts);
    for (size_t i = 1; i < claims->n; i++) {
        if (!zta_text_equal(texts[i], texts[kept])) {
            texts[++kept] = texts[i];
        }
    }
    claims->n = kept + 1;
}

static enum zta_status copy_sources(struct zta_compiler *compiler)
{
    struct zta_ruleset *set = compiler->set;
    const size_t n = compiler->ast->n_sources;
    set->sources = zta_arena_alloc(set->arena, n * sizeof *set->sources);
    if (set->sources == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        struct zta_text copy;
        const enum zta_status status =
            zta_compile_copy(compiler, compiler->ast->source_names[i], &copy);
        if (status != ZTA_OK) {
            return status;
        }
        set->sources[i] = copy.data;
    }
    set->n_sources = n;
    return ZTA_OK;
}

/* What was built on the heap becomes the set's. */
static enum zta_status move_parts(struct zta_compiler *compiler)
{
    struct zta_ruleset *set = compiler->set;
    sort_claims(&compiler->claims);
    set->n_claims = compiler->claims.n;
    set->groups = zta_vector_move(&compiler->groups, set->arena);
    set->conds = zta_vector_move(&compiler->conds, set->arena);
    set->runs = zta_vector_move(&compiler->runs, set->arena);
    set->values = zta_vector_move(&compiler->values, set->arena);
    set->nets = zta_vector_move(&compiler->nets, set->arena);
    set->keys = zta_vector_move(&compiler->keys, set->arena);
    set->claims = zta_vector_move(&compiler->claims, set->arena);
    set->n_responds = compiler->responds.n;
    set->responds = zta_vector_move(&compiler->responds, set->arena);
    set->n_tunings = compiler->tunings.n;
    set->tunings = zta_vector_move(&compiler->tunings, set->arena);
    const size_t n_zones = compiler->zones.n;
    set->zones = zta_vector_move(&compiler->zones, set->arena);
    set->n_zones = set->zones == NULL ? 0 : n_zones;
    return set->groups == NULL || set->conds == NULL || set->runs == NULL || set->values == NULL ||
                   set->nets == NULL || set->keys == NULL || set->claims == NULL ||
                   set->responds == NULL || set->tunings == NULL || set->zones == NULL
               ? ZTA_NO_MEMORY
               : ZTA_OK;
}

static void clear(struct zta_compiler *compiler)
{
    zta_vector_clear(&compiler->groups);
    zta_vector_clear(&compiler->conds);
    zta_vector_clear(&compiler->runs);
    zta_vector_clear(&compiler->values);
    zta_vector_clear(&compiler->nets);
    zta_vector_clear(&compiler->keys);
    zta_vector_clear(&compiler->claims);
    zta_vector_clear(&compiler->cidrs);
    zta_vector_clear(&compiler->asns);
    zta_vector_clear(&compiler->responds);
    zta_vector_clear(&compiler->tunings);
    /* Those that did not become the set's. */
    struct zta_rule_zone *zones = (void *)compiler->zones.items;
    for (size_t i = 0; i < compiler->zones.n; i++) {
        zta_zone_close(&zones[i].zone);
    }
    zta_vector_clear(&compiler->zones);
    free(compiler->lists);
}

static enum zta_rules_question question_of(const struct zta_rule *rule)
{
    if (rule->kind != ZTA_RULE_LIMIT) {
        return ZTA_RULES_JUDGE;
    }
    return rule->is_early ? ZTA_RULES_LIMIT_BEFORE : ZTA_RULES_LIMIT_AFTER;
}

/* The others are walked by whom they are for. */
static bool is_asked(const struct zta_rule *rule)
{
    return rule->kind != ZTA_RULE_SIGNAL && rule->kind != ZTA_RULE_RESPOND;
}

static enum zta_status build_index(struct zta_ruleset *set)
{
    struct zta_index_entry *entry = malloc(sizeof *entry);
    enum zta_status status = entry == NULL ? ZTA_NO_MEMORY : ZTA_OK;
    for (size_t i = 0; status == ZTA_OK && i < ZTA_N_RULES_QUESTIONS; i++) {
        status = zta_rules_index_open(&set->index[i]);
    }
    for (uint32_t i = 0; status == ZTA_OK && i < set->n_rules; i++) {
        if (!is_asked(&set->rules[i])) {
            continue;
        }
        zta_index_entry_make(set, i, entry);
        if (entry->found != ZTA_INDEX_NO_GROUP) {
            set->groups[entry->found].is_found = true;
        }
        status = zta_rules_index_add(set->index[question_of(&set->rules[i])], entry);
        if (status == ZTA_OK && set->rules[i].throttles) {
            status = zta_rules_index_add(set->index[ZTA_RULES_LIMIT_ELSE], entry);
        }
    }
    for (size_t i = 0; status == ZTA_OK && i < ZTA_N_RULES_QUESTIONS; i++) {
        status = zta_rules_index_finish(set->index[i]);
    }
    free(entry);
    return status;
}

static enum zta_status open_set(const struct zta_rules_env *env, struct zta_ruleset **set)
{
    struct zta_arena *arena = zta_arena_open();
    struct zta_ruleset *opened = arena == NULL ? NULL : zta_arena_alloc(arena, sizeof *opened);
    if (opened == NULL) {
        zta_arena_close(&arena);
        return ZTA_NO_MEMORY;
    }
    *opened = (struct zta_ruleset){.arena = arena, .generation = env->generation};
    *set = opened;
    return ZTA_OK;
}

enum zta_status zta_ruleset_compile(const struct zta_rules_ast *ast,
                                    const struct zta_rules_env *env, struct zta_ruleset **set,
                                    struct zta_rules_error *error)
{
    struct zta_compiler compiler = {
        .ast = ast,
        .env = env,
        .error = error,
        .groups = {.item_size = sizeof(struct zta_rule_group)},
        .conds = {.item_size = sizeof(struct zta_rule_cond)},
        .runs = {.item_size = sizeof(struct zta_rule_values)},
        .values = {.item_size = sizeof(struct zta_rule_value)},
        .nets = {.item_size = sizeof(struct zta_rule_nets)},
        .keys = {.item_size = sizeof(struct zta_rule_key)},
        .claims = {.item_size = sizeof(struct zta_text)},
        .cidrs = {.item_size = sizeof(struct zta_cidr)},
        .asns = {.item_size = sizeof(uint32_t)},
        .responds = {.item_size = sizeof(struct zta_rule_respond)},
        .tunings = {.item_size = sizeof(struct zta_rule_tuning)},
        .zones = {.item_size = sizeof(struct zta_rule_zone)},
    };
    memset(error, 0, sizeof *error);
    enum zta_status status = open_set(env, &compiler.set);
    if (status != ZTA_OK) {
        return status;
    }
    status = copy_sources(&compiler);
    for (size_t i = 0; status == ZTA_OK && i < env->n_claims; i++) {
        struct zta_text copy;
        status = zta_compile_claim(&compiler, env->claims[i], &copy);
    }
    if (status == ZTA_OK) {
        status = zta_compile_acrs(&compiler);
    }
    if (status == ZTA_OK) {
        status = zta_compile_lists(&compiler);
    }
    if (status == ZTA_OK) {
        status = compile_rules(&compiler);
    }
    if (status == ZTA_OK) {
        status = move_parts(&compiler);
    }
    if (status == ZTA_OK) {
        status = build_index(compiler.set);
    }
    clear(&compiler);
    if (status != ZTA_OK) {
        zta_ruleset_close(&compiler.set);
        return status;
    }
    *set = compiler.set;
    return ZTA_OK;
}
