/* SPDX-License-Identifier: Apache-2.0 */
/* Edit distance (insert, remove, replace, swap neighbours) without case, for short words. */
#include "shared/rules/nearest.h"

#include "shared/base/limits.h"

enum {
    DISTANCE_MAX = 3,
    LETTERS_PER_FAULT = 3, /* a word of six letters may have two faults */
};

void zta_nearest_init(struct zta_nearest *nearest, struct zta_text word)
{
    size_t bound = (word.len + LETTERS_PER_FAULT - 1) / LETTERS_PER_FAULT;
    *nearest = (struct zta_nearest){
        .word = word,
        .distance = (bound > DISTANCE_MAX ? DISTANCE_MAX : bound) + 1,
    };
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment over three rows; both texts are at most ZTA_NAME_MAX long. */
static size_t distance_of(struct zta_text a, struct zta_text b)
{
    size_t rows[3][ZTA_NAME_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t is_other = lower(a.data[i - 1]) != lower(b.data[j - 1]);
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + is_other);
            if (i > 1 && j > 1 && lower(a.data[i - 1]) == lower(b.data[j - 2]) &&
                lower(a.data[i - 2]) == lower(b.data[j - 1]) && two_above[j - 2] + 1 < row[j]) {
                row[j] = two_above[j - 2] + 1;
            }
        }
    }
    return rows[a.len % 3][b.len];
}

void zta_nearest_offer(struct zta_nearest *nearest, struct zta_text candidate)
{
    struct zta_text word = nearest->word;
    size_t difference =
        word.len > candidate.len ? word.len - candidate.len : candidate.len - word.len;
    if (difference >= nearest->distance || word.len > ZTA_NAME_MAX ||
        candidate.len > ZTA_NAME_MAX || zta_text_equal(word, candidate)) {
        return;
    }
    size_t distance = distance_of(word, candidate);
    /* A word of which nothing is left is no suggestion. */
    if (distance < nearest->distance && distance < candidate.len) {
        nearest->distance = distance;
        nearest->best = candidate;
    }
}
