// The check that every answer in the tests goes through finds what differs from the document.
import { describe, expect, it } from 'vitest';
import { faultsOf, isOfTheApp, type SeenAnswer } from '../support/describedAnswers.ts';

const HEALTHY = { status: 'healthy', lastCompletedRun: null, nextRunExpectedBy: null, problems: [] };
const NOT_FOUND = {
  type: 'urn:mailscope:problem:not-found',
  title: 'Not found',
  status: 404,
  detail: 'There is no run x.',
  instance: '/api/runs/x',
  code: 'not-found',
};

function seen(path: string, body: object | null, more: Partial<SeenAnswer> = {}, headers: Record<string, string> = {}) {
  const isProblem = body !== null && 'code' in body;
  const all = {
    'content-type': isProblem ? 'application/problem+json' : 'application/json',
    'x-ms-request-id': '1',
    ...(isProblem ? { 'x-ms-error-code': String(body.code) } : {}),
    ...headers,
  };
  const text = body === null ? '' : JSON.stringify(body);
  return { method: 'GET', path, status: 200, headers: new Headers(all), text, ...more };
}

describe('an answer', () => {
  it.each([
    ['health', seen('/api/health', HEALTHY)],
    ['a problem', seen('/api/runs/x', NOT_FOUND, { status: 404 })],
    ['HEAD', seen('/api/health', null, { method: 'HEAD' })],
    ['CSV', seen('/api/drift', null, { text: 'id\r\n' }, { 'content-type': 'text/csv; charset=utf-8' })],
  ])('as described has no fault: %s', (_, answer) => {
    expect(faultsOf(answer)).toEqual([]);
  });

  it.each<[string, SeenAnswer, RegExp]>([
    ['an unknown field', seen('/api/health', { ...HEALTHY, more: 1 }), /additional properties/],
    ['a missing field', seen('/api/health', { status: 'healthy' }), /required property 'problems'/],
    ['an unknown value', seen('/api/health', { ...HEALTHY, status: 'fine' }), /status must be equal/],
    ['a time that is none', seen('/api/health', { ...HEALTHY, nextRunExpectedBy: 'soon' }), /date-time/],
    ['a status', seen('/api/health', HEALTHY, { status: 202 }), /does not describe the status 202/],
    ['a type', seen('/api/health', HEALTHY, {}, { 'content-type': 'text/html' }), /the type "text\/html"/],
    ['a method', seen('/api/health', HEALTHY, { method: 'PUT' }), /is not described/],
    ['a route', seen('/api/other', HEALTHY), /is not described/],
    ['a body after HEAD', seen('/api/health', HEALTHY, { method: 'HEAD' }), /it has a body/],
    ['a code of another route', seen('/api/runs/x', { ...NOT_FOUND, code: 'throttled' }, { status: 404 }), /the code/],
    ['another status in the body', seen('/api/runs/x', NOT_FOUND, { status: 503 }), /its body says status 404/],
    ['no code in the header', seen('/api/runs/x', NOT_FOUND, { status: 404 }, { 'x-ms-error-code': '' }), /error-code/],
  ])('with %s is named', (_, answer, fault) => {
    expect(faultsOf(answer).join('; ')).toMatch(fault);
  });
});

describe('an answer without x-ms-request-id', () => {
  const without = (answer: SeenAnswer, type?: string): SeenAnswer => ({
    ...answer,
    headers: new Headers(type === undefined ? {} : { 'content-type': type }),
  });

  it.each([
    ['an answer', without(seen('/api/health', HEALTHY), 'application/json')],
    ['a problem', without(seen('/api/runs/x', NOT_FOUND, { status: 404 }), 'application/problem+json')],
    ['HEAD', without(seen('/api/runs/x', null, { method: 'HEAD', status: 404 }), 'application/problem+json')],
    ['304', without(seen('/api/openapi.json', null, { status: 304 }))],
  ])('is the app’s, and named: %s', (_, answer) => {
    expect(isOfTheApp(answer)).toBe(true);
    expect(faultsOf(answer)).toContain('the header x-ms-request-id is missing');
  });

  it.each([
    ['no key', without(seen('/api/drift', null, { status: 401 }))],
    ['no such method', without(seen('/api/health', null, { method: 'PUT', status: 404 }))],
    ['a crash', without(seen('/api/drift', null, { status: 500 }))],
    ['another app', without(seen('/api/greet/anna', { hello: 'anna' }), 'application/json')],
  ])('is not the app’s: %s', (_, answer) => {
    expect(isOfTheApp(answer)).toBe(false);
  });
});
