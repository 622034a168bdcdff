/* SPDX-License-Identifier: Apache-2.0 */
/* Detectors: each signal is found when it is there, and not where honest traffic looks like it. */
#include "shared/risk/detect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "shared/base/clock.h"
#include "tests/unit/scratch_store.h"

#define T0_S INT64_C(1900000000)
#define HOME ((struct zta_sighting_place){.network = 1, .system = 64500, .country = 'C' << 8 | 'H'})
#define ABROAD                                                                                     \
    ((struct zta_sighting_place){.network = 2, .system = 64666, .country = 'F' << 8 | 'R'})

static struct zta_sighting entered(double at_s, struct zta_sighting_place place)
{
    return (struct zta_sighting){
        .time_ns = T0_S * ZTA_NS_PER_S + (int64_t)(at_s * 1e9),
        .n = 1,
        .traits = ZTA_SIGHTING_ENTERED | ZTA_SIGHTING_SESSION | ZTA_SIGHTING_ALLOWED,
        .place = place,
        .account = 1,
    };
}

static struct zta_sighting missing(double at_s, uint64_t path)
{
    struct zta_sighting sighting = entered(at_s, HOME);
    sighting.traits |= ZTA_SIGHTING_MISSING;
    sighting.path = path * UINT64_C(0x9e3779b97f4a7c15);
    return sighting;
}

static struct zta_sighting refused(double at_s, uint64_t account)
{
    struct zta_sighting sighting = entered(at_s, HOME);
    sighting.traits = ZTA_SIGHTING_FAILED;
    sighting.account = account * UINT64_C(0x9e3779b97f4a7c15);
    return sighting;
}

static size_t count(const struct zta_findings *findings, enum zta_risk_signal signal)
{
    size_t n = 0;
    for (size_t i = 0; i < findings->n; i++) {
        n += findings->items[i].signal == signal ? 1 : 0;
    }
    return n;
}

/* Adds up what is found over a whole story. */
struct story {
    struct zta_session_watch session;
    struct zta_address_watch address;
    struct zta_findings last;
    size_t n[ZTA_N_RISK_SIGNALS];
};

static void tell(struct story *story, struct zta_sighting sighting)
{
    struct zta_findings findings = {.n = 0};
    zta_detect_session(&story->session, &sighting, &findings);
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        story->n[i] += count(&findings, (enum zta_risk_signal)i);
    }
    story->last = findings.n > 0 ? findings : story->last;
}

static void tell_address(struct story *story, struct zta_sighting sighting)
{
    struct zta_findings findings = {.n = 0};
    zta_detect_address(&story->address, &sighting, &findings);
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        story->n[i] += count(&findings, (enum zta_risk_signal)i);
    }
    story->last = findings.n > 0 ? findings : story->last;
}

/* ---- several networks ---- */

static void two_who_share_a_credential_are_found_within_the_window(void **state)
{
    struct story story = {.n = {0}};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(story.n[ZTA_RISK_SEVERAL_NETWORKS], 0);
        tell(&story, entered(10 * i, i % 2 == 0 ? HOME : ABROAD));
    }
    assert_int_equal(story.n[ZTA_RISK_SEVERAL_NETWORKS], 1);
    assert_string_equal(story.last.items[0].evidence, "AS64666 and AS64500 in 30 s");
    /* It goes on: found again after a minute, not with each request. */
    for (int i = 5; i < 30; i++) {
        tell(&story, entered(10 * i, i % 2 == 0 ? HOME : ABROAD));
    }
    assert_in_range(story.n[ZTA_RISK_SEVERAL_NETWORKS], 4, 5);
}

static void a_change_of_network_is_not_several_at_once(void **state)
{
    struct story story = {.n = {0}};
    /* To the office and back each half hour, and a wavering first minute of each. */
    for (int trip = 0; trip < 20; trip++) {
        const struct zta_sighting_place to = trip % 2 == 0 ? HOME : ABROAD;
        const struct zta_sighting_place from = trip % 2 == 0 ? ABROAD : HOME;
        tell(&story, entered(trip * 1800, to));
        tell(&story, entered(trip * 1800 + 20, from));
        tell(&story, entered(trip * 1800 + 40, to));
    }
    assert_int_equal(story.n[ZTA_RISK_SEVERAL_NETWORKS], 0);
}

