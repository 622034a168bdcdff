/* SPDX-License-Identifier: Apache-2.0 */
/* Learning and asking: a few small lists, 168 hours, and the pace (pace.h). */
#include "shared/risk/baseline.h"

#include <string.h>

enum {
    DAY_S = 86400,
    HOUR_S = 3600,
    DAYS_A_WEEK = 7,
    EPOCH_HOURS = 72, /* 1970 began on a Thursday */
    WEEK_COUNT_BITS = 2,
    WEEKS_USUAL = 3,
    WEEK_MASK = 63, /* weeks are compared modulo 64 */
    FORGET_WEEKS = ZTA_FORGET_DAYS / DAYS_A_WEEK,
};
_Static_assert(ZTA_USUAL_DAYS <= WEEKS_USUAL, "two bits count as many weeks as make usual");

struct place {
    uint8_t first;
    uint8_t most;
};

static const struct place places[ZTA_N_HABITS] = {
    [ZTA_HABIT_NETWORK] = {.first = 0, .most = ZTA_BASELINE_NETWORKS},
    [ZTA_HABIT_COUNTRY] = {.first = ZTA_BASELINE_NETWORKS, .most = ZTA_BASELINE_COUNTRIES},
    [ZTA_HABIT_DEVICE] = {.first = ZTA_BASELINE_NETWORKS + ZTA_BASELINE_COUNTRIES,
                          .most = ZTA_BASELINE_DEVICES},
    [ZTA_HABIT_AGENT] = {.first =
                             ZTA_BASELINE_NETWORKS + ZTA_BASELINE_COUNTRIES + ZTA_BASELINE_DEVICES,
                         .most = ZTA_BASELINE_AGENTS},
    [ZTA_HABIT_ROUTE] = {.first = ZTA_BASELINE_VALUES - ZTA_BASELINE_ROUTES,
                         .most = ZTA_BASELINE_ROUTES},
};

size_t zta_baseline_room(enum zta_habit habit)
{
    return places[habit].most;
}

struct zta_habit_value *zta_baseline_values(struct zta_baseline *baseline, enum zta_habit habit)
{
    return &baseline->values[places[habit].first];
}

const struct zta_habit_value *zta_baseline_values_of(const struct zta_baseline *baseline,
                                                     enum zta_habit habit)
{
    return &baseline->values[places[habit].first];
}

static uint16_t day_of(int64_t time_s)
{
    const int64_t day = time_s / DAY_S;
    return day < 0 ? 0 : day > UINT16_MAX ? UINT16_MAX : (uint16_t)day;
}

/* A clock that was set back makes nothing older. */
static bool is_forgotten(uint16_t last_day, uint16_t day)
{
    return day > last_day && day - last_day > ZTA_FORGET_DAYS;
}

/* ---- hours ---- */

static uint64_t week_hours(int64_t time_s)
{
    return time_s < 0 ? 0 : (uint64_t)time_s / HOUR_S + EPOCH_HOURS;
}

static size_t hour_of(int64_t time_s)
{
    return (size_t)(week_hours(time_s) % ZTA_HOURS_A_WEEK);
}

static unsigned week_of(int64_t time_s)
{
    return (unsigned)(week_hours(time_s) / ZTA_HOURS_A_WEEK) & WEEK_MASK;
}

/* Weeks since; what seems to be in the future was now. */
static unsigned weeks_since(uint8_t slot, unsigned week)
{
    const unsigned since = (week - (slot >> WEEK_COUNT_BITS)) & WEEK_MASK;
    return since > WEEK_MASK / 2 ? 0 : since;
}

static bool is_slot_usual(uint8_t slot, unsigned week)
{
    return (slot & WEEKS_USUAL) >= WEEKS_USUAL && weeks_since(slot, week) <= FORGET_WEEKS;
}

bool zta_baseline_hour_is_usual(const struct zta_baseline *baseline, size_t hour, int64_t time_s)
{
    const unsigned week = week_of(time_s);
    const size_t before = (hour + ZTA_HOURS_A_WEEK - 1) % ZTA_HOURS_A_WEEK;
    const size_t after = (hour + 1) % ZTA_HOURS_A_WEEK;
    return is_slot_usual(baseline->hours[hour], week) ||
           is_slot_usual(baseline->hours[before], week) ||
           is_slot_usual(baseline->hours[after], week);
}

/* Once a day, long before weeks modulo 64 could be mistaken. */
static void forget_hours(struct zta_baseline *baseline, unsigned week)
{
    for (size_t i = 0; i < ZTA_HOURS_A_WEEK; i++) {
        if (weeks_since(baseline->hours[i], week) > FORGET_WEEKS) {
            baseline->hours[i] = 0;
        }
    }
}

