/* SPDX-License-Identifier: Apache-2.0 */
/* Client certificates: what they are read from, and which field gives exactly one subject. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "mod_zta/identity/client_cert.h"
#include "shared/base/base64.h"

#define TYPE_UTF8   V_ASN1_UTF8STRING
#define ENTRIES_MAX 4

struct entry {
    int nid;  /* of the subject; 0: an alternative name */
    int type; /* of the string; GEN_… for alternative names */
    struct zta_text value;
};

static EVP_PKEY *key;

static int make_key(void **state)
{
    key = EVP_EC_gen("P-256");
    return key == NULL ? -1 : 0;
}

static int free_key(void **state)
{
    EVP_PKEY_free(key);
    return 0;
}

static ASN1_STRING *string_of(int type, struct zta_text value)
{
    ASN1_STRING *string = ASN1_STRING_type_new(type);
    assert_non_null(string);
    assert_int_equal(ASN1_STRING_set(string, value.data, (int)value.len), 1);
    return string;
}

static void add_subject(X509_NAME *subject, const struct entry *entry)
{
    assert_int_equal(X509_NAME_add_entry_by_NID(subject, entry->nid, entry->type,
                                                (const unsigned char *)entry->value.data,
                                                (int)entry->value.len, -1, 0),
                     1);
}

static void add_alternative(GENERAL_NAMES *names, const struct entry *entry)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    assert_non_null(name);
    if (entry->type == GEN_OTHERNAME) {
        ASN1_TYPE *value = ASN1_TYPE_new();
        ASN1_TYPE_set(value, V_ASN1_UTF8STRING, string_of(V_ASN1_UTF8STRING, entry->value));
        assert_int_equal(GENERAL_NAME_set0_othername(name, OBJ_nid2obj(NID_ms_upn), value), 1);
    }
    else {
        GENERAL_NAME_set0_value(name, entry->type, string_of(V_ASN1_IA5STRING, entry->value));
    }
    assert_true(sk_GENERAL_NAME_push(names, name) > 0);
}

/* A self-signed certificate with these entries, valid from 1000 to 2000 seconds of 2026. */
static X509 *make_certificate(const struct entry *entries, size_t n)
{
    X509 *x509 = X509_new();
    X509_NAME *subject = X509_NAME_new();
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    for (size_t i = 0; i < n && entries[i].value.data != NULL; i++) {
        if (entries[i].nid != 0) {
            add_subject(subject, &entries[i]);
        }
        else {
            add_alternative(names, &entries[i]);
        }
    }
    assert_int_equal(X509_set_subject_name(x509, subject), 1);
    assert_int_equal(X509_set_issuer_name(x509, subject), 1);
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(x509), "20260101001640Z"), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(x509), "20260101003320Z"), 1);
    if (sk_GENERAL_NAME_num(names) > 0) {
        assert_int_equal(X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0), 1);
    }
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    GENERAL_NAMES_free(names);
    X509_NAME_free(subject);
    return x509;
}

static size_t der_of(X509 *x509, uint8_t *der)
{
    uint8_t *end = der;
    int size = i2d_X509(x509, NULL);
    assert_in_range(size, 1, MOD_ZTA_CERT_SIZE_MAX);
    assert_int_equal(i2d_X509(x509, &end), size);
    return (size_t)size;
}

static size_t make_der(const struct entry *entries, size_t n, uint8_t *der)
{
    X509 *x509 = make_certificate(entries, n);
    size_t size = der_of(x509, der);
    X509_free(x509);
    return size;
}

static const struct entry plain[] = {{NID_commonName, TYPE_UTF8, ZTA_TEXT("client-a")}};

/* ---- fields ---- */

#define LONG_255                                                                                   \
    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiii"   \
    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiii"   \
    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhh"

