/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory of devices: records, their certificates, and stores that lack the tables. */
#include "shared/store/devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/store/device_history.h"
#include "shared/store/env_priv.h"
#include "tests/unit/operator_store.h"

static struct zta_sha256 certificate(uint8_t byte)
{
    struct zta_sha256 digest;
    memset(digest.bytes, byte, sizeof digest.bytes);
    return digest;
}

static struct zta_device device_named(const char *id)
{
    return (struct zta_device){
        .id = zta_text_of(id),
        .issuer = ZTA_TEXT("corp"),
        .subject = ZTA_TEXT("alice"),
        .traits = {.known = 1u << ZTA_DEVICE_COMPLIANT, .yes = 1u << ZTA_DEVICE_COMPLIANT},
        .os = ZTA_TEXT("macos"),
        .os_version = ZTA_TEXT("14.2.1"),
        .author = ZTA_TEXT("ann"),
        .action_id = 7};
}

static enum zta_status put(const struct zta_device *device, bool *is_changed)
{
    struct zta_change *change = operator_begin();
    enum zta_status status = zta_device_put(change, device, is_changed);
    operator_commit(change);
    return status;
}

static enum zta_status take_away(const char *id)
{
    struct zta_change *change = operator_begin();
    enum zta_status status = zta_device_remove(change, zta_text_of(id), 0);
    operator_commit(change);
    return status;
}

static uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];

static enum zta_status get(const char *id, struct zta_device *device)
{
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    enum zta_status status = zta_device_get(view, zta_text_of(id), storage, device);
    zta_view_end(&view);
    return status;
}

static enum zta_status find(uint8_t byte, struct zta_device *device)
{
    struct zta_view *view;
    struct zta_sha256 digest = certificate(byte);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    enum zta_status status = zta_device_find_certificate(view, &digest, storage, device);
    zta_view_end(&view);
    return status;
}

static void check_store(void)
{
    struct zta_error error = {.text = ""};
    zta_store_close(&store);
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
    store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
}

static void assert_text(struct zta_text text, const char *expected)
{
    assert_true(zta_text_equal(text, zta_text_of(expected)));
}

static void get_gives_back_what_was_put(void **state)
{
    (void)state;
    struct zta_sha256 certificates[ZTA_DEVICE_CERTIFICATES_MAX];
    struct zta_device device = device_named("LT-0042");
    struct zta_device found;
    char note[ZTA_DEVICE_NOTE_MAX];
    bool is_changed = false;
    memset(note, 'n', sizeof note);
    device.note = (struct zta_text){.data = note, .len = sizeof note};
    for (uint8_t i = 0; i < ZTA_DEVICE_CERTIFICATES_MAX; i++) {
        certificates[i] = certificate(i);
    }
    device.certificates = certificates;
    device.n_certificates = ZTA_DEVICE_CERTIFICATES_MAX;
    assert_int_equal(put(&device, &is_changed), ZTA_OK);
    assert_true(is_changed);
    assert_int_equal(get("LT-0042", &found), ZTA_OK);
    assert_text(found.id, "LT-0042");
    assert_text(found.issuer, "corp");
    assert_text(found.subject, "alice");
    assert_text(found.os, "macos");
    assert_text(found.os_version, "14.2.1");
    assert_text(found.author, "ann");
    assert_true(zta_text_equal(found.note, device.note));
    assert_int_equal(found.traits.known, 1u << ZTA_DEVICE_COMPLIANT);
    assert_int_equal(found.traits.yes, 1u << ZTA_DEVICE_COMPLIANT);
    assert_int_equal(found.n_certificates, ZTA_DEVICE_CERTIFICATES_MAX);
    assert_memory_equal(found.certificates, certificates, sizeof certificates);
    assert_int_equal(found.action_id, 7);
    assert_true(found.created_ns > 0 && found.changed_ns == found.created_ns);
    for (uint8_t i = 0; i < ZTA_DEVICE_CERTIFICATES_MAX; i++) {
        assert_int_equal(find(i, &found), ZTA_OK);
        assert_text(found.id, "LT-0042");
    }
    assert_int_equal(find(99, &found), ZTA_NOT_FOUND);
    assert_int_equal(get("LT-0043", &found), ZTA_NOT_FOUND);
    check_store();
}

