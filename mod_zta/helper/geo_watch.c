/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is still being written is left alone until it looks the same twice. */
#include "mod_zta/helper/geo_watch.h"

#include <stdbool.h>

#include "mod_zta/helper/observer_priv.h"
#include "shared/base/clock.h"

static const enum mod_zta_alert alerts[ZTA_N_GEO_KINDS] = {
    [ZTA_GEO_COUNTRY] = MOD_ZTA_ALERT_GEO,
    [ZTA_GEO_ASN] = MOD_ZTA_ALERT_ASN,
};

/* One file at one look. */
struct look {
    struct mod_zta_geo_watch *watch;
    struct mod_zta_observer *observer;
    enum zta_geo_kind kind;
    int64_t now_s;
};

static void alarm_of(const struct look *look, const struct zta_error *error)
{
    const struct mod_zta_geo_watched *file = &look->watch->files[look->kind];
    bool has_copy = zta_geo_copies_current(look->watch->copies, look->kind) != 0;
    struct zta_error text;
    (void)zta_error_set(&text, error->status, "%s %s: %s; %s", file->directive, file->path,
                        error->text,
                        has_copy ? "the last good one serves on" : "nothing is known by it");
    mod_zta_observer_alert(look->observer, alerts[look->kind], look->now_s, text.text);
}

static void be_well(const struct look *look)
{
    mod_zta_observer_alert(look->observer, alerts[look->kind], look->now_s, NULL);
}

static void take(const struct look *look, const struct zta_file_stamp *stamp)
{
    struct mod_zta_geo_watched *file = &look->watch->files[look->kind];
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    switch (zta_geo_copies_take(look->watch->copies, look->kind, file->path, &error)) {
    case ZTA_OK:
        mod_zta_observer_log(look->observer, MOD_ZTA_HELPER_NOTICE, "ZTA0107: %s %s is taken over",
                             file->directive, file->path);
        be_well(look);
        return;
    case ZTA_BUSY:
        return; /* it changes just now: at the next look */
    case ZTA_FULL:
    case ZTA_NO_MEMORY:
        break; /* not the file's fault: tried again at each look */
    default:
        file->refused = *stamp;
        break;
    }
    alarm_of(look, &error);
}

static void look_at(const struct look *look, bool is_first)
{
    struct mod_zta_geo_watched *file = &look->watch->files[look->kind];
    const struct zta_file_stamp *taken = &look->watch->copies->taken[look->kind];
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_file_stamp stamp = {.inode = 0};
    if (zta_file_look(file->path, &stamp, &error) != ZTA_OK) {
        alarm_of(look, &error);
    }
    else if (zta_file_stamp_equal(&stamp, taken)) {
        be_well(look);
    }
    else if (!zta_file_stamp_equal(&stamp, &file->refused) &&
             (is_first || zta_file_stamp_equal(&stamp, &file->seen))) {
        take(look, &stamp);
    }
    file->seen = stamp;
}

void mod_zta_geo_watch_step(struct mod_zta_geo_watch *watch, struct mod_zta_observer *observer,
                            int64_t now_mono_ns, int64_t now_real_ns)
{
    bool is_first = watch->next_ns == 0;
    if (watch->copies == NULL || now_mono_ns < watch->next_ns) {
        return;
    }
    watch->next_ns = now_mono_ns + ZTA_NS_PER_S;
    for (enum zta_geo_kind kind = 0; kind < ZTA_N_GEO_KINDS; kind++) {
        struct look look = {.watch = watch,
                            .observer = observer,
                            .kind = kind,
                            .now_s = now_real_ns / ZTA_NS_PER_S};
        if (watch->files[kind].path != NULL && watch->copies->is_open[kind]) {
            look_at(&look, is_first);
            zta_geo_copies_sweep(watch->copies, kind);
        }
    }
}
