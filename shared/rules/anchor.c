/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in the index a rule is found: what its plain `when` lines on host, path and method ask for.
 * Patterns of one rule that one request could match are merged, so that no rule is met twice.
 */
#include "shared/rules/ruleset_priv.h"

#include "shared/rules/match.h"

static bool is_same_label(struct zta_text a, struct zta_text b)
{
    return zta_text_is_absent(a) ? zta_text_is_absent(b) : zta_text_equal(a, b);
}

/* True when every condition of the line names values of this attribute and does nothing else. */
static bool is_plain_when(const struct zta_ruleset *set, const struct zta_rule_group *group,
                          enum zta_attribute attribute)
{
    if (group->is_need) {
        return false;
    }
    for (uint32_t i = 0; i < group->n_conds; i++) {
        const struct zta_rule_cond *cond = &set->conds[group->first_cond + i];
        if (cond->attribute != attribute || cond->is_negated || cond->matches_known ||
            cond->matches_unknown) {
            return false;
        }
    }
    return true;
}

/* Walks all values of a line. */
struct value_walk {
    const struct zta_ruleset *set;
    const struct zta_rule_group *group;
    uint32_t cond;
    uint32_t run;
    uint32_t value;
};

static const struct zta_rule_value *next_value(struct value_walk *walk)
{
    while (walk->cond < walk->group->n_conds) {
        const struct zta_rule_cond *cond = &walk->set->conds[walk->group->first_cond + walk->cond];
        if (walk->run < cond->n_runs) {
            const struct zta_rule_values *run = &walk->set->runs[cond->first_run + walk->run];
            if (walk->value < run->n) {
                return &walk->set->values[run->first + walk->value++];
            }
            walk->run++;
            walk->value = 0;
            continue;
        }
        walk->cond++;
        walk->run = 0;
    }
    return NULL;
}

/* True when what is found there matches the pattern, and not only the other way round. */
static bool path_of(const struct zta_path_pattern *pattern, struct zta_index_path *path)
{
    struct zta_text rest = pattern->text;
    struct zta_text segment;
    path->depth = 0;
    path->is_exact = false;
    while (zta_path_next_segment(&rest, &segment)) {
        if (path->depth == ZTA_INDEX_DEPTH_MAX) {
            return false;
        }
        /* The text of the other kinds is literal: a star in it was escaped. */
        if (pattern->kind == ZTA_PATH_PATTERN_GENERAL && zta_glob_is_pattern(segment)) {
            if (segment.len != 1) {
                return false;
            }
            segment = (struct zta_text){.data = NULL};
        }
        path->labels[path->depth++] = segment;
    }
    path->is_exact = pattern->kind != ZTA_PATH_PATTERN_SUBTREE;
    return pattern->kind != ZTA_PATH_PATTERN_GENERAL;
}

/* Shortens *path to what it shares with other; what matches either is found there. */
static void merge(struct zta_index_path *path, const struct zta_index_path *other)
{
    size_t depth = 0;
    while (depth < path->depth && depth < other->depth &&
           is_same_label(path->labels[depth], other->labels[depth])) {
        depth++;
    }
    path->is_exact =
        path->is_exact && other->is_exact && depth == path->depth && depth == other->depth;
    path->depth = (uint8_t)depth;
}

/* True when one request's way can end or pass both. */
static bool is_overlap(const struct zta_index_path *a, const struct zta_index_path *b)
{
    const struct zta_index_path *shorter = a->depth <= b->depth ? a : b;
    if (a->depth != b->depth && shorter->is_exact) {
        return false;
    }
    for (size_t i = 0; i < shorter->depth; i++) {
        if (!zta_text_is_absent(a->labels[i]) && !zta_text_is_absent(b->labels[i]) &&
            !zta_text_equal(a->labels[i], b->labels[i])) {
            return false;
        }
    }
    return true;
}

/* Merging can make a path overlap one before it, hence from the start again. */
static void separate_paths(struct zta_index_path *paths, size_t *n)
{
    size_t i = 1;
    while (i < *n) {
        size_t j = 0;
        while (j < i && !is_overlap(&paths[i], &paths[j])) {
            j++;
        }
        if (j == i) {
            i++;
            continue;
        }
        merge(&paths[j], &paths[i]);
        paths[i] = paths[--*n];
        i = 1;
    }
}

