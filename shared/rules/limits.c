/* SPDX-License-Identifier: Apache-2.0 */
/* Which limits a request is charged to, and under what tag (docs/rules.md, meaning 10). */
#include "shared/rules/decide.h"

#include "shared/rules/eval_priv.h"

#include <string.h>

/* What one address counts as: an IPv6 subscriber gets a /64, a site a /48. */
enum {
    IP_V4_PREFIX = 32,
    IP_V6_PREFIX = 64,
    NET_V4_PREFIX = 24,
    NET_V6_PREFIX = 48,
};

/* Holds what most limits are keyed by, beside the rule's bucket. */
#define TAG_BLOCK_SIZE 256
#define BUCKET_SIZE    16 /* of its digest, which is enough to tell limits apart */

/* A limit that applies, while the best ZTA_LIMIT_CHARGES_MAX of them are picked. */
struct pick {
    uint32_t number;
    enum zta_mode mode;
    uint64_t tag;
};

/*
 * A keyed hash over a list: each part stands behind its length, so that no two lists are alike.
 * What does not fit into the block is hashed, and the sum begins the next.
 */
struct tagger {
    const struct zta_siphash_key *key;
    size_t len;
    uint8_t block[TAG_BLOCK_SIZE];
};

static uint64_t close_block(struct tagger *tagger)
{
    uint64_t sum = zta_siphash(tagger->key, tagger->block, tagger->len);
    zta_put_u64(tagger->block, sum);
    tagger->len = sizeof sum;
    return sum;
}

static void fold(struct tagger *tagger, const void *data, size_t size)
{
    uint8_t digest[sizeof(uint64_t)];
    if (sizeof(uint64_t) + size > sizeof tagger->block - tagger->len) {
        (void)close_block(tagger);
    }
    zta_put_u64(tagger->block + tagger->len, size);
    tagger->len += sizeof(uint64_t);
    if (size > sizeof tagger->block - tagger->len) {
        /* Its length tells it from a part that is these bytes. */
        zta_put_u64(digest, zta_siphash(tagger->key, data, size));
        data = digest;
        size = sizeof digest;
    }
    if (size > 0) {
        memcpy(tagger->block + tagger->len, data, size);
    }
    tagger->len += size;
}

static void fold_number(struct tagger *tagger, uint64_t number)
{
    uint8_t data[sizeof number];
    zta_put_u64(data, number);
    fold(tagger, data, sizeof data);
}

static bool fold_text(struct tagger *tagger, struct zta_text text)
{
    if (zta_text_is_absent(text)) {
        return false;
    }
    fold(tagger, text.data, text.len);
    return true;
}

static bool fold_network(struct tagger *tagger, const struct zta_addr *addr, uint8_t v4_prefix,
                         uint8_t v6_prefix)
{
    if (addr->family == 0) {
        return false;
    }
    const struct zta_cidr network = zta_addr_network(addr, v4_prefix, v6_prefix);
    fold_number(tagger, network.addr.family);
    fold(tagger, network.addr.bytes, sizeof network.addr.bytes);
    return true;
}

/* Every element of an array counts, so that {a, b} and {a} are two buckets. */
static bool fold_claim(struct tagger *tagger, const struct zta_identity *identity,
                       struct zta_text name)
{
    size_t first;
    if (!zta_rules_claim_find(identity, name, &first)) {
        return false;
    }
    for (size_t i = first; i < identity->n_claims; i++) {
        const struct zta_claim *claim = &identity->claims[i];
        if (zta_text_equal(claim->name, name)) {
            fold_number(tagger, (uint64_t)claim->kind);
            fold(tagger, claim->text.data, claim->text.len);
        }
    }
    return true;
}

