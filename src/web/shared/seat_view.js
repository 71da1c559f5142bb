// Which part of a drawing is seen: zoom and pan by wheel, fingers, mouse, and the buttons of those who call.

/** So far a seat may be zoomed, in pixels. */
const UNIT_MOST_PX = 64;
/** A pointer that moved so far is dragging, not clicking. */
const DRAG_PX = 8;

export class View {
  constructor(svg, changed) {
    Object.assign(this, { svg, changed, pointers: new Map(), dragged: false, touched: false, pinch: null });
    this.box = { x: 0, y: 0, width: 1, height: 1 };
    this.seen = { ...this.box };
    svg.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    svg.addEventListener('pointerdown', (event) => this.down(event));
    svg.addEventListener('pointermove', (event) => this.pulled(event));
    for (const end of ['pointerup', 'pointercancel']) svg.addEventListener(end, (event) => this.up(event));
    new ResizeObserver(() => this.apply()).observe(svg);
  }

  /** Takes what is to be seen in all, and shows all of it. */
  setBox(box) {
    this.box = box;
    this.all();
  }

  all() {
    this.seen = { ...this.box };
    this.apply();
  }

  /** How large one unit is, in pixels. */
  unitPx() {
    const { width, height } = this.svg.getBoundingClientRect();
    return Math.min(width / this.seen.width, height / this.seen.height);
  }

  zoomed() {
    return this.seen.width < this.box.width * 0.999;
  }

  /** Zooms by a factor, about a pointer or the middle. */
  zoomBy(factor, at) {
    const middle = { x: this.seen.x + this.seen.width / 2, y: this.seen.y + this.seen.height / 2 };
    const { x, y } = at ? this.placeOf(at) : middle;
    const most = this.unitPx() * this.seen.width / UNIT_MOST_PX;
    const width = Math.min(this.box.width, Math.max(Math.min(most, this.box.width), this.seen.width / factor));
    const share = width / this.seen.width;
    this.seen = {
      x: x - (x - this.seen.x) * share, y: y - (y - this.seen.y) * share, width, height: this.seen.height * share,
    };
    this.apply();
  }

  /** Moves so that a place is seen. */
  reveal({ x, y }) {
    if (!this.zoomed()) return;
    const margin = Math.min(1.5, this.seen.width / 4);
    const { seen } = this;
    seen.x = Math.min(Math.max(seen.x, x + margin - seen.width), x - margin);
    seen.y = Math.min(Math.max(seen.y, y + margin - seen.height), y - margin);
    this.apply();
  }

  apply() {
    const { box, seen } = this;
    seen.x = Math.min(Math.max(seen.x, box.x), box.x + box.width - seen.width);
    seen.y = Math.min(Math.max(seen.y, box.y), box.y + box.height - seen.height);
    this.svg.setAttribute('viewBox', `${seen.x} ${seen.y} ${seen.width} ${seen.height}`);
    this.svg.classList.toggle('zoomed', this.zoomed());
    this.changed();
  }

  /** The place in the drawing under a pointer. */
  placeOf({ clientX, clientY }) {
    return new DOMPoint(clientX, clientY).matrixTransform(this.svg.getScreenCTM().inverse());
  }

  wheel(event) {
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002));
    if (factor < 1 && !this.zoomed()) return; // all is seen: the page scrolls
    event.preventDefault();
    this.zoomBy(factor, event);
  }

  down(event) {
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
      this.zoomBy(spread.length / this.pinch.length, spread);
      this.pinch = spread;
    } else if (this.dragged || Math.hypot(event.clientX - this.start.clientX, event.clientY - this.start.clientY) > DRAG_PX) {
      if (!this.dragged) this.svg.setPointerCapture(event.pointerId);
      this.dragged = true;
      const now = this.placeOf(event);
      this.seen.x += before.x - now.x;
      this.seen.y += before.y - now.y;
      this.apply();
    }
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size < 2) this.pinch = null;
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
