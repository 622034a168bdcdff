/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of each issuer stands in memory as the record that it will be in the store. Keys
 * are fetched anew at each start: what a child that was broken into wrote into state/ ends there,
 * as soon as the issuer answers.
 */
#include "mod_zta/helper/refresh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/helper/fetcher.h"
#include "mod_zta/helper/observer_priv.h"
#include "shared/base/clock.h"
#include "shared/live/issuers.h"
#include "shared/store/keysets.h"

#define LOOK_NS  ZTA_NS_PER_S
#define RETRY_NS ZTA_NS_PER_S
/* Honest children keep the cool-down to the nanosecond; this only stops others. */
#define ASK_NS (ZTA_ISSUER_COOLDOWN_NS - ZTA_NS_PER_S)

struct item {
    struct zta_keyset_record record; /* its texts are in this item, the issuer, or jwks */
    char *jwks;
    char jwks_uri[MOD_ZTA_URL_MAX + 1];
    char introspection_endpoint[MOD_ZTA_URL_MAX + 1];
    char etag[MOD_ZTA_HTTP_ETAG_MAX];
    char error[256];
    struct zta_issuer_place place;
    bool has_place;
    bool is_dirty;    /* to be stored */
    bool is_moved;    /* and children have to look */
    int64_t answers;  /* request of a child that is answered by it; 0: none */
    int64_t honoured; /* the last request of a child that was passed on */
    int64_t honoured_ns;
    uint64_t requested; /* of operators, as last seen */
};

struct mod_zta_refresh {
    struct mod_zta_observer *observer;
    struct mod_zta_refresh_options options;
    struct mod_zta_fetcher *fetcher;
    struct item *items;
    bool has_leftovers; /* the store may have records of issuers that are gone */
    int64_t next_look_ns;
    int64_t retry_ns;
};

static struct zta_text text_or_none(const char *text)
{
    return zta_text_of(text[0] == '\0' ? NULL : text);
}

static void put_text(char *to, size_t size, struct zta_text from)
{
    (void)snprintf(to, size, "%.*s", zta_text_is_absent(from) ? 0 : (int)from.len,
                   zta_text_is_absent(from) ? "" : from.data);
}

/* ---- the beginning ---- */

static void point_texts(struct item *item)
{
    item->record.jwks_uri = text_or_none(item->jwks_uri);
    item->record.introspection_endpoint = text_or_none(item->introspection_endpoint);
    item->record.etag = text_or_none(item->etag);
    item->record.error = text_or_none(item->error);
}

/* Keys of a file are as old as this start, and never asked for. */
static void begin_item(struct item *item, const struct mod_zta_fetch_issuer *issuer, int64_t now_s)
{
    item->record = (struct zta_keyset_record){
        .name = issuer->name,
        .source = issuer->source,
        .url = issuer->url,
        .keys = issuer->keys,
        .stale_s = issuer->stale_s,
    };
    if (!issuer->is_fetched) {
        item->record.jwks = issuer->jwks;
        item->record.fetched_s = zta_text_is_absent(issuer->jwks) ? 0 : now_s;
        item->record.attempted_s = now_s;
    }
    item->is_dirty = true;
}

/* What the store kept of the same configuration; of another one it counts for nothing. */
static void adopt(struct item *item, const struct zta_keyset_record *stored, int64_t now_s)
{
    if (stored->source != item->record.source || stored->jwks.len == 0) {
        return;
    }
    item->jwks = malloc(stored->jwks.len);
    if (item->jwks == NULL) {
        return;
    }
    memcpy(item->jwks, stored->jwks.data, stored->jwks.len);
    put_text(item->jwks_uri, sizeof item->jwks_uri, stored->jwks_uri);
    put_text(item->introspection_endpoint, sizeof item->introspection_endpoint,
             stored->introspection_endpoint);
    put_text(item->etag, sizeof item->etag, stored->etag);
    put_text(item->error, sizeof item->error, stored->error);
    struct zta_keyset_record own = item->record;
    item->record = *stored;
    item->record.name = own.name;
    item->record.url = own.url;
    item->record.keys = own.keys;
    item->record.stale_s = own.stale_s;
    item->record.fetched_s = stored->fetched_s < now_s ? stored->fetched_s : now_s;
    item->record.jwks = (struct zta_text){.data = item->jwks, .len = stored->jwks.len};
    item->is_dirty = false;
}

