/* SPDX-License-Identifier: Apache-2.0 */
/* Text, buffers, records and statuses. */
#include "shared/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct zta_text absent = {.data = NULL};

static void absent_text_equals_nothing(void **state)
{
    assert_true(zta_text_is_absent(zta_text_of(NULL)));
    assert_false(zta_text_is_absent(zta_text_of("")));
    assert_false(zta_text_equal(absent, absent));
    assert_false(zta_text_equal(absent, ZTA_TEXT("")));
    assert_false(zta_text_equal_nocase(absent, absent));
    assert_false(zta_text_starts_with(absent, ZTA_TEXT("")));
    assert_false(zta_text_starts_with(ZTA_TEXT("a"), absent));
    assert_true(zta_text_equal(ZTA_TEXT(""), ZTA_TEXT("")));
}

static void text_is_compared_by_bytes(void **state)
{
    assert_true(zta_text_equal(ZTA_TEXT("abc"), ZTA_TEXT("abc")));
    assert_false(zta_text_equal(ZTA_TEXT("abc"), ZTA_TEXT("abC")));
    assert_false(zta_text_equal(ZTA_TEXT("abc"), ZTA_TEXT("abcd")));
    assert_true(zta_text_equal_nocase(ZTA_TEXT("BeaRer"), ZTA_TEXT("bEARer")));
    /* Only letters fold: '@' and '`', '[' and '{' differ by the same bit. */
    assert_false(zta_text_equal_nocase(ZTA_TEXT("@["), ZTA_TEXT("`{")));
    assert_false(zta_text_equal_nocase(ZTA_TEXT("a"), ZTA_TEXT("ab")));
    assert_true(zta_text_starts_with(ZTA_TEXT("/api/x"), ZTA_TEXT("/api/")));
    assert_true(zta_text_starts_with(ZTA_TEXT("/api"), ZTA_TEXT("")));
    assert_false(zta_text_starts_with(ZTA_TEXT("/ap"), ZTA_TEXT("/api")));
    assert_true(zta_text_compare(ZTA_TEXT("a"), ZTA_TEXT("b")) < 0);
    assert_true(zta_text_compare(ZTA_TEXT("ab"), ZTA_TEXT("a")) > 0);
    assert_true(zta_text_compare(ZTA_TEXT("a"), ZTA_TEXT("\xff")) < 0);
    assert_int_equal(zta_text_compare(ZTA_TEXT("ab"), ZTA_TEXT("ab")), 0);
    assert_int_equal(zta_text_compare(absent, absent), 0);
}

static void utf8_is_judged_as_rfc_3629_says(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
    } cases[] = {
        {.text = "", .is_good = true},
        {.text = "plain", .is_good = true},
        {.text = "caf\xc3\xa9", .is_good = true},
        {.text = "\xe2\x82\xac", .is_good = true},
        {.text = "\xf0\x9f\x94\x92", .is_good = true},
        {.text = "\xf4\x8f\xbf\xbf", .is_good = true},
        {.text = "\xed\x9f\xbf\xee\x80\x80", .is_good = true},
        {.text = "\x80", .is_good = false},
        {.text = "\xc3", .is_good = false},
        {.text = "\xc3(", .is_good = false},
        {.text = "\xc0\xaf", .is_good = false},
        {.text = "\xc1\xbf", .is_good = false},
        {.text = "\xe0\x80\xaf", .is_good = false},
        {.text = "\xe0\x9f\xbf", .is_good = false},
        {.text = "\xed\xa0\x80", .is_good = false},
        {.text = "\xe2\x82", .is_good = false},
        {.text = "\xf0\x80\x80\xaf", .is_good = false},
        {.text = "\xf4\x90\x80\x80", .is_good = false},
        {.text = "\xf5\x80\x80\x80", .is_good = false},
        {.text = "\xff", .is_good = false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (zta_text_is_utf8(zta_text_of(cases[i].text)) != cases[i].is_good) {
            fail_msg("case %zu", i);
        }
    }
    assert_false(zta_text_is_utf8(ZTA_TEXT("a\0b")));
    assert_false(zta_text_is_utf8(absent));
    /* The end of the text ends the character, whatever lies behind it. */
    assert_false(zta_text_is_utf8((struct zta_text){.data = "\xe2\x82\xac", .len = 2}));
}

