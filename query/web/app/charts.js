// Two pictures of a list. Both say in words what they show, and have a table behind them; neither is the only place where
// something stands.
import { h, s } from './dom.js';

const HEIGHT = 132;
const FOOT = 24;
const HEAD = 18;

/** A round number of at least `most`, for the top of the picture. */
function ceiling(most) {
  for (const step of [1, 2, 3, 5, 10, 15, 20, 30, 50, 100, 150, 200, 300, 500, 1000, 2000, 5000, 10000, 50000, 100000]) if (most <= step) return step;
  return most;
}

function label(bar, width, say) {
  return width === 1 ? say.dayShort(bar.from) : `${say.dayShort(bar.from)} – ${say.dayShort(bar.to)}`;
}

function drawTimeline(svg, room, { width, bars }, say) {
  const top = ceiling(Math.max(1, ...bars.map((bar) => bar.count)));
  const left = 8 + 8 * String(say.number(top)).length;
  const step = (room - left) / bars.length;
  const thick = Math.max(2, Math.min(28, step * 0.72));
  const y = (n) => HEAD + (HEIGHT - HEAD - FOOT) * (1 - n / top);
  const parts = [0, top].map((n) => [s('line', { x1: left, x2: room, y1: y(n), y2: y(n), class: 'axis' }),
    s('text', { x: left - 8, y: y(n) + 4, class: 'tick end' }, say.number(n))]);
  bars.forEach((bar, n) => {
    const x = left + n * step + (step - thick) / 2;
    if (bar.count > 0) parts.push(s('rect', { x, y: Math.min(y(bar.count), y(0) - 2), width: thick, height: Math.max(2, y(0) - y(bar.count)), rx: Math.min(2, thick / 3), class: 'bar' },
      s('title', null, `${label(bar, width, say)}: ${say.number(bar.count)}`)));
  });
  const fit = Math.max(2, Math.floor((room - left) / 88));
  const every = Math.max(1, Math.ceil(bars.length / fit));
  for (let n = bars.length - 1; n >= 0; n -= every) {
    const x = left + (n + 0.5) * step;
    const last = n === bars.length - 1;
    parts.push(s('text', { x: last ? room : Math.max(x, left + 22), y: HEIGHT - 6, class: last ? 'tick end' : 'tick middle' }, say.dayShort(bars[n].from)));
  }
  svg.replaceChildren(...parts.flat());
  svg.setAttribute('viewBox', `0 0 ${room} ${HEIGHT}`);
}

/** `data` is what bars() of select.js makes. */
export function timeline(data, w, say, told) {
  const sum = data.bars.reduce((all, bar) => all + bar.count, 0);
  const most = data.bars.reduce((a, b) => (b.count > a.count ? b : a), data.bars[0]);
  const svg = s('svg', { class: 'timeline', role: 'img', height: HEIGHT, 'aria-label': told ? told(say.number(sum)) : w.overview.timelineText(sum, most.count, label(most, data.width, say)) });
  // Drawn for the room that it has, so that its words are as large as all others.
  new ResizeObserver(([{ contentRect }]) => contentRect.width > 0 && drawTimeline(svg, Math.round(contentRect.width), data, say)).observe(svg);
  const rows = data.bars.filter((bar) => bar.count > 0).reverse();
  return h('div', { class: 'chart' }, svg, behind(w, [w.overview.tableWhen, w.overview.tableCount],
    rows.map((bar) => [label(bar, data.width, say), say.number(bar.count)])));
}

/** A bar for each of [{name, count, href}], and a table. */
export function ranking(rows, w, say) {
  const most = Math.max(1, ...rows.map((row) => row.count));
  return h('div', { class: 'chart' }, h('ul', { class: 'ranking' }, rows.map((row) => h('li', null,
    h('span', { class: 'ranking-name' }, row.href ? h('a', { href: row.href }, row.name) : row.name),
    h('span', { class: 'ranking-count number' }, row.text ?? say.number(row.count)),
    s('svg', { class: 'ranking-bar', height: 10, 'aria-hidden': 'true', focusable: 'false' },
      s('rect', { width: '100%', height: 10, rx: 3, class: 'ground' }), s('rect', { width: `${Math.max(1, 100 * row.count / most)}%`, height: 10, rx: 3, class: 'bar' }))))),
  behind(w, [w.overview.tableOrg, w.overview.tableCount], rows.map((row) => [row.name, row.text ?? say.number(row.count)])));
}

function behind(w, heads, rows) {
  if (rows.length === 0) return null;
  return h('details', { class: 'behind' }, h('summary', null, w.overview.table), table(heads, rows));
}

/** A table whose last column holds numbers, or with `texts` none. */
export function table(heads, rows, name, texts = false) {
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name ?? heads[0] }, h('table', null,
    h('thead', null, h('tr', null, heads.map((head, n) => h('th', { scope: 'col', class: !texts && n === heads.length - 1 && 'number' }, head)))),
    h('tbody', null, rows.map((row) => h('tr', null, row.map((cell, n) => (n === 0 ? h('th', { scope: 'row' }, cell) : h('td', { class: !texts && n === heads.length - 1 && 'number' }, cell))))))));
}
