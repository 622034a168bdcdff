/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses and networks on top of inet_pton, which refuses octal, short and zoned forms. */
#include "shared/base/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static unsigned family_bits(const struct zta_addr *addr)
{
    return addr->family == 4 ? 32 : addr->family == 6 ? 128 : 0;
}

/* *is_mapped: the text was the IPv6 form of an IPv4 address, whose prefix counts from 96. */
static enum zta_status parse(struct zta_text text, struct zta_addr *addr, bool *is_mapped)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.data == NULL || text.len >= sizeof(copy) ||
        memchr(text.data, '\0', text.len) != NULL) {
        return ZTA_INVALID;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    struct zta_addr found = {.family = 4};
    *is_mapped = false;
    if (inet_pton(AF_INET, copy, found.bytes) == 1) {
        *addr = found;
        return ZTA_OK;
    }
    if (inet_pton(AF_INET6, copy, found.bytes) != 1) {
        return ZTA_INVALID;
    }
    if (memcmp(found.bytes, v4_mapped, sizeof(v4_mapped)) == 0) {
        struct zta_addr v4 = {.family = 4};
        memcpy(v4.bytes, found.bytes + sizeof(v4_mapped), 4);
        *is_mapped = true;
        *addr = v4;
        return ZTA_OK;
    }
    found.family = 6;
    *addr = found;
    return ZTA_OK;
}

enum zta_status zta_addr_parse(struct zta_text text, struct zta_addr *addr)
{
    bool is_mapped;
    return parse(text, addr, &is_mapped);
}

static struct zta_cidr network_of(const struct zta_addr *addr, unsigned prefix)
{
    struct zta_cidr cidr = {.addr = *addr, .prefix = (uint8_t)prefix};
    for (unsigned i = 0; i < sizeof(cidr.addr.bytes); i++) {
        if (prefix < i * 8 + 8) {
            unsigned kept = prefix > i * 8 ? prefix - i * 8 : 0;
            cidr.addr.bytes[i] &= (uint8_t)(0xff00u >> kept);
        }
    }
    return cidr;
}

static enum zta_status refuse(struct zta_error *error, struct zta_text text, const char *why)
{
    char shown[ZTA_CIDR_TEXT_MAX * 4];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, shown, sizeof(shown));
    zta_buffer_safe(&buffer, text);
    return zta_error_set(error, ZTA_INVALID, "\"%s%s\" %s", shown,
                         buffer.is_overflowed ? "..." : "", why);
}

enum zta_status zta_cidr_parse(struct zta_text text, struct zta_cidr *cidr, struct zta_error *error)
{
    const char *slash = text.len == 0 ? NULL : memchr(text.data, '/', text.len);
    struct zta_text host = text;
    if (slash != NULL) {
        host.len = (size_t)(slash - text.data);
    }
    struct zta_addr addr;
    bool is_mapped;
    if (parse(host, &addr, &is_mapped) != ZTA_OK) {
        return refuse(error, text, "is not an IP address or network (10.0.0.0/8, 2001:db8::/32)");
    }
    unsigned bits = family_bits(&addr);
    uint64_t prefix = bits;
    if (slash != NULL) {
        struct zta_text number = {.data = slash + 1, .len = text.len - host.len - 1};
        unsigned before = is_mapped ? 96 : 0;
        if (zta_text_to_u64(number, before + bits, &prefix) != ZTA_OK) {
            return refuse(error, text,
                          before + bits == 32 ? "has a prefix that is not 0 to 32"
                                              : "has a prefix that is not 0 to 128");
        }
        if (prefix < before) {
            return refuse(error, text, "has bits set behind its prefix; write it as IPv4");
        }
        prefix -= before;
    }
    struct zta_cidr network = network_of(&addr, (unsigned)prefix);
    if (memcmp(&network.addr, &addr, sizeof(addr)) != 0) {
        char fixed[ZTA_CIDR_TEXT_MAX];
        char why[ZTA_CIDR_TEXT_MAX + 48];
        zta_cidr_print(&network, fixed);
        (void)snprintf(why, sizeof(why), "has bits set behind its prefix; write %s", fixed);
        return refuse(error, text, why);
    }
    *cidr = network;
    return ZTA_OK;
}

