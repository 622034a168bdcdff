/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles networks: addresses as one set, autonomous systems as sorted numbers. */
#include "shared/rules/compile_priv.h"

#include <stdlib.h>
#include <string.h>

static enum zta_status add_asn(struct zta_compiler *compiler, uint32_t asn)
{
    uint32_t *added = zta_vector_push(&compiler->asns);
    if (added == NULL) {
        return ZTA_NO_MEMORY;
    }
    *added = asn;
    return ZTA_OK;
}

enum zta_status zta_compile_net(struct zta_compiler *compiler, const struct zta_ast_value *source)
{
    struct zta_cidr cidr;
    uint32_t asn;
    if (zta_value_asn(source->text, &asn) == ZTA_OK) {
        return add_asn(compiler, asn);
    }
    if (zta_cidr_parse(source->text, &cidr, NULL) != ZTA_OK) {
        return zta_compile_fail(compiler, source, NULL, zta_value_expected(ZTA_VALUE_NETWORK));
    }
    struct zta_cidr *added = zta_vector_push(&compiler->cidrs);
    if (added == NULL) {
        return ZTA_NO_MEMORY;
    }
    *added = cidr;
    return ZTA_OK;
}

static int compare_asns(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left;
    const uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static enum zta_status make_addrs(struct zta_compiler *compiler, struct zta_net_set *set)
{
    struct zta_cidr *cidrs = (struct zta_cidr *)(void *)compiler->cidrs.items;
    const size_t n = compiler->cidrs.n;
    size_t n_v4 = 0;
    for (size_t i = 0; i < n; i++) {
        n_v4 += cidrs[i].addr.family == 4 ? 1 : 0;
    }
    set->v4 = zta_arena_alloc(compiler->set->arena, 2 * n_v4 * sizeof *set->v4);
    set->v6 = zta_arena_alloc(compiler->set->arena, 2 * (n - n_v4) * sizeof *set->v6);
    if (set->v4 == NULL || set->v6 == NULL) {
        return ZTA_NO_MEMORY;
    }
    zta_net_set_make(cidrs, n, set);
    compiler->cidrs.n = 0;
    return ZTA_OK;
}

enum zta_status zta_compile_nets_end(struct zta_compiler *compiler, struct zta_rule_values *run)
{
    struct zta_rule_nets nets = {.n_asns = compiler->asns.n};
    const enum zta_status status = make_addrs(compiler, &nets.addrs);
    if (status != ZTA_OK) {
        return status;
    }
    nets.asns = zta_vector_move(&compiler->asns, compiler->set->arena);
    struct zta_rule_nets *added = zta_vector_push(&compiler->nets);
    if (nets.asns == NULL || added == NULL) {
        return ZTA_NO_MEMORY;
    }
    if (nets.n_asns > 0) {
        compiler->set->asks_asn = true;
        qsort(nets.asns, nets.n_asns, sizeof *nets.asns, compare_asns);
    }
    run->first = (uint32_t)(compiler->nets.n - 1);
    *added = nets;
    return ZTA_OK;
}
