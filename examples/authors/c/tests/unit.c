// Unit tests without the host: cc -Isdk -Isrc tests/unit.c src/*.c sdk/jackfield.c && ./a.out
#include "jackfield_native.h"
#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int wrong;

static void expect(const char *what, const char *found, const char *wanted) {
  if (strcmp(found, wanted) == 0) return;
  printf("%s: %s, not %s\n", what, found, wanted);
  wrong++;
}

static void keys_are_those_of_the_suite(void) {
  static const struct { const char *word, *soundex, *metaphone; } words[] = {
      {"Robert", "R163", "RBRT"}, {"Ashcraft", "A261", "AXKR"}, {"Tymczak", "T522", "TMKS"}, {"", "", ""}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    char key[KEY_MOST + 1] = {0}, other[KEY_MOST + 1] = {0};
    key[soundex(words[i].word, strlen(words[i].word), 4, key)] = 0;
    other[metaphone(words[i].word, strlen(words[i].word), 4, other)] = 0;
    expect(words[i].word, key, words[i].soundex);
    expect(words[i].word, other, words[i].metaphone);
  }
}

static void bytes_come_back_whatever_the_pieces(void) {
  uint8_t bytes[1000];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
  for (size_t piece = 1; piece < 130; piece += 3) {
    for (size_t length = 0; length < sizeof bytes; length += 57 - piece % 5) {
      jf_test_begin();
      size_t coded, decoded;
      uint8_t *text = jf_test_encode(jf_codecs[0], "{}", bytes, length, piece, &coded);
      uint8_t *again = jf_test_decode(jf_codecs[0], "{}", text, coded, piece, &decoded);
      if (again == NULL || decoded != length || memcmp(again, bytes, length) != 0) expect("round trip", "other", "the same");
      free(text);
      free(again);
      jf_test_end();
    }
  }
}

static void a_node_is_run_without_the_host(void) {
  jf_test_begin();
  jf_builder *names = jf_build("utf8", 2);
  jf_add_bytes(names, "Robert", 6);
  jf_add_null(names);
  jf_column column = jf_finish(names), made;
  const char *name = "name";
  jf_batch batch = jf_batch_of(&name, &column, 1, 2);
  size_t count = jf_test_process(jf_nodes[0], "{\"column\": \"name\", \"length\": 4}", batch, &made, 1);
  jf_view keys = jf_view_of(made);
  size_t length;
  if (count != 1 || keys.length != 2 || jf_valid(&keys, 1) || memcmp(jf_text_at(&keys, 0, &length), "R163", 4) != 0)
    expect("phonetic", "other", "R163 and null");
  jf_test_end();
}

int main(void) {
  keys_are_those_of_the_suite();
  bytes_come_back_whatever_the_pieces();
  a_node_is_run_without_the_host();
  if (wrong == 0) printf("passed\n");
  return wrong > 0;
}
