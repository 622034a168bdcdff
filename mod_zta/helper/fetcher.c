/* SPDX-License-Identifier: Apache-2.0 */
/* A table of issuers under one lock; a thread takes the one that is due longest. */
#include "mod_zta/helper/fetcher.h"

#include <stdlib.h>

#include "mod_zta/helper/crew.h"
#include "mod_zta/identity/http.h"
#include "shared/base/clock.h"
#include "shared/base/random.h"

#define THREADS_MAX    4
#define BACKOFF_MIN_MS UINT64_C(1000)
#define BACKOFF_MAX_MS UINT64_C(300000)
#define NS_PER_MS      INT64_C(1000000)

enum state {
    IDLE = 0,
    BUSY, /* a thread is at it */
    DONE, /* result waits to be taken */
};

struct item {
    enum state state;
    int64_t next_ns; /* monotonic */
    int64_t ticket;  /* what was asked and not begun; 0: nothing */
    uint32_t n_failures;
    struct mod_zta_fetch_known known;
    struct mod_zta_fetch_result result;
};

struct mod_zta_fetcher {
    const struct mod_zta_fetch_issuer *issuers;
    struct item *items;
    size_t n;
    struct mod_zta_fetch_options options;
    struct mod_zta_crew crew;
};

static uint64_t random_below(uint64_t bound)
{
    uint64_t value;
    zta_random_fast(&value, sizeof value);
    return value % bound;
}

/* Until the next attempt, so spread that servers and issuers do not march in step. */
static int64_t wait_ns(const struct item *item)
{
    uint64_t ms;
    if (item->n_failures == 0) {
        ms = (uint64_t)item->result.fetched.lifetime_s * 1000;
        ms -= random_below(ms / 10 + 1);
    }
    else {
        unsigned shift = item->n_failures - 1 < 9 ? item->n_failures - 1 : 9;
        ms = BACKOFF_MIN_MS << shift;
        ms = ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ms;
        ms -= random_below(ms / 2 + 1);
    }
    return (int64_t)ms * NS_PER_MS;
}

/* Under the lock. The item that is due, or NULL and when one will be. */
static struct item *find_due(struct mod_zta_fetcher *fetcher, int64_t now_ns, int64_t *next_ns)
{
    struct item *due = NULL;
    *next_ns = INT64_MAX;
    for (size_t i = 0; i < fetcher->n; i++) {
        struct item *item = &fetcher->items[i];
        if (!fetcher->issuers[i].is_fetched || item->state != IDLE) {
            continue;
        }
        if (item->next_ns < *next_ns) {
            *next_ns = item->next_ns;
            due = item;
        }
    }
    return due != NULL && *next_ns <= now_ns ? due : NULL;
}

/* Under the lock, which is given up for the attempt. */
static void attempt(struct mod_zta_fetcher *fetcher, struct item *item)
{
    size_t index = (size_t)(item - fetcher->items);
    struct mod_zta_fetch_known known = item->known;
    item->state = BUSY;
    item->result = (struct mod_zta_fetch_result){.issuer = index, .ticket = item->ticket};
    item->ticket = 0;
    (void)pthread_mutex_unlock(&fetcher->crew.lock);
    mod_zta_fetch(&fetcher->issuers[index], &known, &fetcher->options, &item->result.fetched);
    (void)pthread_mutex_lock(&fetcher->crew.lock);
    item->known = item->result.fetched.known;
    item->n_failures = item->result.fetched.is_good ? 0 : item->n_failures + 1;
    int64_t pause_ns = wait_ns(item);
    int64_t now_ns = zta_clock_monotonic_ns();
    item->next_ns = item->ticket != 0 ? now_ns : now_ns + pause_ns;
    item->result.n_failures = item->n_failures;
    item->result.next_s = (zta_clock_real_ns() + pause_ns) / ZTA_NS_PER_S;
    item->state = DONE;
}

