/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles both layers when the live one has moved; all others of this process wait for that. */
#include "mod_zta/rules.h"

#include <http_config.h>
#include <http_log.h>

#include <apr_strings.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mod_zta/child_thread.h"
#include "mod_zta/config.h"
#include "mod_zta/lists.h"
#include "mod_zta/notify.h"
#include "mod_zta/places.h"
#include "shared/base/clock.h"
#include "shared/store/layers.h"

APLOG_USE_MODULE(zta);

#define RETRY_NS 1000000
#define RETRY_S  5 /* after a fault that may pass */
#define SLEW_S   5 /* what the clock may go back without a new look at what lives */
/* What a child's start waits for files of items, so that it begins with those of now. */
#define FIRST_LOOK_NS (2 * ZTA_NS_PER_S)

static struct zta_current *current;
static server_rec *logged_for;
static size_t n_lists; /* that name a file */
static pthread_mutex_t compiling = PTHREAD_MUTEX_INITIALIZER;

/* What a process judges by that never began: nothing passes. */
static const struct mod_zta_rules unready = {.set = NULL};

/* ---- compiling ---- */

static enum zta_status parse(const struct zta_layer *layer, int64_t now_s,
                             struct zta_rules_ast **ast, struct zta_rules_error *error)
{
    static const struct zta_layer none = {.version = 0};
    const apr_array_header_t *files = mod_zta_global()->rules_files;
    const size_t n = (size_t)files->nelts;
    struct zta_rules_source *sources = calloc(n + 1, sizeof(*sources));
    if (sources == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        const struct mod_zta_rules_file *file =
            &APR_ARRAY_IDX(files, (int)i, struct mod_zta_rules_file);
        sources[i] = (struct zta_rules_source){.name = zta_text_of(file->name),
                                               .text = mod_zta_lists_text((int)i)};
    }
    const enum zta_status status =
        zta_layer_parse(sources, n, layer == NULL ? &none : layer, now_s, ast, error);
    free(sources);
    return status;
}

/* Names that `issuer` in rules may use, and the order of the acr values of each. */
static enum zta_status fill_issuers(struct zta_rules_env *env)
{
    const struct mod_zta_global *global = mod_zta_global();
    const size_t n_max = (size_t)global->issuers->nelts + 2;
    struct zta_text *names = calloc(n_max, sizeof(*names));
    struct zta_acr_order *acrs = calloc(n_max, sizeof(*acrs));
    size_t n = 0;
    if (names == NULL || acrs == NULL) {
        free(names);
        free(acrs);
        return ZTA_NO_MEMORY;
    }
    for (int i = 0; i < global->issuers->nelts; i++) {
        const struct mod_zta_issuer *issuer =
            &APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *)->issuer;
        acrs[n] = issuer->acrs;
        names[n++] = issuer->name;
    }
    if (global->accepts_apikeys) {
        names[n++] = ZTA_TEXT(ZTA_ISSUER_LOCAL);
    }
    if (global->accepts_certificates) {
        names[n++] = ZTA_TEXT(ZTA_ISSUER_MTLS);
    }
    env->issuers = names;
    env->n_issuers = n;
    env->acrs = acrs;
    return ZTA_OK;
}

/* Names that `do notify` in rules may use. */
static enum zta_status fill_notifies(struct zta_rules_env *env)
{
    const apr_array_header_t *targets = mod_zta_global()->notify;
    const size_t n = (size_t)targets->nelts;
    struct zta_text *names = calloc(n + 1, sizeof(*names));
    for (size_t i = 0; names != NULL && i < n; i++) {
        names[i] = zta_text_of(APR_ARRAY_IDX(targets, (int)i, struct mod_zta_notify_target).name);
    }
    env->notifies = names;
    env->n_notifies = n;
    env->knows_notifies = true;
    return names == NULL ? ZTA_NO_MEMORY : ZTA_OK;
}

enum zta_status mod_zta_rules_env(struct zta_rules_env *env)
{
    const struct mod_zta_global *global = mod_zta_global();
    *env = (struct zta_rules_env){
        .generation = global->generation,
        .has_local = global->accepts_apikeys,
        .claims = (const struct zta_text *)(const void *)global->required_claims->elts,
        .n_claims = (size_t)global->required_claims->nelts,
    };
    const enum zta_status status = fill_issuers(env);
    return status == ZTA_OK ? fill_notifies(env) : status;
}

void mod_zta_rules_env_clear(struct zta_rules_env *env)
{
    free((void *)(uintptr_t)env->issuers);
    free((void *)(uintptr_t)env->acrs);
    free((void *)(uintptr_t)env->notifies);
    *env = (struct zta_rules_env){.issuers = NULL};
}

