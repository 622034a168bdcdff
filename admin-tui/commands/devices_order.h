/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first devices of an order, out of any number: a walk offers all of them, and of each only
 * what it is ordered by is kept, of twice as many as are wanted at the most.
 */
#ifndef CTL_COMMANDS_DEVICES_ORDER_H
#define CTL_COMMANDS_DEVICES_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/device_file.h"
#include "shared/store/devices.h"

struct ctl_device_order {
    enum ctl_column column;
    uint64_t most; /* 0: all */
    struct ctl_device_place *places;
    size_t n;
    size_t size;
};

/* The member that --sort names. ZTA_INVALID: there is no order by it. */
enum zta_status ctl_device_order_parse(struct zta_text name, struct ctl_device_order *order,
                                       struct zta_error *error) ZTA_MUST_CHECK;
/* ZTA_NO_MEMORY. */
enum zta_status ctl_device_order_offer(struct ctl_device_order *order,
                                       const struct zta_device *device) ZTA_MUST_CHECK;
/* Behind the last one: how many there are, in their order; what is not known stands last. */
size_t ctl_device_order_settle(struct ctl_device_order *order);
struct zta_text ctl_device_order_id(const struct ctl_device_order *order, size_t i);
void ctl_device_order_clear(struct ctl_device_order *order);

#endif
