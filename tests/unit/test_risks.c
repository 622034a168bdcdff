/* SPDX-License-Identifier: Apache-2.0 */
/* Records of risk in state/: what is put comes back, a damaged record is none, old ones go. */
#include "shared/store/risks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "shared/store/env_priv.h"
#include "shared/store/schema_risk.h"
#include "tests/unit/scratch_store.h"

#define MAP_SIZE (UINT64_C(64) << 20)
#define NOW_S    INT64_C(1900022400)

static struct zta_change *begin(struct scratch_store *scratch)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_begin(scratch->store, "test", &change, &error), ZTA_OK);
    return change;
}

static void commit(struct zta_change *change)
{
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

/* Everything at its greatest. */
static void fill(struct zta_risk_record *record)
{
    memset(record, 0, sizeof *record);
    record->last_s = NOW_S;
    record->agent = zta_risk_agent_of(ZTA_TEXT("curl/8.5.0"));
    for (unsigned i = 0; i < ZTA_N_RISK_FAMILIES; i++) {
        record->places[i] = (struct zta_risk_place){
            .at = {.latitude = -9000, .longitude = (int16_t)(18000 - (int)i), .radius_km = 5},
            .country = {'C', 'H'},
            .asn = UINT32_MAX,
            .when_s = NOW_S - (int64_t)i,
        };
    }
    record->risk.n = ZTA_N_RISK_SIGNALS;
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        struct zta_risk_factor *factor = &record->risk.factors[i];
        *factor = (struct zta_risk_factor){.signal = (enum zta_risk_signal)i,
                                           .weight = 100,
                                           .floor = 100,
                                           .half_life_s = UINT32_MAX - i,
                                           .raised_s = NOW_S - (int64_t)i,
                                           .ends_s = INT64_MAX,
                                           .n_raised = UINT32_MAX};
        memset(factor->evidence, '~', sizeof factor->evidence - 1);
    }
}

static const struct zta_addr v4 = {.bytes = {192, 0, 2, 7}, .family = 4};
static const struct zta_addr v6 = {.bytes = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 9}, .family = 6};
static const struct zta_addr v6_beside = {.bytes = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 7},
                                          .family = 6};

#define N_OWNERS 6

static void make_owners(struct zta_risk_owner owners[N_OWNERS])
{
    static char longest[ZTA_SUBJECT_MAX];
    memset(longest, 's', sizeof longest);
    const uint8_t id[ZTA_SESSION_ID_SIZE] = {1, 2, 3};
    owners[0] = zta_risk_owner_session(id);
    owners[1] = zta_risk_owner_address(&v4);
    owners[2] = zta_risk_owner_address(&v6);
    owners[3] = zta_risk_owner_apikey(ZTA_TEXT("k1"));
    owners[4] = zta_risk_owner_subject(ZTA_TEXT("corp"), ZTA_TEXT("alice"));
    owners[5] = zta_risk_owner_subject(ZTA_TEXT("corp"),
                                       (struct zta_text){.data = longest, .len = sizeof longest});
}

static void what_is_put_comes_back_whole_under_its_owner(void **state)
{
    struct scratch_store scratch;
    struct zta_risk_owner owners[N_OWNERS];
    static struct zta_risk_record put;
    static struct zta_risk_record found;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    make_owners(owners);
    struct zta_change *change = begin(&scratch);
    for (size_t i = 0; i < N_OWNERS; i++) {
        fill(&put);
        put.last_s += (int64_t)i;
        assert_int_equal(zta_risks_load(change, &owners[i], &found), ZTA_NOT_FOUND);
        assert_int_equal(zta_risks_put(change, &owners[i], &put), ZTA_OK);
    }
    commit(change);
    struct zta_view *view;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    for (size_t i = 0; i < N_OWNERS; i++) {
        fill(&put);
        put.last_s += (int64_t)i;
        memset(&found, 0, sizeof found);
        assert_int_equal(zta_risks_get(view, &owners[i], &found), ZTA_OK);
        assert_memory_equal(&put, &found, sizeof put);
    }
    const struct zta_risk_owner same = zta_risk_owner_address(&v6_beside);
    assert_int_equal(zta_risks_get(view, &same, &found), ZTA_OK);
    const struct zta_addr nowhere = {.family = 0};
    const struct zta_risk_owner none[] = {
        zta_risk_owner_address(&nowhere),
        zta_risk_owner_apikey(ZTA_TEXT("")),
        zta_risk_owner_subject(ZTA_TEXT(""), ZTA_TEXT("alice")),
        zta_risk_owner_subject(ZTA_TEXT("corp"), ZTA_TEXT("alic")),
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(zta_risks_get(view, &none[i], &found), ZTA_NOT_FOUND);
    }
    zta_view_end(&view);
    change = begin(&scratch);
    assert_int_equal(zta_risks_remove(change, &owners[0]), ZTA_OK);
    assert_int_equal(zta_risks_remove(change, &owners[0]), ZTA_NOT_FOUND);
    assert_int_equal(zta_risks_put(change, &none[0], &put), ZTA_INVALID);
    commit(change);
    scratch_store_close(&scratch);
}

