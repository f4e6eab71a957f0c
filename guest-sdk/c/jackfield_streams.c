// Streams of bytes, and the codecs and formats that a component exports over them.
#if defined(__wasm__) && (defined(JACKFIELD_CODEC) || defined(JACKFIELD_FORMAT))
#include "jackfield_wasm.h"

#include <stdlib.h>
#include <string.h>

size_t jf_read(jf_source *source, void *bytes, size_t most) {
  jackfield_plugin_streams_borrow_source_t lent = jackfield_plugin_streams_borrow_source(source->own);
  if (most > 1 << 20) most = 1 << 20;
  if (most == 0) return 0;
  jackfield_plugin_streams_piece_t piece;
  jackfield_plugin_types_failure_t failure;
  if (!jackfield_plugin_streams_method_source_read(lent, (uint32_t)most, &piece, &failure)) {
    jf_take_host_failure(&failure);
    return 0;
  }
  if (piece.tag != JACKFIELD_PLUGIN_STREAMS_PIECE_DATA) {
    if (piece.tag == JACKFIELD_PLUGIN_STREAMS_PIECE_PAUSE) jf_fail(JF_UNAVAILABLE, "nothing-now", "the input has nothing now");
    return 0;
  }
  size_t count = piece.val.data.len;
  memcpy(bytes, piece.val.data.ptr, count);
  jackfield_plugin_streams_piece_free(&piece);
  return count;
}

void jf_write(jf_sink *sink, const void *bytes, size_t length) {
  jackfield_plugin_streams_borrow_sink_t lent = jackfield_plugin_streams_borrow_sink(sink->own);
  const uint8_t *at = bytes;
  while (length > 0 && !jf_failed()) {
    size_t count = length < 1 << 20 ? length : 1 << 20;
    bindings_list_u8_t piece = {(uint8_t *)at, count};
    jackfield_plugin_types_failure_t failure;
    if (!jackfield_plugin_streams_method_sink_write(lent, &piece, &failure)) jf_take_host_failure(&failure);
    at += count;
    length -= count;
  }
}

void jf_flush(jf_sink *sink) {
  jackfield_plugin_types_failure_t failure;
  if (!jackfield_plugin_streams_method_sink_flush(jackfield_plugin_streams_borrow_sink(sink->own), &failure))
    jf_take_host_failure(&failure);
}

uint64_t jf_position(jf_sink *sink) {
  return jackfield_plugin_streams_method_sink_position(jackfield_plugin_streams_borrow_sink(sink->own));
}

static bool is_text(const bindings_string_t *text, const char *other) {
  return text->len == strlen(other) && memcmp(text->ptr, other, text->len) == 0;
}
#endif

#if defined(__wasm__) && defined(JACKFIELD_CODEC)

struct exports_jackfield_plugin_codec_decoder_t {
  const jf_codec *codec;
  void *state;
  jf_source input;
  uint8_t waiting[64]; // what a very small request could not take
  size_t from, to;
};

struct exports_jackfield_plugin_codec_encoder_t {
  const jf_codec *codec;
  void *state;
  jf_sink output;
  bool finished;
};

static const jf_codec *codec_named(const bindings_string_t *id) {
  for (size_t i = 0; jf_codecs[i] != NULL; i++)
    if (is_text(id, jf_codecs[i]->id)) return jf_codecs[i];
  jf_fail(JF_INTERNAL, "unknown-codec", "the component has no codec `%s`", jf_scratch_text(id));
  return NULL;
}

bool exports_jackfield_plugin_codec_constructor_decoder(bindings_string_t *id, bindings_string_t *options,
    exports_jackfield_plugin_codec_own_source_t input, exports_jackfield_plugin_codec_own_decoder_t *ret,
    exports_jackfield_plugin_codec_failure_t *err) {
  jf_begin();
  exports_jackfield_plugin_codec_decoder_t *self = jf_need(sizeof *self);
  self->input.own = input;
  self->codec = codec_named(id);
  if (self->codec != NULL) {
    self->state = jf_need(self->codec->decoder_size);
    jf_params params = {jf_scratch_text(options)};
    if (self->codec->decoder_open != NULL) self->codec->decoder_open(self->state, params);
  }
  bindings_string_free(id);
  bindings_string_free(options);
  bool failed = jf_give_first_failure(err);
  if (failed) exports_jackfield_plugin_codec_decoder_destructor(self);
  else *ret = exports_jackfield_plugin_codec_decoder_new(self);
  jf_end();
  return !failed;
}

