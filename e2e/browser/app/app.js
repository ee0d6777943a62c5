// A small app as anybody would write it: one import, calls by `auth.fetch`, what is private shown to whoever is signed in.
// Tests look at it from outside, and at `window.auth`, `window.seen` and `window.places`.

const places = await (await fetch('/places.json')).json();
const [{ createAuth }, { redirectToSignIn }, streams] = await Promise.all([
  import(`${places.auth}/auth/client.js`),
  import(`${places.auth}/auth/redirect.js`),
  import(`${places.auth}/auth/streams.js`),
  import(`${places.auth}/auth/dialog.js`),
]);

/** What a test wants otherwise: `?options={"refreshLead":0}`. */
const options = JSON.parse(new URLSearchParams(location.search).get('options') ?? '{}');
const origins = places.api === places.auth ? [] : [places.api];
const auth = createAuth({ base: places.auth, origins, ...options });

const seen = [];
for (const event of ['signedin', 'refreshed', 'expiring', 'expired', 'restored', 'signedout', 'userchanged', 'unavailable']) {
  auth.on(event, () => seen.push({ event, at: Date.now() }));
}
Object.assign(window, { auth, places, seen, streams });

const find = (id) => document.getElementById(id);

function show() {
  const isOpen = auth.state === 'in' || auth.state === 'expired';
  find('state').textContent = auth.state;
  find('private').hidden = !isOpen;
  find('secret').textContent = isOpen ? `The secret of ${auth.user?.preferred_username}` : '';
}
auth.subscribe(show);
show();

find('report').addEventListener('submit', async (event) => {
  event.preventDefault();
  find('outcome').textContent = 'sending';
  try {
    const reply = await auth.fetch(`${places.api}/api/reports`, { method: 'POST', body: new FormData(event.target) });
    find('outcome').textContent = `${reply.status}`;
  } catch (error) {
    find('outcome').textContent = error.code ?? String(error);
  }
});

/** What is typed goes along over the sign-in page, and comes back. */
window.leave = redirectToSignIn(auth, {
  save: () => ({ title: find('report').title.value, text: find('report').text.value }),
  restore({ title, text }) {
    Object.assign(find('report').title, { value: title });
    Object.assign(find('report').text, { value: text });
  },
});

// `?dialog=own`: the app shows its own; nothing opens by itself.
if (new URLSearchParams(location.search).get('dialog') !== 'own') {
  document.querySelector('auth-dialog').auth = auth;
}
document.documentElement.dataset.ready = 'yes';
