/* SPDX-License-Identifier: Apache-2.0 */
/* Path normalisation: the first byte gives the flags, the rest is the path. */
#include "shared/base/limits.h"
#include "shared/base/path.h"
#include "tests/fuzz/must.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segments(struct zta_text normal)
{
    for (size_t i = 0; i < normal.len;) {
        const char *segment = normal.data + i + 1;
        const char *slash = memchr(segment, '/', normal.len - i - 1);
        size_t len = slash == NULL ? normal.len - i - 1 : (size_t)(slash - segment);
        must(len > 0 || slash == NULL);
        must(!(len == 1 && segment[0] == '.') && !(len == 2 && memcmp(segment, "..", 2) == 0));
        must(memchr(segment, ';', len) == NULL && memchr(segment, '\\', len) == NULL);
        i += len + 1;
    }
}

/* What a request target may not hold raw is escaped; per cent signs are escapes already. */
static void encode(struct zta_text normal, struct zta_buffer *target)
{
    for (size_t i = 0; i < normal.len; i++) {
        unsigned char c = (unsigned char)normal.data[i];
        if (c >= 0x80 || c == ' ' || c == '#' || c == '?') {
            zta_buffer_printf(target, "%%%02X", (unsigned)c);
        }
        else {
            zta_buffer_append(target, &normal.data[i], 1);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    unsigned flags = data[0] & (ZTA_PATH_ENCODED_SLASH | ZTA_PATH_PARAMETERS);
    const struct zta_text raw = {.data = (const char *)data + 1, .len = size - 1};
    char out[ZTA_PATH_MAX + 1];
    size_t len = SIZE_MAX;
    enum zta_path_fault fault = zta_path_normalise(raw, flags, out, sizeof(out), &len);
    must(zta_path_fault_text(fault) != NULL);
    if (fault != ZTA_PATH_OK) {
        must(len == SIZE_MAX);
        return 0;
    }
    const struct zta_text normal = {.data = out, .len = len};
    must(len > 0 && len <= ZTA_PATH_MAX && out[0] == '/' && out[len] == '\0');
    must(zta_text_is_utf8(normal));
    for (size_t i = 0; i < len; i++) {
        must((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
        must(out[i] != '%' || memcmp(out + i, "%25", 3) == 0 ||
             ((flags & ZTA_PATH_ENCODED_SLASH) != 0 && memcmp(out + i, "%2F", 3) == 0));
    }
    check_segments(normal);

    char target[3 * ZTA_PATH_MAX + 1];
    char again[ZTA_PATH_MAX + 1];
    size_t again_len = 0;
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, target, sizeof(target));
    encode(normal, &buffer);
    must(!buffer.is_overflowed);
    const struct zta_text encoded = {.data = target, .len = buffer.len};
    must(zta_path_normalise(encoded, flags, again, sizeof(again), &again_len) == ZTA_PATH_OK);
    must(again_len == len && memcmp(again, out, len) == 0);
    return 0;
}
