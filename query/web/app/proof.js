// Is that all? A statement is fetched whole and worked out again in a thread of its own.
//
//   idle ──start()──► fetching ──► working ──holds, and the list is the one that is shown──► good
//                        │            ├──does not──► bad
//                        └────────────┴──could not be looked at──► unchecked (and `error` says why)
//
// "Could not be looked at" is never "does not hold": a network that is away proves nothing.
import { breathe } from './dom.js';

const SLICE = 100;
/** For so long witnesses may not have seen the log before it is said. */
const OLD_S = 3600;

/** The worker's address is this page's own, and the only one that a script can be loaded from besides it. */
function trusted(name) {
  const url = new URL(name, import.meta.url).href;
  if (!globalThis.trustedTypes) return url;
  const policy = trusted.policy ??= globalThis.trustedTypes.createPolicy('indsigt', { createScriptURL: (asked) => {
    if (asked !== new URL(VERIFY_WORKER, import.meta.url).href) throw new TypeError('not the page\'s own worker');
    return asked;
  } });
  return policy.createScriptURL(url);
}

export class Proof extends EventTarget {
  constructor(app, store) {
    super();
    this.app = app;
    this.store = store;
    this.state = 'idle';
    this.step = null;
    this.done = 0;
    this.all = 0;
    this.result = null;
    this.error = null;
    this.statement = null;
    this.worker = null;
    this.size = 0; // of the log, up to which the last check looked
    this.stopping = new AbortController();
  }

  get possible() {
    return VERIFY_WORKER !== null;
  }

  /** For good: whose list it was is gone. */
  stop() {
    this.stopping.abort();
    this.#end();
  }

  #end() {
    this.worker?.terminate();
    this.worker = null;
  }

  #tell(changes) {
    Object.assign(this, changes);
    this.dispatchEvent(new Event('change'));
  }

  async fetch() {
    const answer = await this.app.api.ask('v1/statement', { subject: this.store.asked, signal: this.stopping.signal });
    return answer.arrayBuffer();
  }

  async start() {
    if (this.state === 'running') return;
    const { size, made } = this.store; // what is told of from here on may be newer than the statement
    this.#tell({ state: 'running', step: 'fetching', done: 0, all: 0, result: null, error: null, size });
    try {
      if (!this.possible) throw Object.assign(new Error('no verifier'), { kind: 'noVerifier' });
      // Half a list agrees with no proof, and that is nobody's fault.
      if (this.store.state !== 'whole') throw Object.assign(new Error('half a list'), { kind: 'part' });
      const bytes = await this.fetch();
      this.statement = new Blob([bytes], { type: 'application/json' });
      this.#tell({ step: 'working' });
      const result = await this.#work(bytes, { size, made });
      // A fault of the verifier itself, or of its configuration, says nothing against the log.
      if (result.error) throw Object.assign(new Error(result.error.name), { kind: 'failed' });
      this.#tell({ state: result.ok && !result.differs ? 'good' : 'bad', result });
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      this.#tell({ state: 'unchecked', error });
    } finally {
      this.#end();
    }
  }

  async #work(bytes, { size, made }) {
    this.stopping.signal.throwIfAborted();
    this.#end();
    const worker = this.worker = new Worker(trusted(VERIFY_WORKER), { type: 'module' });
    const { config } = this.app;
    const ended = new Promise((resolve, reject) => {
      worker.addEventListener('error', (event) => { event.preventDefault(); reject(Object.assign(new Error('worker'), { kind: 'failed' })); });
      worker.addEventListener('message', ({ data }) => {
        if (data.type === 'progress') this.#tell({ done: data.done, all: data.all });
        if (data.type === 'result') resolve(data.result);
        if (data.type === 'failed') reject(Object.assign(new Error(data.name), { kind: data.name === 'version' ? 'version' : 'failed' }));
      });
    });
    ended.catch(() => {});
    await this.#show(worker, size);
    worker.postMessage({ type: 'check', bytes, size, made, options: { vkey: config.vkey, policy: config.policy ?? null, subject: this.store.subject, now: Math.floor(Date.now() / 1000), lagSeconds: OLD_S } }, [bytes]);
    return ended;
  }

  async #show(worker, size) {
    const listed = ({ index }) => index < size;
    const accesses = [...this.store.accesses, ...this.store.acts].filter(listed);
    const held = this.store.withheld.filter(listed).map(({ index, until, basis }) => ({ index, until, basis }));
    worker.postMessage({ type: 'shown', accesses: [], withheld: held });
    for (let at = 0; at < accesses.length; at += SLICE) {
      worker.postMessage({ type: 'shown', accesses: accesses.slice(at, at + SLICE), withheld: [] });
      await breathe();
    }
  }
}
