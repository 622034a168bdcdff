/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that outlives configuration passes; malloc, because no pool of a pass lives long enough.
 */
#include "mod_zta/retained.h"

#include <httpd.h>
#include <http_config.h>

#include <stdlib.h>
#include <string.h>

#define RETAINED_KEY "mod_zta"

struct mod_zta_retained *mod_zta_retained(void)
{
    struct mod_zta_retained *retained = ap_retained_data_get(RETAINED_KEY);
    if (retained == NULL) {
        retained = ap_retained_data_create(RETAINED_KEY, sizeof(*retained));
    }
    return retained;
}

void mod_zta_retained_clear(struct mod_zta_retained_text **list)
{
    while (*list != NULL) {
        struct mod_zta_retained_text *item = *list;
        *list = item->next;
        free(item->name);
        explicit_bzero(item->text, strlen(item->text));
        free(item->text);
        free(item);
    }
}

void mod_zta_retained_add(struct mod_zta_retained_text **list, const char *name, const char *text)
{
    struct mod_zta_retained_text *item = ap_calloc(1, sizeof(*item));
    item->name = strdup(name);
    item->text = strdup(text);
    if (item->name == NULL || item->text == NULL) {
        ap_abort_on_oom();
    }
    while (*list != NULL) {
        list = &(*list)->next;
    }
    *list = item;
}

const char *mod_zta_retained_find(const struct mod_zta_retained_text *list, const char *name)
{
    for (; list != NULL; list = list->next) {
        if (strcmp(list->name, name) == 0) {
            return list->text;
        }
    }
    return NULL;
}
