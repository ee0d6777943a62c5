// The line that shows the session: its state, the countdown of the access token, and the live view.

import { byId } from './dom.js';

const TEXTS = {
  unknown: 'One moment …',
  in: 'Signed in',
  expired: 'Your session has ended. Sign in to go on',
  out: 'Signed out',
};

/** Keeps the line up to date. @param {import('@handstamp/browser').Auth} auth */
export function follow(auth) {
  /** How long the token lived when it arrived: the length of the bar. */
  let life = 1;
  let isAway = false;

  function draw() {
    const { state, user, expiresAt } = auth.snapshot();
    byId('state').hidden = !user;
    byId('state-dot').className = `dot ${isAway ? 'away' : state}`;
    byId('state-text').textContent = isAway ? 'The auth service is away. You stay signed in' : TEXTS[state];
    byId('clock').hidden = !expiresAt;
    const left = Math.max(0, (expiresAt ?? 0) - Date.now());
    byId('clock-bar').max = life;
    byId('clock-bar').value = left;
    byId('clock-text').textContent = clock(left);
  }

  auth.subscribe(() => {
    isAway = false;
    life = Math.max(1, (auth.expiresAt ?? 0) - Date.now());
    draw();
  });
  auth.on('unavailable', () => {
    isAway = true;
    draw();
  });
  setInterval(draw, 1000);
}

/** Shows whether news of orders come in. @param {'on' | 'off' | 'elsewhere'} state */
export function showLive(state) {
  const texts = { on: 'Live', off: 'Live view closed', elsewhere: 'Live, by another tab' };
  byId('live-dot').className = `dot ${state}`;
  byId('live-text').textContent = texts[state];
}

function clock(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
