/* SPDX-License-Identifier: Apache-2.0 */
/* The device of a request: which source counts, what contradictions make, and what never helps. */
#include "mod_zta/identity/device_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"

#define NOW       1800000000
#define MANAGED   (1u << ZTA_DEVICE_MANAGED)
#define COMPLIANT (1u << ZTA_DEVICE_COMPLIANT)
#define KNOWN     (1u << ZTA_DEVICE_KNOWN)
#define ATTESTED  (1u << ZTA_DEVICE_ATTESTED)
#define OWNED     (1u << ZTA_DEVICE_OWNER_MATCH)

static struct zta_identity identity;
static struct zta_context context;

static struct zta_device device(const char *id)
{
    return (struct zta_device){.id = zta_text_of(id),
                               .issuer = ZTA_TEXT("corp"),
                               .subject = ZTA_TEXT("alice"),
                               .traits = {.known = MANAGED | COMPLIANT, .yes = MANAGED | COMPLIANT},
                               .os = ZTA_TEXT("macos"),
                               .os_version = ZTA_TEXT("14.1"),
                               .changed_ns = (NOW - 50) * ZTA_NS_PER_S};
}

static struct mod_zta_posture posture_of(const char *id)
{
    struct mod_zta_posture posture = {.issued_s = NOW - 7, .expires_s = NOW + 100};
    memcpy(posture.device, id, strlen(id) + 1);
    return posture;
}

static bool fill(struct mod_zta_device_sources sources)
{
    context = (struct zta_context){.asn = 0};
    zta_identity_init(&identity);
    identity.issuer = ZTA_TEXT("corp");
    identity.subject = ZTA_TEXT("alice");
    sources.identity = &identity;
    sources.now_s = NOW;
    return mod_zta_device_facts_fill(&sources, &context);
}

static void assert_traits(unsigned known, unsigned yes)
{
    assert_int_equal(context.traits.known, known);
    assert_int_equal(context.traits.yes, yes);
}

static void nothing_known_is_nothing(void **state)
{
    (void)state;
    assert_true(fill((struct mod_zta_device_sources){.now_s = NOW}));
    assert_traits(0, 0);
    assert_true(zta_text_is_absent(context.device));
    assert_int_equal(context.device_from.source, ZTA_SOURCE_NONE);
}

static void the_inventory_speaks_for_what_names_its_device(void **state)
{
    (void)state;
    const struct zta_device found = device("a");
    assert_true(fill((struct mod_zta_device_sources){.by_certificate = &found}));
    assert_traits(KNOWN | ATTESTED | MANAGED | COMPLIANT | OWNED,
                  KNOWN | MANAGED | COMPLIANT | OWNED);
    assert_int_equal(context.device_from.source, ZTA_SOURCE_CERTIFICATE);
    assert_int_equal(context.device_from.age_s, 50);
    assert_true(zta_text_equal(context.os_version, ZTA_TEXT("14.1")));
    assert_true(fill((struct mod_zta_device_sources){.by_claim = &found}));
    assert_traits(KNOWN | ATTESTED | MANAGED | COMPLIANT | OWNED,
                  KNOWN | MANAGED | COMPLIANT | OWNED);
    assert_int_equal(context.device_from.source, ZTA_SOURCE_CLAIM);
}

static void the_owner_is_issuer_and_subject(void **state)
{
    (void)state;
    struct zta_device found = device("a");
    found.issuer = ZTA_TEXT("partner");
    assert_true(fill((struct mod_zta_device_sources){.by_certificate = &found}));
    assert_int_equal(context.traits.known & OWNED, OWNED);
    assert_int_equal(context.traits.yes & OWNED, 0);
    found.issuer = ZTA_TEXT("corp");
    found.subject = ZTA_TEXT("bob");
    assert_true(fill((struct mod_zta_device_sources){.by_certificate = &found}));
    assert_int_equal(context.traits.yes & OWNED, 0);
    found.issuer = found.subject = (struct zta_text){.data = NULL};
    assert_true(fill((struct mod_zta_device_sources){.by_certificate = &found}));
    assert_int_equal(context.traits.known & OWNED, 0);
}

static void a_bound_posture_attests(void **state)
{
    (void)state;
    struct mod_zta_posture posture = posture_of("new");
    posture.traits = (struct zta_answers){.known = COMPLIANT, .yes = COMPLIANT};
    memcpy(posture.os, "ios", 4);
    assert_true(fill((struct mod_zta_device_sources){.posture = &posture, .is_bound = true}));
    assert_traits(KNOWN | ATTESTED | COMPLIANT, KNOWN | ATTESTED | COMPLIANT);
    assert_true(zta_text_equal(context.device, ZTA_TEXT("new")));
    assert_true(zta_text_equal(context.os, ZTA_TEXT("ios")));
    assert_true(zta_text_is_absent(context.os_version));
    assert_int_equal(context.device_from.source, ZTA_SOURCE_POSTURE);
    assert_int_equal(context.device_from.age_s, 7);
}

