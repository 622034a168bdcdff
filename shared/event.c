/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills, packs and unpacks the record of one request; slots and stored bytes are both distrusted.
 */
#include "shared/event.h"

#include <stdbool.h>
#include <string.h>

#include "shared/base/reader.h"

enum {
    EVENT_VERSION = 4,
    VERSION_WITHOUT_TRACE = 3,
    VERSION_WITHOUT_RISK = 2,
    VERSION_WITHOUT_REPLAY = 1,
    MODE_BITS = 2,
    TEXTS_SIZE = sizeof((struct zta_event *)0)->texts,
    TEXT_MAX = UINT8_MAX, /* what text_len can say */
};

/* What of the optional fixed fields follows; a field of zeros is left out. */
enum {
    HAS_SESSION = 1,
    HAS_TOKEN_ID = 2,
    HAS_IPV4 = 4,
    HAS_IPV6 = 8,
    HAS_INPUTS = 16,
    HAS_CERTIFICATE = 32,
    HAS_CONTEXT = 64,
    HAS_LIVE_VERSION = 128,
};

/* What records of each version may have. */
static const struct {
    uint8_t has;
    uint8_t n_texts;
} versions[] = {
    [VERSION_WITHOUT_REPLAY] = {.has = HAS_INPUTS - 1, .n_texts = ZTA_EVENT_AGENT + 1},
    [VERSION_WITHOUT_RISK] = {.has = UINT8_MAX, .n_texts = ZTA_EVENT_OS + 1},
    [VERSION_WITHOUT_TRACE] = {.has = UINT8_MAX, .n_texts = ZTA_EVENT_TRACE + 1},
    [EVENT_VERSION] = {.has = UINT8_MAX, .n_texts = ZTA_N_EVENT_TEXTS},
};
_Static_assert(ZTA_EVENT_EVIDENCE + 1 == ZTA_N_EVENT_TEXTS, "evidence is last, so it can grow");
_Static_assert(ZTA_N_FEATURES *MODE_BITS <= 32, "the modes of all features fit");
_Static_assert(ZTA_N_EVENT_TEXTS <= 32, "a bit for each text");

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The greatest length such that all texts, each cut to it, fit: the short ones stay whole. */
static size_t fair_share(const struct zta_text texts[ZTA_N_EVENT_TEXTS])
{
    size_t low = TEXTS_SIZE / ZTA_N_EVENT_TEXTS;
    size_t high = TEXT_MAX;
    size_t whole = 0;
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        whole += lesser(texts[i].len, TEXT_MAX);
    }
    if (whole <= TEXTS_SIZE) {
        return TEXT_MAX; /* as nearly always: nothing to search for */
    }
    while (low < high) {
        size_t middle = (low + high + 1) / 2;
        size_t total = 0;
        for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
            total += lesser(texts[i].len, middle);
        }
        if (total <= TEXTS_SIZE) {
            low = middle;
        }
        else {
            high = middle - 1;
        }
    }
    return low;
}

/* Longest head of at most max bytes that does not end inside a UTF-8 character. */
static size_t head_len(struct zta_text text, size_t max)
{
    if (text.len <= max) {
        return text.len;
    }
    size_t len = max;
    for (unsigned i = 0; i < 3 && len > 0 && ((uint8_t)text.data[len] & 0xc0) == 0x80; i++) {
        len--;
    }
    return len;
}

void zta_event_set_texts(struct zta_event *event, const struct zta_text texts[ZTA_N_EVENT_TEXTS])
{
    size_t share = fair_share(texts);
    size_t used = 0;
    event->inexact = 0;
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        event->text_len[i] = 0;
        if (zta_text_is_absent(texts[i])) {
            continue; /* as most of them */
        }
        size_t len = head_len(texts[i], share);
        memcpy(event->texts + used, texts[i].data, len);
        if (len < texts[i].len) {
            event->flags |= ZTA_EVENT_CUT;
        }
        if (len < texts[i].len || len == 0) {
            event->inexact |= 1u << i;
        }
        event->text_len[i] = (uint8_t)len;
        used += len;
    }
    memset(event->texts + used, 0, TEXTS_SIZE - used);
}

