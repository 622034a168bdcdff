/* SPDX-License-Identifier: Apache-2.0 */
/* What the Overview is made of: each panel draws itself from the model, at any size. */
#ifndef TUI_PANELS_H
#define TUI_PANELS_H

#include <stdbool.h>

#include "admin-tui/console/canvas.h"
#include "admin-tui/console/model.h"

struct tui_panel {
    /* Lines, with the title, that show everything there is. */
    int (*wanted)(const struct tui_model *model, bool shows_all);
    /* shows_all: lists count all requests, not the refused ones. */
    void (*draw)(const struct tui_model *model, const struct tui_area *area, bool shows_all);
    int least;       /* lines below which it says too little */
    bool is_elastic; /* takes what others leave */
};

/* Rates and outcomes over time, with what operators changed (panel_requests.c). */
extern const struct tui_panel tui_panel_requests;
/* The most frequent of something in the last minutes (panel_tops.c). */
extern const struct tui_panel tui_panel_reasons;
extern const struct tui_panel tui_panel_routes;
extern const struct tui_panel tui_panel_who;
extern const struct tui_panel tui_panel_rules;
extern const struct tui_panel tui_panel_would;
/* How things are (panel_state.c). */
extern const struct tui_panel tui_panel_places;
extern const struct tui_panel tui_panel_health;
extern const struct tui_panel tui_panel_ends;
/* The threat level, since when and why, in a line (panel_state.c). */
void tui_put_threat(const struct tui_area *line, const struct tui_health *health, int64_t now_ns);
/* What happened last (panel_latest.c). */
extern const struct tui_panel tui_panel_changes;
extern const struct tui_panel tui_panel_refusals;

#endif
