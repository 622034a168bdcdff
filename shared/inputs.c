/* SPDX-License-Identifier: Apache-2.0 */
/* Reduces an identity to what rules can ask, packs and unpacks that. */
#include "shared/inputs.h"

#include <string.h>

#include "shared/base/hash.h"
#include "shared/base/reader.h"

enum {
    INPUTS_VERSION = 1,
};

/* What names a token, its session or its keys stays behind; so do the times of one token. */
static void reduce(const struct zta_identity *identity, struct zta_identity *kept)
{
    zta_identity_init(kept);
    kept->credential = identity->credential;
    kept->issuer = identity->issuer;
    kept->subject = identity->subject;
    kept->client = identity->client;
    kept->apikey = identity->apikey;
    kept->acr = identity->acr;
    kept->device = identity->device;
    kept->auth_time_s = identity->auth_time_s;
    kept->roles = identity->roles;
    kept->groups = identity->groups;
    kept->scopes = identity->scopes;
    kept->amr = identity->amr;
    kept->n_values = identity->n_values;
    kept->n_claims = identity->n_claims;
    memcpy(kept->values, identity->values, identity->n_values * sizeof kept->values[0]);
    memcpy(kept->claims, identity->claims, identity->n_claims * sizeof kept->claims[0]);
}

enum zta_status zta_inputs_encode(const struct zta_identity *identity,
                                  const struct zta_text *claims, size_t n_claims, void *out,
                                  size_t size, size_t *out_size)
{
    struct zta_identity kept;
    struct zta_writer writer;
    if (identity->n_values > ZTA_IDENTITY_VALUES_MAX ||
        identity->n_claims > ZTA_IDENTITY_CLAIMS_MAX) {
        return ZTA_INVALID;
    }
    if (n_claims > ZTA_INPUTS_CLAIMS_MAX) {
        return ZTA_TOO_LARGE;
    }
    reduce(identity, &kept);
    zta_writer_init(&writer, out, size < ZTA_INPUTS_SIZE_MAX ? size : ZTA_INPUTS_SIZE_MAX);
    zta_write_u8(&writer, INPUTS_VERSION);
    zta_write_u16(&writer, (uint16_t)n_claims);
    for (size_t i = 0; i < n_claims; i++) {
        zta_write_text(&writer, claims[i]);
    }
    if (writer.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    size_t len;
    enum zta_status status =
        zta_identity_encode(&kept, writer.data + writer.len, writer.size - writer.len, &len);
    if (status == ZTA_OK) {
        *out_size = writer.len + len;
    }
    return status;
}

enum zta_status zta_inputs_decode(const void *data, size_t size, struct zta_inputs *inputs)
{
    struct zta_reader reader;
    zta_reader_init(&reader, data, size);
    uint8_t version = zta_read_u8(&reader);
    size_t n_claims = zta_read_u16(&reader);
    inputs->n_claims = 0;
    zta_identity_init(&inputs->identity);
    if (version != INPUTS_VERSION || n_claims > ZTA_INPUTS_CLAIMS_MAX) {
        return ZTA_CORRUPT;
    }
    for (size_t i = 0; i < n_claims; i++) {
        inputs->claims[i] = zta_read_text(&reader);
        if (zta_text_is_absent(inputs->claims[i])) {
            return ZTA_CORRUPT;
        }
    }
    if (reader.is_bad) {
        return ZTA_CORRUPT;
    }
    inputs->n_claims = n_claims;
    return zta_identity_decode(reader.data + reader.pos, reader.size - reader.pos,
                               &inputs->identity);
}

void zta_inputs_name(const void *data, size_t size, uint8_t name[ZTA_INPUTS_NAME_SIZE])
{
    struct zta_sha256 digest;
    zta_sha256(data, size, &digest);
    memcpy(name, digest.bytes, ZTA_INPUTS_NAME_SIZE);
    name[0] |= 1; /* zeros say that there is none */
}
