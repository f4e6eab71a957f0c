#include "keys.h"

#include <stdlib.h>
#include <string.h>

// The letters in lower case, in `small` if they fit; what is longer is allocated.
static char *letters_of(const char *text, size_t bytes, size_t *count, char *small, size_t room) {
  char *letters = bytes <= room ? small : malloc(bytes);
  *count = 0;
  if (letters == NULL) return NULL;
  for (size_t i = 0; i < bytes; i++) {
    char c = text[i];
    if (c >= 'A' && c <= 'Z') c = (char)(c + 'a' - 'A');
    if (c >= 'a' && c <= 'z') letters[(*count)++] = c;
  }
  return letters;
}

static char upper(char c) { return (char)(c - 'a' + 'A'); }

size_t soundex(const char *text, size_t bytes, size_t length, char key[KEY_MOST]) {
  //                            abcdefghijklmnopqrstuvwxyz
  static const char digits[] = "01230120022455012623010202";
  char small[256];
  size_t count, made = 0;
  char *letters = letters_of(text, bytes, &count, small, sizeof small);
  if (count > 0) {
    key[made++] = upper(letters[0]);
    char last = digits[letters[0] - 'a'];
    for (size_t i = 1; i < count && made < length; i++) {
      char digit = digits[letters[i] - 'a'];
      if (digit != '0' && digit != last) key[made++] = digit;
      if (letters[i] != 'h' && letters[i] != 'w') last = digit;
    }
    while (made < length) key[made++] = '0';
  }
  if (letters != small) free(letters);
  return made;
}

static int one_of(char c, const char *set) { return c != 0 && strchr(set, c) != NULL; }
static int vowel(char c) { return one_of(c, "aeiou"); }

size_t metaphone(const char *text, size_t bytes, size_t length, char key[KEY_MOST]) {
  char small[256];
  size_t count, made = 0, at = 0;
  char *letters = letters_of(text, bytes, &count, small, sizeof small);
  if (count >= 2) {
    static const char silent[][3] = {"kn", "gn", "pn", "wr", "ae"};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
      if (memcmp(letters, silent[i], 2) == 0) at = 1;
  }
  size_t first = at;
  while (at < count && made < length) {
    char c = letters[at], before = at > first ? letters[at - 1] : 0;
    char next = at + 1 < count ? letters[at + 1] : 0, second = at + 2 < count ? letters[at + 2] : 0;
    char out = 0;
    at++;
    if (c == next && c != 'c') continue;
    switch (c) {
      case 'a': case 'e': case 'i': case 'o': case 'u':
        if (before == 0) out = c;
        break;
      case 'b':
        if (before != 'm' || next != 0) out = 'b';
        break;
      case 'c':
        if ((next == 'i' && second == 'a') || next == 'h') out = 'x', at++;
        else if (one_of(next, "iey")) out = 's', at++;
        else out = 'k';
        break;
      case 'd':
        if (next == 'g' && one_of(second, "iey")) out = 'j', at += 2;
        else out = 't';
        break;
      case 'g':
        if (one_of(next, "iey")) out = 'j';
        else if (next == 'h' && !vowel(second)) at++;
        else if (next == 'n' && second == 0) at++;
        else out = 'k';
        break;
      case 'h':
        if (before == 0 || vowel(next) || !vowel(before)) out = 'h';
        break;
      case 'k':
        if (before != 'c') out = 'k';
        break;
      case 'p':
        if (next == 'h') out = 'f', at++;
        else out = 'p';
        break;
      case 'q': out = 'k'; break;
      case 's':
        if (next == 'h') out = 'x', at++;
        else if (next == 'i' && one_of(second, "oa")) out = 'x', at += 2;
        else out = 's';
        break;
      case 't':
        if (next == 'i' && one_of(second, "oa")) out = 'x';
        else if (next == 'h') out = '0', at++;
        else if (next != 'c' || second != 'h') out = 't';
        break;
      case 'v': out = 'f'; break;
      case 'w':
        if (before == 0 && next == 'h') out = 'w', at++;
        else if (vowel(next)) out = 'w';
        break;
      case 'x':
        if (before != 0) {
          key[made++] = 'K';
          if (made == length) goto done;
          out = 's';
        } else {
          out = next == 'h' || (next == 'i' && one_of(second, "oa")) ? 'x' : 's';
        }
        break;
      case 'y':
        if (vowel(next)) out = 'y';
        break;
      case 'z': out = 's'; break;
      default: out = c; // f j l m n r
    }
    if (out != 0) key[made++] = out == '0' ? '0' : upper(out);
  }
done:
  if (letters != small) free(letters);
  return made;
}
