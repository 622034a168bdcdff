/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: one record each, and one from each of their certificates to it. */
#include "shared/store/devices.h"

#include <string.h>

#include "shared/base/limits.h"
#include "shared/base/reader.h"
#include "shared/store/claims_priv.h"
#include "shared/store/devices_priv.h"
#include "shared/store/fleet_topics_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema.h"
#include "shared/store/schema_policy.h"
#include "shared/store/tables_priv.h"

#define N_TEXTS        6
#define OS_DIGITS_MAX  9  /* of one number of a version: it fits 32 bits */
#define CERTIFICATES   43 /* where their count stands */
#define RECORD_SIZE(n) (CERTIFICATES + 1 + (n)*ZTA_SHA256_SIZE)

_Static_assert(RECORD_SIZE(ZTA_DEVICE_CERTIFICATES_MAX) + N_TEXTS * 2 + ZTA_NAME_MAX +
                       ZTA_SUBJECT_MAX + ZTA_DEVICE_OS_MAX + ZTA_DEVICE_OS_VERSION_MAX +
                       ZTA_DEVICE_NOTE_MAX + ZTA_NAME_MAX + ZTA_DEVICE_ID_MAX <=
                   ZTA_DEVICE_STORAGE_SIZE,
               "the largest record and its id fit");

bool zta_device_id_is_valid(struct zta_text id)
{
    return !zta_text_is_absent(id) && id.len > 0 && id.len <= ZTA_DEVICE_ID_MAX &&
           zta_text_plain_len(id) == id.len && id.data[0] != ' ' && id.data[id.len - 1] != ' ';
}

bool zta_device_os_is_valid(struct zta_text os)
{
    if (zta_text_is_absent(os) || os.len == 0 || os.len > ZTA_DEVICE_OS_MAX) {
        return false;
    }
    for (size_t i = 0; i < os.len; i++) {
        char c = os.data[i];
        bool is_letter = c >= 'a' && c <= 'z';
        bool is_other = (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!is_letter && (i == 0 || !is_other)) {
            return false;
        }
    }
    return true;
}

bool zta_device_os_version_is_valid(struct zta_text version)
{
    size_t n_digits = 0;
    if (zta_text_is_absent(version) || version.len > ZTA_DEVICE_OS_VERSION_MAX) {
        return false;
    }
    for (size_t i = 0; i < version.len; i++) {
        char c = version.data[i];
        n_digits = c >= '0' && c <= '9' ? n_digits + 1 : 0;
        if (n_digits > OS_DIGITS_MAX || (n_digits == 0 && c != '.') ||
            (c == '.' && (i == 0 || version.data[i - 1] == '.'))) {
            return false;
        }
    }
    return n_digits > 0;
}

/* Absent, or UTF-8 of 1 to max bytes. */
static bool is_optional(struct zta_text text, size_t max)
{
    return zta_text_is_absent(text) || (text.len > 0 && text.len <= max && zta_text_is_utf8(text));
}

static bool is_valid(const struct zta_device *device)
{
    bool has_owner = !zta_text_is_absent(device->subject);
    return zta_device_id_is_valid(device->id) && (device->traits.known & ~ZTA_DEVICE_STATED) == 0 &&
           (device->traits.yes & ~device->traits.known) == 0 &&
           has_owner == !zta_text_is_absent(device->issuer) &&
           is_optional(device->issuer, ZTA_NAME_MAX) &&
           is_optional(device->subject, ZTA_SUBJECT_MAX) &&
           (zta_text_is_absent(device->os) || zta_device_os_is_valid(device->os)) &&
           (zta_text_is_absent(device->os_version) ||
            zta_device_os_version_is_valid(device->os_version)) &&
           device->n_certificates <= ZTA_DEVICE_CERTIFICATES_MAX &&
           is_optional(device->note, ZTA_DEVICE_NOTE_MAX) &&
           is_optional(device->author, ZTA_NAME_MAX);
}

/* ---- records ---- */

static enum zta_status encode(const struct zta_device *device, const uint8_t *origin,
                              struct zta_writer *writer)
{
    const struct zta_text texts[N_TEXTS] = {device->issuer,     device->subject, device->os,
                                            device->os_version, device->note,    device->author};
    zta_write_u8(writer, ZTA_DEVICE_FORMAT);
    zta_write_u8(writer, device->traits.known);
    zta_write_u8(writer, device->traits.yes);
    zta_write_bytes(writer, origin, ZTA_STORE_ORIGIN_SIZE);
    zta_write_u64(writer, (uint64_t)device->created_ns);
    zta_write_u64(writer, (uint64_t)device->changed_ns);
    zta_write_u64(writer, device->action_id);
    zta_write_u8(writer, (uint8_t)device->n_certificates);
    for (size_t i = 0; i < device->n_certificates; i++) {
        zta_write_bytes(writer, device->certificates[i].bytes, ZTA_SHA256_SIZE);
    }
    for (size_t i = 0; i < N_TEXTS; i++) {
        zta_write_text(writer, texts[i]);
    }
    return writer->is_overflowed ? ZTA_TOO_LARGE : ZTA_OK;
}

