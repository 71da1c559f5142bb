// The steps of a customer in a browser, by what a person reads: each names what it does, in either language.

const WORDS = {
  name: { ko: '이름', en: 'Your name' },
  join: { ko: '예매 대기하기', en: 'Join the line' },
  book: { ko: /^(예매하기|좌석 선택|미리 대기하기)/, en: /^(Book|Choose seats|Join the line now)/ },
  hold: { ko: /석 선택 완료/, en: /^Continue with \d/ },
  pay: { ko: /결제하기$/, en: /^Pay / },
  topUp: { ko: '충전하기', en: 'Top up' },
};

/** What is written for something in the language of the page. */
export async function word(page, key) {
  return WORDS[key][await page.locator('html').getAttribute('lang')];
}

const press = async (page, role, key) => page.getByRole(role, { name: await word(page, key), exact: typeof WORDS[key].en === 'string' }).first().click();

/** From a concert's first date into the line, or straight in when there is room. */
export async function joinLine(page, app, { name = 'Kim', concertId = app.concertId } = {}) {
  await page.goto(`${app.url}/#/concerts/${concertId}`);
  await page.locator('article.date').first().waitFor();
  await press(page, 'link', 'book');
  await page.locator('form').waitFor();
  if (await page.locator('#name').count()) await page.locator('#name').fill(name);
  await press(page, 'button', 'join');
}

/** To the seat map of a concert's first date. */
export async function toSeats(page, app, options) {
  await joinLine(page, app, options);
  await letIn(page);
}

/** Waits until the seats are there: whoever is let in comes to those of the date that was chosen. */
export const letIn = (page) => page.locator('.map .seat').first().waitFor();

/** From the line to the dates of the concert, let in. */
export async function toDates(page, app, options) {
  await toSeats(page, app, options);
  await page.locator('main a', { hasText: /Other dates|다른 일정/ }).click();
  await page.locator('article.date').first().waitFor();
}

export const seat = (page, label) => page.locator(`.map .seat[data-seat="${label}"]`);

/** Chooses these seats on the map and holds them. */
export async function hold(page, ...labels) {
  for (const label of labels) await seat(page, label).click();
  await press(page, 'button', 'hold');
}

/** Tops up what is missing, and pays. */
export async function topUpAndPay(page) {
  await press(page, 'button', 'topUp');
  await press(page, 'button', 'pay');
  await page.locator('.ticket').first().waitFor();
}

/** The sections of a date with three prices. */
export const SECTIONS = {
  sections: [
    { name: 'R', price: 150000, rows: ['A', 'B', 'C'].map((row, n) => ({ row, count: 14 + 2 * n })) },
    { name: 'S', price: 110000, rows: ['D', 'E', 'F', 'G'].map((row) => ({ row, count: 20 })) },
    { name: 'A석', price: 80000, rows: ['H', 'I', 'J'].map((row) => ({ row, count: 22 })) },
  ],
};

/** A seating plan: a quarter circle of three rows, from the right above to the left below. */
export function quarterCircle() {
  const rows = [0, 1, 2].map((row) => ({
    row_number: 'ABC'[row],
    position: { x: 0, y: 0 },
    seats: Array.from({ length: 20 }, (_, at) => {
      const angle = (at / 19) * Math.PI / 2;
      const radius = 300 + 30 * row;
      return {
        seat_guid: `${row}-${at}`, seat_number: String(at + 1), category: row ? 'S' : 'R',
        position: { x: radius * Math.cos(angle), y: radius * Math.sin(angle) },
      };
    }),
  }));
  return {
    name: 'Round', size: { width: 600, height: 600 }, categories: [{ name: 'R' }, { name: 'S' }],
    zones: [{ name: 'Balcony', position: { x: 50, y: 50 }, rows }],
  };
}

/** A app of 2,000 seats in 40 rows. */
export const LARGE = {
  sections: [
    { name: 'R', price: 150000, rows: Array.from({ length: 15 }, (_, n) => ({ row: `R${n + 1}`, count: 50 })) },
    { name: 'S', price: 110000, rows: Array.from({ length: 25 }, (_, n) => ({ row: `S${n + 1}`, count: 50 })) },
  ],
};

/** A seating plan of about so many seats in four blocks, with a stage, areas and their texts. */
export function planOf(seats) {
  const perRow = Math.max(5, Math.round(Math.sqrt(seats / 4)));
  const rows = Math.round(seats / 4 / perRow);
  const [wide, deep] = [20 * (perRow + 4), 20 * (rows + 5)];
  const area = (text, x, y, width, height) => ({
    shape: 'rectangle', rectangle: { width, height }, position: { x, y }, color: '#cccccc', text: { text, size: 40, position: { x: width / 2, y: height / 2 } },
  });
  const zones = [0, 1, 2, 3].map((nth) => ({
    name: `Block ${nth + 1}`, position: { x: wide * (nth % 2), y: 100 + deep * Math.floor(nth / 2) },
    areas: nth ? [area('Exit', -60, 0, 40, 80)] : [area('Stage', 0.5 * wide, -100, wide, 60), area('Bar', -60, 0, 40, 80)],
    rows: Array.from({ length: rows }, (_, row) => ({
      row_number: String(row + 1), position: { x: 0, y: 20 * row },
      seats: Array.from({ length: perRow }, (__, at) => ({
        seat_guid: `${nth}-${row}-${at}`, seat_number: String(at + 1), category: 'RSAB'[nth], position: { x: 20 * at, y: 0 },
      })),
    })),
  }));
  return { pretixPlan: { name: 'Large', size: { width: 2 * wide, height: 100 + 2 * deep }, categories: [...'RSAB'].map((name) => ({ name })), zones }, prices: { R: 120_000, S: 90_000, A: 70_000, B: 50_000 } };
}
