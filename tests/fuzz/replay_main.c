/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over every file of the corpus folders given: the fuzz cases as plain tests. */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Larger than any input a parser accepts, so that its own limit is what refuses. */
enum {
    INPUT_MAX = 1024 * 1024
};

/* The input lies at the end of an exact allocation: a sanitizer sees the first byte read beyond. */
static int replay_file(const char *path)
{
    static uint8_t buffer[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    size_t size = fread(buffer, 1, sizeof buffer, file);
    int is_bad = ferror(file) || fgetc(file) != EOF;
    fclose(file);
    if (is_bad) {
        fprintf(stderr, "%s: unreadable or larger than %d bytes\n", path, INPUT_MAX);
        return -1;
    }
    uint8_t *input = malloc(size ? size : 1);
    if (!input) {
        return -1;
    }
    memcpy(input, buffer, size);
    LLVMFuzzerTestOneInput(input, size);
    free(input);
    return 0;
}

static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        return -1;
    }
    int n_inputs = 0;
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char path[4096];
        int len = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (len < 0 || (size_t)len >= sizeof path || replay_file(path) != 0) {
            n_inputs = -1;
            break;
        }
        n_inputs++;
    }
    closedir(dir);
    return n_inputs;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int n_inputs = replay_folder(argv[i]);
        if (n_inputs <= 0) {
            fprintf(stderr, "%s: no input could be replayed\n", argv[i]);
            return EXIT_FAILURE;
        }
        printf("%s: %d inputs\n", argv[i], n_inputs);
    }
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
