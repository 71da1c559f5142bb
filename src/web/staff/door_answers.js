// What a scan came to: so large that it is read across a hall, in colour, in words and by sound; and the last ones in a
// list. Green is only ever what the server said.

import { el, fill } from '../shared/dom.js';
import { dateTime, time } from '../shared/format.js';
import { say } from '../shared/language.js';
import { seatName } from '../shared/seat_name.js';
import { serverNow } from '../shared/venue.js';
import { act, sentence } from './session.js';
import { sound } from './sound.js';
import { doIt } from './sure.js';

const LOG_MOST = 20;
/** A no that the next answer pushes away is kept beside it for so long. */
const NO_STAYS_MS = 8_000;

export class DoorAnswers {
  /** `changed` is called when a check-in was taken back. */
  constructor(timeZone, changed) {
    Object.assign(this, { timeZone, changed, pushed: null });
    this.big = el('div', { class: 'answer none' }, el('p', { class: 'word' }, say('door.ready')), el('p', {}, say('door.readyHint')));
    this.kept = el('p', { class: 'note bad before', hidden: true });
    this.node = el('div', { role: 'status', 'aria-live': 'assertive', 'aria-atomic': 'true' }, this.big, this.kept);
    this.list = el('ol', { class: 'scans' });
    this.log = el('section', { class: 'card' }, el('h2', {}, say('door.last')), this.list);
  }

  show(scan, ticket, error) {
    const answer = ticket ? this.yes(ticket) : this.no(scan, error);
    this.keepNo();
    this.shown = answer;
    this.big.className = `answer ${answer.kind}`;
    fill(this.big, el('p', { class: 'word' }, answer.word), answer.lines.filter(Boolean).map((line) => el('p', {}, line)),
      answer.undo && this.undoButton(answer.undo, answer.short));
    this.put(answer);
    sound(answer.kind);
  }

  /** Keeps a no in sight that is pushed away by the next answer. */
  keepNo() {
    if (this.shown?.kind !== 'no') return;
    clearTimeout(this.pushed);
    this.kept.textContent = say('door.before', { what: this.shown.short, word: this.shown.word });
    this.kept.hidden = false;
    this.pushed = setTimeout(() => { this.kept.hidden = true; }, NO_STAYS_MS);
  }

  /** Nobody knows yet: there is no network. */
  unknown() {
    this.big.className = 'answer unknown';
    fill(this.big, el('p', { class: 'word' }, say('door.unknown')), el('p', {}, say('door.unknownHint')));
  }

  yes({ ticketId, seat, section, row, seatNumber, holder, concertTitle, tariff, tariffNote }) {
    const where = seatName({ seat, section, row, number: seatNumber });
    return { kind: 'yes', word: say('door.yes'), lines: [el('strong', {}, where), tariff && el('strong', {}, [tariff, tariffNote].filter(Boolean).join(': ')), holder, concertTitle], short: `${where} · ${holder}`, undoFromLog: ticketId };
  }

  no({ text }, error) {
    const { code, problem = {} } = error;
    const short = text.length > 14 ? say('door.code', { end: text.slice(-4) }) : text;
    const no = (key, lines = [], undo) => ({ kind: 'no', word: say(key), lines: [...lines, short], short, undo });
    if (code === 'ALREADY_CHECKED_IN') {
      const at = time(problem.at, this.timeZone);
      return no('door.already', [problem.door ? say('door.alreadyAt', { at, door: problem.door }) : say('door.alreadyWhen', { at }), say('door.alreadyHint')], problem.ticketId);
    }
    if (code === 'TICKET_FOR_OTHER_DATE') return no('door.other', [say('door.otherDate', { when: dateTime(problem.startsAt, this.timeZone) })]);
    if (code === 'TICKET_VOID') return no('door.void', [say('door.voidHint')]);
    if (['TICKET_NOT_FOUND', 'TICKET_CODE_INVALID', 'INVALID_REQUEST'].includes(code)) return no('door.unknownTicket', [say('door.unknownHint2')]);
    return no('door.failed', [sentence(error)]);
  }

  put({ kind, word, short, undoFromLog }) {
    this.list.prepend(el('li', { class: kind }, el('time', {}, time(serverNow(), this.timeZone)), el('span', {}, el('strong', {}, word), ' ', short),
      undoFromLog && this.undoButton(undoFromLog, short)));
    while (this.list.children.length > LOG_MOST) this.list.lastElementChild.remove();
  }

  undoButton(ticketId, what) {
    const button = el('button', { type: 'button', class: 'small', 'aria-label': say('door.undoOne', { what }) }, say('door.undo'));
    button.addEventListener('click', async () => {
      if (await doIt(() => act('DELETE', `/staff/checkins/${ticketId}`), say('door.undone', { what }))) button.remove();
      await this.changed();
    });
    return button;
  }
}
