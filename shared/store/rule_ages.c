/* SPDX-License-Identifier: Apache-2.0 */
/* A rule is known by the digest of its text as the printer writes it. */
#include "shared/store/rule_ages.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/hash.h"
#include "shared/base/reader.h"
#include "shared/rules/print.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

#define KEY_SIZE    (1 + ZTA_SHA256_SIZE)
#define RECORD_SIZE 8
#define TEXT_MAX    65536

struct age_key {
    uint8_t bytes[KEY_SIZE];
};

/* A text that is cut is as good a name: rules of that length differ before. */
static enum zta_status make_key(const struct zta_ast_rule *rule, struct age_key *key)
{
    struct zta_sha256 digest;
    struct zta_buffer buffer;
    char *text = malloc(TEXT_MAX);
    if (text == NULL) {
        return ZTA_NO_MEMORY;
    }
    zta_buffer_init(&buffer, text, TEXT_MAX);
    zta_rules_print_rule(rule, &buffer);
    zta_sha256(text, buffer.len, &digest);
    free(text);
    key->bytes[0] = ZTA_PUBLISHED_AGES;
    memcpy(key->bytes + 1, digest.bytes, sizeof digest.bytes);
    return ZTA_OK;
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, KEY_SIZE);
}

static bool is_age(struct zta_blob key)
{
    return key.size == KEY_SIZE && *(const uint8_t *)key.data == ZTA_PUBLISHED_AGES;
}

/* Records of rules that are no more; of those that are, `is_there` is set. */
static enum zta_status forget(struct zta_change *change, const struct age_key *keys, size_t n,
                              bool *is_there)
{
    static const uint8_t first[1] = {ZTA_PUBLISHED_AGES};
    struct zta_walk walk;
    struct zta_blob key = ZTA_BLOB(first, sizeof first);
    struct zta_blob value;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_PUBLISHED, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_seek(&walk, &key, &value);
    while (status == ZTA_OK && is_age(key)) {
        const struct age_key *found = bsearch(key.data, keys, n, sizeof *keys, compare_keys);
        if (found != NULL) {
            is_there[found - keys] = true;
        }
        else {
            status = zta_walk_remove(&walk);
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_rule_ages_note(struct zta_change *change, const struct zta_rules_ast *ast,
                                   int64_t now_s)
{
    struct age_key *keys = calloc(ast->n_rules + 1, sizeof *keys);
    bool *is_there = calloc(ast->n_rules + 1, sizeof *is_there);
    enum zta_status status = keys == NULL || is_there == NULL ? ZTA_NO_MEMORY : ZTA_OK;
    for (size_t i = 0; status == ZTA_OK && i < ast->n_rules; i++) {
        status = make_key(&ast->rules[i], &keys[i]);
    }
    if (status == ZTA_OK) {
        qsort(keys, ast->n_rules, sizeof *keys, compare_keys);
        status = forget(change, keys, ast->n_rules, is_there);
    }
    for (size_t i = 0; status == ZTA_OK && i < ast->n_rules; i++) {
        uint8_t record[RECORD_SIZE];
        zta_put_u64(record, (uint64_t)now_s);
        if (!is_there[i]) {
            status = zta_change_put(change, ZTA_TABLE_PUBLISHED, ZTA_BLOB(keys[i].bytes, KEY_SIZE),
                                    ZTA_BLOB(record, sizeof record));
        }
    }
    free(keys);
    free(is_there);
    return status;
}

enum zta_status zta_rule_age_get(struct zta_view *view, const struct zta_ast_rule *rule,
                                 int64_t *since_s)
{
    struct age_key key;
    struct zta_blob record;
    enum zta_status status = make_key(rule, &key);
    if (status == ZTA_OK) {
        status = zta_view_get(view, ZTA_TABLE_PUBLISHED, ZTA_BLOB(key.bytes, KEY_SIZE), &record);
    }
    if (status == ZTA_OK && record.size != RECORD_SIZE) {
        status = ZTA_CORRUPT;
    }
    if (status == ZTA_OK) {
        *since_s = (int64_t)zta_get_u64(record.data);
    }
    return status;
}

enum zta_status zta_rule_age_check_record(struct zta_blob key, struct zta_blob value)
{
    return is_age(key) && value.size == RECORD_SIZE ? ZTA_OK : ZTA_CORRUPT;
}
