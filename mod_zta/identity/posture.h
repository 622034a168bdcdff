/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Postures: what an issuer that is trusted for it states of a device (ZTATrustedPosture), as a
 * compact JWS in a header of the request. Judged as strictly as access tokens, in two steps: what
 * the signature covers, which may be remembered, and whether it is about this very request, which
 * is asked each time. httpd-free, no I/O.
 */
#ifndef MOD_ZTA_IDENTITY_POSTURE_H
#define MOD_ZTA_IDENTITY_POSTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/identity/keyring.h"
#include "mod_zta/identity/thumbprint.h"
#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/context.h"
#include "shared/store/devices.h"

/* A statement of the moment: no longer from iat to exp. */
#define MOD_ZTA_POSTURE_LIFE_MAX_S    300
#define MOD_ZTA_POSTURE_LEEWAY_S      60 /* of its clock ahead of ours */
#define MOD_ZTA_POSTURE_AUDIENCES_MAX 512
#define MOD_ZTA_POSTURE_TYPE          "posture+jwt"

/* What a signature covers. No pointers: copied as it is. Texts end with NUL; "" is absent. */
struct mod_zta_posture {
    int64_t issued_s;
    int64_t not_before_s; /* 0: not said */
    int64_t expires_s;
    struct zta_answers traits; /* of ZTA_DEVICE_STATED */
    char subject[ZTA_SUBJECT_MAX + 1];
    char device[ZTA_DEVICE_ID_MAX + 1];
    char os[ZTA_DEVICE_OS_MAX + 1];
    char os_version[ZTA_DEVICE_OS_VERSION_MAX + 1];
    char jkt[MOD_ZTA_THUMBPRINT_LEN + 1];              /* cnf.jkt */
    char x5t_s256[MOD_ZTA_THUMBPRINT_LEN + 1];         /* cnf.x5t#S256 */
    char ath[MOD_ZTA_THUMBPRINT_LEN + 1];              /* of an access token (RFC 9449) */
    char audiences[MOD_ZTA_POSTURE_AUDIENCES_MAX + 1]; /* one behind the other, then "" */
};

struct mod_zta_posture_fault {
    char text[160]; /* for the operator, safe text; never the posture */
};

/*
 * Shape, type, issuer (exactly url), algorithm, signature and the form of all claims. Else a fault
 * and ZTA_FORBIDDEN; ZTA_NOT_FOUND: newer keys could have the one it names; ZTA_IO: nothing could
 * be checked.
 */
enum zta_status mod_zta_posture_verify(struct zta_text header, struct zta_text url, unsigned algs,
                                       const struct mod_zta_keyset *keys,
                                       struct mod_zta_posture *posture,
                                       struct mod_zta_posture_fault *fault) ZTA_MUST_CHECK;

/* The request that it came with. Absent: there is none. */
struct mod_zta_posture_request {
    int64_t now_s;
    struct zta_text subject;
    struct zta_text token;    /* the credential as sent */
    struct zta_text jkt;      /* of the key that was proven by DPoP */
    struct zta_text x5t_s256; /* of the certificate of this connection */
    const struct zta_text *audiences;
    size_t n_audiences;
};

/*
 * ZTA_OK: it holds now, here and for this subject; *is_bound: it names this request's key or token.
 * ZTA_FORBIDDEN with a fault, also when it names another key or token, or binds by means that are
 * not understood.
 */
enum zta_status mod_zta_posture_check(const struct mod_zta_posture *posture,
                                      const struct mod_zta_posture_request *request, bool *is_bound,
                                      struct mod_zta_posture_fault *fault) ZTA_MUST_CHECK;

#endif
