// One request over a socket, byte by byte as written: fetch would change or refuse odd ones.
import { connect } from 'node:net';
import { PATIENCE_MS } from './patience.ts';

export interface RawAnswer {
  /** 0 when the connection ended without an answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends `request` to the server at `url`, and settles when the connection is closed. Characters are bytes. */
export function rawHttp(url: string, request: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(request, 'latin1')));
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on('data', (chunk) => chunks.push(chunk));
    // A server may answer and close before it has read everything.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString())));
  });
}

/** A request with the usual headers. `Connection: close` ends the exchange with the answer. */
export function rawRequest(line: string, headers: readonly string[] = ['Host: 127.0.0.1'], body = ''): string {
  return [`${line} HTTP/1.1`, ...headers, 'Connection: close', '', body].join('\r\n');
}

function parse(text: string): RawAnswer {
  const [head = '', ...rest] = text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '').split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = fields.map((field): [string, string] => {
    const [name = '', ...value] = field.split(': ');
    return [name.toLowerCase(), value.join(': ')];
  });
  const raw = rest.join('\r\n\r\n');
  const body = /^transfer-encoding: chunked$/im.test(head) ? joinChunks(raw) : raw;
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? 0);
  return { status, headers: Object.fromEntries(headers), body };
}

/** The body of the first answer whose parts each follow their size. A second answer on the connection stays as it is. */
function joinChunks(raw: string): string {
  let bytes = Buffer.from(raw);
  let body = '';
  for (;;) {
    const end = bytes.indexOf('\r\n');
    const size = Number.parseInt(bytes.subarray(0, Math.max(end, 0)).toString(), 16);
    if (!size) return body + bytes.subarray(end + 4).toString();
    body += bytes.subarray(end + 2, end + 2 + size).toString();
    bytes = bytes.subarray(end + 4 + size);
  }
}
