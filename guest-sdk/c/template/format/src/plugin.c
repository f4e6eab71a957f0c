// {{title}}: lines of key=value pairs with blanks between them. A key that a line lacks is null there.
#include "jackfield.h"

#include <stdlib.h>
#include <string.h>

#define MOST_COLUMNS 256
#define LOOKED_AT 1000 // lines that the schema is made of

// Lines of a stream, each without its end. The buffer grows to the longest line.
struct lines {
  char *bytes;
  size_t from, to, room;
  uint64_t number; // of the line that was given last, from 1
  bool keeps;      // lines that were given stay in the buffer, to be given again
};

static char *next_line(struct lines *self, jf_source *input, size_t *length) {
  size_t looked = 0;
  for (;;) {
    char *start = self->bytes + self->from;
    size_t there = self->to - self->from;
    char *end = there > looked ? memchr(start + looked, '\n', there - looked) : NULL;
    if (end != NULL) {
      *length = (size_t)(end - start);
      self->from += *length + 1;
      self->number++;
      if (*length > 0 && start[*length - 1] == '\r') --*length;
      return start;
    }
    looked = there;
    if (self->from > 0 && !self->keeps) {
      memmove(self->bytes, start, there);
      self->from = 0;
      self->to = there;
    }
    if (self->to == self->room) {
      self->room = self->room == 0 ? 65536 : self->room * 2;
      self->bytes = realloc(self->bytes, self->room);
      if (self->bytes == NULL) abort();
    }
    size_t count = jf_read(input, self->bytes + self->to, self->room - self->to);
    self->to += count;
    if (count == 0) {
      if (jf_failed() || there == 0) return NULL;
      *length = there;
      self->from = self->to;
      self->number++;
      return self->bytes + self->to - there;
    }
  }
}

// The next pair of a line: false at its end. `key` is NULL for a word without `=`.
static bool next_pair(const char **at, const char *end, const char **key, size_t *key_length, const char **value, size_t *value_length) {
  while (*at < end && **at == ' ') ++*at;
  if (*at == end) return false;
  const char *word = *at;
  while (*at < end && **at != ' ') ++*at;
  const char *equals = memchr(word, '=', (size_t)(*at - word));
  *key = equals != NULL && equals > word ? word : NULL;
  *key_length = *key ? (size_t)(equals - word) : 0;
  *value = *key ? equals + 1 : word;
  *value_length = (size_t)(*at - *value);
  return true;
}

struct reader {
  struct lines lines;
  char *columns[MOST_COLUMNS];
  size_t count;
  uint64_t row;
};

static size_t column_named(const struct reader *self, const char *name, size_t length) {
  for (size_t i = 0; i < self->count; i++)
    if (strlen(self->columns[i]) == length && memcmp(self->columns[i], name, length) == 0) return i;
  return SIZE_MAX;
}

static void add_column(struct reader *self, const char *name, size_t length) {
  if (self->count == MOST_COLUMNS) {
    jf_fail(JF_LIMIT, "too-many-columns", "more than %d keys", MOST_COLUMNS);
    return;
  }
  char *copy = malloc(length + 1);
  if (copy == NULL) abort();
  memcpy(copy, name, length);
  copy[length] = '\0';
  self->columns[self->count++] = copy;
}

static void open_reader(void *state, jf_params options, jf_source *input, const jf_demand *demand) {
  (void)input, (void)demand;
  struct reader *self = state;
  const char *name;
  for (size_t i = 0; (name = jf_param_key_at(options, "schema", i)) != NULL; i++) add_column(self, name, strlen(name));
}

static void read_schema(void *state, jf_source *input, jf_schema *schema) {
  struct reader *self = state;
  size_t length;
  const char *line;
  // What the pipeline says may be some of the columns only. The lines are given again, as rows.
  self->lines.keeps = true;
  while (self->lines.number < LOOKED_AT && (line = next_line(&self->lines, input, &length)) != NULL) {
    const char *at = line, *key, *value;
    size_t key_length, value_length;
    while (next_pair(&at, line + length, &key, &key_length, &value, &value_length))
      if (key != NULL && column_named(self, key, key_length) == SIZE_MAX) add_column(self, key, key_length);
  }
  self->lines.keeps = false;
  self->lines.from = 0;
  self->lines.number = 0;
  for (size_t i = 0; i < self->count; i++) jf_schema_add(schema, self->columns[i], "utf8");
}

