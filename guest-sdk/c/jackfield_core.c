// The portable half of the SDK: what lives as long as a call, failures, parameters, builders.
#include "jackfield.h"
#include "jackfield_host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- what lives as long as a call ----

typedef struct block {
  struct block *next;
  void *adopted;
  max_align_t data[];
} block;

static block *blocks;
static struct jf_column_data *columns;
static struct jf_batch_data *batches;
static jf_failure *failures;
static size_t failure_count, failure_room;
static int depth;

static void *need(void *memory) {
  if (memory == NULL) abort();
  return memory;
}

void *jf_scratch(size_t bytes) {
  block *made = need(malloc(sizeof(block) + bytes));
  made->next = blocks;
  made->adopted = NULL;
  blocks = made;
  return memset(made->data, 0, bytes);
}

void jf_adopt(void *memory) {
  block *made = need(malloc(sizeof(block)));
  made->next = blocks;
  made->adopted = memory;
  blocks = made;
}

static char *print_list(const char *format, va_list list) {
  va_list again;
  va_copy(again, list);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length < 0) length = 0;
  char *text = jf_scratch((size_t)length + 1);
  vsnprintf(text, (size_t)length + 1, format, list);
  return text;
}

char *jf_print(const char *format, ...) {
  va_list list;
  va_start(list, format);
  char *text = print_list(format, list);
  va_end(list);
  return text;
}

static const char *copied(const char *text) {
  if (text == NULL) return NULL;
  size_t length = strlen(text) + 1;
  return memcpy(jf_scratch(length), text, length);
}

void jf_begin(void) { depth++; }

// A call within a call (a writer that asks a sink, and so on) ends nothing.
void jf_end(void) {
  if (--depth > 0) return;
  while (columns != NULL) {
    struct jf_column_data *next = columns->next;
    if (columns->handle != 0) jf_host_drop_column(columns->handle);
    if (columns->tree != NULL) jf_host_drop_tree(columns->tree);
    free(columns);
    columns = next;
  }
  while (batches != NULL) {
    struct jf_batch_data *next = batches->next;
    if (batches->handle != 0 && !batches->borrowed) jf_host_drop_batch(batches->handle);
    free(batches);
    batches = next;
  }
  while (blocks != NULL) {
    block *next = blocks->next;
    free(blocks->adopted);
    free(blocks);
    blocks = next;
  }
  failure_count = 0;
}

jf_column jf_new_column(int32_t handle) {
  if (handle == 0) return NULL;
  jf_column made = need(calloc(1, sizeof *made));
  made->handle = handle;
  made->next = columns;
  return columns = made;
}

jf_column jf_new_planned(void *tree, const char *type) {
  jf_column made = need(calloc(1, sizeof *made));
  made->planned = true;
  made->tree = tree;
  made->type = type;
  made->next = columns;
  return columns = made;
}

jf_batch jf_new_batch(int32_t handle, bool borrowed) {
  if (handle == 0) return NULL;
  jf_batch made = need(calloc(1, sizeof *made));
  made->handle = handle;
  made->borrowed = borrowed;
  made->next = batches;
  return batches = made;
}

jf_batch jf_keep_batch(jf_batch batch) {
  if (batch == NULL) return NULL;
  jf_batch kept = need(calloc(1, sizeof *kept));
  kept->handle = jf_host_share_batch(batch);
  return kept;
}

void jf_drop_batch(jf_batch batch) {
  if (batch == NULL) return;
  jf_host_drop_batch(batch->handle);
  free(batch);
}

jf_column jf_keep_column(jf_column column) {
  if (column == NULL || column->planned) return NULL;
  jf_column kept = need(calloc(1, sizeof *kept));
  kept->handle = jf_host_share_column(column->handle);
  return kept;
}

void jf_drop_column(jf_column column) {
  if (column == NULL) return;
  jf_host_drop_column(column->handle);
  free(column);
}

char *jf_keep_text(const char *text) {
  if (text == NULL) return NULL;
  size_t length = strlen(text) + 1;
  return memcpy(need(malloc(length)), text, length);
}

// ---- failures and log ----

void jf_add_failure(const jf_failure *failure) {
  if (failure_count == failure_room) {
    failure_room = failure_room == 0 ? 8 : failure_room * 2;
    failures = need(realloc(failures, failure_room * sizeof *failures));
  }
  failures[failure_count++] = *failure;
}

void jf_fail(jf_kind kind, const char *code, const char *message, ...) {
  jf_failure failure = {.kind = kind, .code = copied(code)};
  va_list list;
  va_start(list, message);
  failure.message = print_list(message, list);
  va_end(list);
  jf_add_failure(&failure);
}

static jf_failure *last(void) {
  if (failure_count == 0) jf_fail(JF_INTERNAL, "internal", "something failed without saying why");
  return &failures[failure_count - 1];
}

void jf_fail_row(uint64_t row) { jf_failure *it = last(); it->has_row = true; it->row = row; }
void jf_fail_column(const char *column) { last()->column = copied(column); }
void jf_fail_parameter(const char *pointer) { last()->parameter = copied(pointer); }
void jf_fail_offset(uint32_t offset) { jf_failure *it = last(); it->has_offset = true; it->offset = offset; }

