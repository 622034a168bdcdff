/* SPDX-License-Identifier: Apache-2.0 */
/* Events: texts and their shares, the stored encoding, and bytes that no encoder wrote. */
#include "shared/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VERSION    4
#define TEXTS_SIZE sizeof(((struct zta_event *)0)->texts)

static char filler[4096];

static void set_risk(struct zta_event *event, unsigned seed)
{
    if (seed % 3 != 1) {
        return;
    }
    event->replay |= ZTA_REPLAY_RISK;
    event->risk = (struct zta_event_risk){.newest_s = -1,
                                          .signals = UINT32_MAX,
                                          .score = 100,
                                          .threat = 3,
                                          .waf = UINT16_MAX,
                                          .latitude = -9000,
                                          .longitude = 18000,
                                          .radius_km = 5,
                                          .n_raised = (uint8_t)(seed % 9)};
    for (size_t i = 0; i < event->risk.n_raised; i++) {
        event->risk.raised[i] = (struct zta_event_raised){.signal = (uint8_t)i,
                                                          .weight = 50,
                                                          .floor = 80,
                                                          .owners = (uint8_t)(i % 4),
                                                          .half_life_s = UINT32_MAX,
                                                          .since_s = 3600};
    }
}

static struct zta_event event_of(unsigned seed)
{
    struct zta_event event;
    memset(&event, 0, sizeof event);
    srand(seed);
    event.time_ns = INT64_C(1790000000123456789) + rand();
    memset(event.id.bytes, rand() & 0xff, sizeof event.id.bytes);
    event.addr.family = (uint8_t)(seed % 3 == 0 ? 0 : seed % 3 == 1 ? 4 : 6);
    memset(event.addr.bytes, 0xab, event.addr.family == 4 ? 4 : event.addr.family == 6 ? 16 : 0);
    if (seed % 2) {
        memset(event.session, 0x11, sizeof event.session);
    }
    if (seed % 5) {
        event.token_id[15] = 1;
    }
    event.latency_us = (uint32_t)rand();
    event.rules_generation = (uint32_t)rand();
    event.bytes_out = UINT64_MAX - seed;
    event.expires_s = seed;
    event.rule_line = UINT32_MAX;
    event.rule_source = 3;
    event.http_status = 403;
    event.outcome = 1;
    event.reason = 2;
    event.monitor_outcome = 3;
    event.monitor_reason = 4;
    event.stage = 2;
    event.credential = 1;
    event.binding = 2;
    event.session_kind = 5;
    event.flags = ZTA_EVENT_TLS | ZTA_EVENT_STALE;
    event.monitor = 3;
    event.replay = ZTA_REPLAY_RECORDED | ZTA_REPLAY_DEFAULT_ALLOW;
    event.modes = 0x1a5;
    event.content_length = (int64_t)seed - 1;
    if (seed % 3) {
        memset(event.inputs, 0x22, sizeof event.inputs);
    }
    if (seed % 2) {
        event.live_version = seed;
    }
    if (seed % 7 == 1) {
        event.certificate[31] = 9;
    }
    if (seed % 11 == 2) {
        event.replay |= ZTA_REPLAY_CONTEXT;
        event.context = (struct zta_event_context){.country = {'C', 'H'},
                                                   .traits_known = 3,
                                                   .traits_yes = 1,
                                                   .sources = {1, 1, 2, 5},
                                                   .ages_s = {7, 8, 9, UINT32_MAX},
                                                   .asn = 64496};
    }
    set_risk(&event, seed);
    struct zta_text texts[ZTA_N_EVENT_TEXTS];
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        texts[i] = (struct zta_text){.data = filler, .len = (size_t)rand() % (seed % 4 ? 20 : 200)};
    }
    zta_event_set_texts(&event, texts);
    return event;
}

static size_t encoded(const struct zta_event *event, uint8_t out[ZTA_EVENT_SIZE])
{
    size_t size = 0;
    assert_int_equal(zta_event_encode(event, out, ZTA_EVENT_SIZE, &size), ZTA_OK);
    return size;
}

