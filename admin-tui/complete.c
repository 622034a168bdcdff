/* SPDX-License-Identifier: Apache-2.0 */
/* Completion of a command line: which of words, options and values are due, by the tables. */
#include "admin-tui/complete.h"

#include <stdio.h>
#include <string.h>

#include "admin-tui/command.h"
#include "admin-tui/complete_priv.h"
#include "shared/base/clock.h"

/* Of options whose values are known. */
static const uint8_t option_values[CTL_N_OPTIONS] = {
    [CTL_OPTION_STORE] = CTL_VALUE_FILE,
    [CTL_OPTION_COLOR] = CTL_VALUE_WHEN,
    [CTL_OPTION_WATCH] = CTL_VALUE_DURATION,
    [CTL_OPTION_SUBJECT] = CTL_VALUE_SUBJECT,
    [CTL_OPTION_ISSUER] = CTL_VALUE_ISSUER,
    [CTL_OPTION_CLIENT] = CTL_VALUE_CLIENT,
    [CTL_OPTION_SESSION] = CTL_VALUE_SESSION,
    [CTL_OPTION_KEY] = CTL_VALUE_KEY,
    [CTL_OPTION_DEVICE] = CTL_VALUE_DEVICE,
    [CTL_OPTION_FOR] = CTL_VALUE_DURATION,
    [CTL_OPTION_GRACE] = CTL_VALUE_DURATION,
    [CTL_OPTION_LAST] = CTL_VALUE_DURATION,
    [CTL_OPTION_CONFIRM_WITHIN] = CTL_VALUE_DURATION,
    [CTL_OPTION_FILTER] = CTL_VALUE_EVENT_FILTER,
    [CTL_OPTION_SORT] = CTL_VALUE_DEVICE_ORDER,
    [CTL_OPTION_BY] = CTL_VALUE_EVENT_FIELDS,
    [CTL_OPTION_STAGE] = CTL_VALUE_STAGE,
    [CTL_OPTION_MANAGED] = CTL_VALUE_ANSWER,
    [CTL_OPTION_COMPLIANT] = CTL_VALUE_ANSWER,
    [CTL_OPTION_ENCRYPTED] = CTL_VALUE_ANSWER,
    [CTL_OPTION_OS] = CTL_VALUE_OS,
    [CTL_OPTION_CERTIFICATE] = CTL_VALUE_FILE,
    [CTL_OPTION_BASE] = CTL_VALUE_VERSION,
    [CTL_OPTION_ANCHOR] = CTL_VALUE_FILE,
    [CTL_OPTION_LOCATION] = CTL_VALUE_PLACE,
    [CTL_OPTION_APACHECTL] = CTL_VALUE_FILE,
    [CTL_OPTION_CONF] = CTL_VALUE_FILE,
};

/* Of arguments: commands by their words, or by the first one of them. */
static const struct {
    const char *words;
    enum ctl_value value;
} argument_values[] = {
    {"store", CTL_VALUE_FILE},
    {"sessions", CTL_VALUE_SESSION},
    {"revoke", CTL_VALUE_SESSION_TERM},
    {"risk show", CTL_VALUE_SESSION_OR_ADDRESS},
    {"risk explain", CTL_VALUE_SESSION},
    {"baselines", CTL_VALUE_SUBJECT},
    {"subject", CTL_VALUE_SUBJECT},
    {"block", CTL_VALUE_ADDRESS_OR_SUBJECT},
    {"blocks", CTL_VALUE_BLOCK},
    {"automation", CTL_VALUE_MEASURE},
    {"threat-level", CTL_VALUE_LEVEL},
    {"keys", CTL_VALUE_KEY},
    {"devices", CTL_VALUE_DEVICE},
    {"devices import", CTL_VALUE_FILE},
    {"issuers", CTL_VALUE_ISSUER},
    {"signals", CTL_VALUE_NOTICE},
    {"signals verify", CTL_VALUE_TRANSMITTER},
    {"explain", CTL_VALUE_EVENT_TERM},
    {"limits", CTL_VALUE_LIMIT},
    {"rules", CTL_VALUE_FILE},
    {"rules show", CTL_VALUE_RULE},
    {"rules history", CTL_VALUE_VERSION},
    {"rules remove", CTL_VALUE_RULE},
    {"rules monitor", CTL_VALUE_RULE},
    {"rules enforce", CTL_VALUE_RULE},
    {"rules disable", CTL_VALUE_RULE},
    {"rules enable", CTL_VALUE_RULE},
    {"rules rollback", CTL_VALUE_VERSION},
    {"whatif", CTL_VALUE_FILE},
    {"mode", CTL_VALUE_MODE},
    {"undo", CTL_VALUE_ACTION},
    {"ask", CTL_VALUE_FACT},
    {"completion", CTL_VALUE_SHELL},
    {"fleet held", CTL_VALUE_HELD},
};

