// The citizen's page in a real browser, in front of a real ledger: node page.mjs CONFIG.json, which names the page's folder,
// queryd's address, the log's key, tokens, and where screenshots go. Speaks TAP; tests/e2e/page.py makes the ledger.
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { front } from './front.mjs';
import { tamperings } from './tamperings.mjs';
import { ok, plan } from './tap.mjs';

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const NAMES = { anna: 'Anna Jensen', bo: 'Bo Nielsen', child: 'Ida Jensen', nobody: 'Niels Ingen', many: 'Mange Sager' };
const people = Object.fromEntries(Object.entries(given.tokens).map(([name, token]) => [name, { token, name: NAMES[name] }]));
people.warned = { token: given.tokens.anna, name: NAMES.anna, seconds: 700 };
people.short = { token: given.tokens.anna, name: NAMES.anna, seconds: 2 };
mkdirSync(given.shots, { recursive: true });

async function part(name, work) {
  try {
    await work();
  } catch (error) {
    ok(false, `${name}: ${String(error.message).split('\n')[0]}`, String(error.stack).split('\n').slice(0, 6));
  }
}

const browser = await chromium.launch({ executablePath: given.chromium, args: ['--no-sandbox'] });
const server = await front({ folder: given.folder, prefix: '/borger/indsigt/', query: given.query, people, config: { vkey: given.vkey, lag_seconds: 60, policy: null } });
const { options } = server;
const noise = [];
const elsewhere = [];

async function open({ width = 390, height = 844, dark = false, lang = 'da', hash = '', visit = 3, quiet = false, init } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', locale: lang === 'da' ? 'da-DK' : 'en-GB', acceptDownloads: true, reducedMotion: 'reduce' });
  await context.addInitScript(([language, days]) => {
    localStorage.setItem('indsigt.language', language);
    if (days && !localStorage.getItem('indsigt.visit')) localStorage.setItem('indsigt.visit', String(Date.now() - days * 86_400_000));
  }, [lang, visit]);
  if (init) await context.addInitScript(init);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000); // a bound for a busy machine, not what it takes
  if (!quiet) {
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && noise.push(message.text()));
    page.on('pageerror', (error) => noise.push(String(error)));
  }
  page.on('response', (answer) => answer.status() >= 400 && !quiet && noise.push(`${answer.status()} ${new URL(answer.url()).pathname}`));
  page.on('request', (request) => !request.url().startsWith(server.base) && !/^(data|blob):/.test(request.url()) && elsewhere.push(request.url()));
  await page.goto(server.address + hash);
  return page;
}

async function signIn(name, settings = {}) {
  const page = await open(settings);
  await page.getByRole('button', { name: /^(Log ind|Sign in)$/ }).click();
  await page.getByRole('link', { name, exact: true }).click();
  await page.waitForSelector('main h1');
  if (settings.whole !== false) await page.waitForSelector('.chip:not(:empty), .verdict, .note.bad, main dl, main form, main .menu');
  return page;
}

const close = (page) => page.context().close();
const text = (page, selector = 'main') => page.locator(selector).first().innerText();
const go = async (page, hash) => {
  await page.evaluate((there) => { location.hash = there; }, hash);
  await page.waitForTimeout(50);
};
const checked = (page, timeout = 60_000) => page.waitForSelector('.chip.good, .chip.bad, .chip.warn', { timeout });

async function holds(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')}`));
  return found;
}

const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function shot(page, name) {
  // Taken whole: everything is in sight then, so nothing waits to be drawn, and the menu stands at the end.
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const { width, height: before } = page.viewportSize();
  await page.setViewportSize({ width, height: Math.min(6000, Math.max(before, height)) });
  await page.waitForTimeout(150);
  await page.screenshot({ path: join(given.shots, `${name}.png`) });
  await page.setViewportSize({ width, height: before });
}

