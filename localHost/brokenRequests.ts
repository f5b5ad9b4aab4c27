// Requests that node's parser refuses, and requests that are too long: answered as Microsoft's host does.
import { type IncomingMessage, METHODS, type Server, STATUS_CODES } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';

// The limits of Kestrel, the server in Microsoft's host.
const LONGEST_LINE = 8 * 1024;
const LARGEST_HEADERS = 32 * 1024;

/**
 * What node's parser may read. It counts the first line among the headers and answers 431 for both. So it must let long
 * requests through to `statusOfSize`.
 */
export const PARSER_LIMIT = 1024 * 1024;

/** 414 for a first line that is too long, 431 for headers that are; undefined for a request of a usual size. */
export function statusOfSize({ method = '', url = '', rawHeaders }: IncomingMessage): number | undefined {
  if (method.length + url.length + ' HTTP/1.1\r\n'.length > LONGEST_LINE) return 414;
  // Each name and value has two more bytes: `: ` or the line's end.
  const bytes = rawHeaders.reduce((sum, text) => sum + text.length + 2, 0);
  return bytes > LARGEST_HEADERS ? 431 : undefined;
}

interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/** Answers for node's parser of `server`. Node itself would answer 400 to a method that it does not know. */
export function answerBrokenRequests(server: Server): void {
  server.on('clientError', ({ code, rawPacket }: ParserError, socket: Duplex) => {
    const first = rawPacket?.toString('latin1') ?? '';
    const [, method = ''] = /^([!#$%&'*+.^`|~\w-]+) \S+ HTTP\/1\.[01]\r?\n/.exec(first) ?? [];
    const known = METHODS.includes(method.toUpperCase()) && method !== method.toUpperCase();
    if (code === 'HPE_INVALID_METHOD' && rawPacket && known) readAgain(server, socket, method, rawPacket);
    else if (socket.writable) socket.end(bareAnswer(statusOf(code, method, first)));
    else socket.destroy();
  });
  // Without this, node closes the connection without an answer.
  server.on('connect', (_request, socket: Duplex) => socket.end(bareAnswer(400)));
}

function statusOf(code: string | undefined, method: string, first: string): number {
  if (code === 'HPE_INVALID_METHOD' && method !== '') return 404;
  // A part of the first line holds no line end; after it, something else was too long.
  if (code === 'HPE_HEADER_OVERFLOW') return first.includes('\n') ? 431 : 414;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
}

function bareAnswer(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;
}

/** Reads a request with a lower-case method once more, with the method as node knows it. */
function readAgain(server: Server, socket: Duplex, method: string, packet: Buffer): void {
  // The parser that failed must get nothing more.
  socket.removeAllListeners();
  const [near, far] = duplexPair();
  for (const end of [socket, near, far]) end.on('error', () => end.destroy());
  near.write(Buffer.concat([Buffer.from(method.toUpperCase()), packet.subarray(method.length)]));
  socket.pipe(near).pipe(socket);
  server.emit('connection', far);
}
