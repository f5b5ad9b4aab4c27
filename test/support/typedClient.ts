// A client that knows the API by the types made from its document alone: what does not fit does not compile.
import type { paths } from '../../web/api.d.ts';

type Reads = { [Path in keyof paths]: paths[Path] extends { readonly get: infer Operation } ? Operation : never };
type BodyOf<Operation> = Operation extends {
  responses: { 200: { content: { 'application/json': infer Body } } };
}
  ? Body
  : never;
type QueryOf<Operation> = Operation extends { parameters: { query?: infer Query } } ? Query : never;
type PathOf<Operation> = Operation extends { parameters: { path: infer Names } } ? Names : Record<never, never>;

export interface Client {
  /** The answer of a route. Rejects unless the status is 200. */
  get<Path extends keyof paths>(
    path: Path,
    names: PathOf<Reads[Path]>,
    query?: QueryOf<Reads[Path]>,
  ): Promise<BodyOf<Reads[Path]>>;
}

/** @param base the address that ends with `/api` */
export function typedClient(base: string): Client {
  return {
    async get(path, names, query = {} as never) {
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(String((names as Readonly<Record<string, unknown>>)[name])),
      );
      const given = Object.entries(query as Readonly<Record<string, unknown>>);
      const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
      const response = await fetch(`${base}${filled}?${search}`);
      if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
      return response.json() as Promise<never>;
    },
  };
}
