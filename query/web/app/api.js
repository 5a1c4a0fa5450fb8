// Questions to the ledger, and what is said when they are not answered.

/** `kind` is a name in the table of words (errors): offline, busy, unrecorded, notifier, signin, refused, missing, asked, failed. */
export class ApiError extends Error {
  constructor(kind, status = 0, again = null) {
    super(kind);
    this.kind = kind;
    this.status = status;
    this.again = again;
  }
}

function kindOf(status, problem) {
  if (status === 503) return ['unrecorded', 'notifier'].includes(problem.error) ? problem.error : 'busy';
  return { 400: 'asked', 401: 'signin', 403: 'refused', 404: 'missing', 409: 'asked', 429: 'busy' }[status] ?? 'failed';
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  return new ApiError(kindOf(answer.status, problem), answer.status, Number(answer.headers.get('Retry-After')) || null);
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
    const refused = await refusal(answer);
    if (refused.kind === 'signin') this.session.end('refused');
    throw refused;
  }

  async json(path, options) {
    const answer = await this.ask(path, options);
    try {
      return answer.status === 204 ? null : await answer.json();
    } catch {
      throw new ApiError('offline');
    }
  }

  async text(path, options) {
    const answer = await this.ask(path, options);
    try {
      return await answer.text();
    } catch {
      throw new ApiError('offline');
    }
  }
}
