/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a request a habit can be: its circumstances as small values that are compared with a
 * baseline. Made alike by who learns and by who asks; pure.
 */
#ifndef ZTA_RISK_HABITS_H
#define ZTA_RISK_HABITS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/net.h"
#include "shared/context.h"

/* Bytes of a User-Agent that are looked at: events keep as many. */
#define ZTA_AGENT_LOOKED_AT 240
#define ZTA_AGENT_FORM_SIZE (ZTA_AGENT_LOOKED_AT + 1)

struct zta_habit_facts {
    int64_t time_s;
    struct zta_addr addr;
    uint32_t asn;            /* 0: unknown */
    struct zta_text country; /* these three absent: unknown */
    struct zta_text device;
    struct zta_text route;
    struct zta_text agent; /* absent is a habit, too: no client of this subject sends one */
    uint8_t hidden;        /* set of 1u << enum zta_habit: unknown whatever stands above */
};

/* 0 is no value. A network has up to two: the address's /24 or /48, and the autonomous system. */
struct zta_habit_values {
    int64_t time_s;
    uint64_t values[ZTA_N_HABITS]; /* of hours and rate: none */
    uint64_t system;
};

void zta_habit_values_make(const struct zta_habit_facts *facts, struct zta_habit_values *values);

/* What texts are compared by, never 0; the same in every process and behind every restart. */
uint64_t zta_habit_hash(struct zta_text text);

/* The User-Agent without versions: "curl/8.5.0" is "curl". out has ZTA_AGENT_FORM_SIZE bytes. */
struct zta_text zta_agent_form(struct zta_text agent, char *out);
/* A short name of it for people: "Windows NT Firefox". */
void zta_agent_label(struct zta_text agent, struct zta_buffer *out);
/* "192.0.2.0/24", "AS64500", "CH"; nothing for values that are hashes. */
void zta_habit_value_print(enum zta_habit habit, uint64_t value, struct zta_buffer *out);

#endif
