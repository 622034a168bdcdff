/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outlives a graceful restart and the unloading of this module: the shared memory, and the
 * last good texts of rules and keys. Lives in the process pool of httpd's parent; the parent
 * alone writes.
 */
#ifndef MOD_ZTA_RETAINED_H
#define MOD_ZTA_RETAINED_H

#include <apr_pools.h>

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"

struct mod_zta_retained_text {
    char *name;
    char *text;
    struct mod_zta_retained_text *next;
};

struct mod_zta_retained {
    uint32_t generation; /* configurations that went into force; 0: not running yet */
    void *segment_base;  /* NULL: none yet */
    uint64_t segment_size;
    struct mod_zta_retained_text *rules;   /* last good, in order */
    struct mod_zta_retained_text *keys;    /* by issuer name */
    struct mod_zta_retained_text *signing; /* private keys of ZTAAssertion, by file, in order */
};

/* Creates it at the first call of a process. */
struct mod_zta_retained *mod_zta_retained(void);
/* Replaces a list by copies; texts are wiped and freed with the old list. */
void mod_zta_retained_clear(struct mod_zta_retained_text **list);
void mod_zta_retained_add(struct mod_zta_retained_text **list, const char *name, const char *text);
/* NULL when there is none of that name; valid until the list is cleared. */
const char *mod_zta_retained_find(const struct mod_zta_retained_text *list, const char *name);

#endif
