// Who is signed in: OpenID Connect, authorization code with PKCE (RFC 7636), this page being a public client.
//
//   signed out ──begin()──► at the provider ──?code&state──► finish() ──► signed in ──end of the token, 401, end()──► signed out
//
// The token lives in this object and nowhere else: whoever reloads the page signs in again, which at a provider with a
// session of its own is one look. What has to outlast the way to the provider (verifier, state, nonce, where the person
// was) waits in sessionStorage and is taken out at once.

const WAY = 'indsigt.way';
/** So long before the end of a session it is said. */
const WARN_S = 300;

function text(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

function random() {
  return text(crypto.getRandomValues(new Uint8Array(32)));
}

async function challenge(verifier) {
  return text(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}

/** The provider's word about the person, for the page's heading alone; the ledger judges the access token by itself. */
function claims(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    return Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}

/** What went wrong while signing in; `reason` is a name in the table of words (signin.failed). */
export class SigninError extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export class Session {
  #token = null;
  #timer = null;
  #warning = null;

  /** `ended(why)` is called when it is over: 'time', 'refused' or 'asked'; `soon(minutes)` some minutes before the time is. */
  constructor(config, ended, soon) {
    this.config = config;
    this.ended = ended;
    this.soon = soon;
    this.name = null;
    this.until = null;
  }

  get signedIn() {
    return this.#token !== null;
  }

  get token() {
    return this.#token;
  }

  /** The page's one address at the provider: without what stands behind it. */
  get #address() {
    return new URL('index.html', location.href.split(/[?#]/)[0]).href;
  }

  async #provider() {
    const base = this.config.issuer.replace(/\/$/, '');
    let answer;
    try {
      answer = await fetch(`${base}/.well-known/openid-configuration`, { cache: 'no-store', credentials: 'omit' });
    } catch {
      throw new SigninError('away');
    }
    if (!answer.ok) throw new SigninError('away');
    const known = Object(await answer.json().catch(() => ({})));
    const goes = (address) => typeof address === 'string' && /^https?:\/\//.test(address);
    if (known.issuer !== this.config.issuer || !goes(known.authorization_endpoint) || !goes(known.token_endpoint)) throw new SigninError('wrong');
    return known;
  }

  async begin() {
    const known = await this.#provider();
    const way = { verifier: random(), state: random(), nonce: random(), back: location.hash, token: known.token_endpoint };
    sessionStorage.setItem(WAY, JSON.stringify(way));
    const url = new URL(known.authorization_endpoint);
    const question = {
      response_type: 'code', client_id: this.config.client_id, redirect_uri: this.#address, scope: this.config.scope ?? 'openid',
      state: way.state, nonce: way.nonce, code_challenge: await challenge(way.verifier), code_challenge_method: 'S256',
      resource: this.config.resource, ui_locales: document.documentElement.lang,
    };
    for (const [name, value] of Object.entries(question)) if (value) url.searchParams.set(name, value);
    location.assign(url);
  }

  /** True if this page was come to from the provider; then the person is signed in, or it throws. */
  async finish() {
    const answer = new URLSearchParams(location.search);
    if (!answer.has('code') && !answer.has('error')) return false;
    const way = JSON.parse(sessionStorage.getItem(WAY) ?? 'null');
    sessionStorage.removeItem(WAY);
    history.replaceState(null, '', this.#address + (way?.back ?? ''));
    if (answer.get('error') === 'access_denied') throw new SigninError('stopped');
    if (answer.has('error')) throw new SigninError('wrong');
    if (way === null || answer.get('state') !== way.state) throw new SigninError('stale');
    if (answer.has('iss') && answer.get('iss') !== this.config.issuer) throw new SigninError('wrong');
    this.#take(await this.#exchange(way, answer.get('code')), way);
    return true;
  }

  async #exchange(way, code) {
    const form = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: this.#address,
      client_id: this.config.client_id, code_verifier: way.verifier });
    if (this.config.resource) form.set('resource', this.config.resource);
    let answer;
    try {
      answer = await fetch(way.token, { method: 'POST', body: form, cache: 'no-store', credentials: 'omit' });
    } catch {
      throw new SigninError('away');
    }
    if (!answer.ok) throw new SigninError(answer.status >= 500 ? 'away' : 'stale');
    const given = Object(await answer.json().catch(() => ({})));
    if (typeof given.access_token !== 'string') throw new SigninError('wrong');
    return given;
  }

  #take(given, way) {
    const person = given.id_token ? claims(String(given.id_token)) : {};
    if (given.id_token && person.nonce !== way.nonce) throw new SigninError('wrong');
    this.#token = given.access_token;
    this.name = typeof person.name === 'string' && person.name !== '' ? person.name : null;
    const seconds = Number(given.expires_in) > 0 ? Number(given.expires_in) : 3600;
    this.until = Date.now() + seconds * 1000;
    if (seconds > 2 * WARN_S) this.#warning = setTimeout(() => this.soon(WARN_S / 60), Math.min(seconds - WARN_S, 86_400) * 1000);
    // A timer of over 24 days ends at once.
    this.#timer = setTimeout(() => this.end('time'), Math.min(seconds, 86_400) * 1000);
  }

  /** Whether the time is up, for who cannot rely on a timer. */
  look() {
    if (this.until !== null && Date.now() >= this.until) this.end('time');
  }

  end(why) {
    if (this.#token === null) return;
    clearTimeout(this.#timer);
    clearTimeout(this.#warning);
    this.#token = null;
    this.name = null;
    this.until = null;
    this.ended(why);
  }
}
