/* SPDX-License-Identifier: Apache-2.0 */
/* Rings of seconds and of slots. */
#include "admin-tui/console/pulse.h"

#include <stdlib.h>
#include <string.h>

#include "shared/decision.h"

void tui_pulse_init(struct tui_pulse *pulse, int64_t now_s)
{
    memset(pulse, 0, sizeof *pulse);
    pulse->now_s = now_s;
    pulse->from_s = now_s;
}

static size_t second_of(int64_t time_s)
{
    return (size_t)(((time_s % TUI_PULSE_S) + TUI_PULSE_S) % TUI_PULSE_S);
}

static size_t slot_of(int64_t time_s)
{
    int64_t slot = time_s / TUI_TALLY_SLOT_S;
    return (size_t)(((slot % TUI_TALLY_SLOTS) + TUI_TALLY_SLOTS) % TUI_TALLY_SLOTS);
}

static void clear_slot(struct tui_pulse *pulse, size_t slot)
{
    memset(pulse->latencies[slot], 0, sizeof pulse->latencies[slot]);
    for (size_t i = 0; i < TUI_N_TALLIES; i++) {
        for (size_t k = 0; k < pulse->n_rows[i]; k++) {
            pulse->rows[i][k].all[slot] = 0;
            pulse->rows[i][k].refused[slot] = 0;
        }
    }
}

void tui_pulse_advance(struct tui_pulse *pulse, int64_t now_s)
{
    if (now_s < pulse->now_s - TUI_PULSE_RATE_S || now_s - pulse->now_s >= TUI_PULSE_S) {
        tui_pulse_init(pulse, now_s);
        return;
    }
    while (pulse->now_s < now_s) {
        pulse->now_s++;
        for (size_t i = 0; i < TUI_N_SERIES; i++) {
            pulse->seconds[i][second_of(pulse->now_s)] = 0;
        }
        if (pulse->now_s % TUI_TALLY_SLOT_S == 0) {
            clear_slot(pulse, slot_of(pulse->now_s));
        }
    }
}

static uint64_t sum_of(const uint32_t slots[TUI_TALLY_SLOTS])
{
    uint64_t sum = 0;
    for (size_t i = 0; i < TUI_TALLY_SLOTS; i++) {
        sum += slots[i];
    }
    return sum;
}

static void add_to(uint32_t *count, uint64_t n)
{
    *count = n > UINT32_MAX - *count ? UINT32_MAX : *count + (uint32_t)n;
}

/* The row of that name; a new one takes a free place or that of the rarest. */
static struct tui_tally_row *row_of(struct tui_pulse *pulse, enum tui_tally tally,
                                    struct zta_text name, uint8_t code)
{
    struct tui_tally_row *rows = pulse->rows[tally];
    size_t len = name.len < TUI_TALLY_NAME - 1 ? name.len : TUI_TALLY_NAME - 1;
    for (size_t i = 0; i < pulse->n_rows[tally]; i++) {
        if (rows[i].name[len] == '\0' && memcmp(rows[i].name, name.data, len) == 0) {
            return &rows[i];
        }
    }
    size_t at = pulse->n_rows[tally];
    if (at < TUI_TALLY_ROWS) {
        pulse->n_rows[tally]++;
    }
    else {
        at = 0;
        for (size_t i = 1; i < TUI_TALLY_ROWS; i++) {
            at = sum_of(rows[i].all) < sum_of(rows[at].all) ? i : at;
        }
    }
    rows[at] = (struct tui_tally_row){.code = code};
    memcpy(rows[at].name, name.data, len);
    return &rows[at];
}

/* ---- latency ---- */

enum {
    QUARTERS = 4, /* steps of an octave */
};

static size_t step_of(uint32_t us)
{
    size_t octave = 0;
    while (octave < 31 && us >> (octave + 1) != 0) {
        octave++;
    }
    const uint64_t rest = (uint64_t)us - (us == 0 ? 0 : UINT64_C(1) << octave);
    const size_t step = QUARTERS * octave + (size_t)(rest * QUARTERS >> octave);
    return step < TUI_LATENCY_STEPS ? step : TUI_LATENCY_STEPS - 1;
}

/* The middle of a step. */
static double us_of(size_t step)
{
    const double octave = (double)(UINT64_C(1) << step / QUARTERS);
    return octave * (1 + ((double)(step % QUARTERS) + 0.5) / QUARTERS);
}

