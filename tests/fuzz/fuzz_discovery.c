/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any metadata document of an issuer, and any issuer: what is accepted names that issuer and leads
 * only to URLs that may be fetched. An issuer in the first line, its document behind it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mod_zta/identity/discovery.h"

#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_safe(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool may_lead(const char *url, struct zta_text issuer)
{
    struct zta_text text = zta_text_of(url);
    return mod_zta_url_is_fetchable(text) &&
           (!mod_zta_url_is_plain(text) || mod_zta_url_is_plain(issuer));
}

static void check_places(struct zta_text issuer)
{
    for (int form = 0; form < MOD_ZTA_N_DISCOVERY_FORMS; form++) {
        char url[MOD_ZTA_URL_MAX + 1];
        if (mod_zta_discovery_url(issuer, (enum mod_zta_discovery_form)form, url, sizeof url) ==
            ZTA_OK) {
            must(mod_zta_url_is_same_origin(issuer, zta_text_of(url)));
            must(may_lead(url, issuer) && is_safe(url));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *line = size == 0 ? NULL : memchr(data, '\n', size);
    struct zta_text issuer = ZTA_TEXT("https://i.example/t");
    struct zta_text document = {.data = text, .len = size};
    if (line != NULL) {
        issuer = (struct zta_text){.data = text, .len = (size_t)(line - text)};
        document = (struct zta_text){.data = line + 1, .len = size - issuer.len - 1};
    }
    check_places(issuer);
    struct mod_zta_discovery discovery;
    struct zta_error error = {.text = ""};
    enum zta_status status = mod_zta_discovery_parse(document, issuer, &discovery, &error);
    if (status != ZTA_OK) {
        must(status == ZTA_INVALID && error.text[0] != '\0');
        return 0;
    }
    must(may_lead(discovery.jwks_uri, issuer));
    must(discovery.introspection_endpoint[0] == '\0' ||
         may_lead(discovery.introspection_endpoint, issuer));
    must(memmem(document.data, document.len, "issuer", 6) != NULL ||
         memchr(document.data, '\\', document.len) != NULL);
    return 0;
}
