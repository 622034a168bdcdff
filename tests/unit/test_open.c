/* SPDX-License-Identifier: Apache-2.0 */
/* What is open: found, held and cut, and never a socket that is somebody else's by now. */
#include "mod_zta/open/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mod_zta/open/socket.h"

#define N_WORKERS 6
#define N_ROUNDS  3000

struct pair {
    int own;
    int peer;
    struct mod_zta_socket socket; /* of own */
};

static void pair_open(struct pair *pair)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    pair->own = fds[0];
    pair->peer = fds[1];
    mod_zta_socket_note(pair->own, &pair->socket);
}

static void pair_close(const struct pair *pair)
{
    close(pair->own);
    close(pair->peer);
}

/* Does a byte still pass, both ways? */
static bool pair_works(const struct pair *pair)
{
    char byte = 'x';
    return send(pair->own, &byte, 1, MSG_NOSIGNAL) == 1 && recv(pair->peer, &byte, 1, 0) == 1 &&
           send(pair->peer, &byte, 1, MSG_NOSIGNAL) == 1 && recv(pair->own, &byte, 1, 0) == 1;
}

/* ---- sockets ---- */

static void a_socket_is_ended_both_ways(void **state)
{
    (void)state;
    struct pair pair;
    char byte;
    pair_open(&pair);
    assert_true(pair_works(&pair));
    assert_true(mod_zta_socket_end(&pair.socket));
    assert_int_equal(recv(pair.peer, &byte, 1, 0), 0);
    assert_int_equal(recv(pair.own, &byte, 1, 0), 0);
    assert_int_equal(send(pair.own, &byte, 1, MSG_NOSIGNAL), -1);
    pair_close(&pair);
}

static void a_descriptor_that_was_given_out_anew_is_left_alone(void **state)
{
    (void)state;
    struct pair before;
    struct pair after;
    pair_open(&before);
    pair_open(&after);
    assert_int_equal(dup2(after.own, before.own), before.own);
    assert_false(mod_zta_socket_end(&before.socket));
    assert_true(pair_works(&after));
    close(before.own);
    assert_false(mod_zta_socket_end(&before.socket));
    close(before.peer);
    pair_close(&after);
}

static void what_is_no_socket_is_never_ended(void **state)
{
    (void)state;
    struct mod_zta_socket none = {.fd = 0};
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_false(mod_zta_socket_end(&none));
    mod_zta_socket_note(file, &none);
    assert_int_equal(none.cookie, 0);
    assert_false(mod_zta_socket_end(&none));
    close(file);
}

/* ---- the registry ---- */

struct seen {
    int n;
    const struct mod_zta_open *which[4];
};

static void note(void *context, struct mod_zta_open *open)
{
    struct seen *seen = context;
    assert_true(seen->n < 4);
    seen->which[seen->n++] = open;
}

static int count(void)
{
    struct seen seen = {.n = 0};
    mod_zta_open_each(note, &seen);
    return seen.n;
}

static void what_began_is_found_until_its_end(void **state)
{
    (void)state;
    struct mod_zta_open opens[3] = {{.identity = NULL}};
    for (int i = 0; i < 3; i++) {
        mod_zta_open_begin(&opens[i]);
    }
    assert_int_equal(count(), 3);
    mod_zta_open_end(&opens[1]);
    mod_zta_open_end(&opens[1]);
    assert_int_equal(count(), 2);
    mod_zta_open_begin(&opens[1]);
    assert_int_equal(count(), 3);
    for (int i = 0; i < 3; i++) {
        mod_zta_open_end(&opens[i]);
    }
    assert_int_equal(count(), 0);
}

static void a_cut_ends_client_and_back_end_and_keeps_its_first_reason(void **state)
{
    (void)state;
    struct pair client;
    struct pair first;
    struct pair later;
    atomic_bool is_over = false;
    pair_open(&client);
    pair_open(&first);
    pair_open(&later);
    struct mod_zta_open open = {.client = &client.socket, .is_over = &is_over};
    mod_zta_open_begin(&open);
    mod_zta_open_origin_set(&open, &first.socket);
    mod_zta_open_cut(&open, ZTA_REASON_REVOKED, "revoked by session");
    assert_true(atomic_load(&is_over));
    assert_false(pair_works(&client));
    assert_false(pair_works(&first));
    /* Another connection that it reaches for is ended in the next round; the reason stays. */
    mod_zta_open_origin_clear(&open);
    mod_zta_open_origin_set(&open, &later.socket);
    mod_zta_open_cut(&open, ZTA_REASON_BLOCKED, "address blocked");
    assert_false(pair_works(&later));
    mod_zta_open_end(&open);
    assert_int_equal(open.cut, ZTA_REASON_REVOKED);
    assert_string_equal(open.detail, "cut: revoked by session");
    pair_close(&client);
    pair_close(&first);
    pair_close(&later);
}

