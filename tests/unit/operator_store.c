/* SPDX-License-Identifier: Apache-2.0 */
/* Makes, opens and removes the store around each test. */
#include "tests/unit/operator_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct store_fixture fixture;
struct zta_store *store;

int operator_store_setup(void **state)
{
    (void)state;
    store_fixture_make(&fixture);
    store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    return 0;
}

int operator_store_teardown(void **state)
{
    (void)state;
    zta_store_close(&store);
    store_fixture_remove(&fixture);
    return 0;
}

struct zta_change *operator_begin(void)
{
    return store_begin(store, "test");
}

void operator_commit(struct zta_change *change)
{
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
}
