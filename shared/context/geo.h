/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a MaxMind DB file says of an address: its country or its autonomous system. A file is mapped
 * while it is open, so it has to be a copy that nobody writes to or cuts (shared/context/copies.h).
 * An open database is read by any number of threads.
 */
#ifndef ZTA_CONTEXT_GEO_H
#define ZTA_CONTEXT_GEO_H

#include <stdint.h>

#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/context.h"

#define ZTA_GEO_SIZE_MAX (UINT64_C(1) << 30) /* the largest that are sold have half of it */

/* What a file is asked for. */
enum zta_geo_kind {
    ZTA_GEO_COUNTRY = 0,
    ZTA_GEO_ASN,
    ZTA_N_GEO_KINDS
};

struct zta_geo_fact {
    char country[3];           /* ISO 3166-1 alpha-2, upper case, NUL; of ZTA_GEO_COUNTRY */
    struct zta_coordinates at; /* where a file of cities says it; radius 0: unknown */
    uint32_t asn;              /* 1 to 2^32-1; of ZTA_GEO_ASN */
};

struct zta_geo_db;

/*
 * ZTA_INVALID: no MaxMind DB; ZTA_CORRUPT: damaged; ZTA_VERSION: of a format that is not read. The
 * text says what was found and what was expected, without the path.
 */
enum zta_status zta_geo_open(const char *path, enum zta_geo_kind kind, struct zta_geo_db **db,
                             struct zta_error *error) ZTA_MUST_CHECK;
void zta_geo_close(struct zta_geo_db **db);

/*
 * Reads the whole tree and all that it leads to. ZTA_CORRUPT: a part cannot be read; ZTA_INVALID:
 * nothing in it says what this kind is for.
 */
enum zta_status zta_geo_check(const struct zta_geo_db *db, struct zta_error *error) ZTA_MUST_CHECK;

/* When its data were put together, seconds of real time; as the file says. */
int64_t zta_geo_built_s(const struct zta_geo_db *db);

/*
 * country: where the address is (country.iso_code, or country_code of flat files). That it is
 * registered or represented in a country says nothing of where it is, so those are not taken.
 * ZTA_NOT_FOUND: the file does not know, or does not say it as it should.
 */
enum zta_status zta_geo_find(const struct zta_geo_db *db, const struct zta_addr *addr,
                             struct zta_geo_fact *fact) ZTA_MUST_CHECK;

#endif
