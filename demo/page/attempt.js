// Runs what a person asked for, and tells them how it went.

import { byId } from './dom.js';

/** What the auth client's own codes mean to a person. */
const SENTENCES = {
  network: 'The auth service does not answer. Nothing is lost; try again in a moment.',
  timeout: 'The auth service is slow. Nothing is lost; try again in a moment.',
  unavailable: 'The auth service is away. Nothing is lost; try again in a moment.',
  session_ended: 'You have signed out, so this was not sent.',
  user_changed: 'Somebody else has signed in, so this was not sent.',
  too_many_parked: 'Very much is waiting for you to sign in, so this was not sent.',
  account_disabled: 'This account is disabled.',
};

/** Says what went wrong, or clears it. */
export function notice(text = '') {
  byId('notice').textContent = text;
  byId('notice').hidden = !text;
}

/** Says something to people who cannot see it happen. */
export function announce(text) {
  byId('announcer').textContent = text;
}

/** @param {Error & { code?: string, retryAfter?: number }} error */
export function sentence(error) {
  if (error.code === 'rate_limited') return `Too many attempts. Try again in ${Math.ceil(error.retryAfter || 1)} s.`;
  if (error instanceof TypeError) return 'The service does not answer. Nothing is lost; try again in a moment.';
  return SENTENCES[error.code] ?? error.message;
}

/** Runs what a button does: once at a time, and errors end up where a person sees them. */
export async function attempt(button, work) {
  // Not `disabled`: that would take the keyboard's focus away.
  if (button?.ariaBusy === 'true') return undefined;
  notice();
  if (button) button.ariaBusy = 'true';
  try {
    return await work();
  } catch (error) {
    notice(sentence(error));
    byId('notice').scrollIntoView({ block: 'nearest' });
    return undefined;
  } finally {
    if (button) button.ariaBusy = 'false';
  }
}
