// What needs a person, from alarms, cameras and nodes. Pure.

/** Most lines shown before the reader asks for all. */
export const TROUBLES_MAX = 3;

/** A clock further off than this, or one that jumped so far, makes times of passages doubtful. */
const CLOCK_DOUBT_MS = 5000;

/** Kinds of alarms, and which advice goes with each. The first ones make counts wrong and come first. */
const ALARMS = {
  fork: ['bad', 'help_fork'],
  bad_signature: ['bad', 'help_key'],
  broken_chain: ['bad', 'help_key'],
  id_reused: ['bad', 'help_fork'],
  gap: ['warn', 'help_gap'],
  misplaced: ['warn', 'help_setup'],
  unknown_node: ['warn', 'help_unknown_node'],
  unreadable: ['warn', 'help_setup'],
  bad_number: ['warn', 'help_setup'],
  unstorable: ['warn', 'help_setup'],
  revoked: ['bad', 'help_revoked'],
  clock: ['warn', 'help_clock'],
};

/**
 * Everything that is wrong at the site now: `[{ key, level, title, help, subject, detail, at, count }]`, the bad
 * first, then the newest. `title` and `help` are names of texts, `subject` and `detail` are shown as they are.
 * Alarms of nodes that belong to no site are shown at every site.
 */
export function troublesOf(state) {
  const isHere = (site) => !site || site === state.site;
  const found = [];
  for (const alarm of state.alarms) {
    if (alarm.closedAt != null || !isHere(alarm.site)) continue;
    const [level, help] = ALARMS[alarm.kind] ?? ['warn', null];
    found.push({
      key: `alarm ${alarm.node} ${alarm.kind}`,
      level,
      title: ALARMS[alarm.kind] ? `trouble_${alarm.kind}` : 'trouble_other',
      help,
      subject: alarm.node,
      detail: alarm.detail,
      at: alarm.lastAt,
      count: alarm.count,
    });
  }
  for (const camera of camerasOf(state)) {
    if (camera.state !== 'down' && camera.state !== 'failed') continue;
    found.push({
      key: `camera ${camera.node} ${camera.camera}`,
      level: 'bad',
      title: `trouble_camera_${camera.state}`,
      help: `help_camera_${camera.state}`,
      subject: camera.camera,
      detail: [camera.node, camera.reason].filter(Boolean).join(' · '),
      at: camera.at,
      count: 1,
    });
  }
  for (const node of state.nodes.filter((node) => isHere(node.site))) found.push(...nodeTroubles(node));
  return found.sort((a, b) => (a.level === b.level ? b.at - a.at : a.level === 'bad' ? -1 : 1));
}

/** The cameras of the site, each once, by the newest word on it. */
function camerasOf(state) {
  const cameras = new Map();
  const lists = [...state.gates, ...state.nodes].filter((owner) => owner.site === state.site);
  for (const camera of lists.flatMap((owner) => owner.cameras)) {
    const key = `${camera.node} ${camera.camera}`;
    if ((cameras.get(key)?.at ?? -Infinity) <= camera.at) cameras.set(key, camera);
  }
  return [...cameras.values()];
}

function nodeTroubles(node) {
  const found = [];
  const line = (name, detail, at) =>
    found.push({
      key: `${name} ${node.node}`,
      level: 'warn',
      title: `trouble_${name}`,
      help: `help_${name}`,
      subject: node.node,
      detail,
      at,
      count: 1,
    });
  if (node.state === 'offline') line('node_offline', '', node.stateAt);
  const offset = Math.abs(node.clock?.offsetMs ?? 0);
  if (node.clock?.source === 'unsynchronised' || offset > CLOCK_DOUBT_MS) {
    line('clock', offset ? `${node.clock.offsetMs} ms` : '', node.seenAt);
  }
  return found;
}
