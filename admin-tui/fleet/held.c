/* SPDX-License-Identifier: Apache-2.0 */
/* From what is held in the store to words, copies, and whom it would hit. */
#include "admin-tui/fleet/held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/fleet/nodes.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/store/keys.h"

void ctl_held_id(const struct zta_fleet_held *held, char id[CTL_HELD_ID_LEN + 1])
{
    zta_hex_encode(held->id, sizeof held->id, id);
}

/* ---- words ---- */

const char *ctl_held_what(const struct zta_fleet_held *held,
                          const struct zta_restriction *restriction)
{
    switch (held->statement.topic) {
    case ZTA_FLEET_REVOCATION:
    case ZTA_FLEET_API_KEY_REVOCATION:
        return "revocation";
    case ZTA_FLEET_BLOCK:
        return "block";
    case ZTA_FLEET_DEVICE_LACK:
        return "device lacks";
    case ZTA_FLEET_ATTESTATION:
        return "attestation";
    case ZTA_FLEET_RISK:
        return "risk";
    case ZTA_FLEET_HOLD:
    case ZTA_FLEET_MEASURE:
        return zta_measure_kind_name(restriction->measure.kind);
    default:
        return zta_fleet_topic_name(held->statement.topic);
    }
}

static void print_device(struct zta_text device, struct zta_buffer *out)
{
    zta_buffer_string(out, "device ");
    zta_buffer_text(out, device);
}

static void print_target(const struct zta_target *target, struct zta_buffer *out)
{
    zta_buffer_string(out, zta_target_name(target));
    if (target->kind != ZTA_TARGET_EVERYONE) {
        zta_buffer_string(out, " ");
        zta_target_print(target, out);
    }
}

/* A session as its issuer calls it: that is what the transmitter named. */
static void print_attested(const struct zta_restriction *restriction, struct zta_buffer *out)
{
    const struct zta_attestation *attestation = &restriction->attestation;
    if (!zta_text_is_absent(restriction->device)) {
        print_device(restriction->device, out);
    }
    else if (attestation->what == ZTA_ATTESTED_SESSION_RISK) {
        zta_buffer_string(out, "session ");
        zta_buffer_safe(out, attestation->name);
        zta_buffer_string(out, "@");
        zta_buffer_text(out, attestation->issuer);
    }
    else {
        print_target(&restriction->target, out);
    }
}

void ctl_held_print_target(const struct zta_restriction *restriction, enum zta_fleet_topic topic,
                           struct zta_buffer *out)
{
    switch (topic) {
    case ZTA_FLEET_REVOCATION:
        ctl_target_print(&restriction->revocation, out);
        break;
    case ZTA_FLEET_BLOCK:
        ctl_block_print(&restriction->block, out);
        break;
    case ZTA_FLEET_DEVICE_LACK:
        print_device(restriction->device, out);
        break;
    case ZTA_FLEET_ATTESTATION:
        print_attested(restriction, out);
        break;
    default:
        print_target(&restriction->target, out);
        break;
    }
}

/* ---- copies ---- */

struct collecting {
    struct ctl_held_list *list;
    struct ctl_nodes nodes;
    char *const *ids;
    size_t n_ids;
    int64_t now_s;
    enum zta_status status;
};

static bool is_wanted(const struct collecting *collecting, const struct zta_fleet_held *held)
{
    char id[CTL_HELD_ID_LEN + 1];
    size_t i = 0;
    ctl_held_id(held, id);
    while (i < collecting->n_ids && strcmp(collecting->ids[i], id) != 0) {
        i++;
    }
    return collecting->n_ids == 0 ? zta_fleet_held_waits(held, collecting->now_s)
                                  : i < collecting->n_ids;
}

