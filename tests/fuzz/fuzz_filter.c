/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of events: whatever parses can be asked, and a negated term answers the opposite. */
#include "admin-tui/filter.h"

#include <string.h>

#include "admin-tui/explain.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An event whose texts are the input too: matching sees what a client may have sent. */
static void make_event(struct zta_event *event, struct zta_text text)
{
    const struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_HOST] = ZTA_TEXT("api.example.com"),
        [ZTA_EVENT_PATH] = text,
        [ZTA_EVENT_SUBJECT] = text,
        [ZTA_EVENT_ISSUER] = ZTA_TEXT("corp"),
    };
    memset(event, 0, sizeof *event);
    zta_event_set_texts(event, texts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ctl_filter filter;
    struct zta_event event;
    struct zta_error error = {.status = ZTA_OK};
    const struct zta_text text = {.data = (const char *)data, .len = size};
    make_event(&event, text);
    char story[8192];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, story, sizeof story);
    ctl_explain(&(struct ctl_explained){.event = &event}, &buffer);
    must(!buffer.is_overflowed && strchr(story, '\x1b') == NULL);
    if (ctl_filter_parse(text, &filter, &error) != ZTA_OK) {
        must(error.status == ZTA_INVALID && error.text[0] != '\0');
        return 0;
    }
    bool is_match = ctl_filter_matches(&filter, &event, 1800000000);
    if (filter.n_terms == 1) {
        filter.terms[0].is_negated = !filter.terms[0].is_negated;
        must(ctl_filter_matches(&filter, &event, 1800000000) != is_match);
    }
    return 0;
}
