/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine that a fleet's nodes meet at: Redis 6.2 or later, or Valkey, by its protocol. Nothing
 * that comes from it is believed because it comes from there.
 *
 * Keys of fleet corp: zta:corp:stream, all statements as they were sent, about a million of them,
 * long ones by their names in the records; zta:corp:records, a hash, the latest statement of each
 * origin about each record; zta:corp:nodes, a hash, what each agent says of itself;
 * zta:corp:limits, a hash, what each node claims of shared rates; zta:corp:asked and
 * zta:corp:answers:QUESTION, hashes, for a minute.
 * Two connections: one waits at the stream, one does the rest, each call bounded to 2 s.
 */
#ifndef CTL_FLEET_ENGINE_H
#define CTL_FLEET_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/fleet/config.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/fleet/note.h"
#include "shared/store/fleet.h"

struct ctl_engine;

/*
 * Connects, as the configured user; by sentinels to what they call the master, which must say so
 * itself. ZTA_IO: nobody answers. ZTA_FORBIDDEN: not with this user and password.
 */
enum zta_status ctl_engine_open(const struct ctl_fleet_config *config, struct ctl_engine **engine,
                                struct zta_error *error) ZTA_MUST_CHECK;
void ctl_engine_close(struct ctl_engine **engine);
/* "redis.example.com:6379" */
const char *ctl_engine_name(const struct ctl_engine *engine);

/*
 * Is this what the sentinels call the master? ZTA_IO: another one took over; this one may answer
 * for a while yet, and what it is told is lost. Where no sentinel answers it is left at that.
 */
enum zta_status ctl_engine_check_current(struct ctl_engine *engine,
                                         const struct ctl_fleet_config *config,
                                         struct zta_error *error) ZTA_MUST_CHECK;

/* All of these: ZTA_IO and *error when the connection is of no use any more. */

/* Statements go to the records and to the stream, both or neither. */
enum zta_status ctl_engine_publish(struct ctl_engine *engine, const struct zta_text *items,
                                   size_t n, struct zta_error *error) ZTA_MUST_CHECK;
/* The same of what others said, unless something later was published meanwhile. */
enum zta_status ctl_engine_refill(struct ctl_engine *engine, const struct zta_text *items, size_t n,
                                  struct zta_error *error) ZTA_MUST_CHECK;
/* How many records there are. */
enum zta_status ctl_engine_count(struct ctl_engine *engine, uint64_t *n,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/* Every statement of the records, in no order, some perhaps twice. */
enum zta_status ctl_engine_scan(struct ctl_engine *engine, zta_statement_fn fn, void *context,
                                struct zta_error *error) ZTA_MUST_CHECK;
/* Which of these does the engine lack, or have an older one of? */
enum zta_status ctl_engine_lacks(struct ctl_engine *engine, const struct zta_text *items, size_t n,
                                 bool *lacks, struct zta_error *error) ZTA_MUST_CHECK;

/* The id of the stream's latest entry; ZTA_FLEET_PLACE_NONE of an empty one. */
enum zta_status ctl_engine_head(struct ctl_engine *engine, char place[ZTA_FLEET_PLACE_MAX],
                                struct zta_error *error) ZTA_MUST_CHECK;
/* Does the stream have an entry of that id? Then nothing behind it was lost. */
enum zta_status ctl_engine_has_place(struct ctl_engine *engine, const char *place, bool *has,
                                     struct zta_error *error) ZTA_MUST_CHECK;
/* How long the first entry behind place has waited there; 0: there is none. By its own clock. */
enum zta_status ctl_engine_lag(struct ctl_engine *engine, const char *place, int64_t *lag_ms,
                               struct zta_error *error) ZTA_MUST_CHECK;
/* Asks once for what comes behind place, unless that was asked for already. */
enum zta_status ctl_engine_await(struct ctl_engine *engine, const char *place,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/* Is an answer to that question still to come? */
bool ctl_engine_is_awaiting(const struct ctl_engine *engine);
/* To be waited at for input. */
int ctl_engine_fd(const struct ctl_engine *engine);
/*
 * Reads what came without waiting. *is_answered: the question was answered, and fn got what it
 * brought, place the id of the last.
 */
enum zta_status ctl_engine_hear(struct ctl_engine *engine, zta_statement_fn fn, void *context,
                                char place[ZTA_FLEET_PLACE_MAX], bool *is_answered,
                                struct zta_error *error) ZTA_MUST_CHECK;

/*
 * Puts this node's line in place of its former one (absent: leaves it), and hands over those of all
 * nodes as they stood at that moment before.
 */
typedef void (*ctl_engine_line_fn)(void *context, struct zta_text line);
enum zta_status ctl_engine_share(struct ctl_engine *engine, const uint8_t origin[ZTA_ORIGIN_SIZE],
                                 struct zta_text line, ctl_engine_line_fn fn, void *context,
                                 struct zta_error *error) ZTA_MUST_CHECK;

/*
 * Questions, and answers to one: by the origin of who answers. Both are gone a minute after the
 * last one came; what is handed over is not checked.
 */
enum zta_status ctl_engine_ask(struct ctl_engine *engine,
                               const uint8_t question[ZTA_NOTE_QUESTION_SIZE], struct zta_text note,
                               struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status ctl_engine_asked(struct ctl_engine *engine, ctl_engine_line_fn fn, void *context,
                                 struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status ctl_engine_answer(struct ctl_engine *engine,
                                  const uint8_t question[ZTA_NOTE_QUESTION_SIZE],
                                  const uint8_t origin[ZTA_ORIGIN_SIZE], struct zta_text note,
                                  struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status ctl_engine_answers(struct ctl_engine *engine,
                                   const uint8_t question[ZTA_NOTE_QUESTION_SIZE],
                                   ctl_engine_line_fn fn, void *context,
                                   struct zta_error *error) ZTA_MUST_CHECK;

/* What an agent says of itself, by the hex text of its store's origin. */
enum zta_status ctl_engine_tell_node(struct ctl_engine *engine, const char *origin,
                                     struct zta_text text, struct zta_error *error) ZTA_MUST_CHECK;
typedef void (*ctl_engine_node_fn)(void *context, struct zta_text origin, struct zta_text text);
enum zta_status ctl_engine_nodes(struct ctl_engine *engine, ctl_engine_node_fn fn, void *context,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/* Of some, by chance: of a thousand nodes each cannot ask for all all the time. */
enum zta_status ctl_engine_some_nodes(struct ctl_engine *engine, ctl_engine_node_fn fn,
                                      void *context, struct zta_error *error) ZTA_MUST_CHECK;

#endif
