/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a store in DIR for the console to be measured with: N events of the last ten minutes,
 * devices, and what operators did. Sessions come by fill_sessions. With DIR alone it stores an
 * event for the path of each line that it reads, and says so when that is committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/live/segment.h"
#include "shared/store/audit.h"
#include "shared/store/devices.h"
#include "shared/store/events.h"
#include "shared/store/published.h"
#include "tests/unit/scratch_store.h"

#define EVENTS_A_CHANGE  10000
#define DEVICES_A_CHANGE 10000
#define SPAN_NS          (600 * ZTA_NS_PER_S)
#define STORE_SIZE       (UINT64_C(8) << 30)
#define ACTIONS          10000
#define N_PEOPLE         10000

static void need(enum zta_status status, const struct zta_error *error)
{
    if (status != ZTA_OK) {
        (void)fprintf(stderr, "fill_console: %s: %s\n", zta_status_text(status), error->text);
        exit(1);
    }
}

static struct zta_change *begin(struct zta_store *store)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    need(zta_change_begin(store, "benchmark", &change, &error), &error);
    return change;
}

static void commit(struct zta_change **change)
{
    struct zta_error error = {.text = ""};
    need(zta_change_commit(change, &error), &error);
}

static void make_event(uint64_t i, int64_t time_ns, struct zta_event *event)
{
    static const char *const routes[] = {"/orders", "/catalogue", "/payments", "/search", "/admin"};
    const struct scratch_event wanted = {
        .number = i,
        .time_ns = time_ns,
        .source = (uint32_t)(i * 7 % N_PEOPLE),
        .session = (uint32_t)(i * 7 % N_PEOPLE) + 1,
        .outcome = i % 9 == 0 ? ZTA_OUTCOME_DENY : (uint8_t)ZTA_OUTCOME_ALLOW,
        .reason = i % 9 == 0 ? ZTA_REASON_INSUFFICIENT_SCOPE : (uint8_t)ZTA_REASON_OK,
        .route = routes[i % (sizeof routes / sizeof routes[0])]};
    scratch_event_make(&wanted, event);
    event->http_status = i % 9 == 0 ? 403 : 200;
}

static void put_events(struct zta_store *store, uint64_t n, int64_t now_ns)
{
    static struct zta_event events[EVENTS_A_CHANGE];
    static uint64_t sequences[EVENTS_A_CHANGE];
    const struct zta_error none = {.text = "events"};
    const struct zta_event_key key = {.segment_created_ns = (uint64_t)now_ns, .segment_id = 9};
    for (uint64_t i = 0; i < n;) {
        size_t m = 0;
        for (; m < EVENTS_A_CHANGE && i < n; m++, i++) {
            make_event(i + 1, now_ns - SPAN_NS + (int64_t)((double)SPAN_NS * (double)i / (double)n),
                       &events[m]);
            sequences[m] = i;
        }
        struct zta_change *change = begin(store);
        need(zta_events_append(change, &key, events, sequences, m, i), &none);
        need(scratch_series_put(change, events, m), &none);
        commit(&change);
    }
}

static void put_heartbeat(struct zta_store *store, int64_t now_s)
{
    const struct zta_error none = {.text = "heartbeat"};
    const uint64_t counters[ZTA_N_COUNTERS] = {0};
    const struct zta_heartbeat heartbeat = {.time_s = now_s,
                                            .started_s = now_s - 86400,
                                            .n_children = 4,
                                            .ring_capacity = 100000,
                                            .version = "1.0"};
    struct zta_change *change = begin(store);
    need(zta_published_put_heartbeat(change, &heartbeat, counters, ZTA_N_COUNTERS), &none);
    commit(&change);
}

