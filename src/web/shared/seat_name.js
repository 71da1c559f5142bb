// How a seat is called everywhere: with its section and its row, as people say it, or by its label where that is all.

import './seat_words.js';
import { say } from './language.js';

/** The words of a hall that end a name already: `1층` is no `1층석`. */
const WHOLE = /(석|구역|층|블록|열|존)$/;

const sectionOf = (section) => (WHOLE.test(section) ? section : say(/^[\p{Lu}\d]{1,4}$/u.test(section) ? 'seatName.class' : 'seatName.section', { section }));

/** `R석 A열 12번`, `R, row A, seat 12`. */
export function seatName({ seat, section, row, number }) {
  if (!number && section) return `${sectionOf(section)} ${seat}`;
  if (!section && !row && (number ?? seat) === seat) return /^\d+$/.test(seat) ? say('seatName.number', { number: seat }) : seat;
  const parts = [section && sectionOf(section), row && (WHOLE.test(row) ? row : say('seatName.row', { row })), say('seatName.number', { number })];
  return parts.filter(Boolean).join(say('seatName.between'));
}

/** What is special about a seat: `휠체어석, 시야 제한`; nothing for most. */
export const attributesOf = ({ attributes = [] }) => attributes.map((attribute) => say(`attribute.${attribute}`)).join(', ');

/** Several seats, one after the other: `A열 5번, 6번`. */
export function seatNames(seats) {
  let before = {};
  return seats.map((seat) => {
    const same = before.section === seat.section && before.row === seat.row && seat.number;
    before = seat;
    return same ? say('seatName.number', { number: seat.number }) : seatName(seat);
  }).join(', ');
}
