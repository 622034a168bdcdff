/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl rules add, apply, remove: what stands in the live layer. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/live.h"
#include "admin-tui/output.h"

/* One command under way. */
struct changing {
    struct ctl *ctl;
    struct ctl_live *live;
    struct ctl_live_set now;      /* in force; empty when that does not fit any more */
    struct ctl_rule_texts *given; /* what was typed or stands in files */
    struct zta_rules_ast *given_ast;
    struct ctl_live_story story;
};

/* ---- what is given ---- */

static bool begins_statement(const char *line)
{
    static const char *const words[] = {"list ",   "allow ",   "deny ", "require ", "limit ",
                                        "signal ", "respond ", "case ", "zta "};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strncmp(line, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return line[0] == ' ' || line[0] == '\t' || line[0] == '#';
}

/* Lines of -e as a text; those inside a rule need not be indented. */
static enum ctl_exit take_lines(const struct ctl *ctl, struct ctl_rule_texts *given)
{
    char text[16384];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    for (size_t i = 0; i < ctl->options.n[CTL_OPTION_LINE]; i++) {
        const char *line = ctl->options.values[CTL_OPTION_LINE][i];
        zta_buffer_printf(&buffer, "%s%s\n", begins_statement(line) ? "" : "  ", line);
    }
    if (buffer.is_overflowed) {
        return ctl_fail(CTL_USAGE, "-e: more than %zu bytes; put the rule into a file",
                        sizeof text - 1);
    }
    return ctl_rule_texts_add(given, ZTA_TEXT("-e"),
                              (struct zta_text){.data = text, .len = buffer.len})
               ? CTL_DONE
               : ctl_fail(CTL_FAILED, "out of memory");
}

static enum ctl_exit read_given(struct changing *changing)
{
    const struct ctl *ctl = changing->ctl;
    const bool has_lines = ctl_option_is_set(&ctl->options, CTL_OPTION_LINE);
    struct ctl_rule_texts *given = changing->given = ctl_rule_texts_open();
    if (given == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    if (has_lines == (ctl->n_arguments > 0)) {
        return ctl_fail(CTL_USAGE, "%s needs files, - for standard input, or lines with -e",
                        ctl->command->words);
    }
    enum ctl_exit code = has_lines ? take_lines(ctl, given) : CTL_DONE;
    for (size_t i = 0; i < ctl->n_arguments && code == CTL_DONE; i++) {
        code = ctl_rule_texts_read_live(given, ctl->arguments[i]);
    }
    return code;
}

static enum ctl_exit parse_given(struct changing *changing)
{
    struct zta_rules_error error = {.line = 0};
    const enum zta_status status =
        ctl_rule_texts_parse_given(changing->given, &changing->given_ast, &error);
    if (status != ZTA_OK) {
        return ctl_rule_texts_fail(status, &error);
    }
    const struct zta_rules_ast *ast = changing->given_ast;
    if (ast->n_cases > 0) {
        ctl_note("%zu cases are not stored; 'ztactl rules test' judges them where they stand.",
                 ast->n_cases);
    }
    return CTL_DONE;
}

/* ---- names that are taken ---- */

/* Where apply is exact about the live layer only the baseline's names are taken. */
static enum ctl_exit check_names(const struct changing *changing, bool is_exact)
{
    struct ctl_live_taken taken;
    if (changing->now.ast == NULL ||
        ctl_option_is_set(&changing->ctl->options, CTL_OPTION_REPLACE) ||
        !ctl_live_find_taken(changing->live, changing->now.ast, changing->given_ast, is_exact,
                             &taken)) {
        return CTL_DONE;
    }
    return ctl_fail(CTL_CONFLICT,
                    "%s %.*s exists at %.*s:%u; --replace puts this one in its place as long as "
                    "it lives. Nothing was changed",
                    taken.kind, (int)taken.name.len, taken.name.data, (int)taken.file.len,
                    taken.file.data, taken.line);
}

/* ---- into the layer ---- */

/* An entry that is as it was keeps its author and time. */
static void keep_history(struct ctl_live *live, enum zta_layer_kind kind, struct zta_text name)
{
    const struct zta_layer_entry *former = zta_layer_find(&live->layer, kind, name);
    for (size_t i = 0; former != NULL && i < live->next.n; i++) {
        struct zta_layer_entry *entry = &live->next.entries[i];
        if (entry->kind == kind && zta_text_equal(entry->name, name) &&
            zta_text_equal(entry->text, former->text) && entry->until_s == former->until_s) {
            *entry = *former;
        }
    }
}

static enum zta_status put(struct changing *changing, enum zta_layer_kind kind,
                           struct zta_text name, struct zta_text text)
{
    struct ctl_live *live = changing->live;
    const struct zta_layer_entry *former = zta_layer_find(&live->layer, kind, name);
    ctl_live_story_add(&changing->story, zta_layer_kind_name(kind), name,
                       former == NULL ? (struct zta_text){.data = NULL} : former->text, text);
    const enum zta_status status = ctl_live_put(live, kind, name, text, ZTA_MODE_ENFORCE);
    if (status == ZTA_OK) {
        keep_history(live, kind, name);
    }
    return status;
}

static enum zta_status put_given(struct changing *changing)
{
    const struct zta_rules_ast *given = changing->given_ast;
    enum zta_status status = ZTA_OK;
    struct zta_text text;
    for (size_t i = 0; i < given->n_lists && status == ZTA_OK; i++) {
        status = ctl_live_list_text(changing->live, &given->lists[i], &text);
        if (status == ZTA_OK) {
            status = put(changing, ZTA_LAYER_LIST, given->lists[i].name, text);
        }
    }
    for (size_t i = 0; i < given->n_rules && status == ZTA_OK; i++) {
        status = ctl_live_rule_text(changing->live, &given->rules[i], &text);
        if (status == ZTA_OK) {
            status = put(changing, ZTA_LAYER_RULE, given->rules[i].name, text);
        }
    }
    return status;
}

/* All but the places that are stepped back goes; what is given comes in its stead. */
static void clear(struct changing *changing)
{
    struct zta_layer *next = &changing->live->next;
    size_t kept = 0;
    for (size_t i = 0; i < next->n; i++) {
        const struct zta_layer_entry *entry = &next->entries[i];
        if (entry->kind == ZTA_LAYER_STEP_BACK) {
            next->entries[kept++] = *entry;
            continue;
        }
        const bool is_given = (entry->kind == ZTA_LAYER_RULE &&
                               ctl_live_find_rule(changing->given_ast, entry->name) != SIZE_MAX) ||
                              (entry->kind == ZTA_LAYER_LIST &&
                               ctl_live_find_list(changing->given_ast, entry->name) != NULL);
        if (!is_given) {
            ctl_live_story_add(&changing->story, "no", entry->name, entry->text,
                               (struct zta_text){.data = NULL});
        }
    }
    next->n = kept;
}

static enum ctl_exit change(struct changing *changing, bool is_exact)
{
    enum ctl_exit code = ctl_live_lifetime(changing->ctl, changing->live);
    if (code == CTL_DONE) {
        code = ctl_live_check_base(changing->ctl, changing->live);
    }
    if (code == CTL_DONE) {
        code = parse_given(changing);
    }
    if (code == CTL_DONE) {
        ctl_live_compile_quietly(changing->live, &changing->live->next, &changing->now);
        code = check_names(changing, is_exact);
    }
    if (code != CTL_DONE) {
        return code;
    }
    if (is_exact) {
        clear(changing);
    }
    const enum zta_status status = put_given(changing);
    if (status == ZTA_TOO_LARGE) {
        return ctl_fail(CTL_FAILED,
                        "a rule or list is longer than %d bytes; long lists belong "
                        "into a file of the configuration",
                        ZTA_LAYER_TEXT_MAX);
    }
    if (status == ZTA_FULL) {
        return ctl_fail(CTL_FAILED, "that are more than %d rules and lists at once",
                        ZTA_LAYER_ENTRIES_MAX);
    }
    return status == ZTA_OK ? ctl_live_commit(changing->ctl, changing->live, &changing->story)
                            : ctl_fail_status(status, NULL, "the live layer");
}

static enum ctl_exit run(struct ctl *ctl, const char *done, bool is_exact)
{
    struct changing *changing = calloc(1, sizeof *changing);
    if (changing == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    changing->ctl = ctl;
    ctl_live_story_begin(&changing->story, ctl->command->words, done);
    enum ctl_exit code = ctl_live_need_reason(ctl);
    if (code == CTL_DONE) {
        code = read_given(changing); /* before privileges are dropped */
    }
    if (code == CTL_DONE) {
        code = ctl_live_open(ctl, CTL_ACCESS_WRITE, &changing->live);
    }
    if (code == CTL_DONE) {
        code = change(changing, is_exact);
    }
    ctl_live_set_close(&changing->now);
    zta_rules_ast_close(&changing->given_ast);
    ctl_rule_texts_close(&changing->given);
    ctl_live_close(&changing->live);
    free(changing);
    return code;
}

enum ctl_exit ctl_run_rules_add(struct ctl *ctl)
{
    return run(ctl, "added", false);
}

enum ctl_exit ctl_run_rules_apply(struct ctl *ctl)
{
    return run(ctl, "applied", true);
}

/* ---- remove ---- */

static enum ctl_exit remove_one(struct changing *changing, const char *argument)
{
    const struct zta_text name = zta_text_of(argument);
    struct ctl_live *live = changing->live;
    static const enum zta_layer_kind kinds[] = {ZTA_LAYER_RULE, ZTA_LAYER_LIST};
    bool is_there = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct zta_layer_entry *entry = zta_layer_find(&live->next, kinds[i], name);
        if (entry != NULL) {
            ctl_live_story_add(&changing->story, zta_layer_kind_name(kinds[i]), name, entry->text,
                               (struct zta_text){.data = NULL});
            is_there = ctl_live_drop(live, kinds[i], name);
        }
    }
    if (is_there) {
        (void)ctl_live_drop(live, ZTA_LAYER_MODE, name);
        return CTL_DONE;
    }
    const size_t found =
        changing->now.ast == NULL ? SIZE_MAX : ctl_live_find_rule(changing->now.ast, name);
    if (found == SIZE_MAX) {
        return ctl_fail(CTL_FAILED, "there is no live rule or list '%s'", argument);
    }
    const struct zta_rules_place *place = &changing->now.ast->rules[found].place;
    const struct zta_text file = changing->now.ast->source_names[place->source];
    return ctl_fail(CTL_FAILED,
                    "rule %s stands in %.*s:%u and is not live; 'ztactl rules disable' takes it "
                    "out of force",
                    argument, (int)file.len, file.data, place->line);
}

enum ctl_exit ctl_run_rules_remove(struct ctl *ctl)
{
    struct changing *changing = calloc(1, sizeof *changing);
    if (changing == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    changing->ctl = ctl;
    ctl_live_story_begin(&changing->story, ctl->command->words, "removed");
    enum ctl_exit code = ctl_live_open(ctl, CTL_ACCESS_WRITE, &changing->live);
    if (code == CTL_DONE) {
        ctl_live_compile_quietly(changing->live, &changing->live->next, &changing->now);
    }
    for (size_t i = 0; i < ctl->n_arguments && code == CTL_DONE; i++) {
        code = remove_one(changing, ctl->arguments[i]);
    }
    if (code == CTL_DONE) {
        code = ctl_live_commit(ctl, changing->live, &changing->story);
    }
    ctl_live_set_close(&changing->now);
    ctl_live_close(&changing->live);
    free(changing);
    return code;
}
