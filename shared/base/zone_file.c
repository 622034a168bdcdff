/* SPDX-License-Identifier: Apache-2.0 */
/* Where zones are: the system's directory, or the one of TZDIR. */
#include "shared/base/zone.h"

#include "shared/base/file.h"
#include "shared/base/limits.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ZONE_DIR "/usr/share/zoneinfo"

enum {
    FILE_MAX = 128 * 1024, /* the largest there is has 4 KiB */
};

static bool is_name_character(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '_';
}

bool zta_zone_is_name(struct zta_text name)
{
    bool is_start = true; /* of a part */
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '/' ? is_start : !is_name_character(name.data[i])) {
            return false;
        }
        is_start = name.data[i] == '/';
    }
    return name.len > 0 && name.len <= ZTA_NAME_MAX && !is_start;
}

static const char *directory(void)
{
    const char *named = secure_getenv("TZDIR");
    return named != NULL && named[0] == '/' ? named : ZONE_DIR;
}

static enum zta_status fail(const char *path, int fault, struct zta_error *error)
{
    const bool is_missing = fault == ENOENT || fault == ENOTDIR;
    return zta_error_set(error, is_missing ? ZTA_NOT_FOUND : ZTA_IO, "%s: %s", path,
                         strerror(fault));
}

/* A directory is no zone, and neither is what would make its reader wait. */
static enum zta_status check_file(const char *path, struct zta_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return fail(path, errno, error);
    }
    return S_ISREG(info.st_mode) && info.st_size <= FILE_MAX
               ? ZTA_OK
               : zta_error_set(error, ZTA_NOT_FOUND, "%s: it is no file of a time zone", path);
}

static enum zta_status read_zone(const char *path, struct zta_zone **zone, struct zta_error *error)
{
    struct zta_error fault = {.status = ZTA_OK};
    struct zta_file_stamp stamp;
    char *data = NULL;
    size_t size = 0;
    enum zta_status status = zta_file_read(path, FILE_MAX, &data, &size, &stamp, &fault);
    if (status == ZTA_OK) {
        status = zta_zone_read((const uint8_t *)data, size, zone, &fault);
    }
    free(data);
    return status == ZTA_OK ? ZTA_OK : zta_error_set(error, status, "%s: %s", path, fault.text);
}

enum zta_status zta_zone_open(struct zta_text name, struct zta_zone **zone, struct zta_error *error)
{
    char path[PATH_MAX];
    if (!zta_zone_is_name(name)) {
        return zta_error_set(error, ZTA_NOT_FOUND, "it is no name of a time zone");
    }
    const int len = snprintf(path, sizeof path, "%s/%.*s", directory(), (int)name.len, name.data);
    if (len < 0 || (size_t)len >= sizeof path) {
        return zta_error_set(error, ZTA_NOT_FOUND, "the path in TZDIR is too long");
    }
    const enum zta_status status = check_file(path, error);
    return status == ZTA_OK ? read_zone(path, zone, error) : status;
}

/* Zones once more, with leap seconds or under a second name. */
static bool is_doubled(const FTSENT *entry)
{
    return entry->fts_level == 1 &&
           (strcmp(entry->fts_name, "right") == 0 || strcmp(entry->fts_name, "posix") == 0);
}

void zta_zone_each_name(zta_zone_name_fn fn, void *context)
{
    char root[PATH_MAX];
    (void)snprintf(root, sizeof root, "%s", directory());
    for (size_t len = strlen(root); len > 1 && root[len - 1] == '/'; len--) {
        root[len - 1] = '\0';
    }
    char *const roots[] = {root, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
    FTSENT *entry;
    while (tree != NULL && (entry = fts_read(tree)) != NULL) {
        if (entry->fts_info == FTS_D && is_doubled(entry)) {
            (void)fts_set(tree, entry, FTS_SKIP);
        }
        if (entry->fts_level == 0 || entry->fts_info == FTS_D || entry->fts_info == FTS_DP) {
            continue;
        }
        const struct zta_text name = zta_text_of(entry->fts_path + strlen(root) + 1);
        if (zta_zone_is_name(name)) {
            fn(context, name);
        }
    }
    if (tree != NULL) {
        (void)fts_close(tree);
    }
}
