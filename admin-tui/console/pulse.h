/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened in the last minutes, counted as events come: requests a second, and who or what had
 * how many. Pure: fed by the model, read by views. Bounded, however many requests there are.
 */
#ifndef TUI_PULSE_H
#define TUI_PULSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/decision.h"
#include "shared/event.h"

#define TUI_PULSE_S      600 /* seconds of the series */
#define TUI_TALLY_SLOT_S 10
#define TUI_TALLY_SLOTS  30 /* five minutes */
#define TUI_TALLY_S      (TUI_TALLY_SLOT_S * TUI_TALLY_SLOTS)
#define TUI_TALLY_ROWS   64 /* names at a time; the rarest gives way */
#define TUI_TALLY_NAME   96
#define TUI_PULSE_RATE_S 10 /* a rate is the mean of as many whole seconds */

enum tui_tally {
    TUI_TALLY_OUTCOME = 0,
    TUI_TALLY_REASON, /* of refusals */
    TUI_TALLY_ROUTE,
    TUI_TALLY_RULE,  /* of refusals that a rule made */
    TUI_TALLY_WHO,   /* the subject, where none is known the address */
    TUI_TALLY_WOULD, /* reasons of what monitored parts would have refused */
    TUI_TALLY_CAUSE, /* reason, route and rule of a refusal: "REASON on ROUTE by RULE" */
    TUI_N_TALLIES
};

enum tui_series {
    TUI_SERIES_ALL = 0,
    TUI_SERIES_REFUSED,
    TUI_SERIES_OUTCOME, /* the first outcome's; the others follow in their order */
    TUI_N_SERIES = TUI_SERIES_OUTCOME + ZTA_OUTCOME_CHALLENGE + 1
};

struct tui_tally_row {
    char name[TUI_TALLY_NAME]; /* as recorded: not yet safe */
    uint8_t code;              /* of the outcome or reason */
    uint32_t all[TUI_TALLY_SLOTS];
    uint32_t refused[TUI_TALLY_SLOTS];
};

struct tui_top {
    char name[TUI_TALLY_NAME];
    uint8_t code;
    uint64_t all;
    uint64_t refused;
    uint32_t trend[TUI_TALLY_SLOTS]; /* of what it was ordered by; the slot that runs is the last */
};

#define TUI_LATENCY_STEPS 100 /* quarters of an octave, from a microsecond to 33 s */

struct tui_pulse {
    int64_t now_s;
    int64_t from_s; /* nothing before is known */
    uint32_t seconds[TUI_N_SERIES][TUI_PULSE_S];
    struct tui_tally_row rows[TUI_N_TALLIES][TUI_TALLY_ROWS];
    size_t n_rows[TUI_N_TALLIES];
    uint32_t latencies[TUI_TALLY_SLOTS][TUI_LATENCY_STEPS];
};

void tui_pulse_init(struct tui_pulse *pulse, int64_t now_s);
/* What has become too old is forgotten. A clock that was set back begins anew. */
void tui_pulse_advance(struct tui_pulse *pulse, int64_t now_s);
/* `weight` requests like the event, at that time. */
void tui_pulse_add(struct tui_pulse *pulse, const struct zta_event *event, uint64_t weight,
                   int64_t time_s);
/* n columns of `step` seconds each, the newest last, as requests a second. */
void tui_pulse_series(const struct tui_pulse *pulse, enum tui_series series, int step, double *out,
                      size_t n);
double tui_pulse_rate(const struct tui_pulse *pulse, enum tui_series series);
/* Over the last span_s seconds, the one that runs included. */
uint64_t tui_pulse_sum(const struct tui_pulse *pulse, enum tui_series series, int span_s);
/* The most frequent of five minutes, at most `most`; by refusals or by all. Returns how many. */
size_t tui_pulse_top(const struct tui_pulse *pulse, enum tui_tally tally, bool by_refused,
                     struct tui_top *out, size_t most);
/*
 * So many microseconds, to an eighth, that a share of the requests took no longer than; 0: there
 * was none. Over the five minutes, or of slot i of them (the one that runs is the last).
 */
double tui_pulse_latency(const struct tui_pulse *pulse, double share);
double tui_pulse_latency_of(const struct tui_pulse *pulse, size_t i, double share);
/* Seconds that the five minutes really cover. */
int tui_pulse_covered(const struct tui_pulse *pulse);

#endif
