/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as peers send them: header, PEM or DER give exactly one certificate, or nothing. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/err.h>

#include "mod_zta/identity/client_cert.h"

#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mod_zta_cert *cert)
{
    must(strlen(cert->thumbprint) == MOD_ZTA_CERT_THUMBPRINT_LEN);
    for (size_t i = 0; i < MOD_ZTA_N_CERT_FIELDS; i++) {
        const struct mod_zta_cert_value *value = &cert->fields[i];
        must(zta_text_is_absent(value->text) == (value->fault != NULL));
        if (value->fault == NULL) {
            must(value->text.len > 0 && value->text.len <= ZTA_SUBJECT_MAX);
            must(zta_text_is_utf8(value->text));
            must(value->text.data >= cert->storage &&
                 value->text.data + value->text.len <= cert->storage + sizeof(cert->storage));
        }
    }
}

static void read(const uint8_t *der, size_t size)
{
    static struct mod_zta_cert cert;
    if (mod_zta_cert_read(der, size, &cert) == ZTA_OK) {
        check(&cert);
    }
    must(ERR_peek_error() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    const struct zta_text text = {.data = (const char *)data, .len = size};
    size_t der_size = 0;
    if (size == 0) {
        return 0;
    }
    if (mod_zta_cert_from_header(text, der, sizeof(der), &der_size) == ZTA_OK) {
        read(der, der_size);
    }
    if (mod_zta_cert_from_pem(text, der, sizeof(der), &der_size) == ZTA_OK) {
        read(der, der_size);
    }
    read(data, size);
    return 0;
}
