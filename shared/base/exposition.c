/* SPDX-License-Identifier: Apache-2.0 */
/* Two formats of the same families: they differ in names of families, metadata and the end. */
#include "shared/base/exposition.h"

#include <inttypes.h>
#include <string.h>

#define BILLION UINT64_C(1000000000)

/* ---- which format ---- */

/* Of a media range: how well it was asked for, in thousandths, and how exactly it was named. */
struct preference {
    unsigned quality;
    unsigned precision; /* 0: not named at all */
};

static struct zta_text trim(struct zta_text text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

/* What stands before the separator, outside of quotes; *rest what stands behind it. */
static struct zta_text take(struct zta_text *rest, char separator)
{
    struct zta_text part = {.data = rest->data, .len = 0};
    bool is_quoted = false;
    while (part.len < rest->len && (is_quoted || rest->data[part.len] != separator)) {
        is_quoted ^= rest->data[part.len] == '"';
        part.len++;
    }
    const size_t n = part.len < rest->len ? part.len + 1 : part.len;
    *rest = (struct zta_text){.data = rest->data + n, .len = rest->len - n};
    return trim(part);
}

/* "0.5" in thousandths; what is no qvalue asks for nothing. */
static unsigned read_quality(struct zta_text text)
{
    unsigned value = 0;
    unsigned unit = 1000;
    for (size_t i = 0; i < text.len && i < sizeof("0.000") - 1; i++) {
        if (i == 1 && text.data[i] == '.') {
            continue;
        }
        if (i == 1 || text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }
        value += (unsigned)(text.data[i] - '0') * unit;
        unit /= 10;
    }
    return value > 1000 ? 1000 : value;
}

struct media {
    const char *type; /* and subtype */
    const char *any;  /* any subtype of the type */
    const char *version;
};

static const struct media medias[] = {
    [ZTA_EXPOSITION_TEXT] = {.type = "text/plain", .any = "text/*", .version = "0.0.4"},
    [ZTA_EXPOSITION_OPENMETRICS] = {.type = "application/openmetrics-text",
                                    .any = "application/*",
                                    .version = "1.0.0"},
};

static bool is_word(struct zta_text text, const char *word)
{
    return zta_text_equal_nocase(text, zta_text_of(word));
}

/* Of one media range; precision 0: it does not mean this format. */
static struct preference match(struct zta_text range, const struct media *media)
{
    struct preference found = {.quality = 1000, .precision = 0};
    const struct zta_text type = take(&range, ';');
    if (is_word(type, media->type)) {
        found.precision = 3;
    }
    else if (is_word(type, media->any)) {
        found.precision = 2;
    }
    else if (is_word(type, "*/*")) {
        found.precision = 1;
    }
    while (range.len > 0) {
        struct zta_text value = take(&range, ';');
        const struct zta_text name = take(&value, '=');
        value = trim(value);
        if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"') {
            value = (struct zta_text){.data = value.data + 1, .len = value.len - 2};
        }
        if (is_word(name, "q")) {
            found.quality = read_quality(value);
        }
        else if (is_word(name, "version") && !is_word(value, media->version)) {
            found.precision = 0;
        }
    }
    return found;
}

/* The most exact range decides, of several the best. */
static struct preference prefer(struct zta_text accept, const struct media *media)
{
    struct preference best = {.quality = 0, .precision = 0};
    while (accept.len > 0) {
        const struct preference found = match(take(&accept, ','), media);
        if (found.precision > best.precision ||
            (found.precision == best.precision && found.precision > 0 &&
             found.quality > best.quality)) {
            best = found;
        }
    }
    return best;
}

enum zta_exposition_format zta_exposition_choose(const char *accept)
{
    if (accept == NULL) {
        return ZTA_EXPOSITION_TEXT;
    }
    const struct preference text = prefer(zta_text_of(accept), &medias[ZTA_EXPOSITION_TEXT]);
    const struct preference open = prefer(zta_text_of(accept), &medias[ZTA_EXPOSITION_OPENMETRICS]);
    const bool is_open =
        open.quality > text.quality ||
        (open.quality > 0 && open.quality == text.quality && open.precision > text.precision);
    return is_open ? ZTA_EXPOSITION_OPENMETRICS : ZTA_EXPOSITION_TEXT;
}

