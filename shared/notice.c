/* SPDX-License-Identifier: Apache-2.0 */
/* The table of events, and the bytes of one notice. */
#include "shared/notice.h"

#include <string.h>

#include "shared/base/limits.h"
#include "shared/base/reader.h"

/* No version of another letter begins with it. */
#define LETTER_NOTICE 0x4e

static const struct {
    const char *base;
    const char *name;
    enum zta_notice_effect effect;
    const char *text;
} kinds[ZTA_N_NOTICES] = {
#define ZTA_NOTICE(upper, family, label, what, says)                                               \
    [ZTA_NOTICE_##upper] = {.base = ZTA_NOTICE_##family,                                           \
                            .name = (label),                                                       \
                            .effect = ZTA_NOTICE_##what,                                           \
                            .text = (says)},
#include "shared/notices.def"
};

const char *zta_notice_kind_name(enum zta_notice_kind kind)
{
    return (unsigned)kind < ZTA_N_NOTICES ? kinds[kind].name : NULL;
}

const char *zta_notice_kind_text(enum zta_notice_kind kind)
{
    return (unsigned)kind < ZTA_N_NOTICES ? kinds[kind].text : NULL;
}

enum zta_notice_effect zta_notice_kind_effect(enum zta_notice_kind kind)
{
    return (unsigned)kind < ZTA_N_NOTICES ? kinds[kind].effect : ZTA_NOTICE_NOTE;
}

enum zta_notice_kind zta_notice_kind_find(struct zta_text uri)
{
    for (unsigned i = ZTA_NOTICE_UNKNOWN + 1; i < ZTA_N_NOTICES; i++) {
        const struct zta_text base = zta_text_of(kinds[i].base);
        const struct zta_text name = zta_text_of(kinds[i].name);
        if (zta_text_starts_with(uri, base) && uri.len == base.len + name.len &&
            memcmp(uri.data + base.len, name.data, name.len) == 0) {
            return (enum zta_notice_kind)i;
        }
    }
    return ZTA_NOTICE_UNKNOWN;
}

const char *zta_notice_level_name(enum zta_notice_effect effect, uint8_t level)
{
    static const char *const risks[] = {NULL, "low", "medium", "high"};
    static const char *const compliances[] = {NULL, "compliant", "not-compliant"};
    static const char *const streams[] = {"verified", "enabled", "paused", "disabled"};
    switch (effect) {
    case ZTA_NOTICE_RISK:
        return level <= ZTA_NOTICE_RISK_HIGH ? risks[level] : NULL;
    case ZTA_NOTICE_DEVICE:
        return level <= ZTA_NOTICE_NOT_COMPLIANT ? compliances[level] : NULL;
    case ZTA_NOTICE_STREAM:
        return level <= ZTA_NOTICE_DISABLED ? streams[level] : NULL;
    case ZTA_NOTICE_NOTE:
    case ZTA_NOTICE_END_LOGINS:
    case ZTA_NOTICE_END_TOKENS:
    case ZTA_NOTICE_STEP_UP:
        break;
    }
    return NULL;
}

/* Absent, or a text that can be kept. */
static bool is_text(struct zta_text text, size_t max)
{
    return zta_text_is_absent(text) || (text.len > 0 && text.len <= max);
}

static bool has_names(const struct zta_notice *notice)
{
    const bool has_issuer = !zta_text_is_absent(notice->issuer);
    const bool is_owned = !zta_text_is_absent(notice->sid) ||
                          !zta_text_is_absent(notice->subject) ||
                          !zta_text_is_absent(notice->token);
    return has_issuer ? is_owned || !zta_text_is_absent(notice->device)
                      : !is_owned && !zta_text_is_absent(notice->device);
}

static bool has_level(const struct zta_notice *notice)
{
    return (notice->level == 0 && notice->effect != ZTA_NOTICE_RISK &&
            notice->effect != ZTA_NOTICE_DEVICE) ||
           zta_notice_level_name(notice->effect, notice->level) != NULL;
}

