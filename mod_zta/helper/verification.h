/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification of streams (SSF 1.0): what an operator asks for becomes a random state in the store,
 * and a thread tells it to the transmitter; the event that brings it back is judged with all others
 * (notices.h). The state is committed before it leaves, so that no answer comes too early.
 */
#ifndef MOD_ZTA_HELPER_VERIFICATION_H
#define MOD_ZTA_HELPER_VERIFICATION_H

#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/observer.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

struct mod_zta_verification;

/* Where a stream is asked to verify itself; borrowed for as long as the verification is open. */
struct mod_zta_verify {
    struct zta_text name; /* of the transmitter */
    const char *url;
    const char *authorization; /* NULL: none */
    const char *stream;        /* its stream_id */
};

struct mod_zta_verification_options {
    const struct mod_zta_verify *verifies;
    size_t n_verifies;
    const char *ca_file; /* ZTACAFile; NULL: the system's */
};

/*
 * A new state for the transmitter of that name, or for all (absent), of those that can be asked; it
 * replaces one that is outstanding.
 */
enum zta_status mod_zta_verification_want(struct zta_change *change,
                                          const struct mod_zta_observer_options *options,
                                          struct zta_text name, int64_t now_s) ZTA_MUST_CHECK;

/* The observer outlives it. ZTA_NO_MEMORY, ZTA_IO: no thread. */
enum zta_status
mod_zta_verification_open(struct mod_zta_observer *observer,
                          const struct mod_zta_verification_options *options,
                          struct mod_zta_verification **verification) ZTA_MUST_CHECK;
/* Ends the thread, within a second or two whatever it waits for. */
void mod_zta_verification_close(struct mod_zta_verification **verification);

/* By the observer's thread, in each round; looks at the store once a second. */
void mod_zta_verification_step(struct mod_zta_verification *verification, int64_t now_mono_ns,
                               int64_t now_real_ns);

#endif
