// A small web server in front of a ledger, as an operator has one: serves the page's folder under a path of its own, hands
// questions on to queryd, and, where a test asks, changes the answers on their way.
import http from 'node:http';
import { readFileSync, existsSync } from 'node:fs';
import { join, extname } from 'node:path';
import { randomUUID } from 'node:crypto';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.json': 'application/json', '.woff2': 'font/woff2' };

/** `options`: folder, prefix, query (HOST:PORT of queryd), config (of config.json), people ({name: {token, claims}}) for a
 *  provider of its own, tamper(path, text) => text, refuse(path) => status or null, raw(path, request, response) => true
 *  where it answers by itself. */
export async function front(options) {
  const { prefix = '/', people } = options;
  const codes = new Map();
  let config;
  const csp = () => `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' ${config.issuer ? new URL(config.issuer).origin : ''}; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types indsigt`;
  const asked = [];

  function provider(url, body, response) {
    const json = (value) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    const base = config.issuer;
    if (url.pathname.endsWith('/.well-known/openid-configuration')) return json({ issuer: base, authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/token` });
    if (url.pathname.endsWith('/authorize')) {
      const person = url.searchParams.get('person');
      if (!person) {
        const links = Object.keys(people).map((name) => `<p><a href="${url.pathname}${url.search.replace(/&/g, '&amp;')}&amp;person=${name}">${name}</a></p>`);
        return response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(`<!doctype html><html lang="da"><link rel="icon" href="data:,"><title>x</title>${links.join('')}`);
      }
      const code = randomUUID();
      codes.set(code, { person, nonce: url.searchParams.get('nonce') });
      const back = new URL(url.searchParams.get('redirect_uri'));
      back.searchParams.set('code', code);
      back.searchParams.set('state', url.searchParams.get('state'));
      return response.writeHead(302, { Location: back.href }).end();
    }
    const given = codes.get(new URLSearchParams(body).get('code'));
    if (!given) return response.writeHead(400).end('{}');
    const { token, name, seconds } = people[given.person];
    const claims = Buffer.from(JSON.stringify({ nonce: given.nonce, name })).toString('base64url');
    return json({ access_token: token, id_token: `e30.${claims}.x`, token_type: 'Bearer', expires_in: seconds ?? 3600 });
  }

  function pass(request, url, body, response) {
    asked.push(`${request.method} ${url.pathname}`);
    const path = `/${url.pathname.slice(prefix.length)}`;
    const refused = options.refuse?.(path, request);
    if (refused) return response.writeHead(refused, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ status: refused, error: 'x' }));
    if (options.raw?.(path, request, response, url, body)) return undefined;
    const own = options.answer?.(path, request, body);
    if (own !== undefined && own !== null) return response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(own));
    const [host, port] = options.query.split(':');
    const { host: _, 'accept-encoding': __, ...headers } = request.headers;
    const out = http.request({ host, port, path: `${path}${url.search}`, method: request.method, headers }, (answer) => {
      if (answer.headers['content-type'] === 'text/event-stream') {
        response.writeHead(answer.statusCode, answer.headers);
        response.on('close', () => out.destroy());
        return void answer.on('error', () => {}).pipe(response);
      }
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece)).on('end', () => {
        let bytes = Buffer.concat(pieces);
        if (options.tamper && answer.statusCode === 200) bytes = Buffer.from(options.tamper(path, bytes.toString('utf8')) ?? bytes);
        const { 'content-length': ___, ...kept } = answer.headers;
        response.writeHead(answer.statusCode, kept).end(bytes);
      });
    });
    out.on('error', () => response.writeHead(502).end());
    return out.end(body);
  }

  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => { body += piece; }).on('end', () => {
      const url = new URL(request.url, 'http://x');
      if (url.pathname.startsWith('/id/')) return provider(url, body, response);
      if (!url.pathname.startsWith(prefix)) return response.writeHead(404).end();
      const name = url.pathname.slice(prefix.length) || 'index.html';
      if (name === 'config.json') return response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(config));
      const file = join(options.folder, name);
      if (/^[\w.-]+$/.test(name) && existsSync(file)) return response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'text/plain', 'Content-Security-Policy': csp() }).end(readFileSync(file));
      return pass(request, url, body, response);
    });
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const base = `http://127.0.0.1:${server.address().port}`;
  config = { ledger: './', issuer: people ? `${base}/id/x` : null, client_id: 'indsigt-page', scope: 'openid', languages: ['da', 'en'], demo: true, policy: null, ...options.config };
  return { base, address: `${base}${prefix}`, asked, options, config, end: () => server.close() };
}
