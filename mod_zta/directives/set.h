/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The function of each directive of directives.def. Each returns NULL, or an error that names the
 * word that was found and what was expected.
 */
#ifndef MOD_ZTA_DIRECTIVES_SET_H
#define MOD_ZTA_DIRECTIVES_SET_H

#include <httpd.h>
#include <http_config.h>

#define MOD_ZTA_SET_RAW_ARGS(name)                                                                 \
    const char *mod_zta_set_##name(cmd_parms *cmd, void *place, const char *args);
#define MOD_ZTA_SET_TAKE1(name)                                                                    \
    const char *mod_zta_set_##name(cmd_parms *cmd, void *place, const char *word);
#define MOD_ZTA_SET_ITERATE(name) MOD_ZTA_SET_TAKE1(name) /* called once a word */
#define MOD_ZTA_SET_TAKE2(name)                                                                    \
    const char *mod_zta_set_##name(cmd_parms *cmd, void *place, const char *first,                 \
                                   const char *second);
#define MOD_ZTA_SET_TAKE12(name) MOD_ZTA_SET_TAKE2(name) /* second may be NULL */
#define MOD_ZTA_SET_TAKE_ARGV(name)                                                                \
    const char *mod_zta_set_##name(cmd_parms *cmd, void *place, int argc, char *const argv[]);

#define ZTA_DIRECTIVE(args, name, suffix, where, syntax, help) MOD_ZTA_SET_##args(suffix)
#include "mod_zta/directives.def"
#undef ZTA_DIRECTIVE

#endif
