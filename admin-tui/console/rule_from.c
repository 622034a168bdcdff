/* SPDX-License-Identifier: Apache-2.0 */
/* From terms of filters to lines of rules. */
#include "admin-tui/console/rule_from.h"

#include <ctype.h>
#include <string.h>

enum {
    NAME_MAX_LEN = 40,
    LINES_SIZE = 8192,
};

/* Fields of filters that rules ask for, and by which name. */
static const struct {
    const char *field;
    const char *attribute;
    const char *key; /* that a limit counts by; NULL: of another one */
    bool has_issuer; /* alice@corp is alice of corp */
    bool is_below;   /* a prefix of paths */
    bool is_ordered;
} known[] = {
    {.field = "subject", .attribute = "subject", .key = "subject", .has_issuer = true},
    {.field = "client", .attribute = "client", .key = "client", .has_issuer = true},
    {.field = "issuer", .attribute = "issuer"},
    {.field = "apikey", .attribute = "apikey", .key = "apikey"},
    {.field = "credential", .attribute = "credential"},
    {.field = "address", .attribute = "network", .key = "ip"},
    {.field = "method", .attribute = "method"},
    {.field = "host", .attribute = "host"},
    {.field = "path", .attribute = "path"},
    {.field = "route", .attribute = "path", .is_below = true},
    {.field = "risk", .attribute = "risk", .is_ordered = true},
    {.field = "signal", .attribute = "signal"},
};

enum {
    N_KNOWN = sizeof known / sizeof known[0]
};

/* The lines so far. */
struct lines {
    struct zta_buffer out;
    struct zta_text first; /* value, for the name */
    const char *key;
    bool has_condition;
};

/* Of text: what stands before the first of the signs outside quotes. */
static size_t find_sign(struct zta_text text, const char *signs)
{
    bool is_quoted = false;
    size_t i = 0;
    for (; i < text.len && (is_quoted || strchr(signs, text.data[i]) == NULL); i++) {
        if (text.data[i] == '\\' && is_quoted) {
            i++;
        }
        else if (text.data[i] == '"') {
            is_quoted = !is_quoted;
        }
    }
    return i < text.len ? i : text.len;
}

static struct zta_text from(struct zta_text text, size_t n)
{
    return (struct zta_text){.data = text.data + n, .len = text.len - n};
}

static struct zta_text head(struct zta_text text, size_t n)
{
    return (struct zta_text){.data = text.data, .len = n};
}

/* Behind the last @ where that reads as an issuer's name and no part of an address of mail. */
static struct zta_text issuer_of(struct zta_text value)
{
    size_t at = value.len;
    while (at > 0 && value.data[at - 1] != '@') {
        at--;
    }
    const struct zta_text tail = from(value, at);
    const bool is_issuer = at > 1 && tail.len > 0 && memchr(tail.data, '.', tail.len) == NULL &&
                           tail.data[tail.len - 1] != '"';
    return is_issuer ? tail : (struct zta_text){.data = NULL};
}

static void note(struct lines *lines, bool is_negated, struct zta_text term)
{
    zta_buffer_printf(&lines->out, "  # not for rules: %s%.*s\n", is_negated ? "not " : "",
                      (int)term.len, term.data);
}

static void put_values(struct lines *lines, size_t k, struct zta_text values,
                       struct zta_text *issuer)
{
    while (values.len > 0) {
        const size_t n = find_sign(values, ",");
        struct zta_text value = head(values, n);
        const struct zta_text of = known[k].has_issuer ? issuer_of(value) : *issuer;
        if (known[k].has_issuer && of.len > 0) {
            value.len -= of.len + 1;
            *issuer = of;
        }
        zta_buffer_string(&lines->out, " ");
        zta_buffer_text(&lines->out, value);
        const bool has_slash = value.len > 0 && value.data[value.len - 1] == '/';
        zta_buffer_string(&lines->out, !known[k].is_below ? "" : has_slash ? "**" : "/**");
        lines->first = lines->first.len == 0 ? value : lines->first;
        values = from(values, n < values.len ? n + 1 : n);
    }
}

