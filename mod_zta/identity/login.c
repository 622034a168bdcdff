/* SPDX-License-Identifier: Apache-2.0 */
/* The claims are read as those of an access token, so that a subject is the same either way. */
#include "mod_zta/identity/login.h"

#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token_priv.h"

static const struct mod_zta_issuer *find_issuer(const struct mod_zta_token_request *question,
                                                const json_t *claims)
{
    struct zta_text url = mod_zta_json_text(claims, "iss");
    for (size_t i = 0; i < question->n_issuers; i++) {
        if (zta_text_equal(question->issuers[i]->url, url)) {
            return question->issuers[i];
        }
    }
    return NULL;
}

static enum zta_reason judge(struct mod_zta_judging *judging, char *storage, size_t size,
                             struct zta_identity *identity)
{
    const char *fault;
    if (mod_zta_json_load(judging->request->token, &judging->claims, &fault) != ZTA_OK) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                      "the claims of mod_auth_openidc: %s", fault);
    }
    judging->issuer = find_issuer(judging->request, judging->claims);
    judging->result->issuer = judging->issuer;
    if (judging->issuer == NULL) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_UNKNOWN_ISSUER,
                                      "the login's issuer is not accepted here");
    }
    /* A browser cannot prove possession of a key; its session is mod_auth_openidc's cookie. */
    (void)json_object_del(judging->claims, "cnf");
    /* What the login is known by where it has neither jti nor sid nor auth_time. */
    judging->jws.signing_input = judging->request->token;
    return mod_zta_token_fill_identity(judging, storage, size, identity);
}

void mod_zta_login_judge(const struct mod_zta_token_request *question, char *storage, size_t size,
                         struct zta_identity *identity, struct mod_zta_token_result *result)
{
    struct mod_zta_judging judging = {.request = question, .result = result};
    *result = (struct mod_zta_token_result){.reason = ZTA_REASON_BAD_CREDENTIAL};
    zta_identity_init(identity);
    result->reason = judge(&judging, storage, size, identity);
    identity->credential = ZTA_CREDENTIAL_BROWSER;
    identity->expires_s = 0;
    json_decref(judging.claims);
}
