/* SPDX-License-Identifier: Apache-2.0 */
/* The normal form of a request path: decode each character once, then judge the segments. */
#include "shared/base/path.h"

#include "shared/base/limits.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

/* In the normal form a per cent sign begins one of these two, and nothing else. */
#define ESCAPED_PERCENT "%25"
#define ESCAPED_SLASH   "%2F"
#define ESCAPE_LEN      3

const char *zta_path_fault_text(enum zta_path_fault fault)
{
    switch (fault) {
    case ZTA_PATH_OK:
        return "none";
    case ZTA_PATH_NOT_ABSOLUTE:
        return "no slash at its start";
    case ZTA_PATH_TOO_LONG:
        return "too long";
    case ZTA_PATH_BAD_ESCAPE:
        return "per cent sign without two hex digits";
    case ZTA_PATH_NUL:
        return "NUL byte (%00)";
    case ZTA_PATH_CONTROL:
        return "control character, raw space, # or ?";
    case ZTA_PATH_BACKSLASH:
        return "backslash (%5C)";
    case ZTA_PATH_SLASH:
        return "encoded slash (%2F)";
    case ZTA_PATH_DOT_SEGMENT:
        return "dot segment (. or ..)";
    case ZTA_PATH_PARAMETER:
        return "path parameter (; or %3B)";
    case ZTA_PATH_DOUBLE_ENCODED:
        return "double encoding (%25 before an escape)";
    case ZTA_PATH_UTF8:
        return "bytes that are not UTF-8";
    }
    return "unknown fault";
}

/* Decoded path under construction; the flags of the caller. */
struct decoded {
    char text[ZTA_PATH_MAX + 1];
    size_t len;
    unsigned flags;
};

static enum zta_path_fault put(struct decoded *path, const char *data, size_t len)
{
    if (len > ZTA_PATH_MAX - path->len) {
        return ZTA_PATH_TOO_LONG;
    }
    memcpy(path->text + path->len, data, len);
    path->len += len;
    return ZTA_PATH_OK;
}

/* What is refused in both spellings, as itself and as an escape. */
static enum zta_path_fault judge(unsigned char c, unsigned flags)
{
    if (c == '\0') {
        return ZTA_PATH_NUL;
    }
    if (c < 0x20 || c == 0x7f) {
        return ZTA_PATH_CONTROL;
    }
    if (c == '\\') {
        return ZTA_PATH_BACKSLASH;
    }
    if (c == ';' && (flags & ZTA_PATH_PARAMETERS) == 0) {
        return ZTA_PATH_PARAMETER;
    }
    return ZTA_PATH_OK;
}

static enum zta_path_fault put_raw(struct decoded *path, char c)
{
    /* Where a request line, a fragment or a query would begin for another parser. */
    if (c == ' ' || c == '#' || c == '?') {
        return ZTA_PATH_CONTROL;
    }
    enum zta_path_fault fault = judge((unsigned char)c, path->flags);
    return fault == ZTA_PATH_OK ? put(path, &c, 1) : fault;
}

static enum zta_path_fault put_escaped(struct decoded *path, char c)
{
    if (c == '%') {
        return put(path, ESCAPED_PERCENT, ESCAPE_LEN);
    }
    if (c == '/') {
        return (path->flags & ZTA_PATH_ENCODED_SLASH) == 0 ? ZTA_PATH_SLASH
                                                           : put(path, ESCAPED_SLASH, ESCAPE_LEN);
    }
    enum zta_path_fault fault = judge((unsigned char)c, path->flags);
    return fault == ZTA_PATH_OK ? put(path, &c, 1) : fault;
}

