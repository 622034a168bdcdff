/* SPDX-License-Identifier: Apache-2.0 */
/* A set-associative table for each rule; an entry is a fixed run of words for its lines. */
#include "shared/risk/trigger.h"

#include <stdlib.h>
#include <string.h>

#define WAYS          8
#define SETS_MIN      8
#define SETS_MAX      8192
#define HISTOGRAM     48 /* powers of sqrt(2) */
#define PROGRESS_FULL 1000
/* Of an entry without a window: who was triggered a moment ago is remembered. */
#define LIFE_MIN_NS INT64_C(60000000000)

/* Words of an entry before those of its lines. */
enum {
    HEAD_GROUP = 0, /* keyed hash of the group value */
    HEAD_SEEN,      /* time of the last request, 0: the entry is free */
    HEAD_FIRED,     /* time at which it was triggered last */
    HEAD_PROGRESS,  /* how near it is to its trigger, in thousandths */
    HEAD_SIZE
};

struct table {
    struct zta_trigger_plan plan;
    size_t at[ZTA_TRIGGER_LINES_MAX]; /* first word of each line in an entry */
    size_t n_words;                   /* of an entry */
    size_t n_sets;
    uint64_t *words;
};

struct zta_trigger {
    struct zta_siphash_key key;
    size_t n;
    struct table tables[];
};

/* ---- lines: words of one line, the first of which is the number of its newest slot ---- */

static size_t set_size(const struct zta_trigger_line *line)
{
    const uint64_t wanted =
        line->number < ZTA_TRIGGER_DISTINCT_MAX ? line->number + 1 : ZTA_TRIGGER_DISTINCT_MAX;
    return (size_t)wanted;
}

static size_t words_of(const struct zta_trigger_line *line)
{
    switch (line->measure) {
    case ZTA_TRIGGER_SUM:
        return 1 + ZTA_TRIGGER_SLOTS;
    case ZTA_TRIGGER_RATIO:
        return 1 + 2 * (size_t)ZTA_TRIGGER_SLOTS;
    case ZTA_TRIGGER_P95:
        return 1 + (size_t)HISTOGRAM * ZTA_TRIGGER_SLOTS / 2;
    case ZTA_TRIGGER_DISTINCT:
        return 1 + 2 * set_size(line);
    case ZTA_TRIGGER_NOW:
        break;
    }
    return 1;
}

/* Slots are numbered from the epoch, beginning at 1, so that 0 is none. */
static uint64_t slot_of(const struct zta_trigger_line *line, int64_t time_ns)
{
    const int64_t slot_ns = line->window_ns / ZTA_TRIGGER_SLOTS;
    return (uint64_t)(time_ns / (slot_ns > 0 ? slot_ns : 1)) + 1;
}

static bool is_within(uint64_t slot, uint64_t newest)
{
    return slot != 0 && slot + ZTA_TRIGGER_SLOTS > newest;
}

/* Clears the slots between the newest and this one. False: it lies before the window. */
static bool advance(uint64_t *words, uint64_t slot, uint64_t *slots, size_t slot_words)
{
    const uint64_t newest = words[0];
    if (slot <= newest) {
        return is_within(slot, newest);
    }
    const uint64_t n_new = slot - newest < ZTA_TRIGGER_SLOTS ? slot - newest : ZTA_TRIGGER_SLOTS;
    for (uint64_t i = 0; i < n_new; i++) {
        memset(slots + ((slot - i) % ZTA_TRIGGER_SLOTS) * slot_words, 0,
               slot_words * sizeof *slots);
    }
    words[0] = slot;
    return true;
}

static uint64_t add_up(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t sum_slots(const uint64_t *slots, size_t slot_words, size_t word)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < ZTA_TRIGGER_SLOTS; i++) {
        sum = add_up(sum, slots[i * slot_words + word]);
    }
    return sum;
}

static uint64_t count_sum(uint64_t *words, uint64_t slot, uint64_t add)
{
    uint64_t *slots = words + 1;
    if (advance(words, slot, slots, 1)) {
        uint64_t *at = &slots[slot % ZTA_TRIGGER_SLOTS];
        *at = add_up(*at, add);
    }
    return sum_slots(slots, 1, 0);
}

