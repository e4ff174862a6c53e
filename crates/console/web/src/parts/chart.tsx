// Lines and bars over time. Screen readers get the text and the table beside it.
import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { usePreferences } from '../app/preferences';
import { useReader } from '../app/reader';

export interface Line {
  label: string;
  values: readonly (number | null)[];
  /** Name of a colour of the design, such as `--in`. */
  colour: string;
  dashed?: boolean;
  /** Belongs to a band: the edges of an interval. */
  edge?: boolean;
  width?: number;
}

export interface ChartProps {
  /** Begins of the stretches, milliseconds. */
  starts: readonly number[];
  lines: readonly Line[];
  /** Pairs of lines (from 0) between which the ground is coloured, with the colour. */
  bands?: readonly { upper: number; lower: number; colour: string }[];
  /** What a stretch is called. */
  nameOf: (ms: number) => string;
  tickOf: (ms: number) => string;
  height?: number;
  text: string;
}

function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function faint(colour: string): string {
  return `color-mix(in srgb, ${colour} 18%, transparent)`;
}

/** So many stretches between two ticks: what divides hours, days and months well. */
const TICK_EVERY = [1, 2, 3, 4, 6, 8, 12, 16, 24, 48, 96, 240, 480, 960];
/** Room of a tick's text, in widths of a letter at the root's size. */
const TICK_REM = 4.5;

/** The starts that get a tick, so that their texts stand apart. */
function ticksOf(starts: readonly number[], room: number): number[] {
  const every = TICK_EVERY.find((every) => starts.length / every <= room) ?? starts.length;
  return starts.filter((_, place) => place % every === 0);
}

/** A canvas takes no `color-mix`; what the browser makes of it does. */
function resolved(colour: string): string {
  const probe = document.createElement('span');
  probe.style.color = colour;
  document.body.append(probe);
  const made = getComputedStyle(probe).color;
  probe.remove();
  return made;
}

export function Chart(props: ChartProps) {
  const { t, f } = useReader();
  const { theme } = usePreferences();
  const box = useRef<HTMLDivElement>(null);
  const { starts, lines, bands, nameOf, tickOf, text, height = 220 } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the appearance changes the colours that are read here
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const ink = colourOf('--ink-soft');
    const grid = colourOf('--line');
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const font = `${Math.round(rem * 0.75)}px ${colourOf('--font')}`;
    const options: uPlot.Options = {
      width: element.clientWidth,
      height,
      scales: { x: { time: false } },
      cursor: { points: { size: 7 }, drag: { x: false, y: false } },
      legend: { live: true },
      axes: [
        {
          stroke: ink,
          grid: { show: false },
          ticks: { stroke: grid },
          font,
          size: rem * 2.5,
          splits: (chart) => ticksOf(starts, Math.max(2, chart.width / rem / TICK_REM)),
          values: (_, splits) => splits.map(tickOf),
        },
        {
          stroke: ink,
          grid: { stroke: grid, width: 1 },
          ticks: { show: false },
          font,
          size: rem * 3.5,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000],
          values: (_, splits) => splits.map((value) => f.number(value)),
        },
      ],
      series: [
        { label: t('time'), value: (_, ms) => (ms == null ? '–' : nameOf(ms)) },
        ...lines.map(
          (line): uPlot.Series => ({
            label: line.label,
            stroke: colourOf(line.colour),
            width: line.edge ? 0 : (line.width ?? 2),
            ...(line.dashed ? { dash: [5, 4] } : {}),
            points: { show: starts.length <= 40 && !line.edge && !line.dashed, size: 5 },
            value: (_, value) => (value == null ? '–' : f.number(Math.round(value))),
          }),
        ),
      ],
      bands: (bands ?? []).map((band) => ({
        series: [band.upper + 1, band.lower + 1],
        fill: resolved(faint(colourOf(band.colour))),
      })),
    };
    const chart = new uPlot(options, [[...starts], ...lines.map((line) => [...line.values])], element);
    const sized = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    sized.observe(element);
    return () => {
      sized.disconnect();
      chart.destroy();
    };
  }, [starts, lines, bands, nameOf, tickOf, height, t, f, theme]);
  return <div className="chart" ref={box} role="img" aria-label={text} />;
}
