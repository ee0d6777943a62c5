/**
 * Random interleavings: tabs, expiry, sleep, sign-ins and sign-outs here and on pages that are not ours, an auth service
 * that is away, requests and answers that get lost. A failing run names its seed, and is the same run again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser } from '../support/browser.js';
import { seeded } from '../support/clock.js';

const STEPS = 40;

class Run {
  tabs = [];
  calls = [];
  /** How often a token that was good became bad. */
  spoilt = 0;
  otherUsers = false;
  signOuts = false;
  #random;

  constructor(seed, { stormy }) {
    this.#random = seeded(seed);
    this.stormy = stormy;
    this.browser = new Browser({ seed }).signedIn('ada');
    this.browser.latency = () => [this.#below(40), this.#below(40)];
    if (stormy) this.browser.fault = (request) => this.#fault(request);
  }

  async go() {
    for (let n = 2 + this.#below(4); n > 0; n--) this.#open();
    for (let step = 0; step < STEPS; step++) {
      await this.#step();
      await this.browser.advance(this.#chance(0.3) ? this.#below(400_000) : this.#below(200));
      this.#hold();
    }
    await this.#heal();
    this.#judge();
  }

  /** What must be true at every moment. */
  #hold() {
    assert.equal(this.browser.service.theft, false, 'nobody stole anything');
    for (const { n, owner, key } of this.calls) {
      const handled = this.browser.service.log.filter(({ path }) => path === `/call/${n}`);
      for (const entry of handled) {
        if (entry.status === 200 && owner) assert.equal(entry.sub, owner, `call ${n} was done in another name`);
      }
      assert.ok(new Set(handled.map((entry) => entry.key)).size <= 1, `call ${n} changed its key`);
      if (key && handled.length) assert.ok(handled[0].key);
    }
    if (!this.stormy) assert.deepEqual(this.browser.service.log.filter(({ needless }) => needless), [], 'one refresh for one expiry');
  }

  /** What must be true once nothing is broken any more. */
  #judge() {
    const here = this.browser.service.sessionOf(this.browser.cookies);
    for (const { auth } of this.tabs) {
      assert.equal(auth.state, here ? 'in' : 'out');
      assert.equal(auth.user?.sub, here);
    }
    for (const call of this.calls) assert.ok(this.#accounted(call), `call ${call.n}: ${JSON.stringify(call.outcome)} ${call.outcome.error}`);
  }

  /** A call is done, or the app knows why not, and the reason is true. */
  #accounted({ n, outcome, owner, spoilt }) {
    if (!outcome.settled) return false;
    if (outcome.status === 200) return true;
    // Its one repetition was refused as well: the fresh token went bad on the way, or nobody was signed in at all.
    if (outcome.status === 401) return !owner || this.spoilt > spoilt;
    switch (outcome.error.code) {
      case 'unavailable': return this.stormy;
      case 'user_changed': return this.otherUsers;
      case 'session_ended': return this.signOuts;
      default: return outcome.error instanceof TypeError && this.#faulty.has(`/call/${n}`);
    }
  }

  async #step() {
    const { browser } = this;
    const tab = this.#one(this.tabs);
    const steps = [
      () => this.#call(tab), () => this.#call(tab), () => this.#call(tab), () => this.#call(tab), () => this.#call(tab),
      () => { this.spoilt++; browser.clock.sleep(this.#below(3_600_000)); },
      () => browser.service.endSessions(this.#one(['ada', 'bob'])),
      () => { this.spoilt++; browser.service.makeStale(); },
      () => (tab.env.document.hidden ? tab.show() : tab.hide()),
      () => tab.auth.state !== 'in' && this.#signIn(tab, this.#chance(0.8) ? 'ada' : 'bob'),
      () => this.tabs.length < 8 && this.#open(),
      // Set forward it could be a sleep, and costs a refresh.
      () => { browser.clock.wall -= this.#below(this.stormy ? 7_200_000 : 3_600_000) - (this.stormy ? 3_600_000 : 0); },
    ];
    if (this.#chance(0.3)) steps.push(() => this.#signOut(tab), () => this.#signIn(tab, 'bob'));
    if (this.stormy) {
      steps.push(
        () => { browser.service.down = !browser.service.down; },
        () => this.#signedInElsewhere(this.#one(['ada', 'bob'])),
        () => browser.locks.freeze('handstamp:https://auth.example'),
        () => browser.locks.steal('handstamp:https://auth.example'),
      );
    }
    await this.#one(steps)();
  }

  #open() {
    this.tabs.push(this.browser.open());
  }

  #call(tab) {
    const n = this.calls.length;
    const unsafe = this.#chance(0.5);
    const call = { n, owner: tab.auth.user?.sub, key: unsafe, spoilt: this.spoilt };
    call.outcome = tab.call(`/call/${n}`, unsafe ? { method: 'POST', body: String(n) } : {});
    this.calls.push(call);
  }

  /** The paths of requests that were broken. */
  #faulty = new Set();

  #fault(request) {
    if (!this.#chance(0.06)) return undefined;
    this.#faulty.add(new URL(request.url).pathname);
    return this.#chance(0.5) ? 'lost' : 'unanswered';
  }

  #signIn(tab, login) {
    if (login === 'bob') this.otherUsers = true;
    if (tab.auth.user?.sub === 'u-bob' && login === 'ada') this.otherUsers = true;
    tab.auth.signIn({ login, password: 'right' }).catch(() => {});
  }

  #signOut(tab) {
    this.signOuts = true;
    tab.auth.signOut().catch(() => {});
  }

  /** On the sign-in page, which shares nothing with the tabs but the cookies. */
  #signedInElsewhere(login) {
    this.otherUsers = true;
    return this.browser.change(this.browser.service.signedIn(login));
  }

  async #heal() {
    const { browser } = this;
    browser.fault = () => undefined;
    browser.service.down = false;
    browser.locks.steal('handstamp:https://auth.example');
    for (const tab of this.tabs) tab.show();
    await browser.advance(120_000);
    for (const tab of this.tabs) {
      tab.auth.refresh().catch(() => {});
      await browser.advance(1_000);
      if (tab.auth.state === 'expired') this.#signIn(tab, tab.auth.user.preferred_username);
      await browser.advance(60_000);
    }
    await browser.advance(120_000);
  }

  #below(limit) {
    return Math.floor(this.#random() * limit);
  }

  #chance(probability) {
    return this.#random() < probability;
  }

  #one(list) {
    return list[this.#below(list.length)];
  }
}

for (const [name, how, runs] of [
  ['one refresh for one expiry, no lost call, nothing done in another name', { stormy: false }, 60],
  ['no lost call and nothing done in another name, whatever breaks', { stormy: true }, 60],
]) {
  test(name, async () => {
    for (let seed = 1; seed <= runs; seed++) {
      try {
        await new Run(seed, how).go();
      } catch (error) {
        error.message = `seed ${seed}: ${error.message}`;
        throw error;
      }
    }
  });
}
