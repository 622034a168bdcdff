/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the references from the tables of the sources, then the manuals: gen OUTDIR. */
#include "docs/gen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin-tui/console/keys.h"
#include "shared/base/clock.h"
#include "shared/hazards.h"
#include "shared/risk_signals.h"
#include "shared/rules/attributes.h"
#include "shared/stance.h"

/* ---- the tables ---- */

enum option {
#define CTL_OPTION(upper, name, value, repeats, help) CTL_OPTION_##upper,
#include "admin-tui/options.def"
#undef CTL_OPTION
    N_OPTIONS
};

#define CTL_SET(upper) (UINT64_C(1) << CTL_OPTION_##upper)
#define CTL_ANY        ((size_t)-1)

static const struct {
    const char *name;
    const char *value;
    bool is_repeatable;
    const char *help;
} options[] = {
#define CTL_OPTION(upper, text, what, repeats, sentence)                                           \
    {.name = (text), .value = (what), .is_repeatable = (repeats), .help = (sentence)},
#include "admin-tui/options.def"
#undef CTL_OPTION
};

struct command {
    const char *words;
    const char *arguments;
    uint64_t options;
    const char *summary;
    const char *description;
};

static const struct command commands[] = {
#define CTL_COMMAND(suffix, text, parameters, least, most, access, accepted, line, paragraph)      \
    {.words = (text),                                                                              \
     .arguments = (parameters),                                                                    \
     .options = (accepted),                                                                        \
     .summary = (line),                                                                            \
     .description = (paragraph)},
#include "admin-tui/commands.def"
#undef CTL_COMMAND
};

enum where {
    GLOBAL = 0,
    ISSUER,
    TRANSMITTER,
    PLACE,
    N_WHERE
};

static const struct {
    const char *syntax;
    enum where where;
    const char *help;
} directives[] = {
#define ZTA_DIRECTIVE(arguments, name, suffix, place, text, sentence)                              \
    {.syntax = (text), .where = (place), .help = (sentence)},
#include "mod_zta/directives.def"
#undef ZTA_DIRECTIVE
};

static const struct {
    const char *name;
    int http;
    const char *oauth;
    const char *problem;
    const char *title;
} reasons[] = {
#define ZTA_REASON(upper, lower, status, error, klass, sentence)                                   \
    {.name = #lower, .http = (status), .oauth = (error), .problem = (klass), .title = (sentence)},
#include "shared/reasons.def"
#undef ZTA_REASON
};

static const struct {
    const char *name;
    const char *help;
} counters[] = {
#define ZTA_COUNTER(upper, lower, sentence) {.name = #lower, .help = (sentence)},
#include "shared/live/counters.def"
#undef ZTA_COUNTER
};

struct field {
    const char *name;
    const char *expected;
};

#define CTL_FIELD(upper, text, type, values) {.name = (text), .expected = (values)},
static const struct field fields[] = {
#include "admin-tui/filter_fields.def"
};
static const struct field device_fields[] = {
#include "admin-tui/device_fields.def"
};

static const struct field session_fields[] = {
#include "admin-tui/session_fields.def"
};
#undef CTL_FIELD

static const char *const views[] = {
#define TUI_VIEW(name) #name,
#include "admin-tui/console/views.def"
#undef TUI_VIEW
};

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
    int code;
    const char *meaning;
} exits[] = {
    {.code = 0, .meaning = "done"},
    {.code = 1, .meaning = "failed, or not found; or who read the output went away"},
    {.code = 2, .meaning = "the command line is wrong"},
    {.code = 3, .meaning = "the store cannot be used"},
    {.code = 4, .meaning = "busy, exists already, or refused by a guard"},
};

static const struct {
    const char *name;
    const char *meaning;
} variables[] = {
    {.name = "ZTA_STORE", .meaning = "directory of the store, unless `--store` names it"},
    {.name = "NO_COLOR",
     .meaning = "when set and not empty, there are no colours, unless `--color=always`"},
    {.name = "ZTA_THEME",
     .meaning = "theme of the console, unless `--theme` names it: dark, light, high-contrast, "
                "monochrome"},
    {.name = "TERM", .meaning = "the terminal; `dumb` has no colours"},
    {.name = "LC_ALL, LC_CTYPE, LANG", .meaning = "whether the console may draw in UTF-8"},
    {.name = "HOME",
     .meaning = "in `.local/state/ztactl` below it the console keeps the lines that were typed"},
    {.name = "XDG_STATE_HOME", .meaning = "in place of `.local/state` below HOME"},
    {.name = "SUDO_USER", .meaning = "stands in the audit trail beside the login name"},
};

/* ---- writing ---- */

