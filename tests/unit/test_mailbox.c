/* SPDX-License-Identifier: Apache-2.0 */
/* Letters are delivered whoever dies, answered once, and never make room for others. */
#include "shared/live/mailbox.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/live/layout_priv.h"
#include "tests/unit/ring_support.h"
#include "tests/unit/step_support.h"

#define N_SENDERS 6
#define N_EACH    (2000 / SANITIZED_COST)
#define N_KILLED  200
#define PID       1000

static struct zta_segment *segment;
static uint32_t self;

static int open_segment(void **state)
{
    (void)state;
    segment = ring_test_open();
    assert_int_equal(zta_segment_child_begin(segment, PID, &self), ZTA_OK);
    return 0;
}

static int close_segment(void **state)
{
    (void)state;
    ring_test_assert_sound(segment);
    ring_test_close(&segment);
    return 0;
}

static enum zta_status put(uint64_t number, struct zta_letter *letter)
{
    return zta_mailbox_put(segment, self, &number, sizeof(number), letter);
}

static uint64_t number_of(const struct zta_mail *mail)
{
    uint64_t number = 0;
    assert_int_equal(mail->size, sizeof(number));
    memcpy(&number, mail->data, sizeof(number));
    return number;
}

/* How many are to be delivered. */
static unsigned count(void)
{
    struct zta_mail mail;
    unsigned n = 0;
    for (uint32_t slot = 0; zta_mailbox_take(segment, slot, &mail) == ZTA_OK; n++) {
        slot = mail.slot + 1;
    }
    return n;
}

static void a_letter_waits_until_it_is_answered(void **state)
{
    (void)state;
    static const enum zta_letter_state answers[] = {ZTA_LETTER_COMMITTED, ZTA_LETTER_KNOWN,
                                                    ZTA_LETTER_REFUSED};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct zta_letter letter;
        struct zta_mail mail;
        assert_int_equal(put(7 + i, &letter), ZTA_OK);
        assert_int_equal(zta_mailbox_look(segment, &letter), ZTA_LETTER_WAITING);
        assert_int_equal(zta_mailbox_take(segment, 0, &mail), ZTA_OK);
        assert_int_equal(number_of(&mail), 7 + i);
        zta_mailbox_answer(segment, mail.slot, ZTA_LETTER_WAITING);
        assert_int_equal(zta_mailbox_look(segment, &letter), ZTA_LETTER_WAITING);
        zta_mailbox_answer(segment, mail.slot, answers[i]);
        assert_int_equal(count(), 0);
        assert_int_equal(zta_mailbox_look(segment, &letter), answers[i]);
        assert_int_equal(zta_mailbox_look(segment, &letter), ZTA_LETTER_REFUSED);
    }
}

static void a_letter_that_was_left_is_delivered_and_then_free(void **state)
{
    (void)state;
    struct zta_letter letter;
    struct zta_mail mail;
    assert_int_equal(put(1, &letter), ZTA_OK);
    assert_int_equal(zta_mailbox_leave(segment, &letter), ZTA_LETTER_WAITING);
    assert_int_equal(zta_mailbox_take(segment, 0, &mail), ZTA_OK);
    zta_mailbox_answer(segment, mail.slot, ZTA_LETTER_COMMITTED);
    assert_int_equal(count(), 0);
    assert_int_equal(put(2, &letter), ZTA_OK);
    assert_int_equal(letter.slot, mail.slot);
}

static void who_leaves_behind_the_answer_learns_it(void **state)
{
    (void)state;
    struct zta_letter letter;
    struct zta_mail mail;
    assert_int_equal(put(1, &letter), ZTA_OK);
    assert_int_equal(zta_mailbox_take(segment, 0, &mail), ZTA_OK);
    zta_mailbox_answer(segment, mail.slot, ZTA_LETTER_COMMITTED);
    assert_int_equal(zta_mailbox_leave(segment, &letter), ZTA_LETTER_COMMITTED);
}

