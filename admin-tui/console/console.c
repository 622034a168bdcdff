/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: refresh, draw, wait for a key. */
#include "admin-tui/console/console.h"

#include <stdlib.h>

#include "admin-tui/console/app.h"
#include "admin-tui/console/term.h"
#include "admin-tui/output.h"
#include "shared/base/clock.h"

enum {
    POLL_MS = 50, /* what was stored is seen as soon as that; the helper stores every 100 */
};

/* While all sessions are read the screen says how far; drawing it must not take all the time. */
#define BUSY_DRAW_NS (50 * 1000000)

static enum zta_status fit(struct tui_canvas *canvas)
{
    int width = 0;
    int height = 0;
    tui_term_size(&width, &height);
    return width == canvas->width && height == canvas->height
               ? ZTA_OK
               : tui_canvas_resize(canvas, width, height);
}

static enum zta_status draw(struct tui_app *app, struct tui_canvas *canvas)
{
    enum zta_status status = fit(canvas);
    if (status != ZTA_OK) {
        return status;
    }
    tui_app_draw(app, canvas);
    tui_term_show(canvas);
    return ZTA_OK;
}

/* Keys that were typed ahead are all taken before anything is drawn. */
static bool take_keys(struct tui_app *app, int wait_ms)
{
    int key = tui_term_key(wait_ms);
    bool has_any = key != TUI_KEY_NONE;
    while (key != TUI_KEY_NONE && !app->is_over && !tui_term_is_ending()) {
        size_t before = app->current;
        if (key == TUI_KEY_CLICK || key == TUI_KEY_WHEEL_UP || key == TUI_KEY_WHEEL_DOWN) {
            int x;
            int y;
            tui_term_pointer(&x, &y);
            tui_app_pointer(app, key, x, y);
        }
        else {
            tui_app_key(app, key);
        }
        /* Another view, or another order, has its rows before the next key means one of them. */
        if (app->current != before || app->is_arriving || tui_app_is_busy(app)) {
            (void)tui_app_refresh(app, zta_clock_real_ns());
        }
        key = tui_term_key(0);
    }
    if (app->is_redraw_due) {
        tui_term_redraw();
        app->is_redraw_due = false;
    }
    tui_term_mouse(!app->has_no_mouse);
    tui_term_theme(app->theme);
    if (app->desk.copied[0] != '\0') {
        tui_term_copy(app->desk.copied);
        app->desk.copied[0] = '\0';
    }
    return has_any;
}

static enum zta_status loop(struct tui_app *app, struct tui_canvas *canvas)
{
    bool is_stale = true;
    bool is_key = false;
    int64_t drawn_ns = 0;
    enum zta_status status = ZTA_OK;
    while (status == ZTA_OK && !app->is_over && !tui_term_is_ending()) {
        /* What a key did is shown first; reading the store comes right behind. */
        is_stale |= !is_key && tui_app_refresh(app, zta_clock_real_ns());
        const int64_t now_ns = zta_clock_monotonic_ns();
        const bool is_busy = tui_app_is_busy(app);
        if (is_stale && (is_key || !is_busy || now_ns - drawn_ns >= BUSY_DRAW_NS)) {
            status = draw(app, canvas);
            drawn_ns = now_ns;
            is_stale = false;
        }
        /* What goes on in parts lets keys in between them. */
        const bool goes_on = tui_app_go_on(app);
        is_key = take_keys(app, is_key || goes_on || is_busy ? 0 : POLL_MS);
        is_stale |= goes_on || is_key;
    }
    return status;
}

static enum ctl_exit run(struct tui_app *app, struct tui_model *model, enum tui_theme theme)
{
    struct tui_canvas canvas = {.cells = NULL};
    struct zta_error error = {.status = ZTA_OK};
    enum zta_status status = tui_app_open(app, model);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "");
    }
    app->theme = theme;
    status = tui_term_open(&error);
    if (status == ZTA_OK) {
        canvas.is_ascii = tui_term_is_ascii();
        tui_term_mouse(true);
        app->has_no_clipboard = !tui_term_can_copy();
        tui_term_theme(app->theme);
        status = loop(app, &canvas);
        tui_term_close();
    }
    tui_canvas_close(&canvas);
    tui_app_close(app);
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, &error, "");
}

enum ctl_exit tui_console_run(struct ctl *ctl)
{
    struct tui_model *model = NULL;
    struct zta_error error = {.status = ZTA_OK};
    enum tui_theme theme = TUI_THEME_DARK;
    const struct zta_text chosen = ctl_option_text(&ctl->options, CTL_OPTION_THEME);
    const char *name = zta_text_is_absent(chosen) ? getenv("ZTA_THEME") : chosen.data;
    if (name != NULL && name[0] != '\0' && !tui_theme_find(name, &theme)) {
        return ctl_fail(CTL_USAGE, "there is no theme '%s': dark, light, high-contrast, monochrome",
                        name);
    }
    struct tui_app *app = calloc(1, sizeof *app);
    if (app == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    /* In the operator's home, so before the store's owner is all that one is. */
    tui_history_open(&app->history, getenv("HOME"), getenv("XDG_STATE_HOME"));
    enum ctl_exit code = CTL_STORE;
    enum zta_status status = tui_model_open(ctl, &model, &error);
    if (status != ZTA_OK) {
        (void)ctl_fail_status(status, &error, "");
    }
    else {
        code = run(app, model, theme);
        tui_model_close(&model);
    }
    tui_history_close(&app->history);
    free(app);
    return code;
}
