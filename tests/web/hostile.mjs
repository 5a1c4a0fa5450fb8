// The citizen's page in a real browser, in front of a ledger that means it no good: answers of other forms than spec/http.md
// has, lists that never end, streams that never say anything, and texts that want to be something else. Whatever comes, there
// is a page that says in words what is the matter, goes on answering its reader, and does not say that all is shown.
//   node hostile.mjs CONFIG.json   with chromium and folder. Speaks TAP; tests/e2e/page_hostile.py calls it.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { front } from './front.mjs';
import { DIRECTION, HTML, answers, lists, page as listOf, access } from './hostile-answers.mjs';
import { ok, plan } from './tap.mjs';

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const only = process.argv[3];
async function part(name, work) {
  if (only && !new RegExp(only).test(name)) return;
  try {
    await work();
  } catch (error) {
    ok(false, `${name}: ${String(error.message).split('\n')[0]}`, String(error.stack).split('\n').slice(0, 6));
    for (const context of browser.contexts()) await context.close();
  }
}

const browser = await chromium.launch({ executablePath: given.chromium, args: ['--no-sandbox'] });
const server = await front({ folder: given.folder, prefix: '/', people: { anna: { token: 'x', name: 'Anna Jensen' }, short: { token: 'x', name: 'Anna Jensen', seconds: 700 } }, config: { vkey: 'log.example+00000000+AAAA', lag_seconds: 60 } });
const { options } = server;

const json = (response, value, status = 200) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(typeof value === 'string' ? value : JSON.stringify(value));

/** A ledger: what it answers to each path, a value or a function of (request, response, url). */
function ledger(own = {}) {
  const usual = { ...answers(), ...own };
  options.raw = (path, request, response, url, body) => {
    request.body = body;
    const stream = request.headers.accept === 'text/event-stream';
    const answer = stream ? usual.stream : usual[path];
    if (typeof answer === 'function') answer(request, response, url);
    else if (answer === undefined) json(response, { error: 'x' }, 404);
    else json(response, path === '/v1/accesses' && request.headers['indsigt-subject'] ? { ...answer, subject: request.headers['indsigt-subject'] } : answer);
    return true;
  };
}

async function open({ lang = 'da', hash = '', width = 390, config, ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 844 }, ...more });
  await context.addInitScript((language) => localStorage.setItem('indsigt.language', language), lang);
  const page = await context.newPage();
  page.setDefaultTimeout(given.patience ?? 30_000); // a bound for a busy machine, not what it takes
  page.broken = [];
  page.on('pageerror', (error) => page.broken.push(String(error.stack)));
  if (config) await page.route('**/config.json', (route) => route.fulfill({ contentType: 'application/json', body: config }));
  await page.goto(server.address + hash);
  return page;
}

async function signIn(settings = {}) {
  const page = await open(settings);
  await page.getByRole('button', { name: /^(Log ind|Sign in)$/ }).click();
  await page.getByRole('link', { name: settings.person ?? 'anna', exact: true }).click();
  await page.waitForSelector('main h1');
  return page;
}

const close = (page) => page.context().close();
const text = (page, selector = 'main') => page.locator(selector).first().innerText();
const go = async (page, hash) => {
  await page.evaluate((there) => { location.hash = there; }, hash);
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
};
const ALL = /Alle er vist|Intet er udeladt|Det er alt/;
const settled = (page) => page.waitForFunction(() => document.querySelector('.note.bad, .sentence:not(.soft)'));

/** Every view has a heading and words, and nothing of the page broke. */
async function stands(page, views = ['#/accesses', '#/access/7', '#/proof', '#/powers', '#/notices', '#/numbers', '#/more', '#/']) {
  const blank = [];
  for (const view of views) {
    await go(page, view);
    if (!(await page.locator('main h1').first().isVisible()) || (await text(page)).length < 20 || !(await page.locator('header').isVisible())) blank.push(view);
  }
  return [...blank, ...page.broken];
}

for (const [name, own] of Object.entries(lists)) {
  await part(`a list: ${name}`, async () => {
    ledger({ '/v1/accesses': typeof own === 'function' ? own : (request, response) => json(response, own) });
    const page = await signIn();
    await settled(page);
    await page.waitForSelector('.note.bad');
    ok(!ALL.test(await text(page)), `it is not said that all is shown: ${name}`, await text(page));
    const found = await stands(page, ['#/accesses', '#/access/7', '#/']);
    ok(found.length === 0, `and the page stands: ${name}`, found);
    await close(page);
  });
}

