/* SPDX-License-Identifier: Apache-2.0 */
/* Packs and unpacks points of time series: most of their counts are zero or small. */
#include "shared/store/series_priv.h"

#include <string.h>

#include "shared/base/bytes.h"
#include "shared/base/reader.h"
#include "shared/store/records_priv.h"

enum {
    COUNT_BITS = 7,
    COUNT_MORE = 1 << COUNT_BITS,
    COUNT_SIZE = (64 + COUNT_BITS - 1) / COUNT_BITS,
};

/* Sparse censuses are never larger than raw ones. */
#define SPARSE_MAX (ZTA_CENSUS_REGISTERS / 3)

_Static_assert(1 + 1 + ZTA_N_SERIES_COUNTS * COUNT_SIZE + 1 + ZTA_N_REASONS * (1 + COUNT_SIZE) + 1 +
                       ZTA_SERIES_LATENCIES * (1 + COUNT_SIZE) +
                       ZTA_N_SERIES_DISTINCT * (2 + ZTA_CENSUS_REGISTERS) + 1 +
                       ZTA_SERIES_ROUTES * (1 + ZTA_SERIES_ROUTE_MAX + 2 * COUNT_SIZE) +
                       2 * COUNT_SIZE <=
                   ZTA_SERIES_RECORD_MAX,
               "every point fits");
_Static_assert(ZTA_SERIES_LATENCIES <= UINT8_MAX && ZTA_N_REASONS <= UINT8_MAX, "names are a byte");

/* ---- packing ---- */

static void write_count(struct zta_writer *writer, uint64_t count)
{
    for (; count >= COUNT_MORE; count >>= COUNT_BITS) {
        zta_write_u8(writer, (uint8_t)(count | COUNT_MORE));
    }
    zta_write_u8(writer, (uint8_t)count);
}

static void write_named(struct zta_writer *writer, const uint64_t *counts, size_t n)
{
    size_t n_set = 0;
    for (size_t i = 0; i < n; i++) {
        n_set += counts[i] > 0 ? 1 : 0;
    }
    zta_write_u8(writer, (uint8_t)n_set);
    for (size_t i = 0; i < n; i++) {
        if (counts[i] > 0) {
            zta_write_u8(writer, (uint8_t)i);
            write_count(writer, counts[i]);
        }
    }
}

static void write_census(struct zta_writer *writer, const struct zta_census *census)
{
    unsigned n_set = 0;
    for (unsigned i = 0; i < ZTA_CENSUS_REGISTERS; i++) {
        n_set += census->ranks[i] > 0 ? 1 : 0;
    }
    if (n_set > SPARSE_MAX) {
        zta_write_u16(writer, ZTA_SERIES_CENSUS_RAW);
        zta_write_bytes(writer, census->ranks, sizeof census->ranks);
        return;
    }
    zta_write_u16(writer, (uint16_t)n_set);
    for (unsigned i = 0; i < ZTA_CENSUS_REGISTERS; i++) {
        if (census->ranks[i] > 0) {
            zta_write_u16(writer, (uint16_t)i);
            zta_write_u8(writer, census->ranks[i]);
        }
    }
}

size_t zta_series_encode(const struct zta_series_point *point, uint8_t *out)
{
    struct zta_writer writer;
    zta_writer_init(&writer, out, ZTA_SERIES_RECORD_MAX);
    zta_write_u8(&writer, ZTA_SERIES_VERSION);
    zta_write_u8(&writer, ZTA_N_SERIES_COUNTS);
    for (size_t i = 0; i < ZTA_N_SERIES_COUNTS; i++) {
        write_count(&writer, point->counts[i]);
    }
    write_named(&writer, point->reasons, ZTA_N_REASONS);
    write_named(&writer, point->latencies, ZTA_SERIES_LATENCIES);
    for (size_t i = 0; i < ZTA_N_SERIES_DISTINCT; i++) {
        write_census(&writer, &point->distinct[i]);
    }
    zta_write_u8(&writer, (uint8_t)point->n_routes);
    for (size_t i = 0; i < point->n_routes; i++) {
        const struct zta_series_route *route = &point->routes[i];
        const size_t len = strlen(route->name);
        zta_write_u8(&writer, (uint8_t)len);
        zta_write_bytes(&writer, route->name, len);
        write_count(&writer, route->n);
        write_count(&writer, route->n_refused);
    }
    write_count(&writer, point->others.n);
    write_count(&writer, point->others.n_refused);
    return writer.len;
}

/* ---- unpacking ---- */

static uint64_t read_count(struct zta_reader *reader)
{
    uint64_t count = 0;
    for (unsigned shift = 0; shift < 64; shift += COUNT_BITS) {
        const uint8_t byte = zta_read_u8(reader);
        const uint64_t bits = byte & (COUNT_MORE - 1);
        if (bits << shift >> shift != bits || (byte == 0 && shift > 0)) {
            reader->is_bad = true;
        }
        count |= bits << shift;
        if (byte < COUNT_MORE) {
            return count;
        }
    }
    reader->is_bad = true;
    return 0;
}

