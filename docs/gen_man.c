/* SPDX-License-Identifier: Apache-2.0 */
/* The manuals: which parts of which pages stand in each, and the few sentences between. */
#include "docs/gen.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/version.h"

/* A section of a manual: a text, what stands below a heading of a page, or all of a file. */
struct part {
    const char *heading;
    const char *text;
    const char *page;
    const char *title;
};

enum {
    PARTS_MAX = 12,
};

struct manual {
    const char *name;
    const char *title;
    const char *section;
    const char *volume;
    const char *purpose;
    struct part parts[PARTS_MAX];
};

static const struct manual manuals[] = {
    {
        .name = "ztactl",
        .title = "ZTACTL",
        .section = "8",
        .volume = "System administration",
        .purpose = "operate the zero-trust access proxy mod_zta",
        .parts =
            {
                {.heading = "SYNOPSIS",
                 .text = "**ztactl** [`--store` DIR]\n\n"
                         "**ztactl** [`--store` DIR] COMMAND [ARGUMENTS]\n"},
                {.heading = "DESCRIPTION",
                 .text = "Works on the store that httpd's module reads and writes, never on httpd "
                         "itself, so it also works while httpd is stopped. Started as root it "
                         "becomes the store's owner before it opens anything of the store.\n\n"
                         "Without a command it opens the console on a terminal, and lists the "
                         "commands elsewhere.\n"},
                {.heading = "COMMANDS", .page = "docs/reference-ztactl.md", .title = "Commands"},
                {.heading = "OPTIONS", .page = "docs/reference-ztactl.md", .title = "Options"},
                {.heading = "FILTERS", .page = "docs/reference-ztactl.md", .title = "Filters"},
                {.heading = "KEYS OF THE CONSOLE",
                 .page = "docs/reference-keys.md",
                 .title = "Keys of the console"},
                {.heading = "EXIT STATUS",
                 .page = "docs/reference-ztactl.md",
                 .title = "Exit codes"},
                {.heading = "ENVIRONMENT",
                 .page = "docs/reference-ztactl.md",
                 .title = "Environment"},
                {.heading = "FILES", .page = "docs/formats.md", .title = "Files of the store"},
                {.heading = "EXAMPLES",
                 .text = "Who is refused most, and why, in the last hour:\n\n"
                         "```\nztactl events --by subject,reason --last 1h --filter outcome=deny\n"
                         "```\n\n"
                         "Why one request was refused, and the newest one of a user:\n\n"
                         "```\nztactl explain 01MCC5RKZX00000000000008HT\n"
                         "ztactl explain --last 2h subject=alice@corp outcome=deny\n```\n\n"
                         "A stolen token, and taking that back:\n\n"
                         "```\nztactl revoke --session 9e3779b97f4a7c150000000100000000 --reason "
                         "stolen\nztactl undo\n```\n\n"
                         "A rule that ends by itself, tried first:\n\n"
                         "```\nztactl rules add -e 'deny scanners' -e 'when network "
                         "203.0.113.0/24' --for 2h --reason stuffing --dry-run\n```\n\n"
                         "For a script, and for a screen on the wall:\n\n"
                         "```\nztactl sessions list --json | jq '.[] | select(.risk > 60) | .id'\n"
                         "ztactl status --watch 5\n```\n\n"
                         "Completion in this shell:\n\n"
                         "```\nsource <(ztactl completion bash)\n```\n"},
                {.heading = "SEE ALSO", .text = "**mod_zta**(7), **zta-rules**(5)\n"},
            },
    },
    {
        .name = "mod_zta",
        .title = "MOD_ZTA",
        .section = "7",
        .volume = "Apache HTTP Server",
        .purpose = "zero-trust access proxy in Apache httpd",
        .parts =
            {
                {.heading = "SYNOPSIS", .page = "conf/zta.load"},
                {.heading = "DESCRIPTION",
                 .text = "Ties every request of a reverse proxy to a verified identity (an access "
                         "token or an API key), judges it by rules and records it. Operators look "
                         "and act by **ztactl**(8); rules are written as **zta-rules**(5) says.\n"},
                {.heading = "STAGES",
                 .page = "docs/operations.md",
                 .title = "Stages, one after the other"},
                {.heading = "EXAMPLE",
                 .page = "docs/operations.md",
                 .title = "First configuration"},
                {.heading = "DIRECTIVES",
                 .page = "docs/reference-directives.md",
                 .title = "Directives"},
                {.heading = "REASONS",
                 .page = "docs/reference-reasons.md",
                 .title = "Reasons of decisions"},
                {.heading = "DECISION LOG", .page = "docs/operations.md", .title = "Decision log"},
                {.heading = "FIELDS OF THE DECISION LOG",
                 .page = "docs/reference-log.md",
                 .title = "ECS"},
                {.heading = "ENVIRONMENT",
                 .page = "docs/standards.md",
                 .title = "Environment variables"},
                {.heading = "FILES", .page = "docs/formats.md", .title = "Files of the store"},
                {.heading = "LOG TAGS", .page = "docs/operations.md", .title = "Log tags"},
                {.heading = "SEE ALSO",
                 .text = "**ztactl**(8), **zta-rules**(5), **apachectl**(8)\n"},
            },
    },
    {
        .name = "zta-rules",
        .title = "ZTA-RULES",
        .section = "5",
        .volume = "File formats",
        .purpose = "rules of the zero-trust access proxy mod_zta",
        .parts =
            {
                {.heading = "DESCRIPTION", .page = "docs/rules.md"},
                {.heading = "ATTRIBUTES",
                 .page = "docs/reference-attributes.md",
                 .title = "Attributes"},
                {.heading = "KEYS OF LIMITS",
                 .page = "docs/reference-attributes.md",
                 .title = "Keys of limits"},
                {.heading = "FILES",
                 .text = "Examples to start from are in `examples/rules` beside the documentation: "
                         "in `/usr/share/doc/libapache2-mod-zta` (Debian package) or "
                         "`/usr/local/share/doc/mod_zta` (make install).\n"},
                {.heading = "SEE ALSO", .text = "**mod_zta**(7), **ztactl**(8)\n"},
            },
    },
};

