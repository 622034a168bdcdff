/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the table of fields and opens and closes objects as their paths ask for. */
#include "shared/log/line.h"

#include <string.h>

#include "shared/base/json.h"
#include "shared/decision.h"
#include "shared/log/fields_priv.h"

#define DEPTH_MAX   5
#define MEMBER_MAX  32
#define ALL_KINDS   ((1u << ZTA_N_LOG_KINDS) - 1)
#define KIND(upper) (1u << ZTA_LOG_##upper)

struct segment {
    const char *name; /* in the path, up to its length */
    size_t len;
    bool is_array;
};

struct field {
    const char *path;
    unsigned kinds;
    zta_log_value_fn get;
};

#define REQ  KIND(REQUEST)
#define ACT  KIND(ACTION)
#define RSP  KIND(RESPONSE)
#define LOSS KIND(LOSS)
#define HEAD KIND(HEAD)
#define ALL  ALL_KINDS
#define ECS  ZTA_LOG_ECS
#define OCSF ZTA_LOG_OCSF

static const struct {
    enum zta_log_format format;
    struct field field;
} fields[] = {
#define ZTA_LOG_FIELD(in, name, type, lines, always, value, help)                                  \
    {.format = (in), .field = {.path = (name), .kinds = (lines), .get = zta_log_get_##value}},
#include "shared/log/fields.def"
#undef ZTA_LOG_FIELD
};

/* An object under way: what of the last path is still open. */
struct writing {
    struct zta_json json;
    struct segment open[DEPTH_MAX];
    size_t n_open;
    size_t text_max;
};

/* ---- values ---- */

void zta_log_set_text(struct zta_log_value *value, struct zta_text text)
{
    if (!zta_text_is_absent(text) && text.len > 0) {
        value->type = ZTA_LOG_TEXT;
        value->text = text;
    }
}

void zta_log_set_string(struct zta_log_value *value, const char *text)
{
    zta_log_set_text(value, zta_text_of(text));
}

void zta_log_set_number(struct zta_log_value *value, int64_t number)
{
    value->type = ZTA_LOG_NUMBER;
    value->number = number;
}

void zta_log_set_hex(struct zta_log_value *value, const uint8_t *bytes, size_t size)
{
    zta_hex_encode(bytes, size, value->room);
    zta_log_set_text(value, (struct zta_text){.data = value->room, .len = 2 * size});
}

void zta_log_add_word(struct zta_log_value *value, struct zta_text word)
{
    if (zta_text_is_absent(word) || word.len == 0 || value->n_words == ZTA_LOG_WORDS_MAX) {
        return;
    }
    value->type = ZTA_LOG_WORDS;
    value->words[value->n_words++] = word;
}

/* ---- the object ---- */

/* The next member of a path; what is left of it. */
static const char *next_segment(const char *path, struct segment *segment)
{
    const size_t len = strcspn(path, ".");
    *segment = (struct segment){.name = path, .len = len};
    if (len > 2 && path[len - 1] == ']') {
        segment->is_array = true;
        segment->len -= 2;
    }
    return path[len] == '.' ? path + len + 1 : NULL;
}

static void name_of(const struct segment *segment, char name[MEMBER_MAX])
{
    const size_t len = segment->len < MEMBER_MAX - 1 ? segment->len : MEMBER_MAX - 1;
    memcpy(name, segment->name, len);
    name[len] = '\0';
}

static void close_last(struct writing *writing)
{
    zta_json_end_object(&writing->json);
    if (writing->open[--writing->n_open].is_array) {
        zta_json_end_array(&writing->json);
    }
}

static void open_next(struct writing *writing, const struct segment *segment)
{
    char name[MEMBER_MAX];
    name_of(segment, name);
    if (segment->is_array) {
        zta_json_begin_array(&writing->json, name);
    }
    zta_json_begin_object(&writing->json, segment->is_array ? NULL : name);
    writing->open[writing->n_open++] = *segment;
}

static bool is_open(const struct writing *writing, size_t depth, const struct segment *segment)
{
    const struct segment *open = &writing->open[depth];
    return depth < writing->n_open && open->len == segment->len &&
           memcmp(open->name, segment->name, segment->len) == 0;
}

/* Closes what the path has not, opens what it adds; the name of its last member. */
static void go_to(struct writing *writing, const char *path, char name[MEMBER_MAX])
{
    struct segment segment;
    size_t depth = 0;
    const char *rest = next_segment(path, &segment);
    while (rest != NULL && is_open(writing, depth, &segment)) {
        depth++;
        rest = next_segment(rest, &segment);
    }
    while (writing->n_open > depth) {
        close_last(writing);
    }
    while (rest != NULL && writing->n_open < DEPTH_MAX) {
        open_next(writing, &segment);
        rest = next_segment(rest, &segment);
    }
    name_of(&segment, name);
}

/* A text that is longer than the line can take ends in an ellipsis, between two characters. */
static void put_text(struct writing *writing, const char *name, struct zta_text text)
{
    char cut[1024 + 4];
    if (text.len > writing->text_max) {
        size_t len = writing->text_max;
        while (len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80) {
            len--;
        }
        memcpy(cut, text.data, len);
        memcpy(cut + len, "\xe2\x80\xa6", 3);
        text = (struct zta_text){.data = cut, .len = len + 3};
    }
    zta_json_text(&writing->json, name, text);
}

static void put_value(struct writing *writing, const char *name, const struct zta_log_value *value)
{
    switch (value->type) {
    case ZTA_LOG_ABSENT:
        return;
    case ZTA_LOG_TEXT:
        put_text(writing, name, value->text);
        return;
    case ZTA_LOG_NUMBER:
        zta_json_int(&writing->json, name, value->number);
        return;
    case ZTA_LOG_WORDS:
        zta_json_begin_array(&writing->json, name);
        for (size_t i = 0; i < value->n_words; i++) {
            put_text(writing, NULL, value->words[i]);
        }
        zta_json_end_array(&writing->json);
        return;
    }
}

static void put_fields(struct writing *writing, const struct zta_log_record *record,
                       enum zta_log_format format)
{
    struct zta_log_value value;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct field *field = &fields[i].field;
        if (fields[i].format != format || (field->kinds & 1u << record->kind) == 0) {
            continue;
        }
        value.type = ZTA_LOG_ABSENT;
        value.n_words = 0;
        field->get(record, &value);
        if (value.type != ZTA_LOG_ABSENT) {
            char name[MEMBER_MAX];
            go_to(writing, field->path, name);
            put_value(writing, name, &value);
        }
    }
}

enum zta_status zta_log_line(const struct zta_log_record *record, enum zta_log_format format,
                             char out[ZTA_LOG_LINE_MAX], size_t *len)
{
    static const size_t text_max[] = {1024, 256, 64, 16};
    for (size_t i = 0; i < sizeof text_max / sizeof text_max[0]; i++) {
        struct zta_buffer buffer;
        struct writing writing = {.text_max = text_max[i]};
        zta_buffer_init(&buffer, out, ZTA_LOG_LINE_MAX);
        zta_json_init(&writing.json, &buffer);
        zta_json_begin_object(&writing.json, NULL);
        put_fields(&writing, record, format);
        while (writing.n_open > 0) {
            close_last(&writing);
        }
        zta_json_end_object(&writing.json);
        zta_buffer_append(&buffer, "\n", 1);
        if (!buffer.is_overflowed) {
            *len = buffer.len;
            return ZTA_OK;
        }
    }
    return ZTA_TOO_LARGE;
}

uint32_t zta_log_weight(const struct zta_event *event, uint32_t every)
{
    const bool is_kept = event->outcome != ZTA_OUTCOME_ALLOW ||
                         (event->flags & ZTA_EVENT_MONITORED) != 0 || event->risk.n_raised > 0;
    if (every <= 1 || is_kept) {
        return 1;
    }
    /* The last bytes of a ULID are random. */
    return zta_get_u32(&event->id.bytes[ZTA_ULID_SIZE - 4]) % every == 0 ? every : 0;
}
