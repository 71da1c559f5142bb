// Two sounds that nobody mixes up: yes goes up, no is low and long.
// Browsers allow them once somebody pressed something.

import { inBrowser } from '../shared/store.js';

const KEPT = 'boxoffice.mute';
const TONES = { yes: [[880, 0, 0.12], [1320, 0.12, 0.18]], no: [[196, 0, 0.28], [147, 0.3, 0.45]] };
let context = null;

export const isMuted = () => inBrowser.get(KEPT) === 'yes';

export function mute(on) {
  inBrowser.set(KEPT, on ? 'yes' : 'no');
}

/** Makes ready to sound; to be called from a press. */
export function allowSound() {
  context ??= 'AudioContext' in window ? new AudioContext() : null;
  if (context?.state === 'suspended') context.resume().catch(() => {});
}

/** Sounds `yes` or `no`, unless it is muted or the browser does not let it yet. */
export function sound(which) {
  if (isMuted() || context?.state !== 'running') return;
  for (const [hertz, after, seconds] of TONES[which]) {
    const tone = new OscillatorNode(context, { type: which === 'yes' ? 'sine' : 'square', frequency: hertz });
    const loud = new GainNode(context, { gain: which === 'yes' ? 0.3 : 0.15 });
    tone.connect(loud).connect(context.destination);
    tone.start(context.currentTime + after);
    tone.stop(context.currentTime + after + seconds);
  }
}
