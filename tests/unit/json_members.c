/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a table of members as an object. */
#include "tests/unit/json_members.h"

#include <stdbool.h>
#include <string.h>

#include "shared/base/bytes.h"

void members_print(const struct member *members, size_t n, const struct member *change,
                   char out[JOSE_TEXT_MAX])
{
    struct zta_buffer buffer;
    bool is_changed = change->name == NULL;
    zta_buffer_init(&buffer, out, JOSE_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        const bool is_it = change->name != NULL && strcmp(members[i].name, change->name) == 0;
        const char *raw = is_it ? change->raw : members[i].raw;
        is_changed = is_changed || is_it;
        if (raw != NULL) {
            zta_buffer_printf(&buffer, "%c\"%s\":%s", buffer.len == 0 ? '{' : ',', members[i].name,
                              raw);
        }
    }
    if (!is_changed) {
        zta_buffer_printf(&buffer, ",\"%s\":%s", change->name, change->raw);
    }
    zta_buffer_string(&buffer, "}");
}
