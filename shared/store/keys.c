/* SPDX-License-Identifier: Apache-2.0 */
/* API keys: their text form, their records, and whether a presented secret opens one. */
#include "shared/store/keys.h"

#include <string.h>

#include "shared/base/base64.h"
#include "shared/base/reader.h"
#include "shared/store/claims_priv.h"
#include "shared/store/fleet_topics_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_policy.h"
#include "shared/store/tables_priv.h"

#define PREFIX "zta_"

#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define SECRET_AT  (PREFIX_LEN + ZTA_KEY_ID_LEN + 1)
#define CRC_AT     (SECRET_AT + ZTA_KEY_SECRET_LEN + 1)

_Static_assert(CRC_AT + ZTA_KEY_CRC_LEN == ZTA_KEY_TEXT_LEN, "the parts make up the text");

/* ---- text form ---- */

static bool is_base62(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z')) {
            return false;
        }
    }
    return true;
}

static bool is_id(const char *id)
{
    return strnlen(id, ZTA_KEY_ID_LEN + 1) == ZTA_KEY_ID_LEN && is_base62(id, ZTA_KEY_ID_LEN);
}

/* Over everything before the underscore that ends the secret. */
static void checksum(const char *text, char out[ZTA_KEY_CRC_LEN + 1])
{
    zta_base62_encode(zta_crc32(text, CRC_AT - 1), out, ZTA_KEY_CRC_LEN);
}

enum zta_status zta_key_parse(struct zta_text text, struct zta_key_parts *parts)
{
    if (text.data == NULL || text.len != ZTA_KEY_TEXT_LEN ||
        memcmp(text.data, PREFIX, PREFIX_LEN) != 0 || text.data[SECRET_AT - 1] != '_' ||
        text.data[CRC_AT - 1] != '_' || !is_base62(text.data + PREFIX_LEN, ZTA_KEY_ID_LEN) ||
        !is_base62(text.data + SECRET_AT, ZTA_KEY_SECRET_LEN)) {
        return ZTA_INVALID;
    }
    char crc[ZTA_KEY_CRC_LEN + 1];
    checksum(text.data, crc);
    if (memcmp(crc, text.data + CRC_AT, ZTA_KEY_CRC_LEN) != 0) {
        return ZTA_INVALID;
    }
    memcpy(parts->id, text.data + PREFIX_LEN, ZTA_KEY_ID_LEN);
    parts->id[ZTA_KEY_ID_LEN] = '\0';
    parts->secret = (struct zta_text){.data = text.data + SECRET_AT, .len = ZTA_KEY_SECRET_LEN};
    return ZTA_OK;
}

void zta_key_generate(const char *id, char *out, struct zta_sha256 *secret)
{
    memcpy(out, PREFIX, PREFIX_LEN);
    memcpy(out + PREFIX_LEN, id, ZTA_KEY_ID_LEN);
    zta_base62_random(out + SECRET_AT, ZTA_KEY_SECRET_LEN);
    out[SECRET_AT - 1] = '_';
    out[CRC_AT - 1] = '_';
    checksum(out, out + CRC_AT);
    zta_key_secret_digest((struct zta_text){.data = out + SECRET_AT, .len = ZTA_KEY_SECRET_LEN},
                          secret);
}

void zta_key_id_generate(char out[ZTA_KEY_ID_LEN + 1])
{
    zta_base62_random(out, ZTA_KEY_ID_LEN);
}

void zta_key_secret_digest(struct zta_text secret, struct zta_sha256 *digest)
{
    zta_sha256(secret.data, secret.len, digest);
}

/* ---- records ---- */

