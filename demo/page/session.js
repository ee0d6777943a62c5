// Who is signed in. The auth service itself serves the client, so that the two always fit.

import './wire.js';
import { config } from './config.js';

const from = (name) => import(`${config.auth}/auth/${name}.js`);
const [{ createAuth }, { openEvents }] = await Promise.all([from('client'), from('streams'), from('dialog')]);

export { openEvents };

/** The one object of this page that knows who is signed in. */
export const auth = createAuth({
  base: config.auth,
  origins: [location.origin, config.services.orders, config.services.profiles],
  // The default is a minute; the countdown of the demo is there to be watched.
  refreshLead: 15,
});

/** Signs in over the page when the session has ended, so that everything on it stays. */
const dialog = document.createElement('auth-dialog');
dialog.auth = auth;
document.body.append(dialog);
