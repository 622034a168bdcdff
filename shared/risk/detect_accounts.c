/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials that were refused at one address: bursts of them, and those of many accounts. Behind
 * a shared address the many who are let in outweigh the few who are not.
 */
#include "shared/risk/detect_priv.h"

static const struct {
    int64_t window_s;
    unsigned n_failures; /* 0: not looked at */
    unsigned n_accounts;
} lengths[] = {
    {.window_s = ZTA_FAILURES_WINDOW_S, .n_failures = ZTA_FAILURES, .n_accounts = ZTA_ACCOUNTS},
    {.window_s = ZTA_ACCOUNTS_WINDOW_LONG_S, .n_accounts = ZTA_ACCOUNTS_LONG},
};
_Static_assert(ZTA_FAILURES_WINDOW_S == ZTA_ACCOUNTS_WINDOW_S, "one window serves both");

static void count(struct zta_account_window *window, const struct zta_sighting *sighting)
{
    const bool is_failed = (sighting->traits & ZTA_SIGHTING_FAILED) != 0;
    window->n_requests += sighting->n;
    window->n_failed += is_failed ? sighting->n : 0;
    if (sighting->account != 0) {
        zta_sketch_add(is_failed ? &window->failed : &window->passed, sighting->account);
    }
}

void zta_detect_accounts(struct zta_account_watch *watch, const struct zta_sighting *sighting,
                         struct zta_findings *findings)
{
    const int64_t now_ns = sighting->time_ns;
    const unsigned relevant = ZTA_SIGHTING_FAILED | ZTA_SIGHTING_ENTERED;
    if ((sighting->traits & relevant) == 0) {
        return; /* who shows no credential neither fails nor proves an honest address */
    }
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct zta_account_window *window = &watch->windows[i];
        if (zta_detect_window(&window->since_ns, lengths[i].window_s, now_ns)) {
            *window = (struct zta_account_window){.since_ns = now_ns};
        }
        count(window, sighting);
        if ((sighting->traits & ZTA_SIGHTING_FAILED) == 0) {
            continue;
        }
        if (lengths[i].n_failures > 0 && window->n_failed >= lengths[i].n_failures &&
            window->n_failed >= window->n_requests / 4 &&
            zta_detect_again(&watch->failures_ns, now_ns)) {
            zta_detect_found(findings, ZTA_RISK_AUTH_FAILURES, "%u of %u credentials refused",
                             window->n_failed, window->n_requests);
        }
        const unsigned n_failed = zta_sketch_count(&window->failed);
        const unsigned n_passed = zta_sketch_count(&window->passed);
        if (n_failed >= lengths[i].n_accounts && n_failed >= n_passed / 2 &&
            zta_detect_again(&watch->stuffing_ns, now_ns)) {
            zta_detect_found(findings, ZTA_RISK_STUFFING, "%u accounts refused, %u let in",
                             n_failed, n_passed);
        }
    }
}
