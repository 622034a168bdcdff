/* SPDX-License-Identifier: Apache-2.0 */
/* One record among what state/ says of itself. */
#include "shared/store/logged.h"

#include "shared/base/bytes.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

static const struct zta_blob logged_key = {.data = ZTA_LOGGED_KEY,
                                           .size = sizeof(ZTA_LOGGED_KEY) - 1};

enum zta_status zta_logged_get(struct zta_view *view, struct zta_logged_places *places)
{
    struct zta_blob value;
    const enum zta_status status = zta_view_get(view, ZTA_TABLE_STATE_META, logged_key, &value);
    if (status != ZTA_OK) {
        return status;
    }
    if (value.size != ZTA_LOGGED_SIZE) {
        return ZTA_CORRUPT;
    }
    *places = (struct zta_logged_places){
        .actions = zta_get_u64(value.data),
        .responses = zta_get_u64((const uint8_t *)value.data + sizeof(uint64_t)),
    };
    return ZTA_OK;
}

enum zta_status zta_logged_put(struct zta_change *change, const struct zta_logged_places *places)
{
    uint8_t value[ZTA_LOGGED_SIZE];
    zta_put_u64(value, places->actions);
    zta_put_u64(value + sizeof(uint64_t), places->responses);
    return zta_change_put(change, ZTA_TABLE_STATE_META, logged_key, ZTA_BLOB(value, sizeof value));
}