struct zta_text zta_event_text(const struct zta_event *event, enum zta_event_text which)
{
    size_t start = 0;
    for (unsigned i = 0; i < (unsigned)which && i < ZTA_N_EVENT_TEXTS; i++) {
        start += event->text_len[i];
    }
    if ((unsigned)which >= ZTA_N_EVENT_TEXTS || start + event->text_len[which] > TEXTS_SIZE) {
        return ZTA_TEXT("");
    }
    return (struct zta_text){.data = event->texts + start, .len = event->text_len[which]};
}

static size_t texts_len(const struct zta_event *event)
{
    size_t len = 0;
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        len += event->text_len[i];
    }
    return len;
}

void zta_event_append_evidence(struct zta_event *event, struct zta_text text)
{
    const size_t used = texts_len(event);
    uint8_t *len = &event->text_len[ZTA_EVENT_EVIDENCE];
    const size_t room = used < TEXTS_SIZE ? TEXTS_SIZE - used : 0;
    const size_t n = head_len(text, lesser(room, (size_t)TEXT_MAX - *len));
    if (n > 0) {
        memcpy(event->texts + used, text.data, n);
        *len = (uint8_t)(*len + n);
    }
    if (n < text.len) {
        event->flags |= ZTA_EVENT_CUT;
        event->inexact |= 1u << ZTA_EVENT_EVIDENCE;
    }
}

uint32_t zta_event_pack_modes(const struct zta_stance *stance)
{
    uint32_t modes = 0;
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        modes |= (uint32_t)(stance->modes[i] & 3u) << (i * MODE_BITS);
    }
    return modes;
}

void zta_event_stance(const struct zta_event *event, struct zta_stance *stance)
{
    *stance = (struct zta_stance){
        .stage = event->stage,
        .monitor = event->monitor,
        .allows_by_default = (event->replay & ZTA_REPLAY_DEFAULT_ALLOW) != 0,
    };
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        const unsigned mode = event->modes >> (i * MODE_BITS) & 3u;
        stance->modes[i] = (uint8_t)(mode <= ZTA_MODE_ENFORCE ? mode : ZTA_MODE_OFF);
    }
}

static bool is_zero(const uint8_t *data, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= data[i];
    }
    return any == 0;
}

static uint8_t presence(const struct zta_event *event)
{
    unsigned present = (is_zero(event->session, sizeof event->session) ? 0u : HAS_SESSION) |
                       (is_zero(event->token_id, sizeof event->token_id) ? 0u : HAS_TOKEN_ID) |
                       (event->addr.family == 4 ? HAS_IPV4 : 0u) |
                       (event->addr.family == 6 ? HAS_IPV6 : 0u) |
                       (is_zero(event->inputs, sizeof event->inputs) ? 0u : HAS_INPUTS) |
                       (is_zero(event->certificate, ZTA_SHA256_SIZE) ? 0u : HAS_CERTIFICATE) |
                       (event->replay & ZTA_REPLAY_CONTEXT ? HAS_CONTEXT : 0u) |
                       (event->live_version != 0 ? HAS_LIVE_VERSION : 0u);
    return (uint8_t)present;
}

static void write_context(const struct zta_event_context *context, struct zta_writer *writer)
{
    zta_write_bytes(writer, context->country, sizeof context->country);
    const uint8_t answers[] = {context->traits_known, context->traits_yes, context->usual_known,
                               context->usual_yes};
    zta_write_bytes(writer, answers, sizeof answers);
    zta_write_bytes(writer, context->sources, sizeof context->sources);
    for (size_t i = 0; i < sizeof context->ages_s / sizeof context->ages_s[0]; i++) {
        zta_write_u32(writer, context->ages_s[i]);
    }
    zta_write_u32(writer, context->asn);
}

