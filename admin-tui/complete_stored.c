/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the store that may be completed, read in bounded time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/complete_priv.h"
#include "admin-tui/fleet/held.h"
#include "admin-tui/measures.h"
#include "admin-tui/notices.h"
#include "admin-tui/places.h"
#include "admin-tui/rule_texts.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/store/audit.h"
#include "shared/store/blocks.h"
#include "shared/store/devices.h"
#include "shared/store/events.h"
#include "shared/store/keys.h"
#include "shared/store/keysets.h"
#include "shared/store/layers.h"
#include "shared/store/notices.h"
#include "shared/store/published.h"
#include "shared/store/sessions.h"

enum {
    EVENTS_LOOKED_AT = 2000, /* the newest; about 5 ms */
    RECORDS_LOOKED_AT = 2000,
    ACTIONS_OFFERED = 20,
};

/* One walk over records of a kind. */
struct walk {
    struct ctl_completer *completer;
    enum ctl_value value;
    size_t n; /* records that were looked at */
};

static bool goes_on(struct walk *walk, bool has_room)
{
    return has_room && ++walk->n < RECORDS_LOOKED_AT;
}

static bool offer_printed(struct walk *walk, const struct zta_buffer *text, const char *help)
{
    return text->is_overflowed ||
           ctl_offer(walk->completer, (struct zta_text){.data = text->data, .len = text->len}, help,
                     false);
}

/* "alice@corp" */
static bool offer_name(struct walk *walk, struct zta_text name, struct zta_text issuer)
{
    char text[CTL_CHOICE_TEXT_SIZE];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    zta_buffer_text(&out, name);
    if (issuer.len > 0) {
        zta_buffer_string(&out, "@");
        zta_buffer_text(&out, issuer);
    }
    return name.len == 0 || offer_printed(walk, &out, NULL);
}

static bool offer_session(struct walk *walk, const uint8_t id[ZTA_SESSION_ID_SIZE],
                          struct zta_text subject)
{
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    char text[2 * ZTA_SESSION_ID_SIZE + 1];
    char help[CTL_CHOICE_HELP_SIZE];
    if (memcmp(id, none, sizeof none) == 0) {
        return true;
    }
    zta_hex_encode(id, ZTA_SESSION_ID_SIZE, text);
    const size_t len = zta_text_plain_len(subject) == subject.len ? subject.len : 0;
    (void)snprintf(help, sizeof help, "%.*s", (int)len, len == 0 ? "" : subject.data);
    return ctl_offer(walk->completer, zta_text_of(text), help, false);
}

/* ---- of recorded requests, the newest first ---- */

static bool see_event(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    struct walk *walk = context;
    const struct zta_text issuer = zta_event_text(event, ZTA_EVENT_ISSUER);
    const struct zta_text subject = zta_event_text(event, ZTA_EVENT_SUBJECT);
    char text[ZTA_CIDR_TEXT_MAX + ZTA_ULID_TEXT_LEN];
    bool has_room = true;
    switch (walk->value) {
    case CTL_VALUE_SESSION:
        has_room = offer_session(walk, event->session, subject);
        break;
    case CTL_VALUE_SUBJECT:
        has_room = offer_name(walk, subject, issuer);
        break;
    case CTL_VALUE_CLIENT:
        has_room = offer_name(walk, zta_event_text(event, ZTA_EVENT_CLIENT), issuer);
        break;
    case CTL_VALUE_ROUTE:
        has_room = offer_name(walk, zta_event_text(event, ZTA_EVENT_ROUTE), ZTA_TEXT(""));
        break;
    case CTL_VALUE_HOST:
        has_room = offer_name(walk, zta_event_text(event, ZTA_EVENT_HOST), ZTA_TEXT(""));
        break;
    case CTL_VALUE_METHOD:
        has_room = offer_name(walk, zta_event_text(event, ZTA_EVENT_METHOD), ZTA_TEXT(""));
        break;
    case CTL_VALUE_ADDRESS:
        zta_addr_print(&event->addr, text);
        has_room = ctl_offer(walk->completer, zta_text_of(text), NULL, false);
        break;
    default: /* CTL_VALUE_REQUEST */
        zta_ulid_print(&event->id, text);
        has_room = ctl_offer(walk->completer, zta_text_of(text), NULL, false);
    }
    return has_room && ++walk->n < EVENTS_LOOKED_AT;
}

/* ---- of tables ---- */

static bool see_session(void *context, const struct zta_session *session)
{
    struct walk *walk = context;
    return goes_on(walk, offer_session(walk, session->id, zta_text_of(session->subject)));
}

