/* SPDX-License-Identifier: Apache-2.0 */
/* What a step-up asks of the login: acr=VALUE and max-age=DURATION. */
#include "shared/base/clock.h"
#include "shared/rules/parse_priv.h"
#include "shared/step_up.h"

#include <string.h>

static const char acr_prefix[] = "acr=";
static const char age_prefix[] = "max-age=";

/* The token without the prefix; false when it begins with another. */
static bool take(const struct zta_token *token, const char *prefix, struct zta_text *value)
{
    const size_t len = strlen(prefix);
    if (token->kind != ZTA_TOKEN_WORD || !zta_text_starts_with(token->raw, zta_text_of(prefix))) {
        return false;
    }
    *value = (struct zta_text){.data = token->raw.data + len, .len = token->raw.len - len};
    return true;
}

/* As it goes into a challenge, where values are parted by spaces (RFC 9470 section 3). */
static enum zta_status take_acr(struct zta_parser *parser, const struct zta_token *token,
                                struct zta_text value, struct zta_ast_step_up *step_up)
{
    struct zta_token word = *token;
    word.kind = value.len > 0 && value.data[0] == '"' ? ZTA_TOKEN_STRING : ZTA_TOKEN_WORD;
    word.raw = value;
    if (!zta_text_is_absent(step_up->acr)) {
        return zta_parse_fail(parser, token, NULL, "acr= once");
    }
    const enum zta_status status = zta_parse_copy(parser, &word, &step_up->acr);
    if (status != ZTA_OK) {
        return status;
    }
    const bool is_whole = word.kind == ZTA_TOKEN_WORD || zta_lex_quoted_len(value) == value.len;
    if (!is_whole || !zta_acr_is_well_formed(step_up->acr)) {
        return zta_parse_fail(parser, token, NULL,
                              "acr=VALUE, printable ASCII without space, quote and backslash, at "
                              "most %d bytes",
                              ZTA_ACR_TEXT_MAX - 1);
    }
    return ZTA_OK;
}

/* No login is that of just now for long: such a rule would ask for a login for ever. */
static enum zta_status take_age(struct zta_parser *parser, const struct zta_token *token,
                                struct zta_text value, struct zta_ast_step_up *step_up)
{
    if (step_up->max_age_s >= 0) {
        return zta_parse_fail(parser, token, NULL, "max-age= once");
    }
    if (zta_duration_parse(value, &step_up->max_age_s) != ZTA_OK || step_up->max_age_s <= 0) {
        return zta_parse_fail(parser, token, NULL,
                              "max-age= and a duration from 1s on, such as 300s, 15m, 8h or 7d");
    }
    return ZTA_OK;
}

enum zta_status zta_parse_step_up(struct zta_parser *parser, struct zta_ast_step_up *step_up)
{
    enum zta_status status = ZTA_OK;
    struct zta_text value;
    size_t n = 0;
    *step_up = (struct zta_ast_step_up){.max_age_s = -1};
    for (; status == ZTA_OK; n++) {
        const struct zta_token token = parser->token;
        if (take(&token, acr_prefix, &value)) {
            status = take_acr(parser, &token, value, step_up);
        }
        else if (take(&token, age_prefix, &value)) {
            status = take_age(parser, &token, value, step_up);
        }
        else {
            break;
        }
        zta_parse_next(parser);
    }
    if (status == ZTA_OK && n == 0) {
        struct zta_nearest nearest;
        zta_nearest_init(&nearest, parser->token.raw);
        zta_nearest_offer(&nearest, zta_text_of(acr_prefix));
        zta_nearest_offer(&nearest, zta_text_of(age_prefix));
        return zta_parse_fail(parser, &parser->token, &nearest,
                              "acr=VALUE, max-age=DURATION or both");
    }
    return status;
}
