// Reports accesses to an Indsigt gateway on this machine. An event is an object as `indsigt help event` describes it; once `report` has
// resolved it is durable: the gateway has it on disk, and sends it.
import { randomUUID } from 'node:crypto';

const LINES_MAX = 1000;
const BYTES_MAX = 1 << 20;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** The event is not one that the ledger takes: `error` is a short name, `reason` names the field. */
export class Refused extends Error {
  constructor(error, reason, event) {
    super(reason);
    this.name = 'Refused';
    this.error = error;
    this.reason = reason;
    this.event = event;
  }
}

/**
 * The gateway could not take it in time. `events` are those of which nothing says that they were taken, each with its id: given again as
 * they are, each is reported once. `refused`: those of reportMany that were refused before.
 */
export class Unavailable extends Error {
  constructor(why, events, refused = []) {
    super(why);
    this.name = 'Unavailable';
    this.events = events;
    this.refused = refused;
  }
}

const withId = (event) => ('id' in event ? event : { ...event, id: randomUUID() });
const refusal = (status, answer, event) => new Refused(answer.error ?? String(status), answer.detail ?? `refused with status ${status}`, event);

// JSON has no NaN and no infinity, and JSON.stringify would write null in their place.
const lineOf = (event) => {
  try {
    return JSON.stringify(event, (name, value) => {
      if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${name} is ${value}`);
      return value;
    });
  } catch (error) {
    throw new Refused('bad-json', `the event cannot be written as JSON: ${error.message}`, event);
  }
};

export class Reporter {
  #url;
  #headers;
  #patience;

  constructor({ address = '127.0.0.1:7515', token, patience = 30_000 } = {}) {
    this.#url = `http://${address}/v1/events`;
    this.#headers = token ? { Authorization: `Bearer ${token}` } : {};
    this.#patience = patience;
  }

  /** Resolves once the event is durable. Throws Refused or Unavailable. */
  async report(event) {
    const given = withId(event);
    const { status, answer } = await this.#post(lineOf(given), 'application/json', [given], []);
    if (status !== 200 && status !== 201) throw refusal(status, answer, given);
  }

  /** Resolves once all are durable but those that are refused, which it gives back as Refused. Throws Unavailable with those that were not taken. */
  async reportMany(events) {
    const refused = [];
    let waiting = [];
    for (const event of events.map(withId)) {
      try {
        waiting.push({ event, line: lineOf(event) });
      } catch (why) {
        refused.push(why);
      }
    }
    while (waiting.length > 0) {
      let count = 0;
      for (let size = 0; count < Math.min(waiting.length, LINES_MAX); count++) {
        size += Buffer.byteLength(waiting[count].line) + 1;
        if (size > BYTES_MAX && count > 0) break;
      }
      const part = waiting.slice(0, count);
      const body = part.map(({ line }) => line).join('\n');
      const { status, answer } = await this.#post(body, 'application/x-ndjson', waiting.map(({ event }) => event), refused);
      waiting = waiting.slice(count);
      if (status !== 200) {
        refused.push(...part.map(({ event }) => refusal(status, answer, event)));
        continue;
      }
      answer.results.forEach((result, n) => {
        if (result.error === 'stopped') waiting.push(part[n]);
        else if (result.error) refused.push(new Refused(result.error, result.reason, part[n].event));
      });
    }
    return refused;
  }

  async #post(body, kind, events, refused) {
    const end = Date.now() + this.#patience;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      let why;
      try {
        const response = await fetch(this.#url, {
          method: 'POST', body, headers: { 'Content-Type': kind, ...this.#headers }, redirect: 'error', // what is about people goes nowhere else
          signal: AbortSignal.timeout(Math.max(end - Date.now(), 1000)),
        });
        const answer = await response.json();
        if (response.status < 500 && response.status !== 429) return { status: response.status, answer };
        why = answer.detail;
      } catch (error) {
        why = error.cause?.message ?? error.message;
      }
      if (Date.now() + pause > end) throw new Unavailable(`the gateway could not take it within ${this.#patience} ms: ${why}`, events, refused);
      await new Promise((go) => setTimeout(go, pause * (0.5 + Math.random())));
    }
  }
}
