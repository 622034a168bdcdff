/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A field counts when it has exactly one value that every reader reads alike; which of several a
 * certificate means is nobody's guess.
 */
#include "mod_zta/identity/client_cert.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "shared/base/base64.h"

static const struct zta_text pem_begin = ZTA_TEXT("-----BEGIN CERTIFICATE-----");
static const struct zta_text pem_end = ZTA_TEXT("-----END CERTIFICATE-----");

enum {
    BASE64_MAX = (MOD_ZTA_CERT_SIZE_MAX + 2) / 3 * 4
};

static const char no_such_value[] = "is missing";
static const char several_values[] = "stands several times";
static const char bad_value[] = "is empty, too long or no clean text";
static const char bad_names[] = "cannot be read";

/* Where each field stands: an attribute of the subject, or a kind of alternative name. */
static const struct {
    const char *name;
    int attribute;   /* NID, else NID_undef */
    int alternative; /* GEN_…, else -1 */
} fields[MOD_ZTA_N_CERT_FIELDS] = {
    [MOD_ZTA_CERT_DN] = {.name = "DN", .attribute = NID_undef, .alternative = -1},
    [MOD_ZTA_CERT_CN] = {.name = "CN", .attribute = NID_commonName, .alternative = -1},
    [MOD_ZTA_CERT_O] = {.name = "O", .attribute = NID_organizationName, .alternative = -1},
    [MOD_ZTA_CERT_OU] = {.name = "OU", .attribute = NID_organizationalUnitName, .alternative = -1},
    [MOD_ZTA_CERT_UID] = {.name = "UID", .attribute = NID_userId, .alternative = -1},
    [MOD_ZTA_CERT_EMAIL] = {.name = "emailAddress",
                            .attribute = NID_pkcs9_emailAddress,
                            .alternative = -1},
    [MOD_ZTA_CERT_SERIAL_NUMBER] = {.name = "serialNumber",
                                    .attribute = NID_serialNumber,
                                    .alternative = -1},
    [MOD_ZTA_CERT_SAN_DNS] = {.name = "san:dns", .attribute = NID_undef, .alternative = GEN_DNS},
    [MOD_ZTA_CERT_SAN_EMAIL] = {.name = "san:email",
                                .attribute = NID_undef,
                                .alternative = GEN_EMAIL},
    [MOD_ZTA_CERT_SAN_URI] = {.name = "san:uri", .attribute = NID_undef, .alternative = GEN_URI},
    [MOD_ZTA_CERT_SAN_UPN] = {.name = "san:upn",
                              .attribute = NID_undef,
                              .alternative = GEN_OTHERNAME},
};

enum zta_status mod_zta_cert_field_parse(struct zta_text name, enum mod_zta_cert_field *field)
{
    for (size_t i = 0; i < MOD_ZTA_N_CERT_FIELDS; i++) {
        if (zta_text_equal_nocase(name, zta_text_of(fields[i].name))) {
            *field = (enum mod_zta_cert_field)i;
            return ZTA_OK;
        }
    }
    return ZTA_INVALID;
}

const char *mod_zta_cert_field_name(enum mod_zta_cert_field field)
{
    return field < MOD_ZTA_N_CERT_FIELDS ? fields[field].name : "unknown";
}

/* ---- from text to DER ---- */

/* Base64 with its padding (RFC 4648 section 4), held to one spelling by the base64url decoder. */
static enum zta_status decode(char *text, size_t len, uint8_t *der, size_t size, size_t *der_size)
{
    size_t n_pads = 0;
    if (len == 0 || len % 4 != 0) {
        return ZTA_INVALID;
    }
    while (n_pads < 2 && text[len - 1 - n_pads] == '=') {
        n_pads++;
    }
    len -= n_pads;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '-' || text[i] == '_') {
            return ZTA_INVALID;
        }
        text[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    }
    return zta_base64url_decode((struct zta_text){.data = text, .len = len}, der, size, der_size);
}

