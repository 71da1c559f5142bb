// Halls made of blocks: rows of so many seats each, from which single seats were taken out. No page here, only seats.

const ALPHABETS = ['ABCDEFGHIJKLMNOPQRSTUVWXYZ', '가나다라마바사아자차카타파하'];

/** Where a row's name stands: among the letters, the syllables or, without an alphabet, the numbers; null elsewhere. */
export function rowAt(name) {
  if (/^[1-9]\d{0,3}$/.test(name)) return { alphabet: null, nth: Number(name) };
  const alphabet = /^\p{L}{1,2}$/u.test(name) && ALPHABETS.find((one) => [...name].every((letter) => one.includes(letter)));
  return alphabet ? { alphabet, nth: [...name].reduce((nth, letter) => nth * alphabet.length + alphabet.indexOf(letter) + 1, 0) - 1 } : null;
}

/** The name of the nth row: A … Z, AA, AB … */
function rowName({ alphabet, nth }) {
  if (!alphabet) return String(nth);
  const letter = alphabet[nth % alphabet.length];
  return nth < alphabet.length ? letter : rowName({ alphabet, nth: Math.floor(nth / alphabet.length) - 1 }) + letter;
}

/**
 * The names of the rows of each block: on and on, or from the `first` of a block. A row that nobody named is never
 * called as a section is: "R" is one of the two.
 */
function rowNames(blocks) {
  const sections = new Set(blocks.map(({ name }) => name));
  let next = { alphabet: ALPHABETS[0], nth: 0 };
  return blocks.map(({ rows, first }) => {
    if (first) next = rowAt(first);
    const names = [];
    while (names.length < rows) {
      const name = rowName(next);
      next = { ...next, nth: next.nth + 1 };
      if (!sections.has(name) || name === first) names.push(name);
    }
    return names;
  });
}

/** The numbers of the seats after which there is an aisle, as somebody typed them: `5, 15`. */
export const aislesOf = (text) => [...new Set((text ?? '').match(/\d+/g)?.map(Number))].sort((a, b) => a - b);

/**
 * Every seat of the blocks `{name, price, rows, count, first, from, aisles}`, with its place on a grid. An aisle takes
 * room and no number. Labels name the section where two of them have a row of one name.
 */
export function seatsOf(blocks) {
  const names = rowNames(blocks);
  const all = names.flat();
  const shared = new Set(all).size < all.length;
  const width = ({ count, aisles }) => count + aislesOf(aisles).length;
  const widest = Math.max(...blocks.map(width));
  const seats = [];
  let y = 0;
  blocks.forEach((block, nth) => {
    const { name, price, count, from = 1 } = block;
    const aisles = aislesOf(block.aisles);
    for (const row of names[nth]) {
      for (let at = 0; at < count; at += 1) {
        const number = from + at;
        const x = (widest - width(block)) / 2 + at + 1 + aisles.filter((after) => after < number).length;
        seats.push({ seat: `${shared ? `${name}-` : ''}${row}-${number}`, section: name || null, row, number: String(number), price, x, y });
      }
      y += 1;
    }
    y += 2.5; // room for the name of the next section
  });
  return seats;
}

/**
 * The layout to send, without the removed seats. Where some were removed, there is an aisle, or `placed` says so, the
 * places are told, so that the gaps and the stage stay.
 */
export function layoutOf(seats, removed, placed = false) {
  const left = seats.filter(({ seat }) => !removed.has(seat));
  const gaps = left.length < seats.length || seats.some(({ y, x }, at) => seats[at - 1]?.y === y && seats[at - 1].x !== x - 1);
  return { seats: left.map(({ x, y, ...seat }) => (gaps || placed ? { ...seat, x, y } : seat)) };
}

/** A place before the seats on one side of them: `above`, `below`, `left` or `right`. */
export function sideOf(seats, side) {
  const [xs, ys] = [seats.map(({ x }) => x), seats.map(({ y }) => y)];
  const range = (numbers) => numbers.reduce(([least, most], number) => [Math.min(least, number), Math.max(most, number)], [Infinity, -Infinity]);
  const [[left, right], [top, bottom]] = [range(xs), range(ys)];
  const step = Math.max(1, Math.min(...[right - left, bottom - top].filter((length) => length > 0)) / 8);
  const middle = { x: (left + right) / 2, y: (top + bottom) / 2 };
  return { above: { ...middle, y: top - 1.7 * step }, below: { ...middle, y: bottom + 1.7 * step }, left: { ...middle, x: left - 1.7 * step }, right: { ...middle, x: right + 1.7 * step } }[side];
}