static void what_says_the_same_is_left_as_it_is(void **state)
{
    (void)state;
    struct zta_device device = device_named("a");
    struct zta_device first;
    struct zta_device found;
    bool is_changed = false;
    assert_int_equal(put(&device, &is_changed), ZTA_OK);
    assert_int_equal(get("a", &first), ZTA_OK);
    int64_t created_ns = first.created_ns;
    device.author = ZTA_TEXT("bob");
    device.action_id = 8;
    assert_int_equal(put(&device, &is_changed), ZTA_OK);
    assert_false(is_changed);
    assert_int_equal(get("a", &found), ZTA_OK);
    assert_text(found.author, "ann");
    device.traits.yes = 0;
    assert_int_equal(put(&device, &is_changed), ZTA_OK);
    assert_true(is_changed);
    assert_int_equal(get("a", &found), ZTA_OK);
    assert_text(found.author, "bob");
    assert_int_equal(found.created_ns, created_ns);
    assert_true(found.changed_ns > created_ns);
}

static void each_member_that_differs_is_a_change(void **state)
{
    (void)state;
    const struct zta_device plain = device_named("a");
    struct zta_sha256 digest = certificate(1);
    struct zta_device others[8];
    bool is_changed = false;
    for (size_t i = 0; i < 8; i++) {
        others[i] = plain;
    }
    others[0].issuer = ZTA_TEXT("partner");
    others[1].subject = ZTA_TEXT("bob");
    others[2].traits.known |= 1u << ZTA_DEVICE_MANAGED;
    others[3].os = ZTA_TEXT("windows");
    others[4].os_version = (struct zta_text){.data = NULL};
    others[5].note = ZTA_TEXT("spare");
    others[6].certificates = &digest;
    others[6].n_certificates = 1;
    others[7].issuer = others[7].subject = (struct zta_text){.data = NULL};
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(put(&plain, &is_changed), ZTA_OK);
        assert_int_equal(put(&others[i], &is_changed), ZTA_OK);
        assert_true(is_changed);
        assert_int_equal(put(&others[i], &is_changed), ZTA_OK);
        assert_false(is_changed);
    }
}

static void a_certificate_belongs_to_one_device(void **state)
{
    (void)state;
    struct zta_sha256 certificates[] = {certificate(1), certificate(2), certificate(3)};
    struct zta_device one = device_named("one");
    struct zta_device other = device_named("other");
    struct zta_device found;
    bool is_changed = false;
    one.certificates = certificates;
    one.n_certificates = 2;
    other.certificates = certificates + 2;
    other.n_certificates = 1;
    assert_int_equal(put(&one, &is_changed), ZTA_OK);
    assert_int_equal(put(&other, &is_changed), ZTA_OK);
    other.certificates = certificates + 1;
    other.n_certificates = 2;
    assert_int_equal(put(&other, &is_changed), ZTA_EXISTS);
    /* What was refused has changed nothing. */
    assert_int_equal(find(2, &found), ZTA_OK);
    assert_text(found.id, "one");
    assert_int_equal(find(3, &found), ZTA_OK);
    assert_text(found.id, "other");
    check_store();
    one.n_certificates = 1;
    assert_int_equal(put(&one, &is_changed), ZTA_OK);
    assert_int_equal(find(2, &found), ZTA_NOT_FOUND);
    assert_int_equal(put(&other, &is_changed), ZTA_OK);
    assert_int_equal(find(2, &found), ZTA_OK);
    assert_text(found.id, "other");
    assert_int_equal(take_away("other"), ZTA_OK);
    assert_int_equal(find(2, &found), ZTA_NOT_FOUND);
    assert_int_equal(find(1, &found), ZTA_OK);
    assert_int_equal(take_away("other"), ZTA_NOT_FOUND);
    check_store();
}

