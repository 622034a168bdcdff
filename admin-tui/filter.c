/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing a filter; every value is checked and decoded here, so that matching cannot fail. */
#include "admin-tui/filter.h"

#include <string.h>

#include "admin-tui/filter_kind.h"
#include "shared/base/clock.h"
#include "shared/base/ulid.h"
#include "shared/decision.h"
#include "shared/identity.h"
#include "shared/rules/match.h"
#include "shared/rules/nearest.h"
#include "shared/rules/os.h"

struct parser {
    const struct ctl_filter_kind *kind;
    struct ctl_filter *filter;
    struct zta_text rest;
    size_t column; /* from 1 */
    struct zta_error *error;
};

static void skip(struct parser *parser, size_t n)
{
    parser->rest.data += n;
    parser->rest.len -= n;
    parser->column += n;
}

static char peek(const struct parser *parser, size_t ahead)
{
    return ahead < parser->rest.len ? parser->rest.data[ahead] : '\0';
}

static enum zta_status fail(const struct parser *parser, const char *what)
{
    return zta_error_set(parser->error, ZTA_INVALID, "filter, column %zu: %s", parser->column,
                         what);
}

static void skip_spaces(struct parser *parser)
{
    while (peek(parser, 0) == ' ' || peek(parser, 0) == '\t') {
        skip(parser, 1);
    }
}

/* Appends to the filter's own text, so that the caller's need not live as long. */
static bool keep(struct ctl_filter *filter, char c)
{
    if (filter->text_len == sizeof filter->text) {
        return false;
    }
    filter->text[filter->text_len++] = c;
    return true;
}

/* A word up to a space, or also to a comma; or text in quotes with \" and \\. */
static enum zta_status read_value(struct parser *parser, bool ends_at_comma,
                                  struct ctl_filter_value *value, bool *is_quoted)
{
    struct ctl_filter *filter = parser->filter;
    size_t from = filter->text_len;
    *is_quoted = peek(parser, 0) == '"';
    if (*is_quoted) {
        skip(parser, 1);
    }
    for (;;) {
        char c = peek(parser, 0);
        if (parser->rest.len == 0) {
            if (*is_quoted) {
                return fail(parser, "the quote is not closed");
            }
            break;
        }
        if (*is_quoted ? c == '"' : c == ' ' || c == '\t' || (c == ',' && ends_at_comma)) {
            break;
        }
        if (*is_quoted && c == '\\' && (peek(parser, 1) == '"' || peek(parser, 1) == '\\')) {
            skip(parser, 1);
            c = peek(parser, 0);
        }
        if (!keep(filter, c)) {
            return fail(parser, "the filter is too long");
        }
        skip(parser, 1);
    }
    if (*is_quoted) {
        skip(parser, 1);
    }
    value->text = (struct zta_text){.data = filter->text + from, .len = filter->text_len - from};
    return value->text.len > 0 || *is_quoted ? ZTA_OK : fail(parser, "expected a value");
}

static enum zta_status parse_credential(struct zta_text text, int64_t *number)
{
    for (int i = ZTA_CREDENTIAL_NONE; i <= ZTA_CREDENTIAL_BROWSER; i++) {
        if (zta_text_equal(text, zta_text_of(zta_credential_name((enum zta_credential)i)))) {
            *number = i;
            return ZTA_OK;
        }
    }
    return ZTA_INVALID;
}

_Static_assert(ZTA_N_REASONS <= 64, "reasons fit their set");

/* All whose names the text is or, with *, matches; one at least. */
static enum zta_status parse_reasons(struct zta_text text, uint64_t *reasons)
{
    uint64_t found = 0;
    for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
        const bool is_one =
            zta_glob_matches(text, zta_text_of(zta_reason_name((enum zta_reason)i)));
        found |= (uint64_t)is_one << i;
    }
    *reasons = found;
    return found != 0 ? ZTA_OK : ZTA_INVALID;
}

/* Microseconds: what events keep. */
static enum zta_status parse_time(struct zta_text text, int64_t *time_us)
{
    uint64_t factor = 1000;
    if (text.len > 2 && memcmp(text.data + text.len - 2, "ms", 2) == 0) {
        text.len -= 2;
    }
    else if (text.len > 1 && text.data[text.len - 1] == 's') {
        text.len -= 1;
        factor = 1000000;
    }
    uint64_t number = 0;
    enum zta_status status = zta_text_to_u64(text, INT64_MAX / 1000000, &number);
    if (status == ZTA_OK) {
        *time_us = (int64_t)(number * factor);
    }
    return status;
}

