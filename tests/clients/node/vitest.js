import { startBoxoffice } from "./index.js";

// For `globalSetup` of vitest: one box office for the whole run. Tests get it by inject("boxoffice").
export default async function setup({ provide }) {
  const { advance, reset, stop, ...boxoffice } = await startBoxoffice();
  provide("boxoffice", boxoffice);
  return stop;
}
