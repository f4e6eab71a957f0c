// What stands for the host in unit tests on your own machine: columns and streams in plain memory.
#ifndef __wasm__
#include "jackfield_native.h"

#include "jackfield_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Handles are numbers from 1 into these lists, which a test ends with.
struct held_column {
  char type[24];
  jf_view view;
  void *memory[3];
  int users;
};
struct held_batch {
  char **names;
  int32_t *columns;
  size_t count;
  uint32_t rows;
  int users;
};

static struct held_column *held_columns;
static struct held_batch *held_batches;
static size_t column_count, batch_count;

static void no_host(const char *what) {
  jf_fail(JF_UNAVAILABLE, "no-host", "%s runs in the host, and there is none in a unit test", what);
}

static void *copy_of(const void *bytes, size_t length) {
  void *copy = malloc(length > 0 ? length : 1);
  if (copy == NULL) abort();
  if (length > 0) memcpy(copy, bytes, length);
  return copy;
}

void jf_host_log(jf_level level, const char *text) {
  static const char *const names[] = {"trace", "debug", "info", "warn", "error"};
  fprintf(stderr, "%s: %s\n", names[level], text);
}

int32_t jf_host_kernel(const char *function, const jf_value *values, size_t count, const char *options) {
  (void)values, (void)count, (void)options;
  return no_host(function), 0;
}
jf_column jf_host_plan(const char *function, const jf_value *values, size_t count, const char *options) {
  (void)values, (void)count, (void)options;
  return no_host(function), NULL;
}
jf_value jf_host_reduce(const char *function, jf_column column) {
  (void)column;
  return no_host(function), jf_null();
}
void jf_host_drop_tree(void *tree) { free(tree); }

uint32_t jf_host_length(int32_t column) { return held_columns[column - 1].view.length; }
const char *jf_host_type(jf_column column) { return held_columns[column->handle - 1].type; }
jf_view jf_host_view(int32_t column) { return held_columns[column - 1].view; }

int32_t jf_host_create(const char *type, const jf_built *built) {
  held_columns = realloc(held_columns, (column_count + 1) * sizeof *held_columns);
  if (held_columns == NULL) abort();
  struct held_column *it = &held_columns[column_count++];
  memset(it, 0, sizeof *it);
  snprintf(it->type, sizeof it->type, "%s", type);
  it->users = 1;
  it->view.length = built->length;
  it->view.null_count = built->null_count;
  if (built->validity != NULL) it->view.validity = it->memory[0] = copy_of(built->validity, built->validity_bytes);
  if (built->offsets != NULL) it->view.offsets = it->memory[1] = copy_of(built->offsets, built->offset_bytes);
  it->view.values = it->memory[2] = copy_of(built->values, built->value_bytes);
  it->view.value_bytes = built->value_bytes;
  return (int32_t)column_count;
}

void jf_host_drop_column(int32_t column) {
  struct held_column *it = &held_columns[column - 1];
  if (--it->users > 0) return;
  for (size_t i = 0; i < 3; i++) free(it->memory[i]), it->memory[i] = NULL;
}

int32_t jf_host_share_column(int32_t column) {
  held_columns[column - 1].users++;
  return column;
}

uint32_t jf_host_rows(jf_batch batch) { return held_batches[batch->handle - 1].rows; }

int32_t jf_host_column_of(jf_batch batch, const char *name) {
  const struct held_batch *it = &held_batches[batch->handle - 1];
  for (size_t i = 0; i < it->count; i++)
    if (strcmp(it->names[i], name) == 0) return jf_host_share_column(it->columns[i]);
  jf_fail(JF_INVALID_CONFIG, "unknown-column", "there is no column `%s`", name);
  return 0;
}

int32_t jf_host_filter(jf_batch batch, int32_t mask) { (void)batch, (void)mask; return no_host("jf_filter"), 0; }
int32_t jf_host_take(jf_batch batch, int32_t rows) { (void)batch, (void)rows; return no_host("jf_take"), 0; }
int32_t jf_host_slice(jf_batch batch, uint32_t offset, uint32_t length) {
  (void)batch, (void)offset, (void)length;
  return no_host("jf_slice"), 0;
}
int32_t jf_host_concat(const jf_batch *parts, size_t count) { (void)parts, (void)count; return no_host("jf_concat"), 0; }

int32_t jf_host_batch_of(const char *const *names, const jf_column *columns, size_t count, uint32_t rows) {
  for (size_t i = 0; i < count; i++) {
    if (jf_host_length(columns[i]->handle) == rows) continue;
    jf_fail(JF_INTERNAL, "length-mismatch", "the column `%s` has %u rows, not %u", names[i], jf_host_length(columns[i]->handle), rows);
    return 0;
  }
  held_batches = realloc(held_batches, (batch_count + 1) * sizeof *held_batches);
  if (held_batches == NULL) abort();
  struct held_batch *it = &held_batches[batch_count++];
  it->names = copy_of(NULL, 0);
  it->names = realloc(it->names, (count + 1) * sizeof *it->names);
  it->columns = malloc((count + 1) * sizeof *it->columns);
  if (it->names == NULL || it->columns == NULL) abort();
  for (size_t i = 0; i < count; i++) {
    it->names[i] = copy_of(names[i], strlen(names[i]) + 1);
    it->columns[i] = jf_host_share_column(columns[i]->handle);
  }
  it->count = count;
  it->rows = rows;
  it->users = 1;
  return (int32_t)batch_count;
}

