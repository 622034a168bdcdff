/* SPDX-License-Identifier: Apache-2.0 */
/* What the table's fields are filled from; shared by line.c and the files of values. */
#ifndef ZTA_LOG_FIELDS_PRIV_H
#define ZTA_LOG_FIELDS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/log/line.h"

#define ZTA_LOG_WORDS_MAX 12

enum zta_log_value_type {
    ZTA_LOG_ABSENT = 0,
    ZTA_LOG_TEXT,
    ZTA_LOG_NUMBER,
    ZTA_LOG_WORDS,
};

/* Text is borrowed from the record, from the program, or stands in room. */
struct zta_log_value {
    enum zta_log_value_type type;
    struct zta_text text;
    int64_t number;
    size_t n_words;
    struct zta_text words[ZTA_LOG_WORDS_MAX];
    char room[160];
};

/* Leaves *value ABSENT when the record has none. */
typedef void (*zta_log_value_fn)(const struct zta_log_record *record, struct zta_log_value *value);

/* The values that fields.def names, some of them more than once. */
#define ZTA_LOG_FIELD(format, path, type, kinds, always, name, help)                               \
    void zta_log_get_##name(const struct zta_log_record *record, struct zta_log_value *value);
#include "shared/log/fields.def"
#undef ZTA_LOG_FIELD

/* For the files of values. */
void zta_log_set_text(struct zta_log_value *value, struct zta_text text); /* empty: absent */
void zta_log_set_string(struct zta_log_value *value, const char *text);
void zta_log_set_number(struct zta_log_value *value, int64_t number);
void zta_log_set_hex(struct zta_log_value *value, const uint8_t *bytes, size_t size);
void zta_log_add_word(struct zta_log_value *value, struct zta_text word);

#endif