/* A generated page is read as it was just written. */
static char *path_of(const char *out_dir, const char *page)
{
    char path[4096];
    bool is_generated = strncmp(page, "docs/reference-", strlen("docs/reference-")) == 0;
    (void)snprintf(path, sizeof path, "%s/%s", is_generated ? out_dir : ".", page);
    return strdup(path);
}

static void write_part(FILE *file, const struct part *part, const char *out_dir)
{
    (void)fprintf(file, ".SH %s\n", part->heading);
    if (part->text != NULL) {
        gen_roff_text(file, part->text);
        return;
    }
    char *path = path_of(out_dir, part->page);
    if (path == NULL) {
        abort();
    }
    if (strcmp(path + strlen(path) - strlen(".md"), ".md") == 0) {
        gen_roff_page(file, path, part->title);
    }
    else {
        gen_roff_code(file, path);
    }
    free(path);
}

static void write_manual(const struct manual *manual, const char *out_dir)
{
    char path[64];
    (void)snprintf(path, sizeof path, "docs/man/%s.%s", manual->name, manual->section);
    FILE *file = gen_begin(path);
    (void)fprintf(file,
                  ".\\\" SPDX-License-Identifier: Apache-2.0\n"
                  ".\\\" Made by `make docs` from the pages that docs/gen_man.c names.\n"
                  ".TH %s %s %s \"mod_zta %s\" \"%s\"\n.SH NAME\n%s \\- %s\n",
                  manual->title, manual->section, ZTA_VERSION_DATE, ZTA_VERSION_TEXT,
                  manual->volume, manual->name, manual->purpose);
    for (size_t i = 0; i < PARTS_MAX && manual->parts[i].heading != NULL; i++) {
        write_part(file, &manual->parts[i], out_dir);
    }
    gen_end(file);
}

void gen_write_manuals(const char *out_dir)
{
    for (size_t i = 0; i < sizeof manuals / sizeof manuals[0]; i++) {
        write_manual(&manuals[i], out_dir);
    }
}
