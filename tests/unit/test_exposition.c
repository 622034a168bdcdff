/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the two text formats of metrics, and of which one a client gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/exposition.h"

#define SIZE 4096

static const struct zta_metric_family hits = {
    .name = "app_hits", .type = ZTA_METRIC_COUNTER, .unit = "", .help = "a \\ \"b\"\nc"};
static const struct zta_metric_family age = {
    .name = "app_age_seconds", .type = ZTA_METRIC_GAUGE, .unit = "seconds", .help = "how old"};
static const struct zta_metric_family build = {
    .name = "app_build", .type = ZTA_METRIC_INFO, .unit = "", .help = "who"};
static const struct zta_metric_family took = {
    .name = "app_took_seconds", .type = ZTA_METRIC_HISTOGRAM, .unit = "seconds", .help = "time"};

static void write_all(enum zta_exposition_format format, struct zta_buffer *buffer)
{
    struct zta_exposition out;
    const struct zta_metric_label labels[] = {
        {.name = "one", .value = ZTA_TEXT("a\"b\\c\nd")},
        {.name = "two", .value = ZTA_TEXT("\xc3\xa9\xff")},
    };
    const struct zta_metric_bucket buckets[] = {
        {.bound = "0.1", .n = 2}, {.bound = "1.0", .n = 0}, {.bound = "+Inf", .n = 3}};
    zta_exposition_init(&out, buffer, format);
    zta_exposition_begin(&out, &hits);
    zta_exposition_count(&out, labels, 2, UINT64_MAX);
    zta_exposition_count(&out, NULL, 0, 0);
    zta_exposition_begin(&out, &age);
    zta_exposition_billionths(&out, labels, 1, -1500000000);
    zta_exposition_begin(&out, &build);
    zta_exposition_count(&out, NULL, 0, 1);
    zta_exposition_begin(&out, &took);
    zta_exposition_histogram(&out, buckets, 3, 12345678901);
    zta_exposition_end(&out);
}

#define SAMPLES_HITS                                                                               \
    "app_hits_total{one=\"a\\\"b\\\\c\\nd\",two=\"\xc3\xa9\xef\xbf\xbd\"} 18446744073709551615\n"  \
    "app_hits_total 0\n"
#define SAMPLES_AGE "app_age_seconds{one=\"a\\\"b\\\\c\\nd\"} -1.500000000\n"
#define SAMPLES_TOOK                                                                               \
    "app_took_seconds_bucket{le=\"0.1\"} 2\napp_took_seconds_bucket{le=\"1.0\"} 2\n"               \
    "app_took_seconds_bucket{le=\"+Inf\"} 5\napp_took_seconds_sum 12.345678901\n"                  \
    "app_took_seconds_count 5\n"

static void each_format_says_the_same_in_its_own_way(void **state)
{
    static const char *const expected[] = {
        [ZTA_EXPOSITION_TEXT] =
            "# HELP app_hits_total a \\\\ \"b\"\\nc\n"
            "# TYPE app_hits_total counter\n" SAMPLES_HITS "# HELP app_age_seconds how old\n"
            "# TYPE app_age_seconds gauge\n" SAMPLES_AGE "# HELP app_build_info who\n"
            "# TYPE app_build_info gauge\napp_build_info 1\n"
            "# HELP app_took_seconds time\n"
            "# TYPE app_took_seconds histogram\n" SAMPLES_TOOK,
        [ZTA_EXPOSITION_OPENMETRICS] =
            "# TYPE app_hits counter\n"
            "# HELP app_hits a \\\\ \\\"b\\\"\\nc\n" SAMPLES_HITS "# TYPE app_age_seconds gauge\n"
            "# UNIT app_age_seconds seconds\n"
            "# HELP app_age_seconds how old\n" SAMPLES_AGE "# TYPE app_build info\n"
            "# HELP app_build who\napp_build_info 1\n"
            "# TYPE app_took_seconds histogram\n"
            "# UNIT app_took_seconds seconds\n"
            "# HELP app_took_seconds time\n" SAMPLES_TOOK "# EOF\n",
    };
    for (unsigned format = 0; format < 2; format++) {
        char text[SIZE];
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, text, sizeof text);
        write_all((enum zta_exposition_format)format, &buffer);
        assert_false(buffer.is_overflowed);
        assert_string_equal(text, expected[format]);
    }
}

static void what_does_not_fit_is_seen(void **state)
{
    char text[SIZE];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    write_all(ZTA_EXPOSITION_OPENMETRICS, &buffer);
    const size_t len = buffer.len;
    for (size_t size = 1; size <= len + 1; size++) {
        zta_buffer_init(&buffer, text, size);
        write_all(ZTA_EXPOSITION_OPENMETRICS, &buffer);
        assert_int_equal(buffer.is_overflowed, size <= len);
    }
}

static void the_better_of_two_formats_is_sent(void **state)
{
    static const struct {
        const char *accept;
        bool is_open;
    } rows[] = {
        {NULL, false},
        {"", false},
        {"*/*", false},
        {"text/plain", false},
        {"text/html, application/json", false},
        {"application/openmetrics-text", true},
        {"APPLICATION/OpenMetrics-Text; Version=1.0.0", true},
        {"application/openmetrics-text;version=\"1.0.0\"; charset=utf-8", true},
        {"application/openmetrics-text; version=0.0.1", false},
        {"application/openmetrics-text; version=2.0.0, */*", false},
        /* What Prometheus sends. */
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         true},
        {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
         "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;"
         "escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
         true},
        {"text/plain;version=0.0.4;q=0.7,application/openmetrics-text;version=1.0.0;q=0.3", false},
        {"text/plain;q=0.3,application/openmetrics-text;q=0.3", false},
        {"text/*;q=0.3,application/openmetrics-text;q=0.3", true},
        {"application/*;q=0.9, */*;q=0.8", true},
        {"application/openmetrics-text;q=0, */*", false},
        {"application/openmetrics-text;q=0", false},
        {"application/openmetrics-text;q=0.001, text/plain;q=0", true},
        {"application/openmetrics-text;q=0.4, text/plain;q=0.399", true},
        {"application/openmetrics-text;q=much, text/plain;q=0.1", false},
        {"application/openmetrics-text;q=1.5, text/plain;q=1.0", false},
        {"application/openmetrics-text;x=\"a,b;q=0\";q=0.9, text/plain;q=0.5", true},
        {"application/openmetrics-text;x=\"", true},
        {";;,,=;q", false},
        {" , application/openmetrics-text\t;\tq = 0.9 , ", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const enum zta_exposition_format format = zta_exposition_choose(rows[i].accept);
        if ((format == ZTA_EXPOSITION_OPENMETRICS) != rows[i].is_open) {
            fail_msg("row %zu: %s", i, rows[i].accept);
        }
    }
    assert_string_equal(zta_exposition_content_type(ZTA_EXPOSITION_TEXT),
                        "text/plain; version=0.0.4; charset=utf-8");
    assert_string_equal(zta_exposition_content_type(ZTA_EXPOSITION_OPENMETRICS),
                        "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_format_says_the_same_in_its_own_way),
        cmocka_unit_test(what_does_not_fit_is_seen),
        cmocka_unit_test(the_better_of_two_formats_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
