// Two short tones. A browser lets a page sound only after somebody has touched it.

const TONES_HZ = [880, 660];
const TONE_S = 0.18;
const LOUDNESS = 0.2;

let context: AudioContext | null = null;

function wake(): void {
  context ??= new AudioContext();
  void context.resume();
}

window.addEventListener('pointerdown', wake, { once: true });
window.addEventListener('keydown', wake, { once: true });

export function chime(): void {
  const audio = context;
  if (!audio || audio.state !== 'running') return;
  TONES_HZ.forEach((hertz, place) => {
    const start = audio.currentTime + place * TONE_S;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(LOUDNESS, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + TONE_S);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + TONE_S);
  });
}
