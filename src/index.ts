// Imports every function: the entry of the bundle.
import './functions/deliverAlert.ts';
import './functions/getMailbox.ts';
import './functions/getRun.ts';
import './functions/health.ts';
import './functions/latestSubject.ts';
import './functions/listDrift.ts';
import './functions/listMailboxes.ts';
import './functions/listRuns.ts';
import './functions/mailboxHistory.ts';
import './functions/pollMailboxes.ts';
import './functions/pollShard.ts';
import './functions/startRun.ts';
