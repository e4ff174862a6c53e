// Sites where they lie: a map that is moved and zoomed, with a grid of coordinates. Nothing is asked of other servers.
import 'leaflet/dist/leaflet.css';
import './geo-map.css';
import L from 'leaflet';
import { useEffect, useRef, useState } from 'react';
import { type Reader, useReader } from '../app/reader';
import { gridOf, type Point } from './geo-map/grid';

/** A single site is not looked at from nearer than this. */
const ZOOM_FIRST_MAX = 14;
const [ZOOM_MIN, ZOOM_MAX] = [3, 18];
const PADDING_PX: L.PointTuple = [60, 60];

const place = ({ latitude, longitude }: Point): L.LatLngTuple => [latitude, longitude];

/** A text on the map; what it says stays text. */
function label(text: string, className: string): L.DivIcon {
  const html = document.createElement('span');
  html.textContent = text;
  return L.divIcon({ html, className, iconSize: undefined });
}

export function GeoMap(props: {
  label: string;
  sites: readonly (Point & { site: string })[];
  /** Ways between them. */
  legs?: readonly { from: Point; to: Point }[];
  /** What is written beside a site; its name where nothing else is said. */
  text?: (site: string) => string;
}) {
  const reader = useReader();
  const { sites, legs = [], text = (site: string) => site } = props;
  const frame = useRef<HTMLElement>(null);
  const [map, setMap] = useState<L.Map | null>(null);
  const marks = sites.map((one) => ({ at: place(one), text: text(one.site) }));
  const ways = legs.map(({ from, to }) => [place(from), place(to)]);
  // Parents make new lists each time they are drawn; what is on the map changes only with what they say.
  const told = JSON.stringify([marks, ways]);

  useEffect(() => {
    if (!frame.current) return;
    const map = made(frame.current, reader);
    setMap(map);
    return () => {
      setMap(null);
      map.remove();
    };
  }, [reader]);

  useEffect(() => {
    if (!map) return;
    const [marks, ways] = JSON.parse(told) as [{ at: L.LatLngTuple; text: string }[], L.LatLngTuple[][]];
    const group = L.layerGroup([
      ...ways.map((way) => L.polyline(way, { className: 'geo-leg', interactive: false })),
      ...marks.map(({ at, text }) =>
        L.marker(at, { icon: label(text, 'geo-site'), interactive: false, keyboard: false }),
      ),
    ]);
    group.addTo(map);
    map.fitBounds(L.latLngBounds(marks.map(({ at }) => at)), {
      padding: PADDING_PX,
      maxZoom: ZOOM_FIRST_MAX,
      animate: false,
    });
    return () => {
      group.remove();
    };
  }, [map, told]);

  return <section className="geo-map" aria-label={props.label} ref={frame} />;
}

function made(frame: HTMLElement, reader: Reader): L.Map {
  const { t } = reader;
  const isCalm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const map = L.map(frame, {
    attributionControl: false,
    zoomControl: false,
    minZoom: ZOOM_MIN,
    maxZoom: ZOOM_MAX,
    zoomAnimation: !isCalm,
    fadeAnimation: !isCalm,
    // Whoever scrolls the page does not mean the map.
    scrollWheelZoom: false,
  });
  L.control.zoom({ zoomInTitle: t('map_zoom_in'), zoomOutTitle: t('map_zoom_out') }).addTo(map);
  L.control.scale({ imperial: false, position: 'bottomright' }).addTo(map);
  const grid = L.layerGroup().addTo(map);
  map.on('moveend resize', () => drawGrid(map, grid, reader));
  return map;
}

function drawGrid(map: L.Map, grid: L.LayerGroup, { t, f }: Reader): void {
  const bounds = map.getBounds();
  const [south, north] = [Math.max(bounds.getSouth(), -85), Math.min(bounds.getNorth(), 85)];
  const [west, east] = [bounds.getWest(), bounds.getEast()];
  const { parallels, meridians, digits } = gridOf({ south, north, west, east });
  const text = (value: number, side: string) => `${f.decimal(Math.abs(value), digits)}° ${side}`;
  const add = (from: L.LatLngTuple, to: L.LatLngTuple, words: string, className: string) => {
    L.polyline([from, to], { className: 'geo-grid', interactive: false }).addTo(grid);
    L.marker(from, { icon: label(words, className), interactive: false, keyboard: false }).addTo(grid);
  };
  grid.clearLayers();
  for (const latitude of parallels) {
    add(
      [latitude, west],
      [latitude, east],
      text(latitude, t(latitude < 0 ? 'south' : 'north')),
      'geo-degrees geo-parallel',
    );
  }
  for (const longitude of meridians) {
    add(
      [north, longitude],
      [south, longitude],
      text(longitude, t(longitude < 0 ? 'west' : 'east')),
      'geo-degrees geo-meridian',
    );
  }
}
