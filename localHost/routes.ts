// Matches route templates as the Functions host does: literals in any case, parameters, constraints, optional,
// catch-all.

export interface Route<T> {
  readonly methods: readonly string[];
  readonly target: T;
  /** The parameters in a decoded path; null when it does not fit. */
  match(path: string): Readonly<Record<string, string>> | null;
  /** Larger means more specific: literal segments win over parameters. */
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
 * @throws Error for an unknown constraint
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
    const pattern = constraint === undefined ? (star ? '[^]*' : '[^/]+') : CONSTRAINTS[constraint];
    if (!pattern)
      throw new Error(`the local host does not support the constraint "${constraint}" of the route ${template}`);
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
        if (value !== undefined) found[name] = value;
      }
      return found;
    },
  };
}

/** The most specific route for a request; null when none fits. The platform answers 404 then. */
export function findRoute<T>(routes: readonly Route<T>[], method: string, path: string) {
  const sorted = [...routes].sort((a, b) => b.specificity.localeCompare(a.specificity));
  for (const route of sorted) {
    const params = route.methods.includes(method) ? route.match(path) : null;
    if (params) return { target: route.target, params };
  }
  return null;
}
