/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file system that hangs, as a network's does: preloaded, looking at the file ZTA_TEST_HANG does
 * not come back while a file of that name with .hangs behind it exists. Meanwhile one with the
 * process's number behind it says who waits.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int stat(const char *restrict path, struct stat *restrict info)
{
    const char *hung = getenv("ZTA_TEST_HANG");
    char marker[PATH_MAX];
    if (hung != NULL && strcmp(path, hung) == 0) {
        (void)snprintf(marker, sizeof marker, "%s.hangs", hung);
        while (access(marker, F_OK) == 0) {
            char waits[PATH_MAX];
            (void)snprintf(waits, sizeof waits, "%s.%d", hung, (int)getpid());
            (void)close(open(waits, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
            (void)usleep(50000);
        }
    }
    return fstatat(AT_FDCWD, path, info, 0);
}