static void put_devices(struct zta_store *store, uint32_t n)
{
    static const char *const systems[] = {"macos", "windows", "linux", "ios"};
    const struct zta_error none = {.text = "devices"};
    for (uint32_t i = 0; i < n;) {
        struct zta_change *change = begin(store);
        for (uint32_t end = i + DEVICES_A_CHANGE; i < end && i < n; i++) {
            char id[32];
            char owner[32];
            bool is_changed = false;
            (void)snprintf(id, sizeof id, "laptop-%07u", (unsigned)i);
            (void)snprintf(owner, sizeof owner, "user-%07u", (unsigned)i);
            const struct zta_device device = {
                .id = zta_text_of(id),
                .issuer = ZTA_TEXT("corp"),
                .subject = zta_text_of(owner),
                .traits = {.known = ZTA_DEVICE_STATED, .yes = i % 16 == 0 ? 0 : ZTA_DEVICE_STATED},
                .os = zta_text_of(systems[i % (sizeof systems / sizeof systems[0])]),
                .os_version = ZTA_TEXT("14.2.1"),
                .author = ZTA_TEXT("import"),
                .action_id = 1,
            };
            need(zta_device_put(change, &device, &is_changed), &none);
        }
        commit(&change);
    }
}

static void put_actions(struct zta_store *store)
{
    const struct zta_error none = {.text = "actions"};
    struct zta_change *change = begin(store);
    for (uint32_t i = 0; i < ACTIONS; i++) {
        char target[48];
        (void)snprintf(target, sizeof target, "subject user-%07u@corp", (unsigned)i);
        struct zta_audit_entry entry = {.login = ZTA_TEXT("dana"),
                                        .action = ZTA_TEXT("revoke"),
                                        .target = zta_text_of(target),
                                        .reason = ZTA_TEXT("benchmark")};
        need(zta_audit_append(change, &entry), &none);
    }
    commit(&change);
}

static struct zta_store *open_as(const char *dir, enum zta_store_role role)
{
    struct zta_store *store = NULL;
    struct zta_error error = {.text = ""};
    need(zta_store_open(dir, role, 0, &store, &error), &error);
    return store;
}

static void append(const char *dir)
{
    const struct zta_error none = {.text = "an event"};
    const struct zta_event_key key = {.segment_created_ns = (uint64_t)zta_clock_real_ns(),
                                      .segment_id = 10};
    struct zta_store *store = open_as(dir, ZTA_STORE_HELPER);
    char path[256];
    for (uint64_t i = 0; fgets(path, sizeof path, stdin) != NULL; i++) {
        struct zta_event event;
        path[strcspn(path, "\n")] = '\0';
        const struct scratch_event wanted = {
            .number = i + 1, .time_ns = zta_clock_real_ns(), .session = 1, .path = path};
        scratch_event_make(&wanted, &event);
        struct zta_change *change = begin(store);
        need(zta_events_append(change, &key, &event, &i, 1, i + 1), &none);
        commit(&change);
        (void)puts(path);
        (void)fflush(stdout);
    }
    zta_store_close(&store);
}

int main(int argc, char **argv)
{
    struct zta_error error = {.text = ""};
    const struct zta_store_owners owners = {
        .owner = geteuid(), .group = getegid(), .httpd = geteuid()};
    if (argc == 2) {
        append(argv[1]);
        return 0;
    }
    if (argc != 4) {
        (void)fprintf(stderr, "usage: fill_console DIR [EVENTS DEVICES]\n");
        return 2;
    }
    const int64_t now_ns = zta_clock_real_ns();
    need(zta_store_init(argv[1], &owners, STORE_SIZE, &error), &error);
    struct zta_store *store = open_as(argv[1], ZTA_STORE_OPERATOR);
    put_devices(store, (uint32_t)strtoul(argv[3], NULL, 10));
    put_actions(store);
    zta_store_close(&store);
    store = open_as(argv[1], ZTA_STORE_HELPER);
    put_events(store, strtoull(argv[2], NULL, 10), now_ns);
    put_heartbeat(store, now_ns / ZTA_NS_PER_S);
    zta_store_close(&store);
    return 0;
}
