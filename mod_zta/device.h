/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device of a request: by its client certificate, its token's claim or a signed posture header,
 * and what the inventory says of it.
 */
#ifndef MOD_ZTA_DEVICE_H
#define MOD_ZTA_DEVICE_H

#include <httpd.h>

#include <stdbool.h>

#include "mod_zta/child.h"
#include "mod_zta/request.h"

/* In a child, before threads start: verified postures are kept from then on. */
void mod_zta_device_child_begin(apr_pool_t *pchild);

/*
 * Fills the device's part of request->context for this place, anew for each; without an identity or
 * a store nothing is known of it.
 */
void mod_zta_device_gather(request_rec *r, struct mod_zta_request *request,
                           const struct mod_zta_dir *dir, const struct mod_zta_look *look);

/* Its id, where more than a repeatable statement says so; absent: unknown. */
struct zta_text mod_zta_device_of(const struct mod_zta_request *request);

#endif
