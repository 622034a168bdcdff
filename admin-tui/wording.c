/* SPDX-License-Identifier: Apache-2.0 */
/* Targets in words: for people, for the audit trail, for a shell. */
#include <string.h>

#include "admin-tui/target.h"

/* Words that a shell takes as they are. */
static bool is_plain(struct zta_text word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%_-+=:,./";
    for (size_t i = 0; i < word.len; i++) {
        if (memchr(plain, word.data[i], sizeof plain - 1) == NULL) {
            return false;
        }
    }
    return word.len > 0;
}

void ctl_quote(struct zta_buffer *out, struct zta_text word)
{
    if (is_plain(word)) {
        zta_buffer_text(out, word);
        return;
    }
    zta_buffer_string(out, "'");
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] == '\'') {
            zta_buffer_string(out, "'\\''");
        }
        else {
            zta_buffer_append(out, &word.data[i], 1);
        }
    }
    zta_buffer_string(out, "'");
}

void ctl_print_change(struct zta_buffer *out, struct zta_text change)
{
    bool is_parted = false;
    for (size_t i = 0; i < change.len; i++) {
        char c = change.data[i];
        if (c == ' ' || c == '\n' || c == '\t') {
            is_parted = true;
            continue;
        }
        zta_buffer_string(out, is_parted && out->len > 0 ? " " : "");
        zta_buffer_append(out, &c, 1);
        is_parted = false;
    }
}

static void print_name(struct zta_buffer *out, struct zta_text name, struct zta_text issuer)
{
    zta_buffer_text(out, name);
    zta_buffer_string(out, "@");
    zta_buffer_text(out, issuer);
}

/* What stands behind the option or word of its kind. */
static void print_value(const struct zta_revocation *record, struct zta_buffer *out)
{
    char hex[2 * ZTA_SHA256_SIZE + 1];
    switch (record->kind) {
    case ZTA_REVOKE_SESSION:
        zta_hex_encode(record->session, sizeof record->session, hex);
        zta_buffer_string(out, hex);
        break;
    case ZTA_REVOKE_SUBJECT:
        print_name(out, record->subject, record->issuer);
        break;
    case ZTA_REVOKE_CLIENT:
        print_name(out, record->client, record->issuer);
        break;
    case ZTA_REVOKE_ISSUER:
        zta_buffer_text(out, record->issuer);
        break;
    case ZTA_REVOKE_APIKEY:
        zta_buffer_text(out, record->apikey_id);
        break;
    case ZTA_REVOKE_DEVICE:
        zta_buffer_text(out, record->device);
        break;
    case ZTA_REVOKE_TOKEN:
        zta_hex_encode(record->token_id.bytes, ZTA_SESSION_ID_SIZE, hex);
        zta_buffer_string(out, hex);
        break;
    }
}

void ctl_target_print(const struct zta_revocation *record, struct zta_buffer *out)
{
    zta_buffer_printf(out, "%s ", zta_revocation_kind_name(record->kind));
    print_value(record, out);
}

void ctl_target_print_selector(const struct zta_revocation *record, struct zta_buffer *out)
{
    char value[2 * ZTA_SUBJECT_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, value, sizeof value);
    print_value(record, &buffer);
    zta_buffer_printf(out, "--%s ", zta_revocation_kind_name(record->kind));
    ctl_quote(out, (struct zta_text){.data = value, .len = buffer.len});
}

#define CAN_LOG_IN                                                                                 \
    "The user can log in again, once the issuer's ZTALeeway (60 s by default) has passed. A "      \
    "token "                                                                                       \
    "that does not say when the login was (auth_time) stays refused until unrevoke."

const char *ctl_target_effect(const struct zta_revocation *record)
{
    bool is_local = zta_text_equal(record->issuer, ZTA_TEXT(CTL_LOCAL_ISSUER));
    switch (record->kind) {
    case ZTA_REVOKE_SESSION:
        if (record->session_kind == ZTA_SESSION_APIKEY) {
            return "This key is refused, with either of its secrets, until unrevoke.";
        }
        return record->session_kind == ZTA_SESSION_SID
                   ? "Every token of this session is refused, refreshed ones too. The user can log "
                     "in again: a new login is another session."
                   : "The session has no session id of its issuer (sid): refused are tokens "
                     "without "
                     "sid of this subject and client whose login was up to now. " CAN_LOG_IN;
    case ZTA_REVOKE_SUBJECT:
        return is_local ? "Every API key of this owner is refused until unrevoke."
                        : "Every login of this subject up to now is refused, refreshed tokens "
                          "too. " CAN_LOG_IN;
    case ZTA_REVOKE_CLIENT:
        return "Every login through this client up to now is refused, refreshed tokens "
               "too. " CAN_LOG_IN;
    case ZTA_REVOKE_ISSUER:
        return is_local ? "Every API key is refused until unrevoke."
                        : "Every login at this issuer up to now is refused, refreshed tokens "
                          "too. " CAN_LOG_IN;
    case ZTA_REVOKE_APIKEY:
        return "This key is refused, with either of its secrets, until unrevoke. Other keys of the "
               "same owner are not touched.";
    case ZTA_REVOKE_TOKEN:
        return "This very token is refused. Other tokens of the user are not touched, and the user "
               "can get a new one.";
    case ZTA_REVOKE_DEVICE:
        return "Every login up to now is refused from this device, whatever names it (certificate, "
               "token or posture), refreshed tokens too. A request that does not say its device is "
               "not hit: revoke its session or subject. " CAN_LOG_IN;
    }
    return "";
}

void ctl_block_print(const struct zta_block *block, struct zta_buffer *out)
{
    char network[ZTA_CIDR_TEXT_MAX];
    switch (block->kind) {
    case ZTA_BLOCK_NETWORK:
        zta_cidr_print(&block->network, network);
        zta_buffer_string(out, network);
        break;
    case ZTA_BLOCK_SUBJECT:
        print_name(out, block->subject, block->issuer);
        break;
    }
}
