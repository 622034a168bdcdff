/* SPDX-License-Identifier: Apache-2.0 */
/* The small world of the property tests. */
#include "tests/unit/random_rules.h"

#include "shared/rules/attributes.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

static const struct zta_text issuers[] = {ZTA_TEXT("corp"), ZTA_TEXT("partner"), ZTA_TEXT("local")};

static const char *const hosts[] = {"example.com", "api.example.com", "www.example.com",
                                    "a.b.example.com", "other.org"};
static const char *const host_patterns[] = {"example.com",
                                            "API.example.com",
                                            "www.example.com",
                                            "*.example.com",
                                            "*.b.example.com",
                                            "*.com",
                                            "*",
                                            "a*.example.com",
                                            "other.org"};
static const char *const segments[] = {"a", "b", "c", "ab", "*"};
static const char *const segment_patterns[] = {"a", "b", "c", "*", "**", "a*", "*b", "\\*", "ab"};
static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PROPFIND", "get"};
static const char *const numbers[] = {"0", "1", "10", "100"};
static const char *const media_types[] = {"text/html", "text/plain", "application/json"};
static const char *const media_patterns[] = {"text/*", "TEXT/html", "application/json", "*"};
static const char *const words[] = {"ann", "bob", "cy", "dan"};
static const struct zta_text corp_acrs[] = {ZTA_TEXT("ann"), ZTA_TEXT("bob"), ZTA_TEXT("cy")};
static const struct zta_text partner_acrs[] = {ZTA_TEXT("dan"), ZTA_TEXT("ann")};
static const struct zta_acr_order acrs[] = {
    {.values = corp_acrs, .n = COUNT(corp_acrs)},
    {.values = partner_acrs, .n = COUNT(partner_acrs)},
    {.n = 0},
};
static const char *const claim_words[] = {"1", "2.5", "true", "false", "ann", "1e0", "2"};
static const char *const claim_bounds[] = {"0", "1", "2.5", "-1"};
static const char *const claim_names[] = {"dept", "level"};
static const char *const ages[] = {"30", "60s", "5m", "1h"};
static const char *const thumbprints[] = {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                          "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"};
/* RANDOM_NOW_S is a Friday, 08:00 in London, 09:00 in Zurich, 21:00 in Auckland. */
static const char *const days[] = {"Mon-Fri", "Sat,Sun", "Fri", "Fri-Mon", "Thu", "Mon,Thu-Sat"};
static const char *const spans[] = {"07:00-19:00", "22:00-06:00", "00:00-24:00", "09:00-09:01",
                                    "08:00-09:00", "21:00-20:59", "21:30-21:00"};
static const char *const zones[] = {"Europe/Zurich", "Pacific/Auckland", "UTC", "America/New_York"};
static const char *const names[RANDOM_RULES_MAX] = {"m", "m1", "a",   "z",  "b-1", "b-10", "b-2",
                                                    "A", "k",  "k.k", "zz", "q",   "q_",   "0"};
static const char *const list_names[RANDOM_LISTS] = {"paths", "hosts",  "words", "claims",
                                                     "nets",  "places", "many"};
static const char *const devices[] = {"managed", "compliant", "attested", "encrypted",
                                      "owner-match"};
static const char *const behaviours[] = {"usual-country", "unusual-country", "usual-network",
                                         "unusual-rate"};
static const char *const systems[] = {"macos",        "macos>=14.2", "macos<14.10",
                                      "windows>10.0", "windows",     "linux<=6"};
static const char *const system_names[] = {"macos", "windows", "linux"};
static const char *const versions[] = {"14.2", "14.10.0", "14", "10.0.22631", "6", "06.0", "6.x"};
static const char *const scores[] = {"0", "30", "40", "41", "100"};
static const char *const signals[] = {"new-country", "honeypot", "stuffing", "new-device"};
static const char *const networks[] = {"192.0.2.0/24", "192.0.2.1",    "2001:db8::/32",
                                       "asn:64500",    "asn:64501",    "0.0.0.0/0",
                                       "::/0",         "192.0.2.0/31", "::ffff:192.0.2.2/127",
                                       "128.0.0.0/1",  "2001:db8::1"};
