/* SPDX-License-Identifier: Apache-2.0 */
/* What a summary takes from the store's other tables: what was done, and what holds now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/summary_priv.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/base/net.h"
#include "shared/store/audit.h"
#include "shared/store/blocks.h"
#include "shared/store/keysets.h"
#include "shared/store/measures.h"
#include "shared/store/revocations.h"

#define FACT_SET(fact, field, text) ctl_fact_set((fact)->field, sizeof(fact)->field, text)

struct ctl_fact *ctl_facts_add(struct ctl_facts *facts)
{
    facts->n_all++;
    if (facts->n == CTL_FACTS_MAX) {
        return NULL;
    }
    struct ctl_fact *fact = &facts->all[facts->n++];
    memset(fact, 0, sizeof *fact);
    return fact;
}

void ctl_fact_set(char *field, size_t size, struct zta_text text)
{
    const size_t len = text.len < size ? text.len : size - 1;
    if (len > 0) {
        memcpy(field, text.data, len);
    }
    field[len] = '\0';
}

static bool is_in_period(const struct ctl_summary *summary, int64_t time_s)
{
    return time_s >= summary->from_s && time_s < summary->until_s;
}

/* ---- what was done ---- */

static bool add_action(void *context, const struct zta_audit_entry *entry)
{
    struct ctl_summary *summary = context;
    const int64_t time_s = entry->time_ns / ZTA_NS_PER_S;
    if (time_s < summary->from_s) {
        return false;
    }
    zta_tally_add(&summary->actions, entry->action, 0, 1);
    struct ctl_fact *fact = ctl_facts_add(&summary->operators);
    if (fact != NULL) {
        fact->time_s = time_s;
        FACT_SET(fact, who, zta_text_is_absent(entry->sudo_user) ? entry->login : entry->sudo_user);
        FACT_SET(fact, what, entry->action);
        FACT_SET(fact, whom, entry->target);
        FACT_SET(fact, why, entry->reason);
    }
    return true;
}

static bool add_response(void *context, const struct zta_response *response)
{
    struct ctl_summary *summary = context;
    const int64_t time_s = response->time_ns / ZTA_NS_PER_S;
    if (time_s < summary->from_s) {
        return false;
    }
    if (response->result < ZTA_N_RESPONSE_RESULTS) {
        summary->responses[response->result]++;
    }
    struct ctl_fact *fact = ctl_facts_add(&summary->automation);
    if (fact != NULL) {
        fact->time_s = time_s;
        FACT_SET(fact, who, response->rule);
        (void)snprintf(fact->what, sizeof fact->what, "%.*s (%s)", (int)response->what.len,
                       response->what.len == 0 ? "" : response->what.data,
                       zta_response_result_name(response->result));
        FACT_SET(fact, whom, response->target);
        FACT_SET(fact, why, response->evidence);
    }
    return true;
}

static bool add_revocation(void *context, const struct zta_revocation *record)
{
    struct ctl_summary *summary = context;
    if ((size_t)record->kind < CTL_SUMMARY_KINDS) {
        summary->revoked[record->kind]++;
        summary->revoked_now[record->kind] +=
            is_in_period(summary, record->created_ns / ZTA_NS_PER_S) ? 1 : 0;
    }
    return true;
}

/* ---- what holds ---- */

static bool add_measure(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct ctl_summary *summary = context;
    struct zta_buffer out;
    if (is_lifted || measure->until_s <= summary->now_s) {
        return true;
    }
    struct ctl_fact *fact = ctl_facts_add(&summary->measures);
    if (fact != NULL) {
        fact->time_s = measure->until_s;
        FACT_SET(fact, who, measure->rule);
        FACT_SET(fact, what, zta_text_of(zta_measure_kind_name(measure->kind)));
        zta_buffer_init(&out, fact->whom, sizeof fact->whom);
        zta_target_print(&measure->target, &out);
        FACT_SET(fact, why, measure->reason);
    }
    return true;
}

static bool add_block(void *context, const struct zta_block *block)
{
    struct ctl_summary *summary = context;
    char text[ZTA_CIDR_TEXT_MAX];
    if (block->until_s <= summary->now_s) {
        return true;
    }
    struct ctl_fact *fact = ctl_facts_add(&summary->measures);
    if (fact == NULL) {
        return true;
    }
    fact->time_s = block->until_s;
    FACT_SET(fact, who, block->author);
    FACT_SET(fact, what, ZTA_TEXT("block"));
    FACT_SET(fact, why, block->reason);
    if (block->kind == ZTA_BLOCK_NETWORK) {
        zta_cidr_print(&block->network, text);
        FACT_SET(fact, whom, zta_text_of(text));
    }
    else {
        (void)snprintf(fact->whom, sizeof fact->whom, "%.*s@%.*s", (int)block->subject.len,
                       block->subject.data, (int)block->issuer.len, block->issuer.data);
    }
    return true;
}

static bool add_issuer(void *context, const struct zta_keyset_record *record)
{
    struct ctl_summary *summary = context;
    struct ctl_fact *fact = ctl_facts_add(&summary->issuers);
    if (fact != NULL) {
        fact->time_s = record->fetched_s;
        FACT_SET(fact, who, record->name);
        FACT_SET(fact, what, zta_text_of(ctl_issuer_state(record, summary->now_s)));
        FACT_SET(fact, whom, record->url);
        FACT_SET(fact, why, record->error);
    }
    return true;
}

static bool add_alert(void *context, const struct zta_published_alert *alert)
{
    struct ctl_summary *summary = context;
    struct ctl_fact *fact = ctl_facts_add(&summary->alerts);
    if (fact != NULL) {
        fact->time_s = alert->since_s;
        FACT_SET(fact, what, alert->name);
        FACT_SET(fact, why, alert->text);
    }
    return true;
}

static enum zta_status add_server(struct zta_view *view, struct ctl_summary *summary)
{
    const enum zta_status status = zta_published_get_heartbeat(view, &summary->heartbeat, NULL, 0);
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    summary->has_heartbeat = true;
    summary->is_running = summary->now_s - summary->heartbeat.time_s <= ZTA_HEARTBEAT_STALE_S;
    return zta_published_each_alert(view, add_alert, summary);
}

enum zta_status ctl_summary_state(struct zta_view *view, struct ctl_summary *summary)
{
    enum zta_status status = zta_audit_each(view, 0, add_action, summary);
    zta_tally_sort(&summary->actions);
    if (status == ZTA_OK) {
        status = zta_response_each(view, add_response, summary);
    }
    if (status == ZTA_OK) {
        status = zta_revocation_each(view, add_revocation, summary);
    }
    if (status == ZTA_OK) {
        status = zta_measure_each(view, add_measure, summary);
    }
    if (status == ZTA_OK) {
        status = zta_block_each(view, add_block, summary);
    }
    if (status == ZTA_OK) {
        status = zta_keyset_each(view, add_issuer, summary);
    }
    return status == ZTA_OK ? add_server(view, summary) : status;
}