enum zta_status zta_device_decode(struct zta_blob key, struct zta_blob value,
                                  struct zta_device *device)
{
    struct zta_reader reader;
    struct zta_device read = {.id = {.data = key.data, .len = key.size}};
    uint8_t origin[ZTA_STORE_ORIGIN_SIZE];
    zta_reader_init(&reader, value.data, value.size);
    uint8_t format = zta_read_u8(&reader);
    read.traits.known = zta_read_u8(&reader);
    read.traits.yes = zta_read_u8(&reader);
    zta_read_bytes(&reader, origin, sizeof origin);
    read.created_ns = (int64_t)zta_read_u64(&reader);
    read.changed_ns = (int64_t)zta_read_u64(&reader);
    read.action_id = zta_read_u64(&reader);
    read.n_certificates = zta_read_u8(&reader);
    if (format != ZTA_DEVICE_FORMAT || read.n_certificates > ZTA_DEVICE_CERTIFICATES_MAX ||
        value.size < RECORD_SIZE(read.n_certificates)) {
        return ZTA_CORRUPT;
    }
    /* Plain bytes: a digest has no alignment. */
    read.certificates = (const struct zta_sha256 *)(const void *)(reader.data + reader.pos);
    reader.pos += read.n_certificates * ZTA_SHA256_SIZE;
    struct zta_text *const texts[N_TEXTS] = {&read.issuer,     &read.subject, &read.os,
                                             &read.os_version, &read.note,    &read.author};
    for (size_t i = 0; i < N_TEXTS; i++) {
        *texts[i] = zta_read_text(&reader);
    }
    if (!zta_reader_is_done(&reader) || !is_valid(&read)) {
        return ZTA_CORRUPT;
    }
    *device = read;
    return ZTA_OK;
}

enum zta_status zta_device_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_device device;
    return zta_device_decode(key, value, &device);
}

enum zta_status zta_device_certificate_check_record(struct zta_blob key, struct zta_blob value)
{
    const struct zta_text id = {.data = value.data, .len = value.size};
    return (key.size == ZTA_SHA256_SIZE || zta_claim_waits(key, value, ZTA_SHA256_SIZE)) &&
                   zta_device_id_is_valid(id)
               ? ZTA_OK
               : ZTA_CORRUPT;
}

/* ---- reading ---- */

enum zta_status zta_device_get(struct zta_view *view, struct zta_text id, void *storage,
                               struct zta_device *device)
{
    struct zta_blob record;
    if (!zta_device_id_is_valid(id)) {
        return ZTA_NOT_FOUND;
    }
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_DEVICES, ZTA_BLOB(id.data, id.len), &record);
    if (status != ZTA_OK) {
        return status;
    }
    if (record.size > ZTA_DEVICE_STORAGE_SIZE - ZTA_DEVICE_ID_MAX) {
        return ZTA_CORRUPT;
    }
    /* The id may be the map's own, and goes with it. */
    char *text = storage;
    memcpy(text, id.data, id.len);
    memcpy(text + ZTA_DEVICE_ID_MAX, record.data, record.size);
    return zta_device_decode(ZTA_BLOB(text, id.len),
                             ZTA_BLOB(text + ZTA_DEVICE_ID_MAX, record.size), device);
}

void zta_device_expect(struct zta_view *view, struct zta_text id)
{
    zta_view_expect(view, ZTA_TABLE_DEVICES, ZTA_BLOB(id.data, id.len));
}

enum zta_status zta_device_find_certificate(struct zta_view *view,
                                            const struct zta_sha256 *certificate, void *storage,
                                            struct zta_device *device)
{
    struct zta_blob id;
    enum zta_status status = zta_view_get(view, ZTA_TABLE_DEVICE_CERTIFICATES,
                                          ZTA_BLOB(certificate->bytes, ZTA_SHA256_SIZE), &id);
    if (status != ZTA_OK) {
        return status;
    }
    status =
        zta_device_get(view, (struct zta_text){.data = id.data, .len = id.size}, storage, device);
    return status == ZTA_NOT_FOUND ? ZTA_CORRUPT : status;
}

