/* SPDX-License-Identifier: Apache-2.0 */
/* Is this store whole? Files first, then, in a process of their own, the contents. */
#include "shared/store/check_priv.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/store/audit.h"
#include "shared/store/contain_priv.h"
#include "shared/store/layout_priv.h"
#include "shared/store/records_priv.h"

/* Tables of meta records have none: their records are read by name. */
static const zta_record_check_fn record_checks[ZTA_N_TABLES] = {
    [ZTA_TABLE_REVOCATIONS] = zta_revocation_check_record,
    [ZTA_TABLE_BLOCKS] = zta_block_check_record,
    [ZTA_TABLE_KEYS] = zta_key_check_record,
    [ZTA_TABLE_KEY_NAMES] = zta_key_name_check_record,
    [ZTA_TABLE_DEVICES] = zta_device_check_record,
    [ZTA_TABLE_DEVICE_CERTIFICATES] = zta_device_certificate_check_record,
    [ZTA_TABLE_DEVICE_HISTORY] = zta_device_history_check_record,
    [ZTA_TABLE_AUDIT] = zta_audit_check_record,
    [ZTA_TABLE_LAYERS] = zta_layer_check_record,
    [ZTA_TABLE_FLEET_OUTBOX] = zta_fleet_check_note,
    [ZTA_TABLE_FLEET_STATEMENTS] = zta_fleet_check_statement,
    [ZTA_TABLE_FLEET_HELD] = zta_fleet_check_held,
    [ZTA_TABLE_FLEET_RISKS] = zta_fleet_risk_check_record,
    [ZTA_TABLE_FLEET_ATTESTATIONS] = zta_fleet_attestation_check_record,
    [ZTA_TABLE_FLEET_NOTES] = zta_fleet_check_note,
    [ZTA_TABLE_REQUESTS] = zta_request_check_record,
    [ZTA_TABLE_SESSIONS] = zta_session_check_record,
    [ZTA_TABLE_EVENTS] = zta_event_check_record,
    [ZTA_TABLE_EVENT_IDS] = zta_event_id_check_record,
    [ZTA_TABLE_REPEATS] = zta_repeat_check_record,
    [ZTA_TABLE_CURSORS] = zta_cursor_check_record,
    [ZTA_TABLE_PUBLISHED] = zta_published_check_record,
    [ZTA_TABLE_KEY_USES] = zta_key_use_check_record,
    [ZTA_TABLE_KEYSETS] = zta_keyset_check_record,
    [ZTA_TABLE_SIGNALS] = zta_signal_check_record,
    [ZTA_TABLE_SIGNAL_SEEN] = zta_signal_seen_check_record,
    [ZTA_TABLE_INPUTS] = zta_inputs_check_record,
    [ZTA_TABLE_BASELINES] = zta_baseline_check_record,
    [ZTA_TABLE_RISKS] = zta_risk_check_record,
    [ZTA_TABLE_ADDRESS_RISKS] = zta_risk_check_record,
    [ZTA_TABLE_MEASURES] = zta_measure_check_record,
    [ZTA_TABLE_RESPONSES] = zta_response_check_record,
    [ZTA_TABLE_NOTICES] = zta_notice_check_record,
    [ZTA_TABLE_ATTESTATIONS] = zta_attestation_check_record,
    [ZTA_TABLE_STREAMS] = zta_stream_check_record,
    [ZTA_TABLE_SERIES] = zta_series_check_record,
};

/* A walk that knows where it is, and ends where a damaged tree would make it go round. */
struct table_walk {
    enum zta_table table;
    uint64_t n;
    uint64_t n_expected;
};

static enum zta_status check_record(void *context, struct zta_blob key, struct zta_blob value,
                                    bool *goes_on)
{
    struct table_walk *walk = context;
    walk->n++;
    if (walk->n > walk->n_expected) {
        return ZTA_CORRUPT;
    }
    *goes_on = true;
    zta_record_check_fn check = record_checks[walk->table];
    return check != NULL ? check(key, value) : ZTA_OK;
}

static enum zta_status check_table(struct zta_view *view, enum zta_table table,
                                   struct zta_error *error)
{
    struct table_walk walk = {.table = table};
    uint64_t bytes;
    enum zta_status status = zta_view_table_size(view, table, &walk.n_expected, &bytes);
    if (status == ZTA_OK) {
        status = zta_view_each(view, table, check_record, &walk);
    }
    if (status == ZTA_OK && walk.n != walk.n_expected) {
        status = ZTA_CORRUPT;
    }
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "%s/, table %s, record %llu of %llu: %s",
                             zta_env_name(zta_table_env(table)), zta_table_name(table),
                             (unsigned long long)walk.n, (unsigned long long)walk.n_expected,
                             zta_status_text(status));
    }
    return ZTA_OK;
}

/* Records by the kind that their keys begin with. */
struct kind_counts {
    uint64_t n[ZTA_HEAD_REVOCATION_KINDS + 1];
};

static enum zta_status count_kind(void *context, struct zta_blob key, struct zta_blob value,
                                  bool *goes_on)
{
    struct kind_counts *counts = context;
    uint8_t kind = key.size > 0 ? *(const uint8_t *)key.data : 0;
    *goes_on = true;
    if (kind > ZTA_HEAD_REVOCATION_KINDS) {
        return ZTA_CORRUPT;
    }
    counts->n[kind]++;
    return ZTA_OK;
}

