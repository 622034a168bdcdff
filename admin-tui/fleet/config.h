/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a node of a fleet (fleet.conf): a word and its values a line, # before remarks.
 *   fleet NAME · node NAME · operator-key KEY · engine HOST:PORT, or sentinel NAME HOST:PORT... ·
 *   user NAME · password-file FILE · key-file FILE
 */
#ifndef CTL_FLEET_CONFIG_H
#define CTL_FLEET_CONFIG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/fleet/signing.h"

#define CTL_FLEET_CONFIG_DEFAULT "/etc/zta/fleet.conf"
#define CTL_FLEET_ENDPOINTS_MAX  8
#define CTL_FLEET_PASSWORD_MAX   512

struct ctl_endpoint {
    char host[ZTA_HOST_MAX + 1];
    uint16_t port;
};

struct ctl_fleet_config {
    char path[PATH_MAX]; /* of the file itself, for messages */
    char fleet[ZTA_NAME_MAX + 1];
    char node[ZTA_NAME_MAX + 1];
    bool has_operator_key;
    struct zta_public_key operator_key;
    struct ctl_endpoint endpoints[CTL_FLEET_ENDPOINTS_MAX]; /* the engine, or its sentinels */
    size_t n_endpoints;
    char master[ZTA_NAME_MAX + 1]; /* what the sentinels call it; "": no sentinels */
    char user[ZTA_NAME_MAX + 1];   /* "": the engine's default user */
    char password_file[PATH_MAX];  /* "": none is asked for */
    char key_file[PATH_MAX];       /* "": fleet.key in policy/ */
};

/*
 * Reads and checks all of it; *error names file, line, what was found and what was expected.
 * ZTA_NOT_FOUND, ZTA_INVALID, ZTA_IO.
 */
enum zta_status ctl_fleet_config_read(const char *path, struct ctl_fleet_config *config,
                                      struct zta_error *error) ZTA_MUST_CHECK;
/* The password's first line; "" when no file is named. ZTA_FORBIDDEN: others may read it. */
enum zta_status ctl_fleet_password(const struct ctl_fleet_config *config,
                                   char password[CTL_FLEET_PASSWORD_MAX],
                                   struct zta_error *error) ZTA_MUST_CHECK;

#endif
