/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded of credentials: what it holds, its way into the store, its end. */
#include "shared/inputs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/live/ring.h"
#include "shared/live/token_cache.h"
#include "shared/store/inputs.h"
#include "tests/unit/observer_world.h"
#include "tests/unit/rules_fixture.h"

#define HOUR_NS (INT64_C(3600) * ZTA_NS_PER_S)

static const struct zta_text claims[] = {ZTA_TEXT("dept"), ZTA_TEXT("level"), ZTA_TEXT("missing")};

struct recorded {
    char data[ZTA_INPUTS_SIZE_MAX];
    size_t size;
    uint8_t name[ZTA_INPUTS_NAME_SIZE];
};

static void record_of(const struct zta_identity *identity, struct recorded *recorded)
{
    assert_int_equal(zta_inputs_encode(identity, claims, 3, recorded->data, sizeof recorded->data,
                                       &recorded->size),
                     ZTA_OK);
    zta_inputs_name(recorded->data, recorded->size, recorded->name);
}

static void what_rules_ask_comes_back(void **state)
{
    struct fixture fixture;
    struct recorded recorded;
    static struct zta_inputs back;
    fixture_init(&fixture);
    record_of(&fixture.identity, &recorded);
    assert_int_equal(zta_inputs_decode(recorded.data, recorded.size, &back), ZTA_OK);
    const struct zta_identity *was = &fixture.identity;
    const struct zta_identity *is = &back.identity;
    assert_true(zta_text_equal(is->subject, was->subject));
    assert_true(zta_text_equal(is->issuer, was->issuer));
    assert_true(zta_text_equal(is->client, was->client));
    assert_true(zta_text_equal(is->acr, was->acr));
    assert_int_equal(is->auth_time_s, was->auth_time_s);
    assert_int_equal(is->credential, was->credential);
    assert_true(zta_identity_has_value(is, &is->roles, ZTA_TEXT("clerk")));
    assert_true(zta_identity_has_value(is, &is->scopes, ZTA_TEXT("profile")));
    assert_false(is->amr.is_known);
    assert_int_equal(is->n_claims, was->n_claims);
    assert_int_equal(back.n_claims, 3);
    assert_true(zta_text_equal(back.claims[2], ZTA_TEXT("missing")));
}

/* Nothing of it opens a door or names a session; tokens of one login are one record. */
static void what_names_token_session_and_keys_stays_behind(void **state)
{
    struct fixture one;
    struct fixture other;
    struct recorded first;
    struct recorded second;
    fixture_init(&one);
    fixture_init(&other);
    one.identity.sid = ZTA_TEXT("a-session-id");
    one.identity.apikey_id = ZTA_TEXT("an-apikey-id");
    one.identity.jkt = ZTA_TEXT("a-key");
    one.identity.x5t_s256 = ZTA_TEXT("a-certificate");
    one.identity.certificate = ZTA_TEXT("a-thumbprint");
    one.identity.expires_s = 77;
    one.identity.issued_s = 76;
    memset(one.identity.token_id.bytes, 5, sizeof one.identity.token_id.bytes);
    memset(one.identity.session, 6, sizeof one.identity.session);
    memset(&one.identity.login, 7, sizeof one.identity.login);
    record_of(&one.identity, &first);
    record_of(&other.identity, &second);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    assert_memory_equal(first.name, second.name, sizeof first.name);
    other.identity.auth_time_s++;
    record_of(&other.identity, &second);
    assert_memory_not_equal(first.name, second.name, sizeof first.name);
}

static void bytes_that_encode_does_not_write_are_refused(void **state)
{
    struct fixture fixture;
    struct recorded recorded;
    static struct zta_inputs back;
    fixture_init(&fixture);
    record_of(&fixture.identity, &recorded);
    for (size_t len = 0; len < recorded.size; len++) {
        char *copy = malloc(len == 0 ? 1 : len);
        assert_non_null(copy);
        memcpy(copy, recorded.data, len);
        assert_int_equal(zta_inputs_decode(copy, len, &back), ZTA_CORRUPT);
        free(copy);
    }
    for (size_t at = 0; at < recorded.size; at++) {
        recorded.data[at] ^= 0x55;
        (void)!zta_inputs_decode(recorded.data, recorded.size, &back);
        recorded.data[at] ^= 0x55;
    }
}

static void too_much_is_not_recorded(void **state)
{
    struct fixture fixture;
    static char big[ZTA_INPUTS_SIZE_MAX];
    static char out[2 * ZTA_INPUTS_SIZE_MAX];
    struct zta_text many[ZTA_INPUTS_CLAIMS_MAX + 1];
    size_t size;
    fixture_init(&fixture);
    memset(big, 'x', sizeof big);
    fixture.identity.subject = (struct zta_text){.data = big, .len = sizeof big};
    assert_int_equal(zta_inputs_encode(&fixture.identity, NULL, 0, out, sizeof out, &size),
                     ZTA_TOO_LARGE);
    fixture_init(&fixture);
    for (size_t i = 0; i <= ZTA_INPUTS_CLAIMS_MAX; i++) {
        many[i] = ZTA_TEXT("c");
    }
    assert_int_equal(zta_inputs_encode(&fixture.identity, many, ZTA_INPUTS_CLAIMS_MAX + 1, out,
                                       sizeof out, &size),
                     ZTA_TOO_LARGE);
}