enum zta_status mod_zta_rules_compile(const struct zta_layer *layer, int64_t now_s,
                                      struct zta_ruleset **set, struct zta_rules_error *error)
{
    struct zta_rules_env env;
    struct zta_rules_ast *ast = NULL;
    memset(error, 0, sizeof(*error));
    enum zta_status status = mod_zta_rules_env(&env);
    if (status == ZTA_OK) {
        status = parse(layer, now_s, &ast, error);
    }
    if (status == ZTA_OK) {
        status = zta_ruleset_compile(ast, &env, set, error);
    }
    zta_rules_ast_close(&ast);
    mod_zta_rules_env_clear(&env);
    return status;
}

enum zta_status mod_zta_rules_parse(struct zta_rules_ast **ast, struct zta_rules_error *error)
{
    return parse(NULL, 0, ast, error);
}

static char *fault_of(enum zta_status status, const struct zta_rules_error *error)
{
    char text[1024];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof(text));
    if (status == ZTA_INVALID) {
        zta_rules_error_print(error, &buffer);
    }
    else {
        zta_buffer_string(&buffer, zta_status_text(status));
    }
    return strdup(text);
}

/* ---- rules of a process ---- */

static void close_rules(void *value)
{
    struct mod_zta_rules *rules = value;
    if (!rules->is_baseline) {
        zta_ruleset_close(&rules->set);
    }
    free(rules->step_backs);
    free(rules->fault);
    free(rules);
}

static void use(struct mod_zta_rules *rules, struct zta_ruleset *set)
{
    struct zta_sha256 digest;
    rules->set = set;
    rules->claims = zta_ruleset_claims(set, &rules->n_claims);
    zta_sha256_parts(rules->claims, rules->n_claims, &digest);
    rules->claims_hash = zta_get_u64(digest.bytes);
}

/* Copies of the names of places that are stepped back, behind the array itself. */
static enum zta_status copy_step_backs(struct mod_zta_rules *rules, const struct zta_layer *layer,
                                       int64_t now_s)
{
    size_t size = 0;
    for (size_t i = 0; i < layer->n; i++) {
        size += sizeof(struct zta_text) + layer->entries[i].name.len;
    }
    rules->step_backs = malloc(size + 1);
    if (rules->step_backs == NULL) {
        return ZTA_NO_MEMORY;
    }
    char *text = (char *)(rules->step_backs + layer->n);
    for (size_t i = 0; i < layer->n; i++) {
        const struct zta_layer_entry *entry = &layer->entries[i];
        if (entry->kind == ZTA_LAYER_STEP_BACK && zta_layer_entry_lives(entry, now_s)) {
            memcpy(text, entry->name.data, entry->name.len);
            rules->step_backs[rules->n_step_backs++] =
                (struct zta_text){.data = text, .len = entry->name.len};
            text += entry->name.len;
        }
    }
    return ZTA_OK;
}

static enum zta_status fill(struct mod_zta_rules *rules, const struct zta_layer *layer,
                            int64_t now_s)
{
    struct zta_rules_error error = {.line = 0};
    struct zta_ruleset *set = NULL;
    enum zta_status status = copy_step_backs(rules, layer, now_s);
    rules->live_version = layer->version;
    rules->valid_until_s = zta_layer_valid_until(layer, now_s);
    if (status == ZTA_OK && layer->n == 0 && !mod_zta_lists_are_newer()) {
        rules->is_baseline = true;
        use(rules, mod_zta_global()->rules);
        return ZTA_OK;
    }
    if (status == ZTA_OK) {
        status = mod_zta_rules_compile(layer, now_s, &set, &error);
    }
    if (status == ZTA_OK) {
        use(rules, set);
        return ZTA_OK;
    }
    rules->fault = fault_of(status, &error);
    return status;
}

/* NULL: not even the memory to say that they cannot be used. */
static struct mod_zta_rules *make(struct zta_view *view, uint64_t version, int64_t now_s)
{
    struct mod_zta_rules *rules = calloc(1, sizeof(*rules));
    struct zta_layer layer = {.version = 0};
    void *storage = NULL;
    if (rules == NULL) {
        return NULL;
    }
    rules->version = version;
    rules->made_s = now_s;
    enum zta_status status =
        view == NULL ? ZTA_OK : zta_layer_in_force(view, now_s, &layer, &storage);
    if (status == ZTA_OK) {
        status = fill(rules, &layer, now_s);
    }
    else {
        rules->fault = strdup(zta_status_text(status));
    }
    free(storage);
    if (status == ZTA_NO_MEMORY || status == ZTA_IO || status == ZTA_BUSY) {
        rules->is_passing = true;
        rules->valid_until_s = now_s + RETRY_S;
    }
    if (status != ZTA_OK && rules->fault == NULL) {
        close_rules(rules); /* no memory to say it */
        return NULL;
    }
    return rules;
}

