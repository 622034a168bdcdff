/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of the rule language, with places that a person can find in an editor. */
#include "shared/rules/lex.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' ||
           c == '\r'; /* a CR stands before LF or at the end, nowhere else */
}

static bool is_line_end(const struct zta_lexer *lexer)
{
    return lexer->pos == lexer->text.len || lexer->text.data[lexer->pos] == '\n';
}

static void step(struct zta_lexer *lexer, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)lexer->text.data[lexer->pos++];
        if (byte == '\n') {
            lexer->place.line++;
            lexer->place.column = 1;
        }
        else if ((byte & 0xc0) != 0x80) {
            lexer->place.column++;
        }
    }
}

static struct zta_text rest_of(const struct zta_lexer *lexer)
{
    return (struct zta_text){.data = lexer->text.data + lexer->pos,
                             .len = lexer->text.len - lexer->pos};
}

/* Bytes of the well-formed character that text begins with; 0 when there is none. */
static size_t character_len(struct zta_text text)
{
    for (size_t len = 1; len <= 4 && len <= text.len; len++) {
        if (zta_text_is_utf8((struct zta_text){.data = text.data, .len = len})) {
            return len;
        }
    }
    return 0;
}

/* What is wrong with the character of len bytes that text begins with; NULL when nothing is. */
static const char *fault_of(struct zta_text text, size_t len)
{
    uint8_t first = (uint8_t)text.data[0];
    if (len == 0) {
        return first == '\0' ? "text without NUL bytes" : "UTF-8 text";
    }
    if (first == '\r') {
        bool is_last = text.len == 1 || text.data[1] == '\n';
        return is_last ? NULL : "a line feed after the carriage return";
    }
    if (zta_utf8_is_steering(text.data, len) || first == 0x7f ||
        (first < 0x20 && first != '\t' && first != '\n')) {
        return "text without control characters";
    }
    return NULL;
}

bool zta_lex_check(struct zta_text text, uint16_t source, struct zta_token *bad)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    struct zta_lexer lexer;
    zta_lex_init(&lexer, text, source);
    while (lexer.pos < text.len) {
        struct zta_text rest = rest_of(&lexer);
        size_t len = (uint8_t)rest.data[0] - 1u < 0x7f ? 1 : character_len(rest);
        const char *expected = fault_of(rest, len);
        if (lexer.pos == 0 && zta_text_starts_with(rest, zta_text_of(byte_order_mark))) {
            expected = "text without a byte order mark";
        }
        if (expected) {
            *bad = (struct zta_token){
                .kind = ZTA_TOKEN_BAD,
                .raw = {.data = rest.data, .len = len ? len : 1},
                .place = lexer.place,
                .expected = expected,
            };
            return false;
        }
        step(&lexer, len);
    }
    return true;
}

void zta_lex_init(struct zta_lexer *lexer, struct zta_text text, uint16_t source)
{
    *lexer = (struct zta_lexer){
        .text = text,
        .place = {.source = source, .line = 1, .column = 1},
    };
}

size_t zta_lex_quoted_len(struct zta_text text)
{
    for (size_t i = 1; i < text.len && text.data[i] != '\n'; i++) {
        if (text.data[i] == '"') {
            return i + 1;
        }
        if (text.data[i] == '\\') {
            i++;
            if (i == text.len || (text.data[i] != '"' && text.data[i] != '\\')) {
                return 0;
            }
        }
    }
    return 0;
}

size_t zta_lex_unquote(struct zta_text raw, char *out)
{
    size_t len = 0;
    for (size_t i = 1; i + 1 < raw.len; i++) {
        if (raw.data[i] == '\\') {
            i++;
        }
        out[len++] = raw.data[i];
    }
    return len;
}

/* Bytes up to the next blank or line end, for the "found" of a fault. */
static size_t visible_len(struct zta_text text)
{
    size_t len = 0;
    while (len < text.len && !is_blank(text.data[len]) && text.data[len] != '\n') {
        len++;
    }
    return len;
}

/* Length of the word at the start of text, or 0 and what was expected instead. */
static size_t word_len(struct zta_text text, const char **expected)
{
    const struct zta_text prefix = ZTA_TEXT("claim:");
    const struct zta_text acr = ZTA_TEXT("acr=");
    bool is_claim = zta_text_starts_with(text, prefix);
    bool is_acr = zta_text_starts_with(text, acr);
    size_t len = 0;
    while (len < text.len && !is_blank(text.data[len]) && text.data[len] != '\n') {
        if (text.data[len] != '"') {
            len++;
            continue;
        }
        if (!(is_acr && len == acr.len) &&
            (!is_claim || (len != prefix.len && text.data[len - 1] != '.'))) {
            *expected = "a space before the quote";
            return 0;
        }
        struct zta_text segment = {.data = text.data + len, .len = text.len - len};
        size_t quoted = zta_lex_quoted_len(segment);
        if (quoted == 0) {
            *expected = "a closing quote on this line; \\\" and \\\\ are the escapes";
            return 0;
        }
        len += quoted;
    }
    return len;
}

/* Kind and length of the token that text, not blank, begins with. */
static size_t measure(struct zta_text text, struct zta_token *token)
{
    char first = text.data[0];
    if (first == '<' || first == '>') {
        bool has_equal = text.len > 1 && text.data[1] == '=';
        token->kind = ZTA_TOKEN_OP;
        token->op = first == '<' ? (has_equal ? ZTA_OP_LE : ZTA_OP_LT)
                                 : (has_equal ? ZTA_OP_GE : ZTA_OP_GT);
        return has_equal ? 2 : 1;
    }
    if (first == '=') {
        token->expected = "a word, a quoted text, <, <=, > or >=";
        return 0;
    }
    if (first != '"') {
        token->kind = ZTA_TOKEN_WORD;
        return word_len(text, &token->expected);
    }
    token->kind = ZTA_TOKEN_STRING;
    size_t len = zta_lex_quoted_len(text);
    if (len == 0) {
        token->expected = "a closing quote on this line; \\\" and \\\\ are the escapes";
    }
    else if (len < text.len && !is_blank(text.data[len]) && text.data[len] != '\n') {
        token->expected = "a space after the closing quote";
        return 0;
    }
    return len;
}

void zta_lex_token(struct zta_lexer *lexer, struct zta_token *token)
{
    while (!is_line_end(lexer) && is_blank(lexer->text.data[lexer->pos])) {
        step(lexer, 1);
    }
    *token = (struct zta_token){.kind = ZTA_TOKEN_END_OF_LINE, .place = lexer->place};
    if (is_line_end(lexer) || lexer->text.data[lexer->pos] == '#') {
        return;
    }
    struct zta_text rest = rest_of(lexer);
    size_t len = measure(rest, token);
    if (len > ZTA_RULES_WORD_MAX) {
        token->expected = "at most 4096 bytes";
    }
    if (token->expected) {
        token->kind = ZTA_TOKEN_BAD;
        len = visible_len(rest);
    }
    token->raw = (struct zta_text){.data = rest.data, .len = len};
    step(lexer, len);
}

bool zta_lex_line(struct zta_lexer *lexer, struct zta_token *token)
{
    /* At the very start the first line is next; later the line under pos is done with. */
    bool is_done = lexer->pos > 0;
    while (true) {
        while (is_done && !is_line_end(lexer)) {
            step(lexer, 1);
        }
        if (is_done && lexer->pos == lexer->text.len) {
            return false;
        }
        if (is_done) {
            step(lexer, 1);
        }
        zta_lex_token(lexer, token);
        if (token->kind != ZTA_TOKEN_END_OF_LINE) {
            return true;
        }
        is_done = true;
    }
}