static uint64_t count_ratio(uint64_t *words, uint64_t slot, const struct zta_trigger_value *value,
                            uint64_t *n_base)
{
    uint64_t *slots = words + 1;
    if (advance(words, slot, slots, 2)) {
        uint64_t *at = &slots[slot % ZTA_TRIGGER_SLOTS * 2];
        at[0] = add_up(at[0], value->add);
        at[1] = add_up(at[1], value->base);
    }
    const uint64_t n = sum_slots(slots, 2, 0);
    *n_base = sum_slots(slots, 2, 1);
    return *n_base == 0 ? 0 : (uint64_t)((unsigned __int128)n * 100 / *n_base);
}

/* Bucket i holds what is at most the i-th power of sqrt(2): an answer is at most 42 % too high. */
static unsigned bucket_of(uint64_t add)
{
    unsigned bits = 0;
    while (bits < 63 && (add >> (bits + 1)) > 0) {
        bits++;
    }
    /* The upper half of an octave begins at 1.5 of its first value. */
    const bool is_upper = bits > 0 && ((add >> (bits - 1)) & 1) != 0;
    const unsigned bucket = 2 * bits + is_upper;
    return bucket < HISTOGRAM ? bucket : HISTOGRAM - 1;
}

static uint64_t bucket_floor(unsigned bucket)
{
    const uint64_t base = UINT64_C(1) << (bucket / 2);
    return bucket % 2 == 0 ? base : base + base / 2;
}

/* Two counts of 32 bits in a word. */
static uint64_t count_p95(uint64_t *words, uint64_t slot, uint64_t add, uint64_t *n_base)
{
    uint64_t *slots = words + 1;
    const size_t slot_words = HISTOGRAM / 2;
    uint64_t total = 0;
    uint64_t sums[HISTOGRAM] = {0};
    if (advance(words, slot, slots, slot_words)) {
        const unsigned bucket = bucket_of(add);
        uint64_t *at = &slots[slot % ZTA_TRIGGER_SLOTS * slot_words + bucket / 2];
        const unsigned shift = bucket % 2 * 32;
        if ((*at >> shift & UINT32_MAX) < UINT32_MAX) {
            *at += UINT64_C(1) << shift;
        }
    }
    for (size_t i = 0; i < ZTA_TRIGGER_SLOTS * slot_words; i++) {
        sums[i % slot_words * 2] += slots[i] & UINT32_MAX;
        sums[i % slot_words * 2 + 1] += slots[i] >> 32;
        total += (slots[i] & UINT32_MAX) + (slots[i] >> 32);
    }
    *n_base = total;
    uint64_t above = 0;
    for (unsigned bucket = HISTOGRAM; bucket-- > 0;) {
        above += sums[bucket];
        if (above * 20 > total) { /* more than 5 % are at least here */
            return bucket_floor(bucket);
        }
    }
    return 0;
}

/* Pairs of hash and slot; the oldest gives way when more than the rule asks for are there. */
static uint64_t count_distinct(const struct zta_trigger_line *line, uint64_t *words, uint64_t slot,
                               uint64_t add)
{
    const size_t size = set_size(line);
    uint64_t *pairs = words + 1;
    size_t oldest = 0;
    uint64_t n = 0;
    bool is_known = add == 0;
    words[0] = slot > words[0] ? slot : words[0];
    for (size_t i = 0; i < size; i++) {
        uint64_t *pair = pairs + 2 * i;
        if (pair[1] == 0) {
            oldest = i; /* the rest was never used */
            break;
        }
        if (!is_known && pair[0] == add) {
            pair[1] = slot > pair[1] ? slot : pair[1];
            is_known = true;
        }
        n += is_within(pair[1], words[0]);
        oldest = pair[1] < pairs[2 * oldest + 1] ? i : oldest;
    }
    if (!is_known && is_within(slot, words[0])) {
        n += !is_within(pairs[2 * oldest + 1], words[0]);
        pairs[2 * oldest] = add;
        pairs[2 * oldest + 1] = slot;
    }
    return n;
}

