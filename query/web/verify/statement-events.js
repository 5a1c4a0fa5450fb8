// Each event of a statement (STM-21 to STM-33), and those that the epoch does not cover (STM-44, STM-45).

import { equal } from './bytes.js';
import { ERASURE, EVENT, readEntryOf } from './entry.js';
import { disclosedCommitment, eventCommitment, readDisclosed, readHeader } from './event.js';
import { labelCommitment } from './vrf.js';
import { isIncluded } from './anchor.js';
import { at, check } from './refused.js';
import { monthOf } from './time.js';

// STM-18 to STM-20: the erasure entries by their index.
export function openErasures(log, label, erasures) {
  return new Map(
    erasures.map((item, i) =>
      at(`erasures[${i}]`, () => {
        const entry = check('erasure-entry', 'STM-18', 'this is no erasure entry', () =>
          readEntryOf(ERASURE, item.entry),
        );
        check('erasure-inclusion', 'STM-19', 'an erasure entry is not in the log', () => isIncluded(log, item));
        check(
          'erasure-opening',
          'STM-20',
          'the erasure of a person is not of this one',
          () =>
            !entry.person ||
            (item.opening !== undefined && equal(labelCommitment(item.opening, label), entry.commitment)),
        );
        return [item.index, entry];
      }),
    ),
  );
}

function checkErased(context, item, event) {
  const by = check(
    'erased-unproven',
    'STM-31',
    'an erased event names no erasure entry that is shown',
    () => context.erasures.get(item.erased) ?? false,
  );
  check('erased-earlier', 'STM-32', 'an event is erased by an entry before it', () => item.erased > item.index);
  check(
    'erased-other',
    'STM-33',
    'an event is erased by an entry for another month or class',
    () => by.person || (by.years === event.header.years && by.month === monthOf(event.time)),
  );
}

function checkWithheld(context, event) {
  const { until } = event.header;
  check('withheld-never', 'STM-29', 'an event is withheld that its header does not withhold', () => until > 0n);
  check(
    'withheld-past',
    'STM-30',
    'an event is withheld that its header withholds no longer',
    () => until > context.epochTime && (context.log.quorumTime === null || until > context.log.quorumTime),
  );
}

function readContent(context, item) {
  const content = check('event-content', 'STM-27', 'a disclosed part is not valid', () =>
    readDisclosed(item.disclosed),
  );
  check('event-subject', 'STM-28', 'an event is about somebody else', () => content.subject === context.subject);
  return content;
}

// What is said of an event in `events` and in `later` alike.
function openEvent(context, item) {
  const entry = check('event-entry', 'STM-23', 'this is no event entry', () => readEntryOf(EVENT, item.entry));
  check(
    'event-time',
    'STM-24',
    "an event's time is not between those beside it",
    () => entry.time >= context.timeFrom && (context.timeTo === null || entry.time <= context.timeTo),
  );
  const event = { ...entry, index: item.index, state: item.state };
  event.header = check('event-header', 'STM-25', 'a header is not valid', () => readHeader(item.header));
  check('event-commitment', 'STM-26', 'an event is another than the log committed to', () => {
    const cD = item.state === 'open' ? disclosedCommitment(item.c_r, item.disclosed) : item.c_d;
    return equal(eventCommitment(item.header, cD), entry.commitment);
  });
  if (item.state === 'open') {
    event.content = readContent(context, item);
  } else if (item.state === 'withheld') {
    checkWithheld(context, event);
  } else {
    checkErased(context, item, event);
    event.erasedBy = item.erased;
  }
  return event;
}

function checkWindow({ window }, event) {
  check(
    'window-outside',
    'STM-36',
    'an event lies outside of the window',
    () =>
      (window?.from === undefined || event.time >= window.from) && (window?.to === undefined || event.time < window.to),
  );
}

function each(name, items, context, onEvent, beforeAll, afterEach) {
  let last = -1n;
  return items.map((item, i) =>
    at(`${name}[${i}]`, () => {
      check('event-order', 'STM-21', 'events do not ascend', () => item.index > last);
      beforeAll(item);
      const event = openEvent(context, item);
      checkWindow(context, event);
      afterEach?.(item);
      last = item.index;
      context.timeFrom = event.time;
      onEvent();
      return event;
    }),
  );
}

// The events that the epoch covers. That they are in the log, and all that there are, is shown by the subject tree.
export function openCovered(context, items, onEvent) {
  const state = { ...context, timeFrom: context.genesis.time, timeTo: context.epochTime };
  return each('events', items, state, onEvent, (item) =>
    check('event-uncovered', 'STM-22', 'an event is not covered by the epoch', () => item.index < context.covered),
  );
}

// Those after it, which are in the log each by itself.
export function openLater(context, items, onEvent) {
  const state = { ...context, timeFrom: context.epochTime, timeTo: null };
  return each(
    'later',
    items,
    state,
    onEvent,
    (item) =>
      check(
        'later-covered',
        'STM-44',
        'an event is covered by the epoch and shown as a later one',
        () => item.index >= context.covered,
      ),
    (item) =>
      check('later-inclusion', 'STM-45', 'a later event is not in the log', () => isIncluded(context.log, item)),
  );
}
