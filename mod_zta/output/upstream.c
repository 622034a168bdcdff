/* SPDX-License-Identifier: Apache-2.0 */
/* Trusted headers for the API; they were scrubbed from what the client sent, so they are ours. */
#include "mod_zta/output/upstream.h"

#include <apr_strings.h>

#include <strings.h>

#include "mod_zta/device.h"
#include "mod_zta/output/scrub.h"
#include "mod_zta/present.h"

/* apr_table_setn, or apr_table_addn where no entry is to be replaced: that searches nothing. */
typedef void (*set_fn)(apr_table_t *table, const char *name, const char *value);

/* Ours stand there only when another side of the request set them. */
static set_fn choose_set(const apr_table_t *headers)
{
    const apr_array_header_t *fields = apr_table_elts(headers);
    for (int i = 0; i < fields->nelts; i++) {
        const char *name = APR_ARRAY_IDX(fields, i, apr_table_entry_t).key;
        if (strncasecmp(name, "X-ZTA-", sizeof("X-ZTA-") - 1) == 0) {
            return apr_table_setn;
        }
    }
    return apr_table_addn;
}

static bool is_plain(unsigned char c, bool keeps_comma)
{
    return c > 0x20 && c < 0x7f && c != '%' && (c != ',' || keeps_comma);
}

/* Percent-encodes into out at *at; the caller reserved three bytes for each of text. */
static void encode(struct zta_text text, bool keeps_comma, char *out, size_t *at)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (is_plain(c, keeps_comma)) {
            out[(*at)++] = (char)c;
            continue;
        }
        out[(*at)++] = '%';
        out[(*at)++] = digits[c >> 4];
        out[(*at)++] = digits[c & 0xf];
    }
}

static void set_text(request_rec *r, set_fn set, const char *name, struct zta_text value)
{
    if (zta_text_is_absent(value)) {
        return;
    }
    char *out = apr_palloc(r->pool, value.len * 3 + 1);
    size_t at = 0;
    encode(value, true, out, &at);
    out[at] = '\0';
    set(r->headers_in, name, out);
}

static void set_roles(request_rec *r, set_fn set, const struct zta_identity *identity)
{
    size_t size = 1;
    for (size_t i = 0; i < identity->roles.n; i++) {
        size += zta_identity_value(identity, &identity->roles, i).len * 3 + 1;
    }
    if (identity->roles.n == 0) {
        return;
    }
    char *out = apr_palloc(r->pool, size);
    size_t at = 0;
    for (size_t i = 0; i < identity->roles.n; i++) {
        if (i > 0) {
            out[at++] = ',';
        }
        encode(zta_identity_value(identity, &identity->roles, i), false, out, &at);
    }
    out[at] = '\0';
    set(r->headers_in, "X-ZTA-Roles", out);
}

/* What an earlier side knew. */
static void forget(request_rec *r, set_fn set, const char *name)
{
    if (set == apr_table_setn) {
        apr_table_unset(r->headers_in, name);
    }
}

void mod_zta_upstream_set(request_rec *r, const struct mod_zta_request *request,
                          const struct mod_zta_dir *dir)
{
    const struct zta_identity *identity = request->identity;
    int forward = dir->forward == MOD_ZTA_UNSET ? MOD_ZTA_FORWARD_IDENTITY : dir->forward;

    const set_fn set = choose_set(r->headers_in);
    mod_zta_scrub_request_id(r);
    set(r->headers_in, "X-ZTA-Id", request->id_text);
    apr_table_addn(r->headers_in, "X-Request-Id",
                   request->parent_id != NULL ? request->parent_id : request->id_text);
    if (identity == NULL) {
        /* A preflight that passes was not authenticated: what it carries goes no further. */
        mod_zta_present_remove_unread(r, dir);
        return;
    }
    if ((forward & MOD_ZTA_FORWARD_AUTHORIZATION) == 0) {
        /* Only what was read as the credential; another scheme's Authorization is not ours. */
        mod_zta_present_remove(r, request);
    }
    if ((forward & MOD_ZTA_FORWARD_IDENTITY) != 0) {
        set_text(r, set, "X-ZTA-Issuer", identity->issuer);
        set_text(r, set, "X-ZTA-Subject", identity->subject);
        set_text(r, set, "X-ZTA-Client", identity->client);
        set_roles(r, set, identity);
        if (request->stance.modes[ZTA_FEATURE_RISK] == ZTA_MODE_ENFORCE) {
            forget(r, set, "X-ZTA-Risk");
            if (request->facts.risk != NULL) {
                set(r->headers_in, "X-ZTA-Risk", apr_itoa(r->pool, request->risk.score));
            }
        }
        if (request->stance.modes[ZTA_FEATURE_DEVICE] == ZTA_MODE_ENFORCE) {
            forget(r, set, "X-ZTA-Device");
            set_text(r, set, "X-ZTA-Device", mod_zta_device_of(request));
        }
    }
}
