/* SPDX-License-Identifier: Apache-2.0 */
/* Where a simulated request is judged by the real rules, recorded and observed. */
#ifndef TESTS_SIM_COURT_H
#define TESTS_SIM_COURT_H

#include "tests/sim/sim.h"

struct sim_court;

struct sim_court *sim_court_open(const struct sim_options *options);
void sim_court_close(struct sim_court **court);

/*
 * Judges and records one request; the observer works when a second has passed since it last did.
 * Times may step back by the length of a page.
 */
void sim_court_judge(struct sim_court *court, const struct sim_request *request,
                     struct sim_verdict *verdict);
/* The observer's last round. False: it dropped something, or its books do not balance. */
bool sim_court_rest(struct sim_court *court);

#endif
