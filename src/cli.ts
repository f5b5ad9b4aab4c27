#!/usr/bin/env node
// The entry of the command line's bundle: settings from the environment, and from local.settings.json of the current folder.
import { existsSync } from 'node:fs';
import { runProcess } from './cli/runProcess.ts';
import { readSettingsFile } from './settings/settingsFile.ts';

const FILE = 'local.settings.json';

await runProcess((environment) => ({ ...(existsSync(FILE) ? readSettingsFile(FILE) : {}), ...environment }));
