/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be acknowledged stays with its transmitter until an answer says that it arrived. */
#include "mod_zta/helper/poller.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/helper/crew.h"
#include "mod_zta/helper/notices.h"
#include "mod_zta/helper/observer_priv.h"
#include "mod_zta/helper/refresh.h"
#include "mod_zta/identity/http.h"
#include "mod_zta/identity/keyring.h"
#include "mod_zta/identity/stored_keys.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/clock.h"
#include "shared/base/random.h"
#include "shared/live/issuers.h"
#include "shared/live/mailbox.h"
#include "shared/store/notices.h"

#define EVENTS_MAX 25     /* of an answer */
#define ANSWER_MAX 524288 /* so many of the largest, and room */
#define WAIT_MS    60000  /* a long poll */
#define AT_ONCE_NS (2 * ZTA_NS_PER_S)
#define RETRY_NS   ZTA_NS_PER_S
/* Between two polls, each a synced change, however much the transmitter says is left. */
#define LEAST_NS       (ZTA_NS_PER_S / 10)
#define ASK_KEYS_NS    (60 * ZTA_NS_PER_S)
#define BACKOFF_MAX_NS (300 * ZTA_NS_PER_S)

enum state {
    IDLE = 0,
    BUSY, /* its thread waits for the answer */
    DONE, /* the answer waits for the observer */
};

struct item {
    struct mod_zta_poller *poller;
    const struct mod_zta_poll *poll;

    /* Under the lock. */
    enum state state;
    int64_t next_ns; /* monotonic */
    char *request;   /* JSON; the thread's while it is BUSY */
    struct mod_zta_http_answer answer;
    char error[256]; /* "": there is an answer */
    int64_t took_ns;

    /* The observer's. */
    json_t *acks;   /* what was taken and not yet told to be */
    json_t *errors; /* what was refused, likewise */
    size_t n_sent;  /* of acks, in the request that is under way */
    unsigned n_failures;
    int64_t asked_keys_ns;
    uint64_t generation; /* of the keys in the ring */
};

struct mod_zta_poller {
    struct mod_zta_observer *observer;
    struct mod_zta_refresh *refresh;
    struct mod_zta_poller_options options;
    struct item *items;
    struct mod_zta_crew crew;
};

/* ---- threads ---- */

/* Under the lock, which is given up for the exchange. */
static void exchange(struct item *item)
{
    struct mod_zta_poller *poller = item->poller;
    struct zta_error error = {.text = ""};
    struct mod_zta_http_answer answer = {.body = NULL};
    const struct mod_zta_http_request request = {
        .url = item->poll->url,
        .ca_file = poller->options.ca_file,
        .json = item->request,
        .authorization = item->poll->authorization,
        .body_max = ANSWER_MAX,
        .timeout_ms = WAIT_MS,
        .is_cancelled = mod_zta_crew_is_ending,
        .context = &poller->crew,
    };
    item->state = BUSY;
    (void)pthread_mutex_unlock(&poller->crew.lock);
    const int64_t begun_ns = zta_clock_monotonic_ns();
    const enum zta_status status = mod_zta_http_post(&request, &answer, &error);
    (void)pthread_mutex_lock(&poller->crew.lock);
    item->took_ns = zta_clock_monotonic_ns() - begun_ns;
    item->answer = answer;
    item->error[0] = '\0';
    if (status != ZTA_OK) {
        (void)snprintf(item->error, sizeof(item->error), "polling: %.200s", error.text);
    }
    else if (answer.status != 200) {
        (void)snprintf(item->error, sizeof(item->error), "polling: it answers %ld", answer.status);
    }
    item->state = DONE;
}

static void *run(void *context)
{
    struct item *item = context;
    struct mod_zta_poller *poller = item->poller;
    (void)pthread_mutex_lock(&poller->crew.lock);
    while (!mod_zta_crew_is_ending(&poller->crew)) {
        if (item->state != IDLE) {
            mod_zta_crew_wait(&poller->crew, INT64_MAX);
        }
        else if (zta_clock_monotonic_ns() < item->next_ns) {
            mod_zta_crew_wait(&poller->crew, item->next_ns);
        }
        else {
            exchange(item);
        }
    }
    (void)pthread_mutex_unlock(&poller->crew.lock);
    return NULL;
}

/* ---- the request ---- */

