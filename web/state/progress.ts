// A run that somebody started here: how far it is, and why it did not start, in words.
import type { Run } from '../apiTypes.ts';
import type { ApiFailure } from './apiClient.ts';

/** `Run 43: 500 of 1,000 mailboxes`, and once it has ended what it found. */
export function progressWords(
  run: Pick<Run, 'number' | 'status' | 'mailboxes' | 'outcomes' | 'opened' | 'closed'>,
): string {
  const { readable, refused, inconclusive } = run.outcomes;
  const seen = readable + refused + inconclusive;
  const of = `${seen.toLocaleString('en-US')} of ${run.mailboxes.toLocaleString('en-US')} mailboxes`;
  if (run.status === 'running') return `Run ${run.number} is under way: ${of}.`;
  const drift = [
    ...(run.opened > 0 ? [`${run.opened} drift opened`] : []),
    ...(run.closed > 0 ? [`${run.closed} drift closed`] : []),
  ];
  const found = drift.length > 0 ? drift.join(', ') : 'nothing changed';
  if (run.status === 'incomplete') return `Run ${run.number} ended before it was complete: ${of}; ${found}.`;
  return `Run ${run.number} is complete: ${of}; ${found}.`;
}

/** Why a run did not start. */
export function refusalWords({ code, message }: ApiFailure): string {
  if (code === 'run-in-progress') return 'A run is already under way. This page follows it.';
  if (code === 'tables-in-use') return `No run was started, because another app uses the same tables. ${message}`;
  if (code === 'role-missing' || code === 'cross-site') return `You may not start a run. ${message}`;
  return `No run was started. ${message}`;
}
