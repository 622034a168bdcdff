/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a temporary folder, and child processes that act on it as another user. */
#ifndef ZTA_TESTS_STORE_FIXTURE_H
#define ZTA_TESTS_STORE_FIXTURE_H

#include <stdint.h>
#include <sys/types.h>

#include "shared/store/env.h"

/* Numeric users that no account needs to exist for. */
#define FIXTURE_OWNER 64001
#define FIXTURE_HTTPD 64002

struct store_fixture {
    char base[64]; /* world-searchable, removed with everything below */
    char dir[96];
    struct zta_store_owners owners;
};

/* A store that belongs to the caller alone. */
void store_fixture_make(struct store_fixture *fixture);
/* A store of two users; for root. */
void store_fixture_make_separated(struct store_fixture *fixture);
/* The folder without a store. */
void store_fixture_make_empty(struct store_fixture *fixture);
void store_fixture_remove(struct store_fixture *fixture);
struct zta_store *store_fixture_open(const struct store_fixture *fixture, enum zta_store_role role);

/* A change that begins, or the test fails. */
struct zta_change *store_begin(struct zta_store *store, const char *purpose);
/* Commits one audit entry; counts them after verifying their chain. */
void store_append(struct zta_store *store);
uint64_t store_count_audit(struct zta_store *store);

/* Path below the store; static storage, four in turn. */
const char *store_path(const struct store_fixture *fixture, const char *name);

/*
 * Runs fn in a child process as uid with its own group and the store's; the child's exit code is
 * what fn returns: 0 is success. A crash is -1.
 */
int run_as(uid_t uid, gid_t group, int (*fn)(void *context), void *context);
/* The same as the caller. */
int run_in_child(int (*fn)(void *context), void *context);

#endif
