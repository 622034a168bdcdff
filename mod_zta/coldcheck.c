/* SPDX-License-Identifier: Apache-2.0 */
/* A forked child looks and reports through a pipe; its exit without a word is a fault too. */
#include "mod_zta/coldcheck.h"

#include <http_config.h>
#include <mpm_common.h>

#include <apr_strings.h>

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mod_zta/rules.h"
#include "shared/store/env.h"

/* What the child writes when nothing is wrong, and before what is wrong with the rules. */
#define SOUND "sound"
#define RULES "rules: "

static void report(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n <= 0) {
            return;
        }
        text += n;
        len -= (size_t)n;
    }
}

/* A store of an earlier release works without its new tables too, so a failure here is none. */
static void complete(const char *dir)
{
    struct zta_store *store = NULL;
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    enum zta_status status = zta_store_open(dir, ZTA_STORE_HELPER, 0, &store, &error);
    if (status == ZTA_OK) {
        status = zta_store_complete(store, &error);
    }
    zta_store_close(&store);
}

/* In the child; does not return. */
static void look(apr_pool_t *pool, server_rec *s, const char *dir, int fd)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_store *store = NULL;
    if (ap_run_drop_privileges(pool, s) != OK) {
        report(fd, "the check could not become httpd's user");
        _exit(1);
    }
    if (zta_store_check(dir, false, &error) != ZTA_OK ||
        zta_store_open(dir, ZTA_STORE_CHILD, 0, &store, &error) != ZTA_OK) {
        report(fd, error.text[0] != '\0' ? error.text : "it cannot be read");
        _exit(1);
    }
    if (!zta_store_is_complete(store)) {
        zta_store_close(&store);
        complete(dir);
        if (zta_store_open(dir, ZTA_STORE_CHILD, 0, &store, &error) != ZTA_OK) {
            report(fd, error.text);
            _exit(1);
        }
    }
    const char *misfit = mod_zta_rules_check(pool, s, store);
    zta_store_close(&store);
    report(fd, misfit == NULL ? SOUND : RULES);
    report(fd, misfit == NULL ? "" : misfit);
    _exit(0);
}

const char *mod_zta_coldcheck(apr_pool_t *pool, server_rec *s, const char *dir,
                              bool *is_about_rules)
{
    int fds[2];
    if (pipe(fds) != 0) {
        return apr_psprintf(pool, "no pipe for its check: %s", strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        look(pool, s, dir, fds[1]);
    }
    close(fds[1]);
    char text[1024];
    size_t len = 0;
    for (;;) {
        ssize_t n = pid < 0 ? 0 : read(fds[0], text + len, sizeof(text) - 1 - len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        len += (size_t)n;
    }
    text[len] = '\0';
    close(fds[0]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    if (strcmp(text, SOUND) == 0) {
        return NULL;
    }
    *is_about_rules = strncmp(text, RULES, strlen(RULES)) == 0;
    if (*is_about_rules) {
        return apr_pstrdup(pool, text + strlen(RULES));
    }
    return len > 0 ? apr_pstrdup(pool, text)
                   : "its check ended without a result, expected a store that can be read; "
                     "'ztactl store check --deep' says more";
}
