/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl devices set, import. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin-tui/devices.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"

enum {
    READ_FIRST = 1 << 16,
    FAULTS_SHOWN = 20,
    GUARDED_SHARE = 5, /* more than one of so many devices would go */
};

/* ---- set ---- */

/* What the options say, and where it is kept. */
struct setting {
    struct ctl_device_row row;
    char os[ZTA_DEVICE_OS_MAX + 1];
    struct zta_sha256 certificates[CTL_OPTION_VALUES_MAX];
};

/* The first certificate of a PEM file. */
static enum zta_status read_certificate(const char *path, struct zta_sha256 *digest,
                                        struct zta_error *error)
{
    unsigned char *der = NULL;
    long size = 0;
    BIO *file = BIO_new_file(path, "r");
    if (file == NULL) {
        ERR_clear_error();
        return zta_error_set(error, ZTA_INVALID,
                             "--certificate: '%s' is no SHA-256 (43 characters of base64url or 64 "
                             "hex digits) and no file that can be read",
                             path);
    }
    int is_read = PEM_bytes_read_bio(&der, &size, NULL, PEM_STRING_X509, file, NULL, NULL);
    (void)BIO_free(file);
    if (is_read != 1) {
        ERR_clear_error();
        return zta_error_set(error, ZTA_INVALID, "--certificate: %s holds no certificate in PEM",
                             path);
    }
    zta_sha256(der, (size_t)size, digest);
    OPENSSL_free(der);
    return ZTA_OK;
}

static enum zta_status take_certificates(const struct ctl *ctl, struct setting *setting,
                                         struct zta_error *error)
{
    const size_t n = ctl->options.n[CTL_OPTION_CERTIFICATE];
    const char *const *values = ctl->options.values[CTL_OPTION_CERTIFICATE];
    struct zta_device *device = &setting->row.device;
    enum zta_status status = ZTA_OK;
    device->certificates = setting->certificates;
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        struct zta_sha256 *digest = &setting->certificates[device->n_certificates];
        if (values[i][0] == '\0') {
            continue; /* an empty value alone: none */
        }
        if (ctl_thumbprint_parse(zta_text_of(values[i]), digest) != ZTA_OK) {
            status = read_certificate(values[i], digest, error);
        }
        bool is_there = false;
        for (size_t k = 0; k < device->n_certificates && !is_there; k++) {
            is_there = memcmp(&setting->certificates[k], digest, sizeof *digest) == 0;
        }
        device->n_certificates += !is_there;
    }
    if (device->n_certificates > ZTA_DEVICE_CERTIFICATES_MAX) {
        return zta_error_set(error, ZTA_INVALID, "--certificate: expected at most %d",
                             ZTA_DEVICE_CERTIFICATES_MAX);
    }
    setting->row.given |= n > 0 ? 1u << CTL_COLUMN_CERTIFICATES : 0;
    return status;
}

static enum zta_status describe(const struct ctl *ctl, struct setting *setting,
                                struct zta_error *error)
{
    static const struct {
        enum ctl_option option;
        enum ctl_column column;
    } given[] = {
        {.option = CTL_OPTION_OWNER, .column = CTL_COLUMN_OWNER},
        {.option = CTL_OPTION_MANAGED, .column = CTL_COLUMN_MANAGED},
        {.option = CTL_OPTION_COMPLIANT, .column = CTL_COLUMN_COMPLIANT},
        {.option = CTL_OPTION_ENCRYPTED, .column = CTL_COLUMN_ENCRYPTED},
        {.option = CTL_OPTION_OS, .column = CTL_COLUMN_OS},
        {.option = CTL_OPTION_OS_VERSION, .column = CTL_COLUMN_OS_VERSION},
        {.option = CTL_OPTION_NOTE, .column = CTL_COLUMN_NOTE},
    };
    enum zta_status status =
        ctl_device_value(&setting->row, CTL_COLUMN_ID, zta_text_of(ctl->arguments[0]), NULL, error);
    for (size_t i = 0; i < sizeof given / sizeof given[0] && status == ZTA_OK; i++) {
        struct zta_text value = ctl_option_text(&ctl->options, given[i].option);
        if (zta_text_is_absent(value)) {
            continue;
        }
        status = ctl_device_value(&setting->row, given[i].column, value, setting->os, error);
    }
    return status == ZTA_OK ? take_certificates(ctl, setting, error) : status;
}

