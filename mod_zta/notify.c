/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that the helper inherits. */
#include "mod_zta/notify.h"

#include <http_config.h>
#include <http_log.h>

#include <apr_file_io.h>
#include <apr_portable.h>

#include <fcntl.h>

#include "mod_zta/config.h"

APLOG_USE_MODULE(zta);

static apr_file_t *open_program(apr_pool_t *pconf, const char *command)
{
    piped_log *program = ap_open_piped_log(pconf, command);
    return program == NULL ? NULL : ap_piped_log_write_fd(program);
}

static apr_file_t *open_file(apr_pool_t *pconf, const char *path)
{
    apr_file_t *file = NULL;
    const apr_status_t status =
        apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_APPEND | APR_FOPEN_CREATE,
                      APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_GREAD, pconf);
    return status == APR_SUCCESS ? file : NULL;
}

void mod_zta_notify_open(apr_pool_t *pconf, server_rec *s)
{
    const apr_array_header_t *targets = mod_zta_global()->notify;
    for (int i = 0; i < targets->nelts; i++) {
        struct mod_zta_notify_target *target =
            &APR_ARRAY_IDX(targets, i, struct mod_zta_notify_target);
        apr_file_t *file =
            target->is_program ? open_program(pconf, target->path) : open_file(pconf, target->path);
        if (file == NULL || apr_os_file_get(&target->fd, file) != APR_SUCCESS) {
            target->fd = -1;
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                         "ZTA0113: ZTANotify %s: %s cannot be opened; nothing is sent to it",
                         target->name, target->path);
            continue;
        }
        /* Of a pipe whose reader does not read the helper must learn at once. */
        const int flags = fcntl(target->fd, F_GETFL);
        (void)fcntl(target->fd, F_SETFL, flags | O_NONBLOCK);
    }
}
