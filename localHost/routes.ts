// Route templates as the Functions host understands them: literals in any case, parameters, constraints, optional and catch-all.

export interface Route<T> {
  readonly methods: readonly string[];
  readonly target: T;
  match(path: string): Readonly<Record<string, string>> | null;
  /** Literal segments win over parameters: the larger, the more specific. */
  readonly specificity: string;
}

const CONSTRAINTS: Readonly<Record<string, string>> = {
  int: '-?\\d+',
  long: '-?\\d+',
  bool: 'true|false',
  alpha: '[A-Za-z]+',
  guid: '[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}',
};

/**
 * @param template such as `mailboxes/{mailbox}/latest-subject`, `{id:int}`, `{id?}` or `{*rest}`
 * @throws Error for a constraint it does not know
 */
export function compileRoute<T>(template: string, methods: readonly string[], target: T): Route<T> {
  const names: string[] = [];
  const kinds: string[] = [];
  let source = '';
  for (const segment of template.split('/').filter((one) => one !== '')) {
    const [, star = '', name, constraint, optional = ''] = /^\{(\*?)(\w+)(?::(\w+))?(\??)\}$/.exec(segment) ?? [];
    if (name === undefined) {
      source += `/${segment.replace(/[^\w]/g, '\\$&')}`;
      kinds.push('2');
      continue;
    }
    const pattern = constraint === undefined ? (star ? '.*' : '[^/]+') : CONSTRAINTS[constraint];
    if (!pattern)
      throw new Error(`the route ${template} has the constraint "${constraint}", which the local host does not know`);
    names.push(name);
    kinds.push(star ? '0' : '1');
    source += optional || star ? `(?:/(${pattern}))?` : `/(${pattern})`;
  }
  const expression = new RegExp(`^${source}/?$`, 'i');
  return {
    methods: methods.map((method) => method.toUpperCase()),
    target,
    specificity: kinds.join(''),
    match(path) {
      const values = expression.exec(path);
      if (!values) return null;
      const found: Record<string, string> = {};
      for (const [index, name] of names.entries()) {
        const value = values[index + 1];
        if (value !== undefined) found[name] = decodeSegment(value);
      }
      return found;
    },
  };
}

/** The route for a request, the most specific first; null when none fits, which the platform answers with 404. */
export function findRoute<T>(routes: readonly Route<T>[], method: string, path: string) {
  const sorted = [...routes].sort((a, b) => b.specificity.localeCompare(a.specificity));
  for (const route of sorted) {
    const params = route.methods.includes(method) ? route.match(path) : null;
    if (params) return { target: route.target, params };
  }
  return null;
}

/** Decodes a segment as the host does: everything but an encoded slash, which stays as it came. */
function decodeSegment(segment: string): string {
  return segment
    .split(/(%2f)/i)
    .map((part) => (/^%2f$/i.test(part) ? part : decodeURIComponent(part)))
    .join('');
}
