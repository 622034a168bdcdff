/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and keys from files into their compiled forms, with the last good texts as a fallback. */
#include "mod_zta/load.h"

#include <http_config.h>
#include <http_log.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/assertion.h"
#include "mod_zta/coldcheck.h"
#include "mod_zta/config.h"
#include "mod_zta/geo.h"
#include "mod_zta/lint/findings.h"
#include "mod_zta/posture_config.h"
#include "mod_zta/providers.h"
#include "mod_zta/retained.h"
#include "mod_zta/rules.h"
#include "mod_zta/transmitter_config.h"
#include "shared/base/limits.h"
#include "shared/identity.h"
#include "shared/rules/parse.h"

APLOG_USE_MODULE(zta);

static const char *fault_of(apr_pool_t *pool, const char *path, apr_status_t rv)
{
    char text[120];
    return apr_psprintf(pool, "%s: %s", path, apr_strerror(rv, text, sizeof(text)));
}

/* NULL with *error: it is not there, or no regular file of at most `max` bytes. */
static apr_file_t *open_regular(apr_pool_t *pool, const char *path, apr_size_t max,
                                apr_finfo_t *info, const char **error)
{
    apr_file_t *file = NULL;
    const apr_int32_t wanted = APR_FINFO_SIZE | APR_FINFO_TYPE | APR_FINFO_PROT;
    /* Before it is opened: that could wait for ever for who writes into a pipe. */
    apr_status_t rv = apr_stat(info, path, wanted, pool);
    if (rv == APR_SUCCESS && info->filetype == APR_REG) {
        rv = apr_file_open(&file, path, APR_READ, APR_OS_DEFAULT, pool);
    }
    if (rv == APR_SUCCESS && file != NULL) {
        /* Another file may stand there by now. */
        rv = apr_file_info_get(info, wanted, file);
    }
    if (rv == APR_SUCCESS && info->filetype == APR_REG && info->size <= (apr_off_t)max) {
        return file;
    }
    *error =
        rv != APR_SUCCESS
            ? fault_of(pool, path, rv)
            : apr_psprintf(pool, "%s: expected a regular file of at most %" APR_SIZE_T_FMT " bytes",
                           path, max);
    if (file != NULL) {
        apr_file_close(file);
    }
    return NULL;
}

/* Of so many bytes, and closes it; NULL with *error: it cannot be read. */
static const char *read_opened(apr_pool_t *pool, apr_file_t *file, apr_size_t size, apr_size_t *len,
                               const char **error)
{
    const char *path = NULL;
    char *data = apr_palloc(pool, size + 1);
    apr_status_t rv = apr_file_read_full(file, data, size, len);
    (void)apr_file_name_get(&path, file);
    apr_file_close(file);
    if (rv != APR_SUCCESS && rv != APR_EOF) {
        explicit_bzero(data, *len);
        *error = fault_of(pool, path, rv);
        return NULL;
    }
    data[*len] = '\0';
    return data;
}

const char *mod_zta_load_file(apr_pool_t *pool, const char *path, apr_size_t max, apr_size_t *len,
                              const char **error)
{
    apr_finfo_t info;
    apr_file_t *file = open_regular(pool, path, max, &info, error);
    return file == NULL ? NULL : read_opened(pool, file, (apr_size_t)info.size, len, error);
}

const char *mod_zta_load_secret(apr_pool_t *pool, const char *path, apr_size_t max, apr_size_t *len,
                                const char **error)
{
    apr_finfo_t info;
    apr_file_t *file = open_regular(pool, path, max, &info, error);
    if (file == NULL) {
        return NULL;
    }
    if ((info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE)) != 0) {
        apr_file_close(file);
        *error = apr_psprintf(pool,
                              "%s: everybody can read or write it, expected a file of mode 0600 "
                              "or 0640",
                              path);
        return NULL;
    }
    return read_opened(pool, file, (apr_size_t)info.size, len, error);
}

struct reading {
    apr_pool_t *pool;
    const char *error;
};

