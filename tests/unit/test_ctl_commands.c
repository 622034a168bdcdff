/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on a store with sessions and published issuers: targets, hits, guards, audit, undo. */
#include "admin-tui/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin-tui/target.h"
#include "admin-tui/token.h"
#include "shared/base/base64.h"
#include "shared/base/clock.h"
#include "shared/store/audit.h"
#include "shared/store/published.h"
#include "shared/store/sessions.h"
#include "tests/unit/store_fixture.h"

static struct store_fixture fixture;
static char out[65536];

static int64_t now_s(void)
{
    return zta_clock_real_ns() / ZTA_NS_PER_S;
}

static void publish(const struct zta_text *names, const struct zta_text *urls, size_t n)
{
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *change = NULL;
    struct zta_error error;
    const struct zta_heartbeat heartbeat = {.time_s = now_s(), .version = "test"};
    assert_int_equal(zta_change_begin(store, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_published_put_issuers(change, names, urls, n), ZTA_OK);
    assert_int_equal(zta_published_put_heartbeat(change, &heartbeat, NULL, 0), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&store);
}

static void put_session(uint8_t number, enum zta_session_kind kind, const char *subject,
                        const char *client)
{
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *change = NULL;
    struct zta_error error;
    struct zta_session session = {
        .kind = kind,
        .credential = ZTA_CREDENTIAL_TOKEN,
        .first_s = now_s() - 100,
        .last_s = now_s() - number,
        .expires_s = now_s() + 600,
        .issuer = "corp",
    };
    memset(session.id, number, sizeof session.id);
    memset(session.token_id, 0xf0 + number, sizeof session.token_id);
    (void)snprintf(session.subject, sizeof session.subject, "%s", subject);
    (void)snprintf(session.client, sizeof session.client, "%s", client);
    assert_int_equal(zta_addr_parse(ZTA_TEXT("192.0.2.7"), &session.addr), ZTA_OK);
    assert_int_equal(zta_change_begin(store, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&store);
}

static int set_up(void **state)
{
    const struct zta_text names[] = {ZTA_TEXT("corp")};
    const struct zta_text urls[] = {ZTA_TEXT("https://idp.example.com")};
    store_fixture_make(&fixture);
    publish(names, urls, 1);
    put_session(1, ZTA_SESSION_SID, "alice", "web");
    put_session(2, ZTA_SESSION_AUTH_TIME, "alice", "web");
    put_session(3, ZTA_SESSION_AUTH_TIME, "alice", "");
    put_session(4, ZTA_SESSION_SID, "bob", "web");
    return 0;
}

static int tear_down(void **state)
{
    store_fixture_remove(&fixture);
    return 0;
}

/* What main() does behind the options, with standard output in `out`. */
static enum ctl_exit run_words(const char *const *words, size_t n)
{
    static char text[24][512];
    static char *argv[24];
    static struct ctl ctl;
    struct zta_error error = {.text = ""};
    size_t n_taken = 0;
    const char *nearest = NULL;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(text[i], sizeof text[i], "%s", words[i]);
        argv[i] = text[i];
    }
    memset(&ctl, 0, sizeof ctl);
    assert_int_equal(ctl_options_parse((int)n, argv, &ctl.options, &error), ZTA_OK);
    ctl.command = ctl_command_find(argv, ctl.options.n_arguments, &n_taken, &nearest);
    assert_non_null(ctl.command);
    ctl.arguments = ctl.options.arguments + n_taken;
    ctl.n_arguments = ctl.options.n_arguments - n_taken;
    ctl.dir = fixture.dir;
    ctl_actor_get(&ctl.actor);
    (void)snprintf(ctl.actor.sudo_user, sizeof ctl.actor.sudo_user, "tester");
    if (ctl.command->access >= CTL_ACCESS_READ) {
        assert_int_equal(ctl_store_open(&ctl, ctl.command->access, &error), ZTA_OK);
    }
    (void)fflush(stdout);
    FILE *file = tmpfile();
    int former = dup(STDOUT_FILENO);
    assert_non_null(file);
    assert_true(former >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    enum ctl_exit code = ctl.command->run(&ctl);
    (void)fflush(stdout);
    (void)dup2(former, STDOUT_FILENO);
    (void)close(former);
    rewind(file);
    out[fread(out, 1, sizeof out - 1, file)] = '\0';
    (void)fclose(file);
    zta_store_close(&ctl.store);
    return code;
}

#define RUN(...)                                                                                   \
    run_words((const char *const[]){__VA_ARGS__},                                                  \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void says(const char *part)
{
    if (strstr(out, part) == NULL) {
        fail_msg("'%s' is missing from:\n%s", part, out);
    }
}

struct kept {
    struct zta_revocation record;
    size_t n;
};

static bool keep(void *context, const struct zta_revocation *record)
{
    struct kept *kept = context;
    kept->record = *record;
    kept->n++;
    return true;
}

/* How many revocations there are; the audit trail verifies each time. */
static size_t n_revoked(uint64_t n_entries)
{
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
    struct zta_view *view = NULL;
    struct kept kept = {.n = 0};
    struct zta_sha256 head;
    struct zta_error error;
    uint64_t n = 0;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_revocation_each(view, keep, &kept), ZTA_OK);
    assert_int_equal(zta_audit_verify(view, &n, &head, &error), ZTA_OK);
    assert_int_equal(n, n_entries);
    zta_view_end(&view);
    zta_store_close(&store);
    return kept.n;
}

/* Would a request of alice without sid, through this client (NULL: none), be refused? */
static bool is_refused(const char *client)
{
    static struct zta_identity identity;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
    struct zta_view *view = NULL;
    bool is_revoked = false;
    enum zta_revocation_kind hit;
    zta_identity_init(&identity);
    identity.issuer = ZTA_TEXT("corp");
    identity.subject = ZTA_TEXT("alice");
    identity.client = zta_text_of(client);
    identity.session_kind = ZTA_SESSION_AUTH_TIME;
    identity.auth_time_s = now_s() - 50;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_revocation_find(view, &identity, 0, &is_revoked, &hit), ZTA_OK);
    zta_view_end(&view);
    zta_store_close(&store);
    return is_revoked;
}

static void revoking_one_session_says_how_and_can_be_undone(void **state)
{
    const char *id = "01010101010101010101010101010101";
    assert_int_equal(RUN("revoke", "--session", id, "--reason", "lost laptop"), CTL_DONE);
    says("Every token of this session is refused");
    says("hits 1 session, last seen");
    says("action 2");
    says("unrevoke --session 01010101010101010101010101010101");
    assert_int_equal(n_revoked(2), 1);
    assert_int_equal(RUN("unrevoke", "--session", id), CTL_DONE);
    assert_int_equal(n_revoked(3), 0);
    assert_int_equal(RUN("unrevoke", "--session", id), CTL_FAILED);
    assert_int_equal(n_revoked(3), 0);
}

static void a_session_without_sid_takes_its_like_along(void **state)
{
    assert_int_equal(RUN("sessions", "revoke", "02020202020202020202020202020202", "--reason", "x"),
                     CTL_DONE);
    says("no session id of its issuer (sid)");
    says("hits 1 session");
    assert_true(is_refused("web"));
    assert_false(is_refused(NULL)); /* no client is another client than web */
    assert_int_equal(RUN("sessions", "revoke", "03030303030303030303030303030303", "--reason", "x"),
                     CTL_DONE);
    says("hits 1 session");
    assert_true(is_refused(NULL));
    assert_int_equal(n_revoked(3), 2);
}

static void more_than_one_hit_needs_yes(void **state)
{
    assert_int_equal(RUN("revoke", "--subject", "alice", "--reason", "x"), CTL_CONFLICT);
    says("subject alice@corp");
    says("hits 3 sessions");
    assert_int_equal(n_revoked(1), 0);
    assert_int_equal(RUN("revoke", "--subject", "alice", "--reason", "x", "--dry-run"), CTL_DONE);
    says("nothing was changed");
    assert_int_equal(n_revoked(1), 0);
    assert_int_equal(
        RUN("revoke", "--subject", "alice@corp", "--reason", "x", "--yes", "--max", "2"),
        CTL_CONFLICT);
    assert_int_equal(n_revoked(1), 0);
    assert_int_equal(
        RUN("revoke", "--subject", "alice@corp", "--reason", "x", "--yes", "--max", "3", "--json"),
        CTL_DONE);
    says("\"dry_run\":false");
    says("\"hits\":3");
    says("\"action\":2");
    assert_int_equal(n_revoked(2), 1);
}

static void selectors_resolve_or_say_what_is_missing(void **state)
{
    assert_int_equal(RUN("revoke", "--reason", "x"), CTL_USAGE);
    assert_int_equal(RUN("revoke", "--subject", "a", "--client", "b", "--reason", "x"), CTL_USAGE);
    assert_int_equal(RUN("revoke", "--subject", "alice"), CTL_USAGE);
    assert_int_equal(RUN("revoke", "--issuer", "partner", "--reason", "x"), CTL_FAILED);
    assert_int_equal(RUN("revoke", "--key", "nobody", "--reason", "x"), CTL_FAILED);
    assert_int_equal(RUN("revoke", "--session", "00", "--reason", "x"), CTL_FAILED);
    assert_int_equal(
        RUN("revoke", "--session", "99999999999999999999999999999999", "--reason", "x"),
        CTL_FAILED);
    /* A token as an argument would be seen by everybody on the machine. */
    assert_int_equal(RUN("revoke", "--token", "eyJhbGciOiJub25lIn0.e30.x", "--reason", "x"),
                     CTL_FAILED);
    assert_int_equal(n_revoked(1), 0);
    assert_int_equal(RUN("revoke", "--token", "f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1", "--reason", "x"),
                     CTL_DONE);
    says("hits 1 session");
    assert_int_equal(RUN("revoke", "--client", "web", "--reason", "x", "--dry-run"), CTL_DONE);
    says("client web@corp");
    says("hits 3 sessions");
    assert_int_equal(RUN("revoke", "--issuer", "corp", "--reason", "x", "--dry-run"), CTL_DONE);
    says("hits 4 sessions");
    assert_int_equal(n_revoked(2), 1);
}

static void with_several_issuers_a_bare_name_is_refused(void **state)
{
    static struct ctl_issuers issuers = {
        .names = {"corp", "partner"}, .n = 2, .is_published = true};
    struct ctl_name name;
    struct zta_error error;
    assert_int_equal(ctl_name_resolve(&issuers, ZTA_TEXT("alice"), "subject", &name, &error),
                     ZTA_INVALID);
    assert_non_null(strstr(error.text, "corp, partner, local"));
    assert_int_equal(
        ctl_name_resolve(&issuers, ZTA_TEXT("alice@example.com"), "subject", &name, &error),
        ZTA_INVALID);
    assert_int_equal(
        ctl_name_resolve(&issuers, ZTA_TEXT("alice@example.com@partner"), "subject", &name, &error),
        ZTA_OK);
    assert_true(zta_text_equal(name.name, ZTA_TEXT("alice@example.com")));
    assert_true(zta_text_equal(name.issuer, ZTA_TEXT("partner")));
    assert_int_equal(ctl_name_resolve(&issuers, ZTA_TEXT("ci@local"), "subject", &name, &error),
                     ZTA_OK);
    issuers.n = 1;
    assert_int_equal(
        ctl_name_resolve(&issuers, ZTA_TEXT("alice@example.com"), "subject", &name, &error),
        ZTA_OK);
    assert_true(zta_text_equal(name.issuer, ZTA_TEXT("corp")));
    assert_int_equal(ctl_name_resolve(&issuers, ZTA_TEXT(""), "subject", &name, &error),
                     ZTA_INVALID);
    assert_int_equal(ctl_name_resolve(&issuers, ZTA_TEXT("@corp"), "subject", &name, &error),
                     ZTA_OK); /* nobody split it: the one issuer's subject "@corp" */
    /* Before any server has run, what is typed has to be whole. */
    issuers.n = 0;
    issuers.is_published = false;
    assert_int_equal(ctl_name_resolve(&issuers, ZTA_TEXT("alice@corp"), "subject", &name, &error),
                     ZTA_OK);
    assert_int_equal(ctl_name_resolve(&issuers, ZTA_TEXT("alice"), "subject", &name, &error),
                     ZTA_INVALID);
}

static void blocks_count_sessions_and_end(void **state)
{
    assert_int_equal(RUN("block", "192.0.2.7", "--reason", "x"), CTL_USAGE);
    assert_int_equal(RUN("block", "192.0.2.7", "--for", "1h"), CTL_USAGE);
    assert_int_equal(RUN("block", "192.0.2.7", "--for", "1h", "--reason", "x"), CTL_CONFLICT);
    says("hits 4 sessions");
    assert_int_equal(RUN("block", "192.0.2.7", "--for", "1h", "--reason", "x", "--yes"), CTL_DONE);
    assert_int_equal(RUN("block", "bob", "--for", "1h", "--reason", "x"), CTL_DONE);
    says("blocks remove bob@corp");
    assert_int_equal(RUN("block", "127.0.0.1", "--for", "1h", "--reason", "x"), CTL_CONFLICT);
    assert_int_equal(RUN("block", "10.0.0.0/7", "--for", "1h", "--reason", "x"), CTL_CONFLICT);
    assert_int_equal(RUN("block", "10.0.0.1/8", "--for", "1h", "--reason", "x"), CTL_FAILED);
    assert_int_equal(RUN("blocks", "list"), CTL_DONE);
    says("192.0.2.7");
    says("bob@corp");
    assert_int_equal(RUN("blocks", "remove", "bob@corp"), CTL_DONE);
    assert_int_equal(RUN("blocks", "remove", "bob@corp"), CTL_FAILED);
    assert_int_equal(n_revoked(4), 0);
}

static void sessions_are_listed_last_seen_first(void **state)
{
    assert_int_equal(RUN("sessions", "list", "--json"), CTL_DONE);
    const char *first = strstr(out, "0101010101");
    const char *last = strstr(out, "0404040404");
    assert_true(first != NULL && last != NULL && first < last);
    assert_int_equal(RUN("sessions", "list", "--limit", "1"), CTL_DONE);
    says("0101010101");
    assert_null(strstr(out, "0202020202"));
    assert_int_equal(RUN("sessions", "list", "--subject", "bob"), CTL_DONE);
    says("0404040404");
    assert_null(strstr(out, "0101010101"));
    assert_int_equal(RUN("sessions", "list", "--subject", "bob", "--issuer", "local"), CTL_FAILED);
    assert_int_equal(RUN("sessions", "show", "02020202020202020202020202020202"), CTL_DONE);
    says("auth-time");
    assert_int_equal(RUN("sessions", "show", "99999999999999999999999999999999"), CTL_FAILED);
}

static void a_token_gives_the_id_that_requests_have(void **state)
{
    static struct ctl_issuers issuers = {
        .names = {"corp"}, .urls = {"https://idp.example.com"}, .n = 1, .is_published = true};
    char payload[256] = "{\"iss\":\"https://idp.example.com\",\"jti\":\"j1\"}";
    char encoded[512];
    char token[600];
    struct zta_text issuer;
    struct zta_sha256 id;
    struct zta_sha256 expected;
    struct zta_error error;
    zta_base64url_encode((const uint8_t *)payload, strlen(payload), encoded);
    (void)snprintf(token, sizeof token, "e30.%s.c2ln", encoded);
    assert_int_equal(ctl_token_id(&issuers, zta_text_of(token), &issuer, &id, &error), ZTA_OK);
    zta_token_id_make(ZTA_TEXT("corp"), ZTA_TEXT("j1"), zta_text_of(NULL), &expected);
    assert_memory_equal(&id, &expected, sizeof id);
    /* Random octets of two parts, which begin as a header does. */
    assert_int_equal(
        ctl_token_id(&issuers, ZTA_TEXT("eyJub3QganNvbg.0123456789"), &issuer, &id, &error),
        ZTA_OK);
    static const char *const bad[] = {"",
                                      "x",
                                      "a.b",
                                      "..",
                                      "e30.%.x",
                                      "e30.e30.x",
                                      "a.b.c.d",
                                      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJpIn0",
                                      "eyJub3QganNvbg.0123456789.0123"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(ctl_token_id(&issuers, zta_text_of(bad[i]), &issuer, &id, &error),
                         ZTA_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(revoking_one_session_says_how_and_can_be_undone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_session_without_sid_takes_its_like_along, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(more_than_one_hit_needs_yes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(selectors_resolve_or_say_what_is_missing, set_up,
                                        tear_down),
        cmocka_unit_test(with_several_issuers_a_bare_name_is_refused),
        cmocka_unit_test_setup_teardown(blocks_count_sessions_and_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sessions_are_listed_last_seen_first, set_up, tear_down),
        cmocka_unit_test(a_token_gives_the_id_that_requests_have),
    };
    /* Nothing asks: a guard without a terminal refuses. */
    if (freopen("/dev/null", "r", stdin) == NULL) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