/*
 * What had ended when they were made may live again. The clock itself is asked, too: a request that
 * is long in coming has an early time.
 */
static bool is_clock_set_back(const struct mod_zta_rules *rules, int64_t now_s)
{
    return now_s + SLEW_S < rules->made_s &&
           zta_clock_real_ns() / ZTA_NS_PER_S + SLEW_S < rules->made_s;
}

static bool is_in_force(const struct mod_zta_rules *rules, const struct mod_zta_look *look,
                        int64_t now_s)
{
    return look->view == NULL || rules->version > look->generations.rules ||
           (rules->version == look->generations.rules &&
            (rules->valid_until_s == 0 || now_s < rules->valid_until_s) &&
            !is_clock_set_back(rules, now_s));
}

/* Takes rules over; readers that wait for an issuer can hold every slot for a while. */
static void replace(struct mod_zta_rules *rules)
{
    while (zta_current_replace(current, rules) == ZTA_BUSY) {
        (void)nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL);
    }
}

static void renew(const struct mod_zta_look *look, int64_t now_s)
{
    (void)pthread_mutex_lock(&compiling);
    if (!is_in_force(zta_current_value(current), look, now_s)) {
        struct mod_zta_rules *rules = make(look->view, look->generations.rules, now_s);
        if (rules != NULL && rules->fault != NULL) {
            ap_log_error(APLOG_MARK, APLOG_CRIT, 0, logged_for,
                         "ZTA0022: live rules, version %" APR_UINT64_T_FMT
                         ": %s; every request that needs rules is answered with 503 until 'ztactl "
                         "rules rollback' or a restart mends it",
                         rules->version, rules->fault);
        }
        if (rules != NULL) {
            mod_zta_lists_retry();
            replace(rules);
        }
    }
    (void)pthread_mutex_unlock(&compiling);
}

/* ---- files of lists ---- */

static void look_at_lists(void);
static struct mod_zta_child_thread list_thread = {.round = look_at_lists,
                                                  .period_ns = ZTA_NS_PER_S};

/* False when there is no use in trying another now. */
static bool try_list(const struct mod_zta_look *look)
{
    mod_zta_lists_try();
    struct mod_zta_rules *rules =
        make(look->view, look->generations.rules, zta_clock_real_ns() / ZTA_NS_PER_S);
    const bool is_final = rules != NULL && !rules->is_passing;
    mod_zta_lists_settle(logged_for, rules == NULL ? "no memory" : rules->fault, is_final);
    if (rules != NULL && rules->fault == NULL) {
        replace(rules);
    }
    else if (rules != NULL) {
        close_rules(rules);
    }
    return is_final;
}

/*
 * The look comes before the lock: threads that wait for the lock may have every handle to look
 * with. Live rules that are older by then than those in use are renewed by the next request.
 */
static bool take_list(void)
{
    struct mod_zta_look look;
    mod_zta_look_begin(&look, zta_clock_monotonic_ns());
    bool goes_on = false;
    if (look.view != NULL) {
        (void)pthread_mutex_lock(&compiling);
        goes_on = try_list(&look);
        (void)pthread_mutex_unlock(&compiling);
    }
    mod_zta_look_end(&look);
    return goes_on;
}

/* A round of their thread. Requests go on with the former items, for as long as a file hangs. */
static void look_at_lists(void)
{
    bool goes_on = true;
    for (size_t i = 0; goes_on && i < n_lists; i++) {
        if (mod_zta_lists_look(i, zta_clock_real_ns())) {
            goes_on = !mod_zta_child_thread_is_stopping(&list_thread) && take_list();
        }
    }
}

static void begin_lists(apr_pool_t *pchild, server_rec *s)
{
    const int error = mod_zta_child_thread_begin(pchild, &list_thread);
    if (error != 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, error, s,
                     "ZTA0024: no thread to look at files of items: this child goes on with those "
                     "of httpd's start");
        return;
    }
    mod_zta_child_thread_await(&list_thread, FIRST_LOOK_NS);
}

/* ---- begin and end ---- */

static apr_status_t end(void *unused)
{
    /* What a thread that hangs may still come back to ends with the process. */
    if (!mod_zta_child_thread_is_running(&list_thread)) {
        zta_current_close(&current);
    }
    return APR_SUCCESS;
}

/* The live rules of now, so that the first request need not wait for them. */
static void begin_live(struct zta_store *store)
{
    struct mod_zta_look look = {.view = NULL};
    if (zta_view_begin(store, &look.view) != ZTA_OK) {
        return;
    }
    if (zta_view_generations(look.view, &look.generations) == ZTA_OK) {
        renew(&look, zta_clock_real_ns() / ZTA_NS_PER_S);
    }
    zta_view_end(&look.view);
}

