/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security events of any bytes, any claims properly signed, and any letter to the helper: the judge
 * ends, and what it accepts can be kept. The first byte chooses (see LLVMFuzzerTestOneInput).
 */
#include <stdint.h>
#include <string.h>

#include "mod_zta/identity/set_token.h"
#include "tests/fuzz/must.h"
#include "tests/unit/jose_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    SIGNED_MAX = 12000, /* above the largest token, below what the signer takes */
    NOW = 1800000000,
};

/* So that a token found once is the same token in every run. */
static struct jose_fixed fixed;
static const struct zta_text audience = ZTA_TEXT("proxy");
static struct mod_zta_issuer source;
static struct mod_zta_issuer corp;
static const struct mod_zta_issuer *const speaks_for[] = {&corp};
static struct mod_zta_transmitter transmitter = {
    .issuer = &source, .speaks_for = speaks_for, .n_speaks_for = 1};

static void set_up(void)
{
    jose_fixed_open(NOW, &fixed);
    source = (struct mod_zta_issuer){.name = ZTA_TEXT("tx"),
                                     .url = ZTA_TEXT("https://ssf.example"),
                                     .audiences = &audience,
                                     .n_audiences = 1,
                                     .algs = MOD_ZTA_ALG_EDDSA,
                                     .leeway_s = 60};
    corp =
        (struct mod_zta_issuer){.name = ZTA_TEXT("corp"), .url = ZTA_TEXT("https://idp.example")};
    mod_zta_claim_names_init(&corp.claims);
    source.keyring = fixed.ring;
}

static void judge(struct zta_text token)
{
    static struct mod_zta_set_result result;
    const struct mod_zta_transmitter *const all[] = {&transmitter};
    struct zta_notice read;
    uint8_t letter[ZTA_NOTICE_SIZE_MAX];
    size_t size;
    mod_zta_set_judge(token, all, 1, NOW, &result);
    if (result.verdict != MOD_ZTA_SET_ACCEPTED) {
        must(result.detail[0] != '\0');
        must(result.verdict != MOD_ZTA_SET_REFUSED || result.err != NULL);
        return;
    }
    must(zta_notice_encode(&result.notice, letter, sizeof(letter), &size) == ZTA_OK);
    must(zta_notice_decode(letter, size, &read) == ZTA_OK);
    must(read.event_s <= NOW + source.leeway_s && read.expires_s > NOW - source.leeway_s);
    must(read.reach != ZTA_NOTICE_ONE || read.effect == ZTA_NOTICE_DEVICE ||
         zta_text_equal(read.issuer, corp.name));
}

static void judge_signed(const char *text, size_t size)
{
    static char token[JOSE_TEXT_MAX];
    const struct zta_text header =
        ZTA_TEXT("{\"alg\":\"EdDSA\",\"typ\":\"secevent+jwt\",\"kid\":\"k\"}");
    if (size < SIGNED_MAX) {
        const size_t len = jose_sign(fixed.key, "EdDSA", header,
                                     (struct zta_text){.data = text, .len = size}, token);
        judge((struct zta_text){.data = token, .len = len});
    }
}

/* 't': a token; 's' and 'd': claims to be signed, by the standards or by drafts; else a letter. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zta_notice notice;
    if (fixed.key == NULL) {
        set_up();
    }
    if (size == 0) {
        return 0;
    }
    const char *text = (const char *)data + 1;
    transmitter.is_legacy = data[0] == 'd';
    switch (data[0]) {
    case 't':
        judge((struct zta_text){.data = text, .len = size - 1});
        break;
    case 's':
    case 'd':
        judge_signed(text, size - 1);
        break;
    default:
        must(zta_notice_decode(data, size, &notice) != ZTA_OK ||
             notice.transmitter.len <= ZTA_NAME_MAX);
        break;
    }
    return 0;
}
