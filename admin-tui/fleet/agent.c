/* SPDX-License-Identifier: Apache-2.0 */
/* One loop: changes of the store, answers of the engine, and what is due by the clock. */
#include "admin-tui/fleet/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "admin-tui/fleet/agent_priv.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/base/random.h"

/* Between two attempts to reach the engine, doubled each time, with as much again by chance. */
#define BACKOFF_FIRST_NS (ZTA_NS_PER_S / 10)
#define BACKOFF_LAST_NS  ZTA_NS_PER_S
/*
 * inotify tells of a commit when its last page is written, which is before others see it: behind
 * that the store is looked at again, each time after twice as long.
 */
#define GLANCE_FIRST_NS (ZTA_NS_PER_S / 1000)
#define GLANCE_LAST_NS  (ZTA_NS_PER_S / 10)
/* Of the longest wait: a change that inotify does not tell of is seen then. */
#define TICK_MS 1000

static volatile sig_atomic_t is_stopping;

static void stop(int signal_number)
{
    is_stopping = 1;
}

void ctl_fleet_key_path(const struct ctl *ctl, const struct ctl_fleet_config *config,
                        char path[PATH_MAX])
{
    if (config->key_file[0] != '\0') {
        (void)snprintf(path, PATH_MAX, "%s", config->key_file);
    }
    else {
        (void)snprintf(path, PATH_MAX, "%s/policy/fleet.key", ctl->dir);
    }
}

void ctl_fleet_status_path(const struct ctl *ctl, char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s/policy/fleet.status", ctl->dir);
}

/* ---- the engine, there or not ---- */

void ctl_agent_lose(struct ctl_agent *agent, const struct zta_error *error)
{
    if (agent->engine != NULL || !agent->is_loss_told) {
        ctl_note("fleet: %s; this node goes on with what it knows", error->text);
        agent->is_loss_told = true;
    }
    /* It may be the engine's own words, of any bytes. */
    struct zta_buffer problem;
    zta_buffer_init(&problem, agent->problem, sizeof agent->problem - 1);
    zta_buffer_safe(&problem, zta_text_of(error->text));
    agent->problem[problem.len] = '\0';
    ctl_engine_close(&agent->engine);
    agent->told_s = 0;
    agent->mark[0] = '\0';
    uint64_t chance;
    zta_random_fast(&chance, sizeof chance);
    agent->backoff_ns = agent->backoff_ns == 0 ? BACKOFF_FIRST_NS : 2 * agent->backoff_ns;
    agent->backoff_ns = agent->backoff_ns > BACKOFF_LAST_NS ? BACKOFF_LAST_NS : agent->backoff_ns;
    agent->next_attempt_ns = zta_clock_monotonic_ns() + agent->backoff_ns +
                             (int64_t)(chance % (uint64_t)agent->backoff_ns);
}

static void connect_engine(struct ctl_agent *agent)
{
    struct zta_error error = {.status = ZTA_OK};
    enum zta_status status = ctl_engine_open(agent->config, &agent->engine, &error);
    if (status == ZTA_OK) {
        status = ctl_agent_resume(agent, &error);
    }
    if (status != ZTA_OK) {
        ctl_agent_lose(agent, &error);
        return;
    }
    ctl_note("fleet: connected to %s", ctl_engine_name(agent->engine));
    agent->is_loss_told = false;
    agent->backoff_ns = 0;
    agent->problem[0] = '\0';
    agent->told_s = 0;
    agent->connected_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    agent->next_beat_ns = 0;
}

/* ---- the loop ---- */

static enum zta_status serve_engine(struct ctl_agent *agent, struct zta_error *error)
{
    const int64_t now_ns = zta_clock_monotonic_ns();
    enum zta_status status = ctl_agent_say(agent, error);
    if (status == ZTA_OK) {
        status = ctl_agent_share(agent, error);
    }
    if (status == ZTA_OK) {
        status = ctl_agent_answer(agent, error);
    }
    if (status == ZTA_OK && now_ns >= agent->next_sync_ns) {
        status = ctl_agent_sync(agent, error);
    }
    if (status == ZTA_OK && now_ns >= agent->next_beat_ns) {
        agent->next_beat_ns = now_ns + CTL_FLEET_BEAT_S * ZTA_NS_PER_S;
        status = ctl_agent_beat(agent, error);
    }
    return status == ZTA_OK ? ctl_engine_await(agent->engine, agent->place, error) : status;
}