static bool is_whole(const struct zta_notice *notice)
{
    return (unsigned)notice->kind < ZTA_N_NOTICES &&
           (unsigned)notice->effect <= ZTA_NOTICE_STEP_UP &&
           (unsigned)notice->reach <= ZTA_NOTICE_UNPROCESSED && has_level(notice) &&
           !zta_text_is_absent(notice->transmitter) && !zta_text_is_absent(notice->type) &&
           is_text(notice->transmitter, ZTA_NAME_MAX) && is_text(notice->issuer, ZTA_NAME_MAX) &&
           is_text(notice->sid, ZTA_SUBJECT_MAX) && is_text(notice->subject, ZTA_SUBJECT_MAX) &&
           is_text(notice->client, ZTA_SUBJECT_MAX) && is_text(notice->device, ZTA_SUBJECT_MAX) &&
           is_text(notice->token, ZTA_SUBJECT_MAX) && is_text(notice->jti, ZTA_NOTICE_SHORT_MAX) &&
           is_text(notice->type, ZTA_NOTICE_SHORT_MAX) &&
           is_text(notice->detail, ZTA_NOTICE_DETAIL_MAX) &&
           is_text(notice->state, ZTA_NOTICE_SHORT_MAX) && notice->event_s >= 0 &&
           notice->issued_s >= 0 && notice->expires_s >= 0 &&
           (notice->reach != ZTA_NOTICE_ONE || has_names(notice));
}

bool zta_notice_is_one(const void *data, size_t size)
{
    return size > 0 && *(const uint8_t *)data == LETTER_NOTICE;
}

enum zta_status zta_notice_encode(const struct zta_notice *notice, void *out, size_t size,
                                  size_t *out_size)
{
    struct zta_writer writer;
    if (!is_whole(notice)) {
        return ZTA_INVALID;
    }
    zta_writer_init(&writer, out, size < ZTA_NOTICE_SIZE_MAX ? size : ZTA_NOTICE_SIZE_MAX);
    zta_write_u8(&writer, LETTER_NOTICE);
    zta_write_u8(&writer, (uint8_t)notice->kind);
    zta_write_u8(&writer, (uint8_t)notice->effect);
    zta_write_u8(&writer, (uint8_t)notice->reach);
    zta_write_u8(&writer, notice->level);
    zta_write_u64(&writer, (uint64_t)notice->event_s);
    zta_write_u64(&writer, (uint64_t)notice->issued_s);
    zta_write_u64(&writer, (uint64_t)notice->expires_s);
    zta_write_bytes(&writer, notice->id.bytes, sizeof(notice->id.bytes));
    const struct zta_text texts[] = {
        notice->transmitter, notice->issuer, notice->sid, notice->subject, notice->client,
        notice->device,      notice->token,  notice->jti, notice->type,    notice->detail};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        zta_write_text(&writer, texts[i]);
    }
    if (notice->kind == ZTA_NOTICE_VERIFICATION) {
        zta_write_text(&writer, notice->state);
    }
    if (writer.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    *out_size = writer.len;
    return ZTA_OK;
}

enum zta_status zta_notice_decode(const void *data, size_t size, struct zta_notice *notice)
{
    struct zta_reader reader;
    struct zta_notice read;
    zta_reader_init(&reader, data, size);
    const uint8_t letter = zta_read_u8(&reader);
    read.kind = (enum zta_notice_kind)zta_read_u8(&reader);
    read.effect = (enum zta_notice_effect)zta_read_u8(&reader);
    read.reach = (enum zta_notice_reach)zta_read_u8(&reader);
    read.level = zta_read_u8(&reader);
    read.event_s = (int64_t)zta_read_u64(&reader);
    read.issued_s = (int64_t)zta_read_u64(&reader);
    read.expires_s = (int64_t)zta_read_u64(&reader);
    zta_read_bytes(&reader, read.id.bytes, sizeof(read.id.bytes));
    struct zta_text *const texts[] = {&read.transmitter, &read.issuer, &read.sid,   &read.subject,
                                      &read.client,      &read.device, &read.token, &read.jti,
                                      &read.type,        &read.detail};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = zta_read_text(&reader);
    }
    /* Journals of before it was kept lack it. */
    read.state = read.kind == ZTA_NOTICE_VERIFICATION && !zta_reader_is_done(&reader)
                     ? zta_read_text(&reader)
                     : (struct zta_text){.data = NULL};
    if (letter != LETTER_NOTICE || !zta_reader_is_done(&reader) || size > ZTA_NOTICE_SIZE_MAX ||
        !is_whole(&read)) {
        return ZTA_CORRUPT;
    }
    *notice = read;
    return ZTA_OK;
}
