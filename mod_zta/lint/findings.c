/* SPDX-License-Identifier: Apache-2.0 */
/* Findings are kept in the order in which they were made. */
#include "mod_zta/lint/findings.h"

#include <http_log.h>

#include <apr_strings.h>

#include "mod_zta/config.h"

APLOG_USE_MODULE(zta);

static void log_finding(const struct mod_zta_finding *finding)
{
    const struct zta_hazard_info *info = zta_hazard_info(finding->hazard);
    const int level = info->severity == ZTA_SEVERITY_NOTICE ? APLOG_NOTICE : APLOG_WARNING;
    const char *text = finding->text;
    if (finding->file != NULL) {
        text =
            apr_psprintf(mod_zta_global()->pool, "%s (%s:%d)", text, finding->file, finding->line);
    }
    ap_log_error(APLOG_MARK, level, 0, finding->server, "%s: %s", info->tag, text);
}

void mod_zta_finding_add(struct mod_zta_finding finding, const ap_directive_t *line)
{
    finding.severity = zta_hazard_info(finding.hazard)->severity;
    if (line != NULL) {
        finding.file = line->filename;
        finding.line = line->line_num;
    }
    APR_ARRAY_PUSH(mod_zta_global()->findings, struct mod_zta_finding) = finding;
    log_finding(&finding);
}

void mod_zta_finding_refuse(struct mod_zta_finding finding)
{
    finding.severity = ZTA_SEVERITY_ERROR;
    APR_ARRAY_PUSH(mod_zta_global()->findings, struct mod_zta_finding) = finding;
}
