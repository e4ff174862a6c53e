// A server between the page and the hub, so that a measurement can answer some requests itself.
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** Hands a request to the hub, and its answer back. */
function passOn(target: URL, asked: IncomingMessage, answer: ServerResponse): void {
  const { method = 'GET', url: path = '/', headers } = asked;
  const onward = request({ host: target.hostname, port: target.port, method, path, headers }, (came) => {
    answer.writeHead(came.statusCode ?? 502, came.headers);
    came.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}

export interface Between {
  address: string;
  end(): void;
}

/** Everything goes to the hub but what `own` takes. */
export async function between(
  hubAddress: string,
  own: (asked: IncomingMessage, answer: ServerResponse) => boolean,
): Promise<Between> {
  const target = new URL(hubAddress);
  const server = createServer((asked, answer) => {
    if (!own(asked, answer)) passOn(target, asked, answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  const port = typeof at === 'object' && at ? at.port : 0;
  return {
    address: `http://127.0.0.1:${port}`,
    end: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
