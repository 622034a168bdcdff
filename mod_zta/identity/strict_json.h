/* SPDX-License-Identifier: Apache-2.0 */
/* JSON objects from outside, read so that no two parsers could disagree (RFC 8725, RFC 8259). */
#ifndef MOD_ZTA_IDENTITY_STRICT_JSON_H
#define MOD_ZTA_IDENTITY_STRICT_JSON_H

#include <jansson.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

/*
 * One object and nothing behind it: UTF-8, no NUL in any name or text, no member twice at any
 * level, numbers that fit, within ZTA_JSON_DEPTH_MAX and ZTA_JSON_MEMBERS_MAX. ZTA_INVALID
 * otherwise, *fault says why (a literal). The caller releases *root by json_decref.
 */
enum zta_status mod_zta_json_load(struct zta_text text, json_t **root,
                                  const char **fault) ZTA_MUST_CHECK;

/* The same for a document of a configured issuer, which may have more members in an object. */
enum zta_status mod_zta_json_load_document(struct zta_text text, json_t **root,
                                           const char **fault) ZTA_MUST_CHECK;

/* A member that is a text; absent when it is missing or of another kind. Borrowed from object. */
struct zta_text mod_zta_json_text(const json_t *object, const char *name);
/* The text of a value; absent when it is no text. */
struct zta_text mod_zta_json_text_of(const json_t *value);

#define MOD_ZTA_EXCERPT_SIZE 49
/* The start of a text from outside, safe to print; "..." behind it when it is cut. Returns out. */
const char *mod_zta_excerpt(struct zta_text text, char out[MOD_ZTA_EXCERPT_SIZE]);

#endif
