// Documents quote what the program says today: error texts, samples of its output, probable causes.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/alerts/alert.ts';
import { FORMATS } from '../../src/alerts/formats/formats.ts';
import { doctorTable } from '../../src/cli/doctorTable.ts';
import { table } from '../../src/cli/reportTable.ts';
import { CHECKS } from '../../src/doctor/checks.ts';
import type { Finding, Result } from '../../src/rules/doctor/finding.ts';
import { judgeList, judgeNames } from '../../src/rules/doctor/mailboxFindings.ts';
import { ALERT_FORMATS } from '../../src/settings/settings.ts';
import { observed, runAt } from '../support/rules.ts';
import { isSaid, namesOf, sourceFiles, textsOf } from '../support/sourceTexts.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const texts = sourceFiles().flatMap(textsOf);
const words = new Set([...texts, ...sourceFiles().flatMap(namesOf)]);
const run = runAt(1, 0);

/** Texts of Microsoft that the sandbox does not say, and other things that only Microsoft's services know. */
const FOREIGN = [
  '/.auth/logout',
  '127.0.0.1,localhost',
  'NODE_EXTRA_CA_CERTS',
  'keyVaultReferenceIdentity',
  'MailboxInfoStale',
  'serviceNotAvailable',
  'InefficientFilter',
  'ManagedIdentityCredential: Network unreachable',
  'Network unreachable',
  'ManagedIdentityCredential: Authentication failed',
  'client_error: Error(s): Not Available',
  'AADSTS7000215: Invalid client secret provided.',
  'AADSTS700027',
  '… certificate … not registered on application',
  "AADSTS700016: Application with identifier '…' was not found in the directory",
  'AADSTS70021',
  'AADSTS700213: No matching federated identity record found',
  "Please run 'az login' from a command prompt",
  'Azure CLI could not be found',
];

describe('texts of the source', () => {
  it('are found by their words, with wildcards for values', () => {
    expect(texts.length).toBeGreaterThan(1_000);
    expect(isSaid("The requested user '…' is invalid.", texts)).toBe(true);
    expect(
      isSaid('SHARD_SIZE is 7. Use a whole number from 1 to 5000.', ['… is …. Use a whole number from … to ….']),
    ).toBe(false);
    expect(isSaid('is 7. Use a whole number from 1 to 5000.', ['is …. Use a whole number from … to ….'])).toBe(true);
    expect(isSaid("The requested user '…' is missing.", texts)).toBe(false);
    expect(isSaid('is invalid … The requested user', texts)).toBe(false);
    expect(() => isSaid('…', texts)).toThrow('is no quote');
  });
});

describe('the page of troubleshooting', () => {
  // The sections about PowerShell quote another language.
  const sections = read('docs/troubleshooting.md')
    .split('\n## ')
    .filter((section) => /^(Graph answers|No token|Mailscope says)/.test(section));
  const spans = [...new Set(sections.flatMap(spansOf))];
  const quotes = spans.filter((span) => !isCommand(span));

  it('has the sections and quotes that are checked', () => {
    expect(sections.length).toBeGreaterThanOrEqual(6);
    expect(quotes.length).toBeGreaterThanOrEqual(40);
    expect(quotes.filter((quote) => quote.includes(' ')).length).toBeGreaterThanOrEqual(15);
  });

  it.each(quotes.filter((quote) => !FOREIGN.includes(quote)))('quotes what the program says: %s', (quote) => {
    expect(isKnown(quote)).toBe(true);
  });

  it.each(FOREIGN)('quotes what only Microsoft says: %s', (quote) => {
    expect(spans).toContain(quote);
    expect(isKnown(quote)).toBe(false);
  });
});

