// What comes while the page is open, by the stream of /v1/accesses (SSE-1 to SSE-5). By fetch, since an EventSource sends no token.
//
//   whole list ──follow()──► reading ──breaks off──► waits ──► reading (behind the last id)
//                               └──refused, or no stream──► nothing: the list stays as it was asked for
import { ApiError } from './api.js';

const RETRY_MS = 2000;
const LONGEST_MS = 60_000;
const SHORTEST_MS = 1000; // whatever the ledger says
const EVENT_MAX = 1 << 20; // an event has 16 kB of parts at most (EVT-6), and a proof

/** Events of a stream's text, as the HTML standard reads it; `put(text)` gives those that a piece of it ends. */
export class Lines {
  constructor() {
    this.rest = []; // pieces of a line that has not ended
    this.retry = RETRY_MS;
    this.#begin();
  }

  #begin() {
    this.event = { type: 'message', data: [], id: undefined };
    this.size = 0;
  }

  put(text) {
    this.size += text.length;
    this.rest.push(text);
    const made = text.includes('\n') ? this.#lines() : [];
    if (this.size > EVENT_MAX) throw new ApiError('garbled');
    return made;
  }

  #lines() {
    const lines = this.rest.join('').split('\n');
    this.rest = [lines.pop()];
    const made = [];
    for (const line of lines) {
      const [, name, value] = /^([^:\r]*):? ?(.*?)\r?$/.exec(line) ?? ['', '', ''];
      if (name === 'event') this.event.type = value;
      if (name === 'data') this.event.data.push(value);
      if (name === 'id') this.event.id = value;
      if (name === 'retry' && /^\d+$/.test(value)) this.retry = Number(value);
      if (line.replace('\r', '') !== '') continue;
      if (this.event.data.length > 0) made.push({ type: this.event.type, data: this.event.data.join('\n'), id: this.event.id });
      this.#begin();
    }
    if (this.size === 0) this.size = this.rest[0].length;
    return made;
  }
}

/** The page that an event's data is; whether it is one is looked at where it is taken. */
export function pageIn(data) {
  try {
    return JSON.parse(data);
  } catch {
    throw new ApiError('garbled');
  }
}

function wait(ms, signal) {
  return new Promise((go) => {
    const over = () => { clearTimeout(timer); signal.removeEventListener('abort', over); go(); };
    const timer = setTimeout(over, ms);
    signal.addEventListener('abort', over);
  });
}

/** Reads one answer to its end; true if the ledger ended it. Nothing more comes of it, however that ends. */
async function read(answer, lines, told) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return false;
      const made = lines.put(value);
      if (made.length > 0) await told(made);
      if (made.some(({ type }) => type === 'end' || type === 'reset')) return true;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Tells of what comes behind the log index `last`, until `signal`. `told(events)` gets those that came together. */
export async function follow(api, { last, signal, told, pause = wait }) {
  let failures = 0;
  while (!signal.aborted) {
    const lines = new Lines();
    let again = 0;
    try {
      const answer = await api.ask('v1/accesses', { signal, headers: { Accept: 'text/event-stream', ...(last >= 0 && { 'Last-Event-ID': String(last) }) } });
      if (!answer.headers.get('Content-Type')?.startsWith('text/event-stream')) return void answer.body?.cancel();
      const ended = await read(answer, lines, async (events) => {
        failures = 0;
        for (const { id } of events) if (/^\d+$/.test(id ?? '')) last = Number(id);
        await told(events);
      });
      if (ended) return;
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && !['busy', 'offline'].includes(error.kind))) return;
      again = 1000 * (error.again ?? 0);
    }
    failures += 1;
    await pause(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, again, lines.retry * 2 ** (failures - 1))), signal);
  }
}
