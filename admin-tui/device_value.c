/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a device as they are written, in files and on the command line. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/device_file.h"
#include "admin-tui/device_file_priv.h"
#include "shared/base/base64.h"
#include "shared/base/limits.h"

static const char *const column_names[] = {
#define CTL_COLUMN(upper, name) [CTL_COLUMN_##upper] = (name),
#include "admin-tui/device_columns.def"
#undef CTL_COLUMN
};

const char *ctl_column_name(enum ctl_column column)
{
    return (unsigned)column < CTL_N_COLUMNS ? column_names[column] : NULL;
}

enum ctl_column ctl_column_find(struct zta_text name)
{
    enum ctl_column column = 0;
    while (column < CTL_N_COLUMNS &&
           !zta_text_equal_nocase(name, zta_text_of(column_names[column]))) {
        column++;
    }
    return column;
}

void ctl_column_list(struct zta_buffer *out)
{
    for (enum ctl_column column = 0; column <= CTL_COLUMN_NOTE; column++) {
        zta_buffer_printf(out, "%s%s", column == 0 ? "" : ", ", column_names[column]);
    }
}

const char *ctl_excerpt(struct zta_text text, char out[CTL_EXCERPT_SIZE])
{
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, CTL_EXCERPT_SIZE - 3);
    zta_buffer_safe(&buffer, text);
    if (buffer.is_overflowed) {
        memcpy(out + buffer.len, "...", sizeof "...");
    }
    return out;
}

static enum zta_status refuse(struct zta_error *error, enum ctl_column column,
                              struct zta_text value, const char *expected)
{
    char excerpt[CTL_EXCERPT_SIZE];
    return zta_error_set(error, ZTA_INVALID, "%s: found '%s', expected %s", column_names[column],
                         ctl_excerpt(value, excerpt), expected);
}

static enum zta_device_trait trait_of(enum ctl_column column)
{
    return column == CTL_COLUMN_MANAGED     ? ZTA_DEVICE_MANAGED
           : column == CTL_COLUMN_COMPLIANT ? ZTA_DEVICE_COMPLIANT
                                            : ZTA_DEVICE_ENCRYPTED;
}

static enum zta_status take_trait(struct ctl_device_row *row, enum ctl_column column,
                                  struct zta_text value, struct zta_error *error)
{
    const uint8_t bit = (uint8_t)(1u << trait_of(column));
    struct zta_answers *traits = &row->device.traits;
    bool is_yes = zta_text_equal_nocase(value, ZTA_TEXT("yes")) ||
                  zta_text_equal_nocase(value, ZTA_TEXT("true"));
    bool is_no = zta_text_equal_nocase(value, ZTA_TEXT("no")) ||
                 zta_text_equal_nocase(value, ZTA_TEXT("false"));
    if (!is_yes && !is_no && value.len > 0 && !zta_text_equal_nocase(value, ZTA_TEXT("unknown"))) {
        return refuse(error, column, value, "yes, no or unknown");
    }
    traits->known = (uint8_t)((traits->known & ~bit) | (is_yes || is_no ? bit : 0));
    traits->yes = (uint8_t)((traits->yes & ~bit) | (is_yes ? bit : 0));
    return ZTA_OK;
}

enum zta_status ctl_thumbprint_parse(struct zta_text text, struct zta_sha256 *digest)
{
    char hex[2 * ZTA_SHA256_SIZE];
    size_t size = 0;
    size_t n = 0;
    if (text.len == ZTA_BASE64URL_LEN(ZTA_SHA256_SIZE)) {
        enum zta_status status =
            zta_base64url_decode(text, digest->bytes, sizeof digest->bytes, &size);
        return status == ZTA_OK && size == sizeof digest->bytes ? ZTA_OK : ZTA_INVALID;
    }
    bool has_colons = text.len == sizeof hex + ZTA_SHA256_SIZE - 1;
    if (text.len != sizeof hex && !has_colons) {
        return ZTA_INVALID;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (has_colons && i % 3 == 2) {
            if (text.data[i] != ':') {
                return ZTA_INVALID;
            }
        }
        else {
            hex[n++] = text.data[i];
        }
    }
    const struct zta_text digits = {.data = hex, .len = n};
    return zta_hex_decode(digits, digest->bytes, sizeof digest->bytes);
}

