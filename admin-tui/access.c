/* SPDX-License-Identifier: Apache-2.0 */
/* Dropping root for good before anything of the store is opened. */
#include "admin-tui/access.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Cut to its field: a name that long is no name. */
static void copy(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text == NULL ? "" : text);
}

void ctl_actor_get(struct ctl_actor *actor)
{
    memset(actor, 0, sizeof *actor);
    actor->uid = (uint32_t)getuid();
    if (getlogin_r(actor->login, sizeof actor->login) != 0) {
        const struct passwd *user = getpwuid(getuid());
        copy(actor->login, sizeof actor->login, user == NULL ? NULL : user->pw_name);
    }
    copy(actor->sudo_user, sizeof actor->sudo_user, getenv("SUDO_USER"));
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && actor->tty[0] == '\0'; fd++) {
        if (ttyname_r(fd, actor->tty, sizeof actor->tty) != 0) {
            actor->tty[0] = '\0';
        }
    }
    if (actor->sudo_user[0] != '\0') {
        copy(actor->author, sizeof actor->author, actor->sudo_user);
    }
    else if (actor->login[0] != '\0') {
        copy(actor->author, sizeof actor->author, actor->login);
    }
    else {
        (void)snprintf(actor->author, sizeof actor->author, "uid %u", (unsigned)actor->uid);
    }
}

static enum zta_status find_owner(const char *dir, uid_t *owner, gid_t *group,
                                  struct zta_error *error)
{
    struct stat found;
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fstatat(fd, "policy", &found, AT_SYMLINK_NOFOLLOW);
    int code = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (rc != 0 && (code == ENOENT || code == ENOTDIR)) {
        return zta_error_set(error, ZTA_NOT_FOUND,
                             "no store in %s: `ztactl store init` creates one, --store and "
                             "ZTA_STORE name another",
                             dir);
    }
    if (rc != 0) {
        return zta_error_set(error, ZTA_FORBIDDEN, "%s/policy: %s", dir, strerror(code));
    }
    if (!S_ISDIR(found.st_mode)) {
        return zta_error_set(error, ZTA_FORBIDDEN,
                             "%s/policy is no directory: something took the store's place", dir);
    }
    *owner = found.st_uid;
    *group = found.st_gid;
    return ZTA_OK;
}

enum zta_status ctl_access_drop(const char *dir, struct zta_error *error)
{
    uid_t owner = 0;
    gid_t group = 0;
    enum zta_status status = find_owner(dir, &owner, &group, error);
    if (status != ZTA_OK || geteuid() == owner) {
        return status;
    }
    if (geteuid() != 0) {
        const struct passwd *user = getpwuid(owner);
        return zta_error_set(error, ZTA_FORBIDDEN,
                             "%s belongs to %s (uid %u): run ztactl as that user or as root", dir,
                             user == NULL ? "another user" : user->pw_name, (unsigned)owner);
    }
    if (setgroups(1, &group) != 0 || setgid(group) != 0 || setuid(owner) != 0) {
        return zta_error_set(error, ZTA_FORBIDDEN, "cannot become uid %u: %s", (unsigned)owner,
                             strerror(errno));
    }
    return ZTA_OK;
}