/* Those whose ids begin so, which stand side by side. */
static enum zta_status each_session(struct zta_view *view, struct walk *walk)
{
    uint8_t place[ZTA_SESSION_ID_SIZE] = {0};
    const struct zta_text typed = walk->completer->typed;
    for (size_t i = 0; i < typed.len && i < 2 * sizeof place; i++) {
        const int digit = zta_hex_digit(typed.data[i]);
        if (digit < 0) {
            return ZTA_OK;
        }
        place[i / 2] = (uint8_t)(place[i / 2] | (i % 2 == 0 ? digit << 4 : digit));
    }
    walk->n = 0;
    return zta_session_each_from(view, place, CTL_CHOICES_MAX, see_session, walk);
}

static bool see_key(void *context, const struct zta_key *key)
{
    struct walk *walk = context;
    return goes_on(walk,
                   key->revoked_s != 0 || ctl_offer(walk->completer, key->name, key->id, false));
}

static bool see_device(void *context, const struct zta_device *device)
{
    struct walk *walk = context;
    char help[CTL_CHOICE_HELP_SIZE];
    const struct zta_text owner = device->subject;
    const bool is_shown = owner.len > 0 && zta_text_plain_len(owner) == owner.len;
    (void)snprintf(help, sizeof help, "%.*s", is_shown ? (int)owner.len : 0,
                   is_shown ? owner.data : "");
    return goes_on(walk, zta_text_starts_with(device->id, walk->completer->typed) &&
                             ctl_offer(walk->completer, device->id, help, false));
}

static bool see_issuer(void *context, struct zta_text name, struct zta_text url)
{
    struct walk *walk = context;
    return ctl_offer(walk->completer, name, NULL, false);
}

static bool see_keyset(void *context, const struct zta_keyset_record *record)
{
    struct walk *walk = context;
    return ctl_offer(walk->completer, record->name, NULL, false);
}

/* Those that are configured, and those whose keys are kept. */
static enum zta_status each_issuer(struct zta_view *view, struct walk *walk)
{
    const enum zta_status status = zta_published_each_issuer(view, see_issuer, walk);
    return status == ZTA_OK ? zta_keyset_each(view, see_keyset, walk) : status;
}

static bool see_block(void *context, const struct zta_block *block)
{
    struct walk *walk = context;
    char text[CTL_CHOICE_TEXT_SIZE];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    ctl_block_print(block, &out);
    return goes_on(walk, block->until_s <= zta_clock_real_ns() / ZTA_NS_PER_S ||
                             offer_printed(walk, &out, NULL));
}

static bool see_measure(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct walk *walk = context;
    char text[32];
    char help[CTL_CHOICE_HELP_SIZE];
    struct zta_buffer out;
    if (is_lifted || measure->until_s <= zta_clock_real_ns() / ZTA_NS_PER_S) {
        return goes_on(walk, true);
    }
    (void)snprintf(text, sizeof text, "%c%" PRIu64,
                   measure->source == ZTA_MEASURE_OF_OPERATOR ? 'h' : 'm', measure->id);
    zta_buffer_init(&out, help, sizeof help);
    zta_buffer_printf(&out, "%s of ", zta_measure_kind_name(measure->kind));
    zta_target_print(&measure->target, &out);
    return goes_on(walk, ctl_offer(walk->completer, zta_text_of(text),
                                   out.is_overflowed ? NULL : help, false));
}

static bool see_held(void *context, const struct zta_fleet_held *held)
{
    struct walk *walk = context;
    char id[CTL_HELD_ID_LEN + 1];
    char help[CTL_CHOICE_HELP_SIZE];
    struct zta_restriction restriction;
    struct zta_buffer out;
    if (!zta_fleet_held_waits(held, zta_clock_real_ns() / ZTA_NS_PER_S) ||
        zta_fleet_restriction(&held->statement, &restriction) != ZTA_OK) {
        return goes_on(walk, true);
    }
    ctl_held_id(held, id);
    zta_buffer_init(&out, help, sizeof help);
    zta_buffer_printf(&out, "%s of ", ctl_held_what(held, &restriction));
    ctl_held_print_target(&restriction, held->statement.topic, &out);
    return goes_on(
        walk, ctl_offer(walk->completer, zta_text_of(id), out.is_overflowed ? NULL : help, false));
}

static bool see_notice(void *context, const struct zta_notice_record *record)
{
    struct walk *walk = context;
    char id[ZTA_NOTICE_ID_TEXT_LEN + 1];
    ctl_notice_id(&record->notice, id);
    return goes_on(walk, ctl_offer(walk->completer, zta_text_of(id), NULL, false));
}

static bool see_stream(void *context, const struct zta_stream *stream)
{
    struct walk *walk = context;
    return goes_on(walk, ctl_offer(walk->completer, stream->name, NULL, false));
}

