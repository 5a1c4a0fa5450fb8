// One person's list, as it comes: a short first page, which is shown at once, then the rest in pages of hundreds.
//
//   empty ──load()──► coming ──last page──► whole
//                       └──an answer fails──► stopped ──load()──► coming (from where it stopped)
import { breathe, slices } from './dom.js';
import { local } from './zone.js';

const FIRST = 100;
const REST = 300;

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
    this.stopping = new AbortController();
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

  async #take(page) {
    if (this.until === null) {
      this.subject ??= page.subject; // whose list it is that was asked for is not the answer's to say
      this.until = page.complete_until;
      this.coverage = page.coverage;
      this.made = this.size = Number(page.checkpoint.split('\n')[1]);
    }
    await slices(page.accesses, (access) => this.#listOf(access).push(access));
    this.#hold(page.withheld.events);
  }

  /** What came after the list was made; false if it is known. Every event of this person before it is known then. */
  add(page) {
    const one = page.accesses[0] ?? page.withheld.events[0];
    const all = [this.accesses, this.acts, this.withheld];
    if (!one || page.subject !== this.subject || all.some((list) => list.some(({ index }) => index === one.index))) return false;
    for (const access of page.accesses) this.#listOf(access).unshift(access);
    this.#hold(page.withheld.events);
    this.size = Math.max(this.size, one.index + 1);
    return true;
  }

  async load() {
    if (this.state === 'coming' || this.state === 'whole') return;
    this.state = 'coming';
    this.error = null;
    try {
      do {
        const question = new URLSearchParams({ limit: this.cursor ? REST : FIRST });
        if (this.cursor) question.set('cursor', this.cursor);
        const page = await this.api.json(`v1/accesses?${question}`, { subject: this.asked, signal: this.stopping.signal });
        await breathe();
        await this.#take(page);
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