static enum zta_status encode(const struct zta_key *key, const uint8_t *origin, int64_t changed_ns,
                              struct zta_writer *writer)
{
    zta_write_u8(writer, ZTA_KEY_FORMAT);
    zta_write_bytes(writer, key->secret.bytes, ZTA_SHA256_SIZE);
    zta_write_bytes(writer, key->old_secret.bytes, ZTA_SHA256_SIZE);
    const int64_t times[] = {key->old_until_s, key->created_s, key->expires_s, key->revoked_s};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        zta_write_u64(writer, (uint64_t)times[i]);
    }
    zta_write_bytes(writer, origin, ZTA_STORE_ORIGIN_SIZE);
    zta_write_u64(writer, (uint64_t)changed_ns);
    zta_write_u8(writer, (uint8_t)key->n_roles);
    zta_write_u8(writer, (uint8_t)key->n_scopes);
    zta_write_u8(writer, (uint8_t)key->n_cidrs);
    for (size_t i = 0; i < key->n_cidrs; i++) {
        zta_write_u8(writer, key->cidrs[i].addr.family);
        zta_write_u8(writer, key->cidrs[i].prefix);
        zta_write_bytes(writer, key->cidrs[i].addr.bytes, sizeof(key->cidrs[i].addr.bytes));
    }
    zta_write_text(writer, key->name);
    zta_write_text(writer, key->owner);
    zta_write_text(writer, key->reason);
    zta_write_text(writer, key->author);
    for (size_t i = 0; i < key->n_roles; i++) {
        zta_write_text(writer, key->roles[i]);
    }
    for (size_t i = 0; i < key->n_scopes; i++) {
        zta_write_text(writer, key->scopes[i]);
    }
    return writer->is_overflowed ? ZTA_TOO_LARGE : ZTA_OK;
}

static bool is_cidr(const struct zta_cidr *cidr)
{
    return (cidr->addr.family == 4 && cidr->prefix <= 32) ||
           (cidr->addr.family == 6 && cidr->prefix <= 128);
}

/* Whether every bound holds that the struct has no room beyond. */
static bool is_within_bounds(const struct zta_key *key)
{
    if (key->n_roles > ZTA_KEY_VALUES_MAX || key->n_scopes > ZTA_KEY_VALUES_MAX ||
        key->n_cidrs > ZTA_KEY_VALUES_MAX || key->name.data == NULL || key->name.len == 0 ||
        key->name.len > ZTA_NAME_MAX || memchr(key->name.data, 0, key->name.len) != NULL) {
        return false;
    }
    for (size_t i = 0; i < key->n_cidrs; i++) {
        if (!is_cidr(&key->cidrs[i])) {
            return false;
        }
    }
    return true;
}

static void read_values(struct zta_reader *reader, struct zta_key *key)
{
    key->name = zta_read_text(reader);
    key->owner = zta_read_text(reader);
    key->reason = zta_read_text(reader);
    key->author = zta_read_text(reader);
    for (size_t i = 0; i < key->n_roles; i++) {
        key->roles[i] = zta_read_text(reader);
    }
    for (size_t i = 0; i < key->n_scopes; i++) {
        key->scopes[i] = zta_read_text(reader);
    }
}

/* Everything but the id, which is the record's key. */
static enum zta_status decode(struct zta_blob record, struct zta_key *key)
{
    struct zta_reader reader;
    zta_reader_init(&reader, record.data, record.size);
    uint8_t format = zta_read_u8(&reader);
    zta_read_bytes(&reader, key->secret.bytes, ZTA_SHA256_SIZE);
    zta_read_bytes(&reader, key->old_secret.bytes, ZTA_SHA256_SIZE);
    int64_t *times[] = {&key->old_until_s, &key->created_s, &key->expires_s, &key->revoked_s};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        *times[i] = (int64_t)zta_read_u64(&reader);
    }
    uint8_t origin[ZTA_STORE_ORIGIN_SIZE];
    zta_read_bytes(&reader, origin, sizeof(origin));
    (void)zta_read_u64(&reader);
    key->n_roles = zta_read_u8(&reader);
    key->n_scopes = zta_read_u8(&reader);
    key->n_cidrs = zta_read_u8(&reader);
    if (format != ZTA_KEY_FORMAT || key->n_roles > ZTA_KEY_VALUES_MAX ||
        key->n_scopes > ZTA_KEY_VALUES_MAX || key->n_cidrs > ZTA_KEY_VALUES_MAX) {
        return ZTA_CORRUPT;
    }
    for (size_t i = 0; i < key->n_cidrs; i++) {
        key->cidrs[i].addr.family = zta_read_u8(&reader);
        key->cidrs[i].prefix = zta_read_u8(&reader);
        zta_read_bytes(&reader, key->cidrs[i].addr.bytes, sizeof(key->cidrs[i].addr.bytes));
    }
    read_values(&reader, key);
    return zta_reader_is_done(&reader) && is_within_bounds(key) ? ZTA_OK : ZTA_CORRUPT;
}

