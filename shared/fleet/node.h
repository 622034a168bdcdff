/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is a node of a fleet, and what it may say: enrolled by a statement of the fleet's operator
 * key about the origin of its store. A request for that is one line, which a person carries over.
 */
#ifndef ZTA_FLEET_NODE_H
#define ZTA_FLEET_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/fleet/signing.h"
#include "shared/fleet/statement.h"

#define ZTA_NODE_RECORD_MAX    128
#define ZTA_NODE_STATEMENT_MAX 384
#define ZTA_NODE_ENROLMENT_MAX 640
#define ZTA_NODE_REQUEST_MAX   256

enum zta_node_role {
    ZTA_NODE_NONE = 0, /* removed: what restricts and was said up to then still counts */
    ZTA_NODE_RESTRICT, /* only what restricts is taken from it */
    ZTA_NODE_FULL,
};

struct zta_fleet_node {
    uint8_t origin[ZTA_ORIGIN_SIZE];
    struct zta_public_key key;
    char name[ZTA_NAME_MAX + 1]; /* letters, digits, '.', '-', '_' */
    enum zta_node_role role;
    int64_t enrolled_s;
};

bool zta_node_name_is_valid(struct zta_text name);

/* The value of a statement about it, whose key is its origin. */
void zta_node_encode(const struct zta_fleet_node *node, uint8_t out[ZTA_NODE_RECORD_MAX],
                     size_t *size);
/* ZTA_INVALID, also of a key that is no origin. */
enum zta_status zta_node_decode(struct zta_text key, struct zta_text value,
                                struct zta_fleet_node *node) ZTA_MUST_CHECK;

/*
 * The statement of the fleet's operator what role it has from version_ns on. Its origin is all
 * zeros: the operator's own, which no store has. ZTA_NO_MEMORY.
 */
enum zta_status zta_node_seal(const struct zta_fleet_node *node, struct zta_text fleet,
                              int64_t version_ns, const struct zta_signing_key *operator_key,
                              uint8_t out[ZTA_STATEMENT_MAX], size_t *size) ZTA_MUST_CHECK;
/* The statement as text, which a person carries to a node: "zta-enrolment-1 <base64url>". */
void zta_node_enrolment_print(struct zta_text statement, char text[ZTA_NODE_ENROLMENT_MAX]);
/* ZTA_INVALID. */
enum zta_status zta_node_enrolment_parse(struct zta_text text, uint8_t out[ZTA_NODE_STATEMENT_MAX],
                                         size_t *size) ZTA_MUST_CHECK;

/* "zta-node-1 corp proxy-1 <origin in hex> <public key>" */
void zta_node_request_print(const struct zta_fleet_node *node, struct zta_text fleet,
                            char text[ZTA_NODE_REQUEST_MAX]);
/* Fills *node; *fleet points into text. *error says what was found and what was expected. */
enum zta_status zta_node_request_parse(struct zta_text text, struct zta_text *fleet,
                                       struct zta_fleet_node *node,
                                       struct zta_error *error) ZTA_MUST_CHECK;

#endif
