/* SPDX-License-Identifier: Apache-2.0 */
/* shared/context/geo.c over the databases that tests/support/mmdb.py writes, whole and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/context/geo.h"

#define SEEDS      "tests/fuzz/corpus/geo/"
#define SEED_BUILT 1750000000
#define SEED_MAX   4096

/* libmaxminddb 1.7 leaks some kilobytes of a file whose metadata it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libmaxminddb";
}

static struct zta_geo_db *open_seed(const char *name, enum zta_geo_kind kind)
{
    char path[128];
    struct zta_geo_db *db = NULL;
    struct zta_error error = {.text = ""};
    (void)snprintf(path, sizeof path, SEEDS "%s", name);
    assert_int_equal(zta_geo_open(path, kind, &db, &error), ZTA_OK);
    return db;
}

/* "CH", "64500", or "?" for what is not known. */
static const char *found(const struct zta_geo_db *db, enum zta_geo_kind kind, const char *text)
{
    static char out[16];
    struct zta_addr addr;
    struct zta_geo_fact fact = {.asn = 0};
    assert_int_equal(zta_addr_parse(zta_text_of(text), &addr), ZTA_OK);
    if (zta_geo_find(db, &addr, &fact) != ZTA_OK) {
        return "?";
    }
    if (kind == ZTA_GEO_COUNTRY) {
        assert_int_equal(fact.asn, 0);
        (void)snprintf(out, sizeof out, "%s", fact.country);
        return out;
    }
    assert_string_equal(fact.country, "");
    (void)snprintf(out, sizeof out, "%lu", (unsigned long)fact.asn);
    return out;
}

struct expectation {
    const char *addr;
    const char *country;
    const char *asn;
};

static const struct expectation expectations[] = {
    {"192.0.2.1", "CH", "64500"},
    {"192.0.2.255", "CH", "64500"},
    {"192.0.3.0", "?", "?"},
    {"198.51.100.1", "DE", "64501"},
    {"198.51.100.129", "FR", "?"}, /* flat; a number above 32 bits */
    {"203.0.113.1", "?", "?"},     /* a continent alone; AS 0 */
    {"203.0.113.129", "?", "?"},   /* registered, not located there; a text */
    {"::ffff:192.0.2.1", "CH", "64500"},
    {"2001:db8:ffff::1", "AT", "4294967295"},
    {"2001:db9::1", "?", "?"},
    {"::1", "?", "?"},
    {"127.0.0.1", "?", "?"},
    {"10.1.2.3", "?", "?"},
};

static void addresses_are_found_whatever_the_size_of_records(void **state)
{
    static const char *const sizes[] = {"24", "28", "32"};
    for (size_t s = 0; s < 3; s++) {
        char country[32];
        char asn[32];
        (void)snprintf(country, sizeof country, "country-%s.mmdb", sizes[s]);
        (void)snprintf(asn, sizeof asn, "asn-%s.mmdb", sizes[s]);
        struct zta_geo_db *countries = open_seed(country, ZTA_GEO_COUNTRY);
        struct zta_geo_db *systems = open_seed(asn, ZTA_GEO_ASN);
        struct zta_error error;
        assert_int_equal(zta_geo_check(countries, &error), ZTA_OK);
        assert_int_equal(zta_geo_check(systems, &error), ZTA_OK);
        assert_int_equal(zta_geo_built_s(countries), SEED_BUILT);
        for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
            const struct expectation *e = &expectations[i];
            assert_string_equal(found(countries, ZTA_GEO_COUNTRY, e->addr), e->country);
            assert_string_equal(found(systems, ZTA_GEO_ASN, e->addr), e->asn);
        }
        zta_geo_close(&countries);
        zta_geo_close(&systems);
    }
}