static void long_requests_of_the_network_before_are_no_return(void **state)
{
    struct story story = {.n = {0}};
    tell(&story, entered(0, HOME));
    for (int i = 0; i < 40; i++) {
        tell(&story, entered(10 + i, ABROAD));
        /* Arrived before the change, recorded when it was answered. */
        tell(&story, entered(9, HOME));
    }
    assert_int_equal(story.n[ZTA_RISK_SEVERAL_NETWORKS], 0);
}

/* Two places in turn, a request a second, for ten minutes. */
static size_t alternate(struct zta_sighting_place a, struct zta_sighting_place b)
{
    struct story story = {.n = {0}};
    for (int i = 0; i < 600; i++) {
        tell(&story, entered(i, i % 2 == 0 ? a : b));
    }
    return story.n[ZTA_RISK_SEVERAL_NETWORKS];
}

static void what_shares_a_system_or_is_usual_is_one_network(void **state)
{
    struct zta_sighting_place a = HOME;
    struct zta_sighting_place b = ABROAD;
    assert_int_equal(alternate(a, b), 10);
    /* A carrier's pool, and dual stack: one system. */
    b.system = a.system;
    assert_int_equal(alternate(a, b), 0);
    /* Nobody knows the systems: the countries tell. */
    a.system = b.system = 0;
    assert_int_equal(alternate(a, b), 10);
    b.country = a.country;
    assert_int_equal(alternate(a, b), 0);
    b.country = 0;
    assert_int_equal(alternate(a, b), 0);
    /* On the first days a second line in the same country may be the office's. */
    a.system = 64500;
    b.system = 64666;
    b.country = a.country;
    assert_int_equal(alternate(a, b), 0);
    /* Later it is known whether it is. */
    a.is_usual_known = b.is_usual_known = a.is_known_usual = true;
    assert_int_equal(alternate(a, b), 10);
    b.is_known_usual = true;
    assert_int_equal(alternate(a, b), 0);
    /* A VPN abroad that is used all the time. */
    b.country = 'F' << 8 | 'R';
    assert_int_equal(alternate(a, b), 0);
    /* An address that nobody knows. */
    b = (struct zta_sighting_place){.network = 0};
    assert_int_equal(alternate(a, b), 0);
}

static void parallel_requests_of_one_client_are_one(void **state)
{
    struct story story = {.n = {0}};
    for (int i = 0; i < 1000; i++) {
        tell(&story, entered(0.001 * (i % 7), HOME));
    }
    assert_int_equal(story.last.n, 0);
}

/* ---- enumeration ---- */

static void somebody_who_walks_through_paths_is_found(void **state)
{
    struct story story = {.n = {0}};
    for (uint64_t i = 0; i < 60; i++) {
        tell(&story, missing(0.5 * (double)i, i));
        assert_true(story.n[ZTA_RISK_ENUMERATION] == 0 || i >= ZTA_MISSING_PATHS - 1);
        assert_true(story.n[ZTA_RISK_ENUMERATION] == 1 || i < ZTA_MISSING_PATHS + 5);
    }
    assert_int_equal(story.n[ZTA_RISK_ENUMERATION], 1);
    assert_non_null(strstr(story.last.items[0].evidence, " answers 403 or 404, "));
}

static void a_slow_walk_is_found_by_the_long_window(void **state)
{
    struct story story = {.n = {0}};
    for (uint64_t i = 0; i < 60; i++) {
        tell(&story, missing(240.0 * (double)i, i));
    }
    assert_true(story.n[ZTA_RISK_ENUMERATION] > 0);
}

