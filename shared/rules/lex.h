/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule text to tokens, line by line. A fault is a token of kind BAD with what was expected, never a
 * guess. Nothing allocates; tokens borrow from the text.
 */
#ifndef ZTA_RULES_LEX_H
#define ZTA_RULES_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/rules/ast.h"

#define ZTA_RULES_WORD_MAX   4096        /* bytes of one word or quoted text */
#define ZTA_RULES_SOURCE_MAX (16u << 20) /* bytes of one source */

enum zta_token_kind {
    ZTA_TOKEN_END_OF_LINE = 0,
    ZTA_TOKEN_WORD,   /* claim:"a b".c and acr="a" are one word, quotes and all */
    ZTA_TOKEN_STRING, /* raw has its quotes and escapes */
    ZTA_TOKEN_OP,
    ZTA_TOKEN_BAD,
};

struct zta_token {
    enum zta_token_kind kind;
    enum zta_op op;
    struct zta_text raw;
    struct zta_rules_place place;
    const char *expected; /* BAD: what should stand here; static */
};

struct zta_lexer {
    struct zta_text text;
    size_t pos;
    struct zta_rules_place place; /* of pos; columns count characters */
};

/*
 * False for text that no token is taken from: byte order mark, NUL, control characters, not UTF-8.
 * *bad says where.
 */
bool zta_lex_check(struct zta_text text, uint16_t source, struct zta_token *bad);
/* text has passed zta_lex_check. */
void zta_lex_init(struct zta_lexer *lexer, struct zta_text text, uint16_t source);
/* The next token of this line; END_OF_LINE again and again at its end. */
void zta_lex_token(struct zta_lexer *lexer, struct zta_token *token);
/* Skips the rest of this line; takes the first token of the next that has any; false at the end. */
bool zta_lex_line(struct zta_lexer *lexer, struct zta_token *token);
/* Undoes the quotes and escapes of raw; out has room for raw.len bytes. Returns the length. */
size_t zta_lex_unquote(struct zta_text raw, char *out);
/* Bytes of the quoted text that text begins with, quotes included; 0: not closed, or bad escape. */
size_t zta_lex_quoted_len(struct zta_text text);

#endif
