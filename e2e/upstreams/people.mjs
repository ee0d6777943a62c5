/** What the provider knows about the people who may sign in there. Whoever is not in here is somebody by default. */
const KNOWN = {
  ann: { groups: ['staff', 'buyers'] },
  // An address that nobody has proven to be theirs.
  mallory: { email_verified: false },
  // No address at all.
  nomail: { email: undefined, email_verified: undefined },
};

/** Everybody who was asked for, with what tests have changed about them. */
const people = new Map();

/** Returns what is known about somebody. */
export function person(name) {
  if (!people.has(name)) {
    people.set(name, { preferred_username: name, email: `${name}@example.org`, email_verified: true, groups: [], ...KNOWN[name] });
  }
  return people.get(name);
}

/** Changes what is known about somebody; `{ "gone": true }` takes them away. */
export function change(name, claims) {
  Object.assign(person(name), claims);
}

/** Which claims come with which scope. */
export const CLAIMS = {
  openid: ['sub'],
  profile: ['preferred_username'],
  email: ['email', 'email_verified'],
  groups: ['groups', 'org'],
};

/** The provider's way to ask. */
export async function findAccount(_ctx, sub) {
  const { gone, ...claims } = person(sub);
  return gone ? undefined : { accountId: sub, claims: async () => ({ sub, ...claims }) };
}