const others = {
  '/v1/coverage': [null, 7, [], {}, { senders: {} }, { senders: [null] }, { senders: [{ id: 1, name: {}, policy: 'x', since: 'never' }] }, 'no JSON'],
  '/v1/mandates': [null, 'x', 7, {}, { mandates: {} }, { mandates: [null] }, { mandates: [{ principal: {}, kind: 'constructor', until: 'soon', name: [] }] }],
  '/v1/numbers': [null, [], {}, { accesses: {} }, { accesses: { days: ['x'], sums: 7, organisations: [{}], rule: null }, coverage: null, checkpoint: 7 },
    { accesses: { days: [], sums: [], organisations: [], rule: { base: 10, days: 31 } }, reports: { quarters: ['x'], organisations: {} }, coverage: { counts: {} }, checkpoint: 'x' }],
  '/v1/notifications': [null, [], {}, { wishes: null }, { wishes: { on: true, when: 'never' } }, 'no JSON'],
};
for (const [path, values] of Object.entries(others)) {
  await part(`other answers: ${path}`, async () => {
    for (const value of values) {
      ledger({ [path]: (request, response) => json(response, value === null ? 'null' : value) });
      const page = await signIn();
      await settled(page);
      const found = await stands(page, ['#/powers', '#/proof', '#/access/7', '#/']);
      ok(found.length === 0, `${path} ${JSON.stringify(value).slice(0, 60)}: the page stands`, found);
      const view = { '/v1/numbers': '#/numbers', '/v1/notifications': '#/notices' }[path];
      if (view) {
        await go(page, view);
        await page.waitForSelector('.note.bad');
        ok(page.broken.length === 0, '... and says that it could not be read', page.broken);
      }
      await close(page);
    }
  });
}

await part('what the configuration says', async () => {
  for (const config of [null, [], 7, { issuer: 7 }, { languages: 7 }, { languages: ['xx'] }, { ledger: {} }, { issuer: 'javascript:alert(1)', client_id: 'x' }]) {
    const page = await open({ config: JSON.stringify(config) });
    await page.waitForSelector('main h1');
    ok((await text(page)).length > 20 && page.broken.length === 0, `the page stands with ${JSON.stringify(config)}`, page.broken);
    await close(page);
  }
});

await part('texts that want to be something else', async () => {
  const bad = (index, what) => access(index, { activity: what, purpose: what, system: what, org: { id: 'cvr:1', name: what }, reason: what, categories: [what], ai: { system: what, sources: [what] },
    actor: { kind: 'human', role: what, name: what }, on_behalf_of: { name: what, role: what }, recipient: what, custodian: what, consent: what, legal_basis: what, session: what });
  ledger({ '/v1/accesses': listOf([bad(7, HTML), bad(6, `Ægte ${DIRECTION}`), bad(5, 'W'.repeat(1000)), bad(4, `${'é'.normalize('NFD')}${'\u0301'.repeat(300)}`)]),
    '/v1/mandates': { mandates: [{ principal: 'cpr:0202701238', kind: 'attorney', name: `${HTML}${DIRECTION}` }] },
    '/v1/coverage': { senders: [{ id: 1, name: HTML + DIRECTION, org: 'cvr:1', status: 'active', events: 1, silent: false, compromised: false, endorsed: true, since: '2026-01-01T00:00:00Z', last_received: null, policy: ['open:constructor', 'close:toString', HTML] }] } });
  const page = await signIn({ width: 320 });
  await settled(page);
  await page.waitForSelector('.whose');
  const found = await stands(page);
  ok(found.length === 0, 'the page stands', found);
  for (const view of ['#/', '#/accesses', '#/access/7', '#/access/6', '#/access/5', '#/proof', '#/powers']) {
    await go(page, view);
    const state = await page.evaluate(() => ({ made: document.querySelectorAll('img, script:not([src]), iframe, b').length, ran: globalThis.ran, wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      marks: /[\u202A-\u202E\u2066-\u2069\u200E\u200F\u061C]/.test(`${document.documentElement.innerText}${document.title}${[...document.querySelectorAll('[aria-label]')].map((one) => one.getAttribute('aria-label')).join()}`) }));
    ok(state.made === 0 && !state.ran, `HTML in a text is text: ${view}`, state);
    ok(!state.marks, `marks that turn the direction of what is written are shown as what nobody can read: ${view}`, state);
    ok(state.wide <= 0, `no word is wider than a small phone: ${view}`, state);
  }
  await close(page);
});

