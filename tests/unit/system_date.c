/* SPDX-License-Identifier: Apache-2.0 */
/* Runs `date -f -` on a file of instants. */
#include "tests/unit/system_date.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

/* The number that text begins with; *text becomes what stands behind the character after it. */
static int64_t take_number(char **text)
{
    char *end;
    const int64_t number = strtoll(*text, &end, 10);
    assert_true(end != *text);
    *text = *end != '\0' ? end + 1 : end;
    return number;
}

/* "1774746000 7 03:00 +02:00:00" */
static void take_line(char *line, struct system_date *date)
{
    date->time_s = take_number(&line);
    date->weekday = (int)take_number(&line) - 1;
    date->hour = (int)take_number(&line);
    date->minute = (int)take_number(&line);
    const int sign = *line == '-' ? -1 : 1;
    assert_true(*line == '-' || *line == '+');
    line++;
    date->offset_s = (int32_t)take_number(&line) * HOUR_S;
    date->offset_s += (int32_t)take_number(&line) * MINUTE_S;
    date->offset_s += (int32_t)take_number(&line);
    date->offset_s *= sign;
}

static FILE *begin_file(char path[])
{
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w+");
    assert_non_null(file);
    assert_int_equal(unlink(path), 0);
    return file;
}

/* `date` reads the instants and writes what it knows of them; TZ is the child's alone. */
static void run_date(const char *zone, FILE *in, FILE *out)
{
    int status;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (dup2(fileno(in), STDIN_FILENO) < 0 || dup2(fileno(out), STDOUT_FILENO) < 0 ||
            setenv("TZ", zone, 1) != 0 || setenv("LC_ALL", "C", 1) != 0) {
            _exit(126);
        }
        (void)execlp("date", "date", "-f", "-", "+%s %u %H:%M %::z", (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

void system_date_each(const char *zone, const struct system_date_instants *instants,
                      system_date_fn fn, void *context)
{
    char asked[] = "/tmp/zta-instants-XXXXXX";
    char said[] = "/tmp/zta-dates-XXXXXX";
    char line[128];
    FILE *in = begin_file(asked);
    FILE *out = begin_file(said);
    for (size_t i = 0; i < instants->n; i++) {
        (void)fprintf(in, "@%" PRId64 "\n", instants->times_s[i]);
    }
    assert_int_equal(fflush(in), 0);
    rewind(in);
    run_date(zone, in, out);
    rewind(out);
    size_t n = 0;
    while (fgets(line, sizeof line, out) != NULL) {
        struct system_date date;
        take_line(line, &date);
        assert_true(n < instants->n);
        assert_int_equal(date.time_s, instants->times_s[n++]);
        fn(context, &date);
    }
    assert_int_equal(n, instants->n);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
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
