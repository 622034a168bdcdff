/* SPDX-License-Identifier: Apache-2.0 */
/* The tree over hosts and path segments, and a request's way through it. */
#include "shared/rules/index_priv.h"

#include "shared/rules/arena.h"
#include "shared/rules/match.h"

#include <stdlib.h>
#include <string.h>

/* Parent of the host roots; the root of rules for any host is node 0. */
#define HOSTS    UINT32_MAX
#define ANY_HOST 0
#define NONE     0 /* as a child: node 0 is nobody's */

struct node {
    uint32_t star; /* child for any one segment */
    uint32_t first_run;
    uint32_t n_below; /* runs of patterns that go on below, then */
    uint32_t n_exact; /* runs of patterns that end here */
};

/* Slot of the open-addressing table of children. */
struct edge {
    struct zta_text label;
    uint32_t parent;
    uint32_t child; /* NONE: free */
};

struct item {
    uint32_t node;
    uint32_t rule;
    bool is_exact;
    uint8_t methods;
};

struct run {
    uint32_t first;
    uint32_t n;
    uint8_t methods;
};

struct zta_rules_index {
    struct zta_vector nodes; /* struct node */
    struct edge *edges;
    size_t n_edges;
    size_t edges_size;       /* power of two */
    struct zta_vector items; /* struct item, until finished */
    struct run *runs;
    uint32_t *rules;
    bool has_hosts;
};

/* The last bytes of a label, up to 8; those of a short one may be there twice. */
static uint64_t last_bytes(const char *from, size_t n)
{
    uint32_t head;
    uint32_t tail;
    if (n >= sizeof(head)) {
        memcpy(&head, from, sizeof(head));
        memcpy(&tail, from + n - sizeof(tail), sizeof(tail));
        return (uint64_t)head << 32 | tail;
    }
    return n == 0 ? 0
                  : (uint64_t)(uint8_t)from[0] << 16 | (uint64_t)(uint8_t)from[n / 2] << 8 |
                        (uint8_t)from[n - 1];
}

/* Some mixing: the labels come from the administrator, so nobody aims at this table. */
static size_t hash_edge(uint32_t parent, struct zta_text label)
{
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = (parent + factor * label.len) * factor;
    size_t at = 0;
    for (uint64_t word; label.len - at > sizeof(word); at += sizeof(word)) {
        memcpy(&word, label.data + at, sizeof(word));
        hash = (hash ^ hash >> 32 ^ word) * factor;
    }
    hash = (hash ^ hash >> 32 ^ last_bytes(label.data + at, label.len - at)) * factor;
    return (size_t)(hash ^ hash >> 32);
}

static struct edge *find_slot(struct edge *edges, size_t size, uint32_t parent,
                              struct zta_text label)
{
    size_t at = hash_edge(parent, label) & (size - 1);
    while (edges[at].child != NONE &&
           (edges[at].parent != parent || !zta_text_equal(edges[at].label, label))) {
        at = (at + 1) & (size - 1);
    }
    return &edges[at];
}

static uint32_t find_child(const struct zta_rules_index *index, uint32_t parent,
                           struct zta_text label)
{
    return find_slot(index->edges, index->edges_size, parent, label)->child;
}

static struct node *node_at(const struct zta_rules_index *index, uint32_t node)
{
    return &((struct node *)(void *)index->nodes.items)[node];
}

static enum zta_status add_node(struct zta_rules_index *index, uint32_t *node)
{
    if (zta_vector_push(&index->nodes) == NULL) {
        return ZTA_NO_MEMORY;
    }
    *node = (uint32_t)(index->nodes.n - 1);
    return ZTA_OK;
}

/* Kept at most half full. */
static enum zta_status grow_edges(struct zta_rules_index *index)
{
    if (index->n_edges * 2 < index->edges_size) {
        return ZTA_OK;
    }
    const size_t size = index->edges_size == 0 ? 64 : index->edges_size * 2;
    struct edge *edges = calloc(size, sizeof *edges);
    if (edges == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < index->edges_size; i++) {
        const struct edge *edge = &index->edges[i];
        if (edge->child != NONE) {
            *find_slot(edges, size, edge->parent, edge->label) = *edge;
        }
    }
    free(index->edges);
    index->edges = edges;
    index->edges_size = size;
    return ZTA_OK;
}