static void texts_that_fit_are_kept_whole(void **state)
{
    struct zta_event event = {.flags = 0};
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_METHOD] = ZTA_TEXT("GET"),       [ZTA_EVENT_PATH] = {.data = filler, .len = 255},
        [ZTA_EVENT_RULE] = ZTA_TEXT("read-orders"), [ZTA_EVENT_SUBJECT] = ZTA_TEXT(""),
        [ZTA_EVENT_AGENT] = ZTA_TEXT("curl/8"),
    };
    zta_event_set_texts(&event, texts);
    assert_int_equal(event.flags & ZTA_EVENT_CUT, 0);
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        struct zta_text text = zta_event_text(&event, (enum zta_event_text)i);
        assert_non_null(text.data);
        assert_int_equal(text.len, texts[i].len);
        assert_true(text.len == 0 || memcmp(text.data, texts[i].data, text.len) == 0);
    }
    assert_int_equal(zta_event_text(&event, ZTA_N_EVENT_TEXTS).len, 0);
}

static void a_long_path_is_cut_before_later_fields(void **state)
{
    struct zta_event event = {.flags = 0};
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_METHOD] = ZTA_TEXT("POST"),
        [ZTA_EVENT_PATH] = {.data = filler, .len = sizeof filler},
        [ZTA_EVENT_RULE] = ZTA_TEXT("a-rule-name-of-fair-length"),
        [ZTA_EVENT_SUBJECT] = ZTA_TEXT("somebody@example.com"),
        [ZTA_EVENT_AGENT] = {.data = filler, .len = sizeof filler},
    };
    zta_event_set_texts(&event, texts);
    assert_true(event.flags & ZTA_EVENT_CUT);
    assert_true(zta_text_equal(zta_event_text(&event, ZTA_EVENT_RULE), texts[ZTA_EVENT_RULE]));
    assert_true(
        zta_text_equal(zta_event_text(&event, ZTA_EVENT_SUBJECT), texts[ZTA_EVENT_SUBJECT]));
    size_t share = (TEXTS_SIZE - texts[ZTA_EVENT_METHOD].len - texts[ZTA_EVENT_RULE].len -
                    texts[ZTA_EVENT_SUBJECT].len) /
                   2;
    assert_int_equal(zta_event_text(&event, ZTA_EVENT_PATH).len, share);
    assert_int_equal(zta_event_text(&event, ZTA_EVENT_AGENT).len, share);
}

static void all_long_texts_share_alike(void **state)
{
    struct zta_event event = {.flags = 0};
    struct zta_text texts[ZTA_N_EVENT_TEXTS];
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        texts[i] = (struct zta_text){.data = filler, .len = sizeof filler};
    }
    zta_event_set_texts(&event, texts);
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        assert_int_equal(zta_event_text(&event, (enum zta_event_text)i).len,
                         TEXTS_SIZE / ZTA_N_EVENT_TEXTS);
    }
}

static void cut_text_ends_with_a_whole_character(void **state)
{
    /*
     * 255 bytes can be kept: 254 of two-byte characters, 255 of three-byte, 252 of four-byte
     * ones.
     */
    const struct {
        const char *character;
        size_t kept;
    } cases[] = {
        {.character = "\xc3\xb6", .kept = 254},
        {.character = "\xe2\x82\xac", .kept = 255},
        {.character = "\xf0\x9f\x98\x80", .kept = 252},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char long_text[400];
        size_t len = strlen(cases[i].character);
        for (size_t at = 0; at + len <= sizeof long_text; at += len) {
            memcpy(long_text + at, cases[i].character, len);
        }
        struct zta_event event = {.flags = 0};
        struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
            [ZTA_EVENT_DETAIL] = {.data = long_text, .len = sizeof long_text / len * len},
        };
        zta_event_set_texts(&event, texts);
        struct zta_text kept = zta_event_text(&event, ZTA_EVENT_DETAIL);
        assert_int_equal(kept.len, cases[i].kept);
        assert_true(zta_text_is_utf8(kept));
        assert_true(event.flags & ZTA_EVENT_CUT);
    }
}

static void text_lengths_beyond_the_area_read_as_empty(void **state)
{
    struct zta_event event;
    memset(&event, 0xff, sizeof event);
    assert_int_equal(zta_event_text(&event, ZTA_EVENT_METHOD).len, 255);
    for (unsigned i = 1; i < ZTA_N_EVENT_TEXTS; i++) {
        assert_int_equal(zta_event_text(&event, (enum zta_event_text)i).len, 0);
    }
    uint8_t out[ZTA_EVENT_SIZE];
    size_t size;
    assert_int_equal(zta_event_encode(&event, out, sizeof out, &size), ZTA_INVALID);
}