void mod_zta_rules_begin(apr_pool_t *pchild, server_rec *s, struct zta_store *store)
{
    logged_for = s;
    n_lists = mod_zta_lists_begin();
    struct mod_zta_rules *baseline = make(NULL, 0, 0);
    if (baseline == NULL || zta_current_open(close_rules, &current) != ZTA_OK) {
        return; /* without memory for this nothing is allowed */
    }
    if (zta_current_replace(current, baseline) != ZTA_OK) {
        close_rules(baseline);
    }
    apr_pool_cleanup_register(pchild, NULL, end, apr_pool_cleanup_null);
    if (store != NULL) {
        begin_live(store);
    }
    if (store != NULL && n_lists > 0) {
        begin_lists(pchild, s);
    }
}

const struct mod_zta_rules *mod_zta_rules_hold(const struct mod_zta_look *look, int64_t now_s,
                                               struct zta_held *held)
{
    held->value = NULL;
    if (current == NULL) {
        return &unready;
    }
    bool is_held = zta_current_acquire(current, held);
    if (is_held && !is_in_force(held->value, look, now_s)) {
        zta_current_release(current, held);
        renew(look, now_s);
        is_held = zta_current_acquire(current, held);
    }
    /* Only without memory can it be behind now. */
    return is_held && is_in_force(held->value, look, now_s) ? held->value : &unready;
}

void mod_zta_rules_release(struct zta_held *held)
{
    if (held->value != NULL) {
        zta_current_release(current, held);
    }
}

void mod_zta_rules_step_back(const struct mod_zta_rules *rules, const server_rec *s,
                             const char *location, struct zta_stance *stance)
{
    char server[MOD_ZTA_SERVER_LABEL_SIZE];
    bool is_within = false;
    if (rules->n_step_backs == 0) {
        return;
    }
    mod_zta_server_label(s, server);
    for (size_t i = 0; i < rules->n_step_backs && !is_within; i++) {
        is_within = zta_layer_is_within(rules->step_backs[i], zta_text_of(server),
                                        zta_text_of(location == NULL ? "/" : location));
    }
    if (is_within) {
        zta_stance_step_back(stance);
    }
}

/*
 * A live rule of the name of one in a file takes its place: meant so with --replace, and perhaps
 * not where the file got that rule later.
 */
static void say_replaced(server_rec *s, const struct zta_layer *layer, int64_t now_s)
{
    struct zta_rules_error error = {.line = 0};
    struct zta_rules_ast *ast = NULL;
    if (parse(NULL, now_s, &ast, &error) != ZTA_OK) {
        return; /* which was told */
    }
    for (size_t i = 0; i < ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &ast->rules[i];
        const struct zta_layer_entry *entry = zta_layer_find(layer, ZTA_LAYER_RULE, rule->name);
        if (entry != NULL && zta_layer_entry_lives(entry, now_s)) {
            const struct zta_text *file = &ast->source_names[rule->place.source];
            ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                         "ZTA0007: rule %.*s at %.*s:%u is not in force: a live rule of that name, "
                         "action %" APR_UINT64_T_FMT ", stands in its place; 'ztactl rules remove "
                         "%.*s' ends that",
                         (int)rule->name.len, rule->name.data, (int)file->len, file->data,
                         rule->place.line, entry->action_id, (int)rule->name.len, rule->name.data);
        }
    }
    zta_rules_ast_close(&ast);
}

const char *mod_zta_rules_check(apr_pool_t *pool, server_rec *s, struct zta_store *store)
{
    struct zta_view *view = NULL;
    struct zta_layer layer = {.n = 0};
    struct zta_ruleset *set = NULL;
    struct zta_rules_error error = {.line = 0};
    void *storage = NULL;
    char *fault = NULL;
    const char *text = NULL;
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    enum zta_status status = ZTA_OK;
    if (zta_view_begin(store, &view) == ZTA_OK) {
        status = zta_layer_in_force(view, now_s, &layer, &storage);
        zta_view_end(&view);
    }
    if (status == ZTA_CORRUPT) {
        return "the live rules of the store cannot be read; 'ztactl rules rollback 0' goes on "
               "without any, or with those of the version that it is given";
    }
    /* Any other fault is the business of who reads it for requests. */
    const bool has_layer = status == ZTA_OK && layer.n > 0;
    status = ZTA_OK;
    if (has_layer) {
        status = mod_zta_rules_compile(&layer, now_s, &set, &error);
    }
    if (status != ZTA_OK) {
        fault = fault_of(status, &error);
        text = apr_psprintf(pool,
                            "the live rules do not fit: %s; 'ztactl rules remove' takes one away, "
                            "or change the configuration",
                            fault != NULL ? fault : zta_status_text(status));
    }
    else if (has_layer) {
        say_replaced(s, &layer, now_s);
    }
    free(fault);
    zta_ruleset_close(&set);
    free(storage);
    return text;
}
