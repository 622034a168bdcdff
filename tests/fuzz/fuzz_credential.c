/* SPDX-License-Identifier: Apache-2.0 */
/* Any header values and query: a credential is one token68 out of them, or there is none. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/identity/cookie.h"
#include "mod_zta/identity/credential.h"
#include "mod_zta/identity/query.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct zta_text value, const char *header)
{
    return header != NULL && value.data >= header &&
           value.data + value.len <= header + strlen(header);
}

static void check(const struct mod_zta_credential *credential,
                  const struct mod_zta_credential_fields *fields)
{
    must((credential->presented == MOD_ZTA_PRESENTED_BAD) == (credential->detail != NULL));
    must((credential->presented == MOD_ZTA_PRESENTED_NONE) ==
         (credential->place == MOD_ZTA_PLACE_NONE));
    if (credential->presented == MOD_ZTA_PRESENTED_NONE ||
        credential->presented == MOD_ZTA_PRESENTED_BAD) {
        must(credential->value.data == NULL);
        return;
    }
    must(is_inside(credential->value, fields->authorization) ||
         is_inside(credential->value, fields->apikey) ||
         is_inside(credential->value, fields->cookie) ||
         is_inside(credential->value, fields->query_token));
    must(credential->value.len > 0);
    for (size_t i = 0; i < credential->value.len; i++) {
        char c = credential->value.data[i];
        must(c > ' ' && c < 0x7f && c != ',' && c != '"' && c != ';');
    }
}

/* The text up to the next line feed, which becomes its end; *rest is what follows, or NULL. */
static char *next_line(char **rest)
{
    char *line = *rest;
    char *end = line == NULL ? NULL : strchr(line, '\n');
    if (end != NULL) {
        *end++ = '\0';
    }
    *rest = end;
    return line;
}

/* What is taken out of a query or a cookie is not found again in what is left. */
static void check_taking(const char *cookie, const char *rest)
{
    struct zta_text value;
    char *scratch = calloc(2, strlen(rest) + 1);
    char *kept = malloc(strlen(cookie) + 1);
    must(scratch != NULL && kept != NULL);
    must(mod_zta_query_take(rest, scratch, scratch + strlen(rest) + 1) == ZTA_NOT_FOUND);
    mod_zta_cookie_remove(cookie, ZTA_TEXT("token"), kept);
    must(strlen(kept) <= strlen(cookie));
    must(mod_zta_cookie_find(kept, ZTA_TEXT("token"), &value) == ZTA_NOT_FOUND);
    free(kept);
    free(scratch);
}

/* A first byte that chooses the sources, then headers and query, parted by line feeds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct mod_zta_credential_sources sources = {
        .has_authorization = (data[0] & 1) != 0,
        .apikey_header = (data[0] & 2) != 0 ? "X-API-Key" : NULL,
        .cookie = (data[0] & 4) != 0 ? "token" : NULL,
        .has_query = (data[0] & 8) != 0,
    };
    char *text = calloc(3, size);
    must(text != NULL);
    memcpy(text, data + 1, size - 1);
    char *left = text;
    struct mod_zta_credential_fields fields = {
        .authorization = next_line(&left), .apikey = next_line(&left), .cookie = next_line(&left)};
    const char *query = next_line(&left);
    char *token = text + size;
    char *rest = text + 2 * size;
    if (query != NULL) {
        fields.query_status = mod_zta_query_take(query, token, rest);
        fields.query_token = token;
    }
    struct mod_zta_credential credential;
    mod_zta_credential_read(&sources, &fields, &credential);
    check(&credential, &fields);
    check_taking(fields.cookie != NULL ? fields.cookie : "", rest);
    free(text);
    return 0;
}
