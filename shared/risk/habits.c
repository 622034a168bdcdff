/* SPDX-License-Identifier: Apache-2.0 */
/* Networks and countries are their own values, text is hashed: equal values are one habit. */
#include "shared/risk/habits.h"

#include <string.h>

#include "shared/base/hash.h"

enum {
    V4_PREFIX = 24,
    V6_PREFIX = 48,
    KIND_SHIFT = 56, /* of a network: 4, 6 or this */
    KIND_SYSTEM = 'A',
};

/*
 * No secret: stored values must mean the same after a restart. Who could craft another text of the
 * same value can as well send the text itself.
 */
static const struct zta_siphash_key value_key = {.k0 = 0x7a74612d68616269,
                                                 .k1 = 0x742d76616c756521};

uint64_t zta_habit_hash(struct zta_text text)
{
    const uint64_t value = zta_siphash(&value_key, text.data, text.len);
    return value != 0 ? value : 1;
}

static uint64_t network_of(const struct zta_addr *addr)
{
    const size_t n = addr->family == 4 ? V4_PREFIX / 8 : addr->family == 6 ? V6_PREFIX / 8 : 0;
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value << 8 | addr->bytes[i];
    }
    return n == 0 ? 0 : value | (uint64_t)addr->family << KIND_SHIFT;
}

/* What a number or a mark of a version is made of. */
static bool is_versioned(char c)
{
    return (c >= '0' && c <= '9') || c == '.' || c == '_';
}

struct zta_text zta_agent_form(struct zta_text agent, char *out)
{
    const size_t n = agent.len < ZTA_AGENT_LOOKED_AT ? agent.len : ZTA_AGENT_LOOKED_AT;
    bool is_version = false;
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        const char c = agent.data[i];
        const bool ends = c == ' ' || c == '(' || c == ')' || c == ';' || c == ',';
        is_version = c == '/' || (is_version && !ends);
        if (!is_version && !is_versioned(c) && !(c == ' ' && (len == 0 || out[len - 1] == ' '))) {
            out[len++] = c;
        }
    }
    while (len > 0 && out[len - 1] == ' ') {
        len--;
    }
    out[len] = '\0';
    return (struct zta_text){.data = out, .len = len};
}

/* The last word outside of comments, but those that every browser sends. */
static struct zta_text product_of(struct zta_text form)
{
    struct zta_text found = {.data = NULL};
    size_t depth = 0;
    size_t start = 0;
    for (size_t i = 0; i <= form.len; i++) {
        const char c = i < form.len ? form.data[i] : ' ';
        depth -= c == ')' && depth > 0 ? 1 : 0;
        if (c == ' ' || c == '(' || c == ')') {
            struct zta_text word = {.data = form.data + start, .len = i - start};
            bool is_common = zta_text_equal(word, ZTA_TEXT("Safari")) ||
                             zta_text_equal(word, ZTA_TEXT("Mobile"));
            if (depth == 0 && word.len > 0 && (found.data == NULL || !is_common)) {
                found = word;
            }
            start = i + 1;
        }
        depth += c == '(' ? 1 : 0;
    }
    return found;
}

void zta_agent_label(struct zta_text agent, struct zta_buffer *out)
{
    char storage[ZTA_AGENT_FORM_SIZE];
    const struct zta_text form = zta_agent_form(agent, storage);
    const struct zta_text product = product_of(form);
    const char *comment = memchr(form.data, '(', form.len);
    if (comment != NULL) {
        struct zta_text system = {.data = comment + 1, .len = 0};
        while (system.data + system.len < form.data + form.len &&
               strchr(";)", system.data[system.len]) == NULL) {
            system.len++;
        }
        while (system.len > 0 && system.data[system.len - 1] == ' ') {
            system.len--;
        }
        zta_buffer_text(out, system);
        zta_buffer_string(out, " ");
    }
    zta_buffer_text(out, product);
}

void zta_habit_values_make(const struct zta_habit_facts *facts, struct zta_habit_values *values)
{
    char storage[ZTA_AGENT_FORM_SIZE];
    const struct zta_text texts[ZTA_N_HABITS] = {
        [ZTA_HABIT_DEVICE] = facts->device,
        [ZTA_HABIT_ROUTE] = facts->route,
        [ZTA_HABIT_AGENT] = zta_agent_form(facts->agent, storage),
    };
    *values = (struct zta_habit_values){.time_s = facts->time_s};
    for (unsigned i = 0; i < ZTA_N_HABITS; i++) {
        if (!zta_text_is_absent(texts[i]) && (facts->hidden & 1u << i) == 0) {
            values->values[i] = zta_habit_hash(texts[i]);
        }
    }
    if ((facts->hidden & 1u << ZTA_HABIT_NETWORK) == 0) {
        values->values[ZTA_HABIT_NETWORK] = network_of(&facts->addr);
        values->system = facts->asn == 0 ? 0 : facts->asn | (uint64_t)KIND_SYSTEM << KIND_SHIFT;
    }
    if (facts->country.len == 2) {
        values->values[ZTA_HABIT_COUNTRY] =
            (uint64_t)(uint8_t)facts->country.data[0] << 8 | (uint8_t)facts->country.data[1];
    }
}

static void print_network(uint64_t value, struct zta_buffer *out)
{
    struct zta_cidr net = {.addr = {.family = (uint8_t)(value >> KIND_SHIFT)}};
    if (net.addr.family == KIND_SYSTEM) {
        zta_buffer_printf(out, "AS%u", (unsigned)(value & UINT32_MAX));
        return;
    }
    net.prefix = net.addr.family == 4 ? V4_PREFIX : V6_PREFIX;
    for (size_t n = net.prefix / 8; n > 0; n--) {
        net.addr.bytes[n - 1] = (uint8_t)value;
        value >>= 8;
    }
    char text[ZTA_CIDR_TEXT_MAX];
    zta_cidr_print(&net, text);
    zta_buffer_string(out, text);
}

void zta_habit_value_print(enum zta_habit habit, uint64_t value, struct zta_buffer *out)
{
    if (habit == ZTA_HABIT_NETWORK) {
        print_network(value, out);
    }
    else if (habit == ZTA_HABIT_COUNTRY) {
        const char code[] = {(char)(value >> 8), (char)value};
        zta_buffer_text(out, (struct zta_text){.data = code, .len = sizeof code});
    }
}
