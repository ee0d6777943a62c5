/** Time that passes when a test says so. */
export class Clock {
  /** Milliseconds that the machine was awake. */
  awake = 1_000;
  /** What the clock on the wall shows: people and the network set it. */
  wall = Date.UTC(2026, 0, 1);
  /** How time really passes: what the auth service goes by. */
  real = 0;
  #timers = new Map();
  #last = 0;

  setTimeout = (work, milliseconds = 0) => {
    this.#timers.set(++this.#last, { at: this.awake + Math.max(0, milliseconds), work });
    return this.#last;
  };

  clearTimeout = (id) => {
    this.#timers.delete(id);
  };

  /** Returns a promise that resolves that much later. */
  pass(milliseconds) {
    return new Promise((resolve) => this.setTimeout(resolve, milliseconds));
  }

  /** Lets time pass, and everything happen that was to happen meanwhile, in its order. */
  async advance(milliseconds) {
    const end = this.awake + milliseconds;
    await settled();
    for (;;) {
      const [id, timer] = this.#next();
      if (!timer || timer.at > end) break;
      this.#timers.delete(id);
      this.#move(timer.at - this.awake);
      timer.work();
      await settled();
    }
    this.#move(end - this.awake);
  }

  /** The machine sleeps: no timer runs, and the clock that counts waking hours stands still. */
  sleep(milliseconds) {
    this.wall += milliseconds;
    this.real += milliseconds;
  }

  #move(milliseconds) {
    this.awake += milliseconds;
    this.wall += milliseconds;
    this.real += milliseconds;
  }

  #next() {
    let first = [0, undefined];
    for (const entry of this.#timers) if (!first[1] || entry[1].at < first[1].at) first = entry;
    return first;
  }
}

/** Resolves once everything that needs no time has happened. */
export async function settled() {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

/** A small seeded generator (mulberry32): a failing run can be repeated. */
export function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
