/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier of access tokens in ztactl: by OpenSSL alone, in place of the module's, whose
 * library and licence ztactl does not take on.
 */
#include "mod_zta/identity/signature.h"

#include <stdlib.h>

#include "mod_zta/identity/evp_verifier.h"

struct mod_zta_verifier {
    struct mod_zta_evp_verifier *evp;
};

enum zta_status mod_zta_verifier_open(struct zta_text jwk, unsigned alg,
                                      struct mod_zta_verifier **verifier, struct zta_error *error)
{
    struct mod_zta_verifier *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory");
    }
    enum zta_status status = mod_zta_evp_verifier_open(jwk, alg, &made->evp, error);
    if (status != ZTA_OK) {
        free(made);
        return status;
    }
    *verifier = made;
    return ZTA_OK;
}

void mod_zta_verifier_close(struct mod_zta_verifier **verifier)
{
    if (*verifier != NULL) {
        mod_zta_evp_verifier_close(&(*verifier)->evp);
        free(*verifier);
        *verifier = NULL;
    }
}

enum zta_status mod_zta_verifier_check(const struct mod_zta_verifier *verifier,
                                       struct zta_text token)
{
    return mod_zta_evp_verifier_check(verifier->evp, token);
}