static void missing_pictures_and_honest_work_between_are_no_walk(void **state)
{
    struct story deploy = {.n = {0}};
    struct story work = {.n = {0}};
    for (uint64_t i = 0; i < 2000; i++) {
        /* After a deploy each page asks for twelve that are gone. */
        tell(&deploy, missing(0.2 * (double)i, i % 12));
        /* Every third is refused, each another one. */
        tell(&work, i % 3 == 0 ? missing(0.2 * (double)i, i) : entered(0.2 * (double)i, HOME));
    }
    assert_int_equal(deploy.n[ZTA_RISK_ENUMERATION], 0);
    assert_int_equal(work.n[ZTA_RISK_ENUMERATION], 0);
}

static void a_walk_of_an_address_needs_no_credential(void **state)
{
    struct story story = {.n = {0}};
    for (uint64_t i = 0; i < 40; i++) {
        struct zta_sighting sighting = missing((double)i, i);
        sighting.traits = ZTA_SIGHTING_MISSING;
        tell_address(&story, sighting);
    }
    assert_int_equal(story.n[ZTA_RISK_ENUMERATION], 1);
}

/* ---- credentials that were refused ---- */

static void a_burst_of_refused_credentials_is_of_its_address(void **state)
{
    struct story story = {.n = {0}};
    for (int i = 0; i < 59; i++) {
        tell_address(&story, refused(i, 7));
        assert_int_equal(story.n[ZTA_RISK_AUTH_FAILURES], i >= ZTA_FAILURES - 1 ? 1 : 0);
    }
    assert_int_equal(story.n[ZTA_RISK_STUFFING], 0);
}

static void many_accounts_tried_are_stuffing(void **state)
{
    struct story fast = {.n = {0}};
    struct story slow = {.n = {0}};
    for (uint64_t i = 1; i <= 12; i++) {
        tell_address(&fast, refused((double)i, i));
    }
    assert_int_equal(fast.n[ZTA_RISK_STUFFING], 1);
    assert_string_equal(fast.last.items[0].evidence, "10 accounts refused, 0 let in");
    for (uint64_t i = 1; i <= 40; i++) {
        tell_address(&slow, refused(400.0 * (double)i, i));
    }
    assert_true(slow.n[ZTA_RISK_STUFFING] > 0);
    assert_int_equal(slow.n[ZTA_RISK_AUTH_FAILURES], 0);
}

static void refused_credentials_never_raise_anything_for_a_session(void **state)
{
    struct story story = {.n = {0}};
    for (uint64_t i = 1; i <= 1000; i++) {
        struct zta_sighting sighting = refused((double)i / 10, i);
        sighting.traits |= ZTA_SIGHTING_MISSING;
        tell(&story, sighting);
    }
    assert_int_equal(story.last.n, 0);
}

/* An hour of 500 people behind one address, who ask for things that are gone now and then. */
static void an_address_of_500_honest_users_is_quiet(void **state)
{
    struct story story = {.n = {0}};
    uint64_t seed = 1;
    for (int i = 0; i < 60000; i++) {
        const double at_s = i * 0.06;
        const uint64_t who = scratch_random(&seed) % 500;
        struct zta_sighting sighting = entered(at_s, HOME);
        sighting.account = (who + 1) * UINT64_C(0x9e3779b97f4a7c15);
        if (scratch_random(&seed) % 20 == 0) {
            sighting.traits |= ZTA_SIGHTING_MISSING;
            sighting.path = scratch_random(&seed);
        }
        if (scratch_random(&seed) % 50 == 0) {
            /* One in fifty shows something broken; thirty of them have nothing else. */
            sighting = refused(at_s, who % 30 + 1000);
        }
        tell_address(&story, sighting);
    }
    assert_int_equal(story.last.n, 0);
}

/* ---- proofs ---- */

static struct zta_sighting unproven(double at_s, unsigned trait, struct zta_sighting_place place)
{
    struct zta_sighting sighting = entered(at_s, place);
    sighting.traits = ZTA_SIGHTING_SESSION | trait;
    return sighting;
}