static void read_context(struct zta_reader *reader, struct zta_event_context *context)
{
    zta_read_bytes(reader, context->country, sizeof context->country);
    context->traits_known = zta_read_u8(reader);
    context->traits_yes = zta_read_u8(reader);
    context->usual_known = zta_read_u8(reader);
    context->usual_yes = zta_read_u8(reader);
    zta_read_bytes(reader, context->sources, sizeof context->sources);
    for (size_t i = 0; i < sizeof context->ages_s / sizeof context->ages_s[0]; i++) {
        context->ages_s[i] = zta_read_u32(reader);
    }
    context->asn = zta_read_u32(reader);
}

/* Is there anything of stage 4 to keep? */
static bool has_risk(const struct zta_event *event)
{
    const struct zta_event_risk *risk = &event->risk;
    return (event->replay & ZTA_REPLAY_RISK) != 0 || risk->n_raised > 0 || risk->waf > 0 ||
           risk->radius_km > 0;
}

static void write_risk(const struct zta_event *event, struct zta_writer *writer)
{
    const struct zta_event_risk *risk = &event->risk;
    zta_write_u8(writer, has_risk(event));
    if (!has_risk(event)) {
        return;
    }
    zta_write_u64(writer, (uint64_t)risk->newest_s);
    zta_write_u32(writer, risk->signals);
    zta_write_u8(writer, risk->score);
    zta_write_u8(writer, risk->threat);
    zta_write_u16(writer, risk->waf);
    zta_write_u16(writer, (uint16_t)risk->latitude);
    zta_write_u16(writer, (uint16_t)risk->longitude);
    zta_write_u16(writer, risk->radius_km);
    zta_write_u8(writer, risk->n_raised);
    for (size_t i = 0; i < risk->n_raised; i++) {
        zta_write_u8(writer, risk->raised[i].signal);
        zta_write_u8(writer, risk->raised[i].weight);
        zta_write_u8(writer, risk->raised[i].floor);
        zta_write_u8(writer, risk->raised[i].owners);
        zta_write_u32(writer, risk->raised[i].half_life_s);
        zta_write_u32(writer, risk->raised[i].since_s);
    }
}

static bool read_risk(struct zta_reader *reader, struct zta_event *event)
{
    struct zta_event_risk *risk = &event->risk;
    const uint8_t has = zta_read_u8(reader);
    if (has == 0) {
        return !has_risk(event);
    }
    risk->newest_s = (int64_t)zta_read_u64(reader);
    risk->signals = zta_read_u32(reader);
    risk->score = zta_read_u8(reader);
    risk->threat = zta_read_u8(reader);
    risk->waf = zta_read_u16(reader);
    risk->latitude = (int16_t)zta_read_u16(reader);
    risk->longitude = (int16_t)zta_read_u16(reader);
    risk->radius_km = zta_read_u16(reader);
    const size_t n = zta_read_u8(reader);
    if (n > ZTA_EVENT_RAISED_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        risk->raised[i].signal = zta_read_u8(reader);
        risk->raised[i].weight = zta_read_u8(reader);
        risk->raised[i].floor = zta_read_u8(reader);
        risk->raised[i].owners = zta_read_u8(reader);
        risk->raised[i].half_life_s = zta_read_u32(reader);
        risk->raised[i].since_s = zta_read_u32(reader);
    }
    risk->n_raised = (uint8_t)n;
    return has == 1 && has_risk(event);
}

/* What replay needs beside the texts. */
static void write_replay(const struct zta_event *event, uint8_t present, struct zta_writer *writer)
{
    zta_write_u8(writer, event->monitor);
    zta_write_u8(writer, event->replay);
    zta_write_u32(writer, event->modes);
    zta_write_u32(writer, event->inexact);
    zta_write_u64(writer, (uint64_t)event->content_length);
    if (present & HAS_INPUTS) {
        zta_write_bytes(writer, event->inputs, sizeof event->inputs);
    }
    if (present & HAS_CERTIFICATE) {
        zta_write_bytes(writer, event->certificate, sizeof event->certificate);
    }
    if (present & HAS_CONTEXT) {
        write_context(&event->context, writer);
    }
    if (present & HAS_LIVE_VERSION) {
        zta_write_u32(writer, event->live_version);
    }
    write_risk(event, writer);
}

