//! Soundex and Metaphone of the ASCII letters of a text. The rules are in `../suite/README.md`.

/// The letters, all upper case.
pub(crate) fn letters(text: &[u8], upper: &mut Vec<u8>) {
    upper.clear();
    upper.extend(text.iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_uppercase));
}

fn digit(letter: u8) -> u8 {
    match letter {
        b'B' | b'F' | b'P' | b'V' => b'1',
        b'C' | b'G' | b'J' | b'K' | b'Q' | b'S' | b'X' | b'Z' => b'2',
        b'D' | b'T' => b'3',
        b'L' => b'4',
        b'M' | b'N' => b'5',
        b'R' => b'6',
        _ => 0,
    }
}

/// Appends the key of upper-case letters.
pub(crate) fn soundex(letters: &[u8], length: usize, key: &mut Vec<u8>) {
    let Some((first, rest)) = letters.split_first() else { return };
    let end = key.len() + length;
    key.push(*first);
    let mut last = digit(*first);
    for letter in rest {
        if key.len() == end {
            return;
        }
        if matches!(letter, b'H' | b'W') {
            continue;
        }
        let digit = digit(*letter);
        if digit != 0 && digit != last {
            key.push(digit);
        }
        last = digit;
    }
    key.resize(end, b'0');
}

fn is_vowel(letter: Option<u8>) -> bool {
    matches!(letter, Some(b'A' | b'E' | b'I' | b'O' | b'U'))
}

fn softens(letter: Option<u8>) -> bool {
    matches!(letter, Some(b'I' | b'E' | b'Y'))
}

/// Appends the key of upper-case letters.
pub(crate) fn metaphone(letters: &[u8], length: usize, key: &mut Vec<u8>) {
    let start = key.len();
    let letters = match letters {
        [b'K' | b'G' | b'P', b'N', ..] | [b'W', b'R', ..] | [b'A', b'E', ..] => letters.get(1..).unwrap_or_default(),
        whole => whole,
    };
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let place = Place { letters, at };
        let (sound, used) = place.sound(letter);
        key.extend_from_slice(sound);
        at += used;
    }
    key.truncate(start + length);
}

/// A letter among the others.
struct Place<'a> {
    letters: &'a [u8],
    at: usize,
}

impl Place<'_> {
    fn after(&self, distance: usize) -> Option<u8> {
        self.letters.get(self.at + distance).copied()
    }

    fn before(&self) -> Option<u8> {
        self.at.checked_sub(1).and_then(|at| self.letters.get(at)).copied()
    }

    /// What it sounds like, and how many letters that takes.
    fn sound(&self, letter: u8) -> (&'static [u8], usize) {
        let (next, second) = (self.after(1), self.after(2));
        let first = self.at == 0;
        let before_io_or_ia = next == Some(b'I') && matches!(second, Some(b'O' | b'A'));
        if next == Some(letter) && letter != b'C' {
            return (b"", 1);
        }
        match letter {
            b'A' if first => (b"A", 1),
            b'E' if first => (b"E", 1),
            b'I' if first => (b"I", 1),
            b'O' if first => (b"O", 1),
            b'U' if first => (b"U", 1),
            b'B' if next.is_none() && self.before() == Some(b'M') => (b"", 1),
            b'B' => (b"B", 1),
            b'C' if next == Some(b'H') || (next == Some(b'I') && second == Some(b'A')) => (b"X", 2),
            b'C' if softens(next) => (b"S", 2),
            b'C' => (b"K", 1),
            b'D' if next == Some(b'G') && softens(second) => (b"J", 3),
            b'D' => (b"T", 1),
            b'F' => (b"F", 1),
            b'J' => (b"J", 1),
            b'L' => (b"L", 1),
            b'M' => (b"M", 1),
            b'N' => (b"N", 1),
            b'R' => (b"R", 1),
            b'G' if softens(next) => (b"J", 1),
            b'G' if next == Some(b'H') && !is_vowel(second) => (b"", 2),
            b'G' if next == Some(b'N') && second.is_none() => (b"", 2),
            b'G' => (b"K", 1),
            b'H' if first || is_vowel(next) || !is_vowel(self.before()) => (b"H", 1),
            b'K' if self.before() != Some(b'C') => (b"K", 1),
            b'P' if next == Some(b'H') => (b"F", 2),
            b'P' => (b"P", 1),
            b'Q' => (b"K", 1),
            b'S' if next == Some(b'H') => (b"X", 2),
            b'S' if before_io_or_ia => (b"X", 3),
            b'S' => (b"S", 1),
            b'T' if before_io_or_ia => (b"X", 1),
            b'T' if next == Some(b'H') => (b"0", 2),
            b'T' if next == Some(b'C') && second == Some(b'H') => (b"", 1),
            b'T' => (b"T", 1),
            b'V' => (b"F", 1),
            b'W' if first && next == Some(b'H') => (b"W", 2),
            b'W' if is_vowel(next) => (b"W", 1),
            b'X' if first && (next == Some(b'H') || before_io_or_ia) => (b"X", 1),
            b'X' if first => (b"S", 1),
            b'X' => (b"KS", 1),
            b'Y' if is_vowel(next) => (b"Y", 1),
            b'Z' => (b"S", 1),
            _ => (b"", 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(of: fn(&[u8], usize, &mut Vec<u8>), text: &str, length: usize) -> String {
        let (mut upper, mut key) = (Vec::new(), Vec::new());
        letters(text.as_bytes(), &mut upper);
        of(&upper, length, &mut key);
        String::from_utf8(key).unwrap()
    }

    #[test]
    fn names_that_sound_alike_have_the_same_key() {
        for (text, wanted) in
            [("Robert", "R163"), ("Rupert", "R163"), ("Ashcraft", "A261"), ("Tymczak", "T522"), ("", "")]
        {
            assert_eq!(key(soundex, text, 4), wanted, "{text}");
        }
        for (text, wanted) in [("Knuth", "N0"), ("Schwarz", "SXWR"), ("Dumb", "TM"), ("", "")] {
            assert_eq!(key(metaphone, text, 4), wanted, "{text}");
        }
    }
}
