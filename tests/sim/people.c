/* SPDX-License-Identifier: Apache-2.0 */
/* Honest people: where they are on which day, with what, and how much they do there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tests/sim/crowd.h"
#include "tests/sim/networks.h"

#define PARTS_MAX   6
#define N_AGENTS    4
#define UPDATE_DAYS 28
#define PAGE_MAX    8
#define DEPLOY_DAYS 7
#define DEPLOY_HOUR 13
#define GONE_A_PAGE 12
#define SECOND_NS   1000000000.0

static const char *const agents[N_AGENTS][2] = {
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
     "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/127.0.0.0 Safari/537.36"},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
     "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.4 Safari/605.1.15",
     "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15"},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
     "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/127.0.0.0 Safari/537.36 Edg/127.0.0.0"},
};
static const char *const phone_agents[2] = {"ExampleApp/4.1 (iPhone; iOS 17.5)",
                                            "ExampleApp/4.2 (iPhone; iOS 17.6)"};

enum where {
    AT_HOME = 0,
    AT_OFFICE,
    AT_HOTEL,
    ON_MOBILE,
    BEHIND_VPN,
};

/* A stretch of a day. */
struct part {
    int64_t from_ns;
    int64_t until_ns;
    enum where where;
    bool is_phone;
};

struct sim_person {
    struct sim_actor actor;
    uint32_t number; /* subject */
    bool is_key;
    int zone_h;
    const char *country;
    const char *trip_country; /* on a trip; NULL: none */
    unsigned joined_day;
    unsigned holiday_from;
    unsigned trip_until;
    uint32_t device;
    uint32_t phone;
    unsigned agent;
    unsigned update_day; /* of each four weeks */
    uint8_t vpn_percent; /* of days at home */
    bool has_phone;
    bool has_v6;
    bool is_late;  /* works at night now and then */
    double volume; /* bytes of a request, median */
    int64_t day;   /* that is planned; -1: none */
    unsigned n_parts;
    unsigned i_part;
    struct part parts[PARTS_MAX];
    struct sim_session *sessions[2]; /* at the desk, on the phone */
    struct sim_session *challenged;  /* logs in again for it; NULL: not */
    int64_t challenged_ns;           /* when he does */
};

static int64_t day_ns(int64_t day)
{
    return SIM_START_S * ZTA_NS_PER_S + day * SIM_DAY_NS;
}

static int64_t day_of(int64_t now_ns)
{
    return (now_ns - SIM_START_S * ZTA_NS_PER_S) / SIM_DAY_NS;
}

/* ---- a day ---- */

static void add_part(struct sim_person *person, struct sim_chance *chance, double from_h,
                     double hours, enum where where, bool is_phone)
{
    if (person->n_parts == PARTS_MAX) {
        return;
    }
    struct part *part = &person->parts[person->n_parts];
    const double begin_h = from_h - person->zone_h + sim_between(chance, -0.4, 0.4);
    part->from_ns = day_ns(person->day) + (int64_t)(begin_h * (double)SIM_HOUR_NS);
    part->until_ns = part->from_ns + (int64_t)(hours * (double)SIM_HOUR_NS);
    part->where = where;
    part->is_phone = is_phone;
    const struct part *former = person->n_parts > 0 ? part - 1 : NULL;
    if (former == NULL || former->until_ns < part->until_ns) {
        part->from_ns =
            former != NULL && former->until_ns > part->from_ns ? former->until_ns : part->from_ns;
        person->n_parts++;
    }
}

static void plan_work(struct sim_person *person, struct sim_chance *chance)
{
    const bool is_away = person->trip_country != NULL;
    const bool is_home = sim_happens(chance, person->country[0] == 'G' ? 1.0 : 0.3);
    enum where desk = is_away ? AT_HOTEL : is_home ? AT_HOME : AT_OFFICE;
    if ((is_home || is_away) && sim_below(chance, 100) < person->vpn_percent) {
        desk = BEHIND_VPN;
    }
    if (person->has_phone && sim_happens(chance, 0.3)) {
        add_part(person, chance, 7, 0.3, is_away ? AT_HOTEL : AT_HOME, true);
    }
    add_part(person, chance, 8.5, 3.5, desk, false);
    add_part(person, chance, 13, 4.5, desk, false);
    if (person->has_phone && sim_happens(chance, 0.3)) {
        add_part(person, chance, 18, 0.6, ON_MOBILE, true);
    }
    if (sim_happens(chance, person->is_late ? 0.3 : 0.06)) {
        add_part(person, chance, 20.5, 1.2, is_away ? AT_HOTEL : AT_HOME, false);
    }
}

