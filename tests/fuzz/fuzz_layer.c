/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of live rules: any bytes decode or are refused; what decodes encodes to the very same
 * bytes, of an older release to those of now, and is parsed or refused with a place.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/store/records_priv.h"
#include "shared/store/schema_policy.h"
#include "tests/fuzz/must.h"

#define KEY_SIZE 8
#define NOW_S    INT64_C(1800000000)
#define LONGER   (2 + 8 + ZTA_ORIGIN_SIZE) /* than a record of the former format */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of a layer, in the format of now; the caller frees. NULL: no memory. */
static void *encode(const struct zta_layer *layer, size_t room, size_t *size)
{
    struct zta_writer writer;
    void *bytes = malloc(room);
    if (bytes != NULL) {
        zta_writer_init(&writer, bytes, room);
        must(zta_layer_encode(layer, &writer) == ZTA_OK);
        *size = writer.len;
    }
    return bytes;
}

/* A record of an older release is written in the format of now, which comes back as it is. */
static void check_bytes(const struct zta_layer *layer, struct zta_blob key, struct zta_blob value)
{
    const bool is_of_now = *(const uint8_t *)value.data == ZTA_LAYER_FORMAT;
    const size_t room = value.size + (is_of_now ? 0 : LONGER);
    struct zta_layer again;
    void *storage = NULL;
    size_t size = 0;
    size_t size_again = 0;
    void *bytes = encode(layer, room, &size);
    if (bytes == NULL) {
        return;
    }
    must(!is_of_now || (size == value.size && memcmp(bytes, value.data, size) == 0));
    must(zta_layer_decode(key, ZTA_BLOB(bytes, size), &again, &storage) == ZTA_OK);
    void *bytes_again = encode(&again, size, &size_again);
    must(bytes_again == NULL || (size_again == size && memcmp(bytes_again, bytes, size) == 0));
    free(bytes_again);
    free(storage);
    free(bytes);
}

static void check_rules(const struct zta_layer *layer)
{
    static const struct zta_rules_source baseline = {
        .name = {.data = "rules.zta", .len = 9},
        .text = {.data = "deny a\n  when path /a\n", .len = 22}};
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    char text[1024];
    struct zta_buffer buffer;
    const enum zta_status status = zta_layer_parse(&baseline, 1, layer, NOW_S, &ast, &error);
    if (status == ZTA_INVALID) {
        zta_buffer_init(&buffer, text, sizeof text);
        zta_rules_error_print(&error, &buffer);
        must(buffer.len > 0 && memchr(text, '\x1b', buffer.len) == NULL);
    }
    must(status != ZTA_OK || ast->n_rules <= layer->n + 1);
    zta_rules_ast_close(&ast);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zta_layer layer;
    void *storage = NULL;
    if (size < KEY_SIZE) {
        return 0;
    }
    const struct zta_blob value = ZTA_BLOB(data + KEY_SIZE, size - KEY_SIZE);
    if (zta_layer_decode(ZTA_BLOB(data, KEY_SIZE), value, &layer, &storage) == ZTA_OK) {
        const int64_t until_s = zta_layer_valid_until(&layer, NOW_S);
        must(until_s == layer.confirm_by_s || until_s > NOW_S);
        check_bytes(&layer, ZTA_BLOB(data, KEY_SIZE), value);
        check_rules(&layer);
    }
    free(storage);
    return 0;
}