static const char *out_dir;

FILE *gen_begin(const char *path)
{
    char name[4096];
    (void)snprintf(name, sizeof name, "%s/%s", out_dir, path);
    for (char *slash = strchr(name + strlen(out_dir) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(name, 0755) != 0 && errno != EEXIST) {
            (void)fprintf(stderr, "%s: %s\n", name, strerror(errno));
            exit(1);
        }
        *slash = '/';
    }
    FILE *file = fopen(name, "w");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: %s\n", name, strerror(errno));
        exit(1);
    }
    return file;
}

void gen_end(FILE *file)
{
    if (ferror(file) != 0 || fclose(file) != 0) {
        (void)fprintf(stderr, "%s\n", strerror(errno));
        exit(1);
    }
}

char *gen_read(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL || getdelim(&text, &size, '\0', file) < 0 || ferror(file) != 0) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    (void)fclose(file);
    return text;
}

/* Text in a cell of a Markdown table, or in running text. */
void gen_markdown(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("|<>*_", *text) != NULL) {
            (void)fputc('\\', file);
        }
        (void)fputc(*text, file);
    }
}

/* Inside backquotes only the bar of a table needs care. */
static void put_code(FILE *file, const char *text)
{
    (void)fputc('`', file);
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            (void)fputc('\\', file);
        }
        (void)fputc(*text, file);
    }
    (void)fputc('`', file);
}

void gen_head(FILE *file, const char *title, const char *table)
{
    (void)fprintf(file, "# %s\n\nMade by `make docs` from `%s`; changes belong there.\n\n", title,
                  table);
}

const char *gen_command(size_t i)
{
    return i < N(commands) ? commands[i].words : NULL;
}

static void put_usage(FILE *file, const struct command *command)
{
    (void)fprintf(file, "ztactl %s%s%s", command->words, command->arguments[0] == '\0' ? "" : " ",
                  command->arguments);
    for (size_t i = 0; i < N(options); i++) {
        if ((command->options >> i & 1) != 0) {
            (void)fprintf(file, " [--%s%s%s]", options[i].name, options[i].value == NULL ? "" : "=",
                          options[i].value == NULL ? "" : options[i].value);
        }
    }
}

static void write_fields(FILE *file, const struct field *rows, size_t n)
{
    (void)fprintf(file, "| field | values |\n|---|---|\n");
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(file, "| `%s` | ", rows[i].name);
        gen_markdown(file, rows[i].expected);
        (void)fprintf(file, " |\n");
    }
}

static void write_ztactl(void)
{
    FILE *file = gen_begin("docs/reference-ztactl.md");
    gen_head(file, "ztactl", "admin-tui/commands.def");
    (void)fprintf(file, "| command | |\n|---|---|\n");
    for (size_t i = 0; i < N(commands); i++) {
        (void)fprintf(file, "| `%s` | ", commands[i].words);
        gen_markdown(file, commands[i].summary);
        (void)fprintf(file, " |\n");
    }
    (void)fprintf(file, "\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (size_t i = 0; i < N(exits); i++) {
        (void)fprintf(file, "| %d | %s |\n", exits[i].code, exits[i].meaning);
    }
    (void)fprintf(file, "\n## Commands\n");
    for (size_t i = 0; i < N(commands); i++) {
        (void)fprintf(file, "\n### %s\n\n    ", commands[i].words);
        put_usage(file, &commands[i]);
        (void)fprintf(file, "\n\n");
        gen_markdown(file, commands[i].description);
        (void)fprintf(file, "\n");
    }
    (void)fprintf(file, "\n## Options\n\n| option | |\n|---|---|\n");
    for (size_t i = 0; i < N(options); i++) {
        (void)fprintf(file, "| `--%s%s", options[i].name, options[i].value == NULL ? "" : " ");
        for (const char *c = options[i].value; c != NULL && *c != '\0'; c++) {
            (void)fprintf(file, *c == '|' ? "\\%c" : "%c", *c);
        }
        (void)fprintf(file, "` | ");
        gen_markdown(file, options[i].help);
        (void)fprintf(file, " |\n");
    }
    (void)fprintf(file, "\n## Environment\n\n| variable | |\n|---|---|\n");
    for (size_t i = 0; i < N(variables); i++) {
        (void)fprintf(file, "| `%s` | %s |\n", variables[i].name, variables[i].meaning);
    }
    (void)fprintf(file, "\n## Filters\n\nTerms separated by spaces must all hold; `not` in front "
                        "turns one round. A term is a\nfield with values, of which one suffices "
                        "(`reason=no_rule,not_entitled`), or a word that\nis looked for in all "
                        "texts. `*` is any run of characters, `unknown` stands for nothing\nknown, "
                        "text with spaces stands in double quotes. Numbers, times and ages also "
                        "take\n`<` `<=` `>` `>=`.\n\nOf recorded requests:\n\n");
    write_fields(file, fields, N(fields));
    (void)fprintf(file, "\nOf devices, where versions are ordered as well:\n\n");
    write_fields(file, device_fields, N(device_fields));
    (void)fprintf(file, "\nOf sessions:\n\n");
    write_fields(file, session_fields, N(session_fields));
    gen_end(file);
}

