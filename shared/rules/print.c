/* SPDX-License-Identifier: Apache-2.0 */
/* Prints rules in the one layout that tools show, and that parses back to equal rules. */
#include "shared/rules/print.h"

#include "shared/base/clock.h"
#include "shared/rules/attributes.h"
#include "shared/rules/lex.h"
#include "shared/rules/respond.h"

#include <inttypes.h>
#include <string.h>

enum {
    LINE_WIDTH = 100, /* a longer list goes on in the next line */
};

static const char *const kinds[] = {
    [ZTA_RULE_ALLOW] = "allow   ", [ZTA_RULE_DENY] = "deny    ",   [ZTA_RULE_REQUIRE] = "require ",
    [ZTA_RULE_LIMIT] = "limit   ", [ZTA_RULE_SIGNAL] = "signal  ", [ZTA_RULE_RESPOND] = "respond ",
};
static const char *const ops[] = {
    [ZTA_OP_ANY_OF] = "", [ZTA_OP_LT] = "< ",  [ZTA_OP_LE] = "<= ",
    [ZTA_OP_GT] = "> ",   [ZTA_OP_GE] = ">= ",
};

static void print_quoted(struct zta_text text, struct zta_buffer *out)
{
    zta_buffer_string(out, "\"");
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            zta_buffer_string(out, "\\");
        }
        zta_buffer_append(out, text.data + i, 1);
    }
    zta_buffer_string(out, "\"");
}

static void print_value(const struct zta_ast_value *value, struct zta_buffer *out)
{
    if (value->is_quoted) {
        print_quoted(value->text, out);
        return;
    }
    zta_buffer_string(out, value->is_list ? "list:" : "");
    zta_buffer_text(out, value->text);
}

static size_t find(struct zta_text text, char c)
{
    const char *at = memchr(text.data, c, text.len);
    return at ? (size_t)(at - text.data) : text.len;
}

/* Canonical names quote only what has a dot or quote; a rule has to quote blanks as well. */
static void print_claim(struct zta_text name, struct zta_buffer *out)
{
    zta_buffer_string(out, "claim:");
    while (name.len > 0) {
        bool is_quoted = name.data[0] == '"';
        size_t len = is_quoted ? zta_lex_quoted_len(name) : find(name, '.');
        struct zta_text segment = {.data = name.data, .len = len > 0 ? len : name.len};
        if (!is_quoted && (find(segment, ' ') < segment.len || find(segment, '\t') < segment.len)) {
            print_quoted(segment, out);
        }
        else {
            zta_buffer_text(out, segment);
        }
        bool has_more = segment.len < name.len;
        zta_buffer_string(out, has_more ? "." : "");
        size_t used = segment.len + has_more;
        name = (struct zta_text){.data = name.data + used, .len = name.len - used};
    }
}

static void print_attribute(unsigned attribute, struct zta_text claim, struct zta_buffer *out)
{
    if (attribute == ZTA_ATTRIBUTE_CLAIM) {
        print_claim(claim, out);
    }
    else {
        zta_buffer_string(out, zta_attribute_info(attribute)->name);
    }
}

void zta_rules_print_cond(const struct zta_ast_cond *cond, struct zta_buffer *out)
{
    zta_buffer_string(out, cond->is_negated ? "not " : "");
    print_attribute(cond->attribute, cond->claim, out);
    zta_buffer_printf(out, " %s", ops[cond->op]);
    for (size_t i = 0; i < cond->n_values; i++) {
        zta_buffer_string(out, i > 0 ? " " : "");
        print_value(&cond->values[i], out);
    }
}

static void print_group(const struct zta_ast_group *group, struct zta_buffer *out)
{
    for (size_t i = 0; i < group->n_conds; i++) {
        const char *word = i > 0 ? "or  " : group->is_need ? "need" : "when";
        zta_buffer_printf(out, "  %s  ", word);
        zta_rules_print_cond(&group->conds[i], out);
        zta_buffer_string(out, "\n");
    }
}

void zta_rules_print_rate(const struct zta_ast_rate *rate, struct zta_buffer *out)
{
    zta_buffer_printf(out, "%" PRIu64 "/", rate->count);
    if (rate->n_units != 1) {
        zta_buffer_printf(out, "%" PRIu64, rate->n_units);
    }
    zta_buffer_printf(out, "%c", rate->unit);
    if (rate->has_burst) {
        zta_buffer_printf(out, " burst %" PRIu64, rate->burst);
    }
    zta_buffer_string(out, rate->is_fleets ? " fleet" : "");
}

static void print_bucket(const struct zta_ast_rule *rule, struct zta_buffer *out)
{
    zta_buffer_string(out, "  key  ");
    for (size_t i = 0; i < rule->n_keys; i++) {
        zta_buffer_string(out, " ");
        if (rule->keys[i] == ZTA_KEY_CLAIM) {
            print_claim(rule->key_claims[i], out);
        }
        else {
            zta_buffer_string(out, zta_limit_key_info(rule->keys[i])->name);
        }
    }
    zta_buffer_string(out, "\n  rate  ");
    zta_rules_print_rate(&rule->rate, out);
    zta_buffer_string(out, "\n");
}

