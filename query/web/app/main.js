// The page's beginning and its state: configuration, language, who is signed in, whose list, and which view the address names.
import { breathe, fill, h, visible } from './dom.js';
import { Api } from './api.js';
import { consentState } from './consents.js';
import { follow, pageIn } from './following.js';
import { frame, surround } from './frame.js';
import { consentsOf, reportsOf } from './acts.js';
import { grantsOf } from './grants.js';
import { Proof } from './proof.js';
import { Say } from './say.js';
import { Session, SigninError } from './session.js';
import { Store } from './store.js';
import { read } from './address.js';
import { mandates as mandatesShape, nextPage, shaped, wholeCoverage } from './shape.js';
import { unusualSteps } from './unusual.js';
import { broken } from './views/notes.js';
import { overview } from './views/overview.js';
import { accesses } from './views/accesses.js';
import { access } from './views/access.js';
import { proofView } from './views/proof.js';
import { powers } from './views/powers.js';
import { notices } from './views/notices.js';
import { numbers } from './views/numbers.js';
import { more } from './views/more.js';
import { signin } from './views/signin.js';
import da from '../words/da.js';
import en from '../words/en.js';

const WORDS = { da, en };
const VIEWS = { '': overview, accesses, access, proof: proofView, powers, notices, numbers, more };
const VISIT = 'indsigt.visit';
const LANGUAGE = 'indsigt.language';
const GRANTS = 1000;
const RESET_MS = 60_000; // so long a list that came anew is kept, whatever the stream says

/** Storage that may be switched off. */
const kept = {
  get: (name) => { try { return localStorage.getItem(name); } catch { return null; } },
  set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* then it is not remembered */ } },
};

class App {
  constructor(config) {
    this.config = config;
    this.session = new Session(config, (why) => this.#ended(why), (minutes) => this.#soon(minutes));
    this.api = new Api(config, this.session);
    this.place = document.getElementById('page');
    this.live = h('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
    document.body.append(this.live);
    this.view = null;
    this.why = null;
    this.came = false;
    this.#forget();
    this.#words(kept.get(LANGUAGE) ?? config.languages[0]);
  }

  /** Nothing of a person stays behind when they are gone. */
  #forget() {
    this.store?.stop();
    this.proof?.stop();
    this.store = null;
    this.proof = null;
    this.self = null;
    this.mandate = null;
    this.mandates = [];
    this.grants = [];
    this.reports = null;
    this.consents = null;
    this.senders = null;
    this.coverage = null;
    this.unusual = new Map();
    this.visit = null;
    this.drafts = {};
    this.came = false;
    this.began = 0;
  }

  #words(language) {
    this.w = Object.hasOwn(WORDS, language) ? WORDS[language] : da;
    this.say = new Say(this.w);
    document.documentElement.lang = this.w.lang;
  }

  speak(language) {
    kept.set(LANGUAGE, language);
    this.#words(language);
    this.announce(null);
    this.show();
    this.place.querySelector('.language')?.focus();
  }

  announce(text) {
    fill(this.live, text);
  }

  nameOf(mandate) {
    if (mandate === null) return this.session.name ?? this.say.person(this.self);
    return mandate.name ?? this.say.person(mandate.principal);
  }

