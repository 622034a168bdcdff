/* SPDX-License-Identifier: Apache-2.0 */
/* Files of devices: CSV and JSON, their faults by line, and what rows make of an inventory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/actions.h"
#include "admin-tui/devices.h"
#include "tests/unit/operator_store.h"

#define THUMB   "Sv_HOp0jHqNEVG5LjN3KHVNnqrhdx-vhbnyrmwrNcR8"
#define THUMB_2 "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
#define HEX     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define COLONS                                                                                     \
    "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:"   \
    "B8:55"

/* What was read, and the faults as "LINE text" lines. */
static struct {
    struct ctl_device_file file;
    char *text;
    char faults[4096];
    size_t len;
} read;

static void note_fault(void *context, uint32_t line, const char *text)
{
    (void)context;
    int n = snprintf(read.faults + read.len, sizeof read.faults - read.len, "%u %s\n",
                     (unsigned)line, text);
    read.len += n > 0 && (size_t)n < sizeof read.faults - read.len ? (size_t)n : 0;
}

static enum zta_status parse_bytes(const char *text, size_t len)
{
    free(read.text);
    read.text = malloc(len + 1);
    assert_non_null(read.text);
    memcpy(read.text, text, len);
    read.len = 0;
    read.faults[0] = '\0';
    ctl_device_file_clear(&read.file);
    read.file = (struct ctl_device_file){.fn = note_fault};
    return ctl_device_file_parse(&read.file, read.text, len);
}

static enum zta_status parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static int forget(void **state)
{
    (void)state;
    ctl_device_file_clear(&read.file);
    free(read.text);
    read.text = NULL;
    return 0;
}

static void assert_text(struct zta_text text, const char *expected)
{
    if (expected == NULL) {
        assert_true(zta_text_is_absent(text));
        return;
    }
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.data, expected, text.len);
}

static void assert_thumb(const struct zta_device *device, size_t i, const char *expected)
{
    char text[CTL_THUMBPRINT_SIZE];
    assert_true(i < device->n_certificates);
    ctl_thumbprint_print(&device->certificates[i], text);
    assert_string_equal(text, expected);
}

/* The same two devices, however they are written. */
static void assert_two(void)
{
    assert_string_equal(read.faults, "");
    assert_int_equal(read.file.n, 2);
    const struct ctl_device_row *row = &read.file.rows[0];
    assert_text(row->device.id, "LT-1");
    assert_text(row->owner, "alice@corp");
    assert_string_equal(ctl_device_trait_word(&row->device, ZTA_DEVICE_MANAGED), "yes");
    assert_string_equal(ctl_device_trait_word(&row->device, ZTA_DEVICE_COMPLIANT), "no");
    assert_string_equal(ctl_device_trait_word(&row->device, ZTA_DEVICE_ENCRYPTED), "unknown");
    assert_text(row->device.os, "macos");
    assert_text(row->device.os_version, "14.2.1");
    assert_int_equal(row->device.n_certificates, 2);
    assert_thumb(&row->device, 0, THUMB);
    assert_thumb(&row->device, 1, THUMB_2);
    assert_text(row->device.note, "says \"hi\",\nbye");
    row = &read.file.rows[1];
    assert_text(row->device.id, "LT-2");
    assert_text(row->owner, NULL);
    assert_text(row->device.os, NULL);
    assert_text(row->device.os_version, NULL);
    assert_text(row->device.note, NULL);
    assert_int_equal(row->device.n_certificates, 0);
    assert_int_equal(row->device.traits.known, 0);
}

static void csv_is_read_as_rfc_4180_has_it(void **state)
{
    (void)state;
    assert_int_equal(
        parse("\xef\xbb\xbf"
              "ID,owner,managed,compliant,encrypted,os,os_version,certificates,note\r\n"
              "LT-1,alice@corp,TRUE,no,unknown,macOS,14.2.1,\"" THUMB "  " HEX
              "\",\"says \"\"hi\"\",\nbye\"\r\n"
              "\r\n"
              "LT-2,,,,,,,,"),
        ZTA_OK);
    assert_two();
    assert_int_equal(read.file.rows[0].line, 2);
    assert_int_equal(read.file.rows[1].line, 5);
}

