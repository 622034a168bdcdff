/* SPDX-License-Identifier: Apache-2.0 */
/* Reads, parses and compiles the rules of a command, and says what is wrong with them. */
#include "admin-tui/rule_texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin-tui/output.h"
#include "shared/base/file.h"
#include "shared/base/limits.h"
#include "shared/rules/attributes.h"

struct ctl_rule_texts *ctl_rule_texts_open(void)
{
    return calloc(1, sizeof(struct ctl_rule_texts));
}

void ctl_rule_texts_close(struct ctl_rule_texts **texts)
{
    for (size_t i = 0; *texts != NULL && i < (*texts)->n; i++) {
        free((void *)(uintptr_t)(*texts)->sources[i].text.data);
        free((void *)(uintptr_t)(*texts)->sources[i].name.data);
    }
    if (*texts != NULL) {
        zta_acceptance_close(&(*texts)->acceptance);
    }
    free(*texts);
    *texts = NULL;
}

/* A copy that ends in NUL; NULL when there is no memory. */
static char *copy_of(const void *data, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy != NULL) {
        memcpy(copy, size == 0 ? "" : data, size);
        copy[size] = '\0';
    }
    return copy;
}

bool ctl_rule_texts_add(void *context, struct zta_text name, struct zta_text text)
{
    struct ctl_rule_texts *texts = context;
    char *kept_name = texts->n < CTL_RULE_TEXTS_MAX ? copy_of(name.data, name.len) : NULL;
    char *kept_text = kept_name != NULL ? copy_of(text.data, text.len) : NULL;
    if (kept_text == NULL) {
        free(kept_name);
        texts->status = ZTA_NO_MEMORY;
        return false;
    }
    texts->sources[texts->n++] = (struct zta_rules_source){
        .name = {.data = kept_name, .len = name.len},
        .text = {.data = kept_text, .len = text.len},
    };
    return true;
}

/* Standard input to its end, at most ZTA_RULES_FILE_MAX; the caller frees *data. */
static enum zta_status read_input(char **data, size_t *len, struct zta_error *error)
{
    ssize_t n = 1;
    *data = malloc(ZTA_RULES_FILE_MAX + 1);
    *len = 0;
    while (*data != NULL && n > 0 && *len <= ZTA_RULES_FILE_MAX) {
        n = read(STDIN_FILENO, *data + *len, ZTA_RULES_FILE_MAX + 1 - *len);
        *len += n > 0 ? (size_t)n : 0;
    }
    if (*data == NULL || n < 0) {
        return zta_error_set(error, ZTA_IO, "it cannot be read");
    }
    return *len <= ZTA_RULES_FILE_MAX
               ? ZTA_OK
               : zta_error_set(error, ZTA_TOO_LARGE, "it has more than %d bytes",
                               ZTA_RULES_FILE_MAX);
}

/* The name is that of the source: of a file of items it is not the path alone. */
static enum ctl_exit read_file(const char *path, const char *name, struct ctl_rule_texts *texts)
{
    char *data = NULL;
    size_t len = 0;
    struct zta_error error = {.status = ZTA_OK};
    struct zta_file_stamp stamp = {.inode = 0};
    const enum zta_status status =
        strcmp(path, "-") == 0
            ? read_input(&data, &len, &error)
            : zta_file_read(path, ZTA_RULES_FILE_MAX, &data, &len, &stamp, &error);
    bool is_kept = status == ZTA_OK;
    if (is_kept) {
        texts->modified_s[texts->n < CTL_RULE_TEXTS_MAX ? texts->n : 0] = stamp.modified.tv_sec;
        is_kept = ctl_rule_texts_add(texts, zta_text_of(name),
                                     (struct zta_text){.data = data, .len = len});
    }
    free(data);
    if (status != ZTA_OK) {
        return ctl_fail(CTL_FAILED, "%s: %s", path, error.text);
    }
    return is_kept ? CTL_DONE
                   : ctl_fail(CTL_FAILED, "%s: no memory, or more than %d files", path,
                              CTL_RULE_TEXTS_MAX);
}

enum zta_status ctl_rule_texts_load_issuers(struct zta_view *view, struct ctl_rule_texts *texts,
                                            struct zta_error *error)
{
    enum zta_status status = ctl_issuers_load(view, &texts->issuers, error);
    if (status != ZTA_OK) {
        return status;
    }
    zta_acceptance_close(&texts->acceptance);
    status = zta_acceptance_open(view, &texts->acceptance);
    return status == ZTA_OK || status == ZTA_NOT_FOUND
               ? ZTA_OK
               : zta_error_set(error, status, "reading what the server accepts: %s",
                               zta_status_text(status));
}

