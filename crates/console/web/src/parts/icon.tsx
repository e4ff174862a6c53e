// Signs of the console, drawn on a grid of 24. They say nothing to a screen reader: the text beside them does.

const PATHS = {
  live: 'M3 12h4l2.5-7 5 14L17 12h4',
  counts: 'M4 20V10M10 20V4M16 20v-8M21 20H3',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM20 20l-4.8-4.8',
  desk: 'M4 20V8l8-4 8 4v12M8 20v-7h8v7M4 20h16',
  lists: 'M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01',
  map: 'M9 4 3.5 6v14L9 18l6 2 5.5-2V4L15 6 9 4zM9 4v14M15 6v14',
  rules: 'M4 5h9M4 10h9M4 15h5M14 17l2.5 2.5L21 14',
  pass: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h3v3h-3zM20 14v6h-6',
  nodes: 'M4 5h16v5H4zM4 14h16v5H4zM7.5 7.5h.01M7.5 16.5h.01',
  reports: 'M6 3h8l5 5v13H6zM14 3v5h5M9 13h7M9 17h5',
  admin: 'M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4',
  wall: 'M3 5h18v11H3zM9 20h6M12 16v4',
  in: 'M14 4h5v16h-5M4 12h10M10 8l4 4-4 4',
  out: 'M10 4H5v16h5M10 12h10M16 8l4 4-4 4',
  arrow: 'M4 12h15M13 6l6 6-6 6',
  line: 'M5 19 19 5M5 19h.01M19 5h.01M9 8l3 3',
  zone: 'M5 7l9-3 5 9-6 7-9-4z',
  person: 'M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 21c.4-4.5 3.4-7 7.5-7s7.1 2.5 7.5 7',
  vehicle:
    'M3 16.5v-4.2l2-1.3 2.2-4.5h9.6L19 11l2 1.3v4.2zM5 11h14M7 19.2a1.9 1.9 0 1 0 0-3.8 1.9 1.9 0 0 0 0 3.8zM17 19.2a1.9 1.9 0 1 0 0-3.8 1.9 1.9 0 0 0 0 3.8z',
  calendar: 'M4 6h16v14H4zM4 10h16M8 3v5M16 3v5',
  camera: 'M3 7h12v10H3zM15 11l6-3.5v9L15 13z',
  alert: 'M12 3 22 20H2zM12 10v4.5M12 17.3v.1',
  check: 'M4 12.5 9.5 18 20 6.5',
  stop: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM5.7 5.7l12.6 12.6',
  wait: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.3 2.2',
  picture: 'M4 5h16v14H4zM4 16l5-5 7 7M15.5 10a1.2 1.2 0 1 0 0-2.4 1.2 1.2 0 0 0 0 2.4z',
  none: 'M4 5h16v14H4zM3 21 21 3',
  close: 'M5 5l14 14M19 5 5 19',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  settings:
    'M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 2.5v3M12 18.5v3M4.2 6.8l2.5 1.6M17.3 15.6l2.5 1.6M4.2 17.2l2.5-1.6M17.3 8.4l2.5-1.6',
  sound: 'M4 9v6h4l5 4V5L8 9zM16.5 9a4 4 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11',
  silent: 'M4 9v6h4l5 4V5L8 9zM17 9.5l5 5M22 9.5l-5 5',
  down: 'M12 4v12M7 11l5 5 5-5M5 20h14',
  offline: 'M3 3l18 18M8.5 15.5a5 5 0 0 1 7 0M5 12a10 10 0 0 1 5-2.8M19 12a10 10 0 0 0-3.5-2.3M12 19h.01',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  back: 'M15 5l-7 7 7 7',
  path: 'M6 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM18 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 18h7a3.5 3.5 0 0 0 0-7H9a3.5 3.5 0 0 1 0-5h7',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