static void numbers_are_plain_decimals(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        enum zta_status status;
        uint64_t value;
    } cases[] = {
        {.text = "0", .max = 9, .value = 0},
        {.text = "42", .max = 42, .value = 42},
        {.text = "18446744073709551615", .max = UINT64_MAX, .value = UINT64_MAX},
        {.text = "18446744073709551616", .max = UINT64_MAX, .status = ZTA_INVALID},
        {.text = "99999999999999999999999", .max = UINT64_MAX, .status = ZTA_INVALID},
        {.text = "43", .max = 42, .status = ZTA_INVALID},
        {.text = "", .max = 9, .status = ZTA_INVALID},
        {.text = NULL, .max = 9, .status = ZTA_INVALID},
        {.text = "007", .max = 9, .status = ZTA_INVALID},
        {.text = "00", .max = 9, .status = ZTA_INVALID},
        {.text = "+1", .max = 9, .status = ZTA_INVALID},
        {.text = "-1", .max = 9, .status = ZTA_INVALID},
        {.text = " 1", .max = 9, .status = ZTA_INVALID},
        {.text = "1 ", .max = 9, .status = ZTA_INVALID},
        {.text = "0x1", .max = 9, .status = ZTA_INVALID},
        {.text = "1e3", .max = 9999, .status = ZTA_INVALID},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t value = 7777;
        enum zta_status status = zta_text_to_u64(zta_text_of(cases[i].text), cases[i].max, &value);
        uint64_t wanted = cases[i].status == ZTA_OK ? cases[i].value : 7777;
        if (status != cases[i].status || value != wanted) {
            fail_msg("\"%s\"", cases[i].text);
        }
    }
}

static void buffer_takes_a_piece_whole_or_not_at_all(void **state)
{
    char storage[8];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, storage, sizeof(storage));
    assert_string_equal(storage, "");
    zta_buffer_text(&buffer, absent);
    zta_buffer_string(&buffer, NULL);
    zta_buffer_string(&buffer, "abc");
    zta_buffer_printf(&buffer, "%d", 42);
    assert_string_equal(storage, "abc42");
    zta_buffer_printf(&buffer, "%s", "xyz");
    assert_true(buffer.is_overflowed);
    assert_string_equal(storage, "abc42");
    zta_buffer_string(&buffer, "d");
    assert_string_equal(storage, "abc42");
    assert_int_equal(buffer.len, 5);
    zta_buffer_init(&buffer, storage, sizeof(storage));
    zta_buffer_string(&buffer, "1234567");
    assert_false(buffer.is_overflowed);
    zta_buffer_string(&buffer, "8");
    assert_true(buffer.is_overflowed);
    assert_string_equal(storage, "1234567");
    zta_buffer_init(&buffer, NULL, 0);
    zta_buffer_string(&buffer, "a");
    zta_buffer_printf(&buffer, "a");
    assert_true(buffer.is_overflowed);
}

static void safe_text_steers_no_terminal(void **state)
{
    static const struct {
        struct zta_text text;
        const char *wanted;
    } cases[] = {
        {.text = {.data = NULL}, .wanted = ""},
        {.text = ZTA_TEXT("plain \"quoted\" caf\xc3\xa9"),
         .wanted = "plain \"quoted\" caf\xc3\xa9"},
        {.text = ZTA_TEXT("a\x1b[31m"), .wanted = "a\\x1b[31m"},
        {.text = ZTA_TEXT("a\r\nb\tc"), .wanted = "a\\x0d\\x0ab\\x09c"},
        {.text = ZTA_TEXT("nul\0x"), .wanted = "nul\\x00x"},
        {.text = ZTA_TEXT("\x7f"), .wanted = "\\x7f"},
        {.text = ZTA_TEXT("\\x1b\\"), .wanted = "\\\\x1b\\\\"},
        {.text = ZTA_TEXT("\xc2\x9b"
                          "31m"),
         .wanted = "\\xc2\\x9b31m"},
        {.text = ZTA_TEXT("\xc2\xa0"), .wanted = "\xc2\xa0"},
        {.text = ZTA_TEXT("\x9b\xff"), .wanted = "\\x9b\\xff"},
        {.text = ZTA_TEXT("\xe2\x80\xa8|\xe2\x80\xae|\xe2\x81\xa9"),
         .wanted = "\\xe2\\x80\\xa8|\\xe2\\x80\\xae|\\xe2\\x81\\xa9"},
        {.text = ZTA_TEXT("\xe2\x80\xa6\xe2\x80\xaf"), .wanted = "\xe2\x80\xa6\xe2\x80\xaf"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char storage[128];
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, storage, sizeof(storage));
        zta_buffer_safe(&buffer, cases[i].text);
        assert_string_equal(storage, cases[i].wanted);
    }
    char small[7];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, small, sizeof(small));
    zta_buffer_safe(&buffer, ZTA_TEXT("abc\x01"));
    assert_string_equal(small, "abc");
    assert_true(buffer.is_overflowed);
}

