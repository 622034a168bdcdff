/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper outlives no configuration: at a graceful restart the old one writes what the ring
 * holds and goes, the new one reads on in the same ring. The parent waits for that, because its
 * code is unloaded before the next configuration and nobody would reap the old one.
 */
#include "mod_zta/helper/main.h"

#include <ap_listen.h>
#include <ap_mpm.h>
#include <http_config.h>
#include <http_log.h>
#include <mpm_common.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mod_zta/acceptance.h"
#include "mod_zta/assertion.h"
#include "mod_zta/check.h"
#include "mod_zta/child.h"
#include "mod_zta/config.h"
#include "mod_zta/geo.h"
#include "mod_zta/helper/run.h"
#include "mod_zta/never.h"
#include "mod_zta/notify.h"
#include "mod_zta/places.h"
#include "mod_zta/posture_config.h"
#include "mod_zta/retained.h"
#include "mod_zta/rules.h"
#include "mod_zta/transmitter_config.h"
#include "shared/base/clock.h"
#include "shared/base/version.h"

APLOG_USE_MODULE(zta);

#define END_WAIT_NS (6 * ZTA_NS_PER_S) /* the drain's bound of 5 s, and a second */
#define END_POLL_US 10000

/* One helper of one configuration; in pconf. */
struct helper {
    apr_pool_t *pool;
    server_rec *s;
    apr_proc_t proc; /* pid 0: there is none */
};

static volatile sig_atomic_t stop_signal;

static void note_signal(int number)
{
    stop_signal = number == SIGHUP ? MOD_ZTA_RUN_HAND_OVER : MOD_ZTA_RUN_STOP;
}

static void log_line(void *context, int level, const char *text)
{
    ap_log_error(APLOG_MARK, level, 0, (server_rec *)context, "%s", text);
}

struct collected {
    apr_pool_t *pool;
    apr_array_header_t *locations; /* struct zta_published_location */
};

static void collect_place(void *context, const server_rec *s, const struct mod_zta_dir *dir,
                          const struct mod_zta_dir *parent)
{
    struct collected *collected = context;
    char server[MOD_ZTA_SERVER_LABEL_SIZE];
    struct zta_published_location location;
    if (mod_zta_places_describe(s, dir, parent, server, &location)) {
        location.server = zta_text_of(apr_pstrdup(collected->pool, server));
        APR_ARRAY_PUSH(collected->locations, struct zta_published_location) = location;
    }
}

/* Of files of items the watch replaces what is published. */
static void collect_rules(struct mod_zta_run_options *options, apr_pool_t *pool)
{
    const apr_array_header_t *files = mod_zta_global()->rules_files;
    size_t n = (size_t)files->nelts;
    struct zta_text *names = apr_palloc(pool, sizeof(*names) * (n + 1));
    struct zta_text *texts = apr_palloc(pool, sizeof(*texts) * (n + 1));
    struct zta_file_stamp *stamps = apr_pcalloc(pool, sizeof(*stamps) * 3 * (n + 1));
    for (size_t i = 0; i < n; i++) {
        const struct mod_zta_rules_file *file =
            &APR_ARRAY_IDX(files, (int)i, struct mod_zta_rules_file);
        names[i] = zta_text_of(file->name);
        texts[i] = (struct zta_text){.data = file->text, .len = file->len};
        stamps[i] = file->stamp;
    }
    options->config.rules_names = names;
    options->config.rules_texts = texts;
    options->config.n_rules = n;
    options->observer.rules.names = names;
    options->observer.rules.texts = texts;
    options->observer.rules.n = n;
    options->lists = (struct mod_zta_list_watch){
        .names = names,
        .texts = texts,
        .n = n,
        .taken = stamps,
        .seen = stamps + n + 1,
        .refused = stamps + 2 * (n + 1),
        .owned = apr_pcalloc(pool, sizeof(char *) * (n + 1)),
    };
}

static struct mod_zta_fetch_issuer fetch_of(const struct mod_zta_issuer_config *issuer)
{
    return (struct mod_zta_fetch_issuer){
        .name = issuer->issuer.name,
        .url = issuer->issuer.url,
        .keys = zta_text_of(issuer->keys != NULL ? issuer->keys : "none"),
        .source = issuer->source,
        .algs = issuer->issuer.algs,
        .stale_s = issuer->stale_s,
        .is_fetched = issuer->keys != NULL && issuer->keys_file == NULL,
        .jwks = zta_text_of(issuer->keys_text),
    };
}