static void what_no_record_may_hold_is_refused(void **state)
{
    (void)state;
    const struct zta_device plain = device_named("a");
    struct zta_sha256 twice[] = {certificate(1), certificate(1)};
    struct zta_device bad[14];
    char long_text[300];
    bool is_changed = false;
    memset(long_text, 'x', sizeof long_text);
    for (size_t i = 0; i < 14; i++) {
        bad[i] = plain;
    }
    bad[0].id = ZTA_TEXT("");
    bad[1].id = (struct zta_text){.data = long_text, .len = ZTA_DEVICE_ID_MAX + 1};
    bad[2].id = ZTA_TEXT("a\033[2J");
    bad[3].id = ZTA_TEXT(" a");
    bad[4].issuer = (struct zta_text){.data = NULL};
    bad[5].subject = (struct zta_text){.data = NULL};
    bad[6].subject = (struct zta_text){.data = long_text, .len = ZTA_SUBJECT_MAX + 1};
    bad[7].os = ZTA_TEXT("Mac OS");
    bad[8].os_version = ZTA_TEXT("14..2");
    bad[9].note = (struct zta_text){.data = long_text, .len = ZTA_DEVICE_NOTE_MAX + 1};
    bad[10].traits.known = 1u << ZTA_DEVICE_ATTESTED;
    bad[11].traits.yes = 1u << ZTA_DEVICE_MANAGED;
    bad[12].certificates = twice;
    bad[12].n_certificates = 2;
    bad[13].subject = ZTA_TEXT("\xff");
    for (size_t i = 0; i < 14; i++) {
        assert_int_equal(put(&bad[i], &is_changed), ZTA_INVALID);
    }
}

