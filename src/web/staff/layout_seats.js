// Halls made of blocks: rows of so many seats each, from which single seats were taken out. No page here, only seats.

/** The name of the nth row: A … Z, AA, AB … */
function rowName(nth) {
  const letter = String.fromCharCode(65 + (nth % 26));
  return nth < 26 ? letter : rowName(Math.floor(nth / 26) - 1) + letter;
}

/** Every seat of the blocks `{name, price, rows, count}`, with its place on a grid. Rows are named on and on. */
export function seatsOf(blocks) {
  const seats = [];
  const widest = Math.max(...blocks.map(({ count }) => count));
  let row = 0;
  let y = 0;
  for (const { name, price, rows, count } of blocks) {
    for (let nth = 0; nth < rows; nth += 1) {
      const label = rowName(row);
      for (let at = 1; at <= count; at += 1) {
        seats.push({ seat: `${label}-${at}`, section: name || null, row: label, number: String(at), price, x: (widest - count) / 2 + at, y });
      }
      row += 1;
      y += 1;
    }
    y += 2.5; // room for the name of the next section
  }
  return seats;
}

/**
 * The layout to send, without the removed seats. Where some were removed, the places are told, so that the gaps stay.
 */
export function layoutOf(seats, removed) {
  const left = seats.filter(({ seat }) => !removed.has(seat));
  const gaps = left.length < seats.length;
  return { seats: left.map(({ x, y, ...seat }) => (gaps ? { ...seat, x, y } : seat)) };
}

/**
 * What a pretix plan holds: its categories with their seats, and the seats with their places. Fails where it is none.
 */
export function readPlan(plan) {
  const seats = [];
  const counts = new Map();
  const at = ({ position } = {}) => ({ x: position?.x ?? 0, y: position?.y ?? 0 });
  for (const zone of plan.zones) {
    const corner = at(zone);
    for (const row of zone.rows ?? []) {
      const begin = at(row);
      for (const seat of row.seats ?? []) {
        const own = at(seat);
        counts.set(seat.category, (counts.get(seat.category) ?? 0) + 1);
        seats.push({
          seat: `${row.row_number}-${seat.seat_number}`, section: zone.name || null, row: row.row_number || null, number: String(seat.seat_number),
          category: seat.category, x: corner.x + begin.x + own.x, y: corner.y + begin.y + own.y,
        });
      }
    }
  }
  return { seats, categories: [...counts].map(([name, n]) => ({ name: String(name), n })) };
}