static void collect_issuers(struct mod_zta_run_config *config, apr_pool_t *pool)
{
    const struct mod_zta_global *global = mod_zta_global();
    const size_t most = (size_t)global->issuers->nelts + (size_t)global->postures->nelts +
                        (size_t)global->transmitters->nelts;
    size_t n = 0;
    struct mod_zta_fetch_issuer *issuers = apr_palloc(pool, sizeof(*issuers) * (most + 1));
    for (int i = 0; i < global->issuers->nelts; i++) {
        issuers[n++] = fetch_of(APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *));
    }
    for (int i = 0; i < global->postures->nelts; i++) {
        issuers[n] =
            fetch_of(&APR_ARRAY_IDX(global->postures, i, struct mod_zta_posture_config *)->keys);
        issuers[n++].is_no_issuer = true;
    }
    for (int i = 0; i < global->transmitters->nelts; i++) {
        issuers[n] = fetch_of(
            &APR_ARRAY_IDX(global->transmitters, i, struct mod_zta_transmitter_config *)->keys);
        issuers[n].is_no_issuer = true;
        issuers[n++].is_transmitter = true;
    }
    config->keys = (struct mod_zta_refresh_options){
        .issuers = issuers, .n_issuers = n, .ca_file = global->ca_file};
    config->accepts_certificates = global->accepts_certificates;
}

struct alerts {
    struct zta_published_alert *items;
    size_t n;
    int64_t now_s;
};

static void add_alert(struct alerts *alerts, struct zta_text name, const char *text)
{
    if (text != NULL) {
        alerts->items[alerts->n++] = (struct zta_published_alert){
            .name = name, .text = zta_text_of(text), .since_s = alerts->now_s};
    }
}

/* What the parent found wrong at a restart and serves around. */
static void collect_alerts(struct mod_zta_observer_options *observer, const struct helper *helper)
{
    const struct mod_zta_global *global = mod_zta_global();
    size_t most = (size_t)global->issuers->nelts + (size_t)global->postures->nelts +
                  (size_t)global->transmitters->nelts + 2;
    for (const server_rec *s = helper->s; s != NULL; s = s->next) {
        most++;
    }
    struct alerts alerts = {.items = apr_pcalloc(helper->pool, sizeof(*alerts.items) * most),
                            .now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
    add_alert(&alerts, ZTA_TEXT("rules_refused"), global->rules_alert);
    for (const server_rec *s = helper->s; s != NULL; s = s->next) {
        add_alert(&alerts, ZTA_TEXT("server_refused"), mod_zta_server_of(s)->refusal);
    }
    for (int i = 0; i < global->issuers->nelts; i++) {
        add_alert(&alerts, ZTA_TEXT("keys_refused"),
                  APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *)->alert);
    }
    if (global->assertion != NULL) {
        add_alert(&alerts, ZTA_TEXT("keys_refused"), global->assertion->alert);
    }
    for (int i = 0; i < global->postures->nelts; i++) {
        add_alert(&alerts, ZTA_TEXT("keys_refused"),
                  APR_ARRAY_IDX(global->postures, i, struct mod_zta_posture_config *)->keys.alert);
    }
    for (int i = 0; i < global->transmitters->nelts; i++) {
        add_alert(&alerts, ZTA_TEXT("keys_refused"),
                  APR_ARRAY_IDX(global->transmitters, i, struct mod_zta_transmitter_config *)
                      ->keys.alert);
    }
    observer->alerts = alerts.items;
    observer->n_alerts = alerts.n;
}

/* Who is asked about opaque tokens, and by what number its breaker goes. */
static void collect_asked(struct mod_zta_observer_options *observer, apr_pool_t *pool)
{
    const struct mod_zta_global *global = mod_zta_global();
    struct mod_zta_asked_issuer *asked =
        apr_palloc(pool, sizeof(*asked) * ((size_t)global->issuers->nelts + 1));
    for (int i = 0; i < global->issuers->nelts; i++) {
        const struct mod_zta_issuer *issuer =
            &APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *)->issuer;
        if (issuer->introspection != NULL) {
            asked[observer->n_asked++] =
                (struct mod_zta_asked_issuer){.name = issuer->name, .id = issuer->config_hash};
        }
    }
    observer->asked = asked;
}

