/* SPDX-License-Identifier: Apache-2.0 */
/* Looked for by walking all of them: there are thousands at most. */
#include "admin-tui/measures.h"

#include <string.h>

#include "shared/base/clock.h"

static struct zta_text copy(struct zta_text from, char *to, size_t size)
{
    const size_t len = from.len < size - 1 ? from.len : size - 1;
    if (zta_text_is_absent(from)) {
        return from;
    }
    memcpy(to, from.data, len);
    to[len] = '\0';
    return (struct zta_text){.data = to, .len = len};
}

static void keep(const struct zta_measure *measure, bool is_lifted, struct ctl_measure *kept)
{
    struct zta_measure *to = &kept->measure;
    *to = *measure;
    kept->is_lifted = is_lifted;
    to->rule = copy(measure->rule, kept->rule, sizeof kept->rule);
    to->reason = copy(measure->reason, kept->reason, sizeof kept->reason);
    to->target.issuer = copy(measure->target.issuer, kept->issuer, sizeof kept->issuer);
    to->target.name = copy(measure->target.name, kept->name, sizeof kept->name);
    to->acr = copy(measure->acr, kept->acr, sizeof kept->acr);
    to->limit = copy(measure->limit, kept->limit, sizeof kept->limit);
}

struct search {
    const struct zta_target *target; /* NULL: by id */
    enum zta_measure_kind kind;
    char letter;
    uint64_t id;
    int64_t now_s;
    bool is_found;
    struct ctl_measure *found;
};

static bool is_wanted(const struct search *search, const struct zta_measure *measure,
                      bool is_lifted)
{
    if (search->target == NULL) {
        return measure->id == search->id && zta_measure_letter(measure) == search->letter;
    }
    return !is_lifted && measure->until_s > search->now_s &&
           (search->kind == 0 || measure->kind == search->kind) &&
           zta_target_equal(&measure->target, search->target);
}

static bool look(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct search *search = context;
    search->is_found = is_wanted(search, measure, is_lifted);
    if (search->is_found) {
        keep(measure, is_lifted, search->found);
    }
    return !search->is_found;
}

static enum zta_status find(struct zta_store *store, struct search *search)
{
    struct zta_view *view;
    enum zta_status status = zta_view_begin(store, &view);
    if (status == ZTA_OK) {
        status = zta_measure_each(view, look, search);
        zta_view_end(&view);
    }
    return status == ZTA_OK && !search->is_found ? ZTA_NOT_FOUND : status;
}

bool ctl_measure_is_id(const char *word)
{
    uint64_t id;
    return (word[0] == 'm' || word[0] == 'h' || word[0] == 'f') &&
           zta_text_to_u64(zta_text_of(word + 1), UINT64_MAX, &id) == ZTA_OK;
}

enum zta_status ctl_measure_find(struct zta_store *store, const char *id, struct ctl_measure *found)
{
    struct search search = {.letter = id[0], .found = found};
    if (!ctl_measure_is_id(id) ||
        zta_text_to_u64(zta_text_of(id + 1), UINT64_MAX, &search.id) != ZTA_OK) {
        return ZTA_INVALID;
    }
    return find(store, &search);
}

enum zta_status ctl_measure_next(struct zta_store *store, const struct zta_target *target,
                                 enum zta_measure_kind kind, struct ctl_measure *found)
{
    struct search search = {.target = target,
                            .kind = kind,
                            .now_s = zta_clock_real_ns() / ZTA_NS_PER_S,
                            .found = found};
    return find(store, &search);
}
