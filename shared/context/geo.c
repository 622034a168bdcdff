/* SPDX-License-Identifier: Apache-2.0 */
/* libmaxminddb finds; what comes out is taken only in the form that rules can name. */
#include "shared/context/geo.h"

#include <maxminddb.h>

#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CHECKED_SLOTS 65536 /* records that a check has seen lately, by their offset */

struct zta_geo_db {
    MMDB_s file;
    enum zta_geo_kind kind;
};

static const char *const country_path[] = {"country", "iso_code", NULL};
static const char *const country_flat_path[] = {"country_code", NULL};
static const char *const latitude_path[] = {"location", "latitude", NULL};
static const char *const longitude_path[] = {"location", "longitude", NULL};
static const char *const radius_path[] = {"location", "accuracy_radius", NULL};
static const char *const asn_path[] = {"autonomous_system_number", NULL};

/* What files of each kind are recognised by. */
static const char *const expected[ZTA_N_GEO_KINDS] = {
    [ZTA_GEO_COUNTRY] = "networks with country.iso_code or country_code of two letters A-Z",
    [ZTA_GEO_ASN] = "networks with autonomous_system_number",
};

static enum zta_status open_fault(int rc, struct zta_error *error)
{
    switch (rc) {
    case MMDB_OUT_OF_MEMORY_ERROR:
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory to open it");
    case MMDB_FILE_OPEN_ERROR:
    case MMDB_IO_ERROR:
        return zta_error_set(error, ZTA_IO, "it cannot be opened or mapped");
    case MMDB_UNKNOWN_DATABASE_FORMAT_ERROR:
        return zta_error_set(error, ZTA_VERSION,
                             "a MaxMind DB of another format, expected version 2 with records of "
                             "24, 28 or 32 bits");
    default:
        return zta_error_set(error, ZTA_INVALID,
                             "no MaxMind DB file, or one that is cut or damaged at its end, where "
                             "its metadata stand; expected a whole .mmdb file");
    }
}

enum zta_status zta_geo_open(const char *path, enum zta_geo_kind kind, struct zta_geo_db **db,
                             struct zta_error *error)
{
    struct zta_geo_db *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory to open it");
    }
    int rc = MMDB_open(path, MMDB_MODE_MMAP, &opened->file);
    if (rc != MMDB_SUCCESS) {
        free(opened);
        return open_fault(rc, error);
    }
    opened->kind = kind;
    *db = opened;
    return ZTA_OK;
}

void zta_geo_close(struct zta_geo_db **db)
{
    if (*db != NULL) {
        MMDB_close(&(*db)->file);
        free(*db);
        *db = NULL;
    }
}

int64_t zta_geo_built_s(const struct zta_geo_db *db)
{
    uint64_t built_s = db->file.metadata.build_epoch;
    return built_s > INT64_MAX ? INT64_MAX : (int64_t)built_s;
}

