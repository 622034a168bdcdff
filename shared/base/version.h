/* SPDX-License-Identifier: Apache-2.0 */
/* Version of the product: what both programs say of themselves. */
#ifndef ZTA_BASE_VERSION_H
#define ZTA_BASE_VERSION_H

#define ZTA_VERSION_TEXT "0.1.0"
/* The day of that version, for the manuals. */
#define ZTA_VERSION_DATE "2026-11-22"

#endif