static enum zta_status make_child(struct zta_rules_index *index, uint32_t parent,
                                  struct zta_text label, uint32_t *child)
{
    enum zta_status status = grow_edges(index);
    if (status != ZTA_OK) {
        return status;
    }
    struct edge *slot = find_slot(index->edges, index->edges_size, parent, label);
    if (slot->child == NONE) {
        uint32_t node;
        status = add_node(index, &node);
        if (status != ZTA_OK) {
            return status;
        }
        *slot = (struct edge){.label = label, .parent = parent, .child = node};
        index->n_edges++;
    }
    *child = slot->child;
    return ZTA_OK;
}

static enum zta_status make_star(struct zta_rules_index *index, uint32_t parent, uint32_t *child)
{
    if (node_at(index, parent)->star == NONE) {
        uint32_t node;
        const enum zta_status status = add_node(index, &node);
        if (status != ZTA_OK) {
            return status;
        }
        node_at(index, parent)->star = node;
    }
    *child = node_at(index, parent)->star;
    return ZTA_OK;
}

static enum zta_status add_item(struct zta_rules_index *index, uint32_t root,
                                const struct zta_index_path *path,
                                const struct zta_index_entry *entry)
{
    uint32_t node = root;
    for (size_t i = 0; i < path->depth; i++) {
        const enum zta_status status = zta_text_is_absent(path->labels[i])
                                           ? make_star(index, node, &node)
                                           : make_child(index, node, path->labels[i], &node);
        if (status != ZTA_OK) {
            return status;
        }
    }
    struct item *item = zta_vector_push(&index->items);
    if (item == NULL) {
        return ZTA_NO_MEMORY;
    }
    *item = (struct item){
        .node = node,
        .rule = entry->rule,
        .is_exact = path->is_exact,
        .methods = entry->methods,
    };
    return ZTA_OK;
}

static enum zta_status add_paths(struct zta_rules_index *index, uint32_t root,
                                 const struct zta_index_entry *entry)
{
    static const struct zta_index_path any_path = {.depth = 0, .is_exact = false};
    if (entry->n_paths == 0) {
        return add_item(index, root, &any_path, entry);
    }
    for (size_t i = 0; i < entry->n_paths; i++) {
        const enum zta_status status = add_item(index, root, &entry->paths[i], entry);
        if (status != ZTA_OK) {
            return status;
        }
    }
    return ZTA_OK;
}

enum zta_status zta_rules_index_open(struct zta_rules_index **index)
{
    struct zta_rules_index *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->nodes.item_size = sizeof(struct node);
    opened->items.item_size = sizeof(struct item);
    uint32_t root;
    if (add_node(opened, &root) != ZTA_OK || grow_edges(opened) != ZTA_OK) {
        zta_rules_index_close(&opened);
        return ZTA_NO_MEMORY;
    }
    *index = opened;
    return ZTA_OK;
}

enum zta_status zta_rules_index_add(struct zta_rules_index *index,
                                    const struct zta_index_entry *entry)
{
    if (entry->n_hosts == 0) {
        return add_paths(index, ANY_HOST, entry);
    }
    index->has_hosts = true;
    for (size_t i = 0; i < entry->n_hosts; i++) {
        uint32_t root;
        enum zta_status status = make_child(index, HOSTS, entry->hosts[i], &root);
        if (status == ZTA_OK) {
            status = add_paths(index, root, entry);
        }
        if (status != ZTA_OK) {
            return status;
        }
    }
    return ZTA_OK;
}

static int compare_items(const void *left, const void *right)
{
    const struct item *a = left;
    const struct item *b = right;
    if (a->node != b->node) {
        return a->node < b->node ? -1 : 1;
    }
    if (a->is_exact != b->is_exact) {
        return a->is_exact ? 1 : -1;
    }
    if (a->methods != b->methods) {
        return a->methods < b->methods ? -1 : 1;
    }
    return (a->rule > b->rule) - (a->rule < b->rule);
}

static bool is_same_run(const struct item *a, const struct item *b)
{
    return a->node == b->node && a->is_exact == b->is_exact && a->methods == b->methods;
}