static void learn_hour(struct zta_baseline *baseline, int64_t time_s, bool is_known)
{
    uint8_t *slot = &baseline->hours[hour_of(time_s)];
    const unsigned week = week_of(time_s);
    unsigned n = *slot & WEEKS_USUAL;
    const unsigned since = weeks_since(*slot, week);
    if (n == 0 || since > FORGET_WEEKS) {
        n = 1;
    }
    else if (since > 0 && n < WEEKS_USUAL) {
        n++;
    }
    n = is_known ? n : WEEKS_USUAL;
    *slot = (uint8_t)(week << WEEK_COUNT_BITS | n);
}

/* ---- values ---- */

bool zta_habit_value_is_usual(const struct zta_habit_value *value, int64_t time_s)
{
    return value->is_usual && !is_forgotten(value->last_day, day_of(time_s));
}

bool zta_baseline_has(const struct zta_baseline *baseline, enum zta_habit habit, uint64_t value,
                      int64_t time_s)
{
    const struct zta_habit_value *values = zta_baseline_values_of(baseline, habit);
    for (size_t i = 0; value != 0 && i < baseline->n_values[habit]; i++) {
        if (values[i].value == value) {
            return zta_habit_value_is_usual(&values[i], time_s);
        }
    }
    return false;
}

/* Would the first rather be given up than the second? */
static bool is_weaker(const struct zta_habit_value *a, const struct zta_habit_value *b,
                      uint16_t day)
{
    const bool is_a_usual = a->is_usual && !is_forgotten(a->last_day, day);
    const bool is_b_usual = b->is_usual && !is_forgotten(b->last_day, day);
    if (is_a_usual != is_b_usual) {
        return is_b_usual;
    }
    if (a->last_day != b->last_day) {
        return a->last_day < b->last_day;
    }
    return a->n_days != b->n_days ? a->n_days < b->n_days : a->count < b->count;
}

static struct zta_habit_value *make_room(struct zta_baseline *baseline, enum zta_habit habit,
                                         uint16_t day)
{
    struct zta_habit_value *values = zta_baseline_values(baseline, habit);
    if (baseline->n_values[habit] < places[habit].most) {
        return &values[baseline->n_values[habit]++];
    }
    struct zta_habit_value *weakest = &values[0];
    for (size_t i = 1; i < places[habit].most; i++) {
        weakest = is_weaker(&values[i], weakest, day) ? &values[i] : weakest;
    }
    return weakest;
}

static void set_label(enum zta_habit habit, const struct zta_habit_facts *facts,
                      char label[ZTA_BASELINE_LABEL_MAX + 1])
{
    char storage[ZTA_AGENT_FORM_SIZE];
    struct zta_buffer text;
    zta_buffer_init(&text, storage, sizeof storage);
    if (habit == ZTA_HABIT_AGENT) {
        zta_agent_label(facts->agent, &text);
    }
    else if (habit == ZTA_HABIT_DEVICE || habit == ZTA_HABIT_ROUTE) {
        const struct zta_text name = habit == ZTA_HABIT_DEVICE ? facts->device : facts->route;
        const size_t len = name.len < ZTA_BASELINE_LABEL_MAX ? name.len : ZTA_BASELINE_LABEL_MAX;
        zta_buffer_append(&text, name.data, len);
    }
    const size_t len = text.len < ZTA_BASELINE_LABEL_MAX ? text.len : ZTA_BASELINE_LABEL_MAX;
    memset(label, 0, ZTA_BASELINE_LABEL_MAX + 1);
    memcpy(label, storage, len);
}

static void learn_value(struct zta_baseline *baseline, enum zta_habit habit, uint64_t value,
                        const struct zta_lesson *lesson, bool is_known)
{
    const uint16_t day = day_of(lesson->facts.time_s);
    struct zta_habit_value *found = NULL;
    for (size_t i = 0; i < baseline->n_values[habit] && found == NULL; i++) {
        struct zta_habit_value *one = &zta_baseline_values(baseline, habit)[i];
        found = one->value == value ? one : NULL;
    }
    if (found == NULL || is_forgotten(found->last_day, day)) {
        found = found != NULL ? found : make_room(baseline, habit, day);
        *found = (struct zta_habit_value){.value = value};
        set_label(habit, &lesson->facts, found->label);
    }
    if (found->n_days == 0 || day > found->last_day) {
        found->n_days = (uint8_t)(found->n_days + (found->n_days < ZTA_HABIT_DAYS_MAX ? 1 : 0));
        found->last_day = day;
    }
    const uint32_t count = found->count + lesson->n_requests;
    found->count = count > UINT16_MAX || count < lesson->n_requests ? UINT16_MAX : (uint16_t)count;
    found->is_usual = found->is_usual || !is_known || found->n_days >= ZTA_USUAL_DAYS;
}

/* ---- days ---- */

static void note_day(struct zta_habit_span *span, uint16_t day)
{
    if (span->n_days == 0 || is_forgotten(span->last_day, day)) {
        *span = (struct zta_habit_span){.first_day = day, .last_day = day, .n_days = 1};
    }
    else if (day > span->last_day) {
        span->last_day = day;
        span->n_days = (uint8_t)(span->n_days + (span->n_days < UINT8_MAX ? 1 : 0));
    }
}

