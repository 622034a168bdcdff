/* SPDX-License-Identifier: Apache-2.0 */
/* The one line that says how things are: what share is refused, mostly why, where, since when. */
#ifndef TUI_DIAGNOSIS_H
#define TUI_DIAGNOSIS_H

#include "admin-tui/console/pulse.h"
#include "admin-tui/console/rows.h"
#include "admin-tui/console/theme.h"
#include "shared/base/bytes.h"

/* Safe text, of one line. GOOD, WARN or BAD; DIM: nothing happens. */
enum tui_role tui_diagnose(const struct tui_pulse *pulse, const struct tui_health *health,
                           const struct tui_audit *audit, struct zta_buffer *out);

#endif
