/* SPDX-License-Identifier: Apache-2.0 */
/* To the engine, by sentinels where there are some, and one command at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/fleet/engine_priv.h"

#define TIMEOUT_S 2

/* ---- one command ---- */

void ctl_engine_add(struct ctl_engine_command *command, const void *data, size_t size)
{
    command->words[command->n] = data;
    command->sizes[command->n++] = size;
}

void ctl_engine_add_words(struct ctl_engine_command *command, const char *const *words)
{
    for (; *words != NULL; words++) {
        ctl_engine_add(command, *words, strlen(*words));
    }
}

enum zta_status ctl_engine_failed(const redisContext *context, const char *what,
                                  struct zta_error *error)
{
    return zta_error_set(error, ZTA_IO, "%s: %s", what,
                         context == NULL     ? "no memory"
                         : context->err != 0 ? context->errstr
                                             : "no answer");
}

enum zta_status ctl_engine_check(redisContext *context, const redisReply *reply, const char *what,
                                 struct zta_error *error)
{
    if (reply == NULL) {
        return ctl_engine_failed(context, what, error);
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        const bool is_denied = strncmp(reply->str, "NOAUTH", 6) == 0 ||
                               strncmp(reply->str, "WRONGPASS", 9) == 0 ||
                               strncmp(reply->str, "NOPERM", 6) == 0;
        return zta_error_set(error, is_denied ? ZTA_FORBIDDEN : ZTA_IO, "%s: %.300s", what,
                             reply->str);
    }
    return ZTA_OK;
}

enum zta_status ctl_engine_run(redisContext *context, const struct ctl_engine_command *command,
                               redisReply **reply, struct zta_error *error)
{
    const char *words[CTL_ENGINE_WORDS_MAX];
    memcpy(words, command->words, sizeof words);
    *reply = redisCommandArgv(context, command->n, words, command->sizes);
    const enum zta_status status = ctl_engine_check(context, *reply, command->words[0], error);
    if (status != ZTA_OK && *reply != NULL) {
        freeReplyObject(*reply);
        *reply = NULL;
    }
    return status;
}

enum zta_status ctl_engine_do(redisContext *context, const struct ctl_engine_command *command,
                              struct zta_error *error)
{
    redisReply *reply;
    const enum zta_status status = ctl_engine_run(context, command, &reply, error);
    if (reply != NULL) {
        freeReplyObject(reply);
    }
    return status;
}

bool ctl_engine_is_text(const redisReply *reply)
{
    return reply != NULL &&
           (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS);
}

struct zta_text ctl_engine_text(const redisReply *reply)
{
    return (struct zta_text){.data = reply->str, .len = reply->len};
}

const redisReply *ctl_engine_item(const redisReply *reply, size_t i)
{
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY && i < reply->elements
               ? reply->element[i]
               : NULL;
}

bool ctl_engine_append(redisContext *context, const struct ctl_engine_command *command)
{
    const char *words[CTL_ENGINE_WORDS_MAX];
    memcpy(words, command->words, sizeof words);
    return redisAppendCommandArgv(context, command->n, words, command->sizes) == REDIS_OK;
}

/* ---- connections ---- */

static enum zta_status connect_to(const struct ctl_endpoint *endpoint, redisContext **context,
                                  struct zta_error *error)
{
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    char what[ZTA_HOST_MAX + 16];
    (void)snprintf(what, sizeof what, "%s:%u", endpoint->host, endpoint->port);
    redisContext *made = redisConnectWithTimeout(endpoint->host, endpoint->port, timeout);
    enum zta_status status =
        made != NULL && made->err == 0 && redisSetTimeout(made, timeout) == REDIS_OK
            ? ZTA_OK
            : ctl_engine_failed(made, what, error);
    if (status == ZTA_OK) {
        (void)redisEnableKeepAlive(made);
        *context = made;
    }
    else if (made != NULL) {
        redisFree(made);
    }
    return status;
}

static enum zta_status log_in(redisContext *context, const struct ctl_fleet_config *config,
                              struct zta_error *error)
{
    char password[CTL_FLEET_PASSWORD_MAX];
    enum zta_status status = ctl_fleet_password(config, password, error);
    if (status == ZTA_OK && password[0] != '\0') {
        struct ctl_engine_command command = {.n = 0};
        ctl_engine_add_words(&command, (const char *const[]){"AUTH", NULL});
        if (config->user[0] != '\0') {
            ctl_engine_add_words(&command, (const char *const[]){config->user, NULL});
        }
        ctl_engine_add_words(&command, (const char *const[]){password, NULL});
        status = ctl_engine_do(context, &command, error);
    }
    explicit_bzero(password, sizeof password);
    return status;
}

/* Asks a sentinel who the master is. */
static enum zta_status ask_master(redisContext *context, const struct ctl_endpoint *sentinel,
                                  const char *master, struct ctl_endpoint *found,
                                  struct zta_error *error)
{
    redisReply *reply = NULL;
    struct ctl_engine_command command = {.n = 0};
    ctl_engine_add_words(
        &command, (const char *const[]){"SENTINEL", "get-master-addr-by-name", master, NULL});
    enum zta_status status = ctl_engine_run(context, &command, &reply, error);
    const redisReply *host = ctl_engine_item(reply, 0);
    const redisReply *port = ctl_engine_item(reply, 1);
    uint64_t number = 0;
    if (status == ZTA_OK &&
        (!ctl_engine_is_text(host) || !ctl_engine_is_text(port) || host->len > ZTA_HOST_MAX ||
         zta_text_to_u64(ctl_engine_text(port), UINT16_MAX, &number) != ZTA_OK)) {
        status = zta_error_set(error, ZTA_IO, "the sentinel at %s:%u knows no master '%s'",
                               sentinel->host, sentinel->port, master);
    }
    if (status == ZTA_OK) {
        (void)snprintf(found->host, sizeof found->host, "%s", host->str);
        found->port = (uint16_t)number;
    }
    if (reply != NULL) {
        freeReplyObject(reply);
    }
    return status;
}