/* As the running server names them. */
static enum zta_status load_issuers(const struct ctl *ctl, struct ctl_issuers *issuers,
                                    struct zta_error *error)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = ctl_issuers_load(view, issuers, error);
        zta_view_end(&view);
    }
    return status;
}

/* Target, effect and undo. *is_same: the inventory says so already. */
static enum zta_status plan_set(const struct ctl *ctl, const struct ctl_device_row *row,
                                struct ctl_report *report, char *effect, size_t size, bool *is_same)
{
    uint8_t storage[ZTA_DEVICE_STORAGE_SIZE];
    struct zta_device former;
    struct zta_device merged;
    struct zta_view *view = NULL;
    bool is_there = false;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = ctl_device_merge(view, row, false, storage, &former, &is_there, &merged);
    zta_view_end(&view);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, effect, size);
    ctl_device_print(&merged, &buffer);
    report->effect = effect;
    (void)snprintf(report->target, sizeof report->target, "device %.*s%s", (int)row->device.id.len,
                   row->device.id.data, is_there ? "" : " (new)");
    *is_same = is_there && zta_device_is_same(&former, &merged);
    if (is_there) {
        ctl_undo_device(ctl, &former, report);
        return ZTA_OK;
    }
    zta_buffer_init(&buffer, report->undo, sizeof report->undo);
    ctl_undo_begin(ctl, &buffer);
    zta_buffer_string(&buffer, "devices remove -- ");
    ctl_quote(&buffer, row->device.id);
    return ZTA_OK;
}

/* Nothing is to do, which is no failure. */
static enum ctl_exit report_same(const struct ctl *ctl, struct ctl_report *report)
{
    report->done = "unchanged";
    report->undo[0] = '\0';
    if (ctl_is_json(ctl)) {
        return ctl_report_done(ctl, report, NULL);
    }
    ctl_say("nothing to do: the inventory says so already");
    return CTL_DONE;
}

