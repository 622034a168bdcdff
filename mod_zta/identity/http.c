/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl with everything that it would do on its own switched off. */
#include "mod_zta/identity/http.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mod_zta/identity/discovery.h"
#include "shared/base/clock.h"

#define REDIRECTS_MAX      3
#define CONNECT_TIMEOUT_MS 3000L
#define MAX_AGE_MAX        INT64_C(31536000) /* a year: more is as good as that */

#define IDLE_MAX        8    /* handles that wait with their connections */
#define CONNECTIONS_MAX 4L   /* of a handle: one a server */
#define IDLE_S          30L  /* below what servers and firewalls between allow */
#define LIFE_S          300L /* then names are resolved and certificates verified anew */

/* Handles of this process that wait, each with its connections. */
static struct {
    pthread_mutex_t lock;
    CURL *handles[IDLE_MAX]; /* the last one in is the first one out: few stay warm */
    size_t n_handles;
    bool is_open;
} idle = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* One request with its redirects. */
struct exchange {
    const struct mod_zta_http_request *request;
    struct mod_zta_http_answer *answer;
    CURL *curl;
    struct curl_slist *headers;
    char url[MOD_ZTA_URL_MAX + 1];
    char curl_error[CURL_ERROR_SIZE];
    bool is_too_large;
    int64_t deadline_ns;
};

static void set_idle_open(bool is_open)
{
    (void)pthread_mutex_lock(&idle.lock);
    idle.is_open = is_open;
    while (idle.n_handles > 0) {
        curl_easy_cleanup(idle.handles[--idle.n_handles]);
    }
    (void)pthread_mutex_unlock(&idle.lock);
}

enum zta_status mod_zta_http_begin(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return ZTA_IO;
    }
    set_idle_open(true);
    return ZTA_OK;
}

void mod_zta_http_close_idle(void)
{
    set_idle_open(false);
}

void mod_zta_http_end(void)
{
    mod_zta_http_close_idle();
    curl_global_cleanup();
}

bool mod_zta_http_is_ca_file(const char *path)
{
    FILE *file = fopen(path, "re");
    X509 *certificate = file == NULL ? NULL : PEM_read_X509(file, NULL, NULL, NULL);
    bool is_good = certificate != NULL;
    X509_free(certificate);
    if (file != NULL) {
        (void)fclose(file);
    }
    return is_good;
}

/* ---- handles and their connections ---- */

static CURL *take_handle(const struct mod_zta_http_request *request)
{
    CURL *curl = NULL;
    if (request->keeps_connection) {
        (void)pthread_mutex_lock(&idle.lock);
        if (idle.n_handles > 0) {
            curl = idle.handles[--idle.n_handles];
        }
        (void)pthread_mutex_unlock(&idle.lock);
    }
    return curl != NULL ? curl : curl_easy_init();
}

/* Nothing but connections stays with a handle that waits. */
static void keep_handle(CURL *curl)
{
    curl_easy_reset(curl);
    (void)pthread_mutex_lock(&idle.lock);
    if (idle.is_open && idle.n_handles < IDLE_MAX) {
        idle.handles[idle.n_handles++] = curl;
        curl = NULL;
    }
    (void)pthread_mutex_unlock(&idle.lock);
    curl_easy_cleanup(curl);
}

/* Programs that httpd starts must not get a connection that waits. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Each connection is verified by itself, with what the CA file says at that time. */
static bool set_connection(CURL *curl)
{
    /* Not every TLS library has the cache that is switched off here. */
    CURLcode code = curl_easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    bool has_no_cache =
        code == CURLE_OK || code == CURLE_NOT_BUILT_IN || code == CURLE_UNKNOWN_OPTION;
    return has_no_cache &&
           curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, CONNECTIONS_MAX) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXLIFETIME_CONN, LIFE_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK;
}

/* ---- what the answer says ---- */

static bool is_space(char c)
{
    return c != '\0' && strchr(" \t\r\n", c) != NULL;
}

