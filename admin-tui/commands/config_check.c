/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl config check: what is dangerous in the configuration, and what to write instead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin-tui/config_dump.h"
#include "admin-tui/config_stored.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"

enum {
    FIXED_SIZE = 65536,
    FINDING_SIZE = 8192,
};

/* Without root httpd looks at the store as whoever asks: that is no fault of the configuration. */
static void excuse_store(struct ctl_config_dump *dump)
{
    for (size_t i = 0; i < dump->n_findings && geteuid() != 0; i++) {
        if (dump->findings[i].hazard == ZTA_HAZARD_STORE_UNUSABLE) {
            dump->findings[i].severity = ZTA_SEVERITY_NOTICE;
        }
    }
}

static void count(const struct ctl_config_dump *dump, size_t n[ZTA_N_SEVERITIES])
{
    memset(n, 0, ZTA_N_SEVERITIES * sizeof *n);
    for (size_t i = 0; i < dump->n_findings; i++) {
        n[dump->findings[i].severity]++;
    }
}

/* ---- for people ---- */

/* The table's texts are Markdown: its marks say nothing on a terminal but for code. */
static void say_finding(const struct ctl_finding *finding)
{
    if (finding->file != NULL) {
        ctl_say("  %s:%lld: %s", finding->file, (long long)finding->line, finding->text);
    }
    else {
        ctl_say("  %s", finding->text);
    }
}