await part('signing in', async () => {
  const page = await open();
  ok((await text(page, 'h1')) === 'Hvem har set mine oplysninger?', 'who is not signed in is told what this is');
  ok((await page.evaluate(() => document.documentElement.lang)) === 'da', 'Danish comes first');
  await page.getByRole('button', { name: 'Log ind' }).click();
  await page.waitForSelector('text=anna');
  const asked = new URL(page.url());
  ok(asked.searchParams.get('code_challenge_method') === 'S256' && asked.searchParams.get('code_challenge').length === 43, 'signing in is by code with PKCE');
  ok(asked.searchParams.get('redirect_uri') === `${server.address}index.html`, 'the provider sends people back to the page\'s one address');
  await page.getByRole('link', { name: 'anna', exact: true }).click();
  await page.waitForSelector('.sentence');
  ok(!page.url().includes('code='), 'the code does not stay in the address');
  ok(await page.evaluate(() => sessionStorage.length === 0 && Object.keys(localStorage).sort().join() === 'indsigt.language,indsigt.visit'), 'the browser keeps a language and a time, no token');
  await checked(page);
  await page.reload();
  ok((await text(page, 'h1')) === 'Hvem har set mine oplysninger?', 'the token goes with the page');
  await close(page);
});

await part('the real thing: queryd\'s own page, and oidc-provider', async () => {
  if (!given.real) return;
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => noise.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && page.url().startsWith(given.real) && noise.push(message.text()));
  const answer = await page.goto(given.real);
  ok(answer.headers()['content-security-policy']?.includes("require-trusted-types-for 'script'"), 'queryd serves the page with its policy');
  await page.getByRole('button', { name: 'Log ind' }).click();
  await page.fill('input[name=login]', 'anna');
  await page.fill('input[name=password]', 'x');
  await page.click('button[type=submit]');
  await page.click('button[type=submit]');
  await page.waitForSelector('.chip.good');
  ok(/opslag fra 3 myndigheder/.test(await text(page, '.sentence')), 'signed in by the real provider, the list is there and proven', await text(page, '.sentence'));
  await go(page, '#/powers');
  await page.getByRole('button', { name: 'Se for 150318-1235' }).click();
  await page.waitForFunction(() => /opslag fra/.test(document.querySelector('.sentence')?.innerText));
  ok(await page.locator('.whose.other').isVisible(), 'and a child\'s, by who is signed in as themselves');
  await context.close();
});

await part('the overview', async () => {
  const page = await signIn('anna');
  await checked(page);
  const sentence = await text(page, '.sentence');
  ok(/^\d+ opslag fra 3 myndigheder de seneste 30 dage\. Alle er vist\.$/.test(sentence), 'one sentence first', sentence);
  ok((await text(page, '.chip')).startsWith('Kontrolleret: Listen er hel til'), 'and that it was checked', await text(page, '.chip'));
  const first = await text(page, 'section:has(h2:text("Værd at se på"))');
  for (const reason of ['Blev afvist', 'Nødadgang', 'Efter samtykket var slut', 'Nævner et samtykke, ingen kender']) ok(first.includes(reason), `what stands out is said first: ${reason}`, first);
  await go(page, '#/accesses?worth=1');
  await page.waitForSelector('.days');
  const worth = await text(page);
  await go(page, '#/');
  await page.waitForSelector('.chart');
  for (const reason of ['14 gange på én dag', 'Blev afvist', 'Nødadgang', 'Om natten', 'Uden for systemets sædvanlige tid', 'Første gang fra dette system']) ok(worth.includes(reason), `what stands out: ${reason}`);
  ok((await text(page)).includes('nye opslag siden dit seneste besøg'), 'what is new since the last visit');
  ok((await page.locator('svg.timeline').getAttribute('aria-label')).includes('Flest: '), 'the timeline says in words what it shows');
  await page.locator('.chart summary').first().click();
  ok((await page.locator('.chart table tbody tr').first().isVisible()), 'a table stands behind it');
  await page.getByText('90 dage', { exact: true }).click();
  ok(page.url().endsWith('#/?days=90') && /de seneste 90 dage/.test(await text(page, '.sentence')), 'the period stands in the address', page.url());
  await close(page);
});

