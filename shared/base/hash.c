/* SPDX-License-Identifier: Apache-2.0 */
/* Digests. */
#include "shared/base/hash.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Fetched once: SHA256() looks the algorithm up in each call, which costs more than the digest of a
 * short text. Never freed, the library owns it to the end of the process.
 */
static EVP_MD *sha256;
/* One context a thread, kept: making one takes a reference that all threads count together. */
static pthread_key_t contexts;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool has_contexts;

/* A digest that could not be made must not be compared with anything: there is no going on. */
static void must(int is_good)
{
    if (!is_good) {
        abort();
    }
}

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void begin(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(sha256 != NULL && pthread_key_create(&contexts, free_context) == 0);
    has_contexts = true;
}

/* httpd unloads its modules at each restart: no key may stay that leads into their code. */
__attribute__((destructor)) static void end(void)
{
    if (has_contexts) {
        EVP_MD_CTX_free(pthread_getspecific(contexts));
        (void)pthread_key_delete(contexts);
    }
}

/* This thread's context, ready for a digest. */
static EVP_MD_CTX *context_begin(void)
{
    (void)pthread_once(&once, begin);
    EVP_MD_CTX *context = pthread_getspecific(contexts);
    if (context != NULL) {
        must(EVP_DigestInit_ex2(context, NULL, NULL));
        return context;
    }
    context = EVP_MD_CTX_new();
    must(context != NULL && EVP_DigestInit_ex2(context, sha256, NULL));
    must(pthread_setspecific(contexts, context) == 0);
    return context;
}

void zta_sha256(const void *data, size_t size, struct zta_sha256 *digest)
{
    EVP_MD_CTX *context = context_begin();
    must(EVP_DigestUpdate(context, data, size));
    must(EVP_DigestFinal_ex(context, digest->bytes, NULL));
}

void zta_sha256_parts(const struct zta_text *parts, size_t n_parts, struct zta_sha256 *digest)
{
    EVP_MD_CTX *context = context_begin();
    for (size_t i = 0; i < n_parts; i++) {
        /* Absent has a length that no text has, so that it is not the empty text. */
        bool is_absent = zta_text_is_absent(parts[i]);
        must(is_absent || parts[i].len < UINT32_MAX);
        uint8_t len[4];
        zta_put_u32(len, is_absent ? UINT32_MAX : (uint32_t)parts[i].len);
        must(EVP_DigestUpdate(context, len, sizeof(len)));
        must(is_absent || EVP_DigestUpdate(context, parts[i].data, parts[i].len));
    }
    must(EVP_DigestFinal_ex(context, digest->bytes, NULL));
}

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

/*
 * Inlined by order: the state then lives in registers, which makes the hash four times as fast; the
 * compiler by itself calls these, for they stand in several places.
 */
__attribute__((always_inline)) static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

__attribute__((always_inline)) static inline void sip_block(uint64_t v[4], uint64_t block)
{
    v[3] ^= block;
    sip_round(v);
    sip_round(v);
    v[0] ^= block;
}

/* SipHash counts its bytes from the low end. */
static uint64_t little_endian(const uint8_t *from, size_t n)
{
    uint64_t value = 0;
    if (n > 0) {
        memcpy(&value, from, n);
    }
    return le64toh(value);
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF": the constants spell its name. */
uint64_t zta_siphash(const struct zta_siphash_key *key, const void *data, size_t size)
{
    uint64_t v[4] = {
        key->k0 ^ UINT64_C(0x736f6d6570736575),
        key->k1 ^ UINT64_C(0x646f72616e646f6d),
        key->k0 ^ UINT64_C(0x6c7967656e657261),
        key->k1 ^ UINT64_C(0x7465646279746573),
    };
    const uint8_t *at = data;
    size_t left = size;
    for (; left >= 8; at += 8, left -= 8) {
        sip_block(v, little_endian(at, 8));
    }
    sip_block(v, (uint64_t)size << 56 | little_endian(at, left));
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint32_t zta_crc32(const void *data, size_t size)
{
    /* The reflected polynomial 0xedb88320 over each nibble. */
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *at = data;
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

bool zta_secret_equal(const void *a, const void *b, size_t size)
{
    return a != NULL && b != NULL && size > 0 && CRYPTO_memcmp(a, b, size) == 0;
}
