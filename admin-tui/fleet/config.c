/* SPDX-License-Identifier: Apache-2.0 */
/* fleet.conf, line by line. */
#include "admin-tui/fleet/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/bytes.h"
#include "shared/base/file.h"
#include "shared/fleet/node.h"

#define FILE_MAX  (64 << 10)
#define WORDS_MAX (2 + CTL_FLEET_ENDPOINTS_MAX)

struct line {
    struct ctl_fleet_config *config;
    unsigned number;
    struct zta_text words[WORDS_MAX];
    size_t n_words;
    struct zta_error *error;
};

static enum zta_status refuse(const struct line *line, struct zta_text found, const char *expected)
{
    return zta_error_set(line->error, ZTA_INVALID, "%s:%u: found '%.*s'; expected %s",
                         line->config->path, line->number, (int)found.len, found.data, expected);
}

static enum zta_status set_name(const struct line *line, char out[ZTA_NAME_MAX + 1])
{
    const struct zta_text word = line->words[1];
    if (!zta_node_name_is_valid(word)) {
        return refuse(line, word, "at most 64 letters, digits, '.', '-' and '_'");
    }
    memcpy(out, word.data, word.len);
    out[word.len] = '\0';
    return ZTA_OK;
}

static enum zta_status set_path(const struct line *line, char out[PATH_MAX])
{
    const struct zta_text word = line->words[1];
    if (word.data[0] != '/' || word.len >= PATH_MAX) {
        return refuse(line, word, "a path from the root");
    }
    memcpy(out, word.data, word.len);
    out[word.len] = '\0';
    return ZTA_OK;
}

/* Behind the last colon stands the port: HOST:PORT, [ADDRESS]:PORT. */
static enum zta_status add_endpoint(const struct line *line, struct zta_text word)
{
    struct ctl_fleet_config *config = line->config;
    struct ctl_endpoint *endpoint = &config->endpoints[config->n_endpoints];
    size_t colon = word.len;
    uint64_t port = 0;
    while (colon > 0 && word.data[colon - 1] != ':') {
        colon--;
    }
    const struct zta_text text = {.data = word.data + colon, .len = word.len - colon};
    struct zta_text host = {.data = word.data, .len = colon > 0 ? colon - 1 : 0};
    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']') {
        host.data++;
        host.len -= 2;
    }
    if (host.len == 0 || host.len > ZTA_HOST_MAX ||
        zta_text_to_u64(text, UINT16_MAX, &port) != ZTA_OK || port == 0) {
        return refuse(line, word, "HOST:PORT");
    }
    memcpy(endpoint->host, host.data, host.len);
    endpoint->host[host.len] = '\0';
    endpoint->port = (uint16_t)port;
    config->n_endpoints++;
    return ZTA_OK;
}

static enum zta_status set_engine(const struct line *line)
{
    struct ctl_fleet_config *config = line->config;
    const bool is_sentinel = zta_text_equal(line->words[0], ZTA_TEXT("sentinel"));
    enum zta_status status = ZTA_OK;
    if (config->n_endpoints > 0) {
        return refuse(line, line->words[0], "one engine or one list of sentinels");
    }
    if (is_sentinel) {
        status = line->n_words < 3 ? refuse(line, line->words[0], "sentinel NAME HOST:PORT...")
                                   : set_name(line, config->master);
    }
    for (size_t i = is_sentinel ? 2 : 1; status == ZTA_OK && i < line->n_words; i++) {
        status = add_endpoint(line, line->words[i]);
    }
    return status;
}

static enum zta_status set_operator_key(const struct line *line)
{
    struct ctl_fleet_config *config = line->config;
    if (zta_public_key_parse(line->words[1], &config->operator_key) != ZTA_OK) {
        return refuse(line, line->words[1], "the 43 characters that ztactl fleet create printed");
    }
    config->has_operator_key = true;
    return ZTA_OK;
}

