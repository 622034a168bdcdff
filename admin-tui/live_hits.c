/* SPDX-License-Identifier: Apache-2.0 */
/* The last hour, judged by the rules in force and by those to come. */
#include "admin-tui/live_hits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/hits.h"
#include "admin-tui/output.h"
#include "admin-tui/replays.h"
#include "admin-tui/rule_diff.h"

/* A place by what an event says of it: its server's name without port, and its route. */
static bool is_within(const struct zta_layer_entry *entry, const struct zta_event *event)
{
    struct zta_text name = entry->name;
    const struct zta_text host = zta_event_text(event, ZTA_EVENT_HOST);
    const char *slash = name.len == 0 ? NULL : memchr(name.data, '/', name.len);
    const size_t server_len = slash == NULL ? name.len : (size_t)(slash - name.data);
    const char *port = server_len == 0 ? NULL : memrchr(name.data, ':', server_len);
    const struct zta_text server = {.data = name.data,
                                    .len = port == NULL ? server_len : (size_t)(port - name.data)};
    if (server_len > 0 && !zta_text_equal_nocase(server, host)) {
        return false;
    }
    name.data += server_len;
    name.len -= server_len;
    return zta_layer_is_within(name, ZTA_TEXT(""), zta_event_text(event, ZTA_EVENT_ROUTE));
}

static bool is_stepped_back(const struct zta_layer *layer, const struct zta_event *event)
{
    for (size_t i = 0; i < layer->n; i++) {
        if (layer->entries[i].kind == ZTA_LAYER_STEP_BACK && is_within(&layer->entries[i], event)) {
            return true;
        }
    }
    return false;
}

static bool change_stance(void *context, const struct zta_event *event,
                          const struct zta_stance *recorded, struct zta_stance *stance)
{
    const struct ctl_live *live = context;
    *stance = *recorded;
    if (is_stepped_back(&live->next, event)) {
        zta_stance_step_back(stance);
    }
    return true;
}

enum ctl_exit ctl_live_hits_count(const struct ctl *ctl, const struct ctl_live *live,
                                  const struct ctl_live_set *now, const struct ctl_live_set *then,
                                  struct zta_whatif **result)
{
    const struct ctl_replay replay = ctl_replay_of_last(ctl, CTL_LIVE_HITS_S);
    union {
        const struct ctl_live *c;
        void *v;
    } shared = {.c = live}; /* only looked at */
    struct zta_whatif_options options = {
        .after = then->set, .before = now->set, .stance = change_stance, .context = shared.v};
    return ctl_replay_run(ctl, &replay, &options, result);
}

struct seeking {
    const struct zta_rules_ast *trees[2];
    bool is_found;
};

static void seek_limit(void *context, const struct ctl_rule_change *change)
{
    struct seeking *seeking = context;
    for (size_t i = 0; i < 2; i++) {
        const struct zta_rules_ast *tree = seeking->trees[i];
        const size_t at = tree == NULL ? SIZE_MAX : ctl_live_find_rule(tree, change->name);
        seeking->is_found |= at != SIZE_MAX && tree->rules[at].kind == ZTA_RULE_LIMIT;
    }
}

bool ctl_live_hits_lack_limits(const struct ctl_live_set *now, const struct ctl_live_set *then)
{
    struct seeking seeking = {.trees = {now->ast, then->ast}};
    return ctl_rule_diff_sets(now->ast, then->ast, seek_limit, &seeking) == ZTA_OK &&
           seeking.is_found;
}

void ctl_live_hits_print(const struct zta_whatif *result, struct zta_buffer *out)
{
    const struct zta_whatif_flips *denied = &result->flips[ZTA_FLIP_TO_DENY];
    const struct zta_whatif_flips *allowed = &result->flips[ZTA_FLIP_TO_ALLOW];
    const uint64_t n_open = zta_whatif_undecidable(result);
    if (result->n_requests == 0) {
        zta_buffer_string(out, "No request was recorded in the last hour: nothing is known of "
                               "what it would hit.");
        return;
    }
    zta_buffer_printf(out,
                      "Of the %" PRIu64 " requests of the last hour it would refuse %" PRIu64
                      " that the present rules let in",
                      result->n_requests, denied->n);
    if (denied->n > 0) {
        zta_buffer_printf(out, " (%" PRIu64 " sessions, %" PRIu64 " subjects)", denied->sessions.n,
                          denied->subjects.n);
    }
    zta_buffer_printf(out, ", and let in %" PRIu64 " that they refuse.", allowed->n);
    if (n_open > 0) {
        zta_buffer_printf(out, " %" PRIu64 " more cannot be judged by what was recorded.", n_open);
    }
}

void ctl_live_hits_say(const struct ctl *ctl, const struct zta_whatif *result)
{
    static const struct {
        enum zta_flip flip;
        const char *words;
    } parts[] = {{ZTA_FLIP_TO_DENY, "ALLOWED -> REFUSED"},
                 {ZTA_FLIP_TO_ALLOW, "REFUSED -> ALLOWED"}};
    const struct ctl_replay replay = ctl_replay_of_last(ctl, CTL_LIVE_HITS_S);
    uint64_t n = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const struct zta_whatif_flips *flips = &result->flips[parts[i].flip];
        if (flips->n > 0) {
            ctl_replay_say_flips(flips, parts[i].words, NULL, NULL);
        }
        n += flips->n;
    }
    if (n > 0) {
        ctl_replay_say_group(&replay, &result->by_route, "BY ROUTE", NULL, NULL);
        ctl_replay_say_group(&replay, &result->by_subject, "BY SUBJECT", NULL, NULL);
    }
}

enum ctl_exit ctl_live_hits_guard(const struct ctl *ctl, const struct zta_whatif *result)
{
    char question[160];
    char number[24];
    uint64_t most = UINT64_MAX;
    struct zta_error error;
    const uint64_t n = result->flips[ZTA_FLIP_TO_DENY].n;
    if (ctl_option_count(&ctl->options, CTL_OPTION_MAX, &most, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (n > most) {
        return ctl_fail(CTL_CONFLICT,
                        "this would have refused %" PRIu64 " requests of the last hour, --max "
                        "allows %" PRIu64 ". Nothing was changed.",
                        n, most);
    }
    if (n <= result->n_allowed / CTL_LIVE_GUARD_PART) {
        return CTL_DONE;
    }
    (void)snprintf(question, sizeof question,
                   "This would have refused %" PRIu64 " of the %" PRIu64
                   " requests that were allowed in the last hour.",
                   n, result->n_allowed);
    (void)snprintf(number, sizeof number, "%" PRIu64, n);
    return ctl_ask(ctl, question, number);
}