/* Whom automation never touches, and whom it tells. */
static void collect_automation(struct mod_zta_automation_options *options, apr_pool_t *pool)
{
    const struct mod_zta_global *global = mod_zta_global();
    const apr_array_header_t *never = mod_zta_never_collect(pool);
    const apr_array_header_t *targets = global->notify;
    struct mod_zta_notify_end *ends =
        apr_palloc(pool, sizeof(*ends) * ((size_t)targets->nelts + 1));
    options->governor = global->governor;
    options->governor.never = (const struct zta_cidr *)(const void *)never->elts;
    options->governor.n_never = (size_t)never->nelts;
    for (int i = 0; i < targets->nelts; i++) {
        const struct mod_zta_notify_target *target =
            &APR_ARRAY_IDX(targets, i, struct mod_zta_notify_target);
        ends[i] = (struct mod_zta_notify_end){.name = zta_text_of(target->name), .fd = target->fd};
    }
    options->notify = ends;
    options->n_notify = (size_t)targets->nelts;
}

static void collect_streams(struct mod_zta_observer_options *observer, apr_pool_t *pool)
{
    const apr_array_header_t *all = mod_zta_global()->transmitters;
    struct mod_zta_stream_options *streams =
        apr_palloc(pool, sizeof(*streams) * ((size_t)all->nelts + 1));
    for (int i = 0; i < all->nelts; i++) {
        const struct mod_zta_transmitter_config *config =
            APR_ARRAY_IDX(all, i, struct mod_zta_transmitter_config *);
        streams[observer->n_streams++] =
            (struct mod_zta_stream_options){.name = config->keys.issuer.name,
                                            .is_polled = config->poll_url != NULL,
                                            .is_verifiable = config->verify_url != NULL,
                                            .quiet_s = config->quiet_s};
    }
    observer->streams = streams;
}

static void collect_polls(struct mod_zta_run_config *config, apr_pool_t *pool)
{
    const apr_array_header_t *all = mod_zta_global()->transmitters;
    struct mod_zta_poll *polls = apr_palloc(pool, sizeof(*polls) * ((size_t)all->nelts + 1));
    for (int i = 0; i < all->nelts; i++) {
        const struct mod_zta_transmitter_config *transmitter =
            APR_ARRAY_IDX(all, i, struct mod_zta_transmitter_config *);
        if (transmitter->poll_url != NULL) {
            polls[config->n_polls++] =
                (struct mod_zta_poll){.transmitter = &transmitter->transmitter,
                                      .source = transmitter->keys.source,
                                      .is_fetched = transmitter->keys.keys_file == NULL,
                                      .url = transmitter->poll_url,
                                      .authorization = transmitter->poll_authorization,
                                      .interval_s = transmitter->poll_s};
        }
    }
    config->polls = polls;
}

static void collect_verifies(struct mod_zta_run_config *config, apr_pool_t *pool)
{
    const apr_array_header_t *all = mod_zta_global()->transmitters;
    struct mod_zta_verify *verifies =
        apr_palloc(pool, sizeof(*verifies) * ((size_t)all->nelts + 1));
    for (int i = 0; i < all->nelts; i++) {
        const struct mod_zta_transmitter_config *transmitter =
            APR_ARRAY_IDX(all, i, struct mod_zta_transmitter_config *);
        if (transmitter->verify_url != NULL) {
            verifies[config->n_verifies++] =
                (struct mod_zta_verify){.name = transmitter->keys.issuer.name,
                                        .url = transmitter->verify_url,
                                        .authorization = transmitter->verify_authorization,
                                        .stream = transmitter->verify_stream};
        }
    }
    config->verifies = verifies;
}

static void collect_geo(struct mod_zta_geo_watch *watch)
{
    watch->copies = mod_zta_geo_copies();
    for (enum zta_geo_kind kind = 0; kind < ZTA_N_GEO_KINDS; kind++) {
        watch->files[kind].path = mod_zta_global()->geo_files[kind];
        watch->files[kind].directive = mod_zta_geo_directive(kind);
    }
}

