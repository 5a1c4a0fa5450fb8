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

/** The gateway could not take it in time: `events` stand nowhere but with the caller. */
export class Unavailable extends Error {
  constructor(why, events) {
    super(why);
    this.name = 'Unavailable';
    this.events = events;
  }
}

const withId = (event) => ('id' in event ? event : { ...event, id: randomUUID() });
const refusal = (status, answer) => new Refused(answer.error ?? String(status), answer.detail ?? `refused with status ${status}`);

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
    const { status, answer } = await this.#post(JSON.stringify(given), 'application/json', [given]);
    if (status === 200 || status === 201) return;
    throw Object.assign(refusal(status, answer), { event: given });
  }

  /** Resolves once all are durable but those that are refused, which it gives back as Refused. Throws Unavailable with those that were not taken. */
  async reportMany(events) {
    const refused = [];
    let waiting = events.map(withId);
    while (waiting.length > 0) {
      const lines = [];
      for (let size = 0; lines.length < Math.min(waiting.length, LINES_MAX);) {
        const line = JSON.stringify(waiting[lines.length]);
        size += Buffer.byteLength(line) + 1;
        if (size > BYTES_MAX && lines.length > 0) break;
        lines.push(line);
      }
      const { status, answer } = await this.#post(lines.join('\n'), 'application/x-ndjson', waiting);
      if (status !== 200) throw refusal(status, answer);
      const part = waiting.slice(0, lines.length);
      waiting = waiting.slice(lines.length);
      answer.results.forEach((result, n) => {
        if (result.error === 'stopped') waiting.push(part[n]);
        else if (result.error) refused.push(new Refused(result.error, result.reason, part[n]));
      });
    }
    return refused;
  }

  async #post(body, kind, events) {
    const end = Date.now() + this.#patience;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      let why;
      try {
        const response = await fetch(this.#url, { method: 'POST', body, headers: { 'Content-Type': kind, ...this.#headers }, signal: AbortSignal.timeout(Math.max(this.#patience, 1000)) });
        const answer = await response.json();
        if (response.status !== 503) return { status: response.status, answer };
        why = answer.detail;
      } catch (error) {
        why = error.cause?.message ?? error.message;
      }
      if (Date.now() + pause > end) throw new Unavailable(`the gateway could not take it within ${this.#patience} ms: ${why}`, events);
      await new Promise((go) => setTimeout(go, pause * (0.5 + Math.random())));
    }
  }
}
