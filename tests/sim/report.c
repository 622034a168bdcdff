/* SPDX-License-Identifier: Apache-2.0 */
/* The figures as a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/risk_signals.h"
#include "tests/sim/sim.h"

static int compare(const void *a, const void *b)
{
    const double one = *(const double *)a;
    const double two = *(const double *)b;
    return (one > two) - (one < two);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
    return n == 0 ? -1 : n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double median_of(const double *values, size_t n)
{
    double copy[64];
    memcpy(copy, values, n * sizeof copy[0]);
    return median(copy, n);
}

double sim_median_s(const struct sim_report *report)
{
    double all[SIM_N_ATTACKS * 64];
    size_t n = 0;
    for (size_t kind = 0; kind < SIM_N_ATTACKS; kind++) {
        const struct sim_attack_figures *figures = &report->attacks[kind];
        memcpy(all + n, figures->contained_s, figures->n_contained * sizeof all[0]);
        n += figures->n_contained;
    }
    return median(all, n);
}

static void print_attack(enum sim_attack_kind kind, const struct sim_attack_figures *figures)
{
    double passed[64];
    double most = 0;
    for (size_t i = 0; i < figures->n; i++) {
        passed[i] = figures->passed[i];
        most = passed[i] > most ? passed[i] : most;
    }
    printf("%-28s %3u %5u %7.0f %6u %9.0f %9.0f %7.0f %8u\n", sim_attack_name(kind), figures->n,
           figures->n_detected, median_of(figures->detected_s, figures->n_detected),
           figures->n_contained, median_of(figures->contained_s, figures->n_contained),
           median(passed, figures->n), most, figures->slipped);
}

static void print_signals(const char *what, const uint64_t *counts)
{
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        if (counts[i] > 0) {
            printf("  of the %s had %s: %llu\n", what, zta_risk_signal_info(i)->name,
                   (unsigned long long)counts[i]);
        }
    }
}

void sim_print(const struct sim_options *options, const struct sim_report *report)
{
    printf("seed %llu: %u people, %u days, %llu requests in %llu honest sessions\n",
           (unsigned long long)options->seed, options->n_people, options->n_days,
           (unsigned long long)report->n_requests, (unsigned long long)report->n_sessions);
    printf("%-28s %3s %5s %7s %6s %9s %9s %7s %8s\n", "attack", "n", "found", "after s", "held",
           "after s", "passed", "at most", "slipped");
    for (unsigned kind = 0; kind < SIM_N_ATTACKS; kind++) {
        print_attack((enum sim_attack_kind)kind, &report->attacks[kind]);
    }
    printf("median time to containment: %.1f s\n", sim_median_s(report));
    printf("honest sessions challenged: %llu (%.2f %%), blocked: %llu\n",
           (unsigned long long)report->n_challenged,
           100.0 * (double)report->n_challenged / (double)report->n_sessions,
           (unsigned long long)report->n_blocked);
    print_signals("challenged", report->challenged_by);
    print_signals("blocked", report->blocked_by);
}
