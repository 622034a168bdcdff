/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 over digests; private keys are lines of base64url in files of their owner alone. */
#include "shared/fleet/signing.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/base64.h"
#include "shared/base/random.h"

#define KEY_TEXT_LEN ZTA_BASE64URL_LEN(ZTA_SIGNING_KEY_SIZE)

_Static_assert(ZTA_SIGNING_TEXT_SIZE == KEY_TEXT_LEN + 1, "a key's text and its NUL");

/* Before the key in its file: what it is, and of which form. */
#define FILE_MARK     "zta-fleet-key-1 "
#define FILE_MARK_LEN (sizeof(FILE_MARK) - 1)
#define FILE_LEN      (FILE_MARK_LEN + KEY_TEXT_LEN + 1)

struct zta_signing_key {
    EVP_PKEY *pkey;
    struct zta_public_key public_key;
};

static enum zta_status make(const uint8_t secret[ZTA_SIGNING_KEY_SIZE],
                            struct zta_signing_key **key, struct zta_error *error)
{
    struct zta_signing_key *made = calloc(1, sizeof *made);
    size_t size = ZTA_SIGNING_KEY_SIZE;
    if (made != NULL) {
        made->pkey =
            EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, ZTA_SIGNING_KEY_SIZE);
    }
    if (made == NULL || made->pkey == NULL ||
        EVP_PKEY_get_raw_public_key(made->pkey, made->public_key.bytes, &size) != 1) {
        zta_signing_close(&made);
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory for a key");
    }
    *key = made;
    return ZTA_OK;
}

void zta_signing_close(struct zta_signing_key **key)
{
    if (*key != NULL) {
        EVP_PKEY_free((*key)->pkey);
        free(*key);
        *key = NULL;
    }
}

void zta_signing_public(const struct zta_signing_key *key, struct zta_public_key *public_key)
{
    *public_key = key->public_key;
}

static enum zta_status write_file(const char *path, const char *text, struct zta_error *error)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, ZTA_SIGNING_FILE_MODE);
    if (fd < 0) {
        return errno == EEXIST ? zta_error_set(error, ZTA_EXISTS, "%s is there already", path)
                               : zta_error_set(error, ZTA_IO, "%s: %s", path, strerror(errno));
    }
    const bool is_written = write(fd, text, FILE_LEN) == (ssize_t)FILE_LEN && fsync(fd) == 0;
    const int code = errno;
    if (close(fd) != 0 || !is_written) {
        (void)unlink(path);
        return zta_error_set(error, ZTA_IO, "%s: %s", path, strerror(code));
    }
    return ZTA_OK;
}

enum zta_status zta_signing_create(const char *path, struct zta_signing_key **key,
                                   struct zta_error *error)
{
    uint8_t secret[ZTA_SIGNING_KEY_SIZE];
    char text[FILE_LEN + 1] = FILE_MARK;
    zta_random_bytes(secret, sizeof secret);
    zta_base64url_encode(secret, sizeof secret, text + FILE_MARK_LEN);
    text[FILE_LEN - 1] = '\n';
    enum zta_status status = make(secret, key, error);
    if (status == ZTA_OK) {
        status = write_file(path, text, error);
        if (status != ZTA_OK) {
            zta_signing_close(key);
        }
    }
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(text, sizeof text);
    return status;
}

/* The one line of such a file. */
static enum zta_status read_file(const char *path, char text[FILE_LEN + 1], struct zta_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return zta_error_set(error, errno == ENOENT ? ZTA_NOT_FOUND : ZTA_IO, "%s: %s", path,
                             strerror(errno));
    }
    struct stat info;
    enum zta_status status = ZTA_OK;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        status = zta_error_set(error, ZTA_FORBIDDEN, "%s is no plain file", path);
    }
    else if ((info.st_mode & 077) != 0) {
        status = zta_error_set(error, ZTA_FORBIDDEN,
                               "%s has mode %04o: a key is its owner's alone (chmod 600)", path,
                               (unsigned)(info.st_mode & 07777));
    }
    else if (read(fd, text, FILE_LEN + 1) != (ssize_t)FILE_LEN) {
        status = zta_error_set(error, ZTA_INVALID, "%s is no key of a fleet", path);
    }
    (void)close(fd);
    return status;
}

enum zta_status zta_signing_open(const char *path, struct zta_signing_key **key,
                                 struct zta_error *error)
{
    char text[FILE_LEN + 1];
    uint8_t secret[ZTA_SIGNING_KEY_SIZE];
    size_t size = 0;
    enum zta_status status = read_file(path, text, error);
    if (status != ZTA_OK) {
        return status;
    }
    const struct zta_text encoded = {.data = text + FILE_MARK_LEN, .len = KEY_TEXT_LEN};
    if (memcmp(text, FILE_MARK, FILE_MARK_LEN) != 0 || text[FILE_LEN - 1] != '\n' ||
        zta_base64url_decode(encoded, secret, sizeof secret, &size) != ZTA_OK ||
        size != sizeof secret) {
        status = zta_error_set(error, ZTA_INVALID, "%s is no key of a fleet", path);
    }
    else {
        status = make(secret, key, error);
    }
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(text, sizeof text);
    return status;
}

enum zta_status zta_sign(const struct zta_signing_key *key, const struct zta_sha256 *digest,
                         uint8_t signature[ZTA_SIGNATURE_SIZE])
{
    size_t size = ZTA_SIGNATURE_SIZE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool is_signed =
        context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
        EVP_DigestSign(context, signature, &size, digest->bytes, sizeof digest->bytes) == 1;
    EVP_MD_CTX_free(context);
    return is_signed ? ZTA_OK : ZTA_NO_MEMORY;
}

enum zta_status zta_signature_check(const struct zta_public_key *key,
                                    const struct zta_sha256 *digest,
                                    const uint8_t signature[ZTA_SIGNATURE_SIZE])
{
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, sizeof key->bytes);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool is_good = pkey != NULL && context != NULL &&
                         EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
                         EVP_DigestVerify(context, signature, ZTA_SIGNATURE_SIZE, digest->bytes,
                                          sizeof digest->bytes) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return is_good ? ZTA_OK : ZTA_FORBIDDEN;
}

void zta_public_key_print(const struct zta_public_key *key, char text[ZTA_SIGNING_TEXT_SIZE])
{
    zta_base64url_encode(key->bytes, sizeof key->bytes, text);
}

enum zta_status zta_public_key_parse(struct zta_text text, struct zta_public_key *key)
{
    size_t size = 0;
    struct zta_public_key found;
    if (text.len != KEY_TEXT_LEN ||
        zta_base64url_decode(text, found.bytes, sizeof found.bytes, &size) != ZTA_OK ||
        size != sizeof found.bytes) {
        return ZTA_INVALID;
    }
    *key = found;
    return ZTA_OK;
}