void zta_addr_print(const struct zta_addr *addr, char out[ZTA_CIDR_TEXT_MAX])
{
    int family = addr->family == 4 ? AF_INET : AF_INET6;
    if (family_bits(addr) == 0 || inet_ntop(family, addr->bytes, out, ZTA_CIDR_TEXT_MAX) == NULL) {
        (void)snprintf(out, ZTA_CIDR_TEXT_MAX, "unknown");
    }
}

void zta_cidr_print(const struct zta_cidr *cidr, char out[ZTA_CIDR_TEXT_MAX])
{
    zta_addr_print(&cidr->addr, out);
    if (cidr->prefix < family_bits(&cidr->addr)) {
        size_t len = strlen(out);
        (void)snprintf(out + len, ZTA_CIDR_TEXT_MAX - len, "/%u", cidr->prefix);
    }
}

bool zta_addr_equal(const struct zta_addr *a, const struct zta_addr *b)
{
    return family_bits(a) != 0 && a->family == b->family &&
           memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool zta_cidr_contains(const struct zta_cidr *cidr, const struct zta_addr *addr)
{
    if (family_bits(addr) == 0 || addr->family != cidr->addr.family) {
        return false;
    }
    unsigned whole = cidr->prefix / 8;
    unsigned rest = cidr->prefix % 8;
    if (cidr->prefix > family_bits(addr) || memcmp(cidr->addr.bytes, addr->bytes, whole) != 0) {
        return false;
    }
    return rest == 0 || (cidr->addr.bytes[whole] ^ addr->bytes[whole]) >> (8 - rest) == 0;
}

bool zta_addr_is_loopback(const struct zta_addr *addr)
{
    static const struct zta_cidr v4 = {.addr = {.bytes = {127}, .family = 4}, .prefix = 8};
    static const struct zta_cidr v6 = {.addr = {.bytes = {[15] = 1}, .family = 6}, .prefix = 128};
    return zta_cidr_contains(&v4, addr) || zta_cidr_contains(&v6, addr);
}

bool zta_addr_is_private(const struct zta_addr *addr)
{
    static const struct zta_cidr networks[] = {
        {.addr = {.bytes = {10}, .family = 4}, .prefix = 8},
        {.addr = {.bytes = {172, 16}, .family = 4}, .prefix = 12},
        {.addr = {.bytes = {192, 168}, .family = 4}, .prefix = 16},
        {.addr = {.bytes = {169, 254}, .family = 4}, .prefix = 16},
        {.addr = {.bytes = {100, 64}, .family = 4}, .prefix = 10},
        {.addr = {.bytes = {0xfc}, .family = 6}, .prefix = 7},
        {.addr = {.bytes = {0xfe, 0x80}, .family = 6}, .prefix = 10},
    };
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
        if (zta_cidr_contains(&networks[i], addr)) {
            return true;
        }
    }
    return zta_addr_is_loopback(addr);
}

struct zta_cidr zta_addr_network(const struct zta_addr *addr, uint8_t v4_prefix, uint8_t v6_prefix)
{
    unsigned bits = family_bits(addr);
    if (bits == 0) {
        return (struct zta_cidr){.prefix = 0};
    }
    unsigned prefix = addr->family == 4 ? v4_prefix : v6_prefix;
    return network_of(addr, prefix < bits ? prefix : bits);
}

struct zta_cidr zta_cidr_join(const struct zta_cidr *network, const struct zta_addr *addr)
{
    struct zta_cidr joined = *network;
    if (family_bits(addr) == 0 || addr->family != network->addr.family) {
        return joined;
    }
    while (!zta_cidr_contains(&joined, addr)) {
        joined = network_of(&joined.addr, joined.prefix - 1u);
    }
    return joined;
}
