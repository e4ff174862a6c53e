// From the hub's JSON to the shapes that the page works with. Pure: this and api.js are all that know the API.
// Moments become milliseconds since 1970.

export function gateOf(json) {
  return {
    site: json.site,
    gate: json.gate,
    lastAt: momentOf(json.last_at),
    dayStart: momentOf(json.day_start),
    today: {
      person: figuresOf(json.today.person, json.occupancy.person),
      vehicle: figuresOf(json.today.vehicle, json.occupancy.vehicle),
    },
    zones: json.zones.map(zoneOf),
    cameras: json.cameras.map(cameraOf),
  };
}

function figuresOf({ in: entered, out: left, difference }, occupancy) {
  return { entered, left, difference, ...insideOf(occupancy) };
}

/** How many are inside; `corrected` says since when and why where somebody corrected it. */
function insideOf({ count, unexplained, base_count: base, correction }) {
  const corrected = correction ? { at: momentOf(correction.at), to: base, reason: correction.reason } : null;
  return { inside: count, unexplained, corrected };
}

/** How many are inside a site. */
export function siteOf(json) {
  return { site: json.site, person: insideOf(json.occupancy.person), vehicle: insideOf(json.occupancy.vehicle) };
}

/** How far a count can be trusted. */
export function accuracyOf({ site, gate, line, direction, group, state, hours, bias, low, high }) {
  return { site, gate, line: line ?? null, direction, group, state, hours, bias, low, high };
}

export function incidentOf(json) {
  return {
    id: json.id,
    site: json.site,
    gate: json.gate,
    camera: json.camera,
    at: momentOf(json.at),
    incident: json.incident,
    line: json.line,
    zone: json.zone,
    direction: json.direction,
    class: json.class,
    gapMs: json.gap_ms,
    count: json.count,
    peak: json.peak,
    above: json.above,
  };
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
    plate: json.plate ?? null,
    picture: pictureIn(json.evidence, ['crop']),
  };
}

/** A medium; its address is relative to the page, which a proxy may serve below another path. */
function mediumOf({ role, sha256, stored, url }) {
  return { role, sha256, isStored: stored, address: url.replace(/^\//, '') };
}

/** The first picture with one of these roles, in their order, else any; never a video. */
function pictureIn(evidence, roles) {
  const pictures = evidence.filter((item) => item.media_type.startsWith('image/'));
  const wanted = roles.flatMap((role) => pictures.filter((item) => item.role === role));
  const picture = wanted[0] ?? pictures[0];
  return picture ? mediumOf(picture) : null;
}

export function plateOf(json) {
  return {
    id: json.id,
    site: json.site,
    gates: json.gates,
    camera: json.camera,
    vehicle: json.vehicle,
    // Lists are in the order of `at`.
    at: momentOf(json.to),
    from: momentOf(json.from),
    outcome: json.outcome,
    reason: json.reason,
    key: json.key,
    display: json.display,
    kind: json.kind,
    issuer: json.issuer,
    confidence: json.confidence,
    isAmbiguous: json.ambiguous,
    colour: json.colour,
    listed: json.listed,
    picture: pictureIn(json.evidence, ['plate', 'crop']),
    pictures: json.evidence
      .filter((item) => /^(image|video)\//.test(item.media_type))
      .map(mediumOf),
  };
}

/** Everything that led to a plate's result. */
export function plateDetailOf(json) {
  const first = json.votes[0]?.media_us ?? 0;
  return {
    id: json.plate.id,
    raw: json.raw,
    reason: json.plate.reason,
    readings: json.readings.map((reading) => ({
      display: reading.display,
      kind: reading.kind,
      issuer: reading.issuer,
      confidence: reading.confidence,
      glyphs: glyphsOf(reading),
    })),
    // Times of looks count from the first one.
    votes: json.votes.map((vote) => ({
      afterMs: (vote.media_us - first) / 1000, raw: vote.raw, confidence: vote.confidence, weight: vote.weight,
    })),
    matches: json.matches,
  };
}

/** The glyphs of a reading's key, each with its probability and whether the rules of plates chose it. */
function glyphsOf(reading) {
  return [...reading.key].map((glyph, place) => ({
    glyph,
    confidence: reading.glyph_confidence[place] ?? null,
    isCorrected: reading.corrected.includes(place),
  }));
}

/** A decision at a lane. */
export function decisionOf(json) {
  return {
    id: json.id,
    site: json.site,
    gate: json.gate,
    lane: json.lane,
    number: json.number,
    at: momentOf(json.at),
    verdict: json.verdict,
    reason: json.reason,
    detail: json.detail,
    rule: json.rule,
    guard: json.guard,
    subjects: json.subjects,
    method: json.method,
    plate: json.plate?.key ?? null,
    picture: pictureIn(json.evidence, ['plate', 'crop']),
  };
}

/** Every check that led to a decision. */
export function decisionDetailOf(json) {
  return { id: json.id, trail: json.trail };
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
