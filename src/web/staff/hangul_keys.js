// A scanner that types like a keyboard types Hangul where the computer is set to Korean. The keys are the same, so what it
// meant can be told: the two-set layout, read back into the letters on the keys.

const KEYS = {
  ㅂ: 'Q', ㅃ: 'Q', ㅈ: 'W', ㅉ: 'W', ㄷ: 'E', ㄸ: 'E', ㄱ: 'R', ㄲ: 'R', ㅅ: 'T', ㅆ: 'T', ㅛ: 'Y', ㅕ: 'U', ㅑ: 'I', ㅐ: 'O', ㅒ: 'O', ㅔ: 'P', ㅖ: 'P',
  ㅁ: 'A', ㄴ: 'S', ㅇ: 'D', ㄹ: 'F', ㅎ: 'G', ㅗ: 'H', ㅓ: 'J', ㅏ: 'K', ㅣ: 'L', ㅋ: 'Z', ㅌ: 'X', ㅊ: 'C', ㅍ: 'V', ㅠ: 'B', ㅜ: 'N', ㅡ: 'M',
  ㅘ: 'HK', ㅙ: 'HO', ㅚ: 'HL', ㅝ: 'NJ', ㅞ: 'NP', ㅟ: 'NL', ㅢ: 'ML',
  ㄳ: 'RT', ㄵ: 'SW', ㄶ: 'SG', ㄺ: 'FR', ㄻ: 'FA', ㄼ: 'FQ', ㄽ: 'FT', ㄾ: 'FX', ㄿ: 'FV', ㅀ: 'FG', ㅄ: 'QT',
};
const FIRST = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ';
const MIDDLE = 'ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ';
const LAST = ' ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ';
const SYLLABLES = 0xac00;

/** The keys that were pressed, in capitals: `ㅆ5` is T5. Tickets have only capitals and digits. */
export function keysOf(text) {
  return [...text.trim()].map((character) => {
    const at = character.codePointAt(0) - SYLLABLES;
    if (at < 0 || at >= FIRST.length * MIDDLE.length * LAST.length) return KEYS[character] ?? character.toUpperCase();
    const parts = [FIRST[Math.floor(at / LAST.length / MIDDLE.length)], MIDDLE[Math.floor(at / LAST.length) % MIDDLE.length], LAST[at % LAST.length]];
    return parts.map((part) => KEYS[part] ?? '').join('');
  }).join('');
}
