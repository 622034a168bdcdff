/* SPDX-License-Identifier: Apache-2.0 */
/* A queue under a lock, and the thread that empties it a chunk at a time. */
#include "mod_zta/helper/log_target.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mod_zta/helper/log_queue.h"
#include "shared/base/clock.h"
#include "shared/log/line.h"

#define CHUNK_SIZE  65536
#define IDLE_NS     ZTA_NS_PER_S
#define PAUSE_MS    50
#define HANGS_NS    (2 * ZTA_NS_PER_S) /* a write that takes longer is trouble */
#define PATIENCE_NS (ZTA_NS_PER_S / 2) /* behind the deadline, for a thread that must only end */

/* What one write is about; by the thread alone. */
struct chunk {
    size_t len;
    size_t written;
    uint64_t n_lines;
    uint64_t n_of[ZTA_N_LOGGED];
    uint64_t last_of[ZTA_N_LOGGED];
    int severity;
    char data[CHUNK_SIZE];
};

struct mod_zta_log_target {
    struct mod_zta_log_target_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* Under the lock. */
    struct mod_zta_log_queue queue;
    struct mod_zta_log_stats stats;
    uint64_t n_waiting[ZTA_N_LOGGED]; /* in queue or chunk */
    uint64_t done[ZTA_N_LOGGED];      /* while some wait: below all is written or dropped */
    uint64_t next[ZTA_N_LOGGED];      /* behind the last that was put or passed */
    int64_t writing_ns;               /* since when a write runs; 0: none does */
    bool is_stopping;
    bool has_ended; /* by the thread, as the last it does */
    int64_t deadline_ns;
    /* By the thread alone. */
    struct mod_zta_log_out out;
    struct chunk chunk;
};

/* ---- the queue, under the lock ---- */

static void settle(struct mod_zta_log_target *target, unsigned stream, uint64_t n, uint64_t last)
{
    if (stream < ZTA_N_LOGGED && n > 0) {
        target->n_waiting[stream] -= n;
        target->done[stream] = last + 1;
    }
}

static void drop_first(struct mod_zta_log_target *target, const struct mod_zta_log_mark *mark)
{
    mod_zta_log_queue_take(&target->queue, NULL);
    settle(target, mark->stream, 1, mark->number);
    target->stats.n_dropped++;
}

/* Events that wait hold their slots of the ring; whoever takes too little lets go of them. */
static void let_go(struct mod_zta_log_target *target)
{
    struct mod_zta_log_mark mark;
    const uint64_t most = target->options.most_behind;
    while (!target->options.is_mandatory && most > 0 &&
           mod_zta_log_queue_first(&target->queue, &mark) && mark.stream == ZTA_LOGGED_EVENTS &&
           mark.number + most < target->next[ZTA_LOGGED_EVENTS]) {
        drop_first(target, &mark);
    }
}

bool mod_zta_log_target_has_room(struct mod_zta_log_target *target)
{
    if (!target->options.is_mandatory) {
        return true;
    }
    (void)pthread_mutex_lock(&target->lock);
    const bool has_room = mod_zta_log_queue_fits(&target->queue, ZTA_LOG_LINE_MAX);
    (void)pthread_mutex_unlock(&target->lock);
    return has_room;
}

void mod_zta_log_target_put(struct mod_zta_log_target *target, enum zta_logged stream,
                            uint64_t number, int severity, struct zta_text line)
{
    const struct mod_zta_log_mark mark = {.number = number,
                                          .len = (uint32_t)line.len,
                                          .stream = (uint16_t)stream,
                                          .severity = (uint16_t)severity};
    struct mod_zta_log_mark first;
    (void)pthread_mutex_lock(&target->lock);
    while (!mod_zta_log_queue_fits(&target->queue, line.len) &&
           mod_zta_log_queue_first(&target->queue, &first)) {
        drop_first(target, &first);
    }
    mod_zta_log_queue_put(&target->queue, &mark, line.data);
    if (stream < ZTA_N_LOGGED) {
        if (target->n_waiting[stream]++ == 0) {
            target->done[stream] = number;
        }
        target->next[stream] = number + 1;
    }
    let_go(target);
    (void)pthread_cond_signal(&target->wake);
    (void)pthread_mutex_unlock(&target->lock);
}

void mod_zta_log_target_pass(struct mod_zta_log_target *target, enum zta_logged stream,
                             uint64_t number)
{
    (void)pthread_mutex_lock(&target->lock);
    target->next[stream] = number + 1;
    let_go(target);
    (void)pthread_mutex_unlock(&target->lock);
}

