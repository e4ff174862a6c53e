import { describe, expect, it } from 'vitest';
import type { Shape } from '../../parts/drawing/shapes';
import { draftOf, emptyDraft, faultsOf, firstWrong, splitAddress, wantedOf, wholeAddress } from './draft';

const appliance = {
  stage: 'not_begun',
  reason: null,
  site: null,
  gates: [],
  templates: [{ name: 'tourist-site', vi: 'Cổng khu du lịch', en: 'Tourist site gate', groups: ['person'] }],
  videos: [{ name: 'vtest.avi', bytes: 1 }],
};

const shapes: Shape[] = [
  {
    kind: 'zone',
    key: 'zone-1',
    id: 'yard',
    points: [
      { x: 0.1, y: 0.1 },
      { x: 0.9, y: 0.1 },
      { x: 0.9, y: 0.9 },
    ],
    groups: ['person'],
  },
  {
    kind: 'line',
    key: 'line-1',
    id: 'entrance',
    points: [
      { x: 0.7, y: 0 },
      { x: 0.7, y: 1 },
    ],
    inwards: 'b_to_a',
    groups: ['person', 'vehicle'],
  },
];

describe('an address', () => {
  it('is put together with name and password, which may hold anything', () => {
    expect(wholeAddress('cam.lan:8554/live', 'admin', 'p@ss/#:')).toBe(
      'rtsp://admin:p%40ss%2F%23%3A@cam.lan:8554/live',
    );
    expect(wholeAddress('rtsps://cam.lan/live', '', '')).toBe('rtsps://cam.lan/live');
    expect(wholeAddress('rtsp://root:a%40b@cam.lan/live', '', '')).toBe('rtsp://root:a%40b@cam.lan/live');
    expect(wholeAddress('rtsp://root:old@cam.lan/live', 'admin', 'new')).toBe('rtsp://admin:new@cam.lan/live');
    expect(wholeAddress('http://cam.lan/', '', '')).toBe('http://cam.lan/');
  });

  it('is kept without them', () => {
    expect(splitAddress('rtsp://admin:hunter2@cam.lan/live').bare).toBe('rtsp://cam.lan/live');
    expect(splitAddress('rtsp://admin:hun@ter2@cam.lan/live').bare).toBe('rtsp://cam.lan/live');
    expect(splitAddress('cam.lan/a@b').bare).toBe('cam.lan/a@b');
  });
});

it('gives a draft back to whom it belongs, and nothing where it is none', () => {
  const draft = emptyDraft(appliance, 'Cổng chính');
  expect(draft.gate).toBe('cong-chinh');
  const text = JSON.stringify({ who: '7', draft });
  expect(draftOf(text, '7')).toEqual(draft);
  for (const [other, who] of [
    [text, '8'],
    [null, '7'],
    ['{"who":"7"}', '7'],
    ['{"who":"7","draft":{"step":"gone"}}', '7'],
    ['nonsense', '7'],
  ] as const) {
    expect(draftOf(other, who)).toBeNull();
  }
});

it('sends lines and zones apart, with their points as pairs', () => {
  const wanted = wantedOf({ ...emptyDraft(appliance, 'Cổng'), shapes });
  expect(wanted.lines).toEqual([
    {
      id: 'entrance',
      points: [
        [0.7, 0],
        [0.7, 1],
      ],
      inwards: 'b_to_a',
      groups: ['person', 'vehicle'],
    },
  ]);
  expect(wanted.zones?.[0]?.points).toHaveLength(3);
});

it('puts what the hub found wrong to the step and the shape that it is about', () => {
  const faults = faultsOf(
    [
      { field: 'lines[0].points', detail: 'too short' },
      { field: 'zones[0].id', detail: 'twice' },
      { field: 'lines', detail: 'nothing to count' },
      { field: 'site', detail: 'no slug' },
    ],
    shapes,
  );
  expect(faults.map(({ field, shape }) => [field, shape])).toEqual([
    ['lines_points', 'line-1'],
    ['zones_id', 'zone-1'],
    ['lines', null],
    ['site', null],
  ]);
  expect(firstWrong(faults)).toBe('site');
  expect(firstWrong([])).toBeNull();
});
