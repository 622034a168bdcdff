/* SPDX-License-Identifier: Apache-2.0 */
/* A look-up that fails is an answer of its own: nothing is clear that was not read. */
#include "mod_zta/open/standing.h"

#include <stdio.h>

#include "shared/base/base64.h"
#include "shared/store/blocks.h"
#include "shared/store/devices.h"
#include "shared/store/keys.h"
#include "shared/store/revocations.h"
#include "shared/store/signals.h"

enum zta_status mod_zta_standing_revoked(struct zta_view *view, const struct zta_identity *identity,
                                         int64_t leeway_s, char text[MOD_ZTA_STANDING_TEXT_MAX],
                                         bool *is_signalled)
{
    enum zta_revocation_kind kind;
    struct zta_signal_hit signal;
    bool is_revoked = true;
    text[0] = '\0';
    *is_signalled = false;
    enum zta_status status = zta_revocation_find(view, identity, leeway_s, &is_revoked, &kind);
    if (status == ZTA_OK && is_revoked) {
        (void)snprintf(text, MOD_ZTA_STANDING_TEXT_MAX, "revoked by %s",
                       zta_revocation_kind_name(kind));
        return ZTA_OK;
    }
    /* Issuers speak of their own logins alone; keys and certificates are none. */
    if (status != ZTA_OK || identity->credential == ZTA_CREDENTIAL_APIKEY ||
        identity->credential == ZTA_CREDENTIAL_CERTIFICATE) {
        return status;
    }
    status = zta_signal_find(view, identity, leeway_s, &signal);
    if (status == ZTA_OK && signal.by != 0) {
        *is_signalled = signal.by == ZTA_SIGNAL_BY_TRANSMITTER;
        (void)snprintf(text, MOD_ZTA_STANDING_TEXT_MAX, "revoked by signal, %s its %s",
                       *is_signalled ? "a transmitter ended" : "a logout of",
                       zta_signal_kind_name(signal.kind));
    }
    return status;
}

/* The secret was right when it came in; the key itself may have ended since. */
static enum zta_status find_key(struct zta_view *view, const struct mod_zta_open *open,
                                int64_t now_s, enum zta_reason *reason, char *text)
{
    char storage[ZTA_KEY_STORAGE_SIZE];
    char id[ZTA_KEY_ID_LEN + 1];
    struct zta_key key;
    (void)snprintf(id, sizeof(id), "%.*s", (int)open->identity->apikey_id.len,
                   open->identity->apikey_id.data);
    enum zta_status status = zta_key_get(view, id, storage, sizeof(storage), &key);
    if (status == ZTA_NOT_FOUND || (status == ZTA_OK && key.revoked_s > 0)) {
        *reason = ZTA_REASON_REVOKED;
        (void)snprintf(text, MOD_ZTA_STANDING_TEXT_MAX, "API key revoked");
        return ZTA_OK;
    }
    return status;
}

static enum zta_status find_device_id(struct zta_view *view, const struct mod_zta_open *open,
                                      struct zta_text id, enum zta_reason *reason, char *text)
{
    bool is_revoked = false;
    enum zta_status status =
        zta_revocation_find_device(view, id, open->identity, open->leeway_s, &is_revoked);
    if (status == ZTA_OK && is_revoked) {
        *reason = ZTA_REASON_REVOKED;
        (void)snprintf(text, MOD_ZTA_STANDING_TEXT_MAX, "revoked by device");
    }
    return status;
}

/* What certificate or posture named; the device of a token is looked up with the token. */
static enum zta_status find_device(struct zta_view *view, const struct mod_zta_open *open,
                                   int64_t now_s, enum zta_reason *reason, char *text)
{
    char storage[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device device;
    struct zta_sha256 certificate;
    size_t size;
    enum zta_status status = ZTA_OK;
    if (!zta_revocation_has_devices(view)) {
        return ZTA_OK;
    }
    if (open->device.len > 0) {
        status = find_device_id(view, open, open->device, reason, text);
    }
    if (status != ZTA_OK || *reason != ZTA_REASON_OK ||
        zta_text_is_absent(open->identity->certificate) ||
        zta_base64url_decode(open->identity->certificate, certificate.bytes,
                             sizeof(certificate.bytes), &size) != ZTA_OK ||
        size != sizeof(certificate.bytes)) {
        return status;
    }
    status = zta_device_find_certificate(view, &certificate, storage, &device);
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    return find_device_id(view, open, device.id, reason, text);
}

static enum zta_status find_address_block(struct zta_view *view, const struct mod_zta_open *open,
                                          int64_t now_s, enum zta_reason *reason, char *text)
{
    bool is_blocked = false;
    enum zta_status status = zta_block_find_addr(view, &open->addr, now_s, &is_blocked);
    if (status == ZTA_OK && is_blocked) {
        *reason = ZTA_REASON_BLOCKED;
        (void)snprintf(text, MOD_ZTA_STANDING_TEXT_MAX, "address blocked");
    }
    return status;
}

static enum zta_status find_subject_block(struct zta_view *view, const struct mod_zta_open *open,
                                          int64_t now_s, enum zta_reason *reason, char *text)
{
    bool is_blocked = false;
    enum zta_status status = zta_block_find_subject(view, open->identity->issuer,
                                                    open->identity->subject, now_s, &is_blocked);
    if (status == ZTA_OK && is_blocked) {
        *reason = ZTA_REASON_BLOCKED;
        (void)snprintf(text, MOD_ZTA_STANDING_TEXT_MAX, "subject blocked");
    }
    return status;
}

static enum zta_status find_revocation(struct zta_view *view, const struct mod_zta_open *open,
                                       int64_t now_s, enum zta_reason *reason, char *text)
{
    bool is_signalled;
    enum zta_status status =
        mod_zta_standing_revoked(view, open->identity, open->leeway_s, text, &is_signalled);
    if (status == ZTA_OK && is_signalled &&
        open->stance.modes[ZTA_FEATURE_SIGNALS] != ZTA_MODE_ENFORCE) {
        text[0] = '\0';
    }
    if (status == ZTA_OK && text[0] != '\0') {
        *reason = ZTA_REASON_REVOKED;
    }
    return status;
}

bool mod_zta_standing_counts(const struct mod_zta_open *open)
{
    return open->identity != NULL && open->stance.modes[ZTA_FEATURE_CREDENTIAL] == ZTA_MODE_ENFORCE;
}

enum zta_status mod_zta_standing_find(struct zta_view *view, const struct mod_zta_open *open,
                                      int64_t now_s, enum zta_reason *reason,
                                      char text[MOD_ZTA_STANDING_TEXT_MAX])
{
    const bool has_identity = mod_zta_standing_counts(open);
    const bool has_key = has_identity && open->identity->credential == ZTA_CREDENTIAL_APIKEY;
    const struct {
        bool is_asked;
        enum zta_status (*find)(struct zta_view *view, const struct mod_zta_open *open,
                                int64_t now_s, enum zta_reason *reason, char *text);
    } questions[] = {
        {.is_asked = has_identity, .find = find_revocation},
        {.is_asked = has_key, .find = find_key},
        {.is_asked = has_identity, .find = find_device},
        {.is_asked = has_identity, .find = find_subject_block},
        {.is_asked = open->is_held_to_address, .find = find_address_block},
    };
    *reason = ZTA_REASON_OK;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        if (!questions[i].is_asked) {
            continue;
        }
        enum zta_status status = questions[i].find(view, open, now_s, reason, text);
        if (status != ZTA_OK || *reason != ZTA_REASON_OK) {
            return status;
        }
    }
    return ZTA_OK;
}