/* Anybody who saw it could repeat it. */
static void an_unbound_posture_makes_at_most_known(void **state)
{
    (void)state;
    struct mod_zta_posture posture = posture_of("a");
    const struct zta_device found = device("a");
    posture.traits = (struct zta_answers){.known = COMPLIANT | MANAGED, .yes = COMPLIANT | MANAGED};
    memcpy(posture.os, "ios", 4);
    assert_true(fill((struct mod_zta_device_sources){.posture = &posture, .by_posture = &found}));
    assert_traits(KNOWN, KNOWN);
    assert_true(zta_text_is_absent(context.os));
    assert_true(fill((struct mod_zta_device_sources){.posture = &posture}));
    assert_traits(0, 0);
    /* Beside another source it says nothing, whatever device it names. */
    const struct zta_device other = device("b");
    assert_true(fill((struct mod_zta_device_sources){
        .by_certificate = &other, .posture = &posture, .by_posture = &found}));
    assert_true(zta_text_equal(context.device, ZTA_TEXT("b")));
    assert_int_equal(context.traits.yes & ATTESTED, 0);
}

static void the_less_favourable_word_counts(void **state)
{
    (void)state;
    static const struct {
        struct zta_answers inventory;
        struct zta_answers posture;
        struct zta_answers joined;
    } cases[] = {
        {.inventory = {COMPLIANT, COMPLIANT}, .posture = {COMPLIANT, 0}, .joined = {COMPLIANT, 0}},
        {.inventory = {COMPLIANT, 0}, .posture = {COMPLIANT, COMPLIANT}, .joined = {COMPLIANT, 0}},
        {.inventory = {0, 0}, .posture = {COMPLIANT, COMPLIANT}, .joined = {COMPLIANT, COMPLIANT}},
        {.inventory = {COMPLIANT, COMPLIANT}, .posture = {0, 0}, .joined = {COMPLIANT, COMPLIANT}},
        {.inventory = {0, 0}, .posture = {COMPLIANT, 0}, .joined = {COMPLIANT, 0}},
        {.inventory = {0, 0}, .posture = {0, 0}, .joined = {0, 0}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_device found = device("a");
        struct mod_zta_posture posture = posture_of("a");
        found.traits = cases[i].inventory;
        posture.traits = cases[i].posture;
        assert_true(fill((struct mod_zta_device_sources){.by_certificate = &found,
                                                         .posture = &posture,
                                                         .by_posture = &found,
                                                         .is_bound = true}));
        assert_int_equal(context.traits.known & COMPLIANT, cases[i].joined.known);
        assert_int_equal(context.traits.yes & COMPLIANT, cases[i].joined.yes);
        assert_int_equal(context.traits.yes & ATTESTED, ATTESTED);
        assert_int_equal(context.device_from.source, ZTA_SOURCE_CERTIFICATE);
    }
}

static void different_devices_are_none(void **state)
{
    (void)state;
    const struct zta_device one = device("a");
    const struct zta_device other = device("b");
    const struct mod_zta_posture posture = posture_of("b");
    const struct mod_zta_device_sources cases[] = {
        {.by_certificate = &one, .by_claim = &other},
        {.by_certificate = &one, .posture = &posture, .is_bound = true},
        {.by_certificate = &one, .posture = &posture, .by_posture = &other, .is_bound = true},
        {.by_claim = &one, .posture = &posture, .by_posture = &other, .is_bound = true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_false(fill(cases[i]));
        assert_traits(0, 0);
        assert_true(zta_text_is_absent(context.device));
    }
    assert_true(fill((struct mod_zta_device_sources){.by_certificate = &one, .by_claim = &one}));
}

static void of_one_system_the_version_of_the_moment_counts(void **state)
{
    (void)state;
    const struct zta_device found = device("a");
    struct mod_zta_posture posture = posture_of("a");
    const struct mod_zta_device_sources sources = {
        .by_certificate = &found, .posture = &posture, .by_posture = &found, .is_bound = true};
    memcpy(posture.os, "macos", 6);
    memcpy(posture.os_version, "15.0", 5);
    assert_true(fill(sources));
    assert_true(zta_text_equal(context.os_version, ZTA_TEXT("15.0")));
    memcpy(posture.os, "linux", 6);
    assert_true(fill(sources));
    assert_true(zta_text_is_absent(context.os) && zta_text_is_absent(context.os_version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_known_is_nothing),
        cmocka_unit_test(the_inventory_speaks_for_what_names_its_device),
        cmocka_unit_test(the_owner_is_issuer_and_subject),
        cmocka_unit_test(a_bound_posture_attests),
        cmocka_unit_test(an_unbound_posture_makes_at_most_known),
        cmocka_unit_test(the_less_favourable_word_counts),
        cmocka_unit_test(different_devices_are_none),
        cmocka_unit_test(of_one_system_the_version_of_the_moment_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
