/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a command by its words. */
#include "admin-tui/command.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/bytes.h"
#include "shared/rules/nearest.h"

static const struct ctl_command commands[] = {
#define CTL_COMMAND(suffix, text, parameters, fewest, greatest, opened, accepted, line, paragraph) \
    {                                                                                              \
        .run = ctl_run_##suffix,                                                                   \
        .words = (text),                                                                           \
        .arguments = (parameters),                                                                 \
        .least = (fewest),                                                                         \
        .most = (greatest),                                                                        \
        .access = CTL_ACCESS_##opened,                                                             \
        .options = (accepted),                                                                     \
        .summary = (line),                                                                         \
        .description = (paragraph),                                                                \
    },
#include "admin-tui/commands.def"
#undef CTL_COMMAND
};

enum {
    N_COMMANDS = sizeof commands / sizeof commands[0],
    WORDS_MAX = 64,
};

const struct ctl_command *ctl_command_at(size_t i)
{
    return i < N_COMMANDS ? &commands[i] : NULL;
}

/* The first words as the table writes them. */
static struct zta_text join(char *const *words, size_t n, char *out)
{
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, WORDS_MAX);
    for (size_t i = 0; i < n; i++) {
        zta_buffer_string(&buffer, i == 0 ? "" : " ");
        zta_buffer_string(&buffer, words[i]);
    }
    return (struct zta_text){.data = out, .len = buffer.is_overflowed ? 0 : buffer.len};
}

const struct ctl_command *ctl_command_find(char *const *words, size_t n_words, size_t *n_taken,
                                           const char **nearest)
{
    char text[WORDS_MAX];
    *nearest = NULL;
    struct zta_nearest near = {.distance = 0};
    for (size_t n = n_words < CTL_COMMAND_WORDS ? n_words : CTL_COMMAND_WORDS; n > 0; n--) {
        struct zta_text wanted = join(words, n, text);
        zta_nearest_init(&near, wanted);
        for (size_t i = 0; i < N_COMMANDS; i++) {
            struct zta_text known = zta_text_of(commands[i].words);
            if (zta_text_equal(wanted, known)) {
                *n_taken = n;
                return &commands[i];
            }
            zta_nearest_offer(&near, known);
        }
        if (*nearest == NULL) {
            *nearest = near.best.data; /* all of commands[].words end in NUL */
        }
    }
    return NULL;
}

void ctl_arguments_join(const struct ctl *ctl, struct zta_buffer *out)
{
    for (size_t i = 0; i < ctl->n_arguments; i++) {
        zta_buffer_string(out, i == 0 ? "" : " ");
        zta_buffer_string(out, ctl->arguments[i]);
    }
}

const char *ctl_store_dir(const char *given)
{
    if (given == NULL || given[0] == '\0') {
        given = getenv("ZTA_STORE");
    }
    return given == NULL || given[0] == '\0' ? CTL_STORE_DEFAULT : given;
}

enum zta_status ctl_store_open(struct ctl *ctl, enum ctl_access access, struct zta_error *error)
{
    enum zta_store_role role = access == CTL_ACCESS_WRITE ? ZTA_STORE_OPERATOR : ZTA_STORE_READER;
    enum zta_status status = ctl_access_drop(ctl->dir, error);
    return status == ZTA_OK ? zta_store_open(ctl->dir, role, 0, &ctl->store, error) : status;
}
