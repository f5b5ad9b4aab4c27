// Facts about one scope that several checks of the doctor share. Each is found out once, when a check first needs it.

import { type AskReport, ask, type Portion, whyNoToken } from '../ask/ask.ts';
import { MailscopeError } from '../errors.ts';
import { claimsOf, type Token } from '../graph/tokens.ts';
import type { ListCounts } from '../rules/doctor/mailboxFindings.ts';
import type { GraphAnswer } from '../rules/doctor/networkFindings.ts';
import type { StorageFault } from '../rules/doctor/storageFindings.ts';
import type { Claims } from '../rules/doctor/tokenFindings.ts';
import type { Expectation } from '../rules/mailbox.ts';
import type { Services } from '../services.ts';
import type { SettingFault } from '../settings/settings.ts';
import type { Plan } from '../storage/plan.ts';
import { faultOf } from '../storage/rights.ts';
import type { SharedFacts } from './sharedFacts.ts';

/** The list, or its faults with their lines, or the fault of the storage that holds it. */
export type ListFact =
  | { readonly plan: Plan; readonly counts: ListCounts }
  | { readonly faults: readonly string[] }
  | { readonly storage: StorageFault };

export type TokenFact =
  | { readonly claims: Claims; readonly expiresOn: Date }
  /** The reason, in the words of the identity library. */
  | { readonly none: string };

/** The answers about a few listed mailboxes, or why none was asked about. */
export type SeenFact = { readonly report: AskReport; readonly listed: number } | { readonly because: string };

const MOST_LOOKED_AT = 20;
const TOKEN_DEADLINE_MS = 20_000;

export class Facts {
  readonly services: Services;
  readonly shared: SharedFacts;
  /** The faults of the settings. */
  readonly faults: readonly SettingFault[];
  /** Whether to send a test alert. */
  readonly send: boolean;
  #list: Promise<ListFact> | undefined;
  #token: Promise<TokenFact> | undefined;
  #seen: Promise<SeenFact> | undefined;

  constructor(services: Services, shared: SharedFacts, faults: readonly SettingFault[], send: boolean) {
    this.services = services;
    this.shared = shared;
    this.faults = faults;
    this.send = send;
  }

  list(): Promise<ListFact> {
    this.#list ??= readList(this.services);
    return this.#list;
  }

  token(): Promise<TokenFact> {
    this.#token ??= fetchToken(this.services);
    return this.#token;
  }

  graph(): Promise<GraphAnswer> {
    return this.shared.graph(this.services.settings().graphEndpoint);
  }

  seen(): Promise<SeenFact> {
    this.#seen ??= this.#look();
    return this.#seen;
  }

  async #look(): Promise<SeenFact> {
    const [list, token, graph] = await Promise.all([this.list(), this.token(), this.graph()]);
    if (!('plan' in list)) return { because: 'there is no list of mailboxes' };
    if ('none' in token) return { because: 'there is no token' };
    if (graph.status === null) return { because: 'Graph cannot be reached' };
    const report = await ask(this.services, [sampleOf(list.plan, list.counts)]);
    return { report, listed: list.plan.mailboxes };
  }
}

async function readList(services: Services): Promise<ListFact> {
  try {
    const plan = await services.list();
    return { plan, counts: { allowed: plan.count('allowed'), denied: plan.count('denied') } };
  } catch (error) {
    if (!(error instanceof MailscopeError)) throw error;
    if (error.code === 'storage-unavailable') return { storage: faultOf(error) };
    return { faults: error.facts.faults ?? [error.message] };
  }
}

async function fetchToken(services: Services): Promise<TokenFact> {
  const why = await whyNoToken(services);
  if (why !== null) return { none: why };
  const token: Token = await services.graph().token(TOKEN_DEADLINE_MS);
  return { claims: claimsOf(token), expiresOn: token.expiresOn };
}

/** The first mailboxes of both kinds: half allowed and half denied, if there are enough of each. */
function sampleOf(plan: Plan, { allowed, denied }: ListCounts): Portion {
  const half = MOST_LOOKED_AT / 2;
  const mostAllowed = Math.max(half, MOST_LOOKED_AT - denied);
  const own = firstListed(plan, 'allowed', mostAllowed);
  const others = firstListed(plan, 'denied', Math.max(half, MOST_LOOKED_AT - allowed));
  const question = (expectation: Expectation) => (mailbox: string) => ({ mailbox, expectation });
  return { ask: [...own.map(question('allowed')), ...others.map(question('denied'))], own, borrowed: [] };
}

function firstListed(plan: Plan, as: Expectation, most: number): string[] {
  const found: string[] = [];
  for (const shard of plan.shards) {
    found.push(...shard.listed(as).slice(0, most - found.length));
    if (found.length === most) break;
  }
  return found;
}
