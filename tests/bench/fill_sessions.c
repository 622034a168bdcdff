/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts N sessions into the store in DIR, those of the tokens that the benchmark draws (tokens.py),
 * without a request. Prints the bytes that one takes in the store.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/sessions.h"

#define SESSIONS_A_CHANGE 50000
#define LIFE_S            21600

static void need(enum zta_status status, const struct zta_error *error)
{
    if (status != ZTA_OK) {
        (void)fprintf(stderr, "fill_sessions: %s: %s\n", zta_status_text(status), error->text);
        exit(1);
    }
}

static void make_session(uint32_t i, int64_t now_s, struct zta_session *session)
{
    static struct zta_identity identity;
    char sid[32];
    memset(session, 0, sizeof *session);
    (void)snprintf(session->issuer, sizeof session->issuer, "corp");
    (void)snprintf(session->client, sizeof session->client, "web");
    (void)snprintf(session->subject, sizeof session->subject, "user-%07u", (unsigned)i);
    (void)snprintf(session->agent, sizeof session->agent, "example-client/1.4 (linux; x86_64)");
    (void)snprintf(sid, sizeof sid, "session-%07u", (unsigned)i);
    zta_identity_init(&identity);
    identity.issuer = zta_text_of(session->issuer);
    identity.client = zta_text_of(session->client);
    identity.subject = zta_text_of(session->subject);
    zta_session_id_make(&identity, ZTA_SESSION_SID, zta_text_of(sid), session->id);
    session->kind = ZTA_SESSION_SID;
    session->credential = ZTA_CREDENTIAL_TOKEN;
    session->first_s = now_s;
    session->last_s = now_s;
    session->expires_s = now_s + LIFE_S;
    session->n_requests = 1;
    session->last_reason = ZTA_REASON_OK;
    session->addr.family = 4;
    memset(session->token_id, (int)(i % 255) + 1, sizeof session->token_id);
}

static uint64_t used(struct zta_store *store)
{
    struct zta_store_usage usage;
    const struct zta_error none = {.text = "usage"};
    need(zta_store_usage(store, false, &usage), &none);
    return usage.used;
}

int main(int argc, char **argv)
{
    struct zta_store *store = NULL;
    struct zta_error error = {.text = ""};
    uint32_t n = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    if (n == 0) {
        (void)fprintf(stderr, "usage: fill_sessions DIR N\n");
        return 2;
    }
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    need(zta_store_open(argv[1], ZTA_STORE_HELPER, 0, &store, &error), &error);
    const uint64_t used_before = used(store);
    for (uint32_t i = 0; i < n;) {
        struct zta_change *change = NULL;
        need(zta_change_begin(store, "benchmark", &change, &error), &error);
        for (uint32_t end = i + SESSIONS_A_CHANGE; i < end && i < n; i++) {
            struct zta_session session;
            make_session(i, now_s, &session);
            need(zta_session_put(change, &session), &error);
        }
        need(zta_change_commit(&change, &error), &error);
    }
    printf("%.0f\n", (double)(used(store) - used_before) / n);
    zta_store_close(&store);
    return 0;
}