await part('filters and details', async () => {
  const page = await signIn('anna', { hash: '#/accesses?org=cvr%3A19552101', width: 1280, height: 900 });
  await page.waitForSelector('.days');
  await page.waitForFunction(() => /\d+ af \d+ opslag/.test(document.querySelector('main').innerText));
  ok(/^7 af \d+ opslag/m.test(await text(page)), 'a filter in the address holds after signing in', (await text(page)).slice(0, 400));
  await page.getByLabel('Søg i opslag').fill('bank');
  await page.waitForFunction(() => /1 af \d+ opslag/.test(document.querySelector('main').innerText));
  ok(page.url().includes('text=bank') && page.url().includes('org=cvr'), 'what is typed stands in the address', page.url());
  ok(/1 af \d+ opslag/.test(await page.locator('[role=status].unseen').innerText()), 'and is announced');
  ok(!server.asked.some((one) => one.includes('bank')), 'and no server is told of it');
  await page.locator('.days a.row-link').first().click();
  await page.waitForSelector('dl');
  const told = await text(page);
  for (const words of ['Skattestyrelsen', 'Et it-system', 'Jyske Bank A/S', 'Samtykke fra borger', 'samtykke-2026-17', 'Hvad du ikke kan se her', 'Hvem har indberettet det']) ok(told.includes(words), `one access in words: ${words}`);
  ok(await page.evaluate(() => document.activeElement?.tagName === 'H1'), 'the reader is taken to the heading of a new view');
  ok(!/[0-9a-f]{40}|[A-Za-z0-9+/]{40}=/.test(told), 'nobody has to read a hash');
  await page.getByRole('link', { name: 'Tilbage' }).click();
  await page.waitForSelector('.days');
  ok(page.url().includes('text=bank'), 'back is where one came from');
  await page.getByRole('button', { name: 'Fjern alle filtre' }).click();
  ok(!page.url().includes('org='), 'filters go from the address, too');
  await page.locator('details.repeats summary').first().click();
  ok((await page.locator('details.repeats .inner .row').count()) >= 2 && (await text(page)).includes('14 gange'), 'repeats of a day are one line that opens');
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Hent som regneark (CSV)' }).click()]);
  const sheet = readFileSync(await saved.path(), 'utf8');
  ok(sheet.startsWith('\uFEFFindex;time;') && sheet.includes('Jyske Bank A/S') && !sheet.includes('Anne Jensen'), 'the list as a spreadsheet, with what is shown alone');
  await close(page);
});

await part('what is typed stays, whatever comes meanwhile', async () => {
  const page = await open();
  let give;
  const given = new Promise((go) => { give = go; });
  await page.route('**/v1/mandates', async (route) => { await given; await route.continue(); });
  await page.getByRole('button', { name: 'Log ind' }).click();
  await page.getByRole('link', { name: 'anna', exact: true }).click();
  await checked(page);
  await go(page, '#/accesses');
  await page.locator('summary', { hasText: 'Filtre' }).click();
  await page.getByLabel('Søg i opslag').pressSequentially('tastselv');
  give();
  await page.waitForSelector('.whose');
  ok((await page.getByLabel('Søg i opslag').inputValue()) === 'tastselv', 'words in a filter');
  ok((await page.evaluate(() => document.activeElement?.name)) === 'text', 'and who types goes on typing');
  await page.waitForFunction(() => location.hash.includes('text=tastselv'));
  await close(page);
});

await part('is that all', async () => {
  const page = await signIn('anna', { hash: '#/proof' });
  await page.waitForSelector('.verdict.good', { timeout: 60_000 });
  const told = await text(page, '.verdict');
  for (const words of ['Ja. Det er alt.', 'Loggens underskrift er ægte', 'ingen vidner', 'Intet er holdt tilbage.', 'Det, siden viser dig, er præcis det, der er bevist.']) ok(told.includes(words), `the panel says: ${words}`);
  await page.getByText('Vis mig hvordan').click();
  ok((await text(page, 'details.behind')).includes(given.vkey), 'experts see the key that it was checked against');
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Hent beviset' }).click()]);
  writeFileSync(given.statement, readFileSync(await saved.path()));
  ok((await text(page, '#sources')).includes('Har aldrig meldt noget'), 'systems that never reported are said as clearly');
  await close(page);
});

await part('held back', async () => {
  const page = await signIn('bo', { hash: '#/' });
  await checked(page);
  ok((await text(page, '.sentence')).includes('1 opslag er holdt tilbage for nu.'), 'what is held back is counted in the first sentence', await text(page, '.sentence'));
  ok((await text(page)).includes('Grund: Efterforskning (retsplejeloven)'), 'with its reason');
  await go(page, '#/proof');
  await page.waitForSelector('.verdict.good', { timeout: 60_000 });
  ok((await text(page, '.verdict')).includes('1 opslag er holdt tilbage. Det tæller med.'), 'and is part of the proof');
  await close(page);
});

