/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By what a logout that an issuer signals finds a login of which the names are kept cut. It decides
 * nothing about a request: those are judged by their names.
 */
#ifndef ZTA_LOGIN_TAG_H
#define ZTA_LOGIN_TAG_H

#include <stdint.h>

#include "shared/base/bytes.h"

/*
 * 64 bits of SHA-256 over issuer (configured name) and sid, and over issuer and subject; zeros for
 * a name that is absent.
 */
struct zta_login_tag {
    uint8_t sid[8];
    uint8_t subject[8];
};

void zta_login_tag_make(struct zta_text issuer, struct zta_text sid, struct zta_text subject,
                        struct zta_login_tag *tag);

#endif
