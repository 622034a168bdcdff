/* SPDX-License-Identifier: Apache-2.0 */
/* Statements to the engine and from it. */
#include "admin-tui/fleet/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/fleet/engine_priv.h"
#include "shared/fleet/statement.h"

#define STREAM_LENGTH "1000000"
#define SCAN_COUNT    "500"
#define AWAIT_MS      "5000"
#define AWAIT_COUNT   "500"
#define SOME_NODES    "16"

/* Fields of the stream: a statement, or the name of one in the records. */
#define FIELD_STATEMENT "s"
#define FIELD_NAME      "n"

/* Whether a statement goes into the stream. */
#define ALWAYS     "always"
#define WHERE_NEWS "where news"

enum {
    LACKS_MAX = 512,
    NAMES_MAX = 512,
    INLINE_MAX = 16 << 10, /* bytes of a statement that the stream has itself, for ever */
};

/* ---- statements ---- */

/* The field of the records hash that a statement belongs to. */
static bool name_of(struct zta_text bytes, uint8_t name[ZTA_STATEMENT_NAME_SIZE])
{
    struct zta_statement statement;
    if (zta_statement_read(bytes, &statement) != ZTA_OK) {
        return false;
    }
    zta_statement_name(&statement, name);
    return true;
}

/*
 * Keeps a statement unless one as late stands there, and sends it, where only news are wanted
 * (ARGV[3]) if it was kept: bytes 20 to 27 are its version (statement.h). What is too short to be
 * one is as good as none. ARGV[4] is the field of the stream, whose value is the statement or its
 * name.
 */
static const char keep_and_send[] =
    "local there = redis.call('HGET', KEYS[1], ARGV[1]) "
    "local is_news = not there or #there < 27 or "
    "string.sub(there, 20, 27) < string.sub(ARGV[2], 20, 27) "
    "if is_news then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end "
    "if is_news or ARGV[3] == '" ALWAYS "' then "
    "redis.call('XADD', KEYS[2], 'MAXLEN', '~', " STREAM_LENGTH ", '*', ARGV[4], "
    "ARGV[4] == '" FIELD_NAME "' and ARGV[1] or ARGV[2]) end return 1";

/* To the records and to the stream. */
static bool append_statement(struct ctl_engine *engine, struct zta_text bytes, const char *when,
                             size_t *n)
{
    uint8_t name[ZTA_STATEMENT_NAME_SIZE];
    struct ctl_engine_command command = {.n = 0};
    if (!name_of(bytes, name)) {
        return true; /* of a later release: whoever made it sends it */
    }
    ctl_engine_add_words(&command,
                         (const char *const[]){"EVAL", keep_and_send, "2", engine->records_key,
                                               engine->stream_key, NULL});
    ctl_engine_add(&command, name, sizeof name);
    ctl_engine_add(&command, bytes.data, bytes.len);
    ctl_engine_add_words(
        &command,
        (const char *const[]){when, bytes.len > INLINE_MAX ? FIELD_NAME : FIELD_STATEMENT, NULL});
    ++*n;
    return ctl_engine_append(engine->commands, &command);
}

static enum zta_status publish(struct ctl_engine *engine, const struct zta_text *items, size_t n,
                               const char *when, struct zta_error *error)
{
    struct ctl_engine_command begin = {.n = 0};
    struct ctl_engine_command end = {.n = 0};
    size_t n_commands = 2;
    ctl_engine_add_words(&begin, (const char *const[]){"MULTI", NULL});
    ctl_engine_add_words(&end, (const char *const[]){"EXEC", NULL});
    bool is_good = ctl_engine_append(engine->commands, &begin);
    for (size_t i = 0; is_good && i < n; i++) {
        is_good = append_statement(engine, items[i], when, &n_commands);
    }
    is_good = is_good && ctl_engine_append(engine->commands, &end);
    enum zta_status status = is_good ? ZTA_OK : ctl_engine_failed(engine->commands, "MULTI", error);
    for (size_t i = 0; status == ZTA_OK && i < n_commands; i++) {
        void *reply = NULL;
        if (redisGetReply(engine->commands, &reply) != REDIS_OK) {
            reply = NULL;
        }
        status = ctl_engine_check(engine->commands, reply, "publishing", error);
        /* The last one is EXEC's: the answers of each, or of none. */
        const redisReply *all = reply;
        if (status == ZTA_OK && i + 1 == n_commands) {
            for (size_t k = 0; k < n_commands - 2 && status == ZTA_OK; k++) {
                const redisReply *one = ctl_engine_item(all, k);
                status = one == NULL || one->type == REDIS_REPLY_ERROR
                             ? zta_error_set(error, ZTA_IO, "publishing: %.300s",
                                             one == NULL ? "not done" : one->str)
                             : ZTA_OK;
            }
        }
        if (reply != NULL) {
            freeReplyObject(reply);
        }
    }
    return status;
}

