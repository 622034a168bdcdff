/* SPDX-License-Identifier: Apache-2.0 */
/* One question at a time: they are asked by hand, and transmitters take few of them. */
#include "mod_zta/helper/verification.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "mod_zta/helper/observer_priv.h"
#include "mod_zta/identity/http.h"
#include "shared/base/clock.h"
#include "shared/base/random.h"
#include "shared/store/notices.h"

#define STATE_BYTES 16
#define ANSWER_MAX  65536 /* of a body that nobody reads */

enum state {
    IDLE = 0,
    READY, /* the thread is to ask */
    DONE,  /* what came of it waits for the observer */
};

struct mod_zta_verification {
    struct mod_zta_observer *observer;
    struct mod_zta_verification_options options;
    pthread_t thread;
    bool has_thread;
    atomic_bool is_ending;
    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* Under the lock; what is asked is the thread's while it is READY. */
    enum state state;
    const struct mod_zta_verify *asked;
    char word[2 * STATE_BYTES + 1];
    char error[256]; /* "": it was taken */

    int64_t next_ns; /* monotonic; the observer's */
};

static bool has(struct zta_text text)
{
    return !zta_text_is_absent(text);
}

/* ---- what is asked for ---- */

static enum zta_status want_one(struct zta_change *change, struct zta_text name, int64_t now_s)
{
    uint8_t bytes[STATE_BYTES];
    char word[2 * STATE_BYTES + 1];
    struct zta_stream stream;
    enum zta_status status = zta_stream_load(change, name, &stream);
    if (status != ZTA_OK) {
        /* Without its record there is no configuration with it any more. */
        return status == ZTA_NOT_FOUND || status == ZTA_CORRUPT ? ZTA_OK : status;
    }
    zta_random_bytes(bytes, sizeof(bytes));
    zta_hex_encode(bytes, sizeof(bytes), word);
    stream.name = name;
    stream.state = zta_text_of(word);
    stream.ask_error = (struct zta_text){.data = NULL};
    stream.asked_s = now_s;
    stream.is_told = false;
    return zta_stream_put(change, &stream);
}

enum zta_status mod_zta_verification_want(struct zta_change *change,
                                          const struct mod_zta_observer_options *options,
                                          struct zta_text name, int64_t now_s)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < options->n_streams && status == ZTA_OK; i++) {
        const struct mod_zta_stream_options *stream = &options->streams[i];
        if (stream->is_verifiable && (!has(name) || zta_text_equal(stream->name, name))) {
            status = want_one(change, stream->name, now_s);
        }
    }
    return status;
}

/* ---- the thread ---- */

static bool is_cancelled(void *context)
{
    return atomic_load(&((struct mod_zta_verification *)context)->is_ending);
}

static void ask(struct mod_zta_verification *verification, char error[256])
{
    const struct mod_zta_verify *asked = verification->asked;
    struct zta_error fault = {.text = ""};
    struct mod_zta_http_answer answer = {.body = NULL};
    json_t *body = json_pack("{s:s, s:s}", "stream_id", asked->stream, "state", verification->word);
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    const struct mod_zta_http_request request = {
        .url = asked->url,
        .ca_file = verification->options.ca_file,
        .json = text,
        .authorization = asked->authorization,
        .body_max = ANSWER_MAX,
        .is_cancelled = is_cancelled,
        .context = verification,
    };
    json_decref(body);
    const enum zta_status status =
        text != NULL ? mod_zta_http_post(&request, &answer, &fault) : ZTA_NO_MEMORY;
    error[0] = '\0';
    if (status != ZTA_OK) {
        (void)snprintf(error, 256, "asking for its verification: %.200s", fault.text);
    }
    else if (answer.status != 204 && answer.status != 200) {
        (void)snprintf(error, 256, "asking for its verification: it answers %ld", answer.status);
    }
    free(answer.body);
    free(text);
}

