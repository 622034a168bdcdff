/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the pulse. */
#include "admin-tui/console/diagnosis.h"

#include "admin-tui/console/format.h"

enum {
    STEP_S = 10,
    N_STEPS = TUI_TALLY_S / STEP_S,
    FEW = 20, /* requests of which a share says nothing */
};

#define MANY_REFUSED 0.05 /* shares of all */
#define MOST_REFUSED 0.25

/* When the share of refusals rose to at least half of what it is; 0: longer ago than is known. */
static int64_t since_when(const struct tui_pulse *pulse, double share)
{
    double all[N_STEPS];
    double refused[N_STEPS];
    tui_pulse_series(pulse, TUI_SERIES_ALL, STEP_S, all, N_STEPS);
    tui_pulse_series(pulse, TUI_SERIES_REFUSED, STEP_S, refused, N_STEPS);
    size_t at = N_STEPS;
    while (at > 0 && (all[at - 1] == 0 || refused[at - 1] / all[at - 1] >= share / 2)) {
        at--;
    }
    int64_t end_s = pulse->now_s - pulse->now_s % STEP_S;
    return at == 0 || at == N_STEPS ? 0 : end_s - (int64_t)(N_STEPS - at) * STEP_S;
}

static void put_top(const struct tui_pulse *pulse, enum tui_tally tally, const char *before,
                    struct zta_buffer *out)
{
    struct tui_top top;
    if (tui_pulse_top(pulse, tally, true, &top, 1) == 1) {
        zta_buffer_string(out, before);
        zta_buffer_safe(out, zta_text_of(top.name));
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
    tui_format_span(tui_pulse_covered(pulse), span);
    zta_buffer_printf(out, "%s of %s requests refused in %s", share, count, span);
}

enum tui_role tui_diagnose(const struct tui_pulse *pulse, const struct tui_health *health,
                           struct zta_buffer *out)
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
    put_top(pulse, TUI_TALLY_REASON, ", mostly ", out);
    put_top(pulse, TUI_TALLY_ROUTE, " on ", out);
    put_top(pulse, TUI_TALLY_RULE, ", rule ", out);
    int64_t since_s = since_when(pulse, share);
    if (since_s != 0) {
        char clock[TUI_SHORT_MAX];
        tui_format_clock(since_s, clock);
        zta_buffer_printf(out, ", since %s", clock);
    }
    return share < MOST_REFUSED ? TUI_ROLE_WARN : TUI_ROLE_BAD;
}
