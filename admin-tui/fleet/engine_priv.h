/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to the engine, and one command at a time: what is on top of hiredis. */
#ifndef CTL_FLEET_ENGINE_PRIV_H
#define CTL_FLEET_ENGINE_PRIV_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

#include "admin-tui/fleet/engine.h"

enum {
    CTL_ENGINE_KEY_MAX = 96,
    CTL_ENGINE_WORDS_MAX = 16,
};

struct ctl_engine {
    redisContext *commands;
    redisContext *stream;   /* waits at the stream */
    redisContext *sentinel; /* one that is asked whether this is the master; NULL: none yet */
    size_t sentinel_index;  /* which of the configured ones */
    struct ctl_endpoint endpoint;
    bool is_awaiting;
    char name[ZTA_HOST_MAX + 16];
    char stream_key[CTL_ENGINE_KEY_MAX];
    char records_key[CTL_ENGINE_KEY_MAX];
    char nodes_key[CTL_ENGINE_KEY_MAX];
    char limits_key[CTL_ENGINE_KEY_MAX];
    char asked_key[CTL_ENGINE_KEY_MAX];
    char answers_key[CTL_ENGINE_KEY_MAX]; /* before the question */
};

struct ctl_engine_command {
    const char *words[CTL_ENGINE_WORDS_MAX];
    size_t sizes[CTL_ENGINE_WORDS_MAX];
    int n;
};

void ctl_engine_add(struct ctl_engine_command *command, const void *data, size_t size);
/* Words up to NULL. */
void ctl_engine_add_words(struct ctl_engine_command *command, const char *const *words);
/* "what: what the connection says" */
enum zta_status ctl_engine_failed(const redisContext *context, const char *what,
                                  struct zta_error *error);
/* Refusals of the engine are told in its own words; ZTA_FORBIDDEN where the user may not. */
enum zta_status ctl_engine_check(redisContext *context, const redisReply *reply, const char *what,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/* Sends, waits, checks; *reply is the caller's to free, NULL on a failure. */
enum zta_status ctl_engine_run(redisContext *context, const struct ctl_engine_command *command,
                               redisReply **reply, struct zta_error *error) ZTA_MUST_CHECK;
/* Where what is answered does not matter. */
enum zta_status ctl_engine_do(redisContext *context, const struct ctl_engine_command *command,
                              struct zta_error *error) ZTA_MUST_CHECK;
/* Into what is sent with the next answer that is waited for; false: no memory. */
bool ctl_engine_append(redisContext *context, const struct ctl_engine_command *command);

bool ctl_engine_is_text(const redisReply *reply);
struct zta_text ctl_engine_text(const redisReply *reply);
/* Of an array; NULL: there is none, or it is no array. */
const redisReply *ctl_engine_item(const redisReply *reply, size_t i);

#endif