await part('nobody looked', async () => {
  const page = await signIn('nobody', { lang: 'en' });
  await checked(page);
  ok((await text(page, '.sentence')) === 'Nobody has looked in the last 30 days. Nothing is left out.', 'an empty list says so', await text(page, '.sentence'));
  ok((await page.locator('.chip.good').count()) === 1, 'and that is proven');
  await go(page, '#/proof');
  await page.waitForSelector('.verdict.good');
  ok((await text(page, '.verdict')).includes('There is no list about this person in the log'), 'in words');
  await close(page);
});

for (const [name, { path, change, says }] of Object.entries(tamperings)) {
  await part(`tampering: ${name}`, async () => {
    options.tamper = (asked, body) => (asked === path ? change(body, given) : body);
    const page = await signIn('anna', { hash: '#/proof' });
    await page.waitForSelector('.verdict.good, .verdict.bad, .verdict.warn', { timeout: 60_000 });
    options.tamper = null;
    const told = await text(page, '.verdict');
    ok((await page.locator('.verdict.bad').count()) === 1 && told.includes('Nej. Kontrollen fandt en fejl.'), `red: ${name}`, told);
    if (says) ok((await text(page, 'details.behind')).includes(says), `and shows experts why: ${says}`, await text(page, 'details.behind'));
    await go(page, '#/');
    await page.waitForSelector('.hero .chip');
    ok((await page.locator('.chip.bad').count()) === 1 && (await text(page, '.sentence')).includes('Det er ikke bevist, at alle er vist.'), 'and the overview says it, too', await text(page, '.sentence'));
    await close(page);
  });
}

await part('what cannot be looked at', async () => {
  for (const [status, words] of [[503, 'Der er travlt lige nu'], [404, 'Beviset er ikke klar endnu'], [500, 'Noget gik galt hos os']]) {
    options.refuse = (path) => (path === '/v1/statement' ? status : null);
    const page = await signIn('anna', { hash: '#/proof', quiet: true });
    await page.waitForSelector('.verdict.warn');
    ok((await page.locator('.verdict.bad').count()) === 0 && (await text(page, '.verdict')).includes(words), `${status} is "could not be checked", not "does not hold"`);
    options.refuse = null;
    await close(page);
  }
  options.tamper = (path, body) => (path === '/v1/statement' ? body.replace('"indsigt-statement/v3"', '"indsigt-statement/v4"') : body);
  const page = await signIn('anna', { hash: '#/proof' });
  await page.waitForSelector('.verdict.warn, .verdict.bad', { timeout: 60_000 });
  options.tamper = null;
  ok((await page.locator('.verdict.bad').count()) === 0 && (await text(page, '.verdict')).includes('Siden og loggen er af hver sin version.'), 'a statement of another version is nobody\'s fault');
  await close(page);
});

await part('errors in words', async () => {
  options.refuse = (path) => (path === '/v1/accesses' ? 503 : null);
  const busy = await signIn('anna', { quiet: true });
  await busy.waitForSelector('.note.bad');
  ok((await text(busy)).includes('Vent et øjeblik, og prøv igen.'), '503 in words');
  options.refuse = null;
  await busy.getByRole('button', { name: 'Prøv igen' }).click();
  await busy.waitForSelector('.sentence:not(.soft)');
  ok(/opslag fra/.test(await text(busy, '.sentence')), 'and trying again goes on');
  await busy.context().setOffline(true);
  await go(busy, '#/proof');
  await busy.getByRole('button', { name: /Kontrollér/ }).click();
  await busy.waitForSelector('.verdict.warn');
  ok((await text(busy, '.verdict')).includes('Der er ingen forbindelse'), 'offline in words');
  await close(busy);
  const refused = await signIn('anna', { quiet: true });
  await checked(refused);
  options.refuse = (path) => (path === '/v1/statement' ? 401 : null);
  await go(refused, '#/proof');
  await refused.getByRole('button', { name: /Kontrollér/ }).click();
  await refused.waitForSelector('.signin');
  ok((await text(refused)).includes('Dit login gælder ikke længere'), 'a token that is refused ends the session in words');
  options.refuse = null;
  await close(refused);
  const short = await signIn('short', { quiet: true });
  await short.waitForSelector('.signin', { timeout: 30_000 });
  ok((await text(short)).includes('Du er logget ud, fordi tiden er gået'), 'the end of a session in words');
  ok((await short.locator('.rows').count()) === 0, 'and nothing of the person stays on the page');
  await close(short);
});

