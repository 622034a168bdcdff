/* SPDX-License-Identifier: Apache-2.0 */
/* How records of risk are named, for those that say in a fleet whose risk it is. */
#ifndef ZTA_STORE_RISKS_PRIV_H
#define ZTA_STORE_RISKS_PRIV_H

#include <stdbool.h>

#include "shared/store/names_priv.h"
#include "shared/store/risks.h"

/* False when no record can have it. */
bool zta_risk_key_make(const struct zta_risk_owner *owner, struct zta_record_key *key);
/* Whose record this is; false for a key that zta_risk_key_make does not write. */
bool zta_risk_key_read(struct zta_blob key, struct zta_risk_owner *owner);

#endif
