/* SPDX-License-Identifier: Apache-2.0 */
/* Two members of a token's payload, and the token id they give. */
#include "admin-tui/token.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/base64.h"
#include "shared/identity.h"

#define OPAQUE_MIN 16 /* shorter ones are never asked about (docs/standards.md) */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum zta_status ctl_token_read(char *out, size_t size, struct zta_text *token,
                               struct zta_error *error)
{
    size_t len = 0;
    for (;;) {
        if (len == size) {
            return zta_error_set(error, ZTA_INVALID,
                                 "standard input holds %zu bytes or more, which is no token", size);
        }
        ssize_t n = read(STDIN_FILENO, out + len, size - len);
        if (n < 0) {
            return zta_error_set(error, ZTA_INVALID, "standard input cannot be read");
        }
        if (n == 0) {
            break;
        }
        len += (size_t)n;
    }
    size_t from = 0;
    while (from < len && is_space(out[from])) {
        from++;
    }
    while (len > from && is_space(out[len - 1])) {
        len--;
    }
    *token = (struct zta_text){.data = out + from, .len = len - from};
    return ZTA_OK;
}

/* Absent when there is no such member or it is no text. */
static struct zta_text member(const json_t *payload, const char *name)
{
    const json_t *value = json_object_get(payload, name);
    return json_is_string(value) ? (struct zta_text){.data = json_string_value(value),
                                                     .len = json_string_length(value)}
                                 : zta_text_of(NULL);
}

/* NULL when it is no JSON in base64url. */
static json_t *load_part(struct zta_text part)
{
    static uint8_t bytes[ZTA_BASE64URL_SIZE(ZTA_TOKEN_MAX)];
    size_t size = 0;
    return part.len <= ZTA_TOKEN_MAX &&
                   zta_base64url_decode(part, bytes, sizeof bytes, &size) == ZTA_OK
               ? json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL)
               : NULL;
}

/* The payload's object; NULL when the token is no JWT. */
static json_t *load_payload(struct zta_text token, struct zta_text *signing_input)
{
    const char *first = token.len == 0 ? NULL : memchr(token.data, '.', token.len);
    const char *second = token.len == 0 ? NULL : memrchr(token.data, '.', token.len);
    if (token.len > ZTA_TOKEN_MAX || first == NULL || first == second) {
        return NULL;
    }
    *signing_input = (struct zta_text){.data = token.data, .len = (size_t)(second - token.data)};
    return load_part((struct zta_text){.data = first + 1, .len = (size_t)(second - first) - 1});
}

/* Does it begin as JOSE does: by a JSON object, or by what can only be a broken one? */
static bool has_header(struct zta_text token)
{
    const char *dot = token.len == 0 ? NULL : memchr(token.data, '.', token.len);
    size_t n_parts = 1;
    if (dot == NULL) {
        return false;
    }
    json_t *header =
        load_part((struct zta_text){.data = token.data, .len = (size_t)(dot - token.data)});
    bool is_object = json_is_object(header);
    json_decref(header);
    for (size_t i = 0; i < token.len; i++) {
        n_parts += token.data[i] == '.';
    }
    return is_object ||
           ((n_parts == 3 || n_parts == 5) && (zta_text_starts_with(token, ZTA_TEXT("ey")) ||
                                               zta_text_starts_with(token, ZTA_TEXT("ew"))));
}

/* What its issuer is asked about: no JOSE, whole or in part, and no space in it. */
static bool is_opaque(struct zta_text token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] <= ' ' || token.data[i] > '~') {
            return false;
        }
    }
    return token.len >= OPAQUE_MIN && token.len <= ZTA_TOKEN_MAX && !has_header(token);
}

enum zta_status ctl_token_id(const struct ctl_issuers *issuers, struct zta_text token,
                             struct zta_text *issuer, struct zta_sha256 *id,
                             struct zta_error *error)
{
    struct zta_text signing_input;
    json_t *payload = load_payload(token, &signing_input);
    if (!json_is_object(payload)) {
        json_decref(payload);
        if (!is_opaque(token)) {
            return zta_error_set(error, ZTA_INVALID,
                                 "this is neither a whole JWT nor an opaque token");
        }
        *issuer = zta_text_of(NULL);
        zta_token_id_make(*issuer, *issuer, token, id);
        return ZTA_OK;
    }
    struct zta_text iss = member(payload, "iss");
    enum zta_status status = ZTA_INVALID;
    for (size_t i = 0; i < issuers->n && status != ZTA_OK; i++) {
        if (zta_text_equal(iss, zta_text_of(issuers->urls[i]))) {
            *issuer = zta_text_of(issuers->names[i]);
            zta_token_id_make(*issuer, member(payload, "jti"), signing_input, id);
            status = ZTA_OK;
        }
    }
    if (status != ZTA_OK) {
        (void)zta_error_set(error, ZTA_INVALID, "the token's issuer '%.*s' is not configured",
                            zta_text_is_absent(iss) ? 0 : (int)iss.len,
                            zta_text_is_absent(iss) ? "" : iss.data);
    }
    json_decref(payload);
    return status;
}