static bool read_replay(struct zta_reader *reader, unsigned version, unsigned present,
                        struct zta_event *event)
{
    event->monitor = zta_read_u8(reader);
    event->replay = zta_read_u8(reader);
    event->modes = zta_read_u32(reader);
    event->inexact = zta_read_u32(reader);
    event->content_length = (int64_t)zta_read_u64(reader);
    if (present & HAS_INPUTS) {
        zta_read_bytes(reader, event->inputs, sizeof event->inputs);
    }
    if (present & HAS_CERTIFICATE) {
        zta_read_bytes(reader, event->certificate, sizeof event->certificate);
    }
    if (present & HAS_CONTEXT) {
        read_context(reader, &event->context);
    }
    if (present & HAS_LIVE_VERSION) {
        event->live_version = zta_read_u32(reader);
    }
    if (version >= VERSION_WITHOUT_TRACE && !read_risk(reader, event)) {
        return false;
    }
    return is_zero(event->inputs, sizeof event->inputs) == !(present & HAS_INPUTS) &&
           is_zero(event->certificate, ZTA_SHA256_SIZE) == !(present & HAS_CERTIFICATE) &&
           !(event->replay & ZTA_REPLAY_CONTEXT) == !(present & HAS_CONTEXT) &&
           !event->live_version == !(present & HAS_LIVE_VERSION);
}

static void write_head(const struct zta_event *event, uint8_t present, struct zta_writer *writer)
{
    zta_write_u8(writer, EVENT_VERSION);
    zta_write_u64(writer, (uint64_t)event->time_ns);
    zta_write_bytes(writer, event->id.bytes, sizeof event->id.bytes);
    zta_write_u8(writer, present);
    if (present & HAS_SESSION) {
        zta_write_bytes(writer, event->session, sizeof event->session);
    }
    if (present & HAS_TOKEN_ID) {
        zta_write_bytes(writer, event->token_id, sizeof event->token_id);
    }
    if (present & (HAS_IPV4 | HAS_IPV6)) {
        zta_write_bytes(writer, event->addr.bytes, present & HAS_IPV4 ? 4 : 16);
    }
}

