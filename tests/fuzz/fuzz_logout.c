/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logout tokens of any bytes, any claims properly signed, any form, and any letter to the helper:
 * the judge ends, and what it accepts can be kept. The first byte chooses (see
 * LLVMFuzzerTestOneInput).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/identity/logout_token.h"
#include "tests/fuzz/must.h"
#include "tests/unit/jose_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    SIGNED_MAX = 12000, /* above the largest token, below what the signer takes */
    NOW = 1800000000,
};

/* So that a token found once is the same token in every run. */
static struct jose_fixed fixed;
static const struct zta_text clients[] = {ZTA_TEXT("site")};
static struct mod_zta_issuer issuer;
static const struct mod_zta_logout_issuer from = {
    .issuer = &issuer, .clients = clients, .n_clients = 1};

static void set_up(void)
{
    jose_fixed_open(NOW, &fixed);
    issuer = (struct mod_zta_issuer){.name = ZTA_TEXT("corp"),
                                     .url = ZTA_TEXT("https://idp.example"),
                                     .algs = MOD_ZTA_ALG_EDDSA,
                                     .token_type = ZTA_TEXT("at+jwt"),
                                     .leeway_s = 60};
    mod_zta_claim_names_init(&issuer.claims);
    issuer.keyring = fixed.ring;
}

static void judge(struct zta_text token)
{
    static struct mod_zta_logout_result result;
    struct zta_signal_message read;
    uint8_t letter[ZTA_SIGNAL_SIZE_MAX];
    size_t size;
    mod_zta_logout_judge(token, &from, 1, NOW, &result);
    if (result.verdict != MOD_ZTA_LOGOUT_ACCEPTED) {
        must(result.detail[0] != '\0');
        return;
    }
    must(zta_signal_message_encode(&result.message, letter, sizeof(letter), &size) == ZTA_OK);
    must(zta_signal_message_decode(letter, size, &read) == ZTA_OK);
    must(read.expires_s > NOW - issuer.leeway_s && read.signal.watermark_s <= NOW);
}

static void judge_signed(const char *text, size_t size)
{
    static char token[JOSE_TEXT_MAX];
    const struct zta_text header =
        ZTA_TEXT("{\"alg\":\"EdDSA\",\"typ\":\"logout+jwt\",\"kid\":\"k\"}");
    if (size < SIGNED_MAX) {
        const size_t len = jose_sign(fixed.key, "EdDSA", header,
                                     (struct zta_text){.data = text, .len = size}, token);
        judge((struct zta_text){.data = token, .len = len});
    }
}

static void read_form(const char *text, size_t size)
{
    struct zta_text token;
    char *form = malloc(size + 1);
    must(form != NULL);
    memcpy(form, text, size);
    if (mod_zta_logout_form(form, size, &token) == ZTA_OK) {
        must(token.len <= size && (token.len == 0 || memchr(token.data, '\0', token.len) == NULL));
    }
    free(form);
}

/* 't': a token; 's': claims to be signed; 'f': a form; anything else: a letter. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zta_signal_message message;
    if (fixed.key == NULL) {
        set_up();
    }
    if (size == 0) {
        return 0;
    }
    const char *text = (const char *)data + 1;
    switch (data[0]) {
    case 't':
        judge((struct zta_text){.data = text, .len = size - 1});
        break;
    case 's':
        judge_signed(text, size - 1);
        break;
    case 'f':
        read_form(text, size - 1);
        break;
    default:
        must(zta_signal_message_decode(data, size, &message) != ZTA_OK ||
             message.signal.issuer.len <= ZTA_NAME_MAX);
        break;
    }
    return 0;
}