static enum zta_status ask_sentinel(const struct ctl_endpoint *sentinel, const char *master,
                                    struct ctl_endpoint *found, struct zta_error *error)
{
    redisContext *context = NULL;
    enum zta_status status = connect_to(sentinel, &context, error);
    if (status != ZTA_OK) {
        return status;
    }
    status = ask_master(context, sentinel, master, found, error);
    redisFree(context);
    return status;
}

static void close_sentinel(struct ctl_engine *engine)
{
    if (engine->sentinel != NULL) {
        redisFree(engine->sentinel);
        engine->sentinel = NULL;
    }
}

enum zta_status ctl_engine_check_current(struct ctl_engine *engine,
                                         const struct ctl_fleet_config *config,
                                         struct zta_error *error)
{
    struct zta_error unheard = {.status = ZTA_OK};
    struct ctl_endpoint found;
    if (config->master[0] == '\0') {
        return ZTA_OK;
    }
    const struct ctl_endpoint *sentinel =
        &config->endpoints[engine->sentinel_index % config->n_endpoints];
    enum zta_status status =
        engine->sentinel == NULL ? connect_to(sentinel, &engine->sentinel, &unheard) : ZTA_OK;
    if (status == ZTA_OK) {
        status = ask_master(engine->sentinel, sentinel, config->master, &found, &unheard);
    }
    if (status != ZTA_OK) {
        close_sentinel(engine);
        engine->sentinel_index++; /* the next one, next time */
        return ZTA_OK;
    }
    return strcmp(found.host, engine->endpoint.host) == 0 && found.port == engine->endpoint.port
               ? ZTA_OK
               : zta_error_set(error, ZTA_IO, "%s is the master no more: %s:%u is", engine->name,
                               found.host, found.port);
}

static enum zta_status find_engine(const struct ctl_fleet_config *config,
                                   struct ctl_endpoint *found, struct zta_error *error)
{
    if (config->master[0] == '\0') {
        *found = config->endpoints[0];
        return ZTA_OK;
    }
    enum zta_status status = ZTA_IO;
    for (size_t i = 0; status != ZTA_OK && i < config->n_endpoints; i++) {
        status = ask_sentinel(&config->endpoints[i], config->master, found, error);
    }
    return status;
}

/* During a fail-over the former master may still answer; writes to it would be lost. */
static enum zta_status check_master(redisContext *context, struct zta_error *error)
{
    redisReply *reply = NULL;
    struct ctl_engine_command command = {.n = 0};
    ctl_engine_add_words(&command, (const char *const[]){"ROLE", NULL});
    enum zta_status status = ctl_engine_run(context, &command, &reply, error);
    const redisReply *role = ctl_engine_item(reply, 0);
    if (status == ZTA_OK && (!ctl_engine_is_text(role) || strcmp(role->str, "master") != 0)) {
        status = zta_error_set(error, ZTA_IO, "it is no master");
    }
    if (reply != NULL) {
        freeReplyObject(reply);
    }
    return status;
}

enum zta_status ctl_engine_open(const struct ctl_fleet_config *config, struct ctl_engine **engine,
                                struct zta_error *error)
{
    struct ctl_endpoint endpoint;
    enum zta_status status = find_engine(config, &endpoint, error);
    struct ctl_engine *made = status == ZTA_OK ? calloc(1, sizeof *made) : NULL;
    if (status == ZTA_OK && made == NULL) {
        status = zta_error_set(error, ZTA_NO_MEMORY, "no memory for a connection");
    }
    if (status != ZTA_OK) {
        return status;
    }
    made->endpoint = endpoint;
    (void)snprintf(made->name, sizeof made->name, "%s:%u", endpoint.host, endpoint.port);
    (void)snprintf(made->stream_key, CTL_ENGINE_KEY_MAX, "zta:%s:stream", config->fleet);
    (void)snprintf(made->records_key, CTL_ENGINE_KEY_MAX, "zta:%s:records", config->fleet);
    (void)snprintf(made->nodes_key, CTL_ENGINE_KEY_MAX, "zta:%s:nodes", config->fleet);
    (void)snprintf(made->asked_key, CTL_ENGINE_KEY_MAX, "zta:%s:asked", config->fleet);
    (void)snprintf(made->answers_key, CTL_ENGINE_KEY_MAX, "zta:%s:answers:", config->fleet);
    (void)snprintf(made->limits_key, CTL_ENGINE_KEY_MAX, "zta:%s:limits", config->fleet);
    redisContext **const contexts[] = {&made->commands, &made->stream};
    for (size_t i = 0; status == ZTA_OK && i < sizeof contexts / sizeof contexts[0]; i++) {
        status = connect_to(&endpoint, contexts[i], error);
        if (status == ZTA_OK) {
            status = log_in(*contexts[i], config, error);
        }
    }
    if (status == ZTA_OK) {
        status = check_master(made->commands, error);
    }
    if (status != ZTA_OK) {
        ctl_engine_close(&made);
        return status;
    }
    *engine = made;
    return ZTA_OK;
}

void ctl_engine_close(struct ctl_engine **engine)
{
    struct ctl_engine *closing = *engine;
    if (closing == NULL) {
        return;
    }
    *engine = NULL;
    if (closing->commands != NULL) {
        redisFree(closing->commands);
    }
    if (closing->stream != NULL) {
        redisFree(closing->stream);
    }
    close_sentinel(closing);
    free(closing);
}

const char *ctl_engine_name(const struct ctl_engine *engine)
{
    return engine->name;
}