uint64_t mod_zta_log_target_done(struct mod_zta_log_target *target, enum zta_logged stream)
{
    (void)pthread_mutex_lock(&target->lock);
    const uint64_t next = target->next[stream];
    const uint64_t most = target->options.most_behind;
    uint64_t done = target->n_waiting[stream] == 0 ? next : target->done[stream];
    if (stream == ZTA_LOGGED_EVENTS && !target->options.is_mandatory && most > 0 &&
        done + most < next) {
        done = next - most; /* what a write hangs with holds nobody up either */
    }
    (void)pthread_mutex_unlock(&target->lock);
    return done;
}

void mod_zta_log_target_stats(struct mod_zta_log_target *target, struct mod_zta_log_stats *stats)
{
    static const char hangs[] = "a write does not return";
    const int64_t now_ns = zta_clock_monotonic_ns();
    (void)pthread_mutex_lock(&target->lock);
    *stats = target->stats;
    stats->n_waiting = target->queue.n;
    if (target->writing_ns != 0 && now_ns - target->writing_ns > HANGS_NS) {
        stats->troubled_ns = target->writing_ns;
        memcpy(stats->error, hangs, sizeof hangs);
    }
    (void)pthread_mutex_unlock(&target->lock);
}

/* ---- the thread ---- */

/* As many whole lines as one write is to get. */
static void fill_chunk(struct mod_zta_log_target *target)
{
    struct chunk *chunk = &target->chunk;
    struct mod_zta_log_mark mark;
    const size_t most = mod_zta_log_out_most(&target->out);
    chunk->len = chunk->written = 0;
    chunk->n_lines = 0;
    memset(chunk->n_of, 0, sizeof chunk->n_of);
    while (mod_zta_log_queue_first(&target->queue, &mark) && chunk->len + mark.len <= most) {
        mod_zta_log_queue_take(&target->queue, chunk->data + chunk->len);
        chunk->len += mark.len;
        chunk->n_lines++;
        chunk->severity = mark.severity;
        if (mark.stream < ZTA_N_LOGGED) {
            chunk->n_of[mark.stream]++;
            chunk->last_of[mark.stream] = mark.number;
        }
        if (target->out.sink == MOD_ZTA_LOG_SYSLOG) {
            return;
        }
    }
}

static bool is_over(struct mod_zta_log_target *target)
{
    return target->is_stopping && zta_clock_monotonic_ns() > target->deadline_ns;
}

/* What is left of the line that the former file got the beginning of is written as a whole. */
static void go_back_to_line(struct chunk *chunk)
{
    while (chunk->written > 0 && chunk->data[chunk->written - 1] != '\n') {
        chunk->written--;
    }
}

static void note_trouble(struct mod_zta_log_target *target, bool is_written, int64_t now_ns)
{
    struct mod_zta_log_stats *stats = &target->stats;
    (void)pthread_mutex_lock(&target->lock);
    target->writing_ns = 0;
    if (is_written && !target->out.is_astray) {
        stats->troubled_ns = 0;
    }
    else if (stats->troubled_ns == 0) {
        stats->troubled_ns = now_ns;
    }
    memcpy(stats->error, target->out.error, sizeof stats->error);
    (void)pthread_mutex_unlock(&target->lock);
}

static void look(struct mod_zta_log_target *target, int64_t now_ns)
{
    const bool was_astray = target->out.is_astray;
    if (mod_zta_log_out_look(&target->out, now_ns)) {
        go_back_to_line(&target->chunk);
    }
    if (was_astray != target->out.is_astray) {
        note_trouble(target, true, now_ns);
    }
}

/* The next chunk. False: the thread is to end. */
static bool wait_for_chunk(struct mod_zta_log_target *target)
{
    (void)pthread_mutex_lock(&target->lock);
    while (target->queue.n == 0 && !target->is_stopping) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += IDLE_NS / ZTA_NS_PER_S;
        if (pthread_cond_timedwait(&target->wake, &target->lock, &until) != 0) {
            (void)pthread_mutex_unlock(&target->lock);
            look(target, zta_clock_monotonic_ns());
            (void)pthread_mutex_lock(&target->lock);
        }
    }
    const bool goes_on = target->queue.n > 0 && !is_over(target);
    if (goes_on) {
        fill_chunk(target);
    }
    (void)pthread_mutex_unlock(&target->lock);
    return goes_on;
}