static enum zta_status take_line(struct line *line)
{
    struct ctl_fleet_config *config = line->config;
    const struct zta_text word = line->words[0];
    const bool is_list = zta_text_equal(word, ZTA_TEXT("sentinel"));
    if (line->n_words != 2 && !(is_list && line->n_words > 2)) {
        return refuse(line, word, "a word and its value");
    }
    if (zta_text_equal(word, ZTA_TEXT("fleet"))) {
        return set_name(line, config->fleet);
    }
    if (zta_text_equal(word, ZTA_TEXT("node"))) {
        return set_name(line, config->node);
    }
    if (zta_text_equal(word, ZTA_TEXT("user"))) {
        return set_name(line, config->user);
    }
    if (zta_text_equal(word, ZTA_TEXT("operator-key"))) {
        return set_operator_key(line);
    }
    if (zta_text_equal(word, ZTA_TEXT("password-file"))) {
        return set_path(line, config->password_file);
    }
    if (zta_text_equal(word, ZTA_TEXT("key-file"))) {
        return set_path(line, config->key_file);
    }
    if (is_list || zta_text_equal(word, ZTA_TEXT("engine"))) {
        return set_engine(line);
    }
    return refuse(line, word,
                  "fleet, node, operator-key, engine, sentinel, user, password-file or key-file");
}

/* Words up to a remark. */
static enum zta_status split(struct line *line, char *text)
{
    char *rest = NULL;
    text[strcspn(text, "#")] = '\0';
    line->n_words = 0;
    for (char *word = strtok_r(text, " \t\r", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r", &rest)) {
        if (line->n_words == WORDS_MAX) {
            return refuse(line, zta_text_of(word), "no more words");
        }
        line->words[line->n_words++] = zta_text_of(word);
    }
    return ZTA_OK;
}

static enum zta_status check_whole(const struct ctl_fleet_config *config, struct zta_error *error)
{
    const char *missing = config->fleet[0] == '\0'    ? "fleet NAME"
                          : config->node[0] == '\0'   ? "node NAME"
                          : !config->has_operator_key ? "operator-key KEY"
                          : config->n_endpoints == 0 ? "engine HOST:PORT or sentinel NAME HOST:PORT"
                                                     : NULL;
    return missing == NULL ? ZTA_OK
                           : zta_error_set(error, ZTA_INVALID, "%s: there is no line '%s'",
                                           config->path, missing);
}

enum zta_status ctl_fleet_config_read(const char *path, struct ctl_fleet_config *config,
                                      struct zta_error *error)
{
    struct line line = {.config = config, .error = error};
    struct zta_file_stamp stamp;
    char *data = NULL;
    size_t len = 0;
    *config = (struct ctl_fleet_config){.n_endpoints = 0};
    (void)snprintf(config->path, sizeof config->path, "%s", path);
    enum zta_status status = zta_file_read(path, FILE_MAX, &data, &len, &stamp, error);
    char *rest = data;
    while (status == ZTA_OK && rest != NULL) {
        char *text = strsep(&rest, "\n");
        line.number++;
        status = split(&line, text);
        if (status == ZTA_OK && line.n_words > 0) {
            status = take_line(&line);
        }
    }
    free(data);
    return status == ZTA_OK ? check_whole(config, error) : status;
}

enum zta_status ctl_fleet_password(const struct ctl_fleet_config *config,
                                   char password[CTL_FLEET_PASSWORD_MAX], struct zta_error *error)
{
    const char *path = config->password_file;
    struct stat info;
    password[0] = '\0';
    if (path[0] == '\0') {
        return ZTA_OK;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return zta_error_set(error, ZTA_IO, "%s: %s", path, strerror(errno));
    }
    enum zta_status status = ZTA_OK;
    if (fstat(fd, &info) != 0 || (info.st_mode & 007) != 0) {
        status =
            zta_error_set(error, ZTA_FORBIDDEN,
                          "%s can be read by others: a password is its owner's (chmod o=)", path);
    }
    ssize_t n = status == ZTA_OK ? read(fd, password, CTL_FLEET_PASSWORD_MAX) : 0;
    if (status == ZTA_OK && (n <= 0 || n == CTL_FLEET_PASSWORD_MAX)) {
        status = zta_error_set(error, ZTA_INVALID, "%s: expected one line of at most %d characters",
                               path, CTL_FLEET_PASSWORD_MAX - 1);
        n = 0;
    }
    (void)close(fd);
    password[n > 0 ? n : 0] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    return status;
}