const char *zta_exposition_content_type(enum zta_exposition_format format)
{
    return format == ZTA_EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

/* ---- families ---- */

static bool is_open(const struct zta_exposition *exposition)
{
    return exposition->format == ZTA_EXPOSITION_OPENMETRICS;
}

/* What a sample has behind the name of its family. */
static const char *suffix_of(const struct zta_metric_family *family)
{
    switch (family->type) {
    case ZTA_METRIC_COUNTER:
        return "_total";
    case ZTA_METRIC_INFO:
        return "_info";
    case ZTA_METRIC_GAUGE:
    case ZTA_METRIC_HISTOGRAM:
        break;
    }
    return "";
}

static const char *type_name(const struct zta_exposition *exposition)
{
    switch (exposition->family->type) {
    case ZTA_METRIC_COUNTER:
        return "counter";
    case ZTA_METRIC_HISTOGRAM:
        return "histogram";
    case ZTA_METRIC_INFO:
        return is_open(exposition) ? "info" : "gauge";
    case ZTA_METRIC_GAUGE:
        break;
    }
    return "gauge";
}

void zta_exposition_init(struct zta_exposition *exposition, struct zta_buffer *buffer,
                         enum zta_exposition_format format)
{
    *exposition = (struct zta_exposition){.buffer = buffer, .format = format};
}

/* Backslash, line feed and quote; everything else stays, but for what is no UTF-8. */
static void put_escaped(struct zta_buffer *buffer, struct zta_text text, bool has_quotes)
{
    size_t at = 0;
    while (at < text.len && !buffer->is_overflowed) {
        const size_t n = zta_utf8_len(text.data + at, text.len - at);
        const char c = text.data[at];
        if (n == 0) {
            zta_buffer_string(buffer, "\xef\xbf\xbd");
        }
        else if (c == '\n') {
            zta_buffer_string(buffer, "\\n");
        }
        else if (c == '\\' || (c == '"' && has_quotes)) {
            zta_buffer_printf(buffer, "\\%c", c);
        }
        else {
            zta_buffer_append(buffer, text.data + at, n);
        }
        at += n == 0 ? 1 : n;
    }
}

/* The text format names a family as its samples. */
static void put_metadata(struct zta_exposition *exposition, const char *word, const char *value)
{
    const struct zta_metric_family *family = exposition->family;
    zta_buffer_printf(exposition->buffer, "# %s %s%s ", word, family->name,
                      is_open(exposition) ? "" : suffix_of(family));
    put_escaped(exposition->buffer, zta_text_of(value), is_open(exposition));
    zta_buffer_string(exposition->buffer, "\n");
}

void zta_exposition_begin(struct zta_exposition *exposition, const struct zta_metric_family *family)
{
    exposition->family = family;
    if (!is_open(exposition)) {
        put_metadata(exposition, "HELP", family->help);
    }
    put_metadata(exposition, "TYPE", type_name(exposition));
    if (is_open(exposition)) {
        if (family->unit[0] != '\0') {
            put_metadata(exposition, "UNIT", family->unit);
        }
        put_metadata(exposition, "HELP", family->help);
    }
}

/* ---- samples ---- */

static void put_name(struct zta_exposition *exposition, const char *suffix,
                     const struct zta_metric_label *labels, size_t n_labels)
{
    struct zta_buffer *buffer = exposition->buffer;
    zta_buffer_printf(buffer, "%s%s", exposition->family->name, suffix);
    for (size_t i = 0; i < n_labels; i++) {
        zta_buffer_printf(buffer, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
        put_escaped(buffer, labels[i].value, true);
        zta_buffer_string(buffer, "\"");
    }
    zta_buffer_string(buffer, n_labels > 0 ? "} " : " ");
}

/* By hand: what a library does to the locale of a process must not change a decimal point. */
static void put_billionths(struct zta_buffer *buffer, bool is_negative, uint64_t value)
{
    zta_buffer_printf(buffer, "%s%" PRIu64 ".%09" PRIu64 "\n", is_negative ? "-" : "",
                      value / BILLION, value % BILLION);
}

void zta_exposition_count(struct zta_exposition *exposition, const struct zta_metric_label *labels,
                          size_t n_labels, uint64_t value)
{
    put_name(exposition, suffix_of(exposition->family), labels, n_labels);
    zta_buffer_printf(exposition->buffer, "%" PRIu64 "\n", value);
}

void zta_exposition_billionths(struct zta_exposition *exposition,
                               const struct zta_metric_label *labels, size_t n_labels,
                               int64_t value)
{
    const uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    put_name(exposition, suffix_of(exposition->family), labels, n_labels);
    put_billionths(exposition->buffer, value < 0, size);
}

void zta_exposition_histogram(struct zta_exposition *exposition,
                              const struct zta_metric_bucket *buckets, size_t n_buckets,
                              uint64_t sum)
{
    uint64_t n = 0;
    for (size_t i = 0; i < n_buckets; i++) {
        const struct zta_metric_label label = {.name = "le",
                                               .value = zta_text_of(buckets[i].bound)};
        n += buckets[i].n;
        put_name(exposition, "_bucket", &label, 1);
        zta_buffer_printf(exposition->buffer, "%" PRIu64 "\n", n);
    }
    put_name(exposition, "_sum", NULL, 0);
    put_billionths(exposition->buffer, false, sum);
    put_name(exposition, "_count", NULL, 0);
    zta_buffer_printf(exposition->buffer, "%" PRIu64 "\n", n);
}

void zta_exposition_end(struct zta_exposition *exposition)
{
    if (is_open(exposition)) {
        zta_buffer_string(exposition->buffer, "# EOF\n");
    }
}