struct listener {
    zta_device_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct listener *listener = context;
    struct zta_device device;
    enum zta_status status = zta_device_decode(key, value, &device);
    if (status == ZTA_OK) {
        *goes_on = listener->fn(listener->context, &device);
    }
    return status;
}

enum zta_status zta_device_each(struct zta_view *view, zta_device_fn fn, void *context)
{
    struct listener listener = {.fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_DEVICES, tell, &listener);
}

enum zta_status zta_device_each_from(struct zta_view *view, struct zta_text from, zta_device_fn fn,
                                     void *context)
{
    struct listener listener = {.fn = fn, .context = context};
    if (from.len == 0) {
        return zta_device_each(view, fn, context); /* no key is empty, and none can be looked for */
    }
    return zta_view_each_from(view, ZTA_TABLE_DEVICES, ZTA_BLOB(from.data, from.len), tell,
                              &listener);
}

enum zta_status zta_device_count(struct zta_view *view, uint64_t *n)
{
    uint64_t bytes;
    return zta_view_table_size(view, ZTA_TABLE_DEVICES, n, &bytes);
}

struct certificate_check {
    struct zta_view *view;
    uint64_t n;
    enum zta_status status;
};

static bool check_certificates(void *context, const struct zta_device *device)
{
    struct certificate_check *check = context;
    for (size_t i = 0; i < device->n_certificates && check->status == ZTA_OK; i++) {
        bool is_found = false;
        check->n++;
        check->status = zta_claim_is_there(check->view, ZTA_TABLE_DEVICE_CERTIFICATES,
                                           ZTA_BLOB(device->certificates[i].bytes, ZTA_SHA256_SIZE),
                                           ZTA_BLOB(device->id.data, device->id.len), &is_found);
        if (check->status == ZTA_OK && !is_found) {
            check->status = ZTA_CORRUPT;
        }
    }
    return check->status == ZTA_OK;
}

enum zta_status zta_device_check_certificates(struct zta_view *view)
{
    struct certificate_check check = {.view = view, .status = ZTA_OK};
    uint64_t n;
    uint64_t bytes;
    enum zta_status status = zta_view_table_size(view, ZTA_TABLE_DEVICE_CERTIFICATES, &n, &bytes);
    if (status == ZTA_OK) {
        status = zta_device_each(view, check_certificates, &check);
    }
    if (status == ZTA_OK) {
        status = check.status;
    }
    return status == ZTA_OK && n != check.n ? ZTA_CORRUPT : status;
}

/* ---- writing ---- */

