/* SPDX-License-Identifier: Apache-2.0 */
/* Networks: what is read prints to a text that reads to the same. */
#include "shared/base/net.h"

#include <string.h>

#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct zta_text text = {.data = (const char *)data, .len = size};
    struct zta_cidr cidr;
    struct zta_error error = {.status = ZTA_OK};
    if (zta_cidr_parse(text, &cidr, &error) != ZTA_OK) {
        must(error.status == ZTA_INVALID && zta_text_is_utf8(zta_text_of(error.text)));
        struct zta_addr addr;
        must(zta_addr_parse(text, &addr) == ZTA_INVALID);
        return 0;
    }
    must(cidr.addr.family == 4 ? cidr.prefix <= 32 : cidr.addr.family == 6 && cidr.prefix <= 128);
    must(zta_cidr_contains(&cidr, &cidr.addr));
    char printed[ZTA_CIDR_TEXT_MAX];
    zta_cidr_print(&cidr, printed);
    struct zta_cidr again;
    must(zta_cidr_parse(zta_text_of(printed), &again, NULL) == ZTA_OK);
    must(memcmp(&again, &cidr, sizeof(cidr)) == 0);
    const struct zta_cidr network = zta_addr_network(&cidr.addr, cidr.prefix, cidr.prefix);
    must(memcmp(&network, &cidr, sizeof(cidr)) == 0);
    return 0;
}