/* The store may not be there yet, or be another user's: then only what the files say is checked. */
static void load_issuers(struct ctl *ctl, struct ctl_rule_texts *texts)
{
    struct zta_error error;
    struct zta_view *view = NULL;
    texts->issuers.n = 0;
    texts->issuers.is_published = false;
    if (ctl_store_open(ctl, CTL_ACCESS_READ, &error) == ZTA_OK &&
        zta_view_begin(ctl->store, &view) == ZTA_OK) {
        if (ctl_rule_texts_load_issuers(view, texts, &error) != ZTA_OK) {
            texts->issuers.is_published = false;
        }
        zta_view_end(&view);
    }
}

/* A file of items that several lists name is read once. */
static enum zta_status read_items(void *context, const char *name)
{
    struct ctl_rule_texts *texts = context;
    for (size_t i = 0; i < texts->n; i++) {
        if (zta_text_equal(texts->sources[i].name, zta_text_of(name))) {
            return ZTA_OK;
        }
    }
    return read_file(name + strlen(ZTA_RULES_FILE_PREFIX), name, texts) == CTL_DONE ? ZTA_OK
                                                                                    : ZTA_INVALID;
}

enum ctl_exit ctl_rule_texts_read_live(struct ctl_rule_texts *texts, const char *path)
{
    return read_file(path, path, texts);
}

enum ctl_exit ctl_rule_texts_read(struct ctl *ctl, struct ctl_rule_texts *texts)
{
    for (size_t i = 0; i < ctl->n_arguments; i++) {
        const char *path = ctl->arguments[i];
        if (zta_text_starts_with(zta_text_of(path), ZTA_TEXT(ZTA_RULES_FILE_PREFIX))) {
            return ctl_fail(CTL_USAGE, "%s: a file of this name is written ./%s", path, path);
        }
        enum ctl_exit code = read_file(path, path, texts);
        if (code != CTL_DONE) {
            return code;
        }
        const struct zta_rules_source source = texts->sources[texts->n - 1];
        if (zta_rules_each_file(&source, read_items, texts) != ZTA_OK) {
            return CTL_FAILED; /* said */
        }
    }
    load_issuers(ctl, texts);
    return CTL_DONE;
}

enum zta_status ctl_rule_texts_parse_given(struct ctl_rule_texts *texts, struct zta_rules_ast **ast,
                                           struct zta_rules_error *error)
{
    for (size_t i = 0; i < texts->n; i++) {
        texts->sources[i].is_live = true;
    }
    const enum zta_status status = zta_rules_parse_part(texts->sources, texts->n, ast, error);
    if (status != ZTA_OK || (*ast)->n_rules + (*ast)->n_lists > 0) {
        return status;
    }
    *error = (struct zta_rules_error){
        .line = 1,
        .column = 1,
        .expected = "a rule or a list: there is no rule and no list in what was given"};
    (void)snprintf(error->source, sizeof error->source, "%.*s", (int)texts->sources[0].name.len,
                   texts->sources[0].name.data);
    return ZTA_INVALID;
}

static void note_issuer(struct ctl_issuers *issuers, const struct zta_ast_value *value)
{
    bool is_known = value->is_list || zta_text_equal(value->text, ZTA_TEXT(CTL_LOCAL_ISSUER)) ||
                    (!value->is_quoted && (zta_text_equal(value->text, ZTA_TEXT("known")) ||
                                           zta_text_equal(value->text, ZTA_TEXT("unknown"))));
    for (size_t i = 0; i < issuers->n && !is_known; i++) {
        is_known = zta_text_equal(value->text, zta_text_of(issuers->names[i]));
    }
    if (!is_known && issuers->n < CTL_ISSUERS_MAX && value->text.len <= ZTA_NAME_MAX) {
        memcpy(issuers->names[issuers->n], value->text.data, value->text.len);
        issuers->names[issuers->n++][value->text.len] = '\0';
    }
}

static void note_items(struct ctl_issuers *issuers, const struct zta_rules_ast *ast,
                       const struct zta_ast_value *value)
{
    for (size_t i = 0; value->is_list && i < ast->n_lists; i++) {
        const struct zta_ast_list *list = &ast->lists[i];
        for (size_t k = 0; zta_text_equal(list->name, value->text) && k < list->n_items; k++) {
            note_issuer(issuers, &list->items[k]);
        }
    }
}

