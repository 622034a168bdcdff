/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One GET of one small document or POST of one form or JSON, by libcurl (http.c is the only
 * includer of curl/). Blocks: of all request threads few may wait here, and not for long
 * (introspect.h). TLS is verified, always; redirects lead to the same origin or nowhere, those of a
 * POST are not followed; no proxy, cookie, password file or content encoding has a say. Thread-safe
 * after mod_zta_http_begin.
 */
#ifndef MOD_ZTA_IDENTITY_HTTP_H
#define MOD_ZTA_IDENTITY_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

#define MOD_ZTA_HTTP_TIMEOUT_MS 5000 /* of all of a request, redirects included */
#define MOD_ZTA_HTTP_ETAG_MAX   256
#define MOD_ZTA_HTTP_VALUE_MAX  8192 /* of a header of a request; a longer one is ZTA_TOO_LARGE */

struct mod_zta_http_request {
    const char *url;           /* fetchable (discovery.h) */
    const char *ca_file;       /* PEM; NULL: the system's */
    const char *etag;          /* of what is there already; NULL or "": nothing is */
    const char *form;          /* POST: its body, application/x-www-form-urlencoded */
    const char *json;          /* POST: its body, application/json, in place of a form */
    const char *authorization; /* value of that header; NULL or "": none */
    bool keeps_connection;     /* open for the next request of this process */
    size_t body_max;
    int64_t timeout_ms;                  /* 0: MOD_ZTA_HTTP_TIMEOUT_MS */
    bool (*is_cancelled)(void *context); /* asked at least once a second; NULL: never */
    void *context;
};

struct mod_zta_http_answer {
    long status; /* 200, 304, … */
    char *body;  /* the caller's to free(); NULL: none */
    size_t body_len;
    char etag[MOD_ZTA_HTTP_ETAG_MAX]; /* "": none, or one too long to send back */
    int64_t max_age_s; /* Cache-Control; 0 for no-store and no-cache, -1: it says nothing */
    int64_t date_s;    /* Date of the server; 0: none */
    int64_t at_s;      /* our clock, in the middle of the exchange */
};

/* Once a process, before threads begin. ZTA_IO. */
enum zta_status mod_zta_http_begin(void) ZTA_MUST_CHECK;
void mod_zta_http_end(void);

/*
 * Connections that are kept are few and bounded in age, and one that the server has closed is
 * replaced within the request. This closes those that wait: no other is kept until the next begin.
 * For a process that ends while threads may still be in a request; else mod_zta_http_end does it.
 */
void mod_zta_http_close_idle(void);

/*
 * ZTA_OK: there is an answer, whatever its status. ZTA_TOO_LARGE: its body is above body_max.
 * ZTA_FORBIDDEN: the URL is not fetchable, or a redirect leads elsewhere. ZTA_IO: no answer in
 * time, TLS that does not verify. The error is safe text.
 */
enum zta_status mod_zta_http_get(const struct mod_zta_http_request *request,
                                 struct mod_zta_http_answer *answer,
                                 struct zta_error *error) ZTA_MUST_CHECK;

/* The same with a form or JSON, which goes to that URL and no other: a redirect is an answer. */
enum zta_status mod_zta_http_post(const struct mod_zta_http_request *request,
                                  struct mod_zta_http_answer *answer,
                                  struct zta_error *error) ZTA_MUST_CHECK;

/* Can it be read, and does it hold a certificate in PEM? */
bool mod_zta_http_is_ca_file(const char *path);

/* What a Cache-Control value says: seconds, 0 for no-store and no-cache, -1 for nothing of it. */
int64_t mod_zta_http_max_age(struct zta_text value);

#endif
