/* SPDX-License-Identifier: Apache-2.0 */
/* What values look like: the syntax of each type, its description, and when quotes matter. */
#include "shared/rules/attributes.h"

#include "shared/base/base64.h"
#include "shared/base/clock.h"
#include "shared/base/limits.h"
#include "shared/base/net.h"
#include "shared/context.h"
#include "shared/identity.h"
#include "shared/risk_signals.h"
#include "shared/rules/os.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOST_LABEL_MAX = 63, /* RFC 1035 section 2.3.4 */
    NUMBER_TEXT_MAX = 64,
    RISK_MAX = 100,
};

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char letters_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
static const char token_marks[] = "!#$%&'*+-.^_`|~"; /* RFC 9110 section 5.6.2 */

static const char *const expectations[ZTA_N_VALUE_TYPES] = {
    [ZTA_VALUE_TEXT] = "a value",
    [ZTA_VALUE_NAME] = "a name of letters, digits and . _ -, at most 64",
    [ZTA_VALUE_SCOPE] = "a scope: printable ASCII without space, quote and backslash",
    [ZTA_VALUE_HOST] = "a host name, with * for any run, without port",
    [ZTA_VALUE_PATH] =
        "a path from / or **/ on, decoded, no query or dot segments, ** alone in its segment",
    [ZTA_VALUE_METHOD] = "a method as on the wire, such as GET",
    [ZTA_VALUE_MEDIA_TYPE] = "a media type such as application/json or text/*, without parameters",
    [ZTA_VALUE_NUMBER] = "a number from 0 to 9223372036854775807",
    [ZTA_VALUE_DURATION] = "<, <=, > or >= and a duration such as 300s, 15m, 8h or 7d",
    [ZTA_VALUE_THUMBPRINT] = "the SHA-256 of a certificate in base64url, 43 characters",
    [ZTA_VALUE_CREDENTIAL] = "token, apikey, certificate or browser",
    [ZTA_VALUE_BINDING] = "none, dpop or mtls",
    [ZTA_VALUE_HOURS] = "days, times and a zone such as Mon-Fri 07:00-19:00 Europe/Zurich",
    [ZTA_VALUE_CLAIM] = "a value, or an operator and a number",
    [ZTA_VALUE_DEVICE] = "known, managed, compliant, attested, encrypted or owner-match",
    [ZTA_VALUE_OS] =
        "an operating system in lower case, with a version or without: macos, macos>=14.2",
    [ZTA_VALUE_PATTERN] = "a text, with * for any run",
    [ZTA_VALUE_NETWORK] = "an address or network such as 10.0.0.0/8 or 2001:db8::/32, or asn:64500",
    [ZTA_VALUE_COUNTRY] = "a country of two letters such as CH",
    [ZTA_VALUE_BEHAVIOUR] =
        ("usual- or unusual- and one of network, country, device, agent, hours, route, "
         "rate"),
    [ZTA_VALUE_ACR] = "a value, or an operator and one that ZTAAcr puts in order",
    [ZTA_VALUE_RISK] = "<, <=, > or >= and a number from 0 to 100",
    [ZTA_VALUE_THREAT_LEVEL] = "normal, elevated, high or critical",
    [ZTA_VALUE_SIGNAL] = "a signal of docs/reference-signals.md such as new-country",
};

/* First each habit as it is, then as it is not. */
static const char *const behaviours[] = {
    [ZTA_HABIT_NETWORK] = "usual-network",
    [ZTA_HABIT_COUNTRY] = "usual-country",
    [ZTA_HABIT_DEVICE] = "usual-device",
    [ZTA_HABIT_AGENT] = "usual-agent",
    [ZTA_HABIT_HOURS] = "usual-hours",
    [ZTA_HABIT_ROUTE] = "usual-route",
    [ZTA_HABIT_RATE] = "usual-rate",
    [ZTA_N_HABITS + ZTA_HABIT_NETWORK] = "unusual-network",
    [ZTA_N_HABITS + ZTA_HABIT_COUNTRY] = "unusual-country",
    [ZTA_N_HABITS + ZTA_HABIT_DEVICE] = "unusual-device",
    [ZTA_N_HABITS + ZTA_HABIT_AGENT] = "unusual-agent",
    [ZTA_N_HABITS + ZTA_HABIT_HOURS] = "unusual-hours",
    [ZTA_N_HABITS + ZTA_HABIT_ROUTE] = "unusual-route",
    [ZTA_N_HABITS + ZTA_HABIT_RATE] = "unusual-rate",
};
_Static_assert(sizeof behaviours / sizeof behaviours[0] == 2 * ZTA_N_HABITS, "a word each");

