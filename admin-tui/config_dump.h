/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What httpd's configuration says, read by a run of `apachectl -t -D ZTA_DUMP`: no shell in
 * between, bounded in time and size. The lines are those of mod_zta/dump.c (docs/formats.md).
 */
#ifndef CTL_CONFIG_DUMP_H
#define CTL_CONFIG_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "admin-tui/command.h"
#include "shared/base/status.h"
#include "shared/hazards.h"

/* A finding; texts are borrowed from the dump, or from who added it. */
struct ctl_finding {
    enum zta_hazard hazard;
    enum zta_severity severity;
    const char *server; /* NULL: about none, as the others */
    const char *place;
    const char *rule;
    const char *file;
    int64_t line; /* 0: not known */
    const char *text;
};

struct ctl_config_dump {
    char *output; /* of the run, NUL-terminated */
    size_t output_len;
    char *errors;
    size_t errors_len;
    json_t *lines; /* array of the objects that it printed */
    const char *store;
    bool starts;   /* nothing in it ends a cold start */
    bool is_whole; /* the last line was there */
    struct ctl_finding *findings;
    size_t n_findings;
};

/*
 * Runs `program`, NULL: the first of the usual ones, with -f conf unless that is NULL. Says what is
 * wrong. The dump is the caller's to close, whatever it returns.
 */
enum ctl_exit ctl_config_dump_run(const char *program, const char *conf,
                                  struct ctl_config_dump *dump);
void ctl_config_dump_close(struct ctl_config_dump *dump);

/* What a run printed, into lines and findings. ZTA_CORRUPT: a line that it should not have. */
enum zta_status ctl_config_dump_parse(struct ctl_config_dump *dump) ZTA_MUST_CHECK;
/* Adds one that only the store knows; false: no memory. */
bool ctl_config_dump_add(struct ctl_config_dump *dump, const struct ctl_finding *finding);
/* The worst first, then by file and line. */
void ctl_config_dump_sort(struct ctl_config_dump *dump);

/* The next line of a kind behind *i, which begins at 0; NULL: there is no further one. */
const json_t *ctl_config_dump_next(const struct ctl_config_dump *dump, const char *kind, size_t *i);

#endif
