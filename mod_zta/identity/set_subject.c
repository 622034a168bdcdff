/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subjects (RFC 9493, SSF 1.0 section 3). Every member that is named has to be known here, or
 * nothing is done: to leave one out would be to speak of more than was meant. Only tenant, org_unit
 * and group, which nobody here has, are any, as SSF wants it, and alone they are everybody.
 */
#include <string.h>

#include "mod_zta/identity/set_priv.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/limits.h"
#include "shared/store/devices.h"

#define IDENTIFIERS_MAX 8

static const char *const member_names[MOD_ZTA_SET_N_MEMBERS] = {
    [MOD_ZTA_SET_USER] = "user",     [MOD_ZTA_SET_SESSION] = "session",
    [MOD_ZTA_SET_DEVICE] = "device", [MOD_ZTA_SET_APPLICATION] = "application",
    [MOD_ZTA_SET_TENANT] = "tenant", [MOD_ZTA_SET_ORG_UNIT] = "org_unit",
    [MOD_ZTA_SET_GROUP] = "group",
};

const char *mod_zta_set_member_name(enum mod_zta_set_member member)
{
    return (unsigned)member < MOD_ZTA_SET_N_MEMBERS ? member_names[member] : NULL;
}

enum format {
    ACCOUNT = 0,
    EMAIL,
    ISS_SUB,
    OPAQUE,
    PHONE_NUMBER,
    DID,
    URI,
    JWT_ID,
    SAML_ASSERTION_ID,
    IP_ADDRESSES,
    ALIASES,
    COMPLEX,
    N_FORMATS
};

/* The texts that a subject of a format must have; the first one names it where there is one. */
static const struct {
    const char *name;
    const char *texts[2];
} formats[N_FORMATS] = {
    [ACCOUNT] = {.name = "account", .texts = {"uri"}},
    [EMAIL] = {.name = "email", .texts = {"email"}},
    [ISS_SUB] = {.name = "iss_sub", .texts = {"sub", "iss"}},
    [OPAQUE] = {.name = "opaque", .texts = {"id"}},
    [PHONE_NUMBER] = {.name = "phone_number", .texts = {"phone_number"}},
    [DID] = {.name = "did", .texts = {"url"}},
    [URI] = {.name = "uri", .texts = {"uri"}},
    [JWT_ID] = {.name = "jwt_id", .texts = {"jti", "iss"}},
    [SAML_ASSERTION_ID] = {.name = "saml_assertion_id", .texts = {"assertion_id", "issuer"}},
    [IP_ADDRESSES] = {.name = "ip-addresses"},
    [ALIASES] = {.name = "aliases"},
    [COMPLEX] = {.name = "complex"},
};

/* A subject that is no complex one, read. */
struct simple {
    enum format format;
    struct zta_text text; /* what names it */
    struct zta_text iss;
};

/* Texts of a list, none of them empty. */
static bool is_list_of_texts(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (mod_zta_json_text_of(json_array_get(list, i)).len == 0) {
            return false;
        }
    }
    return json_array_size(list) > 0;
}

static bool read_format(struct mod_zta_set_judging *judging, const json_t *subject,
                        enum format *format)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    struct zta_text name = mod_zta_json_text(subject, "format");
    if (zta_text_is_absent(name) && judging->from->is_legacy) {
        name = mod_zta_json_text(subject, "subject_type");
    }
    for (unsigned i = 0; i < N_FORMATS; i++) {
        if (zta_text_equal(name, zta_text_of(formats[i].name)) ||
            (judging->from->is_legacy && i == ISS_SUB &&
             zta_text_equal(name, ZTA_TEXT("iss-sub")))) {
            *format = (enum format)i;
            return true;
        }
    }
    return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "a subject's format is '%s'",
                              mod_zta_excerpt(name, excerpt));
}