/* ---- one line of one entry ---- */

static uint64_t count_line(const struct zta_trigger_line *line, uint64_t *words, int64_t time_ns,
                           const struct zta_trigger_value *value, bool *is_enough)
{
    const uint64_t slot = slot_of(line, time_ns);
    uint64_t n_base = UINT64_MAX;
    uint64_t result = 0;
    switch (line->measure) {
    case ZTA_TRIGGER_SUM:
        result = count_sum(words, slot, value->add);
        break;
    case ZTA_TRIGGER_DISTINCT:
        result = count_distinct(line, words, slot, value->add);
        break;
    case ZTA_TRIGGER_RATIO:
        result = count_ratio(words, slot, value, &n_base);
        break;
    case ZTA_TRIGGER_P95:
        result = value->base == 0 ? 0 : count_p95(words, slot, value->add, &n_base);
        break;
    case ZTA_TRIGGER_NOW:
        result = value->add;
        break;
    }
    *is_enough = n_base >= line->min && n_base > 0;
    return result;
}

static bool holds(const struct zta_trigger_line *line, uint64_t value)
{
    if (value == line->number) {
        return line->is_equal;
    }
    return line->is_below ? value < line->number : value > line->number;
}

/* What is far from its number is given up first; a line that looks for less says nothing. */
static uint64_t progress_of(const struct zta_trigger_line *line, uint64_t value)
{
    if (line->is_below || line->measure == ZTA_TRIGGER_NOW) {
        return 0;
    }
    if (value >= line->number) {
        return PROGRESS_FULL;
    }
    return (uint64_t)((unsigned __int128)value * PROGRESS_FULL / line->number);
}

/* ---- entries ---- */

static int64_t longest_window_ns(const struct zta_trigger_plan *plan)
{
    int64_t longest_ns = LIFE_MIN_NS;
    for (size_t i = 0; i < plan->n_lines; i++) {
        const int64_t window_ns = plan->lines[i].window_ns;
        longest_ns = window_ns > longest_ns ? window_ns : longest_ns;
    }
    return longest_ns;
}

static bool gives_way(const uint64_t *entry, const uint64_t *than)
{
    return entry[HEAD_PROGRESS] != than[HEAD_PROGRESS] ? entry[HEAD_PROGRESS] < than[HEAD_PROGRESS]
                                                       : entry[HEAD_SEEN] < than[HEAD_SEEN];
}

static uint64_t *find_entry(struct zta_trigger *trigger, struct table *table, uint64_t group,
                            int64_t time_ns)
{
    const uint64_t parts[2] = {table->plan.id, group};
    const uint64_t hash = zta_siphash(&trigger->key, parts, sizeof parts);
    uint64_t *set = table->words + hash % table->n_sets * WAYS * table->n_words;
    const int64_t over_ns = time_ns - longest_window_ns(&table->plan);
    uint64_t *least = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        uint64_t *entry = set + i * table->n_words;
        if (entry[HEAD_SEEN] != 0 && entry[HEAD_GROUP] == hash) {
            return entry;
        }
        if ((int64_t)entry[HEAD_SEEN] < over_ns) {
            entry[HEAD_PROGRESS] = 0; /* all of it is out of its windows */
        }
        least = least == NULL || gives_way(entry, least) ? entry : least;
    }
    memset(least, 0, table->n_words * sizeof *least);
    least[HEAD_GROUP] = hash;
    return least;
}

