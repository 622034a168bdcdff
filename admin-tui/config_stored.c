/* SPDX-License-Identifier: Apache-2.0 */
/* Compares a configuration with what the running server published. */
#include "admin-tui/config_stored.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/config_stored_priv.h"
#include "admin-tui/output.h"
#include "admin-tui/places.h"
#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/live/segment.h"
#include "shared/store/published.h"

/* Fewer may be a test or an attacker inside; of a proxy it is most of them. */
#define FORWARDED_LEAST 100
#define PERIOD_S        INT64_C(604800) /* that rules have to decide something */

void ctl_config_look_add(struct ctl_config_look *looking, struct ctl_finding finding,
                         const char *fmt, ...)
{
    struct ctl_config_stored *stored = looking->stored;
    char *text = NULL;
    va_list arguments;
    va_start(arguments, fmt);
    const int len = vasprintf(&text, fmt, arguments);
    va_end(arguments);
    char **grown =
        len < 0 ? NULL : realloc(stored->texts, (stored->n_texts + 1) * sizeof *stored->texts);
    if (grown == NULL) {
        looking->status = ZTA_NO_MEMORY;
        if (len >= 0) {
            free(text);
        }
        return;
    }
    stored->texts = grown;
    stored->texts[stored->n_texts++] = text;
    finding.text = text;
    finding.severity = zta_hazard_info(finding.hazard)->severity;
    if (!ctl_config_dump_add(looking->dump, &finding)) {
        looking->status = ZTA_NO_MEMORY;
    }
}

/* ---- is it in force? ---- */

static const char *text_of(const json_t *line, const char *name)
{
    const char *text = line == NULL ? NULL : json_string_value(json_object_get(line, name));
    return text == NULL ? "" : text;
}

static bool is_stance(const json_t *place, const struct zta_stance *stance)
{
    const json_t *features = json_object_get(place, "features");
    bool is_same =
        json_integer_value(json_object_get(place, "stage")) == stance->stage &&
        json_integer_value(json_object_get(place, "monitor")) == stance->monitor &&
        json_is_true(json_object_get(place, "allows_by_default")) == stance->allows_by_default;
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        is_same = is_same && strcmp(text_of(features, zta_feature_name((enum zta_feature)i)),
                                    zta_mode_name((enum zta_mode)stance->modes[i])) == 0;
    }
    return is_same;
}

static void compare_places(struct ctl_config_look *looking)
{
    struct ctl_places places;
    size_t at = 0;
    looking->status = ctl_places_load(looking->view, &places);
    for (size_t i = 0; looking->status == ZTA_OK; i++) {
        const json_t *line = ctl_config_dump_next(looking->dump, "place", &at);
        const struct ctl_place *place = i < places.n ? &places.all[i] : NULL;
        if (line == NULL && place == NULL) {
            break;
        }
        if (line != NULL && place != NULL && strcmp(text_of(line, "server"), place->server) == 0 &&
            strcmp(text_of(line, "path"), place->path) == 0 && is_stance(line, &place->stance)) {
            continue;
        }
        ctl_config_look_add(
            looking,
            (struct ctl_finding){.hazard = ZTA_HAZARD_RELOAD_PENDING,
                                 .server = line == NULL ? NULL : text_of(line, "server"),
                                 .place = line == NULL ? NULL : text_of(line, "path")},
            "places: %s%s%s where the running server has %s%s at stage %u, monitored up to %u",
            line == NULL ? "none" : text_of(line, "server"), text_of(line, "path"),
            line == NULL ? "" : " as configured", place == NULL ? "none" : place->server,
            place == NULL ? "" : place->path, place == NULL ? 0u : (unsigned)place->stance.stage,
            place == NULL ? 0u : (unsigned)place->stance.monitor);
        break; /* those behind it may only have moved */
    }
    ctl_places_close(&places);
}

/* Lists that are published, walked beside the lines of the dump. */
struct beside {
    struct ctl_config_look *looking;
    const char *kind;
    size_t at;
    bool differs;
};

static bool compare_rules(void *context, struct zta_text name, struct zta_text text)
{
    struct beside *beside = context;
    struct zta_sha256 digest;
    char hex[2 * ZTA_SHA256_SIZE + 1];
    const json_t *line = ctl_config_dump_next(beside->looking->dump, beside->kind, &beside->at);
    zta_sha256(text.data, text.len, &digest);
    zta_hex_encode(digest.bytes, sizeof digest.bytes, hex);
    if (line == NULL || !zta_text_equal(name, zta_text_of(text_of(line, "file"))) ||
        strcmp(hex, text_of(line, "sha256")) != 0) {
        beside->differs = true;
        ctl_config_look_add(
            beside->looking,
            (struct ctl_finding){.hazard = ZTA_HAZARD_RELOAD_PENDING,
                                 .file = line == NULL ? NULL : text_of(line, "file")},
            "rules: what the running server read as %.*s is not what the configuration reads now",
            (int)name.len, name.data);
    }
    return !beside->differs;
}

static bool compare_issuer(void *context, struct zta_text name, struct zta_text url)
{
    struct beside *beside = context;
    const json_t *line = ctl_config_dump_next(beside->looking->dump, beside->kind, &beside->at);
    if (line == NULL || !zta_text_equal(name, zta_text_of(text_of(line, "name"))) ||
        !zta_text_equal(url, zta_text_of(text_of(line, "url")))) {
        beside->differs = true;
        ctl_config_look_add(
            beside->looking, (struct ctl_finding){.hazard = ZTA_HAZARD_RELOAD_PENDING},
            "issuers: the running server has %.*s, which the configuration has no more, or "
            "elsewhere",
            (int)name.len, name.data);
    }
    return !beside->differs;
}

