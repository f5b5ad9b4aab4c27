// The gauges of GET metrics, as data.

export interface Gauge {
  readonly name: string;
  readonly help: string;
  /** Only where the name ends with it, as OpenMetrics asks. */
  readonly unit?: 'seconds';
  /** Labels beside `scope`. */
  readonly labels: readonly string[];
}

/** In the order of the answer. */
export const GAUGES = {
  mailboxes: {
    name: 'mailscope_mailboxes',
    help: 'Mailboxes by what is declared and by verdict. If the last completed run is too old, compliant ones count as unverified.',
    labels: ['expectation', 'verdict'],
  },
  openDrift: { name: 'mailscope_open_drift', help: 'Open drift by kind.', labels: ['kind'] },
  proofAge: {
    name: 'mailscope_proof_age_seconds',
    help: 'Age of the oldest proof among denied mailboxes. For one that was never proven, the time since it was declared.',
    unit: 'seconds',
    labels: [],
  },
  lastRun: {
    name: 'mailscope_last_run_timestamp_seconds',
    help: 'Start of the last completed run, as Unix time.',
    unit: 'seconds',
    labels: [],
  },
  runDuration: {
    name: 'mailscope_run_duration_seconds',
    help: 'Duration of the last completed run.',
    unit: 'seconds',
    labels: [],
  },
  runThrottled: {
    name: 'mailscope_run_throttled',
    help: 'Answers of Microsoft Graph in the last completed run that were a 429.',
    labels: [],
  },
  missedTicks: {
    name: 'mailscope_missed_ticks',
    help: 'Scheduled times without a run before the last completed run.',
    labels: [],
  },
  controlHeld: {
    name: 'mailscope_control_held',
    help: '1 if the control held in every shard of the last completed run, else 0.',
    labels: [],
  },
  alertUndelivered: {
    name: 'mailscope_alert_undelivered',
    help: '1 if the webhook did not accept the last alert, else 0. Absent without a webhook, and before the first alert.',
    labels: [],
  },
} as const satisfies Readonly<Record<string, Gauge>>;

export type GaugeName = keyof typeof GAUGES;

/** One value of a gauge. */
export interface Sample {
  readonly gauge: GaugeName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
