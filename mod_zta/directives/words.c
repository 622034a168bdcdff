/* SPDX-License-Identifier: Apache-2.0 */
/* What the directives share: where they may stand, and their words. */
#include "mod_zta/directives/words.h"

#include <http_core.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"

#define ISSUER_CONTAINER      "<ZTAIssuer"
#define TRANSMITTER_CONTAINER "<ZTATransmitter"
#define SIZE_MAX_BYTES        (UINT64_C(1) << 46)

const char *mod_zta_expected(cmd_parms *cmd, const char *got, const char *expectation)
{
    return apr_psprintf(cmd->pool, "%s: got '%s', expected %s", cmd->cmd->name, got, expectation);
}

/* In no section that would apply it to something else than it says. */
static const char *check_context(cmd_parms *cmd, unsigned forbidden)
{
    if (mod_zta_global()->current_issuer != NULL) {
        return apr_psprintf(cmd->pool, "%s: cannot occur within %s> section", cmd->cmd->name,
                            mod_zta_global()->current_transmitter != NULL ? TRANSMITTER_CONTAINER
                                                                          : ISSUER_CONTAINER);
    }
    return ap_check_cmd_context(cmd, forbidden);
}

const char *mod_zta_check_global(cmd_parms *cmd)
{
    return check_context(cmd, GLOBAL_ONLY);
}

const char *mod_zta_check_place(cmd_parms *cmd)
{
    return check_context(cmd, NOT_IN_LIMIT | NOT_IN_FILES | NOT_IN_HTACCESS | NOT_IN_PROXY);
}

static bool is_within(const cmd_parms *cmd, const char *container)
{
    const ap_directive_t *parent = cmd->directive->parent;
    return parent != NULL && strcasecmp(parent->directive, container) == 0 &&
           mod_zta_global()->current_issuer != NULL;
}

static const char *refuse_outside(cmd_parms *cmd, const char *expected)
{
    return apr_psprintf(cmd->pool, "%s: stands outside a section, expected inside %s NAME URL>",
                        cmd->cmd->name, expected);
}

const char *mod_zta_check_issuer_section(cmd_parms *cmd)
{
    return is_within(cmd, ISSUER_CONTAINER) ? NULL : refuse_outside(cmd, ISSUER_CONTAINER);
}

const char *mod_zta_check_transmitter_section(cmd_parms *cmd)
{
    return is_within(cmd, TRANSMITTER_CONTAINER) ? NULL
                                                 : refuse_outside(cmd, TRANSMITTER_CONTAINER);
}

const char *mod_zta_check_source_section(cmd_parms *cmd)
{
    return is_within(cmd, ISSUER_CONTAINER) || is_within(cmd, TRANSMITTER_CONTAINER)
               ? NULL
               : refuse_outside(cmd, ISSUER_CONTAINER);
}

bool mod_zta_word_size(const char *word, uint64_t *size)
{
    size_t len = strlen(word);
    unsigned shift = 0;
    if (len > 0) {
        switch (word[len - 1]) {
        case 'k':
        case 'K':
            shift = 10;
            break;
        case 'm':
        case 'M':
            shift = 20;
            break;
        case 'g':
        case 'G':
            shift = 30;
            break;
        default:
            break;
        }
    }
    uint64_t n;
    struct zta_text digits = {.data = word, .len = shift > 0 ? len - 1 : len};
    if (zta_text_to_u64(digits, SIZE_MAX_BYTES >> shift, &n) != ZTA_OK) {
        return false;
    }
    *size = n << shift;
    return true;
}

const char *mod_zta_word_option(const char *word, const char *name)
{
    size_t len = strlen(name);
    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

bool mod_zta_word_is_name(const char *word)
{
    size_t len = strlen(word);
    return len > 0 && len < ZTA_NAME_MAX && apr_isalnum(word[0]) &&
           strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

bool mod_zta_word_is_header(const char *word)
{
    return word[0] != '\0' &&
           strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "0123456789-") == strlen(word) &&
           strcasecmp(word, "Authorization") != 0 && strncasecmp(word, "X-ZTA-", 6) != 0;
}
