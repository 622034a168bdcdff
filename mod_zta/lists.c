/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is still being written is left alone until it looks the same twice. */
#include "mod_zta/lists.h"

#include <http_config.h>
#include <http_log.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/config.h"
#include "shared/base/clock.h"
#include "shared/base/file.h"
#include "shared/base/limits.h"
#include "shared/rules/parse.h"

APLOG_USE_MODULE(zta);

struct items {
    char *text; /* NULL: the configuration's */
    size_t len;
    struct zta_file_stamp stamp;
};

struct watched {
    int index; /* of the configuration's files */
    const char *path;
    struct items used;
    struct items tried; /* text NULL: none */
    struct zta_file_stamp seen;
    struct zta_file_stamp refused;
};

static struct watched *watched;
static size_t n_watched;
static struct watched *found; /* of the last look */
static struct items news;     /* what stands in it; text NULL: none */
static _Atomic bool wants_retry;

size_t mod_zta_lists_begin(void)
{
    const apr_array_header_t *files = mod_zta_global()->rules_files;
    watched = calloc((size_t)files->nelts + 1, sizeof(*watched));
    for (int i = 0; watched != NULL && i < files->nelts; i++) {
        const struct mod_zta_rules_file *file = &APR_ARRAY_IDX(files, i, struct mod_zta_rules_file);
        if (strncmp(file->name, ZTA_RULES_FILE_PREFIX, strlen(ZTA_RULES_FILE_PREFIX)) == 0) {
            watched[n_watched++] =
                (struct watched){.index = i,
                                 .path = file->name + strlen(ZTA_RULES_FILE_PREFIX),
                                 .used = {.stamp = file->stamp}};
        }
    }
    return n_watched;
}

static void forget_refusals(void)
{
    for (size_t i = 0; i < n_watched; i++) {
        watched[i].refused.inode = 0;
    }
}

/* What the helper says of a file that nobody can read is enough. */
bool mod_zta_lists_look(size_t n, int64_t now_real_ns)
{
    struct watched *file = &watched[n];
    struct zta_file_stamp stamp;
    free(news.text); /* which nobody tried */
    news.text = NULL;
    if (atomic_exchange(&wants_retry, false)) {
        forget_refusals();
    }
    if (zta_file_look(file->path, &stamp, NULL) != ZTA_OK) {
        return false;
    }
    const bool is_settled =
        zta_file_stamp_equal(&stamp, &file->seen) || zta_file_stamp_is_settled(&stamp, now_real_ns);
    file->seen = stamp;
    found = file;
    return is_settled && !zta_file_stamp_equal(&stamp, &file->used.stamp) &&
           !zta_file_stamp_equal(&stamp, &file->refused) &&
           zta_file_read(file->path, ZTA_RULES_FILE_MAX, &news.text, &news.len, &news.stamp,
                         NULL) == ZTA_OK;
}

void mod_zta_lists_try(void)
{
    found->tried = news;
    news.text = NULL;
}

void mod_zta_lists_retry(void)
{
    atomic_store(&wants_retry, true);
}

static void refuse(struct watched *file, server_rec *s, const char *fault, bool is_final)
{
    file->refused = file->tried.stamp;
    if (!is_final) {
        file->refused.inode = 0;
    }
    free(file->tried.text);
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                 "ZTA0023: items of %s: %s; the last good ones serve on", file->path, fault);
}

void mod_zta_lists_settle(server_rec *s, const char *fault, bool is_final)
{
    if (fault != NULL) {
        refuse(found, s, fault, is_final);
    }
    else {
        free(found->used.text);
        found->used = found->tried;
        mod_zta_lists_retry();
    }
    found->tried.text = NULL;
}

static const struct watched *find(int i)
{
    for (size_t k = 0; k < n_watched; k++) {
        if (watched[k].index == i) {
            return &watched[k];
        }
    }
    return NULL;
}

struct zta_text mod_zta_lists_text(int i)
{
    const struct mod_zta_rules_file *file =
        &APR_ARRAY_IDX(mod_zta_global()->rules_files, i, struct mod_zta_rules_file);
    const struct watched *known = find(i);
    const struct items *items = known == NULL               ? NULL
                                : known->tried.text != NULL ? &known->tried
                                                            : &known->used;
    return items == NULL || items->text == NULL
               ? (struct zta_text){.data = file->text, .len = file->len}
               : (struct zta_text){.data = items->text, .len = items->len};
}

bool mod_zta_lists_are_newer(void)
{
    for (size_t i = 0; i < n_watched; i++) {
        if (watched[i].used.text != NULL || watched[i].tried.text != NULL) {
            return true;
        }
    }
    return false;
}
