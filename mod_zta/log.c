/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that the helper inherits, and the mark up to which the ring may fill. */
#include "mod_zta/log.h"

#include <http_config.h>
#include <http_log.h>

#include <apr_file_io.h>
#include <apr_portable.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "mod_zta/child.h"
#include "mod_zta/config.h"
#include "shared/live/ring.h"

APLOG_USE_MODULE(zta);

#define FILE_MODE 0640
#define RESERVE   8 /* that part of the ring is left to requests that run */

static apr_status_t close_fd(void *data)
{
    (void)close((int)(intptr_t)data);
    return APR_SUCCESS;
}

/* By root, as httpd opens its own logs. */
static int open_file(apr_pool_t *pconf, const char *path)
{
    const int fd =
        open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, FILE_MODE);
    if (fd >= 0) {
        apr_pool_cleanup_register(pconf, (void *)(intptr_t)fd, close_fd, apr_pool_cleanup_null);
    }
    return fd;
}

/* "|program", "||program": started without a shell; "|$command": by one. */
static int open_program(apr_pool_t *pconf, const char *command)
{
    const bool is_shell = command[0] == '$';
    const char *words = command + (is_shell || command[0] == '|' ? 1 : 0);
    piped_log *program =
        ap_open_piped_log_ex(pconf, words, is_shell ? APR_SHELLCMD_ENV : APR_PROGRAM_ENV);
    int fd = -1;
    if (program == NULL || apr_os_file_get(&fd, ap_piped_log_write_fd(program)) != APR_SUCCESS) {
        return -1;
    }
    /* Of a pipe whose reader does not read the helper must learn at once. */
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

void mod_zta_log_open(apr_pool_t *pconf, server_rec *s)
{
    const apr_array_header_t *ends = mod_zta_global()->log_ends;
    for (int i = 0; i < ends->nelts; i++) {
        struct mod_zta_log_end *end = &APR_ARRAY_IDX(ends, i, struct mod_zta_log_end);
        if (end->sink == MOD_ZTA_LOG_SYSLOG) {
            continue;
        }
        end->fd = end->sink == MOD_ZTA_LOG_PIPE ? open_program(pconf, end->path)
                                                : open_file(pconf, end->path);
        if (end->fd < 0) {
            ap_log_error(APLOG_MARK, APLOG_ERR, errno, s,
                         "ZTA0142: ZTALog %s cannot be opened; its lines wait, then they are lost",
                         end->name);
        }
    }
}

bool mod_zta_log_is_full(void)
{
    const struct zta_segment *segment = mod_zta_segment();
    if (!mod_zta_global()->is_log_mandatory || segment == NULL) {
        return false;
    }
    const uint64_t capacity = zta_ring_capacity(segment);
    return zta_ring_head(segment) - zta_ring_tail(segment) >= capacity - capacity / RESERVE;
}
