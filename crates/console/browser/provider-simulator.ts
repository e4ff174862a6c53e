// A simulator of an identity provider, for tests only: OpenID Connect's authorisation code with PKCE (Core 1.0, 3.1), for one
// public client and one person whom it lets in when he presses its only button. Tokens are signed by RS256.
import { createHash, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export const CLIENT = 'gatehouse';

interface Begun {
  challenge: string;
  nonce: string;
  redirect: string;
}

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

function signed(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', kid: 'one' })}.${part(claims)}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`;
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const part of request) text += part;
  return new URLSearchParams(text);
}

export class ProviderSimulator {
  private readonly codes = new Map<string, Begun>();

  private constructor(
    private readonly server: Server,
    readonly issuer: string,
    /** What it says of the person. */
    private readonly claims: object,
  ) {
    server.on('request', (request, response) => void this.answer(request, response));
  }

  static async start(claims: object): Promise<ProviderSimulator> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const at = server.address();
    return new ProviderSimulator(server, `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`, claims);
  }

  async end(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.issuer);
    const json = (status: number, value: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    const at = (path: string) => `${this.issuer}${path}`;
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return json(200, {
          issuer: this.issuer,
          authorization_endpoint: at('/authorize'),
          token_endpoint: at('/token'),
          jwks_uri: at('/keys'),
        });
      case '/keys':
        return json(200, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] });
      case '/authorize': {
        const back = new URL(searchParams.get('redirect_uri') ?? '');
        const code = randomUUID();
        const [challenge, nonce] = [searchParams.get('code_challenge') ?? '', searchParams.get('nonce') ?? ''];
        this.codes.set(code, { challenge, nonce, redirect: back.href });
        back.searchParams.set('code', code);
        back.searchParams.set('state', searchParams.get('state') ?? '');
        const page = `<!doctype html><meta charset="utf-8"><title>Provider</title><a href="${back.href.replaceAll('&', '&amp;')}">Yes</a>`;
        return void response.writeHead(200, { 'content-type': 'text/html' }).end(page);
      }
      case '/token': {
        const asked = await bodyOf(request);
        const code = asked.get('code') ?? '';
        const begun = this.codes.get(code);
        this.codes.delete(code);
        const challenge = createHash('sha256')
          .update(asked.get('code_verifier') ?? '')
          .digest('base64url');
        if (begun?.challenge !== challenge || begun.redirect !== asked.get('redirect_uri')) {
          return json(400, { error: 'invalid_grant' });
        }
        const now = Math.floor(Date.now() / 1_000);
        const { nonce } = begun;
        const claims = { iss: this.issuer, aud: CLIENT, sub: '1', iat: now, exp: now + 300, nonce, ...this.claims };
        return json(200, { access_token: 'x', token_type: 'Bearer', id_token: signed(claims) });
      }
      // A browser asks for it by itself, and complains where there is none.
      case '/favicon.ico':
        return void response.writeHead(204).end();
      default:
        return json(404, {});
    }
  }
}