static void json_is_read_as_an_array_or_one_after_the_other(void **state)
{
    (void)state;
    static const char one[] =
        "{\"id\":\"LT-1\",\"owner\":\"alice@corp\",\"managed\":true,\"compliant\":false,\n"
        "\"encrypted\":null,\"os\":\"macOS\",\"os_version\":\"14.2.1\",\"certificates\":[\"" THUMB
        "\",\"" COLONS
        "\"],\"note\":\"says \\\"hi\\\",\\nbye\",\"created\":\"2026-01-01T00:00:00Z\","
        "\"changed\":null,\"changed_by\":\"ann\"}";
    static const char other[] =
        "{\"id\":\"LT-2\",\"owner\":null,\"certificates\":[],\"note\":\"\"}";
    char text[2048];
    (void)snprintf(text, sizeof text, " [%s ,\n%s ] \n", one, other);
    assert_int_equal(parse(text), ZTA_OK);
    assert_two();
    assert_int_equal(read.file.rows[1].line, 3);
    (void)snprintf(text, sizeof text, "%s\n%s", one, other);
    assert_int_equal(parse(text), ZTA_OK);
    assert_two();
    assert_int_equal(parse("[]"), ZTA_OK);
    assert_int_equal(read.file.n, 0);
}

static void only_what_a_file_names_is_spoken_of(void **state)
{
    (void)state;
    assert_int_equal(parse("compliant,id\nyes,a\n"), ZTA_OK);
    assert_int_equal(read.file.rows[0].given, 1u << CTL_COLUMN_ID | 1u << CTL_COLUMN_COMPLIANT);
    assert_int_equal(parse("{\"id\":\"a\",\"os\":null}"), ZTA_OK);
    assert_int_equal(read.file.rows[0].given, 1u << CTL_COLUMN_ID | 1u << CTL_COLUMN_OS);
}

static const struct {
    const char *text;
    const char *faults; /* the beginning of each line */
} cases[] = {
    {.text = "", .faults = "1 found nothing"},
    {.text = " \n\n", .faults = "1 found nothing"},
    {.text = "owner\nalice@corp\n", .faults = "1 found no column 'id'"},
    {.text = "id,hostname\na,b\n", .faults = "1 found column 'hostname', expected names of: id"},
    {.text = "id,id\na,a\n", .faults = "1 found column 'id' twice"},
    {.text = "id,managed\na,maybe\nb,yes\nc,2\n",
     .faults = "2 managed: found 'maybe', expected yes, no or unknown\n4 managed: found '2'"},
    {.text = "id,managed\na\nb,yes,no\n",
     .faults = "2 found 1 values, expected 2\n3 found 3 values, expected 2"},
    {.text = "id\na\"b\n\"c\"d\ne\n",
     .faults = "2 found a quote inside a value\n3 found text behind a quote"},
    {.text = "id\n\"a\n\n", .faults = "2 found a quote that does not end"},
    {.text = "id\ra\r", .faults = "1 found a carriage return alone"},
    {.text = "id,note\n,x\n", .faults = "2 id: found ''"},
    {.text = "id\na\nb\na\n", .faults = "4 found device 'a' a second time, it stands in line 2"},
    {.text = "id,certificates\na," THUMB_2 "\nb," HEX "\n",
     .faults = "3 found a certificate that stands in line 2 too"},
    {.text = "id,certificates\na," HEX " " HEX "\n",
     .faults = "2 found a certificate that stands in line 2 too"},
    {.text = "id,certificates\na,xyz\n", .faults = "2 certificates: found 'xyz', expected SHA-256"},
    {.text = "id,os\na,Mac OS\n", .faults = "2 os: found 'Mac OS'"},
    {.text = "id,os_version\na,14.x\n", .faults = "2 os_version: found '14.x'"},
    {.text = "id,note\na,\xff\n", .faults = "2 note: found '\\xff'"},
    {.text = "id\na\033[2J\n", .faults = "2 id: found 'a\\x1b[2J'"},
    {.text = "{\"id\":\"a\"", .faults = "1 found an object that does not end"},
    {.text = "[{\"id\":\"a\"}", .faults = "1 found no object, expected a device or the end"},
    {.text = "[{\"id\":\"a\"} {\"id\":\"b\"}]", .faults = "1 found no object"},
    {.text = "[{\"id\":\"a\"},]", .faults = "1 found no object"},
    {.text = "[1]", .faults = "1 found no object"},
    {.text = "[]x", .faults = "1 found text behind the array"},
    {.text = "[{\"id\":\"a\",\"id\":\"b\"}]", .faults = "1 found what is no device as JSON"},
    {.text = "[{\"id\":\"a\",\"ID\":\"b\"}]", .faults = "1 found member 'id' twice"},
    {.text = "[\n{\"id\":1},\n{\"os\":\"macos\"},\n{\"id\":\"a\",\"managed\":1}]",
     .faults = "2 id: found a value of another kind, expected a text or null\n"
               "3 found a device without an id\n"
               "4 managed: found a value of another kind, expected true, false or null"},
    {.text = "[{\"id\":\"a\",\"certificates\":[\"" THUMB " " THUMB_2 "\"]}]",
     .faults = "1 certificates: found a value of another kind"},
    {.text = "[{\"id\":\"a\",\"x\":{\"y\":[1,2]}}]", .faults = "1 found member 'x'"},
    {.text = "[{\"id\":\"a\\u0000b\"}]", .faults = "1 found what is no device as JSON"},
};

