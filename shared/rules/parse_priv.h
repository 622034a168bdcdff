/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the parser share: one parser's state and how each part reports a fault. */
#ifndef ZTA_RULES_PARSE_PRIV_H
#define ZTA_RULES_PARSE_PRIV_H

#include "shared/rules/arena.h"
#include "shared/rules/attributes.h"
#include "shared/rules/lex.h"
#include "shared/rules/nearest.h"
#include "shared/rules/parse.h"

struct zta_parser {
    const struct zta_rules_source *sources;
    size_t n_sources;
    struct zta_rules_error *error;
    struct zta_arena *arena;
    struct zta_lexer lexer;
    struct zta_token token; /* the next one */
    bool is_part;           /* lists may stand elsewhere */
    bool has_line;          /* token is the first of a line; false at the end of the source */
    /* Under construction; each is moved into the arena when it is complete. */
    struct zta_vector lists;
    struct zta_vector rules;
    struct zta_vector cases;
    struct zta_vector givens;
    struct zta_vector groups;
    struct zta_vector conds;
    struct zta_vector values;
    struct zta_vector files; /* struct zta_token: those that the list at hand names */
    struct zta_vector keys;
    struct zta_vector key_claims;
};

/*
 * Fill *error and return ZTA_INVALID. nearest may be NULL. A BAD token reports its own expectation.
 * What fmt inserts has to be safe for a terminal. The second form is for faults that are known only
 * after the text was read.
 */
enum zta_status zta_parse_fail(struct zta_parser *parser, const struct zta_token *found,
                               const struct zta_nearest *nearest, const char *fmt, ...)
    ZTA_PRINTF(4, 5) ZTA_MUST_CHECK;
enum zta_status zta_parse_fail_at(struct zta_parser *parser, const struct zta_rules_place *place,
                                  struct zta_text found, const struct zta_nearest *nearest,
                                  const char *fmt, ...) ZTA_PRINTF(5, 6) ZTA_MUST_CHECK;

/* As much of text as fits into out, escaped for a terminal; "..." at the end when it was cut. */
void zta_parse_safe(struct zta_text text, char *out, size_t size);

/* The next token of the line. */
void zta_parse_next(struct zta_parser *parser);
bool zta_parse_is_word(const struct zta_parser *parser, const char *word);
/* The line has to end here; goes on to the next. */
enum zta_status zta_parse_end_line(struct zta_parser *parser) ZTA_MUST_CHECK;
/* The token, a WORD or STRING, as text in the arena, quotes undone. */
enum zta_status zta_parse_copy(struct zta_parser *parser, const struct zta_token *token,
                               struct zta_text *text) ZTA_MUST_CHECK;

/* file:PATH */
bool zta_parse_is_file(const struct zta_token *token);
/* Appends the items of the file that the token of a list names. */
enum zta_status zta_parse_file(struct zta_parser *parser,
                               const struct zta_token *token) ZTA_MUST_CHECK;
/* One item of a list: any value but keywords and references. */
enum zta_status zta_parse_item(struct zta_parser *parser,
                               struct zta_ast_value *item) ZTA_MUST_CHECK;
/* Text, quotes and place of the next token, which has to be a value of whatever type. */
enum zta_status zta_parse_value(struct zta_parser *parser, const char *expected,
                                struct zta_ast_value *value) ZTA_MUST_CHECK;
/* The next token names an attribute; claim is the canonical name of claim:NAME. */
enum zta_status zta_parse_attribute(struct zta_parser *parser, uint16_t *attribute,
                                    struct zta_text *claim) ZTA_MUST_CHECK;
/* Words of conditions that stand for no value: known, unknown, list:NAME. */
bool zta_parse_is_special(const struct zta_token *token);
/* What follows `when`, `need` and `or`, up to the end of the line. */
enum zta_status zta_parse_cond(struct zta_parser *parser, enum zta_rule_kind kind,
                               struct zta_ast_cond *cond) ZTA_MUST_CHECK;
/* The values of `hours`, which are several that belong together; into the parser's values. */
enum zta_status zta_parse_hours(struct zta_parser *parser) ZTA_MUST_CHECK;
/* What follows `signal`: the name, and options up to the end of the line. */
enum zta_status zta_parse_tuning(struct zta_parser *parser, const struct zta_token *name,
                                 struct zta_ast_rule *rule) ZTA_MUST_CHECK;
/* What a signal rule misses; NULL: nothing. */
const char *zta_parse_tuning_lacks(const struct zta_ast_tuning *tuning, bool has_when);
/* What follows `on` and `do`, up to the end of the line. */
enum zta_status zta_parse_on(struct zta_parser *parser, struct zta_ast_rule *rule) ZTA_MUST_CHECK;
enum zta_status zta_parse_do(struct zta_parser *parser, struct zta_ast_rule *rule) ZTA_MUST_CHECK;
/* What shows when all lines of a respond rule are there. */
enum zta_status zta_parse_respond_check(struct zta_parser *parser, struct zta_ast_rule *rule,
                                        const struct zta_token *keyword) ZTA_MUST_CHECK;
/* "100/s" or "5/10m"; leaves the rest of the line. */
enum zta_status zta_parse_rate(struct zta_parser *parser, struct zta_ast_rate *rate) ZTA_MUST_CHECK;
/* acr=VALUE, max-age=DURATION or both, each once; leaves the rest of the line. */
enum zta_status zta_parse_step_up(struct zta_parser *parser,
                                  struct zta_ast_step_up *step_up) ZTA_MUST_CHECK;
/* Canonical name of a claim: word; the token is one that begins with "claim:". */
enum zta_status zta_parse_claim(struct zta_parser *parser, const struct zta_token *token,
                                struct zta_text *name) ZTA_MUST_CHECK;
/* Whether a value written so suits the type; known and unknown are the caller's. */
bool zta_parse_value_fits(enum zta_value_type type, const struct zta_ast_value *value);

/* The body of a rule, from its first line on. */
enum zta_status zta_parse_rule(struct zta_parser *parser, struct zta_ast_rule *rule,
                               const struct zta_token *keyword) ZTA_MUST_CHECK;

/* The body of a case, from its first line on. */
enum zta_status zta_parse_case(struct zta_parser *parser, struct zta_ast_case *item,
                               const struct zta_token *keyword) ZTA_MUST_CHECK;

/* Takes out the rules and lists of a baseline whose names the live layer has. */
enum zta_status zta_parse_replace(struct zta_parser *parser,
                                  struct zta_rules_ast *ast) ZTA_MUST_CHECK;
/* What only the whole set shows: names used twice, lists that are missing or do not fit. */
enum zta_status zta_parse_check(struct zta_parser *parser,
                                const struct zta_rules_ast *ast) ZTA_MUST_CHECK;

#endif
