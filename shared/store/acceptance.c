/* SPDX-License-Identifier: Apache-2.0 */
/* One record, whose lists stand behind their counts. */
#include "shared/store/acceptance.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

enum {
    TEXT_MAX = 0xfffe,
    FIRST_SIZE = 4096,
    LAST_SIZE = 64 << 20, /* a configuration beyond it is none */
    /* Bytes that one takes at least: no count makes us reserve much more than the record has. */
    ISSUER_SIZE_MIN = 4 * 2 + 3 * 4 + ZTA_N_ACCEPTED_CLAIMS * 2 + 8 + 1,
    PLACE_SIZE_MIN = 2 * 2 + 2 * 4 + 1 + 1 + 4 + 1,
};

enum issuer_flag {
    FLAG_INTROSPECTED = 1,
    FLAG_JWTS_TOO = 2,
};

enum place_flag {
    FLAG_DPOP = 1,
    FLAG_DPOP_REQUIRED = 2,
};

/* The record's bytes, and all that points into them. */
struct zta_acceptance_storage {
    struct zta_accepted_issuer *issuers;
    struct zta_accepting_place *places;
    struct zta_text *texts;
    size_t n_texts;
    uint8_t *bytes;
};

/* ---- writing ---- */

static void write_text(struct zta_writer *writer, struct zta_text text)
{
    text.len = text.len > TEXT_MAX ? TEXT_MAX : text.len;
    zta_write_text(writer, text);
}

static void write_texts(struct zta_writer *writer, struct zta_texts texts)
{
    zta_write_u32(writer, (uint32_t)texts.n);
    for (size_t i = 0; i < texts.n; i++) {
        write_text(writer, texts.items[i]);
    }
}

static void write_issuer(struct zta_writer *writer, const struct zta_accepted_issuer *issuer)
{
    write_text(writer, issuer->name);
    write_text(writer, issuer->url);
    write_text(writer, issuer->token_type);
    write_text(writer, issuer->keys_file);
    write_texts(writer, issuer->algs);
    write_texts(writer, issuer->audiences);
    write_texts(writer, issuer->acrs);
    for (size_t i = 0; i < ZTA_N_ACCEPTED_CLAIMS; i++) {
        write_text(writer, issuer->claims[i]);
    }
    zta_write_u64(writer, (uint64_t)issuer->leeway_s);
    zta_write_u8(writer, (uint8_t)((issuer->is_introspected ? FLAG_INTROSPECTED : 0) |
                                   (issuer->asks_about_jwts ? FLAG_JWTS_TOO : 0)));
}

static void write_place(struct zta_writer *writer, const struct zta_accepting_place *place)
{
    write_text(writer, place->server);
    write_text(writer, place->path);
    write_texts(writer, place->issuers);
    write_texts(writer, place->audiences);
    zta_write_u8(writer, (uint8_t)place->mode);
    zta_write_u8(writer, (uint8_t)place->sources);
    zta_write_u32(writer, place->header_max);
    zta_write_u8(writer, (uint8_t)((place->takes_dpop ? FLAG_DPOP : 0) |
                                   (place->requires_dpop ? FLAG_DPOP_REQUIRED : 0)));
}

static void write_all(struct zta_writer *writer, const struct zta_acceptance *acceptance)
{
    zta_write_u8(writer, ZTA_ACCEPTANCE_VERSION);
    zta_write_u32(writer, (uint32_t)acceptance->n_issuers);
    zta_write_u32(writer, (uint32_t)acceptance->n_places);
    for (size_t i = 0; i < acceptance->n_issuers; i++) {
        write_issuer(writer, &acceptance->issuers[i]);
    }
    for (size_t i = 0; i < acceptance->n_places; i++) {
        write_place(writer, &acceptance->places[i]);
    }
    write_texts(writer, acceptance->claims);
}

enum zta_status zta_acceptance_put(struct zta_change *change,
                                   const struct zta_acceptance *acceptance)
{
    for (size_t size = FIRST_SIZE; size <= LAST_SIZE; size *= 4) {
        struct zta_writer writer;
        uint8_t *record = malloc(size);
        if (record == NULL) {
            return ZTA_NO_MEMORY;
        }
        zta_writer_init(&writer, record, size);
        write_all(&writer, acceptance);
        enum zta_status status =
            writer.is_overflowed
                ? ZTA_TOO_LARGE
                : zta_change_put(change, ZTA_TABLE_PUBLISHED,
                                 ZTA_BLOB(ZTA_ACCEPTANCE_KEY, strlen(ZTA_ACCEPTANCE_KEY)),
                                 ZTA_BLOB(record, writer.len));
        free(record);
        if (status != ZTA_TOO_LARGE) {
            return status;
        }
    }
    return ZTA_TOO_LARGE;
}

/* ---- reading ---- */

static struct zta_texts read_texts(struct zta_acceptance_storage *storage,
                                   struct zta_reader *reader)
{
    size_t n = zta_read_u32(reader);
    struct zta_texts texts = {.items = storage->texts + storage->n_texts};
    /* Each takes two bytes or more, and there is room for as many as the record could hold. */
    for (size_t i = 0; i < n && !reader->is_bad; i++) {
        storage->texts[storage->n_texts++] = zta_read_text(reader);
        texts.n++;
    }
    return texts;
}

