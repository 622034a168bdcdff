/* SPDX-License-Identifier: Apache-2.0 */
/* As the store's owner, who has the node's key and the password of the engine's user. */
#include "admin-tui/fleet/ask.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin-tui/fleet/agent.h"
#include "admin-tui/fleet/engine.h"
#include "admin-tui/fleet/picture.h"
#include "admin-tui/output.h"
#include "shared/base/clock.h"
#include "shared/base/random.h"

#define WAIT_NS (3 * ZTA_NS_PER_S)
#define LOOK_NS (ZTA_NS_PER_S / 20)

struct asking {
    const struct ctl *ctl;
    struct ctl_fleet_picture picture;
    struct ctl_fleet_config config;
    struct zta_signing_key *key;
    struct ctl_engine *engine;
    uint8_t question[ZTA_NOTE_QUESTION_SIZE];
    json_t **rows; /* of each node; NULL: it did not answer */
};

/* What the agent of this node goes by. */
static enum zta_status begin(struct asking *asking, struct zta_error *error)
{
    char path[PATH_MAX];
    enum zta_status status = ctl_fleet_picture_read(asking->ctl, &asking->picture, error);
    if (status != ZTA_OK) {
        return status;
    }
    const struct zta_text config = ctl_fleet_text(asking->picture.said, "config");
    asking->rows = calloc(asking->picture.n_nodes + 1, sizeof *asking->rows);
    if (asking->rows == NULL) {
        return ZTA_NO_MEMORY;
    }
    if (!ctl_fleet_agent_runs(&asking->picture) || zta_text_is_absent(config)) {
        return zta_error_set(error, ZTA_IO,
                             "the agent of this node does not run: ztactl fleet agent");
    }
    status = ctl_fleet_config_read(config.data, &asking->config, error);
    if (status == ZTA_OK) {
        ctl_fleet_key_path(asking->ctl, &asking->config, path);
        status = zta_signing_open(path, &asking->key, error);
    }
    return status == ZTA_OK ? ctl_engine_open(&asking->config, &asking->engine, error) : status;
}

static void end(struct asking *asking)
{
    for (size_t i = 0; asking->rows != NULL && i < asking->picture.n_nodes; i++) {
        json_decref(asking->rows[i]);
    }
    free(asking->rows);
    ctl_engine_close(&asking->engine);
    zta_signing_close(&asking->key);
    ctl_fleet_picture_clear(&asking->picture);
}

static enum zta_status ask(struct asking *asking, json_t *question, struct zta_error *error)
{
    static uint8_t bytes[ZTA_NOTE_MAX]; /* too large for a stack */
    size_t size = 0;
    char *text = json_dumps(question, JSON_COMPACT);
    struct zta_note note = {
        .kind = ZTA_NOTE_ASKS, .time_ns = zta_clock_real_ns(), .text = zta_text_of(text)};
    zta_random_bytes(asking->question, sizeof asking->question);
    memcpy(note.question, asking->question, sizeof note.question);
    memcpy(note.origin, asking->picture.fleet.origin, sizeof note.origin);
    enum zta_status status = text == NULL
                                 ? ZTA_NO_MEMORY
                                 : zta_note_seal(&note, zta_text_of(asking->picture.fleet.name),
                                                 asking->key, bytes, &size);
    if (status == ZTA_OK) {
        const struct zta_text sealed = {.data = (const char *)bytes, .len = size};
        status = ctl_engine_ask(asking->engine, asking->question, sealed, error);
    }
    free(text);
    return status;
}

static bool is_asked(const struct zta_fleet_node *node)
{
    return node->role != ZTA_NODE_NONE;
}

static void take_answer(void *context, struct zta_text bytes)
{
    struct asking *asking = context;
    struct zta_note note;
    if (zta_note_read(bytes, &note) != ZTA_OK || note.kind != ZTA_NOTE_ANSWERS ||
        memcmp(note.question, asking->question, sizeof note.question) != 0) {
        return;
    }
    const struct ctl_fleet_picture *picture = &asking->picture;
    const struct zta_fleet_node *node =
        ctl_fleet_node_of(picture->nodes, picture->n_nodes, note.origin);
    if (node == NULL || !is_asked(node) || asking->rows[node - picture->nodes] != NULL ||
        zta_note_check(bytes, zta_text_of(picture->fleet.name), &node->key) != ZTA_OK) {
        return;
    }
    json_t *rows = json_loadb(note.text.data, note.text.len, 0, NULL);
    if (json_is_array(rows)) {
        asking->rows[node - picture->nodes] = json_incref(rows);
    }
    json_decref(rows);
}

static size_t count_missing(const struct asking *asking)
{
    size_t n = 0;
    for (size_t i = 0; i < asking->picture.n_nodes; i++) {
        n += is_asked(&asking->picture.nodes[i]) && asking->rows[i] == NULL;
    }
    return n;
}

static enum zta_status await(struct asking *asking, struct zta_error *error)
{
    const struct timespec pause = {.tv_nsec = LOOK_NS};
    const int64_t end_ns = zta_clock_monotonic_ns() + WAIT_NS;
    enum zta_status status = ZTA_OK;
    while (status == ZTA_OK && count_missing(asking) > 0 && zta_clock_monotonic_ns() < end_ns) {
        (void)nanosleep(&pause, NULL);
        status = ctl_engine_answers(asking->engine, asking->question, take_answer, asking, error);
    }
    return status;
}

static json_t *gather(const struct asking *asking)
{
    json_t *answers = json_array();
    for (size_t i = 0; i < asking->picture.n_nodes; i++) {
        const struct zta_fleet_node *node = &asking->picture.nodes[i];
        if (!is_asked(node)) {
            continue;
        }
        if (asking->rows[i] == NULL) {
            ctl_note("%s did not answer within 3 s", node->name);
        }
        json_t *rows = asking->rows[i] == NULL ? json_array() : json_incref(asking->rows[i]);
        (void)json_array_append_new(answers,
                                    json_pack("{s:s, s:b, s:o}", "node", node->name, "answered",
                                              asking->rows[i] != NULL, "rows", rows));
    }
    return answers;
}

enum ctl_exit ctl_fleet_ask(const struct ctl *ctl, json_t *question, json_t **answers)
{
    static struct asking asking; /* too large for a stack */
    struct zta_error error = {.status = ZTA_OK};
    asking = (struct asking){.ctl = ctl};
    enum zta_status status = begin(&asking, &error);
    if (status == ZTA_OK) {
        status = ask(&asking, question, &error);
    }
    if (status == ZTA_OK) {
        status = await(&asking, &error);
    }
    if (status == ZTA_OK) {
        *answers = gather(&asking);
    }
    end(&asking);
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, &error, "asking the fleet");
}
