/* SPDX-License-Identifier: Apache-2.0 */
/* Rules compared as they are printed, so that only what means something differs. */
#include "admin-tui/rule_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/live.h"
#include "admin-tui/output.h"
#include "shared/base/clock.h"
#include "shared/rules/print.h"

enum {
    LINES_MAX = 1024, /* of a text that is compared line by line: the table grows by its square */
};

static const struct zta_text nothing = {.data = NULL};

/* ---- lines ---- */

struct lines {
    struct zta_text all[LINES_MAX];
    size_t n;
};

static struct zta_text take_line(struct zta_text *rest)
{
    const char *end = memchr(rest->data, '\n', rest->len);
    const size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    const struct zta_text line = {.data = rest->data, .len = len};
    rest->data += len + (end != NULL);
    rest->len -= len + (end != NULL);
    return line;
}

/* False: there are more. */
static bool split(struct zta_text text, struct lines *lines)
{
    for (lines->n = 0; text.len > 0 && lines->n < LINES_MAX; lines->n++) {
        lines->all[lines->n] = take_line(&text);
    }
    return text.len == 0;
}

static void give_all(struct zta_text text, char sign, ctl_line_fn fn, void *context)
{
    while (text.len > 0) {
        fn(context, sign, take_line(&text));
    }
}

/* common[i][j]: how many lines those from i and those from j on have in common, in order. */
static void fill(const struct lines *a, const struct lines *b, uint16_t *common)
{
    const size_t width = b->n + 1;
    for (size_t i = a->n; i-- > 0;) {
        for (size_t j = b->n; j-- > 0;) {
            const uint16_t down = common[(i + 1) * width + j];
            const uint16_t right = common[i * width + j + 1];
            common[i * width + j] = zta_text_equal(a->all[i], b->all[j])
                                        ? (uint16_t)(common[(i + 1) * width + j + 1] + 1)
                                        : (down > right ? down : right);
        }
    }
}

static void walk(const struct lines *a, const struct lines *b, const uint16_t *common,
                 ctl_line_fn fn, void *context)
{
    const size_t width = b->n + 1;
    size_t i = 0;
    size_t j = 0;
    while (i < a->n || j < b->n) {
        if (i < a->n && j < b->n && zta_text_equal(a->all[i], b->all[j])) {
            fn(context, ' ', a->all[i]);
            i++;
            j++;
        }
        else if (i < a->n &&
                 (j == b->n || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
            fn(context, '-', a->all[i++]);
        }
        else {
            fn(context, '+', b->all[j++]);
        }
    }
}

void ctl_diff_lines(struct zta_text before, struct zta_text after, ctl_line_fn fn, void *context)
{
    static struct lines a; /* too large for a stack */
    static struct lines b;
    const bool is_short = split(before, &a) && split(after, &b);
    uint16_t *common = is_short ? calloc((a.n + 1) * (b.n + 1), sizeof *common) : NULL;
    if (common == NULL) {
        give_all(before, '-', fn, context);
        give_all(after, '+', fn, context);
        return;
    }
    fill(&a, &b, common);
    walk(&a, &b, common, fn, context);
    free(common);
}

/* ---- trees ---- */

/* Two texts as they are printed. */
struct printed {
    ctl_rule_change_fn fn;
    void *context;
    char *texts[2];
    struct zta_buffer buffers[2];
};

static enum zta_status open_printed(struct printed *printed)
{
    for (size_t i = 0; i < 2; i++) {
        printed->texts[i] = malloc(ZTA_LAYER_TEXT_MAX + 1);
        if (printed->texts[i] == NULL) {
            free(printed->texts[0]);
            return ZTA_NO_MEMORY;
        }
    }
    return ZTA_OK;
}

static struct zta_text text_of(const struct zta_buffer *buffer)
{
    return (struct zta_text){.data = buffer->data, .len = buffer->len};
}

static void begin_pair(struct printed *printed)
{
    for (size_t i = 0; i < 2; i++) {
        zta_buffer_init(&printed->buffers[i], printed->texts[i], ZTA_LAYER_TEXT_MAX + 1);
    }
}

/* has[0], has[1]: is there one before, one after? */
static void give_pair(struct printed *printed, const char *kind, struct zta_text name,
                      const bool has[2])
{
    const struct zta_text before = has[0] ? text_of(&printed->buffers[0]) : nothing;
    const struct zta_text after = has[1] ? text_of(&printed->buffers[1]) : nothing;
    if (has[0] && has[1] && zta_text_equal(before, after)) {
        return;
    }
    const struct ctl_rule_change change = {
        .change = !has[0]  ? "comes"
                  : has[1] ? "changes"
                           : "goes",
        .kind = kind,
        .name = name,
        .before = before,
        .after = after,
    };
    printed->fn(printed->context, &change);
}

static void give_rules(struct printed *printed, const struct zta_ast_rule *before,
                       const struct zta_ast_rule *after)
{
    const bool has[2] = {before != NULL, after != NULL};
    begin_pair(printed);
    if (has[0]) {
        zta_rules_print_rule(before, &printed->buffers[0]);
    }
    if (has[1]) {
        zta_rules_print_rule(after, &printed->buffers[1]);
    }
    give_pair(printed, "rule", has[1] ? after->name : before->name, has);
}

static void give_lists(struct printed *printed, const struct zta_ast_list *before,
                       const struct zta_ast_list *after)
{
    const bool has[2] = {before != NULL, after != NULL};
    begin_pair(printed);
    if (has[0]) {
        zta_rules_print_list(before, &printed->buffers[0]);
    }
    if (has[1]) {
        zta_rules_print_list(after, &printed->buffers[1]);
    }
    give_pair(printed, "list", has[1] ? after->name : before->name, has);
}

static const struct zta_ast_rule *rule_of(const struct zta_rules_ast *ast, struct zta_text name)
{
    const size_t found = ctl_live_find_rule(ast, name);
    return found == SIZE_MAX ? NULL : &ast->rules[found];
}

enum zta_status ctl_rule_diff_sets(const struct zta_rules_ast *before,
                                   const struct zta_rules_ast *after, ctl_rule_change_fn fn,
                                   void *context)
{
    static const struct zta_rules_ast none; /* nothing is in force */
    const struct zta_rules_ast *now = before == NULL ? &none : before;
    struct printed printed = {.fn = fn, .context = context};
    if (open_printed(&printed) != ZTA_OK) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < after->n_lists; i++) {
        give_lists(&printed, ctl_live_find_list(now, after->lists[i].name), &after->lists[i]);
    }
    for (size_t i = 0; i < now->n_lists; i++) {
        if (ctl_live_find_list(after, now->lists[i].name) == NULL) {
            give_lists(&printed, &now->lists[i], NULL);
        }
    }
    for (size_t i = 0; i < after->n_rules; i++) {
        give_rules(&printed, rule_of(now, after->rules[i].name), &after->rules[i]);
    }
    for (size_t i = 0; i < now->n_rules; i++) {
        if (rule_of(after, now->rules[i].name) == NULL) {
            give_rules(&printed, &now->rules[i], NULL);
        }
    }
    free(printed.texts[0]);
    free(printed.texts[1]);
    return ZTA_OK;
}

