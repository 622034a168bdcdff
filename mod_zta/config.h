/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one struct for what stands once in the server (mod_zta_global), one for what a
 * server, vhost or Location may set (mod_zta_dir). In the configuration pool, built in the parent
 * and immutable while requests run. Directives are directives.def.
 */
#ifndef MOD_ZTA_CONFIG_H
#define MOD_ZTA_CONFIG_H

#include <httpd.h>
#include <http_config.h>

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/accept.h"
#include "mod_zta/choices.h"
#include "mod_zta/helper/decision_log.h"
#include "mod_zta/identity/client_cert.h"
#include "mod_zta/identity/credential.h"
#include "mod_zta/issuer_config.h"
#include "mod_zta/retain.h"
#include "shared/base/file.h"
#include "shared/context/geo.h"
#include "shared/live/limits.h"
#include "shared/risk/governor.h"
#include "shared/rules/compile.h"
#include "shared/stance.h"

#define MOD_ZTA_UNSET            (-1)
#define MOD_ZTA_LEEWAY_DEFAULT_S 60
#define MOD_ZTA_LEEWAY_MAX_S     300
#define MOD_ZTA_STALE_DEFAULT_S  INT64_C(86400)

extern module AP_MODULE_DECLARE_DATA zta_module;

/* One place: server, vhost, Location or Directory. Members are MOD_ZTA_UNSET or NULL until set. */
struct mod_zta_dir {
    const char *location; /* innermost section that sets anything of ours; NULL: the server */
    int stage;
    int monitor;
    int allows_by_default;
    int preflight;                  /* enum mod_zta_preflight */
    int forward;                    /* set of enum mod_zta_forward */
    int path_flags;                 /* set of enum zta_path_flags */
    int64_t stale_s;                /* ZTAFailure: 0 closed */
    int64_t fleet_s;                /* ZTAFailure fleet=: 0 any age */
    int mtls_subject;               /* enum mod_zta_cert_field */
    const char *client_cert_header; /* ZTAClientCertHeader; "": none */
    int8_t features[ZTA_N_FEATURES];
    const char *realm;
    const char *origin;            /* ZTAOrigin, normalised: scheme://host[:port] */
    const char *audience;          /* ZTAAssertionAudience */
    int dpop;                      /* set of enum mod_zta_dpop */
    const char *handler;           /* SetHandler of ours (handlers/own.h) */
    bool has_require;              /* a Require stands beside it */
    struct mod_zta_accept *accept; /* written by the check of the configuration alone */
    const struct mod_zta_credential_sources *sources;
    /* Derived by mod_zta_dir_seal from the above, never unset. */
    struct zta_stance stance;
};

struct mod_zta_rules_file {
    const char *name; /* path as configured and expanded */
    const char *text;
    apr_size_t len;
    struct zta_file_stamp stamp; /* of a file of items, as it was read; inode 0: not known */
};

/* What one virtual server adds: computed by the check of the configuration. */
struct mod_zta_server {
    bool is_governed;    /* some place of it is above stage 0 or monitored */
    bool has_stage;      /* some place of it has a stage above 0, enforced or monitored */
    bool is_enforced;    /* some place of it is above stage 0: paths and blocks hold in all of it */
    unsigned path_flags; /* union over its places: what the first path check admits */
    const apr_array_header_t *routes; /* const char *: ProxyPass prefixes, longest first */
    apr_array_header_t *cert_headers; /* const char *: of ZTAClientCertHeader in its places */
    bool has_openidc;                 /* some place takes logins of mod_auth_openidc */
    const char *openidc_callback;     /* its OIDCRedirectURI; NULL: none */
    const char *refusal;              /* unsafe after a graceful restart: everything answers 503 */
    const apr_array_header_t *resources; /* struct mod_zta_resource: what zta-metadata tells */
};

struct mod_zta_global {
    apr_pool_t *pool;
    const char *store_dir;                  /* NULL: no store */
    const char *ca_file;                    /* ZTACAFile; NULL: the system's */
    const char *waf_score;                  /* "env:NAME", "note:NAME"; NULL: not asked */
    const char *geo_files[ZTA_N_GEO_KINDS]; /* ZTAGeoDB, ZTAAsnDB; NULL: none */
    uint64_t store_size;
    uint64_t segment_size;
    struct mod_zta_retain retain;
    struct zta_limit_rate failures;               /* of verification, by address; count 0: off */
    struct zta_governor_limits governor;          /* ZTAGovernor, but for whom it never touches */
    apr_array_header_t *never;                    /* struct zta_cidr: of never= */
    apr_array_header_t *notify;                   /* struct mod_zta_notify_target */
    apr_array_header_t *log_ends;                 /* struct mod_zta_log_end */
    apr_array_header_t *rules_patterns;           /* const char * */
    apr_array_header_t *rules_files;              /* struct mod_zta_rules_file */
    apr_array_header_t *requires;                 /* of providers.c: lines of Require zta-... */
    apr_array_header_t *required_claims;          /* struct zta_text: that they name */
    apr_array_header_t *findings;                 /* struct mod_zta_finding: of its check */
    apr_array_header_t *issuers;                  /* struct mod_zta_issuer_config * */
    apr_array_header_t *postures;                 /* struct mod_zta_posture_config * */
    apr_array_header_t *transmitters;             /* struct mod_zta_transmitter_config * */
    struct mod_zta_assertion_config *assertion;   /* ZTAAssertion; NULL: none */
    struct mod_zta_issuer_config *current_issuer; /* while its container is read */
    struct mod_zta_transmitter_config *current_transmitter; /* its issuer is the current one */
    struct mod_zta_accept default_accept; /* where no ZTAAccept is in force: the one issuer */
    bool accepts_apikeys;                 /* some place accepts "local" */
    bool accepts_certificates;            /* some place accepts "mtls" */
    bool is_log_mandatory;                /* some ZTALog is */
    bool is_governed;                     /* some place anywhere is above stage 0 or monitored */
    struct zta_ruleset *rules;            /* the baseline; never NULL when is_governed */
    uint32_t generation;                  /* of the configuration: rises with each (re)start */
    const char *rules_alert; /* last good rules serve since a restart: what was wrong; else NULL */
};
/* The configuration being built or in force. */
struct mod_zta_global *mod_zta_global(void);
/* Starts a new one; called once a configuration pass, before directives are read. */
void mod_zta_global_reset(apr_pool_t *pconf);

struct mod_zta_dir *mod_zta_dir_of(const request_rec *r);
struct mod_zta_server *mod_zta_server_of(const server_rec *s);
/* Computes what is derived. Called after each merge and once for each place by the check. */
void mod_zta_dir_seal(struct mod_zta_dir *dir);
/* True when two places judge alike, so that one judgement serves both. */
bool mod_zta_dir_is_alike(const struct mod_zta_dir *a, const struct mod_zta_dir *b);
/* Does the certificate stand in a header here, and not in the connection? */
bool mod_zta_dir_has_cert_header(const struct mod_zta_dir *dir);
/* Never NULL in a governed place. */
const struct mod_zta_accept *mod_zta_dir_accept(const struct mod_zta_dir *dir);
/* NULL: none of that name. */
const struct mod_zta_issuer_config *mod_zta_issuer_named(const struct mod_zta_global *global,
                                                         const char *name);
void *mod_zta_dir_create(apr_pool_t *p, char *location);
void *mod_zta_dir_merge(apr_pool_t *p, void *base, void *add);
void *mod_zta_server_create(apr_pool_t *p, server_rec *s);
extern const command_rec mod_zta_commands[];

#endif