/* A file of items that lists name; once, however many do. */
static enum zta_status read_items(void *context, const char *name)
{
    struct reading *reading = context;
    apr_array_header_t *files = mod_zta_global()->rules_files;
    for (int i = 0; i < files->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(files, i, struct mod_zta_rules_file).name, name) == 0) {
            return ZTA_OK;
        }
    }
    struct mod_zta_rules_file file = {.name = apr_pstrdup(reading->pool, name)};
    if (zta_file_look(file.name + strlen(ZTA_RULES_FILE_PREFIX), &file.stamp, NULL) != ZTA_OK) {
        file.stamp.inode = 0; /* reading it says why */
    }
    file.text = mod_zta_load_file(reading->pool, file.name + strlen(ZTA_RULES_FILE_PREFIX),
                                  ZTA_RULES_FILE_MAX, &file.len, &reading->error);
    if (file.text == NULL) {
        return ZTA_IO;
    }
    APR_ARRAY_PUSH(files, struct mod_zta_rules_file) = file;
    return ZTA_OK;
}

/* One file of rules and the files that its lists name; NULL or what is wrong. */
static const char *read_file(apr_pool_t *pool, const char *path)
{
    struct reading reading = {.pool = pool};
    struct mod_zta_rules_file file = {.name = apr_pstrdup(pool, path)};
    file.text = mod_zta_load_file(pool, file.name, ZTA_RULES_FILE_MAX, &file.len, &reading.error);
    if (file.text == NULL) {
        return reading.error;
    }
    APR_ARRAY_PUSH(mod_zta_global()->rules_files, struct mod_zta_rules_file) = file;
    const struct zta_rules_source source = {.name = zta_text_of(file.name),
                                            .text = {.data = file.text, .len = file.len}};
    return zta_rules_each_file(&source, read_items, &reading) == ZTA_OK ? NULL : reading.error;
}

static const char *read_pattern(apr_pool_t *pool, const char *pattern)
{
    glob_t found;
    const char *error = NULL;
    int rc = glob(pattern, 0, NULL, &found);
    if (rc == GLOB_NOMATCH) {
        return apr_psprintf(pool, "ZTARules: '%s' matches no file", pattern);
    }
    if (rc != 0) {
        return apr_psprintf(pool, "ZTARules: '%s' cannot be searched", pattern);
    }
    for (size_t i = 0; i < found.gl_pathc && error == NULL; i++) {
        error = read_file(pool, found.gl_pathv[i]);
    }
    globfree(&found);
    return error;
}

static const char *read_rules(apr_pool_t *pool)
{
    const struct mod_zta_global *global = mod_zta_global();
    for (int i = 0; i < global->rules_patterns->nelts; i++) {
        const char *error =
            read_pattern(pool, APR_ARRAY_IDX(global->rules_patterns, i, const char *));
        if (error != NULL) {
            return error;
        }
    }
    return NULL;
}

static apr_status_t close_rules(void *global)
{
    zta_ruleset_close(&((struct mod_zta_global *)global)->rules);
    return APR_SUCCESS;
}

static const char *rules_error_text(apr_pool_t *pool, const struct zta_rules_error *error)
{
    char text[1024];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof(text));
    zta_rules_error_print(error, &buffer);
    return apr_pstrdup(pool, text);
}

/* Compiles global->rules_files; NULL or what is wrong. */
static const char *compile_rules(apr_pool_t *pool)
{
    struct mod_zta_global *global = mod_zta_global();
    struct zta_rules_error error;
    zta_ruleset_close(&global->rules);
    enum zta_status status = mod_zta_rules_compile(NULL, 0, &global->rules, &error);
    if (status != ZTA_OK) {
        return status == ZTA_INVALID ? rules_error_text(pool, &error) : zta_status_text(status);
    }
    return NULL;
}

/* Puts the retained texts in place of the files. */
static void take_retained_rules(apr_pool_t *pool)
{
    struct mod_zta_global *global = mod_zta_global();
    apr_array_clear(global->rules_files);
    for (const struct mod_zta_retained_text *item = mod_zta_retained()->rules; item != NULL;
         item = item->next) {
        APR_ARRAY_PUSH(global->rules_files, struct mod_zta_rules_file) =
            (struct mod_zta_rules_file){.name = apr_pstrdup(pool, item->name),
                                        .text = apr_pstrdup(pool, item->text),
                                        .len = strlen(item->text)};
    }
}