static enum zta_status add(struct collecting *collecting, const struct zta_fleet_held *held)
{
    struct ctl_held_list *list = collecting->list;
    struct ctl_held *all = realloc(list->all, (list->n + 1) * sizeof *all);
    if (all == NULL) {
        return ZTA_NO_MEMORY;
    }
    list->all = all;
    struct ctl_held *copy = &all[list->n];
    *copy = (struct ctl_held){.held = *held, .bytes = malloc(held->bytes.len)};
    if (copy->bytes == NULL) {
        return ZTA_NO_MEMORY;
    }
    list->n++;
    memcpy(copy->bytes, held->bytes.data, held->bytes.len);
    copy->held.bytes.data = copy->bytes;
    const struct zta_text node = ctl_nodes_name(&collecting->nodes, held->statement.origin);
    (void)snprintf(copy->node, sizeof copy->node, "%.*s", (int)node.len,
                   node.data == NULL ? "" : node.data);
    const enum zta_status status = zta_statement_read(copy->held.bytes, &copy->held.statement);
    return status == ZTA_OK ? zta_fleet_restriction(&copy->held.statement, &copy->restriction)
                            : status;
}

static bool see(void *context, const struct zta_fleet_held *held)
{
    struct collecting *collecting = context;
    if (is_wanted(collecting, held)) {
        collecting->status = add(collecting, held);
    }
    return collecting->status == ZTA_OK;
}

static bool has(const struct ctl_held_list *list, const char *wanted)
{
    char id[CTL_HELD_ID_LEN + 1];
    for (size_t i = 0; i < list->n; i++) {
        ctl_held_id(&list->all[i].held, id);
        if (strcmp(id, wanted) == 0) {
            return true;
        }
    }
    return false;
}

static enum zta_status read_all(struct zta_store *store, struct collecting *collecting)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = ctl_nodes_open(view, &collecting->nodes);
    if (status == ZTA_OK) {
        status = zta_fleet_each_held(view, see, collecting);
    }
    ctl_nodes_close(&collecting->nodes);
    zta_view_end(&view);
    return status == ZTA_OK ? collecting->status : status;
}

enum zta_status ctl_held_collect(struct zta_store *store, char *const *ids, size_t n_ids,
                                 struct ctl_held_list *list, struct zta_error *error)
{
    struct collecting collecting = {.list = list,
                                    .ids = ids,
                                    .n_ids = n_ids,
                                    .now_s = zta_clock_real_ns() / ZTA_NS_PER_S,
                                    .status = ZTA_OK};
    *list = (struct ctl_held_list){.n = 0};
    enum zta_status status = read_all(store, &collecting);
    for (size_t i = 0; status == ZTA_OK && i < n_ids; i++) {
        if (!has(list, ids[i])) {
            status = zta_error_set(error, ZTA_NOT_FOUND,
                                   "nothing held has the id '%s'; see ztactl fleet held", ids[i]);
        }
    }
    if (status != ZTA_OK) {
        ctl_held_clear(list);
    }
    return status;
}

void ctl_held_clear(struct ctl_held_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->all[i].bytes);
    }
    free(list->all);
    *list = (struct ctl_held_list){.n = 0};
}

/* ---- whom they would hit ---- */

static void seek_key(struct ctl_held_sought *sought, struct zta_text name)
{
    struct ctl_target *target = &sought->targets[sought->sought.n_targets++];
    target->record.kind = ZTA_REVOKE_APIKEY;
    (void)snprintf(target->key_name, sizeof target->key_name, "%.*s", (int)name.len, name.data);
}

