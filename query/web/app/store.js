// One person's list, as it comes: a short first page, which is shown at once, then the rest in pages of hundreds.
//
//   empty ──load()──► coming ──last page──► whole
//                       └──an answer fails, or is none──► stopped ──load()──► coming (from where it stopped)
//
// What comes is held against what a list is (shape.js, HTTP-14): each event once, newest first, none that the log did not have
// when it was asked. So a list always ends, and has nothing in it that a proof would not be asked about.
import { ApiError } from './api.js';
import { breathe, slices } from './dom.js';
import { firstPage, nextPage, shaped } from './shape.js';
import { local } from './zone.js';

const FIRST = 100;
const REST = 300;
const EVENTS_MAX = 200_000;
const EMPTY_MAX = 8; // pages one behind the other with nothing on them

function sizeOf(checkpoint) {
  const size = Number(checkpoint.split('\n')[1]);
  if (!Number.isSafeInteger(size) || size < 1) throw new ApiError('garbled');
  return size;
}

export class Store extends EventTarget {
  constructor(api, subject) {
    super();
    this.api = api;
    this.asked = subject;
    this.subject = subject ?? null;
    this.accesses = [];
    this.acts = []; // what stands in the list and is no access: reports, answers, consents, grants
    this.withheld = [];
    this.coverage = null;
    this.until = null;
    this.size = 0; // of the log, up to which the list has all
    this.made = 0; // of the log, when the list was made
    this.state = 'empty';
    this.error = null;
    this.cursor = null;
    this.lowest = 0; // all that comes behind a cursor is below it
    this.empty = 0;
    this.stopping = new AbortController();
  }

  get events() {
    return this.accesses.length + this.acts.length + this.withheld.length;
  }

  stop() {
    this.stopping.abort();
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }

  /** Where an access belongs, and what the page wants to know of it. */
  #listOf(access) {
    // The statement proves all of them at once; until then a list is no heavier than its words.
    delete access.proof;
    access.at = Date.parse(access.erased ? access.ledger_time : access.time);
    access.when = local(access.at);
    access.reported = Date.parse(access.ledger_time);
    return access.report || access.answer || access.consent_record || access.grant ? this.acts : this.accesses;
  }

  #hold(events) {
    for (const one of events) this.withheld.push({ index: one.index, until: one.until, basis: one.basis, reported: Date.parse(one.ledger_time), sender: one.sender });
  }

  /** The lowest index of a page whose events go down from `below`, each list by itself and no index in both. */
  #lowestOf(page, below) {
    const [open, held] = [page.accesses, page.withheld.events].map((events) => events.map(({ index }) => index));
    const falls = (indexes) => indexes.every((index, n) => index < (n === 0 ? below : indexes[n - 1]));
    const shown = new Set(open);
    if (!falls(open) || !falls(held) || held.some((index) => shown.has(index)) || this.events + open.length + held.length > EVENTS_MAX) throw new ApiError('garbled');
    return Math.min(below, ...open.slice(-1), ...held.slice(-1));
  }

  /** Nothing of a page is taken that is none. */
  #checked(page, limit) {
    const first = this.until === null;
    shaped(first ? firstPage(limit) : nextPage(limit), page);
    // Whose list it is that was asked for is not the answer's to say.
    if (this.subject !== null && page.subject !== this.subject) throw new ApiError('garbled');
    this.empty = page.accesses.length + page.withheld.events.length === 0 ? this.empty + 1 : 0;
    if (page.cursor && this.empty > EMPTY_MAX) throw new ApiError('garbled');
    const size = first ? sizeOf(page.checkpoint) : this.made;
    this.lowest = this.#lowestOf(page, first ? size : this.lowest);
    return size;
  }

  async #take(page, limit) {
    const size = this.#checked(page, limit);
    if (this.until === null) {
      this.subject ??= page.subject;
      this.until = page.complete_until;
      this.coverage = page.coverage;
      this.made = this.size = size;
    }
    await slices(page.accesses, (access) => this.#listOf(access).push(access));
    this.#hold(page.withheld.events);
  }

  /** What came after the list was made; false if it is known. Every event of this person before it is known then. */
  add(page) {
    shaped(nextPage(1), page);
    const one = page.accesses[0] ?? page.withheld.events[0];
    if (page.accesses.length + page.withheld.events.length !== 1 || page.subject !== this.subject || this.events >= EVENTS_MAX) throw new ApiError('garbled');
    if (one.index < this.size) return false;
    for (const access of page.accesses) this.#listOf(access).unshift(access);
    this.#hold(page.withheld.events);
    this.size = one.index + 1;
    return true;
  }

  async load() {
    if (this.state === 'coming' || this.state === 'whole') return;
    this.state = 'coming';
    this.error = null;
    try {
      do {
        const limit = this.cursor ? REST : FIRST;
        const question = new URLSearchParams({ limit });
        if (this.cursor) question.set('cursor', this.cursor);
        const page = await this.api.json(`v1/accesses?${question}`, { subject: this.asked, signal: this.stopping.signal });
        await breathe();
        await this.#take(page, limit);
        this.cursor = page.cursor ?? null;
        if (this.cursor) this.#tell();
      } while (this.cursor);
      this.state = 'whole';
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.state = 'stopped';
      this.error = error;
    }
    this.#tell();
  }
}
