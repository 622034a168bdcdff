/* SPDX-License-Identifier: Apache-2.0 */
/* The header of the shared memory: its division, who lives, what all processes must know. */
#include "shared/live/segment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/random.h"
#include "shared/live/segment_priv.h"

#define SEGMENT_MAGIC UINT64_C(0x314d48532e41545a) /* "ZTA.SHM1" in little-endian memory */

#define RING_SIZE_MAX (UINT64_C(100000) * 896 + 4096) /* slots, and room for the ring's own words */

/* Shares in percent of what the other areas leave; the large class gets the remainder. */
#define TOKENS_SMALL_PERCENT  65
#define TOKENS_MIDDLE_PERCENT 20
#define TOKENS_BAD_PERCENT    5

_Static_assert(sizeof(struct zta_segment_header) % ZTA_CACHE_LINE == 0, "areas begin aligned");
_Static_assert(sizeof(struct zta_segment_header) < ZTA_SEGMENT_SIZE_MIN / 8, "areas have room");

/* ---- division ---- */

static uint64_t round_down(uint64_t size)
{
    return size - size % ZTA_CACHE_LINE;
}

/* size / 100 first: no product can overflow. */
static uint64_t percent_of(uint64_t size, uint64_t percent)
{
    return round_down(size / 100 * percent);
}

/* Size is known to be at least ZTA_SEGMENT_SIZE_MIN, so every difference stays positive. */
static void divide(uint64_t size, struct zta_segment_range areas[ZTA_N_AREAS])
{
    uint64_t left = round_down(size - sizeof(struct zta_segment_header)) - ZTA_ISSUERS_AREA_SIZE -
                    ZTA_FLIGHTS_AREA_SIZE - ZTA_MAILBOX_AREA_SIZE - ZTA_CHALLENGES_AREA_SIZE -
                    ZTA_SHARES_AREA_SIZE;

    const uint64_t half = round_down(size / 2);
    const uint64_t ring = half < RING_SIZE_MAX ? half : round_down(RING_SIZE_MAX);
    const uint64_t limits = round_down(size / 8);
    const uint64_t jti = round_down(size / 16);
    const uint64_t tokens = left - ring - limits - jti;

    areas[ZTA_AREA_RING].size = ring;
    areas[ZTA_AREA_LIMITS].size = limits;
    areas[ZTA_AREA_ISSUERS].size = ZTA_ISSUERS_AREA_SIZE;
    areas[ZTA_AREA_JTI].size = jti;
    areas[ZTA_AREA_FLIGHTS].size = ZTA_FLIGHTS_AREA_SIZE;
    areas[ZTA_AREA_MAILBOX].size = ZTA_MAILBOX_AREA_SIZE;
    areas[ZTA_AREA_CHALLENGES].size = ZTA_CHALLENGES_AREA_SIZE;
    areas[ZTA_AREA_SHARES].size = ZTA_SHARES_AREA_SIZE;
    areas[ZTA_AREA_TOKENS_SMALL].size = percent_of(tokens, TOKENS_SMALL_PERCENT);
    areas[ZTA_AREA_TOKENS_MIDDLE].size = percent_of(tokens, TOKENS_MIDDLE_PERCENT);
    areas[ZTA_AREA_TOKENS_BAD].size = percent_of(tokens, TOKENS_BAD_PERCENT);
    areas[ZTA_AREA_TOKENS_LARGE].size = tokens - areas[ZTA_AREA_TOKENS_SMALL].size -
                                        areas[ZTA_AREA_TOKENS_MIDDLE].size -
                                        areas[ZTA_AREA_TOKENS_BAD].size;

    uint64_t offset = sizeof(struct zta_segment_header);
    for (unsigned i = 0; i < ZTA_N_AREAS; i++) {
        areas[i].offset = offset;
        offset += areas[i].size;
    }
}

static uint32_t layout_checksum(const struct zta_segment_layout *layout)
{
    const size_t from = offsetof(struct zta_segment_layout, size);
    return zta_crc32((const uint8_t *)layout + from, sizeof(*layout) - from);
}

static enum zta_status check_memory(const void *base, uint64_t size, struct zta_error *error)
{
    if (base == NULL || (uintptr_t)base % ZTA_CACHE_LINE != 0) {
        return zta_error_set(error, ZTA_INVALID, "shared memory does not begin on a page");
    }
    if (size < ZTA_SEGMENT_SIZE_MIN) {
        return zta_error_set(error, ZTA_TOO_LARGE,
                             "what is kept in shared memory does not fit in %" PRIu64
                             " bytes: at least %" PRIu64 " are needed",
                             size, ZTA_SEGMENT_SIZE_MIN);
    }
    if (size > ZTA_SEGMENT_SIZE_MAX || size > PTRDIFF_MAX) {
        return zta_error_set(error, ZTA_TOO_LARGE,
                             "shared memory of %" PRIu64 " bytes is above the maximum of %" PRIu64,
                             size, ZTA_SEGMENT_SIZE_MAX);
    }
    return ZTA_OK;
}