static void write_directives(void)
{
    static const char *const titles[N_WHERE] = {
        [GLOBAL] = "Main server only",
        [ISSUER] = "Inside an issuer's section",
        [TRANSMITTER] = "Inside a transmitter's section",
        [PLACE] = "Server, virtual host, Location, Directory",
    };
    FILE *file = gen_begin("docs/reference-directives.md");
    gen_head(file, "Directives", "mod_zta/directives.def");
    for (unsigned where = 0; where < N_WHERE; where++) {
        (void)fprintf(file, "%s## %s\n\n| directive | |\n|---|---|\n", where == 0 ? "" : "\n",
                      titles[where]);
        for (size_t i = 0; i < N(directives); i++) {
            if (directives[i].where == where) {
                (void)fprintf(file, "| ");
                put_code(file, directives[i].syntax);
                (void)fprintf(file, " | ");
                gen_markdown(file, directives[i].help);
                (void)fprintf(file, " |\n");
            }
        }
    }
    gen_end(file);
}

static void write_reasons(void)
{
    FILE *file = gen_begin("docs/reference-reasons.md");
    gen_head(file, "Reasons of decisions", "shared/reasons.def");
    (void)fprintf(file, "| reason | status | OAuth error | problem class | title for the client |\n"
                        "|---|---|---|---|---|\n");
    for (size_t i = 0; i < N(reasons); i++) {
        (void)fprintf(file, "| `%s` | %d | %s | %s | %s |\n", reasons[i].name, reasons[i].http,
                      reasons[i].oauth == NULL ? "" : reasons[i].oauth, reasons[i].problem,
                      reasons[i].title);
    }
    gen_end(file);
}

static void write_counters(void)
{
    FILE *file = gen_begin("docs/reference-counters.md");
    gen_head(file, "Counters", "shared/live/counters.def");
    (void)fprintf(file, "| counter | counts |\n|---|---|\n");
    for (size_t i = 0; i < N(counters); i++) {
        (void)fprintf(file, "| `%s` | ", counters[i].name);
        gen_markdown(file, counters[i].help);
        (void)fprintf(file, " |\n");
    }
    gen_end(file);
}

static void write_hazards(void)
{
    FILE *file = gen_begin("docs/reference-config-check.md");
    gen_head(file, "Findings of ztactl config check", "shared/hazards.def");
    (void)fprintf(file, "`ztactl config check` looks for these; with a tag httpd's error log has "
                        "them at each start and restart, too.\n");
    for (unsigned i = 0; i < ZTA_N_HAZARDS; i++) {
        const struct zta_hazard_info *info = zta_hazard_info((enum zta_hazard)i);
        (void)fprintf(file, "\n## %s\n\n%s%s%s: ", info->name, zta_severity_name(info->severity),
                      info->tag != NULL ? ", " : "", info->tag != NULL ? info->tag : "");
        (void)fprintf(file, "%s.\n\n", info->title);
        (void)fprintf(file, "%s\n\nInstead: %s\n", info->meaning, info->remedy);
    }
    gen_end(file);
}

static void write_attributes(void)
{
    FILE *file = gen_begin("docs/reference-attributes.md");
    gen_head(file, "Attributes of rules and keys of limits",
             "shared/rules/attributes.def` and `shared/rules/keys.def");
    (void)fprintf(file, "## Attributes\n\n"
                        "| attribute | stage | feature | compared with | refused as | value |\n"
                        "|---|---|---|---|---|---|\n");
    for (unsigned i = 0; i < ZTA_N_ATTRIBUTES; i++) {
        const struct zta_attribute_info *info = zta_attribute_info(i);
        (void)fprintf(file, "| `%s%s` | %u | %s | %s | %s | ", info->name,
                      i == ZTA_ATTRIBUTE_CLAIM ? ":NAME" : "", (unsigned)info->stage,
                      info->feature == ZTA_N_FEATURES ? "" : zta_feature_name(info->feature),
                      (info->traits & ZTA_TRAIT_ORDERED) != 0 ? "`<` `<=` `>` `>=`" : "",
                      info->refusal == ZTA_REASON_UNJUDGED ? "" : zta_reason_name(info->refusal));
        gen_markdown(file, zta_value_expected(info->type));
        (void)fprintf(file, " |\n");
    }
    (void)fprintf(file,
                  "\n\"Refused as\" is the reason where a rule lacks needs of this kind only; "
                  "else it is\n`rule_denied` of a `require`, `not_entitled` of an `allow`.\n");
    (void)fprintf(file, "\n## Keys of limits\n\n| key | counted |\n|---|---|\n");
    for (unsigned i = 0; i < ZTA_N_KEYS; i++) {
        const struct zta_limit_key_info *info = zta_limit_key_info(i);
        (void)fprintf(file, "| `%s%s` | %s the credential is verified |\n", info->name,
                      i == ZTA_KEY_CLAIM ? ":NAME" : "", info->is_early ? "before" : "after");
    }
    gen_end(file);
}