static const struct {
    const char *name;
    enum mod_zta_cert_field field;
    struct entry entries[ENTRIES_MAX];
    const char *value; /* NULL: refused */
    const char *fault;
} cases[] = {
    {"CN", MOD_ZTA_CERT_CN, {{NID_commonName, TYPE_UTF8, ZTA_TEXT("client-a")}}, "client-a", NULL},
    {"DN",
     MOD_ZTA_CERT_DN,
     {{NID_organizationName, TYPE_UTF8, ZTA_TEXT("Test, Inc")},
      {NID_commonName, TYPE_UTF8, ZTA_TEXT("Cem \xc3\x96zdemir")}},
     "CN=Cem \xc3\x96zdemir,O=Test\\, Inc",
     NULL},
    {"no DN", MOD_ZTA_CERT_DN, {{0}}, NULL, "is missing"},
    {"UTF-8",
     MOD_ZTA_CERT_CN,
     {{NID_commonName, TYPE_UTF8, ZTA_TEXT("\xc3\x96")}},
     "\xc3\x96",
     NULL},
    {"BMPString",
     MOD_ZTA_CERT_CN,
     {{NID_commonName, V_ASN1_BMPSTRING, ZTA_TEXT("\0a\0\xd6")}},
     "a\xc3\x96",
     NULL},
    {"no CN",
     MOD_ZTA_CERT_CN,
     {{NID_organizationName, TYPE_UTF8, ZTA_TEXT("x")}},
     NULL,
     "is missing"},
    {"two CN",
     MOD_ZTA_CERT_CN,
     {{NID_commonName, TYPE_UTF8, ZTA_TEXT("a")}, {NID_commonName, TYPE_UTF8, ZTA_TEXT("b")}},
     NULL,
     "stands several times"},
    {"the same CN twice",
     MOD_ZTA_CERT_CN,
     {{NID_commonName, TYPE_UTF8, ZTA_TEXT("a")}, {NID_commonName, TYPE_UTF8, ZTA_TEXT("a")}},
     NULL,
     "stands several times"},
    {"a bad and a good CN",
     MOD_ZTA_CERT_CN,
     {{NID_commonName, V_ASN1_T61STRING, ZTA_TEXT("a")},
      {NID_commonName, TYPE_UTF8, ZTA_TEXT("b")}},
     NULL,
     "stands several times"},
    {"NUL inside",
     MOD_ZTA_CERT_CN,
     {{NID_commonName, TYPE_UTF8, ZTA_TEXT("admin\0x")}},
     NULL,
     NULL},
    {"NUL of a BMPString",
     MOD_ZTA_CERT_CN,
     {{NID_commonName, V_ASN1_BMPSTRING, ZTA_TEXT("\0a\0\0")}},
     NULL,
     NULL},
    {"empty", MOD_ZTA_CERT_CN, {{NID_commonName, TYPE_UTF8, ZTA_TEXT("")}}, NULL, NULL},
    {"255 bytes",
     MOD_ZTA_CERT_O,
     {{NID_organizationName, TYPE_UTF8, ZTA_TEXT(LONG_255)}},
     LONG_255,
     NULL},
    {"256 bytes",
     MOD_ZTA_CERT_O,
     {{NID_organizationName, TYPE_UTF8, ZTA_TEXT(LONG_255 "z")}},
     NULL,
     NULL},
    {"teletex", MOD_ZTA_CERT_CN, {{NID_commonName, V_ASN1_T61STRING, ZTA_TEXT("a")}}, NULL, NULL},
    {"printable with a high byte",
     MOD_ZTA_CERT_CN,
     {{NID_commonName, V_ASN1_PRINTABLESTRING, ZTA_TEXT("a\xd6")}},
     NULL,
     NULL},
    {"OU",
     MOD_ZTA_CERT_OU,
     {{NID_organizationalUnitName, TYPE_UTF8, ZTA_TEXT("ops")}},
     "ops",
     NULL},
    {"UID", MOD_ZTA_CERT_UID, {{NID_userId, TYPE_UTF8, ZTA_TEXT("u1")}}, "u1", NULL},
    {"email",
     MOD_ZTA_CERT_EMAIL,
     {{NID_pkcs9_emailAddress, V_ASN1_IA5STRING, ZTA_TEXT("a@b.test")}},
     "a@b.test",
     NULL},
    {"serial number",
     MOD_ZTA_CERT_SERIAL_NUMBER,
     {{NID_serialNumber, V_ASN1_PRINTABLESTRING, ZTA_TEXT("4711")}},
     "4711",
     NULL},
    {"dns", MOD_ZTA_CERT_SAN_DNS, {{0, GEN_DNS, ZTA_TEXT("svc.test")}}, "svc.test", NULL},
    {"two dns",
     MOD_ZTA_CERT_SAN_DNS,
     {{0, GEN_DNS, ZTA_TEXT("svc.test")}, {0, GEN_DNS, ZTA_TEXT("other.test")}},
     NULL,
     "stands several times"},
    {"dns beside email",
     MOD_ZTA_CERT_SAN_DNS,
     {{0, GEN_DNS, ZTA_TEXT("svc.test")}, {0, GEN_EMAIL, ZTA_TEXT("a@b.test")}},
     "svc.test",
     NULL},
    {"dns with NUL",
     MOD_ZTA_CERT_SAN_DNS,
     {{0, GEN_DNS, ZTA_TEXT("good.test\0.evil.test")}},
     NULL,
     NULL},
    {"dns with a high byte",
     MOD_ZTA_CERT_SAN_DNS,
     {{0, GEN_DNS, ZTA_TEXT("g\xf6.test")}},
     NULL,
     NULL},
    {"email name",
     MOD_ZTA_CERT_SAN_EMAIL,
     {{0, GEN_EMAIL, ZTA_TEXT("a@b.test")}},
     "a@b.test",
     NULL},
    {"the subject's email is not the alternative one",
     MOD_ZTA_CERT_SAN_EMAIL,
     {{NID_pkcs9_emailAddress, V_ASN1_IA5STRING, ZTA_TEXT("a@b.test")}},
     NULL,
     "is missing"},
    {"uri",
     MOD_ZTA_CERT_SAN_URI,
     {{0, GEN_URI, ZTA_TEXT("spiffe://t/ns/a")}},
     "spiffe://t/ns/a",
     NULL},
    {"upn",
     MOD_ZTA_CERT_SAN_UPN,
     {{0, GEN_OTHERNAME, ZTA_TEXT("a@corp.test")}},
     "a@corp.test",
     NULL},
    {"two upn",
     MOD_ZTA_CERT_SAN_UPN,
     {{0, GEN_OTHERNAME, ZTA_TEXT("a@corp.test")}, {0, GEN_OTHERNAME, ZTA_TEXT("b@corp.test")}},
     NULL,
     "stands several times"},
    {"no name at all", MOD_ZTA_CERT_SAN_URI, {{0}}, NULL, "is missing"},
};