enum zta_status ctl_engine_publish(struct ctl_engine *engine, const struct zta_text *items,
                                   size_t n, struct zta_error *error)
{
    return publish(engine, items, n, ALWAYS, error);
}

enum zta_status ctl_engine_refill(struct ctl_engine *engine, const struct zta_text *items, size_t n,
                                  struct zta_error *error)
{
    return publish(engine, items, n, WHERE_NEWS, error);
}

enum zta_status ctl_engine_count(struct ctl_engine *engine, uint64_t *n, struct zta_error *error)
{
    redisReply *reply;
    struct ctl_engine_command command = {.n = 0};
    ctl_engine_add_words(&command, (const char *const[]){"HLEN", engine->records_key, NULL});
    enum zta_status status = ctl_engine_run(engine->commands, &command, &reply, error);
    if (status == ZTA_OK) {
        *n = reply->type == REDIS_REPLY_INTEGER ? (uint64_t)reply->integer : 0;
        freeReplyObject(reply);
    }
    return status;
}

/* One step of a scan of a hash: values to fn, *cursor the next step's. */
static enum zta_status scan_step(struct ctl_engine *engine, char cursor[32], zta_statement_fn fn,
                                 void *context, struct zta_error *error)
{
    redisReply *reply;
    struct ctl_engine_command command = {.n = 0};
    const char *const words[] = {"HSCAN", engine->records_key, cursor, "COUNT", SCAN_COUNT, NULL};
    ctl_engine_add_words(&command, words);
    enum zta_status status = ctl_engine_run(engine->commands, &command, &reply, error);
    if (status != ZTA_OK) {
        return status;
    }
    const redisReply *next = ctl_engine_item(reply, 0);
    const redisReply *values = ctl_engine_item(reply, 1);
    if (!ctl_engine_is_text(next) || next->len >= 32 || values == NULL ||
        values->type != REDIS_REPLY_ARRAY) {
        status = zta_error_set(error, ZTA_IO, "HSCAN: an answer of another form");
    }
    for (size_t i = 1; status == ZTA_OK && i < values->elements; i += 2) {
        if (ctl_engine_is_text(values->element[i]) &&
            !fn(context, ctl_engine_text(values->element[i]))) {
            status = zta_error_set(error, ZTA_IO, "the records could not be taken");
        }
    }
    if (status == ZTA_OK) {
        (void)snprintf(cursor, 32, "%s", next->str);
    }
    freeReplyObject(reply);
    return status;
}

enum zta_status ctl_engine_scan(struct ctl_engine *engine, zta_statement_fn fn, void *context,
                                struct zta_error *error)
{
    char cursor[32] = "0";
    enum zta_status status;
    do {
        status = scan_step(engine, cursor, fn, context, error);
    } while (status == ZTA_OK && strcmp(cursor, "0") != 0);
    return status;
}

/* Has the engine nothing like it, or what was said before it? */
static bool is_lacking(const redisReply *kept, struct zta_text own)
{
    struct zta_statement theirs;
    struct zta_statement ours;
    if (zta_statement_read(own, &ours) != ZTA_OK) {
        return false;
    }
    return !ctl_engine_is_text(kept) ||
           zta_statement_read(ctl_engine_text(kept), &theirs) != ZTA_OK ||
           theirs.version_ns < ours.version_ns;
}