enum zta_status zta_rules_index_finish(struct zta_rules_index *index)
{
    struct item *items = (struct item *)(void *)index->items.items;
    const size_t n = index->items.n;
    if (n == 0) {
        return ZTA_OK;
    }
    index->runs = calloc(n, sizeof *index->runs);
    index->rules = calloc(n, sizeof *index->rules);
    if (index->runs == NULL || index->rules == NULL) {
        return ZTA_NO_MEMORY;
    }
    qsort(items, n, sizeof *items, compare_items);
    uint32_t n_runs = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct item *item = &items[i];
        struct node *node = node_at(index, item->node);
        index->rules[i] = item->rule;
        if (i > 0 && is_same_run(item, item - 1)) {
            index->runs[n_runs - 1].n++;
            continue;
        }
        if (i == 0 || item->node != item[-1].node) {
            node->first_run = n_runs;
        }
        if (item->is_exact) {
            node->n_exact++;
        }
        else {
            node->n_below++;
        }
        index->runs[n_runs++] = (struct run){.first = i, .n = 1, .methods = item->methods};
    }
    zta_vector_clear(&index->items);
    return ZTA_OK;
}

void zta_rules_index_close(struct zta_rules_index **index)
{
    if (*index == NULL) {
        return;
    }
    zta_vector_clear(&(*index)->nodes);
    zta_vector_clear(&(*index)->items);
    free((*index)->edges);
    free((*index)->runs);
    free((*index)->rules);
    free(*index);
    *index = NULL;
}

uint8_t zta_index_method_bit(struct zta_text method)
{
    static const struct zta_text common[] = {
        ZTA_TEXT("GET"),   ZTA_TEXT("POST"),   ZTA_TEXT("HEAD"),    ZTA_TEXT("PUT"),
        ZTA_TEXT("PATCH"), ZTA_TEXT("DELETE"), ZTA_TEXT("OPTIONS"),
    };
    const size_t n = sizeof common / sizeof common[0];
    size_t i = 0;
    while (i < n && !zta_text_equal(method, common[i])) {
        i++;
    }
    return (uint8_t)(1u << i);
}

static void push(struct zta_index_cursor *cursor, uint32_t node, struct zta_text rest)
{
    cursor->frames[cursor->n_frames].node = node;
    cursor->frames[cursor->n_frames].rest = rest;
    cursor->n_frames++;
}

bool zta_rules_index_is_empty(const struct zta_rules_index *index)
{
    return index->rules == NULL;
}

void zta_index_cursor_init(const struct zta_rules_index *index, struct zta_text host,
                           struct zta_text path, struct zta_text method,
                           struct zta_index_cursor *cursor)
{
    cursor->index = index;
    cursor->path = zta_path_trim(path);
    cursor->has_path = !zta_text_is_absent(path);
    cursor->host = index->has_hosts ? host : (struct zta_text){.data = NULL};
    cursor->method = zta_index_method_bit(method);
    cursor->run = 0;
    cursor->run_end = 0;
    cursor->n_frames = 0;
    push(cursor, ANY_HOST, cursor->path);
}

/* The whole host is looked up first, then what follows each dot, the dot included. */
static bool next_root(struct zta_index_cursor *cursor)
{
    while (cursor->host.len > 0) {
        const uint32_t root = find_child(cursor->index, HOSTS, cursor->host);
        const char *dot =
            cursor->host.len > 1 ? memchr(cursor->host.data + 1, '.', cursor->host.len - 1) : NULL;
        const size_t skipped = dot != NULL ? (size_t)(dot - cursor->host.data) : cursor->host.len;
        cursor->host.data += skipped;
        cursor->host.len -= skipped;
        if (root != NONE) {
            push(cursor, root, cursor->path);
            return true;
        }
    }
    return false;
}

static void visit(struct zta_index_cursor *cursor)
{
    cursor->n_frames--;
    const uint32_t id = cursor->frames[cursor->n_frames].node;
    const struct node *node = node_at(cursor->index, id);
    struct zta_text rest = cursor->frames[cursor->n_frames].rest;
    struct zta_text segment;
    cursor->run = node->first_run;
    cursor->run_end = node->first_run + node->n_below;
    if (!zta_path_next_segment(&rest, &segment)) {
        cursor->run_end += cursor->has_path ? node->n_exact : 0;
        return;
    }
    const uint32_t child = find_child(cursor->index, id, segment);
    if (child != NONE) {
        push(cursor, child, rest);
    }
    if (node->star != NONE) {
        push(cursor, node->star, rest);
    }
}

const uint32_t *zta_index_cursor_next(struct zta_index_cursor *cursor, size_t *n)
{
    for (;;) {
        while (cursor->run < cursor->run_end) {
            const struct run *run = &cursor->index->runs[cursor->run++];
            if ((run->methods & cursor->method) != 0) {
                *n = run->n;
                return &cursor->index->rules[run->first];
            }
        }
        if (cursor->n_frames == 0 && !next_root(cursor)) {
            return NULL;
        }
        visit(cursor);
    }
}