static bool has_certificate(const struct zta_device *device, const struct zta_sha256 *certificate)
{
    for (size_t i = 0; i < device->n_certificates; i++) {
        if (memcmp(device->certificates[i].bytes, certificate->bytes, ZTA_SHA256_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* Equal, or both absent. */
static bool is_same_text(struct zta_text a, struct zta_text b)
{
    return zta_text_is_absent(a) ? zta_text_is_absent(b) : zta_text_equal(a, b);
}

bool zta_device_is_same(const struct zta_device *a, const struct zta_device *b)
{
    bool is_same = a->n_certificates == b->n_certificates && a->traits.known == b->traits.known &&
                   a->traits.yes == b->traits.yes && is_same_text(a->issuer, b->issuer) &&
                   is_same_text(a->subject, b->subject) && is_same_text(a->os, b->os) &&
                   is_same_text(a->os_version, b->os_version) && is_same_text(a->note, b->note);
    for (size_t i = 0; i < a->n_certificates && is_same; i++) {
        is_same = has_certificate(b, &a->certificates[i]);
    }
    return is_same;
}

/* The record that is there, copied to *copy: a put or remove would take it away. */
static enum zta_status load(struct zta_change *change, struct zta_text id, uint8_t *storage,
                            struct zta_blob *copy, struct zta_device *device)
{
    struct zta_blob record;
    enum zta_status status =
        zta_change_get(change, ZTA_TABLE_DEVICES, ZTA_BLOB(id.data, id.len), &record);
    if (status != ZTA_OK) {
        return status;
    }
    if (record.size > ZTA_DEVICE_STORAGE_SIZE) {
        return ZTA_CORRUPT;
    }
    memcpy(storage, record.data, record.size);
    *copy = ZTA_BLOB(storage, record.size);
    return zta_device_decode(ZTA_BLOB(id.data, id.len), *copy, device);
}

/* Of two devices with one certificate the one that was changed last has it. */
static enum zta_status prefer(struct zta_change *change, struct zta_blob a, struct zta_blob b,
                              bool *is_a)
{
    int64_t changed_ns[2];
    const struct zta_blob ids[2] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        struct zta_blob record;
        const enum zta_status status = zta_change_get(change, ZTA_TABLE_DEVICES, ids[i], &record);
        if (status != ZTA_OK || record.size < RECORD_SIZE(0)) {
            return status == ZTA_NOT_FOUND || status == ZTA_OK ? ZTA_CORRUPT : status;
        }
        changed_ns[i] = zta_device_version(record);
    }
    const int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    *is_a = changed_ns[0] != changed_ns[1] ? changed_ns[0] > changed_ns[1]
                                           : order > 0 || (order == 0 && a.size > b.size);
    return ZTA_OK;
}

static const struct zta_claims claims = {.table = ZTA_TABLE_DEVICE_CERTIFICATES, .prefer = prefer};

static struct zta_blob blob_of(const struct zta_sha256 *certificate)
{
    return ZTA_BLOB(certificate->bytes, ZTA_SHA256_SIZE);
}

/* Certificates of former that device no longer has. */
static enum zta_status drop_certificates(struct zta_change *change, struct zta_text id,
                                         const struct zta_device *former,
                                         const struct zta_device *device)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < former->n_certificates && status == ZTA_OK; i++) {
        if (!has_certificate(device, &former->certificates[i])) {
            status = zta_claim_remove(change, &claims, blob_of(&former->certificates[i]),
                                      ZTA_BLOB(id.data, id.len));
        }
    }
    return status;
}

/* Before anything is written: is one of them another device's? */
static enum zta_status check_free(struct zta_change *change, const struct zta_device *device)
{
    for (size_t i = 0; i < device->n_certificates; i++) {
        struct zta_blob owner;
        bool is_own = true;
        enum zta_status status = zta_change_get(change, ZTA_TABLE_DEVICE_CERTIFICATES,
                                                blob_of(&device->certificates[i]), &owner);
        if (status == ZTA_OK) {
            status = zta_claim_has(change, &claims, blob_of(&device->certificates[i]),
                                   ZTA_BLOB(device->id.data, device->id.len), &is_own);
        }
        if (status == ZTA_OK && !is_own) {
            return ZTA_EXISTS;
        }
        if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
            return status;
        }
    }
    return ZTA_OK;
}

/* Its record stands there. */
static enum zta_status add_certificates(struct zta_change *change, const struct zta_device *device)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < device->n_certificates && status == ZTA_OK; i++) {
        status = zta_claim_add(change, &claims, blob_of(&device->certificates[i]),
                               ZTA_BLOB(device->id.data, device->id.len));
    }
    return status;
}

static bool has_doubles(const struct zta_device *device)
{
    for (size_t i = 0; i < device->n_certificates; i++) {
        const struct zta_device before = {.certificates = device->certificates,
                                          .n_certificates = i};
        if (has_certificate(&before, &device->certificates[i])) {
            return true;
        }
    }
    return false;
}

enum zta_status zta_device_put(struct zta_change *change, const struct zta_device *device,
                               bool *is_changed)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    uint8_t record[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device former = {.n_certificates = 0};
    struct zta_device stored = *device;
    struct zta_blob copy = {.size = 0};
    struct zta_writer writer;
    if (!is_valid(device) || has_doubles(device)) {
        return ZTA_INVALID;
    }
    enum zta_status status = load(change, device->id, storage, &copy, &former);
    if (status == ZTA_OK && zta_device_is_same(device, &former)) {
        *is_changed = false;
        return ZTA_OK;
    }
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    stored.changed_ns = zta_change_clock_ns(change);
    stored.created_ns = status == ZTA_OK ? former.created_ns : stored.changed_ns;
    zta_writer_init(&writer, record, sizeof record);
    status = encode(&stored, zta_change_origin(change), &writer);
    if (status == ZTA_OK) {
        status = check_free(change, device);
    }
    if (status == ZTA_OK) {
        status = zta_device_history_note(change, device->action_id, device->id, copy);
    }
    if (status == ZTA_OK) {
        status = drop_certificates(change, device->id, &former, device);
    }
    if (status == ZTA_OK) {
        status =
            zta_change_put(change, ZTA_TABLE_DEVICES, ZTA_BLOB(device->id.data, device->id.len),
                           ZTA_BLOB(record, writer.len));
    }
    if (status == ZTA_OK) {
        status = add_certificates(change, device);
    }
    if (status == ZTA_OK) {
        *is_changed = true;
    }
    return status;
}