await part('a stream that never ends an event', async () => {
  let asked = 0;
  ledger({ stream: (request, response) => {
    asked += 1;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const piece = 'x'.repeat(65_536);
    const more = () => { while (!response.destroyed && response.write(piece)); };
    response.write('retry: 0\ndata: ');
    response.on('drain', more).on('error', () => {}).on('close', () => { response.gone = true; });
    more();
    ended.push(new Promise((go) => response.on('close', go)));
  } });
  const ended = [];
  const page = await signIn();
  await page.waitForFunction(() => /Alle er vist/.test(document.querySelector('.sentence')?.innerText));
  while (ended.length === 0) await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
  await ended[0];
  ok(asked >= 1 && (await stands(page)).length === 0, 'is given up, and the page stands', page.broken);
  await close(page);
});

await part('a stream that only says: begin again', async () => {
  let asked = 0;
  let lists_ = 0;
  ledger({ stream: (request, response) => { asked += 1; response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end('event: reset\nid: 9\ndata: \n\n'); },
    '/v1/accesses': (request, response) => { if (!request.headers['indsigt-subject']) lists_ += 1; json(response, listOf([access(7)])); } });
  const page = await signIn();
  await settled(page);
  await page.waitForTimeout(1500);
  ok(asked >= 1 && lists_ <= 3, 'does not have the list asked for without end', { asked, lists: lists_ });
  await close(page);
});

await part('what a stream adds', async () => {
  const tell = (id, event) => `event: access\nid: ${id}\ndata: ${JSON.stringify(listOf([event], 40))}\n\n`;
  const bad = { 'an old place in the log': access(3, { activity: 'Listet ind' }), 'a place there is one at': access(7, { activity: 'Listet ind' }) };
  for (const [name, event] of Object.entries(bad)) {
    ledger({ stream: (request, response) => response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(tell(20, event) + tell(21, access(21, { activity: 'Et nyt opslag' }))) });
    const page = await signIn();
    await page.waitForFunction(() => document.querySelector('main').innerText.includes('Et nyt opslag'));
    ok(!(await text(page)).includes('Listet ind') && (await stands(page)).length === 0, `is not taken: ${name}`, page.broken);
    await close(page);
  }
  let told;
  const done = new Promise((go) => { told = go; });
  ledger({ stream: (request, response) => response.on('close', told).writeHead(200, { 'Content-Type': 'text/event-stream' }).write(tell(20, { index: 20 })) });
  const page = await signIn();
  await done;
  ok((await stands(page)).length === 0, 'what has no form ends the stream, and the page stands', page.broken);
  await close(page);
});

await part('is the page itself genuine', async () => {
  ledger();
  for (const [lang, words] of Object.entries({ da: ['Er siden ægte?', 'kan vise en falsk', 'Hent den underskrevne side', 'Hent dens underskrift', 'tilbyder den ikke'], en: ['Is this page genuine?', 'can serve a false one', 'Get the signed page', 'Get its signature', 'do not offer it'] })) {
    const config = { ...server.config, download: 'https://page.example/page.tar', publisher: 'page.example+00000000+AAAA' };
    const page = await signIn({ lang, hash: '#/proof', config: JSON.stringify(config), width: 320 });
    const told = await text(page, '#genuine');
    ok(told.includes(words[0]) && told.includes(words[1]) && told.includes(config.publisher) && told.includes('indsigt page verify page.tar --vkey KEY'), `who serves a page can lie, which it says (${lang})`, told);
    const links = await page.locator('#genuine a').evaluateAll((found) => found.map((one) => [one.innerText, one.href]));
    ok(JSON.stringify(links) === JSON.stringify([[words[2], config.download], [words[3], `${config.download}.note`]]), `and links the signed one (${lang})`, links);
    await close(page);
    const without = await signIn({ lang, hash: '#/proof' });
    ok((await text(without, '#genuine')).includes(words[4]) && (await without.locator('#genuine a').count()) === 0, `or says that there is none (${lang})`);
    await close(without);
  }
});