/* The line, taken apart as far as it goes. */
struct line {
    char *words[CTL_COMMAND_WORDS]; /* that may name a command */
    size_t n_words;                 /* arguments too */
    const struct ctl_command *command;
    size_t n_arguments; /* of the command, before the one that is typed */
    uint64_t given;     /* options that are there */
    bool is_ended;      /* "--" was there */
    bool is_value;      /* the last word is the value of `option` */
    enum ctl_option option;
};

bool ctl_offer(struct ctl_completer *completer, struct zta_text text, const char *help,
               bool is_open)
{
    struct ctl_choices *choices = completer->choices;
    char whole[CTL_CHOICE_TEXT_SIZE];
    if (text.len == 0 || !zta_text_starts_with(text, completer->typed) ||
        zta_text_plain_len(text) != text.len) {
        return true;
    }
    const int n = snprintf(whole, sizeof whole, "%.*s%.*s", (int)completer->head.len,
                           completer->head.data, (int)text.len, text.data);
    for (size_t i = 0; i < choices->n; i++) {
        if (strcmp(choices->all[i].text, whole) == 0) {
            return true;
        }
    }
    if (choices->n == CTL_CHOICES_MAX || n < 0 || (size_t)n >= sizeof whole) {
        choices->is_cut = true;
        return choices->n < CTL_CHOICES_MAX;
    }
    struct ctl_choice *choice = &choices->all[choices->n++];
    memcpy(choice->text, whole, sizeof whole);
    (void)snprintf(choice->help, sizeof choice->help, "%s", help == NULL ? "" : help);
    choice->is_open = is_open;
    return true;
}

/* ---- what is there ---- */

static bool find_option(const char *name, size_t len, enum ctl_option *option)
{
    for (unsigned i = 0; i < CTL_N_OPTIONS; i++) {
        const char *known = ctl_option_info((enum ctl_option)i)->name;
        if (strlen(known) == len && memcmp(known, name, len) == 0) {
            *option = (enum ctl_option)i;
            return true;
        }
    }
    return false;
}

/* A word before the last; next is the one behind it. True: that is its value. */
static bool take_option(struct line *line, const char *word, const char *next)
{
    const size_t len = strcspn(word, "=");
    int64_t duration_s;
    enum ctl_option option;
    if (strcmp(word, "-e") == 0) {
        option = CTL_OPTION_LINE;
    }
    else if (strncmp(word, "--", 2) != 0 || !find_option(word + 2, len - 2, &option)) {
        return false;
    }
    const char *value = ctl_option_info(option)->value;
    line->given |= UINT64_C(1) << option;
    line->option = option;
    return value != NULL && word[len] == '\0' &&
           (value[0] != '[' || zta_duration_parse(zta_text_of(next), &duration_s) == ZTA_OK);
}

static void take_words(struct line *line, char *const *words, size_t n_words)
{
    const char *nearest;
    size_t n_taken = 0;
    for (size_t i = 0; i + 1 < n_words; i++) {
        if (!line->is_ended && strcmp(words[i], "--") == 0) {
            line->is_ended = true;
        }
        else if (!line->is_ended && words[i][0] == '-' && words[i][1] != '\0') {
            const bool has_value = take_option(line, words[i], words[i + 1]);
            line->is_value = has_value && i + 2 == n_words;
            i += has_value ? 1 : 0;
        }
        else if (line->n_words++ < CTL_COMMAND_WORDS) {
            line->words[line->n_words - 1] = words[i];
        }
    }
    const size_t n_naming = line->n_words < CTL_COMMAND_WORDS ? line->n_words : CTL_COMMAND_WORDS;
    if (n_naming > 0) {
        line->command = ctl_command_find(line->words, n_naming, &n_taken, &nearest);
    }
    line->n_arguments = line->n_words - n_taken;
}

const char *ctl_complete_store_dir(char *const *words, size_t n_words)
{
    const char *given = NULL;
    for (size_t i = 0; i + 1 < n_words; i++) {
        if (strcmp(words[i], "--store") == 0 && i + 2 < n_words) {
            given = words[i + 1];
        }
        else if (strncmp(words[i], "--store=", strlen("--store=")) == 0) {
            given = words[i] + strlen("--store=");
        }
    }
    return ctl_store_dir(given);
}

/* ---- what may follow ---- */

/* What stands behind these words where a command begins with them; NULL: it does not. */
static const char *behind(const char *known, char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t len = strcspn(known, " ");
        if (strlen(words[i]) != len || memcmp(words[i], known, len) != 0 || known[len] == '\0') {
            return NULL;
        }
        known += len + 1;
    }
    return known;
}

