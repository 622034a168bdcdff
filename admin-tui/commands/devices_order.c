/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting twice as many as are wanted, and forgetting the second half, again and again. */
#include "admin-tui/commands/devices_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/devices.h"

enum {
    TEXT_MAX = 64, /* what is the same up to here is the same */
    FIRST = 256,
};

struct ctl_device_place {
    char id[ZTA_DEVICE_ID_MAX + 1];
    char text[TEXT_MAX];
    int64_t number;
    bool is_known;
};

/* Columns that have an order, as the list shows them. */
static const enum ctl_column ordered[] = {
    CTL_COLUMN_ID,        CTL_COLUMN_OWNER,      CTL_COLUMN_MANAGED,    CTL_COLUMN_COMPLIANT,
    CTL_COLUMN_ENCRYPTED, CTL_COLUMN_OS,         CTL_COLUMN_OS_VERSION, CTL_COLUMN_CREATED,
    CTL_COLUMN_CHANGED,   CTL_COLUMN_CHANGED_BY,
};

enum zta_status ctl_device_order_parse(struct zta_text name, struct ctl_device_order *order,
                                       struct zta_error *error)
{
    char names[256];
    struct zta_buffer out;
    zta_buffer_init(&out, names, sizeof names);
    for (size_t i = 0; i < sizeof ordered / sizeof ordered[0]; i++) {
        const char *known = ctl_column_name(ordered[i]);
        if (zta_text_equal(name, zta_text_of(known))) {
            order->column = ordered[i];
            return ZTA_OK;
        }
        zta_buffer_printf(&out, " %s", known);
    }
    return zta_error_set(error, ZTA_INVALID, "--sort: found '%.*s', expected one of%s",
                         (int)name.len, name.data, names);
}

static void keep_text(struct ctl_device_place *place, struct zta_text text)
{
    (void)snprintf(place->text, sizeof place->text, "%.*s", (int)text.len, text.data);
    place->is_known = text.len > 0;
}

static void keep_trait(struct ctl_device_place *place, const struct zta_device *device,
                       enum zta_device_trait trait)
{
    keep_text(place, zta_text_of(ctl_device_trait_word(device, trait)));
    place->is_known = (device->traits.known & 1u << trait) != 0;
}

static void keep_time(struct ctl_device_place *place, int64_t time_ns)
{
    place->number = time_ns;
    place->is_known = time_ns != 0;
}

static void keep(struct ctl_device_place *place, enum ctl_column column,
                 const struct zta_device *device)
{
    char owner[ZTA_SUBJECT_MAX + 1 + ZTA_NAME_MAX + 1];
    struct zta_buffer out;
    *place = (struct ctl_device_place){.is_known = false};
    (void)snprintf(place->id, sizeof place->id, "%.*s", (int)device->id.len, device->id.data);
    switch ((int)column) {
    case CTL_COLUMN_OWNER:
        zta_buffer_init(&out, owner, sizeof owner);
        ctl_device_print_owner(device, &out);
        keep_text(place, (struct zta_text){.data = owner, .len = out.len});
        break;
    case CTL_COLUMN_MANAGED:
        keep_trait(place, device, ZTA_DEVICE_MANAGED);
        break;
    case CTL_COLUMN_COMPLIANT:
        keep_trait(place, device, ZTA_DEVICE_COMPLIANT);
        break;
    case CTL_COLUMN_ENCRYPTED:
        keep_trait(place, device, ZTA_DEVICE_ENCRYPTED);
        break;
    case CTL_COLUMN_OS:
        keep_text(place, device->os);
        break;
    case CTL_COLUMN_OS_VERSION:
        keep_text(place, device->os_version);
        break;
    case CTL_COLUMN_CREATED:
        keep_time(place, device->created_ns);
        break;
    case CTL_COLUMN_CHANGED:
        keep_time(place, device->changed_ns);
        break;
    case CTL_COLUMN_CHANGED_BY:
        keep_text(place, device->author);
        break;
    default:
        place->is_known = true; /* by its id alone */
    }
}

static int compare(const void *a, const void *b)
{
    const struct ctl_device_place *one = a;
    const struct ctl_device_place *other = b;
    if (one->is_known != other->is_known) {
        return one->is_known ? -1 : 1;
    }
    if (one->number != other->number) {
        return one->number < other->number ? -1 : 1;
    }
    const int order = strcmp(one->text, other->text);
    return order != 0 ? order : strcmp(one->id, other->id);
}

size_t ctl_device_order_settle(struct ctl_device_order *order)
{
    if (order->n > 1) {
        qsort(order->places, order->n, sizeof *order->places, compare);
    }
    if (order->most > 0 && order->n > order->most) {
        order->n = (size_t)order->most;
    }
    return order->n;
}

enum zta_status ctl_device_order_offer(struct ctl_device_order *order,
                                       const struct zta_device *device)
{
    if (order->most > 0 && order->n / 2 >= order->most) {
        (void)ctl_device_order_settle(order);
    }
    if (order->n == order->size) {
        const size_t size = order->size == 0 ? FIRST : 2 * order->size;
        struct ctl_device_place *grown = realloc(order->places, size * sizeof *grown);
        if (grown == NULL) {
            return ZTA_NO_MEMORY;
        }
        order->places = grown;
        order->size = size;
    }
    keep(&order->places[order->n++], order->column, device);
    return ZTA_OK;
}

struct zta_text ctl_device_order_id(const struct ctl_device_order *order, size_t i)
{
    return zta_text_of(order->places[i].id);
}

void ctl_device_order_clear(struct ctl_device_order *order)
{
    free(order->places);
    order->places = NULL;
    order->n = order->size = 0;
}
