/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of the decision log's fields, from their table. */
#include "docs/gen.h"

#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* Kinds of lines of the decision log, as columns. */
enum line {
    REQ = 1,
    ACT = 2,
    RSP = 4,
    LOSS = 8,
    HEAD = 16,
    ALL = 31,
    NO = 0,
};

enum log_format {
    ECS,
    OCSF,
    N_LOG_FORMATS
};

static const struct {
    enum log_format format;
    const char *path;
    const char *type;
    unsigned lines;
    unsigned always;
    const char *help;
} log_fields[] = {
#define ZTA_LOG_FIELD(in, name, kind, may, must, value, sentence)                                  \
    {.format = (in),                                                                               \
     .path = (name),                                                                               \
     .type = #kind,                                                                                \
     .lines = (may),                                                                               \
     .always = (must),                                                                             \
     .help = (sentence)},
#include "shared/log/fields.def"
#undef ZTA_LOG_FIELD
};

/* Which lines have a field: the letter of a kind, a capital where all of them do. */
static void put_lines(FILE *file, unsigned lines, unsigned always)
{
    static const char letters[] = "RAULH";
    for (unsigned i = 0; i < sizeof letters - 1; i++) {
        const unsigned line = 1u << i;
        if ((lines & line) != 0) {
            (void)fputc((always & line) != 0 ? letters[i] : letters[i] - 'A' + 'a', file);
        }
    }
}

void gen_write_log(void)
{
    static const char *const titles[N_LOG_FORMATS] = {[ECS] = "ECS", [OCSF] = "OCSF"};
    static const struct {
        const char *name;
        const char *text;
    } types[] = {
        {.name = "KEYWORD", .text = "text"}, {.name = "KEYWORDS", .text = "array of texts"},
        {.name = "LONG", .text = "integer"}, {.name = "DATE", .text = "RFC 3339 time"},
        {.name = "IP", .text = "address"},   {.name = "IPS", .text = "array of addresses"},
    };
    FILE *file = gen_begin("docs/reference-log.md");
    gen_head(file, "Fields of the decision log", "shared/log/fields.def");
    (void)fprintf(file, "A line is one of: R a request and its decision, A an action of an "
                        "operator, U something that\nautomation did, L lines that were lost, H "
                        "where the audit trail ends. A small letter: such lines\nmay have the "
                        "field. A member with `[]` is an array that holds one object.\n");
    for (unsigned format = 0; format < N_LOG_FORMATS; format++) {
        (void)fprintf(file, "\n## %s\n\n| field | type | lines | |\n|---|---|---|---|\n",
                      titles[format]);
        for (size_t i = 0; i < N(log_fields); i++) {
            if (log_fields[i].format != format) {
                continue;
            }
            (void)fprintf(file, "| `%s` | ", log_fields[i].path);
            for (size_t k = 0; k < N(types); k++) {
                if (strcmp(types[k].name, log_fields[i].type) == 0) {
                    (void)fprintf(file, "%s", types[k].text);
                }
            }
            (void)fprintf(file, " | ");
            put_lines(file, log_fields[i].lines, log_fields[i].always);
            (void)fprintf(file, " | ");
            gen_markdown(file, log_fields[i].help);
            (void)fprintf(file, " |\n");
        }
    }
    gen_end(file);
}
