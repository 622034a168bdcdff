/* SPDX-License-Identifier: Apache-2.0 */
/* How much a sanitizer slows a test down: what repeats many times repeats so much less. */
#ifndef ZTA_TESTS_SANITIZED_H
#define ZTA_TESTS_SANITIZED_H

#ifdef __has_feature
#define SANITIZED_BY_CLANG(sanitizer) __has_feature(sanitizer)
#else
#define SANITIZED_BY_CLANG(sanitizer) 0
#endif

/* Times that a step takes of what it takes without; the counts of the plain build are the whole. */
#if defined(__SANITIZE_THREAD__) || SANITIZED_BY_CLANG(thread_sanitizer)
#define SANITIZED_COST 15
#elif defined(__SANITIZE_ADDRESS__) || SANITIZED_BY_CLANG(address_sanitizer)
#define SANITIZED_COST 4
#else
#define SANITIZED_COST 1
#endif

#endif
