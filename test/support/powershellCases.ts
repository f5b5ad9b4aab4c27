// What the tests of the PowerShell module share: a tenant's people and things, the commands, and the calls that they take.
import { type Call, type Case, engine, runCases, type Step, type StepResult } from './powershell.ts';

export const OBJECT_ID = '6233fba6-0198-4277-892f-9275bf728bcc';
export const APP_ID = '71487acd-ec93-476d-bd0e-6c8b31831053';
export const GROUP = 'mailscope-mailboxes';
export const dn = (group: string) => `CN=${group}20260102030405,OU=contoso.example,OU=Hosted,DC=example`;
export const DN = dn(GROUP);
export const SUPPORT = 'support@contoso.example';
export const SALES = 'sales@contoso.example';
export const CEO = 'ceo@contoso.example';
export const CCH = 'cch@contoso.example';
export const READ_BASIC = '6be147d2-ea4f-4b5a-a3fa-3eab6f3c140a';
export const READ_WRITE = 'e2a3a72e-5f79-4c64-b1b1-878b674786c9';

export const POLICY = { Identity: 'policy-1', AppId: APP_ID, AccessRight: 'RestrictAccess', ScopeName: GROUP };
export const ASSIGNMENT = {
  Identity: 'assignment-1',
  App: OBJECT_ID,
  Role: 'Application Mail.ReadBasic',
  CustomRecipientWriteScope: GROUP,
};
export const grouped = { groups: { [GROUP]: [SUPPORT] } };
export const underPolicy = { ...grouped, policies: [POLICY], roles: ['Mail.ReadBasic'] };
export const underRbac = {
  ...grouped,
  known: [OBJECT_ID],
  scopes: { [GROUP]: `MemberOfGroup -eq '${DN}'` },
  assignments: [ASSIGNMENT],
};
/** Between the phases of the move: RBAC is there, the role is gone, and so it is from the tokens. */
export const moved = { ...underRbac, policies: [POLICY] };

export const step = (command: string, parameters: Record<string, unknown>, more: Partial<Step> = {}): Step => ({
  command,
  parameters: { Identity: 'mailscope', ...parameters },
  ...more,
});
export const grant = (parameters = {}) => step('Grant-GraphMailPermission', parameters);
export const set = (Mechanism: string, parameters = {}) =>
  step('Set-MailboxScope', { GroupName: GROUP, Mechanism, Member: [SUPPORT], ...parameters });
export const move = (parameters = {}) => step('Move-MailboxScope', { GroupName: GROUP, Confirm: false, ...parameters });
export const remove = (parameters = {}) =>
  step('Remove-MailboxScope', { GroupName: GROUP, Confirm: false, ...parameters });
export const test = (Mailbox: string[], parameters = {}) => step('Test-MailboxScope', { Mailbox, ...parameters });

export const newGroup = `New-DistributionGroup Alias=${GROUP} Name=${GROUP} Type=Security`;
export const newMember = (address: string) => `Add-DistributionGroupMember Identity=${GROUP} Member=${address}`;
export const newPolicy = `New-ApplicationAccessPolicy AccessRight=RestrictAccess AppId=${APP_ID} Description=Mailscope: restrict to the members of ${GROUP} PolicyScopeGroupId=${GROUP}@contoso.example`;
export const newRole = (id: string) =>
  `New-MgServicePrincipalAppRoleAssignment AppRoleId=${id} PrincipalId=${OBJECT_ID} ResourceId=9d6c3a1e-0000-4000-8000-000000000003 ServicePrincipalId=${OBJECT_ID}`;
export const newRbac = [
  `New-ServicePrincipal AppId=${APP_ID} DisplayName=mailscope ObjectId=${OBJECT_ID}`,
  `New-ManagementScope Name=${GROUP} RecipientRestrictionFilter=MemberOfGroup -eq '${DN}'`,
  `New-ManagementRoleAssignment App=${OBJECT_ID} CustomResourceScope=${GROUP} Role=Application Mail.ReadBasic`,
];
export const noRole = `Remove-MgServicePrincipalAppRoleAssignment AppRoleAssignmentId=assignment-of-Mail.ReadBasic ServicePrincipalId=${OBJECT_ID}`;
export const noPolicy = 'Remove-ApplicationAccessPolicy Identity=policy-1';
export const noGroup = `Remove-DistributionGroup Identity=${GROUP}`;
export const noRbac = [
  'Remove-ManagementRoleAssignment Identity=assignment-1',
  `Remove-ManagementScope Identity=${GROUP}`,
  `Remove-ServicePrincipal Identity=${OBJECT_ID}`,
];

/** The calls of a step that change something. */
export const changesOf = (result: StepResult | undefined): readonly Call[] =>
  (result?.calls ?? []).filter((call) => call.change);

/** A call as one line: its name, then its parameters in the order of their names. */
export const written = ({ name, parameters }: Call): string =>
  [
    name,
    ...Object.entries(parameters)
      .map(([key, value]) => `${key}=${value}`)
      .sort(),
  ].join(' ');

/** Gives the results of a case, which are there once all cases have run. */
export type Play = () => readonly StepResult[];

interface Plays {
  /** Registers a case: it runs with all others of the file. */
  readonly play: (tenant: Case['tenant'], ...steps: readonly Step[]) => Play;
  /** Runs all cases in one process, before the tests look. */
  readonly run: () => Promise<void>;
}

/** The cases of one file, in one process. */
export function newPlays(): Plays {
  const cases: Case[] = [];
  let results: readonly (readonly StepResult[])[] = [];
  let failure: unknown = 'they have not run';
  return {
    play(tenant, ...steps) {
      const index = cases.push({ tenant, steps }) - 1;
      return () => {
        const found = results[index];
        if (!found) throw new Error('The PowerShell cases were not run.', { cause: failure });
        return found;
      };
    },
    async run() {
      // Each test fails by itself: what fails here would only skip them.
      try {
        if (engine) results = await runCases(cases);
      } catch (error) {
        failure = error;
      }
    },
  };
}
