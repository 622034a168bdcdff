/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of lines that nodes replace: claims of shared rates, questions, answers. */
#include <stdio.h>

#include "admin-tui/fleet/engine.h"
#include "admin-tui/fleet/engine_priv.h"
#include "shared/base/hash.h"

#define LIFE_S "60" /* of questions and answers */

/* Of a hash, as HGETALL answers it. */
static void tell_values(const redisReply *reply, ctl_engine_line_fn fn, void *context)
{
    for (size_t i = 1; ctl_engine_item(reply, i) != NULL; i += 2) {
        if (ctl_engine_is_text(ctl_engine_item(reply, i))) {
            fn(context, ctl_engine_text(ctl_engine_item(reply, i)));
        }
    }
}

/* ---- shared rates ---- */

/* In one step, so that of two nodes that claim at the same time one sees the other's claim. */
static const char share_line[] =
    "local there = redis.call('HGETALL', KEYS[1]) "
    "if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end return there";

enum zta_status ctl_engine_share(struct ctl_engine *engine, const uint8_t origin[ZTA_ORIGIN_SIZE],
                                 struct zta_text line, ctl_engine_line_fn fn, void *context,
                                 struct zta_error *error)
{
    redisReply *reply;
    struct ctl_engine_command command = {.n = 0};
    ctl_engine_add_words(&command,
                         (const char *const[]){"EVAL", share_line, "1", engine->limits_key, NULL});
    ctl_engine_add(&command, origin, ZTA_ORIGIN_SIZE);
    ctl_engine_add(&command, zta_text_is_absent(line) ? "" : line.data, line.len);
    const enum zta_status status = ctl_engine_run(engine->commands, &command, &reply, error);
    if (status != ZTA_OK) {
        return status;
    }
    tell_values(reply, fn, context);
    freeReplyObject(reply);
    return ZTA_OK;
}

/* ---- questions and answers ---- */

static const char put_for_a_while[] =
    "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) return redis.call('EXPIRE', KEYS[1], " LIFE_S
    ")";

static enum zta_status put(struct ctl_engine *engine, const char *key, const uint8_t *field,
                           size_t size, struct zta_text note, struct zta_error *error)
{
    struct ctl_engine_command command = {.n = 0};
    ctl_engine_add_words(&command, (const char *const[]){"EVAL", put_for_a_while, "1", key, NULL});
    ctl_engine_add(&command, field, size);
    ctl_engine_add(&command, note.data, note.len);
    return ctl_engine_do(engine->commands, &command, error);
}

static enum zta_status tell_all(struct ctl_engine *engine, const char *key, ctl_engine_line_fn fn,
                                void *context, struct zta_error *error)
{
    redisReply *reply;
    struct ctl_engine_command command = {.n = 0};
    ctl_engine_add_words(&command, (const char *const[]){"HGETALL", key, NULL});
    const enum zta_status status = ctl_engine_run(engine->commands, &command, &reply, error);
    if (status == ZTA_OK) {
        tell_values(reply, fn, context);
        freeReplyObject(reply);
    }
    return status;
}

static void answers_key(const struct ctl_engine *engine,
                        const uint8_t question[ZTA_NOTE_QUESTION_SIZE],
                        char key[2 * CTL_ENGINE_KEY_MAX])
{
    char hex[2 * ZTA_NOTE_QUESTION_SIZE + 1];
    zta_hex_encode(question, ZTA_NOTE_QUESTION_SIZE, hex);
    (void)snprintf(key, 2 * CTL_ENGINE_KEY_MAX, "%s%s", engine->answers_key, hex);
}

enum zta_status ctl_engine_ask(struct ctl_engine *engine,
                               const uint8_t question[ZTA_NOTE_QUESTION_SIZE], struct zta_text note,
                               struct zta_error *error)
{
    return put(engine, engine->asked_key, question, ZTA_NOTE_QUESTION_SIZE, note, error);
}

enum zta_status ctl_engine_asked(struct ctl_engine *engine, ctl_engine_line_fn fn, void *context,
                                 struct zta_error *error)
{
    return tell_all(engine, engine->asked_key, fn, context, error);
}

enum zta_status ctl_engine_answer(struct ctl_engine *engine,
                                  const uint8_t question[ZTA_NOTE_QUESTION_SIZE],
                                  const uint8_t origin[ZTA_ORIGIN_SIZE], struct zta_text note,
                                  struct zta_error *error)
{
    char key[2 * CTL_ENGINE_KEY_MAX];
    answers_key(engine, question, key);
    return put(engine, key, origin, ZTA_ORIGIN_SIZE, note, error);
}

enum zta_status ctl_engine_answers(struct ctl_engine *engine,
                                   const uint8_t question[ZTA_NOTE_QUESTION_SIZE],
                                   ctl_engine_line_fn fn, void *context, struct zta_error *error)
{
    char key[2 * CTL_ENGINE_KEY_MAX];
    answers_key(engine, question, key);
    return tell_all(engine, key, fn, context, error);
}