static void who_leaves_between_take_and_answer_blocks_no_slot(void **state)
{
    (void)state;
    struct zta_letter letter;
    struct zta_mail mail;
    assert_int_equal(put(1, &letter), ZTA_OK);
    assert_int_equal(zta_mailbox_take(segment, 0, &mail), ZTA_OK);
    assert_int_equal(zta_mailbox_leave(segment, &letter), ZTA_LETTER_WAITING);
    zta_mailbox_answer(segment, mail.slot, ZTA_LETTER_COMMITTED);
    assert_int_equal(count(), 0);
    for (unsigned i = 0; i < ZTA_LETTERS_MAX; i++) {
        assert_int_equal(put(i, &letter), ZTA_OK);
    }
}

static void a_full_mailbox_takes_nothing_and_loses_nothing(void **state)
{
    (void)state;
    struct zta_letter letters[ZTA_LETTERS_MAX];
    struct zta_letter more;
    for (unsigned i = 0; i < ZTA_LETTERS_MAX; i++) {
        assert_int_equal(put(i, &letters[i]), ZTA_OK);
    }
    assert_int_equal(put(99, &more), ZTA_FULL);
    assert_int_equal(count(), ZTA_LETTERS_MAX);
    for (unsigned i = 0; i < ZTA_LETTERS_MAX; i++) {
        assert_int_equal(zta_mailbox_leave(segment, &letters[i]), ZTA_LETTER_WAITING);
    }
    assert_int_equal(put(99, &more), ZTA_FULL);
    assert_int_equal(count(), ZTA_LETTERS_MAX);
}

static void what_no_child_may_send_is_refused(void **state)
{
    (void)state;
    static const uint8_t large[ZTA_LETTER_MAX + 1];
    struct zta_letter letter;
    struct zta_mail mail;
    assert_int_equal(zta_mailbox_put(segment, self, large, sizeof(large), &letter), ZTA_TOO_LARGE);
    assert_int_equal(zta_mailbox_put(segment, 0, large, 1, &letter), ZTA_FULL);
    assert_int_equal(zta_mailbox_put(segment, self, large, ZTA_LETTER_MAX, &letter), ZTA_OK);
    assert_int_equal(zta_mailbox_take(segment, 0, &mail), ZTA_OK);
    assert_int_equal(mail.size, ZTA_LETTER_MAX);
}

static void each_letter_has_a_number_of_its_own(void **state)
{
    (void)state;
    uint64_t last = 0;
    for (unsigned i = 0; i < 300; i++) {
        struct zta_letter letter;
        struct zta_mail mail;
        assert_int_equal(put(i, &letter), ZTA_OK);
        assert_int_equal(zta_mailbox_take(segment, 0, &mail), ZTA_OK);
        assert_true(mail.letter > last);
        last = mail.letter;
        zta_mailbox_answer(segment, mail.slot, ZTA_LETTER_COMMITTED);
        assert_int_equal(zta_mailbox_look(segment, &letter), ZTA_LETTER_COMMITTED);
    }
}

/* ---- killed senders ---- */

static void send_one(void *unused)
{
    struct zta_letter letter;
    (void)unused;
    if (put(5, &letter) == ZTA_OK) {
        (void)zta_mailbox_leave(segment, &letter);
    }
}

