/* SPDX-License-Identifier: Apache-2.0 */
/* The directives as httpd wants them; words, places and help texts stand in directives.def. */
#include "mod_zta/config.h"
#include "mod_zta/directives/set.h"
#include "mod_zta/handlers/own.h"

#define GLOBAL      RSRC_CONF
#define ISSUER      RSRC_CONF
#define TRANSMITTER RSRC_CONF
#define PLACE       (RSRC_CONF | ACCESS_CONF)

const command_rec mod_zta_commands[] = {
#define ZTA_DIRECTIVE(args, name, suffix, where, syntax, help)                                     \
    AP_INIT_##args(name, mod_zta_set_##suffix, NULL, where, syntax ": " help),
#include "mod_zta/directives.def"
#undef ZTA_DIRECTIVE
    AP_INIT_TAKE1("SetHandler", mod_zta_handlers_note, NULL, OR_FILEINFO, "a handler name"),
    {.name = NULL},
};
