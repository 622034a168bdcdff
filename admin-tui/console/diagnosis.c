/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the pulse. */
#include "admin-tui/console/diagnosis.h"

#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"

enum {
    FEW = 20,      /* requests of which a share says nothing */
    RECENT = 3,    /* whole slots that say how it is now */
    CHANGE_S = 60, /* a change so long before may be the cause */
};

#define MANY_REFUSED 0.05 /* shares of all */
#define MOST_REFUSED 0.25

/* When a cause became as frequent as it is; 0: longer ago than is known, or it comes and goes. */
static int64_t since_when(const struct tui_pulse *pulse, const struct tui_top *top)
{
    uint64_t now = 0;
    size_t at = TUI_TALLY_SLOTS - 1;
    for (size_t i = 1; i <= RECENT; i++) {
        now += top->trend[at - i];
    }
    /* Twice its number in a slot is at least the mean of the recent ones. */
    while (at > 0 && 2 * RECENT * (uint64_t)top->trend[at - 1] >= now) {
        at--;
    }
    bool is_sudden = now > 0 && at > 0 && at + RECENT < TUI_TALLY_SLOTS;
    int64_t slot_s = pulse->now_s - pulse->now_s % TUI_TALLY_SLOT_S;
    int64_t since_s = slot_s - (int64_t)(TUI_TALLY_SLOTS - 1 - at) * TUI_TALLY_SLOT_S;
    return is_sudden && since_s > pulse->from_s ? since_s : 0;
}

/* What an operator changed just before; NULL: nothing that is known. */
static const struct tui_audit_row *change_before(const struct tui_audit *audit, int64_t time_s)
{
    for (size_t i = 0; i < audit->n; i++) {
        int64_t before_s = time_s + TUI_TALLY_SLOT_S - audit->rows[i].time_s;
        if (before_s >= 0) {
            return before_s <= CHANGE_S ? &audit->rows[i] : NULL;
        }
    }
    return NULL;
}

static void put_change(const struct tui_audit_row *change, struct zta_buffer *out)
{
    zta_buffer_safe(out, zta_text_of(change->action));
    zta_buffer_string(out, " ");
    zta_buffer_safe(out, zta_text_of(change->target));
    zta_buffer_string(out, change->who[0] == '\0' ? "" : " by ");
    zta_buffer_safe(out, zta_text_of(change->who));
}

/* What was changed last of the rule that is the cause, however long ago; NULL: nothing known. */
static const struct tui_audit_row *change_of_rule(const struct tui_audit *audit, const char *rule)
{
    char target[sizeof audit->rows[0].target];
    (void)snprintf(target, sizeof target, "rule %s", rule);
    for (size_t i = 0; i < audit->n; i++) {
        if (strcmp(audit->rows[i].target, target) == 0) {
            return &audit->rows[i];
        }
    }
    return NULL;
}

/* What was changed last of the rule that the cause names. */
static const struct tui_audit_row *change_of_cause(const struct tui_pulse *pulse,
                                                   const struct tui_audit *audit,
                                                   const struct tui_top *cause)
{
    struct tui_top top;
    if (tui_pulse_top(pulse, TUI_TALLY_RULE, true, &top, 1) != 1) {
        return NULL;
    }
    const size_t len = strlen(top.name);
    const size_t whole = strlen(cause->name);
    const bool is_named = whole > len && strcmp(cause->name + whole - len, top.name) == 0;
    return is_named ? change_of_rule(audit, top.name) : NULL;
}

static void put_since(const struct tui_pulse *pulse, const struct tui_audit *audit,
                      const struct tui_top *top, struct zta_buffer *out)
{
    char clock[TUI_SHORT_MAX];
    const int64_t since_s = since_when(pulse, top);
    const struct tui_audit_row *change = since_s > 0 ? change_before(audit, since_s) : NULL;
    if (since_s > 0) {
        tui_format_clock(since_s, clock);
        zta_buffer_printf(out, ", since %s", clock);
    }
    if (change != NULL) {
        zta_buffer_string(out, ", after ");
        put_change(change, out);
        return;
    }
    change = change_of_cause(pulse, audit, top);
    if (change != NULL) {
        tui_format_clock(change->time_s, clock);
        zta_buffer_printf(out, ", changed %s: ", clock);
        put_change(change, out);
    }
}

static void put_cause(const struct tui_pulse *pulse, const struct tui_audit *audit,
                      struct zta_buffer *out)
{
    struct tui_top top;
    if (tui_pulse_top(pulse, TUI_TALLY_CAUSE, true, &top, 1) == 1) {
        zta_buffer_string(out, ", mostly ");
        zta_buffer_safe(out, zta_text_of(top.name));
        put_since(pulse, audit, &top, out);
    }
}

static void put_share(const struct tui_pulse *pulse, uint64_t all, uint64_t refused,
                      struct zta_buffer *out)
{
    char share[TUI_SHORT_MAX];
    char count[TUI_SHORT_MAX];
    char span[TUI_SHORT_MAX];
    tui_format_share((double)refused, (double)all, share);
    tui_format_count(all, count);
    if (tui_pulse_covered(pulse) == TUI_TALLY_S) {
        (void)snprintf(span, sizeof span, "%dm", TUI_TALLY_S / 60);
    }
    else {
        tui_format_span(tui_pulse_covered(pulse), span);
    }
    zta_buffer_printf(out, "%s of %s requests refused in %s", share, count, span);
}

enum tui_role tui_diagnose(const struct tui_pulse *pulse, const struct tui_health *health,
                           const struct tui_audit *audit, struct zta_buffer *out)
{
    uint64_t all = tui_pulse_sum(pulse, TUI_SERIES_ALL, TUI_TALLY_S);
    uint64_t refused = tui_pulse_sum(pulse, TUI_SERIES_REFUSED, TUI_TALLY_S);
    if (health->n_alerts > 0) {
        zta_buffer_safe(out, zta_text_of(health->alerts[0].name));
        zta_buffer_string(out, ": ");
        zta_buffer_safe(out, zta_text_of(health->alerts[0].text));
        return TUI_ROLE_BAD;
    }
    if (all == 0) {
        zta_buffer_string(out, "no requests in the last 5 minutes");
        return TUI_ROLE_DIM;
    }
    put_share(pulse, all, refused, out);
    double share = (double)refused / (double)all;
    if (all < FEW || share < MANY_REFUSED) {
        return TUI_ROLE_GOOD;
    }
    put_cause(pulse, audit, out);
    return share < MOST_REFUSED ? TUI_ROLE_WARN : TUI_ROLE_BAD;
}
