/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and removes a store for one test. */
#include "tests/unit/scratch_store.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/bytes.h"
#include "shared/base/clock.h"
#include "shared/identity.h"
#include "shared/store/series.h"

static void fail(const char *what, const char *text)
{
    fprintf(stderr, "scratch store: %s: %s\n", what, text);
    abort();
}

void scratch_store_open(struct scratch_store *scratch, const char *below, enum zta_store_role role,
                        uint64_t map_size)
{
    const char *tmp = below != NULL ? below : getenv("TMPDIR");
    (void)snprintf(scratch->top, sizeof scratch->top, "%s/zta-unit.XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(scratch->top) == NULL) {
        fail("mkdtemp", scratch->top);
    }
    (void)snprintf(scratch->dir, sizeof scratch->dir, "%s/store", scratch->top);
    struct zta_store_owners owners = {.owner = geteuid(), .group = getegid(), .httpd = geteuid()};
    struct zta_error error = {.text = ""};
    if (zta_store_init(scratch->dir, &owners, map_size, &error) != ZTA_OK) {
        fail("init", error.text);
    }
    if (zta_store_open(scratch->dir, role, 0, &scratch->store, &error) != ZTA_OK) {
        fail("open", error.text);
    }
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    return remove(path);
}

void scratch_store_close(struct scratch_store *scratch)
{
    zta_store_close(&scratch->store);
    (void)nftw(scratch->top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void scratch_session_id(uint32_t session, uint8_t id[ZTA_SESSION_ID_SIZE])
{
    memset(id, 0, ZTA_SESSION_ID_SIZE);
    if (session != 0) {
        /* As spread as real ids, which are digests. */
        zta_put_u64(id, session * UINT64_C(0x9e3779b97f4a7c15));
        zta_put_u32(id + 8, session);
    }
}

void scratch_event_make(const struct scratch_event *wanted, struct zta_event *event)
{
    memset(event, 0, sizeof *event);
    event->time_ns = wanted->time_ns;
    zta_put_u64(event->id.bytes, (uint64_t)wanted->time_ns / 1000000 << 16);
    zta_put_u64(event->id.bytes + 8, wanted->number);
    event->addr.family = 4;
    zta_put_u32(event->addr.bytes, 0x0a000000u + wanted->source);
    event->outcome = wanted->outcome;
    event->reason = wanted->reason;
    event->http_status = 200;
    event->stage = 2;
    event->latency_us = 1234;
    char subject[32];
    (void)snprintf(subject, sizeof subject, "user-%u@example.com", (unsigned)wanted->session);
    if (wanted->session != 0) {
        scratch_session_id(wanted->session, event->session);
        event->session_kind = wanted->apikey != NULL ? ZTA_SESSION_APIKEY : ZTA_SESSION_SID;
        event->credential = wanted->apikey != NULL ? ZTA_CREDENTIAL_APIKEY : ZTA_CREDENTIAL_TOKEN;
        memset(event->token_id, 7, sizeof event->token_id);
        event->expires_s = (uint64_t)(wanted->time_ns / 1000000000) + 3600;
    }
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_METHOD] = ZTA_TEXT("GET"),
        [ZTA_EVENT_HOST] = ZTA_TEXT("api.example.com"),
        [ZTA_EVENT_PATH] = zta_text_of(wanted->path != NULL ? wanted->path : "/orders/4711"),
        [ZTA_EVENT_ROUTE] = zta_text_of(wanted->route != NULL ? wanted->route : "/orders"),
        [ZTA_EVENT_RULE] = ZTA_TEXT("orders-read"),
        [ZTA_EVENT_AGENT] = zta_text_of(
            wanted->agent != NULL ? wanted->agent : "example-client/1.4 (linux; x86_64)"),
    };
    if (wanted->session != 0) {
        texts[ZTA_EVENT_ISSUER] = zta_text_of(wanted->apikey != NULL ? "local" : "corp");
        texts[ZTA_EVENT_SUBJECT] = zta_text_of(subject);
        texts[ZTA_EVENT_CLIENT] = zta_text_of("web");
        texts[ZTA_EVENT_APIKEY] = zta_text_of(wanted->apikey);
    }
    if (wanted->teaches) {
        const struct zta_stance stance = {
            .modes = {[ZTA_FEATURE_BEHAVIOUR] = ZTA_MODE_MONITOR,
                      [ZTA_FEATURE_RISK] = wanted->risks ? ZTA_MODE_ENFORCE : ZTA_MODE_OFF}};
        event->modes = zta_event_pack_modes(&stance);
        event->replay = ZTA_REPLAY_RECORDED | ZTA_REPLAY_IDENTITY | ZTA_REPLAY_CONTEXT;
        memcpy(event->context.country, wanted->country != NULL ? wanted->country : "CH",
               sizeof event->context.country);
    }
    zta_event_set_texts(event, texts);
}

const struct zta_siphash_key scratch_series_key = {.k0 = 11, .k1 = 12};

enum zta_status scratch_series_put(struct zta_change *change, const struct zta_event *events,
                                   size_t n)
{
    static const int64_t all[ZTA_N_SERIES_SPANS] = {INT64_MIN, INT64_MIN, INT64_MIN};
    struct zta_series_point minute;
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < n && status == ZTA_OK;) {
        memset(&minute, 0, sizeof minute);
        minute.begin_s = zta_series_begin_s(ZTA_SERIES_MINUTE, events[i].time_ns / ZTA_NS_PER_S);
        for (; i < n && events[i].time_ns / ZTA_NS_PER_S / 60 == minute.begin_s / 60; i++) {
            zta_series_note(&minute, &events[i], &scratch_series_key);
            minute.counts[ZTA_SERIES_ROWS]++;
        }
        status = zta_series_write(change, &minute, all);
    }
    return status;
}

/* SplitMix64 (Steele, Lea, Flood). */
uint64_t scratch_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
