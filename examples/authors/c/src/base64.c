// The codec, both ways a stream: nothing is kept but the group that a piece ends in.
#include "jackfield.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
#define LINE 76

struct decoder {
  uint64_t offset; // of the next byte of the input
  uint32_t bits;
  int digits, padding; // of the present group
  uint64_t last_digit;  // its offset
  bool ended;           // behind padding
};

static int value_of(uint8_t c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void wrong(uint64_t offset, const char *what) {
  jf_fail(JF_INVALID_INPUT, "invalid-base64", "%s at byte %llu", what, (unsigned long long)offset);
  jf_fail_offset((uint32_t)offset);
}

// What one byte of the input adds to the output: up to 3 bytes when a group is whole.
static size_t take(struct decoder *self, uint8_t c, uint8_t *out) {
  uint64_t offset = self->offset++;
  if (c == '\r' || c == '\n') return 0;
  if (self->ended) return wrong(offset, "something stands behind the padding"), 0;
  if (c == '=') {
    int left_over = self->digits == 2 ? 4 : 2;
    if (self->digits < 2) return wrong(offset, "padding comes too early"), 0;
    if (self->bits & ((1u << left_over) - 1)) return wrong(self->last_digit, "the bits in front of the padding are not zero"), 0;
    if (self->digits + ++self->padding < 4) return 0;
    size_t made = (size_t)self->digits - 1;
    self->bits >>= left_over;
    for (size_t i = 0; i < made; i++) out[i] = (uint8_t)(self->bits >> 8 * (made - 1 - i));
    self->ended = true;
    self->digits = 0;
    return made;
  }
  int value = value_of(c);
  if (value < 0) return wrong(offset, "no character of base64"), 0;
  if (self->padding > 0) return wrong(offset, "something stands behind the padding"), 0;
  self->bits = self->digits == 0 ? (uint32_t)value : self->bits << 6 | (uint32_t)value;
  self->last_digit = offset;
  if (++self->digits < 4) return 0;
  self->digits = 0;
  out[0] = (uint8_t)(self->bits >> 16);
  out[1] = (uint8_t)(self->bits >> 8);
  out[2] = (uint8_t)self->bits;
  return 3;
}

static size_t decode(void *state, jf_source *input, uint8_t *bytes, size_t most) {
  struct decoder *self = state;
  uint8_t piece[4096];
  // Four characters give three bytes at most, and up to three may wait from the piece before.
  size_t wanted = most / 3 * 4, made = 0;
  if (wanted > sizeof piece) wanted = sizeof piece;
  if (wanted == 0) wanted = 1;
  while (made == 0) {
    size_t count = jf_read(input, piece, most < 6 ? 1 : wanted - 3);
    if (count == 0) {
      if (!jf_failed() && self->digits > 0) wrong(self->offset, "the input ends inside a group");
      return 0;
    }
    for (size_t i = 0; i < count && !jf_failed(); i++) made += take(self, piece[i], bytes + made);
    if (jf_failed()) return 0;
  }
  return made;
}

struct encoder {
  uint8_t waiting[3];
  size_t count; // of waiting bytes
  char line[LINE + 1];
  size_t column;
};

static void put(struct encoder *self, jf_sink *output, int characters) {
  uint32_t bits = (uint32_t)self->waiting[0] << 16 | (uint32_t)self->waiting[1] << 8 | self->waiting[2];
  for (int i = 0; i < 4; i++) self->line[self->column++] = i < characters ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
  memset(self->waiting, 0, sizeof self->waiting);
  self->count = 0;
  if (self->column == LINE) {
    self->line[self->column++] = '\n';
    jf_write(output, self->line, self->column);
    self->column = 0;
  }
}

static void encode(void *state, jf_sink *output, const uint8_t *bytes, size_t length) {
  struct encoder *self = state;
  for (size_t i = 0; i < length; i++) {
    self->waiting[self->count++] = bytes[i];
    if (self->count == 3) put(self, output, 4);
  }
}

static void finish(void *state, jf_sink *output) {
  struct encoder *self = state;
  if (self->count > 0) put(self, output, (int)self->count + 1);
  if (self->column > 0) {
    self->line[self->column++] = '\n';
    jf_write(output, self->line, self->column);
  }
}

static const jf_codec base64 = {
    .id = "base64",
    .decoder_size = sizeof(struct decoder),
    .decoder_read = decode,
    .encoder_size = sizeof(struct encoder),
    .encoder_write = encode,
    .encoder_finish = finish,
};
const jf_codec *const jf_codecs[] = {&base64, NULL};