int32_t jf_host_share_batch(jf_batch batch) {
  held_batches[batch->handle - 1].users++;
  return batch->handle;
}

void jf_host_drop_batch(int32_t batch) {
  struct held_batch *it = &held_batches[batch - 1];
  if (--it->users > 0) return;
  for (size_t i = 0; i < it->count; i++) {
    free(it->names[i]);
    jf_host_drop_column(it->columns[i]);
  }
  free(it->names);
  free(it->columns);
}

jf_grouper *jf_grouper_new(const char *const *types, size_t count) { (void)types, (void)count; return no_host("a grouper"), NULL; }
jf_column jf_grouper_assign(jf_grouper *it, const jf_column *keys, size_t count) { (void)it, (void)keys, (void)count; return NULL; }
uint32_t jf_grouper_count(jf_grouper *it) { (void)it; return 0; }
size_t jf_grouper_keys(jf_grouper *it, jf_column *keys, size_t most) { (void)it, (void)keys, (void)most; return 0; }
void jf_grouper_free(jf_grouper *it) { (void)it; }
jf_accumulator *jf_accumulator_new(const char *function, const char *type) { (void)type; return no_host(function), NULL; }
void jf_accumulator_update(jf_accumulator *it, jf_column values, jf_column groups, uint32_t count) { (void)it, (void)values, (void)groups, (void)count; }
jf_column jf_accumulator_finish(jf_accumulator *it) { (void)it; return NULL; }
void jf_accumulator_free(jf_accumulator *it) { (void)it; }
jf_joiner *jf_joiner_new(const char *const *types, size_t count) { (void)types, (void)count; return no_host("a joiner"), NULL; }
void jf_joiner_build(jf_joiner *it, const jf_column *keys, size_t count) { (void)it, (void)keys, (void)count; }
jf_matches *jf_joiner_probe(jf_joiner *it, const jf_column *keys, size_t count, jf_join kind) { (void)it, (void)keys, (void)count, (void)kind; return NULL; }
bool jf_matches_next(jf_matches *it, uint32_t most, jf_column *probe, jf_column *build) { (void)it, (void)most, (void)probe, (void)build; return false; }
void jf_joiner_free(jf_joiner *it) { (void)it; }

// ---- streams ----

struct jf_source { const uint8_t *bytes; size_t length, at, piece; };
struct jf_sink { uint8_t *bytes; size_t length; };

size_t jf_read(jf_source *source, void *bytes, size_t most) {
  size_t count = source->length - source->at;
  if (count > most) count = most;
  if (count > source->piece) count = source->piece;
  memcpy(bytes, source->bytes + source->at, count);
  source->at += count;
  return count;
}

void jf_write(jf_sink *sink, const void *bytes, size_t length) {
  sink->bytes = realloc(sink->bytes, sink->length + length + 1);
  if (sink->bytes == NULL) abort();
  memcpy(sink->bytes + sink->length, bytes, length);
  sink->length += length;
}

void jf_flush(jf_sink *sink) { (void)sink; }
uint64_t jf_position(jf_sink *sink) { (void)sink; return 0; }

// ---- for tests ----

void jf_test_begin(void) { jf_begin(); }
void jf_test_end(void) { jf_end(); }

const char *jf_test_code(void) {
  const jf_failure *failures;
  return jf_failures(&failures) > 0 ? failures[0].code : NULL;
}

static void *state_of(size_t bytes) {
  void *state = calloc(1, bytes > 0 ? bytes : 1);
  if (state == NULL) abort();
  return state;
}

uint8_t *jf_test_decode(const jf_codec *codec, const char *options, const void *bytes, size_t length, size_t piece, size_t *made) {
  jf_source source = {bytes, length, 0, piece};
  jf_sink out = {NULL, 0};
  void *state = state_of(codec->decoder_size);
  jf_params params = {options};
  if (codec->decoder_open != NULL) codec->decoder_open(state, params);
  uint8_t buffer[64];
  for (size_t count; !jf_failed() && (count = codec->decoder_read(state, &source, buffer, sizeof buffer)) > 0;)
    jf_write(&out, buffer, count);
  if (codec->decoder_close != NULL) codec->decoder_close(state);
  free(state);
  if (jf_failed()) return free(out.bytes), NULL;
  *made = out.length;
  return out.bytes != NULL ? out.bytes : copy_of(NULL, 0);
}

