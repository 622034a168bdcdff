/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl audit verify: the chain by itself, and against heads that were kept elsewhere. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/file.h"
#include "shared/store/audit.h"
#include "shared/store/audit_heads.h"
#include "shared/store/fleet.h"

enum {
    ANCHOR_FILE_MAX = 64 << 20,
    HEX_LEN = 2 * ZTA_SHA256_SIZE,
};

/* A head that was kept. */
struct anchor {
    struct zta_sha256 hash;
    bool is_found;
};

struct anchors {
    struct anchor *all; /* in order of their bytes */
    size_t n;
};

struct verified {
    enum zta_status status; /* of the chain */
    struct zta_error error;
    uint64_t n; /* entries, or the first that does not fit */
    struct zta_sha256 head;
    const struct anchor *missing; /* NULL: all are there */
};

/* ---- what was kept ---- */

static int by_bytes(const void *a, const void *b)
{
    const struct anchor *one = a;
    const struct anchor *other = b;
    return memcmp(one->hash.bytes, other->hash.bytes, sizeof one->hash.bytes);
}

/* Whatever stands around them: 64 hex digits with none beside are a head. */
static enum zta_status find_heads(struct zta_text text, struct anchors *anchors)
{
    anchors->all = calloc(text.len / HEX_LEN + 1, sizeof *anchors->all);
    if (anchors->all == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < text.len;) {
        size_t len = 0;
        while (i + len < text.len && zta_hex_digit(text.data[i + len]) >= 0) {
            len++;
        }
        const struct zta_text word = {.data = text.data + i, .len = len};
        if (len == HEX_LEN &&
            zta_hex_decode(word, anchors->all[anchors->n].hash.bytes, ZTA_SHA256_SIZE) == ZTA_OK) {
            anchors->n++;
        }
        i += len + 1;
    }
    if (anchors->n > 1) {
        qsort(anchors->all, anchors->n, sizeof *anchors->all, by_bytes);
    }
    return anchors->n > 0 ? ZTA_OK : ZTA_NOT_FOUND;
}

static enum ctl_exit read_anchors(const char *path, struct anchors *anchors)
{
    char *data = NULL;
    size_t len = 0;
    struct zta_file_stamp stamp;
    struct zta_error error = {.status = ZTA_OK};
    enum zta_status status = zta_file_read(path, ANCHOR_FILE_MAX, &data, &len, &stamp, &error);
    if (status != ZTA_OK) {
        return ctl_fail(CTL_FAILED, "%s: %s", path, error.text);
    }
    status = find_heads((struct zta_text){.data = data, .len = len}, anchors);
    free(data);
    return status == ZTA_OK ? CTL_DONE
           : status == ZTA_NOT_FOUND
               ? ctl_fail(CTL_FAILED, "%s: it has no head (64 hex digits) of an audit trail", path)
               : ctl_fail_status(status, NULL, path);
}

/* ---- what this node told its fleet ---- */

struct own_heads {
    uint8_t origin[ZTA_ORIGIN_SIZE];
    struct anchors *anchors;
    enum zta_status status;
};

static bool add_own(void *context, const struct zta_audit_heads *heads)
{
    struct own_heads *own = context;
    struct anchors *anchors = own->anchors;
    if (memcmp(heads->origin, own->origin, sizeof own->origin) != 0) {
        return true;
    }
    struct anchor *all =
        realloc(anchors->all, (anchors->n + ZTA_AUDIT_HEADS) * sizeof *anchors->all);
    if (all == NULL) {
        own->status = ZTA_NO_MEMORY;
        return false;
    }
    anchors->all = all;
    for (size_t i = 0; i < ZTA_AUDIT_HEADS; i++) {
        if (heads->all[i].time_ns != 0) {
            anchors->all[anchors->n++] = (struct anchor){.hash = heads->all[i].hash};
        }
    }
    return false;
}

