/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes from other nodes and from people who enrol them: any bytes as a statement, a node's
 * record, a request or an enrolment. What is read is written again as the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/fleet/node.h"
#include "shared/fleet/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of RFC 8032, 7.1, test 1: of a key of small order, such as 1, anybody finds signatures. */
static const struct zta_public_key stranger = {
    .bytes = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
              0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
              0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}};

static void must(int holds)
{
    if (!holds) {
        abort();
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