/* ZTA_NOT_FOUND: the record has no such member. */
static enum zta_status read_member(const MMDB_entry_s *entry, const char *const *path,
                                   MMDB_entry_data_s *value)
{
    MMDB_entry_s start = *entry;
    int rc = MMDB_aget_value(&start, value, path);
    if (rc == MMDB_SUCCESS) {
        return value->has_data ? ZTA_OK : ZTA_NOT_FOUND;
    }
    return rc == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR ? ZTA_NOT_FOUND : ZTA_CORRUPT;
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* In 1/100 degree; false for what is no such number. */
static bool read_degrees(const MMDB_entry_s *entry, const char *const *path, int most_centi,
                         int16_t *centi)
{
    MMDB_entry_data_s value;
    if (read_member(entry, path, &value) != ZTA_OK || value.type != MMDB_DATA_TYPE_DOUBLE ||
        !(fabs(value.double_value) <= most_centi / 100.0)) {
        return false;
    }
    *centi = (int16_t)lround(value.double_value * 100);
    return true;
}

/* Files of countries have none of these: then nothing is set. */
static void read_place(const MMDB_entry_s *entry, struct zta_coordinates *at)
{
    struct zta_coordinates read = {.radius_km = 0};
    MMDB_entry_data_s value;
    if (read_degrees(entry, latitude_path, ZTA_LATITUDE_MAX, &read.latitude) &&
        read_degrees(entry, longitude_path, ZTA_LONGITUDE_MAX, &read.longitude) &&
        read_member(entry, radius_path, &value) == ZTA_OK && value.type == MMDB_DATA_TYPE_UINT16 &&
        value.uint16 > 0) {
        read.radius_km = value.uint16;
        *at = read;
    }
}

static enum zta_status read_country(const MMDB_entry_s *entry, struct zta_geo_fact *fact)
{
    MMDB_entry_data_s value;
    enum zta_status status = read_member(entry, country_path, &value);
    if (status == ZTA_NOT_FOUND) {
        status = read_member(entry, country_flat_path, &value);
    }
    if (status != ZTA_OK) {
        return status;
    }
    const char *code = value.utf8_string;
    if (value.type != MMDB_DATA_TYPE_UTF8_STRING || value.data_size != 2 || !is_letter(code[0]) ||
        !is_letter(code[1])) {
        return ZTA_NOT_FOUND;
    }
    *fact = (struct zta_geo_fact){.country = {code[0], code[1], '\0'}};
    read_place(entry, &fact->at);
    return ZTA_OK;
}

static enum zta_status read_asn(const MMDB_entry_s *entry, struct zta_geo_fact *fact)
{
    MMDB_entry_data_s value;
    enum zta_status status = read_member(entry, asn_path, &value);
    if (status != ZTA_OK) {
        return status;
    }
    uint64_t asn = 0;
    switch (value.type) {
    case MMDB_DATA_TYPE_UINT16:
        asn = value.uint16;
        break;
    case MMDB_DATA_TYPE_UINT32:
        asn = value.uint32;
        break;
    case MMDB_DATA_TYPE_UINT64:
        asn = value.uint64;
        break;
    default:
        break;
    }
    if (asn == 0 || asn > UINT32_MAX) {
        return ZTA_NOT_FOUND;
    }
    *fact = (struct zta_geo_fact){.asn = (uint32_t)asn};
    return ZTA_OK;
}

static enum zta_status read_entry(enum zta_geo_kind kind, const MMDB_entry_s *entry,
                                  struct zta_geo_fact *fact)
{
    return kind == ZTA_GEO_COUNTRY ? read_country(entry, fact) : read_asn(entry, fact);
}

/* ---- the whole file ---- */

struct check {
    const struct zta_geo_db *db;
    uint32_t *seen; /* offset + 1 of the record that was checked last in this slot */
    uint64_t n_known;
};

static bool is_sound(struct check *check, uint64_t record, uint8_t type, const MMDB_entry_s *entry)
{
    struct zta_geo_fact fact;
    if (type == MMDB_RECORD_TYPE_SEARCH_NODE) {
        return record != 0; /* nothing leads back to the root, but zeros where a tree should be */
    }
    if (type != MMDB_RECORD_TYPE_DATA) {
        return type == MMDB_RECORD_TYPE_EMPTY;
    }
    uint32_t *seen = &check->seen[entry->offset % CHECKED_SLOTS];
    if (*seen == entry->offset + 1) {
        return true;
    }
    enum zta_status status = read_entry(check->db->kind, entry, &fact);
    check->n_known += status == ZTA_OK;
    *seen = entry->offset + 1;
    return status == ZTA_OK || status == ZTA_NOT_FOUND;
}

static bool is_tree_sound(struct check *check)
{
    const MMDB_s *file = &check->db->file;
    MMDB_search_node_s node;
    for (uint32_t i = 0; i < file->metadata.node_count; i++) {
        if (MMDB_read_node(file, i, &node) != MMDB_SUCCESS ||
            !is_sound(check, node.left_record, node.left_record_type, &node.left_record_entry) ||
            !is_sound(check, node.right_record, node.right_record_type, &node.right_record_entry)) {
            return false;
        }
    }
    return true;
}

/* The type comes out of the file: what is no plain text is not shown. */
static void print_type(const char *type, char *out, size_t size)
{
    size_t len = 0;
    for (; type != NULL && type[len] != '\0' && len + 1 < size; len++) {
        out[len] = type[len];
        if (type[len] < ' ' || type[len] > '~') {
            out[len] = '?';
        }
    }
    out[len] = '\0';
}

enum zta_status zta_geo_check(const struct zta_geo_db *db, struct zta_error *error)
{
    struct check check = {.db = db, .seen = calloc(CHECKED_SLOTS, sizeof *check.seen)};
    if (check.seen == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory to check it");
    }
    bool is_good = is_tree_sound(&check);
    free(check.seen);
    if (!is_good) {
        return zta_error_set(error, ZTA_CORRUPT,
                             "a damaged MaxMind DB: its tree or its data cannot be read, expected "
                             "a whole .mmdb file");
    }
    if (check.n_known == 0) {
        char type[64];
        print_type(db->file.metadata.database_type, type, sizeof type);
        return zta_error_set(error, ZTA_INVALID, "a MaxMind DB of type '%s' without %s", type,
                             expected[db->kind]);
    }
    return ZTA_OK;
}

/* ---- one address ---- */

static MMDB_lookup_result_s look_up(const MMDB_s *file, const struct zta_addr *addr, int *rc)
{
    if (addr->family == 4) {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        memcpy(&v4.sin_addr, addr->bytes, 4);
        return MMDB_lookup_sockaddr(file, (const struct sockaddr *)(const void *)&v4, rc);
    }
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    memcpy(&v6.sin6_addr, addr->bytes, sizeof addr->bytes);
    return MMDB_lookup_sockaddr(file, (const struct sockaddr *)(const void *)&v6, rc);
}

enum zta_status zta_geo_find(const struct zta_geo_db *db, const struct zta_addr *addr,
                             struct zta_geo_fact *fact)
{
    if (addr->family != 4 && addr->family != 6) {
        return ZTA_NOT_FOUND;
    }
    int rc = MMDB_SUCCESS;
    MMDB_lookup_result_s result = look_up(&db->file, addr, &rc);
    if (rc != MMDB_SUCCESS || !result.found_entry ||
        read_entry(db->kind, &result.entry, fact) != ZTA_OK) {
        /* A copy was checked as a whole: what cannot be read is what it does not have. */
        return ZTA_NOT_FOUND;
    }
    return ZTA_OK;
}
