/* SPDX-License-Identifier: Apache-2.0 */
/* zta-metrics: counters and gauges of the running server for Prometheus. */
#ifndef MOD_ZTA_HANDLERS_METRICS_H
#define MOD_ZTA_HANDLERS_METRICS_H

#include <httpd.h>

/* Answers whoever was let in. 503 where the module is inert. */
int mod_zta_metrics_handle(request_rec *r);

#endif
