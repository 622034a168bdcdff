/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory in a fleet: the latest record of a device counts, and what it lacks by any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/devices.h"
#include "tests/unit/fleet_world.h"

#define N_DEVICES      4
#define N_CERTIFICATES 3
#define N_CHANGES      12
#define ROUNDS         25
#define TEXT_MAX       4096
#define MANAGED        (1u << ZTA_DEVICE_MANAGED)
#define COMPLIANT      (1u << ZTA_DEVICE_COMPLIANT)

static const char *const ids[N_DEVICES] = {"laptop-1", "laptop-2", "phone-1", "phone-12"};

static struct zta_sha256 certificate_of(unsigned number)
{
    struct zta_sha256 certificate;
    memset(certificate.bytes, (int)number + 1, sizeof certificate.bytes);
    return certificate;
}

static enum zta_status put(struct world_node *node, const struct zta_device *device)
{
    bool is_changed;
    struct zta_change *change = world_begin(node);
    const enum zta_status status = zta_device_put(change, device, &is_changed);
    world_commit(change);
    return status;
}

static void change_something(struct world_node *node, uint64_t *random)
{
    const unsigned number = (unsigned)(scratch_random(random) % N_DEVICES);
    const struct zta_sha256 certificate =
        certificate_of((unsigned)(scratch_random(random) % N_CERTIFICATES));
    const uint8_t known = (uint8_t)(scratch_random(random) & (MANAGED | COMPLIANT));
    const struct zta_device device = {
        .id = zta_text_of(ids[number]),
        .traits = {.known = known, .yes = (uint8_t)(known & scratch_random(random))},
        .certificates = &certificate,
        .n_certificates = scratch_random(random) % 2,
        .action_id = 1,
    };
    if (scratch_random(random) % 5 > 0) {
        const enum zta_status status = put(node, &device);
        assert_true(status == ZTA_OK || status == ZTA_EXISTS);
        return;
    }
    struct zta_change *change = world_begin(node);
    const enum zta_status status = zta_device_remove(change, device.id, 1);
    assert_true(status == ZTA_OK || status == ZTA_NOT_FOUND);
    world_commit(change);
}

static bool print_device(void *context, const struct zta_device *device)
{
    zta_buffer_printf(context, "%.*s %u %u %zu %lld\n", (int)device->id.len, device->id.data,
                      device->traits.known, device->traits.yes, device->n_certificates,
                      (long long)device->changed_ns);
    return true;
}

/* All devices, and whom each certificate leads to. */
static void print_node(struct world_node *node, char text[TEXT_MAX])
{
    struct zta_buffer out;
    struct zta_fleet_digest digest;
    struct zta_view *view = world_look(node);
    zta_buffer_init(&out, text, TEXT_MAX);
    assert_int_equal(zta_device_each(view, print_device, &out), ZTA_OK);
    for (unsigned i = 0; i < N_CERTIFICATES; i++) {
        uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
        struct zta_device device;
        const struct zta_sha256 certificate = certificate_of(i);
        if (zta_device_find_certificate(view, &certificate, storage, &device) == ZTA_OK) {
            zta_buffer_printf(&out, "%u leads to %.*s\n", i, (int)device.id.len, device.id.data);
        }
    }
    assert_int_equal(zta_fleet_digest(view, &digest), ZTA_OK);
    zta_buffer_printf(&out, "%llu statements\n", (unsigned long long)digest.n);
    zta_view_end(&view);
    assert_false(out.is_overflowed);
}

static void assert_alike(struct world *world)
{
    char texts[WORLD_NODES][TEXT_MAX];
    for (size_t i = 0; i < WORLD_NODES; i++) {
        print_node(&world->nodes[i], texts[i]);
        assert_string_equal(texts[i], texts[0]);
    }
}

static void whatever_the_order_devices_end_up_alike(void **state)
{
    struct world *world = *state;
    uint64_t random = 20261123;
    for (int round = 0; round < ROUNDS; round++) {
        world_disorder(world, N_CHANGES, change_something, &random);
        assert_alike(world);
    }
    for (size_t i = 0; i < WORLD_NODES; i++) {
        struct zta_error error = {.status = ZTA_OK};
        assert_int_equal(zta_store_check(world->nodes[i].scratch.dir, true, &error), ZTA_OK);
    }
}

static struct zta_answers traits_at(struct world_node *node, const char *id)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device device;
    struct zta_view *view = world_look(node);
    const enum zta_status status = zta_device_get(view, zta_text_of(id), storage, &device);
    zta_view_end(&view);
    return status == ZTA_OK ? device.traits : (struct zta_answers){.known = 0};
}

