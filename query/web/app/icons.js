// Icons are drawn here: a few strokes each, in the colour of the text beside them, and never alone in saying something.
import { s } from './dom.js';

const PATHS = {
  check: 'M4 12.5l5.2 5L20 6.5',
  eye: 'M2 12c4-7 16-7 20 0-4 7-16 7-20 0z M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  home: 'M3 11.5L12 4l9 7.5 M5.5 10v9.5h13V10 M10 19.5v-5h4v5',
  list: 'M8 6h13 M8 12h13 M8 18h13 M3.5 6h.01 M3.5 12h.01 M3.5 18h.01',
  shield: 'M12 3l8 3v6c0 5-3.5 8-8 9.5C7.5 20 4 17 4 12V6z M8.5 12l2.5 2.5 4.5-5',
  more: 'M5 12h.01 M12 12h.01 M19 12h.01',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z M2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6 M16 4.5a3.5 3.5 0 0 1 0 6.5 M18 14.5c2.200.8 3.5 2.700 3.5 5.5',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15z M10 21h4',
  bars: 'M4 20V10 M10 20V4 M16 20v-7 M21 20H3',
  warn: 'M12 3.5L22 20.5H2z M12 10v5 M12 18h.01',
  cross: 'M6 6l12 12 M18 6L6 18',
  next: 'M9 5l7 7-7 7',
  back: 'M15 5l-7 7 7 7',
  moon: 'M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z',
  lock: 'M6 11h12v9H6z M8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  flag: 'M5 21V4h13l-2.5 4.5L18 13H5',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4 21c0-4.5 3.5-7 8-7s8 2.5 8 7',
  machine: 'M4 5h16v11H4z M9 20h6 M12 16v4',
  spark: 'M12 3v5 M12 16v5 M3 12h5 M16 12h5 M6 6l3 3 M15 15l3 3 M18 6l-3 3 M9 15l-3 3',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M12 7v5.5l3.5 2',
  down: 'M12 4v11 M7 11l5 5 5-5 M5 20h14',
  print: 'M7 8V3h10v5 M5 8h14v8h-3 M8 16H5V8 M8 14h8v7H8z',
};

export function icon(name) {
  return s('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', focusable: 'false', fill: 'none', stroke: 'currentColor',
    'stroke-width': name === 'more' ? 3 : 2, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }, s('path', { d: PATHS[name] }));
}

export function brand() {
  return s('svg', { viewBox: '0 0 32 32', 'aria-hidden': 'true', focusable: 'false' },
    s('circle', { cx: 16, cy: 16, r: 15, class: 'brand-ground' }),
    s('path', { d: 'M5 16c5-8 17-8 22 0-5 8-17 8-22 0z', class: 'brand-line' }), s('circle', { cx: 16, cy: 16, r: 3.5, class: 'brand-line' }));
}
