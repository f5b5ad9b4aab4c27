// The pages about Azure cover what the code and the templates have: each parameter, rule and event.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loggedEvents } from '../support/loggedEvents.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const azure = read('docs/azure.md');
const operations = read('docs/operations.md');

/** What `alert.${result}` can be. */
const RESULTS = ['accepted', 'again', 'refused'];
const events = [...loggedEvents().keys()].flatMap((event) =>
  event.startsWith('alert.$') ? RESULTS.map((result) => `alert.${result}`) : [event],
);

/** Queries in the page, each with its rows of code. */
const queries = [...operations.matchAll(/```kusto\n([^`]*)```/g)].map(([, query = '']) => query);

describe('the pages about Azure', () => {
  it('have a row for every parameter, and for none that is not there', () => {
    const parameters = [...read('infra/main.bicep').matchAll(/^param (\w+)/gm)].map(([, name = '']) => name);
    const section = azure.slice(azure.indexOf('### Parameters'), azure.indexOf('### A large list'));
    const rows = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, name = '']) => name);
    expect(rows.sort()).toEqual(parameters.sort());
  });

  it('have a row for every output', () => {
    const outputs = [...read('infra/main.bicep').matchAll(/^output (\w+)/gm)].map(([, name = '']) => name);
    const section = azure.slice(azure.indexOf('### What you get'), azure.indexOf('## Give the identity'));
    const rows = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, name = '']) => name);
    expect(rows.sort()).toEqual(outputs.sort());
  });

  it('have a row and a section for every alert rule', () => {
    const titles = [...read('infra/modules/alerts.bicep').matchAll(/title: '([\w-]+)'/g)].map(
      ([, title = '']) => title,
    );
    const section = operations.slice(operations.indexOf('## Alert rules'), operations.indexOf('## Log events'));
    const headings = [...section.matchAll(/^### `([\w-]+)`/gm)].map(([, title = '']) => title);
    expect(headings.sort()).toEqual([...titles, 'health'].sort());
    expect(titles.filter((title) => !section.includes(`| \`${title}\``))).toEqual([]);
  });

  it('have a row for every event that the app logs, and for none that it does not', () => {
    const section = operations.slice(operations.indexOf('## Log events'), operations.indexOf('\n## Upgrade'));
    const rows = [...section.matchAll(/^\| `([\w.-]+)` /gm)].map(([, event = '']) => event);
    expect(rows.sort()).toEqual(events.sort());
  });

  it('ask the log only for events and fields that the app logs', () => {
    expect(queries.length).toBeGreaterThan(4);
    const known = loggedEvents();
    for (const query of queries.filter((text) => text.includes('line.event'))) {
      const named = [...query.matchAll(/'([a-z]+\.[a-z-]+)'/g)].map(([, event = '']) => event);
      expect(named.filter((event) => !events.includes(event))).toEqual([]);
      const fields = new Set(named.flatMap((event) => [...(known.get(event) ?? [])]));
      const used = [...query.matchAll(/line\.(\w+)/g)].map(([, field = '']) => field).filter((one) => one !== 'event');
      expect(used.filter((field) => !fields.has(field))).toEqual([]);
    }
  });

  it('name the roles as the templates give them', () => {
    const comments: Readonly<Record<string, string>> = {
      blobDataOwner: 'Storage Blob Data Owner',
      queueDataContributor: 'Storage Queue Data Contributor',
      tableDataContributor: 'Storage Table Data Contributor',
      monitoringMetricsPublisher: 'Monitoring Metrics Publisher',
    };
    const roles = read('infra/modules/roles.bicep');
    for (const [name, role] of Object.entries(comments)) {
      expect(roles).toContain(name);
      expect(azure).toContain(`| ${role} `);
    }
    expect([...roles.matchAll(/'[0-9a-f]{8}-[0-9a-f-]{27}'/g)]).toHaveLength(Object.keys(comments).length);
  });

  it('add up what a month costs', () => {
    const section = azure.slice(azure.indexOf('## What it costs'), azure.indexOf('These are assumptions'));
    const rows = [...section.matchAll(/^\|(.*)\|$/gm)].map(([, row = '']) => row.split('|').map((cell) => cell.trim()));
    const dollars = (cell = '') => Number(/\$([\d.]+)/.exec(cell)?.[1] ?? 0);
    for (const column of [1, 2, 3]) {
      const parts = rows.filter(([name = '']) => !name.startsWith('**')).map((row) => dollars(row[column]));
      const sum = rows.find(([name = '']) => name.startsWith('**'))?.[column];
      expect(parts.reduce((total, part) => total + part, 0)).toBeCloseTo(dollars(sum), 2);
    }
    // Seconds of work a month, by the assumptions below the table.
    const runs = 2_880;
    const calls = 5_760;
    const gigabyteSeconds = [2, 1 + 8, 1 + 300].map((perRun) => 2 * (runs * (perRun + 1) + calls));
    const shown = rows.find(([name]) => name === 'functions: GB-seconds')?.slice(1);
    expect(shown).toEqual(gigabyteSeconds.map((seconds) => seconds.toLocaleString('en-US')));
    const executions = [1, 1 + 2, 1 + 200].map((perRun) => runs * (perRun + 1) + calls);
    const shownExecutions = rows.find(([name]) => name === 'functions: executions')?.slice(1);
    expect(shownExecutions).toEqual(executions.map((count) => count.toLocaleString('en-US')));
    const price = (gigabytes: number, count: number) =>
      Math.max(0, gigabytes - 100_000) * 0.000026 + (Math.max(0, count - 250_000) * 0.4) / 1e6;
    const functions = rows.find(([name]) => name === 'functions')?.slice(1);
    expect(functions?.map(dollars)).toEqual(
      gigabyteSeconds.map((seconds, index) => Number(price(seconds, executions[index] ?? 0).toFixed(2))),
    );
  });
});
