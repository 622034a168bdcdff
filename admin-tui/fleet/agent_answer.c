/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers what other nodes ask: the newest refusals here, the sessions of a subject. The rows are
 * those of this ztactl's own commands, which run in a process of their own: no token, no key.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/console/feed.h"
#include "admin-tui/console/prompt.h"
#include "admin-tui/console/row.h"
#include "admin-tui/fleet/agent_priv.h"
#include "admin-tui/fleet/ask.h"
#include "shared/base/clock.h"

/* Between two looks at what is asked. */
#define LOOK_NS (ZTA_NS_PER_S / 2)
/* A command of its own that takes longer is ended, and the answer is without rows. */
#define RUN_MAX_NS (2 * ZTA_NS_PER_S)

/* ---- what is answered ---- */

/* What the command prints, with a name of its own; NULL: nothing. */
static json_t *run(const struct ctl *ctl, const char *command)
{
    struct tui_feed feed = {.fd = -1};
    json_t *value = NULL;
    const int64_t end_ns = zta_clock_monotonic_ns() + RUN_MAX_NS;
    tui_feed_begin(&feed, ctl, command, zta_clock_monotonic_ns());
    while (feed.pid != 0 && !tui_feed_go_on(&feed, &value)) {
        const int64_t left_ns = end_ns - zta_clock_monotonic_ns();
        struct pollfd end = {.fd = feed.fd, .events = POLLIN};
        if (left_ns <= 0) {
            break;
        }
        (void)poll(&end, 1, (int)(left_ns / 1000000) + 1);
    }
    tui_feed_close(&feed);
    return value;
}

/* The command that answers; false: this release does not know the question. */
static bool command_of(const json_t *question, char *line, size_t size)
{
    const struct zta_text what = ctl_fleet_text(question, "what");
    const struct zta_text about = ctl_fleet_text(question, "about");
    const int64_t asked = ctl_fleet_number(question, "most");
    const int64_t most = asked < 1 || asked > CTL_FLEET_ROWS_MAX ? CTL_FLEET_ROWS_MAX : asked;
    char form[160];
    struct zta_buffer out;
    if (zta_text_is_absent(about)) {
        return false;
    }
    if (zta_text_equal(what, ZTA_TEXT(CTL_FLEET_ASK_EVENTS))) {
        (void)snprintf(form, sizeof form, "events --limit=%lld --last=%llds --filter=%%",
                       (long long)most, (long long)ctl_fleet_number(question, "last_s"));
    }
    else if (zta_text_equal(what, ZTA_TEXT(CTL_FLEET_ASK_SESSIONS))) {
        (void)snprintf(form, sizeof form, "sessions list --limit=%lld --subject=%%",
                       (long long)most);
    }
    else if (zta_text_equal(what, ZTA_TEXT(CTL_FLEET_ASK_SESSION))) {
        (void)snprintf(form, sizeof form, "sessions show %%");
    }
    else {
        return false;
    }
    zta_buffer_init(&out, line, size - 1);
    tui_put_command(&out, form, about);
    line[out.is_overflowed ? 0 : out.len] = '\0';
    return !out.is_overflowed;
}

/* As an array that fits; the last rows go first. */
static char *rows_text(json_t *value)
{
    json_t *rows = json_is_array(value) ? json_incref(value) : json_array();
    if (json_is_object(value)) {
        (void)json_array_append(rows, value);
    }
    char *text = json_dumps(rows, JSON_COMPACT);
    while (text != NULL && strlen(text) > ZTA_NOTE_TEXT_MAX && json_array_size(rows) > 0) {
        free(text);
        (void)json_array_remove(rows, json_array_size(rows) - 1);
        text = json_dumps(rows, JSON_COMPACT);
    }
    json_decref(rows);
    return text;
}

static enum zta_status answer(struct ctl_agent *agent, const struct zta_note *question,
                              const char *command, struct zta_error *error)
{
    static uint8_t bytes[ZTA_NOTE_MAX]; /* too large for a stack */
    size_t size = 0;
    json_t *value = run(agent->ctl, command);
    char *text = rows_text(value);
    struct zta_note note = {
        .kind = ZTA_NOTE_ANSWERS, .time_ns = zta_clock_real_ns(), .text = zta_text_of(text)};
    memcpy(note.origin, agent->fleet.origin, sizeof note.origin);
    memcpy(note.question, question->question, sizeof note.question);
    enum zta_status status = text == NULL ? ZTA_NO_MEMORY
                                          : zta_note_seal(&note, zta_text_of(agent->fleet.name),
                                                          agent->key, bytes, &size);
    if (status == ZTA_OK) {
        const struct zta_text sealed = {.data = (const char *)bytes, .len = size};
        status = ctl_engine_answer(agent->engine, question->question, agent->fleet.origin, sealed,
                                   error);
    }
    free(text);
    json_decref(value);
    return status;
}

/* ---- what is asked ---- */

struct looking {
    struct ctl_agent *agent;
    struct zta_error *error;
    enum zta_status status;
};

/* False: it was answered before. */
static bool note_question(struct ctl_agent *agent, const uint8_t question[ZTA_NOTE_QUESTION_SIZE])
{
    for (size_t i = 0; i < CTL_FLEET_ANSWERED; i++) {
        if (memcmp(agent->answered[i], question, ZTA_NOTE_QUESTION_SIZE) == 0) {
            return false;
        }
    }
    memcpy(agent->answered[agent->n_answered++ % CTL_FLEET_ANSWERED], question,
           ZTA_NOTE_QUESTION_SIZE);
    return true;
}

/* Who asks is one of the fleet, and asks now. */
static bool may_ask(const struct ctl_agent *agent, struct zta_text bytes,
                    const struct zta_note *note)
{
    const int64_t age_s = (zta_clock_real_ns() - note->time_ns) / ZTA_NS_PER_S;
    const struct zta_fleet_node *node =
        ctl_fleet_node_of(agent->nodes, agent->n_nodes, note->origin);
    return note->kind == ZTA_NOTE_ASKS && age_s < ZTA_NOTE_LIFE_S && age_s > -ZTA_NOTE_LIFE_S &&
           node != NULL && node->role != ZTA_NODE_NONE &&
           zta_note_check(bytes, zta_text_of(agent->fleet.name), &node->key) == ZTA_OK;
}

static void take_question(void *context, struct zta_text bytes)
{
    struct looking *looking = context;
    struct zta_note note;
    char command[TUI_PROMPT_SIZE];
    if (looking->status != ZTA_OK || zta_note_read(bytes, &note) != ZTA_OK ||
        !may_ask(looking->agent, bytes, &note) || !note_question(looking->agent, note.question)) {
        return;
    }
    json_t *question = json_loadb(note.text.data, note.text.len, 0, NULL);
    if (command_of(question, command, sizeof command)) {
        looking->status = answer(looking->agent, &note, command, looking->error);
    }
    json_decref(question);
}

enum zta_status ctl_agent_answer(struct ctl_agent *agent, struct zta_error *error)
{
    struct looking looking = {.agent = agent, .error = error, .status = ZTA_OK};
    const int64_t now_ns = zta_clock_monotonic_ns();
    if (now_ns < agent->next_answer_ns) {
        return ZTA_OK;
    }
    agent->next_answer_ns = now_ns + LOOK_NS;
    const enum zta_status status = ctl_engine_asked(agent->engine, take_question, &looking, error);
    return status == ZTA_OK ? looking.status : status;
}