/* Beyond the registered ones only to suggest: a method may be any token. */
static const char *const methods[] = {
    "GET",   "HEAD", "POST", "PUT",      "DELETE",    "CONNECT", "OPTIONS", "TRACE",
    "PATCH", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "MKCOL",   "LOCK",    "UNLOCK",
};

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_letter_or_digit(char c)
{
    return is_one_of(c, letters_digits);
}

bool zta_value_is_name(struct zta_text text)
{
    if (text.len == 0 || text.len > ZTA_NAME_MAX || !is_letter_or_digit(text.data[0])) {
        return false;
    }
    for (size_t i = 1; i < text.len; i++) {
        if (!is_letter_or_digit(text.data[i]) && !is_one_of(text.data[i], "._-")) {
            return false;
        }
    }
    return true;
}

static bool is_scope(struct zta_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x21 || text.data[i] > 0x7e || is_one_of(text.data[i], "\"\\")) {
            return false;
        }
    }
    return text.len > 0;
}

static bool is_host(struct zta_text text)
{
    if (text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']') {
        struct zta_text inside = {.data = text.data + 1, .len = text.len - 2};
        struct zta_addr addr;
        return zta_addr_parse(inside, &addr) == ZTA_OK && addr.family == 6;
    }
    size_t label_len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_dot = text.data[i] == '.';
        if (!is_dot && !is_letter_or_digit(text.data[i]) && !is_one_of(text.data[i], "-_*")) {
            return false;
        }
        if (is_dot && label_len == 0) {
            return false;
        }
        label_len = is_dot ? 0 : label_len + 1;
        if (label_len > HOST_LABEL_MAX) {
            return false;
        }
    }
    return label_len > 0 && text.len <= ZTA_HOST_MAX;
}

/* A segment that a normalised path can have, or a pattern of one. */
static bool is_path_segment(struct zta_text segment)
{
    if (zta_text_equal(segment, ZTA_TEXT(".")) || zta_text_equal(segment, ZTA_TEXT(".."))) {
        return false;
    }
    bool is_whole = zta_text_equal(segment, ZTA_TEXT("**"));
    for (size_t i = 0; i < segment.len; i++) {
        struct zta_text rest = {.data = segment.data + i, .len = segment.len - i};
        char c = rest.data[0];
        if (c == '\\') {
            if (!zta_text_starts_with(rest, ZTA_TEXT("\\*"))) {
                return false;
            }
            i++;
        }
        else if (c == '%') {
            /* Only these two stay encoded in a normalised path. */
            if (!zta_text_starts_with(rest, ZTA_TEXT("%25")) &&
                !zta_text_starts_with(rest, ZTA_TEXT("%2F"))) {
                return false;
            }
        }
        else if (is_one_of(c, "?;") || (!is_whole && zta_text_starts_with(rest, ZTA_TEXT("**")))) {
            return false;
        }
    }
    return true;
}

static bool is_path(struct zta_text text)
{
    size_t start = 0;
    if (text.len > 0 && text.data[0] == '/') {
        start = 1;
    }
    else if (!zta_text_equal(text, ZTA_TEXT("**")) &&
             !zta_text_starts_with(text, ZTA_TEXT("**/"))) {
        return false;
    }
    while (start < text.len) {
        const char *slash = memchr(text.data + start, '/', text.len - start);
        size_t end = slash ? (size_t)(slash - text.data) : text.len;
        struct zta_text segment = {.data = text.data + start, .len = end - start};
        if (segment.len == 0 || !is_path_segment(segment)) {
            return false;
        }
        start = end + 1; /* a slash at the very end is ignored */
    }
    return text.len <= ZTA_PATH_MAX;
}

static bool is_token(struct zta_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_letter_or_digit(text.data[i]) && !is_one_of(text.data[i], token_marks)) {
            return false;
        }
    }
    return text.len > 0;
}

