/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the observer: in order, above what is done. */
#include "shared/store/requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/operator_store.h"

static enum zta_status put(const char *subject, uint64_t done)
{
    const struct zta_request request = {.kind = ZTA_REQUEST_FORGET,
                                        .issuer = ZTA_TEXT("corp"),
                                        .subject = zta_text_of(subject),
                                        .action_id = 7};
    struct zta_change *change = operator_begin();
    const enum zta_status status = zta_request_put(change, &request, done);
    operator_commit(change);
    return status;
}

struct seen {
    char subjects[64];
    uint64_t last;
    size_t n;
};

static bool see(void *context, const struct zta_request *request)
{
    struct seen *seen = context;
    seen->subjects[seen->n++] = request->subject.data[0];
    assert_true(request->number > seen->last);
    assert_int_equal(request->kind, ZTA_REQUEST_FORGET);
    assert_int_equal(request->action_id, 7);
    assert_true(zta_text_equal(request->issuer, ZTA_TEXT("corp")));
    seen->last = request->number;
    return seen->n < sizeof seen->subjects - 1;
}

static struct seen waiting(uint64_t above)
{
    struct zta_view *view;
    struct seen seen = {.n = 0};
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_request_each(view, above, see, &seen), ZTA_OK);
    zta_view_end(&view);
    return seen;
}

static void requests_come_in_order_and_go_when_they_are_done(void **state)
{
    (void)state;
    struct zta_view *view;
    uint64_t done = 9;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_requests_done(view, &done), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(done, 0);
    assert_int_equal(waiting(0).n, 0);
    assert_int_equal(put("a", 0), ZTA_OK);
    const uint64_t first = waiting(0).last;
    assert_int_equal(put("b", 0), ZTA_OK);
    assert_string_equal(waiting(0).subjects, "ab");
    assert_string_equal(waiting(first).subjects, "b");
    assert_int_equal(waiting(UINT64_MAX).n, 0);
    assert_int_equal(put("c", first), ZTA_OK); /* a is done */
    assert_string_equal(waiting(0).subjects, "bc");
    assert_int_equal(zta_store_check(fixture.dir, true, NULL), ZTA_OK);
}

static void a_name_that_fits_no_record_is_refused(void **state)
{
    (void)state;
    static char subject[2000];
    memset(subject, 's', sizeof subject - 1);
    assert_int_equal(put(subject, 0), ZTA_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(requests_come_in_order_and_go_when_they_are_done),
        WITH_STORE(a_name_that_fits_no_record_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
