// An upstream that does everything right: `oidc-provider`, certified by the OpenID Foundation, with a form to sign in by.
//
//   node provider.mjs '{"handstamp":"http://localhost:8600"}'
//
// prints one line of JSON when it is ready. `POST /control/people/NAME` changes what it knows about somebody, `GET /control/seen` tells
// how often each endpoint was asked.

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';

import Provider from 'oidc-provider';

import { body, json, open, ready, wanted } from './launch.mjs';
import { errorPage, signedOutPage, signInPage, signOutPage } from './pages.mjs';
import { change, CLAIMS, findAccount } from './people.mjs';

// It also says things about itself, and stdout is for the test.
console.info = console.error;

/** Its characters are those that get lost where one forgets to encode them. */
const SECRET = 'a secret with 50% + more: odd /characters?';

const { handstamp, terse = false } = wanted();
const { origin, serve } = await open();
const seen = {};

const service = keyPair();

/** Handstamp is known under three names, and says in a different way each time who it is. */
const clients = [
  handstampAs('acme', { token_endpoint_auth_method: 'client_secret_basic', client_secret: SECRET }),
  handstampAs('acme-post', { token_endpoint_auth_method: 'client_secret_post', client_secret: SECRET }),
  handstampAs('acme-signed', {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    id_token_signed_response_alg: 'ES256',
    jwks: { keys: [service.public] },
  }),
  // The application that is there already: its users have tokens of this server.
  {
    client_id: 'old-app',
    token_endpoint_auth_method: 'client_secret_post',
    client_secret: SECRET,
    redirect_uris: ['http://127.0.0.1:1/old-app'],
    scope: 'openid profile email groups',
  },
];

function handstampAs(name, authentication) {
  return {
    client_id: name,
    ...authentication,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${handstamp}/auth/callback/${name}`],
    post_logout_redirect_uris: [`${handstamp}/auth/sign-in`],
    backchannel_logout_uri: `${handstamp}/auth/backchannel-logout/${name}`,
    backchannel_logout_session_required: true,
  };
}

const provider = new Provider(origin, {
  clients,
  claims: CLAIMS,
  // Many servers put everything they know into the ID token; the standard lets them say it at userinfo alone.
  conformIdTokenClaims: terse,
  scopes: ['openid', 'offline_access', ...Object.keys(CLAIMS)],
  jwks: { keys: [keyPair('rsa', { modulusLength: 2048 }).private, keyPair().private] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  pkce: { required: () => true },
  // One that is as long good as the session, and of which nobody has to be asked.
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  findAccount,
  loadExistingGrant: grantWhatIsAsked,
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    backchannelLogout: { enabled: true },
    resourceIndicators: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => (ctx.body = signOutPage(form)),
      postLogoutSuccessSource: (ctx) => (ctx.body = signedOutPage()),
    },
  },
  ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 300, Interaction: 600, RefreshToken: 3600, Session: 3600 },
  renderError: (ctx, out) => (ctx.body = errorPage(out)),
  // Its guard against requests to its own network is right, and everything here is on this machine.
  fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
});

provider.on('backchannel.error', (_ctx, error) => console.error(`back-channel logout: ${error.message}`));
provider.on('server_error', (_ctx, error) => console.error(error));
for (const event of ['authorization.error', 'grant.error', 'introspection.error', 'end_session.error']) {
  provider.on(event, (_ctx, error) => console.error(`${event}: ${error.message} ${error.error_detail ?? ''}`));
}

/** Everybody who signs in has agreed long ago: a company's own server does not ask whether its own application may know a name. */
async function grantWhatIsAsked(ctx) {
  const { client, session, requestParamOIDCScopes: scopes } = ctx.oidc;
  const before = session.grantIdFor(client.clientId);
  const grant =
    (before && (await provider.Grant.find(before))) ??
    new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope([...scopes].join(' '));
  await grant.save();
  return grant;
}

/** Returns a new key as `{ private, public }`. */
function keyPair(type = 'ec', options = { namedCurve: 'P-256' }) {
  // By way of PEM: Node 20 hangs for good where it collects the making of a key while that same key is exported as JWK.
  const { privateKey } = generateKeyPairSync(type, {
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const about = { use: 'sig', alg: type === 'ec' ? 'ES256' : 'RS256', kid: randomBytes(8).toString('hex') };
  const jwk = (key) => ({ ...key.export({ format: 'jwk' }), ...about });
  return { private: jwk(createPrivateKey(privateKey)), public: jwk(createPublicKey(privateKey)) };
}

const html = (response, text) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(text);

/** What a company builds around `oidc-provider`: the page to sign in by. */
async function interaction(request, response, path) {
  if (request.method === 'GET') return html(response, signInPage(path));
  const result = path.endsWith('/abort')
    ? { error: 'access_denied', error_description: 'cancelled by the user' }
    : { login: { accountId: new URLSearchParams(await body(request)).get('login'), amr: ['pwd'] } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

/** What tests do behind people's backs. */
async function control(request, response, path) {
  const [, , what, name] = path.split('/');
  if (what === 'seen') return json(response, 200, seen);
  if (what === 'people') change(name, JSON.parse(await body(request)));
  return json(response, 200, {});
}

const callback = provider.callback();

serve((request, response) => {
  const path = request.url.split('?')[0];
  const fails = (error) => {
    console.error(error);
    json(response, 500, { error: String(error) });
  };
  if (path.startsWith('/control/')) return control(request, response, path).catch(fails);
  seen[`${request.method} ${path}`] = (seen[`${request.method} ${path}`] ?? 0) + 1;
  if (path.startsWith('/interaction/')) return interaction(request, response, path).catch(fails);
  return callback(request, response);
});

ready({ issuer: origin, secret: SECRET, private_key: JSON.stringify(service.private) });
