/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the versions of the live rules: in force, ended, of another node, in conflict. */
#ifndef CTL_VERSIONS_H
#define CTL_VERSIONS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/rules/layer.h"
#include "shared/store/env.h"

struct ctl_versions {
    struct zta_layer *all; /* without texts and entries, the greatest number first */
    size_t n;
    size_t capacity;
    uint64_t in_force; /* 0: the empty one */
    int64_t now_s;
};

/* What is in force may be unreadable, and counts as none then. ZTA_NO_MEMORY, ZTA_IO. */
enum zta_status ctl_versions_open(struct zta_view *view, int64_t now_s,
                                  struct ctl_versions *versions) ZTA_MUST_CHECK;
void ctl_versions_close(struct ctl_versions *versions);

/* Of one that it has. */
const char *ctl_version_state(const struct ctl_versions *versions, const struct zta_layer *layer);
/*
 * The number of the version that was made without that one, which it took the place of; 0: none.
 * in_force_alone: only what is in force counts.
 */
uint64_t ctl_version_conflict(const struct ctl_versions *versions, const struct zta_layer *layer,
                              bool in_force_alone);

#endif
