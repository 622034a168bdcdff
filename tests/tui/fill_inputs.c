/* SPDX-License-Identifier: Apache-2.0 */
/* Two of three people may read payments. */
#include "tests/tui/fill_inputs.h"

#include <string.h>

#include "shared/decision.h"
#include "shared/inputs.h"
#include "shared/stance.h"
#include "shared/store/inputs.h"

static enum zta_status encode(const char *subject, bool has_scope, void *data, size_t size,
                              size_t *n)
{
    static struct zta_identity identity; /* too large for a stack */
    enum zta_status status = ZTA_OK;
    zta_identity_init(&identity);
    identity.credential = ZTA_CREDENTIAL_TOKEN;
    identity.session_kind = ZTA_SESSION_SID;
    identity.issuer = ZTA_TEXT("corp");
    identity.subject = zta_text_of(subject);
    if (has_scope) {
        status = zta_identity_add_value(&identity, &identity.scopes, ZTA_TEXT("payments.read"));
    }
    return status == ZTA_OK ? zta_inputs_encode(&identity, NULL, 0, data, size, n) : status;
}

void fill_inputs_of(struct zta_event *event, const char *const *people, size_t who, unsigned stage)
{
    static const int8_t overrides[ZTA_N_FEATURES] = {[0 ... ZTA_N_FEATURES - 1] = -1};
    uint8_t data[ZTA_INPUTS_SIZE_MAX];
    size_t n = 0;
    struct zta_stance stance;
    if (zta_stance_make(stage, 2, overrides, &stance) == ZTA_OK) {
        event->stage = (uint8_t)stage;
        event->monitor = 2;
        event->modes = zta_event_pack_modes(&stance);
    }
    event->replay = ZTA_REPLAY_RECORDED;
    if (who != SIZE_MAX && encode(people[who], who % 3 != 2, data, sizeof data, &n) == ZTA_OK) {
        event->replay |= ZTA_REPLAY_IDENTITY;
        event->replay |= event->reason == ZTA_REASON_RATE_LIMITED ? 0 : ZTA_REPLAY_REACHED_RULES;
        zta_inputs_name(data, n, event->inputs);
    }
}

enum zta_status fill_inputs(struct zta_change *change, const char *const *people, size_t n,
                            int64_t now_s)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        uint8_t data[ZTA_INPUTS_SIZE_MAX];
        uint8_t name[ZTA_INPUTS_NAME_SIZE];
        size_t size = 0;
        status = encode(people[i], i % 3 != 2, data, sizeof data, &size);
        if (status == ZTA_OK) {
            zta_inputs_name(data, size, name);
            status = zta_inputs_put(change, name, data, size, now_s);
        }
    }
    return status;
}
