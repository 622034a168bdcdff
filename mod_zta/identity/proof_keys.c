/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set-associative table of counted references. A set's lock is held to look and to swap, never
 * while a signature is verified or a key is freed.
 */
#include "mod_zta/identity/proof_keys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_SETS = 256,
    N_WAYS = 4, /* some 1,000 keys of 2 to 4 KiB */
};

struct mod_zta_proof_key {
    struct zta_sha256 header;
    char thumbprint[MOD_ZTA_THUMBPRINT_LEN + 1];
    struct mod_zta_evp_verifier *verifier;
    _Atomic uint32_t n_holders; /* the table is one */
};

struct set {
    pthread_mutex_t lock;
    struct mod_zta_proof_key *ways[N_WAYS]; /* the latest used first; NULL behind the last */
};

struct mod_zta_proof_keys {
    struct set sets[N_SETS];
};

enum zta_status mod_zta_proof_keys_open(struct mod_zta_proof_keys **keys)
{
    struct mod_zta_proof_keys *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (unsigned i = 0; i < N_SETS; i++) {
        if (pthread_mutex_init(&made->sets[i].lock, NULL) != 0) {
            while (i-- > 0) {
                (void)pthread_mutex_destroy(&made->sets[i].lock);
            }
            free(made);
            return ZTA_NO_MEMORY;
        }
    }
    *keys = made;
    return ZTA_OK;
}

void mod_zta_proof_keys_close(struct mod_zta_proof_keys **keys)
{
    if (*keys == NULL) {
        return;
    }
    for (unsigned i = 0; i < N_SETS; i++) {
        struct set *set = &(*keys)->sets[i];
        for (unsigned way = 0; way < N_WAYS; way++) {
            mod_zta_proof_key_release(&set->ways[way]);
        }
        (void)pthread_mutex_destroy(&set->lock);
    }
    free(*keys);
    *keys = NULL;
}

static struct set *set_of(struct mod_zta_proof_keys *keys, const struct zta_sha256 *header)
{
    return &keys->sets[header->bytes[0] % N_SETS];
}

/* The way of a header, N_WAYS when it has none. The lock is held. */
static unsigned find(const struct set *set, const struct zta_sha256 *header)
{
    unsigned way = 0;
    while (way < N_WAYS && (set->ways[way] == NULL ||
                            memcmp(&set->ways[way]->header, header, sizeof *header) != 0)) {
        way++;
    }
    return way;
}

/* Puts a key first, those before its old way go one further. The lock is held. */
static void move_first(struct set *set, unsigned way, struct mod_zta_proof_key *key)
{
    memmove(&set->ways[1], &set->ways[0], way * sizeof set->ways[0]);
    set->ways[0] = key;
}

enum zta_status mod_zta_proof_keys_get(struct mod_zta_proof_keys *keys,
                                       const struct zta_sha256 *header,
                                       struct mod_zta_proof_key **key)
{
    if (keys == NULL) {
        return ZTA_NOT_FOUND;
    }
    struct set *set = set_of(keys, header);
    (void)pthread_mutex_lock(&set->lock);
    unsigned way = find(set, header);
    struct mod_zta_proof_key *found = way < N_WAYS ? set->ways[way] : NULL;
    if (found != NULL) {
        (void)atomic_fetch_add(&found->n_holders, 1);
        move_first(set, way, found);
    }
    (void)pthread_mutex_unlock(&set->lock);
    if (found == NULL) {
        return ZTA_NOT_FOUND;
    }
    *key = found;
    return ZTA_OK;
}

enum zta_status mod_zta_proof_key_make(const struct zta_sha256 *header,
                                       const char thumbprint[MOD_ZTA_THUMBPRINT_LEN + 1],
                                       struct mod_zta_evp_verifier *verifier,
                                       struct mod_zta_proof_key **key)
{
    struct mod_zta_proof_key *made = malloc(sizeof *made);
    if (made == NULL) {
        return ZTA_NO_MEMORY;
    }
    made->header = *header;
    memcpy(made->thumbprint, thumbprint, sizeof made->thumbprint);
    made->verifier = verifier;
    atomic_init(&made->n_holders, 1);
    *key = made;
    return ZTA_OK;
}

void mod_zta_proof_keys_keep(struct mod_zta_proof_keys *keys, struct mod_zta_proof_key *key)
{
    if (keys == NULL) {
        return;
    }
    struct set *set = set_of(keys, &key->header);
    struct mod_zta_proof_key *gone = NULL;
    (void)pthread_mutex_lock(&set->lock);
    /* Another thread may have kept the same key meanwhile. */
    if (find(set, &key->header) == N_WAYS) {
        gone = set->ways[N_WAYS - 1];
        (void)atomic_fetch_add(&key->n_holders, 1);
        move_first(set, N_WAYS - 1, key);
    }
    (void)pthread_mutex_unlock(&set->lock);
    mod_zta_proof_key_release(&gone);
}

void mod_zta_proof_key_release(struct mod_zta_proof_key **key)
{
    if (*key != NULL && atomic_fetch_sub(&(*key)->n_holders, 1) == 1) {
        mod_zta_evp_verifier_close(&(*key)->verifier);
        free(*key);
    }
    *key = NULL;
}

struct zta_text mod_zta_proof_key_thumbprint(const struct mod_zta_proof_key *key)
{
    return (struct zta_text){.data = key->thumbprint, .len = MOD_ZTA_THUMBPRINT_LEN};
}

const struct mod_zta_evp_verifier *mod_zta_proof_key_verifier(const struct mod_zta_proof_key *key)
{
    return key->verifier;
}
