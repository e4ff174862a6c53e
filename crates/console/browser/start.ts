// Before all tests: a demo that has counted, read and decided something, and a session there. After them: its end.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startDemo, until } from './demo';
import { administrator, signedIn } from './hub';
import { SESSION } from './session-file';

/** An administrator's session ends after five minutes without a hand: the tests' own stays for as long as they run. */
const TOUCH_MS = 60_000;
/** Where the demo serves. */
const PORT = Number(process.env.GATEHOUSE_PORT ?? 18_190);

export default async function start(): Promise<() => Promise<void>> {
  mkdirSync(dirname(SESSION), { recursive: true });
  // A hub that runs already, while the page is worked on; what kills the hub is left out then.
  if (process.env.GATEHOUSE_ADDRESS) {
    const there = await signedIn(process.env.GATEHOUSE_ADDRESS, administrator());
    await there.keep(SESSION);
    return () => there.end();
  }
  const state = mkdtempSync(join(tmpdir(), 'gatehouse-browser-'));
  const demo = await startDemo(PORT, state);
  Object.assign(process.env, {
    GATEHOUSE_ADDRESS: demo.address,
    GATEHOUSE_STATE: state,
    GATEHOUSE_PID: String(demo.pid),
    GATEHOUSE_NAME: demo.account.name,
    GATEHOUSE_PASSWORD: demo.account.password,
  });
  const hub = await signedIn(demo.address, demo.account);
  await hub.keep(SESSION);
  const some = (path: string, name: string) =>
    until(`an answer of ${path}`, async () => {
      const answer = await hub.get<Record<string, unknown[]>>(path);
      return (answer[name]?.length ?? 0) > 0 ? true : null;
    });
  await some('/api/v1/passages', 'passages');
  await some('/api/v1/decisions', 'decisions');
  await some('/api/v1/plates?outcome=read', 'plates');
  await some('/api/v1/alerts', 'alerts');
  const touch = setInterval(() => void hub.get('/api/v1/session').catch(() => {}), TOUCH_MS);
  return async () => {
    clearInterval(touch);
    await hub.end();
    await demo.kill();
    rmSync(state, { recursive: true, force: true });
  };
}