/* *is_whole: where it is found, the line is true. */
static size_t paths_of(const struct zta_ruleset *set, const struct zta_rule_group *group,
                       struct zta_index_path paths[ZTA_INDEX_ANCHORS_MAX], bool *is_whole)
{
    struct value_walk walk = {.set = set, .group = group};
    const struct zta_rule_value *value;
    size_t n = 0;
    size_t n_values = 0;
    *is_whole = true;
    while ((value = next_value(&walk)) != NULL) {
        if (n == ZTA_INDEX_ANCHORS_MAX) {
            for (size_t i = 1; i < n; i++) {
                merge(&paths[0], &paths[i]);
            }
            n = 1;
        }
        *is_whole = path_of(&value->as.path, &paths[n++]) && *is_whole;
        n_values++;
    }
    separate_paths(paths, &n);
    *is_whole = *is_whole && n > 0 && n == n_values; /* none was merged with another */
    return n;
}

/* How deep the least specific of the paths lies. */
static size_t depth_of(const struct zta_index_path *paths, size_t n)
{
    size_t depth = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        const size_t own = paths[i].depth + (paths[i].is_exact ? 1u : 0u);
        depth = own < depth ? own : depth;
    }
    return depth;
}

/* A name, or ".x" for "*.x"; false for what no look-up can find. */
static bool host_of(struct zta_text pattern, struct zta_text *host)
{
    *host = pattern;
    if (zta_text_starts_with(pattern, ZTA_TEXT("*."))) {
        host->data++;
        host->len--;
    }
    return !zta_glob_is_pattern(*host);
}

static bool host_covers(struct zta_text a, struct zta_text b)
{
    if (zta_text_equal(a, b)) {
        return true;
    }
    return a.len > 0 && a.data[0] == '.' && b.len > a.len &&
           zta_text_starts_with((struct zta_text){.data = b.data + (b.len - a.len), .len = a.len},
                                a);
}

/* Adds a host unless another covers it; drops those it covers. */
static void add_host(struct zta_index_entry *entry, struct zta_text host)
{
    size_t kept = 0;
    for (size_t i = 0; i < entry->n_hosts; i++) {
        if (host_covers(entry->hosts[i], host)) {
            return;
        }
    }
    for (size_t i = 0; i < entry->n_hosts; i++) {
        if (!host_covers(host, entry->hosts[i])) {
            entry->hosts[kept++] = entry->hosts[i];
        }
    }
    entry->hosts[kept++] = host;
    entry->n_hosts = kept;
}

static void add_hosts(const struct zta_ruleset *set, const struct zta_rule_group *group,
                      struct zta_index_entry *entry)
{
    struct value_walk walk = {.set = set, .group = group};
    const struct zta_rule_value *value;
    while ((value = next_value(&walk)) != NULL) {
        struct zta_text host;
        if (entry->n_hosts == ZTA_INDEX_ANCHORS_MAX || !host_of(value->text, &host)) {
            entry->n_hosts = 0;
            return;
        }
        add_host(entry, host);
    }
}

static uint8_t methods_of(const struct zta_ruleset *set, const struct zta_rule_group *group)
{
    struct value_walk walk = {.set = set, .group = group};
    const struct zta_rule_value *value;
    unsigned methods = 0;
    while ((value = next_value(&walk)) != NULL) {
        methods |= zta_index_method_bit(value->text);
        if (zta_text_equal(value->text, ZTA_TEXT("GET"))) {
            methods |= zta_index_method_bit(ZTA_TEXT("HEAD"));
        }
    }
    return (uint8_t)methods;
}

void zta_index_entry_make(const struct zta_ruleset *set, uint32_t rule,
                          struct zta_index_entry *entry)
{
    const struct zta_rule *found = &set->rules[rule];
    struct zta_index_path paths[ZTA_INDEX_ANCHORS_MAX];
    entry->rule = rule;
    entry->methods = ZTA_INDEX_METHODS_ALL;
    entry->n_paths = 0;
    entry->n_hosts = 0;
    entry->found = ZTA_INDEX_NO_GROUP;
    for (uint32_t i = 0; i < found->n_groups; i++) {
        const struct zta_rule_group *group = &set->groups[found->first_group + i];
        if (is_plain_when(set, group, ZTA_ATTRIBUTE_METHOD)) {
            entry->methods &= methods_of(set, group);
        }
        if (entry->n_hosts == 0 && is_plain_when(set, group, ZTA_ATTRIBUTE_HOST)) {
            add_hosts(set, group, entry);
        }
        if (is_plain_when(set, group, ZTA_ATTRIBUTE_PATH)) {
            bool is_whole;
            const size_t n = paths_of(set, group, paths, &is_whole);
            if (entry->n_paths == 0 ||
                depth_of(paths, n) > depth_of(entry->paths, entry->n_paths)) {
                for (size_t k = 0; k < n; k++) {
                    entry->paths[k] = paths[k];
                }
                entry->n_paths = n;
                entry->found = is_whole ? found->first_group + i : ZTA_INDEX_NO_GROUP;
            }
        }
    }
}
