/* SPDX-License-Identifier: Apache-2.0 */
/* The networks people and attackers come from, as files of places and systems describe them. */
#ifndef TESTS_SIM_NETWORKS_H
#define TESTS_SIM_NETWORKS_H

#include <stdint.h>

#include "tests/sim/sim.h"

enum sim_network_kind {
    SIM_NET_HOME = 0,
    SIM_NET_MOBILE, /* a pool of addresses behind which a country stands */
    SIM_NET_OFFICE,
    SIM_NET_SECOND_LINE, /* of the office before it */
    SIM_NET_VPN,
    SIM_NET_HOSTING,
};

/* A network of that kind and country, the i-th of those; the first when there is no i-th. */
unsigned sim_network_find(enum sim_network_kind kind, const char *country, unsigned i);
/* The address of one customer there. is_v6: his other one, of the same system. */
void sim_network_place(unsigned network, uint32_t customer, bool is_v6, struct sim_place *place);

#endif
