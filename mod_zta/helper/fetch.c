/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery and JWKS, each a GET; whatever is wrong with either leaves the keys that are there. */
#include "mod_zta/helper/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/identity/keyset.h"
#include "shared/base/clock.h"

#define DOCUMENT_MAX 262144
#define SKEW_MAX_S   (100 * INT64_C(31622400)) /* a clock that is wrong by more tells nothing */

struct attempt {
    const struct mod_zta_fetch_issuer *issuer;
    const struct mod_zta_fetch_options *options;
    struct mod_zta_fetched *fetched;
    int64_t deadline_ns;
};

static enum zta_status get(const struct attempt *attempt, const char *url, const char *etag,
                           struct mod_zta_http_answer *answer, struct zta_error *error)
{
    int64_t left_ms = (attempt->deadline_ns - zta_clock_monotonic_ns()) / 1000000;
    if (left_ms <= 0) {
        return zta_error_set(error, ZTA_IO, "no time is left");
    }
    struct mod_zta_http_request request = {
        .url = url,
        .ca_file = attempt->options->ca_file,
        .etag = etag,
        .body_max = DOCUMENT_MAX,
        .timeout_ms = left_ms < MOD_ZTA_HTTP_TIMEOUT_MS ? left_ms : MOD_ZTA_HTTP_TIMEOUT_MS,
        .is_cancelled = attempt->options->is_cancelled,
        .context = attempt->options->context,
    };
    enum zta_status status = mod_zta_http_get(&request, answer, error);
    if (status == ZTA_OK && answer->date_s != 0 &&
        llabs(answer->date_s - answer->at_s) < SKEW_MAX_S) {
        attempt->fetched->has_skew = true;
        attempt->fetched->skew_s = (int32_t)(answer->date_s - answer->at_s);
    }
    return status;
}

static bool fail(const struct attempt *attempt, const char *url, const char *fault)
{
    struct mod_zta_fetched *fetched = attempt->fetched;
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, fetched->error, sizeof fetched->error);
    zta_buffer_safe(&buffer, zta_text_of(url));
    zta_buffer_string(&buffer, ": ");
    zta_buffer_safe(&buffer, zta_text_of(fault));
    return false;
}

static bool fail_status(const struct attempt *attempt, const char *url, long status)
{
    char text[64];
    (void)snprintf(text, sizeof text, "it answers %ld", status);
    return fail(attempt, url, text);
}

/*
 * One form of the well-known place. *goes_on when the issuer has nothing there, so that the other
 * form is worth a try; a document that is there and wrong is the end of it.
 */
static bool discover_at(const struct attempt *attempt, enum mod_zta_discovery_form form,
                        bool *goes_on)
{
    struct mod_zta_fetched *fetched = attempt->fetched;
    struct zta_error error = {.text = ""};
    struct mod_zta_http_answer answer = {.body = NULL};
    char url[MOD_ZTA_URL_MAX + 1];
    *goes_on = false;
    if (mod_zta_discovery_url(attempt->issuer->url, form, url, sizeof url) != ZTA_OK) {
        return fail(attempt, "discovery", "the issuer's URL does not allow it");
    }
    if (get(attempt, url, NULL, &answer, &error) != ZTA_OK) {
        return fail(attempt, url, error.text);
    }
    if (answer.status != 200) {
        free(answer.body);
        *goes_on = answer.status >= 400 && answer.status < 500;
        return fail_status(attempt, url, answer.status);
    }
    struct mod_zta_discovery discovery;
    struct zta_text document = {.data = answer.body != NULL ? answer.body : "",
                                .len = answer.body_len};
    enum zta_status status =
        mod_zta_discovery_parse(document, attempt->issuer->url, &discovery, &error);
    free(answer.body);
    if (status != ZTA_OK) {
        return fail(attempt, url, error.text);
    }
    memcpy(fetched->known.jwks_uri, discovery.jwks_uri, sizeof fetched->known.jwks_uri);
    memcpy(fetched->introspection_endpoint, discovery.introspection_endpoint,
           sizeof fetched->introspection_endpoint);
    return true;
}