static void decode_gives_what_was_encoded(void **state)
{
    for (unsigned seed = 0; seed < 200; seed++) {
        struct zta_event event = event_of(seed);
        uint8_t out[2 * ZTA_EVENT_SIZE];
        size_t size = encoded(&event, out);
        size_t second = encoded(&event, out + size);
        struct zta_event back;
        size_t used = 0;
        assert_int_equal(zta_event_decode(out, size + second, &back, &used), ZTA_OK);
        assert_int_equal(used, size);
        assert_memory_equal(&back, &event, sizeof event);
        /* What the session's record alone is for is not kept with the event. */
        memset(&event.login, 3, sizeof event.login);
        event.account = 4711;
        event.risk.proof = ZTA_PROOF_REPLAYED;
        assert_int_equal(encoded(&event, out), size);
        assert_int_equal(zta_event_decode(out, size, &back, &used), ZTA_OK);
        memset(&event.login, 0, sizeof event.login);
        event.account = 0;
        event.risk.proof = ZTA_PROOF_UNASKED;
        assert_memory_equal(&back, &event, sizeof event);
    }
}

static void encode_needs_room_and_a_sound_event(void **state)
{
    struct zta_event event = event_of(7);
    uint8_t out[ZTA_EVENT_SIZE];
    size_t size = encoded(&event, out);
    for (size_t room = 0; room < size; room++) {
        size_t unwritten = 12345;
        assert_int_equal(zta_event_encode(&event, out, room, &unwritten), ZTA_TOO_LARGE);
        assert_int_equal(unwritten, 12345);
    }
    event.addr.family = 5;
    assert_int_equal(zta_event_encode(&event, out, sizeof out, &size), ZTA_INVALID);
    event.addr.family = 4;
    event.risk.n_raised = ZTA_EVENT_RAISED_MAX + 1;
    assert_int_equal(zta_event_encode(&event, out, sizeof out, &size), ZTA_INVALID);
}

static void decode_refuses_every_cut_and_survives_every_changed_byte(void **state)
{
    struct zta_event event = event_of(7);
    uint8_t out[ZTA_EVENT_SIZE];
    size_t size = encoded(&event, out);
    struct zta_event back;
    size_t used;
    for (size_t len = 0; len < size; len++) {
        /* Exact allocation: a sanitizer sees a byte read beyond. */
        uint8_t *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, out, len);
        assert_int_equal(zta_event_decode(copy, len, &back, &used), ZTA_CORRUPT);
        free(copy);
    }
    for (size_t at = 0; at < size; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t changed[ZTA_EVENT_SIZE];
            uint8_t again[ZTA_EVENT_SIZE];
            memcpy(changed, out, size);
            changed[at] = (uint8_t)value;
            /* What another release wrote is read, and not written again. */
            if (zta_event_decode(changed, size, &back, &used) == ZTA_OK && changed[0] == VERSION) {
                assert_in_range(used, 1, size);
                assert_int_equal(encoded(&back, again), used);
                assert_memory_equal(again, changed, used);
            }
        }
    }
}

static void decode_refuses_what_encode_never_writes(void **state)
{
    struct zta_event event = event_of(0); /* no session, no token id, no address */
    uint8_t out[ZTA_EVENT_SIZE];
    size_t size = encoded(&event, out);
    struct zta_event back;
    size_t used;
    const size_t present_at = 1 + 8 + ZTA_ULID_SIZE;
    assert_int_equal(out[present_at], 0);
    const uint8_t bad_present[] = {0x0c, 0x80, 0xff};
    for (size_t i = 0; i < sizeof bad_present; i++) {
        out[present_at] = bad_present[i];
        assert_int_equal(zta_event_decode(out, size, &back, &used), ZTA_CORRUPT);
    }
    out[present_at] = 0;
    out[0] = VERSION + 1;
    assert_int_equal(zta_event_decode(out, size, &back, &used), ZTA_CORRUPT);
    out[0] = VERSION;
    uint8_t zero_session[2 * ZTA_EVENT_SIZE] = {0};
    memcpy(zero_session, out, present_at);
    zero_session[present_at] = 1;
    memcpy(zero_session + present_at + 1 + ZTA_SESSION_ID_SIZE, out + present_at + 1,
           size - present_at - 1);
    assert_int_equal(zta_event_decode(zero_session, size + ZTA_SESSION_ID_SIZE, &back, &used),
                     ZTA_CORRUPT);
}

