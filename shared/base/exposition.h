/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes metrics as Prometheus reads them, in its text format 0.0.4 or in OpenMetrics 1.0, into a
 * bounded buffer. What overflows it is no exposition: the caller takes a larger one. A family is
 * begun once, its samples follow.
 */
#ifndef ZTA_BASE_EXPOSITION_H
#define ZTA_BASE_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"

enum zta_exposition_format {
    ZTA_EXPOSITION_TEXT = 0,
    ZTA_EXPOSITION_OPENMETRICS,
};

enum zta_metric_type {
    ZTA_METRIC_COUNTER = 0,
    ZTA_METRIC_GAUGE,
    ZTA_METRIC_HISTOGRAM,
    ZTA_METRIC_INFO,
};

/* What is said of a family; constant texts. */
struct zta_metric_family {
    const char *name; /* of a counter without _total, of an info without _info */
    enum zta_metric_type type;
    const char *unit; /* ends the name; "": none */
    const char *help;
};

struct zta_exposition {
    struct zta_buffer *buffer;
    enum zta_exposition_format format;
    const struct zta_metric_family *family;
};

/* One label; the text is escaped, bytes that are no UTF-8 become U+FFFD. */
struct zta_metric_label {
    const char *name;
    struct zta_text value;
};

/* The better of the two for an Accept header (RFC 9110 section 12.5.1); NULL: none was sent. */
enum zta_exposition_format zta_exposition_choose(const char *accept);
const char *zta_exposition_content_type(enum zta_exposition_format format);

void zta_exposition_init(struct zta_exposition *exposition, struct zta_buffer *buffer,
                         enum zta_exposition_format format);
void zta_exposition_begin(struct zta_exposition *exposition,
                          const struct zta_metric_family *family);
/* A sample of a counter, gauge or info. */
void zta_exposition_count(struct zta_exposition *exposition, const struct zta_metric_label *labels,
                          size_t n_labels, uint64_t value);
/* The same with a value in billionths: nanoseconds of what is in seconds. */
void zta_exposition_billionths(struct zta_exposition *exposition,
                               const struct zta_metric_label *labels, size_t n_labels,
                               int64_t value);

/* A bucket of a histogram: its bound as text, "+Inf" for the last, how many fell in it alone. */
struct zta_metric_bucket {
    const char *bound;
    uint64_t n;
};
/* A histogram without labels; ascending, the last has no bound. Sum in billionths. */
void zta_exposition_histogram(struct zta_exposition *exposition,
                              const struct zta_metric_bucket *buckets, size_t n_buckets,
                              uint64_t sum);
/* What ends the whole. */
void zta_exposition_end(struct zta_exposition *exposition);

#endif