/* `get` is a token, but a rule that names it was meant for GET and would never apply. */
static bool is_method(struct zta_text text)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct zta_text known = zta_text_of(methods[i]);
        if (zta_text_equal_nocase(text, known) && !zta_text_equal(text, known)) {
            return false;
        }
    }
    return is_token(text);
}

static bool is_media_type(struct zta_text text)
{
    const char *slash = text.len > 0 ? memchr(text.data, '/', text.len) : NULL;
    if (!slash) {
        return zta_text_equal(text, ZTA_TEXT("*"));
    }
    struct zta_text type = {.data = text.data, .len = (size_t)(slash - text.data)};
    struct zta_text subtype = {.data = slash + 1, .len = text.len - type.len - 1};
    return is_token(type) && is_token(subtype);
}

static bool is_thumbprint(struct zta_text text)
{
    uint8_t digest[ZTA_SHA256_SIZE];
    size_t size = 0;
    return zta_base64url_decode(text, digest, sizeof digest, &size) == ZTA_OK &&
           size == sizeof digest;
}

static bool is_network(struct zta_text text)
{
    struct zta_cidr cidr;
    uint32_t asn;
    return zta_cidr_parse(text, &cidr, NULL) == ZTA_OK || zta_value_asn(text, &asn) == ZTA_OK;
}

static bool is_country(struct zta_text text)
{
    return text.len == 2 && is_one_of(text.data[0], letters) && is_one_of(text.data[1], letters);
}

static bool is_word_of(enum zta_value_type type, struct zta_text text)
{
    for (size_t i = 0; zta_value_word(type, i); i++) {
        if (zta_text_equal(text, zta_text_of(zta_value_word(type, i)))) {
            return true;
        }
    }
    return false;
}

static bool is_of_type(enum zta_value_type type, struct zta_text text)
{
    uint64_t number;
    int64_t duration_s;
    struct zta_os os;
    switch (type) {
    case ZTA_VALUE_TEXT:
    case ZTA_VALUE_CLAIM:
    case ZTA_VALUE_PATTERN:
    case ZTA_VALUE_ACR:
        return true;
    case ZTA_VALUE_NAME:
        return zta_value_is_name(text);
    case ZTA_VALUE_SCOPE:
        return is_scope(text);
    case ZTA_VALUE_HOST:
        return is_host(text);
    case ZTA_VALUE_PATH:
        return is_path(text);
    case ZTA_VALUE_METHOD:
        return is_method(text);
    case ZTA_VALUE_MEDIA_TYPE:
        return is_media_type(text);
    case ZTA_VALUE_NUMBER:
        return zta_text_to_u64(text, INT64_MAX, &number) == ZTA_OK;
    case ZTA_VALUE_DURATION:
        return zta_duration_parse(text, &duration_s) == ZTA_OK;
    case ZTA_VALUE_THUMBPRINT:
        return is_thumbprint(text);
    case ZTA_VALUE_CREDENTIAL:
    case ZTA_VALUE_BINDING:
    case ZTA_VALUE_DEVICE:
    case ZTA_VALUE_BEHAVIOUR:
    case ZTA_VALUE_THREAT_LEVEL:
    case ZTA_VALUE_SIGNAL:
        return is_word_of(type, text);
    case ZTA_VALUE_RISK:
        return zta_text_to_u64(text, RISK_MAX, &number) == ZTA_OK;
    case ZTA_VALUE_OS:
        return zta_os_parse(text, &os) == ZTA_OK;
    case ZTA_VALUE_NETWORK:
        return is_network(text);
    case ZTA_VALUE_COUNTRY:
        return is_country(text);
    case ZTA_VALUE_HOURS: /* no single value says hours */
    case ZTA_N_VALUE_TYPES:
        break;
    }
    return false;
}

enum zta_status zta_value_check(enum zta_value_type type, struct zta_text text)
{
    return is_of_type(type, text) ? ZTA_OK : ZTA_INVALID;
}

const char *zta_value_expected(enum zta_value_type type)
{
    return (unsigned)type < ZTA_N_VALUE_TYPES ? expectations[type] : "a value";
}