static void every_fault_is_told_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse(cases[i].text), ZTA_INVALID);
        const char *expected = cases[i].faults;
        const char *found = read.faults;
        while (*expected != '\0') {
            size_t len = strcspn(expected, "\n");
            if (strncmp(found, expected, len) != 0) {
                fail_msg("case %zu: found '%s', expected '%s'", i, found, expected);
            }
            expected += len + (expected[len] == '\n');
            found += strcspn(found, "\n");
            found += *found == '\n';
        }
        if (*found != '\0') {
            fail_msg("case %zu: one more fault: %s", i, found);
        }
    }
    assert_int_equal(parse_bytes("id\na\0b\n", 7), ZTA_INVALID);
    assert_non_null(strstr(read.faults, "2 found a NUL byte"));
}

static void more_certificates_than_a_device_keeps_are_a_fault(void **state)
{
    (void)state;
    char text[4096] = "id,certificates\na,";
    for (size_t i = 0; i <= ZTA_DEVICE_CERTIFICATES_MAX; i++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%s%064zx", i == 0 ? "" : " ", i);
    }
    assert_int_equal(parse(text), ZTA_INVALID);
    assert_non_null(strstr(read.faults, "2 certificates: found more than 16"));
    text[strlen(text) - 65] = '\0';
    assert_int_equal(parse(text), ZTA_OK);
    assert_int_equal(read.file.rows[0].device.n_certificates, ZTA_DEVICE_CERTIFICATES_MAX);
}

/* ---- against an inventory ---- */

static struct ctl_action action(void)
{
    static const struct ctl_actor actor = {.author = "ann", .login = "ann"};
    return (struct ctl_action){.store = store, .actor = &actor};
}

static enum zta_status import(const char *text, bool replaces, struct ctl_devices_plan *plan,
                              struct zta_error *error)
{
    static struct ctl_issuers issuers = {.n = 1, .is_published = true, .names = {"corp"}};
    assert_int_equal(parse(text), ZTA_OK);
    for (size_t i = 0; i < read.file.n; i++) {
        assert_int_equal(ctl_device_own(&read.file.rows[i], &issuers, error), ZTA_OK);
    }
    const struct ctl_devices devices = {
        .rows = read.file.rows, .n = read.file.n, .replaces = replaces, .from = "test"};
    struct ctl_action doing = action();
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(ctl_devices_count(view, &devices, plan), ZTA_OK);
    zta_view_end(&view);
    enum zta_status status = ctl_action_devices_import(&doing, &devices, plan);
    *error = doing.error;
    return status;
}

static bool print_one(void *context, const struct zta_device *device)
{
    zta_buffer_text(context, device->id);
    zta_buffer_string(context, ": ");
    ctl_device_print(device, context);
    zta_buffer_string(context, "\n");
    return true;
}

static void print_inventory(char *out, size_t size)
{
    struct zta_buffer buffer;
    struct zta_view *view;
    zta_buffer_init(&buffer, out, size);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_device_each(view, print_one, &buffer), ZTA_OK);
    zta_view_end(&view);
}