static void plan_trip(struct sim_person *person, struct sim_chance *chance)
{
    static const char *const countries[] = {"FR", "DE", "US", "GB", "IN"};
    if (person->trip_country != NULL && (unsigned)person->day > person->trip_until) {
        person->trip_country = NULL;
    }
    else if (person->trip_country == NULL && sim_happens(chance, 0.004)) {
        const char *to = countries[sim_below(chance, 5)];
        if (strcmp(to, person->country) != 0) {
            /* The day of the flight has no work in it. */
            person->trip_country = to;
            person->trip_until = (unsigned)person->day + 1 + (unsigned)sim_below(chance, 5);
            person->n_parts = PARTS_MAX;
        }
    }
}

static void plan_day(struct sim_person *person, struct sim_chance *chance, int64_t day)
{
    const bool is_weekend = day % 7 >= 5;
    const bool is_holiday =
        (unsigned)day >= person->holiday_from && (unsigned)day < person->holiday_from + 12;
    person->day = day;
    person->n_parts = person->i_part = 0;
    if (person->is_key) {
        person->parts[person->n_parts++] =
            (struct part){.from_ns = day_ns(day), .until_ns = day_ns(day + 1), .where = AT_OFFICE};
        return;
    }
    if ((unsigned)day < person->joined_day || is_holiday) {
        return;
    }
    plan_trip(person, chance);
    if (person->n_parts == PARTS_MAX) {
        person->n_parts = 0;
    }
    else if (!is_weekend) {
        plan_work(person, chance);
    }
    else if (sim_happens(chance, person->is_late ? 0.3 : 0.08)) {
        add_part(person, chance, 15, 1, AT_HOME, sim_happens(chance, 0.5) && person->has_phone);
    }
}

/* ---- where somebody is then ---- */

static void find_place(struct sim_person *person, struct sim_chance *chance,
                       const struct part *part, int64_t now_ns, struct sim_place *place)
{
    const char *here = person->trip_country != NULL ? person->trip_country : person->country;
    const uint32_t number = person->number;
    const bool is_v6 = person->has_v6 && sim_happens(chance, 0.6);
    /* The provider gives another address each week. */
    const uint32_t customer = number * 37 % 60000 + (uint32_t)(person->day / 7) * 256;
    switch (part->where) {
    case AT_HOME:
        sim_network_place(sim_network_find(SIM_NET_HOME, here, number % 2), customer, is_v6, place);
        return;
    case AT_OFFICE:
        /* Everybody of an office behind one address; in one of them two lines share the load. */
        if (strcmp(here, "CH") == 0 && number % 3 == 0 && sim_happens(chance, 0.5)) {
            sim_network_place(sim_network_find(SIM_NET_SECOND_LINE, here, 0), 7, false, place);
            return;
        }
        sim_network_place(sim_network_find(SIM_NET_OFFICE, here, 0), 7, false, place);
        return;
    case AT_HOTEL:
        sim_network_place(sim_network_find(SIM_NET_HOME, here, 0), 60000 + number % 50, false,
                          place);
        return;
    case ON_MOBILE:
        /* At the edge of the Wi-Fi at home: to and fro for a few minutes. */
        if (now_ns - part->from_ns < 5 * SIM_MINUTE_NS && now_ns / (SIM_MINUTE_NS / 2) % 2 == 0 &&
            person->trip_country == NULL) {
            sim_network_place(sim_network_find(SIM_NET_HOME, here, number % 2), customer, is_v6,
                              place);
            return;
        }
        /* Roaming goes out at home; the carrier gives another address each few minutes. */
        sim_network_place(
            sim_network_find(SIM_NET_MOBILE, person->country, 0),
            (uint32_t)(number * 7919 + (uint32_t)(now_ns / (5 * SIM_MINUTE_NS)) * 257) % 16384,
            false, place);
        return;
    case BEHIND_VPN:
        sim_network_place(sim_network_find(SIM_NET_VPN, NULL, number % 2), 9, false, place);
        return;
    }
}

static const char *agent_of(const struct sim_person *person, bool is_phone)
{
    const bool is_updated = (unsigned)person->day % (2 * UPDATE_DAYS) >= person->update_day;
    if (person->is_key) {
        return "example-batch/2.1";
    }
    return is_phone ? phone_agents[is_updated] : agents[person->agent][is_updated];
}

/* ---- what he does ---- */