static double percentile(const uint64_t steps[TUI_LATENCY_STEPS], double share)
{
    uint64_t all = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < TUI_LATENCY_STEPS; i++) {
        all += steps[i];
    }
    for (size_t i = 0; i < TUI_LATENCY_STEPS; i++) {
        sum += steps[i];
        if (steps[i] > 0 && (double)sum >= share * (double)all) {
            return us_of(i);
        }
    }
    return 0;
}

double tui_pulse_latency(const struct tui_pulse *pulse, double share)
{
    uint64_t steps[TUI_LATENCY_STEPS] = {0};
    for (size_t slot = 0; slot < TUI_TALLY_SLOTS; slot++) {
        for (size_t i = 0; i < TUI_LATENCY_STEPS; i++) {
            steps[i] += pulse->latencies[slot][i];
        }
    }
    return percentile(steps, share);
}

double tui_pulse_latency_of(const struct tui_pulse *pulse, size_t i, double share)
{
    uint64_t steps[TUI_LATENCY_STEPS];
    const uint32_t *slot = pulse->latencies[(slot_of(pulse->now_s) + 1 + i) % TUI_TALLY_SLOTS];
    for (size_t k = 0; k < TUI_LATENCY_STEPS; k++) {
        steps[k] = slot[k];
    }
    return percentile(steps, share);
}

/* ---- counting ---- */

struct counted {
    struct zta_text name;
    uint8_t code;
    bool is_refused;
    uint64_t weight;
    size_t slot;
};

static void count(struct tui_pulse *pulse, enum tui_tally tally, const struct counted *counted)
{
    if (counted->name.len == 0) {
        return;
    }
    struct tui_tally_row *row = row_of(pulse, tally, counted->name, counted->code);
    add_to(&row->all[counted->slot], counted->weight);
    if (counted->is_refused) {
        add_to(&row->refused[counted->slot], counted->weight);
    }
}

static void count_who(struct tui_pulse *pulse, const struct zta_event *event,
                      struct counted counted)
{
    char addr[ZTA_CIDR_TEXT_MAX];
    counted.name = zta_event_text(event, ZTA_EVENT_SUBJECT);
    if (counted.name.len == 0) {
        zta_addr_print(&event->addr, addr);
        counted.name = zta_text_of(addr);
    }
    count(pulse, TUI_TALLY_WHO, &counted);
}

/* What goes together: the most frequent reason need not be that of the most frequent route. */
static void count_cause(struct tui_pulse *pulse, const struct zta_event *event,
                        struct counted counted)
{
    char name[TUI_TALLY_NAME];
    struct zta_text route = zta_event_text(event, ZTA_EVENT_ROUTE);
    struct zta_text rule = zta_event_text(event, ZTA_EVENT_RULE);
    struct zta_buffer text;
    zta_buffer_init(&text, name, sizeof name);
    zta_buffer_string(&text, zta_reason_name((enum zta_reason)event->reason));
    zta_buffer_string(&text, route.len > 0 ? " on " : "");
    zta_buffer_text(&text, route);
    zta_buffer_string(&text, rule.len > 0 ? " by " : "");
    zta_buffer_text(&text, rule);
    counted.name = zta_text_of(name);
    count(pulse, TUI_TALLY_CAUSE, &counted);
}

static void count_all(struct tui_pulse *pulse, const struct zta_event *event,
                      struct counted counted)
{
    counted.code = event->outcome;
    counted.name = zta_text_of(zta_outcome_name((enum zta_outcome)event->outcome));
    count(pulse, TUI_TALLY_OUTCOME, &counted);
    counted.name = zta_event_text(event, ZTA_EVENT_ROUTE);
    count(pulse, TUI_TALLY_ROUTE, &counted);
    count_who(pulse, event, counted);
    if (counted.is_refused) {
        counted.name = zta_event_text(event, ZTA_EVENT_RULE);
        count(pulse, TUI_TALLY_RULE, &counted);
        counted.code = event->reason;
        counted.name = zta_text_of(zta_reason_name((enum zta_reason)event->reason));
        count(pulse, TUI_TALLY_REASON, &counted);
        count_cause(pulse, event, counted);
    }
    else if ((event->flags & ZTA_EVENT_MONITORED) != 0 &&
             event->monitor_outcome != ZTA_OUTCOME_ALLOW) {
        counted.code = event->monitor_reason;
        counted.name = zta_text_of(zta_reason_name((enum zta_reason)event->monitor_reason));
        count(pulse, TUI_TALLY_WOULD, &counted);
    }
}

