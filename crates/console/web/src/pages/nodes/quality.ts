// What cameras see, over all nodes. Pure.
import type { CameraQuality, Node, NodeTrouble } from '../../api/types';

/** A camera as its node measures it, with what ails it. */
export interface Quality {
  node: Node;
  camera: CameraQuality;
  /** What the node complains of this camera. */
  troubles: readonly NodeTrouble[];
  /** Sharpness as a share of that of the reference; nothing without one. */
  sharpness: number | null;
  /** Share of the plates within a day that were read; nothing where none came. */
  read: number | null;
}

/** Every camera of these nodes: those with trouble first, then those that read the least, then by name. */
export function qualities(nodes: readonly Node[]): Quality[] {
  const rows = nodes.flatMap((node) => (node.health?.cameras ?? []).map((camera) => quality(node, camera)));
  return rows.sort(
    (a, b) =>
      b.troubles.length - a.troubles.length ||
      (a.read ?? 1) - (b.read ?? 1) ||
      a.node.site.localeCompare(b.node.site) ||
      a.node.node.localeCompare(b.node.node) ||
      a.camera.camera.localeCompare(b.camera.camera),
  );
}

function quality(node: Node, camera: CameraQuality): Quality {
  const { picture, plates } = camera;
  const reference = picture?.sharpness_reference;
  return {
    node,
    camera,
    troubles: (node.health?.troubles ?? []).filter((trouble) => trouble.of === camera.camera),
    sharpness: picture && reference ? picture.sharpness / reference : null,
    read: plates && plates.came > 0 ? plates.read / plates.came : null,
  };
}
