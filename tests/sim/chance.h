/* SPDX-License-Identifier: Apache-2.0 */
/* Chance that is the same in every run. */
#ifndef TESTS_SIM_CHANCE_H
#define TESTS_SIM_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct sim_chance {
    uint64_t state;
};

/* 0 to n - 1. */
uint64_t sim_below(struct sim_chance *chance, uint64_t n);
bool sim_happens(struct sim_chance *chance, double probability);
double sim_between(struct sim_chance *chance, double low, double high);
/* Long-tailed: the median, and how many times of it a deviation is. */
double sim_about(struct sim_chance *chance, double median, double times);

#endif
