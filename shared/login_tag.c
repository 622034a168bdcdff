/* SPDX-License-Identifier: Apache-2.0 */
/* Both halves are made alike. */
#include "shared/login_tag.h"

#include <string.h>

#include "shared/base/hash.h"

enum {
    HALF_SIZE = sizeof(((struct zta_login_tag *)0)->sid)
};

static void make_half(struct zta_text issuer, struct zta_text name, uint8_t half[HALF_SIZE])
{
    const struct zta_text parts[] = {issuer, name};
    struct zta_sha256 digest = {.bytes = {0}};
    if (!zta_text_is_absent(name)) {
        zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &digest);
    }
    memcpy(half, digest.bytes, HALF_SIZE);
}

void zta_login_tag_make(struct zta_text issuer, struct zta_text sid, struct zta_text subject,
                        struct zta_login_tag *tag)
{
    make_half(issuer, sid, tag->sid);
    make_half(issuer, subject, tag->subject);
}
