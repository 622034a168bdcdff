/* SPDX-License-Identifier: Apache-2.0 */
/* Version of the product: what both programs say of themselves. */
#ifndef ZTA_BASE_VERSION_H
#define ZTA_BASE_VERSION_H

#define ZTA_VERSION_TEXT "0.1.0"

#endif