enum zta_status ctl_engine_lacks(struct ctl_engine *engine, const struct zta_text *items, size_t n,
                                 bool *lacks, struct zta_error *error)
{
    static uint8_t names[LACKS_MAX][ZTA_STATEMENT_NAME_SIZE];
    static const char *words[LACKS_MAX + 2];
    static size_t sizes[LACKS_MAX + 2];
    enum zta_status status = ZTA_OK;
    for (size_t first = 0; status == ZTA_OK && first < n; first += LACKS_MAX) {
        const size_t many = n - first < LACKS_MAX ? n - first : LACKS_MAX;
        words[0] = "HMGET";
        words[1] = engine->records_key;
        sizes[0] = strlen(words[0]);
        sizes[1] = strlen(words[1]);
        for (size_t i = 0; i < many; i++) {
            if (!name_of(items[first + i], names[i])) {
                memset(names[i], 0, sizeof names[i]);
            }
            words[2 + i] = (const char *)names[i];
            sizes[2 + i] = sizeof names[i];
        }
        redisReply *reply = redisCommandArgv(engine->commands, (int)many + 2, words, sizes);
        status = ctl_engine_check(engine->commands, reply, words[0], error);
        for (size_t i = 0; status == ZTA_OK && i < many; i++) {
            lacks[first + i] = is_lacking(ctl_engine_item(reply, i), items[first + i]);
        }
        if (reply != NULL) {
            freeReplyObject(reply);
        }
    }
    return status;
}

/* ---- the stream ---- */

static void copy_place(const redisReply *id, char place[ZTA_FLEET_PLACE_MAX])
{
    if (ctl_engine_is_text(id) && id->len < ZTA_FLEET_PLACE_MAX &&
        strspn(id->str, "0123456789-") == id->len) {
        memcpy(place, id->str, id->len + 1);
    }
}

enum zta_status ctl_engine_head(struct ctl_engine *engine, char place[ZTA_FLEET_PLACE_MAX],
                                struct zta_error *error)
{
    redisReply *reply;
    struct ctl_engine_command command = {.n = 0};
    const char *const words[] = {"XREVRANGE", engine->stream_key, "+", "-", "COUNT", "1", NULL};
    ctl_engine_add_words(&command, words);
    const enum zta_status status = ctl_engine_run(engine->commands, &command, &reply, error);
    if (status == ZTA_OK) {
        (void)snprintf(place, ZTA_FLEET_PLACE_MAX, "%s", ZTA_FLEET_PLACE_NONE);
        copy_place(ctl_engine_item(ctl_engine_item(reply, 0), 0), place);
        freeReplyObject(reply);
    }
    return status;
}

enum zta_status ctl_engine_has_place(struct ctl_engine *engine, const char *place, bool *has,
                                     struct zta_error *error)
{
    redisReply *reply;
    struct ctl_engine_command command = {.n = 0};
    ctl_engine_add_words(&command,
                         (const char *const[]){"XRANGE", engine->stream_key, place, place, NULL});
    const enum zta_status status = ctl_engine_run(engine->commands, &command, &reply, error);
    if (status == ZTA_OK) {
        *has = ctl_engine_item(reply, 0) != NULL;
        freeReplyObject(reply);
    }
    return status;
}

/* [seconds, microseconds] */
static enum zta_status read_clock(struct ctl_engine *engine, int64_t *now_ms,
                                  struct zta_error *error)
{
    redisReply *reply;
    struct ctl_engine_command command = {.n = 0};
    ctl_engine_add_words(&command, (const char *const[]){"TIME", NULL});
    const enum zta_status status = ctl_engine_run(engine->commands, &command, &reply, error);
    if (status == ZTA_OK) {
        const redisReply *seconds = ctl_engine_item(reply, 0);
        const redisReply *micros = ctl_engine_item(reply, 1);
        *now_ms =
            ctl_engine_is_text(seconds) && ctl_engine_is_text(micros)
                ? strtoll(seconds->str, NULL, 10) * 1000 + strtoll(micros->str, NULL, 10) / 1000
                : 0;
        freeReplyObject(reply);
    }
    return status;
}

