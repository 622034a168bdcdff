/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks each second whether a file of items that lists of rules name was replaced: says what is
 * wrong with the new one for as long as it is, and publishes what is good. Children read such files
 * themselves (mod_zta/lists.h). In the helper's process, free of httpd.
 */
#ifndef MOD_ZTA_HELPER_LIST_WATCH_H
#define MOD_ZTA_HELPER_LIST_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/observer.h"
#include "shared/base/bytes.h"
#include "shared/base/file.h"

/* Sources of rules in order, names and texts as they are published; texts may be replaced. */
struct mod_zta_list_watch {
    const struct zta_text *names;
    struct zta_text *texts;
    size_t n;
    struct zta_file_stamp *taken;   /* of each; inode 0: not known */
    struct zta_file_stamp *seen;    /* as of the last look */
    struct zta_file_stamp *refused; /* what cannot be used */
    char **owned;                   /* texts that this watch read */
    int64_t next_ns;                /* monotonic */
};

/* One look, when it is time. True: texts have changed and want to be published. */
bool mod_zta_list_watch_step(struct mod_zta_list_watch *watch, struct mod_zta_observer *observer,
                             int64_t now_mono_ns, int64_t now_real_ns);

#endif