static void read_issuer(struct zta_acceptance_storage *storage, struct zta_reader *reader,
                        struct zta_accepted_issuer *issuer)
{
    issuer->name = zta_read_text(reader);
    issuer->url = zta_read_text(reader);
    issuer->token_type = zta_read_text(reader);
    issuer->keys_file = zta_read_text(reader);
    issuer->algs = read_texts(storage, reader);
    issuer->audiences = read_texts(storage, reader);
    issuer->acrs = read_texts(storage, reader);
    for (size_t i = 0; i < ZTA_N_ACCEPTED_CLAIMS; i++) {
        issuer->claims[i] = zta_read_text(reader);
    }
    issuer->leeway_s = (int64_t)zta_read_u64(reader);
    uint8_t flags = zta_read_u8(reader);
    issuer->is_introspected = (flags & FLAG_INTROSPECTED) != 0;
    issuer->asks_about_jwts = (flags & FLAG_JWTS_TOO) != 0;
}

static void read_place(struct zta_acceptance_storage *storage, struct zta_reader *reader,
                       struct zta_accepting_place *place)
{
    place->server = zta_read_text(reader);
    place->path = zta_read_text(reader);
    place->issuers = read_texts(storage, reader);
    place->audiences = read_texts(storage, reader);
    uint8_t mode = zta_read_u8(reader);
    place->mode = mode > ZTA_MODE_ENFORCE ? ZTA_MODE_ENFORCE : (enum zta_mode)mode;
    place->sources = zta_read_u8(reader);
    place->header_max = zta_read_u32(reader);
    uint8_t flags = zta_read_u8(reader);
    place->takes_dpop = (flags & FLAG_DPOP) != 0;
    place->requires_dpop = (flags & FLAG_DPOP_REQUIRED) != 0;
}

/* Everything that the bytes say into arrays that cannot be too small. */
static enum zta_status decode(struct zta_acceptance *acceptance, size_t size)
{
    struct zta_reader reader;
    struct zta_acceptance_storage *storage = acceptance->storage;
    zta_reader_init(&reader, storage->bytes, size);
    if (zta_read_u8(&reader) != ZTA_ACCEPTANCE_VERSION) {
        return ZTA_CORRUPT;
    }
    acceptance->n_issuers = zta_read_u32(&reader);
    acceptance->n_places = zta_read_u32(&reader);
    if (reader.is_bad || acceptance->n_issuers > size / ISSUER_SIZE_MIN ||
        acceptance->n_places > size / PLACE_SIZE_MIN) {
        return ZTA_CORRUPT;
    }
    storage->issuers = calloc(acceptance->n_issuers + 1, sizeof *storage->issuers);
    storage->places = calloc(acceptance->n_places + 1, sizeof *storage->places);
    storage->texts = calloc(size / 2 + 1, sizeof *storage->texts);
    if (storage->issuers == NULL || storage->places == NULL || storage->texts == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < acceptance->n_issuers && !reader.is_bad; i++) {
        read_issuer(storage, &reader, &storage->issuers[i]);
    }
    for (size_t i = 0; i < acceptance->n_places && !reader.is_bad; i++) {
        read_place(storage, &reader, &storage->places[i]);
    }
    acceptance->claims = read_texts(storage, &reader);
    acceptance->issuers = storage->issuers;
    acceptance->places = storage->places;
    return zta_reader_is_done(&reader) ? ZTA_OK : ZTA_CORRUPT;
}

static enum zta_status open_record(struct zta_blob record, struct zta_acceptance **acceptance)
{
    struct zta_acceptance *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    enum zta_status status = ZTA_NO_MEMORY;
    opened->storage = calloc(1, sizeof *opened->storage);
    if (opened->storage != NULL) {
        opened->storage->bytes = malloc(record.size + 1);
    }
    if (opened->storage != NULL && opened->storage->bytes != NULL) {
        memcpy(opened->storage->bytes, record.data, record.size);
        status = decode(opened, record.size);
    }
    if (status != ZTA_OK) {
        zta_acceptance_close(&opened);
        return status;
    }
    *acceptance = opened;
    return ZTA_OK;
}

enum zta_status zta_acceptance_open(struct zta_view *view, struct zta_acceptance **acceptance)
{
    struct zta_blob record;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_PUBLISHED,
                     ZTA_BLOB(ZTA_ACCEPTANCE_KEY, strlen(ZTA_ACCEPTANCE_KEY)), &record);
    return status == ZTA_OK ? open_record(record, acceptance) : status;
}

void zta_acceptance_close(struct zta_acceptance **acceptance)
{
    struct zta_acceptance *closing = *acceptance;
    if (closing == NULL) {
        return;
    }
    *acceptance = NULL;
    if (closing->storage != NULL) {
        free(closing->storage->texts);
        free(closing->storage->places);
        free(closing->storage->issuers);
        free(closing->storage->bytes);
        free(closing->storage);
    }
    free(closing);
}

enum zta_status zta_acceptance_check_record(struct zta_blob value)
{
    struct zta_acceptance *acceptance = NULL;
    enum zta_status status = open_record(value, &acceptance);
    zta_acceptance_close(&acceptance);
    return status;
}
