/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles in the observer's thread: within milliseconds, and only when something moved. */
#include "mod_zta/helper/ruleset.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/base/clock.h"
#include "shared/rules/layer.h"
#include "shared/store/layers.h"

#define RETRY_S 5 /* after a fault that may pass */

struct mod_zta_ruleset {
    const struct mod_zta_ruleset_options *options;
    struct zta_ruleset *set;
    uint64_t version;
    uint64_t generation;   /* of the live layer that was looked at last */
    int64_t valid_until_s; /* 0: until something moves */
    int64_t looked_s;
    bool is_stale; /* to be compiled whatever the generation says */
    bool is_faulty;
    char fault[512];
};

enum zta_status mod_zta_ruleset_open(const struct mod_zta_ruleset_options *options,
                                     struct mod_zta_ruleset **ruleset)
{
    struct mod_zta_ruleset *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->options = options;
    opened->is_stale = true;
    *ruleset = opened;
    return ZTA_OK;
}

void mod_zta_ruleset_close(struct mod_zta_ruleset **ruleset)
{
    if (*ruleset != NULL) {
        zta_ruleset_close(&(*ruleset)->set);
        free(*ruleset);
        *ruleset = NULL;
    }
}

void mod_zta_ruleset_touch(struct mod_zta_ruleset *ruleset)
{
    ruleset->is_stale = true;
}

static enum zta_status parse(const struct mod_zta_ruleset_options *options,
                             const struct zta_layer *layer, int64_t now_s,
                             struct zta_rules_ast **ast, struct zta_rules_error *error)
{
    struct zta_rules_source *sources = calloc(options->n + 1, sizeof *sources);
    if (sources == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < options->n; i++) {
        sources[i] =
            (struct zta_rules_source){.name = options->names[i], .text = options->texts[i]};
    }
    const enum zta_status status = zta_layer_parse(sources, options->n, layer, now_s, ast, error);
    free(sources);
    return status;
}

static void note_fault(struct mod_zta_ruleset *ruleset, enum zta_status status,
                       const struct zta_rules_error *error)
{
    struct zta_buffer text;
    zta_buffer_init(&text, ruleset->fault, sizeof ruleset->fault);
    zta_buffer_string(&text, "rules for automation and risk stay as they were: ");
    if (status == ZTA_INVALID) {
        zta_rules_error_print(error, &text);
    }
    else {
        zta_buffer_string(&text, zta_status_text(status));
    }
    ruleset->is_faulty = true;
}

static enum zta_status compile(struct mod_zta_ruleset *ruleset, const struct zta_layer *layer,
                               int64_t now_s, struct zta_rules_error *error)
{
    struct zta_rules_ast *ast = NULL;
    struct zta_ruleset *set = NULL;
    enum zta_status status = parse(ruleset->options, layer, now_s, &ast, error);
    if (status == ZTA_OK) {
        status = zta_ruleset_compile(ast, &ruleset->options->env, &set, error);
    }
    zta_rules_ast_close(&ast);
    if (status == ZTA_OK) {
        zta_ruleset_close(&ruleset->set);
        ruleset->set = set;
        ruleset->version++;
        ruleset->is_faulty = false;
    }
    return status;
}

static void renew(struct mod_zta_ruleset *ruleset, struct zta_view *view, int64_t now_s)
{
    struct zta_rules_error error = {.line = 0};
    struct zta_layer layer = {.version = 0};
    void *storage = NULL;
    enum zta_status status = zta_layer_in_force(view, now_s, &layer, &storage);
    if (status == ZTA_OK) {
        ruleset->valid_until_s = zta_layer_valid_until(&layer, now_s);
        status = compile(ruleset, &layer, now_s, &error);
    }
    free(storage);
    ruleset->is_stale = false;
    ruleset->looked_s = now_s;
    if (status != ZTA_OK) {
        note_fault(ruleset, status, &error);
        ruleset->valid_until_s = now_s + RETRY_S;
    }
}

/* What had ended may live again when the clock is set back. */
static bool is_in_force(const struct mod_zta_ruleset *ruleset, uint64_t generation, int64_t now_s)
{
    return !ruleset->is_stale && ruleset->generation == generation &&
           (ruleset->valid_until_s == 0 || now_s < ruleset->valid_until_s) &&
           now_s + RETRY_S >= ruleset->looked_s;
}

const char *mod_zta_ruleset_look(struct mod_zta_ruleset *ruleset, struct zta_store *store,
                                 int64_t now_real_ns)
{
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    struct zta_generations generations;
    struct zta_view *view;
    if (zta_view_begin(store, &view) == ZTA_OK) {
        if (zta_view_generations(view, &generations) == ZTA_OK &&
            !is_in_force(ruleset, generations.rules, now_s)) {
            renew(ruleset, view, now_s);
            ruleset->generation = generations.rules;
        }
        zta_view_end(&view);
    }
    return ruleset->is_faulty ? ruleset->fault : NULL;
}

const struct zta_ruleset *mod_zta_ruleset_get(const struct mod_zta_ruleset *ruleset)
{
    return ruleset->set;
}

uint64_t mod_zta_ruleset_version(const struct mod_zta_ruleset *ruleset)
{
    return ruleset->version;
}