static enum zta_status decode_with_id(struct zta_blob id, struct zta_blob record,
                                      struct zta_key *key)
{
    if (id.size != ZTA_KEY_ID_LEN || !is_base62(id.data, ZTA_KEY_ID_LEN)) {
        return ZTA_CORRUPT;
    }
    memcpy(key->id, id.data, ZTA_KEY_ID_LEN);
    key->id[ZTA_KEY_ID_LEN] = '\0';
    return decode(record, key);
}

enum zta_status zta_key_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_key found;
    return decode_with_id(key, value, &found);
}

enum zta_status zta_key_name_check_record(struct zta_blob key, struct zta_blob value)
{
    const bool is_name = key.size > 0 && key.size <= ZTA_NAME_MAX;
    return (is_name || zta_claim_waits(key, value, 0)) && value.size == ZTA_KEY_ID_LEN &&
                   is_base62(value.data, ZTA_KEY_ID_LEN)
               ? ZTA_OK
               : ZTA_CORRUPT;
}

/* ---- reading ---- */

enum zta_status zta_key_get(struct zta_view *view, const char *id, void *storage, size_t size,
                            struct zta_key *key)
{
    if (!is_id(id)) {
        return ZTA_NOT_FOUND;
    }
    struct zta_blob where = ZTA_BLOB(id, ZTA_KEY_ID_LEN);
    struct zta_blob record;
    enum zta_status status = zta_view_get(view, ZTA_TABLE_KEYS, where, &record);
    if (status != ZTA_OK) {
        return status;
    }
    if (record.size > size) {
        return ZTA_TOO_LARGE;
    }
    memcpy(storage, record.data, record.size);
    return decode_with_id(where, ZTA_BLOB(storage, record.size), key);
}

struct name_search {
    struct zta_text name;
    char id[ZTA_KEY_ID_LEN + 1]; /* empty: none yet */
    int64_t created_s;
};

/* The latest of the revoked keys that had the name. */
static bool compare_name(void *context, const struct zta_key *key)
{
    struct name_search *search = context;
    if (zta_text_equal(key->name, search->name) &&
        (search->id[0] == '\0' || key->created_s >= search->created_s)) {
        memcpy(search->id, key->id, sizeof(search->id));
        search->created_s = key->created_s;
    }
    return true;
}

enum zta_status zta_key_find(struct zta_view *view, struct zta_text name, void *storage,
                             size_t size, struct zta_key *key)
{
    if (name.data == NULL || name.len == 0 || name.len > ZTA_NAME_MAX) {
        return ZTA_NOT_FOUND;
    }
    struct name_search search = {.name = name};
    struct zta_blob id;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_KEY_NAMES, ZTA_BLOB(name.data, name.len), &id);
    if (status == ZTA_OK) {
        if (id.size != ZTA_KEY_ID_LEN) {
            return ZTA_CORRUPT;
        }
        memcpy(search.id, id.data, ZTA_KEY_ID_LEN);
    }
    else if (status == ZTA_NOT_FOUND) {
        status = zta_key_each(view, compare_name, &search);
    }
    return status == ZTA_OK ? zta_key_get(view, search.id, storage, size, key) : status;
}

struct listener {
    zta_key_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob id, struct zta_blob record,
                            bool *goes_on)
{
    const struct listener *listener = context;
    struct zta_key key;
    enum zta_status status = decode_with_id(id, record, &key);
    if (status == ZTA_OK) {
        *goes_on = listener->fn(listener->context, &key);
    }
    return status;
}

enum zta_status zta_key_each(struct zta_view *view, zta_key_fn fn, void *context)
{
    struct listener listener = {.fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_KEYS, tell, &listener);
}

struct name_check {
    struct zta_view *view;
    uint64_t n_living;
    enum zta_status status;
};

static bool check_name(void *context, const struct zta_key *key)
{
    struct name_check *check = context;
    if (key->revoked_s != 0) {
        return true;
    }
    bool is_found = false;
    check->n_living++;
    check->status = zta_claim_is_there(check->view, ZTA_TABLE_KEY_NAMES,
                                       ZTA_BLOB(key->name.data, key->name.len),
                                       ZTA_BLOB(key->id, ZTA_KEY_ID_LEN), &is_found);
    if (check->status == ZTA_OK && !is_found) {
        check->status = ZTA_CORRUPT;
    }
    return check->status == ZTA_OK;
}

