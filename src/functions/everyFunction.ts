// Imports every function, so that each is registered.
import './deliverAlert.ts';
import './getMailbox.ts';
import './getRun.ts';
import './giveUpShard.ts';
import './health.ts';
import './latestSubject.ts';
import './listDrift.ts';
import './listMailboxes.ts';
import './listRuns.ts';
import './listScopes.ts';
import './mailboxHistory.ts';
import './metrics.ts';
import './openApi.ts';
import './pollMailboxes.ts';
import './pollShard.ts';
import './startRun.ts';