void tui_pulse_add(struct tui_pulse *pulse, const struct zta_event *event, uint64_t weight,
                   int64_t time_s)
{
    bool is_refused = event->outcome != ZTA_OUTCOME_ALLOW;
    if (time_s > pulse->now_s || time_s <= pulse->now_s - TUI_PULSE_S) {
        return;
    }
    pulse->from_s = time_s < pulse->from_s ? time_s : pulse->from_s;
    size_t second = second_of(time_s);
    add_to(&pulse->seconds[TUI_SERIES_ALL][second], weight);
    if (is_refused) {
        add_to(&pulse->seconds[TUI_SERIES_REFUSED][second], weight);
    }
    if (event->outcome <= ZTA_OUTCOME_CHALLENGE) {
        add_to(&pulse->seconds[TUI_SERIES_OUTCOME + event->outcome][second], weight);
    }
    int64_t age_slots = pulse->now_s / TUI_TALLY_SLOT_S - time_s / TUI_TALLY_SLOT_S;
    if (age_slots < TUI_TALLY_SLOTS) {
        add_to(&pulse->latencies[slot_of(time_s)][step_of(event->latency_us)], weight);
        count_all(
            pulse, event,
            (struct counted){.is_refused = is_refused, .weight = weight, .slot = slot_of(time_s)});
    }
}

void tui_pulse_series(const struct tui_pulse *pulse, enum tui_series series, int step, double *out,
                      size_t n)
{
    /* The second that runs is not whole yet. Columns stand still between two steps. */
    int64_t end = pulse->now_s - pulse->now_s % step;
    for (size_t i = 0; i < n; i++) {
        int64_t begin = end - (int64_t)(n - i) * step;
        uint64_t sum = 0;
        for (int64_t at = begin; at < begin + step; at++) {
            bool is_kept = at > pulse->now_s - TUI_PULSE_S && at <= pulse->now_s;
            sum += is_kept ? pulse->seconds[series][second_of(at)] : 0;
        }
        out[i] = (double)sum / step;
    }
}

uint64_t tui_pulse_sum(const struct tui_pulse *pulse, enum tui_series series, int span_s)
{
    uint64_t sum = 0;
    for (int i = 0; i < span_s && i < TUI_PULSE_S; i++) {
        sum += pulse->seconds[series][second_of(pulse->now_s - i)];
    }
    return sum;
}

double tui_pulse_rate(const struct tui_pulse *pulse, enum tui_series series)
{
    uint64_t running = pulse->seconds[series][second_of(pulse->now_s)];
    uint64_t sum = tui_pulse_sum(pulse, series, TUI_PULSE_RATE_S + 1) - running;
    return (double)sum / TUI_PULSE_RATE_S;
}

static int by_refusals(const void *a, const void *b)
{
    const struct tui_top *one = a;
    const struct tui_top *other = b;
    if (one->refused != other->refused) {
        return one->refused < other->refused ? 1 : -1;
    }
    return strcmp(one->name, other->name);
}

static int by_count(const void *a, const void *b)
{
    const struct tui_top *one = a;
    const struct tui_top *other = b;
    if (one->all != other->all) {
        return one->all < other->all ? 1 : -1;
    }
    return strcmp(one->name, other->name);
}

static void put_trend(const struct tui_pulse *pulse, const uint32_t slots[TUI_TALLY_SLOTS],
                      uint32_t out[TUI_TALLY_SLOTS])
{
    size_t newest = slot_of(pulse->now_s);
    for (size_t i = 0; i < TUI_TALLY_SLOTS; i++) {
        out[i] = slots[(newest + 1 + i) % TUI_TALLY_SLOTS];
    }
}

size_t tui_pulse_top(const struct tui_pulse *pulse, enum tui_tally tally, bool by_refused,
                     struct tui_top *out, size_t most)
{
    struct tui_top all[TUI_TALLY_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < pulse->n_rows[tally]; i++) {
        const struct tui_tally_row *row = &pulse->rows[tally][i];
        all[n] = (struct tui_top){
            .code = row->code, .all = sum_of(row->all), .refused = sum_of(row->refused)};
        memcpy(all[n].name, row->name, sizeof all[n].name);
        put_trend(pulse, by_refused ? row->refused : row->all, all[n].trend);
        n += by_refused ? all[n].refused > 0 : all[n].all > 0;
    }
    qsort(all, n, sizeof all[0], by_refused ? by_refusals : by_count);
    n = n < most ? n : most;
    memcpy(out, all, n * sizeof all[0]);
    return n;
}

int tui_pulse_covered(const struct tui_pulse *pulse)
{
    int64_t covered = pulse->now_s - pulse->from_s + 1;
    return covered > TUI_TALLY_S ? TUI_TALLY_S : (int)covered;
}