static struct sim_session *session_of(struct sim_crowd *crowd, struct sim_person *person,
                                      bool is_phone, int64_t now_ns)
{
    struct sim_session **session = &person->sessions[is_phone];
    const int64_t age_s =
        *session == NULL ? INT64_MAX : now_ns / ZTA_NS_PER_S - (*session)->login_s;
    /* At the desk a login lasts for a day, with some for a week; on the phone for two. */
    const int64_t most_s = SIM_DAY_S * INT64_C(1) *
                           (person->is_key            ? 10000
                            : is_phone                ? 14
                            : person->number % 7 == 0 ? 7
                                                      : 1) *
                           9 / 10;
    if (*session == NULL || age_s > most_s) {
        *session = sim_crowd_login(crowd, person->number, now_ns);
        (*session)->is_key = person->is_key;
        (*session)->device = person->is_key ? 0 : is_phone ? person->phone : person->device;
    }
    (*session)->agent = agent_of(person, is_phone);
    return *session;
}

static uint64_t bytes_of(const struct sim_person *person, struct sim_chance *chance)
{
    double bytes = sim_about(chance, person->volume, 2.5);
    const bool is_report_day = person->day % 30 == 29;
    if (sim_happens(chance, is_report_day ? 0.05 : 0.008)) {
        bytes = sim_about(chance, 4e6, 3); /* a document */
    }
    return bytes > 4e8 ? (uint64_t)4e8 : (uint64_t)bytes;
}

static void choose_path(const struct sim_person *person, struct sim_chance *chance,
                        struct sim_request *request, char path[64])
{
    const int64_t day_hour_ns =
        (request->time_ns - SIM_START_S * ZTA_NS_PER_S) % (DEPLOY_DAYS * SIM_DAY_NS);
    const int64_t deploy_ns = 2 * SIM_DAY_NS + DEPLOY_HOUR * SIM_HOUR_NS;
    request->http_status = 200;
    if (day_hour_ns >= deploy_ns && day_hour_ns < deploy_ns + SIM_HOUR_NS / 2 && !person->is_key &&
        sim_happens(chance, 0.6)) {
        /* An old page asks for what the new release does not have. */
        (void)snprintf(path, 64, "/assets/chunk-%u.js", (unsigned)sim_below(chance, GONE_A_PAGE));
        request->http_status = 404;
    }
    else if (sim_happens(chance, 0.012)) {
        (void)snprintf(path, 64, "/orders/%u", (unsigned)sim_below(chance, 100000));
        request->http_status = sim_happens(chance, 0.7) ? 404 : 403;
    }
    else {
        (void)snprintf(path, 64, "/app/%u", (unsigned)sim_below(chance, 40));
    }
    request->path = path;
}

static void load_page(struct sim_crowd *crowd, struct sim_person *person, const struct part *part,
                      int64_t now_ns)
{
    struct sim_chance *chance = &crowd->chance;
    struct sim_place place;
    struct sim_session *session = session_of(crowd, person, part->is_phone, now_ns);
    const unsigned n = person->is_key ? 1 : 2 + (unsigned)sim_below(chance, PAGE_MAX - 2);
    int64_t at_ns = now_ns;
    for (unsigned i = 0; i < n && person->challenged_ns == 0; i++) {
        char path[64];
        find_place(person, chance, part, at_ns, &place);
        struct sim_request request = {
            .time_ns = at_ns,
            .session = session,
            .place = &place,
            .bytes_out = bytes_of(person, chance),
        };
        choose_path(person, chance, &request, path);
        const struct sim_verdict verdict = sim_crowd_send(crowd, &request);
        if (verdict.outcome == ZTA_OUTCOME_STEP_UP) {
            person->challenged = session;
            person->challenged_ns = at_ns + (int64_t)(sim_between(chance, 15, 90) * SECOND_NS);
        }
        at_ns += (int64_t)(sim_between(chance, 0.02, 0.3) * SECOND_NS);
    }
}

/* Four pages in a row, then something else for a while. */
static int64_t pause_ns(const struct sim_crowd *crowd, const struct sim_person *person,
                        struct sim_chance *chance)
{
    if (person->is_key) {
        return (int64_t)(sim_between(chance, 240, 360) * SECOND_NS);
    }
    const double mean_s = 8.0 * 3600 / crowd->options->pages_a_day;
    const double long_s = mean_s > 60 ? (mean_s - 0.75 * 30) * 4 : mean_s;
    return (int64_t)(SECOND_NS *
                     sim_about(chance, sim_happens(chance, 0.75) ? 25 : long_s * 0.8, 1.8));
}

