// Reading QR codes with the camera or from a photograph: by the browser's own reader where it has one, else by the
// library `qr`, which is loaded only then.

const LOOK_MS = 150;
/** The same code is read again only after so long: a ticket stays before the camera for a while. */
const SAME_MS = 4_000;
const WIDTH = 640;
/** A photograph is looked at in these widths, in pixels: a code may fill it, or be far away. */
const PHOTOGRAPH_WIDTHS = [640, 1280, 2560];

/** Why there is no camera: `insecure`, `refused`, `none`, `busy`. */
export class NoCamera extends Error {}

/** Whether the browser gives a page of this address any camera at all. */
export const mayHaveCamera = () => window.isSecureContext && Boolean(navigator.mediaDevices);

/** The code on a photograph; nothing where there is none. */
export async function readPhotograph(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    const readCode = await reader();
    for (const width of PHOTOGRAPH_WIDTHS) {
      const text = await readCode(image, Math.min(width, image.naturalWidth)).catch(() => null); // no code in this size
      if (text) return text;
    }
  } catch {
    // It is no picture.
  } finally {
    URL.revokeObjectURL(image.src);
  }
  return null;
}

/** Shows the camera in `video` and calls `found(text)` for each code, until the signal. */
export async function watchCamera(video, found, signal) {
  if (!mayHaveCamera()) throw new NoCamera('insecure');
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } } })
    .catch((error) => { throw new NoCamera({ NotAllowedError: 'refused', NotFoundError: 'none' }[error.name] ?? 'busy'); });
  const end = () => stream.getTracks().forEach((track) => track.stop());
  if (signal.aborted) return end();
  video.srcObject = stream;
  await video.play();
  const readCode = await reader();
  let last = { text: null, at: 0 };
  const timer = setInterval(look, LOOK_MS);
  signal.addEventListener('abort', () => { clearInterval(timer); end(); video.srcObject = null; });
  let looking = false;

  async function look() {
    if (looking || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    looking = true;
    const text = await readCode(video, WIDTH).catch(() => null); // no code in this picture
    looking = false;
    if (!text || (text === last.text && performance.now() - last.at < SAME_MS)) return;
    last = { text, at: performance.now() };
    found(text);
  }
  return undefined;
}

async function reader() {
  if ('BarcodeDetector' in window && (await BarcodeDetector.getSupportedFormats()).includes('qr_code')) {
    const detector = new BarcodeDetector({ formats: ['qr_code'] });
    return async (picture) => (await detector.detect(picture))[0]?.rawValue;
  }
  const { default: decodeQR } = await import('../qr/decode.js');
  const canvas = document.createElement('canvas');
  const drawing = canvas.getContext('2d', { willReadFrequently: true });
  return async (picture, width) => {
    canvas.width = width;
    canvas.height = Math.round(width * (picture.videoHeight ?? picture.naturalHeight) / (picture.videoWidth ?? picture.naturalWidth));
    drawing.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return decodeQR(drawing.getImageData(0, 0, canvas.width, canvas.height));
  };
}
