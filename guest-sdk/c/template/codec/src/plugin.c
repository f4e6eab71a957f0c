// {{title}}: bytes as hexadecimal digits, 32 bytes a line. Both ways a stream.
#include "jackfield.h"

#define LINE 32

struct decoder {
  uint64_t offset; // of the next byte of the input
  int high;        // the first digit of a pair and 1, or 0
};

static int digit(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Gives at most `most` bytes, which is at least 64; 0 is the end.
static size_t decode(void *state, jf_source *input, uint8_t *bytes, size_t most) {
  struct decoder *self = state;
  uint8_t piece[4096];
  size_t made = 0;
  while (made == 0) {
    size_t count = jf_read(input, piece, most < sizeof piece ? most : sizeof piece);
    if (count == 0) {
      if (!jf_failed() && self->high != 0) jf_fail(JF_INVALID_INPUT, "truncated", "the input ends in the middle of a byte");
      return 0;
    }
    for (size_t i = 0; i < count; i++, self->offset++) {
      uint8_t c = piece[i];
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
      int value = digit(c);
      if (value < 0) {
        jf_fail(JF_INVALID_INPUT, "invalid-digit", "no hexadecimal digit at byte %llu", (unsigned long long)self->offset);
        jf_fail_offset((uint32_t)self->offset);
        return 0;
      }
      if (self->high == 0) {
        self->high = value + 1;
      } else {
        bytes[made++] = (uint8_t)((self->high - 1) << 4 | value);
        self->high = 0;
      }
    }
  }
  return made;
}

struct encoder {
  size_t column; // bytes on the present line
};

static void encode(void *state, jf_sink *output, const uint8_t *bytes, size_t length) {
  static const char digits[] = "0123456789abcdef";
  struct encoder *self = state;
  char out[4096];
  size_t made = 0;
  for (size_t i = 0; i < length; i++) {
    out[made++] = digits[bytes[i] >> 4];
    out[made++] = digits[bytes[i] & 15];
    if (++self->column == LINE) {
      out[made++] = '\n';
      self->column = 0;
    }
    if (made > sizeof out - 3) {
      jf_write(output, out, made);
      made = 0;
    }
  }
  if (made > 0) jf_write(output, out, made);
}

static void finish(void *state, jf_sink *output) {
  struct encoder *self = state;
  if (self->column > 0) jf_write(output, "\n", 1);
}

static const jf_codec codec = {
    .id = "{{name}}",
    .decoder_size = sizeof(struct decoder),
    .decoder_read = decode,
    .encoder_size = sizeof(struct encoder),
    .encoder_write = encode,
    .encoder_finish = finish,
};
const jf_codec *const jf_codecs[] = {&codec, NULL};
