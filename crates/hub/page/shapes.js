// From the hub's JSON to the shapes that the page works with. Pure: this and api.js are all that know the API.
// Moments become milliseconds since 1970.

export function gateOf(json) {
  return {
    site: json.site,
    gate: json.gate,
    lastAt: momentOf(json.last_at),
    dayStart: momentOf(json.day_start),
    today: { person: figuresOf(json.today.person), vehicle: figuresOf(json.today.vehicle) },
    zones: json.zones.map(zoneOf),
    cameras: json.cameras.map(cameraOf),
  };
}

function figuresOf({ in: entered, out: left, inside, difference }) {
  return { entered, left, inside, difference };
}

function zoneOf(json) {
  return { zone: json.zone, group: json.group, count: json.count, at: momentOf(json.at), isStale: json.stale };
}

function cameraOf(json) {
  return { node: json.node, camera: json.camera, state: json.state, reason: json.reason, at: momentOf(json.at) };
}

export function nodeOf(json) {
  const clock = json.status?.clock ?? json.last_event?.clock;
  return {
    site: json.site,
    node: json.node,
    state: json.status?.state ?? null,
    stateAt: momentOf(json.status?.received_at),
    clock: clock ? { source: clock.source, offsetMs: clock.offset_ms } : null,
    seenAt: momentOf(json.last_event?.at),
    alarmsOpen: json.alarms_open,
    cameras: json.cameras.map(cameraOf),
  };
}

export function alarmOf(json) {
  return {
    node: json.node,
    site: json.site,
    kind: json.kind,
    detail: json.detail,
    lastAt: momentOf(json.last_at),
    count: json.count,
    closedAt: momentOf(json.closed_at),
  };
}

export function passageOf(json) {
  const pictures = json.evidence.filter((item) => item.media_type.startsWith('image/'));
  const picture = pictures.find((item) => item.role === 'crop') ?? pictures[0];
  return {
    id: json.id,
    site: json.site,
    gate: json.gate,
    camera: json.camera,
    direction: json.direction,
    class: json.class,
    group: json.group,
    confidence: json.confidence,
    at: momentOf(json.at),
    picture: picture ? { sha256: picture.sha256, isStored: picture.stored } : null,
  };
}

/** Rows of a chart, each one direction: `{ at, direction, group, count }`. */
export function countsOf(json) {
  return json.rows.flatMap((row) =>
    ['in', 'out']
      .filter((direction) => row[direction] > 0)
      .map((direction) => ({ at: momentOf(row.start), direction, group: row.group, count: row[direction] })));
}

function momentOf(text) {
  return text == null ? null : Date.parse(text);
}
