/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of whom a change hits, and asking before more than one is. */
#include "admin-tui/hits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin-tui/output.h"
#include "shared/base/clock.h"

/* Wider networks than any registry gives to one holder's site are likely a slip of the finger. */
enum {
    V4_PREFIX_MIN = 8,
    V6_PREFIX_MIN = 19,
};

static void print_sessions(const struct ctl_hits *hits, struct zta_buffer *out)
{
    char last[ZTA_TIME_TEXT_MAX];
    if (hits->n == 0 && hits->n_expired == 0) {
        zta_buffer_string(out, "no session that was seen so far");
        return;
    }
    zta_time_print(hits->last_s, last);
    zta_buffer_printf(out, "%" PRIu64 " session%s", hits->n, hits->n == 1 ? "" : "s");
    if (hits->n_expired > 0) {
        zta_buffer_printf(out, " and %" PRIu64 " whose credential has expired", hits->n_expired);
    }
    zta_buffer_printf(out, ", last seen %s", last);
}

/* What is not counted is said. */
static void print_requests(const struct ctl_hits *hits, struct zta_buffer *out)
{
    char since[ZTA_TIME_TEXT_MAX];
    if (hits->n_requests == 0) {
        zta_buffer_string(out, "no request of the last hour");
    }
    else {
        zta_buffer_printf(out, "%" PRIu64 " request%s of the last hour", hits->n_requests,
                          hits->n_requests == 1 ? "" : "s");
        zta_buffer_printf(out, ", %" PRIu64 " of them allowed", hits->n_allowed);
    }
    if (hits->since_s != 0) {
        zta_time_print(hits->since_s, since);
        zta_buffer_printf(out, "; what came before %s is not counted", since);
    }
    if (hits->n_apart > 0) {
        zta_buffer_printf(out, "; %" PRIu64 " refused ones of many sources are not told apart",
                          hits->n_apart);
    }
}

void ctl_hits_print(const struct ctl_hits *hits, struct zta_buffer *out)
{
    zta_buffer_string(out, "hits ");
    if (hits->has_sessions) {
        print_sessions(hits, out);
        zta_buffer_string(out, "; ");
    }
    print_requests(hits, out);
}

static bool is_answered(const char *answers, const char *answer)
{
    const size_t len = strlen(answer);
    for (const char *line = answers; *line != '\0'; line += strcspn(line, "\n")) {
        line += *line == '\n';
        if (strncmp(line, answer, len) == 0 && (line[len] == '\n' || line[len] == '\0')) {
            return true;
        }
    }
    return false;
}

enum ctl_exit ctl_ask(const struct ctl *ctl, const char *question, const char *answer)
{
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_YES)) {
        return CTL_DONE;
    }
    if (ctl->answers != NULL) {
        return is_answered(ctl->answers, answer)
                   ? CTL_DONE
                   : ctl_fail(CTL_CONFLICT, "%s Type %s" CTL_ASK_END, question, answer);
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        return ctl_fail(CTL_CONFLICT,
                        "%s Without a terminal that needs --yes. Nothing was changed.", question);
    }
    char line[64];
    ctl_note("%s Type %s" CTL_ASK_END, question, answer);
    if (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strcmp(line, answer) == 0) {
            return CTL_DONE;
        }
    }
    return ctl_fail(CTL_CONFLICT, "nothing was changed");
}

enum ctl_exit ctl_hits_guard(const struct ctl *ctl, const struct ctl_hits *hits)
{
    uint64_t most = UINT64_MAX;
    struct zta_error error;
    if (ctl_option_count(&ctl->options, CTL_OPTION_MAX, &most, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (hits->n > most) {
        return ctl_fail(CTL_CONFLICT,
                        "this hits %" PRIu64 " sessions, --max allows %" PRIu64
                        ". Nothing was changed.",
                        hits->n, most);
    }
    if (hits->n <= 1) {
        return CTL_DONE;
    }
    char question[128];
    char number[24];
    (void)snprintf(question, sizeof question,
                   "This hits %" PRIu64 " sessions and %" PRIu64 " requests of the last hour.",
                   hits->n, hits->n_requests);
    (void)snprintf(number, sizeof number, "%" PRIu64, hits->n);
    return ctl_ask(ctl, question, number);
}

enum ctl_exit ctl_block_guard(const struct ctl *ctl, const struct zta_block *block)
{
    if (block->kind != ZTA_BLOCK_NETWORK) {
        return CTL_DONE;
    }
    const struct zta_cidr *network = &block->network;
    int least = network->addr.family == 4 ? V4_PREFIX_MIN : V6_PREFIX_MIN;
    if (zta_addr_is_loopback(&network->addr)) {
        return ctl_ask(ctl, "This blocks the machine itself.", "yes");
    }
    if (network->prefix < least) {
        return ctl_ask(ctl, "This blocks a large part of the internet.", "yes");
    }
    return CTL_DONE;
}