static void say_findings(const struct ctl_config_dump *dump)
{
    for (size_t i = 0; i < dump->n_findings; i++) {
        const struct ctl_finding *finding = &dump->findings[i];
        const struct zta_hazard_info *info = zta_hazard_info(finding->hazard);
        const struct ctl_finding *former = i == 0 ? NULL : finding - 1;
        const struct ctl_finding *next = i + 1 < dump->n_findings ? finding + 1 : NULL;
        if (former == NULL || former->hazard != finding->hazard ||
            former->severity != finding->severity) {
            ctl_say("%s: %s (%s)", zta_severity_name(finding->severity), info->title, info->name);
        }
        say_finding(finding);
        if (next == NULL || next->hazard != finding->hazard ||
            next->severity != finding->severity) {
            ctl_say("  Why: %s", info->meaning);
            ctl_say("  Write: %s", info->remedy);
            ctl_say("%s", "");
        }
    }
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static enum ctl_exit say(const struct ctl_config_dump *dump, const struct ctl_config_stored *stored)
{
    size_t n[ZTA_N_SEVERITIES];
    count(dump, n);
    say_findings(dump);
    if (dump->n_findings == 0) {
        ctl_say("Nothing found.");
    }
    else {
        ctl_say("%zu error%s, %zu warning%s, %zu notice%s.", n[ZTA_SEVERITY_ERROR],
                plural(n[ZTA_SEVERITY_ERROR]), n[ZTA_SEVERITY_WARNING],
                plural(n[ZTA_SEVERITY_WARNING]), n[ZTA_SEVERITY_NOTICE],
                plural(n[ZTA_SEVERITY_NOTICE]));
    }
    ctl_config_stored_say(stored);
    return ctl_flush();
}

/* ---- as JSON ---- */

static void add_finding(struct zta_json *json, const struct ctl_finding *finding)
{
    const struct zta_hazard_info *info = zta_hazard_info(finding->hazard);
    zta_json_begin_object(json, NULL);
    zta_json_string(json, "finding", info->name);
    zta_json_string(json, "severity", zta_severity_name(finding->severity));
    zta_json_string(json, "title", info->title);
    zta_json_string(json, "server", finding->server);
    zta_json_string(json, "place", finding->place);
    zta_json_string(json, "rule", finding->rule);
    zta_json_string(json, "file", finding->file);
    if (finding->line > 0) {
        zta_json_int(json, "line", finding->line);
    }
    else {
        zta_json_string(json, "line", NULL);
    }
    zta_json_string(json, "text", finding->text);
    zta_json_string(json, "meaning", info->meaning);
    zta_json_string(json, "remedy", info->remedy);
    zta_json_end_object(json);
}

static const char *text_of(const json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static void add_place(struct zta_json *json, const json_t *place)
{
    const char *name;
    json_t *value;
    size_t i;
    union {
        const json_t *c;
        json_t *v;
    } features = {.c = json_object_get(place, "features")};
    zta_json_begin_object(json, NULL);
    zta_json_string(json, "server", text_of(place, "server"));
    zta_json_string(json, "path", text_of(place, "path"));
    zta_json_bool(json, "is_pattern", json_is_true(json_object_get(place, "is_pattern")));
    zta_json_int(json, "stage", json_integer_value(json_object_get(place, "stage")));
    zta_json_int(json, "monitor", json_integer_value(json_object_get(place, "monitor")));
    zta_json_bool(json, "allows_by_default",
                  json_is_true(json_object_get(place, "allows_by_default")));
    zta_json_begin_object(json, "features");
    json_object_foreach(features.v, name, value)
    {
        zta_json_string(json, name, json_string_value(value));
    }
    zta_json_end_object(json);
    zta_json_begin_array(json, "accept");
    json_array_foreach(json_object_get(place, "accept"), i, value)
    {
        zta_json_string(json, NULL, json_string_value(value));
    }
    zta_json_end_array(json);
    zta_json_end_object(json);
}

static void add_configuration(struct zta_json *json, const struct ctl_config_dump *dump)
{
    const json_t *line;
    size_t i = 0;
    zta_json_begin_array(json, "places");
    while ((line = ctl_config_dump_next(dump, "place", &i)) != NULL) {
        add_place(json, line);
    }
    zta_json_end_array(json);
    zta_json_begin_array(json, "issuers");
    for (i = 0; (line = ctl_config_dump_next(dump, "issuer", &i)) != NULL;) {
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "name", text_of(line, "name"));
        zta_json_string(json, "url", text_of(line, "url"));
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
    zta_json_begin_array(json, "rules");
    for (i = 0; (line = ctl_config_dump_next(dump, "rules", &i)) != NULL;) {
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "file", text_of(line, "file"));
        zta_json_string(json, "sha256", text_of(line, "sha256"));
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

static void write_json(const struct ctl_config_dump *dump, const struct ctl_config_stored *stored,
                       struct zta_json *json)
{
    size_t n[ZTA_N_SEVERITIES];
    count(dump, n);
    zta_json_begin_object(json, NULL);
    zta_json_bool(json, "starts", dump->starts);
    zta_json_string(json, "store", dump->store);
    zta_json_int(json, "errors", (int64_t)n[ZTA_SEVERITY_ERROR]);
    zta_json_int(json, "warnings", (int64_t)n[ZTA_SEVERITY_WARNING]);
    zta_json_int(json, "notices", (int64_t)n[ZTA_SEVERITY_NOTICE]);
    zta_json_begin_array(json, "findings");
    for (size_t i = 0; i < dump->n_findings; i++) {
        add_finding(json, &dump->findings[i]);
    }
    zta_json_end_array(json);
    add_configuration(json, dump);
    ctl_config_stored_json(stored, json);
    zta_json_end_object(json);
}

static enum ctl_exit print_json(const struct ctl_config_dump *dump,
                                const struct ctl_config_stored *stored)
{
    /* Every text of the run stands in it at most once, escaped again; the table's come beside. */
    const size_t size = FIXED_SIZE + 2 * dump->output_len + dump->n_findings * FINDING_SIZE;
    struct zta_buffer buffer;
    struct zta_json json;
    char *text = malloc(size);
    if (text == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    zta_buffer_init(&buffer, text, size);
    zta_json_init(&json, &buffer);
    write_json(dump, stored, &json);
    (void)fprintf(stdout, "%s\n", text);
    free(text);
    return buffer.is_overflowed ? ctl_fail(CTL_FAILED, "the document is too long") : ctl_flush();
}

enum ctl_exit ctl_run_config_check(struct ctl *ctl)
{
    struct ctl_config_dump dump;
    struct ctl_config_stored stored = {.is_looked_at = false};
    const bool is_strict = ctl_option_is_set(&ctl->options, CTL_OPTION_STRICT);
    const struct zta_text program = ctl_option_text(&ctl->options, CTL_OPTION_APACHECTL);
    const struct zta_text conf = ctl_option_text(&ctl->options, CTL_OPTION_CONF);
    size_t n[ZTA_N_SEVERITIES];
    enum ctl_exit code = ctl_config_dump_run(program.data, conf.data, &dump);
    if (code == CTL_DONE) {
        excuse_store(&dump);
        code = ctl_config_stored_look(ctl, &dump, &stored);
    }
    if (code == CTL_DONE) {
        ctl_config_dump_sort(&dump);
        count(&dump, n);
        code = ctl_is_json(ctl) ? print_json(&dump, &stored) : say(&dump, &stored);
        if (code == CTL_DONE &&
            (n[ZTA_SEVERITY_ERROR] > 0 || (is_strict && n[ZTA_SEVERITY_WARNING] > 0))) {
            code = CTL_FAILED;
        }
    }
    ctl_config_stored_close(&stored);
    ctl_config_dump_close(&dump);
    return code;
}
