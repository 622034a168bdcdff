/* SPDX-License-Identifier: Apache-2.0 */
/* Whom or what an operator means: from what was typed to a revocation or a block. */
#ifndef CTL_TARGET_H
#define CTL_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "admin-tui/options.h"
#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/store/blocks.h"
#include "shared/store/devices.h"
#include "shared/store/keys.h"
#include "shared/store/keysets.h"
#include "shared/store/revocations.h"

#define CTL_ISSUERS_MAX    64
#define CTL_ISSUER_URL_MAX 512
#define CTL_LOCAL_ISSUER   "local"

/* Issuers as the running server published them; API keys' own comes with every configuration. */
struct ctl_issuers {
    char names[CTL_ISSUERS_MAX][ZTA_NAME_MAX + 1];
    char urls[CTL_ISSUERS_MAX][CTL_ISSUER_URL_MAX];
    size_t n;
    bool is_published; /* false: no server has run on this store */
};
enum zta_status ctl_issuers_load(struct zta_view *view, struct ctl_issuers *issuers,
                                 struct zta_error *error) ZTA_MUST_CHECK;

/*
 * "alice@corp", or "alice" where one issuer is configured; what: a word for the error ("subject").
 * Issuer and name point into text or issuers. ZTA_INVALID says which names there are.
 */
struct ctl_name {
    struct zta_text issuer;
    struct zta_text name;
};
enum zta_status ctl_name_resolve(const struct ctl_issuers *issuers, struct zta_text text,
                                 const char *what, struct ctl_name *name,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/* The issuer itself, by its name. */
enum zta_status ctl_issuer_resolve(const struct ctl_issuers *issuers, struct zta_text text,
                                   struct zta_error *error) ZTA_MUST_CHECK;

/* A revocation's target. Kind and text come from the command line, the rest from resolving them. */
struct ctl_target {
    enum zta_revocation_kind kind;
    struct zta_text text;
    bool is_token;                /* the text is a token, read from standard input */
    struct zta_revocation record; /* points into the fields below */
    char issuer[ZTA_NAME_MAX + 1];
    char subject[ZTA_SUBJECT_MAX + 1];
    char client[ZTA_SUBJECT_MAX + 1];
    char key_id[ZTA_KEY_ID_LEN + 1];
    char key_name[ZTA_NAME_MAX + 1];
    char device[ZTA_DEVICE_ID_MAX + 1];
};

/* Any selector is among the options. */
bool ctl_target_is_selected(const struct ctl_options *options);
/* Exactly one selector among the options: kind and text. ZTA_INVALID: none or several. */
enum zta_status ctl_target_select(const struct ctl_options *options, struct ctl_target *target,
                                  struct zta_error *error) ZTA_MUST_CHECK;
/*
 * Fills the record. ZTA_NOT_FOUND: no such session or key; a session that is gone but revoked is
 * found by its revocation. Reads the token from standard input for "-", before the view is used.
 */
enum zta_status ctl_target_resolve(struct zta_store *store, struct ctl_target *target,
                                   struct zta_error *error) ZTA_MUST_CHECK;

/* "subject alice@corp": for people, audit and messages; not yet made safe. */
void ctl_target_print(const struct zta_revocation *record, struct zta_buffer *out);
/* "--subject alice@corp", quoted for a shell. */
void ctl_target_print_selector(const struct zta_revocation *record, struct zta_buffer *out);
/* What revoking it does, and whether the user can come back. */
const char *ctl_target_effect(const struct zta_revocation *record);

/* An address, a network, else a subject. The block's texts point into text or issuers. */
enum zta_status ctl_block_resolve(const struct ctl_issuers *issuers, struct zta_text text,
                                  struct zta_block *block, struct zta_error *error) ZTA_MUST_CHECK;
/* "192.0.2.0/24", "alice@corp". */
void ctl_block_print(const struct zta_block *block, struct zta_buffer *out);

/* What stands between the issuer and its tokens, in one word: "good", "failing", "too old", ... */
#define CTL_ISSUER_GOOD "good"
const char *ctl_issuer_state(const struct zta_keyset_record *record, int64_t now_s);

/* By id, else by name, living keys first. storage has ZTA_KEY_STORAGE_SIZE bytes. */
enum zta_status ctl_key_find(struct zta_view *view, struct zta_text text, void *storage,
                             struct zta_key *key, struct zta_error *error) ZTA_MUST_CHECK;

/* One word of a command line, in quotes where a shell needs them. */
void ctl_quote(struct zta_buffer *out, struct zta_text word);

/* A change as one line: line breaks and runs of blanks, as rules have them, become one blank. */
void ctl_print_change(struct zta_buffer *out, struct zta_text change);

#endif