uint8_t *jf_test_encode(const jf_codec *codec, const char *options, const void *bytes, size_t length, size_t piece, size_t *made) {
  jf_sink out = {NULL, 0};
  void *state = state_of(codec->encoder_size);
  jf_params params = {options};
  if (codec->encoder_open != NULL) codec->encoder_open(state, params);
  for (size_t at = 0; at < length && !jf_failed(); at += piece)
    codec->encoder_write(state, &out, (const uint8_t *)bytes + at, length - at < piece ? length - at : piece);
  if (!jf_failed() && codec->encoder_finish != NULL) codec->encoder_finish(state, &out);
  if (codec->encoder_close != NULL) codec->encoder_close(state);
  free(state);
  if (jf_failed()) return free(out.bytes), NULL;
  *made = out.length;
  return out.bytes != NULL ? out.bytes : copy_of(NULL, 0);
}

struct jf_step { jf_column *made; size_t count, most; };

void jf_change(jf_step *step, const char *port, jf_column mask, const jf_column *made, size_t count) {
  (void)port, (void)mask;
  for (size_t i = 0; i < count && step->count < step->most; i++) step->made[step->count++] = made[i];
}
void jf_emit(jf_step *step, const char *port, jf_batch batch) { (void)step, (void)port, (void)batch; }
void jf_reject(jf_step *step, jf_column rows) {
  jf_failure reason;
  (void)step, (void)rows;
  jf_take_failure(&reason);
}
void jf_more(jf_step *step) { (void)step; }
void jf_done(jf_step *step) { (void)step; }

size_t jf_test_process(const jf_node *node, const char *params, jf_batch batch, jf_column *made, size_t most) {
  jf_step step = {made, 0, most};
  void *state = state_of(node->state_size);
  jf_params read = {params};
  if (node->open != NULL) node->open(state, read);
  if (node->process == NULL) no_host("apply");
  else if (!jf_failed()) node->process(state, &step, "in", batch);
  if (node->close != NULL) node->close(state);
  free(state);
  return jf_failed() ? 0 : step.count;
}

// Bindings, frames and chunks belong to the host: what is about them does nothing here.
size_t jf_inputs(jf_binding *it) { (void)it; return 0; }
const char *jf_input_name(jf_binding *it, size_t input) { (void)it, (void)input; return ""; }
size_t jf_input_columns(jf_binding *it, size_t input) { (void)it, (void)input; return 0; }
const char *jf_input_column(jf_binding *it, size_t input, size_t column) { (void)it, (void)input, (void)column; return ""; }
const char *jf_input_type(jf_binding *it, size_t input, size_t column) { (void)it, (void)input, (void)column; return "other"; }
size_t jf_expect_column(jf_binding *it, size_t input, const char *name, const char *parameter) {
  (void)it, (void)input, (void)name, (void)parameter;
  return no_host("bind"), SIZE_MAX;
}
void jf_output(jf_binding *it, const char *port) { (void)it, (void)port; }
void jf_output_pass(jf_binding *it, size_t input, size_t column, const char *name) { (void)it, (void)input, (void)column, (void)name; }
void jf_output_pass_all(jf_binding *it, size_t input) { (void)it, (void)input; }
void jf_output_made(jf_binding *it, const char *name, const char *type, bool nullable) { (void)it, (void)name, (void)type, (void)nullable; }
void jf_output_with(jf_binding *it, const char *name, const char *type) { (void)it, (void)name, (void)type; }
void jf_output_unknown(jf_binding *it) { (void)it; }
void jf_needs(jf_binding *it, size_t input, const char *column) { (void)it, (void)input, (void)column; }
void jf_needs_nothing(jf_binding *it, size_t input) { (void)it, (void)input; }
void jf_drain_first(jf_binding *it, const char *port) { (void)it, (void)port; }
void jf_row_wise(jf_binding *it) { (void)it; }
void jf_keeps_rows(jf_binding *it) { (void)it; }
jf_column jf_frame_column(jf_frame *frame, const char *name) { (void)frame, (void)name; return no_host("apply"), NULL; }
void jf_frame_filter(jf_frame *frame, jf_column mask) { (void)frame, (void)mask; }
void jf_frame_set(jf_frame *frame, const char *name, jf_column column) { (void)frame, (void)name, (void)column; }
void jf_schema_add(jf_schema *schema, const char *name, const char *type) { (void)schema, (void)name, (void)type; }
size_t jf_schema_count(const jf_schema *schema) { (void)schema; return 0; }
const char *jf_schema_name(const jf_schema *schema, size_t column) { (void)schema, (void)column; return ""; }
const char *jf_schema_type(const jf_schema *schema, size_t column) { (void)schema, (void)column; return "other"; }
void jf_chunk_rows(jf_chunk *chunk, jf_batch batch, uint64_t first_row) { (void)chunk, (void)batch, (void)first_row; }
void jf_chunk_bad(jf_chunk *chunk, uint64_t line, const void *raw, size_t length) {
  jf_failure reason;
  (void)chunk, (void)line, (void)raw, (void)length;
  jf_take_failure(&reason);
}
#endif
