/* SPDX-License-Identifier: Apache-2.0 */
/* Rules made of what is on the screen, as a proposal that an operator reads before it is tried. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/view.h"
#include "shared/base/net.h"

enum {
    NAME_END = 6, /* letters of a request's id in the name of a rule that begins with it */
};

/* Fields of filters that rules ask for, too, and how they call them. */
static const struct {
    const char *field;
    const char *attribute;
} attributes[] = {
    {.field = "subject", .attribute = "subject"}, {.field = "client", .attribute = "client"},
    {.field = "issuer", .attribute = "issuer"},   {.field = "apikey", .attribute = "apikey"},
    {.field = "method", .attribute = "method"},   {.field = "host", .attribute = "host"},
    {.field = "path", .attribute = "path"},       {.field = "address", .attribute = "network"},
    {.field = "country", .attribute = "country"},
};

static const char *attribute_of(const char *field)
{
    for (size_t i = 0; field != NULL && i < sizeof attributes / sizeof attributes[0]; i++) {
        if (strcmp(attributes[i].field, field) == 0) {
            return attributes[i].attribute;
        }
    }
    return NULL;
}

/* One more `-e LINE`; the line is in quotes of the `:` line. */
static void put_line(struct zta_buffer *out, const struct zta_buffer *line)
{
    zta_buffer_string(out, " -e ");
    tui_put_quoted(out, (struct zta_text){.data = line->data, .len = line->len});
}

/* A value with blanks stands in quotes of the language of rules. */
static void put_value(struct zta_buffer *line, struct zta_text value)
{
    const bool has_blank = memchr(value.data, ' ', value.len) != NULL;
    zta_buffer_string(line, has_blank ? " \"" : " ");
    zta_buffer_text(line, value);
    zta_buffer_string(line, has_blank ? "\"" : "");
}

/* Terms that rules can ask for; how many. */
static size_t put_terms(struct zta_buffer *out, const struct ctl_filter *filter)
{
    char text[512];
    struct zta_buffer line;
    size_t n = 0;
    for (size_t i = 0; i < filter->n_terms; i++) {
        const struct ctl_filter_term *term = &filter->terms[i];
        const char *attribute = attribute_of(ctl_filter_field(term->field));
        if (attribute == NULL || term->op != CTL_FILTER_IS) {
            continue;
        }
        zta_buffer_init(&line, text, sizeof text);
        zta_buffer_printf(&line, "when %s%s", term->is_negated ? "not " : "", attribute);
        for (size_t k = 0; k < term->n_values; k++) {
            put_value(&line, filter->values[term->first_value + k].text);
        }
        put_line(out, &line);
        n++;
    }
    return n;
}

/* Who asked for what; of somebody unknown, from where. */
static void put_event(struct zta_buffer *out, const struct zta_event *event)
{
    char text[1024];
    char addr[ZTA_CIDR_TEXT_MAX];
    struct zta_buffer line;
    const struct zta_text subject = zta_event_text(event, ZTA_EVENT_SUBJECT);
    const struct zta_text issuer = zta_event_text(event, ZTA_EVENT_ISSUER);
    zta_buffer_init(&line, text, sizeof text);
    zta_buffer_string(&line, "when path");
    put_value(&line, zta_event_text(event, ZTA_EVENT_PATH));
    put_line(out, &line);
    zta_buffer_init(&line, text, sizeof text);
    if (subject.len > 0) {
        zta_buffer_string(&line, "when subject ");
        zta_buffer_text(&line, subject);
        zta_buffer_string(&line, issuer.len > 0 ? "@" : "");
        zta_buffer_text(&line, issuer);
    }
    else {
        zta_addr_print(&event->addr, addr);
        zta_buffer_printf(&line, "when network %s", addr);
    }
    put_line(out, &line);
}

void tui_propose_rule(struct tui_desk *desk, bool is_limit, const struct ctl_filter *filter,
                      const struct zta_event *event)
{
    char id[ZTA_ULID_TEXT_LEN + 1];
    struct zta_buffer out;
    zta_ulid_print(&event->id, id);
    for (char *c = id; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    zta_buffer_init(&out, desk->proposal, sizeof desk->proposal);
    zta_buffer_printf(&out, "rules add -e '%s console-%s'", is_limit ? "limit" : "deny",
                      id + ZTA_ULID_TEXT_LEN - NAME_END);
    if (put_terms(&out, filter) == 0) {
        put_event(&out, event);
    }
    zta_buffer_printf(&out, "%s --for=1h --reason=", is_limit ? " -e 'key ip' -e 'rate 60/m'" : "");
    if (out.is_overflowed) {
        desk->proposal[0] = '\0';
        tui_complain(desk, "the rule would be too long for this line");
    }
}
