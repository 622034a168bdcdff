/* SPDX-License-Identifier: Apache-2.0 */
/* traceparent as the recommendation reads it, row by row. */
#include "shared/base/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ID     "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

static void what_is_well_formed_is_written_in_version_00(void **state)
{
    static const struct {
        const char *text;
        const char *written;
    } rows[] = {
        {.text = "00-" ID "-" PARENT "-00", .written = "00-" ID "-" PARENT "-00"},
        {.text = "00-" ID "-" PARENT "-01", .written = "00-" ID "-" PARENT "-01"},
        {.text = "00-" ID "-" PARENT "-03", .written = "00-" ID "-" PARENT "-03"},
        {.text = "00-" ID "-" PARENT "-ff", .written = "00-" ID "-" PARENT "-03"},
        {.text = "00-" ID "-" PARENT "-fc", .written = "00-" ID "-" PARENT "-00"},
        {.text = "cc-" ID "-" PARENT "-01", .written = "00-" ID "-" PARENT "-01"},
        {.text = "cc-" ID "-" PARENT "-01-what-the-future-adds",
         .written = "00-" ID "-" PARENT "-01"},
        {.text = "01-" ID "-" PARENT "-01-", .written = "00-" ID "-" PARENT "-01"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zta_trace trace;
        char out[ZTA_TRACEPARENT_LEN + 1];
        assert_int_equal(zta_trace_parse(zta_text_of(rows[i].text), &trace), ZTA_OK);
        zta_trace_print(&trace, out);
        assert_string_equal(out, rows[i].written);
    }
}

static void what_is_malformed_names_no_trace(void **state)
{
    static const char *const rows[] = {
        "",
        "00",
        "00-" ID "-" PARENT "-0",
        "00-" ID "-" PARENT "-011",
        "00-" ID "-" PARENT "-01-",
        "00-" ID "-" PARENT "-01 ",
        " 00-" ID "-" PARENT "-01",
        "ff-" ID "-" PARENT "-01",
        "FF-" ID "-" PARENT "-01",
        "cc-" ID "-" PARENT "-01.x",
        "cc-" ID "-" PARENT "-01, 00-" ID "-" PARENT "-01",
        "00-" ID "-" PARENT "-01, 00-" ID "-" PARENT "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01",
        "00-" ID "-B7AD6B7169203331-01",
        "00-" ID "-" PARENT "-0A",
        "0A-" ID "-" PARENT "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" ID "-0000000000000000-01",
        "00_" ID "-" PARENT "-01",
        "00-" ID "_" PARENT "-01",
        "00-" ID "-" PARENT "_01",
        "00-0af7651916cd43dd8448eb211c80319g-" PARENT "-01",
        "00-0af7651916cd43dd8448eb211c8031-9c" PARENT "-01",
    };
    struct zta_trace trace;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(zta_trace_parse(zta_text_of(rows[i]), &trace), ZTA_INVALID);
    }
    assert_int_equal(zta_trace_parse(zta_text_of(NULL), &trace), ZTA_INVALID);
    const char cut[] = "00-" ID "-" PARENT "-01";
    for (size_t len = 0; len < ZTA_TRACEPARENT_LEN; len++) {
        assert_int_equal(zta_trace_parse((struct zta_text){.data = cut, .len = len}, &trace),
                         ZTA_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_well_formed_is_written_in_version_00),
        cmocka_unit_test(what_is_malformed_names_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
