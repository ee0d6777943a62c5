/** Signs somebody out everywhere, as they do on another device: by the service's own interface, without a browser. */
export async function signOutElsewhere(auth, login, password) {
  const { access_token: token } = await post(auth, '/auth/sign-in', { login, password, delivery: 'body' });
  await post(auth, '/auth/sign-out', { scope: 'everywhere' }, { authorization: `Bearer ${token}` });
}

async function post(auth, path, body, headers = {}) {
  const reply = await fetch(auth + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-handstamp': '1', ...headers },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`POST ${path}: ${reply.status} ${await reply.text()}`);
  return reply.json();
}