static void a_field_counts_when_it_has_exactly_one_clean_value(void **state)
{
    uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    static struct mod_zta_cert cert;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size = make_der(cases[i].entries, ENTRIES_MAX, der);
        assert_int_equal(mod_zta_cert_read(der, size, &cert), ZTA_OK);
        const struct mod_zta_cert_value *value = &cert.fields[cases[i].field];
        if (cases[i].value == NULL) {
            assert_true(zta_text_is_absent(value->text));
            assert_non_null(value->fault);
            if (cases[i].fault != NULL) {
                assert_string_equal(value->fault, cases[i].fault);
            }
            continue;
        }
        if (!zta_text_equal(value->text, zta_text_of(cases[i].value))) {
            fail_msg("%s: '%.*s' (%s)", cases[i].name, (int)value->text.len, value->text.data,
                     value->fault != NULL ? value->fault : "no fault");
        }
    }
}

/* OpenSSL makes no such certificate: the bytes are exchanged in the finished one. */
static void a_name_that_is_not_utf8_gives_no_subject(void **state)
{
    static const char *const values[] = {"a\xff", "\xc0\xae", "\xed\xa0", "a\0"};
    const struct entry marked[] = {{NID_commonName, TYPE_UTF8, ZTA_TEXT("Q~")}};
    uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    static struct mod_zta_cert cert;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        size_t size = make_der(marked, 1, der);
        for (char *at; (at = memmem(der, size, "Q~", 2)) != NULL;) {
            memcpy(at, values[i], 2);
        }
        if (mod_zta_cert_read(der, size, &cert) == ZTA_OK) {
            assert_true(zta_text_is_absent(cert.fields[MOD_ZTA_CERT_CN].text));
            assert_true(zta_text_is_absent(cert.fields[MOD_ZTA_CERT_DN].text));
        }
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void names_that_stand_in_two_extensions_are_not_read(void **state)
{
    uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    static struct mod_zta_cert cert;
    const struct entry one[] = {{0, GEN_DNS, ZTA_TEXT("svc.test")}};
    X509 *x509 = make_certificate(one, 1);
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    add_alternative(names, &(struct entry){0, GEN_DNS, ZTA_TEXT("admin.test")});
    assert_int_equal(X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND), 1);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    size_t size = der_of(x509, der);
    assert_int_equal(mod_zta_cert_read(der, size, &cert), ZTA_OK);
    assert_true(zta_text_is_absent(cert.fields[MOD_ZTA_CERT_SAN_DNS].text));
    assert_string_equal(cert.fields[MOD_ZTA_CERT_SAN_DNS].fault, "cannot be read");
    GENERAL_NAMES_free(names);
    X509_free(x509);
}

