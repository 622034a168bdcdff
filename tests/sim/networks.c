/* SPDX-License-Identifier: Apache-2.0 */
/* A handful of countries with what each of them has. */
#include "tests/sim/networks.h"

#include <string.h>

#include "shared/base/bytes.h"

struct network {
    enum sim_network_kind kind;
    const char *country;
    uint32_t asn;
    int16_t latitude;
    int16_t longitude;
    uint16_t radius_km;
};

static const struct network networks[] = {
    {SIM_NET_HOME, "CH", 64501, 4737, 854, 50},
    {SIM_NET_HOME, "CH", 64502, 4695, 745, 50},
    {SIM_NET_MOBILE, "CH", 64503, 4680, 823, 200},
    {SIM_NET_OFFICE, "CH", 64504, 4737, 854, 10},
    {SIM_NET_SECOND_LINE, "CH", 64505, 4695, 745, 10},
    {SIM_NET_HOSTING, "CH", 64506, 4620, 615, 20},
    {SIM_NET_HOME, "US", 64511, 4071, -7401, 50},
    {SIM_NET_HOME, "US", 64512, 4236, -7106, 50},
    {SIM_NET_MOBILE, "US", 64513, 4000, -7500, 500},
    {SIM_NET_OFFICE, "US", 64514, 4071, -7401, 10},
    {SIM_NET_HOSTING, "US", 64516, 3904, -7749, 20},
    {SIM_NET_HOME, "GB", 64521, 5151, -13, 50},
    {SIM_NET_MOBILE, "GB", 64523, 5300, -150, 300},
    {SIM_NET_HOME, "IN", 64531, 1298, 7759, 100},
    {SIM_NET_MOBILE, "IN", 64533, 1908, 7288, 500},
    {SIM_NET_OFFICE, "IN", 64534, 1298, 7759, 10},
    {SIM_NET_HOME, "FR", 64541, 4886, 235, 50},
    {SIM_NET_MOBILE, "FR", 64543, 4700, 250, 300},
    {SIM_NET_HOME, "DE", 64551, 5252, 1340, 50},
    {SIM_NET_MOBILE, "DE", 64553, 5100, 1000, 300},
    {SIM_NET_VPN, "SE", 64561, 5933, 1807, 20},
    {SIM_NET_VPN, "NL", 64562, 5237, 490, 20},
    {SIM_NET_HOSTING, "NL", 64563, 5237, 490, 20},
    {SIM_NET_HOSTING, "RU", 64573, 5575, 3762, 50},
    {SIM_NET_HOME, "BR", 64583, -2355, -4663, 100},
};
#define N_NETWORKS (sizeof networks / sizeof networks[0])

unsigned sim_network_find(enum sim_network_kind kind, const char *country, unsigned i)
{
    unsigned first = 0;
    bool is_found = false;
    for (unsigned n = 0; n < N_NETWORKS; n++) {
        if (networks[n].kind != kind || (country != NULL && strcmp(networks[n].country, country))) {
            continue;
        }
        if (!is_found) {
            first = n;
            is_found = true;
        }
        if (i == 0) {
            return n;
        }
        i--;
    }
    return first;
}

/* Files place a carrier's pool anywhere in its country, and IPv6 elsewhere than IPv4. */
static void jitter(const struct network *network, uint32_t customer, bool is_v6,
                   struct sim_place *place)
{
    if (network->kind == SIM_NET_MOBILE) {
        place->at.latitude = (int16_t)(place->at.latitude + (int)(customer / 256 % 7) * 15 - 45);
        place->at.longitude = (int16_t)(place->at.longitude + (int)(customer / 256 % 5) * 25 - 50);
    }
    if (is_v6) {
        place->at.latitude = (int16_t)(place->at.latitude + 60);
        place->at.radius_km = 200;
    }
}

void sim_network_place(unsigned network, uint32_t customer, bool is_v6, struct sim_place *place)
{
    const struct network *from = &networks[network % N_NETWORKS];
    memset(place, 0, sizeof *place);
    memcpy(place->country, from->country, sizeof place->country);
    place->asn = from->asn;
    place->at = (struct zta_coordinates){
        .latitude = from->latitude, .longitude = from->longitude, .radius_km = from->radius_km};
    jitter(from, customer, is_v6, place);
    place->addr.family = is_v6 ? 6 : 4;
    if (is_v6) {
        zta_put_u16(place->addr.bytes, 0x2001);
        zta_put_u16(place->addr.bytes + 2, (uint16_t)(0x1000 + network));
        zta_put_u32(place->addr.bytes + 4, customer);
        place->addr.bytes[15] = 1;
    }
    else {
        place->addr.bytes[0] = (uint8_t)(20 + network);
        place->addr.bytes[1] = (uint8_t)(customer >> 16);
        place->addr.bytes[2] = (uint8_t)(customer >> 8);
        place->addr.bytes[3] = (uint8_t)customer;
    }
}