/* Heads that came back from the fleet hold for this store, whatever stands in it now. */
static enum zta_status add_own_heads(struct zta_view *view, struct anchors *anchors)
{
    struct zta_fleet fleet;
    struct own_heads own = {.anchors = anchors, .status = ZTA_OK};
    enum zta_status status = zta_fleet_get(view, &fleet);
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    memcpy(own.origin, fleet.origin, sizeof own.origin);
    status = zta_audit_heads_each(view, add_own, &own);
    status = status == ZTA_OK ? own.status : status;
    if (status == ZTA_OK && anchors->n > 1) {
        qsort(anchors->all, anchors->n, sizeof *anchors->all, by_bytes);
    }
    return status;
}

/* ---- what is there ---- */

static bool mark(void *context, const struct zta_audit_entry *entry)
{
    const struct anchors *anchors = context;
    const struct anchor wanted = {.hash = entry->hash};
    struct anchor *found =
        bsearch(&wanted, anchors->all, anchors->n, sizeof *anchors->all, by_bytes);
    /* The same head may have been kept more than once. */
    while (found != NULL && found > anchors->all && by_bytes(found - 1, &wanted) == 0) {
        found--;
    }
    while (found != NULL && found < anchors->all + anchors->n && by_bytes(found, &wanted) == 0) {
        found++->is_found = true;
    }
    return true;
}

static enum zta_status verify(struct zta_view *view, struct anchors *anchors,
                              struct verified *verified)
{
    verified->status = zta_audit_verify(view, &verified->n, &verified->head, &verified->error);
    if (verified->status != ZTA_OK || anchors->n == 0) {
        return verified->status == ZTA_CORRUPT ? ZTA_OK : verified->status;
    }
    const enum zta_status status = zta_audit_each(view, 0, mark, anchors);
    for (size_t i = 0; i < anchors->n && verified->missing == NULL; i++) {
        verified->missing = anchors->all[i].is_found ? NULL : &anchors->all[i];
    }
    return status;
}

static void put_hash(struct ctl_list *list, const char *name, const struct zta_sha256 *hash)
{
    char hex[HEX_LEN + 1];
    zta_hex_encode(hash->bytes, sizeof hash->bytes, hex);
    ctl_row_string(list, name, hex);
}

static enum ctl_exit print(const struct ctl *ctl, const struct verified *verified, bool is_anchored)
{
    struct ctl_list list;
    const bool is_good = verified->status == ZTA_OK;
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, "result",
                   !is_good                    ? "inconsistent"
                   : verified->missing != NULL ? "incomplete"
                   : is_anchored               ? "complete"
                                               : "consistent");
    if (is_good) {
        ctl_row_int(&list, "entries", (int64_t)verified->n);
        put_hash(&list, "head", &verified->head);
    }
    else {
        ctl_row_int(&list, "first_bad_entry", (int64_t)verified->n);
        ctl_row_string(&list, "fault", verified->error.text);
    }
    if (verified->missing != NULL) {
        put_hash(&list, "missing_head", &verified->missing->hash);
    }
    ctl_row_end(&list);
    const enum ctl_exit printed = ctl_list_print(&list);
    return is_good && verified->missing == NULL ? printed : CTL_FAILED;
}

enum ctl_exit ctl_run_audit_verify(struct ctl *ctl)
{
    struct zta_view *view = NULL;
    struct anchors anchors = {.n = 0};
    struct verified verified = {.n = 0};
    const char *path = ctl_option_text(&ctl->options, CTL_OPTION_ANCHOR).data;
    enum ctl_exit code = path == NULL ? CTL_DONE : read_anchors(path, &anchors);
    if (code == CTL_DONE) {
        enum zta_status status = zta_view_begin(ctl->store, &view);
        if (status == ZTA_OK) {
            status = add_own_heads(view, &anchors);
        }
        if (status == ZTA_OK) {
            status = verify(view, &anchors, &verified);
        }
        zta_view_end(&view);
        code = status == ZTA_OK
                   ? print(ctl, &verified, path != NULL)
                   : ctl_fail_status(status, &verified.error, "verifying the audit trail");
    }
    free(anchors.all);
    return code;
}