static void *run(void *context)
{
    struct mod_zta_verification *verification = context;
    char error[256];
    (void)pthread_mutex_lock(&verification->lock);
    while (!atomic_load(&verification->is_ending)) {
        if (verification->state != READY) {
            (void)pthread_cond_wait(&verification->changed, &verification->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&verification->lock);
        ask(verification, error);
        (void)pthread_mutex_lock(&verification->lock);
        (void)snprintf(verification->error, sizeof(verification->error), "%s", error);
        verification->state = DONE;
    }
    (void)pthread_mutex_unlock(&verification->lock);
    return NULL;
}

/* ---- the observer's part ---- */

struct choosing {
    struct mod_zta_verification *verification;
    int64_t now_s;
};

static bool choose(void *context, const struct zta_stream *stream)
{
    const struct choosing *choosing = context;
    struct mod_zta_verification *verification = choosing->verification;
    if (!has(stream->state) || stream->is_told || zta_stream_is_overdue(stream, choosing->now_s)) {
        return true;
    }
    for (size_t i = 0; i < verification->options.n_verifies; i++) {
        if (zta_text_equal(verification->options.verifies[i].name, stream->name)) {
            verification->asked = &verification->options.verifies[i];
            (void)snprintf(verification->word, sizeof(verification->word), "%.*s",
                           (int)stream->state.len, stream->state.data);
            return false;
        }
    }
    return true;
}

/* Under the lock, while the thread waits. */
static void begin(struct mod_zta_verification *verification, int64_t now_s)
{
    struct choosing choosing = {.verification = verification, .now_s = now_s};
    struct zta_view *view;
    verification->asked = NULL;
    if (zta_view_begin(verification->observer->store, &view) != ZTA_OK) {
        return;
    }
    const enum zta_status status = zta_stream_each(view, choose, &choosing);
    zta_view_end(&view);
    if (status == ZTA_OK && verification->asked != NULL) {
        verification->state = READY;
        (void)pthread_cond_signal(&verification->changed);
    }
}

/* Its event may have come before the answer, or the operator asked anew. */
static enum zta_status note(struct mod_zta_verification *verification, struct zta_change *change)
{
    struct zta_stream stream;
    const struct zta_text name = verification->asked->name;
    enum zta_status status = zta_stream_load(change, name, &stream);
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND || status == ZTA_CORRUPT ? ZTA_OK : status;
    }
    if (!zta_text_equal(stream.state, zta_text_of(verification->word))) {
        return ZTA_OK;
    }
    stream.name = name;
    stream.is_told = true;
    stream.ask_error = zta_text_of(verification->error[0] == '\0' ? NULL : verification->error);
    return zta_stream_put(change, &stream);
}

static void finish(struct mod_zta_verification *verification)
{
    struct zta_error fault = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    if (zta_change_begin(verification->observer->store, "verification", &change, &fault) !=
        ZTA_OK) {
        return;
    }
    if (note(verification, change) == ZTA_OK && zta_change_commit(&change, &fault) == ZTA_OK) {
        verification->state = IDLE;
    }
    zta_change_abort(&change);
}

void mod_zta_verification_step(struct mod_zta_verification *verification, int64_t now_mono_ns,
                               int64_t now_real_ns)
{
    if (!verification->has_thread || now_mono_ns < verification->next_ns ||
        !verification->observer->upkeep.is_healthy) {
        return;
    }
    verification->next_ns = now_mono_ns + ZTA_NS_PER_S;
    (void)pthread_mutex_lock(&verification->lock);
    if (verification->state == DONE) {
        finish(verification);
    }
    if (verification->state == IDLE) {
        begin(verification, now_real_ns / ZTA_NS_PER_S);
    }
    (void)pthread_mutex_unlock(&verification->lock);
}

/* ---- open and close ---- */

enum zta_status mod_zta_verification_open(struct mod_zta_observer *observer,
                                          const struct mod_zta_verification_options *options,
                                          struct mod_zta_verification **verification)
{
    struct mod_zta_verification *opened = calloc(1, sizeof *opened);
    sigset_t all;
    sigset_t former;
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    *opened = (struct mod_zta_verification){.observer = observer, .options = *options};
    atomic_init(&opened->is_ending, false);
    (void)pthread_mutex_init(&opened->lock, NULL); /* default ones cannot fail */
    (void)pthread_cond_init(&opened->changed, NULL);
    if (options->n_verifies > 0) {
        /* No signal of the process is delivered to it. */
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &former);
        opened->has_thread = pthread_create(&opened->thread, NULL, run, opened) == 0;
        (void)pthread_sigmask(SIG_SETMASK, &former, NULL);
        if (!opened->has_thread) {
            mod_zta_verification_close(&opened);
            return ZTA_IO;
        }
    }
    *verification = opened;
    return ZTA_OK;
}

void mod_zta_verification_close(struct mod_zta_verification **verification)
{
    struct mod_zta_verification *closing = *verification;
    if (closing == NULL) {
        return;
    }
    *verification = NULL;
    (void)pthread_mutex_lock(&closing->lock);
    atomic_store(&closing->is_ending, true);
    (void)pthread_cond_broadcast(&closing->changed);
    (void)pthread_mutex_unlock(&closing->lock);
    if (closing->has_thread) {
        (void)pthread_join(closing->thread, NULL);
    }
    (void)pthread_cond_destroy(&closing->changed);
    (void)pthread_mutex_destroy(&closing->lock);
    free(closing);
}