static void a_file_of_cities_says_where_to_a_hundredth_of_a_degree(void **state)
{
    static const struct {
        const char *addr;
        struct zta_coordinates at;
    } rows[] = {
        {"192.0.2.1", {.latitude = 4695, .longitude = -745, .radius_km = 20}},
        {"198.51.100.1", {.latitude = -3387, .longitude = 15121, .radius_km = 1000}},
        /* Without a radius, beyond the globe, no number, radius 0, no double */
        {"198.51.100.129", {.radius_km = 0}},
        {"203.0.113.1", {.radius_km = 0}},
        {"203.0.113.65", {.radius_km = 0}},
        {"203.0.113.129", {.radius_km = 0}},
        {"203.0.113.193", {.radius_km = 0}},
        {"2001:db8::1", {.radius_km = 0}},
    };
    struct zta_geo_db *db = open_seed("places.mmdb", ZTA_GEO_COUNTRY);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zta_addr addr;
        struct zta_geo_fact fact;
        assert_int_equal(zta_addr_parse(zta_text_of(rows[i].addr), &addr), ZTA_OK);
        assert_int_equal(zta_geo_find(db, &addr, &fact), ZTA_OK);
        assert_memory_equal(&fact.at, &rows[i].at, sizeof fact.at);
    }
    zta_geo_close(&db);
}

static void a_tree_of_ipv4_knows_no_ipv6(void **state)
{
    struct zta_geo_db *db = open_seed("country-v4.mmdb", ZTA_GEO_COUNTRY);
    assert_string_equal(found(db, ZTA_GEO_COUNTRY, "192.0.2.1"), "CH");
    assert_string_equal(found(db, ZTA_GEO_COUNTRY, "2001:db8::1"), "?");
    zta_geo_close(&db);
}

static void an_unknown_address_is_nowhere(void **state)
{
    struct zta_geo_db *db = open_seed("country-24.mmdb", ZTA_GEO_COUNTRY);
    struct zta_geo_fact fact;
    assert_int_equal(zta_geo_find(db, &(struct zta_addr){.family = 0}, &fact), ZTA_NOT_FOUND);
    zta_geo_close(&db);
}

static void what_is_no_country_code_is_not_known(void **state)
{
    struct zta_geo_db *db = open_seed("odd.mmdb", ZTA_GEO_COUNTRY);
    static const char *const addrs[] = {"192.0.2.1", "192.0.2.129", "192.0.2.193", "198.51.100.1",
                                        "203.0.113.1"};
    for (size_t i = 0; i < sizeof addrs / sizeof addrs[0]; i++) {
        assert_string_equal(found(db, ZTA_GEO_COUNTRY, addrs[i]), "?");
    }
    assert_string_equal(found(db, ZTA_GEO_COUNTRY, "2001:db8::1"), "AT");
    zta_geo_close(&db);
}

static void pointers_are_followed(void **state)
{
    struct zta_geo_db *db = open_seed("pointers.mmdb", ZTA_GEO_COUNTRY);
    assert_string_equal(found(db, ZTA_GEO_COUNTRY, "198.51.100.1"), "CH");
    assert_string_equal(found(db, ZTA_GEO_COUNTRY, "203.0.113.1"), "CH");
    zta_geo_close(&db);
}

struct refusal {
    const char *name;
    enum zta_geo_kind kind;
    enum zta_status status;
    const char *says;
};