/* One thread leaves an entry while another holds it. */
struct leaving {
    struct mod_zta_open open;
    void (*leave)(struct mod_zta_open *open);
    atomic_bool is_held;
    atomic_bool has_left;
    bool has_left_early;
};

static void *run_leaving(void *context)
{
    struct leaving *leaving = context;
    while (!atomic_load(&leaving->is_held)) {
        sched_yield();
    }
    leaving->leave(&leaving->open);
    atomic_store(&leaving->has_left, true);
    return NULL;
}

/* Long enough for who does not wait; who waits cannot be too slow for it. */
static void hold_for_a_while(void *context, struct mod_zta_open *open)
{
    struct leaving *leaving = context;
    atomic_store(&leaving->is_held, true);
    for (int i = 0; i < 50 && !leaving->has_left_early; i++) {
        (void)poll(NULL, 0, 1);
        leaving->has_left_early = atomic_load(&leaving->has_left);
    }
}

static void who_leaves_what_is_held_waits(void **state)
{
    (void)state;
    void (*const ways[])(struct mod_zta_open *) = {mod_zta_open_end, mod_zta_open_origin_clear};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct leaving leaving = {.leave = ways[i]};
        pthread_t thread;
        mod_zta_open_begin(&leaving.open);
        assert_int_equal(pthread_create(&thread, NULL, run_leaving, &leaving), 0);
        mod_zta_open_each(hold_for_a_while, &leaving);
        (void)pthread_join(thread, NULL);
        assert_false(leaving.has_left_early);
        mod_zta_open_end(&leaving.open);
    }
}

/* ---- under churn ---- */

/* One of many threads that answer requests; every other request is to be cut. */
struct worker {
    pthread_t thread;
    int number;
    int n_cut;
    int n_wrong; /* sockets that were ended and should not have been */
};

static const struct zta_identity victim; /* the entries that have it are cut */
static atomic_bool are_workers_done;

static void cut_victims(void *context, struct mod_zta_open *open)
{
    if (open->identity == &victim) {
        mod_zta_open_cut(open, ZTA_REASON_REVOKED, "test");
    }
}

static void *run_cutter(void *unused)
{
    while (!atomic_load(&are_workers_done)) {
        mod_zta_open_each(cut_victims, NULL);
        sched_yield(); /* where threads take turns the others need theirs */
    }
    return NULL;
}

/*
 * A request over a pooled connection to a back end. Its client's descriptor is closed, and maybe
 * given to another worker, before its end is known.
 */
static void answer(struct worker *worker, struct pair *pooled, bool is_victim)
{
    struct pair client;
    pair_open(&client);
    struct mod_zta_open open = {.client = &client.socket, .identity = is_victim ? &victim : NULL};
    mod_zta_open_begin(&open);
    mod_zta_open_origin_set(&open, &pooled->socket);
    if (is_victim && worker->n_cut % 2 == 0) {
        char byte;
        (void)recv(client.peer, &byte, 1, 0); /* until the cut comes */
    }
    mod_zta_open_origin_clear(&open);
    /* From here on the pool may give it to another request. */
    bool is_usable = pair_works(pooled);
    sched_yield();
    worker->n_wrong += is_usable && !pair_works(pooled);
    worker->n_wrong += !is_victim && (!is_usable || !pair_works(&client));
    pair_close(&client);
    mod_zta_open_end(&open);
    worker->n_cut += is_victim;
    worker->n_wrong += !is_victim && open.cut != ZTA_REASON_UNJUDGED;
    if (!is_usable) {
        pair_close(pooled);
        pair_open(pooled);
    }
}

static void *run_worker(void *context)
{
    struct worker *worker = context;
    struct pair pooled;
    pair_open(&pooled);
    for (int i = 0; i < N_ROUNDS; i++) {
        answer(worker, &pooled, (i + worker->number) % 2 == 0);
    }
    pair_close(&pooled);
    return NULL;
}

static void no_other_socket_is_ended_under_churn(void **state)
{
    (void)state;
    struct worker workers[N_WORKERS] = {{.number = 0}};
    pthread_t cutter;
    assert_int_equal(pthread_create(&cutter, NULL, run_cutter, NULL), 0);
    for (int i = 0; i < N_WORKERS; i++) {
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]), 0);
    }
    for (int i = 0; i < N_WORKERS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].n_wrong, 0);
        assert_int_equal(workers[i].n_cut, N_ROUNDS / 2);
    }
    atomic_store(&are_workers_done, true);
    (void)pthread_join(cutter, NULL);
    assert_int_equal(count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_is_ended_both_ways),
        cmocka_unit_test(a_descriptor_that_was_given_out_anew_is_left_alone),
        cmocka_unit_test(what_is_no_socket_is_never_ended),
        cmocka_unit_test(what_began_is_found_until_its_end),
        cmocka_unit_test(a_cut_ends_client_and_back_end_and_keeps_its_first_reason),
        cmocka_unit_test(who_leaves_what_is_held_waits),
        cmocka_unit_test(no_other_socket_is_ended_under_churn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