static int watch_store(const struct ctl *ctl)
{
    char path[PATH_MAX];
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    (void)snprintf(path, sizeof path, "%s/policy/data.mdb", ctl->dir);
    if (fd >= 0 && inotify_add_watch(fd, path, IN_MODIFY) < 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static void drain(int fd)
{
    char bytes[4096];
    while (read(fd, bytes, sizeof bytes) > 0) {
    }
}

static void sooner(int64_t *due_ns, int64_t other_ns)
{
    *due_ns = other_ns < *due_ns ? other_ns : *due_ns;
}

static int64_t time_to_wait(const struct ctl_agent *agent)
{
    const int64_t now_ns = zta_clock_monotonic_ns();
    int64_t due_ns =
        now_ns + (agent->glance_ns > 0 ? agent->glance_ns : TICK_MS * (ZTA_NS_PER_S / 1000));
    if (agent->engine == NULL) {
        sooner(&due_ns, agent->next_attempt_ns);
    }
    else {
        sooner(&due_ns, agent->next_sync_ns);
        sooner(&due_ns, agent->next_beat_ns);
        sooner(&due_ns, agent->next_share_ns);
        sooner(&due_ns, agent->next_answer_ns);
    }
    return due_ns > now_ns ? due_ns - now_ns : 0;
}

/* Until something changed, came or is due. *can_hear: the engine sent something. */
static void wait_for_work(struct ctl_agent *agent, const sigset_t *waiting, bool *can_hear)
{
    struct pollfd fds[] = {
        {.fd = agent->watch_fd, .events = POLLIN},
        {.fd = agent->engine == NULL ? -1 : ctl_engine_fd(agent->engine), .events = POLLIN},
    };
    const int64_t wait_ns = time_to_wait(agent);
    const struct timespec timeout = {.tv_sec = wait_ns / ZTA_NS_PER_S,
                                     .tv_nsec = wait_ns % ZTA_NS_PER_S};
    const int n = ppoll(fds, sizeof fds / sizeof fds[0], &timeout, waiting);
    *can_hear = n > 0 && fds[1].revents != 0;
    agent->glance_ns = 2 * agent->glance_ns > GLANCE_LAST_NS ? 0 : 2 * agent->glance_ns;
    if (n > 0 && fds[0].revents != 0) {
        drain(agent->watch_fd);
        agent->glance_ns = GLANCE_FIRST_NS;
    }
}

static enum ctl_exit loop(struct ctl_agent *agent, const sigset_t *waiting)
{
    struct zta_error error = {.status = ZTA_OK};
    while (!is_stopping) {
        bool can_hear = false;
        if (agent->engine == NULL && zta_clock_monotonic_ns() >= agent->next_attempt_ns) {
            connect_engine(agent);
        }
        enum zta_status status = ZTA_OK;
        if (agent->engine != NULL) {
            status = serve_engine(agent, &error);
        }
        if (status == ZTA_OK) {
            wait_for_work(agent, waiting, &can_hear);
        }
        if (status == ZTA_OK && can_hear) {
            status = ctl_agent_hear(agent, &error);
            ctl_agent_reach(agent);
        }
        if (status == ZTA_OK) {
            status = ctl_agent_judge(agent, &error);
        }
        if (agent->is_left) {
            return ctl_fail(CTL_FAILED, "fleet: this store is in this fleet no more");
        }
        if (status != ZTA_OK) {
            ctl_agent_lose(agent, &error);
        }
        ctl_agent_tell(agent);
        if (zta_store_health(agent->ctl->store, &error) != ZTA_OK) {
            return ctl_fail(CTL_STORE, "fleet: %s", error.text);
        }
    }
    return CTL_DONE;
}

static enum zta_status prepare(struct ctl_agent *agent, struct zta_error *error)
{
    char path[PATH_MAX];
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(agent->ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_fleet_get(view, &agent->fleet);
    if (status == ZTA_OK) {
        status = zta_fleet_place(view, agent->place);
    }
    if (status == ZTA_OK) {
        status = zta_fleet_as_of(view, &agent->as_of_stored_s);
    }
    zta_view_end(&view);
    if (status == ZTA_NOT_FOUND) {
        return zta_error_set(error, status, "this store is in no fleet: ztactl fleet join");
    }
    if (status == ZTA_OK && strcmp(agent->fleet.name, agent->config->fleet) != 0) {
        return zta_error_set(error, ZTA_CONFLICT,
                             "this store is in fleet '%s', %s says '%s': ztactl fleet leave",
                             agent->fleet.name, agent->config->path, agent->config->fleet);
    }
    if (status == ZTA_OK) {
        status = ctl_bound_open(&agent->bound);
    }
    if (status == ZTA_OK) {
        ctl_fleet_key_path(agent->ctl, agent->config, path);
        status = zta_signing_open(path, &agent->key, error);
    }
    return status;
}

static void print_done(const struct ctl_agent *agent)
{
    struct ctl_list list;
    if (!ctl_is_json(agent->ctl)) {
        return;
    }
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_int(&list, "said", (int64_t)agent->n_said);
    ctl_row_int(&list, "taken", (int64_t)agent->outcomes[ZTA_FLEET_TAKEN]);
    ctl_row_int(&list, "compared", (int64_t)agent->n_synced);
    ctl_row_end(&list);
    (void)ctl_list_print(&list);
}

enum ctl_exit ctl_fleet_agent_run(struct ctl *ctl, const struct ctl_fleet_config *config)
{
    static struct ctl_agent agent; /* too large for a stack */
    struct zta_error error = {.status = ZTA_OK};
    sigset_t stops;
    sigset_t waiting;
    /* One that died while it compared has heard what the stream brings first. */
    agent = (struct ctl_agent){.ctl = ctl, .config = config, .watch_fd = -1, .is_comparing = true};
    enum zta_status status = prepare(&agent, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "fleet agent");
    }
    /* They come while it waits, so that a change is never cut in two. */
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &stops, &waiting);
    const struct sigaction action = {.sa_handler = stop};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    agent.watch_fd = watch_store(ctl);
    agent.next_sync_ns = zta_clock_monotonic_ns() + CTL_FLEET_SYNC_NS;
    const enum ctl_exit code = loop(&agent, &waiting);
    print_done(&agent);
    ctl_engine_close(&agent.engine);
    zta_signing_close(&agent.key);
    ctl_batch_clear(&agent.batch);
    zta_shares_clear(&agent.book);
    free(agent.nodes);
    json_decref(agent.lines);
    ctl_bound_close(&agent.bound);
    if (agent.watch_fd >= 0) {
        (void)close(agent.watch_fd);
    }
    return code;
}