/* What the files say is not to be used: the retained texts serve on. */
static int fall_back(apr_pool_t *pool, server_rec *s, const char *error)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "ZTA0011: rules: %s; the last good rules serve on",
                 error);
    mod_zta_global()->rules_alert = apr_pstrdup(mod_zta_global()->pool, error);
    take_retained_rules(pool);
    error = compile_rules(pool);
    if (error != NULL) {
        /* The retained rules need what this configuration no longer has (an issuer): an empty set
         * is default deny, so everything that needs rules is refused. */
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "ZTA0012: the last good rules do not fit this configuration (%s); "
                     "every request that needs rules is refused",
                     error);
        apr_array_clear(mod_zta_global()->rules_files);
        error = compile_rules(pool);
    }
    return error == NULL ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

/* What ends a configtest and a cold start, for who asked for findings. */
static int end_start(apr_pool_t *pool, server_rec *s, enum zta_hazard hazard, const char *text)
{
    mod_zta_finding_refuse(
        (struct mod_zta_finding){.hazard = hazard, .server = s, .text = apr_pstrdup(pool, text)});
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* A line that does not fit grants nothing: no other text could take its place. */
static int load_requires(apr_pool_t *pool, server_rec *s, bool is_running)
{
    const char *error = mod_zta_providers_compile(pool);
    if (error == NULL) {
        return OK;
    }
    if (!is_running) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ZTA0110: %s", error);
        return end_start(pool, s, ZTA_HAZARD_CONFIG_REFUSED, error);
    }
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                 "ZTA0111: %s; it and the lines behind it let nobody pass", error);
    return OK;
}

static int refuse_rules(apr_pool_t *pool, server_rec *s, bool is_running, const char *error)
{
    if (is_running) {
        return fall_back(pool, s, error);
    }
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ZTA0010: rules: %s", error);
    return end_start(pool, s, ZTA_HAZARD_CONFIG_REFUSED, apr_psprintf(pool, "rules: %s", error));
}

static int load_rules(apr_pool_t *pool, server_rec *s, bool is_running)
{
    apr_pool_cleanup_register(mod_zta_global()->pool, mod_zta_global(), close_rules,
                              apr_pool_cleanup_null);
    const char *error = read_rules(pool);
    if (error == NULL) {
        error = compile_rules(pool);
    }
    return error == NULL ? OK : refuse_rules(pool, s, is_running, error);
}

/* The store, and whether the live rules in it fit these. */
static int check_store(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s, bool is_running)
{
    const struct mod_zta_global *global = mod_zta_global();
    bool is_about_rules = false;
    const char *error = mod_zta_coldcheck(ptemp, s, global->store_dir, &is_about_rules);
    if (error == NULL) {
        return OK;
    }
    if (is_about_rules) {
        return refuse_rules(pconf, s, is_running, error);
    }
    if (!is_running) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ZTA0017: store %s: %s", global->store_dir,
                     error);
        return end_start(pconf, s, ZTA_HAZARD_STORE_UNUSABLE,
                         apr_psprintf(pconf, "store %s: %s", global->store_dir, error));
    }
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                 "ZTA0018: store %s: %s; ZTAFailure decides until it is mended", global->store_dir,
                 error);
    return OK;
}

struct warning {
    server_rec *s;
    const char *issuer;
};

static void warn_of_key(void *context, const char *text)
{
    const struct warning *warning = context;
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, warning->s, "ZTA0013: issuer %s: %s",
                 warning->issuer, text);
}

/* keys_text into the ring; NULL or what is wrong. */
static const char *load_keyset(struct mod_zta_issuer_config *issuer, apr_pool_t *pool,
                               server_rec *s)
{
    struct warning warning = {.s = s, .issuer = issuer->issuer.name.data};
    struct zta_error error = {.status = ZTA_OK, .text = "every slot is in use"};
    struct mod_zta_keyset *keyset = NULL;
    enum zta_status status =
        mod_zta_keyset_load(zta_text_of(issuer->keys_text), issuer->issuer.algs, warn_of_key,
                            &warning, &keyset, &error);
    if (status == ZTA_OK) {
        status = mod_zta_keyring_replace(issuer->issuer.keyring, &keyset, 0);
        mod_zta_keyset_close(&keyset);
    }
    return status == ZTA_OK ? NULL : apr_psprintf(pool, "%s: %s", issuer->keys_file, error.text);
}

