// Which part of a drawing is seen: zoom and pan by wheel, fingers, mouse, and the buttons of those who call. While
// fingers move, the drawing is only shifted as a picture (a transform of the whole, which costs the same for 50 seats
// and for 20,000); once they rest it is drawn anew.

/** So far a seat may be zoomed, in pixels. */
const UNIT_MOST_PX = 64;
/** A pointer that moved so far is dragging, not clicking. */
const DRAG_PX = 8;
/** A wheel that was still for so long has come to rest. */
const REST_MS = 150;
/** A picture that was shifted so far, in parts of what is seen, or stretched so much, is drawn anew meanwhile. */
const SHIFT_MOST = 0.5;
const STRETCH_MOST = 2;

export class View {
  /** `frame` shows a part of `svg`; `moved` is called with every picture, `settled` when it is drawn anew. */
  constructor(frame, svg, { moved, settled }) {
    Object.assign(this, { frame, svg, moved, settled, pointers: new Map(), dragged: false, touched: false, entered: false, pinch: null, asked: 0, rest: 0 });
    this.box = { x: 0, y: 0, width: 1, height: 1 };
    this.seen = { ...this.box };
    this.drawn = { ...this.box };
    this.rect = { left: 0, top: 0, width: 0, height: 0 };
    frame.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    frame.addEventListener('pointerdown', (event) => this.down(event));
    frame.addEventListener('pointermove', (event) => this.pulled(event));
    frame.addEventListener('pointerleave', () => { this.entered = false; });
    for (const end of ['pointerup', 'pointercancel']) frame.addEventListener(end, (event) => this.up(event));
    new ResizeObserver(() => { this.measure(); this.draw(); }).observe(frame);
  }

  /** Takes what is to be seen in all, and shows all of it; `keep` leaves what is seen where it fits. */
  setBox(box, keep = false) {
    const same = keep && ['x', 'y', 'width', 'height'].every((side) => box[side] === this.box[side]);
    this.box = box;
    if (same) this.draw();
    else this.all();
  }

  all() {
    this.seen = { ...this.box };
    this.measure();
    this.draw();
  }

  measure() {
    const { left, top, width, height } = this.frame.getBoundingClientRect();
    this.rect = { left, top, width, height };
  }

  /** How a part of the drawing lies in the frame: pixels a unit, and where its corner is. */
  lying({ x, y, width, height }) {
    const unit = Math.min(this.rect.width / width, this.rect.height / height) || 1;
    return { unit, left: (this.rect.width - width * unit) / 2 - x * unit, top: (this.rect.height - height * unit) / 2 - y * unit };
  }

  /** How large one unit is, in pixels. */
  unitPx() {
    return this.lying(this.seen).unit;
  }

  zoomed() {
    return this.seen.width < this.box.width * 0.999;
  }

  /** What of the drawing is in the frame, also beside what is to be seen. */
  inSight() {
    const { unit, left, top } = this.lying(this.seen);
    const [x, y] = [Math.max(this.box.x, -left / unit), Math.max(this.box.y, -top / unit)];
    return {
      x, y, width: Math.min(this.box.x + this.box.width, (this.rect.width - left) / unit) - x,
      height: Math.min(this.box.y + this.box.height, (this.rect.height - top) / unit) - y,
    };
  }

  /** The place in the drawing under a pointer. */
  placeOf({ clientX, clientY }) {
    const { unit, left, top } = this.lying(this.seen);
    return { x: (clientX - this.rect.left - left) / unit, y: (clientY - this.rect.top - top) / unit };
  }

  /** Zooms by a factor, about a pointer or the middle, and draws anew. */
  zoomBy(factor, at) {
    this.measure();
    this.zoom(factor, at);
    this.draw();
  }

  zoom(factor, at) {
    const middle = { x: this.seen.x + this.seen.width / 2, y: this.seen.y + this.seen.height / 2 };
    const { x, y } = at ? this.placeOf(at) : middle;
    const most = this.unitPx() * this.seen.width / UNIT_MOST_PX;
    const width = Math.min(this.box.width, Math.max(Math.min(most, this.box.width), this.seen.width / factor));
    const share = width / this.seen.width;
    this.seen = {
      x: x - (x - this.seen.x) * share, y: y - (y - this.seen.y) * share, width, height: this.seen.height * share,
    };
    this.clamp();
  }