/* The next word of all commands that begin with these. */
static void offer_words(struct ctl_completer *completer, char *const *words, size_t n)
{
    for (size_t i = 0; ctl_command_at(i) != NULL; i++) {
        const struct ctl_command *command = ctl_command_at(i);
        const char *rest = behind(command->words, words, n);
        const size_t len = rest == NULL ? 0 : strcspn(rest, " ");
        if (len > 0) {
            (void)ctl_offer(completer, (struct zta_text){.data = rest, .len = len},
                            rest[len] == ' ' ? NULL : command->summary, false);
        }
    }
}

static void offer_options(struct ctl_completer *completer, const struct line *line)
{
    const uint64_t known = CTL_SET_COMMON | (line->command != NULL ? line->command->options : 0);
    char text[64];
    for (unsigned i = 0; i < CTL_N_OPTIONS; i++) {
        const struct ctl_option_info *info = ctl_option_info((enum ctl_option)i);
        const bool is_there = (line->given >> i & 1) != 0 && !info->is_repeatable;
        const bool needs_value = info->value != NULL && info->value[0] != '[';
        if ((known >> i & 1) != 0 && !is_there) {
            (void)snprintf(text, sizeof text, "--%s%s", info->name, needs_value ? "=" : "");
            (void)ctl_offer(completer, zta_text_of(text), info->help, needs_value);
        }
    }
}

static enum ctl_value argument_value(const struct ctl_command *command)
{
    enum ctl_value value = CTL_VALUE_NONE;
    size_t longest = 0;
    for (size_t i = 0; i < sizeof argument_values / sizeof argument_values[0]; i++) {
        const size_t len = strlen(argument_values[i].words);
        const char next =
            strncmp(command->words, argument_values[i].words, len) == 0 ? command->words[len] : '-';
        if ((next == '\0' || next == ' ') && len > longest) {
            value = argument_values[i].value;
            longest = len;
        }
    }
    return value;
}

static enum ctl_value value_of(const struct line *line, enum ctl_option option)
{
    const char *words = line->command == NULL ? "" : line->command->words;
    const bool is_device = strncmp(words, "devices", strlen("devices")) == 0;
    const bool is_session = strncmp(words, "sessions", strlen("sessions")) == 0;
    if (option == CTL_OPTION_FILTER && (is_device || is_session)) {
        return is_device ? CTL_VALUE_DEVICE_FILTER : CTL_VALUE_SESSION_FILTER;
    }
    return option == CTL_OPTION_OWNER && is_device ? CTL_VALUE_SUBJECT
                                                   : (enum ctl_value)option_values[option];
}

/* The last word begins with "-": an option, or one with its value. */
static void complete_option(struct ctl_completer *completer, const struct line *line)
{
    const struct zta_text word = completer->typed;
    const char *equals = memchr(word.data, '=', word.len);
    const size_t len = equals == NULL ? 0 : (size_t)(equals - word.data);
    enum ctl_option option;
    if (equals == NULL) {
        offer_options(completer, line);
    }
    else if (len > 2 && find_option(word.data + 2, len - 2, &option)) {
        completer->head = (struct zta_text){.data = word.data, .len = len + 1};
        completer->typed = zta_text_of(equals + 1);
        ctl_offer_values(completer, value_of(line, option));
    }
}

void ctl_complete(struct zta_store *store, char *const *words, size_t n_words,
                  struct ctl_choices *choices)
{
    struct line line = {.command = NULL};
    struct ctl_completer completer = {
        .store = store,
        .typed = n_words > 0 ? zta_text_of(words[n_words - 1]) : ZTA_TEXT(""),
        .choices = choices,
    };
    completer.head.data = completer.typed.data;
    choices->n = 0;
    choices->is_cut = choices->has_files = false;
    take_words(&line, words, n_words);
    if (line.is_value) {
        ctl_offer_values(&completer, value_of(&line, line.option));
        return;
    }
    if (completer.typed.len > 0 && completer.typed.data[0] == '-' && !line.is_ended) {
        complete_option(&completer, &line);
        return;
    }
    if (line.n_words < CTL_COMMAND_WORDS) {
        offer_words(&completer, line.words, line.n_words);
    }
    const bool is_help = line.command != NULL && line.command->run == ctl_run_help;
    if (is_help && line.n_arguments < CTL_COMMAND_WORDS) {
        offer_words(&completer, line.words + 1, line.n_arguments);
    }
    else if (line.command != NULL && line.n_arguments < line.command->most) {
        ctl_offer_values(&completer, argument_value(line.command));
    }
    if (line.command != NULL && completer.typed.len == 0 && choices->n == 0 &&
        !choices->has_files) {
        offer_options(&completer, &line);
    }
}
