/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes: their record, and the line by which one asks to be enrolled. */
#include "shared/fleet/node.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/base64.h"
#include "shared/base/reader.h"

#define NODE_FORMAT    1
#define REQUEST_MARK   "zta-node-1"
#define ENROLMENT_MARK "zta-enrolment-1"

_Static_assert(sizeof(ENROLMENT_MARK) + ZTA_BASE64URL_LEN(ZTA_NODE_STATEMENT_MAX) <
                   ZTA_NODE_ENROLMENT_MAX,
               "the longest fits");

bool zta_node_name_is_valid(struct zta_text name)
{
    for (size_t i = 0; i < name.len; i++) {
        const unsigned char c = (unsigned char)name.data[i];
        if (c >= 128 || (!isalnum(c) && (c == '\0' || strchr("._-", c) == NULL))) {
            return false;
        }
    }
    return name.len > 0 && name.len <= ZTA_NAME_MAX;
}

void zta_node_encode(const struct zta_fleet_node *node, uint8_t out[ZTA_NODE_RECORD_MAX],
                     size_t *size)
{
    struct zta_writer writer;
    zta_writer_init(&writer, out, ZTA_NODE_RECORD_MAX);
    zta_write_u8(&writer, NODE_FORMAT);
    zta_write_u8(&writer, (uint8_t)node->role);
    zta_write_bytes(&writer, node->key.bytes, sizeof node->key.bytes);
    zta_write_u64(&writer, (uint64_t)node->enrolled_s);
    zta_write_text(&writer, zta_text_of(node->name));
    *size = writer.len;
}

enum zta_status zta_node_decode(struct zta_text key, struct zta_text value,
                                struct zta_fleet_node *node)
{
    struct zta_reader reader;
    struct zta_fleet_node found = {.role = ZTA_NODE_NONE};
    zta_reader_init(&reader, value.data, value.len);
    const uint8_t format = zta_read_u8(&reader);
    const uint8_t role = zta_read_u8(&reader);
    zta_read_bytes(&reader, found.key.bytes, sizeof found.key.bytes);
    found.enrolled_s = (int64_t)zta_read_u64(&reader);
    const struct zta_text name = zta_read_text(&reader);
    if (!zta_reader_is_done(&reader) || format != NODE_FORMAT || role > ZTA_NODE_FULL ||
        key.len != sizeof found.origin || !zta_node_name_is_valid(name)) {
        return ZTA_INVALID;
    }
    found.role = (enum zta_node_role)role;
    memcpy(found.origin, key.data, sizeof found.origin);
    memcpy(found.name, name.data, name.len);
    *node = found;
    return ZTA_OK;
}

void zta_node_request_print(const struct zta_fleet_node *node, struct zta_text fleet,
                            char text[ZTA_NODE_REQUEST_MAX])
{
    char origin[2 * ZTA_ORIGIN_SIZE + 1];
    char key[ZTA_SIGNING_TEXT_SIZE];
    zta_hex_encode(node->origin, sizeof node->origin, origin);
    zta_public_key_print(&node->key, key);
    (void)snprintf(text, ZTA_NODE_REQUEST_MAX, REQUEST_MARK " %.*s %s %s %s", (int)fleet.len,
                   fleet.data, node->name, origin, key);
}

static bool is_space(char c)
{
    return c != '\0' && strchr(" \t\r\n", c) != NULL;
}

/* The next word of *rest; empty at its end. */
static struct zta_text next_word(struct zta_text *rest)
{
    while (rest->len > 0 && is_space(rest->data[0])) {
        rest->data++;
        rest->len--;
    }
    struct zta_text word = {.data = rest->data, .len = 0};
    while (word.len < rest->len && !is_space(rest->data[word.len])) {
        word.len++;
    }
    rest->data += word.len;
    rest->len -= word.len;
    return word;
}

enum zta_status zta_node_request_parse(struct zta_text text, struct zta_text *fleet,
                                       struct zta_fleet_node *node, struct zta_error *error)
{
    struct zta_fleet_node found = {.role = ZTA_NODE_NONE};
    struct zta_text words[5];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        words[i] = next_word(&text);
    }
    if (!zta_text_equal(words[0], ZTA_TEXT(REQUEST_MARK)) || next_word(&text).len > 0) {
        return zta_error_set(error, ZTA_INVALID,
                             "no request to be enrolled; expected the line that ztactl fleet join "
                             "printed, which begins with " REQUEST_MARK);
    }
    for (size_t i = 1; i <= 2; i++) {
        if (!zta_node_name_is_valid(words[i])) {
            return zta_error_set(error, ZTA_INVALID,
                                 "'%.*s' names no %s; expected at most %d letters, digits, '.', "
                                 "'-' and '_'",
                                 (int)words[i].len, words[i].data, i == 1 ? "fleet" : "node",
                                 ZTA_NAME_MAX);
        }
    }
    if (zta_hex_decode(words[3], found.origin, sizeof found.origin) != ZTA_OK ||
        zta_public_key_parse(words[4], &found.key) != ZTA_OK) {
        return zta_error_set(error, ZTA_INVALID,
                             "the request is cut off; expected an origin of %d hex digits and a "
                             "key of %d characters at its end",
                             2 * ZTA_ORIGIN_SIZE, ZTA_SIGNING_TEXT_SIZE - 1);
    }
    memcpy(found.name, words[2].data, words[2].len);
    *fleet = words[1];
    *node = found;
    return ZTA_OK;
}

enum zta_status zta_node_seal(const struct zta_fleet_node *node, struct zta_text fleet,
                              int64_t version_ns, const struct zta_signing_key *operator_key,
                              uint8_t out[ZTA_STATEMENT_MAX], size_t *size)
{
    uint8_t record[ZTA_NODE_RECORD_MAX];
    size_t record_size = 0;
    zta_node_encode(node, record, &record_size);
    const struct zta_statement statement = {
        .topic = ZTA_FLEET_NODE,
        .version_ns = version_ns,
        .key = {.data = (const char *)node->origin, .len = sizeof node->origin},
        .value = {.data = (const char *)record, .len = record_size},
    };
    return zta_statement_seal(&statement, fleet, operator_key, out, size);
}

void zta_node_enrolment_print(struct zta_text statement, char text[ZTA_NODE_ENROLMENT_MAX])
{
    const size_t size =
        statement.len < ZTA_NODE_STATEMENT_MAX ? statement.len : ZTA_NODE_STATEMENT_MAX;
    const int len = snprintf(text, ZTA_NODE_ENROLMENT_MAX, ENROLMENT_MARK " ");
    zta_base64url_encode((const uint8_t *)statement.data, size, text + len);
}

enum zta_status zta_node_enrolment_parse(struct zta_text text, uint8_t out[ZTA_NODE_STATEMENT_MAX],
                                         size_t *size)
{
    const struct zta_text mark = next_word(&text);
    const struct zta_text encoded = next_word(&text);
    if (!zta_text_equal(mark, ZTA_TEXT(ENROLMENT_MARK)) || next_word(&text).len > 0 ||
        encoded.len == 0) {
        return ZTA_INVALID;
    }
    return zta_base64url_decode(encoded, out, ZTA_NODE_STATEMENT_MAX, size) == ZTA_OK ? ZTA_OK
                                                                                      : ZTA_INVALID;
}
