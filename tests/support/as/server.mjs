// SPDX-License-Identifier: Apache-2.0
// A certified OpenID provider as the authorization server of the tests: TLS on loopback, state in
// memory, logins without a browser. Its argument is JSON, made by AuthServer in authserver.py.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { exportJWK, generateKeyPair, calculateJwkThumbprint } from 'jose';
import { Provider, errors, interactionPolicy } from 'oidc-provider';

const config = JSON.parse(process.argv[2]);

async function signingKey(alg) {
  const pair = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(pair.privateKey);
  const kid = `${alg}-${(await calculateJwkThumbprint(jwk)).slice(0, 10)}`;
  return { ...jwk, alg, kid, use: 'sig' };
}

// New keys sign. Those of the last start are published too where they are to be kept.
async function signingKeys() {
  const made = await Promise.all(config.algorithms.map(signingKey));
  const former = config.keepsKeys && existsSync(config.keysFile)
    ? JSON.parse(readFileSync(config.keysFile)) : [];
  writeFileSync(config.keysFile, JSON.stringify(made), { mode: 0o600 });
  return [...made, ...former];
}

// The resource asked for chooses how its access token is signed and how long it lives.
function resourceServer(ctx, resource) {
  const format = config.resources[resource];
  if (!format) throw new errors.InvalidTarget();
  const rest = format.alg === 'opaque'
    ? { accessTokenFormat: 'opaque' }
    : { accessTokenFormat: 'jwt', jwt: { sign: { alg: format.alg } } };
  return {
    audience: resource,
    scope: config.scopes.join(' '),
    accessTokenTTL: format.ttl,
    ...rest,
  };
}

// Claims of the client, and of the login where a user stands behind the token.
function accessTokenClaims(ctx) {
  const { client, entities } = ctx.oidc;
  const login = entities.AuthorizationCode ?? entities.RefreshToken;
  if (!login) return { roles: client.roles };
  const { acr, amr, authTime, sid } = login;
  return { acr, amr, sid, auth_time: authTime, roles: ['user'] };
}

const hintOf = (params) => JSON.parse(params.login_hint ?? '{}');

// A session that is weaker than asked for by acr_values logs in again.
const { Check, base } = interactionPolicy;
const policy = base();
policy.get('login').checks.add(new Check('weaker_acr', 'another acr was asked for', (ctx) => {
  const asked = ctx.oidc.params.acr_values?.split(' ') ?? [];
  if (hintOf(ctx.oidc.params).ignores_acr) return Check.NO_NEED_TO_PROMPT;
  return asked.length > 0 && !asked.includes(ctx.oidc.acr)
    ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
}));

// login_hint carries the answer to every question a login page would ask; acr_values that are asked
// for are reached, unless it says ignores_acr.
async function answerInteraction(provider, ctx) {
  const { prompt, params, grantId, session } = await provider.interactionDetails(ctx.req, ctx.res);
  if (prompt.name === 'login') {
    const { sub, acr, amr, ignores_acr: ignoresAcr } = hintOf(params);
    const reached = ignoresAcr ? acr : params.acr_values?.split(' ')[0] ?? acr;
    return { login: { accountId: sub, acr: reached, amr } };
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return { consent: { grantId: await grant.save() } };
}

const lifetime = (ctx, token) => token.resourceServer?.accessTokenTTL ?? 600;
const provider = new Provider(config.issuer, {
  clients: config.clients,
  jwks: { keys: await signingKeys() },
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt',
    'tls_client_auth'],
  scopes: ['openid', 'offline_access', ...config.scopes],
  acrValues: config.acrs,
  extraClientMetadata: { properties: ['roles'] },
  cookies: { keys: [config.cookieKey] },
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  extraTokenClaims: accessTokenClaims,
  ttl: { AccessToken: lifetime, ClientCredentials: lifetime, RefreshToken: 86400, Grant: 86400,
    Session: 86400, Interaction: 600, IdToken: 600 },
  // Its own fetch reaches no loopback address, where the clients of the tests are.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  interactions: { policy, url: (ctx, interaction) => `/answer/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    // A login gets a sid only if its id token was asked to carry one.
    claimsParameter: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      tlsClientAuth: true,
      getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.()?.toString(),
      certificateAuthorized: (ctx) => ctx.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_subject_dn'
        && ctx.socket.getPeerX509Certificate().subject.split('\n').reverse().join(',') === expected,
    },
    clientCredentials: { enabled: true },
    dPoP: config.nonceSecret
      ? { enabled: true, nonceSecret: Buffer.from(config.nonceSecret, 'hex'), requireNonce: () => true }
      : { enabled: true },
    backchannelLogout: { enabled: true },
    revocation: { enabled: true, allowedPolicy: () => true },
    introspection: {
      enabled: true,
      allowedPolicy: (ctx, client) => client.clientId.startsWith('gateway'),
    },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: resourceServer,
      useGrantedResource: () => true,
    },
  },
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/answer/')) return next();
  const result = await answerInteraction(provider, ctx);
  ctx.respond = false;
  return provider.interactionFinished(ctx.req, ctx.res, result, {
    mergeWithLastSubmission: true,
  });
});
for (const event of ['server_error', 'grant.error', 'authorization.error', 'backchannel.error']) {
  provider.on(event, (ctx, error) => console.error(event, error));
}

// A client certificate is asked for and may be missing; who verified it is looked at where it counts.
const tls = { cert: readFileSync(config.cert), key: readFileSync(config.key),
  ca: readFileSync(config.ca), requestCert: true, rejectUnauthorized: false };
createServer(tls, provider.callback()).listen(config.port, '127.0.0.1');
