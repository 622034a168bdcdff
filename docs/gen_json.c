/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of ztactl and of zta-status, each from its table: a JSON Schema, and a page. */
#include "docs/gen.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/schema.h"

enum kind {
    SHAPE,
    MEMBER,
    LIKE,
    PRINTS,
};

struct row {
    enum kind kind;
    const char *name;
    const char *type;
    const char *text;
};

static const struct row ctl_rows[] = {
#define CTL_SHAPE(what, sentence) {.kind = SHAPE, .name = (what), .text = (sentence)},
#define CTL_MEMBER(what, of, sentence)                                                             \
    {.kind = MEMBER, .name = (what), .type = (of), .text = (sentence)},
#define CTL_LIKE(what) {.kind = LIKE, .name = (what)},
#define CTL_PRINTS(words, of, sentence)                                                            \
    {.kind = PRINTS, .name = (words), .type = (of), .text = (sentence)},
#include "admin-tui/json.def"
#undef CTL_SHAPE
#undef CTL_MEMBER
#undef CTL_LIKE
#undef CTL_PRINTS
};

static const struct row status_rows[] = {
#define ZTA_SHAPE(what, sentence) {.kind = SHAPE, .name = (what), .text = (sentence)},
#define ZTA_MEMBER(what, of, sentence)                                                             \
    {.kind = MEMBER, .name = (what), .type = (of), .text = (sentence)},
#include "mod_zta/handlers/status.def"
#undef ZTA_SHAPE
#undef ZTA_MEMBER
};

/* One table and what is made of it. */
static const struct book {
    const char *table;
    const struct row *rows;
    size_t n_rows;
    const char *schema;
    const char *page;
} ctl_book = {.table = "admin-tui/json.def",
              .rows = ctl_rows,
              .n_rows = sizeof ctl_rows / sizeof ctl_rows[0],
              .schema = "docs/schema/ztactl.json",
              .page = "docs/reference-json.md"},
  status_book = {.table = "mod_zta/handlers/status.def",
                 .rows = status_rows,
                 .n_rows = sizeof status_rows / sizeof status_rows[0],
                 .schema = "docs/schema/status.json",
                 .page = "docs/reference-status.md"};

static const struct book *book; /* that is being written */

static const struct {
    const char *name;
    const char *json;     /* behind "type": */
    const char *nullable; /* the same where it may be null */
} simple[] = {
    {"text", "\"string\"", "[\"string\", \"null\"]"},
    {"int", "\"integer\"", "[\"integer\", \"null\"]"},
    {"bool", "\"boolean\"", "[\"boolean\", \"null\"]"},
    {"time", "\"string\", \"format\": \"date-time\"",
     "[\"string\", \"null\"], \"format\": \"date-time\""},
};

/* A type taken apart. */
struct type {
    char brackets; /* '[', '{', or NUL: none */
    bool is_nullable;
    const char *name; /* of what is inside */
    size_t len;
};

static _Noreturn void fault(const char *name, const char *what)
{
    (void)fprintf(stderr, "%s: %s: %s\n", book->table, name, what);
    exit(1);
}

static bool is_named(const struct type *type, const char *name)
{
    return strlen(name) == type->len && memcmp(type->name, name, type->len) == 0;
}

static size_t find_shape(const struct type *type)
{
    for (size_t i = 0; i < book->n_rows; i++) {
        if (book->rows[i].kind == SHAPE && is_named(type, book->rows[i].name)) {
            return i;
        }
    }
    return book->n_rows;
}

/* The row of `simple`; SIZE_MAX: a shape. */
static size_t find_simple(const struct type *type)
{
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++) {
        if (is_named(type, simple[i].name)) {
            return i;
        }
    }
    if (find_shape(type) == book->n_rows) {
        fault(type->name, "no such type");
    }
    return SIZE_MAX;
}