const char *zta_value_word(enum zta_value_type type, size_t i)
{
    if (type == ZTA_VALUE_METHOD) {
        return i < sizeof methods / sizeof methods[0] ? methods[i] : NULL;
    }
    if (type == ZTA_VALUE_CREDENTIAL) {
        /* "none" is no credential to name in a rule: that is `unknown`. */
        return i < ZTA_CREDENTIAL_BROWSER ? zta_credential_name((enum zta_credential)(i + 1))
                                          : NULL;
    }
    if (type == ZTA_VALUE_BINDING) {
        return i <= ZTA_BINDING_MTLS ? zta_binding_name((enum zta_binding)i) : NULL;
    }
    if (type == ZTA_VALUE_DEVICE) {
        /* What `known` says already. */
        return zta_device_trait_name((enum zta_device_trait)(i + 1));
    }
    if (type == ZTA_VALUE_BEHAVIOUR) {
        return i < sizeof behaviours / sizeof behaviours[0] ? behaviours[i] : NULL;
    }
    if (type == ZTA_VALUE_THREAT_LEVEL) {
        return zta_threat_level_name((enum zta_threat_level)i);
    }
    if (type == ZTA_VALUE_SIGNAL) {
        return i < ZTA_N_RISK_SIGNALS ? zta_risk_signal_info((unsigned)i)->name : NULL;
    }
    return NULL;
}

bool zta_value_is_pattern(enum zta_value_type type)
{
    return type == ZTA_VALUE_HOST || type == ZTA_VALUE_PATH || type == ZTA_VALUE_MEDIA_TYPE ||
           type == ZTA_VALUE_PATTERN;
}

static size_t skip_digits(struct zta_text text, size_t i)
{
    while (i < text.len && text.data[i] >= '0' && text.data[i] <= '9') {
        i++;
    }
    return i;
}

static bool is_json_number(struct zta_text text)
{
    size_t start = text.len > 0 && text.data[0] == '-' ? 1 : 0;
    size_t i = skip_digits(text, start);
    if (i == start || (text.data[start] == '0' && i > start + 1)) {
        return false;
    }
    if (i < text.len && text.data[i] == '.') {
        size_t fraction = i + 1;
        i = skip_digits(text, fraction);
        if (i == fraction) {
            return false;
        }
    }
    if (i < text.len && is_one_of(text.data[i], "eE")) {
        size_t exponent = i + 1;
        if (exponent < text.len && is_one_of(text.data[exponent], "+-")) {
            exponent++;
        }
        i = skip_digits(text, exponent);
        if (i == exponent) {
            return false;
        }
    }
    return i == text.len;
}

enum zta_status zta_value_number(struct zta_text text, double *number)
{
    char copy[NUMBER_TEXT_MAX + 1];
    if (text.len > NUMBER_TEXT_MAX || !is_json_number(text)) {
        return ZTA_INVALID;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    /* The console runs under the user's locale, where the decimal point may be a comma. */
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) {
        return ZTA_NO_MEMORY;
    }
    double value = strtod_l(copy, NULL, c_locale);
    freelocale(c_locale);
    if (!isfinite(value)) {
        return ZTA_INVALID;
    }
    *number = value;
    return ZTA_OK;
}

enum zta_status zta_value_asn(struct zta_text text, uint32_t *asn)
{
    static const struct zta_text prefix = {.data = "asn:", .len = 4};
    uint64_t number;
    if (!zta_text_starts_with(text, prefix)) {
        return ZTA_INVALID;
    }
    const struct zta_text digits = {.data = text.data + prefix.len, .len = text.len - prefix.len};
    if (zta_text_to_u64(digits, UINT32_MAX, &number) != ZTA_OK || number == 0) {
        return ZTA_INVALID;
    }
    *asn = (uint32_t)number;
    return ZTA_OK;
}

bool zta_value_needs_quotes(struct zta_text text)
{
    static const char *const keywords[] = {"known", "unknown", "true", "false"};
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (zta_text_equal(text, zta_text_of(keywords[i]))) {
            return true;
        }
    }
    if (text.len == 0 || is_one_of(text.data[0], "#<>=") || is_json_number(text) ||
        zta_text_starts_with(text, ZTA_TEXT("list:")) ||
        zta_text_starts_with(text, ZTA_TEXT("file:"))) {
        return true;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (is_one_of(text.data[i], " \t\"*")) {
            return true;
        }
    }
    return false;
}
