/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of JSON among whatever else a configuration's modules print. */
#include "admin-tui/config_dump.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/bytes.h"

#define LINE_BEGIN "{\"zta\":"
#define FORMAT     1

static const char *text_of(const json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static bool is_kind(const json_t *line, const char *kind)
{
    const char *text = text_of(line, "zta");
    return text != NULL && strcmp(text, kind) == 0;
}

bool ctl_config_dump_add(struct ctl_config_dump *dump, const struct ctl_finding *finding)
{
    struct ctl_finding *grown =
        realloc(dump->findings, (dump->n_findings + 1) * sizeof *dump->findings);
    if (grown == NULL) {
        return false;
    }
    dump->findings = grown;
    dump->findings[dump->n_findings++] = *finding;
    return true;
}

/* A module of another release may know findings that this table does not have. */
static enum zta_status take_finding(struct ctl_config_dump *dump, const json_t *line)
{
    struct ctl_finding finding = {
        .server = text_of(line, "server"),
        .place = text_of(line, "place"),
        .rule = text_of(line, "rule"),
        .file = text_of(line, "file"),
        .line = json_integer_value(json_object_get(line, "line")),
        .text = text_of(line, "text"),
    };
    const char *name = text_of(line, "finding");
    const char *severity = text_of(line, "severity");
    if (name == NULL || severity == NULL || finding.text == NULL ||
        !zta_hazard_find(zta_text_of(name), &finding.hazard) ||
        !zta_severity_find(zta_text_of(severity), &finding.severity)) {
        return ZTA_CORRUPT;
    }
    return ctl_config_dump_add(dump, &finding) ? ZTA_OK : ZTA_NO_MEMORY;
}

static enum zta_status take_line(struct ctl_config_dump *dump, const json_t *line)
{
    if (is_kind(line, "begin")) {
        dump->store = text_of(line, "store");
        return json_integer_value(json_object_get(line, "format")) == FORMAT ? ZTA_OK : ZTA_VERSION;
    }
    if (is_kind(line, "end")) {
        dump->is_whole = true;
        dump->starts = json_is_true(json_object_get(line, "starts"));
        return ZTA_OK;
    }
    return is_kind(line, "finding") ? take_finding(dump, line) : ZTA_OK;
}

enum zta_status ctl_config_dump_parse(struct ctl_config_dump *dump)
{
    const char *at = dump->output;
    const char *end = at + dump->output_len;
    enum zta_status status = ZTA_OK;
    dump->lines = json_array();
    while (status == ZTA_OK && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const size_t len = (size_t)((newline == NULL ? end : newline) - at);
        if (len > strlen(LINE_BEGIN) && memcmp(at, LINE_BEGIN, strlen(LINE_BEGIN)) == 0) {
            json_t *line = json_loadb(at, len, JSON_REJECT_DUPLICATES, NULL);
            status = line == NULL                                    ? ZTA_CORRUPT
                     : json_array_append_new(dump->lines, line) != 0 ? ZTA_NO_MEMORY
                                                                     : take_line(dump, line);
        }
        at += len + 1;
    }
    return status;
}

const json_t *ctl_config_dump_next(const struct ctl_config_dump *dump, const char *kind, size_t *i)
{
    while (*i < json_array_size(dump->lines)) {
        const json_t *line = json_array_get(dump->lines, (*i)++);
        if (is_kind(line, kind)) {
            return line;
        }
    }
    return NULL;
}

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

static int compare(const void *left, const void *right)
{
    const struct ctl_finding *a = left;
    const struct ctl_finding *b = right;
    if (a->severity != b->severity) {
        return a->severity > b->severity ? -1 : 1;
    }
    if (a->hazard != b->hazard) {
        return a->hazard < b->hazard ? -1 : 1;
    }
    int order = compare_texts(a->file, b->file);
    order = order != 0 ? order : (a->line > b->line) - (a->line < b->line);
    return order != 0 ? order : compare_texts(a->text, b->text);
}

void ctl_config_dump_sort(struct ctl_config_dump *dump)
{
    if (dump->n_findings > 1) {
        qsort(dump->findings, dump->n_findings, sizeof *dump->findings, compare);
    }
}

void ctl_config_dump_close(struct ctl_config_dump *dump)
{
    json_decref(dump->lines);
    free(dump->findings);
    free(dump->output);
    free(dump->errors);
    *dump = (struct ctl_config_dump){.output = NULL};
}