/* effect: what it means that there are none. */
static int load_keys(struct mod_zta_issuer_config *issuer, const char *effect, apr_pool_t *pool,
                     server_rec *s, bool is_running)
{
    const char *error = NULL;
    apr_size_t len;
    if (issuer->keys_file == NULL) {
        return OK; /* the helper fetches them */
    }
    issuer->keys_text =
        mod_zta_load_file(pool, issuer->keys_file, MOD_ZTA_JWKS_SIZE_MAX, &len, &error);
    if (error == NULL) {
        error = load_keyset(issuer, pool, s);
    }
    if (error == NULL) {
        return OK;
    }
    if (!is_running) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ZTA0014: issuer %s: keys: %s",
                     issuer->issuer.name.data, error);
        return end_start(
            pool, s, ZTA_HAZARD_CONFIG_REFUSED,
            apr_psprintf(pool, "issuer %s: keys: %s", issuer->issuer.name.data, error));
    }
    /* A copy: the retained texts are freed before those in force take their place. */
    issuer->keys_text = apr_pstrdup(
        pool, mod_zta_retained_find(mod_zta_retained()->keys, issuer->issuer.name.data));
    if (issuer->keys_text != NULL && load_keyset(issuer, pool, s) == NULL) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "ZTA0015: issuer %s: keys: %s; the last good keys serve on",
                     issuer->issuer.name.data, error);
        issuer->alert = apr_pstrdup(mod_zta_global()->pool, error);
        return OK;
    }
    issuer->keys_text = NULL;
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "ZTA0016: issuer %s: keys: %s; %s",
                 issuer->issuer.name.data, error, effect);
    issuer->alert = apr_pstrdup(mod_zta_global()->pool, error);
    return OK;
}

int mod_zta_load_all(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s, bool is_running)
{
    struct mod_zta_global *global = mod_zta_global();
    global->generation = mod_zta_retained()->generation + 1;
    for (int i = 0; i < global->issuers->nelts; i++) {
        struct mod_zta_issuer_config *issuer =
            APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *);
        if (load_keys(issuer, "its tokens are answered with 503", pconf, s, is_running) != OK) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    for (int i = 0; i < global->postures->nelts; i++) {
        struct mod_zta_posture_config *posture =
            APR_ARRAY_IDX(global->postures, i, struct mod_zta_posture_config *);
        if (load_keys(&posture->keys, "its postures are not taken", pconf, s, is_running) != OK) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    for (int i = 0; i < global->transmitters->nelts; i++) {
        struct mod_zta_transmitter_config *transmitter =
            APR_ARRAY_IDX(global->transmitters, i, struct mod_zta_transmitter_config *);
        if (load_keys(&transmitter->keys, "its signals are answered with 503", pconf, s,
                      is_running) != OK) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    if (mod_zta_assertion_load(pconf, s, is_running) != OK) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (load_rules(pconf, s, is_running) != OK || load_requires(pconf, s, is_running) != OK) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    /* A running server's helper says what is wrong with a file, and the last good copy serves. */
    if (!is_running && mod_zta_geo_check(s) != OK) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return global->is_governed && global->store_dir != NULL
               ? check_store(pconf, ptemp, s, is_running)
               : OK;
}

static void retain_keys(const struct mod_zta_issuer_config *issuer)
{
    if (issuer->keys_text != NULL) {
        mod_zta_retained_add(&mod_zta_retained()->keys, issuer->issuer.name.data,
                             issuer->keys_text);
    }
}

void mod_zta_load_retain(void)
{
    const struct mod_zta_global *global = mod_zta_global();
    struct mod_zta_retained *retained = mod_zta_retained();
    mod_zta_retained_clear(&retained->rules);
    for (int i = 0; i < global->rules_files->nelts; i++) {
        const struct mod_zta_rules_file *file =
            &APR_ARRAY_IDX(global->rules_files, i, struct mod_zta_rules_file);
        mod_zta_retained_add(&retained->rules, file->name, file->text);
    }
    mod_zta_retained_clear(&retained->keys);
    for (int i = 0; i < global->issuers->nelts; i++) {
        retain_keys(APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *));
    }
    for (int i = 0; i < global->postures->nelts; i++) {
        retain_keys(&APR_ARRAY_IDX(global->postures, i, struct mod_zta_posture_config *)->keys);
    }
    for (int i = 0; i < global->transmitters->nelts; i++) {
        retain_keys(
            &APR_ARRAY_IDX(global->transmitters, i, struct mod_zta_transmitter_config *)->keys);
    }
    mod_zta_assertion_retain();
}