void exports_jackfield_plugin_codec_decoder_destructor(exports_jackfield_plugin_codec_decoder_t *self) {
  jf_begin();
  if (self->codec != NULL && self->codec->decoder_close != NULL) self->codec->decoder_close(self->state);
  jackfield_plugin_streams_source_drop_own(self->input.own);
  free(self->state);
  free(self);
  jf_end();
}

bool exports_jackfield_plugin_codec_method_decoder_read(exports_jackfield_plugin_codec_borrow_decoder_t self, uint32_t max,
    exports_jackfield_plugin_codec_piece_t *ret, exports_jackfield_plugin_codec_failure_t *err) {
  jf_begin();
  size_t most = max < 1 << 20 ? max : 1 << 20, made = 0;
  uint8_t *bytes = jf_need(most);
  if (self->from == self->to && most >= sizeof self->waiting) {
    made = self->codec->decoder_read(self->state, &self->input, bytes, most);
  } else {
    if (self->from == self->to) {
      self->from = 0;
      self->to = self->codec->decoder_read(self->state, &self->input, self->waiting, sizeof self->waiting);
    }
    made = self->to - self->from < most ? self->to - self->from : most;
    memcpy(bytes, self->waiting + self->from, made);
    self->from += made;
  }
  bool failed = jf_give_first_failure(err);
  if (!failed && made > 0) {
    ret->tag = JACKFIELD_PLUGIN_STREAMS_PIECE_DATA;
    ret->val.data.ptr = bytes;
    ret->val.data.len = made;
  } else {
    free(bytes);
    ret->tag = JACKFIELD_PLUGIN_STREAMS_PIECE_END;
  }
  jf_end();
  return !failed;
}

bool exports_jackfield_plugin_codec_constructor_encoder(bindings_string_t *id, bindings_string_t *options,
    exports_jackfield_plugin_codec_own_sink_t output, exports_jackfield_plugin_codec_own_encoder_t *ret,
    exports_jackfield_plugin_codec_failure_t *err) {
  jf_begin();
  exports_jackfield_plugin_codec_encoder_t *self = jf_need(sizeof *self);
  self->output.own = output;
  self->codec = codec_named(id);
  if (self->codec != NULL) {
    self->state = jf_need(self->codec->encoder_size);
    jf_params params = {jf_scratch_text(options)};
    if (self->codec->encoder_open != NULL) self->codec->encoder_open(self->state, params);
  }
  bindings_string_free(id);
  bindings_string_free(options);
  bool failed = jf_give_first_failure(err);
  if (failed) exports_jackfield_plugin_codec_encoder_destructor(self);
  else *ret = exports_jackfield_plugin_codec_encoder_new(self);
  jf_end();
  return !failed;
}

void exports_jackfield_plugin_codec_encoder_destructor(exports_jackfield_plugin_codec_encoder_t *self) {
  jf_begin();
  if (self->codec != NULL && self->codec->encoder_close != NULL) self->codec->encoder_close(self->state);
  jackfield_plugin_streams_sink_drop_own(self->output.own);
  free(self->state);
  free(self);
  jf_end();
}

bool exports_jackfield_plugin_codec_method_encoder_write(exports_jackfield_plugin_codec_borrow_encoder_t self,
    bindings_list_u8_t *data, exports_jackfield_plugin_codec_failure_t *err) {
  jf_begin();
  self->codec->encoder_write(self->state, &self->output, data->ptr, data->len);
  bindings_list_u8_free(data);
  bool failed = jf_give_first_failure(err);
  jf_end();
  return !failed;
}

bool exports_jackfield_plugin_codec_method_encoder_flush(exports_jackfield_plugin_codec_borrow_encoder_t self,
    exports_jackfield_plugin_codec_failure_t *err) {
  jf_begin();
  jf_flush(&self->output);
  bool failed = jf_give_first_failure(err);
  jf_end();
  return !failed;
}

