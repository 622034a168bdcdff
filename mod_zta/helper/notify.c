/* SPDX-License-Identifier: Apache-2.0 */
/* A write to a pipe of at most PIPE_BUF bytes is all or nothing, so that no line is ever torn. */
#include "mod_zta/helper/notify.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(MOD_ZTA_NOTIFY_LINE_MAX <= PIPE_BUF, "a line is written whole");

struct line {
    size_t len;
    char data[MOD_ZTA_NOTIFY_LINE_MAX];
};

struct queue {
    const struct mod_zta_notify_end *end;
    size_t first;
    size_t n;
    struct line *lines;
};

struct mod_zta_notify {
    size_t n;
    uint64_t n_lost;
    struct queue queues[];
};

enum zta_status mod_zta_notify_begin(const struct mod_zta_notify_end *ends, size_t n,
                                     struct mod_zta_notify **notify)
{
    struct mod_zta_notify *begun = calloc(1, sizeof *begun + n * sizeof begun->queues[0]);
    if (begun == NULL) {
        return ZTA_NO_MEMORY;
    }
    begun->n = n;
    for (size_t i = 0; i < n; i++) {
        begun->queues[i].end = &ends[i];
        begun->queues[i].lines = calloc(MOD_ZTA_NOTIFY_QUEUE, sizeof(struct line));
        if (begun->queues[i].lines == NULL) {
            mod_zta_notify_end(&begun);
            return ZTA_NO_MEMORY;
        }
    }
    *notify = begun;
    return ZTA_OK;
}

void mod_zta_notify_end(struct mod_zta_notify **notify)
{
    if (*notify == NULL) {
        return;
    }
    for (size_t i = 0; i < (*notify)->n; i++) {
        if ((*notify)->queues[i].lines == NULL) {
            (*notify)->queues[i].n = 0;
        }
    }
    (void)mod_zta_notify_step(*notify);
    for (size_t i = 0; i < (*notify)->n; i++) {
        free((*notify)->queues[i].lines);
    }
    free(*notify);
    *notify = NULL;
}

static void drop_first(struct queue *queue)
{
    queue->first = (queue->first + 1) % MOD_ZTA_NOTIFY_QUEUE;
    queue->n--;
}

enum zta_status mod_zta_notify_send(struct mod_zta_notify *notify, struct zta_text name,
                                    struct zta_text line)
{
    if (line.len + 1 > MOD_ZTA_NOTIFY_LINE_MAX) {
        return ZTA_TOO_LARGE;
    }
    for (size_t i = 0; i < notify->n; i++) {
        struct queue *queue = &notify->queues[i];
        if (!zta_text_equal(queue->end->name, name)) {
            continue;
        }
        if (queue->n == MOD_ZTA_NOTIFY_QUEUE) {
            drop_first(queue);
            notify->n_lost++;
        }
        struct line *at = &queue->lines[(queue->first + queue->n) % MOD_ZTA_NOTIFY_QUEUE];
        memcpy(at->data, line.data, line.len);
        at->data[line.len] = '\n';
        at->len = line.len + 1;
        queue->n++;
        return ZTA_OK;
    }
    return ZTA_NOT_FOUND;
}

/* False: the reader takes nothing now. */
static bool write_first(struct queue *queue)
{
    const struct line *line = &queue->lines[queue->first];
    ssize_t n;
    do {
        n = write(queue->end->fd, line->data, line->len);
    } while (n < 0 && errno == EINTR);
    return n >= 0;
}

uint64_t mod_zta_notify_step(struct mod_zta_notify *notify)
{
    for (size_t i = 0; i < notify->n; i++) {
        struct queue *queue = &notify->queues[i];
        while (queue->n > 0 && queue->end->fd >= 0 && write_first(queue)) {
            drop_first(queue);
        }
    }
    return notify->n_lost;
}
