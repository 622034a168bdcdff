/* SPDX-License-Identifier: Apache-2.0 */
/* Values that may be completed: words of tables, and terms of filters. */
#include <string.h>

#include "admin-tui/complete_priv.h"
#include "admin-tui/filter_kind.h"
#include "shared/decision.h"
#include "shared/identity.h"
#include "shared/risk_signals.h"
#include "shared/rules/attributes.h"

/* Each ends with NULL. */
static const char *const durations[] = {"5m", "15m", "1h", "8h", "24h", "7d", "30d", "90d", NULL};
static const char *const answers[] = {"yes", "no", "unknown", NULL};
static const char *const stages[] = {"1", "2", "3", NULL};
static const char *const whens[] = {"auto", "always", "never", NULL};
static const char *const shells[] = {"bash", "zsh", NULL};
static const char *const modes[] = {"monitor", "enforce", NULL};
static const char *const device_orders[] = {"id",        "owner",      "managed",    "compliant",
                                            "encrypted", "os",         "os_version", "created",
                                            "changed",   "changed_by", NULL};
static const char *const systems[] = {"macos", "windows", "linux", "ios", "android", NULL};

static void offer_all(struct ctl_completer *completer, const char *const *words)
{
    for (; *words != NULL; words++) {
        (void)ctl_offer(completer, zta_text_of(*words), NULL, false);
    }
}

static void offer_reasons(struct ctl_completer *completer)
{
    for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
        (void)ctl_offer(completer, zta_text_of(zta_reason_name((enum zta_reason)i)), NULL, false);
    }
}

static void offer_outcomes(struct ctl_completer *completer)
{
    for (int i = ZTA_OUTCOME_DENY; i <= ZTA_OUTCOME_CHALLENGE; i++) {
        (void)ctl_offer(completer, zta_text_of(zta_outcome_name((enum zta_outcome)i)), NULL, false);
    }
}

static void offer_credentials(struct ctl_completer *completer)
{
    for (int i = ZTA_CREDENTIAL_NONE; i <= ZTA_CREDENTIAL_BROWSER; i++) {
        (void)ctl_offer(completer, zta_text_of(zta_credential_name((enum zta_credential)i)), NULL,
                        false);
    }
}

static void offer_signals(struct ctl_completer *completer)
{
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        const struct zta_risk_signal_info *info = zta_risk_signal_info(i);
        (void)ctl_offer(completer, zta_text_of(info->name), info->text, false);
    }
}

static void offer_levels(struct ctl_completer *completer)
{
    for (int i = ZTA_THREAT_ELEVATED; i < ZTA_N_THREAT_LEVELS; i++) {
        (void)ctl_offer(completer, zta_text_of(zta_threat_level_name((enum zta_threat_level)i)),
                        NULL, false);
    }
}

/* ---- words with a value behind "=" ---- */

/* What stands before the last `c` of what is typed, that too, stays as it is. */
static void keep_up_to(struct ctl_completer *completer, char c)
{
    size_t n = completer->typed.len;
    while (n > 0 && completer->typed.data[n - 1] != c) {
        n--;
    }
    completer->head.len += n;
    completer->typed.data += n;
    completer->typed.len -= n;
}

static enum ctl_value value_of_field(const struct ctl_field_info *field)
{
    static const struct {
        const char *name;
        enum ctl_value value;
    } texts[] = {
        {"rule", CTL_VALUE_RULE},       {"issuer", CTL_VALUE_ISSUER},
        {"session", CTL_VALUE_SESSION}, {"client", CTL_VALUE_CLIENT},
        {"method", CTL_VALUE_METHOD},   {"host", CTL_VALUE_HOST},
        {"route", CTL_VALUE_ROUTE},     {"apikey", CTL_VALUE_KEY},
        {"signal", CTL_VALUE_SIGNAL},   {"id", CTL_VALUE_NONE},
        {"address", CTL_VALUE_ADDRESS}, {"os", CTL_VALUE_OS},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(field->name, texts[i].name) == 0) {
            return texts[i].value;
        }
    }
    switch (field->type) {
    case CTL_TYPE_SUBJECT:
        return CTL_VALUE_SUBJECT;
    case CTL_TYPE_OUTCOME:
        return CTL_VALUE_OUTCOME;
    case CTL_TYPE_REASON:
        return CTL_VALUE_REASON;
    case CTL_TYPE_CREDENTIAL:
        return CTL_VALUE_CREDENTIAL;
    case CTL_TYPE_ANSWER:
        return CTL_VALUE_ANSWER;
    case CTL_TYPE_AGE:
        return CTL_VALUE_DURATION;
    case CTL_TYPE_TEXT:
    case CTL_TYPE_PATH:
    case CTL_TYPE_NETWORK:
    case CTL_TYPE_NUMBER:
    case CTL_TYPE_TIME:
    case CTL_TYPE_VERSION:
    case CTL_TYPE_ID:
    case CTL_TYPE_HEX:
        break;
    }
    return CTL_VALUE_NONE;
}

static void offer_fields(struct ctl_completer *completer, const struct ctl_filter_kind *kind,
                         const char *behind)
{
    char text[64];
    for (unsigned i = 0; i < kind->n_fields; i++) {
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        zta_buffer_printf(&out, "%s%s", kind->fields[i].name, behind);
        (void)ctl_offer(completer, (struct zta_text){.data = text, .len = out.len},
                        kind->fields[i].expected, behind[0] != '\0');
    }
}