/* All that is to be told goes with the next poll; the rest of it asks for more. */
static char *make_request(struct item *item)
{
    json_t *body = json_object();
    int failed = json_object_set_new(body, "maxEvents", json_integer(EVENTS_MAX));
    failed |= json_object_set_new(body, "returnImmediately", json_false());
    item->n_sent = json_array_size(item->acks);
    if (item->n_sent > 0) {
        failed |= json_object_set(body, "ack", item->acks);
    }
    if (json_object_size(item->errors) > 0) {
        failed |= json_object_set(body, "setErrs", item->errors);
    }
    char *text = failed == 0 ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return text;
}

static void begin_poll(struct item *item, int64_t next_ns)
{
    struct mod_zta_poller *poller = item->poller;
    char *request = make_request(item);
    (void)pthread_mutex_lock(&poller->crew.lock);
    free(item->request);
    free(item->answer.body);
    item->answer = (struct mod_zta_http_answer){.body = NULL};
    item->request = request;
    item->next_ns = next_ns;
    item->state = request != NULL ? IDLE : DONE;
    (void)pthread_cond_broadcast(&poller->crew.changed);
    (void)pthread_mutex_unlock(&poller->crew.lock);
}

/* ---- the answer ---- */

/* One answer on its way into the store. */
struct round {
    struct item *item;
    struct zta_view *view;
    struct zta_change *change;
    json_t *acks;
    json_t *errors;
    int64_t now_ns;
    bool is_left; /* something has to wait for newer keys */
};

static void refuse(const struct round *round, const char *jti, const char *err, const char *why)
{
    json_t *error = json_pack("{s:s, s:s}", "err", err, "description", why);
    (void)json_object_set_new(round->errors, jti, error);
    mod_zta_observer_log(round->item->poller->observer, MOD_ZTA_HELPER_INFO,
                         "ZTA0127: transmitter %s: signal not taken, %s: %s",
                         round->item->poll->transmitter->issuer->name.data, err, why);
}

static bool is_own_jti(const struct mod_zta_poll *poll, const char *jti,
                       const struct zta_notice *notice)
{
    const struct zta_text id[] = {poll->transmitter->issuer->name, zta_text_of(jti)};
    struct zta_sha256 expected;
    zta_sha256_parts(id, sizeof(id) / sizeof(id[0]), &expected);
    return memcmp(expected.bytes, notice->id.bytes, sizeof(expected.bytes)) == 0;
}

/* Newer keys may make it good: it is not answered, so that it comes again. */
static bool waits_for_keys(struct round *round, const struct mod_zta_set_result *result)
{
    struct item *item = round->item;
    const int64_t now_ns = zta_clock_monotonic_ns();
    if (result->verdict == MOD_ZTA_SET_UNAVAILABLE) {
        return true;
    }
    if (!result->is_key_unknown || !item->poll->is_fetched ||
        (item->asked_keys_ns != 0 && now_ns - item->asked_keys_ns < ASK_KEYS_NS)) {
        return false;
    }
    item->asked_keys_ns = now_ns;
    mod_zta_refresh_ask(item->poller->refresh, item->poll->transmitter->issuer->name);
    return true;
}

static enum zta_status take(struct round *round, const char *jti, const json_t *value)
{
    static struct mod_zta_set_result result; /* the observer's thread alone comes here */
    const struct mod_zta_transmitter *const all[] = {round->item->poll->transmitter};
    struct zta_signal_delivery delivery = {.now_ns = round->now_ns};
    mod_zta_set_judge(mod_zta_json_text_of(value), all, 1, round->now_ns / ZTA_NS_PER_S, &result);
    if (result.verdict != MOD_ZTA_SET_ACCEPTED) {
        if (waits_for_keys(round, &result)) {
            round->is_left = true;
        }
        else {
            refuse(round, jti, result.err, result.detail);
        }
        return ZTA_OK;
    }
    if (!is_own_jti(round->item->poll, jti, &result.notice)) {
        refuse(round, jti, "invalid_request", "it stands under another jti than its own");
        return ZTA_OK;
    }
    const enum zta_status status =
        mod_zta_notice_deliver(round->item->poller->observer->automation, round->view,
                               round->change, &result.notice, &delivery);
    if (status == ZTA_OK || status == ZTA_EXISTS) {
        (void)json_array_append_new(round->acks, json_string(jti));
        return ZTA_OK;
    }
    if (status == ZTA_INVALID && result.notice.kind == ZTA_NOTICE_VERIFICATION) {
        refuse(round, jti, "invalid_state", MOD_ZTA_SET_BAD_STATE);
        return ZTA_OK;
    }
    return status;
}

