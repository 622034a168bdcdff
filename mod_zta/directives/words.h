/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the functions of the directives share: where a directive may stand, how its words are read,
 * and how a wrong one is named. Only while the configuration is read.
 */
#ifndef MOD_ZTA_DIRECTIVES_WORDS_H
#define MOD_ZTA_DIRECTIVES_WORDS_H

#include <httpd.h>
#include <http_config.h>

#include <stdbool.h>
#include <stdint.h>

/* "NAME: got 'GOT', expected EXPECTATION", for httpd to print with file and line. */
const char *mod_zta_expected(cmd_parms *cmd, const char *got, const char *expectation);

/* NULL, or why the directive cannot stand here. */
/* Once in the main server, outside every section. */
const char *mod_zta_check_global(cmd_parms *cmd);
/*
 * Server, vhost, Location, Directory. Not <Proxy>: it is merged once a back end is chosen, after
 * the request was judged.
 */
const char *mod_zta_check_place(cmd_parms *cmd);
/* Inside <ZTAIssuer>. */
const char *mod_zta_check_issuer_section(cmd_parms *cmd);
/* Inside <ZTATransmitter>. */
const char *mod_zta_check_transmitter_section(cmd_parms *cmd);
/* Inside either: what both have, keys and audiences, stands in current_issuer. */
const char *mod_zta_check_source_section(cmd_parms *cmd);

/* Bytes, with K, M or G (powers of 1024) behind the digits. False for anything else. */
bool mod_zta_word_size(const char *word, uint64_t *size);
/* The text behind "name=", or NULL. */
const char *mod_zta_word_option(const char *word, const char *name);
/* A header that a client may send: Authorization has a grammar of its own, ours are scrubbed. */
bool mod_zta_word_is_header(const char *word);
/* A name that rules, commands and logs can hold: letters, digits, '.', '_', '-', at most 63. */
bool mod_zta_word_is_name(const char *word);

#endif
