/* SPDX-License-Identifier: Apache-2.0 */
/* What requests tell of a device: how it was recognised, who comes with it, what became of that. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/model_priv.h"
#include "shared/base/clock.h"
#include "shared/context.h"
#include "shared/decision.h"
#include "shared/notice.h"
#include "shared/store/attestations.h"

enum {
    USERS_MAX = 8,
    NAME_SIZE = 160,
    DEVICE_FACT = 2, /* place of its source among those of an event */
};

struct user {
    char name[NAME_SIZE];
    uint8_t session[ZTA_SESSION_ID_SIZE];
    int64_t last_s;
    uint64_t n;
    uint64_t n_refused;
};

struct use {
    struct zta_text device;
    size_t n_seen;
    uint64_t n;
    struct user users[USERS_MAX]; /* the latest first */
    size_t n_users;
    size_t n_others; /* requests of sessions that are not kept */
    enum zta_fact_source source;
    uint32_t age_s;
};

/* NULL: there is no room for one more. */
static struct user *user_of(struct use *use, const struct zta_event *event)
{
    size_t i = 0;
    while (i < use->n_users &&
           memcmp(use->users[i].session, event->session, sizeof event->session) != 0) {
        i++;
    }
    if (i == USERS_MAX) {
        return NULL;
    }
    if (i == use->n_users) {
        use->n_users++;
        use->users[i] = (struct user){.last_s = event->time_ns / ZTA_NS_PER_S};
        memcpy(use->users[i].session, event->session, sizeof event->session);
        tui_keep(use->users[i].name, NAME_SIZE, zta_event_text(event, ZTA_EVENT_SUBJECT));
    }
    return &use->users[i];
}

static bool see(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    struct use *use = context;
    if (zta_text_equal(zta_event_text(event, ZTA_EVENT_DEVICE), use->device)) {
        if (use->n == 0) {
            use->source = (enum zta_fact_source)event->context.sources[DEVICE_FACT];
            use->age_s = event->context.ages_s[DEVICE_FACT];
        }
        struct user *user = user_of(use, event);
        use->n += key->weight;
        if (user != NULL) {
            user->n += key->weight;
            user->n_refused += event->outcome == ZTA_OUTCOME_ALLOW ? 0 : key->weight;
        }
        else {
            use->n_others += key->weight;
        }
    }
    return ++use->n_seen < TUI_EVENTS_BACK;
}

static void put_users(struct tui_page *page, const struct use *use, int64_t now_s)
{
    for (size_t i = 0; i < use->n_users; i++) {
        const struct user *user = &use->users[i];
        char ago[TUI_SHORT_MAX];
        char hex[2 * ZTA_SESSION_ID_SIZE + 1];
        tui_format_ago(user->last_s, now_s, ago);
        zta_hex_encode(user->session, sizeof user->session, hex);
        tui_page_role(page, TUI_ROLE_STRONG);
        tui_page_line(page, ago, zta_text_of(user->name));
        tui_page_printf(page, "", "%" PRIu64 " requests, %" PRIu64 " refused, session %s", user->n,
                        user->n_refused, hex);
    }
    if (use->n_others > 0) {
        tui_page_printf(page, "", "%zu requests of more sessions", use->n_others);
    }
}

/* What a transmitter says of it, where that counts. */
static enum zta_status put_attestation(struct tui_page *page, struct zta_view *view,
                                       struct zta_text id, int64_t now_s)
{
    const struct zta_text none = {.data = NULL};
    struct zta_attestation told;
    const enum zta_status status =
        zta_attestation_get(view, ZTA_ATTESTED_COMPLIANCE, none, id, now_s, &told);
    if (status == ZTA_OK) {
        char ago[TUI_SHORT_MAX];
        tui_format_ago(told.event_s, now_s, ago);
        tui_page_role(page, TUI_ROLE_WARN);
        tui_page_printf(page, "signal", "%s, told by a transmitter %s ago",
                        zta_notice_level_name(ZTA_NOTICE_DEVICE, told.level), ago);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status tui_model_put_device(struct zta_view *view, struct zta_text id, int64_t now_s,
                                     struct tui_page *page)
{
    struct use use = {.device = id};
    enum zta_status status = zta_event_each_back(view, see, &use);
    if (status != ZTA_OK) {
        return status;
    }
    tui_page_section(page, "Where its facts come from");
    tui_page_printf(page, "inventory", "what is said above");
    status = put_attestation(page, view, id, now_s);
    if (use.n == 0) {
        tui_page_printf(page, "requests", "none among the newest %zu of all brought it",
                        use.n_seen);
        return status;
    }
    char age[TUI_SHORT_MAX];
    char found[64] = "";
    tui_format_span(use.age_s, age);
    if (use.source != ZTA_SOURCE_NONE) {
        (void)snprintf(found, sizeof found, "; the latest by %s, %s old",
                       zta_fact_source_name(use.source), age);
    }
    tui_page_printf(page, "requests", "%" PRIu64 " among the newest %zu%s", use.n, use.n_seen,
                    found);
    tui_page_section(page, "Who comes with it");
    put_users(page, &use, now_s);
    return status;
}