function spansOf(section: string): string[] {
  return [...section.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
}

/** A quote of several words is a text or a part of one. A single word is a whole text, or a name such as that of a setting. */
function isKnown(quote: string): boolean {
  const [, word] = /^([\w-]+)(?:: (?:true|false))?$/.exec(quote) ?? [];
  return word === undefined ? isSaid(quote, texts) : words.has(word);
}

/** Something to type, a file, an address, or a function of the PowerShell module. */
function isCommand(span: string): boolean {
  return /^(npm(\.cmd)? |az |https:|\w+-(MailboxScope|GraphMailPermission)$)|\.md$/.test(span);
}

describe('the samples of alerts', () => {
  const blocks = new Map(
    [...read('docs/alerts.md').matchAll(/^### (\w+)\n\n```json\n([\s\S]*?)\n```$/gm)].map(
      ([, name = '', json = '']) => [name, JSON.parse(json)],
    ),
  );

  it.each(ALERT_FORMATS)('%s show one alert, as it is sent', (format) => {
    const { id, time, source, subject: scope, data } = blocks.get('cloudevents');
    const { counts, items, notices, driftUrl } = data;
    const origin = { scope, title: 'Mailscope' };
    const alert: Alert = { ...origin, id, time, counts, items, notices, apiUrl: source, driftUrl, test: false };
    expect(items.length).toBeGreaterThan(1);
    expect(blocks.get(format)).toEqual(JSON.parse(FORMATS[format](alert).body));
  });

  it('give a probable cause that the program gives', () => {
    const causes: string[] = blocks
      .get('cloudevents')
      .data.items.flatMap(({ probableCause }: { probableCause: string | null }) => probableCause ?? []);
    expect(causes).not.toEqual([]);
    // The evidence stands between the cause and the cmdlet, and is a text of its own.
    for (const cause of causes) {
      const [, first = '', evidence = '', last = ''] = /^([^:]+): (.+)\. ([\w-]+ shows? it\.)$/.exec(cause) ?? [];
      expect(isSaid(`${first}: …. ${last}`, texts)).toBe(true);
      expect(isSaid(evidence, texts)).toBe(true);
    }
  });
});

describe('the probable causes', () => {
  it('are those of the program', () => {
    const [, section = ''] = read('docs/alerts.md').split('\n## Probable cause\n');
    const [shown = ''] = section.split('\n## ');
    const named = [...shown.matchAll(/^- \*\*(.+)\.\*\*/gm)].map(([, cause = '']) => cause);
    const said = textsOf('src/rules/cause.ts').filter((text) => /shows? it\.$/.test(text));
    expect(named.toSorted()).toEqual([...new Set(said.map((text) => text.split(':', 1)[0] ?? ''))].toSorted());
    expect(named).toHaveLength(7);
  });

  it('and the state of the monitor are named as in a message', () => {
    const said = textsOf('src/alerts/collectAlert.ts');
    for (const state of ['the monitor is blind', 'the monitor sees again']) {
      expect(read('docs/alerts.md')).toContain(`| ${state} `);
      expect(isSaid(state.replace('the', 'The'), said)).toBe(true);
    }
  });
});

/** The sample of output on a page: its first block of plain text. */
function sampleIn(file: string): string {
  return /^```text\n([\s\S]*?)^```$/m.exec(read(file))?.[1] ?? '';
}

describe('the sample of ask', () => {
  it('is a table as the program prints it', () => {
    const lines = sampleIn('docs/pipelines.md').split('\n').slice(1);
    const mailboxes = lines.filter((line) => line.includes('@')).map(asked);
    const count = (verdict: string) => mailboxes.filter((one) => one.verdict === verdict).length;
    const verdicts = { compliant: count('compliant'), breach: count('breach'), lockout: 0, unverified: 0 };
    expect(mailboxes).toHaveLength(2);
    expect(table({ askedAt: run.startedAt, noToken: null, roles: [], verdicts, mailboxes })).toBe(
      sampleIn('docs/pipelines.md'),
    );
  });

  /** A line of the sample. Both mailboxes of the sample answer. */
  function asked(line: string) {
    const expectation = line.includes(' denied ') ? 'denied' : 'allowed';
    return {
      ...observed('o', run),
      mailbox: line.split(' ', 1)[0] ?? '',
      requestId: line.split(' ').at(-1) ?? '',
      expectation,
      verdict: expectation === 'denied' ? 'breach' : 'compliant',
    } as const;
  }
});

describe('the sample of the doctor', () => {
  it('has lines as the program prints them', () => {
    const sample = sampleIn('docs/doctor.md');
    const requestId = /request ([\w-]{36})/.exec(sample)?.[1] ?? '';
    const unknown = {
      ...observed('?', run),
      reason: 'not-found',
      status: 404,
      code: 'ErrorInvalidUser',
      requestId,
    } as const;
    const answers = [
      { ...observed('o', run), expectation: 'allowed', verdict: 'compliant' },
      { ...observed('x', run), expectation: 'denied', verdict: 'compliant' },
      { ...unknown, mailbox: 'alias@contoso.example', expectation: 'denied', verdict: 'unverified' },
    ] as const;
    const says = 'Every setting is valid.';
    expect(texts).toContain(says);
    const findings = new Map<string, readonly Finding[]>([
      ['settings', [{ result: 'ok', says, advice: null }]],
      ['list', [judgeList({ allowed: 1, denied: 2 })]],
      ['names', judgeNames(answers, answers.length)],
    ]);
    const checks = CHECKS.map(({ name }) => ({
      name,
      result: resultOf(name),
      findings: findings.get(name) ?? [],
    }));
    const printed = doctorTable({ checkedAt: run.startedAt, result: 'unhealthy', checks }).split('\n');
    const lines = sample.split('\n').filter((line) => line !== '' && line !== '…');
    expect(lines).toEqual(printed.filter((line) => line !== ''));
    expect(lines).toHaveLength(5);
  });

  function resultOf(name: string): Result {
    return name === 'names' ? 'problem' : name === 'heartbeat' ? 'skipped' : 'ok';
  }
});