  /** Moves so that a place is seen. */
  reveal({ x, y }) {
    if (!this.zoomed()) return;
    const margin = Math.min(1.5, this.seen.width / 4);
    const { seen } = this;
    const before = { ...seen };
    seen.x = Math.min(Math.max(seen.x, x + margin - seen.width), x - margin);
    seen.y = Math.min(Math.max(seen.y, y + margin - seen.height), y - margin);
    this.clamp();
    if (seen.x !== before.x || seen.y !== before.y) this.draw();
  }

  /** Moves so that a place is in the middle; it is drawn anew when that has come to rest. */
  centre({ x, y }) {
    this.seen.x = x - this.seen.width / 2;
    this.seen.y = y - this.seen.height / 2;
    this.clamp();
    this.shift();
  }

  clamp() {
    const { box, seen } = this;
    seen.x = Math.min(Math.max(seen.x, box.x), box.x + box.width - seen.width);
    seen.y = Math.min(Math.max(seen.y, box.y), box.y + box.height - seen.height);
  }

  /** Draws what is seen anew. */
  draw() {
    cancelAnimationFrame(this.asked);
    clearTimeout(this.rest);
    this.asked = 0;
    this.clamp();
    const { seen } = this;
    this.drawn = { ...seen };
    this.svg.setAttribute('viewBox', `${seen.x} ${seen.y} ${seen.width} ${seen.height}`);
    this.svg.style.transform = '';
    this.svg.classList.remove('moving');
    this.frame.classList.toggle('zoomed', this.zoomed());
    this.svg.classList.toggle('zoomed', this.zoomed());
    this.settled();
    this.moved();
  }

  /** Shifts the picture that is drawn, once for each picture of the screen. */
  shift() {
    this.asked ||= requestAnimationFrame(() => {
      this.asked = 0;
      const [was, is] = [this.lying(this.drawn), this.lying(this.seen)];
      const stretch = is.unit / was.unit;
      const [x, y] = [is.left - stretch * was.left, is.top - stretch * was.top];
      const far = Math.abs(x) > SHIFT_MOST * this.rect.width || Math.abs(y) > SHIFT_MOST * this.rect.height;
      if (stretch > STRETCH_MOST || stretch < 1 / STRETCH_MOST || (far && stretch === 1)) return this.draw();
      this.svg.classList.add('moving');
      this.svg.style.transform = `translate(${x}px, ${y}px) scale(${stretch})`;
      return this.moved();
    });
  }

  /**
   * A wheel turns the page, and zooms with the control key or once the map was pressed: nobody zooms by scrolling past.
   */
  wheel(event) {
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002));
    if (!(event.ctrlKey || event.metaKey || this.entered) || (factor < 1 && !this.zoomed())) return;
    event.preventDefault();
    if (!this.svg.classList.contains('moving')) this.measure();
    this.zoom(factor, event);
    this.shift();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.draw(), REST_MS);
  }

  down(event) {
    this.measure();
    this.entered = true;
    this.touched = event.pointerType === 'touch';
    this.pointers.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY });
    this.start = { clientX: event.clientX, clientY: event.clientY };
    if (this.pointers.size === 1) this.dragged = false;
    else this.pinch = this.spread();
  }

  pulled(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const before = this.placeOf(this.pointers.get(event.pointerId));
    this.pointers.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY });
    if (this.pointers.size === 2) {
      this.dragged = true;
      const spread = this.spread();
      this.zoom(spread.length / this.pinch.length, spread);
      this.pinch = spread;
      this.shift();
    } else if (this.dragged || Math.hypot(event.clientX - this.start.clientX, event.clientY - this.start.clientY) > DRAG_PX) {
      if (!this.dragged) this.frame.setPointerCapture(event.pointerId);
      this.dragged = true;
      const now = this.placeOf(event);
      this.seen.x += before.x - now.x;
      this.seen.y += before.y - now.y;
      this.clamp();
      this.shift();
    }
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size < 2) this.pinch = null;
    if (!this.pointers.size && this.dragged) this.draw();
  }

  /** The distance of two fingers, and their middle. */
  spread() {
    const [one, other] = [...this.pointers.values()];
    return {
      length: Math.max(1, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY)),
      clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2,
    };
  }
}
