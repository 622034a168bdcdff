/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is still being written is left alone until it looks the same twice. */
#include "mod_zta/helper/list_watch.h"

#include <stdlib.h>
#include <string.h>

#include "mod_zta/helper/observer_priv.h"
#include "shared/base/clock.h"
#include "shared/base/limits.h"
#include "shared/rules/parse.h"

static const char *path_of(const struct mod_zta_list_watch *watch, size_t i)
{
    const struct zta_rules_source source = {.name = watch->names[i]};
    return zta_rules_source_is_file(&source) ? zta_rules_source_shown(&source).data : NULL;
}

/* All rules with this text in place of the one it had; what only issuers can tell, children see. */
static enum zta_status try_text(const struct mod_zta_list_watch *watch, size_t i,
                                struct zta_text text, struct zta_error *error)
{
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error fault = {.line = 0};
    struct zta_rules_source *sources = calloc(watch->n, sizeof *sources);
    if (sources == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory to read it");
    }
    for (size_t k = 0; k < watch->n; k++) {
        sources[k] = (struct zta_rules_source){.name = watch->names[k],
                                               .text = k == i ? text : watch->texts[k]};
    }
    enum zta_status status = zta_rules_parse(sources, watch->n, &ast, &fault);
    if (status != ZTA_OK) {
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, error->text, sizeof error->text);
        zta_rules_error_print(&fault, &buffer);
        error->status = status;
    }
    zta_rules_ast_close(&ast);
    free(sources);
    return status;
}

static bool take(struct mod_zta_list_watch *watch, size_t i, struct zta_error *error)
{
    char *data = NULL;
    size_t len = 0;
    struct zta_file_stamp stamp;
    enum zta_status status =
        zta_file_read(path_of(watch, i), ZTA_RULES_FILE_MAX, &data, &len, &stamp, error);
    if (status == ZTA_BUSY) {
        error->text[0] = '\0'; /* it changes just now: at the next look */
        return false;
    }
    if (status == ZTA_OK) {
        status = try_text(watch, i, (struct zta_text){.data = data, .len = len}, error);
    }
    if (status != ZTA_OK) {
        watch->refused[i] = watch->seen[i];
        free(data);
        return false;
    }
    free(watch->owned[i]);
    watch->owned[i] = data;
    watch->texts[i] = (struct zta_text){.data = data, .len = len};
    watch->taken[i] = stamp;
    return true;
}

enum found {
    AS_IT_WAS = 0,
    TAKEN,
    REFUSED_BEFORE, /* the alert says why */
    FAULTY,
};

static enum found look_at(struct mod_zta_list_watch *watch, size_t i, struct zta_error *error)
{
    struct zta_file_stamp stamp;
    if (zta_file_look(path_of(watch, i), &stamp, error) != ZTA_OK) {
        return FAULTY;
    }
    const bool is_settled = zta_file_stamp_equal(&stamp, &watch->seen[i]);
    watch->seen[i] = stamp;
    if (zta_file_stamp_equal(&stamp, &watch->taken[i]) || !is_settled) {
        return AS_IT_WAS;
    }
    if (zta_file_stamp_equal(&stamp, &watch->refused[i])) {
        return REFUSED_BEFORE;
    }
    return take(watch, i, error) ? TAKEN : error->text[0] != '\0' ? FAULTY : AS_IT_WAS;
}

static void alarm_of(const struct mod_zta_list_watch *watch, struct mod_zta_observer *observer,
                     size_t i, int64_t now_s, const struct zta_error *error)
{
    struct zta_error text;
    (void)zta_error_set(&text, error->status, "%s: %s; the last good items serve on",
                        path_of(watch, i), error->text);
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_LISTS, now_s, text.text);
}

bool mod_zta_list_watch_step(struct mod_zta_list_watch *watch, struct mod_zta_observer *observer,
                             int64_t now_mono_ns, int64_t now_real_ns)
{
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    bool is_changed = false;
    bool is_well = true;
    if (now_mono_ns < watch->next_ns) {
        return false;
    }
    watch->next_ns = now_mono_ns + ZTA_NS_PER_S;
    for (size_t i = 0; i < watch->n; i++) {
        struct zta_error error = {.status = ZTA_OK, .text = ""};
        const enum found found = path_of(watch, i) == NULL ? AS_IT_WAS : look_at(watch, i, &error);
        if (found == TAKEN) {
            is_changed = true;
            mod_zta_observer_log(observer, MOD_ZTA_HELPER_NOTICE, "ZTA0109: items of %s are new",
                                 path_of(watch, i));
        }
        if (found == FAULTY && is_well) {
            alarm_of(watch, observer, i, now_s, &error);
        }
        is_well = is_well && found != FAULTY && found != REFUSED_BEFORE;
    }
    if (is_well) {
        mod_zta_observer_alert(observer, MOD_ZTA_ALERT_LISTS, now_s, NULL);
    }
    return is_changed;
}
