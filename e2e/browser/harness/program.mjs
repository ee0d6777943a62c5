import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long a program may take to say that it is ready: it hashes passwords first, on a machine that may have much else to do. */
const START_PATIENCE = 60_000;

/** How long a program may take to stop. */
const STOP_PATIENCE = 15_000;

/** A program that runs beside the test. It is stopped by its own process id. */
export class Program {
  #child;
  #lines = [];
  #waiting = [];
  #ended = false;

  /** What it has written to stderr. */
  log = '';

  /** Starts a program. Its first words are read with `line()`. */
  constructor(command, args, { cwd, env } = {}) {
    this.#child = spawn(command, args, { cwd, env: { ...withoutSettings(), ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    let rest = '';
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      lines.forEach((line) => this.#hear(line));
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => (this.log += text));
    this.ended = once(this.#child, 'close').then(([code]) => {
      this.#ended = true;
      this.#waiting.forEach(({ reject }) => reject(new Error(`it ended with ${code}\n${this.log}`)));
      return code;
    });
    // Whoever needs the outcome asks for it.
    this.ended.catch(() => {});
  }

  /** Runs a program to its end and returns what it printed. */
  static async run(command, args, { stdin = '', ...options } = {}) {
    const program = new Program(command, args, options);
    program.#child.stdin.on('error', () => {}).end(stdin);
    const code = await program.ended;
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${program.log}`);
    return program.#lines.join('\n');
  }

  /** Returns the next line of stdout. */
  line() {
    if (this.#lines.length > 0) return Promise.resolve(this.#lines.shift());
    if (this.#ended) return Promise.reject(new Error(`it has ended\n${this.log}`));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`it says nothing\n${this.log}`));
        // Nobody will stop what never began, and the tests would wait for it at their end.
        this.#child.kill('SIGKILL');
      }, START_PATIENCE);
      const settle = (how) => (value) => {
        clearTimeout(timer);
        how(value);
      };
      this.#waiting.push({ resolve: settle(resolve), reject: settle(reject) });
    });
  }

  /** Asks the program to stop, and kills it when it does not. */
  async stop() {
    if (!this.#ended) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_PATIENCE);
    await this.ended.finally(() => clearTimeout(timer));
  }

  /** Kills the program where it stands, as a power cut would. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #hear(line) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve(line);
    else this.#lines.push(line);
  }
}

/** The settings of whoever runs the tests are not the tests'. */
function withoutSettings() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HANDSTAMP_')));
}
