/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a file of devices, whatever its format: kept, and each id and certificate only once. */
#include "admin-tui/device_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/device_file_priv.h"

#define FIRST_ROWS 64
#define BOM        "\xef\xbb\xbf"

void ctl_device_fault(struct ctl_device_file *file, uint32_t line, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    file->n_faults++;
    file->fn(file->context, line, text);
}

bool ctl_device_row_add(struct ctl_device_file *file, const struct ctl_device_row *row)
{
    if (zta_text_is_absent(row->device.id)) {
        ctl_device_fault(file, row->line, "found a device without an id, expected one");
        return true;
    }
    if (file->n == CTL_DEVICE_ROWS_MAX) {
        ctl_device_fault(file, row->line, "found more than %u devices", CTL_DEVICE_ROWS_MAX);
        return false;
    }
    if (file->n == file->n_allocated) {
        size_t n = file->n_allocated == 0 ? FIRST_ROWS : 2 * file->n_allocated;
        struct ctl_device_row *rows = reallocarray(file->rows, n, sizeof *rows);
        if (rows == NULL) {
            ctl_device_fault(file, row->line, "out of memory");
            return false;
        }
        file->rows = rows;
        file->n_allocated = n;
    }
    file->rows[file->n++] = *row;
    return true;
}

/* An id or a certificate, and where it stands. */
struct place {
    struct zta_text key;
    uint32_t line;
};

static int compare(const void *a, const void *b)
{
    const struct place *one = a;
    const struct place *other = b;
    int order = zta_text_compare(one->key, other->key);
    return order != 0 ? order : (one->line > other->line) - (one->line < other->line);
}

static void report_doubles(struct ctl_device_file *file, struct place *places, size_t n,
                           bool is_certificate)
{
    char excerpt[CTL_EXCERPT_SIZE];
    qsort(places, n, sizeof *places, compare);
    for (size_t i = 1; i < n; i++) {
        const struct place *first = &places[i - 1];
        if (!zta_text_equal(first->key, places[i].key)) {
            continue;
        }
        if (is_certificate) {
            ctl_device_fault(file, places[i].line,
                             "found a certificate that stands in line %u too, expected each once",
                             first->line);
        }
        else {
            ctl_device_fault(file, places[i].line,
                             "found device '%s' a second time, it stands in line %u",
                             ctl_excerpt(places[i].key, excerpt), first->line);
        }
    }
}

static void check_doubles(struct ctl_device_file *file)
{
    size_t n_certificates = 0;
    for (size_t i = 0; i < file->n; i++) {
        n_certificates += file->rows[i].device.n_certificates;
    }
    size_t n = n_certificates > file->n ? n_certificates : file->n;
    struct place *places = calloc(n == 0 ? 1 : n, sizeof *places);
    if (places == NULL) {
        ctl_device_fault(file, 1, "out of memory");
        return;
    }
    for (size_t i = 0; i < file->n; i++) {
        places[i] = (struct place){.key = file->rows[i].device.id, .line = file->rows[i].line};
    }
    report_doubles(file, places, file->n, false);
    size_t at = 0;
    for (size_t i = 0; i < file->n; i++) {
        const struct zta_device *device = &file->rows[i].device;
        for (size_t k = 0; k < device->n_certificates; k++) {
            places[at++] = (struct place){
                .key = {.data = (const char *)device->certificates[k].bytes, ZTA_SHA256_SIZE},
                .line = file->rows[i].line};
        }
    }
    report_doubles(file, places, at, true);
    free(places);
}

enum zta_status ctl_device_file_parse(struct ctl_device_file *file, char *text, size_t len)
{
    size_t at = 0;
    if (len >= sizeof BOM - 1 && memcmp(text, BOM, sizeof BOM - 1) == 0) {
        at = sizeof BOM - 1; /* as spreadsheets write it */
    }
    size_t first = at;
    while (first < len && strchr(" \t\r\n", text[first]) != NULL && text[first] != '\0') {
        first++;
    }
    file->rows = NULL;
    file->n = file->n_allocated = file->n_faults = 0;
    if (first == len) {
        ctl_device_fault(file, 1, "found nothing, expected devices as CSV or JSON");
    }
    else if (text[first] == '[' || text[first] == '{') {
        ctl_device_json_parse(file, text + at, len - at);
    }
    else {
        ctl_device_csv_parse(file, text + at, len - at);
    }
    if (file->n_faults == 0) {
        check_doubles(file);
    }
    return file->n_faults == 0 ? ZTA_OK : ZTA_INVALID;
}

void ctl_device_file_clear(struct ctl_device_file *file)
{
    free(file->rows);
    file->rows = NULL;
    file->n = file->n_allocated = 0;
}