static struct zta_text trim(struct zta_text text)
{
    while (text.len > 0 && is_space(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && is_space(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* A directive of Cache-Control: its age, 0 for one that forbids keeping, -1 for any other. */
static int64_t age_of(struct zta_text directive)
{
    static const struct zta_text prefix = ZTA_TEXT("max-age=");
    if (zta_text_equal_nocase(directive, ZTA_TEXT("no-store")) ||
        zta_text_equal_nocase(directive, ZTA_TEXT("no-cache"))) {
        return 0;
    }
    struct zta_text start = {.data = directive.data, .len = prefix.len};
    if (directive.len <= prefix.len || !zta_text_equal_nocase(start, prefix)) {
        return -1;
    }
    struct zta_text digits = {.data = directive.data + prefix.len,
                              .len = directive.len - prefix.len};
    if (digits.len >= 2 && digits.data[0] == '"' && digits.data[digits.len - 1] == '"') {
        digits = (struct zta_text){.data = digits.data + 1, .len = digits.len - 2};
    }
    uint64_t age;
    if (zta_text_to_u64(digits, UINT64_MAX, &age) != ZTA_OK) {
        return -1;
    }
    return age > (uint64_t)MAX_AGE_MAX ? MAX_AGE_MAX : (int64_t)age;
}

int64_t mod_zta_http_max_age(struct zta_text value)
{
    int64_t least = -1;
    while (value.len > 0) {
        const char *comma = memchr(value.data, ',', value.len);
        size_t len = comma == NULL ? value.len : (size_t)(comma - value.data);
        int64_t age = age_of(trim((struct zta_text){.data = value.data, .len = len}));
        if (age >= 0 && (least < 0 || age < least)) {
            least = age;
        }
        len = comma == NULL ? len : len + 1;
        value = (struct zta_text){.data = value.data + len, .len = value.len - len};
    }
    return least;
}

static void read_header(struct mod_zta_http_answer *answer, struct zta_text name,
                        struct zta_text value)
{
    if (zta_text_equal_nocase(name, ZTA_TEXT("etag"))) {
        /* It is sent back in a header of ours. */
        bool is_good = value.len < sizeof answer->etag;
        for (size_t i = 0; i < value.len && is_good; i++) {
            is_good = value.data[i] > ' ' && value.data[i] < 0x7f;
        }
        (void)snprintf(answer->etag, sizeof answer->etag, "%.*s", is_good ? (int)value.len : 0,
                       value.data);
    }
    else if (zta_text_equal_nocase(name, ZTA_TEXT("cache-control"))) {
        int64_t age = mod_zta_http_max_age(value);
        if (age >= 0 && (answer->max_age_s < 0 || age < answer->max_age_s)) {
            answer->max_age_s = age;
        }
    }
    else if (zta_text_equal_nocase(name, ZTA_TEXT("date"))) {
        char text[64];
        (void)snprintf(text, sizeof text, "%.*s", (int)(value.len < 60 ? value.len : 60),
                       value.data);
        time_t date = curl_getdate(text, NULL);
        answer->date_s = date > 0 ? (int64_t)date : 0;
    }
}

/* Called for each line of each head; a status line begins a new one. */
static size_t take_header(char *data, size_t size, size_t n, void *context)
{
    struct exchange *exchange = context;
    struct mod_zta_http_answer *answer = exchange->answer;
    struct zta_text line = {.data = data, .len = size * n};
    if (zta_text_starts_with(line, ZTA_TEXT("HTTP/"))) {
        answer->etag[0] = '\0';
        answer->max_age_s = -1;
        answer->date_s = 0;
        return line.len;
    }
    const char *colon = line.len == 0 ? NULL : memchr(line.data, ':', line.len);
    if (colon != NULL) {
        size_t len = (size_t)(colon - line.data);
        read_header(answer, (struct zta_text){.data = line.data, .len = len},
                    trim((struct zta_text){.data = colon + 1, .len = line.len - len - 1}));
    }
    return line.len;
}

static size_t take_body(char *data, size_t size, size_t n, void *context)
{
    struct exchange *exchange = context;
    struct mod_zta_http_answer *answer = exchange->answer;
    size_t more = size * n;
    if (more > exchange->request->body_max - answer->body_len) {
        exchange->is_too_large = true;
        return 0; /* ends the transfer */
    }
    if (answer->body == NULL) {
        answer->body = malloc(exchange->request->body_max + 1);
    }
    if (answer->body == NULL) {
        return 0;
    }
    memcpy(answer->body + answer->body_len, data, more);
    answer->body_len += more;
    return more;
}

static int look_for_end(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct mod_zta_http_request *request = ((struct exchange *)context)->request;
    return request->is_cancelled != NULL && request->is_cancelled(request->context);
}

/* ---- the request ---- */

/* False without memory. value NULL or "": the header is left out. */
static bool add_header(struct exchange *exchange, const char *name, const char *value)
{
    char line[MOD_ZTA_HTTP_VALUE_MAX + 32];
    if (value == NULL || value[0] == '\0') {
        return true;
    }
    (void)snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *more = curl_slist_append(exchange->headers, line);
    OPENSSL_cleanse(line, sizeof line);
    exchange->headers = more != NULL ? more : exchange->headers;
    return more != NULL;
}

static bool set_headers(struct exchange *exchange)
{
    const struct mod_zta_http_request *request = exchange->request;
    exchange->headers = curl_slist_append(NULL, "Accept: application/json, */*;q=0.5");
    return exchange->headers != NULL && add_header(exchange, "If-None-Match", request->etag) &&
           add_header(exchange, "Authorization", request->authorization);
}

static const char *body_of(const struct mod_zta_http_request *request)
{
    return request->json != NULL ? request->json : request->form;
}

/* A body goes out at once, without a question whether it may. */
static bool set_body(struct exchange *exchange)
{
    const char *form = body_of(exchange->request);
    struct curl_slist *more = form == NULL ? NULL : curl_slist_append(exchange->headers, "Expect:");
    if (form == NULL) {
        return true;
    }
    exchange->headers = more != NULL ? more : exchange->headers;
    return more != NULL &&
           (exchange->request->json == NULL ||
            add_header(exchange, "Content-Type", "application/json")) &&
           curl_easy_setopt(exchange->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                            (curl_off_t)strlen(form)) == CURLE_OK &&
           curl_easy_setopt(exchange->curl, CURLOPT_POSTFIELDS, form) == CURLE_OK;
}

static bool set_safety(const struct exchange *exchange, bool is_plain)
{
    CURL *curl = exchange->curl;
    const char *ca_file = exchange->request->ca_file;
    bool is_set =
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, is_plain ? "http" : "https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    if (is_set && ca_file != NULL) {
        /* That file and nothing else. */
        is_set = curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file) == CURLE_OK &&
                 curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
    }
    return is_set;
}

static bool set_transfer(struct exchange *exchange)
{
    CURL *curl = exchange->curl;
    int64_t left_ms = (exchange->deadline_ns - zta_clock_monotonic_ns()) / 1000000;
    return curl_easy_setopt(curl, CURLOPT_URL, exchange->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "mod_zta") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1)) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
           /* A name server that does not answer must not hold the helper's end up. */
           curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->curl_error) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_end) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

