// Reads OData query options. It refuses an unknown option with a 400, as Graph does.

export interface Query {
  readonly select: readonly string[] | undefined;
  readonly top: number | undefined;
  readonly skip: number;
  readonly count: boolean;
  readonly orderby: { readonly property: string; readonly descending: boolean } | undefined;
  readonly skiptoken: string | undefined;
}

/** The options of one collection. */
export interface Collection {
  /** The entity's name in Graph's error texts. */
  readonly type: string;
  readonly properties: ReadonlySet<string>;
  readonly sortable: ReadonlySet<string>;
  readonly largestTop: number;
}

export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const OPTIONS = ['select', 'top', 'skip', 'count', 'orderby', 'skiptoken'];

/** @throws QueryError, which is answered with 400 */
export function readQuery(params: URLSearchParams, collection: Collection): Query {
  const values: Record<string, string | undefined> = {};
  for (const [name, value] of params) {
    const option = name.replace(/^\$/, '').toLowerCase();
    if (!OPTIONS.includes(option)) throw badRequest(`The query parameter '${name}' is not supported.`);
    if (values[option] !== undefined) throw badRequest(`Query option '${name}' was specified more than once.`);
    values[option] = value;
  }
  return {
    select: values.select === undefined ? undefined : readSelect(values.select, collection),
    top: values.top === undefined ? undefined : readNumber('$top', values.top, 1, collection.largestTop),
    skip: values.skip === undefined ? 0 : readNumber('$skip', values.skip, 0, 2 ** 31 - 1),
    count: readBoolean(values.count),
    orderby: values.orderby === undefined ? undefined : readOrder(values.orderby, collection),
    skiptoken: values.skiptoken,
  };
}

function readSelect(text: string, { properties, type }: Collection): readonly string[] | undefined {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('*')) return undefined;
  return names.map((name) => {
    const found = properties.has(name) ? name : [...properties].find((one) => one.toLowerCase() === name.toLowerCase());
    return found ?? refuseProperty(name, type);
  });
}

function readOrder(text: string, { properties, sortable, type }: Collection) {
  const [, property = '', direction = 'asc'] = /^\s*(\w+)(?:\s+(asc|desc))?\s*$/i.exec(text) ?? [];
  const found = [...properties].find((one) => one.toLowerCase() === property.toLowerCase());
  if (!found) return refuseProperty(text, type);
  if (!sortable.has(found)) throw badRequest(`The property '${found}' does not support sorting here.`);
  return { property: found, descending: direction.toLowerCase() === 'desc' };
}

function readNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw badRequest(`Invalid value '${text}' for ${option} query option found. It takes ${min} to ${max}.`);
}

function readBoolean(text: string | undefined): boolean {
  if (text === undefined || /^false$/i.test(text)) return false;
  if (/^true$/i.test(text)) return true;
  throw badRequest(`Invalid value '${text}' for $count query option found. Valid values are 'true' and 'false'.`);
}

function refuseProperty(name: string, type: string): never {
  throw new QueryError('RequestBroker--ParseUri', `Could not find a property named '${name}' on type '${type}'.`);
}

function badRequest(message: string): QueryError {
  return new QueryError('BadRequest', message);
}