/* ---- on the way into the store ---- */

static void offer(struct world *world, const struct recorded *recorded)
{
    struct zta_token_key key;
    zta_token_key_of_inputs(recorded->name, &key);
    const int64_t now_s = world->real_ns / ZTA_NS_PER_S;
    assert_false(zta_token_cache_has(world->segment, &key, now_s));
    assert_int_equal(zta_token_cache_put(world->segment, world->incarnation, &key, recorded->data,
                                         recorded->size, now_s + 3600, 0),
                     ZTA_OK);
    assert_true(zta_token_cache_has(world->segment, &key, now_s));
    assert_false(zta_token_cache_has(world->segment, &key, now_s + 3600));
}

static void publish(struct world *world, const struct recorded *recorded, uint32_t session)
{
    const struct scratch_event wanted = {.number = ++world->next,
                                         .time_ns = world->real_ns,
                                         .session = session,
                                         .source = session,
                                         .outcome = ZTA_OUTCOME_ALLOW,
                                         .reason = ZTA_REASON_OK};
    struct zta_event event;
    scratch_event_make(&wanted, &event);
    memcpy(event.inputs, recorded->name, sizeof event.inputs);
    assert_int_equal(zta_ring_publish(world->segment, world->incarnation, &event), ZTA_OK);
}

static bool is_kept(struct world *world, const struct recorded *recorded)
{
    char out[ZTA_INPUTS_SIZE_MAX];
    size_t size = 0;
    struct zta_view *view;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world->observer), &view), ZTA_OK);
    enum zta_status status = zta_inputs_get(view, recorded->name, out, sizeof out, &size);
    zta_view_end(&view);
    assert_true(status == ZTA_OK || status == ZTA_NOT_FOUND);
    if (status == ZTA_OK) {
        assert_int_equal(size, recorded->size);
        assert_memory_equal(out, recorded->data, size);
    }
    return status == ZTA_OK;
}

static void the_first_row_that_names_it_takes_it_into_the_store(void **state)
{
    struct world world;
    struct fixture fixture;
    struct recorded recorded;
    fixture_init(&fixture);
    record_of(&fixture.identity, &recorded);
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    offer(&world, &recorded);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_false(is_kept(&world, &recorded));
    publish(&world, &recorded, 1);
    publish(&world, &recorded, 2);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_true(is_kept(&world, &recorded));
    assert_int_equal(world_counter(&world, ZTA_COUNTER_INPUTS_MISSED), 0);
    struct zta_error error;
    assert_int_equal(zta_store_check(world.scratch.dir, true, &error), ZTA_OK);
    world_close(&world);
}

static void what_shared_memory_lost_or_forged_is_counted(void **state)
{
    struct world world;
    struct fixture fixture;
    struct recorded lost;
    struct recorded forged;
    fixture_init(&fixture);
    record_of(&fixture.identity, &lost);
    forged = lost;
    forged.name[3] ^= 1;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    offer(&world, &forged);
    publish(&world, &lost, 1);
    publish(&world, &forged, 2);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_INPUTS_MISSED), 2);
    assert_false(is_kept(&world, &lost));
    assert_false(is_kept(&world, &forged));
    assert_int_equal(world_check(&world).n_rows, 2);
    world_close(&world);
}

static void it_stays_as_long_as_its_events_and_goes_after_them(void **state)
{
    struct world world;
    struct fixture fixture;
    struct recorded recorded;
    struct recorded hot;
    fixture_init(&fixture);
    record_of(&fixture.identity, &recorded);
    fixture.identity.auth_time_s = 5;
    record_of(&fixture.identity, &hot);
    world_open(&world, fast_dir(), MAP_SIZE);
    world.options.retain_events_s = 10 * 3600;
    world_observe(&world);
    offer(&world, &recorded);
    offer(&world, &hot);
    publish(&world, &recorded, 1);
    publish(&world, &hot, 2);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    for (int hour = 1; hour <= 15; hour++) {
        world_pass(&world, HOUR_NS);
        publish(&world, &hot, 2);
        world_pass(&world, HOUR_NS / 2);
        /* Kept for ten hours, and what is known by the hour needs some more. */
        assert_true(is_kept(&world, &hot));
        assert_true(hour * 3 / 2 >= 10 || is_kept(&world, &recorded));
    }
    assert_false(is_kept(&world, &recorded));
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rules_ask_comes_back),
        cmocka_unit_test(what_names_token_session_and_keys_stays_behind),
        cmocka_unit_test(bytes_that_encode_does_not_write_are_refused),
        cmocka_unit_test(too_much_is_not_recorded),
        cmocka_unit_test(the_first_row_that_names_it_takes_it_into_the_store),
        cmocka_unit_test(what_shared_memory_lost_or_forged_is_counted),
        cmocka_unit_test(it_stays_as_long_as_its_events_and_goes_after_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