static struct type parse(const char *text, size_t len)
{
    struct type type = {.name = text, .len = len};
    if (type.len > 0 && text[type.len - 1] == '?') {
        type.is_nullable = true;
        type.len--;
    }
    if (type.len > 2 && (text[0] == '[' || text[0] == '{')) {
        type.brackets = text[0];
        type.name++;
        type.len -= 2;
    }
    return type;
}

static struct type shape_of(const struct row *like)
{
    return parse(like->name, strlen(like->name));
}

/* ---- the schema ---- */

/* Text in a JSON string; the tables have nothing but quotes to escape. */
static void put_text(FILE *file, const char *text)
{
    (void)fputc('"', file);
    for (; *text != '\0'; text++) {
        (void)fprintf(file, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    }
    (void)fputc('"', file);
}

/* What is inside brackets, or stands without. */
static void put_inner(FILE *file, const struct type *type, bool is_nullable)
{
    const size_t i = find_simple(type);
    if (i != SIZE_MAX) {
        (void)fprintf(file, "\"type\": %s", is_nullable ? simple[i].nullable : simple[i].json);
    }
    else if (is_nullable) {
        (void)fprintf(file, "\"anyOf\": [{\"$ref\": \"#/$defs/%.*s\"}, {\"type\": \"null\"}]",
                      (int)type->len, type->name);
    }
    else {
        (void)fprintf(file, "\"$ref\": \"#/$defs/%.*s\"", (int)type->len, type->name);
    }
}

static void put_type(FILE *file, const struct type *type)
{
    if (type->brackets == '\0') {
        put_inner(file, type, type->is_nullable);
        return;
    }
    const bool is_array = type->brackets == '[';
    const char *name = is_array ? "array" : "object";
    (void)fprintf(file, type->is_nullable ? "\"type\": [\"%s\", \"null\"]" : "\"type\": \"%s\"",
                  name);
    (void)fprintf(file, ", \"%s\": {", is_array ? "items" : "additionalProperties");
    put_inner(file, type, false);
    (void)fprintf(file, "}");
}

/* The members below a shape, or their required names. */
static size_t put_members(FILE *file, size_t shape, bool are_required, size_t n_before)
{
    size_t n = n_before;
    for (size_t i = shape + 1; i < book->n_rows && book->rows[i].kind == MEMBER; i++) {
        size_t len = strlen(book->rows[i].name);
        const bool is_optional = book->rows[i].name[len - 1] == '?';
        const struct type type = parse(book->rows[i].type, strlen(book->rows[i].type));
        len -= is_optional ? 1 : 0;
        if (are_required && !is_optional) {
            (void)fprintf(file, "%s\"%.*s\"", n++ == 0 ? "" : ", ", (int)len, book->rows[i].name);
        }
        else if (!are_required) {
            (void)fprintf(file, "%s\n        \"%.*s\": {", n++ == 0 ? "" : ",", (int)len,
                          book->rows[i].name);
            put_type(file, &type);
            if (book->rows[i].text[0] != '\0') {
                (void)fprintf(file, ", \"description\": ");
                put_text(file, book->rows[i].text);
            }
            (void)fprintf(file, "}");
        }
    }
    return n;
}

/* Those of its own before and behind the members of another, and these. */
static void put_all_members(FILE *file, size_t shape, bool are_required)
{
    size_t n = put_members(file, shape, are_required, 0);
    for (size_t i = shape + 1;
         i < book->n_rows && (book->rows[i].kind == MEMBER || book->rows[i].kind == LIKE); i++) {
        if (book->rows[i].kind == LIKE) {
            const struct type other = shape_of(&book->rows[i]);
            const size_t found = find_shape(&other);
            if (found >= shape) {
                fault(book->rows[i].name, "no earlier shape");
            }
            n = put_members(file, found, are_required, n);
            n = put_members(file, i, are_required, n);
        }
    }
}

static void put_shape(FILE *file, size_t shape)
{
    (void)fprintf(file, "    \"%s\": {\n      \"type\": \"object\",\n      \"description\": ",
                  book->rows[shape].name);
    put_text(file, book->rows[shape].text);
    (void)fprintf(file, ",\n      \"properties\": {");
    put_all_members(file, shape, false);
    (void)fprintf(file, "\n      },\n      \"required\": [");
    put_all_members(file, shape, true);
    (void)fprintf(file, "]\n    }");
}

/* "ztactl-sessions-list"; alternatives are parted by '|'. */
static void put_document(FILE *file, const struct row *row)
{
    const char *type = row->type;
    size_t len = strcspn(type, "|");
    const bool has_choice = type[len] != '\0';
    (void)fprintf(file, "    \"ztactl-");
    for (const char *c = row->name; *c != '\0'; c++) {
        (void)fputc(*c == ' ' ? '-' : *c, file);
    }
    (void)fprintf(file, has_choice ? "\": {\"anyOf\": [{" : "\": {");
    for (;;) {
        const struct type one = parse(type, len);
        put_type(file, &one);
        type += len;
        if (*type == '\0') {
            break;
        }
        type++;
        len = strcspn(type, "|");
        (void)fprintf(file, "}, {");
    }
    (void)fprintf(file, has_choice ? "}]}" : "}");
}

static void put_definitions(FILE *file)
{
    bool is_first = true;
    (void)fprintf(file, "  \"$defs\": {");
    for (size_t i = 0; i < book->n_rows; i++) {
        if (book->rows[i].kind == SHAPE || book->rows[i].kind == PRINTS) {
            (void)fprintf(file, is_first ? "\n" : ",\n");
            is_first = false;
        }
        if (book->rows[i].kind == SHAPE) {
            put_shape(file, i);
        }
        else if (book->rows[i].kind == PRINTS) {
            put_document(file, &book->rows[i]);
        }
    }
    (void)fprintf(file, "\n  }\n}\n");
}

#define SCHEMA_HEAD "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"

static void write_ctl_schema(void)
{
    FILE *file = gen_begin(book->schema);
    (void)fprintf(file,
                  SCHEMA_HEAD
                  "  \"title\": \"JSON of ztactl, version %d\",\n"
                  "  \"description\": \"Made by make docs from admin-tui/json.def. What a command "
                  "prints is $defs/ztactl- and its words with dashes between them.\",\n",
                  CTL_SCHEMA_VERSION);
    put_definitions(file);
    gen_end(file);
}

/* The first shape is the document. */
static void write_status_schema(void)
{
    FILE *file = gen_begin(book->schema);
    (void)fprintf(file,
                  SCHEMA_HEAD "  \"title\": \"JSON of zta-status\",\n"
                              "  \"description\": \"Made by make docs from %s.\",\n"
                              "  \"$ref\": \"#/$defs/%s\",\n",
                  book->table, book->rows[0].name);
    put_definitions(file);
    gen_end(file);
}

/* ---- the page ---- */

static void put_type_words(FILE *file, const struct type *type)
{
    const bool is_plain = find_simple(type) != SIZE_MAX;
    (void)fprintf(file, "%s",
                  type->brackets == '['   ? "array of "
                  : type->brackets == '{' ? "object of "
                                          : "");
    (void)fprintf(file, is_plain ? "%.*s" : "[%.*s]", (int)type->len, type->name);
    if (!is_plain) {
        (void)fprintf(file, "(#%.*s)", (int)type->len, type->name);
    }
    (void)fprintf(file, "%s", type->is_nullable ? " or null" : "");
}

static void write_documents(FILE *file)
{
    (void)fprintf(file, "| command | prints |\n|---|---|\n");
    for (size_t i = 0; i < book->n_rows; i++) {
        const char *type = book->rows[i].type;
        if (book->rows[i].kind != PRINTS) {
            continue;
        }
        (void)fprintf(file, "| `%s` | ", book->rows[i].name);
        for (size_t len = strcspn(type, "|");; type += len + 1, len = strcspn(type, "|")) {
            const struct type one = parse(type, len);
            put_type_words(file, &one);
            if (type[len] == '\0') {
                break;
            }
            (void)fprintf(file, " or ");
        }
        (void)fprintf(file, "%s", book->rows[i].text[0] == '\0' ? "" : "; ");
        gen_markdown(file, book->rows[i].text);
        (void)fprintf(file, " |\n");
    }
}

static void write_member(FILE *file, const struct row *row)
{
    size_t len = strlen(row->name);
    const bool is_optional = row->name[len - 1] == '?';
    const struct type type = parse(row->type, strlen(row->type));
    (void)fprintf(file, "| `%.*s` | ", (int)(len - is_optional), row->name);
    put_type_words(file, &type);
    (void)fprintf(file, "%s | ", is_optional ? ", may be missing" : "");
    gen_markdown(file, row->text);
    (void)fprintf(file, " |\n");
}

static void write_shapes(FILE *file)
{
    for (size_t i = 0; i < book->n_rows; i++) {
        if (book->rows[i].kind == SHAPE) {
            (void)fprintf(file, "\n### %s\n\n", book->rows[i].name);
            gen_markdown(file, book->rows[i].text);
            (void)fprintf(file, "\n\n| member | | |\n|---|---|---|\n");
        }
        else if (book->rows[i].kind == LIKE) {
            (void)fprintf(file, "| all of [%s](#%s) | | |\n", book->rows[i].name,
                          book->rows[i].name);
        }
        else if (book->rows[i].kind == MEMBER) {
            write_member(file, &book->rows[i]);
        }
    }
}

static void write_status_page(void)
{
    FILE *file = gen_begin(book->page);
    gen_head(file, "JSON of zta-status", book->table);
    (void)fprintf(file, "What a place with `SetHandler zta-status` answers "
                        "([operations](operations.md#status-and-health)).\n"
                        "[status.json](schema/status.json) says the same as JSON Schema. Members "
                        "may come, and readers leave\nthose alone that they do not know. Times are "
                        "RFC 3339 in UTC, null: never or not known.\n");
    write_shapes(file);
    gen_end(file);
}

static void write_ctl_page(void)
{
    FILE *file = gen_begin(book->page);
    gen_head(file, "JSON of ztactl", book->table);
    (void)fprintf(
        file,
        "Every command takes `--json` and prints one document then: a list is one array, "
        "a single thing one\nobject; with `events --follow` and `--watch` one document a "
        "line. A failure is an object on standard\nerror. "
        "[ztactl.json](schema/ztactl.json) says the same as JSON Schema.\n\n"
        "What is here stays: members may come, and readers leave those alone that they do "
        "not know; when one\ngoes or means something else, the number of the schema rises, "
        "which `ztactl version --json` tells (%d).\nTimes are RFC 3339 in UTC, null: never "
        "or none.\n\n## Documents\n\n",
        CTL_SCHEMA_VERSION);
    write_documents(file);
    (void)fprintf(file, "\n## Objects\n");
    write_shapes(file);
    gen_end(file);
}

/* Every command has its document, and each document a command. */
static void check(void)
{
    for (size_t i = 0; gen_command(i) != NULL; i++) {
        bool is_there = false;
        for (size_t k = 0; k < book->n_rows; k++) {
            is_there |=
                book->rows[k].kind == PRINTS && strcmp(book->rows[k].name, gen_command(i)) == 0;
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(gen_command(k), gen_command(i)) == 0) {
                fault(gen_command(i), "the command stands twice");
            }
        }
        if (!is_there) {
            fault(gen_command(i), "nothing says what this command prints with --json");
        }
    }
    for (size_t k = 0; k < book->n_rows; k++) {
        bool is_there = book->rows[k].kind != PRINTS;
        for (size_t i = 0; gen_command(i) != NULL; i++) {
            is_there |= strcmp(book->rows[k].name, gen_command(i)) == 0;
        }
        if (!is_there) {
            fault(book->rows[k].name, "no such command");
        }
    }
}

void gen_write_json(void)
{
    book = &ctl_book;
    check();
    write_ctl_schema();
    write_ctl_page();
    book = &status_book;
    write_status_schema();
    write_status_page();
}
