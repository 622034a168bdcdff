/* SPDX-License-Identifier: Apache-2.0 */
/* Opening is the work of whoever finds that the copy moved; everybody else uses what is there. */
#include "shared/context/reader.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/base/current.h"

/* One open copy. */
struct opened {
    struct zta_geo_db *db;
    int lock;
    uint64_t copy;
};

struct zta_geo_reader {
    const struct zta_geo_copies *copies;
    enum zta_geo_kind kind;
    struct zta_current *current; /* struct opened */
    _Atomic uint64_t looked_at;  /* the copy that was opened last, or could not be */
    atomic_bool has_former;      /* a former copy was still read when it was replaced */
};

static void close_opened(void *value)
{
    struct opened *opened = value;
    zta_geo_close(&opened->db);
    (void)close(opened->lock);
    free(opened);
}

void zta_geo_reader_close(struct zta_geo_reader **reader)
{
    if (*reader != NULL) {
        zta_current_close(&(*reader)->current);
        free(*reader);
        *reader = NULL;
    }
}

/* Frees a copy that was replaced, so that its place in memory can be used again. */
static void tidy(struct zta_geo_reader *reader)
{
    atomic_store(&reader->has_former, !zta_current_tidy(reader->current));
}

static enum zta_status open_copy(struct zta_geo_reader *reader, uint64_t copy,
                                 struct zta_error *error)
{
    struct opened *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory to open its copy");
    }
    opened->copy = copy;
    enum zta_status status =
        zta_geo_copies_read(reader->copies, reader->kind, copy, &opened->db, &opened->lock, error);
    if (status != ZTA_OK) {
        free(opened);
        return status;
    }
    status = zta_current_replace(reader->current, opened);
    if (status != ZTA_OK) {
        close_opened(opened);
        return status;
    }
    tidy(reader);
    return ZTA_OK;
}

static bool has_moved(const struct zta_geo_reader *reader)
{
    return zta_geo_copies_current(reader->copies, reader->kind) !=
           atomic_load_explicit(&reader->looked_at, memory_order_acquire);
}

/* ZTA_BUSY is for the next question: the copy is just being replaced once more. */
static enum zta_status look(struct zta_geo_reader *reader, struct zta_error *error)
{
    enum zta_status status = ZTA_OK;
    bool has_former = atomic_load_explicit(&reader->has_former, memory_order_relaxed);
    if ((!has_moved(reader) && !has_former) || !zta_current_begin(reader->current)) {
        return ZTA_OK;
    }
    if (has_moved(reader)) {
        uint64_t copy = zta_geo_copies_current(reader->copies, reader->kind);
        status = open_copy(reader, copy, error);
        if (status != ZTA_BUSY) {
            atomic_store_explicit(&reader->looked_at, copy, memory_order_release);
        }
    }
    else {
        tidy(reader);
    }
    zta_current_end(reader->current);
    return status == ZTA_BUSY ? ZTA_OK : status;
}

enum zta_status zta_geo_reader_open(const struct zta_geo_copies *copies, enum zta_geo_kind kind,
                                    struct zta_geo_reader **reader)
{
    struct zta_error error;
    struct zta_geo_reader *made = malloc(sizeof *made);
    if (made == NULL) {
        return ZTA_NO_MEMORY;
    }
    *made = (struct zta_geo_reader){.copies = copies, .kind = kind};
    enum zta_status status = zta_current_open(close_opened, &made->current);
    if (status != ZTA_OK) {
        free(made);
        return status;
    }
    /* Before there are questions: two that come at once would find that one of them is opening. */
    if (look(made, &error) != ZTA_OK) {
        atomic_store(&made->looked_at, 0); /* the first question tries again, and says it */
    }
    *reader = made;
    return ZTA_OK;
}

enum zta_status zta_geo_reader_find(struct zta_geo_reader *reader, const struct zta_addr *addr,
                                    struct zta_geo_found *found, struct zta_error *error)
{
    struct zta_held held;
    enum zta_status status = look(reader, error);
    *found = (struct zta_geo_found){.copy = 0};
    if (zta_current_acquire(reader->current, &held)) {
        const struct opened *opened = held.value;
        found->copy = opened->copy;
        found->built_s = zta_geo_built_s(opened->db);
        if (zta_geo_find(opened->db, addr, &found->fact) != ZTA_OK) {
            found->fact = (struct zta_geo_fact){.asn = 0};
        }
        zta_current_release(reader->current, &held);
    }
    return status;
}

uint64_t zta_geo_reader_copy(const struct zta_geo_reader *reader)
{
    return zta_geo_copies_current(reader->copies, reader->kind);
}