enum zta_status ctl_engine_lag(struct ctl_engine *engine, const char *place, int64_t *lag_ms,
                               struct zta_error *error)
{
    char behind[ZTA_FLEET_PLACE_MAX + 1];
    redisReply *reply;
    struct ctl_engine_command command = {.n = 0};
    (void)snprintf(behind, sizeof behind, "(%s", place);
    ctl_engine_add_words(&command, (const char *const[]){"XRANGE", engine->stream_key, behind, "+",
                                                         "COUNT", "1", NULL});
    *lag_ms = 0;
    enum zta_status status = ctl_engine_run(engine->commands, &command, &reply, error);
    if (status != ZTA_OK) {
        return status;
    }
    const redisReply *id = ctl_engine_item(ctl_engine_item(reply, 0), 0);
    const int64_t began_ms = ctl_engine_is_text(id) ? strtoll(id->str, NULL, 10) : 0;
    freeReplyObject(reply);
    if (began_ms > 0) {
        int64_t now_ms = 0;
        status = read_clock(engine, &now_ms, error);
        *lag_ms = now_ms > began_ms ? now_ms - began_ms : 0;
    }
    return status;
}

enum zta_status ctl_engine_await(struct ctl_engine *engine, const char *place,
                                 struct zta_error *error)
{
    struct ctl_engine_command command = {.n = 0};
    const char *const words[] = {"XREAD",     "BLOCK",   AWAIT_MS,           "COUNT",
                                 AWAIT_COUNT, "STREAMS", engine->stream_key, place,
                                 NULL};
    if (engine->is_awaiting) {
        return ZTA_OK;
    }
    ctl_engine_add_words(&command, words);
    int is_written = 0;
    bool is_good = ctl_engine_append(engine->stream, &command);
    while (is_good && !is_written) {
        is_good = redisBufferWrite(engine->stream, &is_written) == REDIS_OK;
    }
    engine->is_awaiting = is_good;
    return is_good ? ZTA_OK : ctl_engine_failed(engine->stream, "XREAD", error);
}

bool ctl_engine_is_awaiting(const struct ctl_engine *engine)
{
    return engine->is_awaiting;
}

int ctl_engine_fd(const struct ctl_engine *engine)
{
    return engine->stream->fd;
}

/* One answer of the stream. */
struct hearing {
    struct ctl_engine *engine;
    zta_statement_fn fn;
    void *context;
    uint8_t names[NAMES_MAX][ZTA_STATEMENT_NAME_SIZE]; /* that were asked for */
    size_t n;
};

static enum zta_status hand_on(const struct hearing *hearing, const redisReply *value,
                               struct zta_error *error)
{
    return !ctl_engine_is_text(value) || hearing->fn(hearing->context, ctl_engine_text(value))
               ? ZTA_OK
               : zta_error_set(error, ZTA_IO, "what came could not be taken");
}

/*
 * A long statement by its name: what the records have now, which is it or a later one. Each once,
 * however often it is named. What is not there any more is told by whoever finds that it lacks.
 */
static enum zta_status hand_on_named(struct hearing *hearing, const redisReply *name,
                                     struct zta_error *error)
{
    redisReply *reply;
    struct ctl_engine_command command = {.n = 0};
    for (size_t i = 0; i < hearing->n; i++) {
        if (memcmp(hearing->names[i], name->str, sizeof hearing->names[i]) == 0) {
            return ZTA_OK;
        }
    }
    if (hearing->n < NAMES_MAX) {
        memcpy(hearing->names[hearing->n++], name->str, sizeof hearing->names[0]);
    }
    ctl_engine_add_words(&command,
                         (const char *const[]){"HGET", hearing->engine->records_key, NULL});
    ctl_engine_add(&command, name->str, name->len);
    enum zta_status status = ctl_engine_run(hearing->engine->commands, &command, &reply, error);
    if (status == ZTA_OK) {
        status = hand_on(hearing, reply, error);
        freeReplyObject(reply);
    }
    return status;
}

