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

/* The identity is known: begins to fetch what mod_zta_device_gather will look up. */
void mod_zta_device_expect(const struct mod_zta_request *request, const struct zta_stance *stance,
                           const struct mod_zta_look *look);

/*
 * Fills the device's part of request->context for this place, anew for each; without an identity or
 * a store nothing is known of it.
 */
void mod_zta_device_gather(request_rec *r, struct mod_zta_request *request,
                           const struct mod_zta_dir *dir, const struct mod_zta_look *look);

/*
 * Is a device revoked that certificate or posture name, whatever else names another? (What the
 * token names is looked up with the token.) *named_by: "its certificate", "a posture header".
 * Without a store: ZTA_BUSY where the store held revocations of devices and any of the two came.
 */
enum zta_status mod_zta_device_find_revoked(request_rec *r, struct mod_zta_request *request,
                                            const struct mod_zta_dir *dir,
                                            const struct mod_zta_look *look,
                                            const char **named_by) ZTA_MUST_CHECK;

/* Its id, where more than a repeatable statement says so; absent: unknown. */
struct zta_text mod_zta_device_of(const struct mod_zta_request *request);

#endif
