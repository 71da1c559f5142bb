// Choosing seats: the map with its legend, "best seats for N", what is chosen, and the hold.

import './booking_words.js';
import { Refused, newKey, passes, patiently, pause } from '../shared/api.js';
import { el, fill, styleSheet, tell } from '../shared/dom.js';
import { dateTime, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { announce, toast } from '../shared/notice.js';
import { signs } from '../shared/seat_marks.js';
import { SeatMap } from '../shared/seat_map.js';
import { seatName, seatNames } from '../shared/seat_name.js';
import { inTab } from '../shared/store.js';
import { follow } from '../shared/stream.js';
import { namesOf, withTariffs } from '../shared/tariffs.js';
import { venue } from '../shared/venue.js';
import { findConcert, readDates, stateOf, whenOf } from './dates.js';
import { enter } from './gate.js';
import { Legend } from './legend.js';
import { asUser, asVisitor, me, token } from './me.js';
import { busyButton, page, sentence } from './parts.js';
import { toPending } from './pending.js';
import { Tray } from './tray.js';
import { leave, look } from './visit.js';

/** Without a stream, seats that others take are seen within two seconds. */
const LOOK_MS = 1_000;
/** How a date stands of which nobody books a seat any more. */
const ENDED = ['cancelled', 'closed', 'over', 'gone'];

export const needsVisit = true;

export async function show({ main, params: [concertId, scheduleId], signal }) {
  inTab.set('boxoffice.map', location.hash);
  const styled = styleSheet(new URL('../shared/seat_map.css', import.meta.url).pathname);
  if (await tellDead(main, concertId, Number(scheduleId), signal)) return;
  await enter(main, signal, Number(concertId), findConcert(concertId, signal).catch(() => undefined));
  const [rules, user, concert, dates, pending] = await Promise.all([venue({ signal }), patiently('GET', `/users/${me().userId}`, { authorization: asUser(), signal }), findConcert(concertId, signal), readDates(concertId, signal), toPending(signal)]);
  const schedule = dates.find((one) => one.scheduleId === Number(scheduleId));
  const seatsPerUser = Math.max(rules.seatsPerUser, user.body.seatsPerUser ?? 0);
  const hall = new Hall({ scheduleId: Number(scheduleId), rules: { ...rules, seatsPerUser }, signal });
  await Promise.all([hall.look(), styled]);
  const place = [schedule && whenOf(schedule, rules.timeZone), concert?.venue].filter(Boolean).join(' · ');
  page(main, concert?.title ?? say('seats.title'), pending,
    el('p', { class: 'soft bar apart' }, place, el('a', { href: `#/concerts/${concertId}` }, say('seats.otherDate'))),
    hall.notes, el('div', { class: 'hall' }, hall.map.node, hall.tray.node, hall.legend.node, hall.best()));
  main.classList.remove('narrow');
  main.classList.add('wide');
  hall.map.view.all();
  hall.follow();
  hall.tellTrayHeight();
  hall.tellSale(schedule);
}

/** Nobody stands in the line for a date without a seat to book: says how it is, and gives whether it is so. */
async function tellDead(main, concertId, scheduleId, signal) {
  const [concert, dates, { timeZone }] = await Promise.all([findConcert(concertId, signal), readDates(concertId, signal), venue({ signal })]);
  const schedule = dates.find((one) => one.scheduleId === scheduleId);
  const state = schedule ? stateOf(schedule) : 'gone';
  if (!ENDED.includes(state) && (state !== 'soldOut' || token())) return false; // who is inside sees seats come free
  page(main, concert?.title ?? say('seats.title'), schedule && el('p', { class: 'soft' }, whenOf(schedule, timeZone)),
    el('p', { class: 'note warn' }, say(`dates.notNow.${state}`)),
    el('div', { class: 'bar' }, el('a', { class: 'button main', href: `#/concerts/${concertId}` }, say('seats.otherDate'))));
  return true;
}

/** The map of a date and what is chosen on it: to be held, unless `send` does something else with it. */
export class Hall {
  constructor({ scheduleId, rules, signal, kept = `boxoffice.chosen.${scheduleId}`, words }) {
    Object.assign(this, { scheduleId, rules, signal, kept });
    this.chosen = new Set(inTab.json(this.kept) ?? []);
    this.tariffAt = new Map(); // by seat; without one it has its full price
    this.sale = el('div', { role: 'status' });
    this.refusal = el('div', { role: 'alert' });
    this.notes = el('div', {}, this.sale, this.refusal);
    this.tray = new Tray({
      remove: (seat) => { this.toggle(seat); this.map.refreshSeat(seat.seat); }, choose: (seat, tariff) => { this.tariffAt.set(seat.seat, tariff); this.drawTray(); },
      hold: (seats) => this.hold({ seats }), holdMinutes: Math.floor(rules.holdSeconds / 60) || 1, words,
    });
  }

  /** Reads the map; a map that is known already comes as an answer without a body. */
  async look() {
    const since = this.version === undefined ? '' : `?since=${this.version}`;
    const answer = await patiently('GET', `/schedules/${this.scheduleId}/seats${since}`, {
      authorization: asVisitor(), etag: this.etag, signal: this.signal,
    });
    if (answer.status === 304) return;
    const { version, since: told, seats } = answer.body;
    this.etag = answer.etag;
    this.version = version;
    if (told === undefined) this.whole = answer.body; // its stage and its shapes come with a whole map alone
    this.take(told === undefined ? answer.body : { ...this.whole, seats: changed(this.seats, seats) });
  }

  take({ seats, front, shapes, tariffs }) {
    // While a hold is asked for, its answer says what became of it.
    const lost = this.holding ? [] : seats.filter(({ seat, status }) => this.chosen.has(seat) && status !== 'AVAILABLE');
    for (const { seat } of lost) this.chosen.delete(seat);
    this.seats = seats;
    this.tariffs = tariffs;
    if (this.map) {
      this.map.update(seats, { front, shapes });
      const others = lost.filter(({ mine }) => !mine);
      if (others.length) toast(say('seats.lost', { seats: seatNames(others) }));
    } else {
      this.map = new SeatMap(seats, {
        drawing: { front, shapes }, isChosen: (seat) => this.chosen.has(seat), toggle: (seat) => this.toggle(seat),
        taken: (seat, state) => toast(say('map.taken', { seat: seatName(seat), state: say(`seat.${state}`) })),
      });
      this.legend = new Legend(this.map);
    }
    this.legend.show(seats);
    this.drawTray();
  }

  /** Follows the map while the page is looked at: by a stream of changes, else by looking again and again. */
  async follow() {
    const { signal } = this;
    while (!signal.aborted) {
      try {
        await follow(`/schedules/${this.scheduleId}/seats`, { authorization: asVisitor(), lastId: this.etag, signal }, (event) => this.heard(event));
        await pause(LOOK_MS, signal, 'visible');
        if (!document.hidden) await this.look();
      } catch (error) {
        if (!signal.aborted) this.trouble(error);
      }
    }
  }

  /** Takes an event of the stream: all of the map, or the labels of seats by what they are now. */
  heard({ name, data }) {
    this.etag = undefined; // the next look begins at the version
    this.version = data.version;
    if (name === 'map') this.whole = data;
    if (name === 'map') return this.take(data);
    const now = new Map(Object.entries(data.seats).flatMap(([status, labels]) => labels.map((seat) => [seat, status])));
    const mine = data.mine && new Set(data.mine);
    return this.take({ ...this.whole, seats: this.seats.map((seat) => {
      const status = now.get(seat.seat) ?? seat.status;
      const isMine = mine ? mine.has(seat.seat) : seat.mine && status !== 'AVAILABLE';
      return status === seat.status && isMine === seat.mine ? seat : { ...seat, status, mine: isMine };
    }) });
  }

  /** Notices stand above the tray, which is fixed below the page until the page ends. */
  tellTrayHeight() {
    const root = document.documentElement.style;
    const tell = () => root.setProperty('--tray-height', this.chosen.size ? `${Math.max(0, innerHeight - this.tray.node.getBoundingClientRect().top)}px` : '0px');
    const observer = new ResizeObserver(tell);
    observer.observe(this.tray.node);
    addEventListener('scroll', tell, { signal: this.signal, passive: true });
    this.signal.addEventListener('abort', () => { observer.disconnect(); root.removeProperty('--tray-height'); });
  }

  /** Says when a sale opens, and goes on by itself then. Until then nothing can be held. */
  tellSale(schedule) {
    const isSoon = schedule && stateOf(schedule) === 'soon';
    this.opens = isSoon ? say('dates.notNow.soon', { when: dateTime(schedule.saleOpensAt, this.rules.timeZone) }) : '';
    fill(this.sale, isSoon && el('p', { class: 'note warn' }, this.opens));
    this.drawTray();
    if (!isSoon) return undefined;
    const timer = setInterval(() => { if (stateOf(schedule) !== 'soon') { clearInterval(timer); this.tellSale(schedule); } }, LOOK_MS);
    return this.signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** A no that ends the visit is told by the visit itself. */
  trouble(error) {
    if (error instanceof Refused && /^TOKEN_/.test(error.code)) {
      look({ signal: this.signal }).then(() => window.dispatchEvent(new Event('hashchange')), () => {});
    }
    else if (!passes(error)) fill(this.refusal, el('p', { class: 'note bad' }, sentence(error, this.rules.timeZone)));
  }

  /** How many more this customer may take. */
  room() {
    const mine = this.seats.filter((seat) => seat.mine).length;
    return Math.max(0, this.rules.seatsPerUser - mine);
  }

  toggle(seat) {
    const name = seatName(seat);
    if (this.chosen.delete(seat.seat)) announce(say('tray.removed', { seat: name }));
    else if (this.chosen.size >= this.room()) return toast(say('refusal.SEAT_LIMIT', { seatsPerUser: this.rules.seatsPerUser }));
    else {
      this.chosen.add(seat.seat);
      announce(say('tray.added', { seat: name, price: points(seat.price) }));
    }
    fill(this.refusal); // what was refused before is no news any more
    return this.drawTray();
  }

  drawTray() {
    inTab.setJson(this.kept, [...this.chosen]);
    this.tray.show(this.chosenSeats(), this.room(), this.opens);
    this.tellBest();
  }

  /** Why the best seats cannot be had now, on the page and for their button. */
  tellBest() {
    if (!this.go) return;
    const { seatsPerUser } = this.rules;
    const isFree = this.seats.some(({ status }) => status === 'AVAILABLE');
    const full = this.room() ? '' : say('refusal.SEAT_LIMIT', { seatsPerUser });
    const why = this.opens || full || (isFree ? '' : say('dates.notNow.soldOut'));
    tell(this.whyNot, why);
    if (!this.holding) this.go.toggleAttribute('disabled', Boolean(why));
  }

  chosenSeats() {
    const chosen = this.seats.filter(({ seat }) => this.chosen.has(seat));
    return chosen.map((seat) => withTariffs(seat, this.tariffs, this.tariffAt.get(seat.seat)));
  }

  /** "Best seats for N", in a section or anywhere. */
  best() {
    const most = Math.max(1, this.room());
    const count = el('select', { id: 'count' }, Array.from({ length: most }, (_, i) =>
      el('option', { value: i + 1, selected: i + 1 === Math.min(2, most) }, say('best.count', { n: i + 1 }))));
    const sections = [...new Set(this.seats.map(({ section }) => section).filter(Boolean))];
    const section = sections.length > 1 && el('select', { id: 'section' }, el('option', { value: '' }, say('best.anywhere')),
      sections.map((name) => el('option', { value: name }, name)));
    const dearest = this.map.prices.length > 1 && el('select', { id: 'most' }, el('option', { value: '' }, say('best.anyPrice')),
      this.map.prices.map((price) => el('option', { value: price }, points(price))));
    // Seats with a meaning are given only to those who ask for them.
    const howMany = (id) => el('select', { id }, Array.from({ length: most + 1 }, (_, n) => el('option', { value: n }, say('best.count', { n }))));
    const special = signs.filter((attribute) => this.seats.some(({ attributes }) => attributes?.includes(attribute)))
      .map((attribute) => [attribute, howMany(`special-${attribute}`)]);
    const names = (this.tariffs ?? []).map(({ name }) => name);
    const kinds = names.map((name, at) => [name, howMany(`tariff-${at}`)]);
    // The seat for a wheelchair and the one beside it rarely cost the same.
    const prices = new Map(names.length ? special.map(([attribute]) => [attribute, el('select', { id: `price-${attribute}` },
      el('option', { value: '' }, say('tariff.full')), names.map((name) => el('option', { value: name }, name)))]) : []);
    const wanted = () => {
      const [attributes, ordinary] = [namesOf(special), namesOf(kinds)];
      const priced = (attribute) => prices.get(attribute)?.value;
      const tariffs = [...ordinary, ...attributes.filter(priced).map((attribute) => ({ tariff: priced(attribute), attribute }))];
      return {
        count: Math.max(Number(count.value), attributes.length + ordinary.length), ...(tariffs.length ? { tariffs } : {}),
        ...(section?.value ? { section: section.value } : {}), ...(dearest?.value ? { priceMax: Number(dearest.value) } : {}),
        ...(attributes.length ? { attributes } : {}),
      };
    };
    this.go = busyButton(say('best.go'), () => this.hold({ bestAvailable: wanted() }), 'wide');
    this.go.setAttribute('aria-describedby', 'best-not');
    this.whyNot = el('p', { class: 'small soft', id: 'best-not' });
    return el('section', { class: 'card best' }, el('h2', {}, say('best.title')),
      el('p', { class: 'soft small' }, say('best.hint')),
      el('div', { class: 'pair' },
        el('div', { class: 'field' }, el('label', { for: 'count' }, say('best.seats')), count),
        section && el('div', { class: 'field' }, el('label', { for: 'section' }, say('best.section')), section),
        dearest && el('div', { class: 'field' }, el('label', { for: 'most' }, say('best.most')), dearest),
        [...kinds, ...special.map(([attribute, select]) => [say(`attribute.${attribute}`), select])].map(([name, select]) =>
          el('div', { class: 'field' }, el('label', { for: select.id }, say('best.special', { name })), select)),
        [...prices].map(([attribute, select]) =>
          el('div', { class: 'field' }, el('label', { for: select.id }, say('best.priceOf', { name: say(`attribute.${attribute}`) })), select))),
      this.go, this.whyNot);
  }

  async hold(wanted) {
    fill(this.refusal);
    this.holding = true;
    try {
      await this.send(wanted);
    } catch (error) {
      if (this.signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      this.holding = false;
      await this.refused(error);
    } finally {
      this.holding = false;
    }
  }

  async send(wanted) {
    const { body } = await patiently('POST', '/reservations', {
      body: { scheduleId: this.scheduleId, ...wanted }, authorization: asVisitor(), key: newKey(), signal: this.signal,
    });
    this.took();
    location.hash = `#/pay/${body.reservationId}`;
  }

  /** What was chosen belongs to a reservation now. */
  took() {
    inTab.drop(this.kept);
    this.chosen.clear();
  }

  /** Says why there is no hold, and shows the map as it is now. */
  async refused(error) {
    const { code, problem } = error;
    const named = new Map(this.seats.map((seat) => [seat.seat, seat]));
    fill(this.refusal, el('div', { class: 'note bad bar apart' },
      el('span', {}, sentence(error, this.rules.timeZone, (labels) => seatNames(labels.map((seat) => named.get(seat) ?? { seat })))),
      code === 'RESERVATION_PENDING' && el('a', { class: 'button small', href: `#/pay/${problem.reservationId}` }, say('pending.pay')),
      code === 'VISIT_OVER' && busyButton(say('visit.end'), leave, 'small')));
    this.refusal.scrollIntoView({ block: 'nearest' });
    if (/^TOKEN_/.test(code)) return this.trouble(error);
    for (const seat of problem.seats ?? []) this.chosen.delete(seat);
    try {
      await this.look();
    } catch (again) {
      if (!this.signal.aborted) this.trouble(again);
    }
    return this.drawTray();
  }
}

/** The seats, with those in place that are not as they were. */
function changed(seats, news) {
  const byLabel = new Map(news.map((seat) => [seat.seat, seat]));
  return seats.map((seat) => byLabel.get(seat.seat) ?? seat);
}
