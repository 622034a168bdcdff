/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets of ZTANotify, opened by the parent before it forks: programs as httpd's piped logs (which
 * it starts again when they die), files as its logs. No child and no helper ever forks.
 */
#ifndef MOD_ZTA_NOTIFY_H
#define MOD_ZTA_NOTIFY_H

#include <httpd.h>

#include <stdbool.h>

#define MOD_ZTA_NOTIFY_MAX 16

/* One ZTANotify; fd is opened by the parent before it forks, -1: not. */
struct mod_zta_notify_target {
    const char *name;
    const char *path; /* file, or command line */
    bool is_program;
    int fd;
};

/* The post_config hook's part; what cannot be opened is logged and stays closed. */
void mod_zta_notify_open(apr_pool_t *pconf, server_rec *s);

#endif