static enum zta_status take_all(struct round *round, json_t *sets)
{
    const char *jti;
    json_t *value;
    enum zta_status status = ZTA_OK;
    json_object_foreach(sets, jti, value)
    {
        status = status == ZTA_OK ? take(round, jti, value) : status;
    }
    return status;
}

static enum zta_status note_poll(const struct round *round, const char *error)
{
    struct zta_stream stream;
    const struct zta_text name = round->item->poll->transmitter->issuer->name;
    const int64_t now_s = round->now_ns / ZTA_NS_PER_S;
    if (zta_stream_load(round->change, name, &stream) != ZTA_OK) {
        stream = (struct zta_stream){.first_s = now_s};
    }
    stream.name = name;
    stream.is_polled = true;
    stream.error = zta_text_of(error[0] == '\0' ? NULL : error);
    stream.polled_s = error[0] == '\0' ? now_s : stream.polled_s;
    return zta_stream_put(round->change, &stream);
}

/* In one synced change, and behind it the word to all children. */
static bool store(struct round *round, json_t *sets, const char *error)
{
    struct mod_zta_observer *observer = round->item->poller->observer;
    struct zta_error fault = {.status = ZTA_OK, .text = ""};
    enum zta_status status = zta_change_begin(observer->store, "signals", &round->change, &fault);
    if (status == ZTA_OK) {
        status = zta_view_begin(observer->store, &round->view);
    }
    if (status == ZTA_OK && sets != NULL) {
        status = take_all(round, sets);
    }
    zta_view_end(&round->view);
    if (status == ZTA_OK) {
        status = note_poll(round, error);
    }
    if (status == ZTA_OK) {
        status = zta_change_commit(&round->change, &fault);
    }
    zta_change_abort(&round->change);
    if (status == ZTA_OK) {
        status = zta_store_sync(observer->store, &fault);
    }
    if (status == ZTA_OK && json_array_size(round->acks) > 0) {
        zta_signals_moved(observer->options.segment);
    }
    return status == ZTA_OK;
}

/* The newest keys that are there. */
static void look_at_keys(struct item *item)
{
    struct mod_zta_observer *observer = item->poller->observer;
    const struct mod_zta_issuer *issuer = item->poll->transmitter->issuer;
    struct zta_issuer_place place;
    struct zta_view *view;
    if (!item->poll->is_fetched ||
        zta_issuer_find(observer->options.segment, item->poll->source, &place) != ZTA_OK) {
        return;
    }
    const uint64_t generation = zta_issuer_generation(observer->options.segment, &place);
    if (generation == item->generation || zta_view_begin(observer->store, &view) != ZTA_OK) {
        return;
    }
    if (zta_view_state_txn(view) >= generation && mod_zta_keyring_begin(issuer->keyring)) {
        if (mod_zta_stored_keys_read(issuer, item->poll->source, view)) {
            item->generation = generation;
        }
        mod_zta_keyring_end(issuer->keyring);
    }
    zta_view_end(&view);
}

static int64_t backoff_ns(unsigned n_failures)
{
    const unsigned shift = n_failures < 10 ? n_failures : 10;
    const int64_t most_ns = ZTA_NS_PER_S << shift;
    uint64_t jitter;
    zta_random_fast(&jitter, sizeof(jitter));
    const int64_t wait_ns = most_ns < BACKOFF_MAX_NS ? most_ns : BACKOFF_MAX_NS;
    return wait_ns - (int64_t)(jitter % (uint64_t)(wait_ns / 2));
}

/* What an answer that arrived has heard need not be said again. */
static void forget_sent(struct item *item)
{
    for (size_t i = 0; i < item->n_sent; i++) {
        (void)json_array_remove(item->acks, 0);
    }
    (void)json_object_clear(item->errors);
    item->n_sent = 0;
}

/*
 * When to ask again: at once for what was taken or is left to get, unless nothing is going on. What
 * is refused again and again is no reason to hurry.
 */
static int64_t next_of(const struct item *item, const struct round *round, const json_t *root,
                       int64_t now_ns)
{
    const bool has_more = json_is_true(json_object_get(root, "moreAvailable"));
    const bool has_taken = json_array_size(round->acks) > 0;
    if (item->took_ns >= AT_ONCE_NS && !round->is_left) {
        return now_ns;
    }
    if (has_taken && !round->is_left) {
        return now_ns + LEAST_NS;
    }
    return round->is_left || has_more || json_object_size(round->errors) > 0
               ? now_ns + RETRY_NS
               : now_ns + item->poll->interval_s * ZTA_NS_PER_S;
}

