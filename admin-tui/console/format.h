/* SPDX-License-Identifier: Apache-2.0 */
/* Figures and times as short words for people. */
#ifndef TUI_FORMAT_H
#define TUI_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "admin-tui/console/theme.h"
#include "shared/base/bytes.h"

#define TUI_SHORT_MAX 16

/* Three digits where it can: 0, 7, 42, 999, 4.1k, 12k, 3.2M. */
void tui_format_count(uint64_t n, char out[TUI_SHORT_MAX]);
/* The same of a rate, with a decimal below 10: 0, 0.4, 7.8, 412. */
void tui_format_rate(double rate, char out[TUI_SHORT_MAX]);
/* "0 %", "0.3 %", "7 %", "100 %"; a share that is not whole is never shown as 0 or 100. */
void tui_format_share(double part, double whole, char out[TUI_SHORT_MAX]);
/* Bytes: 512 B, 4.1 KiB, 8.0 GiB. */
void tui_format_size(uint64_t bytes, char out[TUI_SHORT_MAX]);
/* The two largest units: 7s, 3m 20s, 2h 5m, 4d 3h. Negative is 0s. */
void tui_format_span(int64_t seconds, char out[TUI_SHORT_MAX]);
/* How long ago, one unit: now, 7s, 3m, 2h, 4d; "never" for time 0. */
void tui_format_ago(int64_t time_s, int64_t now_s, char out[TUI_SHORT_MAX]);
/* How long until: "in 4d", "7m ago", "never" for time 0. */
void tui_format_until(int64_t time_s, int64_t now_s, char out[TUI_SHORT_MAX]);
/* Time that requests take: "0.42 ms", "17 ms", "2.1 s"; "-" for none. */
void tui_format_latency(double us, char out[TUI_SHORT_MAX]);
/* "12:31:07" (UTC). */
void tui_format_clock(int64_t time_s, char out[TUI_SHORT_MAX]);

/* Text from outside, readable and harmless; "-" for nothing. */
void tui_format_foreign(struct zta_buffer *out, struct zta_text text);

/* Does what stands at `at` (wanted.len bytes of it are there) begin so? ASCII case folded. */
bool tui_text_begins(const char *at, struct zta_text wanted);

enum tui_role tui_role_of_outcome(uint8_t outcome);

#endif