static void note_issuers_of_rule(struct ctl_issuers *issuers, const struct zta_rules_ast *ast,
                                 const struct zta_ast_rule *rule)
{
    for (size_t g = 0; g < rule->n_groups; g++) {
        for (size_t c = 0; c < rule->groups[g].n_conds; c++) {
            const struct zta_ast_cond *cond = &rule->groups[g].conds[c];
            bool is_issuer = cond->attribute == ZTA_ATTRIBUTE_ISSUER;
            for (size_t v = 0; is_issuer && v < cond->n_values; v++) {
                note_issuer(issuers, &cond->values[v]);
                note_items(issuers, ast, &cond->values[v]);
            }
        }
    }
}

void ctl_rule_texts_note_issuers(struct ctl_rule_texts *texts, const struct zta_rules_ast *ast)
{
    for (size_t i = 0; i < ast->n_rules; i++) {
        note_issuers_of_rule(&texts->issuers, ast, &ast->rules[i]);
    }
    for (size_t i = 0; i < ast->n_cases; i++) {
        for (size_t g = 0; g < ast->cases[i].n_givens; g++) {
            const struct zta_ast_given *given = &ast->cases[i].givens[g];
            if (given->attribute == ZTA_ATTRIBUTE_ISSUER) {
                note_issuer(&texts->issuers, &given->values[0]);
            }
        }
    }
}

enum ctl_exit ctl_rule_texts_fail(enum zta_status status, const struct zta_rules_error *error)
{
    char text[1024];
    struct zta_buffer buffer;
    if (status != ZTA_INVALID) {
        return ctl_fail_status(status, NULL, "reading the rules");
    }
    zta_buffer_init(&buffer, text, sizeof text);
    zta_rules_error_print(error, &buffer);
    ctl_note("%s", text);
    return CTL_FAILED;
}

enum ctl_exit ctl_rule_texts_parse(const struct ctl_rule_texts *texts, struct zta_rules_ast **ast)
{
    struct zta_rules_error error = {.line = 0};
    enum zta_status status = zta_rules_parse(texts->sources, texts->n, ast, &error);
    return status == ZTA_OK ? CTL_DONE : ctl_rule_texts_fail(status, &error);
}

static struct zta_acr_order acrs_of(const struct zta_acceptance *acceptance, struct zta_text name)
{
    for (size_t i = 0; acceptance != NULL && i < acceptance->n_issuers; i++) {
        if (zta_text_equal(acceptance->issuers[i].name, name)) {
            return (struct zta_acr_order){
                .values = acceptance->issuers[i].acrs.items,
                .n = acceptance->issuers[i].acrs.n,
            };
        }
    }
    return (struct zta_acr_order){.n = 0};
}

/* Names for the compiler: those published and the API keys' own; with the orders of their acrs. */
static size_t fill_issuers(const struct ctl_rule_texts *texts,
                           struct zta_text names[CTL_ISSUERS_MAX + 1],
                           struct zta_acr_order acrs[CTL_ISSUERS_MAX + 1])
{
    const size_t n = texts->issuers.n;
    for (size_t i = 0; i < n; i++) {
        names[i] = zta_text_of(texts->issuers.names[i]);
        acrs[i] = acrs_of(texts->acceptance, names[i]);
    }
    names[n] = ZTA_TEXT(CTL_LOCAL_ISSUER);
    acrs[n] = (struct zta_acr_order){.n = 0};
    return n + 1;
}

enum zta_status ctl_rule_texts_make(const struct ctl_rule_texts *texts,
                                    const struct zta_rules_ast *ast, struct zta_ruleset **set,
                                    struct zta_rules_error *error)
{
    struct zta_text names[CTL_ISSUERS_MAX + 1];
    struct zta_acr_order acrs[CTL_ISSUERS_MAX + 1];
    size_t n = fill_issuers(texts, names, acrs);
    const struct zta_rules_env env = {
        .issuers = names,
        .acrs = acrs,
        .n_issuers = texts->issuers.is_published || texts->issuers.n > 0 ? n : 0,
        .has_local = true,
    };
    return zta_ruleset_compile(ast, &env, set, error);
}

enum ctl_exit ctl_rule_texts_compile(const struct ctl_rule_texts *texts,
                                     const struct zta_rules_ast *ast, struct zta_ruleset **set)
{
    struct zta_rules_error error = {.line = 0};
    const enum zta_status status = ctl_rule_texts_make(texts, ast, set, &error);
    return status == ZTA_OK ? CTL_DONE : ctl_rule_texts_fail(status, &error);
}
