// Package keys makes phonetic keys of words. It knows nothing of Jackfield, so it is tested by itself.
package keys

// Most is the most characters of a key.
const Most = 32

// letters are the ASCII letters of a text, in lower case.
func letters(text []byte, small []byte) []byte {
	for _, c := range text {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c >= 'a' && c <= 'z' {
			small = append(small, c)
		}
	}
	return small
}

func upper(c byte) byte { return c - 'a' + 'A' }

// The digit of each letter; 0 for those that have none.
const digits = "01230120022455012623010202"

// Soundex appends the key of a text to key.
func Soundex(key, text []byte, length int) []byte {
	var room [64]byte
	word := letters(text, room[:0])
	if len(word) == 0 {
		return key
	}
	end := len(key) + length
	key = append(key, upper(word[0]))
	last := digits[word[0]-'a']
	for _, c := range word[1:] {
		if len(key) == end {
			break
		}
		digit := digits[c-'a']
		if digit != '0' && digit != last {
			key = append(key, digit)
		}
		if c != 'h' && c != 'w' {
			last = digit
		}
	}
	for len(key) < end {
		key = append(key, '0')
	}
	return key
}

func vowel(c byte) bool { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' }
func soft(c byte) bool  { return c == 'i' || c == 'e' || c == 'y' }

// Metaphone appends the key of a text to key.
func Metaphone(key, text []byte, length int) []byte {
	var room [64]byte
	word := letters(text, room[:0])
	if len(word) >= 2 {
		switch string(word[:2]) {
		case "kn", "gn", "pn", "wr", "ae":
			word = word[1:]
		}
	}
	end := len(key) + length
	at := func(i int) byte {
		if i >= 0 && i < len(word) {
			return word[i]
		}
		return 0
	}
	for i := 0; i < len(word) && len(key) < end; i++ {
		c, before, next, second := word[i], at(i-1), at(i+1), at(i+2)
		if c == next && c != 'c' {
			continue
		}
		var out byte
		switch c {
		case 'a', 'e', 'i', 'o', 'u':
			if before == 0 {
				out = c
			}
		case 'b':
			if before != 'm' || next != 0 {
				out = 'b'
			}
		case 'c':
			switch {
			case next == 'i' && second == 'a' || next == 'h':
				out = 'x'
				i++
			case soft(next):
				out = 's'
				i++
			default:
				out = 'k'
			}
		case 'd':
			out = 't'
			if next == 'g' && soft(second) {
				out = 'j'
				i += 2
			}
		case 'g':
			switch {
			case soft(next):
				out = 'j'
			case next == 'h' && !vowel(second), next == 'n' && second == 0:
				i++
			default:
				out = 'k'
			}
		case 'h':
			if before == 0 || vowel(next) || !vowel(before) {
				out = 'h'
			}
		case 'k':
			if before != 'c' {
				out = 'k'
			}
		case 'p':
			out = 'p'
			if next == 'h' {
				out = 'f'
				i++
			}
		case 'q':
			out = 'k'
		case 's':
			switch {
			case next == 'h':
				out = 'x'
				i++
			case next == 'i' && (second == 'o' || second == 'a'):
				out = 'x'
				i += 2
			default:
				out = 's'
			}
		case 't':
			switch {
			case next == 'i' && (second == 'o' || second == 'a'):
				out = 'x'
			case next == 'h':
				out = '0'
				i++
			case next != 'c' || second != 'h':
				out = 't'
			}
		case 'v':
			out = 'f'
		case 'w':
			switch {
			case before == 0 && next == 'h':
				out = 'w'
				i++
			case vowel(next):
				out = 'w'
			}
		case 'x':
			switch {
			case before != 0:
				if key = append(key, 'K'); len(key) == end {
					return key
				}
				out = 's'
			case next == 'h', next == 'i' && (second == 'o' || second == 'a'):
				out = 'x'
			default:
				out = 's'
			}
		case 'y':
			if vowel(next) {
				out = 'y'
			}
		case 'z':
			out = 's'
		default: // f j l m n r
			out = c
		}
		switch out {
		case 0:
		case '0':
			key = append(key, '0')
		default:
			key = append(key, upper(out))
		}
	}
	return key
}