static void act(struct sim_crowd *crowd, struct sim_actor *actor)
{
    struct sim_person *person = actor->self;
    struct sim_chance *chance = &crowd->chance;
    const int64_t now_ns = actor->next_ns;
    if (person->challenged_ns != 0) {
        /* He logs in again with what was asked for, and his session goes on. */
        person->challenged->login_s = now_ns / ZTA_NS_PER_S;
        person->challenged->has_mfa = true;
        person->challenged = NULL;
        person->challenged_ns = 0;
    }
    while (person->i_part < person->n_parts && person->parts[person->i_part].until_ns <= now_ns) {
        person->i_part++;
    }
    if (person->i_part == person->n_parts) {
        const int64_t next = person->day < 0 ? 0 : person->day + 1;
        if (next >= (int64_t)crowd->options->n_days) {
            actor->next_ns = INT64_MAX;
            return;
        }
        plan_day(person, chance, next);
        const int64_t from_ns = person->n_parts > 0 ? person->parts[0].from_ns : day_ns(next + 1);
        actor->next_ns = from_ns > now_ns ? from_ns : now_ns + 1;
        return;
    }
    const struct part *part = &person->parts[person->i_part];
    if (part->from_ns > now_ns) {
        actor->next_ns = part->from_ns;
        return;
    }
    load_page(crowd, person, part, now_ns);
    actor->next_ns = person->challenged_ns != 0 ? person->challenged_ns
                                                : now_ns + pause_ns(crowd, person, chance);
}

/* ---- who there is ---- */

static void make_person(struct sim_crowd *crowd, struct sim_person *person, uint32_t number)
{
    static const struct {
        const char *country;
        int zone_h;
        unsigned percent;
    } homes[] = {{"CH", 1, 60}, {"US", -5, 20}, {"IN", 5, 10}, {"GB", 0, 10}};
    struct sim_chance *chance = &crowd->chance;
    uint64_t percent = sim_below(chance, 100);
    size_t home = 0;
    while (percent >= homes[home].percent) {
        percent -= homes[home++].percent;
    }
    *person = (struct sim_person){
        .actor = {.next_ns = day_ns(0), .act = act, .self = person},
        .number = number,
        .is_key = number > crowd->options->n_people,
        .country = homes[home].country,
        .zone_h = homes[home].zone_h,
        .joined_day =
            sim_happens(chance, 0.05) ? (unsigned)sim_below(chance, crowd->options->n_days) : 0,
        .holiday_from = (unsigned)sim_below(chance, 120),
        .device = 2 * number,
        .phone = 2 * number + 1,
        .agent = (unsigned)sim_below(chance, N_AGENTS),
        .update_day = (unsigned)sim_below(chance, 7) + UPDATE_DAYS - 7,
        .vpn_percent = sim_happens(chance, 0.1) ? 40 : 0,
        .has_phone = sim_happens(chance, 0.4),
        .has_v6 = sim_happens(chance, 0.4),
        .is_late = sim_happens(chance, 0.15),
        .volume = sim_about(chance, 30e3, 2),
        .day = -1,
    };
}

void sim_people_join(struct sim_crowd *crowd)
{
    const uint32_t n = crowd->options->n_people + crowd->options->n_keys;
    crowd->people = calloc(n, sizeof *crowd->people);
    for (uint32_t i = 0; i < n; i++) {
        make_person(crowd, &crowd->people[i], i + 1);
        sim_crowd_add(crowd, &crowd->people[i].actor);
    }
}

void sim_people_leave(struct sim_crowd *crowd)
{
    free(crowd->people);
}

struct sim_session *sim_people_victim(struct sim_crowd *crowd, int64_t now_ns,
                                      struct sim_place *place)
{
    const unsigned n = crowd->options->n_people;
    const unsigned first = (unsigned)sim_below(&crowd->chance, n);
    for (unsigned i = 0; i < n; i++) {
        struct sim_person *person = &crowd->people[(first + i) % n];
        const struct part *part =
            person->i_part < person->n_parts ? &person->parts[person->i_part] : NULL;
        if (person->day == day_of(now_ns) && part != NULL && part->from_ns < now_ns &&
            now_ns + SIM_HOUR_NS < part->until_ns && !part->is_phone &&
            person->sessions[0] != NULL && !person->sessions[0]->was_challenged) {
            find_place(person, &crowd->chance, part, now_ns, place);
            return person->sessions[0];
        }
    }
    return NULL;
}

void sim_people_home(struct sim_crowd *crowd, uint32_t subject, struct sim_place *place)
{
    struct sim_person *person = &crowd->people[subject - 1];
    const struct part part = {.where = AT_HOME};
    find_place(person, &crowd->chance, &part, 0, place);
}

struct sim_session *sim_people_key(struct sim_crowd *crowd, unsigned i)
{
    return crowd->people[crowd->options->n_people + i % crowd->options->n_keys].sessions[0];
}