static void read_store(struct mod_zta_refresh *refresh, int64_t now_s)
{
    struct zta_view *view;
    if (zta_view_begin(refresh->observer->store, &view) != ZTA_OK) {
        return;
    }
    for (size_t i = 0; i < refresh->options.n_issuers; i++) {
        struct item *item = &refresh->items[i];
        struct zta_keyset_record stored;
        void *storage = NULL;
        /* What cannot be read is as if it were not there. */
        if (refresh->options.issuers[i].is_fetched &&
            zta_keyset_get(view, item->record.name, &stored, &storage) == ZTA_OK) {
            adopt(item, &stored, now_s);
            free(storage);
        }
        if (zta_keyset_requested(view, item->record.name, &item->requested) != ZTA_OK) {
            item->requested = 0;
        }
    }
    zta_view_end(&view);
}

enum zta_status mod_zta_refresh_open(struct mod_zta_observer *observer,
                                     const struct mod_zta_refresh_options *options,
                                     int64_t now_real_ns, struct mod_zta_refresh **refresh)
{
    struct mod_zta_refresh *opened = calloc(1, sizeof *opened);
    struct item *items = calloc(options->n_issuers + 1, sizeof *items);
    if (opened == NULL || items == NULL) {
        free(items);
        free(opened);
        return ZTA_NO_MEMORY;
    }
    *opened = (struct mod_zta_refresh){
        .observer = observer, .options = *options, .items = items, .has_leftovers = true};
    for (size_t i = 0; i < options->n_issuers; i++) {
        begin_item(&items[i], &options->issuers[i], now_real_ns / ZTA_NS_PER_S);
        items[i].has_place = zta_issuer_find(observer->options.segment, options->issuers[i].source,
                                             &items[i].place) == ZTA_OK;
    }
    read_store(opened, now_real_ns / ZTA_NS_PER_S);
    for (size_t i = 0; i < options->n_issuers; i++) {
        point_texts(&items[i]);
    }
    enum zta_status status = mod_zta_fetcher_open(options->issuers, options->n_issuers,
                                                  options->ca_file, &opened->fetcher);
    if (status != ZTA_OK) {
        mod_zta_refresh_close(&opened);
        return status;
    }
    *refresh = opened;
    return ZTA_OK;
}

void mod_zta_refresh_close(struct mod_zta_refresh **refresh)
{
    struct mod_zta_refresh *closing = *refresh;
    if (closing == NULL) {
        return;
    }
    *refresh = NULL;
    mod_zta_fetcher_close(&closing->fetcher);
    for (size_t i = 0; i < closing->options.n_issuers; i++) {
        free(closing->items[i].jwks);
    }
    free(closing->items);
    free(closing);
}

/* ---- what the fetcher got ---- */

static void log_lines(const struct mod_zta_refresh *refresh, struct zta_text name, char *lines)
{
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        mod_zta_observer_log(refresh->observer, MOD_ZTA_HELPER_WARNING, "ZTA0081: issuer %.*s: %s",
                             (int)name.len, name.data, line);
    }
}

