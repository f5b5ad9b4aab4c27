// Runs before each test file: every answer of the app that any test fetches is compared with the OpenAPI document.
const plainFetch = globalThis.fetch;

globalThis.fetch = async (input, init) => {
  const response = await plainFetch(input, init);
  const url = new URL(input instanceof Request ? input.url : input);
  if (!url.pathname.startsWith('/api/')) return response;
  const { faultsOf, isOfTheApp } = await import('./describedAnswers.ts');
  const { status, headers } = response;
  const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
  const text = await response.clone().text();
  const answer = { method, path: decodePath(url.pathname), status, headers, text };
  const faults = isOfTheApp(answer) ? faultsOf(answer) : [];
  if (faults.length > 0) {
    throw new Error(`${method} ${url.pathname} answered ${status}, not as described: ${faults.join('; ')}. ${text}`);
  }
  return response;
};

/** As the host: an escape that is no character stays text, and so does a slash. */
function decodePath(path: string): string {
  return path.replaceAll(/%2f/gi, '%252F').replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}