static bool see_action(void *context, const struct zta_audit_entry *entry)
{
    struct walk *walk = context;
    char text[24];
    char help[CTL_CHOICE_HELP_SIZE];
    const size_t len = zta_text_plain_len(entry->target);
    (void)snprintf(text, sizeof text, "%" PRIu64, entry->id);
    (void)snprintf(help, sizeof help, "%.*s %.*s", (int)entry->action.len, entry->action.data,
                   (int)len, len == 0 ? "" : entry->target.data);
    return goes_on(walk, ctl_offer(walk->completer, zta_text_of(text), help, false));
}

static bool see_version(void *context, const struct zta_layer *layer)
{
    struct walk *walk = context;
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, layer->version);
    return ctl_offer(walk->completer, zta_text_of(text), NULL, false) &&
           ++walk->n < ACTIONS_OFFERED;
}

/* ---- of rules and places ---- */

/* Rules of both layers, or their limits alone; none of what cannot be parsed. */
static enum zta_status each_rule(struct zta_view *view, struct walk *walk)
{
    struct zta_layer layer = {.version = 0};
    void *storage = NULL;
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    struct ctl_rule_texts *texts = ctl_rule_texts_open();
    enum zta_status status = texts == NULL ? ZTA_NO_MEMORY : ZTA_OK;
    if (status == ZTA_OK) {
        status = zta_published_each_rules(view, ctl_rule_texts_add, texts);
    }
    if (status == ZTA_OK) {
        status = zta_layer_in_force(view, now_s, &layer, &storage);
    }
    if (status == ZTA_OK) {
        status = zta_layer_parse(texts->sources, texts->n, &layer, now_s, &ast, &error);
    }
    for (size_t i = 0; status == ZTA_OK && i < ast->n_rules; i++) {
        if (walk->value == CTL_VALUE_RULE || ast->rules[i].kind == ZTA_RULE_LIMIT) {
            (void)ctl_offer(walk->completer, ast->rules[i].name, NULL, false);
        }
    }
    zta_rules_ast_close(&ast);
    free(storage);
    ctl_rule_texts_close(&texts);
    return status;
}

static enum zta_status each_place(struct zta_view *view, struct walk *walk)
{
    struct ctl_places places;
    char text[CTL_CHOICE_TEXT_SIZE];
    const enum zta_status status = ctl_places_load(view, &places);
    for (size_t i = 0; i < places.n; i++) {
        (void)ctl_offer(walk->completer, zta_text_of(places.all[i].path), NULL, false);
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        zta_buffer_printf(&out, "%s%s", places.all[i].server, places.all[i].path);
        /* By server too, once that has begun. */
        (void)(walk->completer->typed.len > 0 && offer_printed(walk, &out, NULL));
    }
    ctl_places_close(&places);
    return status;
}

static enum zta_status read_values(struct zta_view *view, struct walk *walk)
{
    switch (walk->value) {
    case CTL_VALUE_KEY:
        return zta_key_each(view, see_key, walk);
    case CTL_VALUE_DEVICE:
        return zta_device_each_from(view, walk->completer->typed, see_device, walk);
    case CTL_VALUE_ISSUER:
        return each_issuer(view, walk);
    case CTL_VALUE_RULE:
    case CTL_VALUE_LIMIT:
        return each_rule(view, walk);
    case CTL_VALUE_PLACE:
        return each_place(view, walk);
    case CTL_VALUE_BLOCK:
        return zta_block_each(view, see_block, walk);
    case CTL_VALUE_MEASURE:
        return zta_measure_each(view, see_measure, walk);
    case CTL_VALUE_NOTICE:
        return zta_notice_each(view, see_notice, walk);
    case CTL_VALUE_TRANSMITTER:
        return zta_stream_each(view, see_stream, walk);
    case CTL_VALUE_ACTION:
        return zta_audit_each(view, ACTIONS_OFFERED, see_action, walk);
    case CTL_VALUE_HELD:
        return zta_fleet_each_held(view, see_held, walk);
    case CTL_VALUE_VERSION:
        return zta_layer_each(view, see_version, walk);
    default:
        return zta_event_each_back(view, see_event, walk);
    }
}

void ctl_offer_stored(struct ctl_completer *completer, enum ctl_value value)
{
    struct walk walk = {.completer = completer, .value = value};
    struct zta_view *view = NULL;
    if (completer->store == NULL || zta_view_begin(completer->store, &view) != ZTA_OK) {
        return;
    }
    enum zta_status status = read_values(view, &walk);
    if (status == ZTA_OK && value == CTL_VALUE_SESSION) {
        status = each_session(view, &walk);
    }
    zta_view_end(&view);
    if (status != ZTA_OK) {
        completer->choices->is_cut =
            true; /* what cannot be read is not offered, and that is told */
    }
}
