/* SPDX-License-Identifier: Apache-2.0 */
/* A command's table of what a walk over the store brings. */
#ifndef CTL_WALK_H
#define CTL_WALK_H

#include <stddef.h>

#include "admin-tui/command.h"
#include "admin-tui/output.h"
#include "shared/store/env.h"

struct ctl_walk {
    const char *const *titles;
    size_t n_columns;
    const char *what; /* "reading blocks": for what fails */
};

/* Adds rows; the view ends behind it. */
typedef enum zta_status (*ctl_walk_fn)(void *context, struct zta_view *view, struct ctl_list *list);

/* Opens a view, collects, and prints, or says what is wrong. */
enum ctl_exit ctl_walk_print(const struct ctl *ctl, const struct ctl_walk *walk, ctl_walk_fn fn,
                             void *context);

#endif