static const struct refusal refusals[] = {
    {"no-marker.mmdb", ZTA_GEO_COUNTRY, ZTA_INVALID, "no MaxMind DB file"},
    {"no-node-count.mmdb", ZTA_GEO_COUNTRY, ZTA_INVALID, "expected a whole .mmdb file"},
    {"nodes-many.mmdb", ZTA_GEO_COUNTRY, ZTA_INVALID, "expected a whole .mmdb file"},
    {"version-3.mmdb", ZTA_GEO_COUNTRY, ZTA_VERSION, "expected version 2"},
    {"tree-zeros.mmdb", ZTA_GEO_COUNTRY, ZTA_CORRUPT, "a damaged MaxMind DB"},
    {"tree-lost.mmdb", ZTA_GEO_COUNTRY, ZTA_INVALID, "without networks with country.iso_code"},
    {"pointer-lost.mmdb", ZTA_GEO_COUNTRY, ZTA_CORRUPT, "a damaged MaxMind DB"},
    {"asn-28.mmdb", ZTA_GEO_COUNTRY, ZTA_INVALID,
     "a MaxMind DB of type 'Test-ASN' without networks with country.iso_code"},
    {"country-28.mmdb", ZTA_GEO_ASN, ZTA_INVALID,
     "a MaxMind DB of type 'Test-Country' without networks with autonomous_system_number"},
    {"city.mmdb", ZTA_GEO_COUNTRY, ZTA_INVALID, "of type 'Test?-City' without"},
    {"missing.mmdb", ZTA_GEO_COUNTRY, ZTA_IO, "cannot be opened"},
};

static void what_is_refused_says_why(void **state)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        struct zta_geo_db *db = NULL;
        struct zta_error error = {.text = ""};
        char path[128];
        (void)snprintf(path, sizeof path, SEEDS "%s", r->name);
        enum zta_status status = zta_geo_open(path, r->kind, &db, &error);
        if (status == ZTA_OK) {
            status = zta_geo_check(db, &error);
        }
        if (status != r->status || strstr(error.text, r->says) == NULL) {
            fail_msg("%s: %s: %s", r->name, zta_status_text(status), error.text);
        }
        zta_geo_close(&db);
    }
}

static size_t read_seed(const char *name, uint8_t *bytes)
{
    char path[128];
    (void)snprintf(path, sizeof path, SEEDS "%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, SEED_MAX, file);
    (void)fclose(file);
    return size;
}

/* Whatever comes out of bytes like these has the form that rules can name. */
static void use(int fd, const uint8_t *bytes, size_t size)
{
    static const char *const addrs[] = {"192.0.2.1", "198.51.100.200", "2001:db8::1", "255.1.1.1"};
    char path[64];
    struct zta_geo_db *db = NULL;
    struct zta_error error = {.text = ""};
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (zta_geo_open(path, ZTA_GEO_COUNTRY, &db, &error) != ZTA_OK) {
        assert_true(error.text[0] != '\0');
        return;
    }
    if (zta_geo_check(db, &error) != ZTA_OK) {
        assert_true(error.text[0] != '\0');
    }
    for (size_t i = 0; i < sizeof addrs / sizeof addrs[0]; i++) {
        const char *code = found(db, ZTA_GEO_COUNTRY, addrs[i]);
        assert_true(code[0] == '?' || (strlen(code) == 2 && code[0] >= 'A' && code[1] <= 'Z'));
    }
    zta_geo_close(&db);
}

static void no_cut_and_no_changed_byte_does_harm(void **state)
{
    static uint8_t bytes[SEED_MAX];
    int fd = memfd_create("test", MFD_CLOEXEC);
    size_t size = read_seed("country-24.mmdb", bytes);
    assert_true(fd >= 0 && size > 0);
    for (size_t cut = 1; cut <= size; cut++) {
        use(fd, bytes, cut);
    }
    for (size_t i = 0; i < size; i++) {
        static const uint8_t changes[] = {0x01, 0x20, 0x80, 0xff};
        for (size_t c = 0; c < sizeof changes; c++) {
            bytes[i] ^= changes[c];
            use(fd, bytes, size);
            bytes[i] ^= changes[c];
        }
    }
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_found_whatever_the_size_of_records),
        cmocka_unit_test(a_file_of_cities_says_where_to_a_hundredth_of_a_degree),
        cmocka_unit_test(a_tree_of_ipv4_knows_no_ipv6),
        cmocka_unit_test(an_unknown_address_is_nowhere),
        cmocka_unit_test(what_is_no_country_code_is_not_known),
        cmocka_unit_test(pointers_are_followed),
        cmocka_unit_test(what_is_refused_says_why),
        cmocka_unit_test(no_cut_and_no_changed_byte_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
