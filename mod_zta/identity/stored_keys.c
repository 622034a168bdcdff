/* SPDX-License-Identifier: Apache-2.0 */
/* Others of our user write state/: what it says is looked at once more. */
#include "mod_zta/identity/stored_keys.h"

#include <stdlib.h>

#include "mod_zta/identity/keyring.h"
#include "shared/base/clock.h"
#include "shared/store/keysets.h"

bool mod_zta_stored_keys_read(const struct mod_zta_issuer *issuer, uint64_t source,
                              struct zta_view *view)
{
    struct zta_keyset_record record;
    void *storage = NULL;
    enum zta_status status = zta_keyset_get(view, issuer->name, &record, &storage);
    if (status != ZTA_OK) {
        return status != ZTA_NO_MEMORY;
    }
    struct mod_zta_keyset *keyset = NULL;
    bool is_done = true;
    /* The helper looked at them already and said what is wrong with them. */
    if (record.source == source && record.jwks.len > 0 &&
        mod_zta_keyset_load(record.jwks, issuer->algs, NULL, NULL, &keyset, NULL) == ZTA_OK) {
        /* Others of our user write state/: no time of theirs makes keys younger than now. */
        int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
        int64_t fetched_s = record.fetched_s < now_s ? record.fetched_s : now_s;
        is_done = mod_zta_keyring_replace(issuer->keyring, &keyset, fetched_s) == ZTA_OK;
        mod_zta_keyset_close(&keyset);
    }
    free(storage);
    return is_done;
}
