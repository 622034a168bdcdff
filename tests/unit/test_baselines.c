/* SPDX-License-Identifier: Apache-2.0 */
/* Baselines in state/: what is put comes back, a damaged record is none, old ones go. */
#include "shared/store/baselines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "shared/store/env_priv.h"
#include "shared/store/schema_state.h"
#include "tests/unit/scratch_store.h"

#define MAP_SIZE (UINT64_C(64) << 20)
#define DAY_S    INT64_C(86400)
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

static void name(struct zta_baseline *baseline, const char *issuer, const char *subject)
{
    memset(baseline, 0, sizeof *baseline);
    (void)snprintf(baseline->issuer, sizeof baseline->issuer, "%s", issuer);
    (void)snprintf(baseline->subject, sizeof baseline->subject, "%s", subject);
}

/* Every list at its greatest, with the longest labels. */
static void fill(struct zta_baseline *baseline, int64_t from_s)
{
    for (unsigned i = 0; i < 2000; i++) {
        char text[64];
        struct zta_lesson lesson = {
            .facts = {.time_s = from_s + i * (DAY_S / 20), .addr = {.family = 6}},
            .n_requests = 1,
            .bytes_out = (uint64_t)i << 20,
            .is_allowed = true,
        };
        (void)snprintf(text, sizeof text, "%c%c%c-a-name-longer-than-a-label", 'a' + (int)(i % 26),
                       'a' + (int)(i / 26 % 26), 'a' + (int)(i / 676));
        lesson.facts.addr.bytes[5] = (uint8_t)i;
        lesson.facts.country = (struct zta_text){.data = text, .len = 2};
        lesson.facts.device = lesson.facts.route = lesson.facts.agent = zta_text_of(text);
        (void)zta_baseline_learn(baseline, &lesson);
    }
}

static void assert_same(const struct zta_baseline *a, const struct zta_baseline *b)
{
    assert_string_equal(a->issuer, b->issuer);
    assert_string_equal(a->subject, b->subject);
    assert_int_equal(a->first_s, b->first_s);
    assert_int_equal(a->last_s, b->last_s);
    assert_int_equal(a->n_requests, b->n_requests);
    assert_int_equal(a->sequence, b->sequence);
    assert_memory_equal(a->n_values, b->n_values, sizeof a->n_values);
    assert_memory_equal(a->hours, b->hours, sizeof a->hours);
    assert_int_equal(a->rate.mean_q8, b->rate.mean_q8);
    assert_int_equal(a->rate.variance_q8, b->rate.variance_q8);
    assert_int_equal(a->rate.n_minutes, b->rate.n_minutes);
    assert_int_equal(a->volume.hour, b->volume.hour);
    assert_int_equal(a->volume.n_bytes, b->volume.n_bytes);
    assert_int_equal(a->volume.mean_q8, b->volume.mean_q8);
    assert_int_equal(a->volume.variance_q8, b->volume.variance_q8);
    assert_int_equal(a->volume.n_hours, b->volume.n_hours);
    for (unsigned habit = 0; habit < ZTA_N_HABITS; habit++) {
        assert_int_equal(a->spans[habit].first_day, b->spans[habit].first_day);
        assert_int_equal(a->spans[habit].last_day, b->spans[habit].last_day);
        assert_int_equal(a->spans[habit].n_days, b->spans[habit].n_days);
        const struct zta_habit_value *one = zta_baseline_values_of(a, (enum zta_habit)habit);
        const struct zta_habit_value *two = zta_baseline_values_of(b, (enum zta_habit)habit);
        for (size_t i = 0; i < a->n_values[habit]; i++) {
            assert_int_equal(one[i].value, two[i].value);
            assert_int_equal(one[i].last_day, two[i].last_day);
            assert_int_equal(one[i].count, two[i].count);
            assert_int_equal(one[i].n_days, two[i].n_days);
            assert_int_equal(one[i].is_usual, two[i].is_usual);
            assert_string_equal(one[i].label, two[i].label);
        }
    }
}

static void what_is_put_comes_back_whole(void **state)
{
    struct scratch_store scratch;
    struct zta_baseline put;
    struct zta_baseline found;
    char longest[ZTA_SUBJECT_MAX + 1];
    memset(longest, 's', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const subjects[] = {"a", "alice@example.com", longest};
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        name(&put, "corp", subjects[i]);
        fill(&put, NOW_S);
        struct zta_change *change = begin(&scratch);
        assert_int_equal(zta_baseline_put(change, &put), ZTA_OK);
        assert_int_equal(
            zta_baseline_load(change, ZTA_TEXT("corp"), zta_text_of(subjects[i]), &found), ZTA_OK);
        assert_same(&put, &found);
        commit(change);
        struct zta_view *view;
        assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
        memset(&found, 0xaa, sizeof found);
        assert_int_equal(zta_baseline_get(view, ZTA_TEXT("corp"), zta_text_of(subjects[i]), &found),
                         ZTA_OK);
        assert_same(&put, &found);
        assert_int_equal(
            zta_baseline_get(view, ZTA_TEXT("other"), zta_text_of(subjects[i]), &found),
            ZTA_NOT_FOUND);
        zta_view_end(&view);
    }
    scratch_store_close(&scratch);
}