static void handle(struct item *item, int64_t now_mono_ns, int64_t now_real_ns)
{
    struct round round = {
        .item = item, .acks = json_array(), .errors = json_object(), .now_ns = now_real_ns};
    const struct zta_text text = {.data = item->answer.body != NULL ? item->answer.body : "",
                                  .len = item->answer.body_len};
    json_t *root = NULL;
    const char *fault = "";
    int64_t next_ns = now_mono_ns + RETRY_NS;
    look_at_keys(item);
    if (item->error[0] == '\0' && item->request != NULL &&
        (mod_zta_json_load_document(text, &root, &fault) != ZTA_OK ||
         !json_is_object(json_object_get(root, "sets")))) {
        (void)snprintf(item->error, sizeof(item->error), "polling: its answer has no sets%s%s",
                       fault[0] == '\0' ? "" : ": ", fault);
    }
    const bool is_good = item->error[0] == '\0';
    if (!store(&round, is_good ? json_object_get(root, "sets") : NULL, item->error)) {
        next_ns = now_mono_ns + RETRY_NS; /* nothing was taken, all of it comes again */
    }
    else if (is_good) {
        forget_sent(item);
        (void)json_array_extend(item->acks, round.acks);
        (void)json_object_update(item->errors, round.errors);
        item->n_failures = 0;
        next_ns = next_of(item, &round, root, now_mono_ns);
    }
    else {
        item->n_failures++;
        next_ns = now_mono_ns + backoff_ns(item->n_failures);
    }
    json_decref(root);
    json_decref(round.acks);
    json_decref(round.errors);
    begin_poll(item, next_ns);
}

void mod_zta_poller_step(struct mod_zta_poller *poller, int64_t now_mono_ns, int64_t now_real_ns)
{
    for (size_t i = 0; i < poller->crew.n; i++) {
        struct item *item = &poller->items[i];
        (void)pthread_mutex_lock(&poller->crew.lock);
        const bool is_done = item->state == DONE;
        (void)pthread_mutex_unlock(&poller->crew.lock);
        if (is_done && poller->observer->upkeep.is_healthy) {
            handle(item, now_mono_ns, now_real_ns);
        }
    }
}

/* ---- open and close ---- */

static enum zta_status start_threads(struct mod_zta_poller *poller)
{
    while (poller->crew.n < poller->options.n_polls &&
           mod_zta_crew_add(&poller->crew, run, &poller->items[poller->crew.n])) {
    }
    return poller->crew.n == poller->options.n_polls ? ZTA_OK : ZTA_IO;
}

enum zta_status mod_zta_poller_open(struct mod_zta_observer *observer,
                                    struct mod_zta_refresh *refresh,
                                    const struct mod_zta_poller_options *options,
                                    struct mod_zta_poller **poller)
{
    struct mod_zta_poller *opened = calloc(1, sizeof *opened);
    struct item *items = calloc(options->n_polls + 1, sizeof *items);
    if (opened == NULL || items == NULL) {
        free(items);
        free(opened);
        return ZTA_NO_MEMORY;
    }
    *opened = (struct mod_zta_poller){
        .observer = observer, .refresh = refresh, .options = *options, .items = items};
    if (mod_zta_crew_open(options->n_polls, &opened->crew) != ZTA_OK) {
        free(items);
        free(opened);
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < options->n_polls; i++) {
        items[i] = (struct item){.poller = opened,
                                 .poll = &options->polls[i],
                                 .acks = json_array(),
                                 .errors = json_object()};
        items[i].request = make_request(&items[i]);
    }
    const enum zta_status status = start_threads(opened);
    if (status != ZTA_OK) {
        mod_zta_poller_close(&opened);
        return status;
    }
    *poller = opened;
    return ZTA_OK;
}

void mod_zta_poller_close(struct mod_zta_poller **poller)
{
    struct mod_zta_poller *closing = *poller;
    if (closing == NULL) {
        return;
    }
    *poller = NULL;
    mod_zta_crew_end(&closing->crew);
    for (size_t i = 0; i < closing->options.n_polls; i++) {
        free(closing->items[i].request);
        free(closing->items[i].answer.body);
        json_decref(closing->items[i].acks);
        json_decref(closing->items[i].errors);
    }
    free(closing->items);
    free(closing);
}