bool exports_jackfield_plugin_codec_method_encoder_finish(exports_jackfield_plugin_codec_borrow_encoder_t self,
    exports_jackfield_plugin_codec_failure_t *err) {
  jf_begin();
  if (!self->finished && self->codec->encoder_finish != NULL) self->codec->encoder_finish(self->state, &self->output);
  self->finished = true;
  if (!jf_failed()) jf_flush(&self->output);
  bool failed = jf_give_first_failure(err);
  jf_end();
  return !failed;
}
#endif

#if defined(__wasm__) && defined(JACKFIELD_FORMAT)

struct jf_schema {
  const char **names, **types;
  size_t count, room;
};

struct jf_chunk {
  jf_batch batch;
  uint64_t first_row;
  jackfield_plugin_flow_list_bad_row_t bad;
};

struct exports_jackfield_plugin_format_reader_t {
  const jf_format *format;
  void *state;
  jf_source input;
  exports_jackfield_plugin_format_demand_t raw; // what `demand` points into
  jf_demand demand;
  char **columns;
};

struct exports_jackfield_plugin_format_writer_t {
  const jf_format *format;
  void *state;
  jf_sink output;
  bool finished;
};

static const jf_format *format_named(const bindings_string_t *id) {
  for (size_t i = 0; jf_formats[i] != NULL; i++)
    if (is_text(id, jf_formats[i]->id)) return jf_formats[i];
  jf_fail(JF_INTERNAL, "unknown-format", "the component has no format `%s`", jf_scratch_text(id));
  return NULL;
}

void jf_schema_add(jf_schema *schema, const char *name, const char *type) {
  if (schema->count == schema->room) {
    size_t room = schema->room * 2 + 8;
    const char **names = jf_scratch(room * sizeof *names), **types = jf_scratch(room * sizeof *types);
    if (schema->count > 0) {
      memcpy(names, schema->names, schema->count * sizeof *names);
      memcpy(types, schema->types, schema->count * sizeof *types);
    }
    schema->names = names;
    schema->types = types;
    schema->room = room;
  }
  schema->names[schema->count] = jf_print("%s", name);
  schema->types[schema->count++] = jf_print("%s", type);
}

size_t jf_schema_count(const jf_schema *schema) { return schema->count; }
const char *jf_schema_name(const jf_schema *schema, size_t column) { return schema->names[column]; }
const char *jf_schema_type(const jf_schema *schema, size_t column) { return schema->types[column]; }

void jf_chunk_rows(jf_chunk *chunk, jf_batch batch, uint64_t first_row) {
  chunk->batch = batch;
  chunk->first_row = first_row;
}

void jf_chunk_bad(jf_chunk *chunk, uint64_t line, const void *raw, size_t length) {
  jf_failure reason;
  if (!jf_take_failure(&reason)) return;
  chunk->bad.ptr = realloc(chunk->bad.ptr, (chunk->bad.len + 1) * sizeof *chunk->bad.ptr);
  if (chunk->bad.ptr == NULL) abort();
  jackfield_plugin_flow_bad_row_t *bad = &chunk->bad.ptr[chunk->bad.len++];
  memset(bad, 0, sizeof *bad);
  bad->line.is_some = true;
  bad->line.val = line;
  bad->raw.len = length;
  bad->raw.ptr = jf_need(length);
  if (length > 0) memcpy(bad->raw.ptr, raw, length);
  jf_give_failure(&reason, &bad->reason);
}

void exports_jackfield_plugin_format_detect(bindings_string_t *maybe_name, bindings_list_u8_t *head,
    exports_jackfield_plugin_format_list_candidate_t *ret) {
  jf_begin();
  const char *name = maybe_name != NULL ? jf_scratch_text(maybe_name) : NULL;
  ret->len = 0;
  ret->ptr = NULL;
  for (size_t i = 0; jf_formats[i] != NULL; i++) {
    uint8_t confidence = jf_formats[i]->detect != NULL ? jf_formats[i]->detect(name, head->ptr, head->len) : 0;
    if (confidence == 0) continue;
    ret->ptr = realloc(ret->ptr, (ret->len + 1) * sizeof *ret->ptr);
    if (ret->ptr == NULL) abort();
    exports_jackfield_plugin_format_candidate_t *candidate = &ret->ptr[ret->len++];
    candidate->format = jf_given(jf_formats[i]->id);
    candidate->confidence = confidence > 100 ? 100 : confidence;
    candidate->reason = jf_given("by its name or its first bytes");
  }
  if (maybe_name != NULL) bindings_string_free(maybe_name);
  bindings_list_u8_free(head);
  jf_end();
}

