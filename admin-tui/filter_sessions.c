/* SPDX-License-Identifier: Apache-2.0 */
/* What filters see of sessions. */
#include "admin-tui/filter.h"
#include "admin-tui/filter_kind.h"
#include "admin-tui/risk_view.h"
#include "shared/decision.h"
#include "shared/identity.h"

enum ctl_session_field {
#define CTL_FIELD(upper, name, type, expected) CTL_SESSION_##upper,
#include "admin-tui/session_fields.def"
#undef CTL_FIELD
    CTL_N_SESSION_FIELDS,
};

static const struct ctl_field_info fields[] = {
#define CTL_FIELD(upper, text, kind, values)                                                       \
    [CTL_SESSION_##upper] = {.name = (text), .type = CTL_TYPE_##kind, .expected = (values)},
#include "admin-tui/session_fields.def"
#undef CTL_FIELD
};

/* What a filter looks at. */
struct record {
    const struct zta_session *session;
    struct ctl_session_look *look;
};

static void see_number(struct ctl_seen *seen, int64_t number)
{
    seen->number = number;
    seen->is_known = true;
}

static void see_name(struct ctl_seen *seen, const struct zta_session *session, const char *name)
{
    seen->issuer = zta_text_of(session->issuer);
    ctl_seen_text(seen, zta_text_of(name));
}

static void see_risk(struct ctl_seen *seen, const struct record *record)
{
    struct ctl_session_look *look = record->look;
    uint8_t score = 0;
    if (look->view != NULL && look->status == ZTA_OK) {
        look->status = ctl_risk_of_session(look->view, record->session->id, look->now_s, &score);
        see_number(seen, score);
    }
}

static void see(const void *context, unsigned field, int64_t now_s, struct ctl_seen *seen)
{
    const struct record *record = context;
    const struct zta_session *session = record->session;
    switch ((enum ctl_session_field)field) {
    case CTL_SESSION_SESSION:
        seen->id = session->id;
        seen->is_known = true;
        break;
    case CTL_SESSION_SUBJECT:
        see_name(seen, session, session->subject);
        break;
    case CTL_SESSION_ISSUER:
        ctl_seen_text(seen, zta_text_of(session->issuer));
        break;
    case CTL_SESSION_CLIENT:
        see_name(seen, session, session->client);
        break;
    case CTL_SESSION_APIKEY:
        ctl_seen_text(seen, zta_text_of(session->apikey));
        break;
    case CTL_SESSION_ADDRESS:
        seen->addr = session->addr;
        seen->is_known = session->addr.family != 0;
        break;
    case CTL_SESSION_AGENT:
        ctl_seen_text(seen, zta_text_of(session->agent));
        break;
    case CTL_SESSION_KIND:
        ctl_seen_text(seen, zta_text_of(zta_session_kind_name(session->kind)));
        break;
    case CTL_SESSION_CREDENTIAL:
        see_number(seen, (int64_t)session->credential);
        break;
    case CTL_SESSION_REASON:
        see_number(seen, session->last_reason);
        break;
    case CTL_SESSION_REQUESTS:
        see_number(seen, (int64_t)session->n_requests);
        break;
    case CTL_SESSION_DENIED:
        see_number(seen, (int64_t)session->n_denied);
        break;
    case CTL_SESSION_RISK:
        see_risk(seen, record);
        break;
    case CTL_SESSION_SEEN:
        see_number(seen, now_s - session->last_s);
        break;
    case CTL_SESSION_AGE:
        see_number(seen, now_s - session->first_s);
        break;
    case CTL_N_SESSION_FIELDS:
        break;
    }
}

/* A free word in what tells a session from others. */
static bool has_word(const void *record, struct zta_text word)
{
    const struct zta_session *session = ((const struct record *)record)->session;
    char id[2 * ZTA_SESSION_ID_SIZE + 1];
    zta_hex_encode(session->id, sizeof session->id, id);
    const char *const texts[] = {session->subject, session->issuer, session->client,
                                 session->apikey,  session->agent,  id};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (ctl_filter_contains(zta_text_of(texts[i]), word)) {
            return true;
        }
    }
    return ctl_filter_addr_contains(&session->addr, word);
}

static const struct ctl_filter_kind sessions = {
    .fields = fields, .n_fields = CTL_N_SESSION_FIELDS, .see = see, .has_word = has_word};

const struct ctl_filter_kind *ctl_filter_kind_sessions(void)
{
    return &sessions;
}

enum zta_status ctl_filter_parse_sessions(struct zta_text text, struct ctl_filter *filter,
                                          struct zta_error *error)
{
    return ctl_filter_parse_kind(text, &sessions, filter, error);
}

bool ctl_filter_matches_session(const struct ctl_filter *filter, const struct zta_session *session,
                                struct ctl_session_look *look)
{
    const struct record record = {.session = session, .look = look};
    return ctl_filter_matches_record(filter, &sessions, &record, look->now_s) &&
           look->status == ZTA_OK;
}