enum zta_status zta_key_check_names(struct zta_view *view)
{
    struct name_check check = {.view = view};
    uint64_t n_names;
    uint64_t bytes;
    enum zta_status status = zta_view_table_size(view, ZTA_TABLE_KEY_NAMES, &n_names, &bytes);
    if (status == ZTA_OK) {
        status = zta_key_each(view, check_name, &check);
    }
    if (status == ZTA_OK) {
        status = check.status;
    }
    return status == ZTA_OK && n_names != check.n_living ? ZTA_CORRUPT : status;
}

/* ---- writing ---- */

/* Of two keys of a name the older one has it. */
static enum zta_status prefer(struct zta_change *change, struct zta_blob a, struct zta_blob b,
                              bool *is_a)
{
    struct zta_key keys[2];
    const struct zta_blob ids[2] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        struct zta_blob record;
        enum zta_status status = zta_change_get(change, ZTA_TABLE_KEYS, ids[i], &record);
        if (status == ZTA_OK) {
            status = decode_with_id(ids[i], record, &keys[i]);
        }
        if (status != ZTA_OK) {
            return status == ZTA_NOT_FOUND ? ZTA_CORRUPT : status;
        }
    }
    *is_a = keys[0].created_s != keys[1].created_s ? keys[0].created_s < keys[1].created_s
                                                   : strcmp(keys[0].id, keys[1].id) < 0;
    return ZTA_OK;
}

static const struct zta_claims names = {.table = ZTA_TABLE_KEY_NAMES, .prefer = prefer};

/* Frees the name that the record of this id has now; none is fine. */
static enum zta_status free_former_name(struct zta_change *change, struct zta_blob id)
{
    struct zta_blob record;
    struct zta_key former;
    char name[ZTA_NAME_MAX];
    enum zta_status status = zta_change_get(change, ZTA_TABLE_KEYS, id, &record);
    if (status == ZTA_OK) {
        status = decode(record, &former);
    }
    if (status != ZTA_OK || former.revoked_s != 0) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    memcpy(name, former.name.data, former.name.len);
    return zta_claim_remove(change, &names, ZTA_BLOB(name, former.name.len), id);
}

/* Writes the record that decodes to key, and lets its name lead to it while it lives. */
static enum zta_status write_record(struct zta_change *change, const struct zta_key *key,
                                    struct zta_blob id, struct zta_blob record)
{
    enum zta_status status = free_former_name(change, id);
    if (status == ZTA_OK) {
        status = zta_change_put(change, ZTA_TABLE_KEYS, id, record);
    }
    if (status == ZTA_OK && key->revoked_s == 0) {
        status = zta_claim_add(change, &names, ZTA_BLOB(key->name.data, key->name.len), id);
    }
    if (status == ZTA_OK) {
        zta_change_head(change)->generations.keys++;
    }
    return status;
}

/* Has another living key the name? */
static enum zta_status check_free(struct zta_change *change, const struct zta_key *key)
{
    const struct zta_blob name = ZTA_BLOB(key->name.data, key->name.len);
    struct zta_blob owner;
    bool is_own = true;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_KEY_NAMES, name, &owner);
    if (status == ZTA_OK) {
        status = zta_claim_has(change, &names, name, ZTA_BLOB(key->id, ZTA_KEY_ID_LEN), &is_own);
    }
    return status == ZTA_OK && !is_own ? ZTA_EXISTS : (status == ZTA_NOT_FOUND ? ZTA_OK : status);
}

enum zta_status zta_key_put(struct zta_change *change, const struct zta_key *key)
{
    uint8_t record[ZTA_KEY_STORAGE_SIZE];
    struct zta_writer writer;
    if (!is_id(key->id) || !is_within_bounds(key)) {
        return ZTA_INVALID;
    }
    enum zta_status status = key->revoked_s == 0 ? check_free(change, key) : ZTA_OK;
    zta_writer_init(&writer, record, sizeof(record));
    if (status == ZTA_OK) {
        status = encode(key, zta_change_origin(change), zta_change_clock_ns(change), &writer);
    }
    return status == ZTA_OK ? write_record(change, key, ZTA_BLOB(key->id, ZTA_KEY_ID_LEN),
                                           ZTA_BLOB(record, writer.len))
                            : status;
}

/* ---- of a fleet ---- */

bool zta_key_is_revoked_record(struct zta_blob value)
{
    return value.size > ZTA_KEY_AT_COUNTS &&
           zta_get_u64((const uint8_t *)value.data + ZTA_KEY_AT_REVOKED) != 0;
}