enum zta_status mod_zta_cert_from_pem(struct zta_text pem, uint8_t *der, size_t size,
                                      size_t *der_size)
{
    char base64[BASE64_MAX];
    size_t len = 0;
    while (pem.len > 0 && (pem.data[pem.len - 1] == '\n' || pem.data[pem.len - 1] == '\r')) {
        pem.len--;
    }
    if (!zta_text_starts_with(pem, pem_begin) || pem.len < pem_begin.len + pem_end.len ||
        memcmp(pem.data + pem.len - pem_end.len, pem_end.data, pem_end.len) != 0) {
        return ZTA_INVALID;
    }
    for (size_t i = pem_begin.len; i < pem.len - pem_end.len; i++) {
        if (pem.data[i] == '\n' || pem.data[i] == '\r') {
            continue;
        }
        if (len == sizeof(base64)) {
            return ZTA_TOO_LARGE;
        }
        base64[len++] = pem.data[i];
    }
    return decode(base64, len, der, size, der_size);
}

enum zta_status mod_zta_cert_from_header(struct zta_text value, uint8_t *der, size_t size,
                                         size_t *der_size)
{
    char base64[BASE64_MAX];
    if (value.len < 2 || value.data[0] != ':' || value.data[value.len - 1] != ':') {
        return ZTA_INVALID;
    }
    if (value.len - 2 > sizeof(base64)) {
        return ZTA_TOO_LARGE;
    }
    memcpy(base64, value.data + 1, value.len - 2);
    return decode(base64, value.len - 2, der, size, der_size);
}

/* ---- from DER to facts ---- */

/* The certificate under reading, and how much of its storage is used. */
struct reading {
    struct mod_zta_cert *cert;
    size_t used;
};

static void set_fault(struct reading *reading, enum mod_zta_cert_field field, const char *fault)
{
    reading->cert->fields[field] = (struct mod_zta_cert_value){.fault = fault};
}

/* A second value is a fault; the first had its place. */
static void set_value(struct reading *reading, enum mod_zta_cert_field field, struct zta_text text)
{
    struct mod_zta_cert_value *value = &reading->cert->fields[field];
    if (value->fault != no_such_value) {
        set_fault(reading, field, several_values);
        return;
    }
    if (zta_text_is_absent(text) || text.len == 0 || text.len > ZTA_SUBJECT_MAX ||
        !zta_text_is_utf8(text)) {
        set_fault(reading, field, bad_value);
        return;
    }
    char *to = reading->cert->storage + reading->used;
    memcpy(to, text.data, text.len);
    reading->used += text.len;
    *value = (struct mod_zta_cert_value){.text = {.data = to, .len = text.len}};
}

static bool is_ascii(const ASN1_STRING *string)
{
    const unsigned char *data = ASN1_STRING_get0_data(string);
    for (int i = 0; i < ASN1_STRING_length(string); i++) {
        if (data[i] > 0x7f) {
            return false;
        }
    }
    return true;
}

/* String types whose characters nobody can argue about; TeletexString and its like are not. */
static bool is_clear(const ASN1_STRING *string)
{
    switch (ASN1_STRING_type(string)) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UNIVERSALSTRING:
        return true;
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_NUMERICSTRING:
        return is_ascii(string);
    default:
        return false;
    }
}

static void set_string(struct reading *reading, enum mod_zta_cert_field field,
                       const ASN1_STRING *string)
{
    unsigned char *utf8 = NULL;
    int len = string != NULL && is_clear(string) ? ASN1_STRING_to_UTF8(&utf8, string) : -1;
    struct zta_text text = {.data = NULL};
    if (len >= 0) {
        text = (struct zta_text){.data = (const char *)utf8, .len = (size_t)len};
    }
    set_value(reading, field, text);
    OPENSSL_free(utf8);
}