/* Subjects, clients and claims mean something only together with the issuer that said them. */
static bool fold_identity(struct tagger *tagger, const struct zta_rule_key *key,
                          const struct zta_identity *identity)
{
    if (identity == NULL || identity->credential == ZTA_CREDENTIAL_NONE) {
        return false;
    }
    switch ((enum zta_limit_key)key->key) {
    case ZTA_KEY_SUBJECT:
        return fold_text(tagger, identity->issuer) && fold_text(tagger, identity->subject);
    case ZTA_KEY_CLIENT:
        return fold_text(tagger, identity->issuer) && fold_text(tagger, identity->client);
    case ZTA_KEY_CLAIM:
        return fold_text(tagger, identity->issuer) && fold_claim(tagger, identity, key->claim);
    case ZTA_KEY_ISSUER:
        return fold_text(tagger, identity->issuer);
    case ZTA_KEY_APIKEY:
        return fold_text(tagger, identity->apikey);
    case ZTA_KEY_SESSION:
        fold(tagger, identity->session, sizeof identity->session);
        return identity->session_kind != ZTA_SESSION_NONE;
    case ZTA_KEY_IP:
    case ZTA_KEY_NET:
    case ZTA_KEY_ROUTE:
    case ZTA_KEY_ALL:
    case ZTA_N_KEYS:
        break;
    }
    return false;
}

/* False when the key's value is unknown. */
static bool fold_key(struct tagger *tagger, const struct zta_rule_key *key,
                     const struct zta_facts *facts)
{
    fold_number(tagger, key->key);
    switch ((enum zta_limit_key)key->key) {
    case ZTA_KEY_IP:
        return fold_network(tagger, &facts->addr, IP_V4_PREFIX, IP_V6_PREFIX);
    case ZTA_KEY_NET:
        return fold_network(tagger, &facts->addr, NET_V4_PREFIX, NET_V6_PREFIX);
    case ZTA_KEY_ROUTE:
        return fold_text(tagger, facts->route);
    case ZTA_KEY_ALL:
        return true;
    case ZTA_KEY_SUBJECT:
    case ZTA_KEY_CLIENT:
    case ZTA_KEY_CLAIM:
    case ZTA_KEY_ISSUER:
    case ZTA_KEY_APIKEY:
    case ZTA_KEY_SESSION:
        return fold_identity(tagger, key, facts->identity);
    case ZTA_N_KEYS:
        break;
    }
    return false;
}

/* By session, else by address; without either with all others: unknown never helps. */
static void fold_default(struct tagger *tagger, const struct zta_facts *facts)
{
    static const struct zta_rule_key session = {.key = ZTA_KEY_SESSION};
    static const struct zta_rule_key ip = {.key = ZTA_KEY_IP};
    const struct tagger before = *tagger;
    if (fold_key(tagger, &session, facts)) {
        return;
    }
    *tagger = before;
    if (!fold_key(tagger, &ip, facts)) {
        *tagger = before;
    }
}

/* False when a key is unknown. A tag is never 0: that marks a free slot. */
static bool make_tag(const struct zta_rules_view *view, const struct zta_siphash_key *key,
                     struct pick *pick)
{
    const struct zta_rule *rule = &view->set->rules[pick->number];
    struct tagger tagger;
    tagger.key = key;
    tagger.len = 0;
    fold_number(&tagger, (uint64_t)pick->mode);
    fold(&tagger, rule->bucket.bytes, BUCKET_SIZE);
    for (uint32_t i = 0; i < rule->n_keys; i++) {
        if (!fold_key(&tagger, &view->set->keys[rule->first_key + i], view->facts)) {
            return false;
        }
    }
    if (rule->throttles) {
        fold_default(&tagger, view->facts);
    }
    uint64_t sum = close_block(&tagger);
    pick->tag = sum != 0 ? sum : 1;
    return true;
}

static bool comes_before(const struct pick *a, const struct pick *b)
{
    return a->mode != b->mode ? a->mode > b->mode : a->number < b->number;
}

/*
 * Keeps the picks in order; of too many the last is left out. A monitored one is not missed: it
 * must not make the caller refuse.
 */
static void insert(struct pick picks[ZTA_LIMIT_CHARGES_MAX], size_t *n, const struct pick *pick,
                   size_t *n_left_out)
{
    size_t at = *n;
    if (at == ZTA_LIMIT_CHARGES_MAX) {
        at--;
        const struct pick *last = comes_before(pick, &picks[at]) ? &picks[at] : pick;
        *n_left_out += last->mode == ZTA_MODE_ENFORCE ? 1 : 0;
        if (last == pick) {
            return;
        }
    }
    else {
        (*n)++;
    }
    while (at > 0 && comes_before(pick, &picks[at - 1])) {
        picks[at] = picks[at - 1];
        at--;
    }
    picks[at] = *pick;
}