static void put_condition(struct lines *lines, size_t k, bool is_negated, struct zta_text op,
                          struct zta_text values)
{
    struct zta_text issuer = {.data = NULL};
    zta_buffer_printf(&lines->out, "  when  %s%-7s", is_negated ? "not " : "", known[k].attribute);
    if (known[k].is_ordered && !zta_text_equal(op, ZTA_TEXT("="))) {
        zta_buffer_string(&lines->out, " ");
        zta_buffer_text(&lines->out, op);
    }
    put_values(lines, k, values, &issuer);
    zta_buffer_string(&lines->out, "\n");
    if (issuer.len > 0 && !is_negated) {
        zta_buffer_printf(&lines->out, "  when  issuer  %.*s\n", (int)issuer.len, issuer.data);
    }
    lines->has_condition = true;
    lines->key = lines->key == NULL ? known[k].key : lines->key;
}

static void take_term(struct lines *lines, bool is_negated, struct zta_text term)
{
    const size_t n = find_sign(term, "=<>");
    const struct zta_text field = head(term, n);
    const struct zta_text rest = from(term, n);
    const size_t op_len = rest.len > 1 && rest.data[1] == '=' ? 2 : rest.len > 0;
    const struct zta_text op = head(rest, op_len);
    const struct zta_text values = from(rest, op_len);
    for (size_t k = 0; k < N_KNOWN; k++) {
        const bool can = known[k].is_ordered || zta_text_equal(op, ZTA_TEXT("="));
        if (zta_text_equal(field, zta_text_of(known[k].field)) && can && values.len > 0 &&
            !zta_text_equal(values, ZTA_TEXT("unknown"))) {
            put_condition(lines, k, is_negated, op, values);
            return;
        }
    }
    note(lines, is_negated, term);
}

static void take_filter(struct lines *lines, struct zta_text filter)
{
    bool is_negated = false;
    while (filter.len > 0) {
        const size_t n = find_sign(filter, " ");
        const struct zta_text term = head(filter, n);
        const bool is_not = zta_text_equal(term, ZTA_TEXT("not"));
        if (term.len > 0 && !is_not) {
            take_term(lines, is_negated, term);
        }
        is_negated = is_not || (term.len == 0 && is_negated);
        filter = from(filter, n < filter.len ? n + 1 : n);
    }
}

/* A name as rules have them, of the first value. */
static void put_name(struct zta_buffer *out, struct zta_text value)
{
    size_t n = 0;
    bool is_parted = true;
    for (size_t i = 0; i < value.len && n < NAME_MAX_LEN; i++) {
        const unsigned char c = (unsigned char)value.data[i];
        const char lower = (char)tolower(c);
        if (c < 0x80 && isalnum(c)) {
            zta_buffer_string(out, is_parted ? "-" : "");
            zta_buffer_append(out, &lower, 1);
            n++;
        }
        is_parted = !(c < 0x80 && isalnum(c));
    }
    zta_buffer_string(out, n == 0 ? "-these" : "");
}

static void put_head(struct zta_buffer *out, bool is_limit, struct zta_text value)
{
    zta_buffer_string(out, is_limit ? "limit   slow" : "deny    no");
    put_name(out, value);
    zta_buffer_string(out, "\n");
}

static void put_rate(struct zta_buffer *out, bool is_limit, const char *key)
{
    if (is_limit) {
        zta_buffer_printf(out, "  key   %s\n  rate  30/m burst 10\n", key == NULL ? "ip" : key);
    }
}

bool tui_rule_from_filter(struct zta_text filter, bool is_limit, struct zta_buffer *out)
{
    char text[LINES_SIZE];
    struct lines lines = {.key = NULL};
    zta_buffer_init(&lines.out, text, sizeof text);
    take_filter(&lines, filter);
    if (!lines.has_condition || lines.out.is_overflowed) {
        return false;
    }
    put_head(out, is_limit, lines.first);
    zta_buffer_append(out, text, lines.out.len);
    put_rate(out, is_limit, lines.key);
    return true;
}

void tui_rule_blank(bool is_limit, struct zta_buffer *out)
{
    zta_buffer_string(out, is_limit ? "limit" : "deny ");
    zta_buffer_string(out, "   NAME\n  when  path    /PATH/**\n");
    put_rate(out, is_limit, NULL);
}