enum zta_status zta_device_remove(struct zta_change *change, struct zta_text id, uint64_t action_id)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device former;
    const struct zta_device none = {.n_certificates = 0};
    struct zta_blob copy = {.size = 0};
    if (!zta_device_id_is_valid(id)) {
        return ZTA_NOT_FOUND;
    }
    enum zta_status status = load(change, id, storage, &copy, &former);
    if (status == ZTA_OK) {
        status = zta_device_history_note(change, action_id, id, copy);
    }
    if (status == ZTA_OK) {
        status = drop_certificates(change, id, &former, &none);
    }
    if (status == ZTA_OK) {
        status = zta_change_remove(change, ZTA_TABLE_DEVICES, ZTA_BLOB(id.data, id.len));
    }
    return status;
}

/* ---- of a fleet ---- */

bool zta_device_has_key(struct zta_blob key)
{
    return zta_device_id_is_valid((struct zta_text){.data = key.data, .len = key.size});
}

int64_t zta_device_version(struct zta_blob value)
{
    return (int64_t)zta_get_u64((const uint8_t *)value.data + ZTA_DEVICE_AT_CHANGED);
}

enum zta_status zta_device_strength(struct zta_blob key, struct zta_blob value, int64_t *strength)
{
    struct zta_device device;
    *strength = 0; /* the latest counts */
    return zta_device_decode(key, value, &device) == ZTA_OK && !has_doubles(&device) ? ZTA_OK
                                                                                     : ZTA_CORRUPT;
}

/* Traits that a record says a device has not. */
static uint8_t lacking(const uint8_t *record)
{
    return (uint8_t)(record[ZTA_DEVICE_AT_KNOWN] & ~record[ZTA_DEVICE_AT_YES]);
}

bool zta_device_is_lacking_record(struct zta_blob value)
{
    return value.size > ZTA_DEVICE_AT_YES && lacking(value.data) != 0;
}

enum zta_status zta_device_restrict_by(struct zta_draft *draft, const struct zta_statement *by)
{
    if (draft->is_there && by->version_ns >= draft->version_ns) {
        const uint8_t lacks = lacking((const uint8_t *)by->value.data);
        draft->bytes[ZTA_DEVICE_AT_KNOWN] |= lacks;
        draft->bytes[ZTA_DEVICE_AT_YES] &= (uint8_t)~lacks;
    }
    return ZTA_OK;
}

/* The action that changed it is one of another node's trail. */
static void forget_foreign_action(struct zta_change *change, uint8_t *record)
{
    if (memcmp(record + ZTA_DEVICE_AT_ORIGIN, zta_change_origin(change), ZTA_STORE_ORIGIN_SIZE) !=
        0) {
        zta_put_u64(record + ZTA_DEVICE_AT_ACTION, 0);
    }
}

static enum zta_status write_heard(struct zta_change *change, struct zta_blob key,
                                   struct zta_blob value)
{
    uint8_t record[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device device;
    if (value.size > sizeof record) {
        return ZTA_CORRUPT;
    }
    memcpy(record, value.data, value.size);
    forget_foreign_action(change, record);
    enum zta_status status = zta_device_decode(key, ZTA_BLOB(record, value.size), &device);
    if (status == ZTA_OK) {
        status = zta_change_put(change, ZTA_TABLE_DEVICES, key, ZTA_BLOB(record, value.size));
    }
    return status == ZTA_OK ? add_certificates(change, &device) : status;
}

enum zta_status zta_device_replace(struct zta_change *change, struct zta_blob key,
                                   struct zta_blob value)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    const struct zta_text id = {.data = key.data, .len = key.size};
    const struct zta_device none = {.n_certificates = 0};
    struct zta_device former = none;
    struct zta_blob copy;
    enum zta_status status = load(change, id, storage, &copy, &former);
    const bool was_there = status == ZTA_OK;
    if (was_there) {
        status = drop_certificates(change, id, &former, &none);
    }
    if ((status == ZTA_OK || status == ZTA_NOT_FOUND) && value.data != NULL) {
        return write_heard(change, key, value);
    }
    if (status == ZTA_OK && was_there) {
        status = zta_change_remove(change, ZTA_TABLE_DEVICES, key);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_device_target(struct zta_blob key, struct zta_blob value,
                                  struct zta_target *target)
{
    struct zta_sha256 hash;
    zta_sha256(key.data, key.size, &hash);
    target->kind = ZTA_TARGET_SESSION;
    memcpy(target->session, hash.bytes, sizeof target->session);
    return ZTA_OK;
}