/* A revocation of an API key has its id, sessions have its name. */
static enum zta_status seek_revocation(struct zta_view *view, const struct zta_revocation *record,
                                       struct ctl_held_sought *sought)
{
    uint8_t storage[ZTA_KEY_STORAGE_SIZE];
    char id[ZTA_KEY_ID_LEN + 1];
    struct zta_key key;
    if (record->kind != ZTA_REVOKE_APIKEY) {
        sought->targets[sought->sought.n_targets++].record = *record;
        return ZTA_OK;
    }
    (void)snprintf(id, sizeof id, "%.*s", (int)record->apikey_id.len, record->apikey_id.data);
    const enum zta_status status = zta_key_get(view, id, storage, sizeof storage, &key);
    if (status == ZTA_OK) {
        seek_key(sought, key.name);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

static void seek_target(const struct zta_target *target, struct ctl_held_sought *sought)
{
    struct zta_revocation record = {.issuer = target->issuer};
    switch (target->kind) {
    case ZTA_TARGET_NETWORK:
        sought->blocks[sought->sought.n_blocks++] =
            (struct zta_block){.kind = ZTA_BLOCK_NETWORK, .network = target->network};
        return;
    case ZTA_TARGET_SUBJECT:
        record.kind = ZTA_REVOKE_SUBJECT;
        record.subject = target->name;
        break;
    case ZTA_TARGET_SESSION:
        record.kind = ZTA_REVOKE_SESSION;
        record.session_kind = ZTA_SESSION_SID; /* that very one */
        memcpy(record.session, target->session, sizeof record.session);
        break;
    case ZTA_TARGET_CLIENT:
        record.kind = ZTA_REVOKE_CLIENT;
        record.client = target->name;
        break;
    case ZTA_TARGET_APIKEY:
        seek_key(sought, target->name);
        return;
    case ZTA_TARGET_EVERYONE:
    case ZTA_N_TARGET_KINDS:
        sought->is_everyone = true;
        return;
    }
    sought->targets[sought->sought.n_targets++].record = record;
}

static void seek_device(struct zta_text device, struct ctl_held_sought *sought)
{
    sought->targets[sought->sought.n_targets++].record =
        (struct zta_revocation){.kind = ZTA_REVOKE_DEVICE, .device = device};
}

static void seek_attested(const struct zta_restriction *restriction, struct ctl_held_sought *sought)
{
    if (zta_text_is_absent(restriction->device)) {
        seek_target(&restriction->target, sought);
    }
    else {
        seek_device(restriction->device, sought);
    }
}

static enum zta_status seek_one(struct zta_view *view, const struct ctl_held *held,
                                struct ctl_held_sought *sought)
{
    const struct zta_restriction *restriction = &held->restriction;
    switch (held->held.statement.topic) {
    case ZTA_FLEET_REVOCATION:
        return seek_revocation(view, &restriction->revocation, sought);
    case ZTA_FLEET_BLOCK:
        sought->blocks[sought->sought.n_blocks++] = restriction->block;
        return ZTA_OK;
    case ZTA_FLEET_ATTESTATION:
        seek_attested(restriction, sought);
        return ZTA_OK;
    case ZTA_FLEET_DEVICE_LACK:
        seek_device(restriction->device, sought);
        return ZTA_OK;
    default:
        seek_target(&restriction->target, sought);
        return ZTA_OK;
    }
}

enum zta_status ctl_held_seek(struct zta_store *store, const struct ctl_held_list *list,
                              struct ctl_held_sought *sought)
{
    struct zta_view *view = NULL;
    *sought = (struct ctl_held_sought){.is_everyone = false};
    sought->targets = calloc(list->n + 1, sizeof *sought->targets);
    sought->blocks = calloc(list->n + 1, sizeof *sought->blocks);
    if (sought->targets == NULL || sought->blocks == NULL) {
        return ZTA_NO_MEMORY;
    }
    enum zta_status status = zta_view_begin(store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    for (size_t i = 0; status == ZTA_OK && i < list->n; i++) {
        status = seek_one(view, &list->all[i], sought);
    }
    zta_view_end(&view);
    sought->sought.targets = sought->targets;
    sought->sought.blocks = sought->blocks;
    return status;
}

void ctl_held_sought_clear(struct ctl_held_sought *sought)
{
    free(sought->targets);
    free(sought->blocks);
    *sought = (struct ctl_held_sought){.is_everyone = false};
}