await part('two switches, one behind the other', async () => {
  const waiting = [];
  ledger({ '/v1/mandates': { mandates: [{ principal: 'cpr:0202701238', kind: 'attorney', name: 'Bo' }, { principal: 'cpr:1503181235', kind: 'parental', name: 'Ida' }] },
    '/v1/accesses': (request, response) => {
      const subject = request.headers['indsigt-subject'];
      const one = { ...listOf([access(7, { activity: `Opslag om ${subject ?? 'Anna'}` })]), subject: subject ?? 'cpr:0101701234' };
      if (subject?.startsWith('cpr:')) waiting.push({ subject, send: () => json(response, one) });
      else json(response, one);
    } });
  const page = await signIn({ hash: '#/powers' });
  await page.getByRole('button', { name: 'Se for Bo' }).click();
  await go(page, '#/powers');
  await page.getByRole('button', { name: 'Se for Ida' }).click();
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
  while (waiting.length < 2) await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
  waiting.find(({ subject }) => subject.includes('0202701238')).send();
  waiting.find(({ subject }) => subject.includes('1503181235')).send();
  await settled(page);
  await go(page, '#/accesses');
  await page.waitForSelector('.days .row');
  const told = await text(page, '#page');
  ok(told.includes('Du ser oplysninger om Ida') && told.includes('Opslag om cpr:1503181235') && !told.includes('cpr:0202701238'), 'what came for the former is not drawn under the latter\'s name', told);
  await page.goBack();
  await page.goBack();
  const back = await text(page, '#page');
  ok(back.includes('Du ser oplysninger om Ida') && !back.includes('cpr:0202701238') && !back.includes('Opslag om Anna'), 'nor by going back', back);
  await close(page);
});

await part('an answer about somebody else', async () => {
  ledger({ '/v1/mandates': { mandates: [{ principal: 'cpr:0202701238', kind: 'attorney', name: 'Bo' }] },
    '/v1/accesses': (request, response) => json(response, { ...listOf([access(7, { activity: 'Opslag om Anna' })]), subject: 'cpr:0101701234' }) });
  const page = await signIn({ hash: '#/powers' });
  await page.getByRole('button', { name: 'Se for Bo' }).click();
  await page.waitForSelector('.note.bad');
  await go(page, '#/accesses');
  ok(!(await text(page)).includes('Opslag om Anna'), 'is not shown under this one\'s name', await text(page));
  await close(page);
});

await part('signing out while it loads', async () => {
  const waiting = [];
  ledger({ '/v1/accesses': (request, response, url) => (url.searchParams.has('cursor') ? waiting.push(() => json(response, listOf([access(3)]))) : json(response, { ...listOf([access(7)]), cursor: 'more' })),
    '/v1/coverage': (request, response) => void waiting.push(() => json(response, { senders: [] })) });
  const page = await signIn();
  await page.waitForSelector('.sentence:not(.soft)');
  while (waiting.length < 2) await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
  await page.getByRole('button', { name: 'Log ud' }).click();
  for (const send of waiting) send();
  await page.waitForSelector('.signin');
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  ok((await text(page, '#page')).includes('Du er logget ud') && (await page.locator('.sentence, .rows').count()) === 0 && page.broken.length === 0, 'nothing comes after it', [await text(page, '#page'), page.broken]);
  await page.goBack().catch(() => {});
  ok(!(await text(page, 'body')).includes('Opslag nr.'), 'nor by going back');
  await close(page);
});

await part('another language in the middle of a text', async () => {
  ledger();
  const page = await signIn({ hash: '#/access/7' });
  await page.getByRole('button', { name: 'Meld som mistænkeligt' }).click();
  await page.getByLabel('Hvad undrer dig?').fill('Et langt brev');
  await page.getByRole('button', { name: 'English' }).click();
  ok((await page.getByLabel('What do you wonder about?').inputValue({ timeout: 2000 }).catch(() => null)) === 'Et langt brev', 'leaves a report as it is');
  await go(page, '#/accesses');
  await page.goBack();
  ok((await page.getByLabel('What do you wonder about?').inputValue({ timeout: 2000 }).catch(() => null)) === 'Et langt brev', 'and so does going away and back');
  await go(page, '#/powers');
  await page.getByLabel('CPR number of who may see').fill('020270');
  await page.getByLabel('Name (so that you know it again)').fill('Bo');
  await page.getByRole('button', { name: 'Dansk' }).click();
  ok((await page.getByLabel('Cpr-nummer på den, der må se').inputValue()) === '020270' && (await page.getByLabel('Navn (så').inputValue()) === 'Bo', 'and a power of attorney');
  await go(page, '#/accesses');
  await page.locator('summary', { hasText: 'Filtre' }).click();
  await page.getByLabel('Søg i opslag').fill('noget');
  await page.getByRole('button', { name: 'English' }).click();
  ok((await page.getByLabel('Search in accesses').inputValue()) === 'noget', 'and a filter');
  await close(page);
});

