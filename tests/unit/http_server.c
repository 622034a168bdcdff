/* SPDX-License-Identifier: Apache-2.0 */
/* A thread for each connection; what fails on the client's side is the client's matter. */
#include "tests/unit/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 4096
#define DAY_S    86400
#define MOST     1024 /* connections in all */

struct http_server {
    pthread_t thread;
    pthread_mutex_t lock;
    const struct http_script *script;
    size_t n_requests;
    size_t n_connections;
    char head[HEAD_MAX];
    int listener;
    int port;
    _Atomic bool is_ending;
    SSL_CTX *tls;
    char ca[64];
    struct connection {
        pthread_t thread;
        struct http_server *server;
        int fd;
        SSL *tls; /* NULL: plain */
    } connections[MOST];
    size_t n_accepted;
};

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "the server of this test failed: %s\n", what);
        abort();
    }
}

/* ---- the certificate ---- */

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, "an extension");
    X509_EXTENSION_free(extension);
}

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    must(certificate != NULL, "no memory");
    X509_NAME *name = X509_get_subject_name(certificate);
    must(X509_set_version(certificate, 2) == 1 &&
             ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
             X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S) != NULL &&
             X509_gmtime_adj(X509_getm_notAfter(certificate), DAY_S) != NULL &&
             X509_set_pubkey(certificate, key) == 1 &&
             X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"test", -1, -1,
                                        0) == 1 &&
             X509_set_issuer_name(certificate, name) == 1,
         "a certificate");
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, NID_subject_alt_name, "DNS:localhost");
    must(X509_sign(certificate, key, EVP_sha256()) > 0, "its signature");
    return certificate;
}

static void open_tls(struct http_server *server)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(key != NULL, "a key");
    X509 *certificate = make_certificate(key);
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(server->ca, sizeof server->ca, "%.40s/zta-ca-XXXXXX",
                   tmp != NULL && strlen(tmp) <= 40 ? tmp : "/tmp");
    int fd = mkstemp(server->ca);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    must(file != NULL && PEM_write_X509(file, certificate) == 1 && fclose(file) == 0, "a file");
    server->tls = SSL_CTX_new(TLS_server_method());
    must(server->tls != NULL && SSL_CTX_use_certificate(server->tls, certificate) == 1 &&
             SSL_CTX_use_PrivateKey(server->tls, key) == 1,
         "TLS");
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* ---- one connection ---- */

static bool is_ended(struct http_server *server, int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    while (!server->is_ending) {
        if (poll(&waiting, 1, 20) != 0) {
            return false;
        }
    }
    return true;
}

static int receive(struct http_server *server, const struct connection *connection, char *to,
                   size_t size)
{
    if (connection->tls != NULL && SSL_pending(connection->tls) > 0) {
        return SSL_read(connection->tls, to, (int)size);
    }
    if (is_ended(server, connection->fd)) {
        return -1;
    }
    return connection->tls != NULL ? SSL_read(connection->tls, to, (int)size)
                                   : (int)recv(connection->fd, to, size, 0);
}

