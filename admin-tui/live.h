/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change of the live layer of rules under way: what is in force, what it would become, and
 * whether that fits the baseline that the running server published.
 */
#ifndef CTL_LIVE_H
#define CTL_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "admin-tui/places.h"
#include "admin-tui/rule_texts.h"
#include "shared/base/bytes.h"
#include "shared/rules/arena.h"
#include "shared/rules/compile.h"
#include "shared/rules/layer.h"

struct ctl_live {
    struct ctl_rule_texts *baseline; /* as published, and the issuers */
    struct ctl_places places;        /* with their stances as operators stepped them back */
    struct zta_layer layer;          /* in force */
    void *storage;                   /* of it */
    int64_t made_on_ns;              /* of the version that the change is made on */
    uint64_t later;                  /* a later version that is not in force here; 0: none */
    uint64_t seen;                   /* latest version: what the change is made on */
    int64_t now_s;
    struct zta_layer next;   /* what it becomes: at first the entries that live */
    size_t capacity;         /* of next.entries */
    struct zta_arena *arena; /* of texts in next */
    int64_t until_s;         /* of entries that are set from now on; 0: permanent */
    char scratch[ZTA_LAYER_TEXT_MAX + 1];
};

/* One layer over the baseline. */
struct ctl_live_set {
    struct zta_rules_ast *ast;
    struct zta_ruleset *set;
};

/*
 * Opens the store if that is still to be done, and reads what is in force. Says what is wrong. The
 * change is the caller's to close, whatever it returns.
 */
enum ctl_exit ctl_live_open(struct ctl *ctl, enum ctl_access access, struct ctl_live **live);
/* To write, and what is in force may be unreadable: it is then taken for empty. */
enum ctl_exit ctl_live_open_to_mend(struct ctl *ctl, struct ctl_live **live);
void ctl_live_close(struct ctl_live **live);

/* --for or --permanent, exactly one of them, into until_s. */
enum ctl_exit ctl_live_lifetime(const struct ctl *ctl, struct ctl_live *live);

/* --base, the version that something was made on: CTL_CONFLICT where another one is in force. */
enum ctl_exit ctl_live_check_base(const struct ctl *ctl, const struct ctl_live *live);

/*
 * Puts an entry in place of one of its kind and name, or adds it; all text is copied. Its end is
 * until_s. ZTA_NO_MEMORY, ZTA_FULL.
 */
enum zta_status ctl_live_put(struct ctl_live *live, enum zta_layer_kind kind, struct zta_text name,
                             struct zta_text text, enum zta_mode mode) ZTA_MUST_CHECK;
/* False: there is none. */
bool ctl_live_drop(struct ctl_live *live, enum zta_layer_kind kind, struct zta_text name);

/* Says what is wrong. What was made is the caller's to close, whatever it returns. */
enum ctl_exit ctl_live_compile(const struct ctl_live *live, const struct zta_layer *layer,
                               struct ctl_live_set *made);
/* The same, with the error for the caller to say. */
enum zta_status ctl_live_make(const struct ctl_live *live, const struct zta_layer *layer,
                              struct ctl_live_set *made,
                              struct zta_rules_error *error) ZTA_MUST_CHECK;
/* Says nothing: what does not fit stays NULL. */
void ctl_live_compile_quietly(const struct ctl_live *live, const struct zta_layer *layer,
                              struct ctl_live_set *made);
void ctl_live_set_close(struct ctl_live_set *made);
/* Opens for reading, compiles what is in force, and closes all behind fn; says what is wrong. */
typedef enum ctl_exit (*ctl_live_fn)(struct ctl *ctl, const struct ctl_live *live,
                                     const struct ctl_live_set *made);
enum ctl_exit ctl_live_show(struct ctl *ctl, ctl_live_fn fn);

/* Rules and lists of a tree as texts, in the arena of the change. ZTA_NO_MEMORY, ZTA_TOO_LARGE. */
enum zta_status ctl_live_rule_text(struct ctl_live *live, const struct zta_ast_rule *rule,
                                   struct zta_text *text) ZTA_MUST_CHECK;
enum zta_status ctl_live_list_text(struct ctl_live *live, const struct zta_ast_list *list,
                                   struct zta_text *text) ZTA_MUST_CHECK;

/* The index of a rule of that name; SIZE_MAX: none. */
size_t ctl_live_find_rule(const struct zta_rules_ast *ast, struct zta_text name);
/* NULL: none. */
const struct zta_ast_list *ctl_live_find_list(const struct zta_rules_ast *ast,
                                              struct zta_text name);

/* A name that is given and stands in what is in force already. */
struct ctl_live_taken {
    const char *kind; /* "rule" or "list" */
    struct zta_text name;
    struct zta_rules_place given; /* of the name, in what is given */
    struct zta_text file;         /* where it stands now: a file, or "live:NAME" */
    uint32_t line;
};
/* The first such name; from_baseline: of the baseline's alone. False: none is taken. */
bool ctl_live_find_taken(const struct ctl_live *live, const struct zta_rules_ast *now,
                         const struct zta_rules_ast *given, bool from_baseline,
                         struct ctl_live_taken *taken);

/* CTL_USAGE without --reason. */
enum ctl_exit ctl_live_need_reason(const struct ctl *ctl);

/* What was changed, for the audit trail and the operator: text is added as it is known. */
struct ctl_live_story {
    const char *action;       /* "rules add" */
    const char *done;         /* "added" */
    struct zta_buffer target; /* the first names, then how many more */
    size_t n_more;
    struct zta_buffer before;
    struct zta_buffer after;
    bool is_back;    /* to a version that an operator chose, whatever came after it */
    bool ends_trial; /* it may follow a version that waits for confirmation */
    char texts[3][16384];
};
void ctl_live_story_begin(struct ctl_live_story *story, const char *action, const char *done);
/* A rule or list by its name; texts may be absent. */
void ctl_live_story_add(struct ctl_live_story *story, const char *kind, struct zta_text name,
                        struct zta_text before, struct zta_text after);

/*
 * Compiles live->next, says what it would do, asks where that is called for, and stores it as the
 * next version. With --dry-run it stops before. Prints everything.
 */
enum ctl_exit ctl_live_commit(struct ctl *ctl, struct ctl_live *live, struct ctl_live_story *story);
/* Makes a former version (0: the empty one) the next one, and commits that. */
enum ctl_exit ctl_live_roll_back(struct ctl *ctl, struct ctl_live *live, uint64_t version,
                                 const char *action, const char *done);

#endif