static void set_signals(void)
{
    struct sigaction stop = {.sa_handler = note_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t none;
    sigemptyset(&none);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
    sigaction(AP_SIG_GRACEFUL, &ignore, NULL);
    sigaction(AP_SIG_GRACEFUL_STOP, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the forked process; does not return. Pools of the parent are never cleared here. */
static void run(struct helper *helper, int32_t parent_pid)
{
    const struct mod_zta_global *global = mod_zta_global();
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct collected collected = {.pool = helper->pool};
    struct mod_zta_run_options options = {
        .observer = {.segment = mod_zta_segment(),
                     .store_dir = global->store_dir,
                     .store_size = global->store_size,
                     .retain_events_s = global->retain.events_s,
                     .retain_sessions_s = global->retain.sessions_s,
                     .retain_events_size = global->retain.events_size,
                     .retain_series_s = {global->retain.series_s[ZTA_SERIES_MINUTE],
                                         global->retain.series_s[ZTA_SERIES_HOUR],
                                         global->retain.series_s[ZTA_SERIES_DAY]},
                     .version = ZTA_VERSION_TEXT,
                     .log_ends =
                         (const struct mod_zta_log_end *)(const void *)global->log_ends->elts,
                     .n_log_ends = (size_t)global->log_ends->nelts,
                     .log = log_line,
                     .log_context = helper->s},
        .is_stopping = &stop_signal,
        .parent_pid = parent_pid,
    };
    mod_zta_assertion_forget();
    set_signals();
    prctl(PR_SET_NAME, "zta-helper");
    ap_close_listeners();
    if (ap_run_drop_privileges(helper->pool, helper->s) != OK) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, helper->s,
                     "ZTA0050: the helper could not become httpd's user");
        _exit(1);
    }
    collected.locations = apr_array_make(helper->pool, 16, sizeof(struct zta_published_location));
    mod_zta_each_place(helper->pool, helper->s, collect_place, &collected);
    options.config.locations =
        (const struct zta_published_location *)(const void *)collected.locations->elts;
    options.config.n_locations = (size_t)collected.locations->nelts;
    collect_rules(&options, helper->pool);
    if (mod_zta_rules_env(&options.observer.rules.env) != ZTA_OK) {
        _exit(1);
    }
    collect_issuers(&options.config, helper->pool);
    options.config.acceptance = mod_zta_acceptance_collect(helper->pool, helper->s);
    collect_alerts(&options.observer, helper);
    collect_asked(&options.observer, helper->pool);
    collect_automation(&options.observer.automation, helper->pool);
    options.config.governor = &options.observer.automation.governor;
    collect_streams(&options.observer, helper->pool);
    collect_polls(&options.config, helper->pool);
    collect_verifies(&options.config, helper->pool);
    collect_geo(&options.geo);
    zta_counter_add(mod_zta_segment(), ZTA_COUNTER_HELPER_STARTS, 1);
    if (mod_zta_run(&options, &error) != ZTA_OK) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, helper->s, "ZTA0051: the helper ended: %s",
                     error.text);
        _exit(1);
    }
    _exit(0);
}

static void maintain(int reason, void *data, apr_wait_t status);

static int spawn(struct helper *helper)
{
    int32_t parent_pid = (int32_t)getpid();
    pid_t pid = fork();
    if (pid < 0) {
        ap_log_error(APLOG_MARK, APLOG_ERR, errno, helper->s,
                     "ZTA0052: no process for the helper; events wait in shared memory");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (pid == 0) {
        run(helper, parent_pid);
    }
    helper->proc = (apr_proc_t){.pid = pid};
    apr_proc_other_child_register(&helper->proc, maintain, helper, NULL, helper->pool);
    return OK;
}

/*
 * Called by the MPM's parent loop when it reaps; a death outside a configuration's end is
 * answered by a new one.
 */
static void maintain(int reason, void *data, apr_wait_t status)
{
    struct helper *helper = data;
    int mpm_state = AP_MPMQ_STOPPING;
    if (reason != APR_OC_REASON_LOST && reason != APR_OC_REASON_DEATH) {
        return;
    }
    pid_t pid = helper->proc.pid;
    helper->proc.pid = 0;
    apr_proc_other_child_unregister(data);
    /* A stop signals the whole process group, so that the helper may end before the MPM says so. */
    if (ap_mpm_query(AP_MPMQ_MPM_STATE, &mpm_state) == APR_SUCCESS &&
        mpm_state != AP_MPMQ_STOPPING) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, helper->s,
                     "ZTA0053: the helper (pid %d) is gone, starting another", (int)pid);
        spawn(helper);
    }
}

/* When pconf is cleared; APR's own cleanup has unregistered the process before. */
static apr_status_t end(void *data)
{
    struct helper *helper = data;
    int64_t until = zta_clock_monotonic_ns() + END_WAIT_NS;
    if (helper->proc.pid == 0) {
        return APR_SUCCESS;
    }
    kill(helper->proc.pid, SIGHUP);
    while (waitpid(helper->proc.pid, NULL, WNOHANG) == 0) {
        if (zta_clock_monotonic_ns() > until) {
            kill(helper->proc.pid, SIGKILL);
            waitpid(helper->proc.pid, NULL, 0);
            break;
        }
        apr_sleep(END_POLL_US);
    }
    return APR_SUCCESS;
}

int mod_zta_helper_start(apr_pool_t *pconf, server_rec *s)
{
    struct helper *helper = apr_pcalloc(pconf, sizeof(*helper));
    helper->pool = pconf;
    helper->s = s;
    apr_pool_cleanup_register(pconf, helper, end, apr_pool_cleanup_null);
    return spawn(helper);
}
