/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt to get an issuer's keys: discovery where it is asked for, then its JWKS, looked at
 * before it counts. Blocks for seconds at most.
 */
#ifndef MOD_ZTA_HELPER_FETCH_H
#define MOD_ZTA_HELPER_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/identity/discovery.h"
#include "mod_zta/identity/http.h"
#include "shared/base/bytes.h"

#define MOD_ZTA_FETCH_MS       INT64_C(12000) /* all of an attempt */
#define MOD_ZTA_LIFETIME_MIN_S 60
#define MOD_ZTA_LIFETIME_MAX_S 86400
#define MOD_ZTA_LIFETIME_S     3600 /* where the issuer does not say */

/* An issuer as configured; borrowed for as long as anything here runs. */
struct mod_zta_fetch_issuer {
    struct zta_text name;
    struct zta_text url;
    struct zta_text keys; /* ZTAKeys as written */
    uint64_t source;      /* hash of the three: a zta_keyset_record's source, a live issuer's id */
    unsigned algs;        /* set of enum mod_zta_alg */
    int64_t stale_s;      /* ZTAKeysStale */
    bool is_fetched;      /* discover or https; else the file's text is */
    bool is_no_issuer;    /* of ZTATrustedPosture, <ZTATransmitter>: it issues no access tokens */
    bool is_transmitter;  /* its metadata are those of SSF 1.0 */
    struct zta_text jwks; /* of a file, as read */
};

/* What is known from the last attempt that went well; begins as zeros. */
struct mod_zta_fetch_known {
    char jwks_uri[MOD_ZTA_URL_MAX + 1];
    char etag[MOD_ZTA_HTTP_ETAG_MAX];
};

struct mod_zta_fetch_options {
    const char *ca_file; /* NULL: the system's */
    bool (*is_cancelled)(void *context);
    void *context;
};

struct mod_zta_fetched {
    bool is_good;      /* keys came, or are the same as before */
    bool is_unchanged; /* the same as before: jwks is NULL */
    char *jwks;        /* the caller's to free() */
    size_t jwks_len;
    struct mod_zta_fetch_known known;                 /* what to know at the next attempt */
    char introspection_endpoint[MOD_ZTA_URL_MAX + 1]; /* "": none, or not discovered */
    int64_t attempted_s;
    int64_t lifetime_s; /* until the next attempt */
    bool has_skew;
    int32_t skew_s;      /* the issuer's clock less ours */
    char error[256];     /* why it is not good; safe text */
    char warnings[1024]; /* keys that are left out, a line each; safe text */
};

void mod_zta_fetch(const struct mod_zta_fetch_issuer *issuer,
                   const struct mod_zta_fetch_known *known,
                   const struct mod_zta_fetch_options *options, struct mod_zta_fetched *fetched);

#endif