  /** Said on the page until it is left, so that nobody writes a long comment for nothing. */
  #soon(minutes) {
    this.place.querySelector('main .inside')?.prepend(h('p', { class: 'note warn', role: 'alert' }, this.w.signin.soon(minutes)));
  }

  #ended(why) {
    const unsent = why !== 'asked' && this.drafts.report?.comment;
    this.why = { look: why === 'asked' ? 'info' : 'warn', text: (w) => (unsent ? `${w.signin.ended[why]} ${w.signin.unsent}` : w.signin.ended[why]) };
    this.#forget();
    if (read().view !== 'numbers') history.replaceState(null, '', '#/');
    this.show();
  }

  /** Draws the view that the address names, and takes the reader there. */
  show({ focus = false } = {}) {
    this.view?.leave?.(); // which may put into the address what was typed last
    const route = read();
    const inside = this.session.signedIn;
    const known = Object.hasOwn(VIEWS, route.view) ? VIEWS[route.view] : overview;
    const make = inside ? known : route.view === 'numbers' ? numbers : signin;
    this.#draw(() => {
      this.view = make(this, route);
      document.title = visible(`${this.view.title} – ${this.w.title}`);
      fill(this.place, frame(this, route.view, this.view.node));
    });
    if (!focus) return;
    scrollTo(0, 0);
    this.place.querySelector('main h1')?.focus({ preventScroll: true });
  }

  /** A fault in drawing leaves words in place of the view, never nothing, and never half of what was there. */
  #draw(work) {
    try {
      return work();
    } catch {
      this.view = broken(this);
      return fill(this.place, frame(this, read().view, this.view.node));
    }
  }

  #update(what) {
    this.#draw(() => this.view?.update?.(what));
  }

  /** What stands out is worked out in slices; a newer look overtakes an older one. */
  async #look(draws = () => true) {
    const { store } = this;
    if (store === null) return;
    const turn = this.turn = {};
    this.reports = new Map([...(this.reports ?? []), ...reportsOf(store.acts)]);
    this.consents = consentsOf(store.acts, this.senders);
    const steps = unusualSteps(store.accesses.filter((one) => !one.erased), (one) => consentState(one, this.consents));
    let step = steps.next();
    for (let end = performance.now() + 8; !step.done; step = steps.next()) {
      if (performance.now() < end) continue;
      await breathe();
      end = performance.now() + 8;
    }
    if (this.turn !== turn || this.store !== store) return;
    this.unusual = step.value;
    await breathe();
    if (this.turn !== turn || this.store !== store) return;
    if (draws()) this.#update();
  }

  /** Opens a list: one's own, or with a mandate somebody else's. */
  #open(mandate) {
    this.store?.stop();
    this.proof?.stop();
    this.mandate = mandate;
    this.reports = null;
    this.consents = null;
    this.unusual = new Map();
    this.drafts = {};
    this.began = Date.now();
    const store = this.store = new Store(this.api, mandate?.principal);
    const proof = this.proof = new Proof(this, store);
    proof.addEventListener('change', () => this.proof === proof && this.#update('proof'));
    store.addEventListener('change', () => this.store === store && this.#came(store).catch(() => this.#draw(() => { throw new Error('a list'); })));
    store.load();
  }

  async #came(store) {
    if (this.mandate === null && this.self === null) {
      this.self = store.subject;
      surround(this.place, this);
    }
    // While a long list comes, its first page is shown whole and the rest is only counted.
    if (store.state === 'coming' && store.accesses.length > 200) return void this.#update('coming');
    await this.#look();
    if (store.state !== 'whole' || this.store !== store) return;
    this.announce(`${this.w.accesses(store.accesses.length)}.`);
    // Of a person's own reads nobody needs to be told; those about others are on record, so they are asked for.
    if (this.mandate === null && this.proof.possible && this.proof.state === 'idle') this.proof.start();
    if (this.mandate === null && !store.followed) this.#follow(store);
  }

  /** What comes while the page is open: said, and on top where that does not move what somebody reads. */
  #follow(store) {
    store.followed = true;
    follow(this.api, { last: store.size - 1, signal: store.stopping.signal, told: async (events) => {
      const known = store.accesses.length + store.withheld.length;
      if (this.store !== store) return;
      for (const { type, data } of events) {
        if (type === 'reset') return void (Date.now() - this.began > RESET_MS && this.#open(null));
        if (type === 'access') store.add(pageIn(data));
      }
      const there = this.place.querySelector('main :focus')?.getAttribute('href');
      await this.#look(() => read().view === '');
      if (there && document.activeElement === document.body) this.place.querySelector(`main a[href="${CSS.escape(there)}"]`)?.focus({ preventScroll: true });
      const count = store.accesses.length + store.withheld.length - known;
      if (count > 0) this.announce(this.w.overview.told(count));
    } }).catch(() => {}); // then the list is as it was asked for
  }

  become(mandate) {
    this.#open(mandate);
    location.hash = '#/';
    this.show({ focus: true });
    this.announce(mandate ? this.w.top.seeing(this.nameOf(mandate)) : this.w.top.seeingYou);
  }

  /** For whom this person may see, and who may see for them. A ledger that cannot say has nothing to say. */
  async loadPowers() {
    const own = `grants:${this.self}`;
    const [mandates, list] = await Promise.all([this.api.json('v1/mandates').then((found) => shaped(mandatesShape, found)).catch(() => null),
      this.self ? this.api.json(`v1/accesses?limit=${GRANTS}`, { subject: own }).then((found) => shaped(nextPage(GRANTS), found)).catch(() => null) : null]);
    if (!this.session.signedIn) return;
    this.mandates = mandates?.mandates ?? [];
    this.grants = list?.subject === own ? grantsOf(list.accesses) : [];
  }

  async #loadRest() {
    const coverage = await this.api.json('v1/coverage', { open: true }).then((found) => shaped(wholeCoverage, found)).catch(() => null);
    if (!this.session.signedIn) return;
    this.coverage = coverage;
    this.senders = coverage?.senders ?? null;
    await this.loadPowers();
    if (!this.session.signedIn) return;
    surround(this.place, this); // the view stays: somebody may be typing in it
    await this.#look();
  }

  start() {
    const visit = Number(kept.get(VISIT));
    this.visit = visit > 0 ? visit : null;
    kept.set(VISIT, String(Date.now()));
    this.why = null;
    this.#open(null);
    this.show({ focus: true });
    const first = this.store;
    first.addEventListener('change', () => this.session.signedIn && this.#loadRest().catch(() => {}), { once: true });
  }
}

/** Members of another type than spec/page.md has them are none. */
async function configuration() {
  let given = {};
  try {
    const answer = await fetch('config.json', { cache: 'no-store', credentials: 'omit' });
    if (answer.ok) given = Object(await answer.json());
  } catch { /* then nobody can sign in, which is said */ }
  const names = ['ledger', 'vkey', 'policy', 'issuer', 'client_id', 'scope', 'resource', 'download', 'publisher'];
  const texts = Object.fromEntries(names.filter((name) => typeof given[name] === 'string').map((name) => [name, given[name]]));
  const languages = Array.isArray(given.languages) ? given.languages.filter((one) => typeof one === 'string') : [];
  return { ...texts, demo: given.demo === true, languages: languages.length > 0 ? languages : ['da'] };
}

const app = new App(await configuration());
// A machine that slept, or a page that comes back from where browsers keep what was left: no timer went on there.
for (const [place, event] of [[document, 'visibilitychange'], [globalThis, 'pageshow'], [globalThis, 'focus']]) place.addEventListener(event, () => app.session.look());
addEventListener('hashchange', () => {
  app.came = true;
  app.show({ focus: true });
});
try {
  if (await app.session.finish()) app.start();
  else app.show();
} catch (error) {
  app.why = { look: 'bad', text: (w) => w.signin.failed[error instanceof SigninError ? error.reason : 'wrong'] };
  app.show();
}