/* One term: a field, or the last of its values. */
static void offer_term(struct ctl_completer *completer, const struct ctl_filter_kind *kind)
{
    const struct zta_text term = completer->typed;
    size_t len = 0;
    while (len < term.len && strchr("=<>", term.data[len]) == NULL) {
        len++;
    }
    if (len == term.len) {
        offer_fields(completer, kind, "=");
        (void)ctl_offer(completer, ZTA_TEXT("not"), "turns the next term round", true);
        return;
    }
    for (unsigned i = 0; i < kind->n_fields; i++) {
        const struct zta_text name = {.data = term.data, .len = len};
        if (zta_text_equal(name, zta_text_of(kind->fields[i].name))) {
            const size_t behind = len + strspn(term.data + len, "=<>");
            completer->head.len += behind;
            completer->typed.data += behind;
            completer->typed.len -= behind;
            keep_up_to(completer, ',');
            ctl_offer_values(completer, value_of_field(&kind->fields[i]));
            return;
        }
    }
}

/* NAME=VALUE of ask: attributes of rules, and the time. */
static void offer_fact(struct ctl_completer *completer)
{
    char text[64];
    const char *equals = memchr(completer->typed.data, '=', completer->typed.len);
    if (equals == NULL) {
        for (unsigned i = 0; i < ZTA_N_ATTRIBUTES; i++) {
            const struct zta_attribute_info *info = zta_attribute_info(i);
            struct zta_buffer out;
            zta_buffer_init(&out, text, sizeof text);
            zta_buffer_printf(&out, "%s%s", info->name, i == ZTA_ATTRIBUTE_CLAIM ? ":" : "=");
            (void)ctl_offer(completer, (struct zta_text){.data = text, .len = out.len},
                            zta_value_expected(info->type), true);
        }
        (void)ctl_offer(completer, ZTA_TEXT("at="), "a time: 2026-11-22T10:00Z", true);
        return;
    }
    const struct zta_text name = {.data = completer->typed.data,
                                  .len = (size_t)(equals - completer->typed.data)};
    const struct ctl_filter_kind *kind = ctl_filter_kind_events();
    for (unsigned i = 0; i < kind->n_fields; i++) {
        if (zta_text_equal(name, zta_text_of(kind->fields[i].name))) {
            keep_up_to(completer, '=');
            ctl_offer_values(completer, value_of_field(&kind->fields[i]));
            return;
        }
    }
}

/* Choices of both kinds, in turn. */
static void offer_both(struct ctl_completer *completer, enum ctl_value one, enum ctl_value other)
{
    ctl_offer_values(completer, one);
    ctl_offer_values(completer, other);
}

/* Words of tables; false: they stand elsewhere. */
static bool offer_words(struct ctl_completer *completer, enum ctl_value value)
{
    static const char *const *const tables[] = {
        [CTL_VALUE_DURATION] = durations, [CTL_VALUE_ANSWER] = answers,
        [CTL_VALUE_STAGE] = stages,       [CTL_VALUE_WHEN] = whens,
        [CTL_VALUE_SHELL] = shells,       [CTL_VALUE_MODE] = modes,
        [CTL_VALUE_OS] = systems,         [CTL_VALUE_DEVICE_ORDER] = device_orders,
    };
    const bool is_there = value < sizeof tables / sizeof tables[0] && tables[value] != NULL;
    if (is_there) {
        offer_all(completer, tables[value]);
    }
    return is_there;
}

/* Names of tables of the sources. */
static bool offer_names(struct ctl_completer *completer, enum ctl_value value)
{
    static void (*const offers[])(struct ctl_completer *) = {
        [CTL_VALUE_LEVEL] = offer_levels,   [CTL_VALUE_OUTCOME] = offer_outcomes,
        [CTL_VALUE_REASON] = offer_reasons, [CTL_VALUE_CREDENTIAL] = offer_credentials,
        [CTL_VALUE_SIGNAL] = offer_signals, [CTL_VALUE_FACT] = offer_fact,
    };
    const bool is_there = value < sizeof offers / sizeof offers[0] && offers[value] != NULL;
    if (is_there) {
        offers[value](completer);
    }
    return is_there;
}

void ctl_offer_values(struct ctl_completer *completer, enum ctl_value value)
{
    if (offer_words(completer, value) || offer_names(completer, value)) {
        return;
    }
    switch (value) {
    case CTL_VALUE_NONE:
        return;
    case CTL_VALUE_FILE:
        completer->choices->has_files = true;
        return;
    case CTL_VALUE_EVENT_FILTER:
        keep_up_to(completer, ' ');
        offer_term(completer, ctl_filter_kind_events());
        return;
    case CTL_VALUE_DEVICE_FILTER:
        keep_up_to(completer, ' ');
        offer_term(completer, ctl_filter_kind_devices());
        return;
    case CTL_VALUE_SESSION_FILTER:
        keep_up_to(completer, ' ');
        offer_term(completer, ctl_filter_kind_sessions());
        return;
    case CTL_VALUE_SESSION_TERM:
        offer_term(completer, ctl_filter_kind_sessions());
        return;
    case CTL_VALUE_EVENT_TERM:
        offer_term(completer, ctl_filter_kind_events());
        ctl_offer_stored(completer, CTL_VALUE_REQUEST);
        return;
    case CTL_VALUE_EVENT_FIELDS:
        keep_up_to(completer, ',');
        offer_fields(completer, ctl_filter_kind_events(), "");
        return;
    case CTL_VALUE_SESSION_OR_ADDRESS:
        offer_both(completer, CTL_VALUE_SESSION, CTL_VALUE_ADDRESS);
        return;
    case CTL_VALUE_ADDRESS_OR_SUBJECT:
        offer_both(completer, CTL_VALUE_ADDRESS, CTL_VALUE_SUBJECT);
        return;
    default:
        ctl_offer_stored(completer, value);
    }
}
