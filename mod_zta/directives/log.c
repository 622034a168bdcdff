/* SPDX-License-Identifier: Apache-2.0 */
/* ZTALog. */
#include <apr_file_info.h>
#include <apr_strings.h>

#include <string.h>
#include <syslog.h>

#include "mod_zta/config.h"
#include "mod_zta/directives/set.h"
#include "mod_zta/directives/words.h"

#define LOG_MAX       16
#define EVERY_MAX     1000000
#define SYSLOG_SOCKET "/dev/log"

#define TARGET_EXPECTED                                                                            \
    "a file in a directory that exists, |PROGRAM, or syslog:FACILITY[@SOCKET] such as "            \
    "syslog:local6, at most 16 of them and each once"
#define OPTION_EXPECTED "format=ecs, format=ocsf, sample-allow=N from 1 to 1000000, or mandatory"

static bool find_facility(const char *name, int *facility)
{
    static const struct {
        const char *name;
        int facility;
    } facilities[] = {
        {.name = "auth", .facility = LOG_AUTH},     {.name = "authpriv", .facility = LOG_AUTHPRIV},
        {.name = "daemon", .facility = LOG_DAEMON}, {.name = "user", .facility = LOG_USER},
        {.name = "local0", .facility = LOG_LOCAL0}, {.name = "local1", .facility = LOG_LOCAL1},
        {.name = "local2", .facility = LOG_LOCAL2}, {.name = "local3", .facility = LOG_LOCAL3},
        {.name = "local4", .facility = LOG_LOCAL4}, {.name = "local5", .facility = LOG_LOCAL5},
        {.name = "local6", .facility = LOG_LOCAL6}, {.name = "local7", .facility = LOG_LOCAL7},
    };
    for (size_t i = 0; i < sizeof facilities / sizeof facilities[0]; i++) {
        if (strcasecmp(name, facilities[i].name) == 0) {
            *facility = facilities[i].facility;
            return true;
        }
    }
    return false;
}

static bool parse_syslog(apr_pool_t *pool, const char *word, struct mod_zta_log_end *end)
{
    char *facility = apr_pstrdup(pool, word);
    char *socket = strchr(facility, '@');
    end->sink = MOD_ZTA_LOG_SYSLOG;
    end->path = SYSLOG_SOCKET;
    if (socket != NULL) {
        *socket = '\0';
        end->path = socket + 1;
    }
    return end->path[0] == '/' && find_facility(facility, &end->facility);
}

/* A file in a directory that is not there is found now, not by the first line. */
static bool parse_file(apr_pool_t *pool, const char *word, struct mod_zta_log_end *end)
{
    apr_finfo_t info;
    const char *path = ap_server_root_relative(pool, word);
    if (path == NULL) {
        return false;
    }
    const char *directory = ap_make_dirstr_parent(pool, path);
    end->path = path;
    return apr_stat(&info, directory, APR_FINFO_TYPE, pool) == APR_SUCCESS &&
           info.filetype == APR_DIR &&
           (apr_stat(&info, path, APR_FINFO_TYPE, pool) != APR_SUCCESS || info.filetype != APR_DIR);
}

static bool parse_target(apr_pool_t *pool, const char *word, struct mod_zta_log_end *end)
{
    static const char syslog_prefix[] = "syslog:";
    if (word[0] == '|') {
        end->sink = MOD_ZTA_LOG_PIPE;
        end->path = word + 1;
        return word[strspn(word, "|$ ")] != '\0';
    }
    if (strncmp(word, syslog_prefix, sizeof syslog_prefix - 1) == 0) {
        return parse_syslog(pool, word + sizeof syslog_prefix - 1, end);
    }
    end->sink = MOD_ZTA_LOG_FILE;
    return parse_file(pool, word, end);
}

static bool parse_option(const char *word, struct mod_zta_log_end *end)
{
    const char *format = mod_zta_word_option(word, "format");
    const char *every = mod_zta_word_option(word, "sample-allow");
    uint64_t n;
    if (strcasecmp(word, "mandatory") == 0) {
        end->is_mandatory = true;
        return true;
    }
    if (every != NULL && zta_text_to_u64(zta_text_of(every), EVERY_MAX, &n) == ZTA_OK && n > 0) {
        end->every = (uint32_t)n;
        return true;
    }
    if (format != NULL && strcasecmp(format, "ocsf") == 0) {
        end->format = ZTA_LOG_OCSF;
        return true;
    }
    return format != NULL && strcasecmp(format, "ecs") == 0;
}

/* Two writers of one file would tear each other's lines. */
static bool is_taken(const apr_array_header_t *ends, const struct mod_zta_log_end *end)
{
    for (int i = 0; i < ends->nelts; i++) {
        const struct mod_zta_log_end *other = &APR_ARRAY_IDX(ends, i, struct mod_zta_log_end);
        if (other->sink == end->sink && other->facility == end->facility &&
            strcmp(other->path, end->path) == 0) {
            return true;
        }
    }
    return false;
}

const char *mod_zta_set_log(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    const char *error = mod_zta_check_global(cmd);
    struct mod_zta_global *global = mod_zta_global();
    if (error != NULL) {
        return error;
    }
    struct mod_zta_log_end end = {
        .name = argc > 0 ? argv[0] : "", .fd = -1, .every = 1, .format = ZTA_LOG_ECS};
    if (argc < 1 || !parse_target(cmd->pool, argv[0], &end) || is_taken(global->log_ends, &end) ||
        global->log_ends->nelts >= LOG_MAX) {
        return mod_zta_expected(cmd, end.name, TARGET_EXPECTED);
    }
    for (int i = 1; i < argc; i++) {
        if (!parse_option(argv[i], &end)) {
            return mod_zta_expected(cmd, argv[i], OPTION_EXPECTED);
        }
    }
    APR_ARRAY_PUSH(global->log_ends, struct mod_zta_log_end) = end;
    global->is_log_mandatory |= end.is_mandatory;
    return NULL;
}
