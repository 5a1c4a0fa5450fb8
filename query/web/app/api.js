// Questions to the ledger, and what is said when they are not answered.

/** A whole answer that a view waits for: so long, and so many bytes. What is proven (a statement) is bounded by itself. */
const ANSWER_MS = 60_000;
const ANSWER_BYTES_MAX = 16 << 20;

/** `kind` is a name in the table of words (errors): offline, busy, unrecorded, unwritten, notifier, signin, refused, missing, asked, failed, garbled. */
export class ApiError extends Error {
  constructor(kind, status = 0, again = null) {
    super(kind);
    this.kind = kind;
    this.status = status;
    this.again = again;
  }
}

/** What is not on record was not shown, or, of an act, not done: two things to say. */
function kindOf(status, problem, method) {
  if (status === 503 && problem.error === 'unrecorded' && method !== 'GET') return 'unwritten';
  if (status === 503) return ['unrecorded', 'notifier'].includes(problem.error) ? problem.error : 'busy';
  return { 400: 'asked', 401: 'signin', 403: 'refused', 404: 'missing', 409: 'asked', 429: 'busy' }[status] ?? 'failed';
}

/** An answer's text. What is longer than any answer may be is not read to its end. */
async function whole(answer) {
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let bytes = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > ANSWER_BYTES_MAX) {
      reader.cancel().catch(() => {});
      throw new ApiError('garbled');
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** Ends when `signal` does, or after `ms`; `over()` stops the clock. */
function bounded(signal, ms) {
  const both = new AbortController();
  const end = () => both.abort(signal.reason);
  const timer = setTimeout(() => both.abort(new DOMException('no answer', 'TimeoutError')), ms);
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end);
  return { signal: both.signal, over: () => { clearTimeout(timer); signal?.removeEventListener('abort', end); } };
}

async function refusal(answer, method) {
  const problem = await whole(answer).then((text) => Object(JSON.parse(text))).catch(() => ({}));
  return new ApiError(kindOf(answer.status, problem, method), answer.status, Number(answer.headers.get('Retry-After')) || null);
}

export class Api {
  constructor(config, session) {
    this.base = new URL(config.ledger ?? './', location.href.split(/[?#]/)[0]);
    this.session = session;
  }

  /** A whole answer, or an ApiError. `subject`: about whom, where it is not who asks. */
  async ask(path, { subject, method = 'GET', body, open = false, signal, headers: more } = {}) {
    const headers = { ...more };
    if (!open) headers.Authorization = `Bearer ${this.session.token}`;
    if (subject) headers['Indsigt-Subject'] = subject;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let answer;
    try {
      answer = await fetch(new URL(path, this.base), { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal,
        cache: 'no-store', credentials: 'omit', redirect: 'error' });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new ApiError('offline');
    }
    if (answer.ok) return answer;
    const refused = await refusal(answer, method);
    if (refused.kind === 'signin') this.session.end('refused');
    throw refused;
  }

  /** JSON, or null where there is nothing to say. It is not known yet whether it is what was asked for (shape.js). */
  async json(path, options = {}) {
    const { signal, over } = bounded(options.signal, ANSWER_MS);
    try {
      const answer = await this.ask(path, { ...options, signal });
      if (answer.status === 204) return null;
      return JSON.parse(await whole(answer));
    } catch (error) {
      if (error instanceof ApiError || error.name === 'AbortError') throw error;
      throw new ApiError(error instanceof SyntaxError ? 'garbled' : 'offline');
    } finally {
      over();
    }
  }
}