static enum zta_status parse_number(struct zta_text text, int64_t *number)
{
    uint64_t value = 0;
    enum zta_status status = zta_text_to_u64(text, INT64_MAX, &value);
    if (status == ZTA_OK) {
        *number = (int64_t)value;
    }
    return status;
}

/* Half of a token id, or a whole one, of which events keep the first half. */
static enum zta_status parse_hex(struct zta_text text, uint8_t id[ZTA_SESSION_ID_SIZE])
{
    if (text.len == (size_t)4 * ZTA_SESSION_ID_SIZE) {
        text.len /= 2;
    }
    return zta_hex_decode(text, id, ZTA_SESSION_ID_SIZE);
}

static enum zta_status decode_value(enum ctl_field_type type, struct ctl_filter_value *value)
{
    enum zta_outcome outcome;
    struct zta_ulid ulid;
    enum zta_status status = ZTA_OK;
    switch (type) {
    case CTL_TYPE_TEXT:
    case CTL_TYPE_SUBJECT:
    case CTL_TYPE_PATH:
        break;
    case CTL_TYPE_NETWORK:
        status = zta_cidr_parse(value->text, &value->as.network, NULL);
        break;
    case CTL_TYPE_OUTCOME:
        status = zta_outcome_parse(value->text, &outcome);
        value->as.number = status == ZTA_OK ? (int64_t)outcome : 0;
        break;
    case CTL_TYPE_REASON:
        status = parse_reasons(value->text, &value->as.reasons);
        break;
    case CTL_TYPE_CREDENTIAL:
        status = parse_credential(value->text, &value->as.number);
        break;
    case CTL_TYPE_ANSWER:
        value->as.number = zta_text_equal(value->text, ZTA_TEXT("yes"));
        status = value->as.number == 1 || zta_text_equal(value->text, ZTA_TEXT("no")) ? ZTA_OK
                                                                                      : ZTA_INVALID;
        break;
    case CTL_TYPE_VERSION:
        status = zta_os_is_version(value->text) ? ZTA_OK : ZTA_INVALID;
        break;
    case CTL_TYPE_NUMBER:
        status = parse_number(value->text, &value->as.number);
        break;
    case CTL_TYPE_TIME:
        status = parse_time(value->text, &value->as.number);
        break;
    case CTL_TYPE_AGE:
        status = zta_duration_parse(value->text, &value->as.number);
        break;
    case CTL_TYPE_ID:
        status = zta_ulid_parse(value->text, &ulid);
        if (status == ZTA_OK) {
            memcpy(value->as.id, ulid.bytes, sizeof ulid.bytes);
        }
        break;
    case CTL_TYPE_HEX:
        status = parse_hex(value->text, value->as.id);
        break;
    }
    return status;
}

static enum zta_status add_value(struct parser *parser, struct ctl_filter_term *term,
                                 bool ends_at_comma)
{
    struct ctl_filter *filter = parser->filter;
    if (filter->n_values == CTL_FILTER_VALUES_MAX) {
        return fail(parser, "too many values");
    }
    struct ctl_filter_value *value = &filter->values[filter->n_values];
    size_t column = parser->column;
    bool is_quoted = false;
    *value = (struct ctl_filter_value){.is_unknown = false};
    enum zta_status status = read_value(parser, ends_at_comma, value, &is_quoted);
    if (status != ZTA_OK) {
        return status;
    }
    if (term->field != CTL_FIELD_WORD) {
        const struct ctl_field_info *field = &parser->kind->fields[term->field];
        value->is_unknown = !is_quoted && term->op == CTL_FILTER_IS &&
                            zta_text_equal(value->text, ZTA_TEXT("unknown"));
        if (!value->is_unknown && decode_value(field->type, value) != ZTA_OK) {
            return zta_error_set(
                parser->error, ZTA_INVALID, "filter, column %zu: found '%.*s' for %s, expected %s",
                column, (int)value->text.len, value->text.data, field->name, field->expected);
        }
    }
    filter->n_values++;
    term->n_values++;
    return ZTA_OK;
}

/* The operator at the front of rest, and its length; 0: none stands there. */
static size_t read_op(const char *at, size_t len, enum ctl_filter_op *op)
{
    bool has_equals = len > 1 && at[1] == '=';
    switch (len == 0 ? '\0' : at[0]) {
    case '=':
        *op = CTL_FILTER_IS;
        return 1;
    case '<':
        *op = has_equals ? CTL_FILTER_AT_MOST : CTL_FILTER_LESS;
        return has_equals ? 2 : 1;
    case '>':
        *op = has_equals ? CTL_FILTER_AT_LEAST : CTL_FILTER_MORE;
        return has_equals ? 2 : 1;
    default:
        return 0;
    }
}

