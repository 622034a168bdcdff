/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the known word that is nearest to one that is not. */
#ifndef ZTA_RULES_NEAREST_H
#define ZTA_RULES_NEAREST_H

#include <stddef.h>

#include "shared/base/bytes.h"

struct zta_nearest {
    struct zta_text word;
    struct zta_text best; /* absent: none is near; borrowed from what was offered */
    size_t distance;      /* of best, or the first that is too far */
};

void zta_nearest_init(struct zta_nearest *nearest, struct zta_text word);
/* The first of equally near ones stays; the word itself is no suggestion. */
void zta_nearest_offer(struct zta_nearest *nearest, struct zta_text candidate);

#endif
