/* SPDX-License-Identifier: Apache-2.0 */
/* A mark, then the bytes of its line; both may go round the end. */
#include "mod_zta/helper/log_queue.h"

#include <stdlib.h>
#include <string.h>

bool mod_zta_log_queue_open(struct mod_zta_log_queue *queue, size_t size)
{
    *queue = (struct mod_zta_log_queue){.bytes = malloc(size), .size = size};
    return queue->bytes != NULL;
}

void mod_zta_log_queue_close(struct mod_zta_log_queue *queue)
{
    free(queue->bytes);
    *queue = (struct mod_zta_log_queue){.bytes = NULL};
}

bool mod_zta_log_queue_fits(const struct mod_zta_log_queue *queue, size_t len)
{
    return queue->size - queue->used >= sizeof(struct mod_zta_log_mark) + len;
}

static void copy_in(struct mod_zta_log_queue *queue, const void *data, size_t len)
{
    const size_t at = (queue->first + queue->used) % queue->size;
    const size_t before_end = queue->size - at;
    const size_t n = len < before_end ? len : before_end;
    memcpy(queue->bytes + at, data, n);
    memcpy(queue->bytes, (const uint8_t *)data + n, len - n);
    queue->used += len;
}

static void copy_out(const struct mod_zta_log_queue *queue, size_t offset, void *data, size_t len)
{
    const size_t at = (queue->first + offset) % queue->size;
    const size_t before_end = queue->size - at;
    const size_t n = len < before_end ? len : before_end;
    memcpy(data, queue->bytes + at, n);
    memcpy((uint8_t *)data + n, queue->bytes, len - n);
}

void mod_zta_log_queue_put(struct mod_zta_log_queue *queue, const struct mod_zta_log_mark *mark,
                           const char *line)
{
    copy_in(queue, mark, sizeof *mark);
    copy_in(queue, line, mark->len);
    queue->n++;
}

bool mod_zta_log_queue_first(const struct mod_zta_log_queue *queue, struct mod_zta_log_mark *mark)
{
    if (queue->n == 0) {
        return false;
    }
    copy_out(queue, 0, mark, sizeof *mark);
    return true;
}

void mod_zta_log_queue_take(struct mod_zta_log_queue *queue, char *line)
{
    struct mod_zta_log_mark mark;
    copy_out(queue, 0, &mark, sizeof mark);
    if (line != NULL) {
        copy_out(queue, sizeof mark, line, mark.len);
    }
    queue->first = (queue->first + sizeof mark + mark.len) % queue->size;
    queue->used -= sizeof mark + mark.len;
    queue->n--;
}
