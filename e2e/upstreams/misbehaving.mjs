// Upstreams that are wrong on purpose, each in one way: `oauth2-mock-server`, and what it is told to get wrong.
//
//   node misbehaving.mjs
//
// prints one line of JSON when they are ready: where each of them is. `GET /control/seen` tells how often each endpoint was asked.

import { createHmac } from 'node:crypto';

import { JWKStore, OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server';

import { json, open, ready } from './launch.mjs';

/** What the client of these tests shares with the server. */
const SECRET = 'a secret between the two of them';

/** Nobody's address, and a server's that people might be sent to by mistake. */
const ELSEWHERE = 'http://127.0.0.1:1';

const OPENID = '/.well-known/openid-configuration';

/**
 * Each of them gets one thing wrong: `idToken` changes what is signed, `tokens` what the token endpoint answers, `redirect` where
 * the browser is sent, and `answers` takes over an endpoint.
 */
const MISBEHAVIOURS = {
  nothing: {},

  'wrong-nonce': { idToken: ({ payload }) => (payload.nonce = 'the nonce of another sign-in') },
  'no-nonce': { idToken: ({ payload }) => delete payload.nonce },
  'wrong-audience': { idToken: ({ payload }) => (payload.aud = 'another-client') },
  'expired': { idToken: ({ payload }) => Object.assign(payload, { iat: payload.iat - 7200, nbf: payload.iat - 7200, exp: payload.iat - 3600 }) },
  'wrong-issuer': { idToken: ({ payload }) => (payload.iss = ELSEWHERE) },
  'no-subject': { idToken: ({ payload }) => delete payload.sub },
  'unknown-key': { idToken: ({ header }) => (header.kid = 'a key that nobody has') },
  'unsigned': { tokens: (body) => (body.id_token = resigned(body.id_token, { alg: 'none' }, () => '')) },
  'signed-with-the-secret': { tokens: (body) => (body.id_token = resigned(body.id_token, { alg: 'HS256' }, mac)) },
  'no-id-token': { tokens: (body) => delete body.id_token },
  'garbled-id-token': { tokens: (body) => (body.id_token = 'three.short.words') },

  'swapped-keys': { answers: { '/jwks': (response) => json(response, 200, { keys: OTHERS.map((key) => ({ ...key, kid: OURS.kid })) }) } },
  'keys-fail': { answers: { '/jwks': (response) => json(response, 500, {}) } },

  'slow': { answers: { '/token': () => {} } },
  'failing': { answers: { '/token': (response) => response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>Oh no</h1>') } },
  'garbage': { answers: { '/token': (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":') } },
  'endless': { answers: { '/token': (response) => pour(response.writeHead(200, { 'content-type': 'application/json' })) } },
  'redirecting': { answers: { '/token': (response) => response.writeHead(307, { location: '/control/stolen' }).end() } },
  'code-refused': { answers: { '/token': (response) => json(response, 400, { error: 'invalid_grant', error_description: 'it was used before' }) } },

  'wrong-state': { redirect: (query) => query.set('state', 'the state of another sign-in') },
  'no-state': { redirect: (query) => query.delete('state') },
  'no-code': { redirect: (query) => query.delete('code') },
  'no-issuer': claiming({ authorization_response_iss_parameter_supported: true }),
  'mixed-up': { redirect: (query) => query.set('iss', ELSEWHERE) },
  'declined': { redirect: (query) => replace(query, { error: 'access_denied' }) },
  'strange-error': { redirect: (query) => replace(query, { error: '<script>alert(1)</script>', error_description: '\r\nforged log line' }) },

  'unreachable-discovery': { answers: { [OPENID]: (response) => response.destroy() } },
  'failing-discovery': { answers: { [OPENID]: (response) => json(response, 503, {}) } },
  'garbled-discovery': { answers: { [OPENID]: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"issuer":') } },
  'page-for-discovery': { answers: { [OPENID]: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>') } },
  'lying-discovery': claiming({ issuer: ELSEWHERE }),
  'discovery-without-pkce': claiming({ code_challenge_methods_supported: ['plain'] }),
};

const { own: OURS } = await rsaKey();
const { published: OTHERS } = await rsaKey();

/** Opens a server that misbehaves like this, and returns its address. */
async function misbehave(name, wrong) {
  const { origin, serve } = await open();
  const issuer = new OAuth2Issuer();
  issuer.url = origin;
  await issuer.keys.add(OURS);
  const service = new OAuth2Service(issuer);
  const seen = {};

  service.on('beforeTokenSigning', (token) => {
    // The access token is signed by the same road.
    if (!('aud' in token.payload)) return;
    Object.assign(token.payload, { email: `johndoe@${name}.example`, email_verified: true, preferred_username: 'johndoe' });
    wrong.idToken?.(token);
  });
  service.on('beforeResponse', ({ body }) => wrong.tokens?.(body));
  service.on('beforeAuthorizeRedirect', ({ url }) => wrong.redirect?.(url.searchParams));

  serve((request, response) => {
    const path = request.url.split('?')[0];
    if (path === '/control/seen') return json(response, 200, seen);
    seen[path] = (seen[path] ?? 0) + 1;
    const answer = wrong.answers?.[path];
    return answer ? answer(response, origin) : service.requestHandler(request, response);
  });
  return origin;
}

/** What discovery would say. */
function metadata(origin) {
  const endpoints = { authorization_endpoint: '/authorize', token_endpoint: '/token', jwks_uri: '/jwks' };
  return {
    issuer: origin,
    ...Object.fromEntries(Object.entries(endpoints).map(([name, path]) => [name, origin + path])),
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
  };
}

/** Answers discovery with something that is not so. */
function claiming(claims) {
  return { answers: { [OPENID]: (response, origin) => json(response, 200, { ...metadata(origin), ...claims }) } };
}

async function rsaKey() {
  const keys = new JWKStore();
  await keys.generate('RS256');
  return { own: keys.get(), published: keys.toJSON() };
}

/** Puts another header and signature around the claims of a token. */
function resigned(token, header, sign) {
  const input = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${token.split('.')[1]}`;
  return `${input}.${sign(input)}`;
}

function mac(input) {
  return createHmac('sha256', SECRET).update(input).digest('base64url');
}

function replace(query, values) {
  query.delete('code');
  Object.entries(values).forEach(([name, value]) => query.set(name, value));
}

/** Sends spaces, which JSON may begin with, as long as somebody reads them. */
function pour(response) {
  const spaces = Buffer.alloc(64 * 1024, ' ');
  const go = () => {
    while (!response.destroyed && response.write(spaces));
  };
  response.on('drain', go).on('error', () => {});
  go();
}

const issuers = {};
for (const [name, wrong] of Object.entries(MISBEHAVIOURS)) issuers[name] = await misbehave(name, wrong);

ready({ issuers, secret: SECRET });
