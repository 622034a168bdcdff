/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of records that are named by texts of any length. */
#ifndef ZTA_STORE_NAMES_PRIV_H
#define ZTA_STORE_NAMES_PRIV_H

#include "shared/base/bytes.h"
#include "shared/store/tables_priv.h"

struct zta_record_key {
    uint8_t bytes[ZTA_STORE_KEY_MAX];
    size_t size;
};

/*
 * The kind and the names themselves, so that a listing is in their order; where they are longer
 * than a key may be, SHA-256 of them behind another mark.
 */
void zta_record_key_of_names(uint8_t kind, const struct zta_text *names, size_t n,
                             struct zta_record_key *key);
/* The kind and an id of fixed size. */
void zta_record_key_of_id(uint8_t kind, const void *id, size_t size, struct zta_record_key *key);

#endif