static void consider(const struct zta_rules_view *view, const struct zta_siphash_key *key,
                     struct pick *pick)
{
    const struct zta_rule *rule = &view->set->rules[pick->number];
    pick->mode = rule->throttles ? zta_rules_lack_mode(view, rule) : zta_rules_mode(view, rule);
    if (pick->mode != ZTA_MODE_OFF &&
        ((!rule->throttles && !zta_rules_when_holds(view, rule)) || !make_tag(view, key, pick))) {
        pick->mode = ZTA_MODE_OFF;
    }
}

static struct zta_limit_charge charge_of(const struct zta_rules_view *view, const struct pick *pick)
{
    const struct zta_rule *rule = &view->set->rules[pick->number];
    return (struct zta_limit_charge){
        .name = rule->name,
        .number = pick->number,
        .tag = pick->tag,
        .count = rule->count,
        .window_s = rule->window_s,
        .burst = rule->burst,
        .mode = pick->mode,
        .line = rule->line,
        .source = rule->source,
        .is_keyed_by_identity = rule->is_keyed_by_identity,
        .is_fleets = rule->is_fleets,
    };
}

uint64_t zta_rules_limit_tag(const struct zta_ruleset *set, const struct zta_facts *facts,
                             const struct zta_limit_charge *charge,
                             const struct zta_siphash_key *key)
{
    const struct zta_rules_view view = {.set = set, .facts = facts};
    struct pick pick = {.number = charge->number, .mode = charge->mode, .tag = 1};
    (void)make_tag(&view, key, &pick); /* it could be made before, by the same facts */
    return pick.tag;
}

static enum zta_rules_question question_of(enum zta_limit_phase phase)
{
    switch (phase) {
    case ZTA_LIMIT_BEFORE:
        return ZTA_RULES_LIMIT_BEFORE;
    case ZTA_LIMIT_AFTER:
        return ZTA_RULES_LIMIT_AFTER;
    case ZTA_LIMIT_ELSE:
        break;
    }
    return ZTA_RULES_LIMIT_ELSE;
}

size_t zta_rules_limits(const struct zta_ruleset *set, const struct zta_facts *facts,
                        const struct zta_stance *stance, int64_t now_s, enum zta_limit_phase phase,
                        const struct zta_siphash_key *key,
                        struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX], size_t *n_left_out)
{
    const struct zta_rules_index *index = set->index[question_of(phase)];
    *n_left_out = 0;
    if (zta_rules_index_is_empty(index)) {
        return 0;
    }
    const struct zta_rules_view view = {
        .set = set,
        .facts = facts,
        .force = zta_rules_force_of(stance),
        .now_s = now_s,
        .is_found = zta_rules_is_found(facts),
    };
    struct pick picks[ZTA_LIMIT_CHARGES_MAX];
    struct zta_index_cursor cursor;
    const uint32_t *numbers;
    size_t n_numbers;
    size_t n = 0;
    zta_index_cursor_init(index, facts->host, facts->path, facts->method, &cursor);
    while ((numbers = zta_index_cursor_next(&cursor, &n_numbers)) != NULL) {
        for (size_t i = 0; i < n_numbers; i++) {
            struct pick pick = {.number = numbers[i]};
            consider(&view, key, &pick);
            if (pick.mode != ZTA_MODE_OFF) {
                insert(picks, &n, &pick, n_left_out);
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        charges[i] = charge_of(&view, &picks[i]);
    }
    return n;
}

void zta_rules_limit_keys(const struct zta_ruleset *set, uint32_t number, struct zta_buffer *out)
{
    if (number >= set->n_rules) {
        return;
    }
    const struct zta_rule *rule = &set->rules[number];
    zta_buffer_string(out, rule->throttles ? "session or ip" : "");
    for (uint32_t i = 0; i < rule->n_keys; i++) {
        const struct zta_rule_key *key = &set->keys[rule->first_key + i];
        zta_buffer_printf(out, "%s%s", i > 0 ? " " : "", zta_limit_key_info(key->key)->name);
        if (!zta_text_is_absent(key->claim)) {
            zta_buffer_string(out, ":");
            zta_buffer_text(out, key->claim);
        }
    }
}
