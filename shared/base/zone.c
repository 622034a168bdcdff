/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TZif files: transitions that are written out, then a rule (RFC 8536). Why this is our own:
 * docs/decisions/0003-time-zones.md.
 */
#include "shared/base/zone.h"

#include "shared/base/reader.h"
#include "shared/base/zone_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER_RESERVED = 15,
    V1_TIME_SIZE = 4,
    V2_TIME_SIZE = 8,
    TYPE_SIZE = 6,
    TYPES_MAX = 256, /* a transition names its type by one byte */
    FOOTER_MAX = 255,
};

struct zta_zone {
    struct zta_zone_rule rule;
    bool has_rule;
    int32_t first_s; /* ahead of UTC before the first transition */
    size_t n;
    int64_t *times_s; /* ascending; in this allocation, as the next */
    int32_t *offsets_s;
};

/* Header of one of the two blocks; names as in RFC 8536 section 3.1. */
struct header {
    uint8_t version;
    uint32_t isutcnt;
    uint32_t isstdcnt;
    uint32_t leapcnt;
    uint32_t timecnt;
    uint32_t typecnt;
    uint32_t charcnt;
};

static bool read_header(struct zta_reader *reader, struct header *header)
{
    char magic[4];
    uint8_t reserved[HEADER_RESERVED];
    zta_read_bytes(reader, magic, sizeof magic);
    header->version = zta_read_u8(reader);
    zta_read_bytes(reader, reserved, sizeof reserved);
    header->isutcnt = zta_read_u32(reader);
    header->isstdcnt = zta_read_u32(reader);
    header->leapcnt = zta_read_u32(reader);
    header->timecnt = zta_read_u32(reader);
    header->typecnt = zta_read_u32(reader);
    header->charcnt = zta_read_u32(reader);
    return !reader->is_bad && memcmp(magic, "TZif", sizeof magic) == 0;
}

static size_t left(const struct zta_reader *reader)
{
    return reader->is_bad ? 0 : reader->size - reader->pos;
}

static bool skip(struct zta_reader *reader, uint64_t size)
{
    if (size > left(reader)) {
        return false;
    }
    reader->pos += (size_t)size;
    return true;
}

static uint64_t block_size(const struct header *header, uint64_t time_size)
{
    return header->timecnt * (time_size + 1) + header->typecnt * (uint64_t)TYPE_SIZE +
           header->charcnt + header->leapcnt * (time_size + 4) + header->isstdcnt +
           (uint64_t)header->isutcnt;
}

/* What is wrong with the header of the block that counts; NULL: nothing. */
static const char *fault_of(const struct header *header)
{
    if (header->leapcnt > 0) {
        return "it counts leap seconds";
    }
    if (header->typecnt == 0 || header->typecnt > TYPES_MAX || header->charcnt == 0 ||
        (header->isutcnt != 0 && header->isutcnt != header->typecnt) ||
        (header->isstdcnt != 0 && header->isstdcnt != header->typecnt)) {
        return "its header contradicts itself";
    }
    return NULL;
}

static const char *read_times(struct zta_reader *reader, const struct header *header,
                              struct zta_zone *zone)
{
    for (size_t i = 0; i < header->timecnt; i++) {
        const uint64_t bits = zta_read_u64(reader);
        memcpy(&zone->times_s[i], &bits, sizeof bits);
        if (i > 0 && zone->times_s[i] <= zone->times_s[i - 1]) {
            return "its transitions are not in order";
        }
    }
    return NULL;
}