await part('before a session ends', async () => {
  const page = await open({ quiet: true });
  await page.clock.install();
  await page.getByRole('button', { name: 'Log ind' }).click();
  await page.getByRole('link', { name: 'warned', exact: true }).click();
  await page.waitForSelector('main h1');
  await page.clock.fastForward(410_000);
  ok((await text(page)).includes('Du bliver logget ud om 5 minutter'), 'who is about to be signed out is told some minutes before', (await text(page)).slice(0, 200));
  await close(page);
});

await part('wishes', async () => {
  // The notifier is another program's test; here the page asks for what spec/notify.md (NTF-5) takes, and for nothing beside it.
  const asked = [];
  options.answer = (path, request, body) => {
    if (path !== '/v1/notifications') return null;
    if (request.method === 'PUT') asked.push(JSON.parse(body));
    return { wishes: asked.at(-1) ?? { on: false }, stopped: false, waiting: false };
  };
  const page = await signIn('anna', { hash: '#/notices' });
  await page.getByLabel('Send mig besked').check();
  await page.getByRole('button', { name: 'Gem' }).click();
  await page.waitForSelector('.note.good');
  await page.getByLabel('Med det samme').check();
  await page.getByLabel('Ikke om natten').uncheck();
  await page.getByRole('button', { name: 'Gem' }).click();
  await page.waitForTimeout(200);
  await page.getByLabel('Send mig besked').uncheck();
  await page.getByRole('button', { name: 'Gem' }).click();
  await page.waitForTimeout(200);
  const expected = [{ on: true, when: 'daily', hour: 8, quiet: { from: '22:00', to: '07:00' }, zone: 'Europe/Copenhagen', language: 'da' }, { on: true, when: 'at-once', language: 'da' }, { on: false }];
  ok(JSON.stringify(asked) === JSON.stringify(expected), 'wishes are asked for as the notifier takes them', asked);
  ok((await holds(page)).length === 0, 'axe finds nothing: wishes');
  await shot(page, 'phone-da-light-wishes');
  options.answer = null;
  await close(page);
});

await part('a page that stops in the middle', async () => {
  let pages = 0;
  options.refuse = (path) => (path === '/v1/accesses' && ++pages > 2 ? 503 : null);
  const page = await signIn('many', { quiet: true, whole: false });
  await page.waitForSelector('.note.bad');
  ok((await text(page, '.sentence')).includes('Det, du ser her, er ikke alt.'), 'half a list does not say that it is all', await text(page, '.sentence'));
  options.refuse = null;
  await page.getByRole('button', { name: 'Prøv igen' }).click();
  await page.waitForFunction(() => /Alle er vist/.test(document.querySelector('.sentence')?.innerText));
  ok(true, 'and goes on where it stopped');
  await close(page);
});

await part('for somebody else', async () => {
  const page = await signIn('anna', { hash: '#/powers' });
  await page.getByRole('button', { name: 'Se for 150318-1235' }).click();
  await page.waitForSelector('.whose.other');
  await page.waitForFunction(() => /opslag fra/.test(document.querySelector('.sentence')?.innerText));
  ok((await text(page, '.whose.other')).includes('Du ser oplysninger om 150318-1235'), 'whose data it is stands on top');
  ok((await page.locator('.chip').innerText()).includes('Ikke kontrolleret endnu'), 'what would leave a trace in their log is asked for first');
  for (const view of ['#/accesses', '#/proof', '#/more']) {
    await go(page, view);
    ok(await page.locator('.whose.other').isVisible(), `and on ${view}`);
  }
  await go(page, '#/proof');
  await page.getByRole('button', { name: 'Kontrollér hele listen' }).click();
  await page.waitForSelector('.verdict.good', { timeout: 60_000 });
  ok(true, 'their list is proven like one\'s own');
  await page.getByRole('button', { name: 'Tilbage til dine egne' }).click();
  await page.waitForSelector('.whose:not(.other)');
  ok((await text(page, '.whose')).includes('Du ser dine egne oplysninger'), 'and back');
  await close(page);
});

