// The chart of the day: in above the line, out below it; one value at a time by pointer or arrow keys; a table beside.

import { h, setChildren, setText, svg } from './dom.js';
import { MINUTE_MS, ticks, total } from './day.js';

const HOUR_MS = 60 * MINUTE_MS;
/** Room for one label of the hours. */
const LABEL_PX = 64;

const LEFT = 40;
const RIGHT = 4;
const TOP = 10;
const BOTTOM = 22;

/** Makes the chart in `parts`: `{ plot, value, table }`. Returns `show(steps, now, view)`. */
export function makeChart({ plot, value, table }) {
  const grid = svg('g', { class: 'grid' });
  const bars = { in: svg('path', { class: 'bar-in' }), out: svg('path', { class: 'bar-out' }) };
  const cursor = svg('rect', { class: 'cursor' });
  const nowLine = svg('line', { class: 'now' });
  const picture = svg('svg', { 'aria-hidden': 'true' }, grid, cursor, bars.in, bars.out, nowLine);
  plot.append(picture);
  let shown = null;
  let chosen = null;

  function draw() {
    if (!shown) return;
    const { steps, now, view } = shown;
    const box = { width: plot.clientWidth, height: plot.clientHeight };
    if (box.width === 0) return;
    const highest = Math.max(...steps.map((step) => Math.max(step.in, step.out)));
    const marks = ticks(highest, 2);
    const middle = TOP + (box.height - TOP - BOTTOM) / 2;
    const scale = (middle - TOP) / marks.at(-1);
    const width = (box.width - LEFT - RIGHT) / steps.length;
    const x = (index) => LEFT + index * width;
    picture.setAttribute('viewBox', `0 0 ${box.width} ${box.height}`);
    bars.in.setAttribute('d', bar(steps, 'in', x, width, middle, -scale));
    bars.out.setAttribute('d', bar(steps, 'out', x, width, middle, scale));
    const start = steps[0].from;
    const length = steps.at(-1).to - start;
    drawGrid(grid, { marks, middle, scale, box, start, hours: length / HOUR_MS, view });
    const nowX = LEFT + Math.min(1, (now - start) / length) * (box.width - LEFT - RIGHT);
    place(nowLine, { x1: nowX, x2: nowX, y1: TOP, y2: box.height - BOTTOM });
    cursor.style.display = chosen == null ? 'none' : '';
    if (chosen != null) place(cursor, { x: x(chosen), y: TOP, width, height: box.height - TOP - BOTTOM });
    tell();
  }

  /** Says the chosen step, or the sum of the day. */
  function tell() {
    const { steps, now, view: { t, f } } = shown;
    const says = (step) =>
      t('chart_value', { from: f.minute(step.from), to: f.minute(step.to), in: f.number(step.in), out: f.number(step.out) });
    const sum = total(steps);
    const isEmpty = sum.in + sum.out === 0;
    const day = isEmpty ? t('chart_empty') : t('chart_total', { in: f.number(sum.in), out: f.number(sum.out) });
    setText(value, chosen == null ? day : says(steps[chosen]));
    const spoken = chosen ?? indexAt(steps, now);
    plot.setAttribute('aria-valuemin', 0);
    plot.setAttribute('aria-valuemax', steps.length - 1);
    plot.setAttribute('aria-valuenow', spoken);
    plot.setAttribute('aria-valuetext', says(steps[spoken]));
    plot.setAttribute('aria-label', t('chart_help'));
    if (table.open) fillTable(table, steps, sum, f);
  }

  function choose(index) {
    chosen = index == null ? null : Math.min(Math.max(index, 0), shown.steps.length - 1);
    draw();
  }

  const pointed = (event) => {
    if (!shown) return;
    const box = plot.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
    choose(share < 0 || share > 1 ? null : Math.floor(share * shown.steps.length));
  };
  plot.addEventListener('pointermove', pointed);
  plot.addEventListener('pointerdown', pointed);
  plot.addEventListener('pointerleave', () => shown && choose(null));
  plot.addEventListener('blur', () => shown && choose(null));
  plot.addEventListener('keydown', (event) => {
    if (!shown) return;
    const last = shown.steps.length - 1;
    const here = chosen ?? indexAt(shown.steps, shown.now);
    const next = {
      ArrowLeft: chosen == null ? here : here - 1,
      ArrowRight: chosen == null ? here : here + 1,
      ArrowDown: here - 1,
      ArrowUp: here + 1,
      PageDown: here - 4,
      PageUp: here + 4,
      Home: 0,
      End: last,
      Escape: null,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
  });
  table.addEventListener('toggle', () => shown && tell());
  new ResizeObserver(draw).observe(plot);

  return (steps, now, view) => {
    if (shown && shown.steps.length !== steps.length) chosen = null;
    shown = { steps, now, view };
    draw();
  };
}

function indexAt(steps, now) {
  return Math.min(Math.max(steps.findIndex((step) => now < step.to), 0), steps.length - 1);
}

/** All bars of one direction as one path. */
function bar(steps, direction, x, width, middle, scale) {
  const gap = width > 8 ? 2 : width > 4 ? 1 : 0.4;
  const near = middle + Math.sign(scale);
  return steps
    .map((step, index) => ({ n: step[direction], index }))
    .filter(({ n }) => n > 0)
    .map(({ n, index }) => {
      const length = Math.sign(scale) * Math.max(2, Math.abs(n * scale));
      return `M${round(x(index) + gap / 2)} ${near}v${round(length)}h${round(width - gap)}v${round(-length)}z`;
    })
    .join('');
}

function drawGrid(grid, { marks, middle, scale, box, start, hours, view: { f } }) {
  const right = box.width - RIGHT;
  const lines = marks.flatMap((n) => (n === 0 ? [[0, middle]] : [[n, middle - n * scale], [n, middle + n * scale]]));
  const hourWidth = (right - LEFT) / hours;
  const apart = [1, 2, 3, 4, 6, 12].find((n) => n * hourWidth >= LABEL_PX) ?? 12;
  const labelled = Array.from({ length: Math.ceil(hours / apart) }, (_, i) => i * apart);
  grid.replaceChildren(
    ...lines.flatMap(([n, y]) => [
      svg('line', { x1: LEFT, x2: right, y1: y, y2: y, class: n === 0 ? 'zero' : null }),
      svg('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, f.number(n)),
    ]),
    ...labelled.flatMap((hour) => {
      const x = LEFT + hour * hourWidth;
      return [
        svg('line', { x1: x, x2: x, y1: middle - 3, y2: middle + 3 }),
        svg('text', { x, y: box.height - 5, 'text-anchor': hour ? 'middle' : 'start' }, f.minute(start + hour * HOUR_MS)),
      ];
    }),
  );
}

function fillTable(table, steps, sum, f) {
  const rows = steps.filter((step) => step.in + step.out > 0);
  const make = () => h('tr', {}, h('th', { scope: 'row' }), h('td'), h('td'));
  setChildren(table.querySelector('tbody'), rows, (step) => `${step.from} ${step.to}`, make, (row, step) => {
    const [period, entered, left] = row.children;
    setText(period, `${f.minute(step.from)} – ${f.minute(step.to)}`);
    setText(entered, f.number(step.in));
    setText(left, f.number(step.out));
  });
  const [entered, left] = table.querySelectorAll('tfoot td');
  setText(entered, f.number(sum.in));
  setText(left, f.number(sum.out));
}

function place(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, round(value));
}

function round(number) {
  return Math.round(number * 100) / 100;
}