/* What a later release counts and this one does not know is read over. */
static void read_counts(struct zta_reader *reader, uint64_t *counts)
{
    const unsigned n = zta_read_u8(reader);
    for (unsigned i = 0; i < n && !reader->is_bad; i++) {
        const uint64_t count = read_count(reader);
        if (i < ZTA_N_SERIES_COUNTS) {
            counts[i] = count;
        }
    }
}

/* Reasons of a later release are taken for the one that says nothing, number 0. */
static void read_named(struct zta_reader *reader, uint64_t *counts, size_t n, bool is_open)
{
    const unsigned n_set = zta_read_u8(reader);
    unsigned least = 0;
    for (unsigned i = 0; i < n_set && !reader->is_bad; i++) {
        const unsigned name = zta_read_u8(reader);
        const uint64_t count = read_count(reader);
        if (name < least || count == 0 || (name >= n && !is_open)) {
            reader->is_bad = true;
            return;
        }
        least = name + 1;
        counts[name < n ? name : 0] += count;
    }
}

static void read_census(struct zta_reader *reader, struct zta_census *census)
{
    const unsigned n_set = zta_read_u16(reader);
    unsigned least = 0;
    if (n_set == ZTA_SERIES_CENSUS_RAW) {
        zta_read_bytes(reader, census->ranks, sizeof census->ranks);
    }
    else if (n_set > SPARSE_MAX) {
        reader->is_bad = true;
    }
    for (unsigned i = 0; n_set <= SPARSE_MAX && i < n_set && !reader->is_bad; i++) {
        const unsigned at = zta_read_u16(reader);
        if (at < least || at >= ZTA_CENSUS_REGISTERS) {
            reader->is_bad = true;
            return;
        }
        census->ranks[at] = zta_read_u8(reader);
        least = at + 1;
    }
    for (unsigned i = 0; i < ZTA_CENSUS_REGISTERS; i++) {
        if (census->ranks[i] > ZTA_CENSUS_RANK_MAX) {
            reader->is_bad = true;
        }
    }
}

static void read_route(struct zta_reader *reader, struct zta_series_route *route)
{
    const size_t len = zta_read_u8(reader);
    if (len == 0 || len > ZTA_SERIES_ROUTE_MAX) {
        reader->is_bad = true;
        return;
    }
    zta_read_bytes(reader, route->name, len);
    if (strlen(route->name) != len) {
        reader->is_bad = true;
    }
    route->n = read_count(reader);
    route->n_refused = read_count(reader);
}

enum zta_status zta_series_decode(struct zta_blob record, struct zta_series_point *point)
{
    struct zta_reader reader;
    const int64_t begin_s = point->begin_s;
    memset(point, 0, sizeof *point);
    point->begin_s = begin_s;
    zta_reader_init(&reader, record.data, record.size);
    if (zta_read_u8(&reader) != ZTA_SERIES_VERSION) {
        return ZTA_CORRUPT;
    }
    read_counts(&reader, point->counts);
    read_named(&reader, point->reasons, ZTA_N_REASONS, true);
    read_named(&reader, point->latencies, ZTA_SERIES_LATENCIES, false);
    for (size_t i = 0; i < ZTA_N_SERIES_DISTINCT; i++) {
        read_census(&reader, &point->distinct[i]);
    }
    point->n_routes = zta_read_u8(&reader);
    if (point->n_routes > ZTA_SERIES_ROUTES) {
        return ZTA_CORRUPT;
    }
    for (size_t i = 0; i < point->n_routes; i++) {
        read_route(&reader, &point->routes[i]);
    }
    point->others.n = read_count(&reader);
    point->others.n_refused = read_count(&reader);
    return reader.is_bad || reader.pos != reader.size ? ZTA_CORRUPT : ZTA_OK;
}

enum zta_status zta_series_check_record(struct zta_blob key, struct zta_blob value)
{
    const uint8_t *bytes = key.data;
    if (key.size == 1 && bytes[0] == ZTA_SERIES_HEAD_KEY) {
        return value.size == ZTA_SERIES_HEAD_SIZE &&
                       *(const uint8_t *)value.data == ZTA_SERIES_VERSION
                   ? ZTA_OK
                   : ZTA_CORRUPT;
    }
    if (key.size != ZTA_SERIES_KEY_SIZE || bytes[0] >= ZTA_N_SERIES_SPANS) {
        return ZTA_CORRUPT;
    }
    struct zta_series_point point = {.begin_s = (int64_t)zta_get_u64(bytes + 1)};
    return point.begin_s == zta_series_begin_s((enum zta_series_span)bytes[0], point.begin_s)
               ? zta_series_decode(value, &point)
               : ZTA_CORRUPT;
}