void jf_fail_help(const char *help, ...) {
  va_list list;
  va_start(list, help);
  char *text = print_list(help, list);
  va_end(list);
  last()->help = text;
}

bool jf_failed(void) { return failure_count > 0; }

size_t jf_failures(const jf_failure **out) {
  *out = failures;
  return failure_count;
}

bool jf_take_failure(jf_failure *failure) {
  if (failure_count == 0) return false;
  *failure = failures[--failure_count];
  return true;
}

void jf_log(jf_level level, const char *message, ...) {
  jf_begin();
  va_list list;
  va_start(list, message);
  jf_host_log(level, print_list(message, list));
  va_end(list);
  jf_end();
}

// ---- columns and batches ----

static bool usable(const jf_value *arguments, size_t count, bool *planned) {
  *planned = false;
  for (size_t i = 0; i < count; i++) {
    if (arguments[i].kind != JF_COLUMN) continue;
    if (arguments[i].as.column == NULL) return false;
    *planned |= arguments[i].as.column->planned;
  }
  return true;
}

jf_column jf_kernel(const char *function, const jf_value *arguments, size_t count, const char *options) {
  bool planned;
  if (!usable(arguments, count, &planned)) return NULL;
  if (planned) return jf_host_plan(function, arguments, count, options);
  return jf_new_column(jf_host_kernel(function, arguments, count, options));
}

jf_column jf_cast(jf_column column, const char *type) {
  jf_value one = jf_col(column);
  return jf_kernel("cast", &one, 1, jf_print("{\"to_type\":\"%s\",\"safe\":false}", type));
}

jf_column jf_try_cast(jf_column column, const char *type) {
  jf_value one = jf_col(column);
  return jf_kernel("cast", &one, 1, jf_print("{\"to_type\":\"%s\",\"safe\":true}", type));
}

// What has no meaning while only the types are known.
static bool has_rows(jf_column column, const char *what) {
  if (column == NULL) return false;
  if (!column->planned) return true;
  jf_fail(JF_INTERNAL, "not-in-apply", "%s needs values, and `apply` also runs over types: write `bind` and `process`", what);
  return false;
}

jf_value jf_reduce(const char *function, jf_column column) {
  return has_rows(column, function) ? jf_host_reduce(function, column) : jf_null();
}

uint32_t jf_length(jf_column column) { return has_rows(column, "jf_length") ? jf_host_length(column->handle) : 0; }

const char *jf_type(jf_column column) {
  if (column == NULL) return "null";
  if (column->type == NULL) column->type = jf_host_type(column);
  return column->type;
}

jf_view jf_view_of(jf_column column) {
  jf_view none = {0};
  return has_rows(column, "jf_view_of") ? jf_host_view(column->handle) : none;
}

uint32_t jf_rows(jf_batch batch) { return batch == NULL ? 0 : jf_host_rows(batch); }

jf_column jf_column_of(jf_batch batch, const char *name) {
  return batch == NULL ? NULL : jf_new_column(jf_host_column_of(batch, name));
}

jf_batch jf_filter(jf_batch batch, jf_column mask) {
  if (batch == NULL || !has_rows(mask, "jf_filter")) return NULL;
  return jf_new_batch(jf_host_filter(batch, mask->handle), false);
}

jf_batch jf_take(jf_batch batch, jf_column rows) {
  if (batch == NULL || !has_rows(rows, "jf_take")) return NULL;
  return jf_new_batch(jf_host_take(batch, rows->handle), false);
}

jf_batch jf_slice(jf_batch batch, uint32_t offset, uint32_t length) {
  return batch == NULL ? NULL : jf_new_batch(jf_host_slice(batch, offset, length), false);
}

jf_batch jf_concat(const jf_batch *parts, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (parts[i] == NULL) return NULL;
  return jf_new_batch(jf_host_concat(parts, count), false);
}

jf_batch jf_batch_of(const char *const *names, const jf_column *made, size_t count, uint32_t rows) {
  for (size_t i = 0; i < count; i++)
    if (made[i] == NULL) return NULL;
  return jf_new_batch(jf_host_batch_of(names, made, count, rows), false);
}

// ---- builders ----

typedef enum width { BITS, ONE, TWO, FOUR, EIGHT, FLOAT4, FLOAT8, BYTES } width;

struct jf_builder {
  const char *type;
  width width;
  uint32_t length, null_count, room;
  uint8_t *validity, *values;
  int32_t *offsets;
  size_t value_bytes, value_room;
  bool failed;
};

// The builder's memory is the call's: it grows by halves, and what it outgrows goes with the call.
static void *grown(void *old, size_t old_bytes, size_t new_bytes) {
  void *made = jf_scratch(new_bytes);
  if (old_bytes > 0) memcpy(made, old, old_bytes);
  return made;
}