/* Where the keys stand, into fetched->known. */
static bool find_keys(const struct attempt *attempt)
{
    const struct zta_text keys = attempt->issuer->keys;
    if (!zta_text_equal(keys, ZTA_TEXT("discover"))) {
        (void)snprintf(attempt->fetched->known.jwks_uri, sizeof attempt->fetched->known.jwks_uri,
                       "%.*s", (int)keys.len, keys.data);
        return true;
    }
    const bool is_transmitter = attempt->issuer->is_transmitter;
    const int end = is_transmitter ? MOD_ZTA_N_DISCOVERY_PLACES : MOD_ZTA_N_DISCOVERY_FORMS;
    bool goes_on = true;
    for (int form = is_transmitter ? MOD_ZTA_DISCOVERY_SSF : 0; form < end && goes_on; form++) {
        if (discover_at(attempt, (enum mod_zta_discovery_form)form, &goes_on)) {
            return true;
        }
    }
    return false;
}

static void add_warning(void *context, const char *text)
{
    struct zta_buffer *warnings = context;
    if (warnings->len > 0) {
        zta_buffer_string(warnings, "\n");
    }
    zta_buffer_safe(warnings, zta_text_of(text));
}

/* A set that nobody could verify with is no reason to give up the one that is there. */
static bool check_keys(const struct attempt *attempt, struct zta_text jwks, const char *url)
{
    struct mod_zta_fetched *fetched = attempt->fetched;
    struct mod_zta_keyset *keyset = NULL;
    struct zta_error error = {.text = ""};
    struct zta_buffer warnings;
    zta_buffer_init(&warnings, fetched->warnings, sizeof fetched->warnings);
    if (mod_zta_keyset_load(jwks, attempt->issuer->algs, add_warning, &warnings, &keyset, &error) !=
        ZTA_OK) {
        return fail(attempt, url, error.text);
    }
    mod_zta_keyset_close(&keyset);
    return true;
}

/* Within our bounds, and so that keys are asked about twice before they are too old. */
static int64_t lifetime_of(const struct mod_zta_fetch_issuer *issuer, int64_t max_age_s)
{
    int64_t life_s = max_age_s < 0 ? MOD_ZTA_LIFETIME_S : max_age_s;
    life_s = life_s < MOD_ZTA_LIFETIME_MIN_S ? MOD_ZTA_LIFETIME_MIN_S : life_s;
    life_s = life_s > MOD_ZTA_LIFETIME_MAX_S ? MOD_ZTA_LIFETIME_MAX_S : life_s;
    if (issuer->stale_s > 0 && life_s > issuer->stale_s / 2) {
        life_s = issuer->stale_s / 2;
    }
    return life_s > 0 ? life_s : 1;
}

static bool get_keys(const struct attempt *attempt, const struct mod_zta_fetch_known *known)
{
    struct mod_zta_fetched *fetched = attempt->fetched;
    const char *url = fetched->known.jwks_uri;
    struct mod_zta_http_answer answer = {.body = NULL};
    struct zta_error error = {.text = ""};
    bool is_asking = known->etag[0] != '\0' && strcmp(known->jwks_uri, url) == 0;
    if (get(attempt, url, is_asking ? known->etag : NULL, &answer, &error) != ZTA_OK) {
        return fail(attempt, url, error.text);
    }
    fetched->lifetime_s = lifetime_of(attempt->issuer, answer.max_age_s);
    if (answer.status == 304 && is_asking) {
        free(answer.body);
        memcpy(fetched->known.etag, known->etag, sizeof fetched->known.etag);
        fetched->is_unchanged = true;
        return true;
    }
    struct zta_text jwks = {.data = answer.body != NULL ? answer.body : "", .len = answer.body_len};
    if (answer.status != 200 || !check_keys(attempt, jwks, url)) {
        free(answer.body);
        return answer.status != 200 ? fail_status(attempt, url, answer.status) : false;
    }
    memcpy(fetched->known.etag, answer.etag, sizeof fetched->known.etag);
    fetched->jwks = answer.body;
    fetched->jwks_len = answer.body_len;
    return true;
}

void mod_zta_fetch(const struct mod_zta_fetch_issuer *issuer,
                   const struct mod_zta_fetch_known *known,
                   const struct mod_zta_fetch_options *options, struct mod_zta_fetched *fetched)
{
    *fetched = (struct mod_zta_fetched){.lifetime_s = lifetime_of(issuer, -1)};
    struct attempt attempt = {
        .issuer = issuer,
        .options = options,
        .fetched = fetched,
        .deadline_ns = zta_clock_monotonic_ns() + MOD_ZTA_FETCH_MS * 1000000,
    };
    fetched->is_good = find_keys(&attempt) && get_keys(&attempt, known);
    fetched->attempted_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    if (fetched->is_good) {
        fetched->error[0] = '\0';
    }
    else {
        fetched->known = *known;
    }
}
