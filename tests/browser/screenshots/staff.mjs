// How to come to each of the staff's pages.

export const staffPages = {
  async staffSignIn(open, take) {
    const { hall, page } = await open();
    await page.goto(`${hall.url}/staff`);
    await page.locator('main form').waitFor();
    await take(page);
  },
};
