/* SPDX-License-Identifier: Apache-2.0 */
/* One thread reads and builds the new set, the others go on with the former one. */
#include "mod_zta/keys.h"

#include <stddef.h>

#include "mod_zta/child.h"
#include "mod_zta/config.h"
#include "mod_zta/identity/keyring.h"
#include "mod_zta/identity/stored_keys.h"
#include "mod_zta/posture_config.h"
#include "mod_zta/transmitter_config.h"
#include "shared/base/clock.h"
#include "shared/live/issuers.h"

/* The configuration that an issuer is part of; its place is this process's own copy. */
static struct mod_zta_issuer_config *config_of(const struct mod_zta_issuer *issuer)
{
    union {
        const void *c;
        void *v;
    } start = {.c = (const char *)issuer - offsetof(struct mod_zta_issuer_config, issuer)};
    return start.v;
}

static void take_over(const struct mod_zta_issuer_config *config, struct zta_view *view,
                      uint64_t generation)
{
    struct mod_zta_keyring *keyring = config->issuer.keyring;
    if (!mod_zta_keyring_begin(keyring)) {
        return;
    }
    if (generation != mod_zta_keyring_generation(keyring) &&
        mod_zta_stored_keys_read(&config->issuer, config->source, view)) {
        mod_zta_keyring_generation_set(keyring, generation);
    }
    mod_zta_keyring_end(keyring);
}

static uint64_t generation_of(const struct mod_zta_issuer_config *config)
{
    return config->place.id == 0 ? 0 : zta_issuer_generation(mod_zta_segment(), &config->place);
}

static void begin(struct mod_zta_issuer_config *config, struct zta_store *store)
{
    struct zta_view *view;
    if (config->keys_file != NULL || config->keys == NULL ||
        zta_issuer_find(mod_zta_segment(), config->source, &config->place) != ZTA_OK) {
        return;
    }
    uint64_t generation = generation_of(config);
    if (store != NULL && zta_view_begin(store, &view) == ZTA_OK) {
        (void)mod_zta_stored_keys_read(&config->issuer, config->source, view);
        bool is_new = zta_view_state_txn(view) >= generation;
        mod_zta_keyring_generation_set(config->issuer.keyring, is_new ? generation : 0);
        zta_view_end(&view);
    }
}

void mod_zta_keys_begin(struct zta_store *store)
{
    const struct mod_zta_global *global = mod_zta_global();
    for (int i = 0; i < global->issuers->nelts; i++) {
        begin(APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *), store);
    }
    for (int i = 0; i < global->postures->nelts; i++) {
        begin(&APR_ARRAY_IDX(global->postures, i, struct mod_zta_posture_config *)->keys, store);
    }
    for (int i = 0; i < global->transmitters->nelts; i++) {
        begin(&APR_ARRAY_IDX(global->transmitters, i, struct mod_zta_transmitter_config *)->keys,
              store);
    }
}

void mod_zta_keys_look(const struct mod_zta_issuer *issuer, struct zta_view *view)
{
    const struct mod_zta_issuer_config *config = config_of(issuer);
    uint64_t generation = generation_of(config);
    if (generation == 0 || view == NULL ||
        generation == mod_zta_keyring_generation(issuer->keyring) ||
        zta_view_state_txn(view) < generation) {
        return;
    }
    take_over(config, view, generation);
}

bool mod_zta_keys_ask(const struct mod_zta_issuer *issuer, int64_t now_mono_ns)
{
    const struct mod_zta_issuer_config *config = config_of(issuer);
    if (config->place.id == 0) {
        return false;
    }
    return zta_issuer_ask(mod_zta_segment(), &config->place, now_mono_ns) ||
           /* An answer came since this request looked, and nobody looked at it yet. */
           generation_of(config) != mod_zta_keyring_generation(issuer->keyring);
}
