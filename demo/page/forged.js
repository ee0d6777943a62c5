// Tokens that nobody issued, as an attacker would make them.

const encode = (value) => {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
};

/**
 * Returns forged tokens that make a person an administrator, by what is wrong with them.
 *
 * @param {{ sub: string, org_id: string, sid: string }} user
 * @param {string} issuer
 * @param {string} kid the real key's id, which anybody can read
 */
export function forged({ sub, org_id, sid }, issuer, kid) {
  const now = Math.floor(Date.now() / 1000);
  const claims = encode(JSON.stringify({
    iss: issuer, aud: 'orders', sub, org_id, sid, roles: ['admin'], iat: now, exp: now + 600, jti: 'x', client_id: 'handstamp',
  }));
  const head = (alg) => encode(JSON.stringify({ alg, typ: 'at+jwt', kid }));
  const signature = encode(crypto.getRandomValues(new Uint8Array(64)));
  return {
    'not signed at all (alg: none)': `${head('none')}.${claims}.`,
    'signed by somebody else': `${head('ES256')}.${claims}.${signature}`,
    'the public key as a shared secret (alg: HS256)': `${head('HS256')}.${claims}.${signature}`,
  };
}