static void print_else(const struct zta_ast_rule *rule, struct zta_buffer *out)
{
    if (rule->otherwise == ZTA_ELSE_DENY) {
        zta_buffer_string(out, "  else  deny\n");
    }
    else if (rule->otherwise == ZTA_ELSE_THROTTLE) {
        zta_buffer_string(out, "  else  throttle ");
        zta_rules_print_rate(&rule->rate, out);
        zta_buffer_string(out, "\n");
    }
    else if (rule->otherwise == ZTA_ELSE_STEP_UP) {
        zta_buffer_string(out, "  else  ");
        zta_rules_print_step_up(&rule->step_up, out);
        zta_buffer_string(out, "\n");
    }
}

static void print_respond(const struct zta_respond *respond, struct zta_buffer *out)
{
    for (size_t i = 0; i < respond->n_ons; i++) {
        zta_buffer_string(out, "  on    ");
        zta_respond_print_on(&respond->ons[i], respond->group, out);
        zta_buffer_string(out, "\n");
    }
    for (size_t i = 0; i < respond->n_dos; i++) {
        zta_buffer_string(out, "  do    ");
        zta_respond_print_do(&respond->dos[i], out);
        zta_buffer_string(out, "\n");
    }
}

static void print_time(const char *word, int64_t time_s, struct zta_buffer *out)
{
    if (time_s != 0) {
        char text[ZTA_TIME_TEXT_MAX];
        zta_time_print(time_s, text);
        zta_buffer_printf(out, "  %-5s %s\n", word, text);
    }
}

void zta_rules_print_rule(const struct zta_ast_rule *rule, struct zta_buffer *out)
{
    zta_buffer_string(out, kinds[rule->kind]);
    zta_buffer_text(out, rule->name);
    if (rule->kind == ZTA_RULE_SIGNAL) {
        zta_rules_print_tuning(&rule->tuning, out);
    }
    zta_buffer_string(out, "\n");
    for (size_t i = 0; i < rule->n_groups; i++) {
        print_group(&rule->groups[i], out);
    }
    if (rule->kind == ZTA_RULE_RESPOND) {
        print_respond(rule->respond, out);
    }
    if (rule->kind == ZTA_RULE_LIMIT) {
        print_bucket(rule, out);
    }
    print_else(rule, out);
    if (rule->has_mode) {
        zta_buffer_printf(out, "  mode  %s\n", zta_mode_name(rule->mode));
    }
    print_time("from", rule->from_s, out);
    print_time("until", rule->until_s, out);
    if (!zta_text_is_absent(rule->note)) {
        zta_buffer_string(out, "  note  ");
        print_quoted(rule->note, out);
        zta_buffer_string(out, "\n");
    }
}

void zta_rules_print_list(const struct zta_ast_list *list, struct zta_buffer *out)
{
    size_t line_start = out->len;
    zta_buffer_string(out, "list    ");
    zta_buffer_text(out, list->name);
    for (size_t i = 0; i < list->n_own + list->n_files; i++) {
        bool is_own = i < list->n_own;
        struct zta_text text = is_own ? list->items[i].text : list->files[i - list->n_own];
        /* Two quotes at most beside the blank; escapes may make a line a little longer. */
        size_t width = out->len - line_start + text.len + 3;
        if (width > LINE_WIDTH) {
            zta_buffer_string(out, "\n       ");
            line_start = out->len - strlen("       ");
        }
        zta_buffer_string(out, " ");
        if (is_own) {
            print_value(&list->items[i], out);
        }
        else {
            zta_buffer_text(out, text);
        }
    }
    zta_buffer_string(out, "\n");
}

void zta_rules_print_expected(const struct zta_ast_case *item, struct zta_buffer *out)
{
    zta_buffer_string(out, zta_outcome_name(item->outcome));
    if (item->has_reason) {
        zta_buffer_printf(out, " %s", zta_reason_name(item->reason));
    }
    if (!zta_text_is_absent(item->by)) {
        zta_buffer_string(out, " by ");
        zta_buffer_text(out, item->by);
    }
}

void zta_rules_print_case(const struct zta_ast_case *item, struct zta_buffer *out)
{
    zta_buffer_string(out, "case    ");
    zta_buffer_text(out, item->name);
    zta_buffer_string(out, "\n");
    for (size_t i = 0; i < item->n_givens; i++) {
        const struct zta_ast_given *given = &item->givens[i];
        zta_buffer_string(out, "  given  ");
        print_attribute(given->attribute, given->claim, out);
        for (size_t v = 0; v < given->n_values; v++) {
            zta_buffer_string(out, " ");
            print_value(&given->values[v], out);
        }
        zta_buffer_string(out, "\n");
    }
    if (!zta_text_is_absent(item->at)) {
        zta_buffer_string(out, "  at     ");
        zta_buffer_text(out, item->at);
        zta_buffer_string(out, "\n");
    }
    if (item->has_stage) {
        zta_buffer_printf(out, "  stage  %u\n", (unsigned)item->stage);
    }
    zta_buffer_string(out, "  expect ");
    zta_rules_print_expected(item, out);
    zta_buffer_string(out, "\n");
}

void zta_rules_print(const struct zta_rules_ast *ast, struct zta_buffer *out)
{
    zta_buffer_string(out, "zta 1\n");
    for (size_t i = 0; i < ast->n_lists; i++) {
        zta_buffer_string(out, "\n");
        zta_rules_print_list(&ast->lists[i], out);
    }
    for (size_t i = 0; i < ast->n_rules; i++) {
        zta_buffer_string(out, "\n");
        zta_rules_print_rule(&ast->rules[i], out);
    }
    for (size_t i = 0; i < ast->n_cases; i++) {
        zta_buffer_string(out, "\n");
        zta_rules_print_case(&ast->cases[i], out);
    }
}
