/* SPDX-License-Identifier: Apache-2.0 */
/* What bounds automation, and whom it tells. */
#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/directives/set.h"
#include "mod_zta/directives/words.h"
#include "mod_zta/notify.h"
#include "shared/base/clock.h"

#define GOVERNOR_EXPECTED                                                                          \
    "SHARE%/DURATION [min=SUBJECTS] [never=NETWORK,...] such as 5%/1h min=5 never=192.0.2.0/24"

static bool parse_share(const char *word, struct zta_governor_limits *limits)
{
    const char *percent = strchr(word, '%');
    uint64_t share;
    int64_t window_s;
    if (percent == NULL || percent[1] != '/' ||
        zta_text_to_u64((struct zta_text){.data = word, .len = (size_t)(percent - word)}, 100,
                        &share) != ZTA_OK ||
        zta_duration_parse(zta_text_of(percent + 2), &window_s) != ZTA_OK || window_s < 60 ||
        window_s > ZTA_GOVERNOR_WINDOW_MAX) {
        return false;
    }
    limits->percent = (unsigned)share;
    limits->window_s = window_s;
    return true;
}

/* NULL, or the network that is none. */
static const char *parse_never(apr_pool_t *pool, const char *list, apr_array_header_t *never)
{
    char *state;
    char *copy = apr_pstrdup(pool, list);
    for (char *item = apr_strtok(copy, ",", &state); item != NULL;
         item = apr_strtok(NULL, ",", &state)) {
        struct zta_cidr cidr;
        if (zta_cidr_parse(zta_text_of(item), &cidr, NULL) != ZTA_OK ||
            never->nelts >= ZTA_GOVERNOR_NEVER_MAX) {
            return item;
        }
        APR_ARRAY_PUSH(never, struct zta_cidr) = cidr;
    }
    return NULL;
}

const char *mod_zta_set_governor(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    const char *error = mod_zta_check_global(cmd);
    struct mod_zta_global *global = mod_zta_global();
    if (error != NULL) {
        return error;
    }
    if (argc < 1 || !parse_share(argv[0], &global->governor)) {
        return mod_zta_expected(cmd, argc < 1 ? "" : argv[0], GOVERNOR_EXPECTED);
    }
    for (int i = 1; i < argc; i++) {
        const char *min = mod_zta_word_option(argv[i], "min");
        const char *never = mod_zta_word_option(argv[i], "never");
        uint64_t n;
        if (min != NULL && zta_text_to_u64(zta_text_of(min), 1000000, &n) == ZTA_OK) {
            global->governor.min = (unsigned)n;
        }
        else if (never == NULL || parse_never(cmd->pool, never, global->never) != NULL) {
            return mod_zta_expected(cmd, argv[i], GOVERNOR_EXPECTED);
        }
    }
    return NULL;
}

const char *mod_zta_set_notify(cmd_parms *cmd, void *unused, const char *name, const char *target)
{
    const char *error = mod_zta_check_global(cmd);
    struct mod_zta_global *global = mod_zta_global();
    if (error != NULL) {
        return error;
    }
    if (!mod_zta_word_is_name(name)) {
        return mod_zta_expected(cmd, name, "a name of letters, digits, '.', '_' and '-'");
    }
    for (int i = 0; i < global->notify->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(global->notify, i, struct mod_zta_notify_target).name, name) ==
            0) {
            return mod_zta_expected(cmd, name, "a name that no other ZTANotify has");
        }
    }
    const char *path = target[0] == '|' ? target + 1 : ap_server_root_relative(cmd->pool, target);
    if (path == NULL || path[0] == '\0' || global->notify->nelts >= MOD_ZTA_NOTIFY_MAX) {
        return mod_zta_expected(cmd, target, "|PROGRAM or a file, at most 16 of them");
    }
    APR_ARRAY_PUSH(global->notify, struct mod_zta_notify_target) = (struct mod_zta_notify_target){
        .name = name, .path = path, .is_program = target[0] == '|', .fd = -1};
    return NULL;
}
