// What a check of the doctor is.
import type { Finding } from '../rules/doctor/finding.ts';
import type { Facts } from './facts.ts';
import type { Part } from './settingParts.ts';

export interface Check {
  readonly name: string;
  /** The parts of the settings without which it is skipped. */
  readonly needs: readonly Part[];
  /** Never rejects for what the world outside does. */
  look(facts: Facts): Promise<readonly Finding[]>;
}