static void a_damaged_record_is_none(void **state)
{
    static struct zta_risk_record record;
    static struct zta_risk_record found;
    uint8_t bytes[ZTA_RISK_RECORD_MAX + 1] = {0};
    fill(&record);
    const size_t size = zta_risk_record_encode(&record, bytes, ZTA_RISK_RECORD_MAX);
    assert_int_equal(zta_risk_record_decode(bytes, size, &found), ZTA_OK);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(zta_risk_record_decode(bytes, cut, &found), ZTA_CORRUPT);
    }
    assert_int_equal(zta_risk_record_decode(bytes, size + 1, &found), ZTA_CORRUPT);
    /* Of a record with nothing optional: two factors from ZTA_RISK_AT_SIGNALS + 1 on. */
    memset(&record, 0, sizeof record);
    record.risk.n = 2;
    record.risk.factors[0] = (struct zta_risk_factor){
        .signal = ZTA_RISK_NEW_NETWORK, .weight = 1, .n_raised = 1, .evidence = "x"};
    record.risk.factors[1] = record.risk.factors[0];
    record.risk.factors[1].signal = ZTA_RISK_WAF;
    const size_t small = zta_risk_record_encode(&record, bytes, sizeof bytes);
    assert_int_equal(zta_risk_record_decode(bytes, small, &found), ZTA_OK);
    const size_t at = ZTA_RISK_AT_SIGNALS + 1;
    const struct {
        size_t at;
        uint8_t byte;
    } rows[] = {
        {.at = 0, .byte = ZTA_RISK_VERSION + 1},
        {.at = 1, .byte = ZTA_RISK_HAS_ALL + 1},
        {.at = at - 1, .byte = ZTA_N_RISK_SIGNALS + 1},
        {.at = at, .byte = ZTA_N_RISK_SIGNALS},
        {.at = at, .byte = ZTA_RISK_WAF}, /* twice */
        {.at = at + 1, .byte = 0},
        {.at = at + 1, .byte = 101},
        {.at = at + 2, .byte = 101},
        {.at = at + 26, .byte = 0}, /* raised never */
        {.at = at + 27, .byte = ZTA_RISK_EVIDENCE_MAX},
        {.at = at + 28, .byte = '\n'},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bad[sizeof bytes];
        memcpy(bad, bytes, sizeof bad);
        bad[rows[i].at] = rows[i].byte;
        if (zta_risk_record_decode(bad, small, &found) != ZTA_CORRUPT) {
            fail_msg("row %zu is taken", i);
        }
    }
    memset(&record, 0, sizeof record);
    record.places[ZTA_RISK_IPV6].when_s = INT64_MIN;
    const size_t seen = zta_risk_record_encode(&record, bytes, sizeof bytes);
    assert_int_equal(zta_risk_record_decode(bytes, seen, &found), ZTA_CORRUPT);
}

struct listing {
    unsigned n;
    char names[256];
};

static bool list(void *context, const struct zta_risk_owner *owner,
                 const struct zta_risk_record *record)
{
    struct listing *listing = context;
    const size_t len = strlen(listing->names);
    listing->n++;
    (void)snprintf(listing->names + len, sizeof listing->names - len, "%d:%.*s ", (int)owner->kind,
                   (int)owner->name.len, owner->name.data == NULL ? "" : owner->name.data);
    return true;
}

