// The demo as a process of its own: camera, gate, broker and hub on the sample video.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How long the programs may take to start, with models to load. */
const START_MAX_MS = 90_000;

export interface Demo {
  address: string;
  pid: number;
  /** Who may sign in: everywhere, for everything but the audit log. */
  account: Account;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

export interface Account {
  name: string;
  password: string;
}

export function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by \`make browser-test\``);
  return value;
}

/** Starts the demo on `port` with its files in `state`, and waits until its page is served. */
export async function startDemo(port: number, state: string): Promise<Demo> {
  const program = needed('GATEHOUSE_PROGRAM');
  const mirror = process.env.GATEHOUSE_MIRROR ? ['--mirror', process.env.GATEHOUSE_MIRROR] : [];
  const demo: ChildProcess = spawn(program, ['demo', '--port', String(port), '--state', state, ...mirror], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(demo, 'exit');
  const told = await new Promise<{ address: string; account: Account }>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the demo did not start in time')), START_MAX_MS);
    void ended.then(() => reject(new Error('the demo ended before it told its address')));
    if (!demo.stdout) return;
    let address = '';
    let account: Account | null = null;
    createInterface(demo.stdout).on('line', (line) => {
      address = /^Gatehouse: (http:\/\/\S+?)\/?$/.exec(line)?.[1] ?? address;
      const [, name, password] = /^Sign in as (\S+) with the password (\S+)$/.exec(line) ?? [];
      if (name && password) account = { name, password };
      // The last line before it only plays.
      if (!line.startsWith('The sample video plays')) return;
      clearTimeout(timer);
      if (account) resolve({ address, account });
      else reject(new Error('the demo told nobody who may sign in'));
    });
  });
  return {
    ...told,
    pid: demo.pid ?? 0,
    kill: async () => {
      demo.kill('SIGKILL');
      await ended;
    },
  };
}

/** Waits until `probe` gives something. */
export async function until<T>(what: string, probe: () => Promise<T | null>, maxMs = START_MAX_MS): Promise<T> {
  const end = Date.now() + maxMs;
  for (;;) {
    const found = await probe().catch(() => null);
    if (found !== null) return found;
    if (Date.now() > end) throw new Error(`${what} did not come in time`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
