// A hub of its own with an empty database, and its broker.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Account, needed } from './demo';

/** Where Debian has it. */
const MOSQUITTO = '/usr/sbin/mosquitto';
const START_MAX_MS = 30_000;

export const hasBroker = existsSync(MOSQUITTO);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** Starts a program and waits for the lines that `read` wants; `read` says when it has them all. */
async function started(program: string, options: string[], read: (line: string) => boolean): Promise<ChildProcess> {
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${program} did not start in time`)), START_MAX_MS);
    child.once('exit', () => reject(new Error(`${program} ended before it was ready`)));
    if (child.stdout) {
      createInterface(child.stdout).on('line', (line) => {
        if (!read(line)) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
  return child;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

/** The hub's program. */
function program(): string {
  return join(dirname(needed('GATEHOUSE_PROGRAM')), 'gatehouse-hub');
}

function command(options: string[]): void {
  const { status, stderr } = spawnSync(program(), options, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`gatehouse-hub ${options.join(' ')}: ${stderr}`);
}

export class OwnHub {
  private constructor(
    private readonly folder: string,
    private readonly broker: ChildProcess,
    /** Where its broker listens. */
    readonly brokerPort: number,
    private hub: ChildProcess,
    readonly address: string,
    /** What it printed for whoever makes the first account. */
    readonly code: string,
  ) {}

  /**
   * `login` is what stands in that table of its configuration; it may need to know where the hub will be. `more` is what
   * stands below, where FOLDER is the hub's own.
   */
  static async start(login: string | ((address: string) => string), more = ''): Promise<OwnHub> {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-own-hub-'));
    const [broker, http] = [await freePort(), await freePort()];
    const said = typeof login === 'string' ? login : login(`http://127.0.0.1:${http}`);
    const config = [
      `db = "${folder}/hub.db"\nblobs = "${folder}/blobs"\nlisten = "127.0.0.1:${http}"`,
      `[broker]\naddress = "127.0.0.1:${broker}"`,
      `[login]\n${said}`,
      more.replaceAll('FOLDER', folder),
    ];
    writeFileSync(join(folder, 'hub.toml'), `${config.join('\n')}\n`);
    if (more.includes('policy_key_file')) {
      command(['policy', 'keygen', '--key', `${folder}/policy.key`, '--db', `${folder}/hub.db`]);
    }
    if (more.includes('[authority]')) {
      command(['authority', 'init', '--folder', `${folder}/authority`, '--hub', 'localhost', '--broker', 'localhost']);
    }
    writeFileSync(join(folder, 'broker.conf'), `listener ${broker} 127.0.0.1\nallow_anonymous true\n`);
    const mosquitto = spawn(MOSQUITTO, ['-c', join(folder, 'broker.conf')], { stdio: 'ignore' });
    let [address, code] = ['', ''];
    const hub = await OwnHub.run(folder, (line) => {
      address = /^listening on (http:\S+)$/.exec(line)?.[1] ?? address;
      code = /^there is no account yet: .* code (\S+)$/.exec(line)?.[1] ?? code;
      return address !== '' && code !== '';
    });
    return new OwnHub(folder, mosquitto, broker, hub, address, code);
  }

  private static run(folder: string, read: (line: string) => boolean): Promise<ChildProcess> {
    return started(program(), ['run', '--config', join(folder, 'hub.toml')], read);
  }

  /** Makes the first account. */
  async setUp(account: Account, language = 'vi'): Promise<void> {
    const answer = await fetch(`${this.address}/api/v1/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: this.code, display_name: 'Đỗ Thị Quản Trị', language, ...account }),
    });
    if (!answer.ok) throw new Error(`the first account is refused: ${answer.status} ${await answer.text()}`);
  }

  /** Runs a command of the hub's program beside it. */
  async command(...options: string[]): Promise<void> {
    const config = ['--config', join(this.folder, 'hub.toml')];
    const child = spawn(program(), [...options, ...config], { stdio: 'ignore' });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`gatehouse-hub ${options.slice(0, 2).join(' ')} ended with ${code}`);
  }

  /** Believes a node of a site from now on, so that the site is there. */
  addNode(site: string, node: string): void {
    const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    command(['node', 'add', '--site', site, '--node', node, '--key', x ?? '', '--db', join(this.folder, 'hub.db')]);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    await ended(this.hub, 'SIGKILL');
  }

  /** Runs it again on what it had kept. */
  async again(): Promise<void> {
    this.hub = await OwnHub.run(this.folder, (line) => line.startsWith('listening on'));
  }

  async end(): Promise<void> {
    await ended(this.hub, 'SIGTERM');
    await ended(this.broker, 'SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
