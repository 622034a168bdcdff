/* SPDX-License-Identifier: Apache-2.0 */
/* Files of devices: what is read is what an inventory may hold, each fault has a line. */
#include "admin-tui/device_file.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    size_t n_faults;
    uint32_t n_lines;
};

static void see_fault(void *context, uint32_t line, const char *text)
{
    struct seen *seen = context;
    seen->n_faults++;
    must(line >= 1 && line <= seen->n_lines && text[0] != '\0' && strchr(text, '\x1b') == NULL);
}

static void check_row(const struct ctl_device_row *row, const char *text, size_t size)
{
    const struct zta_device *device = &row->device;
    const struct zta_text texts[] = {device->id, device->os, device->os_version, device->note,
                                     row->owner};
    must(zta_device_id_is_valid(device->id));
    must(zta_text_is_absent(device->os) || zta_device_os_is_valid(device->os));
    must(zta_text_is_absent(device->os_version) ||
         zta_device_os_version_is_valid(device->os_version));
    must((device->traits.yes & ~device->traits.known) == 0);
    must((device->traits.known & ~ZTA_DEVICE_STATED) == 0);
    must(device->n_certificates <= ZTA_DEVICE_CERTIFICATES_MAX);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        must(zta_text_is_absent(texts[i]) ||
             (texts[i].data >= text && texts[i].data + texts[i].len <= text + size));
    }
    const char *certificates = (const char *)device->certificates;
    must(device->n_certificates == 0 ||
         (certificates >= text &&
          certificates + device->n_certificates * ZTA_SHA256_SIZE <= text + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {.n_lines = 1};
    struct ctl_device_file file = {.fn = see_fault, .context = &seen};
    char *text = malloc(size == 0 ? 1 : size);
    must(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    for (size_t i = 0; i < size; i++) {
        seen.n_lines += text[i] == '\n';
    }
    enum zta_status status = ctl_device_file_parse(&file, text, size);
    must((status == ZTA_OK) == (seen.n_faults == 0) && file.n_faults == seen.n_faults);
    for (size_t i = 0; i < file.n; i++) {
        check_row(&file.rows[i], text, size);
    }
    ctl_device_file_clear(&file);
    free(text);
    return 0;
}
