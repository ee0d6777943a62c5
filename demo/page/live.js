// News of orders as they come: the stream ends with the session, and opens again when somebody is back.

import { note } from './journal.js';
import { orders } from './services.js';
import { auth, openEvents } from './session.js';
import { showLive } from './state-bar.js';

/**
 * One tab listens for all: browsers open no more than six connections to a host that speaks HTTP/1.1, and a stream takes
 * one for as long as it is open.
 */
const NAME = 'handstamp-demo-live';

/** The service says something every 15 s. */
const SILENCE_MS = 40_000;

/**
 * @typedef {{ type: 'opened' | 'missed' | 'order-placed' | 'order-removed', order?: { id: number, item: string, quantity: number, by: string } }} News
 *   `opened` and `missed`: something may have happened unheard, so look at the list.
 */

const channel = new BroadcastChannel(NAME);
const listeners = new EventTarget();
let isListening = false;
let stream = null;

/** Listens, or takes part in what another tab hears. */
export function start() {
  channel.onmessage = ({ data: news }) => {
    if (news.type === 'hello') return isListening && channel.postMessage({ type: 'state', state: 'elsewhere' });
    return news.type === 'state' ? showLive(news.state) : hear(news);
  };
  channel.postMessage({ type: 'hello' });
  auth.subscribe(listen);
  auth.on('expired', closed);
  // Held until the tab is closed; then the next one in the queue listens.
  navigator.locks.request(NAME, () => new Promise(() => {
    isListening = true;
    listen();
  }));
}

/** Calls the listener with news until the signal says stop. @param {(news: News) => void} listener */
export function onNews(listener, signal) {
  listeners.addEventListener('news', ({ detail }) => listener(detail), { signal });
}

function listen() {
  if (!isListening || stream || auth.state !== 'in') return;
  stream = openEvents(auth, orders.eventsUrl, {
    silence: SILENCE_MS,
    onOpen() {
      tell('on', 'elsewhere');
      spread({ type: 'opened' });
    },
    onEvent: ({ type, data }) => spread(type === 'missed' ? { type } : { type, order: JSON.parse(data) }),
    onClose() {
      stream = null;
      closed();
    },
  });
}

function closed() {
  if (!isListening) return;
  tell('off', 'off');
  note('the live view is closed');
}

function tell(here, elsewhere) {
  showLive(here);
  channel.postMessage({ type: 'state', state: elsewhere });
}

function spread(news) {
  hear(news);
  channel.postMessage(news);
}

function hear(news) {
  listeners.dispatchEvent(new CustomEvent('news', { detail: news }));
}
