/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that a process holds of a store's maps. LMDB does not tell where it mapped a file, so the
 * kernel is asked.
 */
#include "shared/store/pages.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "shared/store/env_priv.h"

/* The number at *at, which moves behind it and the separator; false: none is there. */
static bool take(char **at, int base, char separator, uint64_t *number)
{
    char *end = *at;
    *number = strtoull(*at, &end, base);
    const bool is_there = end != *at && *end == separator;
    *at = end + (is_there ? 1 : 0);
    return is_there;
}

/*
 * Of a line "begin-end permissions offset major:minor inode path". Pages stay in the page cache:
 * who touches one again gets it by a minor fault.
 */
static void drop(const struct stat *file, char *line)
{
    uint64_t begin = 0;
    uint64_t end = 0;
    uint64_t offset = 0;
    uint64_t major_number = 0;
    uint64_t minor_number = 0;
    uint64_t inode = 0;
    bool is_map = take(&line, 16, '-', &begin) && take(&line, 16, ' ', &end);
    line += strcspn(line, " ");
    is_map = is_map && take(&line, 16, ' ', &offset) && take(&line, 16, ':', &major_number) &&
             take(&line, 16, ' ', &minor_number) && take(&line, 10, ' ', &inode);
    if (is_map && inode == file->st_ino &&
        makedev((unsigned)major_number, (unsigned)minor_number) == file->st_dev) {
        (void)madvise((void *)(uintptr_t)begin, end - begin, MADV_DONTNEED);
    }
}

void zta_store_drop_pages(const struct zta_store *store)
{
    char *line = NULL;
    size_t size = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) {
        return;
    }
    while (getline(&line, &size, maps) > 0) {
        for (size_t env = 0; env < ZTA_N_ENVS; env++) {
            drop(&store->env[env].data, line);
        }
    }
    free(line);
    (void)fclose(maps);
}

uint64_t zta_store_pages_held(void)
{
    char text[256]; /* "size resident shared ..." */
    char *at = text;
    uint64_t size = 0;
    uint64_t resident = 0;
    uint64_t shared = 0;
    FILE *sizes = fopen("/proc/self/statm", "re");
    if (sizes == NULL) {
        return 0;
    }
    const bool is_known = fgets(text, sizeof text, sizes) != NULL && take(&at, 10, ' ', &size) &&
                          take(&at, 10, ' ', &resident) && take(&at, 10, ' ', &shared);
    (void)fclose(sizes);
    return is_known ? shared * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}
