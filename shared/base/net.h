/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses and networks. IPv4-mapped IPv6 is IPv4; zone ids and octal forms are refused. */
#ifndef ZTA_BASE_NET_H
#define ZTA_BASE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

#define ZTA_CIDR_TEXT_MAX 50 /* longest printed form with prefix and NUL */

/* Network order; IPv4 stands in the first four bytes, the rest zero. family: 0 unknown, 4 or 6. */
struct zta_addr {
    uint8_t bytes[16];
    uint8_t family;
};
struct zta_cidr {
    struct zta_addr addr;
    uint8_t prefix; /* bits: 0..32 or 0..128 */
};

enum zta_status zta_addr_parse(struct zta_text text, struct zta_addr *addr) ZTA_MUST_CHECK;
/*
 * An address without /n is a host. Bits set behind the prefix are ZTA_INVALID (the error says the
 * fixed form). An IPv4-mapped network (::ffff:10.0.0.0/104) is the IPv4 network.
 */
enum zta_status zta_cidr_parse(struct zta_text text, struct zta_cidr *cidr,
                               struct zta_error *error) ZTA_MUST_CHECK;
/* "unknown" for family 0; a host is printed without its prefix. */
void zta_addr_print(const struct zta_addr *addr, char out[ZTA_CIDR_TEXT_MAX]);
void zta_cidr_print(const struct zta_cidr *cidr, char out[ZTA_CIDR_TEXT_MAX]);
/* Unknown equals nothing. */
bool zta_addr_equal(const struct zta_addr *a, const struct zta_addr *b);
/* False when families differ or addr is unknown. */
bool zta_cidr_contains(const struct zta_cidr *cidr, const struct zta_addr *addr);
bool zta_addr_is_loopback(const struct zta_addr *addr);
/* Loopback, link-local, RFC 1918, RFC 6598 or RFC 4193: nobody on the internet has it. */
bool zta_addr_is_private(const struct zta_addr *addr);
/*
 * The first prefix bits of addr, the rest zero: what limits and blocks key on (IPv4 /32, IPv6 /64).
 * Of an unknown address: all zero, contains nothing.
 */
struct zta_cidr zta_addr_network(const struct zta_addr *addr, uint8_t v4_prefix, uint8_t v6_prefix);
/* The smallest network that has addr, too. Of another family or unknown: the network as it is. */
struct zta_cidr zta_cidr_join(const struct zta_cidr *network, const struct zta_addr *addr);

#endif