await part('the end of a session in the middle of a report', async () => {
  const sent = [];
  ledger({ '/v1/reports': (request, response) => { sent.push(1); json(response, { error: 'x' }, 401); } });
  const page = await signIn({ hash: '#/access/7' });
  await page.getByRole('button', { name: 'Meld som mistænkeligt' }).click();
  await page.getByLabel('Hvad undrer dig?').fill('Et langt brev');
  await page.getByRole('button', { name: 'Send melding' }).click();
  await page.waitForSelector('.signin');
  const told = await text(page);
  ok(sent.length === 1 && told.includes('Dit login gælder ikke længere') && told.includes('Din melding blev ikke sendt'), 'is said, and that nothing was sent', told);
  ok(!(await text(page, 'body')).includes('Et langt brev') && page.broken.length === 0, 'and nothing of it stays', page.broken);
  await close(page);
});

await part('a machine that slept', async () => {
  ledger();
  const page = await open();
  await page.clock.install();
  await page.getByRole('button', { name: 'Log ind' }).click();
  await page.getByRole('link', { name: 'short', exact: true }).click();
  await settled(page);
  await page.clock.setSystemTime(Date.now() + 3_600_000); // the clock goes on, no timer does
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  ok((await text(page)).includes('fordi tiden er gået'), 'shows nothing of a session whose time is up', await text(page));
  await close(page);
});

await part('when somebody wants to be told', async () => {
  const asked = [];
  ledger({ '/v1/notifications': (request, response) => { if (request.method === 'GET') json(response, { wishes: asked.at(-1) ?? { on: false }, stopped: false, waiting: false }); else { asked.push(JSON.parse(request.body)); json(response, { wishes: {}, stopped: false }); } } });
  const page = await signIn({ lang: 'en', hash: '#/notices', width: 320 });
  await page.getByLabel('Send me a message').check();
  await page.getByLabel('Once a week').check();
  await page.getByLabel('Day of the week').selectOption('Friday');
  await page.locator('select[name=hour]').selectOption('17:00');
  await page.getByLabel('Quiet from').fill('20:30');
  await page.getByLabel('Quiet until').fill('20:30');
  await page.getByRole('button', { name: 'Save' }).click();
  ok((await text(page)).includes('two times that are not the same') && asked.length === 0, 'what is no quiet time is said, and not asked for');
  await page.getByLabel('Quiet until').fill('08:00');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForSelector('.note.good');
  ok(JSON.stringify(asked) === JSON.stringify([{ on: true, when: 'weekly', hour: 17, weekday: 5, quiet: { from: '20:30', to: '08:00' }, zone: 'Europe/Copenhagen', language: 'en' }]), 'day, hour and quiet hours are the person\'s own', asked);
  await go(page, '#/more');
  await go(page, '#/notices');
  await page.waitForSelector('form');
  ok((await page.getByLabel('Day of the week').inputValue()) === '5' && (await page.getByLabel('Quiet from').inputValue()) === '20:30', 'and stand there the next time');
  await page.getByLabel('At once').check();
  ok(!(await page.getByLabel('Day of the week').isVisible()) && !(await page.locator('select[name=hour]').isVisible()), 'what does not fit the rest is not asked');
  await close(page);
});

const mandate = { mandates: [{ principal: 'cpr:1503181235', kind: 'parental', name: 'Ida Marie Jensen-Kjærgaard', until: '2036-03-15T00:00:00Z' }] };
const VIEWS = ['#/', '#/accesses', '#/access/7', '#/proof', '#/powers', '#/notices', '#/numbers', '#/more'];

