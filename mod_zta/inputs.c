/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name stands in the cached identity of a token, so that a warm request looks only whether the
 * contents are still in shared memory.
 */
#include "mod_zta/inputs.h"

#include <string.h>

#include "mod_zta/child.h"
#include "shared/inputs.h"
#include "shared/live/token_cache.h"

/* The observer takes them within a second; later they only save the next encoding. */
#define OFFER_S INT64_C(86400)

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
    zta_token_key_of_inputs(identity->inputs, &key);
    if (!zta_token_cache_has(mod_zta_segment(), &key, now_s) &&
        zta_inputs_encode(identity, rules->claims, rules->n_claims, data, sizeof(data), &len) ==
            ZTA_OK &&
        zta_token_cache_put(mod_zta_segment(), mod_zta_child_incarnation(), &key, data, len,
                            now_s + OFFER_S, 0) != ZTA_OK) {
        /* The observer counts what it does not find; the next request offers again. */
        return;
    }
}
