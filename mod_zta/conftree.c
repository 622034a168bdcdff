/* SPDX-License-Identifier: Apache-2.0 */
/* httpd keeps its tree of directives until the next restart. */
#include "mod_zta/conftree.h"

#include <stdbool.h>
#include <string.h>

static bool is_vhost_section(const ap_directive_t *node)
{
    return strcasecmp(node->directive, "<VirtualHost") == 0;
}

/* The next line behind node and its section, below `top` (NULL: of all); NULL at the end. */
static const ap_directive_t *next_behind(const ap_directive_t *node, const ap_directive_t *top)
{
    while (node != top && node->next == NULL) {
        node = node->parent;
    }
    return node == top ? NULL : node->next;
}

const ap_directive_t *mod_zta_conftree_next(const ap_directive_t *node)
{
    return node->first_child != NULL ? node->first_child : next_behind(node, NULL);
}

/* The section that made s; NULL for the main server. */
static const ap_directive_t *vhost_section(const server_rec *s)
{
    for (const ap_directive_t *node = ap_conftree; node != NULL && s->is_virtual;
         node = node->next) {
        if (is_vhost_section(node) && node->line_num == (int)s->defn_line_number &&
            strcmp(node->filename, s->defn_name) == 0) {
            return node;
        }
    }
    return NULL;
}

const ap_directive_t *mod_zta_conftree_first_of(const server_rec *s, const ap_directive_t **top)
{
    *top = vhost_section(s);
    if (*top != NULL) {
        return (*top)->first_child;
    }
    return s->is_virtual ? NULL : ap_conftree;
}

const ap_directive_t *mod_zta_conftree_next_of(const ap_directive_t *node,
                                               const ap_directive_t *top)
{
    return node->first_child != NULL && !is_vhost_section(node) ? node->first_child
                                                                : next_behind(node, top);
}

/* Of the main server's lines to the own ones. */
static const ap_directive_t *first_own(struct mod_zta_conftree_walk *walk)
{
    walk->is_own = true;
    return mod_zta_conftree_first_of(walk->server, &walk->top);
}

const ap_directive_t *mod_zta_conftree_begin(struct mod_zta_conftree_walk *walk,
                                             const server_rec *s, const server_rec *main_server)
{
    *walk = (struct mod_zta_conftree_walk){.server = s, .main_server = main_server};
    const ap_directive_t *node =
        s == main_server ? NULL : mod_zta_conftree_first_of(main_server, &walk->top);
    while (node != NULL && is_vhost_section(node)) {
        node = mod_zta_conftree_next_of(node, walk->top);
    }
    return node != NULL ? node : first_own(walk);
}

const ap_directive_t *mod_zta_conftree_step(struct mod_zta_conftree_walk *walk,
                                            const ap_directive_t *node)
{
    do {
        node = mod_zta_conftree_next_of(node, walk->top);
    } while (node != NULL && is_vhost_section(node));
    return node != NULL || walk->is_own ? node : first_own(walk);
}

const ap_directive_t *mod_zta_conftree_section_of(const ap_directive_t *node)
{
    const ap_directive_t *section = node->parent;
    return section == NULL || is_vhost_section(section) ? NULL : section;
}

const ap_directive_t *mod_zta_conftree_in_force(const server_rec *s, const server_rec *main_server,
                                                const char *name)
{
    struct mod_zta_conftree_walk walk;
    const ap_directive_t *last = NULL;
    for (const ap_directive_t *node = mod_zta_conftree_begin(&walk, s, main_server); node != NULL;
         node = mod_zta_conftree_step(&walk, node)) {
        if (strcasecmp(node->directive, name) == 0 && mod_zta_conftree_section_of(node) == NULL) {
            last = node;
        }
    }
    return last;
}

const ap_directive_t *mod_zta_conftree_last_of(const server_rec *s, const char *name)
{
    const ap_directive_t *top;
    const ap_directive_t *last = NULL;
    for (const ap_directive_t *node = mod_zta_conftree_first_of(s, &top); node != NULL;
         node = mod_zta_conftree_next_of(node, top)) {
        if (strcasecmp(node->directive, name) == 0) {
            last = node;
        }
    }
    return last;
}