await part('a report and its answer', async () => {
  const page = await signIn('anna', { hash: '#/accesses?text=tastselv' });
  await page.locator('.days a.row-link').first().click();
  await page.getByRole('button', { name: 'Meld som mistænkeligt' }).click();
  await page.getByLabel('Hvad undrer dig?').fill('Jeg har ingen sag dér.');
  await page.getByRole('button', { name: 'Send melding' }).click();
  await page.waitForSelector('#report .note.warn');
  ok((await text(page, '#report')).includes('Meldt i dag. Der er ikke svaret endnu.'), 'a report is in the log, and waits');
  await close(page);
  // What the organisation does about it, by its own system.
  console.log('# report');
  const again = await signIn('anna', { hash: '#/accesses?text=tastselv' });
  await again.locator('.days a.row-link').first().click();
  await again.waitForSelector('#report .note');
  ok((await text(again, '#report')).includes('Jeg har ingen sag dér.'), 'and is there when the person comes back');
  await close(again);
});

await part('an answer to an older report', async () => {
  if (!given.answered) return;
  const page = await signIn('anna', { hash: `#/access/${given.answered}` });
  await page.waitForSelector('#report .note.info');
  const told = await text(page, '#report');
  ok(told.includes('Besvaret samme dag:') && told.includes('Opslaget var en fejl'), 'the organisation\'s answer stands beside it, with the days', told);
  await close(page);
});

await part('consents', async () => {
  const page = await signIn('anna', { hash: '#/accesses?text=samtykke-2026' });
  for (const [id, words] of [['samtykke-2026-17', 'Dækket: Samtykket gjaldt'], ['samtykke-2026-18', 'trukket tilbage eller udløbet'], ['samtykke-2026-99', 'Ingen kilde kender dette samtykke']]) {
    await go(page, `#/accesses?text=${id}`);
    await page.locator('.days a.row-link').first().click();
    await page.waitForSelector('.state');
    await page.waitForFunction((said) => document.querySelector('.state')?.innerText.includes(said), words);
    ok((await text(page, '.state')).includes(words), `${id}: ${words}`, await text(page, '.state'));
  }
  await go(page, '#/powers');
  await page.waitForFunction(() => /Givet til Jyske Bank/.test(document.querySelector('main').innerText));
  ok((await text(page)).includes('Trukket tilbage'), 'consents stand with their state');
  await close(page);
});

await part('powers of attorney', async () => {
  const page = await signIn('bo', { hash: '#/powers' });
  await page.waitForFunction(() => /010170-1234/.test(document.querySelector('main').innerText));
  await page.getByLabel('Cpr-nummer på den, der må se').fill('12');
  await page.getByRole('button', { name: 'Giv fuldmagt' }).click();
  ok((await text(page)).includes('Skriv ti tal'), 'what is written wrong is said in words');
  await page.getByLabel('Cpr-nummer på den, der må se').fill('311299-1239');
  await page.getByLabel('Navn (så du kan kende fuldmagten)').fill('Min nabo');
  await page.getByRole('button', { name: 'Giv fuldmagt' }).click();
  await page.waitForSelector('.note.good');
  ok((await text(page)).includes('Min nabo'), 'a power of attorney is given', await text(page));
  const line = page.locator('li', { hasText: 'Min nabo' });
  await line.first().getByRole('button', { name: 'Træk tilbage' }).first().click();
  await line.first().locator('.danger').click();
  await page.waitForFunction(() => /Fuldmagten er trukket tilbage/.test(document.querySelector('main').innerText));
  ok((await line.first().innerText()).includes('Udløbet eller trukket tilbage'), 'and taken back', await line.first().innerText());
  await close(page);
});

