/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for store and turn, publishes the configuration, observes, drains. */
#include "mod_zta/helper/run.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/identity.h"
#include "shared/rules/parse.h"
#include "shared/store/published_governor.h"
#include "shared/store/rule_ages.h"

#define OPEN_RETRY_NS ZTA_NS_PER_S
#define SLEEP_MAX_NS  INT64_C(100000000)
/* Its turn comes when the helper before it has drained. */
#define TURN_POLL_NS INT64_C(20000000)

static void pause_ns(int64_t ns)
{
    struct timespec pause = {.tv_nsec = (long)(ns < SLEEP_MAX_NS ? ns : SLEEP_MAX_NS)};
    (void)nanosleep(&pause, NULL);
}

/* Why to end now; 0: go on. */
static int ending(const struct mod_zta_run_options *options)
{
    if (*options->is_stopping != 0) {
        return *options->is_stopping;
    }
    return options->parent_pid != 0 && getppid() != options->parent_pid ? MOD_ZTA_RUN_STOP : 0;
}

static void log_failure(const struct mod_zta_run_options *options, enum zta_status status,
                        const struct zta_error *error)
{
    if (options->observer.log == NULL) {
        return;
    }
    char text[640];
    (void)snprintf(text, sizeof text, "ZTA0075: the helper cannot use the store: %s",
                   error->text[0] != '\0' ? error->text : zta_status_text(status));
    options->observer.log(options->observer.log_context, MOD_ZTA_HELPER_ERROR, text);
}

/*
 * The observer, once store and turn are there; *observer stays NULL when the run is to end before.
 * At the server's end the turn is still waited for: who waits may be the only one left to empty the
 * ring. *until_ns, set then, bounds all that follows.
 */
static enum zta_status wait_open(const struct mod_zta_run_options *options, int64_t *until_ns,
                                 struct mod_zta_observer **observer, struct zta_error *error)
{
    enum zta_status last = ZTA_OK;
    int64_t next_ns = 0;
    while (ending(options) != MOD_ZTA_RUN_HAND_OVER) {
        int64_t now_ns = zta_clock_monotonic_ns();
        bool is_stopping = ending(options) != 0;
        if (is_stopping && *until_ns == 0) {
            *until_ns = now_ns + MOD_ZTA_DRAIN_NS;
        }
        if (is_stopping && now_ns > *until_ns) {
            break;
        }
        if (now_ns < next_ns) {
            pause_ns(next_ns - now_ns);
            continue;
        }
        enum zta_status status =
            mod_zta_observer_open(&options->observer, now_ns, zta_clock_real_ns(), observer, error);
        if (status == ZTA_OK || status == ZTA_NO_MEMORY) {
            return status;
        }
        if (status != ZTA_BUSY && is_stopping) {
            break;
        }
        if (status != ZTA_BUSY && status != last) {
            log_failure(options, status, error);
        }
        last = status;
        next_ns = now_ns + (status == ZTA_BUSY ? TURN_POLL_NS : OPEN_RETRY_NS);
    }
    return ZTA_OK;
}

static enum zta_status put_issuers(struct zta_change *change,
                                   const struct mod_zta_run_config *config)
{
    const struct mod_zta_refresh_options *keys = &config->keys;
    const size_t most = keys->n_issuers + 1;
    size_t n = 0;
    struct zta_text *names = calloc(2 * most, sizeof *names);
    if (names == NULL) {
        return ZTA_NO_MEMORY;
    }
    struct zta_text *urls = names + most;
    for (size_t i = 0; i < keys->n_issuers; i++) {
        if (!keys->issuers[i].is_no_issuer) {
            names[n] = keys->issuers[i].name;
            urls[n++] = keys->issuers[i].url;
        }
    }
    if (config->accepts_certificates) {
        names[n] = ZTA_TEXT(ZTA_ISSUER_MTLS);
        urls[n++] = ZTA_TEXT("");
    }
    enum zta_status status = zta_published_put_issuers(change, names, urls, n);
    free(names);
    return status;
}

static enum zta_status put_config(struct zta_change *change,
                                  const struct mod_zta_run_config *config)
{
    enum zta_status status =
        zta_published_put_locations(change, config->locations, config->n_locations);
    if (status == ZTA_OK) {
        status = put_issuers(change, config);
    }
    if (status == ZTA_OK && config->acceptance != NULL) {
        status = zta_acceptance_put(change, config->acceptance);
    }
    if (status == ZTA_OK && config->governor != NULL) {
        status = zta_published_put_governor(change, config->governor);
    }
    if (status == ZTA_OK && config->n_rules == 0) {
        struct zta_text none = {.data = NULL};
        status = zta_published_put_rules(change, none, none, 0, 0);
    }
    for (size_t i = 0; i < config->n_rules && status == ZTA_OK; i++) {
        status = zta_published_put_rules(change, config->rules_names[i], config->rules_texts[i], i,
                                         config->n_rules);
    }
    return status;
}