/* The counts in head let requests skip look-ups, so they must be those of the tables. */
static enum zta_status check_counts(struct zta_view *view, struct zta_error *error)
{
    const struct zta_head *head;
    struct kind_counts revocations = {.n = {0}};
    struct kind_counts blocks = {.n = {0}};
    enum zta_status status = zta_view_head(view, &head);
    if (status == ZTA_OK) {
        status = zta_view_each(view, ZTA_TABLE_REVOCATIONS, count_kind, &revocations);
    }
    if (status == ZTA_OK) {
        status = zta_view_each(view, ZTA_TABLE_BLOCKS, count_kind, &blocks);
    }
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "policy/: the head record cannot be read");
    }
    if (memcmp(head->n_revocations, revocations.n + 1, sizeof(head->n_revocations)) != 0 ||
        memcmp(head->n_blocks, blocks.n + 1, sizeof(head->n_blocks)) != 0) {
        return zta_error_set(error, ZTA_CORRUPT, "policy/: counts differ from the tables");
    }
    return ZTA_OK;
}

static enum zta_status check_policy(struct zta_view *view, struct zta_error *error)
{
    enum zta_status status = check_counts(view, error);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_key_check_names(view);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "policy/: names of keys differ from the keys");
    }
    status = zta_device_check_certificates(view);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "policy/: certificates differ from their devices");
    }
    uint64_t n;
    struct zta_sha256 head;
    return zta_audit_verify(view, &n, &head, error);
}

/* Runs in the contained process, which ends right after: nothing is released. */
static enum zta_status look(void *context, struct zta_error *error)
{
    struct zta_contents *contents = context;
    static struct zta_store store;
    struct zta_env_options options = {
        .env = contents->env, .mdb_flags = MDB_RDONLY, .label = zta_env_name(contents->env)};
    const char *path = ".";
    if (contents->file != NULL) {
        options.mdb_flags |= MDB_NOSUBDIR | MDB_NOLOCK;
        path = contents->file;
    }
    enum zta_env_id id = contents->env;
    struct zta_view view = {.store = &store};
    enum zta_status status = zta_env_open(path, &options, &store.env[id].mdb, store.dbi, error);
    if (status != ZTA_OK) {
        return status;
    }
    int rc = mdb_txn_begin(store.env[id].mdb, NULL, MDB_RDONLY, &view.txn[id]);
    if (rc != 0) {
        return zta_env_failed(error, rc, zta_env_name(id));
    }
    enum zta_table meta = id == ZTA_ENV_POLICY ? ZTA_TABLE_POLICY_META : ZTA_TABLE_STATE_META;
    status = zta_env_version(view.txn[id], store.dbi[meta], id, store.origin, error);
    for (enum zta_table table = 0; table < ZTA_N_TABLES && contents->is_deep && status == ZTA_OK;
         table++) {
        if (zta_table_env(table) == id) {
            status = check_table(&view, table, error);
        }
    }
    if (status == ZTA_OK && contents->is_deep && id == ZTA_ENV_POLICY) {
        status = check_policy(&view, error);
    }
    memcpy(contents->origin, store.origin, sizeof(contents->origin));
    mdb_txn_abort(view.txn[id]);
    mdb_env_close(store.env[id].mdb);
    return status;
}

enum zta_status zta_contents_check(int dir_fd, uid_t uid, gid_t gid, struct zta_contents *contents,
                                   struct zta_error *error)
{
    struct zta_contained work = {.dir_fd = dir_fd,
                                 .uid = uid,
                                 .gid = gid,
                                 .run = look,
                                 .context = contents,
                                 .result = contents,
                                 .result_size = sizeof(*contents),
                                 .what = zta_env_name(contents->env),
                                 .crash = "reading it crashed, so its contents are damaged: "
                                          "restore a backup with ztactl store restore",
                                 .crash_status = ZTA_CORRUPT};
    return zta_contain(&work, error);
}

static enum zta_status check_contents(int top, struct zta_contents *contents,
                                      const struct zta_store_owners *owners,
                                      struct zta_error *error)
{
    int dir = zta_layout_open_dir(top, zta_env_name(contents->env), error);
    if (dir < 0) {
        return error->status;
    }
    uid_t uid = contents->env == ZTA_ENV_POLICY ? owners->owner : owners->httpd;
    enum zta_status status = zta_contents_check(dir, uid, owners->group, contents, error);
    (void)close(dir);
    return status;
}

enum zta_status zta_store_check(const char *dir, bool deep, struct zta_error *error)
{
    struct zta_error unasked;
    struct zta_error *said = error != NULL ? error : &unasked;
    struct zta_layout layout;
    enum zta_status status = zta_layout_check(dir, &layout, said);
    if (status != ZTA_OK) {
        return status;
    }
    int top = zta_layout_open_dir(AT_FDCWD, dir, said);
    if (top < 0) {
        return said->status;
    }
    struct zta_contents contents[ZTA_N_ENVS] = {
        {.env = ZTA_ENV_POLICY, .is_deep = deep},
        {.env = ZTA_ENV_STATE, .is_deep = deep},
    };
    for (size_t i = 0; i < ZTA_N_ENVS && status == ZTA_OK; i++) {
        status = check_contents(top, &contents[i], &layout.owners, said);
    }
    (void)close(top);
    if (status == ZTA_OK &&
        memcmp(contents[0].origin, contents[1].origin, sizeof(contents[0].origin)) != 0) {
        status = zta_error_set(said, ZTA_CORRUPT,
                               "%s: policy/ and state/ are of two stores: restore both from one "
                               "backup",
                               dir);
    }
    return status;
}