/* As an earlier release wrote it: by the map of that time, byte by byte. */
static void an_event_of_the_first_release_is_read_and_has_nothing_to_replay(void **state)
{
    uint8_t old[512];
    struct zta_writer writer;
    zta_writer_init(&writer, old, sizeof old);
    zta_write_u8(&writer, 1);
    zta_write_u64(&writer, 1790000000);
    const uint8_t id[ZTA_ULID_SIZE] = {1, 2, 3};
    zta_write_bytes(&writer, id, sizeof id);
    zta_write_u8(&writer, 4); /* an IPv4 address, nothing else */
    zta_write_bytes(&writer, "\xc0\x00\x02\x07", 4);
    const uint8_t numbers[4 + 4 + 8 + 8 + 4 + 2 + 2 + 9] = {[39] = ZTA_EVENT_TLS, [40] = 1};
    zta_write_bytes(&writer, numbers, sizeof numbers);
    const uint8_t text_len[ZTA_EVENT_AGENT + 1] = {[ZTA_EVENT_METHOD] = 3, [ZTA_EVENT_AGENT] = 4};
    zta_write_bytes(&writer, text_len, sizeof text_len);
    zta_write_bytes(&writer, "GETcurl", 7);
    struct zta_event event;
    size_t used;
    assert_int_equal(zta_event_decode(old, writer.len, &event, &used), ZTA_OK);
    assert_int_equal(used, writer.len);
    assert_true(zta_text_equal(zta_event_text(&event, ZTA_EVENT_AGENT), ZTA_TEXT("curl")));
    assert_int_equal(zta_event_text(&event, ZTA_EVENT_OS).len, 0);
    assert_int_equal(event.replay, 0);
    assert_int_equal(event.content_length, -1);
    assert_int_equal(event.http_status, 0);
}

/* By the map of a release which knew nothing of risk: a byte and two texts fewer. */
static void an_event_of_a_release_before_has_no_risk(void **state)
{
    struct zta_event event = event_of(2);
    struct zta_event back;
    uint8_t now[ZTA_EVENT_SIZE];
    uint8_t old[ZTA_EVENT_SIZE];
    size_t used;
    const struct zta_text texts[ZTA_N_EVENT_TEXTS] = {[ZTA_EVENT_AGENT] = ZTA_TEXT("curl")};
    zta_event_set_texts(&event, texts);
    const size_t size = encoded(&event, now);
    const size_t lens = size - 4 - ZTA_N_EVENT_TEXTS;
    memcpy(old, now, lens - 1);
    memcpy(old + lens - 1, now + lens, ZTA_EVENT_OS + 1);
    memcpy(old + lens - 1 + ZTA_EVENT_OS + 1, "curl", 4);
    old[0] = VERSION - 2;
    assert_int_equal(zta_event_decode(old, size - 3, &back, &used), ZTA_OK);
    assert_int_equal(used, size - 3);
    assert_memory_equal(&back, &event, sizeof event);
}

/* Of the one before, which named no trace: a text fewer, and evidence in its place. */
static void an_event_of_the_release_before_has_its_evidence_and_no_trace(void **state)
{
    struct zta_event event = event_of(3);
    struct zta_event back;
    uint8_t now[ZTA_EVENT_SIZE];
    uint8_t old[ZTA_EVENT_SIZE];
    size_t used;
    const struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_AGENT] = ZTA_TEXT("curl"), [ZTA_EVENT_EVIDENCE] = {.data = filler, .len = 300}};
    zta_event_set_texts(&event, texts);
    assert_int_equal(event.inexact, 1u << ZTA_EVENT_EVIDENCE);
    const size_t size = encoded(&event, now);
    const size_t lens = size - 4 - UINT8_MAX - ZTA_N_EVENT_TEXTS;
    memcpy(old, now, lens + ZTA_EVENT_TRACE);
    memcpy(old + lens + ZTA_EVENT_TRACE, now + lens + ZTA_EVENT_EVIDENCE,
           size - lens - ZTA_EVENT_EVIDENCE);
    old[0] = VERSION - 1;
    /* The set of texts that were cut: its bit of evidence was that of the trace. */
    for (size_t at = 0; at < lens; at++) {
        uint8_t changed[ZTA_EVENT_SIZE];
        memcpy(changed, old, size - 1);
        if (zta_get_u32(changed + at) == event.inexact) {
            zta_put_u32(changed + at, 1u << ZTA_EVENT_TRACE);
        }
        if (zta_event_decode(changed, size - 1, &back, &used) == ZTA_OK &&
            back.inexact == event.inexact) {
            assert_int_equal(used, size - 1);
            assert_memory_equal(&back, &event, sizeof event);
            return;
        }
    }
    fail();
}

