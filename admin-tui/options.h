/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of ztactl, taken apart by the table of options. Text is borrowed from argv. */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

enum ctl_option {
#define CTL_OPTION(upper, name, value, repeats, help) CTL_OPTION_##upper,
#include "admin-tui/options.def"
#undef CTL_OPTION
    CTL_N_OPTIONS
};

/* Sets of options, as commands.def has them. */
#define CTL_SET(upper) (UINT64_C(1) << CTL_OPTION_##upper)

/* What every command takes. */
#define CTL_SET_COMMON (CTL_SET(STORE) | CTL_SET(HELP) | CTL_SET(COLOR))

#define CTL_OPTION_VALUES_MAX 32 /* of a repeatable option; as many as an API key keeps */

struct ctl_option_info {
    const char *name;
    const char *value; /* what its value is called; NULL: a switch */
    bool is_repeatable;
    const char *help;
};

struct ctl_options {
    const char *values[CTL_N_OPTIONS][CTL_OPTION_VALUES_MAX];
    size_t n[CTL_N_OPTIONS]; /* times given */
    char **arguments;        /* command words and arguments, in order */
    size_t n_arguments;
};

const struct ctl_option_info *ctl_option_info(enum ctl_option option);

/*
 * Sorts argv (without the program's name; it is reordered) into options and arguments; "--" ends
 * the options. ZTA_INVALID with a text for a person: unknown, without its value, twice.
 */
enum zta_status ctl_options_parse(int argc, char **argv, struct ctl_options *options,
                                  struct zta_error *error) ZTA_MUST_CHECK;
/* ZTA_INVALID names the first option given that is not in `allowed` (a set). */
enum zta_status ctl_options_restrict(const struct ctl_options *options, uint64_t allowed,
                                     struct zta_error *error) ZTA_MUST_CHECK;

bool ctl_option_is_set(const struct ctl_options *options, enum ctl_option option);
/* The value given; absent when the option was not. */
struct zta_text ctl_option_text(const struct ctl_options *options, enum ctl_option option);

/* Values that are numbers; *value keeps its default when the option is absent. */
enum zta_status ctl_option_count(const struct ctl_options *options, enum ctl_option option,
                                 uint64_t *value, struct zta_error *error) ZTA_MUST_CHECK;
/* Seconds, more than 0. */
enum zta_status ctl_option_duration(const struct ctl_options *options, enum ctl_option option,
                                    int64_t *value, struct zta_error *error) ZTA_MUST_CHECK;
/* Bytes: a number with K, M, G or T. */
enum zta_status ctl_option_size(const struct ctl_options *options, enum ctl_option option,
                                uint64_t *value, struct zta_error *error) ZTA_MUST_CHECK;

#endif
