/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of items that lists of rules name (`list N file:PATH`), as this process uses them: those of
 * the configuration, until one is replaced by another that it can read. One thread looks and reads;
 * what others see of it changes under the lock of who compiles.
 */
#ifndef MOD_ZTA_LISTS_H
#define MOD_ZTA_LISTS_H

#include <httpd.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"

/* In child_init; how many files there are to look at. */
size_t mod_zta_lists_begin(void);
/*
 * True when that file was replaced and nobody is writing it any more: what stands in it waits to be
 * tried. May take as long as its file system does; for one thread, without the lock.
 */
bool mod_zta_lists_look(size_t n, int64_t now_real_ns);
/* Behind a look: from now on mod_zta_lists_text gives what it found, until settle. Locked. */
void mod_zta_lists_try(void);
/* fault NULL: it is good. is_final: it is not tried again unless something changes. Locked. */
void mod_zta_lists_settle(server_rec *s, const char *fault, bool is_final);
/* What was refused may fit now: the rules around it are others. Any thread. */
void mod_zta_lists_retry(void);

/*
 * Text of file i of the configuration's rules; that of the configuration where nothing is newer.
 * Locked.
 */
struct zta_text mod_zta_lists_text(int i);
/* Some text is newer than the configuration's. Locked. */
bool mod_zta_lists_are_newer(void);

#endif
