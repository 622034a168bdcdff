/* SPDX-License-Identifier: Apache-2.0 */
/* A server on loopback in threads of the test: it answers as it is told, however wrong that is. */
#ifndef TESTS_UNIT_HTTP_SERVER_H
#define TESTS_UNIT_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct http_server;

/* What becomes of a connection behind an answer. */
enum http_behind {
    HTTP_BEHIND_CLOSED = 0,
    HTTP_BEHIND_OPEN, /* for more requests */
    HTTP_BEHIND_LOST, /* the next request on it finds it closed, without an answer */
};

/* What one request gets, by its path; the last row has path NULL and is for all others. */
struct http_script {
    const char *path;
    const char *answer; /* head and body, as they go out; NULL: the connection is closed */
    size_t n_repeats;   /* the last byte of the answer once more, so many times */
    int pause_ms;       /* between each two bytes */
    enum http_behind behind;
};

/* is_tls: with a certificate for the host name localhost that signs itself (http_server_ca). */
struct http_server *http_server_open(const struct http_script *script, bool is_tls);
void http_server_close(struct http_server **server);
int http_server_port(const struct http_server *server);
/* "http://127.0.0.1:PORT" or "https://localhost:PORT", and a path. */
const char *http_server_url(const struct http_server *server, const char *path, char *out,
                            size_t size);
/* The file with its certificate. */
const char *http_server_ca(const struct http_server *server);
/* Requests so far; the head of the last one, and a small body, are copied to out. */
size_t http_server_requests(struct http_server *server, char *out, size_t size);
/* Connections so far that were accepted and, with TLS, taken by the client. */
size_t http_server_connections(struct http_server *server);
/* Another script from the next request on. */
void http_server_play(struct http_server *server, const struct http_script *script);

#endif