static bool is_same(struct zta_text a, struct zta_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Takes fetched->jwks over. */
static void take_keys(struct mod_zta_refresh *refresh, struct item *item,
                      struct mod_zta_fetched *fetched)
{
    struct zta_text jwks = {.data = fetched->jwks, .len = fetched->jwks_len};
    bool is_new = !is_same(jwks, item->record.jwks);
    free(item->jwks);
    item->jwks = fetched->jwks;
    item->record.jwks = jwks;
    if (is_new) {
        mod_zta_observer_log(refresh->observer, MOD_ZTA_HELPER_INFO,
                             "ZTA0080: issuer %.*s: new keys from %s", (int)item->record.name.len,
                             item->record.name.data, fetched->known.jwks_uri);
        log_lines(refresh, item->record.name, fetched->warnings);
    }
}

static void note_success(struct mod_zta_refresh *refresh, struct item *item,
                         struct mod_zta_fetched *fetched)
{
    if (!fetched->is_unchanged) {
        take_keys(refresh, item, fetched);
    }
    memcpy(item->jwks_uri, fetched->known.jwks_uri, sizeof item->jwks_uri);
    memcpy(item->etag, fetched->known.etag, sizeof item->etag);
    memcpy(item->introspection_endpoint, fetched->introspection_endpoint,
           sizeof item->introspection_endpoint);
    item->record.fetched_s = fetched->attempted_s;
    item->record.good_until_s = fetched->attempted_s + fetched->lifetime_s;
    item->is_moved = true;
}

static void take_results(struct mod_zta_refresh *refresh)
{
    struct mod_zta_fetch_result result;
    while (mod_zta_fetcher_take(refresh->fetcher, &result)) {
        struct item *item = &refresh->items[result.issuer];
        struct mod_zta_fetched *fetched = &result.fetched;
        if (fetched->is_good) {
            note_success(refresh, item, fetched);
        }
        memcpy(item->error, fetched->error, sizeof item->error);
        item->record.attempted_s = fetched->attempted_s;
        item->record.next_s = result.next_s;
        item->record.n_failures = result.n_failures;
        if (fetched->has_skew) {
            item->record.has_skew = true;
            item->record.skew_s = fetched->skew_s;
        }
        point_texts(item);
        item->answers = result.ticket != 0 ? result.ticket : item->answers;
        item->is_dirty = true;
    }
}

/* ---- into the store ---- */

static bool has_work(const struct mod_zta_refresh *refresh)
{
    for (size_t i = 0; i < refresh->options.n_issuers; i++) {
        if (refresh->items[i].is_dirty) {
            return true;
        }
    }
    return refresh->has_leftovers;
}

static enum zta_status put_all(struct mod_zta_refresh *refresh, struct zta_change *change)
{
    size_t n = refresh->options.n_issuers;
    enum zta_status status = ZTA_OK;
    if (refresh->has_leftovers) {
        struct zta_text *names = calloc(n + 1, sizeof *names);
        if (names == NULL) {
            return ZTA_NO_MEMORY;
        }
        for (size_t i = 0; i < n; i++) {
            names[i] = refresh->options.issuers[i].name;
        }
        status = zta_keyset_keep(change, names, n);
        free(names);
    }
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        if (refresh->items[i].is_dirty) {
            status = zta_keyset_put(change, &refresh->items[i].record);
        }
    }
    return status;
}

static bool commit(struct mod_zta_refresh *refresh)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    struct zta_store *store = refresh->observer->store;
    if (zta_store_complete(store, &error) != ZTA_OK ||
        zta_change_begin(store, "issuers' keys", &change, &error) != ZTA_OK) {
        return false;
    }
    if (put_all(refresh, change) != ZTA_OK) {
        zta_change_abort(&change);
        return false;
    }
    return zta_change_commit(&change, &error) == ZTA_OK;
}

/* Children look into the store when they are told, so they are told behind the commit. */
static void tell(const struct mod_zta_refresh *refresh, struct item *item, uint64_t state_txn)
{
    struct zta_segment *segment = refresh->observer->options.segment;
    if (item->has_place && item->is_moved) {
        zta_issuer_moved(segment, &item->place, state_txn);
    }
    if (item->has_place && item->answers != 0) {
        zta_issuer_answer(segment, &item->place, item->answers);
    }
    item->is_dirty = false;
    item->is_moved = false;
    item->answers = 0;
}

static void write_out(struct mod_zta_refresh *refresh, int64_t now_mono_ns)
{
    if (!has_work(refresh) || now_mono_ns < refresh->retry_ns ||
        !mod_zta_upkeep_may_write(refresh->observer)) {
        return;
    }
    struct zta_view *view;
    if (!commit(refresh) || zta_view_begin(refresh->observer->store, &view) != ZTA_OK) {
        refresh->retry_ns = now_mono_ns + RETRY_NS;
        return;
    }
    uint64_t state_txn = zta_view_state_txn(view);
    zta_view_end(&view);
    refresh->has_leftovers = false;
    for (size_t i = 0; i < refresh->options.n_issuers; i++) {
        if (refresh->items[i].is_dirty) {
            tell(refresh, &refresh->items[i], state_txn);
        }
    }
}

