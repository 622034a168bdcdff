/* SPDX-License-Identifier: Apache-2.0 */
/* Runs `date -f` on a file of instants. */
#include "tests/unit/system_date.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"

enum {
    MINUTE_S = 60,
    HOUR_S = 3600,
    DAY_S = 24 * HOUR_S,
    COARSE_S = 3 * HOUR_S, /* no two changes are as near as that */
};

void system_date_add(struct system_date_instants *instants, int64_t time_s)
{
    if ((instants->n & (instants->n - 1)) == 0) {
        const size_t size = instants->n == 0 ? 1 : 2 * instants->n;
        int64_t *grown = realloc(instants->times_s, size * sizeof *grown);
        assert_non_null(grown);
        instants->times_s = grown;
    }
    instants->times_s[instants->n++] = time_s;
}

void system_date_clear(struct system_date_instants *instants)
{
    free(instants->times_s);
    *instants = (struct system_date_instants){.n = 0};
}

static void take_line(const char *line, struct system_date *date)
{
    int sign_hours;
    int minutes;
    int seconds;
    char sign;
    assert_int_equal(sscanf(line, "%" SCNd64 " %d %d:%d %c%d:%d:%d", &date->time_s, &date->weekday,
                            &date->hour, &date->minute, &sign, &sign_hours, &minutes, &seconds),
                     8);
    const int32_t offset_s = sign_hours * HOUR_S + minutes * MINUTE_S + seconds;
    date->offset_s = sign == '-' ? -offset_s : offset_s;
    date->weekday--;
}

void system_date_each(const char *zone, const struct system_date_instants *instants,
                      system_date_fn fn, void *context)
{
    char path[] = "/tmp/zta-instants-XXXXXX";
    char command[256];
    char line[128];
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    for (size_t i = 0; i < instants->n; i++) {
        (void)fprintf(file, "@%" PRId64 "\n", instants->times_s[i]);
    }
    assert_int_equal(fclose(file), 0);
    (void)snprintf(command, sizeof command, "LC_ALL=C TZ=%s date -f %s '+%%s %%u %%H:%%M %%::z'",
                   zone, path);
    FILE *said = popen(command, "r");
    assert_non_null(said);
    size_t n = 0;
    while (fgets(line, sizeof line, said) != NULL) {
        struct system_date date;
        take_line(line, &date);
        assert_int_equal(date.time_s, instants->times_s[n++]);
        fn(context, &date);
    }
    assert_int_equal(pclose(said), 0);
    assert_int_equal(n, instants->n);
    assert_int_equal(unlink(path), 0);
}

/* What is looked for while all of the years are walked through. */
struct search {
    struct system_date_instants *found;
    struct system_date last;
    size_t n;
};

static void add_around(struct system_date_instants *instants, int64_t from_s, int64_t to_s)
{
    for (int64_t t = from_s - DAY_S; t < to_s + DAY_S; t += HOUR_S / 2) {
        system_date_add(instants, t);
    }
    for (int64_t t = from_s - HOUR_S; t < to_s + HOUR_S; t += MINUTE_S) {
        system_date_add(instants, t);
        system_date_add(instants, t + MINUTE_S - 1);
    }
}

static void look_for_change(void *context, const struct system_date *date)
{
    struct search *search = context;
    if (search->n++ > 0 && search->last.offset_s != date->offset_s) {
        add_around(search->found, search->last.time_s, date->time_s);
        search->found->n_changes++;
    }
    search->last = *date;
}

void system_date_changes(const char *zone, int first, int last,
                         struct system_date_instants *instants)
{
    struct system_date_instants coarse = {.n = 0};
    struct search search = {.found = instants};
    *instants = (struct system_date_instants){.n = 0};
    const int64_t end_s = zta_date_days(last + 1, 1, 1) * DAY_S;
    for (int64_t t = zta_date_days(first, 1, 1) * DAY_S; t <= end_s; t += COARSE_S) {
        system_date_add(&coarse, t);
    }
    system_date_each(zone, &coarse, look_for_change, &search);
    if (instants->n == 0) {
        *instants = coarse;
        return;
    }
    system_date_clear(&coarse);
}
