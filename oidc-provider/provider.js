// A real OpenID provider (oidc-provider) for tests/e2e/oidc.py: three people, a page that they use, a ledger that asks
// about opaque tokens. Prints "listening PORT" and ends with its standard input.
//
// Beside the provider's own addresses: POST /test/page (the address of a page in a browser, to which people may be sent back,
// and which may ask for tokens), POST /test/rotate (a new key in front of the old one), POST /test/sign (a token
// with any header and claims, under a key of the provider's or another), POST /test/away and /test/back (503 for all
// but /test).
import http from 'node:http';
import { generateKeyPairSync, createHmac, createSign, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const people = {
  anna: { cpr: '0101701234', acr: 'substantial' },
  bo: { cpr: '020270-1238', acr: 'low' },
  rita: { acr: 'high', roles: ['staff', 'revisor'] },
};

const systems = { epj: { roles: 'system' } };

let keys = [];
let provider;
let away = false;
let issuer;
const pages = ['https://page.example/cb'];

function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid: randomUUID(), privateKey, publicKey };
}

function jwk(key) {
  return { ...key.privateKey.export({ format: 'jwk' }), kid: key.kid, use: 'sig', alg: 'RS256' };
}

function rotate() {
  keys = [newKey(), ...keys].slice(0, 2);
  renew();
}

function renew() {
  provider = new Provider(issuer, {
    jwks: { keys: keys.map(jwk) },
    clients: [
      { client_id: 'page', redirect_uris: pages, token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'], response_types: ['code'] },
      { client_id: 'other', redirect_uris: ['https://page.example/cb'], token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'], response_types: ['code'] },
      { client_id: 'epj', client_secret: 'a secret of a system', redirect_uris: [], response_types: [],
        grant_types: ['client_credentials'] },
      { client_id: 'ledger', client_secret: 'et hemmeligt:ord', redirect_uris: [], grant_types: [], response_types: [] },
    ],
    clientBasedCORS: (ctx, origin) => pages.some((page) => new URL(page).origin === origin),
    cookies: { keys: ['one'] },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (ctx, token) => people[token.accountId] ?? systems[token.clientId],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'read system/AuditEvent.c system/AuditEvent.rs',
          audience: resource,
          accessTokenFormat: resource.endsWith('/opaque') ? 'opaque' : 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    pkce: { required: () => true },
    ttl: { AccessToken: 3600, AuthorizationCode: 60, ClientCredentials: 300, Grant: 3600, Interaction: 600, Session: 3600, IdToken: 3600 },
  });
}

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function sign({ header, claims, by }) {
  const text = `${encode({ alg: 'RS256', typ: 'at+jwt', kid: keys[0].kid, ...header })}.${encode({ iss: issuer, ...claims })}`;
  if (by === 'none') return `${text}.`;
  if (by === 'hmac') {
    const pem = keys[0].publicKey.export({ type: 'spki', format: 'pem' });
    return `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`;
  }
  const key = by === 'foreign' ? newKey().privateKey : keys[0].privateKey;
  return `${text}.${createSign('sha256').update(text).sign(key, 'base64url')}`;
}

async function test(request, response) {
  let body = '';
  for await (const piece of request) body += piece;
  let answer = '';
  if (request.url === '/test/page') {
    pages.push(JSON.parse(body));
    renew();
  }
  if (request.url === '/test/rotate') rotate();
  if (request.url === '/test/away') away = true;
  if (request.url === '/test/back') away = false;
  if (request.url === '/test/sign') answer = sign(JSON.parse(body));
  response.end(answer);
}

const server = http.createServer((request, response) => {
  if (request.url.startsWith('/test/')) return void test(request, response);
  if (away) return void response.writeHead(503).end();
  provider.callback()(request, response);
});
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  rotate();
  console.log(`listening ${server.address().port}`);
});
process.stdin.resume().on('end', () => process.exit(0));
