/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a target of the decision log writes to. Used by one thread. A file is written at its end
 * and opened anew when another one stands under its name; a pipe takes what fits at once; syslog
 * gets a datagram a line (RFC 3164, as syslog(3) sends it).
 */
#ifndef MOD_ZTA_HELPER_LOG_SINK_H
#define MOD_ZTA_HELPER_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

enum mod_zta_log_sink {
    MOD_ZTA_LOG_FILE = 0,
    MOD_ZTA_LOG_PIPE,
    MOD_ZTA_LOG_SYSLOG,
};

#define MOD_ZTA_LOG_ERROR_MAX 160

struct mod_zta_log_out {
    enum mod_zta_log_sink sink;
    const char *path; /* FILE; SYSLOG: of the socket */
    int fd;
    bool is_own; /* fd is closed here */
    int facility;
    int64_t next_look_ns;
    bool is_astray; /* the file was moved, and what is at its place cannot be opened */
    char error[MOD_ZTA_LOG_ERROR_MAX]; /* of the last failure; "": all is well */
};

/* fd -1: opened here when it can be. The torn end of a file, of who was killed, is cut off. */
void mod_zta_log_out_open(struct mod_zta_log_out *out, enum mod_zta_log_sink sink, const char *path,
                          int fd, int facility);
void mod_zta_log_out_close(struct mod_zta_log_out *out);
/* The most that one write is to get: PIPE whole lines that it takes whole or not at all. */
size_t mod_zta_log_out_most(const struct mod_zta_log_out *out);
/*
 * Writes what is taken now; bytes. SYSLOG: exactly one line. 0: nothing, and out->error says why.
 */
size_t mod_zta_log_out_write(struct mod_zta_log_out *out, int severity, struct zta_text data);
/*
 * Once a second: looks whether the file was moved. True: another one was opened, and what was torn
 * of a line at the end of the former is cut off: that line is to be written again.
 */
bool mod_zta_log_out_look(struct mod_zta_log_out *out, int64_t now_ns);
/* Waits up to ms for a pipe that took nothing. */
void mod_zta_log_out_wait(const struct mod_zta_log_out *out, int ms);

#endif
