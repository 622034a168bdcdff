/* SPDX-License-Identifier: Apache-2.0 */
/* Any header values: a credential is one token68 out of the header, or there is none. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/identity/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool is_inside(struct zta_text value, const char *header)
{
    return header != NULL && value.data >= header &&
           value.data + value.len <= header + strlen(header);
}

static void check(const struct mod_zta_credential *credential, const char *authorization,
                  const char *apikey)
{
    must((credential->presented == MOD_ZTA_PRESENTED_BAD) == (credential->detail != NULL));
    if (credential->presented == MOD_ZTA_PRESENTED_NONE ||
        credential->presented == MOD_ZTA_PRESENTED_BAD) {
        must(credential->value.data == NULL);
        return;
    }
    must(is_inside(credential->value, authorization) || is_inside(credential->value, apikey));
    must(credential->value.len > 0);
    for (size_t i = 0; i < credential->value.len; i++) {
        char c = credential->value.data[i];
        must(c > ' ' && c < 0x7f && c != ',' && c != '"' && c != ';');
    }
}

/* A first byte that chooses the sources, then both headers, parted by a line feed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct mod_zta_credential_sources sources = {
        .has_authorization = (data[0] & 1) != 0,
        .apikey_header = (data[0] & 2) != 0 ? "X-API-Key" : NULL,
    };
    char *authorization = malloc(size);
    must(authorization != NULL);
    memcpy(authorization, data + 1, size - 1);
    authorization[size - 1] = '\0';
    char *apikey = strchr(authorization, '\n');
    if (apikey != NULL) {
        *apikey++ = '\0';
    }
    struct mod_zta_credential credential;
    mod_zta_credential_read(&sources, authorization, apikey, &credential);
    check(&credential, authorization, apikey);
    free(authorization);
    return 0;
}
