/* SPDX-License-Identifier: Apache-2.0 */
/* One store for each test of a program, opened as an operator does. */
#ifndef ZTA_TESTS_OPERATOR_STORE_H
#define ZTA_TESTS_OPERATOR_STORE_H

#include "tests/unit/store_fixture.h"

/* Of the test that runs. */
extern struct store_fixture fixture;
extern struct zta_store *store;

int operator_store_setup(void **state);
int operator_store_teardown(void **state);

#define WITH_STORE(test)                                                                           \
    cmocka_unit_test_setup_teardown(test, operator_store_setup, operator_store_teardown)

/* A change that begins and commits, or the test fails. */
struct zta_change *operator_begin(void);
void operator_commit(struct zta_change *change);

#endif
