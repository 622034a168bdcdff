/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one normal form of a request path, and the refusal of every form that two servers could read
 * differently (RFC 3986 section 6.2.2; design, "A request" step 1). Pure, no allocation.
 */
#ifndef ZTA_BASE_PATH_H
#define ZTA_BASE_PATH_H

#include <stddef.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

/* What an administrator may admit with ZTAPath; a set. */
enum zta_path_flags {
    ZTA_PATH_STRICT = 0,
    ZTA_PATH_ENCODED_SLASH = 1, /* %2F stays %2F in the normal form, is no separator */
    ZTA_PATH_PARAMETERS = 2,    /* ;name=value is cut from each segment, %3B counts as ; */
};

/* Why a path is refused; zero is the only good one. */
enum zta_path_fault {
    ZTA_PATH_OK = 0,
    ZTA_PATH_NOT_ABSOLUTE,   /* does not begin with a slash */
    ZTA_PATH_TOO_LONG,       /* above ZTA_PATH_MAX */
    ZTA_PATH_BAD_ESCAPE,     /* % without two hex digits */
    ZTA_PATH_NUL,            /* %00 */
    ZTA_PATH_CONTROL,        /* control byte, raw or encoded; DEL; raw space, '#' or '?' */
    ZTA_PATH_BACKSLASH,      /* raw or encoded, single or double encoded */
    ZTA_PATH_SLASH,          /* %2F without ZTA_PATH_ENCODED_SLASH */
    ZTA_PATH_DOT_SEGMENT,    /* . or .. in any spelling: dots and spaces alone, also before ';' */
    ZTA_PATH_PARAMETER,      /* ; or %3B without ZTA_PATH_PARAMETERS */
    ZTA_PATH_DOUBLE_ENCODED, /* a literal % that a second decoding would read as an escape */
    ZTA_PATH_UTF8,           /* decoded bytes are not UTF-8, overlong forms included */
};

/* "encoded slash (%2F)" and the like, for log and explain; never NULL. */
const char *zta_path_fault_text(enum zta_path_fault fault);

/*
 * Normal form of the path part of a request target (raw, as on the wire, without query) into out
 * (size bytes, NUL-terminated; ZTA_PATH_MAX + 1 always suffices): every escape decoded to its byte,
 * but %2F, which stays "%2F" where it is admitted; a literal per cent sign stands as "%25"; runs of
 * slashes collapsed to one; one trailing slash kept. Idempotent once what a target cannot hold raw
 * is escaped again. Writes out and *out_len only on ZTA_PATH_OK.
 */
enum zta_path_fault zta_path_normalise(struct zta_text raw, unsigned flags, char *out, size_t size,
                                       size_t *out_len) ZTA_MUST_CHECK;

#endif