enum ctl_exit ctl_run_devices_set(struct ctl *ctl)
{
    static struct ctl_issuers issuers; /* too large for a stack; the row points into it */
    struct setting setting = {.row = {.line = 1}};
    struct ctl_action action;
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_report report = {.done = "set"};
    char effect[CTL_REPORT_TEXT_MAX];
    bool is_same = false;
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    if (describe(ctl, &setting, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    enum zta_status status = load_issuers(ctl, &issuers, &error);
    if (status == ZTA_OK) {
        status = ctl_device_own(&setting.row, &issuers, &error);
    }
    if (status == ZTA_OK) {
        status = plan_set(ctl, &setting.row, &report, effect, sizeof effect, &is_same);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    ctl_report_plan(ctl, &report);
    if (is_same) {
        return report_same(ctl, &report);
    }
    if (ctl_is_dry(ctl)) {
        report.undo[0] = '\0';
        return ctl_report_done(ctl, &report, NULL);
    }
    status = ctl_action_device_set(&action, &setting.row);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

/* ---- import ---- */

/* A file's whole text; the caller's to free. */
static enum zta_status read_all(const char *path, char **text, size_t *len, struct zta_error *error)
{
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t size = 0;
    ssize_t n = fd < 0 ? -1 : 1;
    *text = NULL;
    *len = 0;
    while (n > 0) {
        if (*len == size) {
            size = size == 0 ? READ_FIRST : 2 * size;
            char *larger = size > 2 * (size_t)CTL_DEVICE_FILE_MAX ? NULL : realloc(*text, size);
            if (larger == NULL) {
                errno = EFBIG;
                n = -1;
                break;
            }
            *text = larger;
        }
        n = read(fd, *text + *len, size - *len);
        *len += n > 0 ? (size_t)n : 0;
    }
    int code = errno;
    if (fd >= 0 && !is_input) {
        (void)close(fd);
    }
    if (n < 0 || *len > CTL_DEVICE_FILE_MAX) {
        return zta_error_set(error, n < 0 && code != EFBIG ? ZTA_IO : ZTA_TOO_LARGE, "%s: %s", path,
                             n < 0 && code != EFBIG ? strerror(code)
                                                    : "larger than 256 MiB, expected less");
    }
    return ZTA_OK;
}

_Static_assert(CTL_DEVICE_FILE_MAX == 256u << 20, "as the message says");

struct telling {
    const char *path;
    size_t n;
};

static void tell_fault(void *context, uint32_t line, const char *text)
{
    struct telling *telling = context;
    if (telling->n++ < FAULTS_SHOWN) {
        ctl_note("%s:%" PRIu32 ": %s", telling->path, line, text);
    }
}

/* Every owner that no issuer has is a fault of its line. */
static enum ctl_exit own_all(const struct ctl *ctl, struct ctl_device_file *file)
{
    static struct ctl_issuers issuers; /* too large for a stack; the rows point into it */
    struct zta_error error = {.status = ZTA_OK};
    enum zta_status status = load_issuers(ctl, &issuers, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    for (size_t i = 0; i < file->n; i++) {
        if (ctl_device_own(&file->rows[i], &issuers, &error) != ZTA_OK) {
            file->n_faults++;
            file->fn(file->context, file->rows[i].line, error.text);
        }
    }
    return CTL_DONE;
}

static enum ctl_exit guard(const struct ctl *ctl, const struct ctl_devices_plan *plan)
{
    char question[128];
    char number[24];
    if (plan->n_removed <= plan->n_before / GUARDED_SHARE) {
        return CTL_DONE;
    }
    (void)snprintf(question, sizeof question, "This removes %" PRIu64 " of %" PRIu64 " devices.",
                   plan->n_removed, plan->n_before);
    (void)snprintf(number, sizeof number, "%" PRIu64, plan->n_removed);
    return ctl_ask(ctl, question, number);
}

/* Plans, asks and does it. */
static enum ctl_exit import(const struct ctl *ctl, const struct ctl_devices *devices,
                            struct ctl_action *action)
{
    struct ctl_report report = {.done = "imported"};
    struct ctl_devices_plan plan;
    struct zta_view *view = NULL;
    struct zta_buffer effect;
    char text[160];
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = ctl_devices_count(view, devices, &plan);
        zta_view_end(&view);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading devices");
    }
    zta_buffer_init(&effect, text, sizeof text);
    ctl_devices_plan_print(&plan, &effect);
    report.effect = text;
    (void)snprintf(report.target, sizeof report.target, "%zu devices from %s", devices->n,
                   devices->from);
    ctl_report_plan(ctl, &report);
    if (plan.n_same == devices->n && plan.n_removed == 0) {
        return report_same(ctl, &report);
    }
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    enum ctl_exit code = guard(ctl, &plan);
    if (code != CTL_DONE) {
        return code;
    }
    status = ctl_action_devices_import(action, devices, &plan);
    if (status == ZTA_OK) {
        ctl_undo_action(ctl, action->id, &report);
    }
    return status == ZTA_OK ? ctl_report_done(ctl, &report, action)
                            : ctl_fail_status(status, &action->error, "");
}

enum ctl_exit ctl_run_devices_import(struct ctl *ctl)
{
    const char *path = ctl->arguments[0];
    struct telling telling = {.path = strcmp(path, "-") == 0 ? "standard input" : path};
    struct ctl_device_file file = {.fn = tell_fault, .context = &telling};
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_action action;
    char *text = NULL;
    size_t len;
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = read_all(path, &text, &len, &error);
    if (status != ZTA_OK) {
        code = ctl_fail_status(status, &error, "");
        goto out;
    }
    status = ctl_device_file_parse(&file, text, len);
    code = status == ZTA_OK ? own_all(ctl, &file) : CTL_DONE;
    if (code == CTL_DONE && file.n_faults > 0) {
        code = ctl_fail(CTL_FAILED, "%zu fault%s. Nothing was changed.", file.n_faults,
                        file.n_faults == 1 ? "" : "s");
    }
    if (code == CTL_DONE) {
        const struct ctl_devices devices = {
            .rows = file.rows,
            .n = file.n,
            .replaces = ctl_option_is_set(&ctl->options, CTL_OPTION_REPLACE),
            .from = telling.path};
        code = import(ctl, &devices, &action);
    }
out:
    ctl_device_file_clear(&file);
    free(text);
    return code;
}
