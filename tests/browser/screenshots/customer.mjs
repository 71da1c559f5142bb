// How to come to each of the customer's pages.

export const customerPages = {
  async concerts(open, take) {
    const { hall, page } = await open();
    await page.goto(hall.url);
    await page.locator('main article').first().waitFor();
    await take(page);
  },
  async problem(open, take) {
    const { hall, page } = await open();
    await page.goto(`${hall.url}/problems/seat_unavailable`);
    await take(page);
  },
  async nowhere(open, take) {
    const { hall, page } = await open();
    await page.goto(`${hall.url}/nowhere`);
    await take(page);
  },
};
