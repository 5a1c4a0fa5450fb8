// The page's beginning and its state: configuration, language, who is signed in, whose list, and which view the address names.
import { breathe, fill, h } from './dom.js';
import { Api } from './api.js';
import { consentState } from './consents.js';
import { follow } from './following.js';
import { frame, surround } from './frame.js';
import { consentsOf, reportsOf } from './acts.js';
import { grantsOf } from './grants.js';
import { Proof } from './proof.js';
import { Say } from './say.js';
import { Session, SigninError } from './session.js';
import { Store } from './store.js';
import { read } from './address.js';
import { unusualSteps } from './unusual.js';
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
    this.#words(kept.get(LANGUAGE) ?? config.languages?.[0] ?? 'da');
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
  }

  #words(language) {
    this.w = WORDS[language] ?? da;
    this.say = new Say(this.w);
    document.documentElement.lang = this.w.lang;
  }

  speak(language) {
    kept.set(LANGUAGE, language);
    this.#words(language);
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
    this.why = { look: why === 'asked' ? 'info' : 'warn', text: (w) => w.signin.ended[why] };
    this.#forget();
    if (read().view !== 'numbers') history.replaceState(null, '', '#/');
    this.show();
  }

  /** Draws the view that the address names, and takes the reader there. */
  show({ focus = false } = {}) {
    const route = read();
    this.view?.leave?.();
    const inside = this.session.signedIn;
    const make = inside ? VIEWS[route.view] ?? overview : route.view === 'numbers' ? numbers : signin;
    this.view = make(this, route);
    document.title = `${this.view.title} – ${this.w.title}`;
    fill(this.place, frame(this, route.view, this.view.node));
    if (!focus) return;
    scrollTo(0, 0);
    this.place.querySelector('main h1')?.focus({ preventScroll: true });
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
    if (draws()) this.view?.update?.();
  }

  /** Opens a list: one's own, or with a mandate somebody else's. */
  #open(mandate) {
    this.store?.stop();
    this.proof?.stop();
    this.mandate = mandate;
    this.reports = null;
    this.consents = null;
    this.unusual = new Map();
    const store = this.store = new Store(this.api, mandate?.principal);
    const proof = this.proof = new Proof(this, store);
    proof.addEventListener('change', () => this.proof === proof && this.view?.update?.('proof'));
    store.addEventListener('change', () => this.store === store && this.#came(store));
    store.load();
  }

  async #came(store) {
    if (this.mandate === null && this.self === null) {
      this.self = store.subject;
      surround(this.place, this);
    }
    // While a long list comes, its first page is shown whole and the rest is only counted.
    if (store.state === 'coming' && store.accesses.length > 200) return void this.view?.update?.('coming');
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
      for (const { type, data } of events) {
        if (type === 'reset') return void (this.store === store && this.#open(null));
        if (type === 'access') store.add(JSON.parse(data));
      }
      if (this.store !== store) return;
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
    const [mandates, list] = await Promise.all([this.api.json('v1/mandates').catch(() => []), this.self ? this.api.json('v1/accesses?limit=1000', { subject: `grants:${this.self}` }).catch(() => null) : null]);
    this.mandates = Array.isArray(mandates) ? mandates : mandates?.mandates ?? [];
    this.grants = list ? grantsOf(list.accesses) : [];
  }

  async #loadRest() {
    const coverage = await this.api.json('v1/coverage', { open: true }).catch(() => null);
    this.coverage = coverage;
    this.senders = coverage?.senders ?? null;
    await this.loadPowers();
    if (!this.session.signedIn) return;
    surround(this.place, this); // the view stays: somebody may be typing in it
    this.#look();
  }

  start() {
    const visit = Number(kept.get(VISIT));
    this.visit = visit > 0 ? visit : null;
    kept.set(VISIT, String(Date.now()));
    this.why = null;
    this.#open(null);
    this.show({ focus: true });
    const first = this.store;
    first.addEventListener('change', () => this.session.signedIn && this.#loadRest(), { once: true });
  }
}

async function configuration() {
  try {
    const answer = await fetch('config.json', { cache: 'no-store', credentials: 'omit' });
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
}

const app = new App(await configuration());
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