/* ---- versions of the layer ---- */

/* Modes and step backs have no text of their own. */
static struct zta_text print_entry(const struct zta_layer_entry *entry, char *text, size_t size)
{
    if (entry == NULL) {
        return nothing;
    }
    if (entry->kind == ZTA_LAYER_RULE || entry->kind == ZTA_LAYER_LIST) {
        return entry->text;
    }
    char until[ZTA_TIME_TEXT_MAX];
    struct zta_buffer out;
    zta_buffer_init(&out, text, size);
    zta_buffer_printf(&out, "mode    %s", zta_mode_name(entry->mode));
    if (entry->until_s != 0) {
        zta_time_print(entry->until_s, until);
        zta_buffer_printf(&out, " until %s", until);
    }
    zta_buffer_string(&out, "\n");
    return text_of(&out);
}

static void give_entries(const struct zta_layer_entry *before, const struct zta_layer_entry *after,
                         ctl_rule_change_fn fn, void *context)
{
    char texts[2][64];
    const struct zta_layer_entry *entry = after == NULL ? before : after;
    const struct ctl_rule_change change = {
        .change = before == NULL  ? "comes"
                  : after == NULL ? "goes"
                                  : "changes",
        .kind = zta_layer_kind_name(entry->kind),
        .name = entry->name,
        .before = print_entry(before, texts[0], sizeof texts[0]),
        .after = print_entry(after, texts[1], sizeof texts[1]),
    };
    if (before == NULL || after == NULL || !zta_text_equal(change.before, change.after)) {
        fn(context, &change);
    }
}

void ctl_rule_diff_layers(const struct zta_layer *before, const struct zta_layer *after,
                          ctl_rule_change_fn fn, void *context)
{
    for (size_t i = 0; i < after->n; i++) {
        const struct zta_layer_entry *entry = &after->entries[i];
        give_entries(zta_layer_find(before, entry->kind, entry->name), entry, fn, context);
    }
    for (size_t i = 0; i < before->n; i++) {
        const struct zta_layer_entry *entry = &before->entries[i];
        if (zta_layer_find(after, entry->kind, entry->name) == NULL) {
            give_entries(entry, NULL, fn, context);
        }
    }
}

/* ---- for people ---- */

static void say_line(void *context, char sign, struct zta_text line)
{
    ctl_say_diff(sign, line);
}

void ctl_rule_change_say(void *context, const struct ctl_rule_change *change)
{
    ctl_say("%s %.*s %s", change->kind, (int)change->name.len, change->name.data, change->change);
    ctl_diff_lines(change->before, change->after, say_line, NULL);
}
