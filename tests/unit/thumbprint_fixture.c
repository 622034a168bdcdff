/* SPDX-License-Identifier: Apache-2.0 */
/* Through the module's own reading of keys. */
#include "tests/unit/thumbprint_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mod_zta/identity/strict_json.h"

void thumbprint_of(const char *text, char out[MOD_ZTA_THUMBPRINT_LEN + 1])
{
    json_t *object;
    const char *fault = "";
    struct mod_zta_jwk jwk;
    struct zta_error error;
    assert_int_equal(mod_zta_json_load(zta_text_of(text), &object, &fault), ZTA_OK);
    assert_int_equal(mod_zta_jwk_read(object, &jwk, &error), ZTA_OK);
    json_decref(object);
    mod_zta_thumbprint_of_key(&jwk, out);
}
