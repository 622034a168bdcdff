/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views whose rows a command of ztactl lists: the same words, the same JSON as in a script. A file
 * in views/ has the columns and the commands behind the keys; this is the rest. The command runs in
 * a process of its own, so that no list, however long, holds up a key.
 */
#ifndef TUI_LISTING_H
#define TUI_LISTING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/console/feed.h"
#include "admin-tui/console/format.h"
#include "admin-tui/console/prompt.h"
#include "admin-tui/console/view.h"
#include "admin-tui/filter_kind.h"

#define TUI_LISTING_ACTIONS_MAX 8
#define TUI_LISTING_SOURCES_MAX 2
#define TUI_LISTING_GROUP       "group" /* member that listing->group adds to each row */

/* How a member of the row's object is shown. */
enum tui_form {
    TUI_FORM_TEXT = 0, /* as it is; of an array the elements, of an object its JSON */
    TUI_FORM_STATE,    /* a word that says whether all is well, in its colour */
    TUI_FORM_YES,      /* true, false or null, likewise */
    TUI_FORM_COUNT,
    TUI_FORM_BAR,     /* a number: a bar, full at the greatest of all rows */
    TUI_FORM_PERCENT, /* up to 100, from 80 on it warns; FILL: the same as a bar */
    TUI_FORM_FILL,
    TUI_FORM_AGO,   /* a time: how long ago */
    TUI_FORM_UNTIL, /* how long until */
};

struct tui_listing_column {
    struct tui_column column;
    const char *member;
    const char *instead; /* of rows that have no such member; NULL: none */
    enum tui_form form;
};

/* A key that prepares a command about the selected row, for the `:` line. */
struct tui_listing_action {
    enum tui_action action;
    const char *word;    /* for the line below; "": another of that key has it */
    const char *command; /* "revoke --device=% --reason=": % is the row's key, quoted */
    const char *member;  /* only for rows whose member ... ; NULL: for all */
    const char *is;      /* ... is this text; NULL: is there at all */
    bool only_looks;     /* it changes nothing: it runs at once */
};

struct tui_listing {
    const char *command;  /* that prints an array of objects */
    const char *narrowed; /* and, of a list that is too long for it, what a filter % leaves */
    /* Is it a filter of that one? NULL: there is none. */
    bool (*narrows)(const char *filter);
    bool sorts;            /* it takes --sort=MEMBER, for a list that is too long */
    const char *also;      /* another one, whose rows stand with them; NULL: none */
    const char *show;      /* command that shows one, % being its key; NULL: the list has it all */
    const char *noun;      /* "device" */
    const char *nothing;   /* what an empty list says */
    const char *key;       /* member that the actions are about */
    const char *other_key; /* of rows that have no such member; NULL: none */
    const struct tui_listing_column *columns;
    size_t n_columns;
    struct tui_listing_action actions[TUI_LISTING_ACTIONS_MAX + 1]; /* as many as have a word */
    /*
     * Where a row belongs: an index of groups, whose word becomes its member "group"; unsorted,
     * rows stand by it. NULL: there are no groups.
     */
    size_t (*group)(const json_t *row);
    const char *const *groups;
    /* Adds to a row's detail what its object does not say; NULL: nothing. */
    void (*more)(struct tui_view *view, struct zta_text key, struct tui_page *page);
    /* Draws what is to be known above the rows, and returns its lines; NULL: nothing. */
    int (*head)(const struct tui_view *view, const struct tui_area *area);
};

/* State of such a view; of a column, `sorted` is 1 and more. */
struct tui_rows {
    struct tui_list list;
    json_t *all;   /* array; NULL: not read yet */
    size_t *shown; /* indices of it, filtered and sorted */
    size_t n_shown;
    char filter[TUI_PROMPT_SIZE];
    struct ctl_filter parsed; /* that; never copied: values point into it */
    size_t sorted;
    struct tui_marks marks;
    struct tui_feed feed;
    json_t *read[TUI_LISTING_SOURCES_MAX]; /* of the reading under way; NULL: that one failed */
    size_t n_read;
    char fault[256];     /* of the last reading; "": none */
    char note[256];      /* what that one left out; "": nothing */
    bool is_cut;         /* without a filter it leaves out some */
    bool is_narrowed;    /* the last one was of what the filter leaves */
    bool is_awaited;     /* this one is of a filter that was just given */
    int64_t pause_ns;    /* until the next one */
    uint64_t policy_txn; /* that the rows, or those that are read, are of */
    int64_t read_ns;     /* when reading began last */
};

/* Functions of such a view. */
void tui_listing_draw(struct tui_view *view, const struct tui_area *area);
bool tui_listing_act(struct tui_view *view, enum tui_action action);
bool tui_listing_sort_by(struct tui_view *view, size_t column);
struct tui_list *tui_listing_rows(struct tui_view *view, struct tui_table *table);
const char *tui_listing_filter(struct tui_view *view);
bool tui_listing_set_filter(struct tui_view *view, const char *text);
enum zta_status tui_listing_check_filter(struct tui_view *view, const char *text,
                                         struct zta_error *error);
bool tui_listing_refresh(struct tui_view *view, int64_t now_ns);
void tui_listing_close(struct tui_view *view);
/* Ends the reading that is under way; rows that are there stay. */
void tui_listing_stop(struct tui_view *view);
bool tui_listing_row(struct tui_view *view, struct tui_row *row);
enum tui_sought tui_listing_seek(struct tui_view *view, const char *id);
/* Of its files alone (listing_row.c): what a column shows of the row; NULL: nothing. */
const json_t *tui_listing_value(const json_t *row, const struct tui_listing_column *column);
/* The selected row's object, and a row's key; NULL, "": there is none. */
json_t *tui_listing_selected(const struct tui_view *view);
struct zta_text tui_listing_key(const struct tui_listing *listing, const json_t *row,
                                char room[TUI_SHORT_MAX]);
/* The columns are the fields, by the names of their members. */
enum zta_status tui_listing_parse(const struct tui_listing *listing, const char *text,
                                  struct ctl_filter *filter,
                                  struct zta_error *error) ZTA_MUST_CHECK;
bool tui_listing_wants(const struct tui_listing *listing, const struct ctl_filter *filter,
                       const json_t *row, int64_t now_s);
/* What all of them do alike; act, refresh, close and state are the view's own. */
#define TUI_LISTING_MEMBERS(table)                                                                 \
    .listing = &(table), .draw = tui_listing_draw, .rows = tui_listing_rows,                       \
    .sort_by = tui_listing_sort_by, .row = tui_listing_row, .seek = tui_listing_seek,              \
    .filter = tui_listing_filter, .set_filter = tui_listing_set_filter,                            \
    .check_filter = tui_listing_check_filter

/* The ops of the view `variable`, named in the header, with nothing of its own. */
#define TUI_LISTING_VIEW(variable, title, table)                                                   \
    const struct tui_view_ops variable = {                                                         \
        TUI_LISTING_MEMBERS(table),                                                                \
        .name = (title),                                                                           \
        .state_size = sizeof(struct tui_rows),                                                     \
        .act = tui_listing_act,                                                                    \
        .refresh = tui_listing_refresh,                                                            \
        .close = tui_listing_close,                                                                \
    }

#endif
