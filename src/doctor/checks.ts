// The doctor's checks, in the order of the report.
import { heartbeatCheck, webhookCheck } from './alertChecks.ts';
import type { Check } from './doctorCheck.ts';
import {
  allowedCheck,
  clockCheck,
  deniedCheck,
  graphCheck,
  namesCheck,
  permissionCheck,
  tokenCheck,
} from './graphChecks.ts';
import { ownerCheck, signInCheck } from './platformChecks.ts';
import { listCheck, scheduleCheck, settingsCheck } from './settingsChecks.ts';
import { queuesCheck, tablesCheck } from './storageChecks.ts';

export const CHECKS: readonly Check[] = [
  settingsCheck,
  listCheck,
  tablesCheck,
  queuesCheck,
  ownerCheck,
  tokenCheck,
  graphCheck,
  clockCheck,
  allowedCheck,
  deniedCheck,
  namesCheck,
  permissionCheck,
  scheduleCheck,
  webhookCheck,
  heartbeatCheck,
  signInCheck,
];
