/** Phonetic keys: American Soundex and Metaphone. */

const DIGITS = new Map(["bfpv", "cgjkqsxz", "dt", "l", "mn", "r"].flatMap((letters, at) => [...letters].map((letter) => [letter, String(at + 1)])));
const is = (set: string, letter: string | undefined): boolean => letter !== undefined && set.includes(letter);
const VOWELS = "aeiou";
const SOFT = "iey";

/** The ASCII letters of a text, in lower case. */
export const letters = (text: string): string => text.replace(/[^A-Za-z]/g, "").toLowerCase();

/** The first letter and the digits of those behind it, padded or cut to a length; empty without letters. */
export function soundex(text: string, length: number): string {
  const word = letters(text);
  if (word === "") return "";
  let key = word[0].toUpperCase();
  let last = DIGITS.get(word[0]);
  for (const letter of word.slice(1)) {
    const digit = DIGITS.get(letter);
    if (digit !== undefined && digit !== last) key += digit;
    if (!is("hw", letter)) last = digit;
  }
  return key.slice(0, length).padEnd(length, "0");
}

/** How a word sounds, by the rules that are told in the suite's README, cut to a length. */
export function metaphone(text: string, length: number): string {
  let word = letters(text);
  if (/^(kn|gn|pn|wr|ae)/.test(word)) word = word.slice(1);
  let key = "";
  for (let at = 0; at < word.length && key.length < length; ) {
    const [sound, used] = soundAt(word, at);
    key += sound;
    at += used;
  }
  return key.slice(0, length);
}

/** What the letter at a place gives, and how many letters that uses up. */
function soundAt(word: string, at: number): [string, number] {
  const [before, letter, next, second]: (string | undefined)[] = [word[at - 1], word[at], word[at + 1], word[at + 2]];
  if (letter === next && letter !== "c") return ["", 1];
  const hissing = next === "i" && is("oa", second);
  switch (letter) {
    case "a":
    case "e":
    case "i":
    case "o":
    case "u":
      return [at === 0 ? letter.toUpperCase() : "", 1];
    case "b":
      return [before === "m" && next === undefined ? "" : "B", 1];
    case "c":
      if (next === "h" || (next === "i" && second === "a")) return ["X", 2];
      return is(SOFT, next) ? ["S", 2] : ["K", 1];
    case "d":
      return next === "g" && is(SOFT, second) ? ["J", 3] : ["T", 1];
    case "g":
      if (is(SOFT, next)) return ["J", 1];
      if ((next === "h" && !is(VOWELS, second)) || (next === "n" && second === undefined)) return ["", 2];
      return ["K", 1];
    case "h":
      return [at === 0 || is(VOWELS, next) || !is(VOWELS, before) ? "H" : "", 1];
    case "k":
      return [before === "c" ? "" : "K", 1];
    case "p":
      return next === "h" ? ["F", 2] : ["P", 1];
    case "q":
      return ["K", 1];
    case "s":
      if (next === "h") return ["X", 2];
      return hissing ? ["X", 3] : ["S", 1];
    case "t":
      if (hissing) return ["X", 1];
      if (next === "h") return ["0", 2];
      return [next === "c" && second === "h" ? "" : "T", 1];
    case "v":
      return ["F", 1];
    case "w":
      if (at === 0 && next === "h") return ["W", 2];
      return [is(VOWELS, next) ? "W" : "", 1];
    case "x":
      if (at > 0) return ["KS", 1];
      return [next === "h" || hissing ? "X" : "S", 1];
    case "y":
      return [is(VOWELS, next) ? "Y" : "", 1];
    case "z":
      return ["S", 1];
    default:
      return [letter.toUpperCase(), 1];
  }
}
