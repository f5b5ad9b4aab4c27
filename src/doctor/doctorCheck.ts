// The interface of a doctor's check.
import type { Finding } from '../rules/doctor/finding.ts';
import type { Facts } from './facts.ts';
import type { Part } from './settingParts.ts';

export interface Check {
  readonly name: string;
  /** The check is skipped if one of these parts of the settings is wrong. */
  readonly needs: readonly Part[];
  /** Never rejects for a fault outside this process. */
  look(facts: Facts): Promise<readonly Finding[]>;
}