enum zta_status zta_segment_layout_check(const struct zta_segment_layout *layout, uint64_t size,
                                         struct zta_error *error)
{
    if (layout->magic != SEGMENT_MAGIC) {
        return zta_error_set(error, ZTA_CORRUPT, "shared memory: no header of this product");
    }
    if (layout->version != ZTA_SEGMENT_VERSION) {
        return zta_error_set(error, ZTA_VERSION,
                             "shared memory has layout %" PRIu32 ", this program knows %d",
                             layout->version, ZTA_SEGMENT_VERSION);
    }
    if (layout->checksum != layout_checksum(layout)) {
        return zta_error_set(error, ZTA_CORRUPT, "shared memory: header fails its checksum");
    }
    if (layout->size != size) {
        return zta_error_set(error, ZTA_VERSION,
                             "shared memory was formatted for %" PRIu64 " bytes, it has %" PRIu64,
                             layout->size, size);
    }
    struct zta_segment_range areas[ZTA_N_AREAS];
    divide(size, areas);
    if (layout->header_size != sizeof(struct zta_segment_header) ||
        layout->n_counters != ZTA_N_COUNTERS || layout->n_children != ZTA_CHILDREN_MAX ||
        memcmp(layout->areas, areas, sizeof(areas)) != 0) {
        return zta_error_set(error, ZTA_VERSION, "shared memory is divided in another way");
    }
    if (layout->id == 0) {
        return zta_error_set(error, ZTA_CORRUPT, "shared memory: no identity");
    }
    return ZTA_OK;
}

/* ---- open and close ---- */

static enum zta_status open_handle(void *base, struct zta_segment **segment,
                                   struct zta_error *error)
{
    struct zta_segment *handle = calloc(1, sizeof(*handle));
    if (handle == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory for a handle of the shared memory");
    }
    handle->base = base;
    handle->header = base;
    handle->layout = handle->header->layout;
    *segment = handle;
    return ZTA_OK;
}

enum zta_status zta_segment_create(void *base, uint64_t size, struct zta_segment **segment,
                                   struct zta_error *error)
{
    enum zta_status status = check_memory(base, size, error);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_segment_header *header = base;
    struct zta_segment_layout *layout = &header->layout;
    layout->version = ZTA_SEGMENT_VERSION;
    layout->size = size;
    layout->header_size = sizeof(*header);
    layout->n_counters = ZTA_N_COUNTERS;
    layout->n_children = ZTA_CHILDREN_MAX;
    do {
        zta_random_bytes(&layout->id, sizeof(layout->id));
    } while (layout->id == 0);
    layout->created_real_ns = zta_clock_real_ns();
    zta_random_bytes(&layout->key, sizeof(layout->key));
    divide(size, layout->areas);
    atomic_store_explicit(&header->store_health, ZTA_OK, memory_order_release);
    layout->checksum = layout_checksum(layout);
    layout->magic = SEGMENT_MAGIC;
    return open_handle(base, segment, error);
}

enum zta_status zta_segment_attach(void *base, uint64_t size, struct zta_segment **segment,
                                   struct zta_error *error)
{
    enum zta_status status = check_memory(base, size, error);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_segment *opened;
    status = open_handle(base, &opened, error);
    if (status != ZTA_OK) {
        return status;
    }
    /* What is checked is the copy that will be used: a child can write to the memory meanwhile. */
    status = zta_segment_layout_check(&opened->layout, size, error);
    if (status != ZTA_OK) {
        zta_segment_close(&opened);
        return status;
    }
    *segment = opened;
    return ZTA_OK;
}

void zta_segment_close(struct zta_segment **segment)
{
    if (segment == NULL) {
        return;
    }
    free(*segment);
    *segment = NULL;
}

void *zta_segment_area(const struct zta_segment *segment, enum zta_area area, uint64_t *size)
{
    const struct zta_segment_range *range = &segment->layout.areas[area];
    *size = range->size;
    return segment->base + range->offset;
}

void zta_segment_populate(const struct zta_segment *segment)
{
#ifdef MADV_POPULATE_READ
    /* Other areas are met where requests go, and may never be needed whole. */
    uint64_t size;
    uint8_t *area = zta_segment_area(segment, ZTA_AREA_RING, &size);
    const uint64_t before = (uintptr_t)area % (uintptr_t)sysconf(_SC_PAGESIZE);
    /* Reading suffices: pages of shared memory that are not a file's are mapped for both. */
    (void)madvise(area - before, size + before, MADV_POPULATE_READ);
#endif
}

/* ---- words that all processes share ---- */

uint64_t zta_segment_id(const struct zta_segment *segment)
{
    return segment->layout.id;
}

int64_t zta_segment_created_real_ns(const struct zta_segment *segment)
{
    return segment->layout.created_real_ns;
}

const struct zta_siphash_key *zta_segment_key(const struct zta_segment *segment)
{
    return &segment->layout.key;
}