static void versions_and_systems_are_of_one_form(void **state)
{
    (void)state;
    static const char *const good[] = {"14", "14.2", "10.0.19045.3803", "0", "999999999"};
    static const char *const bad[] = {"", ".", "14.", ".2", "14..2", "14.2a", "14 2", "1234567890"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(zta_device_os_version_is_valid(zta_text_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(zta_device_os_version_is_valid(zta_text_of(bad[i])));
    }
    assert_true(zta_device_os_is_valid(ZTA_TEXT("windows-server")));
    assert_false(zta_device_os_is_valid(ZTA_TEXT("")));
    assert_false(zta_device_os_is_valid(ZTA_TEXT("9front")));
    assert_false(zta_device_os_is_valid(ZTA_TEXT("macOS")));
}

static bool collect(void *context, const struct zta_device *device)
{
    zta_buffer_text(context, device->id);
    return true;
}

static void devices_are_listed_in_the_order_of_their_ids(void **state)
{
    (void)state;
    static const char *const ids[] = {"c", "a", "b"};
    char text[16];
    struct zta_buffer buffer;
    struct zta_view *view;
    uint64_t n = 0;
    bool is_changed = false;
    for (size_t i = 0; i < 3; i++) {
        const struct zta_device device = device_named(ids[i]);
        assert_int_equal(put(&device, &is_changed), ZTA_OK);
    }
    zta_buffer_init(&buffer, text, sizeof text);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_device_each(view, collect, &buffer), ZTA_OK);
    assert_int_equal(zta_device_count(view, &n), ZTA_OK);
    zta_view_end(&view);
    assert_string_equal(text, "abc");
    assert_int_equal(n, 3);
}

/* As a store of an earlier release is. */
static void drop_tables(void)
{
    MDB_txn *txn;
    assert_int_equal(mdb_txn_begin(store->env[ZTA_ENV_POLICY].mdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_drop(txn, store->dbi[ZTA_TABLE_DEVICES], 1), 0);
    assert_int_equal(mdb_drop(txn, store->dbi[ZTA_TABLE_DEVICE_CERTIFICATES], 1), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    zta_store_close(&store);
}

static void a_store_without_the_tables_reads_as_empty_and_is_completed_by_its_owner(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    struct zta_device device = device_named("a");
    struct zta_device found;
    bool is_changed = false;
    drop_tables();
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
    /* What httpd's processes can complete is whole. */
    store = store_fixture_open(&fixture, ZTA_STORE_CHILD);
    assert_true(zta_store_is_complete(store));
    assert_int_equal(get("a", &found), ZTA_NOT_FOUND);
    assert_int_equal(find(1, &found), ZTA_NOT_FOUND);
    zta_store_close(&store);
    store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    assert_false(zta_store_is_complete(store));
    struct zta_change *change = operator_begin();
    assert_int_equal(zta_device_put(change, &device, &is_changed), ZTA_FORBIDDEN);
    zta_change_abort(&change);
    assert_int_equal(zta_store_complete(store, &error), ZTA_OK);
    assert_true(zta_store_is_complete(store));
    assert_int_equal(put(&device, &is_changed), ZTA_OK);
    assert_int_equal(get("a", &found), ZTA_OK);
    check_store();
}

/* A record that lies about its index, or that nobody wrote, is named by the deep check. */
static void a_damaged_inventory_does_not_check(void **state)
{
    (void)state;
    struct zta_sha256 digest = certificate(1);
    struct zta_device device = device_named("a");
    struct zta_error error = {.text = ""};
    bool is_changed = false;
    device.certificates = &digest;
    device.n_certificates = 1;
    assert_int_equal(put(&device, &is_changed), ZTA_OK);
    struct zta_change *change = operator_begin();
    assert_int_equal(zta_change_remove(change, ZTA_TABLE_DEVICE_CERTIFICATES,
                                       ZTA_BLOB(digest.bytes, sizeof digest.bytes)),
                     ZTA_OK);
    operator_commit(change);
    zta_store_close(&store);
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_CORRUPT);
    assert_non_null(strstr(error.text, "certificates"));
    store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
}

struct formers {
    char text[256];
};

static bool see_former(void *context, struct zta_text id, const struct zta_device *former)
{
    struct formers *formers = context;
    const size_t len = strlen(formers->text);
    (void)snprintf(formers->text + len, sizeof formers->text - len, "%.*s:%.*s ", (int)id.len,
                   id.data, former == NULL ? 4 : (int)former->note.len,
                   former == NULL ? "none" : former->note.data);
    return true;
}

/* "a:note b:none " */
static const char *formers_of(uint64_t action_id)
{
    static struct formers formers;
    struct zta_view *view;
    formers = (struct formers){.text = ""};
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    const enum zta_status status = zta_device_history_each(view, action_id, see_former, &formers);
    zta_view_end(&view);
    assert_int_equal(status, formers.text[0] == '\0' ? ZTA_NOT_FOUND : ZTA_OK);
    return formers.text;
}

static void note_by(uint64_t action_id, const char *id, const char *note)
{
    struct zta_change *change = operator_begin();
    const struct zta_device device = {
        .id = zta_text_of(id), .note = zta_text_of(note), .action_id = action_id};
    bool is_changed;
    const enum zta_status status = note == NULL ? zta_device_remove(change, device.id, action_id)
                                                : zta_device_put(change, &device, &is_changed);
    assert_int_equal(status, ZTA_OK);
    operator_commit(change);
}

static void what_a_device_was_is_kept_by_action_and_the_oldest_go(void **state)
{
    (void)state;
    struct zta_view *view;
    struct zta_device_later later;
    note_by(1, "a", "one");
    note_by(2, "a", "two");
    note_by(2, "a", "more"); /* twice by one action: what it was at first counts */
    note_by(2, "b", "two");
    note_by(3, "b", "two"); /* as it is */
    note_by(4, "a", NULL);
    assert_string_equal(formers_of(1), "a:none ");
    assert_string_equal(formers_of(2), "a:one b:none ");
    assert_string_equal(formers_of(3), "");
    assert_string_equal(formers_of(4), "a:more ");
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_device_history_later(view, 1, &later), ZTA_OK);
    assert_int_equal(later.action_id, 2);
    assert_string_equal(later.id, "a");
    assert_int_equal(zta_device_history_later(view, 2, &later), ZTA_OK);
    assert_int_equal(later.action_id, 4);
    assert_int_equal(zta_device_history_later(view, 4, &later), ZTA_NOT_FOUND);
    zta_view_end(&view);
    static const struct {
        uint64_t most;
        const char *second; /* an action goes whole, or stays so */
    } rows[] = {{4, "a:one b:none "}, {3, "a:one b:none "}, {2, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zta_change *change = operator_begin();
        assert_int_equal(zta_device_history_trim(change, rows[i].most), ZTA_OK);
        operator_commit(change);
        assert_string_equal(formers_of(1), rows[i].most < 4 ? "" : "a:none ");
        assert_string_equal(formers_of(2), rows[i].second);
        assert_string_equal(formers_of(4), "a:more ");
    }
    assert_int_equal(zta_store_check(fixture.dir, true, NULL), ZTA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(get_gives_back_what_was_put),
        WITH_STORE(what_says_the_same_is_left_as_it_is),
        WITH_STORE(each_member_that_differs_is_a_change),
        WITH_STORE(a_certificate_belongs_to_one_device),
        WITH_STORE(what_no_record_may_hold_is_refused),
        cmocka_unit_test(versions_and_systems_are_of_one_form),
        WITH_STORE(devices_are_listed_in_the_order_of_their_ids),
        WITH_STORE(a_store_without_the_tables_reads_as_empty_and_is_completed_by_its_owner),
        WITH_STORE(a_damaged_inventory_does_not_check),
        WITH_STORE(what_a_device_was_is_kept_by_action_and_the_oldest_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