/* All that it says reaches the others; *last is the outcome of the last one at the first node. */
static void tell(struct world *world, struct world_node *node, enum zta_fleet_outcome *last)
{
    const size_t first = world->stream.n;
    world_say_all(world, node);
    for (size_t i = first; i < world->stream.n; i++) {
        *last = world_take(&world->nodes[0], world_item(&world->stream, i));
        (void)world_take(&world->nodes[1], world_item(&world->stream, i));
    }
}

static void who_may_only_restrict_makes_no_device_compliant(void **state)
{
    struct world *world = *state;
    struct world_node *restricting = &world->nodes[WORLD_NODES - 1];
    enum zta_fleet_outcome last;
    struct zta_device device = {.id = zta_text_of(ids[0]),
                                .traits = {.known = MANAGED | COMPLIANT, .yes = MANAGED}};
    device.traits.yes = MANAGED | COMPLIANT;
    assert_int_equal(put(restricting, &device), ZTA_OK);
    tell(world, restricting, &last);
    assert_int_equal(last, ZTA_FLEET_NOT_GRANTED);
    assert_int_equal(traits_at(&world->nodes[0], ids[0]).known, 0);

    device.os = ZTA_TEXT("macos");
    assert_int_equal(put(&world->nodes[1], &device), ZTA_OK);
    tell(world, &world->nodes[1], &last);
    world_hear_all(world);
    assert_int_equal(traits_at(&world->nodes[0], ids[0]).yes, MANAGED | COMPLIANT);

    /* What it finds lacking, is: and nothing else of the record changes. */
    device.traits.yes = MANAGED;
    device.os = ZTA_TEXT("other");
    assert_int_equal(put(restricting, &device), ZTA_OK);
    tell(world, restricting, &last);
    assert_int_equal(last, ZTA_FLEET_TAKEN);
    for (size_t i = 0; i < 2; i++) {
        uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
        struct zta_device found;
        struct zta_view *view = world_look(&world->nodes[i]);
        assert_int_equal(zta_device_get(view, device.id, storage, &found), ZTA_OK);
        zta_view_end(&view);
        assert_int_equal(found.traits.known, MANAGED | COMPLIANT);
        assert_int_equal(found.traits.yes, MANAGED);
        assert_true(zta_text_equal(found.os, ZTA_TEXT("macos")));
    }

    /* Until who may grant says otherwise. */
    device.traits.yes = MANAGED | COMPLIANT;
    assert_int_equal(put(&world->nodes[1], &device), ZTA_OK);
    tell(world, &world->nodes[1], &last);
    assert_int_equal(traits_at(&world->nodes[0], ids[0]).yes, MANAGED | COMPLIANT);

    struct zta_change *change = world_begin(restricting);
    assert_int_equal(zta_device_remove(change, device.id, 1), ZTA_OK);
    world_commit(change);
    tell(world, restricting, &last);
    assert_int_equal(last, ZTA_FLEET_NOT_GRANTED);
    assert_int_equal(traits_at(&world->nodes[0], ids[0]).yes, MANAGED | COMPLIANT);
}

/* The one that was changed last has it, and the other when that has it no more. */
static void a_certificate_leads_to_one_device_everywhere(void **state)
{
    struct world *world = *state;
    const struct zta_sha256 certificate = certificate_of(0);
    for (size_t i = 0; i < 2; i++) {
        const struct zta_device device = {
            .id = zta_text_of(ids[i]), .certificates = &certificate, .n_certificates = 1};
        assert_int_equal(put(&world->nodes[i], &device), ZTA_OK);
    }
    world_say_all(world, &world->nodes[1]);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    assert_alike(world);
    char text[TEXT_MAX];
    print_node(&world->nodes[2], text);
    assert_non_null(strstr(text, "0 leads to laptop-2"));
    struct zta_change *change = world_begin(&world->nodes[0]);
    assert_int_equal(zta_device_remove(change, zta_text_of(ids[1]), 1), ZTA_OK);
    world_commit(change);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    assert_alike(world);
    print_node(&world->nodes[2], text);
    assert_non_null(strstr(text, "0 leads to laptop-1"));
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(whatever_the_order_devices_end_up_alike),
        IN_A_FLEET(who_may_only_restrict_makes_no_device_compliant),
        IN_A_FLEET(a_certificate_leads_to_one_device_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