enum zta_status zta_event_encode(const struct zta_event *event, void *out, size_t size,
                                 size_t *out_size)
{
    size_t used = texts_len(event);
    unsigned family = event->addr.family;
    if (used > TEXTS_SIZE || event->risk.n_raised > ZTA_EVENT_RAISED_MAX ||
        (family != 0 && family != 4 && family != 6)) {
        return ZTA_INVALID;
    }
    const uint8_t present = presence(event);
    struct zta_writer writer;
    zta_writer_init(&writer, out, size);
    write_head(event, present, &writer);
    zta_write_u32(&writer, event->latency_us);
    zta_write_u32(&writer, event->rules_generation);
    zta_write_u64(&writer, event->bytes_out);
    zta_write_u64(&writer, event->expires_s);
    zta_write_u32(&writer, event->rule_line);
    zta_write_u16(&writer, event->rule_source);
    zta_write_u16(&writer, event->http_status);
    const uint8_t bytes[] = {
        event->outcome,        event->reason,       event->monitor_outcome,
        event->monitor_reason, event->stage,        event->credential,
        event->binding,        event->session_kind, event->flags,
    };
    zta_write_bytes(&writer, bytes, sizeof bytes);
    write_replay(event, present, &writer);
    zta_write_bytes(&writer, event->text_len, sizeof event->text_len);
    zta_write_bytes(&writer, event->texts, used);
    if (writer.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    *out_size = writer.len;
    return ZTA_OK;
}

/* Version, time, id and the optional fields; false for what write_head never writes. */
static bool read_head(struct zta_reader *reader, struct zta_event *event, uint8_t *version,
                      unsigned *has)
{
    *version = zta_read_u8(reader);
    event->time_ns = (int64_t)zta_read_u64(reader);
    zta_read_bytes(reader, event->id.bytes, sizeof event->id.bytes);
    unsigned present = zta_read_u8(reader);
    *has = present;
    if (*version < VERSION_WITHOUT_REPLAY || *version > EVENT_VERSION ||
        (present & ~(unsigned)versions[*version].has) != 0 ||
        (present & (HAS_IPV4 | HAS_IPV6)) == (HAS_IPV4 | HAS_IPV6)) {
        return false;
    }
    if (present & HAS_SESSION) {
        zta_read_bytes(reader, event->session, sizeof event->session);
    }
    if (present & HAS_TOKEN_ID) {
        zta_read_bytes(reader, event->token_id, sizeof event->token_id);
    }
    if (present & (HAS_IPV4 | HAS_IPV6)) {
        event->addr.family = present & HAS_IPV4 ? 4 : 6;
        zta_read_bytes(reader, event->addr.bytes, present & HAS_IPV4 ? 4 : 16);
    }
    return is_zero(event->session, sizeof event->session) == !(present & HAS_SESSION) &&
           is_zero(event->token_id, sizeof event->token_id) == !(present & HAS_TOKEN_ID);
}

/* Evidence stood where the trace stands now. */
static void move_evidence(struct zta_event *event)
{
    const uint32_t bit = event->inexact & 1u << ZTA_EVENT_TRACE;
    event->text_len[ZTA_EVENT_EVIDENCE] = event->text_len[ZTA_EVENT_TRACE];
    event->text_len[ZTA_EVENT_TRACE] = 0;
    event->inexact ^= bit | bit << (ZTA_EVENT_EVIDENCE - ZTA_EVENT_TRACE);
}

enum zta_status zta_event_decode(const void *data, size_t size, struct zta_event *event,
                                 size_t *used)
{
    struct zta_event read;
    memset(&read, 0, sizeof read); /* padding too: events are compared and copied as bytes */
    struct zta_reader reader;
    zta_reader_init(&reader, data, size);
    uint8_t version;
    unsigned present;
    if (!read_head(&reader, &read, &version, &present)) {
        return ZTA_CORRUPT;
    }
    read.latency_us = zta_read_u32(&reader);
    read.rules_generation = zta_read_u32(&reader);
    read.bytes_out = zta_read_u64(&reader);
    read.expires_s = zta_read_u64(&reader);
    read.rule_line = zta_read_u32(&reader);
    read.rule_source = zta_read_u16(&reader);
    read.http_status = zta_read_u16(&reader);
    read.outcome = zta_read_u8(&reader);
    read.reason = zta_read_u8(&reader);
    read.monitor_outcome = zta_read_u8(&reader);
    read.monitor_reason = zta_read_u8(&reader);
    read.stage = zta_read_u8(&reader);
    read.credential = zta_read_u8(&reader);
    read.binding = zta_read_u8(&reader);
    read.session_kind = zta_read_u8(&reader);
    read.flags = zta_read_u8(&reader);
    read.content_length = -1;
    if (version != VERSION_WITHOUT_REPLAY && !read_replay(&reader, version, present, &read)) {
        return ZTA_CORRUPT;
    }
    zta_read_bytes(&reader, read.text_len, versions[version].n_texts);
    size_t len = texts_len(&read);
    if (len > TEXTS_SIZE) {
        return ZTA_CORRUPT;
    }
    zta_read_bytes(&reader, read.texts, len);
    if (reader.is_bad) {
        return ZTA_CORRUPT;
    }
    if (version == VERSION_WITHOUT_TRACE) {
        move_evidence(&read);
    }
    memcpy(event, &read, sizeof read);
    *used = reader.pos;
    return ZTA_OK;
}
