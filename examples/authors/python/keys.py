"""Phonetic keys: American Soundex and Metaphone. Plain Python; tests call it as it is."""

from functools import lru_cache

_DIGITS = {letter: digit for letters, digit in zip(["bfpv", "cgjkqsxz", "dt", "l", "mn", "r"], "123456") for letter in letters}
_VOWELS = frozenset("aeiou")
_SOFT = frozenset("iey")


def letters(text: str) -> str:
    """The ASCII letters of a text, in lower case."""
    return "".join(letter for letter in text if letter.isascii() and letter.isalpha()).lower()


@lru_cache(maxsize=100_000)
def soundex(text: str, length: int) -> str:
    """The first letter and the digits of those behind it, padded or cut to a length; empty without letters."""
    word = letters(text)
    if not word:
        return ""
    key = word[0].upper()
    last = _DIGITS.get(word[0])
    for letter in word[1:]:
        digit = _DIGITS.get(letter)
        if digit and digit != last:
            key += digit
        if letter not in "hw":
            last = digit
    return key[:length].ljust(length, "0")


@lru_cache(maxsize=100_000)
def metaphone(text: str, length: int) -> str:
    """How a word sounds, by the rules that are told in the suite's README, cut to a length."""
    word = letters(text)
    if word[:2] in ("kn", "gn", "pn", "wr", "ae"):
        word = word[1:]
    key = ""
    at = 0
    while at < len(word) and len(key) < length:
        sound, used = _sound(word, at)
        key += sound
        at += used
    return key[:length]


def _sound(word: str, at: int) -> tuple[str, int]:
    """What the letter at a place gives, and how many letters that uses up."""
    letter, follow, second = word[at], word[at + 1 : at + 2], word[at + 2 : at + 3]
    before = word[at - 1] if at else ""
    if letter == follow and letter != "c":
        return "", 1
    hissing = follow == "i" and second in ("o", "a")
    match letter:
        case "a" | "e" | "i" | "o" | "u":
            return ("" if at else letter.upper()), 1
        case "b":
            return ("" if before == "m" and not follow else "B"), 1
        case "c":
            if follow == "h" or follow + second == "ia":
                return "X", 2
            return ("S", 2) if follow in _SOFT else ("K", 1)
        case "d":
            return ("J", 3) if follow == "g" and second in _SOFT else ("T", 1)
        case "g":
            if follow in _SOFT:
                return "J", 1
            if follow == "h" and second not in _VOWELS or follow == "n" and not second:
                return "", 2
            return "K", 1
        case "h":
            return ("H" if not at or follow in _VOWELS or before not in _VOWELS else ""), 1
        case "k":
            return ("" if before == "c" else "K"), 1
        case "p":
            return ("F", 2) if follow == "h" else ("P", 1)
        case "q":
            return "K", 1
        case "s":
            if follow == "h":
                return "X", 2
            return ("X", 3) if hissing else ("S", 1)
        case "t":
            if hissing:
                return "X", 1
            if follow == "h":
                return "0", 2
            return ("" if follow + second == "ch" else "T"), 1
        case "v":
            return "F", 1
        case "w":
            if not at and follow == "h":
                return "W", 2
            return ("W" if follow in _VOWELS else ""), 1
        case "x":
            if at:
                return "KS", 1
            return ("X" if follow == "h" or hissing else "S"), 1
        case "y":
            return ("Y" if follow in _VOWELS else ""), 1
        case "z":
            return "S", 1
        case _:
            return letter.upper(), 1
