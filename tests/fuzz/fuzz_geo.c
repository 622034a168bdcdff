/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MaxMind DB files of any bytes, looked up without and with the check that a server makes first:
 * what comes out has the form that rules can name, and a file that passed the check is read alike
 * by each question.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/context/geo.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libmaxminddb 1.7 leaks some kilobytes of a file whose metadata it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libmaxminddb";
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

static void check_fact(enum zta_geo_kind kind, const struct zta_geo_fact *fact)
{
    if (kind == ZTA_GEO_COUNTRY) {
        must(is_letter(fact->country[0]) && is_letter(fact->country[1]) &&
             fact->country[2] == '\0' && fact->asn == 0);
        must(abs(fact->at.latitude) <= ZTA_LATITUDE_MAX &&
             abs(fact->at.longitude) <= ZTA_LONGITUDE_MAX);
    }
    else {
        must(fact->asn > 0 && fact->country[0] == '\0');
    }
}

static void find(const struct zta_geo_db *db, enum zta_geo_kind kind, const struct zta_addr *addr)
{
    struct zta_geo_fact fact = {.asn = 0};
    struct zta_geo_fact again = {.asn = 0};
    enum zta_status status = zta_geo_find(db, addr, &fact);
    must(status == ZTA_OK || status == ZTA_NOT_FOUND);
    must(zta_geo_find(db, addr, &again) == status && fact.asn == again.asn &&
         memcmp(fact.country, again.country, sizeof fact.country) == 0);
    if (status == ZTA_OK) {
        check_fact(kind, &fact);
    }
}

/* Fixed ones, those of the seeds, and what the input begins and ends with. */
static void find_all(const struct zta_geo_db *db, enum zta_geo_kind kind, const uint8_t *data,
                     size_t size)
{
    static const char *const texts[] = {
        "0.0.0.0",         "192.0.2.1", "198.51.100.129", "203.0.113.200",
        "255.255.255.255", "::",        "2001:db8::1",    "ffff::1"};
    struct zta_addr addr;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        must(zta_addr_parse(zta_text_of(texts[i]), &addr) == ZTA_OK);
        find(db, kind, &addr);
    }
    if (size < sizeof addr.bytes) {
        return;
    }
    addr = (struct zta_addr){.family = 6};
    memcpy(addr.bytes, data, sizeof addr.bytes);
    find(db, kind, &addr);
    addr = (struct zta_addr){.family = 4};
    memcpy(addr.bytes, data + size - 4, 4);
    find(db, kind, &addr);
}

static void read_as(const char *path, enum zta_geo_kind kind, const uint8_t *data, size_t size)
{
    struct zta_geo_db *db = NULL;
    struct zta_error error = {.text = ""};
    enum zta_status status = zta_geo_open(path, kind, &db, &error);
    if (status == ZTA_OK) {
        must(zta_geo_built_s(db) >= 0);
        find_all(db, kind, data, size);
        status = zta_geo_check(db, &error);
    }
    must(status == ZTA_OK || error.text[0] != '\0');
    for (const char *c = error.text; *c != '\0'; c++) {
        must((unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f);
    }
    zta_geo_close(&db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[64];
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    }
    must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (enum zta_geo_kind kind = 0; kind < ZTA_N_GEO_KINDS; kind++) {
        read_as(path, kind, data, size);
    }
    return 0;
}