static void numbers_stand_big_endian(void **state)
{
    uint8_t bytes[8];
    zta_put_u16(bytes, 0x0102);
    assert_memory_equal(bytes, "\1\2", 2);
    assert_int_equal(zta_get_u16(bytes), 0x0102);
    zta_put_u32(bytes, 0xfffefdfc);
    assert_memory_equal(bytes, "\xff\xfe\xfd\xfc", 4);
    assert_true(zta_get_u32(bytes) == 0xfffefdfc);
    zta_put_u64(bytes, UINT64_C(0x8001020304050607));
    assert_memory_equal(bytes, "\x80\1\2\3\4\5\6\7", 8);
    assert_true(zta_get_u64(bytes) == UINT64_C(0x8001020304050607));
}

static void hex_survives_the_round_trip(void **state)
{
    static const uint8_t data[] = {0x00, 0x0f, 0xf0, 0xab};
    char text[2 * sizeof(data) + 1];
    uint8_t back[sizeof(data)];
    zta_hex_encode(data, sizeof(data), text);
    assert_string_equal(text, "000ff0ab");
    assert_int_equal(zta_hex_decode(ZTA_TEXT("000FF0aB"), back, sizeof(back)), ZTA_OK);
    assert_memory_equal(back, data, sizeof(data));
    static const char *const bad[] = {"", "000ff0a", "000ff0ab0", "000ff0ab00", "000ff0ag", NULL};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(zta_hex_decode(zta_text_of(bad[i]), back, sizeof(back)), ZTA_INVALID);
    }
    assert_int_equal(zta_hex_digit('/'), -1);
    assert_int_equal(zta_hex_digit('`'), -1);
    assert_int_equal(zta_hex_digit('G'), -1);
}

static void record_survives_the_round_trip(void **state)
{
    uint8_t storage[64];
    uint8_t raw[3];
    struct zta_writer writer;
    zta_writer_init(&writer, storage, sizeof(storage));
    zta_write_u8(&writer, 1);
    zta_write_u16(&writer, 0x0203);
    zta_write_u32(&writer, 0x04050607);
    zta_write_u64(&writer, UINT64_MAX);
    zta_write_text(&writer, ZTA_TEXT("text"));
    zta_write_text(&writer, ZTA_TEXT(""));
    zta_write_text(&writer, absent);
    zta_write_bytes(&writer, "raw", 3);
    assert_false(writer.is_overflowed);
    assert_int_equal(writer.len, 15 + 6 + 2 + 2 + 3);

    struct zta_reader reader;
    zta_reader_init(&reader, storage, writer.len);
    assert_int_equal(zta_read_u8(&reader), 1);
    assert_int_equal(zta_read_u16(&reader), 0x0203);
    assert_int_equal(zta_read_u32(&reader), 0x04050607);
    assert_true(zta_read_u64(&reader) == UINT64_MAX);
    assert_true(zta_text_equal(zta_read_text(&reader), ZTA_TEXT("text")));
    assert_true(zta_text_equal(zta_read_text(&reader), ZTA_TEXT("")));
    assert_true(zta_text_is_absent(zta_read_text(&reader)));
    assert_false(zta_reader_is_done(&reader));
    zta_read_bytes(&reader, raw, sizeof(raw));
    assert_memory_equal(raw, "raw", 3);
    assert_true(zta_reader_is_done(&reader));
}