await part('words of twice the size', async () => {
  ledger({ '/v1/mandates': mandate });
  for (const width of [320, 640, 1280]) {
    const page = await signIn({ width, hash: '#/powers' });
    await page.getByRole('button', { name: 'Se for Ida' }).click();
    await page.waitForSelector('.whose.other');
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    for (const view of VIEWS) {
      await go(page, view);
      const found = await page.evaluate(() => ({ over: document.documentElement.scrollWidth - document.documentElement.clientWidth, cut: [...document.querySelectorAll('button, .tag, .button, h1, h2, .menu-bar span')]
        .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline').map((one) => one.innerText) }));
      ok(found.over <= 0 && found.cut.length === 0, `nothing is wider than the screen, or cut: ${view} at ${width}`, found);
    }
    await close(page);
  }
});

await part('by keyboard alone, on a small screen', async () => {
  ledger({ '/v1/mandates': mandate, '/v1/accesses': listOf([7, 6, 5, 4, 3, 2, 1].map((index) => access(index, { activity: `Opslag nr. ${index}` }))) });
  const page = await signIn({ width: 320, hash: '#/powers' });
  await page.getByRole('button', { name: 'Se for Ida' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('.whose.other');
  for (const view of ['#/', '#/accesses', '#/access/7', '#/proof', '#/numbers', '#/powers']) {
    await go(page, view);
    await page.evaluate(() => scrollTo(0, 0));
    const hidden = [];
    for (const key of ['Tab', 'Shift+Tab']) {
      for (let n = 0; n < 40; n += 1) {
        await page.keyboard.press(key);
        const state = await page.evaluate(() => {
          const one = document.activeElement;
          if (!one || one === document.body || !one.closest('main')) return null;
          const at = (one.matches('input[type=radio]') ? one.nextElementSibling : one).getBoundingClientRect();
          const bars = [...document.querySelectorAll('.menu-bar, .whose.other')].filter((bar) => ['fixed', 'sticky'].includes(getComputedStyle(bar).position)).map((bar) => bar.getBoundingClientRect());
          const free = [Math.max(0, ...bars.filter((bar) => bar.top <= 0).map((bar) => bar.bottom)), Math.min(innerHeight, ...bars.filter((bar) => bar.bottom >= innerHeight - 1 && bar.top > 0).map((bar) => bar.top))];
          const seen = Math.min(at.bottom, free[1]) - Math.max(at.top, free[0]);
          return seen >= Math.min(20, at.height) ? null : `${one.tagName} ${one.innerText?.slice(0, 30) ?? one.name} ${Math.round(at.top)}-${Math.round(at.bottom)} of ${free.map(Math.round)}`;
        });
        if (state) hidden.push(state);
      }
    }
    ok(hidden.length === 0, `who is at something sees it: ${view}`, hidden.slice(0, 4));
  }
  await close(page);
});

await part('colours of the reader\'s own, and no movement', async () => {
  ledger({ '/v1/mandates': mandate });
  const page = await signIn({ forcedColors: 'active', reducedMotion: 'reduce', hash: '#/powers' });
  await page.getByRole('button', { name: 'Se for Ida' }).click();
  await page.waitForSelector('.whose.other');
  await page.waitForSelector('.ranking-bar .bar');
  const moving = await page.evaluate(() => [...document.querySelectorAll('*')].filter((one) => { const style = getComputedStyle(one); return !/^(0s(, )?)+$/.test(style.transitionDuration) || style.animationName !== 'none'; }).map((one) => one.tagName));
  ok(moving.length === 0, 'nothing moves for who wants none of it', moving.slice(0, 5));
  const look = await page.evaluate(() => {
    const of = (selector) => { const one = document.querySelector(selector); const style = one && getComputedStyle(one); return style && [style.color, style.backgroundColor, style.fill, style.borderTopStyle]; };
    return { whose: of('.whose.other'), chosen: of('.segments input:checked + span'), other: of('.segments input:not(:checked) + span'), bar: of('.ranking-bar .bar'), ground: of('.ranking-bar .ground') };
  });
  ok(look.whose[3] === 'solid' && look.chosen[1] !== look.other[1] && look.bar[2] !== look.ground[2], 'whose list it is, what is chosen and how much still differ', look);
  await close(page);
});

const code = plan();
await browser.close();
server.end();
process.exit(code);
