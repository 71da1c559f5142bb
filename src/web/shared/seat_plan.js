// Where each seat of a layout stands: by `x`, `y` where there is a plan, else in rows by section. One unit is one seat.

const GAP = 1.3;
const ROW_LABEL = 1.1;
const STAGE_TOP = -1.7;
/** A text of a plan is drawn so large at least. */
const TEXT_LEAST = 0.45;
/** Room for the name of a section below the stage, and as a part of a broad stage: from afar names keep their size. */
const NAME_ROOM = 0.9;
const NAME_PART = 0.05;
/** A hall without rows is shown in rows of about so many. */
const ROW_LEAST = 10;
const ROW_MOST = 20;
/** Of so many seats the nearest neighbour is looked for, to learn the spacing of a plan. */
const SAMPLES = 120;

/**
 * The places of seats: `at` has `{x, y}` for each, in the same order; `labels` the names of rows and sections
 * with their places, rows with their seats from the left (`upright` ones from above), sections with their bounds; `box`
 * what all of it takes; `stage` where the front is, when no shape is drawn there; `shapes` what else the plan shows;
 * `apart` how many of its units a seat is.
 */
export function placesOf(seats, drawing = {}) {
  const planned = seats.length > 0 && seats.every(({ x, y }) => typeof x === 'number' && typeof y === 'number');
  return planned ? byPlan(seats, drawing) : byRows(seats);
}

function byPlan(seats, { front, shapes = [] }) {
  const apart = spacing(seats) || 1;
  const at = seats.map(({ x, y }) => ({ x: x / apart, y: y / apart }));
  const labels = [];
  for (const [section, members] of grouped(seats, ({ section: name }) => name ?? '')) {
    const box = boundsOf(members.map((index) => at[index]));
    const rows = [...grouped(members.map((index) => seats[index]), ({ row }) => row ?? '')].filter(([row]) => row);
    const named = rows.map(([text, inRow]) => ({ text, kind: 'row', ...lying(at, inRow.map((one) => members[one])) }));
    const upright = named.length > 0 && named.every(({ upright: one, above }) => one && !isOnSeat(at, above));
    const names = named.map(({ above, beside, downwards, members: all, ...one }) => ({ ...one, upright, ...(upright ? above : beside), members: upright ? downwards : all }));
    const over = upright ? 2.2 : 1.2; // also over the names of rows that run up and down
    if (section) labels.push({ text: section, x: (box.left + box.right) / 2, y: box.top - over, kind: 'section', bounds: box });
    // Where rows are bent into each other their names would lie on seats: from afar the seats alone say them.
    const isTight = names.some((name) => isOnSeat(at, name));
    labels.push(...names.map((name) => ({ ...name, isTight })));
  }
  const drawn = shapes.map(({ points = [], text }) => ({
    points: points.map(([x, y]) => ({ x: x / apart, y: y / apart })),
    text: text && { ...text, x: text.x / apart, y: text.y / apart, size: Math.min(3, Math.max(TEXT_LEAST, text.size / apart)) },
  }));
  const names = labels.filter(({ kind }) => kind === 'section');
  const stage = front ? beforeNames(stageAt({ x: front.x / apart, y: front.y / apart }, boundsOf(at), drawn), names) : null;
  const shown = stage ? drawn.filter(({ points, text }) => points.length || !isIn(text, stage)) : drawn;
  const corners = [...names, ...shown.flatMap(({ points, text }) => (text ? [...points, text] : points)), ...(stage ? [{ x: stage.x, y: stage.y }, { x: stage.x + stage.width, y: stage.y + stage.height }] : [])];
  const all = boundsOf([...at, ...corners]);
  const seatBox = boxOf(at);
  const x = Math.min(seatBox.x, all.left - 0.5);
  const y = Math.min(seatBox.y, all.top - 0.5);
  const box = { x, y, width: Math.max(seatBox.x + seatBox.width, all.right + 0.5) - x, height: Math.max(seatBox.y + seatBox.height, all.bottom + 0.5) - y };
  return { at, labels, box, stage, shapes: shown, apart };
}

/** The seats of a row from the left and from above, its places for a name, and whether it runs up and down. */
function lying(at, row) {
  const { left, right, top, bottom } = boundsOf(row.map((one) => at[one]));
  const members = [...row].sort((a, b) => at[a].x - at[b].x);
  const downwards = [...row].sort((a, b) => at[a].y - at[b].y);
  const [first, uppermost] = [at[members[0]], at[downwards[0]]];
  return { members, downwards, beside: { x: first.x - 1, y: first.y }, above: { x: uppermost.x, y: uppermost.y - 1 }, upright: bottom - top > 2 * (right - left) };
}

const isOnSeat = (at, place) => at.some(({ x, y }) => Math.abs(x - place.x) < 0.75 && Math.abs(y - place.y) < 0.75);

const isIn = (place, { x, y, width, height }) => place && place.x >= x && place.x <= x + width && Math.abs(place.y - y - height / 2) <= height;

