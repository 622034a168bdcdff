/* SPDX-License-Identifier: Apache-2.0 */
/* Every header that is there must agree; what is not there proves nothing. */
#include "mod_zta/identity/origin.h"

#include <string.h>
#include <strings.h>

static bool is_harmless(const struct mod_zta_origin_question *question)
{
    /* Upgrades are not held to the same-origin policy by browsers, and carry cookies. */
    return question->upgrade == NULL &&
           (strcmp(question->method, "GET") == 0 || strcmp(question->method, "HEAD") == 0 ||
            strcmp(question->method, "OPTIONS") == 0);
}

/* Is the beginning of a Referer, up to its path, this site? */
static bool refers_to(const char *referer, const char *own)
{
    size_t len = strlen(own);
    return strncasecmp(referer, own, len) == 0 && (referer[len] == '/' || referer[len] == '\0');
}

bool mod_zta_origin_is_own(const struct mod_zta_origin_question *question)
{
    if (is_harmless(question)) {
        return true;
    }
    if (question->fetch_site != NULL && strcmp(question->fetch_site, "same-origin") != 0) {
        return false;
    }
    if (question->origin != NULL) {
        return strcasecmp(question->origin, question->own) == 0;
    }
    if (question->referer != NULL) {
        return refers_to(question->referer, question->own);
    }
    return question->fetch_site != NULL;
}