/* Rules that cannot be read again are those of a restart that went wrong: their ages stay. */
static enum zta_status note_ages(struct zta_change *change, const struct mod_zta_run_config *config)
{
    struct zta_rules_source *sources = calloc(config->n_rules + 1, sizeof *sources);
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    if (sources == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < config->n_rules; i++) {
        sources[i] = (struct zta_rules_source){.name = config->rules_names[i],
                                               .text = config->rules_texts[i]};
    }
    enum zta_status status = zta_rules_parse(sources, config->n_rules, &ast, &error);
    status = status != ZTA_OK ? (status == ZTA_INVALID ? ZTA_OK : status)
                              : zta_rule_ages_note(change, ast, zta_clock_real_ns() / ZTA_NS_PER_S);
    zta_rules_ast_close(&ast);
    free(sources);
    return status;
}

static bool publish_config(struct mod_zta_observer *observer,
                           const struct mod_zta_run_config *config)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    if (zta_change_begin(mod_zta_observer_store(observer), "configuration", &change, &error) !=
        ZTA_OK) {
        return false;
    }
    if (put_config(change, config) != ZTA_OK || note_ages(change, config) != ZTA_OK) {
        zta_change_abort(&change);
        return false;
    }
    return zta_change_commit(&change, &error) == ZTA_OK;
}

/* What asks others. */
struct outward {
    struct mod_zta_refresh *refresh;
    struct mod_zta_poller *poller;
    struct mod_zta_verification *verification;
};

/* Rounds until the run is to end. */
static void observe(const struct mod_zta_run_options *options, struct mod_zta_observer *observer,
                    const struct outward *outward)
{
    int64_t next_config_ns = 0; /* INT64_MAX: published */
    struct mod_zta_geo_watch geo = options->geo;
    struct mod_zta_list_watch lists = options->lists;
    while (ending(options) == 0) {
        int64_t now_ns = zta_clock_monotonic_ns();
        if (now_ns >= next_config_ns) {
            bool is_published = publish_config(observer, &options->config);
            next_config_ns = is_published ? INT64_MAX : now_ns + OPEN_RETRY_NS;
        }
        int64_t sleep_ns = mod_zta_observer_step(observer, now_ns, zta_clock_real_ns());
        mod_zta_refresh_step(outward->refresh, now_ns, zta_clock_real_ns());
        mod_zta_poller_step(outward->poller, now_ns, zta_clock_real_ns());
        mod_zta_verification_step(outward->verification, now_ns, zta_clock_real_ns());
        mod_zta_geo_watch_step(&geo, observer, now_ns, zta_clock_real_ns());
        if (mod_zta_list_watch_step(&lists, observer, now_ns, zta_clock_real_ns())) {
            next_config_ns = 0;
            mod_zta_observer_touch_rules(observer);
        }
        if (sleep_ns > 0) {
            pause_ns(sleep_ns);
        }
    }
}

static void close_outward(struct outward *outward)
{
    mod_zta_verification_close(&outward->verification);
    mod_zta_poller_close(&outward->poller);
    mod_zta_refresh_close(&outward->refresh);
}

/* Whatever its answer, close_outward is good for what was opened. */
static enum zta_status open_outward(const struct mod_zta_run_config *config,
                                    struct mod_zta_observer *observer, struct outward *outward,
                                    struct zta_error *error)
{
    const struct mod_zta_poller_options polls = {
        .polls = config->polls, .n_polls = config->n_polls, .ca_file = config->keys.ca_file};
    const struct mod_zta_verification_options verifies = {.verifies = config->verifies,
                                                          .n_verifies = config->n_verifies,
                                                          .ca_file = config->keys.ca_file};
    enum zta_status status =
        mod_zta_refresh_open(observer, &config->keys, zta_clock_real_ns(), &outward->refresh);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "no threads to fetch issuers' keys with");
    }
    status = mod_zta_poller_open(observer, outward->refresh, &polls, &outward->poller);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "no threads to poll transmitters with");
    }
    status = mod_zta_verification_open(observer, &verifies, &outward->verification);
    return status == ZTA_OK ? ZTA_OK
                            : zta_error_set(error, status, "no thread to verify streams with");
}

enum zta_status mod_zta_run(const struct mod_zta_run_options *options, struct zta_error *error)
{
    struct mod_zta_observer *observer = NULL;
    struct outward outward = {.refresh = NULL};
    int64_t until_ns = 0;
    enum zta_status status = wait_open(options, &until_ns, &observer, error);
    if (status != ZTA_OK || observer == NULL) {
        return status;
    }
    status = open_outward(&options->config, observer, &outward, error);
    if (status != ZTA_OK) {
        close_outward(&outward);
        mod_zta_observer_close(&observer);
        return status;
    }
    observe(options, observer, &outward);
    if (until_ns == 0) {
        /* Who hands over leaves what is still to come to the next one. */
        int64_t drain_ns = ending(options) == MOD_ZTA_RUN_HAND_OVER ? 0 : MOD_ZTA_DRAIN_NS;
        until_ns = zta_clock_monotonic_ns() + drain_ns;
    }
    (void)mod_zta_observer_drain(observer, until_ns);
    /*
     * Before the store's handle goes, behind the last event: a slow issuer must not hold that up.
     */
    close_outward(&outward);
    mod_zta_observer_close(&observer);
    return ZTA_OK;
}