bool exports_jackfield_plugin_format_constructor_reader(bindings_string_t *format, bindings_string_t *options,
    exports_jackfield_plugin_format_own_source_t input, exports_jackfield_plugin_format_demand_t *demand,
    exports_jackfield_plugin_format_own_reader_t *ret, exports_jackfield_plugin_format_failure_t *err) {
  jf_begin();
  exports_jackfield_plugin_format_reader_t *self = jf_need(sizeof *self);
  self->input.own = input;
  self->raw = *demand;
  self->demand.batch_rows = demand->batch_rows;
  // A limit counts rows that satisfy predicates, so beside one it says nothing to a reader that applies none.
  self->demand.has_limit = demand->limit.is_some && demand->predicates.len == 0;
  self->demand.limit = demand->limit.val;
  if (demand->columns.is_some) {
    self->demand.column_count = demand->columns.val.len;
    self->columns = jf_need((demand->columns.val.len + 1) * sizeof(char *));
    for (size_t i = 0; i < demand->columns.val.len; i++) {
      const bindings_string_t *name = &demand->columns.val.ptr[i];
      self->columns[i] = jf_need(name->len + 1);
      if (name->len > 0) memcpy(self->columns[i], name->ptr, name->len);
    }
    self->demand.columns = (const char *const *)self->columns;
  }
  self->format = format_named(format);
  if (self->format != NULL) {
    self->state = jf_need(self->format->reader_size);
    jf_params params = {jf_scratch_text(options)};
    if (self->format->reader_open != NULL) self->format->reader_open(self->state, params, &self->input, &self->demand);
  }
  bindings_string_free(format);
  bindings_string_free(options);
  bool failed = jf_give_first_failure(err);
  if (failed) exports_jackfield_plugin_format_reader_destructor(self);
  else *ret = exports_jackfield_plugin_format_reader_new(self);
  jf_end();
  return !failed;
}

void exports_jackfield_plugin_format_reader_destructor(exports_jackfield_plugin_format_reader_t *self) {
  jf_begin();
  if (self->format != NULL && self->format->reader_close != NULL) self->format->reader_close(self->state);
  jackfield_plugin_streams_source_drop_own(self->input.own);
  for (size_t i = 0; i < self->demand.column_count; i++) free(self->columns[i]);
  free(self->columns);
  exports_jackfield_plugin_format_demand_free(&self->raw);
  free(self->state);
  free(self);
  jf_end();
}

bool exports_jackfield_plugin_format_method_reader_schema(exports_jackfield_plugin_format_borrow_reader_t self,
    exports_jackfield_plugin_format_schema_t *ret, exports_jackfield_plugin_format_failure_t *err) {
  jf_begin();
  jf_schema schema = {0};
  self->format->reader_schema(self->state, &self->input, &schema);
  memset(ret, 0, sizeof *ret);
  ret->fields.ptr = jf_need(schema.count * sizeof *ret->fields.ptr);
  ret->columns.ptr = jf_need(schema.count * sizeof *ret->columns.ptr);
  for (size_t i = 0; i < schema.count; i++) {
    jackfield_plugin_types_tree_t tree;
    if (!jf_give_tree(schema.types[i], schema.names[i], true, &tree)) break;
    ret->fields.ptr[ret->fields.len++] = tree.ptr[0];
    free(tree.ptr);
    ret->columns.ptr[ret->columns.len++] = (uint32_t)i;
  }
  bool failed = jf_give_first_failure(err);
  if (failed) exports_jackfield_plugin_format_schema_free(ret);
  jf_end();
  return !failed;
}