void zta_segment_config_generation_set(struct zta_segment *segment, uint32_t generation)
{
    atomic_store_explicit(&segment->header->config_generation, generation, memory_order_release);
}

uint32_t zta_segment_config_generation(const struct zta_segment *segment)
{
    return atomic_load_explicit(&segment->header->config_generation, memory_order_acquire);
}

void zta_segment_store_health_set(struct zta_segment *segment, enum zta_status health)
{
    atomic_store_explicit(&segment->header->store_health, (uint32_t)health, memory_order_release);
}

enum zta_status zta_segment_store_health(const struct zta_segment *segment)
{
    return (enum zta_status)atomic_load_explicit(&segment->header->store_health,
                                                 memory_order_acquire);
}

void zta_segment_failure_note(struct zta_segment *segment, int64_t now_ns)
{
    atomic_store(&segment->header->failed_ns, now_ns);
}

int64_t zta_segment_failed_ns(const struct zta_segment *segment)
{
    return atomic_load(&segment->header->failed_ns);
}

void zta_segment_threat_set(struct zta_segment *segment, enum zta_threat_level level)
{
    atomic_store(&segment->header->threat, (uint32_t)level);
}

enum zta_threat_level zta_segment_threat(const struct zta_segment *segment)
{
    const uint32_t level = atomic_load(&segment->header->threat);
    return level < ZTA_N_THREAT_LEVELS ? (enum zta_threat_level)level : ZTA_THREAT_CRITICAL;
}

/* ---- children ---- */

static uint64_t child_word(uint32_t incarnation, int32_t pid)
{
    return (uint64_t)incarnation << 32 | (uint32_t)pid;
}

static int32_t child_pid(uint64_t word)
{
    return (int32_t)(uint32_t)word;
}

static uint32_t child_incarnation(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

/* 0 when the slot is taken or has given all its incarnations. */
static uint32_t take_slot(_Atomic uint64_t *slot, uint32_t index, int32_t pid)
{
    uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
    while (child_pid(word) == 0) {
        const uint32_t last = word == 0 ? index : child_incarnation(word);
        if (last > UINT32_MAX - ZTA_CHILDREN_MAX) {
            return 0;
        }
        const uint32_t incarnation = last + ZTA_CHILDREN_MAX;
        if (atomic_compare_exchange_weak_explicit(slot, &word, child_word(incarnation, pid),
                                                  memory_order_acq_rel, memory_order_acquire)) {
            return incarnation;
        }
    }
    return 0;
}

enum zta_status zta_segment_child_begin(struct zta_segment *segment, int32_t pid,
                                        uint32_t *incarnation)
{
    if (pid <= 0) {
        return ZTA_INVALID;
    }
    /* Of two processes of one pid the earlier is dead, even if nobody has said so yet. */
    zta_segment_child_end(segment, pid);

    struct zta_segment_header *header = segment->header;
    const uint32_t first =
        atomic_fetch_add_explicit(&header->children_next, 1, memory_order_relaxed);
    for (uint32_t i = 0; i < ZTA_CHILDREN_MAX; i++) {
        const uint32_t index = (first + i) % ZTA_CHILDREN_MAX;
        const uint32_t taken = take_slot(&header->children[index], index, pid);
        if (taken != 0) {
            *incarnation = taken;
            return ZTA_OK;
        }
    }
    return ZTA_FULL;
}

void zta_segment_child_end(struct zta_segment *segment, int32_t pid)
{
    if (pid <= 0) {
        return;
    }
    for (uint32_t i = 0; i < ZTA_CHILDREN_MAX; i++) {
        _Atomic uint64_t *slot = &segment->header->children[i];
        uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
        if (child_pid(word) == pid) {
            /* Failing means that another process ended it: fine. */
            (void)atomic_compare_exchange_strong_explicit(
                slot, &word, child_word(child_incarnation(word), 0), memory_order_acq_rel,
                memory_order_acquire);
        }
    }
}

bool zta_segment_child_is_alive(const struct zta_segment *segment, uint32_t incarnation)
{
    const uint64_t word = atomic_load_explicit(
        &segment->header->children[incarnation % ZTA_CHILDREN_MAX], memory_order_acquire);
    return incarnation != 0 && child_incarnation(word) == incarnation && child_pid(word) != 0;
}

uint32_t zta_segment_children(const struct zta_segment *segment)
{
    uint32_t n_children = 0;
    for (uint32_t i = 0; i < ZTA_CHILDREN_MAX; i++) {
        const uint64_t word =
            atomic_load_explicit(&segment->header->children[i], memory_order_acquire);
        n_children += child_pid(word) != 0;
    }
    return n_children;
}

void zta_segment_logged_set(struct zta_segment *segment, enum zta_logged stream, uint64_t number)
{
    atomic_store(&segment->header->logged[stream], number);
}

uint64_t zta_segment_logged(const struct zta_segment *segment, enum zta_logged stream)
{
    return atomic_load(&segment->header->logged[stream]);
}
