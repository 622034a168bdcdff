/* SPDX-License-Identifier: Apache-2.0 */
/* Asks all nodes of the fleet, through the engine, and waits a moment for what they answer. */
#ifndef CTL_FLEET_ASK_H
#define CTL_FLEET_ASK_H

#include <jansson.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "shared/fleet/node.h"
#include "shared/fleet/note.h"

/* Members of a question: what, about, most (rows of each node), last_s. */
#define CTL_FLEET_ASK_EVENTS   "events"   /* about: a filter */
#define CTL_FLEET_ASK_SESSIONS "sessions" /* about: a subject */
#define CTL_FLEET_ASK_SESSION  "session"  /* about: its id */

#define CTL_FLEET_ROWS_MAX 50

/*
 * An array of {node, answered, rows}, the caller's to end: a row a node that is enrolled, and not
 * taken out. Waits at most 3 s. Who did not answer is told in a note. CTL_FAILED was told.
 */
enum ctl_exit ctl_fleet_ask(const struct ctl *ctl, json_t *question, json_t **answers);

#endif
