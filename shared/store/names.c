/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of records that are named by texts of any length. */
#include "shared/store/names_priv.h"

#include "shared/base/hash.h"

/* Behind the kind; no list of names has the key of a hash. */
#define MARK_NAMES 0
#define MARK_HASH  1

void zta_record_key_of_names(uint8_t kind, const struct zta_text *names, size_t n,
                             struct zta_record_key *key)
{
    struct zta_writer writer;
    zta_writer_init(&writer, key->bytes, sizeof(key->bytes));
    zta_write_u8(&writer, kind);
    zta_write_u8(&writer, MARK_NAMES);
    for (size_t i = 0; i < n; i++) {
        zta_write_text(&writer, names[i]);
    }
    if (writer.is_overflowed) {
        struct zta_sha256 hash;
        zta_sha256_parts(names, n, &hash);
        zta_writer_init(&writer, key->bytes, sizeof(key->bytes));
        zta_write_u8(&writer, kind);
        zta_write_u8(&writer, MARK_HASH);
        zta_write_bytes(&writer, hash.bytes, sizeof(hash.bytes));
    }
    key->size = writer.len;
}

void zta_record_key_of_id(uint8_t kind, const void *id, size_t size, struct zta_record_key *key)
{
    struct zta_writer writer;
    zta_writer_init(&writer, key->bytes, sizeof(key->bytes));
    zta_write_u8(&writer, kind);
    zta_write_bytes(&writer, id, size);
    key->size = writer.len;
}