/** The stage at the front: before the seats, over their breadth; nothing where a shape is drawn there already. */
function stageAt(front, bounds, shapes) {
  const isDrawn = shapes.some(({ points }) => {
    const around = boundsOf(points);
    return front.x >= around.left && front.x <= around.right && front.y >= around.top && front.y <= around.bottom;
  });
  if (isDrawn) return null;
  const beside = front.y > bounds.top - 0.5 && front.y < bounds.bottom + 0.5 && (front.x < bounds.left || front.x > bounds.right);
  const within = !beside && front.y > bounds.top && front.y < bounds.bottom;
  const long = within ? 2.5 : Math.max(2.5, 0.6 * (beside ? bounds.bottom - bounds.top : bounds.right - bounds.left));
  const [width, height] = beside ? [0.9, long] : [long, 0.9];
  return { x: front.x - width / 2, y: front.y - height / 2, width, height };
}

/** The stage where it lies on no name: names are written before their sections. */
function beforeNames(stage, names) {
  if (!stage) return null;
  const room = Math.max(NAME_ROOM, NAME_PART * stage.width);
  const touched = names.filter(({ x, y }) => x > stage.x && x < stage.x + stage.width && y > stage.y && y < stage.y + stage.height + room);
  return touched.length ? { ...stage, y: Math.min(...touched.map(({ y }) => y)) - room - stage.height } : stage;
}

/** The median distance of a sample of seats to their nearest neighbours. */
function spacing(seats) {
  const step = Math.max(1, Math.floor(seats.length / SAMPLES));
  const nearest = [];
  for (let i = 0; i < seats.length; i += step) {
    let best = Infinity;
    for (let j = 0; j < seats.length; j += 1) {
      const distance = i === j ? Infinity : Math.hypot(seats[i].x - seats[j].x, seats[i].y - seats[j].y);
      if (distance > 0 && distance < best) best = distance;
    }
    if (best < Infinity) nearest.push(best);
  }
  return nearest.sort((a, b) => a - b)[Math.floor(nearest.length / 2)];
}

function byRows(seats) {
  const at = [];
  const labels = [];
  let y = 0;
  for (const [section, members] of grouped(seats, ({ section: name }) => name ?? '')) {
    const label = section && { text: section, x: 0, y: y + 0.2, kind: 'section' };
    if (label) y += GAP;
    for (const [row, inRow] of rowsOf(members, seats)) {
      const left = -(inRow.length - 1) / 2;
      inRow.forEach((index, nth) => { at[index] = { x: left + nth, y }; });
      if (row) labels.push({ text: row, x: left - ROW_LABEL, y, kind: 'row', members: inRow });
      y += 1;
    }
    if (label) labels.push({ ...label, bounds: boundsOf(members.map((index) => at[index])) });
    y += GAP / 2;
  }
  const box = boxOf(at);
  const names = labels.filter(({ kind }) => kind === 'section');
  // Rows are centred about 0.
  const stage = beforeNames({ x: -box.width * 0.3, y: STAGE_TOP, width: box.width * 0.6, height: 0.9 }, names);
  const top = stage.y - 0.4;
  return { at, labels, box: { ...box, y: top, height: box.y + box.height - top }, stage, shapes: [], apart: null };
}

function rowsOf(members, seats) {
  const rows = [...grouped(members.map((index) => seats[index]), ({ row }) => row ?? '')];
  const known = rows.map(([row, inRow]) => [row, inRow.map((one) => members[one])]);
  if (known.length > 1 || known[0][0]) return known;
  const length = Math.min(ROW_MOST, Math.max(ROW_LEAST, Math.ceil(Math.sqrt(members.length * 2))));
  const cut = [];
  for (let from = 0; from < members.length; from += length) cut.push(['', members.slice(from, from + length)]);
  return cut;
}

/** Positions in a list by what `nameOf` says of each, in the order of their first. */
function grouped(list, nameOf) {
  const groups = new Map();
  list.forEach((one, index) => {
    const name = nameOf(one);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(index);
  });
  return groups;
}

/** What places take, by their middles. */
function boundsOf(at) {
  const bounds = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const { x, y } of at) {
    bounds.left = Math.min(bounds.left, x);
    bounds.right = Math.max(bounds.right, x);
    bounds.top = Math.min(bounds.top, y);
    bounds.bottom = Math.max(bounds.bottom, y);
  }
  return bounds;
}

function boxOf(at) {
  const { left, right, top, bottom } = boundsOf(at);
  return { x: left - 1.6, y: top - 1.8, width: right - left + 3.2, height: bottom - top + 2.8 };
}

/** The nearest seat in a direction (`dx`, `dy` of -1, 0 or 1) from one; itself when there is none. */
export function neighbour(at, from, dx, dy) {
  let best = from;
  let least = Infinity;
  at.forEach((place, index) => {
    const [along, across] = dx ? [(place.x - at[from].x) * dx, place.y - at[from].y] : [(place.y - at[from].y) * dy, place.x - at[from].x];
    const cost = along + 2.5 * Math.abs(across);
    if (along > 0.3 && cost < least) [best, least] = [index, cost];
  });
  return best;
}

/** The first or last seat of the row that one stands in. */
export function endOfRow(at, from, dx) {
  let best = from;
  at.forEach((place, index) => {
    if (Math.abs(place.y - at[from].y) < 0.3 && (place.x - at[best].x) * dx > 0) best = index;
  });
  return best;
}