bool zta_key_is_living_record(struct zta_blob value)
{
    return value.size > ZTA_KEY_AT_COUNTS && !zta_key_is_revoked_record(value);
}

int64_t zta_key_version(struct zta_blob value)
{
    return (int64_t)zta_get_u64((const uint8_t *)value.data + ZTA_KEY_AT_CHANGED);
}

enum zta_status zta_key_strength(struct zta_blob key, struct zta_blob value, int64_t *strength)
{
    *strength = 0; /* the latest counts */
    return zta_key_check_record(key, value);
}

enum zta_status zta_key_restrict_by(struct zta_draft *draft, const struct zta_statement *by)
{
    struct zta_statement there = {.version_ns = draft->version_ns};
    memcpy(there.origin, draft->origin, sizeof there.origin);
    const bool is_revoked =
        draft->is_there && zta_key_is_revoked_record(ZTA_BLOB(draft->bytes, draft->size));
    return is_revoked && !zta_statement_is_later(by, &there) ? ZTA_OK : zta_draft_set(draft, by);
}

enum zta_status zta_key_replace(struct zta_change *change, struct zta_blob key,
                                struct zta_blob value)
{
    struct zta_key found;
    if (value.data == NULL) {
        return ZTA_OK; /* a key is never removed */
    }
    const enum zta_status status = decode_with_id(key, value, &found);
    return status == ZTA_OK ? write_record(change, &found, key, value) : status;
}

/* ---- judging ---- */

static bool is_address_admitted(const struct zta_key *key, const struct zta_addr *addr)
{
    for (size_t i = 0; i < key->n_cidrs; i++) {
        if (addr != NULL && zta_cidr_contains(&key->cidrs[i], addr)) {
            return true;
        }
    }
    return key->n_cidrs == 0;
}

/* Both secrets are compared whatever the first says, so that time tells nothing. */
static bool is_secret_right(const struct zta_key *key, struct zta_text secret, int64_t now_s)
{
    struct zta_sha256 digest;
    zta_key_secret_digest(secret, &digest);
    bool is_new = zta_secret_equal(digest.bytes, key->secret.bytes, ZTA_SHA256_SIZE);
    bool is_old = zta_secret_equal(digest.bytes, key->old_secret.bytes, ZTA_SHA256_SIZE);
    bool is_old_good = key->old_until_s != 0 && now_s < key->old_until_s;
    return is_new | (is_old & is_old_good);
}

enum zta_status zta_key_verify(const struct zta_key *key, struct zta_text secret,
                               const struct zta_addr *addr, int64_t now_s)
{
    if (secret.data == NULL || !is_secret_right(key, secret, now_s) || key->revoked_s != 0 ||
        !is_address_admitted(key, addr)) {
        return ZTA_NOT_FOUND;
    }
    return key->expires_s != 0 && now_s >= key->expires_s ? ZTA_EXPIRED : ZTA_OK;
}

enum zta_status zta_key_identify(const struct zta_key *key, struct zta_identity *identity)
{
    enum zta_status status = ZTA_OK;
    zta_identity_init(identity);
    identity->credential = ZTA_CREDENTIAL_APIKEY;
    identity->issuer = ZTA_TEXT(ZTA_ISSUER_LOCAL);
    identity->subject = zta_text_is_absent(key->owner) ? key->name : key->owner;
    identity->apikey = key->name;
    identity->apikey_id = zta_text_of(key->id);
    identity->issued_s = key->created_s;
    identity->expires_s = key->expires_s;
    identity->session_kind = ZTA_SESSION_APIKEY;
    for (size_t i = 0; i < key->n_roles && status == ZTA_OK; i++) {
        status = zta_identity_add_value(identity, &identity->roles, key->roles[i]);
    }
    for (size_t i = 0; i < key->n_scopes && status == ZTA_OK; i++) {
        status = zta_identity_add_value(identity, &identity->scopes, key->scopes[i]);
    }
    identity->roles.is_known = true;
    identity->scopes.is_known = true;
    zta_session_id_make(identity, ZTA_SESSION_APIKEY, identity->apikey_id, identity->session);
    return status;
}

enum zta_status zta_key_target(struct zta_blob key, struct zta_blob value,
                               struct zta_target *target)
{
    struct zta_key found;
    const enum zta_status status = decode_with_id(key, value, &found);
    if (status == ZTA_OK) {
        target->kind = ZTA_TARGET_APIKEY;
        target->name = found.name;
    }
    return status;
}
