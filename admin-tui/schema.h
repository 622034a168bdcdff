/* SPDX-License-Identifier: Apache-2.0 */
/* The number of the JSON that ztactl prints, as json.def describes it. */
#ifndef CTL_SCHEMA_H
#define CTL_SCHEMA_H

/* Rises when a member goes or means something else, not when one comes. */
#define CTL_SCHEMA_VERSION 1

#endif
