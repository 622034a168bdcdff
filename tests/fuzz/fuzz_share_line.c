/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nodes say of their parts of shared rates: any bytes as a line. What is read is all that was
 * there, and nothing that the arithmetic over lines does not expect.
 */
#include <stdint.h>
#include <string.h>

#include "shared/base/reader.h"
#include "shared/fleet/shares.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/stranger.h"

#define UNTOUCHED 0x5a

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zta_share_line line;
    static uint8_t again[ZTA_SHARE_LINE_MAX];
    const struct zta_text bytes = {.data = (const char *)data, .len = size};
    struct zta_writer writer;
    uint64_t former = 0;
    must(zta_share_line_check(bytes, ZTA_TEXT("corp"), &stranger) == ZTA_FORBIDDEN);
    memset(&line, UNTOUCHED, sizeof line);
    if (zta_share_line_read(bytes, &line) != ZTA_OK) {
        for (size_t i = 0; i < sizeof line; i++) {
            must(((const uint8_t *)&line)[i] == UNTOUCHED);
        }
        return 0;
    }
    must(line.version_ns > 0 && line.n <= ZTA_SHARE_KEYS_MAX);
    zta_writer_init(&writer, again, sizeof again);
    zta_write_u8(&writer, 1);
    zta_write_bytes(&writer, line.origin, sizeof line.origin);
    zta_write_u64(&writer, (uint64_t)line.version_ns);
    zta_write_u16(&writer, (uint16_t)line.n);
    for (size_t i = 0; i < line.n; i++) {
        must(line.keys[i].id > former && line.keys[i].claim <= ZTA_SHARE_WHOLE);
        former = line.keys[i].id;
        zta_write_u64(&writer, line.keys[i].id);
        zta_write_u32(&writer, line.keys[i].demand);
        zta_write_u32(&writer, line.keys[i].claim);
    }
    must(!writer.is_overflowed && writer.len + ZTA_SIGNATURE_SIZE == size);
    must(memcmp(again, data, writer.len) == 0);
    return 0;
}
