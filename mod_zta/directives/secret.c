/* SPDX-License-Identifier: Apache-2.0 */
/* A secret that everybody could read or write is none. */
#include "mod_zta/directives/secret.h"

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/load.h"

/* "ZTAIntrospect: secret=", "ZTAPushAuthorization: ". */
static const char *label(cmd_parms *cmd, const char *option)
{
    return option == NULL ? apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", NULL)
                          : apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", option, "=", NULL);
}

const char *mod_zta_read_secret(cmd_parms *cmd, const char *option, const char *value,
                                apr_size_t max, struct zta_text *text)
{
    const char *error = NULL;
    apr_size_t len = 0;
    if (strncmp(value, "file:", 5) != 0 || value[5] == '\0') {
        /* Not repeated: it may be the secret itself. */
        return apr_pstrcat(cmd->pool, label(cmd, option), option == NULL ? "" : ": ",
                           "expected file:PATH", NULL);
    }
    const char *path = ap_server_root_relative(cmd->pool, value + 5);
    const char *data =
        path == NULL ? NULL : mod_zta_load_secret(cmd->pool, path, max, &len, &error);
    if (data == NULL) {
        return apr_psprintf(cmd->pool, "%s%s: %s", label(cmd, option), value,
                            error != NULL ? error : "no such path");
    }
    *text = (struct zta_text){.data = data, .len = len};
    return NULL;
}

const char *mod_zta_read_secret_line(cmd_parms *cmd, const char *option, const char *value,
                                     apr_size_t max, struct zta_text *text)
{
    const char *error = mod_zta_read_secret(cmd, option, value, max, text);
    if (error != NULL) {
        return error;
    }
    if (memchr(text->data, '\0', text->len) != NULL) {
        return apr_psprintf(cmd->pool, "%s%s: found a NUL byte, expected one line of text",
                            label(cmd, option), value);
    }
    while (text->len > 0 && strchr("\r\n", text->data[text->len - 1]) != NULL) {
        text->len--;
    }
    if (text->len == 0 || memchr(text->data, '\n', text->len) != NULL) {
        return apr_psprintf(cmd->pool, "%s%s: expected one line of text", label(cmd, option),
                            value);
    }
    return NULL;
}