static void a_walk_sees_one_kind_and_pruning_all(void **state)
{
    struct scratch_store scratch;
    static struct zta_risk_record record;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_change *change = begin(&scratch);
    for (unsigned i = 0; i < 10; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "n%u", i);
        const struct zta_risk_owner owner =
            i % 2 == 0 ? zta_risk_owner_apikey(zta_text_of(name))
                       : zta_risk_owner_subject(ZTA_TEXT("corp"), zta_text_of(name));
        record.last_s = NOW_S + (i < 5 ? 0 : 1);
        assert_int_equal(zta_risks_put(change, &owner, &record), ZTA_OK);
    }
    commit(change);
    struct zta_prune_place place = {.size = 0};
    uint64_t total = 0;
    do {
        uint64_t n = 0;
        change = begin(&scratch);
        assert_int_equal(zta_risks_prune(change, &place, NOW_S + 1, 3, &n), ZTA_OK);
        commit(change);
        assert_true(n <= 3);
        total += n;
    } while (place.size != 0);
    assert_int_equal(total, 5);
    uint64_t n_addresses = 0;
    const struct zta_risk_owner address = zta_risk_owner_address(&v4);
    change = begin(&scratch);
    assert_int_equal(zta_risks_put(change, &address, &record), ZTA_OK);
    assert_int_equal(zta_risks_prune_addresses(change, &place, record.last_s + 1, 3, &n_addresses),
                     ZTA_OK);
    commit(change);
    assert_int_equal(n_addresses, 1);

    /* Of an address nothing is kept that is worth nothing any more. */
    struct zta_risk_factor factor;
    assert_true(zta_risk_factor_make(&zta_risk_tuning_default, ZTA_RISK_WAF, 100,
                                     ZTA_TEXT("anomaly score 20"), NOW_S, &factor));
    assert_true(zta_risk_put(&record.risk, &factor));
    for (int64_t hours = 0; hours <= 24; hours += 24) {
        change = begin(&scratch);
        assert_int_equal(zta_risks_put(change, &address, &record), ZTA_OK);
        assert_int_equal(
            zta_risks_prune_spent_addresses(change, &place, NOW_S + hours * 3600, 3, &n_addresses),
            ZTA_OK);
        commit(change);
        assert_int_equal(n_addresses, hours == 24);
    }
    struct zta_view *view;
    struct listing listing = {.n = 0};
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_risks_each(view, ZTA_RISK_OF_SUBJECT, list, &listing), ZTA_OK);
    assert_string_equal(listing.names, "4:n5 4:n7 4:n9 ");
    assert_int_equal(zta_risks_each(view, ZTA_RISK_OF_APIKEY, list, &listing), ZTA_OK);
    assert_int_equal(zta_risks_each(view, ZTA_RISK_OF_SESSION, list, &listing), ZTA_OK);
    assert_string_equal(listing.names, "4:n5 4:n7 4:n9 3:n6 3:n8 ");
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static bool list_address(void *context, const struct zta_risk_owner *owner,
                         const struct zta_risk_record *record)
{
    struct listing *listing = context;
    const size_t len = strlen(listing->names);
    (void)snprintf(listing->names + len, sizeof listing->names - len, "%d ", owner->addr.bytes[3]);
    return true;
}

/* An address of 10.0.0.0/8 with one factor of so many points, last seen at NOW_S and so much. */
static enum zta_risks_room put_address(struct zta_change *change, uint8_t last, uint8_t weight,
                                       int64_t after_s)
{
    const struct zta_addr addr = {.bytes = {10, 0, 0, last}, .family = 4};
    const struct zta_risk_owner owner = zta_risk_owner_address(&addr);
    const struct zta_risk_factor factor = {.signal = ZTA_RISK_WAF,
                                           .weight = weight,
                                           .half_life_s = 3600,
                                           .raised_s = NOW_S + after_s,
                                           .n_raised = 1};
    struct zta_risk_record record = {.last_s = NOW_S + after_s};
    enum zta_risks_room room;
    assert_true(zta_risk_put(&record.risk, &factor));
    assert_int_equal(zta_risks_make_room(change, &owner, &record, 4, &room), ZTA_OK);
    if (room != ZTA_RISKS_ROOM_NONE) {
        assert_int_equal(zta_risks_put(change, &owner, &record), ZTA_OK);
    }
    return room;
}

static void above_so_many_addresses_the_one_worth_least_gives_way(void **state)
{
    static const struct {
        uint8_t last;
        uint8_t weight;
        int64_t after_s;
        enum zta_risks_room room;
        const char *left;
    } steps[] = {
        {.last = 9, .weight = 50, .room = ZTA_RISKS_ROOM_LEFT, .left = "9 "},
        {.last = 7, .weight = 30, .after_s = 1, .room = ZTA_RISKS_ROOM_LEFT, .left = "7 9 "},
        {.last = 5, .weight = 30, .room = ZTA_RISKS_ROOM_LEFT, .left = "5 7 9 "},
        {.last = 3, .weight = 90, .room = ZTA_RISKS_ROOM_LEFT, .left = "3 5 7 9 "},
        /* Of two alike the one that was seen longer ago. */
        {.last = 8, .weight = 30, .after_s = 2, .room = ZTA_RISKS_ROOM_MADE, .left = "3 7 8 9 "},
        {.last = 6, .weight = 20, .after_s = 3, .room = ZTA_RISKS_ROOM_NONE, .left = "3 7 8 9 "},
        /* What was much has become little. */
        {.last = 4, .weight = 20, .after_s = 7200, .room = ZTA_RISKS_ROOM_MADE, .left = "3 4 8 9 "},
    };
    static struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_change *change = begin(&scratch);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct zta_view *view;
        struct listing listing = {.n = 0};
        assert_int_equal(put_address(change, steps[i].last, steps[i].weight, steps[i].after_s),
                         steps[i].room);
        commit(change);
        assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
        assert_int_equal(zta_risks_each(view, ZTA_RISK_OF_ADDRESS, list_address, &listing), ZTA_OK);
        zta_view_end(&view);
        assert_string_equal(listing.names, steps[i].left);
        change = begin(&scratch);
    }
    zta_change_abort(&change);
    scratch_store_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_back_whole_under_its_owner),
        cmocka_unit_test(a_damaged_record_is_none),
        cmocka_unit_test(a_walk_sees_one_kind_and_pruning_all),
        cmocka_unit_test(above_so_many_addresses_the_one_worth_least_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
