#!/usr/bin/env node
// The entry of the command line's bundle. Settings come from the environment, and from local.settings.json in this
// folder.
import { existsSync } from 'node:fs';
import { runProcess } from './cli/runProcess.ts';
import { readSettingsFile } from './settings/settingsFile.ts';

const FILE = 'local.settings.json';

await runProcess(() => (existsSync(FILE) ? readSettingsFile(FILE) : {}));