/* The types stand behind the numbers that refer to them. */
static const char *read_types(struct zta_reader *reader, const struct header *header,
                              struct zta_zone *zone)
{
    const uint8_t *numbers = reader->data + reader->pos;
    int32_t types_s[TYPES_MAX];
    (void)skip(reader, header->timecnt);
    for (size_t i = 0; i < header->typecnt; i++) {
        const uint32_t bits = zta_read_u32(reader);
        const uint8_t is_summer = zta_read_u8(reader);
        const uint8_t name = zta_read_u8(reader);
        memcpy(&types_s[i], &bits, sizeof bits);
        if (types_s[i] < ZTA_ZONE_OFFSET_MIN_S || types_s[i] > ZTA_ZONE_OFFSET_MAX_S ||
            is_summer > 1 || name >= header->charcnt) {
            return "it has a local time that none can be";
        }
    }
    for (size_t i = 0; i < header->timecnt; i++) {
        if (numbers[i] >= header->typecnt) {
            return "a transition leads to no local time";
        }
        zone->offsets_s[i] = types_s[numbers[i]];
    }
    zone->first_s = types_s[0];
    return NULL;
}

static const char *read_footer(struct zta_reader *reader, struct zta_zone *zone)
{
    const struct zta_text footer = {.data = (const char *)reader->data + reader->pos,
                                    .len = left(reader)};
    if (footer.len < 2 || footer.len > FOOTER_MAX || footer.data[0] != '\n' ||
        footer.data[footer.len - 1] != '\n') {
        return "its rule for later years is missing";
    }
    const struct zta_text rule = {.data = footer.data + 1, .len = footer.len - 2};
    zone->has_rule = rule.len > 0;
    return rule.len == 0 || zta_zone_rule_parse(rule, &zone->rule)
               ? NULL
               : "its rule for later years cannot be read";
}

static struct zta_zone *make(size_t n)
{
    struct zta_zone *zone = calloc(1, sizeof *zone + n * (sizeof(int64_t) + sizeof(int32_t)));
    if (zone != NULL) {
        zone->n = n;
        zone->times_s = (int64_t *)(void *)(zone + 1);
        zone->offsets_s = (int32_t *)(void *)(zone->times_s + n);
    }
    return zone;
}

static enum zta_status fail(struct zta_error *error, const char *fault)
{
    return zta_error_set(error, ZTA_CORRUPT, "%s", fault);
}

/* The block of 64 bits and what follows it. */
static enum zta_status read_block(struct zta_reader *reader, const struct header *header,
                                  struct zta_zone **zone, struct zta_error *error)
{
    const size_t start = reader->pos;
    const uint64_t size = block_size(header, V2_TIME_SIZE);
    const char *fault = fault_of(header);
    if (fault != NULL || size > left(reader)) {
        return fail(error, fault != NULL ? fault : "it is cut off");
    }
    struct zta_zone *made = make(header->timecnt);
    if (made == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "%s", zta_status_text(ZTA_NO_MEMORY));
    }
    fault = read_times(reader, header, made);
    if (fault == NULL) {
        fault = read_types(reader, header, made);
    }
    if (fault == NULL) {
        reader->pos = start + (size_t)size;
        fault = read_footer(reader, made);
    }
    if (fault != NULL) {
        zta_zone_close(&made);
        return fail(error, fault);
    }
    *zone = made;
    return ZTA_OK;
}

enum zta_status zta_zone_read(const void *data, size_t size, struct zta_zone **zone,
                              struct zta_error *error)
{
    struct zta_reader reader;
    struct header header;
    zta_reader_init(&reader, data, size);
    if (!read_header(&reader, &header)) {
        return fail(error, "it is no time zone");
    }
    if (header.version < '2') {
        /* Their times end in 2038, and there is no rule. */
        return fail(error, "it is of version 1, expected 2 or later");
    }
    if (!skip(&reader, block_size(&header, V1_TIME_SIZE)) || !read_header(&reader, &header)) {
        return fail(error, "it is cut off");
    }
    return read_block(&reader, &header, zone, error);
}

void zta_zone_close(struct zta_zone **zone)
{
    free(*zone);
    *zone = NULL;
}

int32_t zta_zone_offset_s(const struct zta_zone *zone, int64_t time_s)
{
    size_t low = 0; /* transitions that have passed */
    size_t high = zone->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (zone->times_s[middle] <= time_s) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    if (low == zone->n && zone->has_rule) {
        return zta_zone_rule_offset_s(&zone->rule, time_s);
    }
    return low == 0 ? zone->first_s : zone->offsets_s[low - 1];
}
