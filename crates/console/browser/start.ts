// Before all tests: a demo that has counted, read and decided something, and a session there. After them: its end.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { request } from '@playwright/test';
import { startDemo, until } from './demo';
import { SESSION } from './session-file';

/** Where the demo serves. */
const PORT = Number(process.env.GATEHOUSE_PORT ?? 18_190);

export default async function start(): Promise<() => Promise<void>> {
  mkdirSync(dirname(SESSION), { recursive: true });
  // A hub that runs already, while the page is worked on; what kills the hub is left out then.
  if (process.env.GATEHOUSE_ADDRESS) {
    const nobody = await request.newContext();
    await nobody.storageState({ path: SESSION });
    return () => nobody.dispose();
  }
  const state = mkdtempSync(join(tmpdir(), 'gatehouse-browser-'));
  const demo = await startDemo(PORT, state);
  Object.assign(process.env, {
    GATEHOUSE_ADDRESS: demo.address,
    GATEHOUSE_STATE: state,
    GATEHOUSE_PID: String(demo.pid),
  });
  const hub = await request.newContext({ baseURL: demo.address });
  if (demo.account) {
    const answer = await hub.post('/api/v1/session', { data: demo.account });
    if (!answer.ok()) throw new Error(`the demo's account cannot sign in: ${await answer.text()}`);
  }
  await hub.storageState({ path: SESSION });
  const some = (path: string, name: string) =>
    until(`an answer of ${path}`, async () => {
      const answer = (await (await hub.get(path)).json()) as Record<string, unknown[]>;
      return (answer[name]?.length ?? 0) > 0 ? true : null;
    });
  await some('/api/v1/passages', 'passages');
  await some('/api/v1/decisions', 'decisions');
  await some('/api/v1/plates?outcome=read', 'plates');
  await hub.dispose();
  return async () => {
    await demo.kill();
    rmSync(state, { recursive: true, force: true });
  };
}