static void evidence_is_added_behind_what_is_there(void **state)
{
    struct zta_event event = {.flags = 0};
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_METHOD] = ZTA_TEXT("GET"), [ZTA_EVENT_EVIDENCE] = ZTA_TEXT("one\n")};
    zta_event_set_texts(&event, texts);
    zta_event_append_evidence(&event, ZTA_TEXT("two\n"));
    assert_true(zta_text_equal(zta_event_text(&event, ZTA_EVENT_EVIDENCE), ZTA_TEXT("one\ntwo\n")));
    assert_int_equal(event.flags & ZTA_EVENT_CUT, 0);
    for (int i = 0; i < 100; i++) {
        zta_event_append_evidence(&event, ZTA_TEXT("evidence\n"));
    }
    assert_int_equal(zta_event_text(&event, ZTA_EVENT_EVIDENCE).len, UINT8_MAX);
    assert_int_equal(event.flags & ZTA_EVENT_CUT, ZTA_EVENT_CUT);
    texts[ZTA_EVENT_EVIDENCE].data = NULL;
    texts[ZTA_EVENT_EVIDENCE].len = 0;
    texts[ZTA_EVENT_PATH] = texts[ZTA_EVENT_AGENT] = (struct zta_text){.data = filler, .len = 300};
    zta_event_set_texts(&event, texts);
    zta_event_append_evidence(&event, (struct zta_text){.data = filler, .len = 200});
    struct zta_event back;
    uint8_t out[ZTA_EVENT_SIZE];
    size_t used;
    assert_int_equal(zta_event_decode(out, encoded(&event, out), &back, &used), ZTA_OK);
    assert_memory_equal(back.texts, event.texts, sizeof event.texts);
}

static void a_stance_comes_back_as_it_was_recorded(void **state)
{
    int8_t overrides[ZTA_N_FEATURES];
    for (unsigned stage = 0; stage <= ZTA_STAGE_MAX; stage++) {
        for (unsigned feature = 1; feature < ZTA_N_FEATURES; feature++) {
            memset(overrides, -1, sizeof overrides);
            overrides[feature] = ZTA_MODE_MONITOR;
            struct zta_stance stance;
            struct zta_stance back;
            assert_int_equal(zta_stance_make(stage, 3, overrides, &stance), ZTA_OK);
            stance.allows_by_default = feature % 2;
            struct zta_event event = {.stage = stance.stage,
                                      .monitor = stance.monitor,
                                      .modes = zta_event_pack_modes(&stance),
                                      .replay = feature % 2 ? ZTA_REPLAY_DEFAULT_ALLOW : 0};
            zta_event_stance(&event, &back);
            assert_memory_equal(&back, &stance, sizeof back);
        }
    }
}

static void text_that_is_not_as_it_was_is_said_to_be(void **state)
{
    struct zta_event event = {.flags = 0};
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_METHOD] = ZTA_TEXT("GET"),
        [ZTA_EVENT_PATH] = {.data = filler, .len = sizeof filler},
        [ZTA_EVENT_AGENT] = ZTA_TEXT(""),
    };
    zta_event_set_texts(&event, texts);
    assert_int_equal(event.inexact, 1u << ZTA_EVENT_PATH | 1u << ZTA_EVENT_AGENT);
}

int main(void)
{
    memset(filler, 'x', sizeof filler);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_fit_are_kept_whole),
        cmocka_unit_test(a_long_path_is_cut_before_later_fields),
        cmocka_unit_test(all_long_texts_share_alike),
        cmocka_unit_test(cut_text_ends_with_a_whole_character),
        cmocka_unit_test(text_lengths_beyond_the_area_read_as_empty),
        cmocka_unit_test(decode_gives_what_was_encoded),
        cmocka_unit_test(encode_needs_room_and_a_sound_event),
        cmocka_unit_test(decode_refuses_every_cut_and_survives_every_changed_byte),
        cmocka_unit_test(decode_refuses_what_encode_never_writes),
        cmocka_unit_test(an_event_of_the_first_release_is_read_and_has_nothing_to_replay),
        cmocka_unit_test(an_event_of_a_release_before_has_no_risk),
        cmocka_unit_test(an_event_of_the_release_before_has_its_evidence_and_no_trace),
        cmocka_unit_test(evidence_is_added_behind_what_is_there),
        cmocka_unit_test(a_stance_comes_back_as_it_was_recorded),
        cmocka_unit_test(text_that_is_not_as_it_was_is_said_to_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
