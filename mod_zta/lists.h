/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of items that lists of rules name (`list N file:PATH`), as this process uses them: those of
 * the configuration, until one is replaced by another that it can read. One thread at a time.
 */
#ifndef MOD_ZTA_LISTS_H
#define MOD_ZTA_LISTS_H

#include <httpd.h>

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"

/* In child_init; nothing when no list names a file. */
void mod_zta_lists_begin(void);
/* Once a second, for one thread: time to look. Any thread. */
bool mod_zta_lists_is_due(int64_t now_mono_ns);
/*
 * True when a file was replaced and nobody is writing it any more: from now on mod_zta_lists_text
 * gives what stands in it, until settle says whether that is to be used. One file at a time, so
 * that one which is at fault keeps none other back.
 */
bool mod_zta_lists_look(int64_t now_real_ns);
/* fault NULL: it is good. is_final: it is not tried again unless something changes. */
void mod_zta_lists_settle(server_rec *s, const char *fault, bool is_final);
/* What was refused may fit now: the rules around it are others. */
void mod_zta_lists_retry(void);

/* Text of file i of the configuration's rules; that of the configuration where nothing is newer. */
struct zta_text mod_zta_lists_text(int i);
/* Some text is newer than the configuration's. */
bool mod_zta_lists_are_newer(void);

#endif