static void compare_lists(struct ctl_config_look *looking)
{
    struct beside rules = {.looking = looking, .kind = "rules"};
    struct beside issuers = {.looking = looking, .kind = "issuer"};
    enum zta_status status = zta_published_each_rules(looking->view, compare_rules, &rules);
    if (status == ZTA_OK) {
        status = zta_published_each_issuer(looking->view, compare_issuer, &issuers);
    }
    const json_t *line = NULL;
    if (status == ZTA_OK && !rules.differs &&
        (line = ctl_config_dump_next(looking->dump, "rules", &rules.at)) != NULL) {
        ctl_config_look_add(looking,
                            (struct ctl_finding){.hazard = ZTA_HAZARD_RELOAD_PENDING,
                                                 .file = text_of(line, "file")},
                            "rules: the running server has not read %s", text_of(line, "file"));
    }
    if (status == ZTA_OK && !issuers.differs &&
        (line = ctl_config_dump_next(looking->dump, "issuer", &issuers.at)) != NULL) {
        ctl_config_look_add(looking, (struct ctl_finding){.hazard = ZTA_HAZARD_RELOAD_PENDING},
                            "issuers: the running server does not know %s", text_of(line, "name"));
    }
    looking->status = looking->status == ZTA_OK ? status : looking->status;
}

/* Of a server that runs: what it has, and what of its traffic it cannot read. */
static void look_at_running(struct ctl_config_look *looking)
{
    struct zta_heartbeat heartbeat;
    uint64_t counters[ZTA_N_COUNTERS] = {0};
    looking->status =
        zta_published_get_heartbeat(looking->view, &heartbeat, counters, ZTA_N_COUNTERS);
    if (looking->status == ZTA_NOT_FOUND) {
        looking->status = ZTA_OK;
        return;
    }
    if (looking->status != ZTA_OK) {
        return;
    }
    looking->is_published = true;
    const uint64_t n = counters[ZTA_COUNTER_FORWARDED_UNREAD];
    if (n >= FORWARDED_LEAST && n * 2 >= counters[ZTA_COUNTER_REQUESTS]) {
        ctl_config_look_add(
            looking, (struct ctl_finding){.hazard = ZTA_HAZARD_REMOTEIP_MISSING},
            "of %" PRIu64 " requests %" PRIu64
            " came from private addresses with X-Forwarded-For or Forwarded, and nothing read it",
            counters[ZTA_COUNTER_REQUESTS], n);
    }
    if (looking->status == ZTA_OK && looking->now_s - heartbeat.time_s <= ZTA_HEARTBEAT_STALE_S) {
        compare_places(looking);
        compare_lists(looking);
    }
}

/* ---- all of it ---- */

static enum ctl_exit look(struct ctl *ctl, struct ctl_config_look *looking)
{
    looking->now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    looking->status = zta_view_begin(ctl->store, &looking->view);
    if (looking->status == ZTA_OK) {
        look_at_running(looking);
        zta_view_end(&looking->view);
    }
    if (looking->status != ZTA_OK) {
        return ctl_fail_status(looking->status, NULL, "reading what the server published");
    }
    return looking->is_published ? ctl_config_look_rules(ctl, looking) : CTL_DONE;
}

/* --last; says what is wrong with it. */
static enum ctl_exit read_period(const struct ctl *ctl, struct ctl_config_stored *stored)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    stored->period_s = PERIOD_S;
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_LAST) &&
        ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &stored->period_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    return CTL_DONE;
}

enum ctl_exit ctl_config_stored_look(struct ctl *ctl, struct ctl_config_dump *dump,
                                     struct ctl_config_stored *stored)
{
    struct ctl_config_look looking = {.dump = dump, .stored = stored};
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    const enum ctl_exit code = read_period(ctl, stored);
    if (code != CTL_DONE) {
        return code;
    }
    if (!ctl_option_is_set(&ctl->options, CTL_OPTION_STORE)) {
        if (dump->store == NULL) {
            (void)snprintf(stored->why, sizeof stored->why, "the configuration names none");
            return CTL_DONE;
        }
        ctl->dir = dump->store;
    }
    const enum zta_status status = ctl_store_open(ctl, CTL_ACCESS_READ, &error);
    if (status != ZTA_OK) {
        (void)snprintf(stored->why, sizeof stored->why, "%.255s",
                       error.text[0] != '\0' ? error.text : zta_status_text(status));
        return CTL_DONE;
    }
    stored->is_looked_at = true;
    return look(ctl, &looking);
}

void ctl_config_stored_close(struct ctl_config_stored *stored)
{
    for (size_t i = 0; i < stored->n_texts; i++) {
        free(stored->texts[i]);
    }
    free(stored->texts);
    *stored = (struct ctl_config_stored){.is_looked_at = false};
}

void ctl_config_stored_say(const struct ctl_config_stored *stored)
{
    char since[ZTA_TIME_TEXT_MAX];
    if (!stored->is_looked_at) {
        ctl_note("The store was not looked at: %s.", stored->why);
    }
    else if (!stored->is_covered) {
        zta_time_print(stored->recorded_s, since);
        ctl_note("Whether rules decide anything cannot be told: %s%s, and %lld days are looked at.",
                 stored->recorded_s == 0 ? "no request is recorded"
                                         : "requests are recorded since ",
                 stored->recorded_s == 0 ? "" : since, (long long)(stored->period_s / (24 * 3600)));
    }
}

void ctl_config_stored_json(const struct ctl_config_stored *stored, struct zta_json *json)
{
    zta_json_bool(json, "store_looked_at", stored->is_looked_at);
    zta_json_string(json, "store_why_not", stored->is_looked_at ? NULL : stored->why);
    zta_json_time(json, "recorded_since", stored->recorded_s);
    zta_json_bool(json, "recorded_long_enough", stored->is_covered);
}
