// Which camera, and what its pictures are called when somebody keeps one.

export interface CameraPlace {
  site: string;
  node: string;
  camera: string;
}

export function pathOf(place: CameraPlace, what: 'live' | 'snapshot'): string {
  const names = [place.site, place.node, place.camera].map(encodeURIComponent);
  return `/api/v1/cameras/${names.join('/')}/${what}`;
}

/** `site-node-camera-20261122T021534Z.jpg`: sorts by time and needs no quoting anywhere. */
export function fileName(place: CameraPlace, capturedAt: string): string {
  const moment = Number.isNaN(Date.parse(capturedAt)) ? '' : new Date(capturedAt).toISOString();
  const short = moment.replace(/\.\d+/, '').replace(/[-:]/g, '');
  return `${[place.site, place.node, place.camera, short].filter(Boolean).join('-')}.jpg`;
}
