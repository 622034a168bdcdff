/* SPDX-License-Identifier: Apache-2.0 */
/* The table of views, and what they say. */
#include "admin-tui/console/view.h"

#include <stdarg.h>
#include <stdio.h>

static const struct tui_view_ops *const views[] = {
#define TUI_VIEW(name) &tui_view_##name,
#include "admin-tui/console/views.def"
#undef TUI_VIEW
};

const struct tui_view_ops *tui_view_at(size_t i)
{
    return i < sizeof views / sizeof views[0] ? views[i] : NULL;
}

void tui_propose_quarantine(struct tui_desk *desk, const uint8_t id[ZTA_SESSION_ID_SIZE])
{
    char hex[2 * ZTA_SESSION_ID_SIZE + 1];
    zta_hex_encode(id, ZTA_SESSION_ID_SIZE, hex);
    (void)snprintf(desk->proposal, sizeof desk->proposal,
                   "sessions quarantine %s --for=1h --reason=", hex);
}

void tui_propose_block(struct tui_desk *desk, const struct zta_cidr *network)
{
    char text[ZTA_CIDR_TEXT_MAX];
    zta_cidr_print(network, text);
    (void)snprintf(desk->proposal, sizeof desk->proposal, "block %s --for=1h --reason=", text);
}

ZTA_PRINTF(2, 0)
static void put(struct tui_desk *desk, const char *fmt, va_list arguments)
{
    char raw[sizeof desk->message];
    struct zta_buffer out;
    (void)vsnprintf(raw, sizeof raw, fmt, arguments);
    zta_buffer_init(&out, desk->message, sizeof desk->message);
    zta_buffer_safe(&out, zta_text_of(raw));
}

void tui_say(struct tui_desk *desk, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    put(desk, fmt, arguments);
    va_end(arguments);
    desk->is_complaint = false;
}

void tui_complain(struct tui_desk *desk, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    put(desk, fmt, arguments);
    va_end(arguments);
    desk->is_complaint = true;
}