static void put_half_life(FILE *file, uint32_t half_life_s)
{
    char text[ZTA_DURATION_TEXT_MAX];
    zta_duration_print(half_life_s, text);
    (void)fprintf(file, "%s", half_life_s == 0 ? "" : text);
}

static void write_signals(void)
{
    static const char *const seen_by[] = {
        [ZTA_RISK_SEEN_BY_REQUEST] = "the request",
        [ZTA_RISK_SEEN_BY_OBSERVER] = "the observer",
        [ZTA_RISK_SEEN_BY_OUTSIDE] = "a transmitter",
    };
    static const char *const kept_for[] = {
        [ZTA_RISK_KEPT_FOR_SESSION] = "session",
        [ZTA_RISK_KEPT_FOR_ADDRESS] = "address",
        [ZTA_RISK_KEPT_FOR_BOTH] = "session, address",
    };
    FILE *file = gen_begin("docs/reference-signals.md");
    gen_head(file, "Signals of risk", "shared/risk_signals.def");
    (void)fprintf(file, "| signal | weight | half-life | seen by | kept for | what it is |\n"
                        "|---|---|---|---|---|---|\n");
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        const struct zta_risk_signal_info *info = zta_risk_signal_info(i);
        (void)fprintf(file, "| `%s` | %s%u | ", info->name,
                      (info->traits & ZTA_RISK_SCALED) != 0 ? "up to " : "",
                      (unsigned)info->weight);
        put_half_life(file, info->half_life_s);
        (void)fprintf(file, " | %s | %s | ", seen_by[info->seen_by], kept_for[info->kept_for]);
        gen_markdown(file, info->text);
        (void)fprintf(file, "%s |\n",
                      (info->traits & ZTA_RISK_CHOSEN) != 0 ? "; only by a `signal` rule" : "");
    }
    (void)fprintf(file, "\nWithout a half-life a signal counts for the request that shows it "
                        "alone. Only what is kept for the\nsession joins its score.\n");
    gen_end(file);
}

enum {
    VIEW_KEYS = 10, /* 1 to 9 and 0 */
};

static void write_keys(void)
{
    FILE *file = gen_begin("docs/reference-keys.md");
    gen_head(file, "Keys of the console",
             "admin-tui/console/keys.def` and `views.def` beside it, as `?` in the console shows");
    (void)fprintf(file, "## Views\n\n| key | view |\n|---|---|\n");
    for (size_t i = 0; i < N(views); i++) {
        if (i < VIEW_KEYS) {
            (void)fprintf(file, "| `%zu` | %s |\n", (i + 1) % VIEW_KEYS, views[i]);
        }
        else {
            (void)fprintf(file, "| `Tab`, `:%s` | %s |\n", views[i], views[i]);
        }
    }
    for (unsigned group = 0; group < TUI_N_GROUPS; group++) {
        (void)fprintf(file, "\n## %s\n\n| key | what it does |\n|---|---|\n",
                      tui_key_group_name(group));
        for (size_t i = 0; tui_key_at(i) != NULL; i++) {
            if (tui_key_at(i)->group == group) {
                (void)fprintf(file, "| ");
                put_code(file, tui_key_at(i)->label);
                (void)fprintf(file, " | ");
                gen_markdown(file, tui_key_at(i)->help);
                (void)fprintf(file, " |\n");
            }
        }
    }
    gen_end(file);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: gen OUTDIR\n");
        return 2;
    }
    out_dir = argv[1];
    write_ztactl();
    write_directives();
    write_reasons();
    write_counters();
    write_hazards();
    write_attributes();
    write_signals();
    gen_write_log();
    gen_write_metrics();
    write_keys();
    gen_write_json();
    gen_write_manuals(out_dir);
    return 0;
}