bool exports_jackfield_plugin_format_method_reader_next(exports_jackfield_plugin_format_borrow_reader_t self,
    exports_jackfield_plugin_format_next_t *ret, exports_jackfield_plugin_format_failure_t *err) {
  jf_begin();
  jf_chunk chunk = {0};
  bool more = self->format->reader_next(self->state, &self->input, &self->demand, &chunk);
  if (more && chunk.batch == NULL && !jf_failed()) jf_fail(JF_INTERNAL, "internal", "a chunk without rows: call jf_chunk_rows");
  bool failed = jf_give_first_failure(err);
  memset(ret, 0, sizeof *ret);
  if (more && !failed) {
    ret->tag = JACKFIELD_PLUGIN_FLOW_NEXT_CHUNK;
    ret->val.chunk.batch.__handle = jf_host_share_batch(chunk.batch);
    ret->val.chunk.first_row = chunk.first_row;
    ret->val.chunk.bad = chunk.bad;
  } else {
    ret->tag = JACKFIELD_PLUGIN_FLOW_NEXT_END;
    for (size_t i = 0; i < chunk.bad.len; i++) jackfield_plugin_flow_bad_row_free(&chunk.bad.ptr[i]);
    free(chunk.bad.ptr);
  }
  jf_end();
  return !failed;
}

bool exports_jackfield_plugin_format_constructor_writer(bindings_string_t *format, bindings_string_t *options,
    exports_jackfield_plugin_format_schema_t *schema, exports_jackfield_plugin_format_own_sink_t output,
    exports_jackfield_plugin_format_own_writer_t *ret, exports_jackfield_plugin_format_failure_t *err) {
  jf_begin();
  exports_jackfield_plugin_format_writer_t *self = jf_need(sizeof *self);
  self->output.own = output;
  self->format = format_named(format);
  if (self->format != NULL) {
    jf_schema columns = {0};
    for (size_t i = 0; i < schema->columns.len; i++) {
      const jackfield_plugin_types_field_t *field = &schema->fields.ptr[schema->columns.ptr[i]];
      jf_schema_add(&columns, jf_scratch_text(&field->name), jf_type_name(&field->data_type));
    }
    self->state = jf_need(self->format->writer_size);
    jf_params params = {jf_scratch_text(options)};
    if (self->format->writer_open != NULL) self->format->writer_open(self->state, params, &columns, &self->output);
  }
  bindings_string_free(format);
  bindings_string_free(options);
  exports_jackfield_plugin_format_schema_free(schema);
  bool failed = jf_give_first_failure(err);
  if (failed) exports_jackfield_plugin_format_writer_destructor(self);
  else *ret = exports_jackfield_plugin_format_writer_new(self);
  jf_end();
  return !failed;
}

void exports_jackfield_plugin_format_writer_destructor(exports_jackfield_plugin_format_writer_t *self) {
  jf_begin();
  if (self->format != NULL && self->format->writer_close != NULL) self->format->writer_close(self->state);
  jackfield_plugin_streams_sink_drop_own(self->output.own);
  free(self->state);
  free(self);
  jf_end();
}

bool exports_jackfield_plugin_format_method_writer_write(exports_jackfield_plugin_format_borrow_writer_t self,
    exports_jackfield_plugin_format_borrow_batch_t input, exports_jackfield_plugin_format_failure_t *err) {
  jf_begin();
  self->format->writer_write(self->state, &self->output, jf_new_batch(input.__handle, true));
  bool failed = jf_give_first_failure(err);
  jf_end();
  return !failed;
}

bool exports_jackfield_plugin_format_method_writer_flush(exports_jackfield_plugin_format_borrow_writer_t self,
    exports_jackfield_plugin_format_failure_t *err) {
  jf_begin();
  jf_flush(&self->output);
  bool failed = jf_give_first_failure(err);
  jf_end();
  return !failed;
}

bool exports_jackfield_plugin_format_method_writer_finish(exports_jackfield_plugin_format_borrow_writer_t self,
    exports_jackfield_plugin_format_failure_t *err) {
  jf_begin();
  if (!self->finished && self->format->writer_finish != NULL) self->format->writer_finish(self->state, &self->output);
  self->finished = true;
  if (!jf_failed()) jf_flush(&self->output);
  bool failed = jf_give_first_failure(err);
  jf_end();
  return !failed;
}
#endif
