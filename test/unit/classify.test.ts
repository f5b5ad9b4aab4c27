// What each answer of Graph proves.
import { describe, expect, it } from 'vitest';
import { type Answer, classify as classifyFor } from '../../src/rules/classify.ts';
import { RESOURCES } from '../../src/rules/resources.ts';

const RAOP = 'Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.';
const GENERIC = 'Access is denied. Check credentials and try again.';

const classify = (answer: Answer) => classifyFor(answer, RESOURCES.mail);

function error(code: string | undefined, message = '', innerError?: unknown) {
  return { error: { code, message, innerError } };
}

describe('classify', () => {
  it.each([
    ['a message', { value: [{ id: 'x' }] }],
    ['an empty inbox', { '@odata.context': 'x', value: [] }],
  ])('reads %s as readable', (_, body) => {
    expect(classify({ status: 200, body })).toEqual({
      outcome: 'readable',
      reason: null,
      code: null,
      messageClass: null,
    });
  });

  it.each([
    ['the application access policy', RAOP, 'application-access-policy'],
    ['the older text of the policy', 'Access to OData is disabled.', 'application-access-policy'],
    ['RBAC or no permission at all', GENERIC, 'generic'],
    ['a text that nobody has seen yet', 'Nope.', 'other'],
    ['no text', '', 'other'],
  ])('reads 403 ErrorAccessDenied as refused: %s', (_, message, messageClass) => {
    expect(classify({ status: 403, body: error('ErrorAccessDenied', message) })).toEqual({
      outcome: 'refused',
      reason: null,
      code: 'ErrorAccessDenied',
      messageClass,
    });
  });

  it.each([
    ['innerError', { code: 'Forbidden', innerError: { code: 'ErrorAccessDenied' } }],
    ['innererror', { code: 'Forbidden', innererror: { code: 'ErrorAccessDenied' } }],
  ])('finds ErrorAccessDenied nested in %s', (_, nested) => {
    expect(classify({ status: 403, body: { error: nested } }).outcome).toBe('refused');
  });

  it.each([
    [401, 'NoPermissionsInAccessToken', 'token'],
    [401, 'InvalidAuthenticationToken', 'token'],
    [401, 'OrganizationFromTenantGuidNotFound', 'token'],
    [404, 'ErrorInvalidUser', 'not-found'],
    [404, 'Request_ResourceNotFound', 'not-found'],
    [404, 'ResourceNotFound', 'not-found'],
    [404, 'MailboxNotEnabledForRESTAPI', 'no-mailbox'],
    [404, 'MailboxNotSupportedForRESTAPI', 'no-mailbox'],
    [404, 'ErrorNonExistentMailbox', 'no-mailbox'],
    [404, 'ErrorFolderNotFound', 'no-mailbox'],
    [404, 'ErrorItemNotFound', 'no-mailbox'],
    [429, 'ApplicationThrottled', 'throttled'],
    [429, 'TooManyRequests', 'throttled'],
    [429, 'UnknownError', 'throttled'],
    [429, 'activityLimitReached', 'throttled'],
    [500, 'UnknownError', 'service'],
    [502, 'UnknownError', 'service'],
    [503, 'serviceNotAvailable', 'service'],
    [503, 'MailboxInfoStale', 'service'],
    [504, 'UnknownError', 'service'],
    [400, 'InefficientFilter', 'unexpected'],
    [404, 'SomethingElse', 'unexpected'],
    [408, 'UnknownError', 'service'],
    [424, 'FailedDependency', 'service'],
    [424, undefined, 'service'],
    [403, 'Forbidden', 'unexpected'],
    [302, undefined, 'unexpected'],
    [418, 'Teapot', 'unexpected'],
  ])('reads %i %s as inconclusive: %s', (status, code, reason) => {
    expect(classify({ status, body: error(code) })).toEqual({
      outcome: 'inconclusive',
      reason,
      code: code ?? null,
      messageClass: null,
    });
  });

  it.each(['MailboxNotEnabledForRESTAPI', 'ErrorInvalidUser', 'ResourceNotFound', 'ErrorItemNotFound'])(
    'does not read a 403 that hides %s as a refusal, because the target is gone',
    (hidden) => {
      const body = error('ErrorAccessDenied', GENERIC, { innererror: { code: hidden } });
      expect(classify({ status: 403, body }).outcome).toBe('inconclusive');
    },
  );

  it.each([
    ['no value', 200, {}],
    ['a value that is no list', 200, { value: {} }],
    ['a list without an object around it', 200, [{ id: 'x' }]],
    ['text', 200, '{"value":[{"id"'],
    ['nothing', 200, ''],
    ['null', 200, null],
    ['HTML', 403, '<html>Forbidden</html>'],
    ['no body', 403, ''],
    ['a refusal with a created status', 201, { value: [] }],
  ])('proves nothing by an answer with %s', (_, status, body) => {
    expect(classify({ status, body })).toMatchObject({ outcome: 'inconclusive', reason: 'unexpected' });
  });

  it('reads HTML and empty bodies of a failing service by their status', () => {
    expect(classify({ status: 503, body: '<html>Our services are not available</html>' }).reason).toBe('service');
    expect(classify({ status: 500, body: '' }).reason).toBe('service');
  });

  it('stops at errors that are nested for ever', () => {
    const loop: Record<string, unknown> = { code: 'Forbidden' };
    loop.innerError = loop;
    expect(classify({ status: 403, body: { error: loop } }).reason).toBe('unexpected');
  });
});