/* A dead child's letter is whole or none, and no slot is lost. */
static void a_sender_killed_at_each_instruction_leaves_a_letter_or_none(void **state)
{
    (void)state;
    if (!step_test_is_possible()) {
        skip();
    }
    const size_t n = step_test_count(send_one, NULL);
    struct zta_mail mail;
    for (size_t i = 0; i < STEP_TEST_STOPS; i++) {
        step_test_kill(step_test_begin(send_one, NULL, n * i / STEP_TEST_STOPS));
        zta_segment_child_end(segment, PID);
        unsigned n_letters = 0;
        while (zta_mailbox_take(segment, 0, &mail) == ZTA_OK) {
            assert_int_equal(number_of(&mail), 5);
            zta_mailbox_answer(segment, mail.slot, ZTA_LETTER_COMMITTED);
            n_letters++;
        }
        assert_true(n_letters <= 2); /* the first is that of the count */
        assert_int_equal(count(), 0);
        assert_int_equal(zta_segment_child_begin(segment, PID, &self), ZTA_OK);
        struct zta_letter letters[ZTA_LETTERS_MAX];
        for (unsigned j = 0; j < ZTA_LETTERS_MAX; j++) {
            assert_int_equal(put(j, &letters[j]), ZTA_OK);
        }
        for (uint32_t slot = 0; zta_mailbox_take(segment, slot, &mail) == ZTA_OK;) {
            slot = mail.slot + 1;
            zta_mailbox_answer(segment, mail.slot, ZTA_LETTER_COMMITTED);
        }
        for (unsigned j = 0; j < ZTA_LETTERS_MAX; j++) {
            assert_int_equal(zta_mailbox_look(segment, &letters[j]), ZTA_LETTER_COMMITTED);
        }
    }
}

/* ---- many senders, one helper that is killed again and again ---- */

struct books {
    _Atomic uint64_t delivered[N_SENDERS * N_KILLED];
    _Atomic unsigned n_done;
};

static void send_many(struct books *books, unsigned sender)
{
    uint32_t mine = 0;
    if (zta_segment_child_begin(segment, (int32_t)getpid(), &mine) != ZTA_OK) {
        _exit(2);
    }
    for (unsigned i = 0; i < N_KILLED; i++) {
        const uint64_t number = sender * N_KILLED + i;
        struct zta_letter letter;
        while (zta_mailbox_put(segment, mine, &number, sizeof(number), &letter) == ZTA_FULL) {
            sched_yield();
        }
        enum zta_letter_state answer = zta_mailbox_look(segment, &letter);
        for (unsigned looks = 0; answer == ZTA_LETTER_WAITING && (i % 8 != 7 || looks < 3);
             looks++) {
            sched_yield();
            answer = zta_mailbox_look(segment, &letter);
        }
        if (answer == ZTA_LETTER_WAITING) {
            answer = zta_mailbox_leave(segment, &letter);
        }
        if (answer == ZTA_LETTER_COMMITTED && atomic_load(&books->delivered[number]) == 0) {
            _exit(3); /* answered without effect */
        }
        if (answer == ZTA_LETTER_REFUSED) {
            _exit(4);
        }
    }
    atomic_fetch_add(&books->n_done, 1);
    _exit(0);
}

static void help(struct books *books)
{
    for (;;) {
        struct zta_mail mail;
        for (uint32_t slot = 0; zta_mailbox_take(segment, slot, &mail) == ZTA_OK;) {
            uint64_t number;
            memcpy(&number, mail.data, sizeof(number));
            slot = mail.slot + 1;
            atomic_fetch_add(&books->delivered[number], 1);
            zta_mailbox_answer(segment, mail.slot, ZTA_LETTER_COMMITTED);
        }
        sched_yield();
    }
}

static void no_letter_is_lost_while_helpers_are_killed(void **state)
{
    (void)state;
    struct books *books = ring_test_share(sizeof(*books));
    pid_t senders[N_SENDERS];
    for (unsigned i = 0; i < N_SENDERS; i++) {
        senders[i] = ring_test_fork();
        if (senders[i] == 0) {
            send_many(books, i);
        }
    }
    pid_t helper = 0;
    bool is_over = false;
    while (!is_over) {
        is_over = atomic_load(&books->n_done) == N_SENDERS;
        helper = ring_test_fork();
        if (helper == 0) {
            help(books);
        }
        (void)usleep(is_over ? 100000 : 2000);
        assert_int_equal(kill(helper, SIGKILL), 0);
        assert_int_equal(waitpid(helper, NULL, 0), helper);
        for (unsigned i = 0; i < N_SENDERS && !is_over; i++) {
            int status = 0;
            if (senders[i] != 0 && waitpid(senders[i], &status, WNOHANG) == senders[i]) {
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), 0);
                zta_segment_child_end(segment, senders[i]);
                senders[i] = 0;
            }
        }
    }
    for (unsigned i = 0; i < N_SENDERS; i++) {
        if (senders[i] != 0) {
            int status = 0;
            assert_int_equal(waitpid(senders[i], &status, 0), senders[i]);
            assert_int_equal(status, 0);
        }
    }
    for (unsigned i = 0; i < N_SENDERS * N_KILLED; i++) {
        assert_true(atomic_load(&books->delivered[i]) >= 1);
    }
}

