// Each Pester test of the PowerShell module is a test here: help, parameters, completion and messages, in the real `pwsh`.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hasPester, type PesterTest, runPester } from '../support/powershell.ts';

const folder = fileURLToPath(new URL('../powershell', import.meta.url));

/** Without an answer one test fails, and says why. */
async function answers(): Promise<readonly PesterTest[]> {
  if (!hasPester) return [{ name: 'Pester runs', result: 'Skipped', message: '' }];
  try {
    return await runPester(folder);
  } catch (error) {
    return [{ name: 'Pester runs', result: 'Failed', message: String(error) }];
  }
}
const said = await answers();

describe.skipIf(!hasPester)('the module', () => {
  it.each(said)('$name', ({ result, message }) => {
    expect({ result, message }).toEqual({ result: 'Passed', message: '' });
  });

  it('is looked at by more than a hundred tests', () => {
    expect(said.length).toBeGreaterThan(100);
  });
});
