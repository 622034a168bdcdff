/* SPDX-License-Identifier: Apache-2.0 */
/* A line for each thing: httpd and other modules may print lines of their own around them. */
#include "mod_zta/dump.h"

#include <http_config.h>
#include <http_core.h>

#include <apr_strings.h>

#include <stdio.h>

#include "mod_zta/check.h"
#include "mod_zta/config.h"
#include "mod_zta/lint/findings.h"
#include "mod_zta/places.h"
#include "shared/base/hash.h"
#include "shared/base/json.h"
#include "shared/identity.h"

#define DUMP_FORMAT 1
/* A pattern or a finding may be as long as a line of httpd's. */
#define LINE_SIZE ((size_t)1 << 20)

struct dump {
    struct zta_json json;
    struct zta_buffer buffer;
    char *line; /* LINE_SIZE */
    bool is_cut;
};

static struct zta_json *begin(struct dump *dump, const char *kind)
{
    zta_buffer_init(&dump->buffer, dump->line, LINE_SIZE);
    zta_json_init(&dump->json, &dump->buffer);
    zta_json_begin_object(&dump->json, NULL);
    zta_json_string(&dump->json, "zta", kind);
    return &dump->json;
}

/* A line that does not fit would be no JSON. Who misses the last one behind it says so. */
static void end(struct dump *dump)
{
    zta_json_end_object(&dump->json);
    dump->is_cut = dump->is_cut || dump->buffer.is_overflowed;
    if (!dump->buffer.is_overflowed) {
        (void)printf("%s\n", dump->line);
    }
}

static void dump_place(void *context, const server_rec *s, const struct mod_zta_dir *dir,
                       const struct mod_zta_dir *parent)
{
    struct dump *dump = context;
    char server[MOD_ZTA_SERVER_LABEL_SIZE];
    struct zta_published_location location;
    if (!mod_zta_places_describe(s, dir, parent, server, &location)) {
        return;
    }
    struct zta_json *json = begin(dump, "place");
    zta_json_text(json, "server", location.server);
    zta_json_text(json, "path", location.path);
    zta_json_bool(json, "is_pattern", location.is_pattern);
    zta_json_int(json, "stage", dir->stance.stage);
    zta_json_int(json, "monitor", dir->stance.monitor);
    zta_json_bool(json, "allows_by_default", dir->stance.allows_by_default != 0);
    zta_json_begin_object(json, "features");
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        zta_json_string(json, zta_feature_name((enum zta_feature)i),
                        zta_mode_name((enum zta_mode)dir->stance.modes[i]));
    }
    zta_json_end_object(json);
    zta_json_begin_array(json, "accept");
    const struct mod_zta_accept *accept = mod_zta_dir_accept(dir);
    for (size_t i = 0; i < accept->n_issuers; i++) {
        zta_json_text(json, NULL, accept->issuers[i]->name);
    }
    if (accept->has_local) {
        zta_json_string(json, NULL, ZTA_ISSUER_LOCAL);
    }
    if (accept->has_mtls) {
        zta_json_string(json, NULL, ZTA_ISSUER_MTLS);
    }
    zta_json_end_array(json);
    end(dump);
}

static void dump_inputs(struct dump *dump)
{
    const struct mod_zta_global *global = mod_zta_global();
    for (int i = 0; i < global->issuers->nelts; i++) {
        const struct mod_zta_issuer_config *issuer =
            APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *);
        struct zta_json *json = begin(dump, "issuer");
        zta_json_text(json, "name", issuer->issuer.name);
        zta_json_text(json, "url", issuer->issuer.url);
        end(dump);
    }
    for (int i = 0; i < global->rules_files->nelts; i++) {
        const struct mod_zta_rules_file *file =
            &APR_ARRAY_IDX(global->rules_files, i, struct mod_zta_rules_file);
        struct zta_sha256 digest;
        char hex[2 * ZTA_SHA256_SIZE + 1];
        zta_sha256(file->text, file->len, &digest);
        zta_hex_encode(digest.bytes, sizeof(digest.bytes), hex);
        struct zta_json *json = begin(dump, "rules");
        zta_json_string(json, "file", file->name);
        zta_json_string(json, "sha256", hex);
        end(dump);
    }
}

static void dump_finding(struct dump *dump, const struct mod_zta_finding *finding)
{
    char server[MOD_ZTA_SERVER_LABEL_SIZE];
    struct zta_json *json = begin(dump, "finding");
    zta_json_string(json, "finding", zta_hazard_info(finding->hazard)->name);
    zta_json_string(json, "severity", zta_severity_name(finding->severity));
    mod_zta_server_label(finding->server, server);
    zta_json_string(json, "server", server);
    zta_json_string(json, "place", finding->place);
    zta_json_string(json, "rule", finding->rule);
    zta_json_string(json, "file", finding->file);
    zta_json_int(json, "line", finding->line);
    zta_json_string(json, "text", finding->text);
    end(dump);
}

void mod_zta_dump(apr_pool_t *pool, server_rec *main_server, bool is_good)
{
    const struct mod_zta_global *global = mod_zta_global();
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_NORMAL || !ap_exists_config_define("ZTA_DUMP")) {
        return;
    }
    struct dump *dump = apr_pcalloc(pool, sizeof(*dump));
    dump->line = apr_palloc(pool, LINE_SIZE);
    struct zta_json *json = begin(dump, "begin");
    zta_json_int(json, "format", DUMP_FORMAT);
    zta_json_string(json, "store", global->store_dir);
    zta_json_string(json, "httpd", ap_get_server_banner());
    end(dump);
    mod_zta_each_place(pool, main_server, dump_place, dump);
    dump_inputs(dump);
    for (int i = 0; i < global->findings->nelts; i++) {
        dump_finding(dump, &APR_ARRAY_IDX(global->findings, i, struct mod_zta_finding));
    }
    if (!dump->is_cut) {
        json = begin(dump, "end");
        zta_json_bool(json, "starts", is_good);
        end(dump);
    }
    (void)fflush(stdout);
}