static bool read_simple(struct mod_zta_set_judging *judging, const json_t *subject,
                        struct simple *simple)
{
    struct zta_text found[2] = {{.data = NULL}, {.data = NULL}};
    if (!json_is_object(subject)) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "a subject is no object");
    }
    if (!read_format(judging, subject, &simple->format)) {
        return false;
    }
    const char *const *texts = formats[simple->format].texts;
    for (size_t i = 0; i < 2 && texts[i] != NULL; i++) {
        found[i] = mod_zta_json_text(subject, texts[i]);
        if (found[i].len == 0 || found[i].len > ZTA_SUBJECT_MAX) {
            return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD,
                                      "a subject's %s is no text of 1 to %d bytes", texts[i],
                                      ZTA_SUBJECT_MAX);
        }
    }
    simple->text = found[0];
    simple->iss = found[1];
    if (simple->format == IP_ADDRESSES &&
        !is_list_of_texts(json_object_get(subject, "ip-addresses"))) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "ip-addresses is no list of texts");
    }
    return true;
}

/* ---- who that is here ---- */

static const struct mod_zta_issuer *issuer_by_url(const struct mod_zta_transmitter *from,
                                                  struct zta_text url)
{
    for (size_t i = 0; i < from->n_speaks_for; i++) {
        if (zta_text_equal(from->speaks_for[i]->url, url)) {
            return from->speaks_for[i];
        }
    }
    return NULL;
}

/* The one whose subjects are that claim; NULL where none or several could be meant. */
static const struct mod_zta_issuer *issuer_by_claim(const struct mod_zta_transmitter *from,
                                                    const char *claim)
{
    const struct mod_zta_issuer *found = NULL;
    for (size_t i = 0; i < from->n_speaks_for; i++) {
        if (zta_text_equal(from->speaks_for[i]->claims.subject, zta_text_of(claim))) {
            if (found != NULL) {
                return NULL;
            }
            found = from->speaks_for[i];
        }
    }
    return found;
}

static const struct mod_zta_issuer *only_issuer(const struct mod_zta_transmitter *from)
{
    return from->n_speaks_for == 1 ? from->speaks_for[0] : NULL;
}

static bool deny(struct mod_zta_set_judging *judging, struct zta_text iss)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    return mod_zta_set_refuse(judging, MOD_ZTA_SET_DENIED,
                              "it speaks for '%s', which ZTAMaySpeakFor does not name",
                              mod_zta_excerpt(iss, excerpt));
}

/* A name of that issuer; *is_known false: nobody has it here, or two issuers are mixed. */
static bool put_name(struct zta_notice *notice, const struct mod_zta_issuer *issuer,
                     struct zta_text *name, struct zta_text value)
{
    if (issuer == NULL ||
        (!zta_text_is_absent(notice->issuer) && !zta_text_equal(notice->issuer, issuer->name)) ||
        (!zta_text_is_absent(*name) && !zta_text_equal(*name, value))) {
        return false;
    }
    notice->issuer = issuer->name;
    *name = value;
    return true;
}

static bool resolve_user(const struct mod_zta_set_judging *judging, const struct simple *simple,
                         struct zta_notice *notice)
{
    const struct mod_zta_transmitter *from = judging->from;
    const struct mod_zta_issuer *issuer = NULL;
    switch (simple->format) {
    case ISS_SUB:
        issuer = issuer_by_url(from, simple->iss);
        issuer = zta_text_equal(issuer->claims.subject, ZTA_TEXT("sub")) ? issuer : NULL;
        break;
    case EMAIL:
        issuer = issuer_by_claim(from, "email");
        break;
    case PHONE_NUMBER:
        issuer = issuer_by_claim(from, "phone_number");
        break;
    case ACCOUNT:
    case OPAQUE:
    case DID:
    case URI:
        issuer = issuer_by_claim(from, "sub");
        break;
    case JWT_ID:
    case SAML_ASSERTION_ID:
    case IP_ADDRESSES:
    case ALIASES:
    case COMPLEX:
    case N_FORMATS:
        break;
    }
    return put_name(notice, issuer, &notice->subject, simple->text);
}

static bool is_plain_id(enum format format)
{
    return format == ISS_SUB || format == OPAQUE || format == ACCOUNT || format == DID ||
           format == URI;
}

