/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of this site's own pages, and all others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "mod_zta/identity/origin.h"

#define OWN "https://api.test"

static const struct {
    struct mod_zta_origin_question question;
    bool is_own;
} cases[] = {
    {{.method = "GET"}, true},
    {{.method = "HEAD", .origin = "https://evil.test"}, true},
    {{.method = "OPTIONS"}, true},
    {{.method = "GET", .upgrade = "websocket"}, false},
    {{.method = "GET", .upgrade = "websocket", .origin = OWN}, true},
    {{.method = "GET", .upgrade = "websocket", .origin = "https://evil.test"}, false},
    {{.method = "get"}, false},
    {{.method = "POST"}, false},
    {{.method = "DELETE"}, false},
    {{.method = "BREW"}, false},
    {{.method = "TRACE"}, false},
    {{.method = "POST", .origin = OWN}, true},
    {{.method = "POST", .origin = "HTTPS://API.test"}, true},
    {{.method = "POST", .origin = "null"}, false},
    {{.method = "POST", .origin = ""}, false},
    {{.method = "POST", .origin = "http://api.test"}, false},
    {{.method = "POST", .origin = OWN ":8443"}, false},
    {{.method = "POST", .origin = OWN "/"}, false},
    {{.method = "POST", .origin = OWN ".evil.test"}, false},
    {{.method = "POST", .origin = "https://x.api.test"}, false},
    {{.method = "POST", .origin = OWN ", https://evil.test"}, false},
    {{.method = "POST", .origin = "https://evil.test", .referer = OWN "/x"}, false},
    {{.method = "POST", .referer = OWN "/page?x"}, true},
    {{.method = "POST", .referer = OWN}, true},
    {{.method = "POST", .referer = OWN ".evil.test/"}, false},
    {{.method = "POST", .referer = OWN "@evil.test/"}, false},
    {{.method = "POST", .referer = OWN ":1/"}, false},
    {{.method = "POST", .referer = "https://evil.test/?" OWN "/"}, false},
    {{.method = "POST", .referer = ""}, false},
    {{.method = "POST", .fetch_site = "same-origin"}, true},
    {{.method = "POST", .fetch_site = "same-site"}, false},
    {{.method = "POST", .fetch_site = "none"}, false},
    {{.method = "POST", .fetch_site = "cross-site", .origin = OWN}, false},
    {{.method = "POST", .fetch_site = "same-origin", .origin = "https://evil.test"}, false},
    {{.method = "POST", .fetch_site = "same-origin", .origin = OWN}, true},
};

static void only_what_the_site_itself_sends_may_change_things(void **state)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mod_zta_origin_question question = cases[i].question;
        question.own = OWN;
        if (mod_zta_origin_is_own(&question) != cases[i].is_own) {
            fail_msg("case %zu, %s", i, question.method);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_the_site_itself_sends_may_change_things)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