static bool is_ordered(enum ctl_field_type type)
{
    return type == CTL_TYPE_NUMBER || type == CTL_TYPE_TIME || type == CTL_TYPE_AGE ||
           type == CTL_TYPE_VERSION;
}

/* What is meant, as far as that can be guessed, and what there is. */
static enum zta_status refuse_field(const struct parser *parser, struct zta_text name,
                                    struct zta_text best)
{
    char fields[sizeof parser->error->text];
    struct zta_buffer out;
    zta_buffer_init(&out, fields, sizeof fields);
    if (!zta_text_is_absent(best)) {
        zta_buffer_printf(&out, "did you mean '%.*s'? ", (int)best.len, best.data);
    }
    zta_buffer_string(&out, "fields here:");
    for (unsigned i = 0; i < parser->kind->n_fields; i++) {
        const char *known = parser->kind->fields[i].name;
        zta_buffer_printf(&out, known[0] == '\0' ? "%s" : " %s", known);
    }
    return zta_error_set(parser->error, ZTA_INVALID,
                         "filter, column %zu: there is no field '%.*s'; %s", parser->column,
                         (int)name.len, name.data, fields);
}

static enum zta_status find_field(const struct parser *parser, struct zta_text name,
                                  unsigned *field)
{
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, name);
    for (unsigned i = 0; i < parser->kind->n_fields; i++) {
        struct zta_text known = zta_text_of(parser->kind->fields[i].name);
        if (zta_text_equal(name, known)) {
            *field = i;
            return ZTA_OK;
        }
        zta_nearest_offer(&nearest, known);
    }
    return refuse_field(parser, name, nearest.best);
}

/* FIELD OP value{,value}; *is_field is false, and nothing read, when a free word stands there. */
static enum zta_status read_head(struct parser *parser, struct ctl_filter_term *term,
                                 bool *is_field)
{
    size_t n = 0;
    while ((peek(parser, n) >= 'a' && peek(parser, n) <= 'z') ||
           (n > 0 && peek(parser, n) == '_')) {
        n++;
    }
    size_t op_len = read_op(parser->rest.data + n, parser->rest.len - n, &term->op);
    *is_field = n > 0 && op_len > 0;
    if (!*is_field) {
        return ZTA_OK;
    }
    struct zta_text name = {.data = parser->rest.data, .len = n};
    enum zta_status status = find_field(parser, name, &term->field);
    if (status != ZTA_OK) {
        return status;
    }
    skip(parser, n);
    if (term->op != CTL_FILTER_IS && !is_ordered(parser->kind->fields[term->field].type)) {
        return fail(parser, "expected '=': this field has no order");
    }
    skip(parser, op_len);
    return ZTA_OK;
}

static enum zta_status read_term(struct parser *parser)
{
    struct ctl_filter *filter = parser->filter;
    if (filter->n_terms == CTL_FILTER_TERMS_MAX) {
        return fail(parser, "too many terms");
    }
    struct ctl_filter_term *term = &filter->terms[filter->n_terms];
    *term = (struct ctl_filter_term){.field = CTL_FIELD_WORD, .first_value = filter->n_values};
    while (zta_text_starts_with(parser->rest, ZTA_TEXT("not ")) ||
           zta_text_starts_with(parser->rest, ZTA_TEXT("not\t"))) {
        term->is_negated = !term->is_negated;
        skip(parser, 4);
        skip_spaces(parser);
    }
    bool is_field = false;
    enum zta_status status = read_head(parser, term, &is_field);
    if (status == ZTA_OK) {
        status = add_value(parser, term, is_field);
    }
    while (status == ZTA_OK && is_field && peek(parser, 0) == ',') {
        if (term->op != CTL_FILTER_IS) {
            return fail(parser, "an order takes one value");
        }
        skip(parser, 1);
        status = add_value(parser, term, true);
    }
    if (status == ZTA_OK && parser->rest.len > 0 && peek(parser, 0) != ' ' &&
        peek(parser, 0) != '\t') {
        return fail(parser, "expected a space");
    }
    filter->n_terms += status == ZTA_OK;
    return status;
}

enum zta_status ctl_filter_parse_kind(struct zta_text text, const struct ctl_filter_kind *kind,
                                      struct ctl_filter *filter, struct zta_error *error)
{
    filter->n_terms = 0;
    filter->n_values = 0;
    filter->text_len = 0;
    struct parser parser = {
        .kind = kind, .filter = filter, .rest = text, .column = 1, .error = error};
    enum zta_status status = ZTA_OK;
    skip_spaces(&parser);
    while (parser.rest.len > 0 && status == ZTA_OK) {
        status = read_term(&parser);
        skip_spaces(&parser);
    }
    return status;
}
