/* SPDX-License-Identifier: Apache-2.0 */
/* Each place is read by itself; what is in more than one is no credential. */
#include "mod_zta/identity/credential.h"

#include <limits.h>
#include <string.h>

#include "mod_zta/identity/cookie.h"

/* API keys are told from tokens by it: no JWT begins so. */
static const struct zta_text apikey_prefix = ZTA_TEXT("zta_");

static bool is_alphanumeric(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* tchar of RFC 9110 section 5.6.2. */
static bool is_tchar(char c)
{
    return is_alphanumeric(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* The characters of token68 but '=': a token has a thousand of them in every request. */
static const bool is_token68_char[UCHAR_MAX + 1] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true, ['.'] = true,
    ['_'] = true,         ['~'] = true,         ['+'] = true,         ['/'] = true,
};

/* Sixteen at once, and four times that: what base64url and the dots of a JWT have. */
typedef unsigned char chars __attribute__((vector_size(16)));
#define BLOCK_SIZE (4 * sizeof(chars))

static chars are_plain(const unsigned char *at)
{
    chars c;
    memcpy(&c, at, sizeof(c));
    /* From '-' to '9' stand '-', '.', '/' and the digits; folded, from 'a' to 'z' all letters. */
    return (chars)((c - '-') <= '9' - '-') | (chars)(((c | 0x20) - 'a') <= 'z' - 'a') |
           (chars)(c == '_');
}

static bool is_plain_block(const unsigned char *at)
{
    const chars are_good = are_plain(at) & are_plain(at + sizeof(chars)) &
                           are_plain(at + 2 * sizeof(chars)) & are_plain(at + 3 * sizeof(chars));
    uint64_t halves[2];
    memcpy(halves, &are_good, sizeof(halves));
    return (halves[0] & halves[1]) == UINT64_MAX;
}

/* Of the characters of token68 but '='. */
static size_t token68_len(struct zta_text text)
{
    const unsigned char *c = (const unsigned char *)text.data;
    size_t len = 0;
    size_t end;
    while (text.len - len > BLOCK_SIZE && is_plain_block(c + len)) {
        len += BLOCK_SIZE;
    }
    if (text.len >= BLOCK_SIZE && text.len - len <= BLOCK_SIZE &&
        is_plain_block(c + text.len - BLOCK_SIZE)) {
        return text.len; /* the last block overlaps the one before it */
    }
    do {
        while (text.len - len >= BLOCK_SIZE && is_plain_block(c + len)) {
            len += BLOCK_SIZE;
        }
        end = text.len - len < BLOCK_SIZE ? text.len : len + BLOCK_SIZE;
        while (len < end && is_token68_char[c[len]]) {
            len++;
        }
    } while (len == end && len < text.len);
    return len;
}

/* token68 of RFC 9110 section 11.2, b64token of RFC 6750: at least one character before any '='. */
static bool is_token68(struct zta_text text)
{
    size_t i = token68_len(text);
    const bool has_any = i > 0;
    while (i < text.len && text.data[i] == '=') {
        i++;
    }
    return has_any && i == text.len;
}

static void set_bad(struct mod_zta_credential *credential, const char *detail)
{
    *credential = (struct mod_zta_credential){
        .presented = MOD_ZTA_PRESENTED_BAD,
        .detail = detail,
    };
}

static bool stands_twice(const char *header, struct mod_zta_credential *credential)
{
    if (strchr(header, ',') == NULL) {
        return false;
    }
    set_bad(credential, "a header that carries a credential stands twice");
    return true;
}

static void read_token(enum mod_zta_presented presented, const char *after,
                       struct mod_zta_credential *credential)
{
    struct zta_text value = zta_text_of(after + strspn(after, " "));
    if (!is_token68(value)) {
        set_bad(credential, "the credential is not one well-formed token");
        return;
    }
    bool is_apikey =
        presented == MOD_ZTA_PRESENTED_TOKEN && zta_text_starts_with(value, apikey_prefix);
    *credential = (struct mod_zta_credential){
        .presented = is_apikey ? MOD_ZTA_PRESENTED_APIKEY : presented,
        .value = value,
    };
}

/* The word that a challenge or credential begins with (RFC 9110 section 11.1). */
static struct zta_text scheme_of(const char *text)
{
    size_t len = 0;
    while (is_tchar(text[len])) {
        len++;
    }
    return (struct zta_text){.data = text, .len = len};
}

static bool is_own_scheme(struct zta_text scheme)
{
    return zta_text_equal_nocase(scheme, ZTA_TEXT("Bearer")) ||
           zta_text_equal_nocase(scheme, ZTA_TEXT("DPoP"));
}

/*
 * Commas belong to some schemes (Digest); behind one of theirs, ours would be a second
 * credential.
 */
static bool hides_own_scheme(const char *header)
{
    for (const char *comma = strchr(header, ','); comma != NULL; comma = strchr(comma + 1, ',')) {
        if (is_own_scheme(scheme_of(comma + 1 + strspn(comma + 1, " \t,")))) {
            return true;
        }
    }
    return false;
}

static void read_authorization(const char *header, struct mod_zta_credential *credential)
{
    struct zta_text scheme = scheme_of(header);
    size_t len = scheme.len;
    if ((is_own_scheme(scheme) || len == 0 || hides_own_scheme(header)) &&
        stands_twice(header, credential)) {
        return;
    }
    if (len == 0 || (header[len] != ' ' && header[len] != '\0')) {
        set_bad(credential, "Authorization has no well-formed scheme");
    }
    else if (zta_text_equal_nocase(scheme, ZTA_TEXT("Bearer"))) {
        read_token(MOD_ZTA_PRESENTED_TOKEN, header + len, credential);
    }
    else if (zta_text_equal_nocase(scheme, ZTA_TEXT("DPoP"))) {
        read_token(MOD_ZTA_PRESENTED_DPOP, header + len, credential);
    }
}

static void read_apikey(const char *header, struct mod_zta_credential *credential)
{
    struct zta_text value = zta_text_of(header);
    if (stands_twice(header, credential)) {
        return;
    }
    if (!is_token68(value)) {
        set_bad(credential, "the API key header is not one well-formed key");
        return;
    }
    *credential = (struct mod_zta_credential){
        .presented = MOD_ZTA_PRESENTED_APIKEY,
        .value = value,
    };
}

/* A token where nothing stands around it. */
static void read_bare_token(struct zta_text value, const char *fault,
                            struct mod_zta_credential *credential)
{
    if (!is_token68(value)) {
        set_bad(credential, fault);
        return;
    }
    *credential = (struct mod_zta_credential){
        .presented = MOD_ZTA_PRESENTED_TOKEN,
        .value = value,
    };
}

static void read_cookie(const char *header, const char *name, struct mod_zta_credential *credential)
{
    struct zta_text value;
    enum zta_status status = mod_zta_cookie_find(header, zta_text_of(name), &value);
    if (status == ZTA_OK) {
        read_bare_token(value, "the cookie is not one well-formed token", credential);
    }
    else if (status != ZTA_NOT_FOUND) {
        set_bad(credential, "the cookie that carries a credential stands twice");
    }
}

static void read_query(const struct mod_zta_credential_fields *fields,
                       struct mod_zta_credential *credential)
{
    if (fields->query_status == ZTA_OK) {
        read_bare_token(zta_text_of(fields->query_token),
                        "access_token is not one well-formed token", credential);
    }
    else if (fields->query_status != ZTA_NOT_FOUND) {
        set_bad(credential, "access_token stands twice in the query, or is not well encoded");
    }
}

/* Adds what another place holds: BAD stays, and two are one too many. */
static void add(struct mod_zta_credential *credential, const struct mod_zta_credential *other,
                enum mod_zta_credential_place place)
{
    enum mod_zta_credential_place first = credential->place;
    if (other->presented == MOD_ZTA_PRESENTED_NONE ||
        credential->presented == MOD_ZTA_PRESENTED_BAD) {
        return;
    }
    if (credential->presented == MOD_ZTA_PRESENTED_NONE ||
        other->presented == MOD_ZTA_PRESENTED_BAD) {
        *credential = *other;
        credential->place = place;
        return;
    }
    set_bad(credential, "two credentials in one request");
    credential->place = first;
}

void mod_zta_credential_read(const struct mod_zta_credential_sources *sources,
                             const struct mod_zta_credential_fields *fields,
                             struct mod_zta_credential *credential)
{
    static const struct mod_zta_credential none = {.presented = MOD_ZTA_PRESENTED_NONE};
    struct mod_zta_credential found = none;
    *credential = none;
    if (sources->has_authorization && fields->authorization != NULL) {
        read_authorization(fields->authorization, &found);
        add(credential, &found, MOD_ZTA_PLACE_AUTHORIZATION);
    }
    if (sources->apikey_header != NULL && fields->apikey != NULL) {
        read_apikey(fields->apikey, &found);
        add(credential, &found, MOD_ZTA_PLACE_APIKEY);
    }
    if (sources->cookie != NULL && fields->cookie != NULL) {
        found = none;
        read_cookie(fields->cookie, sources->cookie, &found);
        add(credential, &found, MOD_ZTA_PLACE_COOKIE);
    }
    if (sources->has_query && fields->query_token != NULL) {
        found = none;
        read_query(fields, &found);
        add(credential, &found, MOD_ZTA_PLACE_QUERY);
    }
}
