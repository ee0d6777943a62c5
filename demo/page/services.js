// Everything this page asks the services, and what they may answer.

import { config } from './config.js';
import { auth } from './session.js';

/** A reply that is no success. `code` is what a program branches on, `message` is for people. */
export class Refused extends Error {
  constructor(status, { code = 'unknown', title, detail, errors = [] }) {
    super(detail ?? title ?? `The service answered ${status}.`);
    Object.assign(this, { status, code, errors });
  }
}

/** Fails for a reply that is no success. @param {Response} response */
export async function accepted(response) {
  if (response.ok) return response;
  throw new Refused(response.status, await response.json().catch(() => ({})));
}

async function ask(url, init) {
  return accepted(await auth.fetch(url, init));
}

const asJson = async (reply) => (await reply).json();
const { orders: ordersAt, profiles: profilesAt } = config.services;

export const orders = {
  list: async () => (await asJson(ask(`${ordersAt}/orders`))).orders,
  find: (id) => asJson(ask(`${ordersAt}/orders/${encodeURIComponent(id)}`)),
  /** Places an order. @param {FormData} form with a file in it, or without */
  place: (form) => asJson(ask(`${ordersAt}/orders`, { method: 'POST', body: form })),
  remove: (id) => ask(`${ordersAt}/orders/${id}`, { method: 'DELETE' }),
  attachment: async (id) => (await ask(`${ordersAt}/orders/${id}/attachment`)).blob(),
  /** A route whose author forgot to say who may use it. */
  statistics: () => ask(`${ordersAt}/orders/statistics`),
  /** The same list with the cookies left at home, and with whatever token stands here. */
  withoutCookies: (headers = {}) => fetch(`${ordersAt}/orders`, { credentials: 'omit', headers }).then(accepted),
  eventsUrl: `${ordersAt}/orders/events`,
};

export const profiles = {
  list: async () => (await asJson(ask(`${profilesAt}/profiles`))).profiles,
};

/** The demo's own levers, on the origin of this page: what otherwise happens to people without their doing. */
export const control = {
  expireToken: () => ask('/control/expire-token', { method: 'POST' }),
  endSession: () => ask('/control/end-session', { method: 'POST' }),
  disable: () => asJson(ask('/control/disable', { method: 'POST' })),
  sendAway: () => asJson(ask('/control/away', { method: 'POST' })),
  setRoles: (roles) =>
    ask('/control/roles', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ roles }),
    }),
};