await part('figures for all', async () => {
  const page = await open({ hash: '#/numbers' });
  await page.waitForSelector('section h2');
  ok((await text(page)).includes('Sådan er tallene gjort sikre') && (await text(page)).includes('rundet ned til nærmeste 10'), 'figures without signing in, with their rule', await text(page));
  ok(/Der er ingen tal at vise|bliver talt op/.test(await text(page)), 'of a young ledger nobody is told how long answers take', await text(page));
  await close(page);
  const reports = { rule: { base: 10, quarters: 2, days: [7, 30] }, quarters: ['2026-04-01T00:00:00Z', '2026-07-01T00:00:00Z'], sums: [[40, 10, 0], [0, 0, 30]],
    organisations: [{ org: 'cvr:55133018', name: 'Aarhus Kommune', people: [[40, 10, null], [null, null, null]] }, { org: 'cvr:1', people: [[null, null, null], [null, null, 30]] }] };
  options.tamper = (path, answer) => (path.startsWith('/v1/numbers') ? JSON.stringify({ ...JSON.parse(answer), reports }) : answer);
  const full = await open({ hash: '#/numbers', width: 320 });
  await full.waitForSelector('h3');
  const told = await text(full, 'section:has(h3)');
  ok(/3\. kvartal 2026\s+cvr:1: mindst halvdelen fik ikke svar inden 30 dage\.[^]*cvr:1[^]*ca\. 30[^]*2\. kvartal 2026\s+Aarhus Kommune: mindst halvdelen fik svar inden 7 dage\.[^]*Aarhus Kommune\s+ca\. 40\s+ca\. 10\s+få/.test(told), 'how long people waited, newest quarter first', told);
  ok((await wide(full)) <= 0 && (await holds(full)).length === 0, 'which fits a phone, and axe finds nothing', await holds(full));
  options.tamper = null;
  await close(full);
});

await part('what comes while the page is open', async () => {
  const page = await signIn('child');
  await checked(page);
  await page.waitForFunction(() => /Alle er vist/.test(document.querySelector('.sentence').innerText));
  const number = async () => Number(/^\d+/.exec(await text(page, '.sentence'))?.[0] ?? 0);
  const before = await number();
  const ask = (path, headers = {}) => fetch(`http://${given.query}${path}`, { headers: { Authorization: `Bearer ${given.tokens.anna}`, ...headers } }).then((answer) => answer.json());
  const { mandates } = await ask('/v1/mandates');
  await ask('/v1/accesses', { 'Indsigt-Subject': mandates.find(({ kind }) => kind === 'parental').principal });
  await page.waitForFunction(() => document.querySelector('[role=status].unseen').innerText === '1 nyt opslag er kommet til.', null, { timeout: 30_000 });
  ok((await number()) === before + 1, 'a new access is said, and stands among the others', [before, await text(page, '.sentence')]);
  const newest = await page.locator('section:has(h2:text("Seneste")) .row').first().innerText();
  ok(newest.includes('Indsigt') && newest.includes('Ny'), 'on top, as new', newest);
  await go(page, '#/proof');
  await page.getByRole('button', { name: /igen/ }).first().click();
  await page.waitForFunction(() => !document.querySelector('button:disabled'));
  await go(page, '#/');
  await page.waitForSelector('.chip.good, .chip.bad, .chip.warn');
  ok((await page.locator('.chip.good').count()) === 1, 'and is in the proof from then on', await text(page, '.chip'));
  await close(page);
});

await part('five thousand', async () => {
  const page = await signIn('many', { whole: false, init: () => {
    globalThis.long = [];
    new PerformanceObserver((list) => { for (const one of list.getEntries()) globalThis.long.push([Math.round(one.startTime), Math.round(one.duration)]); }).observe({ type: 'longtask', buffered: true });
    const look = () => {
      const sentence = document.querySelector('.sentence:not(.soft)')?.textContent ?? '';
      if (sentence && !globalThis.first) globalThis.first = Math.round(performance.now());
      if (/Alle er vist|All are shown/.test(sentence) && !globalThis.last) globalThis.last = Math.round(performance.now());
      if (document.querySelector('.chip.good') && !globalThis.proven) globalThis.proven = Math.round(performance.now());
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  } });
  await checked(page, 120_000);
  await go(page, '#/accesses');
  await page.waitForSelector('.days');
  for (let n = 0; n < 60; n += 1) {
    await page.mouse.wheel(0, 2000);
    await page.waitForTimeout(20);
  }
  const found = await page.evaluate(() => ({ first: globalThis.first, whole: globalThis.last, proven: globalThis.proven, long: globalThis.long }));
  ok((await text(page)).includes(`${new Intl.NumberFormat('da-DK').format(given.many)} opslag`) || (await text(page)).includes(`${given.many} opslag`), 'all of them are there');
  ok(found.proven > 0, 'and proven');
  console.log(`# ${given.many} accesses: first sentence after ${found.first} ms, all after ${found.whole} ms, proven after ${found.proven} ms; tasks over 50 ms: ${JSON.stringify(found.long)}`);
  await close(page);
});

await part('what the page is allowed', async () => {
  const page = await signIn('anna');
  await checked(page);
  const refused = await page.evaluate(() => {
    try { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); return 'taken'; } catch (error) { return error.name; }
  });
  ok(refused === 'TypeError', 'text is never read as HTML (Trusted Types are in force)', refused);
  const policy = await page.evaluate(() => {
    try { globalThis.trustedTypes.createPolicy('other', {}); return 'taken'; } catch (error) { return error.name; }
  });
  ok(policy === 'TypeError', 'and there is no other policy');
  noise.splice(0, noise.length, ...noise.filter((one) => !/TrustedHTML|createPolicy|TrustedTypePolicy|Trusted Type/.test(one)));
  await close(page);
});