/* False: nobody is known here by it. An iss that is there is one it may speak for. */
static bool resolve(struct mod_zta_set_judging *judging, enum mod_zta_set_member member,
                    const struct simple *simple, struct zta_notice *notice)
{
    const struct mod_zta_issuer *issuer = simple->format == ISS_SUB || simple->format == JWT_ID
                                              ? issuer_by_url(judging->from, simple->iss)
                                              : only_issuer(judging->from);
    if (simple->format == JWT_ID) {
        return put_name(notice, issuer, &notice->token, simple->text);
    }
    switch (member) {
    case MOD_ZTA_SET_USER:
        return resolve_user(judging, simple, notice);
    case MOD_ZTA_SET_SESSION:
        return is_plain_id(simple->format) && put_name(notice, issuer, &notice->sid, simple->text);
    case MOD_ZTA_SET_APPLICATION:
        return is_plain_id(simple->format) &&
               put_name(notice, issuer, &notice->client, simple->text);
    case MOD_ZTA_SET_DEVICE:
        if (!is_plain_id(simple->format) || !zta_device_id_is_valid(simple->text)) {
            return false;
        }
        notice->device = simple->text;
        return true;
    case MOD_ZTA_SET_TENANT:
    case MOD_ZTA_SET_ORG_UNIT:
    case MOD_ZTA_SET_GROUP:
    case MOD_ZTA_SET_N_MEMBERS:
        break;
    }
    return false;
}

/* iss of a device may be the transmitter's own: devices belong to no issuer of tokens. */
static bool may_speak(struct mod_zta_set_judging *judging, enum mod_zta_set_member member,
                      const struct simple *simple)
{
    const bool is_own =
        member == MOD_ZTA_SET_DEVICE && zta_text_equal(simple->iss, judging->from->issuer->url);
    return (simple->format != ISS_SUB && simple->format != JWT_ID) || is_own ||
           member >= MOD_ZTA_SET_TENANT || issuer_by_url(judging->from, simple->iss) != NULL ||
           deny(judging, simple->iss);
}

/* One subject, or several names of the same; *is_known: by at least one of them. */
static bool read_member(struct mod_zta_set_judging *judging, enum mod_zta_set_member member,
                        const json_t *value, bool *is_known)
{
    struct zta_notice *notice = &judging->result->notice;
    struct simple simple;
    *is_known = false;
    if (!read_simple(judging, value, &simple)) {
        return false;
    }
    if (simple.format == COMPLEX) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "a complex subject within another");
    }
    if (simple.format != ALIASES) {
        *is_known =
            may_speak(judging, member, &simple) && resolve(judging, member, &simple, notice);
        return judging->result->err == NULL;
    }
    const json_t *list = json_object_get(value, "identifiers");
    const size_t n = json_array_size(list);
    if (n == 0 || n > IDENTIFIERS_MAX) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "identifiers is no list of 1 to %d",
                                  IDENTIFIERS_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        if (!read_simple(judging, json_array_get(list, i), &simple)) {
            return false;
        }
        if (simple.format == ALIASES || simple.format == COMPLEX) {
            return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "identifiers within identifiers");
        }
        if (!may_speak(judging, member, &simple)) {
            return false;
        }
        *is_known = resolve(judging, member, &simple, notice) || *is_known;
    }
    return true;
}

/* ---- all members together ---- */

static enum zta_notice_reach reach_of(const struct mod_zta_set_judging *judging)
{
    const struct zta_notice *notice = &judging->result->notice;
    const bool has_device = !zta_text_is_absent(notice->device);
    const bool has_client = !zta_text_is_absent(notice->client);
    if (!zta_text_is_absent(notice->sid) || !zta_text_is_absent(notice->token)) {
        return ZTA_NOTICE_ONE;
    }
    if (!zta_text_is_absent(notice->subject)) {
        return has_device && has_client ? ZTA_NOTICE_UNPROCESSED : ZTA_NOTICE_ONE;
    }
    if (has_device && !has_client) {
        /* A compliance is of the device; logins on it are of an issuer. */
        return notice->effect == ZTA_NOTICE_DEVICE || only_issuer(judging->from) != NULL
                   ? ZTA_NOTICE_ONE
                   : ZTA_NOTICE_MANY;
    }
    return ZTA_NOTICE_MANY;
}

