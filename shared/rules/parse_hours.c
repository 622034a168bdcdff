/* SPDX-License-Identifier: Apache-2.0 */
/* The values of `hours`: days and times in turn, and the zone as the last one. */
#include "shared/rules/hours.h"
#include "shared/rules/parse_priv.h"

static const char days_expected[] = "days such as Mon-Fri or Sat,Sun; the zone stands last";

/* Only words are told apart by their place; keywords and lists make no sense for time. */
static enum zta_status take_word(struct zta_parser *parser)
{
    struct zta_token token = parser->token;
    struct zta_ast_value *value = zta_vector_push(&parser->values);
    if (!value) {
        return ZTA_NO_MEMORY;
    }
    if (zta_parse_is_special(&token)) {
        return zta_parse_fail(parser, &token, NULL,
                              "days such as Mon-Fri: the time is always known, and no list has "
                              "hours");
    }
    return zta_parse_value(parser, zta_value_expected(ZTA_VALUE_HOURS), value);
}

/* The part of a value that is at fault, where it stands. */
static enum zta_status fail_part(struct zta_parser *parser, const struct zta_ast_value *value,
                                 struct zta_text part, const struct zta_nearest *nearest,
                                 const char *expected)
{
    struct zta_rules_place place = value->place;
    place.column += (uint32_t)(part.data - value->text.data);
    return zta_parse_fail_at(parser, &place, part, nearest, "%s", expected);
}

static enum zta_status check_days(struct zta_parser *parser, const struct zta_ast_value *value)
{
    uint8_t days;
    struct zta_text bad;
    if (zta_hours_days_parse(value->text, &days, &bad) == ZTA_OK) {
        return ZTA_OK;
    }
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, bad);
    for (size_t i = 0; zta_hours_day_name(i); i++) {
        zta_nearest_offer(&nearest, zta_text_of(zta_hours_day_name(i)));
    }
    /* Of "Mon," nothing is left to show. */
    return fail_part(parser, value, bad.len > 0 ? bad : value->text, &nearest, days_expected);
}

static enum zta_status check_span(struct zta_parser *parser, const struct zta_ast_value *value)
{
    struct zta_hours_window window;
    return zta_hours_span_parse(value->text, &window) == ZTA_OK
               ? ZTA_OK
               : fail_part(parser, value, value->text, NULL,
                           "times such as 07:00-19:00, 22:00-06:00 or 00:00-24:00");
}

static enum zta_status check_zone(struct zta_parser *parser, const struct zta_ast_value *value)
{
    uint8_t days;
    struct zta_text bad;
    struct zta_hours_window window;
    if (zta_hours_days_parse(value->text, &days, &bad) == ZTA_OK) {
        return zta_parse_fail(parser, &parser->token, NULL,
                              "times such as 07:00-19:00, and a zone at the end");
    }
    if (!zta_zone_is_name(value->text) || zta_hours_span_parse(value->text, &window) == ZTA_OK) {
        return fail_part(parser, value, value->text, NULL, "a time zone such as Europe/Zurich");
    }
    return ZTA_OK;
}

enum zta_status zta_parse_hours(struct zta_parser *parser)
{
    enum zta_status status = ZTA_OK;
    do {
        status = take_word(parser);
    } while (status == ZTA_OK && parser->token.kind != ZTA_TOKEN_END_OF_LINE);
    const struct zta_ast_value *values = (const void *)parser->values.items;
    const size_t n = parser->values.n;
    for (size_t i = 0; status == ZTA_OK && i < n; i++) {
        status = i % 2 != 0            ? check_span(parser, &values[i])
                 : i > 0 && i + 1 == n ? check_zone(parser, &values[i])
                                       : check_days(parser, &values[i]);
    }
    if (status == ZTA_OK && n == 1) {
        return zta_parse_fail(parser, &parser->token, NULL, "times such as 07:00-19:00");
    }
    if (status == ZTA_OK && n % 2 == 0) {
        return zta_parse_fail(parser, &parser->token, NULL,
                              "a time zone such as Europe/Zurich at the end");
    }
    return status;
}
