// What is said of statements that hold (STM-60, LOSS-6): exactly these claims, no more and no fewer.

import { verifyStatement } from '../../query/web/verify/index.js';

const LATER = 1795435300; // a minute and more after the statements were made
const LOG = 'log.example.dk/forge';
const proven = (code, more = {}) => ({ code, state: 'proven', ...more });
const unproven = (code, more = {}) => ({ code, state: 'not-proven', ...more });
const notice = (code, more = {}) => ({ code, state: 'notice', ...more });
const complete = (count, until) => proven('complete', { count, until, filed: count });
const UNWITNESSED = [unproven('history'), unproven('freshness')];
const HELD = notice('withheld', { count: 1, until: '2026-11-23T12:16:40Z' });

const CASES = [
  [
    'whole-history',
    {},
    [
      complete(5, '2026-11-23T12:00:20Z'),
      proven('about', { count: 3 }),
      proven('log', { origin: LOG, size: 13 }),
      ...UNWITNESSED,
      proven('signed', { systems: 1, batches: 1 }),
      proven('audited', { auditor: 'auditor.example.dk' }),
      HELD,
      notice('erased', { count: 1 }),
      notice('later', { count: 1 }),
    ],
  ],
  [
    'whole-history',
    { auditor: null, now: 1795435210 },
    [
      complete(5, '2026-11-23T12:00:20Z'),
      proven('about', { count: 3 }),
      proven('log', { origin: LOG, size: 13 }),
      ...UNWITNESSED,
      proven('signed', { systems: 1, batches: 1 }),
      unproven('audit'),
      HELD,
      notice('erased', { count: 1 }),
      notice('later', { count: 1 }),
      notice('future', { until: '2026-11-23T12:00:20Z' }),
    ],
  ],
  [
    'witnessed',
    { lagSeconds: 60 },
    [
      complete(5, '2026-11-23T12:00:20Z'),
      proven('about', { count: 3 }),
      proven('log', { origin: LOG, size: 13 }),
      proven('witnessed', { signed: 2, of: 3, at: '2026-11-23T12:00:40Z' }),
      proven('fresh', { at: '2026-11-23T12:00:40Z', age: 60 }),
      unproven('signatures'),
      HELD,
      notice('erased', { count: 1 }),
      notice('later', { count: 1 }),
    ],
  ],
  [
    'witnessed',
    { lagSeconds: 59 },
    [
      complete(5, '2026-11-23T12:00:20Z'),
      proven('about', { count: 3 }),
      proven('log', { origin: LOG, size: 13 }),
      proven('witnessed', { signed: 2, of: 3, at: '2026-11-23T12:00:40Z' }),
      unproven('old', { at: '2026-11-23T12:00:40Z', age: 60, limit: 59 }),
      unproven('signatures'),
      HELD,
      notice('erased', { count: 1 }),
      notice('later', { count: 1 }),
    ],
  ],
  [
    'absence',
    {},
    [
      proven('nobody', { until: '2026-11-23T12:00:20Z' }),
      proven('about', { count: 0 }),
      proven('log', { origin: LOG, size: 13 }),
      ...UNWITNESSED,
      unproven('signatures'),
    ],
  ],
  [
    'window-neighbours',
    {},
    [
      proven('complete', {
        count: 3,
        until: '2026-11-23T12:00:50Z',
        from: '2026-11-23T12:00:20Z',
        to: '2026-11-23T12:00:50Z',
      }),
      proven('about', { count: 3 }),
      proven('log', { origin: LOG, size: 13 }),
      ...UNWITNESSED,
      unproven('signatures'),
    ],
  ],
  [
    'lost',
    {},
    [
      complete(1, '2026-11-23T12:00:05Z'),
      proven('about', { count: 1 }),
      proven('log', { origin: LOG, size: 10 }),
      ...UNWITNESSED,
      unproven('signatures'),
      notice('lost', { count: 2 }),
    ],
  ],
  [
    'right-org-registered',
    {},
    [
      complete(1, '2026-11-23T12:00:00Z'),
      proven('about', { count: 1 }),
      proven('log', { origin: LOG, size: 6 }),
      ...UNWITNESSED,
      proven('signed', { systems: 1, batches: 1 }),
      notice('unendorsed', { systems: ['Aarhus Kommune'] }),
      notice('other-organisation', { count: 1 }),
    ],
  ],
];

export async function* claims(statements) {
  for (const [name, options, expected] of CASES) {
    const { statement, vkey, policy, auditor, subject } = statements[name];
    const result = await verifyStatement(statement, { vkey, policy, auditor, subject, now: LATER, ...options });
    const [is, wanted] = [JSON.stringify(result.claims), JSON.stringify(expected)];
    yield {
      name: `what is said of ${name} ${JSON.stringify(options)}`,
      wrong: is === wanted ? null : `${is}\nand not\n${wanted}`,
    };
  }
}
