/* SPDX-License-Identifier: Apache-2.0 */
/* The only parser of the rule language (docs/rules.md). One error refuses the whole set. */
#ifndef ZTA_RULES_PARSE_H
#define ZTA_RULES_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/rules/ast.h"

#define ZTA_RULES_FILE_PREFIX "file:"
#define ZTA_RULES_ITEMS_MAX   100000 /* of one file */

/*
 * One text of rules: a file, or what was typed. name is what errors and explain call it. A name
 * "file:PATH" is that of a file of items, which lists of other sources name as file:PATH; it is
 * read by whoever reads the rules, since nothing is opened here.
 */
struct zta_rules_source {
    struct zta_text name;
    struct zta_text text;
    bool is_live; /* of the live layer: replaces what has its names elsewhere, reads no files */
};

/* The name of the source to add, "file:PATH" with a path that can be opened. */
typedef enum zta_status (*zta_rules_file_fn)(void *context, const char *name);
/*
 * Each file of items that the lists of a source name, once for each time. What fn returns but
 * ZTA_OK ends the walk and is returned. Rules that cannot be read have none.
 */
enum zta_status zta_rules_each_file(const struct zta_rules_source *source, zta_rules_file_fn fn,
                                    void *context) ZTA_MUST_CHECK;
bool zta_rules_source_is_file(const struct zta_rules_source *source);
/* The name as people know it, without the prefix. */
struct zta_text zta_rules_source_shown(const struct zta_rules_source *source);

struct zta_rules_error {
    char source[256];
    uint32_t line;
    uint32_t column;
    char found[80]; /* safe for a terminal */
    char expected[256];
    char nearest[64]; /* nearest known word; "" when none is near */
};

/* "rules.zta:4:9: found 'pth', expected an attribute; did you mean 'path'?" */
void zta_rules_error_print(const struct zta_rules_error *error, struct zta_buffer *out);

/*
 * Parses all sources as one set: syntax, words, value types, list references, names unique over all
 * of them. ZTA_INVALID fills *error, ZTA_NO_MEMORY leaves it empty; *ast is written on ZTA_OK only
 * and is the caller's to close.
 */
enum zta_status zta_rules_parse(const struct zta_rules_source *sources, size_t n_sources,
                                struct zta_rules_ast **ast,
                                struct zta_rules_error *error) ZTA_MUST_CHECK;
/* The same for a part of a set: lists that rules name may stand elsewhere. */
enum zta_status zta_rules_parse_part(const struct zta_rules_source *sources, size_t n_sources,
                                     struct zta_rules_ast **ast,
                                     struct zta_rules_error *error) ZTA_MUST_CHECK;
/* Accepts NULL, frees and nulls. */
void zta_rules_ast_close(struct zta_rules_ast **ast);

#endif
