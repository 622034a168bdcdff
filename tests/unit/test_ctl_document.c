/* SPDX-License-Identifier: Apache-2.0 */
/* Documents: three forms of the same, hostile texts, numbers for people, times of a zone. */
#include "admin-tui/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 2026-10-24T00:00 in Zurich, the day before the clocks go back. */
#define AUTUMN_S INT64_C(1792792800)

static char *told(enum ctl_format format, const struct ctl_chart *chart)
{
    static const char *const titles[] = {"who", ">n", ">share"};
    static const struct ctl_figure figures[] = {
        {.name = "requests", .value = "1,234", .note = "+5 %", .tone = CTL_TONE_GOOD}};
    struct ctl_document document;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    ctl_document_begin(&document, out, format, "A title");
    ctl_document_about(&document, "about <b>%s</b>", "x");
    ctl_document_section(&document, "A section");
    ctl_document_figures(&document, figures, 1);
    ctl_document_say(&document, "said %s", "\"quoted\" & [link](http://x) \x1b[31m\xff");
    ctl_document_say(&document, "%s", "at www.x.test, WWW.y and a@x.test, 1.2 s");
    ctl_document_table(&document, titles, 3);
    ctl_document_cell(&document, CTL_TONE_BAD, "%s", "<script>|a'");
    ctl_document_cell(&document, CTL_TONE_PLAIN, "%d", 7);
    ctl_document_share(&document, CTL_TONE_WARN, 1, 8);
    ctl_document_cell(&document, CTL_TONE_PLAIN, "%s", "");
    ctl_document_cell(&document, CTL_TONE_PLAIN, "%d", 1000);
    ctl_document_share(&document, CTL_TONE_PLAIN, 0, 0);
    ctl_document_table_end(&document);
    if (chart != NULL) {
        ctl_document_chart(&document, chart);
    }
    assert_int_equal(ctl_document_end(&document), ZTA_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void has(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) {
        fail_msg("no '%s' in:\n%s", wanted, text);
    }
}

static void hostile_texts_stay_texts(void **state)
{
    char *text = told(CTL_FORMAT_HTML, NULL);
    has(text, "about &lt;b&gt;x&lt;/b&gt;");
    has(text, "&quot;quoted&quot; &amp; [link](http://x) \\x1b[31m\\xff");
    has(text, "<td class=\"bad\">&lt;script&gt;|a&#39;</td>");
    assert_null(strstr(text, "<script"));
    free(text);
    text = told(CTL_FORMAT_MARKDOWN, NULL);
    has(text, "about \\<b\\>x\\</b\\>");
    has(text, "\\[link\\](http\\://x) \\\\x1b\\[31m\\\\xff");
    has(text, "at www\\.x.test, WWW\\.y and a<!---->@x.test, 1.2 s");
    has(text, "| \\<script\\>\\|a' | 7 | 12.5 % |");
    free(text);
    text = told(CTL_FORMAT_TEXT, NULL);
    has(text, "said \"quoted\" & [link](http://x) \\x1b[31m\\xff");
    free(text);
}

static void columns_stand_below_each_other(void **state)
{
    char *text = told(CTL_FORMAT_TEXT, NULL);
    has(text, "\n  who             n   share\n  <script>|a'     7  12.5 %\n  -            1000   "
              "0.0 %\n");
    free(text);
}

static size_t count(const char *text, const char *wanted)
{
    size_t n = 0;
    for (const char *at = strstr(text, wanted); at != NULL; at = strstr(at + 1, wanted)) {
        n++;
    }
    return n;
}

static void a_chart_has_each_day_once_when_the_clocks_change(void **state)
{
    enum {
        HOURS = 121 /* five days and the hour that there is twice */
    };
    static double values[2 * HOURS];
    for (size_t i = 0; i < HOURS; i++) {
        values[i] = (double)(i % 24);
        values[HOURS + i] = i == 5 ? NAN : 1;
    }
    const struct ctl_chart chart = {.title = "Requests",
                                    .unit = "",
                                    .is_stacked = true,
                                    .n_series = 2,
                                    .names = {"one", "other"},
                                    .tones = {CTL_TONE_PLAIN, CTL_TONE_BAD},
                                    .values = values,
                                    .n = HOURS,
                                    .from_s = AUTUMN_S,
                                    .until_s = AUTUMN_S + HOURS * INT64_C(3600)};
    assert_int_equal(setenv("TZ", "Europe/Zurich", 1), 0);
    tzset();
    char *text = told(CTL_FORMAT_HTML, &chart);
    static const char *const days[] = {"Sun 25 Oct", "Mon 26 Oct", "Tue 27 Oct", "Wed 28 Oct"};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        char label[64];
        (void)snprintf(label, sizeof label, ">%s</text>", days[i]);
        assert_int_equal(count(text, label), 1);
    }
    assert_int_equal(count(text, "25 Oct 2026, 02:00 CEST"), 1);
    assert_int_equal(count(text, "25 Oct 2026, 02:00 CET"), 1);
    assert_int_equal(count(text, "<rect class=\"over\""), HOURS);
    assert_int_equal(count(text, "\nother 1 "), HOURS - 1);
    free(text);
    text = told(CTL_FORMAT_TEXT, &chart);
    has(text, "Requests, 24 Oct 2026, 00:00 CEST to 29 Oct 2026, 00:00 CET");
    has(text, "█");
    free(text);
}

static void numbers_are_for_people(void **state)
{
    static const struct {
        uint64_t n;
        const char *text;
    } counts[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {1204331, "1,204,331"}};
    char text[32];
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        ctl_print_count(counts[i].n, text);
        assert_string_equal(text, counts[i].text);
    }
    ctl_print_share(1, 100000, text);
    assert_string_equal(text, "<0.1 %");
    ctl_print_share(1, 0, text);
    assert_string_equal(text, "0.0 %");
    ctl_print_latency(850, text);
    assert_string_equal(text, "850 us");
    ctl_print_latency(12400, text);
    assert_string_equal(text, "12.4 ms");
    ctl_print_latency(3200000, text);
    assert_string_equal(text, "3.2 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(columns_stand_below_each_other),
        cmocka_unit_test(a_chart_has_each_day_once_when_the_clocks_change),
        cmocka_unit_test(numbers_are_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