static void an_import_changes_what_it_speaks_of(void **state)
{
    (void)state;
    struct ctl_devices_plan plan;
    struct zta_error error = {.text = ""};
    char text[2048];
    assert_int_equal(import("id,owner,managed,os,certificates\na,alice@corp,yes,macos," THUMB
                            "\nb,bob,no,linux," THUMB_2 "\n",
                            false, &plan, &error),
                     ZTA_OK);
    assert_int_equal(plan.n_added, 2);
    assert_int_equal(import("id,compliant\na,yes\nb,\nc,no\n", false, &plan, &error), ZTA_OK);
    assert_true(plan.n_before == 2 && plan.n_added == 1 && plan.n_changed == 1 && plan.n_same == 1);
    print_inventory(text, sizeof text);
    assert_string_equal(text,
                        "a: managed yes compliant yes encrypted unknown owner alice@corp os macos "
                        "certificate " THUMB "\n"
                        "b: managed no compliant unknown encrypted unknown owner bob@corp os linux "
                        "certificate " THUMB_2 "\n"
                        "c: managed unknown compliant no encrypted unknown\n");
    /* Exactly the file: what it does not speak of is unknown, who is not in it goes. */
    assert_int_equal(import("id,compliant\na,yes\n", true, &plan, &error), ZTA_OK);
    assert_true(plan.n_removed == 2 && plan.n_changed == 1);
    print_inventory(text, sizeof text);
    assert_string_equal(text, "a: managed unknown compliant yes encrypted unknown\n");
}

static void a_certificate_may_go_from_one_device_to_another(void **state)
{
    (void)state;
    struct ctl_devices_plan plan;
    struct zta_error error = {.text = ""};
    char text[2048];
    assert_int_equal(import("id,certificates\nb," THUMB "\n", false, &plan, &error), ZTA_OK);
    assert_int_equal(import("id,certificates\na," THUMB "\n", false, &plan, &error), ZTA_EXISTS);
    assert_non_null(
        strstr(error.text, "certificate " THUMB " of device 'a' is that of device 'b'"));
    print_inventory(text, sizeof text);
    assert_string_equal(
        text, "b: managed unknown compliant unknown encrypted unknown certificate " THUMB "\n");
    assert_int_equal(import("id,certificates\na," THUMB "\nb,\n", false, &plan, &error), ZTA_OK);
    assert_int_equal(import("id,certificates\nz," THUMB "\n", true, &plan, &error), ZTA_OK);
    print_inventory(text, sizeof text);
    assert_string_equal(
        text, "z: managed unknown compliant unknown encrypted unknown certificate " THUMB "\n");
}

static void more_removals_than_were_planned_are_a_conflict(void **state)
{
    (void)state;
    struct ctl_devices_plan plan;
    struct zta_error error = {.text = ""};
    assert_int_equal(import("id\na\nb\nc\n", false, &plan, &error), ZTA_OK);
    assert_int_equal(parse("id\na\n"), ZTA_OK);
    const struct ctl_devices devices = {
        .rows = read.file.rows, .n = read.file.n, .replaces = true, .from = "test"};
    struct ctl_action doing = action();
    plan = (struct ctl_devices_plan){.n_removed = 1};
    assert_int_equal(ctl_action_devices_import(&doing, &devices, &plan), ZTA_CONFLICT);
    assert_non_null(strstr(doing.error.text, "2 devices would go, not 1"));
    assert_int_equal(import("id\na\nb\nc\n", true, &plan, &error), ZTA_OK);
    assert_int_equal(plan.n_same, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_is_read_as_rfc_4180_has_it),
        cmocka_unit_test(json_is_read_as_an_array_or_one_after_the_other),
        cmocka_unit_test(only_what_a_file_names_is_spoken_of),
        cmocka_unit_test(every_fault_is_told_with_its_line),
        cmocka_unit_test(more_certificates_than_a_device_keeps_are_a_fault),
        WITH_STORE(an_import_changes_what_it_speaks_of),
        WITH_STORE(a_certificate_may_go_from_one_device_to_another),
        WITH_STORE(more_removals_than_were_planned_are_a_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