static const char *const addresses[] = {"192.0.2.1",   "192.0.2.2",   "198.51.100.1",
                                        "2001:db8::1", "2001:db9::1", "::ffff:192.0.2.1"};
static const char *const countries[] = {"CH", "de", "FR"};
static const char *const agents[] = {"curl/8", "Mozilla/5.0 (X11)", "mozilla", "", "a*b"};
static const char *const agent_patterns[] = {"curl/*", "Mozilla/*", "*", "a\\*b", "*X11*"};

uint32_t random_below(struct random_source *source, uint32_t n)
{
    uint64_t state = source->state + UINT64_C(0x9e3779b97f4a7c15);
    source->state = state;
    state = (state ^ (state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    state = (state ^ (state >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((state ^ (state >> 31)) % n);
}

bool random_chance(struct random_source *source, uint32_t percent)
{
    return random_below(source, 100) < percent;
}

#define PICK(source, array) ((array)[random_below((source), COUNT(array))])

/* Up to five segments, now and then more than the index looks at. */
static void make_path(struct random_source *source, const char *const *from, uint32_t n_from,
                      char *out, size_t size)
{
    const uint32_t n = random_chance(source, 2) ? 18 : random_below(source, 5);
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, size);
    for (uint32_t i = 0; i < n; i++) {
        zta_buffer_printf(&buffer, "/%s", n == 18 ? "a" : from[random_below(source, n_from)]);
    }
    if (n == 0 || random_chance(source, 10)) {
        zta_buffer_string(&buffer, "/");
    }
    else if (from == segment_patterns && random_chance(source, 30)) {
        zta_buffer_string(&buffer, "/**");
    }
}

static const char *word_of(struct random_source *source, enum zta_value_type type)
{
    switch (type) {
    case ZTA_VALUE_HOST:
        return PICK(source, host_patterns);
    case ZTA_VALUE_METHOD:
        return PICK(source, methods);
    case ZTA_VALUE_NUMBER:
        return PICK(source, numbers);
    case ZTA_VALUE_MEDIA_TYPE:
        return PICK(source, media_patterns);
    case ZTA_VALUE_CLAIM:
        return PICK(source, claim_words);
    case ZTA_VALUE_DURATION:
        return PICK(source, ages);
    case ZTA_VALUE_THUMBPRINT:
        return PICK(source, thumbprints);
    case ZTA_VALUE_CREDENTIAL:
        return zta_credential_name((enum zta_credential)(1 + random_below(source, 4)));
    case ZTA_VALUE_BINDING:
        return zta_binding_name((enum zta_binding)random_below(source, 3));
    case ZTA_VALUE_DEVICE:
        return PICK(source, devices);
    case ZTA_VALUE_OS:
        return PICK(source, systems);
    case ZTA_VALUE_PATTERN:
        return PICK(source, agent_patterns);
    case ZTA_VALUE_NETWORK:
        return PICK(source, networks);
    case ZTA_VALUE_COUNTRY:
        return PICK(source, countries);
    case ZTA_VALUE_BEHAVIOUR:
        return PICK(source, behaviours);
    case ZTA_VALUE_RISK:
        return PICK(source, scores);
    case ZTA_VALUE_THREAT_LEVEL:
        return zta_threat_level_name((enum zta_threat_level)random_below(source, 4));
    case ZTA_VALUE_SIGNAL:
        return PICK(source, signals);
    case ZTA_VALUE_ACR:
    case ZTA_VALUE_NAME:
    case ZTA_VALUE_TEXT:
    case ZTA_VALUE_SCOPE:
    case ZTA_VALUE_PATH:
    case ZTA_VALUE_HOURS:
    case ZTA_N_VALUE_TYPES:
        break;
    }
    return PICK(source, words);
}

/* How a rule names issuers. */
enum naming {
    NAMING_NONE,
    NAMING_LINE,
    NAMING_VALUES
};

struct maker {
    struct random_source *source;
    const struct random_shape *shape;
    struct random_rules *rules;
    size_t rule;
    enum naming naming;
};

static void make_text(struct maker *maker, unsigned attribute, char text[RANDOM_TEXT_MAX])
{
    struct random_source *source = maker->source;
    const struct zta_attribute_info *info = zta_attribute_info(attribute);
    if (attribute == ZTA_ATTRIBUTE_PATH) {
        make_path(source, segment_patterns, COUNT(segment_patterns), text, RANDOM_TEXT_MAX);
        return;
    }
    if (attribute == ZTA_ATTRIBUTE_ISSUER) {
        const struct zta_text issuer =
            maker->rules->issuers[random_below(source, (uint32_t)maker->rules->n_issuers)];
        (void)snprintf(text, RANDOM_TEXT_MAX, "%.*s", (int)issuer.len, issuer.data);
        return;
    }
    const bool has_issuer =
        maker->naming == NAMING_VALUES && (info->traits & ZTA_TRAIT_PER_ISSUER) != 0;
    const char *word = word_of(source, info->type);
    (void)snprintf(text, RANDOM_TEXT_MAX, "%s%s%s", word, has_issuer ? "@" : "",
                   has_issuer ? issuers[random_below(source, COUNT(issuers))].data : "");
}

static const char *list_for(unsigned attribute)
{
    switch (zta_attribute_info(attribute)->type) {
    case ZTA_VALUE_PATH:
        return "paths";
    case ZTA_VALUE_HOST:
        return "hosts";
    case ZTA_VALUE_CLAIM:
        return "claims";
    case ZTA_VALUE_NETWORK:
        return "nets";
    case ZTA_VALUE_COUNTRY:
        return "places";
    case ZTA_VALUE_TEXT:
    case ZTA_VALUE_SCOPE:
    case ZTA_VALUE_ACR:
        return "words";
    default:
        return NULL;
    }
}

static void make_value(struct maker *maker, const struct zta_ast_cond *cond,
                       struct zta_ast_value *value, char text[RANDOM_TEXT_MAX])
{
    struct random_source *source = maker->source;
    *value = (struct zta_ast_value){.is_quoted = false};
    const char *list = list_for(cond->attribute);
    const bool can_list =
        list != NULL && cond->op == ZTA_OP_ANY_OF &&
        (maker->naming != NAMING_VALUES ||
         (zta_attribute_info(cond->attribute)->traits & ZTA_TRAIT_PER_ISSUER) == 0);
    if (maker->shape->has_keywords && cond->op == ZTA_OP_ANY_OF && random_chance(source, 8)) {
        value->text = zta_text_of(random_chance(source, 50) ? "unknown" : "known");
        return;
    }
    if (can_list && random_chance(source, 12)) {
        value->is_list = true;
        value->text = zta_text_of(
            cond->attribute == ZTA_ATTRIBUTE_PATH && random_chance(source, 20) ? "many" : list);
        return;
    }
    make_text(maker, cond->attribute, text);
    value->text = zta_text_of(text);
    value->is_quoted = cond->op == ZTA_OP_ANY_OF &&
                       zta_attribute_info(cond->attribute)->type == ZTA_VALUE_CLAIM &&
                       random_chance(source, 25);
}

static void choose_op(struct maker *maker, struct zta_ast_cond *cond)
{
    const struct zta_attribute_info *info = zta_attribute_info(cond->attribute);
    cond->op = ZTA_OP_ANY_OF;
    if (info->type == ZTA_VALUE_DURATION || info->type == ZTA_VALUE_RISK ||
        ((info->traits & ZTA_TRAIT_ORDERED) != 0 && random_chance(maker->source, 40) &&
         (info->type != ZTA_VALUE_CLAIM || maker->naming != NAMING_VALUES))) {
        cond->op = (enum zta_op)(ZTA_OP_LT + random_below(maker->source, 4));
    }
}

/* One or two windows. */
static void make_hours(struct maker *maker, struct zta_ast_cond *cond)
{
    struct random_source *source = maker->source;
    const size_t n = 2 * (1 + random_below(source, 2));
    for (size_t i = 0; i <= n; i++) {
        const char *word = i == n       ? PICK(source, zones)
                           : i % 2 == 0 ? PICK(source, days)
                                        : PICK(source, spans);
        cond->values[i] = (struct zta_ast_value){.text = zta_text_of(word)};
    }
    cond->n_values = n + 1;
}

static unsigned choose_attribute(struct maker *maker, enum zta_rule_kind kind, bool is_need,
                                 bool is_negated)
{
    struct random_source *source = maker->source;
    const bool is_early = !is_need && !is_negated && !maker->shape->has_plain_context &&
                          (kind == ZTA_RULE_DENY || kind == ZTA_RULE_REQUIRE);
    if (is_early || (!is_need && random_chance(source, 60))) {
        return random_below(source, ZTA_ATTRIBUTE_METHOD + 1);
    }
    if (is_need && random_chance(source, 40)) {
        return ZTA_ATTRIBUTE_SCOPE;
    }
    unsigned attribute = random_below(source, ZTA_N_ATTRIBUTES);
    while ((zta_attribute_info(attribute)->kinds & 1u << kind) == 0) {
        attribute = random_below(source, ZTA_N_ATTRIBUTES);
    }
    return attribute;
}

static void make_cond(struct maker *maker, enum zta_rule_kind kind, size_t group, size_t at)
{
    struct random_source *source = maker->source;
    struct random_rules *rules = maker->rules;
    struct zta_ast_cond *cond = &rules->conds[maker->rule][group][at];
    const bool is_need = rules->groups[maker->rule][group].is_need;
    *cond = (struct zta_ast_cond){.is_negated = random_chance(source, 20)};
    cond->attribute = (uint16_t)choose_attribute(maker, kind, is_need, cond->is_negated);
    cond->values = rules->values[maker->rule][group][at];
    if (cond->attribute == ZTA_ATTRIBUTE_HOURS) {
        make_hours(maker, cond);
        return;
    }
    choose_op(maker, cond);
    if (cond->attribute == ZTA_ATTRIBUTE_CLAIM) {
        cond->claim = zta_text_of(PICK(source, claim_names));
    }
    cond->n_values = cond->op == ZTA_OP_ANY_OF ? 1 + random_below(source, 3) : 1;
    for (size_t i = 0; i < cond->n_values; i++) {
        make_value(maker, cond, &cond->values[i], rules->texts[maker->rule][group][at][i]);
    }
    if (cond->op != ZTA_OP_ANY_OF && cond->attribute == ZTA_ATTRIBUTE_CLAIM) {
        cond->values[0].text = zta_text_of(PICK(source, claim_bounds));
    }
    if (cond->op != ZTA_OP_ANY_OF && cond->attribute == ZTA_ATTRIBUTE_ACR) {
        cond->values[0].text = PICK(source, corp_acrs);
    }
}

/* The line `when issuer NAME`. */
static void make_issuer_line(struct maker *maker, size_t group)
{
    struct zta_ast_cond *cond = &maker->rules->conds[maker->rule][group][0];
    *cond = (struct zta_ast_cond){
        .attribute = ZTA_ATTRIBUTE_ISSUER,
        .values = maker->rules->values[maker->rule][group][0],
        .n_values = 1,
    };
    cond->values[0] = (struct zta_ast_value){
        .text = issuers[random_below(maker->source, COUNT(issuers))],
    };
}

static void make_groups(struct maker *maker, struct zta_ast_rule *rule)
{
    struct random_source *source = maker->source;
    for (size_t i = 0; i < rule->n_groups; i++) {
        struct zta_ast_group *group = &rule->groups[i];
        *group = (struct zta_ast_group){
            .conds = maker->rules->conds[maker->rule][i],
            .n_conds = random_chance(source, 25) ? 2 + random_below(source, 2) : 1,
        };
        group->is_need = (rule->kind == ZTA_RULE_ALLOW && random_chance(source, 50)) ||
                         (rule->kind == ZTA_RULE_REQUIRE && (i > 0 || rule->n_groups == 1));
        if (i == 0 && maker->naming == NAMING_LINE && !group->is_need) {
            group->n_conds = 1;
            make_issuer_line(maker, i);
            continue;
        }
        for (size_t j = 0; j < group->n_conds; j++) {
            make_cond(maker, rule->kind, i, j);
        }
    }
}

static void make_limit(struct maker *maker, struct zta_ast_rule *rule)
{
    struct random_source *source = maker->source;
    rule->keys = maker->rules->keys[maker->rule];
    rule->key_claims = maker->rules->key_claims[maker->rule];
    rule->n_keys = 1 + random_below(source, RANDOM_KEYS_MAX);
    for (size_t i = 0; i < rule->n_keys; i++) {
        rule->keys[i] = (uint16_t)random_below(source, ZTA_N_KEYS);
        rule->key_claims[i] = (struct zta_text){.data = NULL};
        if (rule->keys[i] == ZTA_KEY_CLAIM) {
            rule->key_claims[i] = zta_text_of(PICK(source, claim_names));
        }
    }
    rule->rate = (struct zta_ast_rate){.count = 5, .window_s = 10, .unit = 's', .n_units = 10};
    rule->rate.is_fleets = maker->rule % 2 == 0;
}

static void make_step_up(struct random_source *source, struct zta_ast_step_up *step_up)
{
    const bool has_acr = random_chance(source, 60);
    *step_up = (struct zta_ast_step_up){.max_age_s = -1};
    if (has_acr) {
        step_up->acr = zta_text_of(PICK(source, words));
    }
    if (!has_acr || random_chance(source, 60)) {
        step_up->max_age_s = random_chance(source, 50) ? 60 : 300;
    }
}

void random_rules_add(struct random_source *source, const struct random_shape *shape,
                      enum zta_rule_kind kind, struct random_rules *rules)
{
    struct maker maker = {
        .source = source,
        .shape = shape,
        .rules = rules,
        .rule = rules->ast.n_rules,
        .naming = rules->n_issuers == 1       ? NAMING_NONE
                  : random_chance(source, 50) ? NAMING_LINE
                                              : NAMING_VALUES,
    };
    /* The line would be a plain `when` on the credential. */
    if (!shape->has_plain_context && maker.naming == NAMING_LINE && kind != ZTA_RULE_ALLOW) {
        maker.naming = NAMING_VALUES;
    }
    struct zta_ast_rule *rule = &rules->rules[maker.rule];
    *rule = (struct zta_ast_rule){
        .kind = kind,
        .name = zta_text_of(names[maker.rule]),
        .groups = rules->groups[maker.rule],
        .n_groups = 1 + random_below(source, RANDOM_GROUPS_MAX),
        .mode = random_chance(source, 80)   ? ZTA_MODE_ENFORCE
                : random_chance(source, 70) ? ZTA_MODE_MONITOR
                                            : ZTA_MODE_OFF,
        .place = {.line = 10 * (uint32_t)maker.rule + 1, .column = 1},
    };
    if (random_chance(source, 10)) {
        rule->from_s = RANDOM_NOW_S - 1 + random_below(source, 3);
        rule->until_s = RANDOM_NOW_S - 1 + random_below(source, 3);
    }
    if (kind == ZTA_RULE_REQUIRE && maker.naming == NAMING_LINE && rule->n_groups == 1) {
        rule->n_groups = 2;
    }
    make_groups(&maker, rule);
    if (maker.naming == NAMING_LINE && rule->groups[0].is_need) {
        rule->groups[0].is_need = false;
        rule->groups[0].n_conds = 1;
        make_issuer_line(&maker, 0);
    }
    if (kind == ZTA_RULE_LIMIT) {
        make_limit(&maker, rule);
    }
    if (kind == ZTA_RULE_REQUIRE && random_chance(source, 40)) {
        rule->otherwise = (enum zta_otherwise)(ZTA_ELSE_DENY + random_below(source, 3));
    }
    if (rule->otherwise == ZTA_ELSE_STEP_UP) {
        make_step_up(source, &rule->step_up);
    }
    if (rule->otherwise == ZTA_ELSE_THROTTLE) {
        rule->rate = (struct zta_ast_rate){.count = 3, .window_s = 60, .unit = 'm', .n_units = 1};
    }
    rules->ast.n_rules++;
}

static void make_lists(struct random_source *source, const struct random_shape *shape,
                       struct random_rules *rules)
{
    static const uint16_t attributes[RANDOM_LISTS] = {
        ZTA_ATTRIBUTE_PATH,    ZTA_ATTRIBUTE_HOST,    ZTA_ATTRIBUTE_ROLE, ZTA_ATTRIBUTE_CLAIM,
        ZTA_ATTRIBUTE_NETWORK, ZTA_ATTRIBUTE_COUNTRY, ZTA_ATTRIBUTE_PATH};
    struct maker maker = {.source = source, .shape = shape, .rules = rules};
    for (size_t i = 0; i < RANDOM_LISTS; i++) {
        struct zta_ast_list *list = &rules->lists[i];
        *list = (struct zta_ast_list){
            .name = zta_text_of(list_names[i]),
            .items = rules->items[i],
            .n_items = i == RANDOM_LISTS - 1 ? RANDOM_ITEMS_MAX : random_below(source, 12),
        };
        list->n_own = list->n_items;
        for (size_t j = 0; j < list->n_items; j++) {
            make_text(&maker, attributes[i], rules->item_texts[i][j]);
            list->items[j] = (struct zta_ast_value){.text = zta_text_of(rules->item_texts[i][j])};
        }
    }
}

void random_rules_make(struct random_source *source, const struct random_shape *shape,
                       struct random_rules *rules)
{
    rules->source_name = ZTA_TEXT("random.zta");
    rules->issuers = issuers;
    rules->acrs = acrs;
    rules->n_issuers = random_chance(source, 60) ? 1 : COUNT(issuers);
    rules->ast = (struct zta_rules_ast){
        .lists = rules->lists,
        .n_lists = RANDOM_LISTS,
        .rules = rules->rules,
        .source_names = &rules->source_name,
        .n_sources = 1,
    };
    make_lists(source, shape, rules);
    const uint32_t n = random_below(source, (uint32_t)shape->n_rules_max + 1);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t kind = random_below(source, 10);
        random_rules_add(source, shape,
                         kind < 5   ? ZTA_RULE_ALLOW
                         : kind < 7 ? ZTA_RULE_DENY
                         : kind < 9 ? ZTA_RULE_REQUIRE
                                    : ZTA_RULE_LIMIT,
                         rules);
    }
}

static struct zta_text maybe(struct random_source *source, const char *text)
{
    return zta_text_of(random_chance(source, 85) ? text : NULL);
}

static void make_values(struct random_source *source, struct zta_identity *identity,
                        struct zta_values *values)
{
    const uint32_t n = random_below(source, 4);
    *values =
        (struct zta_values){.first = identity->n_values, .is_known = random_chance(source, 85)};
    for (uint32_t i = 0; values->is_known && i < n; i++) {
        identity->values[identity->n_values++] = zta_text_of(PICK(source, words));
        values->n++;
    }
}

static void make_claims(struct random_source *source, struct zta_identity *identity)
{
    static const struct zta_claim scalars[] = {
        {.kind = ZTA_CLAIM_EMPTY, .text = {.data = "", .len = 0}},
        {.kind = ZTA_CLAIM_STRING, .text = {.data = "ann", .len = 3}},
        {.kind = ZTA_CLAIM_STRING, .text = {.data = "1", .len = 1}},
        {.kind = ZTA_CLAIM_STRING, .text = {.data = "true", .len = 4}},
        {.kind = ZTA_CLAIM_NUMBER, .text = {.data = "1", .len = 1}, .number = 1},
        {.kind = ZTA_CLAIM_NUMBER, .text = {.data = "2.50", .len = 4}, .number = 2.5},
        {.kind = ZTA_CLAIM_BOOL, .text = {.data = "true", .len = 4}, .number = 1},
        {.kind = ZTA_CLAIM_BOOL, .text = {.data = "false", .len = 5}, .number = 0},
    };
    identity->n_claims = 0;
    for (uint32_t i = 0; i < COUNT(claim_names); i++) {
        for (uint32_t n = random_below(source, 3); n > 0; n--) {
            struct zta_claim *claim = &identity->claims[identity->n_claims++];
            *claim = PICK(source, scalars);
            claim->name = zta_text_of(claim_names[i]);
        }
    }
}

static void make_identity(struct random_source *source, const struct random_rules *rules,
                          struct zta_identity *identity)
{
    zta_identity_init(identity);
    identity->credential = (enum zta_credential)(1 + random_below(source, 4));
    identity->binding = (enum zta_binding)random_below(source, 3);
    identity->issuer = rules->issuers[random_below(source, (uint32_t)rules->n_issuers)];
    identity->subject = maybe(source, PICK(source, words));
    identity->client = maybe(source, PICK(source, words));
    identity->apikey = maybe(source, PICK(source, words));
    identity->acr = maybe(source, PICK(source, words));
    identity->certificate = maybe(source, PICK(source, thumbprints));
    make_values(source, identity, &identity->roles);
    make_values(source, identity, &identity->groups);
    make_values(source, identity, &identity->scopes);
    make_values(source, identity, &identity->amr);
    make_claims(source, identity);
    static const int64_t logins_ago_s[] = {-5, 0, 29, 30, 60, 299, 300, 301, 3600, 9000};
    identity->auth_time_s =
        random_chance(source, 80) ? RANDOM_NOW_S - PICK(source, logins_ago_s) : 0;
    identity->session_kind = random_chance(source, 80) ? ZTA_SESSION_SID : ZTA_SESSION_NONE;
}

static struct zta_answers make_answers(struct random_source *source, unsigned n)
{
    const uint32_t all = 1u << n;
    return (struct zta_answers){
        .known = (uint8_t)(random_below(source, all) | random_below(source, all)),
        .yes = (uint8_t)random_below(source, all),
    };
}

static void make_context(struct random_source *source, struct random_request *request)
{
    static const char *const known_countries[] = {"CH", "DE", "US"};
    struct zta_context *context = &request->context;
    *context = (struct zta_context){
        .country = maybe(source, PICK(source, known_countries)),
        .asn = random_chance(source, 70) ? 64500 + random_below(source, 3) : 0,
        .traits = make_answers(source, ZTA_N_DEVICE_TRAITS),
        .os = maybe(source, PICK(source, system_names)),
        .os_version = maybe(source, PICK(source, versions)),
        .usual = make_answers(source, ZTA_N_HABITS),
        .usual_from = {.source = ZTA_SOURCE_BASELINE},
    };
    if (random_chance(source, 50)) {
        context->traits.known |= 1u << ZTA_DEVICE_KNOWN;
        context->traits.yes |= 1u << ZTA_DEVICE_KNOWN;
    }
    request->facts.context = random_chance(source, 95) ? context : NULL;
    request->facts.agent = maybe(source, PICK(source, agents));
    request->facts.addr = (struct zta_addr){.family = 0};
    if (random_chance(source, 90) &&
        zta_addr_parse(zta_text_of(PICK(source, addresses)), &request->facts.addr) != ZTA_OK) {
        request->facts.addr.family = 0;
    }
}

static void make_risk(struct random_source *source, struct random_request *request)
{
    static const uint8_t values[] = {0, 29, 30, 40, 41, 100};
    static const int64_t ages_s[] = {1, 30, 59, 60, 300, 9000};
    request->risk = (struct zta_risk_facts){
        .score = PICK(source, values),
        .signals = random_below(source, 1u << ZTA_N_RISK_SIGNALS) &
                   random_below(source, 1u << ZTA_N_RISK_SIGNALS),
        .newest_s = random_chance(source, 80) ? RANDOM_NOW_S - PICK(source, ages_s) : 0,
        .threat = (enum zta_threat_level)random_below(source, ZTA_N_THREAT_LEVELS),
    };
    request->facts.risk = random_chance(source, 90) ? &request->risk : NULL;
}

void random_request_make(struct random_source *source, const struct random_rules *rules,
                         struct random_request *request)
{
    static const int64_t lengths[] = {-1, 0, 1, 10, 99, 100, 101};
    make_identity(source, rules, &request->identity);
    make_path(source, segments, COUNT(segments), request->path, sizeof request->path);
    request->facts = (struct zta_facts){
        .host = zta_text_of(PICK(source, hosts)),
        .path = zta_text_of(request->path),
        .method = zta_text_of(PICK(source, methods)),
        .content_type = maybe(source, PICK(source, media_types)),
        .content_length = PICK(source, lengths),
        .route = maybe(source, "/a"),
        .identity = random_chance(source, 95) ? &request->identity : NULL,
    };
    make_context(source, request);
    make_risk(source, request);
    if (random_chance(source, 1)) {
        request->facts.host = (struct zta_text){.data = NULL};
    }
    if (random_chance(source, 1)) {
        request->facts.path = (struct zta_text){.data = NULL};
    }
    if (random_chance(source, 1)) {
        request->facts.method = (struct zta_text){.data = NULL};
    }
}

static void forget_claim(struct zta_identity *identity)
{
    const struct zta_text name = zta_text_of(claim_names[0]);
    uint16_t kept = 0;
    for (uint16_t i = 0; i < identity->n_claims; i++) {
        if (!zta_text_equal(identity->claims[i].name, name)) {
            identity->claims[kept++] = identity->claims[i];
        }
    }
    identity->n_claims = kept;
}

static void forget_circumstance(struct random_source *source, struct random_request *request)
{
    struct zta_context *context = &request->context;
    struct zta_text *const texts[] = {&context->country, &context->os, &context->os_version,
                                      &request->facts.agent};
    const uint32_t which = random_below(source, COUNT(texts) + 6);
    if (which < COUNT(texts)) {
        *texts[which] = (struct zta_text){.data = NULL};
    }
    else if (which == COUNT(texts)) {
        context->asn = 0;
    }
    else if (which == COUNT(texts) + 1) {
        context->traits.known &= (uint8_t)random_below(source, 1u << ZTA_N_DEVICE_TRAITS);
    }
    else if (which == COUNT(texts) + 2) {
        context->usual.known &= (uint8_t)random_below(source, 1u << ZTA_N_HABITS);
    }
    else if (which == COUNT(texts) + 3) {
        request->facts.addr = (struct zta_addr){.family = 0};
    }
    else if (which == COUNT(texts) + 4) {
        request->facts.risk = NULL;
    }
    else {
        request->facts.context = NULL;
    }
}

void random_request_forget(struct random_source *source, struct random_request *request)
{
    if (random_chance(source, 40)) {
        forget_circumstance(source, request);
        return;
    }
    struct zta_identity *identity = &request->identity;
    struct zta_text *const texts[] = {&request->facts.content_type,
                                      &identity->issuer,
                                      &identity->subject,
                                      &identity->client,
                                      &identity->apikey,
                                      &identity->acr,
                                      &identity->certificate};
    struct zta_values *const values[] = {&identity->roles, &identity->groups, &identity->scopes,
                                         &identity->amr};
    const uint32_t which = random_below(source, COUNT(texts) + COUNT(values) + 4);
    if (which < COUNT(texts)) {
        texts[which]->data = NULL;
        texts[which]->len = 0;
    }
    else if (which < COUNT(texts) + COUNT(values)) {
        values[which - COUNT(texts)]->is_known = false;
        values[which - COUNT(texts)]->n = 0;
    }
    else if (which == COUNT(texts) + COUNT(values)) {
        request->facts.content_length = -1;
    }
    else if (which == COUNT(texts) + COUNT(values) + 1) {
        identity->auth_time_s = 0;
    }
    else if (which == COUNT(texts) + COUNT(values) + 2) {
        forget_claim(identity);
    }
    else {
        request->facts.identity = NULL;
    }
}

void random_stance_make(struct random_source *source, struct zta_stance *stance)
{
    *stance = (struct zta_stance){
        .stage = (uint8_t)random_below(source, ZTA_STAGE_MAX + 1),
        .allows_by_default = random_chance(source, 30),
    };
    for (size_t i = 0; i < ZTA_N_FEATURES; i++) {
        stance->modes[i] =
            (uint8_t)(random_chance(source, 80) ? ZTA_MODE_ENFORCE : random_below(source, 3));
    }
}