static void a_replay_from_elsewhere_is_found_at_once_and_a_retry_is_not(void **state)
{
    static const struct {
        unsigned trait;
        enum zta_risk_signal signal;
    } rows[] = {{.trait = ZTA_SIGHTING_REPLAYED, .signal = ZTA_RISK_TOKEN_REPLAY},
                {.trait = ZTA_SIGHTING_UNBOUND, .signal = ZTA_RISK_BINDING_FAILURE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct story thief = {.n = {0}};
        tell(&thief, entered(0, HOME));
        tell(&thief, unproven(1, rows[i].trait, ABROAD));
        assert_int_equal(thief.n[rows[i].signal], 1);
        assert_string_equal(thief.last.items[0].evidence, "1 in 0 s, from another network");
        struct story client = {.n = {0}};
        tell(&client, entered(0, HOME));
        for (int retry = 1; retry <= ZTA_PROOF_FAILURES; retry++) {
            assert_int_equal(client.n[rows[i].signal], 0);
            tell(&client, unproven(retry, rows[i].trait, HOME));
        }
        assert_int_equal(client.n[rows[i].signal], 1);
    }
    /* Twice an hour a connection breaks. */
    struct story mobile = {.n = {0}};
    for (int i = 0; i < 48; i++) {
        tell(&mobile, entered(i * 1800, HOME));
        tell(&mobile, unproven(i * 1800 + 5, ZTA_SIGHTING_REPLAYED, HOME));
    }
    assert_int_equal(mobile.last.n, 0);
}

/* ---- all of them ---- */

static void requests_alike_count_as_many(void **state)
{
    struct story story = {.n = {0}};
    struct zta_sighting sighting = refused(0, 7);
    sighting.n = ZTA_FAILURES;
    tell_address(&story, sighting);
    assert_int_equal(story.n[ZTA_RISK_AUTH_FAILURES], 1);
}

static void a_clock_that_steps_ends_windows_and_breaks_nothing(void **state)
{
    static const double steps_s[] = {0, 1e6, -1e6, 2e6, 0, 3e8, -1.8e9, 5};
    struct story story = {.n = {0}};
    for (size_t i = 0; i < sizeof steps_s / sizeof steps_s[0]; i++) {
        for (uint64_t k = 0; k < ZTA_MISSING_PATHS - 2; k++) {
            tell(&story, missing(steps_s[i] + (double)k, i * 100 + k));
            tell_address(&story, refused(steps_s[i], i * 8 + k % 8));
        }
    }
    assert_int_equal(story.n[ZTA_RISK_ENUMERATION], 0);
    assert_int_equal(story.n[ZTA_RISK_STUFFING], 0);
    /* Set back for good: found again by the new clock. */
    for (int i = 0; i < 6; i++) {
        tell(&story, entered(-1e7 + i, i % 2 == 0 ? HOME : ABROAD));
    }
    assert_int_equal(story.n[ZTA_RISK_SEVERAL_NETWORKS], 1);
}

static void watches_are_small(void **state)
{
    assert_in_range(sizeof(struct zta_session_watch), 1, 384);
    assert_in_range(sizeof(struct zta_address_watch), 1, 384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_who_share_a_credential_are_found_within_the_window),
        cmocka_unit_test(a_change_of_network_is_not_several_at_once),
        cmocka_unit_test(long_requests_of_the_network_before_are_no_return),
        cmocka_unit_test(what_shares_a_system_or_is_usual_is_one_network),
        cmocka_unit_test(parallel_requests_of_one_client_are_one),
        cmocka_unit_test(somebody_who_walks_through_paths_is_found),
        cmocka_unit_test(a_slow_walk_is_found_by_the_long_window),
        cmocka_unit_test(missing_pictures_and_honest_work_between_are_no_walk),
        cmocka_unit_test(a_walk_of_an_address_needs_no_credential),
        cmocka_unit_test(a_burst_of_refused_credentials_is_of_its_address),
        cmocka_unit_test(many_accounts_tried_are_stuffing),
        cmocka_unit_test(refused_credentials_never_raise_anything_for_a_session),
        cmocka_unit_test(an_address_of_500_honest_users_is_quiet),
        cmocka_unit_test(a_replay_from_elsewhere_is_found_at_once_and_a_retry_is_not),
        cmocka_unit_test(requests_alike_count_as_many),
        cmocka_unit_test(a_clock_that_steps_ends_windows_and_breaks_nothing),
        cmocka_unit_test(watches_are_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