/* Text of others on its way into a log line. */
static enum zta_status failed(struct zta_error *error, enum zta_status status, const char *what,
                              const char *detail)
{
    char safe[256];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, safe, sizeof safe);
    zta_buffer_safe(&buffer, zta_text_of(detail));
    return zta_error_set(error, status, "%s%s%s", what, safe[0] != '\0' ? ": " : "", safe);
}

/* Where a redirect leads, when it may. */
static enum zta_status follow(struct exchange *exchange, struct zta_error *error)
{
    char *to = NULL;
    (void)curl_easy_getinfo(exchange->curl, CURLINFO_REDIRECT_URL, &to);
    if (to == NULL || strlen(to) >= sizeof exchange->url ||
        !mod_zta_url_is_same_origin(zta_text_of(exchange->url), zta_text_of(to))) {
        return failed(error, ZTA_FORBIDDEN, "it redirects to another host",
                      to != NULL ? to : "nowhere");
    }
    (void)snprintf(exchange->url, sizeof exchange->url, "%s", to);
    return ZTA_OK;
}

static enum zta_status perform(struct exchange *exchange, struct zta_error *error)
{
    int64_t begun_ns = zta_clock_real_ns();
    exchange->curl_error[0] = '\0';
    CURLcode code = curl_easy_perform(exchange->curl);
    exchange->answer->at_s = (begun_ns + (zta_clock_real_ns() - begun_ns) / 2) / ZTA_NS_PER_S;
    if (exchange->is_too_large) {
        return zta_error_set(error, ZTA_TOO_LARGE, "its answer is above %zu bytes",
                             exchange->request->body_max);
    }
    if (code != CURLE_OK) {
        return failed(
            error, ZTA_IO,
            exchange->curl_error[0] != '\0' ? exchange->curl_error : curl_easy_strerror(code), "");
    }
    if (curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &exchange->answer->status) !=
        CURLE_OK) {
        return failed(error, ZTA_IO, "no status", "");
    }
    return ZTA_OK;
}

