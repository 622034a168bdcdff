/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name stands in the cached identity of a token, so that a warm request looks only whether the
 * contents are still in shared memory.
 */
#include "mod_zta/inputs.h"

#include <stdatomic.h>
#include <string.h>

#include "mod_zta/child.h"
#include "shared/inputs.h"
#include "shared/live/token_cache.h"

/* The observer takes them within a second; later they only save the next encoding. */
#define OFFER_S INT64_C(86400)

/*
 * What this child has offered or found in shared memory within the minute: a warm request looks no
 * further. Each place holds the one met last, any thread writes; a lost word only costs a look.
 */
#define RECENT   4096
#define RECENT_S 60
static _Atomic uint64_t recent[RECENT];

static bool is_named(const struct zta_identity *identity)
{
    static const uint8_t none[ZTA_INPUTS_NAME_SIZE];
    return memcmp(identity->inputs, none, sizeof(none)) != 0;
}

void mod_zta_inputs_name(struct zta_identity *identity, const struct mod_zta_rules *rules)
{
    char data[ZTA_INPUTS_SIZE_MAX];
    size_t len;
    if (!is_named(identity) && zta_inputs_encode(identity, rules->claims, rules->n_claims, data,
                                                 sizeof(data), &len) == ZTA_OK) {
        zta_inputs_name(data, len, identity->inputs);
    }
}

void mod_zta_inputs_offer(const struct zta_identity *identity, const struct mod_zta_rules *rules,
                          int64_t now_s)
{
    char data[ZTA_INPUTS_SIZE_MAX];
    struct zta_token_key key;
    size_t len;
    if (!is_named(identity)) {
        return;
    }
    _Atomic uint64_t *place = &recent[zta_get_u32(identity->inputs + 8) % RECENT];
    const uint64_t mark = zta_get_u64(identity->inputs) + (uint64_t)(now_s / RECENT_S);
    if (atomic_load_explicit(place, memory_order_relaxed) == mark) {
        return;
    }
    zta_token_key_of_inputs(identity->inputs, &key);
    if (!zta_token_cache_has(mod_zta_segment(), &key, now_s) &&
        zta_inputs_encode(identity, rules->claims, rules->n_claims, data, sizeof(data), &len) ==
            ZTA_OK &&
        zta_token_cache_put(mod_zta_segment(), mod_zta_child_incarnation(), &key, data, len,
                            now_s + OFFER_S, 0) != ZTA_OK) {
        /* The observer counts what it does not find; the next request offers again. */
        return;
    }
    atomic_store_explicit(place, mark, memory_order_relaxed);
}
