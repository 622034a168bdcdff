/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder of its own below TMPDIR for one test, and events to put into it. */
#ifndef TESTS_UNIT_SCRATCH_STORE_H
#define TESTS_UNIT_SCRATCH_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/event.h"
#include "shared/store/env.h"

#define SCRATCH_DIR_MAX 256

struct scratch_store {
    char top[SCRATCH_DIR_MAX]; /* removed with all that is in it */
    char dir[SCRATCH_DIR_MAX + 16];
    struct zta_store *store;
};

/*
 * Made below `below` (NULL: TMPDIR) for the calling user and opened in that role; fails the test if
 * not.
 */
void scratch_store_open(struct scratch_store *scratch, const char *below, enum zta_store_role role,
                        uint64_t map_size);
/* Closes the handle, removes the folder. */
void scratch_store_close(struct scratch_store *scratch);

struct scratch_event {
    uint64_t number; /* goes into the id: equal numbers are equal events */
    int64_t time_ns;
    uint32_t source;  /* last bytes of an IPv4 address */
    uint32_t session; /* 0: none */
    uint8_t outcome;
    uint8_t reason;
    const char *route;
    const char *path;
    const char *apikey; /* NULL: a token */
    const char *agent;  /* NULL: the same for all */
    const char *country;
    bool teaches; /* its identity entered, in a place that evaluates behaviour */
    bool risks;   /* and risk; with teaches */
};
void scratch_event_make(const struct scratch_event *wanted, struct zta_event *event);
/* What the observer would have counted of these events, all of which became rows. */
enum zta_status scratch_series_put(struct zta_change *change, const struct zta_event *events,
                                   size_t n) ZTA_MUST_CHECK;
extern const struct zta_siphash_key scratch_series_key;
/* The session id that a session number stands for. */
void scratch_session_id(uint32_t session, uint8_t id[ZTA_SESSION_ID_SIZE]);

/* The next number of a series that is the same in every run. *state starts at any value. */
uint64_t scratch_random(uint64_t *state);

#endif
