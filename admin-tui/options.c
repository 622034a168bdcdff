/* SPDX-License-Identifier: Apache-2.0 */
/* Taking the command line apart; every option there is stands in options.def. */
#include "admin-tui/options.h"

#include <string.h>

#include "shared/base/clock.h"

static const struct ctl_option_info infos[CTL_N_OPTIONS] = {
#define CTL_OPTION(upper, text, what, repeats, sentence)                                           \
    [CTL_OPTION_##upper] = {                                                                       \
        .name = (text), .value = (what), .is_repeatable = (repeats), .help = (sentence)},
#include "admin-tui/options.def"
#undef CTL_OPTION
};

_Static_assert(CTL_N_OPTIONS <= 64, "a set of options is 64 bits");

const struct ctl_option_info *ctl_option_info(enum ctl_option option)
{
    return &infos[option];
}

static bool find_option(struct zta_text name, enum ctl_option *option)
{
    for (unsigned i = 0; i < CTL_N_OPTIONS; i++) {
        if (zta_text_equal(name, zta_text_of(infos[i].name))) {
            *option = (enum ctl_option)i;
            return true;
        }
    }
    return false;
}

static enum zta_status add_value(struct ctl_options *options, enum ctl_option option,
                                 const char *value, struct zta_error *error)
{
    const struct ctl_option_info *info = &infos[option];
    size_t most = info->is_repeatable ? CTL_OPTION_VALUES_MAX : 1;
    if (options->n[option] >= most) {
        return zta_error_set(error, ZTA_INVALID, "--%s is given more than %zu time%s", info->name,
                             most, most == 1 ? "" : "s");
    }
    options->values[option][options->n[option]++] = value;
    return ZTA_OK;
}

/* One word that begins with "--"; *i moves on when the next word is its value. */
static enum zta_status parse_option(int argc, char **argv, int *i, struct ctl_options *options,
                                    struct zta_error *error)
{
    const char *name = argv[*i] + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals == NULL ? strlen(name) : (size_t)(equals - name);
    enum ctl_option option;
    if (!find_option((struct zta_text){.data = name, .len = len}, &option)) {
        return zta_error_set(error, ZTA_INVALID, "there is no option --%.*s", (int)len, name);
    }
    const struct ctl_option_info *info = &infos[option];
    if (info->value == NULL) {
        if (equals != NULL) {
            return zta_error_set(error, ZTA_INVALID, "--%s takes no value", info->name);
        }
        return add_value(options, option, "", error);
    }
    if (equals != NULL) {
        return add_value(options, option, equals + 1, error);
    }
    if (info->value[0] == '[') {
        int64_t duration_s;
        const bool is_there =
            *i + 1 < argc && zta_duration_parse(zta_text_of(argv[*i + 1]), &duration_s) == ZTA_OK;
        *i += is_there ? 1 : 0;
        return add_value(options, option, is_there ? argv[*i] : "", error);
    }
    if (*i + 1 >= argc) {
        return zta_error_set(error, ZTA_INVALID, "--%s needs its %s", info->name, info->value);
    }
    *i += 1;
    return add_value(options, option, argv[*i], error);
}

enum zta_status ctl_options_parse(int argc, char **argv, struct ctl_options *options,
                                  struct zta_error *error)
{
    memset(options, 0, sizeof *options);
    options->arguments = argv;
    bool is_ended = false;
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        enum zta_status status = ZTA_OK;
        if (is_ended || word[0] != '-' || word[1] == '\0') {
            options->arguments[options->n_arguments++] = word;
        }
        else if (strcmp(word, "--") == 0) {
            is_ended = true;
        }
        else if (strcmp(word, "-h") == 0) {
            status = add_value(options, CTL_OPTION_HELP, "", error);
        }
        else if (strcmp(word, "-e") == 0) {
            status = i + 1 < argc ? add_value(options, CTL_OPTION_LINE, argv[++i], error)
                                  : zta_error_set(error, ZTA_INVALID, "-e needs its LINE");
        }
        else if (word[1] == '-') {
            status = parse_option(argc, argv, &i, options, error);
        }
        else {
            status = zta_error_set(error, ZTA_INVALID, "there is no option %s", word);
        }
        if (status != ZTA_OK) {
            return status;
        }
    }
    return ZTA_OK;
}

enum zta_status ctl_options_restrict(const struct ctl_options *options, uint64_t allowed,
                                     struct zta_error *error)
{
    for (unsigned i = 0; i < CTL_N_OPTIONS; i++) {
        if (options->n[i] > 0 && (allowed >> i & 1) == 0) {
            return zta_error_set(error, ZTA_INVALID, "--%s does not go with this command",
                                 infos[i].name);
        }
    }
    return ZTA_OK;
}

bool ctl_option_is_set(const struct ctl_options *options, enum ctl_option option)
{
    return options->n[option] > 0;
}

struct zta_text ctl_option_text(const struct ctl_options *options, enum ctl_option option)
{
    return zta_text_of(options->n[option] > 0 ? options->values[option][0] : NULL);
}

enum zta_status ctl_option_count(const struct ctl_options *options, enum ctl_option option,
                                 uint64_t *value, struct zta_error *error)
{
    struct zta_text text = ctl_option_text(options, option);
    if (!zta_text_is_absent(text) && zta_text_to_u64(text, INT64_MAX, value) != ZTA_OK) {
        return zta_error_set(error, ZTA_INVALID, "--%s: '%s' is no number", infos[option].name,
                             text.data);
    }
    return ZTA_OK;
}

enum zta_status ctl_option_duration(const struct ctl_options *options, enum ctl_option option,
                                    int64_t *value, struct zta_error *error)
{
    struct zta_text text = ctl_option_text(options, option);
    int64_t duration_s = 0;
    if (zta_text_is_absent(text) || (text.len == 0 && infos[option].value[0] == '[')) {
        return ZTA_OK;
    }
    if (zta_duration_parse(text, &duration_s) != ZTA_OK || duration_s == 0) {
        return zta_error_set(error, ZTA_INVALID,
                             "--%s: '%s' is no duration; expected a number with s, m, h or d",
                             infos[option].name, text.data);
    }
    *value = duration_s;
    return ZTA_OK;
}

enum zta_status ctl_option_size(const struct ctl_options *options, enum ctl_option option,
                                uint64_t *value, struct zta_error *error)
{
    static const char units[] = "KMGT";
    struct zta_text text = ctl_option_text(options, option);
    if (zta_text_is_absent(text)) {
        return ZTA_OK;
    }
    unsigned shift = 0;
    const char *unit = text.len == 0 ? NULL : strchr(units, text.data[text.len - 1]);
    struct zta_text digits = text;
    if (unit != NULL) {
        shift = 10 * (unsigned)(unit - units + 1);
        digits.len--;
    }
    uint64_t number = 0;
    if (zta_text_to_u64(digits, UINT64_MAX >> 1 >> shift, &number) != ZTA_OK) {
        return zta_error_set(error, ZTA_INVALID,
                             "--%s: '%s' is no size; expected a number with K, M, G or T",
                             infos[option].name, text.data);
    }
    *value = number << shift;
    return ZTA_OK;
}
