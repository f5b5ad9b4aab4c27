// Checks who owns the tables, and whether callers of the API can sign in.
import { MailscopeError } from '../errors.ts';
import { skipped } from '../rules/doctor/finding.ts';
import { judgeOwner, judgeSignIn } from '../rules/doctor/platformFindings.ts';
import { otherOwner } from '../runs/tablesOwner.ts';
import { isSignInOn } from '../settings/apiAuth.ts';
import type { Check } from './doctorCheck.ts';

export const ownerCheck: Check = {
  name: 'owner',
  needs: ['storage', 'schedule'],
  async look({ services }) {
    try {
      const current = (await services.storage().runs.current())?.value ?? null;
      const inUse = otherOwner(services, current) !== null;
      return [judgeOwner({ ourselves: services.settings().owner, current, inUse })];
    } catch (error) {
      if (!(error instanceof MailscopeError)) throw error;
      return [skipped('the tables cannot be read')];
    }
  },
};

export const signInCheck: Check = {
  name: 'sign-in',
  needs: [],
  async look({ services: { environment, settings } }) {
    const isOnPlatform = Boolean(environment.WEBSITE_SITE_NAME?.trim());
    return [judgeSignIn({ apiAuth: settings().apiAuth, isOn: isSignInOn(environment), isOnPlatform })];
  },
};