static void a_field_has_one_name_in_any_case(void **state)
{
    enum mod_zta_cert_field field;
    for (size_t i = 0; i < MOD_ZTA_N_CERT_FIELDS; i++) {
        const char *name = mod_zta_cert_field_name((enum mod_zta_cert_field)i);
        assert_int_equal(mod_zta_cert_field_parse(zta_text_of(name), &field), ZTA_OK);
        assert_int_equal(field, i);
    }
    assert_int_equal(mod_zta_cert_field_parse(ZTA_TEXT("SAN:Dns"), &field), ZTA_OK);
    assert_int_equal(field, MOD_ZTA_CERT_SAN_DNS);
    assert_int_equal(mod_zta_cert_field_parse(ZTA_TEXT("san"), &field), ZTA_INVALID);
    assert_int_equal(mod_zta_cert_field_parse(ZTA_TEXT(""), &field), ZTA_INVALID);
}

/* ---- the certificate as a whole ---- */

static void the_thumbprint_is_that_of_the_der(void **state)
{
    uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    static struct mod_zta_cert cert;
    unsigned char digest[EVP_MAX_MD_SIZE];
    char expected[ZTA_BASE64URL_LEN(ZTA_SHA256_SIZE) + 1];
    unsigned digest_size = 0;
    X509 *x509 = make_certificate(plain, 1);
    size_t size = der_of(x509, der);
    assert_int_equal(X509_digest(x509, EVP_sha256(), digest, &digest_size), 1);
    zta_base64url_encode(digest, digest_size, expected);
    assert_int_equal(mod_zta_cert_read(der, size, &cert), ZTA_OK);
    assert_string_equal(cert.thumbprint, expected);
    assert_int_equal(strlen(cert.thumbprint), MOD_ZTA_CERT_THUMBPRINT_LEN);
    assert_int_equal(cert.not_before_s, INT64_C(1767226600));
    assert_int_equal(cert.not_after_s, INT64_C(1767227600));
    X509_free(x509);
}

static void what_is_not_exactly_one_certificate_is_refused(void **state)
{
    uint8_t der[MOD_ZTA_CERT_SIZE_MAX + 1] = {0};
    static struct mod_zta_cert cert;
    size_t size = make_der(plain, 1, der);
    assert_int_equal(mod_zta_cert_read(der, 0, &cert), ZTA_INVALID);
    assert_int_equal(mod_zta_cert_read(der, sizeof(der), &cert), ZTA_INVALID);
    assert_int_equal(mod_zta_cert_read(der, size + 1, &cert), ZTA_INVALID);
    for (size_t cut = 1; cut < size; cut++) {
        assert_int_equal(mod_zta_cert_read(der, cut, &cert), ZTA_INVALID);
    }
    assert_int_equal(mod_zta_cert_read((const uint8_t *)"\x30\x00", 2, &cert), ZTA_INVALID);
    /* An error left behind would be taken for one of the connection's TLS session. */
    assert_int_equal(ERR_peek_error(), 0);
}

/* ---- text forms ---- */

/* Standard base64 with padding, behind `from` bytes of out; its length. */
static size_t print_base64(const uint8_t *der, size_t size, char *out)
{
    return (size_t)EVP_EncodeBlock((unsigned char *)out, der, (int)size);
}