/* ---- what others ask for ---- */

static void pass_on_children(struct mod_zta_refresh *refresh, int64_t now_mono_ns)
{
    for (size_t i = 0; i < refresh->options.n_issuers; i++) {
        struct item *item = &refresh->items[i];
        int64_t asked = item->has_place
                            ? zta_issuer_asked(refresh->observer->options.segment, &item->place)
                            : 0;
        if (asked != 0 && asked != item->honoured &&
            (item->honoured == 0 || now_mono_ns - item->honoured_ns >= ASK_NS)) {
            item->honoured = asked;
            item->honoured_ns = now_mono_ns;
            mod_zta_fetcher_ask(refresh->fetcher, i, asked);
        }
    }
}

static void pass_on_operators(struct mod_zta_refresh *refresh)
{
    struct zta_view *view;
    if (zta_view_begin(refresh->observer->store, &view) != ZTA_OK) {
        return;
    }
    for (size_t i = 0; i < refresh->options.n_issuers; i++) {
        struct item *item = &refresh->items[i];
        uint64_t requested;
        if (zta_keyset_requested(view, item->record.name, &requested) == ZTA_OK &&
            requested > item->requested) {
            item->requested = requested;
            mod_zta_fetcher_ask(refresh->fetcher, i, 0);
        }
    }
    zta_view_end(&view);
}

/* ---- alerts ---- */

static void add_line(struct zta_buffer *buffer, const struct item *item, const char *what)
{
    zta_buffer_printf(buffer, "%sissuer %.*s: %s%s%s", buffer->len > 0 ? "; " : "",
                      (int)item->record.name.len, item->record.name.data, what,
                      item->error[0] != '\0' ? ": " : "", item->error);
}

static bool is_stale(const struct item *item, int64_t stale_s, int64_t now_s)
{
    return item->record.jwks.len == 0 || (stale_s > 0 && now_s - item->record.fetched_s > stale_s);
}

static void raise_alerts(struct mod_zta_refresh *refresh, int64_t now_s)
{
    char stale_text[480];
    char failing_text[480];
    struct zta_buffer stale;
    struct zta_buffer failing;
    zta_buffer_init(&stale, stale_text, sizeof stale_text);
    zta_buffer_init(&failing, failing_text, sizeof failing_text);
    for (size_t i = 0; i < refresh->options.n_issuers; i++) {
        const struct item *item = &refresh->items[i];
        const struct mod_zta_fetch_issuer *issuer = &refresh->options.issuers[i];
        if (!issuer->is_fetched || item->record.attempted_s == 0) {
            continue;
        }
        if (is_stale(item, issuer->stale_s, now_s)) {
            add_line(&stale, item,
                     item->record.jwks.len == 0 ? "no keys were ever fetched, its tokens get 503"
                                                : "its keys are too old, its tokens get 503");
        }
        else if (item->record.n_failures > 0) {
            add_line(&failing, item, "its keys cannot be refreshed, the former ones serve");
        }
    }
    mod_zta_observer_alert(refresh->observer, MOD_ZTA_ALERT_KEYS_STALE, now_s,
                           stale.len > 0 ? stale_text : NULL);
    mod_zta_observer_alert(refresh->observer, MOD_ZTA_ALERT_KEYS_REFRESH, now_s,
                           failing.len > 0 ? failing_text : NULL);
}

void mod_zta_refresh_ask(struct mod_zta_refresh *refresh, struct zta_text name)
{
    for (size_t i = 0; i < refresh->options.n_issuers; i++) {
        if (zta_text_equal(refresh->options.issuers[i].name, name)) {
            mod_zta_fetcher_ask(refresh->fetcher, i, 0);
        }
    }
}

void mod_zta_refresh_step(struct mod_zta_refresh *refresh, int64_t now_mono_ns, int64_t now_real_ns)
{
    take_results(refresh);
    pass_on_children(refresh, now_mono_ns);
    if (now_mono_ns >= refresh->next_look_ns) {
        refresh->next_look_ns = now_mono_ns + LOOK_NS;
        pass_on_operators(refresh);
        raise_alerts(refresh, now_real_ns / ZTA_NS_PER_S);
    }
    write_out(refresh, now_mono_ns);
}
