/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes from other nodes and from people who enrol them: any bytes as a statement of any
 * topic with its record, a node's record, a request or an enrolment. What is read is written again
 * as the same bytes.
 */
#include <stdint.h>
#include <string.h>

#include "shared/fleet/node.h"
#include "shared/fleet/statement.h"
#include "shared/store/fleet_held.h"
#include "shared/store/fleet_priv.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/stranger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a node can say by its own key: the record of any topic, and whom it hits. */
static void read_value(const struct zta_statement *statement)
{
    const struct zta_topic *topic = zta_topic_find(statement->topic);
    const struct zta_blob key = ZTA_BLOB(statement->key.data, statement->key.len);
    const struct zta_blob value = ZTA_BLOB(statement->value.data, statement->value.len);
    struct zta_restriction restriction;
    int64_t strength = 0;
    if (topic == NULL || statement->is_gone || topic->strength(key, value, &strength) != ZTA_OK) {
        return;
    }
    must(statement->topic == ZTA_FLEET_RULES || key.size <= ZTA_STORE_KEY_MAX);
    must(!zta_topic_restricts(topic, statement) || !topic->grants);
    if (topic->target != NULL) {
        must(zta_fleet_restriction(statement, &restriction) == ZTA_OK);
        must(restriction.target.kind < ZTA_N_TARGET_KINDS);
        must(zta_target_equal(&restriction.target, &restriction.target));
    }
}

static void read_statement(struct zta_text bytes)
{
    struct zta_statement statement;
    struct zta_fleet_node node;
    uint8_t name[ZTA_STATEMENT_NAME_SIZE];
    uint8_t record[ZTA_NODE_RECORD_MAX];
    size_t size = 0;
    if (zta_statement_read(bytes, &statement) != ZTA_OK) {
        return;
    }
    must(zta_fleet_topic_name(statement.topic) != NULL && statement.key.len > 0);
    must(statement.is_gone == (statement.value.len == 0));
    must(zta_statement_is_later(&statement, &statement) == false);
    zta_statement_name(&statement, name);
    read_value(&statement);
    must(zta_statement_check(bytes, ZTA_TEXT("corp"), &stranger) == ZTA_FORBIDDEN);
    if (zta_node_decode(statement.key, statement.value, &node) == ZTA_OK) {
        must(zta_node_name_is_valid(zta_text_of(node.name)));
        zta_node_encode(&node, record, &size);
        must(size == statement.value.len && memcmp(record, statement.value.data, size) == 0);
    }
}

static void read_request(struct zta_text text)
{
    struct zta_fleet_node node;
    struct zta_fleet_node again;
    struct zta_text fleet;
    struct zta_error error;
    char printed[ZTA_NODE_REQUEST_MAX];
    if (zta_node_request_parse(text, &fleet, &node, &error) != ZTA_OK) {
        must(error.text[0] != '\0');
        return;
    }
    zta_node_request_print(&node, fleet, printed);
    must(zta_node_request_parse(zta_text_of(printed), &fleet, &again, &error) == ZTA_OK);
    must(memcmp(&node.key, &again.key, sizeof node.key) == 0 && strcmp(node.name, again.name) == 0);
}

static void read_enrolment(struct zta_text text)
{
    uint8_t bytes[ZTA_NODE_STATEMENT_MAX];
    uint8_t again[ZTA_NODE_STATEMENT_MAX];
    size_t size = 0;
    size_t size_again = 0;
    char printed[ZTA_NODE_ENROLMENT_MAX];
    if (zta_node_enrolment_parse(text, bytes, &size) != ZTA_OK) {
        return;
    }
    zta_node_enrolment_print((struct zta_text){.data = (const char *)bytes, .len = size}, printed);
    must(zta_node_enrolment_parse(zta_text_of(printed), again, &size_again) == ZTA_OK);
    must(size == size_again && memcmp(bytes, again, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct zta_text text = {.data = (const char *)data, .len = size};
    read_statement(text);
    read_request(text);
    read_enrolment(text);
    return 0;
}