static bool width_of(const char *type, width *found) {
  static const struct { const char *type; width width; } known[] = {
      {"bool", BITS}, {"int8", ONE}, {"uint8", ONE}, {"int16", TWO}, {"uint16", TWO}, {"int32", FOUR},
      {"uint32", FOUR}, {"date", FOUR}, {"int64", EIGHT}, {"uint64", EIGHT}, {"time", EIGHT}, {"timestamp", EIGHT},
      {"timestamp[UTC]", EIGHT}, {"duration", EIGHT}, {"float32", FLOAT4}, {"float64", FLOAT8}, {"utf8", BYTES},
      {"binary", BYTES}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(known[i].type, type) == 0) {
      *found = known[i].width;
      return true;
    }
  }
  return false;
}

static size_t bytes_for(width width, size_t rows) {
  switch (width) {
    case BITS: return (rows + 7) / 8;
    case ONE: return rows;
    case TWO: return rows * 2;
    case FOUR: case FLOAT4: return rows * 4;
    default: return rows * 8;
  }
}

jf_builder *jf_build(const char *type, uint32_t expected_rows) {
  jf_builder *made = jf_scratch(sizeof *made);
  made->type = copied(type);
  if (!width_of(type, &made->width)) {
    jf_fail(JF_INTERNAL, "unknown-type", "columns of type %s cannot be built row by row", type);
    made->failed = true;
    return made;
  }
  made->room = expected_rows < 16 ? 16 : expected_rows;
  made->validity = jf_scratch((made->room + 7) / 8);
  if (made->width == BYTES) {
    made->offsets = jf_scratch(((size_t)made->room + 1) * sizeof(int32_t));
    made->value_room = (size_t)made->room * 8;
    made->values = jf_scratch(made->value_room);
  } else {
    made->values = jf_scratch(bytes_for(made->width, made->room));
  }
  return made;
}

static bool next_row(jf_builder *it, bool valid) {
  if (it == NULL || it->failed) return false;
  if (it->length == it->room) {
    uint32_t room = it->room + it->room / 2 + 16;
    it->validity = grown(it->validity, (it->room + 7) / 8, ((size_t)room + 7) / 8);
    if (it->width == BYTES) {
      it->offsets = grown(it->offsets, ((size_t)it->room + 1) * 4, ((size_t)room + 1) * 4);
    } else {
      it->values = grown(it->values, bytes_for(it->width, it->room), bytes_for(it->width, room));
    }
    it->room = room;
  }
  if (valid) it->validity[it->length / 8] |= (uint8_t)(1u << it->length % 8);
  else it->null_count++;
  it->length++;
  if (it->width == BYTES) it->offsets[it->length] = (int32_t)it->value_bytes;
  return true;
}

void jf_add_null(jf_builder *it) { next_row(it, false); }

void jf_add_bool(jf_builder *it, bool value) {
  if (next_row(it, true) && value) it->values[(it->length - 1) / 8] |= (uint8_t)(1u << (it->length - 1) % 8);
}

void jf_add_int(jf_builder *it, int64_t value) {
  if (!next_row(it, true)) return;
  size_t at = it->length - 1;
  switch (it->width) {
    case ONE: it->values[at] = (uint8_t)value; break;
    case TWO: ((uint16_t *)it->values)[at] = (uint16_t)value; break;
    case FOUR: ((uint32_t *)it->values)[at] = (uint32_t)value; break;
    case FLOAT4: ((float *)it->values)[at] = (float)value; break;
    case FLOAT8: ((double *)it->values)[at] = (double)value; break;
    default: ((int64_t *)it->values)[at] = value;
  }
}

void jf_add_float(jf_builder *it, double value) {
  if (!next_row(it, true)) return;
  if (it->width == FLOAT4) ((float *)it->values)[it->length - 1] = (float)value;
  else ((double *)it->values)[it->length - 1] = value;
}

void jf_add_bytes(jf_builder *it, const void *bytes, size_t length) {
  if (it == NULL || it->failed) return;
  if (length > (size_t)INT32_MAX - it->value_bytes) {
    jf_fail(JF_LIMIT, "column-too-large", "a column of texts has at most 2 GiB");
    it->failed = true;
    return;
  }
  if (it->value_bytes + length > it->value_room) {
    size_t room = (it->value_bytes + length) + (it->value_bytes + length) / 2;
    it->values = grown(it->values, it->value_bytes, room);
    it->value_room = room;
  }
  if (length > 0) memcpy(it->values + it->value_bytes, bytes, length);
  it->value_bytes += length;
  next_row(it, true);
}

jf_column jf_finish(jf_builder *it) {
  if (it == NULL || it->failed) return NULL;
  jf_built built = {
      .length = it->length,
      .null_count = it->null_count,
      .validity = it->null_count > 0 ? it->validity : NULL,
      .validity_bytes = ((size_t)it->length + 7) / 8,
      .offsets = it->offsets,
      .offset_bytes = it->offsets ? ((size_t)it->length + 1) * 4 : 0,
      .values = it->values,
      .value_bytes = it->width == BYTES ? it->value_bytes : bytes_for(it->width, it->length),
  };
  return jf_new_column(jf_host_create(it->type, &built));
}