static void a_pem_block_gives_its_der(void **state)
{
    uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    uint8_t read[MOD_ZTA_CERT_SIZE_MAX];
    size_t read_size;
    char *pem;
    X509 *x509 = make_certificate(plain, 1);
    size_t size = der_of(x509, der);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    long len = BIO_get_mem_data(bio, &pem);
    struct zta_text text = {.data = pem, .len = (size_t)len};
    assert_int_equal(mod_zta_cert_from_pem(text, read, sizeof(read), &read_size), ZTA_OK);
    assert_int_equal(read_size, size);
    assert_memory_equal(read, der, size);
    assert_int_equal(mod_zta_cert_from_pem(text, read, size - 1, &read_size), ZTA_TOO_LARGE);
    char two[2 * MOD_ZTA_CERT_SIZE_MAX];
    int two_len = snprintf(two, sizeof(two), "%.*s%.*s", (int)len, pem, (int)len, pem);
    text = (struct zta_text){.data = two, .len = (size_t)two_len};
    assert_int_equal(mod_zta_cert_from_pem(text, read, sizeof(read), &read_size), ZTA_INVALID);
    for (size_t cut = 0; cut + 1 < (size_t)len; cut++) {
        text = (struct zta_text){.data = pem, .len = cut};
        assert_int_equal(mod_zta_cert_from_pem(text, read, sizeof(read), &read_size), ZTA_INVALID);
    }
    BIO_free(bio);
    X509_free(x509);
}

/* Value with the base64 of `der` in the middle. */
static enum zta_status read_header(const char *before, const char *base64, const char *after,
                                   size_t *size)
{
    char value[2 * MOD_ZTA_CERT_SIZE_MAX];
    static uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    int len = snprintf(value, sizeof(value), "%s%s%s", before, base64, after);
    return mod_zta_cert_from_header((struct zta_text){.data = value, .len = (size_t)len}, der,
                                    sizeof(der), size);
}

static void a_client_cert_header_is_one_byte_sequence(void **state)
{
    uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    char base64[2 * MOD_ZTA_CERT_SIZE_MAX];
    size_t size = make_der(plain, 1, der);
    size_t read_size = 0;
    print_base64(der, size, base64);
    assert_int_equal(read_header(":", base64, ":", &read_size), ZTA_OK);
    assert_int_equal(read_size, size);
    static const struct {
        const char *before;
        const char *after;
    } bad[] = {
        {"", ""},    {":", ""},     {"", ":"},   {"::", ":"},    {":", "::"},        {":", ":;a=1"},
        {" :", ":"}, {":", ": "},   {": ", ":"}, {":", " :"},    {":", ":, :aGk=:"}, {"\"", "\""},
        {":", "=:"}, {":", "%3D:"}, {":-", ":"}, {":\r\n", ":"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(read_header(bad[i].before, base64, bad[i].after, &read_size), ZTA_INVALID);
    }
    static const char *const texts[] = {"",     "=",     "a",    "ab",   "abc",
                                        "a===", "aGk=x", "aG-_", "aGl=", "ab==c==="};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(read_header(":", texts[i], ":", &read_size), ZTA_INVALID);
    }
    /* Two base64 texts of one byte: only the one with zero bits behind it is a spelling. */
    assert_int_equal(read_header(":", "aA==", ":", &read_size), ZTA_OK);
    assert_int_equal(read_size, 1);
    assert_int_equal(read_header(":", "aR==", ":", &read_size), ZTA_INVALID);
}

static void a_header_that_is_too_long_is_refused(void **state)
{
    static char value[2 * MOD_ZTA_CERT_SIZE_MAX];
    static uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    size_t size;
    memset(value, 'A', sizeof(value));
    value[0] = ':';
    value[sizeof(value) - 1] = ':';
    struct zta_text text = {.data = value, .len = sizeof(value)};
    assert_int_equal(mod_zta_cert_from_header(text, der, sizeof(der), &size), ZTA_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_counts_when_it_has_exactly_one_clean_value),
        cmocka_unit_test(a_name_that_is_not_utf8_gives_no_subject),
        cmocka_unit_test(names_that_stand_in_two_extensions_are_not_read),
        cmocka_unit_test(a_field_has_one_name_in_any_case),
        cmocka_unit_test(the_thumbprint_is_that_of_the_der),
        cmocka_unit_test(what_is_not_exactly_one_certificate_is_refused),
        cmocka_unit_test(a_pem_block_gives_its_der),
        cmocka_unit_test(a_client_cert_header_is_one_byte_sequence),
        cmocka_unit_test(a_header_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
