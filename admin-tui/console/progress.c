/* SPDX-License-Identifier: Apache-2.0 */
/* A bar where it is known how much there is, a piece that goes to and fro where it is not. */
#include "admin-tui/console/progress.h"

#include "shared/base/clock.h"

enum {
    BAR_MAX = 24,
    PIECE = 4,
    PERCENT = 6, /* columns of " 100 %" */
};

int tui_progress_percent(const char *text, size_t len)
{
    int percent = 0;
    int unit = 1;
    while (len > 0 && text[len - 1] != '%') {
        len--;
    }
    for (len -= len < 2 ? len : 2;
         len > 0 && text[len - 1] >= '0' && text[len - 1] <= '9' && unit <= 100; len--) {
        percent += unit * (text[len - 1] - '0');
        unit *= 10;
    }
    return unit == 1 ? -1 : percent < 100 ? percent : 100;
}

static void draw_piece(const struct tui_area *bar, int64_t ns)
{
    const int room = bar->width - PIECE;
    tui_bar(bar, 0, TUI_ROLE_CHART, 0);
    if (room > 0) {
        const int step = (int)(ns / TUI_PROGRESS_STEP_NS % (2 * room));
        struct tui_area piece =
            tui_area_part(bar, step < room ? step : 2 * room - step, 0, PIECE, 1);
        tui_bar(&piece, 0, TUI_ROLE_CHART, 1);
    }
}

void tui_progress_draw(const struct tui_area *line, const char *words, int percent, int64_t ns)
{
    if (ns < TUI_PROGRESS_FROM_NS) {
        return;
    }
    int x = tui_print(line, 0, 0, TUI_ROLE_INFO, "%s ", words);
    const int left = line->width - x - PERCENT;
    struct tui_area bar = tui_area_part(line, x, 0,
                                        left < 0         ? 0
                                        : left < BAR_MAX ? left
                                                         : BAR_MAX,
                                        1);
    if (percent < 0) {
        draw_piece(&bar, ns);
        (void)tui_print(line, x + bar.width, 0, TUI_ROLE_STRONG, " %d s", (int)(ns / ZTA_NS_PER_S));
        return;
    }
    tui_bar(&bar, 0, TUI_ROLE_CHART, percent / 100.0);
    (void)tui_print(line, x + bar.width, 0, TUI_ROLE_STRONG, " %d %%", percent);
}