static bool is_redirect(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void drop_body(struct mod_zta_http_answer *answer)
{
    free(answer->body);
    answer->body = NULL;
    answer->body_len = 0;
}

static enum zta_status exchange_all(struct exchange *exchange, struct zta_error *error)
{
    for (int i = 0; i <= REDIRECTS_MAX; i++) {
        drop_body(exchange->answer);
        if (!set_safety(exchange, mod_zta_url_is_plain(zta_text_of(exchange->url))) ||
            !set_connection(exchange->curl) || !set_transfer(exchange)) {
            return failed(error, ZTA_IO, "libcurl lacks what is needed", "");
        }
        enum zta_status status = perform(exchange, error);
        if (status != ZTA_OK || body_of(exchange->request) != NULL ||
            !is_redirect(exchange->answer->status)) {
            return status;
        }
        status = follow(exchange, error);
        if (status != ZTA_OK) {
            return status;
        }
    }
    return failed(error, ZTA_FORBIDDEN, "it redirects again and again", "");
}

static enum zta_status ask(const struct mod_zta_http_request *request,
                           struct mod_zta_http_answer *answer, struct zta_error *error)
{
    const char *value = request->authorization;
    if (value != NULL && strlen(value) > MOD_ZTA_HTTP_VALUE_MAX) {
        return failed(error, ZTA_TOO_LARGE, "a header of the request is too long", "");
    }
    if (!mod_zta_url_is_fetchable(zta_text_of(request->url))) {
        return failed(error, ZTA_FORBIDDEN, "no https URL", request->url);
    }
    int64_t timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : MOD_ZTA_HTTP_TIMEOUT_MS;
    struct mod_zta_http_answer got = {.max_age_s = -1};
    struct exchange exchange = {
        .request = request,
        .answer = &got,
        .curl = take_handle(request),
        .deadline_ns = zta_clock_monotonic_ns() + timeout_ms * 1000000,
    };
    (void)snprintf(exchange.url, sizeof exchange.url, "%s", request->url);
    enum zta_status status = ZTA_NO_MEMORY;
    if (exchange.curl != NULL && set_headers(&exchange) && set_body(&exchange)) {
        status = exchange_all(&exchange, error);
    }
    else {
        (void)failed(error, status, "no memory", "");
    }
    if (status == ZTA_OK && request->keeps_connection) {
        keep_handle(exchange.curl);
    }
    else {
        curl_easy_cleanup(exchange.curl);
    }
    curl_slist_free_all(exchange.headers);
    if (status != ZTA_OK) {
        drop_body(&got);
        return status;
    }
    *answer = got;
    return ZTA_OK;
}

enum zta_status mod_zta_http_get(const struct mod_zta_http_request *request,
                                 struct mod_zta_http_answer *answer, struct zta_error *error)
{
    struct mod_zta_http_request get = *request;
    get.form = NULL;
    get.json = NULL;
    return ask(&get, answer, error);
}

enum zta_status mod_zta_http_post(const struct mod_zta_http_request *request,
                                  struct mod_zta_http_answer *answer, struct zta_error *error)
{
    return body_of(request) == NULL ? failed(error, ZTA_INVALID, "no body", "")
                                    : ask(request, answer, error);
}
