// Texts of the customer's pages: Korean, English.

import { addWords } from '../shared/language.js';

export const customer = {
  'concerts.title': ['공연', 'Concerts'],
};

addWords(customer);