static void forget_names(struct zta_notice *notice)
{
    notice->issuer = notice->sid = notice->subject = notice->client = notice->device =
        notice->token = (struct zta_text){.data = NULL};
}

static void note_reach(struct zta_notice *notice, enum zta_notice_reach reach,
                       struct zta_buffer *detail, const char *why)
{
    notice->reach = reach;
    zta_buffer_printf(detail, "%s%s", detail->len > 0 ? "; " : "", why);
}

/* Which member it is, MOD_ZTA_SET_N_MEMBERS for one that is not known. */
static enum mod_zta_set_member member_of(const char *name)
{
    unsigned member = 0;
    while (member < MOD_ZTA_SET_N_MEMBERS && strcmp(member_names[member], name) != 0) {
        member++;
    }
    return (enum mod_zta_set_member)member;
}

static bool read_complex(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    struct zta_notice *notice = &judging->result->notice;
    unsigned seen = 0;
    unsigned unknown = 0;
    const char *name;
    json_t *value;
    json_object_foreach(judging->subject, name, value)
    {
        const enum mod_zta_set_member member = member_of(name);
        bool is_known = false;
        if (strcmp(name, "format") == 0 || strcmp(name, "subject_type") == 0) {
            continue;
        }
        if (member == MOD_ZTA_SET_N_MEMBERS) {
            unknown |= 1u << MOD_ZTA_SET_N_MEMBERS;
            continue;
        }
        if (!read_member(judging, member, value, &is_known)) {
            return false;
        }
        seen |= 1u << member;
        unknown |= is_known ? 0 : 1u << member;
    }
    const unsigned any =
        1u << MOD_ZTA_SET_TENANT | 1u << MOD_ZTA_SET_ORG_UNIT | 1u << MOD_ZTA_SET_GROUP;
    /* A session that is known is that session, whatever else describes it. */
    const bool is_exact = !zta_text_is_absent(notice->sid) || !zta_text_is_absent(notice->token);
    const unsigned forgiven = is_exact ? any | 1u << MOD_ZTA_SET_USER | 1u << MOD_ZTA_SET_DEVICE |
                                             1u << MOD_ZTA_SET_APPLICATION
                                       : any;
    if ((unknown & (~forgiven | judging->from->critical)) != 0) {
        forget_names(notice);
        note_reach(notice, ZTA_NOTICE_UNPROCESSED, detail,
                   "its subject has a member that cannot be looked at here");
        return true;
    }
    notice->reach = reach_of(judging);
    if (notice->reach == ZTA_NOTICE_MANY) {
        note_reach(notice, ZTA_NOTICE_MANY, detail,
                   seen == 0 ? "a subject without members: everybody"
                             : "an application, a tenant, a unit or a group");
    }
    return true;
}

bool mod_zta_set_read_subject(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    struct zta_notice *notice = &judging->result->notice;
    enum format format;
    bool is_known = false;
    if (!json_is_object(judging->subject)) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "sub_id is no object");
    }
    if (!read_format(judging, judging->subject, &format)) {
        return false;
    }
    if (format == COMPLEX) {
        if (!read_complex(judging, detail)) {
            return false;
        }
    }
    else if (!read_member(judging, judging->principal, judging->subject, &is_known)) {
        return false;
    }
    else if (is_known) {
        notice->reach = reach_of(judging);
    }
    else {
        forget_names(notice);
        note_reach(notice, ZTA_NOTICE_NOBODY, detail, "nobody is known here by its subject's ");
        zta_buffer_string(detail, formats[format].name);
    }
    if (judging->is_wide_principal && notice->reach == ZTA_NOTICE_ONE) {
        notice->reach = ZTA_NOTICE_MANY;
    }
    /* What names no user is about logins of the one issuer it speaks for. */
    if ((notice->reach == ZTA_NOTICE_ONE || notice->reach == ZTA_NOTICE_MANY) &&
        notice->effect != ZTA_NOTICE_DEVICE && only_issuer(judging->from) != NULL &&
        zta_text_is_absent(notice->issuer)) {
        notice->issuer = only_issuer(judging->from)->name;
    }
    return true;
}