static void truncated_record_is_never_done(void **state)
{
    uint8_t storage[32];
    struct zta_writer writer;
    zta_writer_init(&writer, storage, sizeof(storage));
    zta_write_u32(&writer, UINT32_MAX);
    zta_write_text(&writer, ZTA_TEXT("subject"));
    zta_write_u64(&writer, UINT64_MAX);
    for (size_t size = 0; size < writer.len; size++) {
        struct zta_reader reader;
        zta_reader_init(&reader, storage, size);
        (void)zta_read_u32(&reader);
        (void)zta_read_text(&reader);
        assert_true(zta_read_u64(&reader) == 0);
        assert_true(reader.is_bad);
        assert_false(zta_reader_is_done(&reader));
        /* The fault stays: nothing read after it is real. */
        uint8_t rest[2] = {9, 9};
        zta_read_bytes(&reader, rest, sizeof(rest));
        assert_memory_equal(rest, "\0\0", 2);
        assert_true(zta_text_is_absent(zta_read_text(&reader)));
        assert_int_equal(zta_read_u8(&reader), 0);
    }
}

static void text_length_is_not_trusted(void **state)
{
    static const uint8_t lying[] = {0xff, 0xfe, 'a', 'b'};
    struct zta_reader reader;
    zta_reader_init(&reader, lying, sizeof(lying));
    assert_true(zta_text_is_absent(zta_read_text(&reader)));
    assert_true(reader.is_bad);
}

static void writer_overflow_is_sticky(void **state)
{
    uint8_t storage[4] = {0};
    struct zta_writer writer;
    zta_writer_init(&writer, storage, sizeof(storage));
    zta_write_u16(&writer, 1);
    zta_write_u32(&writer, UINT32_MAX);
    assert_true(writer.is_overflowed);
    zta_write_u8(&writer, 1);
    assert_int_equal(writer.len, 2);
    assert_memory_equal(storage + 2, "\0\0", 2);

    static uint8_t large[0x21000];
    static char text[0xffff];
    memset(text, 'a', sizeof(text));
    zta_writer_init(&writer, large, sizeof(large));
    zta_write_text(&writer, (struct zta_text){.data = text, .len = 0xfffe});
    assert_false(writer.is_overflowed);
    zta_write_text(&writer, (struct zta_text){.data = text, .len = 0xffff});
    assert_true(writer.is_overflowed);
}

static void error_keeps_status_and_text(void **state)
{
    struct zta_error error;
    assert_int_equal(zta_error_set(&error, ZTA_FULL, "%s is full", "disk"), ZTA_FULL);
    assert_int_equal(error.status, ZTA_FULL);
    assert_string_equal(error.text, "disk is full");
    assert_int_equal(zta_error_set(NULL, ZTA_IO, "nobody listens"), ZTA_IO);
    char text[1024];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    (void)zta_error_set(&error, ZTA_IO, "%s", text);
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
    assert_string_equal(zta_status_text(ZTA_OK), "ok");
    assert_string_equal(zta_status_text(ZTA_NOT_FOUND), "not found");
    assert_string_equal(zta_status_text((enum zta_status)999), "unknown status");
}

static void buffer_safe_cuts_a_long_run_between_two_characters(void **state)
{
    char storage[8];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, storage, sizeof storage);
    zta_buffer_safe(&buffer, ZTA_TEXT("abcde\xc3\xa9\xc3\xa9 and more"));
    assert_true(buffer.is_overflowed);
    assert_string_equal(storage, "abcde\xc3\xa9");
    zta_buffer_init(&buffer, storage, sizeof storage);
    zta_buffer_safe(&buffer, ZTA_TEXT("abcdef\xc3\xa9"));
    assert_string_equal(storage, "abcdef");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_safe_cuts_a_long_run_between_two_characters),
        cmocka_unit_test(absent_text_equals_nothing),
        cmocka_unit_test(text_is_compared_by_bytes),
        cmocka_unit_test(utf8_is_judged_as_rfc_3629_says),
        cmocka_unit_test(numbers_are_plain_decimals),
        cmocka_unit_test(buffer_takes_a_piece_whole_or_not_at_all),
        cmocka_unit_test(safe_text_steers_no_terminal),
        cmocka_unit_test(numbers_stand_big_endian),
        cmocka_unit_test(hex_survives_the_round_trip),
        cmocka_unit_test(record_survives_the_round_trip),
        cmocka_unit_test(truncated_record_is_never_done),
        cmocka_unit_test(text_length_is_not_trusted),
        cmocka_unit_test(writer_overflow_is_sticky),
        cmocka_unit_test(error_keeps_status_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
