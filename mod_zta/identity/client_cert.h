/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client certificates (RFC 8705, RFC 5280) as a TLS layer or a terminator in front (RFC 9440) hands
 * them over: thumbprint, validity, and the fields that a subject can be taken from. httpd-free, no
 * I/O; whether anybody verified the certificate is for the caller to know.
 */
#ifndef MOD_ZTA_IDENTITY_CLIENT_CERT_H
#define MOD_ZTA_IDENTITY_CLIENT_CERT_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"

#define MOD_ZTA_CERT_SIZE_MAX       8192 /* of the DER; a certificate of a client has 1 to 2 KiB */
#define MOD_ZTA_CERT_THUMBPRINT_LEN 43

/* Where a subject may stand (ZTAMtlsSubject). */
enum mod_zta_cert_field {
    MOD_ZTA_CERT_DN = 0, /* the whole subject, RFC 4514 */
    MOD_ZTA_CERT_CN,
    MOD_ZTA_CERT_O,
    MOD_ZTA_CERT_OU,
    MOD_ZTA_CERT_UID,
    MOD_ZTA_CERT_EMAIL,
    MOD_ZTA_CERT_SERIAL_NUMBER, /* the attribute of the subject, not that of the certificate */
    MOD_ZTA_CERT_SAN_DNS,
    MOD_ZTA_CERT_SAN_EMAIL,
    MOD_ZTA_CERT_SAN_URI,
    MOD_ZTA_CERT_SAN_UPN, /* Microsoft's user principal name */
    MOD_ZTA_N_CERT_FIELDS,
};

/* A field that has exactly one usable value, or why it has none. */
struct mod_zta_cert_value {
    struct zta_text text; /* UTF-8 without NUL, 1 to ZTA_SUBJECT_MAX bytes; absent with a fault */
    const char *fault;    /* a literal: "is missing", "stands several times" … */
};

/* Everything of one certificate; its text points into its storage, so it is never copied. */
struct mod_zta_cert {
    struct zta_sha256 digest;                         /* of the DER */
    char thumbprint[MOD_ZTA_CERT_THUMBPRINT_LEN + 1]; /* the digest in base64url */
    int64_t not_before_s;
    int64_t not_after_s;
    struct mod_zta_cert_value fields[MOD_ZTA_N_CERT_FIELDS];
    char storage[MOD_ZTA_N_CERT_FIELDS * ZTA_SUBJECT_MAX];
};

/* CN, san:dns …, case is none. */
enum zta_status mod_zta_cert_field_parse(struct zta_text name,
                                         enum mod_zta_cert_field *field) ZTA_MUST_CHECK;
const char *mod_zta_cert_field_name(enum mod_zta_cert_field field);

/*
 * DER of one PEM block of a certificate and nothing beside it but line ends. ZTA_INVALID,
 * ZTA_TOO_LARGE when it does not fit.
 */
enum zta_status mod_zta_cert_from_pem(struct zta_text pem, uint8_t *der, size_t size,
                                      size_t *der_size) ZTA_MUST_CHECK;
/*
 * DER of a Client-Cert header: one byte sequence of RFC 8941 without parameters, in the one
 * spelling that base64 has for it.
 */
enum zta_status mod_zta_cert_from_header(struct zta_text value, uint8_t *der, size_t size,
                                         size_t *der_size) ZTA_MUST_CHECK;

/* ZTA_INVALID for anything that is not exactly one certificate. */
enum zta_status mod_zta_cert_read(const uint8_t *der, size_t size,
                                  struct mod_zta_cert *cert) ZTA_MUST_CHECK;

#endif