static bool read_rows(void *state, jf_source *input, const jf_demand *demand, jf_chunk *chunk) {
  struct reader *self = state;
  uint32_t rows = 0, most = demand->batch_rows;
  if (demand->has_limit && demand->limit - self->row < most) most = (uint32_t)(demand->limit - self->row);
  // Only what somebody asked for is built, in the order of the demand.
  size_t wanted = demand->columns ? demand->column_count : self->count;
  const char **names = jf_scratch((wanted + 1) * sizeof *names);
  jf_builder **builders = jf_scratch((wanted + 1) * sizeof *builders);
  size_t *builder_of = jf_scratch((self->count + 1) * sizeof *builder_of);
  const char **values = jf_scratch((self->count + 1) * sizeof *values);
  size_t *lengths = jf_scratch((self->count + 1) * sizeof *lengths);
  for (size_t i = 0; i < self->count; i++) builder_of[i] = SIZE_MAX;
  for (size_t i = 0; i < wanted; i++) {
    names[i] = demand->columns ? demand->columns[i] : self->columns[i];
    builders[i] = jf_build("utf8", most);
    size_t column = column_named(self, names[i], strlen(names[i]));
    if (column != SIZE_MAX) builder_of[column] = i;
  }
  uint64_t first = self->row;
  bool bad = false;
  while (rows < most) {
    size_t length;
    const char *line = next_line(&self->lines, input, &length);
    if (line == NULL) break;
    if (length == 0) continue;
    memset(values, 0, self->count * sizeof *values);
    const char *at = line, *key, *value;
    size_t key_length, value_length;
    const char *wrong = NULL;
    while (wrong == NULL && next_pair(&at, line + length, &key, &key_length, &value, &value_length)) {
      size_t column = key != NULL ? column_named(self, key, key_length) : SIZE_MAX;
      if (key == NULL) {
        wrong = jf_print("`%.*s` is no key=value", (int)value_length, value);
      } else if (column == SIZE_MAX) {
        wrong = jf_print("the key `%.*s` is not among those of the first %d lines", (int)key_length, key, LOOKED_AT);
      } else {
        values[column] = value;
        lengths[column] = value_length;
      }
    }
    if (wrong != NULL) {
      jf_fail(JF_INVALID_INPUT, "invalid-pair", "%s", wrong);
      jf_chunk_bad(chunk, self->lines.number, line, length);
      bad = true;
      continue;
    }
    for (size_t i = 0; i < self->count; i++) {
      if (builder_of[i] == SIZE_MAX) continue;
      if (values[i] == NULL) jf_add_null(builders[builder_of[i]]);
      else jf_add_bytes(builders[builder_of[i]], values[i], lengths[i]);
    }
    rows++;
    self->row++;
  }
  if ((rows == 0 && !bad) || jf_failed()) return false;
  jf_column *columns = jf_scratch((wanted + 1) * sizeof *columns);
  for (size_t i = 0; i < wanted; i++) columns[i] = jf_finish(builders[i]);
  jf_chunk_rows(chunk, jf_batch_of(names, columns, wanted, rows), first);
  return true;
}

static void close_reader(void *state) {
  struct reader *self = state;
  for (size_t i = 0; i < self->count; i++) free(self->columns[i]);
  free(self->lines.bytes);
}

struct writer {
  char *columns[MOST_COLUMNS];
  size_t count;
};

static void open_writer(void *state, jf_params options, const jf_schema *schema, jf_sink *output) {
  (void)options, (void)output;
  struct writer *self = state;
  for (size_t i = 0; i < jf_schema_count(schema) && i < MOST_COLUMNS; i++) self->columns[self->count++] = jf_keep_text(jf_schema_name(schema, i));
}

static void write_rows(void *state, jf_sink *output, jf_batch batch) {
  struct writer *self = state;
  jf_view *views = jf_scratch((self->count + 1) * sizeof *views);
  for (size_t i = 0; i < self->count; i++) views[i] = jf_view_of(jf_cast(jf_column_of(batch, self->columns[i]), "utf8"));
  if (jf_failed()) return;
  char *out = NULL;
  size_t made = 0, room = 0;
  for (uint32_t row = 0; row < jf_rows(batch); row++) {
    bool first = true;
    for (size_t i = 0; i < self->count; i++) {
      if (!jf_valid(&views[i], row)) continue;
      size_t length, name = strlen(self->columns[i]);
      const char *text = jf_text_at(&views[i], row, &length);
      if (memchr(text, ' ', length) != NULL || memchr(text, '\n', length) != NULL) {
        jf_fail(JF_INVALID_INPUT, "invalid-value", "a value with a blank or a line end cannot be written: `%.*s`", (int)length, text);
        jf_fail_row(row);
        jf_fail_column(self->columns[i]);
        free(out);
        return;
      }
      if (made + name + length + 3 > room) {
        room = (made + name + length + 3) * 2;
        out = realloc(out, room);
        if (out == NULL) abort();
      }
      if (!first) out[made++] = ' ';
      first = false;
      memcpy(out + made, self->columns[i], name);
      made += name;
      out[made++] = '=';
      memcpy(out + made, text, length);
      made += length;
    }
    if (made + 1 > room) {
      room = made * 2 + 64;
      out = realloc(out, room);
      if (out == NULL) abort();
    }
    out[made++] = '\n';
  }
  if (made > 0) jf_write(output, out, made);
  free(out);
}

static void close_writer(void *state) {
  struct writer *self = state;
  for (size_t i = 0; i < self->count; i++) free(self->columns[i]);
}

static uint8_t detect(const char *name, const uint8_t *head, size_t length) {
  size_t name_length = name ? strlen(name) : 0;
  size_t ending = strlen(".{{name}}");
  if (name_length > ending && strcmp(name + name_length - ending, ".{{name}}") == 0) return 90;
  const uint8_t *line_end = memchr(head, '\n', length);
  return line_end != NULL && memchr(head, '=', (size_t)(line_end - head)) != NULL ? 10 : 0;
}

static const jf_format format = {
    .id = "{{name}}",
    .detect = detect,
    .reader_size = sizeof(struct reader),
    .reader_open = open_reader,
    .reader_schema = read_schema,
    .reader_next = read_rows,
    .reader_close = close_reader,
    .writer_size = sizeof(struct writer),
    .writer_open = open_writer,
    .writer_write = write_rows,
    .writer_close = close_writer,
};
const jf_format *const jf_formats[] = {&format, NULL};