static void read_attribute(struct reading *reading, enum mod_zta_cert_field field,
                           const X509_NAME *subject)
{
    int at = -1;
    while ((at = X509_NAME_get_index_by_NID(subject, fields[field].attribute, at)) >= 0) {
        set_string(reading, field, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    }
}

static bool is_clean(const ASN1_STRING *string)
{
    unsigned char *utf8 = NULL;
    int len = is_clear(string) ? ASN1_STRING_to_UTF8(&utf8, string) : -1;
    bool is_text = len >= 0 && zta_text_is_utf8((struct zta_text){.data = (const char *)utf8,
                                                                  .len = (size_t)len});
    OPENSSL_free(utf8);
    return is_text;
}

/* RFC 4514 without escapes for what is not ASCII: UTF-8 stays UTF-8. */
static void read_dn(struct reading *reading, const X509_NAME *subject)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *data = NULL;
    for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
        if (!is_clean(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)))) {
            set_fault(reading, MOD_ZTA_CERT_DN, bad_value);
        }
    }
    if (X509_NAME_entry_count(subject) > 0 && out != NULL &&
        reading->cert->fields[MOD_ZTA_CERT_DN].fault == no_such_value &&
        X509_NAME_print_ex(out, subject, 0,
                           XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
        long len = BIO_get_mem_data(out, &data);
        set_value(reading, MOD_ZTA_CERT_DN,
                  (struct zta_text){.data = data, .len = len > 0 ? (size_t)len : 0});
    }
    BIO_free(out);
}

static void read_alternative(struct reading *reading, const GENERAL_NAME *name)
{
    for (size_t i = 0; i < MOD_ZTA_N_CERT_FIELDS; i++) {
        enum mod_zta_cert_field field = (enum mod_zta_cert_field)i;
        if (fields[i].alternative != name->type) {
            continue;
        }
        if (field != MOD_ZTA_CERT_SAN_UPN) {
            set_string(reading, field, name->d.ia5);
        }
        else if (OBJ_obj2nid(name->d.otherName->type_id) == NID_ms_upn) {
            const ASN1_TYPE *value = name->d.otherName->value;
            set_string(reading, field,
                       value->type == V_ASN1_UTF8STRING ? value->value.utf8string : NULL);
        }
    }
}

static void read_alternatives(struct reading *reading, const X509 *x509)
{
    int state = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, &state, NULL);
    /* -1: there is none; anything else without names: it stands twice, or is malformed. */
    if (names == NULL && state != -1) {
        for (size_t i = MOD_ZTA_CERT_SAN_DNS; i <= MOD_ZTA_CERT_SAN_UPN; i++) {
            set_fault(reading, (enum mod_zta_cert_field)i, bad_names);
        }
    }
    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
        read_alternative(reading, sk_GENERAL_NAME_value(names, i));
    }
    GENERAL_NAMES_free(names);
}

static bool read_time(const ASN1_TIME *time, int64_t *time_s)
{
    struct tm tm;
    if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1) {
        return false;
    }
    *time_s = (int64_t)timegm(&tm);
    return true;
}

static void read_fields(const X509 *x509, struct mod_zta_cert *cert)
{
    struct reading reading = {.cert = cert};
    for (size_t i = 0; i < MOD_ZTA_N_CERT_FIELDS; i++) {
        set_fault(&reading, (enum mod_zta_cert_field)i, no_such_value);
    }
    read_dn(&reading, X509_get_subject_name(x509));
    for (size_t i = 0; i < MOD_ZTA_N_CERT_FIELDS; i++) {
        if (fields[i].attribute != NID_undef) {
            read_attribute(&reading, (enum mod_zta_cert_field)i, X509_get_subject_name(x509));
        }
    }
    read_alternatives(&reading, x509);
}

enum zta_status mod_zta_cert_read(const uint8_t *der, size_t size, struct mod_zta_cert *cert)
{
    const uint8_t *end = der;
    if (size == 0 || size > MOD_ZTA_CERT_SIZE_MAX) {
        return ZTA_INVALID;
    }
    /* What is left in the thread's queue of errors would be taken for an error of a TLS session. */
    ERR_set_mark();
    X509 *x509 = d2i_X509(NULL, &end, (long)size);
    bool is_good = x509 != NULL && end == der + size &&
                   read_time(X509_get0_notBefore(x509), &cert->not_before_s) &&
                   read_time(X509_get0_notAfter(x509), &cert->not_after_s);
    if (is_good) {
        zta_sha256(der, size, &cert->digest);
        zta_base64url_encode(cert->digest.bytes, sizeof(cert->digest.bytes), cert->thumbprint);
        read_fields(x509, cert);
    }
    X509_free(x509);
    ERR_pop_to_mark();
    return is_good ? ZTA_OK : ZTA_INVALID;
}