/* Looks after the file, then writes once. */
static size_t write_some(struct mod_zta_log_target *target)
{
    struct chunk *chunk = &target->chunk;
    const int64_t now_ns = zta_clock_monotonic_ns();
    (void)pthread_mutex_lock(&target->lock);
    target->writing_ns = now_ns;
    (void)pthread_mutex_unlock(&target->lock);
    look(target, now_ns);
    const struct zta_text rest = {.data = chunk->data + chunk->written,
                                  .len = chunk->len - chunk->written};
    const size_t n = mod_zta_log_out_write(&target->out, chunk->severity, rest);
    note_trouble(target, n > 0, now_ns);
    return n;
}

static void end_chunk(struct mod_zta_log_target *target)
{
    const struct chunk *chunk = &target->chunk;
    (void)pthread_mutex_lock(&target->lock);
    target->stats.n_written += chunk->n_lines;
    for (unsigned stream = 0; stream < ZTA_N_LOGGED; stream++) {
        settle(target, stream, chunk->n_of[stream], chunk->last_of[stream]);
    }
    (void)pthread_mutex_unlock(&target->lock);
    target->chunk.n_lines = 0;
    if (target->options.on_written != NULL) {
        target->options.on_written(target->options.context);
    }
}

static bool is_over_locked(struct mod_zta_log_target *target)
{
    (void)pthread_mutex_lock(&target->lock);
    const bool over = is_over(target);
    (void)pthread_mutex_unlock(&target->lock);
    return over;
}

/* False: the thread is to end before it is written. */
static bool write_chunk(struct mod_zta_log_target *target)
{
    struct chunk *chunk = &target->chunk;
    while (chunk->written < chunk->len) {
        const size_t n = write_some(target);
        chunk->written += n;
        if (n == 0 && is_over_locked(target)) {
            return false;
        }
        if (n == 0) {
            mod_zta_log_out_wait(&target->out, PAUSE_MS);
        }
    }
    end_chunk(target);
    return true;
}

static void *run(void *data)
{
    struct mod_zta_log_target *target = data;
    while (wait_for_chunk(target) && write_chunk(target)) {
    }
    (void)pthread_mutex_lock(&target->lock);
    target->has_ended = true;
    (void)pthread_cond_broadcast(&target->wake);
    (void)pthread_mutex_unlock(&target->lock);
    return NULL;
}

/* ---- open and close ---- */

static void forget(struct mod_zta_log_target *target)
{
    mod_zta_log_queue_close(&target->queue);
    (void)pthread_cond_destroy(&target->wake);
    (void)pthread_mutex_destroy(&target->lock);
    free(target);
}

/* No signal of the process is for this thread; SIGXFSZ would end us where a write fails. */
static int start_thread(struct mod_zta_log_target *target)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int code = pthread_create(&target->thread, NULL, run, target);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

enum zta_status mod_zta_log_target_open(const struct mod_zta_log_target_options *options,
                                        struct mod_zta_log_target **target)
{
    pthread_condattr_t attributes;
    struct mod_zta_log_target *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->options = *options;
    (void)pthread_mutex_init(&opened->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&opened->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    mod_zta_log_out_open(&opened->out, options->sink, options->path, options->fd,
                         options->facility);
    if (!mod_zta_log_queue_open(&opened->queue, MOD_ZTA_LOG_QUEUE_SIZE) ||
        start_thread(opened) != 0) {
        forget(opened);
        return ZTA_NO_MEMORY;
    }
    *target = opened;
    return ZTA_OK;
}

enum zta_status mod_zta_log_target_stop(struct mod_zta_log_target *target, int64_t deadline_ns,
                                        uint64_t *left)
{
    const int64_t now_ns = zta_clock_monotonic_ns();
    const int64_t until_ns = (deadline_ns > now_ns ? deadline_ns : now_ns) + PATIENCE_NS;
    const struct timespec until = {.tv_sec = until_ns / ZTA_NS_PER_S,
                                   .tv_nsec = until_ns % ZTA_NS_PER_S};
    (void)pthread_mutex_lock(&target->lock);
    target->is_stopping = true;
    target->deadline_ns = deadline_ns;
    (void)pthread_cond_broadcast(&target->wake);
    while (!target->has_ended &&
           pthread_cond_timedwait(&target->wake, &target->lock, &until) == 0) {
    }
    const bool hangs = !target->has_ended;
    *left = 0;
    for (unsigned stream = 0; stream < ZTA_N_LOGGED; stream++) {
        *left += target->n_waiting[stream];
    }
    (void)pthread_mutex_unlock(&target->lock);
    if (!hangs) {
        (void)pthread_join(target->thread, NULL);
    }
    return hangs ? ZTA_BUSY : ZTA_OK;
}

void mod_zta_log_target_close(struct mod_zta_log_target **target)
{
    struct mod_zta_log_target *closing = *target;
    *target = NULL;
    mod_zta_log_out_close(&closing->out);
    forget(closing);
}
