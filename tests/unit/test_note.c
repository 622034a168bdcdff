/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and answers of nodes: what is read is what was signed, for one fleet. */
#include "shared/fleet/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void a_note_is_what_its_node_signed(void **state)
{
    char path[] = "/tmp/zta-note-key-XXXXXX";
    static uint8_t bytes[ZTA_NOTE_MAX + 1];
    static char text[ZTA_NOTE_TEXT_MAX + 1];
    size_t size = 0;
    struct zta_signing_key *key = NULL;
    struct zta_public_key public_key;
    struct zta_note note = {
        .kind = ZTA_NOTE_ANSWERS, .time_ns = 7, .text = ZTA_TEXT("[{\"id\": 1}]")};
    struct zta_note found;
    memset(note.origin, 3, sizeof note.origin);
    memset(note.question, 4, sizeof note.question);
    assert_int_equal(close(mkstemp(path)), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(zta_signing_create(path, &key, NULL), ZTA_OK);
    assert_int_equal(unlink(path), 0);
    zta_signing_public(key, &public_key);
    assert_int_equal(zta_note_seal(&note, ZTA_TEXT("corp"), key, bytes, &size), ZTA_OK);
    const struct zta_text sealed = {.data = (const char *)bytes, .len = size};
    assert_int_equal(zta_note_read(sealed, &found), ZTA_OK);
    assert_int_equal(found.kind, ZTA_NOTE_ANSWERS);
    assert_int_equal(found.time_ns, 7);
    assert_memory_equal(found.origin, note.origin, sizeof note.origin);
    assert_memory_equal(found.question, note.question, sizeof note.question);
    assert_true(zta_text_equal(found.text, note.text));
    assert_int_equal(zta_note_check(sealed, ZTA_TEXT("corp"), &public_key), ZTA_OK);
    assert_int_equal(zta_note_check(sealed, ZTA_TEXT("other"), &public_key), ZTA_FORBIDDEN);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        assert_int_equal(zta_note_check(sealed, ZTA_TEXT("corp"), &public_key), ZTA_FORBIDDEN);
        bytes[i] ^= 1;
    }
    for (size_t len = 0; len < size - note.text.len; len++) {
        const struct zta_text cut = {.data = sealed.data, .len = len};
        assert_int_equal(zta_note_read(cut, &found), ZTA_INVALID);
    }
    note.text = (struct zta_text){.data = text, .len = sizeof text};
    assert_int_equal(zta_note_seal(&note, ZTA_TEXT("corp"), key, bytes, &size), ZTA_TOO_LARGE);
    note.text.len = ZTA_NOTE_TEXT_MAX;
    assert_int_equal(zta_note_seal(&note, ZTA_TEXT("corp"), key, bytes, &size), ZTA_OK);
    zta_signing_close(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_is_what_its_node_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