await part('keyboard', async () => {
  const page = await signIn('anna', { width: 1280, height: 900 });
  await checked(page);
  const order = []; // back from the heading, to which the reader was taken
  for (let n = 0; n < 12; n += 1) {
    order.push(await page.evaluate(() => document.activeElement?.innerText?.trim().split('\n')[0] ?? document.activeElement?.tagName));
    await page.keyboard.press('Shift+Tab');
  }
  ok(order[0] === 'Hvem har set dine oplysninger?' && order.includes('Overblik') && order.includes('English'), 'the menu is reached by keyboard', order);
  await go(page, '#/accesses');
  await page.waitForSelector('.days');
  await page.locator('.days a.row-link').first().focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('dl');
  ok(await page.evaluate(() => document.activeElement?.tagName === 'H1'), 'an access opens by Enter');
  await close(page);
});

const VIEWS = { overview: '#/', numbers: '#/numbers', accesses: '#/accesses', access: null, proof: '#/proof', powers: '#/powers', notices: '#/notices', more: '#/more' };

for (const [size, width] of [['phone', 390], ['desktop', 1280], ['narrow', 320]]) {
  for (const lang of size === 'narrow' ? ['da'] : ['da', 'en']) {
    for (const dark of size === 'narrow' ? [false] : [false, true]) {
      const look = `${size}-${lang}-${dark ? 'dark' : 'light'}`;
      await part(look, async () => {
        const settings = { width, height: width > 600 ? 900 : 844, lang, dark, quiet: true };
        const out = await open(settings);
        await out.waitForSelector('main h1');
        const first = await holds(out);
        ok(first.length === 0, `axe finds nothing: sign-in ${look}`, first);
        await shot(out, `${look}-signin`);
        await close(out);
        const page = await signIn('anna', settings);
        await checked(page);
        for (const [view, hash] of Object.entries(VIEWS)) {
          if (hash) await go(page, hash);
          else await page.locator('.days a.row-link').first().click();
          await page.waitForSelector('main h1');
          await page.waitForTimeout(200);
          const found = await holds(page);
          ok(found.length === 0, `axe finds nothing: ${view} ${look}`, found);
          ok((await wide(page)) <= 0, `nothing is wider than the screen: ${view} ${look}`);
          await shot(page, `${look}-${view}`);
        }
        await go(page, '#/powers');
        await page.getByRole('button', { name: /(Se for|See for) 150318-1235/ }).click();
        await page.waitForSelector('.whose.other');
        await page.waitForTimeout(300);
        const found = await holds(page);
        ok(found.length === 0, `axe finds nothing: for a child ${look}`, found);
        await shot(page, `${look}-child`);
              await close(page);
      });
    }
  }
}

await part('paper and forced colours', async () => {
  const page = await signIn('anna', { width: 1280, height: 900 });
  await checked(page);
  await page.emulateMedia({ forcedColors: 'active' });
  await shot(page, 'forced-colours');
  await page.emulateMedia({ forcedColors: 'none', media: 'print' });
  await go(page, '#/accesses');
  await page.waitForSelector('.days');
  writeFileSync(join(given.shots, 'print.pdf'), await page.pdf({ format: 'A4' }));
  ok(await page.locator('.only-print').isVisible() && !(await page.locator('.menu-bar').isVisible()), 'on paper there is the list and no menu');
  await shot(page, 'print');
  await close(page);
});

ok(noise.length === 0, 'the console is quiet', noise.slice(0, 5));
ok(elsewhere.length === 0, 'nothing is asked of anybody else', elsewhere.slice(0, 5));
const code = plan();
await browser.close();
server.end();
process.exit(code);