bool zta_trigger_count(struct zta_trigger *trigger, size_t plan, uint64_t group, int64_t time_ns,
                       const struct zta_trigger_value values[ZTA_TRIGGER_LINES_MAX],
                       int64_t again_ns, struct zta_triggered *triggered)
{
    struct table *table = &trigger->tables[plan];
    if (time_ns <= 0) {
        return false;
    }
    uint64_t *entry = find_entry(trigger, table, group, time_ns);
    bool is_triggered = table->plan.n_lines > 0;
    uint64_t progress = PROGRESS_FULL;
    for (size_t i = 0; i < table->plan.n_lines; i++) {
        const struct zta_trigger_line *line = &table->plan.lines[i];
        bool is_enough;
        const uint64_t value =
            count_line(line, entry + table->at[i], time_ns, &values[i], &is_enough);
        const uint64_t of_line = progress_of(line, value);
        triggered->values[i] = value;
        is_triggered = is_triggered && is_enough && holds(line, value);
        progress = of_line < progress ? of_line : progress;
    }
    entry[HEAD_PROGRESS] = progress;
    if ((uint64_t)time_ns > entry[HEAD_SEEN]) {
        entry[HEAD_SEEN] = (uint64_t)time_ns;
    }
    if (!is_triggered ||
        (entry[HEAD_FIRED] != 0 && time_ns - (int64_t)entry[HEAD_FIRED] < again_ns)) {
        return false;
    }
    entry[HEAD_FIRED] = (uint64_t)time_ns;
    return true;
}

/* ---- open and close ---- */

static bool is_same_plan(const struct zta_trigger_plan *a, const struct zta_trigger_plan *b)
{
    return a->id == b->id && a->n_lines == b->n_lines;
}

/* Memory of a table; a former one with its counts where the rule is the same. */
static enum zta_status fill_table(struct table *table, uint64_t size_max,
                                  struct zta_trigger *former)
{
    table->n_words = HEAD_SIZE;
    for (size_t i = 0; i < table->plan.n_lines; i++) {
        table->at[i] = table->n_words;
        table->n_words += words_of(&table->plan.lines[i]);
    }
    table->n_sets = SETS_MIN;
    const uint64_t set_bytes = WAYS * table->n_words * sizeof *table->words;
    while (table->n_sets < SETS_MAX && 2 * table->n_sets * set_bytes <= size_max) {
        table->n_sets *= 2;
    }
    for (size_t i = 0; former != NULL && i < former->n; i++) {
        struct table *old = &former->tables[i];
        if (old->words != NULL && is_same_plan(&old->plan, &table->plan) &&
            old->n_words == table->n_words && old->n_sets == table->n_sets) {
            table->words = old->words;
            old->words = NULL;
            return ZTA_OK;
        }
    }
    table->words = calloc(table->n_sets, set_bytes);
    return table->words == NULL ? ZTA_NO_MEMORY : ZTA_OK;
}

enum zta_status zta_trigger_open(const struct zta_trigger_plan *plans, size_t n_plans,
                                 const struct zta_siphash_key *key, struct zta_trigger **former,
                                 struct zta_trigger **trigger)
{
    struct zta_trigger *opened = calloc(1, sizeof *opened + n_plans * sizeof opened->tables[0]);
    enum zta_status status = opened == NULL ? ZTA_NO_MEMORY : ZTA_OK;
    const uint64_t share = ZTA_TRIGGER_SIZE_MAX / (n_plans == 0 ? 1 : n_plans);
    for (size_t i = 0; status == ZTA_OK && i < n_plans; i++) {
        opened->n = i + 1;
        opened->key = *key;
        opened->tables[i].plan = plans[i];
        status = fill_table(&opened->tables[i],
                            share < ZTA_TRIGGER_TABLE_MAX ? share : ZTA_TRIGGER_TABLE_MAX, *former);
    }
    /* Some of its tables may be the new one's by now. */
    zta_trigger_close(former);
    if (status != ZTA_OK) {
        zta_trigger_close(&opened);
        return status;
    }
    *trigger = opened;
    return ZTA_OK;
}

void zta_trigger_close(struct zta_trigger **trigger)
{
    if (*trigger != NULL) {
        for (size_t i = 0; i < (*trigger)->n; i++) {
            free((*trigger)->tables[i].words);
        }
        free(*trigger);
        *trigger = NULL;
    }
}

void zta_trigger_forget(struct zta_trigger *trigger)
{
    for (size_t i = 0; i < trigger->n; i++) {
        struct table *table = &trigger->tables[i];
        memset(table->words, 0, table->n_sets * WAYS * table->n_words * sizeof *table->words);
    }
}