static bool send_bytes(const struct connection *connection, const char *data, size_t len)
{
    while (len > 0) {
        int n = connection->tls != NULL ? SSL_write(connection->tls, data, (int)len)
                                        : (int)send(connection->fd, data, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static const struct http_script *find_row(struct http_server *server, const char *head)
{
    char path[256] = "";
    size_t method = strcspn(head, " ") + 1;
    must(strncmp(head, "GET ", 4) == 0 || strncmp(head, "POST ", 5) == 0,
         "another request than GET and POST");
    (void)snprintf(path, sizeof path, "%.*s", (int)strcspn(head + method, " \r"), head + method);
    (void)pthread_mutex_lock(&server->lock);
    const struct http_script *row = server->script;
    while (row->path != NULL && strcmp(row->path, path) != 0) {
        row++;
    }
    server->n_requests++;
    (void)snprintf(server->head, sizeof server->head, "%s", head);
    (void)pthread_mutex_unlock(&server->lock);
    return row;
}

static void answer(struct http_server *server, const struct connection *connection,
                   const struct http_script *row)
{
    if (row->answer == NULL) {
        return;
    }
    size_t len = strlen(row->answer);
    if (row->pause_ms == 0) {
        char block[4096];
        memset(block, row->answer[len - 1], sizeof block);
        bool is_open = send_bytes(connection, row->answer, len);
        for (size_t left = row->n_repeats; is_open && left > 0 && !server->is_ending;) {
            size_t n = left < sizeof block ? left : sizeof block;
            is_open = send_bytes(connection, block, n);
            left -= n;
        }
        return;
    }
    for (size_t i = 0; i < len && !server->is_ending; i++) {
        struct timespec pause = {.tv_nsec = row->pause_ms * 1000000L};
        (void)nanosleep(&pause, NULL);
        if (!send_bytes(connection, row->answer + i, 1)) {
            return;
        }
    }
}

/* A body that is left unread would reset the connection, answer and all. */
static bool is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    const char *length = strcasestr(request, "\r\nContent-Length: ");
    return end != NULL &&
           (length == NULL || length > end || strlen(end + 4) >= strtoul(length + 18, NULL, 10));
}

/* One request and its answer. False: the connection has seen its last one. */
static bool serve(struct http_server *server, const struct connection *connection, bool *is_lost)
{
    char head[HEAD_MAX] = "";
    size_t len = 0;
    while (len + 1 < sizeof head && !is_whole(head)) {
        int n = receive(server, connection, head + len, sizeof head - 1 - len);
        if (n <= 0) {
            return false;
        }
        len += (size_t)n;
        head[len] = '\0';
    }
    if (*is_lost) {
        return false;
    }
    const struct http_script *row = find_row(server, head);
    answer(server, connection, row);
    *is_lost = row->behind == HTTP_BEHIND_LOST;
    return row->behind != HTTP_BEHIND_CLOSED;
}

static void serve_all(struct http_server *server, const struct connection *connection)
{
    bool is_lost = false;
    (void)pthread_mutex_lock(&server->lock);
    server->n_connections++;
    (void)pthread_mutex_unlock(&server->lock);
    while (serve(server, connection, &is_lost)) {
    }
}

static void *run_connection(void *context)
{
    struct connection *connection = context;
    struct http_server *server = connection->server;
    /* A client that stops reading must not keep the test from ending. */
    struct timeval patience = {.tv_sec = 2};
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (server->tls == NULL) {
        serve_all(server, connection);
    }
    else {
        connection->tls = SSL_new(server->tls);
        if (connection->tls != NULL && SSL_set_fd(connection->tls, connection->fd) == 1 &&
            SSL_accept(connection->tls) == 1) {
            serve_all(server, connection);
            (void)SSL_shutdown(connection->tls);
        }
        SSL_free(connection->tls);
    }
    (void)close(connection->fd);
    return NULL;
}

static void *run(void *context)
{
    struct http_server *server = context;
    while (!is_ended(server, server->listener)) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        must(server->n_accepted < MOST, "more connections than it has room for");
        struct connection *connection = &server->connections[server->n_accepted++];
        *connection = (struct connection){.server = server, .fd = fd};
        must(pthread_create(&connection->thread, NULL, run_connection, connection) == 0,
             "a thread");
    }
    return NULL;
}

/* ---- for tests ---- */

struct http_server *http_server_open(const struct http_script *script, bool is_tls)
{
    struct http_server *server = calloc(1, sizeof *server);
    must(server != NULL, "no memory");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(server->listener >= 0 && bind(server->listener, (struct sockaddr *)&address, size) == 0 &&
             listen(server->listener, 16) == 0 &&
             getsockname(server->listener, (struct sockaddr *)&address, &size) == 0,
         "a socket");
    server->port = ntohs(address.sin_port);
    server->script = script;
    (void)pthread_mutex_init(&server->lock, NULL);
    if (is_tls) {
        open_tls(server);
    }
    must(pthread_create(&server->thread, NULL, run, server) == 0, "a thread");
    return server;
}

void http_server_close(struct http_server **server)
{
    struct http_server *closing = *server;
    if (closing == NULL) {
        return;
    }
    *server = NULL;
    closing->is_ending = true;
    (void)pthread_join(closing->thread, NULL);
    for (size_t i = 0; i < closing->n_accepted; i++) {
        (void)pthread_join(closing->connections[i].thread, NULL);
    }
    (void)close(closing->listener);
    (void)pthread_mutex_destroy(&closing->lock);
    SSL_CTX_free(closing->tls);
    if (closing->ca[0] != '\0') {
        (void)unlink(closing->ca);
    }
    free(closing);
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

const char *http_server_url(const struct http_server *server, const char *path, char *out,
                            size_t size)
{
    (void)snprintf(out, size, "%s:%d%s",
                   server->tls != NULL ? "https://localhost" : "http://127.0.0.1", server->port,
                   path);
    return out;
}

const char *http_server_ca(const struct http_server *server)
{
    return server->ca;
}

size_t http_server_requests(struct http_server *server, char *out, size_t size)
{
    (void)pthread_mutex_lock(&server->lock);
    size_t n = server->n_requests;
    if (out != NULL) {
        (void)snprintf(out, size, "%s", server->head);
    }
    (void)pthread_mutex_unlock(&server->lock);
    return n;
}

size_t http_server_connections(struct http_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    size_t n = server->n_connections;
    (void)pthread_mutex_unlock(&server->lock);
    return n;
}

void http_server_play(struct http_server *server, const struct http_script *script)
{
    (void)pthread_mutex_lock(&server->lock);
    server->script = script;
    (void)pthread_mutex_unlock(&server->lock);
}