/* Digests take less room than the text that they are read from, one behind the other. */
static enum zta_status take_certificates(struct ctl_device_row *row, struct zta_text value,
                                         char *room, struct zta_error *error)
{
    size_t at = 0;
    row->device.n_certificates = 0;
    row->device.certificates = (const struct zta_sha256 *)(const void *)room;
    while (at < value.len) {
        size_t len = 0;
        struct zta_sha256 digest;
        while (at + len < value.len && value.data[at + len] != ' ') {
            len++;
        }
        const struct zta_text word = {.data = value.data + at, .len = len};
        at += len + 1;
        if (len == 0) {
            continue;
        }
        if (ctl_thumbprint_parse(word, &digest) != ZTA_OK) {
            return refuse(error, CTL_COLUMN_CERTIFICATES, word,
                          "SHA-256 of a certificate in DER, as base64url or hex");
        }
        if (row->device.n_certificates == ZTA_DEVICE_CERTIFICATES_MAX) {
            return zta_error_set(error, ZTA_INVALID, "certificates: found more than %d",
                                 ZTA_DEVICE_CERTIFICATES_MAX);
        }
        memcpy(room + row->device.n_certificates * sizeof digest, digest.bytes, sizeof digest);
        row->device.n_certificates++;
    }
    return ZTA_OK;
}

static enum zta_status take_os(struct ctl_device_row *row, struct zta_text value, char *room,
                               struct zta_error *error)
{
    char lower[ZTA_DEVICE_OS_MAX];
    const struct zta_text os = {.data = lower, .len = value.len};
    for (size_t i = 0; i < value.len && i < sizeof lower; i++) {
        char c = value.data[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    if (value.len > sizeof lower || !zta_device_os_is_valid(os)) {
        return refuse(error, CTL_COLUMN_OS, value,
                      "a name such as macos or windows: letters, digits, '-', '_', '.'");
    }
    memcpy(room, lower, value.len);
    row->device.os = (struct zta_text){.data = room, .len = value.len};
    return ZTA_OK;
}

static enum zta_status take_text(struct ctl_device_row *row, enum ctl_column column,
                                 struct zta_text value, struct zta_error *error)
{
    if (column == CTL_COLUMN_OWNER) {
        row->owner = value;
        return zta_text_is_utf8(value) && value.len <= ZTA_SUBJECT_MAX + 1 + ZTA_NAME_MAX
                   ? ZTA_OK
                   : refuse(error, column, value, "SUBJECT@ISSUER in UTF-8");
    }
    if (column == CTL_COLUMN_NOTE) {
        row->device.note = value;
        return zta_text_is_utf8(value) && value.len <= ZTA_DEVICE_NOTE_MAX
                   ? ZTA_OK
                   : refuse(error, column, value, "UTF-8 of at most 256 bytes");
    }
    row->device.os_version = value;
    return zta_device_os_version_is_valid(value)
               ? ZTA_OK
               : refuse(error, column, value, "numbers parted by dots, such as 14.2");
}

_Static_assert(ZTA_DEVICE_NOTE_MAX == 256 && ZTA_DEVICE_ID_MAX == 128, "as the messages say");

/* "" of a text: none. */
static enum zta_status forget(struct ctl_device_row *row, enum ctl_column column)
{
    const struct zta_text none = {.data = NULL};
    switch (column) {
    case CTL_COLUMN_OWNER:
        row->owner = none;
        break;
    case CTL_COLUMN_OS:
        row->device.os = none;
        break;
    case CTL_COLUMN_OS_VERSION:
        row->device.os_version = none;
        break;
    case CTL_COLUMN_NOTE:
        row->device.note = none;
        break;
    default:
        break;
    }
    return ZTA_OK;
}

enum zta_status ctl_device_value(struct ctl_device_row *row, enum ctl_column column,
                                 struct zta_text value, char *room, struct zta_error *error)
{
    row->given |= 1u << column;
    switch (column) {
    case CTL_COLUMN_ID:
        row->device.id = value;
        return zta_device_id_is_valid(value)
                   ? ZTA_OK
                   : refuse(error, column, value,
                            "1 to 128 bytes without controls, quotes, or spaces at an end");
    case CTL_COLUMN_MANAGED:
    case CTL_COLUMN_COMPLIANT:
    case CTL_COLUMN_ENCRYPTED:
        return take_trait(row, column, value, error);
    case CTL_COLUMN_CERTIFICATES:
        return take_certificates(row, value, room, error);
    case CTL_COLUMN_OS:
        return value.len == 0 ? forget(row, column) : take_os(row, value, room, error);
    case CTL_COLUMN_OWNER:
    case CTL_COLUMN_OS_VERSION:
    case CTL_COLUMN_NOTE:
        return value.len == 0 ? forget(row, column) : take_text(row, column, value, error);
    case CTL_COLUMN_CREATED:
    case CTL_COLUMN_CHANGED:
    case CTL_COLUMN_CHANGED_BY:
    case CTL_N_COLUMNS:
        break;
    }
    return ZTA_OK;
}