static void *run(void *context)
{
    struct mod_zta_fetcher *fetcher = context;
    (void)pthread_mutex_lock(&fetcher->crew.lock);
    while (!mod_zta_crew_is_ending(&fetcher->crew)) {
        int64_t next_ns;
        struct item *item = find_due(fetcher, zta_clock_monotonic_ns(), &next_ns);
        if (item != NULL) {
            attempt(fetcher, item);
        }
        else {
            mod_zta_crew_wait(&fetcher->crew, next_ns);
        }
    }
    (void)pthread_mutex_unlock(&fetcher->crew.lock);
    return NULL;
}

/* False: there is something to fetch, and nobody to do it. */
static bool start_threads(struct mod_zta_fetcher *fetcher)
{
    size_t n_fetched = 0;
    for (size_t i = 0; i < fetcher->n; i++) {
        n_fetched += fetcher->issuers[i].is_fetched ? 1 : 0;
    }
    const size_t n_wanted = n_fetched < THREADS_MAX ? n_fetched : THREADS_MAX;
    while (fetcher->crew.n < n_wanted && mod_zta_crew_add(&fetcher->crew, run, fetcher)) {
    }
    return n_wanted == 0 || fetcher->crew.n > 0;
}

enum zta_status mod_zta_fetcher_open(const struct mod_zta_fetch_issuer *issuers, size_t n,
                                     const char *ca_file, struct mod_zta_fetcher **fetcher)
{
    struct mod_zta_fetcher *opened = calloc(1, sizeof *opened);
    struct item *items = calloc(n + 1, sizeof *items);
    if (opened == NULL || items == NULL ||
        mod_zta_crew_open(THREADS_MAX, &opened->crew) != ZTA_OK) {
        free(items);
        free(opened);
        return ZTA_NO_MEMORY;
    }
    if (mod_zta_http_begin() != ZTA_OK) {
        mod_zta_crew_end(&opened->crew);
        free(items);
        free(opened);
        return ZTA_NO_MEMORY;
    }
    opened->issuers = issuers;
    opened->items = items;
    opened->n = n;
    opened->options = (struct mod_zta_fetch_options){
        .ca_file = ca_file, .is_cancelled = mod_zta_crew_is_ending, .context = &opened->crew};
    if (!start_threads(opened)) {
        mod_zta_fetcher_close(&opened);
        return ZTA_IO;
    }
    *fetcher = opened;
    return ZTA_OK;
}

void mod_zta_fetcher_close(struct mod_zta_fetcher **fetcher)
{
    struct mod_zta_fetcher *closing = *fetcher;
    if (closing == NULL) {
        return;
    }
    *fetcher = NULL;
    mod_zta_crew_end(&closing->crew);
    for (size_t i = 0; i < closing->n; i++) {
        free(closing->items[i].result.fetched.jwks);
    }
    mod_zta_http_end();
    free(closing->items);
    free(closing);
}

void mod_zta_fetcher_ask(struct mod_zta_fetcher *fetcher, size_t issuer, int64_t ticket)
{
    if (issuer >= fetcher->n || !fetcher->issuers[issuer].is_fetched) {
        return;
    }
    struct item *item = &fetcher->items[issuer];
    (void)pthread_mutex_lock(&fetcher->crew.lock);
    item->ticket = ticket;
    item->next_ns = zta_clock_monotonic_ns();
    (void)pthread_cond_signal(&fetcher->crew.changed);
    (void)pthread_mutex_unlock(&fetcher->crew.lock);
}

bool mod_zta_fetcher_take(struct mod_zta_fetcher *fetcher, struct mod_zta_fetch_result *result)
{
    bool is_taken = false;
    (void)pthread_mutex_lock(&fetcher->crew.lock);
    for (size_t i = 0; i < fetcher->n && !is_taken; i++) {
        struct item *item = &fetcher->items[i];
        if (item->state == DONE) {
            *result = item->result;
            item->result.fetched.jwks = NULL;
            item->state = IDLE;
            is_taken = true;
            (void)pthread_cond_signal(&fetcher->crew.changed);
        }
    }
    (void)pthread_mutex_unlock(&fetcher->crew.lock);
    return is_taken;
}
