#!/usr/bin/env node
// The entry of the command line's bundle. Settings come from the environment, and from local.settings.json in this
// folder.
import { existsSync } from 'node:fs';
import { refusalOf } from './oldNode.ts';

const FILE = 'local.settings.json';

const refusal = refusalOf(process.versions.node);
if (refusal === null) {
  const { runProcess } = await import('./cli/runProcess.ts');
  const { readSettingsFile } = await import('./settings/settingsFile.ts');
  await runProcess((environment) => ({ ...(existsSync(FILE) ? readSettingsFile(FILE) : {}), ...environment }));
} else {
  console.error(refusal);
  // As for whatever else proves nothing.
  process.exitCode = 2;
}