/* The bytes of a full baseline, as they are stored. */
static size_t stored(struct scratch_store *scratch, uint8_t out[ZTA_BASELINE_RECORD_MAX])
{
    struct zta_baseline put;
    name(&put, "corp", "alice");
    fill(&put, NOW_S);
    struct zta_change *change = begin(scratch);
    assert_int_equal(zta_baseline_put(change, &put), ZTA_OK);
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob record;
    assert_int_equal(zta_walk_change(change, ZTA_TABLE_BASELINES, &walk), ZTA_OK);
    assert_int_equal(zta_walk_first(&walk, &key, &record), ZTA_OK);
    const size_t size = record.size;
    assert_in_range(size, 1, ZTA_BASELINE_RECORD_MAX);
    memcpy(out, record.data, size);
    zta_walk_end(&walk);
    commit(change);
    return size;
}

static void a_damaged_record_is_no_baseline(void **state)
{
    struct scratch_store scratch;
    uint8_t record[ZTA_BASELINE_RECORD_MAX + 1] = {0};
    struct zta_baseline found;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    const size_t size = stored(&scratch, record);
    scratch_store_close(&scratch);
    assert_int_equal(zta_baseline_decode(record, size, &found), ZTA_OK);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(zta_baseline_decode(record, cut, &found), ZTA_CORRUPT);
    }
    assert_int_equal(zta_baseline_decode(record, size + 1, &found), ZTA_CORRUPT);
    static const struct {
        size_t at;
        uint8_t byte;
    } rows[] = {
        {.at = 0, .byte = ZTA_BASELINE_VERSION + 1},
        {.at = 92, .byte = 0xff},  /* mean */
        {.at = 96, .byte = 0xff},  /* variance */
        {.at = 104, .byte = 0xff}, /* minutes */
        {.at = 110, .byte = 0xff}, /* bytes */
        {.at = 118, .byte = 0xff}, /* their mean */
        {.at = 122, .byte = 0xff}, /* its variance */
        {.at = 130, .byte = 0xff}, /* hours */
        {.at = ZTA_BASELINE_AT_VALUES, .byte = ZTA_BASELINE_NETWORKS + 1},
        {.at = ZTA_BASELINE_AT_VALUES, .byte = ZTA_BASELINE_NETWORKS - 1},
        {.at = ZTA_BASELINE_AT_VALUES + 1 + ZTA_BASELINE_VALUE_AT_LEN, .byte = 200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bad[sizeof record];
        memcpy(bad, record, sizeof bad);
        bad[rows[i].at] = rows[i].byte;
        if (zta_baseline_decode(bad, size, &found) != ZTA_CORRUPT) {
            fail_msg("row %zu is taken", i);
        }
    }
}

static void a_record_of_the_release_before_knows_no_volume(void **state)
{
    struct scratch_store scratch;
    uint8_t record[ZTA_BASELINE_RECORD_MAX] = {0};
    struct zta_baseline now;
    struct zta_baseline before;
    memset(&now, 0, sizeof now);
    memset(&before, 0, sizeof before);
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    const size_t size = stored(&scratch, record);
    scratch_store_close(&scratch);
    assert_int_equal(zta_baseline_decode(record, size, &now), ZTA_OK);
    assert_true(now.volume.n_hours > 0);
    record[0] = ZTA_BASELINE_VERSION_BEFORE;
    uint8_t *volume = record + ZTA_BASELINE_AT_VOLUME;
    memmove(volume, volume + ZTA_BASELINE_VOLUME_SIZE,
            size - ZTA_BASELINE_AT_VOLUME - ZTA_BASELINE_VOLUME_SIZE);
    assert_int_equal(zta_baseline_decode(record, size - ZTA_BASELINE_VOLUME_SIZE, &before), ZTA_OK);
    memset(&now.volume, 0, sizeof now.volume);
    assert_same(&now, &before);
}

struct listing {
    unsigned n;
    char names[512];
};

static bool list(void *context, const struct zta_baseline *baseline)
{
    struct listing *listing = context;
    const size_t len = strlen(listing->names);
    listing->n++;
    (void)snprintf(listing->names + len, sizeof listing->names - len, "%s@%s ", baseline->subject,
                   baseline->issuer);
    return true;
}

static struct listing list_all(struct scratch_store *scratch)
{
    struct listing listing = {.n = 0};
    struct zta_view *view;
    assert_int_equal(zta_view_begin(scratch->store, &view), ZTA_OK);
    assert_int_equal(zta_baseline_each(view, list, &listing), ZTA_OK);
    zta_view_end(&view);
    return listing;
}

static void old_ones_are_removed_a_few_at_a_time(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    assert_int_equal(list_all(&scratch).n, 0);
    struct zta_change *change = begin(&scratch);
    for (unsigned i = 0; i < 10; i++) {
        struct zta_baseline baseline;
        char subject[16];
        (void)snprintf(subject, sizeof subject, "s%u", i);
        name(&baseline, i < 5 ? "corp" : "lab", subject);
        baseline.last_s = NOW_S + (int64_t)(i % 2);
        assert_int_equal(zta_baseline_put(change, &baseline), ZTA_OK);
    }
    commit(change);
    struct zta_prune_place place = {.size = 0};
    uint64_t total = 0;
    unsigned n_rounds = 0;
    do {
        uint64_t n = 0;
        change = begin(&scratch);
        assert_int_equal(zta_baselines_prune(change, &place, NOW_S + 1, 3, &n), ZTA_OK);
        commit(change);
        total += n;
        n_rounds++;
    } while (place.size != 0);
    assert_int_equal(total, 5);
    assert_int_equal(n_rounds, 4);
    assert_string_equal(list_all(&scratch).names, "s5@lab s7@lab s9@lab s1@corp s3@corp ");
    scratch_store_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_back_whole),
        cmocka_unit_test(a_damaged_record_is_no_baseline),
        cmocka_unit_test(a_record_of_the_release_before_knows_no_volume),
        cmocka_unit_test(old_ones_are_removed_a_few_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
