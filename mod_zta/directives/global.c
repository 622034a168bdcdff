/* SPDX-License-Identifier: Apache-2.0 */
/* The directives that stand once in the main server. */
#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/directives/set.h"
#include "mod_zta/directives/words.h"
#include "mod_zta/identity/http.h"
#include "shared/base/clock.h"
#include "shared/live/segment.h"

#define STORE_SIZE_MIN (UINT64_C(16) << 20)

const char *mod_zta_set_store(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_global(cmd);
    if (error != NULL) {
        return error;
    }
    if (word[0] != '/') {
        return mod_zta_expected(cmd, word,
                                "an absolute path of a store made by 'ztactl store init'");
    }
    mod_zta_global()->store_dir = word;
    return NULL;
}

const char *mod_zta_set_storesize(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_global(cmd);
    if (error != NULL) {
        return error;
    }
    uint64_t size;
    if (!mod_zta_word_size(word, &size) || size < STORE_SIZE_MIN) {
        return mod_zta_expected(cmd, word, "a size of at least 16M, such as 8G");
    }
    mod_zta_global()->store_size = size;
    return NULL;
}

const char *mod_zta_set_rules(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_global(cmd);
    if (error != NULL) {
        return error;
    }
    const char *path = ap_server_root_relative(cmd->pool, word);
    if (path == NULL) {
        return mod_zta_expected(cmd, word, "a file or a pattern of files");
    }
    APR_ARRAY_PUSH(mod_zta_global()->rules_patterns, const char *) = path;
    return NULL;
}

const char *mod_zta_set_sharedmemory(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_global(cmd);
    if (error != NULL) {
        return error;
    }
    uint64_t size;
    if (!mod_zta_word_size(word, &size) || size < ZTA_SEGMENT_SIZE_MIN) {
        return mod_zta_expected(cmd, word, "a size of at least 8M, such as 256M");
    }
    mod_zta_global()->segment_size = size;
    return NULL;
}

/*
 * "48h,90d,1825d": of minutes, hours and days. Bounded, because every point takes room, and rising,
 * because what is asked of a time is answered from the finest that is kept of it.
 */
static bool parse_series(const char *words, int64_t retain_s[ZTA_N_SERIES_SPANS])
{
    static const int64_t most_s[ZTA_N_SERIES_SPANS] = {
        [ZTA_SERIES_MINUTE] = 31 * INT64_C(86400),
        [ZTA_SERIES_HOUR] = 1100 * INT64_C(86400),
        [ZTA_SERIES_DAY] = 36500 * INT64_C(86400),
    };
    int64_t found_s[ZTA_N_SERIES_SPANS];
    int64_t least_s = 3600;
    for (unsigned i = 0; i < ZTA_N_SERIES_SPANS; i++) {
        const size_t len = strcspn(words, ",");
        const struct zta_text word = {.data = words, .len = len};
        const bool is_last = i + 1 == ZTA_N_SERIES_SPANS;
        if (zta_duration_parse(word, &found_s[i]) != ZTA_OK || found_s[i] < least_s ||
            found_s[i] > most_s[i] || (words[len] == '\0') != is_last) {
            return false;
        }
        least_s = found_s[i];
        words += len + 1;
    }
    memcpy(retain_s, found_s, sizeof found_s);
    return true;
}

const char *mod_zta_set_retain(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_global(cmd);
    if (error != NULL) {
        return error;
    }
    struct mod_zta_retain *retain = &mod_zta_global()->retain;
    const char *events = mod_zta_word_option(word, "events");
    const char *sessions = mod_zta_word_option(word, "sessions");
    const char *series = mod_zta_word_option(word, "series");
    int64_t duration_s;
    uint64_t size;
    if (events != NULL && zta_duration_parse(zta_text_of(events), &duration_s) == ZTA_OK &&
        duration_s > 0) {
        retain->events_s = duration_s;
        return NULL;
    }
    if (events != NULL && mod_zta_word_size(events, &size) && size > 0) {
        retain->events_size = size;
        return NULL;
    }
    if (sessions != NULL && zta_duration_parse(zta_text_of(sessions), &duration_s) == ZTA_OK &&
        duration_s > 0) {
        retain->sessions_s = duration_s;
        return NULL;
    }
    if (series != NULL && parse_series(series, retain->series_s)) {
        return NULL;
    }
    return mod_zta_expected(cmd, word,
                            "events=DURATION, events=SIZE, sessions=DURATION or "
                            "series=MINUTES,HOURS,DAYS, such as events=7d, events=2G (upper-case M "
                            "or G), sessions=90d or series=48h,90d,1825d");
}

const char *mod_zta_set_cafile(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_global(cmd);
    if (error != NULL) {
        return error;
    }
    const char *path = ap_server_root_relative(cmd->pool, word);
    if (path == NULL || !mod_zta_http_is_ca_file(path)) {
        return mod_zta_expected(cmd, word, "a file with certificates in PEM");
    }
    mod_zta_global()->ca_file = path;
    return NULL;
}

static const char *set_geo_file(cmd_parms *cmd, const char *word, enum zta_geo_kind kind)
{
    const char *error = mod_zta_check_global(cmd);
    if (error != NULL) {
        return error;
    }
    const char *path = ap_server_root_relative(cmd->pool, word);
    if (path == NULL) {
        return mod_zta_expected(cmd, word, "a MaxMind DB file");
    }
    mod_zta_global()->geo_files[kind] = path;
    return NULL;
}

const char *mod_zta_set_geodb(cmd_parms *cmd, void *unused, const char *word)
{
    return set_geo_file(cmd, word, ZTA_GEO_COUNTRY);
}

const char *mod_zta_set_asndb(cmd_parms *cmd, void *unused, const char *word)
{
    return set_geo_file(cmd, word, ZTA_GEO_ASN);
}

const char *mod_zta_set_wafscore(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_global(cmd);
    if (error != NULL) {
        return error;
    }
    const char *colon = strchr(word, ':');
    if ((strncmp(word, "env:", 4) != 0 && strncmp(word, "note:", 5) != 0) || colon[1] == '\0') {
        return mod_zta_expected(cmd, word, "env:NAME or note:NAME");
    }
    mod_zta_global()->waf_score = word;
    return NULL;
}

const char *mod_zta_set_verifylimit(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_global(cmd);
    if (error != NULL) {
        return error;
    }
    struct zta_limit_rate *rate = &mod_zta_global()->failures;
    if (strcasecmp(word, "off") == 0) {
        rate->count = 0;
        return NULL;
    }
    const char *slash = strchr(word, '/');
    uint64_t count;
    int64_t window_s;
    if (slash == NULL ||
        zta_text_to_u64((struct zta_text){.data = word, .len = (size_t)(slash - word)}, 1000000,
                        &count) != ZTA_OK ||
        count == 0 || zta_duration_parse(zta_text_of(slash + 1), &window_s) != ZTA_OK ||
        window_s <= 0) {
        return mod_zta_expected(cmd, word, "COUNT/DURATION such as 20/10s, or off");
    }
    *rate = (struct zta_limit_rate){.count = count, .window_s = (uint64_t)window_s, .burst = count};
    return NULL;
}
