/* SPDX-License-Identifier: Apache-2.0 */
/* The bound of what other nodes may do here: ZTAGovernor's, as the server has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/fleet/bound.h"
#include "shared/base/clock.h"
#include "shared/store/blocks.h"
#include "shared/store/published_governor.h"
#include "shared/store/revocations.h"
#include "tests/unit/fleet_world.h"

static struct zta_cidr network_of(const char *text)
{
    struct zta_cidr cidr;
    assert_int_equal(zta_cidr_parse(zta_text_of(text), &cidr, NULL), ZTA_OK);
    return cidr;
}

/* As the helper does when the server starts. */
static void publish(struct world_node *node, const struct zta_governor_limits *limits)
{
    struct zta_change *change = world_helper_begin(node);
    assert_int_equal(zta_published_put_governor(change, limits), ZTA_OK);
    world_helper_end(node, change);
}

static void refresh(struct ctl_bound *bound, struct world_node *node)
{
    ctl_bound_refresh(bound, node->scratch.store, zta_clock_real_ns() / ZTA_NS_PER_S);
}

/* What the last node says when it blocks that, or revokes a subject of that name. */
static struct zta_statement say(struct world *world, const char *network, const char *subject)
{
    struct world_node *node = &world->nodes[WORLD_NODES - 1];
    struct zta_statement statement;
    struct zta_change *change = world_begin(node);
    if (network != NULL) {
        const struct zta_block block = {.kind = ZTA_BLOCK_NETWORK,
                                        .network = network_of(network),
                                        .until_s = zta_clock_real_ns() / ZTA_NS_PER_S + 600,
                                        .created_ns = zta_clock_real_ns(),
                                        .reason = ZTA_TEXT("test"),
                                        .author = ZTA_TEXT("ann")};
        assert_int_equal(zta_block_put(change, &block), ZTA_OK);
    }
    else {
        const struct zta_revocation revocation = {.kind = ZTA_REVOKE_SUBJECT,
                                                  .issuer = ZTA_TEXT("corp"),
                                                  .subject = zta_text_of(subject),
                                                  .watermark_s = 1,
                                                  .created_ns = zta_clock_real_ns(),
                                                  .reason = ZTA_TEXT("test"),
                                                  .author = ZTA_TEXT("ann")};
        assert_int_equal(zta_revocation_put(change, &revocation), ZTA_OK);
    }
    world_commit(change);
    const struct zta_text bytes = world_item(&world->stream, world_say_one(world, node));
    assert_int_equal(zta_statement_read(bytes, &statement), ZTA_OK);
    return statement;
}

/* How many of ten more subjects it admits. */
static unsigned admits(struct world *world, struct ctl_bound *bound, const char *prefix)
{
    unsigned n = 0;
    for (unsigned i = 0; i < 10; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s-%u", prefix, i);
        const struct zta_statement statement = say(world, NULL, name);
        n += ctl_bound_admits(bound, &statement, false);
    }
    return n;
}

static void the_server_says_how_many_may_be_hit(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[0];
    struct ctl_bound *bound = NULL;
    assert_int_equal(ctl_bound_open(&bound), ZTA_OK);
    refresh(bound, node);
    assert_int_equal(admits(world, bound, "by-default"), 5);
    const struct zta_governor_limits wider = {.percent = 5, .window_s = 3600, .min = 8};
    publish(node, &wider);
    assert_int_equal(admits(world, bound, "not-yet"), 0);
    refresh(bound, node);
    assert_int_equal(admits(world, bound, "wider"), 3); /* who was hit before stays so */
    const struct zta_governor_limits none = {.percent = 0, .window_s = 60, .min = 0};
    publish(node, &none);
    refresh(bound, node);
    assert_int_equal(admits(world, bound, "none"), 0);
    assert_int_equal(zta_store_check(node->scratch.dir, true, NULL), ZTA_OK);
    ctl_bound_close(&bound);
}

static void whom_automation_never_touches_nobody_elses_does(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[0];
    struct ctl_bound *bound = NULL;
    const struct zta_cidr never[] = {network_of("203.0.113.0/28"), network_of("2001:db8::7")};
    const struct zta_governor_limits limits = {
        .percent = 5, .window_s = 3600, .min = 5, .never = never, .n_never = 2};
    const struct zta_statement inside = say(world, "203.0.113.7", NULL);
    const struct zta_statement around = say(world, "203.0.113.0/24", NULL);
    const struct zta_statement six = say(world, "2001:db8::/64", NULL);
    const struct zta_statement beside = say(world, "203.0.113.77", NULL);
    const struct zta_statement *all[] = {&inside, &around, &six};
    assert_int_equal(ctl_bound_open(&bound), ZTA_OK);
    refresh(bound, node);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_true(ctl_bound_admits(bound, all[i], false));
    }
    publish(node, &limits);
    refresh(bound, node);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_false(ctl_bound_admits(bound, all[i], false));
        assert_false(ctl_bound_admits(bound, all[i], true)); /* nor any longer */
    }
    assert_true(ctl_bound_admits(bound, &beside, false));
    assert_true(ctl_bound_admits(bound, &beside, true));
    ctl_bound_close(&bound);
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(the_server_says_how_many_may_be_hit),
        IN_A_FLEET(whom_automation_never_touches_nobody_elses_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
