/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value as the threads of a process see it: replaced as a whole while others use the former
 * one. Readers never wait and take no lock; one thread at a time replaces. A few slots with counts
 * of their readers; a slot is used again only when nobody reads it.
 */
#ifndef ZTA_CURRENT_H
#define ZTA_CURRENT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/status.h"

struct zta_current;

/* A value that stays as it is until it is released. */
struct zta_held {
    void *value; /* NULL: nothing is held */
    uint32_t slot;
};

/* close frees a value that was replaced, or that is there at the end. */
enum zta_status zta_current_open(void (*close)(void *value),
                                 struct zta_current **current) ZTA_MUST_CHECK;
/* With its values; nobody holds one any more. Accepts NULL inside. */
void zta_current_close(struct zta_current **current);

/* False: there is none yet; once there is one there always is. */
bool zta_current_has(const struct zta_current *current);
/* False: there is none yet. Pair with release, soon. */
bool zta_current_acquire(struct zta_current *current, struct zta_held *held);
void zta_current_release(struct zta_current *current, struct zta_held *held);

/* False while another thread replaces. Pair with end. */
bool zta_current_begin(struct zta_current *current);
void zta_current_end(struct zta_current *current);
/* Between begin and end: the value in use; NULL: none yet. */
void *zta_current_value(const struct zta_current *current);
/*
 * Between begin and end: takes value over. ZTA_BUSY: every slot is read just now, value stays the
 * caller's; try later.
 */
enum zta_status zta_current_replace(struct zta_current *current, void *value) ZTA_MUST_CHECK;
/*
 * Between begin and end: frees former values that nobody reads, which replacing would do later.
 * True: none is left.
 */
bool zta_current_tidy(struct zta_current *current);

#endif