/* Value of the two hex digits at the start of text, -1 when there are none. */
static int hex_pair(const char *text, size_t len)
{
    if (len < 2) {
        return -1;
    }
    int high = zta_hex_digit(text[0]);
    int low = zta_hex_digit(text[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* How much of the start of text stands for itself whatever the flags are. */
static size_t plain_len(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && text[i] > ' ' && text[i] < 0x7f && text[i] != '%' && text[i] != '\\' &&
           text[i] != ';' && text[i] != '#' && text[i] != '?') {
        i++;
    }
    return i;
}

static enum zta_path_fault decode(struct zta_text raw, struct decoded *path)
{
    for (size_t i = 0; i < raw.len; i++) {
        enum zta_path_fault fault;
        size_t n_plain = plain_len(raw.data + i, raw.len - i);
        if (n_plain > 0) {
            fault = put(path, raw.data + i, n_plain);
            i += n_plain - 1;
        }
        else if (raw.data[i] == '%') {
            int value = hex_pair(raw.data + i + 1, raw.len - i - 1);
            fault = value < 0 ? ZTA_PATH_BAD_ESCAPE : put_escaped(path, (char)value);
            i += 2;
        }
        else {
            fault = put_raw(path, raw.data[i]);
        }
        if (fault != ZTA_PATH_OK) {
            return fault;
        }
    }
    return ZTA_PATH_OK;
}

static bool is_escape(const char *at, size_t len, const char *escape)
{
    return len >= ESCAPE_LEN && memcmp(at, escape, ESCAPE_LEN) == 0;
}

/*
 * A literal per cent sign before two hex digits, or before the u and four digits that IIS decodes,
 * is an escape to a server that decodes again.
 */
static enum zta_path_fault find_double_encoding(const struct decoded *path)
{
    for (size_t i = 0; i < path->len; i++) {
        const char *at = path->text + i;
        if (!is_escape(at, path->len - i, ESCAPED_PERCENT)) {
            continue;
        }
        const char *rest = at + ESCAPE_LEN;
        size_t left = path->len - i - ESCAPE_LEN;
        int value = hex_pair(rest, left);
        if (value == '\\') {
            return ZTA_PATH_BACKSLASH;
        }
        bool is_wide = left >= 5 && (rest[0] == 'u' || rest[0] == 'U') &&
                       hex_pair(rest + 1, 2) >= 0 && hex_pair(rest + 3, 2) >= 0;
        if (value >= 0 || is_wide) {
            return ZTA_PATH_DOUBLE_ENCODED;
        }
    }
    return ZTA_PATH_OK;
}

/* U+FF0E, which a server that maps wide forms to ASCII reads as a dot. */
#define WIDE_DOT "\xef\xbc\x8e"

/*
 * Dots and spaces alone, at least one dot: servers that strip trailing dots or spaces make . or ..
 * of all of these.
 */
static bool is_dot_segment(const char *at, size_t len)
{
    bool has_dot = false;
    for (size_t i = 0; i < len; i++) {
        if (at[i] == '.') {
            has_dot = true;
        }
        else if (len - i >= 3 && memcmp(at + i, WIDE_DOT, 3) == 0) {
            has_dot = true;
            i += 2;
        }
        else if (at[i] != ' ') {
            return false;
        }
    }
    return has_dot;
}

/* Dot segments between slashes of either kind. */
static bool has_dot_segment(const char *at, size_t len)
{
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        if (is_escape(at + i, len - i, ESCAPED_SLASH)) {
            if (is_dot_segment(at + start, i - start)) {
                return true;
            }
            start = i + ESCAPE_LEN;
        }
    }
    return is_dot_segment(at + start, len - start);
}

/* Cuts parameters and empty segments, in place. */
static enum zta_path_fault clean_segments(struct decoded *path)
{
    size_t kept = 1; /* the first slash */
    for (size_t i = 1; i < path->len;) {
        const char *at = path->text + i;
        size_t left = path->len - i;
        const char *slash = memchr(at, '/', left);
        size_t len = slash == NULL ? left : (size_t)(slash - at);
        const char *parameter = memchr(at, ';', len);
        size_t name_len = parameter == NULL ? len : (size_t)(parameter - at);
        /* One server ends the parameter at such a slash, the other does not. */
        for (size_t j = name_len; j < len; j++) {
            if (is_escape(at + j, len - j, ESCAPED_SLASH)) {
                return ZTA_PATH_SLASH;
            }
        }
        if (has_dot_segment(at, name_len)) {
            return ZTA_PATH_DOT_SEGMENT;
        }
        memmove(path->text + kept, at, name_len);
        kept += name_len;
        if (slash != NULL && name_len > 0) {
            path->text[kept++] = '/';
        }
        i += slash == NULL ? len : len + 1;
    }
    path->len = kept;
    return ZTA_PATH_OK;
}

/* What stands for itself in a path, whatever the flags are. */
static const bool is_ordinary[UCHAR_MAX + 1] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true,
    ['_'] = true,         ['~'] = true,         ['/'] = true,         ['!'] = true, ['$'] = true,
    ['&'] = true,         ['\''] = true,        ['('] = true,         [')'] = true, ['*'] = true,
    ['+'] = true,         [','] = true,         ['='] = true,         [':'] = true, ['@'] = true,
};

/* In normal form as it was sent, as nearly all are: no segment is empty or begins with a dot. */
static bool is_normal(struct zta_text raw)
{
    char before = '\0';
    for (size_t i = 0; i < raw.len; i++) {
        const char c = raw.data[i];
        if (!is_ordinary[(unsigned char)c] || (before == '/' && (c == '/' || c == '.'))) {
            return false;
        }
        before = c;
    }
    return raw.len <= ZTA_PATH_MAX;
}

static enum zta_path_fault give(const char *text, size_t len, char *out, size_t size,
                                size_t *out_len)
{
    if (len >= size) {
        return ZTA_PATH_TOO_LONG;
    }
    memcpy(out, text, len);
    out[len] = '\0';
    *out_len = len;
    return ZTA_PATH_OK;
}

enum zta_path_fault zta_path_normalise(struct zta_text raw, unsigned flags, char *out, size_t size,
                                       size_t *out_len)
{
    if (raw.len == 0 || raw.data[0] != '/') {
        return ZTA_PATH_NOT_ABSOLUTE;
    }
    if (is_normal(raw)) {
        return give(raw.data, raw.len, out, size, out_len);
    }
    struct decoded path;
    path.len = 0;
    path.flags = flags;
    enum zta_path_fault fault = decode(raw, &path);
    if (fault == ZTA_PATH_OK) {
        fault = find_double_encoding(&path);
    }
    if (fault == ZTA_PATH_OK) {
        struct zta_text decoded = {.data = path.text, .len = path.len};
        fault = zta_text_is_utf8(decoded) ? ZTA_PATH_OK : ZTA_PATH_UTF8;
    }
    if (fault == ZTA_PATH_OK) {
        fault = clean_segments(&path);
    }
    return fault == ZTA_PATH_OK ? give(path.text, path.len, out, size, out_len) : fault;
}