/* [[stream, [[id, [field, value]], ...]]]; nil when nothing came in time. */
static enum zta_status take_entries(struct hearing *hearing, const redisReply *reply,
                                    char place[ZTA_FLEET_PLACE_MAX], struct zta_error *error)
{
    const redisReply *entries = ctl_engine_item(ctl_engine_item(reply, 0), 1);
    for (size_t i = 0; ctl_engine_item(entries, i) != NULL; i++) {
        const redisReply *entry = ctl_engine_item(entries, i);
        const redisReply *field = ctl_engine_item(ctl_engine_item(entry, 1), 0);
        const redisReply *value = ctl_engine_item(ctl_engine_item(entry, 1), 1);
        const bool is_name = ctl_engine_is_text(field) && strcmp(field->str, FIELD_NAME) == 0 &&
                             ctl_engine_is_text(value) && value->len == ZTA_STATEMENT_NAME_SIZE;
        const enum zta_status status =
            is_name ? hand_on_named(hearing, value, error) : hand_on(hearing, value, error);
        if (status != ZTA_OK) {
            return status;
        }
        copy_place(ctl_engine_item(entry, 0), place);
    }
    return ZTA_OK;
}

enum zta_status ctl_engine_hear(struct ctl_engine *engine, zta_statement_fn fn, void *context,
                                char place[ZTA_FLEET_PLACE_MAX], bool *is_answered,
                                struct zta_error *error)
{
    void *reply = NULL;
    *is_answered = false;
    if (redisBufferRead(engine->stream) != REDIS_OK ||
        redisGetReplyFromReader(engine->stream, &reply) != REDIS_OK) {
        return ctl_engine_failed(engine->stream, "XREAD", error);
    }
    if (reply == NULL) {
        return ZTA_OK;
    }
    engine->is_awaiting = false;
    *is_answered = true;
    enum zta_status status = ctl_engine_check(engine->stream, reply, "XREAD", error);
    if (status == ZTA_OK) {
        struct hearing hearing = {.engine = engine, .fn = fn, .context = context};
        status = take_entries(&hearing, reply, place, error);
    }
    freeReplyObject(reply);
    return status;
}

/* ---- nodes ---- */

enum zta_status ctl_engine_tell_node(struct ctl_engine *engine, const char *origin,
                                     struct zta_text text, struct zta_error *error)
{
    struct ctl_engine_command command = {.n = 0};
    ctl_engine_add_words(&command, (const char *const[]){"HSET", engine->nodes_key, origin, NULL});
    ctl_engine_add(&command, text.data, text.len);
    return ctl_engine_do(engine->commands, &command, error);
}

/* Of a command whose answer is fields and values. */
static enum zta_status ask_nodes(struct ctl_engine *engine, const char *const *words,
                                 ctl_engine_node_fn fn, void *context, struct zta_error *error)
{
    redisReply *reply;
    struct ctl_engine_command command = {.n = 0};
    ctl_engine_add_words(&command, words);
    const enum zta_status status = ctl_engine_run(engine->commands, &command, &reply, error);
    if (status != ZTA_OK) {
        return status;
    }
    for (size_t i = 0; ctl_engine_item(reply, i + 1) != NULL; i += 2) {
        if (ctl_engine_is_text(ctl_engine_item(reply, i)) &&
            ctl_engine_is_text(ctl_engine_item(reply, i + 1))) {
            fn(context, ctl_engine_text(ctl_engine_item(reply, i)),
               ctl_engine_text(ctl_engine_item(reply, i + 1)));
        }
    }
    freeReplyObject(reply);
    return ZTA_OK;
}

enum zta_status ctl_engine_nodes(struct ctl_engine *engine, ctl_engine_node_fn fn, void *context,
                                 struct zta_error *error)
{
    const char *const words[] = {"HGETALL", engine->nodes_key, NULL};
    return ask_nodes(engine, words, fn, context, error);
}

enum zta_status ctl_engine_some_nodes(struct ctl_engine *engine, ctl_engine_node_fn fn,
                                      void *context, struct zta_error *error)
{
    const char *const words[] = {"HRANDFIELD", engine->nodes_key, SOME_NODES, "WITHVALUES", NULL};
    return ask_nodes(engine, words, fn, context, error);
}