/* ---- the whole ---- */

bool zta_baseline_is_known(const struct zta_baseline *baseline, enum zta_habit habit,
                           int64_t time_s)
{
    const struct zta_habit_span *span = &baseline->spans[habit];
    const uint16_t day = day_of(time_s);
    if (baseline->n_requests < ZTA_WARM_REQUESTS || span->n_days < ZTA_WARM_DAYS ||
        is_forgotten(span->last_day, day)) {
        return false;
    }
    if (habit == ZTA_HABIT_HOURS) {
        return day >= span->first_day && day - span->first_day >= ZTA_WARM_HOURS_DAYS;
    }
    return habit != ZTA_HABIT_RATE || baseline->rate.n_minutes >= ZTA_WARM_MINUTES;
}

bool zta_baseline_is_volume_known(const struct zta_baseline *baseline, int64_t time_s)
{
    return zta_baseline_is_known(baseline, ZTA_HABIT_RATE, time_s) &&
           baseline->volume.n_hours >= ZTA_WARM_VOLUME_HOURS;
}

void zta_baseline_answer(const struct zta_baseline *baseline, const struct zta_habit_values *values,
                         struct zta_answers *usual)
{
    unsigned known = 0;
    unsigned yes = 0;
    for (unsigned i = 0; i < ZTA_N_HABITS; i++) {
        const enum zta_habit habit = (enum zta_habit)i;
        const uint64_t value = values->values[i];
        const uint64_t second = habit == ZTA_HABIT_NETWORK ? values->system : 0;
        const bool has_value = places[i].most == 0 || value != 0 || second != 0;
        if (has_value && zta_baseline_is_known(baseline, habit, values->time_s)) {
            known |= 1u << i;
            yes |= zta_baseline_has(baseline, habit, value, values->time_s) ||
                           zta_baseline_has(baseline, habit, second, values->time_s)
                       ? 1u << i
                       : 0;
        }
    }
    if (zta_baseline_hour_is_usual(baseline, hour_of(values->time_s), values->time_s)) {
        yes |= 1u << ZTA_HABIT_HOURS;
    }
    if (zta_rate_is_usual(&baseline->rate, values->time_s)) {
        yes |= 1u << ZTA_HABIT_RATE;
    }
    *usual = (struct zta_answers){.known = (uint8_t)known, .yes = (uint8_t)(known & yes)};
}

static void learn_habits(struct zta_baseline *baseline, const struct zta_lesson *lesson,
                         const struct zta_habit_values *values)
{
    const int64_t time_s = lesson->facts.time_s;
    const uint16_t day = day_of(time_s);
    for (unsigned i = 0; i < ZTA_N_HABITS; i++) {
        const enum zta_habit habit = (enum zta_habit)i;
        const uint64_t value = values->values[i];
        const uint64_t second = habit == ZTA_HABIT_NETWORK ? values->system : 0;
        const bool is_known = zta_baseline_is_known(baseline, habit, time_s);
        if (value != 0) {
            learn_value(baseline, habit, value, lesson, is_known);
        }
        if (second != 0) {
            learn_value(baseline, habit, second, lesson, is_known);
        }
        if (value != 0 || second != 0) {
            note_day(&baseline->spans[i], day);
        }
    }
    if (day > baseline->spans[ZTA_HABIT_HOURS].last_day) {
        forget_hours(baseline, week_of(time_s));
    }
    learn_hour(baseline, time_s, zta_baseline_is_known(baseline, ZTA_HABIT_HOURS, time_s));
    note_day(&baseline->spans[ZTA_HABIT_HOURS], day);
}

static void learn_pace(struct zta_baseline *baseline, const struct zta_lesson *lesson)
{
    const int64_t time_s = lesson->facts.time_s;
    int64_t learned_s = 0;
    if (zta_rate_count(&baseline->rate, time_s, lesson->n_requests, lesson->is_allowed,
                       &learned_s)) {
        note_day(&baseline->spans[ZTA_HABIT_RATE], day_of(learned_s));
    }
    if (lesson->is_allowed) {
        zta_volume_count(&baseline->volume, time_s, lesson->n_requests, lesson->bytes_out);
    }
}

bool zta_baseline_learn(struct zta_baseline *baseline, const struct zta_lesson *lesson)
{
    const int64_t time_s = lesson->facts.time_s;
    struct zta_habit_values values;
    struct zta_answers before;
    struct zta_answers after;
    zta_habit_values_make(&lesson->facts, &values);
    zta_baseline_answer(baseline, &values, &before);
    if (lesson->is_allowed) {
        baseline->first_s = baseline->n_requests == 0 ? time_s : baseline->first_s;
        baseline->last_s = time_s > baseline->last_s ? time_s : baseline->last_s;
        learn_habits(baseline, lesson, &values);
        baseline->n_requests += lesson->n_requests;
    }
    learn_pace(baseline, lesson);
    zta_baseline_answer(baseline, &values, &after);
    return before.known != after.known || before.yes != after.yes;
}