/* ---- threads, for ThreadSanitizer ---- */

static _Atomic unsigned n_answered;
static _Atomic uint64_t sum_sent;

static void *send_from_thread(void *argument)
{
    const uint64_t base = (uint64_t)(uintptr_t)argument * N_EACH;
    for (uint64_t i = 0; i < N_EACH; i++) {
        struct zta_letter letter;
        const uint64_t number = base + i;
        while (put(number, &letter) != ZTA_OK) {
            sched_yield();
        }
        while (zta_mailbox_look(segment, &letter) == ZTA_LETTER_WAITING) {
            sched_yield();
        }
        atomic_fetch_add(&sum_sent, number);
        atomic_fetch_add(&n_answered, 1);
    }
    return NULL;
}

static void threads_get_the_answer_to_their_own_letter(void **state)
{
    (void)state;
    pthread_t threads[N_SENDERS];
    uint64_t sum = 0;
    atomic_store(&n_answered, 0);
    atomic_store(&sum_sent, 0);
    for (uintptr_t i = 0; i < N_SENDERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, send_from_thread, (void *)i), 0);
    }
    while (atomic_load(&n_answered) < N_SENDERS * N_EACH) {
        struct zta_mail mail;
        for (uint32_t slot = 0; zta_mailbox_take(segment, slot, &mail) == ZTA_OK;) {
            slot = mail.slot + 1;
            sum += number_of(&mail);
            zta_mailbox_answer(segment, mail.slot, ZTA_LETTER_COMMITTED);
        }
        sched_yield();
    }
    for (unsigned i = 0; i < N_SENDERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(sum, atomic_load(&sum_sent));
}

static void the_generation_rises(void **state)
{
    (void)state;
    assert_int_equal(zta_signals_generation(segment), 0);
    zta_signals_moved(segment);
    assert_int_equal(zta_signals_generation(segment), 1);
}

/* ---- the validator ---- */

static void the_check_finds_what_no_process_writes(void **state)
{
    (void)state;
    uint64_t size;
    struct zta_error error = {.status = ZTA_OK};
    uint8_t *area = zta_segment_area(segment, ZTA_AREA_MAILBOX, &size);
    static const uint8_t words[][8] = {{7}, {200}, {2}, {2, 0, 0, 0, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        memcpy(area + 64, words[i], 8);
        assert_int_equal(zta_segment_check(segment, &error), ZTA_CORRUPT);
    }
    memset(area + 64, 0, 8);
    struct zta_letter letter;
    struct zta_mail mail;
    assert_int_equal(put(1, &letter), ZTA_OK);
    memset(area + 72, 0xff, 4);
    assert_int_equal(zta_segment_check(segment, &error), ZTA_CORRUPT);
    assert_int_equal(zta_mailbox_take(segment, 0, &mail), ZTA_OK);
    assert_int_equal(mail.size, 0);
    memset(area + 72, 0, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_segment, close_segment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_letter_waits_until_it_is_answered),
        TEST(a_letter_that_was_left_is_delivered_and_then_free),
        TEST(who_leaves_behind_the_answer_learns_it),
        TEST(who_leaves_between_take_and_answer_blocks_no_slot),
        TEST(a_full_mailbox_takes_nothing_and_loses_nothing),
        TEST(what_no_child_may_send_is_refused),
        TEST(each_letter_has_a_number_of_its_own),
        TEST(a_sender_killed_at_each_instruction_leaves_a_letter_or_none),
        TEST(no_letter_is_lost_while_helpers_are_killed),
        TEST(threads_get_the_answer_to_their_own_letter),
        TEST(the_generation_rises),
        TEST(the_check_finds_what_no_process_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
