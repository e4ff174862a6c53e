// What somebody has entered so far. It stays when he goes back, and in this tab when he loads the page again; a camera's
// password is never part of it. Pure but for the tab's store.
import type { Appliance, CameraTrial, FieldProblem, GateWanted } from '../../api/types';
import { linesAndZones, type Shape, slugOf } from '../../parts/drawing/shapes';

export const STEPS = ['site', 'camera', 'template', 'draw', 'running'] as const;
export type Step = (typeof STEPS)[number];

export interface Draft {
  step: Step;
  siteName: string;
  site: string;
  gateName: string;
  gate: string;
  source: 'camera' | 'video';
  /** Without user name and password. */
  address: string;
  user: string;
  video: string;
  trial: CameraTrial | null;
  template: string;
  plates: boolean;
  shapes: Shape[];
}

const KEY = 'gatehouse.set-up';

/** A draft that nobody has touched, for a machine that stands like this. */
export function emptyDraft(appliance: Appliance, gateName: string): Draft {
  const { site, gates, templates, videos } = appliance;
  const taken = gates.map((one) => one.gate);
  const name = taken.length === 0 ? gateName : '';
  return {
    step: 'site',
    siteName: site ?? '',
    site: site ?? '',
    gateName: name,
    gate: slugOf(name),
    source: 'camera',
    address: '',
    user: '',
    video: videos[0]?.name ?? '',
    trial: null,
    template: templates[0]?.name ?? '',
    plates: false,
    shapes: [],
  };
}

/** The draft that this account left in the tab; nothing where it is none, or of an older page. */
export function draftOf(text: string | null, who: string): Draft | null {
  try {
    const kept = JSON.parse(text ?? 'null') as { who?: string; draft?: Draft } | null;
    const draft = kept?.who === who ? kept.draft : undefined;
    return draft && STEPS.includes(draft.step) && Array.isArray(draft.shapes) ? draft : null;
  } catch {
    return null;
  }
}

export function keptDraft(who: string): Draft | null {
  return draftOf(sessionStorage.getItem(KEY), who);
}

export function keepDraft(who: string, draft: Draft): void {
  sessionStorage.setItem(KEY, JSON.stringify({ who, draft: { ...draft, address: splitAddress(draft.address).bare } }));
}

export function forgetDraft(): void {
  sessionStorage.removeItem(KEY);
}

/** Forgets a draft that has become a gate; one that is under way stays. */
export function forgetFinished(who: string): void {
  if (keptDraft(who)?.step === 'running') forgetDraft();
}

/** An address and what stood before its host. */
export function splitAddress(address: string): { bare: string; user: string; password: string } {
  const [, scheme = '', login = '', rest = ''] = /^(rtsps?:\/\/)([^/]*)@(.*)$/i.exec(address.trim()) ?? [];
  if (!scheme) return { bare: address.trim(), user: '', password: '' };
  const [user = '', ...password] = login.split(':');
  return { bare: scheme + rest, user: decoded(user), password: decoded(password.join(':')) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address as the hub takes it. */
export function wholeAddress(address: string, user: string, password: string): string {
  const split = splitAddress(address);
  const [who, secret] = [user || split.user, password || split.password];
  const bare = /^[a-z]+:\/\//i.test(split.bare) ? split.bare : `rtsp://${split.bare}`;
  if (!who) return bare;
  const login = [who, secret].filter(Boolean).map(encodeURIComponent).join(':');
  return bare.replace('://', `://${login}@`);
}

/** What is sent to the hub. */
export function wantedOf(draft: Draft): GateWanted {
  const { site, siteName, gateName, trial, template, plates, shapes } = draft;
  return {
    site,
    site_name: siteName,
    name: gateName,
    trial: trial?.id ?? null,
    template,
    plates,
    ...linesAndZones(shapes, () => ({})),
  };
}

/** A fault that the hub found, where it belongs. */
export interface Fault {
  step: Step;
  /** The field without its number, such as `lines_points`. */
  field: string;
  /** The shape that it is about. */
  shape: string | null;
  detail: string;
}

const STEP_OF: Record<string, Step> = {
  site: 'site',
  site_name: 'site',
  gate: 'site',
  name: 'site',
  trial: 'camera',
  camera: 'camera',
  template: 'template',
};

export function faultsOf(fields: readonly FieldProblem[], shapes: readonly Shape[]): Fault[] {
  return fields.map(({ field, detail }) => {
    const [, list = '', place = '', part = ''] = /^(lines|zones)(?:\[(\d+)\])?(?:\.(\w+))?/.exec(field) ?? [];
    if (!list) return { step: STEP_OF[field] ?? 'draw', field, shape: null, detail };
    const mine = shapes.filter((one) => one.kind === (list === 'lines' ? 'line' : 'zone'));
    const shape = place === '' ? null : (mine[Number(place)]?.key ?? null);
    return { step: 'draw', field: part ? `${list}_${part}` : list, shape, detail };
  });
}

/** The first step, in their order, with something wrong. */
export function firstWrong(faults: readonly Fault[]): Step | null {
  return STEPS.find((step) => faults.some((fault) => fault.step === step)) ?? null;
}
